/* SPDX-License-Identifier: Apache-2.0 */
/* What the rules of the kinds have in common: how inputs enter, and what must hold of numbers and weights. */
#include "derive/derive_step.h"

#include <math.h>

#include "base/error.h"

/* Numbers of any sound model are far within. */
enum { MAX_FRAC_BITS = 1024 };

cnn2snn_status c2s_derive_require_integers(struct c2s_derive_step *step, const struct c2s_number *number)
{
    return number->value_bits
               ? CNN2SNN_OK
               : c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-005",
                                  "an input is of floats, expected integers: a quantizer is missing in "
                                  "front");
}

cnn2snn_status c2s_derive_require_fixed_point(struct c2s_derive_step *step, const struct c2s_number *number)
{
    C2S_TRY(c2s_derive_require_integers(step, number));
    return !number->scales ? CNN2SNN_OK
                           : c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-005",
                                              "input has scales, expected plain fixed point: an output quantizer is "
                                              "missing in front");
}

cnn2snn_status c2s_derive_require_per_tensor(struct c2s_derive_step *step, const struct c2s_number *number)
{
    return c2s_number_is_per_tensor(number)
               ? CNN2SNN_OK
               : c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-005",
                                  "input is quantized by channel, expected one number for all: a per-tensor output "
                                  "quantizer is missing in front");
}

cnn2snn_status c2s_derive_check_number(struct c2s_derive_step *step, const struct c2s_number *number)
{
    for (uint64_t i = 0; number->scales && i < number->scales->count; i++) {
        float scale = c2s_f32(number->scales)[i];
        if (!isfinite(scale) || scale <= 0)
            return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-006",
                                    "scale %llu of its values is %g, expected a finite number above 0",
                                    (unsigned long long)i, (double)scale);
    }
    for (uint64_t i = 0; i < number->frac_bits->count; i++) {
        float bits = c2s_f32(number->frac_bits)[i];
        if (!(fabsf(bits) <= MAX_FRAC_BITS))
            return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-004", "%g fractional bits of its values, at most %d",
                                    (double)bits, MAX_FRAC_BITS);
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_derive_weight(struct c2s_derive_step *step, const char *name, const cnn2snn_tensor **out)
{
    *out = c2s_layer_weight(step->layer, name);
    if (!*out)
        return c2s_derive_error(step, CNN2SNN_E_STATE, "K-weights", "no weight %s yet", name);
    for (uint64_t i = 0; i < (*out)->count; i++)
        if (!isfinite(c2s_f32(*out)[i]))
            return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-007", "%s[%llu] is no finite number", name,
                                    (unsigned long long)i);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_derive_promote(struct c2s_derive_step *step, const struct c2s_number *number, int32_t value_bits,
                                  struct c2s_number *out)
{
    if (value_bits < number->value_bits)
        return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-005",
                                "input of %d value bits doesn't fit a buffer of %d value bits",
                                (int)number->value_bits, (int)value_bits);
    *out = c2s_number_retain(number);
    out->value_bits = value_bits;
    return CNN2SNN_OK;
}

static float largest_entry(const cnn2snn_tensor *tensor)
{
    float largest = c2s_f32(tensor)[0];
    for (uint64_t i = 1; i < tensor->count; i++)
        largest = fmaxf(largest, c2s_f32(tensor)[i]);
    return largest;
}

/* All entries of number->frac_bits become the largest one. *out_shift: int32, by how much each is shifted. */
static cnn2snn_status align_channels(struct c2s_derive_step *step, struct c2s_number *number,
                                     cnn2snn_tensor **out_shift)
{
    float largest = largest_entry(number->frac_bits);
    cnn2snn_tensor *shift, *bits;
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_INT32, number->frac_bits->count, false, &shift));
    cnn2snn_status status = c2s_scalar_create(step->context, largest, &bits, step->error);
    if (status) {
        c2s_tensor_release(shift);
        return status;
    }
    for (uint64_t i = 0; i < shift->count; i++)
        c2s_i32_writable(shift)[i] = (int32_t)(largest - c2s_f32(number->frac_bits)[i]);
    c2s_tensor_release(number->frac_bits);
    number->frac_bits = bits;
    *out_shift = shift;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_derive_expand(struct c2s_derive_step *step, int32_t value_bits, struct c2s_number *out)
{
    C2S_TRY(c2s_derive_promote(step, &step->inputs[0], value_bits, out));
    if (out->frac_bits->count == 1)
        return CNN2SNN_OK;
    cnn2snn_status status = align_channels(step, out, &step->derived->integers[C2S_INPUT_SHIFT]);
    if (status)
        c2s_number_free(out);
    return status;
}

cnn2snn_status c2s_derive_entries(struct c2s_derive_step *step, const cnn2snn_tensor *a, const cnn2snn_tensor *b,
                                  uint64_t *out)
{
    uint64_t first = a ? a->count : 1, second = b ? b->count : 1;
    if (first != 1 && second != 1 && first != second)
        return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-005",
                                "numbers of %llu and of %llu channels don't go together", (unsigned long long)first,
                                (unsigned long long)second);
    *out = first > second ? first : second;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_derive_create(struct c2s_derive_step *step, cnn2snn_dtype dtype, uint64_t count, bool scalar,
                                 cnn2snn_tensor **out)
{
    int64_t extent = (int64_t)count;
    return c2s_tensor_create(step->context, dtype, scalar && count == 1 ? 0 : 1, &extent, out, step->error);
}

cnn2snn_status c2s_derive_multiply(struct c2s_derive_step *step, const cnn2snn_tensor *a, const cnn2snn_tensor *b,
                                   cnn2snn_tensor **out)
{
    uint64_t count;
    *out = NULL;
    if (!b) {
        *out = c2s_tensor_retain(a);
        return CNN2SNN_OK;
    }
    C2S_TRY(c2s_derive_entries(step, a, b, &count));
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, count, !a->rank && !b->rank, out));
    for (uint64_t i = 0; i < count; i++)
        c2s_f32_writable(*out)[i] = c2s_channel_value(a, i) * c2s_channel_value(b, i);
    return CNN2SNN_OK;
}
