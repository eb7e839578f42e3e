/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes of values in a graph, without the batch; -1 is an extent that the model leaves open. */
#ifndef C2S_SHAPE_H
#define C2S_SHAPE_H

#include <stdbool.h>

#include "tensor/tensor.h"

struct c2s_shape {
    size_t rank;
    int64_t extents[CNN2SNN_MAX_RANK];
};

bool c2s_shape_equal(const struct c2s_shape *a, const struct c2s_shape *b);
/* No extent is -1. */
bool c2s_shape_is_known(const struct c2s_shape *shape);
/* Product of the extents; -1 where one is open, or on overflow. */
int64_t c2s_shape_elements(const struct c2s_shape *shape);
/* "(28, 28, 1)" with None for open extents; gives `text`. 128 bytes are enough for all shapes. */
const char *c2s_shape_text(const struct c2s_shape *shape, char *text, size_t size);

#endif
