/* SPDX-License-Identifier: Apache-2.0 */
/* Sanitizing: convolutions of the kinds, kernels and strides that Akida has. */
#include <string.h>

#include "base/error.h"
#include "base/text.h"
#include "transform/rewrite.h"
#include "transform/sanitize_step.h"

/* ------------------------------------------------------------------------------------------------ to depthwise */

/* A convolution of as many groups as channels and filters. */
static bool is_depthwise(const struct c2s_sanitizer *s, size_t at)
{
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, at);
    const struct c2s_shape *input = c2s_sanitize_input_shape(s, at);
    if ((c2s_layer_id(layer) != C2S_KIND_CONV2D && c2s_layer_id(layer) != C2S_KIND_CONV2D_TRANSPOSE) || !input ||
        !input->rank)
        return false;
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    return input->extents[input->rank - 1] == conv->groups && conv->groups == conv->filters;
}

/* Keys of the kernel get the depthwise kernel's names. */
static json_t *depthwise_config(const cnn2snn_layer *layer)
{
    static const char *const renamed[][2] = {{"kernel_regularizer", "depthwise_regularizer"},
                                             {"kernel_initializer", "depthwise_initializer"},
                                             {"kernel_constraint", "depthwise_constraint"}};
    json_t *config = json_copy(layer->config);
    for (size_t i = 0; config && i < sizeof renamed / sizeof *renamed; i++) {
        json_t *value = json_object_get(config, renamed[i][0]);
        if (value && json_object_set(config, renamed[i][1], value)) {
            json_decref(config);
            return NULL;
        }
        json_object_del(config, renamed[i][0]);
    }
    json_object_del(config, "filters");
    json_object_del(config, "groups");
    return config;
}

/* (h, w, 1, filters) becomes (h, w, filters, 1): the same values in the same order. */
static cnn2snn_status depthwise_kernel(const cnn2snn_layer *layer, cnn2snn_tensor **out_kernel, cnn2snn_error **error)
{
    const cnn2snn_tensor *kernel = c2s_layer_find_weight(layer, "kernel");
    if (!kernel || kernel->rank != 4 || kernel->shape[2] != 1)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "P-009", layer->name,
                               "no kernel of four axes, the third of one element");
    const int64_t shape[4] = {kernel->shape[0], kernel->shape[1], kernel->shape[3], 1};
    return c2s_tensor_reshape(kernel, 4, shape, out_kernel, error);
}

static cnn2snn_status make_depthwise(struct c2s_sanitizer *s, size_t at, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, at);
    cnn2snn_tensor *weights[2] = {NULL, (cnn2snn_tensor *)c2s_layer_find_weight(layer, "bias")};
    cnn2snn_layer *made = NULL;
    if (c2s_layer_id(layer) == C2S_KIND_CONV2D_TRANSPOSE)
        return c2s_layer_error(s->context, error, CNN2SNN_E_VALUE, "P-009", layer->name,
                               "a Conv2DTranspose of one channel and one filter");
    C2S_TRY(c2s_sanitize_remake_take(layer, "DepthwiseConv2D", depthwise_config(layer), &made, error));
    c2s_sanitize_replace_take(s, at, made);
    C2S_TRY(depthwise_kernel(layer, &weights[0], error));
    cnn2snn_status status =
        c2s_layer_replace_weights(made, c2s_sanitize_input_shape(s, at), weights[1] ? 2 : 1, weights, error);
    c2s_tensor_release(weights[0]);
    return status;
}

cnn2snn_status c2s_make_depthwise(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++)
        if (is_depthwise(s, i))
            C2S_TRY(make_depthwise(s, i, error));
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ odd kernels */

/* Does the layer take the model's input, at most rescaled? */
static bool takes_input(const struct c2s_sanitizer *s, size_t at)
{
    ptrdiff_t before = c2s_sanitize_only_input(s, at);
    while (before >= 0 && c2s_sanitize_kind(s, (size_t)before) == C2S_KIND_RESCALING)
        before = c2s_sanitize_only_input(s, (size_t)before);
    return before >= 0 && c2s_sanitize_kind(s, (size_t)before) == C2S_KIND_INPUT;
}

/* The reference looks at rows only. */
static bool wants_odd_kernel(const struct c2s_sanitizer *s, size_t at)
{
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, at);
    enum c2s_kind_id id = c2s_layer_id(layer);
    bool depthwise = id == C2S_KIND_DEPTHWISE_CONV2D || id == C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE;
    if ((!depthwise && !c2s_sanitize_is_conv2d(id)) || !c2s_sanitize_is_same(layer))
        return false;
    const struct c2s_conv_attributes *conv = c2s_sanitize_conv(layer);
    const struct c2s_shape *input = c2s_sanitize_input_shape(s, at);
    int64_t channels = input && input->rank ? input->extents[input->rank - 1] : -1;
    int64_t size = conv->kernel_size[0], stride = conv->strides[0];
    if (!depthwise && (channels == 1 || channels == 3) && takes_input(s, at))
        return (stride == 1 || stride == 2) && (size == 2 || size == 6);
    return (stride == 1 && (size == 2 || size == 4 || size == 6)) || (stride == 2 && size == 2);
}

