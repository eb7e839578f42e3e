/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when the Gram form is taken, and computes it. G is summed in double over pieces of the samples. */
#include "calibrate/gram_form.h"

#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "layers/layer_kind.h"
#include "ops/op_gradient.h"

static bool is_separable(const cnn2snn_layer *layer)
{
    return layer->kind->float_kind == C2S_KIND_SEPARABLE_CONV2D;
}

static size_t filters_of(const cnn2snn_layer *layer)
{
    const cnn2snn_tensor *kernel = layer->weights[is_separable(layer) ? 1 : 0].tensor;
    return (size_t)kernel->shape[kernel->rank - 1];
}

/* ------------------------------------------------------------------------------------------------ choosing */

static double rows_in_all(const cnn2snn_sampler *sampler)
{
    const struct c2s_shape *shape = &sampler->quantized->shapes[1];
    double rows = (double)sampler->used;
    for (size_t i = 0; i + 1 < shape->rank; i++)
        rows *= (double)shape->extents[i];
    return rows;
}

/* Products that one output of the layer takes forward. */
static double work_of_row(const cnn2snn_layer *layer, size_t depth)
{
    if (!is_separable(layer))
        return (double)depth * (double)filters_of(layer);
    return (double)layer->weights[0].tensor->count + (double)layer->weights[1].tensor->count;
}

bool c2s_gram_form_fits(const cnn2snn_sampler *sampler)
{
    double depth = (double)c2s_op_gram_depth(sampler->layers[sampler->selected]);
    return depth > 0 && depth * depth * (double)sampler->batch_count <= C2S_GRAM_MAX_ELEMENTS &&
           sampler->last == sampler->selected;
}

bool c2s_gram_form_serves(const cnn2snn_sampler *sampler, int64_t epochs)
{
    const cnn2snn_layer *layer = sampler->layers[sampler->selected];
    size_t depth = c2s_op_gram_depth(layer);
    double rows = rows_in_all(sampler), steps = (double)epochs, square = (double)depth * (double)depth;
    double direct = rows * work_of_row(layer, depth) * 3 * steps;
    return c2s_gram_form_fits(sampler) &&
           rows * square / 2 + square * (double)filters_of(layer) * steps * (double)sampler->batch_count <= direct;
}

/* ------------------------------------------------------------------------------------------------ gathering */

/* The kernel as one matrix [depth][filters]. */
static void join(const struct c2s_gram_form *form, const float *first, const float *second, float *out)
{
    size_t filters = form->filters;
    if (!is_separable(form->layer)) {
        memcpy(out, first, form->depth * filters * sizeof *out);
        return;
    }
    const cnn2snn_tensor *depthwise = form->layer->weights[0].tensor;
    size_t multiplier = (size_t)depthwise->shape[3], channels = (size_t)depthwise->shape[2];
    for (size_t k = 0; k < form->depth; k++)
        for (size_t f = 0; f < filters; f++) {
            float sum = 0;
            for (size_t m = 0; m < multiplier; m++)
                sum += first[k * multiplier + m] * second[((k % channels) * multiplier + m) * filters + f];
            out[k * filters + f] = sum;
        }
}

/* Adds a piece's X'X to the sums; `gram` is working memory. */
static cnn2snn_status add_piece(struct c2s_gram_form *form, cnn2snn_sampler *sampler, size_t piece, float *gram,
                                double *sums, double *elements, cnn2snn_error **error)
{
    cnn2snn_tensor *input = NULL, *like = NULL;
    const struct c2s_shape *shape = &sampler->quantized->shapes[1];
    int64_t extents[CNN2SNN_MAX_RANK + 1];
    size_t square = form->depth * form->depth;
    C2S_TRY(c2s_sampler_input(sampler, piece, &input, error));
    extents[0] = input->shape[0];
    memcpy(extents + 1, shape->extents, shape->rank * sizeof *extents);
    /* Only the shape of the output counts. */
    cnn2snn_status status = c2s_tensor_wrap(form->context, CNN2SNN_DTYPE_FLOAT32, shape->rank + 1, extents, NULL,
                                            gram, NULL, NULL, &like, error);
    memset(gram, 0, square * sizeof *gram);
    if (!status)
        status = c2s_op_add_gram(sampler->quantized->ops[0], &sampler->run, input, like, gram, error);
    for (size_t i = 0; !status && i < square; i++)
        sums[i] += (double)gram[i];
    if (!status)
        *elements += (double)like->count;
    c2s_tensor_release(like);
    c2s_tensor_release(input);
    return status;
}

static cnn2snn_status gather_batch(struct c2s_gram_form *form, cnn2snn_sampler *sampler, size_t batch, double *sums,
                                   cnn2snn_error **error)
{
    size_t square = form->depth * form->depth;
    float *gram = form->grams + batch * square;
    size_t first = c2s_sampler_batch_piece(sampler, (int64_t)batch);
    size_t count = c2s_sampler_batch_pieces(sampler, (int64_t)batch);
    memset(sums, 0, square * sizeof *sums);
    for (size_t i = first; i < first + count; i++)
        C2S_TRY(add_piece(form, sampler, i, gram, sums, &form->elements[batch], error));
    for (size_t i = 0; i < square; i++)
        gram[i] = (float)sums[i];
    return CNN2SNN_OK;
}

