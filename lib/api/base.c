/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/base.h. */
#include "cnn2snn/base.h"

#include "api/edge.h"
#include "base/error_object.h"
#include "base/report.h"
#include "base/text.h"

const char *cnn2snn_status_name(cnn2snn_status status)
{
    static const char *const names[] = {"OK",
                                        "E_NO_MEMORY",
                                        "E_INVALID_ARGUMENT",
                                        "E_IO",
                                        "E_MALFORMED",
                                        "E_UNSUPPORTED",
                                        "E_INCOMPATIBLE",
                                        "E_CANCELLED",
                                        "E_VALUE",
                                        "E_TYPE",
                                        "E_INDEX",
                                        "E_STATE",
                                        "E_NOT_SEQUENTIAL",
                                        "E_LIMIT",
                                        "E_CALLBACK"};
    int32_t count = sizeof names / sizeof *names;
    return status <= 0 && status > -count ? names[-status] : "unknown";
}

const char *cnn2snn_version_string(void)
{
    return CNN2SNN_VERSION;
}

uint32_t cnn2snn_abi_version(void)
{
    return CNN2SNN_ABI_VERSION;
}

/* ------------------------------------------------------------------------------------------------ context */

cnn2snn_status cnn2snn_context_options_init(cnn2snn_context_options *options, size_t struct_size)
{
    cnn2snn_context_options defaults;
    c2s_context_options_defaults(&defaults);
    return c2s_options_write(options, struct_size, &defaults, sizeof defaults);
}

cnn2snn_status cnn2snn_context_create(uint32_t abi_version, const cnn2snn_context_options *options,
                                      cnn2snn_context **out_context, cnn2snn_error **error)
{
    C2S_OUT(error, out_context);
    C2S_RETURN(NULL, c2s_context_create(abi_version, options, out_context, error), out_context, error);
}

cnn2snn_context *cnn2snn_context_retain(cnn2snn_context *context)
{
    return c2s_context_retain(context);
}

void cnn2snn_context_destroy(cnn2snn_context *context)
{
    c2s_context_release(context);
}

cnn2snn_akida_version cnn2snn_context_get_akida_version(const cnn2snn_context *context)
{
    return context ? context->akida_version : CNN2SNN_AKIDA_DEFAULT;
}

/* ------------------------------------------------------------------------------------------------ errors */

static const char *text_or_empty(const char *text)
{
    return text ? text : "";
}

cnn2snn_status cnn2snn_error_get_code(const cnn2snn_error *error)
{
    return error ? error->code : CNN2SNN_OK;
}

const char *cnn2snn_error_get_message(const cnn2snn_error *error)
{
    return error ? text_or_empty(error->message) : "";
}

const char *cnn2snn_error_get_text(const cnn2snn_error *error)
{
    return !error ? "" : error->text ? error->text : text_or_empty(error->message);
}

const char *cnn2snn_error_get_rule(const cnn2snn_error *error)
{
    return error ? text_or_empty(error->rule) : "";
}

const char *cnn2snn_error_get_layer(const cnn2snn_error *error)
{
    return error ? text_or_empty(error->layer) : "";
}

const char *cnn2snn_error_get_file(const cnn2snn_error *error)
{
    return error ? text_or_empty(error->file) : "";
}

int64_t cnn2snn_error_get_offset(const cnn2snn_error *error)
{
    return error ? error->offset : -1;
}

const cnn2snn_report *cnn2snn_error_get_report(const cnn2snn_error *error)
{
    return error ? error->report : NULL;
}

void cnn2snn_error_destroy(cnn2snn_error *error)
{
    c2s_error_destroy(error);
}

cnn2snn_status cnn2snn_error_create(cnn2snn_context *context, cnn2snn_status code, const char *message,
                                    cnn2snn_error **error)
{
    /* A callback that says "out of memory" gets the object that needs none. */
    if (code == CNN2SNN_E_NO_MEMORY)
        return c2s_error_no_memory(error);
    return c2s_error(context, error, code, "", "%s", message && *message ? message : "failed without saying how");
}

/* ------------------------------------------------------------------------------------------------ reports */

static const struct c2s_fault *fault_at(const cnn2snn_report *report, size_t index)
{
    return report && index < report->count ? &report->faults[index] : NULL;
}

size_t cnn2snn_report_get_count(const cnn2snn_report *report)
{
    return report ? report->count : 0;
}

cnn2snn_severity cnn2snn_report_get_severity(const cnn2snn_report *report, size_t index)
{
    const struct c2s_fault *fault = fault_at(report, index);
    return fault ? fault->severity : 0;
}

cnn2snn_status cnn2snn_report_get_code(const cnn2snn_report *report, size_t index)
{
    const struct c2s_fault *fault = fault_at(report, index);
    return fault ? fault->code : CNN2SNN_OK;
}

const char *cnn2snn_report_get_rule(const cnn2snn_report *report, size_t index)
{
    const struct c2s_fault *fault = fault_at(report, index);
    return fault ? text_or_empty(fault->rule) : "";
}

const char *cnn2snn_report_get_layer(const cnn2snn_report *report, size_t index)
{
    const struct c2s_fault *fault = fault_at(report, index);
    return fault ? text_or_empty(fault->layer) : "";
}

