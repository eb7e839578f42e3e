/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adds to the biases of quantized layers the mean of what quantization takes away (spec/legacy.md f.2). The error
 * behind it follows from that before: taking the mean away from the differences takes its square from their squares.
 */
#include "calibrate/calibrate.h"

#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/report.h"
#include "calibrate/loss.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "transform/rewrite.h"

/* ------------------------------------------------------------------------------------------------ biases */

static cnn2snn_status with_zero_bias(const cnn2snn_layer *layer, const struct c2s_shape *input,
                                     cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_tensor *weights[C2S_MAX_LAYER_WEIGHTS] = {NULL};
    cnn2snn_layer *remade = NULL;
    if (!layer->built || !layer->weight_count)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "L-088", layer->name, "no weights yet");
    const cnn2snn_tensor *kernel = layer->weights[layer->weight_count - 1].tensor;
    int64_t filters = kernel->shape[kernel->rank - 1];
    json_t *config = json_copy(layer->config);
    if (!config || json_object_set_new(config, "use_bias", json_true())) {
        json_decref(config);
        return c2s_error_no_memory(error);
    }
    cnn2snn_status status = c2s_layer_remake(layer, NULL, config, 0, NULL, &remade, error);
    json_decref(config);
    for (size_t i = 0; i < layer->weight_count; i++)
        weights[i] = layer->weights[i].tensor;
    cnn2snn_tensor *bias = NULL;
    if (!status)
        status = c2s_tensor_create_zeros(layer->context, CNN2SNN_DTYPE_FLOAT32, 1, &filters, &bias, error);
    weights[layer->weight_count] = bias;
    if (!status)
        status = c2s_layer_replace_weights(remade, input, layer->weight_count + 1, weights, error);
    c2s_tensor_release(bias);
    if (status)
        c2s_layer_release(remade);
    else
        *out_layer = remade;
    return status;
}

/* A Sequential of the same layers in which every quantized one has a bias. */
static cnn2snn_status give_biases(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct c2s_layer_list list;
    size_t quantized = 0;
    c2s_layer_list_init(&list, graph->context);
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 1; i < graph->layer_count && !status; i++) {
        const cnn2snn_layer *layer = graph->layers[i];
        cnn2snn_layer *remade = NULL;
        quantized += c2s_layer_is_quantized_neural(layer);
        if (!c2s_layer_is_quantized_neural(layer) || c2s_layer_use_bias(layer)) {
            status = c2s_layer_list_add(&list, layer, error);
            continue;
        }
        status = with_zero_bias(layer, c2s_sequential_input_shape(graph, i), &remade, error);
        if (!status)
            status = c2s_layer_list_add_take(&list, remade, error);
    }
    if (!status && !quantized)
        status = c2s_advise(error,
                            c2s_error(graph->context, error, CNN2SNN_E_VALUE, "L-088",
                                      "model %s has no quantized layers", graph->name),
                            "quantize the model first");
    if (!status)
        status = c2s_sequential_rebuild(graph, &list, out_graph, error);
    c2s_layer_list_free(&list);
    return status;
}

/* ------------------------------------------------------------------------------------------------ correcting */

struct differences {
    double *sums; /* by filter */
    size_t filters;
    double squares;
    uint64_t rows;
};

static void add_differences(struct differences *differences, const cnn2snn_tensor *f, const cnn2snn_tensor *q)
{
    size_t filters = differences->filters;
    for (uint64_t i = 0; i < f->count; i += filters, differences->rows++)
        for (size_t c = 0; c < filters; c++)
            differences->sums[c] += (double)c2s_f32(f)[i + c] - (double)c2s_f32(q)[i + c];
    differences->squares += c2s_squared_distance(f, q);
}

/* Slices of a piece, each with sums of its own, which are added in order. */
struct job {
    cnn2snn_sampler *sampler;
    const cnn2snn_tensor *input;
    int64_t size; /* samples of a slice */
    struct differences *parts;
};

static cnn2snn_status gather_slice(void *data, size_t index, struct c2s_run *run, cnn2snn_error **error)
{
    const struct job *job = data;
    cnn2snn_tensor *input = NULL, *f = NULL, *q = NULL;
    C2S_TRY(c2s_slice_of(job->input, job->size, index, &input, error));
    cnn2snn_status status = c2s_layer_chain_run(job->sampler->floated, run, input, &f, error);
    if (!status)
        status = c2s_layer_chain_run(job->sampler->quantized, run, input, &q, error);
    if (!status)
        add_differences(&job->parts[index], f, q);
    c2s_tensor_release(f);
    c2s_tensor_release(q);
    c2s_tensor_release(input);
    return status;
}

static void add_part(struct differences *differences, const struct differences *part)
{
    differences->squares += part->squares;
    differences->rows += part->rows;
    for (size_t c = 0; c < differences->filters; c++)
        differences->sums[c] += part->sums[c];
}

static cnn2snn_status gather_piece(struct job *job, struct differences *differences, cnn2snn_error **error)
{
    cnn2snn_context *context = job->sampler->context;
    size_t count = c2s_slice_count(job->input->shape[0], job->size), filters = differences->filters;
    double *sums = c2s_calloc(context, count, filters * sizeof *sums);
    job->parts = c2s_calloc(context, count, sizeof *job->parts);
    cnn2snn_status status = sums && job->parts ? CNN2SNN_OK : c2s_error_no_memory(error);
    for (size_t i = 0; !status && i < count; i++)
        job->parts[i] = (struct differences){.sums = sums + i * filters, .filters = filters};
    if (!status)
        status = c2s_slices_run(&job->sampler->slices, job->sampler->quantized, count, gather_slice, job, error);
    for (size_t i = 0; !status && i < count; i++)
        add_part(differences, &job->parts[i]);
    c2s_free(context, job->parts);
    c2s_free(context, sums);
    return status;
}

