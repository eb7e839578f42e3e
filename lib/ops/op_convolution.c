/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions of all kinds, float and quantized. What goes through a quantizer does so once, when an op is made. */
#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/error.h"
#include "ops/integer_op.h"
#include "ops/op_kind.h"

/* ------------------------------------------------------------------------------------------------ weights */

static const cnn2snn_tensor *weight_of(const struct c2s_op *op, size_t index)
{
    return index < op->layer->weight_count ? op->layer->weights[index].tensor : NULL;
}

/* The weight as it is used. */
static cnn2snn_status take_kernel(struct c2s_op *op, size_t index, const cnn2snn_quantizer *quantizer,
                                  cnn2snn_error **error)
{
    const cnn2snn_tensor *weight = weight_of(op, index);
    if (!quantizer) {
        op->kernels[index] = c2s_tensor_retain(weight);
        return CNN2SNN_OK;
    }
    C2S_TRY(c2s_quantizer_quantize(quantizer, weight, &op->kernels[index], error));
    if (op->kernels[index]->dtype == CNN2SNN_DTYPE_FLOAT32 && c2s_tensor_same_shape(op->kernels[index], weight))
        return CNN2SNN_OK;
    return c2s_error(op->context, error, CNN2SNN_E_CALLBACK, "R-quantizer",
                     "quantizer %s changed type or shape of the weights", quantizer->class_name);
}

static void take_bias(struct c2s_op *op, size_t index, bool use_bias)
{
    op->bias = use_bias ? c2s_f32(weight_of(op, index)) : NULL;
}

