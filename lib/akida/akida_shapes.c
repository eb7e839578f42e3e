/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the shapes (X, Y, C) of data in front of and behind each kind of layer (spec/fbz.md 4, spec/simulator.md).
 */
#include "akida/akida_model.h"

#include <string.h>

#include "akida/kinds.h"
#include "base/allocator.h"
#include "base/checked.h"
#include "base/error.h"

struct geometry {
    const cnn2snn_akida_model *model;
    const struct c2s_akida_layer *layer;
    cnn2snn_error **error;
};

static cnn2snn_status refuse(const struct geometry *at, const char *format, const char *what, int64_t value)
{
    return c2s_layer_error(at->model->context, at->error, CNN2SNN_E_MALFORMED, "F-fbz-shape", at->layer->name, format,
                           what, (long long)value);
}

/* A parameter that must be 1 or more. */
static cnn2snn_status positive(const struct geometry *at, const char *key, int64_t *out)
{
    *out = c2s_akida_layer_get_parameter(at->layer, key, 0);
    return *out > 0 ? CNN2SNN_OK : refuse(at, "%s is %lld, expected 1 or more", key, *out);
}

static cnn2snn_status positive3(const struct geometry *at, const char *const keys[3], int64_t out[3])
{
    for (int i = 0; i < 3; i++)
        C2S_TRY(positive(at, keys[i], &out[i]));
    return CNN2SNN_OK;
}

/* Number of places of a window along one axis. */
static cnn2snn_status window(const struct geometry *at, const char *what, int64_t size, int64_t window_size,
                             int64_t stride, int32_t padding, int64_t *out)
{
    if (padding == C2S_PADDING_SAME || padding == C2S_PADDING_SAME_UPPER) {
        *out = (size - 1) / stride + 1;
        return CNN2SNN_OK;
    }
    if (padding != C2S_PADDING_VALID)
        return refuse(at, "%s is %lld, expected 0, 1 or 2", "padding", padding);
    if (window_size > size)
        return refuse(at, "the %s doesn't fit into %lld data", what, size);
    *out = (size - window_size) / stride + 1;
    return CNN2SNN_OK;
}

struct window_keys {
    const char *kernel[2], *stride[2], *pool[2], *pool_stride[2];
};

static const struct window_keys keys_v1 = {{"kernel_width", "kernel_height"},
                                           {"stride_x", "stride_y"},
                                           {"pooling_width", "pooling_height"},
                                           {"pooling_stride_x", "pooling_stride_y"}};
static const struct window_keys keys_v2 = {{"kernel_size", "kernel_size"},
                                           {"kernel_stride", "kernel_stride"},
                                           {"pool_size", "pool_size"},
                                           {"pool_stride", "pool_stride"}};

static cnn2snn_status convolve(const struct geometry *at, const struct window_keys *keys, const int64_t in[3],
                               int64_t filters, int64_t out[3])
{
    int32_t padding = c2s_akida_layer_get_parameter(at->layer, "padding", -1);
    int32_t pool = c2s_akida_layer_get_parameter(at->layer, "pool_type", C2S_POOL_NONE);
    if (pool < C2S_POOL_NONE || pool > C2S_POOL_AVERAGE)
        return refuse(at, "%s is %lld, expected 0, 1 or 2", "pool_type", pool);
    for (int axis = 0; axis < 2; axis++) {
        int64_t kernel, stride;
        C2S_TRY(positive(at, keys->kernel[axis], &kernel));
        C2S_TRY(positive(at, keys->stride[axis], &stride));
        C2S_TRY(window(at, "kernel", in[axis], kernel, stride, padding, &out[axis]));
        if (pool == C2S_POOL_MAX) {
            C2S_TRY(positive(at, keys->pool[axis], &kernel));
            stride = c2s_akida_layer_get_parameter(at->layer, keys->pool_stride[axis], -1);
            if (stride < 0)
                stride = kernel;
            if (!stride)
                return refuse(at, "%s is %lld, expected 1 or more", keys->pool_stride[axis], stride);
            C2S_TRY(window(at, "pooling window", out[axis], kernel, stride, padding, &out[axis]));
        } else if (pool == C2S_POOL_AVERAGE) {
            out[axis] = 1;
        }
    }
    out[2] = filters;
    return CNN2SNN_OK;
}

static void set3(int64_t out[3], int64_t x, int64_t y, int64_t c)
{
    out[0] = x;
    out[1] = y;
    out[2] = c;
}

