/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers for tests that are the same in every run. */
#ifndef TEST_RANDOM_NUMBERS_H
#define TEST_RANDOM_NUMBERS_H

#include <stddef.h>
#include <stdint.h>

struct random_numbers {
    uint64_t state;
};

static inline uint32_t random_bits(struct random_numbers *random)
{
    random->state = random->state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(random->state >> 32);
}

/* From low to high, both included. */
static inline int64_t random_between(struct random_numbers *random, int64_t low, int64_t high)
{
    return low + (int64_t)(random_bits(random) % (uint32_t)(high - low + 1));
}

/* In [-1, 1), a multiple of 2^-23. */
static inline float random_float(struct random_numbers *random)
{
    return (float)(random_bits(random) >> 8) * 0x1p-23f - 1;
}

static inline void random_fill(struct random_numbers *random, float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = random_float(random);
}

#endif
