/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which JSON values are taken for which types, and what is said about the others. */
#include "layers/config_reader.h"

#include <float.h>
#include <math.h>
#include <string.h>
#include <strings.h>

#include "base/error.h"
#include "base/text.h"

enum { VALUE_TEXT = 80 };

/* The value as JSON, cut between characters where it is long. */
static const char *print_value(const cnn2snn_layer *layer, const json_t *value, char text[VALUE_TEXT])
{
    struct c2s_text dump;
    c2s_text_init(&dump, layer->context);
    c2s_json_dump(&dump, value, false);
    size_t size = dump.failed || !dump.data ? 0 : dump.size;
    bool cut = size >= VALUE_TEXT;
    if (cut)
        for (size = VALUE_TEXT - 4; size && ((unsigned char)dump.data[size] & 0xC0) == 0x80;)
            size--;
    if (size)
        memcpy(text, dump.data, size);
    memcpy(text + size, cut ? "..." : "", cut ? 4 : 1);
    c2s_text_free(&dump);
    return text;
}

struct c2s_config c2s_config_open(const cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                  cnn2snn_error **error)
{
    return (struct c2s_config){.layer = layer,
                               .object = layer->config,
                               .constructed = source->constructed,
                               .error = error,
                               .status = CNN2SNN_OK};
}

const json_t *c2s_config_unwrap(const json_t *value)
{
    if (!json_is_object(value))
        return value;
    const char *class_name = c2s_json_get_string(value, "class_name", c2s_json_get_string(value, "type", ""));
    if (!strcmp(class_name, "__tuple__") || !strcmp(class_name, "TensorShape"))
        return json_object_get(value, "items") ? json_object_get(value, "items") : value;
    if (!strcmp(class_name, "ndarray"))
        return json_object_get(value, "value") ? json_object_get(value, "value") : value;
    return value;
}

const json_t *c2s_config_value(const struct c2s_config *config, const char *key)
{
    const json_t *value = c2s_config_unwrap(c2s_json_get(config->object, key));
    return json_is_null(value) ? NULL : value;
}

void c2s_config_missing(struct c2s_config *config, const char *key)
{
    if (!config->status)
        config->status = c2s_layer_error(config->layer->context, config->error,
                                         config->constructed ? CNN2SNN_E_TYPE : CNN2SNN_E_MALFORMED, "K-config",
                                         config->layer->name, "%s is missing", key);
}

static void wrong(struct c2s_config *config, cnn2snn_status code, const char *key, const json_t *value,
                  const char *expected)
{
    char text[VALUE_TEXT];
    if (!config->status)
        config->status =
            c2s_layer_error(config->layer->context, config->error, code, "K-config", config->layer->name,
                            "%s is %s, expected %s", key, print_value(config->layer, value, text), expected);
}

void c2s_config_wrong_type(struct c2s_config *config, const char *key, const json_t *value, const char *expected)
{
    wrong(config, config->constructed ? CNN2SNN_E_TYPE : CNN2SNN_E_MALFORMED, key, value, expected);
}

void c2s_config_wrong_value(struct c2s_config *config, const char *key, const json_t *value, const char *expected)
{
    wrong(config, CNN2SNN_E_VALUE, key, value, expected);
}

void c2s_config_refuse(struct c2s_config *config, const char *key)
{
    const json_t *value = c2s_config_value(config, key);
    if (value && !json_is_false(value))
        wrong(config, CNN2SNN_E_UNSUPPORTED, key, value, "null or false");
}

/* An integer of a JSON integer or a float without fraction. */
static bool whole_number(const json_t *value, int64_t *out)
{
    if (json_is_integer(value)) {
        *out = json_integer_value(value);
        return true;
    }
    double real = json_is_real(value) ? json_real_value(value) : NAN;
    if (!(fabs(real) < 1e15) || real != floor(real))
        return false;
    *out = (int64_t)real;
    return true;
}

int64_t c2s_config_int_of(struct c2s_config *config, const char *key, const json_t *value, int64_t least)
{
    int64_t number;
    value = c2s_config_unwrap(value);
    if (!whole_number(value, &number)) {
        c2s_config_wrong_type(config, key, value, "a whole number");
        return least;
    }
    if (number < least || number > INT32_MAX) {
        char expected[64];
        snprintf(expected, sizeof expected, "%lld to 2147483647", (long long)least);
        c2s_config_wrong_value(config, key, value, expected);
        return least;
    }
    return number;
}

