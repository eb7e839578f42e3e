/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how sums are computed: with the vector loops where the stage was prepared for them, otherwise with plain
 * ones. */
#include <string.h>

#include "simulate/run.h"
#include "simulate/stage_fast.h"

/* `count` values, and what fills their last group. */
static void narrow_values(const struct c2s_stage *stage, const int32_t *values, int64_t count, unsigned char *out)
{
    const struct c2s_vector_product *product = &stage->product;
    size_t used = (size_t)count * (product->bytes ? 1 : 2), size = c2s_narrow_size(product, count);
    if (product->bytes)
        stage->vectors->narrow_bytes(values, (size_t)count, product->offset, out);
    else
        stage->vectors->narrow(values, (size_t)count, (int16_t *)out);
    memset(out + used, 0, size - used);
}

/* `places` times `channels` values. */
static void narrow_places(const struct c2s_stage *stage, const int32_t *values, int64_t places, int64_t channels,
                          unsigned char *out)
{
    size_t size = c2s_narrow_size(&stage->product, channels);
    if (channels % 4 == 0) { /* no group is filled up */
        narrow_values(stage, values, places * channels, out);
        return;
    }
    for (int64_t i = 0; i < places; i++)
        narrow_values(stage, values + i * channels, channels, out + (size_t)i * size);
}

/* The padded input. */
static void narrow_input(const struct c2s_stage *stage, const int32_t *input, unsigned char *out)
{
    const struct c2s_integer_axis *x = &stage->window.x, *y = &stage->window.y;
    int64_t channels = stage->in[2];
    size_t size = c2s_narrow_size(&stage->product, channels);
    for (int64_t i = -x->before; i < x->padded - x->before; i++)
        for (int64_t j = -y->before; j < y->padded - y->before;) {
            bool inside = i >= 0 && i < x->in && j >= 0 && j < y->in;
            int64_t places = inside ? y->in : 1;
            if (inside)
                narrow_places(stage, input + i * y->in * channels, y->in, channels, out);
            else if (stage->padding)
                narrow_values(stage, stage->padding, channels, out);
            else
                memset(out, (unsigned char)stage->product.offset, size);
            out += (size_t)places * size;
            j += places;
        }
}

/* ------------------------------------------------------------------------------------------------ parts */

/* Outputs of about so many elements are finished while they are in the cache. */
enum { PART_ELEMENTS = 1 << 15 };

struct job {
    const struct c2s_stage *stage;
    void (*rows)(const struct job *job, int64_t first, int64_t count, int32_t *sums);
    const int32_t *input;
    unsigned char *narrow;
    int32_t *sums;
    int64_t row_count, rows_in_part;
    int64_t row_places, channels; /* of a row of sums */
    c2s_finish_fn finish;
};

static void run_part(void *data, size_t part, size_t thread)
{
    const struct job *job = data;
    int64_t first = (int64_t)part * job->rows_in_part, left = job->row_count - first;
    int64_t count = left < job->rows_in_part ? left : job->rows_in_part;
    int32_t *sums = job->sums + first * job->row_places * job->channels;
    job->rows(job, first, count, sums);
    if (job->finish)
        job->finish(job->stage, sums, count * job->row_places);
}

static void run_parts(struct job *job, struct c2s_worker_pool *pool)
{
    int64_t row_size = job->row_places * job->channels, threads = pool ? (int64_t)c2s_worker_pool_threads(pool) : 1;
    int64_t rows = row_size < PART_ELEMENTS ? PART_ELEMENTS / row_size : 1;
    int64_t fair = (job->row_count + threads - 1) / threads;
    job->rows_in_part = rows < fair ? rows : fair;
    size_t parts = (size_t)((job->row_count + job->rows_in_part - 1) / job->rows_in_part);
    if (pool)
        c2s_worker_pool_run(pool, parts, run_part, job);
    else
        for (size_t part = 0; part < parts; part++)
            run_part(job, part, 0);
}

/* ------------------------------------------------------------------------------------------------ convolutions */

static void rows_plain(const struct job *job, int64_t first, int64_t count, int32_t *sums)
{
    const struct c2s_stage *stage = job->stage;
    struct c2s_integer_window window = stage->window;
    const int32_t *input = job->input + first * window.x.stride * window.y.padded * stage->in[2];
    window.x.out = count;
    c2s_integer_convolve(&window, input, stage->in[2], stage->weights, stage->out[2], sums);
}

static void rows_narrow(const struct job *job, int64_t first, int64_t count, int32_t *sums)
{
    const struct c2s_stage *stage = job->stage;
    const struct c2s_integer_axis *x = &stage->window.x, *y = &stage->window.y;
    size_t place = c2s_narrow_size(&stage->product, stage->in[2]), row = (size_t)y->padded * place;
    for (int64_t i = 0; i < count; i++)
        stage->vectors->multiply(&stage->product, job->narrow + (size_t)((first + i) * x->stride) * row,
                                 (size_t)y->stride * place, row, (size_t)y->out, sums + i * y->out * stage->out[2]);
}

