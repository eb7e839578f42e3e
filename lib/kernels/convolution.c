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
enum {
    BLOCK_ROWS = C2S_GATHER_ROWS,
    BLOCK_DEPTH = C2S_GATHER_DEPTH,
    GATHER_STRIDE = C2S_GATHER_STRIDE,
    COLUMN_PART = 64
};

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

/* Outputs that are neighbours in one line of an image, and the part of their windows' depth that is wanted. */
struct segment {
    const struct c2s_convolution *convolution;
    const struct c2s_kernels *kernels;
    const float *image;
    ptrdiff_t row, column;
    size_t outputs;
    size_t group;
    size_t begin, end; /* depth */
    float *to;         /* GATHER_STRIDE for each output */
};

static size_t clamp(size_t value, size_t low, size_t high)
{
    return value < low ? low : value > high ? high : value;
}

/* For one output: depth [first, last) has the values at `from`, or zeros for NULL. */
static void put_run(const struct segment *s, size_t output, size_t first, size_t last, const float *from)
{
    size_t begin = clamp(first, s->begin, s->end), end = clamp(last, s->begin, s->end);
    float *to = s->to + output * GATHER_STRIDE + (begin - s->begin);
    if (begin == end)
        return;
    if (from)
        memcpy(to, from + (begin - first), (end - begin) * sizeof *to);
    else
        memset(to, 0, (end - begin) * sizeof *to);
}

/* Taps that are neighbours in the image, at its border: zeros, a run, zeros. */
static void put_border(const struct segment *s, size_t output, size_t first, const float *line)
{
    const struct c2s_window *window = &s->convolution->window;
    size_t channels = s->convolution->channels;
    ptrdiff_t low, high, column = s->column + (ptrdiff_t)output;
    c2s_window_taps(window, 1, column, &low, &high);
    size_t start = low < high ? (size_t)(c2s_window_start(window, 1, column) + low) : 0;
    put_run(s, output, first, first + (size_t)low * channels, NULL);
    put_run(s, output, first + (size_t)low * channels, first + (size_t)high * channels, line + start * channels);
    put_run(s, output, first + (size_t)high * channels, first + (size_t)window->kernel[1] * channels, NULL);
}

/* Outputs of the segment from `output` on whose windows lie inside of the image. */
static size_t count_inside(const struct segment *s, size_t output)
{
    const struct c2s_window *window = &s->convolution->window;
    ptrdiff_t start = c2s_window_start(window, 1, s->column + (ptrdiff_t)output);
    ptrdiff_t room = window->in[1] - window->kernel[1] - start;
    if (start < 0 || room < 0)
        return 0;
    size_t inside = (size_t)c2s_window_steps(room, window->stride[1]) + 1;
    return inside < s->outputs - output ? inside : s->outputs - output;
}

/* One row of taps that are neighbours in the image. */
static void put_dense_row(const struct segment *s, size_t first, const float *line)
{
    const struct c2s_window *window = &s->convolution->window;
    size_t channels = s->convolution->channels, last = first + (size_t)window->kernel[1] * channels;
    size_t begin = clamp(first, s->begin, s->end), end = clamp(last, s->begin, s->end);
    for (size_t output = 0, inside; output < s->outputs; output += inside ? inside : 1) {
        inside = count_inside(s, output);
        if (!inside) {
            put_border(s, output, first, line);
            continue;
        }
        size_t start = (size_t)c2s_window_start(window, 1, s->column + (ptrdiff_t)output) * channels;
        s->kernels->copy_rows(s->to + output * GATHER_STRIDE + (begin - s->begin), GATHER_STRIDE,
                              line + start + (begin - first), (size_t)window->stride[1] * channels, inside,
                              end - begin);
    }
}

/* One row of taps, whatever lies between them. */
static void put_sparse_row(const struct segment *s, size_t first, const float *line)
{
    const struct c2s_convolution *convolution = s->convolution;
    size_t depth = convolution->channels / convolution->groups;
    for (size_t output = 0; output < s->outputs; output++)
        for (ptrdiff_t tap = 0; tap < convolution->window.kernel[1]; tap++) {
            ptrdiff_t at = c2s_window_index(&convolution->window, 1, s->column + (ptrdiff_t)output, tap);
            size_t place = first + (size_t)tap * depth;
            put_run(s, output, place, place + depth,
                    at < 0 ? NULL : line + (size_t)at * convolution->channels + s->group * depth);
        }
}

static void put_segment(const struct segment *s)
{
    const struct c2s_convolution *convolution = s->convolution;
    const struct c2s_window *window = &convolution->window;
    bool dense = window->dilation[1] == 1 && window->spread[1] == 1 && convolution->groups == 1;
    size_t row_depth = (size_t)window->kernel[1] * (convolution->channels / convolution->groups);
    for (size_t tap = s->begin / row_depth; tap * row_depth < s->end; tap++) {
        ptrdiff_t at = c2s_window_index(window, 0, s->row, (ptrdiff_t)tap);
        size_t first = tap * row_depth;
        const float *line = at < 0 ? NULL : s->image + (size_t)(at * window->in[1]) * convolution->channels;
        for (size_t output = 0; !line && output < s->outputs; output++)
            put_run(s, output, first, first + row_depth, NULL);
        if (line && dense)
            put_dense_row(s, first, line);
        else if (line)
            put_sparse_row(s, first, line);
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

/* The depth [begin, end) of outputs from `first` on, a line of an image at a time. */
static void gather(const struct job *job, size_t first, size_t rows, size_t group, size_t begin, size_t end,
                   float *to)
{
    const struct c2s_window *window = &job->convolution->window;
    size_t columns = (size_t)window->out[1], lines = (size_t)window->out[0];
    size_t image = (size_t)(window->in[0] * window->in[1]) * job->convolution->channels;
    for (size_t done = 0, some; done < rows; done += some) {
        size_t output = first + done, line = output / columns, column = output % columns;
        some = columns - column < rows - done ? columns - column : rows - done;
        const struct segment segment = {.convolution = job->convolution,
                                        .kernels = job->kernels,
                                        .image = job->x + line / lines * image,
                                        .row = (ptrdiff_t)(line % lines),
                                        .column = (ptrdiff_t)column,
                                        .outputs = some,
                                        .group = group,
                                        .begin = begin,
                                        .end = end,
                                        .to = to + done * GATHER_STRIDE};
        put_segment(&segment);
    }
}

void c2s_convolution_gather(const struct c2s_convolution *convolution, const struct c2s_kernels *kernels,
                            const float *x, size_t first, size_t rows, size_t group, size_t begin, size_t end,
                            float *to)
{
    const struct job job = {.convolution = convolution, .kernels = kernels, .x = x};
    gather(&job, first, rows, group, begin, end, to);
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
    const float *bias = job->convolution->bias;
    job->kernels->finish(y, job->filters, rows, columns, bias ? bias + filter : NULL, &job->convolution->epilogue);
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
