/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides how samples come out of a file without the file being in memory: it is mapped, an array in C order is read
 * where it lies or unpacked as far as it is needed, and only arrays in Fortran order are loaded whole.
 */
#include "tensor/samples.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "tensor/dtype.h"
#include "tensor/npy.h"
#include "tensor/zip_stream.h"

/* Memory for elements on their way to float32. */
enum { PIECE_BYTES = 1 << 20 };

/* One array. */
struct part {
    int64_t first, count;
    cnn2snn_tensor *tensor; /* or else: */
    struct c2s_npy_layout layout;
    const unsigned char *data;     /* of the whole .npy file where it lies as it is, or else: */
    struct c2s_zip_stream *stream; /* of the .npy file */
};

struct cnn2snn_samples {
    cnn2snn_context *context;
    atomic_size_t references;
    struct c2s_mapped_file map;
    struct c2s_zip zip;
    char *path; /* NULL: of a tensor */
    struct part *parts;
    size_t part_count, part_capacity;
    int64_t count;
    size_t rank; /* of one sample */
    int64_t shape[CNN2SNN_MAX_RANK];
};

/* ------------------------------------------------------------------------------------------------ parts */

static cnn2snn_status check_shape(const cnn2snn_samples *samples, size_t rank, const int64_t *shape,
                                  cnn2snn_error **error)
{
    char found[256], expected[256];
    if (!rank)
        return c2s_error(samples->context, error, CNN2SNN_E_VALUE, "S-shape",
                         "samples of shape (), expected the number of samples in front");
    bool same = samples->rank == rank - 1 && !memcmp(samples->shape, shape + 1, samples->rank * sizeof *shape);
    if (!samples->part_count || same)
        return CNN2SNN_OK;
    return c2s_error(samples->context, error, CNN2SNN_E_VALUE, "S-shape",
                     "samples of shape %s, expected %s as in the first array",
                     c2s_shape_print(rank - 1, shape + 1, found, sizeof found),
                     c2s_shape_print(samples->rank, samples->shape, expected, sizeof expected));
}

/* Takes over what the part holds, also on failure. */
static cnn2snn_status add_part(cnn2snn_samples *samples, struct part *part, size_t rank, const int64_t *shape,
                               cnn2snn_error **error)
{
    cnn2snn_status status = check_shape(samples, rank, shape, error);
    part->first = samples->count;
    part->count = rank ? shape[0] : 0;
    if (!status && !c2s_add_i64(samples->count, part->count, &samples->count))
        status = c2s_error(samples->context, error, CNN2SNN_E_LIMIT, "S-shape", "too many samples");
    if (!status && c2s_array_reserve(samples->context, &samples->parts, &samples->part_capacity,
                                     samples->part_count + 1, sizeof *part))
        status = c2s_error_no_memory(error);
    if (status) {
        c2s_tensor_release(part->tensor);
        c2s_zip_stream_close(part->stream);
        return status;
    }
    samples->rank = rank - 1;
    memcpy(samples->shape, shape + 1, samples->rank * sizeof *shape);
    samples->parts[samples->part_count++] = *part;
    return CNN2SNN_OK;
}

static cnn2snn_status add_tensor(cnn2snn_samples *samples, const cnn2snn_tensor *tensor, cnn2snn_error **error)
{
    struct part part = {.tensor = c2s_tensor_retain(tensor)};
    return add_part(samples, &part, tensor->rank, tensor->shape, error);
}

/* Arrays in Fortran order have no samples that lie together. */
static cnn2snn_status add_loaded(cnn2snn_samples *samples, const void *data, size_t size, cnn2snn_error **error)
{
    cnn2snn_tensor *tensor = NULL;
    C2S_TRY(c2s_npy_read(samples->context, data, size, &tensor, error));
    cnn2snn_status status = add_tensor(samples, tensor, error);
    c2s_tensor_release(tensor);
    return status;
}

/* ------------------------------------------------------------------------------------------------ files */

