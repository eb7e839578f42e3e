/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what QuantizeML's layers with a state or a time axis are. */
#include "base/error.h"
#include "layers/layer_families.h"
#include "layers/quantizeml_config.h"
#include "layers/shape_rules.h"

/* ------------------------------------------------------------------------------------------------ buffers */

static bool is_depthwise(enum c2s_kind_id id)
{
    return id == C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV || id == C2S_KIND_DEPTHWISE_BUFFER_TEMP_CONV;
}

static bool is_float(enum c2s_kind_id id)
{
    return id == C2S_KIND_BUFFER_TEMP_CONV || id == C2S_KIND_DEPTHWISE_BUFFER_TEMP_CONV;
}

static cnn2snn_status buffer_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_qml_temporal_attributes *attributes = layer->attributes;
    enum c2s_kind_id id = c2s_layer_id(layer);
    struct c2s_config config = c2s_config_open(layer, source, error);
    if (!is_depthwise(id))
        attributes->filters = c2s_config_int(&config, "filters", C2S_REQUIRED, 1);
    attributes->kernel_size = c2s_config_int(&config, "kernel_size", C2S_REQUIRED, 1);
    attributes->use_bias = c2s_config_bool(&config, "use_bias", false);
    if (is_float(id))
        return config.status;
    struct c2s_config quant = c2s_quant_config_open(&config);
    int rank = is_depthwise(id) ? 2 : 4;
    attributes->quant.weight_bitwidth = c2s_quant_config_bits(&quant, "weight_quantizer", 8, 2, 16);
    attributes->quant.weight_axis = c2s_quant_config_axis(&quant, rank, rank - 1);
    attributes->quant.bias_bitwidth = c2s_quant_config_bits(&quant, "bias_quantizer", 8, 2, 31);
    attributes->quant.buffer_bitwidth = c2s_quant_config_buffer(&quant);
    attributes->quant.output = c2s_quant_config_output(&quant);
    c2s_quant_config_close(&config, &quant);
    return config.status;
}

static cnn2snn_status buffer_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                     struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                     cnn2snn_error **error)
{
    (void)count;
    const struct c2s_qml_temporal_attributes *attributes = layer->attributes;
    struct c2s_shape image;
    C2S_TRY(c2s_shape_with_rank(layer, &inputs[0], 3, &image, error));
    int64_t channels = image.extents[2], filters = attributes->filters, depth;
    C2S_TRY(c2s_extent_times(layer, attributes->kernel_size, channels, &depth, error));
    if (is_depthwise(c2s_layer_id(layer))) {
        specs[0] = (struct c2s_weight_spec){.shape = {2, {attributes->kernel_size, channels}}};
        filters = channels;
    } else {
        specs[0] = (struct c2s_weight_spec){.shape = {4, {1, 1, depth, filters}}};
    }
    specs[0].name = "kernel";
    specs[0].trainable = true;
    specs[1] = (struct c2s_weight_spec){.name = "bias", .shape = {1, {filters}}, .trainable = true};
    *out_count = attributes->use_bias ? 2 : 1;
    c2s_quant_config_add_ranges(&attributes->quant.output, filters, specs, out_count);
    return CNN2SNN_OK;
}

static cnn2snn_status buffer_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                   struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_qml_temporal_attributes *attributes = layer->attributes;
    C2S_TRY(c2s_shape_with_rank(layer, &inputs[0], 3, out_shape, error));
    if (attributes->filters)
        out_shape->extents[2] = attributes->filters;
    return CNN2SNN_OK;
}

const struct c2s_layer_rules c2s_qml_buffer_temp_conv_rules = {.attributes_size =
                                                                   sizeof(struct c2s_qml_temporal_attributes),
                                                               .parse = buffer_parse,
                                                               .weights = buffer_weights,
                                                               .output_shape = buffer_shape};

/* ------------------------------------------------------------------------------------------------ recurrence */

static cnn2snn_status recurrent_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                      cnn2snn_error **error)
{
    struct c2s_quant_config *out = &((struct c2s_qml_recurrent_attributes *)layer->attributes)->quant;
    struct c2s_config config = c2s_config_open(layer, source, error);
    struct c2s_config quant = c2s_quant_config_open(&config);
    out->weight_bitwidth = c2s_quant_config_bits(&quant, "a_quantizer", 16, 9, 16);
    out->weight_axis = C2S_NO_AXIS;
    out->buffer_bitwidth = c2s_quant_config_buffer(&quant);
    out->output = c2s_quant_config_output(&quant);
    if (!out->output.present)
        c2s_config_missing(&quant, "output_quantizer");
    if (out->output.per_axis)
        c2s_config_wrong_value(&quant, "output_quantizer", c2s_config_value(&quant, "output_quantizer"),
                               "one that is per-tensor");
    c2s_quant_config_close(&config, &quant);
    return config.status;
}

