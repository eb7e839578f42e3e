/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte kernels' code, included once for each variant, which defines before
 *   VARIANT, TARGET          suffix of the table's name, function attribute that turns the instruction set on
 *   LANES                    int32 in a vector
 *   PANEL_SIZE_IN_VECTORS    C2S_BYTE_PANEL / LANES, for the preprocessor
 *   TILE_ROWS, TILE_VECTORS  pixels and vectors of filters of a tile of the product: as many as registers hold
 *   WINDOW_PIXELS            pixels of a depthwise tile, with four vectors each
 *   vector                   the type, and on it LOAD, STORE, SPREAD (4 bytes to all lanes), ZERO, SMALLER, LARGER,
 *                            TIMES, PLUS, SHIFT (right, by lane, arithmetic), LARGER_BYTES
 *   INTERLEAVE(low or high, 8 or 16, a, b)   unpacking within 128-bit lanes
 *   NARROW(a, b, c, d)       saturated to bytes within 128-bit lanes, in order of the letters
 *   IN_ORDER(v)              (optional) what NARROW gives, sorted by letter
 *   STORE_LANES(to, v, flip) the low bytes of the lanes, one after the other; v fits
 *   factors, DOT(sum, input, weights)      sums of products of 4 bytes a lane; factors are vectors made ready by
 *                            SPLIT_INPUT (unsigned, less INPUT_OFFSET) and SPLIT_WEIGHTS (signed)
 * With TILES instead of factors and what tiles and windows need: the product on tiles of bytes, byte_kernels_tiles.h.
 * It has no guard on purpose.
 */
#include <string.h>

/* With sanitizers, loops that are rolled out into one another take compilers minutes. */
#ifdef __has_feature
#if __has_feature(address_sanitizer)
#define SANITIZED
#endif
#endif
#if defined SANITIZED || defined __SANITIZE_ADDRESS__
#define INLINE static inline TARGET
#else
#define INLINE static inline __attribute__((always_inline)) TARGET
#endif

enum { PANEL_VECTORS = C2S_BYTE_PANEL / LANES, BLOCK = 4 * LANES, PACKED = 4 * C2S_BYTE_PANEL };

static inline int read_four(const uint8_t *from)
{
    int value;
    memcpy(&value, from, sizeof value);
    return value;
}

struct numbers {
    vector low, high, factor, addend, shift;
    bool has_steps;
    vector step, edge, four, one, minus;
};

INLINE vector spread_number(int32_t number)
{
    return SPREAD((const uint8_t *)&number);
}

INLINE struct numbers load_numbers(const struct c2s_byte_epilogue *e, size_t slot)
{
    struct numbers numbers = {.low = LOAD(e->low + slot),
                              .high = LOAD(e->high + slot),
                              .factor = LOAD(e->factor + slot),
                              .addend = LOAD(e->addend + slot),
                              .shift = LOAD(e->shift + slot),
                              .has_steps = e->step};
    if (numbers.has_steps) {
        numbers.step = LOAD(e->step + slot);
        numbers.edge = LOAD(e->edge + slot);
        numbers.four = spread_number(4);
        numbers.one = spread_number(1);
        numbers.minus = spread_number(-1);
    }
    return numbers;
}

INLINE vector finish(const struct numbers *numbers, vector sum)
{
    sum = SMALLER(LARGER(sum, numbers->low), numbers->high);
    vector result = SHIFT(PLUS(TIMES(sum, numbers->factor), numbers->addend), numbers->shift);
    if (numbers->has_steps) {
        vector edge = SHIFT(PLUS(TIMES(result, numbers->step), numbers->edge), numbers->four);
        vector above = PLUS(sum, TIMES(edge, numbers->minus));
        result = PLUS(result, SMALLER(LARGER(above, ZERO), numbers->one));
    }
    return result;
}

/* ------------------------------------------------------------------------------------------------ product */

INLINE void store_filters(const struct c2s_byte_output *out, size_t place, size_t left, vector v)
{
    int32_t wide[LANES];
    uint8_t bytes[LANES];
    if (out->wide) {
        STORE(left >= LANES ? (int32_t *)out->data + place : wide, v);
        if (left < LANES)
            memcpy((int32_t *)out->data + place, wide, left * sizeof *wide);
    } else {
        STORE_LANES(left >= LANES ? (uint8_t *)out->data + place : bytes, v, out->flip);
        if (left < LANES)
            memcpy((uint8_t *)out->data + place, bytes, left);
    }
}

