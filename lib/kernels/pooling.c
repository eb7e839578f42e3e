/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling: for each output the pixels of its window that exist. */
#include "kernels/pooling.h"

#include <math.h>

struct job {
    const struct c2s_window *window;
    size_t channels;
    bool mean;
    const struct c2s_kernels *kernels;
    const float *x;
    float *y;
    const float **taps;
    size_t tap_capacity;
};

/* A window may be far larger than the image. */
static size_t count_taps(const struct c2s_window *window)
{
    size_t taps = 1;
    for (int axis = 0; axis < 2; axis++)
        taps *= (size_t)(window->kernel[axis] < window->in[axis] ? window->kernel[axis] : window->in[axis]);
    return taps;
}

static size_t find_taps(const struct job *job, const float *image, ptrdiff_t row, ptrdiff_t column,
                        const float **taps)
{
    const struct c2s_window *window = job->window;
    ptrdiff_t first[2], last[2];
    size_t count = 0;
    c2s_window_taps(window, 0, row, &first[0], &last[0]);
    c2s_window_taps(window, 1, column, &first[1], &last[1]);
    for (ptrdiff_t i = first[0]; i < last[0]; i++)
        for (ptrdiff_t j = first[1]; j < last[1]; j++) {
            ptrdiff_t pixel =
                (c2s_window_start(window, 0, row) + i) * window->in[1] + c2s_window_start(window, 1, column) + j;
            taps[count++] = image + (size_t)pixel * job->channels;
        }
    return count;
}

static void pool_line(void *data, size_t part, size_t thread)
{
    const struct job *job = data;
    const struct c2s_window *window = job->window;
    size_t channels = job->channels;
    const float *image =
        job->x + part / (size_t)window->out[0] * (size_t)window->in[0] * (size_t)window->in[1] * channels;
    const float **taps = job->taps + thread * job->tap_capacity;
    float *y = job->y + part * (size_t)window->out[1] * channels;
    for (ptrdiff_t column = 0; column < window->out[1]; column++, y += channels) {
        size_t count = find_taps(job, image, (ptrdiff_t)(part % (size_t)window->out[0]), column, taps);
        if (!job->mean) {
            job->kernels->largest(taps, count, y, channels);
        } else {
            float divisor = (float)count;
            job->kernels->sum(taps, count, y, channels);
            job->kernels->divide(y, 1, &divisor, 0, y, channels);
        }
    }
}

size_t c2s_pool_scratch(const struct c2s_window *window, size_t threads)
{
    return threads * count_taps(window) * sizeof(const float *);
}

void c2s_pool(const struct c2s_window *window, size_t channels, bool mean, const struct c2s_kernels *kernels,
              struct c2s_worker_pool *pool, void *scratch, size_t samples, const float *x, float *y)
{
    struct job job = {window, channels, mean, kernels, x, y, scratch, count_taps(window)};
    c2s_worker_pool_run(pool, samples * (size_t)window->out[0], pool_line, &job);
}

/* ------------------------------------------------------------------------------------------------ whole images */

struct global_job {
    size_t pixels, channels;
    bool mean;
    const float *x;
    float *y;
};

enum { CHANNEL_BLOCK = 64 };

static void mean_of(const float *x, size_t pixels, size_t stride, size_t count, float *y)
{
    double sums[CHANNEL_BLOCK] = {0};
    for (size_t p = 0; p < pixels; p++)
        for (size_t c = 0; c < count; c++)
            sums[c] += x[p * stride + c];
    for (size_t c = 0; c < count; c++)
        y[c] = (float)(sums[c] / (double)pixels);
}

static void largest_of(const float *x, size_t pixels, size_t stride, size_t count, float *y)
{
    for (size_t c = 0; c < count; c++)
        y[c] = -INFINITY;
    for (size_t p = 0; p < pixels; p++)
        for (size_t c = 0; c < count; c++) {
            float value = x[p * stride + c];
            y[c] = y[c] > value || y[c] != y[c] ? y[c] : value;
        }
}

static void pool_image(void *data, size_t part, size_t thread)
{
    (void)thread;
    const struct global_job *job = data;
    const float *x = job->x + part * job->pixels * job->channels;
    float *y = job->y + part * job->channels;
    for (size_t c = 0; c < job->channels; c += CHANNEL_BLOCK) {
        size_t count = job->channels - c < CHANNEL_BLOCK ? job->channels - c : CHANNEL_BLOCK;
        if (job->mean)
            mean_of(x + c, job->pixels, job->channels, count, y + c);
        else
            largest_of(x + c, job->pixels, job->channels, count, y + c);
    }
}

void c2s_pool_global(size_t pixels, size_t channels, bool mean, struct c2s_worker_pool *pool, size_t samples,
                     const float *x, float *y)
{
    struct global_job job = {pixels, channels, mean, x, y};
    c2s_worker_pool_run(pool, samples, pool_image, &job);
}
