/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/model.h on single layers. */
#include <math.h>
#include <string.h>

#include "api/edge.h"
#include "base/json.h"
#include "base/text.h"
#include "cnn2snn/model.h"
#include "evaluate/evaluate.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "numeric/quantized_activation.h"
#include "numeric/weight_quantizer.h"

static cnn2snn_status create(cnn2snn_context *context, const char *class_name, const json_t *config,
                             const cnn2snn_custom_objects *custom, cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    if (!json_is_object(config))
        return c2s_error(context, error, CNN2SNN_E_TYPE, "A-config", "the config of a layer is no JSON object");
    const struct c2s_layer_source source = {.custom = custom, .constructed = true, .keras_generation = 2};
    return c2s_layer_create(context, class_name, config, &source, out_layer, error);
}

cnn2snn_status cnn2snn_layer_create(cnn2snn_context *context, const char *class_name, const char *config,
                                    const cnn2snn_custom_objects *custom, cnn2snn_layer **out_layer,
                                    cnn2snn_error **error)
{
    C2S_OUT(error, out_layer);
    C2S_NEED(error, context);
    C2S_NEED(error, class_name);
    json_t *arguments = NULL;
    const char *text = config ? config : "{}";
    cnn2snn_status status = c2s_json_parse(context, text, strlen(text), "config", &arguments, error);
    if (!status)
        status = create(context, class_name, arguments, custom, out_layer, error);
    json_decref(arguments);
    C2S_RETURN(context, status, out_layer, error);
}

void cnn2snn_layer_destroy(cnn2snn_layer *layer)
{
    c2s_layer_release(layer);
}

/* ------------------------------------------------------------------------------------------------ getters */

const char *cnn2snn_layer_get_name(const cnn2snn_layer *layer)
{
    return layer ? layer->name : NULL;
}

const char *cnn2snn_layer_get_class_name(const cnn2snn_layer *layer)
{
    return layer ? layer->class_name : NULL;
}

cnn2snn_status cnn2snn_layer_get_config(const cnn2snn_layer *layer, cnn2snn_buffer **out_json, cnn2snn_error **error)
{
    C2S_OUT(error, out_json);
    C2S_NEED(error, layer);
    json_t *config = NULL;
    cnn2snn_status status = c2s_layer_get_config(layer, &config, error);
    if (!status) {
        struct c2s_text text;
        c2s_text_init(&text, layer->context);
        c2s_json_dump(&text, config, false);
        status = c2s_text_to_buffer(&text, out_json, error);
    }
    json_decref(config);
    C2S_RETURN(layer->context, status, out_json, error);
}

size_t cnn2snn_layer_get_weight_count(const cnn2snn_layer *layer)
{
    return layer ? layer->weight_count : 0;
}

const char *cnn2snn_layer_get_weight_name(const cnn2snn_layer *layer, size_t index)
{
    return layer && index < layer->weight_count ? layer->weights[index].name : NULL;
}

const cnn2snn_tensor *cnn2snn_layer_get_weight(const cnn2snn_layer *layer, size_t index)
{
    return layer && index < layer->weight_count ? layer->weights[index].tensor : NULL;
}

const cnn2snn_quantizer *cnn2snn_layer_get_quantizer(const cnn2snn_layer *layer)
{
    return layer ? c2s_layer_quantizer(layer) : NULL;
}

const cnn2snn_quantizer *cnn2snn_layer_get_depthwise_quantizer(const cnn2snn_layer *layer)
{
    return layer ? c2s_layer_depthwise_quantizer(layer) : NULL;
}

static const struct c2s_quantized_activation_attributes *activation_of(const cnn2snn_layer *layer)
{
    return layer ? c2s_layer_quantized_activation(layer) : NULL;
}

int32_t cnn2snn_layer_get_bitwidth(const cnn2snn_layer *layer)
{
    const struct c2s_quantized_activation_attributes *activation = activation_of(layer);
    if (activation)
        return activation->bitwidth;
    const cnn2snn_quantizer *quantizer = cnn2snn_layer_get_quantizer(layer);
    return quantizer ? quantizer->bitwidth : 0;
}

float cnn2snn_layer_get_step(const cnn2snn_layer *layer)
{
    const struct c2s_quantized_activation_attributes *activation = activation_of(layer);
    return activation ? activation->step : NAN;
}

