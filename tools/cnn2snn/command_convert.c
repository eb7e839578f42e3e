/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn convert: a quantized Keras model to an Akida model. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "image_folder.h"
#include "output_file.h"
#include "paths.h"
#include "session.h"

static const struct option options[] = {
    OPTION("-m", "--model", OPTION_TEXT, 1, model, "FILE", "the quantized Keras model (.h5)"),
    OPTION(
        "-o", "--output", OPTION_TEXT, 0, output, "FILE",
        "where to write: with .fbz behind a name that has no extension, DIR/ for a file named as the model, missing "
        "folders are made; otherwise beside the model, named .fbz"),
    OPTION(NULL, "--input-scaling", OPTION_PAIR, 0, input_scaling, "SCALE,SHIFT",
           "akida input = SCALE * keras input + SHIFT (default: of a Rescaling layer, otherwise 1,0)"),
    OPTION(NULL, "--image-input", OPTION_FLAG, 0, image_input, NULL,
           "the input is 8-bit images (default for 1 and 3 channels)"),
    OPTION(NULL, "--no-image-input", OPTION_FLAG, 0, no_image_input, NULL, "the input is 4-bit events"),
    OPTION(
        NULL, "--target", OPTION_TEXT, 0, target, "v1|v2",
        "Akida version (default: v1 for models quantized by CNN2SNN, otherwise as CNN2SNN_TARGET_AKIDA_VERSION says, "
        "otherwise v2)"),
    OPTION(NULL, "--akida-release", OPTION_TEXT, 0, akida_release, "X.Y.Z",
           "write for this release of the Akida runtime (2.4.0 or newer)"),
    OPTION(NULL, "--flatten-shifts", OPTION_FLAG, 0, flatten_shifts, NULL,
           "export the shifts of Flatten behind outputs quantized by channel, which the reference loses (v2)"),
    OPTION(NULL, "--exact-scales", OPTION_FLAG, 0, exact_scales, NULL,
           "take right shifts beyond the hardware's off the scales, which the reference limits (v2)"),
    OPTION("-sc", "--scale", OPTION_INTEGER, 0, scale, "N", "deprecated: SCALE of --input-scaling"),
    OPTION("-sh", "--shift", OPTION_INTEGER, 0, shift, "N", "deprecated: SHIFT of --input-scaling"),
};

static const char *check(const struct arguments *a)
{
    if (a->scale.given != a->shift.given)
        return "-sc/--scale and -sh/--shift go together";
    if (a->scale.given && a->input_scaling.given)
        return "--input-scaling takes the place of -sc and -sh";
    if (a->image_input && a->no_image_input)
        return "--image-input and --no-image-input exclude each other";
    if (a->target && strcmp(a->target, "v1") && strcmp(a->target, "v2"))
        return "--target: expected v1 or v2";
    return NULL;
}

static cnn2snn_convert_options settings_of(const struct arguments *a)
{
    cnn2snn_convert_options settings = CNN2SNN_CONVERT_OPTIONS_INIT;
    settings.has_input_scaling = a->input_scaling.given || a->scale.given;
    if (a->input_scaling.given) {
        settings.input_scale = a->input_scaling.values[0];
        settings.input_shift = a->input_scaling.values[1];
    } else if (a->scale.given) {
        settings.input_scale = a->scale.value;
        settings.input_shift = a->shift.value;
    }
    settings.input_mode = a->image_input      ? CNN2SNN_INPUT_IMAGE
                          : a->no_image_input ? CNN2SNN_INPUT_EVENTS
                                              : CNN2SNN_INPUT_AUTO;
    settings.akida_release = a->akida_release;
    settings.flatten_shifts = a->flatten_shifts;
    settings.exact_scales = a->exact_scales;
    if (a->target)
        settings.akida_version = !strcmp(a->target, "v1") ? CNN2SNN_AKIDA_V1 : CNN2SNN_AKIDA_V2;
    return settings;
}

/* `path` is completed as the library does it, but for devices and pipes. */
static int name_target(struct session *session, const cnn2snn_model *model, const char *path, char **out)
{
    cnn2snn_buffer *target = NULL;
    cnn2snn_error *error = NULL;
    size_t size = strlen(path);
    *out = NULL;
    if (is_special_file(path)) {
        *out = format_text("%s", path);
        return STATUS_DONE;
    }
    if (size && path[size - 1] != '/' && is_folder(path))
        return session_fail_text(session, path, "a folder: write %s/ for a file in it that is named as the model",
                                 path);
    if (cnn2snn_convert_file_path(model, path, &target, &error))
        return session_fail(session, error);
    *out = format_text("%s", (const char *)cnn2snn_buffer_get_data(target));
    cnn2snn_buffer_destroy(target);
    return check_output_path(session, *out);
}

static cnn2snn_status write_akida(struct session *session, const cnn2snn_model *model, const char *path,
                                  cnn2snn_report **out_report, cnn2snn_error **error)
{
    cnn2snn_convert_options settings = settings_of(&session->arguments);
    cnn2snn_akida_model *akida_model = NULL;
    if (!is_special_file(path)) /* makes missing folders as well */
        return cnn2snn_convert_to_file(model, &settings, path, NULL, out_report, error);
    cnn2snn_status status = cnn2snn_convert(model, &settings, &akida_model, out_report, error);
    if (!status)
        status = cnn2snn_akida_model_save(akida_model, path, NULL, error);
    cnn2snn_akida_model_destroy(akida_model);
    return status;
}

static int convert(struct session *session, const cnn2snn_model *model, const char *path)
{
    cnn2snn_report *report = NULL;
    cnn2snn_error *error = NULL;
    char *target = NULL;
    int result = name_target(session, model, path, &target);
    if (!result && write_akida(session, model, target, &report, &error))
        result = session_fail(session, error);
    if (!result) {
        if (!is_special_file(target)) /* nothing but the model goes to a stream */
            session_say(session, "Akida model saved in %s", target);
        session_print_done(session, target, report);
    }
    cnn2snn_report_destroy(report);
    free(target);
    return result;
}

static int run(struct session *session)
{
    const struct arguments *a = &session->arguments;
    if (a->scale.given && !a->quiet)
        fprintf(stderr, "cnn2snn: warning: -sc and -sh are deprecated, use --input-scaling %d,%d\n",
                (int)a->scale.value, (int)a->shift.value);
    cnn2snn_model *model = session_load_model(session, 0);
    if (!model)
        return STATUS_CANNOT;
    char *base = path_base(a->model), *path = format_text("%s.fbz", base);
    int result = convert(session, model, a->output ? a->output : path);
    free(path);
    free(base);
    cnn2snn_model_destroy(model);
    return result;
}

const struct command convert_command = {
    .name = "convert",
    .summary = "Converts a quantized Keras model to an Akida model.",
    .details =
        "A model that doesn't convert gives every reason at once, each with the layer, the rule and what to do.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .completes_output = 1,
    .leaves_model = 1,
    .check = check,
    .run = run,
};
