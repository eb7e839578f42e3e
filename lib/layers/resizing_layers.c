/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what layers are that make images larger or smaller: padding, cropping, upsampling. */
#include <string.h>

#include "base/error.h"
#include "layers/config_reader.h"
#include "layers/layer_families.h"
#include "layers/shape_rules.h"

/* One side's two borders: a number for both, or two numbers. */
static void read_side(struct c2s_config *config, const char *key, const json_t *value, int64_t *before,
                      int64_t *after)
{
    value = c2s_config_unwrap(value);
    if (!json_is_array(value)) {
        *before = *after = c2s_config_int_of(config, key, value, 0);
        return;
    }
    if (json_array_size(value) != 2) {
        c2s_config_wrong_value(config, key, value, "a number, [rows, columns], or [[top, bottom], [left, right]]");
        return;
    }
    *before = c2s_config_int_of(config, key, json_array_get(value, 0), 0);
    *after = c2s_config_int_of(config, key, json_array_get(value, 1), 0);
}

static cnn2snn_status border_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_border_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    bool pads = c2s_layer_id(layer) == C2S_KIND_ZERO_PADDING2D;
    const char *key = pads ? "padding" : "cropping";
    const json_t *value = c2s_config_value(&config, key);
    attributes->top = attributes->bottom = attributes->left = attributes->right = pads ? 1 : 0;
    if (json_is_array(value) && json_array_size(value) == 2) {
        read_side(&config, key, json_array_get(value, 0), &attributes->top, &attributes->bottom);
        read_side(&config, key, json_array_get(value, 1), &attributes->left, &attributes->right);
    } else if (json_is_array(value)) {
        c2s_config_wrong_value(&config, key, value, "a number, [rows, columns], or [[top, bottom], [left, right]]");
    } else if (value) {
        int64_t all = c2s_config_int_of(&config, key, value, 0);
        attributes->top = attributes->bottom = attributes->left = attributes->right = all;
    }
    attributes->channels_first = c2s_config_channels_first(&config);
    return config.status;
}

static cnn2snn_status zero_padding_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                         struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_border_attributes *attributes = layer->attributes;
    C2S_TRY(c2s_shape_with_rank(layer, inputs, 3, out_shape, error));
    int64_t *extents = &out_shape->extents[c2s_row_axis(attributes->channels_first)];
    C2S_TRY(c2s_extent_plus(layer, extents[0], attributes->top + attributes->bottom, &extents[0], error));
    return c2s_extent_plus(layer, extents[1], attributes->left + attributes->right, &extents[1], error);
}

static cnn2snn_status crop(const cnn2snn_layer *layer, int64_t cut, int64_t *extent, cnn2snn_error **error)
{
    if (*extent < 0)
        return CNN2SNN_OK;
    if (cut >= *extent)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "cropping %lld off an input of %lld leaves no output", (long long)cut,
                               (long long)*extent);
    *extent -= cut;
    return CNN2SNN_OK;
}

static cnn2snn_status cropping_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                     struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_border_attributes *attributes = layer->attributes;
    C2S_TRY(c2s_shape_with_rank(layer, inputs, 3, out_shape, error));
    int64_t *extents = &out_shape->extents[c2s_row_axis(attributes->channels_first)];
    C2S_TRY(crop(layer, attributes->top + attributes->bottom, &extents[0], error));
    return crop(layer, attributes->left + attributes->right, &extents[1], error);
}

static cnn2snn_status upsampling_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                       cnn2snn_error **error)
{
    struct c2s_upsampling_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    c2s_config_pair(&config, "size", 2, 1, attributes->size);
    attributes->channels_first = c2s_config_channels_first(&config);
    const char *interpolation = c2s_config_string(&config, "interpolation");
    attributes->bilinear = interpolation && !strcmp(interpolation, "bilinear");
    if (interpolation && !attributes->bilinear && strcmp(interpolation, "nearest") && !config.status)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_UNSUPPORTED, "K-config", layer->name,
                               "interpolation %.40s, expected nearest or bilinear", interpolation);
    return config.status;
}

static cnn2snn_status upsampling_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                       struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_upsampling_attributes *attributes = layer->attributes;
    C2S_TRY(c2s_shape_with_rank(layer, inputs, 3, out_shape, error));
    int64_t *extents = &out_shape->extents[c2s_row_axis(attributes->channels_first)];
    C2S_TRY(c2s_extent_times(layer, extents[0], attributes->size[0], &extents[0], error));
    return c2s_extent_times(layer, extents[1], attributes->size[1], &extents[1], error);
}

const struct c2s_layer_rules c2s_zero_padding_rules = {.attributes_size = sizeof(struct c2s_border_attributes),
                                                       .parse = border_parse,
                                                       .output_shape = zero_padding_shape};

const struct c2s_layer_rules c2s_cropping_rules = {
    .attributes_size = sizeof(struct c2s_border_attributes), .parse = border_parse, .output_shape = cropping_shape};

const struct c2s_layer_rules c2s_upsampling_rules = {.attributes_size = sizeof(struct c2s_upsampling_attributes),
                                                     .parse = upsampling_parse,
                                                     .output_shape = upsampling_shape};
