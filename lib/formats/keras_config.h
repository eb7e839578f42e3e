/* SPDX-License-Identifier: Apache-2.0 */
/* Keras's model_config: JSON to graph and back (spec/keras-files.md 2). */
#ifndef C2S_KERAS_CONFIG_H
#define C2S_KERAS_CONFIG_H

#include <jansson.h>

#include "ir/graph.h"
#include "numeric/custom_objects.h"

struct c2s_keras_read_settings {
    const cnn2snn_custom_objects *custom_objects; /* or NULL */
    bool allow_unknown_layers;
    int keras_generation; /* 2 or 3; 0: told by the form of the config */
    bool without_training;
};

/* {"class_name", "config"} of a Sequential, Functional or Model. Layers are not built; shapes are inferred where no
 * opaque layer stands in the way. */
cnn2snn_status c2s_keras_config_read(cnn2snn_context *context, const json_t *document,
                                     const struct c2s_keras_read_settings *settings, struct c2s_graph **out_graph,
                                     cnn2snn_error **error);

/* The form that tf_keras writes and reads. *out: a new reference. */
cnn2snn_status c2s_keras_config_write(const struct c2s_graph *graph, json_t **out, cnn2snn_error **error);

#endif
