/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a tensor may be, who owns its data, and when data is copied. */
#include "tensor/tensor.h"

#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/context.h"
#include "base/error.h"
#include "tensor/dtype.h"

/* ------------------------------------------------------------------------------------------------ shapes */

const char *c2s_shape_print(size_t rank, const int64_t *shape, char *text, size_t size)
{
    size_t at = 0;
    if (!size)
        return text;
    snprintf(text, size, "(");
    for (size_t i = 0; i < rank && (at = strlen(text)) + 1 < size; i++) {
        const char *behind = i + 1 < rank ? ", " : rank == 1 ? "," : "";
        if (shape[i] == -1)
            snprintf(text + at, size - at, "None%s", behind);
        else
            snprintf(text + at, size - at, "%lld%s", (long long)shape[i], behind);
    }
    at = strlen(text);
    snprintf(text + at, size - at, ")");
    return text;
}

cnn2snn_status c2s_shape_count(cnn2snn_context *context, size_t rank, const int64_t *shape, uint64_t *out_count,
                               cnn2snn_error **error)
{
    char text[256];
    if (rank > CNN2SNN_MAX_RANK)
        return c2s_error(context, error, CNN2SNN_E_LIMIT, "T-rank", "%zu dimensions, expected at most %d", rank,
                         CNN2SNN_MAX_RANK);
    /* Extents beside a 0 are limited as well, so that products of some of them don't overflow either. */
    uint64_t product = 1;
    bool empty = false, fits = true;
    for (size_t i = 0; i < rank; i++) {
        if (shape[i] < 0)
            return c2s_error(context, error, CNN2SNN_E_VALUE, "T-shape", "shape %s has a negative extent",
                             c2s_shape_print(rank, shape, text, sizeof text));
        empty = empty || !shape[i];
        fits = fits && !__builtin_mul_overflow(product, shape[i] ? (uint64_t)shape[i] : 1, &product);
    }
    if (!fits || product > context->max_tensor_elements)
        return c2s_error(context, error, CNN2SNN_E_LIMIT, "T-elements",
                         "shape %s has more elements than the context's max_tensor_elements, %llu",
                         c2s_shape_print(rank, shape, text, sizeof text),
                         (unsigned long long)context->max_tensor_elements);
    *out_count = empty ? 0 : product;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ making */

/* A tensor without data yet; everything is checked. */
static cnn2snn_status create_head(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank, const int64_t *shape,
                                  cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    uint64_t count = 0;
    size_t element = c2s_dtype_size(dtype), size;
    if (!element)
        return c2s_error(context, error, CNN2SNN_E_TYPE, "T-dtype", "element type %d is unknown", (int)dtype);
    C2S_TRY(c2s_shape_count(context, rank, shape, &count, error));
    if (count > SIZE_MAX || !c2s_mul_size((size_t)count, element, &size))
        return c2s_error(context, error, CNN2SNN_E_LIMIT, "T-elements", "%llu elements of %zu bytes are too many",
                         (unsigned long long)count, element);
    cnn2snn_tensor *tensor = c2s_calloc(context, 1, sizeof *tensor);
    if (!tensor)
        return c2s_error_no_memory(error);
    atomic_init(&tensor->references, 1);
    tensor->context = c2s_context_retain(context);
    tensor->dtype = dtype;
    tensor->rank = rank;
    if (rank)
        memcpy(tensor->shape, shape, rank * sizeof *shape);
    tensor->count = count;
    tensor->size = size;
    *out_tensor = tensor;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_tensor_create(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank, const int64_t *shape,
                                 cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    cnn2snn_tensor *tensor = NULL;
    C2S_TRY(create_head(context, dtype, rank, shape, &tensor, error));
    tensor->data = c2s_alloc(context, tensor->size);
    tensor->owned = true;
    if (!tensor->data) {
        c2s_tensor_release(tensor);
        return c2s_error_no_memory(error);
    }
    *out_tensor = tensor;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_tensor_create_zeros(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank,
                                       const int64_t *shape, cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    C2S_TRY(c2s_tensor_create(context, dtype, rank, shape, out_tensor, error));
    memset((*out_tensor)->data, 0, (*out_tensor)->size);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_tensor_copy(const cnn2snn_tensor *tensor, cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    C2S_TRY(c2s_tensor_create(tensor->context, tensor->dtype, tensor->rank, tensor->shape, out_tensor, error));
    memcpy((*out_tensor)->data, tensor->data, tensor->size);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_tensor_convert(const cnn2snn_tensor *tensor, cnn2snn_dtype dtype, cnn2snn_tensor **out_tensor,
                                  cnn2snn_error **error)
{
    if (tensor->dtype == dtype) {
        *out_tensor = c2s_tensor_retain(tensor);
        return CNN2SNN_OK;
    }
    C2S_TRY(c2s_tensor_create(tensor->context, dtype, tensor->rank, tensor->shape, out_tensor, error));
    c2s_dtype_convert(tensor->dtype, tensor->data, dtype, (*out_tensor)->data, tensor->count);
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ foreign memory */

static bool is_aligned(const void *data, size_t size)
{
    return (uintptr_t)data % size == 0;
}

static bool is_c_order(const cnn2snn_tensor *tensor, const int64_t *strides)
{
    uint64_t expected = c2s_dtype_size(tensor->dtype);
    for (size_t i = tensor->rank; strides && tensor->count && i-- > 0;) {
        if (tensor->shape[i] > 1 && (uint64_t)strides[i] != expected)
            return false;
        expected *= (uint64_t)tensor->shape[i];
    }
    return true;
}

/* Copies `source`, whose strides may be any, into C order: an odometer over all axes but the last. */
static void gather(cnn2snn_tensor *tensor, const int64_t *strides, const char *source)
{
    size_t size = c2s_dtype_size(tensor->dtype), last = tensor->rank ? tensor->rank - 1 : 0;
    int64_t index[CNN2SNN_MAX_RANK] = {0}, inner = tensor->rank ? tensor->shape[last] : 1;
    int64_t step = tensor->rank ? strides[last] : 0, offset = 0;
    char *target = tensor->data;
    for (uint64_t done = 0; done < tensor->count; done += (uint64_t)inner) {
        for (int64_t i = 0; i < inner; i++, target += size)
            memcpy(target, source + offset + i * step, size);
        for (size_t axis = last; axis-- > 0;) {
            offset += strides[axis];
            if (++index[axis] < tensor->shape[axis])
                break;
            offset -= strides[axis] * tensor->shape[axis];
            index[axis] = 0;
        }
    }
}

static cnn2snn_status wrap(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank, const int64_t *shape,
                           const int64_t *strides, const void *data, cnn2snn_tensor **out_tensor,
                           cnn2snn_error **error)
{
    cnn2snn_tensor *tensor = NULL;
    C2S_TRY(create_head(context, dtype, rank, shape, &tensor, error));
    if (!data && tensor->count) {
        c2s_tensor_release(tensor);
        return c2s_error(context, error, CNN2SNN_E_INVALID_ARGUMENT, "A-null", "data is NULL");
    }
    bool ordered = is_c_order(tensor, strides);
    if (data && ordered && is_aligned(data, c2s_dtype_size(dtype))) {
        tensor->data = (void *)data;
        *out_tensor = tensor;
        return CNN2SNN_OK;
    }
    tensor->data = c2s_alloc(context, tensor->size);
    tensor->owned = true;
    if (!tensor->data) {
        c2s_tensor_release(tensor);
        return c2s_error_no_memory(error);
    }
    if (!ordered)
        gather(tensor, strides, data);
    else if (tensor->count)
        memcpy(tensor->data, data, tensor->size);
    *out_tensor = tensor;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_tensor_wrap(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank, const int64_t *shape,
                               const int64_t *strides, const void *data, cnn2snn_destroy_fn release, void *user_data,
                               cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    cnn2snn_status status = wrap(context, dtype, rank, shape, strides, data, out_tensor, error);
    if (!status && !(*out_tensor)->owned) {
        (*out_tensor)->release = release;
        (*out_tensor)->release_user_data = user_data;
    } else if (release) {
        release(user_data);
    }
    return status;
}

/* ------------------------------------------------------------------------------------------------ views */

/* Shares `tensor`'s data from `data` on. The view holds the owner of the data, not another view. */
static cnn2snn_status view(const cnn2snn_tensor *tensor, size_t rank, const int64_t *shape, void *data,
                           cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    cnn2snn_tensor *fresh = NULL;
    C2S_TRY(create_head(tensor->context, tensor->dtype, rank, shape, &fresh, error));
    fresh->data = data;
    fresh->base = c2s_tensor_retain(tensor->base ? tensor->base : tensor);
    *out_tensor = fresh;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_tensor_reshape(const cnn2snn_tensor *tensor, size_t rank, const int64_t *shape,
                                  cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    uint64_t count = 0;
    C2S_TRY(c2s_shape_count(tensor->context, rank, shape, &count, error));
    if (count != tensor->count) {
        char old[256], wanted[256];
        return c2s_error(tensor->context, error, CNN2SNN_E_VALUE, "T-reshape", "shape %s can't become %s",
                         c2s_shape_print(tensor->rank, tensor->shape, old, sizeof old),
                         c2s_shape_print(rank, shape, wanted, sizeof wanted));
    }
    return view(tensor, rank, shape, tensor->data, out_tensor, error);
}

cnn2snn_status c2s_tensor_slice(const cnn2snn_tensor *tensor, int64_t first, int64_t count,
                                cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    int64_t all = tensor->rank ? tensor->shape[0] : 0, shape[CNN2SNN_MAX_RANK] = {0};
    if (!tensor->rank || first < 0 || count < 0 || first > all || count > all - first)
        return c2s_error(tensor->context, error, CNN2SNN_E_INDEX, "T-slice", "%lld entries from %lld on of %lld",
                         (long long)count, (long long)first, (long long)all);
    memcpy(shape, tensor->shape, tensor->rank * sizeof *shape);
    shape[0] = count;
    size_t entry = all ? tensor->size / (size_t)all : 0;
    return view(tensor, tensor->rank, shape, (char *)tensor->data + entry * (size_t)first, out_tensor, error);
}

/* ------------------------------------------------------------------------------------------------ references */

cnn2snn_tensor *c2s_tensor_retain(const cnn2snn_tensor *tensor)
{
    cnn2snn_tensor *counted = (cnn2snn_tensor *)tensor;
    if (counted)
        atomic_fetch_add_explicit(&counted->references, 1, memory_order_relaxed);
    return counted;
}

void c2s_tensor_release(cnn2snn_tensor *tensor)
{
    if (!tensor || atomic_fetch_sub_explicit(&tensor->references, 1, memory_order_acq_rel) != 1)
        return;
    cnn2snn_context *context = tensor->context;
    if (tensor->owned)
        c2s_free(context, tensor->data);
    if (tensor->release)
        tensor->release(tensor->release_user_data);
    c2s_tensor_release(tensor->base); /* a base has no base itself */
    c2s_free(context, tensor);
    c2s_context_release(context);
}

/* ------------------------------------------------------------------------------------------------ looking */

double c2s_tensor_get_double(const cnn2snn_tensor *tensor, uint64_t index)
{
    size_t size = c2s_dtype_size(tensor->dtype);
    return c2s_dtype_get_double(tensor->dtype, (const char *)tensor->data + (size_t)index * size);
}

bool c2s_tensor_same_shape(const cnn2snn_tensor *a, const cnn2snn_tensor *b)
{
    return a->rank == b->rank && (!a->rank || !memcmp(a->shape, b->shape, a->rank * sizeof *a->shape));
}
