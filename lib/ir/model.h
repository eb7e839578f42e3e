/* SPDX-License-Identifier: Apache-2.0 */
/* A model: its graph, and what came with the file and goes back into one. */
#ifndef C2S_MODEL_H
#define C2S_MODEL_H

#include "ir/graph.h"

/* A named array of the file that the library does not interpret: optimizer state. */
struct c2s_named_tensor {
    char *name;
    cnn2snn_tensor *tensor; /* in the file's own type */
};

struct cnn2snn_model {
    cnn2snn_context *context;
    struct c2s_graph *graph;
    char *keras_version;   /* of the file, or NULL */
    char *backend;         /* of the file, or NULL */
    char *training_config; /* JSON text of the file, or NULL */
    struct c2s_named_tensor *optimizer_weights;
    size_t optimizer_weight_count;
};

/* Keeps a new reference to the graph. */
cnn2snn_status c2s_model_create(cnn2snn_context *context, struct c2s_graph *graph, cnn2snn_model **out_model,
                                cnn2snn_error **error);
void c2s_model_destroy(cnn2snn_model *model);
/* Was the file written by Keras 3 (or later)? */
bool c2s_model_is_of_keras3(const cnn2snn_model *model);

#endif
