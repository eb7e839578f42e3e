/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what open and unknown extents mean when shapes are compared, counted and printed. */
#include "ir/shape.h"

#include <stdio.h>
#include <string.h>

#include "base/checked.h"

struct c2s_shape c2s_shape_unranked(void)
{
    return (struct c2s_shape){.rank = 0, .extents = {-1}};
}

bool c2s_shape_is_unranked(const struct c2s_shape *shape)
{
    return shape->rank == 0 && shape->extents[0] == -1;
}

bool c2s_shape_equal(const struct c2s_shape *a, const struct c2s_shape *b)
{
    if (a->rank != b->rank || c2s_shape_is_unranked(a) != c2s_shape_is_unranked(b))
        return false;
    return !memcmp(a->extents, b->extents, a->rank * sizeof a->extents[0]);
}

bool c2s_shape_is_known(const struct c2s_shape *shape)
{
    for (size_t i = 0; i < shape->rank; i++)
        if (shape->extents[i] < 0)
            return false;
    return !c2s_shape_is_unranked(shape);
}

int64_t c2s_shape_elements(const struct c2s_shape *shape)
{
    if (!c2s_shape_is_known(shape))
        return -1;
    int64_t elements = 1;
    for (size_t i = 0; i < shape->rank; i++)
        if (!c2s_mul_i64(elements, shape->extents[i], &elements))
            return -1;
    return elements;
}

const char *c2s_shape_text(const struct c2s_shape *shape, char *text, size_t size)
{
    if (!c2s_shape_is_unranked(shape))
        return c2s_shape_print(shape->rank, shape->extents, text, size);
    snprintf(text, size, "(?)");
    return text;
}
