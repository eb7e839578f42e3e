/* SPDX-License-Identifier: Apache-2.0 */
/* Decides whether bytes are an image of an HDF5 file, and finds things in it. Nothing in the bytes is trusted. */
#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/context.h"
#include "base/error.h"
#include "formats/hdf5_image.h"

/* One walk through the records. */
struct parser {
    struct c2s_image_index *index;
    struct c2s_byte_reader reader;
    struct c2s_byte_reader data;
    size_t group; /* that is open; meaningless at depth 0 */
    size_t depth;
    cnn2snn_error **error;
};

static cnn2snn_status malformed(struct parser *parser, const char *what)
{
    return c2s_error(parser->index->context, parser->error, CNN2SNN_E_MALFORMED, "F-hdf5-image",
                     "image of the HDF5 file: %s", what);
}

/* UTF-8 without NUL, overlong forms and surrogates. */
static bool is_text(const unsigned char *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        unsigned char c = bytes[i];
        size_t more = c < 0x80 ? 0 : c < 0xc2 ? 9 : c < 0xe0 ? 1 : c < 0xf0 ? 2 : c < 0xf5 ? 3 : 9;
        if (!c || more == 9 || size - i <= more)
            return false;
        uint32_t code = more == 0 ? c : more == 1 ? c & 0x1f : more == 2 ? c & 0x0f : c & 0x07;
        for (size_t k = 1; k <= more; k++) {
            if ((bytes[i + k] & 0xc0) != 0x80)
                return false;
            code = code << 6 | (bytes[i + k] & 0x3f);
        }
        if ((more == 2 && (code < 0x800 || (code >= 0xd800 && code < 0xe000))) ||
            (more == 3 && (code < 0x10000 || code > 0x10ffff)))
            return false;
        i += more + 1;
    }
    return true;
}

static cnn2snn_status take_text(struct parser *parser, struct c2s_image_text *out)
{
    uint32_t size;
    const unsigned char *bytes = NULL;
    if (c2s_read_u32(&parser->reader, &size))
        bytes = c2s_bytes_take(&parser->reader, size);
    if (!bytes)
        return malformed(parser, "a string beyond its end");
    if (!is_text(bytes, size))
        return malformed(parser, "a string is not UTF-8");
    *out = (struct c2s_image_text){(const char *)bytes, size};
    return CNN2SNN_OK;
}

static size_t hash_name(size_t parent, struct c2s_image_text name)
{
    uint64_t hash = 14695981039346656037u ^ parent;
    for (size_t i = 0; i < name.size; i++)
        hash = (hash ^ (unsigned char)name.bytes[i]) * 1099511628211u;
    return (size_t)(hash ^ hash >> 29);
}

static bool same_text(struct c2s_image_text a, struct c2s_image_text b)
{
    return a.size == b.size && !memcmp(a.bytes, b.bytes, a.size);
}

/* The slot of that object, or the empty one where it belongs. slot_count is a power of two and never full. */
static size_t find_slot(const struct c2s_image_index *index, size_t parent, struct c2s_image_text name)
{
    size_t slot = hash_name(parent, name) & (index->slot_count - 1);
    while (index->slots[slot]) {
        const struct c2s_image_object *object = &index->objects[index->slots[slot] - 1];
        if (object->parent == parent && same_text(object->name, name))
            break;
        slot = (slot + 1) & (index->slot_count - 1);
    }
    return slot;
}

static cnn2snn_status make_slots(struct parser *parser)
{
    struct c2s_image_index *index = parser->index;
    index->slot_count = 8;
    while (index->slot_count < index->object_count * 2)
        index->slot_count *= 2;
    index->slots = c2s_calloc(index->context, index->slot_count, sizeof *index->slots);
    if (!index->slots)
        return c2s_error_no_memory(parser->error);
    for (size_t i = 1; i < index->object_count; i++) {
        size_t slot = find_slot(index, index->objects[i].parent, index->objects[i].name);
        if (index->slots[slot])
            return malformed(parser, "two members of one name");
        index->slots[slot] = i + 1;
    }
    return CNN2SNN_OK;
}

static cnn2snn_status add_object(struct parser *parser, struct c2s_image_object object)
{
    struct c2s_image_index *index = parser->index;
    C2S_TRY(take_text(parser, &object.name));
    if (parser->depth == 0 && (object.kind != C2S_IMAGE_GROUP || index->object_count))
        return malformed(parser, "more than one root");
    object.parent = parser->depth ? parser->group : 0;
    if (c2s_array_reserve(index->context, &index->objects, &index->object_capacity, index->object_count + 1,
                          sizeof *index->objects))
        return c2s_error_no_memory(parser->error);
    index->objects[index->object_count++] = object;
    return CNN2SNN_OK;
}

