/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which kinds have which attributes, for those who ask any layer. */
#include "layers/attributes.h"

#include <strings.h>

#include "layers/layer_kind.h"

const struct c2s_conv_attributes *c2s_layer_conv(const cnn2snn_layer *layer)
{
    switch (layer->kind->float_kind) {
    case C2S_KIND_CONV2D:
    case C2S_KIND_SEPARABLE_CONV2D:
    case C2S_KIND_DEPTHWISE_CONV2D:
    case C2S_KIND_CONV2D_TRANSPOSE:
        return layer->attributes;
    default:
        return NULL;
    }
}

const struct c2s_dense_attributes *c2s_layer_dense(const cnn2snn_layer *layer)
{
    return layer->kind->float_kind == C2S_KIND_DENSE ? layer->attributes : NULL;
}

const cnn2snn_quantizer *c2s_layer_quantizer(const cnn2snn_layer *layer)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    const struct c2s_dense_attributes *dense = c2s_layer_dense(layer);
    return conv ? conv->quantizer : dense ? dense->quantizer : NULL;
}

const cnn2snn_quantizer *c2s_layer_depthwise_quantizer(const cnn2snn_layer *layer)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    return conv ? conv->quantizer_dw : NULL;
}

const struct c2s_quantized_activation_attributes *c2s_layer_quantized_activation(const cnn2snn_layer *layer)
{
    return c2s_layer_is(layer, C2S_FAMILY_QUANTIZED_ACTIVATION) ? layer->attributes : NULL;
}

bool c2s_layer_use_bias(const cnn2snn_layer *layer)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    const struct c2s_dense_attributes *dense = c2s_layer_dense(layer);
    return (conv && conv->use_bias) || (dense && dense->use_bias);
}

bool c2s_layer_is_channels_first(const cnn2snn_layer *layer)
{
    return !strcasecmp(c2s_json_get_string(layer->config, "data_format", ""), "channels_first");
}
