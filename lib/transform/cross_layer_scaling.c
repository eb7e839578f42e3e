/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes the filters of a layer and what reads them of one size (spec/legacy.md e.6): a filter divided by s is read by
 * weights multiplied by s, which ReLU and pooling between them let through. One pass over the layers, in float32.
 * Only where nobody else reads the filters: the model computes what it did.
 */
#include "transform/transform.h"

#include <math.h>

#include "base/allocator.h"
#include "base/error.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "transform/calls.h"
#include "transform/kernel_axes.h"
#include "transform/rewrite.h"

#define NONE SIZE_MAX

struct scaling {
    const struct c2s_graph *graph;
    struct c2s_calls calls;
    size_t *destination;    /* of each layer: who reads it, or NONE */
    cnn2snn_layer **layers; /* with weights of their own; NULL where nothing changes */
    float *sizes, *factors; /* one for each filter or channel of the layer at work */
    size_t size_capacity, factor_capacity;
};

/* ------------------------------------------------------------------------------------------------ pairs */

static bool is_scalable(const cnn2snn_layer *layer)
{
    return c2s_layer_is(layer, C2S_FAMILY_NEURAL) && layer->built;
}

/* f(x / s) * s = f(x) for s above 0. */
static bool is_neutral(const cnn2snn_layer *layer)
{
    const struct c2s_relu_attributes *relu = layer->attributes;
    if (c2s_layer_id(layer) == C2S_KIND_RELU)
        return relu->threshold == 0 && isinf(relu->max_value);
    return c2s_layer_is(layer, C2S_FAMILY_POOLING);
}

static bool has_neutral_activation(const cnn2snn_layer *layer)
{
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    const struct c2s_dense_attributes *dense = c2s_layer_dense(layer);
    enum c2s_function function = conv ? conv->activation.function : dense ? dense->activation.function : C2S_LINEAR;
    return function == C2S_LINEAR || function == C2S_RELU;
}

static bool is_output(const struct c2s_graph *graph, size_t layer)
{
    for (size_t i = 0; i < graph->output_count; i++)
        if (graph->nodes[graph->outputs[i].node].layer == layer)
            return true;
    return false;
}

/* The layer whose output this one alone takes, and takes alone; or NONE. */
static size_t only_parent(const struct scaling *scaling, size_t layer)
{
    const struct c2s_graph *graph = scaling->graph;
    const struct c2s_node *node = &graph->nodes[scaling->calls.node[layer]];
    if (scaling->calls.count[layer] != 1 || node->input_count != 1)
        return NONE;
    size_t parent = graph->nodes[node->inputs[0].node].layer;
    bool alone = scaling->calls.count[parent] == 1 && c2s_calls_user_count(&scaling->calls, parent) == 1;
    return alone && !is_output(graph, parent) ? parent : NONE;
}

static void find_pairs(struct scaling *scaling)
{
    cnn2snn_layer *const *layers = scaling->graph->layers;
    for (size_t i = 0; i < scaling->graph->layer_count; i++)
        scaling->destination[i] = NONE;
    for (size_t i = 0; i < scaling->graph->layer_count; i++) {
        if (!is_scalable(layers[i]))
            continue;
        size_t parent = only_parent(scaling, i);
        while (parent != NONE && is_neutral(layers[parent]))
            parent = only_parent(scaling, parent);
        if (parent != NONE && is_scalable(layers[parent]) && has_neutral_activation(layers[parent]))
            scaling->destination[parent] = i;
    }
}

/* ------------------------------------------------------------------------------------------------ weights */

/* The layer with weights that may be written to. */
static cnn2snn_status own_weights(struct scaling *scaling, size_t index, cnn2snn_layer **out_layer,
                                  cnn2snn_error **error)
{
    cnn2snn_layer **layer = &scaling->layers[index];
    if (!*layer) {
        C2S_TRY(c2s_layer_check_finite(scaling->graph->layers[index], error));
        C2S_TRY(c2s_layer_copy(scaling->graph->layers[index], layer, error));
        for (size_t i = 0; i < (*layer)->weight_count; i++) {
            cnn2snn_tensor *shared = (*layer)->weights[i].tensor, *own = NULL;
            C2S_TRY(c2s_tensor_copy(shared, &own, error));
            (*layer)->weights[i].tensor = own;
            c2s_tensor_release(shared);
        }
    }
    *out_layer = *layer;
    return CNN2SNN_OK;
}

/* Makes room for a size and a factor each. */
static cnn2snn_status reserve(struct scaling *scaling, int64_t count, cnn2snn_error **error)
{
    cnn2snn_context *context = scaling->graph->context;
    if (c2s_array_reserve(context, &scaling->sizes, &scaling->size_capacity, (size_t)count, sizeof(float)) ||
        c2s_array_reserve(context, &scaling->factors, &scaling->factor_capacity, (size_t)count, sizeof(float)))
        return c2s_error_no_memory(error);
    return CNN2SNN_OK;
}

/* factors = sqrt(sizes / factors), 1 where either is 0: nothing to even out there. */
static void set_factors(struct scaling *scaling, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        float made = scaling->sizes[i], read = scaling->factors[i];
        scaling->factors[i] = made > 0 && read > 0 ? sqrtf(made / read) : 1;
    }
}

