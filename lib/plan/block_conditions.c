/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when a layer can't become (part of) an Akida 1.0 layer, or the runtime would refuse it (spec/legacy.md
 * g.3). */
#include <math.h>

#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "plan/rule.h"

static const cnn2snn_layer *layer_at(const struct c2s_view *view, size_t index)
{
    return view->chain->links[index].layer;
}

static enum c2s_kind_id id_at(const struct c2s_view *view, size_t index)
{
    return c2s_layer_id(layer_at(view, index));
}

/* Where an InputConvolutional is expected: first, or behind a Rescaling. */
static bool is_image_layer(const struct c2s_view *view, size_t index)
{
    size_t first = view->chain->count > 1 && id_at(view, 0) == C2S_KIND_RESCALING ? 1 : 0;
    return view->image && index == first;
}

static bool is_quantized_neural(const cnn2snn_layer *layer)
{
    enum c2s_kind_id id = c2s_layer_id(layer);
    return id == C2S_KIND_QUANTIZED_CONV2D || id == C2S_KIND_QUANTIZED_SEPARABLE_CONV2D ||
           id == C2S_KIND_QUANTIZED_DENSE;
}

/* Attributes of the convolutions that have an Akida counterpart, float ones too; otherwise NULL. */
static const struct c2s_conv_attributes *conv_at(const struct c2s_view *view, size_t index)
{
    enum c2s_kind_id id = layer_at(view, index)->kind->float_kind;
    return id == C2S_KIND_CONV2D || id == C2S_KIND_SEPARABLE_CONV2D ? c2s_layer_conv(layer_at(view, index)) : NULL;
}

bool c2s_has_no_block(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)index, (void)found;
    return view->chain->first_neural == C2S_NO_LINK;
}

/* A rule of the order tells that the layer can't stand there. */
static bool is_faulty_start(const struct c2s_view *view, size_t index)
{
    struct c2s_found other;
    return c2s_image_input_is_wrong(view, index, &other) || c2s_activation_is_alone(view, index, &other) ||
           c2s_pooling_is_first(view, index, &other) || c2s_is_unsupported(view, index, &other);
}

bool c2s_first_layer_is_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    if (!is_image_layer(view, index) || is_faulty_start(view, index))
        return false;
    c2s_found_set(found, 0, "%s", layer_at(view, index)->class_name);
    return id_at(view, index) != C2S_KIND_QUANTIZED_CONV2D;
}

bool c2s_first_layer_is_no_conv(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    return layer_at(view, index)->kind->float_kind != C2S_KIND_CONV2D && c2s_first_layer_is_wrong(view, index, found);
}

/* Of a model that is float throughout only the first layer is told. */
bool c2s_is_not_quantized(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    enum c2s_kind_id id = id_at(view, index);
    c2s_found_set(found, 0, "%s", layer_at(view, index)->class_name);
    c2s_found_set(found, 1, "%s", view->quantized ? "" : ", nor is any other layer");
    if (view->image && view->chain->linear && (is_image_layer(view, index) || !view->quantized))
        return false; /* told by L-G2-FIRST, or L-H10 */
    if (!view->quantized && (ptrdiff_t)index != view->chain->first_neural)
        return false;
    return id == C2S_KIND_CONV2D || id == C2S_KIND_SEPARABLE_CONV2D || id == C2S_KIND_DENSE ||
           (c2s_layer_is(layer_at(view, index), C2S_FAMILY_ACTIVATION) &&
            !c2s_layer_is(layer_at(view, index), C2S_FAMILY_QUANTIZED_ACTIVATION));
}

bool c2s_rescaling_shifts_events(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    c2s_found_set(found, 0, "%g", view->shift);
    return index == 0 && id_at(view, 0) == C2S_KIND_RESCALING && !view->image && view->shift != 0.0;
}

