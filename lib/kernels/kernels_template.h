/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernels' code, included once for each variant, which defines before
 *   VARIANT      suffix of the table's name
 *   TARGET       function attribute that turns the instruction set on
 *   LANES        floats in a vector
 *   LOAD_PART(from, left), STORE_PART(to, left, v)   a vector of which only the first `left` floats are in memory
 *   TILE_ROWS    rows of a tile of the product, TILE_PANELS panels of 16 columns side by side: as many as registers
 * hold It has no guard on purpose.
 */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "kernels/kernels.h"
#include "kernels/kernels_variants.h"

typedef float vector __attribute__((vector_size(LANES * 4)));
typedef int32_t mask __attribute__((vector_size(LANES * 4)));
typedef float unaligned_vector __attribute__((vector_size(LANES * 4), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline)) TARGET
enum { PANEL_VECTORS = C2S_PANEL_COLUMNS / LANES, TILE_PIXELS = 4, TILE_VECTORS = 2 };

/* ------------------------------------------------------------------------------------------------ vectors */

INLINE vector splat(float value)
{
    return value - (vector){0}; /* an assignment to each lane is not recognized as one broadcast */
}

INLINE vector load(const float *from, size_t left)
{
    return left >= LANES ? (vector) * (const unaligned_vector *)from : LOAD_PART(from, left);
}

INLINE void store(float *to, size_t left, vector v)
{
    if (left >= LANES)
        *(unaligned_vector *)to = v;
    else
        STORE_PART(to, left, v);
}

/* With step 0 the one value, otherwise as load. */
INLINE vector load_step(const float *from, size_t step, size_t at, size_t left)
{
    return step ? load(from + at, left) : splat(*from);
}

INLINE vector choose(mask condition, vector yes, vector no)
{
    return (vector)(((mask)yes & condition) | ((mask)no & ~condition));
}

INLINE vector larger(vector a, vector b)
{
    return choose((a > b) | (a != a), a, b);
}

INLINE vector smaller(vector a, vector b)
{
    return choose((a < b) | (a != a), a, b);
}

/* ------------------------------------------------------------------------------------------------ matrix product */

INLINE void multiply_tile(const int rows, const int panels, const float *a, size_t a_stride, const float *b,
                          size_t panel_stride, size_t depth, float *c, size_t c_stride, bool accumulate)
{
    const int vectors = panels * PANEL_VECTORS;
    vector sums[TILE_ROWS][TILE_PANELS * PANEL_VECTORS];
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            if (accumulate)
                sums[r][v] = *(const unaligned_vector *)(c + (size_t)r * c_stride + v * LANES);
            else
                sums[r][v] = splat(0);
    }
    for (size_t k = 0; k < depth; k++) {
        vector weights[TILE_PANELS * PANEL_VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            weights[v] = *(const unaligned_vector *)(b + (size_t)(v / PANEL_VECTORS) * panel_stride +
                                                     k * C2S_PANEL_COLUMNS + (v % PANEL_VECTORS) * LANES);
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            vector value = splat(a[(size_t)r * a_stride + k]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++)
                sums[r][v] += value * weights[v];
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            *(unaligned_vector *)(c + (size_t)r * c_stride + v * LANES) = sums[r][v];
    }
}

/* Rows of one or more panels side by side, all of whose columns are in c. */
INLINE void multiply_columns(const int panels, const float *a, size_t a_stride, size_t rows, const float *b,
                             size_t panel_stride, size_t depth, float *c, size_t c_stride, bool accumulate)
{
#define TILES(n)                                                                                                     \
    for (; rows >= (n); rows -= (n), a += (n)*a_stride, c += (n)*c_stride)                                           \
    multiply_tile(n, panels, a, a_stride, b, panel_stride, depth, c, c_stride, accumulate)
    TILES(TILE_ROWS);
#if TILE_ROWS > 8
    TILES(8);
#endif
#if TILE_ROWS > 4
    TILES(4);
#endif
#if TILE_ROWS > 2
    TILES(2);
#endif
    TILES(1);
#undef TILES
}

