/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cuts a functional graph into runs of layers. The walk, the names and the order of the result are those of the
 * reference: depth first from the input, users in layer order, sub-models named as they are closed, and the layers of
 * the result in the order that Keras gives them.
 */
#include "transform/branches.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "base/report.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "transform/depth_order.h"
#include "transform/rewrite.h"

#define NONE SIZE_MAX
#define MODEL_NAME "sequential" /* as Keras names them */

struct step {
    size_t layer;
    size_t source; /* the last layer in front of the open run */
};

struct walk {
    const struct c2s_graph *graph;
    const struct c2s_calls *calls;
    struct c2s_layer_list run; /* the open run */
    struct c2s_item_list items;
    size_t *tail; /* item that gives the output of a layer; NONE: not known yet, or inside of a run */
    bool *done;
    bool *taken; /* numbers of names of sub-models that layers have */
    struct step *stack;
    size_t stack_count, stack_capacity;
    size_t model_count;
};

static void walk_free(struct walk *walk)
{
    cnn2snn_context *context = walk->graph->context;
    c2s_layer_list_free(&walk->run);
    c2s_item_list_free(&walk->items);
    c2s_free(context, walk->tail);
    c2s_free(context, walk->done);
    c2s_free(context, walk->taken);
    c2s_free(context, walk->stack);
}

static const struct c2s_node *call_of(const struct walk *walk, size_t layer)
{
    return &walk->graph->nodes[walk->calls->node[layer]];
}

static size_t parent(const struct walk *walk, size_t layer, size_t input)
{
    return walk->graph->nodes[call_of(walk, layer)->inputs[input].node].layer;
}

/* Users are taken in their order: the last is pushed first. */
static cnn2snn_status push_users(struct walk *walk, size_t layer, size_t source, cnn2snn_error **error)
{
    size_t first = walk->calls->first_user[layer], count = c2s_calls_user_count(walk->calls, layer);
    if (c2s_array_reserve(walk->graph->context, &walk->stack, &walk->stack_capacity, walk->stack_count + count,
                          sizeof(*walk->stack)))
        return c2s_error_no_memory(error);
    for (size_t i = count; i-- > 0;)
        walk->stack[walk->stack_count++] = (struct step){walk->calls->users[first + i], source};
    return CNN2SNN_OK;
}

/* Marks the numbers of the names "sequential" (0), "sequential_1", ... that layers have. */
static void mark_names(struct walk *walk, size_t count)
{
    for (size_t i = 0; i < walk->graph->layer_count; i++) {
        const char *name = walk->graph->layers[i]->name;
        char expected[64];
        if (!strcmp(name, MODEL_NAME))
            walk->taken[0] = true;
        if (strncmp(name, MODEL_NAME "_", strlen(MODEL_NAME "_")))
            continue;
        unsigned long long number = strtoull(name + strlen(MODEL_NAME "_"), NULL, 10);
        snprintf(expected, sizeof expected, MODEL_NAME "_%llu", number);
        if (number && number < count && !strcmp(name, expected))
            walk->taken[number] = true;
    }
}

static cnn2snn_status walk_init(struct walk *walk, const struct c2s_graph *graph, const struct c2s_calls *calls,
                                cnn2snn_error **error)
{
    *walk = (struct walk){.graph = graph, .calls = calls};
    c2s_layer_list_init(&walk->run, graph->context);
    c2s_item_list_init(&walk->items, graph->context);
    walk->tail = c2s_calloc(graph->context, graph->layer_count, sizeof(size_t));
    walk->done = c2s_calloc(graph->context, graph->layer_count, sizeof(bool));
    /* As many names as there are layers may be taken, as many given, and one is looked at behind them. */
    size_t names = 2 * graph->layer_count + 1;
    walk->taken = c2s_calloc(graph->context, names, sizeof(bool));
    if (!walk->tail || !walk->done || !walk->taken)
        return c2s_error_no_memory(error);
    mark_names(walk, names);
    for (size_t i = 0; i < graph->layer_count; i++)
        walk->tail[i] = NONE;
    return CNN2SNN_OK;
}

