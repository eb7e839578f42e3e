/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what pooling is: windows, and whole images. */
#include "base/error.h"
#include "layers/config_reader.h"
#include "layers/layer_families.h"
#include "layers/shape_rules.h"

static cnn2snn_status pool_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_pool_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    c2s_config_pair(&config, "pool_size", 2, 1, attributes->pool_size);
    attributes->strides[0] = attributes->pool_size[0];
    attributes->strides[1] = attributes->pool_size[1];
    if (c2s_config_value(&config, "strides"))
        c2s_config_pair(&config, "strides", 1, 1, attributes->strides);
    attributes->padding = c2s_config_padding(&config);
    attributes->channels_first = c2s_config_channels_first(&config);
    return config.status;
}

static cnn2snn_status global_pool_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                        cnn2snn_error **error)
{
    struct c2s_pool_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    attributes->channels_first = c2s_config_channels_first(&config);
    attributes->keepdims = c2s_config_bool(&config, "keepdims", false);
    return config.status;
}

static cnn2snn_status pool_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                 struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_pool_attributes *attributes = layer->attributes;
    struct c2s_shape image;
    C2S_TRY(c2s_shape_with_rank(layer, inputs, 3, &image, error));
    size_t row = c2s_row_axis(attributes->channels_first);
    *out_shape = image;
    for (size_t i = 0; i < 2; i++)
        C2S_TRY(c2s_window_positions(layer, image.extents[row + i], attributes->pool_size[i], attributes->strides[i],
                                     1, attributes->padding, &out_shape->extents[row + i], error));
    return CNN2SNN_OK;
}

static cnn2snn_status global_pool_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                        struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_pool_attributes *attributes = layer->attributes;
    struct c2s_shape image;
    C2S_TRY(c2s_shape_with_rank(layer, inputs, 3, &image, error));
    int64_t channels = image.extents[c2s_channel_axis(attributes->channels_first)];
    *out_shape = (struct c2s_shape){1, {channels}};
    if (attributes->keepdims) {
        *out_shape = (struct c2s_shape){3, {1, 1, 1}};
        out_shape->extents[c2s_channel_axis(attributes->channels_first)] = channels;
    }
    return CNN2SNN_OK;
}

const struct c2s_layer_rules c2s_pool_rules = {
    .attributes_size = sizeof(struct c2s_pool_attributes), .parse = pool_parse, .output_shape = pool_shape};

const struct c2s_layer_rules c2s_global_pool_rules = {.attributes_size = sizeof(struct c2s_pool_attributes),
                                                      .parse = global_pool_parse,
                                                      .output_shape = global_pool_shape};
