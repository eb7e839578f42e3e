/* SPDX-License-Identifier: Apache-2.0 */
/* Attributes of an HDF5 group: strings and lists of strings. */
#ifndef C2S_HDF5_ATTRIBUTE_H
#define C2S_HDF5_ATTRIBUTE_H

#include <hdf5.h>

#include "formats/hdf5_image.h"

/* Adds the attributes that Keras writes and `group` has: weight_names, and with `all` those of the root and of
 * model_weights. `path` is for errors. */
cnn2snn_status c2s_hdf5_attributes_add(cnn2snn_context *context, hid_t group, const char *path, uint64_t file_size,
                                       bool all, struct c2s_text *structure, cnn2snn_error **error);

#endif
