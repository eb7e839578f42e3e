/* SPDX-License-Identifier: Apache-2.0 */
/* Tables of what get_config() says, class by class: keys in tf_keras's order, and the values where they are absent.
 */
#include "layers/layer_families.h"

/* Read where it is there, never written where it is not. */
#define OPTIONAL ""
#define KEY(key, otherwise)                                                                                          \
    {                                                                                                                \
        key, otherwise, C2S_FORM_AS_IS                                                                               \
    }
#define FORM(form, key, otherwise)                                                                                   \
    {                                                                                                                \
        key, otherwise, C2S_FORM_##form                                                                              \
    }
#define PAIR(key, otherwise) FORM(PAIR, key, otherwise)
#define FLOAT(key, otherwise) FORM(FLOAT32, key, otherwise)

#define INITIALIZER(class_name, config)                                                                              \
    "{\"module\": \"keras.initializers\", \"class_name\": \"" class_name "\", \"config\": {" config                  \
    "}, \"registered_name\": null}"
#define GLOROT INITIALIZER("GlorotUniform", "\"seed\": null")
#define ZEROS INITIALIZER("Zeros", "")
#define ONES INITIALIZER("Ones", "")

#define CONVOLUTION(padding_and_format, groups)                                                                      \
    KEY("filters", NULL), PAIR("kernel_size", NULL), PAIR("strides", "[1, 1]"),                                      \
        FORM(LOWER_CASE, "padding", "\"valid\""), padding_and_format PAIR("dilation_rate", "[1, 1]"),                \
        KEY("groups", groups)
#define KERNEL_REST                                                                                                  \
    KEY("kernel_initializer", GLOROT), KEY("bias_initializer", ZEROS), KEY("kernel_regularizer", "null"),            \
        KEY("bias_regularizer", "null"), KEY("activity_regularizer", "null"), KEY("kernel_constraint", "null"),      \
        KEY("bias_constraint", "null")
#define DEPTHWISE_REST                                                                                               \
    KEY("depthwise_initializer", GLOROT), KEY("depthwise_regularizer", "null"), KEY("depthwise_constraint", "null")
#define POINTWISE_REST                                                                                               \
    KEY("depthwise_initializer", GLOROT), KEY("pointwise_initializer", GLOROT),                                      \
        KEY("depthwise_regularizer", "null"), KEY("pointwise_regularizer", "null"),                                  \
        KEY("depthwise_constraint", "null"), KEY("pointwise_constraint", "null")
#define FORMAT KEY("data_format", "\"channels_last\""),
#define ACTIVATION KEY("activation", "\"linear\"")
#define BIAS KEY("use_bias", "true")
#define KERAS3 KEY("lora_rank", OPTIONAL), KEY("quantization_config", OPTIONAL)
#define END KEY(NULL, NULL)

const struct c2s_config_key c2s_dropout_keys[] = {KEY("rate", NULL), KEY("noise_shape", "null"), KEY("seed", "null"),
                                                  KEY("data_format", OPTIONAL), END};
const struct c2s_config_key c2s_noise_keys[] = {KEY("stddev", NULL), KEY("seed", "null"), END};
const struct c2s_config_key c2s_noise_dropout_keys[] = {KEY("rate", NULL), KEY("noise_shape", OPTIONAL),
                                                        KEY("seed", "null"), END};
const struct c2s_config_key c2s_regularization_keys[] = {KEY("l1", "0.0"), KEY("l2", "0.0"), END};
const struct c2s_config_key c2s_input_keys[] = {KEY("batch_input_shape", OPTIONAL),
                                                KEY("batch_shape", OPTIONAL),
                                                KEY("shape", OPTIONAL),
                                                KEY("input_shape", OPTIONAL),
                                                KEY("dtype", "\"float32\""),
                                                KEY("sparse", "false"),
                                                KEY("ragged", "false"),
                                                KEY("optional", OPTIONAL),
                                                KEY("input_tensor", OPTIONAL),
                                                END};
const struct c2s_config_key c2s_rescaling_keys[] = {KEY("scale", NULL), KEY("offset", "0.0"), END};

