/* SPDX-License-Identifier: Apache-2.0 */
/* The kernels for any processor: vectors of 16 bytes, which every 64-bit one has, and compilers make up elsewhere. */
#include <stddef.h>
#include <string.h>

#define VARIANT plain
#define TARGET
#define LANES 4
#if defined(__aarch64__)
#define TILE_ROWS 4
#else
#define TILE_ROWS 2
#endif
#define TILE_PANELS 1

typedef float four_floats __attribute__((vector_size(16)));

static inline four_floats load_part(const float *from, size_t left)
{
    float values[4] = {0};
    memcpy(values, from, left * sizeof *values);
    return (four_floats){values[0], values[1], values[2], values[3]};
}

static inline void store_part(float *to, size_t left, four_floats v)
{
    memcpy(to, &v, left * sizeof *to);
}

#define LOAD_PART(from, left) load_part(from, left)
#define STORE_PART(to, left, v) store_part(to, left, v)
#include "kernels/kernels_template.h"
