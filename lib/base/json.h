/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON as Python writes it: bare NaN, Infinity and -Infinity are taken (kept as marked strings inside, written bare
 * again); depth is limited. Objects keep the order of their keys. Values are jansson's, reference counted.
 */
#ifndef C2S_JSON_H
#define C2S_JSON_H

#include <jansson.h>
#include <stdbool.h>

#include "base/text.h"
#include "cnn2snn/base.h"

/* `what` names the document in errors. *out: a new reference. CNN2SNN_E_MALFORMED with line and column. */
cnn2snn_status c2s_json_parse(cnn2snn_context *context, const char *data, size_t size, const char *what, json_t **out,
                              cnn2snn_error **error);

/* Adds the value in compact form as Python's json.dumps writes it (", " and ": "), or indented by two. */
void c2s_json_dump(struct c2s_text *text, const json_t *value, bool indent);

/* A double that may be NaN or infinite, in the form that c2s_json_parse keeps. NULL without memory. */
json_t *c2s_json_number(double value);

/* True for numbers and the marked NaN and infinities. */
bool c2s_json_is_number(const json_t *value);
double c2s_json_number_value(const json_t *value);

/*
 * Member `key` of an object, or NULL: also when object is no object, and when the member is null
 * (Keras writes null for "default").
 */
json_t *c2s_json_get(const json_t *object, const char *key);

/* String member, or `otherwise` when absent or no string. */
const char *c2s_json_get_string(const json_t *object, const char *key, const char *otherwise);

#endif
