/* SPDX-License-Identifier: Apache-2.0 */
/* What training needs of convolutions and poolings: gradients of a loss, from those of the outputs. */
#ifndef C2S_GRADIENT_H
#define C2S_GRADIENT_H

#include <stdint.h>
#include <string.h>

#include "kernels/convolution.h"

typedef uint32_t c2s_bits __attribute__((vector_size(16), aligned(4), may_alias));

/* Also -0 is a zero; NaN isn't. */
static inline bool c2s_are_zeros(const float *values, size_t count)
{
    const c2s_bits *vectors = (const c2s_bits *)(const void *)values;
    c2s_bits all = {0};
    size_t i = 0;
    for (; i < count / 4; i++)
        all |= vectors[i];
    uint32_t bits = all[0] | all[1] | all[2] | all[3], some;
    for (i *= 4; i < count; i++) {
        memcpy(&some, values + i, sizeof some);
        bits |= some;
    }
    return !(bits << 1); /* without the sign */
}

/* Outputs of a layer, counted through samples, rows and columns, that have gradients: all, or those of a list. */
struct c2s_some_outputs {
    size_t count;
    const size_t *list; /* in rising order; NULL: 0, 1, ... count-1 */
};

/* Floats of working memory for the two functions below. */
size_t c2s_gradient_scratch(size_t threads);

/*
 * gradient[depth][filters] += transposed X times dy, X being the matrix of the inputs under the windows of a
 * convolution, whose weights, bias and epilogue don't count. dy is the matrix [outputs->count][filters]; depth that
 * of one group.
 */
void c2s_convolution_kernel_gradient(const struct c2s_convolution *convolution, const struct c2s_kernels *kernels,
                                     struct c2s_worker_pool *pool, float *scratch, size_t depth, size_t filters,
                                     const float *x, const struct c2s_some_outputs *outputs, const float *dy,
                                     float *gradient);

/* gram[depth][depth] += transposed X times X, X being the matrix of what lies under the windows; one group. */
void c2s_convolution_gram(const struct c2s_convolution *convolution, const struct c2s_kernels *kernels,
                          struct c2s_worker_pool *pool, float *scratch, size_t samples, size_t depth, const float *x,
                          float *gram);

/* gradient[kernel rows][kernel columns][channels][multiplier] += sum over outputs of x times dy, which is
 * [outputs->count][channels][multiplier]. */
void c2s_depthwise_kernel_gradient(const struct c2s_depthwise *depthwise, const struct c2s_kernels *kernels,
                                   struct c2s_worker_pool *pool, const float *x,
                                   const struct c2s_some_outputs *outputs, const float *dy, float *gradient);
/* dx of the inputs. */
void c2s_depthwise_input_gradient(const struct c2s_depthwise *depthwise, struct c2s_worker_pool *pool, size_t samples,
                                  const float *dy, float *dx);

/* dx of max pooling, which gave y: the first of the largest inputs of a window has it all. */
void c2s_max_pooling_gradient(const struct c2s_window *window, struct c2s_worker_pool *pool, size_t samples,
                              size_t channels, const float *x, const float *y, const float *dy, float *dx);
/* dx of average pooling: the inputs inside of a window have equal parts. */
void c2s_average_pooling_gradient(const struct c2s_window *window, struct c2s_worker_pool *pool, size_t samples,
                                  size_t channels, const float *dy, float *dx);

#endif
