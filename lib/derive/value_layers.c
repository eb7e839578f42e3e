/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the integers of quantizers, activations, pooling and sums. */
#include <math.h>

#include "base/error.h"
#include "derive/derive_step.h"
#include "numeric/fixed_point.h"

/* ------------------------------------------------------------------------------------------------ inputs */

/* Bits of an integer type without the sign; 0 for floats. */
static int32_t bits_of_type(cnn2snn_dtype dtype)
{
    int32_t bits = (int32_t)(8 * c2s_dtype_size(dtype));
    switch (dtype) {
    case CNN2SNN_DTYPE_UINT8:
    case CNN2SNN_DTYPE_UINT16:
    case CNN2SNN_DTYPE_UINT32:
    case CNN2SNN_DTYPE_UINT64:
        return bits;
    case CNN2SNN_DTYPE_INT8:
    case CNN2SNN_DTYPE_INT16:
    case CNN2SNN_DTYPE_INT32:
    case CNN2SNN_DTYPE_INT64:
        return bits - 1;
    default:
        return 0;
    }
}

/* Integers of an input's own type are taken as they are; floats are not integers yet. */
cnn2snn_status c2s_derive_input(struct c2s_derive_step *step)
{
    const struct c2s_input_attributes *attributes = step->layer->attributes;
    struct c2s_number *number = &step->derived->accumulator;
    int32_t bits = bits_of_type(attributes->dtype);
    if (!bits)
        return CNN2SNN_OK;
    C2S_TRY(c2s_scalar_create(step->context, 0, &number->frac_bits, step->error));
    number->value_bits = bits;
    return CNN2SNN_OK;
}

static cnn2snn_status check_range(struct c2s_derive_step *step, float least, float most, bool is_signed)
{
    if (most >= least && (is_signed || least <= 0))
        return CNN2SNN_OK;
    return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-014", "range from %g to %g, expected %s", (double)least,
                            (double)most, is_signed ? "the lower limit first" : "one with 0 in it");
}

static cnn2snn_status fill_input_quantizer(struct c2s_derive_step *step, const cnn2snn_tensor *least,
                                           const cnn2snn_tensor *most)
{
    const struct c2s_qml_input_quantizer_attributes *attributes = step->layer->attributes;
    struct c2s_derived *derived = step->derived;
    struct c2s_number *number = &derived->accumulator;
    bool is_signed = attributes->is_signed;
    number->value_bits = attributes->bitwidth - (is_signed ? 1 : 0);
    for (uint64_t i = 0; i < least->count; i++) {
        float low = c2s_f32(least)[i], high = c2s_f32(most)[i];
        C2S_TRY(check_range(step, low, high, is_signed));
        float range = is_signed ? fmaxf(fabsf(high), fabsf(low)) : high - low;
        float bits = c2s_fixed_max_frac(number->value_bits, range, true);
        c2s_f32_writable(number->frac_bits)[i] = bits;
        c2s_f32_writable(derived->float_scales)[i] = ldexpf(1, (int)bits);
        if (!is_signed)
            c2s_i32_writable(derived->integers[C2S_ZERO_POINTS])[i] =
                (int32_t)c2s_fixed_clip(rintf(-low * ldexpf(1, (int)bits)), number->value_bits);
    }
    return c2s_derive_check_number(step, number);
}

cnn2snn_status c2s_derive_input_quantizer(struct c2s_derive_step *step)
{
    const struct c2s_qml_input_quantizer_attributes *attributes = step->layer->attributes;
    const cnn2snn_tensor *least, *most;
    struct c2s_derived *derived = step->derived;
    struct c2s_number *number = &derived->accumulator;
    C2S_TRY(c2s_derive_weight(step, "range_min", &least));
    C2S_TRY(c2s_derive_weight(step, "range_max", &most));
    bool scalar = !least->rank;
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, least->count, scalar, &number->frac_bits));
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, least->count, scalar, &derived->float_scales));
    if (!attributes->is_signed) {
        C2S_TRY(c2s_scalar_create(step->context, 1, &number->scales, step->error));
        C2S_TRY(
            c2s_derive_create(step, CNN2SNN_DTYPE_INT32, least->count, scalar, &derived->integers[C2S_ZERO_POINTS]));
    }
    return fill_input_quantizer(step, least, most);
}

