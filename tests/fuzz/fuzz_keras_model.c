/* SPDX-License-Identifier: Apache-2.0 */
/* The second stage of reading HDF5 files: any bytes for an image (formats/hdf5_image.h) give a model or an error. */
#include "fuzz.h"

#include <string.h>

#include "base/error.h"
#include "formats/keras_image.h"
#include "ir/model.h"

/* Reading each value finds weights that don't lie within the image. */
static double sum_weights(const struct c2s_graph *graph)
{
    double sum = 0;
    for (size_t i = 0; i < graph->layer_count; i++) {
        const cnn2snn_layer *layer = graph->layers[i];
        if (layer->graph)
            sum += sum_weights(layer->graph);
        for (size_t k = 0; k < layer->weight_count; k++)
            for (uint64_t n = 0; n < layer->weights[k].tensor->count; n++)
                sum += c2s_tensor_get_double(layer->weights[k].tensor, n);
    }
    return sum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cnn2snn_context *context = fuzz_context(CNN2SNN_ISOLATION_NONE);
    cnn2snn_error *error = NULL;
    struct c2s_image *image = NULL;
    cnn2snn_model *model = NULL, *again = NULL;
    struct c2s_keras_read_settings settings = {.allow_unknown_layers = true};
    fuzz_require(!c2s_image_create(context, size, &image, NULL));
    if (size)
        memcpy(image->data, data, size);
    cnn2snn_status status = c2s_keras_image_read(image, &settings, &model, &error);
    fuzz_require((status == 0) == (error == NULL) && (status == 0) == (model != NULL));
    if (!status) {
        volatile double sum = sum_weights(model->graph);
        (void)sum;
        fuzz_require(!c2s_keras_image_read_weights(image, model, &again, NULL));
    }
    c2s_model_destroy(again);
    c2s_model_destroy(model);
    c2s_image_release(image);
    c2s_error_clear(&error);
    c2s_context_release(context);
    return 0;
}