/* The input's extents where the layer itself says them; false for layers that take what is in front. */
static cnn2snn_status own_input(const struct geometry *at, int64_t in[3], bool *own)
{
    static const char *const width_height[3] = {"input_width", "input_height", "input_channels"};
    static const char *const x_y[3] = {"input_x", "input_y", "input_channels"};
    *own = true;
    switch (at->layer->kind) {
    case C2S_AKIDA_INPUT_DATA:
    case C2S_AKIDA_INPUT_CONVOLUTIONAL:
    case C2S_AKIDA_QUANTIZER:
        return positive3(at, width_height, in);
    case C2S_AKIDA_INPUT_CONV2D:
        return positive3(at, x_y, in);
    default:
        *own = false;
        return CNN2SNN_OK;
    }
}

static cnn2snn_status concatenate(const struct geometry *at, const struct c2s_akida_shapes *shapes, int64_t out[3])
{
    memcpy(out, shapes[at->layer->inbounds[0]].output, 3 * sizeof *out);
    for (size_t i = 1; i < at->layer->inbound_count; i++) {
        const int64_t *other = shapes[at->layer->inbounds[i]].output;
        if (other[0] != out[0] || other[1] != out[1])
            return refuse(at, "%s %lld has other extents than the first", "inbound", (int64_t)i);
        if (!c2s_add_i64(out[2], other[2], &out[2]))
            return refuse(at, "%s exceed %lld", "channels", INT64_MAX);
    }
    return CNN2SNN_OK;
}

static cnn2snn_status add(const struct geometry *at, const struct c2s_akida_shapes *shapes, int64_t out[3])
{
    memcpy(out, shapes[at->layer->inbounds[0]].output, 3 * sizeof *out);
    for (size_t i = 1; i < at->layer->inbound_count; i++)
        if (memcmp(shapes[at->layer->inbounds[i]].output, out, 3 * sizeof *out))
            return refuse(at, "%s %lld has another shape than the first", "inbound", (int64_t)i);
    return CNN2SNN_OK;
}

static cnn2snn_status transpose(const struct geometry *at, const int64_t in[3], int64_t channels, int64_t out[3])
{
    int64_t kernel;
    C2S_TRY(positive(at, "kernel_size", &kernel));
    set3(out, 0, 0, channels);
    if (!c2s_mul_i64(in[0], 2, &out[0]) || !c2s_mul_i64(in[1], 2, &out[1]))
        return refuse(at, "%s exceeds %lld", "the output", INT64_MAX);
    return CNN2SNN_OK;
}

static cnn2snn_status recurrent(const struct geometry *at, const int64_t in[3], int64_t out[3])
{
    int64_t step, channels;
    C2S_TRY(positive(at, "subsample", &step));
    C2S_TRY(positive(at, "output_channels", &channels));
    if (in[0] != 1 || in[1] % step)
        return refuse(at, "%s %lld, expected 1 row and a multiple of subsample", "time steps", in[1]);
    set3(out, in[0], in[1] / step, channels);
    return CNN2SNN_OK;
}

static cnn2snn_status output_of(const struct geometry *at, const struct c2s_akida_shapes *shapes, const int64_t in[3],
                                int64_t out[3])
{
    int64_t count = in[2];
    switch (at->layer->kind) {
    case C2S_AKIDA_INPUT_CONVOLUTIONAL:
    case C2S_AKIDA_CONVOLUTIONAL:
    case C2S_AKIDA_SEPARABLE_CONVOLUTIONAL:
        C2S_TRY(positive(at, "filters", &count));
        return convolve(at, &keys_v1, in, count, out);
    case C2S_AKIDA_INPUT_CONV2D:
    case C2S_AKIDA_CONV2D:
        C2S_TRY(positive(at, "filters", &count));
        return convolve(at, &keys_v2, in, count, out);
    case C2S_AKIDA_DEPTHWISE_CONV2D:
        return convolve(at, &keys_v2, in, count, out);
    case C2S_AKIDA_FULLY_CONNECTED:
    case C2S_AKIDA_DENSE1D:
    case C2S_AKIDA_DENSE2D:
        C2S_TRY(positive(at, "units", &count));
        if (at->layer->kind == C2S_AKIDA_DENSE2D && !c2s_akida_layer_get_parameter(at->layer, "collapse_dims", 1))
            set3(out, in[0], in[1], count);
        else
            set3(out, 1, 1, count);
        return CNN2SNN_OK;
    case C2S_AKIDA_CONV2D_TRANSPOSE:
        C2S_TRY(positive(at, "filters", &count));
        return transpose(at, in, count, out);
    case C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE:
        return transpose(at, in, count, out);
    case C2S_AKIDA_BUFFER_TEMP_CONV:
        C2S_TRY(positive(at, "filters", &count));
        set3(out, in[0], in[1], count);
        return CNN2SNN_OK;
    case C2S_AKIDA_STATEFUL_RECURRENT:
        return recurrent(at, in, out);
    case C2S_AKIDA_CONCATENATE:
        return concatenate(at, shapes, out);
    case C2S_AKIDA_ADD:
        return add(at, shapes, out);
    case C2S_AKIDA_PICO_POST_PROCESSING:
        set3(out, 1, 1, in[2]);
        return CNN2SNN_OK;
    case C2S_AKIDA_QUANTIZER:
        if (c2s_akida_layer_get_parameter(at->layer, "channels_first", 0))
            set3(out, in[1], in[2], in[0]);
        else
            memcpy(out, in, 3 * sizeof *out);
        return CNN2SNN_OK;
    default: /* InputData, Dequantizer, BatchNormalization, DepthwiseBufferTempConv */
        memcpy(out, in, 3 * sizeof *out);
        return CNN2SNN_OK;
    }
}

