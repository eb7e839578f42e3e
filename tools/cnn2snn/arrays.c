/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how arrays of files become the inputs of a model. */
#include "arrays.h"

#include <stdlib.h>
#include <string.h>

#include "paths.h"

void arrays_free(struct arrays *arrays)
{
    for (size_t i = 0; i < arrays->count; i++)
        cnn2snn_tensor_destroy(arrays->items[i]);
    free(arrays->items);
    *arrays = (struct arrays){0};
}

/* Takes the tensor. */
static int add(struct session *session, struct arrays *arrays, cnn2snn_tensor *tensor)
{
    cnn2snn_tensor **items = realloc(arrays->items, (arrays->count + 1) * sizeof *items);
    if (!items) {
        cnn2snn_tensor_destroy(tensor);
        return session_fail_text(session, NULL, "out of memory");
    }
    items[arrays->count++] = tensor;
    arrays->items = items;
    return STATUS_DONE;
}

static int load_archive(struct session *session, const char *path, struct arrays *out)
{
    cnn2snn_archive *archive = NULL;
    cnn2snn_error *error = NULL;
    if (cnn2snn_archive_load(session->context, path, &archive, &error))
        return session_fail(session, error);
    int result = STATUS_DONE;
    for (size_t i = 0; !result && i < cnn2snn_archive_get_count(archive); i++) {
        /* A conversion to the type that it has is one more reference. */
        const cnn2snn_tensor *tensor = cnn2snn_archive_get_tensor(archive, i);
        cnn2snn_tensor *copy = NULL;
        if (cnn2snn_tensor_convert(tensor, cnn2snn_tensor_get_dtype(tensor), &copy, &error))
            result = session_fail(session, error);
        else
            result = add(session, out, copy);
    }
    cnn2snn_archive_destroy(archive);
    return result;
}

int arrays_load(struct session *session, const struct list_argument *paths, struct arrays *out)
{
    *out = (struct arrays){0};
    int result = STATUS_DONE;
    for (size_t i = 0; !result && i < paths->count; i++) {
        cnn2snn_tensor *tensor = NULL;
        cnn2snn_error *error = NULL;
        if (has_suffix(paths->items[i], ".npz"))
            result = load_archive(session, paths->items[i], out);
        else if (cnn2snn_tensor_load(session->context, paths->items[i], &tensor, &error))
            result = session_fail(session, error);
        else
            result = add(session, out, tensor);
    }
    if (result)
        arrays_free(out);
    return result;
}

/* ------------------------------------------------------------------------------------------------ running */

struct axes {
    size_t count;
    int64_t extents[CNN2SNN_MAX_RANK];
};

/* The axes of an array in front of the last `rank`. */
static int leading_axes(struct session *session, const cnn2snn_tensor *tensor, size_t rank, struct axes *out)
{
    size_t all = cnn2snn_tensor_get_rank(tensor);
    if (all < rank)
        return session_fail_text(session, NULL, "an input of %zu dimensions, the model takes %zu", all, rank);
    out->count = all - rank;
    for (size_t i = 0; i < out->count; i++)
        out->extents[i] = cnn2snn_tensor_get_shape(tensor)[i];
    return STATUS_DONE;
}

/* The array with the axes in `from` replaced by those in `to`. */
static cnn2snn_status replace_axes(const cnn2snn_tensor *tensor, const struct axes *from, const struct axes *to,
                                   cnn2snn_tensor **out, cnn2snn_error **error)
{
    int64_t shape[2 * CNN2SNN_MAX_RANK];
    size_t rank = 0;
    for (size_t i = 0; i < to->count; i++)
        shape[rank++] = to->extents[i];
    for (size_t i = from->count; i < cnn2snn_tensor_get_rank(tensor); i++)
        shape[rank++] = cnn2snn_tensor_get_shape(tensor)[i];
    return cnn2snn_tensor_reshape(tensor, rank, shape, out, error);
}

static struct axes one_axis(const struct axes *axes)
{
    struct axes one = {.count = 1, .extents = {1}};
    for (size_t i = 0; i < axes->count; i++)
        one.extents[0] *= axes->extents[i]; /* an existing array has as many elements */
    return one;
}

/* Inputs with exactly one axis in front; *out_axes are those that the first had. */
static int flatten_inputs(struct session *session, const cnn2snn_model *model, const struct arrays *inputs,
                          struct axes *out_axes, struct arrays *out)
{
    int result = STATUS_DONE;
    for (size_t i = 0; !result && i < inputs->count; i++) {
        int64_t shape[CNN2SNN_MAX_RANK];
        size_t rank = 0;
        struct axes axes;
        cnn2snn_tensor *flat = NULL;
        cnn2snn_error *error = NULL;
        if (cnn2snn_model_get_input_shape(model, i, CNN2SNN_MAX_RANK, shape, &rank, &error))
            return session_fail(session, error);
        result = leading_axes(session, inputs->items[i], rank, &axes);
        if (result)
            break;
        struct axes one = one_axis(&axes);
        if (!i)
            *out_axes = axes;
        if (replace_axes(inputs->items[i], &axes, &one, &flat, &error))
            result = session_fail(session, error);
        else
            result = add(session, out, flat);
    }
    return result;
}

static int predict(struct session *session, const cnn2snn_model *model, const struct arrays *inputs,
                   const struct axes *axes, const cnn2snn_predict_options *options, struct arrays *outputs)
{
    cnn2snn_error *error = NULL;
    size_t count = cnn2snn_model_get_output_count(model);
    outputs->items = calloc(count ? count : 1, sizeof *outputs->items);
    if (!outputs->items)
        return session_fail_text(session, NULL, "out of memory");
    outputs->count = count;
    struct axes one = one_axis(axes);
    cnn2snn_predict_options settings = *options;
    if (settings.layer_output) /* one call with all samples */
        settings.batch_size = one.extents[0] > 0 ? one.extents[0] : 1;
    if (cnn2snn_model_predict(model, inputs->count, (const cnn2snn_tensor *const *)inputs->items, &settings, count,
                              outputs->items, &error))
        return session_fail(session, error);
    for (size_t i = 0; axes->count != 1 && i < count; i++) {
        cnn2snn_tensor *shaped = NULL;
        if (replace_axes(outputs->items[i], &one, axes, &shaped, &error))
            return session_fail(session, error);
        cnn2snn_tensor_destroy(outputs->items[i]);
        outputs->items[i] = shaped;
    }
    return STATUS_DONE;
}

int arrays_predict(struct session *session, const cnn2snn_model *model, const struct arrays *inputs,
                   const cnn2snn_predict_options *options, struct arrays *outputs)
{
    size_t count = cnn2snn_model_get_input_count(model);
    struct arrays flat = {0};
    struct axes axes = {.count = 1, .extents = {1}};
    *outputs = (struct arrays){0};
    if (inputs->count != count)
        return session_fail_text(session, session->arguments.model, "%zu input arrays given, the model takes %zu",
                                 inputs->count, count);
    int result = flatten_inputs(session, model, inputs, &axes, &flat);
    if (!result)
        result = predict(session, model, &flat, &axes, options, outputs);
    arrays_free(&flat);
    if (result)
        arrays_free(outputs);
    return result;
}
