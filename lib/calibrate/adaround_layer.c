/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how a batch's loss and gradients come about: from the samples piece by piece, or in Gram form. */
#include "calibrate/adaround_layer.h"

#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "calibrate/loss.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "ops/op_gradient.h"
#include "transform/rewrite.h"

static const cnn2snn_quantizer *quantizer_of(const struct c2s_adaround_layer *work, size_t kernel)
{
    return work->kernel_count == 2 && !kernel ? c2s_layer_depthwise_quantizer(work->layer)
                                              : c2s_layer_quantizer(work->layer);
}

/* ------------------------------------------------------------------------------------------------ making */

static cnn2snn_status make_kernels(struct c2s_adaround_layer *work, size_t variable, cnn2snn_error **error)
{
    for (size_t i = 0; i < work->kernel_count; i++) {
        const cnn2snn_tensor *weights = work->layer->weights[i].tensor;
        C2S_TRY(c2s_soft_kernel_init(&work->soft[i], quantizer_of(work, i), weights, error));
        C2S_TRY(c2s_optimizer_state_init(weights->context, variable + i, (size_t)weights->count, &work->states[i],
                                         error));
        C2S_TRY(c2s_tensor_create_zeros(weights->context, CNN2SNN_DTYPE_FLOAT32, weights->rank, weights->shape,
                                        &work->gradients[i], error));
    }
    return CNN2SNN_OK;
}

/* The layer, of whatever kind, with the soft kernels for its own. */
static cnn2snn_status with_soft_kernels(const struct c2s_adaround_layer *work, const cnn2snn_layer *layer,
                                        cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_tensor *weights[C2S_MAX_LAYER_WEIGHTS] = {NULL};
    for (size_t i = 0; i < layer->weight_count; i++)
        weights[i] = i < work->kernel_count ? work->soft[i].kernel : layer->weights[i].tensor;
    return c2s_layer_with_weights(layer, layer->weight_count, weights, out_layer, error);
}

static cnn2snn_status make_chains(struct c2s_adaround_layer *work, cnn2snn_error **error)
{
    const cnn2snn_sampler *sampler = work->sampler;
    const struct c2s_shape *shape = &sampler->quantized->shapes[0];
    size_t count = sampler->quantized->count;
    cnn2snn_layer *twin = NULL, *soft = NULL;
    cnn2snn_layer **layers = c2s_calloc(sampler->context, count, sizeof *layers);
    if (!layers)
        return c2s_error_no_memory(error);
    memcpy(layers, sampler->quantized->layers, count * sizeof *layers);
    cnn2snn_status status = c2s_layer_make_float(work->layer, &twin, error);
    if (!status)
        status = with_soft_kernels(work, twin, &soft, error);
    layers[0] = twin;
    if (!status)
        status = c2s_layer_chain_create(sampler->context, shape, count, layers, &work->float_chain, error);
    layers[0] = soft;
    if (!status)
        status = c2s_layer_chain_create(sampler->context, shape, count, layers, &work->soft_chain, error);
    c2s_layer_release(twin);
    c2s_layer_release(soft);
    c2s_free(sampler->context, layers);
    return status;
}

