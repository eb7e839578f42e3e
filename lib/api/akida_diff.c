/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides what counts as a difference between two Akida models: layers by name, their kinds, inbounds, parameters and
 * variables. How a file stores them (version string, element codes, memory order) is no difference.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "akida/akida_model.h"
#include "api/edge.h"
#include "base/allocator.h"
#include "base/text.h"
#include "cnn2snn/akida.h"

struct diff {
    struct c2s_text text;
    bool json;
    size_t count;
};

/* ------------------------------------------------------------------------------------------------ writing */

static void add_visible(struct c2s_text *text, const char *string)
{
    for (; *string; string++)
        c2s_text_add_bytes(text, (unsigned char)*string < 32 || *string == 127 ? "?" : string, 1);
}

static void add_member(struct diff *diff, const char *key, const char *value)
{
    c2s_text_format(&diff->text, "\"%s\": ", key);
    if (value)
        c2s_text_add_json_string(&diff->text, value);
    else
        c2s_text_add(&diff->text, "null");
}

/* One difference: `name` (of a parameter or variable) may be NULL, and so may the values: there is none. */
static void add_difference(struct diff *diff, const char *layer, const char *what, const char *name,
                           const char *first, const char *second)
{
    struct c2s_text *text = &diff->text;
    diff->count++;
    if (diff->json) {
        c2s_text_add(text, diff->count > 1 ? ",\n    {" : "\n    {");
        add_member(diff, "layer", layer);
        c2s_text_add(text, ", ");
        add_member(diff, "what", what);
        c2s_text_add(text, ", ");
        add_member(diff, "name", name);
        c2s_text_add(text, ", ");
        add_member(diff, "first", first);
        c2s_text_add(text, ", ");
        add_member(diff, "second", second);
        c2s_text_add(text, "}");
        return;
    }
    if (layer) {
        add_visible(text, layer);
        c2s_text_add(text, ": ");
    }
    c2s_text_add(text, what);
    if (name) {
        c2s_text_add(text, " ");
        add_visible(text, name);
    }
    c2s_text_add(text, " ");
    add_visible(text, first ? first : "none");
    c2s_text_add(text, " | ");
    add_visible(text, second ? second : "none");
    c2s_text_add(text, "\n");
}

/* ------------------------------------------------------------------------------------------------ parameters */

static void diff_parameter(struct diff *diff, const struct c2s_akida_layer *a, const struct c2s_akida_layer *b,
                           const char *name)
{
    char texts[2][16];
    bool in_a = c2s_akida_layer_has_parameter(a, name), in_b = c2s_akida_layer_has_parameter(b, name);
    int32_t first = c2s_akida_layer_get_parameter(a, name, 0), second = c2s_akida_layer_get_parameter(b, name, 0);
    if (in_a == in_b && first == second)
        return;
    snprintf(texts[0], sizeof texts[0], "%d", (int)first);
    snprintf(texts[1], sizeof texts[1], "%d", (int)second);
    add_difference(diff, a->name, "parameter", name, in_a ? texts[0] : NULL, in_b ? texts[1] : NULL);
}

static void diff_parameters(struct diff *diff, const struct c2s_akida_layer *a, const struct c2s_akida_layer *b)
{
    for (size_t i = 0; i < a->parameter_count; i++)
        diff_parameter(diff, a, b, a->parameters[i].name);
    for (size_t i = 0; i < b->parameter_count; i++)
        if (!c2s_akida_layer_has_parameter(a, b->parameters[i].name))
            diff_parameter(diff, a, b, b->parameters[i].name);
}

/* ------------------------------------------------------------------------------------------------ variables */

static void describe(const cnn2snn_tensor *tensor, char text[160])
{
    char shape[128];
    snprintf(text, 160, "%s %s", c2s_dtype_name(tensor->dtype),
             c2s_shape_print(tensor->rank, tensor->shape, shape, sizeof shape));
}

static void print_index(const cnn2snn_tensor *tensor, uint64_t element, char *text, size_t size)
{
    int64_t index[CNN2SNN_MAX_RANK];
    for (size_t i = tensor->rank; i-- > 0;) {
        index[i] = (int64_t)(element % (uint64_t)tensor->shape[i]);
        element /= (uint64_t)tensor->shape[i];
    }
    c2s_shape_print(tensor->rank, index, text, size);
}

