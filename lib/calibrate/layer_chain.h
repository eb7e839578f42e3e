/* SPDX-License-Identifier: Apache-2.0 */
/* Layers one behind the other, made ready once and run on as many batches as there are. */
#ifndef C2S_LAYER_CHAIN_H
#define C2S_LAYER_CHAIN_H

#include "ir/graph.h"
#include "ops/op.h"

struct c2s_layer_chain {
    cnn2snn_context *context;
    cnn2snn_layer **layers;
    struct c2s_op **ops; /* NULL for nested models */
    size_t count;
    struct c2s_shape *shapes; /* count + 1 of them: what goes in, and what each layer gives; without the batch */
};

/* input: without open extents. References to the layers are kept. */
cnn2snn_status c2s_layer_chain_create(cnn2snn_context *context, const struct c2s_shape *input, size_t count,
                                      cnn2snn_layer *const *layers, struct c2s_layer_chain **out_chain,
                                      cnn2snn_error **error);
/* NULL is fine. */
void c2s_layer_chain_destroy(struct c2s_layer_chain *chain);

/* The output; a new reference to the input where there are no layers. */
cnn2snn_status c2s_layer_chain_run(const struct c2s_layer_chain *chain, struct c2s_run *run,
                                   const cnn2snn_tensor *input, cnn2snn_tensor **out_output, cnn2snn_error **error);
/* outputs[i] becomes what layer i gives. On failure none is left. */
cnn2snn_status c2s_layer_chain_run_all(const struct c2s_layer_chain *chain, struct c2s_run *run,
                                       const cnn2snn_tensor *input, cnn2snn_tensor **outputs, cnn2snn_error **error);

/* The layers of a graph without branches in the order of calls, borrowed, the InputLayer left out: as many as the
 * graph has nodes but one. CNN2SNN_E_NOT_SEQUENTIAL otherwise. */
cnn2snn_status c2s_graph_linear_layers(const struct c2s_graph *graph, cnn2snn_layer ***out_layers,
                                       cnn2snn_error **error);

#endif
