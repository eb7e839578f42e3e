/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how samples are cut into pieces, and what is kept of them. */
#include "calibrate/sampler.h"

#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "evaluate/execution_plan.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "transform/rewrite.h"

/* Memory for the values of a piece unless one sample needs more, and for the inputs that are kept unless told
 * otherwise. */
enum { PIECE_BYTES = 32 << 20, KEPT_BYTES = 512 << 20, MAX_PIECE = 64 };

/* ------------------------------------------------------------------------------------------------ making */

static cnn2snn_status check_samples(const struct c2s_graph *graph, const cnn2snn_samples *samples,
                                    struct c2s_shape *out_shape, cnn2snn_error **error)
{
    char found[C2S_SHAPE_TEXT], expected[C2S_SHAPE_TEXT];
    const cnn2snn_layer *input = graph->layers[graph->nodes[graph->inputs[0]].layer];
    struct c2s_shape shape = {.rank = c2s_samples_rank(samples)};
    memcpy(shape.extents, c2s_samples_shape(samples), shape.rank * sizeof *shape.extents);
    if (!c2s_samples_count(samples))
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "L-083", "no samples");
    if (!c2s_input_takes(input, &shape))
        return c2s_layer_error(graph->context, error, CNN2SNN_E_VALUE, "L-083", input->name,
                               "samples of shape %s, expected %s", c2s_shape_text(&shape, found, sizeof found),
                               c2s_shape_text(&graph->nodes[graph->inputs[0]].shapes[0], expected, sizeof expected));
    *out_shape = shape;
    return CNN2SNN_OK;
}

static cnn2snn_status set_batches(cnn2snn_sampler *sampler, const struct c2s_batching *batching,
                                  cnn2snn_error **error)
{
    int64_t all = c2s_samples_count(sampler->samples), size = batching->batch_size ? batching->batch_size : all;
    if (size < 0)
        return c2s_error(sampler->context, error, CNN2SNN_E_VALUE, "L-083", "batch size %lld, expected 0 or more",
                         (long long)size);
    if (size > all)
        return c2s_error(sampler->context, error, CNN2SNN_E_VALUE, "L-083", "batch size %lld, there are %lld samples",
                         (long long)size, (long long)all);
    sampler->batch_size = size;
    sampler->batch_count = all / size;
    sampler->used = batching->keep_partial ? all : sampler->batch_count * size;
    sampler->batch_count += sampler->used > sampler->batch_count * size;
    return CNN2SNN_OK;
}

/* Every layer can be run on these samples, and how much memory one needs. */
static cnn2snn_status measure(cnn2snn_sampler *sampler, double *out_bytes, cnn2snn_error **error)
{
    struct c2s_shape shape = sampler->input, next;
    *out_bytes = (double)c2s_shape_elements(&shape);
    for (size_t i = 0; i < sampler->layer_count; i++) {
        const cnn2snn_layer *layer = sampler->layers[i];
        if (layer->graph && layer->graph->output_count != 1)
            return c2s_layer_error(sampler->context, error, CNN2SNN_E_NOT_SEQUENTIAL, "L-083", layer->name,
                                   "%zu outputs, expected 1", layer->graph->output_count);
        C2S_TRY(c2s_op_check(layer, error));
        C2S_TRY(c2s_find_output_shape(layer, 1, &shape, &next, error));
        if (c2s_layer_is_quantized_neural(layer))
            C2S_TRY(c2s_layer_check_finite(layer, error));
        shape = next;
        double elements = (double)c2s_shape_elements(&shape);
        *out_bytes = elements > *out_bytes ? elements : *out_bytes;
    }
    *out_bytes *= 4 * sizeof(float); /* an input and some outputs are there at a time */
    return CNN2SNN_OK;
}

static cnn2snn_status set_pieces(cnn2snn_sampler *sampler, bool in_one, cnn2snn_error **error)
{
    double bytes = 1;
    C2S_TRY(measure(sampler, &bytes, error));
    int64_t size = bytes * MAX_PIECE < PIECE_BYTES ? MAX_PIECE : (int64_t)(PIECE_BYTES / bytes);
    size = size < 1 ? 1 : size;
    sampler->piece_size = size < sampler->batch_size && !in_one ? size : sampler->batch_size;
    sampler->pieces_in_batch = (sampler->batch_size - 1) / sampler->piece_size + 1;
    int64_t whole = sampler->used / sampler->batch_size, rest = sampler->used % sampler->batch_size;
    sampler->piece_count =
        (size_t)(whole * sampler->pieces_in_batch + (rest ? (rest - 1) / sampler->piece_size + 1 : 0));
    sampler->inputs = c2s_calloc(sampler->context, sampler->piece_count, sizeof *sampler->inputs);
    return sampler->inputs ? CNN2SNN_OK : c2s_error_no_memory(error);
}

