/* SPDX-License-Identifier: Apache-2.0 */
/* Loops that move pixels without computing much. */
#include "kernels/resample.h"

#include <math.h>
#include <string.h>

struct image_job {
    const struct c2s_image_sizes *sizes;
    ptrdiff_t top, left;
    bool bilinear;
    const float *x;
    float *y;
};

static const float *image_of(const struct image_job *job, size_t line)
{
    const struct c2s_image_sizes *sizes = job->sizes;
    return job->x + line / sizes->out[0] * sizes->in[0] * sizes->in[1] * sizes->channels;
}

static void place_line(void *data, size_t part, size_t thread)
{
    (void)thread;
    const struct image_job *job = data;
    const struct c2s_image_sizes *sizes = job->sizes;
    ptrdiff_t row = (ptrdiff_t)(part % sizes->out[0]) - job->top, width = (ptrdiff_t)sizes->out[1];
    float *y = job->y + part * sizes->out[1] * sizes->channels;
    memset(y, 0, sizes->out[1] * sizes->channels * sizeof *y);
    if (row < 0 || row >= (ptrdiff_t)sizes->in[0])
        return;
    ptrdiff_t first = job->left > 0 ? job->left : 0, last = job->left + (ptrdiff_t)sizes->in[1];
    if (last > width)
        last = width;
    if (first >= last)
        return;
    const float *line = image_of(job, part) + (size_t)row * sizes->in[1] * sizes->channels;
    memcpy(y + (size_t)first * sizes->channels, line + (size_t)(first - job->left) * sizes->channels,
           (size_t)(last - first) * sizes->channels * sizeof *y);
}

void c2s_place_image(const struct c2s_image_sizes *sizes, ptrdiff_t top, ptrdiff_t left, struct c2s_worker_pool *pool,
                     size_t samples, const float *x, float *y)
{
    struct image_job job = {.sizes = sizes, .top = top, .left = left, .x = x, .y = y};
    c2s_worker_pool_run(pool, samples * sizes->out[0], place_line, &job);
}

/* The two neighbours of an output along an axis, and the weight of the second. */
struct neighbours {
    size_t low, high;
    float part;
};

static struct neighbours find_neighbours(size_t in, size_t out, size_t index)
{
    float at = ((float)index + 0.5f) * ((float)in / (float)out) - 0.5f, below = floorf(at);
    size_t low = below > 0 ? (size_t)below : 0, high = at > 0 ? (size_t)ceilf(at) : 0;
    low = low < in ? low : in - 1;
    return (struct neighbours){low, high < in ? high : in - 1, at - below};
}

static void enlarge_line(void *data, size_t part, size_t thread)
{
    (void)thread;
    const struct image_job *job = data;
    const struct c2s_image_sizes *sizes = job->sizes;
    size_t channels = sizes->channels, line = sizes->in[1] * channels, row = part % sizes->out[0];
    const float *image = image_of(job, part);
    float *y = job->y + part * sizes->out[1] * channels;
    struct neighbours v = {row / (sizes->out[0] / sizes->in[0]), 0, 0};
    if (job->bilinear)
        v = find_neighbours(sizes->in[0], sizes->out[0], row);
    for (size_t column = 0; column < sizes->out[1]; column++, y += channels) {
        if (!job->bilinear) {
            size_t from = column / (sizes->out[1] / sizes->in[1]);
            memcpy(y, image + v.low * line + from * channels, channels * sizeof *y);
            continue;
        }
        struct neighbours h = find_neighbours(sizes->in[1], sizes->out[1], column);
        const float *above = image + v.low * line, *below = image + v.high * line;
        for (size_t c = 0; c < channels; c++) {
            float al = above[h.low * channels + c], ah = above[h.high * channels + c];
            float bl = below[h.low * channels + c], bh = below[h.high * channels + c];
            float a = al + (ah - al) * h.part, b = bl + (bh - bl) * h.part;
            y[c] = a + (b - a) * v.part;
        }
    }
}

void c2s_enlarge_image(const struct c2s_image_sizes *sizes, bool bilinear, struct c2s_worker_pool *pool,
                       size_t samples, const float *x, float *y)
{
    struct image_job job = {.sizes = sizes, .bilinear = bilinear, .x = x, .y = y};
    c2s_worker_pool_run(pool, samples * sizes->out[0], enlarge_line, &job);
}

struct permute_job {
    size_t rank;
    const size_t *extents, *strides;
    const float *x;
    float *y;
};

static void permute_run(void *data, size_t part, size_t thread)
{
    (void)thread;
    const struct permute_job *job = data;
    size_t last = job->rank - 1, from = 0, rest = part, count = job->extents[last], stride = job->strides[last];
    for (size_t i = last; i-- > 0;) {
        from += rest % job->extents[i] * job->strides[i];
        rest /= job->extents[i];
    }
    float *y = job->y + part * count;
    for (size_t i = 0; i < count; i++)
        y[i] = job->x[from + i * stride];
}

void c2s_permute(size_t rank, const size_t *extents, const size_t *strides, struct c2s_worker_pool *pool,
                 const float *x, float *y)
{
    struct permute_job job = {rank, extents, strides, x, y};
    size_t runs = 1;
    for (size_t i = 0; i + 1 < rank; i++)
        runs *= extents[i];
    c2s_worker_pool_run(pool, runs, permute_run, &job);
}
