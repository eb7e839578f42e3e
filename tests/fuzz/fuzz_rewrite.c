/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rewrites of any architecture: the first byte chooses one, and the next what the weights are; JSON follows. What
 * comes out is a graph that can be written and rewritten again.
 */
#include "fuzz.h"

#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "formats/keras_config.h"
#include "layers/layer_kind.h"
#include "quantize/quantize.h"
#include "calibrate/calibrate.h"
#include "transform/mend.h"
#include "transform/transform.h"

static cnn2snn_status quantize(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct c2s_quantize_settings settings = {
        .weight_bits = 4, .activation_bits = 4, .input_weight_bits = 8, .fold_batchnorm = true};
    return c2s_graph_quantize(graph, &settings, out_graph, error);
}

static cnn2snn_status quantize_unfolded(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                        cnn2snn_error **error)
{
    struct c2s_quantize_settings settings = {.weight_bits = 2, .activation_bits = 1, .input_weight_bits = -1};
    return c2s_graph_quantize(graph, &settings, out_graph, error);
}

static cnn2snn_status quantize_one(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    return c2s_graph_quantize_layer(graph, graph->layer_count / 2, 4, NULL, NULL, out_graph, error);
}

static cnn2snn_status mend(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    cnn2snn_report *report = NULL;
    cnn2snn_status status = c2s_report_create(graph->context, &report, error);
    if (!status)
        status = c2s_mend_model(graph, report, out_graph, error);
    c2s_report_destroy(report);
    return status;
}

static cnn2snn_status reshape(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    return c2s_reshape_input(graph, 7, 9, out_graph, error);
}

/* As many samples as keep a run short. */
static cnn2snn_status make_samples(const struct c2s_graph *graph, cnn2snn_samples **out_samples,
                                   cnn2snn_error **error)
{
    const struct c2s_shape *shape = graph->input_count ? &graph->nodes[graph->inputs[0]].shapes[0] : NULL;
    int64_t extents[CNN2SNN_MAX_RANK + 1] = {2};
    cnn2snn_tensor *tensor = NULL;
    if (!shape || shape->rank >= CNN2SNN_MAX_RANK || c2s_shape_elements(shape) < 0 ||
        c2s_shape_elements(shape) > 1000)
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "", "no samples for that");
    memcpy(extents + 1, shape->extents, shape->rank * sizeof *extents);
    C2S_TRY(c2s_tensor_create_zeros(graph->context, CNN2SNN_DTYPE_FLOAT32, shape->rank + 1, extents, &tensor, error));
    cnn2snn_status status = c2s_samples_create(tensor, out_samples, error);
    c2s_tensor_release(tensor);
    return status;
}

static cnn2snn_status rescale(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    cnn2snn_samples *samples = NULL;
    C2S_TRY(make_samples(graph, &samples, error));
    cnn2snn_status status = c2s_activations_rescaling(graph, samples, 1, out_graph, error);
    c2s_samples_release(samples);
    return status;
}

static cnn2snn_status correct_biases(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                     cnn2snn_error **error)
{
    const cnn2snn_bias_correction_options options = CNN2SNN_BIAS_CORRECTION_OPTIONS_INIT;
    cnn2snn_samples *samples = NULL;
    C2S_TRY(make_samples(graph, &samples, error));
    cnn2snn_status status = c2s_bias_correction(graph, samples, &options, out_graph, error);
    c2s_samples_release(samples);
    return status;
}

static cnn2snn_status round_weights(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                    cnn2snn_error **error)
{
    const cnn2snn_optimizer optimizer = CNN2SNN_OPTIMIZER_INIT;
    const cnn2snn_loss loss = CNN2SNN_LOSS_INIT;
    cnn2snn_adaround_options options = CNN2SNN_ADAROUND_OPTIONS_INIT;
    cnn2snn_samples *samples = NULL;
    options.epochs = options.include_activation = 1;
    C2S_TRY(make_samples(graph, &samples, error));
    cnn2snn_status status = c2s_adaround(graph, samples, &options, &optimizer, &loss, out_graph, error);
    c2s_samples_release(samples);
    return status;
}

static cnn2snn_status (*const rewrites[])(const struct c2s_graph *, struct c2s_graph **,
                                          cnn2snn_error **) = {correct_biases,
                                                               round_weights,
                                                               quantize,
                                                               mend,
                                                               quantize_unfolded,
                                                               quantize_one,
                                                               reshape,
                                                               rescale,
                                                               c2s_sequentialize,
                                                               c2s_syncretize,
                                                               c2s_prepare_to_convert,
                                                               c2s_fold_batchnorm,
                                                               c2s_invert_batchnorm_pooling,
                                                               c2s_cross_layer_scaling,
                                                               c2s_normalize_separable_model};

enum { REWRITES = sizeof rewrites / sizeof *rewrites };

/* The graph is not shared yet. */
static void fill_weights(struct c2s_graph *graph, uint8_t seed)
{
    for (size_t i = 0; i < graph->layer_count; i++)
        for (size_t k = 0; k < graph->layers[i]->weight_count; k++) {
            cnn2snn_tensor *tensor = graph->layers[i]->weights[k].tensor;
            for (uint64_t n = 0; n < tensor->count && tensor->dtype == CNN2SNN_DTYPE_FLOAT32; n++)
                c2s_f32_writable(tensor)[n] = (float)((n * 7 + seed) % 13) / 4 - (float)(seed % 3);
        }
}

static void rewrite(struct c2s_graph *graph, unsigned first)
{
    for (unsigned step = 0; step < 2; step++) { /* the second rewrite takes what the first one gave */
        struct c2s_graph *result = NULL;
        cnn2snn_error *error = NULL;
        json_t *written = NULL;
        cnn2snn_status status = rewrites[(first + 5 * step) % REWRITES](graph, &result, &error);
        fuzz_require((status == 0) == (error == NULL) && (status == 0) == (result != NULL));
        c2s_error_clear(&error);
        c2s_graph_release(graph);
        graph = result;
        if (!graph)
            return;
        fuzz_require(!c2s_graph_verify(graph, NULL));
        fuzz_require(!c2s_keras_config_write(graph, &written, NULL));
        json_decref(written);
    }
    c2s_graph_release(graph);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    cnn2snn_context *context = fuzz_context(CNN2SNN_ISOLATION_NONE);
    json_t *document = NULL;
    struct c2s_graph *graph = NULL;
    struct c2s_keras_read_settings settings = {.allow_unknown_layers = true};
    cnn2snn_status status =
        c2s_json_parse(context, (const char *)data + 2, size - 2, "model_config", &document, NULL);
    if (!status)
        status = c2s_keras_config_read(context, document, &settings, &graph, NULL);
    if (!status)
        status = c2s_graph_build(graph, NULL);
    if (!status) {
        fill_weights(graph, data[1]);
        rewrite(graph, data[0]);
    } else {
        c2s_graph_release(graph);
    }
    json_decref(document);
    c2s_context_release(context);
    return 0;
}