static cnn2snn_status gather(struct c2s_gram_form *form, cnn2snn_sampler *sampler, cnn2snn_error **error)
{
    double *sums = c2s_calloc(form->context, form->depth * form->depth, sizeof *sums);
    cnn2snn_status status = sums ? CNN2SNN_OK : c2s_error_no_memory(error);
    for (size_t i = 0; !status && i < form->batches; i++)
        status = gather_batch(form, sampler, i, sums, error);
    c2s_free(form->context, sums);
    return status;
}

cnn2snn_status c2s_gram_form_init(struct c2s_gram_form *form, cnn2snn_sampler *sampler, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = sampler->layers[sampler->selected];
    *form = (struct c2s_gram_form){.context = sampler->context, .layer = c2s_layer_retain(layer)};
    form->depth = c2s_op_gram_depth(layer);
    form->filters = filters_of(layer);
    size_t matrix = form->depth * form->filters;
    form->batches = (size_t)sampler->batch_count;
    form->elements = c2s_calloc(form->context, form->batches, sizeof *form->elements);
    form->grams = c2s_calloc(form->context, form->batches, form->depth * form->depth * sizeof *form->grams);
    form->original = c2s_calloc(form->context, matrix, sizeof *form->original);
    form->matrix = c2s_calloc(form->context, matrix, sizeof *form->matrix);
    form->product = c2s_calloc(form->context, matrix, sizeof *form->product);
    if (!form->elements || !form->grams || !form->original || !form->matrix || !form->product)
        return c2s_error_no_memory(error);
    join(form, c2s_f32(layer->weights[0].tensor), is_separable(layer) ? c2s_f32(layer->weights[1].tensor) : NULL,
         form->original);
    return gather(form, sampler, error);
}

void c2s_gram_form_free(struct c2s_gram_form *form)
{
    if (!form->context)
        return;
    c2s_free(form->context, form->elements);
    c2s_free(form->context, form->grams);
    c2s_free(form->context, form->original);
    c2s_free(form->context, form->matrix);
    c2s_free(form->context, form->product);
    c2s_layer_release(form->layer);
    *form = (struct c2s_gram_form){0};
}

/* ------------------------------------------------------------------------------------------------ evaluating */

/* The gradients of both kernels of that of their joint matrix. */
static void part(const struct c2s_gram_form *form, const float *joint, const float *depthwise, const float *pointwise,
                 float *d_depthwise, float *d_pointwise)
{
    const cnn2snn_tensor *shape = form->layer->weights[0].tensor;
    size_t filters = form->filters, multiplier = (size_t)shape->shape[3], channels = (size_t)shape->shape[2];
    for (size_t k = 0; k < form->depth; k++)
        for (size_t m = 0; m < multiplier; m++) {
            size_t row = ((k % channels) * multiplier + m) * filters;
            float sum = 0, weight = depthwise[k * multiplier + m];
            for (size_t f = 0; f < filters; f++) {
                sum += joint[k * filters + f] * pointwise[row + f];
                d_pointwise[row + f] += joint[k * filters + f] * weight;
            }
            d_depthwise[k * multiplier + m] += sum;
        }
}

static void give_gradients(const struct c2s_gram_form *form, size_t batch, cnn2snn_tensor *const *kernels,
                           cnn2snn_tensor *const *gradients)
{
    size_t matrix = form->depth * form->filters;
    for (size_t i = 0; i < matrix; i++)
        form->product[i] = form->product[i] * 2 / (float)form->elements[batch];
    for (int i = 0; i < 1 + is_separable(form->layer); i++)
        memset(gradients[i]->data, 0, gradients[i]->size);
    if (is_separable(form->layer))
        part(form, form->product, c2s_f32(kernels[0]), c2s_f32(kernels[1]), c2s_f32_writable(gradients[0]),
             c2s_f32_writable(gradients[1]));
    else
        memcpy(gradients[0]->data, form->product, matrix * sizeof *form->product);
}

cnn2snn_status c2s_gram_form_evaluate(struct c2s_gram_form *form, struct c2s_run *run, size_t batch,
                                      cnn2snn_tensor *const *kernels, cnn2snn_tensor *const *gradients,
                                      double *out_error, cnn2snn_error **error)
{
    size_t matrix = form->depth * form->filters;
    double sum = 0;
    join(form, c2s_f32(kernels[0]), is_separable(form->layer) ? c2s_f32(kernels[1]) : NULL, form->matrix);
    for (size_t i = 0; i < matrix; i++)
        form->matrix[i] -= form->original[i];
    const float *gram = form->grams + batch * form->depth * form->depth;
    C2S_TRY(
        c2s_matrix_product(run, form->depth, form->depth, form->filters, gram, form->matrix, form->product, error));
    for (size_t i = 0; i < matrix; i++)
        sum += (double)form->matrix[i] * (double)form->product[i];
    *out_error = sum > 0 ? sum / form->elements[batch] : 0;
    if (gradients)
        give_gradients(form, batch, kernels, gradients);
    return CNN2SNN_OK;
}
