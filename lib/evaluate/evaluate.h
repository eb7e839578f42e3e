/* SPDX-License-Identifier: Apache-2.0 */
/* Runs graphs and single layers forward, in inference mode. */
#ifndef C2S_EVALUATE_H
#define C2S_EVALUATE_H

#include "ir/graph.h"

struct c2s_evaluate_options {
    int64_t batch_size;                   /* 0: chosen */
    int32_t threads;                      /* 0: the context's */
    cnn2snn_layer_output_fn layer_output; /* or NULL */
    void *layer_output_user_data;
    cnn2snn_layer_integers_fn layer_integers; /* or NULL */
    void *layer_integers_user_data;
};

/* Inputs of any number type, batch in front; float32 outputs, as many as the graph's. options may be NULL. */
cnn2snn_status c2s_graph_evaluate(const struct c2s_graph *graph, size_t input_count,
                                  const cnn2snn_tensor *const *inputs, const struct c2s_evaluate_options *options,
                                  cnn2snn_tensor **outputs, cnn2snn_error **error);

/* One layer on float32 inputs, batch in front. A layer that is not built takes its initial weights. */
cnn2snn_status c2s_layer_call(const cnn2snn_layer *layer, size_t input_count, const cnn2snn_tensor *const *inputs,
                              cnn2snn_tensor **out_output, cnn2snn_error **error);

#endif
