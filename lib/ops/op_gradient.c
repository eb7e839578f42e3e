/* SPDX-License-Identifier: Apache-2.0 */
/* Gradients of kernels, and the products of inputs with themselves that stand for them when only kernels change. */
#include "ops/op_gradient.h"

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

/* Adds to a gradient of shape [..., filters], which lies group by group beside one another. */
static void add_groups(const float *grouped, size_t depth, size_t columns, size_t groups, float *gradient)
{
    for (size_t g = 0; g < groups; g++)
        for (size_t k = 0; k < depth; k++)
            for (size_t f = 0; f < columns; f++)
                gradient[(k * groups + g) * columns + f] += grouped[(g * depth + k) * columns + f];
}

static cnn2snn_status pack_groups(cnn2snn_context *context, const float *dy, size_t rows, size_t filters,
                                  size_t groups, struct c2s_packed_matrix *packed, cnn2snn_error **error)
{
    for (size_t g = 0; g < groups; g++)
        C2S_TRY(c2s_packed_matrix_create(context, dy + g * (filters / groups), rows, filters / groups, filters,
                                         &packed[g], error));
    return CNN2SNN_OK;
}

/* gradient[depth][filters] += transposed X times dy. */
static cnn2snn_status add_gradient(struct c2s_run *run, const struct c2s_convolution *convolution, size_t depth,
                                   const float *x, const float *dy, size_t rows, size_t filters, float *gradient,
                                   cnn2snn_error **error)
{
    cnn2snn_context *context = run->context;
    size_t groups = convolution->groups, columns = filters / groups;
    struct c2s_packed_matrix *packed = c2s_calloc(context, groups, sizeof *packed);
    float **parts = c2s_calloc(context, groups, sizeof *parts);
    float *grouped = groups > 1 ? c2s_calloc(context, depth * filters, sizeof *grouped) : NULL;
    void *scratch = NULL;
    cnn2snn_status status = packed && parts && (groups == 1 || grouped) ? CNN2SNN_OK : c2s_error_no_memory(error);
    if (!status)
        status = pack_groups(context, dy, rows, filters, groups, packed, error);
    if (!status)
        status = scratch_of(run, 0, &scratch, error);
    for (size_t g = 0; !status && g < groups; g++)
        parts[g] = groups > 1 ? grouped + g * depth * columns : gradient;
    if (!status)
        c2s_convolution_kernel_gradient(convolution, run->kernels, run->pool, scratch, depth, x, packed, parts);
    if (!status && groups > 1)
        add_groups(grouped, depth, columns, groups, gradient);
    for (size_t g = 0; packed && g < groups; g++)
        c2s_free(context, packed[g].data);
    c2s_free(context, packed);
    c2s_free(context, parts);
    c2s_free(context, grouped);
    return status;
}

/* dmiddle = dy times the pointwise kernel turned around. */
static cnn2snn_status back_through_pointwise(const struct c2s_op *op, struct c2s_run *run, const float *dy,
                                             size_t rows, float *dmiddle, cnn2snn_error **error)
{
    const cnn2snn_tensor *kernel = op->kernels[1];
    size_t channels = (size_t)kernel->shape[2], filters = (size_t)kernel->shape[3];
    float *turned = c2s_calloc(run->context, channels * filters, sizeof *turned);
    if (!turned)
        return c2s_error_no_memory(error);
    for (size_t c = 0; c < channels; c++)
        for (size_t f = 0; f < filters; f++)
            turned[f * channels + c] = c2s_f32(kernel)[c * filters + f];
    cnn2snn_status status = c2s_matrix_product(run, rows, filters, channels, dy, turned, dmiddle, error);
    c2s_free(run->context, turned);
    return status;
}

static cnn2snn_status separable_gradients(const struct c2s_op *op, struct c2s_run *run, const cnn2snn_tensor *input,
                                          const cnn2snn_tensor *dy, const struct c2s_window *window,
                                          cnn2snn_tensor *const *gradients, cnn2snn_error **error)
{
    const cnn2snn_tensor *kernel = op->kernels[0];
    const struct c2s_depthwise depthwise = {.window = *window,
                                            .channels = (size_t)kernel->shape[2],
                                            .multiplier = (size_t)kernel->shape[3],
                                            .weights = c2s_f32(kernel)};
    size_t threads = c2s_worker_pool_threads(run->pool), samples = (size_t)input->shape[0], rows = rows_of(dy);
    size_t middles = depthwise.channels * depthwise.multiplier, filters = (size_t)op->kernels[1]->shape[3];
    size_t forward = c2s_depthwise_scratch(&depthwise, threads);
    size_t backward = c2s_depthwise_gradient_scratch(&depthwise, threads);
    const struct c2s_convolution pointwise = {.window = product_window(), .channels = middles, .groups = 1};
    void *scratch = NULL;
    float *middle = c2s_calloc(run->context, rows * middles, sizeof *middle);
    cnn2snn_status status = middle ? CNN2SNN_OK : c2s_error_no_memory(error);
    if (!status)
        status = c2s_run_reserve(run, forward > backward ? forward : backward, &scratch, error);
    if (!status) {
        c2s_convolve_depthwise(&depthwise, run->kernels, run->pool, scratch, samples, c2s_f32(input), middle);
        status = add_gradient(run, &pointwise, middles, middle, c2s_f32(dy), rows, filters,
                              c2s_f32_writable(gradients[1]), error);
    }
    if (!status)
        status = back_through_pointwise(op, run, c2s_f32(dy), rows, middle, error);
    if (!status)
        status = c2s_run_reserve(run, backward, &scratch, error);
    if (!status)
        c2s_depthwise_kernel_gradient(&depthwise, run->kernels, run->pool, scratch, samples, c2s_f32(input), middle,
                                      c2s_f32_writable(gradients[0]));
    c2s_free(run->context, middle);
    return status;
}

cnn2snn_status c2s_op_kernel_gradients(const struct c2s_op *op, struct c2s_run *run, const cnn2snn_tensor *input,
                                       const cnn2snn_tensor *output_gradient, cnn2snn_tensor *const *gradients,
                                       cnn2snn_error **error)
{
    struct c2s_convolution convolution;
    size_t samples = 0, filters = (size_t)c2s_extent_from_end(output_gradient, 0);
    C2S_TRY(c2s_op_check_kernel_gradient(op->layer, error));
    C2S_TRY(as_convolution(op, run, input, output_gradient, &convolution, &samples, error));
    if (float_kind(op->layer) == C2S_KIND_SEPARABLE_CONV2D)
        return separable_gradients(op, run, input, output_gradient, &convolution.window, gradients, error);
    size_t depth = (size_t)op->kernels[0]->count / filters;
    return add_gradient(run, &convolution, depth, c2s_f32(input), c2s_f32(output_gradient), rows_of(output_gradient),
                        filters, c2s_f32_writable(gradients[0]), error);
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
