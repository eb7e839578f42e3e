/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn calibrate: makes up for what quantization costs, on samples. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "output.h"
#include "paths.h"
#include "session.h"

static const struct option options[] = {
    OPTION("-m", "--model", OPTION_TEXT, 1, model, "FILE", "the quantized Keras model (.h5)"),
    OPTION("-o", "--output", OPTION_TEXT, 0, output, "FILE",
           "where to write; otherwise beside the model, named ..._METHOD_calibrated.h5"),
    OPTION("-sa", "--samples", OPTION_TEXT, 1, samples, "FILE",
           "samples of the input (.npz, all arrays one behind the other, or .npy)"),
    OPTION("-bs", "--batch_size", OPTION_INTEGER, 0, batch_size, "N",
           "samples of a step; those behind the last whole batch are left out (all at once)"),
    OPTION("-e", "--epochs", OPTION_INTEGER, 0, epochs, "N", "how often the samples are gone through (10; adaround)"),
    OPTION("-lr", "--learning_rate", OPTION_REAL, 0, learning_rate, "RATE", "of the optimizer (0.01; adaround)"),
    OPTION("-act", "--include_activation", OPTION_FLAG, 0, include_activation, NULL,
           "take the error behind the next activation (adaround)"),
    OPTION(NULL, "--optimizer", OPTION_TEXT, 0, optimizer, "NAME", "adam, sgd or rmsprop (adam; adaround)"),
    OPTION(NULL, "--no-prepare", OPTION_FLAG, 0, no_prepare, NULL,
           "leave out activations_rescaling and normalize_separable_model, which come first otherwise"),
    THREADS_OPTION,
};

/* ------------------------------------------------------------------------------------------------ arguments */

static int is_adaround(const struct arguments *a)
{
    return !strcmp(a->positional, "adaround");
}

static cnn2snn_optimizer_kind find_optimizer(const char *name)
{
    static const char *const names[] = {"", "sgd", "adam", "rmsprop"};
    for (cnn2snn_optimizer_kind i = 1; i <= 3; i++)
        if (!strcmp(name, names[i]))
            return i;
    return 0;
}

static const char *check(const struct arguments *a)
{
    if (!is_adaround(a) && strcmp(a->positional, "bc") != 0)
        return "METHOD is neither bc nor adaround";
    if (!is_adaround(a) && (a->epochs.given || a->learning_rate.given || a->include_activation || a->optimizer))
        return "--epochs, --learning_rate, --include_activation and --optimizer go with adaround";
    if (a->batch_size.given && a->batch_size.value < 1)
        return "--batch_size: expected an integer above 0";
    if (a->epochs.given && a->epochs.value < 0)
        return "--epochs: expected an integer of 0 or more";
    if (a->learning_rate.given && a->learning_rate.value < 0)
        return "--learning_rate: expected a number of 0 or more";
    if (a->optimizer && !find_optimizer(a->optimizer))
        return "--optimizer: expected adam, sgd or rmsprop";
    return NULL;
}

/* ------------------------------------------------------------------------------------------------ steps */

/* Rescaled and normalized; a copy where that isn't wanted. */
static cnn2snn_status prepare(const struct session *session, const cnn2snn_model *model, cnn2snn_samples *samples,
                              cnn2snn_model **out_model, cnn2snn_error **error)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_model *rescaled = NULL;
    if (a->no_prepare)
        return cnn2snn_model_clone(model, out_model, error);
    cnn2snn_status status =
        cnn2snn_model_activations_rescaling_samples(model, samples, a->batch_size.value, &rescaled, error);
    if (!status)
        status = cnn2snn_model_normalize_separable(rescaled, out_model, error);
    cnn2snn_model_destroy(rescaled);
    return status;
}

static void print_layer(void *user_data, const cnn2snn_calibrated_layer *layer)
{
    struct session *session = user_data;
    progress_hide(&session->progress);
    if (!is_adaround(&session->arguments))
        session_say(session, "%s: quantization error %.4f -> %.4f", layer->layer_name, layer->error_before,
                    layer->error_after);
    else
        session_say(session, "%s: quantization error %.4f -> %.4f, %llu of %llu quantized weights changed",
                    layer->layer_name, layer->error_before, layer->error_after,
                    (unsigned long long)layer->changed_weights, (unsigned long long)layer->weight_count);
}

static cnn2snn_status correct(struct session *session, const cnn2snn_model *model, cnn2snn_samples *samples,
                              cnn2snn_model **out_model, cnn2snn_error **error)
{
    cnn2snn_bias_correction_options settings = CNN2SNN_BIAS_CORRECTION_OPTIONS_INIT;
    settings.batch_size = session->arguments.batch_size.value;
    settings.layer_done = print_layer;
    settings.user_data = session;
    return cnn2snn_model_bias_correction(model, samples, &settings, out_model, error);
}

static cnn2snn_status round_weights(struct session *session, const cnn2snn_model *model, cnn2snn_samples *samples,
                                    cnn2snn_model **out_model, cnn2snn_error **error)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_adaround_options settings = CNN2SNN_ADAROUND_OPTIONS_INIT;
    cnn2snn_optimizer optimizer = CNN2SNN_OPTIMIZER_INIT;
    optimizer.kind = a->optimizer ? find_optimizer(a->optimizer) : CNN2SNN_OPTIMIZER_ADAM;
    optimizer.learning_rate = a->learning_rate.given ? a->learning_rate.value : 0.01;
    settings.optimizer = &optimizer;
    settings.epochs = a->epochs.given ? a->epochs.value : 10;
    settings.batch_size = a->batch_size.value;
    settings.include_activation = a->include_activation;
    settings.layer_done = print_layer;
    settings.user_data = session;
    return cnn2snn_model_adaround(model, samples, &settings, out_model, error);
}

static int calibrate(struct session *session, const cnn2snn_model *model, cnn2snn_model **out_model)
{
    cnn2snn_samples *samples = NULL;
    cnn2snn_model *prepared = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = cnn2snn_samples_open(session->context, session->arguments.samples, &samples, &error);
    if (!status)
        status = prepare(session, model, samples, &prepared, &error);
    if (!status)
        status = (is_adaround(&session->arguments) ? round_weights : correct)(session, prepared, samples, out_model,
                                                                              &error);
    cnn2snn_model_destroy(prepared);
    cnn2snn_samples_destroy(samples);
    progress_hide(&session->progress);
    return status ? session_fail(session, error) : STATUS_DONE;
}

static int run(struct session *session)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_model *model = session_load_model(session, 0), *result = NULL;
    if (!model)
        return STATUS_CANNOT;
    int status = calibrate(session, model, &result);
    cnn2snn_model_destroy(model);
    if (status)
        return status;
    char *base = path_base(a->model), *path = format_text("%s_%s_calibrated.h5", base, a->positional);
    int done = session_save_model(session, result, a->output ? a->output : path, "Calibrated model");
    free(path);
    free(base);
    return done;
}

const struct command calibrate_command = {
    .name = "calibrate",
    .positional = "METHOD",
    .summary = "Calibrates a quantized Keras model on samples.",
    .details = "METHOD:\n"
               "bc        corrects biases by the mean error of each filter\n"
               "adaround  learns which weights are rounded up and which down",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .leaves_model = 1,
    .check = check,
    .run = run,
};