float cnn2snn_layer_get_threshold(const cnn2snn_layer *layer)
{
    const struct c2s_quantized_activation_attributes *activation = activation_of(layer);
    return activation ? activation->step * 0.5f : NAN;
}

float cnn2snn_layer_get_max_value(const cnn2snn_layer *layer)
{
    if (layer && c2s_layer_id(layer) == C2S_KIND_QUANTIZED_RELU)
        return activation_of(layer)->max_value;
    if (layer && c2s_layer_id(layer) == C2S_KIND_RELU)
        return ((const struct c2s_relu_attributes *)layer->attributes)->max_value;
    return NAN;
}

/* ------------------------------------------------------------------------------------------------ weights */

cnn2snn_status cnn2snn_layer_build(cnn2snn_layer *layer, size_t rank, const int64_t *input_shape,
                                   cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, layer);
    struct c2s_shape shape;
    C2S_TRY(c2s_edge_shape(layer->context, rank, input_shape, &shape, error));
    return c2s_edge_end(layer->context, c2s_layer_build(layer, 1, &shape, error), error);
}

static cnn2snn_status check_weight(const cnn2snn_layer *layer, size_t index, const cnn2snn_tensor *value,
                                   cnn2snn_error **error)
{
    if (index >= layer->weight_count)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_INDEX, "A-index", layer->name,
                               "weight index %zu, the layer has %zu weights", index, layer->weight_count);
    const struct c2s_weight *weight = &layer->weights[index];
    if (!weight->tensor || c2s_tensor_same_shape(weight->tensor, value))
        return CNN2SNN_OK;
    char found[C2S_SHAPE_TEXT], expected[C2S_SHAPE_TEXT];
    return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "A-weight", layer->name,
                           "weight %s has shape %s, expected %s", weight->name,
                           c2s_shape_print(value->rank, value->shape, found, sizeof found),
                           c2s_shape_print(weight->tensor->rank, weight->tensor->shape, expected, sizeof expected));
}

cnn2snn_status cnn2snn_layer_set_weight(cnn2snn_layer *layer, size_t index, const cnn2snn_tensor *value,
                                        cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, layer);
    C2S_NEED(error, value);
    C2S_TRY(check_weight(layer, index, value, error));
    cnn2snn_tensor *floats = NULL;
    cnn2snn_status status = c2s_tensor_convert(value, CNN2SNN_DTYPE_FLOAT32, &floats, error);
    if (!status) {
        c2s_tensor_release(layer->weights[index].tensor);
        layer->weights[index].tensor = floats;
    }
    return c2s_edge_end(layer->context, status, error);
}

/* ------------------------------------------------------------------------------------------------ calls */

cnn2snn_status cnn2snn_layer_call(const cnn2snn_layer *layer, size_t input_count, const cnn2snn_tensor *const *inputs,
                                  cnn2snn_tensor **out_output, cnn2snn_error **error)
{
    C2S_OUT(error, out_output);
    C2S_NEED(error, layer);
    if (input_count)
        C2S_NEED(error, inputs);
    for (size_t i = 0; i < input_count; i++)
        C2S_NEED(error, inputs[i]);
    C2S_RETURN(layer->context, c2s_layer_call(layer, input_count, inputs, out_output, error), out_output, error);
}

cnn2snn_status cnn2snn_layer_quantized_activation(const cnn2snn_layer *layer, const cnn2snn_tensor *values,
                                                  cnn2snn_tensor **out_values, cnn2snn_error **error)
{
    C2S_OUT(error, out_values);
    C2S_NEED(error, layer);
    C2S_NEED(error, values);
    const struct c2s_quantized_activation_attributes *activation = activation_of(layer);
    if (!activation)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_TYPE, "A-kind", layer->name,
                               "a %s is no quantized activation", layer->class_name);
    cnn2snn_tensor *floats = NULL, *result = NULL;
    cnn2snn_status status = c2s_tensor_convert(values, CNN2SNN_DTYPE_FLOAT32, &floats, error);
    if (!status)
        status =
            c2s_tensor_create(layer->context, CNN2SNN_DTYPE_FLOAT32, floats->rank, floats->shape, &result, error);
    if (!status) {
        c2s_quantized_activation_apply(c2s_f32(floats), c2s_f32_writable(result), floats->count, activation->step,
                                       activation->bitwidth);
        *out_values = result;
    }
    c2s_tensor_release(floats);
    C2S_RETURN(layer->context, status, out_values, error);
}
