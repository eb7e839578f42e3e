/* SPDX-License-Identifier: Apache-2.0 */
/* Depthwise convolutions: for each output the taps inside of the image, summed channel by channel. */
#include "kernels/convolution.h"

#include <string.h>

struct job {
    const struct c2s_depthwise *depthwise;
    const struct c2s_kernels *kernels;
    const float *x;
    float *y;
    const float **taps; /* for each thread: pointers to inputs, then to weights */
    size_t tap_capacity;
};

static size_t count_taps(const struct c2s_depthwise *depthwise)
{
    return (size_t)depthwise->window.kernel[0] * (size_t)depthwise->window.kernel[1];
}

/* Finds the taps of an output that lie inside of the image. */
static size_t find_taps(const struct c2s_depthwise *depthwise, const float *image, ptrdiff_t row, ptrdiff_t column,
                        const float **x, const float **w)
{
    const struct c2s_window *window = &depthwise->window;
    size_t filters = depthwise->channels * depthwise->multiplier, count = 0;
    ptrdiff_t first[2], last[2];
    c2s_window_taps(window, 0, row, &first[0], &last[0]);
    c2s_window_taps(window, 1, column, &first[1], &last[1]);
    for (ptrdiff_t i = first[0]; i < last[0]; i++) {
        ptrdiff_t line = (c2s_window_start(window, 0, row) + i * window->dilation[0]) * window->in[1];
        ptrdiff_t start = line + c2s_window_start(window, 1, column);
        for (ptrdiff_t j = first[1]; j < last[1]; j++, count++) {
            x[count] = image + (size_t)(start + j * window->dilation[1]) * depthwise->channels;
            w[count] = depthwise->weights + (size_t)(i * window->kernel[1] + j) * filters;
        }
    }
    return count;
}

static void sum_with_multiplier(const struct c2s_depthwise *depthwise, const float *const *x, const float *const *w,
                                size_t taps, float *y)
{
    size_t multiplier = depthwise->multiplier, filters = depthwise->channels * multiplier;
    memset(y, 0, filters * sizeof *y);
    for (size_t tap = 0; tap < taps; tap++)
        for (size_t c = 0; c < depthwise->channels; c++)
            for (size_t m = 0; m < multiplier; m++)
                y[c * multiplier + m] += x[tap][c] * w[tap][c * multiplier + m];
    for (size_t f = 0; depthwise->bias && f < filters; f++)
        y[f] += depthwise->bias[f];
}

/* Number of outputs from `column` on that have the same taps, each a stride further on. */
static ptrdiff_t count_alike(const struct c2s_window *window, ptrdiff_t column)
{
    ptrdiff_t start = c2s_window_start(window, 1, column), reach = (window->kernel[1] - 1) * window->dilation[1];
    ptrdiff_t room = window->in[1] - 1 - start - reach;
    if (start < 0 || room < 0)
        return 1;
    ptrdiff_t alike = c2s_window_steps(room, window->stride[1]) + 1, left = window->out[1] - column;
    return alike < left ? alike : left;
}

/* One line of outputs. */
static void convolve_line(void *data, size_t part, size_t thread)
{
    const struct job *job = data;
    const struct c2s_depthwise *depthwise = job->depthwise;
    const struct c2s_window *window = &depthwise->window;
    const struct c2s_epilogue *epilogue = &depthwise->epilogue;
    size_t channels = depthwise->channels, filters = channels * depthwise->multiplier;
    size_t line = (size_t)window->out[1] * filters, stride = (size_t)window->stride[1] * channels;
    const float *image =
        job->x + part / (size_t)window->out[0] * (size_t)window->in[0] * (size_t)window->in[1] * channels;
    const float **x = job->taps + 2 * thread * job->tap_capacity, **w = x + job->tap_capacity;
    float *y = job->y + part * line;
    for (ptrdiff_t column = 0, alike; column < window->out[1]; column += alike, y += (size_t)alike * filters) {
        size_t taps = find_taps(depthwise, image, (ptrdiff_t)(part % (size_t)window->out[0]), column, x, w);
        alike = depthwise->multiplier == 1 ? count_alike(window, column) : 1;
        if (depthwise->multiplier == 1)
            job->kernels->sum_products(x, stride, w, taps, depthwise->bias, y, filters, (size_t)alike, filters);
        else
            sum_with_multiplier(depthwise, x, w, taps, y);
    }
    if (epilogue->relu)
        job->kernels->relu(y - line, y - line, line, epilogue->slope, epilogue->threshold, epilogue->limit);
}

size_t c2s_depthwise_scratch(const struct c2s_depthwise *depthwise, size_t threads)
{
    return threads * 2 * count_taps(depthwise) * sizeof(const float *);
}

void c2s_convolve_depthwise(const struct c2s_depthwise *depthwise, const struct c2s_kernels *kernels,
                            struct c2s_worker_pool *pool, void *scratch, size_t samples, const float *x, float *y)
{
    struct job job = {depthwise, kernels, x, y, scratch, count_taps(depthwise)};
    c2s_worker_pool_run(pool, samples * (size_t)depthwise->window.out[0], convolve_line, &job);
}

/* ------------------------------------------------------------------------------------------------ some outputs */

struct outputs_job {
    struct job job;
    const size_t *outputs;
    size_t count;
};

enum { OUTPUTS_OF_PART = 64 };

static void convolve_outputs(void *data, size_t part, size_t thread)
{
    const struct outputs_job *some = data;
    const struct job *job = &some->job;
    const struct c2s_depthwise *depthwise = job->depthwise;
    const struct c2s_window *window = &depthwise->window;
    size_t filters = depthwise->channels * depthwise->multiplier, columns = (size_t)window->out[1];
    size_t image = (size_t)(window->in[0] * window->in[1]) * depthwise->channels;
    const float **x = job->taps + 2 * thread * job->tap_capacity, **w = x + job->tap_capacity;
    for (size_t i = part * OUTPUTS_OF_PART; i < some->count && i < (part + 1) * OUTPUTS_OF_PART; i++) {
        size_t line = some->outputs[i] / columns, rows = (size_t)window->out[0];
        size_t taps = find_taps(depthwise, job->x + line / rows * image, (ptrdiff_t)(line % rows),
                                (ptrdiff_t)(some->outputs[i] % columns), x, w);
        if (depthwise->multiplier == 1)
            job->kernels->sum_products(x, 0, w, taps, depthwise->bias, job->y + i * filters, 0, 1, filters);
        else
            sum_with_multiplier(depthwise, x, w, taps, job->y + i * filters);
    }
}

void c2s_convolve_depthwise_outputs(const struct c2s_depthwise *depthwise, const struct c2s_kernels *kernels,
                                    struct c2s_worker_pool *pool, void *scratch, size_t count, const size_t *outputs,
                                    const float *x, float *y)
{
    struct outputs_job some = {{depthwise, kernels, x, y, scratch, count_taps(depthwise)}, outputs, count};
    c2s_worker_pool_run(pool, count / OUTPUTS_OF_PART + (count % OUTPUTS_OF_PART != 0), convolve_outputs, &some);
}
