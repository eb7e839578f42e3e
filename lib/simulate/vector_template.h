/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loops of one variant. Before including: VARIANT, TARGET, LANES (int32 in a vector), VECTOR (the processor's
 * type), MULTIPLY_ADD(sums, pairs, pairs), SPREAD(int32), TILE_PLACES and TILE_PANELS (of the product's sums in
 * registers).
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

/* The sums of `rows` places and `panels` panels; both are constants where this is called. */
TARGET static inline __attribute__((always_inline)) void tile(const struct c2s_vector_product *product,
                                                              const int16_t *in, size_t place_step, size_t row_step,
                                                              const int16_t *weights, size_t places, size_t panels,
                                                              int32_t *out, size_t filters)
{
    VECTOR sums[TILE_PLACES][TILE_PANELS * VECTORS];
    size_t panel_size = product->segments * product->length * C2S_PANEL, vectors = panels * VECTORS;
    memset(sums, 0, sizeof sums);
    for (size_t segment = 0; segment < product->segments; segment++) {
        const int16_t *values = in + segment * row_step;
        const int16_t *pairs = weights + segment * product->length * C2S_PANEL;
        for (size_t k = 0; k < product->length; k += 2, pairs += 2 * C2S_PANEL) {
            VECTOR columns[TILE_PANELS * VECTORS];
#pragma GCC unroll 8
            for (size_t v = 0; v < vectors; v++)
                memcpy(&columns[v], pairs + v / VECTORS * panel_size + v % VECTORS * 2 * LANES, sizeof *columns);
#pragma GCC unroll 8
            for (size_t p = 0; p < places; p++) {
                int32_t pair;
                memcpy(&pair, values + p * place_step + k, sizeof pair);
                VECTOR spread = SPREAD(pair);
#pragma GCC unroll 8
                for (size_t v = 0; v < vectors; v++)
                    sums[p][v] = MULTIPLY_ADD(sums[p][v], spread, columns[v]);
            }
        }
    }
#pragma GCC unroll 8
    for (size_t p = 0; p < places; p++)
#pragma GCC unroll 8
        for (size_t v = 0; v < vectors; v++) {
            size_t first = v * LANES, left = filters > first ? filters - first : 0;
            memcpy(out + p * product->filters + first, &sums[p][v], (left < LANES ? left : LANES) * sizeof *out);
        }
}

/* All places with `panels` panels of weights. */
TARGET static inline __attribute__((always_inline)) void column(const struct c2s_vector_product *product,
                                                                const int16_t *in, size_t place_step, size_t row_step,
                                                                const int16_t *weights, size_t places, size_t panels,
                                                                int32_t *out, size_t filters)
{
    size_t p = 0;
    for (; p + TILE_PLACES <= places; p += TILE_PLACES)
        tile(product, in + p * place_step, place_step, row_step, weights, TILE_PLACES, panels,
             out + p * product->filters, filters);
    for (; p + 2 <= places; p += 2)
        tile(product, in + p * place_step, place_step, row_step, weights, 2, panels, out + p * product->filters,
             filters);
    if (p < places)
        tile(product, in + p * place_step, place_step, row_step, weights, 1, panels, out + p * product->filters,
             filters);
}

TARGET static void multiply(const struct c2s_vector_product *product, const int16_t *in, size_t place_step,
                            size_t row_step, size_t places, int32_t *out)
{
    size_t panel_size = product->segments * product->length * C2S_PANEL, f = 0;
    for (; f + C2S_PANEL * (TILE_PANELS - 1) < product->filters; f += C2S_PANEL * TILE_PANELS)
        column(product, in, place_step, row_step, product->weights + f / C2S_PANEL * panel_size, places, TILE_PANELS,
               out + f, product->filters - f);
    for (; f < product->filters; f += C2S_PANEL)
        column(product, in, place_step, row_step, product->weights + f / C2S_PANEL * panel_size, places, 1, out + f,
               product->filters - f);
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
    .multiply = multiply,
    .sum_products = sum_products,
    .narrow = narrow,
    .finish = finish,
};
