/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how a graph is read as a row of layers, and what preparing it to convert does to that row. */
#include "plan/chain.h"

#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "layers/layer_kind.h"

static bool value_shape(const struct c2s_graph *graph, struct c2s_value value, struct c2s_shape *out)
{
    const struct c2s_node *node = &graph->nodes[value.node];
    if (!node->shapes || value.output >= node->output_count)
        return false;
    *out = node->shapes[value.output];
    return !c2s_shape_is_unranked(out);
}

/* Every node takes the value of the one before it, nothing else, and the last one is the output. */
static bool is_linear(const struct c2s_graph *graph)
{
    if (graph->input_count != 1 || graph->output_count != 1 || !graph->node_count ||
        graph->node_count != graph->layer_count || graph->inputs[0] != 0 ||
        graph->outputs[0].node != graph->node_count - 1)
        return false;
    for (size_t i = 1; i < graph->node_count; i++)
        if (graph->nodes[i].input_count != 1 || graph->nodes[i].inputs[0].node != i - 1)
            return false;
    return true;
}

static void find_neighbours(struct c2s_chain *chain)
{
    chain->first_neural = chain->last_neural = C2S_NO_LINK;
    ptrdiff_t before = C2S_NO_LINK;
    for (size_t i = 0; i < chain->count; i++) {
        const cnn2snn_layer *layer = chain->links[i].layer;
        chain->links[i].before = before;
        if (!c2s_layer_is(layer, C2S_FAMILY_NEURAL | C2S_FAMILY_ACTIVATION))
            continue;
        before = (ptrdiff_t)i;
        if (!c2s_layer_is(layer, C2S_FAMILY_NEURAL))
            continue;
        chain->last_neural = before;
        if (chain->first_neural == C2S_NO_LINK)
            chain->first_neural = before;
    }
}

cnn2snn_status c2s_chain_create(const struct c2s_graph *graph, struct c2s_chain *chain, cnn2snn_error **error)
{
    *chain = (struct c2s_chain){.context = graph->context, .linear = is_linear(graph)};
    if (c2s_array_reserve(graph->context, &chain->links, &chain->capacity, graph->node_count, sizeof *chain->links))
        return c2s_error_no_memory(error);
    if (graph->input_count)
        chain->input_known = value_shape(graph, (struct c2s_value){graph->inputs[0], 0}, &chain->input);
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct c2s_node *node = &graph->nodes[i];
        struct c2s_link link = {.layer = graph->layers[node->layer]};
        if (c2s_layer_id(link.layer) == C2S_KIND_INPUT)
            continue;
        link.shapes_known = node->input_count && value_shape(graph, node->inputs[0], &link.in) &&
                            value_shape(graph, (struct c2s_value){i, 0}, &link.out);
        chain->links[chain->count++] = link;
    }
    find_neighbours(chain);
    return CNN2SNN_OK;
}

void c2s_chain_free(struct c2s_chain *chain)
{
    c2s_free(chain->context, chain->links);
    chain->links = NULL;
}

/* Exchanges two links of which the one that keeps shapes moves behind or before the other. */
static void exchange(struct c2s_link *first, struct c2s_link *second)
{
    struct c2s_link old = *first;
    bool known = first->shapes_known && second->shapes_known;
    struct c2s_shape in = first->in, out = second->out;
    bool first_keeps = c2s_shape_equal(&first->in, &first->out);
    first->layer = second->layer;
    second->layer = old.layer;
    struct c2s_shape middle = first_keeps ? out : in;
    *first = (struct c2s_link){.layer = first->layer, .in = in, .out = middle, .shapes_known = known};
    *second = (struct c2s_link){.layer = second->layer, .in = middle, .out = out, .shapes_known = known};
}

static bool is(const struct c2s_link *link, enum c2s_kind_id id)
{
    return c2s_layer_id(link->layer) == id;
}

void c2s_chain_drop_dropout(struct c2s_chain *chain)
{
    size_t kept = 0;
    for (size_t i = 0; i < chain->count; i++)
        if (!is(&chain->links[i], C2S_KIND_DROPOUT))
            chain->links[kept++] = chain->links[i];
    chain->count = kept;
    for (size_t i = 0; i + 1 < chain->count; i++) {
        struct c2s_link *link = &chain->links[i];
        if (c2s_layer_is(link->layer, C2S_FAMILY_ACTIVATION) && is(link + 1, C2S_KIND_MAX_POOLING2D))
            exchange(link, link + 1), i++;
    }
    find_neighbours(chain);
}

void c2s_chain_invert_batchnorm_pooling(struct c2s_chain *chain)
{
    for (size_t i = 0; i + 1 < chain->count; i++) {
        struct c2s_link *link = &chain->links[i];
        if (c2s_layer_is(link->layer, C2S_FAMILY_POOLING) && is(link + 1, C2S_KIND_BATCH_NORMALIZATION))
            exchange(link, link + 1), i++;
    }
    find_neighbours(chain);
}

void c2s_chain_fold_batchnorm(struct c2s_chain *chain)
{
    size_t kept = 0;
    for (size_t i = 0; i < chain->count; i++) {
        chain->links[kept++] = chain->links[i];
        bool folds = c2s_layer_is(chain->links[i].layer, C2S_FAMILY_NEURAL) && i + 1 < chain->count &&
                     is(&chain->links[i + 1], C2S_KIND_BATCH_NORMALIZATION);
        i += folds;
    }
    chain->count = kept;
    find_neighbours(chain);
}
