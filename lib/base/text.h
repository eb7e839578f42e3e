/* SPDX-License-Identifier: Apache-2.0 */
/* A growing text or byte string. Running out of memory is remembered and told once, at the end. */
#ifndef C2S_TEXT_H
#define C2S_TEXT_H

#include <stdbool.h>

#include "cnn2snn/base.h"

struct c2s_text {
    cnn2snn_context *context;
    char *data; /* NUL-terminated; NULL while empty */
    size_t size;
    size_t capacity;
    bool failed;
};

void c2s_text_init(struct c2s_text *text, cnn2snn_context *context);
void c2s_text_free(struct c2s_text *text);
void c2s_text_add(struct c2s_text *text, const char *string);
void c2s_text_add_bytes(struct c2s_text *text, const void *bytes, size_t size);
void c2s_text_format(struct c2s_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* A string as JSON, quotes included. */
void c2s_text_add_json_string(struct c2s_text *text, const char *string);
/* A double in the shortest form that reads back equal, with '.', whatever the locale. */
void c2s_text_add_double(struct c2s_text *text, double value);

struct cnn2snn_buffer {
    cnn2snn_context *context;
    char *data;
    size_t size;
};

/* Makes a buffer of the text, which is empty afterwards; CNN2SNN_E_NO_MEMORY if any addition had failed. */
cnn2snn_status c2s_text_to_buffer(struct c2s_text *text, cnn2snn_buffer **out_buffer, cnn2snn_error **error);
void c2s_buffer_destroy(cnn2snn_buffer *buffer);

#endif
