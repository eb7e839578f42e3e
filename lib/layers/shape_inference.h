/* SPDX-License-Identifier: Apache-2.0 */
/* Shapes of all values of a graph, for given input shapes, without touching the graph. */
#ifndef C2S_SHAPE_INFERENCE_H
#define C2S_SHAPE_INFERENCE_H

#include "ir/graph.h"
#include "layers/layer_kind.h"

struct c2s_shape_table {
    size_t *first; /* by node: where the shapes of its outputs begin */
    struct c2s_shape *shapes;
    struct c2s_shape *gathered; /* room for the input shapes of any node */
};

/* input_shapes NULL: those of the InputLayers. Otherwise these count, and the InputLayers' where they are open. */
cnn2snn_status c2s_shape_table_fill(const struct c2s_graph *graph, const struct c2s_shape *input_shapes,
                                    struct c2s_shape_table *table, cnn2snn_error **error);
void c2s_shape_table_free(cnn2snn_context *context, struct c2s_shape_table *table);

/* The input shapes of a node; valid until the next call. */
const struct c2s_shape *c2s_shape_table_inputs(struct c2s_shape_table *table, const struct c2s_node *node);

/* Does some InputLayer leave its shape to the call? */
bool c2s_graph_input_is_unranked(const struct c2s_graph *graph);

/* c2s_graph_infer_shapes for these input shapes, which may be NULL. */
cnn2snn_status c2s_graph_infer_shapes_for(struct c2s_graph *graph, const struct c2s_shape *input_shapes,
                                          cnn2snn_error **error);

/* CNN2SNN_E_LIMIT where the calls of nested models, counted as often as they are made, or the depth are too many. */
cnn2snn_status c2s_graph_check_size(const struct c2s_graph *graph, cnn2snn_error **error);

#endif