const char *cnn2snn_report_get_message(const cnn2snn_report *report, size_t index)
{
    const struct c2s_fault *fault = fault_at(report, index);
    return fault ? text_or_empty(fault->message) : "";
}

const char *cnn2snn_report_get_remedy(const cnn2snn_report *report, size_t index)
{
    const struct c2s_fault *fault = fault_at(report, index);
    return fault ? text_or_empty(fault->remedy) : "";
}

const char *cnn2snn_report_get_step(const cnn2snn_report *report, size_t index)
{
    const struct c2s_fault *fault = fault_at(report, index);
    return fault ? text_or_empty(fault->step) : "";
}

static const char *severity_name(cnn2snn_severity severity)
{
    return severity == CNN2SNN_SEVERITY_ERROR ? "error" : severity == CNN2SNN_SEVERITY_WARNING ? "warning" : "info";
}

static void print_line(struct c2s_text *text, const struct c2s_fault *fault)
{
    c2s_text_format(text, "%s%s%s: ", severity_name(fault->severity), fault->step ? " of " : "",
                    fault->step ? fault->step : "");
    if (*fault->layer)
        c2s_text_format(text, "%s: ", fault->layer);
    c2s_text_add(text, fault->message);
    if (*fault->remedy)
        c2s_text_format(text, "; %s", fault->remedy);
    if (*fault->rule)
        c2s_text_format(text, " [%s]", fault->rule);
    c2s_text_add(text, "\n");
}

static void print_object(struct c2s_text *text, const struct c2s_fault *fault)
{
    const char *const members[][2] = {{"rule", fault->rule},
                                      {"layer", fault->layer},
                                      {"message", fault->message},
                                      {"remedy", fault->remedy},
                                      {"code", cnn2snn_status_name(fault->code)},
                                      {"severity", severity_name(fault->severity)},
                                      {"step", fault->step}}; /* only where there are steps */
    size_t count = sizeof members / sizeof *members - !fault->step;
    for (size_t i = 0; i < count; i++) {
        c2s_text_add(text, i ? ", " : "{");
        c2s_text_add_json_string(text, members[i][0]);
        c2s_text_add(text, ": ");
        c2s_text_add_json_string(text, members[i][1]);
    }
    c2s_text_add(text, "}");
}

static void print_list(struct c2s_text *text, const cnn2snn_report *report, const char *name, int faults)
{
    int printed = 0;
    c2s_text_format(text, "  \"%s\": [", name);
    for (size_t i = 0; i < report->count; i++) {
        if ((report->faults[i].severity == CNN2SNN_SEVERITY_ERROR) != faults)
            continue;
        c2s_text_add(text, printed++ ? ",\n    " : "\n    ");
        print_object(text, &report->faults[i]);
    }
    c2s_text_add(text, printed ? "\n  ]" : "]");
}

cnn2snn_status cnn2snn_report_print(const cnn2snn_report *report, int32_t json, cnn2snn_buffer **out_buffer,
                                    cnn2snn_error **error)
{
    C2S_OUT(error, out_buffer);
    C2S_NEED(error, report);
    struct c2s_text text;
    c2s_text_init(&text, report->context);
    if (json) {
        c2s_text_add(&text, "{\n");
        print_list(&text, report, "faults", 1);
        c2s_text_add(&text, ",\n");
        print_list(&text, report, "warnings", 0);
        c2s_text_add(&text, "\n}\n");
    } else {
        for (size_t i = 0; i < report->count; i++)
            print_line(&text, &report->faults[i]);
    }
    C2S_RETURN(report->context, c2s_text_to_buffer(&text, out_buffer, error), out_buffer, error);
}

cnn2snn_status cnn2snn_report_add(cnn2snn_report *report, cnn2snn_severity severity, cnn2snn_status code,
                                  const char *rule, const char *layer, const char *message, const char *remedy,
                                  cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, report);
    C2S_NEED(error, message);
    bool fault = severity == CNN2SNN_SEVERITY_ERROR;
    cnn2snn_status status =
        severity < CNN2SNN_SEVERITY_ERROR || severity > CNN2SNN_SEVERITY_INFO
            ? c2s_error(report->context, error, CNN2SNN_E_VALUE, "A-range", "severity %d is unknown", (int)severity)
        : fault != (code != CNN2SNN_OK)
            ? c2s_error(report->context, error, CNN2SNN_E_VALUE, "A-range", "code %d of a%s", (int)code,
                        fault ? " fault, expected a status of failure" : " warning, expected 0")
            : c2s_report_add(report, severity, code, rule ? rule : "", layer, remedy, error, "%s", message);
    return c2s_edge_end(report->context, status, error);
}

void cnn2snn_report_destroy(cnn2snn_report *report)
{
    c2s_report_destroy(report);
}

/* ------------------------------------------------------------------------------------------------ buffers */

const void *cnn2snn_buffer_get_data(const cnn2snn_buffer *buffer)
{
    return buffer ? buffer->data : NULL;
}

size_t cnn2snn_buffer_get_size(const cnn2snn_buffer *buffer)
{
    return buffer ? buffer->size : 0;
}

void cnn2snn_buffer_destroy(cnn2snn_buffer *buffer)
{
    c2s_buffer_destroy(buffer);
}
