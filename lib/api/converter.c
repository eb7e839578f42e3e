/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/converter.h. */
#include "cnn2snn/converter.h"

#include <string.h>

#include "akida/fbz.h"
#include "akida/release.h"
#include "api/edge.h"
#include "base/file.h"
#include "base/report.h"
#include "base/text.h"
#include "convert/convert.h"
#include "ir/model.h"
#include "plan/plan.h"
#include "plan/qml_plan.h"

cnn2snn_status cnn2snn_convert_options_init(cnn2snn_convert_options *options, size_t struct_size)
{
    cnn2snn_convert_options defaults = CNN2SNN_CONVERT_OPTIONS_INIT;
    return c2s_options_write(options, struct_size, &defaults, sizeof defaults);
}

/* Everything that a conversion is asked for. */
struct request {
    struct c2s_plan_settings settings;
    const char *release;
    cnn2snn_hardware_mapper_fn mapper;
    void *mapper_user_data;
};

static cnn2snn_status read_request(cnn2snn_context *context, const cnn2snn_convert_options *options,
                                   struct request *request, cnn2snn_error **error)
{
    cnn2snn_convert_options ours = CNN2SNN_CONVERT_OPTIONS_INIT;
    C2S_TRY(c2s_options_read(context, &ours, sizeof ours, options, "cnn2snn_convert_options", error));
    C2S_TRY(c2s_edge_reserved(context, ours.reserved, "cnn2snn_convert_options", error));
    if (ours.input_mode < CNN2SNN_INPUT_AUTO || ours.input_mode > CNN2SNN_INPUT_EVENTS)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-range", "input_mode %d is unknown",
                         (int)ours.input_mode);
    if (ours.akida_version < CNN2SNN_AKIDA_DEFAULT || ours.akida_version > CNN2SNN_AKIDA_V2)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-range", "akida_version %d is not v1 or v2",
                         (int)ours.akida_version);
    request->settings = (struct c2s_plan_settings){
        .has_input_scaling = ours.has_input_scaling != 0,
        .input_scale = ours.has_input_scaling ? ours.input_scale : 1,
        .input_shift = ours.has_input_scaling ? ours.input_shift : 0,
        .input_mode = ours.input_mode,
        .akida_version = ours.akida_version,
        .flatten_shifts = ours.flatten_shifts != 0,
        .exact_scales = ours.exact_scales != 0,
    };
    request->release = ours.akida_release;
    request->mapper = ours.hardware_mapper;
    request->mapper_user_data = ours.hardware_mapper_user_data;
    return CNN2SNN_OK;
}

static cnn2snn_status emit_legacy(const struct c2s_graph *graph, const struct c2s_plan_settings *settings,
                                  cnn2snn_report *report, cnn2snn_akida_model **out_model, cnn2snn_error **error)
{
    struct c2s_plan *plan = NULL;
    cnn2snn_status status = c2s_plan_create(graph, settings, report, &plan, error);
    if (!status && plan)
        status = c2s_convert_v1(plan, report, out_model, error);
    c2s_plan_destroy(plan);
    return status;
}

static cnn2snn_status emit_quantizeml(const struct c2s_graph *graph, const struct c2s_plan_settings *settings,
                                      cnn2snn_report *report, cnn2snn_akida_model **out_model, cnn2snn_error **error)
{
    struct c2s_qml_plan *plan = NULL;
    cnn2snn_status status = c2s_qml_plan_create(graph, settings, report, &plan, error);
    if (!status && plan)
        status = c2s_convert_qml(plan, report, out_model, error);
    c2s_qml_plan_destroy(plan);
    return status;
}

/* In the form of another release of the runtime. */
static cnn2snn_status make_older(const char *release, cnn2snn_report *report, cnn2snn_akida_model **model,
                                 cnn2snn_error **error)
{
    cnn2snn_akida_model *older = NULL;
    C2S_TRY(c2s_akida_model_for_release(*model, release, report, &older, error));
    c2s_akida_model_release(*model);
    *model = older;
    return CNN2SNN_OK;
}

/* Plans and emits, and asks the hardware's maker. Faults and warnings are in the report; the model is there only when
 * there are no faults. */
static cnn2snn_status plan_and_emit(const cnn2snn_model *model, const struct request *request, cnn2snn_report *report,
                                    cnn2snn_akida_model **out_model, cnn2snn_error **error)
{
    cnn2snn_status status = c2s_graph_is_quantizeml(model->graph)
                                ? emit_quantizeml(model->graph, &request->settings, report, out_model, error)
                                : emit_legacy(model->graph, &request->settings, report, out_model, error);
    if (!status && *out_model && request->mapper)
        status = request->mapper(request->mapper_user_data, model->context, *out_model, report, error);
    if (!status && *out_model && request->release)
        status = make_older(request->release, report, out_model, error);
    if (status || c2s_report_count_errors(report)) {
        c2s_akida_model_release(*out_model);
        *out_model = NULL;
    }
    return status;
}

static void log_warnings(cnn2snn_context *context, const cnn2snn_report *report)
{
    for (size_t i = 0; i < report->count; i++) {
        const struct c2s_fault *fault = &report->faults[i];
        if (fault->severity != CNN2SNN_SEVERITY_ERROR)
            c2s_log(context, fault->severity == CNN2SNN_SEVERITY_WARNING ? CNN2SNN_LOG_WARNING : CNN2SNN_LOG_INFO,
                    "%s%s%s%s%s [%s]", fault->layer, *fault->layer ? ": " : "", fault->message,
                    *fault->remedy ? "; " : "", fault->remedy, fault->rule);
    }
}

