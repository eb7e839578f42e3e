/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that scale and shift along some axes: BatchNormalization, Rescaling, PReLU. */
#include <math.h>

#include "base/allocator.h"
#include "base/error.h"
#include "kernels/elementwise.h"
#include "ops/op_kind.h"

struct job {
    const struct c2s_kernels *kernels;
    const float *x;
    float *y;
    const float *mean, *scale, *shift;
};

static void normalize_run(void *data, size_t a, size_t a_step, size_t b, size_t b_step, size_t y, size_t count)
{
    (void)a_step;
    const struct job *job = data;
    job->kernels->normalize(job->x + a, job->mean + b, job->scale + b, job->shift + b, b_step, job->y + y, count);
}

static void slope_run(void *data, size_t a, size_t a_step, size_t b, size_t b_step, size_t y, size_t count)
{
    (void)a_step;
    const struct job *job = data;
    job->kernels->slope(job->x + a, job->scale + b, b_step, job->y + y, count);
}

/* Walks over x beside parameters that exist along the axes with `along`, in C order, and repeat along the others. */
static struct c2s_walk walk_along(const cnn2snn_tensor *x, const bool *along)
{
    struct c2s_walk walk = {.rank = 0};
    size_t strides[CNN2SNN_MAX_RANK], parameter_strides[CNN2SNN_MAX_RANK], stride = 1, parameters = 1;
    for (size_t i = x->rank; i-- > 0; stride *= (size_t)x->shape[i]) {
        strides[i] = stride;
        parameter_strides[i] = along[i] ? parameters : 0;
        parameters *= along[i] ? (size_t)x->shape[i] : 1;
    }
    for (size_t i = 0; i < x->rank; i++)
        c2s_walk_add(&walk, (size_t)x->shape[i], strides[i], parameter_strides[i]);
    return walk;
}

/* ------------------------------------------------------------------------------------------- BatchNormalization */

cnn2snn_status c2s_op_prepare_batch_normalization(struct c2s_op *op, cnn2snn_error **error)
{
    const struct c2s_batchnorm_attributes *a = op->layer->attributes;
    const struct c2s_weight *weights = op->layer->weights;
    const cnn2snn_tensor *gamma = a->scale ? (weights++)->tensor : NULL;
    const cnn2snn_tensor *beta = a->center ? (weights++)->tensor : NULL;
    const cnn2snn_tensor *mean = weights[0].tensor, *variance = weights[1].tensor;
    size_t count = mean->count;
    op->vectors = c2s_calloc(op->context, 2 * count, sizeof(float));
    if (!op->vectors)
        return c2s_error_no_memory(error);
    op->kernels[0] = c2s_tensor_retain(mean);
    for (size_t i = 0; i < count; i++) {
        double deviation = sqrt((double)c2s_f32(variance)[i] + a->epsilon);
        op->vectors[i] = (float)((gamma ? c2s_f32(gamma)[i] : 1) / deviation);
        op->vectors[count + i] = beta ? c2s_f32(beta)[i] : 0;
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_batch_normalization(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    const struct c2s_op *op = call->op;
    const struct c2s_batchnorm_attributes *a = op->layer->attributes;
    const cnn2snn_tensor *x = call->inputs[0];
    bool along[CNN2SNN_MAX_RANK] = {false};
    for (size_t i = 0; i < a->axis_count; i++) {
        int64_t axis = a->axes[i] < 0 ? a->axes[i] + (int64_t)x->rank : a->axes[i];
        if (axis > 0 && axis < (int64_t)x->rank)
            along[axis] = true;
    }
    struct job job = {.kernels = call->run->kernels,
                      .x = c2s_f32(x),
                      .y = c2s_f32_writable(call->output),
                      .mean = c2s_f32(op->kernels[0]),
                      .scale = op->vectors,
                      .shift = op->vectors + op->kernels[0]->count};
    struct c2s_walk walk = walk_along(x, along);
    c2s_walk_run(&walk, call->run->pool, normalize_run, &job);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ Rescaling */

/* Three equal parts: zeros for the mean, scales, offsets; one value each or one for each entry of the last axis. */
cnn2snn_status c2s_op_prepare_rescaling(struct c2s_op *op, cnn2snn_error **error)
{
    const struct c2s_rescaling_attributes *a = op->layer->attributes;
    size_t count = a->scale_count > a->offset_count ? a->scale_count : a->offset_count;
    op->vectors = c2s_calloc(op->context, 3 * count, sizeof(float));
    if (!op->vectors)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < count; i++) {
        op->vectors[count + i] = (float)a->scale[a->scale_count > 1 ? i : 0];
        op->vectors[2 * count + i] = (float)a->offset[a->offset_count > 1 ? i : 0];
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_rescaling(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_rescaling_attributes *a = call->op->layer->attributes;
    const cnn2snn_tensor *x = call->inputs[0];
    size_t count = a->scale_count > a->offset_count ? a->scale_count : a->offset_count;
    if ((a->scale_count > 1 && a->offset_count > 1 && a->scale_count != a->offset_count) ||
        (count > 1 && (int64_t)count != c2s_extent_from_end(x, 0)))
        return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "R-rescaling",
                         "%zu scales and %zu offsets for a last axis of %lld", a->scale_count, a->offset_count,
                         (long long)c2s_extent_from_end(x, 0));
    const float *vectors = call->op->vectors;
    struct job job = {.kernels = call->run->kernels,
                      .x = c2s_f32(x),
                      .y = c2s_f32_writable(call->output),
                      .mean = vectors,
                      .scale = vectors + count,
                      .shift = vectors + 2 * count};
    bool along[CNN2SNN_MAX_RANK] = {false};
    along[x->rank - 1] = count > 1;
    struct c2s_walk walk = walk_along(x, along);
    c2s_walk_run(&walk, call->run->pool, normalize_run, &job);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ PReLU */

cnn2snn_status c2s_op_prelu(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    const struct c2s_prelu_attributes *a = call->op->layer->attributes;
    const cnn2snn_tensor *x = call->inputs[0];
    bool along[CNN2SNN_MAX_RANK] = {false};
    for (size_t i = 1; i < x->rank; i++)
        along[i] = !a->shared[i - 1];
    struct job job = {.kernels = call->run->kernels,
                      .x = c2s_f32(x),
                      .y = c2s_f32_writable(call->output),
                      .scale = c2s_f32(call->op->layer->weights[0].tensor)};
    struct c2s_walk walk = walk_along(x, along);
    c2s_walk_run(&walk, call->run->pool, slope_run, &job);
    return CNN2SNN_OK;
}
