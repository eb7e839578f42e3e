/* SPDX-License-Identifier: Apache-2.0 */
/* The table of rules of QuantizeML models, one row each, and how it is run. */
#include "plan/qml_rules.h"

#include "base/report.h"

#define V1 1
#define V2 2
#define BOTH (V1 | V2)
#define FAULT(code) CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_##code
#define WARNING CNN2SNN_SEVERITY_WARNING, CNN2SNN_OK
#define KIND(name) (1u << C2S_BLOCK_##name)

enum {
    ALL = 0,
    POOLED = KIND(INPUT_CONV) | KIND(CONV) | KIND(DEPTHWISE_CONV) | KIND(SEPARABLE_CONV),
    TRANSPOSES = KIND(CONV_TRANSPOSE) | KIND(DEPTHWISE_CONV_TRANSPOSE),
    CONVOLUTIONS = POOLED | TRANSPOSES,
    TEMPORAL = KIND(TEMPORAL) | KIND(DEPTHWISE_TEMPORAL),
    NEURAL = CONVOLUTIONS | TEMPORAL | KIND(DENSE)
};

/* clang-format off */
const struct c2s_qml_rule c2s_qml_rules[] = {
    {"Q-042", C2S_QML_SETTINGS, BOTH, ALL, WARNING, c2s_qml_scaling_is_given,
     "input_scaling {1} is ignored: models quantized by QuantizeML hold theirs",
     "leave it out, or put a Rescaling layer in front before quantizing"},

    {"Q-045", C2S_QML_GRAPH, BOTH, ALL, FAULT(INCOMPATIBLE), c2s_qml_is_empty,
     "no layer that becomes an Akida layer", "the model needs at least one quantized layer that computes"},
    {"Q-047", C2S_QML_GRAPH, BOTH, ALL, FAULT(INCOMPATIBLE), c2s_qml_ends_are_wrong,
     "{1} inputs and {2} outputs, expected one of each",
     "split the model, or convert the part with one input and one output"},
    {"Q-046", C2S_QML_GRAPH, BOTH, ALL, FAULT(VALUE), c2s_qml_size_is_open,
     "input shape {1}, expected all extents known", "reshape the model to the size of its inputs"},
    {"Q-048", C2S_QML_GRAPH, BOTH, ALL, FAULT(INCOMPATIBLE), c2s_qml_rank_is_wrong,
     "input shape {1}, expected 1 or 3 axes", "reshape the input"},
    {"Q-052", C2S_QML_GRAPH, BOTH, ALL, WARNING, c2s_qml_end_is_dropped,
     "what follows the first Dequantizer is no part of the Akida model: {1}",
     "apply these layers to the outputs yourself, unless only their order counts"},

    {"Q-049", C2S_QML_ANYWHERE, BOTH, ALL, FAULT(INCOMPATIBLE), c2s_qml_is_channels_first,
     "data_format channels_first, expected channels_last", "build the model with channels_last"},
    {"Q-050", C2S_QML_ANYWHERE, BOTH, ALL, FAULT(VALUE), c2s_qml_is_dilated,
     "dilation_rate {1}, expected (1, 1)", "use a larger kernel or strides instead of dilation"},
    {"Q-051", C2S_QML_ANYWHERE, V1, ALL, FAULT(INCOMPATIBLE), c2s_qml_has_inputs,
     "takes {1} inputs, expected one on Akida 1.0", "target Akida 2.0, or merge nothing"},
    {"Q-051", C2S_QML_ANYWHERE, V1, ALL, FAULT(INCOMPATIBLE), c2s_qml_is_called_again,
     "is called {1} times, expected once", "give each place a layer of its own"},

    {"Q-018", C2S_QML_NODE, BOTH, ALL, FAULT(INCOMPATIBLE), c2s_qml_is_model,
     "a model inside the model, expected layers", "put its layers in its place before quantizing"},
    {"Q-051", C2S_QML_NODE, V2, ALL, FAULT(INCOMPATIBLE), c2s_qml_is_called_again,
     "is called {1} times, expected once", "give each place a layer of its own"},

    {"Q-060", C2S_QML_BLOCK, BOTH, ALL, FAULT(VALUE), c2s_qml_dtype_is_unsigned,
     "input dtype {1} in front of {2}, expected a signed one",
     "quantize with input_dtype int8, or start with Conv2D and an activation on 1 or 3 channels"},
    {"Q-060", C2S_QML_BLOCK, BOTH, ALL, FAULT(INCOMPATIBLE), c2s_qml_sign_differs,
     "inputs quantized to {1} in front of {2}, expected {3}",
     "quantize with input_dtype int8, or start with Conv2D and an activation on 1 or 3 channels"},
    {"Q-060", C2S_QML_BLOCK, V1, KIND(CONV) | KIND(SEPARABLE_CONV) | KIND(DENSE), FAULT(VALUE), c2s_qml_input_is_signed_v1,
     "signed inputs, expected unsigned on Akida 1.0", "quantize with input_dtype uint8, or target Akida 2.0"},
    {"Q-060", C2S_QML_BLOCK, BOTH, ALL, FAULT(VALUE), c2s_qml_rank_exceeds,
     "input shape {1}, expected at most 3 axes", "reshape the input"},
    {"Q-061", C2S_QML_BLOCK, BOTH, KIND(QUANTIZER), FAULT(VALUE), c2s_qml_quantizer_bits_are_wrong,
     "inputs quantized to {1} bits, expected 4 or 8", "quantize the input to 8 bits"},
    {"Q-T14", C2S_QML_BLOCK, BOTH, KIND(QUANTIZER), WARNING, c2s_qml_quantizer_clamps,
     "inputs below the smallest of calibration count as that on Akida: there {1} bits have no sign, while the Keras "
     "model keeps them apart",
     "keep the inputs within the range of calibration"},

    {"Q-021", C2S_QML_BLOCK, BOTH, CONVOLUTIONS, FAULT(VALUE), c2s_qml_is_grouped,
     "{1}, expected 1", "use DepthwiseConv2D, or a layer for each group"},
    {"Q-070", C2S_QML_BLOCK, V2, CONVOLUTIONS, FAULT(VALUE), c2s_qml_weights_are_not_4_8,
     "weights of {1} bits, expected 4 or 8", "quantize the weights to 4 or 8 bits"},
    {"Q-080", C2S_QML_BLOCK, V1, KIND(INPUT_CONV), FAULT(VALUE), c2s_qml_weights_are_not_4_8,
     "weights of {1} bits, expected 4 or 8", "quantize the weights of the input layer to 4 or 8 bits"},
    {"Q-081", C2S_QML_BLOCK, V1, KIND(CONV), FAULT(VALUE), c2s_qml_weights_are_not_1_2_4,
     "weights of {1} bits, expected 1, 2 or 4", "quantize the weights to 4 bits"},
    {"Q-082", C2S_QML_BLOCK, V1, KIND(SEPARABLE_CONV), FAULT(VALUE), c2s_qml_weights_are_not_1_2_4,
     "weights of {1} bits, expected 1, 2 or 4", "quantize the weights to 4 bits"},
    {"Q-082", C2S_QML_BLOCK, V1, KIND(SEPARABLE_CONV), FAULT(VALUE), c2s_qml_pointwise_differs,
     "depthwise weights of {1} bits and pointwise of {2}, expected the same", "quantize both to the same bits"},
    {"Q-083", C2S_QML_BLOCK, V1, KIND(DENSE), FAULT(VALUE), c2s_qml_weights_are_not_1_2_4,
     "weights of {1} bits, expected 1, 2 or 4", "quantize the weights to 4 bits"},
    {"Q-072", C2S_QML_BLOCK, V2, KIND(DENSE) | KIND(RECURRENT), FAULT(VALUE), c2s_qml_weights_exceed_8,
     "weights of {1} bits, expected at most 8", "quantize the weights to 8 bits"},
    {"Q-075", C2S_QML_BLOCK, V2, TEMPORAL, FAULT(VALUE), c2s_qml_weights_exceed_8,
     "weights of {1} bits, expected at most 8", "quantize the weights to 8 bits"},

    {"Q-070", C2S_QML_BLOCK, V2, POOLED, FAULT(VALUE), c2s_qml_kernel_is_not_square,
     "kernel size {1}, expected a square", "use a square kernel"},
    {"Q-070", C2S_QML_BLOCK, V2, POOLED, FAULT(VALUE), c2s_qml_strides_differ,
     "strides {1}, expected two equal ones", "use the same stride along both axes"},
    {"Q-070", C2S_QML_BLOCK, V2, KIND(CONV) | KIND(DEPTHWISE_CONV), FAULT(VALUE), c2s_qml_kernel_is_even,
     "kernel size {1}, expected odd numbers", "use an odd kernel size"},
    {"Q-070", C2S_QML_BLOCK, V2, KIND(CONV) | KIND(DEPTHWISE_CONV), FAULT(VALUE), c2s_qml_stride_exceeds_2,
     "strides {1}, expected 1 or 2", "use strides up to 2"},
    {"Q-070", C2S_QML_BLOCK, V2, KIND(CONV) | KIND(DEPTHWISE_CONV), FAULT(VALUE), c2s_qml_stride_2_kernel_is_wrong,
     "strides of 2 with kernel size {1}, expected {2}", "use stride 1, or such a kernel"},
    {"Q-080", C2S_QML_BLOCK, V1, POOLED, FAULT(VALUE), c2s_qml_kernel_is_even,
     "kernel size {1}, expected odd numbers", "use an odd kernel size"},
    {"Q-081", C2S_QML_BLOCK, V1, KIND(CONV) | KIND(SEPARABLE_CONV), FAULT(VALUE), c2s_qml_stride_exceeds_kernel,
     "strides {1} exceed the kernel size {2}", "use smaller strides or a larger kernel"},
    {"Q-067", C2S_QML_BLOCK, V2, TRANSPOSES, FAULT(VALUE), c2s_qml_transpose_kernel_is_wrong,
     "kernel size {1}, expected (3, 3) or (4, 4)", "use such a kernel"},
    {"Q-067", C2S_QML_BLOCK, V2, TRANSPOSES, FAULT(VALUE), c2s_qml_transpose_stride_is_wrong,
     "strides {1}, expected (2, 2)", "use strides of 2"},
    {"Q-067", C2S_QML_BLOCK, V2, TRANSPOSES, FAULT(VALUE), c2s_qml_transpose_is_valid,
     "padding valid, expected same", "use padding same"},
    {"Q-070", C2S_QML_BLOCK, V2, POOLED, FAULT(VALUE), c2s_qml_pool_is_not_square,
     "pool size {1} with strides {2}, expected squares", "pool alike along both axes"},
    {"Q-070", C2S_QML_BLOCK, BOTH, POOLED, FAULT(VALUE), c2s_qml_pool_stride_exceeds,
     "strides {1} exceed the pool size {2}", "use strides up to the pool size"},
    {"Q-071", C2S_QML_BLOCK, BOTH, POOLED, FAULT(VALUE), c2s_qml_pool_padding_differs,
     "padding {1} of pooling, expected {2} as {3} has it", "give the pooling the padding of its convolution"},

    {"Q-079", C2S_QML_BLOCK, V1, ALL, FAULT(VALUE), c2s_qml_relu_is_unbounded,
     "ReLU without maximum, expected one on Akida 1.0", "give the ReLU a max_value"},
    {"Q-079", C2S_QML_BLOCK, V1, ALL, FAULT(VALUE), c2s_qml_relu_has_no_output,
     "the output of the ReLU is not quantized, expected so on Akida 1.0",
     "end the model with a layer without activation, or quantize the output"},
    {"Q-079", C2S_QML_BLOCK, V1, ALL, FAULT(VALUE), c2s_qml_relu_is_per_axis,
     "outputs quantized by channel, expected alike on Akida 1.0", "quantize with per_tensor_activations"},
    {"Q-079", C2S_QML_BLOCK, V1, ALL, FAULT(VALUE), c2s_qml_activation_bits_are_wrong,
     "activation of {1} bits, expected 1, 2 or 4 on Akida 1.0", "quantize activations to 4 bits"},
    {"Q-086", C2S_QML_BLOCK, V1, KIND(DEQUANTIZER), FAULT(VALUE), c2s_qml_nothing_is_dequantized,
     "no layer in front of it that computes, expected one on Akida 1.0: it becomes part of that",
     "start the model with layers that can be quantized"},
    {"Q-084", C2S_QML_BLOCK, V1, POOLED, FAULT(INCOMPATIBLE), c2s_qml_gap_is_large,
     "global average over {1} positions, expected at most 256 on Akida 1.0",
     "use MaxPooling2D in place of GlobalAveragePooling2D, or smaller inputs"},
    {"Q-072", C2S_QML_BLOCK, BOTH, KIND(DENSE), FAULT(INCOMPATIBLE), c2s_qml_dense_input_is_wrong,
     "input shape {1}, expected (N,) or (1, 1, N)", "put Flatten in front of it"},
    {"Q-065", C2S_QML_BLOCK, V2, ALL, FAULT(VALUE), c2s_qml_output_bits_are_wrong,
     "{1} of {2} bits, expected at most 32", "quantize with the usual buffers"},
    {"Q-073", C2S_QML_BLOCK, V2, KIND(ADD), FAULT(INCOMPATIBLE), c2s_qml_add_has_relu,
     "Add with a ReLU in it, which no current Akida layer is",
     "quantize the model again with QuantizeML 1.0 or newer, which puts a convolution in between"},
    {"Q-075", C2S_QML_BLOCK, V2, TEMPORAL, FAULT(VALUE), c2s_qml_fifo_is_wrong,
     "kernel size {1}, expected 2 to 10", "use a kernel of 2 to 10 samples"},
    {"Q-076", C2S_QML_BLOCK, V2, KIND(RECURRENT), FAULT(VALUE), c2s_qml_projection_has_output,
     "the output of the input projection is quantized, expected not", "quantize the model as QuantizeML does it"},
    {"Q-076", C2S_QML_BLOCK, V2, KIND(RECURRENT), FAULT(VALUE), c2s_qml_projection_has_bias,
     "the input projection has a bias, expected none", "build it with use_bias False"},
    {"Q-076", C2S_QML_BLOCK, V2, KIND(RECURRENT), FAULT(VALUE), c2s_qml_projection_subsamples,
     "the input projection takes every {1} time steps, expected all", "subsample in the output projection"},
    {"Q-076", C2S_QML_BLOCK, V2, KIND(RECURRENT), FAULT(VALUE), c2s_qml_buffers_differ,
     "buffers of {1} and {2} bits, expected the same", "quantize both projections alike"},
    {"Q-077", C2S_QML_BLOCK, V2, KIND(PICO), FAULT(VALUE), c2s_qml_threshold_is_wrong,
     "threshold {1}, expected 0 to 65535", "use such a threshold"},
    {"Q-077", C2S_QML_BLOCK, V2, KIND(PICO), FAULT(VALUE), c2s_qml_predictions_have_another_size,
     "predictions of shape {1}, expected {2} as the inputs have it",
     "let the last projection give as many channels and time steps as the model's input has"},
    {"Q-T08", C2S_QML_BLOCK, V2, NEURAL, WARNING, c2s_qml_sign_is_lost,
     "outputs of {1} bits have no sign on Akida: negative ones become 0 there, and positive ones go up to twice as far",
     "quantize these outputs to 8 bits, or put a ReLU behind the layer"},

    {"Q-062", C2S_QML_NUMBERS, BOTH, POOLED, FAULT(VALUE), c2s_qml_padding_is_no_byte,
     "padding value {1}, expected 0 to 255", "rescale the input so that 0 of Keras is a number of 0 to 255"},
    {"Q-062", C2S_QML_NUMBERS, BOTH, KIND(CONV) | KIND(DEPTHWISE_CONV), FAULT(VALUE),
     c2s_qml_padding_is_not_zero, "padding value {1}, expected 0 but in the layer that takes images",
     "rescale the input without offset"},
    {"Q-080", C2S_QML_NUMBERS, V1, KIND(INPUT_CONV), FAULT(VALUE), c2s_qml_padding_differs_by_channel,
     "padding values {1} and {2}, expected one for all channels on Akida 1.0", "rescale all channels alike"},
    {"Q-062", C2S_QML_NUMBERS, BOTH, KIND(INPUT_CONV), FAULT(VALUE), c2s_qml_input_is_shifted,
     "channels of the input have different scales, shifted by {1} bits, expected one for all",
     "quantize the input per tensor"},
    {"Q-068", C2S_QML_NUMBERS, V2, ALL, FAULT(VALUE), c2s_qml_table_is_not_11_bits,
     "a look-up table of {1} values, expected 2048", "quantize the output in front of the activation to 11 bits"},
    {"Q-065", C2S_QML_NUMBERS, BOTH, ALL, FAULT(VALUE), c2s_qml_number_exceeds_variable,
     "{1} holds {2}, expected {3}", "the ranges of weights or outputs are too small or too large: calibrate again"},
    {"Q-065", C2S_QML_NUMBERS, V2, NEURAL | KIND(RECURRENT), FAULT(VALUE), c2s_qml_scale_exceeds_byte,
     "output_scales holds {1}, expected at most 255 on Akida 2.0",
     "quantize its outputs with scale_bits of at most 8: last_output_bits of 16 and more sets 16"},
    {"Q-T13", C2S_QML_NUMBERS, BOTH, KIND(DENSE), WARNING, c2s_qml_flatten_shift_is_lost,
     "Flatten brings channels of different scales together by shifts up to {1}, which the Akida model has not: its "
     "outputs differ from those of the Keras model",
     "quantize activations per tensor, or convert with --flatten-shifts, which exports them"},
    {"Q-T05", C2S_QML_NUMBERS, BOTH, KIND(QUANTIZER), WARNING, c2s_qml_halves_round_apart,
     "inputs are rounded to steps of {1}: those half way go away from 0 on Akida, to the even step in the Keras model",
     "scale the inputs to a range of at most 8 bits"},
    {"Q-T20", C2S_QML_NUMBERS, V2, NEURAL, WARNING, c2s_qml_shift_is_limited,
     "outputs of filter {3} need a right shift of {1}, of which Akida does {2}: they are too large there",
     "convert with --exact-scales, which takes the rest off the scale instead"},
    {"Q-T21", C2S_QML_NUMBERS, V2, NEURAL, WARNING, c2s_qml_product_is_cut,
     "products of filter {1} have 32 bits on Akida, 33 in the Keras model: outputs end at {2} of {3}",
     "convert with --exact-scales, which takes a bit off the scale instead"},
    {"Q-T11", C2S_QML_NUMBERS, V1, ALL, WARNING, c2s_qml_step_is_cut,
     "the step {1} of the outputs of filter {3} is cut to {2} on Akida 1.0",
     "quantize the weights to more bits: then steps are larger"},
    {"Q-T12", C2S_QML_NUMBERS, V1, ALL, WARNING, c2s_qml_average_saturates,
     "the sum of filter {3} over all positions saturates at {2} on Akida 1.0, while the largest output needs {1}",
     "use smaller inputs, MaxPooling2D, or weights of fewer bits"},
};
/* clang-format on */

