/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which layers run on bytes, and packs their weights. */
#include "simulate/byte_plan.h"

#include <string.h>

#include "akida/kinds.h"
#include "base/allocator.h"
#include "base/checked.h"
#include "base/error.h"
#include "simulate/run.h"
#include "simulate/stage_vectors.h"

enum {
    PIXELS_OF_BLOCK = 256,      /* of a product: weights are read once for them */
    COPY_OF_BLOCK = 128 * 1024, /* bytes of padded rows */
    DEPTHWISE_COPY = 32 * 1024, /* the same, to stay in the first cache */
    DEPTHWISE_CHANNELS = 128,   /* of a block: a multiple of all channel blocks */
    PRODUCT_FILTERS = 64,
    PARTS = 8, /* at least, where that is possible */
};

static bool is_depthwise(const struct c2s_preparation *at)
{
    return at->layer->kind == C2S_AKIDA_DEPTHWISE_CONV2D;
}

static bool is_flat(const struct c2s_preparation *at)
{
    int32_t kind = at->layer->kind;
    return kind == C2S_AKIDA_DENSE1D || kind == C2S_AKIDA_DENSE2D || kind == C2S_AKIDA_FULLY_CONNECTED;
}

static bool has_bytes(const struct c2s_preparation *at)
{
    switch (at->layer->kind) {
    case C2S_AKIDA_INPUT_CONVOLUTIONAL:
    case C2S_AKIDA_CONVOLUTIONAL:
    case C2S_AKIDA_INPUT_CONV2D:
    case C2S_AKIDA_CONV2D:
    case C2S_AKIDA_DEPTHWISE_CONV2D:
        return true;
    default:
        return is_flat(at);
    }
}

/* ------------------------------------------------------------------------------------------------ input */

struct input {
    int32_t zero; /* the byte that stands for 0 */
    int64_t magnitude;
};

/* False where inputs aren't bytes, or where shifting them isn't one factor for all sums. */
static bool look_at_input(const struct c2s_preparation *at, const struct c2s_stage *producer, struct input *out)
{
    const struct c2s_stage *stage = at->stage;
    bool is_signed = producer && producer->dtype == CNN2SNN_DTYPE_INT8;
    if (producer && !is_signed && producer->dtype != CNN2SNN_DTYPE_UINT8)
        return false;
    int64_t most = is_signed ? 128 : 255;
    out->zero = is_signed ? 128 : 0;
    out->magnitude = producer && producer->magnitude < most ? producer->magnitude : most;
    int64_t count = is_flat(at) ? stage->in[0] * stage->in[1] * stage->in[2] : stage->in[2];
    for (int64_t c = 0; stage->input_shift && c < count; c++) {
        int32_t shift = stage->input_shift[c];
        if (shift < 0 || (shift != stage->input_shift[0] && !is_depthwise(at)) ||
            out->magnitude << shift >= INT64_C(1) << (stage->buffer_bits - 1))
            return false;
    }
    for (int64_t c = 0; stage->padding && c < stage->in[2]; c++)
        if (stage->padding[c] + out->zero > 255)
            return false;
    return true;
}

