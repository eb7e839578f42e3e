/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what an .npz file is: a ZIP archive of .npy members, each known by its name without ".npy". */
#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "tensor/npy.h"
#include "tensor/zip_reader.h"
#include "tensor/zip_writer.h"

struct member {
    char *name;
    cnn2snn_tensor *tensor;
};

struct cnn2snn_archive {
    cnn2snn_context *context;
    struct member *members;
    size_t count, capacity;
};

static const char suffix[] = ".npy";
enum { SUFFIX_SIZE = sizeof suffix - 1, HEADER_ALLOWANCE = 1 << 17, LARGEST_ELEMENT = 8 };

cnn2snn_status c2s_archive_create(cnn2snn_context *context, cnn2snn_archive **out_archive, cnn2snn_error **error)
{
    cnn2snn_archive *archive = c2s_calloc(context, 1, sizeof *archive);
    if (!archive)
        return c2s_error_no_memory(error);
    archive->context = c2s_context_retain(context);
    *out_archive = archive;
    return CNN2SNN_OK;
}

void c2s_archive_destroy(cnn2snn_archive *archive)
{
    if (!archive)
        return;
    cnn2snn_context *context = archive->context;
    for (size_t i = 0; i < archive->count; i++) {
        c2s_free(context, archive->members[i].name);
        c2s_tensor_release(archive->members[i].tensor);
    }
    c2s_free(context, archive->members);
    c2s_free(context, archive);
    c2s_context_release(context);
}

size_t c2s_archive_get_count(const cnn2snn_archive *archive)
{
    return archive->count;
}

const char *c2s_archive_get_name(const cnn2snn_archive *archive, size_t index)
{
    return index < archive->count ? archive->members[index].name : NULL;
}

const cnn2snn_tensor *c2s_archive_get_tensor(const cnn2snn_archive *archive, size_t index)
{
    return index < archive->count ? archive->members[index].tensor : NULL;
}

/* ------------------------------------------------------------------------------------------------ adding */

/* Adds a member; whether its name is there already is the caller's to know. */
static cnn2snn_status append(cnn2snn_archive *archive, const char *name, size_t name_size, cnn2snn_tensor *tensor,
                             cnn2snn_error **error)
{
    char *copy = c2s_strndup(archive->context, name, name_size);
    if (!copy || c2s_array_reserve(archive->context, &archive->members, &archive->capacity, archive->count + 1,
                                   sizeof *archive->members)) {
        c2s_free(archive->context, copy);
        return c2s_error_no_memory(error);
    }
    archive->members[archive->count++] = (struct member){copy, c2s_tensor_retain(tensor)};
    return CNN2SNN_OK;
}

static const char *fault_of_name(const char *name, size_t size)
{
    if (!size)
        return "is empty";
    if (size > C2S_ZIP_MAX_NAME - SUFFIX_SIZE)
        return "is too long";
    for (size_t i = 0; i + 1 < size; i++)
        if (name[i] == '.' && name[i + 1] == '.')
            return "holds ..";
    return NULL;
}

cnn2snn_status c2s_archive_add(cnn2snn_archive *archive, const char *name, cnn2snn_tensor *tensor,
                               cnn2snn_error **error)
{
    const char *fault = fault_of_name(name, strlen(name));
    for (size_t i = 0; i < archive->count && !fault; i++)
        if (!strcmp(archive->members[i].name, name))
            fault = "is there already";
    if (fault)
        return c2s_error(archive->context, error, CNN2SNN_E_VALUE, "F-npz", "name '%.60s' of an array %s", name,
                         fault);
    return append(archive, name, strlen(name), tensor, error);
}

/* ------------------------------------------------------------------------------------------------ reading */