const size_t c2s_qml_rule_count = sizeof c2s_qml_rules / sizeof c2s_qml_rules[0];

static const char *layer_name(const struct c2s_qml_rule *rule, const struct c2s_qml_view *view, size_t index)
{
    const struct c2s_graph *graph = view->plan->graph;
    switch (rule->scope) {
    case C2S_QML_ANYWHERE:
    case C2S_QML_NODE:
        return graph->layers[graph->nodes[view->split->order[index]].layer]->name;
    case C2S_QML_BLOCK:
    case C2S_QML_NUMBERS:
        return c2s_qml_block_main(view->plan, &view->plan->blocks[index])->name;
    default:
        return NULL;
    }
}

static bool applies(const struct c2s_qml_rule *rule, const struct c2s_qml_view *view, size_t index)
{
    if (!(rule->versions & (view->plan->version == CNN2SNN_AKIDA_V1 ? V1 : V2)))
        return false;
    if (rule->scope < C2S_QML_BLOCK || !rule->blocks)
        return true;
    return rule->blocks >> view->plan->blocks[index].pattern->kind & 1;
}

static cnn2snn_status ask(const struct c2s_qml_rule *rule, const struct c2s_qml_view *view, size_t index,
                          cnn2snn_report *report, cnn2snn_error **error)
{
    struct c2s_found found = {.layer = layer_name(rule, view, index)};
    if (!rule->broken(view, index, &found))
        return CNN2SNN_OK;
    char text[1024];
    c2s_found_fill(rule->message, &found, text, sizeof text);
    return c2s_report_add(report, rule->severity, rule->code, rule->id, found.layer, rule->remedy, error, "%s", text);
}

static size_t subjects(enum c2s_qml_scope scope, const struct c2s_qml_view *view)
{
    switch (scope) {
    case C2S_QML_SETTINGS:
    case C2S_QML_GRAPH:
        return 1;
    case C2S_QML_ANYWHERE:
        return view->split->count;
    case C2S_QML_NODE:
        return view->split->end < view->split->count ? view->split->end + 1 : view->split->count;
    default:
        return view->plan->block_count;
    }
}

cnn2snn_status c2s_qml_rules_run(enum c2s_qml_scope scope, const struct c2s_qml_view *view, cnn2snn_report *report,
                                 cnn2snn_error **error)
{
    size_t count = subjects(scope, view);
    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < c2s_qml_rule_count; j++)
            if (c2s_qml_rules[j].scope == scope && applies(&c2s_qml_rules[j], view, i)) {
                cnn2snn_status status = ask(&c2s_qml_rules[j], view, i, report, error);
                if (status)
                    return status;
            }
    return CNN2SNN_OK;
}
