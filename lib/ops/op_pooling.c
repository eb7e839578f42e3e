/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling of windows and of whole images. */
#include "base/error.h"
#include "kernels/pooling.h"
#include "ops/integer_op.h"
#include "ops/op_kind.h"

cnn2snn_status c2s_pool_window(const struct c2s_op_call *call, struct c2s_window *window, cnn2snn_error **error)
{
    const struct c2s_pool_attributes *a = call->op->layer->attributes;
    for (int axis = 0; axis < 2; axis++) {
        int64_t in = call->inputs[0]->shape[1 + axis], out = call->output->shape[1 + axis];
        int64_t size = a->pool_size[axis], stride = a->strides[axis], span;
        if (size < 1 || stride < 1 || size > INT64_MAX / 4 || __builtin_mul_overflow(out - 1, stride, &span) ||
            span > INT64_MAX / 4)
            return c2s_error(call->run->context, error, CNN2SNN_E_LIMIT, "R-window",
                             "pool size or strides out of range");
        bool pads = a->padding == C2S_SAME && span + size > in;
        window->in[axis] = in;
        window->out[axis] = out;
        window->kernel[axis] = size;
        window->stride[axis] = stride;
        window->dilation[axis] = window->spread[axis] = 1;
        window->before[axis] = pads ? (span + size - in) / 2 : 0;
    }
    return CNN2SNN_OK;
}

static cnn2snn_status pool(const struct c2s_op_call *call, bool mean, cnn2snn_error **error)
{
    struct c2s_window window;
    void *scratch;
    C2S_TRY(c2s_pool_window(call, &window, error));
    size_t working = c2s_pool_scratch(&window, c2s_worker_pool_threads(call->run->pool));
    C2S_TRY(c2s_run_reserve(call->run, working, &scratch, error));
    c2s_pool(&window, (size_t)call->inputs[0]->shape[3], mean, call->run->kernels, call->run->pool, scratch,
             (size_t)call->inputs[0]->shape[0], c2s_f32(call->inputs[0]), c2s_f32_writable(call->output));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_max_pooling(const struct c2s_op_call *call, cnn2snn_error **error)
{
    return pool(call, false, error);
}

cnn2snn_status c2s_op_average_pooling(const struct c2s_op_call *call, cnn2snn_error **error)
{
    return pool(call, true, error);
}

static cnn2snn_status pool_global(const struct c2s_op_call *call, bool mean)
{
    const int64_t *shape = call->inputs[0]->shape;
    c2s_pool_global((size_t)(shape[1] * shape[2]), (size_t)shape[3], mean, call->run->pool, (size_t)shape[0],
                    c2s_f32(call->inputs[0]), c2s_f32_writable(call->output));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_global_average(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    return pool_global(call, true);
}

cnn2snn_status c2s_op_global_max(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    return pool_global(call, false);
}
