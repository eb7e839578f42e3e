/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the order of layers in files: Keras's, so that it finds the weights where it looks for them. */
#include "formats/keras_layer_order.h"

#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"

struct step {
    size_t node;
    size_t next; /* input to look at */
};

struct ranked_layer {
    size_t layer;
    size_t depth;
    size_t met; /* how many layers the walk had met before; inputs that nothing needs come first */
};

struct ranking {
    const struct c2s_graph *graph;
    size_t *after; /* nodes, each behind those that it takes values of */
    size_t after_count;
    bool *seen;
    size_t *node_depths;
    struct ranked_layer *layers;
    size_t met;
    struct step *stack;
};

static void meet(struct ranking *ranking, size_t node)
{
    struct ranked_layer *layer = &ranking->layers[ranking->graph->nodes[node].layer];
    ranking->seen[node] = true;
    if (layer->met == SIZE_MAX)
        layer->met = ranking->met++;
}

/* Depth first from a node towards the inputs, without recursion. */
static void walk(struct ranking *ranking, size_t first)
{
    size_t depth = 0;
    if (ranking->seen[first])
        return;
    meet(ranking, first);
    ranking->stack[depth++] = (struct step){first, 0};
    while (depth) {
        struct step *step = &ranking->stack[depth - 1];
        const struct c2s_node *node = &ranking->graph->nodes[step->node];
        if (step->next == node->input_count) {
            ranking->after[ranking->after_count++] = step->node;
            depth--;
            continue;
        }
        size_t input = node->inputs[step->next++].node;
        if (!ranking->seen[input]) {
            meet(ranking, input);
            ranking->stack[depth++] = (struct step){input, 0};
        }
    }
}

/* Longest ways to an output; all calls of a layer count for it. */
static void set_depths(struct ranking *ranking)
{
    for (size_t i = ranking->after_count; i-- > 0;) {
        size_t number = ranking->after[i];
        const struct c2s_node *node = &ranking->graph->nodes[number];
        struct ranked_layer *layer = &ranking->layers[node->layer];
        size_t depth = ranking->node_depths[number] > layer->depth ? ranking->node_depths[number] : layer->depth;
        layer->depth = ranking->node_depths[number] = depth;
        for (size_t k = 0; k < node->input_count; k++) {
            size_t *input = &ranking->node_depths[node->inputs[k].node];
            if (*input < depth + 1)
                *input = depth + 1;
        }
    }
}

static int compare_layers(const void *a, const void *b)
{
    const struct ranked_layer *one = a, *other = b;
    if (one->depth != other->depth)
        return one->depth > other->depth ? -1 : 1;
    /* what wasn't met counts as -1 */
    size_t met = one->met + 1, other_met = other->met + 1;
    if (met != other_met)
        return met < other_met ? -1 : 1;
    return one->layer < other->layer ? -1 : one->layer > other->layer;
}

static void keep_inputs(struct ranking *ranking)
{
    for (size_t i = 0; i < ranking->graph->input_count; i++)
        ranking->seen[ranking->graph->inputs[i]] = true;
}

static cnn2snn_status fill_order(struct ranking *ranking, struct c2s_layer_order *order, cnn2snn_error **error)
{
    const struct c2s_graph *graph = ranking->graph;
    size_t *counts = c2s_calloc(graph->context, graph->layer_count, sizeof *counts);
    if (!counts)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < graph->node_count; i++)
        order->calls[i] = ranking->seen[i] ? counts[graph->nodes[i].layer]++ : SIZE_MAX;
    qsort(ranking->layers, graph->layer_count, sizeof *ranking->layers, compare_layers);
    for (size_t i = 0; i < graph->layer_count; i++)
        if (counts[ranking->layers[i].layer])
            order->layers[order->count++] = ranking->layers[i].layer;
    c2s_free(graph->context, counts);
    return CNN2SNN_OK;
}

static cnn2snn_status rank(struct ranking *ranking, struct c2s_layer_order *order, cnn2snn_error **error)
{
    const struct c2s_graph *graph = ranking->graph;
    for (size_t i = 0; i < graph->layer_count; i++)
        ranking->layers[i] = (struct ranked_layer){i, 0, SIZE_MAX};
    for (size_t i = 0; i < graph->output_count; i++)
        walk(ranking, graph->outputs[i].node);
    set_depths(ranking);
    keep_inputs(ranking);
    return fill_order(ranking, order, error);
}

cnn2snn_status c2s_layer_order_of(const struct c2s_graph *graph, struct c2s_layer_order *order, cnn2snn_error **error)
{
    cnn2snn_context *context = graph->context;
    struct ranking ranking = {.graph = graph,
                              .after = c2s_calloc(context, graph->node_count, sizeof *ranking.after),
                              .seen = c2s_calloc(context, graph->node_count, sizeof *ranking.seen),
                              .node_depths = c2s_calloc(context, graph->node_count, sizeof *ranking.node_depths),
                              .layers = c2s_calloc(context, graph->layer_count, sizeof *ranking.layers),
                              .stack = c2s_calloc(context, graph->node_count, sizeof *ranking.stack)};
    *order = (struct c2s_layer_order){.layers = c2s_calloc(context, graph->layer_count, sizeof *order->layers),
                                      .calls = c2s_calloc(context, graph->node_count, sizeof *order->calls)};
    bool there = ranking.after && ranking.seen && ranking.node_depths && ranking.layers && ranking.stack &&
                 order->layers && order->calls;
    cnn2snn_status status = there ? rank(&ranking, order, error) : c2s_error_no_memory(error);
    c2s_free(context, ranking.after);
    c2s_free(context, ranking.seen);
    c2s_free(context, ranking.node_depths);
    c2s_free(context, ranking.layers);
    c2s_free(context, ranking.stack);
    if (status)
        c2s_layer_order_free(context, order);
    return status;
}

void c2s_layer_order_free(cnn2snn_context *context, struct c2s_layer_order *order)
{
    c2s_free(context, order->layers);
    c2s_free(context, order->calls);
    *order = (struct c2s_layer_order){0};
}
