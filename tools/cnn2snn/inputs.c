/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how files and folders become samples. */
#include "inputs.h"

#include <stdlib.h>
#include <string.h>

#include "paths.h"

/* ------------------------------------------------------------------------------------------------ images */

/* Where a model's channels are: behind, unless only the first axis can be them. */
static int image_form_of(struct session *session, const struct runner *runner, struct inputs *out)
{
    const char *path = session->arguments.model;
    int64_t shape[CNN2SNN_MAX_RANK] = {0};
    size_t rank = 0;
    int result = runner_input_shape(session, runner, shape, &rank);
    if (result)
        return result;
    if (rank != 3)
        return session_fail_text(session, path, "an input of %zu dimensions, images have 3", rank);
    out->channels_first = shape[2] != 1 && shape[2] != 3 && (shape[0] == 1 || shape[0] == 3);
    int64_t channels = shape[out->channels_first ? 0 : 2];
    const int64_t *size = out->channels_first ? shape + 1 : shape;
    if (channels != 1 && channels != 3)
        return session_fail_text(session, path, "an input of %lld channels, images have 1 or 3", (long long)channels);
    if (size[0] < 1 || size[1] < 1 || size[0] > UINT16_MAX || size[1] > UINT16_MAX)
        return session_fail_text(session, path, "an input of no fixed size, which a folder of images needs");
    out->form = (struct image_form){.rows = (uint32_t)size[0],
                                    .columns = (uint32_t)size[1],
                                    .channels = (int)channels,
                                    .resize = session->arguments.resize};
    out->dtype = runner_image_dtype(runner);
    return STATUS_DONE;
}

static int open_folder(struct session *session, const struct runner *runner, struct inputs *out)
{
    const struct list_argument *paths = &session->arguments.inputs;
    if (paths->count != 1)
        return session_fail_text(session, paths->items[0], "a folder of images is the only input of a model");
    int result = image_form_of(session, runner, out);
    if (!result)
        result = image_folder_open(session, paths->items[0], &out->folder);
    out->samples = out->folder.count;
    out->divisible = 1;
    return result;
}

/* (rows, columns, channels) to (channels, rows, columns). */
static void put_channels_first(const struct image_form *form, const unsigned char *from, unsigned char *to)
{
    size_t pixels = (size_t)form->rows * form->columns, channels = (size_t)form->channels;
    for (size_t c = 0; c < channels; c++)
        for (size_t i = 0; i < pixels; i++)
            to[c * pixels + i] = from[i * channels + c];
}

static int read_images(struct session *session, const struct inputs *inputs, uint64_t first, uint64_t count,
                       unsigned char *out)
{
    const struct image_form *form = &inputs->form;
    size_t size = (size_t)form->rows * form->columns * (size_t)form->channels;
    unsigned char *image = malloc(size);
    int result = image ? STATUS_DONE : session_fail_text(session, NULL, "out of memory");
    for (uint64_t i = 0; !result && i < count; i++) {
        unsigned char *place = out + i * size;
        result = image_folder_read(session, &inputs->folder, first + i, form, image);
        if (inputs->channels_first)
            put_channels_first(form, image, place);
        else
            memcpy(place, image, size);
    }
    free(image);
    return result;
}

static int take_images(struct session *session, const struct inputs *inputs, uint64_t first, uint64_t count,
                       struct arrays *out)
{
    const struct image_form *form = &inputs->form;
    int64_t shape[4] = {(int64_t)count, form->rows, form->columns, form->channels};
    cnn2snn_tensor *bytes = NULL;
    cnn2snn_error *error = NULL;
    if (inputs->channels_first) {
        shape[1] = form->channels;
        shape[2] = form->rows;
        shape[3] = form->columns;
    }
    if (cnn2snn_tensor_create(session->context, CNN2SNN_DTYPE_UINT8, 4, shape, &bytes, &error))
        return session_fail(session, error);
    int result = read_images(session, inputs, first, count, cnn2snn_tensor_get_writable_data(bytes));
    if (!result && cnn2snn_tensor_convert(bytes, inputs->dtype, &out->items[0], &error))
        result = session_fail(session, error);
    out->count = 1;
    cnn2snn_tensor_destroy(bytes);
    return result;
}

/* ------------------------------------------------------------------------------------------------ arrays */

