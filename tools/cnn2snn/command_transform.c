/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn transform: one rewrite of a model, by name. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "paths.h"
#include "session.h"

static const struct option options[] = {
    OPTION("-m", "--model", OPTION_TEXT, 1, model, "FILE", "the Keras model (.h5)"),
    OPTION("-o", "--output", OPTION_TEXT, 0, output, "FILE",
           "where to write; otherwise beside the model, named ..._NAME.h5"),
    OPTION(NULL, "--input-size", OPTION_PAIR, 0, input_size, "ROWS,COLUMNS", "the new input size (reshape)"),
};

static const struct {
    const char *name;
    cnn2snn_status (*function)(const cnn2snn_model *model, cnn2snn_model **out_model, cnn2snn_error **error);
} transforms[] = {
    {"sequentialize", cnn2snn_model_sequentialize},
    {"syncretize", cnn2snn_model_syncretize},
    {"prepare_to_convert", cnn2snn_model_prepare_to_convert},
    {"invert_batchnorm_pooling", cnn2snn_model_invert_batchnorm_pooling},
    {"fold_batchnorm", cnn2snn_model_fold_batchnorm},
    {"reshape", NULL},
};

enum { TRANSFORM_COUNT = sizeof transforms / sizeof *transforms };

static int same_name(const char *given, const char *name)
{
    for (; *given && *name; given++, name++)
        if (*given != *name && !(*given == '-' && *name == '_'))
            return 0;
    return !*given && !*name;
}

static int find_transform(const char *name)
{
    for (int i = 0; i < TRANSFORM_COUNT; i++)
        if (same_name(name, transforms[i].name))
            return i;
    return -1;
}

static int is_size(double value)
{
    return value >= 1 && value <= INT32_MAX && value == (double)(int32_t)value;
}

static const char *check(const struct arguments *a)
{
    int transform = find_transform(a->positional);
    if (transform < 0)
        return "NAME is none of sequentialize, syncretize, prepare_to_convert, invert_batchnorm_pooling, "
               "fold_batchnorm, reshape";
    if ((transforms[transform].function == NULL) != a->input_size.given)
        return "--input-size goes with reshape, and reshape with --input-size";
    if (a->input_size.given && (!is_size(a->input_size.values[0]) || !is_size(a->input_size.values[1])))
        return "--input-size: expected two integers above 0";
    return NULL;
}

static int run(struct session *session)
{
    const struct arguments *a = &session->arguments;
    int transform = find_transform(a->positional);
    cnn2snn_model *model = session_load_model(session, 0), *result = NULL;
    cnn2snn_error *error = NULL;
    if (!model)
        return STATUS_CANNOT;
    cnn2snn_status status = transforms[transform].function
                                ? transforms[transform].function(model, &result, &error)
                                : cnn2snn_model_reshape(model, (int64_t)a->input_size.values[0],
                                                        (int64_t)a->input_size.values[1], &result, &error);
    cnn2snn_model_destroy(model);
    if (status)
        return session_fail(session, error);
    char *base = path_base(a->model), *path = format_text("%s_%s.h5", base, transforms[transform].name);
    int done = session_save_model(session, result, a->output ? a->output : path, "Transformed model");
    free(path);
    free(base);
    return done;
}

const struct command transform_command = {
    .name = "transform",
    .positional = "NAME",
    .summary = "Rewrites a Keras model.",
    .details =
        "NAME: sequentialize, syncretize, prepare_to_convert, invert_batchnorm_pooling, fold_batchnorm, reshape",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .check = check,
    .run = run,
};
