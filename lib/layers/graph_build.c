/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which layers of a graph get initial weights, and for which input shapes. */
#include "base/context.h"
#include "base/error.h"
#include "layers/shape_inference.h"

struct builder {
    uint64_t bytes;  /* of the weights made so far */
    bool has_opaque; /* some layer of the model hides shapes */
    cnn2snn_error **error;
};

static bool has_opaque(const struct c2s_graph *graph)
{
    for (size_t i = 0; i < graph->layer_count; i++) {
        const cnn2snn_layer *layer = graph->layers[i];
        if (c2s_layer_id(layer) == C2S_KIND_OPAQUE || (layer->graph && has_opaque(layer->graph)))
            return true;
    }
    return false;
}

/* Puts a copy in the place of a layer that others hold, too. */
static cnn2snn_status own_layer(struct c2s_graph *graph, size_t index, cnn2snn_layer **out, cnn2snn_error **error)
{
    cnn2snn_layer *layer = graph->layers[index];
    if (atomic_load_explicit(&layer->references, memory_order_acquire) > 1) {
        cnn2snn_layer *copy;
        C2S_TRY(c2s_layer_copy(layer, &copy, error));
        c2s_layer_release(layer);
        graph->layers[index] = layer = copy;
    }
    *out = layer;
    return CNN2SNN_OK;
}

static cnn2snn_status own_nested(cnn2snn_layer *layer, cnn2snn_error **error)
{
    if (atomic_load_explicit(&layer->graph->references, memory_order_acquire) == 1)
        return CNN2SNN_OK;
    struct c2s_graph *copy;
    C2S_TRY(c2s_graph_replace_layers(layer->graph, NULL, &copy, error));
    c2s_graph_release(layer->graph);
    layer->graph = copy;
    return CNN2SNN_OK;
}

/* Adds what the weights will take; *open: some extent is not known. */
static cnn2snn_status add_bytes(struct builder *builder, const cnn2snn_layer *layer, size_t count,
                                const struct c2s_shape *inputs, bool *open)
{
    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS];
    size_t spec_count;
    C2S_TRY(c2s_layer_weight_specs(layer, count, inputs, specs, &spec_count, builder->error));
    *open = false;
    for (size_t i = 0; i < spec_count; i++) {
        uint64_t elements;
        if (!c2s_shape_is_known(&specs[i].shape)) {
            *open = true;
            continue;
        }
        cnn2snn_status status =
            c2s_shape_count(layer->context, specs[i].shape.rank, specs[i].shape.extents, &elements, builder->error);
        if (status)
            c2s_error_set_layer(builder->error, layer->name);
        C2S_TRY(status);
        if (__builtin_add_overflow(builder->bytes, elements * sizeof(float), &builder->bytes) ||
            builder->bytes > layer->context->max_total_bytes)
            return c2s_layer_error(layer->context, builder->error, CNN2SNN_E_LIMIT, "K-weights", layer->name,
                                   "weights of the model take more than %llu bytes, the context's max_total_bytes",
                                   (unsigned long long)layer->context->max_total_bytes);
    }
    return CNN2SNN_OK;
}

static cnn2snn_status build_graph(struct builder *builder, struct c2s_graph *graph,
                                  const struct c2s_shape *input_shapes);

static cnn2snn_status build_model(struct builder *builder, cnn2snn_layer *layer, const struct c2s_shape *inputs)
{
    C2S_TRY(own_nested(layer, builder->error));
    struct c2s_graph *nested = layer->graph;
    C2S_TRY(build_graph(builder, nested, c2s_graph_input_is_unranked(nested) ? inputs : NULL));
    layer->built = true;
    for (size_t i = 0; i < nested->layer_count; i++)
        layer->built = layer->built && nested->layers[i]->built;
    return CNN2SNN_OK;
}

static cnn2snn_status build_node(struct builder *builder, struct c2s_graph *graph, const struct c2s_node *node,
                                 const struct c2s_shape *inputs)
{
    cnn2snn_layer *layer = graph->layers[node->layer];
    bool open = false;
    if (layer->built)
        return CNN2SNN_OK;
    if (!layer->graph)
        C2S_TRY(add_bytes(builder, layer, node->input_count, inputs, &open));
    if (open && builder->has_opaque)
        return CNN2SNN_OK;
    C2S_TRY(own_layer(graph, node->layer, &layer, builder->error));
    if (layer->graph)
        return build_model(builder, layer, inputs);
    return c2s_layer_build(layer, node->input_count, inputs, builder->error);
}

static cnn2snn_status build_graph(struct builder *builder, struct c2s_graph *graph,
                                  const struct c2s_shape *input_shapes)
{
    struct c2s_shape_table table;
    C2S_TRY(c2s_shape_table_fill(graph, input_shapes, &table, builder->error));
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; i < graph->node_count && !status; i++)
        status = build_node(builder, graph, &graph->nodes[i], c2s_shape_table_inputs(&table, &graph->nodes[i]));
    c2s_shape_table_free(graph->context, &table);
    C2S_TRY(status);
    /* Once more: a layer called twice was built for its first call, and must fit the second. */
    return c2s_graph_infer_shapes_for(graph, input_shapes, builder->error);
}

cnn2snn_status c2s_graph_build(struct c2s_graph *graph, cnn2snn_error **error)
{
    struct builder builder = {.error = error};
    C2S_TRY(c2s_graph_check_size(graph, error));
    builder.has_opaque = has_opaque(graph);
    return build_graph(&builder, graph, NULL);
}
