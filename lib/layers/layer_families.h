/* SPDX-License-Identifier: Apache-2.0 */
/* What the families' files give to the layer table; the types are those of struct c2s_layer_kind. */
#ifndef C2S_LAYER_FAMILIES_H
#define C2S_LAYER_FAMILIES_H

#include "layers/layer_kind.h"

typedef cnn2snn_status c2s_parse_fn(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                    cnn2snn_error **error);
typedef void c2s_destroy_fn(cnn2snn_context *context, void *attributes);
typedef cnn2snn_status c2s_weights_fn(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                      struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *out_count,
                                      cnn2snn_error **error);
typedef cnn2snn_status c2s_output_shape_fn(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                           struct c2s_shape *out_shape, cnn2snn_error **error);

/* convolution_layers.c */
c2s_parse_fn c2s_conv_parse;
c2s_destroy_fn c2s_conv_destroy;
c2s_weights_fn c2s_conv_weights, c2s_separable_weights, c2s_depthwise_weights, c2s_conv_transpose_weights;
c2s_output_shape_fn c2s_conv_shape, c2s_depthwise_shape, c2s_conv_transpose_shape;

/* dense_layers.c */
c2s_parse_fn c2s_dense_parse;
c2s_destroy_fn c2s_dense_destroy;
c2s_weights_fn c2s_dense_weights;
c2s_output_shape_fn c2s_dense_shape;

/* normalization_layers.c */
c2s_parse_fn c2s_batchnorm_parse, c2s_rescaling_parse;
c2s_destroy_fn c2s_rescaling_destroy;
c2s_weights_fn c2s_batchnorm_weights;
c2s_output_shape_fn c2s_batchnorm_shape, c2s_rescaling_shape;

/* activation_layers.c */
c2s_parse_fn c2s_activation_parse, c2s_relu_parse, c2s_leaky_relu_parse, c2s_elu_parse, c2s_thresholded_relu_parse,
    c2s_softmax_parse, c2s_prelu_parse, c2s_quantized_activation_parse;
c2s_destroy_fn c2s_quantized_activation_destroy;
c2s_weights_fn c2s_prelu_weights;
c2s_output_shape_fn c2s_activation_layer_shape, c2s_softmax_shape, c2s_prelu_shape;

/* pooling_layers.c */
c2s_parse_fn c2s_pool_parse, c2s_global_pool_parse;
c2s_output_shape_fn c2s_pool_shape, c2s_global_pool_shape;

/* resizing_layers.c */
c2s_parse_fn c2s_border_parse, c2s_upsampling_parse;
c2s_output_shape_fn c2s_zero_padding_shape, c2s_cropping_shape, c2s_upsampling_shape;

/* reshaping_layers.c */
c2s_parse_fn c2s_flatten_parse, c2s_reshape_parse, c2s_permute_parse, c2s_repeat_vector_parse;
c2s_output_shape_fn c2s_flatten_shape, c2s_reshape_shape, c2s_permute_shape, c2s_repeat_vector_shape;

/* merge_layers.c */
c2s_parse_fn c2s_concatenate_parse;
c2s_output_shape_fn c2s_merge_shape, c2s_concatenate_shape;

/* input_layers.c */
c2s_parse_fn c2s_input_parse;
c2s_output_shape_fn c2s_input_shape;

/* custom_layers.c */
c2s_parse_fn c2s_custom_parse;
c2s_destroy_fn c2s_custom_destroy;
c2s_output_shape_fn c2s_custom_shape, c2s_opaque_shape;

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
