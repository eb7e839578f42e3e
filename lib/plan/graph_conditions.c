/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when a graph can't be made one row of layers with batch normalization folded (spec/legacy.md e, h.1). */
#include <math.h>
#include <string.h>

#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "plan/rule.h"

bool c2s_ends_are_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)index;
    const struct c2s_graph *graph = view->graph;
    if (graph->input_count != 1 || graph->output_count != 1) {
        c2s_found_set(found, 0, "%zu inputs and %zu outputs", graph->input_count, graph->output_count);
        c2s_found_set(found, 1, "one of each");
        return true;
    }
    const struct c2s_node *node = &graph->nodes[graph->inputs[0]];
    if (!node->shapes || !node->output_count || node->shapes[0].rank == 1 || node->shapes[0].rank == 3)
        return false;
    char text[128];
    found->layer = graph->layers[node->layer]->name;
    c2s_found_set(found, 0, "input shape %s", c2s_shape_text(&node->shapes[0], text, sizeof text));
    c2s_found_set(found, 1, "1 or 3 axes");
    return true;
}

bool c2s_has_branches(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)index, (void)found;
    const struct c2s_graph *graph = view->graph;
    for (size_t i = 0; i < graph->layer_count; i++)
        if (c2s_layer_id(graph->layers[i]) == C2S_KIND_CONCATENATE)
            return true;
    return false;
}

bool c2s_is_channels_first(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)found;
    return c2s_layer_is_channels_first(view->graph->layers[index]);
}

bool c2s_is_dilated(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(view->graph->layers[index]);
    if (!conv || (conv->dilation_rate[0] == 1 && conv->dilation_rate[1] == 1))
        return false;
    c2s_found_set(found, 0, "(%lld, %lld)", (long long)conv->dilation_rate[0], (long long)conv->dilation_rate[1]);
    return true;
}

bool c2s_is_shared(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    enum c2s_kind_id id = c2s_layer_id(view->graph->layers[index]);
    if (id == C2S_KIND_INPUT)
        return false;
    if (view->calls[index] != 1) {
        c2s_found_set(found, 0, "is called %zu times", view->calls[index]);
        return true;
    }
    c2s_found_set(found, 0, "takes %zu inputs", view->nodes[index]->input_count);
    return id != C2S_KIND_CONCATENATE && view->nodes[index]->input_count != 1;
}

/* -1, or its number where the shape tells it. */
static bool is_last_axis(int64_t axis, const struct c2s_node *node)
{
    return axis == -1 || (node->shapes && node->output_count && !c2s_shape_is_unranked(&node->shapes[0]) &&
                          axis == (int64_t)node->shapes[0].rank);
}

bool c2s_concatenate_is_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_layer *layer = view->graph->layers[index];
    if (c2s_layer_id(layer) != C2S_KIND_CONCATENATE || !view->calls[index])
        return false;
    int64_t axis = ((const struct c2s_concatenate_attributes *)layer->attributes)->axis;
    const struct c2s_node *node = view->nodes[index];
    c2s_found_set(found, 0, "%lld", (long long)axis);
    c2s_found_set(found, 1, "%zu", node->input_count);
    return !is_last_axis(axis, node) || node->input_count != 2;
}

/* The batch normalization behind link `index`, or NULL. */
static const cnn2snn_layer *next_batchnorm(const struct c2s_view *view, size_t index)
{
    if (index + 1 >= view->chain->count)
        return NULL;
    const cnn2snn_layer *next = view->chain->links[index + 1].layer;
    return c2s_layer_id(next) == C2S_KIND_BATCH_NORMALIZATION ? next : NULL;
}

/* The batch normalization to be folded into link `index`, or NULL. */
static const cnn2snn_layer *folded_batchnorm(const struct c2s_view *view, size_t index)
{
    return c2s_layer_is(view->chain->links[index].layer, C2S_FAMILY_NEURAL) ? next_batchnorm(view, index) : NULL;
}

static const cnn2snn_tensor *find_weight(const cnn2snn_layer *layer, const char *name)
{
    for (size_t i = 0; i < layer->weight_count; i++)
        if (!strcmp(layer->weights[i].name, name))
            return layer->weights[i].tensor;
    return NULL;
}

bool c2s_gamma_is_not_positive(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_layer *norm = next_batchnorm(view, index);
    const cnn2snn_tensor *gamma = norm ? find_weight(norm, "gamma") : NULL;
    if (c2s_layer_id(view->chain->links[index].layer) != C2S_KIND_MAX_POOLING2D || !gamma)
        return false;
    uint64_t count = 0;
    for (uint64_t i = 0; i < gamma->count; i++)
        count += c2s_tensor_get_double(gamma, i) <= 0.0;
    found->layer = norm->name;
    c2s_found_set(found, 0, "%llu of %llu", (unsigned long long)count, (unsigned long long)gamma->count);
    return count != 0;
}

bool c2s_batchnorm_axis_is_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_layer *norm = folded_batchnorm(view, index);
    if (!norm || !view->chain->links[index].shapes_known)
        return false;
    const struct c2s_batchnorm_attributes *attributes = norm->attributes;
    found->layer = norm->name;
    c2s_found_set(found, 0, "%lld", attributes->axis_count ? (long long)attributes->axes[0] : 0LL);
    if (attributes->axis_count != 1)
        c2s_found_set(found, 0, "%zu axes", attributes->axis_count);
    return attributes->axis_count != 1 ||
           (attributes->axes[0] != -1 && attributes->axes[0] != (int64_t)view->chain->links[index].out.rank);
}

bool c2s_quantizer_is_per_tensor(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_layer *norm = folded_batchnorm(view, index);
    const cnn2snn_quantizer *quantizer = c2s_layer_quantizer(view->chain->links[index].layer);
    if (!norm || !quantizer)
        return false;
    found->layer = view->chain->links[index].layer->name;
    c2s_found_set(found, 0, "%s", quantizer->class_name);
    c2s_found_set(found, 1, "%s", norm->name);
    return quantizer->kind == CNN2SNN_QUANTIZER_MAX || quantizer->kind == CNN2SNN_QUANTIZER_STD;
}

bool c2s_batchnorm_lacks_weights(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_layer *norm = folded_batchnorm(view, index);
    if (!norm)
        return false;
    const struct c2s_batchnorm_attributes *attributes = norm->attributes;
    found->layer = norm->name;
    c2s_found_set(found, 0, attributes->scale ? "center" : "scale");
    return !attributes->scale || !attributes->center;
}

bool c2s_gamma_is_null(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const cnn2snn_layer *norm = folded_batchnorm(view, index);
    if (!norm)
        return false;
    const struct c2s_batchnorm_attributes *attributes = norm->attributes;
    const cnn2snn_tensor *gamma = find_weight(norm, "gamma"), *variance = find_weight(norm, "moving_variance");
    if (!gamma || !variance || gamma->count != variance->count)
        return false;
    uint64_t count = 0;
    for (uint64_t i = 0; i < gamma->count; i++) {
        float spread = (float)c2s_tensor_get_double(variance, i) + (float)attributes->epsilon;
        count += (float)c2s_tensor_get_double(gamma, i) / sqrtf(spread) == 0.0F;
    }
    found->layer = norm->name;
    c2s_found_set(found, 0, "%llu of %llu", (unsigned long long)count, (unsigned long long)gamma->count);
    return count != 0;
}
