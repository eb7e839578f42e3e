/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inner loops that take most of the time, for several instruction sets. Each gives the same integers as the plain
 * loops of integer_kernels.h: sums are modulo 2^32 whatever their order.
 */
#ifndef C2S_VECTOR_KERNELS_H
#define C2S_VECTOR_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { C2S_PANEL = 16 }; /* filters of one panel of weights */

/*
 * Sums of a row of output places: each reads `segments` runs of `groups` groups of 32 bits, a row of the input apart.
 * A group is two values of 16 bits, or four bytes: those are unsigned, and `offset` larger than the true value, for
 * which `start` makes up.
 */
struct c2s_vector_product {
    size_t segments, groups;
    size_t filters;
    const int32_t *weights; /* [panel][segment][group][16 filters] */
    const int32_t *start;   /* what sums start with, for whole panels */
    bool bytes;
    int32_t offset;
};

/* Bias, activation and scale of a stage whose numbers all fit 32 bits (see c2s_stage_prepare). */
struct c2s_vector_finish {
    const int32_t *bias, *limit, *scales, *half, *right;
    int32_t low, high; /* of the sums */
    int32_t top;       /* of the output */
};

struct c2s_vector_kernels {
    const char *name;
    bool has_bytes; /* products of bytes */
    /* out[place][filter]; places and rows of the input in steps of so many bytes. */
    void (*multiply)(const struct c2s_vector_product *product, const unsigned char *in, size_t place_step,
                     size_t row_step, size_t places, int32_t *out);
    /* out[i] = sum over taps of in[tap][i] * weights[tap * count + i] */
    void (*sum_products)(const int32_t *const *in, const int32_t *weights, size_t taps, size_t count, int32_t *out);
    /* To 16 bits, and to bytes with an offset. */
    void (*narrow)(const int32_t *in, size_t count, int16_t *out);
    void (*narrow_bytes)(const int32_t *in, size_t count, int32_t offset, unsigned char *out);
    /* In place: min(max(limit(sums) + bias, 0), limit) * scale, rounded to the right, at most top. */
    void (*finish)(const struct c2s_vector_finish *finish, int32_t *sums, size_t places, size_t filters);
};

/* The fastest that needs no more than these instructions (base/processor.h), or NULL: then the plain loops are used.
 */
const struct c2s_vector_kernels *c2s_vector_kernels_get(uint32_t instructions);
/* All that this processor runs; NULL behind the last. */
const struct c2s_vector_kernels *c2s_vector_kernels_variant(size_t number);

#endif
