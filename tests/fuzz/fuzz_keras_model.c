/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The second stage of reading HDF5 files: any bytes for an image (formats/hdf5_image.h) give a model or an error,
 * and the same for weights alone; a model of QuantizeML gives integers or an error, any model a summary, and small
 * ones an answer whether they suit Akida.
 */
#include "fuzz_check.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "derive/derive.h"
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

/* A model to put the image's weights into, whatever model it has itself. */
static cnn2snn_model *fixed_model(cnn2snn_context *context)
{
    static const char config[] =
        "{\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", "
        "\"units\": "
        "2, \"batch_input_shape\": [null, 3]}}, {\"class_name\": \"Sequential\", \"config\": [{\"class_name\": "
        "\"Mine\", "
        "\"config\": {\"name\": \"m\"}}]}, {\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"Dense\", "
        "\"config\": {\"name\": \"e\", \"units\": 1, \"trainable\": false, \"batch_input_shape\": [null, 2]}}]}]}";
    struct c2s_keras_read_settings settings = {.allow_unknown_layers = true};
    json_t *document = NULL;
    struct c2s_graph *graph = NULL;
    cnn2snn_model *model = NULL;
    fuzz_require(!c2s_json_parse(context, config, sizeof config - 1, "config", &document, NULL));
    fuzz_require(!c2s_keras_config_read(context, document, &settings, &graph, NULL));
    fuzz_require(!c2s_model_create(context, graph, &model, NULL));
    c2s_graph_release(graph);
    json_decref(document);
    return model;
}

/* Layers of QuantizeML have integers, or a reason why not. */
static void derive(const struct c2s_graph *graph)
{
    struct c2s_derivation *derivation = NULL;
    cnn2snn_error *error = NULL;
    if (!c2s_graph_is_quantizeml(graph))
        return;
    cnn2snn_status status = c2s_derive(graph, &derivation, &error);
    fuzz_require((status == 0) == (error == NULL) && (status == 0) == (derivation != NULL));
    c2s_error_clear(&error);
    c2s_derivation_destroy(derivation);
}

/* The summary reads all of the state of training. */
static void summarize(const cnn2snn_model *model)
{
    cnn2snn_training *training = NULL;
    cnn2snn_buffer *summary = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = cnn2snn_model_get_training(model, &training, &error);
    fuzz_require((status == 0) == (error == NULL) && (status == 0) == (training != NULL));
    c2s_error_clear(&error);
    cnn2snn_training_destroy(training);
    for (int32_t json = 0; json < 2; json++) {
        fuzz_require(!cnn2snn_model_summary(model, json, &summary, NULL));
        cnn2snn_buffer_destroy(summary);
    }
}

static void read_weights(struct c2s_image *image)
{
    cnn2snn_model *model = fixed_model(image->context), *filled = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_keras_image_read_weights(image, model, &filled, &error);
    fuzz_require((status == 0) == (error == NULL) && (status == 0) == (filled != NULL));
    c2s_error_clear(&error);
    c2s_model_destroy(filled);
    c2s_model_destroy(model);
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
        derive(model->graph);
        summarize(model);
        fuzz_check_compatibility(model->graph, (uint8_t)size);
    }
    read_weights(image);
    c2s_model_destroy(again);
    c2s_model_destroy(model);
    c2s_image_release(image);
    c2s_error_clear(&error);
    c2s_context_release(context);
    return 0;
}
