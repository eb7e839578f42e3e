/* SPDX-License-Identifier: Apache-2.0 */
/* What a build without libhdf5 says. */
#include "base/error.h"
#include "formats/hdf5_extract.h"
#include "formats/keras_hdf5.h"
#include "ir/model.h"

cnn2snn_status c2s_hdf5_read_image(cnn2snn_context *context, const struct c2s_hdf5_source *source,
                                   struct c2s_image **out_image, cnn2snn_error **error)
{
    *out_image = NULL;
    return c2s_error(context, error, CNN2SNN_E_UNSUPPORTED, "F-hdf5", "HDF5 files: built without HDF5");
}

static cnn2snn_status absent(const cnn2snn_model *model, cnn2snn_error **error)
{
    return c2s_error(model->context, error, CNN2SNN_E_UNSUPPORTED, "F-hdf5", "HDF5 files: built without HDF5");
}

cnn2snn_status c2s_keras_hdf5_write(const cnn2snn_model *model, cnn2snn_buffer **out_buffer, cnn2snn_error **error)
{
    *out_buffer = NULL;
    return absent(model, error);
}

cnn2snn_status c2s_keras_hdf5_save(const cnn2snn_model *model, const char *path, cnn2snn_error **error)
{
    return absent(model, error);
}
