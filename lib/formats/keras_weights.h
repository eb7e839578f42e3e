/* SPDX-License-Identifier: Apache-2.0 */
/* The order in which Keras's HDF5 files have the weights of a layer, nested models flattened
 * (spec/keras-files.md 1.3). */
#ifndef C2S_KERAS_WEIGHTS_H
#define C2S_KERAS_WEIGHTS_H

#include "formats/hdf5_image.h"
#include "ir/graph.h"
#include "layers/layer_kind.h"

/* One weight of a layer that is no model. */
struct c2s_weight_slot {
    cnn2snn_layer *layer;
    size_t index, count; /* of the layer's weights */
    struct c2s_weight_spec spec;
};

struct c2s_weight_order {
    cnn2snn_context *context;
    struct c2s_weight_slot *slots;
    size_t count, capacity;
    /* layers that hold whatever their file has, and have no slots before they are built */
    cnn2snn_layer **free_layers;
    size_t free_count, free_capacity;
};

/* The first call of each layer of a graph; *out is a block of the allocator. */
cnn2snn_status c2s_first_calls(const struct c2s_graph *graph, size_t **out, cnn2snn_error **error);
/*
 * The weights of the layer that `node` calls: trainable ones first, then the others, as `trainable` of the layers has
 * it. Layers that hold whatever their file has (opaque, custom) have slots where they are built already.
 */
cnn2snn_status c2s_weight_order_of(const struct c2s_graph *graph, const struct c2s_node *node,
                                   struct c2s_weight_order *order, cnn2snn_error **error);
void c2s_weight_order_free(struct c2s_weight_order *order);

/*
 * Gives the layers of a graph, which nobody else holds, the weights of a group of an image (model_weights, or the
 * root of a file of weights). Shapes of the graph are inferred.
 */
cnn2snn_status c2s_keras_weights_assign(struct c2s_graph *graph, const struct c2s_image_index *index, size_t group,
                                        cnn2snn_error **error);

/* A list attribute of a group, whole or cut in numbered parts. *out: a block of the allocator, NULL when empty. */
cnn2snn_status c2s_keras_read_names(const struct c2s_image_index *index, size_t group, const char *attribute,
                                    struct c2s_image_text **out, size_t *out_count, cnn2snn_error **error);
/* The dataset at a path below a group, as a tensor. */
cnn2snn_status c2s_keras_read_array(const struct c2s_image_index *index, size_t group, struct c2s_image_text path,
                                    const char *layer, bool as_float, cnn2snn_tensor **out, cnn2snn_error **error);

#endif
