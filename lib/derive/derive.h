/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The integers of a QuantizeML model: what each call of a layer multiplies, adds and shifts by, and what the integers
 * of its output stand for. All of it follows from weights and configs (spec/quantizeml-arithmetic.md, -keras.md 4);
 * conversion and evaluation read the same result.
 */
#ifndef C2S_DERIVE_H
#define C2S_DERIVE_H

#include "ir/graph.h"
#include "numeric/number.h"

/* What a layer may have. Integers are int32 unless noted, per channel of rank 1 or one for all of rank 0. */
enum c2s_integers {
    C2S_WEIGHTS, /* int8 or int16, in Keras's orientation; kernels of Conv2DTranspose as (h, w, in, filters) */
    C2S_POINTWISE_WEIGHTS, /* int8 */
    C2S_BIAS,              /* aligned: what is added to the accumulator; files hold it >> C2S_BIAS_SHIFT */
    C2S_BIAS_SHIFT,
    C2S_INPUT_SHIFT, /* left shift of each input channel; absent where the input has one number for all */
    C2S_MAX_VALUE,   /* aligned limit of a ReLU; absent: unbounded */
    C2S_MAX_VALUE_SHIFT,
    C2S_PADDING_VALUE, /* aligned value of the border, in integers of the input */
    C2S_A_SHIFT,       /* left shifts of the inputs of an Add */
    C2S_B_SHIFT,
    C2S_LUT_VALUES,    /* of an activation, for inputs -2^value_bits .. 2^value_bits - 1 */
    C2S_OUTPUT_SCALES, /* mantissas of the output quantizer; absent: 1 */
    C2S_OUTPUT_SHIFT,  /* of the output quantizer; absent: there is none */
    C2S_ZERO_POINTS,   /* of an unsigned input quantizer */
    C2S_FLATTEN_SHIFT, /* alignment of channels that conversion can't export (trap 13) */
    C2S_STATE_REAL,    /* int16, A of a StatefulRecurrent */
    C2S_STATE_IMAGINARY,
    C2S_STATE_SCALE, /* of new states */
    C2S_STATE_SHIFT,
    C2S_THRESHOLD, /* of a PicoPostProcessing, without the fraction that the Keras model compares with */
    C2S_INTEGERS_COUNT
};

/* One call of a layer. */
struct c2s_derived {
    const cnn2snn_layer *layer;
    struct c2s_number input;       /* of the first input, as it enters */
    struct c2s_number accumulator; /* before the output quantizer; the output where there is none */
    struct c2s_number output;      /* value_bits 0: floats */
    cnn2snn_tensor *integers[C2S_INTEGERS_COUNT];
    cnn2snn_tensor
        *float_scales; /* float32: InputQuantizer: 2^frac_bits; Dequantizer: scale / 2^frac_bits; or NULL */
};

struct c2s_derivation {
    cnn2snn_context *context;
    struct c2s_derived *nodes; /* as many as the graph's */
    size_t count;
};

/* True if a layer of the graph, nested ones included, is QuantizeML's. */
bool c2s_graph_is_quantizeml(const struct c2s_graph *graph);

/* True if one of these computes on integers. */
bool c2s_graph_is_quantizeml_quantized(const struct c2s_graph *graph);

/*
 * Derives a flat graph whose shapes are inferred; it must outlive the derivation. Errors name the layer:
 * CNN2SNN_E_VALUE where numbers don't fit, CNN2SNN_E_UNSUPPORTED for nested models and for layers in between that
 * compute on floats.
 */
cnn2snn_status c2s_derive(const struct c2s_graph *graph, struct c2s_derivation **out_derivation,
                          cnn2snn_error **error);
/* The same by the rules of the release that wrote the model, where that is known to have been another one
 * (c2s_graph_is_of_first_release). Conversion goes by today's, as the reference does. */
cnn2snn_status c2s_derive_as_written(const struct c2s_graph *graph, struct c2s_derivation **out_derivation,
                                     cnn2snn_error **error);
void c2s_derivation_destroy(struct c2s_derivation *derivation);

#endif