/* Converts; *out_report is the report of warnings, or NULL when there are none or the conversion fails. */
static cnn2snn_status convert(const cnn2snn_model *model, const cnn2snn_convert_options *options,
                              cnn2snn_akida_model **out_model, cnn2snn_report **out_report, cnn2snn_error **error)
{
    cnn2snn_context *context = model->context;
    struct request request;
    C2S_TRY(read_request(context, options, &request, error));
    cnn2snn_report *report = NULL;
    C2S_TRY(c2s_report_create(context, &report, error));
    cnn2snn_status status = plan_and_emit(model, &request, report, out_model, error);
    if (!status && c2s_report_count_errors(report))
        return c2s_report_raise_and_take(report, error);
    if (!status && report->count) {
        log_warnings(context, report);
        *out_report = report;
        return CNN2SNN_OK;
    }
    c2s_report_destroy(report);
    return status;
}

/* Hands the report of warnings to the caller, or drops it. */
static void give_report(cnn2snn_report *report, cnn2snn_report **out_report)
{
    if (out_report)
        *out_report = report;
    else
        c2s_report_destroy(report);
}

cnn2snn_status cnn2snn_convert(const cnn2snn_model *model, const cnn2snn_convert_options *options,
                               cnn2snn_akida_model **out_akida_model, cnn2snn_report **out_report,
                               cnn2snn_error **error)
{
    if (out_report)
        *out_report = NULL;
    C2S_OUT(error, out_akida_model);
    C2S_NEED(error, model);
    cnn2snn_report *report = NULL;
    cnn2snn_status status = convert(model, options, out_akida_model, &report, error);
    if (!status)
        give_report(report, out_report);
    C2S_RETURN(model->context, status, out_akida_model, error);
}

/* ------------------------------------------------------------------------------------------------ files */

/* A dot behind the first character of the file's name, dots in front aside. */
static int has_extension(const char *file_name)
{
    const char *name = file_name + strspn(file_name, ".");
    return strchr(name, '.') != NULL;
}

static cnn2snn_status file_path(const cnn2snn_model *model, const char *path, struct c2s_text *out,
                                cnn2snn_error **error)
{
    const char *slash = strrchr(path, '/'), *file_name = slash ? slash + 1 : path, *model_name = model->graph->name;
    if (!*path)
        return c2s_error(model->context, error, CNN2SNN_E_VALUE, "L-031", "the file's path is empty");
    c2s_text_add(out, path);
    if (*file_name) {
        if (!has_extension(file_name))
            c2s_text_add(out, ".fbz");
        return CNN2SNN_OK;
    }
    if (!model_name || !*model_name || strchr(model_name, '/'))
        return c2s_error(model->context, error, CNN2SNN_E_VALUE, "L-031",
                         "the model's name '%s' can't name a file; the path must do it",
                         model_name ? model_name : "");
    c2s_text_add(out, model_name);
    c2s_text_add(out, ".fbz");
    return CNN2SNN_OK;
}

cnn2snn_status cnn2snn_convert_file_path(const cnn2snn_model *model, const char *path, cnn2snn_buffer **out_path,
                                         cnn2snn_error **error)
{
    C2S_OUT(error, out_path);
    C2S_NEED(error, model);
    if (!path)
        return c2s_edge_null(error, "file_path");
    struct c2s_text text;
    c2s_text_init(&text, model->context);
    cnn2snn_status status = file_path(model, path, &text, error);
    if (!status)
        status = c2s_text_to_buffer(&text, out_path, error);
    else
        c2s_text_free(&text);
    C2S_RETURN(model->context, status, out_path, error);
}

static cnn2snn_status save(const cnn2snn_akida_model *akida_model, const char *path, cnn2snn_error **error)
{
    cnn2snn_status status = c2s_file_make_parents(akida_model->context, path, error);
    if (!status)
        status = c2s_fbz_save(akida_model, path, NULL, error);
    if (status)
        c2s_error_set_file(error, path);
    return status;
}

static cnn2snn_status convert_to_file(const cnn2snn_model *model, const cnn2snn_convert_options *options,
                                      const char *path, cnn2snn_akida_model **out_akida_model,
                                      cnn2snn_report **out_report, cnn2snn_error **error)
{
    struct c2s_text target;
    c2s_text_init(&target, model->context);
    cnn2snn_akida_model *akida_model = NULL;
    cnn2snn_report *report = NULL;
    cnn2snn_status status = file_path(model, path, &target, error);
    if (!status && target.failed)
        status = c2s_error_no_memory(error);
    if (!status)
        status = convert(model, options, &akida_model, &report, error);
    if (!status)
        status = save(akida_model, target.data, error);
    c2s_text_free(&target);
    if (!status)
        give_report(report, out_report);
    else
        c2s_report_destroy(report);
    if (!status && out_akida_model)
        *out_akida_model = akida_model;
    else
        c2s_akida_model_release(akida_model);
    return c2s_edge_end(model->context, status, error);
}

cnn2snn_status cnn2snn_convert_to_file(const cnn2snn_model *model, const cnn2snn_convert_options *options,
                                       const char *path, cnn2snn_akida_model **out_akida_model,
                                       cnn2snn_report **out_report, cnn2snn_error **error)
{
    c2s_edge_start(error);
    if (out_akida_model)
        *out_akida_model = NULL;
    if (out_report)
        *out_report = NULL;
    C2S_NEED(error, model);
    if (!path)
        return c2s_edge_null(error, "file_path");
    return convert_to_file(model, options, path, out_akida_model, out_report, error);
}
