/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as a .npy file. What is read is written and read again: the same tensor. */
#include "fuzz.h"

#include <string.h>

#include "base/error.h"
#include "tensor/npy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cnn2snn_context *context = fuzz_context(CNN2SNN_ISOLATION_NONE);
    cnn2snn_tensor *tensor = NULL, *again = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_npy_read(context, data, size, &tensor, &error);
    fuzz_require((status != 0) == (error != NULL) && (status == 0) == (tensor != NULL));
    c2s_error_clear(&error);
    if (tensor) {
        struct c2s_text text;
        c2s_text_init(&text, context);
        c2s_npy_write(tensor, &text);
        fuzz_require(!text.failed && !c2s_npy_read(context, text.data, text.size, &again, NULL));
        fuzz_require(again->dtype == tensor->dtype && c2s_tensor_same_shape(again, tensor));
        fuzz_require(!memcmp(again->data, tensor->data, tensor->size));
        c2s_text_free(&text);
    }
    c2s_tensor_release(again);
    c2s_tensor_release(tensor);
    fuzz_require(context->references == 1);
    c2s_context_release(context);
    return 0;
}
