/* SPDX-License-Identifier: Apache-2.0 */
/* What single layers of QuantizeML compute, on values worked out by hand; most are spec/quantizeml.md 4. */
#include "quantized_testing.h"

/* ------------------------------------------------------------------------------------------------ ends */

/* ex. 1: 5 fractional bits */
START_TEST(inputs_are_rounded_to_even_and_limited)
{
    GIVES("{'input': [1], 'layers': [" QUANTIZER("q", "4") "]}",
          FLOATS(0.5f, -1.25f, 3.999f, 9, -9, 0.5f / 32, 1.5f / 32, -0.5f / 32, NAN, INFINITY),
          FLOATS(16 / 32.0f, -40 / 32.0f, 127 / 32.0f, 127 / 32.0f, -4, 0, 2 / 32.0f, 0, 0, 127 / 32.0f));
}
END_TEST

/* Range -2 to 6 is 8: 5 fractional bits, zero point 64. Values below the range stay negative, as in Keras. */
START_TEST(unsigned_inputs_are_shifted_by_their_zero_point)
{
    GIVES("{'input': [1], 'layers': [['Custom>InputQuantizer', {'name': 'q', 'signed': false}, null, [[-2], [6]]]]}",
          FLOATS(0, -2, 6, 7, 1.0f / 64, 3.0f / 64, -3), FLOATS(2, 0, 255 / 32.0f, 255 / 32.0f, 2, 66 / 32.0f, -1));
}
END_TEST

START_TEST(channels_have_quantizers_of_their_own)
{
    GIVES("{'input': [2], 'layers': [['Custom>InputQuantizer', {'name': 'q', 'axis': 'per-axis'}, null, "
          "[[-4, -1], [4, 1]]], ['Custom>Dequantizer', {'name': 'd'}]]}",
          FLOATS(0.03f, 0.03f, -9, -9), FLOATS(1 / 32.0f, 4 / 128.0f, -4, -1));
}
END_TEST

/* 255 as bytes; what is no whole number is cut, what is beyond is limited. */
START_TEST(floats_that_reach_a_quantized_layer_are_bytes)
{
    GIVES("{'input': [1], 'layers': [['Custom>QuantizedRescaling', {'name': 'r', 'scale': 2}]]}",
          FLOATS(0, 7.9f, 255, 300, -3), FLOATS(0, 14, 510, 510, 0));
}
END_TEST

