/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what convolutions are: plain, separable, depthwise, transposed, and the quantized ones. */
#include "base/error.h"
#include "layers/activation_config.h"
#include "layers/layer_families.h"
#include "layers/quantizer_arguments.h"
#include "layers/shape_rules.h"

static const struct c2s_conv_attributes *attributes_of(const cnn2snn_layer *layer)
{
    return layer->attributes;
}

static bool is_separable(enum c2s_kind_id id)
{
    return id == C2S_KIND_SEPARABLE_CONV2D || id == C2S_KIND_QUANTIZED_SEPARABLE_CONV2D ||
           id == C2S_KIND_QML_SEPARABLE_CONV2D;
}

static bool is_depthwise(enum c2s_kind_id id)
{
    return id == C2S_KIND_DEPTHWISE_CONV2D || id == C2S_KIND_QUANTIZED_DEPTHWISE_CONV2D ||
           id == C2S_KIND_QML_DEPTHWISE_CONV2D || id == C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE ||
           id == C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE;
}

static bool is_plain(enum c2s_kind_id id)
{
    return id == C2S_KIND_CONV2D || id == C2S_KIND_QUANTIZED_CONV2D || id == C2S_KIND_QML_CONV2D ||
           id == C2S_KIND_PADDED_CONV2D;
}

static bool is_transposed(enum c2s_kind_id id)
{
    return id == C2S_KIND_CONV2D_TRANSPOSE || id == C2S_KIND_QML_CONV2D_TRANSPOSE;
}

static void parse_quantizers(struct c2s_config *config, const struct c2s_layer_source *source, enum c2s_kind_id id,
                             struct c2s_conv_attributes *attributes)
{
    c2s_config_refuse_argument(config, "data_format", !attributes->channels_first);
    c2s_config_refuse_argument(config, "activation", attributes->activation.function == C2S_LINEAR);
    if (is_plain(id))
        c2s_config_refuse_argument(config, "groups", attributes->groups == 1);
    else
        c2s_config_refuse_argument(config, "depth_multiplier", attributes->depth_multiplier == 1);
    c2s_config_quantizer(config, source, "quantizer", true, &attributes->quantizer);
    if (!is_separable(id))
        return;
    c2s_config_quantizer(config, source, "quantizer_dw", false, &attributes->quantizer_dw);
    if (!config->status && !attributes->quantizer_dw)
        attributes->quantizer_dw = c2s_quantizer_retain(attributes->quantizer);
}

static void check_together(struct c2s_config *config, const struct c2s_conv_attributes *attributes)
{
    bool strided = attributes->strides[0] > 1 || attributes->strides[1] > 1;
    bool dilated = attributes->dilation_rate[0] > 1 || attributes->dilation_rate[1] > 1;
    if (strided && dilated)
        c2s_config_wrong_value(config, "dilation_rate", c2s_config_value(config, "dilation_rate"),
                               "1 where strides are more than 1");
    if (attributes->groups > 1 && attributes->filters % attributes->groups)
        c2s_config_wrong_value(config, "groups", c2s_config_value(config, "groups"), "a divisor of filters");
    for (int i = 0; i < 2; i++)
        if (attributes->output_padding[i] >= attributes->strides[i])
            c2s_config_wrong_value(config, "output_padding", c2s_config_value(config, "output_padding"),
                                   "less than strides");
}

static cnn2snn_status conv_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    enum c2s_kind_id id = c2s_layer_id(layer);
    struct c2s_conv_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    if (!is_depthwise(id))
        attributes->filters = c2s_config_int(&config, "filters", C2S_REQUIRED, 1);
    c2s_config_pair(&config, "kernel_size", C2S_REQUIRED, 1, attributes->kernel_size);
    c2s_config_pair(&config, "strides", 1, 1, attributes->strides);
    c2s_config_pair(&config, "dilation_rate", 1, 1, attributes->dilation_rate);
    attributes->output_padding[0] = attributes->output_padding[1] = -1;
    if (is_transposed(id) && c2s_config_value(&config, "output_padding"))
        c2s_config_pair(&config, "output_padding", 0, 0, attributes->output_padding);
    /* Separable and depthwise layers carry a stray `groups`, which nobody reads. */
    attributes->groups = is_plain(id) || is_transposed(id) ? c2s_config_int(&config, "groups", 1, 1) : 1;
    if (is_transposed(id) && attributes->groups != 1)
        c2s_config_wrong_value(&config, "groups", c2s_config_value(&config, "groups"), "1");
    bool multiplies = is_separable(id) || is_depthwise(id);
    attributes->depth_multiplier = multiplies ? c2s_config_int(&config, "depth_multiplier", 1, 1) : 1;
    attributes->padding = c2s_config_padding(&config);
    attributes->channels_first = c2s_config_channels_first(&config);
    attributes->use_bias = c2s_config_bool(&config, "use_bias", true);
    attributes->activation = c2s_config_activation(&config, "activation");
    c2s_config_refuse(&config, "lora_rank");
    c2s_config_refuse(&config, "quantization_config");
    check_together(&config, attributes);
    if (c2s_layer_is(layer, C2S_FAMILY_QUANTIZED))
        parse_quantizers(&config, source, id, attributes);
    return config.status;
}

