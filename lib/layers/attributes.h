/* SPDX-License-Identifier: Apache-2.0 */
/* What the kinds read from their configs. layer->attributes points to the struct named at each kind. */
#ifndef C2S_ATTRIBUTES_H
#define C2S_ATTRIBUTES_H

#include "ir/layer.h"
#include "ir/shape.h"
#include "numeric/weight_quantizer.h"

enum c2s_padding { C2S_VALID, C2S_SAME };

/* Functions of Activation layers and `activation` arguments (spec/keras-files.md 2.6). */
enum c2s_function {
    C2S_LINEAR,
    C2S_RELU,
    C2S_RELU6,
    C2S_LEAKY_RELU, /* alpha */
    C2S_SIGMOID,
    C2S_TANH,
    C2S_HARD_SIGMOID_KERAS2,
    C2S_HARD_SIGMOID_KERAS3,
    C2S_SOFTMAX,
    C2S_LOG_SOFTMAX,
    C2S_SOFTPLUS,
    C2S_SOFTSIGN,
    C2S_ELU, /* alpha */
    C2S_CELU,
    C2S_SELU,
    C2S_SWISH,
    C2S_GELU,
    C2S_EXPONENTIAL,
    C2S_MISH,
    C2S_HARD_SILU,
    C2S_HARD_TANH,
    C2S_TANH_SHRINK,
    C2S_HARD_SHRINK,
    C2S_SOFT_SHRINK,
    C2S_LOG_SIGMOID,
    C2S_SQUAREPLUS,
    C2S_SPARSE_PLUS,
    C2S_SPARSE_SIGMOID,
    C2S_GLU,
    C2S_SPARSEMAX,
    C2S_CLIPPED_RELU /* a ReLU layer given as activation: alpha slope, max_value, threshold */
};

struct c2s_activation_attributes { /* ACTIVATION; LEAKY_RELU, ELU, THRESHOLDED_RELU (threshold) as functions, too */
    enum c2s_function function;
    float alpha;
    float max_value; /* infinity: none */
    float threshold;
};

struct c2s_conv_attributes { /* CONV2D, SEPARABLE, DEPTHWISE, CONV2D_TRANSPOSE and the quantized ones */
    int64_t filters;         /* 0 for depthwise */
    int64_t kernel_size[2];
    int64_t strides[2];
    int64_t dilation_rate[2];
    int64_t output_padding[2]; /* CONV2D_TRANSPOSE; -1: not given */
    int64_t groups;
    int64_t depth_multiplier;
    enum c2s_padding padding;
    bool channels_first;
    bool use_bias;
    struct c2s_activation_attributes activation;
    cnn2snn_quantizer *quantizer;    /* quantized kinds; of the pointwise kernel for separable ones */
    cnn2snn_quantizer *quantizer_dw; /* QUANTIZED_SEPARABLE_CONV2D */
};

struct c2s_dense_attributes { /* DENSE, QUANTIZED_DENSE */
    int64_t units;
    bool use_bias;
    struct c2s_activation_attributes activation;
    cnn2snn_quantizer *quantizer;
};

struct c2s_batchnorm_attributes {
    int64_t axes[CNN2SNN_MAX_RANK]; /* as written: 1-based with the batch as 0, negative from the end */
    size_t axis_count;
    double epsilon;
    bool center, scale;
};

struct c2s_relu_attributes { /* RELU */
    float max_value;         /* infinity: none */
    float negative_slope;
    float threshold;
};

struct c2s_quantized_activation_attributes { /* QUANTIZED_RELU, ACTIVATION_DISCRETE_RELU, CUSTOM_ACTIVATION */
    int32_t bitwidth;
    float max_value; /* QUANTIZED_RELU: as given or its default; others: step * levels */
    float step;
    struct c2s_custom_class *custom; /* CUSTOM_ACTIVATION */
};

struct c2s_softmax_attributes {
    int64_t axes[CNN2SNN_MAX_RANK]; /* as written */
    size_t axis_count;
};

struct c2s_prelu_attributes {
    bool shared[CNN2SNN_MAX_RANK]; /* by axis without the batch */
};

struct c2s_pool_attributes { /* MAX_POOLING2D, AVERAGE_POOLING2D, GLOBAL_* (keepdims) */
    int64_t pool_size[2];
    int64_t strides[2];
    enum c2s_padding padding;
    bool channels_first;
    bool keepdims;
};

struct c2s_border_attributes { /* ZERO_PADDING2D, CROPPING2D */
    int64_t top, bottom, left, right;
    bool channels_first;
};

struct c2s_upsampling_attributes {
    int64_t size[2];
    bool bilinear; /* other interpolations than nearest and bilinear are refused */
    bool channels_first;
};

struct c2s_reshape_attributes { /* RESHAPE: one -1 allowed; PERMUTE: 1-based axes; REPEAT_VECTOR: extents[0] is n */
    struct c2s_shape target;
    bool channels_first; /* FLATTEN */
};

struct c2s_rescaling_attributes {
    double *scale, *offset; /* one, or one for each entry of the last axis */
    size_t scale_count, offset_count;
};

struct c2s_input_attributes {
    struct c2s_shape shape;
    cnn2snn_dtype dtype;
    int64_t batch; /* -1: open */
};

struct c2s_concatenate_attributes {
    int64_t axis; /* as written, may count the batch */
};

struct c2s_custom_attributes { /* CUSTOM */
    struct c2s_custom_class *custom;
    char *config_text; /* JSON handed to the callbacks */
};

/* NULL for kinds that have none. */
const cnn2snn_quantizer *c2s_layer_quantizer(const cnn2snn_layer *layer);
const cnn2snn_quantizer *c2s_layer_depthwise_quantizer(const cnn2snn_layer *layer);
const struct c2s_conv_attributes *c2s_layer_conv(const cnn2snn_layer *layer);
const struct c2s_dense_attributes *c2s_layer_dense(const cnn2snn_layer *layer);
const struct c2s_quantized_activation_attributes *c2s_layer_quantized_activation(const cnn2snn_layer *layer);
bool c2s_layer_use_bias(const cnn2snn_layer *layer);
/* True for layers with data_format channels_first, whatever the kind. */
bool c2s_layer_is_channels_first(const cnn2snn_layer *layer);

#endif
