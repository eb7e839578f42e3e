/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how graphs are put together and how one is derived from another. */
#include "ir/graph.h"

#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"

static void free_node(cnn2snn_context *context, struct c2s_node *node)
{
    c2s_free(context, node->inputs);
    c2s_free(context, node->shapes);
    json_decref(node->arguments);
}

static void destroy(struct c2s_graph *graph)
{
    cnn2snn_context *context = graph->context;
    for (size_t i = 0; i < graph->node_count; i++)
        free_node(context, &graph->nodes[i]);
    for (size_t i = 0; i < graph->layer_count; i++)
        c2s_layer_release(graph->layers[i]);
    c2s_free(context, graph->nodes);
    c2s_free(context, graph->layers);
    c2s_free(context, graph->call_counts);
    c2s_free(context, graph->inputs);
    c2s_free(context, graph->outputs);
    c2s_free(context, graph->name);
    json_decref(graph->config_extras);
    c2s_free(context, graph);
    c2s_context_release(context);
}

static cnn2snn_status malformed(const struct c2s_graph *graph, cnn2snn_error **error, const char *what, size_t index,
                                size_t count)
{
    return c2s_error(graph->context, error, CNN2SNN_E_MALFORMED, "K-graph", "model %s: %s %zu, but there are %zu",
                     graph->name, what, index, count);
}

static cnn2snn_status check_count(const struct c2s_graph *graph, size_t count, const char *what,
                                  cnn2snn_error **error)
{
    if (count < graph->context->max_nodes)
        return CNN2SNN_OK;
    return c2s_error(graph->context, error, CNN2SNN_E_LIMIT, "K-nodes",
                     "model %s: more than %u %s, the context's max_nodes", graph->name,
                     (unsigned)graph->context->max_nodes, what);
}

cnn2snn_status c2s_graph_create(cnn2snn_context *context, const char *name, bool sequential,
                                struct c2s_graph **out_graph, cnn2snn_error **error)
{
    *out_graph = NULL;
    struct c2s_graph *graph = c2s_calloc(context, 1, sizeof *graph);
    if (!graph)
        return c2s_error_no_memory(error);
    graph->context = c2s_context_retain(context);
    atomic_init(&graph->references, 1);
    graph->sequential = sequential;
    graph->name = c2s_strdup(context, name ? name : sequential ? "sequential" : "model");
    if (!graph->name) {
        destroy(graph);
        return c2s_error_no_memory(error);
    }
    *out_graph = graph;
    return CNN2SNN_OK;
}

struct c2s_graph *c2s_graph_retain(const struct c2s_graph *graph)
{
    struct c2s_graph *mutable_graph = (struct c2s_graph *)graph;
    atomic_fetch_add_explicit(&mutable_graph->references, 1, memory_order_relaxed);
    return mutable_graph;
}

void c2s_graph_release(struct c2s_graph *graph)
{
    if (graph && atomic_fetch_sub_explicit(&graph->references, 1, memory_order_acq_rel) == 1)
        destroy(graph);
}

