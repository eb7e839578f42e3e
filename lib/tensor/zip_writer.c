/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how ZIP archives are written: stored, dated 1980-01-01, zip64 only where a number has no room. */
#include "tensor/zip_writer.h"

#include <stdbool.h>
#include <string.h>
#include <zlib.h>

#include "base/allocator.h"

enum {
    VERSION = 45, /* that knows zip64 */
    MADE_ON_UNIX = 3 << 8,
    UTF8_NAME = 1 << 11,
    FIRST_DATE = 1 << 5 | 1, /* January 1st of 1980 */
    LOCAL_SIZE = 30,
    LOCAL_SIZES_AT = 14,
    LOCAL_EXTRA = 20
};
static const uint32_t file_mode = 0100644u << 16;

struct c2s_zip_written {
    const char *name;
    uint64_t offset, size;
    uint32_t crc;
};

static void put(struct c2s_text *out, uint64_t value, int bytes)
{
    unsigned char little[8];
    for (int i = 0; i < bytes; i++)
        little[i] = (unsigned char)(value >> 8 * i);
    c2s_text_add_bytes(out, little, (size_t)bytes);
}

static void put_at(struct c2s_text *out, size_t at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        out->data[at + (size_t)i] = (char)(value >> 8 * i);
}

static uint16_t name_flags(const char *name)
{
    for (; *name; name++)
        if ((unsigned char)*name > 127)
            return UTF8_NAME;
    return 0;
}

static uint32_t limited(uint64_t value)
{
    return value < UINT32_MAX ? (uint32_t)value : UINT32_MAX;
}

void c2s_zip_writer_init(struct c2s_zip_writer *writer, struct c2s_text *out)
{
    *writer = (struct c2s_zip_writer){.context = out->context, .out = out};
}

/* Sizes are not known yet: there is room for their 64 bits in an extra field, and _end fills in. */
void c2s_zip_writer_begin(struct c2s_zip_writer *writer, const char *name)
{
    struct c2s_text *out = writer->out;
    if (c2s_array_reserve(writer->context, &writer->members, &writer->capacity, writer->count + 1,
                          sizeof *writer->members)) {
        out->failed = true;
        return;
    }
    writer->members[writer->count++] = (struct c2s_zip_written){.name = name, .offset = out->size};
    put(out, 0x04034b50, 4);
    put(out, VERSION, 2);
    put(out, name_flags(name), 2);
    put(out, 0, 2); /* stored */
    put(out, 0, 2); /* midnight */
    put(out, FIRST_DATE, 2);
    put(out, 0, 4);
    put(out, UINT32_MAX, 4);
    put(out, UINT32_MAX, 4);
    put(out, strlen(name), 2);
    put(out, LOCAL_EXTRA, 2);
    c2s_text_add(out, name);
    put(out, 1, 2);
    put(out, LOCAL_EXTRA - 4, 2);
    put(out, 0, 8);
    put(out, 0, 8);
}

void c2s_zip_writer_end(struct c2s_zip_writer *writer)
{
    struct c2s_text *out = writer->out;
    if (out->failed)
        return;
    struct c2s_zip_written *member = &writer->members[writer->count - 1];
    size_t start = (size_t)member->offset + LOCAL_SIZE + strlen(member->name) + LOCAL_EXTRA;
    member->size = out->size - start;
    member->crc = (uint32_t)crc32_z(0, (const unsigned char *)out->data + start, (size_t)member->size);
    put_at(out, (size_t)member->offset + LOCAL_SIZES_AT, member->crc, 4);
    put_at(out, start - 16, member->size, 8);
    put_at(out, start - 8, member->size, 8);
}

static void write_entry(struct c2s_text *out, const struct c2s_zip_written *member)
{
    bool long_size = member->size >= UINT32_MAX, long_offset = member->offset >= UINT32_MAX;
    int extra = (long_size ? 16 : 0) + (long_offset ? 8 : 0);
    put(out, 0x02014b50, 4);
    put(out, MADE_ON_UNIX | VERSION, 2);
    put(out, VERSION, 2);
    put(out, name_flags(member->name), 2);
    put(out, 0, 2);
    put(out, 0, 2);
    put(out, FIRST_DATE, 2);
    put(out, member->crc, 4);
    put(out, limited(member->size), 4);
    put(out, limited(member->size), 4);
    put(out, strlen(member->name), 2);
    put(out, (uint64_t)(extra ? extra + 4 : 0), 2);
    put(out, 0, 6); /* comment, disk, internal attributes, of 2 bytes each */
    put(out, file_mode, 4);
    put(out, limited(member->offset), 4);
    c2s_text_add(out, member->name);
    if (extra) {
        put(out, 1, 2);
        put(out, (uint64_t)extra, 2);
    }
    if (long_size) {
        put(out, member->size, 8);
        put(out, member->size, 8);
    }
    if (long_offset)
        put(out, member->offset, 8);
}

static void write_zip64_end(struct c2s_text *out, uint64_t count, uint64_t offset, uint64_t size)
{
    uint64_t at = out->size;
    put(out, 0x06064b50, 4);
    put(out, 44, 8);
    put(out, MADE_ON_UNIX | VERSION, 2);
    put(out, VERSION, 2);
    put(out, 0, 8); /* disks */
    put(out, count, 8);
    put(out, count, 8);
    put(out, size, 8);
    put(out, offset, 8);
    put(out, 0x07064b50, 4);
    put(out, 0, 4);
    put(out, at, 8);
    put(out, 1, 4);
}

void c2s_zip_writer_finish(struct c2s_zip_writer *writer)
{
    struct c2s_text *out = writer->out;
    uint64_t offset = out->size, count = writer->count;
    for (size_t i = 0; i < writer->count; i++)
        write_entry(out, &writer->members[i]);
    uint64_t size = out->size - offset;
    if (count >= UINT16_MAX || offset >= UINT32_MAX || size >= UINT32_MAX)
        write_zip64_end(out, count, offset, size);
    put(out, 0x06054b50, 4);
    put(out, 0, 4);
    put(out, count < UINT16_MAX ? count : UINT16_MAX, 2);
    put(out, count < UINT16_MAX ? count : UINT16_MAX, 2);
    put(out, limited(size), 4);
    put(out, limited(offset), 4);
    put(out, 0, 2);
    c2s_free(writer->context, writer->members);
    writer->members = NULL;
    writer->count = writer->capacity = 0;
}
