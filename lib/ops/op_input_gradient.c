/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients of inputs: what lies between a layer and the next activation hands on. */
#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "kernels/elementwise.h"
#include "kernels/gradient.h"
#include "ops/op_gradient.h"
#include "ops/integer_op.h"
#include "ops/op_kind.h"

/* One call, backwards. */
struct back {
    const struct c2s_op *op;
    struct c2s_run *run;
    const cnn2snn_tensor *x, *y, *dy;
    cnn2snn_tensor *dx;
};

typedef cnn2snn_status (*back_fn)(const struct back *back, cnn2snn_error **error);

static struct c2s_op_call call_of(const struct back *back, cnn2snn_tensor **input)
{
    *input = (cnn2snn_tensor *)back->x;
    return (struct c2s_op_call){
        .op = back->op, .run = back->run, .input_count = 1, .inputs = input, .output = (cnn2snn_tensor *)back->y};
}

/* ------------------------------------------------------------------------------------------------ elements */

/* Most gradients behind a quantized activation are zeros: what doesn't differ has none. */
enum { ELEMENTS_AT_ONCE = 32 };

static cnn2snn_status back_quantized_activation(const struct back *back, cnn2snn_error **error)
{
    (void)error;
    const struct c2s_quantized_activation_attributes *a = back->op->layer->attributes;
    const float step = a->step, threshold = step * 0.5f, levels = (float)(ldexp(1, a->bitwidth) - 1);
    const float *x = c2s_f32(back->x), *dy = c2s_f32(back->dy);
    float *dx = c2s_f32_writable(back->dx);
    for (uint64_t i = 0, some; i < back->x->count; i += some, x += some, dy += some, dx += some) {
        some = back->x->count - i < ELEMENTS_AT_ONCE ? back->x->count - i : ELEMENTS_AT_ONCE;
        if (some == ELEMENTS_AT_ONCE && c2s_are_zeros(dy, ELEMENTS_AT_ONCE)) {
            memset(dx, 0, ELEMENTS_AT_ONCE * sizeof *dx);
            continue;
        }
        for (uint64_t k = 0; k < some; k++) {
            float level = (x[k] - threshold) / step; /* whose ceil is 0 to levels */
            dx[k] = level > -1 && level <= levels ? dy[k] * step / step : 0;
        }
    }
    return CNN2SNN_OK;
}

static void back_clipped(const struct back *back, const struct c2s_epilogue *relu)
{
    const float *x = c2s_f32(back->x), *dy = c2s_f32(back->dy);
    float *dx = c2s_f32_writable(back->dx);
    for (uint64_t i = 0; i < back->x->count; i++)
        dx[i] = x[i] >= relu->limit ? 0 : x[i] > relu->threshold ? dy[i] : relu->slope * dy[i];
}

static cnn2snn_status back_relu(const struct back *back, cnn2snn_error **error)
{
    (void)error;
    const struct c2s_relu_attributes *a = back->op->layer->attributes;
    const struct c2s_epilogue relu = {true, a->negative_slope, a->threshold, a->max_value};
    back_clipped(back, &relu);
    return CNN2SNN_OK;
}

/* Piecewise linear functions only: c2s_op_check_input_gradient has seen to that. */
static cnn2snn_status back_activation(const struct back *back, cnn2snn_error **error)
{
    (void)error;
    struct c2s_epilogue relu;
    c2s_activation_epilogue(back->op->layer->attributes, &relu);
    if (relu.relu)
        back_clipped(back, &relu);
    else
        memcpy(back->dx->data, back->dy->data, back->dy->size);
    return CNN2SNN_OK;
}

static cnn2snn_status back_copy(const struct back *back, cnn2snn_error **error)
{
    (void)error;
    memcpy(back->dx->data, back->dy->data, back->dy->size);
    return CNN2SNN_OK;
}

/* Along the last axis. */
static cnn2snn_status back_batch_normalization(const struct back *back, cnn2snn_error **error)
{
    (void)error;
    size_t channels = (size_t)c2s_extent_from_end(back->x, 0);
    const float *scale = back->op->vectors;
    for (uint64_t i = 0; i < back->x->count; i += channels)
        back->run->kernels->multiply_elements(c2s_f32(back->dy) + i, 1, scale, 1, c2s_f32_writable(back->dx) + i,
                                              channels);
    return CNN2SNN_OK;
}

