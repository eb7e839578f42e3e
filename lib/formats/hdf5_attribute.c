/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how strings are read: variable-length or fixed, padded with NULs or spaces, and lists cut in numbered
 * parts. */
#include "formats/hdf5_attribute.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/context.h"
#include "formats/hdf5_library.h"

/* What a variable-length string takes in the file at least: size, address and index in the heap. */
enum { VARIABLE_STRING_SIZE = 16 };

struct attribute {
    cnn2snn_context *context;
    const char *path;
    const char *name;
    uint64_t file_size;
    hid_t id, type, space;
    bool list;
    uint32_t count;
};

static cnn2snn_status fault(const struct attribute *attribute, const char *what, cnn2snn_error **error)
{
    char text[160];
    snprintf(text, sizeof text, "attribute %s %s", attribute->name, what);
    return c2s_hdf5_error(attribute->context, error, CNN2SNN_E_MALFORMED, attribute->path, text);
}

static cnn2snn_status add_variable(const struct attribute *attribute, struct c2s_text *structure,
                                   cnn2snn_error **error)
{
    char **values = c2s_calloc(attribute->context, attribute->count, sizeof *values);
    if (!values)
        return c2s_error_no_memory(error);
    cnn2snn_status status = CNN2SNN_OK;
    uint64_t total = 0;
    if (H5Aread(attribute->id, attribute->type, values) < 0)
        status = fault(attribute, "can't be read", error);
    for (uint32_t i = 0; i < attribute->count && !status; i++) {
        size_t size = values[i] ? strlen(values[i]) : 0;
        total += size;
        if (total > attribute->file_size)
            status = fault(attribute, "is larger than the file", error);
        else
            c2s_image_add_string(structure, values[i] ? values[i] : "", size);
    }
    H5Dvlen_reclaim(attribute->type, attribute->space, H5P_DEFAULT, values);
    c2s_free(attribute->context, values);
    return status;
}

static void add_padded(struct c2s_text *structure, const char *bytes, size_t size, bool spaces)
{
    const char *end = memchr(bytes, '\0', size);
    size_t used = end ? (size_t)(end - bytes) : size;
    while (spaces && used && bytes[used - 1] == ' ')
        used--;
    c2s_image_add_string(structure, bytes, used);
}

static cnn2snn_status add_fixed(const struct attribute *attribute, struct c2s_text *structure, cnn2snn_error **error)
{
    size_t width = H5Tget_size(attribute->type), size;
    if (!width || !c2s_mul_size(width, attribute->count, &size) || size > attribute->file_size)
        return fault(attribute, "is larger than the file", error);
    char *bytes = c2s_alloc(attribute->context, size);
    if (!bytes)
        return c2s_error_no_memory(error);
    cnn2snn_status status = CNN2SNN_OK;
    if (H5Aread(attribute->id, attribute->type, bytes) < 0)
        status = fault(attribute, "can't be read", error);
    bool spaces = H5Tget_strpad(attribute->type) == H5T_STR_SPACEPAD;
    for (size_t i = 0; i < attribute->count && !status; i++)
        add_padded(structure, bytes + i * width, width, spaces);
    c2s_free(attribute->context, bytes);
    return status;
}

/* An empty list may have any type: h5py makes it one of float64. */
static cnn2snn_status examine(struct attribute *attribute, cnn2snn_error **error)
{
    H5S_class_t form = H5Sget_simple_extent_type(attribute->space);
    hssize_t count = form == H5S_NULL ? 0 : H5Sget_simple_extent_npoints(attribute->space);
    if (form == H5S_NO_CLASS || count < 0)
        return fault(attribute, "can't be read", error);
    attribute->list = form != H5S_SCALAR;
    if (attribute->list && form != H5S_NULL && H5Sget_simple_extent_ndims(attribute->space) != 1)
        return fault(attribute, "has other than one dimension", error);
    if ((uint64_t)count > attribute->file_size || count > UINT32_MAX)
        return fault(attribute, "is larger than the file", error);
    attribute->count = (uint32_t)count;
    return CNN2SNN_OK;
}

static cnn2snn_status add_open(struct attribute *attribute, struct c2s_text *structure, cnn2snn_error **error)
{
    if (attribute->id < 0 || attribute->type < 0 || attribute->space < 0)
        return fault(attribute, "can't be read", error);
    C2S_TRY(examine(attribute, error));
    bool strings = H5Tget_class(attribute->type) == H5T_STRING;
    if (!strings && attribute->count)
        return CNN2SNN_OK; /* numbers are as good as absent */
    bool variable = strings && H5Tis_variable_str(attribute->type) > 0;
    if (variable && attribute->count > attribute->file_size / VARIABLE_STRING_SIZE)
        return fault(attribute, "is larger than the file", error);
    c2s_image_add_attribute(structure, attribute->name, attribute->list, attribute->count);
    if (!attribute->count)
        return CNN2SNN_OK;
    return variable ? add_variable(attribute, structure, error) : add_fixed(attribute, structure, error);
}

static cnn2snn_status add_named(cnn2snn_context *context, hid_t group, const char *path, uint64_t file_size,
                                const char *name, struct c2s_text *structure, bool *out_found, cnn2snn_error **error)
{
    htri_t exists = H5Aexists(group, name);
    struct attribute attribute = {.context = context, .path = path, .name = name, .file_size = file_size};
    *out_found = exists > 0;
    if (exists < 0)
        return fault(&attribute, "can't be looked up", error);
    if (!exists)
        return CNN2SNN_OK;
    attribute.id = H5Aopen(group, name, H5P_DEFAULT);
    attribute.type = attribute.id < 0 ? -1 : H5Aget_type(attribute.id);
    attribute.space = attribute.id < 0 ? -1 : H5Aget_space(attribute.id);
    cnn2snn_status status = add_open(&attribute, structure, error);
    if (attribute.space >= 0)
        H5Sclose(attribute.space);
    if (attribute.type >= 0)
        H5Tclose(attribute.type);
    if (attribute.id >= 0)
        H5Aclose(attribute.id);
    return status;
}

/* The list, or where it was cut its numbered parts, each an attribute. */
static cnn2snn_status add_list(cnn2snn_context *context, hid_t group, const char *path, uint64_t file_size,
                               const char *name, struct c2s_text *structure, cnn2snn_error **error)
{
    bool found;
    C2S_TRY(add_named(context, group, path, file_size, name, structure, &found, error));
    for (unsigned part = 0; !found; part++) {
        char numbered[64];
        snprintf(numbered, sizeof numbered, "%s%u", name, part);
        bool more;
        C2S_TRY(add_named(context, group, path, file_size, numbered, structure, &more, error));
        found = !more;
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_hdf5_attributes_add(cnn2snn_context *context, hid_t group, const char *path, uint64_t file_size,
                                       bool all, struct c2s_text *structure, cnn2snn_error **error)
{
    static const char *const scalars[] = {"keras_version", "backend", "model_config", "training_config"};
    bool found;
    for (size_t i = 0; i < sizeof scalars / sizeof *scalars && all; i++)
        C2S_TRY(add_named(context, group, path, file_size, scalars[i], structure, &found, error));
    if (all)
        C2S_TRY(add_list(context, group, path, file_size, "layer_names", structure, error));
    return add_list(context, group, path, file_size, "weight_names", structure, error);
}
