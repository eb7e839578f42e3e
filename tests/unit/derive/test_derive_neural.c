/* SPDX-License-Identifier: Apache-2.0 */
/* Layers with kernels: integers of weights, what accumulators stand for, biases, borders, shifts of channels. */
#include "derive_testing.h"

/* Two channels of 5 and 7 fractional bits. */
#define BY_CHANNEL "['Custom>InputQuantizer', {'name': 'q', 'axis': 'per-axis'}, null, [[-4, -1], [4, 1]]]"
/* 8 signed bits of 7 fractional bits. */
#define PLAIN "['Custom>InputQuantizer', {'name': 'q'}, null, [[-1], [1]]]"

START_TEST(an_image_meets_the_integers_of_a_dense_layer)
{
    derive("{'input': [2], 'layers': [['Custom>QuantizedDense', {'name': 'd', 'units': 2}, null, "
           "[[1, -0.5, 0.25, 0.75], [0.5, -1]]]]}");
    float first = 1.0f * (1.0f / 127), second = 0.75f * (1.0f / 127);
    INTEGERS("d", C2S_WEIGHTS, 127, -85, 32, 127);
    ck_assert_int_eq(derived("d")->integers[C2S_WEIGHTS]->dtype, CNN2SNN_DTYPE_INT8);
    ck_assert_int_eq(derived("d")->input.value_bits, 8);
    EXPECT(derived("d")->input.frac_bits, 0);
    ck_assert_int_eq(derived("d")->accumulator.value_bits, 27);
    EXPECT(derived("d")->accumulator.frac_bits, 0);
    EXPECT(derived("d")->accumulator.scales, (double)first, (double)second);
    /* 0.5 and -1 in steps of the scales, which have no fractional bits */
    INTEGERS("d", C2S_BIAS, 64, -170);
    INTEGERS("d", C2S_BIAS_SHIFT, 0, 1);
    ABSENT("d", C2S_INPUT_SHIFT);
    ABSENT("d", C2S_OUTPUT_SHIFT);
    ck_assert_ptr_eq(derived("d")->output.scales, derived("d")->accumulator.scales);
    ck_assert_int_eq(derived("in")->output.value_bits, 0);
    finish();
}
END_TEST

START_TEST(channels_are_brought_to_the_finest_in_front_of_products)
{
    derive("{'input': [1, 1, 2], 'layers': [" BY_CHANNEL ", ['Custom>QuantizedConv2D', {'name': 'c', 'filters': 1, "
           "'kernel_size': 1, 'use_bias': false}]]}");
    EXPECT(derived("q")->output.frac_bits, 5, 7);
    EXPECT(derived("c")->input.frac_bits, 5, 7);
    INTEGERS("c", C2S_INPUT_SHIFT, 2, 0);
    EXPECT(derived("c")->accumulator.frac_bits, 7);
    ck_assert_uint_eq(derived("c")->accumulator.frac_bits->rank, 0);
    finish();
}
END_TEST

START_TEST(depthwise_layers_keep_the_bits_of_each_channel)
{
    derive("{'input': [1, 1, 2], 'layers': [" BY_CHANNEL ", ['Custom>QuantizedDepthwiseConv2D', {'name': 'c', "
           "'kernel_size': 1, 'use_bias': false, 'quant_config': {'weight_quantizer': {'bitwidth': 4}}}, null, "
           "[[0.5, -2]]]]}");
    INTEGERS("c", C2S_WEIGHTS, 7, -7);
    ABSENT("c", C2S_INPUT_SHIFT);
    EXPECT(derived("c")->accumulator.frac_bits, 5, 7);
    EXPECT(derived("c")->accumulator.scales, (double)(0.5f * (1.0f / 7)), (double)(2.0f * (1.0f / 7)));
    finish();
}
END_TEST

START_TEST(transposed_depthwise_layers_have_one_scale_and_align_channels)
{
    derive(
        "{'input': [1, 1, 2], 'layers': [" BY_CHANNEL ", ['Custom>QuantizedDepthwiseConv2DTranspose', "
        "{'name': 'c', 'kernel_size': 1, 'strides': 2, 'padding': 'same', 'use_bias': false}, null, [[0.5, -2]]]]}");
    INTEGERS("c", C2S_WEIGHTS, 32, -127);
    INTEGERS("c", C2S_INPUT_SHIFT, 2, 0);
    ck_assert_uint_eq(derived("c")->accumulator.scales->rank, 0);
    finish();
}
END_TEST

START_TEST(transposed_kernels_are_turned_and_scaled_by_filter)
{
    /* (1, 1, 2 filters, 3 inputs) */
    derive("{'input': [1, 1, 3], 'layers': [" PLAIN ", ['Custom>QuantizedConv2DTranspose', {'name': 'c', "
           "'filters': 2, 'kernel_size': 1, 'strides': 2, 'use_bias': false, "
           "'quant_config': {'weight_quantizer': {'bitwidth': 4}}}, null, [[1, 2, 7, 0.1, 0.2, -0.7]]]]}");
    const cnn2snn_tensor *weights = derived("c")->integers[C2S_WEIGHTS];
    EXPECT(weights, 1, 1, 2, 2, 7, -7);
    ck_assert_int_eq(weights->shape[2], 3);
    ck_assert_int_eq(weights->shape[3], 2);
    EXPECT(derived("c")->accumulator.scales, (double)(7.0f * (1.0f / 7)), (double)(0.7f * (1.0f / 7)));
    finish();
}
END_TEST

