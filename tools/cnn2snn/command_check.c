/* SPDX-License-Identifier: Apache-2.0 */
/* cnn2snn check: whether a model suits Akida, and everything that is in the way. */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "output.h"
#include "same_outputs.h"

static const struct option options[] = {
    OPTION("-m", "--model", OPTION_TEXT, 1, model, "FILE", "the Keras model (.h5), float or quantized"),
    OPTION(NULL, "--legacy", OPTION_FLAG, 0, legacy, NULL,
           "float models: check for quantization by CNN2SNN and Akida 1.0 (the default without --target and "
           "--input-dtype)"),
    OPTION(NULL, "--target", OPTION_TEXT, 0, target, "v1|v2",
           "float models: check for quantization by QuantizeML and this Akida version; Akida version that a model "
           "quantized by QuantizeML is for (default: CNN2SNN_TARGET_AKIDA_VERSION, otherwise v2)"),
    OPTION(NULL, "--input-dtype", OPTION_TEXT, 0, input_dtype, "TYPE",
           "float models: check for quantization by QuantizeML with inputs of this type (default: uint8)"),
    OPTION(NULL, "--image-input", OPTION_FLAG, 0, image_input, NULL,
           "the input is 8-bit images: the first layer must be a Conv2D on 1 or 3 channels"),
    OPTION(NULL, "--fix", OPTION_TEXT, 0, fix, "FILE",
           "write a model (.h5) that computes the same and is compatible, where there is a mechanical way"),
    OPTION(NULL, "--no-image-input", OPTION_FLAG, 0, no_image_input, NULL, "the input is 4-bit events"),
};

/* 0 for names of no type of integers. */
static cnn2snn_dtype input_dtype_of(const char *name)
{
    for (cnn2snn_dtype dtype = CNN2SNN_DTYPE_INT8; dtype <= CNN2SNN_DTYPE_UINT64; dtype++)
        if (!strcmp(cnn2snn_dtype_name(dtype), name))
            return dtype;
    return CNN2SNN_DTYPE_NONE;
}

static const char *check_arguments(const struct arguments *a)
{
    if (a->target && strcmp(a->target, "v1") && strcmp(a->target, "v2"))
        return "--target: expected v1 or v2";
    if (a->input_dtype && !input_dtype_of(a->input_dtype))
        return "--input-dtype: expected uint8, int8, uint16, int16, uint32, int32, uint64 or int64";
    if (a->input_dtype && a->legacy)
        return "--legacy and --input-dtype exclude each other";
    return a->image_input && a->no_image_input ? "--image-input and --no-image-input exclude each other" : NULL;
}

enum { MENDED_TOLERANCE_PPM = 100 }; /* of the largest output, in millionths */

static void print_entry(const cnn2snn_report *report, size_t index)
{
    static const char *const names[] = {"", "fault", "warning", "mended"};
    cnn2snn_severity severity = cnn2snn_report_get_severity(report, index);
    const char *layer = cnn2snn_report_get_layer(report, index), *remedy = cnn2snn_report_get_remedy(report, index);
    const char *step = cnn2snn_report_get_step(report, index);
    printf("  %s%s%s: %s%s%s [%s]\n", names[severity], *step ? " of " : "", step, layer, *layer ? ": " : "",
           cnn2snn_report_get_message(report, index), cnn2snn_report_get_rule(report, index));
    if (*remedy)
        printf("    remedy: %s\n", remedy);
}

