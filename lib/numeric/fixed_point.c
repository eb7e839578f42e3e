/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-point arithmetic: how floats become integers, scales and shifts. */
#include "numeric/fixed_point.h"

#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"

/* ------------------------------------------------------------------------------------------------ numbers */

/* float32 of 1 / ln 2 as the reference's graphs have it. */
static const float reciprocal_ln2 = 1.442695f;
static const float least_weight_scale = 1e-6f;

float c2s_fixed_ceil_log2(float x)
{
    /* The double logarithm rounded once is the correctly rounded float32 one, but for ties that no float32 hits. */
    float logarithm = (float)log((double)x);
    return ceilf(logarithm * reciprocal_ln2);
}

float c2s_fixed_divide_constant(float x, float divisor)
{
    float reciprocal = 1.0f / divisor;
    return x * reciprocal;
}

float c2s_fixed_max_frac(int32_t value_bits, float range, bool clamped)
{
    float bits = (float)value_bits - c2s_fixed_ceil_log2(range);
    return clamped ? fminf(bits, (float)value_bits) : bits;
}

double c2s_fixed_clip(double value, int32_t value_bits)
{
    double limit = ldexp(1, value_bits);
    return value < -limit ? -limit : value > limit - 1 ? limit - 1 : value;
}

double c2s_fixed_rescale(double value, double shift, int32_t value_bits)
{
    return c2s_fixed_clip(floor(ldexp(value, (int)shift) + 0.5), value_bits);
}

/* ------------------------------------------------------------------------------------------------ weights */

/* Weights in rows of `entries` runs of `inner` ones that share a parameter. */
struct weight_axis {
    uint64_t rows, entries, inner;
};

static struct weight_axis axis_of(const cnn2snn_tensor *weights, int axis)
{
    struct weight_axis extents = {1, 1, 1};
    for (size_t i = 0; i < weights->rank; i++) {
        uint64_t extent = (uint64_t)weights->shape[i];
        if (axis >= 0 && i < (size_t)axis)
            extents.rows *= extent;
        else if (axis >= 0 && i == (size_t)axis)
            extents.entries = extent;
        else
            extents.inner *= extent;
    }
    return extents;
}

/* The bits of |x| order as |x| does, and those of what is not finite come last. */
static inline int32_t magnitude_bits(float x)
{
    int32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits & INT32_MAX;
}

/* The largest magnitude of each entry, as bits. */
static void measure_ranges(const float *w, const struct weight_axis *axis, int32_t *ranges)
{
    memset(ranges, 0, axis->entries * sizeof *ranges);
    if (axis->inner == 1) {
        for (uint64_t row = 0; row < axis->rows; row++, w += axis->entries)
            for (uint64_t i = 0; i < axis->entries; i++) {
                int32_t bits = magnitude_bits(w[i]);
                ranges[i] = bits > ranges[i] ? bits : ranges[i];
            }
        return;
    }
    for (uint64_t row = 0; row < axis->rows; row++)
        for (uint64_t entry = 0; entry < axis->entries; entry++, w += axis->inner) {
            int32_t most = ranges[entry];
            for (uint64_t i = 0; i < axis->inner; i++) {
                int32_t bits = magnitude_bits(w[i]);
                most = bits > most ? bits : most;
            }
            ranges[entry] = most;
        }
}

/* What weights are divided by, in place of their ranges. In fixed point it is a power of two. */
static void find_divisors(const struct c2s_fixed_weights *how, uint64_t entries, float *ranges)
{
    int32_t value_bits = how->bitwidth - 1;
    for (uint64_t i = 0; i < entries; i++)
        ranges[i] = how->fixed_point
                        ? ldexpf(1, -(int)c2s_fixed_max_frac(value_bits, ranges[i], true))
                        : fmaxf(c2s_fixed_divide_constant(ranges[i], ldexpf(1, value_bits) - 1), least_weight_scale);
}

enum { BLOCK = 256 };

/* Rounds to the nearest, ties to even: quotients are far below 2^22. */
static void limit_block(float *x, size_t count, float least, float most)
{
    const float magic = 0x1.8p23f;
    for (size_t i = 0; i < count; i++) {
        float rounded = (x[i] + magic) - magic;
        rounded = rounded < least ? least : rounded;
        x[i] = rounded > most ? most : rounded;
    }
}

/* `count` weights by divisors that are `step` (0 or 1) apart. */
static void quantize_run(const float *w, const float *divisors, uint64_t step, uint64_t count, float least,
                         int8_t *out8, int16_t *out16)
{
    float block[BLOCK];
    for (uint64_t done = 0; done < count; done += BLOCK) {
        size_t size = count - done < BLOCK ? (size_t)(count - done) : BLOCK;
        if (step)
            for (size_t i = 0; i < size; i++)
                block[i] = w[done + i] / divisors[done + i];
        else
            for (size_t i = 0; i < size; i++)
                block[i] = w[done + i] / *divisors;
        limit_block(block, size, least, -least - 1);
        if (out16)
            for (size_t i = 0; i < size; i++)
                out16[done + i] = (int16_t)block[i];
        else
            for (size_t i = 0; i < size; i++)
                out8[done + i] = (int8_t)block[i];
    }
}