static void conv_destroy(cnn2snn_context *context, void *attributes)
{
    (void)context;
    struct c2s_conv_attributes *conv = attributes;
    c2s_quantizer_release(conv->quantizer);
    c2s_quantizer_release(conv->quantizer_dw);
}

/* The input as an image, and its number of channels, -1 where it is open. */
static cnn2snn_status read_input(const cnn2snn_layer *layer, const struct c2s_shape *input, struct c2s_shape *image,
                                 int64_t *channels, cnn2snn_error **error)
{
    const struct c2s_conv_attributes *attributes = attributes_of(layer);
    C2S_TRY(c2s_shape_with_rank(layer, input, 3, image, error));
    *channels = image->extents[c2s_channel_axis(attributes->channels_first)];
    if (*channels > 0 && *channels % attributes->groups)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "%lld input channels, expected a multiple of groups %lld", (long long)*channels,
                               (long long)attributes->groups);
    return CNN2SNN_OK;
}

static struct c2s_weight_spec kernel_spec(const cnn2snn_layer *layer, const char *name, int64_t third, int64_t fourth)
{
    const int64_t *size = attributes_of(layer)->kernel_size;
    return (struct c2s_weight_spec){.name = name, .shape = {4, {size[0], size[1], third, fourth}}, .trainable = true};
}

static void add_bias(const cnn2snn_layer *layer, int64_t channels, struct c2s_weight_spec *specs, size_t *count)
{
    if (attributes_of(layer)->use_bias)
        specs[(*count)++] = (struct c2s_weight_spec){.name = "bias", .shape = {1, {channels}}, .trainable = true};
}

static cnn2snn_status conv_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                   struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                   cnn2snn_error **error)
{
    (void)count;
    const struct c2s_conv_attributes *attributes = attributes_of(layer);
    struct c2s_shape image;
    int64_t channels;
    C2S_TRY(read_input(layer, &inputs[0], &image, &channels, error));
    specs[0] = kernel_spec(layer, "kernel", channels < 0 ? -1 : channels / attributes->groups, attributes->filters);
    *out_count = 1;
    add_bias(layer, attributes->filters, specs, out_count);
    return CNN2SNN_OK;
}

static cnn2snn_status conv_transpose_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                             struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                             cnn2snn_error **error)
{
    (void)count;
    const struct c2s_conv_attributes *attributes = attributes_of(layer);
    struct c2s_shape image;
    int64_t channels;
    C2S_TRY(read_input(layer, &inputs[0], &image, &channels, error));
    specs[0] = kernel_spec(layer, "kernel", attributes->filters, channels);
    *out_count = 1;
    add_bias(layer, attributes->filters, specs, out_count);
    return CNN2SNN_OK;
}

static cnn2snn_status separable_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                        struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                        cnn2snn_error **error)
{
    (void)count;
    const struct c2s_conv_attributes *attributes = attributes_of(layer);
    struct c2s_shape image;
    int64_t channels, between;
    C2S_TRY(read_input(layer, &inputs[0], &image, &channels, error));
    C2S_TRY(c2s_extent_times(layer, channels, attributes->depth_multiplier, &between, error));
    specs[0] = kernel_spec(layer, "depthwise_kernel", channels, attributes->depth_multiplier);
    specs[1] = (struct c2s_weight_spec){
        .name = "pointwise_kernel", .shape = {4, {1, 1, between, attributes->filters}}, .trainable = true};
    *out_count = 2;
    add_bias(layer, attributes->filters, specs, out_count);
    return CNN2SNN_OK;
}

static cnn2snn_status depthwise_weights(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                        struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                        cnn2snn_error **error)
{
    (void)count;
    const struct c2s_conv_attributes *attributes = attributes_of(layer);
    struct c2s_shape image;
    int64_t channels, outputs;
    C2S_TRY(read_input(layer, &inputs[0], &image, &channels, error));
    C2S_TRY(c2s_extent_times(layer, channels, attributes->depth_multiplier, &outputs, error));
    specs[0] = kernel_spec(layer, "depthwise_kernel", channels, attributes->depth_multiplier);
    *out_count = 1;
    add_bias(layer, outputs, specs, out_count);
    return CNN2SNN_OK;
}

