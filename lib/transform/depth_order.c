/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides the order of layers in a functional graph as Keras does: by depth, which is the longest way to the output,
 * the deepest first; equal depth in the order met when walking back from the outputs, inputs in their order.
 */
#include "transform/depth_order.h"

#include <stdlib.h>

#include "base/allocator.h"
#include "base/error.h"
#include "layers/layer_kind.h"

#define UNSEEN SIZE_MAX

struct place {
    size_t item;
    size_t depth;
    size_t met; /* how many were met before it */
};

struct back_walk {
    struct place *places; /* by item */
    size_t *next_input;   /* by item, while it's on the stack */
    size_t *stack;
    size_t *finished; /* items, each behind its inputs */
    size_t finished_count, met;
};

void c2s_item_list_init(struct c2s_item_list *list, cnn2snn_context *context)
{
    *list = (struct c2s_item_list){.context = context};
}

void c2s_item_list_free(struct c2s_item_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        c2s_layer_release(list->items[i].layer);
        c2s_free(list->context, list->items[i].inputs);
    }
    c2s_free(list->context, list->items);
    c2s_item_list_init(list, list->context);
}

cnn2snn_status c2s_item_list_add(struct c2s_item_list *list, const cnn2snn_layer *layer, size_t input_count,
                                 const struct c2s_value *inputs, cnn2snn_error **error)
{
    struct c2s_value *copy = c2s_calloc(list->context, input_count ? input_count : 1, sizeof *copy);
    if (!copy ||
        c2s_array_reserve(list->context, &list->items, &list->capacity, list->count + 1, sizeof(*list->items))) {
        c2s_free(list->context, copy);
        return c2s_error_no_memory(error);
    }
    for (size_t i = 0; i < input_count; i++)
        copy[i] = inputs[i];
    list->items[list->count++] = (struct c2s_item){c2s_layer_retain(layer), copy, input_count};
    return CNN2SNN_OK;
}

/* Depth first, without recursion: a file decides how deep it goes. */
static void walk_back(const struct c2s_item_list *list, size_t output, struct back_walk *walk)
{
    size_t depth = 0;
    if (walk->places[output].met != UNSEEN)
        return;
    walk->places[output].met = walk->met++;
    walk->stack[depth++] = output;
    while (depth) {
        size_t item = walk->stack[depth - 1];
        if (walk->next_input[item] == list->items[item].input_count) {
            walk->finished[walk->finished_count++] = item;
            depth--;
            continue;
        }
        size_t input = list->items[item].inputs[walk->next_input[item]++].node;
        if (walk->places[input].met == UNSEEN) {
            walk->places[input].met = walk->met++;
            walk->stack[depth++] = input;
        }
    }
}

static void set_depths(const struct c2s_item_list *list, struct back_walk *walk)
{
    for (size_t i = walk->finished_count; i-- > 0;) {
        const struct c2s_item *item = &list->items[walk->finished[i]];
        size_t depth = walk->places[walk->finished[i]].depth + 1;
        for (size_t k = 0; k < item->input_count; k++)
            if (walk->places[item->inputs[k].node].depth < depth)
                walk->places[item->inputs[k].node].depth = depth;
    }
}

static int compare_places(const void *a, const void *b)
{
    const struct place *left = a, *right = b;
    if (left->depth != right->depth)
        return left->depth > right->depth ? -1 : 1;
    return (left->met > right->met) - (left->met < right->met);
}

/* Items in a circle can't be put in order. */
static cnn2snn_status check_order(const struct c2s_item_list *list, const struct place *places, size_t count,
                                  const size_t *number, const struct c2s_graph *like, cnn2snn_error **error)
{
    for (size_t i = 0; i < count; i++) {
        const struct c2s_item *item = &list->items[places[i].item];
        for (size_t k = 0; k < item->input_count; k++)
            if (number[item->inputs[k].node] >= i)
                return c2s_layer_error(list->context, error, CNN2SNN_E_MALFORMED, "K-graph", item->layer->name,
                                       "takes what comes of its own output in model %s", like->name);
    }
    return CNN2SNN_OK;
}

