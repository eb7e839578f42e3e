/* SPDX-License-Identifier: Apache-2.0 */
/* What the families' files give to the layer table. */
#ifndef C2S_LAYER_FAMILIES_H
#define C2S_LAYER_FAMILIES_H

#include "layers/layer_kind.h"

extern const struct c2s_layer_rules c2s_conv2d_rules, c2s_separable_rules, c2s_depthwise_rules,
    c2s_conv_transpose_rules, c2s_dense_rules, c2s_batchnorm_rules, c2s_rescaling_rules, c2s_activation_rules,
    c2s_relu_rules, c2s_leaky_relu_rules, c2s_elu_rules, c2s_thresholded_relu_rules, c2s_softmax_rules,
    c2s_prelu_rules, c2s_quantized_activation_rules, c2s_identity_rules, c2s_pool_rules, c2s_global_pool_rules,
    c2s_zero_padding_rules, c2s_cropping_rules, c2s_upsampling_rules, c2s_flatten_rules, c2s_reshape_rules,
    c2s_permute_rules, c2s_repeat_vector_rules, c2s_merge_rules, c2s_concatenate_rules, c2s_input_rules,
    c2s_custom_rules, c2s_opaque_rules;

/* QuantizeML's */
extern const struct c2s_layer_rules c2s_qml_same_rules, c2s_qml_input_quantizer_rules, c2s_qml_conv2d_rules,
    c2s_qml_conv_transpose_rules, c2s_qml_depthwise_rules, c2s_qml_depthwise_transpose_rules, c2s_qml_separable_rules,
    c2s_qml_dense_rules, c2s_qml_relu_rules, c2s_qml_activation_rules, c2s_qml_float_activation_rules,
    c2s_qml_add_rules, c2s_qml_float_add_rules, c2s_qml_concatenate_rules, c2s_qml_pool_rules,
    c2s_qml_global_pool_rules, c2s_qml_rescaling_rules, c2s_qml_token_rules, c2s_qml_buffer_temp_conv_rules,
    c2s_qml_recurrent_rules, c2s_qml_float_recurrent_rules, c2s_qml_batchnorm_rules, c2s_qml_pico_rules, c2s_qml_float_pico_rules;

/* layer_keys.c */
extern const struct c2s_config_key c2s_input_keys[], c2s_rescaling_keys[], c2s_conv2d_keys[], c2s_separable_keys[],
    c2s_depthwise_keys[], c2s_conv_transpose_keys[], c2s_dense_keys[], c2s_quantized_conv2d_keys[],
    c2s_quantized_separable_keys[], c2s_quantized_depthwise_keys[], c2s_quantized_dense_keys[], c2s_batchnorm_keys[],
    c2s_relu_keys[], c2s_quantized_relu_keys[], c2s_discrete_relu_keys[], c2s_activation_keys[], c2s_softmax_keys[],
    c2s_leaky_relu_keys[], c2s_prelu_keys[], c2s_elu_keys[], c2s_thresholded_relu_keys[], c2s_pool_keys[],
    c2s_global_pool_keys[], c2s_zero_padding_keys[], c2s_cropping_keys[], c2s_upsampling_keys[], c2s_flatten_keys[],
    c2s_reshape_keys[], c2s_permute_keys[], c2s_repeat_vector_keys[], c2s_concatenate_keys[], c2s_dropout_keys[],
    c2s_noise_keys[], c2s_noise_dropout_keys[], c2s_regularization_keys[];

#endif