/* A panel with columns that c doesn't have: by way of a full one. */
TARGET static void multiply_partial(const float *a, size_t a_stride, size_t rows, const float *b, size_t panel_stride,
                                    size_t depth, float *c, size_t c_stride, size_t columns, bool accumulate)
{
    float full[TILE_ROWS * C2S_PANEL_COLUMNS];
    for (size_t done = 0, some; done < rows; done += some) {
        some = rows - done < TILE_ROWS ? rows - done : TILE_ROWS;
        float *out = c + done * c_stride;
        if (accumulate) {
            memset(full, 0, sizeof full);
            for (size_t r = 0; r < some; r++)
                memcpy(full + r * C2S_PANEL_COLUMNS, out + r * c_stride, columns * sizeof *c);
        }
        multiply_columns(1, a + done * a_stride, a_stride, some, b, panel_stride, depth, full, C2S_PANEL_COLUMNS,
                         accumulate);
        for (size_t r = 0; r < some; r++)
            memcpy(out + r * c_stride, full + r * C2S_PANEL_COLUMNS, columns * sizeof *c);
    }
}

TARGET static void multiply(const float *a, size_t a_stride, size_t rows, const float *b, size_t panel_stride,
                            size_t depth, float *c, size_t c_stride, size_t columns, bool accumulate)
{
    const size_t wide = (size_t)TILE_PANELS * C2S_PANEL_COLUMNS;
    for (; columns >= wide; columns -= wide, b += TILE_PANELS * panel_stride, c += wide)
        multiply_columns(TILE_PANELS, a, a_stride, rows, b, panel_stride, depth, c, c_stride, accumulate);
    for (; columns >= C2S_PANEL_COLUMNS; columns -= C2S_PANEL_COLUMNS, b += panel_stride, c += C2S_PANEL_COLUMNS)
        multiply_columns(1, a, a_stride, rows, b, panel_stride, depth, c, c_stride, accumulate);
    if (columns)
        multiply_partial(a, a_stride, rows, b, panel_stride, depth, c, c_stride, columns, accumulate);
}

/* ------------------------------------------------------------------------------------------- transposed product */

/* Rows and vectors side by side; of the last vector only the first `left` columns are in memory. */
INLINE void turned_tile(const int rows, const int vectors, const float *a, size_t a_stride, const float *b,
                        size_t b_stride, size_t depth, float *c, size_t c_stride, size_t left)
{
    vector sums[TILE_ROWS][TILE_PANELS * PANEL_VECTORS];
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            sums[r][v] = load(c + (size_t)r * c_stride + v * LANES, v + 1 < vectors ? LANES : left);
    }
    for (size_t k = 0; k < depth; k++, a += a_stride, b += b_stride) {
        vector factors[TILE_PANELS * PANEL_VECTORS];
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            factors[v] = load(b + v * LANES, v + 1 < vectors ? LANES : left);
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++) {
            vector value = splat(a[r]);
#pragma GCC unroll 4
            for (int v = 0; v < vectors; v++)
                sums[r][v] += value * factors[v];
        }
    }
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            store(c + (size_t)r * c_stride + v * LANES, v + 1 < vectors ? LANES : left, sums[r][v]);
    }
}

INLINE void turned_columns(const int vectors, const float *a, size_t a_stride, size_t rows, const float *b,
                           size_t b_stride, size_t depth, float *c, size_t c_stride, size_t left)
{
#define TILES(n)                                                                                                     \
    for (; rows >= (n); rows -= (n), a += (n), c += (n)*c_stride)                                                    \
    turned_tile(n, vectors, a, a_stride, b, b_stride, depth, c, c_stride, left)
    TILES(TILE_ROWS);
#if TILE_ROWS > 4
    TILES(4);
#endif
    TILES(1);
#undef TILES
}

TARGET static void multiply_turned(const float *a, size_t a_stride, size_t rows, const float *b, size_t b_stride,
                                   size_t depth, float *c, size_t c_stride, size_t columns)
{
    const size_t wide = (size_t)TILE_PANELS * C2S_PANEL_COLUMNS;
    for (; columns >= wide; columns -= wide, b += wide, c += wide)
        turned_columns(TILE_PANELS * PANEL_VECTORS, a, a_stride, rows, b, b_stride, depth, c, c_stride, LANES);
    for (; columns >= LANES; columns -= LANES, b += LANES, c += LANES)
        turned_columns(1, a, a_stride, rows, b, b_stride, depth, c, c_stride, LANES);
    if (columns)
        turned_columns(1, a, a_stride, rows, b, b_stride, depth, c, c_stride, columns);
}

/* ------------------------------------------------------------------------------------------------ rows */

/* Rows of at least `size` floats and fewer than twice as many: two copies that overlap. */
#define COPY_SHORT(size)                                                                                             \
    for (size_t r = 0; r < rows; r++, to += to_stride, from += from_stride) {                                        \
        float head[size], tail[size];                                                                                \
        memcpy(head, from, sizeof head);                                                                             \
        memcpy(tail, from + count - (size), sizeof tail);                                                            \
        memcpy(to, head, sizeof head);                                                                               \
        memcpy(to + count - (size), tail, sizeof tail);                                                              \
    }

