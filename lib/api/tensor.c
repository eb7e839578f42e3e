/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/tensor.h. */
#include "tensor/tensor.h"

#include "api/edge.h"
#include "tensor/npy.h"

const char *cnn2snn_dtype_name(cnn2snn_dtype dtype)
{
    return c2s_dtype_name(dtype);
}

size_t cnn2snn_dtype_size(cnn2snn_dtype dtype)
{
    return c2s_dtype_size(dtype);
}

static cnn2snn_status check_dtype(cnn2snn_context *context, cnn2snn_dtype dtype, cnn2snn_error **error)
{
    if (!c2s_dtype_size(dtype))
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-dtype", "element type %d is unknown", (int)dtype);
    return CNN2SNN_OK;
}

cnn2snn_status cnn2snn_tensor_create(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank, const int64_t *shape,
                                     cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    C2S_OUT(error, out_tensor);
    C2S_NEED(error, context);
    if (rank)
        C2S_NEED(error, shape);
    C2S_TRY(check_dtype(context, dtype, error));
    C2S_RETURN(context, c2s_tensor_create_zeros(context, dtype, rank, shape, out_tensor, error), out_tensor, error);
}

static cnn2snn_status check_wrap(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank, const int64_t *shape,
                                 const void *data, cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    C2S_OUT(error, out_tensor);
    C2S_NEED(error, context);
    C2S_NEED(error, data);
    if (rank)
        C2S_NEED(error, shape);
    return check_dtype(context, dtype, error);
}

cnn2snn_status cnn2snn_tensor_wrap(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank, const int64_t *shape,
                                   const int64_t *strides, const void *data, cnn2snn_destroy_fn release,
                                   void *user_data, cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    cnn2snn_status status = check_wrap(context, dtype, rank, shape, data, out_tensor, error);
    if (status) {
        if (release)
            release(user_data);
        return status;
    }
    C2S_RETURN(context,
               c2s_tensor_wrap(context, dtype, rank, shape, strides, data, release, user_data, out_tensor, error),
               out_tensor, error);
}

cnn2snn_status cnn2snn_tensor_convert(const cnn2snn_tensor *tensor, cnn2snn_dtype dtype, cnn2snn_tensor **out_tensor,
                                      cnn2snn_error **error)
{
    C2S_OUT(error, out_tensor);
    C2S_NEED(error, tensor);
    C2S_TRY(check_dtype(tensor->context, dtype, error));
    C2S_RETURN(tensor->context, c2s_tensor_convert(tensor, dtype, out_tensor, error), out_tensor, error);
}

cnn2snn_status cnn2snn_tensor_reshape(const cnn2snn_tensor *tensor, size_t rank, const int64_t *shape,
                                      cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    C2S_OUT(error, out_tensor);
    C2S_NEED(error, tensor);
    if (rank)
        C2S_NEED(error, shape);
    C2S_RETURN(tensor->context, c2s_tensor_reshape(tensor, rank, shape, out_tensor, error), out_tensor, error);
}

cnn2snn_tensor *cnn2snn_tensor_retain(cnn2snn_tensor *tensor)
{
    return tensor ? c2s_tensor_retain(tensor) : NULL;
}

void cnn2snn_tensor_destroy(cnn2snn_tensor *tensor)
{
    c2s_tensor_release(tensor);
}

cnn2snn_dtype cnn2snn_tensor_get_dtype(const cnn2snn_tensor *tensor)
{
    return tensor ? tensor->dtype : CNN2SNN_DTYPE_NONE;
}

size_t cnn2snn_tensor_get_rank(const cnn2snn_tensor *tensor)
{
    return tensor ? tensor->rank : 0;
}

const int64_t *cnn2snn_tensor_get_shape(const cnn2snn_tensor *tensor)
{
    return tensor ? tensor->shape : NULL;
}

uint64_t cnn2snn_tensor_get_count(const cnn2snn_tensor *tensor)
{
    return tensor ? tensor->count : 0;
}

size_t cnn2snn_tensor_get_size(const cnn2snn_tensor *tensor)
{
    return tensor ? tensor->size : 0;
}

const void *cnn2snn_tensor_get_data(const cnn2snn_tensor *tensor)
{
    return tensor ? tensor->data : NULL;
}

void *cnn2snn_tensor_get_writable_data(cnn2snn_tensor *tensor)
{
    if (!tensor || !tensor->owned || tensor->base)
        return NULL;
    return atomic_load_explicit(&tensor->references, memory_order_acquire) == 1 ? tensor->data : NULL;
}

/* ------------------------------------------------------------------------------------------------ files */

cnn2snn_status cnn2snn_tensor_load(cnn2snn_context *context, const char *path, cnn2snn_tensor **out_tensor,
                                   cnn2snn_error **error)
{
    C2S_OUT(error, out_tensor);
    C2S_NEED(error, context);
    C2S_NEED(error, path);
    cnn2snn_status status = c2s_npy_load(context, path, out_tensor, error);
    if (status)
        c2s_error_set_file(error, path);
    C2S_RETURN(context, status, out_tensor, error);
}

cnn2snn_status cnn2snn_tensor_save(const cnn2snn_tensor *tensor, const char *path, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, tensor);
    C2S_NEED(error, path);
    cnn2snn_status status = c2s_npy_save(tensor, path, error);
    if (status)
        c2s_error_set_file(error, path);
    return c2s_edge_end(tensor->context, status, error);
}

cnn2snn_status cnn2snn_archive_create(cnn2snn_context *context, cnn2snn_archive **out_archive, cnn2snn_error **error)
{
    C2S_OUT(error, out_archive);
    C2S_NEED(error, context);
    C2S_RETURN(context, c2s_archive_create(context, out_archive, error), out_archive, error);
}

cnn2snn_status cnn2snn_archive_load(cnn2snn_context *context, const char *path, cnn2snn_archive **out_archive,
                                    cnn2snn_error **error)
{
    C2S_OUT(error, out_archive);
    C2S_NEED(error, context);
    C2S_NEED(error, path);
    cnn2snn_status status = c2s_archive_load(context, path, out_archive, error);
    if (status)
        c2s_error_set_file(error, path);
    C2S_RETURN(context, status, out_archive, error);
}

size_t cnn2snn_archive_get_count(const cnn2snn_archive *archive)
{
    return archive ? c2s_archive_get_count(archive) : 0;
}

const char *cnn2snn_archive_get_name(const cnn2snn_archive *archive, size_t index)
{
    return archive ? c2s_archive_get_name(archive, index) : NULL;
}

const cnn2snn_tensor *cnn2snn_archive_get_tensor(const cnn2snn_archive *archive, size_t index)
{
    return archive ? c2s_archive_get_tensor(archive, index) : NULL;
}

cnn2snn_status cnn2snn_archive_add(cnn2snn_archive *archive, const char *name, cnn2snn_tensor *tensor,
                                   cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, archive);
    C2S_NEED(error, name);
    C2S_NEED(error, tensor);
    return c2s_edge_end(tensor->context, c2s_archive_add(archive, name, tensor, error), error);
}

cnn2snn_status cnn2snn_archive_save(const cnn2snn_archive *archive, const char *path, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, archive);
    C2S_NEED(error, path);
    cnn2snn_status status = c2s_archive_save(archive, path, error);
    if (status)
        c2s_error_set_file(error, path);
    return c2s_edge_end(NULL, status, error);
}

void cnn2snn_archive_destroy(cnn2snn_archive *archive)
{
    c2s_archive_destroy(archive);
}
