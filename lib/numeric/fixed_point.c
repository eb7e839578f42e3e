/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed-point arithmetic: how floats become integers, scales and shifts. */
#include "numeric/fixed_point.h"

#include <math.h>

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

/* Elements behind one step along the axis, and entries of the axis; one entry for all without an axis. */
static void axis_extents(const cnn2snn_tensor *weights, int axis, uint64_t *inner, uint64_t *entries)
{
    *inner = 1;
    *entries = 1;
    if (axis < 0 || !weights->count)
        return;
    for (size_t i = (size_t)axis + 1; i < weights->rank; i++)
        *inner *= (uint64_t)weights->shape[i];
    *entries = (uint64_t)weights->shape[axis];
}

static void measure_ranges(const cnn2snn_tensor *weights, uint64_t inner, uint64_t entries, float *ranges)
{
    const float *w = c2s_f32(weights);
    for (uint64_t i = 0; i < entries; i++)
        ranges[i] = 0;
    for (uint64_t i = 0; i < weights->count; i++) {
        float *range = &ranges[entries == 1 ? 0 : i / inner % entries];
        *range = fmaxf(*range, fabsf(w[i]));
    }
}

static int32_t weight_integer(const struct c2s_fixed_weights *how, float weight, float parameter)
{
    float scaled = how->fixed_point ? weight * ldexpf(1, (int)parameter) : weight / parameter;
    return (int32_t)c2s_fixed_clip(rintf(scaled), how->bitwidth - 1);
}

static cnn2snn_status check_weights(const struct c2s_fixed_weights *how, const cnn2snn_tensor *weights,
                                    cnn2snn_error **error)
{
    if (how->bitwidth < 2 || how->bitwidth > 16)
        return c2s_error(weights->context, error, CNN2SNN_E_VALUE, "Q-007", "weights of %d bits, expected 2 to 16",
                         (int)how->bitwidth);
    for (uint64_t i = 0; i < weights->count; i++)
        if (!isfinite(c2s_f32(weights)[i]))
            return c2s_error(weights->context, error, CNN2SNN_E_VALUE, "Q-007", "weight %llu is no finite number",
                             (unsigned long long)i);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_fixed_quantize_weights(const struct c2s_fixed_weights *how, const cnn2snn_tensor *weights,
                                          cnn2snn_tensor **out_integers, cnn2snn_tensor **out_parameters,
                                          cnn2snn_error **error)
{
    cnn2snn_tensor *integers = NULL, *parameters = NULL;
    uint64_t inner, entries;
    *out_integers = *out_parameters = NULL;
    C2S_TRY(check_weights(how, weights, error));
    axis_extents(weights, how->axis, &inner, &entries);
    int64_t extent = (int64_t)entries;
    C2S_TRY(c2s_tensor_create(weights->context, CNN2SNN_DTYPE_FLOAT32, how->axis >= 0 ? 1 : 0, &extent, &parameters,
                              error));
    cnn2snn_status status =
        c2s_tensor_create(weights->context, how->bitwidth > 8 ? CNN2SNN_DTYPE_INT16 : CNN2SNN_DTYPE_INT8,
                          weights->rank, weights->shape, &integers, error);
    if (status) {
        c2s_tensor_release(parameters);
        return status;
    }
    float *p = c2s_f32_writable(parameters);
    int32_t value_bits = how->bitwidth - 1;
    measure_ranges(weights, inner, entries, p);
    for (uint64_t i = 0; i < entries; i++)
        p[i] = how->fixed_point
                   ? c2s_fixed_max_frac(value_bits, p[i], true)
                   : fmaxf(c2s_fixed_divide_constant(p[i], ldexpf(1, value_bits) - 1), least_weight_scale);
    for (uint64_t i = 0; i < weights->count; i++) {
        int32_t integer = weight_integer(how, c2s_f32(weights)[i], p[entries == 1 ? 0 : i / inner % entries]);
        if (how->bitwidth > 8)
            ((int16_t *)integers->data)[i] = (int16_t)integer;
        else
            ((int8_t *)integers->data)[i] = (int8_t)integer;
    }
    *out_integers = integers;
    *out_parameters = parameters;
    return CNN2SNN_OK;
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
static float range_of(const cnn2snn_tensor *values, uint64_t index, int32_t bitwidth)
{
    if (bitwidth > 4)
        return fabsf(c2s_channel_value(values, index));
    float largest = 0;
    for (uint64_t i = 0; i < values->count; i++)
        largest = fmaxf(largest, fabsf(c2s_f32(values)[i]));
    return largest;
}

cnn2snn_status c2s_fixed_align(const cnn2snn_tensor *values, const struct c2s_number *number, int32_t bitwidth,
                               bool is_signed, cnn2snn_tensor **out_values, cnn2snn_tensor **out_shift,
                               cnn2snn_error **error)
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
    int32_t value_bits = is_signed ? bitwidth - 1 : bitwidth;
    for (uint64_t i = 0; i < count && !status; i++) {
        float scale = number->scales ? c2s_channel_value(number->scales, i) : 1;
        float own = c2s_channel_value(number->frac_bits, i), value = c2s_channel_value(values, i);
        float range = range_of(values, i, bitwidth) / scale;
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
