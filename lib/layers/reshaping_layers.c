/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what layers are that only order values otherwise: Flatten, Reshape, Permute, RepeatVector. */
#include "base/error.h"
#include "layers/config_reader.h"
#include "layers/layer_families.h"
#include "layers/shape_rules.h"

static cnn2snn_status flatten_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                    cnn2snn_error **error)
{
    struct c2s_reshape_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    attributes->channels_first = c2s_config_channels_first(&config);
    return config.status;
}

static cnn2snn_status elements_of(const cnn2snn_layer *layer, const struct c2s_shape *shape, int64_t *out,
                                  cnn2snn_error **error)
{
    *out = c2s_shape_is_unranked(shape) ? -1 : 1;
    for (size_t i = 0; i < shape->rank; i++)
        C2S_TRY(c2s_extent_times(layer, *out, shape->extents[i], out, error));
    return CNN2SNN_OK;
}

static cnn2snn_status flatten_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                    struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    *out_shape = (struct c2s_shape){.rank = 1};
    return elements_of(layer, inputs, &out_shape->extents[0], error);
}

/* A list of at most seven numbers; the batch needs the eighth place. */
static const json_t *read_list(struct c2s_config *config, const char *key, size_t *count)
{
    const json_t *value = c2s_config_value(config, key);
    *count = json_array_size(value);
    if (!value)
        c2s_config_missing(config, key);
    else if (!json_is_array(value))
        c2s_config_wrong_type(config, key, value, "a list");
    else if (*count > CNN2SNN_MAX_RANK - 1)
        c2s_config_wrong_value(config, key, value, "at most seven dimensions");
    return config->status ? NULL : value;
}

static cnn2snn_status reshape_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                    cnn2snn_error **error)
{
    struct c2s_shape *target = &((struct c2s_reshape_attributes *)layer->attributes)->target;
    struct c2s_config config = c2s_config_open(layer, source, error);
    size_t count, open = 0;
    const json_t *value = read_list(&config, "target_shape", &count);
    for (size_t i = 0; i < count && value; i++) {
        int64_t extent = c2s_config_int_of(&config, "target_shape", json_array_get(value, i), -1);
        if (extent == 0 || (extent < 0 && ++open > 1))
            c2s_config_wrong_value(&config, "target_shape", value, "numbers from 1 on, and at most one -1");
        target->extents[i] = extent;
    }
    target->rank = count;
    return config.status;
}

static cnn2snn_status reshape_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                    struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_shape *target = &((const struct c2s_reshape_attributes *)layer->attributes)->target;
    int64_t elements, known = 1;
    int64_t *open = NULL;
    *out_shape = *target;
    C2S_TRY(elements_of(layer, inputs, &elements, error));
    for (size_t i = 0; i < target->rank; i++) {
        if (target->extents[i] < 0)
            open = &out_shape->extents[i];
        else
            C2S_TRY(c2s_extent_times(layer, known, target->extents[i], &known, error));
    }
    if (elements < 0)
        return CNN2SNN_OK;
    if (open ? elements % known != 0 : elements != known) {
        char from[C2S_SHAPE_TEXT], to[C2S_SHAPE_TEXT];
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "values of shape %s can't take shape %s", c2s_shape_text(inputs, from, sizeof from),
                               c2s_shape_text(target, to, sizeof to));
    }
    if (open)
        *open = elements / known;
    return CNN2SNN_OK;
}

static cnn2snn_status permute_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                    cnn2snn_error **error)
{
    struct c2s_shape *dims = &((struct c2s_reshape_attributes *)layer->attributes)->target;
    struct c2s_config config = c2s_config_open(layer, source, error);
    size_t count;
    unsigned seen = 0;
    const json_t *value = read_list(&config, "dims", &count);
    if (value && !count)
        c2s_config_wrong_value(&config, "dims", value, "at least one axis");
    for (size_t i = 0; i < count && value; i++) {
        dims->extents[i] = c2s_config_int_of(&config, "dims", json_array_get(value, i), 1);
        if (dims->extents[i] > (int64_t)count || seen & 1U << dims->extents[i])
            c2s_config_wrong_value(&config, "dims", value, "each axis from 1 on once");
        else
            seen |= 1U << dims->extents[i];
    }
    dims->rank = count;
    return config.status;
}

static cnn2snn_status permute_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                    struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_shape *dims = &((const struct c2s_reshape_attributes *)layer->attributes)->target;
    struct c2s_shape input;
    C2S_TRY(c2s_shape_with_rank(layer, inputs, dims->rank, &input, error));
    *out_shape = input;
    for (size_t i = 0; i < dims->rank; i++)
        out_shape->extents[i] = input.extents[dims->extents[i] - 1];
    return CNN2SNN_OK;
}

static cnn2snn_status repeat_vector_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                          cnn2snn_error **error)
{
    struct c2s_reshape_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    attributes->target = (struct c2s_shape){1, {c2s_config_int(&config, "n", C2S_REQUIRED, 1)}};
    return config.status;
}

static cnn2snn_status repeat_vector_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                          struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_reshape_attributes *attributes = layer->attributes;
    struct c2s_shape input;
    C2S_TRY(c2s_shape_with_rank(layer, inputs, 1, &input, error));
    *out_shape = (struct c2s_shape){2, {attributes->target.extents[0], input.extents[0]}};
    return CNN2SNN_OK;
}

const struct c2s_layer_rules c2s_flatten_rules = {
    .attributes_size = sizeof(struct c2s_reshape_attributes), .parse = flatten_parse, .output_shape = flatten_shape};

const struct c2s_layer_rules c2s_reshape_rules = {
    .attributes_size = sizeof(struct c2s_reshape_attributes), .parse = reshape_parse, .output_shape = reshape_shape};

const struct c2s_layer_rules c2s_permute_rules = {
    .attributes_size = sizeof(struct c2s_reshape_attributes), .parse = permute_parse, .output_shape = permute_shape};

const struct c2s_layer_rules c2s_repeat_vector_rules = {.attributes_size = sizeof(struct c2s_reshape_attributes),
                                                        .parse = repeat_vector_parse,
                                                        .output_shape = repeat_vector_shape};
