/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what QuantizeML's layers without kernels are: quantizers, activations, pooling, merging, reordering. */
#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "layers/activation_config.h"
#include "layers/layer_families.h"
#include "layers/quantizeml_config.h"
#include "layers/shape_rules.h"

static int64_t last_extent(const struct c2s_shape *shape)
{
    return shape->rank ? shape->extents[shape->rank - 1] : -1;
}

static cnn2snn_status same_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                 struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)layer;
    (void)count;
    (void)error;
    *out_shape = inputs[0];
    return CNN2SNN_OK;
}

/* The ranges of an output quantizer are all that the layer has; its last axis is the input's. */
static cnn2snn_status ranges_only(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                  struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                  cnn2snn_error **error)
{
    (void)count;
    (void)error;
    *out_count = 0;
    c2s_quant_config_add_ranges(&c2s_layer_quant_config(layer)->output, last_extent(&inputs[0]), specs, out_count);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ quantizers */

static cnn2snn_status input_quantizer_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                            cnn2snn_error **error)
{
    struct c2s_qml_input_quantizer_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    attributes->is_signed = c2s_config_bool(&config, "signed", true);
    int64_t bits = c2s_config_int(&config, "bitwidth", 8, attributes->is_signed ? 2 : 1);
    if (bits > 16)
        c2s_config_wrong_value(&config, "bitwidth", c2s_config_value(&config, "bitwidth"), "at most 16");
    attributes->bitwidth = (int32_t)bits;
    const char *axis = c2s_config_string(&config, "axis");
    if (axis && strcmp(axis, "per-axis") && strcmp(axis, "per-tensor"))
        c2s_config_wrong_value(&config, "axis", c2s_config_value(&config, "axis"), "\"per-axis\" or \"per-tensor\"");
    attributes->per_axis = axis && !strcmp(axis, "per-axis");
    return config.status;
}

static cnn2snn_status input_quantizer_weights(const cnn2snn_layer *layer, size_t count,
                                              const struct c2s_shape *inputs,
                                              struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                              cnn2snn_error **error)
{
    (void)count;
    (void)error;
    const struct c2s_qml_input_quantizer_attributes *attributes = layer->attributes;
    struct c2s_shape shape = {.rank = 0};
    if (attributes->per_axis)
        shape = (struct c2s_shape){1, {last_extent(&inputs[0])}};
    specs[0] = (struct c2s_weight_spec){.name = "range_min", .shape = shape, .initial = -1};
    specs[1] = (struct c2s_weight_spec){.name = "range_max", .shape = shape, .initial = 1};
    *out_count = 2;
    return CNN2SNN_OK;
}

const struct c2s_layer_rules c2s_qml_input_quantizer_rules = {.attributes_size =
                                                                  sizeof(struct c2s_qml_input_quantizer_attributes),
                                                              .parse = input_quantizer_parse,
                                                              .weights = input_quantizer_weights,
                                                              .output_shape = same_shape};

const struct c2s_layer_rules c2s_qml_same_rules = {.output_shape = same_shape};

/* ------------------------------------------------------------------------------------------------ activations */

static void refuse_slopes(struct c2s_config *config)
{
    static const char *const keys[] = {"negative_slope", "threshold"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (c2s_config_number(config, keys[i], 0) != 0)
            c2s_config_wrong_value(config, keys[i], c2s_config_value(config, keys[i]), "0");
}

static cnn2snn_status relu_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_qml_relu_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    bool unbounded = json_is_null(json_object_get(layer->config, "max_value"));
    attributes->max_value = unbounded ? INFINITY : (float)c2s_config_number(&config, "max_value", 6);
    if (attributes->max_value < 0)
        c2s_config_wrong_value(&config, "max_value", c2s_config_value(&config, "max_value"), "a number from 0 on");
    refuse_slopes(&config);
    struct c2s_config quant = c2s_quant_config_open(&config);
    attributes->quant.max_value_bitwidth = c2s_quant_config_bits(&quant, "max_value_quantizer", 8, 1, 30);
    attributes->quant.buffer_bitwidth = c2s_quant_config_buffer(&quant);
    attributes->quant.output = c2s_quant_config_output(&quant);
    c2s_quant_config_close(&config, &quant);
    return config.status;
}

