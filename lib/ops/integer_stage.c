/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides how sums of integer products are taken: by the float kernels, which are fast and exact below 2^24, with
 * inputs taken apart into digits where they are too large; or integer by integer where the weights alone are too
 * large.
 */
#include <stdlib.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/error.h"
#include "ops/integer_op.h"

/* Sums up to this size are exact in float32, however they are taken. */
#define EXACT_SUM (INT64_C(1) << 24)
enum { MOST_DIGITS = 4, LEAST_DIGIT_BITS = 4, MOST_SUM_BITS = 62 };

/* ------------------------------------------------------------------------------------------------ weights */

/* For each filter the sum of |weight| * 2^bits[channel], limited to 2^62; the largest of them. bits NULL: zeros. */
static int64_t largest_sum(const struct c2s_integer_stage *stage, const int32_t *bits)
{
    size_t taps = (size_t)(stage->kernel[0] * stage->kernel[1]), filters = stage->filters;
    size_t depth = stage->depthwise ? taps : taps * stage->channels;
    const int64_t most = INT64_C(1) << MOST_SUM_BITS;
    int64_t largest = 0;
    for (size_t f = 0; f < filters; f++) {
        int64_t sum = 0;
        for (size_t d = 0; d < depth; d++) {
            size_t channel = stage->depthwise ? f : d % stage->channels;
            int64_t weight = stage->weights[d * filters + f], shift = bits ? bits[channel] : 0;
            weight = weight < 0 ? -weight : weight;
            sum += weight > most >> shift ? most : weight * (INT64_C(1) << shift);
            sum = sum > most ? most : sum;
        }
        largest = sum > largest ? sum : largest;
    }
    return largest;
}

/* Bits that the size of each channel's shifted input needs. */
static void measure_inputs(const struct c2s_integer_stage *stage, int32_t value_bits, int32_t *bits, int32_t *most)
{
    *most = 0;
    for (size_t c = 0; c < stage->channels; c++) {
        bits[c] = value_bits + (stage->shift ? stage->shift[c] : 0);
        bits[c] = bits[c] < stage->input_bits ? bits[c] : stage->input_bits;
        while (stage->border && llabs((long long)stage->border[c]) > INT64_C(1) << bits[c])
            bits[c]++;
        *most = bits[c] > *most ? bits[c] : *most;
    }
}

