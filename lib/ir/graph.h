/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The graph of a model: layers, and the calls of them (nodes). Immutable once made, counted references.
 *
 * - `layers` are Keras's model.layers in order; a Sequential has its InputLayer in front, always, also where the file
 *   had none (then `input_is_implicit`). So a Sequential's own layers are layers[1 .. layer_count-1].
 * - `nodes` are in an order in which every node comes after those that it takes values of. Each InputLayer has one.
 *   Shared layers have several; call_index counts the calls of one layer, as Keras's node numbers do.
 * - A Sequential's node i calls layers[i] on the output of node i-1.
 */
#ifndef C2S_GRAPH_H
#define C2S_GRAPH_H

#include "ir/layer.h"
#include "ir/shape.h"

struct c2s_value {
    size_t node;
    size_t output; /* index among the node's outputs; 0 but for nested models with several */
};

struct c2s_node {
    size_t layer; /* index in layers */
    size_t call_index;
    struct c2s_value *inputs;
    size_t input_count;
    struct c2s_shape *shapes; /* of the outputs, set by c2s_graph_infer_shapes (layers/layer_kind.h); NULL before */
    size_t output_count;      /* of a nested model its graph's outputs, otherwise 1 */
    json_t *arguments;        /* keyword arguments of the call as the file has them, or NULL */
};

struct c2s_graph {
    cnn2snn_context *context;
    atomic_size_t references;
    bool sequential;
    bool input_is_implicit;
    char *name;
    json_t *config_extras; /* members of the config beside name, layers, input_layers, output_layers; or NULL */
    cnn2snn_layer **layers;
    size_t layer_count, layer_capacity;
    size_t *call_counts; /* calls of each layer so far */
    size_t call_capacity;
    struct c2s_node *nodes;
    size_t node_count, node_capacity;
    size_t *inputs; /* nodes of InputLayers, in the order of the model's inputs */
    size_t input_count, input_capacity;
    struct c2s_value *outputs;
    size_t output_count, output_capacity;
};

/* An empty graph, to be filled by its maker before anybody else sees it. */
cnn2snn_status c2s_graph_create(cnn2snn_context *context, const char *name, bool sequential,
                                struct c2s_graph **out_graph, cnn2snn_error **error);
struct c2s_graph *c2s_graph_retain(const struct c2s_graph *graph);
void c2s_graph_release(struct c2s_graph *graph);

/* Adds a layer (one more reference); *out_index may be NULL. */
cnn2snn_status c2s_graph_add_layer(struct c2s_graph *graph, cnn2snn_layer *layer, size_t *out_index,
                                   cnn2snn_error **error);
/* Adds a call of a layer on values of earlier nodes; arguments may be NULL (one more reference). */
cnn2snn_status c2s_graph_add_node(struct c2s_graph *graph, size_t layer, size_t input_count,
                                  const struct c2s_value *inputs, json_t *arguments, size_t *out_node,
                                  cnn2snn_error **error);
cnn2snn_status c2s_graph_add_input(struct c2s_graph *graph, size_t node, cnn2snn_error **error);
cnn2snn_status c2s_graph_add_output(struct c2s_graph *graph, struct c2s_value value, cnn2snn_error **error);

/* Structure only: indices in range, inputs before their users, unique layer names, no layer without a node, one node
 * for each layer of a Sequential, every output reached from the model's inputs. CNN2SNN_E_MALFORMED. */
cnn2snn_status c2s_graph_verify(const struct c2s_graph *graph, cnn2snn_error **error);

/* Index of the layer of that name, or -1. */
int64_t c2s_graph_find_layer(const struct c2s_graph *graph, const char *name);

/*
 * The same graph with other layers: layers[i] takes the place of graph->layers[i] (NULL: stays). Nodes, inputs and
 * outputs are kept; shapes are not (call c2s_graph_infer_shapes).
 */
cnn2snn_status c2s_graph_replace_layers(const struct c2s_graph *graph, cnn2snn_layer *const *layers,
                                        struct c2s_graph **out_graph, cnn2snn_error **error);

/* A Sequential of an InputLayer and `count` layers. Shapes are not inferred yet. */
cnn2snn_status c2s_graph_create_sequential(cnn2snn_context *context, const char *name, cnn2snn_layer *input_layer,
                                           size_t count, cnn2snn_layer *const *layers, struct c2s_graph **out_graph,
                                           cnn2snn_error **error);

#endif
