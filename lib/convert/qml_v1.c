/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a block of QuantizeML layers is as an Akida 1.0 layer (spec/quantizeml-conversion.md 6.3). */
#include <math.h>

#include "base/error.h"
#include "convert/qml_emitter.h"
#include "layers/quantizeml_attributes.h"

/* ------------------------------------------------------------------------------------------------ activation */

/* float32 to int32 as x86 does it: what doesn't fit is the smallest number. */
static int32_t to_i32(float value)
{
    return value >= -2147483648.0F && value < 2147483648.0F ? (int32_t)value : INT32_MIN;
}

/* Positions that a global average pooling takes together; 1 without. */
static uint32_t pooled_elements(const struct c2s_qml_emitter *at)
{
    ptrdiff_t position = c2s_block_pattern_position(at->block->pattern, C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D);
    if (position < 0)
        return 1;
    const struct c2s_shape *in = c2s_qml_block_input_shape(at->plan, at->block, (size_t)position);
    return (uint32_t)(in->extents[0] * in->extents[1]);
}

static int32_t value_of(const cnn2snn_tensor *tensor, int64_t channel, int32_t otherwise)
{
    return tensor ? ((const int32_t *)tensor->data)[tensor->count == 1 ? 0 : channel] : otherwise;
}

/*
 * What is subtracted of a potential, and the potential of one level: the reciprocal of the output quantizer's factor,
 * half of it being for rounding. Levels of fewer bits than 4 are counted in sixteenths.
 */
static void set_channel(const struct c2s_qml_emitter *at, const struct c2s_derived *main, int64_t channel,
                        int32_t *threshold, float *step)
{
    const struct c2s_output_quantizer *output = c2s_qml_block_output(at->plan, at->block);
    const struct c2s_derived *last = c2s_qml_derived(at, at->block->count - 1);
    uint32_t sum = (0U - (uint32_t)value_of(main->integers[C2S_BIAS], channel, 0)) * pooled_elements(at);
    *step = 1.0F;
    if (output) {
        int32_t shift = value_of(last->integers[C2S_OUTPUT_SHIFT], channel, 0);
        *step = exp2f((float)-shift) / (float)value_of(last->integers[C2S_OUTPUT_SCALES], channel, 1);
    }
    if (output && c2s_block_pattern_has(at->block->pattern, C2S_KIND_QML_RELU)) {
        sum += (uint32_t)to_i32(rintf(0.5F * *step));
        *step *= exp2f((float)(output->bitwidth - 4));
    }
    *threshold = (int32_t)sum;
}

static cnn2snn_status set_activation(struct c2s_qml_emitter *at, size_t main)
{
    cnn2snn_context *context = at->plan->context;
    const struct c2s_derived *derived = c2s_qml_derived(at, main);
    int64_t channels = c2s_qml_channels_out(at, main);
    cnn2snn_tensor *threshold = NULL, *step = NULL;
    cnn2snn_status status;
    C2S_GOTO(c2s_tensor_create(context, CNN2SNN_DTYPE_INT32, 1, &channels, &threshold, at->error));
    C2S_GOTO(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 1, &channels, &step, at->error));
    for (int64_t i = 0; i < channels; i++)
        set_channel(at, derived, i, (int32_t *)threshold->data + i, c2s_f32_writable(step) + i);
    C2S_GOTO(c2s_akida_layer_set_variable(at->model, at->layer, "threshold", -1, -1, threshold, at->error));
    C2S_GOTO(c2s_akida_layer_set_variable(at->model, at->layer, "act_step", -1, -1, step, at->error));
done:
    c2s_tensor_release(threshold);
    c2s_tensor_release(step);
    return status;
}

static cnn2snn_status set_bits(struct c2s_qml_emitter *at, int32_t weight_bits)
{
    bool relu = c2s_block_pattern_has(at->block->pattern, C2S_KIND_QML_RELU);
    const struct c2s_output_quantizer *output = c2s_qml_block_output(at->plan, at->block);
    const struct c2s_qml_parameter parameters[] = {
        {"weights_bits", weight_bits}, {"activation", relu}, {"act_bits", relu && output ? output->bitwidth : 1}};
    return C2S_QML_SET(at, parameters);
}

