/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what layers with a state compute (spec/simulator.md 2). The state goes on from sample to sample. */
#include <string.h>

#include "simulate/run.h"
#include "simulate/run_v2.h"

/* Puts the sample behind the older ones in the FIFO, state[frame][x][y][channel], and a shifted copy in the scratch.
 */
static void push_frame(const struct c2s_stage *stage, const int32_t *input, int32_t *state, int32_t *scratch)
{
    int64_t channels = stage->in[2], places = stage->in[0] * stage->in[1], frame = places * channels;
    memmove(state, state + frame, (size_t)(frame * (stage->fifo - 1)) * sizeof *state);
    memcpy(state + frame * (stage->fifo - 1), input, (size_t)frame * sizeof *state);
    for (int64_t i = 0; i < places * stage->fifo; i++)
        c2s_shift_input(stage, state + i * channels, channels, scratch + i * channels);
}

C2S_DECLARE_RUN(c2s_run_temporal)
{
    int64_t channels = stage->in[2], filters = stage->out[2], places = stage->in[0] * stage->in[1];
    push_frame(stage, inputs[0], state, scratch);
    /* A convolution over time: frames are rows, each place is a column of its own. */
    struct c2s_integer_window window = {{stage->fifo, stage->fifo, 1, 0, stage->fifo, 1},
                                        {places, 1, 1, 0, places, places}};
    c2s_integer_convolve(&window, scratch, channels, stage->weights, filters, output);
    c2s_finish_sums(stage, output, stage->out[0] * stage->out[1]);
}

/* Unlike other layers this one saturates after each frame, the oldest first. */
static void sum_frames(const struct c2s_stage *stage, const int32_t *frames, int32_t *output)
{
    int64_t channels = stage->in[2], frame = stage->in[0] * stage->in[1] * channels;
    for (int64_t i = 0; i < frame; i++) {
        int64_t sum = 0;
        for (int64_t t = 0; t < stage->fifo; t++)
            sum = c2s_saturate(sum + (int64_t)frames[t * frame + i] * stage->weights[t * channels + i % channels],
                               stage->buffer_bits);
        output[i] = (int32_t)sum;
    }
}

C2S_DECLARE_RUN(c2s_run_depthwise_temporal)
{
    int64_t places = stage->in[0] * stage->in[1];
    push_frame(stage, inputs[0], state, scratch);
    if (stage->wide_sums) {
        sum_frames(stage, scratch, output);
        c2s_finish_sums(stage, output, places);
        return;
    }
    struct c2s_integer_window window = {{stage->fifo, stage->fifo, 1, 0, stage->fifo, 1},
                                        {places, 1, 1, 0, places, places}};
    c2s_integer_depthwise(&window, scratch, stage->in[2], stage->weights, output);
    c2s_finish_sums(stage, output, stage->out[0] * stage->out[1]);
}

/* One step of the recurrence: state[hidden] real parts, then imaginary ones; `drive` is what the input adds. */
static void step_state(const struct c2s_stage *stage, const int32_t *drive, int32_t *state)
{
    int32_t *real = state, *imaginary = state + stage->hidden, post = stage->post_bits;
    for (int32_t s = 0; s < stage->hidden; s++) {
        int64_t a = stage->state_real[s], b = stage->state_imaginary[s], re = real[s], im = imaginary[s];
        int64_t x = c2s_saturate(c2s_saturate(re * a, post) - c2s_saturate(im * b, post), post);
        int64_t y = c2s_saturate(c2s_saturate(re * b, post) + c2s_saturate(im * a, post), post);
        x = c2s_shift(c2s_saturate(x + drive[s], post), stage->state_shift[s]);
        y = c2s_shift(y, stage->state_shift[s]);
        bool positive = stage->hidden_bits <= 4; /* as all outputs of so few bits */
        int64_t top = (INT64_C(1) << stage->hidden_bits) - 1;
        real[s] = (int32_t)(!positive ? c2s_saturate(x, stage->hidden_bits) : x < 0 ? 0 : x > top ? top : x);
        imaginary[s] = (int32_t)(!positive ? c2s_saturate(y, stage->hidden_bits) : y < 0 ? 0 : y > top ? top : y);
    }
}

/* The input's projection, scaled to the width of the state's buffer. */
static void project_input(const struct c2s_stage *stage, const int32_t *input, int32_t *shifted, int32_t *drive)
{
    int32_t post = stage->post_bits;
    c2s_shift_input(stage, input, stage->in[2], shifted);
    if (stage->wide_sums)
        c2s_integer_multiply_wide(shifted, stage->in[2], stage->weights, stage->hidden, stage->buffer_bits, drive);
    else
        c2s_integer_multiply(shifted, stage->in[2], stage->weights, stage->hidden, drive);
    for (int32_t s = 0; s < stage->hidden; s++) {
        int64_t value = c2s_saturate(c2s_saturate(drive[s], stage->buffer_bits) * stage->state_scales[s], post);
        value = c2s_shift(value, stage->new_state_shift[s]);
        int64_t top = (INT64_C(1) << post) - 1;
        drive[s] = (int32_t)(post > 4 ? c2s_saturate(value, post) : value < 0 ? 0 : value > top ? top : value);
    }
}

C2S_DECLARE_RUN(c2s_run_recurrent)
{
    int64_t filters = stage->out[2];
    int32_t *drive = scratch, *shifted = scratch + stage->hidden;
    for (int64_t t = 0; t < stage->in[1]; t++) {
        project_input(stage, inputs[0] + t * stage->in[2], shifted, drive);
        step_state(stage, drive, state);
        if ((t + 1) % stage->subsample)
            continue;
        int32_t *sums = output + t / stage->subsample * filters;
        if (stage->wide_outputs)
            c2s_integer_multiply_wide(state, stage->hidden, stage->pointwise, filters, stage->buffer_bits, sums);
        else
            c2s_integer_multiply(state, stage->hidden, stage->pointwise, filters, sums);
    }
    c2s_finish_sums(stage, output, stage->out[0] * stage->out[1]);
}
