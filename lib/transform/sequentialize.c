/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes a Sequential of a functional model, or Sequential sub-models joined by Concatenate layers where it branches
 * (spec/legacy.md e.1). A walk from the input collects runs of layers; a run ends where several layers or a
 * Concatenate take its output.
 */
#include "transform/transform.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/report.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "transform/branches.h"
#include "transform/calls.h"

static cnn2snn_status check_layers(const struct c2s_graph *graph, cnn2snn_error **error)
{
    for (size_t i = 0; i < graph->layer_count; i++)
        if (c2s_layer_is_channels_first(graph->layers[i]))
            return c2s_advise(error,
                              c2s_layer_error(graph->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H1",
                                              graph->layers[i]->name,
                                              "data_format channels_first, expected channels_last"),
                              "build the model with channels_last");
    for (size_t i = 0; i < graph->layer_count; i++) {
        const struct c2s_conv_attributes *conv = c2s_layer_conv(graph->layers[i]);
        if (conv && (conv->dilation_rate[0] != 1 || conv->dilation_rate[1] != 1))
            return c2s_advise(error,
                              c2s_layer_error(graph->context, error, CNN2SNN_E_VALUE, "L-H2", graph->layers[i]->name,
                                              "dilation_rate (%" PRId64 ", %" PRId64 "), expected (1, 1)",
                                              conv->dilation_rate[0], conv->dilation_rate[1]),
                              "use a larger kernel or strides instead of dilation");
    }
    return CNN2SNN_OK;
}

static cnn2snn_status check_ends(const struct c2s_graph *graph, cnn2snn_error **error)
{
    char text[128];
    if (graph->input_count != 1)
        return c2s_advise(error,
                          c2s_error(graph->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H3", "%zu inputs, expected 1",
                                    graph->input_count),
                          "split the model, or join its inputs to one");
    if (graph->output_count != 1)
        return c2s_advise(error,
                          c2s_error(graph->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H3", "%zu outputs, expected 1",
                                    graph->output_count),
                          "split the model, or take the part with one input and one output");
    const struct c2s_node *input = &graph->nodes[graph->inputs[0]];
    if (input->shapes[0].rank == 1 || input->shapes[0].rank == 3)
        return CNN2SNN_OK;
    return c2s_advise(error,
                      c2s_layer_error(graph->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H3",
                                      graph->layers[input->layer]->name,
                                      "input shape %s without the batch, expected 1 or 3 dimensions",
                                      c2s_shape_text(&input->shapes[0], text, sizeof(text))),
                      "give it an input of shape (N,) or (rows, columns, channels)");
}

static cnn2snn_status check_call(const struct c2s_graph *graph, const struct c2s_calls *calls, size_t layer,
                                 cnn2snn_error **error)
{
    const char *name = graph->layers[layer]->name;
    const struct c2s_node *node = &graph->nodes[calls->node[layer]];
    if (calls->count[layer] != 1)
        return c2s_advise(error,
                          c2s_layer_error(graph->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H4", name,
                                          "called %zu times, expected 1: shared layers can't be in a Sequential",
                                          calls->count[layer]),
                          "give each call a layer of its own, as 'cnn2snn check --fix FILE' does");
    if (c2s_layer_id(graph->layers[layer]) != C2S_KIND_CONCATENATE && node->input_count != 1)
        return c2s_advise(error,
                          c2s_layer_error(graph->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H4", name,
                                          "%zu inputs, expected 1: only Concatenate joins branches",
                                          node->input_count),
                          "this flow and Akida 1.0 know no merging but by Concatenate: leave the merge out, or "
                          "quantize by QuantizeML for Akida 2.0");
    if (node->output_count != 1)
        return c2s_advise(error,
                          c2s_layer_error(graph->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H3", name,
                                          "%zu outputs, expected 1", node->output_count),
                          "split the model, or take the part with one input and one output");
    return CNN2SNN_OK;
}

static cnn2snn_status check_calls(const struct c2s_graph *graph, const struct c2s_calls *calls, cnn2snn_error **error)
{
    for (size_t i = 0; i < graph->layer_count; i++)
        if (calls->count[i] && c2s_layer_id(graph->layers[i]) != C2S_KIND_INPUT)
            C2S_TRY(check_call(graph, calls, i, error));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_sequentialize(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    C2S_TRY(check_layers(graph, error));
    C2S_TRY(check_ends(graph, error));
    if (graph->sequential) {
        *out_graph = c2s_graph_retain(graph);
        return CNN2SNN_OK;
    }
    struct c2s_calls calls;
    cnn2snn_status status = c2s_calls_find(graph, &calls, error);
    if (!status)
        status = check_calls(graph, &calls, error);
    if (!status)
        status = c2s_branches_join(graph, &calls, out_graph, error);
    c2s_calls_free(graph->context, &calls);
    return status;
}
