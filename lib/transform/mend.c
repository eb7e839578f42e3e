/* SPDX-License-Identifier: Apache-2.0 */
/* Decides in what order a model is mended, and when that ends: each mend makes the row of layers simpler. */
#include "transform/mend.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"

/* Every mend that is tried at each place, simple ones first. */
static c2s_mend_fn *const mends[] = {
    c2s_mend_fused_activation,
    c2s_mend_activation_layer,
    c2s_mend_first_relu,
    c2s_mend_second_relu,
    c2s_mend_reshape_back,
    c2s_mend_reshape_before_flatten,
    c2s_mend_flatten_before_relu,
    c2s_mend_relu_and_pool,
    c2s_mend_two_pools,
    c2s_mend_pixel_pool,
    c2s_mend_zero_padding,
    c2s_mend_pool_padding,
    c2s_mend_dilation,
    c2s_mend_dense_on_map,
    c2s_mend_depthwise,
    c2s_mend_batchnorm_weights,
    c2s_mend_null_gamma,
    c2s_mend_scale_forward,
    c2s_mend_first_pool,
};

/* --------------------------------------------------------------------------------------------- changing the row */

int c2s_mend_kind(const struct c2s_mending *m, size_t index)
{
    return index < m->layers.count ? (int)c2s_layer_id(m->layers.layers[index]) : -1;
}

float c2s_mend_relu_limit(const struct c2s_mending *m, size_t index)
{
    if (c2s_mend_kind(m, index) != C2S_KIND_RELU)
        return NAN;
    const struct c2s_relu_attributes *relu = m->layers.layers[index]->attributes;
    return relu->negative_slope == 0 && relu->threshold == 0 ? relu->max_value : NAN;
}

void c2s_mend_remove(struct c2s_mending *m, size_t index)
{
    struct c2s_layer_list *list = &m->layers;
    c2s_layer_release(list->layers[index]);
    memmove(&list->layers[index], &list->layers[index + 1], (list->count - index - 1) * sizeof(*list->layers));
    list->count--;
}

void c2s_mend_replace(struct c2s_mending *m, size_t index, cnn2snn_layer *layer)
{
    c2s_layer_release(m->layers.layers[index]);
    m->layers.layers[index] = layer;
}

