/* SPDX-License-Identifier: Apache-2.0 */
/* Activation arguments: names, layer classes and functions in object form (spec/keras-files.md 2.6). */
#ifndef C2S_ACTIVATION_CONFIG_H
#define C2S_ACTIVATION_CONFIG_H

#include "layers/config_reader.h"

/* The function under `key`; absent means linear. */
struct c2s_activation_attributes c2s_config_activation(struct c2s_config *config, const char *key);

/* The functions of the layer classes ReLU, LeakyReLU, ELU, ThresholdedReLU, from the members of `config->object`. */
struct c2s_activation_attributes c2s_config_relu(struct c2s_config *config);
struct c2s_activation_attributes c2s_config_leaky_relu(struct c2s_config *config);
struct c2s_activation_attributes c2s_config_elu(struct c2s_config *config);
struct c2s_activation_attributes c2s_config_thresholded_relu(struct c2s_config *config);

/* What the function does to a shape: glu halves the last axis, softmax needs one. */
cnn2snn_status c2s_activation_shape(const cnn2snn_layer *layer, const struct c2s_activation_attributes *activation,
                                    struct c2s_shape *shape, cnn2snn_error **error);

#endif
