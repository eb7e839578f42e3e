/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors inside the library: always in C order, counted references, data shared until somebody must write. */
#ifndef C2S_TENSOR_H
#define C2S_TENSOR_H

#include <stdatomic.h>
#include <stdbool.h>

#include "cnn2snn/tensor.h"

struct cnn2snn_tensor {
    cnn2snn_context *context; /* counted */
    atomic_size_t references;
    cnn2snn_dtype dtype;
    size_t rank;
    int64_t shape[CNN2SNN_MAX_RANK];
    uint64_t count;             /* product of the shape */
    size_t size;                /* bytes */
    void *data;                 /* 64-byte aligned when owned; not NULL, also when empty */
    cnn2snn_tensor *base;       /* holder of the data of a reshaped tensor, or NULL */
    cnn2snn_destroy_fn release; /* of foreign data, or NULL */
    void *release_user_data;
    bool owned; /* data is freed by the allocator */
};

/* Product of the extents; CNN2SNN_E_VALUE for negative ones, CNN2SNN_E_LIMIT beyond max_tensor_elements or overflow.
 */
cnn2snn_status c2s_shape_count(cnn2snn_context *context, size_t rank, const int64_t *shape, uint64_t *out_count,
                               cnn2snn_error **error);

/* "(2, 3)" in Python's form; -1 is printed as None. Writes at most `size` bytes, gives `text`. */
const char *c2s_shape_print(size_t rank, const int64_t *shape, char *text, size_t size);

/* Uninitialised data. Checks rank, shape and limits. */
cnn2snn_status c2s_tensor_create(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank, const int64_t *shape,
                                 cnn2snn_tensor **out_tensor, cnn2snn_error **error);
cnn2snn_status c2s_tensor_create_zeros(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank,
                                       const int64_t *shape, cnn2snn_tensor **out_tensor, cnn2snn_error **error);

/* As cnn2snn_tensor_wrap. */
cnn2snn_status c2s_tensor_wrap(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank, const int64_t *shape,
                               const int64_t *strides, const void *data, cnn2snn_destroy_fn release, void *user_data,
                               cnn2snn_tensor **out_tensor, cnn2snn_error **error);

/* A copy with data of its own. */
cnn2snn_status c2s_tensor_copy(const cnn2snn_tensor *tensor, cnn2snn_tensor **out_tensor, cnn2snn_error **error);

/* Converted; a new reference to the same tensor when the type is right already. */
cnn2snn_status c2s_tensor_convert(const cnn2snn_tensor *tensor, cnn2snn_dtype dtype, cnn2snn_tensor **out_tensor,
                                  cnn2snn_error **error);

/* Same data, other shape (a view; keeps the tensor alive). */
cnn2snn_status c2s_tensor_reshape(const cnn2snn_tensor *tensor, size_t rank, const int64_t *shape,
                                  cnn2snn_tensor **out_tensor, cnn2snn_error **error);

/* `count` entries of the first axis from `first` on (a view). */
cnn2snn_status c2s_tensor_slice(const cnn2snn_tensor *tensor, int64_t first, int64_t count,
                                cnn2snn_tensor **out_tensor, cnn2snn_error **error);

cnn2snn_tensor *c2s_tensor_retain(const cnn2snn_tensor *tensor);
void c2s_tensor_release(cnn2snn_tensor *tensor);

/* Element `index` as a double, whatever the type (64-bit integers may be rounded). */
double c2s_tensor_get_double(const cnn2snn_tensor *tensor, uint64_t index);

bool c2s_tensor_same_shape(const cnn2snn_tensor *a, const cnn2snn_tensor *b);

static inline const float *c2s_f32(const cnn2snn_tensor *tensor)
{
    return (const float *)tensor->data;
}

/* For a tensor that nobody else has seen yet. */
static inline float *c2s_f32_writable(cnn2snn_tensor *tensor)
{
    return (float *)tensor->data;
}

const char *c2s_dtype_name(cnn2snn_dtype dtype);
size_t c2s_dtype_size(cnn2snn_dtype dtype);
bool c2s_dtype_is_float(cnn2snn_dtype dtype);
bool c2s_dtype_is_integer(cnn2snn_dtype dtype); /* bool isn't */
bool c2s_dtype_is_unsigned(cnn2snn_dtype dtype);
/* CNN2SNN_DTYPE_NONE for unknown names. */
cnn2snn_dtype c2s_dtype_from_name(const char *name);

#endif