cnn2snn_status c2s_graph_add_layer(struct c2s_graph *graph, cnn2snn_layer *layer, size_t *out_index,
                                   cnn2snn_error **error)
{
    C2S_TRY(check_count(graph, graph->layer_count, "layers", error));
    size_t need = graph->layer_count + 1;
    if (c2s_array_reserve(graph->context, &graph->layers, &graph->layer_capacity, need, sizeof *graph->layers) ||
        c2s_array_reserve(graph->context, &graph->call_counts, &graph->call_capacity, need,
                          sizeof *graph->call_counts))
        return c2s_error_no_memory(error);
    graph->layers[graph->layer_count] = c2s_layer_retain(layer);
    graph->call_counts[graph->layer_count] = 0;
    if (out_index)
        *out_index = graph->layer_count;
    graph->layer_count++;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_graph_add_node(struct c2s_graph *graph, size_t layer, size_t input_count,
                                  const struct c2s_value *inputs, json_t *arguments, size_t *out_node,
                                  cnn2snn_error **error)
{
    cnn2snn_context *context = graph->context;
    C2S_TRY(check_count(graph, graph->node_count, "calls", error));
    if (layer >= graph->layer_count)
        return malformed(graph, error, "call of layer", layer, graph->layer_count);
    for (size_t i = 0; i < input_count; i++)
        if (inputs[i].node >= graph->node_count)
            return malformed(graph, error, "call on node", inputs[i].node, graph->node_count);
    if (c2s_array_reserve(context, &graph->nodes, &graph->node_capacity, graph->node_count + 1, sizeof *graph->nodes))
        return c2s_error_no_memory(error);
    struct c2s_node node = {.layer = layer, .input_count = input_count};
    node.inputs = c2s_calloc(context, input_count, sizeof *node.inputs);
    if (!node.inputs)
        return c2s_error_no_memory(error);
    if (input_count)
        memcpy(node.inputs, inputs, input_count * sizeof *inputs);
    const struct c2s_graph *nested = graph->layers[layer]->graph;
    node.output_count = nested ? nested->output_count : 1;
    node.call_index = graph->call_counts[layer]++;
    node.arguments = json_incref(arguments);
    graph->nodes[graph->node_count] = node;
    if (out_node)
        *out_node = graph->node_count;
    graph->node_count++;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_graph_add_input(struct c2s_graph *graph, size_t node, cnn2snn_error **error)
{
    if (node >= graph->node_count)
        return malformed(graph, error, "input from node", node, graph->node_count);
    if (c2s_array_reserve(graph->context, &graph->inputs, &graph->input_capacity, graph->input_count + 1,
                          sizeof *graph->inputs))
        return c2s_error_no_memory(error);
    graph->inputs[graph->input_count++] = node;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_graph_add_output(struct c2s_graph *graph, struct c2s_value value, cnn2snn_error **error)
{
    if (value.node >= graph->node_count)
        return malformed(graph, error, "output from node", value.node, graph->node_count);
    if (c2s_array_reserve(graph->context, &graph->outputs, &graph->output_capacity, graph->output_count + 1,
                          sizeof *graph->outputs))
        return c2s_error_no_memory(error);
    graph->outputs[graph->output_count++] = value;
    return CNN2SNN_OK;
}

int64_t c2s_graph_find_layer(const struct c2s_graph *graph, const char *name)
{
    for (size_t i = 0; i < graph->layer_count; i++)
        if (!strcmp(graph->layers[i]->name, name))
            return (int64_t)i;
    return -1;
}

static cnn2snn_status fill_like(struct c2s_graph *copy, const struct c2s_graph *graph, cnn2snn_layer *const *layers,
                                cnn2snn_error **error)
{
    for (size_t i = 0; i < graph->layer_count; i++)
        C2S_TRY(c2s_graph_add_layer(copy, layers && layers[i] ? layers[i] : graph->layers[i], NULL, error));
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct c2s_node *node = &graph->nodes[i];
        C2S_TRY(c2s_graph_add_node(copy, node->layer, node->input_count, node->inputs, node->arguments, NULL, error));
    }
    for (size_t i = 0; i < graph->input_count; i++)
        C2S_TRY(c2s_graph_add_input(copy, graph->inputs[i], error));
    for (size_t i = 0; i < graph->output_count; i++)
        C2S_TRY(c2s_graph_add_output(copy, graph->outputs[i], error));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_graph_replace_layers(const struct c2s_graph *graph, cnn2snn_layer *const *layers,
                                        struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct c2s_graph *copy;
    *out_graph = NULL;
    C2S_TRY(c2s_graph_create(graph->context, graph->name, graph->sequential, &copy, error));
    copy->input_is_implicit = graph->input_is_implicit;
    copy->config_extras = json_incref(graph->config_extras);
    cnn2snn_status status = fill_like(copy, graph, layers, error);
    if (status)
        destroy(copy);
    else
        *out_graph = copy;
    return status;
}

static cnn2snn_status fill_sequential(struct c2s_graph *graph, cnn2snn_layer *input_layer, size_t count,
                                      cnn2snn_layer *const *layers, cnn2snn_error **error)
{
    size_t index, node;
    C2S_TRY(c2s_graph_add_layer(graph, input_layer, &index, error));
    C2S_TRY(c2s_graph_add_node(graph, index, 0, NULL, NULL, &node, error));
    C2S_TRY(c2s_graph_add_input(graph, node, error));
    for (size_t i = 0; i < count; i++) {
        struct c2s_value before = {.node = node, .output = 0};
        C2S_TRY(c2s_graph_add_layer(graph, layers[i], &index, error));
        C2S_TRY(c2s_graph_add_node(graph, index, 1, &before, NULL, &node, error));
    }
    return c2s_graph_add_output(graph, (struct c2s_value){.node = node, .output = 0}, error);
}

cnn2snn_status c2s_graph_create_sequential(cnn2snn_context *context, const char *name, cnn2snn_layer *input_layer,
                                           size_t count, cnn2snn_layer *const *layers, struct c2s_graph **out_graph,
                                           cnn2snn_error **error)
{
    struct c2s_graph *graph;
    *out_graph = NULL;
    C2S_TRY(c2s_graph_create(context, name, true, &graph, error));
    cnn2snn_status status = fill_sequential(graph, input_layer, count, layers, error);
    if (status)
        destroy(graph);
    else
        *out_graph = graph;
    return status;
}