static cnn2snn_status fill(cnn2snn_sampler *sampler, const struct c2s_batching *batching, cnn2snn_error **error)
{
    C2S_TRY(c2s_graph_linear_layers(sampler->graph, &sampler->layers, error));
    sampler->layer_count = sampler->selected = sampler->graph->node_count - 1;
    sampler->most_kept_bytes = batching->kept_bytes ? batching->kept_bytes : KEPT_BYTES;
    C2S_TRY(check_samples(sampler->graph, sampler->samples, &sampler->input, error));
    C2S_TRY(set_batches(sampler, batching, error));
    C2S_TRY(set_pieces(sampler, batching->whole, error));
    C2S_TRY(c2s_run_init(&sampler->run, sampler->context, 0, error));
    return c2s_slices_init(&sampler->slices, &sampler->run, error);
}

cnn2snn_status c2s_sampler_create(const struct c2s_graph *graph, cnn2snn_samples *samples,
                                  const struct c2s_batching *batching, cnn2snn_sampler **out_sampler,
                                  cnn2snn_error **error)
{
    cnn2snn_sampler *sampler = c2s_calloc(graph->context, 1, sizeof *sampler);
    if (!sampler)
        return c2s_error_no_memory(error);
    sampler->context = c2s_context_retain(graph->context);
    sampler->graph = c2s_graph_retain(graph);
    sampler->samples = c2s_samples_retain(samples);
    cnn2snn_status status = fill(sampler, batching, error);
    if (status)
        c2s_sampler_destroy(sampler);
    else
        *out_sampler = sampler;
    return status;
}

static void forget_selection(cnn2snn_sampler *sampler)
{
    c2s_layer_chain_destroy(sampler->before);
    c2s_layer_chain_destroy(sampler->quantized);
    c2s_layer_chain_destroy(sampler->floated);
    sampler->before = sampler->quantized = sampler->floated = NULL;
}

static void forget_input(cnn2snn_sampler *sampler, size_t piece)
{
    if (sampler->inputs[piece])
        sampler->kept_bytes -= sampler->inputs[piece]->size;
    c2s_tensor_release(sampler->inputs[piece]);
    sampler->inputs[piece] = NULL;
}

void c2s_sampler_destroy(cnn2snn_sampler *sampler)
{
    if (!sampler)
        return;
    cnn2snn_context *context = sampler->context;
    forget_selection(sampler);
    for (size_t i = 0; sampler->inputs && i < sampler->piece_count; i++)
        forget_input(sampler, i);
    c2s_slices_free(&sampler->slices);
    if (sampler->run.pool)
        c2s_run_free(&sampler->run);
    c2s_free(context, sampler->inputs);
    c2s_free(context, sampler->layers);
    c2s_graph_release(sampler->graph);
    c2s_model_destroy(sampler->like);
    c2s_samples_release(sampler->samples);
    c2s_free(context, sampler);
    c2s_context_release(context);
}

/* ------------------------------------------------------------------------------------------------ pieces */

void c2s_sampler_piece(const cnn2snn_sampler *sampler, size_t piece, int64_t *out_first, int64_t *out_count)
{
    int64_t batch = (int64_t)piece / sampler->pieces_in_batch, in_batch = (int64_t)piece % sampler->pieces_in_batch;
    int64_t first = in_batch * sampler->piece_size;
    int64_t left = c2s_sampler_batch_samples(sampler, batch) - first;
    *out_first = batch * sampler->batch_size + first;
    *out_count = left < sampler->piece_size ? left : sampler->piece_size;
}

int64_t c2s_sampler_batch_samples(const cnn2snn_sampler *sampler, int64_t batch)
{
    int64_t left = sampler->used - batch * sampler->batch_size;
    return left < sampler->batch_size ? left : sampler->batch_size;
}

size_t c2s_sampler_batch_piece(const cnn2snn_sampler *sampler, int64_t batch)
{
    return (size_t)(batch * sampler->pieces_in_batch);
}

size_t c2s_sampler_batch_pieces(const cnn2snn_sampler *sampler, int64_t batch)
{
    return (size_t)((c2s_sampler_batch_samples(sampler, batch) - 1) / sampler->piece_size + 1);
}

static void keep_input(cnn2snn_sampler *sampler, size_t piece, cnn2snn_tensor *input)
{
    if (input->size > sampler->most_kept_bytes - sampler->kept_bytes)
        return;
    sampler->inputs[piece] = c2s_tensor_retain(input);
    sampler->kept_bytes += input->size;
}

