/* SPDX-License-Identifier: Apache-2.0 */
/* Decides in which order a model is sanitized, and what a step that can't be done leaves behind: nothing. */
#include "transform/sanitize.h"

#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "base/error_object.h"
#include "transform/rewrite.h"
#include "transform/sanitize_step.h"

static const struct {
    const char *rule;
    const char *what;
    c2s_sanitize_step *run;
} steps[] = {
    {"P-005", "activations are not split from their layers", c2s_split_activations},
    {"P-006", "activations are not replaced", c2s_replace_activations},
    {"P-007", "leaky activations are not replaced", c2s_replace_leaky_activations},
    {"P-009", "grouped convolutions are not made depthwise", c2s_make_depthwise},
    {"P-010", "rows of Reshape and Flatten are not shortened", c2s_remove_reshapes},
    {"P-011", "Rescaling is not folded into the next layer", c2s_align_rescaling},
    {"P-012", "poolings are not moved in front of activations", c2s_invert_activation_pooling},
    {"P-013", "batch normalization is not moved in front of poolings", c2s_invert_pooling_batchnorm},
    {"P-014", "batch normalization is not folded", c2s_fold_batchnorms},
    {"P-016", "ZeroPadding2D is not removed", c2s_remove_zero_padding},
    {"P-017", "Concatenate is not split in two at a time", c2s_split_concatenates},
    {"P-018", "even kernels are not made odd", c2s_make_kernels_odd},
    {"P-020", "depthwise convolutions with strides are not split", c2s_split_depthwise},
    {"P-021", "no convolutions are inserted behind Add", c2s_identity_before_pooled_sum},
    {"P-021", "no convolutions are inserted behind Add and Concatenate", c2s_identity_behind_merges},
    {"P-022", "no convolution is inserted behind the first one", c2s_identity_behind_input_conv},
    {"P-023", "no convolutions are inserted in front of many users", c2s_identity_for_many_users},
};

/* ------------------------------------------------------------------------------------------------ looking around */

const struct c2s_shape *c2s_sanitize_input_shape(const struct c2s_sanitizer *s, size_t at)
{
    const struct c2s_node *node = &s->graph->nodes[at];
    return node->input_count ? &s->graph->nodes[node->inputs[0].node].shapes[node->inputs[0].output] : NULL;
}

ptrdiff_t c2s_sanitize_only_user(const struct c2s_sanitizer *s, size_t at)
{
    return c2s_sanitize_user_count(s, at) == 1 ? (ptrdiff_t)s->calls.users[s->calls.first_user[at]] : C2S_NOWHERE;
}

ptrdiff_t c2s_sanitize_only_input(const struct c2s_sanitizer *s, size_t at)
{
    const struct c2s_node *node = &s->graph->nodes[at];
    return node->input_count == 1 ? (ptrdiff_t)node->inputs[0].node : C2S_NOWHERE;
}

bool c2s_sanitize_is_conv2d(enum c2s_kind_id kind)
{
    return kind == C2S_KIND_CONV2D || kind == C2S_KIND_CONV2D_TRANSPOSE || kind == C2S_KIND_PADDED_CONV2D;
}

const struct c2s_conv_attributes *c2s_sanitize_conv(const cnn2snn_layer *layer)
{
    enum c2s_kind_id id = c2s_layer_id(layer);
    if (id == C2S_KIND_PADDED_CONV2D || id == C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE)
        return layer->attributes;
    return layer->kind->float_kind == id ? c2s_layer_conv(layer) : NULL;
}

bool c2s_sanitize_is_same(const cnn2snn_layer *layer)
{
    const struct c2s_conv_attributes *conv = c2s_sanitize_conv(layer);
    return conv && conv->padding == C2S_SAME && c2s_layer_id(layer) != C2S_KIND_PADDED_CONV2D;
}

/* ------------------------------------------------------------------------------------------------ editing */

void c2s_sanitize_replace_take(struct c2s_sanitizer *s, size_t at, cnn2snn_layer *layer)
{
    c2s_layer_release(s->items.items[at].layer);
    s->items.items[at].layer = layer;
    s->changed = true;
}

