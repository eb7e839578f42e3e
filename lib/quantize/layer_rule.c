/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides what becomes of one layer: a float layer gets weight quantizers, a ReLU becomes a QuantizedReLU, a
 * quantized one keeps what it is but for its bits. The weights stay floats: quantized layers put them on their grid
 * as they run.
 */
#include "quantize/layer_rule.h"

#include <math.h>

#include "base/context.h"
#include "base/error.h"
#include "base/report.h"
#include "base/text.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "numeric/quantized_activation.h"
#include "quantize/layer_quantizers.h"
#include "transform/rewrite.h"

bool c2s_is_quantizable_activation(const cnn2snn_layer *layer)
{
    return c2s_layer_is(layer, C2S_FAMILY_ACTIVATION);
}

bool c2s_is_quantizable_neural(const cnn2snn_layer *layer)
{
    enum c2s_kind_id kind = layer->kind->float_kind;
    return kind == C2S_KIND_CONV2D || kind == C2S_KIND_SEPARABLE_CONV2D || kind == C2S_KIND_DENSE;
}

/* ------------------------------------------------------------------------------------------------ weights */

static const char *quantized_class(const cnn2snn_layer *layer)
{
    switch (layer->kind->float_kind) {
    case C2S_KIND_CONV2D:
        return "QuantizedConv2D";
    case C2S_KIND_SEPARABLE_CONV2D:
        return "QuantizedSeparableConv2D";
    default:
        return "QuantizedDense";
    }
}

static cnn2snn_status refuse_argument(const cnn2snn_layer *layer, const char *key, const char *expected,
                                      const char *remedy, cnn2snn_error **error)
{
    struct c2s_text found;
    const json_t *value = json_object_get(layer->config, key);
    if (json_is_object(value)) /* a layer as activation */
        value = json_object_get(value, "class_name");
    c2s_text_init(&found, layer->context);
    if (value)
        c2s_json_dump(&found, value, false);
    cnn2snn_status status =
        c2s_advise(error,
                   c2s_layer_error(layer->context, error, CNN2SNN_E_INCOMPATIBLE, "L-018", layer->name,
                                   "%s %s, expected %s: quantized layers have no other", key,
                                   found.failed || !found.data ? "of another value" : found.data, expected),
                   remedy);
    c2s_text_free(&found);
    return status;
}

/* Arguments that quantized layers don't have must be what they do without them. */
static cnn2snn_status check_arguments(const cnn2snn_layer *layer, cnn2snn_error **error)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    const struct c2s_dense_attributes *dense = c2s_layer_dense(layer);
    if (conv && conv->channels_first)
        return refuse_argument(layer, "data_format", "\"channels_last\"", "build the model with channels_last",
                               error);
    if ((conv && conv->activation.function != C2S_LINEAR) || (dense && dense->activation.function != C2S_LINEAR))
        return refuse_argument(layer, "activation", "\"linear\"", "put the activation in a layer of its own", error);
    if (c2s_layer_id(layer) == C2S_KIND_CONV2D && conv->groups != 1)
        return refuse_argument(layer, "groups", "1",
                               "split the layer into one for each group, or build it without groups", error);
    if (c2s_layer_id(layer) == C2S_KIND_SEPARABLE_CONV2D && conv->depth_multiplier != 1)
        return refuse_argument(layer, "depth_multiplier", "1", "build the layer with depth_multiplier 1", error);
    return CNN2SNN_OK;
}

static bool set_quantizer(json_t *config, const char *key, const cnn2snn_quantizer *quantizer, cnn2snn_error **error,
                          cnn2snn_status *status)
{
    json_t *identifier = NULL;
    json_object_del(config, key);
    if (!quantizer)
        return true;
    *status = c2s_quantizer_to_json(quantizer, &identifier, error);
    if (!*status && json_object_set_new(config, key, identifier))
        *status = c2s_error_no_memory(error);
    return !*status;
}

/* The float layer's config without what quantized layers don't have, and the quantizers at its end. */
static cnn2snn_status make_config(const cnn2snn_layer *layer, const struct c2s_layer_quantizers *quantizers,
                                  json_t **out_config, cnn2snn_error **error)
{
    json_t *config = json_copy(layer->config);
    if (!config)
        return c2s_error_no_memory(error);
    if (!c2s_layer_is(layer, C2S_FAMILY_QUANTIZED)) {
        json_object_del(config, "data_format");
        json_object_del(config, "activation");
        /* Keras writes "groups" for separable layers too, and so does the reference. */
        json_object_del(config, c2s_layer_id(layer) == C2S_KIND_SEPARABLE_CONV2D ? "depth_multiplier" : "groups");
    }
    cnn2snn_status status = CNN2SNN_OK;
    if (set_quantizer(config, "quantizer_dw", quantizers->depthwise, error, &status) &&
        set_quantizer(config, "quantizer", quantizers->kernel, error, &status)) {
        *out_config = config;
        return CNN2SNN_OK;
    }
    json_decref(config);
    return status;
}

/* What the file says of a class beside its config (module, build_config) isn't true for another class. */
static void drop_extras(cnn2snn_layer *layer)
{
    json_decref(layer->extras);
    layer->extras = NULL;
}

static cnn2snn_status make_neural(const cnn2snn_layer *layer, const struct c2s_layer_quantizers *quantizers,
                                  cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    json_t *config = NULL;
    bool is_new = !c2s_layer_is(layer, C2S_FAMILY_QUANTIZED);
    const cnn2snn_quantizer *used[2] = {quantizers->kernel, quantizers->depthwise};
    C2S_TRY(make_config(layer, quantizers, &config, error));
    cnn2snn_status status =
        c2s_layer_remake(layer, is_new ? quantized_class(layer) : NULL, config, 2, used, out_layer, error);
    json_decref(config);
    if (!status && is_new)
        drop_extras(*out_layer);
    return status;
}

