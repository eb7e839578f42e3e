/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which class a float layer is quantized to, with which config (spec/quantizeml-ptq.md 2.1, 5.2). */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "base/json.h"
#include "quantize/qml_stages.h"

enum { MAX_NEURAL_BUFFER = 28, LUT_BITS = 14, NO_OUTPUT = 1, ALIGNED = 2, NO_CONFIG = 4, CAPPED = 8, BUFFER = 16 };

/* Which quantizers of weights a class has. */
enum weights { NONE, ONE, DEPTHWISE, TRANSPOSED_DEPTHWISE, SEPARABLE };

struct row {
    enum c2s_kind_id kind;
    const char *class_name;
    unsigned flags;
    enum weights weights;
};

/* clang-format off */
static const struct row rows[] = {
    {C2S_KIND_CONV2D, "Custom>QuantizedConv2D", ALIGNED | CAPPED, ONE},
    {C2S_KIND_PADDED_CONV2D, "Custom>QuantizedConv2D", ALIGNED | CAPPED, ONE},
    {C2S_KIND_DEPTHWISE_CONV2D, "Custom>QuantizedDepthwiseConv2D", ALIGNED | CAPPED, DEPTHWISE},
    {C2S_KIND_SEPARABLE_CONV2D, "Custom>QuantizedSeparableConv2D", ALIGNED | BUFFER, SEPARABLE},
    {C2S_KIND_CONV2D_TRANSPOSE, "Custom>QuantizedConv2DTranspose", ALIGNED | CAPPED, ONE},
    {C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE, "Custom>QuantizedDepthwiseConv2DTranspose", ALIGNED | CAPPED,
     TRANSPOSED_DEPTHWISE},
    {C2S_KIND_DENSE, "Custom>QuantizedDense", ALIGNED | CAPPED, ONE},
    {C2S_KIND_RELU, "Custom>QuantizedReLU", BUFFER, NONE},
    {C2S_KIND_QML_FLOAT_ACTIVATION, "Custom>QuantizedActivation", ALIGNED, NONE},
    {C2S_KIND_ADD, "Custom>QuantizedAdd", ALIGNED | BUFFER, NONE},
    {C2S_KIND_QML_FLOAT_ADD, "Custom>QuantizedAdd", ALIGNED | BUFFER, NONE},
    {C2S_KIND_CONCATENATE, "Custom>QuantizedConcatenate", NO_OUTPUT | ALIGNED | NO_CONFIG, NONE},
    {C2S_KIND_MAX_POOLING2D, "Custom>QuantizedMaxPool2D", NO_OUTPUT | NO_CONFIG, NONE},
    {C2S_KIND_GLOBAL_AVERAGE_POOLING2D, "Custom>QuantizedGlobalAveragePooling2D", BUFFER, NONE},
    {C2S_KIND_FLATTEN, "Custom>QuantizedFlatten", NO_OUTPUT | ALIGNED | NO_CONFIG, NONE},
    {C2S_KIND_PERMUTE, "Custom>QuantizedPermute", NO_OUTPUT | ALIGNED | NO_CONFIG, NONE},
    {C2S_KIND_RESHAPE, "Custom>QuantizedReshape", NO_OUTPUT | NO_CONFIG, NONE},
    {C2S_KIND_DROPOUT, "Custom>QuantizedDropout", NO_OUTPUT | NO_CONFIG, NONE},
    {C2S_KIND_RESCALING, "Custom>QuantizedRescaling", NO_OUTPUT | NO_CONFIG, NONE},
    {C2S_KIND_EXTRACT_TOKEN, "Custom>QuantizedExtractToken", NO_OUTPUT | ALIGNED | NO_CONFIG, NONE},
    {C2S_KIND_BUFFER_TEMP_CONV, "Custom>QuantizedBufferTempConv", ALIGNED | BUFFER, ONE},
    {C2S_KIND_DEPTHWISE_BUFFER_TEMP_CONV, "Custom>QuantizedDepthwiseBufferTempConv", ALIGNED | BUFFER, ONE},
    {C2S_KIND_STATEFUL_PROJECTION, "Custom>QuantizedStatefulProjection", ALIGNED | CAPPED, ONE},
    {C2S_KIND_STATEFUL_RECURRENT, "Custom>QuantizedStatefulRecurrent", BUFFER, NONE},
    {C2S_KIND_PICO_POST_PROCESSING, "Custom>QuantizedPicoPostProcessing", BUFFER, NONE},
};
/* clang-format on */

/* Dropout's kind is that of SpatialDropout, too, which nobody quantizes. */
static const struct row *find_row(const cnn2snn_layer *layer)
{
    enum c2s_kind_id id = c2s_layer_id(layer);
    const char *name = strrchr(layer->class_name, '>');
    if (id == C2S_KIND_DROPOUT && strcmp(name ? name + 1 : layer->class_name, "Dropout"))
        return NULL;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].kind == id)
            return &rows[i];
    return NULL;
}

