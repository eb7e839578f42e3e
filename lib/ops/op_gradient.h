/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradients of a loss through prepared layers, in inference mode. Quantized activations let them through where the
 * reference's straight-through estimate does (spec/legacy.md b.1).
 */
#ifndef C2S_OP_GRADIENT_H
#define C2S_OP_GRADIENT_H

#include "ops/op.h"

/* CNN2SNN_E_UNSUPPORTED, naming layer and class, where the functions below can't do it. */
cnn2snn_status c2s_op_check_input_gradient(const cnn2snn_layer *layer, cnn2snn_error **error);
cnn2snn_status c2s_op_check_kernel_gradient(const cnn2snn_layer *layer, cnn2snn_error **error);

/* The gradient of the input, of the output's, for one call of the op; of a layer with one input. */
cnn2snn_status c2s_op_input_gradient(const struct c2s_op *op, struct c2s_run *run, const cnn2snn_tensor *input,
                                     const cnn2snn_tensor *output, const cnn2snn_tensor *output_gradient,
                                     cnn2snn_tensor **out_gradient, cnn2snn_error **error);

/*
 * Adds the gradients of the kernels of Conv2D, Dense (one kernel) and SeparableConv2D (depthwise, pointwise) to
 * `gradients`, which have the kernels' shapes.
 */
cnn2snn_status c2s_op_kernel_gradients(const struct c2s_op *op, struct c2s_run *run, const cnn2snn_tensor *input,
                                       const cnn2snn_tensor *output_gradient, cnn2snn_tensor *const *gradients,
                                       cnn2snn_error **error);

/* ------------------------------------------------------------------------------------------------ Gram form */

/* Inputs that an output of the layer reads: rows of its kernel as a matrix; 0 where there is no Gram form. */
size_t c2s_op_gram_depth(const cnn2snn_layer *layer);
/* gram[depth][depth] += transposed X times X, X being the matrix whose rows are what the outputs read. */
cnn2snn_status c2s_op_add_gram(const struct c2s_op *op, struct c2s_run *run, const cnn2snn_tensor *input,
                               const cnn2snn_tensor *output, float *gram, cnn2snn_error **error);
/* out[rows][columns] = a[rows][depth] * b[depth][columns] */
cnn2snn_status c2s_matrix_product(struct c2s_run *run, size_t rows, size_t depth, size_t columns, const float *a,
                                  const float *b, float *out, cnn2snn_error **error);

#endif
