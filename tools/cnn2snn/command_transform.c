/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn transform: one rewrite of a model, by name. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "output.h"
#include "paths.h"
#include "session.h"

static const struct option options[] = {
    OPTION("-m", "--model", OPTION_TEXT, 1, model, "FILE", "the Keras model (.h5)"),
    OPTION("-o", "--output", OPTION_TEXT, 0, output, "FILE",
           "where to write; otherwise beside the model, named ..._NAME.h5"),
    OPTION(NULL, "--input-size", OPTION_PAIR, 0, input_size, "ROWS,COLUMNS", "the new input size (reshape)"),
    OPTION(NULL, "--layer", OPTION_TEXT, 0, layer, "NAME", "the layer, by name or index (normalize_separable_layer)"),
    OPTION("-sa", "--samples", OPTION_TEXT, 0, samples, "FILE",
           "samples of the input (.npz or .npy, activations_rescaling)"),
    OPTION("-bs", "--batch_size", OPTION_INTEGER, 0, batch_size, "N",
           "samples looked at together (activations_rescaling); not seen in the result"),
    THREADS_OPTION,
};

typedef cnn2snn_status (*transform_fn)(const cnn2snn_model *model, cnn2snn_model **out_model, cnn2snn_error **error);

enum needs { NEEDS_NOTHING, NEEDS_SIZE, NEEDS_LAYER, NEEDS_SAMPLES, GIVES_NUMBERS };

static const struct {
    const char *name;
    enum needs needs;
    transform_fn function; /* of those that need nothing */
} transforms[] = {
    {"sequentialize", NEEDS_NOTHING, cnn2snn_model_sequentialize},
    {"syncretize", NEEDS_NOTHING, cnn2snn_model_syncretize},
    {"prepare_to_convert", NEEDS_NOTHING, cnn2snn_model_prepare_to_convert},
    {"invert_batchnorm_pooling", NEEDS_NOTHING, cnn2snn_model_invert_batchnorm_pooling},
    {"fold_batchnorm", NEEDS_NOTHING, cnn2snn_model_fold_batchnorm},
    {"reshape", NEEDS_SIZE, NULL},
    {"cross_layer_scaling", NEEDS_NOTHING, cnn2snn_model_cross_layer_scaling},
    {"normalize_separable_layer", NEEDS_LAYER, NULL},
    {"normalize_separable_model", NEEDS_NOTHING, cnn2snn_model_normalize_separable},
    {"activations_rescaling", NEEDS_SAMPLES, NULL},
    {"weights_homogeneity", GIVES_NUMBERS, NULL},
};

enum { TRANSFORM_COUNT = sizeof transforms / sizeof *transforms };

#define NAMES                                                                                                        \
    "sequentialize, syncretize, prepare_to_convert, invert_batchnorm_pooling, fold_batchnorm, reshape,\n"            \
    "cross_layer_scaling, normalize_separable_layer, normalize_separable_model, activations_rescaling,\n"            \
    "weights_homogeneity (prints a number for each layer)"

/* ------------------------------------------------------------------------------------------------ arguments */

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
        return "NAME is no transform that --help lists";
    enum needs needs = transforms[transform].needs;
    if ((needs == NEEDS_SIZE) != a->input_size.given)
        return "--input-size goes with reshape, and reshape with --input-size";
    if (a->input_size.given && (!is_size(a->input_size.values[0]) || !is_size(a->input_size.values[1])))
        return "--input-size: expected two integers above 0";
    if ((needs == NEEDS_LAYER) != (a->layer != NULL))
        return "--layer goes with normalize_separable_layer, and normalize_separable_layer with --layer";
    if ((needs == NEEDS_SAMPLES) != (a->samples != NULL) || (needs != NEEDS_SAMPLES && a->batch_size.given))
        return "--samples and --batch_size go with activations_rescaling, and activations_rescaling with --samples";
    if (a->batch_size.given && a->batch_size.value < 1)
        return "--batch_size: expected an integer above 0";
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ rewrites */

