/* SPDX-License-Identifier: Apache-2.0 */
/* A member of an archive read a piece at a time, in constant memory. Going back starts again at the front. */
#ifndef C2S_ZIP_STREAM_H
#define C2S_ZIP_STREAM_H

#include "tensor/zip_reader.h"

struct c2s_zip_stream;

/* The archive, and the bytes that it reads of, must stay. */
cnn2snn_status c2s_zip_stream_open(const struct c2s_zip *zip, size_t index, struct c2s_zip_stream **out_stream,
                                   cnn2snn_error **error);
/* NULL is fine. */
void c2s_zip_stream_close(struct c2s_zip_stream *stream);

/* `size` bytes from `offset` of the unpacked member on, which must be there. */
cnn2snn_status c2s_zip_stream_read(struct c2s_zip_stream *stream, uint64_t offset, void *out, size_t size,
                                   cnn2snn_error **error);

/* Reads the whole member once and compares its CRC and size with the directory's. */
cnn2snn_status c2s_zip_stream_verify(struct c2s_zip_stream *stream, cnn2snn_error **error);

#endif
