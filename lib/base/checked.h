/* SPDX-License-Identifier: Apache-2.0 */
/* Arithmetic on sizes that says when it overflows. */
#ifndef C2S_CHECKED_H
#define C2S_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Each gives true and sets *out when the result fits, false otherwise. */
static inline bool c2s_add_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool c2s_mul_size(size_t a, size_t b, size_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

static inline bool c2s_add_i64(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_add_overflow(a, b, out);
}

static inline bool c2s_mul_i64(int64_t a, int64_t b, int64_t *out)
{
    return !__builtin_mul_overflow(a, b, out);
}

#endif
