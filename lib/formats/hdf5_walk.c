/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which objects of an HDF5 file are visited: each once, however it is linked, and to a limited depth. */
#include "formats/hdf5_walk.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "formats/hdf5_attribute.h"
#include "formats/hdf5_library.h"

/* A layer has a group for itself and one for its variables, which with an optimizer's may be a dozen. */
enum { OBJECTS_OF_A_NODE = 32 };
/* What the records of an image may add to the names and attributes of a small file. */
enum { SPARE_STRUCTURE = 1 << 16 };

struct walker {
    struct c2s_hdf5_walk *walk;
    cnn2snn_context *context;
    uint64_t file_size;
    uint64_t objects, max_objects;
    uint64_t stored;   /* bytes of the file that belong to arrays */
    uint64_t *visited; /* addresses of objects: a hash table, 0 is empty */
    size_t visited_count, visited_slots;
    struct c2s_text path; /* of the open group */
    uint32_t depth;
    bool whole_model; /* the root has a model_config */
    cnn2snn_status status;
    cnn2snn_error **error;
};

static uint64_t address_of(const H5L_info_t *info)
{
#if H5_VERSION_GE(1, 12, 0)
    uint64_t address = 0;
    memcpy(&address, &info->u.token, sizeof address < sizeof info->u.token ? sizeof address : sizeof info->u.token);
    return address;
#else
    return info->u.address;
#endif
}

static uint64_t root_address(hid_t root)
{
    uint64_t address = 0;
#if H5_VERSION_GE(1, 12, 0)
    H5O_info2_t info;
    if (H5Oget_info3(root, &info, H5O_INFO_BASIC) >= 0)
        memcpy(&address, &info.token, sizeof address < sizeof info.token ? sizeof address : sizeof info.token);
#else
    H5O_info_t info;
    if (H5Oget_info(root, &info) >= 0)
        address = info.addr;
#endif
    return address;
}

static void insert(uint64_t *table, size_t slots, uint64_t address)
{
    size_t slot = (size_t)(address * 0x9e3779b97f4a7c15u) & (slots - 1);
    while (table[slot])
        slot = (slot + 1) & (slots - 1);
    table[slot] = address;
}

static bool grow_visited(struct walker *walker)
{
    size_t slots = walker->visited_slots ? walker->visited_slots * 2 : 64;
    uint64_t *table = c2s_calloc(walker->context, slots, sizeof *table);
    if (!table)
        return false;
    for (size_t i = 0; i < walker->visited_slots; i++)
        if (walker->visited[i])
            insert(table, slots, walker->visited[i]);
    c2s_free(walker->context, walker->visited);
    walker->visited = table;
    walker->visited_slots = slots;
    return true;
}

/* False for an object that was there already. An address of 0 is kept as the largest number. */
static cnn2snn_status visit(struct walker *walker, uint64_t address, bool *out_new)
{
    if (walker->visited_count * 2 >= walker->visited_slots && !grow_visited(walker))
        return c2s_error_no_memory(walker->error);
    address = address ? address : UINT64_MAX;
    size_t slot = (size_t)(address * 0x9e3779b97f4a7c15u) & (walker->visited_slots - 1);
    for (; walker->visited[slot]; slot = (slot + 1) & (walker->visited_slots - 1))
        if (walker->visited[slot] == address) {
            *out_new = false;
            return CNN2SNN_OK;
        }
    walker->visited[slot] = address;
    walker->visited_count++;
    *out_new = true;
    return CNN2SNN_OK;
}

static cnn2snn_status add_array(struct walker *walker, const char *name, const char *path,
                                const struct c2s_hdf5_array *array)
{
    struct c2s_hdf5_walk *walk = walker->walk;
    struct c2s_hdf5_place place = {.path = walk->paths.size, .array = *array};
    uint64_t offset = walk->data_size, end;
    /* each array is within the file: together they are, too, unless they lie upon each other */
    walker->stored += array->stored;
    if (walker->stored > walker->file_size)
        return c2s_error(walker->context, walker->error, CNN2SNN_E_MALFORMED, "F-hdf5-size",
                         "%s: the arrays of the file have more bytes than the file, %llu", path,
                         (unsigned long long)walker->file_size);
    if (__builtin_add_overflow(offset, c2s_hdf5_aligned(array->size), &end) || end > walker->context->max_total_bytes)
        return c2s_error(walker->context, walker->error, CNN2SNN_E_LIMIT, "F-hdf5-limit",
                         "%s: the arrays of the file have more bytes than the context's max_total_bytes, %llu", path,
                         (unsigned long long)walker->context->max_total_bytes);
    if (c2s_array_reserve(walker->context, &walk->arrays, &walk->array_capacity, walk->array_count + 1,
                          sizeof *walk->arrays))
        return c2s_error_no_memory(walker->error);
    walk->arrays[walk->array_count++] = place;
    walk->data_size = end;
    c2s_text_add_bytes(&walk->paths, path, strlen(path) + 1);
    c2s_image_add_dataset(&walk->structure, name, array->type, array->rank, array->extents, offset, array->size);
    return CNN2SNN_OK;
}

static cnn2snn_status add_dataset(struct walker *walker, hid_t dataset, const char *name, const char *path)
{
    struct c2s_hdf5_array array;
    char reason[C2S_HDF5_REASON];
    C2S_TRY(c2s_hdf5_array_examine(walker->context, dataset, path, walker->file_size, &array, reason, walker->error));
    if (*reason) {
        c2s_image_add_refused(&walker->walk->structure, name, reason);
        return CNN2SNN_OK;
    }
    return add_array(walker, name, path, &array);
}

static herr_t visit_link(hid_t group, const char *name, const H5L_info_t *info, void *user_data);