cnn2snn_status c2s_mend_insert(struct c2s_mending *m, size_t index, cnn2snn_layer *layer, cnn2snn_error **error)
{
    struct c2s_layer_list *list = &m->layers;
    C2S_TRY(c2s_layer_list_add_take(list, layer, error));
    memmove(&list->layers[index + 1], &list->layers[index], (list->count - index - 1) * sizeof(*list->layers));
    list->layers[index] = layer;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_mend_remake(struct c2s_mending *m, size_t index, const char *class_name, json_t *config,
                               size_t count, cnn2snn_tensor *const *weights, cnn2snn_error **error)
{
    cnn2snn_layer *layer = NULL;
    if (!config)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_layer_remake(m->layers.layers[index], class_name, config, 0, NULL, &layer, error);
    json_decref(config);
    if (!status && weights)
        status = c2s_layer_replace_weights(layer, &m->shapes[index], count, weights, error);
    if (status)
        c2s_layer_release(layer);
    else
        c2s_mend_replace(m, index, layer);
    return status;
}

static bool has_name(const struct c2s_mending *m, const char *name)
{
    for (size_t i = 0; i < m->layers.count; i++)
        if (!strcmp(m->layers.layers[i]->name, name))
            return true;
    return !strcmp(m->input_layer->name, name);
}

char *c2s_mend_new_name(const struct c2s_mending *m, const char *base, const char *suffix)
{
    size_t size = strlen(base) + strlen(suffix) + 24;
    char *name = c2s_alloc(m->context, size);
    for (size_t number = 0; name; number++) {
        if (number)
            snprintf(name, size, "%s%s_%zu", base, suffix, number);
        else
            snprintf(name, size, "%s%s", base, suffix);
        if (!has_name(m, name))
            break;
    }
    return name;
}

cnn2snn_status c2s_mend_add_relu(struct c2s_mending *m, size_t index, float limit, cnn2snn_error **error)
{
    cnn2snn_layer *layer = NULL;
    char *name = c2s_mend_new_name(m, m->layers.layers[index]->name, "_relu");
    json_t *config = name ? json_pack("{s:s}", "name", name) : NULL;
    c2s_free(m->context, name);
    if (!config || (isfinite(limit) && json_object_set_new(config, "max_value", json_real(limit)))) {
        json_decref(config);
        return c2s_error_no_memory(error);
    }
    cnn2snn_status status = c2s_layer_create(m->context, "ReLU", config, NULL, &layer, error);
    json_decref(config);
    return status ? status : c2s_mend_insert(m, index + 1, layer, error);
}

cnn2snn_status c2s_mend_note(struct c2s_mending *m, const char *rule, const char *layer, const char *what,
                             cnn2snn_error **error)
{
    return c2s_report_add(m->report, CNN2SNN_SEVERITY_INFO, CNN2SNN_OK, rule, layer, NULL, error, "%s", what);
}

/* ------------------------------------------------------------------------------------------------ the row */

/* A further call of a layer gets a layer of its own, with the same weights. */
static cnn2snn_status add_again(struct c2s_mending *m, const cnn2snn_layer *layer, cnn2snn_error **error)
{
    cnn2snn_layer *copy = NULL;
    char *name = c2s_mend_new_name(m, layer->name, "_again");
    if (!name)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_layer_copy(layer, &copy, error);
    json_t *config = status ? NULL : json_copy(copy->config);
    if (status || !config || json_object_set_new(config, "name", json_string(name))) {
        json_decref(config);
        c2s_free(m->context, name);
        c2s_layer_release(copy);
        return status ? status : c2s_error_no_memory(error);
    }
    json_decref(copy->config);
    copy->config = config;
    c2s_free(m->context, copy->name);
    copy->name = name;
    C2S_TRY(c2s_layer_list_add_take(&m->layers, copy, error));
    return c2s_mend_note(m, "L-H4", layer->name, "a layer of its own for each call", error);
}

static cnn2snn_status no_row(const struct c2s_graph *graph, cnn2snn_error **error)
{
    return c2s_error(graph->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H6",
                     "model %s is no row of layers: only those are mended", graph->name);
}

static cnn2snn_status add_row(struct c2s_mending *m, const struct c2s_graph *graph, cnn2snn_error **error)
{
    if (graph->input_count != 1 || graph->output_count != 1 || !graph->node_count || graph->inputs[0] != 0 ||
        graph->outputs[0].node != graph->node_count - 1)
        return no_row(graph, error);
    for (size_t i = 1; i < graph->node_count; i++) {
        const struct c2s_node *node = &graph->nodes[i];
        const cnn2snn_layer *layer = graph->layers[node->layer];
        if (node->input_count != 1 || node->inputs[0].node != i - 1)
            return no_row(graph, error);
        if (layer->graph)
            C2S_TRY(add_row(m, layer->graph, error));
        else if (has_name(m, layer->name))
            C2S_TRY(add_again(m, layer, error));
        else
            C2S_TRY(c2s_layer_list_add(&m->layers, layer, error));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status find_shapes(struct c2s_mending *m, const struct c2s_shape *input, cnn2snn_error **error)
{
    c2s_free(m->context, m->shapes);
    m->shapes = c2s_calloc(m->context, m->layers.count + 1, sizeof(*m->shapes));
    if (!m->shapes)
        return c2s_error_no_memory(error);
    m->shapes[0] = *input;
    for (size_t i = 0; i < m->layers.count; i++)
        C2S_TRY(c2s_layer_output_shape(m->layers.layers[i], 1, &m->shapes[i], &m->shapes[i + 1], error));
    return CNN2SNN_OK;
}

static cnn2snn_status mend_once(struct c2s_mending *m, bool *mended, cnn2snn_error **error)
{
    for (size_t k = 0; k < sizeof mends / sizeof *mends; k++)
        for (size_t i = 0; i < m->layers.count; i++) {
            C2S_TRY(mends[k](m, i, mended, error));
            if (*mended)
                return CNN2SNN_OK;
        }
    return CNN2SNN_OK;
}

static cnn2snn_status mend_all(struct c2s_mending *m, const struct c2s_graph *graph, struct c2s_graph **out_graph,
                               cnn2snn_error **error)
{
    const struct c2s_shape *input = &graph->nodes[0].shapes[0];
    C2S_TRY(add_row(m, graph, error));
    bool mended = true;
    for (size_t left = 8 * m->layers.count + 8; mended && left; left--) {
        mended = false;
        C2S_TRY(find_shapes(m, input, error));
        C2S_TRY(mend_once(m, &mended, error));
    }
    return c2s_sequential_create(m->context, graph->name, m->input_layer, &m->layers, out_graph, error);
}

cnn2snn_status c2s_mend_model(const struct c2s_graph *graph, cnn2snn_report *report, struct c2s_graph **out_graph,
                              cnn2snn_error **error)
{
    struct c2s_mending m = {.context = graph->context, .report = report};
    if (!graph->input_count || graph->inputs[0] != 0 || !graph->nodes[0].shapes)
        return no_row(graph, error);
    m.input_layer = graph->layers[graph->nodes[0].layer];
    c2s_layer_list_init(&m.layers, graph->context);
    cnn2snn_status status = mend_all(&m, graph, out_graph, error);
    c2s_layer_list_free(&m.layers);
    c2s_free(graph->context, m.shapes);
    return status;
}
