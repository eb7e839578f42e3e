/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the loops of integer convolutions: the innermost goes over filters, so that compilers make vectors of it.
 */
#include "simulate/integer_kernels.h"

#include <string.h>

/* sums[f] += in * weights[f]; zeros, of which activations have many, are skipped by the caller. */
static inline void add_products(int32_t *sums, int32_t in, const int8_t *weights, int64_t filters)
{
    for (int64_t f = 0; f < filters; f++)
        sums[f] = (int32_t)((uint32_t)sums[f] + (uint32_t)in * (uint32_t)weights[f]);
}

void c2s_integer_multiply(const int32_t *in, int64_t count, const int8_t *weights, int64_t filters, int32_t *out)
{
    memset(out, 0, (size_t)filters * sizeof *out);
    for (int64_t i = 0; i < count; i++)
        if (in[i])
            add_products(out, in[i], weights + i * filters, filters);
}

void c2s_integer_multiply_wide(const int32_t *in, int64_t count, const int8_t *weights, int64_t filters, int32_t bits,
                               int32_t *out)
{
    int64_t high = (INT64_C(1) << (bits - 1)) - 1;
    for (int64_t f = 0; f < filters; f++) {
        int64_t sum = 0;
        for (int64_t i = 0; i < count; i++)
            sum += (int64_t)in[i] * weights[i * filters + f];
        out[f] = (int32_t)(sum > high ? high : sum < -high - 1 ? -high - 1 : sum);
    }
}

static void convolve_at(const struct c2s_integer_window *window, const int32_t *in, int64_t channels,
                        const int8_t *weights, int64_t filters, int32_t *sums)
{
    memset(sums, 0, (size_t)filters * sizeof *sums);
    for (int64_t a = 0; a < window->x.kernel; a++)
        for (int64_t b = 0; b < window->y.kernel; b++) {
            const int32_t *values = in + (a * window->y.padded + b) * channels;
            const int8_t *tap = weights + (a * window->y.kernel + b) * channels * filters;
            for (int64_t c = 0; c < channels; c++)
                if (values[c])
                    add_products(sums, values[c], tap + c * filters, filters);
        }
}

void c2s_integer_convolve(const struct c2s_integer_window *window, const int32_t *in, int64_t channels,
                          const int8_t *weights, int64_t filters, int32_t *out)
{
    for (int64_t i = 0; i < window->x.out; i++)
        for (int64_t j = 0; j < window->y.out; j++, out += filters)
            convolve_at(window, in + (i * window->x.stride * window->y.padded + j * window->y.stride) * channels,
                        channels, weights, filters, out);
}

static inline void add_channel_products(int32_t *sums, const int32_t *in, const int8_t *weights, int64_t channels)
{
    for (int64_t c = 0; c < channels; c++)
        sums[c] = (int32_t)((uint32_t)sums[c] + (uint32_t)in[c] * (uint32_t)weights[c]);
}

void c2s_integer_depthwise(const struct c2s_integer_window *window, const int32_t *in, int64_t channels,
                           const int8_t *weights, int32_t *out)
{
    const struct c2s_integer_axis *x = &window->x, *y = &window->y;
    for (int64_t i = 0; i < x->out; i++)
        for (int64_t j = 0; j < y->out; j++, out += channels) {
            const int32_t *corner = in + (i * x->stride * y->padded + j * y->stride) * channels;
            memset(out, 0, (size_t)channels * sizeof *out);
            for (int64_t a = 0; a < x->kernel; a++)
                for (int64_t b = 0; b < y->kernel; b++)
                    add_channel_products(out, corner + (a * y->padded + b) * channels,
                                         weights + (a * y->kernel + b) * channels, channels);
        }
}

/* The input that reaches output `out` by tap `tap`, or -1. */
static inline int64_t source(int64_t out, int64_t tap, int64_t kernel, int64_t count)
{
    int64_t twice = out - tap + (kernel - 2) / 2; /* of one tap: none, as C divides */
    return twice >= 0 && twice % 2 == 0 && twice / 2 < count ? twice / 2 : -1;
}

void c2s_integer_transpose(int64_t x, int64_t y, int64_t kernel, const int32_t *in, int64_t channels,
                           const int8_t *weights, int64_t filters, int32_t *out)
{
    for (int64_t i = 0; i < 2 * x; i++)
        for (int64_t j = 0; j < 2 * y; j++, out += filters) {
            memset(out, 0, (size_t)filters * sizeof *out);
            for (int64_t a = 0; a < kernel; a++)
                for (int64_t b = 0; b < kernel; b++) {
                    int64_t u = source(i, a, kernel, x), v = source(j, b, kernel, y);
                    for (int64_t c = 0; u >= 0 && v >= 0 && c < channels; c++)
                        add_products(out, in[(u * y + v) * channels + c],
                                     weights + ((a * kernel + b) * channels + c) * filters, filters);
                }
        }
}

void c2s_integer_transpose_depthwise(int64_t x, int64_t y, int64_t kernel, const int32_t *in, int64_t channels,
                                     const int8_t *weights, int32_t *out)
{
    for (int64_t i = 0; i < 2 * x; i++)
        for (int64_t j = 0; j < 2 * y; j++, out += channels) {
            memset(out, 0, (size_t)channels * sizeof *out);
            for (int64_t a = 0; a < kernel; a++)
                for (int64_t b = 0; b < kernel; b++) {
                    int64_t u = source(i, a, kernel, x), v = source(j, b, kernel, y);
                    if (u >= 0 && v >= 0)
                        add_channel_products(out, in + (u * y + v) * channels, weights + (a * kernel + b) * channels,
                                             channels);
                }
        }
}

static void largest_at(const struct c2s_integer_window *window, const int32_t *in, int64_t channels, int64_t x,
                       int64_t y, int32_t *out)
{
    for (int64_t c = 0; c < channels; c++)
        out[c] = INT32_MIN;
    for (int64_t a = x < 0 ? 0 : x; a < x + window->x.kernel && a < window->x.in; a++)
        for (int64_t b = y < 0 ? 0 : y; b < y + window->y.kernel && b < window->y.in; b++) {
            const int32_t *values = in + (a * window->y.in + b) * channels;
            for (int64_t c = 0; c < channels; c++)
                out[c] = values[c] > out[c] ? values[c] : out[c];
        }
}

void c2s_integer_max_pool(const struct c2s_integer_window *window, const int32_t *in, int64_t channels, int32_t *out)
{
    for (int64_t i = 0; i < window->x.out; i++)
        for (int64_t j = 0; j < window->y.out; j++, out += channels)
            largest_at(window, in, channels, i * window->x.stride - window->x.before,
                       j * window->y.stride - window->y.before, out);
}