int64_t c2s_config_int(struct c2s_config *config, const char *key, int64_t otherwise, int64_t least)
{
    const json_t *value = c2s_config_value(config, key);
    if (value)
        return c2s_config_int_of(config, key, value, least);
    if (otherwise != C2S_REQUIRED)
        return otherwise;
    c2s_config_missing(config, key);
    return least;
}

void c2s_config_pair(struct c2s_config *config, const char *key, int64_t otherwise, int64_t least, int64_t pair[2])
{
    const json_t *value = c2s_config_value(config, key);
    if (!json_is_array(value)) {
        pair[0] = pair[1] = c2s_config_int(config, key, otherwise, least);
        return;
    }
    if (json_array_size(value) != 2) {
        c2s_config_wrong_value(config, key, value, "a number or two");
        return;
    }
    for (size_t i = 0; i < 2; i++)
        pair[i] = c2s_config_int_of(config, key, json_array_get(value, i), least);
}

bool c2s_config_bool(struct c2s_config *config, const char *key, bool otherwise)
{
    const json_t *value = c2s_config_value(config, key);
    if (!value)
        return otherwise;
    if (json_is_boolean(value))
        return json_is_true(value);
    int64_t number;
    if (whole_number(value, &number) && (number == 0 || number == 1))
        return number == 1;
    c2s_config_wrong_type(config, key, value, "true or false");
    return otherwise;
}

double c2s_config_number_of(struct c2s_config *config, const char *key, const json_t *value)
{
    value = c2s_config_unwrap(value);
    if (!c2s_json_is_number(value)) {
        c2s_config_wrong_type(config, key, value, "a number");
        return 0;
    }
    double number = c2s_json_number_value(value);
    if (fabs(number) <= (double)FLT_MAX)
        return number;
    c2s_config_wrong_value(config, key, value, "a finite number in the range of float32");
    return 0;
}

double c2s_config_number(struct c2s_config *config, const char *key, double otherwise)
{
    const json_t *value = c2s_config_value(config, key);
    return value ? c2s_config_number_of(config, key, value) : otherwise;
}

const char *c2s_config_string(struct c2s_config *config, const char *key)
{
    const json_t *value = c2s_config_value(config, key);
    if (value && !json_is_string(value))
        c2s_config_wrong_type(config, key, value, "a string");
    return json_string_value(value);
}

static int64_t read_axis(struct c2s_config *config, const char *key, const json_t *value)
{
    int64_t axis = c2s_config_int_of(config, key, value, -CNN2SNN_MAX_RANK);
    if (axis <= CNN2SNN_MAX_RANK)
        return axis;
    c2s_config_wrong_value(config, key, value, "-8 to 8");
    return 1;
}

void c2s_config_axes(struct c2s_config *config, const char *key, int64_t otherwise, int64_t axes[CNN2SNN_MAX_RANK],
                     size_t *count)
{
    const json_t *value = c2s_config_value(config, key);
    size_t size = json_is_array(value) ? json_array_size(value) : 1;
    axes[0] = otherwise;
    *count = 1;
    if (size < 1 || size > CNN2SNN_MAX_RANK)
        c2s_config_wrong_value(config, key, value, "one to eight axes");
    if (!value || config->status)
        return;
    *count = size;
    for (size_t i = 0; i < size; i++) {
        axes[i] = read_axis(config, key, json_is_array(value) ? json_array_get(value, i) : value);
        for (size_t k = 0; k < i; k++)
            if (axes[k] == axes[i])
                c2s_config_wrong_value(config, key, value, "different axes");
    }
}

/* 0 or 1 for the two words, in any case; the default when the key is absent. */
static int one_of(struct c2s_config *config, const char *key, const char *const words[2], const char *expected)
{
    const char *word = c2s_config_string(config, key);
    if (!word || !strcasecmp(word, words[0]))
        return 0;
    if (strcasecmp(word, words[1]))
        c2s_config_wrong_value(config, key, c2s_config_value(config, key), expected);
    return 1;
}

enum c2s_padding c2s_config_padding(struct c2s_config *config)
{
    static const char *const words[2] = {"valid", "same"};
    return one_of(config, "padding", words, "\"valid\" or \"same\"") ? C2S_SAME : C2S_VALID;
}

bool c2s_config_channels_first(struct c2s_config *config)
{
    static const char *const words[2] = {"channels_last", "channels_first"};
    return one_of(config, "data_format", words, "\"channels_last\" or \"channels_first\"") == 1;
}