static cnn2snn_status add_group(struct walker *walker, hid_t group, const char *name)
{
    struct c2s_text *structure = &walker->walk->structure;
    const char *path = walker->path.data;
    if (walker->depth >= walker->context->max_depth)
        return c2s_error(walker->context, walker->error, CNN2SNN_E_LIMIT, "F-hdf5-limit",
                         "groups nested deeper than %u, the context's max_depth",
                         (unsigned)walker->context->max_depth);
    c2s_image_add_group(structure, name);
    bool all = walker->depth < 2; /* the root and model_weights */
    C2S_TRY(c2s_hdf5_attributes_add(walker->context, group, path, walker->file_size, all, structure, walker->error));
    walker->depth++;
    hsize_t position = 0;
    herr_t result = H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &position, visit_link, walker);
    walker->depth--;
    c2s_image_end_group(structure);
    if (walker->status)
        return walker->status;
    if (result < 0)
        return c2s_hdf5_error(walker->context, walker->error, CNN2SNN_E_MALFORMED, walker->path.data,
                              "the members of a group can't be listed");
    return structure->failed || walker->walk->paths.failed ? c2s_error_no_memory(walker->error) : CNN2SNN_OK;
}

static cnn2snn_status add_object(struct walker *walker, hid_t object, const char *name, const H5L_info_t *info)
{
    H5I_type_t type = H5Iget_type(object);
    bool is_new;
    C2S_TRY(visit(walker, address_of(info), &is_new));
    if (is_new && type == H5I_DATASET)
        return add_dataset(walker, object, name, walker->path.data);
    if (is_new && type == H5I_GROUP)
        return add_group(walker, object, name);
    c2s_image_add_refused(&walker->walk->structure, name,
                          is_new ? "neither a group nor an array" : "an object that has another name as well");
    return CNN2SNN_OK;
}

static cnn2snn_status add_link(struct walker *walker, hid_t group, const char *name, const H5L_info_t *info)
{
    struct c2s_text *structure = &walker->walk->structure;
    if (++walker->objects > walker->max_objects)
        return c2s_error(walker->context, walker->error, CNN2SNN_E_LIMIT, "F-hdf5-limit",
                         "more than %llu objects in the file", (unsigned long long)walker->max_objects);
    if (structure->size > walker->file_size + SPARE_STRUCTURE)
        return c2s_error(walker->context, walker->error, CNN2SNN_E_MALFORMED, "F-hdf5-size",
                         "%s: names and attributes have more bytes than the file", walker->path.data);
    if (info->type != H5L_TYPE_HARD) {
        c2s_image_add_refused(structure, name,
                              info->type == H5L_TYPE_SOFT       ? "a soft link, which is not followed"
                              : info->type == H5L_TYPE_EXTERNAL ? "a link to another file, which is not followed"
                                                                : "a link of unknown kind");
        return CNN2SNN_OK;
    }
    hid_t object = H5Oopen(group, name, H5P_DEFAULT);
    if (object < 0)
        return c2s_hdf5_error(walker->context, walker->error, CNN2SNN_E_MALFORMED, walker->path.data,
                              "can't be opened");
    cnn2snn_status status = add_object(walker, object, name, info);
    H5Oclose(object);
    return status;
}

/* Of a whole model the root's other members are nobody's business. */
static bool is_wanted(const struct walker *walker, const char *name)
{
    return walker->depth > 1 || !walker->whole_model || !strcmp(name, "model_weights") ||
           !strcmp(name, "optimizer_weights");
}

static herr_t visit_link(hid_t group, const char *name, const H5L_info_t *info, void *user_data)
{
    struct walker *walker = user_data;
    if (!is_wanted(walker, name))
        return 0;
    size_t before = walker->path.size;
    c2s_text_format(&walker->path, "/%s", name);
    walker->status = walker->path.failed || walker->walk->structure.failed ? c2s_error_no_memory(walker->error)
                                                                           : add_link(walker, group, name, info);
    if (!walker->path.failed) {
        walker->path.size = before;
        walker->path.data[before] = '\0';
    }
    return walker->status ? -1 : 0;
}

static cnn2snn_status walk_root(struct walker *walker, hid_t file)
{
    hid_t root = H5Gopen2(file, "/", H5P_DEFAULT);
    if (root < 0)
        return c2s_hdf5_error(walker->context, walker->error, CNN2SNN_E_MALFORMED, "",
                              "the HDF5 file has no root group");
    walker->whole_model = H5Aexists(root, "model_config") > 0;
    bool is_new;
    cnn2snn_status status = visit(walker, root_address(root), &is_new);
    if (!status)
        status = add_group(walker, root, "");
    H5Gclose(root);
    return status;
}

cnn2snn_status c2s_hdf5_walk(cnn2snn_context *context, hid_t file, uint64_t file_size, struct c2s_hdf5_walk *walk,
                             cnn2snn_error **error)
{
    *walk = (struct c2s_hdf5_walk){.context = context};
    c2s_text_init(&walk->structure, context);
    c2s_text_init(&walk->paths, context);
    struct walker walker = {.walk = walk,
                            .context = context,
                            .file_size = file_size,
                            .max_objects = (uint64_t)context->max_nodes * OBJECTS_OF_A_NODE,
                            .error = error};
    c2s_text_init(&walker.path, context);
    c2s_text_add(&walker.path, "");
    cnn2snn_status status = walker.path.failed ? c2s_error_no_memory(error) : walk_root(&walker, file);
    c2s_text_free(&walker.path);
    c2s_free(context, walker.visited);
    return status;
}

void c2s_hdf5_walk_free(struct c2s_hdf5_walk *walk)
{
    c2s_text_free(&walk->structure);
    c2s_text_free(&walk->paths);
    c2s_free(walk->context, walk->arrays);
}
