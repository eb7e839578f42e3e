/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer: class, config and weights, apart from the calls (nodes) that use it. Counted references. A layer that
 * belongs to a graph never changes: who wants another config or weight makes a new layer, which shares the rest.
 */
#ifndef C2S_LAYER_H
#define C2S_LAYER_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/json.h"
#include "cnn2snn/model.h"
#include "tensor/tensor.h"

struct c2s_layer_kind; /* a row of the layer table, layers/layer_kind.h */
struct c2s_graph;

struct c2s_weight {
    const char *name; /* "kernel"; a literal of the layer table, or the layer's own for opaque ones */
    cnn2snn_tensor *tensor;
};

struct cnn2snn_layer {
    cnn2snn_context *context;
    atomic_size_t references;
    const struct c2s_layer_kind *kind; /* never NULL */
    char *class_name;                  /* as in the file, with its package prefix if it has one ("Custom>MyLayer") */
    char *name;
    json_t *config; /* of the file, whole, also entries that nobody interprets; "name" is in it */
    json_t *extras; /* members of the layer's object beside class_name, config, name and inbound_nodes; or NULL */
    bool trainable;
    int keras_generation; /* 2 or 3: whose meaning of activation names counts */
    void *attributes;     /* what the kind reads from the config; the type goes with the kind (layers/attributes.h) */
    struct c2s_weight *weights;
    size_t weight_count;
    bool built;              /* the weights are there (for kinds without any: always) */
    struct c2s_graph *graph; /* of a nested model, otherwise NULL; counted */
};

/* Frees what the kind keeps; set by the layer table in kind->destroy. */
cnn2snn_layer *c2s_layer_retain(const cnn2snn_layer *layer);
void c2s_layer_release(cnn2snn_layer *layer);

/* A new layer with the same everything (references), with a count of 1, so that it may be changed by its maker. */
cnn2snn_status c2s_layer_copy(const cnn2snn_layer *layer, cnn2snn_layer **out_layer, cnn2snn_error **error);

/* A copy with these weights (as many, of the same shapes: the caller has checked). References are kept. */
cnn2snn_status c2s_layer_with_weights(const cnn2snn_layer *layer, size_t count, cnn2snn_tensor *const *weights,
                                      cnn2snn_layer **out_layer, cnn2snn_error **error);

#endif
