/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides how functional models are read: which call each reference means (writers count the calls of nested models
 * differently), and an order in which every call comes after those that it depends on.
 */
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "formats/keras_reader.h"

/* A call of the file, on its way to a node of the graph. */
struct call {
    struct c2s_keras_call read;
    size_t entry;
    size_t node;
    struct c2s_shape *shapes;                 /* of its outputs, where they are followed */
    enum { UNSEEN, OPEN, DONE, GIVEN } state; /* GIVEN: done, and an input of the model */
};

/* A layer of the file. */
struct entry {
    const json_t *object;
    const char *name;
    cnn2snn_layer *layer; /* NULL for a nested Sequential that learns its input from its first call */
    bool is_input;
    size_t first_call, call_count;
};

struct functional {
    const struct c2s_keras_reader *reader;
    const json_t *list;
    struct entry *entries;
    size_t entry_count;
    struct call *calls;
    size_t call_count, call_capacity;
    json_t *numbers; /* of entries, by name */
    size_t *order;   /* calls in the order of nodes */
    size_t order_count;
    bool follow_shapes;
    struct c2s_graph *graph;
};

static void free_functional(struct functional *model)
{
    cnn2snn_context *context = model->reader->context;
    for (size_t i = 0; i < model->entry_count; i++)
        c2s_layer_release(model->entries[i].layer);
    for (size_t i = 0; i < model->call_count; i++) {
        c2s_keras_call_free(context, &model->calls[i].read);
        c2s_free(context, model->calls[i].shapes);
    }
    c2s_free(context, model->entries);
    c2s_free(context, model->calls);
    c2s_free(context, model->order);
    json_decref(model->numbers);
}

/* --------------------------------------------------------------------------------------------- layers and calls */

static cnn2snn_status add_call(struct functional *model, size_t entry, const json_t *node)
{
    const struct c2s_keras_reader *reader = model->reader;
    if (model->call_count >= reader->context->max_nodes)
        return c2s_error(reader->context, reader->error, CNN2SNN_E_LIMIT, "F-keras-nodes",
                         "more calls than %u, the context's max_nodes", (unsigned)reader->context->max_nodes);
    if (c2s_array_reserve(reader->context, &model->calls, &model->call_capacity, model->call_count + 1,
                          sizeof *model->calls))
        return c2s_error_no_memory(reader->error);
    struct call *call = &model->calls[model->call_count++];
    *call = (struct call){.entry = entry};
    model->entries[entry].call_count++;
    const char *class_name = c2s_json_get_string(model->entries[entry].object, "class_name", "");
    return node ? c2s_keras_read_call(reader, model->entries[entry].name, class_name, node, &call->read) : CNN2SNN_OK;
}

static cnn2snn_status read_entry(struct functional *model, size_t number)
{
    const struct c2s_keras_reader *reader = model->reader;
    struct entry *entry = &model->entries[number];
    entry->object = json_array_get(model->list, number);
    entry->name = c2s_keras_name(entry->object);
    entry->first_call = model->call_count;
    if (!entry->name)
        return c2s_keras_malformed(reader, NULL, "layer %zu has no name", number);
    if (json_object_get(model->numbers, entry->name))
        return c2s_keras_malformed(reader, entry->name, "two layers of this name");
    if (json_object_set_new(model->numbers, entry->name, json_integer((json_int_t)number)))
        return c2s_error_no_memory(reader->error);
    entry->is_input = !strcmp(c2s_keras_class(entry->object), "InputLayer");
    if (entry->is_input)
        return add_call(model, number, NULL);
    size_t i;
    json_t *node;
    json_array_foreach (c2s_json_get(entry->object, "inbound_nodes"), i, node)
        C2S_TRY(add_call(model, number, node));
    return CNN2SNN_OK;
}