const struct c2s_config_key c2s_conv2d_keys[] = {
    CONVOLUTION(FORMAT, "1"), ACTIVATION, BIAS, KERNEL_REST, KERAS3, END};
const struct c2s_config_key c2s_separable_keys[] = {CONVOLUTION(FORMAT, "1"),     ACTIVATION,     BIAS,   KERNEL_REST,
                                                    KEY("depth_multiplier", "1"), POINTWISE_REST, KERAS3, END};
const struct c2s_config_key c2s_depthwise_keys[] = {KEY("filters", OPTIONAL),
                                                    PAIR("kernel_size", NULL),
                                                    PAIR("strides", "[1, 1]"),
                                                    FORM(LOWER_CASE, "padding", "\"valid\""),
                                                    FORMAT PAIR("dilation_rate", "[1, 1]"),
                                                    KEY("groups", "1"),
                                                    ACTIVATION,
                                                    BIAS,
                                                    KEY("kernel_initializer", OPTIONAL),
                                                    KEY("bias_initializer", ZEROS),
                                                    KEY("kernel_regularizer", OPTIONAL),
                                                    KEY("bias_regularizer", "null"),
                                                    KEY("activity_regularizer", "null"),
                                                    KEY("kernel_constraint", OPTIONAL),
                                                    KEY("bias_constraint", "null"),
                                                    KEY("depth_multiplier", "1"),
                                                    DEPTHWISE_REST,
                                                    KERAS3,
                                                    END};
const struct c2s_config_key c2s_conv_transpose_keys[] = {
    CONVOLUTION(FORMAT, "1"), ACTIVATION, BIAS, KERNEL_REST, PAIR("output_padding", "null"), KERAS3, END};
const struct c2s_config_key c2s_dense_keys[] = {KEY("units", NULL), ACTIVATION, BIAS, KERNEL_REST, KERAS3, END};

/* Quantized layers leave out what they don't have; a file may still say the default of it. */
const struct c2s_config_key c2s_quantized_conv2d_keys[] = {KEY("filters", NULL),
                                                           PAIR("kernel_size", NULL),
                                                           PAIR("strides", "[1, 1]"),
                                                           FORM(LOWER_CASE, "padding", "\"valid\""),
                                                           KEY("data_format", OPTIONAL),
                                                           PAIR("dilation_rate", "[1, 1]"),
                                                           KEY("groups", OPTIONAL),
                                                           KEY("activation", OPTIONAL),
                                                           BIAS,
                                                           KERNEL_REST,
                                                           KEY("quantizer", NULL),
                                                           END};
const struct c2s_config_key c2s_quantized_separable_keys[] = {KEY("filters", NULL),
                                                              PAIR("kernel_size", NULL),
                                                              PAIR("strides", "[1, 1]"),
                                                              FORM(LOWER_CASE, "padding", "\"valid\""),
                                                              KEY("data_format", OPTIONAL),
                                                              PAIR("dilation_rate", "[1, 1]"),
                                                              KEY("groups", "1"),
                                                              KEY("depth_multiplier", OPTIONAL),
                                                              KEY("activation", OPTIONAL),
                                                              BIAS,
                                                              KERNEL_REST,
                                                              POINTWISE_REST,
                                                              KEY("quantizer_dw", OPTIONAL),
                                                              KEY("quantizer", NULL),
                                                              END};
const struct c2s_config_key c2s_quantized_depthwise_keys[] = {KEY("filters", OPTIONAL),
                                                              PAIR("kernel_size", NULL),
                                                              PAIR("strides", "[1, 1]"),
                                                              FORM(LOWER_CASE, "padding", "\"valid\""),
                                                              KEY("data_format", OPTIONAL),
                                                              PAIR("dilation_rate", "[1, 1]"),
                                                              KEY("groups", "1"),
                                                              KEY("depth_multiplier", OPTIONAL),
                                                              KEY("activation", OPTIONAL),
                                                              BIAS,
                                                              KEY("bias_initializer", ZEROS),
                                                              KEY("kernel_initializer", OPTIONAL),
                                                              KEY("kernel_regularizer", OPTIONAL),
                                                              KEY("kernel_constraint", OPTIONAL),
                                                              KEY("bias_regularizer", "null"),
                                                              KEY("activity_regularizer", "null"),
                                                              KEY("bias_constraint", "null"),
                                                              DEPTHWISE_REST,
                                                              KEY("quantizer", NULL),
                                                              END};
