/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/model.h that look into models, and the one that sets a weight. */
#include <string.h>

#include "api/edge.h"
#include "base/allocator.h"
#include "base/json.h"
#include "base/text.h"
#include "cnn2snn/model.h"
#include "formats/keras_config.h"
#include "ir/model.h"
#include "layers/layer_kind.h"
#include "plan/plan.h"

const char *cnn2snn_model_get_name(const cnn2snn_model *model)
{
    return model ? model->graph->name : NULL;
}

int32_t cnn2snn_model_is_sequential(const cnn2snn_model *model)
{
    return model && model->graph->sequential;
}

int32_t cnn2snn_model_is_quantized(const cnn2snn_model *model)
{
    return model && c2s_graph_is_quantized(model->graph);
}

/* ------------------------------------------------------------------------------------------------ layers */

/* A Sequential's InputLayer is not among Keras's model.layers. */
static size_t first_layer(const struct c2s_graph *graph)
{
    return graph->sequential ? 1 : 0;
}

size_t cnn2snn_model_get_layer_count(const cnn2snn_model *model)
{
    return model ? model->graph->layer_count - first_layer(model->graph) : 0;
}

const cnn2snn_layer *cnn2snn_model_get_layer(const cnn2snn_model *model, int64_t index)
{
    int64_t count = (int64_t)cnn2snn_model_get_layer_count(model);
    if (index < -count || index >= count)
        return NULL;
    return model->graph->layers[first_layer(model->graph) + (size_t)(index < 0 ? index + count : index)];
}

const cnn2snn_layer *cnn2snn_model_find_layer(const cnn2snn_model *model, const char *name)
{
    if (!model || !name)
        return NULL;
    int64_t index = c2s_graph_find_layer(model->graph, name);
    return index < (int64_t)first_layer(model->graph) ? NULL : model->graph->layers[index];
}

/* ------------------------------------------------------------------------------------------------ connections */

/* The layers in front of all calls of a layer are counted through; *out is the one of that index, or NULL. */
static size_t find_inbound(const cnn2snn_model *model, const char *name, size_t index, const cnn2snn_layer **out)
{
    size_t count = 0;
    *out = NULL;
    int64_t layer = model && name ? c2s_graph_find_layer(model->graph, name) : -1;
    for (size_t i = 0; layer >= 0 && i < model->graph->node_count; i++) {
        const struct c2s_node *node = &model->graph->nodes[i];
        for (size_t k = 0; node->layer == (size_t)layer && k < node->input_count; k++, count++)
            if (count == index)
                *out = model->graph->layers[model->graph->nodes[node->inputs[k].node].layer];
    }
    return count;
}

size_t cnn2snn_model_get_inbound_count(const cnn2snn_model *model, const char *layer_name)
{
    const cnn2snn_layer *layer;
    return find_inbound(model, layer_name, 0, &layer);
}

const cnn2snn_layer *cnn2snn_model_get_inbound(const cnn2snn_model *model, const char *layer_name, size_t index)
{
    const cnn2snn_layer *layer;
    find_inbound(model, layer_name, index, &layer);
    return layer;
}

/* ------------------------------------------------------------------------------------------------ inputs, outputs */

size_t cnn2snn_model_get_input_count(const cnn2snn_model *model)
{
    return model ? model->graph->input_count : 0;
}

size_t cnn2snn_model_get_output_count(const cnn2snn_model *model)
{
    return model ? model->graph->output_count : 0;
}

static cnn2snn_status give_shape(const cnn2snn_model *model, const struct c2s_shape *shape, size_t capacity,
                                 int64_t *out_shape, size_t *out_rank, cnn2snn_error **error)
{
    if (c2s_shape_is_unranked(shape))
        return c2s_error(model->context, error, CNN2SNN_E_UNSUPPORTED, "A-shape",
                         "the shape is unknown: it lies behind a layer of an unknown class");
    *out_rank = shape->rank;
    if (shape->rank > capacity)
        return c2s_error(model->context, error, CNN2SNN_E_VALUE, "A-capacity", "room for %zu extents, expected %zu",
                         capacity, shape->rank);
    if (shape->rank)
        memcpy(out_shape, shape->extents, shape->rank * sizeof *out_shape);
    return CNN2SNN_OK;
}