static cnn2snn_status back_rescaling(const struct back *back, cnn2snn_error **error)
{
    (void)error;
    const struct c2s_rescaling_attributes *a = back->op->layer->attributes;
    size_t channels = (size_t)c2s_extent_from_end(back->x, 0);
    for (uint64_t i = 0; i < back->x->count; i++)
        c2s_f32_writable(back->dx)[i] = c2s_f32(back->dy)[i] * (float)a->scale[a->scale_count > 1 ? i % channels : 0];
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ pooling */

static cnn2snn_status back_max_pooling(const struct back *back, cnn2snn_error **error)
{
    struct c2s_window window;
    cnn2snn_tensor *input;
    const struct c2s_op_call call = call_of(back, &input);
    C2S_TRY(c2s_pool_window(&call, &window, error));
    c2s_max_pooling_gradient(&window, back->run->pool, (size_t)back->x->shape[0], (size_t)back->x->shape[3],
                             c2s_f32(back->x), c2s_f32(back->y), c2s_f32(back->dy), c2s_f32_writable(back->dx));
    return CNN2SNN_OK;
}

static cnn2snn_status back_average_pooling(const struct back *back, cnn2snn_error **error)
{
    struct c2s_window window;
    cnn2snn_tensor *input;
    const struct c2s_op_call call = call_of(back, &input);
    C2S_TRY(c2s_pool_window(&call, &window, error));
    c2s_average_pooling_gradient(&window, back->run->pool, (size_t)back->x->shape[0], (size_t)back->x->shape[3],
                                 c2s_f32(back->dy), c2s_f32_writable(back->dx));
    return CNN2SNN_OK;
}

static cnn2snn_status back_global_average(const struct back *back, cnn2snn_error **error)
{
    (void)error;
    size_t pixels = (size_t)(back->x->shape[1] * back->x->shape[2]), channels = (size_t)back->x->shape[3];
    float *dx = c2s_f32_writable(back->dx);
    for (uint64_t i = 0; i < back->x->count; i++)
        dx[i] = c2s_f32(back->dy)[i / channels / pixels * channels + i % channels] / (float)pixels;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ products */

/*
 * A convolution turned around: taps in the other order, filters for channels, over the gradients with zeros between
 * them where the window strode. matrix: [taps][channels][filters]; turned: by group [taps * filters][channels].
 */
static cnn2snn_status back_convolve(const struct back *back, const struct c2s_window *window, const float *matrix,
                                    size_t channels, size_t filters, size_t groups, cnn2snn_error **error)
{
    cnn2snn_context *context = back->run->context;
    size_t taps = (size_t)(window->kernel[0] * window->kernel[1]), some = filters / groups;
    struct c2s_packed_matrix *packed = c2s_calloc(context, groups, sizeof *packed);
    float *turned = c2s_calloc(context, taps * some * channels, sizeof *turned);
    void *scratch = NULL;
    cnn2snn_status status = packed && turned ? CNN2SNN_OK : c2s_error_no_memory(error);
    for (size_t g = 0; !status && g < groups; g++) {
        for (size_t tap = 0; tap < taps; tap++)
            for (size_t f = 0; f < some; f++)
                for (size_t c = 0; c < channels; c++)
                    turned[((taps - 1 - tap) * some + f) * channels + c] =
                        matrix[(tap * channels + c) * filters + g * some + f];
        status = c2s_packed_matrix_create(context, turned, taps * some, channels, channels, &packed[g], error);
    }
    if (!status)
        status = c2s_run_reserve(back->run, c2s_convolution_scratch(c2s_worker_pool_threads(back->run->pool)),
                                 &scratch, error);
    struct c2s_convolution convolution = {
        .window = *window, .channels = filters, .groups = groups, .weights = packed};
    for (int axis = 0; axis < 2; axis++) {
        convolution.window.in[axis] = window->out[axis];
        convolution.window.out[axis] = window->in[axis];
        convolution.window.stride[axis] = 1;
        convolution.window.spread[axis] = window->stride[axis];
        convolution.window.before[axis] = (window->kernel[axis] - 1) * window->dilation[axis] - window->before[axis];
    }
    if (!status)
        c2s_convolve(&convolution, back->run->kernels, back->run->pool, scratch, (size_t)back->x->shape[0],
                     c2s_f32(back->dy), c2s_f32_writable(back->dx));
    for (size_t g = 0; packed && g < groups; g++)
        c2s_free(context, packed[g].data);
    c2s_free(context, packed);
    c2s_free(context, turned);
    return status;
}

static cnn2snn_status back_convolution(const struct back *back, cnn2snn_error **error)
{
    struct c2s_window window;
    cnn2snn_tensor *input;
    const struct c2s_op_call call = call_of(back, &input);
    const cnn2snn_tensor *kernel = back->op->kernels[0];
    C2S_TRY(c2s_convolution_window(&call, kernel->shape, &window, error));
    return back_convolve(back, &window, c2s_f32(kernel), (size_t)kernel->shape[2], (size_t)kernel->shape[3],
                         back->op->packed_count, error);
}

static cnn2snn_status back_dense(const struct back *back, cnn2snn_error **error)
{
    const cnn2snn_tensor *kernel = back->op->kernels[0];
    size_t depth = (size_t)kernel->shape[0], units = (size_t)kernel->shape[1];
    float *turned = c2s_calloc(back->run->context, depth * units, sizeof *turned);
    if (!turned)
        return c2s_error_no_memory(error);
    for (size_t k = 0; k < depth; k++)
        for (size_t u = 0; u < units; u++)
            turned[u * depth + k] = c2s_f32(kernel)[k * units + u];
    cnn2snn_status status = c2s_matrix_product(back->run, (size_t)(back->dy->count / units), units, depth,
                                               c2s_f32(back->dy), turned, c2s_f32_writable(back->dx), error);
    c2s_free(back->run->context, turned);
    return status;
}

static cnn2snn_status back_depthwise(const struct back *back, cnn2snn_error **error)
{
    cnn2snn_tensor *input;
    const struct c2s_op_call call = call_of(back, &input);
    const cnn2snn_tensor *kernel = back->op->kernels[0];
    struct c2s_depthwise depthwise = {
        .channels = (size_t)kernel->shape[2], .multiplier = (size_t)kernel->shape[3], .weights = c2s_f32(kernel)};
    C2S_TRY(c2s_convolution_window(&call, kernel->shape, &depthwise.window, error));
    c2s_depthwise_input_gradient(&depthwise, back->run->pool, (size_t)back->x->shape[0], c2s_f32(back->dy),
                                 c2s_f32_writable(back->dx));
    return CNN2SNN_OK;
}

static cnn2snn_status back_separable(const struct back *back, cnn2snn_error **error)
{
    const cnn2snn_tensor *pointwise = back->op->kernels[1];
    size_t channels = (size_t)pointwise->shape[2], filters = (size_t)pointwise->shape[3];
    int64_t shape[4] = {back->dy->shape[0], back->dy->shape[1], back->dy->shape[2], pointwise->shape[2]};
    float *turned = c2s_calloc(back->run->context, channels * filters, sizeof *turned);
    cnn2snn_tensor *middle = NULL;
    cnn2snn_status status = turned ? CNN2SNN_OK : c2s_error_no_memory(error);
    for (size_t c = 0; !status && c < channels; c++)
        for (size_t f = 0; f < filters; f++)
            turned[f * channels + c] = c2s_f32(pointwise)[c * filters + f];
    if (!status)
        status = c2s_tensor_create(back->run->context, CNN2SNN_DTYPE_FLOAT32, 4, shape, &middle, error);
    if (!status)
        status = c2s_matrix_product(back->run, (size_t)(back->dy->count / filters), filters, channels,
                                    c2s_f32(back->dy), turned, c2s_f32_writable(middle), error);
    struct back inner = *back;
    inner.dy = middle;
    if (!status)
        status = back_depthwise(&inner, error);
    c2s_tensor_release(middle);
    c2s_free(back->run->context, turned);
    return status;
}

/* ------------------------------------------------------------------------------------------------ the table */

static back_fn find_back(const cnn2snn_layer *layer)
{
    if (c2s_op_memory(layer) == C2S_OP_VIEW)
        return back_copy;
    if (c2s_layer_quantized_activation(layer)) /* whose float kind is ReLU */
        return back_quantized_activation;
    switch (layer->kind->float_kind) {
    case C2S_KIND_RELU:
        return back_relu;
    case C2S_KIND_ACTIVATION:
    case C2S_KIND_LEAKY_RELU:
        return back_activation;
    case C2S_KIND_BATCH_NORMALIZATION:
        return back_batch_normalization;
    case C2S_KIND_RESCALING:
        return back_rescaling;
    case C2S_KIND_MAX_POOLING2D:
        return back_max_pooling;
    case C2S_KIND_AVERAGE_POOLING2D:
        return back_average_pooling;
    case C2S_KIND_GLOBAL_AVERAGE_POOLING2D:
        return back_global_average;
    case C2S_KIND_CONV2D:
        return back_convolution;
    case C2S_KIND_DENSE:
        return back_dense;
    case C2S_KIND_DEPTHWISE_CONV2D:
        return back_depthwise;
    case C2S_KIND_SEPARABLE_CONV2D:
        return back_separable;
    default:
        return NULL;
    }
}

/* Nothing about the layer that the function for its kind doesn't know. */
static bool is_plain(const cnn2snn_layer *layer)
{
    struct c2s_epilogue epilogue;
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    const struct c2s_dense_attributes *dense = c2s_layer_dense(layer);
    if (c2s_layer_is_channels_first(layer))
        return false;
    if (conv || dense)
        return (conv ? conv->activation : dense->activation).function == C2S_LINEAR;
    if (c2s_layer_id(layer) == C2S_KIND_ACTIVATION || c2s_layer_id(layer) == C2S_KIND_LEAKY_RELU)
        return c2s_activation_epilogue(layer->attributes, &epilogue);
    return true;
}

cnn2snn_status c2s_op_check_input_gradient(const cnn2snn_layer *layer, cnn2snn_error **error)
{
    if (!layer->graph && find_back(layer) && is_plain(layer))
        return CNN2SNN_OK;
    return c2s_layer_error(layer->context, error, CNN2SNN_E_UNSUPPORTED, "R-gradient", layer->name,
                           "no gradient through class %s as it is configured here", layer->class_name);
}

static cnn2snn_status check_axis(const struct back *back, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = back->op->layer;
    const struct c2s_batchnorm_attributes *a = layer->attributes;
    if (c2s_layer_id(layer) != C2S_KIND_BATCH_NORMALIZATION ||
        (a->axis_count == 1 && (a->axes[0] == -1 || a->axes[0] == (int64_t)back->x->rank - 1)))
        return CNN2SNN_OK;
    return c2s_layer_error(layer->context, error, CNN2SNN_E_UNSUPPORTED, "R-gradient", layer->name,
                           "no gradient through normalization along another axis than the last");
}

cnn2snn_status c2s_op_input_gradient(const struct c2s_op *op, struct c2s_run *run, const cnn2snn_tensor *input,
                                     const cnn2snn_tensor *output, const cnn2snn_tensor *output_gradient,
                                     cnn2snn_tensor **out_gradient, cnn2snn_error **error)
{
    C2S_TRY(c2s_op_check_input_gradient(op->layer, error));
    struct back back = {.op = op, .run = run, .x = input, .y = output, .dy = output_gradient};
    C2S_TRY(check_axis(&back, error));
    C2S_TRY(c2s_tensor_create(run->context, CNN2SNN_DTYPE_FLOAT32, input->rank, input->shape, &back.dx, error));
    cnn2snn_status status = find_back(op->layer)(&back, error);
    if (status)
        c2s_tensor_release(back.dx);
    else
        *out_gradient = back.dx;
    return status;
}
