/* SPDX-License-Identifier: Apache-2.0 */
/* Which axis of a kernel is what, and values gathered or scaled along it. For float and quantized convolutions and
 * dense layers. */
#ifndef C2S_KERNEL_AXES_H
#define C2S_KERNEL_AXES_H

#include "ir/layer.h"

/* Index of the weight that makes the output filters: the pointwise kernel of a separable layer, otherwise the kernel.
 */
size_t c2s_filter_kernel(const cnn2snn_layer *layer);
/* Its axis of filters. */
size_t c2s_filter_axis(const cnn2snn_layer *layer);
/* The axis of input channels of weight 0: the kernel, or the depthwise kernel of a separable layer. */
size_t c2s_channel_axis(const cnn2snn_layer *layer);

/* Largest |value| for each index along the axis. `out` has room for shape[axis] values. NaNs are passed over. */
void c2s_axis_max(const cnn2snn_tensor *tensor, size_t axis, float *out);

/* out = tensor * factors, or tensor / factors, with a factor for each index along the axis; `out` may be the tensor.
 */
void c2s_axis_multiply(const cnn2snn_tensor *tensor, size_t axis, const float *factors, cnn2snn_tensor *out);
void c2s_axis_divide(const cnn2snn_tensor *tensor, size_t axis, const float *factors, cnn2snn_tensor *out);

#endif
