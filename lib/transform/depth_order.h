/* SPDX-License-Identifier: Apache-2.0 */
/* Layers, each called once, and their functional graph in the order that Keras gives the layers of a model. */
#ifndef C2S_DEPTH_ORDER_H
#define C2S_DEPTH_ORDER_H

#include "ir/graph.h"

/* A layer and the items that it takes as inputs. */
struct c2s_item {
    cnn2snn_layer *layer;
    size_t inputs[2];
    size_t input_count;
};

struct c2s_item_list {
    cnn2snn_context *context;
    struct c2s_item *items; /* the first is the model's input */
    size_t count, capacity;
};

void c2s_item_list_init(struct c2s_item_list *list, cnn2snn_context *context);
void c2s_item_list_free(struct c2s_item_list *list);
/* Adds a layer (one more reference) on earlier items, at most two. */
cnn2snn_status c2s_item_list_add(struct c2s_item_list *list, const cnn2snn_layer *layer, size_t input_count,
                                 const size_t *inputs, cnn2snn_error **error);

/* The functional graph of what item `output` needs, with the name and extras of `like`, shapes inferred. */
cnn2snn_status c2s_item_list_to_graph(const struct c2s_item_list *list, size_t output, const struct c2s_graph *like,
                                      struct c2s_graph **out_graph, cnn2snn_error **error);

#endif
