/* SPDX-License-Identifier: Apache-2.0 */
/* Mends that write a layer as layers of classes which Akida 1.0 has. */
#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "transform/mend.h"

/* ------------------------------------------------------------------------------------------------ activations */

/* The limit of a function that is a plain ReLU; NaN for others. */
static float relu_limit(const struct c2s_activation_attributes *activation)
{
    return activation->function == C2S_RELU ? INFINITY : activation->function == C2S_RELU6 ? 6 : NAN;
}

cnn2snn_status c2s_mend_fused_activation(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = m->layers.layers[index];
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    const struct c2s_dense_attributes *dense = c2s_layer_dense(layer);
    if (!conv && !dense)
        return CNN2SNN_OK;
    float limit = relu_limit(conv ? &conv->activation : &dense->activation);
    if (isnan(limit) || c2s_layer_is(layer, C2S_FAMILY_QUANTIZED | C2S_FAMILY_QUANTIZEML))
        return CNN2SNN_OK;
    json_t *config = json_copy(layer->config);
    if (config && json_object_set_new(config, "activation", json_string("linear"))) {
        json_decref(config);
        config = NULL;
    }
    *mended = true;
    cnn2snn_status status = c2s_mend_note(m, "L-D", layer->name, "its activation is a ReLU layer behind it", error);
    if (status) {
        json_decref(config);
        return status;
    }
    C2S_TRY(c2s_mend_remake(m, index, NULL, config, 0, NULL, error));
    return c2s_mend_add_relu(m, index, limit, error);
}

/* Activation("relu"), and a LeakyReLU that doesn't leak. */
cnn2snn_status c2s_mend_activation_layer(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = m->layers.layers[index];
    int kind = c2s_mend_kind(m, index);
    float limit = NAN;
    if (kind == C2S_KIND_ACTIVATION)
        limit = relu_limit(layer->attributes);
    else if (kind == C2S_KIND_LEAKY_RELU && ((const struct c2s_activation_attributes *)layer->attributes)->alpha == 0)
        limit = INFINITY;
    if (isnan(limit))
        return CNN2SNN_OK;
    json_t *config = json_pack("{s:s}", "name", layer->name);
    if (config && isfinite(limit) && json_object_set_new(config, "max_value", json_real(limit))) {
        json_decref(config);
        config = NULL;
    }
    *mended = true;
    C2S_TRY(c2s_mend_remake(m, index, "ReLU", config, 0, NULL, error));
    return c2s_mend_note(m, kind == C2S_KIND_ACTIVATION ? "L-H20" : "L-H21", m->layers.layers[index]->name,
                         "made a ReLU layer", error);
}

/* ------------------------------------------------------------------------------------------------ convolutions */

/* The members of a convolution's or Dense's config that mean the same in other classes. */
static json_t *common_config(const cnn2snn_layer *layer)
{
    static const char *const keys[] = {"name",    "trainable", "dtype",       "use_bias",        "activation",
                                       "padding", "strides",   "kernel_size", "depth_multiplier"};
    json_t *config = json_object();
    for (size_t i = 0; config && i < sizeof keys / sizeof *keys; i++) {
        json_t *value = json_object_get(layer->config, keys[i]);
        if (value && json_object_set(config, keys[i], value)) {
            json_decref(config);
            config = NULL;
        }
    }
    return config;
}

/* Sets an entry of a config (both taken); NULL where that fails. */
static json_t *with(json_t *config, const char *key, json_t *value)
{
    if (config && value && !json_object_set_new(config, key, value))
        return config;
    json_decref(config);
    return NULL;
}

