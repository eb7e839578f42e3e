/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which function an `activation` argument means. */
#include "layers/activation_config.h"

#include <math.h>
#include <string.h>

#include "base/error.h"

static const struct {
    const char *name;
    enum c2s_function function;
} functions[] = {
    {"linear", C2S_LINEAR},
    {"relu", C2S_RELU},
    {"relu6", C2S_RELU6},
    {"leaky_relu", C2S_LEAKY_RELU},
    {"sigmoid", C2S_SIGMOID},
    {"tanh", C2S_TANH},
    {"softmax", C2S_SOFTMAX},
    {"log_softmax", C2S_LOG_SOFTMAX},
    {"softplus", C2S_SOFTPLUS},
    {"softsign", C2S_SOFTSIGN},
    {"elu", C2S_ELU},
    {"celu", C2S_CELU},
    {"selu", C2S_SELU},
    {"swish", C2S_SWISH},
    {"silu", C2S_SWISH},
    {"gelu", C2S_GELU},
    {"exponential", C2S_EXPONENTIAL},
    {"mish", C2S_MISH},
    {"hard_silu", C2S_HARD_SILU},
    {"hard_swish", C2S_HARD_SILU},
    {"hard_tanh", C2S_HARD_TANH},
    {"tanh_shrink", C2S_TANH_SHRINK},
    {"hard_shrink", C2S_HARD_SHRINK},
    {"soft_shrink", C2S_SOFT_SHRINK},
    {"log_sigmoid", C2S_LOG_SIGMOID},
    {"squareplus", C2S_SQUAREPLUS},
    {"sparse_plus", C2S_SPARSE_PLUS},
    {"sparse_sigmoid", C2S_SPARSE_SIGMOID},
    {"glu", C2S_GLU},
    {"sparsemax", C2S_SPARSEMAX},
};

static struct c2s_activation_attributes plain(enum c2s_function function)
{
    return (struct c2s_activation_attributes){.function = function, .alpha = 1, .max_value = INFINITY};
}

/* A number that must not be negative. */
static double positive_number(struct c2s_config *config, const char *key, double otherwise)
{
    double number = c2s_config_number(config, key, otherwise);
    if (number < 0)
        c2s_config_wrong_value(config, key, c2s_config_value(config, key), "0 or more");
    return number;
}

struct c2s_activation_attributes c2s_config_relu(struct c2s_config *config)
{
    struct c2s_activation_attributes out = plain(C2S_CLIPPED_RELU);
    out.max_value = (float)positive_number(config, "max_value", INFINITY);
    out.alpha = (float)positive_number(config, "negative_slope", 0);
    out.threshold = (float)positive_number(config, "threshold", 0);
    return out;
}

struct c2s_activation_attributes c2s_config_leaky_relu(struct c2s_config *config)
{
    struct c2s_activation_attributes out = plain(C2S_LEAKY_RELU);
    const char *key = c2s_config_value(config, "negative_slope") ? "negative_slope" : "alpha";
    out.alpha = (float)c2s_config_number(config, key, 0.3);
    return out;
}

struct c2s_activation_attributes c2s_config_elu(struct c2s_config *config)
{
    struct c2s_activation_attributes out = plain(C2S_ELU);
    out.alpha = (float)c2s_config_number(config, "alpha", 1);
    return out;
}

struct c2s_activation_attributes c2s_config_thresholded_relu(struct c2s_config *config)
{
    struct c2s_activation_attributes out = plain(C2S_CLIPPED_RELU);
    out.alpha = 0;
    out.threshold = (float)c2s_config_number(config, "theta", 1);
    return out;
}

static struct c2s_activation_attributes softmax_of_last_axis(struct c2s_config *config)
{
    int64_t axes[CNN2SNN_MAX_RANK];
    size_t count;
    c2s_config_axes(config, "axis", -1, axes, &count);
    if (count != 1 || axes[0] != -1)
        c2s_config_wrong_value(config, "axis", c2s_config_value(config, "axis"), "-1 in an activation argument");
    return plain(C2S_SOFTMAX);
}

static bool by_name(const struct c2s_config *config, const char *name, struct c2s_activation_attributes *out)
{
    if (!strcmp(name, "hard_sigmoid")) {
        *out = plain(config->layer->keras_generation >= 3 ? C2S_HARD_SIGMOID_KERAS3 : C2S_HARD_SIGMOID_KERAS2);
        return true;
    }
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        if (strcmp(name, functions[i].name))
            continue;
        *out = plain(functions[i].function);
        if (functions[i].function == C2S_LEAKY_RELU)
            out->alpha = 0.2F; /* the function's, not the layer's 0.3 */
        return true;
    }
    return false;
}

/* A layer class, `config->object` being the layer's config. */
static bool by_class(struct c2s_config *config, const char *class_name, struct c2s_activation_attributes *out)
{
    const struct c2s_layer_kind *kind = c2s_layer_kind_find(class_name);
    switch (kind ? kind->id : C2S_KIND_OPAQUE) {
    case C2S_KIND_RELU:
        *out = c2s_config_relu(config);
        return true;
    case C2S_KIND_LEAKY_RELU:
        *out = c2s_config_leaky_relu(config);
        return true;
    case C2S_KIND_ELU:
        *out = c2s_config_elu(config);
        return true;
    case C2S_KIND_THRESHOLDED_RELU:
        *out = c2s_config_thresholded_relu(config);
        return true;
    case C2S_KIND_SOFTMAX:
        *out = softmax_of_last_axis(config);
        return true;
    default:
        return false;
    }
}

struct c2s_activation_attributes c2s_config_activation(struct c2s_config *config, const char *key)
{
    static const char expected[] = "the name of an activation, or a layer without weights that is one";
    struct c2s_activation_attributes out = plain(C2S_LINEAR);
    const json_t *value = c2s_config_value(config, key);
    struct c2s_config inner = *config;
    inner.object = c2s_json_get(value, "config");
    const char *name = json_string_value(value), *class_name = c2s_json_get_string(value, "class_name", "");
    if (!strcmp(class_name, "function"))
        name = json_string_value(inner.object);
    if (!value)
        return out;
    if (!name && !*class_name)
        c2s_config_wrong_type(config, key, value, expected);
    else if (name ? !by_name(config, name, &out) && !by_class(&inner, name, &out)
                  : !by_class(&inner, class_name, &out))
        c2s_config_wrong_value(config, key, value, expected);
    if (inner.status)
        config->status = inner.status;
    return out;
}

cnn2snn_status c2s_activation_shape(const cnn2snn_layer *layer, const struct c2s_activation_attributes *activation,
                                    struct c2s_shape *shape, cnn2snn_error **error)
{
    enum c2s_function function = activation->function;
    bool along_last =
        function == C2S_SOFTMAX || function == C2S_LOG_SOFTMAX || function == C2S_GLU || function == C2S_SPARSEMAX;
    if (!along_last || c2s_shape_is_unranked(shape))
        return CNN2SNN_OK;
    if (!shape->rank)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "activation along the last axis of values without axes");
    int64_t *last = &shape->extents[shape->rank - 1];
    if (function != C2S_GLU || *last < 0)
        return CNN2SNN_OK;
    if (*last % 2)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "glu on %lld channels, expected an even number", (long long)*last);
    *last /= 2;
    return CNN2SNN_OK;
}
