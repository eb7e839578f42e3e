/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what layers are that compute a function of each value, float or quantized. */
#include <math.h>

#include "base/context.h"
#include "base/error.h"
#include "layers/activation_config.h"
#include "layers/custom_layers.h"
#include "layers/layer_families.h"
#include "layers/shape_rules.h"
#include "numeric/quantized_activation.h"

/* 2^127 is the largest number of levels that float32 holds. */
enum { MAX_ACTIVATION_BITS = 127 };

static cnn2snn_status same_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                 struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)layer;
    (void)count;
    (void)error;
    *out_shape = inputs[0];
    return CNN2SNN_OK;
}

static cnn2snn_status activation_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                       cnn2snn_error **error)
{
    struct c2s_config config = c2s_config_open(layer, source, error);
    if (!c2s_config_value(&config, "activation") && !json_object_get(config.object, "activation"))
        c2s_config_missing(&config, "activation");
    *(struct c2s_activation_attributes *)layer->attributes = c2s_config_activation(&config, "activation");
    return config.status;
}

static cnn2snn_status relu_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_relu_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    struct c2s_activation_attributes function = c2s_config_relu(&config);
    attributes->max_value = function.max_value;
    attributes->negative_slope = function.alpha;
    attributes->threshold = function.threshold;
    return config.status;
}

static cnn2snn_status leaky_relu_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                       cnn2snn_error **error)
{
    struct c2s_config config = c2s_config_open(layer, source, error);
    *(struct c2s_activation_attributes *)layer->attributes = c2s_config_leaky_relu(&config);
    return config.status;
}

static cnn2snn_status elu_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_config config = c2s_config_open(layer, source, error);
    *(struct c2s_activation_attributes *)layer->attributes = c2s_config_elu(&config);
    return config.status;
}

static cnn2snn_status thresholded_relu_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                             cnn2snn_error **error)
{
    struct c2s_config config = c2s_config_open(layer, source, error);
    *(struct c2s_activation_attributes *)layer->attributes = c2s_config_thresholded_relu(&config);
    return config.status;
}

static cnn2snn_status activation_layer_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                             struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    *out_shape = inputs[0];
    return c2s_activation_shape(layer, layer->attributes, out_shape, error);
}

static cnn2snn_status softmax_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                    cnn2snn_error **error)
{
    struct c2s_softmax_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    c2s_config_axes(&config, "axis", -1, attributes->axes, &attributes->axis_count);
    return config.status;
}

static cnn2snn_status softmax_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                    struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_softmax_attributes *attributes = layer->attributes;
    bool ranked = !c2s_shape_is_unranked(inputs);
    for (size_t i = 0; i < attributes->axis_count && ranked; i++) {
        size_t axis;
        C2S_TRY(c2s_shape_axis(layer, inputs, attributes->axes[i], &axis, error));
    }
    *out_shape = inputs[0];
    return CNN2SNN_OK;
}

static cnn2snn_status prelu_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_prelu_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    int64_t axes[CNN2SNN_MAX_RANK];
    size_t count = 0;
    const json_t *value = c2s_config_value(&config, "shared_axes");
    if (value && !(json_is_array(value) && !json_array_size(value)))
        c2s_config_axes(&config, "shared_axes", 1, axes, &count);
    for (size_t i = 0; i < count && !config.status; i++) {
        if (axes[i] < 1)
            c2s_config_wrong_value(&config, "shared_axes", value, "axes from 1 on");
        else
            attributes->shared[axes[i] - 1] = true;
    }
    return config.status;
}

/* alpha has the input's shape, 1 on shared axes. */
static cnn2snn_status alpha_shape(const cnn2snn_layer *layer, const struct c2s_shape *input, struct c2s_shape *out,
                                  cnn2snn_error **error)
{
    const struct c2s_prelu_attributes *attributes = layer->attributes;
    *out = *input;
    if (c2s_shape_is_unranked(input))
        return CNN2SNN_OK;
    for (size_t i = 0; i < CNN2SNN_MAX_RANK; i++) {
        if (!attributes->shared[i])
            continue;
        if (i >= input->rank)
            return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                                   "shared axis %zu of an input of %zu dimensions", i + 1, input->rank);
        out->extents[i] = 1;
    }
    return CNN2SNN_OK;
}

