/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when a QuantizeML model as a whole can't be converted (spec/quantizeml-conversion.md 1 to 3). */
#include <stdio.h>
#include <string.h>

#include "layers/attributes.h"
#include "layers/quantizeml_attributes.h"
#include "plan/qml_rules.h"

static const struct c2s_node *node_at(const struct c2s_qml_view *view, size_t index)
{
    return &view->plan->graph->nodes[view->split->order[index]];
}

static const cnn2snn_layer *layer_at(const struct c2s_qml_view *view, size_t index)
{
    return view->plan->graph->layers[node_at(view, index)->layer];
}

bool c2s_qml_scaling_is_given(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    c2s_found_set(found, 0, "(%g, %g)", view->settings->input_scale, view->settings->input_shift);
    return view->settings->has_input_scaling;
}

bool c2s_qml_is_empty(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)index, (void)found;
    const struct c2s_graph *graph = view->plan->graph;
    for (size_t i = 0; i < graph->node_count; i++)
        if (!c2s_qml_is_skipped(graph, i) &&
            c2s_layer_id(graph->layers[graph->nodes[i].layer]) != C2S_KIND_QML_DEQUANTIZER)
            return false;
    return true;
}

static const struct c2s_shape *input_shape(const struct c2s_qml_view *view)
{
    const struct c2s_graph *graph = view->plan->graph;
    return graph->input_count ? &graph->nodes[graph->inputs[0]].shapes[0] : NULL;
}

bool c2s_qml_ends_are_wrong(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    const struct c2s_graph *graph = view->plan->graph;
    c2s_found_set(found, 0, "%zu", graph->input_count);
    c2s_found_set(found, 1, "%zu", graph->output_count);
    return graph->input_count != 1 || graph->output_count != 1;
}

bool c2s_qml_size_is_open(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    const struct c2s_shape *shape = input_shape(view);
    if (!shape || c2s_shape_is_known(shape))
        return false;
    c2s_found_shape(found, 0, shape);
    return true;
}

bool c2s_qml_rank_is_wrong(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    const struct c2s_graph *graph = view->plan->graph;
    const struct c2s_shape *shape = input_shape(view);
    if (!shape || shape->rank == 1 || shape->rank == 3 || c2s_shape_is_unranked(shape))
        return false;
    for (size_t i = 0; i < graph->layer_count; i++)
        if (c2s_layer_id(graph->layers[i]) == C2S_KIND_QML_STATEFUL_RECURRENT)
            return false;
    c2s_found_shape(found, 0, shape);
    return true;
}

bool c2s_qml_end_is_dropped(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    char *text = found->values[0];
    size_t size = sizeof found->values[0], used = 0;
    for (size_t i = view->split->end + 1; i < view->split->count && used < size; i++) {
        const cnn2snn_layer *layer = layer_at(view, i);
        int written =
            snprintf(text + used, size - used, "%s%s (%s)", used ? ", " : "", layer->name,
                     layer->kind->id == C2S_KIND_OPAQUE ? layer->class_name : c2s_plain_class_name(layer->kind));
        used += written > 0 ? (size_t)written : 0;
    }
    return used > 0;
}

bool c2s_qml_is_model(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)found;
    return c2s_layer_id(layer_at(view, index)) == C2S_KIND_MODEL;
}

bool c2s_qml_is_channels_first(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    (void)found;
    return c2s_layer_is_channels_first(layer_at(view, index));
}

bool c2s_qml_is_dilated(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_layer *layer = layer_at(view, index);
    const struct c2s_qml_conv_attributes *quantized = c2s_layer_qml_conv(layer);
    const struct c2s_conv_attributes *conv = quantized ? &quantized->conv : c2s_layer_conv(layer);
    if (!conv || (conv->dilation_rate[0] == 1 && conv->dilation_rate[1] == 1))
        return false;
    c2s_found_set(found, 0, "(%lld, %lld)", (long long)conv->dilation_rate[0], (long long)conv->dilation_rate[1]);
    return true;
}

/* Told once, at the first call. */
bool c2s_qml_is_called_again(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_node *node = node_at(view, index);
    c2s_found_set(found, 0, "%zu", view->calls[node->layer]);
    return view->calls[node->layer] > 1 && node->call_index == 0;
}

bool c2s_qml_has_inputs(const struct c2s_qml_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_node *node = node_at(view, index);
    c2s_found_set(found, 0, "%zu", node->input_count);
    return node->input_count > 1 && c2s_layer_id(layer_at(view, index)) != C2S_KIND_QML_CONCATENATE &&
           c2s_layer_id(layer_at(view, index)) != C2S_KIND_CONCATENATE;
}
