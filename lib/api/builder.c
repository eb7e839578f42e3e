/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/model.h that build models layer by layer. */
#include <string.h>

#include "api/edge.h"
#include "base/allocator.h"
#include "base/text.h"
#include "cnn2snn/model.h"
#include "ir/model.h"
#include "layers/layer_kind.h"

/* The caller's handle of a layer, kept so that no other layer takes its address, and the copy that is in the graph.
 */
struct known_layer {
    cnn2snn_layer *handle;
    size_t index;
};

struct cnn2snn_model_builder {
    cnn2snn_context *context;
    struct c2s_graph *graph;  /* NULL once finished */
    struct c2s_shape *shapes; /* of each node's output */
    size_t shape_capacity;
    struct known_layer *known;
    size_t known_count, known_capacity;
};

/* ------------------------------------------------------------------------------------------------ layers */

static cnn2snn_status rename_layer(cnn2snn_layer *layer, const char *name, cnn2snn_error **error)
{
    char *copy = c2s_strdup(layer->context, name);
    json_t *config = json_copy(layer->config);
    if (!copy || !config || json_object_set_new(config, "name", json_string(name))) {
        c2s_free(layer->context, copy);
        json_decref(config);
        return c2s_error_no_memory(error);
    }
    c2s_free(layer->context, layer->name);
    json_decref(layer->config);
    layer->name = copy;
    layer->config = config;
    return CNN2SNN_OK;
}

/* Renames the layer to name_N, where N starts at the number of layers of its class, so that it is mostly free. */
static cnn2snn_status number_layer(const struct c2s_graph *graph, cnn2snn_layer *layer, const char *automatic,
                                   cnn2snn_error **error)
{
    struct c2s_text name;
    c2s_text_init(&name, layer->context);
    size_t number = 0;
    for (size_t i = 0; i < graph->layer_count; i++)
        number += !strcmp(graph->layers[i]->class_name, layer->class_name);
    do {
        c2s_text_free(&name);
        c2s_text_format(&name, "%s_%zu", automatic, number++);
    } while (!name.failed && c2s_graph_find_layer(graph, name.data) >= 0);
    cnn2snn_status status = name.failed ? c2s_error_no_memory(error) : rename_layer(layer, name.data, error);
    c2s_text_free(&name);
    return status;
}

/* A layer that got its name from its class gets a number behind it where another layer has the name, as Keras does.
 */
static cnn2snn_status make_name_unique(const struct c2s_graph *graph, cnn2snn_layer *layer, cnn2snn_error **error)
{
    if (c2s_graph_find_layer(graph, layer->name) < 0)
        return CNN2SNN_OK;
    char *automatic = c2s_layer_name_of_class(layer->context, layer->class_name);
    if (!automatic)
        return c2s_error_no_memory(error);
    cnn2snn_status status = strcmp(layer->name, automatic)
                                ? c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "A-name", layer->name,
                                                  "another layer of the model has the name")
                                : number_layer(graph, layer, automatic, error);
    c2s_free(layer->context, automatic);
    return status;
}

/* The shape of a call's output, after the weights of the layer are seen to fit the inputs. */
static cnn2snn_status infer_call(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                 struct c2s_shape *out_shape, cnn2snn_error **error)
{
    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS];
    size_t weight_count;
    C2S_TRY(c2s_layer_output_shape(layer, count, inputs, out_shape, error));
    C2S_TRY(c2s_layer_weight_specs(layer, count, inputs, specs, &weight_count, error));
    for (size_t i = 0; i < weight_count && i < layer->weight_count; i++)
        C2S_TRY(c2s_layer_check_weight(layer, &specs[i], layer->weights[i].tensor, error));
    return CNN2SNN_OK;
}

/* A copy of the caller's layer, built for these inputs, and its output's shape. */
static cnn2snn_status prepare_layer(const struct c2s_graph *graph, const cnn2snn_layer *layer, size_t count,
                                    const struct c2s_shape *inputs, cnn2snn_layer **out_layer,
                                    struct c2s_shape *out_shape, cnn2snn_error **error)
{
    if (c2s_layer_id(layer) == C2S_KIND_INPUT)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "A-input", layer->name,
                               "an InputLayer can't be called; the model's inputs are made by the builder");
    cnn2snn_layer *copy = NULL;
    C2S_TRY(c2s_layer_copy(layer, &copy, error));
    cnn2snn_status status = make_name_unique(graph, copy, error);
    if (!status)
        status = c2s_layer_build(copy, count, inputs, error);
    if (!status)
        status = infer_call(copy, count, inputs, out_shape, error);
    if (status)
        c2s_layer_release(copy);
    else
        *out_layer = copy;
    return status;
}

