/* SPDX-License-Identifier: Apache-2.0 */
/* Losses between float and quantized outputs, piece by piece of a batch. */
#ifndef C2S_LOSS_H
#define C2S_LOSS_H

#include "cnn2snn/calibrate.h"
#include "tensor/tensor.h"

/* CNN2SNN_E_VALUE. */
cnn2snn_status c2s_loss_check(cnn2snn_context *context, const cnn2snn_loss *loss, cnn2snn_error **error);

/*
 * The part of the loss that these outputs have in a batch of `elements` elements, added to *total, and the gradient
 * of the quantized ones. For a loss of the user's they are the whole batch.
 */
cnn2snn_status c2s_loss_add(const cnn2snn_loss *loss, const cnn2snn_tensor *float_outputs,
                            const cnn2snn_tensor *quantized_outputs, uint64_t elements, double *total,
                            cnn2snn_tensor **out_gradient, cnn2snn_error **error);

/* The sum of the squares of what two tensors differ by. */
double c2s_squared_distance(const cnn2snn_tensor *a, const cnn2snn_tensor *b);

#endif
