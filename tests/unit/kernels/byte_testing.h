/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the tests of the byte kernels share: blocks of memory that end where what may be read ends, numbers at the
 * extremes, epilogues, and what a result must be. It is computed here from unpacked weights and true (signed or
 * unsigned) inputs, so that the plain variant is tested like the others.
 */
#ifndef C2S_BYTE_TESTING_H
#define C2S_BYTE_TESTING_H

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../support/random_numbers.h"
#include "base/processor.h"
#include "kernels/byte_kernels.h"

enum { CANARY = 0xa5 };

/* A test runs for each number of c2s_byte_kernels_built; NULL where the processor can't run that variant. */
static inline const struct c2s_byte_kernels *variant_of(size_t number)
{
    uint32_t needed = 0;
    const struct c2s_byte_kernels *kernels = c2s_byte_kernels_built(number, &needed);
    if (needed & ~c2s_processor_all_instructions()) {
        printf("skipped: this processor lacks what %s needs\n", kernels->name);
        return NULL;
    }
    return kernels;
}

static inline int count_variants(void)
{
    uint32_t needed;
    int count = 0;
    while (c2s_byte_kernels_built((size_t)count, &needed))
        count++;
    return count;
}

static inline size_t pick(struct random_numbers *random, const size_t *values, size_t count)
{
    return values[random_between(random, 0, (int64_t)count - 1)];
}
#define PICK(random, ...)                                                                                            \
    pick(random, (const size_t[]){__VA_ARGS__}, sizeof((const size_t[]){__VA_ARGS__}) / sizeof(size_t))

/* How numbers of a case are drawn: all at one end, ends only, anything. */
enum drawing { ALL_LOW, ALL_HIGH, ENDS, NEAR_ENDS, ANYTHING, DRAWINGS };

static inline int32_t draw(struct random_numbers *random, enum drawing drawing, int32_t low, int32_t high)
{
    bool down = random_bits(random) & 1;
    switch (drawing) {
    case ALL_LOW:
        return low;
    case ALL_HIGH:
        return high;
    case ENDS:
        return down ? low : high;
    case NEAR_ENDS:
        return down ? low + (int32_t)(random_bits(random) & 1) : high - (int32_t)(random_bits(random) & 1);
    default:
        return (int32_t)random_between(random, low, high);
    }
}

static inline uint32_t draw_word(struct random_numbers *random)
{
    static const uint32_t ends[] = {0, 1, UINT32_MAX, INT32_MAX, UINT32_C(1) << 31, (UINT32_C(1) << 31) + 1};
    uint32_t choice = random_bits(random) % 12;
    return choice < 6 ? ends[choice] : random_bits(random);
}

/* Bytes at an address of any alignment, of which exactly `size` may be touched (AddressSanitizer sees to it). */
struct block {
    uint8_t *memory, *data;
    size_t size;
};

static inline struct block make_block(struct random_numbers *random, size_t size, size_t alignment)
{
    size_t offset = (size_t)random_between(random, 0, 63) / alignment * alignment;
    uint8_t *memory = malloc(offset + size);
    ck_assert_ptr_nonnull(memory);
    memset(memory, CANARY, offset + size);
    return (struct block){memory, memory + offset, size};
}

/* Input bytes, and CANARY where only reading is allowed. */
static inline struct block make_input(struct random_numbers *random, size_t size, enum drawing drawing)
{
    struct block block = make_block(random, size + C2S_BYTE_SLACK, 1);
    for (size_t i = 0; i < size; i++)
        block.data[i] = (uint8_t)draw(random, drawing, 0, 255);
    return block;
}

/* ------------------------------------------------------------------------------------------------ epilogues */

struct numbers {
    int32_t start, low, high, factor, addend, shift;
    bool has_step;
    int32_t step, edge;
};

