/* SPDX-License-Identifier: Apache-2.0 */
/* Decides the bytes of an image, and who owns them. */
#include "formats/hdf5_image.h"

#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/context.h"
#include "base/error.h"

cnn2snn_status c2s_image_create(cnn2snn_context *context, size_t size, struct c2s_image **out_image,
                                cnn2snn_error **error)
{
    *out_image = NULL;
    struct c2s_image *image = c2s_calloc(context, 1, sizeof *image);
    if (!image)
        return c2s_error_no_memory(error);
    image->data = c2s_alloc(context, size);
    if (!image->data) {
        c2s_free(context, image);
        return c2s_error_no_memory(error);
    }
    image->context = c2s_context_retain(context);
    image->size = size;
    atomic_init(&image->references, 1);
    *out_image = image;
    return CNN2SNN_OK;
}

struct c2s_image *c2s_image_retain(struct c2s_image *image)
{
    atomic_fetch_add_explicit(&image->references, 1, memory_order_relaxed);
    return image;
}

void c2s_image_release(struct c2s_image *image)
{
    if (!image || atomic_fetch_sub_explicit(&image->references, 1, memory_order_acq_rel) != 1)
        return;
    cnn2snn_context *context = image->context;
    c2s_free(context, image->data);
    c2s_free(context, image);
    c2s_context_release(context);
}

static void put(unsigned char *bytes, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        bytes[i] = (unsigned char)(value >> (8 * i));
}

static void add_number(struct c2s_text *structure, uint64_t value, size_t size)
{
    unsigned char bytes[8];
    put(bytes, value, size);
    c2s_text_add_bytes(structure, bytes, size);
}

void c2s_image_add_string(struct c2s_text *structure, const char *string, size_t size)
{
    if (size > UINT32_MAX) {
        structure->failed = true;
        return;
    }
    add_number(structure, size, 4);
    c2s_text_add_bytes(structure, string, size);
}

static void add_name(struct c2s_text *structure, char tag, const char *name)
{
    add_number(structure, (unsigned char)tag, 1);
    c2s_image_add_string(structure, name, strlen(name));
}

void c2s_image_add_group(struct c2s_text *structure, const char *name)
{
    add_name(structure, 'G', name);
}

void c2s_image_end_group(struct c2s_text *structure)
{
    add_number(structure, 'E', 1);
}

void c2s_image_add_attribute(struct c2s_text *structure, const char *name, bool list, uint32_t count)
{
    add_name(structure, 'A', name);
    add_number(structure, list, 1);
    add_number(structure, count, 4);
}

void c2s_image_add_refused(struct c2s_text *structure, const char *name, const char *reason)
{
    add_name(structure, 'R', name);
    c2s_image_add_string(structure, reason, strlen(reason));
}

void c2s_image_add_dataset(struct c2s_text *structure, const char *name, struct c2s_image_type type, size_t rank,
                           const uint64_t *extents, uint64_t offset, uint64_t size)
{
    add_name(structure, 'D', name);
    add_number(structure, (unsigned char)type.kind, 1);
    add_number(structure, type.size, 1);
    add_number(structure, type.big_endian, 1);
    add_number(structure, rank, 1);
    for (size_t i = 0; i < rank; i++)
        add_number(structure, extents[i], 8);
    add_number(structure, offset, 8);
    add_number(structure, size, 8);
}

size_t c2s_image_front_size(size_t structure_size)
{
    size_t size;
    if (!c2s_add_size(structure_size, C2S_IMAGE_HEAD + C2S_IMAGE_ALIGNMENT - 1, &size))
        return 0;
    return size / C2S_IMAGE_ALIGNMENT * C2S_IMAGE_ALIGNMENT;
}

void c2s_image_write_front(unsigned char *front, const struct c2s_text *structure, uint64_t data_size)
{
    memset(front, 0, c2s_image_front_size(structure->size));
    memcpy(front, "C2SIMAGE", 8);
    put(front + 8, structure->size, 8);
    put(front + 16, data_size, 8);
    if (structure->size)
        memcpy(front + C2S_IMAGE_HEAD, structure->data, structure->size);
}
