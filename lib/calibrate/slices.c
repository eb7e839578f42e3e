/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how many samples a slice has, and which thread runs it with what memory. */
#include "calibrate/slices.h"

#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "base/worker_pool.h"
#include "layers/layer_kind.h"

/* Memory for the largest value of a slice: some of them lie in the second-level cache. */
enum { SLICE_BYTES = 192 << 10 };

/* ------------------------------------------------------------------------------------------------ making */

cnn2snn_status c2s_slices_init(struct c2s_slices *slices, struct c2s_run *run, cnn2snn_error **error)
{
    size_t threads = c2s_worker_pool_threads(run->pool);
    *slices = (struct c2s_slices){.run = run, .own = c2s_calloc(run->context, threads, sizeof *slices->own)};
    if (!slices->own)
        return c2s_error_no_memory(error);
    for (; slices->threads < threads; slices->threads++)
        C2S_TRY(c2s_run_init(&slices->own[slices->threads], run->context, 1, error));
    return CNN2SNN_OK;
}

void c2s_slices_free(struct c2s_slices *slices)
{
    for (size_t i = 0; i < slices->threads; i++)
        c2s_run_free(&slices->own[i]);
    if (slices->run)
        c2s_free(slices->run->context, slices->own);
    *slices = (struct c2s_slices){0};
}

/* ------------------------------------------------------------------------------------------------ cutting */

int64_t c2s_slice_samples(const struct c2s_layer_chain *chain, int64_t rows)
{
    int64_t largest = 1, outputs = 1;
    for (size_t i = 0; i <= chain->count; i++) {
        int64_t elements = c2s_shape_elements(&chain->shapes[i]);
        largest = elements > largest ? elements : largest;
    }
    for (size_t i = 0; chain->count && i + 1 < chain->shapes[1].rank; i++)
        outputs *= chain->shapes[1].extents[i];
    int64_t fitting = SLICE_BYTES / (int64_t)sizeof(float) / largest;
    int64_t needed = outputs > 0 ? (rows - 1) / outputs + 1 : 1;
    fitting = fitting > needed ? fitting : needed;
    return fitting > 1 ? fitting : 1;
}

size_t c2s_slice_count(int64_t samples, int64_t size)
{
    return (size_t)(samples / size + (samples % size != 0));
}

cnn2snn_status c2s_slice_of(const cnn2snn_tensor *tensor, int64_t size, size_t index, cnn2snn_tensor **out_slice,
                            cnn2snn_error **error)
{
    int64_t first = (int64_t)index * size, left = tensor->shape[0] - first;
    return c2s_tensor_slice(tensor, first, left < size ? left : size, out_slice, error);
}

/* ------------------------------------------------------------------------------------------------ running */

struct job {
    struct c2s_slices *slices;
    c2s_slice_fn function;
    void *data;
    cnn2snn_status *statuses; /* by slice */
    cnn2snn_error **errors;
};

static void run_part(void *data, size_t part, size_t thread)
{
    const struct job *job = data;
    job->statuses[part] =
        job->function(job->data, part, &job->slices->own[thread], job->errors ? &job->errors[part] : NULL);
}

/* The first failure; the others are forgotten. */
static cnn2snn_status first_failure(const struct job *job, size_t count, cnn2snn_error **error)
{
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; i < count; i++) {
        if (!status && job->statuses[i]) {
            status = job->statuses[i];
            if (error && !*error) {
                *error = job->errors[i];
                job->errors[i] = NULL;
            }
        }
        c2s_error_clear(&job->errors[i]);
    }
    return status;
}

static cnn2snn_status run_side_by_side(struct c2s_slices *slices, size_t count, c2s_slice_fn function, void *data,
                                       cnn2snn_error **error)
{
    cnn2snn_context *context = slices->run->context;
    struct job job = {.slices = slices, .function = function, .data = data};
    job.statuses = c2s_calloc(context, count, sizeof *job.statuses);
    job.errors = c2s_calloc(context, count, sizeof *job.errors);
    cnn2snn_status status = job.statuses && job.errors ? CNN2SNN_OK : c2s_error_no_memory(error);
    if (!status) {
        c2s_worker_pool_run(slices->run->pool, count, run_part, &job);
        status = first_failure(&job, count, error);
    }
    c2s_free(context, job.statuses);
    c2s_free(context, job.errors);
    return status;
}

/* Functions of the user's are called on the thread that the user called on. */
static bool calls_the_user(const struct c2s_layer_chain *chain)
{
    for (size_t i = 0; i < chain->count; i++)
        if (chain->layers[i]->graph || c2s_layer_id(chain->layers[i]) == C2S_KIND_CUSTOM)
            return true;
    return false;
}

cnn2snn_status c2s_slices_run(struct c2s_slices *slices, const struct c2s_layer_chain *chain, size_t count,
                              c2s_slice_fn function, void *data, cnn2snn_error **error)
{
    if (count >= slices->threads && !calls_the_user(chain))
        return run_side_by_side(slices, count, function, data, error);
    for (size_t i = 0; i < count; i++)
        C2S_TRY(function(data, i, slices->run, error));
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ chains */

struct chain_job {
    const struct c2s_layer_chain *chain;
    const cnn2snn_tensor *input;
    cnn2snn_tensor *output;
    int64_t size;
};

static cnn2snn_status run_slice(void *data, size_t index, struct c2s_run *run, cnn2snn_error **error)
{
    const struct chain_job *job = data;
    cnn2snn_tensor *input = NULL, *output = NULL;
    C2S_TRY(c2s_slice_of(job->input, job->size, index, &input, error));
    cnn2snn_status status = c2s_layer_chain_run(job->chain, run, input, &output, error);
    if (!status) {
        size_t sample = job->output->size / (size_t)job->output->shape[0];
        memcpy((char *)job->output->data + index * (size_t)job->size * sample, output->data, output->size);
    }
    c2s_tensor_release(output);
    c2s_tensor_release(input);
    return status;
}

cnn2snn_status c2s_slices_run_chain(struct c2s_slices *slices, const struct c2s_layer_chain *chain,
                                    const cnn2snn_tensor *input, cnn2snn_tensor **out_output, cnn2snn_error **error)
{
    struct chain_job job = {.chain = chain, .input = input, .size = c2s_slice_samples(chain, 1)};
    size_t count = c2s_slice_count(input->shape[0], job.size);
    if (count < 2 || !chain->count)
        return c2s_layer_chain_run(chain, slices->run, input, out_output, error);
    const struct c2s_shape *shape = &chain->shapes[chain->count];
    int64_t extents[CNN2SNN_MAX_RANK + 1] = {input->shape[0]};
    memcpy(extents + 1, shape->extents, shape->rank * sizeof *extents);
    C2S_TRY(
        c2s_tensor_create(slices->run->context, CNN2SNN_DTYPE_FLOAT32, shape->rank + 1, extents, &job.output, error));
    cnn2snn_status status = c2s_slices_run(slices, chain, count, run_slice, &job, error);
    if (status)
        c2s_tensor_release(job.output);
    else
        *out_output = job.output;
    return status;
}
