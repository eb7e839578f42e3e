/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides the order of weights. With T and N for the trainable and the other weights of a layer or model m:
 *
 *     T(m) = T of its layers, one after the other; nothing when m is not trainable
 *     N(m) = N of its layers; when m is not trainable, T of its layers and then N of its layers
 *
 * and a file has T(m), N(m) for each layer m of the outermost model.
 */
#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "formats/keras_weights.h"

enum part { TRAINABLE, OTHERS };

static bool holds_anything(const cnn2snn_layer *layer)
{
    enum c2s_kind_id kind = c2s_layer_id(layer);
    return kind == C2S_KIND_OPAQUE || kind == C2S_KIND_CUSTOM;
}

static cnn2snn_status add_slot(struct c2s_weight_order *order, struct c2s_weight_slot slot, cnn2snn_error **error)
{
    if (c2s_array_reserve(order->context, &order->slots, &order->capacity, order->count + 1, sizeof *order->slots))
        return c2s_error_no_memory(error);
    order->slots[order->count++] = slot;
    return CNN2SNN_OK;
}

/* Layers that know nothing of their weights: in their own order, with the trainable ones. */
static cnn2snn_status add_free_layer(struct c2s_weight_order *order, cnn2snn_layer *layer, cnn2snn_error **error)
{
    if (c2s_array_reserve(order->context, &order->free_layers, &order->free_capacity, order->free_count + 1,
                          sizeof *order->free_layers))
        return c2s_error_no_memory(error);
    order->free_layers[order->free_count++] = layer;
    for (size_t i = 0; i < layer->weight_count; i++) {
        struct c2s_weight_slot slot = {.layer = layer, .index = i, .count = layer->weight_count};
        slot.spec.name = layer->weights[i].name;
        C2S_TRY(add_slot(order, slot, error));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status add_leaf(struct c2s_weight_order *order, const struct c2s_graph *graph,
                               const struct c2s_node *node, cnn2snn_layer *layer, enum part part,
                               cnn2snn_error **error)
{
    if (holds_anything(layer))
        return (part == TRAINABLE) == layer->trainable ? add_free_layer(order, layer, error) : CNN2SNN_OK;
    struct c2s_shape *inputs = c2s_calloc(order->context, node->input_count, sizeof *inputs);
    if (!inputs)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < node->input_count; i++)
        inputs[i] = graph->nodes[node->inputs[i].node].shapes[node->inputs[i].output];
    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS];
    size_t count;
    cnn2snn_status status = c2s_layer_weight_specs(layer, node->input_count, inputs, specs, &count, error);
    c2s_free(order->context, inputs);
    C2S_TRY(status);
    for (int trainable = 1; trainable >= 0; trainable--)
        for (size_t i = 0; i < count; i++) {
            enum part belongs = layer->trainable && specs[i].trainable ? TRAINABLE : OTHERS;
            if (specs[i].trainable == (trainable != 0) && belongs == part)
                C2S_TRY(add_slot(order, (struct c2s_weight_slot){layer, i, count, specs[i]}, error));
        }
    return CNN2SNN_OK;
}

static cnn2snn_status add_layer(struct c2s_weight_order *order, const struct c2s_graph *graph,
                                const struct c2s_node *node, enum part part, cnn2snn_error **error);

cnn2snn_status c2s_first_calls(const struct c2s_graph *graph, size_t **out, cnn2snn_error **error)
{
    *out = c2s_calloc(graph->context, graph->layer_count, sizeof **out);
    if (!*out)
        return c2s_error_no_memory(error);
    for (size_t i = graph->node_count; i-- > 0;)
        (*out)[graph->nodes[i].layer] = i;
    return CNN2SNN_OK;
}

/* Depth is that of nested models, which is bounded where models are made. */
static cnn2snn_status add_layers(struct c2s_weight_order *order, const struct c2s_graph *graph, enum part part,
                                 cnn2snn_error **error)
{
    size_t *first;
    C2S_TRY(c2s_first_calls(graph, &first, error));
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; i < graph->layer_count && !status; i++)
        status = add_layer(order, graph, &graph->nodes[first[i]], part, error);
    c2s_free(order->context, first);
    return status;
}

static cnn2snn_status add_layer(struct c2s_weight_order *order, const struct c2s_graph *graph,
                                const struct c2s_node *node, enum part part, cnn2snn_error **error)
{
    cnn2snn_layer *layer = graph->layers[node->layer];
    if (!layer->graph)
        return add_leaf(order, graph, node, layer, part, error);
    if (layer->trainable)
        return add_layers(order, layer->graph, part, error);
    if (part == TRAINABLE)
        return CNN2SNN_OK;
    C2S_TRY(add_layers(order, layer->graph, TRAINABLE, error));
    return add_layers(order, layer->graph, OTHERS, error);
}

cnn2snn_status c2s_weight_order_of(const struct c2s_graph *graph, const struct c2s_node *node,
                                   struct c2s_weight_order *order, cnn2snn_error **error)
{
    *order = (struct c2s_weight_order){.context = graph->context};
    cnn2snn_status status = add_layer(order, graph, node, TRAINABLE, error);
    if (!status)
        status = add_layer(order, graph, node, OTHERS, error);
    if (status)
        c2s_weight_order_free(order);
    return status;
}

void c2s_weight_order_free(struct c2s_weight_order *order)
{
    c2s_free(order->context, order->slots);
    c2s_free(order->context, order->free_layers);
    *order = (struct c2s_weight_order){.context = order->context};
}