/* Anything where results are wide; otherwise such that they are -128 to 127, with both ends reached by some. */
static inline struct numbers draw_numbers(struct random_numbers *random, bool wide, bool has_step, int64_t reach)
{
    if (wide) {
        bool raw = random_bits(random) & 1;
        if (raw)
            return (struct numbers){.low = INT32_MIN, .high = INT32_MAX, .factor = 1};
        int32_t a = (int32_t)draw_word(random), b = (int32_t)draw_word(random);
        return (struct numbers){(int32_t)draw_word(random),
                                a < b ? a : b,
                                a < b ? b : a,
                                (int32_t)draw_word(random),
                                (int32_t)draw_word(random),
                                (int32_t)draw_word(random) & 31,
                                false,
                                0,
                                0};
    }
    int64_t low = random_between(random, -reach, reach), high = random_between(random, low, reach), factor = 0;
    if (random_between(random, 0, 9))
        factor = random_between(random, 1,
                                high > low ? INT32_MAX / (high - low) < 255 ? INT32_MAX / (high - low) : 255 : 255);
    int32_t shift = 0;
    while (((high - low) * factor) >> shift > 254 - has_step)
        shift++;
    int64_t spare = (255 - has_step) * (INT64_C(1) << shift) - 1 - (high - low) * factor;
    int64_t lowest = -128 * (INT64_C(1) << shift) + (spare > 0 ? random_between(random, 0, spare) : 0);
    struct numbers numbers = {
        .low = (int32_t)low, .high = (int32_t)high, .factor = (int32_t)factor, .shift = shift, .has_step = has_step};
    numbers.addend = (int32_t)(uint32_t)(lowest - low * factor);
    if (has_step) { /* results of sums in the middle are at either side of the edge */
        numbers.step = (int32_t)random_between(random, 0, (high - low) / 16 < 1 << 20 ? (high - low) / 16 : 1 << 20);
        numbers.edge = (int32_t)(random_between(random, low, high) / 16 * 16 + random_between(random, -15, 15));
    }
    return numbers;
}

static inline struct c2s_byte_epilogue make_epilogue(struct random_numbers *random, size_t padded, bool has_steps,
                                                     struct block *out_block)
{
    *out_block = make_block(random, 8 * padded * sizeof(int32_t), sizeof(int32_t));
    int32_t *numbers = (int32_t *)(void *)out_block->data;
    memset(numbers, 0, out_block->size);
    return (struct c2s_byte_epilogue){numbers,
                                      numbers + padded,
                                      numbers + 2 * padded,
                                      numbers + 3 * padded,
                                      numbers + 4 * padded,
                                      numbers + 5 * padded,
                                      has_steps ? numbers + 6 * padded : NULL,
                                      has_steps ? numbers + 7 * padded : NULL};
}

static inline void set_numbers(const struct c2s_byte_epilogue *epilogue, size_t slot, const struct numbers *numbers,
                               uint32_t correction)
{
    epilogue->start[slot] = (int32_t)((uint32_t)numbers->start - correction);
    epilogue->low[slot] = numbers->low;
    epilogue->high[slot] = numbers->high;
    epilogue->factor[slot] = numbers->factor;
    epilogue->addend[slot] = numbers->addend;
    epilogue->shift[slot] = numbers->shift;
    if (epilogue->step) {
        epilogue->step[slot] = numbers->step;
        epilogue->edge[slot] = numbers->edge;
    }
}

/* What becomes of a sum of true values, by the definition in byte_kernels.h. */
static inline int32_t result_of(const struct numbers *numbers, int64_t sum)
{
    int32_t value = (int32_t)((uint32_t)numbers->start + (uint32_t)sum);
    value = value < numbers->low ? numbers->low : value > numbers->high ? numbers->high : value;
    int32_t result =
        (int32_t)((uint32_t)value * (uint32_t)numbers->factor + (uint32_t)numbers->addend) >> numbers->shift;
    int32_t edge = (int32_t)((uint32_t)result * (uint32_t)numbers->step + (uint32_t)numbers->edge) >> 4;
    return result + (numbers->has_step && value > edge);
}

/* ------------------------------------------------------------------------------------------------ outputs */

static inline struct block make_output(struct random_numbers *random, const struct c2s_byte_output *out,
                                       size_t pixels, size_t channels)
{
    size_t element = out->wide ? sizeof(int32_t) : 1;
    return make_block(random, ((pixels - 1) * out->step + channels) * element, element);
}

static inline int32_t read_output(const struct c2s_byte_output *out, size_t place)
{
    if (!out->wide)
        return (int8_t)(((const uint8_t *)out->data)[place] ^ out->flip);
    return ((const int32_t *)out->data)[place];
}

/* What lies between the pixels' results is as it was. */
static inline void expect_gaps(const struct c2s_byte_output *out, size_t pixels, size_t channels, const char *what)
{
    size_t element = out->wide ? sizeof(int32_t) : 1;
    for (size_t p = 0; p + 1 < pixels; p++)
        for (size_t i = (p * out->step + channels) * element; i < (p + 1) * out->step * element; i++)
            ck_assert_msg(((const uint8_t *)out->data)[i] == CANARY, "%s: byte %zu behind pixel %zu is written", what,
                          i, p);
}

#endif