cnn2snn_status c2s_sampler_input(cnn2snn_sampler *sampler, size_t piece, cnn2snn_tensor **out_input,
                                 cnn2snn_error **error)
{
    int64_t first = 0, count = 0;
    cnn2snn_tensor *samples = NULL;
    if (sampler->inputs[piece]) {
        *out_input = c2s_tensor_retain(sampler->inputs[piece]);
        return CNN2SNN_OK;
    }
    c2s_sampler_piece(sampler, piece, &first, &count);
    C2S_TRY(c2s_samples_read(sampler->samples, first, count, &samples, error));
    cnn2snn_status status = c2s_slices_run_chain(&sampler->slices, sampler->before, samples, out_input, error);
    c2s_tensor_release(samples);
    if (!status)
        keep_input(sampler, piece, *out_input);
    return status;
}

/* ------------------------------------------------------------------------------------------------ selecting */

size_t c2s_next_activation(cnn2snn_layer *const *layers, size_t layer_count, size_t layer)
{
    for (size_t i = layer + 1; i < layer_count; i++)
        if (c2s_layer_id(layers[i]) == C2S_KIND_QUANTIZED_RELU)
            return i;
    return layer_count;
}

cnn2snn_status c2s_sampler_find(const cnn2snn_sampler *sampler, const char *name, size_t *out_layer,
                                cnn2snn_error **error)
{
    for (size_t i = 0; i < sampler->layer_count; i++)
        if (!strcmp(sampler->layers[i]->name, name)) {
            *out_layer = i;
            return CNN2SNN_OK;
        }
    return c2s_error(sampler->context, error, CNN2SNN_E_VALUE, "L-084", "the model has no layer '%s'", name);
}

/* Inputs that are kept go on through the layers between; the rest is computed from the samples when it is needed. */
static cnn2snn_status advance(cnn2snn_sampler *sampler, size_t layer, cnn2snn_error **error)
{
    const struct c2s_shape *shape = &sampler->before->shapes[sampler->before->count];
    struct c2s_layer_chain *between = NULL;
    C2S_TRY(c2s_layer_chain_create(sampler->context, shape, layer - sampler->selected,
                                   sampler->layers + sampler->selected, &between, error));
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; i < sampler->piece_count && !status; i++) {
        cnn2snn_tensor *input = sampler->inputs[i], *output = NULL;
        if (!input)
            continue;
        status = c2s_slices_run_chain(&sampler->slices, between, input, &output, error);
        forget_input(sampler, i);
        if (!status)
            keep_input(sampler, i, output);
        c2s_tensor_release(output);
    }
    c2s_layer_chain_destroy(between);
    return status;
}

/* What is looked at, with the layer's own and with float weights. */
static cnn2snn_status make_chains(cnn2snn_sampler *sampler, cnn2snn_error **error)
{
    size_t count = sampler->last - sampler->selected + 1;
    cnn2snn_layer *twin = NULL;
    const struct c2s_shape *shape = &sampler->before->shapes[sampler->before->count];
    cnn2snn_layer **layers = c2s_calloc(sampler->context, count, sizeof *layers);
    if (!layers)
        return c2s_error_no_memory(error);
    memcpy(layers, sampler->layers + sampler->selected, count * sizeof *layers);
    cnn2snn_status status = c2s_layer_make_float(layers[0], &twin, error);
    if (!status)
        status = c2s_layer_chain_create(sampler->context, shape, count, layers, &sampler->quantized, error);
    layers[0] = twin;
    if (!status)
        status = c2s_layer_chain_create(sampler->context, shape, count, layers, &sampler->floated, error);
    c2s_layer_release(twin);
    c2s_free(sampler->context, layers);
    return status;
}

static cnn2snn_status select_layer(cnn2snn_sampler *sampler, size_t layer, bool include_activation,
                                   cnn2snn_error **error)
{
    if (sampler->selected < layer)
        C2S_TRY(advance(sampler, layer, error));
    else if (sampler->selected > layer)
        for (size_t i = 0; i < sampler->piece_count; i++)
            forget_input(sampler, i);
    forget_selection(sampler);
    size_t activation =
        include_activation ? c2s_next_activation(sampler->layers, sampler->layer_count, layer) : sampler->layer_count;
    sampler->selected = layer;
    sampler->last = activation < sampler->layer_count ? activation : layer;
    C2S_TRY(
        c2s_layer_chain_create(sampler->context, &sampler->input, layer, sampler->layers, &sampler->before, error));
    return make_chains(sampler, error);
}

