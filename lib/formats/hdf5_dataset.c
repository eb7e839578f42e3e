/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which arrays of an HDF5 file may be read: by type, storage, filters and size, before any memory is taken.
 */
#include "formats/hdf5_dataset.h"

#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "formats/hdf5_library.h"

/* zlib can't pack better than this; and room for the headers of small chunks. */
enum { DEFLATE_RATIO = 1032, SMALL = 4096 };
/* A chunk is unpacked as a whole: those larger than the array they belong to are bounded. */
enum { LARGEST_SPARE_CHUNK = 16 << 20 };

static bool is_ieee(hid_t type, size_t size)
{
    static const struct {
        size_t size, exponent_at, exponent_bits, bias;
    } forms[] = {{2, 10, 5, 15}, {4, 23, 8, 127}, {8, 52, 11, 1023}};
    size_t sign, exponent_at, exponent_bits, mantissa_at, mantissa_bits;
    if (H5Tget_fields(type, &sign, &exponent_at, &exponent_bits, &mantissa_at, &mantissa_bits) < 0)
        return false;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (size == forms[i].size)
            return sign == 8 * size - 1 && exponent_at == forms[i].exponent_at &&
                   exponent_bits == forms[i].exponent_bits && !mantissa_at && mantissa_bits == forms[i].exponent_at &&
                   H5Tget_ebias(type) == forms[i].bias && H5Tget_norm(type) == H5T_NORM_IMPLIED &&
                   H5Tget_offset(type) == 0 && H5Tget_precision(type) == 8 * size;
    return false;
}

static bool is_plain_integer(hid_t type, size_t size)
{
    return (size == 1 || size == 2 || size == 4 || size == 8) && H5Tget_offset(type) == 0 &&
           H5Tget_precision(type) == 8 * size;
}

/* Booleans of h5py: an enumeration of two values on one byte. */
static bool is_bool(hid_t type)
{
    return H5Tget_class(type) == H5T_ENUM && H5Tget_size(type) == 1 && H5Tget_nmembers(type) == 2;
}

static bool examine_type(hid_t type, struct c2s_image_type *out, char reason[C2S_HDF5_REASON])
{
    static const char *const names[] = {"integers",       "floats",          "time",       "strings",
                                        "bits",           "opaque bytes",    "a compound", "references",
                                        "an enumeration", "variable length", "arrays"};
    H5T_class_t kind = H5Tget_class(type);
    size_t size = H5Tget_size(type);
    H5T_order_t order = H5Tget_order(type);
    *out = (struct c2s_image_type){.size = (uint8_t)(size & 0xff), .big_endian = order == H5T_ORDER_BE};
    bool ordered = size == 1 || order == H5T_ORDER_LE || order == H5T_ORDER_BE;
    if (kind == H5T_INTEGER && ordered && is_plain_integer(type, size)) {
        out->kind = H5Tget_sign(type) == H5T_SGN_NONE ? 'u' : 'i';
        return true;
    }
    if (kind == H5T_FLOAT && ordered && is_ieee(type, size)) {
        out->kind = 'f';
        return true;
    }
    if (is_bool(type)) {
        out->kind = 'b';
        out->big_endian = false;
        return true;
    }
    bool known = kind >= 0 && (size_t)kind < sizeof names / sizeof *names;
    snprintf(reason, C2S_HDF5_REASON, "a number type that isn't read: %s of %zu bytes", known ? names[kind] : "type",
             size);
    return false;
}

/* What isn't here can't be read without a plug-in, or is not worth its risk. */
static bool filter_is_known(H5Z_filter_t filter)
{
    return filter == H5Z_FILTER_DEFLATE || filter == H5Z_FILTER_SHUFFLE || filter == H5Z_FILTER_FLETCHER32;
}

static bool examine_filters(hid_t properties, bool *out_deflated, char reason[C2S_HDF5_REASON])
{
    *out_deflated = false;
    int count = H5Pget_nfilters(properties);
    for (int i = 0; i < count; i++) {
        unsigned flags = 0, values[16], config;
        size_t value_count = sizeof values / sizeof *values;
        char name[64] = "";
        H5Z_filter_t filter =
            H5Pget_filter2(properties, (unsigned)i, &flags, &value_count, values, sizeof name, name, &config);
        name[sizeof name - 1] = '\0';
        for (char *c = name; *c; c++)
            if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
                *c = '?';
        *out_deflated = *out_deflated || filter == H5Z_FILTER_DEFLATE;
        if (!filter_is_known(filter)) {
            snprintf(reason, C2S_HDF5_REASON,
                     "packed by filter %s (number %d), expected deflate, shuffle or fletcher32",
                     *name ? name : "without a name", (int)filter);
            return false;
        }
    }
    if (count < 0)
        snprintf(reason, C2S_HDF5_REASON, "filters that can't be read");
    return count >= 0;
}

