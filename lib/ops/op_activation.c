/* SPDX-License-Identifier: Apache-2.0 */
/* Activations: which function a name or class stands for, and which axes it goes along. */
#include <math.h>

#include "base/allocator.h"
#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/functions.h"
#include "numeric/quantized_activation.h"
#include "ops/op_kind.h"

/* Functions of single elements; those without an entry are piecewise linear or go along an axis. */
static const c2s_elements_fn functions[] = {
    [C2S_LEAKY_RELU] = c2s_leaky_relu,
    [C2S_SIGMOID] = c2s_sigmoid,
    [C2S_TANH] = c2s_tanh,
    [C2S_HARD_SIGMOID_KERAS2] = c2s_hard_sigmoid_keras2,
    [C2S_HARD_SIGMOID_KERAS3] = c2s_hard_sigmoid_keras3,
    [C2S_SOFTPLUS] = c2s_softplus,
    [C2S_SOFTSIGN] = c2s_softsign,
    [C2S_ELU] = c2s_elu,
    [C2S_CELU] = c2s_celu,
    [C2S_SELU] = c2s_selu,
    [C2S_SWISH] = c2s_swish,
    [C2S_GELU] = c2s_gelu,
    [C2S_EXPONENTIAL] = c2s_exponential,
    [C2S_MISH] = c2s_mish,
    [C2S_HARD_SILU] = c2s_hard_silu,
    [C2S_HARD_TANH] = c2s_hard_tanh,
    [C2S_TANH_SHRINK] = c2s_tanh_shrink,
    [C2S_HARD_SHRINK] = c2s_hard_shrink,
    [C2S_SOFT_SHRINK] = c2s_soft_shrink,
    [C2S_LOG_SIGMOID] = c2s_log_sigmoid,
    [C2S_SQUAREPLUS] = c2s_squareplus,
    [C2S_SPARSE_PLUS] = c2s_sparse_plus,
    [C2S_SPARSE_SIGMOID] = c2s_sparse_sigmoid,
    [C2S_CLIPPED_RELU] = NULL,
};

bool c2s_activation_epilogue(const struct c2s_activation_attributes *activation, struct c2s_epilogue *epilogue)
{
    *epilogue = (struct c2s_epilogue){.relu = true, .slope = 0, .threshold = 0, .limit = INFINITY};
    switch (activation->function) {
    case C2S_LINEAR:
        epilogue->relu = false;
        return true;
    case C2S_RELU:
        return true;
    case C2S_RELU6:
        epilogue->limit = 6;
        return true;
    case C2S_LEAKY_RELU:
        epilogue->slope = activation->alpha;
        return true;
    case C2S_CLIPPED_RELU:
        epilogue->slope = activation->alpha;
        epilogue->threshold = activation->threshold;
        epilogue->limit = activation->max_value;
        return true;
    default:
        epilogue->relu = false;
        return false;
    }
}

/* ------------------------------------------------------------------------------------------------ elements */

struct job {
    const struct c2s_kernels *kernels;
    const float *x;
    float *y;
    c2s_elements_fn function;
    float alpha;
    struct c2s_epilogue epilogue;
    float step;
    int32_t bitwidth;
};

static void apply_function(void *data, size_t first, size_t count)
{
    const struct job *job = data;
    job->function(job->x + first, job->y + first, count, job->alpha);
}

static void apply_relu(void *data, size_t first, size_t count)
{
    const struct job *job = data;
    const struct c2s_epilogue *e = &job->epilogue;
    job->kernels->relu(job->x + first, job->y + first, count, e->slope, e->threshold, e->limit);
}

static void copy(void *data, size_t first, size_t count)
{
    const struct job *job = data;
    for (size_t i = first; i < first + count; i++)
        job->y[i] = job->x[i];
}

/* Bitwidths whose levels the kernel can take are the rule. */
static void apply_quantized(void *data, size_t first, size_t count)
{
    const struct job *job = data;
    if (job->bitwidth <= 24)
        job->kernels->quantize(job->x + first, job->y + first, count, job->step,
                               c2s_activation_levels(job->bitwidth));
    else
        c2s_quantized_activation_apply(job->x + first, job->y + first, count, job->step, job->bitwidth);
}

/* ------------------------------------------------------------------------------------------------ rows */

struct row_job {
    enum c2s_function function;
    size_t row;
    const float *x;
    float *y;
    float *scratch;        /* a row for each thread, for sparsemax */
    const size_t *offsets; /* 0, 1, 2, ..., for softmax */
};

static void apply_row(void *data, size_t part, size_t thread)
{
    const struct row_job *job = data;
    const float *x = job->x + part * job->row;
    float *y = job->y + part * job->row;
    if (job->function == C2S_GLU)
        c2s_glu(x, job->y + part * (job->row / 2), job->row / 2);
    else if (job->function == C2S_SPARSEMAX)
        c2s_sparsemax(x, y, job->row, job->scratch + thread * job->row);
    else
        c2s_softmax(x, y, job->offsets, job->row, job->function == C2S_LOG_SOFTMAX);
}

