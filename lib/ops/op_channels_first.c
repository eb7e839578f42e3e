/* SPDX-License-Identifier: Apache-2.0 */
/* Layers on images with data_format channels_first: the channels go last, the op runs, and they go back. */
#include "base/error.h"
#include "kernels/resample.h"
#include "ops/op_kind.h"

/* Copies an image tensor with its axes in another order: axis i of `to` is axis order[i] of `from`. */
static void reorder(struct c2s_run *run, const cnn2snn_tensor *from, cnn2snn_tensor *to, const size_t order[4])
{
    size_t strides[4], extents[4], stride = 1;
    for (size_t i = 4; i-- > 0; stride *= (size_t)from->shape[i])
        for (size_t k = 0; k < 4; k++)
            if (order[k] == i)
                strides[k] = stride;
    for (size_t k = 0; k < 4; k++)
        extents[k] = (size_t)to->shape[k];
    c2s_permute(4, extents, strides, run->pool, c2s_f32(from), c2s_f32_writable(to));
}

static cnn2snn_status create_channels_last(const cnn2snn_tensor *like, cnn2snn_tensor **out, cnn2snn_error **error)
{
    const int64_t shape[4] = {like->shape[0], like->shape[2], like->shape[3], like->shape[1]};
    return c2s_tensor_create(like->context, CNN2SNN_DTYPE_FLOAT32, 4, shape, out, error);
}

cnn2snn_status c2s_op_channels_first(const struct c2s_op_call *call, cnn2snn_error **error)
{
    static const size_t to_last[4] = {0, 2, 3, 1}, to_first[4] = {0, 3, 1, 2};
    bool image_out = call->output->rank == 4;
    cnn2snn_tensor *in = NULL, *out = NULL;
    cnn2snn_status status;
    C2S_GOTO(create_channels_last(call->inputs[0], &in, error));
    reorder(call->run, call->inputs[0], in, to_last);
    if (image_out)
        C2S_GOTO(create_channels_last(call->output, &out, error));
    struct c2s_op_call inner = *call;
    inner.inputs = &in;
    inner.output = image_out ? out : call->output;
    C2S_GOTO(call->op->forward(&inner, error));
    if (image_out)
        reorder(call->run, out, call->output, to_first);
done:
    c2s_tensor_release(in);
    c2s_tensor_release(out);
    return status;
}