/* The kernel with zeros between its taps. */
static cnn2snn_status spread_kernel(const cnn2snn_tensor *kernel, const int64_t *rate, cnn2snn_tensor **out,
                                    cnn2snn_error **error)
{
    int64_t shape[4] = {(kernel->shape[0] - 1) * rate[0] + 1, (kernel->shape[1] - 1) * rate[1] + 1, kernel->shape[2],
                        kernel->shape[3]};
    C2S_TRY(c2s_tensor_create_zeros(kernel->context, CNN2SNN_DTYPE_FLOAT32, 4, shape, out, error));
    size_t tap = (size_t)(shape[2] * shape[3]);
    for (int64_t y = 0; y < kernel->shape[0]; y++)
        for (int64_t x = 0; x < kernel->shape[1]; x++)
            memcpy(c2s_f32_writable(*out) + (size_t)(y * rate[0] * shape[1] + x * rate[1]) * tap,
                   c2s_f32(kernel) + (size_t)(y * kernel->shape[1] + x) * tap, tap * sizeof(float));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_mend_dilation(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = m->layers.layers[index];
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    if (c2s_mend_kind(m, index) != C2S_KIND_CONV2D || !layer->built || conv->channels_first ||
        (conv->dilation_rate[0] == 1 && conv->dilation_rate[1] == 1) || conv->dilation_rate[0] > 8 ||
        conv->dilation_rate[1] > 8)
        return CNN2SNN_OK;
    cnn2snn_tensor *weights[2] = {NULL, layer->weight_count > 1 ? layer->weights[1].tensor : NULL};
    C2S_TRY(spread_kernel(layer->weights[0].tensor, conv->dilation_rate, &weights[0], error));
    json_t *config = with(json_copy(layer->config), "dilation_rate", json_pack("[ii]", 1, 1));
    config = with(config, "kernel_size",
                  json_pack("[II]", (json_int_t)weights[0]->shape[0], (json_int_t)weights[0]->shape[1]));
    *mended = true;
    cnn2snn_status status = c2s_mend_remake(m, index, NULL, config, layer->weight_count, weights, error);
    c2s_tensor_release(weights[0]);
    if (status)
        return status;
    return c2s_mend_note(m, "L-H2", m->layers.layers[index]->name, "a larger kernel instead of dilation", error);
}

/* A Dense on each pixel is a convolution of 1 x 1. */
cnn2snn_status c2s_mend_dense_on_map(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = m->layers.layers[index];
    const struct c2s_shape *input = &m->shapes[index];
    if (c2s_mend_kind(m, index) != C2S_KIND_DENSE || !layer->built || input->rank != 3 ||
        (input->extents[0] == 1 && input->extents[1] == 1))
        return CNN2SNN_OK;
    const cnn2snn_tensor *kernel = layer->weights[0].tensor;
    int64_t shape[4] = {1, 1, kernel->shape[0], kernel->shape[1]};
    cnn2snn_tensor *weights[2] = {NULL, layer->weight_count > 1 ? layer->weights[1].tensor : NULL};
    C2S_TRY(c2s_tensor_reshape(kernel, 4, shape, &weights[0], error));
    json_t *config = with(common_config(layer), "filters", json_integer(shape[3]));
    config = with(config, "kernel_size", json_pack("[ii]", 1, 1));
    *mended = true;
    cnn2snn_status status = c2s_mend_remake(m, index, "Conv2D", config, layer->weight_count, weights, error);
    c2s_tensor_release(weights[0]);
    if (status)
        return status;
    return c2s_mend_note(m, "L-H11", m->layers.layers[index]->name, "made a Conv2D of 1 x 1", error);
}

/* A convolution that hands its channels through, named after the pooling behind it. */
static cnn2snn_status identity_convolution(const struct c2s_mending *m, const cnn2snn_layer *pool,
                                           cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    int64_t channels = m->shapes[0].extents[2];
    const json_t *padding = json_object_get(pool->config, "padding");
    char *name = c2s_mend_new_name(m, pool->name, "_input");
    json_t *config =
        name ? json_pack("{s:s, s:I, s:[ii], s:b, s:s}", "name", name, "filters", (json_int_t)channels, "kernel_size",
                         1, 1, "use_bias", 0, "padding", padding ? json_string_value(padding) : "valid")
             : NULL;
    c2s_free(m->context, name);
    cnn2snn_tensor *kernel = NULL;
    cnn2snn_status status = c2s_identity_kernel_create(m->context, channels, &kernel, error);
    if (!status)
        return c2s_layer_create_with_kernel(m->context, "Conv2D", config, &m->shapes[0], kernel, out_layer, error);
    json_decref(config);
    return status;
}

/* The inputs of Akida models are not negative: a ReLU behind their pooling changes nothing. */
cnn2snn_status c2s_mend_first_pool(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    const struct c2s_shape *input = &m->shapes[0];
    int kind = c2s_mend_kind(m, 0), next = c2s_mend_kind(m, 1);
    if (index || kind != C2S_KIND_MAX_POOLING2D || next < 0 || next == C2S_KIND_BATCH_NORMALIZATION ||
        input->rank != 3 || input->extents[2] < 1 || input->extents[2] > 64 ||
        ((const struct c2s_pool_attributes *)m->layers.layers[0]->attributes)->channels_first)
        return CNN2SNN_OK;
    cnn2snn_layer *conv = NULL;
    *mended = true;
    C2S_TRY(c2s_mend_note(m, "L-H14", m->layers.layers[0]->name,
                          "a Conv2D of 1 x 1 that hands its input through is put before it", error));
    if (!c2s_layer_is(m->layers.layers[1], C2S_FAMILY_ACTIVATION))
        C2S_TRY(c2s_mend_add_relu(m, 0, INFINITY, error));
    C2S_TRY(identity_convolution(m, m->layers.layers[0], &conv, error));
    return c2s_mend_insert(m, 0, conv, error);
}

cnn2snn_status c2s_mend_depthwise(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = m->layers.layers[index];
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    if (c2s_mend_kind(m, index) != C2S_KIND_DEPTHWISE_CONV2D || !layer->built || conv->channels_first ||
        conv->dilation_rate[0] != 1 || conv->dilation_rate[1] != 1)
        return CNN2SNN_OK;
    cnn2snn_tensor *depthwise = layer->weights[0].tensor;
    int64_t channels = depthwise->shape[2] * depthwise->shape[3];
    cnn2snn_tensor *weights[3] = {depthwise, NULL, layer->weight_count > 1 ? layer->weights[1].tensor : NULL};
    C2S_TRY(c2s_identity_kernel_create(m->context, channels, &weights[1], error));
    json_t *config = with(common_config(layer), "filters", json_integer(channels));
    *mended = true;
    cnn2snn_status status =
        c2s_mend_remake(m, index, "SeparableConv2D", config, layer->weight_count + 1, weights, error);
    c2s_tensor_release(weights[1]);
    if (status)
        return status;
    return c2s_mend_note(m, "L-H21", m->layers.layers[index]->name,
                         "made a SeparableConv2D whose pointwise kernel is the identity", error);
}

/* ------------------------------------------------------------------------------------------------ padding */

/* SAME padding of a convolution on n values gives what `before` and `after` zeros and VALID padding give. */
static bool is_same_padding(int64_t n, int64_t kernel, int64_t stride, int64_t before, int64_t after)
{
    if (n < 1)
        return false;
    int64_t outputs = (n + stride - 1) / stride, all = (outputs - 1) * stride + kernel - n;
    all = all > 0 ? all : 0;
    return before == all / 2 && before + after >= all && before + after < all + stride;
}

cnn2snn_status c2s_mend_zero_padding(struct c2s_mending *m, size_t index, bool *mended, cnn2snn_error **error)
{
    const struct c2s_conv_attributes *conv =
        c2s_mend_kind(m, index + 1) == C2S_KIND_CONV2D || c2s_mend_kind(m, index + 1) == C2S_KIND_SEPARABLE_CONV2D
            ? c2s_layer_conv(m->layers.layers[index + 1])
            : NULL;
    const struct c2s_shape *input = &m->shapes[index];
    if (c2s_mend_kind(m, index) != C2S_KIND_ZERO_PADDING2D || !conv || conv->padding != C2S_VALID ||
        input->rank != 3 || conv->dilation_rate[0] != 1 || conv->dilation_rate[1] != 1)
        return CNN2SNN_OK;
    const struct c2s_border_attributes *border = m->layers.layers[index]->attributes;
    if (border->channels_first || conv->channels_first ||
        !is_same_padding(input->extents[0], conv->kernel_size[0], conv->strides[0], border->top, border->bottom) ||
        !is_same_padding(input->extents[1], conv->kernel_size[1], conv->strides[1], border->left, border->right))
        return CNN2SNN_OK;
    *mended = true;
    json_t *config = with(json_copy(m->layers.layers[index + 1]->config), "padding", json_string("same"));
    C2S_TRY(c2s_mend_remake(m, index + 1, NULL, config, 0, NULL, error));
    C2S_TRY(c2s_mend_note(m, "L-H21", m->layers.layers[index]->name, "removed: the convolution behind it pads (same)",
                          error));
    c2s_mend_remove(m, index);
    return CNN2SNN_OK;
}
