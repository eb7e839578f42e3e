/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides what of an HDF5 file is copied to its image: groups reached by hard links, the attributes that Keras
 * writes, and arrays. What can't be used (other links, odd types, plug-in filters) is noted with its reason, and
 * becomes an error only where a model needs it.
 */
#include "formats/hdf5_extract.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/context.h"
#include "formats/hdf5_dataset.h"
#include "formats/hdf5_library.h"
#include "formats/hdf5_walk.h"

/* Frees nothing: the bytes are the caller's. Without these callbacks the core driver would copy them. */
struct memory_image {
    const void *data;
    size_t size;
};

static void *image_malloc(size_t size, H5FD_file_image_op_t operation, void *user_data)
{
    struct memory_image *image = user_data;
    bool known = operation == H5FD_FILE_IMAGE_OP_PROPERTY_LIST_SET || operation == H5FD_FILE_IMAGE_OP_FILE_OPEN ||
                 operation == H5FD_FILE_IMAGE_OP_PROPERTY_LIST_COPY ||
                 operation == H5FD_FILE_IMAGE_OP_PROPERTY_LIST_GET;
    return known && size == image->size ? (void *)image->data : NULL;
}

static void *image_memcpy(void *to, const void *from, size_t size, H5FD_file_image_op_t operation, void *user_data)
{
    struct memory_image *image = user_data;
    return to == image->data && from == image->data && size == image->size ? to : NULL;
}

/* libhdf5 has no business to grow a file that is read only. */
static void *image_realloc(void *pointer, size_t size, H5FD_file_image_op_t operation, void *user_data)
{
    return NULL;
}

static herr_t image_free(void *pointer, H5FD_file_image_op_t operation, void *user_data)
{
    return 0;
}

static void *udata_copy(void *user_data)
{
    return user_data;
}

static herr_t udata_free(void *user_data)
{
    return 0;
}

static bool use_memory(hid_t access, struct memory_image *image)
{
    H5FD_file_image_callbacks_t callbacks = {image_malloc, image_memcpy, image_realloc, image_free,
                                             udata_copy,   udata_free,   image};
    return H5Pset_fapl_core(access, 1 << 16, false) >= 0 && H5Pset_file_image_callbacks(access, &callbacks) >= 0 &&
           H5Pset_file_image(access, (void *)image->data, image->size) >= 0;
}

static cnn2snn_status open_file(cnn2snn_context *context, const struct c2s_hdf5_source *source,
                                struct memory_image *image, hid_t *out_file, cnn2snn_error **error)
{
    hid_t access = H5Pcreate(H5P_FILE_ACCESS);
    bool ready = access >= 0 && H5Pset_fclose_degree(access, H5F_CLOSE_STRONG) >= 0 &&
                 (!source->data || use_memory(access, image));
    *out_file = ready ? H5Fopen(source->data ? "memory" : source->path, H5F_ACC_RDONLY, access) : -1;
    cnn2snn_status status = CNN2SNN_OK;
    if (*out_file < 0)
        status = c2s_hdf5_error(context, error, CNN2SNN_E_MALFORMED, "", "the HDF5 file can't be opened");
    if (access >= 0)
        H5Pclose(access);
    return status;
}

static cnn2snn_status send(struct c2s_image_sink *sink, const void *bytes, size_t size, cnn2snn_error **error)
{
    if (!size)
        return CNN2SNN_OK;
    void *room = sink->room(sink, size);
    if (!room)
        return c2s_error_no_memory(error);
    memcpy(room, bytes, size);
    return sink->write(sink, size, error);
}

static cnn2snn_status send_front(cnn2snn_context *context, const struct c2s_hdf5_walk *walk,
                                 struct c2s_image_sink *sink, cnn2snn_error **error)
{
    size_t front = c2s_image_front_size(walk->structure.size), total;
    if (!front || !c2s_add_size(front, (size_t)walk->data_size, &total) || walk->data_size > SIZE_MAX)
        return c2s_error(context, error, CNN2SNN_E_LIMIT, "F-hdf5-limit",
                         "the arrays of the file don't fit in memory");
    C2S_TRY(sink->begin(sink, total, error));
    void *room = sink->room(sink, front);
    if (!room)
        return c2s_error_no_memory(error);
    c2s_image_write_front(room, &walk->structure, walk->data_size);
    return sink->write(sink, front, error);
}

