/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which ZIP archives are understood. The central directory is the authority: local headers are only asked
 * where their data begins, so that data descriptors don't matter. What members claim is bounded before memory is
 * allocated.
 */
#include "tensor/zip_reader.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"

enum {
    LOCAL_HEADER = 0x04034b50,
    DIRECTORY_ENTRY = 0x02014b50,
    END = 0x06054b50,
    ZIP64_END = 0x06064b50,
    ZIP64_LOCATOR = 0x07064b50,
    LOCAL_SIZE = 30,
    ENTRY_SIZE = 46,
    END_SIZE = 22,
    LOCATOR_SIZE = 20,
    MAX_COMMENT = 65535,
    STORED = 0,
    DEFLATED = 8,
    ENCRYPTED = 1 | 64, /* flags */
    MAX_RATIO = 1032    /* deflate can't pack better */
};

static cnn2snn_status malformed(const struct c2s_zip *zip, cnn2snn_error **error, const char *what)
{
    return c2s_error(zip->context, error, CNN2SNN_E_MALFORMED, "F-zip", "ZIP archive: %s", what);
}

static cnn2snn_status unsupported(const struct c2s_zip *zip, cnn2snn_error **error, const char *what)
{
    return c2s_error(zip->context, error, CNN2SNN_E_UNSUPPORTED, "F-zip", "ZIP archive: %s", what);
}

/* ------------------------------------------------------------------------------------------------ the directory */

struct directory {
    uint64_t offset, size, count;
};

/* The end record: behind it comes a comment and nothing else. */
static bool find_end(const struct c2s_byte_reader *reader, uint64_t *out_offset)
{
    if (reader->size < END_SIZE)
        return false;
    size_t last = reader->size - END_SIZE, first = last > MAX_COMMENT ? last - MAX_COMMENT : 0;
    for (size_t at = last + 1; at-- > first;) {
        uint32_t signature = 0;
        uint16_t comment = 0;
        c2s_read_u32_at(reader, at, &signature);
        c2s_read_u16_at(reader, at + 20, &comment);
        if (signature == END && at + END_SIZE + comment == reader->size) {
            *out_offset = at;
            return true;
        }
    }
    return false;
}

static cnn2snn_status read_zip64_end(const struct c2s_zip *zip, uint64_t end, struct directory *directory,
                                     cnn2snn_error **error)
{
    const struct c2s_byte_reader *r = &zip->reader;
    uint32_t signature = 0, disk = 0, disks = 0, own_disk = 0, start_disk = 0;
    uint64_t at = 0, here = 0;
    if (end < LOCATOR_SIZE || !c2s_read_u32_at(r, end - LOCATOR_SIZE, &signature) || signature != ZIP64_LOCATOR ||
        !c2s_read_u32_at(r, end - 16, &disk) || !c2s_read_u64_at(r, end - 12, &at) ||
        !c2s_read_u32_at(r, end - 4, &disks))
        return malformed(zip, error, "the zip64 locator is missing");
    if (!c2s_read_u32_at(r, at, &signature) || signature != ZIP64_END || !c2s_bytes_at(r, at, 56) || at > end)
        return malformed(zip, error, "the zip64 end record is not where it should be");
    c2s_read_u32_at(r, at + 16, &own_disk);
    c2s_read_u32_at(r, at + 20, &start_disk);
    c2s_read_u64_at(r, at + 24, &here);
    c2s_read_u64_at(r, at + 32, &directory->count);
    c2s_read_u64_at(r, at + 40, &directory->size);
    c2s_read_u64_at(r, at + 48, &directory->offset);
    if (disk || disks > 1 || own_disk || start_disk || here != directory->count)
        return unsupported(zip, error, "more than one disk");
    return CNN2SNN_OK;
}

