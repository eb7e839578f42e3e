/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what an error object holds. Out of memory is one static object, so that it never needs memory. */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error_object.h"
#include "base/report.h"

static cnn2snn_error no_memory = {.code = CNN2SNN_E_NO_MEMORY,
                                  .offset = -1,
                                  .rule = "A-memory",
                                  .message = (char *)"out of memory",
                                  .text = (char *)"out of memory [A-memory]"};

void c2s_error_set_no_memory(cnn2snn_error **error)
{
    if (error && !*error)
        *error = &no_memory;
}

static void compose_text(cnn2snn_error *e)
{
    c2s_free(e->context, e->text);
    e->text = NULL;
    const char *parts[] = {e->file, e->file ? ": " : NULL, e->layer, e->layer ? ": " : NULL, e->message};
    size_t size = strlen(e->rule) + 64;
    for (size_t i = 0; i < 5; i++)
        size += parts[i] ? strlen(parts[i]) : 0;
    char *text = c2s_alloc(e->context, size);
    if (!text)
        return;
    size_t at = 0;
    for (size_t i = 0; i < 5; i++)
        at += (size_t)snprintf(text + at, size - at, "%s", parts[i] ? parts[i] : "");
    if (e->offset >= 0)
        at += (size_t)snprintf(text + at, size - at, " (at byte %lld)", (long long)e->offset);
    if (*e->rule)
        snprintf(text + at, size - at, " [%s]", e->rule);
    e->text = text;
}

/* Control characters of hostile names do not reach a terminal. */
static void make_printable(char *text)
{
    for (; *text; text++)
        if ((unsigned char)*text < 32 || *text == 127)
            *text = '?';
}

static void create(cnn2snn_context *context, cnn2snn_error **error, cnn2snn_status code, const char *rule,
                   const char *layer, const char *format, va_list arguments)
{
    if (!error || *error)
        return;
    cnn2snn_context *owner = context;
    if (!owner && c2s_context_create(CNN2SNN_ABI_VERSION,
                                     &(cnn2snn_context_options){.struct_size = sizeof(cnn2snn_context_options),
                                                                .akida_version = CNN2SNN_AKIDA_V2,
                                                                .kernels = "plain"},
                                     &owner, NULL)) {
        *error = &no_memory;
        return;
    }
    char message[2048];
    vsnprintf(message, sizeof message, format, arguments);
    make_printable(message);
    cnn2snn_error *e = c2s_calloc(owner, 1, sizeof *e);
    if (e) {
        *e = (cnn2snn_error){.context = context ? c2s_context_retain(context) : owner,
                             .code = code,
                             .offset = -1,
                             .rule = rule ? rule : "",
                             .message = c2s_strdup(owner, message),
                             .layer = layer && *layer ? c2s_strdup(owner, layer) : NULL};
        if (e->layer)
            make_printable(e->layer);
    } else if (!context) {
        c2s_context_release(owner);
    }
    if (!e || !e->message || (layer && *layer && !e->layer)) {
        c2s_error_destroy(e);
        *error = &no_memory;
        return;
    }
    compose_text(e);
    *error = e;
}

void c2s_error_set(cnn2snn_context *context, cnn2snn_error **error, cnn2snn_status code, const char *rule,
                   const char *layer, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    create(context, error, code, rule, layer, format, arguments);
    va_end(arguments);
}

static cnn2snn_error *changeable(cnn2snn_error **error)
{
    return error && *error && *error != &no_memory ? *error : NULL;
}

void c2s_error_set_layer(cnn2snn_error **error, const char *layer)
{
    cnn2snn_error *e = changeable(error);
    if (!e || e->layer || !layer)
        return;
    e->layer = c2s_strdup(e->context, layer);
    if (e->layer)
        make_printable(e->layer);
    compose_text(e);
}

void c2s_error_set_file(cnn2snn_error **error, const char *file)
{
    cnn2snn_error *e = changeable(error);
    if (!e || e->file || !file)
        return;
    e->file = c2s_strdup(e->context, file);
    compose_text(e);
}

void c2s_error_set_offset(cnn2snn_error **error, int64_t offset)
{
    cnn2snn_error *e = changeable(error);
    if (!e || e->offset >= 0)
        return;
    e->offset = offset;
    compose_text(e);
}

void c2s_error_prefix(cnn2snn_error **error, const char *prefix)
{
    cnn2snn_error *e = changeable(error);
    if (!e)
        return;
    size_t size = strlen(prefix) + strlen(e->message) + 3;
    char *message = c2s_alloc(e->context, size);
    if (!message)
        return;
    snprintf(message, size, "%s: %s", prefix, e->message);
    make_printable(message);
    c2s_free(e->context, e->message);
    e->message = message;
    compose_text(e);
}

void c2s_error_take_report(cnn2snn_error **error, cnn2snn_report *report)
{
    cnn2snn_error *e = changeable(error);
    if (!e || e->report)
        c2s_report_destroy(report);
    else
        e->report = report;
}

void c2s_error_destroy(cnn2snn_error *e)
{
    if (!e || e == &no_memory)
        return;
    cnn2snn_context *context = e->context;
    c2s_report_destroy(e->report);
    c2s_free(context, e->message);
    c2s_free(context, e->layer);
    c2s_free(context, e->file);
    c2s_free(context, e->text);
    c2s_free(context, e);
    c2s_context_release(context);
}

void c2s_error_clear(cnn2snn_error **error)
{
    if (!error)
        return;
    c2s_error_destroy(*error);
    *error = NULL;
}
