/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what layers of Akida 2.0 without a state compute (spec/simulator.md 2). */
#include "simulate/run_v2.h"

#include <string.h>

#include "akida/kinds.h"
#include "simulate/run.h"

const int32_t *c2s_pad_input(const struct c2s_stage *stage, const int32_t *input, int32_t *scratch)
{
    if (!stage->must_pad)
        return input;
    const struct c2s_integer_axis *x = &stage->window.x, *y = &stage->window.y;
    int64_t channels = stage->in[2];
    int32_t *out = scratch;
    for (int64_t i = -x->before; i < x->padded - x->before; i++)
        for (int64_t j = -y->before; j < y->padded - y->before; j++, out += channels) {
            bool inside = i >= 0 && i < x->in && j >= 0 && j < y->in;
            const int32_t *values = inside ? input + (i * y->in + j) * channels : stage->padding;
            if (!values)
                memset(out, 0, (size_t)channels * sizeof *out);
            else if (inside && stage->input_shift)
                c2s_shift_input(stage, values, channels, out);
            else
                memcpy(out, values, (size_t)channels * sizeof *out);
        }
    return scratch;
}

void c2s_shift_input(const struct c2s_stage *stage, const int32_t *values, int64_t count, int32_t *out)
{
    for (int64_t c = 0; c < count; c++)
        out[c] = (int32_t)c2s_saturate(values[c] * (INT64_C(1) << stage->input_shift[c]), stage->buffer_bits);
}

/* ------------------------------------------------------------------------------------------------ behind the sums */

void c2s_add_bias(const struct c2s_stage *stage, int32_t *sums, int64_t places)
{
    int64_t filters = stage->out[2];
    for (int64_t i = 0; i < places; i++, sums += filters)
        for (int64_t f = 0; f < filters; f++) {
            int64_t sum = sums[f], bias = stage->bias[f];
            sum = stage->bias_in_buffer ? c2s_saturate(sum + bias, stage->buffer_bits)
                                        : c2s_saturate(sum, stage->buffer_bits) + bias;
            sums[f] = (int32_t)c2s_saturate(sum, stage->post_bits);
        }
}

int32_t c2s_lookup_place(const struct c2s_stage *stage, int32_t value, int64_t f)
{
    int64_t scaled = c2s_saturate((int64_t)value * stage->lut_scales[f], stage->post_bits);
    return (int32_t)c2s_saturate(c2s_shift(scaled, stage->lut_shift[f]), 11);
}

void c2s_apply_activation(const struct c2s_stage *stage, int32_t *values, int64_t places)
{
    int64_t filters = stage->out[2];
    for (int64_t i = 0; stage->activation && i < places; i++, values += filters)
        for (int64_t f = 0; f < filters; f++) {
            if (stage->activation == 2)
                values[f] = stage->lut[c2s_lookup_place(stage, values[f], f) + 1024];
            else
                values[f] = values[f] < 0 ? 0 : values[f] > stage->limit[f] ? stage->limit[f] : values[f];
        }
}

void c2s_rescale_output(const struct c2s_stage *stage, int32_t *values, int64_t places)
{
    int64_t filters = stage->out[2], top = (INT64_C(1) << stage->output_bits) - 1;
    for (int64_t i = 0; i < places; i++, values += filters)
        for (int64_t f = 0; f < filters; f++) {
            int64_t value = values[f];
            if (stage->scales)
                value = c2s_saturate(value * stage->scales[f], stage->post_bits);
            value = c2s_shift(value, stage->shift[f]);
            values[f] = (int32_t)(!stage->is_unsigned ? c2s_saturate(value, stage->output_bits)
                                  : value < 0         ? 0
                                  : value > top       ? top
                                                      : value);
        }
}

void c2s_sum_places(const int32_t *values, int64_t places, int64_t filters, int32_t bits, bool quick, int32_t *output)
{
    int32_t high = (int32_t)((INT64_C(1) << (bits - 1)) - 1), low = -high - 1;
    memset(output, 0, (size_t)filters * sizeof *output);
    for (int64_t i = 0; i < places; i++, values += filters) {
        for (int64_t f = 0; !quick && f < filters; f++)
            output[f] = (int32_t)c2s_saturate((int64_t)output[f] + values[f], bits);
        for (int64_t f = 0; quick && f < filters; f++) {
            int32_t sum = output[f] + values[f];
            sum = sum > high ? high : sum;
            output[f] = sum < low ? low : sum;
        }
    }
}

void c2s_average_pool(const struct c2s_stage *stage, const int32_t *values, bool quick, int32_t *output)
{
    c2s_sum_places(values, stage->window.x.out * stage->window.y.out, stage->out[2], stage->post_bits, quick, output);
    c2s_rescale_output(stage, output, 1);
}

void c2s_finish_sums(const struct c2s_stage *stage, int32_t *sums, int64_t places)
{
    c2s_add_bias(stage, sums, places);
    c2s_apply_activation(stage, sums, places);
    c2s_rescale_output(stage, sums, places);
}

