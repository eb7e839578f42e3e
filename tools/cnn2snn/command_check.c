/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn check: whether a model suits Akida, and everything that is in the way. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "output.h"
#include "session.h"

static const struct option options[] = {
    OPTION("-m", "--model", OPTION_TEXT, 1, model, "FILE", "the Keras model (.h5), float or quantized"),
    OPTION(NULL, "--legacy", OPTION_FLAG, 0, legacy, NULL,
           "check for quantization by CNN2SNN and Akida 1.0 (so far the only check of float models)"),
    OPTION(NULL, "--target", OPTION_TEXT, 0, target, "v1|v2",
           "Akida version that a model quantized by QuantizeML is for (default: CNN2SNN_TARGET_AKIDA_VERSION, "
           "otherwise v2)"),
    OPTION(NULL, "--image-input", OPTION_FLAG, 0, image_input, NULL,
           "the input is 8-bit images: the first layer must be a Conv2D on 1 or 3 channels"),
    OPTION(NULL, "--no-image-input", OPTION_FLAG, 0, no_image_input, NULL, "the input is 4-bit events"),
};

static const char *check_arguments(const struct arguments *a)
{
    if (a->target && strcmp(a->target, "v1") && strcmp(a->target, "v2"))
        return "--target: expected v1 or v2";
    return a->image_input && a->no_image_input ? "--image-input and --no-image-input exclude each other" : NULL;
}

static void print_entry(const cnn2snn_report *report, size_t index)
{
    int fault = cnn2snn_report_get_severity(report, index) == CNN2SNN_SEVERITY_ERROR;
    const char *layer = cnn2snn_report_get_layer(report, index), *remedy = cnn2snn_report_get_remedy(report, index);
    printf("  %s: %s%s%s [%s]\n", fault ? "fault" : "warning", layer, *layer ? ": " : "",
           cnn2snn_report_get_message(report, index), cnn2snn_report_get_rule(report, index));
    if (*remedy)
        printf("    remedy: %s\n", remedy);
}

static void print_report(struct session *session, int compatible, const cnn2snn_report *report)
{
    if (session->arguments.json) {
        printf("{\n  \"compatible\": %s,\n  \"faults\": ", compatible ? "true" : "false");
        print_json_faults(stdout, report, 1);
        printf(",\n  \"warnings\": ");
        print_json_faults(stdout, report, 0);
        printf("\n}\n");
        return;
    }
    const char *target = session->arguments.target;
    session_say(session, "%s: %s with Akida%s", session->arguments.model,
                compatible ? "compatible" : "not compatible",
                !target                 ? ""
                : !strcmp(target, "v1") ? " 1.0"
                                        : " 2.0");
    for (size_t i = 0; i < cnn2snn_report_get_count(report); i++)
        print_entry(report, i);
}

static int run(struct session *session)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_model *model = session_load_model(session, 1);
    if (!model)
        return STATUS_CANNOT;
    cnn2snn_check_options settings = CNN2SNN_CHECK_OPTIONS_INIT;
    if (a->image_input || a->no_image_input)
        settings.input_mode = a->image_input ? CNN2SNN_INPUT_IMAGE : CNN2SNN_INPUT_EVENTS;
    if (a->target)
        settings.akida_version = !strcmp(a->target, "v1") ? CNN2SNN_AKIDA_V1 : CNN2SNN_AKIDA_V2;
    int32_t compatible = 0;
    cnn2snn_report *report = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = cnn2snn_check_model_compatibility(model, &settings, &compatible, &report, &error);
    cnn2snn_model_destroy(model);
    if (status)
        return session_fail(session, error);
    print_report(session, compatible, report);
    cnn2snn_report_destroy(report);
    return compatible ? STATUS_DONE : STATUS_CANNOT;
}

const struct command check_command = {
    .name = "check",
    .summary = "Says whether a model suits Akida, and everything that is in the way.",
    .details = "Exit status 0: compatible, with warnings perhaps; 1: not compatible.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .check = check_arguments,
    .run = run,
};