static cnn2snn_status shapes_of_layer(const struct geometry *at, struct c2s_akida_shapes *shapes,
                                      struct c2s_akida_shapes *own)
{
    bool says_itself;
    own->known = false;
    if (!c2s_akida_kind_find(at->layer->kind) || at->layer->kind == C2S_AKIDA_EXTRACT_TOKEN)
        return CNN2SNN_OK;
    for (size_t i = 0; i < at->layer->inbound_count; i++)
        if (!shapes[at->layer->inbounds[i]].known)
            return CNN2SNN_OK;
    C2S_TRY(own_input(at, own->input, &says_itself));
    if (!says_itself) {
        if (!at->layer->inbound_count)
            return c2s_layer_error(at->model->context, at->error, CNN2SNN_E_MALFORMED, "F-fbz-graph", at->layer->name,
                                   "%s has no layer in front of it", c2s_akida_kind_name(at->layer->kind));
        memcpy(own->input, shapes[at->layer->inbounds[0]].output, sizeof own->input);
    } else if (at->layer->inbound_count &&
               memcmp(own->input, shapes[at->layer->inbounds[0]].output, sizeof own->input)) {
        return c2s_layer_error(at->model->context, at->error, CNN2SNN_E_MALFORMED, "F-fbz-shape", at->layer->name,
                               "the layer in front gives another shape than its parameters say");
    }
    C2S_TRY(output_of(at, shapes, own->input, own->output));
    own->known = true;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_akida_model_shapes(const cnn2snn_akida_model *model, size_t count, struct c2s_akida_shapes *shapes,
                                      cnn2snn_error **error)
{
    for (size_t i = 0; i < count; i++) {
        struct geometry at = {model, &model->layers[i], error};
        C2S_TRY(shapes_of_layer(&at, shapes, &shapes[i]));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status shapes_at(const cnn2snn_akida_model *model, size_t layer, struct c2s_akida_shapes *out,
                                cnn2snn_error **error)
{
    if (layer >= model->layer_count)
        return c2s_error(model->context, error, CNN2SNN_E_INDEX, "F-fbz-index", "layer %zu, but the model has %zu",
                         layer, model->layer_count);
    struct c2s_akida_shapes *shapes = c2s_calloc(model->context, layer + 1, sizeof *shapes);
    if (!shapes)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_akida_model_shapes(model, layer + 1, shapes, error);
    *out = shapes[layer];
    c2s_free(model->context, shapes);
    if (!status && !out->known)
        return c2s_layer_error(model->context, error, CNN2SNN_E_UNSUPPORTED, "F-fbz-shape", model->layers[layer].name,
                               "shapes of this kind of layer, or of one before it, aren't known");
    return status;
}

cnn2snn_status c2s_akida_layer_input_shape(const cnn2snn_akida_model *model, size_t layer, int64_t shape[3],
                                           cnn2snn_error **error)
{
    struct c2s_akida_shapes shapes;
    C2S_TRY(shapes_at(model, layer, &shapes, error));
    memcpy(shape, shapes.input, sizeof shapes.input);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_akida_layer_output_shape(const cnn2snn_akida_model *model, size_t layer, int64_t shape[3],
                                            cnn2snn_error **error)
{
    struct c2s_akida_shapes shapes;
    C2S_TRY(shapes_at(model, layer, &shapes, error));
    memcpy(shape, shapes.output, sizeof shapes.output);
    return CNN2SNN_OK;
}
