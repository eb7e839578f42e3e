/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the shapes of all values of a graph, nested ones included, and whether the weights are right for them. */
#include "layers/shape_inference.h"

#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "layers/attributes.h"

/* Calls that running the graph once makes; saturates above the limit. */
static cnn2snn_status count_calls(const struct c2s_graph *graph, uint32_t depth, uint64_t *out, cnn2snn_error **error)
{
    const cnn2snn_context *context = graph->context;
    uint64_t calls = graph->node_count;
    if (depth > context->max_depth)
        return c2s_error(graph->context, error, CNN2SNN_E_LIMIT, "K-nodes",
                         "model %s: nested deeper than %u, the context's max_depth", graph->name,
                         (unsigned)context->max_depth);
    for (size_t i = 0; i < graph->layer_count && calls <= context->max_nodes; i++) {
        const struct c2s_graph *nested = graph->layers[i]->graph;
        uint64_t inner;
        if (!nested)
            continue;
        C2S_TRY(count_calls(nested, depth + 1, &inner, error));
        /* Both factors are at most 2^33. */
        calls += (inner + nested->output_count) * graph->call_counts[i];
    }
    if (calls > context->max_nodes)
        return c2s_error(graph->context, error, CNN2SNN_E_LIMIT, "K-nodes",
                         "model %s: more than %u calls of layers, nested ones included, the context's max_nodes",
                         graph->name, (unsigned)context->max_nodes);
    *out = calls;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_graph_check_size(const struct c2s_graph *graph, cnn2snn_error **error)
{
    uint64_t calls;
    return count_calls(graph, 0, &calls, error);
}

static cnn2snn_status check_input_count(const cnn2snn_layer *layer, size_t count, cnn2snn_error **error)
{
    enum c2s_kind_id id = c2s_layer_id(layer);
    size_t least = 1, most = 1;
    if (id == C2S_KIND_INPUT)
        least = most = 0;
    else if (id == C2S_KIND_SUBTRACT)
        least = most = 2;
    else if (id == C2S_KIND_MODEL)
        least = most = layer->graph ? layer->graph->input_count : 0;
    else if (id == C2S_KIND_OPAQUE || id == C2S_KIND_CUSTOM || c2s_layer_is(layer, C2S_FAMILY_MERGE))
        most = SIZE_MAX;
    if (count >= least && count <= most)
        return CNN2SNN_OK;
    return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                           "%zu inputs, expected %zu%s", count, least, most > least ? " or more" : "");
}

static cnn2snn_status check_shape(const cnn2snn_layer *layer, const char *what, const struct c2s_shape *shape,
                                  cnn2snn_error **error)
{
    if (shape->rank > CNN2SNN_MAX_RANK - 1)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "%s of %zu dimensions without the batch, at most %d are possible", what, shape->rank,
                               CNN2SNN_MAX_RANK - 1);
    for (size_t i = 0; i < shape->rank; i++) {
        char text[C2S_SHAPE_TEXT];
        if (shape->extents[i] == 0 || shape->extents[i] < -1)
            return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                                   "%s has shape %s, expected extents of 1 or more", what,
                                   c2s_shape_text(shape, text, sizeof text));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status model_shapes(const cnn2snn_layer *layer, const struct c2s_shape *inputs,
                                   struct c2s_shape *out_shapes, cnn2snn_error **error)
{
    const struct c2s_graph *graph = layer->graph;
    struct c2s_shape_table table;
    if (!graph)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_STATE, "K-graph", layer->name,
                               "a nested model without its layers");
    C2S_TRY(c2s_shape_table_fill(graph, inputs, &table, error));
    for (size_t i = 0; i < graph->output_count; i++)
        out_shapes[i] = table.shapes[table.first[graph->outputs[i].node] + graph->outputs[i].output];
    c2s_shape_table_free(graph->context, &table);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_output_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                      struct c2s_shape *out_shape, cnn2snn_error **error)
{
    C2S_TRY(check_input_count(layer, count, error));
    for (size_t i = 0; i < count; i++)
        C2S_TRY(check_shape(layer, "input", &inputs[i], error));
    if (c2s_layer_id(layer) == C2S_KIND_MODEL)
        return model_shapes(layer, inputs, out_shape, error);
    struct c2s_shape shape = {.rank = 0};
    C2S_TRY(layer->kind->rules->output_shape(layer, count, inputs, &shape, error));
    C2S_TRY(check_shape(layer, "output", &shape, error));
    *out_shape = shape;
    return CNN2SNN_OK;
}

static cnn2snn_status check_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                    cnn2snn_error **error)
{
    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS];
    size_t spec_count;
    if (!layer->built || !layer->kind->rules->weights)
        return CNN2SNN_OK;
    C2S_TRY(c2s_layer_weight_specs(layer, count, inputs, specs, &spec_count, error));
    if (spec_count != layer->weight_count)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-weights", layer->name,
                               "%zu weights, expected %zu", layer->weight_count, spec_count);
    for (size_t i = 0; i < spec_count; i++)
        C2S_TRY(c2s_layer_check_weight(layer, &specs[i], layer->weights[i].tensor, error));
    return CNN2SNN_OK;
}

void c2s_shape_table_free(cnn2snn_context *context, struct c2s_shape_table *table)
{
    c2s_free(context, table->first);
    c2s_free(context, table->shapes);
    c2s_free(context, table->gathered);
}

