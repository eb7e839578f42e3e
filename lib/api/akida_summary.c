/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what the summary of an Akida model says: one row a layer. */
#include "akida/akida_model.h"
#include "api/edge.h"
#include "api/table.h"
#include "base/allocator.h"
#include "base/error.h"
#include "base/report.h"
#include "cnn2snn/akida.h"

static uint64_t count_elements(const struct c2s_akida_layer *layer)
{
    uint64_t count = 0;
    for (size_t i = 0; i < layer->variable_count; i++)
        count += layer->variables[i].tensor->count;
    return count;
}

static const char *version_name(const cnn2snn_akida_model *model)
{
    cnn2snn_akida_version version = c2s_akida_model_version(model);
    return version == CNN2SNN_AKIDA_V1 ? "v1" : version == CNN2SNN_AKIDA_V2 ? "v2" : NULL;
}

/* ------------------------------------------------------------------------------------------------ text */

static void add_shape(struct c2s_table *table, bool known, const int64_t shape[3])
{
    if (known)
        c2s_table_add(table, "(%lld, %lld, %lld)", (long long)shape[0], (long long)shape[1], (long long)shape[2]);
    else
        c2s_table_add(table, "?");
}

/* An empty cell where the layer has no such parameter. */
static void add_bits(struct c2s_table *table, const struct c2s_akida_layer *layer, const char *name)
{
    if (name && c2s_akida_layer_has_parameter(layer, name))
        c2s_table_add(table, "%d", (int)c2s_akida_layer_get_parameter(layer, name, 0));
    else
        c2s_table_add(table, "%s", "");
}

/* Version 1 layers keep act_bits also where they have no activation. */
static const char *output_bits_name(const struct c2s_akida_layer *layer)
{
    if (!c2s_akida_layer_has_parameter(layer, "act_bits"))
        return "output_bits";
    return c2s_akida_layer_get_parameter(layer, "activation", 1) ? "act_bits" : NULL;
}

static void print_unknown_name(const struct c2s_akida_layer *layer, const char *what, const char *name,
                               struct c2s_text *text)
{
    c2s_text_format(text, "%s %s of ", what, name);
    c2s_text_add(text, layer->name);
    c2s_text_format(text, " (%s) isn't known: the model can't be run\n", layer->kind_text);
}

static void print_unknown_kind(const struct c2s_akida_layer *layer, struct c2s_text *text)
{
    c2s_text_format(text, "kind %d of ", (int)layer->kind);
    c2s_text_add(text, layer->name);
    c2s_text_add(text, " isn't known: the model can't be run\n");
}

static void print_unknown_fields(uint64_t count, const char *owner, struct c2s_text *text)
{
    if (!count)
        return;
    c2s_text_add(text, owner);
    c2s_text_format(text, " holds fields that aren't known (%llu) and were dropped: the model can't be run\n",
                    (unsigned long long)count);
}

/* One line for each thing that nobody knows; nothing where there is none. */
static void print_unknown(const cnn2snn_akida_model *model, struct c2s_text *text)
{
    for (size_t i = 0; i < model->layer_count; i++) {
        const struct c2s_akida_layer *layer = &model->layers[i];
        bool known = c2s_akida_kind_name(layer->kind) != NULL;
        if (!known)
            print_unknown_kind(layer, text);
        for (size_t k = 0; known && k < layer->parameter_count; k++)
            if (!c2s_akida_layer_knows_parameter(layer, layer->parameters[k].name))
                print_unknown_name(layer, "parameter", layer->parameters[k].name, text);
        for (size_t k = 0; known && k < layer->variable_count; k++)
            if (!c2s_akida_layer_knows_variable(layer, layer->variables[k].name))
                print_unknown_name(layer, "variable", layer->variables[k].name, text);
        print_unknown_fields(layer->unknown_fields, layer->name, text);
    }
    print_unknown_fields(model->unknown_fields, "the model", text);
}

static void print_text(const cnn2snn_akida_model *model, const struct c2s_akida_shapes *shapes,
                       const cnn2snn_error *fault, struct c2s_text *text)
{
    static const char *const heads[] = {"layer",      "kind",        "input",       "output",
                                        "parameters", "weight bits", "output bits", NULL};
    struct c2s_table table;
    c2s_table_init(&table, model->context, heads);
    uint64_t total = 0;
    for (size_t i = 0; i < model->layer_count; i++) {
        const struct c2s_akida_layer *layer = &model->layers[i];
        struct c2s_text cell;
        c2s_text_init(&cell, model->context);
        c2s_text_add(&cell, layer->name);
        c2s_table_add_take(&table, &cell);
        c2s_table_add(&table, "%s", cnn2snn_akida_model_get_layer_kind(model, i));
        add_shape(&table, shapes[i].known, shapes[i].input);
        add_shape(&table, shapes[i].known, shapes[i].output);
        c2s_table_add(&table, "%llu", (unsigned long long)count_elements(layer));
        add_bits(&table, layer, "weights_bits");
        add_bits(&table, layer, output_bits_name(layer));
        total += count_elements(layer);
    }
    c2s_table_print(&table, text);
    c2s_table_free(&table);
    const char *version = version_name(model);
    c2s_text_format(text, "\nAkida %s model, %llu parameters\n", version ? version + 1 : "(unknown version)",
                    (unsigned long long)total);
    print_unknown(model, text);
    if (fault) {
        c2s_text_add(text, cnn2snn_error_get_text(fault));
        c2s_text_add(text, ": the model can't be run\n");
    }
}

/* ------------------------------------------------------------------------------------------------ JSON */

static void add_json_string(struct c2s_text *text, const char *key, const char *value)
{
    c2s_text_format(text, "\"%s\": ", key);
    if (value)
        c2s_text_add_json_string(text, value);
    else
        c2s_text_add(text, "null");
}