/* Kernels of one place: all places are alike, and each is narrowed where it is used. */
static void rows_pointwise(const struct job *job, int64_t first, int64_t count, int32_t *sums)
{
    const struct c2s_stage *stage = job->stage;
    size_t place = c2s_narrow_size(&stage->product, stage->in[2]);
    unsigned char *values = job->narrow + (size_t)first * place;
    narrow_places(stage, job->input + first * stage->in[2], count, stage->in[2], values);
    stage->vectors->multiply(&stage->product, values, place, 0, (size_t)count, sums);
}

void c2s_run_sums(const struct c2s_stage *stage, const int32_t *input, int32_t *scratch, int32_t *sums,
                  c2s_finish_fn finish, struct c2s_worker_pool *pool)
{
    const struct c2s_integer_axis *x = &stage->window.x, *y = &stage->window.y;
    struct job job = {.stage = stage,
                      .sums = sums,
                      .row_count = x->out,
                      .row_places = y->out,
                      .channels = stage->out[2],
                      .finish = finish};
    if (!stage->product.weights) {
        job.input = c2s_pad_input(stage, input, scratch);
        job.rows = rows_plain;
    } else if (x->kernel == 1 && y->kernel == 1 && x->stride == 1 && y->stride == 1) {
        job.input = input;
        job.narrow = (unsigned char *)scratch;
        job.rows = rows_pointwise;
        job.row_count = x->out * y->out;
        job.row_places = 1;
    } else {
        job.narrow = (unsigned char *)scratch;
        narrow_input(stage, input, job.narrow);
        job.rows = rows_narrow;
    }
    run_parts(&job, pool);
}

/* ------------------------------------------------------------------------------------------------ depthwise */

static void rows_depthwise_plain(const struct job *job, int64_t first, int64_t count, int32_t *sums)
{
    const struct c2s_stage *stage = job->stage;
    struct c2s_integer_window window = stage->window;
    const int32_t *input = job->input + first * window.x.stride * window.y.padded * stage->in[2];
    window.x.out = count;
    c2s_integer_depthwise(&window, input, stage->in[2], stage->weights, sums);
}

/* The input isn't padded: taps beyond it read zeros. */
static void rows_depthwise(const struct job *job, int64_t first, int64_t count, int32_t *sums)
{
    const struct c2s_stage *stage = job->stage;
    const struct c2s_integer_axis *x = &stage->window.x, *y = &stage->window.y;
    const int32_t *values[C2S_MOST_TAPS];
    int64_t channels = stage->in[2];
    for (int64_t i = first; i < first + count; i++)
        for (int64_t j = 0; j < y->out; j++, sums += channels) {
            size_t taps = 0;
            for (int64_t a = i * x->stride - x->before; a < i * x->stride - x->before + x->kernel; a++)
                for (int64_t b = j * y->stride - y->before; b < j * y->stride - y->before + y->kernel; b++) {
                    bool inside = a >= 0 && a < x->in && b >= 0 && b < y->in;
                    values[taps++] = inside ? job->input + (a * y->in + b) * channels : stage->zeros;
                }
            stage->vectors->sum_products(values, stage->wide_weights, taps, (size_t)channels, sums);
        }
}

void c2s_run_depthwise_sums(const struct c2s_stage *stage, const int32_t *input, int32_t *scratch, int32_t *sums,
                            c2s_finish_fn finish, struct c2s_worker_pool *pool)
{
    struct job job = {.stage = stage,
                      .sums = sums,
                      .row_count = stage->window.x.out,
                      .row_places = stage->window.y.out,
                      .channels = stage->in[2],
                      .finish = finish};
    job.input = stage->wide_weights ? input : c2s_pad_input(stage, input, scratch);
    job.rows = stage->wide_weights ? rows_depthwise : rows_depthwise_plain;
    run_parts(&job, pool);
}

/* ------------------------------------------------------------------------------------------------ products */

void c2s_run_products(const struct c2s_stage *stage, const int32_t *values, int64_t places, int64_t count,
                      const int8_t *plain, void *narrow, int32_t *sums)
{
    int64_t filters = stage->out[2];
    if (!stage->product.weights) {
        for (int64_t i = 0; i < places; i++)
            c2s_integer_multiply(values + i * count, count, plain, filters, sums + i * filters);
        return;
    }
    narrow_places(stage, values, places, count, narrow);
    stage->vectors->multiply(&stage->product, narrow, c2s_narrow_size(&stage->product, count), 0, (size_t)places,
                             sums);
}
