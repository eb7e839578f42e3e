/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when kernels, strides and pools don't suit an Akida layer (spec/quantizeml-conversion.md 6.1, 6.3). */
#include "layers/attributes.h"
#include "layers/quantizeml_attributes.h"
#include "plan/qml_rules.h"

static const struct c2s_conv_attributes *conv_at(const struct c2s_qml_view *view, size_t index)
{
    return &c2s_layer_qml_conv(c2s_qml_block_main(view->plan, &view->plan->blocks[index]))->conv;
}

/* The max pooling of a block, told about as the fault's layer; or NULL. */
static const struct c2s_pool_attributes *pool_at(const struct c2s_qml_view *view, size_t index,
                                                 struct c2s_found *found)
{
    const cnn2snn_layer *layer =
        c2s_qml_block_find(view->plan, &view->plan->blocks[index], C2S_KIND_QML_MAX_POOLING2D);
    if (!layer)
        return NULL;
    found->layer = layer->name;
    return &((const struct c2s_qml_pool_attributes *)layer->attributes)->pool;
}

static void set_pair(struct c2s_found *found, size_t index, const int64_t pair[2])
{
    c2s_found_set(found, index, "(%lld, %lld)", (long long)pair[0], (long long)pair[1]);
}

bool c2s_qml_kernel_is_not_square(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const int64_t *kernel = conv_at(view, index)->kernel_size;
    set_pair(found, 0, kernel);
    return kernel[0] != kernel[1];
}

bool c2s_qml_strides_differ(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const int64_t *strides = conv_at(view, index)->strides;
    set_pair(found, 0, strides);
    return strides[0] != strides[1];
}

bool c2s_qml_kernel_is_even(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const int64_t *kernel = conv_at(view, index)->kernel_size;
    set_pair(found, 0, kernel);
    return kernel[0] % 2 == 0 || kernel[1] % 2 == 0;
}

bool c2s_qml_stride_exceeds_2(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const int64_t *strides = conv_at(view, index)->strides;
    set_pair(found, 0, strides);
    return strides[0] > 2 || strides[1] > 2;
}

bool c2s_qml_stride_2_kernel_is_wrong(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_conv_attributes *conv = conv_at(view, index);
    bool depthwise = view->plan->blocks[index].pattern->kind == C2S_BLOCK_DEPTHWISE_CONV;
    int64_t size = conv->kernel_size[0];
    set_pair(found, 0, conv->kernel_size);
    c2s_found_set(found, 1, "%s", depthwise ? "(3, 3)" : "(1, 1) or (3, 3)");
    return conv->strides[0] == 2 && size % 2 && size != 3 && (depthwise || size != 1);
}

bool c2s_qml_stride_exceeds_kernel(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_conv_attributes *conv = conv_at(view, index);
    set_pair(found, 0, conv->strides);
    set_pair(found, 1, conv->kernel_size);
    return conv->strides[0] > conv->kernel_size[0] || conv->strides[1] > conv->kernel_size[1];
}

bool c2s_qml_transpose_kernel_is_wrong(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const int64_t *kernel = conv_at(view, index)->kernel_size;
    set_pair(found, 0, kernel);
    return kernel[0] != kernel[1] || (kernel[0] != 3 && kernel[0] != 4);
}

bool c2s_qml_transpose_stride_is_wrong(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const int64_t *strides = conv_at(view, index)->strides;
    set_pair(found, 0, strides);
    return strides[0] != 2 || strides[1] != 2;
}

bool c2s_qml_transpose_is_valid(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)found;
    return conv_at(view, index)->padding != C2S_SAME;
}

bool c2s_qml_pool_is_not_square(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_pool_attributes *pool = pool_at(view, index, found);
    if (!pool)
        return false;
    set_pair(found, 0, pool->pool_size);
    set_pair(found, 1, pool->strides);
    return pool->pool_size[0] != pool->pool_size[1] || pool->strides[0] != pool->strides[1];
}

bool c2s_qml_pool_stride_exceeds(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_pool_attributes *pool = pool_at(view, index, found);
    if (!pool)
        return false;
    set_pair(found, 0, pool->strides);
    set_pair(found, 1, pool->pool_size);
    return pool->strides[0] > pool->pool_size[0] || pool->strides[1] > pool->pool_size[1];
}

/* Kernels of 1x1 are as if padded, as nothing is to be padded. */
bool c2s_qml_pool_padding_differs(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_pool_attributes *pool = pool_at(view, index, found);
    const struct c2s_conv_attributes *conv = conv_at(view, index);
    if (!pool)
        return false;
    bool pads = conv->padding == C2S_SAME || (conv->kernel_size[0] == 1 && conv->kernel_size[1] == 1);
    c2s_found_set(found, 0, "%s", pool->padding == C2S_SAME ? "same" : "valid");
    c2s_found_set(found, 1, "%s", pads ? "same" : "valid");
    c2s_found_set(found, 2, "%s", c2s_qml_block_main(view->plan, &view->plan->blocks[index])->name);
    return pads != (pool->padding == C2S_SAME);
}
