/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how a layer on bytes is shared out: each part is some rows of some filters, from input to output. */
#include <string.h>

#include "simulate/byte_plan.h"
#include "simulate/run.h"
#include "simulate/run_v1.h"
#include "simulate/run_v2.h"

struct work {
    const struct c2s_stage *stage;
    const struct c2s_crew *crew;
    const uint8_t *input;
    void *results; /* in front of pooling */
    void *output;
};

struct block {
    int64_t row, rows, first, filters; /* of the results */
};

static struct block block_of(const struct c2s_byte_plan *plan, int64_t filters, size_t part)
{
    int64_t row = (int64_t)part / plan->filter_blocks * plan->block_rows;
    int64_t first = (int64_t)part % plan->filter_blocks * plan->block_filters;
    int64_t rows = plan->pixels_x - row, left = filters - first;
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
static void copy_rows(const struct c2s_stage *stage, const uint8_t *input, const struct block *block, int64_t first,
                      int64_t channels, uint8_t *out)
{
    const struct c2s_integer_axis *x = &stage->window.x, *y = &stage->window.y;
    const uint8_t *fill = stage->bytes.fill + first;
    int64_t begin = block->row * x->stride - x->before, count = (block->rows - 1) * x->stride + x->kernel;
    for (int64_t i = begin; i < begin + count; i++) {
        if (i < 0 || i >= x->in) {
            out = fill_pixels(out, fill, channels, y->padded);
            continue;
        }
        const uint8_t *row = input + i * y->in * stage->in[2] + first;
        out = fill_pixels(out, fill, channels, y->before);
        if (channels == stage->in[2]) {
            memcpy(out, row, (size_t)(y->in * channels));
            out += y->in * channels;
        } else {
            for (int64_t j = 0; j < y->in; j++, out += channels)
                memcpy(out, row + j * stage->in[2], (size_t)channels);
        }
        out = fill_pixels(out, fill, channels, y->padded - y->in - y->before);
    }
}

/* ------------------------------------------------------------------------------------------------ sums */

static struct c2s_byte_epilogue epilogue_from(const struct c2s_byte_epilogue *e, size_t first)
{
    return (struct c2s_byte_epilogue){e->start + first,  e->low + first,    e->high + first,
                                      e->factor + first, e->addend + first, e->shift + first};
}

static struct c2s_byte_output output_from(const struct work *work, int64_t row, int64_t first)
{
    const struct c2s_byte_plan *plan = &work->stage->bytes;
    size_t filters = (size_t)work->stage->out[2];
    size_t place = (size_t)(row * plan->pixels_y) * filters + (size_t)first;
    return (struct c2s_byte_output){.data = (char *)work->results + place * (plan->wide ? sizeof(int32_t) : 1),
                                    .step = filters,
                                    .wide = plan->wide,
                                    .flip = plan->flip};
}

static void multiply_block(const struct work *work, const struct block *block, const uint8_t *input)
{
    const struct c2s_stage *stage = work->stage;
    const struct c2s_byte_plan *plan = &stage->bytes;
    size_t channels = (size_t)stage->in[2], row_size = (size_t)stage->window.y.padded * channels;
    struct c2s_byte_product product = {
        .in = input,
        .pixels = (size_t)(block->rows * plan->pixels_y),
        .row_pixels = (size_t)plan->pixels_y,
        .row_step = (size_t)stage->window.x.stride * row_size,
        .pixel_step = (size_t)stage->window.y.stride * channels,
        .segments = plan->segments,
        .segment_step = row_size,
        .groups = plan->groups,
        .weights = plan->weights + (size_t)block->first * plan->segments * plan->groups * 4,
        .filters = (size_t)block->filters,
        .epilogue = epilogue_from(&plan->epilogue, (size_t)block->first),
        .out = output_from(work, block->row, block->first),
    };
    plan->kernels->multiply(&product);
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

static void depthwise_block(const struct work *work, const struct block *block, const uint8_t *input, size_t step)
{
    const struct c2s_stage *stage = work->stage;
    const struct c2s_byte_plan *plan = &stage->bytes;
    size_t rows = (size_t)stage->window.x.kernel, columns = (size_t)stage->window.y.kernel;
    size_t row_size = (size_t)stage->window.y.padded * step;
    for (int64_t i = 0; i < block->rows; i++) {
        struct c2s_byte_window window = {
            .in = input + (size_t)(i * stage->window.x.stride) * row_size,
            .pixels = (size_t)plan->pixels_y,
            .pixel_step = (size_t)stage->window.y.stride * step,
            .rows = rows,
            .row_step = row_size,
            .columns = columns,
            .column_step = step,
            .weights = plan->weights + (size_t)block->first * columns * ((rows + 3) / 4) * 4,
            .channels = (size_t)block->filters,
            .epilogue = epilogue_from(&plan->epilogue, (size_t)block->first),
            .out = output_from(work, block->row + i, block->first),
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
    const struct c2s_stage *stage = work->stage;
    const struct c2s_byte_plan *plan = &stage->bytes;
    struct block block = block_of(plan, stage->out[2], part);
    int64_t first = plan->depthwise ? block.first : 0, channels = plan->depthwise ? block.filters : stage->in[2];
    const uint8_t *input = work->input + block.row * stage->window.x.stride * stage->window.y.in * stage->in[2];
    size_t step = (size_t)stage->in[2];
    if (plan->copies) {
        uint8_t *own = work->crew->own + thread * work->crew->own_size;
        copy_rows(stage, work->input, &block, first, channels, own);
        input = own;
        step = (size_t)channels;
    } else {
        input += first;
    }
    if (plan->depthwise)
        depthwise_block(work, &block, input, step);
    else
        multiply_block(work, &block, input);
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
                stage->bytes.kernels->largest((const uint8_t *)work->results + (a * py->in + b) * channels, out,
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

static void finish(const struct c2s_stage *stage, struct work *work)
{
    bool pooled = stage->pool_type != C2S_POOL_NONE;
    if (stage->bytes.after == C2S_AFTER_AVERAGE)
        c2s_average_pool(stage, work->results, work->output);
    else if (stage->bytes.after == C2S_AFTER_SUMS && stage->threshold)
        c2s_pool_potentials(stage, work->results, work->output);
    else if (stage->bytes.after == C2S_AFTER_SUMS && pooled)
        c2s_pool_sums(stage, work->results, work->output);
    else if (stage->bytes.after == C2S_AFTER_SUMS)
        c2s_finish_sums(stage, work->output, stage->out[0] * stage->out[1]);
    else if (pooled && stage->bytes.wide)
        c2s_integer_max_pool(&stage->pool, work->results, stage->out[2], work->output);
    else if (pooled)
        share_out(work->crew, (size_t)stage->out[0], pool_row, work);
}

void c2s_byte_plan_run(const struct c2s_stage *stage, const uint8_t *input, void *output, void *scratch,
                       const struct c2s_crew *crew)
{
    void *results = stage->pool_type == C2S_POOL_NONE ? output : scratch;
    struct work work = {stage, crew, input, results, output};
    share_out(crew, (size_t)(stage->bytes.row_blocks * stage->bytes.filter_blocks), run_part, &work);
    finish(stage, &work);
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
