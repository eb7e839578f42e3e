/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A model as one row of layers with the shapes between them: what the rules about order look at. Made of a graph that
 * is prepared to convert, or, where preparing failed, of the graph as it is, so that the other faults are found too.
 */
#ifndef C2S_CHAIN_H
#define C2S_CHAIN_H

#include "ir/graph.h"

enum { C2S_NO_LINK = -1 };

struct c2s_link {
    const cnn2snn_layer *layer; /* borrowed from the graph */
    struct c2s_shape in, out;
    bool shapes_known;
    ptrdiff_t before; /* the last neural layer or activation in front of it, or C2S_NO_LINK */
};

struct c2s_chain {
    cnn2snn_context *context;
    struct c2s_link *links; /* without the InputLayer */
    size_t count, capacity;
    bool linear;            /* each link feeds the next; otherwise just the layers of a graph, one after another */
    ptrdiff_t first_neural; /* or C2S_NO_LINK */
    ptrdiff_t last_neural;
    struct c2s_shape input; /* of the model */
    bool input_known;
};

cnn2snn_status c2s_chain_create(const struct c2s_graph *graph, struct c2s_chain *chain, cnn2snn_error **error);
void c2s_chain_free(struct c2s_chain *chain);

/* What preparing to convert does to the order, step by step, whatever rules are broken (linear chains only). */
void c2s_chain_drop_dropout(struct c2s_chain *chain); /* and max pooling goes before its activation */
void c2s_chain_invert_batchnorm_pooling(struct c2s_chain *chain);
void c2s_chain_fold_batchnorm(struct c2s_chain *chain);

#endif
