/* SPDX-License-Identifier: Apache-2.0 */
/* From an HDF5 file to its image (hdf5_image.h). */
#ifndef C2S_HDF5_EXTRACT_H
#define C2S_HDF5_EXTRACT_H

#include "formats/hdf5_image.h"

/* The file: at a path, or in memory where data is not NULL. */
struct c2s_hdf5_source {
    const char *path;
    const void *data;
    size_t size; /* of the file, also of one at a path */
};

/* Where an image goes to, piece by piece. */
struct c2s_image_sink {
    void *user_data;
    size_t largest_piece; /* arrays are cut along their first axis into pieces of about this size */
    /* Once, before all: the image's size. */
    cnn2snn_status (*begin)(struct c2s_image_sink *sink, size_t size, cnn2snn_error **error);
    /* Gives room for the next bytes, NULL when there is no memory; `write` takes them as soon as they are there. */
    void *(*room)(struct c2s_image_sink *sink, size_t size);
    cnn2snn_status (*write)(struct c2s_image_sink *sink, size_t size, cnn2snn_error **error);
    /* Called when the file is open: from now on no other file will be needed. May be NULL. */
    void (*opened)(struct c2s_image_sink *sink);
};

/* Runs libhdf5 in this process, whose lock and session are the caller's (hdf5_library.h). */
cnn2snn_status c2s_hdf5_extract(cnn2snn_context *context, const struct c2s_hdf5_source *source,
                                struct c2s_image_sink *sink, cnn2snn_error **error);

/* The image of a file, made in this process or in a child, as the context has it (hdf5_isolation). Without libhdf5:
 * CNN2SNN_E_UNSUPPORTED. */
cnn2snn_status c2s_hdf5_read_image(cnn2snn_context *context, const struct c2s_hdf5_source *source,
                                   struct c2s_image **out_image, cnn2snn_error **error);

/* The second way of c2s_hdf5_read_image (hdf5_isolate.c): a crash or a limit of the child is CNN2SNN_E_MALFORMED. */
cnn2snn_status c2s_hdf5_read_isolated(cnn2snn_context *context, const struct c2s_hdf5_source *source,
                                      struct c2s_image **out_image, cnn2snn_error **error);

#endif