cnn2snn_status c2s_derive_dequantizer(struct c2s_derive_step *step)
{
    const struct c2s_number *input = &step->inputs[0];
    cnn2snn_tensor **scales = &step->derived->float_scales;
    uint64_t count;
    bool scalar = !input->frac_bits->rank && (!input->scales || !input->scales->rank);
    C2S_TRY(c2s_derive_entries(step, input->frac_bits, input->scales, &count));
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, count, scalar, scales));
    for (uint64_t i = 0; i < count; i++) {
        float scale = input->scales ? c2s_channel_value(input->scales, i) : 1;
        c2s_f32_writable(*scales)[i] = scale / ldexpf(1, (int)c2s_channel_value(input->frac_bits, i));
    }
    step->derived->accumulator = c2s_number_retain(input);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ activations */

/* The input in `value_bits`, with scales in any case. */
static cnn2snn_status with_scales(struct c2s_derive_step *step, int32_t value_bits)
{
    struct c2s_number *number = &step->derived->accumulator;
    C2S_TRY(c2s_derive_promote(step, &step->inputs[0], value_bits, number));
    return number->scales ? CNN2SNN_OK : c2s_scalar_create(step->context, 1, &number->scales, step->error);
}

cnn2snn_status c2s_derive_relu(struct c2s_derive_step *step)
{
    const struct c2s_qml_relu_attributes *attributes = step->layer->attributes;
    struct c2s_derived *derived = step->derived;
    cnn2snn_tensor *limit;
    C2S_TRY(with_scales(step, step->quant->buffer_bitwidth));
    if (isinf(attributes->max_value))
        return CNN2SNN_OK;
    C2S_TRY(c2s_scalar_create(step->context, attributes->max_value, &limit, step->error));
    const struct c2s_fixed_alignment how = {.bitwidth = step->quant->max_value_bitwidth};
    cnn2snn_status status =
        c2s_fixed_align(limit, &derived->accumulator, &how, &derived->integers[C2S_MAX_VALUE],
                        &derived->integers[C2S_MAX_VALUE_SHIFT], step->error);
    c2s_tensor_release(limit);
    return status;
}

/* Each step in float32, transcendental functions by way of double. */
static float apply(enum c2s_function function, float alpha, float x)
{
    switch (function) {
    case C2S_HARD_SILU: {
        float product = x * fminf(fmaxf(x + 3.0f, 0), 6);
        return c2s_fixed_divide_constant(product, 6);
    }
    case C2S_LEAKY_RELU:
        return x > 0 ? x : x * alpha;
    case C2S_SWISH: {
        float sigmoid = (float)(1 / (1 + exp(-(double)x)));
        return x * sigmoid;
    }
    default: {
        float half = 0.5f * x, argument = x / 1.41421356f;
        float bell = (float)erf((double)argument);
        float sum = 1.0f + bell;
        return half * sum;
    }
    }
}

/* values: float32 of the function at each input; *out_scale: what one step of the table stands for. */
static cnn2snn_status fill_table(struct c2s_derive_step *step, float *values, cnn2snn_tensor *table, float *out_scale)
{
    const struct c2s_qml_activation_attributes *attributes = step->layer->attributes;
    const struct c2s_number *input = &step->inputs[0];
    int32_t bits = step->quant->lut_bitwidth - 1;
    float unit = ldexpf(1, -(int)c2s_f32(input->frac_bits)[0]), largest = 0;
    int32_t first = -(int32_t)(table->count / 2);
    for (uint64_t i = 0; i < table->count; i++) {
        values[i] = apply(attributes->function, attributes->alpha, (float)(first + (int32_t)i) * unit);
        largest = fmaxf(largest, fabsf(values[i]));
    }
    *out_scale = c2s_fixed_divide_constant(largest, ldexpf(1, bits) - 1);
    if (!isfinite(*out_scale) || *out_scale <= 0)
        return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-029", "its table goes up to %g, expected a finite number",
                                (double)largest);
    for (uint64_t i = 0; i < table->count; i++)
        c2s_i32_writable(table)[i] = (int32_t)c2s_fixed_clip(rintf(values[i] / *out_scale), bits);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_derive_activation(struct c2s_derive_step *step)
{
    enum { MAX_TABLE_BITS = 15 };
    const struct c2s_number *input = &step->inputs[0];
    struct c2s_number *number = &step->derived->accumulator;
    cnn2snn_tensor **table = &step->derived->integers[C2S_LUT_VALUES], *values;
    float scale = 0;
    C2S_TRY(c2s_derive_require_per_tensor(step, input));
    if (input->value_bits > MAX_TABLE_BITS)
        return c2s_derive_error(
            step, CNN2SNN_E_UNSUPPORTED, "Q-029",
            "input of %d value bits, expected at most %d: an output quantizer is missing in front",
            (int)input->value_bits, MAX_TABLE_BITS);
    uint64_t count = UINT64_C(2) << input->value_bits;
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_INT32, count, false, table));
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, count, false, &values));
    cnn2snn_status status = fill_table(step, c2s_f32_writable(values), *table, &scale);
    c2s_tensor_release(values);
    C2S_TRY(status);
    number->value_bits = step->quant->lut_bitwidth - 1;
    C2S_TRY(c2s_scalar_create(step->context, 0, &number->frac_bits, step->error));
    return c2s_scalar_create(step->context, scale, &number->scales, step->error);
}