static cnn2snn_status add_stored(cnn2snn_samples *samples, const unsigned char *data, size_t size,
                                 cnn2snn_error **error)
{
    struct part part = {.data = data};
    size_t head = size < C2S_NPY_HEAD ? size : C2S_NPY_HEAD;
    C2S_TRY(c2s_npy_read_layout(samples->context, data, head, size, &part.layout, error));
    if (part.layout.fortran_order && part.layout.rank > 1)
        return add_loaded(samples, data, size, error);
    return add_part(samples, &part, part.layout.rank, part.layout.shape, error);
}

static cnn2snn_status read_packed_layout(struct c2s_zip_stream *stream, cnn2snn_context *context, uint64_t size,
                                         struct c2s_npy_layout *layout, cnn2snn_error **error)
{
    size_t head = size < C2S_NPY_HEAD ? (size_t)size : C2S_NPY_HEAD;
    unsigned char *bytes = c2s_alloc(context, head);
    if (!bytes)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_zip_stream_read(stream, 0, bytes, head, error);
    if (!status)
        status = c2s_npy_read_layout(context, bytes, head, size, layout, error);
    c2s_free(context, bytes);
    return status;
}

static cnn2snn_status add_packed(cnn2snn_samples *samples, size_t index, cnn2snn_error **error)
{
    struct part part = {0};
    const void *bytes = NULL;
    void *owned = NULL;
    uint64_t size = samples->zip.entries[index].size;
    C2S_TRY(c2s_zip_stream_open(&samples->zip, index, &part.stream, error));
    cnn2snn_status status = c2s_zip_stream_verify(part.stream, error);
    if (!status)
        status = read_packed_layout(part.stream, samples->context, size, &part.layout, error);
    if (!status && !(part.layout.fortran_order && part.layout.rank > 1))
        return add_part(samples, &part, part.layout.rank, part.layout.shape, error);
    c2s_zip_stream_close(part.stream);
    if (!status)
        status = c2s_zip_extract(&samples->zip, index, &bytes, &owned, error);
    if (!status)
        status = add_loaded(samples, bytes, (size_t)size, error);
    c2s_free(samples->context, owned);
    return status;
}

static cnn2snn_status add_member(cnn2snn_samples *samples, size_t index, cnn2snn_error **error)
{
    const struct c2s_zip_entry *entry = &samples->zip.entries[index];
    const unsigned char *data = NULL;
    struct c2s_zip_stream *stream = NULL;
    if (entry->size != entry->compressed_size || entry->method)
        return add_packed(samples, index, error);
    C2S_TRY(c2s_zip_stream_open(&samples->zip, index, &stream, error));
    cnn2snn_status status = c2s_zip_stream_verify(stream, error);
    c2s_zip_stream_close(stream);
    if (!status)
        status = c2s_zip_find_data(&samples->zip, index, &data, error);
    return status ? status : add_stored(samples, data, (size_t)entry->size, error);
}

static cnn2snn_status read_archive(cnn2snn_samples *samples, cnn2snn_error **error)
{
    C2S_TRY(c2s_zip_open(samples->context, samples->map.data, samples->map.size, &samples->zip, error));
    for (size_t i = 0; i < samples->zip.count; i++) {
        const char *name = samples->zip.entries[i].name;
        size_t size = strlen(name);
        if (size && name[size - 1] == '/') /* a folder */
            continue;
        cnn2snn_status status = add_member(samples, i, error);
        if (status) {
            c2s_error_prefix(error, name);
            return status;
        }
    }
    return CNN2SNN_OK;
}

static cnn2snn_status read_file(cnn2snn_samples *samples, const char *path, cnn2snn_error **error)
{
    C2S_TRY(c2s_file_map(samples->context, path, &samples->map, error));
    samples->path = c2s_strdup(samples->context, path);
    if (!samples->path)
        return c2s_error_no_memory(error);
    bool archive = samples->map.size >= 2 && !memcmp(samples->map.data, "PK", 2);
    cnn2snn_status status =
        archive ? read_archive(samples, error) : add_stored(samples, samples->map.data, samples->map.size, error);
    if (!status && !samples->part_count)
        status = c2s_error(samples->context, error, CNN2SNN_E_VALUE, "S-shape", "no arrays in the file");
    return status;
}