void c2s_sanitize_redirect(struct c2s_sanitizer *s, size_t from, struct c2s_value to)
{
    s->changed = true;
    for (size_t i = s->calls.first_user[from]; i < s->calls.first_user[from + 1]; i++) {
        struct c2s_item *user = &s->items.items[s->calls.users[i]];
        for (size_t k = 0; k < user->input_count; k++)
            if (user->inputs[k].node == from)
                user->inputs[k] = to;
    }
    for (size_t i = 0; !c2s_sanitize_user_count(s, from) && i < s->graph->output_count; i++)
        if (s->outputs[i].node == from)
            s->outputs[i] = to;
}

cnn2snn_status c2s_sanitize_insert_take(struct c2s_sanitizer *s, size_t behind, cnn2snn_layer *layer,
                                        cnn2snn_error **error)
{
    const struct c2s_value input = {behind, 0};
    cnn2snn_status status = c2s_item_list_add(&s->items, layer, 1, &input, error);
    c2s_layer_release(layer);
    if (!status)
        c2s_sanitize_redirect(s, behind, (struct c2s_value){s->items.count - 1, 0});
    return status;
}

void c2s_sanitize_swap(struct c2s_sanitizer *s, size_t first, size_t second)
{
    struct c2s_item *items = s->items.items;
    struct c2s_value input = items[first].inputs[0];
    c2s_sanitize_redirect(s, second, (struct c2s_value){first, 0});
    items[second].inputs[0] = input;
    items[first].inputs[0] = (struct c2s_value){second, 0};
}

void c2s_sanitize_remove(struct c2s_sanitizer *s, size_t at)
{
    c2s_sanitize_redirect(s, at, s->items.items[at].inputs[0]);
}

cnn2snn_status c2s_sanitize_remake_take(const cnn2snn_layer *layer, const char *class_name, json_t *config,
                                        cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    if (!config)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_layer_remake(layer, class_name, config, 0, NULL, out_layer, error);
    json_decref(config);
    return status;
}

cnn2snn_status c2s_sanitize_with_member(const cnn2snn_layer *layer, const char *key, json_t *value,
                                        cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    json_t *config = json_copy(layer->config);
    if (json_object_set_new(config, key, value)) {
        json_decref(config);
        config = NULL;
    }
    return c2s_sanitize_remake_take(layer, NULL, config, out_layer, error);
}

/* ------------------------------------------------------------------------------------------------ the model */

static void forget_edits(struct c2s_sanitizer *s)
{
    c2s_item_list_free(&s->items);
    c2s_calls_free(s->context, &s->calls);
    c2s_free(s->context, s->outputs);
    s->calls = (struct c2s_calls){NULL, NULL, NULL, NULL};
    s->outputs = NULL;
    s->changed = false;
}

/* Makes the graph (taken) what the next step looks at. */
static cnn2snn_status begin_take(struct c2s_sanitizer *s, struct c2s_graph *graph, cnn2snn_error **error)
{
    forget_edits(s);
    if (graph != s->graph)
        c2s_graph_release(s->graph);
    s->graph = graph;
    C2S_TRY(c2s_calls_find(graph, &s->calls, error));
    s->outputs = c2s_calloc(s->context, graph->output_count ? graph->output_count : 1, sizeof *s->outputs);
    if (!s->outputs)
        return c2s_error_no_memory(error);
    memcpy(s->outputs, graph->outputs, graph->output_count * sizeof *s->outputs);
    for (size_t i = 0; i < graph->node_count; i++)
        C2S_TRY(c2s_item_list_add(&s->items, graph->layers[graph->nodes[i].layer], graph->nodes[i].input_count,
                                  graph->nodes[i].inputs, error));
    return CNN2SNN_OK;
}

