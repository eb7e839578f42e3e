/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that move values without changing them. */
#include <string.h>

#include "base/error.h"
#include "kernels/resample.h"
#include "ops/op_kind.h"

cnn2snn_status c2s_op_copy(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    if (call->output->data != call->inputs[0]->data)
        memcpy(call->output->data, call->inputs[0]->data, call->output->size);
    return CNN2SNN_OK;
}

/* The axes of `in` in another order: axis i of the result is order[i]. */
static void permute(const struct c2s_op_call *call, const size_t *order)
{
    const cnn2snn_tensor *in = call->inputs[0];
    size_t in_strides[CNN2SNN_MAX_RANK], extents[CNN2SNN_MAX_RANK], strides[CNN2SNN_MAX_RANK], stride = 1;
    for (size_t i = in->rank; i-- > 0; stride *= (size_t)in->shape[i])
        in_strides[i] = stride;
    for (size_t i = 0; i < in->rank; i++) {
        extents[i] = (size_t)in->shape[order[i]];
        strides[i] = in_strides[order[i]];
    }
    c2s_permute(in->rank, extents, strides, call->run->pool, c2s_f32(in), c2s_f32_writable(call->output));
}

/* With channels_first the channels go last before all axes become one, as in Keras. */
cnn2snn_status c2s_op_flatten(const struct c2s_op_call *call, cnn2snn_error **error)
{
    size_t rank = call->inputs[0]->rank, order[CNN2SNN_MAX_RANK] = {0};
    if (!c2s_layer_is_channels_first(call->op->layer) || rank < 3)
        return c2s_op_copy(call, error);
    for (size_t i = 1; i + 1 < rank; i++)
        order[i] = i + 1;
    order[rank - 1] = 1;
    permute(call, order);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_permute(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_reshape_attributes *a = call->op->layer->attributes;
    size_t rank = call->inputs[0]->rank, order[CNN2SNN_MAX_RANK] = {0};
    for (size_t i = 1; i < rank; i++) {
        order[i] = (size_t)a->target.extents[i - 1];
        if (order[i] < 1 || order[i] >= rank || a->target.rank + 1 != rank ||
            call->output->shape[i] != call->inputs[0]->shape[order[i]])
            return c2s_error(call->run->context, error, CNN2SNN_E_VALUE, "R-permute", "dims don't fit the input");
    }
    permute(call, order);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_repeat_vector(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    size_t samples = (size_t)call->output->shape[0], times = (size_t)call->output->shape[1];
    size_t size = (size_t)call->output->shape[2];
    float *y = c2s_f32_writable(call->output);
    for (size_t s = 0; s < samples; s++)
        for (size_t i = 0; i < times; i++, y += size)
            memcpy(y, c2s_f32(call->inputs[0]) + s * size, size * sizeof *y);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ images */

static struct c2s_image_sizes sizes_of(const struct c2s_op_call *call)
{
    const int64_t *in = call->inputs[0]->shape, *out = call->output->shape;
    return (struct c2s_image_sizes){{(size_t)in[1], (size_t)in[2]}, {(size_t)out[1], (size_t)out[2]}, (size_t)in[3]};
}

static void place(const struct c2s_op_call *call, int64_t top, int64_t left)
{
    struct c2s_image_sizes sizes = sizes_of(call);
    c2s_place_image(&sizes, (ptrdiff_t)top, (ptrdiff_t)left, call->run->pool, (size_t)call->output->shape[0],
                    c2s_f32(call->inputs[0]), c2s_f32_writable(call->output));
}

cnn2snn_status c2s_op_zero_padding(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    const struct c2s_border_attributes *a = call->op->layer->attributes;
    place(call, a->top, a->left);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_cropping(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    const struct c2s_border_attributes *a = call->op->layer->attributes;
    place(call, -a->top, -a->left);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_up_sampling(const struct c2s_op_call *call, cnn2snn_error **error)
{
    (void)error;
    const struct c2s_upsampling_attributes *a = call->op->layer->attributes;
    struct c2s_image_sizes sizes = sizes_of(call);
    if (call->output->count)
        c2s_enlarge_image(&sizes, a->bilinear, call->run->pool, (size_t)call->output->shape[0],
                          c2s_f32(call->inputs[0]), c2s_f32_writable(call->output));
    return CNN2SNN_OK;
}
