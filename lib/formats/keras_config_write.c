/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how a graph becomes a model_config: the form that tf_keras 2.19 writes and reads. */
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "formats/keras2_form.h"
#include "formats/keras_config.h"
#include "formats/keras_layer_order.h"
#include "formats/keras_reader.h"

static cnn2snn_status write_model(const struct c2s_graph *graph, json_t **out, cnn2snn_error **error);

/* Class, config, and what else the layer's object had. */
static cnn2snn_status write_layer(const cnn2snn_layer *layer, json_t **out, cnn2snn_error **error)
{
    json_t *config = NULL, *extras = NULL, *object = NULL;
    cnn2snn_status status;
    if (layer->graph)
        C2S_GOTO(write_model(layer->graph, &object, error));
    else
        C2S_GOTO(c2s_keras2_layer_config(layer, &config, error));
    C2S_GOTO(c2s_keras2_layer_extras(layer, &extras, error));
    if (!object)
        object = json_pack("{s:s, s:O}", "class_name", c2s_keras2_class_name(layer), "config", config);
    else if (json_object_set_new(json_object_get(object, "config"), "name", json_string(layer->name)))
        C2S_GOTO(c2s_error_no_memory(error));
    if (!object || json_object_update_missing(object, extras))
        C2S_GOTO(c2s_error_no_memory(error));
    *out = json_incref(object);
done:
    json_decref(config);
    json_decref(extras);
    json_decref(object);
    return status;
}

static cnn2snn_status write_sequential(const struct c2s_graph *graph, json_t *config, cnn2snn_error **error)
{
    json_t *list = json_array();
    if (!list || json_object_set_new(config, "layers", list))
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < graph->layer_count; i++) {
        json_t *object = NULL;
        C2S_TRY(write_layer(graph->layers[i], &object, error));
        if (json_array_append_new(list, object))
            return c2s_error_no_memory(error);
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ functional */

struct functional {
    const struct c2s_graph *graph;
    struct c2s_layer_order order;
    json_t **calls; /* by layer: its inbound_nodes */
    cnn2snn_error **error;
};

/* [layer, call, output]: all nested models begin with an input of their own, which counts as their call 0. */
static json_t *write_value(const struct functional *model, struct c2s_value value)
{
    const cnn2snn_layer *layer = model->graph->layers[model->graph->nodes[value.node].layer];
    json_int_t call = (json_int_t)model->order.calls[value.node] + (layer->graph ? 1 : 0);
    return json_pack("[s, I, I]", layer->name, call, (json_int_t)value.output);
}

/* Keyword arguments stand with the first tensor. What says nothing is left out. */
static json_t *write_arguments(const struct c2s_node *node)
{
    json_t *arguments = node->arguments ? json_copy(node->arguments) : json_object();
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(arguments, next, key, value)
    {
        if (json_is_null(value))
            json_object_del(arguments, key);
    }
    return arguments;
}

/* [layer, call, output, {name: [layer, call, output]}] */
static json_t *write_call_by_name(const struct functional *model, const struct c2s_node *node, const char *name)
{
    json_t *first = write_value(model, node->inputs[0]), *arguments = write_arguments(node);
    bool good = !json_object_set_new(arguments, name, write_value(model, node->inputs[1]));
    if (good && !json_array_append(first, arguments)) {
        json_decref(arguments);
        return json_pack("[o]", first);
    }
    json_decref(arguments);
    json_decref(first);
    return NULL;
}

static json_t *write_call(const struct functional *model, const struct c2s_node *node)
{
    const char *second = c2s_keras_second_argument(model->graph->layers[node->layer]->class_name);
    if (second && node->input_count == 2)
        return write_call_by_name(model, node, second);
    json_t *tensors = json_array();
    for (size_t i = 0; i < node->input_count; i++) {
        json_t *tensor = write_value(model, node->inputs[i]);
        if (json_array_append_new(tensor, i ? json_object() : write_arguments(node)) ||
            json_array_append(tensors, tensor)) {
            json_decref(tensor);
            json_decref(tensors);
            return NULL;
        }
        json_decref(tensor);
    }
    return tensors;
}

static cnn2snn_status collect_calls(struct functional *model)
{
    const struct c2s_graph *graph = model->graph;
    model->calls = c2s_calloc(graph->context, graph->layer_count, sizeof *model->calls);
    if (!model->calls)
        return c2s_error_no_memory(model->error);
    for (size_t i = 0; i < graph->layer_count; i++)
        if (!(model->calls[i] = json_array()))
            return c2s_error_no_memory(model->error);
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct c2s_node *node = &graph->nodes[i];
        bool kept = model->order.calls[i] != SIZE_MAX && node->input_count;
        if (kept && json_array_append_new(model->calls[node->layer], write_call(model, node)))
            return c2s_error_no_memory(model->error);
    }
    return CNN2SNN_OK;
}

