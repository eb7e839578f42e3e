/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of one layer when it is quantized (spec/legacy.md d). */
#ifndef C2S_LAYER_RULE_H
#define C2S_LAYER_RULE_H

#include "cnn2snn/quantizer.h"
#include "ir/layer.h"

/* How many default quantizers were made so far: their names are numbered, as Keras numbers them. */
struct c2s_quantizer_count {
    size_t per_axis;
    size_t per_tensor;
};

struct c2s_layer_rule {
    int32_t bitwidth;
    cnn2snn_quantizer_fn quantizer_function; /* or NULL */
    void *user_data;
    struct c2s_quantizer_count *made;
};

/* ReLU and quantized activations. */
bool c2s_is_quantizable_activation(const cnn2snn_layer *layer);
/* Conv2D, SeparableConv2D, Dense and their quantized kinds, no others that are like them. */
bool c2s_is_quantizable_neural(const cnn2snn_layer *layer);

/* The layer that takes this one's place, or a new reference to the layer itself where it stays. */
cnn2snn_status c2s_layer_quantize(const cnn2snn_layer *layer, const struct c2s_layer_rule *rule,
                                  cnn2snn_layer **out_layer, cnn2snn_error **error);

#endif
