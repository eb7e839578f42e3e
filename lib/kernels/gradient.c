/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides in which order gradients are summed: outputs in their order, so that results are the same for any number of
 * threads. Outputs whose gradients are zeros may be left out: they add nothing.
 */
#include "kernels/gradient.h"

#include <string.h>

enum { GATHERED = C2S_GATHER_ROWS * C2S_GATHER_STRIDE };

size_t c2s_gradient_scratch(size_t threads)
{
    return threads * 2 * GATHERED;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t chunks_of(size_t depth, size_t size)
{
    return depth / size + (depth % size != 0);
}

/* ------------------------------------------------------------------------------------------------ kernels */

struct kernel_job {
    const struct c2s_convolution *convolution;
    const struct c2s_kernels *kernels;
    float *scratch;
    size_t depth, filters;
    const float *x;
    const struct c2s_some_outputs *outputs;
    const float *dy;
    float *gradient;
};

/* Rows of the matrix for outputs [first, first + rows) of those that are listed: neighbours go together. */
static void gather_listed(const struct kernel_job *job, size_t first, size_t rows, size_t group, size_t begin,
                          size_t end, float *to)
{
    const size_t *list = job->outputs->list ? job->outputs->list + first : NULL;
    for (size_t done = 0, some; done < rows; done += some) {
        for (some = list ? 1 : rows; done + some < rows && list[done + some] == list[done] + some;)
            some++;
        c2s_convolution_gather(job->convolution, job->kernels, job->x, list ? list[done] : first, some, group, begin,
                               end, to + done * C2S_GATHER_STRIDE);
    }
}

/* Some of the depth of one group. */
static void gradient_part(void *data, size_t part, size_t thread)
{
    const struct kernel_job *job = data;
    size_t chunks = chunks_of(job->depth, C2S_GATHER_DEPTH), group = part / chunks;
    size_t begin = part % chunks * C2S_GATHER_DEPTH, end = smaller(begin + C2S_GATHER_DEPTH, job->depth);
    size_t columns = job->filters / job->convolution->groups, column = group * columns;
    float *gathered = job->scratch + thread * 2 * GATHERED;
    for (size_t first = 0; first < job->outputs->count; first += C2S_GATHER_ROWS) {
        size_t rows = smaller(job->outputs->count - first, C2S_GATHER_ROWS);
        gather_listed(job, first, rows, group, begin, end, gathered);
        job->kernels->multiply_turned(gathered, C2S_GATHER_STRIDE, end - begin,
                                      job->dy + first * job->filters + column, job->filters, rows,
                                      job->gradient + begin * job->filters + column, job->filters, columns);
    }
}

void c2s_convolution_kernel_gradient(const struct c2s_convolution *convolution, const struct c2s_kernels *kernels,
                                     struct c2s_worker_pool *pool, float *scratch, size_t depth, size_t filters,
                                     const float *x, const struct c2s_some_outputs *outputs, const float *dy,
                                     float *gradient)
{
    struct kernel_job job = {convolution, kernels, scratch, depth, filters, x, outputs, dy, gradient};
    c2s_worker_pool_run(pool, convolution->groups * chunks_of(depth, C2S_GATHER_DEPTH), gradient_part, &job);
}

/* ------------------------------------------------------------------------------------------------ Gram matrix */

/* Rows of the matrix that are a part of the job, and those for which what lies left of the diagonal is left out. */
enum { GRAM_PART = 96, GRAM_STRIP = 24 };

struct gram_job {
    const struct c2s_convolution *convolution;
    const struct c2s_kernels *kernels;
    float *scratch;
    size_t outputs, depth;
    const float *x;
    float *gram;
};

/* Adds the products of `rows` outputs: depth [top, bottom), gathered in a, with depth [left, right), gathered in b.
 */
static void add_block(const struct gram_job *job, size_t rows, const float *a, size_t top, size_t bottom,
                      const float *b, size_t left, size_t right)
{
    for (size_t row = top; row < bottom; row += GRAM_STRIP) {
        size_t column = left == top ? row : left; /* the diagonal lies in the block that begins at it */
        job->kernels->multiply_turned(a + (row - top), C2S_GATHER_STRIDE, smaller(bottom - row, GRAM_STRIP),
                                      b + (column - left), C2S_GATHER_STRIDE, rows,
                                      job->gram + row * job->depth + column, job->depth, right - column);
    }
}

/* Some rows of the matrix from the diagonal on, and their mirror image. */
static void gram_part(void *data, size_t part, size_t thread)
{
    const struct gram_job *job = data;
    size_t top = part * GRAM_PART, bottom = smaller(top + GRAM_PART, job->depth);
    float *a = job->scratch + thread * 2 * GATHERED, *b = a + GATHERED;
    for (size_t first = 0; first < job->outputs; first += C2S_GATHER_ROWS) {
        size_t rows = smaller(job->outputs - first, C2S_GATHER_ROWS);
        for (size_t left = top, right; left < job->depth; left = right) {
            right = smaller(left + C2S_GATHER_DEPTH, job->depth);
            float *block = left == top ? a : b;
            c2s_convolution_gather(job->convolution, job->kernels, job->x, first, rows, 0, left, right, block);
            add_block(job, rows, a, top, bottom, block, left, right);
        }
    }
}

/* What lies left of the diagonal. */
static void mirror_part(void *data, size_t part, size_t thread)
{
    (void)thread;
    const struct gram_job *job = data;
    for (size_t row = part * GRAM_PART; row < smaller((part + 1) * GRAM_PART, job->depth); row++)
        for (size_t column = 0; column < row; column++)
            job->gram[row * job->depth + column] = job->gram[column * job->depth + row];
}

void c2s_convolution_gram(const struct c2s_convolution *convolution, const struct c2s_kernels *kernels,
                          struct c2s_worker_pool *pool, float *scratch, size_t samples, size_t depth, const float *x,
                          float *gram)
{
    size_t outputs = samples * (size_t)convolution->window.out[0] * (size_t)convolution->window.out[1];
    struct gram_job job = {convolution, kernels, scratch, outputs, depth, x, gram};
    c2s_worker_pool_run(pool, chunks_of(depth, GRAM_PART), gram_part, &job);
    c2s_worker_pool_run(pool, chunks_of(depth, GRAM_PART), mirror_part, &job);
}

/* ------------------------------------------------------------------------------------------------ depthwise */

struct depthwise_job {
    const struct c2s_depthwise *depthwise;
    const struct c2s_kernels *kernels;
    const float *x;
    const struct c2s_some_outputs *outputs;
    const float *dy;
    float *gradient;
};

/* Outputs that are summed before they are added to the rest. */
enum { LISTED_OUTPUTS = 64 };

/* Where a listed output lies; `first` is the output that its line begins with. */
struct output_place {
    size_t sample, first;
    ptrdiff_t row, column;
};

/* Outputs come in order, so that no division is needed. */
static void move_to(const struct c2s_window *window, size_t output, struct output_place *place)
{
    while (output - place->first >= (size_t)window->out[1]) {
        place->first += (size_t)window->out[1];
        if (++place->row == window->out[0]) {
            place->row = 0;
            place->sample++;
        }
    }
    place->column = (ptrdiff_t)(output - place->first);
}

/* What an output reads through a tap, or NULL. */
static const float *read_through(const struct depthwise_job *job, const struct output_place *place,
                                 const ptrdiff_t tap[2])
{
    const struct c2s_window *window = &job->depthwise->window;
    ptrdiff_t row = c2s_window_index(window, 0, place->row, tap[0]);
    ptrdiff_t column = c2s_window_index(window, 1, place->column, tap[1]);
    if (row < 0 || column < 0)
        return NULL;
    size_t pixel = (place->sample * (size_t)window->in[0] + (size_t)row) * (size_t)window->in[1] + (size_t)column;
    return job->x + pixel * job->depthwise->channels;
}

static void add_products(const struct depthwise_job *job, const float *const *x, const float *const *dy, size_t count,
                         float *gradient)
{
    const struct c2s_depthwise *depthwise = job->depthwise;
    size_t channels = depthwise->channels, multiplier = depthwise->multiplier;
    if (multiplier == 1) {
        job->kernels->sum_products(x, 0, dy, count, gradient, gradient, 0, 1, channels);
        return;
    }
    for (size_t i = 0; i < count; i++)
        for (size_t c = 0; c < channels; c++)
            for (size_t m = 0; m < multiplier; m++)
                gradient[c * multiplier + m] += x[i][c] * dy[i][c * multiplier + m];
}

/* One tap. */
static void depthwise_part(void *data, size_t part, size_t thread)
{
    (void)thread;
    const struct depthwise_job *job = data;
    const struct c2s_window *window = &job->depthwise->window;
    size_t filters = job->depthwise->channels * job->depthwise->multiplier, listed = 0;
    const ptrdiff_t tap[2] = {(ptrdiff_t)part / window->kernel[1], (ptrdiff_t)part % window->kernel[1]};
    const float *x[LISTED_OUTPUTS], *dy[LISTED_OUTPUTS];
    struct output_place place = {0};
    for (size_t i = 0; i < job->outputs->count; i++) {
        move_to(window, job->outputs->list ? job->outputs->list[i] : i, &place);
        x[listed] = read_through(job, &place, tap);
        dy[listed] = job->dy + i * filters;
        listed += x[listed] != NULL;
        if (listed == LISTED_OUTPUTS) {
            add_products(job, x, dy, listed, job->gradient + part * filters);
            listed = 0;
        }
    }
    if (listed)
        add_products(job, x, dy, listed, job->gradient + part * filters);
}

void c2s_depthwise_kernel_gradient(const struct c2s_depthwise *depthwise, const struct c2s_kernels *kernels,
                                   struct c2s_worker_pool *pool, const float *x,
                                   const struct c2s_some_outputs *outputs, const float *dy, float *gradient)
{
    struct depthwise_job job = {depthwise, kernels, x, outputs, dy, gradient};
    c2s_worker_pool_run(pool, (size_t)(depthwise->window.kernel[0] * depthwise->window.kernel[1]), depthwise_part,
                        &job);
}

/* ------------------------------------------------------------------------------------------------ inputs */

/* Outputs hand their gradient back to what their windows read, sample by sample. */
struct back_job {
    const struct c2s_window *window;
    const struct c2s_depthwise *depthwise; /* NULL: pooling */
    size_t channels, filters;
    const float *x, *y; /* of max pooling, or NULL */
    const float *dy;
    float *dx;
};

struct place {
    ptrdiff_t row, column;
};

enum { CHANNELS_AT_ONCE = 64 };

static void back_depthwise(const struct back_job *job, struct place output, const float *dy, float *image)
{
    const struct c2s_window *window = job->window;
    size_t multiplier = job->depthwise->multiplier;
    const float *weights = job->depthwise->weights;
    for (ptrdiff_t i = 0; i < window->kernel[0]; i++)
        for (ptrdiff_t j = 0; j < window->kernel[1]; j++, weights += job->filters) {
            ptrdiff_t row = c2s_window_index(window, 0, output.row, i);
            ptrdiff_t column = c2s_window_index(window, 1, output.column, j);
            if (row < 0 || column < 0)
                continue;
            float *dx = image + (size_t)(row * window->in[1] + column) * job->channels;
            for (size_t f = 0; f < job->filters; f++)
                dx[f / multiplier] += dy[f] * weights[f];
        }
}

/* The first input of each channel that is the window's largest, `y`, takes it all. */
static void back_largest(const struct back_job *job, struct place output, const float *y, const float *dy,
                         const float *image, float *dx)
{
    const struct c2s_window *window = job->window;
    size_t channels = job->channels;
    ptrdiff_t first[2], last[2];
    c2s_window_taps(window, 0, output.row, &first[0], &last[0]);
    c2s_window_taps(window, 1, output.column, &first[1], &last[1]);
    for (size_t begin = 0, some; begin < channels; begin += some) {
        float left[CHANNELS_AT_ONCE]; /* of dy: nobody has had it yet */
        some = channels - begin < CHANNELS_AT_ONCE ? channels - begin : CHANNELS_AT_ONCE;
        memcpy(left, dy + begin, some * sizeof *left);
        for (ptrdiff_t i = first[0]; i < last[0]; i++)
            for (ptrdiff_t j = first[1]; j < last[1]; j++) {
                ptrdiff_t row = c2s_window_start(window, 0, output.row) + i;
                ptrdiff_t column = c2s_window_start(window, 1, output.column) + j;
                size_t at = (size_t)(row * window->in[1] + column) * channels + begin;
                for (size_t c = 0; c < some; c++) {
                    float taken = image[at + c] == y[begin + c] ? left[c] : 0;
                    dx[at + c] += taken;
                    left[c] -= taken;
                }
            }
    }
}

static void back_mean(const struct back_job *job, struct place output, const float *dy, float *image)
{
    const struct c2s_window *window = job->window;
    ptrdiff_t first[2], last[2];
    c2s_window_taps(window, 0, output.row, &first[0], &last[0]);
    c2s_window_taps(window, 1, output.column, &first[1], &last[1]);
    float taps = (float)((last[0] - first[0]) * (last[1] - first[1]));
    for (ptrdiff_t i = first[0]; i < last[0]; i++)
        for (ptrdiff_t j = first[1]; j < last[1]; j++) {
            ptrdiff_t row = c2s_window_start(window, 0, output.row) + i;
            ptrdiff_t column = c2s_window_start(window, 1, output.column) + j;
            float *dx = image + (size_t)(row * window->in[1] + column) * job->channels;
            for (size_t c = 0; c < job->channels; c++)
                dx[c] += dy[c] / taps;
        }
}

static void back_sample(void *data, size_t sample, size_t thread)
{
    (void)thread;
    const struct back_job *job = data;
    const struct c2s_window *window = job->window;
    size_t in = (size_t)(window->in[0] * window->in[1]) * job->channels;
    size_t out = (size_t)(window->out[0] * window->out[1]) * job->filters;
    const float *dy = job->dy + sample * out;
    float *dx = job->dx + sample * in;
    memset(dx, 0, in * sizeof *dx);
    const float *y = job->y ? job->y + sample * out : NULL;
    struct place output;
    for (output.row = 0; output.row < window->out[0]; output.row++)
        for (output.column = 0; output.column < window->out[1]; output.column++, dy += job->filters) {
            if (c2s_are_zeros(dy, job->filters))
                continue;
            if (job->depthwise)
                back_depthwise(job, output, dy, dx);
            else if (job->x)
                back_largest(job, output, y + (dy - (job->dy + sample * out)), dy, job->x + sample * in, dx);
            else
                back_mean(job, output, dy, dx);
        }
}

void c2s_depthwise_input_gradient(const struct c2s_depthwise *depthwise, struct c2s_worker_pool *pool, size_t samples,
                                  const float *dy, float *dx)
{
    struct back_job job = {.window = &depthwise->window, .depthwise = depthwise, .dy = dy, .dx = dx};
    job.channels = depthwise->channels;
    job.filters = depthwise->channels * depthwise->multiplier;
    c2s_worker_pool_run(pool, samples, back_sample, &job);
}

void c2s_max_pooling_gradient(const struct c2s_window *window, struct c2s_worker_pool *pool, size_t samples,
                              size_t channels, const float *x, const float *y, const float *dy, float *dx)
{
    struct back_job job = {
        .window = window, .channels = channels, .filters = channels, .x = x, .y = y, .dy = dy, .dx = dx};
    c2s_worker_pool_run(pool, samples, back_sample, &job);
}

void c2s_average_pooling_gradient(const struct c2s_window *window, struct c2s_worker_pool *pool, size_t samples,
                                  size_t channels, const float *dy, float *dx)
{
    struct back_job job = {.window = window, .channels = channels, .filters = channels, .dy = dy, .dx = dx};
    c2s_worker_pool_run(pool, samples, back_sample, &job);
}
