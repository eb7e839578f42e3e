/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an .npz file: a tensor and a name of its own for each member, or an error. */
#include "fuzz.h"

#include "base/error.h"
#include "tensor/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cnn2snn_context *context = fuzz_context(CNN2SNN_ISOLATION_NONE);
    cnn2snn_archive *archive = NULL, *copy = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_archive_read(context, data, size, &archive, &error);
    fuzz_require((status != 0) == (error != NULL) && (status == 0) == (archive != NULL));
    c2s_error_clear(&error);
    if (archive) {
        fuzz_require(!c2s_archive_create(context, &copy, NULL));
        for (size_t i = 0; i < c2s_archive_get_count(archive); i++)
            fuzz_require(!c2s_archive_add(copy, c2s_archive_get_name(archive, i),
                                          (cnn2snn_tensor *)c2s_archive_get_tensor(archive, i), NULL));
    }
    c2s_archive_destroy(archive);
    c2s_archive_destroy(copy);
    fuzz_require(context->references == 1);
    c2s_context_release(context);
    return 0;
}
