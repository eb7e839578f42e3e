/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what an InputLayer is. */
#include "base/error.h"
#include "layers/config_reader.h"
#include "layers/layer_families.h"

/* The list under the first of these keys that is there; *batched: its first entry is the batch. */
static const json_t *find_shape(struct c2s_config *config, const char **key, bool *batched)
{
    static const struct {
        const char *key;
        bool batched;
    } forms[] = {{"batch_input_shape", true}, {"batch_shape", true}, {"shape", false}, {"input_shape", false}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        const json_t *value = c2s_config_value(config, forms[i].key);
        *key = forms[i].key;
        *batched = forms[i].batched;
        if (!value)
            continue;
        if (!json_is_array(value))
            c2s_config_wrong_type(config, forms[i].key, value, "a list");
        return value;
    }
    c2s_config_missing(config, "batch_input_shape");
    return NULL;
}

/* null and -1 are open. */
static int64_t read_extent(struct c2s_config *config, const char *key, const json_t *value)
{
    value = c2s_config_unwrap(value);
    if (json_is_null(value) || (json_is_integer(value) && json_integer_value(value) == -1))
        return -1;
    return c2s_config_int_of(config, key, value, 1);
}

static void read_shape(struct c2s_config *config, struct c2s_input_attributes *attributes)
{
    bool batched;
    const char *key;
    const json_t *value = find_shape(config, &key, &batched);
    size_t count = json_array_size(value), first = batched ? 1 : 0;
    attributes->batch = -1;
    if (value && (count < first || count - first > CNN2SNN_MAX_RANK - 1))
        c2s_config_wrong_value(config, key, value, "the batch and at most seven dimensions");
    if (config->status)
        return;
    if (batched)
        attributes->batch = read_extent(config, key, json_array_get(value, 0));
    attributes->shape.rank = count - first;
    for (size_t i = first; i < count; i++)
        attributes->shape.extents[i - first] = read_extent(config, key, json_array_get(value, i));
}

/* A name, or a policy that holds one. */
static cnn2snn_dtype read_dtype(struct c2s_config *config)
{
    const json_t *value = c2s_config_value(config, "dtype");
    const char *name = json_is_object(value) ? c2s_json_get_string(c2s_json_get(value, "config"), "name", "")
                                             : json_string_value(value);
    if (!value)
        return CNN2SNN_DTYPE_FLOAT32;
    cnn2snn_dtype dtype = name ? c2s_dtype_from_name(name) : CNN2SNN_DTYPE_NONE;
    if (!name)
        c2s_config_wrong_type(config, "dtype", value, "a name");
    else if (dtype == CNN2SNN_DTYPE_NONE)
        c2s_config_wrong_value(config, "dtype", value, "the name of a number type");
    return dtype;
}

static cnn2snn_status input_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_input_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    read_shape(&config, attributes);
    attributes->dtype = read_dtype(&config);
    c2s_config_refuse(&config, "sparse");
    c2s_config_refuse(&config, "ragged");
    return config.status;
}

static cnn2snn_status input_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                  struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    (void)inputs;
    (void)error;
    *out_shape = ((const struct c2s_input_attributes *)layer->attributes)->shape;
    return CNN2SNN_OK;
}

const struct c2s_layer_rules c2s_input_rules = {
    .attributes_size = sizeof(struct c2s_input_attributes), .parse = input_parse, .output_shape = input_shape};