const struct c2s_layer_rules c2s_qml_relu_rules = {.attributes_size = sizeof(struct c2s_qml_relu_attributes),
                                                   .parse = relu_parse,
                                                   .weights = ranges_only,
                                                   .output_shape = same_shape};

static cnn2snn_status activation_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                       cnn2snn_error **error)
{
    struct c2s_qml_activation_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    if (!c2s_config_value(&config, "activation"))
        c2s_config_missing(&config, "activation");
    attributes->function = c2s_config_activation(&config, "activation").function;
    attributes->alpha = (float)c2s_config_number(&config, "alpha", 0.2);
    switch (attributes->function) {
    case C2S_GELU:
    case C2S_SWISH:
    case C2S_HARD_SILU:
    case C2S_LEAKY_RELU:
        break;
    default:
        c2s_config_wrong_value(&config, "activation", c2s_config_value(&config, "activation"),
                               "\"gelu\", \"swish\", \"hard_silu\" or \"leaky_relu\"");
    }
    if (c2s_layer_id(layer) == C2S_KIND_QML_FLOAT_ACTIVATION)
        return config.status;
    struct c2s_config quant = c2s_quant_config_open(&config);
    int64_t lut = c2s_config_int(&quant, "lut_bitwidth", 14, 2);
    if (lut > 24)
        c2s_config_wrong_value(&quant, "lut_bitwidth", c2s_config_value(&quant, "lut_bitwidth"), "2 to 24");
    attributes->quant.lut_bitwidth = (int32_t)lut;
    attributes->quant.output = c2s_quant_config_output(&quant);
    c2s_quant_config_close(&config, &quant);
    return config.status;
}

const struct c2s_layer_rules c2s_qml_activation_rules = {.attributes_size =
                                                             sizeof(struct c2s_qml_activation_attributes),
                                                         .parse = activation_parse,
                                                         .weights = ranges_only,
                                                         .output_shape = same_shape};

const struct c2s_layer_rules c2s_qml_float_activation_rules = {.attributes_size =
                                                                   sizeof(struct c2s_qml_activation_attributes),
                                                               .parse = activation_parse,
                                                               .output_shape = same_shape};

/* ------------------------------------------------------------------------------------------------ normalization */

static cnn2snn_status batchnorm_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                      cnn2snn_error **error)
{
    struct c2s_qml_batchnorm_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    int64_t axes[CNN2SNN_MAX_RANK];
    size_t count;
    c2s_config_axes(&config, "axis", -1, axes, &count);
    if (count != 1 || (axes[0] >= 0 && axes[0] < 2))
        c2s_config_wrong_value(&config, "axis", c2s_config_value(&config, "axis"), "the last axis");
    attributes->epsilon = c2s_config_number(&config, "epsilon", 1e-3);
    if (attributes->epsilon < 0)
        c2s_config_wrong_value(&config, "epsilon", c2s_config_value(&config, "epsilon"), "0 or more");
    struct c2s_config quant = c2s_quant_config_open(&config);
    attributes->quant.weight_bitwidth = c2s_quant_config_bits(&quant, "a_quantizer", 8, 2, 8);
    attributes->quant.bias_bitwidth = c2s_quant_config_bits(&quant, "b_quantizer", 8, 2, 31);
    attributes->quant.buffer_bitwidth = c2s_quant_config_buffer(&quant);
    attributes->quant.output = c2s_quant_config_output(&quant);
    c2s_quant_config_close(&config, &quant);
    return config.status;
}

static cnn2snn_status batchnorm_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                        struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                        cnn2snn_error **error)
{
    (void)count;
    (void)error;
    static const char *const names[] = {"gamma", "beta", "moving_mean", "moving_variance"};
    int64_t channels = last_extent(&inputs[0]);
    *out_count = 0;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        specs[(*out_count)++] = (struct c2s_weight_spec){
            .name = names[i], .shape = {1, {channels}}, .trainable = i < 2, .initial = i % 3 ? 0 : 1};
    c2s_quant_config_add_ranges(&c2s_layer_quant_config(layer)->output, channels, specs, out_count);
    return CNN2SNN_OK;
}

const struct c2s_layer_rules c2s_qml_batchnorm_rules = {.attributes_size =
                                                            sizeof(struct c2s_qml_batchnorm_attributes),
                                                        .parse = batchnorm_parse,
                                                        .weights = batchnorm_weights,
                                                        .output_shape = same_shape};

