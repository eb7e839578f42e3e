/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What QuantizeML's layers read from their configs (spec/quantizeml-keras.md 3, 5). Defaults of absent keys and the
 * forms of all releases are resolved here: readers see what counts.
 */
#ifndef C2S_QUANTIZEML_ATTRIBUTES_H
#define C2S_QUANTIZEML_ATTRIBUTES_H

#include "ir/graph.h"
#include "layers/attributes.h"

/* An OutputQuantizer; all zero where the layer has none. */
struct c2s_output_quantizer {
    bool present;
    int32_t bitwidth; /* sign included */
    bool is_signed;
    bool per_axis; /* the shape of its ranges: one for each entry of the last axis, or one for all */
    int32_t scale_bits;
    int32_t buffer_bitwidth;
};

enum { C2S_NO_AXIS = -1 };

/* quant_config. What a kind doesn't have is 0. */
struct c2s_quant_config {
    int32_t weight_bitwidth; /* of the depthwise kernel for separable convolutions; of A for StatefulRecurrent */
    int weight_axis; /* of the weights in the orientation that is quantized, from 0; C2S_NO_AXIS: one scale for all */
    int32_t pointwise_bitwidth;
    int32_t bias_bitwidth;
    int32_t max_value_bitwidth;
    int32_t lut_bitwidth;
    int32_t buffer_bitwidth; /* effective: limited to 28 by the kinds that do so, 44 at least in PicoPostProcessing */
    struct c2s_output_quantizer output;
};

/* QML_CONV2D, QML_CONV2D_TRANSPOSE, QML_DEPTHWISE_CONV2D(_TRANSPOSE), QML_SEPARABLE_CONV2D, PADDED_CONV2D,
 * DEPTHWISE_CONV2D_TRANSPOSE */
struct c2s_qml_conv_attributes {
    struct c2s_conv_attributes conv; /* padding is "same" with padding values, whatever the config says */
    struct c2s_quant_config quant;
    float *padding_values; /* of the border: one, or one for each input channel; NULL: none */
    size_t padding_value_count;
};

struct c2s_qml_dense_attributes { /* QML_DENSE, QML_STATEFUL_PROJECTION, STATEFUL_PROJECTION */
    struct c2s_dense_attributes dense;
    struct c2s_quant_config quant;
    int64_t subsample; /* QML_STATEFUL_PROJECTION: every so many time steps; otherwise 1 */
};

struct c2s_qml_relu_attributes { /* QML_RELU */
    float max_value;             /* infinity: none */
    struct c2s_quant_config quant;
};

struct c2s_qml_activation_attributes { /* QML_ACTIVATION, QML_FLOAT_ACTIVATION */
    enum c2s_function function;        /* C2S_GELU, C2S_SWISH, C2S_HARD_SILU, C2S_LEAKY_RELU */
    float alpha;                       /* of C2S_LEAKY_RELU */
    struct c2s_quant_config quant;
};

struct c2s_qml_pool_attributes { /* QML_MAX_POOLING2D (no quant), QML_GLOBAL_AVERAGE_POOLING2D */
    struct c2s_pool_attributes pool;
    struct c2s_quant_config quant;
};

struct c2s_qml_merge_attributes {                  /* QML_ADD, QML_CONCATENATE, QML_FLOAT_ADD */
    struct c2s_concatenate_attributes concatenate; /* QML_CONCATENATE */
    bool average;                                  /* QML_ADD: half the sum */
    bool fused_relu; /* QML_ADD of releases 0.14 to 0.19: the output is clipped at 0; nobody converts it */
    struct c2s_quant_config quant;
};

struct c2s_qml_input_quantizer_attributes { /* QML_INPUT_QUANTIZER */
    int32_t bitwidth;                       /* sign included */
    bool is_signed;
    bool per_axis;
};

struct c2s_qml_token_attributes { /* QML_EXTRACT_TOKEN, EXTRACT_TOKEN */
    int64_t axis;                 /* as written, counts the batch */
    bool keeps_axis;              /* tokens came as a list: the axis stays, as long as the list */
    size_t count;
    int64_t *tokens; /* from 0, not yet checked against the axis */
};

struct c2s_qml_temporal_attributes { /* QML_BUFFER_TEMP_CONV, QML_DEPTHWISE_BUFFER_TEMP_CONV and the float ones */
    int64_t filters;                 /* 0 for depthwise */
    int64_t kernel_size;             /* samples in the buffer */
    bool use_bias;
    struct c2s_quant_config quant;
};

struct c2s_qml_recurrent_attributes { /* QML_STATEFUL_RECURRENT */
    struct c2s_quant_config quant;
};

struct c2s_qml_batchnorm_attributes { /* QML_BATCH_NORMALIZATION, of releases up to 0.14 */
    double epsilon;
    struct c2s_quant_config quant; /* weights: the factors; bias: the terms */
};

struct c2s_qml_pico_attributes { /* QML_PICO_POST_PROCESSING, PICO_POST_PROCESSING */
    double threshold;
    struct c2s_quant_config quant; /* output: the prediction quantizer, 16 bits, per axis, scale_bits 16 */
};

/* NULL for kinds that have none: whose config has no quant_config, and floats. */
const struct c2s_quant_config *c2s_layer_quant_config(const cnn2snn_layer *layer);
/* NULL where the layer has none, or no weights of that name. */
const struct c2s_output_quantizer *c2s_layer_output_quantizer(const cnn2snn_layer *layer);
/* NULL for layers that are none of QuantizeML's convolutions. */
const struct c2s_qml_conv_attributes *c2s_layer_qml_conv(const cnn2snn_layer *layer);
const struct c2s_qml_dense_attributes *c2s_layer_qml_dense(const cnn2snn_layer *layer);

/* The weight of that name ("kernel", "output_quantizer/range_max", ...), or NULL. */
const cnn2snn_tensor *c2s_layer_weight(const cnn2snn_layer *layer, const char *name);

/*
 * Files of QuantizeML 0.4, its first release, call the ranges of outputs max_value; biases had one range for all then.
 * A member of the model's config says so, which files that are written of it keep and Keras ignores.
 */
bool c2s_graph_is_of_first_release(const struct c2s_graph *graph);
cnn2snn_status c2s_graph_mark_first_release(struct c2s_graph *graph, cnn2snn_error **error);

/* Is the class one of QuantizeML's that compute on integers (and no float counterpart)? */
bool c2s_layer_is_qml_quantized(const cnn2snn_layer *layer);

#endif
