/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which graphs hold together. */
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "ir/graph.h"

static cnn2snn_status broken(const struct c2s_graph *graph, cnn2snn_error **error, const char *layer,
                             const char *what)
{
    return c2s_layer_error(graph->context, error, CNN2SNN_E_MALFORMED, "K-graph", layer, "model %s: %s", graph->name,
                           what);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static cnn2snn_status verify_names(const struct c2s_graph *graph, cnn2snn_error **error)
{
    const char **names = c2s_calloc(graph->context, graph->layer_count, sizeof *names);
    if (!names)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < graph->layer_count; i++)
        names[i] = graph->layers[i]->name;
    if (graph->layer_count)
        qsort(names, graph->layer_count, sizeof *names, compare_names);
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 1; i < graph->layer_count && !status; i++)
        if (!strcmp(names[i - 1], names[i]))
            status = broken(graph, error, names[i], "two layers of this name");
    c2s_free(graph->context, names);
    return status;
}

static bool value_exists(const struct c2s_graph *graph, struct c2s_value value, size_t before)
{
    return value.node < before && value.output < graph->nodes[value.node].output_count;
}

static cnn2snn_status verify_node(const struct c2s_graph *graph, size_t index, size_t *calls, cnn2snn_error **error)
{
    const struct c2s_node *node = &graph->nodes[index];
    if (node->layer >= graph->layer_count)
        return broken(graph, error, NULL, "a call of a layer that isn't there");
    const cnn2snn_layer *layer = graph->layers[node->layer];
    for (size_t i = 0; i < node->input_count; i++)
        if (!value_exists(graph, node->inputs[i], index))
            return broken(graph, error, layer->name, "called on a value that isn't there yet");
    if (node->output_count != (layer->graph ? layer->graph->output_count : 1))
        return broken(graph, error, layer->name, "number of outputs isn't the nested model's");
    if (node->call_index != calls[node->layer]++)
        return broken(graph, error, layer->name, "calls are not counted in order");
    return CNN2SNN_OK;
}

static cnn2snn_status verify_sequential(const struct c2s_graph *graph, cnn2snn_error **error)
{
    if (!graph->sequential)
        return CNN2SNN_OK;
    if (graph->node_count != graph->layer_count || graph->input_count != 1 || graph->inputs[0] != 0 ||
        graph->output_count != 1 || graph->outputs[0].node != graph->node_count - 1)
        return broken(graph, error, NULL, "a Sequential is one chain from one input to one output");
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct c2s_node *node = &graph->nodes[i];
        bool chained = i ? node->input_count == 1 && node->inputs[0].node == i - 1 && !node->inputs[0].output
                         : node->input_count == 0;
        if (node->layer != i || !chained)
            return broken(graph, error, graph->layers[i]->name, "not called once on the layer before it");
    }
    return CNN2SNN_OK;
}

/* marks: of nodes, by what they are needed for. */
enum { NEEDED = 1, GIVEN = 2 };

static cnn2snn_status verify_reached(const struct c2s_graph *graph, unsigned char *marks, cnn2snn_error **error)
{
    for (size_t i = 0; i < graph->input_count; i++) {
        if (graph->inputs[i] >= graph->node_count || graph->nodes[graph->inputs[i]].input_count)
            return broken(graph, error, NULL, "an input that is no InputLayer");
        marks[graph->inputs[i]] |= GIVEN;
    }
    for (size_t i = 0; i < graph->output_count; i++) {
        if (!value_exists(graph, graph->outputs[i], graph->node_count))
            return broken(graph, error, NULL, "an output that isn't there");
        marks[graph->outputs[i].node] |= NEEDED;
    }
    for (size_t i = graph->node_count; i-- > 0;) {
        const struct c2s_node *node = &graph->nodes[i];
        if (!(marks[i] & NEEDED))
            continue;
        if (!node->input_count && !(marks[i] & GIVEN))
            return broken(graph, error, graph->layers[node->layer]->name,
                          "needed by an output, but neither called on anything nor an input of the model");
        for (size_t k = 0; k < node->input_count; k++)
            marks[node->inputs[k].node] |= NEEDED;
    }
    return CNN2SNN_OK;
}

static cnn2snn_status verify_calls(const struct c2s_graph *graph, size_t *calls, cnn2snn_error **error)
{
    for (size_t i = 0; i < graph->node_count; i++)
        C2S_TRY(verify_node(graph, i, calls, error));
    for (size_t i = 0; i < graph->layer_count; i++)
        if (!calls[i])
            return broken(graph, error, graph->layers[i]->name, "never called");
    return CNN2SNN_OK;
}

cnn2snn_status c2s_graph_verify(const struct c2s_graph *graph, cnn2snn_error **error)
{
    if (!graph->input_count || !graph->output_count)
        return broken(graph, error, NULL, "no inputs or no outputs");
    C2S_TRY(verify_names(graph, error));
    size_t *calls = c2s_calloc(graph->context, graph->layer_count, sizeof *calls);
    unsigned char *marks = c2s_calloc(graph->context, graph->node_count, 1);
    cnn2snn_status status = calls && marks ? CNN2SNN_OK : c2s_error_no_memory(error);
    if (!status)
        status = verify_calls(graph, calls, error);
    if (!status)
        status = verify_reached(graph, marks, error);
    if (!status)
        status = verify_sequential(graph, error);
    c2s_free(graph->context, calls);
    c2s_free(graph->context, marks);
    return status;
}
