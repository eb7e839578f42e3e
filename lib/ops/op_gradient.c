/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients of kernels, and the products of inputs with themselves that stand for them when only kernels change. */
#include "ops/op_gradient.h"

#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/error.h"
#include "kernels/gradient.h"
#include "ops/integer_op.h"
#include "ops/op_kind.h"

static enum c2s_kind_id float_kind(const cnn2snn_layer *layer)
{
    return layer->kind->float_kind;
}

static bool is_linear_inside(const cnn2snn_layer *layer)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    const struct c2s_dense_attributes *dense = c2s_layer_dense(layer);
    return conv ? conv->activation.function == C2S_LINEAR && !conv->channels_first
                : dense && dense->activation.function == C2S_LINEAR;
}

cnn2snn_status c2s_op_check_kernel_gradient(const cnn2snn_layer *layer, cnn2snn_error **error)
{
    enum c2s_kind_id kind = float_kind(layer);
    if ((kind == C2S_KIND_CONV2D || kind == C2S_KIND_DENSE || kind == C2S_KIND_SEPARABLE_CONV2D) &&
        is_linear_inside(layer))
        return CNN2SNN_OK;
    return c2s_layer_error(layer->context, error, CNN2SNN_E_UNSUPPORTED, "R-gradient", layer->name,
                           "no gradient of the kernel for class %s with an activation or channels_first of its own",
                           layer->class_name);
}

/* ------------------------------------------------------------------------------------------------ conversions */

/* A window that stays where it is: rows of the input are rows of the matrix. */
static struct c2s_window product_window(void)
{
    return (struct c2s_window){{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {1, 1}};
}

static size_t rows_of(const cnn2snn_tensor *tensor)
{
    size_t rows = 1;
    for (size_t i = 0; i + 1 < tensor->rank; i++)
        rows *= (size_t)tensor->shape[i];
    return rows;
}

/* What the layer is as a convolution of its input with one matrix, the two kernels of a separable one joined. */
static cnn2snn_status as_convolution(const struct c2s_op *op, struct c2s_run *run, const cnn2snn_tensor *input,
                                     const cnn2snn_tensor *output, struct c2s_convolution *convolution,
                                     size_t *out_samples, cnn2snn_error **error)
{
    cnn2snn_tensor *in = (cnn2snn_tensor *)input;
    const struct c2s_op_call call = {
        .op = op, .run = run, .input_count = 1, .inputs = &in, .output = (cnn2snn_tensor *)output};
    *convolution = (struct c2s_convolution){.groups = 1, .window = product_window()};
    convolution->channels = (size_t)c2s_extent_from_end(input, 0);
    *out_samples = rows_of(input);
    if (float_kind(op->layer) == C2S_KIND_DENSE)
        return CNN2SNN_OK;
    *out_samples = (size_t)input->shape[0];
    if (float_kind(op->layer) == C2S_KIND_CONV2D)
        convolution->groups = op->packed_count;
    return c2s_convolution_window(&call, op->kernels[0]->shape, &convolution->window, error);
}

/* ------------------------------------------------------------------------------------------------ kernels */

static cnn2snn_status scratch_of(struct c2s_run *run, size_t bytes, void **out, cnn2snn_error **error)
{
    size_t working = c2s_gradient_scratch(c2s_worker_pool_threads(run->pool)) * sizeof(float);
    return c2s_run_reserve(run, working > bytes ? working : bytes, out, error);
}

/* The outputs that have gradients. */
struct gradients {
    size_t rows, filters; /* of all */
    struct c2s_some_outputs outputs;
    const float *dy; /* of those, one after the other */
    size_t *list;    /* owned, or NULL: all of them */
    float *values;
};

/* Outputs without a gradient are left out where they are a good part: behind a pooling or where nothing differs. */
static cnn2snn_status find_gradients(struct c2s_run *run, const cnn2snn_tensor *dy, struct gradients *found,
                                     cnn2snn_error **error)
{
    *found = (struct gradients){.rows = rows_of(dy), .filters = (size_t)c2s_extent_from_end(dy, 0)};
    found->dy = c2s_f32(dy);
    found->list = c2s_alloc(run->context, found->rows * sizeof *found->list);
    if (!found->list)
        return c2s_error_no_memory(error);
    size_t count = 0;
    for (size_t r = 0; r < found->rows; r++) {
        found->list[count] = r;
        count += !c2s_are_zeros(found->dy + r * found->filters, found->filters);
    }
    found->outputs = (struct c2s_some_outputs){count, found->list};
    if (count > found->rows / 4 * 3) {
        found->outputs = (struct c2s_some_outputs){found->rows, NULL};
        return CNN2SNN_OK;
    }
    found->values = c2s_alloc(run->context, count * found->filters * sizeof *found->values);
    if (!found->values)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < count; i++)
        memcpy(found->values + i * found->filters, found->dy + found->list[i] * found->filters,
               found->filters * sizeof *found->values);
    found->dy = found->values;
    return CNN2SNN_OK;
}

