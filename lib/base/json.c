/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how Python's JSON is taken: NaN and infinities, depth, and how numbers are printed again. */
#include "base/json.h"

#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"

/* U+E000, of the private use area, marks what Python wrote bare. */
#define MARK "\xee\x80\x80"

static const struct {
    const char *bare;
    double value;
} specials[] = {{"NaN", NAN}, {"Infinity", INFINITY}, {"-Infinity", -INFINITY}};

enum { SPECIALS = 3 };

static int special_at(const char *data, size_t left)
{
    for (int i = 0; i < SPECIALS; i++) {
        size_t size = strlen(specials[i].bare);
        if (left >= size && !memcmp(data, specials[i].bare, size))
            return i;
    }
    return -1;
}

/* Copies the document with the bare words quoted and marked; checks the depth on the way. */
static cnn2snn_status mark_specials(cnn2snn_context *context, const char *data, size_t size, const char *what,
                                    struct c2s_text *out, cnn2snn_error **error)
{
    bool in_string = false;
    uint32_t depth = 0;
    size_t copied = 0;
    for (size_t i = 0; i < size; i++) {
        char c = data[i];
        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
            continue;
        }
        if (c == '"')
            in_string = true;
        else if ((c == '[' || c == '{') && ++depth > context->max_depth)
            return c2s_error(context, error, CNN2SNN_E_LIMIT, "F-json-depth",
                             "%s: nested deeper than %u, the context's max_depth", what, (unsigned)context->max_depth);
        else if ((c == ']' || c == '}') && depth)
            depth--;
        else if (c == 'N' || c == 'I' || (c == '-' && i + 1 < size && data[i + 1] == 'I')) {
            int special = special_at(data + i, size - i);
            if (special < 0)
                continue;
            c2s_text_add_bytes(out, data + copied, i - copied);
            c2s_text_add(out, "\"" MARK);
            c2s_text_add(out, specials[special].bare);
            c2s_text_add(out, "\"");
            i += strlen(specials[special].bare) - 1;
            copied = i + 1;
        }
    }
    c2s_text_add_bytes(out, data + copied, size - copied);
    return out->failed ? c2s_error_no_memory(error) : CNN2SNN_OK;
}

cnn2snn_status c2s_json_parse(cnn2snn_context *context, const char *data, size_t size, const char *what, json_t **out,
                              cnn2snn_error **error)
{
    struct c2s_text marked;
    c2s_text_init(&marked, context);
    cnn2snn_status status = mark_specials(context, data, size, what, &marked, error);
    if (!status) {
        json_error_t fault;
        *out = json_loadb(marked.data ? marked.data : "", marked.size, JSON_DECODE_ANY, &fault);
        if (!*out && json_error_code(&fault) == json_error_out_of_memory)
            status = c2s_error_no_memory(error);
        else if (!*out)
            status = c2s_error(context, error, CNN2SNN_E_MALFORMED, "F-json", "%s: %s (line %d, column %d)", what,
                               fault.text, fault.line, fault.column);
    }
    c2s_text_free(&marked);
    return status;
}

static int special_value(const json_t *value)
{
    const char *text = json_string_value(value);
    if (text && !strncmp(text, MARK, strlen(MARK)))
        for (int i = 0; i < SPECIALS; i++)
            if (!strcmp(text + strlen(MARK), specials[i].bare))
                return i;
    return -1;
}

json_t *c2s_json_number(double value)
{
    if (isnan(value))
        return json_string(MARK "NaN");
    if (isinf(value))
        return json_string(value > 0 ? MARK "Infinity" : MARK "-Infinity");
    return json_real(value);
}

bool c2s_json_is_number(const json_t *value)
{
    return json_is_number(value) || special_value(value) >= 0;
}

double c2s_json_number_value(const json_t *value)
{
    int special = special_value(value);
    return special >= 0 ? specials[special].value : json_number_value(value);
}

json_t *c2s_json_get(const json_t *object, const char *key)
{
    json_t *value = json_object_get(object, key);
    return json_is_null(value) ? NULL : value;
}

const char *c2s_json_get_string(const json_t *object, const char *key, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, key));
    return text ? text : otherwise;
}

static void newline(struct c2s_text *text, bool indent, int depth)
{
    if (!indent)
        return;
    c2s_text_add(text, "\n");
    for (int i = 0; i < depth; i++)
        c2s_text_add(text, "  ");
}

static void dump(struct c2s_text *text, const json_t *value, bool indent, int depth);

static void dump_object(struct c2s_text *text, const json_t *value, bool indent, int depth)
{
    const char *key;
    json_t *member;
    bool first = true;
    c2s_text_add(text, "{");
    json_object_foreach((json_t *)value, key, member)
    {
        if (!first)
            c2s_text_add(text, indent ? "," : ", ");
        first = false;
        newline(text, indent, depth + 1);
        c2s_text_add_json_string(text, key);
        c2s_text_add(text, ": ");
        dump(text, member, indent, depth + 1);
    }
    if (!first)
        newline(text, indent, depth);
    c2s_text_add(text, "}");
}

static void dump_array(struct c2s_text *text, const json_t *value, bool indent, int depth)
{
    size_t index;
    json_t *item;
    bool flat = true; /* short lists of scalars stay on one line */
    json_array_foreach((json_t *)value, index, item) flat = flat && !json_is_object(item) && !json_is_array(item);
    c2s_text_add(text, "[");
    json_array_foreach((json_t *)value, index, item)
    {
        if (index)
            c2s_text_add(text, indent && !flat ? "," : ", ");
        newline(text, indent && !flat, depth + 1);
        dump(text, item, indent, depth + 1);
    }
    if (json_array_size(value))
        newline(text, indent && !flat, depth);
    c2s_text_add(text, "]");
}

static void dump_real(struct c2s_text *text, double value)
{
    size_t before = text->size;
    c2s_text_add_double(text, value);
    if (!text->failed && !strpbrk(text->data + before, ".en"))
        c2s_text_add(text, ".0");
}

/* Depth is bounded by what c2s_json_parse let in. */
static void dump(struct c2s_text *text, const json_t *value, bool indent, int depth)
{
    int special = special_value(value);
    if (special >= 0)
        c2s_text_add(text, specials[special].bare);
    else if (json_is_object(value))
        dump_object(text, value, indent, depth);
    else if (json_is_array(value))
        dump_array(text, value, indent, depth);
    else if (json_is_string(value))
        c2s_text_add_json_string(text, json_string_value(value));
    else if (json_is_integer(value))
        c2s_text_format(text, "%lld", (long long)json_integer_value(value));
    else if (json_is_real(value))
        dump_real(text, json_real_value(value));
    else
        c2s_text_add(text, json_is_true(value) ? "true" : json_is_false(value) ? "false" : "null");
}

void c2s_json_dump(struct c2s_text *text, const json_t *value, bool indent)
{
    dump(text, value, indent, 0);
}