static cnn2snn_status prelu_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                    cnn2snn_error **error)
{
    (void)count;
    specs[0] = (struct c2s_weight_spec){.name = "alpha", .trainable = true};
    *out_count = 1;
    return alpha_shape(layer, inputs, &specs[0].shape, error);
}

static cnn2snn_status prelu_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                  struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    struct c2s_shape alpha;
    C2S_TRY(alpha_shape(layer, inputs, &alpha, error));
    *out_shape = inputs[0];
    return CNN2SNN_OK;
}

static cnn2snn_status quantized_activation_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                                 cnn2snn_error **error)
{
    struct c2s_quantized_activation_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    attributes->bitwidth = (int32_t)c2s_config_int(&config, "bitwidth", 1, INT32_MIN);
    if (!config.status && (attributes->bitwidth < 1 || attributes->bitwidth > MAX_ACTIVATION_BITS))
        c2s_config_wrong_value(&config, "bitwidth", c2s_config_value(&config, "bitwidth"), "1 to 127");
    if (config.status)
        return config.status;
    float levels = c2s_activation_levels(attributes->bitwidth);
    switch (c2s_layer_id(layer)) {
    case C2S_KIND_QUANTIZED_RELU:
        attributes->max_value = (float)c2s_config_number(&config, "max_value", levels);
        attributes->step = c2s_quantized_relu_step(attributes->bitwidth, attributes->max_value);
        return config.status;
    case C2S_KIND_ACTIVATION_DISCRETE_RELU:
        attributes->step = c2s_discrete_relu_step(attributes->bitwidth);
        break;
    default:
        C2S_TRY(c2s_custom_activation_step(layer, source, attributes, error));
    }
    attributes->max_value = attributes->step * levels;
    return CNN2SNN_OK;
}

static void quantized_activation_destroy(cnn2snn_context *context, void *attributes)
{
    (void)context;
    c2s_custom_class_release(((struct c2s_quantized_activation_attributes *)attributes)->custom);
}

const struct c2s_layer_rules c2s_activation_rules = {.attributes_size = sizeof(struct c2s_activation_attributes),
                                                     .parse = activation_parse,
                                                     .output_shape = activation_layer_shape};

const struct c2s_layer_rules c2s_relu_rules = {
    .attributes_size = sizeof(struct c2s_relu_attributes), .parse = relu_parse, .output_shape = same_shape};

const struct c2s_layer_rules c2s_leaky_relu_rules = {.attributes_size = sizeof(struct c2s_activation_attributes),
                                                     .parse = leaky_relu_parse,
                                                     .output_shape = activation_layer_shape};

const struct c2s_layer_rules c2s_elu_rules = {.attributes_size = sizeof(struct c2s_activation_attributes),
                                              .parse = elu_parse,
                                              .output_shape = activation_layer_shape};

const struct c2s_layer_rules c2s_thresholded_relu_rules = {.attributes_size =
                                                               sizeof(struct c2s_activation_attributes),
                                                           .parse = thresholded_relu_parse,
                                                           .output_shape = activation_layer_shape};

const struct c2s_layer_rules c2s_softmax_rules = {
    .attributes_size = sizeof(struct c2s_softmax_attributes), .parse = softmax_parse, .output_shape = softmax_shape};

const struct c2s_layer_rules c2s_prelu_rules = {.attributes_size = sizeof(struct c2s_prelu_attributes),
                                                .parse = prelu_parse,
                                                .weights = prelu_weights,
                                                .output_shape = prelu_shape};

const struct c2s_layer_rules c2s_quantized_activation_rules = {.attributes_size =
                                                                   sizeof(struct c2s_quantized_activation_attributes),
                                                               .parse = quantized_activation_parse,
                                                               .destroy = quantized_activation_destroy,
                                                               .output_shape = same_shape};

const struct c2s_layer_rules c2s_identity_rules = {.output_shape = same_shape};
