/* SPDX-License-Identifier: Apache-2.0 */
/* Samples of a model's input, read a few at a time: a tensor, or the arrays of a file one behind the other. */
#ifndef C2S_SAMPLES_H
#define C2S_SAMPLES_H

#include "tensor/tensor.h"

/* Keeps a reference to the tensor. */
cnn2snn_status c2s_samples_create(const cnn2snn_tensor *tensor, cnn2snn_samples **out_samples, cnn2snn_error **error);
/* A .npz file (known by its first bytes) or a .npy file. */
cnn2snn_status c2s_samples_open(cnn2snn_context *context, const char *path, cnn2snn_samples **out_samples,
                                cnn2snn_error **error);
cnn2snn_samples *c2s_samples_retain(cnn2snn_samples *samples);
void c2s_samples_release(cnn2snn_samples *samples);

cnn2snn_context *c2s_samples_context(const cnn2snn_samples *samples);
int64_t c2s_samples_count(const cnn2snn_samples *samples);
/* Of one sample. */
size_t c2s_samples_rank(const cnn2snn_samples *samples);
const int64_t *c2s_samples_shape(const cnn2snn_samples *samples);
/* `count` samples from `first` on as float32. CNN2SNN_E_VALUE where one is NaN or infinite; CNN2SNN_E_INDEX. */
cnn2snn_status c2s_samples_read(cnn2snn_samples *samples, int64_t first, int64_t count, cnn2snn_tensor **out_tensor,
                                cnn2snn_error **error);

#endif
