/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what QuantizeML's convolutions and dense layers are: Keras's geometry, and how weights are quantized. */
#include "base/allocator.h"
#include "base/error.h"
#include "layers/layer_families.h"
#include "layers/quantizeml_config.h"
#include "layers/shape_rules.h"

/* Buffers of the hardware hold no more, whatever files say. */
enum { MAX_NEURAL_BUFFER = 28 };

static int32_t neural_buffer(struct c2s_config *quant)
{
    int32_t bits = c2s_quant_config_buffer(quant);
    return bits < MAX_NEURAL_BUFFER ? bits : MAX_NEURAL_BUFFER;
}

/* ------------------------------------------------------------------------------------------------ configs */

static void refuse_activation(struct c2s_config *config, const struct c2s_activation_attributes *activation)
{
    if (activation->function != C2S_LINEAR)
        c2s_config_wrong_value(config, "activation", c2s_config_value(config, "activation"), "\"linear\"");
}

/* One number or a list of them. */
static void read_padding_values(struct c2s_config *config, struct c2s_qml_conv_attributes *attributes)
{
    const json_t *value = c2s_config_value(config, "padding_value");
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    if (!value)
        return;
    if (!count) {
        c2s_config_wrong_value(config, "padding_value", value, "a number or one for each channel");
        return;
    }
    attributes->padding_values = c2s_calloc(config->layer->context, count, sizeof(float));
    if (!attributes->padding_values) {
        if (!config->status)
            config->status = c2s_error_no_memory(config->error);
        return;
    }
    attributes->padding_value_count = count;
    for (size_t i = 0; i < count; i++)
        attributes->padding_values[i] = (float)c2s_config_number_of(
            config, "padding_value", json_is_array(value) ? json_array_get(value, i) : value);
    /* The border is filled, as wide as "same" has it. */
    attributes->conv.padding = C2S_SAME;
}

static void read_conv_quantizers(struct c2s_config *quant, enum c2s_kind_id id, struct c2s_quant_config *out)
{
    bool separable = id == C2S_KIND_QML_SEPARABLE_CONV2D;
    out->weight_bitwidth =
        c2s_quant_config_bits(quant, separable ? "dw_weight_quantizer" : "weight_quantizer", 8, 2, 16);
    out->bias_bitwidth = c2s_quant_config_bits(quant, "bias_quantizer", 8, 2, 31);
    if (separable)
        out->pointwise_bitwidth = c2s_quant_config_bits(quant, "pw_weight_quantizer", 8, 2, 8);
    if (id == C2S_KIND_QML_DEPTHWISE_CONV2D)
        out->weight_axis = 2;
    else if (separable || id == C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE)
        out->weight_axis = C2S_NO_AXIS;
    else
        out->weight_axis = c2s_quant_config_axis(quant, 4, 3);
    out->buffer_bitwidth = separable ? c2s_quant_config_buffer(quant) : neural_buffer(quant);
    out->output = c2s_quant_config_output(quant);
}

static cnn2snn_status qml_conv_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                     cnn2snn_error **error)
{
    struct c2s_qml_conv_attributes *attributes = layer->attributes;
    enum c2s_kind_id id = c2s_layer_id(layer);
    C2S_TRY(c2s_conv2d_rules.parse(layer, source, error));
    struct c2s_config config = c2s_config_open(layer, source, error);
    if (attributes->conv.groups != 1)
        c2s_config_wrong_value(&config, "groups", c2s_config_value(&config, "groups"), "1");
    if (attributes->conv.depth_multiplier != 1)
        c2s_config_wrong_value(&config, "depth_multiplier", c2s_config_value(&config, "depth_multiplier"), "1");
    if (id == C2S_KIND_QML_CONV2D || id == C2S_KIND_PADDED_CONV2D)
        read_padding_values(&config, attributes);
    if (id == C2S_KIND_PADDED_CONV2D || id == C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE)
        return config.status;
    refuse_activation(&config, &attributes->conv.activation);
    struct c2s_config quant = c2s_quant_config_open(&config);
    read_conv_quantizers(&quant, id, &attributes->quant);
    c2s_quant_config_close(&config, &quant);
    return config.status;
}

