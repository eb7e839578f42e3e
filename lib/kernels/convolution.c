/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides how a convolution becomes products of blocks that fit the caches: the inputs under the windows of some
 * outputs are gathered as rows of a matrix, a part of the depth at a time, and multiplied with the packed weights.
 * However the work is cut, each output is one sum in the order of depth.
 */
#include "kernels/convolution.h"

#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/error.h"

/* A block of gathered rows takes part of the second-level cache, a panel of weights part of the first-level one. */
enum { BLOCK_ROWS = 120, BLOCK_DEPTH = 256, GATHER_STRIDE = BLOCK_DEPTH + 16, COLUMN_PART = 64 };

cnn2snn_status c2s_packed_matrix_create(cnn2snn_context *context, const float *matrix, size_t depth, size_t columns,
                                        size_t stride, struct c2s_packed_matrix *out_packed, cnn2snn_error **error)
{
    size_t panels = columns / C2S_PANEL_COLUMNS + (columns % C2S_PANEL_COLUMNS != 0), panel_stride, size;
    if (!c2s_mul_size(depth, C2S_PANEL_COLUMNS, &panel_stride) || !c2s_mul_size(panel_stride, panels, &size) ||
        !c2s_mul_size(size, sizeof(float), &size))
        return c2s_error_no_memory(error);
    float *data = c2s_alloc(context, size);
    if (!data)
        return c2s_error_no_memory(error);
    for (size_t p = 0; p < panels; p++) {
        size_t first = p * C2S_PANEL_COLUMNS, left = columns - first;
        size_t some = left < C2S_PANEL_COLUMNS ? left : C2S_PANEL_COLUMNS;
        float *to = data + p * panel_stride;
        for (size_t k = 0; k < depth; k++, to += C2S_PANEL_COLUMNS) {
            memcpy(to, matrix + k * stride + first, some * sizeof *to);
            memset(to + some, 0, (C2S_PANEL_COLUMNS - some) * sizeof *to);
        }
    }
    *out_packed = (struct c2s_packed_matrix){depth, columns, panel_stride, data};
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ gathering */

/* Where an output lies. */
struct place {
    size_t sample;
    ptrdiff_t row, column;
};

static struct place find_place(const struct c2s_window *window, size_t output)
{
    size_t columns = (size_t)window->out[1], image = (size_t)window->out[0] * columns;
    size_t inside = output % image;
    return (struct place){output / image, (ptrdiff_t)(inside / columns), (ptrdiff_t)(inside % columns)};
}

static void move_on(const struct c2s_window *window, struct place *place)
{
    if (++place->column < window->out[1])
        return;
    place->column = 0;
    if (++place->row < window->out[0])
        return;
    place->row = 0;
    place->sample++;
}

/* A part of a window's values that is wanted: [begin, end) of the depth, of which the first goes to `to`. */
struct wanted {
    size_t begin, end;
    float *to;
};

static size_t clamp(size_t value, size_t low, size_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* Depth [first, last) has the values at `from`, or zeros for NULL. */
static void put_run(const struct wanted *wanted, size_t first, size_t last, const float *from)
{
    size_t begin = clamp(first, wanted->begin, wanted->end), end = clamp(last, wanted->begin, wanted->end);
    if (begin == end)
        return;
    if (from)
        memcpy(wanted->to + (begin - wanted->begin), from + (begin - first), (end - begin) * sizeof(float));
    else
        memset(wanted->to + (begin - wanted->begin), 0, (end - begin) * sizeof(float));
}

/* One row of taps that are neighbours in the image: zeros, a run, zeros. */
static void put_dense_row(const struct c2s_convolution *convolution, const struct wanted *wanted, size_t first,
                          const float *line, ptrdiff_t column)
{
    const struct c2s_window *window = &convolution->window;
    size_t channels = convolution->channels, last = first + (size_t)window->kernel[1] * channels;
    ptrdiff_t low, high;
    c2s_window_taps(window, 1, column, &low, &high);
    ptrdiff_t start = c2s_window_start(window, 1, column) + low;
    put_run(wanted, first, first + (size_t)low * channels, NULL);
    if (low < high)
        put_run(wanted, first + (size_t)low * channels, first + (size_t)high * channels,
                line + (size_t)start * channels);
    put_run(wanted, first + (size_t)high * channels, last, NULL);
}

/* One row of taps, whatever lies between them. */
static void put_sparse_row(const struct c2s_convolution *convolution, const struct wanted *wanted, size_t first,
                           const float *line, ptrdiff_t column, size_t first_channel)
{
    const struct c2s_window *window = &convolution->window;
    size_t depth = convolution->channels / convolution->groups;
    for (ptrdiff_t tap = 0; tap < window->kernel[1]; tap++, first += depth) {
        ptrdiff_t at = c2s_window_index(window, 1, column, tap);
        put_run(wanted, first, first + depth,
                at < 0 ? NULL : line + (size_t)at * convolution->channels + first_channel);
    }
}

static void put_window(const struct c2s_convolution *convolution, const float *x, struct place place, size_t group,
                       const struct wanted *wanted)
{
    const struct c2s_window *window = &convolution->window;
    bool dense = window->dilation[1] == 1 && window->spread[1] == 1 && convolution->groups == 1;
    size_t depth = convolution->channels / convolution->groups, row_depth = (size_t)window->kernel[1] * depth;
    size_t line_size = (size_t)window->in[1] * convolution->channels;
    const float *image = x + place.sample * (size_t)window->in[0] * line_size;
    for (size_t tap = wanted->begin / row_depth; tap * row_depth < wanted->end; tap++) {
        ptrdiff_t at = c2s_window_index(window, 0, place.row, (ptrdiff_t)tap);
        size_t first = tap * row_depth;
        if (at < 0)
            put_run(wanted, first, first + row_depth, NULL);
        else if (dense)
            put_dense_row(convolution, wanted, first, image + (size_t)at * line_size, place.column);
        else
            put_sparse_row(convolution, wanted, first, image + (size_t)at * line_size, place.column, group * depth);
    }
}

/* ------------------------------------------------------------------------------------------------ convolution */

struct job {
    const struct c2s_convolution *convolution;
    const struct c2s_kernels *kernels;
    const float *x;
    float *y;
    float *scratch;
    size_t outputs;      /* samples * rows * columns */
    size_t filters;      /* of all groups */
    size_t blocks;       /* of outputs */
    size_t column_parts; /* that the filters of a group are cut into */
};

/* True where rows of the input are rows of the matrix: a product, or a 1x1 convolution. */
static bool is_product(const struct c2s_convolution *convolution)
{
    const struct c2s_window *w = &convolution->window;
    for (int axis = 0; axis < 2; axis++)
        if (w->kernel[axis] != 1 || w->stride[axis] != 1 || w->before[axis] || w->spread[axis] != 1 ||
            w->in[axis] != w->out[axis])
            return false;
    return convolution->groups == 1;
}

/* A stride of many pages would put all rows into the same few lines of the cache. */
static bool suits_cache(size_t stride)
{
    return stride % 128 != 0 || stride < 256;
}

static void finish_rows(const struct job *job, float *y, size_t rows, size_t first_filter, size_t count)
{
    const struct c2s_epilogue *epilogue = &job->convolution->epilogue;
    const float *bias = job->convolution->bias;
    for (size_t r = 0; r < rows; r++, y += job->filters) {
        if (bias)
            job->kernels->add(y, 1, bias + first_filter, 1, y, count);
        if (epilogue->relu)
            job->kernels->relu(y, y, count, epilogue->slope, epilogue->threshold, epilogue->limit);
    }
}

static void gather(const struct job *job, size_t first, size_t rows, size_t group, size_t begin, size_t end,
                   float *to)
{
    struct place place = find_place(&job->convolution->window, first);
    for (size_t r = 0; r < rows; r++, to += GATHER_STRIDE) {
        struct wanted wanted = {begin, end, to};
        put_window(job->convolution, job->x, place, group, &wanted);
        move_on(&job->convolution->window, &place);
    }
}

static void convolve_part(void *data, size_t part, size_t thread)
{
    const struct job *job = data;
    size_t column_part = part % job->column_parts, block = part / job->column_parts % job->blocks;
    size_t group = part / job->column_parts / job->blocks;
    const struct c2s_packed_matrix *weights = &job->convolution->weights[group];
    size_t first = block * BLOCK_ROWS;
    size_t rows = job->outputs - first < BLOCK_ROWS ? job->outputs - first : BLOCK_ROWS;
    size_t column = job->column_parts > 1 ? column_part * COLUMN_PART : 0;
    size_t columns = weights->columns - column;
    if (job->column_parts > 1 && columns > COLUMN_PART)
        columns = COLUMN_PART;
    const float *panels = weights->data + column / C2S_PANEL_COLUMNS * weights->panel_stride;
    size_t filter = group * weights->columns + column;
    float *y = job->y + first * job->filters + filter, *gathered = job->scratch + thread * BLOCK_ROWS * GATHER_STRIDE;
    bool direct = is_product(job->convolution) && suits_cache(weights->depth);
    for (size_t r = 0; r < rows && !weights->depth; r++)
        memset(y + r * job->filters, 0, columns * sizeof *y);
    for (size_t begin = 0, end; begin < weights->depth; begin = end) {
        end = weights->depth - begin < BLOCK_DEPTH ? weights->depth : begin + BLOCK_DEPTH;
        if (!direct)
            gather(job, first, rows, group, begin, end, gathered);
        const float *a = direct ? job->x + first * weights->depth + begin : gathered;
        job->kernels->multiply(a, direct ? weights->depth : GATHER_STRIDE, rows, panels + begin * C2S_PANEL_COLUMNS,
                               weights->panel_stride, end - begin, y, job->filters, columns, begin > 0);
    }
    finish_rows(job, y, rows, filter, columns);
}

size_t c2s_convolution_scratch(size_t threads)
{
    return threads * BLOCK_ROWS * GATHER_STRIDE * sizeof(float);
}

void c2s_convolve(const struct c2s_convolution *convolution, const struct c2s_kernels *kernels,
                  struct c2s_worker_pool *pool, void *scratch, size_t samples, const float *x, float *y)
{
    const struct c2s_packed_matrix *weights = convolution->weights;
    struct job job = {.convolution = convolution, .kernels = kernels, .x = x, .y = y, .scratch = scratch};
    job.outputs = samples * (size_t)convolution->window.out[0] * (size_t)convolution->window.out[1];
    job.filters = weights->columns * convolution->groups;
    job.blocks = job.outputs / BLOCK_ROWS + (job.outputs % BLOCK_ROWS != 0);
    job.column_parts = 1;
    if (job.blocks * convolution->groups < 2 * c2s_worker_pool_threads(pool) && c2s_worker_pool_threads(pool) > 1)
        job.column_parts = weights->columns / COLUMN_PART + (weights->columns % COLUMN_PART != 0);
    c2s_worker_pool_run(pool, job.blocks * convolution->groups * job.column_parts, convolve_part, &job);
}
