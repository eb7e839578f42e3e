/* SPDX-License-Identifier: Apache-2.0 */
/* ZIP archives in memory, by their central directory: stored and deflated members, zip64. */
#ifndef C2S_ZIP_READER_H
#define C2S_ZIP_READER_H

#include "base/byte_reader.h"
#include "cnn2snn/base.h"

struct c2s_zip_entry {
    char *name; /* UTF-8 */
    uint16_t method;
    uint32_t crc;
    uint64_t compressed_size, size;
    uint64_t offset; /* of the local header */
};

struct c2s_zip {
    cnn2snn_context *context; /* borrowed */
    struct c2s_byte_reader reader;
    uint64_t directory; /* offset; members lie before it */
    struct c2s_zip_entry *entries;
    size_t count, capacity;
};

/*
 * Reads the directory of an archive, whose bytes must stay. Names are unique. Sizes are plausible: all members
 * together fit in the file compressed, and unpacked in the context's max_total_bytes. On failure nothing is left.
 */
cnn2snn_status c2s_zip_open(cnn2snn_context *context, const void *data, size_t size, struct c2s_zip *out_zip,
                            cnn2snn_error **error);
void c2s_zip_close(struct c2s_zip *zip);

/* The bytes of a member, checked by its CRC. *out_owned is freed by the caller (c2s_free), also when it is NULL. */
cnn2snn_status c2s_zip_extract(const struct c2s_zip *zip, size_t index, const void **out_bytes, void **out_owned,
                               cnn2snn_error **error);

/* Where a member's data begins, packed or not; its compressed_size bytes are all there. */
cnn2snn_status c2s_zip_find_data(const struct c2s_zip *zip, size_t index, const unsigned char **out_data,
                                 cnn2snn_error **error);

#endif
