/* SPDX-License-Identifier: Apache-2.0 */
/* The layer table itself: one row a class. */
#include <string.h>

#include "layers/attributes.h"
#include "layers/layer_families.h"
#include "layers/shape_rules.h"

#define ALIASES(...)                                                                                                 \
    (const char *const[])                                                                                            \
    {                                                                                                                \
        __VA_ARGS__, NULL                                                                                            \
    }

/* clang-format off */
#define CONV(weights_of, shape)                                                                                          \
    .attributes_size = sizeof(struct c2s_conv_attributes), .parse = c2s_conv_parse, .destroy = c2s_conv_destroy, .weights = weights_of,     \
        .output_shape = shape
#define DENSE                                                                                                         \
    .attributes_size = sizeof(struct c2s_dense_attributes), .parse = c2s_dense_parse, .destroy = c2s_dense_destroy,                      \
        .weights = c2s_dense_weights, .output_shape = c2s_dense_shape
#define FUNCTION(parse_it)                                                                                            \
    .attributes_size = sizeof(struct c2s_activation_attributes), .parse = parse_it, .output_shape = c2s_activation_layer_shape
#define QUANTIZED_FUNCTION                                                                                            \
    .attributes_size = sizeof(struct c2s_quantized_activation_attributes), .parse = c2s_quantized_activation_parse,                      \
        .destroy = c2s_quantized_activation_destroy, .output_shape = c2s_same_shape
#define POOL(parse_it, shape) .attributes_size = sizeof(struct c2s_pool_attributes), .parse = parse_it, .output_shape = shape
#define BORDER(shape) .attributes_size = sizeof(struct c2s_border_attributes), .parse = c2s_border_parse, .output_shape = shape
#define RESHAPE(parse_it, shape) .attributes_size = sizeof(struct c2s_reshape_attributes), .parse = parse_it, .output_shape = shape
#define ROW(kind, name, others, its_families) .id = kind, .class_name = name, .aliases = others, .families = its_families

enum {
    NEURAL = C2S_FAMILY_NEURAL,
    QUANTIZED = C2S_FAMILY_QUANTIZED,
    ACTIVATION = C2S_FAMILY_ACTIVATION,
    QUANTIZED_ACTIVATION_TOO = C2S_FAMILY_ACTIVATION | C2S_FAMILY_QUANTIZED_ACTIVATION,
    POOLING = C2S_FAMILY_POOLING,
    MERGE = C2S_FAMILY_MERGE,
    IDENTITY = C2S_FAMILY_IDENTITY
};

