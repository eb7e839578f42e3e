/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which of QuantizeML's kinds have which attributes, for those who ask any layer. */
#include "layers/quantizeml_attributes.h"

#include <string.h>

#include "base/error.h"
#include "layers/layer_kind.h"

static const char release_key[] = "quantizeml_release", first_release[] = "0.4";

const struct c2s_qml_conv_attributes *c2s_layer_qml_conv(const cnn2snn_layer *layer)
{
    switch (c2s_layer_id(layer)) {
    case C2S_KIND_QML_CONV2D:
    case C2S_KIND_QML_CONV2D_TRANSPOSE:
    case C2S_KIND_QML_DEPTHWISE_CONV2D:
    case C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE:
    case C2S_KIND_QML_SEPARABLE_CONV2D:
    case C2S_KIND_PADDED_CONV2D:
    case C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE:
        return layer->attributes;
    default:
        return NULL;
    }
}

const struct c2s_qml_dense_attributes *c2s_layer_qml_dense(const cnn2snn_layer *layer)
{
    enum c2s_kind_id id = c2s_layer_id(layer);
    bool is_dense =
        id == C2S_KIND_QML_DENSE || id == C2S_KIND_QML_STATEFUL_PROJECTION || id == C2S_KIND_STATEFUL_PROJECTION;
    return is_dense ? layer->attributes : NULL;
}

bool c2s_layer_is_qml_quantized(const cnn2snn_layer *layer)
{
    enum c2s_kind_id id = c2s_layer_id(layer);
    return id >= C2S_KIND_QML_INPUT_QUANTIZER && id <= C2S_KIND_QML_PICO_POST_PROCESSING;
}

const struct c2s_quant_config *c2s_layer_quant_config(const cnn2snn_layer *layer)
{
    const void *attributes = layer->attributes;
    switch (c2s_layer_id(layer)) {
    case C2S_KIND_QML_CONV2D:
    case C2S_KIND_QML_CONV2D_TRANSPOSE:
    case C2S_KIND_QML_DEPTHWISE_CONV2D:
    case C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE:
    case C2S_KIND_QML_SEPARABLE_CONV2D:
        return &((const struct c2s_qml_conv_attributes *)attributes)->quant;
    case C2S_KIND_QML_DENSE:
    case C2S_KIND_QML_STATEFUL_PROJECTION:
        return &((const struct c2s_qml_dense_attributes *)attributes)->quant;
    case C2S_KIND_QML_RELU:
        return &((const struct c2s_qml_relu_attributes *)attributes)->quant;
    case C2S_KIND_QML_ACTIVATION:
        return &((const struct c2s_qml_activation_attributes *)attributes)->quant;
    case C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D:
        return &((const struct c2s_qml_pool_attributes *)attributes)->quant;
    case C2S_KIND_QML_ADD:
        return &((const struct c2s_qml_merge_attributes *)attributes)->quant;
    case C2S_KIND_QML_BUFFER_TEMP_CONV:
    case C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV:
        return &((const struct c2s_qml_temporal_attributes *)attributes)->quant;
    case C2S_KIND_QML_STATEFUL_RECURRENT:
        return &((const struct c2s_qml_recurrent_attributes *)attributes)->quant;
    case C2S_KIND_QML_BATCH_NORMALIZATION:
        return &((const struct c2s_qml_batchnorm_attributes *)attributes)->quant;
    case C2S_KIND_QML_PICO_POST_PROCESSING:
        return &((const struct c2s_qml_pico_attributes *)attributes)->quant;
    default:
        return NULL;
    }
}

const struct c2s_output_quantizer *c2s_layer_output_quantizer(const cnn2snn_layer *layer)
{
    const struct c2s_quant_config *quant = c2s_layer_quant_config(layer);
    return quant && quant->output.present ? &quant->output : NULL;
}

const cnn2snn_tensor *c2s_layer_weight(const cnn2snn_layer *layer, const char *name)
{
    for (size_t i = 0; i < layer->weight_count; i++)
        if (!strcmp(layer->weights[i].name, name))
            return layer->weights[i].tensor;
    return NULL;
}

bool c2s_graph_is_of_first_release(const struct c2s_graph *graph)
{
    const char *release = json_string_value(json_object_get(graph->config_extras, release_key));
    return release && !strcmp(release, first_release);
}

cnn2snn_status c2s_graph_mark_first_release(struct c2s_graph *graph, cnn2snn_error **error)
{
    json_t *extras = graph->config_extras ? json_copy(graph->config_extras) : json_object();
    if (!extras || json_object_set_new(extras, release_key, json_string(first_release))) {
        json_decref(extras);
        return c2s_error_no_memory(error);
    }
    json_decref(graph->config_extras);
    graph->config_extras = extras;
    return CNN2SNN_OK;
}
