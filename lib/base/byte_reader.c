/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when bytes may be read: only here are offsets of foreign files compared with a size. */
#include "base/byte_reader.h"

const unsigned char *c2s_bytes_at(const struct c2s_byte_reader *reader, uint64_t offset, uint64_t size)
{
    if (offset > reader->size || size > reader->size - offset)
        return NULL;
    return reader->data + offset;
}

const unsigned char *c2s_bytes_take(struct c2s_byte_reader *reader, uint64_t size)
{
    const unsigned char *bytes = c2s_bytes_at(reader, reader->position, size);
    if (bytes)
        reader->position += (size_t)size;
    return bytes;
}

static uint64_t assemble(const unsigned char *bytes, int count)
{
    uint64_t value = 0;
    for (int i = count - 1; i >= 0; i--)
        value = value << 8 | bytes[i];
    return value;
}

#define DEFINE_READ(bits)                                                                                             \
    bool c2s_read_u##bits##_at(const struct c2s_byte_reader *reader, uint64_t offset, uint##bits##_t *out)            \
    {                                                                                                                 \
        const unsigned char *bytes = c2s_bytes_at(reader, offset, bits / 8);                                          \
        if (bytes)                                                                                                    \
            *out = (uint##bits##_t)assemble(bytes, bits / 8);                                                         \
        return bytes != NULL;                                                                                         \
    }                                                                                                                 \
    bool c2s_read_u##bits(struct c2s_byte_reader *reader, uint##bits##_t *out)                                        \
    {                                                                                                                 \
        bool there = c2s_read_u##bits##_at(reader, reader->position, out);                                            \
        if (there)                                                                                                    \
            reader->position += bits / 8;                                                                             \
        return there;                                                                                                 \
    }

DEFINE_READ(8)
DEFINE_READ(16)
DEFINE_READ(32)
DEFINE_READ(64)

bool c2s_read_varint(struct c2s_byte_reader *reader, uint64_t *out)
{
    uint64_t value = 0;
    struct c2s_byte_reader ahead = *reader;
    for (int shift = 0; shift < 70; shift += 7) {
        uint8_t byte;
        if (!c2s_read_u8(&ahead, &byte) || (shift == 63 && byte > 1))
            return false;
        value |= (uint64_t)(byte & 127) << shift;
        if (!(byte & 128)) {
            *reader = ahead;
            *out = value;
            return true;
        }
    }
    return false;
}
