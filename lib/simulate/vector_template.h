/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops of one variant. Before including: VARIANT, TARGET, LANES (int32 in a vector), VECTOR (the processor's
 * type), MULTIPLY_ADD(sums, pairs, pairs), HAS_BYTES, MULTIPLY_ADD_BYTES(sums, bytes, bytes), SPREAD(int32),
 * TILE_PLACES and TILE_PANELS (of the product's sums in registers).
 */
#include <string.h>

#include "simulate/vector_variants.h"

#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)

typedef int32_t lanes __attribute__((vector_size(4 * LANES)));
enum { VECTORS = C2S_PANEL / LANES }; /* of one panel */

TARGET static inline lanes load(const int32_t *from)
{
    lanes values;
    memcpy(&values, from, sizeof values);
    return values;
}

TARGET static inline void store(int32_t *to, lanes values)
{
    memcpy(to, &values, sizeof values);
}

TARGET static inline lanes smaller(lanes a, lanes b)
{
    lanes mask = a < b;
    return (a & mask) | (b & ~mask);
}

TARGET static inline lanes larger(lanes a, lanes b)
{
    lanes mask = a > b;
    return (a & mask) | (b & ~mask);
}

/* The sums of `places` places and `panels` panels; these and `bytes` are constants where this is called. */
TARGET static inline __attribute__((always_inline)) void tile(const struct c2s_vector_product *product,
                                                              const unsigned char *in, size_t place_step,
                                                              size_t row_step, size_t first, size_t places,
                                                              size_t panels, bool bytes, int32_t *out)
{
    VECTOR sums[TILE_PLACES][TILE_PANELS * VECTORS];
    size_t panel_size = product->segments * product->groups * C2S_PANEL, vectors = panels * VECTORS;
    const int32_t *weights = product->weights + first / C2S_PANEL * panel_size;
#pragma GCC unroll 8
    for (size_t p = 0; p < places; p++)
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++)
            memcpy(&sums[p][v], product->start + first + v * LANES, sizeof **sums);
    for (size_t segment = 0; segment < product->segments; segment++) {
        const unsigned char *values = in + segment * row_step;
        const int32_t *groups = weights + segment * product->groups * C2S_PANEL;
        for (size_t k = 0; k < product->groups; k++, groups += C2S_PANEL, values += 4) {
            VECTOR columns[TILE_PANELS * VECTORS];
#pragma GCC unroll 8
            for (size_t v = 0; v < vectors; v++)
                memcpy(&columns[v], groups + v / VECTORS * panel_size + v % VECTORS * LANES, sizeof *columns);
#pragma GCC unroll 8
            for (size_t p = 0; p < places; p++) {
                int32_t group;
                memcpy(&group, values + p * place_step, sizeof group);
                VECTOR spread = SPREAD(group);
#pragma GCC unroll 8
                for (size_t v = 0; v < vectors; v++)
                    sums[p][v] = bytes ? MULTIPLY_ADD_BYTES(sums[p][v], spread, columns[v])
                                       : MULTIPLY_ADD(sums[p][v], spread, columns[v]);
            }
        }
    }
#pragma GCC unroll 8
    for (size_t p = 0; p < places; p++)
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++) {
            size_t filter = first + v * LANES, left = product->filters > filter ? product->filters - filter : 0;
            memcpy(out + p * product->filters + filter, &sums[p][v], (left < LANES ? left : LANES) * sizeof *out);
        }
}

/* All places with `panels` panels of weights from filter `first` on. */
TARGET static inline __attribute__((always_inline)) void column(const struct c2s_vector_product *product,
                                                                const unsigned char *in, size_t place_step,
                                                                size_t row_step, size_t first, size_t places,
                                                                size_t panels, bool bytes, int32_t *out)
{
    size_t p = 0;
    for (; p + TILE_PLACES <= places; p += TILE_PLACES)
        tile(product, in + p * place_step, place_step, row_step, first, TILE_PLACES, panels, bytes,
             out + p * product->filters);
    for (; p + 2 <= places; p += 2)
        tile(product, in + p * place_step, place_step, row_step, first, 2, panels, bytes, out + p * product->filters);
    if (p < places)
        tile(product, in + p * place_step, place_step, row_step, first, 1, panels, bytes, out + p * product->filters);
}

