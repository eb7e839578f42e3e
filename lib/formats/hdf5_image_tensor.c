/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what arrays of a file become: any number type and byte order to tensors. */
#include <string.h>

#include "base/error.h"
#include "formats/hdf5_image.h"

#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
static const bool host_is_big_endian = true;
#else
static const bool host_is_big_endian = false;
#endif

static cnn2snn_dtype dtype_of(struct c2s_image_type type)
{
    static const cnn2snn_dtype integers[2][9] = {
        {[1] = CNN2SNN_DTYPE_INT8, [2] = CNN2SNN_DTYPE_INT16, [4] = CNN2SNN_DTYPE_INT32, [8] = CNN2SNN_DTYPE_INT64},
        {[1] = CNN2SNN_DTYPE_UINT8,
         [2] = CNN2SNN_DTYPE_UINT16,
         [4] = CNN2SNN_DTYPE_UINT32,
         [8] = CNN2SNN_DTYPE_UINT64},
    };
    if (type.kind == 'b')
        return CNN2SNN_DTYPE_BOOL;
    if (type.kind == 'f')
        return type.size == 2   ? CNN2SNN_DTYPE_FLOAT16
               : type.size == 4 ? CNN2SNN_DTYPE_FLOAT32
                                : CNN2SNN_DTYPE_FLOAT64;
    return integers[type.kind == 'u'][type.size];
}

static void copy_swapped(unsigned char *out, const unsigned char *in, size_t size, size_t element)
{
    for (size_t i = 0; i < size; i += element)
        for (size_t k = 0; k < element; k++)
            out[i + k] = in[i + element - 1 - k];
}

static void release_image(void *user_data)
{
    c2s_image_release(user_data);
}

/* In the file's own type. */
static cnn2snn_status own_tensor(const struct c2s_image_index *index, const struct c2s_image_object *dataset,
                                 cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    cnn2snn_dtype dtype = dtype_of(dataset->type);
    if (dataset->type.size > 1 && dataset->type.big_endian != host_is_big_endian) {
        C2S_TRY(c2s_tensor_create(index->context, dtype, dataset->rank, dataset->extents, out_tensor, error));
        copy_swapped((*out_tensor)->data, dataset->data, dataset->data_size, dataset->type.size);
        return CNN2SNN_OK;
    }
    return c2s_tensor_wrap(index->context, dtype, dataset->rank, dataset->extents, NULL, dataset->data, release_image,
                           c2s_image_retain(index->image), out_tensor, error);
}

cnn2snn_status c2s_image_tensor(const struct c2s_image_index *index, const struct c2s_image_object *dataset,
                                bool as_float, cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    *out_tensor = NULL;
    cnn2snn_tensor *own = NULL;
    C2S_TRY(own_tensor(index, dataset, &own, error));
    if (!as_float) {
        *out_tensor = own;
        return CNN2SNN_OK;
    }
    cnn2snn_status status = c2s_tensor_convert(own, CNN2SNN_DTYPE_FLOAT32, out_tensor, error);
    c2s_tensor_release(own);
    return status;
}