/* A copy with one layer normalized. A name that is there goes before an index. */
static int normalize_layer(struct session *session, const cnn2snn_model *model, cnn2snn_model **out_model)
{
    const char *name = session->arguments.layer;
    cnn2snn_error *error = NULL;
    char *end;
    if (!cnn2snn_model_find_layer(model, name)) {
        long long index = strtoll(name, &end, 10);
        const cnn2snn_layer *layer = end == name || *end ? NULL : cnn2snn_model_get_layer(model, index);
        name = layer ? cnn2snn_layer_get_name(layer) : name;
    }
    if (cnn2snn_model_clone(model, out_model, &error) ||
        cnn2snn_model_normalize_separable_layer(*out_model, name, &error)) {
        cnn2snn_model_destroy(*out_model);
        return session_fail(session, error);
    }
    return STATUS_DONE;
}

/* All arrays of a file are samples, which are read as they are needed. */
static cnn2snn_status rescale(const struct session *session, const cnn2snn_model *model, cnn2snn_model **out_model,
                              cnn2snn_error **error)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_samples *samples = NULL;
    cnn2snn_status status = cnn2snn_samples_open(session->context, a->samples, &samples, error);
    if (!status)
        status = cnn2snn_model_activations_rescaling_samples(model, samples, a->batch_size.value, out_model, error);
    cnn2snn_samples_destroy(samples);
    return status;
}

static int rewrite(struct session *session, int transform, const cnn2snn_model *model, cnn2snn_model **out_model)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_error *error = NULL;
    if (transforms[transform].needs == NEEDS_LAYER)
        return normalize_layer(session, model, out_model);
    if (transforms[transform].needs == NEEDS_SAMPLES)
        return rescale(session, model, out_model, &error) ? session_fail(session, error) : STATUS_DONE;
    cnn2snn_status status = transforms[transform].function
                                ? transforms[transform].function(model, out_model, &error)
                                : cnn2snn_model_reshape(model, (int64_t)a->input_size.values[0],
                                                        (int64_t)a->input_size.values[1], out_model, &error);
    return status ? session_fail(session, error) : STATUS_DONE;
}

/* ------------------------------------------------------------------------------------------------ numbers */

static void print_rate(const struct session *session, const char *name, float rate, int first)
{
    if (!session->arguments.json) {
        printf("%-32s %.9g\n", name, (double)rate);
        return;
    }
    printf("%s  ", first ? "" : ",\n");
    print_json_string(stdout, name);
    printf(isnan(rate) ? ": null" : ": %.9g", (double)rate);
}

static int print_homogeneity(struct session *session, const cnn2snn_model *model)
{
    size_t count = 0, capacity = cnn2snn_model_get_layer_count(model);
    const char **names = calloc(capacity + 1, sizeof *names);
    float *rates = calloc(capacity + 1, sizeof *rates);
    cnn2snn_error *error = NULL;
    int result = STATUS_DONE;
    if (!names || !rates)
        result = session_fail_text(session, NULL, "out of memory");
    else if (cnn2snn_model_weights_homogeneity(model, capacity, names, rates, &count, &error))
        result = session_fail(session, error);
    if (!result && session->arguments.json)
        printf("{\n");
    for (size_t i = 0; !result && i < count; i++)
        print_rate(session, names[i], rates[i], i == 0);
    if (!result && session->arguments.json)
        printf("%s}\n", count ? "\n" : "");
    free(names);
    free(rates);
    return result;
}

static int run(struct session *session)
{
    const struct arguments *a = &session->arguments;
    int transform = find_transform(a->positional);
    cnn2snn_model *model = session_load_model(session, 0), *result = NULL;
    if (!model)
        return STATUS_CANNOT;
    int status = transforms[transform].needs == GIVES_NUMBERS ? print_homogeneity(session, model)
                                                              : rewrite(session, transform, model, &result);
    cnn2snn_model_destroy(model);
    if (status || !result)
        return status;
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
    .details = "NAME:\n" NAMES,
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .leaves_model = 1,
    .check = check,
    .run = run,
};