static cnn2snn_status find_directory(const struct c2s_zip *zip, struct directory *directory, cnn2snn_error **error)
{
    const struct c2s_byte_reader *r = &zip->reader;
    uint64_t end = 0;
    uint16_t disk = 0, start_disk = 0, here = 0, count = 0;
    uint32_t size = 0, offset = 0;
    if (!find_end(r, &end))
        return malformed(zip, error, "no end record, so it is none, or cut short");
    c2s_read_u16_at(r, end + 4, &disk);
    c2s_read_u16_at(r, end + 6, &start_disk);
    c2s_read_u16_at(r, end + 8, &here);
    c2s_read_u16_at(r, end + 10, &count);
    c2s_read_u32_at(r, end + 12, &size);
    c2s_read_u32_at(r, end + 16, &offset);
    *directory = (struct directory){offset, size, count};
    if (count == UINT16_MAX || size == UINT32_MAX || offset == UINT32_MAX)
        C2S_TRY(read_zip64_end(zip, end, directory, error));
    else if (disk || start_disk || here != count)
        return unsupported(zip, error, "more than one disk");
    if (!c2s_bytes_at(r, directory->offset, directory->size) || directory->offset + directory->size > end)
        return malformed(zip, error, "the directory reaches beyond the file");
    if (directory->count > directory->size / ENTRY_SIZE)
        return malformed(zip, error, "more members than the directory has room for");
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ entries */

static bool is_utf8(const unsigned char *text, size_t size)
{
    for (size_t i = 0; i < size;) {
        unsigned char lead = text[i++];
        int more = lead < 0x80                   ? 0
                   : lead >= 0xc2 && lead < 0xe0 ? 1
                   : lead >= 0xe0 && lead < 0xf0 ? 2
                   : lead >= 0xf0 && lead < 0xf5 ? 3
                                                 : -1;
        if (more < 0)
            return false;
        for (; more; more--, i++)
            if (i == size || (text[i] & 0xc0) != 0x80)
                return false;
    }
    return true;
}

/* What the 32-bit fields have no room for stands in the extra field 1, in this order and only where needed. */
static bool read_zip64_extra(struct c2s_byte_reader extra, struct c2s_zip_entry *entry)
{
    while (c2s_bytes_left(&extra)) {
        uint16_t id, size;
        if (!c2s_read_u16(&extra, &id) || !c2s_read_u16(&extra, &size))
            return false;
        const unsigned char *bytes = c2s_bytes_take(&extra, size);
        if (!bytes)
            return false;
        if (id != 1)
            continue;
        struct c2s_byte_reader field = {bytes, size, 0};
        return (entry->size != UINT32_MAX || c2s_read_u64(&field, &entry->size)) &&
               (entry->compressed_size != UINT32_MAX || c2s_read_u64(&field, &entry->compressed_size)) &&
               (entry->offset != UINT32_MAX || c2s_read_u64(&field, &entry->offset));
    }
    return true;
}

static cnn2snn_status read_name(struct c2s_zip *zip, struct c2s_byte_reader *reader, size_t size,
                                struct c2s_zip_entry *entry, cnn2snn_error **error)
{
    const unsigned char *name = c2s_bytes_take(reader, size);
    if (!name)
        return malformed(zip, error, "a member's name reaches beyond the directory");
    if (memchr(name, 0, size))
        return malformed(zip, error, "a member's name holds a zero byte");
    if (!is_utf8(name, size))
        return unsupported(zip, error, "a member's name is not UTF-8");
    entry->name = c2s_strndup(zip->context, (const char *)name, size);
    return entry->name ? CNN2SNN_OK : c2s_error_no_memory(error);
}

/* The next entry of the directory. Its name is the caller's to free, also on failure. */
static cnn2snn_status read_entry(struct c2s_zip *zip, struct c2s_byte_reader *reader, struct c2s_zip_entry *entry,
                                 cnn2snn_error **error)
{
    const unsigned char *start = c2s_bytes_take(reader, ENTRY_SIZE);
    if (!start)
        return malformed(zip, error, "the directory ends in the middle of a member");
    const struct c2s_byte_reader fixed = {start, ENTRY_SIZE, 0};
    uint32_t signature = 0, compressed_size = 0, size = 0, offset = 0;
    uint16_t flags = 0, name_size = 0, extra_size = 0, comment_size = 0, disk = 0;
    c2s_read_u32_at(&fixed, 0, &signature);
    c2s_read_u16_at(&fixed, 8, &flags);
    c2s_read_u16_at(&fixed, 10, &entry->method);
    c2s_read_u32_at(&fixed, 16, &entry->crc);
    c2s_read_u32_at(&fixed, 20, &compressed_size);
    c2s_read_u32_at(&fixed, 24, &size);
    c2s_read_u16_at(&fixed, 28, &name_size);
    c2s_read_u16_at(&fixed, 30, &extra_size);
    c2s_read_u16_at(&fixed, 32, &comment_size);
    c2s_read_u16_at(&fixed, 34, &disk);
    c2s_read_u32_at(&fixed, 42, &offset);
    if (signature != DIRECTORY_ENTRY)
        return malformed(zip, error, "a member of the directory has another signature");
    entry->compressed_size = compressed_size;
    entry->size = size;
    entry->offset = offset;
    C2S_TRY(read_name(zip, reader, name_size, entry, error));
    const unsigned char *extra = c2s_bytes_take(reader, extra_size);
    if (!extra || !c2s_bytes_take(reader, comment_size) ||
        !read_zip64_extra((struct c2s_byte_reader){extra, extra_size, 0}, entry))
        return malformed(zip, error, "a member's extra field or comment is cut short");
    if (disk)
        return unsupported(zip, error, "more than one disk");
    if (flags & ENCRYPTED)
        return unsupported(zip, error, "encrypted members");
    if (entry->method != STORED && entry->method != DEFLATED)
        return unsupported(zip, error, "a compression other than deflate");
    return CNN2SNN_OK;
}

/* Claims that can't be true, or that are too much. *used and *unpacked add up over the members. */
static cnn2snn_status check_sizes(const struct c2s_zip *zip, const struct c2s_zip_entry *entry, uint64_t *used,
                                  uint64_t *unpacked, cnn2snn_error **error)
{
    if (entry->compressed_size > zip->directory || entry->offset > zip->directory)
        return malformed(zip, error, "a member reaches into the directory");
    if (entry->method == STORED ? entry->size != entry->compressed_size
                                : entry->size / MAX_RATIO > entry->compressed_size)
        return malformed(zip, error, "a member's two sizes don't belong together");
    *used += entry->compressed_size + LOCAL_SIZE + strlen(entry->name);
    if (*used > zip->directory)
        return malformed(zip, error, "members overlap");
    *unpacked += entry->size; /* no overflow: each is at most MAX_RATIO times its share of the file */
    if (*unpacked > zip->context->max_total_bytes)
        return c2s_error(zip->context, error, CNN2SNN_E_LIMIT, "F-zip",
                         "ZIP archive: %llu bytes unpacked, more than the context's max_total_bytes",
                         (unsigned long long)*unpacked);
    return CNN2SNN_OK;
}

static cnn2snn_status read_entries(struct c2s_zip *zip, const struct directory *directory, cnn2snn_error **error)
{
    struct c2s_byte_reader reader = {zip->reader.data + directory->offset, (size_t)directory->size, 0};
    uint64_t used = 0, unpacked = 0;
    for (uint64_t i = 0; i < directory->count; i++) {
        struct c2s_zip_entry entry = {0};
        cnn2snn_status status = read_entry(zip, &reader, &entry, error);
        if (!status)
            status = check_sizes(zip, &entry, &used, &unpacked, error);
        if (!status &&
            c2s_array_reserve(zip->context, &zip->entries, &zip->capacity, zip->count + 1, sizeof *zip->entries))
            status = c2s_error_no_memory(error);
        if (status) {
            c2s_free(zip->context, entry.name);
            return status;
        }
        zip->entries[zip->count++] = entry;
    }
    return CNN2SNN_OK;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static cnn2snn_status check_names(const struct c2s_zip *zip, cnn2snn_error **error)
{
    char **names = c2s_calloc(zip->context, zip->count, sizeof *names);
    if (!names)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < zip->count; i++)
        names[i] = zip->entries[i].name;
    qsort(names, zip->count, sizeof *names, compare_names);
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 1; i < zip->count && !status; i++)
        if (!strcmp(names[i - 1], names[i]))
            status =
                c2s_error(zip->context, error, CNN2SNN_E_MALFORMED, "F-zip", "ZIP archive: two members %s", names[i]);
    c2s_free(zip->context, names);
    return status;
}

