/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what is run to find ranges: the float layers that are quantized, and nothing behind them. */
#include "base/allocator.h"
#include "base/error.h"
#include "quantize/qml_stages.h"
#include "transform/depth_order.h"

/* Outputs that no quantized layer takes. */
static size_t find_outputs(const struct c2s_qml_work *work, struct c2s_value *outputs)
{
    size_t count = 0;
    for (size_t i = 0; i < work->graph->layer_count; i++) {
        bool taken = false;
        for (size_t k = work->calls.first_user[i]; k < work->calls.first_user[i + 1]; k++)
            taken = taken || work->reached[work->calls.users[k]];
        if (work->reached[i] && !taken)
            outputs[count++] = (struct c2s_value){i, 0};
    }
    return count;
}

cnn2snn_status c2s_qml_make_float_graph(const struct c2s_qml_work *work, struct c2s_graph **out_graph,
                                        cnn2snn_error **error)
{
    const struct c2s_graph *graph = work->graph;
    struct c2s_item_list items;
    cnn2snn_status status = CNN2SNN_OK;
    struct c2s_value *outputs = c2s_calloc(work->context, graph->layer_count, sizeof *outputs);
    if (!outputs)
        return c2s_error_no_memory(error);
    c2s_item_list_init(&items, work->context);
    for (size_t i = 0; i < graph->layer_count && !status; i++)
        status =
            c2s_item_list_add(&items, graph->layers[i], graph->nodes[i].input_count, graph->nodes[i].inputs, error);
    if (!status)
        status = c2s_item_list_to_graph(&items, find_outputs(work, outputs), outputs, graph, out_graph, error);
    c2s_item_list_free(&items);
    c2s_free(work->context, outputs);
    return status;
}
