/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn reshape: a model for another input size. */
#include <stdlib.h>

#include "commands.h"
#include "paths.h"
#include "session.h"

static const struct option options[] = {
    OPTION("-m", "--model", OPTION_TEXT, 1, model, "FILE", "the Keras model (.h5)"),
    OPTION("-o", "--output", OPTION_TEXT, 0, output, "FILE",
           "where to write; otherwise beside the model, named ..._WIDTH_HEIGHT.h5"),
    OPTION("-iw", "--input_width", OPTION_INTEGER, 1, columns, "N", "columns of the new input"),
    OPTION("-ih", "--input_height", OPTION_INTEGER, 1, rows, "N", "rows of the new input"),
};

static int run(struct session *session)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_model *model = session_load_model(session, 0), *reshaped = NULL;
    cnn2snn_error *error = NULL;
    if (!model)
        return STATUS_CANNOT;
    cnn2snn_status status = cnn2snn_model_reshape(model, a->rows.value, a->columns.value, &reshaped, &error);
    cnn2snn_model_destroy(model);
    if (status)
        return session_fail(session, error);
    char *base = path_base(a->model);
    char *path = format_text("%s_%d_%d.h5", base, (int)a->columns.value, (int)a->rows.value);
    int result = session_save_model(session, reshaped, a->output ? a->output : path, "Reshaped model");
    free(path);
    free(base);
    return result;
}

const struct command reshape_command = {
    .name = "reshape",
    .summary = "Changes the input size of a Sequential model.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .leaves_model = 1,
    .run = run,
};
