/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how a layer on bytes is shared out: each part is some rows of some filters, from input to output. */
#include <string.h>

#include "simulate/byte_plan.h"
#include "simulate/run.h"
#include "simulate/run_v1.h"
#include "simulate/run_v2.h"

struct work {
    const struct c2s_stage *stage;
    const struct c2s_byte_plan *plan;
    const struct c2s_crew *crew;
    const uint8_t *const *inputs;
    const uint8_t *input;
    size_t tap_step; /* as in the plan; of an Add: from input to input */
    size_t phase, phase_count;
    void *results; /* in front of pooling */
    void *output;
    const int32_t *places; /* in tables */
};

struct block {
    int64_t row, rows, first, filters; /* of the results */
};

static struct block block_of(const struct c2s_byte_plan *plan, int64_t filters, size_t part)
{
    int64_t row = (int64_t)part / plan->filter_blocks * plan->block_rows;
    int64_t first = (int64_t)part % plan->filter_blocks * plan->block_filters;
    int64_t rows = plan->window.x.out - row, left = filters - first;
    return (struct block){row, rows < plan->block_rows ? rows : plan->block_rows, first,
                          left < plan->block_filters ? left : plan->block_filters};
}

/* ------------------------------------------------------------------------------------------------ padding */

static uint8_t *fill_pixels(uint8_t *out, const uint8_t *pixel, int64_t channels, int64_t count)
{
    for (int64_t i = 0; i < count; i++, out += channels)
        memcpy(out, pixel, (size_t)channels);
    return out;
}

/* The rows that a block reads, with padding around them, of `channels` channels from `first` on. */
static void copy_rows(const struct c2s_byte_plan *plan, const uint8_t *input, const struct block *block,
                      int64_t first, int64_t channels, uint8_t *out)
{
    const struct c2s_integer_axis *x = &plan->window.x, *y = &plan->window.y;
    const uint8_t *fill = plan->fill + first;
    int64_t begin = block->row * x->stride - x->before, count = (block->rows - 1) * x->stride + x->kernel;
    for (int64_t i = begin; i < begin + count; i++) {
        if (i < 0 || i >= x->in) {
            out = fill_pixels(out, fill, channels, y->padded);
            continue;
        }
        const uint8_t *row = input + i * y->in * plan->channels + first;
        out = fill_pixels(out, fill, channels, y->before);
        if (channels == plan->channels) {
            memcpy(out, row, (size_t)(y->in * channels));
            out += y->in * channels;
        } else {
            for (int64_t j = 0; j < y->in; j++, out += channels)
                memcpy(out, row + j * plan->channels, (size_t)channels);
        }
        out = fill_pixels(out, fill, channels, y->padded - y->in - y->before);
    }
}

/* ------------------------------------------------------------------------------------------------ sums */

static struct c2s_byte_epilogue epilogue_from(const struct c2s_byte_plan *plan, const struct c2s_byte_phase *phase,
                                              size_t first)
{
    const struct c2s_byte_epilogue *e = &plan->epilogue;
    return (struct c2s_byte_epilogue){.start = phase->start + first,
                                      .low = e->low + first,
                                      .high = e->high + first,
                                      .factor = e->factor + first,
                                      .addend = e->addend + first,
                                      .shift = e->shift + first,
                                      .step = e->step ? e->step + first : NULL,
                                      .edge = e->step ? e->edge + first : NULL};
}

/* A row of results of a phase, from filter `first` on. */
static struct c2s_byte_output output_from(const struct work *work, const struct c2s_byte_phase *phase, int64_t row,
                                          int64_t first)
{
    const struct c2s_byte_plan *plan = work->plan;
    size_t filters = (size_t)plan->filters, spread = (size_t)plan->spread;
    size_t pixel = ((size_t)row * spread + (size_t)phase->row) * spread * (size_t)plan->window.y.out;
    size_t place = (pixel + (size_t)phase->column) * filters;
    if (plan->digits) {
        uint8_t *low = (uint8_t *)work->results + 2 * place + first;
        return (struct c2s_byte_output){
            .data = low + filters, .step = 2 * filters, .flip = plan->flip, .low = low, .digits = plan->digits};
    }
    place += (size_t)first;
    return (struct c2s_byte_output){.data = (char *)work->results + place * (plan->wide ? sizeof(int32_t) : 1),
                                    .step = spread * filters,
                                    .wide = plan->wide,
                                    .flip = plan->flip};
}