static void quantize_all(const float *w, const struct weight_axis *axis, const float *divisors, int32_t bitwidth,
                         cnn2snn_tensor *integers)
{
    float least = -ldexpf(1, bitwidth - 1);
    int8_t *out8 = integers->data;
    int16_t *out16 = bitwidth > 8 ? integers->data : NULL;
    uint64_t step = axis->inner == 1, run = step ? axis->entries : axis->inner;
    for (uint64_t row = 0, done = 0; row < axis->rows; row++)
        for (uint64_t entry = 0; entry < axis->entries; entry += step ? run : 1, done += run)
            quantize_run(w + done, divisors + entry, step, run, least, out8 + done, out16 ? out16 + done : NULL);
}

static cnn2snn_status check_ranges(const cnn2snn_tensor *weights, const int32_t *ranges, uint64_t entries,
                                   cnn2snn_error **error)
{
    const int32_t infinite = 0x7f800000;
    int32_t most = 0;
    for (uint64_t i = 0; i < entries; i++)
        most = ranges[i] > most ? ranges[i] : most;
    for (uint64_t i = 0; most >= infinite && i < weights->count; i++)
        if (!isfinite(c2s_f32(weights)[i]))
            return c2s_error(weights->context, error, CNN2SNN_E_VALUE, "Q-007", "weight %llu is no finite number",
                             (unsigned long long)i);
    return CNN2SNN_OK;
}

