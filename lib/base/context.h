/* SPDX-License-Identifier: Apache-2.0 */
/* What every object shares: allocator, limits, log, progress, target version. Immutable once made. */
#ifndef C2S_CONTEXT_H
#define C2S_CONTEXT_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cnn2snn/base.h"

struct cnn2snn_context {
    atomic_size_t references;
    cnn2snn_allocator allocator;
    cnn2snn_log_fn log;
    void *log_user_data;
    cnn2snn_destroy_fn destroy_log_user_data;
    cnn2snn_progress_fn progress;
    void *progress_user_data;
    cnn2snn_destroy_fn destroy_progress_user_data;
    cnn2snn_log_level log_level;
    cnn2snn_akida_version akida_version; /* never DEFAULT */
    cnn2snn_isolation hdf5_isolation;    /* never DEFAULT */
    int32_t threads;                     /* at least 1 */
    uint32_t instructions;               /* that kernels may use: base/processor.h */
    uint64_t max_file_bytes;
    uint64_t max_tensor_elements;
    uint64_t max_total_bytes;
    uint32_t max_nodes;
    uint32_t max_depth;
};

cnn2snn_status c2s_context_create(uint32_t abi_version, const cnn2snn_context_options *options,
                                  cnn2snn_context **out_context, cnn2snn_error **error);
void c2s_context_options_defaults(cnn2snn_context_options *options);
cnn2snn_context *c2s_context_retain(cnn2snn_context *context);
void c2s_context_release(cnn2snn_context *context);

/*
 * Reads a caller's options struct: `theirs` (may be NULL) is laid over `ours`, which holds the defaults and is
 * `our_size` bytes. A larger struct passes when its unknown bytes are zero, otherwise CNN2SNN_E_UNSUPPORTED.
 * `what` names the struct in the error.
 */
cnn2snn_status c2s_options_read(cnn2snn_context *context, void *ours, size_t our_size, const void *theirs,
                                const char *what, cnn2snn_error **error);

/* Writes at most `struct_size` bytes of the defaults in `ours` to a caller's struct (the `_options_init` functions).
 */
cnn2snn_status c2s_options_write(void *theirs, size_t struct_size, void *ours, size_t our_size);

/* A line for the log; formatted only when somebody listens. */
void c2s_log(cnn2snn_context *context, cnn2snn_log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Tells the progress callback; CNN2SNN_E_CANCELLED with an error when it wants to stop. */
cnn2snn_status c2s_progress(cnn2snn_context *context, const char *stage, uint64_t done, uint64_t total,
                            cnn2snn_error **error);

#endif