TARGET static void copy_rows(float *to, size_t to_stride, const float *from, size_t from_stride, size_t rows,
                             size_t count)
{
    if (count >= LANES) {
        for (size_t r = 0; r < rows; r++, to += to_stride, from += from_stride) {
            for (size_t i = 0; i + LANES < count; i += LANES)
                store(to + i, LANES, load(from + i, LANES));
            store(to + count - LANES, LANES, load(from + count - LANES, LANES));
        }
    } else if (count >= 8) {
        COPY_SHORT(8)
    } else if (count >= 4) {
        COPY_SHORT(4)
    } else if (count >= 2) {
        COPY_SHORT(2)
    } else if (count) {
        COPY_SHORT(1)
    }
}

/* ------------------------------------------------------------------------------------------------ taps */

/* Where a tile of outputs begins: pixel and channel. */
struct corner {
    size_t pixel, channel;
};

/* Some pixels and vectors at once, so that a weight that was loaded is used for all of them. */
INLINE void sum_tile(const int pixels, const int vectors, const float *const *x, size_t x_step, const float *const *w,
                     size_t taps, const float *bias, float *y, size_t y_step, struct corner at)
{
    vector sums[TILE_PIXELS][TILE_VECTORS];
#pragma GCC unroll 4
    for (int p = 0; p < pixels; p++) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            sums[p][v] = splat(0);
    }
    for (size_t tap = 0; tap < taps; tap++) {
        const float *from = x[tap] + at.pixel * x_step + at.channel, *weights = w[tap] + at.channel;
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++) {
            vector weight = load(weights + v * LANES, LANES);
#pragma GCC unroll 4
            for (int p = 0; p < pixels; p++)
                sums[p][v] += load(from + (size_t)p * x_step + v * LANES, LANES) * weight;
        }
    }
    y += at.pixel * y_step + at.channel;
#pragma GCC unroll 4
    for (int p = 0; p < pixels; p++) {
#pragma GCC unroll 4
        for (int v = 0; v < vectors; v++)
            store(y + (size_t)p * y_step + v * LANES, LANES,
                  bias ? sums[p][v] + load(bias + at.channel + v * LANES, LANES) : sums[p][v]);
    }
}

/* All pixels of some whole vectors of channels. */
INLINE void sum_channels(const int vectors, const float *const *x, size_t x_step, const float *const *w, size_t taps,
                         const float *bias, float *y, size_t y_step, size_t pixels, size_t channel)
{
    struct corner at = {0, channel};
    for (; at.pixel + TILE_PIXELS <= pixels; at.pixel += TILE_PIXELS)
        sum_tile(TILE_PIXELS, vectors, x, x_step, w, taps, bias, y, y_step, at);
    for (; at.pixel < pixels; at.pixel++)
        sum_tile(1, vectors, x, x_step, w, taps, bias, y, y_step, at);
}

/* The channels behind the last whole vector. */
TARGET static void sum_rest(const float *const *x, size_t x_step, const float *const *w, size_t taps,
                            const float *bias, float *y, size_t y_step, size_t pixels, size_t channel, size_t left)
{
    for (size_t p = 0; p < pixels; p++) {
        vector total = splat(0);
        for (size_t tap = 0; tap < taps; tap++)
            total += load(x[tap] + p * x_step + channel, left) * load(w[tap] + channel, left);
        if (bias)
            total += load(bias + channel, left);
        store(y + p * y_step + channel, left, total);
    }
}

TARGET static void sum_products(const float *const *x, size_t x_step, const float *const *w, size_t taps,
                                const float *bias, float *y, size_t y_step, size_t pixels, size_t count)
{
    size_t channel = 0;
    for (; channel + TILE_VECTORS * LANES <= count; channel += TILE_VECTORS * LANES)
        sum_channels(TILE_VECTORS, x, x_step, w, taps, bias, y, y_step, pixels, channel);
    for (; channel + LANES <= count; channel += LANES)
        sum_channels(1, x, x_step, w, taps, bias, y, y_step, pixels, channel);
    if (channel < count)
        sum_rest(x, x_step, w, taps, bias, y, y_step, pixels, channel, count - channel);
}

TARGET static void sum(const float *const *x, size_t taps, float *y, size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        vector total = splat(0);
        for (size_t tap = 0; tap < taps; tap++)
            total += load(x[tap] + i, count - i);
        store(y + i, count - i, total);
    }
}