static cnn2snn_status fill_weights(const struct c2s_fixed_weights *how, const cnn2snn_tensor *weights,
                                   cnn2snn_tensor *integers, cnn2snn_tensor *parameters, cnn2snn_error **error)
{
    struct weight_axis axis = axis_of(weights, how->axis);
    float *p = c2s_f32_writable(parameters);
    measure_ranges(c2s_f32(weights), &axis, parameters->data); /* bits of the floats that they then are */
    C2S_TRY(check_ranges(weights, parameters->data, axis.entries, error));
    find_divisors(how, axis.entries, p);
    quantize_all(c2s_f32(weights), &axis, p, how->bitwidth, integers);
    for (uint64_t i = 0; how->fixed_point && i < axis.entries; i++)
        p[i] = (float)-ilogbf(p[i]);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_fixed_quantize_weights(const struct c2s_fixed_weights *how, const cnn2snn_tensor *weights,
                                          cnn2snn_tensor **out_integers, cnn2snn_tensor **out_parameters,
                                          cnn2snn_error **error)
{
    cnn2snn_dtype dtype = how->bitwidth > 8 ? CNN2SNN_DTYPE_INT16 : CNN2SNN_DTYPE_INT8;
    *out_integers = *out_parameters = NULL;
    if (how->bitwidth < 2 || how->bitwidth > 16)
        return c2s_error(weights->context, error, CNN2SNN_E_VALUE, "Q-007", "weights of %d bits, expected 2 to 16",
                         (int)how->bitwidth);
    int64_t extent = how->axis >= 0 ? weights->shape[how->axis] : 1;
    cnn2snn_status status = c2s_tensor_create(weights->context, CNN2SNN_DTYPE_FLOAT32, how->axis >= 0 ? 1 : 0,
                                              &extent, out_parameters, error);
    if (!status)
        status = c2s_tensor_create(weights->context, dtype, weights->rank, weights->shape, out_integers, error);
    if (!status)
        status = fill_weights(how, weights, *out_integers, *out_parameters, error);
    if (status) {
        c2s_tensor_release(*out_integers);
        c2s_tensor_release(*out_parameters);
        *out_integers = *out_parameters = NULL;
    }
    return status;
}

/* ------------------------------------------------------------------------------------------------ entries */

/* Entries of what combines tensors of one entry or of one a channel. */
static cnn2snn_status common_count(cnn2snn_context *context, size_t count, const cnn2snn_tensor *const *tensors,
                                   uint64_t *out_count, cnn2snn_error **error)
{
    *out_count = 1;
    for (size_t i = 0; i < count; i++) {
        if (!tensors[i] || tensors[i]->count == 1)
            continue;
        if (*out_count != 1 && tensors[i]->count != *out_count)
            return c2s_error(context, error, CNN2SNN_E_VALUE, "Q-005", "%llu entries, expected 1 or %llu",
                             (unsigned long long)tensors[i]->count, (unsigned long long)*out_count);
        *out_count = tensors[i]->count;
    }
    return CNN2SNN_OK;
}

static cnn2snn_status create_entries(cnn2snn_context *context, cnn2snn_dtype dtype, uint64_t count, bool scalar,
                                     cnn2snn_tensor **out, cnn2snn_error **error)
{
    int64_t extent = (int64_t)count;
    return c2s_tensor_create(context, dtype, scalar && count == 1 ? 0 : 1, &extent, out, error);
}

static bool all_scalars(size_t count, const cnn2snn_tensor *const *tensors)
{
    for (size_t i = 0; i < count; i++)
        if (tensors[i] && tensors[i]->rank)
            return false;
    return true;
}

/* ------------------------------------------------------------------------------------------------ aligned values */

/* Widths up to 4 bits share the range of the largest value. */
static float range_of(const cnn2snn_tensor *values, uint64_t index, const struct c2s_fixed_alignment *how)
{
    if (how->bitwidth > 4 && !how->one_range)
        return fabsf(c2s_channel_value(values, index));
    float largest = 0;
    for (uint64_t i = 0; i < values->count; i++)
        largest = fmaxf(largest, fabsf(c2s_f32(values)[i]));
    return largest;
}

cnn2snn_status c2s_fixed_align(const cnn2snn_tensor *values, const struct c2s_number *number,
                               const struct c2s_fixed_alignment *how, cnn2snn_tensor **out_values,
                               cnn2snn_tensor **out_shift, cnn2snn_error **error)
{
    cnn2snn_context *context = values->context;
    const cnn2snn_tensor *parts[] = {values, number->frac_bits, number->scales};
    uint64_t count;
    *out_values = *out_shift = NULL;
    C2S_TRY(common_count(context, 3, parts, &count, error));
    C2S_TRY(create_entries(context, CNN2SNN_DTYPE_INT32, count, all_scalars(3, parts), out_values, error));
    cnn2snn_status status =
        create_entries(context, CNN2SNN_DTYPE_INT32, count, all_scalars(3, parts), out_shift, error);
    if (status) {
        c2s_tensor_release(*out_values);
        *out_values = NULL;
        return status;
    }
    int32_t value_bits = how->is_signed ? how->bitwidth - 1 : how->bitwidth;
    for (uint64_t i = 0; i < count && !status; i++) {
        float scale = number->scales ? c2s_channel_value(number->scales, i) : 1;
        float own = c2s_channel_value(number->frac_bits, i), value = c2s_channel_value(values, i);
        float range = range_of(values, i, how) / scale;
        if (!isfinite(range)) {
            status = c2s_error(context, error, CNN2SNN_E_VALUE, "Q-009", "value %g in steps of %g is beyond float32",
                               (double)value, (double)scale);
            break;
        }
        float bits = fminf(c2s_fixed_max_frac(value_bits, range, true), own);
        double integer = c2s_fixed_clip(rintf(value / scale * ldexpf(1, (int)bits)), value_bits);
        ((int32_t *)(*out_shift)->data)[i] = (int32_t)(own - bits);
        ((int32_t *)(*out_values)->data)[i] =
            (int32_t)c2s_fixed_clip(c2s_fixed_rescale(integer, own - bits, number->value_bits), 31);
    }
    if (status) {
        c2s_tensor_release(*out_values);
        c2s_tensor_release(*out_shift);
        *out_values = *out_shift = NULL;
    }
    return status;
}

/* ------------------------------------------------------------------------------------------------ outputs */

cnn2snn_status c2s_fixed_quantize_scales(const cnn2snn_tensor *scales, int32_t scale_bits,
                                         cnn2snn_tensor **out_mantissas, cnn2snn_tensor **out_frac_bits,
                                         cnn2snn_error **error)
{
    *out_mantissas = *out_frac_bits = NULL;
    C2S_TRY(
        c2s_tensor_create(scales->context, CNN2SNN_DTYPE_FLOAT32, scales->rank, scales->shape, out_mantissas, error));
    cnn2snn_status status =
        c2s_tensor_create(scales->context, CNN2SNN_DTYPE_FLOAT32, scales->rank, scales->shape, out_frac_bits, error);
    if (status) {
        c2s_tensor_release(*out_mantissas);
        *out_mantissas = NULL;
        return status;
    }
    for (uint64_t i = 0; i < scales->count; i++) {
        float scale = c2s_f32(scales)[i], bits = c2s_fixed_max_frac(scale_bits, scale, false);
        c2s_f32_writable(*out_frac_bits)[i] = bits;
        c2s_f32_writable(*out_mantissas)[i] = (float)c2s_fixed_clip(rintf(scale * ldexpf(1, (int)bits)), scale_bits);
    }
    return CNN2SNN_OK;
}

/* scales * rescaling_rate, each product rounded. */
static cnn2snn_status rescale_scales(const cnn2snn_tensor *scales, const cnn2snn_tensor *rate, cnn2snn_tensor **out,
                                     cnn2snn_error **error)
{
    const cnn2snn_tensor *parts[] = {scales, rate};
    uint64_t count;
    C2S_TRY(common_count(scales->context, 2, parts, &count, error));
    C2S_TRY(create_entries(scales->context, CNN2SNN_DTYPE_FLOAT32, count, all_scalars(2, parts), out, error));
    for (uint64_t i = 0; i < count; i++) {
        float scale = c2s_channel_value(scales, i);
        c2s_f32_writable(*out)[i] = rate ? scale * c2s_channel_value(rate, i) : scale;
    }
    return CNN2SNN_OK;
}

/* What must be there of every entry for a shift to be a number that files can hold. */
static cnn2snn_status check_range(const cnn2snn_tensor *values, bool zero, const char *what, cnn2snn_error **error)
{
    for (uint64_t i = 0; i < values->count; i++) {
        float value = c2s_f32(values)[i];
        if (!(zero ? value >= 0 : value > 0) || !isfinite(value))
            return c2s_error(values->context, error, CNN2SNN_E_VALUE, "Q-012",
                             "%s is %g, expected a finite number %s 0", what, (double)value, zero ? "from" : "above");
    }
    return CNN2SNN_OK;
}

struct output_parts {
    cnn2snn_tensor *scales, *mantissas, *scale_bits;
};

static cnn2snn_status quantize_output_scales(const struct c2s_fixed_output *how, const struct c2s_number *number,
                                             struct output_parts *parts, cnn2snn_error **error)
{
    if (!number->scales)
        return CNN2SNN_OK;
    C2S_TRY(rescale_scales(number->scales, how->rescaling_rate, &parts->scales, error));
    C2S_TRY(check_range(parts->scales, false, "an output scale", error));
    return c2s_fixed_quantize_scales(parts->scales, how->scale_bits, &parts->mantissas, &parts->scale_bits, error);
}

static cnn2snn_status find_shifts(const struct c2s_fixed_output *how, const struct c2s_number *number,
                                  const struct output_parts *parts, cnn2snn_tensor **out_shift,
                                  struct c2s_number *out_number, cnn2snn_error **error)
{
    cnn2snn_context *context = how->range_max->context;
    const cnn2snn_tensor *all[] = {how->range_max, number->frac_bits, parts->scale_bits};
    uint64_t count;
    C2S_TRY(common_count(context, 3, all, &count, error));
    C2S_TRY(create_entries(context, CNN2SNN_DTYPE_INT32, count, all_scalars(3, all), out_shift, error));
    C2S_TRY(create_entries(context, CNN2SNN_DTYPE_FLOAT32, how->range_max->count, !how->range_max->rank,
                           &out_number->frac_bits, error));
    out_number->value_bits = how->value_bits;
    for (uint64_t i = 0; i < how->range_max->count; i++)
        c2s_f32_writable(out_number->frac_bits)[i] =
            c2s_fixed_max_frac(how->value_bits, c2s_f32(how->range_max)[i], true);
    for (uint64_t i = 0; i < count; i++) {
        float from = c2s_channel_value(number->frac_bits, i);
        float scale = parts->scale_bits ? c2s_channel_value(parts->scale_bits, i) : 0;
        float shift = c2s_channel_value(out_number->frac_bits, i) - (from + scale);
        ((int32_t *)(*out_shift)->data)[i] = (int32_t)shift;
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_fixed_quantize_output(const struct c2s_fixed_output *how, const struct c2s_number *number,
                                         cnn2snn_tensor **out_mantissas, cnn2snn_tensor **out_shift,
                                         struct c2s_number *out_number, cnn2snn_error **error)
{
    struct output_parts parts = {NULL, NULL, NULL};
    *out_mantissas = *out_shift = NULL;
    *out_number = c2s_number_none();
    if (number->value_bits <= how->value_bits)
        return c2s_error(how->range_max->context, error, CNN2SNN_E_VALUE, "Q-013",
                         "output of %d value bits, expected fewer than the %d of what is quantized",
                         (int)how->value_bits, (int)number->value_bits);
    cnn2snn_status status = check_range(how->range_max, true, "range_max", error);
    if (!status)
        status = quantize_output_scales(how, number, &parts, error);
    if (!status)
        status = find_shifts(how, number, &parts, out_shift, out_number, error);
    if (!status && parts.mantissas)
        status = c2s_tensor_convert(parts.mantissas, CNN2SNN_DTYPE_INT32, out_mantissas, error);
    c2s_tensor_release(parts.scales);
    c2s_tensor_release(parts.mantissas);
    c2s_tensor_release(parts.scale_bits);
    if (status) {
        c2s_tensor_release(*out_shift);
        *out_shift = NULL;
        c2s_number_free(out_number);
    }
    return status;
}