/* Tensors of one type and shape. The values beside each other are the first that differ. */
static void diff_values(struct diff *diff, const char *layer, const char *name, const cnn2snn_tensor *a,
                        const cnn2snn_tensor *b)
{
    size_t element = c2s_dtype_size(a->dtype);
    uint64_t different = 0, first = 0;
    double largest = 0;
    for (uint64_t i = 0; i < a->count; i++) {
        if (!memcmp((const char *)a->data + i * element, (const char *)b->data + i * element, element))
            continue;
        if (!different++)
            first = i;
        largest = fmax(largest, fabs(c2s_tensor_get_double(a, i) - c2s_tensor_get_double(b, i)));
    }
    if (!different)
        return;
    char what[256], index[128], texts[2][40];
    print_index(a, first, index, sizeof index);
    snprintf(what, sizeof what, "values (%llu of %llu differ, by %.9g at most, first %s) of",
             (unsigned long long)different, (unsigned long long)a->count, largest, index);
    snprintf(texts[0], sizeof texts[0], "%.9g", c2s_tensor_get_double(a, first));
    snprintf(texts[1], sizeof texts[1], "%.9g", c2s_tensor_get_double(b, first));
    add_difference(diff, layer, what, name, texts[0], texts[1]);
}

static void diff_variable(struct diff *diff, const struct c2s_akida_layer *a, const struct c2s_akida_layer *b,
                          const char *name)
{
    const struct c2s_akida_variable *first = c2s_akida_layer_find_variable(a, name);
    const struct c2s_akida_variable *second = c2s_akida_layer_find_variable(b, name);
    char texts[2][160];
    if (first)
        describe(first->tensor, texts[0]);
    if (second)
        describe(second->tensor, texts[1]);
    if (first && second && first->tensor->dtype == second->tensor->dtype &&
        c2s_tensor_same_shape(first->tensor, second->tensor))
        diff_values(diff, a->name, name, first->tensor, second->tensor);
    else
        add_difference(diff, a->name, "variable", name, first ? texts[0] : NULL, second ? texts[1] : NULL);
}

static void diff_variables(struct diff *diff, const struct c2s_akida_layer *a, const struct c2s_akida_layer *b)
{
    for (size_t i = 0; i < a->variable_count; i++)
        diff_variable(diff, a, b, a->variables[i].name);
    for (size_t i = 0; i < b->variable_count; i++)
        if (!c2s_akida_layer_find_variable(a, b->variables[i].name))
            diff_variable(diff, a, b, b->variables[i].name);
}

/* ------------------------------------------------------------------------------------------------ layers */

static bool same_inbounds(const cnn2snn_akida_model *a, const struct c2s_akida_layer *x, const cnn2snn_akida_model *b,
                          const struct c2s_akida_layer *y)
{
    if (x->inbound_count != y->inbound_count)
        return false;
    for (size_t i = 0; i < x->inbound_count; i++)
        if (strcmp(a->layers[x->inbounds[i]].name, b->layers[y->inbounds[i]].name) != 0)
            return false;
    return true;
}

static void list_inbounds(struct c2s_text *list, const cnn2snn_akida_model *model,
                          const struct c2s_akida_layer *layer)
{
    c2s_text_init(list, model->context);
    for (size_t i = 0; i < layer->inbound_count; i++) {
        c2s_text_add(list, i ? ", " : "");
        c2s_text_add(list, model->layers[layer->inbounds[i]].name);
    }
}

static void diff_inbounds(struct diff *diff, const cnn2snn_akida_model *a, const struct c2s_akida_layer *x,
                          const cnn2snn_akida_model *b, const struct c2s_akida_layer *y)
{
    struct c2s_text first, second;
    if (same_inbounds(a, x, b, y))
        return;
    list_inbounds(&first, a, x);
    list_inbounds(&second, b, y);
    diff->text.failed |= first.failed || second.failed;
    add_difference(diff, x->name, "inbounds", NULL, first.data, second.data);
    c2s_text_free(&first);
    c2s_text_free(&second);
}

static void diff_layer(struct diff *diff, const cnn2snn_akida_model *a, const struct c2s_akida_layer *x,
                       const cnn2snn_akida_model *b, const struct c2s_akida_layer *y)
{
    if (x->kind != y->kind)
        add_difference(diff, x->name, "kind", NULL, x->kind_text, y->kind_text);
    diff_inbounds(diff, a, x, b, y);
    diff_parameters(diff, x, y);
    diff_variables(diff, x, y);
}

/* The layers of a model by name: files may have very many. */
struct by_name {
    const struct c2s_akida_layer **layers;
    size_t count;
};

static int compare_names(const void *a, const void *b)
{
    return strcmp((*(const struct c2s_akida_layer *const *)a)->name,
                  (*(const struct c2s_akida_layer *const *)b)->name);
}

