/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which calls count: those that an output needs. Keras leaves the others out when it clones a model. */
#include "transform/calls.h"

#include "base/allocator.h"
#include "base/error.h"

/* Nodes stand behind those that they take values of. */
static void mark_live(const struct c2s_graph *graph, bool *live)
{
    for (size_t i = 0; i < graph->output_count; i++)
        live[graph->outputs[i].node] = true;
    for (size_t i = graph->node_count; i-- > 0;)
        for (size_t k = 0; live[i] && k < graph->nodes[i].input_count; k++)
            live[graph->nodes[i].inputs[k].node] = true;
}

static size_t count_calls(const struct c2s_graph *graph, const bool *live, struct c2s_calls *calls)
{
    size_t uses = 0;
    for (size_t i = 0; i < graph->node_count; i++) {
        if (!live[i])
            continue;
        calls->count[graph->nodes[i].layer]++;
        calls->node[graph->nodes[i].layer] = i;
        uses += graph->nodes[i].input_count;
    }
    return uses;
}

/* first_user[i + 1] is where the users of i end: counted, summed up, then filled from the last layer on backwards. */
static void list_users(const struct c2s_graph *graph, struct c2s_calls *calls)
{
    for (size_t i = 0; i < graph->layer_count; i++) {
        const struct c2s_node *node = &graph->nodes[calls->node[i]];
        for (size_t k = 0; calls->count[i] && k < node->input_count; k++)
            calls->first_user[graph->nodes[node->inputs[k].node].layer]++;
    }
    for (size_t i = 1; i <= graph->layer_count; i++)
        calls->first_user[i] += calls->first_user[i - 1];
    for (size_t i = graph->layer_count; i-- > 0;) {
        const struct c2s_node *node = &graph->nodes[calls->node[i]];
        for (size_t k = 0; calls->count[i] && k < node->input_count; k++)
            calls->users[--calls->first_user[graph->nodes[node->inputs[k].node].layer]] = i;
    }
}

cnn2snn_status c2s_calls_find(const struct c2s_graph *graph, struct c2s_calls *calls, cnn2snn_error **error)
{
    cnn2snn_context *context = graph->context;
    *calls = (struct c2s_calls){NULL, NULL, NULL, NULL};
    bool *live = c2s_calloc(context, graph->node_count + 1, sizeof(bool));
    calls->count = c2s_calloc(context, graph->layer_count + 1, sizeof(size_t));
    calls->node = c2s_calloc(context, graph->layer_count + 1, sizeof(size_t));
    calls->first_user = c2s_calloc(context, graph->layer_count + 1, sizeof(size_t));
    bool fits = live && calls->count && calls->node && calls->first_user;
    if (fits) {
        mark_live(graph, live);
        calls->users = c2s_calloc(context, count_calls(graph, live, calls) + 1, sizeof(size_t));
        fits = calls->users != NULL;
    }
    if (fits)
        list_users(graph, calls);
    c2s_free(context, live);
    return fits ? CNN2SNN_OK : c2s_error_no_memory(error);
}

void c2s_calls_free(cnn2snn_context *context, struct c2s_calls *calls)
{
    c2s_free(context, calls->count);
    c2s_free(context, calls->node);
    c2s_free(context, calls->first_user);
    c2s_free(context, calls->users);
}
