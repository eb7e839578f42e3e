/* SPDX-License-Identifier: Apache-2.0 */
/* Rewrites of graphs (spec/legacy.md e). Each gives a new graph with shapes inferred; layers are shared, weights too.
 */
#ifndef C2S_TRANSFORM_H
#define C2S_TRANSFORM_H

#include "ir/graph.h"
#include "tensor/samples.h"

cnn2snn_status c2s_sequentialize(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error);
cnn2snn_status c2s_syncretize(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error);
cnn2snn_status c2s_prepare_to_convert(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                      cnn2snn_error **error);
cnn2snn_status c2s_invert_batchnorm_pooling(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                            cnn2snn_error **error);
cnn2snn_status c2s_fold_batchnorm(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error);
cnn2snn_status c2s_reshape_input(const struct c2s_graph *graph, int64_t rows, int64_t columns,
                                 struct c2s_graph **out_graph, cnn2snn_error **error);

/* Filters and what reads them made of one size, layer by layer, where nobody else reads them. */
cnn2snn_status c2s_cross_layer_scaling(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                       cnn2snn_error **error);
/* Depthwise kernels of separable layers in [-1, 1]; CNN2SNN_E_VALUE for layers of other kinds. */
cnn2snn_status c2s_normalize_separable_layer(const cnn2snn_layer *layer, cnn2snn_layer **out_layer,
                                             cnn2snn_error **error);
cnn2snn_status c2s_normalize_separable_model(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                             cnn2snn_error **error);
/* Mean of the filters' largest |weight| to the largest of the layer; for layers that have filters. */
bool c2s_has_weights_homogeneity(const cnn2snn_layer *layer);
cnn2snn_status c2s_weights_homogeneity(const cnn2snn_layer *layer, float *out_rate, cnn2snn_error **error);
/* max_value of each QuantizedReLU no larger than what the samples need; batch_size 0: chosen. */
cnn2snn_status c2s_activations_rescaling(const struct c2s_graph *graph, cnn2snn_samples *samples, int64_t batch_size,
                                         struct c2s_graph **out_graph, cnn2snn_error **error);

/* A model with this graph (taken, also on failure) and `like`'s file facts; optimizer state only if keep_training. */
cnn2snn_status c2s_model_from_graph_take(const cnn2snn_model *like, struct c2s_graph *graph, bool keep_training,
                                         cnn2snn_model **out_model, cnn2snn_error **error);

#endif