static cnn2snn_status quantize_neural(const cnn2snn_layer *layer, const struct c2s_layer_rule *rule,
                                      cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    bool quantized = c2s_layer_is(layer, C2S_FAMILY_QUANTIZED);
    if (!rule->bitwidth && quantized)
        return c2s_advise(error,
                          c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "L-017", layer->name,
                                          "bitwidth 0 for a quantized layer, expected more than 1"),
                          "quantize the float model, or keep 2 bits or more");
    if (!rule->bitwidth) {
        *out_layer = c2s_layer_retain(layer);
        return CNN2SNN_OK;
    }
    struct c2s_layer_quantizers quantizers;
    if (!quantized)
        C2S_TRY(check_arguments(layer, error));
    C2S_TRY(c2s_layer_check_finite(layer, error));
    C2S_TRY(c2s_layer_quantizers_choose(layer, rule, &quantizers, error));
    cnn2snn_status status = make_neural(layer, &quantizers, out_layer, error);
    c2s_layer_quantizers_release(&quantizers);
    return status;
}

/* ------------------------------------------------------------------------------------------------ activations */

/* "QuantizedReLU" of the same name. */
static cnn2snn_status make_quantized_relu(const cnn2snn_layer *layer, int32_t bitwidth, float max_value,
                                          cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    json_t *config = json_pack("{s:s, s:b, s:s, s:i, s:o}", "name", layer->name, "trainable", 1, "dtype", "float32",
                               "bitwidth", (int)bitwidth, "max_value", c2s_json_number(max_value));
    if (!config)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_layer_remake(layer, "QuantizedReLU", config, 0, NULL, out_layer, error);
    json_decref(config);
    if (!status) {
        drop_extras(*out_layer);
        (*out_layer)->trainable = true;
    }
    return status;
}

static cnn2snn_status quantize_relu(const cnn2snn_layer *layer, int32_t bitwidth, cnn2snn_layer **out_layer,
                                    cnn2snn_error **error)
{
    const struct c2s_relu_attributes *relu = layer->attributes;
    if (relu->threshold != 0) {
        c2s_log(layer->context, CNN2SNN_LOG_WARNING, "%s: not quantized because of its threshold, %g", layer->name,
                (double)relu->threshold);
        *out_layer = c2s_layer_retain(layer);
        return CNN2SNN_OK;
    }
    if (relu->negative_slope != 0)
        c2s_log(layer->context, CNN2SNN_LOG_WARNING, "%s: its negative_slope, %g, is lost by quantization",
                layer->name, (double)relu->negative_slope);
    float max_value = isinf(relu->max_value) ? c2s_activation_levels(bitwidth) : relu->max_value;
    return make_quantized_relu(layer, bitwidth, max_value, out_layer, error);
}

/* The same class with other bits; the largest value stays, where the class has one. */
static cnn2snn_status with_bitwidth(const cnn2snn_layer *layer, int32_t bitwidth, cnn2snn_layer **out_layer,
                                    cnn2snn_error **error)
{
    const struct c2s_quantized_activation_attributes *attributes = layer->attributes;
    json_t *config = json_copy(layer->config);
    bool ok = config && !json_object_set_new(config, "bitwidth", json_integer(bitwidth));
    if (ok && c2s_layer_id(layer) == C2S_KIND_QUANTIZED_RELU)
        ok = !json_object_set_new(config, "max_value", c2s_json_number(attributes->max_value));
    cnn2snn_status status =
        ok ? c2s_layer_remake(layer, NULL, config, 0, NULL, out_layer, error) : c2s_error_no_memory(error);
    json_decref(config);
    return status;
}

static cnn2snn_status quantize_activation(const cnn2snn_layer *layer, const struct c2s_layer_rule *rule,
                                          cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    int32_t bitwidth = rule->bitwidth;
    bool is_relu = c2s_layer_id(layer) == C2S_KIND_RELU;
    if (bitwidth < 0 || (!bitwidth && !is_relu))
        return c2s_advise(error,
                          c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "L-017", layer->name,
                                          "bitwidth %d for %s activation, expected more than 0", (int)bitwidth,
                                          is_relu ? "an" : "a quantized"),
                          is_relu ? "give 1 bit or more, or 0 to leave it float"
                                  : "give 1 bit or more, or quantize the float model");
    if (!bitwidth) {
        *out_layer = c2s_layer_retain(layer);
        return CNN2SNN_OK;
    }
    if (isinf(c2s_activation_levels(bitwidth)))
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "L-005", layer->name,
                               "bitwidth %d, expected at most 127", (int)bitwidth);
    if (is_relu)
        return quantize_relu(layer, bitwidth, out_layer, error);
    if (c2s_layer_id(layer) != C2S_KIND_ACTIVATION_DISCRETE_RELU)
        return with_bitwidth(layer, bitwidth, out_layer, error);
    const struct c2s_quantized_activation_attributes *discrete = layer->attributes;
    return make_quantized_relu(layer, bitwidth, discrete->max_value, out_layer, error);
}

cnn2snn_status c2s_layer_quantize(const cnn2snn_layer *layer, const struct c2s_layer_rule *rule,
                                  cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    if (c2s_is_quantizable_activation(layer))
        return quantize_activation(layer, rule, out_layer, error);
    if (c2s_is_quantizable_neural(layer))
        return quantize_neural(layer, rule, out_layer, error);
    *out_layer = c2s_layer_retain(layer);
    return CNN2SNN_OK;
}