TARGET static void largest(const float *const *x, size_t taps, float *y, size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        vector best = splat(-INFINITY);
        for (size_t tap = 0; tap < taps; tap++)
            best = larger(best, load(x[tap] + i, count - i));
        store(y + i, count - i, best);
    }
}

/* ------------------------------------------------------------------------------------------------ elements */

#define ELEMENTS(function, formula)                                                                                  \
    TARGET static void function(const float *a, size_t a_step, const float *b, size_t b_step, float *y,              \
                                size_t count)                                                                        \
    {                                                                                                                \
        for (size_t i = 0; i < count; i += LANES) {                                                                  \
            vector p = load_step(a, a_step, i, count - i), q = load_step(b, b_step, i, count - i);                   \
            store(y + i, count - i, formula);                                                                        \
        }                                                                                                            \
    }
ELEMENTS(add, p + q)
ELEMENTS(subtract, p - q)
ELEMENTS(multiply_elements, p *q)
ELEMENTS(divide, p / q)
ELEMENTS(maximum, larger(p, q))
ELEMENTS(minimum, smaller(p, q))
#undef ELEMENTS

TARGET static void slope(const float *x, const float *a, size_t a_step, float *y, size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        vector value = load(x + i, count - i), factor = load_step(a, a_step, i, count - i);
        store(y + i, count - i, choose(value > splat(0), value, factor * value));
    }
}

TARGET static void normalize(const float *x, const float *mean, const float *scale, const float *shift, size_t step,
                             float *y, size_t count)
{
    for (size_t i = 0; i < count; i += LANES) {
        size_t left = count - i;
        vector centred = load(x + i, left) - load_step(mean, step, i, left);
        store(y + i, left, centred * load_step(scale, step, i, left) + load_step(shift, step, i, left));
    }
}

INLINE vector clip_value(vector value, const struct c2s_epilogue *epilogue)
{
    const vector start = splat(epilogue->threshold), end = splat(epilogue->limit);
    /* 0 * -infinity would make a NaN; a NaN itself is to stay one. */
    vector low =
        epilogue->slope != 0 ? splat(epilogue->slope) * (value - start) : choose(value != value, value, splat(0));
    return choose(value >= end, end, choose(value > start, value, low));
}

TARGET static void relu(const float *x, float *y, size_t count, float factor, float threshold, float limit)
{
    const struct c2s_epilogue epilogue = {true, factor, threshold, limit};
    for (size_t i = 0; i < count; i += LANES)
        store(y + i, count - i, clip_value(load(x + i, count - i), &epilogue));
}

TARGET static void finish(float *c, size_t c_stride, size_t rows, size_t columns, const float *bias,
                          const struct c2s_epilogue *epilogue)
{
    if (!bias && !epilogue->relu)
        return;
    for (size_t r = 0; r < rows; r++, c += c_stride)
        for (size_t i = 0; i < columns; i += LANES) {
            vector value = load(c + i, columns - i);
            if (bias)
                value += load(bias + i, columns - i);
            store(c + i, columns - i, epilogue->relu ? clip_value(value, epilogue) : value);
        }
}

TARGET static void quantize(const float *x, float *y, size_t count, float step, float levels)
{
    const vector half = splat(step * 0.5f), size = splat(step), top = splat(levels), zero = splat(0);
    for (size_t i = 0; i < count; i += LANES) {
        vector level = (load(x + i, count - i) - half) / size;
        vector limited = choose(level > zero, level, zero);
        limited = choose(limited < top, limited, top);
        /* What is limited to 2^24 fits an integer, so ceil is a conversion and a step up where it cut something. */
        vector whole = __builtin_convertvector(__builtin_convertvector(limited, mask), vector);
        whole = choose(whole < limited, whole + splat(1), whole);
        store(y + i, count - i, choose(level != level, level, size * whole));
    }
}

#define TABLE_NAME(variant) TABLE_JOIN(c2s_kernels_, variant)
#define TABLE_JOIN(a, b) a##b
#define TEXT(variant) TEXT_OF(variant)
#define TEXT_OF(variant) #variant
const struct c2s_kernels TABLE_NAME(VARIANT) = {
    .name = TEXT(VARIANT),
    .multiply = multiply,
    .multiply_turned = multiply_turned,
    .copy_rows = copy_rows,
    .finish = finish,
    .sum_products = sum_products,
    .sum = sum,
    .largest = largest,
    .add = add,
    .subtract = subtract,
    .multiply_elements = multiply_elements,
    .divide = divide,
    .maximum = maximum,
    .minimum = minimum,
    .slope = slope,
    .normalize = normalize,
    .relu = relu,
    .quantize = quantize,
};
