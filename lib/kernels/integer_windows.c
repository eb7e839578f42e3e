/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the loops over windows: one line of outputs is a part of the job. */
#include <string.h>

#include "kernels/integer.h"

struct sum_job {
    const struct c2s_integer_convolution *convolution;
    const int64_t *x;
    int64_t *y;
};

/* sums[f] += in[c] * weights[c][f]; zeros, of which activations have many, are skipped. */
static void add_products(const struct c2s_integer_convolution *convolution, const int64_t *in, const int32_t *weights,
                         int64_t *sums)
{
    size_t channels = convolution->channels, filters = convolution->filters;
    if (convolution->depthwise) {
        for (size_t c = 0; c < channels; c++)
            sums[c] += in[c] * weights[c];
        return;
    }
    for (size_t c = 0; c < channels; c++, weights += filters)
        for (size_t f = 0; in[c] && f < filters; f++)
            sums[f] += in[c] * weights[f];
}

static void sum_at(const struct sum_job *job, const int64_t *image, ptrdiff_t row, ptrdiff_t column, int64_t *sums)
{
    const struct c2s_integer_convolution *convolution = job->convolution;
    const struct c2s_window *window = &convolution->window;
    size_t channels = convolution->channels;
    size_t tap_size = convolution->depthwise ? channels : channels * convolution->filters;
    memset(sums, 0, convolution->filters * sizeof *sums);
    for (ptrdiff_t i = 0; i < window->kernel[0]; i++) {
        ptrdiff_t r = c2s_window_index(window, 0, row, i);
        for (ptrdiff_t j = 0; r >= 0 && j < window->kernel[1]; j++) {
            ptrdiff_t c = c2s_window_index(window, 1, column, j);
            if (c >= 0)
                add_products(convolution, image + (size_t)(r * window->in[1] + c) * channels,
                             convolution->weights + (size_t)(i * window->kernel[1] + j) * tap_size, sums);
        }
    }
}

static void sum_line(void *data, size_t part, size_t thread)
{
    (void)thread;
    const struct sum_job *job = data;
    const struct c2s_window *window = &job->convolution->window;
    size_t rows = (size_t)window->out[0], filters = job->convolution->filters;
    const int64_t *image =
        job->x + part / rows * (size_t)window->in[0] * (size_t)window->in[1] * job->convolution->channels;
    int64_t *y = job->y + part * (size_t)window->out[1] * filters;
    for (ptrdiff_t column = 0; column < window->out[1]; column++, y += filters)
        sum_at(job, image, (ptrdiff_t)(part % rows), column, y);
}

void c2s_integer_sum_products(const struct c2s_integer_convolution *convolution, struct c2s_worker_pool *pool,
                              size_t samples, const int64_t *x, int64_t *y)
{
    struct sum_job job = {convolution, x, y};
    c2s_worker_pool_run(pool, samples * (size_t)convolution->window.out[0], sum_line, &job);
}

/* ------------------------------------------------------------------------------------------------ pooling */

struct largest_job {
    const struct c2s_window *window;
    size_t channels;
    const void *x;
    void *y;
};

#define LARGEST(type, name)                                                                                          \
    static void name##_at(const struct largest_job *job, const type *image, ptrdiff_t row, ptrdiff_t column,         \
                          type *y)                                                                                   \
    {                                                                                                                \
        const struct c2s_window *window = job->window;                                                               \
        ptrdiff_t first[2], last[2];                                                                                 \
        bool none = true;                                                                                            \
        c2s_window_taps(window, 0, row, &first[0], &last[0]);                                                        \
        c2s_window_taps(window, 1, column, &first[1], &last[1]);                                                     \
        for (ptrdiff_t i = first[0]; i < last[0]; i++)                                                               \
            for (ptrdiff_t j = first[1]; j < last[1]; j++, none = false) {                                           \
                ptrdiff_t place = (c2s_window_start(window, 0, row) + i) * window->in[1];                            \
                const type *x = image + (size_t)(place + c2s_window_start(window, 1, column) + j) * job->channels;   \
                for (size_t c = 0; c < job->channels; c++)                                                           \
                    y[c] = none || x[c] > y[c] ? x[c] : y[c];                                                        \
            }                                                                                                        \
    }                                                                                                                \
                                                                                                                     \
    static void name(void *data, size_t part, size_t thread)                                                         \
    {                                                                                                                \
        (void)thread;                                                                                                \
        const struct largest_job *job = data;                                                                        \
        size_t rows = (size_t)job->window->out[0], columns = (size_t)job->window->out[1];                            \
        const type *image =                                                                                          \
            (const type *)job->x + part / rows * (size_t)(job->window->in[0] * job->window->in[1]) * job->channels;  \
        type *y = (type *)job->y + part * columns * job->channels;                                                   \
        for (size_t column = 0; column < columns; column++, y += job->channels)                                      \
            name##_at(job, image, (ptrdiff_t)(part % rows), (ptrdiff_t)column, y);                                   \
    }

LARGEST(int32_t, largest_line)
LARGEST(int64_t, largest_line_wide)

void c2s_integer_largest(const struct c2s_window *window, struct c2s_worker_pool *pool, size_t samples,
                         size_t channels, cnn2snn_dtype dtype, const void *x, void *y)
{
    struct largest_job job = {window, channels, x, y};
    c2s_worker_pool_run(pool, samples * (size_t)window->out[0],
                        dtype == CNN2SNN_DTYPE_INT32 ? largest_line : largest_line_wide, &job);
}
