/* SPDX-License-Identifier: Apache-2.0 */
/* .npy and .npz: bytes to tensors and back. */
#ifndef C2S_NPY_H
#define C2S_NPY_H

#include "base/text.h"
#include "tensor/tensor.h"

cnn2snn_status c2s_npy_read(cnn2snn_context *context, const void *data, size_t size, cnn2snn_tensor **out_tensor,
                            cnn2snn_error **error);
cnn2snn_status c2s_npy_load(cnn2snn_context *context, const char *path, cnn2snn_tensor **out_tensor,
                            cnn2snn_error **error);
/* Adds the file's bytes; running out of memory is the text's. */
void c2s_npy_write(const cnn2snn_tensor *tensor, struct c2s_text *out);
cnn2snn_status c2s_npy_save(const cnn2snn_tensor *tensor, const char *path, cnn2snn_error **error);

cnn2snn_status c2s_archive_create(cnn2snn_context *context, cnn2snn_archive **out_archive, cnn2snn_error **error);
cnn2snn_status c2s_archive_read(cnn2snn_context *context, const void *data, size_t size,
                                cnn2snn_archive **out_archive, cnn2snn_error **error);
cnn2snn_status c2s_archive_load(cnn2snn_context *context, const char *path, cnn2snn_archive **out_archive,
                                cnn2snn_error **error);
cnn2snn_status c2s_archive_add(cnn2snn_archive *archive, const char *name, cnn2snn_tensor *tensor,
                               cnn2snn_error **error);
cnn2snn_status c2s_archive_save(const cnn2snn_archive *archive, const char *path, cnn2snn_error **error);
size_t c2s_archive_get_count(const cnn2snn_archive *archive);
const char *c2s_archive_get_name(const cnn2snn_archive *archive, size_t index);
const cnn2snn_tensor *c2s_archive_get_tensor(const cnn2snn_archive *archive, size_t index);
void c2s_archive_destroy(cnn2snn_archive *archive);

#endif
