/* SPDX-License-Identifier: Apache-2.0 */
/* The public check of cnn2snn/converter.h: the rules of quantization and conversion without a result. */
#include <string.h>

#include "api/edge.h"
#include "base/error_object.h"
#include "base/report.h"
#include "cnn2snn/converter.h"
#include "convert/convert.h"
#include "ir/model.h"
#include "plan/plan.h"
#include "plan/qml_plan.h"
#include "quantize/qml_quantize.h"

cnn2snn_status cnn2snn_check_options_init(cnn2snn_check_options *options, size_t struct_size)
{
    cnn2snn_check_options defaults = CNN2SNN_CHECK_OPTIONS_INIT;
    return c2s_options_write(options, struct_size, &defaults, sizeof defaults);
}

static cnn2snn_status read_options(cnn2snn_context *context, const cnn2snn_check_options *options,
                                   cnn2snn_check_options *ours, cnn2snn_error **error)
{
    *ours = (cnn2snn_check_options)CNN2SNN_CHECK_OPTIONS_INIT;
    C2S_TRY(c2s_options_read(context, ours, sizeof *ours, options, "cnn2snn_check_options", error));
    C2S_TRY(c2s_edge_reserved(context, ours->reserved | ours->reserved2, "cnn2snn_check_options", error));
    if (ours->akida_version < CNN2SNN_AKIDA_DEFAULT || ours->akida_version > CNN2SNN_AKIDA_V2)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-range", "akida_version %d is not v1 or v2",
                         (int)ours->akida_version);
    if (ours->input_mode < CNN2SNN_INPUT_AUTO || ours->input_mode > CNN2SNN_INPUT_EVENTS)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-range", "input_mode %d is unknown",
                         (int)ours->input_mode);
    if (ours->flow < CNN2SNN_CHECK_CNN2SNN || ours->flow > CNN2SNN_CHECK_QUANTIZEML)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-range", "flow %d is unknown", (int)ours->flow);
    if (ours->input_dtype && !c2s_dtype_is_integer(ours->input_dtype))
        return c2s_error(context, error, CNN2SNN_E_VALUE, "P-026", "input_dtype %s, expected a type of integers",
                         c2s_dtype_name(ours->input_dtype));
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ conversion */

static cnn2snn_status map(const cnn2snn_check_options *options, cnn2snn_context *context,
                          cnn2snn_akida_model *akida_model, cnn2snn_report *report, cnn2snn_error **error)
{
    const char *step = report->step;
    if (!akida_model || !options->hardware_mapper || c2s_report_count_errors(report))
        return CNN2SNN_OK;
    report->step = "mapping";
    cnn2snn_status status =
        options->hardware_mapper(options->hardware_mapper_user_data, context, akida_model, report, error);
    report->step = step;
    return status;
}

/* What shows only in the numbers is found by converting. */
static cnn2snn_status convert_quantizeml(const struct c2s_graph *graph, const struct c2s_plan_settings *settings,
                                         cnn2snn_report *report, cnn2snn_akida_model **out_model,
                                         cnn2snn_error **error)
{
    struct c2s_qml_plan *plan = NULL;
    cnn2snn_status status = c2s_qml_plan_create(graph, settings, report, &plan, error);
    if (!status && plan)
        status = c2s_convert_qml(plan, report, out_model, error);
    c2s_qml_plan_destroy(plan);
    return status;
}

static cnn2snn_status check_quantizeml(const struct c2s_graph *graph, const cnn2snn_check_options *options,
                                       const struct c2s_plan_settings *settings, cnn2snn_report *report,
                                       cnn2snn_error **error)
{
    cnn2snn_akida_model *akida_model = NULL;
    cnn2snn_status status = convert_quantizeml(graph, settings, report, &akida_model, error);
    if (!status)
        status = map(options, graph->context, akida_model, report, error);
    c2s_akida_model_release(akida_model);
    return status;
}

static cnn2snn_status check_legacy(const struct c2s_graph *graph, const cnn2snn_check_options *options,
                                   const struct c2s_plan_settings *settings, cnn2snn_report *report,
                                   cnn2snn_error **error)
{
    bool quantized = c2s_graph_is_quantized(graph);
    struct c2s_plan *plan = NULL;
    cnn2snn_akida_model *akida_model = NULL;
    C2S_TRY(c2s_plan_check(graph, settings, C2S_RULES_COMPATIBLE | (quantized ? C2S_RULES_CONVERT : C2S_RULES_AHEAD),
                           report, error));
    if (!quantized || !options->hardware_mapper || c2s_report_count_errors(report))
        return CNN2SNN_OK;
    cnn2snn_report *again = NULL; /* the plan tells once more what is told */
    C2S_TRY(c2s_report_create(graph->context, &again, error));
    cnn2snn_status status = c2s_plan_create(graph, settings, again, &plan, error);
    c2s_report_destroy(again);
    if (!status && plan)
        status = c2s_convert_v1(plan, report, &akida_model, error);
    if (!status)
        status = map(options, graph->context, akida_model, report, error);
    c2s_akida_model_release(akida_model);
    c2s_plan_destroy(plan);
    return status;
}