static const struct c2s_layer_kind rows[] = {
    {ROW(C2S_KIND_OPAQUE, NULL, NULL, 0), .float_kind = C2S_KIND_OPAQUE, .output_shape = c2s_opaque_shape},
    {ROW(C2S_KIND_CUSTOM, NULL, NULL, 0), .float_kind = C2S_KIND_CUSTOM, .attributes_size = sizeof(struct c2s_custom_attributes),
     .parse = c2s_custom_parse, .destroy = c2s_custom_destroy, .output_shape = c2s_custom_shape},
    {ROW(C2S_KIND_CUSTOM_ACTIVATION, NULL, NULL, QUANTIZED_ACTIVATION_TOO), .float_kind = C2S_KIND_RELU,
     QUANTIZED_FUNCTION},
    {ROW(C2S_KIND_MODEL, "Functional", ALIASES("Sequential", "Model"), 0), .float_kind = C2S_KIND_MODEL},
    {ROW(C2S_KIND_INPUT, "InputLayer", NULL, 0), .float_kind = C2S_KIND_INPUT, .keys = c2s_input_keys,
     .attributes_size = sizeof(struct c2s_input_attributes), .parse = c2s_input_parse, .output_shape = c2s_input_shape},
    {ROW(C2S_KIND_RESCALING, "Rescaling", NULL, 0), .float_kind = C2S_KIND_RESCALING, .keys = c2s_rescaling_keys,
     .attributes_size = sizeof(struct c2s_rescaling_attributes), .parse = c2s_rescaling_parse, .destroy = c2s_rescaling_destroy,
     .output_shape = c2s_rescaling_shape},

    {ROW(C2S_KIND_CONV2D, "Conv2D", ALIASES("Convolution2D"), NEURAL), .float_kind = C2S_KIND_CONV2D,
     .keys = c2s_conv2d_keys, CONV(c2s_conv_weights, c2s_conv_shape)},
    {ROW(C2S_KIND_SEPARABLE_CONV2D, "SeparableConv2D", ALIASES("SeparableConvolution2D"), NEURAL),
     .float_kind = C2S_KIND_SEPARABLE_CONV2D, .keys = c2s_separable_keys,
     CONV(c2s_separable_weights, c2s_conv_shape)},
    {ROW(C2S_KIND_DEPTHWISE_CONV2D, "DepthwiseConv2D", ALIASES("DepthwiseConvolution2D"), 0),
     .float_kind = C2S_KIND_DEPTHWISE_CONV2D, .keys = c2s_depthwise_keys,
     CONV(c2s_depthwise_weights, c2s_depthwise_shape)},
    {ROW(C2S_KIND_CONV2D_TRANSPOSE, "Conv2DTranspose",
         ALIASES("Deconvolution2D", "Deconv2D", "Convolution2DTranspose"), NEURAL),
     .float_kind = C2S_KIND_CONV2D_TRANSPOSE, .keys = c2s_conv_transpose_keys,
     CONV(c2s_conv_transpose_weights, c2s_conv_transpose_shape)},
    {ROW(C2S_KIND_DENSE, "Dense", NULL, NEURAL), .float_kind = C2S_KIND_DENSE, .keys = c2s_dense_keys, DENSE},

    {ROW(C2S_KIND_QUANTIZED_CONV2D, "QuantizedConv2D", NULL, NEURAL | QUANTIZED), .float_kind = C2S_KIND_CONV2D,
     .keys = c2s_quantized_conv2d_keys, CONV(c2s_conv_weights, c2s_conv_shape)},
    {ROW(C2S_KIND_QUANTIZED_SEPARABLE_CONV2D, "QuantizedSeparableConv2D", NULL, NEURAL | QUANTIZED),
     .float_kind = C2S_KIND_SEPARABLE_CONV2D, .keys = c2s_quantized_separable_keys,
     CONV(c2s_separable_weights, c2s_conv_shape)},
    {ROW(C2S_KIND_QUANTIZED_DEPTHWISE_CONV2D, "QuantizedDepthwiseConv2D", NULL, QUANTIZED),
     .float_kind = C2S_KIND_DEPTHWISE_CONV2D, .keys = c2s_quantized_depthwise_keys,
     CONV(c2s_depthwise_weights, c2s_depthwise_shape)},
    {ROW(C2S_KIND_QUANTIZED_DENSE, "QuantizedDense", NULL, NEURAL | QUANTIZED), .float_kind = C2S_KIND_DENSE,
     .keys = c2s_quantized_dense_keys, DENSE},

    {ROW(C2S_KIND_BATCH_NORMALIZATION, "BatchNormalization", ALIASES("BatchNormalizationV1", "BatchNormalizationV2"),
         0),
     .float_kind = C2S_KIND_BATCH_NORMALIZATION, .keys = c2s_batchnorm_keys,
     .attributes_size = sizeof(struct c2s_batchnorm_attributes), .parse = c2s_batchnorm_parse, .weights = c2s_batchnorm_weights,
     .output_shape = c2s_batchnorm_shape},

    {ROW(C2S_KIND_RELU, "ReLU", NULL, ACTIVATION), .float_kind = C2S_KIND_RELU, .keys = c2s_relu_keys,
     .attributes_size = sizeof(struct c2s_relu_attributes), .parse = c2s_relu_parse, .output_shape = c2s_same_shape},
    {ROW(C2S_KIND_QUANTIZED_RELU, "QuantizedReLU", NULL, QUANTIZED_ACTIVATION_TOO), .float_kind = C2S_KIND_RELU,
     .keys = c2s_quantized_relu_keys, QUANTIZED_FUNCTION},
    {ROW(C2S_KIND_ACTIVATION_DISCRETE_RELU, "ActivationDiscreteRelu", NULL, QUANTIZED_ACTIVATION_TOO),
     .float_kind = C2S_KIND_RELU, .keys = c2s_discrete_relu_keys, QUANTIZED_FUNCTION},
    {ROW(C2S_KIND_ACTIVATION, "Activation", NULL, 0), .float_kind = C2S_KIND_ACTIVATION, .keys = c2s_activation_keys,
     FUNCTION(c2s_activation_parse)},
    {ROW(C2S_KIND_SOFTMAX, "Softmax", NULL, 0), .float_kind = C2S_KIND_SOFTMAX, .keys = c2s_softmax_keys,
     .attributes_size = sizeof(struct c2s_softmax_attributes), .parse = c2s_softmax_parse, .output_shape = c2s_softmax_shape},
    {ROW(C2S_KIND_LEAKY_RELU, "LeakyReLU", NULL, 0), .float_kind = C2S_KIND_LEAKY_RELU, .keys = c2s_leaky_relu_keys,
     FUNCTION(c2s_leaky_relu_parse)},
    {ROW(C2S_KIND_PRELU, "PReLU", NULL, 0), .float_kind = C2S_KIND_PRELU, .keys = c2s_prelu_keys,
     .attributes_size = sizeof(struct c2s_prelu_attributes), .parse = c2s_prelu_parse, .weights = c2s_prelu_weights,
     .output_shape = c2s_prelu_shape},
    {ROW(C2S_KIND_ELU, "ELU", NULL, 0), .float_kind = C2S_KIND_ELU, .keys = c2s_elu_keys,
     FUNCTION(c2s_elu_parse)},
    {ROW(C2S_KIND_THRESHOLDED_RELU, "ThresholdedReLU", NULL, 0), .float_kind = C2S_KIND_THRESHOLDED_RELU,
     .keys = c2s_thresholded_relu_keys, FUNCTION(c2s_thresholded_relu_parse)},

    {ROW(C2S_KIND_MAX_POOLING2D, "MaxPooling2D", ALIASES("MaxPool2D"), POOLING), .float_kind = C2S_KIND_MAX_POOLING2D,
     .keys = c2s_pool_keys, POOL(c2s_pool_parse, c2s_pool_shape)},
    {ROW(C2S_KIND_AVERAGE_POOLING2D, "AveragePooling2D", ALIASES("AvgPool2D"), 0),
     .float_kind = C2S_KIND_AVERAGE_POOLING2D, .keys = c2s_pool_keys, POOL(c2s_pool_parse, c2s_pool_shape)},
    {ROW(C2S_KIND_GLOBAL_AVERAGE_POOLING2D, "GlobalAveragePooling2D", ALIASES("GlobalAvgPool2D"), POOLING),
     .float_kind = C2S_KIND_GLOBAL_AVERAGE_POOLING2D, .keys = c2s_global_pool_keys,
     POOL(c2s_global_pool_parse, c2s_global_pool_shape)},
    {ROW(C2S_KIND_GLOBAL_MAX_POOLING2D, "GlobalMaxPooling2D", ALIASES("GlobalMaxPool2D"), 0),
     .float_kind = C2S_KIND_GLOBAL_MAX_POOLING2D, .keys = c2s_global_pool_keys,
     POOL(c2s_global_pool_parse, c2s_global_pool_shape)},

    {ROW(C2S_KIND_ZERO_PADDING2D, "ZeroPadding2D", NULL, 0), .float_kind = C2S_KIND_ZERO_PADDING2D,
     .keys = c2s_zero_padding_keys, BORDER(c2s_zero_padding_shape)},
    {ROW(C2S_KIND_CROPPING2D, "Cropping2D", NULL, 0), .float_kind = C2S_KIND_CROPPING2D, .keys = c2s_cropping_keys,
     BORDER(c2s_cropping_shape)},
    {ROW(C2S_KIND_UP_SAMPLING2D, "UpSampling2D", NULL, 0), .float_kind = C2S_KIND_UP_SAMPLING2D,
     .keys = c2s_upsampling_keys, .attributes_size = sizeof(struct c2s_upsampling_attributes), .parse = c2s_upsampling_parse,
     .output_shape = c2s_upsampling_shape},
    {ROW(C2S_KIND_FLATTEN, "Flatten", NULL, 0), .float_kind = C2S_KIND_FLATTEN, .keys = c2s_flatten_keys,
     RESHAPE(c2s_flatten_parse, c2s_flatten_shape)},
    {ROW(C2S_KIND_RESHAPE, "Reshape", NULL, 0), .float_kind = C2S_KIND_RESHAPE, .keys = c2s_reshape_keys,
     RESHAPE(c2s_reshape_parse, c2s_reshape_shape)},
    {ROW(C2S_KIND_PERMUTE, "Permute", NULL, 0), .float_kind = C2S_KIND_PERMUTE, .keys = c2s_permute_keys,
     RESHAPE(c2s_permute_parse, c2s_permute_shape)},
    {ROW(C2S_KIND_REPEAT_VECTOR, "RepeatVector", NULL, 0), .float_kind = C2S_KIND_REPEAT_VECTOR,
     .keys = c2s_repeat_vector_keys, RESHAPE(c2s_repeat_vector_parse, c2s_repeat_vector_shape)},
    {ROW(C2S_KIND_DROPOUT, "Dropout", ALIASES("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"), IDENTITY),
     .float_kind = C2S_KIND_DROPOUT, .keys = c2s_dropout_keys, .output_shape = c2s_same_shape},
    {ROW(C2S_KIND_TRAINING_NOISE, "GaussianNoise", NULL, IDENTITY), .float_kind = C2S_KIND_TRAINING_NOISE,
     .keys = c2s_noise_keys, .output_shape = c2s_same_shape},
    {ROW(C2S_KIND_TRAINING_NOISE, "GaussianDropout", ALIASES("AlphaDropout"), IDENTITY),
     .float_kind = C2S_KIND_TRAINING_NOISE, .keys = c2s_noise_dropout_keys, .output_shape = c2s_same_shape},
    {ROW(C2S_KIND_TRAINING_NOISE, "ActivityRegularization", NULL, IDENTITY),
     .float_kind = C2S_KIND_TRAINING_NOISE, .keys = c2s_regularization_keys, .output_shape = c2s_same_shape},

    {ROW(C2S_KIND_ADD, "Add", NULL, MERGE), .float_kind = C2S_KIND_ADD, .output_shape = c2s_merge_shape},
    {ROW(C2S_KIND_SUBTRACT, "Subtract", NULL, MERGE), .float_kind = C2S_KIND_SUBTRACT,
     .output_shape = c2s_merge_shape},
    {ROW(C2S_KIND_MULTIPLY, "Multiply", NULL, MERGE), .float_kind = C2S_KIND_MULTIPLY,
     .output_shape = c2s_merge_shape},
    {ROW(C2S_KIND_AVERAGE, "Average", NULL, MERGE), .float_kind = C2S_KIND_AVERAGE, .output_shape = c2s_merge_shape},
    {ROW(C2S_KIND_MAXIMUM, "Maximum", NULL, MERGE), .float_kind = C2S_KIND_MAXIMUM, .output_shape = c2s_merge_shape},
    {ROW(C2S_KIND_MINIMUM, "Minimum", NULL, MERGE), .float_kind = C2S_KIND_MINIMUM, .output_shape = c2s_merge_shape},
    {ROW(C2S_KIND_CONCATENATE, "Concatenate", NULL, MERGE), .float_kind = C2S_KIND_CONCATENATE,
     .keys = c2s_concatenate_keys, .attributes_size = sizeof(struct c2s_concatenate_attributes), .parse = c2s_concatenate_parse,
     .output_shape = c2s_concatenate_shape},
};
/* clang-format on */

static bool is_called(const struct c2s_layer_kind *kind, const char *name)
{
    if (!kind->class_name)
        return false;
    if (!strcmp(kind->class_name, name))
        return true;
    for (const char *const *alias = kind->aliases; alias && *alias; alias++)
        if (!strcmp(*alias, name))
            return true;
    return false;
}

const struct c2s_layer_kind *c2s_layer_kind_find(const char *class_name)
{
    const char *bare = strrchr(class_name, '>');
    bare = bare ? bare + 1 : class_name;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is_called(&rows[i], bare))
            return &rows[i];
    return NULL;
}

const struct c2s_layer_kind *c2s_layer_kind_get(enum c2s_kind_id id)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].id == id)
            return &rows[i];
    return &rows[0];
}