const struct c2s_config_key c2s_quantized_dense_keys[] = {KEY("units", NULL), KEY("activation", OPTIONAL), BIAS,
                                                          KERNEL_REST,        KEY("quantizer", NULL),      END};

const struct c2s_config_key c2s_batchnorm_keys[] = {KEY("axis", "-1"),
                                                    KEY("momentum", "0.99"),
                                                    KEY("epsilon", "0.001"),
                                                    KEY("center", "true"),
                                                    KEY("scale", "true"),
                                                    KEY("beta_initializer", ZEROS),
                                                    KEY("gamma_initializer", ONES),
                                                    KEY("moving_mean_initializer", ZEROS),
                                                    KEY("moving_variance_initializer", ONES),
                                                    KEY("beta_regularizer", "null"),
                                                    KEY("gamma_regularizer", "null"),
                                                    KEY("beta_constraint", "null"),
                                                    KEY("gamma_constraint", "null"),
                                                    KEY("renorm", OPTIONAL),
                                                    KEY("renorm_clipping", OPTIONAL),
                                                    KEY("renorm_momentum", OPTIONAL),
                                                    KEY("fused", OPTIONAL),
                                                    KEY("virtual_batch_size", OPTIONAL),
                                                    KEY("synchronized", OPTIONAL),
                                                    END};
const struct c2s_config_key c2s_relu_keys[] = {FLOAT("max_value", "null"), FLOAT("negative_slope", "0.0"),
                                               FLOAT("threshold", "0.0"), END};
const struct c2s_config_key c2s_quantized_relu_keys[] = {KEY("bitwidth", "1"), FLOAT("max_value", OPTIONAL), END};
const struct c2s_config_key c2s_discrete_relu_keys[] = {KEY("bitwidth", "1"), END};
const struct c2s_config_key c2s_activation_keys[] = {KEY("activation", NULL), END};
const struct c2s_config_key c2s_softmax_keys[] = {KEY("axis", "-1"), END};
const struct c2s_config_key c2s_leaky_relu_keys[] = {FLOAT("alpha", OPTIONAL), FLOAT("negative_slope", OPTIONAL),
                                                     END};
const struct c2s_config_key c2s_prelu_keys[] = {KEY("alpha_initializer", ZEROS), KEY("alpha_regularizer", "null"),
                                                KEY("alpha_constraint", "null"), KEY("shared_axes", "null"), END};
const struct c2s_config_key c2s_elu_keys[] = {FLOAT("alpha", "1.0"), END};
const struct c2s_config_key c2s_thresholded_relu_keys[] = {FLOAT("theta", "1.0"), END};
const struct c2s_config_key c2s_pool_keys[] = {PAIR("pool_size", "[2, 2]"), FORM(LOWER_CASE, "padding", "\"valid\""),
                                               PAIR("strides", OPTIONAL), FORMAT END};
const struct c2s_config_key c2s_global_pool_keys[] = {FORMAT KEY("keepdims", "false"), END};
const struct c2s_config_key c2s_zero_padding_keys[] = {FORM(BORDERS, "padding", "[[1, 1], [1, 1]]"), FORMAT END};
const struct c2s_config_key c2s_cropping_keys[] = {FORM(BORDERS, "cropping", "[[0, 0], [0, 0]]"), FORMAT END};
const struct c2s_config_key c2s_upsampling_keys[] = {PAIR("size", "[2, 2]"),
                                                     FORMAT KEY("interpolation", "\"nearest\""), END};
const struct c2s_config_key c2s_flatten_keys[] = {FORMAT END};
const struct c2s_config_key c2s_reshape_keys[] = {KEY("target_shape", NULL), END};
const struct c2s_config_key c2s_permute_keys[] = {KEY("dims", NULL), END};
const struct c2s_config_key c2s_repeat_vector_keys[] = {KEY("n", NULL), END};
const struct c2s_config_key c2s_concatenate_keys[] = {KEY("axis", "-1"), END};