/* ------------------------------------------------------------------------------------------------ functional */

cnn2snn_status cnn2snn_model_builder_create(cnn2snn_context *context, const char *name,
                                            cnn2snn_model_builder **out_builder, cnn2snn_error **error)
{
    C2S_OUT(error, out_builder);
    C2S_NEED(error, context);
    cnn2snn_model_builder *builder = c2s_calloc(context, 1, sizeof *builder);
    if (!builder)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_graph_create(context, name ? name : "model", false, &builder->graph, error);
    if (status) {
        c2s_free(context, builder);
        return c2s_edge_end(context, status, error);
    }
    builder->context = c2s_context_retain(context);
    *out_builder = builder;
    return CNN2SNN_OK;
}

void cnn2snn_model_builder_destroy(cnn2snn_model_builder *builder)
{
    if (!builder)
        return;
    cnn2snn_context *context = builder->context;
    for (size_t i = 0; i < builder->known_count; i++)
        c2s_layer_release(builder->known[i].handle);
    c2s_free(context, builder->known);
    c2s_free(context, builder->shapes);
    c2s_graph_release(builder->graph);
    c2s_free(context, builder);
    c2s_context_release(context);
}

static cnn2snn_status check_unfinished(const cnn2snn_model_builder *builder, cnn2snn_error **error)
{
    if (builder->graph)
        return CNN2SNN_OK;
    return c2s_error(builder->context, error, CNN2SNN_E_STATE, "A-state", "the builder is finished");
}

/* Adds a call and notes its output's shape. */
static cnn2snn_status add_node(cnn2snn_model_builder *builder, size_t layer, size_t count,
                               const struct c2s_value *inputs, const struct c2s_shape *shape, int32_t *out_value,
                               cnn2snn_error **error)
{
    struct c2s_graph *graph = builder->graph;
    if (c2s_array_reserve(builder->context, &builder->shapes, &builder->shape_capacity, graph->node_count + 1,
                          sizeof *builder->shapes))
        return c2s_error_no_memory(error);
    size_t node;
    C2S_TRY(c2s_graph_add_node(graph, layer, count, inputs, NULL, &node, error));
    builder->shapes[node] = *shape;
    *out_value = (int32_t)node;
    return CNN2SNN_OK;
}

/* A name that no layer has: Keras counts its inputs from 1. */
static cnn2snn_status input_name(const cnn2snn_model_builder *builder, const char *name, struct c2s_text *out,
                                 cnn2snn_error **error)
{
    const struct c2s_graph *graph = builder->graph;
    if (name && c2s_graph_find_layer(graph, name) >= 0)
        return c2s_layer_error(builder->context, error, CNN2SNN_E_VALUE, "A-name", name,
                               "another layer of the model has the name");
    if (name)
        c2s_text_add(out, name);
    for (size_t number = graph->input_count + 1; !name; number++) {
        c2s_text_free(out);
        c2s_text_format(out, "input_%zu", number);
        if (out->failed || c2s_graph_find_layer(graph, out->data) < 0)
            break;
    }
    return out->failed ? c2s_error_no_memory(error) : CNN2SNN_OK;
}

static cnn2snn_status add_input(cnn2snn_model_builder *builder, const char *name, const struct c2s_shape *shape,
                                cnn2snn_dtype dtype, int32_t *out_value, cnn2snn_error **error)
{
    cnn2snn_layer *layer = NULL;
    C2S_TRY(c2s_input_layer_create(builder->context, name, shape, dtype, &layer, error));
    size_t index;
    int32_t value;
    cnn2snn_status status = c2s_graph_add_layer(builder->graph, layer, &index, error);
    c2s_layer_release(layer);
    if (!status)
        status = add_node(builder, index, 0, NULL, shape, &value, error);
    if (!status)
        status = c2s_graph_add_input(builder->graph, (size_t)value, error);
    if (!status)
        *out_value = value;
    return status;
}