static cnn2snn_status sort_layers(const cnn2snn_akida_model *model, struct by_name *out, cnn2snn_error **error)
{
    out->count = model->layer_count;
    out->layers = c2s_calloc(model->context, model->layer_count, sizeof *out->layers);
    if (!out->layers)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < out->count; i++)
        out->layers[i] = &model->layers[i];
    qsort(out->layers, out->count, sizeof *out->layers, compare_names);
    return CNN2SNN_OK;
}

/* The layer of the same name, or NULL. */
static const struct c2s_akida_layer *counterpart(const struct by_name *sorted, const struct c2s_akida_layer *layer)
{
    const struct c2s_akida_layer *const *found =
        bsearch(&layer, sorted->layers, sorted->count, sizeof *sorted->layers, compare_names);
    return found ? *found : NULL;
}

/* Layers of both in the first's order, then those that only the second has. */
static void diff_layers(struct diff *diff, const cnn2snn_akida_model *a, const struct by_name *in_a,
                        const cnn2snn_akida_model *b, const struct by_name *in_b)
{
    const struct c2s_akida_layer *last = NULL;
    bool in_order = true;
    for (size_t i = 0; i < a->layer_count; i++) {
        const struct c2s_akida_layer *layer = counterpart(in_b, &a->layers[i]);
        if (!layer) {
            add_difference(diff, a->layers[i].name, "layer", NULL, a->layers[i].kind_text, NULL);
            continue;
        }
        in_order = in_order && (!last || layer > last);
        last = layer;
        diff_layer(diff, a, &a->layers[i], b, layer);
    }
    for (size_t i = 0; i < b->layer_count; i++)
        if (!counterpart(in_a, &b->layers[i]))
            add_difference(diff, b->layers[i].name, "layer", NULL, NULL, b->layers[i].kind_text);
    if (!in_order)
        add_difference(diff, NULL, "order of the layers", NULL, "one", "another");
}

static const struct c2s_akida_learning *learning_named(const cnn2snn_akida_model *model, const char *name)
{
    for (size_t i = 0; i < model->learning_count; i++)
        if (!strcmp(model->learning[i].name, name))
            return &model->learning[i];
    return NULL;
}

static void diff_learning(struct diff *diff, const cnn2snn_akida_model *a, const cnn2snn_akida_model *b)
{
    for (int pass = 0; pass < 2; pass++) {
        const cnn2snn_akida_model *model = pass ? b : a;
        for (size_t i = 0; i < model->learning_count; i++) {
            const char *name = model->learning[i].name;
            const struct c2s_akida_learning *x = learning_named(a, name), *y = learning_named(b, name);
            char texts[2][40];
            if ((pass && x) || (x && y && !memcmp(&x->value, &y->value, sizeof x->value)))
                continue;
            snprintf(texts[0], sizeof texts[0], "%.17g", x ? x->value : 0);
            snprintf(texts[1], sizeof texts[1], "%.17g", y ? y->value : 0);
            add_difference(diff, NULL, "learning", name, x ? texts[0] : NULL, y ? texts[1] : NULL);
        }
    }
}

/* ------------------------------------------------------------------------------------------------ the function */

static cnn2snn_status diff_models(struct diff *diff, const cnn2snn_akida_model *a, const cnn2snn_akida_model *b,
                                  cnn2snn_error **error)
{
    struct by_name in_a = {0}, in_b = {0};
    cnn2snn_status status = sort_layers(a, &in_a, error);
    if (!status)
        status = sort_layers(b, &in_b, error);
    if (!status) {
        diff_layers(diff, a, &in_a, b, &in_b);
        diff_learning(diff, a, b);
    }
    c2s_free(a->context, in_a.layers);
    c2s_free(b->context, in_b.layers);
    return status;
}

cnn2snn_status cnn2snn_akida_model_diff(const cnn2snn_akida_model *first, const cnn2snn_akida_model *second,
                                        int32_t json, int32_t *out_equal, cnn2snn_buffer **out_buffer,
                                        cnn2snn_error **error)
{
    C2S_OUT(error, out_buffer);
    C2S_NEED(error, first);
    C2S_NEED(error, second);
    C2S_NEED(error, out_equal);
    struct diff diff = {.json = json != 0};
    c2s_text_init(&diff.text, first->context);
    c2s_text_add(&diff.text, json ? "{\n  \"differences\": [" : "");
    cnn2snn_status status = diff_models(&diff, first, second, error);
    if (json)
        c2s_text_format(&diff.text, "%s],\n  \"equal\": %s\n}\n", diff.count ? "\n  " : "",
                        diff.count ? "false" : "true");
    if (status)
        c2s_text_free(&diff.text);
    else
        status = c2s_text_to_buffer(&diff.text, out_buffer, error);
    if (!status)
        *out_equal = !diff.count;
    C2S_RETURN(first->context, status, out_buffer, error);
}
