/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Brings a Sequential into the order that conversion reads (spec/legacy.md e.2): no Dropout, max pooling in front of
 * its activation, batch normalization in front of its pooling and then folded. Sub-models of a branched graph
 * likewise.
 */
#include "transform/transform.h"

#include "base/allocator.h"
#include "base/error.h"
#include "layers/layer_kind.h"
#include "transform/rewrite.h"

static cnn2snn_status drop_dropout(const struct c2s_graph *graph, struct c2s_layer_list *list, cnn2snn_error **error)
{
    for (size_t i = 1; i < graph->layer_count; i++)
        if (c2s_layer_id(graph->layers[i]) != C2S_KIND_DROPOUT)
            C2S_TRY(c2s_layer_list_add(list, graph->layers[i], error));
    return CNN2SNN_OK;
}

/* A maximum and a function that never falls can change places. One pass; the swapped pair is left behind. */
static void pool_before_activation(struct c2s_layer_list *list)
{
    for (size_t i = 0; i + 1 < list->count; i++) {
        cnn2snn_layer *layer = list->layers[i], *next = list->layers[i + 1];
        if (!c2s_layer_is(layer, C2S_FAMILY_ACTIVATION) || c2s_layer_id(next) != C2S_KIND_MAX_POOLING2D)
            continue;
        list->layers[i++] = next;
        list->layers[i] = layer;
    }
}

static cnn2snn_status syncretize_sequential(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                            cnn2snn_error **error)
{
    struct c2s_layer_list list;
    struct c2s_graph *reordered = NULL, *inverted = NULL;
    cnn2snn_status status = CNN2SNN_OK;
    c2s_layer_list_init(&list, graph->context);
    C2S_GOTO(drop_dropout(graph, &list, error));
    pool_before_activation(&list);
    C2S_GOTO(c2s_sequential_rebuild(graph, &list, &reordered, error));
    C2S_GOTO(c2s_invert_batchnorm_pooling(reordered, &inverted, error));
    C2S_GOTO(c2s_fold_batchnorm(inverted, out_graph, error));
done:
    c2s_graph_release(inverted);
    c2s_graph_release(reordered);
    c2s_layer_list_free(&list);
    return status;
}

/* The sub-model with its own name around the new graph. */
static cnn2snn_status syncretize_model_layer(const cnn2snn_layer *layer, cnn2snn_layer **out_layer,
                                             cnn2snn_error **error)
{
    struct c2s_graph *inner = NULL;
    C2S_TRY(syncretize_sequential(layer->graph, &inner, error));
    c2s_free(inner->context, inner->name);
    inner->name = c2s_strdup(inner->context, layer->graph->name);
    cnn2snn_status status = inner->name
                                ? c2s_model_layer_create(layer->context, layer->class_name, layer->name, inner,
                                                         layer->config, layer->trainable, out_layer, error)
                                : c2s_error_no_memory(error);
    c2s_graph_release(inner);
    return status;
}

static cnn2snn_status syncretize_layers(void *user_data, const struct c2s_graph *graph, cnn2snn_layer **layers,
                                        cnn2snn_error **error)
{
    (void)user_data;
    for (size_t i = 0; i < graph->layer_count; i++)
        if (graph->layers[i]->graph)
            C2S_TRY(syncretize_model_layer(graph->layers[i], &layers[i], error));
    return CNN2SNN_OK;
}

cnn2snn_status c2s_syncretize(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    if (graph->sequential)
        return syncretize_sequential(graph, out_graph, error);
    struct c2s_graph *sequential = NULL;
    C2S_TRY(c2s_sequentialize(graph, &sequential, error)); /* nothing happens where that is done */
    cnn2snn_status status = sequential->sequential
                                ? syncretize_sequential(sequential, out_graph, error)
                                : c2s_graph_fill_layers(sequential, syncretize_layers, NULL, out_graph, error);
    c2s_graph_release(sequential);
    return status;
}
