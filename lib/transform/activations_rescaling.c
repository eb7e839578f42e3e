/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lowers the max_value of each QuantizedReLU to the largest output that samples give when the layer before it has
 * float weights (spec/legacy.md f.4). All samples count. For that a graph is made in which each such layer has a
 * float twin, on the same input and behind it the same layers up to the activation, whose outputs are all that is
 * asked for.
 */
#include "transform/transform.h"

#include <math.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "evaluate/evaluate.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "transform/rewrite.h"

/* Memory for the outputs that are looked at together, unless one sample needs more. */
enum { OUTPUT_BYTES = 64 << 20 };

struct rescaling {
    const struct c2s_graph *graph;
    struct c2s_graph *twins; /* the graph that is run */
    size_t *activation;      /* of each of its outputs: the layer it is about */
    size_t capacity;
    float *largest; /* by layer; only of activations */
    cnn2snn_tensor **outputs;
};

/* ------------------------------------------------------------------------------------------------ twins */

/* The node of the quantized layer that feeds an activation through layers of one input each. */
static cnn2snn_status find_neural(const struct c2s_graph *graph, size_t activation, size_t *out_node,
                                  cnn2snn_error **error)
{
    const struct c2s_node *node = &graph->nodes[activation];
    while (node->input_count == 1) {
        size_t before = node->inputs[0].node;
        node = &graph->nodes[before];
        *out_node = before;
        if (c2s_layer_is_quantized_neural(graph->layers[node->layer]))
            return CNN2SNN_OK;
    }
    return c2s_layer_error(graph->context, error, CNN2SNN_E_VALUE, "L-143",
                           graph->layers[graph->nodes[activation].layer]->name,
                           "no quantized layer before it, expected one to rescale a QuantizedReLU");
}

/* Calls the layers from behind `neural` up to `activation` once more, on the twin. */
static cnn2snn_status call_again(struct rescaling *rescaling, size_t neural, size_t activation, size_t *node,
                                 cnn2snn_error **error)
{
    const struct c2s_graph *graph = rescaling->graph;
    size_t length = 0, *way = c2s_calloc(graph->context, activation - neural, sizeof(size_t));
    if (!way)
        return c2s_error_no_memory(error);
    for (size_t i = activation; i != neural; i = graph->nodes[i].inputs[0].node)
        way[length++] = i;
    cnn2snn_status status = CNN2SNN_OK;
    while (!status && length) {
        const struct c2s_node *call = &graph->nodes[way[--length]];
        struct c2s_value input = {*node, call->inputs[0].output};
        status = c2s_graph_add_node(rescaling->twins, call->layer, 1, &input, call->arguments, node, error);
    }
    c2s_free(graph->context, way);
    return status;
}

static cnn2snn_status add_twin(struct rescaling *rescaling, size_t activation, cnn2snn_error **error)
{
    const struct c2s_graph *graph = rescaling->graph;
    size_t neural = 0, layer = 0, node = 0;
    cnn2snn_layer *twin = NULL;
    C2S_TRY(find_neural(graph, activation, &neural, error));
    const struct c2s_node *call = &graph->nodes[neural];
    C2S_TRY(c2s_layer_make_float(graph->layers[call->layer], &twin, error));
    cnn2snn_status status = c2s_graph_add_layer(rescaling->twins, twin, &layer, error);
    c2s_layer_release(twin);
    C2S_TRY(status);
    C2S_TRY(c2s_graph_add_node(rescaling->twins, layer, 1, call->inputs, call->arguments, &node, error));
    C2S_TRY(call_again(rescaling, neural, activation, &node, error));
    if (c2s_array_reserve(graph->context, &rescaling->activation, &rescaling->capacity,
                          rescaling->twins->output_count + 1, sizeof(size_t)))
        return c2s_error_no_memory(error);
    rescaling->activation[rescaling->twins->output_count] = graph->nodes[activation].layer;
    return c2s_graph_add_output(rescaling->twins, (struct c2s_value){node, 0}, error);
}

/* The graph's own layers, nodes and inputs with the numbers that they have. */
static cnn2snn_status copy_calls(struct rescaling *rescaling, cnn2snn_error **error)
{
    const struct c2s_graph *graph = rescaling->graph;
    C2S_TRY(c2s_graph_create(graph->context, graph->name, false, &rescaling->twins, error));
    for (size_t i = 0; i < graph->layer_count; i++)
        C2S_TRY(c2s_graph_add_layer(rescaling->twins, graph->layers[i], NULL, error));
    for (size_t i = 0; i < graph->node_count; i++)
        C2S_TRY(c2s_graph_add_node(rescaling->twins, graph->nodes[i].layer, graph->nodes[i].input_count,
                                   graph->nodes[i].inputs, graph->nodes[i].arguments, NULL, error));
    for (size_t i = 0; i < graph->input_count; i++)
        C2S_TRY(c2s_graph_add_input(rescaling->twins, graph->inputs[i], error));
    return CNN2SNN_OK;
}

static cnn2snn_status make_twins(struct rescaling *rescaling, cnn2snn_error **error)
{
    const struct c2s_graph *graph = rescaling->graph;
    C2S_TRY(copy_calls(rescaling, error));
    for (size_t i = 0; i < graph->node_count; i++)
        if (c2s_layer_id(graph->layers[graph->nodes[i].layer]) == C2S_KIND_QUANTIZED_RELU)
            C2S_TRY(add_twin(rescaling, i, error));
    C2S_TRY(c2s_graph_infer_shapes(rescaling->twins, error));
    rescaling->largest = c2s_calloc(graph->context, graph->layer_count, sizeof(float));
    rescaling->outputs = c2s_calloc(graph->context, rescaling->twins->output_count, sizeof(*rescaling->outputs));
    return rescaling->largest && rescaling->outputs ? CNN2SNN_OK : c2s_error_no_memory(error);
}