static cnn2snn_status make_fill(const struct c2s_preparation *at, const struct input *input)
{
    void *memory;
    C2S_TRY(c2s_prepare_memory(at, (uint64_t)at->stage->in[2], 1, &memory));
    for (int64_t c = 0; c < at->stage->in[2]; c++)
        ((uint8_t *)memory)[c] = (uint8_t)(input->zero + (at->stage->padding ? at->stage->padding[c] : 0));
    at->stage->bytes.fill = memory;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ weights */

static size_t round_up(size_t value, size_t step)
{
    return (value + step - 1) / step * step;
}

/* Filters, or channels, that the packed form has room for. */
static size_t padded_filters(const struct c2s_stage *stage)
{
    size_t block = stage->bytes.depthwise ? stage->bytes.kernels->channel_block : C2S_BYTE_PANEL;
    return round_up((size_t)stage->out[2], block);
}

/* [kernel x][kernel y * channels][filters] in panels; the rows of a FullyConnected come in another order. */
static void pack_product(const struct c2s_preparation *at, int8_t *packed)
{
    const struct c2s_stage *stage = at->stage;
    const struct c2s_byte_plan *plan = &stage->bytes;
    size_t filters = (size_t)stage->out[2], channels = (size_t)stage->in[2];
    size_t x = (size_t)stage->in[0], y = (size_t)stage->in[1];
    size_t length = is_flat(at) ? x * y * channels : (size_t)stage->window.y.kernel * channels;
    bool turned = at->layer->kind == C2S_AKIDA_FULLY_CONNECTED;
    for (size_t segment = 0; segment < plan->segments; segment++)
        for (size_t k = 0; k < length; k++) {
            size_t row = segment * length + k;
            if (turned)
                row = (k % channels * y + k / channels % y) * x + k / channels / y;
            for (size_t f = 0; f < filters; f++) {
                size_t group = (f / C2S_BYTE_PANEL * plan->segments + segment) * plan->groups + k / 4;
                packed[(group * C2S_BYTE_PANEL + f % C2S_BYTE_PANEL) * 4 + k % 4] = stage->weights[row * filters + f];
            }
        }
}

static void pack_depthwise(const struct c2s_stage *stage, int8_t *packed)
{
    size_t rows = (size_t)stage->window.x.kernel, columns = (size_t)stage->window.y.kernel;
    size_t channels = (size_t)stage->in[2], block = stage->bytes.kernels->channel_block, groups = (rows + 3) / 4;
    for (size_t row = 0; row < rows; row++)
        for (size_t column = 0; column < columns; column++)
            for (size_t c = 0; c < padded_filters(stage); c++) {
                size_t channel = stage->bytes.replicas > 1 ? c % channels : c;
                size_t place = (c / block * columns + column) * groups + row / 4;
                if (channel < channels)
                    packed[(place * block + c2s_byte_slot(stage->bytes.kernels, c) % block) * 4 + row % 4] =
                        stage->weights[(row * columns + column) * channels + channel];
            }
}

static cnn2snn_status pack(const struct c2s_preparation *at)
{
    struct c2s_stage *stage = at->stage;
    struct c2s_byte_plan *plan = &stage->bytes;
    void *memory;
    size_t size = padded_filters(stage);
    size_t rows = (size_t)stage->window.x.kernel, columns = (size_t)stage->window.y.kernel;
    if (!c2s_mul_size(size, plan->depthwise ? columns * ((rows + 3) / 4) : plan->segments, &size) ||
        !c2s_mul_size(size, plan->depthwise ? 4 : 4 * plan->groups, &size))
        return c2s_error_no_memory(at->error);
    C2S_TRY(c2s_prepare_memory(at, size, 1, &memory));
    if (plan->depthwise)
        pack_depthwise(stage, memory);
    else
        pack_product(at, memory);
    plan->weights = memory;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ epilogue */

/* Start values take off what the inputs' offset adds, as far as the kernels don't; bounds are of the sums'
 * magnitudes. */
static void sum_weights(const struct c2s_preparation *at, const struct input *input, int64_t *bounds)
{
    struct c2s_stage *stage = at->stage;
    int64_t filters = stage->out[2], rows, offset = input->zero - stage->bytes.kernels->input_offset;
    if (is_flat(at))
        rows = stage->in[0] * stage->in[1] * stage->in[2];
    else
        rows = stage->window.x.kernel * stage->window.y.kernel * (stage->bytes.depthwise ? 1 : stage->in[2]);
    for (int64_t row = 0; row < rows; row++)
        for (int64_t f = 0; f < filters; f++) {
            int64_t weight = stage->weights[row * filters + f];
            size_t slot = stage->bytes.depthwise ? c2s_byte_slot(stage->bytes.kernels, (size_t)f) : (size_t)f;
            bounds[f] += weight < 0 ? -weight : weight;
            stage->bytes.epilogue.start[slot] =
                (int32_t)((uint32_t)stage->bytes.epilogue.start[slot] - (uint32_t)(offset * weight));
        }
    for (int64_t f = 0; f < filters; f++)
        bounds[f] = bounds[f] > INT64_C(1) << 40 ? INT64_MAX : bounds[f] * input->magnitude;
}

static bool shifted_sums_fit(const struct c2s_stage *stage, const int64_t *bounds)
{
    for (int64_t f = 0; stage->input_shift && f < stage->out[2]; f++) {
        int32_t shift = stage->input_shift[stage->bytes.depthwise ? f : 0];
        if (shift && bounds[f] > INT32_MAX >> shift)
            return false;
    }
    return true;
}

/* Copies the numbers of the channels behind them, for several pixels side by side. */
static void replicate(const struct c2s_stage *stage)
{
    const struct c2s_byte_epilogue *e = &stage->bytes.epilogue;
    int32_t *vectors[] = {e->start, e->low, e->high, e->factor, e->addend, e->shift};
    size_t channels = (size_t)stage->in[2];
    for (size_t c = channels; c < channels * stage->bytes.replicas; c++)
        for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++)
            vectors[i][c2s_byte_slot(stage->bytes.kernels, c)] =
                vectors[i][c2s_byte_slot(stage->bytes.kernels, c % channels)];
}

/* Of what can be done along with the sums, the most that is exact. *out_found: false for layers that need others. */
static cnn2snn_status choose_epilogue(const struct c2s_preparation *at, const int64_t *bounds, bool *out_found)
{
    struct c2s_stage *stage = at->stage;
    struct c2s_byte_plan *plan = &stage->bytes;
    bool version_1 = c2s_akida_kind_version(at->layer->kind) == 1, average = stage->pool_type == C2S_POOL_AVERAGE;
    *out_found = false;
    if (!shifted_sums_fit(stage, bounds))
        return CNN2SNN_OK;
    bool sums =
        version_1 ? average || (stage->pool_type == C2S_POOL_MAX && !stage->activation) : stage->activation == 2;
    plan->after = sums ? C2S_AFTER_SUMS : average ? C2S_AFTER_AVERAGE : C2S_AFTER_NOTHING;
    C2S_TRY(c2s_byte_plan_find_epilogue(at, bounds, plan->after, &plan->epilogue, out_found));
    if (*out_found || version_1)
        return CNN2SNN_OK;
    plan->after = C2S_AFTER_SUMS;
    return c2s_byte_plan_find_epilogue(at, bounds, plan->after, &plan->epilogue, out_found);
}

static cnn2snn_status make_epilogue(const struct c2s_preparation *at, const struct input *input, bool *out_found)
{
    struct c2s_byte_epilogue *epilogue = &at->stage->bytes.epilogue;
    int32_t **vectors[] = {&epilogue->start,  &epilogue->low,    &epilogue->high,
                           &epilogue->factor, &epilogue->addend, &epilogue->shift};
    size_t padded = round_up((size_t)at->stage->out[2], C2S_BYTE_MOST_BLOCK);
    void *memory;
    C2S_TRY(c2s_prepare_memory(at, padded, 6 * sizeof(int32_t), &memory));
    for (size_t i = 0; i < 6; i++)
        *vectors[i] = (int32_t *)memory + i * padded;
    int64_t *bounds = c2s_calloc(at->model->context, (size_t)at->stage->out[2], sizeof *bounds);
    if (!bounds)
        return c2s_error_no_memory(at->error);
    sum_weights(at, input, bounds);
    cnn2snn_status status = choose_epilogue(at, bounds, out_found);
    c2s_free(at->model->context, bounds);
    if (!status && *out_found)
        replicate(at->stage);
    return status;
}

/* ------------------------------------------------------------------------------------------------ blocks */

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static void set_shape(const struct c2s_preparation *at, const struct c2s_stage *producer)
{
    struct c2s_stage *stage = at->stage;
    struct c2s_byte_plan *plan = &stage->bytes;
    const struct c2s_integer_axis *x = &stage->window.x, *y = &stage->window.y;
    size_t channels = (size_t)stage->in[2], block = plan->kernels->channel_block;
    plan->depthwise = is_depthwise(at);
    plan->replicas = 1;
    if (is_flat(at)) {
        plan->segments = plan->pixels_x = plan->pixels_y = 1;
        plan->groups = ((size_t)(stage->in[0] * stage->in[1]) * channels + 3) / 4;
        return;
    }
    plan->segments = (size_t)x->kernel;
    plan->groups = ((size_t)y->kernel * channels + 3) / 4;
    plan->pixels_x = x->out;
    plan->pixels_y = y->out;
    plan->copies = !producer || x->padded > x->in || y->padded > y->in;
    if (plan->depthwise && y->stride == 1 && channels < block && block % channels == 0)
        plan->replicas = block / channels;
}

/* Rows of results whose padded inputs, of some channels, are at most so many bytes. */
static int64_t rows_within(const struct c2s_stage *stage, int64_t channels, int64_t size)
{
    const struct c2s_integer_axis *x = &stage->window.x;
    int64_t rows = (size / (stage->window.y.padded * channels) - x->kernel) / x->stride + 1;
    return rows < 1 ? 1 : smaller(rows, x->out);
}

static void set_blocks(struct c2s_stage *stage)
{
    struct c2s_byte_plan *plan = &stage->bytes;
    int64_t filters = stage->out[2], channels = stage->in[2];
    plan->block_filters = filters;
    plan->block_rows = smaller((PIXELS_OF_BLOCK + plan->pixels_y - 1) / plan->pixels_y, plan->pixels_x);
    if (plan->depthwise) {
        plan->block_filters = channels = smaller(filters, DEPTHWISE_CHANNELS);
        plan->block_rows = rows_within(stage, channels, DEPTHWISE_COPY);
    } else if (plan->copies) {
        plan->block_rows = smaller(plan->block_rows, rows_within(stage, channels, COPY_OF_BLOCK));
    }
    plan->row_blocks = (plan->pixels_x + plan->block_rows - 1) / plan->block_rows;
    if (!plan->depthwise && plan->row_blocks < PARTS) {
        int64_t blocks = (PARTS + plan->row_blocks - 1) / plan->row_blocks;
        plan->block_filters = (int64_t)round_up((size_t)((filters + blocks - 1) / blocks), PRODUCT_FILTERS);
    }
    plan->filter_blocks = (filters + plan->block_filters - 1) / plan->block_filters;
    if (plan->copies) {
        int64_t rows = (plan->block_rows - 1) * stage->window.x.stride + stage->window.x.kernel;
        plan->own_size =
            round_up((size_t)(rows * stage->window.y.padded * channels) + C2S_BYTE_SLACK, C2S_BYTE_SLACK);
    }
}

/* What the plain form has that isn't needed any more. */
static void drop_plain(const struct c2s_preparation *at)
{
    struct c2s_stage *stage = at->stage;
    size_t pooled = stage->pool_type == C2S_POOL_NONE
                        ? 0
                        : (size_t)(stage->bytes.pixels_x * stage->bytes.pixels_y * stage->out[2]);
    c2s_prepare_release(at, stage->weights);
    c2s_prepare_release(at, stage->product.weights);
    c2s_prepare_release(at, stage->product.start);
    c2s_prepare_release(at, stage->wide_weights);
    stage->weights = NULL;
    stage->product.weights = NULL;
    stage->product.start = NULL;
    stage->wide_weights = NULL;
    stage->conv_offset = 0;
    stage->scratch_size = stage->bytes.wide ? pooled : (pooled + 3) / 4;
}

cnn2snn_status c2s_byte_plan_prepare(const struct c2s_preparation *at, const struct c2s_byte_kernels *kernels,
                                     const struct c2s_stage *producer)
{
    struct c2s_stage *stage = at->stage;
    struct c2s_byte_plan *plan = &stage->bytes;
    struct input input;
    bool found;
    if (kernels && !producer && at->layer->kind == C2S_AKIDA_INPUT_DATA)
        stage->has_bytes = c2s_dtype_size(stage->dtype) == 1;
    if (!kernels || !has_bytes(at) || !look_at_input(at, producer, &input))
        return CNN2SNN_OK;
    plan->kernels = kernels;
    set_shape(at, producer);
    C2S_TRY(make_fill(at, &input));
    C2S_TRY(make_epilogue(at, &input, &found));
    if (!found) {
        *plan = (struct c2s_byte_plan){0};
        return CNN2SNN_OK;
    }
    C2S_TRY(pack(at));
    stage->has_bytes = plan->after == C2S_AFTER_NOTHING && c2s_dtype_size(stage->dtype) == 1;
    plan->wide = !stage->has_bytes;
    plan->flip = stage->has_bytes && stage->dtype == CNN2SNN_DTYPE_INT8 ? 128 : 0;
    set_blocks(stage);
    drop_plain(at);
    return CNN2SNN_OK;
}
