/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one error path. The cause is described where it is known; everybody else passes the status upwards:
 *
 *     return c2s_error(context, error, CNN2SNN_E_VALUE, "L-D", "bitwidth %d, expected more than 1", bits);
 *     C2S_TRY(c2s_other_call(context, error));            // returns on failure
 */
#ifndef C2S_ERROR_H
#define C2S_ERROR_H

#include "cnn2snn/base.h"

/* Sets *error (when error is not NULL and *error is NULL) and gives `code`. context may be NULL. rule: a literal. */
#define c2s_error(context, error, code, rule, ...)                                                                   \
    (c2s_error_set(context, error, code, rule, NULL, __VA_ARGS__), c2s_error_gives(code))

/* The same, about a layer. */
#define c2s_layer_error(context, error, code, rule, layer, ...)                                                      \
    (c2s_error_set(context, error, code, rule, layer, __VA_ARGS__), c2s_error_gives(code))

/* What both do. They are macros so that the compiler sees that the status is not 0, and what a caller may rely on. */
void c2s_error_set(cnn2snn_context *context, cnn2snn_error **error, cnn2snn_status code, const char *rule,
                   const char *layer, const char *format, ...) __attribute__((format(printf, 6, 7)));

static inline cnn2snn_status c2s_error_gives(cnn2snn_status code)
{
    return code;
}

/* Sets *error to the static object for CNN2SNN_E_NO_MEMORY. */
void c2s_error_set_no_memory(cnn2snn_error **error);

static inline cnn2snn_status c2s_error_no_memory(cnn2snn_error **error)
{
    c2s_error_set_no_memory(error);
    return CNN2SNN_E_NO_MEMORY;
}

/* Adds to an existing error, each only where nothing is known yet; nothing happens when error or *error is NULL. */
void c2s_error_set_layer(cnn2snn_error **error, const char *layer);
void c2s_error_set_file(cnn2snn_error **error, const char *file);
void c2s_error_set_offset(cnn2snn_error **error, int64_t offset);
/* Puts "prefix: " in front of the message: where in the document the fault is. */
void c2s_error_prefix(cnn2snn_error **error, const char *prefix);
/* Hands a report to the error, which owns it from now on, also when there is no error to hold it. */
void c2s_error_take_report(cnn2snn_error **error, cnn2snn_report *report);

/* Forgets an error that is not to be passed on: *error becomes NULL. */
void c2s_error_clear(cnn2snn_error **error);

#define C2S_TRY(call)                                                                                                \
    do {                                                                                                             \
        cnn2snn_status c2s_try_status = (call);                                                                      \
        if (c2s_try_status)                                                                                          \
            return c2s_try_status;                                                                                   \
    } while (0)

/* For functions with one cleanup block: `status` and the label `done` are theirs. */
#define C2S_GOTO(call)                                                                                               \
    do {                                                                                                             \
        status = (call);                                                                                             \
        if (status)                                                                                                  \
            goto done;                                                                                               \
    } while (0)

#endif
