/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which bytes a layer's sums are taken of, and how the work is shared out. */
#include "simulate/byte_shape.h"

#include "akida/kinds.h"

enum {
    PIXELS_OF_BLOCK = 256,      /* of a product: weights are read once for them */
    COPY_OF_BLOCK = 128 * 1024, /* bytes of padded rows */
    DEPTHWISE_COPY = 32 * 1024, /* the same, to stay in the first cache */
    DEPTHWISE_CHANNELS = 128,   /* of a block: a multiple of all channel blocks */
    PRODUCT_FILTERS = 64,
    PARTS = 8, /* at least, where that is possible */
};

static const struct c2s_byte_taps one_tap = {0, 1, 1, 0};

void c2s_byte_set_pixels(struct c2s_byte_plan *plan, struct c2s_byte_source *source, int64_t x, int64_t y,
                         int64_t rows)
{
    plan->window = (struct c2s_integer_window){{x, 1, 1, 0, x, x}, {y, 1, 1, 0, y, y}};
    plan->phases[0] = (struct c2s_byte_phase){.x = {0, 1, rows, 0}, .y = one_tap};
    source->rows = rows;
    source->columns = 1;
}

static void set_window(const struct c2s_preparation *at, struct c2s_byte_plan *plan, struct c2s_byte_source *source)
{
    const struct c2s_stage *stage = at->stage;
    const struct c2s_integer_axis *x = &stage->window.x, *y = &stage->window.y;
    plan->window = stage->window;
    plan->phases[0] = (struct c2s_byte_phase){.x = {0, 1, x->kernel, 0}, .y = {0, 1, y->kernel, 0}};
    plan->copies = !stage->inbound_count || x->padded > x->in || y->padded > y->in;
    source->rows = x->kernel;
    source->columns = y->kernel;
}

/* The whole input is one pixel. */
static void set_flat(const struct c2s_preparation *at, struct c2s_byte_plan *plan, struct c2s_byte_source *source)
{
    const int64_t *in = at->stage->in;
    c2s_byte_set_pixels(plan, source, 1, 1, 1);
    plan->channels = in[0] * in[1] * in[2];
    for (int i = 0; at->layer->kind == C2S_AKIDA_FULLY_CONNECTED && i < 3; i++)
        source->turned[i] = in[i];
}

/* Frames are rows of taps, the oldest first. */
static void set_frames(const struct c2s_preparation *at, struct c2s_byte_plan *plan, struct c2s_byte_source *source)
{
    const int64_t *in = at->stage->in;
    c2s_byte_set_pixels(plan, source, in[0], in[1], at->stage->fifo);
    plan->tap_step = (size_t)(in[0] * in[1] * in[2]);
}

/*
 * Input i reaches result 2 i + j - (kernel - 2) / 2 by tap j: so results of the same remainder by 2 are convolutions
 * with every other tap, the last one first. *out_before: inputs in front of the one at half the result's place.
 */
static struct c2s_byte_taps taps_of_remainder(int64_t kernel, int64_t remainder, int64_t *out_before)
{
    int64_t offset = (kernel - 2) / 2, first = kernel - 1; /* of one tap: none, as C divides */
    *out_before = 0;
    if ((first - remainder - offset) % 2)
        first--;
    if (first < 0)
        return (struct c2s_byte_taps){0, 1, 0, 0};
    *out_before = (first - remainder - offset) / 2;
    return (struct c2s_byte_taps){first, -2, first / 2 + 1, 0};
}