/* The output of windows over the image, with this number of channels, behind the activation. */
static cnn2snn_status windows_shape(const cnn2snn_layer *layer, const struct c2s_shape *image, int64_t channels,
                                    struct c2s_shape *out_shape, cnn2snn_error **error)
{
    const struct c2s_conv_attributes *attributes = attributes_of(layer);
    size_t row = c2s_row_axis(attributes->channels_first);
    *out_shape = *image;
    for (size_t i = 0; i < 2; i++)
        C2S_TRY(c2s_window_positions(layer, image->extents[row + i], attributes->kernel_size[i],
                                     attributes->strides[i], attributes->dilation_rate[i], attributes->padding,
                                     &out_shape->extents[row + i], error));
    out_shape->extents[c2s_channel_axis(attributes->channels_first)] = channels;
    return c2s_activation_shape(layer, &attributes->activation, out_shape, error);
}

static cnn2snn_status conv_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                 struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    struct c2s_shape image;
    int64_t channels;
    C2S_TRY(read_input(layer, &inputs[0], &image, &channels, error));
    return windows_shape(layer, &image, attributes_of(layer)->filters, out_shape, error);
}

static cnn2snn_status depthwise_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                      struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    struct c2s_shape image;
    int64_t channels;
    C2S_TRY(read_input(layer, &inputs[0], &image, &channels, error));
    C2S_TRY(c2s_extent_times(layer, channels, attributes_of(layer)->depth_multiplier, &channels, error));
    return windows_shape(layer, &image, channels, out_shape, error);
}

/* Rows or columns behind a transposed convolution (axis 0 or 1). */
static cnn2snn_status transposed_extent(const cnn2snn_layer *layer, int64_t extent, int axis, int64_t *out,
                                        cnn2snn_error **error)
{
    const struct c2s_conv_attributes *attributes = attributes_of(layer);
    int64_t stride = attributes->strides[axis], given = attributes->output_padding[axis];
    /* Both factors are below 2^31. */
    int64_t window = (attributes->kernel_size[axis] - 1) * attributes->dilation_rate[axis] + 1, more;
    if (given < 0) {
        more = attributes->padding == C2S_VALID && window > stride ? window - stride : 0;
    } else {
        int64_t border = attributes->padding == C2S_SAME ? window / 2 : 0;
        more = window - stride - 2 * border + given;
    }
    C2S_TRY(c2s_extent_times(layer, extent, stride, out, error));
    if (extent >= 0 && __builtin_add_overflow(*out, more, out))
        return c2s_layer_error(layer->context, error, CNN2SNN_E_LIMIT, "K-shape", layer->name,
                               "an extent of its shapes is beyond 64 bits");
    if (extent >= 0 && *out < 1)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                               "a transposed window of %lld on an input of %lld leaves no output", (long long)window,
                               (long long)extent);
    return CNN2SNN_OK;
}

static cnn2snn_status conv_transpose_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                           struct c2s_shape *out_shape, cnn2snn_error **error)
{
    (void)count;
    const struct c2s_conv_attributes *attributes = attributes_of(layer);
    struct c2s_shape image;
    int64_t channels;
    C2S_TRY(read_input(layer, &inputs[0], &image, &channels, error));
    size_t row = c2s_row_axis(attributes->channels_first);
    *out_shape = image;
    for (int i = 0; i < 2; i++)
        C2S_TRY(
            transposed_extent(layer, image.extents[row + (size_t)i], i, &out_shape->extents[row + (size_t)i], error));
    out_shape->extents[c2s_channel_axis(attributes->channels_first)] = attributes->filters;
    return c2s_activation_shape(layer, &attributes->activation, out_shape, error);
}

const struct c2s_layer_rules c2s_conv2d_rules = {.attributes_size = sizeof(struct c2s_conv_attributes),
                                                 .parse = conv_parse,
                                                 .destroy = conv_destroy,
                                                 .weights = conv_weights,
                                                 .output_shape = conv_shape};

const struct c2s_layer_rules c2s_separable_rules = {.attributes_size = sizeof(struct c2s_conv_attributes),
                                                    .parse = conv_parse,
                                                    .destroy = conv_destroy,
                                                    .weights = separable_weights,
                                                    .output_shape = conv_shape};

const struct c2s_layer_rules c2s_depthwise_rules = {.attributes_size = sizeof(struct c2s_conv_attributes),
                                                    .parse = conv_parse,
                                                    .destroy = conv_destroy,
                                                    .weights = depthwise_weights,
                                                    .output_shape = depthwise_shape};

const struct c2s_layer_rules c2s_conv_transpose_rules = {.attributes_size = sizeof(struct c2s_conv_attributes),
                                                         .parse = conv_parse,
                                                         .destroy = conv_destroy,
                                                         .weights = conv_transpose_weights,
                                                         .output_shape = conv_transpose_shape};