/* Zeros but for the old kernel at (row, column); one of a single column fills them all. */
static cnn2snn_status widen_kernel(const cnn2snn_layer *layer, const cnn2snn_tensor *kernel, size_t row,
                                   size_t column, cnn2snn_tensor **out_kernel, cnn2snn_error **error)
{
    size_t size = (size_t)kernel->shape[0], columns = (size_t)kernel->shape[1];
    const int64_t shape[4] = {kernel->shape[0] + 1, kernel->shape[0] + 1, kernel->shape[2], kernel->shape[3]};
    if (columns != size && columns != 1)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "P-018", layer->name,
                               "kernel of %zu rows and %zu columns, expected a square", size, columns);
    C2S_TRY(c2s_tensor_create(layer->context, CNN2SNN_DTYPE_FLOAT32, 4, shape, out_kernel, error));
    size_t run = (size_t)(shape[2] * shape[3]);
    float *wide = c2s_f32_writable(*out_kernel);
    memset(wide, 0, (*out_kernel)->count * sizeof *wide);
    for (size_t r = 0; r < size; r++)
        for (size_t c = 0; c < size; c++)
            memcpy(wide + ((row + r) * (size + 1) + column + c) * run,
                   c2s_f32(kernel) + (r * columns + (columns == 1 ? 0 : c)) * run, run * sizeof *wide);
    return CNN2SNN_OK;
}

static cnn2snn_status make_odd(struct c2s_sanitizer *s, size_t at, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, at);
    const struct c2s_shape *input = c2s_sanitize_input_shape(s, at);
    const struct c2s_conv_attributes *conv = c2s_sanitize_conv(layer);
    if (!layer->built || !layer->weight_count || layer->weights[0].tensor->rank != 4 || input->rank != 3 ||
        (conv->strides[0] == 2 && (input->extents[0] < 0 || input->extents[1] < 0)))
        return c2s_layer_error(s->context, error, CNN2SNN_E_VALUE, "P-018", layer->name,
                               "size of the input or kernel is unknown");
    cnn2snn_tensor *weights[2] = {NULL, layer->weight_count > 1 ? layer->weights[1].tensor : NULL};
    size_t row = conv->strides[0] == 1 ? 1 : (size_t)(input->extents[0] % 2);
    size_t column = conv->strides[0] == 1 ? 1 : (size_t)(input->extents[1] % 2);
    cnn2snn_layer *made = NULL;
    C2S_TRY(widen_kernel(layer, layer->weights[0].tensor, row, column, &weights[0], error));
    int64_t size = conv->kernel_size[0] + 1;
    cnn2snn_status status = c2s_sanitize_with_member(
        layer, "kernel_size", json_pack("[I, I]", (json_int_t)size, (json_int_t)size), &made, error);
    if (!status) {
        c2s_sanitize_replace_take(s, at, made);
        status = c2s_layer_replace_weights(made, input, layer->weight_count, weights, error);
    }
    c2s_tensor_release(weights[0]);
    return status;
}

cnn2snn_status c2s_make_kernels_odd(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++)
        if (wants_odd_kernel(s, i))
            C2S_TRY(make_odd(s, i, error));
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ strides */

/* Depthwise, 3x3: the middle is 1. */
static cnn2snn_status subsampling_kernel(cnn2snn_context *context, int64_t channels, cnn2snn_tensor **out_kernel,
                                         cnn2snn_error **error)
{
    const int64_t shape[4] = {3, 3, channels, 1};
    C2S_TRY(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT32, 4, shape, out_kernel, error));
    for (int64_t i = 0; i < channels; i++)
        c2s_f32_writable(*out_kernel)[4 * channels + i] = 1;
    return CNN2SNN_OK;
}

/* Takes every second row and column. */
static cnn2snn_status make_subsampling(const cnn2snn_layer *layer, int64_t channels, cnn2snn_layer **out_layer,
                                       cnn2snn_error **error)
{
    struct c2s_text name;
    const struct c2s_shape input = {3, {-1, -1, channels}};
    cnn2snn_tensor *kernel = NULL;
    C2S_TRY(subsampling_kernel(layer->context, channels, &kernel, error));
    c2s_text_init(&name, layer->context);
    c2s_text_format(&name, "%s_identity_dw_conv", layer->name);
    json_t *config = name.failed ? NULL
                                 : json_pack("{s:s, s:b, s:s, s:[i, i], s:[i, i], s:s, s:b, s:s}", "name", name.data,
                                             "trainable", 1, "dtype", "float32", "kernel_size", 3, 3, "strides", 2, 2,
                                             "padding", "same", "use_bias", 0, "data_format", "channels_last");
    c2s_text_free(&name);
    return c2s_layer_create_with_kernel(layer->context, "DepthwiseConv2D", config, &input, kernel, out_layer, error);
}

static cnn2snn_status split_depthwise(struct c2s_sanitizer *s, size_t at, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, at);
    cnn2snn_layer *made = NULL, *subsampling = NULL;
    if (c2s_layer_id(layer) != C2S_KIND_DEPTHWISE_CONV2D || !layer->built || !layer->weight_count)
        return c2s_layer_error(s->context, error, CNN2SNN_E_VALUE, "P-020", layer->name,
                               "a transposed convolution with strides of 2, or one without weights");
    C2S_TRY(make_subsampling(layer, layer->weights[0].tensor->shape[2], &subsampling, error));
    cnn2snn_status status = c2s_sanitize_with_member(layer, "strides", json_pack("[i, i]", 1, 1), &made, error);
    if (status) {
        c2s_layer_release(subsampling);
        return status;
    }
    c2s_sanitize_replace_take(s, at, made);
    return c2s_sanitize_insert_take(s, at, subsampling, error);
}

cnn2snn_status c2s_split_depthwise(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++) {
        enum c2s_kind_id id = c2s_sanitize_kind(s, i);
        const struct c2s_conv_attributes *conv = c2s_sanitize_conv(c2s_sanitize_layer(s, i));
        if ((id == C2S_KIND_DEPTHWISE_CONV2D || id == C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE) && conv->strides[0] == 2 &&
            (conv->kernel_size[0] == 5 || conv->kernel_size[0] == 7) && conv->padding == C2S_SAME)
            C2S_TRY(split_depthwise(s, i, error));
    }
    return CNN2SNN_OK;
}
