/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrites of graphs (spec/legacy.md e). Each gives a new graph with shapes inferred; layers are shared, weights too.
 */
#ifndef C2S_TRANSFORM_H
#define C2S_TRANSFORM_H

#include "ir/graph.h"

cnn2snn_status c2s_sequentialize(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error);
cnn2snn_status c2s_syncretize(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error);
cnn2snn_status c2s_prepare_to_convert(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                      cnn2snn_error **error);
cnn2snn_status c2s_invert_batchnorm_pooling(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                            cnn2snn_error **error);
cnn2snn_status c2s_fold_batchnorm(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error);
cnn2snn_status c2s_reshape_input(const struct c2s_graph *graph, int64_t rows, int64_t columns,
                                 struct c2s_graph **out_graph, cnn2snn_error **error);

/* A model with this graph (taken, also on failure) and `like`'s file facts; optimizer state only if keep_training. */
cnn2snn_status c2s_model_from_graph_take(const cnn2snn_model *like, struct c2s_graph *graph, bool keep_training,
                                         cnn2snn_model **out_model, cnn2snn_error **error);

#endif
