/* SPDX-License-Identifier: Apache-2.0 */
/* What the stages of quantizing by QuantizeML share. Layers are counted as in the sanitized graph. */
#ifndef C2S_QML_STAGES_H
#define C2S_QML_STAGES_H

#include "layers/layer_kind.h"
#include "layers/quantizeml_attributes.h"
#include "quantize/qml_quantize.h"
#include "transform/calls.h"

/* An output quantizer in the making. */
struct c2s_output_choice {
    bool present, is_signed, per_axis;
    int32_t bitwidth;
};

struct c2s_qml_work {
    cnn2snn_context *context;
    const struct c2s_qml_parameters *parameters;
    cnn2snn_report *report;
    struct c2s_graph *graph; /* sanitized: node i calls layer i */
    struct c2s_calls calls;
    struct c2s_output_choice *outputs; /* by layer */
    cnn2snn_layer **layers;            /* the quantized ones; NULL: stays float */
    bool *reached;                     /* by layer: quantized, or an InputLayer */
};

/* ------------------------------------------------------------------------------------------------ kinds */

/* The class that QuantizeML makes of a float layer of this class, if its arguments allow it; NULL: none. */
const char *c2s_qml_class_of(const cnn2snn_layer *layer);
/* Can a quantized layer of the class have an output quantizer? Does it need its inputs aligned? */
bool c2s_qml_has_output(const cnn2snn_layer *layer);
bool c2s_qml_needs_aligned(const cnn2snn_layer *layer);
/* Does such a layer have weights that are quantized? */
bool c2s_qml_has_weights(const cnn2snn_layer *layer);

/* What the quantized layer gets beside its float layer's config. */
struct c2s_qml_layer_options {
    int32_t weight_bits, buffer_bits;
    struct c2s_output_choice output;
    bool takes_zero_point; /* behind an unsigned input quantizer: a bias, and padding by value */
};
/* *out_layer: NULL where the arguments of the layer don't allow it. */
cnn2snn_status c2s_qml_layer_create(const cnn2snn_layer *layer, size_t input_count, const struct c2s_shape *inputs,
                                    const struct c2s_qml_layer_options *options, cnn2snn_layer **out_layer,
                                    cnn2snn_error **error);

/* ------------------------------------------------------------------------------------------------ stages */

/* Fills in work->outputs. */
cnn2snn_status c2s_qml_choose_outputs(struct c2s_qml_work *work, cnn2snn_error **error);
/* Fills in work->layers and work->reached. `first`: the layer that takes the zero point, or C2S_NOBODY. */
enum { C2S_NOBODY = -1 };
cnn2snn_status c2s_qml_replace_layers(struct c2s_qml_work *work, ptrdiff_t first, cnn2snn_error **error);
/* The quantized model, with the ranges that its layers have at first. `quantizes_input`: an InputQuantizer goes
 * behind the input, signed or not. */
cnn2snn_status c2s_qml_assemble(const struct c2s_qml_work *work, bool quantizes_input, bool is_signed,
                                struct c2s_graph **out_graph, cnn2snn_error **error);
/* The same with ranges of a random sample, and weights made even with them. */
cnn2snn_status c2s_qml_calibrate(const struct c2s_qml_work *work, const struct c2s_graph *graph,
                                 struct c2s_graph **out_graph, cnn2snn_error **error);

/* The float layers of the graph that are quantized, ready to run, under their names. */
cnn2snn_status c2s_qml_make_float_graph(const struct c2s_qml_work *work, struct c2s_graph **out_graph,
                                        cnn2snn_error **error);

/* Makes the range of layer `at`'s output, where its graph says so, one that uses all bits, with the layer whose
 * weights make up for it. layers[i] takes the place of the graph's layer i, where it isn't NULL. */
cnn2snn_status c2s_qml_equalize(const struct c2s_graph *graph, const struct c2s_calls *calls, size_t at,
                                cnn2snn_layer **layers, cnn2snn_error **error);

/* The layer with one weight replaced. */
cnn2snn_status c2s_qml_set_weight(const cnn2snn_layer *layer, const char *name, cnn2snn_tensor *value,
                                  cnn2snn_layer **out_layer, cnn2snn_error **error);

#endif
