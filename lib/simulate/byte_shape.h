/* SPDX-License-Identifier: Apache-2.0 */
/* Which bytes a layer's sums are taken of, and how the work is shared out. */
#ifndef C2S_BYTE_SHAPE_H
#define C2S_BYTE_SHAPE_H

#include "simulate/byte_pack.h"

static inline size_t c2s_byte_round_up(size_t value, size_t step)
{
    return (value + step - 1) / step * step;
}

/* The window, the phases and the source's extents of the stage's kind; false for kinds that don't run on bytes. */
bool c2s_byte_set_shape(const struct c2s_preparation *at, struct c2s_byte_plan *plan, struct c2s_byte_source *source);
/* Each pixel of `x` * `y` for itself. */
void c2s_byte_set_pixels(struct c2s_byte_plan *plan, struct c2s_byte_source *source, int64_t x, int64_t y,
                         int64_t rows);
/* Parts of the work, when all else is known. */
void c2s_byte_set_blocks(struct c2s_byte_plan *plan);

#endif
