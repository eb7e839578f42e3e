/* SPDX-License-Identifier: Apache-2.0 */
/* .npy and .npz: bytes to tensors and back. */
#ifndef C2S_NPY_H
#define C2S_NPY_H

#include <stdbool.h>

#include "base/text.h"
#include "tensor/tensor.h"

/* What the header of a .npy file says. */
struct c2s_npy_layout {
    cnn2snn_dtype dtype;
    bool swapped; /* the other byte order */
    bool fortran_order;
    size_t rank;
    int64_t shape[CNN2SNN_MAX_RANK];
    size_t data_offset; /* of the elements, which end the file */
};

/* A file's beginning, of a file of `file_size` bytes that fit the shape exactly. C2S_NPY_HEAD bytes are enough. */
enum { C2S_NPY_HEAD = (1 << 16) + 16 };
cnn2snn_status c2s_npy_read_layout(cnn2snn_context *context, const void *head, size_t head_size, uint64_t file_size,
                                   struct c2s_npy_layout *out_layout, cnn2snn_error **error);
/* `count` elements in place: the machine's byte order, and bools of 0 and 1. */
void c2s_npy_settle(const struct c2s_npy_layout *layout, void *elements, uint64_t count);

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
