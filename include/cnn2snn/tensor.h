/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Tensors: arrays of numbers of up to 8 dimensions, and the .npy and .npz files that hold them.
 *
 * A tensor's shape and type never change. Its data may be written by whoever made it until it is handed to a model
 * or layer; afterwards it is read only. Handles are counted references.
 *
 * Thread safety: a tensor that nobody writes to may be read from any thread.
 */
#ifndef CNN2SNN_TENSOR_H
#define CNN2SNN_TENSOR_H

#include "cnn2snn/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn2snn_tensor cnn2snn_tensor;
typedef struct cnn2snn_archive cnn2snn_archive;

/** Element type. */
typedef int32_t cnn2snn_dtype;
enum {
    CNN2SNN_DTYPE_NONE = 0,
    CNN2SNN_DTYPE_FLOAT32 = 1,
    CNN2SNN_DTYPE_FLOAT64 = 2,
    CNN2SNN_DTYPE_FLOAT16 = 3,
    CNN2SNN_DTYPE_BOOL = 4,
    CNN2SNN_DTYPE_INT8 = 5,
    CNN2SNN_DTYPE_INT16 = 6,
    CNN2SNN_DTYPE_INT32 = 7,
    CNN2SNN_DTYPE_INT64 = 8,
    CNN2SNN_DTYPE_UINT8 = 9,
    CNN2SNN_DTYPE_UINT16 = 10,
    CNN2SNN_DTYPE_UINT32 = 11,
    CNN2SNN_DTYPE_UINT64 = 12
};

enum { CNN2SNN_MAX_RANK = 8 };

/** numpy's name, such as "float32"; "unknown" for other numbers. Never NULL. */
CNN2SNN_API const char *cnn2snn_dtype_name(cnn2snn_dtype dtype);
/** Bytes of an element; 0 for unknown types. */
CNN2SNN_API size_t cnn2snn_dtype_size(cnn2snn_dtype dtype);

/** A tensor of zeros. `shape` has `rank` extents, each 0 or more; rank 0 is a scalar. */
CNN2SNN_API cnn2snn_status cnn2snn_tensor_create(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank,
                                                 const int64_t *shape, cnn2snn_tensor **out_tensor,
                                                 cnn2snn_error **error);

/**
 * A tensor over the caller's memory, which must stay as it is until `release` is called (once, from any thread; also
 * when this function fails).
 *
 * @param strides bytes from one element to the next in each dimension (may be 0 or negative; `data` is the element
 *                with all indices 0), or NULL for C order. Data not in C order is copied at once.
 * @param release may be NULL: the memory outlives the tensor and everything made from it.
 */
CNN2SNN_API cnn2snn_status cnn2snn_tensor_wrap(cnn2snn_context *context, cnn2snn_dtype dtype, size_t rank,
                                               const int64_t *shape, const int64_t *strides, const void *data,
                                               cnn2snn_destroy_fn release, void *user_data,
                                               cnn2snn_tensor **out_tensor, cnn2snn_error **error);

/** The values converted to another type: as C does, floats to integers cut towards zero and limited to the range. */
CNN2SNN_API cnn2snn_status cnn2snn_tensor_convert(const cnn2snn_tensor *tensor, cnn2snn_dtype dtype,
                                                  cnn2snn_tensor **out_tensor, cnn2snn_error **error);

/** The same data in another shape of as many elements. */
CNN2SNN_API cnn2snn_status cnn2snn_tensor_reshape(const cnn2snn_tensor *tensor, size_t rank, const int64_t *shape,
                                                  cnn2snn_tensor **out_tensor, cnn2snn_error **error);

CNN2SNN_API cnn2snn_tensor *cnn2snn_tensor_retain(cnn2snn_tensor *tensor);
CNN2SNN_API void cnn2snn_tensor_destroy(cnn2snn_tensor *tensor);

CNN2SNN_API cnn2snn_dtype cnn2snn_tensor_get_dtype(const cnn2snn_tensor *tensor);
CNN2SNN_API size_t cnn2snn_tensor_get_rank(const cnn2snn_tensor *tensor);
/** Extents, as many as the rank. Borrowed. */
CNN2SNN_API const int64_t *cnn2snn_tensor_get_shape(const cnn2snn_tensor *tensor);
CNN2SNN_API uint64_t cnn2snn_tensor_get_count(const cnn2snn_tensor *tensor);
CNN2SNN_API size_t cnn2snn_tensor_get_size(const cnn2snn_tensor *tensor);
/** The elements in C order. Borrowed. */
CNN2SNN_API const void *cnn2snn_tensor_get_data(const cnn2snn_tensor *tensor);
/** The same for writing, or NULL when the memory is the caller's own or in use by somebody else as well. */
CNN2SNN_API void *cnn2snn_tensor_get_writable_data(cnn2snn_tensor *tensor);