TARGET static inline __attribute__((always_inline)) void multiply_all(const struct c2s_vector_product *product,
                                                                      const unsigned char *in, size_t place_step,
                                                                      size_t row_step, size_t places, bool bytes,
                                                                      int32_t *out)
{
    size_t f = 0;
    for (; f + C2S_PANEL * (TILE_PANELS - 1) < product->filters; f += C2S_PANEL * TILE_PANELS)
        column(product, in, place_step, row_step, f, places, TILE_PANELS, bytes, out);
    for (; f < product->filters; f += C2S_PANEL)
        column(product, in, place_step, row_step, f, places, 1, bytes, out);
}

TARGET static void multiply(const struct c2s_vector_product *product, const unsigned char *in, size_t place_step,
                            size_t row_step, size_t places, int32_t *out)
{
    if (HAS_BYTES && product->bytes)
        multiply_all(product, in, place_step, row_step, places, true, out);
    else
        multiply_all(product, in, place_step, row_step, places, false, out);
}

TARGET static void sum_products(const int32_t *const *in, const int32_t *weights, size_t taps, size_t count,
                                int32_t *out)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        lanes sum = {0};
        for (size_t tap = 0; tap < taps; tap++)
            sum += load(in[tap] + i) * load(weights + tap * count + i);
        store(out + i, sum);
    }
    for (; i < count; i++) {
        uint32_t sum = 0;
        for (size_t tap = 0; tap < taps; tap++)
            sum += (uint32_t)in[tap][i] * (uint32_t)weights[tap * count + i];
        out[i] = (int32_t)sum;
    }
}

typedef int16_t halves __attribute__((vector_size(2 * LANES)));

TARGET static void narrow(const int32_t *in, size_t count, int16_t *out)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        halves values = __builtin_convertvector(load(in + i), halves);
        memcpy(out + i, &values, sizeof values);
    }
    for (; i < count; i++)
        out[i] = (int16_t)in[i];
}

typedef uint8_t quarters __attribute__((vector_size(LANES)));

TARGET static void narrow_bytes(const int32_t *in, size_t count, int32_t offset, unsigned char *out)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        quarters values = __builtin_convertvector(load(in + i) + offset, quarters);
        memcpy(out + i, &values, sizeof values);
    }
    for (; i < count; i++)
        out[i] = (unsigned char)(in[i] + offset);
}

static int32_t between(int32_t value, int32_t low, int32_t high)
{
    return value < low ? low : value > high ? high : value;
}

TARGET static void finish(const struct c2s_vector_finish *parts, int32_t *sums, size_t places, size_t filters)
{
    lanes low = (lanes){0} + parts->low, high = (lanes){0} + parts->high, top = (lanes){0} + parts->top;
    for (size_t place = 0; place < places; place++, sums += filters) {
        size_t f = 0;
        for (; f + LANES <= filters; f += LANES) {
            lanes value = smaller(larger(load(sums + f), low), high) + load(parts->bias + f);
            value = smaller(larger(value, (lanes){0}), load(parts->limit + f)) * load(parts->scales + f);
            store(sums + f, smaller((value + load(parts->half + f)) >> load(parts->right + f), top));
        }
        for (; f < filters; f++) {
            int32_t value = between(sums[f], parts->low, parts->high) + parts->bias[f];
            value = between(value, 0, parts->limit[f]) * parts->scales[f];
            value = (value + parts->half[f]) >> parts->right[f];
            sums[f] = value < parts->top ? value : parts->top;
        }
    }
}

#define TEXT_(a) #a
#define TEXT(a) TEXT_(a)

const struct c2s_vector_kernels JOIN(c2s_vector_kernels_, VARIANT) = {
    .name = TEXT(VARIANT),
    .has_bytes = HAS_BYTES,
    .multiply = multiply,
    .sum_products = sum_products,
    .narrow = narrow,
    .narrow_bytes = narrow_bytes,
    .finish = finish,
};
