/* SPDX-License-Identifier: Apache-2.0 */
/* How a window moves over rows (axis 0) and columns (axis 1) of an image: convolutions and poolings. */
#ifndef C2S_WINDOW_H
#define C2S_WINDOW_H

#include <stdbool.h>
#include <stddef.h>

/* Sums of these numbers are known not to overflow: whoever makes a window has checked. */
struct c2s_window {
    ptrdiff_t in[2], out[2];
    ptrdiff_t kernel[2], stride[2], dilation[2];
    ptrdiff_t before[2]; /* padding at the top and on the left; may be negative */
    ptrdiff_t spread[2]; /* the input is taken as if it had spread-1 zeros between neighbours; 1: as it is */
};

/* Where tap 0 of output `o` lies. */
static inline ptrdiff_t c2s_window_start(const struct c2s_window *window, int axis, ptrdiff_t o)
{
    return o * window->stride[axis] - window->before[axis];
}

/* Number of steps of `size` in `distance`, up or down; sizes of 1, the rule, need no division. */
static inline ptrdiff_t c2s_window_steps(ptrdiff_t distance, ptrdiff_t size)
{
    return size == 1 ? distance : distance / size;
}

/* Taps [*first, *last) of output `o` lie inside of the input, none when equal. For windows with spread 1. */
static inline void c2s_window_taps(const struct c2s_window *window, int axis, ptrdiff_t o, ptrdiff_t *first,
                                   ptrdiff_t *last)
{
    ptrdiff_t start = c2s_window_start(window, axis, o), dilation = window->dilation[axis];
    ptrdiff_t low = start < 0 ? c2s_window_steps(-start - 1, dilation) + 1 : 0;
    ptrdiff_t high = start < window->in[axis] ? c2s_window_steps(window->in[axis] - 1 - start, dilation) + 1 : 0;
    high = high < window->kernel[axis] ? high : window->kernel[axis];
    *first = low < high ? low : high;
    *last = high;
}

/* Index in the input of tap `tap` of output `o`, or -1 where there is a zero. */
static inline ptrdiff_t c2s_window_index(const struct c2s_window *window, int axis, ptrdiff_t o, ptrdiff_t tap)
{
    ptrdiff_t at = c2s_window_start(window, axis, o) + tap * window->dilation[axis], spread = window->spread[axis];
    ptrdiff_t index = at < 0 ? -1 : c2s_window_steps(at, spread);
    return index < 0 || index * spread != at || index >= window->in[axis] ? -1 : index;
}

#endif