START_TEST(separable_layers_multiply_both_scales)
{
    derive("{'input': [1, 1, 2], 'layers': [" PLAIN ", ['Custom>QuantizedSeparableConv2D', {'name': 'c', "
           "'filters': 2, 'kernel_size': 1, 'use_bias': false, 'quant_config': {'dw_weight_quantizer': "
           "{'bitwidth': 4, 'axis': 'per-tensor'}, 'pw_weight_quantizer': {'bitwidth': 2}}}, null, "
           "[[0.5, -2], [1, -3, 2, 0.5]]]]}");
    float depthwise = 2.0f * (1.0f / 7);
    INTEGERS("c", C2S_WEIGHTS, 2, -7);
    INTEGERS("c", C2S_POINTWISE_WEIGHTS, 0, -1, 1, 0);
    EXPECT(derived("c")->accumulator.scales, (double)(depthwise * 2.0f), (double)(depthwise * 3.0f));
    /* its buffer is as wide as the file says */
    ck_assert_int_eq(derived("c")->accumulator.value_bits, 31);
    finish();
}
END_TEST

START_TEST(weights_of_more_than_8_bits_are_int16)
{
    derive("{'input': [2], 'layers': [['Custom>QuantizedDense', {'name': 'd', 'units': 1, 'use_bias': false, "
           "'quant_config': {'weight_quantizer': {'bitwidth': 16, 'axis': null}}}, null, [[1, -0.5]]]]}");
    ck_assert_int_eq(derived("d")->integers[C2S_WEIGHTS]->dtype, CNN2SNN_DTYPE_INT16);
    const int16_t *weights = derived("d")->integers[C2S_WEIGHTS]->data;
    ck_assert_int_eq(weights[0], 32767);
    ck_assert_int_eq(weights[1], -16384);
    ck_assert_uint_eq(derived("d")->accumulator.scales->rank, 0);
    finish();
}
END_TEST

START_TEST(borders_are_integers_of_the_input)
{
    derive("{'input': [3, 3, 1], 'layers': [['Custom>QuantizedRescaling', {'name': 'r', 'scale': 0.00784313725}], "
           "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 1, 'kernel_size': 3, 'padding': 'valid', "
           "'padding_value': [1.0], 'use_bias': false}, null, [[1, 0, 0, 0, 0, 0, 0, 0, 0]]]]}");
    /* 1 in steps of 2/255 is 127.5; the reference's 7 value bits give 127 */
    INTEGERS("c", C2S_PADDING_VALUE, 127);
    float scale = 1.0f * (1.0f / 127);
    EXPECT(derived("r")->output.scales, f32(0.00784313725));
    EXPECT(derived("c")->accumulator.scales, (double)(scale * 0.00784313725f));
    ck_assert_int_eq(graph->nodes[2].shapes[0].extents[0], 3);
    finish();
}
END_TEST

START_TEST(buffers_of_neural_layers_hold_28_bits_at_most)
{
    derive("{'input': [1, 1, 2], 'layers': [['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, "
           "'quant_config': {'buffer_bitwidth': 24}}], ['Custom>QuantizedReLU', {'name': 'r', 'max_value': null, "
           "'quant_config': {'output_quantizer': {'bitwidth': 8}}}], ['Custom>QuantizedBufferTempConv', "
           "{'name': 'b', 'filters': 1, 'kernel_size': 2}]]}");
    ck_assert_int_eq(derived("c")->accumulator.value_bits, 23);
    ck_assert_int_eq(derived("r")->accumulator.value_bits, 32);
    ck_assert_int_eq(derived("b")->accumulator.value_bits, 31);
    finish();
}
END_TEST

START_TEST(temporal_layers_align_channels)
{
    derive("{'input': [1, 1, 2], 'layers': [" BY_CHANNEL ", ['Custom>QuantizedDepthwiseBufferTempConv', "
           "{'name': 'b', 'kernel_size': 2}, null, [[1, 2, -4, 0.5]]]]}");
    /* (2 samples, 2 channels): a scale for each channel */
    INTEGERS("b", C2S_WEIGHTS, 32, 127, -127, 32);
    INTEGERS("b", C2S_INPUT_SHIFT, 2, 0);
    EXPECT(derived("b")->accumulator.scales, (double)(4.0f * (1.0f / 127)), (double)(2.0f * (1.0f / 127)));
    finish();
}
END_TEST