/* ------------------------------------------------------------------------------------------------ samples */

static cnn2snn_status check_samples(const struct c2s_graph *graph, const cnn2snn_samples *samples, int64_t batch_size,
                                    cnn2snn_error **error)
{
    if (graph->input_count != 1)
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "L-143", "%zu inputs, expected 1",
                         graph->input_count);
    size_t rank = graph->nodes[graph->inputs[0]].shapes[0].rank;
    if (c2s_samples_rank(samples) != rank)
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "L-143",
                         "samples of %zu dimensions, expected %zu with the number of samples in front",
                         c2s_samples_rank(samples) + 1, rank + 1);
    if (!c2s_samples_count(samples))
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "L-143", "no samples");
    if (batch_size < 0)
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "L-143", "batch size %lld, expected 0 or more",
                         (long long)batch_size);
    return CNN2SNN_OK;
}

static int64_t choose_batch(const struct c2s_graph *graph)
{
    double bytes = 1;
    for (size_t i = 0; i < graph->output_count; i++)
        bytes += (double)sizeof(float) *
                 (double)c2s_shape_elements(&graph->nodes[graph->outputs[i].node].shapes[graph->outputs[i].output]);
    return bytes < OUTPUT_BYTES ? (int64_t)(OUTPUT_BYTES / bytes) : 1;
}

static cnn2snn_status look_at(struct rescaling *rescaling, size_t output, cnn2snn_error **error)
{
    const cnn2snn_tensor *tensor = rescaling->outputs[output];
    size_t layer = rescaling->activation[output];
    for (uint64_t i = 0; i < tensor->count; i++) {
        float value = c2s_f32(tensor)[i];
        if (isnan(value))
            return c2s_layer_error(tensor->context, error, CNN2SNN_E_VALUE, "L-finite",
                                   rescaling->graph->layers[layer]->name, "the samples give NaN");
        if (value > rescaling->largest[layer])
            rescaling->largest[layer] = value;
    }
    return CNN2SNN_OK;
}

static cnn2snn_status run_batch(struct rescaling *rescaling, cnn2snn_samples *samples, int64_t first, int64_t count,
                                cnn2snn_error **error)
{
    cnn2snn_tensor *part = NULL;
    size_t outputs = rescaling->twins->output_count;
    C2S_TRY(c2s_samples_read(samples, first, count, &part, error));
    const cnn2snn_tensor *inputs[1] = {part};
    cnn2snn_status status = c2s_graph_evaluate(rescaling->twins, 1, inputs, NULL, rescaling->outputs, error);
    for (size_t i = 0; i < outputs && !status; i++)
        status = look_at(rescaling, i, error);
    for (size_t i = 0; i < outputs; i++) {
        c2s_tensor_release(rescaling->outputs[i]);
        rescaling->outputs[i] = NULL;
    }
    c2s_tensor_release(part);
    return status;
}

static cnn2snn_status run_samples(struct rescaling *rescaling, cnn2snn_samples *samples, int64_t batch_size,
                                  cnn2snn_error **error)
{
    int64_t all = c2s_samples_count(samples), batch = batch_size ? batch_size : choose_batch(rescaling->twins);
    for (int64_t first = 0; first < all; first += batch) {
        batch = all - first < batch ? all - first : batch;
        C2S_TRY(run_batch(rescaling, samples, first, batch, error));
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ result */

static cnn2snn_status with_max_value(const cnn2snn_layer *layer, float max_value, cnn2snn_layer **out_layer,
                                     cnn2snn_error **error)
{
    json_t *config = json_copy(layer->config);
    bool ok = config && !json_object_set_new(config, "max_value", c2s_json_number(max_value));
    cnn2snn_status status =
        ok ? c2s_layer_remake(layer, NULL, config, 0, NULL, out_layer, error) : c2s_error_no_memory(error);
    json_decref(config);
    return status;
}

static cnn2snn_status rescale(void *user_data, const struct c2s_graph *graph, cnn2snn_layer **layers,
                              cnn2snn_error **error)
{
    const struct rescaling *rescaling = user_data;
    for (size_t i = 0; i < graph->layer_count; i++) {
        const cnn2snn_layer *layer = graph->layers[i];
        if (c2s_layer_id(layer) != C2S_KIND_QUANTIZED_RELU)
            continue;
        float now = c2s_layer_quantized_activation(layer)->max_value, wanted = rescaling->largest[i];
        if (wanted <= 0) /* a step of 0 would make NaN of everything */
            c2s_log(layer->context, CNN2SNN_LOG_WARNING, "%s: no sample makes it active, max_value stays %g",
                    layer->name, (double)now);
        else if (wanted < now)
            C2S_TRY(with_max_value(layer, wanted, &layers[i], error));
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_activations_rescaling(const struct c2s_graph *graph, cnn2snn_samples *samples, int64_t batch_size,
                                         struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct rescaling rescaling = {.graph = graph};
    cnn2snn_status status = CNN2SNN_OK;
    C2S_TRY(check_samples(graph, samples, batch_size, error));
    C2S_GOTO(make_twins(&rescaling, error));
    if (rescaling.twins->output_count)
        C2S_GOTO(run_samples(&rescaling, samples, batch_size, error));
    status = c2s_graph_fill_layers(graph, rescale, &rescaling, out_graph, error);
done:
    c2s_graph_release(rescaling.twins);
    c2s_free(graph->context, rescaling.activation);
    c2s_free(graph->context, rescaling.largest);
    c2s_free(graph->context, rescaling.outputs);
    return status;
}