START_TEST(a_layer_without_integers_in_front_is_named)
{
    struct c2s_graph *graph =
        graph_of("{'input': [1], 'layers': [['Custom>QuantizedReLU', {'name': 'r', 'max_value': null}]]}");
    const int64_t shape[] = {1, 1};
    cnn2snn_tensor *input = tensor_of(2, shape, (const float[]){1}), *output = input;
    refused(c2s_graph_evaluate(graph, 1, (const cnn2snn_tensor *[]){input}, NULL, &output, &error), CNN2SNN_E_VALUE,
            "Q-005", "r");
    ck_assert_ptr_null(output);
    refused(c2s_layer_call(layer_named(graph, "r"), 1, (const cnn2snn_tensor *[]){input}, &output, &error),
            CNN2SNN_E_UNSUPPORTED, "R-class", "r");
    c2s_tensor_release(input);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(float_layers_follow_a_dequantizer)
{
    GIVES("{'input': [2], 'layers': [" QUANTIZER("q", "1") ", ['Custom>Dequantizer', {'name': 'd'}], "
                                                           "['Rescaling', {'name': 's', 'scale': 2, 'offset': 1}]]}",
          FLOATS(0.5f, -0.25f), FLOATS(2, 0.5f));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ rescaling */

/* Twice the value, from 5 to 1 fractional bits: floor(v / 16 + 1/2). */
START_TEST(outputs_round_halves_up)
{
    GIVES("{'input': [1], 'functional': true, 'layers': [" QUANTIZER(
              "q", "4") ", ['Custom>QuantizedAdd', "
                        "{'name': 's', 'quant_config': {'output_quantizer': {'bitwidth': 4}}}, ['q', 'q'], [[4]]]]}",
          FLOATS(10 / 32.0f, -10 / 32.0f, 4 / 32.0f, -4 / 32.0f, 12 / 32.0f, -12 / 32.0f, 3.96f, -4),
          FLOATS(0.5f, -0.5f, 0.5f, 0, 1, -0.5f, 3.5f, -4));
}
END_TEST

/* ex. 12, and a sum of 1/64 ths brought back to 8 bits for 4 */
START_TEST(sums_are_of_aligned_values)
{
    GIVES(
        "{'input': [2], 'functional': true, 'layers': [['Custom>InputQuantizer', {'name': 'a', 'axis': 'per-axis'}, "
        "null, [[-8, -2], [8, 2]]], ['Custom>InputQuantizer', {'name': 'b', 'axis': 'per-axis'}, ['in'], "
        "[[-4, -4], [4, 4]]], ['Custom>QuantizedAdd', {'name': 's'}, ['a', 'b']]]}",
        FLOATS(10 / 16.0f, 3 / 64.0f), FLOATS(40 / 32.0f, (3 + 4) / 64.0f));
}
END_TEST

START_TEST(averages_halve_sums_without_loss)
{
    GIVES("{'input': [1], 'functional': true, 'layers': [" QUANTIZER(
              "a", "1") ", "
                        "['Custom>InputQuantizer', {'name': 'b'}, ['in'], [[-2], [2]]], "
                        "['Custom>QuantizedAdd', {'name': 's', 'average': true}, ['a', 'b']]]}",
          FLOATS(3 / 128.0f, 1, -1), FLOATS(7 / 256.0f, 255 / 256.0f, -1));
}
END_TEST

/* Releases 0.14 to 0.19 had the ReLU in the Add. */
START_TEST(a_relu_in_an_add_comes_after_the_quantizer)
{
    GIVES("{'input': [1], 'functional': true, 'layers': [" QUANTIZER(
              "q", "4") ", ['Custom>QuantizedAdd', "
                        "{'name': 's', 'activation': true, 'quant_config': {'output_quantizer': {'bitwidth': 4}}}, "
                        "['q', 'q'], "
                        "[[4]]]]}",
          FLOATS(-1, 10 / 32.0f, -10 / 32.0f), FLOATS(0, 0.5f, 0));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ activations */

/* 6 on values of 1/32 ths is 192, whatever fractional bits the limit itself has. */
START_TEST(a_relu_has_its_limit)
{
    GIVES("{'input': [1], 'layers': [" QUANTIZER("q", "8") ", ['Custom>QuantizedReLU', {'name': 'r', 'max_value': 6}"
                                                           "]]}",
          FLOATS(-3, 0.5f, 6, 6.0625f, 7.9f), FLOATS(0, 0.5f, 6, 6, 6));
}
END_TEST

/* 4 unsigned bits up to 7.5 have 1 fractional bit. The scale 1 has the mantissa 255 / 256: 7/4 becomes 3 halves. */
START_TEST(four_bits_of_a_relu_are_unsigned)
{
    GIVES("{'input': [1], 'layers': [" QUANTIZER("q", "8") ", ['Custom>QuantizedReLU', {'name': 'r', 'max_value': "
                                                           "null, 'quant_config': {'output_quantizer': {'bitwidth': "
                                                           "4, 'signed': false}}}, null, [[7.5], [1]]]]}",
          FLOATS(-1, 0.25f, 0.3125f, 1.75f, 7.9f), FLOATS(0, 0, 0.5f, 1.5f, 7.5f));
}
END_TEST

/* 4 value bits with 2 fractional bits, 7 steps of 3.75 / 7 upwards. */
START_TEST(tables_are_looked_up_by_signed_integers)
{
    GIVES("{'input': [1], 'layers': [['Custom>InputQuantizer', {'name': 'q', 'bitwidth': 5}, null, [[-4], [4]]], "
          "['Custom>QuantizedActivation', {'name': 't', 'activation': 'leaky_relu', 'alpha': 0.5, "
          "'quant_config': {'lut_bitwidth': 4}}]]}",
          FLOATS(0, 3.75f, -4, 1),
          FLOATS(0, 7 * (3.75f * (1.0f / 7)), -4 * (3.75f * (1.0f / 7)), 2 * (3.75f * (1.0f / 7))));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ pooling */

/* ex. 24 */
START_TEST(padding_never_is_the_largest)
{
    GIVES(
        "{'input': [3, 3, 1], 'layers': [" QUANTIZER("q", "16") ", ['Custom>QuantizedMaxPool2D', {'name': 'p', "
                                                                "'pool_size': 2, 'strides': 2, 'padding': 'same'}]]}",
        FLOATS(-1, -2, -3, -4, -5, -6, -7, -8, -9), FLOATS(-1, -3, -7, -9));
}
END_TEST

START_TEST(global_averages_are_exact_sums)
{
    GIVES("{'input': [1, 4, 2], 'layers': [['Custom>InputQuantizer', {'name': 'q', 'axis': 'per-axis'}, null, "
          "[[-4, -1], [4, 1]]], ['Custom>QuantizedGlobalAveragePooling2D', {'name': 'p'}]]}",
          FLOATS(1, 1 / 128.0f, 3, -1, -0.5f, 0.5f, 2, 0.25f), FLOATS(5.5f / 4, (-0.25f + 1 / 128.0f) / 4));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ products */

#define ONES_127 "1, 2, 3, 4, 127, 6, 7, 8, 9"

/* Weights in steps of 127 * (1/127) = 1. */
START_TEST(convolutions_correlate)
{
    GIVES("{'input': [2, 3, 1], 'layers': [['Custom>QuantizedConv2D', {'name': 'c', 'filters': 1, 'kernel_size': 3, "
          "'padding': 'same', 'use_bias': false}, null, [[" ONES_127 "]]]]}",
          FLOATS(1, 2, 3, 4, 5, 6),
          FLOATS(127 + 12 + 32 + 45, 4 + 254 + 18 + 28 + 40 + 54, 8 + 381 + 35 + 48, 2 + 6 + 508 + 30,
                 1 + 4 + 9 + 16 + 635 + 36, 2 + 6 + 20 + 762));
}
END_TEST

/* ex. 22, with 127 in the middle */
START_TEST(transposed_convolutions_spread_their_input)
{
    GIVES("{'input': [2, 2, 1], 'layers': [" QUANTIZER(
              "q", "128") ", ['Custom>QuantizedConv2DTranspose', {'name': 'c', 'filters': 1, "
                          "'kernel_size': 3, 'strides': 2, 'padding': 'same', 'use_bias': false}, null, [[" ONES_127
                          "]]]]}",
          FLOATS(1, 2, 3, 4),
          FLOATS(1, 2, 3 + 2, 4, 4, 127, 6 + 8, 254, 7 + 3, 8 + 6, 9 + 14 + 9 + 4, 16 + 8, 12, 381, 18 + 16, 508));
}
END_TEST

START_TEST(depthwise_transposed_convolutions_do_so_by_channel)
{
    GIVES("{'input': [1, 1, 2], 'layers': [" QUANTIZER(
              "q", "128") ", ['Custom>QuantizedDepthwiseConv2DTranspose', {'name': 'c', "
                          "'kernel_size': 3, 'strides': 2, 'padding': 'same', 'use_bias': false}, null, "
                          "[[1, 10, 2, 20, 3, 30, 4, 40, 127, 50, 6, 60, 7, 70, 8, 80, 9, 90]]]]}",
          FLOATS(2, 3), FLOATS(2, 30, 4, 60, 8, 120, 254, 150));
}
END_TEST

/* 128 on 8 bits with a scale of 2/255: the border 1 is 127 (7 value bits). */
START_TEST(borders_have_their_own_value)
{
    GIVES("{'input': [1, 2, 1], 'layers': [['Custom>QuantizedRescaling', {'name': 'r', 'scale': 1}], "
          "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 1, 'kernel_size': [1, 3], 'padding': 'valid', "
          "'padding_value': [5.0], 'use_bias': false}, null, [[1, 127, 2]]]]}",
          FLOATS(10, 20), FLOATS(5 + 1270 + 40, 10 + 2540 + 10));
}
END_TEST

/* ex. 17: a bias beyond what its own bits hold is shifted, and saturates with the buffer. */
START_TEST(sums_saturate_with_the_buffer)
{
    GIVES("{'input': [1], 'layers': [['Custom>QuantizedDense', {'name': 'd', 'units': 2, 'quant_config': "
          "{'buffer_bitwidth': 12}}, null, [[127, 127], [0, 1536]]]]}",
          FLOATS(3, 10, 20, 255), FLOATS(381, 1917, 1270, 2047, 2047, 2047, 2047, 2047));
}
END_TEST

START_TEST(separable_layers_multiply_twice)
{
    GIVES("{'input': [1, 1, 2], 'layers': [['Custom>QuantizedSeparableConv2D', {'name': 'c', 'filters': 2, "
          "'kernel_size': 1, 'use_bias': false}, null, [[2, 127], [3, 127, 127, 5]]]]}",
          FLOATS(10, 1), FLOATS(20 * 3 + 127 * 127, 20 * 127 + 127 * 5));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ moving */

/* Factors of 1 and 1, terms of 0.5 and -1; 127 steps of the factors' scale are 1. */
START_TEST(normalization_is_a_factor_and_a_term)
{
    GIVES("{'input': [1, 1, 2], 'layers': [" QUANTIZER(
              "q", "4") ", ['Custom>QuantizedBatchNormalization', "
                        "{'name': 'n', 'axis': [3], 'epsilon': 0}, null, [[1, 2], [0.5, 0], [0, 1], [1, 4]]]]}",
          FLOATS(0.5f, 1, -0.5f, 0), FLOATS(127 * (1.0f / 127), 0, 0, -127 * (1.0f / 127)));
    GIVES("{'input': [2], 'layers': [" QUANTIZER("q", "4") ", ['Custom>QuantizedBatchNormalization', {'name': 'n', "
                                                           "'epsilon': 0, 'quant_config': {'output_quantizer': "
                                                           "{'bitwidth': 4}}}, null, [[1, 2], [0.5, 0], [0, 1], "
                                                           "[1, 4], [4], [1]]]]}",
          FLOATS(0.5f, 1, 3, -1), FLOATS(1, 0, 3.5f, -2));
}
END_TEST

START_TEST(the_first_release_had_one_range_for_all_biases)
{
    static const char text[] = "{'input': [1], 'layers': [" QUANTIZER(
        "q", "1") ", ['Custom>QuantizedDense', "
                  "{'name': 'd', 'units': 2}, null, [[127, 127], [0.75, 100]]]]}";
    const int64_t shape[] = {1, 1};
    const float today[] = {0.75f, 100}, then[] = {1, 100};
    struct c2s_graph *graph = graph_of(text);
    cnn2snn_tensor *input = tensor_of(2, shape, (const float[]){0});
    for (int first = 0; first < 2; first++) {
        if (first)
            must(c2s_graph_mark_first_release(graph, &error));
        cnn2snn_tensor *output = evaluate(graph, input, NULL);
        ck_assert_mem_eq(output->data, first ? then : today, sizeof today);
        c2s_tensor_release(output);
    }
    c2s_tensor_release(input);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(flattening_aligns_channels_and_may_saturate)
{
    GIVES("{'input': [1, 2, 2], 'layers': [['Custom>InputQuantizer', {'name': 'q', 'axis': 'per-axis'}, null, "
          "[[-4, -1], [4, 1]]], ['Custom>QuantizedFlatten', {'name': 'f'}]]}",
          FLOATS(0.5f, 0.5f, 3, -3), FLOATS(0.5f, 0.5f, 127 / 128.0f, -1));
}
END_TEST

START_TEST(values_are_moved_as_they_are)
{
    GIVES(
        "{'input': [2, 3], 'layers': [" QUANTIZER(
            "q", "16") ", ['Custom>QuantizedReshape', {'name': 'r', "
                       "'target_shape': [3, 1, 2]}], ['Custom>QuantizedPermute', {'name': 'p', 'dims': [2, 1, 3]}], "
                       "['Custom>QuantizedDropout', {'name': 'd', 'rate': 0.5}], ['Custom>QuantizedExtractToken', "
                       "{'name': 't', "
                       "'token': [2, 0], 'axis': 2}]]}",
        FLOATS(1, 2, 3, 4, 5, 6), FLOATS(5, 6, 1, 2));
}
END_TEST

START_TEST(tokens_are_extracted_of_floats_too)
{
    GIVES("{'input': [3, 1], 'layers': [['Custom>ExtractToken', {'name': 't', 'token': 1, 'axis': 1}]]}",
          FLOATS(0.5f, 1.5f, 2.5f), FLOATS(1.5f));
}
END_TEST

START_TEST(channels_of_two_are_joined)
{
    GIVES("{'input': [1, 2], 'functional': true, 'layers': [" QUANTIZER(
              "a", "1") ", "
                        "['Custom>InputQuantizer', {'name': 'b'}, ['in'], [[-64], [64]]], "
                        "['Custom>QuantizedConcatenate', {'name': 'c'}, ['a', 'b']]]}",
          FLOATS(0.5f, 3, -2, 40.2f), FLOATS(0.5f, 127 / 128.0f, 0.5f, 3, -1, 127 / 128.0f, -2, 40));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ time */

/* ex. 25, weights in steps of 1 */
START_TEST(buffers_remember_samples)
{
    GIVES("{'input': [1, 1, 2], 'layers': [" QUANTIZER(
              "q", "128") ", ['Custom>QuantizedBufferTempConv', {'name': 'b', 'filters': 1, "
                          "'kernel_size': 2}, null, [[1, 2, 3, 127]]]]}",
          FLOATS(1, 10, 2, 20, 3, 30), FLOATS(3 + 1270, 1 + 20 + 6 + 2540, 2 + 40 + 9 + 3810));
    GIVES("{'input': [1, 1, 2], 'layers': [" QUANTIZER(
              "q", "128") ", ['Custom>QuantizedDepthwiseBufferTempConv', {'name': 'b', "
                          "'kernel_size': 2}, null, [[1, 127, 127, 5]]]]}",
          FLOATS(1, 10, 2, 20, 3, 30), FLOATS(127, 50, 1 + 254, 1270 + 100, 2 + 381, 2540 + 150));
}
END_TEST

START_TEST(projections_take_the_last_of_some_steps)
{
    GIVES("{'input': [4, 1], 'layers': [['Custom>QuantizedStatefulProjection', {'name': 'p', 'units': 1, "
          "'subsample': 2, 'use_bias': false}, null, [[127]]]]}",
          FLOATS(1, 2, 3, 4), FLOATS(254, 508));
}
END_TEST

/* A = 1/2 + 1/4 i on inputs of 7 fractional bits; states have 14. */
START_TEST(states_turn_and_shrink)
{
    GIVES("{'input': [1, 1], 'layers': [" QUANTIZER(
              "q", "1") ", ['Custom>QuantizedStatefulRecurrent', {'name': 'r', "
                        "'quant_config': {'output_quantizer': {'bitwidth': 16}}}, null, [[0.5], [0.25], [2]]]]}",
          FLOATS(0.5f, 0.25f, 0), FLOATS(0.5f, 0, 0.5f, 0.125f, 0.21875f, 0.1875f));
}
END_TEST

/* Predictions of 127 and 254. */
START_TEST(predictions_are_judged_by_their_mean_distance)
{
    struct c2s_graph *graph = with_integers(
        graph_of("{'inputs': {'in': [2, 1], 'truth': [2, 1]}, 'layers': [['Custom>QuantizedDense', {'name': 'd', "
                 "'units': 1, 'use_bias': false}, ['in'], [[127]]], ['Custom>QuantizedPicoPostProcessing', "
                 "{'name': 'p', 'threshold': 10}, ['d', 'truth'], [[1], [1]]]]}"),
        "truth");
    const int64_t shape[] = {4, 2, 1};
    cnn2snn_tensor *input = tensor_of(3, shape, (const float[]){1, 2, 1, 2, 1, 2, 1, 2});
    cnn2snn_tensor *truth = tensor_of(3, shape, (const float[]){127, 254, 120, 240, 121, 241, -32768, 254});
    cnn2snn_tensor *output = NULL;
    must(c2s_graph_evaluate(graph, 2, (const cnn2snn_tensor *[]){input, truth}, NULL, &output, &error));
    for (int i = 0; i < 4; i++)
        ck_assert_msg(c2s_f32(output)[i] == (float)(i % 2), "%d", i);
    c2s_tensor_release(output);
    c2s_tensor_release(truth);
    c2s_tensor_release(input);
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ floats */

START_TEST(float_convolutions_have_a_border_of_their_own)
{
    GIVES("{'input': [2, 2, 1], 'layers': [['Custom>PaddedConv2D', {'name': 'c', 'filters': 1, 'kernel_size': 3, "
          "'padding_value': 2.0, 'use_bias': false}, null, [[1, 1, 1, 1, 1, 1, 1, 1, 1]]]]}",
          FLOATS(1, 1, 1, 1), FLOATS(14, 14, 14, 14));
    GIVES(
        "{'input': [1, 1, 2], 'layers': [['Custom>PaddedConv2D', {'name': 'c', 'filters': 1, 'kernel_size': [1, 2], "
        "'padding_value': [3, -5], 'use_bias': false}, null, [[1, 10, 100, 1000]]]]}",
        FLOATS(1, 2), FLOATS(21 + 300 - 5000));
}
END_TEST

START_TEST(float_depthwise_convolutions_are_transposed)
{
    GIVES("{'input': [2, 2, 1], 'layers': [['Custom>DepthwiseConv2DTranspose', {'name': 'c', 'kernel_size': 3, "
          "'strides': 2, 'padding': 'same', 'use_bias': false}, null, [[1, 2, 3, 4, 5, 6, 7, 8, 9]]]]}",
          FLOATS(1, 2, 3, 4), FLOATS(1, 2, 5, 4, 4, 5, 14, 10, 10, 14, 36, 24, 12, 15, 34, 20));
}
END_TEST

START_TEST(float_activations_and_sums)
{
    GIVES(
        "{'input': [1], 'layers': [['Custom>Activation', {'name': 'a', 'activation': 'leaky_relu', 'alpha': 0.5}]]}",
        FLOATS(-2, 3), FLOATS(-1, 3));
    GIVES("{'input': [1], 'functional': true, 'layers': [['Custom>Add', {'name': 'a', 'average': true}, "
          "['in', 'in']]]}",
          FLOATS(-2, 3), FLOATS(-2, 3));
    GIVES("{'input': [1], 'functional': true, 'layers': [['Custom>Add', {'name': 'a'}, ['in', 'in']]]}",
          FLOATS(-2, 3), FLOATS(-4, 6));
}
END_TEST

/* ex. 25 of the integers */
START_TEST(float_buffers_remember_samples)
{
    GIVES("{'input': [1, 1, 2], 'layers': [['Custom>BufferTempConv', {'name': 'b', 'filters': 1, 'kernel_size': 2}, "
          "null, [[1, 2, 3, 4]]]]}",
          FLOATS(1, 10, 2, 20, 3, 30), FLOATS(43, 107, 171));
    GIVES("{'input': [1, 1, 2], 'layers': [['Custom>DepthwiseBufferTempConv', {'name': 'b', 'kernel_size': 2, "
          "'use_bias': true}, null, [[1, 2, 3, 4], [0.5, 1]]]]}",
          FLOATS(1, 10, 2, 20, 3, 30), FLOATS(3.5f, 41, 7.5f, 101, 11.5f, 161));
}
END_TEST

START_TEST(float_states_turn_and_shrink)
{
    GIVES("{'input': [1, 1], 'layers': [['Custom>StatefulRecurrent', {'name': 'r'}, null, [[0.5], [0.25]]]]}",
          FLOATS(0.5f, 0.25f, 0), FLOATS(0.5f, 0, 0.5f, 0.125f, 0.21875f, 0.1875f));
    GIVES("{'input': [4, 1], 'layers': [['Custom>StatefulProjection', {'name': 'p', 'units': 1, 'subsample': 2, "
          "'use_bias': false}, null, [[10]]]]}",
          FLOATS(1, 2, 3, 4, 5, 6, 7, 8), FLOATS(20, 40, 60, 80));
}
END_TEST

START_TEST(float_predictions_are_judged_by_their_mean_distance)
{
    GIVES("{'input': [2, 1], 'functional': true, 'layers': [['Rescaling', {'name': 's', 'scale': 2}], "
          "['Custom>PicoPostProcessing', {'name': 'p', 'threshold': 2}, ['s', 'in']]]}",
          FLOATS(1, -3, 1, -2.5f, 4, 0), FLOATS(1, 0, 1));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quantized_values");
    TCase *cases = tcase_create("all");
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, context_setup, context_teardown);
    tcase_add_test(cases, inputs_are_rounded_to_even_and_limited);
    tcase_add_test(cases, unsigned_inputs_are_shifted_by_their_zero_point);
    tcase_add_test(cases, channels_have_quantizers_of_their_own);
    tcase_add_test(cases, floats_that_reach_a_quantized_layer_are_bytes);
    tcase_add_test(cases, a_layer_without_integers_in_front_is_named);
    tcase_add_test(cases, float_layers_follow_a_dequantizer);
    tcase_add_test(cases, outputs_round_halves_up);
    tcase_add_test(cases, sums_are_of_aligned_values);
    tcase_add_test(cases, averages_halve_sums_without_loss);
    tcase_add_test(cases, a_relu_in_an_add_comes_after_the_quantizer);
    tcase_add_test(cases, a_relu_has_its_limit);
    tcase_add_test(cases, four_bits_of_a_relu_are_unsigned);
    tcase_add_test(cases, tables_are_looked_up_by_signed_integers);
    tcase_add_test(cases, padding_never_is_the_largest);
    tcase_add_test(cases, global_averages_are_exact_sums);
    tcase_add_test(cases, convolutions_correlate);
    tcase_add_test(cases, transposed_convolutions_spread_their_input);
    tcase_add_test(cases, depthwise_transposed_convolutions_do_so_by_channel);
    tcase_add_test(cases, borders_have_their_own_value);
    tcase_add_test(cases, sums_saturate_with_the_buffer);
    tcase_add_test(cases, separable_layers_multiply_twice);
    tcase_add_test(cases, normalization_is_a_factor_and_a_term);
    tcase_add_test(cases, the_first_release_had_one_range_for_all_biases);
    tcase_add_test(cases, flattening_aligns_channels_and_may_saturate);
    tcase_add_test(cases, values_are_moved_as_they_are);
    tcase_add_test(cases, tokens_are_extracted_of_floats_too);
    tcase_add_test(cases, channels_of_two_are_joined);
    tcase_add_test(cases, buffers_remember_samples);
    tcase_add_test(cases, projections_take_the_last_of_some_steps);
    tcase_add_test(cases, states_turn_and_shrink);
    tcase_add_test(cases, predictions_are_judged_by_their_mean_distance);
    tcase_add_test(cases, float_convolutions_have_a_border_of_their_own);
    tcase_add_test(cases, float_depthwise_convolutions_are_transposed);
    tcase_add_test(cases, float_activations_and_sums);
    tcase_add_test(cases, float_buffers_remember_samples);
    tcase_add_test(cases, float_states_turn_and_shrink);
    tcase_add_test(cases, float_predictions_are_judged_by_their_mean_distance);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