/* An argument that the layer's quantized form doesn't have; readers refuse it there. */
bool c2s_argument_is_unsupported(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_layer *layer = layer_at(view, index);
    enum c2s_kind_id id = id_at(view, index);
    if (id != C2S_KIND_CONV2D && id != C2S_KIND_SEPARABLE_CONV2D && id != C2S_KIND_DENSE)
        return false;
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    const struct c2s_dense_attributes *dense = c2s_layer_dense(layer);
    const struct c2s_activation_attributes *activation = conv ? &conv->activation : dense ? &dense->activation : NULL;
    bool fused = activation && activation->function != C2S_LINEAR;
    bool grouped = conv && conv->groups != 1;
    c2s_found_set(found, 0, "%s", fused ? "activation" : grouped ? "groups" : "depth_multiplier");
    return fused || grouped || (conv && conv->depth_multiplier != 1);
}

bool c2s_relu_is_not_plain(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    if (id_at(view, index) != C2S_KIND_RELU)
        return false;
    const struct c2s_relu_attributes *relu = layer_at(view, index)->attributes;
    c2s_found_set(found, 0, "%s", relu->threshold != 0.0F ? "threshold" : "negative_slope");
    return relu->threshold != 0.0F || relu->negative_slope != 0.0F;
}

bool c2s_is_not_built(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_layer *layer = layer_at(view, index);
    if (!is_quantized_neural(layer))
        return false;
    size_t kernels = c2s_layer_id(layer) == C2S_KIND_QUANTIZED_SEPARABLE_CONV2D ? 2 : 1;
    size_t expected = kernels + (c2s_layer_use_bias(layer) ? 1 : 0);
    c2s_found_set(found, 0, "%zu", layer->weight_count);
    c2s_found_set(found, 1, "%zu", expected);
    return layer->weight_count != expected;
}

bool c2s_bitwidths_differ(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_layer *layer = layer_at(view, index);
    const cnn2snn_quantizer *pointwise = c2s_layer_quantizer(layer),
                            *depthwise = c2s_layer_depthwise_quantizer(layer);
    if (c2s_layer_id(layer) != C2S_KIND_QUANTIZED_SEPARABLE_CONV2D || !pointwise || !depthwise)
        return false;
    c2s_found_set(found, 0, "%d", (int)depthwise->bitwidth);
    c2s_found_set(found, 1, "%d", (int)pointwise->bitwidth);
    return depthwise->bitwidth != pointwise->bitwidth;
}

/* Bits of the weights; 0 where the layer has no quantized weights. */
static int32_t weight_bits(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_layer *layer = layer_at(view, index);
    const cnn2snn_quantizer *quantizer = is_quantized_neural(layer) ? c2s_layer_quantizer(layer) : NULL;
    if (!quantizer)
        return 0;
    c2s_found_set(found, 0, "%d", (int)quantizer->bitwidth);
    return quantizer->bitwidth;
}

bool c2s_weight_bits_are_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    int32_t bits = weight_bits(view, index, found);
    return bits && !is_image_layer(view, index) && bits != 2 && bits != 4 && bits != 8;
}

bool c2s_weight_bits_wrap(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    return weight_bits(view, index, found) > 8 && is_image_layer(view, index);
}

bool c2s_activation_bits_are_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_quantized_activation_attributes *activation =
        c2s_layer_quantized_activation(layer_at(view, index));
    if (!activation)
        return false;
    c2s_found_set(found, 0, "%d", (int)activation->bitwidth);
    return activation->bitwidth != 1 && activation->bitwidth != 2 && activation->bitwidth != 4;
}

bool c2s_step_is_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_quantized_activation_attributes *activation =
        c2s_layer_quantized_activation(layer_at(view, index));
    if (!activation)
        return false;
    c2s_found_set(found, 0, "%g", (double)activation->step);
    return !(activation->step > 0.0F) || !isfinite(activation->step);
}

bool c2s_kernel_is_even(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_conv_attributes *conv = conv_at(view, index);
    if (!conv)
        return false;
    c2s_found_set(found, 0, "(%lld, %lld)", (long long)conv->kernel_size[0], (long long)conv->kernel_size[1]);
    return conv->kernel_size[0] % 2 == 0 || conv->kernel_size[1] % 2 == 0;
}