#ifdef IN_ORDER
/* Bytes of four vectors of filters at once. */
INLINE void store_four(const int rows, const struct c2s_byte_product *p, size_t pixel, size_t filter,
                       vector sums[][TILE_VECTORS])
{
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
#pragma GCC unroll 4
        for (int v = 0; v < 4; v++) {
            struct numbers numbers = load_numbers(&p->epilogue, filter + (size_t)v * LANES);
            sums[r][v] = finish(&numbers, sums[r][v]);
        }
        vector bytes = IN_ORDER(NARROW(sums[r][0], sums[r][1], sums[r][2], sums[r][3]));
        STORE((uint8_t *)p->out.data + (pixel + (size_t)r) * p->out.step + filter, FLIP(bytes, p->out.flip));
    }
}
#endif

#ifdef TILES
#include "kernels/byte_kernels_tiles.h"
#else
/* Behind a run. */
INLINE void shift_sums(const int rows, const int vectors, vector sums[][TILE_VECTORS], int32_t shift)
{
    vector factor = spread_number((int32_t)(UINT32_C(1) << shift));
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            sums[r][v] = TIMES(sums[r][v], factor);
}

/* Behind all runs. */
INLINE void add_start(const int rows, const int vectors, vector sums[][TILE_VECTORS], const int32_t *start)
{
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            sums[r][v] = PLUS(sums[r][v], LOAD(start + v * LANES));
}

INLINE void multiply_tile(const int rows, const int vectors, const struct c2s_byte_product *p, size_t pixel,
                          size_t filter)
{
    bool has_runs = p->runs;
    size_t panel_size = (has_runs ? 1 : p->segments) * p->groups * PACKED;
    const int8_t *panel = p->weights + filter / C2S_BYTE_PANEL * panel_size;
    const uint8_t *in[TILE_ROWS];
    vector sums[TILE_ROWS][TILE_VECTORS];
    size_t row = pixel / p->row_pixels, column = pixel % p->row_pixels;
#pragma GCC unroll 16
    for (int r = 0; r < rows; r++) {
        in[r] = p->in + row * p->row_step + column * p->pixel_step;
        bool last = ++column == p->row_pixels;
        row += last;
        column = last ? 0 : column;
#pragma GCC unroll 8
        for (int v = 0; v < vectors; v++)
            sums[r][v] = has_runs ? ZERO : LOAD(p->epilogue.start + filter + v * LANES);
    }
    for (size_t segment = 0, segments = has_runs ? p->run_count : p->segments; segment < segments; segment++) {
        size_t offset = has_runs ? p->runs[segment].offset : segment * p->segment_step;
        size_t groups = has_runs ? p->runs[segment].groups : p->groups;
        for (size_t group = 0; group < groups; group++, offset += 4, panel += PACKED) {
            factors weights[TILE_VECTORS];
#pragma GCC unroll 8
            for (int v = 0; v < vectors; v++)
                weights[v] = SPLIT_WEIGHTS(
                    LOAD(panel + (size_t)(v / PANEL_VECTORS) * panel_size + v % PANEL_VECTORS * 4 * LANES));
#pragma GCC unroll 16
            for (int r = 0; r < rows; r++) {
                factors input = SPLIT_INPUT(SPREAD(in[r] + offset));
#pragma GCC unroll 8
                for (int v = 0; v < vectors; v++)
                    sums[r][v] = DOT(sums[r][v], input, weights[v]);
            }
        }
        if (has_runs && p->runs[segment].shift)
            shift_sums(rows, vectors, sums, p->runs[segment].shift);
    }
    if (has_runs)
        add_start(rows, vectors, sums, p->epilogue.start + filter);
#ifdef IN_ORDER
    if (vectors == 4 && !p->out.wide && p->filters - filter >= BLOCK) {
        store_four(rows, p, pixel, filter, sums);
        return;
    }
#endif
#pragma GCC unroll 8
    for (int v = 0; v < vectors; v++) {
        size_t first = filter + (size_t)v * LANES;
        if (first >= p->filters)
            break;
        struct numbers numbers = load_numbers(&p->epilogue, first); /* once: stores might change them */
#pragma GCC unroll 16
        for (int r = 0; r < rows; r++)
            store_filters(&p->out, (pixel + (size_t)r) * p->out.step + first, p->filters - first,
                          finish(&numbers, sums[r][v]));
    }
}

/* All pixels with a few panels, in tiles of about the same size. */
INLINE void multiply_panels(const int vectors, const struct c2s_byte_product *p, size_t filter)
{
    size_t tiles = (p->pixels + TILE_ROWS - 1) / TILE_ROWS;
    for (size_t tile = 0, pixel = 0, rows; tile < tiles; tile++, pixel += rows) {
        rows = (p->pixels - pixel + tiles - tile - 1) / (tiles - tile);
        switch (rows) {
        case 1:
            multiply_tile(1, vectors, p, pixel, filter);
            break;
        case 2:
            multiply_tile(2, vectors, p, pixel, filter);
            break;
        case 3:
            multiply_tile(3, vectors, p, pixel, filter);
            break;
        case 4:
            multiply_tile(4, vectors, p, pixel, filter);
            break;
#if TILE_ROWS > 4
        case 5:
            multiply_tile(5, vectors, p, pixel, filter);
            break;
        default:
            multiply_tile(6, vectors, p, pixel, filter);
#endif
        }
    }
}

