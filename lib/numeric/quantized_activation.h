/* SPDX-License-Identifier: Apache-2.0 */
/* Quantized activations (spec/legacy.md b) as functions on float32. */
#ifndef C2S_QUANTIZED_ACTIVATION_H
#define C2S_QUANTIZED_ACTIVATION_H

#include <stddef.h>
#include <stdint.h>

/* 2^bitwidth - 1, float32 (bitwidths beyond 24 lose precision as in the reference). */
float c2s_activation_levels(int32_t bitwidth);
/* ActivationDiscreteRelu: min(levels, 6) / levels. */
float c2s_discrete_relu_step(int32_t bitwidth);
/* QuantizedReLU: max_value / levels. */
float c2s_quantized_relu_step(int32_t bitwidth, float max_value);
/* y = step * clip(ceil((x - step / 2) / step), 0, levels), each operation rounded to float32. x and y may be the
 * same. */
void c2s_quantized_activation_apply(const float *x, float *y, size_t count, float step, int32_t bitwidth);

#endif