bool c2s_stride_exceeds_kernel(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_conv_attributes *conv = conv_at(view, index);
    if (!conv || is_image_layer(view, index))
        return false;
    c2s_found_set(found, 0, "(%lld, %lld)", (long long)conv->strides[0], (long long)conv->strides[1]);
    c2s_found_set(found, 1, "(%lld, %lld)", (long long)conv->kernel_size[0], (long long)conv->kernel_size[1]);
    return conv->strides[0] > conv->kernel_size[0] || conv->strides[1] > conv->kernel_size[1];
}

bool c2s_pool_stride_exceeds_pool(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    if (id_at(view, index) != C2S_KIND_MAX_POOLING2D)
        return false;
    const struct c2s_pool_attributes *pool = layer_at(view, index)->attributes;
    c2s_found_set(found, 0, "(%lld, %lld)", (long long)pool->strides[0], (long long)pool->strides[1]);
    c2s_found_set(found, 1, "(%lld, %lld)", (long long)pool->pool_size[0], (long long)pool->pool_size[1]);
    return pool->strides[0] > pool->pool_size[0] || pool->strides[1] > pool->pool_size[1];
}

static uint64_t count_not_finite(const cnn2snn_tensor *tensor)
{
    uint64_t count = 0;
    if (tensor->dtype == CNN2SNN_DTYPE_FLOAT32)
        for (uint64_t i = 0; i < tensor->count; i++)
            count += !isfinite(c2s_f32(tensor)[i]);
    else
        for (uint64_t i = 0; i < tensor->count; i++)
            count += !isfinite(c2s_tensor_get_double(tensor, i));
    return count;
}

bool c2s_weight_is_not_finite(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_layer *layer = layer_at(view, index);
    if (!c2s_layer_is(layer, C2S_FAMILY_NEURAL))
        return false;
    for (size_t i = 0; i < layer->weight_count; i++) {
        uint64_t count = count_not_finite(layer->weights[i].tensor);
        c2s_found_set(found, 0, "%s", layer->weights[i].name);
        c2s_found_set(found, 1, "%llu", (unsigned long long)count);
        if (count)
            return true;
    }
    return false;
}

/* Numbers in the file are 32 bits wide; so is the number of inputs of a FullyConnected. */
static bool fits(const struct c2s_shape *shape)
{
    for (size_t i = 0; i < shape->rank; i++)
        if (shape->extents[i] < 1)
            return false;
    int64_t elements = c2s_shape_elements(shape);
    return elements > 0 && elements <= INT32_MAX;
}

static bool pair_fits(const int64_t pair[2])
{
    return pair[0] > 0 && pair[0] <= INT32_MAX && pair[1] > 0 && pair[1] <= INT32_MAX;
}

bool c2s_extent_is_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_link *link = &view->chain->links[index];
    if (!link->shapes_known || !c2s_shape_is_known(&view->chain->input))
        return false;
    const struct c2s_conv_attributes *conv = conv_at(view, index);
    const struct c2s_pool_attributes *pool =
        id_at(view, index) == C2S_KIND_MAX_POOLING2D ? link->layer->attributes : NULL;
    if ((conv && !pair_fits(conv->strides)) || (pool && !(pair_fits(pool->pool_size) && pair_fits(pool->strides)))) {
        c2s_found_set(found, 0, "strides or pool size out of range");
        return true;
    }
    char in[128], out[128];
    c2s_found_set(found, 0, "%s -> %s", c2s_shape_text(&link->in, in, sizeof in),
                  c2s_shape_text(&link->out, out, sizeof out));
    return !fits(&link->in) || !fits(&link->out);
}

bool c2s_final_activation_is_dropped(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    if (id_at(view, index) != C2S_KIND_ACTIVATION || view->chain->last_neural > (ptrdiff_t)index)
        return false;
    c2s_found_set(found, 0, "%s", c2s_json_get_string(layer_at(view, index)->config, "activation", "activation"));
    const struct c2s_activation_attributes *attributes = layer_at(view, index)->attributes;
    enum c2s_function function = attributes->function;
    /* these keep the order of the outputs, which is what a final layer is read for */
    return function != C2S_LINEAR && function != C2S_SOFTMAX && function != C2S_LOG_SOFTMAX &&
           function != C2S_SIGMOID && function != C2S_TANH;
}