/* ------------------------------------------------------------------------------------------------ pooling */

static cnn2snn_status global_pool_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                        cnn2snn_error **error)
{
    struct c2s_qml_pool_attributes *attributes = layer->attributes;
    C2S_TRY(c2s_global_pool_rules.parse(layer, source, error));
    struct c2s_config config = c2s_config_open(layer, source, error);
    struct c2s_config quant = c2s_quant_config_open(&config);
    attributes->quant.buffer_bitwidth = c2s_quant_config_buffer(&quant);
    attributes->quant.output = c2s_quant_config_output(&quant);
    c2s_quant_config_close(&config, &quant);
    return config.status;
}

static cnn2snn_status global_pool_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                          struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                          cnn2snn_error **error)
{
    const struct c2s_qml_pool_attributes *attributes = layer->attributes;
    struct c2s_shape image;
    (void)count;
    *out_count = 0;
    C2S_TRY(c2s_shape_with_rank(layer, &inputs[0], 3, &image, error));
    int64_t channels = image.extents[c2s_channel_axis(attributes->pool.channels_first)];
    c2s_quant_config_add_ranges(&attributes->quant.output, channels, specs, out_count);
    return CNN2SNN_OK;
}

static cnn2snn_status global_pool_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                        struct c2s_shape *out_shape, cnn2snn_error **error)
{
    return c2s_global_pool_rules.output_shape(layer, count, inputs, out_shape, error);
}

const struct c2s_layer_rules c2s_qml_global_pool_rules = {.attributes_size = sizeof(struct c2s_qml_pool_attributes),
                                                          .parse = global_pool_parse,
                                                          .weights = global_pool_weights,
                                                          .output_shape = global_pool_shape};

static cnn2snn_status pool_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    return c2s_pool_rules.parse(layer, source, error);
}

static cnn2snn_status pool_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                 struct c2s_shape *out_shape, cnn2snn_error **error)
{
    return c2s_pool_rules.output_shape(layer, count, inputs, out_shape, error);
}

const struct c2s_layer_rules c2s_qml_pool_rules = {
    .attributes_size = sizeof(struct c2s_qml_pool_attributes), .parse = pool_parse, .output_shape = pool_shape};

/* ------------------------------------------------------------------------------------------------ merging */

static cnn2snn_status check_two(const cnn2snn_layer *layer, size_t count, cnn2snn_error **error)
{
    return count == 2 ? CNN2SNN_OK
                      : c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                                        "%zu inputs, expected 2", count);
}

static cnn2snn_status add_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_qml_merge_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    attributes->average = c2s_config_bool(&config, "average", false);
    if (c2s_layer_id(layer) == C2S_KIND_QML_FLOAT_ADD)
        return config.status;
    attributes->fused_relu = c2s_config_bool(&config, "activation", false);
    struct c2s_config quant = c2s_quant_config_open(&config);
    attributes->quant.buffer_bitwidth = c2s_quant_config_buffer(&quant);
    attributes->quant.output = c2s_quant_config_output(&quant);
    c2s_quant_config_close(&config, &quant);
    return config.status;
}

static cnn2snn_status add_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                struct c2s_shape *out_shape, cnn2snn_error **error)
{
    C2S_TRY(check_two(layer, count, error));
    return c2s_merge_rules.output_shape(layer, count, inputs, out_shape, error);
}

const struct c2s_layer_rules c2s_qml_add_rules = {.attributes_size = sizeof(struct c2s_qml_merge_attributes),
                                                  .parse = add_parse,
                                                  .weights = ranges_only,
                                                  .output_shape = add_shape};

const struct c2s_layer_rules c2s_qml_float_add_rules = {
    .attributes_size = sizeof(struct c2s_qml_merge_attributes), .parse = add_parse, .output_shape = add_shape};

static cnn2snn_status concatenate_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                        cnn2snn_error **error)
{
    return c2s_concatenate_rules.parse(layer, source, error);
}

static cnn2snn_status concatenate_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                        struct c2s_shape *out_shape, cnn2snn_error **error)
{
    C2S_TRY(check_two(layer, count, error));
    return c2s_concatenate_rules.output_shape(layer, count, inputs, out_shape, error);
}

