/* SPDX-License-Identifier: Apache-2.0 */
/* The layer table itself: one row a class. */
#include <string.h>

#include "layers/layer_families.h"

enum {
    NEURAL = C2S_FAMILY_NEURAL,
    QUANTIZED = C2S_FAMILY_QUANTIZED,
    ACTIVATION = C2S_FAMILY_ACTIVATION,
    QUANTIZED_ACTIVATION = C2S_FAMILY_ACTIVATION | C2S_FAMILY_QUANTIZED_ACTIVATION,
    POOLING = C2S_FAMILY_POOLING,
    MERGE = C2S_FAMILY_MERGE,
    IDENTITY = C2S_FAMILY_IDENTITY,
    QUANTIZEML = C2S_FAMILY_QUANTIZEML
};

/* Nested models are read, built and run through their graph. */
static const struct c2s_layer_rules model_rules;

/* clang-format off */
#define ALIASES(...) (const char *const[]){__VA_ARGS__, NULL}

/* id, class, older and other names, families, float kind, keys of the config, rules */
static const struct c2s_layer_kind rows[] = {
    {C2S_KIND_OPAQUE, NULL, NULL, 0, C2S_KIND_OPAQUE, NULL, &c2s_opaque_rules},
    {C2S_KIND_CUSTOM, NULL, NULL, 0, C2S_KIND_CUSTOM, NULL, &c2s_custom_rules},
    {C2S_KIND_CUSTOM_ACTIVATION, NULL, NULL, QUANTIZED_ACTIVATION,
     C2S_KIND_RELU, NULL, &c2s_quantized_activation_rules},
    {C2S_KIND_MODEL, "Functional", ALIASES("Sequential", "Model"), 0, C2S_KIND_MODEL, NULL, &model_rules},
    {C2S_KIND_INPUT, "InputLayer", NULL, 0, C2S_KIND_INPUT, c2s_input_keys, &c2s_input_rules},
    {C2S_KIND_RESCALING, "Rescaling", NULL, 0, C2S_KIND_RESCALING, c2s_rescaling_keys, &c2s_rescaling_rules},

    {C2S_KIND_CONV2D, "Conv2D", ALIASES("Convolution2D"), NEURAL, C2S_KIND_CONV2D,
     c2s_conv2d_keys, &c2s_conv2d_rules},
    {C2S_KIND_SEPARABLE_CONV2D, "SeparableConv2D", ALIASES("SeparableConvolution2D"), NEURAL,
     C2S_KIND_SEPARABLE_CONV2D, c2s_separable_keys, &c2s_separable_rules},
    {C2S_KIND_DEPTHWISE_CONV2D, "DepthwiseConv2D", ALIASES("DepthwiseConvolution2D"), 0, C2S_KIND_DEPTHWISE_CONV2D,
     c2s_depthwise_keys, &c2s_depthwise_rules},
    {C2S_KIND_CONV2D_TRANSPOSE, "Conv2DTranspose", ALIASES("Deconvolution2D", "Deconv2D", "Convolution2DTranspose"),
     NEURAL, C2S_KIND_CONV2D_TRANSPOSE, c2s_conv_transpose_keys, &c2s_conv_transpose_rules},
    {C2S_KIND_DENSE, "Dense", NULL, NEURAL, C2S_KIND_DENSE, c2s_dense_keys, &c2s_dense_rules},
    {C2S_KIND_QUANTIZED_CONV2D, "QuantizedConv2D", NULL, NEURAL | QUANTIZED, C2S_KIND_CONV2D,
     c2s_quantized_conv2d_keys, &c2s_conv2d_rules},
    {C2S_KIND_QUANTIZED_SEPARABLE_CONV2D, "QuantizedSeparableConv2D", NULL, NEURAL | QUANTIZED,
     C2S_KIND_SEPARABLE_CONV2D, c2s_quantized_separable_keys, &c2s_separable_rules},
    {C2S_KIND_QUANTIZED_DEPTHWISE_CONV2D, "QuantizedDepthwiseConv2D", NULL, QUANTIZED, C2S_KIND_DEPTHWISE_CONV2D,
     c2s_quantized_depthwise_keys, &c2s_depthwise_rules},
    {C2S_KIND_QUANTIZED_DENSE, "QuantizedDense", NULL, NEURAL | QUANTIZED, C2S_KIND_DENSE,
     c2s_quantized_dense_keys, &c2s_dense_rules},
    {C2S_KIND_BATCH_NORMALIZATION, "BatchNormalization", ALIASES("BatchNormalizationV1", "BatchNormalizationV2"), 0,
     C2S_KIND_BATCH_NORMALIZATION, c2s_batchnorm_keys, &c2s_batchnorm_rules},

    {C2S_KIND_RELU, "ReLU", NULL, ACTIVATION, C2S_KIND_RELU, c2s_relu_keys, &c2s_relu_rules},
    {C2S_KIND_QUANTIZED_RELU, "QuantizedReLU", NULL, QUANTIZED_ACTIVATION, C2S_KIND_RELU,
     c2s_quantized_relu_keys, &c2s_quantized_activation_rules},
    {C2S_KIND_ACTIVATION_DISCRETE_RELU, "ActivationDiscreteRelu", NULL, QUANTIZED_ACTIVATION, C2S_KIND_RELU,
     c2s_discrete_relu_keys, &c2s_quantized_activation_rules},
    {C2S_KIND_ACTIVATION, "Activation", NULL, 0, C2S_KIND_ACTIVATION, c2s_activation_keys, &c2s_activation_rules},
    {C2S_KIND_SOFTMAX, "Softmax", NULL, 0, C2S_KIND_SOFTMAX, c2s_softmax_keys, &c2s_softmax_rules},
    {C2S_KIND_LEAKY_RELU, "LeakyReLU", NULL, 0, C2S_KIND_LEAKY_RELU, c2s_leaky_relu_keys, &c2s_leaky_relu_rules},
    {C2S_KIND_PRELU, "PReLU", NULL, 0, C2S_KIND_PRELU, c2s_prelu_keys, &c2s_prelu_rules},
    {C2S_KIND_ELU, "ELU", NULL, 0, C2S_KIND_ELU, c2s_elu_keys, &c2s_elu_rules},
    {C2S_KIND_THRESHOLDED_RELU, "ThresholdedReLU", NULL, 0, C2S_KIND_THRESHOLDED_RELU,
     c2s_thresholded_relu_keys, &c2s_thresholded_relu_rules},

    {C2S_KIND_MAX_POOLING2D, "MaxPooling2D", ALIASES("MaxPool2D"), POOLING, C2S_KIND_MAX_POOLING2D,
     c2s_pool_keys, &c2s_pool_rules},
    {C2S_KIND_AVERAGE_POOLING2D, "AveragePooling2D", ALIASES("AvgPool2D"), 0, C2S_KIND_AVERAGE_POOLING2D,
     c2s_pool_keys, &c2s_pool_rules},
    {C2S_KIND_GLOBAL_AVERAGE_POOLING2D, "GlobalAveragePooling2D", ALIASES("GlobalAvgPool2D"), POOLING,
     C2S_KIND_GLOBAL_AVERAGE_POOLING2D, c2s_global_pool_keys, &c2s_global_pool_rules},
    {C2S_KIND_GLOBAL_MAX_POOLING2D, "GlobalMaxPooling2D", ALIASES("GlobalMaxPool2D"), 0,
     C2S_KIND_GLOBAL_MAX_POOLING2D, c2s_global_pool_keys, &c2s_global_pool_rules},
    {C2S_KIND_ZERO_PADDING2D, "ZeroPadding2D", NULL, 0, C2S_KIND_ZERO_PADDING2D,
     c2s_zero_padding_keys, &c2s_zero_padding_rules},
    {C2S_KIND_CROPPING2D, "Cropping2D", NULL, 0, C2S_KIND_CROPPING2D, c2s_cropping_keys, &c2s_cropping_rules},
    {C2S_KIND_UP_SAMPLING2D, "UpSampling2D", NULL, 0, C2S_KIND_UP_SAMPLING2D,
     c2s_upsampling_keys, &c2s_upsampling_rules},
    {C2S_KIND_FLATTEN, "Flatten", NULL, 0, C2S_KIND_FLATTEN, c2s_flatten_keys, &c2s_flatten_rules},
    {C2S_KIND_RESHAPE, "Reshape", NULL, 0, C2S_KIND_RESHAPE, c2s_reshape_keys, &c2s_reshape_rules},
    {C2S_KIND_PERMUTE, "Permute", NULL, 0, C2S_KIND_PERMUTE, c2s_permute_keys, &c2s_permute_rules},
    {C2S_KIND_REPEAT_VECTOR, "RepeatVector", NULL, 0, C2S_KIND_REPEAT_VECTOR,
     c2s_repeat_vector_keys, &c2s_repeat_vector_rules},

    {C2S_KIND_DROPOUT, "Dropout", ALIASES("SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D"), IDENTITY,
     C2S_KIND_DROPOUT, c2s_dropout_keys, &c2s_identity_rules},
    {C2S_KIND_TRAINING_NOISE, "GaussianNoise", NULL, IDENTITY, C2S_KIND_TRAINING_NOISE,
     c2s_noise_keys, &c2s_identity_rules},
    {C2S_KIND_TRAINING_NOISE, "GaussianDropout", ALIASES("AlphaDropout"), IDENTITY, C2S_KIND_TRAINING_NOISE,
     c2s_noise_dropout_keys, &c2s_identity_rules},
    {C2S_KIND_TRAINING_NOISE, "ActivityRegularization", NULL, IDENTITY, C2S_KIND_TRAINING_NOISE,
     c2s_regularization_keys, &c2s_identity_rules},

    {C2S_KIND_ADD, "Add", NULL, MERGE, C2S_KIND_ADD, NULL, &c2s_merge_rules},
    {C2S_KIND_SUBTRACT, "Subtract", NULL, MERGE, C2S_KIND_SUBTRACT, NULL, &c2s_merge_rules},
    {C2S_KIND_MULTIPLY, "Multiply", NULL, MERGE, C2S_KIND_MULTIPLY, NULL, &c2s_merge_rules},
    {C2S_KIND_AVERAGE, "Average", NULL, MERGE, C2S_KIND_AVERAGE, NULL, &c2s_merge_rules},
    {C2S_KIND_MAXIMUM, "Maximum", NULL, MERGE, C2S_KIND_MAXIMUM, NULL, &c2s_merge_rules},
    {C2S_KIND_MINIMUM, "Minimum", NULL, MERGE, C2S_KIND_MINIMUM, NULL, &c2s_merge_rules},
    {C2S_KIND_CONCATENATE, "Concatenate", NULL, MERGE, C2S_KIND_CONCATENATE,
     c2s_concatenate_keys, &c2s_concatenate_rules},

    /* no table of keys: files have their configs whole, and nobody constructs these layers */
    {C2S_KIND_QML_INPUT_QUANTIZER, "Custom>InputQuantizer", NULL, QUANTIZEML, C2S_KIND_QML_INPUT_QUANTIZER,
     NULL, &c2s_qml_input_quantizer_rules},
    {C2S_KIND_QML_DEQUANTIZER, "Custom>Dequantizer", NULL, QUANTIZEML, C2S_KIND_QML_DEQUANTIZER,
     NULL, &c2s_qml_same_rules},
    {C2S_KIND_QML_CONV2D, "Custom>QuantizedConv2D", NULL, QUANTIZEML, C2S_KIND_QML_CONV2D,
     NULL, &c2s_qml_conv2d_rules},
    {C2S_KIND_QML_CONV2D_TRANSPOSE, "Custom>QuantizedConv2DTranspose", NULL, QUANTIZEML, C2S_KIND_QML_CONV2D_TRANSPOSE,
     NULL, &c2s_qml_conv_transpose_rules},
    {C2S_KIND_QML_DEPTHWISE_CONV2D, "Custom>QuantizedDepthwiseConv2D", NULL, QUANTIZEML, C2S_KIND_QML_DEPTHWISE_CONV2D,
     NULL, &c2s_qml_depthwise_rules},
    {C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE, "Custom>QuantizedDepthwiseConv2DTranspose", NULL, QUANTIZEML, C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE,
     NULL, &c2s_qml_depthwise_transpose_rules},
    {C2S_KIND_QML_SEPARABLE_CONV2D, "Custom>QuantizedSeparableConv2D", NULL, QUANTIZEML, C2S_KIND_QML_SEPARABLE_CONV2D,
     NULL, &c2s_qml_separable_rules},
    {C2S_KIND_QML_DENSE, "Custom>QuantizedDense", NULL, QUANTIZEML, C2S_KIND_QML_DENSE,
     NULL, &c2s_qml_dense_rules},
    {C2S_KIND_QML_RELU, "Custom>QuantizedReLU", NULL, QUANTIZEML, C2S_KIND_QML_RELU,
     NULL, &c2s_qml_relu_rules},
    {C2S_KIND_QML_ACTIVATION, "Custom>QuantizedActivation", NULL, QUANTIZEML, C2S_KIND_QML_ACTIVATION,
     NULL, &c2s_qml_activation_rules},
    {C2S_KIND_QML_ADD, "Custom>QuantizedAdd", NULL, QUANTIZEML | MERGE, C2S_KIND_QML_ADD,
     NULL, &c2s_qml_add_rules},
    {C2S_KIND_QML_CONCATENATE, "Custom>QuantizedConcatenate", NULL, QUANTIZEML | MERGE, C2S_KIND_QML_CONCATENATE,
     NULL, &c2s_qml_concatenate_rules},
    {C2S_KIND_QML_MAX_POOLING2D, "Custom>QuantizedMaxPool2D", NULL, QUANTIZEML, C2S_KIND_QML_MAX_POOLING2D,
     NULL, &c2s_qml_pool_rules},
    {C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D, "Custom>QuantizedGlobalAveragePooling2D", NULL, QUANTIZEML, C2S_KIND_QML_GLOBAL_AVERAGE_POOLING2D,
     NULL, &c2s_qml_global_pool_rules},
    {C2S_KIND_QML_FLATTEN, "Custom>QuantizedFlatten", NULL, QUANTIZEML, C2S_KIND_QML_FLATTEN,
     NULL, &c2s_flatten_rules},
    {C2S_KIND_QML_RESHAPE, "Custom>QuantizedReshape", NULL, QUANTIZEML, C2S_KIND_QML_RESHAPE,
     NULL, &c2s_reshape_rules},
    {C2S_KIND_QML_PERMUTE, "Custom>QuantizedPermute", NULL, QUANTIZEML, C2S_KIND_QML_PERMUTE,
     NULL, &c2s_permute_rules},
    {C2S_KIND_QML_DROPOUT, "Custom>QuantizedDropout", NULL, QUANTIZEML, C2S_KIND_QML_DROPOUT,
     NULL, &c2s_qml_same_rules},
    {C2S_KIND_QML_RESCALING, "Custom>QuantizedRescaling", NULL, QUANTIZEML, C2S_KIND_QML_RESCALING,
     NULL, &c2s_qml_rescaling_rules},
    {C2S_KIND_QML_EXTRACT_TOKEN, "Custom>QuantizedExtractToken", NULL, QUANTIZEML, C2S_KIND_QML_EXTRACT_TOKEN,
     NULL, &c2s_qml_token_rules},
    {C2S_KIND_QML_BUFFER_TEMP_CONV, "Custom>QuantizedBufferTempConv", NULL, QUANTIZEML, C2S_KIND_QML_BUFFER_TEMP_CONV,
     NULL, &c2s_qml_buffer_temp_conv_rules},
    {C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV, "Custom>QuantizedDepthwiseBufferTempConv", NULL, QUANTIZEML, C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV,
     NULL, &c2s_qml_buffer_temp_conv_rules},
    {C2S_KIND_QML_STATEFUL_PROJECTION, "Custom>QuantizedStatefulProjection", NULL, QUANTIZEML, C2S_KIND_QML_STATEFUL_PROJECTION,
     NULL, &c2s_qml_dense_rules},
    {C2S_KIND_QML_STATEFUL_RECURRENT, "Custom>QuantizedStatefulRecurrent", NULL, QUANTIZEML, C2S_KIND_QML_STATEFUL_RECURRENT,
     NULL, &c2s_qml_recurrent_rules},
    {C2S_KIND_QML_BATCH_NORMALIZATION, "Custom>QuantizedBatchNormalization", NULL, QUANTIZEML, C2S_KIND_QML_BATCH_NORMALIZATION,
     NULL, &c2s_qml_batchnorm_rules},
    {C2S_KIND_QML_PICO_POST_PROCESSING, "Custom>QuantizedPicoPostProcessing", NULL, QUANTIZEML | MERGE, C2S_KIND_QML_PICO_POST_PROCESSING,
     NULL, &c2s_qml_pico_rules},
    {C2S_KIND_PADDED_CONV2D, "Custom>PaddedConv2D", NULL, QUANTIZEML, C2S_KIND_PADDED_CONV2D,
     NULL, &c2s_qml_conv2d_rules},
    {C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE, "Custom>DepthwiseConv2DTranspose", NULL, QUANTIZEML, C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE,
     NULL, &c2s_qml_depthwise_transpose_rules},
    {C2S_KIND_QML_FLOAT_ACTIVATION, "Custom>Activation", NULL, QUANTIZEML, C2S_KIND_QML_FLOAT_ACTIVATION,
     NULL, &c2s_qml_float_activation_rules},
    {C2S_KIND_QML_FLOAT_ADD, "Custom>Add", NULL, QUANTIZEML | MERGE, C2S_KIND_QML_FLOAT_ADD,
     NULL, &c2s_qml_float_add_rules},
    {C2S_KIND_EXTRACT_TOKEN, "Custom>ExtractToken", NULL, QUANTIZEML, C2S_KIND_EXTRACT_TOKEN,
     NULL, &c2s_qml_token_rules},
    {C2S_KIND_BUFFER_TEMP_CONV, "Custom>BufferTempConv", NULL, QUANTIZEML, C2S_KIND_BUFFER_TEMP_CONV,
     NULL, &c2s_qml_buffer_temp_conv_rules},
    {C2S_KIND_DEPTHWISE_BUFFER_TEMP_CONV, "Custom>DepthwiseBufferTempConv", NULL, QUANTIZEML, C2S_KIND_DEPTHWISE_BUFFER_TEMP_CONV,
     NULL, &c2s_qml_buffer_temp_conv_rules},
    {C2S_KIND_STATEFUL_PROJECTION, "Custom>StatefulProjection", NULL, QUANTIZEML, C2S_KIND_STATEFUL_PROJECTION,
     NULL, &c2s_qml_dense_rules},
    {C2S_KIND_STATEFUL_RECURRENT, "Custom>StatefulRecurrent", NULL, QUANTIZEML, C2S_KIND_STATEFUL_RECURRENT,
     NULL, &c2s_qml_float_recurrent_rules},
    {C2S_KIND_PICO_POST_PROCESSING, "Custom>PicoPostProcessing", NULL, QUANTIZEML | MERGE, C2S_KIND_PICO_POST_PROCESSING,
     NULL, &c2s_qml_float_pico_rules},
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

static const struct c2s_layer_kind *find(const char *name)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (is_called(&rows[i], name))
            return &rows[i];
    return NULL;
}

const struct c2s_layer_kind *c2s_layer_kind_find(const char *class_name)
{
    const struct c2s_layer_kind *kind = find(class_name);
    const char *package = strrchr(class_name, '>');
    return kind || !package ? kind : find(package + 1);
}

const struct c2s_layer_kind *c2s_layer_kind_get(enum c2s_kind_id id)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].id == id)
            return &rows[i];
    return &rows[0];
}
