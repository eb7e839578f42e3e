/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what BatchNormalization and Rescaling are. */
#include "base/allocator.h"
#include "base/error.h"
#include "layers/config_reader.h"
#include "layers/layer_families.h"
#include "layers/shape_rules.h"

static cnn2snn_status batchnorm_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                      cnn2snn_error **error)
{
    struct c2s_batchnorm_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    c2s_config_axes(&config, "axis", -1, attributes->axes, &attributes->axis_count);
    attributes->epsilon = c2s_config_number(&config, "epsilon", 1e-3);
    if (attributes->epsilon < 0)
        c2s_config_wrong_value(&config, "epsilon", c2s_config_value(&config, "epsilon"), "0 or more");
    attributes->center = c2s_config_bool(&config, "center", true);
    attributes->scale = c2s_config_bool(&config, "scale", true);
    c2s_config_refuse(&config, "renorm"); /* it has weights of its own */
    return config.status;
}

/* The axes as indices, ascending; without a rank none, and *shape is unranked. */
static cnn2snn_status parameter_shape(const cnn2snn_layer *layer, const struct c2s_shape *input,
                                      struct c2s_shape *shape, cnn2snn_error **error)
{
    const struct c2s_batchnorm_attributes *attributes = layer->attributes;
    bool normalized[CNN2SNN_MAX_RANK] = {false};
    size_t axis = 0;
    if (c2s_shape_is_unranked(input)) {
        *shape = attributes->axis_count == 1 ? (struct c2s_shape){1, {-1}} : c2s_shape_unranked();
        return CNN2SNN_OK;
    }
    for (size_t i = 0; i < attributes->axis_count; i++) {
        C2S_TRY(c2s_shape_axis(layer, input, attributes->axes[i], &axis, error));
        if (normalized[axis])
            return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                                   "axis %lld is given twice", (long long)attributes->axes[i]);
        normalized[axis] = true;
    }
    if (attributes->axis_count == 1) {
        *shape = (struct c2s_shape){1, {input->extents[axis]}};
        return CNN2SNN_OK;
    }
    /* Several axes: the shape of the input, batch included, with ones elsewhere. */
    *shape = (struct c2s_shape){input->rank + 1, {1}};
    for (size_t i = 0; i < input->rank; i++)
        shape->extents[i + 1] = normalized[i] ? input->extents[i] : 1;
    return CNN2SNN_OK;
}

static cnn2snn_status batchnorm_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                        struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                        cnn2snn_error **error)
{
    (void)count;
    const struct c2s_batchnorm_attributes *attributes = layer->attributes;
    struct c2s_shape shape;
    size_t n = 0;
    C2S_TRY(parameter_shape(layer, inputs, &shape, error));
    if (attributes->scale)
        specs[n++] = (struct c2s_weight_spec){.name = "gamma", .shape = shape, .trainable = true, .initial = 1};
    if (attributes->center)
        specs[n++] = (struct c2s_weight_spec){.name = "beta", .shape = shape, .trainable = true};
    specs[n++] = (struct c2s_weight_spec){.name = "moving_mean", .shape = shape};
    specs[n++] = (struct c2s_weight_spec){.name = "moving_variance", .shape = shape, .initial = 1};
    *out_count = n;
    return CNN2SNN_OK;
}

static cnn2snn_status batchnorm_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                      struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    struct c2s_shape shape;
    C2S_TRY(parameter_shape(layer, inputs, &shape, error));
    *out_shape = inputs[0];
    return CNN2SNN_OK;
}

/* A number, or a list with one for each entry of the last axis. *out is the layer's. */
static void read_numbers(struct c2s_config *config, const char *key, const json_t *value, double otherwise,
                         double **out, size_t *count)
{
    bool list = json_is_array(value);
    size_t size = list ? json_array_size(value) : 1;
    if (!size)
        c2s_config_wrong_value(config, key, value, "a number or a list of some");
    if (config->status)
        return;
    *out = c2s_calloc(config->layer->context, size, sizeof **out);
    if (!*out) {
        config->status = c2s_error_no_memory(config->error);
        return;
    }
    *count = size;
    for (size_t i = 0; i < size; i++) {
        const json_t *one = list ? json_array_get(value, i) : value;
        (*out)[i] = one ? c2s_config_number_of(config, key, one) : otherwise;
    }
}

static cnn2snn_status rescaling_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                      cnn2snn_error **error)
{
    struct c2s_rescaling_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    const json_t *scale = c2s_config_value(&config, "scale"), *offset = c2s_config_value(&config, "offset");
    if (!scale)
        c2s_config_missing(&config, "scale");
    read_numbers(&config, "scale", scale, 1, &attributes->scale, &attributes->scale_count);
    read_numbers(&config, "offset", offset, 0, &attributes->offset, &attributes->offset_count);
    return config.status;
}

static void rescaling_destroy(cnn2snn_context *context, void *attributes)
{
    struct c2s_rescaling_attributes *rescaling = attributes;
    c2s_free(context, rescaling->scale);
    c2s_free(context, rescaling->offset);
}

static cnn2snn_status check_channels(const cnn2snn_layer *layer, const char *what, size_t count,
                                     const struct c2s_shape *input, cnn2snn_error **error)
{
    int64_t channels = input->rank ? input->extents[input->rank - 1] : 1;
    if (count == 1 || channels < 0 || c2s_shape_is_unranked(input) || (uint64_t)channels == count)
        return CNN2SNN_OK;
    return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                           "%zu values of %s for %lld channels", count, what, (long long)channels);
}

static cnn2snn_status rescaling_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                      struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_rescaling_attributes *attributes = layer->attributes;
    C2S_TRY(check_channels(layer, "scale", attributes->scale_count, inputs, error));
    C2S_TRY(check_channels(layer, "offset", attributes->offset_count, inputs, error));
    *out_shape = inputs[0];
    return CNN2SNN_OK;
}

const struct c2s_layer_rules c2s_batchnorm_rules = {.attributes_size = sizeof(struct c2s_batchnorm_attributes),
                                                    .parse = batchnorm_parse,
                                                    .weights = batchnorm_weights,
                                                    .output_shape = batchnorm_shape};

const struct c2s_layer_rules c2s_rescaling_rules = {.attributes_size = sizeof(struct c2s_rescaling_attributes),
                                                    .parse = rescaling_parse,
                                                    .destroy = rescaling_destroy,
                                                    .output_shape = rescaling_shape};