/* Max pooling goes first, as what follows keeps the order of numbers; average pooling behind the activation. */
void c2s_pool_sums(const struct c2s_stage *stage, int32_t *sums, int32_t *output)
{
    int64_t places = stage->window.x.out * stage->window.y.out;
    if (stage->pool_type == C2S_POOL_MAX) {
        c2s_integer_max_pool(&stage->pool, sums, stage->out[2], output);
        c2s_finish_sums(stage, output, stage->out[0] * stage->out[1]);
        return;
    }
    c2s_add_bias(stage, sums, places);
    c2s_apply_activation(stage, sums, places);
    c2s_average_pool(stage, sums, false, output);
}

/* ------------------------------------------------------------------------------------------------ layers */

C2S_DECLARE_RUN(c2s_run_conv2d)
{
    bool pooled = stage->pool_type != C2S_POOL_NONE;
    int32_t *sums = pooled ? scratch + stage->conv_offset : output;
    const int32_t *padded = c2s_pad_input(stage, inputs[0], scratch);
    if (stage->layer->kind == C2S_AKIDA_DEPTHWISE_CONV2D)
        c2s_integer_depthwise(&stage->window, padded, stage->in[2], stage->weights, sums);
    else
        c2s_integer_convolve(&stage->window, padded, stage->in[2], stage->weights, stage->out[2], sums);
    if (pooled)
        c2s_pool_sums(stage, sums, output);
    else
        c2s_finish_sums(stage, output, stage->out[0] * stage->out[1]);
}

static void shift_places(const struct c2s_stage *stage, const int32_t *input, int32_t *scratch)
{
    int64_t channels = stage->in[2], places = stage->in[0] * stage->in[1];
    for (int64_t i = 0; i < places; i++)
        c2s_shift_input(stage, input + i * channels, channels, scratch + i * channels);
}

C2S_DECLARE_RUN(c2s_run_conv2d_transpose)
{
    shift_places(stage, inputs[0], scratch);
    c2s_integer_transpose(stage->in[0], stage->in[1], stage->window.x.kernel, scratch, stage->in[2], stage->weights,
                          stage->out[2], output);
    c2s_finish_sums(stage, output, stage->out[0] * stage->out[1]);
}

C2S_DECLARE_RUN(c2s_run_depthwise_transpose)
{
    shift_places(stage, inputs[0], scratch);
    c2s_integer_transpose_depthwise(stage->in[0], stage->in[1], stage->window.x.kernel, scratch, stage->in[2],
                                    stage->weights, output);
    c2s_finish_sums(stage, output, stage->out[0] * stage->out[1]);
}

C2S_DECLARE_RUN(c2s_run_dense)
{
    int64_t count = stage->in[0] * stage->in[1] * stage->in[2];
    c2s_shift_input(stage, inputs[0], count, scratch);
    if (stage->wide_sums)
        c2s_integer_multiply_wide(scratch, count, stage->weights, stage->out[2], stage->buffer_bits, output);
    else
        c2s_integer_multiply(scratch, count, stage->weights, stage->out[2], output);
    c2s_finish_sums(stage, output, 1);
}

void c2s_finish_addition(const struct c2s_stage *stage, int32_t *sums, int64_t places)
{
    for (int64_t i = 0; i < places * stage->out[2]; i++)
        sums[i] = (int32_t)c2s_saturate(sums[i], stage->buffer_bits);
    c2s_apply_activation(stage, sums, places);
    c2s_rescale_output(stage, sums, places);
}

C2S_DECLARE_RUN(c2s_run_add)
{
    int64_t channels = stage->out[2], places = stage->out[0] * stage->out[1];
    for (int64_t i = 0; i < places; i++)
        for (int64_t c = 0; c < channels; c++) {
            int64_t at = i * channels + c;
            int64_t a = inputs[0][at] * (INT64_C(1) << stage->input_shift[c]);
            int64_t b = inputs[1][at] * (INT64_C(1) << stage->other_shift[c]);
            int64_t sum = c2s_saturate(a, stage->buffer_bits) + c2s_saturate(b, stage->buffer_bits);
            output[at] = (int32_t)c2s_saturate(sum, 32); /* no limit of the buffer is above */
        }
    c2s_finish_addition(stage, output, places);
}

C2S_DECLARE_RUN(c2s_run_normalization)
{
    int64_t channels = stage->out[2], places = stage->out[0] * stage->out[1];
    for (int64_t i = 0; i < places; i++) {
        c2s_shift_input(stage, inputs[0] + i * channels, channels, output + i * channels);
        for (int64_t c = 0; c < channels; c++)
            output[i * channels + c] = (int32_t)((uint32_t)output[i * channels + c] * (uint32_t)stage->lut_scales[c]);
    }
    c2s_finish_sums(stage, output, stage->out[0] * stage->out[1]);
}
