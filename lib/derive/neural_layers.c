/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the integers of layers with kernels: weights, biases, and what their accumulators stand for. */
#include <math.h>
#include <string.h>

#include "base/error.h"
#include "derive/derive_step.h"
#include "numeric/fixed_point.h"

/* ------------------------------------------------------------------------------------------------ weights */

static cnn2snn_status quantize(struct c2s_derive_step *step, const char *name, int32_t bitwidth, int axis,
                               cnn2snn_tensor **integers, cnn2snn_tensor **scales)
{
    if (*integers)
        return CNN2SNN_OK;
    const cnn2snn_tensor *weights = c2s_layer_weight(step->layer, name);
    struct c2s_fixed_weights how = {.bitwidth = bitwidth, .axis = axis};
    if (!weights)
        return c2s_derive_error(step, CNN2SNN_E_STATE, "K-weights", "no weight %s yet", name);
    return c2s_fixed_quantize_weights(&how, weights, integers, scales, step->error);
}

static cnn2snn_status quantize_kernel(struct c2s_derive_step *step, const char *name, int axis)
{
    C2S_TRY(
        quantize(step, name, step->quant->weight_bitwidth, axis, &step->weights->integers, &step->weights->scales));
    step->derived->integers[C2S_WEIGHTS] = c2s_tensor_retain(step->weights->integers);
    return CNN2SNN_OK;
}

/* Swaps the last two axes of a kernel. */
static void swap_axes(const cnn2snn_tensor *from, cnn2snn_tensor *to)
{
    size_t size = c2s_dtype_size(from->dtype);
    int64_t rows = from->shape[2], columns = from->shape[3];
    int64_t planes = rows && columns ? (int64_t)from->count / (rows * columns) : 0;
    const char *in = from->data;
    char *out = to->data;
    for (int64_t i = 0; i < planes; i++, in += rows * columns * (int64_t)size)
        for (int64_t column = 0; column < columns; column++)
            for (int64_t row = 0; row < rows; row++, out += size)
                memcpy(out, in + (row * columns + column) * (int64_t)size, size);
}

/* From (h, w, filters, in) to (h, w, in, filters), in which the configured axis counts. */
static cnn2snn_status quantize_transposed(struct c2s_derive_step *step)
{
    static const int swapped[] = {0, 1, 3, 2};
    int axis = step->quant->weight_axis;
    if (!step->weights->integers) {
        cnn2snn_tensor *kernel = NULL, *turned;
        C2S_TRY(quantize(step, "kernel", step->quant->weight_bitwidth, axis < 0 ? axis : swapped[axis], &kernel,
                         &step->weights->scales));
        const int64_t shape[] = {kernel->shape[0], kernel->shape[1], kernel->shape[3], kernel->shape[2]};
        cnn2snn_status status = c2s_tensor_create(step->context, kernel->dtype, 4, shape, &turned, step->error);
        if (!status)
            swap_axes(kernel, turned);
        c2s_tensor_release(kernel);
        if (status) {
            c2s_tensor_release(step->weights->scales);
            step->weights->scales = NULL;
            return status;
        }
        step->weights->integers = turned;
    }
    step->derived->integers[C2S_WEIGHTS] = c2s_tensor_retain(step->weights->integers);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ accumulators */

/* What the products of `number` with weights of these scales stand for; takes `number` over. */
static cnn2snn_status multiply_scales(struct c2s_derive_step *step, struct c2s_number *number,
                                      const cnn2snn_tensor *scales)
{
    cnn2snn_tensor *product;
    cnn2snn_status status = c2s_derive_multiply(step, scales, number->scales, &product);
    if (!status) {
        c2s_tensor_release(number->scales);
        number->scales = product;
        status = c2s_derive_check_number(step, number);
    }
    if (status)
        c2s_number_free(number);
    else
        step->derived->accumulator = *number;
    return status;
}

static cnn2snn_status add_bias(struct c2s_derive_step *step, bool use_bias)
{
    const cnn2snn_tensor *bias;
    struct c2s_derived *derived = step->derived;
    if (!use_bias)
        return CNN2SNN_OK;
    C2S_TRY(c2s_derive_weight(step, "bias", &bias));
    const struct c2s_fixed_alignment how = {
        .bitwidth = step->quant->bias_bitwidth, .is_signed = true, .one_range = step->one_range};
    return c2s_fixed_align(bias, &derived->accumulator, &how, &derived->integers[C2S_BIAS],
                           &derived->integers[C2S_BIAS_SHIFT], step->error);
}

/* Input, weights and bias of a layer with one kernel. */
static cnn2snn_status accumulate(struct c2s_derive_step *step, bool by_channel, bool use_bias)
{
    int32_t value_bits = step->quant->buffer_bitwidth - 1;
    struct c2s_number number;
    if (by_channel)
        C2S_TRY(c2s_derive_promote(step, &step->inputs[0], value_bits, &number));
    else
        C2S_TRY(c2s_derive_expand(step, value_bits, &number));
    C2S_TRY(multiply_scales(step, &number, step->weights->scales));
    return add_bias(step, use_bias);
}

/* ------------------------------------------------------------------------------------------------ convolutions */

/* The value of the border, in integers of the input. */
static cnn2snn_status quantize_padding(struct c2s_derive_step *step, const struct c2s_qml_conv_attributes *attributes)
{
    cnn2snn_tensor *values, *shift;
    struct c2s_derived *derived = step->derived;
    if (!attributes->padding_values)
        return CNN2SNN_OK;
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, attributes->padding_value_count, true, &values));
    memcpy(values->data, attributes->padding_values, values->size);
    const struct c2s_fixed_alignment how = {
        .bitwidth = step->quant->weight_bitwidth, .is_signed = true, .one_range = step->one_range};
    cnn2snn_status status = c2s_fixed_align(values, &step->inputs[0], &how, &derived->integers[C2S_PADDING_VALUE],
                                            &shift, step->error);
    c2s_tensor_release(values);
    if (!status)
        c2s_tensor_release(shift);
    return status;
}