/** Reads a .npy file (versions 1 to 3, either byte order, C or Fortran order; no pickled objects). */
CNN2SNN_API cnn2snn_status cnn2snn_tensor_load(cnn2snn_context *context, const char *path, cnn2snn_tensor **out_tensor,
                                               cnn2snn_error **error);
/** Writes a .npy file. */
CNN2SNN_API cnn2snn_status cnn2snn_tensor_save(const cnn2snn_tensor *tensor, const char *path, cnn2snn_error **error);

/** Named tensors: an .npz file read (stored or deflated), or one to be written (stored). */
CNN2SNN_API cnn2snn_status cnn2snn_archive_create(cnn2snn_context *context, cnn2snn_archive **out_archive,
                                                  cnn2snn_error **error);
CNN2SNN_API cnn2snn_status cnn2snn_archive_load(cnn2snn_context *context, const char *path,
                                                cnn2snn_archive **out_archive, cnn2snn_error **error);
CNN2SNN_API size_t cnn2snn_archive_get_count(const cnn2snn_archive *archive);
/** Name without ".npy", in file order; NULL if out of range. */
CNN2SNN_API const char *cnn2snn_archive_get_name(const cnn2snn_archive *archive, size_t index);
/** Borrowed; NULL if out of range. */
CNN2SNN_API const cnn2snn_tensor *cnn2snn_archive_get_tensor(const cnn2snn_archive *archive, size_t index);
/** Adds a reference to the tensor; CNN2SNN_E_VALUE for a name that is there already, is empty or holds a '\0' or "..". */
CNN2SNN_API cnn2snn_status cnn2snn_archive_add(cnn2snn_archive *archive, const char *name, cnn2snn_tensor *tensor,
                                               cnn2snn_error **error);
CNN2SNN_API cnn2snn_status cnn2snn_archive_save(const cnn2snn_archive *archive, const char *path,
                                                cnn2snn_error **error);
CNN2SNN_API void cnn2snn_archive_destroy(cnn2snn_archive *archive);

/**
 * Samples of a model's input, read a few at a time, so that memory doesn't grow with their number. Counted references:
 * what is made with them keeps them. Those of a file belong to one thread.
 */
typedef struct cnn2snn_samples cnn2snn_samples;

/** A tensor with the number of samples in front. A reference to it is kept. */
CNN2SNN_API cnn2snn_status cnn2snn_samples_create(const cnn2snn_tensor *tensor, cnn2snn_samples **out_samples,
                                                  cnn2snn_error **error);
/**
 * The arrays of an .npz file one behind the other along their first axis, in file order, or the array of a .npy file.
 * The file stays open and must stay as it is.
 * @return CNN2SNN_E_VALUE where arrays don't go together.
 */
CNN2SNN_API cnn2snn_status cnn2snn_samples_open(cnn2snn_context *context, const char *path,
                                                cnn2snn_samples **out_samples, cnn2snn_error **error);
CNN2SNN_API int64_t cnn2snn_samples_get_count(const cnn2snn_samples *samples);
/** Dimensions of one sample. */
CNN2SNN_API size_t cnn2snn_samples_get_rank(const cnn2snn_samples *samples);
/** Extents of one sample, as many as the rank. Borrowed. */
CNN2SNN_API const int64_t *cnn2snn_samples_get_shape(const cnn2snn_samples *samples);
/** `count` samples from `first` on as float32; CNN2SNN_E_INDEX, or CNN2SNN_E_VALUE where one is NaN or infinite. */
CNN2SNN_API cnn2snn_status cnn2snn_samples_read(cnn2snn_samples *samples, int64_t first, int64_t count,
                                                cnn2snn_tensor **out_tensor, cnn2snn_error **error);
CNN2SNN_API void cnn2snn_samples_destroy(cnn2snn_samples *samples);

#ifdef __cplusplus
}
#endif

#endif
