/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Convolutions on integers: values int32, weights int8, sums modulo 2^32 as the Akida runtime's (but for _wide).
 * Arrays are [x][y][channel]; inputs are padded already.
 */
#ifndef C2S_INTEGER_KERNELS_H
#define C2S_INTEGER_KERNELS_H

#include <stddef.h>
#include <stdint.h>

/* A window along one axis. */
struct c2s_integer_axis {
    int64_t in, kernel, stride;
    int64_t before; /* padding in front */
    int64_t padded; /* in and the padding on both sides that windows reach into */
    int64_t out;
};

struct c2s_integer_window {
    struct c2s_integer_axis x, y;
};

/* out[x.out][y.out][filters] of in[x.padded][y.padded][channels], weights [x.kernel][y.kernel][channels][filters]. */
void c2s_integer_convolve(const struct c2s_integer_window *window, const int32_t *in, int64_t channels,
                          const int8_t *weights, int64_t filters, int32_t *out);

/* The same, channel by channel: weights [x.kernel][y.kernel][channels]. */
void c2s_integer_depthwise(const struct c2s_integer_window *window, const int32_t *in, int64_t channels,
                           const int8_t *weights, int32_t *out);

/*
 * Stride 2: input i reaches output 2 i + j - (kernel - 2) / 2 by tap j. in[x][y][channels] (not padded), out[2 x][2
 * y][filters], weights [kernel][kernel][channels][filters], depthwise [kernel][kernel][channels].
 */
void c2s_integer_transpose(int64_t x, int64_t y, int64_t kernel, const int32_t *in, int64_t channels,
                           const int8_t *weights, int64_t filters, int32_t *out);
void c2s_integer_transpose_depthwise(int64_t x, int64_t y, int64_t kernel, const int32_t *in, int64_t channels,
                                     const int8_t *weights, int32_t *out);

/* out[filters] = in[count] * weights[count][filters]. */
void c2s_integer_multiply(const int32_t *in, int64_t count, const int8_t *weights, int64_t filters, int32_t *out);

/* The same with sums of 64 bits, limited to `bits` bits at the end. */
void c2s_integer_multiply_wide(const int32_t *in, int64_t count, const int8_t *weights, int64_t filters, int32_t bits,
                               int32_t *out);

/* Largest values; `in` isn't padded, windows are cut at the edges. */
void c2s_integer_max_pool(const struct c2s_integer_window *window, const int32_t *in, int64_t channels, int32_t *out);

#endif
