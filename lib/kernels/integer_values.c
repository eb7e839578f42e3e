/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how integers are read, written, and finished. Values are worked on in blocks of int64 on the stack. */
#include "kernels/elementwise.h"
#include "kernels/integer.h"

enum { BLOCK = 256 };

void c2s_integers_load(cnn2snn_dtype dtype, const void *array, size_t first, size_t count, int64_t *values)
{
    if (dtype == CNN2SNN_DTYPE_INT32)
        for (size_t i = 0; i < count; i++)
            values[i] = ((const int32_t *)array)[first + i];
    else if (dtype == CNN2SNN_DTYPE_FLOAT32)
        for (size_t i = 0; i < count; i++)
            values[i] = (int64_t)((const float *)array)[first + i];
    else
        for (size_t i = 0; i < count; i++)
            values[i] = ((const int64_t *)array)[first + i];
}

void c2s_integers_store(cnn2snn_dtype dtype, void *array, size_t first, size_t count, const int64_t *values)
{
    if (dtype == CNN2SNN_DTYPE_INT32)
        for (size_t i = 0; i < count; i++)
            ((int32_t *)array)[first + i] = (int32_t)values[i];
    else
        for (size_t i = 0; i < count; i++)
            ((int64_t *)array)[first + i] = values[i];
}

/* ------------------------------------------------------------------------------------------------ outputs */

/* Values of channels [first, first + count). */
static void finish_block(const struct c2s_integer_output *o, size_t first, size_t count, int64_t *v)
{
    for (size_t i = 0; i < count; i++)
        v[i] = c2s_integer_limit(v[i], o->value_bits);
    if (o->bias)
        for (size_t i = 0; i < count; i++)
            v[i] = c2s_integer_limit(v[i] + o->bias[first + i], o->value_bits);
    if (o->relu)
        for (size_t i = 0; i < count; i++)
            v[i] = v[i] < 0 ? 0 : v[i];
    if (o->relu && o->maximum)
        for (size_t i = 0; i < count; i++)
            v[i] = v[i] > o->maximum[first + i] ? o->maximum[first + i] : v[i];
    if (o->mantissas)
        for (size_t i = 0; i < count; i++)
            v[i] = c2s_integer_limit(v[i] * o->mantissas[first + i], o->product_bits);
    if (o->shifts)
        for (size_t i = 0; i < count; i++)
            v[i] = c2s_integer_rescale(v[i], o->shifts[first + i], o->output_bits);
}

void c2s_integer_finish(const struct c2s_integer_output *output, int64_t *values)
{
    finish_block(output, 0, output->channels, values);
}

struct finish_job {
    const struct c2s_integer_output *output;
    cnn2snn_dtype from_dtype, to_dtype;
    const void *from;
    void *to;
};

/* Elements [first, first + count), which may begin and end within a place. */
static void finish_piece(void *data, size_t first, size_t count)
{
    const struct finish_job *job = data;
    int64_t values[BLOCK];
    size_t channel = first % job->output->channels;
    for (size_t done = 0; done < count;) {
        size_t left = job->output->channels - channel, some = count - done < left ? count - done : left;
        some = some < BLOCK ? some : BLOCK;
        c2s_integers_load(job->from_dtype, job->from, first + done, some, values);
        finish_block(job->output, channel, some, values);
        c2s_integers_store(job->to_dtype, job->to, first + done, some, values);
        done += some;
        channel = (channel + some) % job->output->channels;
    }
}

void c2s_integer_finish_all(const struct c2s_integer_output *output, struct c2s_worker_pool *pool, size_t places,
                            cnn2snn_dtype from_dtype, const void *from, cnn2snn_dtype to_dtype, void *to)
{
    struct finish_job job = {output, from_dtype, to_dtype, from, to};
    c2s_for_pieces(pool, places * output->channels, finish_piece, &job);
}

/* ------------------------------------------------------------------------------------------------ inputs */

struct images_job {
    const struct c2s_integer_images *images;
    const struct c2s_integer_digits *digits; /* NULL: whole integers */
    int64_t *whole;
    float *parts;
};