static void add_json_shape(struct c2s_text *text, const char *key, bool known, const int64_t shape[3])
{
    if (known)
        c2s_text_format(text, ", \"%s\": [%lld, %lld, %lld]", key, (long long)shape[0], (long long)shape[1],
                        (long long)shape[2]);
    else
        c2s_text_format(text, ", \"%s\": null", key);
}

static void add_json_variable(struct c2s_text *text, const struct c2s_akida_variable *variable)
{
    const cnn2snn_tensor *tensor = variable->tensor;
    c2s_text_add(text, "{");
    add_json_string(text, "name", variable->name);
    c2s_text_format(text, ", \"dtype\": \"%s\", \"shape\": [", c2s_dtype_name(tensor->dtype));
    for (size_t i = 0; i < tensor->rank; i++)
        c2s_text_format(text, "%s%lld", i ? ", " : "", (long long)tensor->shape[i]);
    c2s_text_add(text, "]}");
}

/* Names of parameters and variables that the layer's kind doesn't have, and how many fields were dropped. */
static void add_json_unknown(struct c2s_text *text, const struct c2s_akida_layer *layer)
{
    bool first = true;
    c2s_text_add(text, "\"unknown\": [");
    for (size_t i = 0; i < layer->parameter_count; i++)
        if (!c2s_akida_layer_knows_parameter(layer, layer->parameters[i].name)) {
            c2s_text_add(text, first ? "" : ", ");
            c2s_text_add_json_string(text, layer->parameters[i].name);
            first = false;
        }
    for (size_t i = 0; i < layer->variable_count; i++)
        if (!c2s_akida_layer_knows_variable(layer, layer->variables[i].name)) {
            c2s_text_add(text, first ? "" : ", ");
            c2s_text_add_json_string(text, layer->variables[i].name);
            first = false;
        }
    c2s_text_format(text, "], \"unknown_fields\": %llu", (unsigned long long)layer->unknown_fields);
}

static void add_json_layer(struct c2s_text *text, const cnn2snn_akida_model *model, size_t index,
                           const struct c2s_akida_shapes *shapes)
{
    const struct c2s_akida_layer *layer = &model->layers[index];
    c2s_text_add(text, index ? ",\n    {" : "\n    {");
    add_json_string(text, "name", layer->name);
    c2s_text_add(text, ", ");
    add_json_string(text, "kind", cnn2snn_akida_model_get_layer_kind(model, index));
    c2s_text_add(text, ", \"inbounds\": [");
    for (size_t i = 0; i < layer->inbound_count; i++) {
        c2s_text_add(text, i ? ", " : "");
        c2s_text_add_json_string(text, model->layers[layer->inbounds[i]].name);
    }
    c2s_text_add(text, "]");
    add_json_shape(text, "input_shape", shapes->known, shapes->input);
    add_json_shape(text, "output_shape", shapes->known, shapes->output);
    c2s_text_add(text, ", \"parameters\": {");
    for (size_t i = 0; i < layer->parameter_count; i++) {
        c2s_text_add(text, i ? ", " : "");
        c2s_text_add_json_string(text, layer->parameters[i].name);
        c2s_text_format(text, ": %d", (int)layer->parameters[i].value);
    }
    c2s_text_add(text, "}, \"variables\": [");
    for (size_t i = 0; i < layer->variable_count; i++) {
        c2s_text_add(text, i ? ", " : "");
        add_json_variable(text, &layer->variables[i]);
    }
    c2s_text_add(text, "], ");
    add_json_unknown(text, layer);
    c2s_text_add(text, "}");
}

static void print_json(const cnn2snn_akida_model *model, const struct c2s_akida_shapes *shapes,
                       const cnn2snn_error *fault, struct c2s_text *text)
{
    c2s_text_add(text, "{\n  \"format\": \"akida\",\n  ");
    add_json_string(text, "akida_version", version_name(model));
    c2s_text_add(text, ",\n  ");
    add_json_string(text, "version", model->version ? model->version : "");
    c2s_text_add(text, ",\n  \"layers\": [");
    for (size_t i = 0; i < model->layer_count; i++)
        add_json_layer(text, model, i, &shapes[i]);
    c2s_text_format(text, "],\n  \"unknown_fields\": %llu,\n  ", (unsigned long long)model->unknown_fields);
    add_json_string(text, "fault", fault ? cnn2snn_error_get_text(fault) : NULL);
    c2s_text_add(text, "\n}\n");
}

cnn2snn_status cnn2snn_akida_model_summary(const cnn2snn_akida_model *model, int32_t json,
                                           cnn2snn_buffer **out_buffer, cnn2snn_error **error)
{
    C2S_OUT(error, out_buffer);
    C2S_NEED(error, model);
    struct c2s_akida_shapes *shapes = c2s_calloc(model->context, model->layer_count, sizeof *shapes);
    if (!shapes)
        return c2s_error_no_memory(error);
    struct c2s_text text;
    c2s_text_init(&text, model->context);
    cnn2snn_error *fault = NULL; /* shapes behind it stay unknown, and the table says why */
    cnn2snn_status status = c2s_akida_model_shapes(model, model->layer_count, shapes, &fault);
    if (status && (!fault || c2s_status_of_cause(status, fault) == CNN2SNN_E_NO_MEMORY)) {
        c2s_error_clear(&fault);
        c2s_free(model->context, shapes);
        return c2s_error_no_memory(error);
    }
    if (json)
        print_json(model, shapes, fault, &text);
    else
        print_text(model, shapes, fault, &text);
    c2s_free(model->context, shapes);
    c2s_error_clear(&fault);
    status = c2s_text_to_buffer(&text, out_buffer, error);
    C2S_RETURN(model->context, status, out_buffer, error);
}
