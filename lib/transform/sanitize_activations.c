/* SPDX-License-Identifier: Apache-2.0 */
/* Sanitizing: activations become layers of their own, of the classes that are quantized, and go behind max pooling.
 */
#include "transform/sanitize_step.h"

#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "transform/rewrite.h"

/* ------------------------------------------------------------------------------------------------ splitting */

static const struct c2s_activation_attributes *activation_of(const cnn2snn_layer *layer)
{
    const struct c2s_conv_attributes *conv = c2s_sanitize_conv(layer);
    const struct c2s_dense_attributes *dense = c2s_layer_dense(layer);
    if (conv)
        return &conv->activation;
    return dense && c2s_layer_id(layer) == C2S_KIND_DENSE ? &dense->activation : NULL;
}

/* The name of a function as Keras has it; NULL for layers in place of a function, which have none. */
static const char *function_name(const json_t *activation)
{
    if (json_is_object(activation) && !strcmp(c2s_json_get_string(activation, "class_name", ""), "function"))
        activation = json_object_get(activation, "config");
    return json_string_value(activation);
}

static cnn2snn_status make_activation(const cnn2snn_layer *layer, const char *function, cnn2snn_layer **out_layer,
                                      cnn2snn_error **error)
{
    const struct c2s_layer_source source = {.keras_generation = layer->keras_generation};
    struct c2s_text name;
    c2s_text_init(&name, layer->context);
    c2s_text_format(&name, "%s_activ", layer->name);
    json_t *config = name.failed ? NULL
                                 : json_pack("{s:s, s:b, s:s, s:s}", "name", name.data, "trainable", 1, "dtype",
                                             "float32", "activation", function);
    c2s_text_free(&name);
    if (!config)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_layer_create(layer->context, "Activation", config, &source, out_layer, error);
    json_decref(config);
    return status;
}

static cnn2snn_status split(struct c2s_sanitizer *s, size_t at, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, at);
    const char *function = function_name(json_object_get(layer->config, "activation"));
    cnn2snn_layer *activation = NULL, *linear = NULL;
    if (!function)
        return c2s_layer_error(s->context, error, CNN2SNN_E_VALUE, "P-005", layer->name,
                               "its activation is a layer, expected the name of a function");
    C2S_TRY(make_activation(layer, function, &activation, error));
    cnn2snn_status status = c2s_sanitize_with_member(layer, "activation", json_string("linear"), &linear, error);
    if (status) {
        c2s_layer_release(activation);
        return status;
    }
    c2s_sanitize_replace_take(s, at, linear);
    return c2s_sanitize_insert_take(s, at, activation, error);
}

cnn2snn_status c2s_split_activations(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++) {
        const struct c2s_activation_attributes *activation = activation_of(c2s_sanitize_layer(s, i));
        if (activation && activation->function != C2S_LINEAR)
            C2S_TRY(split(s, i, error));
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ replacing */

/* A QuantizeML Activation in place of a layer; alpha counts for leaky_relu only. */
static cnn2snn_status use_activation(struct c2s_sanitizer *s, size_t at, const char *function, double alpha,
                                     cnn2snn_error **error)
{
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, at);
    cnn2snn_layer *made = NULL;
    if (!isfinite(alpha))
        return c2s_layer_error(s->context, error, CNN2SNN_E_VALUE, "P-007", layer->name,
                               "alpha %g, expected a finite number", alpha);
    json_t *config = json_pack("{s:s, s:b, s:s, s:s, s:f}", "name", layer->name, "trainable", layer->trainable,
                               "dtype", "float32", "activation", function, "alpha", alpha);
    C2S_TRY(c2s_sanitize_remake_take(layer, "Custom>Activation", config, &made, error));
    c2s_sanitize_replace_take(s, at, made);
    return CNN2SNN_OK;
}

/* `max_value` (taken) of NULL: no memory. */
static cnn2snn_status use_relu(struct c2s_sanitizer *s, size_t at, json_t *max_value, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, at);
    cnn2snn_layer *made = NULL;
    json_t *config = json_pack("{s:s, s:b, s:s, s:o, s:f, s:f}", "name", layer->name, "trainable", layer->trainable,
                               "dtype", "float32", "max_value", max_value, "negative_slope", 0.0, "threshold", 0.0);
    C2S_TRY(c2s_sanitize_remake_take(layer, "ReLU", config, &made, error));
    c2s_sanitize_replace_take(s, at, made);
    return CNN2SNN_OK;
}

static cnn2snn_status use_add(struct c2s_sanitizer *s, size_t at, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, at);
    cnn2snn_layer *made = NULL;
    json_t *config =
        json_pack("{s:s, s:b, s:s}", "name", layer->name, "trainable", layer->trainable, "dtype", "float32");
    C2S_TRY(c2s_sanitize_remake_take(layer, "Add", config, &made, error));
    c2s_sanitize_replace_take(s, at, made);
    return CNN2SNN_OK;
}