const struct c2s_layer_rules c2s_qml_concatenate_rules = {.attributes_size = sizeof(struct c2s_qml_merge_attributes),
                                                          .parse = concatenate_parse,
                                                          .output_shape = concatenate_shape};

/* ------------------------------------------------------------------------------------------------ reordering */

static cnn2snn_status rescaling_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                      cnn2snn_error **error)
{
    const struct c2s_rescaling_attributes *attributes = layer->attributes;
    C2S_TRY(c2s_rescaling_rules.parse(layer, source, error));
    struct c2s_config config = c2s_config_open(layer, source, error);
    if (attributes->scale_count != 1)
        c2s_config_wrong_value(&config, "scale", c2s_config_value(&config, "scale"), "one number");
    for (size_t i = 0; i < attributes->offset_count; i++)
        if (attributes->offset[i] != 0)
            c2s_config_wrong_value(&config, "offset", c2s_config_value(&config, "offset"), "0");
    return config.status;
}

static void rescaling_destroy(cnn2snn_context *context, void *attributes)
{
    c2s_rescaling_rules.destroy(context, attributes);
}

const struct c2s_layer_rules c2s_qml_rescaling_rules = {.attributes_size = sizeof(struct c2s_rescaling_attributes),
                                                        .parse = rescaling_parse,
                                                        .destroy = rescaling_destroy,
                                                        .output_shape = same_shape};

static cnn2snn_status token_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_qml_token_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    const json_t *value = c2s_config_value(&config, "token");
    int64_t axes[CNN2SNN_MAX_RANK];
    size_t axis_count;
    c2s_config_axes(&config, "axis", 1, axes, &axis_count);
    attributes->axis = axes[0];
    if (axis_count != 1 || !axes[0])
        c2s_config_wrong_value(&config, "axis", c2s_config_value(&config, "axis"), "one axis behind the batch");
    attributes->keeps_axis = json_is_array(value);
    attributes->count = attributes->keeps_axis ? json_array_size(value) : 1;
    if (!value)
        c2s_config_missing(&config, "token");
    else if (!attributes->count)
        c2s_config_wrong_value(&config, "token", value, "a number or some");
    C2S_TRY(config.status);
    attributes->tokens = c2s_calloc(layer->context, attributes->count, sizeof *attributes->tokens);
    if (!attributes->tokens)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < attributes->count; i++)
        attributes->tokens[i] =
            c2s_config_int_of(&config, "token", attributes->keeps_axis ? json_array_get(value, i) : value, 0);
    return config.status;
}

static void token_destroy(cnn2snn_context *context, void *attributes)
{
    c2s_free(context, ((struct c2s_qml_token_attributes *)attributes)->tokens);
}

static cnn2snn_status check_tokens(const cnn2snn_layer *layer, int64_t extent, cnn2snn_error **error)
{
    const struct c2s_qml_token_attributes *attributes = layer->attributes;
    for (size_t i = 0; i < attributes->count && extent >= 0; i++)
        if (attributes->tokens[i] >= extent)
            return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                                   "token %lld of an axis of %lld", (long long)attributes->tokens[i],
                                   (long long)extent);
    return CNN2SNN_OK;
}

static cnn2snn_status token_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                  struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_qml_token_attributes *attributes = layer->attributes;
    size_t axis;
    *out_shape = inputs[0];
    if (c2s_shape_is_unranked(&inputs[0]))
        return CNN2SNN_OK;
    C2S_TRY(c2s_shape_axis(layer, &inputs[0], attributes->axis, &axis, error));
    C2S_TRY(check_tokens(layer, inputs[0].extents[axis], error));
    if (attributes->keeps_axis) {
        out_shape->extents[axis] = (int64_t)attributes->count;
        return CNN2SNN_OK;
    }
    *out_shape = (struct c2s_shape){.rank = inputs[0].rank - 1};
    for (size_t i = 0; i < out_shape->rank; i++)
        out_shape->extents[i] = inputs[0].extents[i < axis ? i : i + 1];
    return CNN2SNN_OK;
}

const struct c2s_layer_rules c2s_qml_token_rules = {.attributes_size = sizeof(struct c2s_qml_token_attributes),
                                                    .parse = token_parse,
                                                    .destroy = token_destroy,
                                                    .output_shape = token_shape};