static bool type_is_known(struct c2s_image_type type)
{
    switch (type.kind) {
    case 'f':
        return type.size == 2 || type.size == 4 || type.size == 8;
    case 'i':
    case 'u':
        return type.size == 1 || type.size == 2 || type.size == 4 || type.size == 8;
    case 'b':
        return type.size == 1;
    default:
        return false;
    }
}

static cnn2snn_status parse_extents(struct parser *parser, struct c2s_image_object *dataset, uint64_t *out_size)
{
    const cnn2snn_context *context = parser->index->context;
    uint64_t count = 1;
    for (size_t i = 0; i < dataset->rank; i++) {
        uint64_t extent;
        if (!c2s_read_u64(&parser->reader, &extent))
            return malformed(parser, "an array beyond its end");
        if (extent > INT64_MAX || __builtin_mul_overflow(count, extent, &count))
            return malformed(parser, "a shape that overflows");
        dataset->extents[i] = (int64_t)extent;
    }
    if (count > context->max_tensor_elements)
        return c2s_error(parser->index->context, parser->error, CNN2SNN_E_LIMIT, "F-hdf5-limit",
                         "array '%.*s' has %llu elements, more than the context's max_tensor_elements",
                         (int)(dataset->name.size < 200 ? dataset->name.size : 200), dataset->name.bytes,
                         (unsigned long long)count);
    if (__builtin_mul_overflow(count, dataset->type.size, out_size))
        return malformed(parser, "a shape that overflows");
    return CNN2SNN_OK;
}

static cnn2snn_status parse_dataset(struct parser *parser)
{
    C2S_TRY(add_object(parser, (struct c2s_image_object){.kind = C2S_IMAGE_DATASET}));
    struct c2s_image_object *dataset = &parser->index->objects[parser->index->object_count - 1];
    uint8_t kind, big_endian, rank;
    uint64_t expected = 0, offset, size;
    if (!c2s_read_u8(&parser->reader, &kind) || !c2s_read_u8(&parser->reader, &dataset->type.size) ||
        !c2s_read_u8(&parser->reader, &big_endian) || !c2s_read_u8(&parser->reader, &rank))
        return malformed(parser, "an array beyond its end");
    dataset->type.kind = (char)kind;
    dataset->type.big_endian = big_endian != 0;
    dataset->rank = rank;
    if (!type_is_known(dataset->type) || big_endian > 1 || rank > CNN2SNN_MAX_RANK)
        return malformed(parser, "an array of unknown type or rank");
    C2S_TRY(parse_extents(parser, dataset, &expected));
    if (!c2s_read_u64(&parser->reader, &offset) || !c2s_read_u64(&parser->reader, &size))
        return malformed(parser, "an array beyond its end");
    dataset->data = c2s_bytes_at(&parser->data, offset, size);
    dataset->data_size = (size_t)size;
    if (!dataset->data || offset % C2S_IMAGE_ALIGNMENT || size != expected)
        return malformed(parser, "an array outside of the data, or of another size than its shape");
    struct c2s_image_object *objects = parser->index->objects;
    for (size_t group = dataset->parent; !objects[group].holds_arrays; group = objects[group].parent)
        objects[group].holds_arrays = true; /* the root is its own parent */
    return CNN2SNN_OK;
}

static cnn2snn_status parse_attribute(struct parser *parser)
{
    struct c2s_image_index *index = parser->index;
    struct c2s_image_attribute attribute = {0};
    struct c2s_image_text string;
    uint8_t list;
    if (!parser->depth)
        return malformed(parser, "an attribute outside of all groups");
    C2S_TRY(take_text(parser, &attribute.name));
    if (!c2s_read_u8(&parser->reader, &list) || !c2s_read_u32(&parser->reader, &attribute.count))
        return malformed(parser, "an attribute beyond its end");
    attribute.list = list != 0;
    attribute.position = parser->reader.position;
    for (uint32_t i = 0; i < attribute.count; i++)
        C2S_TRY(take_text(parser, &string));
    if (c2s_array_reserve(index->context, &index->attributes, &index->attribute_capacity, index->attribute_count + 1,
                          sizeof *index->attributes))
        return c2s_error_no_memory(parser->error);
    attribute.next = index->objects[parser->group].first_attribute;
    index->attributes[index->attribute_count++] = attribute;
    index->objects[parser->group].first_attribute = index->attribute_count;
    return CNN2SNN_OK;
}

