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
    const char *name; /* "kernel"; a literal of the layer table, or the layer's own (owns_weight_names) */
    cnn2snn_tensor *tensor;
};

/* What a kind reads from a config, shared by the copies of a layer and freed with the last of them. */
struct c2s_attribute_block {
    atomic_size_t references;
    void (*destroy)(cnn2snn_context *context, void *attributes); /* or NULL */
    void *attributes;
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
    struct c2s_attribute_block *attribute_block; /* holds them; NULL for kinds without any */
    struct c2s_weight *weights;
    size_t weight_count;
    bool owns_weight_names;  /* each name is a block of the allocator: set by c2s_layer_set_named_weights */
    bool built;              /* the weights are there (for kinds without any: always) */
    struct c2s_graph *graph; /* of a nested model, otherwise NULL; counted */
};

/* A layer of nothing but a class and a name, unbuilt, config an empty object; the layer table does the rest. */
cnn2snn_status c2s_layer_allocate(cnn2snn_context *context, const struct c2s_layer_kind *kind, const char *class_name,
                                  const char *name, cnn2snn_layer **out_layer, cnn2snn_error **error);
/* Gives the layer `size` bytes of zeros for its attributes. */
cnn2snn_status c2s_layer_allocate_attributes(cnn2snn_layer *layer, size_t size,
                                             void (*destroy)(cnn2snn_context *context, void *attributes),
                                             cnn2snn_error **error);

cnn2snn_layer *c2s_layer_retain(const cnn2snn_layer *layer);
void c2s_layer_release(cnn2snn_layer *layer);

/* A new layer with the same everything (references), with a count of 1, so that it may be changed by its maker. The
 * attributes and the config are shared: who wants others makes a layer with c2s_layer_with_config. */
cnn2snn_status c2s_layer_copy(const cnn2snn_layer *layer, cnn2snn_layer **out_layer, cnn2snn_error **error);

/* A copy with these weights (as many, of the same shapes: the caller has checked). References are kept. */
cnn2snn_status c2s_layer_with_weights(const cnn2snn_layer *layer, size_t count, cnn2snn_tensor *const *weights,
                                      cnn2snn_layer **out_layer, cnn2snn_error **error);

/* Gives a layer that nobody else holds, of a class whose weights only its file knows (opaque and custom ones), these
 * weights under these names. Names are copied, references to tensors kept. */
cnn2snn_status c2s_layer_set_named_weights(cnn2snn_layer *layer, size_t count, const char *const *names,
                                           cnn2snn_tensor *const *weights, cnn2snn_error **error);
/* Gives a layer that nobody else holds `count` weights, none set yet, in place of those it has. */
cnn2snn_status c2s_layer_reset_weights(cnn2snn_layer *layer, size_t count, cnn2snn_error **error);

#endif