cnn2snn_status cnn2snn_model_builder_add_input(cnn2snn_model_builder *builder, const char *name, size_t rank,
                                               const int64_t *shape, cnn2snn_dtype dtype, int32_t *out_value,
                                               cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, builder);
    C2S_NEED(error, out_value);
    C2S_TRY(check_unfinished(builder, error));
    if (dtype < CNN2SNN_DTYPE_NONE || dtype > CNN2SNN_DTYPE_UINT64)
        return c2s_error(builder->context, error, CNN2SNN_E_VALUE, "A-dtype", "element type %d is unknown",
                         (int)dtype);
    struct c2s_shape extents;
    C2S_TRY(c2s_edge_shape(builder->context, rank, shape, &extents, error));
    struct c2s_text text;
    c2s_text_init(&text, builder->context);
    cnn2snn_status status = input_name(builder, name, &text, error);
    if (!status)
        status = add_input(builder, text.data, &extents, dtype ? dtype : CNN2SNN_DTYPE_FLOAT32, out_value, error);
    c2s_text_free(&text);
    return c2s_edge_end(builder->context, status, error);
}

static cnn2snn_status read_values(const cnn2snn_model_builder *builder, size_t count, const int32_t *values,
                                  struct c2s_value *out_values, struct c2s_shape *out_shapes, cnn2snn_error **error)
{
    for (size_t i = 0; i < count; i++) {
        if (values[i] < 0 || (size_t)values[i] >= builder->graph->node_count)
            return c2s_error(builder->context, error, CNN2SNN_E_INDEX, "A-index", "value %d, the builder has %zu",
                             (int)values[i], builder->graph->node_count);
        out_values[i] = (struct c2s_value){.node = (size_t)values[i]};
        if (out_shapes)
            out_shapes[i] = builder->shapes[values[i]];
    }
    return CNN2SNN_OK;
}

static const struct known_layer *find_known(const cnn2snn_model_builder *builder, const cnn2snn_layer *handle)
{
    for (size_t i = 0; i < builder->known_count; i++)
        if (builder->known[i].handle == handle)
            return &builder->known[i];
    return NULL;
}

/* Takes the layer into the graph at its first call. */
static cnn2snn_status add_layer(cnn2snn_model_builder *builder, cnn2snn_layer *handle, size_t count,
                                const struct c2s_shape *inputs, size_t *out_index, struct c2s_shape *out_shape,
                                cnn2snn_error **error)
{
    if (c2s_array_reserve(builder->context, &builder->known, &builder->known_capacity, builder->known_count + 1,
                          sizeof *builder->known))
        return c2s_error_no_memory(error);
    cnn2snn_layer *layer = NULL;
    C2S_TRY(prepare_layer(builder->graph, handle, count, inputs, &layer, out_shape, error));
    cnn2snn_status status = c2s_graph_add_layer(builder->graph, layer, out_index, error);
    c2s_layer_release(layer);
    if (!status)
        builder->known[builder->known_count++] = (struct known_layer){c2s_layer_retain(handle), *out_index};
    return status;
}

static cnn2snn_status call_layer(cnn2snn_model_builder *builder, cnn2snn_layer *handle, size_t count,
                                 const struct c2s_value *inputs, const struct c2s_shape *shapes, int32_t *out_value,
                                 cnn2snn_error **error)
{
    const struct known_layer *known = find_known(builder, handle);
    struct c2s_shape shape;
    size_t index;
    if (known) {
        index = known->index;
        C2S_TRY(infer_call(builder->graph->layers[index], count, shapes, &shape, error));
    } else {
        C2S_TRY(add_layer(builder, handle, count, shapes, &index, &shape, error));
    }
    return add_node(builder, index, count, inputs, &shape, out_value, error);
}

cnn2snn_status cnn2snn_model_builder_call(cnn2snn_model_builder *builder, cnn2snn_layer *layer, size_t input_count,
                                          const int32_t *inputs, int32_t *out_value, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, builder);
    C2S_NEED(error, layer);
    C2S_NEED(error, out_value);
    C2S_TRY(check_unfinished(builder, error));
    if (!input_count)
        return c2s_layer_error(builder->context, error, CNN2SNN_E_VALUE, "A-inputs", layer->name,
                               "called on no value");
    C2S_NEED(error, inputs);
    cnn2snn_context *context = builder->context;
    struct c2s_value *values = c2s_calloc(context, input_count, sizeof *values);
    struct c2s_shape *shapes = c2s_calloc(context, input_count, sizeof *shapes);
    cnn2snn_status status = values && shapes ? read_values(builder, input_count, inputs, values, shapes, error)
                                             : c2s_error_no_memory(error);
    if (!status)
        status = call_layer(builder, layer, input_count, values, shapes, out_value, error);
    c2s_free(context, values);
    c2s_free(context, shapes);
    return c2s_edge_end(context, status, error);
}

