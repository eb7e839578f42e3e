/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which Keras lists the layers of a functional model, and which calls it keeps. */
#ifndef C2S_KERAS_LAYER_ORDER_H
#define C2S_KERAS_LAYER_ORDER_H

#include "ir/graph.h"

struct c2s_layer_order {
    size_t *layers; /* of the graph, in Keras's order; those that no output needs are left out, but for inputs */
    size_t count;
    size_t *calls; /* by node: its number among the calls of its layer that are kept; SIZE_MAX: dropped */
};

/*
 * tf_keras puts a model together again from its config and then matches weights by its own order of layers: from the
 * inputs' side on by distance to the outputs, and within a distance as a walk from the outputs meets them. A file
 * must have that order to be read right.
 */
cnn2snn_status c2s_layer_order_of(const struct c2s_graph *graph, struct c2s_layer_order *order,
                                  cnn2snn_error **error);
void c2s_layer_order_free(cnn2snn_context *context, struct c2s_layer_order *order);

#endif
