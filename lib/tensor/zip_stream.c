/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how a member of an archive is read in pieces: as it lies when it is stored, forwards when it is deflated.
 */
#include "tensor/zip_stream.h"

#include <limits.h>
#include <string.h>
#include <zlib.h>

#include "base/allocator.h"
#include "base/error.h"

enum { STORED = 0, PIECE = 1 << 16 };

struct c2s_zip_stream {
    const struct c2s_zip *zip;
    const struct c2s_zip_entry *entry;
    const unsigned char *packed;
    z_stream zlib;
    bool unpacking;    /* zlib is to be ended */
    uint64_t consumed; /* packed bytes that were handed to zlib */
    uint64_t position; /* unpacked bytes that came out */
};

static void *zlib_allocate(void *context, unsigned count, unsigned size)
{
    return c2s_calloc(context, count, size);
}

static void zlib_free(void *context, void *pointer)
{
    c2s_free(context, pointer);
}

static cnn2snn_status damaged(const struct c2s_zip_stream *stream, cnn2snn_error **error)
{
    return c2s_error(stream->zip->context, error, CNN2SNN_E_MALFORMED, "F-zip",
                     "ZIP archive: the data of member %s is damaged", stream->entry->name);
}

cnn2snn_status c2s_zip_stream_open(const struct c2s_zip *zip, size_t index, struct c2s_zip_stream **out_stream,
                                   cnn2snn_error **error)
{
    const unsigned char *packed = NULL;
    C2S_TRY(c2s_zip_find_data(zip, index, &packed, error));
    struct c2s_zip_stream *stream = c2s_calloc(zip->context, 1, sizeof *stream);
    if (!stream)
        return c2s_error_no_memory(error);
    stream->zip = zip;
    stream->entry = &zip->entries[index];
    stream->packed = packed;
    *out_stream = stream;
    return CNN2SNN_OK;
}

void c2s_zip_stream_close(struct c2s_zip_stream *stream)
{
    if (!stream)
        return;
    if (stream->unpacking)
        inflateEnd(&stream->zlib);
    c2s_free(stream->zip->context, stream);
}

static cnn2snn_status start_again(struct c2s_zip_stream *stream, cnn2snn_error **error)
{
    if (stream->unpacking)
        inflateEnd(&stream->zlib);
    stream->zlib = (z_stream){.zalloc = zlib_allocate, .zfree = zlib_free, .opaque = stream->zip->context};
    stream->unpacking = inflateInit2(&stream->zlib, -MAX_WBITS) == Z_OK;
    stream->consumed = stream->position = 0;
    return stream->unpacking ? CNN2SNN_OK : c2s_error_no_memory(error);
}

/* The next `size` bytes. */
static cnn2snn_status unpack(struct c2s_zip_stream *stream, unsigned char *out, unsigned size, cnn2snn_error **error)
{
    stream->zlib.next_out = out;
    stream->zlib.avail_out = size;
    while (stream->zlib.avail_out) {
        uint64_t left = stream->entry->compressed_size - stream->consumed;
        unsigned some = left < PIECE ? (unsigned)left : PIECE;
        stream->zlib.next_in = (unsigned char *)stream->packed + stream->consumed;
        stream->zlib.avail_in = some;
        int result = inflate(&stream->zlib, Z_NO_FLUSH);
        stream->consumed += some - stream->zlib.avail_in;
        if (result == Z_MEM_ERROR)
            return c2s_error_no_memory(error);
        if (stream->zlib.avail_out && result != Z_OK)
            return damaged(stream, error);
    }
    stream->position += size;
    return CNN2SNN_OK;
}

static cnn2snn_status skip_to(struct c2s_zip_stream *stream, uint64_t offset, cnn2snn_error **error)
{
    if (!stream->unpacking || offset < stream->position)
        C2S_TRY(start_again(stream, error));
    if (offset == stream->position)
        return CNN2SNN_OK;
    unsigned char *nowhere = c2s_alloc(stream->zip->context, PIECE);
    cnn2snn_status status = nowhere ? CNN2SNN_OK : c2s_error_no_memory(error);
    while (!status && stream->position < offset) {
        uint64_t left = offset - stream->position;
        status = unpack(stream, nowhere, left < PIECE ? (unsigned)left : PIECE, error);
    }
    c2s_free(stream->zip->context, nowhere);
    return status;
}

cnn2snn_status c2s_zip_stream_read(struct c2s_zip_stream *stream, uint64_t offset, void *out, size_t size,
                                   cnn2snn_error **error)
{
    if (offset > stream->entry->size || size > stream->entry->size - offset)
        return damaged(stream, error);
    if (stream->entry->method == STORED) {
        if (size)
            memcpy(out, stream->packed + offset, size);
        return CNN2SNN_OK;
    }
    C2S_TRY(skip_to(stream, offset, error));
    for (size_t done = 0, some; done < size; done += some) {
        some = size - done < INT_MAX ? size - done : INT_MAX;
        C2S_TRY(unpack(stream, (unsigned char *)out + done, (unsigned)some, error));
    }
    return CNN2SNN_OK;
}

/* A deflated member also ends where the directory says. */
static bool ends_here(struct c2s_zip_stream *stream)
{
    unsigned char extra;
    if (stream->entry->method == STORED)
        return true;
    stream->zlib.next_out = &extra;
    stream->zlib.avail_out = 1;
    int result = Z_OK;
    while (result == Z_OK && stream->zlib.avail_out) {
        uint64_t left = stream->entry->compressed_size - stream->consumed;
        stream->zlib.next_in = (unsigned char *)stream->packed + stream->consumed;
        stream->zlib.avail_in = left < PIECE ? (unsigned)left : PIECE;
        unsigned given = stream->zlib.avail_in;
        result = inflate(&stream->zlib, Z_NO_FLUSH);
        stream->consumed += given - stream->zlib.avail_in;
    }
    return result == Z_STREAM_END && stream->zlib.avail_out && stream->consumed == stream->entry->compressed_size;
}

cnn2snn_status c2s_zip_stream_verify(struct c2s_zip_stream *stream, cnn2snn_error **error)
{
    unsigned char *piece = c2s_alloc(stream->zip->context, PIECE);
    if (!piece)
        return c2s_error_no_memory(error);
    uLong crc = crc32_z(0, NULL, 0);
    cnn2snn_status status = stream->entry->method == STORED ? CNN2SNN_OK : start_again(stream, error);
    for (uint64_t done = 0; !status && done < stream->entry->size;) {
        uint64_t left = stream->entry->size - done;
        size_t some = left < PIECE ? (size_t)left : PIECE;
        status = c2s_zip_stream_read(stream, done, piece, some, error);
        if (!status)
            crc = crc32_z(crc, piece, some);
        done += some;
    }
    if (!status && (crc != stream->entry->crc || !ends_here(stream)))
        status = damaged(stream, error);
    if (stream->unpacking)
        inflateEnd(&stream->zlib);
    stream->unpacking = false;
    c2s_free(stream->zip->context, piece);
    return status;
}
