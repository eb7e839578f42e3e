/* SPDX-License-Identifier: Apache-2.0 */
/* What QuantizeML graphs need besides: their derivation, and ways from integers to floats and back. */
#ifndef C2S_DERIVED_VALUES_H
#define C2S_DERIVED_VALUES_H

#include "derive/derive.h"

struct c2s_worker_pool;

/* Derives a graph for inputs of these shapes, without the batch. Both results are the caller's; the graph, which has
 * the nodes of the given one, must outlive the derivation. */
cnn2snn_status c2s_derive_for_shapes(const struct c2s_graph *graph, const struct c2s_shape *shapes,
                                     struct c2s_graph **out_graph, struct c2s_derivation **out_derivation,
                                     cnn2snn_error **error);

/* float32 of what integers stand for. */
cnn2snn_status c2s_values_as_floats(const struct c2s_number *number, const cnn2snn_tensor *integers,
                                    struct c2s_worker_pool *pool, cnn2snn_tensor **out, cnn2snn_error **error);
/* What one integer stands for: float64, one for all or one for each channel. */
cnn2snn_status c2s_values_scales(const struct c2s_number *number, cnn2snn_context *context, cnn2snn_tensor **out,
                                 cnn2snn_error **error);
/* Floats that reach a quantized layer are taken as the bytes of an image. */
cnn2snn_status c2s_values_as_images(const cnn2snn_tensor *floats, cnn2snn_tensor **out, cnn2snn_error **error);

#endif
