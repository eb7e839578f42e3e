/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Shapes of values in a graph, without the batch; -1 is an extent that the model leaves open.
 *
 * Behind a layer that nobody can look into (an opaque one) not even the rank is known: such a shape has rank 0 and
 * extents[0] -1 (c2s_shape_unranked). A loop over its extents finds none, it is not known, and has -1 elements. Shape
 * rules give it on, so that a model with an opaque layer still loads; c2s_shape_is_unranked tells it from a scalar.
 */
#ifndef C2S_SHAPE_H
#define C2S_SHAPE_H

#include <stdbool.h>

#include "tensor/tensor.h"

enum { C2S_SHAPE_TEXT = 192 };

struct c2s_shape {
    size_t rank;
    int64_t extents[CNN2SNN_MAX_RANK];
};

struct c2s_shape c2s_shape_unranked(void);
bool c2s_shape_is_unranked(const struct c2s_shape *shape);
bool c2s_shape_equal(const struct c2s_shape *a, const struct c2s_shape *b);
/* The rank is known and no extent is -1. */
bool c2s_shape_is_known(const struct c2s_shape *shape);
/* Product of the extents; -1 where one is open, or on overflow. */
int64_t c2s_shape_elements(const struct c2s_shape *shape);
/* "(28, 28, 1)" with None for open extents, "(?)" without rank; gives `text`. C2S_SHAPE_TEXT bytes are enough for
 * all. */
const char *c2s_shape_text(const struct c2s_shape *shape, char *text, size_t size);

#endif
