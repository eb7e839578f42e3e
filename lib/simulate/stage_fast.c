/* SPDX-License-Identifier: Apache-2.0 */
/* Decides where vector loops may be used: where nothing saturates that they don't saturate, and 16 bits hold all
 * factors. */
#include "simulate/stage_fast.h"

#include "base/error.h"

/* True if inputs shifted by channel stay within the buffer, so that the shift may go to the weights. */
static bool shifts_are_exact(const struct c2s_preparation *at, int64_t count, int64_t magnitude)
{
    const int32_t *shift = at->stage->input_shift;
    for (int64_t c = 0; shift && c < count; c++)
        if (shift[c] < 0 || magnitude > ((INT64_C(1) << (at->stage->buffer_bits - 1)) - 1) >> shift[c])
            return false;
    return true;
}

static int16_t shifted(const struct c2s_preparation *at, int8_t weight, int64_t channel)
{
    return (int16_t)(weight * (1 << (at->stage->input_shift ? at->stage->input_shift[channel] : 0)));
}

/* True if all shifted weights have 16 bits. rows: [..][channels]. */
static bool weights_are_narrow(const struct c2s_preparation *at, const int8_t *weights, int64_t rows,
                               int64_t channels, int64_t filters)
{
    for (int64_t row = 0; at->stage->input_shift && row < rows; row++)
        for (int64_t f = 0; f < filters; f++) {
            int64_t wide = weights[row * filters + f] * (INT64_C(1) << at->stage->input_shift[row % channels]);
            if (wide < INT16_MIN || wide > INT16_MAX)
                return false;
        }
    return true;
}

/*
 * Packs weights [segments][places][channels][filters] of the layer into panels. `shifts` says whether channels have
 * the layer's input shifts.
 */
static cnn2snn_status pack(const struct c2s_preparation *at, const int8_t *weights, int64_t segments, int64_t places,
                           int64_t channels, int64_t filters, bool shifts)
{
    struct c2s_vector_product *product = &at->stage->product;
    int64_t narrow = c2s_narrow_channels(channels), panels = (filters + C2S_PANEL - 1) / C2S_PANEL;
    void *memory;
    C2S_TRY(c2s_prepare_memory(at, (uint64_t)(panels * segments * places * narrow) * C2S_PANEL, sizeof(int16_t),
                               &memory));
    int16_t *packed = memory;
    int64_t length = places * narrow;
    for (int64_t row = 0; row < segments * places * channels; row++) {
        int64_t c = row % channels, place = row / channels % places, segment = row / channels / places;
        int64_t k = place * narrow + c;
        for (int64_t f = 0; f < filters; f++) {
            int8_t weight = weights[row * filters + f];
            int64_t at_pair = ((f / C2S_PANEL * segments + segment) * length + k / 2 * 2) * C2S_PANEL;
            packed[at_pair + f % C2S_PANEL * 2 + k % 2] = shifts ? shifted(at, weight, c) : weight;
        }
    }
    *product = (struct c2s_vector_product){(size_t)segments, (size_t)length, (size_t)filters, packed};
    return CNN2SNN_OK;
}

cnn2snn_status c2s_prepare_product(const struct c2s_preparation *at, int64_t magnitude)
{
    struct c2s_stage *stage = at->stage;
    int64_t channels = stage->in[2], filters = stage->out[2], x = stage->window.x.kernel, y = stage->window.y.kernel;
    if (!stage->vectors || magnitude > INT16_MAX || !shifts_are_exact(at, channels, magnitude) ||
        !weights_are_narrow(at, stage->weights, x * y * channels, channels, filters))
        return CNN2SNN_OK;
    stage->must_pad = true; /* the narrow copy */
    return pack(at, stage->weights, x, y, channels, filters, true);
}

cnn2snn_status c2s_prepare_pointwise(const struct c2s_preparation *at, const int8_t *weights, int64_t rows,
                                     int64_t filters, int64_t magnitude)
{
    if (!at->stage->vectors || magnitude > INT16_MAX)
        return CNN2SNN_OK;
    return pack(at, weights, 1, 1, rows, filters, false);
}

