/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Samples shared out to threads: each runs a few of them through all layers of a chain, which keeps the values in the
 * caches. Slices are cut the same way whatever the number of threads, and what they give is put together in order.
 */
#ifndef C2S_SLICES_H
#define C2S_SLICES_H

#include "calibrate/layer_chain.h"

struct c2s_slices {
    struct c2s_run *run; /* borrowed: all threads on one op at a time */
    struct c2s_run *own; /* one for each of its threads */
    size_t threads;
};

/* run: must outlive the slices. Freed by _free, also on failure. */
cnn2snn_status c2s_slices_init(struct c2s_slices *slices, struct c2s_run *run, cnn2snn_error **error);
/* Fine for a zeroed struct too. */
void c2s_slices_free(struct c2s_slices *slices);

/* Samples of a slice for a chain; at least as many as give `rows` outputs of its first layer. */
int64_t c2s_slice_samples(const struct c2s_layer_chain *chain, int64_t rows);
/* Number of slices of that size in so many samples, and slice `index` of a tensor. */
size_t c2s_slice_count(int64_t samples, int64_t size);
cnn2snn_status c2s_slice_of(const cnn2snn_tensor *tensor, int64_t size, size_t index, cnn2snn_tensor **out_slice,
                            cnn2snn_error **error);

/* One slice's part of the work, with a run of its own. */
typedef cnn2snn_status (*c2s_slice_fn)(void *data, size_t index, struct c2s_run *run, cnn2snn_error **error);
/*
 * Slices [0, count): side by side, or one after the other by all threads where `chain` calls functions of the user's
 * or there are fewer slices than threads. The error is that of the first slice that failed.
 */
cnn2snn_status c2s_slices_run(struct c2s_slices *slices, const struct c2s_layer_chain *chain, size_t count,
                              c2s_slice_fn function, void *data, cnn2snn_error **error);

/* Runs a chain on `input` by slices. */
cnn2snn_status c2s_slices_run_chain(struct c2s_slices *slices, const struct c2s_layer_chain *chain,
                                    const cnn2snn_tensor *input, cnn2snn_tensor **out_output, cnn2snn_error **error);

#endif