/* `row_size`: bytes of a row of the (padded) input. */
static void multiply_rows(const struct work *work, const struct c2s_byte_phase *phase, const struct block *block,
                          const uint8_t *input, size_t row_size, int64_t row, int64_t rows)
{
    const struct c2s_byte_plan *plan = work->plan;
    size_t row_step = (size_t)plan->window.x.stride * row_size;
    size_t groups = phase->runs ? phase->groups : (size_t)phase->x.count * phase->groups;
    struct c2s_byte_product product = {
        .in = input + (size_t)row * row_step,
        .pixels = (size_t)(rows * plan->window.y.out),
        .row_pixels = (size_t)plan->window.y.out,
        .row_step = row_step,
        .pixel_step = (size_t)(plan->window.y.stride * plan->channels),
        .segments = (size_t)phase->x.count,
        .segment_step = work->tap_step ? work->tap_step : row_size,
        .groups = phase->groups,
        .runs = phase->runs,
        .run_count = phase->run_count,
        .weights = phase->weights + (size_t)block->first * groups * 4,
        .filters = (size_t)block->filters,
        .epilogue = epilogue_from(plan, phase, (size_t)block->first),
        .out = output_from(work, phase, block->row + row, block->first),
    };
    plan->kernels->multiply(&product);
}

static void multiply_block(const struct work *work, const struct c2s_byte_phase *phase, const struct block *block,
                           const uint8_t *input, size_t row_size)
{
    int64_t at_once = work->plan->spread > 1 ? 1 : block->rows;
    for (int64_t row = 0; row < block->rows; row += at_once)
        multiply_rows(work, phase, block, input, row_size, row, at_once);
}

/* Pixels whose channels don't fill a block of channels run side by side as one. */
static void run_replicas(const struct c2s_byte_plan *plan, struct c2s_byte_window *window, size_t channels)
{
    size_t block = plan->kernels->channel_block, count = window->pixels * channels, whole = count / block;
    window->pixel_step = window->out.step = window->channels = block;
    window->pixels = whole;
    plan->kernels->depthwise(window);
    if (count % block == 0)
        return;
    window->in += whole * block;
    window->out.data = (char *)window->out.data + whole * block * (window->out.wide ? sizeof(int32_t) : 1);
    window->channels = count % block;
    window->pixels = 1;
    plan->kernels->depthwise(window);
}

/* `step`: bytes of a pixel of the (padded) input. */
static void depthwise_block(const struct work *work, const struct c2s_byte_phase *phase, const struct block *block,
                            const uint8_t *input, size_t step)
{
    const struct c2s_byte_plan *plan = work->plan;
    size_t rows = (size_t)phase->x.count, columns = (size_t)phase->y.count;
    size_t row_size = (size_t)plan->window.y.padded * step;
    for (int64_t i = 0; i < block->rows; i++) {
        struct c2s_byte_window window = {
            .in = input + (size_t)(i * plan->window.x.stride) * row_size,
            .pixels = (size_t)plan->window.y.out,
            .pixel_step = (size_t)plan->window.y.stride * step,
            .rows = rows,
            .row_step = plan->adds || work->tap_step ? work->tap_step : row_size,
            .columns = columns,
            .column_step = step,
            .weights = phase->weights + (size_t)block->first * columns * ((rows + 3) / 4) * 4,
            .channels = (size_t)block->filters,
            .epilogue = epilogue_from(plan, phase, (size_t)block->first),
            .out = output_from(work, phase, block->row + i, block->first),
        };
        if (plan->replicas > 1)
            run_replicas(plan, &window, step);
        else
            plan->kernels->depthwise(&window);
    }
}

static void run_part(void *data, size_t part, size_t thread)
{
    const struct work *work = data;
    const struct c2s_byte_plan *plan = work->plan;
    struct block block = block_of(plan, plan->filters, part);
    int64_t first = plan->depthwise ? block.first : 0, channels = plan->depthwise ? block.filters : plan->channels;
    const uint8_t *input = work->input + block.row * plan->window.x.stride * plan->window.y.in * plan->channels;
    size_t step = (size_t)plan->channels;
    if (plan->copies) {
        uint8_t *own = work->crew->own + thread * work->crew->own_size;
        copy_rows(plan, work->input, &block, first, channels, own);
        input = own;
        step = (size_t)channels;
    } else {
        input += first;
    }
    size_t row_size = (size_t)plan->window.y.padded * step;
    for (size_t i = work->phase; i < work->phase + work->phase_count; i++) {
        const struct c2s_byte_phase *phase = &plan->phases[i];
        const uint8_t *from = input + (size_t)phase->x.skip * row_size + (size_t)phase->y.skip * step;
        if (plan->depthwise)
            depthwise_block(work, phase, &block, from, step);
        else
            multiply_block(work, phase, &block, from, row_size);
    }
}

