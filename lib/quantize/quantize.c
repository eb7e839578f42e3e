/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantizes models (spec/legacy.md d): folds batch normalization where asked to, then replaces layer by layer, in the
 * order of the model's layers, since the first layer with weights has bits of its own.
 */
#include "quantize/quantize.h"

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/report.h"
#include "layers/layer_kind.h"
#include "quantize/layer_rule.h"
#include "transform/rewrite.h"
#include "transform/transform.h"

static cnn2snn_status fold(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct c2s_graph *sequential = NULL, *inverted = NULL;
    cnn2snn_status status = CNN2SNN_OK;
    C2S_GOTO(c2s_sequentialize(graph, &sequential, error));
    if (!sequential->sequential) {
        status = c2s_advise(
            error,
            c2s_error(graph->context, error, CNN2SNN_E_NOT_SEQUENTIAL, "L-009",
                      "model %s has several branches, expected one line of layers to fold BatchNormalization "
                      "layers",
                      graph->name),
            "quantize without folding (fold_BN; --no-fold-BN), or use a model without branches");
        goto done;
    }
    C2S_GOTO(c2s_invert_batchnorm_pooling(sequential, &inverted, error));
    C2S_GOTO(c2s_fold_batchnorm(inverted, out_graph, error));
done:
    c2s_graph_release(inverted);
    c2s_graph_release(sequential);
    return status;
}

/* Layers with weights that stay float are not seen from outside: somebody who quantizes would like to know. */
static void tell_float_layer(const cnn2snn_layer *layer, const struct c2s_quantize_settings *settings)
{
    enum c2s_kind_id kind = c2s_layer_id(layer);
    if (settings->weight_bits &&
        (kind == C2S_KIND_MODEL || kind == C2S_KIND_DEPTHWISE_CONV2D || kind == C2S_KIND_CONV2D_TRANSPOSE))
        c2s_log(layer->context, CNN2SNN_LOG_WARNING, "%s: a %s is not quantized", layer->name, layer->class_name);
}

static cnn2snn_status quantize_layers(const struct c2s_graph *graph, const struct c2s_quantize_settings *settings,
                                      cnn2snn_layer **layers, cnn2snn_error **error)
{
    int32_t weight_bits = settings->input_weight_bits == -1 ? settings->weight_bits : settings->input_weight_bits;
    struct c2s_quantizer_count made = {0, 0};
    struct c2s_layer_rule rule = {0, settings->quantizer_function, settings->user_data, &made};
    for (size_t i = 0; i < graph->layer_count; i++) {
        const cnn2snn_layer *layer = graph->layers[i];
        C2S_TRY(c2s_progress(graph->context, "quantize", i, graph->layer_count, error));
        if (c2s_is_quantizable_activation(layer)) {
            rule.bitwidth = settings->activation_bits;
        } else if (c2s_is_quantizable_neural(layer)) {
            rule.bitwidth = weight_bits;
            weight_bits = settings->weight_bits;
        } else {
            tell_float_layer(layer, settings);
            continue;
        }
        C2S_TRY(c2s_layer_quantize(layer, &rule, &layers[i], error));
    }
    return c2s_progress(graph->context, "quantize", graph->layer_count, graph->layer_count, error);
}

static void release_layers(const struct c2s_graph *graph, cnn2snn_layer **layers)
{
    for (size_t i = 0; layers && i < graph->layer_count; i++)
        c2s_layer_release(layers[i]);
    c2s_free(graph->context, layers);
}

static cnn2snn_status quantize_graph(const struct c2s_graph *graph, const struct c2s_quantize_settings *settings,
                                     struct c2s_graph **out_graph, cnn2snn_error **error)
{
    cnn2snn_layer **layers = c2s_calloc(graph->context, graph->layer_count, sizeof(*layers));
    if (!layers)
        return c2s_error_no_memory(error);
    cnn2snn_status status = quantize_layers(graph, settings, layers, error);
    if (!status)
        status = c2s_graph_with_layers(graph, layers, out_graph, error);
    release_layers(graph, layers);
    return status;
}

cnn2snn_status c2s_graph_quantize(const struct c2s_graph *graph, const struct c2s_quantize_settings *settings,
                                  struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct c2s_graph *folded = NULL;
    if (!settings->fold_batchnorm)
        return quantize_graph(graph, settings, out_graph, error);
    C2S_TRY(fold(graph, &folded, error));
    cnn2snn_status status = quantize_graph(folded, settings, out_graph, error);
    c2s_graph_release(folded);
    return status;
}

cnn2snn_status c2s_graph_quantize_layer(const struct c2s_graph *graph, size_t layer, int32_t bitwidth,
                                        cnn2snn_quantizer_fn quantizer_function, void *user_data,
                                        struct c2s_graph **out_graph, cnn2snn_error **error)
{
    size_t index = layer + (graph->sequential ? 1 : 0); /* Keras doesn't count the InputLayer of a Sequential */
    struct c2s_quantizer_count made = {0, 0};
    struct c2s_layer_rule rule = {bitwidth, quantizer_function, user_data, &made};
    if (bitwidth <= 0)
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "L-029", "bitwidth %d, expected more than 0",
                         (int)bitwidth);
    if (index >= graph->layer_count)
        return c2s_error(graph->context, error, CNN2SNN_E_INDEX, "L-024", "layer %zu, expected less than %zu", layer,
                         graph->layer_count - (graph->sequential ? 1 : 0));
    cnn2snn_layer **layers = c2s_calloc(graph->context, graph->layer_count, sizeof(*layers));
    if (!layers)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_layer_quantize(graph->layers[index], &rule, &layers[index], error);
    if (!status)
        status = c2s_graph_with_layers(graph, layers, out_graph, error);
    release_layers(graph, layers);
    return status;
}