/* c2s_activation_apply uses the run's working memory, in which x may lie: what is needed here comes apart. */
static cnn2snn_status apply_rows(const struct c2s_activation_attributes *activation, struct c2s_run *run, size_t rows,
                                 size_t row, const float *x, float *y, cnn2snn_error **error)
{
    struct row_job job = {.function = activation->function, .row = row, .x = x, .y = y};
    size_t threads = c2s_worker_pool_threads(run->pool);
    void *memory = NULL;
    if (activation->function == C2S_SPARSEMAX)
        job.scratch = memory = c2s_calloc(run->context, threads * row, sizeof(float));
    else if (activation->function != C2S_GLU)
        job.offsets = memory = c2s_calloc(run->context, row, sizeof(size_t));
    if (!memory && activation->function != C2S_GLU)
        return c2s_error_no_memory(error);
    if (job.offsets)
        for (size_t i = 0; i < row; i++)
            ((size_t *)memory)[i] = i;
    c2s_worker_pool_run(run->pool, rows, apply_row, &job);
    c2s_free(run->context, memory);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_activation_apply(const struct c2s_activation_attributes *activation, struct c2s_run *run,
                                    size_t rows, size_t row, const float *x, float *y, cnn2snn_error **error)
{
    struct job job = {.kernels = run->kernels, .x = x, .y = y, .alpha = activation->alpha};
    if (c2s_activation_epilogue(activation, &job.epilogue)) {
        if (job.epilogue.relu)
            c2s_for_pieces(run->pool, rows * row, apply_relu, &job);
        else if (x != y)
            c2s_for_pieces(run->pool, rows * row, copy, &job);
        return CNN2SNN_OK;
    }
    job.function = functions[activation->function];
    if (!job.function)
        return apply_rows(activation, run, rows, row, x, y, error);
    c2s_for_pieces(run->pool, rows * row, apply_function, &job);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ layers */

static struct job job_of(const struct c2s_op_call *call)
{
    return (struct job){
        .kernels = call->run->kernels, .x = c2s_f32(call->inputs[0]), .y = c2s_f32_writable(call->output)};
}

cnn2snn_status c2s_op_activation(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_activation_attributes *activation = call->op->layer->attributes;
    size_t row = (size_t)c2s_extent_from_end(call->inputs[0], 0);
    return c2s_activation_apply(activation, call->run, row ? call->inputs[0]->count / row : 0, row,
                                c2s_f32(call->inputs[0]), c2s_f32_writable(call->output), error);
}

cnn2snn_status c2s_op_relu(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    const struct c2s_relu_attributes *a = call->op->layer->attributes;
    struct job job = job_of(call);
    job.epilogue = (struct c2s_epilogue){true, a->negative_slope, a->threshold, a->max_value};
    c2s_for_pieces(call->run->pool, call->output->count, apply_relu, &job);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_quantized_activation(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    const struct c2s_quantized_activation_attributes *a = call->op->layer->attributes;
    struct job job = job_of(call);
    job.step = a->step;
    job.bitwidth = a->bitwidth;
    c2s_for_pieces(call->run->pool, call->output->count, apply_quantized, &job);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ softmax */

struct softmax_job {
    const float *x;
    float *y;
    size_t group; /* elements that are normalized together */
    size_t *offsets;
    size_t rank; /* of the axes that are left, the groups */
    size_t extents[CNN2SNN_MAX_RANK], strides[CNN2SNN_MAX_RANK];
};

static void apply_softmax(void *data, size_t part, size_t thread)
{
    (void)thread;
    const struct softmax_job *job = data;
    size_t at = 0;
    for (size_t i = job->rank; i-- > 0; part /= job->extents[i])
        at += part % job->extents[i] * job->strides[i];
    c2s_softmax(job->x + at, job->y + at, job->offsets, job->group, false);
}

static void find_axes(const struct c2s_softmax_attributes *a, size_t rank, bool *chosen)
{
    for (size_t i = 0; i < a->axis_count; i++) {
        int64_t axis = a->axes[i] < 0 ? a->axes[i] + (int64_t)rank : a->axes[i];
        if (axis >= 0 && axis < (int64_t)rank)
            chosen[axis] = true;
    }
}

cnn2snn_status c2s_op_softmax(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const cnn2snn_tensor *in = call->inputs[0];
    bool chosen[CNN2SNN_MAX_RANK] = {false};
    find_axes(call->op->layer->attributes, in->rank, chosen);
    struct softmax_job job = {.x = c2s_f32(in), .y = c2s_f32_writable(call->output), .group = 1};
    for (size_t i = 0; i < in->rank; i++)
        job.group *= chosen[i] ? (size_t)in->shape[i] : 1;
    if (!in->count)
        return CNN2SNN_OK;
    void *memory;
    C2S_TRY(c2s_run_reserve(call->run, job.group * sizeof(size_t), &memory, error));
    job.offsets = memory;
    job.offsets[0] = 0;
    size_t filled = 1, stride = 1, groups = 1;
    for (size_t i = in->rank; i-- > 0; stride *= (size_t)in->shape[i]) {
        size_t extent = (size_t)in->shape[i];
        for (size_t k = 1; chosen[i] && k < extent; k++)
            for (size_t j = 0; j < filled; j++)
                job.offsets[k * filled + j] = k * stride + job.offsets[j];
        if (chosen[i]) {
            filled *= extent;
        } else {
            groups *= extent;
            job.extents[job.rank] = extent;
            job.strides[job.rank++] = stride;
        }
    }
    c2s_worker_pool_run(call->run->pool, groups, apply_softmax, &job);
    return CNN2SNN_OK;
}