cnn2snn_status c2s_prepare_flat(const struct c2s_preparation *at, int64_t magnitude)
{
    struct c2s_stage *stage = at->stage;
    int64_t count = stage->in[0] * stage->in[1] * stage->in[2];
    if (!stage->vectors || magnitude > INT16_MAX || !shifts_are_exact(at, count, magnitude) ||
        !weights_are_narrow(at, stage->weights, count, count, stage->out[2]))
        return CNN2SNN_OK;
    return pack(at, stage->weights, 1, 1, count, stage->out[2], true);
}

cnn2snn_status c2s_prepare_depthwise(const struct c2s_preparation *at, int64_t magnitude)
{
    struct c2s_stage *stage = at->stage;
    int64_t channels = stage->in[2], taps = stage->window.x.kernel * stage->window.y.kernel;
    void *memory;
    if (!stage->vectors || taps > C2S_MOST_TAPS || !shifts_are_exact(at, channels, magnitude))
        return CNN2SNN_OK;
    C2S_TRY(c2s_prepare_memory(at, (uint64_t)(taps * channels), sizeof(int32_t), &memory));
    int32_t *wide = memory;
    for (int64_t i = 0; i < taps * channels; i++)
        wide[i] =
            (int32_t)((uint32_t)stage->weights[i] << (stage->input_shift ? stage->input_shift[i % channels] : 0));
    C2S_TRY(c2s_prepare_memory(at, (uint64_t)channels, sizeof(int32_t), &memory));
    stage->zeros = memory;
    stage->wide_weights = wide;
    stage->must_pad = false; /* taps beyond the input read the zeros */
    return CNN2SNN_OK;
}

/* True if bias, limit and scale of a filter can't leave 32 bits or the buffer. */
static bool fits(const struct c2s_stage *stage, int64_t f)
{
    int64_t high = (INT64_C(1) << (stage->post_bits - 1)) - 1, product = (int64_t)stage->limit[f] * stage->scales[f];
    int32_t shift = stage->shift[f];
    int64_t half = shift < 0 ? INT64_C(1) << (-shift - 1) : 0;
    return shift <= 0 && product <= high && product + half <= INT32_MAX && stage->bias[f] < 1 << 30 &&
           stage->bias[f] > -(1 << 30);
}

cnn2snn_status c2s_prepare_finish(const struct c2s_preparation *at, int64_t largest)
{
    struct c2s_stage *stage = at->stage;
    int64_t filters = stage->out[2], high = (INT64_C(1) << (stage->buffer_bits - 1)) - 1;
    void *memory;
    if (!stage->vectors || stage->activation != 1 || stage->pool_type == C2S_POOL_AVERAGE ||
        (high >= 1 << 30 && largest >= 1 << 30))
        return CNN2SNN_OK;
    for (int64_t f = 0; f < filters; f++)
        if (!fits(stage, f))
            return CNN2SNN_OK;
    C2S_TRY(c2s_prepare_memory(at, (uint64_t)filters * 2, sizeof(int32_t), &memory));
    int32_t *half = memory, *right = half + filters;
    for (int64_t f = 0; f < filters; f++) {
        right[f] = -stage->shift[f];
        half[f] = right[f] ? 1 << (right[f] - 1) : 0;
    }
    if (high >= 1 << 30) /* sums don't reach it */
        high = (1 << 30) - 1;
    stage->finish =
        (struct c2s_vector_finish){.bias = stage->bias,
                                   .limit = stage->limit,
                                   .scales = stage->scales,
                                   .half = half,
                                   .right = right,
                                   .low = (int32_t)(-high - 1),
                                   .high = (int32_t)high,
                                   .top = (int32_t)((INT64_C(1) << (stage->output_bits - !stage->is_unsigned)) - 1)};
    return CNN2SNN_OK;
}