START_TEST(calls_of_one_layer_share_their_weights)
{
    derive("{'input': [2], 'functional': true, 'layers': [['Custom>QuantizedDense', {'name': 'd', 'units': 2, "
           "'quant_config': {'output_quantizer': {'bitwidth': 8}}}], ['Custom>QuantizedDense', {'name': 'd'}]]}");
    ck_assert_ptr_eq(derivation->nodes[1].integers[C2S_WEIGHTS], derivation->nodes[2].integers[C2S_WEIGHTS]);
    ck_assert_int_eq(derivation->nodes[1].input.value_bits, 8);
    ck_assert_int_eq(derivation->nodes[2].input.value_bits, 7);
    finish();
}
END_TEST

START_TEST(scales_among_inputs_are_refused_where_the_reference_has_none)
{
    static const char *const layers[][2] = {
        {"Custom>QuantizedDepthwiseConv2D", "'kernel_size': 1"},
        {"Custom>QuantizedSeparableConv2D", "'filters': 1, 'kernel_size': 1"},
        {"Custom>QuantizedConv2DTranspose", "'filters': 1, 'kernel_size': 1"},
        {"Custom>QuantizedDepthwiseBufferTempConv", "'kernel_size': 1"},
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "{'input': [1, 1, 2], 'layers': [['Custom>QuantizedRescaling', {'name': 'r', 'scale': 0.5}], "
                 "['%s', {'name': 'c', %s}]]}",
                 layers[i][0], layers[i][1]);
        expect_refused(text, CNN2SNN_E_VALUE, "Q-005", "c");
    }
}
END_TEST

START_TEST(hostile_numbers_are_refused)
{
    expect_refused("{'input': [1], 'layers': [['Custom>QuantizedDense', {'name': 'd', 'units': 1}, null, "
                   "[[1e-9], [3e38]]]]}",
                   CNN2SNN_E_VALUE, "Q-009", "d");
    expect_refused("{'input': [1], 'layers': [" PLAIN ", ['Custom>QuantizedBatchNormalization', {'name': 'n', "
                   "'epsilon': 0}, null, [[1], [1], [1], [0]]]]}",
                   CNN2SNN_E_VALUE, "Q-020", "n");
    expect_refused("{'input': [1], 'layers': [['Custom>QuantizedDense', {'name': 'd', 'units': 1}, null, "
                   "[[null], [1]]]]}",
                   CNN2SNN_E_VALUE, "Q-007", "d");
    expect_refused("{'input': [1], 'layers': [['Custom>QuantizedDense', {'name': 'd', 'units': 1}, null, "
                   "[[1], [null]]]]}",
                   CNN2SNN_E_VALUE, "Q-007", "d");
    expect_refused("{'input': [1], 'layers': [['Custom>QuantizedRescaling', {'name': 'r', 'scale': -1}], "
                   "['Custom>QuantizedDense', {'name': 'd', 'units': 1}]]}",
                   CNN2SNN_E_VALUE, "Q-006", "r");
    expect_refused("{'input': [1], 'layers': [['Custom>QuantizedRescaling', {'name': 'r', 'scale': 1e-30}], "
                   "['Custom>QuantizedRescaling', {'name': 's', 'scale': 1e-30}]]}",
                   CNN2SNN_E_VALUE, "Q-006", "s");
    expect_refused("{'input': [1], 'layers': [['Custom>QuantizedDense', {'name': 'd', 'units': 1, 'quant_config': "
                   "{'buffer_bitwidth': 8}}]]}",
                   CNN2SNN_E_VALUE, "Q-005", "d");
    expect_refused("{'input': [1], 'layers': [['Custom>QuantizedDense', {'name': 'd', 'units': 1, 'quant_config': "
                   "{'output_quantizer': {'bitwidth': 28}}}]]}",
                   CNN2SNN_E_VALUE, "Q-013", "d");
    expect_refused("{'input': [1], 'layers': [['Custom>QuantizedDense', {'name': 'd', 'units': 1, 'quant_config': "
                   "{'output_quantizer': {'bitwidth': 8, 'buffer_bitwidth': 20}}}]]}",
                   CNN2SNN_E_VALUE, "Q-005", "d");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("derive_neural");
    TCase *cases = tcase_create("core");
    tcase_add_checked_fixture(cases, context_setup, context_teardown);
    tcase_add_test(cases, an_image_meets_the_integers_of_a_dense_layer);
    tcase_add_test(cases, channels_are_brought_to_the_finest_in_front_of_products);
    tcase_add_test(cases, depthwise_layers_keep_the_bits_of_each_channel);
    tcase_add_test(cases, transposed_depthwise_layers_have_one_scale_and_align_channels);
    tcase_add_test(cases, transposed_kernels_are_turned_and_scaled_by_filter);
    tcase_add_test(cases, separable_layers_multiply_both_scales);
    tcase_add_test(cases, weights_of_more_than_8_bits_are_int16);
    tcase_add_test(cases, borders_are_integers_of_the_input);
    tcase_add_test(cases, buffers_of_neural_layers_hold_28_bits_at_most);
    tcase_add_test(cases, temporal_layers_align_channels);
    tcase_add_test(cases, calls_of_one_layer_share_their_weights);
    tcase_add_test(cases, scales_among_inputs_are_refused_where_the_reference_has_none);
    tcase_add_test(cases, hostile_numbers_are_refused);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