static cnn2snn_status write_list(const struct functional *model, json_t *list)
{
    for (size_t i = 0; i < model->order.count; i++) {
        size_t number = model->order.layers[i];
        const cnn2snn_layer *layer = model->graph->layers[number];
        json_t *object = NULL;
        C2S_TRY(write_layer(layer, &object, model->error));
        if (json_object_set_new(object, "name", json_string(layer->name)) ||
            json_object_set(object, "inbound_nodes", model->calls[number]) || json_array_append(list, object)) {
            json_decref(object);
            return c2s_error_no_memory(model->error);
        }
        json_decref(object);
    }
    return CNN2SNN_OK;
}

static cnn2snn_status write_ends(const struct functional *model, json_t *config)
{
    const struct c2s_graph *graph = model->graph;
    json_t *inputs = json_array(), *outputs = json_array();
    bool good = !json_object_set_new(config, "input_layers", inputs);
    good = !json_object_set_new(config, "output_layers", outputs) && good;
    for (size_t i = 0; i < graph->input_count && good; i++)
        good = !json_array_append_new(inputs, write_value(model, (struct c2s_value){graph->inputs[i], 0}));
    for (size_t i = 0; i < graph->output_count && good; i++)
        good = !json_array_append_new(outputs, write_value(model, graph->outputs[i]));
    return good ? CNN2SNN_OK : c2s_error_no_memory(model->error);
}

static cnn2snn_status write_functional(const struct c2s_graph *graph, json_t *config, cnn2snn_error **error)
{
    struct functional model = {.graph = graph, .error = error};
    json_t *list = json_array();
    if (!list || json_object_set_new(config, "layers", list))
        return c2s_error_no_memory(error);
    C2S_TRY(c2s_layer_order_of(graph, &model.order, error));
    cnn2snn_status status = collect_calls(&model);
    if (!status)
        status = write_list(&model, list);
    if (!status)
        status = write_ends(&model, config);
    for (size_t i = 0; i < graph->layer_count && model.calls; i++)
        json_decref(model.calls[i]);
    c2s_free(graph->context, model.calls);
    c2s_layer_order_free(graph->context, &model.order);
    return status;
}

/* ------------------------------------------------------------------------------------------------ models */

/* Depth is that of nested models, which is bounded where models are made. */
static cnn2snn_status write_model(const struct c2s_graph *graph, json_t **out, cnn2snn_error **error)
{
    json_t *extras = NULL;
    C2S_TRY(c2s_keras2_model_extras(graph, &extras, error));
    json_t *config = json_pack("{s:s}", "name", graph->name);
    json_t *object =
        json_pack("{s:s, s:O}", "class_name", graph->sequential ? "Sequential" : "Functional", "config", config);
    cnn2snn_status status = CNN2SNN_OK;
    if (!config || !object || json_object_update_missing(config, extras))
        status = c2s_error_no_memory(error);
    if (!status)
        status = graph->sequential ? write_sequential(graph, config, error) : write_functional(graph, config, error);
    json_decref(extras);
    json_decref(config);
    if (status)
        json_decref(object);
    else
        *out = object;
    return status;
}

cnn2snn_status c2s_keras_config_write(const struct c2s_graph *graph, json_t **out, cnn2snn_error **error)
{
    *out = NULL;
    return write_model(graph, out, error);
}
