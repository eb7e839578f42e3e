/* SPDX-License-Identifier: Apache-2.0 */
/* An HDF5 file made in memory: groups, strings, lists of names, arrays. The same calls give the same bytes. */
#ifndef C2S_HDF5_WRITER_H
#define C2S_HDF5_WRITER_H

#include <hdf5.h>

#include "formats/hdf5_library.h"
#include "tensor/tensor.h"

struct c2s_hdf5_writer {
    cnn2snn_context *context;
    struct c2s_hdf5_session session;
    hid_t access, file, links, groups, arrays; /* property lists beside the file */
    cnn2snn_error **error;
};

/* To be closed in any case; libhdf5 is this thread's until then. */
cnn2snn_status c2s_hdf5_writer_open(cnn2snn_context *context, struct c2s_hdf5_writer *writer, cnn2snn_error **error);
void c2s_hdf5_writer_close(struct c2s_hdf5_writer *writer);

/* The group at a path below another one, made where it is missing with all between; to be closed with H5Gclose. */
cnn2snn_status c2s_hdf5_writer_group(struct c2s_hdf5_writer *writer, hid_t parent, const char *path,
                                     hid_t *out_group);
/* A scalar attribute of any length. */
cnn2snn_status c2s_hdf5_writer_string(struct c2s_hdf5_writer *writer, hid_t group, const char *name,
                                      const char *text);
/* A list attribute in the form that Keras gives it, cut in numbered parts where it is too long for one. */
cnn2snn_status c2s_hdf5_writer_names(struct c2s_hdf5_writer *writer, hid_t group, const char *name, size_t count,
                                     const char *const *names);
/* An array in the tensor's own type, at a path below a group. */
cnn2snn_status c2s_hdf5_writer_array(struct c2s_hdf5_writer *writer, hid_t group, const char *path,
                                     const cnn2snn_tensor *tensor);

/* The file's bytes, valid until the writer is closed or used again. */
cnn2snn_status c2s_hdf5_writer_finish(struct c2s_hdf5_writer *writer, const void **out_data, size_t *out_size);

#endif