const struct c2s_shape *c2s_shape_table_inputs(struct c2s_shape_table *table, const struct c2s_node *node)
{
    for (size_t i = 0; i < node->input_count; i++)
        table->gathered[i] = table->shapes[table->first[node->inputs[i].node] + node->inputs[i].output];
    return table->gathered;
}

static cnn2snn_status allocate_table(const struct c2s_graph *graph, struct c2s_shape_table *table,
                                     cnn2snn_error **error)
{
    size_t values = 0, most = 0;
    memset(table, 0, sizeof *table);
    table->first = c2s_calloc(graph->context, graph->node_count, sizeof *table->first);
    if (!table->first)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct c2s_node *node = &graph->nodes[i];
        table->first[i] = values;
        values += node->output_count; /* c2s_graph_check_size bounds the sum */
        most = node->input_count > most ? node->input_count : most;
    }
    table->shapes = c2s_calloc(graph->context, values, sizeof *table->shapes);
    table->gathered = c2s_calloc(graph->context, most, sizeof *table->gathered);
    return table->shapes && table->gathered ? CNN2SNN_OK : c2s_error_no_memory(error);
}

/* The shape of a call laid over the declared one. */
static struct c2s_shape narrowed(struct c2s_shape called, const struct c2s_shape *declared)
{
    if (c2s_shape_is_unranked(&called))
        return *declared;
    for (size_t i = 0; i < called.rank && called.rank == declared->rank; i++)
        if (called.extents[i] < 0)
            called.extents[i] = declared->extents[i];
    return called;
}

static cnn2snn_status fill_node(const struct c2s_graph *graph, size_t index, struct c2s_shape_table *table,
                                cnn2snn_error **error)
{
    const struct c2s_node *node = &graph->nodes[index];
    const cnn2snn_layer *layer = graph->layers[node->layer];
    const struct c2s_shape *inputs = c2s_shape_table_inputs(table, node);
    C2S_TRY(c2s_layer_output_shape(layer, node->input_count, inputs, &table->shapes[table->first[index]], error));
    return check_weights(layer, node->input_count, inputs, error);
}

static cnn2snn_status fill_table(const struct c2s_graph *graph, const struct c2s_shape *input_shapes,
                                 struct c2s_shape_table *table, cnn2snn_error **error)
{
    C2S_TRY(allocate_table(graph, table, error));
    for (size_t i = 0; i < graph->node_count; i++)
        if (!graph->nodes[i].input_count)
            C2S_TRY(fill_node(graph, i, table, error));
    for (size_t i = 0; i < graph->input_count && input_shapes; i++) {
        struct c2s_shape *shape = &table->shapes[table->first[graph->inputs[i]]];
        *shape = narrowed(input_shapes[i], shape);
    }
    for (size_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].input_count)
            C2S_TRY(fill_node(graph, i, table, error));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_shape_table_fill(const struct c2s_graph *graph, const struct c2s_shape *input_shapes,
                                    struct c2s_shape_table *table, cnn2snn_error **error)
{
    cnn2snn_status status = fill_table(graph, input_shapes, table, error);
    if (status)
        c2s_shape_table_free(graph->context, table);
    return status;
}

bool c2s_graph_input_is_unranked(const struct c2s_graph *graph)
{
    for (size_t i = 0; i < graph->input_count; i++) {
        const cnn2snn_layer *layer = graph->layers[graph->nodes[graph->inputs[i]].layer];
        if (c2s_layer_id(layer) == C2S_KIND_INPUT &&
            c2s_shape_is_unranked(&((const struct c2s_input_attributes *)layer->attributes)->shape))
            return true;
    }
    return false;
}

static bool has_shapes(const struct c2s_graph *graph)
{
    return graph->node_count && graph->nodes[0].shapes;
}

static cnn2snn_status keep_shapes(struct c2s_graph *graph, struct c2s_shape_table *table, cnn2snn_error **error)
{
    for (size_t i = 0; i < graph->node_count; i++) {
        struct c2s_node *node = &graph->nodes[i];
        struct c2s_graph *nested = graph->layers[node->layer]->graph;
        if (nested && !has_shapes(nested)) {
            const struct c2s_shape *inputs = c2s_shape_table_inputs(table, node);
            C2S_TRY(c2s_graph_infer_shapes_for(nested, c2s_graph_input_is_unranked(nested) ? inputs : NULL, error));
        }
        struct c2s_shape *shapes = c2s_calloc(graph->context, node->output_count, sizeof *shapes);
        if (!shapes)
            return c2s_error_no_memory(error);
        memcpy(shapes, &table->shapes[table->first[i]], node->output_count * sizeof *shapes);
        c2s_free(graph->context, node->shapes);
        node->shapes = shapes;
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_graph_infer_shapes_for(struct c2s_graph *graph, const struct c2s_shape *input_shapes,
                                          cnn2snn_error **error)
{
    struct c2s_shape_table table;
    C2S_TRY(c2s_shape_table_fill(graph, input_shapes, &table, error));
    cnn2snn_status status = keep_shapes(graph, &table, error);
    c2s_shape_table_free(graph->context, &table);
    return status;
}

cnn2snn_status c2s_graph_infer_shapes(struct c2s_graph *graph, cnn2snn_error **error)
{
    C2S_TRY(c2s_graph_check_size(graph, error));
    return c2s_graph_infer_shapes_for(graph, NULL, error);
}
