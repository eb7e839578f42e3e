/* SPDX-License-Identifier: Apache-2.0 */
/* Whole files in, and whole files out under a temporary name that is renamed when all went well. */
#ifndef C2S_FILE_H
#define C2S_FILE_H

#include "cnn2snn/base.h"

/* Reads a regular file of at most the context's max_file_bytes into a buffer. */
cnn2snn_status c2s_file_read(cnn2snn_context *context, const char *path, cnn2snn_buffer **out_buffer,
                             cnn2snn_error **error);

/* Writes data to `path`: nobody ever sees half a file, and on failure nothing is left and an older file stays. */
cnn2snn_status c2s_file_write(cnn2snn_context *context, const char *path, const void *data, size_t size,
                              cnn2snn_error **error);

/* A regular file of at most max_file_bytes as memory that is read when it is looked at. */
struct c2s_mapped_file {
    const void *data;
    size_t size;
    int file;
};

cnn2snn_status c2s_file_map(cnn2snn_context *context, const char *path, struct c2s_mapped_file *out_map,
                            cnn2snn_error **error);
/* CNN2SNN_E_IO when the file is no longer as long as it was: what is missing must not be looked at. */
cnn2snn_status c2s_file_map_check(cnn2snn_context *context, const struct c2s_mapped_file *map, cnn2snn_error **error);
/* Fine for a zeroed struct too. */
void c2s_file_unmap(struct c2s_mapped_file *map);

/* Makes the folders above `path` where they are missing. */
cnn2snn_status c2s_file_make_parents(cnn2snn_context *context, const char *path, cnn2snn_error **error);

#endif
