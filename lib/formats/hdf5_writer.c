/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how Keras's things are laid down in HDF5: without times, strings and lists as h5py and Keras have them. */
#include "formats/hdf5_writer.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/context.h"

enum {
    GROWTH = 1 << 20,    /* of the file in memory */
    LARGEST_LIST = 64512 /* bytes of a list attribute; an HDF5 object header takes no more */
};

static cnn2snn_status fault(struct c2s_hdf5_writer *writer, const char *path, const char *what)
{
    return c2s_hdf5_error(writer->context, writer->error, CNN2SNN_E_IO, path, what);
}

/* A path that no file can have: libhdf5 looks for one of that name before it makes its own in memory. */
static hid_t create_file(hid_t access)
{
    hid_t creation = H5Pcreate(H5P_FILE_CREATE), file = -1;
    if (creation >= 0 && H5Pset_obj_track_times(creation, false) >= 0)
        file = H5Fcreate("/dev/null/memory", H5F_ACC_TRUNC, creation, access);
    if (creation >= 0)
        H5Pclose(creation);
    return file;
}

cnn2snn_status c2s_hdf5_writer_open(cnn2snn_context *context, struct c2s_hdf5_writer *writer, cnn2snn_error **error)
{
    *writer = (struct c2s_hdf5_writer){
        .context = context, .access = -1, .file = -1, .links = -1, .groups = -1, .arrays = -1, .error = error};
    cnn2snn_status status = c2s_hdf5_enter(context, &writer->session, error);
    if (status) {
        writer->context = NULL; /* nothing to leave */
        return status;
    }
    writer->access = H5Pcreate(H5P_FILE_ACCESS);
    writer->links = H5Pcreate(H5P_LINK_CREATE);
    writer->groups = H5Pcreate(H5P_GROUP_CREATE);
    writer->arrays = H5Pcreate(H5P_DATASET_CREATE);
    bool good = writer->access >= 0 && writer->links >= 0 && writer->groups >= 0 && writer->arrays >= 0 &&
                H5Pset_fapl_core(writer->access, GROWTH, false) >= 0 &&
                H5Pset_fclose_degree(writer->access, H5F_CLOSE_STRONG) >= 0 &&
                H5Pset_create_intermediate_group(writer->links, 1) >= 0 &&
                H5Pset_obj_track_times(writer->groups, false) >= 0 &&
                H5Pset_obj_track_times(writer->arrays, false) >= 0;
    writer->file = good ? create_file(writer->access) : -1;
    return writer->file >= 0 ? CNN2SNN_OK : fault(writer, "", "an HDF5 file can't be made");
}

void c2s_hdf5_writer_close(struct c2s_hdf5_writer *writer)
{
    if (!writer->context)
        return;
    if (writer->file >= 0)
        H5Fclose(writer->file);
    const hid_t lists[] = {writer->access, writer->links, writer->groups, writer->arrays};
    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (lists[i] >= 0)
            H5Pclose(lists[i]);
    c2s_hdf5_leave(&writer->session);
}

cnn2snn_status c2s_hdf5_writer_group(struct c2s_hdf5_writer *writer, hid_t parent, const char *path, hid_t *out_group)
{
    *out_group = H5Gopen2(parent, path, H5P_DEFAULT);
    if (*out_group < 0)
        *out_group = H5Gcreate2(parent, path, writer->links, writer->groups, H5P_DEFAULT);
    H5Eclear2(H5E_DEFAULT);
    return *out_group >= 0 ? CNN2SNN_OK : fault(writer, path, "a group of this name can't be made");
}

static bool write_attribute(hid_t group, const char *name, hid_t type, hid_t space, const void *value)
{
    hid_t attribute = H5Acreate2(group, name, type, space, H5P_DEFAULT, H5P_DEFAULT);
    bool good = attribute >= 0 && H5Awrite(attribute, type, value) >= 0;
    if (attribute >= 0)
        H5Aclose(attribute);
    return good;
}

cnn2snn_status c2s_hdf5_writer_string(struct c2s_hdf5_writer *writer, hid_t group, const char *name, const char *text)
{
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate(H5S_SCALAR);
    bool good = type >= 0 && space >= 0 && H5Tset_size(type, H5T_VARIABLE) >= 0 &&
                H5Tset_cset(type, H5T_CSET_UTF8) >= 0 && write_attribute(group, name, type, space, &text);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    return good ? CNN2SNN_OK : fault(writer, name, "the attribute can't be written");
}

/* ------------------------------------------------------------------------------------------------ lists */

/* As numpy makes an empty list. */
static bool write_empty(hid_t group, const char *name)
{
    const hsize_t none = 0;
    const double nothing = 0;
    hid_t space = H5Screate_simple(1, &none, NULL);
    bool good = space >= 0 && write_attribute(group, name, H5T_IEEE_F64LE, space, &nothing);
    if (space >= 0)
        H5Sclose(space);
    return good;
}

/* Strings of `width` bytes, padded with NULs. */
static bool write_part(hid_t group, const char *name, const char *bytes, size_t width, size_t count)
{
    const hsize_t extent = count;
    hid_t type = H5Tcopy(H5T_C_S1), space = H5Screate_simple(1, &extent, NULL);
    bool good = type >= 0 && space >= 0 && H5Tset_size(type, width) >= 0 &&
                H5Tset_strpad(type, H5T_STR_NULLPAD) >= 0 && write_attribute(group, name, type, space, bytes);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    return good;
}