/* ------------------------------------------------------------------------------------------------ pooling */

static void pool_row(void *data, size_t row, size_t thread)
{
    const struct work *work = data;
    const struct c2s_stage *stage = work->stage;
    const struct c2s_integer_axis *px = &stage->pool.x, *py = &stage->pool.y;
    int64_t channels = stage->out[2], x = (int64_t)row * px->stride - px->before;
    uint8_t *out = (uint8_t *)work->output + (int64_t)row * py->out * channels;
    memset(out, 0, (size_t)(py->out * channels));
    for (int64_t j = 0; j < py->out; j++, out += channels) {
        int64_t y = j * py->stride - py->before;
        for (int64_t a = x < 0 ? 0 : x; a < x + px->kernel && a < px->in; a++)
            for (int64_t b = y < 0 ? 0 : y; b < y + py->kernel && b < py->in; b++)
                work->plan->kernels->largest((const uint8_t *)work->results + (a * py->in + b) * channels, out,
                                             (size_t)channels);
    }
}

static void share_out(const struct c2s_crew *crew, size_t count, c2s_part_fn part, struct work *work)
{
    if (crew->pool) {
        c2s_worker_pool_run(crew->pool, count, part, work);
        return;
    }
    for (size_t i = 0; i < count; i++)
        part(work, i, crew->thread);
}

/* A row of outputs from their places in the tables. */
static void look_up_row(void *data, size_t row, size_t thread)
{
    const struct work *work = data;
    const struct c2s_stage *stage = work->stage;
    size_t channels = (size_t)stage->out[2], pixels = (size_t)stage->out[1];
    const int32_t *places = work->places + row * pixels * channels;
    uint8_t *out = (uint8_t *)work->output + row * pixels * channels;
    for (size_t i = 0; i < pixels; i++, places += channels, out += channels)
        for (size_t c = 0; c < channels; c++)
            out[c] = work->plan->tables[c][places[c] + 1024];
}

static void look_up(struct work *work, int32_t *pooled)
{
    const struct c2s_stage *stage = work->stage;
    work->places = work->results;
    if (stage->pool_type != C2S_POOL_NONE) {
        c2s_integer_max_pool(&stage->pool, work->results, stage->out[2], pooled);
        work->places = pooled;
    }
    share_out(work->crew, (size_t)stage->out[0], look_up_row, work);
}

/* `pooled`: room for what is pooled in front of a table. */
static void finish(struct work *work, int32_t *pooled)
{
    const struct c2s_stage *stage = work->stage;
    const struct c2s_byte_plan *plan = work->plan;
    bool is_pooled = stage->pool_type != C2S_POOL_NONE;
    if (plan->after == C2S_AFTER_LOOKUP)
        look_up(work, pooled);
    else if (plan->after == C2S_AFTER_AVERAGE)
        c2s_average_pool(stage, work->results, plan->quick_average, work->output);
    else if (plan->after == C2S_AFTER_SUMS && stage->threshold && !is_pooled)
        c2s_finish_potentials(stage, work->output, stage->out[0] * stage->out[1]);
    else if (plan->after == C2S_AFTER_SUMS && stage->threshold)
        c2s_pool_potentials(stage, work->results, plan->quick_average, work->output);
    else if (plan->after == C2S_AFTER_SUMS && is_pooled)
        c2s_pool_sums(stage, work->results, work->output);
    else if (plan->after == C2S_AFTER_SUMS && plan->adds)
        c2s_finish_addition(stage, work->output, stage->out[0] * stage->out[1]);
    else if (plan->after == C2S_AFTER_SUMS)
        c2s_finish_sums(stage, work->output, stage->out[0] * stage->out[1]);
    else if (is_pooled && plan->wide)
        c2s_integer_max_pool(&stage->pool, work->results, stage->out[2], work->output);
    else if (is_pooled)
        share_out(work->crew, (size_t)stage->out[0], pool_row, work);
}

/* ------------------------------------------------------------------------------------------------ states */

/* Frames lie one behind the other; when there is no room for another, the last ones are moved to the front. */
static size_t room_for_frames(const struct c2s_stage *stage)
{
    return 2 * (size_t)stage->fifo - 1;
}

/* The number of the oldest frame takes a cache line in front of the frames. */
enum { HEAD = 16 };