cnn2snn_status c2s_zip_open(cnn2snn_context *context, const void *data, size_t size, struct c2s_zip *out_zip,
                            cnn2snn_error **error)
{
    struct c2s_zip zip = {.context = context, .reader = {data, size, 0}};
    struct directory directory = {0};
    cnn2snn_status status = find_directory(&zip, &directory, error);
    zip.directory = directory.offset;
    if (!status)
        status = read_entries(&zip, &directory, error);
    if (!status)
        status = check_names(&zip, error);
    if (status)
        c2s_zip_close(&zip);
    else
        *out_zip = zip;
    return status;
}

void c2s_zip_close(struct c2s_zip *zip)
{
    for (size_t i = 0; i < zip->count; i++)
        c2s_free(zip->context, zip->entries[i].name);
    c2s_free(zip->context, zip->entries);
    zip->entries = NULL;
    zip->count = zip->capacity = 0;
}

/* ------------------------------------------------------------------------------------------------ members */

/* Where a member's data begins. */
static cnn2snn_status find_data(const struct c2s_zip *zip, const struct c2s_zip_entry *entry,
                                const unsigned char **out_data, cnn2snn_error **error)
{
    const struct c2s_byte_reader *r = &zip->reader;
    uint32_t signature = 0;
    uint16_t name_size = 0, extra_size = 0;
    if (!c2s_read_u32_at(r, entry->offset, &signature) || signature != LOCAL_HEADER ||
        !c2s_read_u16_at(r, entry->offset + 26, &name_size) || !c2s_read_u16_at(r, entry->offset + 28, &extra_size))
        return malformed(zip, error, "a member is not where the directory says");
    const unsigned char *name = c2s_bytes_at(r, entry->offset + LOCAL_SIZE, name_size);
    if (!name || name_size != strlen(entry->name) || memcmp(name, entry->name, name_size) != 0)
        return malformed(zip, error, "a member has another name than the directory says");
    uint64_t start = entry->offset + LOCAL_SIZE + name_size + extra_size;
    if (start > zip->directory || entry->compressed_size > zip->directory - start)
        return malformed(zip, error, "a member reaches into the directory");
    *out_data = r->data + start;
    return CNN2SNN_OK;
}

