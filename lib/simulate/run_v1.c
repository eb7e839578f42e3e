/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what layers of Akida 1.0 compute (spec/simulator.md 3). */
#include "akida/kinds.h"
#include "simulate/run.h"
#include "simulate/run_v1.h"
#include "simulate/run_v2.h"

/* Level of an activation: ceil(16 (potential - threshold) / step), from 0 to the largest. None: the potentials stay.
 */
void c2s_apply_levels(const struct c2s_stage *stage, int32_t *values, int64_t places)
{
    int64_t filters = stage->out[2], top = (1 << stage->act_bits) - 1;
    for (int64_t i = 0; stage->activation && i < places; i++, values += filters)
        for (int64_t f = 0; f < filters; f++) {
            int64_t excess = 16 * ((int64_t)values[f] - stage->threshold[f]), step = stage->step[f];
            values[f] = excess <= 0 ? 0 : excess >= top * step ? (int32_t)top : (int32_t)((excess + step - 1) / step);
        }
}

void c2s_pool_potentials(const struct c2s_stage *stage, const int32_t *sums, bool quick, int32_t *output)
{
    if (stage->pool_type == C2S_POOL_MAX)
        c2s_integer_max_pool(&stage->pool, sums, stage->out[2], output);
    else
        c2s_sum_places(sums, stage->window.x.out * stage->window.y.out, stage->out[2], C2S_POTENTIAL_BITS, quick,
                       output);
    c2s_apply_levels(stage, output, stage->out[0] * stage->out[1]);
}

void c2s_finish_potentials(const struct c2s_stage *stage, int32_t *sums, int64_t places)
{
    for (int64_t f = 0; stage->layer->kind == C2S_AKIDA_FULLY_CONNECTED && f < stage->out[2]; f++)
        sums[f] = (int32_t)c2s_saturate(sums[f], C2S_POTENTIAL_BITS);
    c2s_apply_levels(stage, sums, places);
}

C2S_DECLARE_RUN(c2s_run_convolutional)
{
    const struct c2s_integer_window *window = &stage->window;
    int64_t places = window->x.out * window->y.out, channels = stage->in[2];
    bool pooled = stage->pool_type != C2S_POOL_NONE;
    int32_t *sums = pooled ? scratch + stage->conv_offset : output;
    const int32_t *padded = c2s_pad_input(stage, inputs[0], scratch);
    if (stage->pointwise) {
        int32_t *between = scratch + stage->conv_offset - places * channels;
        c2s_integer_depthwise(window, padded, channels, stage->weights, between);
        for (int64_t i = 0; i < places; i++)
            c2s_integer_multiply(between + i * channels, channels, stage->pointwise, stage->out[2],
                                 sums + i * stage->out[2]);
    } else {
        c2s_integer_convolve(window, padded, channels, stage->weights, stage->out[2], sums);
    }
    if (pooled)
        c2s_pool_potentials(stage, sums, false, output);
    else
        c2s_finish_potentials(stage, output, places);
}

C2S_DECLARE_RUN(c2s_run_fully_connected)
{
    int64_t x = stage->in[0], y = stage->in[1], channels = stage->in[2];
    for (int64_t i = 0; i < x; i++)
        for (int64_t j = 0; j < y; j++)
            for (int64_t c = 0; c < channels; c++)
                scratch[(c * y + j) * x + i] = inputs[0][(i * y + j) * channels + c];
    c2s_integer_multiply(scratch, x * y * channels, stage->weights, stage->out[2], output);
    c2s_finish_potentials(stage, output, 1);
}
