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

/* Bits that hold all shifted weights: 8, 16, or 32. rows: [..][channels]. */
static int weight_bits(const struct c2s_preparation *at, const int8_t *weights, int64_t rows, int64_t channels,
                       int64_t filters)
{
    int bits = 8;
    for (int64_t row = 0; at->stage->input_shift && row < rows; row++)
        for (int64_t f = 0; f < filters; f++) {
            int64_t wide = weights[row * filters + f] * (INT64_C(1) << at->stage->input_shift[row % channels]);
            if (wide < INT16_MIN || wide > INT16_MAX)
                return 32;
            if (wide < INT8_MIN || wide > INT8_MAX)
                bits = 16;
        }
    return bits;
}

/* How weights [segments][places][channels][filters] of a layer are packed. */
struct packing {
    const int8_t *weights;
    int64_t segments, places, channels, filters;
    bool bytes, shifts; /* shifts: channels have the layer's input shifts */
};

static void pack_row(const struct c2s_preparation *at, const struct packing *how, int64_t row, int32_t *packed,
                     int32_t *start)
{
    int64_t c = row % how->channels, place = row / how->channels % how->places, unit = how->bytes ? 4 : 2;
    int64_t in_place = (how->channels + unit - 1) / unit, groups = how->places * in_place;
    int64_t segment = row / how->channels / how->places, group = place * in_place + c / unit;
    for (int64_t f = 0; f < how->filters; f++) {
        int8_t weight = how->weights[row * how->filters + f];
        int16_t value = how->shifts ? shifted(at, weight, c) : weight;
        int32_t *to =
            packed + ((f / C2S_PANEL * how->segments + segment) * groups + group) * C2S_PANEL + f % C2S_PANEL;
        if (how->bytes)
            ((int8_t *)to)[c % unit] = (int8_t)value;
        else
            ((int16_t *)to)[c % unit] = value;
        start[f] = (int32_t)((uint32_t)start[f] - (uint32_t)(value * at->stage->product.offset));
    }
}

static cnn2snn_status pack(const struct c2s_preparation *at, const struct packing *how)
{
    struct c2s_vector_product *product = &at->stage->product;
    int64_t unit = how->bytes ? 4 : 2, panels = (how->filters + C2S_PANEL - 1) / C2S_PANEL;
    int64_t groups = how->places * ((how->channels + unit - 1) / unit);
    void *packed, *start;
    C2S_TRY(
        c2s_prepare_memory(at, (uint64_t)(panels * how->segments * groups) * C2S_PANEL, sizeof(int32_t), &packed));
    C2S_TRY(c2s_prepare_memory(at, (uint64_t)panels * C2S_PANEL, sizeof(int32_t), &start));
    *product = (struct c2s_vector_product){.segments = (size_t)how->segments,
                                           .groups = (size_t)groups,
                                           .filters = (size_t)how->filters,
                                           .start = start,
                                           .bytes = how->bytes};
    if (how->bytes && at->input_dtype == CNN2SNN_DTYPE_INT8)
        product->offset = 128;
    for (int64_t row = 0; row < how->segments * how->places * how->channels; row++)
        pack_row(at, how, row, packed, start);
    product->weights = packed;
    return CNN2SNN_OK;
}

/* True if inputs and their padding are bytes of one sign. */
static bool inputs_are_bytes(const struct c2s_preparation *at)
{
    return at->stage->vectors->has_bytes &&
           (at->input_dtype == CNN2SNN_DTYPE_UINT8 || (at->input_dtype == CNN2SNN_DTYPE_INT8 && !at->stage->padding));
}

cnn2snn_status c2s_prepare_product(const struct c2s_preparation *at, int64_t magnitude)
{
    struct c2s_stage *stage = at->stage;
    int64_t channels = stage->in[2], filters = stage->out[2], x = stage->window.x.kernel, y = stage->window.y.kernel;
    if (!stage->vectors || magnitude > INT16_MAX || !shifts_are_exact(at, channels, magnitude))
        return CNN2SNN_OK;
    int bits = weight_bits(at, stage->weights, x * y * channels, channels, filters);
    if (bits > 16)
        return CNN2SNN_OK;
    stage->must_pad = true; /* the narrow copy */
    struct packing how = {stage->weights, x, y, channels, filters, bits == 8 && inputs_are_bytes(at), true};
    return pack(at, &how);
}

cnn2snn_status c2s_prepare_pointwise(const struct c2s_preparation *at, const int8_t *weights, int64_t rows,
                                     int64_t filters, int64_t magnitude, bool of_input)
{
    if (!at->stage->vectors || magnitude > INT16_MAX)
        return CNN2SNN_OK;
    struct packing how = {weights, 1, 1, rows, filters, of_input && inputs_are_bytes(at), false};
    return pack(at, &how);
}

cnn2snn_status c2s_prepare_flat(const struct c2s_preparation *at, int64_t magnitude)
{
    struct c2s_stage *stage = at->stage;
    int64_t count = stage->in[0] * stage->in[1] * stage->in[2];
    if (!stage->vectors || magnitude > INT16_MAX || !shifts_are_exact(at, count, magnitude))
        return CNN2SNN_OK;
    int bits = weight_bits(at, stage->weights, count, count, stage->out[2]);
    struct packing how = {stage->weights, 1, 1, count, stage->out[2], bits == 8 && inputs_are_bytes(at), true};
    return bits > 16 ? CNN2SNN_OK : pack(at, &how);
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
    for (int64_t f = 0; f < filters; f++) {
        int64_t bias = stage->bias[f] < 0 ? -(int64_t)stage->bias[f] : stage->bias[f];
        if (!fits(stage, f) || (stage->bias_in_buffer && (largest > high || largest + bias > high)))
            return CNN2SNN_OK;
    }
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