#define DEFINE_PANELS(vectors)                                                                                       \
    TARGET static void multiply_##vectors(const struct c2s_byte_product *p, size_t filter)                           \
    {                                                                                                                \
        multiply_panels(vectors, p, filter);                                                                         \
    }
#define HAS_TILE(vectors) ((vectors) <= TILE_VECTORS && (vectors) % PANEL_SIZE_IN_VECTORS == 0)
#if HAS_TILE(1)
DEFINE_PANELS(1)
#endif
#if HAS_TILE(2)
DEFINE_PANELS(2)
#endif
#if HAS_TILE(3)
DEFINE_PANELS(3)
#endif
#if HAS_TILE(4)
DEFINE_PANELS(4)
#endif

TARGET static void multiply(const struct c2s_byte_product *p)
{
    size_t panels = (p->filters + C2S_BYTE_PANEL - 1) / C2S_BYTE_PANEL;
    for (size_t done = 0; done < panels;) {
        size_t filter = done * C2S_BYTE_PANEL, vectors = (panels - done) * PANEL_VECTORS;
        vectors = vectors < TILE_VECTORS ? vectors : TILE_VECTORS;
        switch (vectors) {
#if HAS_TILE(1)
        case 1:
            multiply_1(p, filter);
            break;
#endif
#if HAS_TILE(2)
        case 2:
            multiply_2(p, filter);
            break;
#endif
#if HAS_TILE(3)
        case 3:
            multiply_3(p, filter);
            break;
#endif
#if HAS_TILE(4)
        case 4:
            multiply_4(p, filter);
            break;
#endif
        }
        done += vectors / PANEL_VECTORS;
    }
}

/* ------------------------------------------------------------------------------------------------ depthwise */

struct quads {
    vector v[4];
};

/* Bytes of four rows side by side for each channel; the last rows may not be there. */
INLINE struct quads interleave(const uint8_t *in, size_t rows, size_t row_step)
{
    vector a = LOAD(in), b = rows > 1 ? LOAD(in + row_step) : ZERO, c = rows > 2 ? LOAD(in + 2 * row_step) : ZERO,
           d = rows > 3 ? LOAD(in + 3 * row_step) : ZERO;
    vector ab_low = INTERLEAVE(lo, 8, a, b), ab_high = INTERLEAVE(hi, 8, a, b);
    vector cd_low = INTERLEAVE(lo, 8, c, d), cd_high = INTERLEAVE(hi, 8, c, d);
    return (struct quads){{INTERLEAVE(lo, 16, ab_low, cd_low), INTERLEAVE(hi, 16, ab_low, cd_low),
                           INTERLEAVE(lo, 16, ab_high, cd_high), INTERLEAVE(hi, 16, ab_high, cd_high)}};
}

INLINE void add_quads(vector sums[4], const struct quads *inputs, const int8_t *weights)
{
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++)
        sums[v] = DOT(sums[v], SPLIT_INPUT(inputs->v[v]), SPLIT_WEIGHTS(LOAD(weights + (size_t)v * 4 * LANES)));
}

/* Splits sums: their lowest bits are stored, the rest stays. */
INLINE void store_low(const struct c2s_byte_window *p, size_t place, size_t count, vector sums[4])
{
    vector bits = LOAD(p->out.digits->bits), weight = LOAD(p->out.digits->weight), low[4];
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++) {
        vector high = SHIFT(sums[v], bits);
        low[v] = PLUS(sums[v], TIMES(high, weight));
        sums[v] = high;
    }
    uint8_t bytes[BLOCK];
    STORE(count == BLOCK ? p->out.low + place : bytes, NARROW(low[0], low[1], low[2], low[3]));
    if (count < BLOCK)
        memcpy(p->out.low + place, bytes, count);
}

/* `left` channels of the block that begins with `first`. */
INLINE void store_block(const struct c2s_byte_window *p, size_t pixel, size_t first, size_t left, vector sums[4])
{
    size_t place = pixel * p->out.step + first, count = left < BLOCK ? left : BLOCK;
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++) {
        struct numbers numbers = load_numbers(&p->epilogue, first + (size_t)v * LANES);
        sums[v] = finish(&numbers, sums[v]);
    }
    if (p->out.wide) {
        int32_t wide[BLOCK];
        for (int v = 0; v < 4; v++)
            STORE(wide + v * LANES, sums[v]);
        for (size_t c = 0; c < count; c++)
            ((int32_t *)p->out.data)[place + c] = wide[c % 16 / 4 * LANES + c / 16 * 4 + c % 4];
        return;
    }
    uint8_t bytes[BLOCK];
    if (p->out.low)
        store_low(p, place, count, sums);
    vector narrow = FLIP(NARROW(sums[0], sums[1], sums[2], sums[3]), p->out.flip);
    STORE(left >= BLOCK ? (uint8_t *)p->out.data + place : bytes, narrow);
    if (left < BLOCK)
        memcpy((uint8_t *)p->out.data + place, bytes, count);
}

