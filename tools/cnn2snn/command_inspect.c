/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn inspect: a table of a model's layers. */
#include <stdio.h>

#include "commands.h"
#include "session.h"

static const struct option options[] = {
    OPTION("-m", "--model", OPTION_TEXT, 1, model, "FILE", "a Keras model (.h5) or an Akida model (.fbz)"),
};

static int print_summary(struct session *session, cnn2snn_buffer *summary)
{
    session_say(session, "%s\n", session->arguments.model);
    fwrite(cnn2snn_buffer_get_data(summary), 1, cnn2snn_buffer_get_size(summary), stdout);
    cnn2snn_buffer_destroy(summary);
    return STATUS_DONE;
}

static int inspect_akida(struct session *session)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_akida_model *model = NULL;
    cnn2snn_buffer *summary = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = cnn2snn_akida_model_load(session->context, a->model, &model, &error);
    if (!status)
        status = cnn2snn_akida_model_summary(model, a->json, &summary, &error);
    cnn2snn_akida_model_destroy(model);
    return status ? session_fail(session, error) : print_summary(session, summary);
}

static int inspect_keras(struct session *session)
{
    cnn2snn_model *model = session_load_model(session, 1);
    cnn2snn_buffer *summary = NULL;
    cnn2snn_error *error = NULL;
    if (!model)
        return STATUS_CANNOT;
    cnn2snn_status status = cnn2snn_model_summary(model, session->arguments.json, &summary, &error);
    cnn2snn_model_destroy(model);
    return status ? session_fail(session, error) : print_summary(session, summary);
}

static int run(struct session *session)
{
    return is_akida_file(session->arguments.model) ? inspect_akida(session) : inspect_keras(session);
}

const struct command inspect_command = {
    .name = "inspect",
    .summary = "Prints a table of a model's layers: kind, shapes, parameters, bits.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .run = run,
};
