/* SPDX-License-Identifier: Apache-2.0 */
/* Quantizers, activations, pooling, sums, joins, reordering, recurrence, predictions. */
#include "derive_testing.h"

#include "layers/quantizeml_attributes.h"

#define QUANTIZER(name, axis, least, most)                                                                           \
    "['Custom>InputQuantizer', {'name': '" name "', 'axis': '" axis "'}, ['in'], [[" least "], [" most "]]]"
/* Channels of 4 and 6, and of 5 and 5 fractional bits. */
#define A QUANTIZER("a", "per-axis", "-8, -2", "8, 2")
#define B QUANTIZER("b", "per-axis", "-4, -4", "4, 4")

START_TEST(signed_inputs_are_plain_fixed_point)
{
    derive("{'input': [2], 'layers': [" QUANTIZER("a", "per-axis", "-8, -0.1", "3, 0.5") "]}");
    ck_assert_int_eq(derived("a")->output.value_bits, 7);
    ck_assert_ptr_null(derived("a")->output.scales);
    EXPECT(derived("a")->output.frac_bits, 4, 7);
    EXPECT(derived("a")->float_scales, 16, 128);
    ABSENT("a", C2S_ZERO_POINTS);
    finish();
}
END_TEST

START_TEST(unsigned_inputs_have_zero_points)
{
    derive("{'input': [2], 'layers': [['Custom>InputQuantizer', {'name': 'a', 'signed': false, 'axis': 'per-axis'}, "
           "null, [[-1, 0], [3, 0.5]]]]}");
    ck_assert_int_eq(derived("a")->output.value_bits, 8);
    EXPECT(derived("a")->output.frac_bits, 6, 8);
    EXPECT(derived("a")->output.scales, 1);
    INTEGERS("a", C2S_ZERO_POINTS, 64, 0);
    finish();
}
END_TEST

START_TEST(ranges_of_inputs_make_sense)
{
    expect_refused("{'input': [1], 'layers': [" QUANTIZER("a", "per-tensor", "1", "-1") "]}", CNN2SNN_E_VALUE,
                   "Q-014", "a");
    expect_refused("{'input': [1], 'layers': [['Custom>InputQuantizer', {'name': 'a', 'signed': false}, null, "
                   "[[0.5], [1]]]]}",
                   CNN2SNN_E_VALUE, "Q-014", "a");
    expect_refused("{'input': [1], 'layers': [" QUANTIZER("a", "per-tensor", "null", "1") "]}", CNN2SNN_E_VALUE,
                   "Q-007", "a");
}
END_TEST

START_TEST(dequantizers_divide_scales_by_the_fraction)
{
    derive("{'input': [2], 'layers': [" A ", ['Custom>Dequantizer', {'name': 'd'}]]}");
    EXPECT(derived("d")->float_scales, 1.0 / 16, 1.0 / 64);
    ck_assert_int_eq(derived("d")->output.value_bits, 0);
    finish();
}
END_TEST

/* ex. 9 of the specification, with its scales made of weights: 127 * 0.004, and so on */
START_TEST(limits_of_relus_are_aligned)
{
    derive("{'input': [1, 1, 1], 'layers': [['Custom>InputQuantizer', {'name': 'q'}, null, [[-2], [2]]], "
           "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'use_bias': false}, null, "
           "[[0.508, 0.0254]]], ['Custom>QuantizedReLU', {'name': 'r', 'max_value': 6}]]}");
    EXPECT(derived("r")->output.frac_bits, 6);
    INTEGERS("r", C2S_MAX_VALUE_SHIFT, 9, 13);
    INTEGERS("r", C2S_MAX_VALUE, 95744, 1916928);
    finish();
    derive("{'input': [1], 'layers': [" QUANTIZER("a", "per-tensor", "-1",
                                                  "1") ", ['Custom>QuantizedReLU', {'name': 'r', "
                                                       "'max_value': null}]]}");
    ABSENT("r", C2S_MAX_VALUE);
    EXPECT(derived("r")->output.scales, 1);
    ck_assert_int_eq(derived("r")->output.value_bits, 32);
    finish();
}
END_TEST

/* ex. 11 */
START_TEST(outputs_have_mantissas_and_shifts)
{
    derive("{'input': [1, 1, 1], 'layers': [['Custom>InputQuantizer', {'name': 'q'}, null, [[-2], [2]]], "
           "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'use_bias': false, "
           "'quant_config': {'output_quantizer': {'bitwidth': 8, 'axis': 'per-axis'}}}, null, "
           "[[0.508, 2.54], [5, 5], [1, 1]]]]}");
    INTEGERS("c", C2S_OUTPUT_SCALES, 131, 164);
    INTEGERS("c", C2S_OUTPUT_SHIFT, -17, -15);
    EXPECT(derived("c")->output.frac_bits, 4, 4);
    ck_assert_int_eq(derived("c")->output.value_bits, 7);
    ck_assert_ptr_null(derived("c")->output.scales);
    finish();
}
END_TEST

