/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how sums are computed: with the vector loops where the stage was prepared for them, otherwise with plain
 * ones. */
#include <string.h>

#include "simulate/run.h"
#include "simulate/stage_fast.h"

/* `count` values and zeros up to `padded`. */
static void narrow_values(const struct c2s_stage *stage, const int32_t *values, int64_t count, int64_t padded,
                          int16_t *out)
{
    stage->vectors->narrow(values, (size_t)count, out);
    if (padded > count)
        out[count] = 0;
}

/* The padded input in 16 bits, with an even number of channels. */
static void narrow_input(const struct c2s_stage *stage, const int32_t *input, int16_t *out)
{
    const struct c2s_integer_axis *x = &stage->window.x, *y = &stage->window.y;
    int64_t channels = stage->in[2], narrow = c2s_narrow_channels(channels);
    if (channels == narrow && x->padded == x->in && y->padded == y->in) {
        stage->vectors->narrow(input, (size_t)(x->in * y->in * channels), out);
        return;
    }
    for (int64_t i = -x->before; i < x->padded - x->before; i++)
        for (int64_t j = -y->before; j < y->padded - y->before; j++, out += narrow) {
            bool inside = i >= 0 && i < x->in && j >= 0 && j < y->in;
            if (inside)
                narrow_values(stage, input + (i * y->in + j) * channels, channels, narrow, out);
            else if (stage->padding)
                narrow_values(stage, stage->padding, channels, narrow, out);
            else
                memset(out, 0, (size_t)narrow * sizeof *out);
        }
}

void c2s_run_sums(const struct c2s_stage *stage, const int32_t *input, int32_t *scratch, int32_t *sums)
{
    const struct c2s_integer_axis *x = &stage->window.x, *y = &stage->window.y;
    if (!stage->product.weights) {
        c2s_integer_convolve(&stage->window, c2s_pad_input(stage, input, scratch), stage->in[2], stage->weights,
                             stage->out[2], sums);
        return;
    }
    int16_t *narrow = (int16_t *)scratch;
    size_t channels = (size_t)c2s_narrow_channels(stage->in[2]), row = (size_t)y->padded * channels;
    narrow_input(stage, input, narrow);
    if (x->kernel == 1 && y->kernel == 1 && x->stride == 1 && y->stride == 1) {
        stage->vectors->multiply(&stage->product, narrow, channels, row, (size_t)(x->out * y->out), sums);
        return;
    }
    for (int64_t i = 0; i < x->out; i++)
        stage->vectors->multiply(&stage->product, narrow + (size_t)(i * x->stride) * row,
                                 (size_t)y->stride * channels, row, (size_t)y->out,
                                 sums + i * y->out * stage->out[2]);
}

void c2s_run_depthwise_sums(const struct c2s_stage *stage, const int32_t *input, int32_t *scratch, int32_t *sums)
{
    const struct c2s_integer_axis *x = &stage->window.x, *y = &stage->window.y;
    const int32_t *padded = c2s_pad_input(stage, input, scratch), *values[C2S_MOST_TAPS];
    int64_t channels = stage->in[2];
    if (!stage->wide_weights) {
        c2s_integer_depthwise(&stage->window, padded, channels, stage->weights, sums);
        return;
    }
    for (int64_t i = 0; i < x->out; i++)
        for (int64_t j = 0; j < y->out; j++, sums += channels) {
            size_t taps = 0;
            for (int64_t a = 0; a < x->kernel; a++)
                for (int64_t b = 0; b < y->kernel; b++)
                    values[taps++] = padded + ((i * x->stride + a) * y->padded + j * y->stride + b) * channels;
            stage->vectors->sum_products(values, stage->wide_weights, taps, (size_t)channels, sums);
        }
}

void c2s_run_products(const struct c2s_stage *stage, const int32_t *values, int64_t places, int64_t count,
                      const int8_t *plain, int16_t *narrow, int32_t *sums)
{
    int64_t filters = stage->out[2], padded = c2s_narrow_channels(count);
    if (!stage->product.weights) {
        for (int64_t i = 0; i < places; i++)
            c2s_integer_multiply(values + i * count, count, plain, filters, sums + i * filters);
        return;
    }
    for (int64_t i = 0; i < places; i++)
        narrow_values(stage, values + i * count, count, padded, narrow + i * padded);
    stage->vectors->multiply(&stage->product, narrow, (size_t)padded, 0, (size_t)places, sums);
}
