/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn supported-ops: which rows of layers of a QuantizeML model become one Akida layer. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "session.h"

static const struct option options[] = {
    OPTION(NULL, "--target", OPTION_TEXT, 0, target, "v1|v2", "Akida version (default: both)"),
};

static const char *check(const struct arguments *a)
{
    return a->target && strcmp(a->target, "v1") && strcmp(a->target, "v2") ? "--target: expected v1 or v2" : NULL;
}

static int run(struct session *session)
{
    const char *target = session->arguments.target;
    cnn2snn_akida_version version = !target                 ? CNN2SNN_AKIDA_DEFAULT
                                    : !strcmp(target, "v1") ? CNN2SNN_AKIDA_V1
                                                            : CNN2SNN_AKIDA_V2;
    cnn2snn_buffer *buffer = NULL;
    cnn2snn_error *error = NULL;
    if (cnn2snn_supported_ops(session->context, version, session->arguments.json, &buffer, &error))
        return session_fail(session, error);
    fwrite(cnn2snn_buffer_get_data(buffer), 1, cnn2snn_buffer_get_size(buffer), stdout);
    cnn2snn_buffer_destroy(buffer);
    return STATUS_DONE;
}

const struct command supported_ops_command = {
    .name = "supported-ops",
    .summary = "Lists the rows of layers that become one Akida layer.",
    .details = "It is the table that convert matches models quantized by QuantizeML with.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .check = check,
    .run = run,
};