static cnn2snn_status check(const struct c2s_adaround_layer *work, cnn2snn_error **error)
{
    const struct c2s_layer_chain *chain = work->sampler->quantized;
    C2S_TRY(c2s_op_check_kernel_gradient(work->layer, error));
    for (size_t i = 1; i < chain->count; i++)
        C2S_TRY(c2s_op_check_input_gradient(chain->layers[i], error));
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ errors */

/* The float outputs of a piece; kept from epoch to epoch in half as much memory as the inputs. */
static cnn2snn_status target_of(struct c2s_adaround_layer *work, size_t piece, const cnn2snn_tensor *input,
                                cnn2snn_tensor **out_target, cnn2snn_error **error)
{
    if (work->targets[piece]) {
        *out_target = c2s_tensor_retain(work->targets[piece]);
        return CNN2SNN_OK;
    }
    C2S_TRY(c2s_slices_run_chain(&work->sampler->slices, work->float_chain, input, out_target, error));
    if ((*out_target)->size <= work->sampler->most_kept_bytes / 2 - work->kept_bytes) {
        work->targets[piece] = c2s_tensor_retain(*out_target);
        work->kept_bytes += (*out_target)->size;
    }
    return CNN2SNN_OK;
}

/* Of the sampler's layer as it is now against the float weights that it had. */
static cnn2snn_status measure_samples(struct c2s_adaround_layer *work, double *out_error, cnn2snn_error **error)
{
    cnn2snn_sampler *sampler = work->sampler;
    double squares = 0, elements = 0;
    for (size_t i = 0; i < sampler->piece_count; i++) {
        cnn2snn_tensor *input = NULL, *f = NULL, *q = NULL;
        C2S_TRY(c2s_sampler_input(sampler, i, &input, error));
        cnn2snn_status status = target_of(work, i, input, &f, error);
        if (!status)
            status = c2s_slices_run_chain(&sampler->slices, sampler->quantized, input, &q, error);
        if (!status) {
            squares += c2s_squared_distance(f, q);
            elements += (double)f->count;
        }
        c2s_tensor_release(input);
        c2s_tensor_release(f);
        c2s_tensor_release(q);
        C2S_TRY(status);
    }
    *out_error = elements > 0 ? squares / elements : 0;
    return CNN2SNN_OK;
}

/* The same in Gram form, for kernels that are to be quantized first. */
static cnn2snn_status measure_gram(struct c2s_adaround_layer *work, cnn2snn_tensor *const *kernels, double *out_error,
                                   cnn2snn_error **error)
{
    cnn2snn_tensor *quantized[2] = {NULL};
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; i < work->kernel_count && !status; i++)
        status = c2s_quantizer_quantize(quantizer_of(work, i), kernels[i], &quantized[i], error);
    double sum = 0, elements = 0;
    for (size_t b = 0; b < work->gram.batches && !status; b++) {
        double part = 0;
        status = c2s_gram_form_evaluate(&work->gram, &work->sampler->run, b, quantized, NULL, &part, error);
        sum += part * work->gram.elements[b];
        elements += work->gram.elements[b];
    }
    if (!status)
        *out_error = sum / elements;
    c2s_tensor_release(quantized[0]);
    c2s_tensor_release(quantized[1]);
    return status;
}

/* ------------------------------------------------------------------------------------------------ objects */

static cnn2snn_status fill(struct c2s_adaround_layer *work, bool gram, size_t variable, cnn2snn_error **error)
{
    cnn2snn_sampler *sampler = work->sampler;
    C2S_TRY(check(work, error));
    C2S_TRY(make_kernels(work, variable, error));
    work->targets = c2s_calloc(sampler->context, sampler->piece_count, sizeof *work->targets);
    if (!work->targets)
        return c2s_error_no_memory(error);
    if (!gram) {
        C2S_TRY(make_chains(work, error));
        C2S_TRY(c2s_sample_gradients_init(&work->direct, &sampler->slices, work->soft_chain, work->loss,
                                          work->kernel_count, sampler->piece_size, error));
        return measure_samples(work, &work->error_before, error);
    }
    cnn2snn_tensor *const kernels[2] = {work->layer->weights[0].tensor,
                                        work->kernel_count == 2 ? work->layer->weights[1].tensor : NULL};
    C2S_TRY(c2s_gram_form_init(&work->gram, sampler, error));
    return measure_gram(work, kernels, &work->error_before, error);
}

cnn2snn_status c2s_adaround_layer_init(struct c2s_adaround_layer *work, cnn2snn_sampler *sampler,
                                       const cnn2snn_loss *loss, bool gram, size_t variable, cnn2snn_error **error)
{
    *work = (struct c2s_adaround_layer){.sampler = sampler, .loss = loss};
    work->layer = c2s_layer_retain(sampler->layers[sampler->selected]);
    work->kernel_count = work->layer->kind->float_kind == C2S_KIND_SEPARABLE_CONV2D ? 2 : 1;
    return fill(work, gram, variable, error);
}

void c2s_adaround_layer_free(struct c2s_adaround_layer *work)
{
    cnn2snn_context *context = work->sampler->context;
    for (size_t i = 0; i < 2; i++) {
        c2s_soft_kernel_free(&work->soft[i]);
        c2s_optimizer_state_free(context, &work->states[i]);
        c2s_tensor_release(work->gradients[i]);
    }
    for (size_t i = 0; work->targets && i < work->sampler->piece_count; i++)
        c2s_tensor_release(work->targets[i]);
    c2s_gram_form_free(&work->gram);
    c2s_sample_gradients_free(&work->direct);
    c2s_layer_chain_destroy(work->soft_chain);
    c2s_layer_chain_destroy(work->float_chain);
    c2s_free(context, work->targets);
    c2s_layer_release(work->layer);
    *work = (struct c2s_adaround_layer){.sampler = work->sampler};
}

