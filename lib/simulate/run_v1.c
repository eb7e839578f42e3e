/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what layers of Akida 1.0 compute (spec/simulator.md 3). */
#include <string.h>

#include "simulate/run.h"
#include "simulate/run_v1.h"

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

/* A running sum that saturates after each addition, first axis outermost. */
static void average_pool(const struct c2s_stage *stage, const int32_t *sums, int32_t *output)
{
    int64_t filters = stage->out[2], places = stage->window.x.out * stage->window.y.out;
    memset(output, 0, (size_t)filters * sizeof *output);
    for (int64_t i = 0; i < places; i++, sums += filters)
        for (int64_t f = 0; f < filters; f++)
            output[f] = (int32_t)c2s_saturate((int64_t)output[f] + sums[f], C2S_POTENTIAL_BITS);
}

/* Pooling of the sums, which lie in the scratch, and the activation. */
void c2s_pool_potentials(const struct c2s_stage *stage, const int32_t *sums, int32_t *output)
{
    if (stage->pool_type == C2S_POOL_MAX)
        c2s_integer_max_pool(&stage->pool, sums, stage->out[2], output);
    else
        average_pool(stage, sums, output);
    c2s_apply_levels(stage, output, stage->out[0] * stage->out[1]);
}

C2S_DECLARE_RUN(c2s_run_convolutional)
{
    if (stage->pool_type == C2S_POOL_NONE) {
        c2s_run_sums(stage, inputs[0], scratch, output, c2s_apply_levels, pool);
        return;
    }
    int32_t *sums = scratch + stage->conv_offset;
    c2s_run_sums(stage, inputs[0], scratch, sums, NULL, pool);
    c2s_pool_potentials(stage, sums, output);
}

C2S_DECLARE_RUN(c2s_run_separable)
{
    int64_t places = stage->window.x.out * stage->window.y.out, channels = stage->in[2];
    bool pooled = stage->pool_type != C2S_POOL_NONE;
    int32_t *sums = pooled ? scratch + stage->conv_offset : output;
    int32_t *between = scratch + stage->conv_offset - 2 * places * channels;
    c2s_run_depthwise_sums(stage, inputs[0], scratch, between, NULL, pool);
    c2s_run_products(stage, between, places, channels, stage->pointwise, between + places * channels, sums);
    if (pooled)
        c2s_pool_potentials(stage, sums, output);
    else
        c2s_apply_levels(stage, output, places);
}

C2S_DECLARE_RUN(c2s_run_fully_connected)
{
    int64_t x = stage->in[0], y = stage->in[1], channels = stage->in[2];
    for (int64_t i = 0; i < x; i++)
        for (int64_t j = 0; j < y; j++)
            for (int64_t c = 0; c < channels; c++)
                scratch[(c * y + j) * x + i] = inputs[0][(i * y + j) * channels + c];
    c2s_run_products(stage, scratch, 1, x * y * channels, stage->weights, scratch + x * y * channels, output);
    for (int64_t f = 0; f < stage->out[2]; f++)
        output[f] = (int32_t)c2s_saturate(output[f], C2S_POTENTIAL_BITS);
    c2s_apply_levels(stage, output, 1);
}