cnn2snn_status c2s_sampler_select(cnn2snn_sampler *sampler, size_t layer, bool include_activation,
                                  cnn2snn_error **error)
{
    if (!c2s_layer_is_quantized_neural(sampler->layers[layer]))
        return c2s_layer_error(sampler->context, error, CNN2SNN_E_VALUE, "L-084", sampler->layers[layer]->name,
                               "class %s, expected QuantizedConv2D, QuantizedSeparableConv2D or QuantizedDense",
                               sampler->layers[layer]->class_name);
    cnn2snn_status status = select_layer(sampler, layer, include_activation, error);
    if (!status)
        return CNN2SNN_OK;
    forget_selection(sampler);
    for (size_t i = 0; i < sampler->piece_count; i++)
        forget_input(sampler, i);
    sampler->selected = sampler->layer_count;
    return status;
}

cnn2snn_status c2s_sampler_replace(cnn2snn_sampler *sampler, const cnn2snn_layer *layer, cnn2snn_error **error)
{
    struct c2s_graph *graph = NULL;
    size_t index = sampler->graph->nodes[sampler->selected + 1].layer;
    cnn2snn_layer **layers = c2s_calloc(sampler->context, sampler->graph->layer_count, sizeof *layers);
    if (!layers)
        return c2s_error_no_memory(error);
    layers[index] = (cnn2snn_layer *)layer;
    cnn2snn_status status = c2s_graph_with_layers(sampler->graph, layers, &graph, error);
    c2s_free(sampler->context, layers);
    C2S_TRY(status);
    c2s_graph_release(sampler->graph);
    sampler->graph = graph;
    sampler->layers[sampler->selected] = graph->layers[index];
    c2s_layer_chain_destroy(sampler->quantized);
    c2s_layer_chain_destroy(sampler->floated);
    sampler->quantized = sampler->floated = NULL;
    status = make_chains(sampler, error);
    if (status) {
        forget_selection(sampler);
        sampler->selected = sampler->layer_count;
        for (size_t i = 0; i < sampler->piece_count; i++)
            forget_input(sampler, i);
    }
    return status;
}

/* ------------------------------------------------------------------------------------------------ outputs */

cnn2snn_status c2s_sampler_piece_outputs(cnn2snn_sampler *sampler, size_t piece, cnn2snn_tensor **out_float,
                                         cnn2snn_tensor **out_quantized, cnn2snn_error **error)
{
    cnn2snn_tensor *input = NULL;
    C2S_TRY(c2s_sampler_input(sampler, piece, &input, error));
    cnn2snn_status status = CNN2SNN_OK;
    if (out_float)
        status = c2s_slices_run_chain(&sampler->slices, sampler->floated, input, out_float, error);
    if (!status && out_quantized) {
        status = c2s_slices_run_chain(&sampler->slices, sampler->quantized, input, out_quantized, error);
        if (status && out_float) {
            c2s_tensor_release(*out_float);
            *out_float = NULL;
        }
    }
    c2s_tensor_release(input);
    return status;
}

static cnn2snn_status check_batch(const cnn2snn_sampler *sampler, int64_t batch, cnn2snn_error **error)
{
    if (sampler->selected == sampler->layer_count)
        return c2s_error(sampler->context, error, CNN2SNN_E_STATE, "L-085", "no layer is selected");
    if (batch < 0 || batch >= sampler->batch_count)
        return c2s_error(sampler->context, error, CNN2SNN_E_VALUE, "L-085", "batch %lld, there are %lld",
                         (long long)batch, (long long)sampler->batch_count);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_sampler_batch_outputs(cnn2snn_sampler *sampler, int64_t batch, bool quantized,
                                         cnn2snn_tensor **out_outputs, cnn2snn_error **error)
{
    C2S_TRY(check_batch(sampler, batch, error));
    const struct c2s_shape *shape = &sampler->quantized->shapes[sampler->quantized->count];
    int64_t extents[CNN2SNN_MAX_RANK + 1] = {c2s_sampler_batch_samples(sampler, batch)};
    cnn2snn_tensor *outputs = NULL;
    memcpy(extents + 1, shape->extents, shape->rank * sizeof *extents);
    C2S_TRY(c2s_tensor_create(sampler->context, CNN2SNN_DTYPE_FLOAT32, shape->rank + 1, extents, &outputs, error));
    size_t first = c2s_sampler_batch_piece(sampler, batch), count = c2s_sampler_batch_pieces(sampler, batch);
    cnn2snn_status status = CNN2SNN_OK;
    char *to = outputs->data;
    for (size_t i = first; i < first + count && !status; i++) {
        cnn2snn_tensor *part = NULL;
        status = c2s_sampler_piece_outputs(sampler, i, quantized ? NULL : &part, quantized ? &part : NULL, error);
        if (part) {
            memcpy(to, part->data, part->size);
            to += part->size;
        }
        c2s_tensor_release(part);
    }
    if (status)
        c2s_tensor_release(outputs);
    else
        *out_outputs = outputs;
    return status;
}