/* The next name that no layer of the graph has. */
static void next_model_name(struct walk *walk, char *name, size_t size)
{
    while (walk->taken[walk->model_count])
        walk->model_count++;
    if (walk->model_count)
        snprintf(name, size, MODEL_NAME "_%zu", walk->model_count);
    else
        snprintf(name, size, MODEL_NAME);
    walk->model_count++;
}

/* "<first layer>_input", as Keras names the input of a Sequential that had none. */
static cnn2snn_status make_run_input(const struct walk *walk, size_t source, cnn2snn_layer **out_layer,
                                     cnn2snn_error **error)
{
    cnn2snn_context *context = walk->graph->context;
    const cnn2snn_layer *from = walk->graph->layers[source];
    const struct c2s_input_attributes *input = c2s_layer_id(from) == C2S_KIND_INPUT ? from->attributes : NULL;
    struct c2s_text name;
    c2s_text_init(&name, context);
    c2s_text_format(&name, "%s_input", walk->run.layers[0]->name);
    cnn2snn_status status =
        name.failed ? c2s_error_no_memory(error)
                    : c2s_input_layer_create(context, name.data, &call_of(walk, source)->shapes[0],
                                             input ? input->dtype : CNN2SNN_DTYPE_FLOAT32, out_layer, error);
    c2s_text_free(&name);
    return status;
}

static cnn2snn_status wrap_run(struct walk *walk, size_t source, cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    char name[64];
    cnn2snn_layer *input = NULL;
    struct c2s_graph *graph = NULL;
    cnn2snn_status status = CNN2SNN_OK;
    next_model_name(walk, name, sizeof(name));
    C2S_GOTO(make_run_input(walk, source, &input, error));
    C2S_GOTO(c2s_sequential_create(walk->graph->context, name, input, &walk->run, &graph, error));
    C2S_GOTO(c2s_model_layer_create(graph->context, "Sequential", name, graph, NULL, true, out_layer, error));
done:
    c2s_graph_release(graph);
    c2s_layer_release(input);
    return status;
}

/* Ends the open run, whose last layer is `last`. A run of one Sequential is that Sequential, so that doing it again
 * changes nothing. */
static cnn2snn_status close_run(struct walk *walk, size_t last, size_t source, cnn2snn_error **error)
{
    cnn2snn_layer *model = NULL;
    struct c2s_graph *nested = walk->run.layers[0]->graph;
    if (walk->run.count == 1 && nested && nested->sequential)
        model = c2s_layer_retain(walk->run.layers[0]);
    else
        C2S_TRY(wrap_run(walk, source, &model, error));
    const struct c2s_value input = {walk->tail[source], 0};
    cnn2snn_status status = c2s_item_list_add(&walk->items, model, 1, &input, error);
    c2s_layer_release(model);
    walk->tail[last] = walk->items.count - 1;
    c2s_layer_list_free(&walk->run);
    return status;
}

static cnn2snn_status check_concatenate(const struct walk *walk, size_t layer, cnn2snn_error **error)
{
    const cnn2snn_layer *concatenate = walk->graph->layers[layer];
    const struct c2s_concatenate_attributes *attributes = concatenate->attributes;
    const struct c2s_node *call = call_of(walk, layer);
    if (attributes->axis != -1 && attributes->axis != (int64_t)call->shapes[0].rank)
        return c2s_advise(error,
                          c2s_layer_error(concatenate->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H5",
                                          concatenate->name, "axis %" PRId64 ", expected -1, the last",
                                          attributes->axis),
                          "join the branches on the last axis");
    if (call->input_count != 2)
        return c2s_advise(error,
                          c2s_layer_error(concatenate->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H5",
                                          concatenate->name, "%zu inputs, expected 2", call->input_count),
                          "join two branches by each Concatenate");
    return CNN2SNN_OK;
}

