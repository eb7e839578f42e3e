/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what the summary of a model says: one row a layer, nested models' layers under theirs. */
#include <math.h>
#include <string.h>

#include "api/edge.h"
#include "api/table.h"
#include "api/training_summary.h"
#include "base/allocator.h"
#include "cnn2snn/model.h"
#include "ir/model.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "numeric/weight_quantizer.h"

/* ------------------------------------------------------------------------------------------------ facts */

/* Elements of the weights; a nested model's are those of its layers. */
static uint64_t count_parameters(const cnn2snn_layer *layer)
{
    uint64_t count = 0;
    for (size_t i = 0; i < layer->weight_count; i++)
        count += layer->weights[i].tensor ? layer->weights[i].tensor->count : 0;
    for (size_t i = 0; layer->graph && i < layer->graph->layer_count; i++)
        count += count_parameters(layer->graph->layers[i]);
    return count;
}

static uint64_t count_graph_parameters(const struct c2s_graph *graph)
{
    uint64_t count = 0;
    for (size_t i = 0; i < graph->layer_count; i++)
        count += count_parameters(graph->layers[i]);
    return count;
}

/* The first call of each layer, and how often it is called. */
struct calls {
    const struct c2s_node *first;
    size_t count;
};

static struct calls *find_calls(const struct c2s_graph *graph)
{
    struct calls *calls = c2s_calloc(graph->context, graph->layer_count, sizeof *calls);
    for (size_t i = 0; calls && i < graph->node_count; i++) {
        struct calls *call = &calls[graph->nodes[i].layer];
        if (!call->count++)
            call->first = &graph->nodes[i];
    }
    return calls;
}

static const struct c2s_shape *value_shape(const struct c2s_graph *graph, struct c2s_value value)
{
    return graph->nodes[value.node].shapes ? &graph->nodes[value.node].shapes[value.output] : NULL;
}

/* ------------------------------------------------------------------------------------------------ text */

static void add_shape(struct c2s_text *text, const struct c2s_shape *shape)
{
    char printed[C2S_SHAPE_TEXT];
    c2s_text_add(text, shape ? c2s_shape_text(shape, printed, sizeof printed) : "?");
}

static void add_inputs(struct c2s_text *text, const struct c2s_graph *graph, const struct c2s_node *node)
{
    for (size_t i = 0; node && i < node->input_count; i++) {
        c2s_text_add(text, i ? " + " : "");
        add_shape(text, value_shape(graph, node->inputs[i]));
    }
}

static void add_outputs(struct c2s_text *text, const struct c2s_node *node)
{
    for (size_t i = 0; node && i < node->output_count; i++) {
        c2s_text_add(text, i ? " + " : "");
        add_shape(text, node->shapes ? &node->shapes[i] : NULL);
    }
}

static void add_bits(struct c2s_text *text, const cnn2snn_layer *layer)
{
    int32_t bits = cnn2snn_layer_get_bitwidth(layer);
    const cnn2snn_quantizer *depthwise = c2s_layer_depthwise_quantizer(layer);
    if (bits)
        c2s_text_format(text, "%d", (int)bits);
    if (depthwise && depthwise->bitwidth != bits)
        c2s_text_format(text, " (depthwise %d)", (int)depthwise->bitwidth);
}

static cnn2snn_status add_rows(struct c2s_table *table, const struct c2s_graph *graph, const char *prefix,
                               cnn2snn_error **error);

static cnn2snn_status add_row(struct c2s_table *table, const struct c2s_graph *graph, const cnn2snn_layer *layer,
                              const struct calls *calls, const char *prefix, cnn2snn_error **error)
{
    struct c2s_text cell;
    c2s_text_init(&cell, graph->context);
    c2s_text_add(&cell, prefix);
    c2s_text_add(&cell, layer->name);
    if (calls->count > 1)
        c2s_text_format(&cell, " (%zu calls)", calls->count);
    c2s_table_add_take(table, &cell);
    c2s_text_add(&cell, layer->class_name);
    c2s_table_add_take(table, &cell);
    add_inputs(&cell, graph, calls->first);
    c2s_table_add_take(table, &cell);
    add_outputs(&cell, calls->first);
    c2s_table_add_take(table, &cell);
    c2s_table_add(table, "%llu", (unsigned long long)count_parameters(layer));
    add_bits(&cell, layer);
    c2s_table_add_take(table, &cell);
    if (!layer->graph)
        return CNN2SNN_OK;
    c2s_text_add(&cell, prefix);
    c2s_text_add(&cell, layer->name);
    c2s_text_add(&cell, "/");
    cnn2snn_status status =
        cell.failed ? c2s_error_no_memory(error) : add_rows(table, layer->graph, cell.data, error);
    c2s_text_free(&cell);
    return status;
}