static void put(const struct images_job *job, size_t to, size_t count, const int64_t *values)
{
    if (!job->digits) {
        c2s_integers_store(CNN2SNN_DTYPE_INT64, job->whole, to, count, values);
        return;
    }
    const struct c2s_integer_digits *digits = job->digits;
    int32_t shift = digits->bits * digits->place;
    bool last = digits->place + 1 == digits->places;
    int64_t mask = last ? -1 : (INT64_C(1) << digits->bits) - 1;
    for (size_t i = 0; i < count; i++)
        job->parts[to + i] = (float)(values[i] >> shift & mask);
}

/* `count` elements of the images from `from` on, whose first is of channel 0. */
static void put_inside(const struct images_job *job, size_t to, size_t from, size_t count)
{
    const struct c2s_integer_images *images = job->images;
    int64_t values[BLOCK];
    size_t channel = 0;
    for (size_t done = 0, some; done < count; done += some) {
        size_t left = images->shift ? images->channels - channel : BLOCK;
        some = count - done < left ? count - done : left;
        some = some < BLOCK ? some : BLOCK;
        c2s_integers_load(images->dtype, images->data, from + done, some, values);
        for (size_t i = 0; images->shift && i < some; i++)
            values[i] = c2s_integer_shift_left(values[i], images->shift[channel + i], images->value_bits);
        put(job, to + done, some, values);
        channel = (channel + some) % images->channels;
    }
}

static void put_border(const struct images_job *job, size_t to, size_t pixels)
{
    size_t channels = job->images->channels;
    for (size_t p = 0; p < pixels; p++)
        for (size_t c = 0; c < channels; c++) {
            int64_t value = job->images->border[c];
            put(job, to + p * channels + c, 1, &value);
        }
}

/* One row with its border. */
static void put_row(void *data, size_t part, size_t thread)
{
    (void)thread;
    const struct images_job *job = data;
    const struct c2s_integer_images *images = job->images;
    size_t rows = images->before[0] + images->rows + images->after[0];
    size_t columns = images->before[1] + images->columns + images->after[1];
    size_t sample = part / rows, row = part % rows, to = part * columns * images->channels;
    if (row < images->before[0] || row >= images->before[0] + images->rows) {
        put_border(job, to, columns);
        return;
    }
    size_t from = (sample * images->rows + row - images->before[0]) * images->columns * images->channels;
    put_border(job, to, images->before[1]);
    put_inside(job, to + images->before[1] * images->channels, from, images->columns * images->channels);
    put_border(job, to + (images->before[1] + images->columns) * images->channels, images->after[1]);
}

static void put_images(struct images_job *job, struct c2s_worker_pool *pool)
{
    const struct c2s_integer_images *images = job->images;
    size_t rows = images->before[0] + images->rows + images->after[0];
    c2s_worker_pool_run(pool, images->samples * rows, put_row, job);
}

void c2s_integer_images_copy(const struct c2s_integer_images *images, struct c2s_worker_pool *pool, int64_t *to)
{
    struct images_job job = {.images = images, .whole = to};
    put_images(&job, pool);
}

void c2s_integer_images_digits(const struct c2s_integer_images *images, const struct c2s_integer_digits *digits,
                               struct c2s_worker_pool *pool, float *to)
{
    struct images_job job = {.images = images, .digits = digits, .parts = to};
    put_images(&job, pool);
}

struct digits_job {
    const float *part;
    int32_t shift;
    bool first;
    int64_t *sums;
};

static void add_piece(void *data, size_t first, size_t count)
{
    const struct digits_job *job = data;
    int64_t factor = INT64_C(1) << job->shift;
    for (size_t i = first; i < first + count; i++)
        job->sums[i] = (job->first ? 0 : job->sums[i]) + (int64_t)job->part[i] * factor;
}

void c2s_integer_add_digits(const float *part, int32_t shift, bool first, struct c2s_worker_pool *pool, size_t count,
                            int64_t *sums)
{
    struct digits_job job = {part, shift, first, sums};
    c2s_for_pieces(pool, count, add_piece, &job);
}
