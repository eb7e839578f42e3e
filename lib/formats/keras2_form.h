/* SPDX-License-Identifier: Apache-2.0 */
/* Configs of layers in the form that Keras 2 (tf_keras) reads, whichever generation they came from. */
#ifndef C2S_KERAS2_FORM_H
#define C2S_KERAS2_FORM_H

#include "layers/layer_kind.h"

/* *out: a new reference. Entries that nobody interprets stay. */
cnn2snn_status c2s_keras2_layer_config(const cnn2snn_layer *layer, json_t **out, cnn2snn_error **error);

/* Members of a model's config that are neither name nor graph. *out: a new reference to an object, maybe empty. */
cnn2snn_status c2s_keras2_model_extras(const struct c2s_graph *graph, json_t **out, cnn2snn_error **error);

/* Members of a layer's object beside class, name, config and calls; *out as above. */
cnn2snn_status c2s_keras2_layer_extras(const cnn2snn_layer *layer, json_t **out, cnn2snn_error **error);

/* The class name to write; points into the layer. */
const char *c2s_keras2_class_name(const cnn2snn_layer *layer);

#endif