static void qml_conv_destroy(cnn2snn_context *context, void *attributes)
{
    c2s_free(context, ((struct c2s_qml_conv_attributes *)attributes)->padding_values);
    c2s_conv2d_rules.destroy(context, attributes);
}

static cnn2snn_status qml_dense_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                      cnn2snn_error **error)
{
    struct c2s_qml_dense_attributes *attributes = layer->attributes;
    C2S_TRY(c2s_dense_rules.parse(layer, source, error));
    struct c2s_config config = c2s_config_open(layer, source, error);
    attributes->subsample = 1;
    if (c2s_layer_id(layer) != C2S_KIND_QML_DENSE)
        attributes->subsample = c2s_config_int(&config, "subsample", 1, 1);
    if (c2s_layer_id(layer) == C2S_KIND_STATEFUL_PROJECTION)
        return config.status;
    refuse_activation(&config, &attributes->dense.activation);
    struct c2s_config quant = c2s_quant_config_open(&config);
    struct c2s_quant_config *out = &attributes->quant;
    out->weight_bitwidth = c2s_quant_config_bits(&quant, "weight_quantizer", 8, 2, 16);
    out->weight_axis = c2s_quant_config_axis(&quant, 2, 1);
    out->bias_bitwidth = c2s_quant_config_bits(&quant, "bias_quantizer", 8, 2, 31);
    out->buffer_bitwidth = neural_buffer(&quant);
    out->output = c2s_quant_config_output(&quant);
    c2s_quant_config_close(&config, &quant);
    return config.status;
}

/* ------------------------------------------------------------------------------------------------ weights */

/* Keras's weights, and then the ranges of an output quantizer. */
static cnn2snn_status with_ranges(cnn2snn_status status, const cnn2snn_layer *layer, int64_t channels,
                                  struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count)
{
    const struct c2s_quant_config *quant = c2s_layer_quant_config(layer);
    if (!status && quant)
        c2s_quant_config_add_ranges(&quant->output, channels, specs, out_count);
    return status;
}

#define WEIGHTS_WITH_RANGES(name, keras_rules, channels)                                                             \
    static cnn2snn_status name(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,             \
                               struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,               \
                               cnn2snn_error **error)                                                                \
    {                                                                                                                \
        cnn2snn_status status = (keras_rules).weights(layer, count, inputs, specs, out_count, error);                \
        return with_ranges(status, layer, channels, specs, out_count);                                               \
    }

static int64_t filters(const cnn2snn_layer *layer)
{
    return c2s_layer_qml_conv(layer)->conv.filters;
}

WEIGHTS_WITH_RANGES(qml_conv_weights, c2s_conv2d_rules, filters(layer))
WEIGHTS_WITH_RANGES(qml_conv_transpose_weights, c2s_conv_transpose_rules, filters(layer))
WEIGHTS_WITH_RANGES(qml_separable_weights, c2s_separable_rules, filters(layer))
/* the third extent of the kernel: channels */
WEIGHTS_WITH_RANGES(qml_depthwise_weights, c2s_depthwise_rules, specs[0].shape.extents[2])
WEIGHTS_WITH_RANGES(qml_dense_weights, c2s_dense_rules, c2s_layer_qml_dense(layer)->dense.units)

/* ------------------------------------------------------------------------------------------------ shapes */

static cnn2snn_status padded_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                   struct c2s_shape *out_shape, cnn2snn_error **error)
{
    const struct c2s_qml_conv_attributes *attributes = layer->attributes;
    size_t channel_axis = c2s_channel_axis(attributes->conv.channels_first);
    C2S_TRY(c2s_conv2d_rules.output_shape(layer, count, inputs, out_shape, error));
    int64_t channels = inputs[0].rank == 3 ? inputs[0].extents[channel_axis] : -1;
    size_t values = attributes->padding_value_count;
    if (values <= 1 || channels < 0 || (uint64_t)channels == values)
        return CNN2SNN_OK;
    return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                           "%zu values of padding_value for %lld channels", values, (long long)channels);
}