/* ------------------------------------------------------------------------------------------------ objects */

static cnn2snn_status allocate(cnn2snn_context *context, cnn2snn_samples **out_samples, cnn2snn_error **error)
{
    cnn2snn_samples *samples = c2s_calloc(context, 1, sizeof *samples);
    if (!samples)
        return c2s_error_no_memory(error);
    samples->context = c2s_context_retain(context);
    atomic_init(&samples->references, 1);
    *out_samples = samples;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_samples_create(const cnn2snn_tensor *tensor, cnn2snn_samples **out_samples, cnn2snn_error **error)
{
    cnn2snn_samples *samples = NULL;
    C2S_TRY(allocate(tensor->context, &samples, error));
    cnn2snn_status status = add_tensor(samples, tensor, error);
    if (status)
        c2s_samples_release(samples);
    else
        *out_samples = samples;
    return status;
}

cnn2snn_status c2s_samples_open(cnn2snn_context *context, const char *path, cnn2snn_samples **out_samples,
                                cnn2snn_error **error)
{
    cnn2snn_samples *samples = NULL;
    C2S_TRY(allocate(context, &samples, error));
    cnn2snn_status status = read_file(samples, path, error);
    if (status) {
        c2s_error_set_file(error, path);
        c2s_samples_release(samples);
    } else {
        *out_samples = samples;
    }
    return status;
}

cnn2snn_samples *c2s_samples_retain(cnn2snn_samples *samples)
{
    atomic_fetch_add(&samples->references, 1);
    return samples;
}

void c2s_samples_release(cnn2snn_samples *samples)
{
    if (!samples || atomic_fetch_sub(&samples->references, 1) != 1)
        return;
    cnn2snn_context *context = samples->context;
    for (size_t i = 0; i < samples->part_count; i++) {
        c2s_tensor_release(samples->parts[i].tensor);
        c2s_zip_stream_close(samples->parts[i].stream);
    }
    c2s_free(context, samples->parts);
    c2s_free(context, samples->path);
    if (samples->zip.context)
        c2s_zip_close(&samples->zip);
    c2s_file_unmap(&samples->map);
    c2s_free(context, samples);
    c2s_context_release(context);
}

cnn2snn_context *c2s_samples_context(const cnn2snn_samples *samples)
{
    return samples->context;
}

int64_t c2s_samples_count(const cnn2snn_samples *samples)
{
    return samples->count;
}

size_t c2s_samples_rank(const cnn2snn_samples *samples)
{
    return samples->rank;
}

const int64_t *c2s_samples_shape(const cnn2snn_samples *samples)
{
    return samples->shape;
}

/* ------------------------------------------------------------------------------------------------ reading */

/* Elements [first, first + count) of an array as they are in the file, by way of `piece`. */
static cnn2snn_status read_elements(const struct part *part, uint64_t first, uint64_t count, unsigned char *piece,
                                    float *out, cnn2snn_error **error)
{
    size_t size = c2s_dtype_size(part->layout.dtype), room = PIECE_BYTES / size;
    for (uint64_t done = 0, some; done < count; done += some) {
        some = count - done < room ? count - done : room;
        uint64_t offset = part->layout.data_offset + (first + done) * size;
        if (part->stream)
            C2S_TRY(c2s_zip_stream_read(part->stream, offset, piece, (size_t)some * size, error));
        else
            memcpy(piece, part->data + offset, (size_t)some * size);
        c2s_npy_settle(&part->layout, piece, some);
        if (part->layout.dtype == CNN2SNN_DTYPE_FLOAT32)
            memcpy(out + done, piece, (size_t)some * size);
        else
            c2s_dtype_convert(part->layout.dtype, piece, CNN2SNN_DTYPE_FLOAT32, out + done, some);
    }
    return CNN2SNN_OK;
}

static cnn2snn_status read_part(const cnn2snn_samples *samples, const struct part *part, int64_t first, int64_t count,
                                unsigned char *piece, float *out, cnn2snn_error **error)
{
    uint64_t elements = 1;
    for (size_t i = 0; i < samples->rank; i++)
        elements *= (uint64_t)samples->shape[i]; /* the array's own count has been checked */
    if (!part->tensor)
        return read_elements(part, (uint64_t)first * elements, (uint64_t)count * elements, piece, out, error);
    const char *data = part->tensor->data;
    data += (uint64_t)first * elements * c2s_dtype_size(part->tensor->dtype);
    if (part->tensor->dtype == CNN2SNN_DTYPE_FLOAT32)
        memcpy(out, data, (uint64_t)count * elements * sizeof *out);
    else
        c2s_dtype_convert(part->tensor->dtype, data, CNN2SNN_DTYPE_FLOAT32, out, (uint64_t)count * elements);
    return CNN2SNN_OK;
}

static cnn2snn_status read_parts(const cnn2snn_samples *samples, int64_t first, int64_t count, float *out,
                                 cnn2snn_error **error)
{
    unsigned char *piece = samples->map.data ? c2s_alloc(samples->context, PIECE_BYTES) : NULL;
    if (samples->map.data && !piece)
        return c2s_error_no_memory(error);
    cnn2snn_status status =
        samples->map.data ? c2s_file_map_check(samples->context, &samples->map, error) : CNN2SNN_OK;
    uint64_t elements = 1;
    for (size_t i = 0; i < samples->rank; i++)
        elements *= (uint64_t)samples->shape[i];
    for (size_t p = 0; !status && p < samples->part_count && count; p++) {
        const struct part *part = &samples->parts[p];
        int64_t begin = first - part->first, some = part->count - begin;
        if (some <= 0)
            continue;
        some = some < count ? some : count;
        status = read_part(samples, part, begin, some, piece, out, error);
        out += (uint64_t)some * elements;
        first += some;
        count -= some;
    }
    c2s_free(samples->context, piece);
    return status;
}

static cnn2snn_status check_finite(const cnn2snn_tensor *tensor, int64_t first, cnn2snn_error **error)
{
    const float *values = c2s_f32(tensor);
    for (uint64_t i = 0; i < tensor->count; i++)
        if (!isfinite(values[i])) {
            uint64_t sample = i / (tensor->count / (uint64_t)tensor->shape[0]);
            return c2s_error(tensor->context, error, CNN2SNN_E_VALUE, "S-finite",
                             "sample %" PRIu64 " holds a value that is %s", (uint64_t)first + sample,
                             isnan(values[i]) ? "NaN" : "infinite");
        }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_samples_read(cnn2snn_samples *samples, int64_t first, int64_t count, cnn2snn_tensor **out_tensor,
                                cnn2snn_error **error)
{
    if (first < 0 || count < 0 || first > samples->count || count > samples->count - first)
        return c2s_error(samples->context, error, CNN2SNN_E_INDEX, "S-index",
                         "samples %lld and %lld more, there are %lld", (long long)first, (long long)count,
                         (long long)samples->count);
    cnn2snn_tensor *tensor = NULL;
    int64_t shape[CNN2SNN_MAX_RANK] = {count};
    memcpy(shape + 1, samples->shape, samples->rank * sizeof *shape);
    C2S_TRY(c2s_tensor_create(samples->context, CNN2SNN_DTYPE_FLOAT32, samples->rank + 1, shape, &tensor, error));
    cnn2snn_status status = read_parts(samples, first, count, c2s_f32_writable(tensor), error);
    if (!status)
        status = check_finite(tensor, first, error);
    if (status) {
        if (samples->path)
            c2s_error_set_file(error, samples->path);
        c2s_tensor_release(tensor);
        return status;
    }
    *out_tensor = tensor;
    return CNN2SNN_OK;
}