static cnn2snn_status read_member(cnn2snn_archive *archive, const struct c2s_zip *zip, size_t index,
                                  cnn2snn_error **error)
{
    cnn2snn_context *context = archive->context;
    const struct c2s_zip_entry *entry = &zip->entries[index];
    size_t size = strlen(entry->name);
    if (size && entry->name[size - 1] == '/' && !entry->size) /* a folder */
        return CNN2SNN_OK;
    if (size < SUFFIX_SIZE || strcmp(entry->name + size - SUFFIX_SIZE, suffix) != 0)
        return c2s_error(context, error, CNN2SNN_E_UNSUPPORTED, "F-npz", "member is not a .npy file");
    const char *fault = fault_of_name(entry->name, size - SUFFIX_SIZE);
    if (fault)
        return c2s_error(context, error, CNN2SNN_E_MALFORMED, "F-npz", "name of an array %s", fault);
    if (entry->size > HEADER_ALLOWANCE &&
        (entry->size - HEADER_ALLOWANCE) / LARGEST_ELEMENT > context->max_tensor_elements)
        return c2s_error(context, error, CNN2SNN_E_LIMIT, "T-elements",
                         "%llu bytes are more than the context's max_tensor_elements allow",
                         (unsigned long long)entry->size);
    const void *bytes = NULL;
    void *owned = NULL;
    cnn2snn_tensor *tensor = NULL;
    C2S_TRY(c2s_zip_extract(zip, index, &bytes, &owned, error));
    cnn2snn_status status = c2s_npy_read(context, bytes, (size_t)entry->size, &tensor, error);
    c2s_free(context, owned);
    if (!status)
        status = append(archive, entry->name, size - SUFFIX_SIZE, tensor, error);
    c2s_tensor_release(tensor);
    return status;
}

cnn2snn_status c2s_archive_read(cnn2snn_context *context, const void *data, size_t size,
                                cnn2snn_archive **out_archive, cnn2snn_error **error)
{
    struct c2s_zip zip;
    cnn2snn_archive *archive = NULL;
    C2S_TRY(c2s_zip_open(context, data, size, &zip, error));
    cnn2snn_status status = c2s_archive_create(context, &archive, error);
    for (size_t i = 0; i < zip.count && !status; i++) {
        status = read_member(archive, &zip, i, error);
        if (status)
            c2s_error_prefix(error, zip.entries[i].name);
    }
    c2s_zip_close(&zip);
    if (status)
        c2s_archive_destroy(archive);
    else
        *out_archive = archive;
    return status;
}

cnn2snn_status c2s_archive_load(cnn2snn_context *context, const char *path, cnn2snn_archive **out_archive,
                                cnn2snn_error **error)
{
    cnn2snn_buffer *buffer = NULL;
    C2S_TRY(c2s_file_read(context, path, &buffer, error));
    cnn2snn_status status = c2s_archive_read(context, buffer->data, buffer->size, out_archive, error);
    if (status)
        c2s_error_set_file(error, path);
    c2s_buffer_destroy(buffer);
    return status;
}

/* ------------------------------------------------------------------------------------------------ writing */

static void write_member(struct c2s_zip_writer *writer, const char *file_name, const cnn2snn_tensor *tensor)
{
    c2s_zip_writer_begin(writer, file_name);
    c2s_npy_write(tensor, writer->out);
    c2s_zip_writer_end(writer);
}

cnn2snn_status c2s_archive_save(const cnn2snn_archive *archive, const char *path, cnn2snn_error **error)
{
    cnn2snn_context *context = archive->context;
    struct c2s_text out;
    struct c2s_zip_writer writer;
    char **names = c2s_calloc(context, archive->count, sizeof *names);
    if (!names)
        return c2s_error_no_memory(error);
    c2s_text_init(&out, context);
    c2s_zip_writer_init(&writer, &out);
    for (size_t i = 0; i < archive->count && !out.failed; i++) {
        size_t size = strlen(archive->members[i].name) + SUFFIX_SIZE + 1;
        names[i] = c2s_alloc(context, size);
        if (names[i]) {
            snprintf(names[i], size, "%s%s", archive->members[i].name, suffix);
            write_member(&writer, names[i], archive->members[i].tensor);
        }
        out.failed = out.failed || !names[i];
    }
    c2s_zip_writer_finish(&writer);
    cnn2snn_status status =
        out.failed ? c2s_error_no_memory(error) : c2s_file_write(context, path, out.data, out.size, error);
    for (size_t i = 0; i < archive->count; i++)
        c2s_free(context, names[i]);
    c2s_free(context, names);
    c2s_text_free(&out);
    return status;
}