static void *zlib_allocate(void *context, unsigned count, unsigned size)
{
    return c2s_calloc(context, count, size);
}

static void zlib_free(void *context, void *pointer)
{
    c2s_free(context, pointer);
}

/* Unpacks exactly `size` bytes out of exactly `packed_size`; the lengths go to zlib in pieces that it can count. */
static bool inflate_all(z_stream *stream, const unsigned char *packed, uint64_t packed_size, unsigned char *out,
                        uint64_t size, bool *out_of_memory)
{
    uint64_t in_left = packed_size, out_left = size;
    int result = Z_OK;
    stream->next_in = (unsigned char *)packed;
    stream->next_out = out;
    while (result == Z_OK) {
        unsigned in = in_left < UINT_MAX ? (unsigned)in_left : UINT_MAX;
        unsigned room = out_left < UINT_MAX ? (unsigned)out_left : UINT_MAX;
        stream->avail_in = in;
        stream->avail_out = room;
        result = inflate(stream, Z_NO_FLUSH);
        in_left -= in - stream->avail_in;
        out_left -= room - stream->avail_out;
    }
    *out_of_memory = result == Z_MEM_ERROR;
    return result == Z_STREAM_END && !in_left && !out_left;
}

static cnn2snn_status unpack(const struct c2s_zip *zip, const struct c2s_zip_entry *entry,
                             const unsigned char *packed, unsigned char **out, cnn2snn_error **error)
{
    if (entry->size > SIZE_MAX - 1)
        return c2s_error_no_memory(error);
    unsigned char *bytes = c2s_alloc(zip->context, (size_t)entry->size);
    z_stream stream = {.zalloc = zlib_allocate, .zfree = zlib_free, .opaque = zip->context};
    if (!bytes || inflateInit2(&stream, -MAX_WBITS) != Z_OK) {
        c2s_free(zip->context, bytes);
        return c2s_error_no_memory(error);
    }
    bool out_of_memory = false;
    bool complete = inflate_all(&stream, packed, entry->compressed_size, bytes, entry->size, &out_of_memory);
    inflateEnd(&stream);
    if (complete) {
        *out = bytes;
        return CNN2SNN_OK;
    }
    c2s_free(zip->context, bytes);
    return out_of_memory ? c2s_error_no_memory(error) : malformed(zip, error, "a member's deflated data is damaged");
}

cnn2snn_status c2s_zip_find_data(const struct c2s_zip *zip, size_t index, const unsigned char **out_data,
                                 cnn2snn_error **error)
{
    return find_data(zip, &zip->entries[index], out_data, error);
}

cnn2snn_status c2s_zip_extract(const struct c2s_zip *zip, size_t index, const void **out_bytes, void **out_owned,
                               cnn2snn_error **error)
{
    const struct c2s_zip_entry *entry = &zip->entries[index];
    const unsigned char *bytes = NULL;
    unsigned char *owned = NULL;
    C2S_TRY(find_data(zip, entry, &bytes, error));
    if (entry->method == DEFLATED) {
        C2S_TRY(unpack(zip, entry, bytes, &owned, error));
        bytes = owned;
    }
    if (crc32_z(0, bytes, (size_t)entry->size) != entry->crc) {
        c2s_free(zip->context, owned);
        return malformed(zip, error, "a member's CRC is wrong");
    }
    *out_bytes = bytes;
    *out_owned = owned;
    return CNN2SNN_OK;
}