/* ------------------------------------------------------------------------------------------------ the rest */

/* A sum over rows and columns; the division by their number is in the scales. */
cnn2snn_status c2s_derive_global_pool(struct c2s_derive_step *step)
{
    const struct c2s_qml_pool_attributes *attributes = step->layer->attributes;
    size_t row = attributes->pool.channels_first ? 1 : 0;
    int64_t rows = step->input_shapes[0].extents[row], columns = step->input_shapes[0].extents[row + 1];
    struct c2s_number *number = &step->derived->accumulator;
    cnn2snn_tensor *part, *scales;
    if (step->input_shapes[0].rank != 3 || rows <= 0 || columns <= 0)
        return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-033", "the size of its input is open");
    C2S_TRY(c2s_derive_expand(step, step->quant->buffer_bitwidth, number));
    float share = c2s_fixed_divide_constant(1, (float)rows * (float)columns);
    C2S_TRY(c2s_scalar_create(step->context, share, &part, step->error));
    cnn2snn_status status = c2s_derive_multiply(step, part, number->scales, &scales);
    c2s_tensor_release(part);
    C2S_TRY(status);
    c2s_tensor_release(number->scales);
    number->scales = scales;
    return CNN2SNN_OK;
}

static cnn2snn_status fill_sum(struct c2s_derive_step *step, uint64_t count, bool average)
{
    struct c2s_derived *derived = step->derived;
    const cnn2snn_tensor *a = step->inputs[0].frac_bits, *b = step->inputs[1].frac_bits;
    bool scalar = !a->rank && !b->rank;
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_INT32, count, scalar, &derived->integers[C2S_A_SHIFT]));
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_INT32, count, scalar, &derived->integers[C2S_B_SHIFT]));
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, count, scalar, &derived->accumulator.frac_bits));
    for (uint64_t i = 0; i < count; i++) {
        float first = c2s_channel_value(a, i), second = c2s_channel_value(b, i), larger = fmaxf(first, second);
        c2s_i32_writable(derived->integers[C2S_A_SHIFT])[i] = (int32_t)(larger - first);
        c2s_i32_writable(derived->integers[C2S_B_SHIFT])[i] = (int32_t)(larger - second);
        c2s_f32_writable(derived->accumulator.frac_bits)[i] = average ? larger + 1 : larger;
    }
    derived->accumulator.value_bits = step->quant->buffer_bitwidth - 1;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_derive_add(struct c2s_derive_step *step)
{
    const struct c2s_qml_merge_attributes *attributes = step->layer->attributes;
    uint64_t count;
    for (size_t i = 0; i < 2; i++) {
        struct c2s_number promoted;
        C2S_TRY(c2s_derive_promote(step, &step->inputs[i], step->quant->buffer_bitwidth - 1, &promoted));
        c2s_number_free(&promoted);
    }
    C2S_TRY(c2s_derive_entries(step, step->inputs[0].frac_bits, step->inputs[1].frac_bits, &count));
    return fill_sum(step, count, attributes->average);
}

/* No integer changes: the scale is one of the number's. */
cnn2snn_status c2s_derive_rescaling(struct c2s_derive_step *step)
{
    const struct c2s_rescaling_attributes *attributes = step->layer->attributes;
    struct c2s_number *number = &step->derived->accumulator;
    cnn2snn_tensor *scale, *scales;
    *number = c2s_number_retain(&step->inputs[0]);
    C2S_TRY(c2s_scalar_create(step->context, (float)attributes->scale[0], &scale, step->error));
    cnn2snn_status status = c2s_derive_multiply(step, scale, number->scales, &scales);
    c2s_tensor_release(scale);
    C2S_TRY(status);
    c2s_tensor_release(number->scales);
    number->scales = scales;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_derive_unchanged(struct c2s_derive_step *step)
{
    step->derived->accumulator = c2s_number_retain(&step->inputs[0]);
    return CNN2SNN_OK;
}