static cnn2snn_status send_arrays(cnn2snn_context *context, hid_t file, const struct c2s_hdf5_walk *walk,
                                  struct c2s_image_sink *sink, cnn2snn_error **error)
{
    static const char zeros[C2S_IMAGE_ALIGNMENT];
    for (size_t i = 0; i < walk->array_count; i++) {
        const char *path = walk->paths.data + walk->arrays[i].path;
        hid_t dataset = H5Dopen2(file, path, H5P_DEFAULT);
        if (dataset < 0)
            return c2s_hdf5_error(context, error, CNN2SNN_E_MALFORMED, path, "can't be opened");
        cnn2snn_status status = c2s_hdf5_array_read(context, dataset, path, &walk->arrays[i].array, sink, error);
        H5Dclose(dataset);
        C2S_TRY(status);
        uint64_t size = walk->arrays[i].array.size;
        C2S_TRY(send(sink, zeros, (size_t)(c2s_hdf5_aligned(size) - size), error));
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_hdf5_extract(cnn2snn_context *context, const struct c2s_hdf5_source *source,
                                struct c2s_image_sink *sink, cnn2snn_error **error)
{
    struct memory_image image = {source->data, source->size};
    hid_t file;
    C2S_TRY(open_file(context, source, &image, &file, error));
    if (sink->opened)
        sink->opened(sink);
    struct c2s_hdf5_walk walk;
    cnn2snn_status status = c2s_hdf5_walk(context, file, source->size, &walk, error);
    if (!status)
        status = send_front(context, &walk, sink, error);
    if (!status)
        status = send_arrays(context, file, &walk, sink, error);
    c2s_hdf5_walk_free(&walk);
    H5Fclose(file);
    return status;
}

/* ------------------------------------------------------------------------------------------------ in this process */

struct block {
    cnn2snn_context *context;
    struct c2s_image *image;
    size_t filled;
};

static cnn2snn_status block_begin(struct c2s_image_sink *sink, size_t size, cnn2snn_error **error)
{
    struct block *block = sink->user_data;
    return c2s_image_create(block->context, size, &block->image, error);
}

static void *block_room(struct c2s_image_sink *sink, size_t size)
{
    struct block *block = sink->user_data;
    return size <= block->image->size - block->filled ? block->image->data + block->filled : NULL;
}

static cnn2snn_status block_write(struct c2s_image_sink *sink, size_t size, cnn2snn_error **error)
{
    struct block *block = sink->user_data;
    block->filled += size;
    return CNN2SNN_OK;
}

static cnn2snn_status read_here(cnn2snn_context *context, const struct c2s_hdf5_source *source,
                                struct c2s_image **out_image, cnn2snn_error **error)
{
    struct block block = {.context = context};
    struct c2s_image_sink sink = {.user_data = &block,
                                  .largest_piece = SIZE_MAX,
                                  .begin = block_begin,
                                  .room = block_room,
                                  .write = block_write};
    struct c2s_hdf5_session session;
    C2S_TRY(c2s_hdf5_enter(context, &session, error));
    cnn2snn_status status = c2s_hdf5_extract(context, source, &sink, error);
    c2s_hdf5_leave(&session);
    if (status)
        c2s_image_release(block.image);
    else
        *out_image = block.image;
    return status;
}

cnn2snn_status c2s_hdf5_read_image(cnn2snn_context *context, const struct c2s_hdf5_source *source,
                                   struct c2s_image **out_image, cnn2snn_error **error)
{
    *out_image = NULL;
    return context->hdf5_isolation == CNN2SNN_ISOLATION_PROCESS
               ? c2s_hdf5_read_isolated(context, source, out_image, error)
               : read_here(context, source, out_image, error);
}