const char *c2s_qml_class_of(const cnn2snn_layer *layer)
{
    const struct row *row = find_row(layer);
    return row ? row->class_name : NULL;
}

bool c2s_qml_has_output(const cnn2snn_layer *layer)
{
    const struct row *row = find_row(layer);
    return row && !(row->flags & NO_OUTPUT);
}

bool c2s_qml_needs_aligned(const cnn2snn_layer *layer)
{
    const struct row *row = find_row(layer);
    return row && row->flags & ALIGNED;
}

bool c2s_qml_has_weights(const cnn2snn_layer *layer)
{
    const struct row *row = find_row(layer);
    return row && (row->weights != NONE || row->kind == C2S_KIND_STATEFUL_RECURRENT);
}

/* ------------------------------------------------------------------------------------------------ arguments */

static bool conv_is_allowed(const cnn2snn_layer *layer)
{
    enum c2s_kind_id id = c2s_layer_id(layer);
    bool toolkit = id == C2S_KIND_PADDED_CONV2D || id == C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE;
    const struct c2s_conv_attributes *conv = toolkit ? layer->attributes : c2s_layer_conv(layer);
    if (conv->channels_first || conv->activation.function != C2S_LINEAR)
        return false;
    if (id == C2S_KIND_CONV2D || id == C2S_KIND_PADDED_CONV2D)
        return conv->groups == 1;
    return id != C2S_KIND_SEPARABLE_CONV2D || conv->depth_multiplier == 1;
}

static bool rescaling_is_allowed(const cnn2snn_layer *layer)
{
    const struct c2s_rescaling_attributes *attributes = layer->attributes;
    bool allowed = attributes->scale_count == 1 && !json_is_array(json_object_get(layer->config, "scale"));
    for (size_t i = 0; i < attributes->offset_count; i++)
        allowed = allowed && attributes->offset[i] == 0;
    return allowed;
}

/* What the quantized class's constructor takes. */
static bool is_allowed(const cnn2snn_layer *layer)
{
    const struct c2s_relu_attributes *relu = layer->attributes;
    switch (c2s_layer_id(layer)) {
    case C2S_KIND_CONV2D:
    case C2S_KIND_PADDED_CONV2D:
    case C2S_KIND_DEPTHWISE_CONV2D:
    case C2S_KIND_SEPARABLE_CONV2D:
    case C2S_KIND_CONV2D_TRANSPOSE:
    case C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE:
        return conv_is_allowed(layer);
    case C2S_KIND_DENSE:
        return c2s_layer_dense(layer)->activation.function == C2S_LINEAR;
    case C2S_KIND_RELU:
        return relu->negative_slope == 0 && relu->threshold == 0;
    case C2S_KIND_RESCALING:
        return rescaling_is_allowed(layer);
    default:
        return true;
    }
}

/* ------------------------------------------------------------------------------------------------ configs */

/* All steps share one flag: jansson fails for lack of memory only. */
static void put(json_t *object, const char *key, json_t *value, bool *failed)
{
    if (json_object_set_new(object, key, value))
        *failed = true;
}

static json_t *output_config(const struct c2s_output_choice *output, bool names_sign, int32_t buffer_bits)
{
    const char *axis = output->per_axis ? "per-axis" : "per-tensor";
    json_t *config = json_pack("{s:i}", "bitwidth", (int)output->bitwidth);
    bool failed = false;
    if (names_sign)
        put(config, "signed", json_boolean(output->is_signed), &failed);
    put(config, "axis", json_string(axis), &failed);
    put(config, "buffer_bitwidth", json_integer(buffer_bits), &failed);
    if (!failed)
        return config;
    json_decref(config);
    return NULL;
}

static void put_weights(json_t *quant, enum weights weights, int32_t bits, bool *failed)
{
    switch (weights) {
    case NONE:
        break;
    case ONE:
        put(quant, "weight_quantizer", json_pack("{s:i}", "bitwidth", (int)bits), failed);
        break;
    case DEPTHWISE:
        put(quant, "weight_quantizer", json_pack("{s:i, s:i}", "bitwidth", (int)bits, "axis", -2), failed);
        break;
    case TRANSPOSED_DEPTHWISE:
        put(quant, "weight_quantizer", json_pack("{s:i, s:n}", "bitwidth", (int)bits, "axis"), failed);
        break;
    case SEPARABLE:
        put(quant, "dw_weight_quantizer", json_pack("{s:i, s:n}", "bitwidth", (int)bits, "axis"), failed);
        put(quant, "pw_weight_quantizer", json_pack("{s:i}", "bitwidth", (int)bits), failed);
        break;
    }
}

