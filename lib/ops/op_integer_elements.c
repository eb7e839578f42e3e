/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeML's layers that compute value by value, or one channel at a time. */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/error.h"
#include "kernels/elementwise.h"
#include "ops/integer_op.h"

enum { BLOCK = 256 };

static size_t places_of(const cnn2snn_tensor *tensor, size_t channels)
{
    return channels ? (size_t)tensor->count / channels : 0;
}

/* int64 for each element of a tensor. */
static cnn2snn_status reserve_sums(const struct c2s_op_call *call, uint64_t count, int64_t **out,
                                   cnn2snn_error **error)
{
    size_t size;
    void *scratch;
    if (!c2s_mul_size((size_t)count, sizeof **out, &size))
        return c2s_error_no_memory(error);
    C2S_TRY(c2s_run_reserve(call->run, size, &scratch, error));
    *out = scratch;
    return CNN2SNN_OK;
}

static void finish(const struct c2s_op_call *call, cnn2snn_dtype dtype, const void *sums)
{
    const struct c2s_integer_output *output = &call->op->integer->finish;
    c2s_integer_finish_all(output, call->run->pool, places_of(call->output, output->channels), dtype, sums,
                           call->output->dtype, call->output->data);
}

/* ------------------------------------------------------------------------------------------------ from floats */

struct piece_job {
    const struct c2s_op_call *call;
    size_t channels;
    int64_t *sums;
};

static int64_t quantize(float value, float scale, int32_t value_bits)
{
    float scaled = rintf(value * scale), limit = ldexpf(1, value_bits);
    if (isnan(scaled))
        return 0;
    return scaled >= limit    ? (INT64_C(1) << value_bits) - 1
           : scaled <= -limit ? -(INT64_C(1) << value_bits)
                              : (int64_t)scaled;
}

static void quantize_piece(void *data, size_t first, size_t count)
{
    const struct piece_job *job = data;
    const struct c2s_integer_op *integer = job->call->op->integer;
    const float *x = c2s_f32(job->call->inputs[0]);
    cnn2snn_tensor *output = job->call->output;
    int32_t value_bits = job->call->op->derived->output.value_bits;
    for (size_t i = first; i < first + count; i++) {
        size_t channel = i % job->channels;
        int64_t value = quantize(x[i], integer->scales[channel], value_bits);
        if (integer->zero_points)
            value = c2s_integer_limit(value + integer->zero_points[channel], value_bits);
        c2s_integers_store(output->dtype, output->data, i, 1, &value);
    }
}

