/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays of an HDF5 file: which may be read, and reading them. */
#ifndef C2S_HDF5_DATASET_H
#define C2S_HDF5_DATASET_H

#include <hdf5.h>

#include "formats/hdf5_extract.h"

struct c2s_hdf5_array {
    struct c2s_image_type type;
    size_t rank;
    uint64_t extents[CNN2SNN_MAX_RANK];
    uint64_t chunk_rows; /* extent of a chunk along the first axis; 1 where there are no chunks */
    uint64_t size;       /* bytes */
    uint64_t stored;     /* bytes in the file, which may be packed */
};

enum { C2S_HDF5_REASON = 200 };

/*
 * Looks at a dataset without reading it. When it can't be read for what it is (storage outside of the file, filters,
 * types) `reason` says why and the status is CNN2SNN_OK; when it lies about its size: CNN2SNN_E_MALFORMED or _LIMIT.
 */
cnn2snn_status c2s_hdf5_array_examine(cnn2snn_context *context, hid_t dataset, const char *path, uint64_t file_size,
                                      struct c2s_hdf5_array *array, char reason[C2S_HDF5_REASON],
                                      cnn2snn_error **error);

/* Sends all of its bytes to the sink, in the file's own type. */
cnn2snn_status c2s_hdf5_array_read(cnn2snn_context *context, hid_t dataset, const char *path,
                                   const struct c2s_hdf5_array *array, struct c2s_image_sink *sink,
                                   cnn2snn_error **error);

#endif
