/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a slice gives and in which order slices are added, so that the number of threads isn't seen. */
#include "calibrate/sample_gradients.h"

#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "calibrate/loss.h"
#include "ops/op_gradient.h"

/* Rows of outputs that a slice has at least, so that its own gradients are small beside it, and memory for gradients
 * that wait to be added. */
enum { LEAST_ROWS = 64, WAITING_BYTES = 16 << 20 };

struct c2s_gradient_slot {
    cnn2snn_tensor *gradients[2];
    double loss;
    cnn2snn_tensor **outputs; /* of the chain's layers */
};

/* ------------------------------------------------------------------------------------------------ making */

static size_t count_slots(const struct c2s_sample_gradients *gradients, int64_t most_samples)
{
    size_t slices = c2s_slice_count(most_samples, gradients->size), bytes = 1;
    for (size_t k = 0; k < gradients->kernel_count; k++)
        bytes += gradients->chain->layers[0]->weights[k].tensor->size;
    size_t fitting = WAITING_BYTES / bytes;
    fitting = fitting > gradients->slices->threads ? fitting : gradients->slices->threads;
    return fitting < slices ? fitting : slices;
}

static cnn2snn_status make_slot(const struct c2s_sample_gradients *gradients, struct c2s_gradient_slot *slot,
                                cnn2snn_error **error)
{
    cnn2snn_context *context = gradients->chain->context;
    slot->outputs = c2s_calloc(context, gradients->chain->count, sizeof(*slot->outputs));
    if (!slot->outputs)
        return c2s_error_no_memory(error);
    for (size_t k = 0; k < gradients->kernel_count; k++) {
        const cnn2snn_tensor *kernel = gradients->chain->layers[0]->weights[k].tensor;
        C2S_TRY(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, kernel->rank, kernel->shape, &slot->gradients[k],
                                  error));
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_sample_gradients_init(struct c2s_sample_gradients *gradients, struct c2s_slices *slices,
                                         const struct c2s_layer_chain *chain, const cnn2snn_loss *loss,
                                         size_t kernel_count, int64_t most_samples, cnn2snn_error **error)
{
    *gradients = (struct c2s_sample_gradients){
        .slices = slices, .chain = chain, .loss = loss, .kernel_count = kernel_count, .size = most_samples};
    if (loss->kind != CNN2SNN_LOSS_CUSTOM)
        gradients->size = c2s_slice_samples(chain, LEAST_ROWS);
    size_t count = count_slots(gradients, most_samples);
    gradients->slots = c2s_calloc(chain->context, count, sizeof *gradients->slots);
    if (!gradients->slots)
        return c2s_error_no_memory(error);
    for (gradients->slot_count = count; count-- > 0;)
        C2S_TRY(make_slot(gradients, &gradients->slots[count], error));
    return CNN2SNN_OK;
}

void c2s_sample_gradients_free(struct c2s_sample_gradients *gradients)
{
    for (size_t i = 0; i < gradients->slot_count; i++) {
        struct c2s_gradient_slot *slot = &gradients->slots[i];
        c2s_tensor_release(slot->gradients[0]);
        c2s_tensor_release(slot->gradients[1]);
        c2s_free(gradients->chain->context, slot->outputs);
    }
    if (gradients->chain)
        c2s_free(gradients->chain->context, gradients->slots);
    *gradients = (struct c2s_sample_gradients){0};
}

/* ------------------------------------------------------------------------------------------------ slices */

struct job {
    struct c2s_sample_gradients *gradients;
    const cnn2snn_tensor *input, *target;
    uint64_t elements;
    size_t first; /* slice, which has the first slot */
};

/* From the gradient of the last output, which is given up, to those of the kernels. */
static cnn2snn_status go_back(const struct c2s_layer_chain *chain, struct c2s_gradient_slot *slot,
                              struct c2s_run *run, const cnn2snn_tensor *input, cnn2snn_tensor *gradient,
                              cnn2snn_error **error)
{
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = chain->count; i-- > 1 && !status;) {
        cnn2snn_tensor *before = NULL;
        status = c2s_op_input_gradient(chain->ops[i], run, slot->outputs[i - 1], slot->outputs[i], gradient, &before,
                                       error);
        c2s_tensor_release(gradient);
        gradient = before;
    }
    if (!status)
        status = c2s_op_kernel_gradients(chain->ops[0], run, input, gradient, slot->gradients, error);
    c2s_tensor_release(gradient);
    return status;
}