static cnn2snn_status add_call(const struct c2s_item *item, size_t layer, const size_t *number,
                               struct c2s_graph *graph, cnn2snn_error **error)
{
    struct c2s_value *inputs = c2s_calloc(graph->context, item->input_count ? item->input_count : 1, sizeof *inputs);
    if (!inputs)
        return c2s_error_no_memory(error);
    for (size_t k = 0; k < item->input_count; k++)
        inputs[k] = (struct c2s_value){number[item->inputs[k].node], item->inputs[k].output};
    cnn2snn_status status = c2s_graph_add_layer(graph, item->layer, NULL, error);
    if (!status)
        status = c2s_graph_add_node(graph, layer, item->input_count, inputs, NULL, NULL, error);
    c2s_free(graph->context, inputs);
    return status;
}

/* Nodes have the numbers of their layers: deeper ones come first, so each stands behind its inputs. */
static cnn2snn_status fill_graph(const struct c2s_item_list *list, const struct back_walk *walk, size_t count,
                                 size_t output_count, const struct c2s_value *outputs, struct c2s_graph *graph,
                                 cnn2snn_error **error)
{
    const struct place *places = walk->places;
    size_t *number = walk->next_input; /* of each item: its layer */
    for (size_t i = 0; i < list->count; i++)
        number[i] = UNSEEN;
    for (size_t i = 0; i < count; i++)
        number[places[i].item] = i;
    C2S_TRY(check_order(list, places, count, number, graph, error));
    for (size_t i = 0; i < count; i++)
        C2S_TRY(add_call(&list->items[places[i].item], i, number, graph, error));
    for (size_t i = 0; i < list->count; i++)
        if (number[i] != UNSEEN && c2s_layer_id(list->items[i].layer) == C2S_KIND_INPUT)
            C2S_TRY(c2s_graph_add_input(graph, number[i], error));
    for (size_t i = 0; i < output_count; i++)
        C2S_TRY(c2s_graph_add_output(graph, (struct c2s_value){number[outputs[i].node], outputs[i].output}, error));
    return c2s_graph_infer_shapes(graph, error);
}

static cnn2snn_status make_graph(const struct c2s_item_list *list, size_t output_count,
                                 const struct c2s_value *outputs, struct back_walk *walk,
                                 const struct c2s_graph *like, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct c2s_graph *graph = NULL;
    for (size_t i = 0; i < list->count; i++)
        walk->places[i] = (struct place){i, 0, UNSEEN};
    for (size_t i = 0; i < output_count; i++)
        walk_back(list, outputs[i].node, walk);
    set_depths(list, walk);
    struct place *seen = walk->places;
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++)
        if (walk->places[i].met != UNSEEN)
            seen[count++] = walk->places[i];
    qsort(seen, count, sizeof(*seen), compare_places);
    C2S_TRY(c2s_graph_create(list->context, like->name, false, &graph, error));
    graph->config_extras = json_incref(like->config_extras);
    cnn2snn_status status = fill_graph(list, walk, count, output_count, outputs, graph, error);
    if (status)
        c2s_graph_release(graph);
    else
        *out_graph = graph;
    return status;
}

cnn2snn_status c2s_item_list_to_graph(const struct c2s_item_list *list, size_t output_count,
                                      const struct c2s_value *outputs, const struct c2s_graph *like,
                                      struct c2s_graph **out_graph, cnn2snn_error **error)
{
    cnn2snn_context *context = list->context;
    size_t room = list->count ? list->count : 1;
    struct back_walk walk = {
        .places = c2s_calloc(context, room, sizeof(struct place)),
        .next_input = c2s_calloc(context, room, sizeof(size_t)),
        .stack = c2s_calloc(context, room, sizeof(size_t)),
        .finished = c2s_calloc(context, room, sizeof(size_t)),
    };
    cnn2snn_status status = walk.places && walk.next_input && walk.stack && walk.finished
                                ? make_graph(list, output_count, outputs, &walk, like, out_graph, error)
                                : c2s_error_no_memory(error);
    c2s_free(context, walk.places);
    c2s_free(context, walk.next_input);
    c2s_free(context, walk.stack);
    c2s_free(context, walk.finished);
    return status;
}
