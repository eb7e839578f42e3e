/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn inspect: a table of a model's layers. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "runner.h"
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

static void print_memory(const cnn2snn_simulator *simulator)
{
    cnn2snn_simulator_memory m;
    if (cnn2snn_simulator_get_memory(simulator, &m, sizeof m))
        return;
    printf("To run on one thread: %.1f KiB weights, %.1f KiB activations, %.1f KiB workspace",
           (double)m.weights / 1024, (double)m.activations / 1024, (double)m.workspace / 1024);
    if (m.state)
        printf(", %.1f KiB state", (double)m.state / 1024);
    printf("\n");
}

/* The summary is an object, to which the memory is added. */
static int print_akida_json(cnn2snn_buffer *summary, const cnn2snn_simulator *simulator)
{
    static const char end[] = "\n}\n";
    const char *data = cnn2snn_buffer_get_data(summary);
    size_t size = cnn2snn_buffer_get_size(summary), tail = sizeof end - 1;
    size_t open = size >= tail && !memcmp(data + size - tail, end, tail) ? size - tail : size;
    fwrite(data, 1, open, stdout);
    if (open < size) {
        printf(",\n  \"memory\": ");
        print_json_memory(stdout, simulator);
        printf("%s", end);
    }
    cnn2snn_buffer_destroy(summary);
    return STATUS_DONE;
}

static int inspect_akida(struct session *session)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_simulator_options options_of_one = CNN2SNN_SIMULATOR_OPTIONS_INIT;
    cnn2snn_akida_model *model = NULL;
    cnn2snn_simulator *simulator = NULL; /* models that can't run have none */
    cnn2snn_buffer *summary = NULL;
    cnn2snn_error *error = NULL;
    options_of_one.threads = 1;
    cnn2snn_status status = cnn2snn_akida_model_load(session->context, a->model, &model, &error);
    if (!status)
        status = cnn2snn_akida_model_summary(model, a->json, &summary, &error);
    if (!status)
        cnn2snn_simulator_create(model, &options_of_one, &simulator, NULL);
    int result = status    ? session_fail(session, error)
                 : a->json ? print_akida_json(summary, simulator)
                           : print_summary(session, summary);
    if (!status && !a->json)
        print_memory(simulator);
    cnn2snn_simulator_destroy(simulator);
    cnn2snn_akida_model_destroy(model);
    return result;
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