static cnn2snn_status forth_and_back(const struct job *job, struct c2s_gradient_slot *slot, struct c2s_run *run,
                                     const cnn2snn_tensor *input, const cnn2snn_tensor *target, cnn2snn_error **error)
{
    const struct c2s_layer_chain *chain = job->gradients->chain;
    cnn2snn_tensor *gradient = NULL;
    C2S_TRY(c2s_layer_chain_run_all(chain, run, input, slot->outputs, error));
    cnn2snn_status status = c2s_loss_add(job->gradients->loss, target, slot->outputs[chain->count - 1], job->elements,
                                         &slot->loss, &gradient, error);
    if (!status)
        status = go_back(chain, slot, run, input, gradient, error);
    for (size_t i = 0; i < chain->count; i++) {
        c2s_tensor_release(slot->outputs[i]);
        slot->outputs[i] = NULL;
    }
    return status;
}

static cnn2snn_status compute_slice(void *data, size_t index, struct c2s_run *run, cnn2snn_error **error)
{
    const struct job *job = data;
    struct c2s_sample_gradients *gradients = job->gradients;
    struct c2s_gradient_slot *slot = &gradients->slots[index];
    cnn2snn_tensor *input = NULL, *target = NULL;
    slot->loss = 0;
    for (size_t k = 0; k < gradients->kernel_count; k++)
        memset(slot->gradients[k]->data, 0, slot->gradients[k]->size);
    C2S_TRY(c2s_slice_of(job->input, gradients->size, job->first + index, &input, error));
    cnn2snn_status status = c2s_slice_of(job->target, gradients->size, job->first + index, &target, error);
    if (!status)
        status = forth_and_back(job, slot, run, input, target, error);
    c2s_tensor_release(target);
    c2s_tensor_release(input);
    return status;
}

static void add_slot(const struct c2s_sample_gradients *gradients, const struct c2s_gradient_slot *slot, double *loss,
                     cnn2snn_tensor *const *sums)
{
    *loss += slot->loss;
    for (size_t k = 0; k < gradients->kernel_count; k++) {
        const float *from = c2s_f32(slot->gradients[k]);
        float *to = c2s_f32_writable(sums[k]);
        for (uint64_t i = 0; i < sums[k]->count; i++)
            to[i] += from[i];
    }
}

cnn2snn_status c2s_sample_gradients_add(struct c2s_sample_gradients *gradients, const cnn2snn_tensor *input,
                                        const cnn2snn_tensor *target, uint64_t elements, double *loss,
                                        cnn2snn_tensor *const *sums, cnn2snn_error **error)
{
    struct job job = {.gradients = gradients, .input = input, .target = target, .elements = elements};
    size_t count = c2s_slice_count(input->shape[0], gradients->size);
    for (size_t some; job.first < count; job.first += some) {
        some = count - job.first < gradients->slot_count ? count - job.first : gradients->slot_count;
        if (gradients->loss->kind == CNN2SNN_LOSS_CUSTOM)
            C2S_TRY(compute_slice(&job, 0, gradients->slices->run, error));
        else
            C2S_TRY(c2s_slices_run(gradients->slices, gradients->chain, some, compute_slice, &job, error));
        for (size_t i = 0; i < some; i++)
            add_slot(gradients, &gradients->slots[i], loss, sums);
    }
    return CNN2SNN_OK;
}
