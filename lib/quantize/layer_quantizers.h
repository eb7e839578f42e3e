/* SPDX-License-Identifier: Apache-2.0 */
/* The weight quantizers that a layer gets. */
#ifndef C2S_LAYER_QUANTIZERS_H
#define C2S_LAYER_QUANTIZERS_H

#include "quantize/layer_rule.h"

struct c2s_layer_quantizers {
    cnn2snn_quantizer *kernel;    /* of the pointwise kernel for separable layers */
    cnn2snn_quantizer *depthwise; /* of separable layers; otherwise NULL */
};

/* For a float layer the defaults or what the function makes of them, for a quantized one its own with other bits. */
cnn2snn_status c2s_layer_quantizers_choose(const cnn2snn_layer *layer, const struct c2s_layer_rule *rule,
                                           struct c2s_layer_quantizers *out, cnn2snn_error **error);
void c2s_layer_quantizers_release(struct c2s_layer_quantizers *quantizers);

#endif
