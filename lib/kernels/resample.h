/* SPDX-License-Identifier: Apache-2.0 */
/* Moving pixels about: borders, enlarging, exchange of axes. */
#ifndef C2S_RESAMPLE_H
#define C2S_RESAMPLE_H

#include <stdbool.h>

#include "base/worker_pool.h"

/* Sizes of images of `channels` floats a pixel, before and after. */
struct c2s_image_sizes {
    size_t in[2], out[2];
    size_t channels;
};

/* The input with its first pixel at (top, left) of the output; negative: so many rows or columns are cut off. */
void c2s_place_image(const struct c2s_image_sizes *sizes, ptrdiff_t top, ptrdiff_t left, struct c2s_worker_pool *pool,
                     size_t samples, const float *x, float *y);

/* Out sizes are whole multiples. Bilinear: by pixel centres, edges repeated. */
void c2s_enlarge_image(const struct c2s_image_sizes *sizes, bool bilinear, struct c2s_worker_pool *pool,
                       size_t samples, const float *x, float *y);

/* y has the extents in C order; its element [i...] is x[sum of i * stride]. */
void c2s_permute(size_t rank, const size_t *extents, const size_t *strides, struct c2s_worker_pool *pool,
                 const float *x, float *y);

#endif
