/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sums of products of bytes, each built for several instruction sets behind one table. Inputs are unsigned (signed
 * ones have 128 added, which the start values of the sums take off again), weights signed, sums modulo 2^32: all
 * variants give the same integers, but that some have 128 taken off all inputs, for start values to make up for.
 */
#ifndef C2S_BYTE_KERNELS_H
#define C2S_BYTE_KERNELS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    C2S_BYTE_PANEL = 16,      /* filters of a panel of packed weights */
    C2S_BYTE_MOST_BLOCK = 64, /* channels: the largest channel_block of all variants */
    C2S_BYTE_SLACK = 64,      /* bytes behind inputs that may be read */
};

/*
 * Result of a sum: (clamp(start + sum, low, high) * factor + addend) >> shift. One number for each filter, with whole
 * panels or blocks of channels allocated. With `step`, 1 is added to results whose (clamped) sum is above (result *
 * step + edge) >> 4: so that steps may be where a line in 32 bits doesn't put them.
 */
struct c2s_byte_epilogue {
    int32_t *start, *low, *high, *factor, *addend, *shift;
    int32_t *step, *edge; /* or NULL */
};

/*
 * Where results go: bytes (with the bits of `flip` changed), or int32 if `wide`. With `low` (depthwise only, not
 * wide) a result is split: its lowest `bits` bits, 7 at most, go to `low`, the rest to `data`.
 */
struct c2s_byte_output {
    void *data;
    size_t step; /* elements from pixel to pixel */
    bool wide;
    uint8_t flip;
    uint8_t *low;
    const struct c2s_byte_digits *digits;
};

enum { C2S_BYTE_MOST_LANES = 16 }; /* int32 in a vector, of all variants */

/* Where results are split, the same for all lanes: the number of bits, and -2^bits. */
struct c2s_byte_digits {
    int32_t bits[C2S_BYTE_MOST_LANES], weight[C2S_BYTE_MOST_LANES];
};

/* So many groups of 4 bytes from an offset on; then what has been summed up is shifted to the left. */
struct c2s_byte_run {
    size_t offset, groups;
    int32_t shift;
};

/*
 * For each pixel and filter: the sum over segments (rows of a window) and 4 * groups bytes of each. Weights:
 * [panel][segment][group][16 filters][4]. With `runs`, which take_runs of the table must allow, these stand for the
 * segments, and `groups` is how many they have together; start values are added behind all shifts.
 */
struct c2s_byte_product {
    const uint8_t *in;
    size_t pixels, row_pixels;   /* after row_pixels pixels a new row begins */
    size_t row_step, pixel_step; /* bytes */
    size_t segments, segment_step, groups;
    const struct c2s_byte_run *runs; /* or NULL */
    size_t run_count;
    const int8_t *weights;
    size_t filters;
    struct c2s_byte_epilogue epilogue;
    struct c2s_byte_output out;
};

/*
 * A row of pixels of a depthwise convolution. Weights: [block][tap column][group of 4 tap rows][channel of the
 * block][4]; channels of weights and epilogue in the order of c2s_byte_slot.
 */
struct c2s_byte_window {
    const uint8_t *in;
    size_t pixels, pixel_step; /* bytes */
    size_t rows, row_step, columns, column_step;
    const int8_t *weights;
    size_t channels;
    struct c2s_byte_epilogue epilogue;
    struct c2s_byte_output out;
};

struct c2s_byte_kernels {
    const char *name;
    size_t channel_block; /* of the depthwise kernel: a multiple of 16 */
    int32_t input_offset; /* is taken off inputs before they are multiplied: start values make up for it */
    void (*multiply)(const struct c2s_byte_product *product);
    void (*depthwise)(const struct c2s_byte_window *window);
    /* y[i] = the larger of y[i] and x[i] (xor flip: signed). */
    void (*largest)(const uint8_t *x, uint8_t *y, size_t count);
};

/* The fastest variant that needs no more than these instructions (base/processor.h). */
const struct c2s_byte_kernels *c2s_byte_kernels_get(uint32_t instructions);
/* All variants that this processor runs, by number; NULL behind the last. The first is the plain one. */
const struct c2s_byte_kernels *c2s_byte_kernels_variant(size_t number);
/* All that were built, slower ones first, and what they need. */
const struct c2s_byte_kernels *c2s_byte_kernels_built(size_t number, uint32_t *out_needed);

/* Place of a channel among those of its kernels: so that bytes of four rows, interleaved, meet their weights. */
static inline size_t c2s_byte_slot(const struct c2s_byte_kernels *kernels, size_t channel)
{
    size_t block = kernels->channel_block, within = channel % block;
    return channel - within + within % 16 / 4 * (block / 4) + within / 16 * 4 + within % 4;
}

#endif
