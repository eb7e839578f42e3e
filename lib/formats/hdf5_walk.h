/* SPDX-License-Identifier: Apache-2.0 */
/* The first pass over an HDF5 file: the structure of its image, and which arrays are to be read, in order. */
#ifndef C2S_HDF5_WALK_H
#define C2S_HDF5_WALK_H

#include <hdf5.h>

#include "base/text.h"
#include "formats/hdf5_dataset.h"

struct c2s_hdf5_place {
    size_t path; /* where its path begins in `paths` */
    struct c2s_hdf5_array array;
};

struct c2s_hdf5_walk {
    cnn2snn_context *context;
    struct c2s_text structure;
    struct c2s_text paths; /* each ended by a NUL */
    struct c2s_hdf5_place *arrays;
    size_t array_count, array_capacity;
    uint64_t data_size;
};

static inline uint64_t c2s_hdf5_aligned(uint64_t size)
{
    return (size + C2S_IMAGE_ALIGNMENT - 1) / C2S_IMAGE_ALIGNMENT * C2S_IMAGE_ALIGNMENT;
}

/* Of a whole model only the weights and the optimizer's state are looked at. `walk` is to be freed in any case. */
cnn2snn_status c2s_hdf5_walk(cnn2snn_context *context, hid_t file, uint64_t file_size, struct c2s_hdf5_walk *walk,
                             cnn2snn_error **error);
void c2s_hdf5_walk_free(struct c2s_hdf5_walk *walk);

#endif