START_TEST(rescaling_rates_count)
{
    derive("{'input': [1, 1, 1], 'layers': [['Custom>InputQuantizer', {'name': 'q'}, null, [[-2], [2]]], "
           "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 1, 'kernel_size': 1, 'use_bias': false, "
           "'quant_config': {'output_quantizer': {'bitwidth': 4, 'signed': false}}}, null, "
           "[[0.508], [5], [5]]]]}");
    /* 0.004 * 5 = 0.02 */
    INTEGERS("c", C2S_OUTPUT_SCALES, 164);
    INTEGERS("c", C2S_OUTPUT_SHIFT, -18);
    EXPECT(derived("c")->output.frac_bits, 1);
    ck_assert_int_eq(derived("c")->output.value_bits, 4);
    finish();
}
END_TEST

/* ex. 12 */
START_TEST(sums_are_aligned_channel_by_channel)
{
    derive("{'input': [2], 'functional': true, 'layers': [" A ", " B ", ['Custom>QuantizedAdd', {'name': 's', "
           "'average': true, 'quant_config': {'output_quantizer': {'bitwidth': 8}}}, ['a', 'b'], [[4]]]]}");
    INTEGERS("s", C2S_A_SHIFT, 1, 0);
    INTEGERS("s", C2S_B_SHIFT, 0, 1);
    EXPECT(derived("s")->accumulator.frac_bits, 6, 7);
    ABSENT("s", C2S_OUTPUT_SCALES);
    INTEGERS("s", C2S_OUTPUT_SHIFT, -1, -2);
    EXPECT(derived("s")->output.frac_bits, 5);
    finish();
    expect_refused("{'input': [2], 'functional': true, 'layers': [" A
                   ", ['Custom>QuantizedAdd', {'name': 's'}, ['a', 'in']]]}",
                   CNN2SNN_E_VALUE, "Q-005", "s");
}
END_TEST

START_TEST(joined_channels_keep_their_numbers)
{
    derive("{'input': [2], 'functional': true, 'layers': [" A ", " QUANTIZER(
        "b", "per-tensor", "-1", "1") ", ['Custom>QuantizedConcatenate', {'name': 's'}, ['a', 'b']]]}");
    EXPECT(derived("s")->output.frac_bits, 4, 6, 7, 7);
    finish();
    expect_refused("{'input': [1, 2], 'functional': true, 'layers': [" A ", " B ", "
                   "['Custom>QuantizedConcatenate', {'name': 's', 'axis': 1}, ['a', 'b']]]}",
                   CNN2SNN_E_UNSUPPORTED, "Q-031", "s");
}
END_TEST

START_TEST(averages_are_sums_with_a_smaller_scale)
{
    derive("{'input': [2, 3, 2], 'layers': [" A ", ['Custom>QuantizedGlobalAveragePooling2D', {'name': 'p'}]]}");
    INTEGERS("p", C2S_INPUT_SHIFT, 2, 0);
    EXPECT(derived("p")->output.scales, (double)(1.0f / 6));
    EXPECT(derived("p")->output.frac_bits, 6);
    ck_assert_int_eq(derived("p")->output.value_bits, 32);
    finish();
    expect_refused("{'input': [null, 3, 2], 'layers': [" A
                   ", ['Custom>QuantizedGlobalAveragePooling2D', {'name': 'p'}]]}",
                   CNN2SNN_E_VALUE, "Q-033", "p");
}
END_TEST

/* 4 value bits with 2 fractional bits: -4 to 3.75 */
#define TABLE(function, more)                                                                                        \
    "{'input': [1], 'layers': [['Custom>InputQuantizer', {'name': 'q', 'bitwidth': 5}, null, [[-4], [4]]], "         \
    "['Custom>QuantizedActivation', {'name': 't', 'activation': '" function "'" more "}]]}"