static int open_arrays(struct session *session, const struct runner *runner, struct inputs *out)
{
    int64_t shape[CNN2SNN_MAX_RANK] = {0};
    size_t rank = 0;
    int result = runner_input_shape(session, runner, shape, &rank);
    if (!result)
        result = arrays_load(session, &session->arguments.inputs, &out->arrays);
    if (result)
        return result;
    if (!out->arrays.count)
        return session_fail_text(session, session->arguments.inputs.items[0], "no arrays in the file");
    const cnn2snn_tensor *first = out->arrays.items[0];
    size_t all = cnn2snn_tensor_get_rank(first);
    if (!runner->model && all == 2) /* (N, C) stands for (N, 1, 1, C) */
        rank = 1;
    out->samples = 1; /* a wrong rank is told by who runs the model */
    for (size_t i = 0; i + rank < all; i++)
        out->samples *= (uint64_t)cnn2snn_tensor_get_shape(first)[i];
    out->divisible = all == rank + 1;
    for (size_t i = 0; i < out->arrays.count; i++) {
        const cnn2snn_tensor *array = out->arrays.items[i];
        out->divisible = out->divisible && cnn2snn_tensor_get_rank(array) &&
                         cnn2snn_tensor_get_shape(array)[0] == cnn2snn_tensor_get_shape(first)[0];
    }
    return STATUS_DONE;
}

/* Entries of the first axis, in the array's own memory. */
static cnn2snn_status slice(struct session *session, const cnn2snn_tensor *array, uint64_t first, uint64_t count,
                            cnn2snn_tensor **out, cnn2snn_error **error)
{
    int64_t shape[CNN2SNN_MAX_RANK];
    size_t rank = cnn2snn_tensor_get_rank(array);
    memcpy(shape, cnn2snn_tensor_get_shape(array), rank * sizeof *shape);
    size_t entry = shape[0] ? cnn2snn_tensor_get_size(array) / (size_t)shape[0] : 0;
    shape[0] = (int64_t)count;
    return cnn2snn_tensor_wrap(session->context, cnn2snn_tensor_get_dtype(array), rank, shape, NULL,
                               (const char *)cnn2snn_tensor_get_data(array) + first * entry, NULL, NULL, out, error);
}

static int take_arrays(struct session *session, const struct inputs *inputs, uint64_t first, uint64_t count,
                       struct arrays *out)
{
    cnn2snn_error *error = NULL;
    for (; out->count < inputs->arrays.count; out->count++) {
        cnn2snn_tensor *array = inputs->arrays.items[out->count];
        if (!inputs->divisible)
            out->items[out->count] = cnn2snn_tensor_retain(array);
        else if (slice(session, array, first, count, &out->items[out->count], &error))
            return session_fail(session, error);
    }
    return STATUS_DONE;
}

/* ------------------------------------------------------------------------------------------------ both */

int inputs_open(struct session *session, const struct runner *runner, struct inputs *out)
{
    int folder = 0;
    const struct list_argument *paths = &session->arguments.inputs;
    *out = (struct inputs){0};
    for (size_t i = 0; i < paths->count; i++)
        folder |= is_folder(paths->items[i]);
    int result = folder ? open_folder(session, runner, out) : open_arrays(session, runner, out);
    if (result)
        inputs_close(out);
    return result;
}

void inputs_close(struct inputs *inputs)
{
    arrays_free(&inputs->arrays);
    image_folder_close(&inputs->folder);
}

int inputs_take(struct session *session, const struct inputs *inputs, uint64_t first, uint64_t count,
                struct arrays *out)
{
    size_t room = inputs->folder.count ? 1 : inputs->arrays.count;
    *out = (struct arrays){.items = calloc(room, sizeof *out->items)};
    if (!out->items)
        return session_fail_text(session, NULL, "out of memory");
    int result = inputs->folder.count ? take_images(session, inputs, first, count, out)
                                      : take_arrays(session, inputs, first, count, out);
    if (result)
        arrays_free(out);
    return result;
}

int inputs_use(struct session *session,
               int (*use)(struct session *session, const struct runner *runner, const struct inputs *inputs))
{
    struct runner runner;
    struct inputs inputs;
    int result = runner_open(session, &runner);
    if (result)
        return result;
    result = inputs_open(session, &runner, &inputs);
    if (!result) {
        result = use(session, &runner, &inputs);
        inputs_close(&inputs);
    }
    runner_close(&runner);
    return result;
}
