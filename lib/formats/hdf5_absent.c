/* SPDX-License-Identifier: Apache-2.0 */
/* What a build without libhdf5 says. */
#include "base/error.h"
#include "formats/hdf5_extract.h"

cnn2snn_status c2s_hdf5_read_image(cnn2snn_context *context, const struct c2s_hdf5_source *source,
                                   struct c2s_image **out_image, cnn2snn_error **error)
{
    *out_image = NULL;
    return c2s_error(context, error, CNN2SNN_E_UNSUPPORTED, "F-hdf5", "HDF5 files: built without HDF5");
}