static json_t *quant_config(const cnn2snn_layer *layer, const struct row *row,
                            const struct c2s_qml_layer_options *options)
{
    json_t *quant = json_object();
    bool failed = !quant;
    int32_t buffer = options->buffer_bits;
    if (options->output.present && !(row->flags & NO_OUTPUT))
        put(quant, "output_quantizer",
            output_config(&options->output, c2s_layer_id(layer) == C2S_KIND_RELU, options->buffer_bits), &failed);
    put_weights(quant, row->weights, options->weight_bits, &failed);
    if (row->flags & CAPPED && buffer > MAX_NEURAL_BUFFER)
        buffer = MAX_NEURAL_BUFFER;
    if (row->flags & (CAPPED | BUFFER))
        put(quant, "buffer_bitwidth", json_integer(buffer), &failed);
    if (c2s_layer_id(layer) == C2S_KIND_QML_FLOAT_ACTIVATION)
        put(quant, "lut_bitwidth", json_integer(LUT_BITS), &failed);
    if (!failed)
        return quant;
    json_decref(quant);
    return NULL;
}

/* The float layer's config as the quantized class takes it. */
static json_t *base_config(const cnn2snn_layer *layer)
{
    if (c2s_layer_id(layer) != C2S_KIND_RELU)
        return json_copy(layer->config);
    const struct c2s_relu_attributes *relu = layer->attributes;
    json_t *limit = isinf(relu->max_value) ? json_null() : c2s_json_number((double)relu->max_value);
    return json_pack("{s:s, s:b, s:s, s:o}", "name", layer->name, "trainable", layer->trainable, "dtype", "float32",
                     "max_value", limit);
}

static json_t *make_config(const cnn2snn_layer *layer, const struct row *row,
                           const struct c2s_qml_layer_options *options)
{
    json_t *config = base_config(layer);
    bool failed = !config;
    enum c2s_kind_id id = c2s_layer_id(layer);
    put(config, "name", json_string(layer->name), &failed);
    if (!(row->flags & NO_CONFIG))
        put(config, "quant_config", quant_config(layer, row, options), &failed);
    if (options->takes_zero_point) {
        put(config, "use_bias", json_true(), &failed);
        if (id == C2S_KIND_CONV2D && c2s_layer_conv(layer)->padding == C2S_SAME)
            put(config, "padding_value", json_pack("[f]", 0.0), &failed);
    }
    if (!failed)
        return config;
    json_decref(config);
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ weights */

/* A weight of the float layer under its name, otherwise its initial value. */
static cnn2snn_status find_weight(const cnn2snn_layer *layer, const struct c2s_weight_spec *spec,
                                  cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    const cnn2snn_tensor *own = c2s_layer_weight(layer, spec->name);
    if (own) {
        *out_tensor = c2s_tensor_retain(own);
        return CNN2SNN_OK;
    }
    C2S_TRY(c2s_tensor_create(layer->context, CNN2SNN_DTYPE_FLOAT32, spec->shape.rank, spec->shape.extents,
                              out_tensor, error));
    for (uint64_t i = 0; i < (*out_tensor)->count; i++)
        c2s_f32_writable(*out_tensor)[i] = spec->initial;
    return CNN2SNN_OK;
}

static cnn2snn_status fill_weights(const cnn2snn_layer *layer, cnn2snn_layer *made, size_t input_count,
                                   const struct c2s_shape *inputs, cnn2snn_error **error)
{
    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS];
    cnn2snn_tensor *weights[C2S_MAX_LAYER_WEIGHTS] = {NULL};
    size_t count = 0;
    C2S_TRY(c2s_layer_weight_specs(made, input_count, inputs, specs, &count, error));
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; i < count && !status; i++)
        status = find_weight(layer, &specs[i], &weights[i], error);
    if (!status && count)
        status = c2s_layer_set_weights(made, count, specs, weights, error);
    for (size_t i = 0; i < count; i++)
        c2s_tensor_release(weights[i]);
    return status;
}

cnn2snn_status c2s_qml_layer_create(const cnn2snn_layer *layer, size_t input_count, const struct c2s_shape *inputs,
                                    const struct c2s_qml_layer_options *options, cnn2snn_layer **out_layer,
                                    cnn2snn_error **error)
{
    const struct row *row = find_row(layer);
    cnn2snn_layer *made = NULL;
    *out_layer = NULL;
    if (!row || !is_allowed(layer))
        return CNN2SNN_OK;
    json_t *config = make_config(layer, row, options);
    if (!config)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_layer_create(layer->context, row->class_name, config, NULL, &made, error);
    json_decref(config);
    if (!status)
        status = fill_weights(layer, made, input_count, inputs, error);
    if (!status) {
        *out_layer = made;
        return CNN2SNN_OK;
    }
    c2s_layer_release(made);
    c2s_error_set_layer(error, layer->name);
    return status;
}
