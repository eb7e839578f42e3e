/* SPDX-License-Identifier: Apache-2.0 */
/* Mends of the order of layers that compute nothing with weights: activations, poolings, reshapes. */
#include <math.h>

#include "base/error.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "transform/mend.h"

cnn2snn_status c2s_mend_first_relu(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    if (index || !isinf(c2s_mend_relu_limit(m, 0)) || m->layers.count < 2)
        return CNN2SNN_OK;
    *mended = true;
    C2S_TRY(c2s_mend_note(m, "L-H13", m->layers.layers[0]->name,
                          "removed: the inputs of Akida models are not negative", error));
    c2s_mend_remove(m, 0);
    return CNN2SNN_OK;
}

/* The lower limit counts. */
cnn2snn_status c2s_mend_second_relu(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    float first = c2s_mend_relu_limit(m, index), second = c2s_mend_relu_limit(m, index + 1);
    if (isnan(first) || isnan(second))
        return CNN2SNN_OK;
    size_t gone = second < first ? index : index + 1;
    *mended = true;
    C2S_TRY(
        c2s_mend_note(m, "L-H13", m->layers.layers[gone]->name, "removed: the ReLU beside it does its work", error));
    c2s_mend_remove(m, gone);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_mend_flatten_before_relu(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    if (c2s_mend_kind(m, index) != C2S_KIND_FLATTEN || c2s_mend_kind(m, index + 1) != C2S_KIND_RELU)
        return CNN2SNN_OK;
    cnn2snn_layer *flatten = m->layers.layers[index];
    *mended = true;
    C2S_TRY(c2s_mend_note(m, "L-H17", flatten->name, "put behind the ReLU", error));
    m->layers.layers[index] = m->layers.layers[index + 1];
    m->layers.layers[index + 1] = flatten;
    return CNN2SNN_OK;
}

static bool only_reshapes(int kind)
{
    return kind == C2S_KIND_FLATTEN || kind == C2S_KIND_RESHAPE;
}

cnn2snn_status c2s_mend_reshape_back(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    if (!only_reshapes(c2s_mend_kind(m, index)) || c2s_mend_kind(m, index + 1) != C2S_KIND_RESHAPE ||
        !c2s_shape_is_known(&m->shapes[index]) || !c2s_shape_equal(&m->shapes[index], &m->shapes[index + 2]))
        return CNN2SNN_OK;
    *mended = true;
    C2S_TRY(c2s_mend_note(m, c2s_mend_kind(m, index) == C2S_KIND_FLATTEN ? "L-H17" : "L-H18",
                          m->layers.layers[index]->name, "removed with the Reshape behind it, which undoes it",
                          error));
    c2s_mend_remove(m, index + 1);
    c2s_mend_remove(m, index);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_mend_reshape_before_flatten(struct c2s_mending *m, size_t index, bool *mended,
                                               cnn2snn_error **error)
{
    if (!only_reshapes(c2s_mend_kind(m, index)) || c2s_mend_kind(m, index + 1) != C2S_KIND_FLATTEN)
        return CNN2SNN_OK;
    *mended = true;
    C2S_TRY(
        c2s_mend_note(m, "L-H18", m->layers.layers[index]->name, "removed: the Flatten behind it is enough", error));
    c2s_mend_remove(m, index);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ poolings */

static const struct c2s_pool_attributes *max_pool(const struct c2s_mending *m, size_t index)
{
    return c2s_mend_kind(m, index) == C2S_KIND_MAX_POOLING2D ? m->layers.layers[index]->attributes : NULL;
}

/* VALID and SAME pooling see the same values: nothing is padded, nothing left over. */
static bool padding_is_unseen(const struct c2s_pool_attributes *pool, const struct c2s_shape *input)
{
    for (size_t axis = 0; axis < 2; axis++) {
        int64_t n = input->rank == 3 ? input->extents[axis] : -1;
        int64_t size = pool->pool_size[axis], stride = pool->strides[axis];
        if (n < size || (n - size) / stride + 1 != (n + stride - 1) / stride ||
            (n + stride - 1) / stride * stride - stride + size > n)
            return false;
    }
    return !pool->channels_first;
}

static cnn2snn_status set_pairs(struct c2s_mending *m, size_t index, const int64_t size[2], const int64_t strides[2],
                                const char *padding, cnn2snn_error **error)
{
    json_t *config = json_copy(m->layers.layers[index]->config);
    json_t *more = json_pack("{s:[II], s:[II], s:s}", "pool_size", (json_int_t)size[0], (json_int_t)size[1],
                             "strides", (json_int_t)strides[0], (json_int_t)strides[1], "padding", padding);
    if (!config || !more || json_object_update(config, more)) {
        json_decref(config);
        config = NULL;
    }
    json_decref(more);
    return c2s_mend_remake(m, index, NULL, config, 0, NULL, error);
}

/* The largest of the largest: one pooling over the area of both, where neither pads. */
cnn2snn_status c2s_mend_two_pools(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    const struct c2s_pool_attributes *first = max_pool(m, index), *second = max_pool(m, index + 1);
    int64_t size[2], strides[2];
    if (!first || !second || first->channels_first || second->channels_first ||
        (first->padding != C2S_VALID && !padding_is_unseen(first, &m->shapes[index])) ||
        (second->padding != C2S_VALID && !padding_is_unseen(second, &m->shapes[index + 1])))
        return CNN2SNN_OK;
    for (size_t axis = 0; axis < 2; axis++) {
        if (second->pool_size[axis] > 64 || first->strides[axis] > 64 || first->pool_size[axis] > 64 ||
            second->strides[axis] > 64)
            return CNN2SNN_OK;
        size[axis] = first->pool_size[axis] + (second->pool_size[axis] - 1) * first->strides[axis];
        strides[axis] = first->strides[axis] * second->strides[axis];
    }
    *mended = true;
    C2S_TRY(
        c2s_mend_note(m, "L-H15", m->layers.layers[index + 1]->name, "made one with the pooling before it", error));
    C2S_TRY(set_pairs(m, index, size, strides, "valid", error));
    c2s_mend_remove(m, index + 1);
    return CNN2SNN_OK;
}

/*
 * A plain ReLU and a max pooling give the same in either order: where two of one kind stand around the other, the
 * ReLU goes behind, so that they become neighbours.
 */
cnn2snn_status c2s_mend_relu_and_pool(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    bool two_relus = c2s_mend_kind(m, index + 2) == C2S_KIND_RELU;
    bool two_pools = max_pool(m, index + 2) || (index && max_pool(m, index - 1));
    if (isnan(c2s_mend_relu_limit(m, index)) || !max_pool(m, index + 1) || (!two_relus && !two_pools))
        return CNN2SNN_OK;
    cnn2snn_layer *relu = m->layers.layers[index];
    *mended = true;
    C2S_TRY(c2s_mend_note(m, two_relus ? "L-H13" : "L-H15", relu->name, "put behind the pooling", error));
    m->layers.layers[index] = m->layers.layers[index + 1];
    m->layers.layers[index + 1] = relu;
    return CNN2SNN_OK;
}

/* The padding of the convolution before a pooling; -1: there is none. */
static int padding_before(const struct c2s_mending *m, size_t index)
{
    while (index-- > 0) {
        const struct c2s_conv_attributes *conv = c2s_layer_conv(m->layers.layers[index]);
        if (conv)
            return (int)conv->padding;
        if (c2s_layer_is(m->layers.layers[index], C2S_FAMILY_NEURAL | C2S_FAMILY_POOLING))
            return -1;
    }
    return -1;
}

cnn2snn_status c2s_mend_pixel_pool(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    const struct c2s_shape *input = &m->shapes[index];
    if (!max_pool(m, index) || input->rank != 3 || input->extents[0] != 1 || input->extents[1] != 1 ||
        !c2s_shape_equal(input, &m->shapes[index + 1]) || padding_before(m, index) >= 0)
        return CNN2SNN_OK;
    *mended = true;
    C2S_TRY(c2s_mend_note(m, "L-H15", m->layers.layers[index]->name, "removed: the largest of one value", error));
    c2s_mend_remove(m, index);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_mend_pool_padding(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    const struct c2s_pool_attributes *pool = max_pool(m, index);
    int padding = pool ? padding_before(m, index) : -1;
    if (padding < 0 || padding == (int)pool->padding || !padding_is_unseen(pool, &m->shapes[index]))
        return CNN2SNN_OK;
    *mended = true;
    C2S_TRY(c2s_mend_note(m, "L-H16", m->layers.layers[index]->name,
                          "padding as its convolution has it: it pads nothing", error));
    int64_t size[2] = {pool->pool_size[0], pool->pool_size[1]}, strides[2] = {pool->strides[0], pool->strides[1]};
    return set_pairs(m, index, size, strides, padding == C2S_SAME ? "same" : "valid", error);
}