static const double default_alpha = 0.2;

/* An operation of TensorFlow on outputs of layers, which Keras wraps in a layer of its own. */
static cnn2snn_status replace_operation(struct c2s_sanitizer *s, size_t at, cnn2snn_error **error)
{
    static const char *const activations[][2] = {
        {"nn.silu", "swish"}, {"nn.gelu", "gelu"}, {"nn.leaky_relu", "leaky_relu"}};
    const char *function = c2s_json_get_string(c2s_sanitize_layer(s, at)->config, "function", "");
    size_t inputs = s->graph->nodes[at].input_count;
    if (inputs == 2 && (!strcmp(function, "math.add") || !strcmp(function, "__operators__.add")))
        return use_add(s, at, error);
    if (inputs != 1)
        return CNN2SNN_OK;
    if (!strcmp(function, "nn.relu"))
        return use_relu(s, at, json_null(), error);
    if (!strcmp(function, "nn.relu6"))
        return use_relu(s, at, json_real(6), error);
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++)
        if (!strcmp(function, activations[i][0]))
            return use_activation(s, at, activations[i][1], default_alpha, error);
    return CNN2SNN_OK;
}

static bool is_operation(const cnn2snn_layer *layer)
{
    return c2s_layer_id(layer) == C2S_KIND_OPAQUE && !strcmp(layer->class_name, "TFOpLambda");
}

static cnn2snn_status replace_activation(struct c2s_sanitizer *s, size_t at, cnn2snn_error **error)
{
    static const struct {
        enum c2s_function function;
        const char *name;
    } quantizable[] = {
        {C2S_GELU, "gelu"}, {C2S_SWISH, "swish"}, {C2S_HARD_SILU, "hard_silu"}, {C2S_LEAKY_RELU, "leaky_relu"}};
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, at);
    if (!function_name(json_object_get(layer->config, "activation")))
        return CNN2SNN_OK;
    enum c2s_function function = ((const struct c2s_activation_attributes *)layer->attributes)->function;
    if (function == C2S_RELU)
        return use_relu(s, at, json_null(), error);
    for (size_t i = 0; i < sizeof quantizable / sizeof *quantizable; i++)
        if (function == quantizable[i].function)
            return use_activation(s, at, quantizable[i].name, default_alpha, error);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_replace_activations(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++) {
        const cnn2snn_layer *layer = c2s_sanitize_layer(s, i);
        if (is_operation(layer))
            C2S_TRY(replace_operation(s, i, error));
        else if (c2s_layer_id(layer) == C2S_KIND_ACTIVATION)
            C2S_TRY(replace_activation(s, i, error));
    }
    return CNN2SNN_OK;
}

/* Have all channels of a PReLU the same slope? */
static bool has_one_slope(const cnn2snn_layer *layer, double *slope)
{
    const cnn2snn_tensor *alpha = layer->weight_count ? layer->weights[0].tensor : NULL;
    if (!layer->built || !alpha || !alpha->count)
        return false;
    const float *values = c2s_f32(alpha);
    for (uint64_t i = 0; i < alpha->count; i++)
        if (!(values[i] == values[0]))
            return false;
    *slope = (double)values[0];
    return true;
}

cnn2snn_status c2s_replace_leaky_activations(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++) {
        const cnn2snn_layer *layer = c2s_sanitize_layer(s, i);
        double slope = 0;
        if (c2s_layer_id(layer) == C2S_KIND_LEAKY_RELU)
            slope = (double)((const struct c2s_activation_attributes *)layer->attributes)->alpha;
        else if (c2s_layer_id(layer) != C2S_KIND_PRELU || !has_one_slope(layer, &slope))
            continue;
        C2S_TRY(use_activation(s, i, "leaky_relu", slope, error));
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ pooling first */

static bool goes_behind_pooling(const cnn2snn_layer *layer)
{
    if (c2s_layer_id(layer) == C2S_KIND_RELU)
        return true;
    return c2s_layer_id(layer) == C2S_KIND_QML_FLOAT_ACTIVATION &&
           ((const struct c2s_qml_activation_attributes *)layer->attributes)->function == C2S_LEAKY_RELU;
}

cnn2snn_status c2s_invert_activation_pooling(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    (void)error;
    for (size_t i = 0; i < s->graph->layer_count; i++) {
        ptrdiff_t before = c2s_sanitize_only_input(s, i);
        if (c2s_sanitize_kind(s, i) == C2S_KIND_MAX_POOLING2D && before >= 0 &&
            goes_behind_pooling(c2s_sanitize_layer(s, (size_t)before)) &&
            c2s_sanitize_only_user(s, (size_t)before) >= 0)
            c2s_sanitize_swap(s, (size_t)before, i);
    }
    return CNN2SNN_OK;
}