static void forget_gradients(struct c2s_run *run, struct gradients *found)
{
    c2s_free(run->context, found->list);
    c2s_free(run->context, found->values);
}

/* gradient[depth][filters] += transposed X times dy. */
static cnn2snn_status add_gradient(struct c2s_run *run, const struct c2s_convolution *convolution, size_t depth,
                                   const float *x, const struct c2s_some_outputs *outputs, const float *dy,
                                   size_t filters, float *gradient, cnn2snn_error **error)
{
    void *scratch = NULL;
    C2S_TRY(scratch_of(run, 0, &scratch, error));
    c2s_convolution_kernel_gradient(convolution, run->kernels, run->pool, scratch, depth, filters, x, outputs, dy,
                                    gradient);
    return CNN2SNN_OK;
}

/* dmiddle = dy times the pointwise kernel turned around. */
static cnn2snn_status back_through_pointwise(const struct c2s_op *op, struct c2s_run *run, const float *dy,
                                             size_t rows, float *dmiddle, cnn2snn_error **error)
{
    const cnn2snn_tensor *kernel = op->kernels[1];
    size_t channels = (size_t)kernel->shape[2], filters = (size_t)kernel->shape[3];
    float *turned = c2s_alloc(run->context, channels * filters * sizeof *turned);
    if (!turned)
        return c2s_error_no_memory(error);
    for (size_t c = 0; c < channels; c++)
        for (size_t f = 0; f < filters; f++)
            turned[f * channels + c] = c2s_f32(kernel)[c * filters + f];
    cnn2snn_status status = c2s_matrix_product(run, rows, filters, channels, dy, turned, dmiddle, error);
    c2s_free(run->context, turned);
    return status;
}

/* What the depthwise kernel gives for the outputs that have gradients. */
static cnn2snn_status compute_middle(const struct c2s_depthwise *depthwise, struct c2s_run *run,
                                     const cnn2snn_tensor *input, const struct c2s_some_outputs *outputs,
                                     float *middle, cnn2snn_error **error)
{
    void *scratch = NULL;
    size_t size = c2s_depthwise_scratch(depthwise, c2s_worker_pool_threads(run->pool));
    C2S_TRY(c2s_run_reserve(run, size, &scratch, error));
    if (outputs->list)
        c2s_convolve_depthwise_outputs(depthwise, run->kernels, run->pool, scratch, outputs->count, outputs->list,
                                       c2s_f32(input), middle);
    else
        c2s_convolve_depthwise(depthwise, run->kernels, run->pool, scratch, (size_t)input->shape[0], c2s_f32(input),
                               middle);
    return CNN2SNN_OK;
}

