/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides in which order gradients are summed: outputs in their order, a block at a time, so that results are the
 * same for any number of threads. Gathered inputs are turned so that the product for the forward pass serves.
 */
#include "kernels/gradient.h"

#include <stdint.h>
#include <string.h>

enum {
    GATHERED = C2S_GATHER_ROWS * C2S_GATHER_STRIDE,
    TURNED = C2S_GATHER_DEPTH * C2S_GATHER_ROWS,
    THREAD_FLOATS = 2 * GATHERED + 2 * TURNED
};

size_t c2s_gradient_scratch(size_t threads)
{
    return threads * THREAD_FLOATS;
}

/* ------------------------------------------------------------------------------------------------ blocks */

/* turned[depth][rows] of gathered[rows][depth]. */
static void turn(const float *gathered, size_t rows, size_t depth, float *turned)
{
    for (size_t r = 0; r < rows; r++)
        for (size_t k = 0; k < depth; k++)
            turned[k * C2S_GATHER_ROWS + r] = gathered[r * C2S_GATHER_STRIDE + k];
}

/* Panels of 16 columns, [rows][16] each, of gathered[rows][depth]. */
static void pack(const float *gathered, size_t rows, size_t depth, float *panels)
{
    for (size_t first = 0; first < depth; first += C2S_PANEL_COLUMNS, panels += C2S_GATHER_ROWS * C2S_PANEL_COLUMNS) {
        size_t some = depth - first < C2S_PANEL_COLUMNS ? depth - first : C2S_PANEL_COLUMNS;
        for (size_t r = 0; r < rows; r++) {
            float *to = panels + r * C2S_PANEL_COLUMNS;
            memcpy(to, gathered + r * C2S_GATHER_STRIDE + first, some * sizeof *to);
            memset(to + some, 0, (C2S_PANEL_COLUMNS - some) * sizeof *to);
        }
    }
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t chunks_of(size_t depth)
{
    return depth / C2S_GATHER_DEPTH + (depth % C2S_GATHER_DEPTH != 0);
}

/* ------------------------------------------------------------------------------------------------ kernels */

struct kernel_job {
    const struct c2s_convolution *convolution;
    const struct c2s_kernels *kernels;
    float *scratch;
    size_t depth;
    const float *x;
    const struct c2s_packed_matrix *dy;
    float *const *gradients;
};

/* Some of the depth of one group. */
static void gradient_part(void *data, size_t part, size_t thread)
{
    const struct kernel_job *job = data;
    size_t group = part / chunks_of(job->depth), begin = part % chunks_of(job->depth) * C2S_GATHER_DEPTH;
    size_t end = smaller(begin + C2S_GATHER_DEPTH, job->depth);
    const struct c2s_packed_matrix *dy = &job->dy[group];
    float *gathered = job->scratch + thread * THREAD_FLOATS, *turned = gathered + GATHERED;
    for (size_t first = 0; first < dy->depth; first += C2S_GATHER_ROWS) {
        size_t rows = smaller(dy->depth - first, C2S_GATHER_ROWS);
        c2s_convolution_gather(job->convolution, job->kernels, job->x, first, rows, group, begin, end, gathered);
        turn(gathered, rows, end - begin, turned);
        job->kernels->multiply(turned, C2S_GATHER_ROWS, end - begin, dy->data + first * C2S_PANEL_COLUMNS,
                               dy->panel_stride, rows, job->gradients[group] + begin * dy->columns, dy->columns,
                               dy->columns, true);
    }
}

void c2s_convolution_kernel_gradient(const struct c2s_convolution *convolution, const struct c2s_kernels *kernels,
                                     struct c2s_worker_pool *pool, float *scratch, size_t depth, const float *x,
                                     const struct c2s_packed_matrix *dy, float *const *gradients)
{
    struct kernel_job job = {convolution, kernels, scratch, depth, x, dy, gradients};
    c2s_worker_pool_run(pool, convolution->groups * chunks_of(depth), gradient_part, &job);
}

struct gram_job {
    const struct c2s_convolution *convolution;
    const struct c2s_kernels *kernels;
    float *scratch;
    size_t outputs, depth;
    const float *x;
    float *gram;
};

/* One block of the matrix and its mirror image. */
static void gram_part(void *data, size_t part, size_t thread)
{
    const struct gram_job *job = data;
    size_t chunks = chunks_of(job->depth), row = part / chunks, column = part % chunks;
    if (row > column)
        return;
    size_t top = row * C2S_GATHER_DEPTH, bottom = smaller(top + C2S_GATHER_DEPTH, job->depth);
    size_t left = column * C2S_GATHER_DEPTH, right = smaller(left + C2S_GATHER_DEPTH, job->depth);
    float *a = job->scratch + thread * THREAD_FLOATS, *b = a + GATHERED, *turned = b + GATHERED;
    float *panels = turned + TURNED;
    for (size_t first = 0; first < job->outputs; first += C2S_GATHER_ROWS) {
        size_t rows = smaller(job->outputs - first, C2S_GATHER_ROWS);
        c2s_convolution_gather(job->convolution, job->kernels, job->x, first, rows, 0, top, bottom, a);
        turn(a, rows, bottom - top, turned);
        if (row != column)
            c2s_convolution_gather(job->convolution, job->kernels, job->x, first, rows, 0, left, right, b);
        pack(row != column ? b : a, rows, right - left, panels);
        job->kernels->multiply(turned, C2S_GATHER_ROWS, bottom - top, panels, C2S_GATHER_ROWS * C2S_PANEL_COLUMNS,
                               rows, job->gram + top * job->depth + left, job->depth, right - left, true);
    }
    for (size_t i = top; row != column && i < bottom; i++)
        for (size_t k = left; k < right; k++)
            job->gram[k * job->depth + i] = job->gram[i * job->depth + k];
}

void c2s_convolution_gram(const struct c2s_convolution *convolution, const struct c2s_kernels *kernels,
                          struct c2s_worker_pool *pool, float *scratch, size_t samples, size_t depth, const float *x,
                          float *gram)
{
    size_t outputs = samples * (size_t)convolution->window.out[0] * (size_t)convolution->window.out[1];
    struct gram_job job = {convolution, kernels, scratch, outputs, depth, x, gram};
    c2s_worker_pool_run(pool, chunks_of(depth) * chunks_of(depth), gram_part, &job);
}

/* ------------------------------------------------------------------------------------------------ depthwise */

struct depthwise_job {
    const struct c2s_depthwise *depthwise;
    const struct c2s_kernels *kernels;
    char *scratch;
    size_t samples;
    const float *x, *dy;
    float *gradient;
};

size_t c2s_depthwise_gradient_scratch(const struct c2s_depthwise *depthwise, size_t threads)
{
    size_t columns = (size_t)depthwise->window.out[1];
    size_t size = 2 * columns * sizeof(float *) + depthwise->channels * sizeof(float);
    return threads * ((size + 63) / 64 * 64);
}

static void add_with_multiplier(const struct c2s_depthwise *depthwise, const float *x, const float *dy,
                                float *gradient)
{
    for (size_t c = 0; c < depthwise->channels; c++)
        for (size_t m = 0; m < depthwise->multiplier; m++)
            gradient[c * depthwise->multiplier + m] += x[c] * dy[c * depthwise->multiplier + m];
}

/* Lists what one line of outputs reads through a tap, and their gradients. */
static size_t list_line(const struct depthwise_job *job, size_t line, const ptrdiff_t tap[2], const float **x,
                        const float **dy)
{
    const struct c2s_window *window = &job->depthwise->window;
    size_t channels = job->depthwise->channels, filters = channels * job->depthwise->multiplier, count = 0;
    size_t sample = line / (size_t)window->out[0];
    ptrdiff_t row = c2s_window_index(window, 0, (ptrdiff_t)(line % (size_t)window->out[0]), tap[0]);
    for (ptrdiff_t o = 0; row >= 0 && o < window->out[1]; o++) {
        ptrdiff_t column = c2s_window_index(window, 1, o, tap[1]);
        if (column < 0)
            continue;
        x[count] =
            job->x +
            ((sample * (size_t)window->in[0] + (size_t)row) * (size_t)window->in[1] + (size_t)column) * channels;
        dy[count++] = job->dy + (line * (size_t)window->out[1] + (size_t)o) * filters;
    }
    return count;
}

static void depthwise_part(void *data, size_t part, size_t thread)
{
    const struct depthwise_job *job = data;
    const struct c2s_depthwise *depthwise = job->depthwise;
    const struct c2s_window *window = &depthwise->window;
    size_t columns = (size_t)window->out[1], filters = depthwise->channels * depthwise->multiplier;
    size_t lines = job->samples * (size_t)window->out[0];
    const ptrdiff_t tap[2] = {(ptrdiff_t)part / window->kernel[1], (ptrdiff_t)part % window->kernel[1]};
    const float **x = (const float **)(job->scratch + thread * c2s_depthwise_gradient_scratch(depthwise, 1));
    const float **dy = x + columns;
    float *sums = (float *)(dy + columns), *gradient = job->gradient + part * filters;
    for (size_t line = 0; line < lines; line++) {
        size_t count = list_line(job, line, tap, x, dy);
        if (depthwise->multiplier > 1) {
            for (size_t i = 0; i < count; i++)
                add_with_multiplier(depthwise, x[i], dy[i], gradient);
            continue;
        }
        job->kernels->sum_products(x, 0, dy, count, NULL, sums, 0, 1, filters);
        job->kernels->add(gradient, 1, sums, 1, gradient, filters);
    }
}

void c2s_depthwise_kernel_gradient(const struct c2s_depthwise *depthwise, const struct c2s_kernels *kernels,
                                   struct c2s_worker_pool *pool, void *scratch, size_t samples, const float *x,
                                   const float *dy, float *gradient)
{
    struct depthwise_job job = {depthwise, kernels, scratch, samples, x, dy, gradient};
    c2s_worker_pool_run(pool, (size_t)(depthwise->window.kernel[0] * depthwise->window.kernel[1]), depthwise_part,
                        &job);
}

/* ------------------------------------------------------------------------------------------------ inputs */

/* Outputs hand their gradient back to what their windows read, sample by sample. */
struct back_job {
    const struct c2s_window *window;
    const struct c2s_depthwise *depthwise; /* NULL: pooling */
    size_t channels, filters;
    const float *x; /* of max pooling, or NULL */
    const float *dy;
    float *dx;
};

struct place {
    ptrdiff_t row, column;
};

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

/* The inputs of a window, in order. */
static size_t list_inputs(const struct c2s_window *window, struct place output, size_t *pixels, size_t capacity)
{
    size_t count = 0;
    ptrdiff_t first[2], last[2];
    c2s_window_taps(window, 0, output.row, &first[0], &last[0]);
    c2s_window_taps(window, 1, output.column, &first[1], &last[1]);
    for (ptrdiff_t i = first[0]; i < last[0]; i++)
        for (ptrdiff_t j = first[1]; j < last[1] && count < capacity; j++)
            pixels[count++] = (size_t)((c2s_window_start(window, 0, output.row) + i) * window->in[1] +
                                       c2s_window_start(window, 1, output.column) + j);
    return count;
}

/* Windows of few pixels, the rule: their places are found once for all channels. */
enum { LISTED = 64 };

static void back_largest_listed(const struct back_job *job, const size_t *pixels, size_t count, const float *dy,
                                const float *image, float *dx)
{
    for (size_t c = 0; c < job->channels; c++) {
        size_t best = pixels[0] * job->channels + c;
        for (size_t i = 1; i < count; i++) {
            size_t at = pixels[i] * job->channels + c;
            best = image[at] > image[best] ? at : best;
        }
        dx[best] += dy[c];
    }
}

static void back_largest(const struct back_job *job, struct place output, const float *dy, const float *image,
                         float *dx)
{
    const struct c2s_window *window = job->window;
    size_t pixels[LISTED];
    if (window->kernel[0] <= LISTED && window->kernel[1] <= LISTED &&
        window->kernel[0] * window->kernel[1] <= LISTED) {
        size_t count = list_inputs(window, output, pixels, LISTED);
        if (count)
            back_largest_listed(job, pixels, count, dy, image, dx);
        return;
    }
    for (size_t c = 0; c < job->channels; c++) {
        size_t best = SIZE_MAX;
        for (ptrdiff_t i = 0; i < window->kernel[0]; i++)
            for (ptrdiff_t j = 0; j < window->kernel[1]; j++) {
                ptrdiff_t row = c2s_window_index(window, 0, output.row, i);
                ptrdiff_t column = c2s_window_index(window, 1, output.column, j);
                if (row < 0 || column < 0)
                    continue;
                size_t at = (size_t)(row * window->in[1] + column) * job->channels + c;
                if (best == SIZE_MAX || image[at] > image[best])
                    best = at;
            }
        if (best != SIZE_MAX)
            dx[best] += dy[c];
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
    struct place output;
    for (output.row = 0; output.row < window->out[0]; output.row++)
        for (output.column = 0; output.column < window->out[1]; output.column++, dy += job->filters) {
            if (job->depthwise)
                back_depthwise(job, output, dy, dx);
            else if (job->x)
                back_largest(job, output, dy, job->x + sample * in, dx);
            else
                back_mean(job, output, dy, dx);
        }
}

void c2s_depthwise_input_gradient(const struct c2s_depthwise *depthwise, struct c2s_worker_pool *pool, size_t samples,
                                  const float *dy, float *dx)
{
    struct back_job job = {&depthwise->window,
                           depthwise,
                           depthwise->channels,
                           depthwise->channels * depthwise->multiplier,
                           NULL,
                           dy,
                           dx};
    c2s_worker_pool_run(pool, samples, back_sample, &job);
}

void c2s_max_pooling_gradient(const struct c2s_window *window, struct c2s_worker_pool *pool, size_t samples,
                              size_t channels, const float *x, const float *dy, float *dx)
{
    struct back_job job = {window, NULL, channels, channels, x, dy, dx};
    c2s_worker_pool_run(pool, samples, back_sample, &job);
}

void c2s_average_pooling_gradient(const struct c2s_window *window, struct c2s_worker_pool *pool, size_t samples,
                                  size_t channels, const float *dy, float *dx)
{
    struct back_job job = {window, NULL, channels, channels, NULL, dy, dx};
    c2s_worker_pool_run(pool, samples, back_sample, &job);
}
