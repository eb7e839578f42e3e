/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The arithmetic of QuantizeML models (spec/quantizeml-arithmetic.md) as pure functions: what integers weights
 * become, and by which shifts and scales values are brought from one number to another. Float steps are single
 * float32 operations in the reference's order, since the integers must be the same.
 */
#ifndef C2S_FIXED_POINT_H
#define C2S_FIXED_POINT_H

#include "numeric/number.h"

/* ceil(log2(x)) as the reference's compiled graphs compute it: off by one for a few powers of two; -infinity for 0.
 */
float c2s_fixed_ceil_log2(float x);

/* x / divisor, where the reference's graphs multiply by the float32 reciprocal. */
float c2s_fixed_divide_constant(float x, float divisor);

/* Fractional bits with which `value_bits` hold numbers up to `range`; clamped: never more than value_bits. */
float c2s_fixed_max_frac(int32_t value_bits, float range, bool clamped);

/* Limited to [-2^value_bits, 2^value_bits - 1]. */
double c2s_fixed_clip(double value, int32_t value_bits);

/* floor(value * 2^shift + 1/2), limited: the one rule for moving integers to other fractional bits. */
double c2s_fixed_rescale(double value, double shift, int32_t value_bits);

/* How weights are quantized (WeightQuantizer). */
struct c2s_fixed_weights {
    int32_t bitwidth; /* 2..16, sign included */
    int axis;         /* that has a scale of its own for each entry, counted from 0; -1: one scale for all */
    bool fixed_point; /* fractional bits instead of scales */
};

/*
 * Integers of float32 weights, int8 up to 8 bits and int16 beyond, of the same shape; and float32 `parameters`, rank
 * 0 or 1: scales, or fractional bits with `fixed_point`.
 */
cnn2snn_status c2s_fixed_quantize_weights(const struct c2s_fixed_weights *how, const cnn2snn_tensor *weights,
                                          cnn2snn_tensor **out_integers, cnn2snn_tensor **out_parameters,
                                          cnn2snn_error **error);

/* How values are aligned (AlignedWeightQuantizer). */
struct c2s_fixed_alignment {
    int32_t bitwidth; /* sign included */
    bool is_signed;
    bool one_range; /* the largest value counts for all, as releases up to 0.8 have it, whatever the bitwidth */
};

/*
 * Float32 values (rank 0 or 1: biases, the limit of a ReLU, the value of a padding) as integers that can be added to
 * `number` (AlignedWeightQuantizer). *out_values: int32, `(stored << shift)` limited to the number's value bits;
 * *out_shift: int32, 0 or more; what files hold is values >> shift. Both have one entry for each entry of the longest
 * of values, fractional bits and scales.
 */
cnn2snn_status c2s_fixed_align(const cnn2snn_tensor *values, const struct c2s_number *number,
                               const struct c2s_fixed_alignment *how, cnn2snn_tensor **out_values,
                               cnn2snn_tensor **out_shift, cnn2snn_error **error);

/*
 * Scales as integers: mantissas = limit(rne(scales * 2^frac_bits)), frac_bits = scale_bits - ceil_log2(scales).
 * Float32 both, of the scales' shape.
 */
cnn2snn_status c2s_fixed_quantize_scales(const cnn2snn_tensor *scales, int32_t scale_bits,
                                         cnn2snn_tensor **out_mantissas, cnn2snn_tensor **out_frac_bits,
                                         cnn2snn_error **error);

/* How outputs are quantized (OutputQuantizer). */
struct c2s_fixed_output {
    int32_t value_bits; /* without the sign */
    int32_t scale_bits;
    const cnn2snn_tensor *range_max;      /* float32, rank 0 or 1 */
    const cnn2snn_tensor *rescaling_rate; /* the same; NULL: 1 */
};

/*
 * What brings integers of `number` to the output: limit(floor(v * mantissa * 2^shift + 1/2)). *out_mantissas: int32,
 * NULL for plain fixed point; *out_shift: int32. *out_number: what the output's integers stand for.
 */
cnn2snn_status c2s_fixed_quantize_output(const struct c2s_fixed_output *how, const struct c2s_number *number,
                                         cnn2snn_tensor **out_mantissas, cnn2snn_tensor **out_shift,
                                         struct c2s_number *out_number, cnn2snn_error **error);

#endif