/* In as few nearly equal parts as fit, the first ones longer by one, as numpy's array_split cuts. */
static bool write_parts(hid_t group, const char *name, const char *bytes, size_t width, size_t count)
{
    size_t most = LARGEST_LIST / width, parts = (count + most - 1) / most;
    if (parts == 1)
        return write_part(group, name, bytes, width, count);
    for (size_t i = 0; i < parts; i++) {
        char numbered[64];
        size_t size = count / parts + (i < count % parts);
        snprintf(numbered, sizeof numbered, "%s%zu", name, i);
        if (!write_part(group, numbered, bytes, width, size))
            return false;
        bytes += size * width;
    }
    return true;
}

cnn2snn_status c2s_hdf5_writer_names(struct c2s_hdf5_writer *writer, hid_t group, const char *name, size_t count,
                                     const char *const *names)
{
    size_t width = 1, size;
    for (size_t i = 0; i < count; i++)
        width = strlen(names[i]) > width ? strlen(names[i]) : width;
    if (width > LARGEST_LIST)
        return c2s_error(writer->context, writer->error, CNN2SNN_E_VALUE, "F-names",
                         "a name of %zu bytes, expected at most %d", width, LARGEST_LIST);
    if (!c2s_mul_size(width, count, &size))
        return c2s_error_no_memory(writer->error);
    char *bytes = c2s_calloc(writer->context, size, 1);
    if (!bytes)
        return c2s_error_no_memory(writer->error);
    for (size_t i = 0; i < count; i++)
        memcpy(bytes + i * width, names[i], strlen(names[i]));
    bool good = count ? write_parts(group, name, bytes, width, count) : write_empty(group, name);
    c2s_free(writer->context, bytes);
    return good ? CNN2SNN_OK : fault(writer, name, "the attribute can't be written");
}

/* ------------------------------------------------------------------------------------------------ arrays */

static hid_t half_type(void)
{
    hid_t type = H5Tcopy(H5T_IEEE_F32LE);
    if (type >= 0 &&
        (H5Tset_fields(type, 15, 10, 5, 0, 10) < 0 || H5Tset_size(type, 2) < 0 || H5Tset_ebias(type, 15) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

/* h5py's. */
static hid_t bool_type(void)
{
    const int8_t values[] = {0, 1};
    hid_t type = H5Tenum_create(H5T_STD_I8LE);
    if (type >= 0 &&
        (H5Tenum_insert(type, "FALSE", &values[0]) < 0 || H5Tenum_insert(type, "TRUE", &values[1]) < 0)) {
        H5Tclose(type);
        return -1;
    }
    return type;
}

/* In the byte order of this machine; to be closed. */
static hid_t type_of(cnn2snn_dtype dtype)
{
    switch (dtype) {
    case CNN2SNN_DTYPE_FLOAT32:
        return H5Tcopy(H5T_NATIVE_FLOAT);
    case CNN2SNN_DTYPE_FLOAT64:
        return H5Tcopy(H5T_NATIVE_DOUBLE);
    case CNN2SNN_DTYPE_FLOAT16:
        return half_type();
    case CNN2SNN_DTYPE_BOOL:
        return bool_type();
    case CNN2SNN_DTYPE_INT8:
        return H5Tcopy(H5T_NATIVE_INT8);
    case CNN2SNN_DTYPE_INT16:
        return H5Tcopy(H5T_NATIVE_INT16);
    case CNN2SNN_DTYPE_INT32:
        return H5Tcopy(H5T_NATIVE_INT32);
    case CNN2SNN_DTYPE_INT64:
        return H5Tcopy(H5T_NATIVE_INT64);
    case CNN2SNN_DTYPE_UINT8:
        return H5Tcopy(H5T_NATIVE_UINT8);
    case CNN2SNN_DTYPE_UINT16:
        return H5Tcopy(H5T_NATIVE_UINT16);
    case CNN2SNN_DTYPE_UINT32:
        return H5Tcopy(H5T_NATIVE_UINT32);
    case CNN2SNN_DTYPE_UINT64:
        return H5Tcopy(H5T_NATIVE_UINT64);
    default:
        return -1;
    }
}

cnn2snn_status c2s_hdf5_writer_array(struct c2s_hdf5_writer *writer, hid_t group, const char *path,
                                     const cnn2snn_tensor *tensor)
{
    hsize_t extents[CNN2SNN_MAX_RANK];
    for (size_t i = 0; i < tensor->rank; i++)
        extents[i] = (hsize_t)tensor->shape[i];
    hid_t type = type_of(tensor->dtype);
    hid_t space = tensor->rank ? H5Screate_simple((int)tensor->rank, extents, NULL) : H5Screate(H5S_SCALAR);
    hid_t dataset =
        type < 0 || space < 0 ? -1 : H5Dcreate2(group, path, type, space, writer->links, writer->arrays, H5P_DEFAULT);
    bool good =
        dataset >= 0 && (!tensor->count || H5Dwrite(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, tensor->data) >= 0);
    if (dataset >= 0)
        H5Dclose(dataset);
    if (space >= 0)
        H5Sclose(space);
    if (type >= 0)
        H5Tclose(type);
    return good ? CNN2SNN_OK : fault(writer, path, "the array can't be written");
}

cnn2snn_status c2s_hdf5_writer_finish(struct c2s_hdf5_writer *writer, const void **out_data, size_t *out_size)
{
    void *handle = NULL; /* the core driver's: where its pointer to the bytes is */
    ssize_t size = H5Fflush(writer->file, H5F_SCOPE_GLOBAL) < 0 ? -1 : H5Fget_file_image(writer->file, NULL, 0);
    if (size <= 0 || H5Fget_vfd_handle(writer->file, writer->access, &handle) < 0 || !handle)
        return fault(writer, "", "the HDF5 file can't be finished");
    *out_data = *(void **)handle;
    *out_size = (size_t)size;
    return CNN2SNN_OK;
}