static cnn2snn_status add_rows(struct c2s_table *table, const struct c2s_graph *graph, const char *prefix,
                               cnn2snn_error **error)
{
    struct calls *calls = find_calls(graph);
    cnn2snn_status status = calls ? CNN2SNN_OK : c2s_error_no_memory(error);
    size_t first = graph->sequential && graph->input_is_implicit ? 1 : 0;
    for (size_t i = first; !status && i < graph->layer_count; i++)
        status = add_row(table, graph, graph->layers[i], &calls[i], prefix, error);
    c2s_free(graph->context, calls);
    return status;
}

static cnn2snn_status print_text(const cnn2snn_model *model, struct c2s_text *text, cnn2snn_error **error)
{
    static const char *const heads[] = {"layer", "kind", "input", "output", "parameters", "bits", NULL};
    struct c2s_table table;
    c2s_table_init(&table, model->context, heads);
    cnn2snn_status status = add_rows(&table, model->graph, "", error);
    if (!status) {
        c2s_table_print(&table, text);
        c2s_text_format(text, "\n%s, %llu parameters%s\n",
                        model->graph->sequential ? "Sequential model" : "functional model",
                        (unsigned long long)count_graph_parameters(model->graph),
                        cnn2snn_model_is_quantized(model) ? ", quantized" : "");
        status = c2s_training_add_text(text, model, error);
    }
    c2s_table_free(&table);
    return status;
}

/* ------------------------------------------------------------------------------------------------ JSON */

static void add_json_shape(struct c2s_text *text, const struct c2s_shape *shape)
{
    if (!shape || c2s_shape_is_unranked(shape)) {
        c2s_text_add(text, "null");
        return;
    }
    c2s_text_add(text, "[");
    for (size_t i = 0; i < shape->rank; i++) {
        c2s_text_add(text, i ? ", " : "");
        if (shape->extents[i] < 0)
            c2s_text_add(text, "null");
        else
            c2s_text_format(text, "%lld", (long long)shape->extents[i]);
    }
    c2s_text_add(text, "]");
}

static void add_json_member(struct c2s_text *text, const char *key, const char *value)
{
    c2s_text_format(text, "\"%s\": ", key);
    if (value)
        c2s_text_add_json_string(text, value);
    else
        c2s_text_add(text, "null");
    c2s_text_add(text, ", ");
}

static void add_json_weights(struct c2s_text *text, const cnn2snn_layer *layer)
{
    c2s_text_add(text, "\"weights\": [");
    for (size_t i = 0; i < layer->weight_count; i++) {
        const struct c2s_weight *weight = &layer->weights[i];
        struct c2s_shape shape = {.rank = weight->tensor ? weight->tensor->rank : 0};
        if (weight->tensor)
            memcpy(shape.extents, weight->tensor->shape, shape.rank * sizeof *shape.extents);
        c2s_text_add(text, i ? ", {" : "{");
        add_json_member(text, "name", weight->name);
        c2s_text_add(text, "\"shape\": ");
        add_json_shape(text, &shape);
        c2s_text_add(text, "}");
    }
    c2s_text_add(text, "]");
}

static void add_json_quantizer(struct c2s_text *text, const char *key, const cnn2snn_quantizer *quantizer)
{
    if (!quantizer)
        return;
    c2s_text_format(text, ", \"%s\": {", key);
    add_json_member(text, "class_name", quantizer->class_name);
    c2s_text_format(text, "\"bitwidth\": %d}", (int)quantizer->bitwidth);
}

static void add_json_calls(struct c2s_text *text, const struct c2s_graph *graph, const struct calls *calls)
{
    const struct c2s_node *node = calls->first;
    c2s_text_add(text, "\"inbound\": [");
    for (size_t i = 0; node && i < node->input_count; i++) {
        c2s_text_add(text, i ? ", " : "");
        c2s_text_add_json_string(text, graph->layers[graph->nodes[node->inputs[i].node].layer]->name);
    }
    c2s_text_add(text, "], \"input_shapes\": [");
    for (size_t i = 0; node && i < node->input_count; i++) {
        c2s_text_add(text, i ? ", " : "");
        add_json_shape(text, value_shape(graph, node->inputs[i]));
    }
    c2s_text_add(text, "], \"output_shapes\": [");
    for (size_t i = 0; node && i < node->output_count; i++) {
        c2s_text_add(text, i ? ", " : "");
        add_json_shape(text, node->shapes ? &node->shapes[i] : NULL);
    }
    c2s_text_format(text, "], \"calls\": %zu, ", calls->count);
}