START_TEST(tables_are_of_every_input)
{
    derive(TABLE("leaky_relu", ", 'alpha': 0.5, 'quant_config': {'lut_bitwidth': 4}"));
    const cnn2snn_tensor *table = derived("t")->integers[C2S_LUT_VALUES];
    ck_assert_uint_eq(table->count, 32);
    const int32_t *values = table->data;
    /* up to 3.75 in steps of 3.75 / 7 */
    ck_assert_int_eq(values[31], 7);
    ck_assert_int_eq(values[16], 0);
    ck_assert_int_eq(values[0], -4);
    EXPECT(derived("t")->output.scales, (double)(3.75f * (1.0f / 7)));
    EXPECT(derived("t")->output.frac_bits, 0);
    ck_assert_int_eq(derived("t")->output.value_bits, 3);
    finish();
}
END_TEST

START_TEST(functions_of_tables)
{
    static const struct {
        const char *text;
        double at_minus_1, at_2;
    } cases[] = {
        {TABLE("gelu", ""), -0.15865525, 1.9544997},
        {TABLE("swish", ""), -0.26894142, 1.7615942},
        {TABLE("hard_silu", ""), -1.0 / 3, 5.0 / 3},
        {TABLE("leaky_relu", ""), -0.2, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        derive(cases[i].text);
        double step = (double)c2s_f32(derived("t")->output.scales)[0];
        const int32_t *values = derived("t")->integers[C2S_LUT_VALUES]->data;
        ck_assert_double_eq_tol(values[16 - 4] * step, cases[i].at_minus_1, step);
        ck_assert_double_eq_tol(values[16 + 8] * step, cases[i].at_2, step);
        finish();
    }
}
END_TEST

START_TEST(tables_need_narrow_inputs_of_one_number)
{
    expect_refused("{'input': [2], 'layers': [" A
                   ", ['Custom>QuantizedActivation', {'name': 't', 'activation': 'gelu'}]]}",
                   CNN2SNN_E_VALUE, "Q-005", "t");
    expect_refused(
        "{'input': [2], 'functional': true, 'layers': [" QUANTIZER(
            "a", "per-tensor", "-1", "1") ", ['Custom>QuantizedAdd', {'name': 's'}, ['a', 'a']], "
                                          "['Custom>QuantizedActivation', {'name': 't', 'activation': 'gelu'}]]}",
        CNN2SNN_E_UNSUPPORTED, "Q-029", "t");
}
END_TEST

START_TEST(flattening_aligns_channels_in_their_own_width)
{
    derive("{'input': [2, 2], 'layers': [" A ", ['Custom>QuantizedFlatten', {'name': 'f'}]]}");
    INTEGERS("f", C2S_FLATTEN_SHIFT, 2, 0);
    ABSENT("f", C2S_INPUT_SHIFT);
    EXPECT(derived("f")->output.frac_bits, 6);
    ck_assert_int_eq(derived("f")->output.value_bits, 7);
    finish();
}
END_TEST

START_TEST(reordering_keeps_the_channels_last)
{
    derive("{'input': [2, 3, 2], 'layers': [" A
           ", ['Custom>QuantizedReshape', {'name': 'r', 'target_shape': [6, 2]}], "
           "['Custom>QuantizedPermute', {'name': 'p', 'dims': [1, 2]}], ['Custom>QuantizedDropout', {'name': 'd', "
           "'rate': 0.5}]]}");
    EXPECT(derived("d")->output.frac_bits, 4, 6);
    finish();
    expect_refused("{'input': [2, 2], 'layers': [" A ", ['Custom>QuantizedReshape', {'name': 'r', "
                   "'target_shape': [4]}]]}",
                   CNN2SNN_E_VALUE, "Q-005", "r");
    expect_refused("{'input': [2, 2], 'layers': [" A ", ['Custom>QuantizedPermute', {'name': 'r', 'dims': [2, 1]}]]}",
                   CNN2SNN_E_VALUE, "Q-005", "r");
    derive("{'input': [2, 3], 'layers': [" QUANTIZER(
        "a", "per-tensor", "-1", "1") ", ['Custom>QuantizedPermute', {'name': 'r', 'dims': [2, 1]}]]}");
    EXPECT(derived("r")->output.frac_bits, 7);
    finish();
}
END_TEST

START_TEST(tokens_of_channels_take_their_numbers)
{
    derive("{'input': [3, 2], 'layers': [" A ", ['Custom>QuantizedExtractToken', {'name': 't', 'token': 1, "
           "'axis': -1}]]}");
    EXPECT(derived("t")->output.frac_bits, 6);
    ck_assert_uint_eq(derived("t")->output.frac_bits->rank, 0);
    finish();
    derive("{'input': [3, 2], 'layers': [" A ", ['Custom>QuantizedExtractToken', {'name': 't', 'token': 2}]]}");
    EXPECT(derived("t")->output.frac_bits, 4, 6);
    finish();
    derive("{'input': [3, 2], 'layers': [" A ", ['Custom>QuantizedExtractToken', {'name': 't', 'token': [1, 0, 1], "
           "'axis': 2}]]}");
    EXPECT(derived("t")->output.frac_bits, 6, 4, 6);
    finish();
}
END_TEST

#define RECURRENT(real, imaginary)                                                                                   \
    "{'input': [4, 1], 'layers': [['Custom>InputQuantizer', {'name': 'q'}, null, [[-2], [2]]], "                     \
    "['Custom>QuantizedStatefulProjection', {'name': 'p', 'units': 2, 'use_bias': false}, null, [[0.508, 2.54]]], "  \
    "['Custom>QuantizedStatefulRecurrent', {'name': 's', 'quant_config': {'a_quantizer': {'bitwidth': 16}, "         \
    "'output_quantizer': {'bitwidth': 16, 'axis': 'per-tensor'}}}, null, [" real ", " imaginary ", [4], [1]]]]}"

START_TEST(states_are_fed_through_shifts)
{
    derive(RECURRENT("[0.9, 0.75]", "[-0.3, 0.6]"));
    INTEGERS("s", C2S_STATE_REAL, 29491, 24576);
    INTEGERS("s", C2S_STATE_IMAGINARY, -9830, 19661);
    /* input: 6 fractional bits, scales 0.004 and 0.02 of 15 and 13; states 13, A 15 */
    INTEGERS("s", C2S_STATE_SCALE, 131, 164);
    INTEGERS("s", C2S_STATE_SHIFT, 13 + 15 - (6 + 15), 13 + 15 - (6 + 13));
    INTEGERS("s", C2S_OUTPUT_SHIFT, -15);
    EXPECT(derived("s")->output.frac_bits, 13, 13);
    ck_assert_int_eq(derived("s")->output.value_bits, 15);
    ck_assert_int_eq(derived("s")->accumulator.value_bits, 31);
    finish();
    expect_refused(RECURRENT("[1.5, 0.75]", "[-0.3, 0.6]"), CNN2SNN_E_VALUE, "Q-036", "s");
}
END_TEST

START_TEST(predictions_become_whole_numbers)
{
    derive("{'inputs': {'in': [1, 1], 'true': [1, 2]}, 'layers': [['Custom>InputQuantizer', {'name': 'q'}, ['in'], "
           "[[-2], [2]]], ['Custom>QuantizedDense', {'name': 'p', 'units': 2, 'use_bias': false}, null, "
           "[[0.508, 2.54]]], ['Custom>InputQuantizer', {'name': 't', 'bitwidth': 16}, ['true']], "
           "['Custom>QuantizedPicoPostProcessing', {'name': 's', 'threshold': 2.5}, ['p', 't'], [[3, 3], [1, 1]]]]}");
    /* 16-bit mantissas of 0.004 and 0.02, of 6 fractional bits, to none */
    INTEGERS("s", C2S_OUTPUT_SCALES, 33554, 41943);
    INTEGERS("s", C2S_OUTPUT_SHIFT, -6 - 23, -6 - 21);
    INTEGERS("s", C2S_THRESHOLD, 2);
    EXPECT(derived("s")->output.frac_bits, 0);
    ck_assert_int_eq(derived("s")->output.value_bits, 1);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("derive_values");
    TCase *cases = tcase_create("core");
    tcase_add_checked_fixture(cases, context_setup, context_teardown);
    tcase_add_test(cases, signed_inputs_are_plain_fixed_point);
    tcase_add_test(cases, unsigned_inputs_have_zero_points);
    tcase_add_test(cases, ranges_of_inputs_make_sense);
    tcase_add_test(cases, dequantizers_divide_scales_by_the_fraction);
    tcase_add_test(cases, limits_of_relus_are_aligned);
    tcase_add_test(cases, outputs_have_mantissas_and_shifts);
    tcase_add_test(cases, rescaling_rates_count);
    tcase_add_test(cases, sums_are_aligned_channel_by_channel);
    tcase_add_test(cases, joined_channels_keep_their_numbers);
    tcase_add_test(cases, averages_are_sums_with_a_smaller_scale);
    tcase_add_test(cases, tables_are_of_every_input);
    tcase_add_test(cases, functions_of_tables);
    tcase_add_test(cases, tables_need_narrow_inputs_of_one_number);
    tcase_add_test(cases, flattening_aligns_channels_in_their_own_width);
    tcase_add_test(cases, reordering_keeps_the_channels_last);
    tcase_add_test(cases, tokens_of_channels_take_their_numbers);
    tcase_add_test(cases, states_are_fed_through_shifts);
    tcase_add_test(cases, predictions_become_whole_numbers);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