/* ------------------------------------------------------------------------------------------------ both steps */

/* Rules that a model breaks because it breaks another one, or that mean nothing to it. */
static const char *const implied[][2] = {
    {"P-004", "Q-047"},                                         /* several inputs */
    {"P-004", "Q-060"}, {"P-004", "Q-063"}, {"P-035", "Q-060"}, /* inputs of the wrong sign */
    {"P-038", "Q-052"},                                         /* quantization stops */
    {"Q-047", "Q-053"},                                         /* several outputs: conversion ends at the first */
};
/* Warnings about numbers, which are those of a random sample here. */
static const char *const about_ranges[] = {"Q-T05", "Q-T11", "Q-T12", "Q-T14", "Q-T20", "Q-T21"};

static bool is_implied(const cnn2snn_report *told, const struct c2s_fault *fault)
{
    for (size_t i = 0; i < sizeof about_ranges / sizeof *about_ranges; i++)
        if (!strcmp(fault->rule, about_ranges[i]))
            return true;
    for (size_t i = 0; i < told->count; i++) {
        const struct c2s_fault *cause = &told->faults[i];
        if (!strcmp(cause->rule, fault->rule) && !strcmp(cause->layer, fault->layer))
            return true;
        for (size_t k = 0; k < sizeof implied / sizeof *implied; k++)
            if (!strcmp(cause->rule, implied[k][0]) && !strcmp(fault->rule, implied[k][1]))
                return true;
    }
    return false;
}

static cnn2snn_status add_conversion(const cnn2snn_report *found, cnn2snn_report *report, cnn2snn_error **error)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct c2s_fault *fault = &found->faults[i];
        if (is_implied(report, fault) && strcmp(fault->step ? fault->step : "", "mapping"))
            continue;
        report->step = fault->step;
        C2S_TRY(c2s_report_add(report, fault->severity, fault->code, fault->rule, fault->layer, fault->remedy, error,
                               "%s", fault->message));
    }
    return CNN2SNN_OK;
}

/* What the layers of a quantized model can't compute on: the reference finds that when it builds the model. */
static cnn2snn_status check_numbers(const struct c2s_graph *quantized, cnn2snn_report *report, cnn2snn_error **error)
{
    struct c2s_derivation *derivation = NULL;
    cnn2snn_error *cause = NULL;
    cnn2snn_status status = c2s_derive(quantized, &derivation, &cause);
    c2s_derivation_destroy(derivation);
    return status ? c2s_report_add_cause(report, status, cause, "P-001", error) : CNN2SNN_OK;
}

static cnn2snn_status check_float(const struct c2s_graph *graph, const cnn2snn_check_options *options,
                                  struct c2s_plan_settings *settings, cnn2snn_report *report, cnn2snn_error **error)
{
    settings->akida_version = options->akida_version ? options->akida_version : graph->context->akida_version;
    const struct c2s_qml_parameters parameters = c2s_qml_parameters_of(
        settings->akida_version, options->input_dtype ? options->input_dtype : CNN2SNN_DTYPE_UINT8);
    struct c2s_graph *quantized = NULL;
    cnn2snn_report *found = NULL;
    report->step = "quantization";
    C2S_TRY(c2s_report_create(graph->context, &found, error));
    found->step = "conversion";
    cnn2snn_status status = c2s_qml_quantize(graph, &parameters, report, &quantized, error);
    if (!status && quantized)
        status = check_numbers(quantized, report, error);
    if (!status && quantized)
        status = check_quantizeml(quantized, options, settings, found, error);
    if (!status)
        status = add_conversion(found, report, error);
    c2s_report_destroy(found);
    c2s_graph_release(quantized);
    report->step = NULL;
    return status;
}

/* ------------------------------------------------------------------------------------------------ the call */

static cnn2snn_status check(const cnn2snn_model *model, const cnn2snn_check_options *given, cnn2snn_report *report,
                            cnn2snn_error **error)
{
    cnn2snn_check_options options;
    C2S_TRY(read_options(model->context, given, &options, error));
    struct c2s_plan_settings settings = {
        .input_scale = 1, .input_mode = options.input_mode, .akida_version = options.akida_version};
    if (c2s_graph_is_quantizeml_quantized(model->graph))
        return check_quantizeml(model->graph, &options, &settings, report, error);
    if (options.flow == CNN2SNN_CHECK_QUANTIZEML && !c2s_graph_is_quantized(model->graph))
        return check_float(model->graph, &options, &settings, report, error);
    if (c2s_graph_is_quantizeml(model->graph))
        return check_quantizeml(model->graph, &options, &settings, report, error);
    settings.akida_version = CNN2SNN_AKIDA_DEFAULT; /* 1.0: what CNN2SNN quantizes for */
    return check_legacy(model->graph, &options, &settings, report, error);
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
