/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions of QuantizeML models: exact sums of integers, and what turns sums into outputs. Arrays hold int32, or
 * int64 where more than 31 value bits are needed; the channel is the last axis.
 */
#ifndef C2S_INTEGER_H
#define C2S_INTEGER_H

#include <stdbool.h>

#include "base/worker_pool.h"
#include "cnn2snn/tensor.h"
#include "kernels/window.h"

/* Limited to [-2^value_bits, 2^value_bits - 1]; value_bits up to 62. */
static inline int64_t c2s_integer_limit(int64_t value, int32_t value_bits)
{
    int64_t high = (INT64_C(1) << value_bits) - 1;
    return value > high ? high : value < -high - 1 ? -high - 1 : value;
}

/* limit(value * 2^shift), shift from 0 on. */
static inline int64_t c2s_integer_shift_left(int64_t value, int32_t shift, int32_t value_bits)
{
    int64_t limited = c2s_integer_limit(value, value_bits), most = INT64_MAX >> (shift < 62 ? shift : 62);
    if (limited > most || limited < -most)
        return c2s_integer_limit(limited > 0 ? INT64_MAX : INT64_MIN, value_bits);
    return c2s_integer_limit(limited * (INT64_C(1) << (shift < 62 ? shift : 62)), value_bits);
}

/* limit(floor(value * 2^shift + 1/2)) of values below 2^61. */
static inline int64_t c2s_integer_rescale(int64_t value, int32_t shift, int32_t value_bits)
{
    if (shift >= 0)
        return c2s_integer_shift_left(value, shift, value_bits);
    int32_t right = -shift < 62 ? -shift : 62;
    return c2s_integer_limit((value + (INT64_C(1) << (right - 1))) >> right, value_bits);
}

/* ------------------------------------------------------------------------------------------------ arrays */

/* Elements from `first` on of an array of int32, int64, or float32 that holds whole numbers. */
void c2s_integers_load(cnn2snn_dtype dtype, const void *array, size_t first, size_t count, int64_t *values);
/* Into an array of int32 or int64. */
void c2s_integers_store(cnn2snn_dtype dtype, void *array, size_t first, size_t count, const int64_t *values);

/* ------------------------------------------------------------------------------------------------ outputs */

/* What happens to sums. Arrays have one entry for each channel; NULL: nothing is done. */
struct c2s_integer_output {
    size_t channels;
    int32_t value_bits;  /* of the sums and of what is added */
    const int64_t *bias; /* is added, and the result limited */
    bool relu;
    const int64_t *maximum;   /* of a relu */
    const int64_t *mantissas; /* product, limited to product_bits */
    int32_t product_bits;
    const int32_t *shifts; /* rescaled by 2^shift, limited to output_bits */
    int32_t output_bits;
};

/* On one place: as many values as there are channels. */
void c2s_integer_finish(const struct c2s_integer_output *output, int64_t *values);
/* On `places` places of an array, threads sharing them. The arrays may be the same when their elements are as large.
 */
void c2s_integer_finish_all(const struct c2s_integer_output *output, struct c2s_worker_pool *pool, size_t places,
                            cnn2snn_dtype from_dtype, const void *from, cnn2snn_dtype to_dtype, void *to);

/* ------------------------------------------------------------------------------------------------ inputs */

/* Images as they enter a convolution: shifted, with a border around them. */
struct c2s_integer_images {
    size_t samples, rows, columns, channels;
    size_t before[2], after[2]; /* width of the border: top and left, bottom and right */
    const int32_t *border;      /* its value for each channel, in integers of the shifted input */
    const int32_t *shift;       /* to the left, for each channel; or NULL */
    int32_t value_bits;         /* of the shifted input */
    cnn2snn_dtype dtype;
    const void *data;
};

/* Digits by which integers become several numbers of few bits: the sum of digit * 2^(bits * place). */
struct c2s_integer_digits {
    int32_t bits;
    int32_t place, places; /* the last one has the sign */
};

void c2s_integer_images_copy(const struct c2s_integer_images *images, struct c2s_worker_pool *pool, int64_t *to);
void c2s_integer_images_digits(const struct c2s_integer_images *images, const struct c2s_integer_digits *digits,
                               struct c2s_worker_pool *pool, float *to);

/* ------------------------------------------------------------------------------------------------ sums */

/* y[out rows][out columns][filters] of x[in rows][in columns][channels], weights [rows][columns][channels][filters];
 * depthwise: [rows][columns][channels], filters = channels. Sums must fit. */
struct c2s_integer_convolution {
    struct c2s_window window;
    size_t channels, filters;
    bool depthwise;
    const int32_t *weights;
};

void c2s_integer_sum_products(const struct c2s_integer_convolution *convolution, struct c2s_worker_pool *pool,
                              size_t samples, const int64_t *x, int64_t *y);

/* sums += part * 2^shift, or = with `first`, of floats that are whole numbers. */
void c2s_integer_add_digits(const float *part, int32_t shift, bool first, struct c2s_worker_pool *pool, size_t count,
                            int64_t *sums);

/* Largest of each window's values, which are int32 or int64 in both arrays. */
void c2s_integer_largest(const struct c2s_window *window, struct c2s_worker_pool *pool, size_t samples,
                         size_t channels, cnn2snn_dtype dtype, const void *x, void *y);

#endif