/* ------------------------------------------------------------------------------------------------ batches */

static cnn2snn_status add_piece(struct c2s_adaround_layer *work, size_t piece, uint64_t elements, double *loss,
                                cnn2snn_error **error)
{
    cnn2snn_tensor *input = NULL, *target = NULL;
    C2S_TRY(c2s_sampler_input(work->sampler, piece, &input, error));
    cnn2snn_status status = target_of(work, piece, input, &target, error);
    if (!status)
        status = c2s_sample_gradients_add(&work->direct, input, target, elements, loss, work->gradients, error);
    c2s_tensor_release(target);
    c2s_tensor_release(input);
    return status;
}

/* The first op of the soft chain holds the kernels packed: it is made again. */
static cnn2snn_status take_kernels(struct c2s_layer_chain *chain, cnn2snn_error **error)
{
    c2s_op_destroy(chain->ops[0]);
    chain->ops[0] = NULL;
    return c2s_op_prepare(chain->layers[0], &chain->ops[0], error);
}

cnn2snn_status c2s_adaround_layer_batch(struct c2s_adaround_layer *work, int64_t batch, double *out_loss,
                                        cnn2snn_error **error)
{
    cnn2snn_sampler *sampler = work->sampler;
    cnn2snn_tensor *const kernels[2] = {work->soft[0].kernel, work->soft[1].kernel};
    if (work->gram.context)
        return c2s_gram_form_evaluate(&work->gram, &sampler->run, (size_t)batch, kernels, work->gradients, out_loss,
                                      error);
    C2S_TRY(take_kernels(work->soft_chain, error));
    for (size_t i = 0; i < work->kernel_count; i++)
        memset(work->gradients[i]->data, 0, work->gradients[i]->size);
    size_t first = c2s_sampler_batch_piece(sampler, batch), count = c2s_sampler_batch_pieces(sampler, batch);
    uint64_t elements = (uint64_t)(c2s_sampler_batch_samples(sampler, batch) *
                                   c2s_shape_elements(&work->soft_chain->shapes[work->soft_chain->count]));
    *out_loss = 0;
    for (size_t i = first; i < first + count; i++)
        C2S_TRY(add_piece(work, i, elements, out_loss, error));
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ results */

static cnn2snn_status count_changes(const struct c2s_adaround_layer *work, cnn2snn_calibrated_layer *done,
                                    cnn2snn_error **error)
{
    for (size_t k = 0; k < work->kernel_count; k++) {
        cnn2snn_tensor *before = NULL, *after = NULL;
        C2S_TRY(c2s_quantizer_quantize(quantizer_of(work, k), work->layer->weights[k].tensor, &before, error));
        cnn2snn_status status = c2s_quantizer_quantize(quantizer_of(work, k), work->soft[k].kernel, &after, error);
        for (uint64_t i = 0; !status && i < before->count; i++)
            done->changed_weights += c2s_f32(before)[i] != c2s_f32(after)[i];
        done->weight_count += before->count;
        c2s_tensor_release(before);
        c2s_tensor_release(after);
        C2S_TRY(status);
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_adaround_layer_finish(struct c2s_adaround_layer *work, cnn2snn_calibrated_layer *out_done,
                                         cnn2snn_error **error)
{
    cnn2snn_layer *rounded = NULL;
    cnn2snn_tensor *const kernels[2] = {work->soft[0].kernel, work->soft[1].kernel};
    out_done->layer_name = work->layer->name;
    out_done->error_before = work->error_before;
    C2S_TRY(count_changes(work, out_done, error));
    C2S_TRY(with_soft_kernels(work, work->layer, &rounded, error));
    cnn2snn_status status = c2s_sampler_replace(work->sampler, rounded, error);
    c2s_layer_release(rounded);
    C2S_TRY(status);
    return work->gram.context ? measure_gram(work, kernels, &out_done->error_after, error)
                              : measure_samples(work, &out_done->error_after, error);
}