cnn2snn_status c2s_derive_conv(struct c2s_derive_step *step)
{
    const struct c2s_qml_conv_attributes *attributes = step->layer->attributes;
    C2S_TRY(quantize_kernel(step, "kernel", step->quant->weight_axis));
    C2S_TRY(quantize_padding(step, attributes));
    return accumulate(step, false, attributes->conv.use_bias);
}

cnn2snn_status c2s_derive_conv_transpose(struct c2s_derive_step *step)
{
    C2S_TRY(quantize_transposed(step));
    return accumulate(step, false, c2s_layer_qml_conv(step->layer)->conv.use_bias);
}

cnn2snn_status c2s_derive_depthwise(struct c2s_derive_step *step)
{
    C2S_TRY(quantize_kernel(step, "depthwise_kernel", step->quant->weight_axis));
    return accumulate(step, true, c2s_layer_qml_conv(step->layer)->conv.use_bias);
}

cnn2snn_status c2s_derive_depthwise_transpose(struct c2s_derive_step *step)
{
    C2S_TRY(quantize_kernel(step, "depthwise_kernel", step->quant->weight_axis));
    return accumulate(step, false, c2s_layer_qml_conv(step->layer)->conv.use_bias);
}

cnn2snn_status c2s_derive_separable(struct c2s_derive_step *step)
{
    enum { FILTER_AXIS = 3 };
    struct c2s_number number;
    C2S_TRY(quantize_kernel(step, "depthwise_kernel", step->quant->weight_axis));
    C2S_TRY(quantize(step, "pointwise_kernel", step->quant->pointwise_bitwidth, FILTER_AXIS,
                     &step->weights->more_integers, &step->weights->more_scales));
    step->derived->integers[C2S_POINTWISE_WEIGHTS] = c2s_tensor_retain(step->weights->more_integers);
    C2S_TRY(c2s_derive_expand(step, step->quant->buffer_bitwidth - 1, &number));
    C2S_TRY(multiply_scales(step, &number, step->weights->scales));
    number = step->derived->accumulator;
    step->derived->accumulator = c2s_number_none();
    C2S_TRY(multiply_scales(step, &number, step->weights->more_scales));
    return add_bias(step, c2s_layer_qml_conv(step->layer)->conv.use_bias);
}

