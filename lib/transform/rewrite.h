/* SPDX-License-Identifier: Apache-2.0 */
/* What rewrites share: lists of layers, making a layer again, and making a Sequential of the result. */
#ifndef C2S_REWRITE_H
#define C2S_REWRITE_H

#include "cnn2snn/quantizer.h"
#include "ir/graph.h"

/* Layers on their way into a new graph; holds a reference to each. */
struct c2s_layer_list {
    cnn2snn_context *context;
    cnn2snn_layer **layers;
    size_t count, capacity;
};

void c2s_layer_list_init(struct c2s_layer_list *list, cnn2snn_context *context);
void c2s_layer_list_free(struct c2s_layer_list *list);
/* Adds a layer (one more reference). */
cnn2snn_status c2s_layer_list_add(struct c2s_layer_list *list, const cnn2snn_layer *layer, cnn2snn_error **error);
/* Adds a layer and takes the caller's reference, also on failure. */
cnn2snn_status c2s_layer_list_add_take(struct c2s_layer_list *list, cnn2snn_layer *layer, cnn2snn_error **error);

/* CNN2SNN_E_NOT_SEQUENTIAL for functional graphs; `what` names the rewrite. */
cnn2snn_status c2s_require_sequential(const struct c2s_graph *graph, const char *what, cnn2snn_error **error);

/* The shape of what layer `index` of a Sequential takes (index > 0). */
const struct c2s_shape *c2s_sequential_input_shape(const struct c2s_graph *graph, size_t index);

/* A Sequential of an InputLayer and these layers, shapes inferred. */
cnn2snn_status c2s_sequential_create(cnn2snn_context *context, const char *name, cnn2snn_layer *input_layer,
                                     const struct c2s_layer_list *list, struct c2s_graph **out_graph,
                                     cnn2snn_error **error);

/* A Sequential named "sequential" of the input of `source` and these layers, shapes inferred. */
cnn2snn_status c2s_sequential_rebuild(const struct c2s_graph *source, const struct c2s_layer_list *list,
                                      struct c2s_graph **out_graph, cnn2snn_error **error);

/* Of layers `index` and index + 1 of a Sequential: whether they are replaced, and adding what takes their place. */
typedef bool (*c2s_pair_test_fn)(const struct c2s_graph *graph, size_t index);
typedef cnn2snn_status (*c2s_pair_fn)(struct c2s_layer_list *list, const struct c2s_graph *graph, size_t index,
                                      cnn2snn_error **error);
/* c2s_sequential_rebuild with each such pair replaced; others stay. `what` names the rewrite. */
cnn2snn_status c2s_rewrite_pairs(const struct c2s_graph *graph, const char *what, c2s_pair_test_fn is_pair,
                                 c2s_pair_fn replace, struct c2s_graph **out_graph, cnn2snn_error **error);

/* The graph with these layers in place of its own (NULL: stays), shapes inferred. */
cnn2snn_status c2s_graph_with_layers(const struct c2s_graph *graph, cnn2snn_layer *const *layers,
                                     struct c2s_graph **out_graph, cnn2snn_error **error);

/* c2s_graph_with_layers of the layers that `fill` makes: as many as the graph has, NULL at first. */
typedef cnn2snn_status (*c2s_fill_layers_fn)(void *user_data, const struct c2s_graph *graph, cnn2snn_layer **layers,
                                             cnn2snn_error **error);
cnn2snn_status c2s_graph_fill_layers(const struct c2s_graph *graph, c2s_fill_layers_fn fill, void *user_data,
                                     struct c2s_graph **out_graph, cnn2snn_error **error);

/* A new layer of this class and config (taken; NULL is a lack of memory) with one kernel (taken; may be NULL for the
 * same reason) behind `input`. */
cnn2snn_status c2s_layer_create_with_kernel(cnn2snn_context *context, const char *class_name, json_t *config,
                                            const struct c2s_shape *input, cnn2snn_tensor *kernel,
                                            cnn2snn_layer **out_layer, cnn2snn_error **error);
/* (1, 1, channels, channels): of a convolution that hands its channels through. */
cnn2snn_status c2s_identity_kernel_create(cnn2snn_context *context, int64_t channels, cnn2snn_tensor **out_kernel,
                                          cnn2snn_error **error);

/*
 * The layer with another class (NULL: the same) and config, which may name the custom classes that the layer itself
 * uses and those of `quantizers` (may be NULL). Nobody else holds the result.
 */
cnn2snn_status c2s_layer_remake(const cnn2snn_layer *layer, const char *class_name, const json_t *config,
                                size_t quantizer_count, const cnn2snn_quantizer *const *quantizers,
                                cnn2snn_layer **out_layer, cnn2snn_error **error);

/* QuantizedConv2D, QuantizedSeparableConv2D and QuantizedDense: what calibration looks at. */
bool c2s_layer_is_quantized_neural(const cnn2snn_layer *layer);
/* The float layer that a quantized one was made of, on the same weights. */
cnn2snn_status c2s_layer_make_float(const cnn2snn_layer *layer, cnn2snn_layer **out_layer, cnn2snn_error **error);

/* Gives a layer that nobody else holds the weights that its config asks for behind `input`; references are kept. */
cnn2snn_status c2s_layer_replace_weights(cnn2snn_layer *layer, const struct c2s_shape *input, size_t count,
                                         cnn2snn_tensor *const *weights, cnn2snn_error **error);

/* The weight of that name, or NULL. */
const cnn2snn_tensor *c2s_layer_find_weight(const cnn2snn_layer *layer, const char *name);

/* CNN2SNN_E_VALUE naming layer, weight and index where a float weight is NaN or infinite. */
cnn2snn_status c2s_layer_check_finite(const cnn2snn_layer *layer, cnn2snn_error **error);

#endif