size_t c2s_byte_state_size(const struct c2s_stage *stage)
{
    return HEAD + c2s_byte_whole_lines(room_for_frames(stage) * stage->bytes.tap_step);
}

void c2s_byte_plan_reset(const struct c2s_stage *stage, int32_t *state)
{
    size_t channels = (size_t)stage->in[2], size = room_for_frames(stage) * stage->bytes.tap_step;
    state[0] = 0;
    for (size_t i = 0; i < size; i += channels)
        memcpy((uint8_t *)(state + HEAD) + i, stage->bytes.fill, channels);
}

/* Puts a frame behind the others; returns the oldest that still counts. */
static const uint8_t *push_frame(const struct c2s_stage *stage, const uint8_t *frame, int32_t *state)
{
    size_t size = stage->bytes.tap_step, kept = (size_t)stage->fifo - 1, oldest = (size_t)state[0] + 1;
    uint8_t *frames = (uint8_t *)(state + HEAD);
    if (oldest + stage->fifo > room_for_frames(stage)) {
        memmove(frames, frames + oldest * size, kept * size);
        oldest = 0;
    }
    memcpy(frames + (oldest + kept) * size, frame, size);
    state[0] = (int32_t)oldest;
    return frames + oldest * size;
}

/* ------------------------------------------------------------------------------------------------ layers */

static void run_plan(const struct c2s_byte_plan *plan, struct work *work)
{
    work->plan = plan;
    work->phase_count = plan->adds ? 1 : plan->phase_count;
    if (!plan->adds)
        work->tap_step = plan->tap_step;
    share_out(work->crew, (size_t)(plan->row_blocks * plan->filter_blocks), run_part, work);
}

static void join_row(void *data, size_t row, size_t thread)
{
    const uint8_t *const *inputs = ((const struct work *)data)->inputs;
    const struct c2s_stage *stage = ((const struct work *)data)->stage;
    size_t first = (size_t)stage->in[2], second = (size_t)stage->other_channels, pixels = (size_t)stage->out[1];
    uint8_t *out = (uint8_t *)((const struct work *)data)->output + row * pixels * (first + second);
    for (size_t i = row * pixels; i < (row + 1) * pixels; i++, out += first + second) {
        memcpy(out, inputs[0] + i * first, first);
        memcpy(out + first, inputs[1] + i * second, second);
    }
}

/* The input that is first in memory is the first row of taps. */
static void find_inputs(const uint8_t *const *inputs, struct work *work)
{
    bool turned = inputs[1] < inputs[0];
    work->phase = turned;
    work->input = inputs[turned];
    work->tap_step = (size_t)(turned ? inputs[0] - inputs[1] : inputs[1] - inputs[0]);
}

void c2s_byte_plan_run(const struct c2s_stage *stage, const uint8_t *const *inputs, void *output, void *scratch,
                       int32_t *state, const struct c2s_crew *crew)
{
    const struct c2s_byte_plan *plan = stage->second.kernels ? &stage->second : &stage->bytes;
    struct work work = {.stage = stage, .crew = crew, .inputs = inputs, .input = inputs[0], .output = output};
    int32_t *free_scratch = scratch;
    if (plan->joins) {
        share_out(crew, (size_t)stage->out[0], join_row, &work);
        return;
    }
    if (plan->adds)
        find_inputs(inputs, &work);
    if (plan->tap_step)
        work.input = push_frame(stage, inputs[0], state);
    if (stage->second.kernels) {
        work.results = free_scratch;
        run_plan(&stage->bytes, &work);
        work.input = work.results;
        free_scratch += c2s_byte_whole_lines((size_t)(plan->window.x.out * plan->window.y.out * plan->channels));
    }
    bool direct = stage->pool_type == C2S_POOL_NONE && !plan->tables;
    size_t results = (size_t)(plan->window.x.out * plan->window.y.out * plan->filters);
    work.results = direct ? output : free_scratch;
    run_plan(plan, &work);
    finish(&work, free_scratch + c2s_byte_whole_lines(sizeof(int32_t) * results));
}

void c2s_bytes_from_integers(const int32_t *values, size_t count, bool is_signed, uint8_t *out)
{
    uint8_t flip = is_signed ? 128 : 0;
    for (size_t i = 0; i < count; i++)
        out[i] = (uint8_t)values[i] ^ flip;
}

void c2s_integers_from_bytes(const uint8_t *values, size_t count, bool is_signed, int32_t *out)
{
    int32_t offset = is_signed ? 128 : 0;
    for (size_t i = 0; i < count; i++)
        out[i] = values[i] - offset;
}