static cnn2snn_status examine_extents(cnn2snn_context *context, hid_t space, const char *path,
                                      struct c2s_hdf5_array *array, char reason[C2S_HDF5_REASON],
                                      cnn2snn_error **error)
{
    hsize_t extents[H5S_MAX_RANK];
    int rank = H5Sget_simple_extent_type(space) == H5S_NULL ? -1 : H5Sget_simple_extent_dims(space, extents, NULL);
    if (rank < 0 || rank > CNN2SNN_MAX_RANK) {
        snprintf(reason, C2S_HDF5_REASON, "%d dimensions, expected 0 to %d", rank, CNN2SNN_MAX_RANK);
        return CNN2SNN_OK;
    }
    uint64_t count = 1;
    array->rank = (size_t)rank;
    for (int i = 0; i < rank; i++) {
        array->extents[i] = extents[i];
        if (extents[i] > INT64_MAX || __builtin_mul_overflow(count, (uint64_t)extents[i], &count))
            return c2s_error(context, error, CNN2SNN_E_MALFORMED, "F-hdf5", "%s: the shape overflows", path);
    }
    if (count > context->max_tensor_elements)
        return c2s_error(context, error, CNN2SNN_E_LIMIT, "F-hdf5-limit",
                         "%s: %llu elements, more than the context's max_tensor_elements", path,
                         (unsigned long long)count);
    if (__builtin_mul_overflow(count, array->type.size, &array->size))
        return c2s_error(context, error, CNN2SNN_E_MALFORMED, "F-hdf5", "%s: the shape overflows", path);
    return CNN2SNN_OK;
}

/* Bytes of a chunk; 0 when they can't be told. */
static uint64_t chunk_size(hid_t properties, struct c2s_hdf5_array *array)
{
    hsize_t extents[H5S_MAX_RANK];
    int rank = H5Pget_chunk(properties, H5S_MAX_RANK, extents);
    uint64_t size = array->type.size;
    if (rank < 1 || (size_t)rank != array->rank)
        return 0;
    for (int i = 0; i < rank; i++)
        if (__builtin_mul_overflow(size, (uint64_t)extents[i], &size))
            return 0;
    array->chunk_rows = extents[0];
    return size;
}

/* The stored size is the justification of what will be allocated. */
static cnn2snn_status examine_storage(cnn2snn_context *context, hid_t dataset, hid_t properties, const char *path,
                                      uint64_t file_size, struct c2s_hdf5_array *array, bool deflated,
                                      cnn2snn_error **error)
{
    uint64_t stored = array->stored = H5Dget_storage_size(dataset);
    H5D_layout_t layout = H5Pget_layout(properties);
    bool fits = stored <= file_size;
    if (layout == H5D_CHUNKED) {
        uint64_t chunk = chunk_size(properties, array);
        fits = fits && chunk && array->chunk_rows && chunk <= array->size + LARGEST_SPARE_CHUNK;
        fits = fits && array->size / (deflated ? DEFLATE_RATIO : 1) <= stored + (deflated ? SMALL : 0);
    } else {
        fits = fits && stored == array->size;
    }
    if (!fits)
        return c2s_error(context, error, CNN2SNN_E_MALFORMED, "F-hdf5-size",
                         "%s: %llu bytes stored in a file of %llu can't be an array of %llu bytes", path,
                         (unsigned long long)stored, (unsigned long long)file_size, (unsigned long long)array->size);
    return CNN2SNN_OK;
}

static cnn2snn_status examine_properties(cnn2snn_context *context, hid_t dataset, hid_t properties, const char *path,
                                         uint64_t file_size, struct c2s_hdf5_array *array,
                                         char reason[C2S_HDF5_REASON], cnn2snn_error **error)
{
    bool deflated;
    H5D_layout_t layout = H5Pget_layout(properties);
    if (layout == H5D_VIRTUAL)
        snprintf(reason, C2S_HDF5_REASON, "a virtual dataset, which lies in other files");
    else if (layout == H5D_CONTIGUOUS && H5Pget_external_count(properties) != 0)
        snprintf(reason, C2S_HDF5_REASON, "external storage, which lies in other files");
    else if (layout != H5D_CONTIGUOUS && layout != H5D_CHUNKED && layout != H5D_COMPACT)
        snprintf(reason, C2S_HDF5_REASON, "a layout that isn't known");
    if (*reason || !examine_filters(properties, &deflated, reason) || !array->size)
        return CNN2SNN_OK;
    return examine_storage(context, dataset, properties, path, file_size, array, deflated, error);
}

