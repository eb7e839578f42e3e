/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of the user's among the layers. */
#ifndef C2S_CUSTOM_LAYERS_H
#define C2S_CUSTOM_LAYERS_H

#include "layers/attributes.h"
#include "layers/layer_kind.h"

/* Asks the class of a custom quantized activation for its step; keeps class and step in `attributes`. */
cnn2snn_status c2s_custom_activation_step(const cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                          struct c2s_quantized_activation_attributes *attributes,
                                          cnn2snn_error **error);

#endif
