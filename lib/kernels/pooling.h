/* SPDX-License-Identifier: Apache-2.0 */
/* Largest value or mean of windows and of whole images. */
#ifndef C2S_POOLING_H
#define C2S_POOLING_H

#include "base/worker_pool.h"
#include "kernels/kernels.h"
#include "kernels/window.h"

/* Bytes of working memory of c2s_pool. */
size_t c2s_pool_scratch(const struct c2s_window *window, size_t threads);

/* Windows are cut at the image's border: a mean is over real pixels. */
void c2s_pool(const struct c2s_window *window, size_t channels, bool mean, const struct c2s_kernels *kernels,
              struct c2s_worker_pool *pool, void *scratch, size_t samples, const float *x, float *y);

/* y[samples][channels] of x[samples][pixels][channels]. Means are summed in double: images may be large. */
void c2s_pool_global(size_t pixels, size_t channels, bool mean, struct c2s_worker_pool *pool, size_t samples,
                     const float *x, float *y);

#endif
