/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The flat image of an HDF5 file: its groups, the attributes that matter and its arrays in one block of bytes.
 * Whoever reads the HDF5 file (this process, or a child that nobody trusts) makes an image; what makes models reads
 * images only.
 *
 *     "C2SIMAGE" | structure size | data size | 0 | structure | zeros to a multiple of 64 | data
 *
 * Sizes are 64 bits. The structure is a sequence of records, depth first; a string is its size in 32 bits and its
 * bytes: 'G' name                              a group begins (the root, with an empty name, first) 'E' it ends 'A'
 * name, list 0/1, count, strings    an attribute of the open group 'D' name, type 'f' 'i' 'u' 'b', element size, big
 * endian 0/1, rank (8 bits each), extents, offset, size (64 bits) 'R' name, reason                      something
 * that can't be used, and why All numbers are little endian; the arrays are as in the file, each at a multiple of 64
 * bytes of the data.
 */
#ifndef C2S_HDF5_IMAGE_H
#define C2S_HDF5_IMAGE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/byte_reader.h"
#include "base/text.h"
#include "tensor/tensor.h"

enum { C2S_IMAGE_HEAD = 32, C2S_IMAGE_ALIGNMENT = 64 };

/* The block; a counted reference, since tensors point into it. */
struct c2s_image {
    cnn2snn_context *context;
    atomic_size_t references;
    unsigned char *data;
    size_t size;
};

cnn2snn_status c2s_image_create(cnn2snn_context *context, size_t size, struct c2s_image **out_image,
                                cnn2snn_error **error);
struct c2s_image *c2s_image_retain(struct c2s_image *image);
void c2s_image_release(struct c2s_image *image);

/* ------------------------------------------------------------------------------------------------ making one */

void c2s_image_add_group(struct c2s_text *structure, const char *name);
void c2s_image_end_group(struct c2s_text *structure);
/* Announces an attribute; `count` calls of c2s_image_add_string must follow. */
void c2s_image_add_attribute(struct c2s_text *structure, const char *name, bool list, uint32_t count);
void c2s_image_add_string(struct c2s_text *structure, const char *string, size_t size);
void c2s_image_add_refused(struct c2s_text *structure, const char *name, const char *reason);

struct c2s_image_type {
    char kind; /* 'f' float, 'i' signed, 'u' unsigned integer, 'b' bool */
    uint8_t size;
    bool big_endian;
};
void c2s_image_add_dataset(struct c2s_text *structure, const char *name, struct c2s_image_type type, size_t rank,
                           const uint64_t *extents, uint64_t offset, uint64_t size);

/* Bytes in front of the data: header, structure and padding; 0 on overflow. */
size_t c2s_image_front_size(size_t structure_size);
/* Writes them. */
void c2s_image_write_front(unsigned char *front, const struct c2s_text *structure, uint64_t data_size);

/* ------------------------------------------------------------------------------------------------ reading one */

enum c2s_image_kind { C2S_IMAGE_GROUP, C2S_IMAGE_DATASET, C2S_IMAGE_REFUSED };

struct c2s_image_text {
    const char *bytes; /* not NUL-terminated; valid UTF-8 without NUL */
    size_t size;
};

struct c2s_image_object {
    enum c2s_image_kind kind;
    size_t parent;
    size_t first_attribute; /* 0: none, else number + 1 */
    bool holds_arrays;      /* GROUP: arrays are somewhere below it */
    struct c2s_image_text name;
    struct c2s_image_text reason; /* REFUSED */
    struct c2s_image_type type;   /* DATASET */
    size_t rank;
    int64_t extents[CNN2SNN_MAX_RANK];
    const unsigned char *data;
    size_t data_size;
};

struct c2s_image_attribute {
    size_t next; /* of the same object; 0: none, else number + 1 */
    struct c2s_image_text name;
    bool list;
    uint32_t count;
    size_t position; /* of the first string in the structure */
};

/* What is in an image, checked: object 0 is the root group. */
struct c2s_image_index {
    cnn2snn_context *context;
    struct c2s_image *image; /* counted */
    struct c2s_byte_reader structure;
    struct c2s_image_object *objects;
    size_t object_count, object_capacity;
    struct c2s_image_attribute *attributes;
    size_t attribute_count, attribute_capacity;
    size_t *slots; /* hash table of objects by parent and name; 0: empty, else object + 1 */
    size_t slot_count;
};

/* CNN2SNN_E_MALFORMED when the bytes are no image. */
cnn2snn_status c2s_image_open(struct c2s_image *image, struct c2s_image_index **out_index, cnn2snn_error **error);
void c2s_image_close(struct c2s_image_index *index);

/* The object at a path below a group, or NULL. Empty parts and "." are skipped, as HDF5 does. */
const struct c2s_image_object *c2s_image_find(const struct c2s_image_index *index, size_t group,
                                              struct c2s_image_text path);
static inline size_t c2s_image_number(const struct c2s_image_index *index, const struct c2s_image_object *object)
{
    return (size_t)(object - index->objects);
}

/* An attribute of a group, or NULL. */
const struct c2s_image_attribute *c2s_image_find_attribute(const struct c2s_image_index *index, size_t group,
                                                           const char *name);
/* Strings of an attribute, in order; position starts as the attribute's. */
struct c2s_image_text c2s_image_next_string(const struct c2s_image_index *index, size_t *position);

/*
 * The array as a tensor: float32 with `as_float` (converted as numpy's astype does, to nearest even), otherwise in
 * its own type. Points into the image where nothing has to be converted.
 */
cnn2snn_status c2s_image_tensor(const struct c2s_image_index *index, const struct c2s_image_object *dataset,
                                bool as_float, cnn2snn_tensor **out_tensor, cnn2snn_error **error);

#endif
