/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Activation functions element by element, and those along an axis (spec/keras-files.md 2.6). x and y may be the
 * same; NaN gives NaN. They go by libm's float functions, which are exact to about one unit in the last place.
 */
#ifndef C2S_FUNCTIONS_H
#define C2S_FUNCTIONS_H

#include <stdbool.h>
#include <stddef.h>

typedef void (*c2s_elements_fn)(const float *x, float *y, size_t count, float alpha);

void c2s_leaky_relu(const float *x, float *y, size_t count, float alpha);
void c2s_sigmoid(const float *x, float *y, size_t count, float alpha);
void c2s_tanh(const float *x, float *y, size_t count, float alpha);
void c2s_hard_sigmoid_keras2(const float *x, float *y, size_t count, float alpha);
void c2s_hard_sigmoid_keras3(const float *x, float *y, size_t count, float alpha);
void c2s_softplus(const float *x, float *y, size_t count, float alpha);
void c2s_softsign(const float *x, float *y, size_t count, float alpha);
void c2s_elu(const float *x, float *y, size_t count, float alpha);
void c2s_celu(const float *x, float *y, size_t count, float alpha);
void c2s_selu(const float *x, float *y, size_t count, float alpha);
void c2s_swish(const float *x, float *y, size_t count, float alpha);
void c2s_gelu(const float *x, float *y, size_t count, float alpha);
void c2s_exponential(const float *x, float *y, size_t count, float alpha);
void c2s_mish(const float *x, float *y, size_t count, float alpha);
void c2s_hard_silu(const float *x, float *y, size_t count, float alpha);
void c2s_hard_tanh(const float *x, float *y, size_t count, float alpha);
void c2s_tanh_shrink(const float *x, float *y, size_t count, float alpha);
void c2s_hard_shrink(const float *x, float *y, size_t count, float alpha);
void c2s_soft_shrink(const float *x, float *y, size_t count, float alpha);
void c2s_log_sigmoid(const float *x, float *y, size_t count, float alpha);
void c2s_squareplus(const float *x, float *y, size_t count, float alpha);
void c2s_sparse_plus(const float *x, float *y, size_t count, float alpha);
void c2s_sparse_sigmoid(const float *x, float *y, size_t count, float alpha);

/* Of the elements at `offsets` of x, into the same places of y. */
void c2s_softmax(const float *x, float *y, const size_t *offsets, size_t count, bool logarithm);
/* `sorted` has room for `count` floats. */
void c2s_sparsemax(const float *x, float *y, size_t count, float *sorted);
/* y[half] of x[2 * half]. */
void c2s_glu(const float *x, float *y, size_t half);

#endif
