/* SPDX-License-Identifier: Apache-2.0 */
/* The legacy quantization of models (spec/legacy.md d). */
#ifndef C2S_QUANTIZE_H
#define C2S_QUANTIZE_H

#include "cnn2snn/quantizer.h"
#include "ir/graph.h"

struct c2s_quantize_settings {
    int32_t weight_bits, activation_bits, input_weight_bits; /* input_weight_bits -1: as weight_bits */
    bool fold_batchnorm;
    cnn2snn_quantizer_fn quantizer_function; /* or NULL */
    void *user_data;
};

cnn2snn_status c2s_graph_quantize(const struct c2s_graph *graph, const struct c2s_quantize_settings *settings,
                                  struct c2s_graph **out_graph, cnn2snn_error **error);
/* `layer`: index in Keras's model.layers (the caller has resolved names and negative numbers). */
cnn2snn_status c2s_graph_quantize_layer(const struct c2s_graph *graph, size_t layer, int32_t bitwidth,
                                        cnn2snn_quantizer_fn quantizer_function, void *user_data,
                                        struct c2s_graph **out_graph, cnn2snn_error **error);

#endif