/* A graph that holds together, with its shapes, as a model. */
static cnn2snn_status finish(struct c2s_graph *graph, cnn2snn_model **out_model, cnn2snn_error **error)
{
    C2S_TRY(c2s_graph_verify(graph, error));
    C2S_TRY(c2s_graph_infer_shapes(graph, error));
    return c2s_model_create(graph->context, graph, out_model, error);
}

cnn2snn_status cnn2snn_model_builder_finish(cnn2snn_model_builder *builder, size_t output_count,
                                            const int32_t *outputs, cnn2snn_model **out_model, cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, builder);
    C2S_TRY(check_unfinished(builder, error));
    if (!output_count)
        return c2s_error(builder->context, error, CNN2SNN_E_VALUE, "A-outputs", "a model needs an output");
    C2S_NEED(error, outputs);
    struct c2s_graph *graph = builder->graph;
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; !status && i < output_count; i++) {
        struct c2s_value value;
        status = read_values(builder, 1, &outputs[i], &value, NULL, error);
        if (!status)
            status = c2s_graph_add_output(graph, value, error);
    }
    if (!status)
        status = finish(graph, out_model, error);
    builder->graph = NULL;
    c2s_graph_release(graph);
    C2S_RETURN(builder->context, status, out_model, error);
}

/* ------------------------------------------------------------------------------------------------ sequential */

static cnn2snn_status add_to_sequential(struct c2s_graph *graph, cnn2snn_layer *layer, struct c2s_value inputs,
                                        size_t input_count, size_t *out_node, cnn2snn_error **error)
{
    size_t index;
    C2S_TRY(c2s_graph_add_layer(graph, layer, &index, error));
    return c2s_graph_add_node(graph, index, input_count, &inputs, NULL, out_node, error);
}

static cnn2snn_status add_sequential_input(struct c2s_graph *graph, const struct c2s_shape *shape,
                                           cnn2snn_error **error)
{
    cnn2snn_layer *input = NULL;
    size_t node;
    C2S_TRY(c2s_input_layer_create(graph->context, "input_1", shape, CNN2SNN_DTYPE_FLOAT32, &input, error));
    cnn2snn_status status = add_to_sequential(graph, input, (struct c2s_value){0}, 0, &node, error);
    c2s_layer_release(input);
    return status ? status : c2s_graph_add_input(graph, node, error);
}

static cnn2snn_status fill_sequential(struct c2s_graph *graph, struct c2s_shape shape, size_t count,
                                      cnn2snn_layer *const *layers, cnn2snn_error **error)
{
    C2S_TRY(add_sequential_input(graph, &shape, error));
    size_t node = 0;
    for (size_t i = 0; i < count; i++) {
        cnn2snn_layer *layer = NULL;
        struct c2s_shape output;
        C2S_TRY(prepare_layer(graph, layers[i], 1, &shape, &layer, &output, error));
        cnn2snn_status status = add_to_sequential(graph, layer, (struct c2s_value){.node = node}, 1, &node, error);
        c2s_layer_release(layer);
        C2S_TRY(status);
        shape = output;
    }
    return c2s_graph_add_output(graph, (struct c2s_value){.node = node}, error);
}

cnn2snn_status cnn2snn_model_create_sequential(cnn2snn_context *context, const char *name, size_t rank,
                                               const int64_t *input_shape, size_t layer_count,
                                               cnn2snn_layer *const *layers, cnn2snn_model **out_model,
                                               cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, context);
    if (layer_count)
        C2S_NEED(error, layers);
    for (size_t i = 0; i < layer_count; i++)
        C2S_NEED(error, layers[i]);
    struct c2s_shape shape;
    C2S_TRY(c2s_edge_shape(context, rank, input_shape, &shape, error));
    struct c2s_graph *graph = NULL;
    C2S_TRY(c2s_graph_create(context, name ? name : "sequential", true, &graph, error));
    cnn2snn_status status = fill_sequential(graph, shape, layer_count, layers, error);
    if (!status)
        status = finish(graph, out_model, error);
    c2s_graph_release(graph);
    C2S_RETURN(context, status, out_model, error);
}
