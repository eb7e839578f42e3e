/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes for an HDF5 file, with libhdf5 in a child process: whatever happens there, the caller has a model or an
 * error. */
#include "fuzz.h"

#include "base/error.h"
#include "formats/keras_hdf5.h"
#include "ir/model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cnn2snn_context *context = fuzz_context(CNN2SNN_ISOLATION_PROCESS);
    cnn2snn_error *error = NULL;
    cnn2snn_model *model = NULL;
    struct c2s_keras_read_settings settings = {.allow_unknown_layers = true};
    cnn2snn_status status = c2s_keras_hdf5_read(context, data, size, &settings, &model, &error);
    fuzz_require((status == 0) == (error == NULL) && (status == 0) == (model != NULL));
    c2s_model_destroy(model);
    c2s_error_clear(&error);
    c2s_context_release(context);
    return 0;
}
