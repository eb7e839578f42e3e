/* SPDX-License-Identifier: Apache-2.0 */
/* One raw Snappy block with anything behind it, as .fbz files are. */
#ifndef C2S_SNAPPY_BLOCK_H
#define C2S_SNAPPY_BLOCK_H

#include <stddef.h>

#include "cnn2snn/base.h"

/*
 * Walks the block without decompressing: how many bytes it gives and how many of `size` it takes. Everything is
 * checked, so that the memory for the result may be allocated: at most 22 times `size`.
 */
cnn2snn_status c2s_snappy_measure(cnn2snn_context *context, const unsigned char *data, size_t size, size_t *out_size,
                                  size_t *out_used, cnn2snn_error **error);

/* Decompresses the block; *out belongs to the caller (c2s_free). At most `limit` bytes. */
cnn2snn_status c2s_snappy_decompress(cnn2snn_context *context, const void *data, size_t size, uint64_t limit,
                                     unsigned char **out, size_t *out_size, cnn2snn_error **error);

#endif