/* Packs `matrix` with `filters` columns, which are in `groups` parts. */
static cnn2snn_status pack(struct c2s_op *op, const float *matrix, size_t depth, size_t filters, size_t groups,
                           cnn2snn_error **error)
{
    op->packed = c2s_calloc(op->context, groups, sizeof *op->packed);
    if (!op->packed)
        return c2s_error_no_memory(error);
    for (size_t g = 0; g < groups; g++, op->packed_count++)
        C2S_TRY(c2s_packed_matrix_create(op->context, matrix + g * (filters / groups), depth, filters / groups,
                                         filters, &op->packed[g], error));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_prepare_convolution(struct c2s_op *op, cnn2snn_error **error)
{
    const struct c2s_conv_attributes *a = op->layer->attributes;
    C2S_TRY(take_kernel(op, 0, a->quantizer, error));
    take_bias(op, 1, a->use_bias);
    const int64_t *shape = op->kernels[0]->shape;
    if (a->groups < 1 || shape[3] % a->groups)
        return c2s_error(op->context, error, CNN2SNN_E_VALUE, "R-groups", "%lld filters in %lld groups",
                         (long long)shape[3], (long long)a->groups);
    return pack(op, c2s_f32(op->kernels[0]), (size_t)(shape[0] * shape[1] * shape[2]), (size_t)shape[3],
                (size_t)a->groups, error);
}

cnn2snn_status c2s_op_prepare_depthwise(struct c2s_op *op, cnn2snn_error **error)
{
    const struct c2s_conv_attributes *a = op->layer->attributes;
    C2S_TRY(take_kernel(op, 0, a->quantizer, error));
    /* The reference's quantized depthwise layer has a bias and never adds it (spec/legacy.md c, EX-16). */
    take_bias(op, 1, a->use_bias && c2s_layer_id(op->layer) == C2S_KIND_DEPTHWISE_CONV2D);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_op_prepare_separable(struct c2s_op *op, cnn2snn_error **error)
{
    const struct c2s_conv_attributes *a = op->layer->attributes;
    C2S_TRY(take_kernel(op, 0, a->quantizer_dw, error));
    C2S_TRY(take_kernel(op, 1, a->quantizer, error));
    take_bias(op, 2, a->use_bias);
    const int64_t *shape = op->kernels[1]->shape;
    return pack(op, c2s_f32(op->kernels[1]), (size_t)shape[2], (size_t)shape[3], 1, error);
}

/*
 * A transposed convolution is a plain one with the kernel turned around over the input with zeros between its pixels.
 * The kernel is (rows, columns, filters, channels).
 */
cnn2snn_status c2s_op_prepare_transpose(struct c2s_op *op, cnn2snn_error **error)
{
    const struct c2s_conv_attributes *a = op->layer->attributes;
    C2S_TRY(take_kernel(op, 0, NULL, error));
    take_bias(op, 1, a->use_bias);
    const cnn2snn_tensor *kernel = op->kernels[0];
    size_t taps = (size_t)(kernel->shape[0] * kernel->shape[1]), filters = (size_t)kernel->shape[2];
    size_t channels = (size_t)kernel->shape[3];
    float *turned = c2s_alloc(op->context, kernel->size);
    if (!turned)
        return c2s_error_no_memory(error);
    for (size_t tap = 0; tap < taps; tap++)
        for (size_t f = 0; f < filters; f++)
            for (size_t c = 0; c < channels; c++)
                turned[((taps - 1 - tap) * channels + c) * filters + f] =
                    c2s_f32(kernel)[(tap * filters + f) * channels + c];
    cnn2snn_status status = pack(op, turned, taps * channels, filters, 1, error);
    c2s_free(op->context, turned);
    return status;
}

/* ------------------------------------------------------------------------------------------------ windows */

static cnn2snn_status window_out_of_range(const struct c2s_op *op, cnn2snn_error **error)
{
    return c2s_layer_error(op->context, error, CNN2SNN_E_LIMIT, "R-window", op->layer->name,
                           "kernel size, strides or dilation out of range");
}

/* `same` padding: more goes behind than in front. `large` is the size at the kernel's side, `small` after strides. */
static cnn2snn_status pad_same(const struct c2s_op *op, int64_t large, int64_t small, int64_t kernel, int64_t stride,
                               int64_t dilation, ptrdiff_t *before, cnn2snn_error **error)
{
    int64_t reach, span;
    if (!c2s_mul_i64(kernel - 1, dilation, &reach) || !c2s_mul_i64(small - 1, stride, &span) ||
        !c2s_add_i64(span, reach + 1, &span) || span > INT64_MAX / 4)
        return window_out_of_range(op, error);
    *before = span > large ? (ptrdiff_t)((span - large) / 2) : 0;
    return CNN2SNN_OK;
}

static bool is_transposed(enum c2s_kind_id id)
{
    return id == C2S_KIND_CONV2D_TRANSPOSE || id == C2S_KIND_QML_CONV2D_TRANSPOSE ||
           id == C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE || id == C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE;
}

cnn2snn_status c2s_convolution_window(const struct c2s_op_call *call, const int64_t kernel[2],
                                      struct c2s_window *window, cnn2snn_error **error)
{
    const struct c2s_conv_attributes *a = call->op->layer->attributes;
    const cnn2snn_tensor *in = call->inputs[0], *out = call->output;
    bool transposed = is_transposed(c2s_layer_id(call->op->layer));
    for (int axis = 0; axis < 2; axis++) {
        if (kernel[axis] < 1 || a->strides[axis] < 1 || a->dilation_rate[axis] < 1)
            return window_out_of_range(call->op, error);
        int64_t large = (transposed ? out : in)->shape[1 + axis], small = (transposed ? in : out)->shape[1 + axis];
        ptrdiff_t before = 0, reach = 0;
        C2S_TRY(
            pad_same(call->op, large, small, kernel[axis], a->strides[axis], a->dilation_rate[axis], &before, error));
        if (a->padding == C2S_VALID)
            before = 0;
        reach = (kernel[axis] - 1) * a->dilation_rate[axis];
        window->in[axis] = in->shape[1 + axis];
        window->out[axis] = out->shape[1 + axis];
        window->kernel[axis] = kernel[axis];
        window->dilation[axis] = a->dilation_rate[axis];
        window->stride[axis] = transposed ? 1 : a->strides[axis];
        window->spread[axis] = transposed ? a->strides[axis] : 1;
        window->before[axis] = transposed ? reach - before : before;
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ forward */

/* Where sums go that an activation turns into the output: GLU makes half as many of them. */
static bool needs_apart(const struct c2s_conv_attributes *a)
{
    return a->activation.function == C2S_GLU;
}

static size_t rows_of(const cnn2snn_tensor *tensor)
{
    return (size_t)(tensor->shape[0] * tensor->shape[1] * tensor->shape[2]);
}

static cnn2snn_status activate(const struct c2s_op_call *call, size_t filters, const float *sums,
                               cnn2snn_error **error)
{
    const struct c2s_conv_attributes *a = call->op->layer->attributes;
    return c2s_activation_apply(&a->activation, call->run, rows_of(call->output), filters, sums,
                                c2s_f32_writable(call->output), error);
}

cnn2snn_status c2s_op_convolve_window(const struct c2s_op_call *call, const struct c2s_window *window,
                                      const float *images, cnn2snn_error **error)
{
    const struct c2s_op *op = call->op;
    const struct c2s_conv_attributes *a = op->layer->attributes;
    struct c2s_convolution convolution = {.channels = (size_t)call->inputs[0]->shape[3],
                                          .groups = op->packed_count,
                                          .weights = op->packed,
                                          .bias = op->bias,
                                          .window = *window};
    bool done = c2s_activation_epilogue(&a->activation, &convolution.epilogue);
    size_t filters = op->packed->columns * op->packed_count;
    size_t working = c2s_convolution_scratch(c2s_worker_pool_threads(call->run->pool));
    size_t apart = needs_apart(a) ? rows_of(call->output) * filters * sizeof(float) : 0;
    void *scratch;
    C2S_TRY(c2s_run_reserve(call->run, apart + working, &scratch, error));
    float *sums = apart ? scratch : c2s_f32_writable(call->output);
    c2s_convolve(&convolution, call->run->kernels, call->run->pool, (char *)scratch + apart,
                 (size_t)call->inputs[0]->shape[0], images, sums);
    return done ? CNN2SNN_OK : activate(call, filters, sums, error);
}

cnn2snn_status c2s_op_convolution(const struct c2s_op_call *call, cnn2snn_error **error)
{
    struct c2s_window window;
    C2S_TRY(c2s_convolution_window(call, call->op->kernels[0]->shape, &window, error));
    return c2s_op_convolve_window(call, &window, c2s_f32(call->inputs[0]), error);
}

static struct c2s_depthwise depthwise_of(const struct c2s_op_call *call)
{
    const cnn2snn_tensor *kernel = call->op->kernels[0];
    return (struct c2s_depthwise){
        .channels = (size_t)kernel->shape[2], .multiplier = (size_t)kernel->shape[3], .weights = c2s_f32(kernel)};
}

cnn2snn_status c2s_op_convolve_depthwise_window(const struct c2s_op_call *call, const struct c2s_window *window,
                                                const float *images, cnn2snn_error **error)
{
    const struct c2s_conv_attributes *a = call->op->layer->attributes;
    struct c2s_depthwise depthwise = depthwise_of(call);
    depthwise.bias = call->op->bias;
    depthwise.window = *window;
    bool done = c2s_activation_epilogue(&a->activation, &depthwise.epilogue);
    size_t filters = depthwise.channels * depthwise.multiplier;
    size_t working = c2s_depthwise_scratch(&depthwise, c2s_worker_pool_threads(call->run->pool));
    size_t apart = needs_apart(a) ? rows_of(call->output) * filters * sizeof(float) : 0;
    void *scratch;
    C2S_TRY(c2s_run_reserve(call->run, apart + working, &scratch, error));
    float *sums = apart ? scratch : c2s_f32_writable(call->output);
    c2s_convolve_depthwise(&depthwise, call->run->kernels, call->run->pool, (char *)scratch + apart,
                           (size_t)call->inputs[0]->shape[0], images, sums);
    return done ? CNN2SNN_OK : activate(call, filters, sums, error);
}

cnn2snn_status c2s_op_depthwise(const struct c2s_op_call *call, cnn2snn_error **error)
{
    struct c2s_window window;
    C2S_TRY(c2s_convolution_window(call, call->op->kernels[0]->shape, &window, error));
    return c2s_op_convolve_depthwise_window(call, &window, c2s_f32(call->inputs[0]), error);
}

/* Depthwise, then pointwise; bias and activation belong to the latter. */
cnn2snn_status c2s_op_separable(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_op *op = call->op;
    const struct c2s_conv_attributes *a = op->layer->attributes;
    struct c2s_depthwise depthwise = depthwise_of(call);
    C2S_TRY(c2s_convolution_window(call, op->kernels[0]->shape, &depthwise.window, error));
    struct c2s_convolution pointwise = {.channels = depthwise.channels * depthwise.multiplier,
                                        .groups = 1,
                                        .weights = op->packed,
                                        .bias = op->bias,
                                        .window = depthwise.window};
    for (int axis = 0; axis < 2; axis++) {
        pointwise.window.in[axis] = pointwise.window.out[axis];
        pointwise.window.kernel[axis] = pointwise.window.stride[axis] = pointwise.window.dilation[axis] = 1;
        pointwise.window.before[axis] = 0;
    }
    bool done = c2s_activation_epilogue(&a->activation, &pointwise.epilogue);
    size_t threads = c2s_worker_pool_threads(call->run->pool), rows = rows_of(call->output);
    size_t between = (rows * pointwise.channels * sizeof(float) + 63) / 64 * 64;
    size_t apart = needs_apart(a) ? (rows * op->packed->columns * sizeof(float) + 63) / 64 * 64 : 0;
    size_t working = c2s_depthwise_scratch(&depthwise, threads), second = c2s_convolution_scratch(threads);
    void *scratch;
    C2S_TRY(c2s_run_reserve(call->run, between + apart + (working > second ? working : second), &scratch, error));
    float *middle = scratch, *sums = apart ? (float *)((char *)scratch + between) : c2s_f32_writable(call->output);
    void *rest = (char *)scratch + between + apart;
    size_t samples = (size_t)call->inputs[0]->shape[0];
    c2s_convolve_depthwise(&depthwise, call->run->kernels, call->run->pool, rest, samples, c2s_f32(call->inputs[0]),
                           middle);
    c2s_convolve(&pointwise, call->run->kernels, call->run->pool, rest, samples, middle, sums);
    return done ? CNN2SNN_OK : activate(call, op->packed->columns, sums, error);
}

/* ------------------------------------------------------------------------------------------------ dense */

cnn2snn_status c2s_op_prepare_dense(struct c2s_op *op, cnn2snn_error **error)
{
    const struct c2s_dense_attributes *a = op->layer->attributes;
    C2S_TRY(take_kernel(op, 0, a->quantizer, error));
    take_bias(op, 1, a->use_bias);
    const int64_t *shape = op->kernels[0]->shape;
    return pack(op, c2s_f32(op->kernels[0]), (size_t)shape[0], (size_t)shape[1], 1, error);
}

/* Every row of the last axis is a sample of its own. */
cnn2snn_status c2s_op_dense(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const struct c2s_op *op = call->op;
    const struct c2s_dense_attributes *a = op->layer->attributes;
    size_t depth = op->packed->depth, units = op->packed->columns;
    size_t rows = 1;
    for (size_t i = 0; i + 1 < call->output->rank; i++)
        rows *= (size_t)call->output->shape[i];
    struct c2s_convolution product = {.channels = depth, .groups = 1, .weights = op->packed, .bias = op->bias};
    product.window = (struct c2s_window){{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {1, 1}};
    bool done = c2s_activation_epilogue(&a->activation, &product.epilogue);
    size_t working = c2s_convolution_scratch(c2s_worker_pool_threads(call->run->pool));
    size_t apart = a->activation.function == C2S_GLU ? rows * units * sizeof(float) : 0;
    void *scratch;
    C2S_TRY(c2s_run_reserve(call->run, apart + working, &scratch, error));
    float *sums = apart ? scratch : c2s_f32_writable(call->output);
    c2s_convolve(&product, call->run->kernels, call->run->pool, (char *)scratch + apart, rows,
                 c2s_f32(call->inputs[0]), sums);
    if (done)
        return CNN2SNN_OK;
    return c2s_activation_apply(&a->activation, call->run, rows, units, sums, c2s_f32_writable(call->output), error);
}