static cnn2snn_status read_entries(struct functional *model)
{
    const struct c2s_keras_reader *reader = model->reader;
    size_t count = json_array_size(model->list);
    model->entries = c2s_calloc(reader->context, count, sizeof *model->entries);
    model->numbers = json_object();
    if (!model->entries || !model->numbers)
        return c2s_error_no_memory(reader->error);
    model->entry_count = count;
    for (size_t i = 0; i < count; i++)
        C2S_TRY(read_entry(model, i));
    for (size_t i = 0; i < count; i++) {
        struct entry *entry = &model->entries[i];
        if (!c2s_keras_is_model(entry->object))
            C2S_TRY(c2s_keras_read_layer(reader, entry->object, entry->name, &entry->layer));
        else if (c2s_keras_own_input(entry->object).found)
            C2S_TRY(c2s_keras_read_nested(reader, entry->object, entry->name, NULL, &entry->layer));
        else
            model->follow_shapes = true;
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ references */

/* What the writer's number of a nested model's first call is. */
static int64_t first_number(const struct entry *entry, const struct c2s_keras_reference *reference, bool keras3_end)
{
    if (!c2s_keras_is_model(entry->object))
        return 0;
    if (reference->keras3)
        return 0;
    if (keras3_end) /* of Keras 3's two ways, output_layers counts functional models from 1 */
        return strcmp(c2s_keras_class(entry->object), "Sequential") ? 1 : 0;
    return c2s_keras_begins_with_input(entry->object);
}

static cnn2snn_status find_call(const struct functional *model, const char *user,
                                const struct c2s_keras_reference *reference, bool keras3_end, size_t *out_call)
{
    const json_t *number = json_object_get(model->numbers, reference->layer);
    if (!number)
        return c2s_keras_malformed(model->reader, user, "refers to layer '%.200s', which isn't there",
                                   reference->layer);
    const struct entry *entry = &model->entries[json_integer_value(number)];
    int64_t first = first_number(entry, reference, keras3_end);
    if (reference->call < first || (uint64_t)(reference->call - first) >= entry->call_count)
        return c2s_keras_malformed(model->reader, user,
                                   "refers to call %lld of layer '%.200s', expected a number from %lld, of %zu calls",
                                   (long long)reference->call, reference->layer, (long long)first, entry->call_count);
    *out_call = entry->first_call + (size_t)(reference->call - first);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ order */

struct step {
    size_t call;
    size_t next; /* reference to look at */
};

/* Depth first without recursion: the calls that `first` depends on, then `first`. */
static cnn2snn_status put_in_order(struct functional *model, size_t first, struct step *stack)
{
    size_t depth = 0;
    stack[depth++] = (struct step){first, 0};
    model->calls[first].state = OPEN;
    while (depth) {
        struct step *step = &stack[depth - 1];
        struct call *call = &model->calls[step->call];
        const char *name = model->entries[call->entry].name;
        if (step->next == call->read.count) {
            call->state = DONE;
            model->order[model->order_count++] = step->call;
            depth--;
            continue;
        }
        size_t needed;
        C2S_TRY(find_call(model, name, &call->read.references[step->next++], false, &needed));
        if (model->calls[needed].state == OPEN)
            return c2s_keras_malformed(model->reader, name, "depends on itself: the calls make a loop");
        if (model->calls[needed].state == UNSEEN) {
            model->calls[needed].state = OPEN;
            stack[depth++] = (struct step){needed, 0};
        }
    }
    return CNN2SNN_OK;
}

static cnn2snn_status order_calls(struct functional *model)
{
    cnn2snn_context *context = model->reader->context;
    struct step *stack = c2s_calloc(context, model->call_count + 1, sizeof *stack);
    model->order = c2s_calloc(context, model->call_count + 1, sizeof *model->order);
    cnn2snn_status status = stack && model->order ? CNN2SNN_OK : c2s_error_no_memory(model->reader->error);
    for (size_t i = 0; i < model->call_count && !status; i++)
        if (model->calls[i].state == UNSEEN)
            status = put_in_order(model, i, stack);
    c2s_free(context, stack);
    return status;
}

/* ------------------------------------------------------------------------------------------------ shapes */

/* The shapes that a call gets; NULL with CNN2SNN_OK where one isn't known. */
static cnn2snn_status input_shapes(const struct functional *model, const struct call *call, struct c2s_shape **out)
{
    const struct c2s_keras_reader *reader = model->reader;
    *out = NULL;
    struct c2s_shape *shapes = c2s_calloc(reader->context, call->read.count, sizeof *shapes);
    if (!shapes)
        return c2s_error_no_memory(reader->error);
    for (size_t i = 0; i < call->read.count; i++) {
        const struct c2s_keras_reference *reference = &call->read.references[i];
        size_t source;
        cnn2snn_status status = find_call(model, model->entries[call->entry].name, reference, false, &source);
        const struct call *from = &model->calls[source];
        const struct entry *entry = status ? NULL : &model->entries[from->entry];
        size_t outputs = entry && entry->layer->graph ? entry->layer->graph->output_count : 1;
        if (!status && (reference->output < 0 || (uint64_t)reference->output >= outputs))
            status = c2s_keras_malformed(reader, entry->name, "output %lld is asked for, of %zu",
                                         (long long)reference->output, outputs);
        if (status) {
            c2s_free(reader->context, shapes);
            return status;
        }
        shapes[i] = from->shapes[reference->output];
    }
    *out = shapes;
    return CNN2SNN_OK;
}

/* In the order of nodes: a nested Sequential without an input of its own gets that of its first call. */
static cnn2snn_status follow_call(struct functional *model, struct call *call)
{
    const struct c2s_keras_reader *reader = model->reader;
    struct entry *entry = &model->entries[call->entry];
    struct c2s_shape *inputs = NULL;
    cnn2snn_status status;
    C2S_GOTO(input_shapes(model, call, &inputs));
    if (!entry->layer) {
        struct c2s_keras_input input = {.found = call->read.count == 1 && !c2s_shape_is_unranked(&inputs[0]),
                                        .shape = inputs[0],
                                        .dtype = CNN2SNN_DTYPE_FLOAT32};
        C2S_GOTO(c2s_keras_read_nested(reader, entry->object, entry->name, &input, &entry->layer));
    }
    size_t outputs = entry->layer->graph ? entry->layer->graph->output_count : 1;
    call->shapes = c2s_calloc(reader->context, outputs, sizeof *call->shapes);
    if (!call->shapes)
        C2S_GOTO(c2s_error_no_memory(reader->error));
    C2S_GOTO(c2s_layer_output_shape(entry->layer, call->read.count, inputs, call->shapes, reader->error));
done:
    c2s_free(reader->context, inputs);
    return status;
}

static cnn2snn_status follow_shapes(struct functional *model)
{
    for (size_t i = 0; i < model->order_count && model->follow_shapes; i++)
        C2S_TRY(follow_call(model, &model->calls[model->order[i]]));
    for (size_t i = 0; i < model->entry_count; i++)
        if (!model->entries[i].layer)
            return c2s_keras_malformed(model->reader, model->entries[i].name, "never called");
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ graph */

static cnn2snn_status value_of(const struct functional *model, const char *user,
                               const struct c2s_keras_reference *reference, bool keras3_end, struct c2s_value *out)
{
    size_t number = 0;
    C2S_TRY(find_call(model, user, reference, keras3_end, &number));
    const struct call *call = &model->calls[number];
    const struct c2s_node *node = &model->graph->nodes[call->node];
    const cnn2snn_layer *layer = model->graph->layers[node->layer];
    size_t outputs = node->output_count;
    /* QuantizeML ends models of several outputs by one Dequantizer, which has as many. */
    if (c2s_layer_id(layer) == C2S_KIND_QML_DEQUANTIZER && node->input_count > 1)
        return c2s_layer_error(model->reader->context, model->reader->error, CNN2SNN_E_UNSUPPORTED, "Q-047",
                               layer->name, "has %zu outputs, expected one: quantize a model for each of them",
                               node->input_count);
    if (reference->output < 0 || (uint64_t)reference->output >= outputs)
        return c2s_keras_malformed(model->reader, user, "refers to output %lld of layer '%.200s', which has %zu",
                                   (long long)reference->output, reference->layer, outputs);
    *out = (struct c2s_value){call->node, (size_t)reference->output};
    return CNN2SNN_OK;
}

static cnn2snn_status add_node(struct functional *model, struct call *call)
{
    const struct c2s_keras_reader *reader = model->reader;
    const struct entry *entry = &model->entries[call->entry];
    C2S_TRY(c2s_keras_check_arguments(reader, entry->layer, &call->read));
    struct c2s_value *inputs = c2s_calloc(reader->context, call->read.count, sizeof *inputs);
    if (!inputs)
        return c2s_error_no_memory(reader->error);
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; i < call->read.count && !status; i++)
        status = value_of(model, entry->name, &call->read.references[i], false, &inputs[i]);
    if (!status)
        status = c2s_graph_add_node(model->graph, call->entry, call->read.count, inputs, call->read.arguments,
                                    &call->node, reader->error);
    c2s_free(reader->context, inputs);
    return status;
}

static cnn2snn_status add_inputs(struct functional *model, const struct c2s_keras_call *ends)
{
    for (size_t i = 0; i < ends->count; i++) {
        const struct c2s_keras_reference *reference = &ends->references[i];
        size_t number = 0;
        C2S_TRY(find_call(model, NULL, reference, false, &number));
        struct call *call = &model->calls[number];
        if (!model->entries[call->entry].is_input || reference->output)
            return c2s_keras_malformed(model->reader, reference->layer, "an input that is no InputLayer");
        if (call->state == GIVEN)
            return c2s_keras_malformed(model->reader, reference->layer, "an input twice");
        call->state = GIVEN;
        C2S_TRY(c2s_graph_add_input(model->graph, call->node, model->reader->error));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status add_outputs(struct functional *model, const struct c2s_keras_call *ends)
{
    for (size_t i = 0; i < ends->count; i++) {
        struct c2s_value value;
        C2S_TRY(value_of(model, NULL, &ends->references[i], model->reader->generation == 3, &value));
        C2S_TRY(c2s_graph_add_output(model->graph, value, model->reader->error));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status add_ends(struct functional *model, const json_t *config, const char *what,
                               cnn2snn_status (*add)(struct functional *model, const struct c2s_keras_call *ends))
{
    struct c2s_keras_call ends = {0};
    cnn2snn_status status = c2s_keras_read_ends(model->reader, what, c2s_json_get(config, what), &ends);
    if (!status)
        status = add(model, &ends);
    c2s_keras_call_free(model->reader->context, &ends);
    return status;
}

static cnn2snn_status fill_graph(struct functional *model, const json_t *config)
{
    cnn2snn_error **error = model->reader->error;
    for (size_t i = 0; i < model->entry_count; i++)
        C2S_TRY(c2s_graph_add_layer(model->graph, model->entries[i].layer, NULL, error));
    for (size_t i = 0; i < model->order_count; i++)
        C2S_TRY(add_node(model, &model->calls[model->order[i]]));
    C2S_TRY(add_ends(model, config, "input_layers", add_inputs));
    C2S_TRY(add_ends(model, config, "output_layers", add_outputs));
    return c2s_keras_config_extras(model->reader, config, &model->graph->config_extras);
}

cnn2snn_status c2s_keras_read_functional(const struct c2s_keras_reader *reader, const json_t *object,
                                         struct c2s_graph **out_graph)
{
    struct functional model = {.reader = reader, .list = c2s_keras_layers(object)};
    cnn2snn_status status;
    C2S_GOTO(read_entries(&model));
    C2S_GOTO(order_calls(&model));
    C2S_GOTO(follow_shapes(&model));
    C2S_GOTO(c2s_graph_create(reader->context, c2s_keras_name(object), false, &model.graph, reader->error));
    status = fill_graph(&model, c2s_json_get(object, "config"));
    if (status)
        c2s_graph_release(model.graph);
    else
        *out_graph = model.graph;
done:
    free_functional(&model);
    return status;
}
