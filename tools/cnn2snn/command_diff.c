/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn diff: how two Akida models differ. */
#include <stdio.h>

#include "commands.h"
#include "session.h"

static int print_differences(struct session *session, const cnn2snn_akida_model *first,
                             const cnn2snn_akida_model *second)
{
    const struct arguments *a = &session->arguments;
    int32_t equal = 0;
    cnn2snn_buffer *buffer = NULL;
    cnn2snn_error *error = NULL;
    if (cnn2snn_akida_model_diff(first, second, a->json, &equal, &buffer, &error)) {
        session_fail(session, error);
        return STATUS_USAGE;
    }
    fwrite(cnn2snn_buffer_get_data(buffer), 1, cnn2snn_buffer_get_size(buffer), stdout);
    if (equal)
        session_say(session, "no difference");
    cnn2snn_buffer_destroy(buffer);
    return equal ? STATUS_DONE : STATUS_CANNOT;
}

/* Files that can't be compared are told apart from files that differ, as diff(1) does. */
static int run(struct session *session)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_akida_model *first = NULL, *second = NULL;
    cnn2snn_error *error = NULL;
    int result = STATUS_USAGE;
    if (cnn2snn_akida_model_load(session->context, a->positional, &first, &error) ||
        cnn2snn_akida_model_load(session->context, a->second_positional, &second, &error))
        session_fail(session, error);
    else
        result = print_differences(session, first, second);
    cnn2snn_akida_model_destroy(first);
    cnn2snn_akida_model_destroy(second);
    return result;
}

const struct command diff_command = {
    .name = "diff",
    .positional = "FIRST",
    .second_positional = "SECOND",
    .summary = "Says how two Akida models (.fbz) differ: layers, parameters, variables.",
    .details = "A line says what the first has and, behind '|', what the second has.\n"
               "Exit status 0: no difference; 1: they differ; 2: wrong usage, or a file that can't be read.",
    .run = run,
};
