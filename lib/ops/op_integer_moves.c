/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeML's layers that move integers, or choose among them. Only Flatten may have to align channels. */
#include <string.h>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "ops/integer_op.h"

struct flatten_job {
    const struct c2s_op_call *call;
    size_t channels;
};

static void align_piece(void *data, size_t first, size_t count)
{
    const struct flatten_job *job = data;
    const cnn2snn_tensor *in = job->call->inputs[0];
    const int32_t *shift = job->call->op->integer->shifts[0];
    int32_t value_bits = job->call->op->derived->output.value_bits;
    for (size_t i = first; i < first + count; i++) {
        int64_t value;
        c2s_integers_load(in->dtype, in->data, i, 1, &value);
        if (shift)
            value = c2s_integer_shift_left(value, shift[i % job->channels], value_bits);
        c2s_integers_store(job->call->output->dtype, job->call->output->data, i, 1, &value);
    }
}

cnn2snn_status c2s_op_integer_copy(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    struct flatten_job job = {call, c2s_channels_of(&call->op->integer->input)};
    c2s_for_pieces(call->run->pool, (size_t)call->output->count, align_piece, &job);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_integer_max_pooling(const struct c2s_op_call *call, cnn2snn_error **error)
{
    struct c2s_window window;
    const cnn2snn_tensor *in = call->inputs[0];
    C2S_TRY(c2s_pool_window(call, &window, error));
    c2s_integer_largest(&window, call->run->pool, (size_t)in->shape[0], (size_t)in->shape[3], in->dtype, in->data,
                        call->output->data);
    return CNN2SNN_OK;
}

/* Products of the extents before and behind an axis. */
static void around(const cnn2snn_tensor *tensor, size_t axis, size_t *outer, size_t *inner)
{
    *outer = *inner = 1;
    for (size_t i = 0; i < tensor->rank; i++) {
        *outer *= i < axis ? (size_t)tensor->shape[i] : 1;
        *inner *= i > axis ? (size_t)tensor->shape[i] : 1;
    }
}

static cnn2snn_status find_axis(const struct c2s_op_call *call, int64_t written, const cnn2snn_tensor *tensor,
                                size_t *out, cnn2snn_error **error)
{
    int64_t axis = written < 0 ? written + (int64_t)tensor->rank : written;
    if (axis < 1 || axis >= (int64_t)tensor->rank)
        return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "R-axis", "axis %lld of %zu", (long long)written,
                         tensor->rank);
    *out = (size_t)axis;
    return CNN2SNN_OK;
}

/* Elements that may be of different width. */
static void copy_run(const cnn2snn_tensor *from, size_t first, cnn2snn_tensor *to, size_t place, size_t count)
{
    enum { BLOCK = 256 };
    int64_t values[BLOCK];
    size_t size = c2s_dtype_size(to->dtype);
    if (from->dtype == to->dtype) {
        memcpy((char *)to->data + place * size, (const char *)from->data + first * size, count * size);
        return;
    }
    for (size_t i = 0; i < count; i += BLOCK) {
        size_t some = count - i < BLOCK ? count - i : BLOCK;
        c2s_integers_load(from->dtype, from->data, first + i, some, values);
        c2s_integers_store(to->dtype, to->data, place + i, some, values);
    }
}

cnn2snn_status c2s_op_integer_concatenate(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_qml_merge_attributes *attributes = call->op->layer->attributes;
    cnn2snn_tensor *out = call->output;
    size_t axis, outer, inner, at = 0;
    int64_t along = 0;
    C2S_TRY(find_axis(call, attributes->concatenate.axis, out, &axis, error));
    around(out, axis, &outer, &inner);
    for (size_t i = 0; i < call->input_count; i++)
        along += call->inputs[i]->shape[axis];
    if (along != out->shape[axis])
        return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "R-concatenate", "axis %zu doesn't fit", axis);
    for (size_t i = 0; i < call->input_count; i++) {
        size_t run = (size_t)call->inputs[i]->shape[axis] * inner;
        for (size_t o = 0; o < outer; o++)
            copy_run(call->inputs[i], o * run, out, o * (size_t)out->shape[axis] * inner + at, run);
        at += run;
    }
    return CNN2SNN_OK;
}

/* Also of floats. */
cnn2snn_status c2s_op_extract_token(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_qml_token_attributes *attributes = call->op->layer->attributes;
    const cnn2snn_tensor *in = call->inputs[0];
    size_t axis, outer, inner;
    C2S_TRY(find_axis(call, attributes->axis, in, &axis, error));
    around(in, axis, &outer, &inner);
    for (size_t i = 0; i < attributes->count; i++)
        if (attributes->tokens[i] < 0 || attributes->tokens[i] >= in->shape[axis])
            return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "R-token", "token %lld of an axis of %lld",
                             (long long)attributes->tokens[i], (long long)in->shape[axis]);
    for (size_t o = 0; o < outer; o++)
        for (size_t i = 0; i < attributes->count; i++)
            copy_run(in, (o * (size_t)in->shape[axis] + (size_t)attributes->tokens[i]) * inner, call->output,
                     (o * attributes->count + i) * inner, inner);
    return CNN2SNN_OK;
}

/* Channels stay where they are: elements that move are whole runs of the last axis. */
cnn2snn_status c2s_op_integer_permute(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_reshape_attributes *a = call->op->layer->attributes;
    const cnn2snn_tensor *in = call->inputs[0];
    cnn2snn_tensor *out = call->output;
    size_t rank = in->rank, strides[CNN2SNN_MAX_RANK + 1], order[CNN2SNN_MAX_RANK + 1] = {0}, stride = 1;
    for (size_t i = 1; i < rank; i++) {
        order[i] = a->target.rank + 1 == rank ? (size_t)a->target.extents[i - 1] : 0;
        if (order[i] < 1 || order[i] >= rank || out->shape[i] != in->shape[order[i]])
            return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "R-permute", "dims don't fit the input");
    }
    for (size_t i = rank; i-- > 0; stride *= (size_t)in->shape[i])
        strides[i] = stride;
    for (size_t element = 0; element < out->count; element++) {
        size_t from = 0, rest = element;
        for (size_t i = rank; i-- > 0; rest /= (size_t)out->shape[i])
            from += rest % (size_t)out->shape[i] * strides[order[i]];
        copy_run(in, from, out, element, 1);
    }
    return CNN2SNN_OK;
}