/* A layer of its own for the call of a layer that is called before. */
static cnn2snn_status name_call(struct c2s_sanitizer *s, size_t at, size_t call, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = s->items.items[at].layer;
    cnn2snn_layer *own;
    C2S_TRY(c2s_layer_copy(layer, &own, error));
    size_t size = strlen(layer->name) + 32;
    char *name = c2s_calloc(s->context, size, 1);
    if (!name) {
        c2s_layer_release(own);
        return c2s_error_no_memory(error);
    }
    snprintf(name, size, "%s_call_%zu", layer->name, call + 1);
    c2s_free(s->context, own->name);
    own->name = name;
    c2s_sanitize_replace_take(s, at, own);
    return CNN2SNN_OK;
}

static cnn2snn_status finish(struct c2s_sanitizer *s, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    return c2s_item_list_to_graph(&s->items, s->graph->output_count, s->outputs, s->graph, out_graph, error);
}

/* From any graph to one in which node i calls layer i. */
static cnn2snn_status start(struct c2s_sanitizer *s, const struct c2s_graph *graph, cnn2snn_error **error)
{
    struct c2s_graph *ordered = NULL;
    s->graph = c2s_graph_retain(graph);
    c2s_item_list_init(&s->items, s->context);
    s->outputs = c2s_calloc(s->context, graph->output_count ? graph->output_count : 1, sizeof *s->outputs);
    if (!s->outputs)
        return c2s_error_no_memory(error);
    memcpy(s->outputs, graph->outputs, graph->output_count * sizeof *s->outputs);
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct c2s_node *node = &graph->nodes[i];
        C2S_TRY(c2s_item_list_add(&s->items, graph->layers[node->layer], node->input_count, node->inputs, error));
        if (node->call_index)
            C2S_TRY(name_call(s, i, node->call_index, error));
    }
    C2S_TRY(finish(s, &ordered, error));
    cnn2snn_status status = c2s_graph_build(ordered, error);
    if (status) {
        c2s_graph_release(ordered);
        return status;
    }
    return begin_take(s, ordered, error);
}

/* ------------------------------------------------------------------------------------------------ the steps */

static cnn2snn_status note(cnn2snn_report *notes, size_t step, const cnn2snn_error *cause, cnn2snn_error **error)
{
    if (!notes)
        return CNN2SNN_OK;
    return c2s_report_add(notes, CNN2SNN_SEVERITY_WARNING, CNN2SNN_OK, steps[step].rule, cause ? cause->layer : NULL,
                          NULL, error, "%s: %s", steps[step].what, cause && cause->message ? cause->message : "");
}

static cnn2snn_status run_step(struct c2s_sanitizer *s, size_t step, cnn2snn_report *notes, cnn2snn_error **error)
{
    cnn2snn_error *cause = NULL;
    struct c2s_graph *next = NULL;
    cnn2snn_status status = steps[step].run(s, &cause);
    if (!status && s->changed)
        status = finish(s, &next, &cause);
    if (!status && !s->changed)
        return CNN2SNN_OK;
    if (!status)
        status = c2s_graph_build(next, &cause); /* shapes behind layers that were unknown */
    if (!status)
        return begin_take(s, next, error);
    c2s_graph_release(next);
    status = c2s_status_of_cause(status, cause);
    if (!c2s_status_is_fault(status)) {
        return c2s_report_add_cause(NULL, status, cause, NULL, error);
    }
    status = note(notes, step, cause, error);
    c2s_error_clear(&cause);
    return status ? status : begin_take(s, s->graph, error);
}

cnn2snn_status c2s_sanitize(const struct c2s_graph *graph, cnn2snn_report *notes, struct c2s_graph **out_graph,
                            cnn2snn_error **error)
{
    struct c2s_sanitizer s = {.context = graph->context};
    *out_graph = NULL;
    cnn2snn_status status = start(&s, graph, error);
    for (size_t i = 0; !status && i < sizeof steps / sizeof *steps; i++)
        status = run_step(&s, i, notes, error);
    forget_edits(&s);
    if (status)
        c2s_graph_release(s.graph);
    else
        *out_graph = s.graph;
    return status;
}
