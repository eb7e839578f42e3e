/* SPDX-License-Identifier: Apache-2.0 */
/* A list of faults and warnings, each with its rule, layer and remedy. */
#ifndef C2S_REPORT_H
#define C2S_REPORT_H

#include <stdbool.h>

#include "cnn2snn/base.h"

struct c2s_fault {
    cnn2snn_severity severity;
    cnn2snn_status code;
    const char *step; /* a literal */
    char *rule;
    char *layer;
    char *message;
    char *remedy;
};

struct cnn2snn_report {
    cnn2snn_context *context;
    struct c2s_fault *faults;
    size_t count;
    size_t capacity;
    const char *step; /* what entries are about that are added from now on: "quantization", ...; NULL: not said */
};

cnn2snn_status c2s_report_create(cnn2snn_context *context, cnn2snn_report **out_report, cnn2snn_error **error);
void c2s_report_destroy(cnn2snn_report *report);

/* Adds an entry; severity ERROR with its code, or WARNING/INFO with code 0. layer and remedy may be NULL. */
cnn2snn_status c2s_report_add(cnn2snn_report *report, cnn2snn_severity severity, cnn2snn_status code,
                              const char *rule, const char *layer, const char *remedy, cnn2snn_error **error,
                              const char *format, ...) __attribute__((format(printf, 8, 9)));

/* What a failure is with that cause: a lack of memory where there was none to describe it. */
cnn2snn_status c2s_status_of_cause(cnn2snn_status status, const cnn2snn_error *cause);
/* Is a failure the model's doing, as against that of the machine, of limits or of callbacks? */
bool c2s_status_is_fault(cnn2snn_status status);
/* Makes a failure that is the model's doing an entry of the report; `rule` is for causes without one. Others are
 * passed on: then there needs to be no report. Takes `cause`. */
cnn2snn_status c2s_report_add_cause(cnn2snn_report *report, cnn2snn_status status, cnn2snn_error *cause,
                                    const char *rule, cnn2snn_error **error);

/* Number of entries of severity ERROR. */
size_t c2s_report_count_errors(const cnn2snn_report *report);

/*
 * CNN2SNN_OK when the report holds no error. Otherwise an error made of the first one (with " (and N more)" behind
 * it), which takes the report along.
 */
cnn2snn_status c2s_report_raise_and_take(cnn2snn_report *report, cnn2snn_error **error);

/* Says what to do about an error that has no report yet: a report of this one fault. */
void c2s_error_set_remedy(cnn2snn_error **error, const char *remedy);

/* The status of a c2s_error() or c2s_layer_error() whose error gets a remedy. */
static inline cnn2snn_status c2s_advise(cnn2snn_error **cause, cnn2snn_status status, const char *remedy)
{
    c2s_error_set_remedy(cause, remedy);
    return status;
}

#endif
