/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn run: the outputs of a model for given inputs. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "inputs.h"
#include "paths.h"
#include "session.h"

static const struct option options[] = {
    OPTION("-m", "--model", OPTION_TEXT, 1, model, "FILE", "the Keras model (.h5) or Akida model (.fbz)"),
    OPTION("-i", "--input", OPTION_LIST, 1, inputs, "FILE",
           "an input (.npy), several (.npz), or a folder of PNG and JPEG images, taken by name; may be given several "
           "times, in the order of the model's inputs"),
    OPTION(NULL, "--resize", OPTION_FLAG, 0, resize, NULL, "images of other sizes are scaled to the model's"),
    OPTION("-o", "--output", OPTION_TEXT, 0, output, "FILE", "the output (.npy), or all outputs (.npz: out_0, ...)"),
    OPTION(NULL, "--layers", OPTION_TEXT, 0, layers, "FILE", "the output of each layer by its name (.npz)"),
    OPTION(NULL, "--predict", OPTION_FLAG, 0, predict, NULL,
           "of an Akida model: potentials as floats instead of the last layer's integers"),
    THREADS_OPTION,
};

static const char *check(const struct arguments *a)
{
    if (a->predict && a->layers)
        return "--predict and --layers don't go together";
    return a->output || a->layers ? NULL : "option -o/--output or --layers is missing";
}

/* ------------------------------------------------------------------------------------------------ layers */

struct collector {
    cnn2snn_context *context;
    cnn2snn_archive *archive;
};

static int is_in(const cnn2snn_archive *archive, const char *name)
{
    for (size_t i = 0; i < cnn2snn_archive_get_count(archive); i++)
        if (!strcmp(cnn2snn_archive_get_name(archive, i), name))
            return 1;
    return 0;
}

static cnn2snn_status copy_tensor(cnn2snn_context *context, const cnn2snn_tensor *tensor, cnn2snn_tensor **out,
                                  cnn2snn_error **error)
{
    cnn2snn_status status =
        cnn2snn_tensor_create(context, cnn2snn_tensor_get_dtype(tensor), cnn2snn_tensor_get_rank(tensor),
                              cnn2snn_tensor_get_shape(tensor), out, error);
    if (!status)
        memcpy(cnn2snn_tensor_get_writable_data(*out), cnn2snn_tensor_get_data(tensor),
               cnn2snn_tensor_get_size(tensor));
    return status;
}

/* A cnn2snn_layer_output_fn. Further calls of a shared layer are "name:1", "name:2" and so on. */
static cnn2snn_status collect(void *user_data, const char *layer_name, const cnn2snn_tensor *output,
                              cnn2snn_error **error)
{
    struct collector *collector = user_data;
    cnn2snn_tensor *copy = NULL;
    char *name = format_text("%s", layer_name);
    for (int call = 1; is_in(collector->archive, name); call++) {
        free(name);
        name = format_text("%s:%d", layer_name, call);
    }
    cnn2snn_status status = copy_tensor(collector->context, output, &copy, error);
    if (!status)
        status = cnn2snn_archive_add(collector->archive, name, copy, error);
    cnn2snn_tensor_destroy(copy);
    free(name);
    return status;
}

/* ------------------------------------------------------------------------------------------------ outputs */

static int save_archive(struct session *session, const cnn2snn_archive *archive, const char *path)
{
    cnn2snn_error *error = NULL;
    return cnn2snn_archive_save(archive, path, &error) ? session_fail(session, error) : STATUS_DONE;
}

static int save_all(struct session *session, const struct arrays *outputs, const char *path)
{
    cnn2snn_archive *archive = NULL;
    cnn2snn_error *error = NULL;
    if (cnn2snn_archive_create(session->context, &archive, &error))
        return session_fail(session, error);
    int result = STATUS_DONE;
    for (size_t i = 0; !result && i < outputs->count; i++) {
        char *name = format_text("out_%zu", i);
        if (cnn2snn_archive_add(archive, name, outputs->items[i], &error))
            result = session_fail(session, error);
        free(name);
    }
    if (!result)
        result = save_archive(session, archive, path);
    cnn2snn_archive_destroy(archive);
    return result;
}

static int save_outputs(struct session *session, const struct arrays *outputs, const char *path)
{
    cnn2snn_error *error = NULL;
    if (has_suffix(path, ".npz"))
        return save_all(session, outputs, path);
    if (outputs->count != 1)
        return session_fail_text(session, session->arguments.model,
                                 "the model has %zu outputs, which only an .npz file can hold", outputs->count);
    return cnn2snn_tensor_save(outputs->items[0], path, &error) ? session_fail(session, error) : STATUS_DONE;
}

/* Files are written when all is computed, so that a failure leaves none. */
static int save(struct session *session, const struct arrays *outputs, const cnn2snn_archive *layers)
{
    const struct arguments *a = &session->arguments;
    int result = a->output ? save_outputs(session, outputs, a->output) : STATUS_DONE;
    if (!result && a->layers)
        result = save_archive(session, layers, a->layers);
    if (result)
        return result;
    if (a->output)
        session_say(session, "Outputs saved in %s", a->output);
    if (a->layers)
        session_say(session, "Outputs of the layers saved in %s", a->layers);
    session_print_done(session, a->output ? a->output : a->layers, NULL);
    return STATUS_DONE;
}

/* ------------------------------------------------------------------------------------------------ the command */

static int run_on_inputs(struct session *session, const struct runner *runner, const struct inputs *inputs)
{
    const struct arguments *a = &session->arguments;
    struct collector collector = {.context = session->context};
    cnn2snn_error *error = NULL;
    struct arrays arrays = {0}, outputs = {0};
    if (a->layers && cnn2snn_archive_create(session->context, &collector.archive, &error))
        return session_fail(session, error);
    int result = inputs_take(session, inputs, 0, inputs->samples, &arrays);
    if (!result)
        result = runner_run(session, runner, &arrays, a->predict, a->layers ? collect : NULL, &collector, &outputs);
    if (!result)
        result = save(session, &outputs, collector.archive);
    arrays_free(&outputs);
    arrays_free(&arrays);
    cnn2snn_archive_destroy(collector.archive);
    return result;
}

static int run(struct session *session)
{
    return inputs_use(session, run_on_inputs);
}

const struct command run_command = {
    .name = "run",
    .summary = "Runs a Keras or Akida model on arrays or images.",
    .details =
        "The last axes of an input hold the model's input, the axes in front of them are the batch: for layers\n"
        "with a state of Akida models that is time. (N, C) stands for (N, 1, 1, C). Images become gray or RGB, as\n"
        "the model has 1 or 3 channels.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .check = check,
    .run = run,
};
