/* SPDX-License-Identifier: Apache-2.0 */
/* Decides where a Snappy block ends, which libsnappy wants to be told (spec/fbz.md 1 and 7). */
#include "akida/snappy_block.h"

#include <snappy-c.h>
#include <stdint.h>

#include "base/allocator.h"
#include "base/byte_reader.h"
#include "base/error.h"

/* A copy of 64 bytes takes 3: no block gives more than this many times its own size. */
enum { LARGEST_RATIO = 22 };

struct element {
    uint64_t produced; /* bytes that it gives */
    uint64_t skipped;  /* bytes of the literal */
    uint64_t offset;   /* of a copy: back from the end of what there is; 0 for literals */
};

static bool take_number(struct c2s_byte_reader *reader, unsigned size, uint64_t *out)
{
    const unsigned char *bytes = c2s_bytes_take(reader, size);
    *out = 0;
    for (unsigned i = 0; bytes && i < size; i++)
        *out |= (uint64_t)bytes[i] << 8 * i;
    return bytes != NULL;
}

/* False when it is cut short. */
static bool take_element(struct c2s_byte_reader *reader, struct element *out)
{
    uint8_t tag;
    uint64_t number;
    if (!c2s_read_u8(reader, &tag))
        return false;
    switch (tag & 3) {
    case 0:
        number = tag >> 2;
        if (number >= 60 && !take_number(reader, (unsigned)number - 59, &number))
            return false;
        *out = (struct element){number + 1, number + 1, 0};
        return c2s_bytes_take(reader, number + 1) != NULL;
    case 1:
        if (!take_number(reader, 1, &number))
            return false;
        *out = (struct element){(tag >> 2 & 7u) + 4u, 0, number | (uint64_t)(tag >> 5) << 8};
        break;
    default:
        if (!take_number(reader, (tag & 3) == 2 ? 2 : 4, &number))
            return false;
        *out = (struct element){(tag >> 2) + 1u, 0, number};
    }
    if (!out->offset)
        out->offset = UINT64_MAX; /* a copy of itself is refused like one from before the start */
    return true;
}

static cnn2snn_status malformed(cnn2snn_context *context, size_t position, const char *what, cnn2snn_error **error)
{
    c2s_error(context, error, CNN2SNN_E_MALFORMED, "F-snappy", "not a Snappy block: %s", what);
    c2s_error_set_offset(error, (int64_t)position);
    return CNN2SNN_E_MALFORMED;
}

cnn2snn_status c2s_snappy_measure(cnn2snn_context *context, const unsigned char *data, size_t size, size_t *out_size,
                                  size_t *out_used, cnn2snn_error **error)
{
    struct c2s_byte_reader reader = {data, size, 0};
    uint64_t wanted, produced = 0;
    if (!size)
        return malformed(context, 0, "there are no bytes", error);
    if (!c2s_read_varint(&reader, &wanted) || reader.position > 5 || wanted > UINT32_MAX)
        return malformed(context, 0, "bad length in front", error);
    if (wanted > INT32_MAX || wanted / LARGEST_RATIO > size)
        return malformed(context, 0, "its length can't come from as few bytes", error);
    while (produced < wanted) {
        struct element element;
        size_t position = reader.position;
        if (!take_element(&reader, &element))
            return malformed(context, position, "it is cut short", error);
        if (element.offset > produced)
            return malformed(context, position, "a copy from before the start", error);
        produced += element.produced;
    }
    if (produced != wanted)
        return malformed(context, reader.position, "longer than the length in front says", error);
    *out_size = (size_t)wanted;
    *out_used = reader.position;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_snappy_decompress(cnn2snn_context *context, const void *data, size_t size, uint64_t limit,
                                     unsigned char **out, size_t *out_size, cnn2snn_error **error)
{
    size_t wanted, used;
    C2S_TRY(c2s_snappy_measure(context, data, size, &wanted, &used, error));
    if (wanted > limit)
        return c2s_error(context, error, CNN2SNN_E_LIMIT, "F-snappy",
                         "%zu bytes, more than the context's limits allow", wanted);
    unsigned char *bytes = c2s_alloc(context, wanted);
    if (!bytes)
        return c2s_error_no_memory(error);
    size_t room = wanted;
    if (snappy_uncompress(data, used, (char *)bytes, &room) != SNAPPY_OK || room != wanted) {
        c2s_free(context, bytes);
        return malformed(context, 0, "it can't be decompressed", error);
    }
    *out = bytes;
    *out_size = wanted;
    return CNN2SNN_OK;
}
