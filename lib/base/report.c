/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how faults are collected and turned into an error. */
#include "base/report.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"

cnn2snn_status c2s_report_create(cnn2snn_context *context, cnn2snn_report **out_report, cnn2snn_error **error)
{
    cnn2snn_report *report = c2s_calloc(context, 1, sizeof *report);
    if (!report)
        return c2s_error_no_memory(error);
    report->context = c2s_context_retain(context);
    *out_report = report;
    return CNN2SNN_OK;
}

static void free_fault(cnn2snn_context *context, struct c2s_fault *fault)
{
    c2s_free(context, fault->rule);
    c2s_free(context, fault->layer);
    c2s_free(context, fault->message);
    c2s_free(context, fault->remedy);
}

void c2s_report_destroy(cnn2snn_report *report)
{
    if (!report)
        return;
    cnn2snn_context *context = report->context;
    for (size_t i = 0; i < report->count; i++)
        free_fault(context, &report->faults[i]);
    c2s_free(context, report->faults);
    c2s_free(context, report);
    c2s_context_release(context);
}

cnn2snn_status c2s_report_add(cnn2snn_report *report, cnn2snn_severity severity, cnn2snn_status code,
                              const char *rule, const char *layer, const char *remedy, cnn2snn_error **error,
                              const char *format, ...)
{
    cnn2snn_context *context = report->context;
    char message[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (c2s_array_reserve(context, &report->faults, &report->capacity, report->count + 1, sizeof *report->faults))
        return c2s_error_no_memory(error);
    struct c2s_fault fault = {.severity = severity,
                              .code = code,
                              .step = report->step,
                              .rule = c2s_strdup(context, rule),
                              .layer = c2s_strdup(context, layer ? layer : ""),
                              .message = c2s_strdup(context, message),
                              .remedy = c2s_strdup(context, remedy ? remedy : "")};
    if (!fault.rule || !fault.layer || !fault.message || !fault.remedy) {
        free_fault(context, &fault);
        return c2s_error_no_memory(error);
    }
    report->faults[report->count++] = fault;
    return CNN2SNN_OK;
}

bool c2s_status_is_fault(cnn2snn_status status)
{
    return status == CNN2SNN_E_INCOMPATIBLE || status == CNN2SNN_E_VALUE || status == CNN2SNN_E_TYPE ||
           status == CNN2SNN_E_MALFORMED || status == CNN2SNN_E_UNSUPPORTED || status == CNN2SNN_E_STATE ||
           status == CNN2SNN_E_INDEX;
}

cnn2snn_status c2s_status_of_cause(cnn2snn_status status, const cnn2snn_error *cause)
{
    return status && cause && (cause->code == CNN2SNN_E_NO_MEMORY || !cause->text) ? CNN2SNN_E_NO_MEMORY : status;
}

static const char *remedy_of(const cnn2snn_error *cause)
{
    return cause->report && cause->report->count ? cause->report->faults[0].remedy : NULL;
}

cnn2snn_status c2s_report_add_cause(cnn2snn_report *report, cnn2snn_status status, cnn2snn_error *cause,
                                    const char *rule, cnn2snn_error **error)
{
    status = c2s_status_of_cause(status, cause);
    if (status == CNN2SNN_E_NO_MEMORY) {
        c2s_error_clear(&cause);
        return c2s_error_no_memory(error);
    }
    if (c2s_status_is_fault(status) && cause) {
        status = c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, cause->code,
                                cause->rule && *cause->rule ? cause->rule : rule, cause->layer, remedy_of(cause),
                                error, "%s", cause->message ? cause->message : "");
    } else if (error && !*error) {
        *error = cause;
        return status;
    }
    c2s_error_clear(&cause);
    return status;
}

size_t c2s_report_count_errors(const cnn2snn_report *report)
{
    size_t count = 0;
    for (size_t i = 0; i < report->count; i++)
        count += report->faults[i].severity == CNN2SNN_SEVERITY_ERROR;
    return count;
}

cnn2snn_status c2s_report_raise_and_take(cnn2snn_report *report, cnn2snn_error **error)
{
    size_t count = c2s_report_count_errors(report), first = 0;
    if (!count) {
        c2s_report_destroy(report);
        return CNN2SNN_OK;
    }
    while (report->faults[first].severity != CNN2SNN_SEVERITY_ERROR)
        first++;
    const struct c2s_fault *fault = &report->faults[first];
    char more[64] = "";
    if (count > 1)
        snprintf(more, sizeof more, " (and %zu more)", count - 1);
    /* The rule must outlive the error: it is the report's, which the error owns. */
    cnn2snn_status code = c2s_layer_error(report->context, error, fault->code, fault->rule, fault->layer, "%s%s%s%s",
                                          fault->message, *fault->remedy ? "; " : "", fault->remedy, more);
    c2s_error_take_report(error, report);
    return code;
}

void c2s_error_set_remedy(cnn2snn_error **error, const char *remedy)
{
    cnn2snn_report *report = NULL;
    cnn2snn_error *e = error ? *error : NULL, *cause = NULL;
    if (!e || e->code == CNN2SNN_E_NO_MEMORY || e->report)
        return;
    cnn2snn_status status = c2s_report_create(e->context, &report, &cause);
    if (!status)
        status = c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, e->code, e->rule, e->layer, remedy, &cause, "%s",
                                e->message);
    if (!status) {
        c2s_error_take_report(error, report);
        return;
    }
    c2s_report_destroy(report);
    c2s_error_clear(error); /* there was no memory to say it all */
    *error = cause;
}