INLINE void start_block(const struct c2s_byte_window *p, size_t first, vector sums[4])
{
#pragma GCC unroll 4
    for (int v = 0; v < 4; v++)
        sums[v] = LOAD(p->epilogue.start + first + (size_t)v * LANES);
}

/* Neighbouring pixels, one column apart, of a window of three columns: each column is read once. */
INLINE void slide_tile(const int pixels, const size_t rows, const struct c2s_byte_window *p, size_t pixel,
                       size_t first, const int8_t *weights)
{
    const uint8_t *in = p->in + pixel * p->pixel_step + first;
    vector sums[WINDOW_PIXELS][4];
#pragma GCC unroll 8
    for (int i = 0; i < pixels; i++)
        start_block(p, first, sums[i]);
#pragma GCC unroll 8
    for (int column = 0; column < pixels + 2; column++) {
        struct quads quads = interleave(in + (size_t)column * p->column_step, rows, p->row_step);
#pragma GCC unroll 8
        for (int i = 0; i < pixels; i++)
            if (column - i >= 0 && column - i < 3)
                add_quads(sums[i], &quads, weights + (size_t)(column - i) * 4 * BLOCK);
    }
#pragma GCC unroll 8
    for (int i = 0; i < pixels; i++)
        store_block(p, pixel + (size_t)i, first, p->channels - first, sums[i]);
}

TARGET static size_t slide(const struct c2s_byte_window *p, size_t first, const int8_t *weights)
{
    size_t pixel = 0;
    for (; pixel + WINDOW_PIXELS <= p->pixels; pixel += WINDOW_PIXELS)
        slide_tile(WINDOW_PIXELS, 3, p, pixel, first, weights);
    return pixel;
}

TARGET static void depthwise_3x3(const struct c2s_byte_window *p, size_t pixel, size_t first, const int8_t *weights)
{
    for (; pixel < p->pixels; pixel++) {
        const uint8_t *in = p->in + pixel * p->pixel_step + first;
        vector sums[4];
        start_block(p, first, sums);
#pragma GCC unroll 3
        for (size_t column = 0; column < 3; column++) {
            struct quads quads = interleave(in + column * p->column_step, 3, p->row_step);
            add_quads(sums, &quads, weights + column * 4 * BLOCK);
        }
        store_block(p, pixel, first, p->channels - first, sums);
    }
}

TARGET static void depthwise_any(const struct c2s_byte_window *p, size_t first, const int8_t *weights)
{
    for (size_t pixel = 0; pixel < p->pixels; pixel++) {
        const int8_t *packed = weights;
        vector sums[4];
        start_block(p, first, sums);
        for (size_t column = 0; column < p->columns; column++)
            for (size_t row = 0; row < p->rows; row += 4, packed += 4 * BLOCK) {
                const uint8_t *in =
                    p->in + pixel * p->pixel_step + first + column * p->column_step + row * p->row_step;
                struct quads quads = interleave(in, p->rows - row, p->row_step);
                add_quads(sums, &quads, packed);
            }
        store_block(p, pixel, first, p->channels - first, sums);
    }
}

TARGET static void depthwise(const struct c2s_byte_window *p)
{
    size_t block_size = p->columns * ((p->rows + 3) / 4) * 4 * BLOCK;
    const int8_t *weights = p->weights;
    for (size_t first = 0; first < p->channels; first += BLOCK, weights += block_size) {
        if (p->rows != 3 || p->columns != 3)
            depthwise_any(p, first, weights);
        else
            depthwise_3x3(p, p->pixel_step == p->column_step ? slide(p, first, weights) : 0, first, weights);
    }
}

TARGET static void largest(const uint8_t *x, uint8_t *y, size_t count)
{
    size_t i = 0;
    for (; i + BLOCK <= count; i += BLOCK)
        STORE(y + i, LARGER_BYTES(LOAD(x + i), LOAD(y + i)));
    for (; i < count; i++)
        y[i] = x[i] > y[i] ? x[i] : y[i];
}

#define JOIN(a, b) a##b
#define TABLE(variant) JOIN(c2s_byte_kernels_, variant)
#define NAME_OF(variant) #variant
#define NAME(variant) NAME_OF(variant)
const struct c2s_byte_kernels TABLE(VARIANT) = {NAME(VARIANT), BLOCK, INPUT_OFFSET, multiply, depthwise, largest};
#endif