static cnn2snn_status choose_digits(struct c2s_op *op, struct c2s_integer_stage *stage, int32_t value_bits,
                                    cnn2snn_error **error)
{
    int32_t *bits = c2s_calloc(op->context, stage->channels, sizeof *bits), most;
    if (!bits)
        return c2s_error_no_memory(error);
    measure_inputs(stage, value_bits, bits, &most);
    int64_t sum = largest_sum(stage, bits), weights = largest_sum(stage, NULL);
    c2s_free(op->context, bits);
    stage->digits = (struct c2s_integer_digits){0};
    if (sum <= EXACT_SUM) {
        stage->digits.places = 1;
    } else if (sum >= INT64_C(1) << MOST_SUM_BITS) {
        return c2s_error(op->context, error, CNN2SNN_E_UNSUPPORTED, "R-sum", "sums of more than %d bits",
                         MOST_SUM_BITS);
    } else {
        int32_t room = 0;
        while (weights <= EXACT_SUM >> (room + 1))
            room++;
        int32_t places = room >= LEAST_DIGIT_BITS ? (most + room - 1) / room : MOST_DIGITS + 1;
        if (places <= MOST_DIGITS)
            stage->digits = (struct c2s_integer_digits){.bits = room, .places = places};
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ making */

static cnn2snn_status take_weights(struct c2s_op *op, const cnn2snn_tensor *weights, bool turned,
                                   struct c2s_integer_stage *stage, cnn2snn_error **error)
{
    size_t taps = (size_t)(stage->kernel[0] * stage->kernel[1]);
    size_t size = taps ? (size_t)weights->count / taps : 0;
    void *array;
    C2S_TRY(c2s_integer_array(op, (size_t)weights->count, sizeof(int32_t), &array, error));
    stage->weights = array;
    for (size_t tap = 0; tap < taps; tap++) {
        size_t to = turned ? taps - 1 - tap : tap;
        for (size_t i = 0; i < size; i++)
            stage->weights[to * size + i] = weights->dtype == CNN2SNN_DTYPE_INT16
                                                ? ((const int16_t *)weights->data)[tap * size + i]
                                                : ((const int8_t *)weights->data)[tap * size + i];
    }
    return CNN2SNN_OK;
}

/* Weights as floats, in the form that the float kernels read. */
static cnn2snn_status pack_weights(struct c2s_op *op, struct c2s_integer_stage *stage, cnn2snn_error **error)
{
    size_t depth = (size_t)(stage->kernel[0] * stage->kernel[1]) * (stage->depthwise ? 1 : stage->channels);
    size_t count = depth * stage->filters;
    float *factors = c2s_calloc(op->context, count, sizeof *factors);
    if (!factors)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < count; i++)
        factors[i] = (float)stage->weights[i];
    if (stage->depthwise) {
        stage->factors = factors;
        return CNN2SNN_OK;
    }
    cnn2snn_status status =
        c2s_packed_matrix_create(op->context, factors, depth, stage->filters, stage->filters, &stage->packed, error);
    c2s_free(op->context, factors);
    return status;
}

cnn2snn_status c2s_integer_prepare_stage(struct c2s_op *op, const cnn2snn_tensor *weights, bool turned,
                                         int32_t value_bits, struct c2s_integer_stage *stage, cnn2snn_error **error)
{
    uint64_t expected = (uint64_t)stage->kernel[0] * (uint64_t)stage->kernel[1] * stage->channels *
                        (stage->depthwise ? 1 : stage->filters);
    if (!weights || weights->count != expected)
        return c2s_error(op->context, error, CNN2SNN_E_VALUE, "R-weights", "%llu weights, expected %llu",
                         weights ? (unsigned long long)weights->count : 0, (unsigned long long)expected);
    C2S_TRY(take_weights(op, weights, turned, stage, error));
    for (size_t c = 0; stage->border && stage->shift && c < stage->channels; c++)
        stage->border[c] = (int32_t)c2s_integer_shift_left(stage->border[c], stage->shift[c],
                                                           stage->input_bits < 31 ? stage->input_bits : 31);
    C2S_TRY(choose_digits(op, stage, value_bits, error));
    return stage->digits.places ? pack_weights(op, stage, error) : CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ running */

static size_t pixels(const ptrdiff_t size[2])
{
    return (size_t)size[0] * (size_t)size[1];
}

/* Digits go by the float kernels, of which the depthwise ones know nothing of spread inputs. */
static bool by_digits(const struct c2s_integer_job *job)
{
    bool spread = job->window.spread[0] != 1 || job->window.spread[1] != 1;
    return job->stage->digits.places && !(job->stage->depthwise && spread);
}

/* The border that windows reach is made part of the images. */
static struct c2s_integer_images images_of(const struct c2s_integer_job *job, struct c2s_window *window)
{
    const struct c2s_integer_stage *stage = job->stage;
    *window = job->window;
    struct c2s_integer_images images = {.samples = job->samples,
                                        .rows = (size_t)window->in[0],
                                        .columns = (size_t)window->in[1],
                                        .channels = stage->channels,
                                        .border = stage->border,
                                        .shift = stage->shift,
                                        .value_bits = stage->input_bits,
                                        .dtype = job->from_dtype,
                                        .data = job->from};
    for (int axis = 0; stage->border && axis < 2; axis++) {
        ptrdiff_t end = (window->out[axis] - 1) * window->stride[axis] - window->before[axis] +
                        (window->kernel[axis] - 1) * window->dilation[axis] + 1;
        images.before[axis] = window->before[axis] > 0 ? (size_t)window->before[axis] : 0;
        images.after[axis] = end > window->in[axis] ? (size_t)(end - window->in[axis]) : 0;
        window->in[axis] += (ptrdiff_t)(images.before[axis] + images.after[axis]);
        window->before[axis] -= (ptrdiff_t)images.before[axis];
    }
    return images;
}

static struct c2s_depthwise depthwise_of(const struct c2s_integer_stage *stage, const struct c2s_window *window)
{
    return (struct c2s_depthwise){
        .window = *window, .channels = stage->channels, .multiplier = 1, .weights = stage->factors};
}

static size_t kernel_scratch(const struct c2s_integer_job *job, const struct c2s_run *run)
{
    size_t threads = c2s_worker_pool_threads(run->pool);
    struct c2s_depthwise depthwise = depthwise_of(job->stage, &job->window);
    return job->stage->depthwise ? c2s_depthwise_scratch(&depthwise, threads) : c2s_convolution_scratch(threads);
}

/* Bytes of `count` elements for each of the job's samples, rounded up so that what follows is aligned. */
static bool size_of(const struct c2s_integer_job *job, size_t places, size_t channels, size_t element, size_t *out)
{
    bool fits = c2s_mul_size(places, channels, out) && c2s_mul_size(*out, job->samples, out) &&
                c2s_mul_size(*out, element, out) && c2s_add_size(*out, 63, out);
    *out &= ~(size_t)63;
    return fits;
}

struct layout {
    size_t images, part, sums; /* bytes */
};

static bool lay_out(const struct c2s_integer_job *job, struct layout *layout)
{
    struct c2s_window window;
    images_of(job, &window);
    bool floats = by_digits(job);
    size_t out = pixels(window.out);
    *layout = (struct layout){0, 0, 0};
    return size_of(job, pixels(window.in), job->stage->channels, floats ? sizeof(float) : sizeof(int64_t),
                   &layout->images) &&
           (!floats || size_of(job, out, job->stage->filters, sizeof(float), &layout->part)) &&
           ((floats && job->stage->digits.places == 1) ||
            size_of(job, out, job->stage->filters, sizeof(int64_t), &layout->sums));
}

size_t c2s_integer_stage_scratch(const struct c2s_integer_job *job, const struct c2s_run *run)
{
    struct layout layout;
    size_t size;
    if (!lay_out(job, &layout) || !c2s_add_size(layout.images, layout.part, &size) ||
        !c2s_add_size(size, layout.sums, &size) || !c2s_add_size(size, kernel_scratch(job, run), &size))
        return SIZE_MAX;
    return size;
}

static void sum_floats(const struct c2s_integer_job *job, const struct c2s_run *run, const struct c2s_window *window,
                       void *working, const float *x, float *y)
{
    const struct c2s_integer_stage *stage = job->stage;
    if (stage->depthwise) {
        struct c2s_depthwise depthwise = depthwise_of(stage, window);
        c2s_convolve_depthwise(&depthwise, run->kernels, run->pool, working, job->samples, x, y);
        return;
    }
    struct c2s_convolution convolution = {
        .window = *window, .channels = stage->channels, .groups = 1, .weights = &stage->packed};
    c2s_convolve(&convolution, run->kernels, run->pool, working, job->samples, x, y);
}

static void finish(const struct c2s_integer_job *job, const struct c2s_run *run, cnn2snn_dtype dtype,
                   const void *sums)
{
    c2s_integer_finish_all(&job->stage->output, run->pool, job->samples * pixels(job->window.out), dtype, sums,
                           job->to_dtype, job->to);
}

static void run_digits(const struct c2s_integer_job *job, const struct c2s_run *run, const struct layout *layout,
                       char *scratch)
{
    struct c2s_window window;
    struct c2s_integer_images images = images_of(job, &window);
    struct c2s_integer_digits digits = job->stage->digits;
    float *x = (float *)scratch, *part = (float *)(scratch + layout->images);
    int64_t *sums = (int64_t *)(scratch + layout->images + layout->part);
    void *working = scratch + layout->images + layout->part + layout->sums;
    size_t count = job->samples * pixels(window.out) * job->stage->filters;
    for (; digits.place < digits.places; digits.place++) {
        c2s_integer_images_digits(&images, &digits, run->pool, x);
        sum_floats(job, run, &window, working, x, part);
        if (digits.places > 1)
            c2s_integer_add_digits(part, digits.bits * digits.place, digits.place == 0, run->pool, count, sums);
    }
    if (digits.places > 1)
        finish(job, run, CNN2SNN_DTYPE_INT64, sums);
    else
        finish(job, run, CNN2SNN_DTYPE_FLOAT32, part);
}

static void run_integers(const struct c2s_integer_job *job, const struct c2s_run *run, const struct layout *layout,
                         char *scratch)
{
    const struct c2s_integer_stage *stage = job->stage;
    struct c2s_integer_convolution convolution = {.channels = stage->channels,
                                                  .filters = stage->filters,
                                                  .depthwise = stage->depthwise,
                                                  .weights = stage->weights};
    struct c2s_integer_images images = images_of(job, &convolution.window);
    int64_t *x = (int64_t *)scratch, *sums = (int64_t *)(scratch + layout->images);
    c2s_integer_images_copy(&images, run->pool, x);
    c2s_integer_sum_products(&convolution, run->pool, job->samples, x, sums);
    finish(job, run, CNN2SNN_DTYPE_INT64, sums);
}

void c2s_integer_stage_run(const struct c2s_integer_job *job, const struct c2s_run *run, void *scratch)
{
    struct layout layout;
    if (!lay_out(job, &layout))
        return; /* c2s_integer_stage_scratch has told */
    if (by_digits(job))
        run_digits(job, run, &layout, scratch);
    else
        run_integers(job, run, &layout, scratch);
}
