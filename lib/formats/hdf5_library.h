/* SPDX-License-Identifier: Apache-2.0 */
/* How libhdf5 is used: one thread at a time, silent, without plug-ins; and its faults as errors of ours. */
#ifndef C2S_HDF5_LIBRARY_H
#define C2S_HDF5_LIBRARY_H

#include <hdf5.h>

#include "base/error.h"

/* What is restored when the library is left. */
struct c2s_hdf5_session {
    H5E_auto2_t print;
    void *print_data;
    unsigned plugins;
};

/* Around every use of libhdf5: process-wide lock, error printing off, plug-in loading off; and back. */
cnn2snn_status c2s_hdf5_enter(cnn2snn_context *context, struct c2s_hdf5_session *session, cnn2snn_error **error);
void c2s_hdf5_leave(struct c2s_hdf5_session *session);

/* The lock alone, for a fork: the child must not find another thread's half-done work. */
void c2s_hdf5_lock(void);
void c2s_hdf5_unlock(void);

/* An error of code `code` made of `what` and of the innermost fault on libhdf5's stack, which is cleared. */
cnn2snn_status c2s_hdf5_error(cnn2snn_context *context, cnn2snn_error **error, cnn2snn_status code, const char *path,
                              const char *what);

#endif
