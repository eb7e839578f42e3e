/* SPDX-License-Identifier: Apache-2.0 */
/* What training needs of convolutions and poolings: gradients of a loss, from those of the outputs. */
#ifndef C2S_GRADIENT_H
#define C2S_GRADIENT_H

#include "kernels/convolution.h"

/* Floats of working memory for the two functions below. */
size_t c2s_gradient_scratch(size_t threads);

/*
 * gradients[group][depth][filters] += transposed X times dy, X being the matrix of the inputs under the windows of a
 * convolution, whose weights, bias and epilogue don't count. dy is, for each group, the matrix [outputs][filters],
 * packed.
 */
void c2s_convolution_kernel_gradient(const struct c2s_convolution *convolution, const struct c2s_kernels *kernels,
                                     struct c2s_worker_pool *pool, float *scratch, size_t depth, const float *x,
                                     const struct c2s_packed_matrix *dy, float *const *gradients);

/* gram[depth][depth] += transposed X times X, X being the matrix of what lies under the windows; one group. */
void c2s_convolution_gram(const struct c2s_convolution *convolution, const struct c2s_kernels *kernels,
                          struct c2s_worker_pool *pool, float *scratch, size_t samples, size_t depth, const float *x,
                          float *gram);

/* Bytes of working memory. */
size_t c2s_depthwise_gradient_scratch(const struct c2s_depthwise *depthwise, size_t threads);
/* gradient[kernel rows][kernel columns][channels][multiplier] += sum over outputs of x times dy. */
void c2s_depthwise_kernel_gradient(const struct c2s_depthwise *depthwise, const struct c2s_kernels *kernels,
                                   struct c2s_worker_pool *pool, void *scratch, size_t samples, const float *x,
                                   const float *dy, float *gradient);
/* dx of the inputs. */
void c2s_depthwise_input_gradient(const struct c2s_depthwise *depthwise, struct c2s_worker_pool *pool, size_t samples,
                                  const float *dy, float *dx);

/* dx of max pooling: the first of the largest inputs of a window has it all. */
void c2s_max_pooling_gradient(const struct c2s_window *window, struct c2s_worker_pool *pool, size_t samples,
                              size_t channels, const float *x, const float *dy, float *dx);
/* dx of average pooling: the inputs inside of a window have equal parts. */
void c2s_average_pooling_gradient(const struct c2s_window *window, struct c2s_worker_pool *pool, size_t samples,
                                  size_t channels, const float *dy, float *dx);

#endif
