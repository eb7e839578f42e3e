/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a model file is by its first bytes, and how HDF5 files get to their image. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/context.h"
#include "base/error.h"
#include "formats/hdf5_extract.h"
#include "formats/keras_hdf5.h"
#include "formats/keras_image.h"
#include "ir/model.h"

enum { SIGNATURE = 8 };

/* HDF5's signature stands at 0, or behind a user block at 512, 1024, 2048, ... */
static bool offset_is_possible(uint64_t offset, uint64_t size)
{
    return offset <= size && size - offset >= SIGNATURE;
}

static uint64_t next_offset(uint64_t offset)
{
    return offset ? offset * 2 : 512;
}

static bool is_signature(const unsigned char *bytes)
{
    return !memcmp(bytes, "\x89HDF\r\n\x1a\n", SIGNATURE);
}

static cnn2snn_status no_hdf5(cnn2snn_context *context, bool zip, cnn2snn_error **error)
{
    return zip ? c2s_error(context, error, CNN2SNN_E_UNSUPPORTED, "F-format",
                           "a .keras archive, expected a Keras HDF5 file (.h5)")
               : c2s_error(context, error, CNN2SNN_E_MALFORMED, "F-format", "no HDF5 file");
}

static cnn2snn_status check_size(cnn2snn_context *context, uint64_t size, cnn2snn_error **error)
{
    return size <= context->max_file_bytes
               ? CNN2SNN_OK
               : c2s_error(context, error, CNN2SNN_E_LIMIT, "F-size",
                           "%llu bytes, more than the context's max_file_bytes", (unsigned long long)size);
}

static cnn2snn_status io_error(cnn2snn_context *context, cnn2snn_error **error, int number)
{
    char reason[128] = "";
    if (strerror_r(number, reason, sizeof reason))
        reason[0] = '\0';
    return c2s_error(context, error, CNN2SNN_E_IO, "F-io", "can't be opened: %s", reason);
}

static cnn2snn_status examine_open(cnn2snn_context *context, int file, struct c2s_hdf5_source *source,
                                   cnn2snn_error **error)
{
    struct stat info;
    unsigned char bytes[SIGNATURE] = {0};
    if (fstat(file, &info))
        return io_error(context, error, errno);
    if (S_ISDIR(info.st_mode))
        return c2s_error(context, error, CNN2SNN_E_UNSUPPORTED, "F-format",
                         "a folder (a SavedModel, maybe), expected a Keras HDF5 file (.h5)");
    if (!S_ISREG(info.st_mode))
        return c2s_error(context, error, CNN2SNN_E_IO, "F-io", "can't be opened: no regular file");
    uint64_t size = (uint64_t)info.st_size;
    C2S_TRY(check_size(context, size, error));
    source->size = (size_t)size;
    for (uint64_t offset = 0; offset_is_possible(offset, size); offset = next_offset(offset))
        if (pread(file, bytes, SIGNATURE, (off_t)offset) == SIGNATURE && is_signature(bytes))
            return CNN2SNN_OK;
    bool zip = pread(file, bytes, 4, 0) == 4 && !memcmp(bytes, "PK\3\4", 4);
    return no_hdf5(context, zip, error);
}

static cnn2snn_status read_file(cnn2snn_context *context, const char *path, struct c2s_image **out_image,
                                cnn2snn_error **error)
{
    struct c2s_hdf5_source source = {.path = path};
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return io_error(context, error, errno);
    cnn2snn_status status = examine_open(context, file, &source, error);
    close(file);
    return status ? status : c2s_hdf5_read_image(context, &source, out_image, error);
}

static cnn2snn_status read_memory(cnn2snn_context *context, const void *data, size_t size,
                                  struct c2s_image **out_image, cnn2snn_error **error)
{
    struct c2s_hdf5_source source = {.data = data, .size = size};
    const unsigned char *bytes = data;
    C2S_TRY(check_size(context, size, error));
    for (uint64_t offset = 0; offset_is_possible(offset, size); offset = next_offset(offset))
        if (is_signature(bytes + offset))
            return c2s_hdf5_read_image(context, &source, out_image, error);
    return no_hdf5(context, size >= 4 && !memcmp(bytes, "PK\3\4", 4), error);
}

cnn2snn_status c2s_keras_hdf5_load(cnn2snn_context *context, const char *path,
                                   const struct c2s_keras_read_settings *settings, cnn2snn_model **out_model,
                                   cnn2snn_error **error)
{
    struct c2s_image *image = NULL;
    *out_model = NULL;
    cnn2snn_status status = read_file(context, path, &image, error);
    if (!status)
        status = c2s_keras_image_read(image, settings, out_model, error);
    if (status)
        c2s_error_set_file(error, path);
    c2s_image_release(image);
    return status;
}

cnn2snn_status c2s_keras_hdf5_read(cnn2snn_context *context, const void *data, size_t size,
                                   const struct c2s_keras_read_settings *settings, cnn2snn_model **out_model,
                                   cnn2snn_error **error)
{
    struct c2s_image *image = NULL;
    *out_model = NULL;
    cnn2snn_status status = read_memory(context, data, size, &image, error);
    if (!status)
        status = c2s_keras_image_read(image, settings, out_model, error);
    c2s_image_release(image);
    return status;
}

cnn2snn_status c2s_keras_hdf5_load_weights(const cnn2snn_model *model, const char *path, cnn2snn_model **out_model,
                                           cnn2snn_error **error)
{
    struct c2s_image *image = NULL;
    *out_model = NULL;
    cnn2snn_status status = read_file(model->context, path, &image, error);
    if (!status)
        status = c2s_keras_image_read_weights(image, model, out_model, error);
    if (status)
        c2s_error_set_file(error, path);
    c2s_image_release(image);
    return status;
}