static cnn2snn_status add_concatenate(struct walk *walk, size_t layer, cnn2snn_error **error)
{
    const struct c2s_value inputs[2] = {{walk->tail[parent(walk, layer, 0)], 0},
                                        {walk->tail[parent(walk, layer, 1)], 0}};
    C2S_TRY(c2s_item_list_add(&walk->items, walk->graph->layers[layer], 2, inputs, error));
    walk->tail[layer] = walk->items.count - 1;
    return CNN2SNN_OK;
}

static bool ends_run(const struct walk *walk, size_t layer)
{
    size_t first = walk->calls->first_user[layer];
    return c2s_calls_user_count(walk->calls, layer) != 1 ||
           c2s_layer_id(walk->graph->layers[walk->calls->users[first]]) == C2S_KIND_CONCATENATE;
}

static bool waits_for_input(const struct walk *walk, size_t layer)
{
    for (size_t i = 0; i < call_of(walk, layer)->input_count; i++)
        if (!walk->done[parent(walk, layer, i)])
            return true;
    return false;
}

/* One run from the input to the output is the whole model: it's left open for the caller. */
static bool is_whole_model(const struct walk *walk, size_t layer)
{
    return walk->items.count == 1 && !c2s_calls_user_count(walk->calls, layer);
}

static cnn2snn_status visit(struct walk *walk, struct step step, cnn2snn_error **error)
{
    size_t layer = step.layer, source = step.source;
    if (walk->done[layer])
        return c2s_advise(error,
                          c2s_layer_error(walk->graph->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H4",
                                          walk->graph->layers[layer]->name,
                                          "reached twice: a skip connection into a Concatenate is not supported"),
                          "let the branches part at one layer and meet in one Concatenate");
    bool concatenates = c2s_layer_id(walk->graph->layers[layer]) == C2S_KIND_CONCATENATE;
    if (concatenates)
        C2S_TRY(check_concatenate(walk, layer, error));
    if (waits_for_input(walk, layer))
        return CNN2SNN_OK;
    if (concatenates) {
        C2S_TRY(add_concatenate(walk, layer, error));
        source = layer;
    } else {
        C2S_TRY(c2s_layer_list_add(&walk->run, walk->graph->layers[layer], error));
        if (ends_run(walk, layer) && !is_whole_model(walk, layer)) {
            C2S_TRY(close_run(walk, layer, source, error));
            source = layer;
        }
    }
    walk->done[layer] = true;
    return push_users(walk, layer, source, error);
}

static cnn2snn_status walk_from_input(struct walk *walk, cnn2snn_error **error)
{
    size_t input = walk->graph->nodes[walk->graph->inputs[0]].layer;
    C2S_TRY(c2s_item_list_add(&walk->items, walk->graph->layers[input], 0, NULL, error));
    walk->tail[input] = 0;
    walk->done[input] = true;
    C2S_TRY(push_users(walk, input, input, error));
    while (walk->stack_count)
        C2S_TRY(visit(walk, walk->stack[--walk->stack_count], error));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_branches_join(const struct c2s_graph *graph, const struct c2s_calls *calls,
                                 struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct walk walk;
    cnn2snn_status status = CNN2SNN_OK;
    C2S_GOTO(walk_init(&walk, graph, calls, error));
    C2S_GOTO(walk_from_input(&walk, error));
    if (walk.run.count) {
        char name[64];
        next_model_name(&walk, name, sizeof(name));
        status = c2s_sequential_create(graph->context, name, walk.items.items[0].layer, &walk.run, out_graph, error);
        goto done;
    }
    const struct c2s_value output = {walk.tail[graph->nodes[graph->outputs[0].node].layer], 0};
    status = output.node == NONE ? c2s_error(graph->context, error, CNN2SNN_E_VALUE, "L-E1",
                                             "the output can't be reached from the input")
                                 : c2s_item_list_to_graph(&walk.items, 1, &output, graph, out_graph, error);
done:
    walk_free(&walk);
    return status;
}