static cnn2snn_status separable_gradients(const struct c2s_op *op, struct c2s_run *run, const cnn2snn_tensor *input,
                                          const struct gradients *found, const struct c2s_window *window,
                                          cnn2snn_tensor *const *gradients, cnn2snn_error **error)
{
    const cnn2snn_tensor *kernel = op->kernels[0];
    const struct c2s_depthwise depthwise = {.window = *window,
                                            .channels = (size_t)kernel->shape[2],
                                            .multiplier = (size_t)kernel->shape[3],
                                            .weights = c2s_f32(kernel)};
    size_t count = found->outputs.count, middles = depthwise.channels * depthwise.multiplier;
    const struct c2s_convolution pointwise = {.window = product_window(), .channels = middles, .groups = 1};
    const struct c2s_some_outputs all = {count, NULL};
    float *middle = c2s_alloc(run->context, count * middles * sizeof *middle);
    cnn2snn_status status = middle ? CNN2SNN_OK : c2s_error_no_memory(error);
    if (!status)
        status = compute_middle(&depthwise, run, input, &found->outputs, middle, error);
    if (!status)
        status = add_gradient(run, &pointwise, middles, middle, &all, found->dy, found->filters,
                              c2s_f32_writable(gradients[1]), error);
    if (!status)
        status = back_through_pointwise(op, run, found->dy, count, middle, error);
    if (!status)
        c2s_depthwise_kernel_gradient(&depthwise, run->kernels, run->pool, c2s_f32(input), &found->outputs, middle,
                                      c2s_f32_writable(gradients[0]));
    c2s_free(run->context, middle);
    return status;
}

cnn2snn_status c2s_op_kernel_gradients(const struct c2s_op *op, struct c2s_run *run, const cnn2snn_tensor *input,
                                       const cnn2snn_tensor *output_gradient, cnn2snn_tensor *const *gradients,
                                       cnn2snn_error **error)
{
    struct c2s_convolution convolution;
    struct gradients found;
    size_t samples = 0;
    C2S_TRY(c2s_op_check_kernel_gradient(op->layer, error));
    C2S_TRY(as_convolution(op, run, input, output_gradient, &convolution, &samples, error));
    cnn2snn_status status = find_gradients(run, output_gradient, &found, error);
    if (status || !found.outputs.count) {
        forget_gradients(run, &found);
        return status;
    }
    if (float_kind(op->layer) == C2S_KIND_SEPARABLE_CONV2D)
        status = separable_gradients(op, run, input, &found, &convolution.window, gradients, error);
    else
        status = add_gradient(run, &convolution, (size_t)op->kernels[0]->count / found.filters, c2s_f32(input),
                              &found.outputs, found.dy, found.filters, c2s_f32_writable(gradients[0]), error);
    forget_gradients(run, &found);
    return status;
}

/* ------------------------------------------------------------------------------------------------ Gram form */

size_t c2s_op_gram_depth(const cnn2snn_layer *layer)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    enum c2s_kind_id kind = float_kind(layer);
    if (!layer->weight_count || !is_linear_inside(layer) || (conv && conv->groups != 1))
        return 0;
    const cnn2snn_tensor *kernel = layer->weights[0].tensor;
    if (kind == C2S_KIND_DENSE)
        return (size_t)kernel->shape[0];
    if (kind != C2S_KIND_CONV2D && kind != C2S_KIND_SEPARABLE_CONV2D)
        return 0;
    return (size_t)(kernel->shape[0] * kernel->shape[1] * kernel->shape[2]);
}

cnn2snn_status c2s_op_add_gram(const struct c2s_op *op, struct c2s_run *run, const cnn2snn_tensor *input,
                               const cnn2snn_tensor *output, float *gram, cnn2snn_error **error)
{
    struct c2s_convolution convolution;
    size_t samples = 0;
    void *scratch = NULL;
    C2S_TRY(as_convolution(op, run, input, output, &convolution, &samples, error));
    C2S_TRY(scratch_of(run, 0, &scratch, error));
    c2s_convolution_gram(&convolution, run->kernels, run->pool, scratch, samples, c2s_op_gram_depth(op->layer),
                         c2s_f32(input), gram);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_matrix_product(struct c2s_run *run, size_t rows, size_t depth, size_t columns, const float *a,
                                  const float *b, float *out, cnn2snn_error **error)
{
    struct c2s_packed_matrix packed = {0};
    void *scratch = NULL;
    C2S_TRY(c2s_run_reserve(run, c2s_convolution_scratch(c2s_worker_pool_threads(run->pool)), &scratch, error));
    C2S_TRY(c2s_packed_matrix_create(run->context, b, depth, columns, columns, &packed, error));
    const struct c2s_convolution product = {
        .window = product_window(), .channels = depth, .groups = 1, .weights = &packed};
    c2s_convolve(&product, run->kernels, run->pool, scratch, rows, a, out);
    c2s_free(run->context, packed.data);
    return CNN2SNN_OK;
}