/* ------------------------------------------------------------------------------------------------ convolutions */

static cnn2snn_status set_geometry(struct c2s_qml_emitter *at, const struct c2s_conv_attributes *conv)
{
    static const struct c2s_pool_attributes none = {.pool_size = {-1, -1}, .strides = {-1, -1}};
    const cnn2snn_layer *max = c2s_qml_block_find(at->plan, at->block, C2S_KIND_QML_MAX_POOLING2D);
    const struct c2s_pool_attributes *pool =
        max ? &((const struct c2s_qml_pool_attributes *)max->attributes)->pool : &none;
    bool average = c2s_block_pattern_has(at->block->pattern, C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D);
    bool same = conv->padding == C2S_SAME || (conv->kernel_size[0] == 1 && conv->kernel_size[1] == 1);
    const struct c2s_qml_parameter parameters[] = {
        {"filters", c2s_qml_channels_out(at, 0)},
        {"kernel_width", conv->kernel_size[0]},
        {"kernel_height", conv->kernel_size[1]},
        {"stride_x", conv->strides[0]},
        {"stride_y", conv->strides[1]},
        {"padding", same ? C2S_PADDING_SAME : C2S_PADDING_VALID},
        {"pool_type", max       ? C2S_POOL_MAX
                      : average ? C2S_POOL_AVERAGE
                                : C2S_POOL_NONE},
        {"pooling_width", pool->pool_size[0]},
        {"pooling_height", pool->pool_size[1]},
        {"pooling_stride_x", pool->strides[0]},
        {"pooling_stride_y", pool->strides[1]},
    };
    return C2S_QML_SET(at, parameters);
}

static cnn2snn_status set_image(struct c2s_qml_emitter *at)
{
    const struct c2s_shape *in = c2s_qml_block_input_shape(at->plan, at->block, 0);
    if (in->rank != 3)
        return c2s_layer_error(at->plan->context, at->error, CNN2SNN_E_VALUE, "Q-080", at->layer->name,
                               "an input of %zu axes, expected 3", in->rank);
    const struct c2s_qml_parameter parameters[] = {
        {"input_width", in->extents[0]},
        {"input_height", in->extents[1]},
        {"input_channels", in->extents[2]},
        {"padding_value", value_of(c2s_qml_derived(at, 0)->integers[C2S_PADDING_VALUE], 0, 0)},
    };
    return C2S_QML_SET(at, parameters);
}

cnn2snn_status c2s_qml_emit_convolution_v1(struct c2s_qml_emitter *at)
{
    enum c2s_block_kind kind = at->block->pattern->kind;
    const struct c2s_qml_conv_attributes *conv = c2s_layer_qml_conv(c2s_qml_block_layer(at->plan, at->block, 0));
    const struct c2s_derived *derived = c2s_qml_derived(at, 0);
    int64_t inputs = c2s_qml_channels_in(at, 0), outputs = c2s_qml_channels_out(at, 0);
    bool separable = kind == C2S_BLOCK_SEPARABLE_CONV;
    C2S_TRY(set_bits(at, conv->quant.weight_bitwidth));
    C2S_TRY(set_geometry(at, &conv->conv));
    if (kind == C2S_BLOCK_INPUT_CONV)
        C2S_TRY(set_image(at));
    const int64_t shape[4] = {conv->conv.kernel_size[0], conv->conv.kernel_size[1], inputs, separable ? 1 : outputs};
    const int64_t pointwise_shape[4] = {1, 1, inputs, outputs};
    C2S_TRY(
        c2s_qml_set_weights(at, "weights", derived->integers[C2S_WEIGHTS], 4, shape, kind != C2S_BLOCK_INPUT_CONV));
    if (separable)
        C2S_TRY(c2s_qml_set_weights(at, "weights_pw", derived->integers[C2S_POINTWISE_WEIGHTS], 4, pointwise_shape,
                                    false));
    return set_activation(at, 0);
}