/* Rows and columns grow as those of Conv2DTranspose, channels stay. */
static cnn2snn_status depthwise_transpose_shape(const cnn2snn_layer *layer, size_t count,
                                                const struct c2s_shape *inputs, struct c2s_shape *out_shape,
                                                cnn2snn_error **error)
{
    const struct c2s_qml_conv_attributes *attributes = layer->attributes;
    size_t channel_axis = c2s_channel_axis(attributes->conv.channels_first);
    struct c2s_shape image;
    C2S_TRY(c2s_shape_with_rank(layer, &inputs[0], 3, &image, error));
    C2S_TRY(c2s_conv_transpose_rules.output_shape(layer, count, inputs, out_shape, error));
    out_shape->extents[channel_axis] = image.extents[channel_axis];
    return CNN2SNN_OK;
}

/* The first axis behind the batch counts time steps, of which every subsample-th stays; of plain dense layers all do.
 */
static cnn2snn_status projection_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                       struct c2s_shape *out_shape, cnn2snn_error **error)
{
    int64_t subsample = c2s_layer_qml_dense(layer)->subsample;
    C2S_TRY(c2s_dense_rules.output_shape(layer, count, inputs, out_shape, error));
    if (subsample == 1 || c2s_shape_is_unranked(out_shape) || out_shape->extents[0] < 0)
        return CNN2SNN_OK;
    if (out_shape->rank < 2 || out_shape->extents[0] % subsample) {
        char text[C2S_SHAPE_TEXT];
        return c2s_layer_error(
            layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
            "input shape %s without the batch, expected time steps in a multiple of subsample %lld",
            c2s_shape_text(&inputs[0], text, sizeof text), (long long)subsample);
    }
    out_shape->extents[0] /= subsample;
    return CNN2SNN_OK;
}

/* Keras's rule, under a name that a table can hold. */
#define SHAPE_AS(name, keras_rules)                                                                                  \
    static cnn2snn_status name(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,             \
                               struct c2s_shape *out_shape, cnn2snn_error **error)                                   \
    {                                                                                                                \
        return (keras_rules).output_shape(layer, count, inputs, out_shape, error);                                   \
    }

SHAPE_AS(separable_shape, c2s_separable_rules)
SHAPE_AS(conv_transpose_shape, c2s_conv_transpose_rules)
SHAPE_AS(depthwise_shape, c2s_depthwise_rules)

static void qml_dense_destroy(cnn2snn_context *context, void *attributes)
{
    c2s_dense_rules.destroy(context, attributes);
}

/* ------------------------------------------------------------------------------------------------ rules */

#define CONV(weights_of, shape_of)                                                                                   \
    {                                                                                                                \
        .attributes_size = sizeof(struct c2s_qml_conv_attributes), .parse = qml_conv_parse,                          \
        .destroy = qml_conv_destroy, .weights = weights_of, .output_shape = shape_of                                 \
    }

const struct c2s_layer_rules c2s_qml_conv2d_rules = CONV(qml_conv_weights, padded_shape);
const struct c2s_layer_rules c2s_qml_separable_rules = CONV(qml_separable_weights, separable_shape);
const struct c2s_layer_rules c2s_qml_conv_transpose_rules = CONV(qml_conv_transpose_weights, conv_transpose_shape);
const struct c2s_layer_rules c2s_qml_depthwise_rules = CONV(qml_depthwise_weights, depthwise_shape);
const struct c2s_layer_rules c2s_qml_depthwise_transpose_rules =
    CONV(qml_depthwise_weights, depthwise_transpose_shape);

const struct c2s_layer_rules c2s_qml_dense_rules = {.attributes_size = sizeof(struct c2s_qml_dense_attributes),
                                                    .parse = qml_dense_parse,
                                                    .destroy = qml_dense_destroy,
                                                    .weights = qml_dense_weights,
                                                    .output_shape = projection_shape};
