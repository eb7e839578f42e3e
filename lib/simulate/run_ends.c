/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what layers at the start, at the end and between branches compute. */
#include <string.h>

#include "simulate/run.h"

static int64_t places_of(const struct c2s_stage *stage)
{
    return stage->out[0] * stage->out[1];
}

C2S_DECLARE_RUN(c2s_run_copy)
{
    memcpy(output, inputs[0], (size_t)(places_of(stage) * stage->out[2]) * sizeof *output);
}

C2S_DECLARE_RUN(c2s_run_dequantizer)
{
    int64_t channels = stage->out[2];
    for (int64_t i = 0; i < places_of(stage); i++)
        for (int64_t c = 0; c < channels; c++) {
            float value = (float)inputs[0][i * channels + c] * stage->float_scales[c];
            memcpy(&output[i * channels + c], &value, sizeof value);
        }
}

C2S_DECLARE_RUN(c2s_run_concatenate)
{
    size_t first = (size_t)stage->in[2], second = (size_t)stage->other_channels;
    for (int64_t i = 0; i < places_of(stage); i++, output += first + second) {
        memcpy(output, inputs[0] + i * (int64_t)first, first * sizeof *output);
        memcpy(output + first, inputs[1] + i * (int64_t)second, second * sizeof *output);
    }
}

/* 1 where the mean distance of the two inputs reaches the threshold. */
C2S_DECLARE_RUN(c2s_run_pico)
{
    int64_t channels = stage->in[2], places = stage->in[0] * stage->in[1];
    for (int64_t c = 0; c < channels; c++) {
        int64_t sum = 0;
        for (int64_t i = 0; i < places; i++) {
            int64_t value = c2s_saturate((int64_t)inputs[0][i * channels + c] * stage->scales[c], stage->buffer_bits);
            if (stage->shift[c] > 0) /* more than 32 bits saturate anyway, and must not overflow */
                value = c2s_saturate(value, 32);
            value = c2s_saturate(c2s_shift(value, stage->shift[c]), 16) - inputs[1][i * channels + c];
            sum += value < 0 ? -value : value;
        }
        output[c] = sum / places >= stage->threshold[c];
    }
}