/* The ranges lie directly below the layer. */
static cnn2snn_status recurrent_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                        struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                        cnn2snn_error **error)
{
    (void)count;
    struct c2s_shape steps;
    C2S_TRY(c2s_shape_with_rank(layer, &inputs[0], 2, &steps, error));
    struct c2s_shape channels = {1, {steps.extents[1]}}, one = {.rank = 0};
    specs[0] = (struct c2s_weight_spec){.name = "A_real", .shape = channels, .trainable = true};
    specs[1] = (struct c2s_weight_spec){.name = "A_imag", .shape = channels, .trainable = true};
    specs[2] = (struct c2s_weight_spec){.name = "range_max", .shape = one, .initial = 1};
    specs[3] = (struct c2s_weight_spec){.name = "rescaling_rate", .shape = one, .initial = 1, .optional = true};
    *out_count = c2s_layer_id(layer) == C2S_KIND_STATEFUL_RECURRENT ? 2 : 4;
    return CNN2SNN_OK;
}

/* Real and imaginary part on a new last axis. */
static cnn2snn_status recurrent_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                      struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    struct c2s_shape steps;
    C2S_TRY(c2s_shape_with_rank(layer, &inputs[0], 2, &steps, error));
    *out_shape = (struct c2s_shape){3, {steps.extents[0], steps.extents[1], 2}};
    return CNN2SNN_OK;
}

const struct c2s_layer_rules c2s_qml_recurrent_rules = {.attributes_size =
                                                            sizeof(struct c2s_qml_recurrent_attributes),
                                                        .parse = recurrent_parse,
                                                        .weights = recurrent_weights,
                                                        .output_shape = recurrent_shape};

const struct c2s_layer_rules c2s_qml_float_recurrent_rules = {.weights = recurrent_weights,
                                                              .output_shape = recurrent_shape};

/* ------------------------------------------------------------------------------------------------ predictions */

static cnn2snn_status pico_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    enum { LEAST_BUFFER_BITS = 44 };
    struct c2s_qml_pico_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    if (!c2s_config_value(&config, "threshold"))
        c2s_config_missing(&config, "threshold");
    attributes->threshold = c2s_config_number(&config, "threshold", 0);
    if (c2s_layer_id(layer) == C2S_KIND_PICO_POST_PROCESSING)
        return config.status;
    struct c2s_config quant = c2s_quant_config_open(&config);
    int32_t bits = c2s_quant_config_buffer(&quant);
    attributes->quant.buffer_bitwidth = bits > LEAST_BUFFER_BITS ? bits : LEAST_BUFFER_BITS;
    c2s_quant_config_close(&config, &quant);
    attributes->quant.output = (struct c2s_output_quantizer){.present = true,
                                                             .bitwidth = 16,
                                                             .is_signed = true,
                                                             .per_axis = true,
                                                             .scale_bits = 16,
                                                             .buffer_bitwidth = attributes->quant.buffer_bitwidth};
    return config.status;
}

static cnn2snn_status pico_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                   struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                   cnn2snn_error **error)
{
    (void)layer;
    (void)count;
    (void)error;
    struct c2s_shape shape = {1, {inputs[0].rank ? inputs[0].extents[inputs[0].rank - 1] : -1}};
    specs[0] = (struct c2s_weight_spec){.name = "prediction_quantizer/range_max", .shape = shape, .initial = 1};
    specs[1] = (struct c2s_weight_spec){
        .name = "prediction_quantizer/rescaling_rate", .shape = shape, .initial = 1, .optional = true};
    *out_count = 2;
    return CNN2SNN_OK;
}

/* A mean over the first axis behind the batch, made 0 or 1. */
static cnn2snn_status pico_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                 struct c2s_shape *out_shape, cnn2snn_error **error)
{
    if (count != 2)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "%zu inputs, expected 2: predictions and what is true", count);
    *out_shape = inputs[0];
    if (c2s_shape_is_unranked(&inputs[0]))
        return CNN2SNN_OK;
    if (!inputs[0].rank)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "input shape () without the batch, expected at least one dimension");
    *out_shape = (struct c2s_shape){.rank = inputs[0].rank - 1};
    for (size_t i = 0; i < out_shape->rank; i++)
        out_shape->extents[i] = inputs[0].extents[i + 1];
    return CNN2SNN_OK;
}

const struct c2s_layer_rules c2s_qml_pico_rules = {.attributes_size = sizeof(struct c2s_qml_pico_attributes),
                                                   .parse = pico_parse,
                                                   .weights = pico_weights,
                                                   .output_shape = pico_shape};

const struct c2s_layer_rules c2s_qml_float_pico_rules = {
    .attributes_size = sizeof(struct c2s_qml_pico_attributes), .parse = pico_parse, .output_shape = pico_shape};