static cnn2snn_status parse_record(struct parser *parser, uint8_t tag)
{
    struct c2s_image_index *index = parser->index;
    switch (tag) {
    case 'G':
        if (parser->depth >= index->context->max_depth)
            return c2s_error(index->context, parser->error, CNN2SNN_E_LIMIT, "F-hdf5-limit",
                             "groups nested deeper than %u, the context's max_depth",
                             (unsigned)index->context->max_depth);
        C2S_TRY(add_object(parser, (struct c2s_image_object){.kind = C2S_IMAGE_GROUP}));
        parser->group = index->object_count - 1;
        parser->depth++;
        return CNN2SNN_OK;
    case 'E':
        if (!parser->depth)
            return malformed(parser, "a group ends that did not begin");
        parser->group = index->objects[parser->group].parent;
        parser->depth--;
        return CNN2SNN_OK;
    case 'A':
        return parse_attribute(parser);
    case 'D':
        return parse_dataset(parser);
    case 'R':
        C2S_TRY(add_object(parser, (struct c2s_image_object){.kind = C2S_IMAGE_REFUSED}));
        return take_text(parser, &index->objects[index->object_count - 1].reason);
    default:
        return malformed(parser, "a record of unknown kind");
    }
}

static cnn2snn_status parse(struct parser *parser)
{
    const struct c2s_image *image = parser->index->image;
    struct c2s_byte_reader whole = {image->data, image->size, 0};
    const unsigned char *magic = c2s_bytes_take(&whole, 8);
    uint64_t structure_size, data_size, zero;
    if (!magic || memcmp(magic, "C2SIMAGE", 8) || !c2s_read_u64(&whole, &structure_size) ||
        !c2s_read_u64(&whole, &data_size) || !c2s_read_u64(&whole, &zero) ||
        structure_size > image->size - C2S_IMAGE_HEAD)
        return malformed(parser, "no header");
    size_t front = c2s_image_front_size((size_t)structure_size);
    if (front > image->size || data_size != image->size - front)
        return malformed(parser, "sizes that don't fit");
    parser->reader = (struct c2s_byte_reader){image->data + C2S_IMAGE_HEAD, (size_t)structure_size, 0};
    parser->data = (struct c2s_byte_reader){image->data + front, (size_t)data_size, 0};
    parser->index->structure = parser->reader;
    uint8_t tag;
    while (c2s_read_u8(&parser->reader, &tag))
        C2S_TRY(parse_record(parser, tag));
    if (parser->depth || !parser->index->object_count)
        return malformed(parser, "a group without an end");
    return make_slots(parser);
}

cnn2snn_status c2s_image_open(struct c2s_image *image, struct c2s_image_index **out_index, cnn2snn_error **error)
{
    *out_index = NULL;
    struct c2s_image_index *index = c2s_calloc(image->context, 1, sizeof *index);
    if (!index)
        return c2s_error_no_memory(error);
    index->context = image->context;
    index->image = c2s_image_retain(image);
    struct parser parser = {.index = index, .error = error};
    cnn2snn_status status = parse(&parser);
    if (status) {
        c2s_image_close(index);
        return status;
    }
    *out_index = index;
    return CNN2SNN_OK;
}

void c2s_image_close(struct c2s_image_index *index)
{
    if (!index)
        return;
    struct c2s_image *image = index->image;
    c2s_free(index->context, index->objects);
    c2s_free(index->context, index->attributes);
    c2s_free(index->context, index->slots);
    c2s_free(index->context, index);
    c2s_image_release(image);
}

const struct c2s_image_object *c2s_image_find(const struct c2s_image_index *index, size_t group,
                                              struct c2s_image_text path)
{
    size_t object = group;
    for (size_t i = 0; i < path.size;) {
        const char *slash = memchr(path.bytes + i, '/', path.size - i);
        struct c2s_image_text part = {path.bytes + i, (slash ? (size_t)(slash - path.bytes) : path.size) - i};
        i += part.size + 1;
        if (!part.size || (part.size == 1 && part.bytes[0] == '.'))
            continue;
        size_t slot = find_slot(index, object, part);
        if (!index->slots[slot])
            return NULL;
        object = index->slots[slot] - 1;
        if (index->objects[object].kind == C2S_IMAGE_REFUSED)
            break;
    }
    return &index->objects[object];
}

const struct c2s_image_attribute *c2s_image_find_attribute(const struct c2s_image_index *index, size_t group,
                                                           const char *name)
{
    struct c2s_image_text text = {name, strlen(name)};
    size_t i = index->objects[group].first_attribute;
    for (; i; i = index->attributes[i - 1].next)
        if (same_text(index->attributes[i - 1].name, text))
            return &index->attributes[i - 1];
    return NULL;
}

struct c2s_image_text c2s_image_next_string(const struct c2s_image_index *index, size_t *position)
{
    struct c2s_byte_reader reader = index->structure;
    reader.position = *position;
    uint32_t size = 0;
    c2s_read_u32(&reader, &size); /* was there when the image was opened */
    struct c2s_image_text text = {(const char *)c2s_bytes_take(&reader, size), size};
    *position = reader.position;
    return text;
}