static cnn2snn_status add_json_layers(struct c2s_text *text, const struct c2s_graph *graph, cnn2snn_error **error);

static cnn2snn_status add_json_layer(struct c2s_text *text, const struct c2s_graph *graph, const cnn2snn_layer *layer,
                                     const struct calls *calls, cnn2snn_error **error)
{
    const struct c2s_quantized_activation_attributes *activation = c2s_layer_quantized_activation(layer);
    int32_t bits = cnn2snn_layer_get_bitwidth(layer);
    c2s_text_add(text, "{");
    add_json_member(text, "name", layer->name);
    add_json_member(text, "class_name", layer->class_name);
    add_json_calls(text, graph, calls);
    c2s_text_format(text, "\"known\": %s, ", c2s_layer_id(layer) == C2S_KIND_OPAQUE ? "false" : "true");
    c2s_text_format(text, "\"parameters\": %llu, ", (unsigned long long)count_parameters(layer));
    add_json_weights(text, layer);
    if (bits)
        c2s_text_format(text, ", \"bitwidth\": %d", (int)bits);
    add_json_quantizer(text, "quantizer", c2s_layer_quantizer(layer));
    add_json_quantizer(text, "quantizer_dw", c2s_layer_depthwise_quantizer(layer));
    if (activation && isfinite(activation->step)) {
        c2s_text_add(text, ", \"step\": ");
        c2s_text_add_double(text, (double)activation->step);
    }
    cnn2snn_status status = CNN2SNN_OK;
    if (layer->graph) {
        c2s_text_add(text, ", \"layers\": ");
        status = add_json_layers(text, layer->graph, error);
    }
    c2s_text_add(text, "}");
    return status;
}

static cnn2snn_status add_json_layers(struct c2s_text *text, const struct c2s_graph *graph, cnn2snn_error **error)
{
    struct calls *calls = find_calls(graph);
    cnn2snn_status status = calls ? CNN2SNN_OK : c2s_error_no_memory(error);
    size_t first = graph->sequential ? 1 : 0;
    c2s_text_add(text, "[");
    for (size_t i = first; !status && i < graph->layer_count; i++) {
        c2s_text_add(text, i > first ? ",\n    " : "\n    ");
        status = add_json_layer(text, graph, graph->layers[i], &calls[i], error);
    }
    c2s_text_add(text, "]");
    c2s_free(graph->context, calls);
    return status;
}

static cnn2snn_status print_json(const cnn2snn_model *model, struct c2s_text *text, cnn2snn_error **error)
{
    const struct c2s_graph *graph = model->graph;
    c2s_text_add(text, "{\n  \"format\": \"keras\",\n  ");
    add_json_member(text, "name", graph->name);
    c2s_text_format(text, "\"sequential\": %s, \"quantized\": %s,\n  ", graph->sequential ? "true" : "false",
                    cnn2snn_model_is_quantized(model) ? "true" : "false");
    add_json_member(text, "keras_version", model->keras_version);
    add_json_member(text, "backend", model->backend);
    c2s_text_add(text, "\n  \"input_shapes\": [");
    for (size_t i = 0; i < graph->input_count; i++) {
        c2s_text_add(text, i ? ", " : "");
        add_json_shape(text, graph->nodes[graph->inputs[i]].shapes);
    }
    c2s_text_add(text, "],\n  \"output_shapes\": [");
    for (size_t i = 0; i < graph->output_count; i++) {
        c2s_text_add(text, i ? ", " : "");
        add_json_shape(text, value_shape(graph, graph->outputs[i]));
    }
    c2s_text_format(text, "],\n  \"parameters\": %llu,\n", (unsigned long long)count_graph_parameters(graph));
    C2S_TRY(c2s_training_add_json(text, model, error));
    c2s_text_add(text, "  \"layers\": ");
    cnn2snn_status status = add_json_layers(text, graph, error);
    c2s_text_add(text, "\n}\n");
    return status;
}

cnn2snn_status cnn2snn_model_summary(const cnn2snn_model *model, int32_t json, cnn2snn_buffer **out_buffer,
                                     cnn2snn_error **error)
{
    C2S_OUT(error, out_buffer);
    C2S_NEED(error, model);
    struct c2s_text text;
    c2s_text_init(&text, model->context);
    cnn2snn_status status = json ? print_json(model, &text, error) : print_text(model, &text, error);
    if (!status)
        status = c2s_text_to_buffer(&text, out_buffer, error);
    else
        c2s_text_free(&text);
    C2S_RETURN(model->context, status, out_buffer, error);
}