/* mends: what --fix would do, or NULL. */
static void print_report(struct session *session, int compatible, const cnn2snn_report *report,
                         const cnn2snn_report *mends)
{
    if (session->arguments.json) {
        printf("{\n  \"compatible\": %s,\n  \"faults\": ", compatible ? "true" : "false");
        print_json_faults(stdout, report, 1);
        printf(",\n  \"warnings\": ");
        print_json_faults(stdout, report, 0);
        if (mends) {
            printf(",\n  \"mendable\": ");
            print_json_faults(stdout, mends, 0);
        }
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
    if (cnn2snn_report_get_count(mends))
        session_say(session, "  --fix FILE mends %zu places", cnn2snn_report_get_count(mends));
}

/* ------------------------------------------------------------------------------------------------ mending */

/* A model mended, what was done, and whether it may be written. */
struct mended {
    cnn2snn_model *model;
    cnn2snn_report *mends, *faults;
    int32_t compatible;
    double difference;
};

static void free_mended(struct mended *mended)
{
    cnn2snn_model_destroy(mended->model);
    cnn2snn_report_destroy(mended->mends);
    cnn2snn_report_destroy(mended->faults);
}

static void print_mended(struct session *session, const struct mended *mended, int written)
{
    if (!session->arguments.json) {
        for (size_t i = 0; i < cnn2snn_report_get_count(mended->mends) && !session->arguments.quiet; i++)
            print_entry(mended->mends, i);
        for (size_t i = 0; i < cnn2snn_report_get_count(mended->faults); i++)
            print_entry(mended->faults, i);
        return;
    }
    printf("{\n  \"compatible\": %s,\n  \"output\": ", mended->compatible ? "true" : "false");
    if (written)
        print_json_string(stdout, session->arguments.fix);
    else
        printf("null");
    printf(",\n  \"mended\": ");
    print_json_faults(stdout, mended->mends, 0);
    printf(",\n  \"faults\": ");
    print_json_faults(stdout, mended->faults, 1);
    printf(",\n  \"warnings\": ");
    print_json_faults(stdout, mended->faults, 0);
    printf("\n}\n");
}

static int write_mended(struct session *session, struct mended *mended)
{
    const struct arguments *a = &session->arguments;
    cnn2snn_error *error = NULL;
    if (!(mended->difference * 1e6 <= MENDED_TOLERANCE_PPM))
        return session_fail_text(session, a->model, "the mended model's outputs are another's by %.3g: not written",
                                 mended->difference);
    if (mended->compatible && cnn2snn_model_save(mended->model, a->fix, &error))
        return session_fail(session, error);
    print_mended(session, mended, mended->compatible);
    if (mended->compatible)
        session_say(session, "Mended model saved in %s: its outputs differ by %.2g at most", a->fix,
                    mended->difference);
    else
        session_say(session, "%s: not compatible, and the rest can't be mended: not written", a->model);
    return mended->compatible ? STATUS_DONE : STATUS_CANNOT;
}

static int fix(struct session *session, const cnn2snn_model *model, const cnn2snn_check_options *settings)
{
    struct mended mended = {0};
    cnn2snn_error *error = NULL;
    if (cnn2snn_model_mend(model, &mended.model, &mended.mends, &error) ||
        cnn2snn_check_model_compatibility(mended.model, settings, &mended.compatible, &mended.faults, &error)) {
        free_mended(&mended);
        return session_fail(session, error);
    }
    int result = find_difference(session, model, mended.model, &mended.difference);
    if (!result)
        result = write_mended(session, &mended);
    free_mended(&mended);
    return result;
}

/* ------------------------------------------------------------------------------------------------ the command */

static int check(struct session *session, const cnn2snn_model *model, const cnn2snn_check_options *settings)
{
    int32_t compatible = 0;
    cnn2snn_report *report = NULL;
    cnn2snn_error *error = NULL;
    if (cnn2snn_check_model_compatibility(model, settings, &compatible, &report, &error))
        return session_fail(session, error);
    cnn2snn_model *mended = NULL;
    cnn2snn_report *mends = NULL;
    if (!compatible && !settings->flow) /* what can't be looked at can't be mended */
        cnn2snn_model_mend(model, &mended, &mends, NULL);
    print_report(session, compatible, report, mends);
    cnn2snn_report_destroy(report);
    cnn2snn_report_destroy(mends);
    cnn2snn_model_destroy(mended);
    return compatible ? STATUS_DONE : STATUS_CANNOT;
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
    if (!a->legacy && !a->fix && (a->target || a->input_dtype))
        settings.flow = CNN2SNN_CHECK_QUANTIZEML;
    if (a->input_dtype)
        settings.input_dtype = input_dtype_of(a->input_dtype);
    int result = a->fix ? fix(session, model, &settings) : check(session, model, &settings);
    cnn2snn_model_destroy(model);
    return result;
}

const struct command check_command = {
    .name = "check",
    .summary = "Says whether a model suits Akida, and everything that is in the way.",
    .details = "Exit status 0: compatible, with warnings perhaps; 1: not compatible. With --fix the mended model is "
               "checked,\n"
               "and its outputs are compared with the model's for random inputs, before it is written.",
    .options = options,
    .option_count = sizeof options / sizeof *options,
    .leaves_model = 1,
    .check = check_arguments,
    .run = run,
};