/* ------------------------------------------------------------------------------------------------ dense */

/* Row (c, y, x) of the Keras row (x, y, c). */
static cnn2snn_status reorder(struct c2s_qml_emitter *at, const cnn2snn_tensor *weights, const struct c2s_shape *in,
                              int64_t units, cnn2snn_tensor **out)
{
    const int64_t *dims = in->extents;
    if (in->rank != 3 || weights->dtype != CNN2SNN_DTYPE_INT8 ||
        c2s_shape_elements(in) * units != (int64_t)weights->count)
        return c2s_layer_error(at->plan->context, at->error, CNN2SNN_E_VALUE, "Q-083", at->layer->name,
                               "the inputs don't fit the %llu weights", (unsigned long long)weights->count);
    C2S_TRY(c2s_tensor_create(at->plan->context, CNN2SNN_DTYPE_INT8, weights->rank, weights->shape, out, at->error));
    int8_t *to = (*out)->data;
    for (int64_t c = 0; c < dims[2]; c++)
        for (int64_t y = 0; y < dims[1]; y++)
            for (int64_t x = 0; x < dims[0]; x++) {
                const int8_t *from = (const int8_t *)weights->data + ((x * dims[1] + y) * dims[2] + c) * units;
                for (int64_t i = 0; i < units; i++)
                    *to++ = from[i];
            }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_qml_emit_dense_v1(struct c2s_qml_emitter *at)
{
    size_t main = c2s_block_pattern_main(at->block->pattern);
    const struct c2s_qml_dense_attributes *dense =
        c2s_layer_qml_dense(c2s_qml_block_layer(at->plan, at->block, main));
    const cnn2snn_tensor *weights = c2s_qml_derived(at, main)->integers[C2S_WEIGHTS];
    const struct c2s_shape *in = c2s_qml_block_input_shape(at->plan, at->block, 0);
    bool reorders = !c2s_shape_equal(in, c2s_qml_block_input_shape(at->plan, at->block, main));
    const struct c2s_qml_parameter parameters[] = {{"units", dense->dense.units}};
    const int64_t shape[4] = {1, 1, c2s_qml_channels_in(at, main), dense->dense.units};
    C2S_TRY(C2S_QML_SET(at, parameters));
    C2S_TRY(set_bits(at, dense->quant.weight_bitwidth));
    cnn2snn_tensor *ordered = NULL;
    if (reorders && weights)
        C2S_TRY(reorder(at, weights, in, dense->dense.units, &ordered));
    cnn2snn_status status = c2s_qml_set_weights(at, "weights", ordered ? ordered : weights, 4, shape, false);
    c2s_tensor_release(ordered);
    return status ? status : set_activation(at, main);
}

/* ------------------------------------------------------------------------------------------------ end */

cnn2snn_status c2s_qml_fold_dequantizer(struct c2s_qml_emitter *at)
{
    struct c2s_akida_layer *last = &at->model->layers[at->model->layer_count - 1];
    const struct c2s_akida_variable *variable = c2s_akida_layer_find_variable(last, "act_step");
    const cnn2snn_tensor *scales = c2s_qml_derived(at, 0)->float_scales;
    if (!variable || !scales || c2s_akida_layer_get_parameter(last, "activation", 0))
        return CNN2SNN_OK;
    if (scales->count != 1 && scales->count != variable->tensor->count)
        return c2s_layer_error(at->plan->context, at->error, CNN2SNN_E_VALUE, "Q-086", last->name,
                               "%llu scales of the Dequantizer, expected one for each of %llu filters",
                               (unsigned long long)scales->count, (unsigned long long)variable->tensor->count);
    cnn2snn_tensor *step = NULL;
    C2S_TRY(c2s_tensor_copy(variable->tensor, &step, at->error));
    for (uint64_t i = 0; i < step->count; i++)
        c2s_f32_writable(step)[i] /= c2s_channel_value(scales, i);
    cnn2snn_status status = c2s_akida_layer_set_variable(at->model, last, "act_step", -1, -1, step, at->error);
    c2s_tensor_release(step);
    return status;
}