static cnn2snn_status check_shape_arguments(const cnn2snn_model *model, size_t index, size_t count, size_t capacity,
                                            const int64_t *out_shape, const size_t *out_rank, cnn2snn_error **error)
{
    C2S_NEED(error, out_rank);
    if (capacity)
        C2S_NEED(error, out_shape);
    if (index >= count)
        return c2s_error(model->context, error, CNN2SNN_E_INDEX, "A-index", "index %zu, the model has %zu", index,
                         count);
    return CNN2SNN_OK;
}

cnn2snn_status cnn2snn_model_get_input_shape(const cnn2snn_model *model, size_t index, size_t capacity,
                                             int64_t *out_shape, size_t *out_rank, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, model);
    const struct c2s_graph *graph = model->graph;
    C2S_TRY(check_shape_arguments(model, index, graph->input_count, capacity, out_shape, out_rank, error));
    return give_shape(model, &graph->nodes[graph->inputs[index]].shapes[0], capacity, out_shape, out_rank, error);
}

cnn2snn_status cnn2snn_model_get_output_shape(const cnn2snn_model *model, size_t index, size_t capacity,
                                              int64_t *out_shape, size_t *out_rank, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, model);
    const struct c2s_graph *graph = model->graph;
    C2S_TRY(check_shape_arguments(model, index, graph->output_count, capacity, out_shape, out_rank, error));
    struct c2s_value value = graph->outputs[index];
    return give_shape(model, &graph->nodes[value.node].shapes[value.output], capacity, out_shape, out_rank, error);
}

/* ------------------------------------------------------------------------------------------------ config */

/* Names the writer as the model's file does; a model made here is in tf_keras's form. */
static cnn2snn_status add_writer(const cnn2snn_model *model, json_t *document, cnn2snn_error **error)
{
    const char *version = model->keras_version ? model->keras_version : "2.15.0";
    const char *backend = model->backend ? model->backend : "tensorflow";
    if (json_object_set_new(document, "keras_version", json_string(version)) ||
        json_object_set_new(document, "backend", json_string(backend)))
        return c2s_error_no_memory(error);
    return CNN2SNN_OK;
}

cnn2snn_status cnn2snn_model_get_config(const cnn2snn_model *model, cnn2snn_buffer **out_json, cnn2snn_error **error)
{
    C2S_OUT(error, out_json);
    C2S_NEED(error, model);
    json_t *document = NULL;
    cnn2snn_status status = c2s_keras_config_write(model->graph, &document, error);
    if (!status)
        status = add_writer(model, document, error);
    if (!status) {
        struct c2s_text text;
        c2s_text_init(&text, model->context);
        c2s_json_dump(&text, document, false);
        status = c2s_text_to_buffer(&text, out_json, error);
    }
    json_decref(document);
    C2S_RETURN(model->context, status, out_json, error);
}

const char *cnn2snn_model_get_training_config(const cnn2snn_model *model)
{
    return model ? model->training_config : NULL;
}

/* ------------------------------------------------------------------------------------------------ setting weights */

/* A copy of the graph with layers[index] replaced. */
static cnn2snn_status replace_layer(const struct c2s_graph *graph, size_t index, cnn2snn_layer *layer,
                                    struct c2s_graph **out_graph, cnn2snn_error **error)
{
    cnn2snn_layer **layers = c2s_calloc(graph->context, graph->layer_count, sizeof *layers);
    if (!layers)
        return c2s_error_no_memory(error);
    layers[index] = layer;
    struct c2s_graph *copy = NULL;
    cnn2snn_status status = c2s_graph_replace_layers(graph, layers, &copy, error);
    c2s_free(graph->context, layers);
    if (!status)
        status = c2s_graph_infer_shapes(copy, error);
    if (status)
        c2s_graph_release(copy);
    else
        *out_graph = copy;
    return status;
}

