/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A float model made ready for quantization by QuantizeML (spec/quantizeml-ptq.md 3): activations apart from the
 * layers that have them, batch normalization folded, layers in the order and of the kinds that are quantized.
 */
#ifndef C2S_SANITIZE_H
#define C2S_SANITIZE_H

#include "base/report.h"
#include "ir/graph.h"

/*
 * *out_graph: a functional graph with shapes inferred in which node i calls layer i, in Keras's order. Each step is
 * done whole or not at all, as in the reference, which doesn't say so: what hindered one goes to `notes` (may be
 * NULL) as a warning. Layers that are called again are taken for layers of their own.
 */
cnn2snn_status c2s_sanitize(const struct c2s_graph *graph, cnn2snn_report *notes, struct c2s_graph **out_graph,
                            cnn2snn_error **error);

/*
 * Moves an offset of a layer's input into the layer (spec/quantizeml-ptq.md 3, S8): its bias, which it must have, and
 * its padding values. `offsets` are one, or one for each channel. The result has the same name.
 */
cnn2snn_status c2s_layer_fold_offset(const cnn2snn_layer *layer, size_t offset_count, const double *offsets,
                                     cnn2snn_layer **out_layer, cnn2snn_error **error);

#endif