cnn2snn_status c2s_op_input_quantizer(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    struct piece_job job = {.call = call, .channels = c2s_channels_of(&call->op->integer->input)};
    c2s_for_pieces(call->run->pool, (size_t)call->output->count, quantize_piece, &job);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ to floats */

struct floats_job {
    const struct c2s_number *number;
    cnn2snn_dtype dtype;
    const void *data;
    size_t channels;
    float *y;
};

static void to_floats(void *data, size_t first, size_t count)
{
    const struct floats_job *job = data;
    for (size_t i = first; i < first + count; i++) {
        int64_t value;
        size_t channel = i % job->channels;
        c2s_integers_load(job->dtype, job->data, i, 1, &value);
        float real = ldexpf((float)value, -(int)c2s_channel_value(job->number->frac_bits, channel));
        job->y[i] = job->number->scales ? real * c2s_channel_value(job->number->scales, channel) : real;
    }
}

cnn2snn_status c2s_integers_to_floats(const struct c2s_number *number, const cnn2snn_tensor *integers,
                                      struct c2s_worker_pool *pool, float *y, cnn2snn_error **error)
{
    size_t channels = integers->rank ? (size_t)integers->shape[integers->rank - 1] : 1;
    const cnn2snn_tensor *parts[] = {number->frac_bits, number->scales};
    for (size_t i = 0; i < 2; i++)
        if (parts[i] && parts[i]->count != 1 && parts[i]->count != channels)
            return c2s_error(integers->context, error, CNN2SNN_E_VALUE, "R-channels",
                             "numbers of %llu channels on an axis of %zu", (unsigned long long)parts[i]->count,
                             channels);
    struct floats_job job = {number, integers->dtype, integers->data, channels, y};
    c2s_for_pieces(pool, (size_t)integers->count, to_floats, &job);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_dequantizer(const struct c2s_op_call *call, cnn2snn_error **error)
{
    return c2s_integers_to_floats(&call->op->derived->input, call->inputs[0], call->run->pool,
                                  c2s_f32_writable(call->output), error);
}

/* ------------------------------------------------------------------------------------------------ activations */

cnn2snn_status c2s_op_integer_relu(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    finish(call, call->inputs[0]->dtype, call->inputs[0]->data);
    return CNN2SNN_OK;
}

static void look_up_piece(void *data, size_t first, size_t count)
{
    const struct piece_job *job = data;
    const cnn2snn_tensor *in = job->call->inputs[0];
    const cnn2snn_tensor *table = job->call->op->derived->integers[C2S_LUT_VALUES];
    int64_t middle = (int64_t)table->count / 2;
    for (size_t i = first; i < first + count; i++) {
        int64_t value;
        c2s_integers_load(in->dtype, in->data, i, 1, &value);
        value = value < -middle ? -middle : value >= middle ? middle - 1 : value;
        job->sums[i] = ((const int32_t *)table->data)[value + middle];
    }
}

cnn2snn_status c2s_op_integer_look_up(const struct c2s_op_call *call, cnn2snn_error **error)
{
    struct piece_job job = {.call = call};
    C2S_TRY(reserve_sums(call, call->output->count, &job.sums, error));
    c2s_for_pieces(call->run->pool, (size_t)call->output->count, look_up_piece, &job);
    finish(call, CNN2SNN_DTYPE_INT64, job.sums);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ sums */

static int64_t aligned(const cnn2snn_tensor *in, size_t index, const int32_t *shift, size_t channel,
                       int32_t value_bits)
{
    int64_t value;
    c2s_integers_load(in->dtype, in->data, index, 1, &value);
    return c2s_integer_shift_left(value, shift ? shift[channel] : 0, value_bits);
}

static void add_piece(void *data, size_t first, size_t count)
{
    const struct piece_job *job = data;
    const struct c2s_integer_op *integer = job->call->op->integer;
    int32_t value_bits = integer->finish.value_bits;
    for (size_t i = first; i < first + count; i++) {
        size_t channel = i % job->channels;
        job->sums[i] = aligned(job->call->inputs[0], i, integer->shifts[0], channel, value_bits) +
                       aligned(job->call->inputs[1], i, integer->shifts[1], channel, value_bits);
    }
}

static void keep_positive(void *data, size_t first, size_t count)
{
    cnn2snn_tensor *tensor = data;
    for (size_t i = first; i < first + count; i++) {
        int64_t value;
        c2s_integers_load(tensor->dtype, tensor->data, i, 1, &value);
        value = value < 0 ? 0 : value;
        c2s_integers_store(tensor->dtype, tensor->data, i, 1, &value);
    }
}

/* Half of a sum is the same integer: it stands for half as much. */
cnn2snn_status c2s_op_integer_add(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_qml_merge_attributes *attributes = call->op->layer->attributes;
    struct piece_job job = {.call = call, .channels = call->op->integer->finish.channels};
    if (!c2s_tensor_same_shape(call->inputs[0], call->inputs[1]) ||
        !c2s_tensor_same_shape(call->inputs[0], call->output))
        return c2s_error(call->run->context, error, CNN2SNN_E_UNSUPPORTED, "R-merge",
                         "inputs of different shapes can't be added as integers");
    C2S_TRY(reserve_sums(call, call->output->count, &job.sums, error));
    c2s_for_pieces(call->run->pool, (size_t)call->output->count, add_piece, &job);
    finish(call, CNN2SNN_DTYPE_INT64, job.sums);
    if (attributes->fused_relu)
        c2s_for_pieces(call->run->pool, (size_t)call->output->count, keep_positive, call->output);
    return CNN2SNN_OK;
}

/* Sums of one sample's channels over all places. */
static void sum_places(void *data, size_t part, size_t thread)
{
    (void)thread;
    const struct piece_job *job = data;
    const cnn2snn_tensor *in = job->call->inputs[0];
    const struct c2s_integer_op *integer = job->call->op->integer;
    size_t channels = job->channels, places = (size_t)(in->shape[1] * in->shape[2]);
    int64_t *sums = job->sums + part * channels, values[BLOCK];
    memset(sums, 0, channels * sizeof *sums);
    for (size_t p = 0; p < places; p++)
        for (size_t c = 0; c < channels; c += BLOCK) {
            size_t count = channels - c < BLOCK ? channels - c : BLOCK;
            c2s_integers_load(in->dtype, in->data, (part * places + p) * channels + c, count, values);
            for (size_t i = 0; integer->shifts[0] && i < count; i++)
                values[i] = c2s_integer_shift_left(values[i], integer->shifts[0][c + i], integer->finish.value_bits);
            for (size_t i = 0; i < count; i++)
                sums[c + i] += values[i];
        }
}

cnn2snn_status c2s_op_integer_global_average(const struct c2s_op_call *call, cnn2snn_error **error)
{
    struct piece_job job = {.call = call, .channels = call->op->integer->finish.channels};
    C2S_TRY(reserve_sums(call, call->output->count, &job.sums, error));
    c2s_worker_pool_run(call->run->pool, (size_t)call->output->shape[0], sum_places, &job);
    finish(call, CNN2SNN_DTYPE_INT64, job.sums);
    return CNN2SNN_OK;
}
