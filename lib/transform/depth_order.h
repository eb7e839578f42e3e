/* SPDX-License-Identifier: Apache-2.0 */
/* Layers, each called once, and their functional graph in the order that Keras gives the layers of a model. */
#ifndef C2S_DEPTH_ORDER_H
#define C2S_DEPTH_ORDER_H

#include "ir/graph.h"

/* A call of a layer, and the outputs of items that it takes: their nodes are places in the list. */
struct c2s_item {
    cnn2snn_layer *layer;
    struct c2s_value *inputs;
    size_t input_count;
};

struct c2s_item_list {
    cnn2snn_context *context;
    struct c2s_item *items;
    size_t count, capacity;
};

void c2s_item_list_init(struct c2s_item_list *list, cnn2snn_context *context);
void c2s_item_list_free(struct c2s_item_list *list);
/* Adds a layer (one more reference) on other items. */
cnn2snn_status c2s_item_list_add(struct c2s_item_list *list, const cnn2snn_layer *layer, size_t input_count,
                                 const struct c2s_value *inputs, cnn2snn_error **error);

/*
 * The functional graph of what these outputs need, with the name and extras of `like`, shapes inferred; node i calls
 * layer i. InputLayers are its inputs, in the list's order. CNN2SNN_E_MALFORMED where items take each other's
 * outputs.
 */
cnn2snn_status c2s_item_list_to_graph(const struct c2s_item_list *list, size_t output_count,
                                      const struct c2s_value *outputs, const struct c2s_graph *like,
                                      struct c2s_graph **out_graph, cnn2snn_error **error);

#endif
