/* SPDX-License-Identifier: Apache-2.0 */
/* Models of one weight or two, the same for all kinds of Akida 2.0 that have sums: so that a test of an edge runs on
 * all. */
#ifndef C2S_EDGE_MODELS_H
#define C2S_EDGE_MODELS_H

#include "simulate_test.h"

static const int kinds_with_sums[] = {C2S_AKIDA_CONV2D,
                                      C2S_AKIDA_DEPTHWISE_CONV2D,
                                      C2S_AKIDA_CONV2D_TRANSPOSE,
                                      C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE,
                                      C2S_AKIDA_DENSE1D,
                                      C2S_AKIDA_DENSE2D,
                                      C2S_AKIDA_BUFFER_TEMP_CONV,
                                      C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV,
                                      C2S_AKIDA_STATEFUL_RECURRENT,
                                      C2S_AKIDA_BATCH_NORMALIZATION,
                                      C2S_AKIDA_INPUT_CONV2D};
static const int kinds_of_windows[] = {C2S_AKIDA_CONV2D, C2S_AKIDA_DEPTHWISE_CONV2D, C2S_AKIDA_INPUT_CONV2D};

static inline void one(cnn2snn_akida_model *model, const char *name, bool is_signed, double value)
{
    vector(model, name, is_signed ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_UINT8, 1, &value);
}

static inline bool is_transposed(int kind)
{
    return kind == C2S_AKIDA_CONV2D_TRANSPOSE || kind == C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE;
}

/* A layer of one filter and kernels of `kernel`, 32 bits throughout. */
static inline cnn2snn_akida_model *layer_of(int kind, int x, int y, int channels, int kernel)
{
    cnn2snn_akida_model *model = kind == C2S_AKIDA_INPUT_CONV2D ? new_model() : events(1, x, y, channels);
    add_layer(model, kind, "l", "filters", 1, "units", 1, "output_channels", 1, "stateful_channels", 1,
              "internal_state_bits", 16, "subsample", 1, "fifo_size", 2, "kernel_size", kernel, "kernel_stride", 1,
              "padding", C2S_PADDING_SAME, "pool_type", 0, "activation", 0, "output_bits", 32, "buffer_bits", 32,
              "post_op_buffer_bits", 32, "input_x", x, "input_y", y, "input_channels", channels, "collapse_dims", 1,
              NULL);
    drop_strangers(model);
    return model;
}

/* One input times one weight; transposed layers give four copies. */
static inline cnn2snn_akida_model *neuron(int kind, double weight)
{
    cnn2snn_akida_model *model = layer_of(kind, 1, 1, 1, is_transposed(kind) ? 2 : 1);
    if (is_transposed(kind))
        weights(model, "weights", 4, EXTENTS(2, 2, 1, 1), VALUES(weight, weight, weight, weight));
    else if (kind == C2S_AKIDA_DENSE1D || kind == C2S_AKIDA_DENSE2D)
        weights(model, "weights", 2, EXTENTS(1, 1), &weight);
    else if (kind == C2S_AKIDA_BUFFER_TEMP_CONV || kind == C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV)
        weights(model, "weights", 4, EXTENTS(1, 1, 2, 1), VALUES(0, weight));
    else if (kind == C2S_AKIDA_BATCH_NORMALIZATION)
        one(model, "a", true, weight);
    else if (kind != C2S_AKIDA_STATEFUL_RECURRENT)
        weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), &weight);
    else {
        weights(model, "in_proj", 2, EXTENTS(1, 1), VALUES(1));
        weights(model, "out_proj", 2, EXTENTS(1, 1), &weight);
    }
    return model;
}

static inline void set_bias(cnn2snn_akida_model *model, double bias, double shift)
{
    bool normalization = model->layers[model->layer_count - 1].kind == C2S_AKIDA_BATCH_NORMALIZATION;
    one(model, normalization ? "b" : "bias", true, bias);
    one(model, normalization ? "b_shift" : "bias_shift", false, shift);
}

/* Images have no negative values: the weight is. */
static inline cnn2snn_akida_model *neuron_of(int kind, double *input, double weight)
{
    bool turned = kind == C2S_AKIDA_INPUT_CONV2D && *input < 0;
    *input = turned ? -*input : *input;
    return neuron(kind, turned ? -weight : weight);
}

/* Runs it on one input and frees it. */
static inline void expect_neuron(cnn2snn_akida_model *model, double input, cnn2snn_dtype dtype, double expected)
{
    int kind = model->layers[model->layer_count - 1].kind;
    expect_outputs(model, &input, dtype, is_transposed(kind) ? 4 : 1, VALUES(expected, expected, expected, expected));
}

/* Two inputs with a weight each, both shifted; all kinds but those of one sum each (normalization) and images. */
static inline double run_pair(int kind, const double inputs[2], const double w[2], double shift, int buffer_bits)
{
    bool depthwise = kind == C2S_AKIDA_DEPTHWISE_CONV2D, spread = kind == C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE;
    bool frames = kind == C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV, places = depthwise || spread;
    int channels = frames || places ? 1 : 2, kernel = depthwise ? 3 : spread ? 4 : is_transposed(kind) ? 2 : 1;
    cnn2snn_akida_model *model = layer_of(kind, 1, places ? 2 : 1, channels, kernel);
    parameter(model, "buffer_bits", buffer_bits);
    vector(model, "input_shift", CNN2SNN_DTYPE_UINT8, channels, VALUES(shift, shift));
    if (depthwise) /* flipped: what is to the left of the middle is for the input to the right */
        weights(model, "weights", 4, EXTENTS(3, 3, 1, 1), VALUES(0, 0, 0, w[1], w[0], 0, 0, 0, 0));
    else if (spread) /* result 1 of the first row: input 0 by tap 2, input 1 by tap 0 */
        weights(model, "weights", 4, EXTENTS(4, 4, 1, 1),
                VALUES(0, 0, 0, 0, w[1], 0, w[0], 0, 0, 0, 0, 0, 0, 0, 0, 0));
    else if (is_transposed(kind))
        weights(model, "weights", 4, EXTENTS(2, 2, 2, 1), VALUES(w[0], w[1], w[0], w[1], w[0], w[1], w[0], w[1]));
    else if (kind == C2S_AKIDA_BUFFER_TEMP_CONV)
        weights(model, "weights", 4, EXTENTS(1, 1, 4, 1), VALUES(0, 0, w[0], w[1]));
    else if (frames)
        weights(model, "weights", 4, EXTENTS(1, 1, 2, 1), w);
    else if (kind == C2S_AKIDA_STATEFUL_RECURRENT) {
        weights(model, "in_proj", 2, EXTENTS(2, 1), w);
        weights(model, "out_proj", 2, EXTENTS(1, 1), VALUES(1));
    } else if (kind == C2S_AKIDA_CONV2D)
        weights(model, "weights", 4, EXTENTS(1, 1, 2, 1), w);
    else
        weights(model, "weights", 2, EXTENTS(2, 1), w);
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    cnn2snn_tensor *output = forward(simulator, frames ? 2 : 1, inputs, false);
    double result = c2s_tensor_get_double(output, frames || spread ? 1 : 0);
    c2s_tensor_release(output);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
    return result;
}

#endif