static cnn2snn_status gather(cnn2snn_sampler *sampler, struct differences *differences, cnn2snn_error **error)
{
    struct job job = {.sampler = sampler, .size = c2s_slice_samples(sampler->quantized, 1)};
    for (size_t i = 0; i < sampler->piece_count; i++) {
        cnn2snn_tensor *input = NULL;
        C2S_TRY(c2s_sampler_input(sampler, i, &input, error));
        job.input = input;
        cnn2snn_status status = gather_piece(&job, differences, error);
        c2s_tensor_release(input);
        C2S_TRY(status);
    }
    return CNN2SNN_OK;
}

/* The layer with the means added to its bias, which is its last weight. */
static cnn2snn_status add_to_bias(const cnn2snn_layer *layer, const struct differences *differences,
                                  cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_tensor *weights[C2S_MAX_LAYER_WEIGHTS] = {NULL}, *bias = NULL;
    size_t last = layer->weight_count - 1;
    for (size_t i = 0; i < last; i++)
        weights[i] = layer->weights[i].tensor;
    C2S_TRY(c2s_tensor_copy(layer->weights[last].tensor, &bias, error));
    for (size_t c = 0; c < differences->filters; c++)
        c2s_f32_writable(bias)[c] += (float)(differences->sums[c] / (double)differences->rows);
    weights[last] = bias;
    cnn2snn_status status = c2s_layer_with_weights(layer, layer->weight_count, weights, out_layer, error);
    c2s_tensor_release(bias);
    return status;
}

static void tell(const cnn2snn_bias_correction_options *options, const cnn2snn_layer *layer,
                 const struct differences *differences)
{
    double elements = (double)differences->rows * (double)differences->filters, taken = 0;
    for (size_t c = 0; c < differences->filters; c++)
        taken += differences->sums[c] * differences->sums[c] / (double)differences->rows;
    cnn2snn_calibrated_layer done = {.struct_size = sizeof done, .layer_name = layer->name};
    done.error_before = differences->squares / elements;
    done.error_after = differences->squares > taken ? (differences->squares - taken) / elements : 0;
    c2s_log(layer->context, CNN2SNN_LOG_INFO, "%s: quantization error %.4f -> %.4f", layer->name, done.error_before,
            done.error_after);
    if (options->layer_done)
        options->layer_done(options->user_data, &done);
}

static cnn2snn_status correct(cnn2snn_sampler *sampler, size_t index, const cnn2snn_bias_correction_options *options,
                              cnn2snn_error **error)
{
    const cnn2snn_layer *layer = sampler->layers[index];
    cnn2snn_layer *corrected = NULL;
    C2S_TRY(c2s_sampler_select(sampler, index, false, error));
    const cnn2snn_tensor *bias = layer->weights[layer->weight_count - 1].tensor;
    struct differences differences = {.filters = (size_t)bias->shape[0]};
    if (c2s_layer_is_channels_first(layer))
        return c2s_layer_error(layer->context, error, CNN2SNN_E_UNSUPPORTED, "L-088", layer->name,
                               "data_format channels_first, expected channels_last");
    differences.sums = c2s_calloc(sampler->context, differences.filters, sizeof *differences.sums);
    cnn2snn_status status = differences.sums ? gather(sampler, &differences, error) : c2s_error_no_memory(error);
    if (!status && differences.rows) {
        tell(options, layer, &differences);
        status = add_to_bias(layer, &differences, &corrected, error);
        if (!status)
            status = c2s_sampler_replace(sampler, corrected, error);
    }
    c2s_layer_release(corrected);
    c2s_free(sampler->context, differences.sums);
    return status;
}

static cnn2snn_status correct_all(cnn2snn_sampler *sampler, const cnn2snn_bias_correction_options *options,
                                  cnn2snn_error **error)
{
    for (size_t i = 0; i < sampler->layer_count; i++) {
        C2S_TRY(c2s_progress(sampler->context, "bias_correction", i, sampler->layer_count, error));
        if (c2s_layer_is_quantized_neural(sampler->layers[i]))
            C2S_TRY(correct(sampler, i, options, error));
    }
    return c2s_progress(sampler->context, "bias_correction", sampler->layer_count, sampler->layer_count, error);
}

cnn2snn_status c2s_bias_correction(const struct c2s_graph *graph, cnn2snn_samples *samples,
                                   const cnn2snn_bias_correction_options *options, struct c2s_graph **out_graph,
                                   cnn2snn_error **error)
{
    const struct c2s_batching batching = {.batch_size = options->batch_size,
                                          .keep_partial = options->keep_partial_batch != 0};
    struct c2s_graph *biased = NULL;
    cnn2snn_sampler *sampler = NULL;
    C2S_TRY(c2s_require_sequential(graph, "bias_correction", error));
    C2S_TRY(give_biases(graph, &biased, error));
    cnn2snn_status status = c2s_sampler_create(biased, samples, &batching, &sampler, error);
    c2s_graph_release(biased);
    if (!status)
        status = correct_all(sampler, options, error);
    if (!status)
        *out_graph = c2s_graph_retain(sampler->graph);
    c2s_sampler_destroy(sampler);
    return status;
}
