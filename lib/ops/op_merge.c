/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of several inputs: element by element with missing and 1-sized axes repeated, and one behind another. */
#include <string.h>

#include "base/error.h"
#include "kernels/elementwise.h"
#include "ops/op_kind.h"

typedef void (*binary_fn)(const float *a, size_t a_step, const float *b, size_t b_step, float *y, size_t count);

struct job {
    binary_fn function;
    const float *a, *b;
    float *y;
};

static void merge_run(void *data, size_t a, size_t a_step, size_t b, size_t b_step, size_t y, size_t count)
{
    const struct job *job = data;
    job->function(job->a + a, a_step, job->b + b, b_step, job->y + y, count);
}

/*
 * Stride of a tensor along each axis of `like`, 0 where it repeats. The batch stays in front: missing axes are the
 * ones behind it.
 */
static cnn2snn_status find_strides(const cnn2snn_tensor *tensor, const cnn2snn_tensor *like, size_t *strides,
                                   cnn2snn_error **error)
{
    size_t stride = 1, missing = like->rank - tensor->rank;
    memset(strides, 0, CNN2SNN_MAX_RANK * sizeof *strides);
    for (size_t i = tensor->rank; i-- > 0; stride *= (size_t)tensor->shape[i]) {
        size_t axis = i ? i + missing : 0;
        if (tensor->shape[i] != like->shape[axis] && (tensor->shape[i] != 1 || !i))
            return c2s_error(like->context, error, CNN2SNN_E_VALUE, "R-merge", "axis %zu is %lld, expected %lld", i,
                             (long long)tensor->shape[i], (long long)like->shape[axis]);
        strides[axis] = tensor->shape[i] == like->shape[axis] ? stride : 0;
    }
    return CNN2SNN_OK;
}

static cnn2snn_status combine(const struct c2s_op_call *call, binary_fn function, const cnn2snn_tensor *a,
                              const cnn2snn_tensor *b, cnn2snn_error **error)
{
    const cnn2snn_tensor *out = call->output;
    size_t a_strides[CNN2SNN_MAX_RANK], b_strides[CNN2SNN_MAX_RANK];
    if (a->rank > out->rank || b->rank > out->rank || !a->rank || !b->rank)
        return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "R-merge", "inputs of rank %zu and %zu", a->rank,
                         b->rank);
    C2S_TRY(find_strides(a, out, a_strides, error));
    C2S_TRY(find_strides(b, out, b_strides, error));
    struct c2s_walk walk = {.rank = 0};
    for (size_t i = 0; i < out->rank; i++)
        c2s_walk_add(&walk, (size_t)out->shape[i], a_strides[i], b_strides[i]);
    struct job job = {function, c2s_f32(a), c2s_f32(b), c2s_f32_writable(call->output)};
    c2s_walk_run(&walk, call->run->pool, merge_run, &job);
    return CNN2SNN_OK;
}

static binary_fn function_of(const struct c2s_op_call *call)
{
    const struct c2s_kernels *kernels = call->run->kernels;
    switch (c2s_layer_id(call->op->layer)) {
    case C2S_KIND_SUBTRACT:
        return kernels->subtract;
    case C2S_KIND_MULTIPLY:
        return kernels->multiply_elements;
    case C2S_KIND_MAXIMUM:
        return kernels->maximum;
    case C2S_KIND_MINIMUM:
        return kernels->minimum;
    default:
        return kernels->add;
    }
}

struct divide_job {
    binary_fn function;
    float *y;
    float divisor;
};

static void divide_piece(void *data, size_t first, size_t count)
{
    const struct divide_job *job = data;
    job->function(job->y + first, 1, &job->divisor, 0, job->y + first, count);
}

/* In the order of the inputs, two at a time. */
cnn2snn_status c2s_op_merge(const struct c2s_op_call *call, cnn2snn_error **error)
{
    if (call->input_count < 2)
        return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "R-merge", "%zu inputs, expected at least 2",
                         call->input_count);
    binary_fn function = function_of(call);
    C2S_TRY(combine(call, function, call->inputs[0], call->inputs[1], error));
    for (size_t i = 2; i < call->input_count; i++)
        C2S_TRY(combine(call, function, call->output, call->inputs[i], error));
    if (c2s_layer_id(call->op->layer) == C2S_KIND_AVERAGE) {
        struct divide_job job = {call->run->kernels->divide, c2s_f32_writable(call->output),
                                 (float)call->input_count};
        c2s_for_pieces(call->run->pool, call->output->count, divide_piece, &job);
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_concatenate(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_concatenate_attributes *a = call->op->layer->attributes;
    const cnn2snn_tensor *out = call->output;
    int64_t axis = a->axis < 0 ? a->axis + (int64_t)out->rank : a->axis, along = 0;
    size_t outer = 1, inner = 1;
    for (size_t i = 0; i < out->rank; i++) {
        outer *= (int64_t)i < axis ? (size_t)out->shape[i] : 1;
        inner *= (int64_t)i > axis ? (size_t)out->shape[i] : 1;
    }
    for (size_t i = 0; axis > 0 && axis < (int64_t)out->rank && i < call->input_count; i++)
        along += call->inputs[i]->shape[axis];
    if (axis <= 0 || axis >= (int64_t)out->rank || along != out->shape[axis])
        return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "R-concatenate", "axis %lld doesn't fit",
                         (long long)a->axis);
    float *to = c2s_f32_writable(call->output);
    for (size_t i = 0; i < call->input_count; i++) {
        size_t run = (size_t)call->inputs[i]->shape[axis] * inner, stride = (size_t)out->shape[axis] * inner;
        for (size_t o = 0; o < outer; o++)
            memcpy(to + o * stride, c2s_f32(call->inputs[i]) + o * run, run * sizeof *to);
        to += run;
    }
    return CNN2SNN_OK;
}
