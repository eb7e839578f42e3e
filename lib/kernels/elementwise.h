/* SPDX-License-Identifier: Apache-2.0 */
/* Loops over the elements of arrays that may repeat along some axes, shared out among threads. */
#ifndef C2S_ELEMENTWISE_H
#define C2S_ELEMENTWISE_H

#include "base/worker_pool.h"
#include "cnn2snn/tensor.h"

/* Calls work on pieces [first, first + count) that cover `total` elements. */
typedef void (*c2s_piece_fn)(void *data, size_t first, size_t count);
void c2s_for_pieces(struct c2s_worker_pool *pool, size_t total, c2s_piece_fn work, void *data);

/*
 * Two arrays that are read in step with a result in C order. Strides are in elements and 0 where an array repeats;
 * along the last axis they are 0 or 1.
 */
struct c2s_walk {
    size_t rank;
    size_t extents[CNN2SNN_MAX_RANK + 1];
    size_t a_strides[CNN2SNN_MAX_RANK + 1], b_strides[CNN2SNN_MAX_RANK + 1];
};

/* One more axis behind the others. */
void c2s_walk_add(struct c2s_walk *walk, size_t extent, size_t a_stride, size_t b_stride);

/* Calls work for runs of the last axis: offsets of the first elements, and the steps 0 or 1 to the next. */
typedef void (*c2s_run_fn)(void *data, size_t a, size_t a_step, size_t b, size_t b_step, size_t y, size_t count);
void c2s_walk_run(const struct c2s_walk *walk, struct c2s_worker_pool *pool, c2s_run_fn work, void *data);

#endif