/* A copy of the layer with another weight. */
static cnn2snn_status with_weight(const cnn2snn_layer *layer, size_t weight_index, cnn2snn_tensor *value,
                                  cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_context *context = layer->context;
    if (weight_index >= layer->weight_count)
        return c2s_layer_error(context, error, CNN2SNN_E_INDEX, "A-index", layer->name,
                               "weight index %zu, the layer has %zu weights", weight_index, layer->weight_count);
    const cnn2snn_tensor *old = layer->weights[weight_index].tensor;
    if (old && !c2s_tensor_same_shape(old, value)) {
        char found[C2S_SHAPE_TEXT], expected[C2S_SHAPE_TEXT];
        return c2s_layer_error(context, error, CNN2SNN_E_VALUE, "A-weight", layer->name,
                               "weight %s has shape %s, expected %s", layer->weights[weight_index].name,
                               c2s_shape_print(value->rank, value->shape, found, sizeof found),
                               c2s_shape_print(old->rank, old->shape, expected, sizeof expected));
    }
    cnn2snn_layer *copy = NULL;
    C2S_TRY(c2s_layer_copy(layer, &copy, error));
    c2s_tensor_release(copy->weights[weight_index].tensor);
    copy->weights[weight_index].tensor = c2s_tensor_retain(value);
    *out_layer = copy;
    return CNN2SNN_OK;
}

static cnn2snn_status set_weight(const struct c2s_graph *graph, const char *path, size_t weight_index,
                                 cnn2snn_tensor *value, struct c2s_graph **out_graph, cnn2snn_error **error);

/* The layer `path` of the nested model layers[index] gets the weight. */
static cnn2snn_status set_nested_weight(const struct c2s_graph *graph, size_t index, const char *path,
                                        size_t weight_index, cnn2snn_tensor *value, struct c2s_graph **out_graph,
                                        cnn2snn_error **error)
{
    const cnn2snn_layer *outer = graph->layers[index];
    struct c2s_graph *inner = NULL;
    cnn2snn_layer *copy = NULL;
    C2S_TRY(set_weight(outer->graph, path, weight_index, value, &inner, error));
    cnn2snn_status status = c2s_layer_copy(outer, &copy, error);
    if (status) {
        c2s_graph_release(inner);
        return status;
    }
    c2s_graph_release(copy->graph);
    copy->graph = inner;
    status = replace_layer(graph, index, copy, out_graph, error);
    c2s_layer_release(copy);
    return status;
}

static cnn2snn_status set_weight(const struct c2s_graph *graph, const char *path, size_t weight_index,
                                 cnn2snn_tensor *value, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    int64_t index = c2s_graph_find_layer(graph, path);
    if (index >= 0) {
        cnn2snn_layer *layer = NULL;
        C2S_TRY(with_weight(graph->layers[index], weight_index, value, &layer, error));
        cnn2snn_status status = replace_layer(graph, (size_t)index, layer, out_graph, error);
        c2s_layer_release(layer);
        return status;
    }
    for (size_t i = 0; i < graph->layer_count; i++) {
        const cnn2snn_layer *layer = graph->layers[i];
        size_t size = strlen(layer->name);
        if (layer->graph && !strncmp(path, layer->name, size) && path[size] == '/')
            return set_nested_weight(graph, i, path + size + 1, weight_index, value, out_graph, error);
    }
    return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "A-layer", "the model has no layer '%s'", path);
}

cnn2snn_status cnn2snn_model_set_weight(cnn2snn_model *model, const char *layer_name, size_t weight_index,
                                        const cnn2snn_tensor *value, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, model);
    C2S_NEED(error, layer_name);
    C2S_NEED(error, value);
    cnn2snn_tensor *floats = NULL;
    struct c2s_graph *graph = NULL;
    cnn2snn_status status = c2s_tensor_convert(value, CNN2SNN_DTYPE_FLOAT32, &floats, error);
    if (!status)
        status = set_weight(model->graph, layer_name, weight_index, floats, &graph, error);
    c2s_tensor_release(floats);
    if (!status) {
        c2s_graph_release(model->graph);
        model->graph = graph;
    }
    return c2s_edge_end(model->context, status, error);
}
