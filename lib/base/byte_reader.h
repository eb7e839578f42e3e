/* SPDX-License-Identifier: Apache-2.0 */
/* Bounds-checked reading of bytes that nobody trusts; little endian. */
#ifndef C2S_BYTE_READER_H
#define C2S_BYTE_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct c2s_byte_reader {
    const unsigned char *data;
    size_t size;
    size_t position; /* never beyond size */
};

static inline size_t c2s_bytes_left(const struct c2s_byte_reader *reader)
{
    return reader->size - reader->position;
}

/* `size` bytes at `offset` of the whole, or NULL when they are not all there. */
const unsigned char *c2s_bytes_at(const struct c2s_byte_reader *reader, uint64_t offset, uint64_t size);

/* The next `size` bytes, or NULL; moves on. */
const unsigned char *c2s_bytes_take(struct c2s_byte_reader *reader, uint64_t size);

/* Each gives false, and changes nothing, when the bytes are not there. The `_at` forms read at an absolute offset. */
bool c2s_read_u8(struct c2s_byte_reader *reader, uint8_t *out);
bool c2s_read_u16(struct c2s_byte_reader *reader, uint16_t *out);
bool c2s_read_u32(struct c2s_byte_reader *reader, uint32_t *out);
bool c2s_read_u64(struct c2s_byte_reader *reader, uint64_t *out);
bool c2s_read_u8_at(const struct c2s_byte_reader *reader, uint64_t offset, uint8_t *out);
bool c2s_read_u16_at(const struct c2s_byte_reader *reader, uint64_t offset, uint16_t *out);
bool c2s_read_u32_at(const struct c2s_byte_reader *reader, uint64_t offset, uint32_t *out);
bool c2s_read_u64_at(const struct c2s_byte_reader *reader, uint64_t offset, uint64_t *out);

/* LEB128 of at most 10 bytes. */
bool c2s_read_varint(struct c2s_byte_reader *reader, uint64_t *out);

#endif