static void set_transposed(const struct c2s_preparation *at, struct c2s_byte_plan *plan,
                           struct c2s_byte_source *source)
{
    const int64_t *in = at->stage->in;
    int64_t kernel = at->stage->window.x.kernel, before[2], most_before = 0, behind = 0;
    struct c2s_byte_taps taps[2];
    for (int i = 0; i < 2; i++) {
        taps[i] = taps_of_remainder(kernel, i, &before[i]);
        most_before = before[i] > most_before ? before[i] : most_before;
        behind = taps[i].count - 1 - before[i] > behind ? taps[i].count - 1 - before[i] : behind;
    }
    for (int i = 0; i < 2; i++)
        taps[i].skip = most_before - before[i];
    for (int i = 0; i < C2S_BYTE_PHASES; i++)
        plan->phases[i] = (struct c2s_byte_phase){.x = taps[i / 2], .y = taps[i % 2], .row = i / 2, .column = i % 2};
    int64_t around = most_before + behind;
    plan->window = (struct c2s_integer_window){{in[0], around + 1, 1, most_before, in[0] + around, in[0]},
                                               {in[1], around + 1, 1, most_before, in[1] + around, in[1]}};
    plan->copies = around > 0;
    plan->phase_count = C2S_BYTE_PHASES;
    plan->spread = 2;
    source->rows = source->columns = kernel;
}

bool c2s_byte_set_shape(const struct c2s_preparation *at, struct c2s_byte_plan *plan, struct c2s_byte_source *source)
{
    switch (at->layer->kind) {
    case C2S_AKIDA_DEPTHWISE_CONV2D:
    case C2S_AKIDA_SEPARABLE_CONVOLUTIONAL: /* its first half */
        plan->depthwise = true;
        set_window(at, plan, source);
        break;
    case C2S_AKIDA_INPUT_CONVOLUTIONAL:
    case C2S_AKIDA_CONVOLUTIONAL:
    case C2S_AKIDA_INPUT_CONV2D:
    case C2S_AKIDA_CONV2D:
        set_window(at, plan, source);
        break;
    case C2S_AKIDA_DENSE1D:
    case C2S_AKIDA_DENSE2D:
    case C2S_AKIDA_FULLY_CONNECTED:
        set_flat(at, plan, source);
        break;
    case C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV:
    case C2S_AKIDA_BUFFER_TEMP_CONV:
        plan->depthwise = at->layer->kind == C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV;
        set_frames(at, plan, source);
        break;
    case C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE:
    case C2S_AKIDA_CONV2D_TRANSPOSE:
        plan->depthwise = at->layer->kind == C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE;
        set_transposed(at, plan, source);
        break;
    default:
        return false;
    }
    return true;
}

/* ------------------------------------------------------------------------------------------------ blocks */

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Rows of results whose padded inputs, of some channels, are at most so many bytes. */
static int64_t rows_within(const struct c2s_byte_plan *plan, int64_t channels, int64_t size)
{
    const struct c2s_integer_axis *x = &plan->window.x;
    int64_t rows = (size / (plan->window.y.padded * channels) - x->kernel) / x->stride + 1;
    return rows < 1 ? 1 : smaller(rows, x->out);
}

void c2s_byte_set_blocks(struct c2s_byte_plan *plan)
{
    const struct c2s_integer_axis *x = &plan->window.x, *y = &plan->window.y;
    int64_t filters = plan->filters, channels = plan->channels;
    plan->block_filters = filters;
    plan->block_rows = smaller((PIXELS_OF_BLOCK + y->out - 1) / y->out, x->out);
    if (plan->depthwise) {
        plan->block_filters = channels = smaller(filters, DEPTHWISE_CHANNELS);
        plan->block_rows = rows_within(plan, channels, DEPTHWISE_COPY);
    } else if (plan->copies) {
        plan->block_rows = smaller(plan->block_rows, rows_within(plan, channels, COPY_OF_BLOCK));
    }
    plan->row_blocks = (x->out + plan->block_rows - 1) / plan->block_rows;
    if (!plan->depthwise && plan->row_blocks < PARTS) {
        int64_t blocks = (PARTS + plan->row_blocks - 1) / plan->row_blocks;
        plan->block_filters = (int64_t)c2s_byte_round_up((size_t)((filters + blocks - 1) / blocks), PRODUCT_FILTERS);
    }
    plan->filter_blocks = (filters + plan->block_filters - 1) / plan->block_filters;
    if (plan->copies) {
        int64_t rows = (plan->block_rows - 1) * x->stride + x->kernel;
        plan->own_size = c2s_byte_round_up((size_t)(rows * y->padded * channels) + C2S_BYTE_SLACK, C2S_BYTE_SLACK);
    }
}