/* Between the two kernels of a separable layer. A channel is a (channel, multiple) of the depthwise kernel, which lie
 * in the order of the pointwise kernel's rows. */
static cnn2snn_status scale_inside(struct scaling *scaling, cnn2snn_layer *layer, cnn2snn_error **error)
{
    cnn2snn_tensor *depthwise = layer->weights[0].tensor, *pointwise = layer->weights[1].tensor, *flat = NULL;
    int64_t channels = pointwise->shape[2];
    int64_t shape[2] = {depthwise->shape[0] * depthwise->shape[1], channels};
    C2S_TRY(reserve(scaling, channels, error));
    C2S_TRY(c2s_tensor_reshape(depthwise, 2, shape, &flat, error));
    c2s_axis_max(flat, 1, scaling->sizes);
    c2s_axis_max(pointwise, 2, scaling->factors);
    set_factors(scaling, channels);
    c2s_axis_divide(flat, 1, scaling->factors, flat);
    c2s_axis_multiply(pointwise, 2, scaling->factors, pointwise);
    c2s_tensor_release(flat);
    return CNN2SNN_OK;
}

static cnn2snn_status check_pair(const cnn2snn_layer *source, int64_t filters, const cnn2snn_layer *destination,
                                 int64_t channels, cnn2snn_error **error)
{
    if (filters != channels)
        return c2s_layer_error(source->context, error, CNN2SNN_E_VALUE, "L-078", source->name,
                               "%lld filters, but the kernel of %s reads %lld channels", (long long)filters,
                               destination->name, (long long)channels);
    if (!c2s_layer_use_bias(source))
        return c2s_layer_error(source->context, error, CNN2SNN_E_INDEX, "L-078", source->name,
                               "no bias, expected one in a layer whose filters are scaled");
    return CNN2SNN_OK;
}

static cnn2snn_status scale_pair(struct scaling *scaling, cnn2snn_layer *source, cnn2snn_layer *destination,
                                 cnn2snn_error **error)
{
    cnn2snn_tensor *made = source->weights[c2s_filter_kernel(source)].tensor, *read = destination->weights[0].tensor;
    size_t filter_axis = c2s_filter_axis(source), channel_axis = c2s_channel_axis(destination);
    int64_t filters = made->shape[filter_axis];
    C2S_TRY(check_pair(source, filters, destination, read->shape[channel_axis], error));
    C2S_TRY(reserve(scaling, filters, error));
    c2s_axis_max(made, filter_axis, scaling->sizes);
    c2s_axis_max(read, channel_axis, scaling->factors);
    set_factors(scaling, filters);
    cnn2snn_tensor *bias = source->weights[source->weight_count - 1].tensor;
    c2s_axis_divide(made, filter_axis, scaling->factors, made);
    c2s_axis_divide(bias, 0, scaling->factors, bias);
    c2s_axis_multiply(read, channel_axis, scaling->factors, read);
    return CNN2SNN_OK;
}

static cnn2snn_status scale_layers(struct scaling *scaling, cnn2snn_error **error)
{
    for (size_t i = 0; i < scaling->graph->layer_count; i++) {
        cnn2snn_layer *layer = NULL, *destination = NULL;
        bool separable = scaling->graph->layers[i]->kind->float_kind == C2S_KIND_SEPARABLE_CONV2D;
        if (!is_scalable(scaling->graph->layers[i]) || (!separable && scaling->destination[i] == NONE))
            continue;
        C2S_TRY(own_weights(scaling, i, &layer, error));
        if (separable)
            C2S_TRY(scale_inside(scaling, layer, error));
        if (scaling->destination[i] == NONE)
            continue;
        C2S_TRY(own_weights(scaling, scaling->destination[i], &destination, error));
        C2S_TRY(scale_pair(scaling, layer, destination, error));
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_cross_layer_scaling(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                       cnn2snn_error **error)
{
    cnn2snn_context *context = graph->context;
    struct scaling scaling = {.graph = graph};
    cnn2snn_status status = CNN2SNN_OK;
    C2S_GOTO(c2s_calls_find(graph, &scaling.calls, error));
    scaling.destination = c2s_calloc(context, graph->layer_count, sizeof(size_t));
    scaling.layers = c2s_calloc(context, graph->layer_count, sizeof(*scaling.layers));
    C2S_GOTO(scaling.destination && scaling.layers ? CNN2SNN_OK : c2s_error_no_memory(error));
    find_pairs(&scaling);
    C2S_GOTO(scale_layers(&scaling, error));
    C2S_GOTO(c2s_graph_with_layers(graph, scaling.layers, out_graph, error));
done:
    for (size_t i = 0; scaling.layers && i < graph->layer_count; i++)
        c2s_layer_release(scaling.layers[i]);
    c2s_free(context, scaling.layers);
    c2s_free(context, scaling.destination);
    c2s_free(context, scaling.sizes);
    c2s_free(context, scaling.factors);
    c2s_calls_free(context, &scaling.calls);
    return status;
}
