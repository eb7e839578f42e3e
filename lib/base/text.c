/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how texts grow, and how numbers are written without the locale. */
#include "base/text.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"

void c2s_text_init(struct c2s_text *text, cnn2snn_context *context)
{
    *text = (struct c2s_text){.context = context};
}

void c2s_text_free(struct c2s_text *text)
{
    c2s_free(text->context, text->data);
    c2s_text_init(text, text->context);
}

void c2s_text_add_bytes(struct c2s_text *text, const void *bytes, size_t size)
{
    if (text->failed || size >= SIZE_MAX - text->size ||
        c2s_array_reserve(text->context, &text->data, &text->capacity, text->size + size + 1, 1)) {
        text->failed = true;
        return;
    }
    if (size)
        memcpy(text->data + text->size, bytes, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void c2s_text_add(struct c2s_text *text, const char *string)
{
    c2s_text_add_bytes(text, string, strlen(string));
}

void c2s_text_format(struct c2s_text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    char small[256];
    int size = vsnprintf(small, sizeof small, format, arguments);
    if (size < 0) {
        text->failed = true;
    } else if ((size_t)size < sizeof small) {
        c2s_text_add_bytes(text, small, (size_t)size);
    } else {
        char *large = c2s_alloc(text->context, (size_t)size + 1);
        if (large) {
            vsnprintf(large, (size_t)size + 1, format, again);
            c2s_text_add_bytes(text, large, (size_t)size);
        } else {
            text->failed = true;
        }
        c2s_free(text->context, large);
    }
    va_end(again);
    va_end(arguments);
}

void c2s_text_add_json_string(struct c2s_text *text, const char *string)
{
    c2s_text_add(text, "\"");
    for (const unsigned char *c = (const unsigned char *)string; *c; c++) {
        if (*c == '"' || *c == '\\')
            c2s_text_format(text, "\\%c", *c);
        else if (*c < 32)
            c2s_text_format(text, "\\u%04x", *c);
        else
            c2s_text_add_bytes(text, c, 1);
    }
    c2s_text_add(text, "\"");
}

/* The locale's decimal point, which may be several bytes, is what no number is made of otherwise. */
static void make_point(char *digits)
{
    char *to = digits;
    bool made = false;
    for (const char *from = digits; *from; from++) {
        if (strchr("0123456789+-enaif", *from))
            *to++ = *from;
        else if (!made)
            *to++ = '.';
        made = made || to[-1] == '.';
    }
    *to = '\0';
}

void c2s_text_add_double(struct c2s_text *text, double value)
{
    char digits[40];
    for (int precision = 1; precision <= 17; precision++) {
        snprintf(digits, sizeof digits, "%.*g", precision, value);
        if (strtod(digits, NULL) == value || isnan(value))
            break;
    }
    make_point(digits);
    c2s_text_add(text, digits);
}

cnn2snn_status c2s_text_to_buffer(struct c2s_text *text, cnn2snn_buffer **out_buffer, cnn2snn_error **error)
{
    c2s_text_add_bytes(text, "", 0);
    cnn2snn_buffer *buffer = text->failed ? NULL : c2s_alloc(text->context, sizeof *buffer);
    if (!buffer) {
        c2s_text_free(text);
        return c2s_error_no_memory(error);
    }
    *buffer = (cnn2snn_buffer){c2s_context_retain(text->context), text->data, text->size};
    c2s_text_init(text, text->context);
    *out_buffer = buffer;
    return CNN2SNN_OK;
}

void c2s_buffer_destroy(cnn2snn_buffer *buffer)
{
    if (!buffer)
        return;
    cnn2snn_context *context = buffer->context;
    c2s_free(context, buffer->data);
    c2s_free(context, buffer);
    c2s_context_release(context);
}
