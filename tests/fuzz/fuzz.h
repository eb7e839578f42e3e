/* SPDX-License-Identifier: Apache-2.0 */
/* What the fuzz targets share: the entry that the engine calls, and a context with limits that keep a run short. */
#ifndef C2S_FUZZ_H
#define C2S_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/context.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline cnn2snn_context *fuzz_context(cnn2snn_isolation isolation)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.hdf5_isolation = isolation;
    options.max_file_bytes = 16 << 20;
    options.max_tensor_elements = 1 << 20;
    options.max_total_bytes = 64 << 20;
    options.max_nodes = 2000;
    options.max_depth = 100;
    cnn2snn_context *context = NULL;
    if (c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL))
        abort();
    return context;
}

/* For properties that must hold whatever the bytes are. */
static inline void fuzz_require(int condition)
{
    if (!condition)
        abort();
}

#endif