cnn2snn_status c2s_hdf5_array_examine(cnn2snn_context *context, hid_t dataset, const char *path, uint64_t file_size,
                                      struct c2s_hdf5_array *array, char reason[C2S_HDF5_REASON],
                                      cnn2snn_error **error)
{
    *reason = '\0';
    *array = (struct c2s_hdf5_array){.chunk_rows = 1};
    hid_t type = H5Dget_type(dataset), space = H5Dget_space(dataset), properties = H5Dget_create_plist(dataset);
    cnn2snn_status status = CNN2SNN_OK;
    if (type < 0 || space < 0 || properties < 0)
        status = c2s_hdf5_error(context, error, CNN2SNN_E_MALFORMED, path, "can't be read");
    else if (examine_type(type, &array->type, reason))
        status = examine_extents(context, space, path, array, reason, error);
    if (!status && !*reason)
        status = examine_properties(context, dataset, properties, path, file_size, array, reason, error);
    if (type >= 0)
        H5Tclose(type);
    if (space >= 0)
        H5Sclose(space);
    if (properties >= 0)
        H5Pclose(properties);
    return status;
}

/* Rows of the first axis in one piece: whole chunks, about as many bytes as the sink wants. */
static uint64_t rows_of_piece(const struct c2s_hdf5_array *array, size_t largest)
{
    uint64_t rows = array->extents[0], row = array->size / rows;
    uint64_t wanted = largest / row;
    wanted -= wanted % array->chunk_rows;
    if (wanted < array->chunk_rows)
        wanted = array->chunk_rows;
    return wanted < rows ? wanted : rows;
}

static bool read_rows(hid_t dataset, hid_t type, const struct c2s_hdf5_array *array, uint64_t first, uint64_t rows,
                      void *out)
{
    hsize_t start[CNN2SNN_MAX_RANK] = {first}, count[CNN2SNN_MAX_RANK] = {rows};
    for (size_t i = 1; i < array->rank; i++)
        count[i] = array->extents[i];
    hid_t file_space = H5Dget_space(dataset);
    hid_t memory_space = H5Screate_simple((int)array->rank, count, NULL);
    bool good = file_space >= 0 && memory_space >= 0 &&
                H5Sselect_hyperslab(file_space, H5S_SELECT_SET, start, NULL, count, NULL) >= 0 &&
                H5Dread(dataset, type, memory_space, file_space, H5P_DEFAULT, out) >= 0;
    if (file_space >= 0)
        H5Sclose(file_space);
    if (memory_space >= 0)
        H5Sclose(memory_space);
    return good;
}

static cnn2snn_status read_piece(cnn2snn_context *context, hid_t dataset, hid_t type, const char *path,
                                 const struct c2s_hdf5_array *array, uint64_t first, uint64_t rows,
                                 struct c2s_image_sink *sink, cnn2snn_error **error)
{
    bool whole = !array->rank || rows == array->extents[0];
    size_t size = (size_t)(whole ? array->size : array->size / array->extents[0] * rows);
    void *room = sink->room(sink, size);
    if (!room)
        return c2s_error_no_memory(error);
    bool good = whole ? H5Dread(dataset, type, H5S_ALL, H5S_ALL, H5P_DEFAULT, room) >= 0
                      : read_rows(dataset, type, array, first, rows, room);
    if (!good)
        return c2s_hdf5_error(context, error, CNN2SNN_E_MALFORMED, path, "can't be read");
    return sink->write(sink, size, error);
}

cnn2snn_status c2s_hdf5_array_read(cnn2snn_context *context, hid_t dataset, const char *path,
                                   const struct c2s_hdf5_array *array, struct c2s_image_sink *sink,
                                   cnn2snn_error **error)
{
    if (!array->size)
        return CNN2SNN_OK;
    hid_t type = H5Dget_type(dataset);
    if (type < 0 || H5Tget_size(type) != array->type.size) {
        if (type >= 0)
            H5Tclose(type);
        return c2s_hdf5_error(context, error, CNN2SNN_E_MALFORMED, path, "can't be read");
    }
    uint64_t rows = array->rank ? array->extents[0] : 1;
    uint64_t piece = array->rank ? rows_of_piece(array, sink->largest_piece) : 1;
    cnn2snn_status status = CNN2SNN_OK;
    for (uint64_t first = 0; first < rows && !status; first += piece)
        status = read_piece(context, dataset, type, path, array, first, rows - first < piece ? rows - first : piece,
                            sink, error);
    H5Tclose(type);
    return status;
}
