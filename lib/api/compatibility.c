/* SPDX-License-Identifier: Apache-2.0 */
/* The public check of cnn2snn/converter.h: the rules of conversion without a conversion. */
#include "api/edge.h"
#include "base/report.h"
#include "cnn2snn/converter.h"
#include "convert/convert.h"
#include "ir/model.h"
#include "plan/plan.h"
#include "plan/qml_plan.h"

cnn2snn_status cnn2snn_check_options_init(cnn2snn_check_options *options, size_t struct_size)
{
    cnn2snn_check_options defaults = CNN2SNN_CHECK_OPTIONS_INIT;
    return c2s_options_write(options, struct_size, &defaults, sizeof defaults);
}

static cnn2snn_status read_settings(cnn2snn_context *context, const cnn2snn_check_options *options,
                                    struct c2s_plan_settings *settings, cnn2snn_error **error)
{
    cnn2snn_check_options ours = CNN2SNN_CHECK_OPTIONS_INIT;
    C2S_TRY(c2s_options_read(context, &ours, sizeof ours, options, "cnn2snn_check_options", error));
    C2S_TRY(c2s_edge_reserved(context, ours.reserved | ours.reserved2, "cnn2snn_check_options", error));
    if (ours.akida_version < CNN2SNN_AKIDA_DEFAULT || ours.akida_version > CNN2SNN_AKIDA_V2)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-range", "akida_version %d is not v1 or v2",
                         (int)ours.akida_version);
    if (ours.input_mode < CNN2SNN_INPUT_AUTO || ours.input_mode > CNN2SNN_INPUT_EVENTS)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-range", "input_mode %d is unknown",
                         (int)ours.input_mode);
    *settings = (struct c2s_plan_settings){
        .input_scale = 1, .input_mode = ours.input_mode, .akida_version = ours.akida_version};
    return CNN2SNN_OK;
}

/* What shows only in the numbers is found by converting. */
static cnn2snn_status check_quantizeml(const struct c2s_graph *graph, const struct c2s_plan_settings *settings,
                                       cnn2snn_report *report, cnn2snn_error **error)
{
    struct c2s_qml_plan *plan = NULL;
    cnn2snn_akida_model *akida_model = NULL;
    cnn2snn_status status = c2s_qml_plan_create(graph, settings, report, &plan, error);
    if (!status && plan)
        status = c2s_convert_qml(plan, report, &akida_model, error);
    c2s_akida_model_release(akida_model);
    c2s_qml_plan_destroy(plan);
    return status;
}

static cnn2snn_status check(const cnn2snn_model *model, const cnn2snn_check_options *options, cnn2snn_report *report,
                            cnn2snn_error **error)
{
    struct c2s_plan_settings settings;
    C2S_TRY(read_settings(model->context, options, &settings, error));
    if (c2s_graph_is_quantizeml(model->graph))
        return check_quantizeml(model->graph, &settings, report, error);
    settings.akida_version = CNN2SNN_AKIDA_DEFAULT; /* 1.0: what CNN2SNN quantizes for */
    unsigned more = c2s_graph_is_quantized(model->graph) ? C2S_RULES_CONVERT : C2S_RULES_AHEAD;
    return c2s_plan_check(model->graph, &settings, C2S_RULES_COMPATIBLE | more, report, error);
}

cnn2snn_status cnn2snn_check_model_compatibility(const cnn2snn_model *model, const cnn2snn_check_options *options,
                                                 int32_t *out_compatible, cnn2snn_report **out_report,
                                                 cnn2snn_error **error)
{
    c2s_edge_start(error);
    if (out_report)
        *out_report = NULL;
    C2S_NEED(error, model);
    C2S_NEED(error, out_compatible);
    cnn2snn_report *report = NULL;
    cnn2snn_status status = c2s_report_create(model->context, &report, error);
    if (!status)
        status = check(model, options, report, error);
    if (!status)
        *out_compatible = !c2s_report_count_errors(report);
    if (!status && out_report)
        *out_report = report;
    else
        c2s_report_destroy(report);
    return c2s_edge_end(model->context, status, error);
}