/* ------------------------------------------------------------------------------------------------ other layers */

cnn2snn_status c2s_derive_dense(struct c2s_derive_step *step)
{
    C2S_TRY(quantize_kernel(step, "kernel", step->quant->weight_axis));
    return accumulate(step, false, c2s_layer_qml_dense(step->layer)->dense.use_bias);
}

/* What multiplies each channel, and what is added then, in float32 as the releases computed it that had the layer. */
static cnn2snn_status fold_normalization(struct c2s_derive_step *step, cnn2snn_tensor *factors, cnn2snn_tensor *terms)
{
    const struct c2s_qml_batchnorm_attributes *attributes = step->layer->attributes;
    const cnn2snn_tensor *gamma, *beta, *mean, *variance;
    C2S_TRY(c2s_derive_weight(step, "gamma", &gamma));
    C2S_TRY(c2s_derive_weight(step, "beta", &beta));
    C2S_TRY(c2s_derive_weight(step, "moving_mean", &mean));
    C2S_TRY(c2s_derive_weight(step, "moving_variance", &variance));
    for (uint64_t i = 0; i < factors->count; i++) {
        float spread = c2s_f32(variance)[i] + (float)attributes->epsilon;
        if (spread <= 0)
            return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-020", "moving_variance[%llu] is %g, which has no root",
                                    (unsigned long long)i, (double)c2s_f32(variance)[i]);
        float part = 1 / sqrtf(spread);
        c2s_f32_writable(factors)[i] = c2s_f32(gamma)[i] * part;
        float moved = -c2s_f32(mean)[i] * c2s_f32(gamma)[i];
        moved = moved * part;
        c2s_f32_writable(terms)[i] = moved + c2s_f32(beta)[i];
    }
    return CNN2SNN_OK;
}

static cnn2snn_status derive_normalization(struct c2s_derive_step *step, cnn2snn_tensor *factors,
                                           cnn2snn_tensor *terms)
{
    struct c2s_derived *derived = step->derived;
    const struct c2s_fixed_weights how = {.bitwidth = step->quant->weight_bitwidth, .axis = -1};
    const struct c2s_fixed_alignment align = {
        .bitwidth = step->quant->bias_bitwidth, .is_signed = true, .one_range = step->one_range};
    struct c2s_derived_weights *weights = step->weights;
    struct c2s_number number;
    C2S_TRY(fold_normalization(step, factors, terms));
    if (!weights->integers)
        C2S_TRY(c2s_fixed_quantize_weights(&how, factors, &weights->integers, &weights->scales, step->error));
    derived->integers[C2S_WEIGHTS] = c2s_tensor_retain(weights->integers);
    C2S_TRY(c2s_derive_expand(step, step->quant->buffer_bitwidth - 1, &number));
    C2S_TRY(multiply_scales(step, &number, weights->scales));
    return c2s_fixed_align(terms, &derived->accumulator, &align, &derived->integers[C2S_BIAS],
                           &derived->integers[C2S_BIAS_SHIFT], step->error);
}

/* A factor and a term for each channel: a depthwise convolution of one pixel. */
cnn2snn_status c2s_derive_batchnorm(struct c2s_derive_step *step)
{
    cnn2snn_tensor *factors, *terms = NULL;
    const cnn2snn_tensor *gamma;
    C2S_TRY(c2s_derive_weight(step, "gamma", &gamma));
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, gamma->count, false, &factors));
    cnn2snn_status status = c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, gamma->count, false, &terms);
    if (!status)
        status = derive_normalization(step, factors, terms);
    c2s_tensor_release(factors);
    c2s_tensor_release(terms);
    return status;
}

cnn2snn_status c2s_derive_buffer_temp_conv(struct c2s_derive_step *step)
{
    const struct c2s_qml_temporal_attributes *attributes = step->layer->attributes;
    C2S_TRY(quantize_kernel(step, "kernel", step->quant->weight_axis));
    return accumulate(step, false, attributes->use_bias);
}
