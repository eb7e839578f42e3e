/* SPDX-License-Identifier: Apache-2.0 */
/* Whole graphs: integer inputs, floats in between, what is refused, and lack of memory. */
#include "derive_testing.h"

#define QUANTIZER "['Custom>InputQuantizer', {'name': 'q', 'axis': 'per-axis'}, null, [[-4, -1], [4, 1]]]"

static struct c2s_graph *graph_of_input(const char *dtype)
{
    char text[160];
    snprintf(text, sizeof text, "{'name': 'in', 'batch_input_shape': [null, 2], 'dtype': '%s'}", dtype);
    json_t *config = json(text), *dense_config = json("{'name': 'd', 'units': 1}");
    cnn2snn_layer *input = layer_of("InputLayer", config, NULL),
                  *dense = layer_of("Custom>QuantizedDense", dense_config, NULL);
    struct c2s_graph *made;
    must(c2s_graph_create_sequential(context, "net", input, 1, &dense, &made, &error));
    must(c2s_graph_build(made, &error));
    json_decref(config);
    json_decref(dense_config);
    c2s_layer_release(input);
    c2s_layer_release(dense);
    return made;
}

START_TEST(integers_come_as_their_type_has_them)
{
    static const struct {
        const char *dtype;
        int value_bits, taken;
    } cases[] = {{"uint8", 8, 8}, {"int8", 7, 7}, {"int16", 15, 15}, {"uint16", 16, 16}, {"float32", 0, 8}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        graph = graph_of_input(cases[i].dtype);
        must(c2s_derive(graph, &derivation, &error));
        ck_assert_int_eq(derivation->nodes[0].output.value_bits, cases[i].value_bits);
        ck_assert_int_eq(derivation->nodes[1].input.value_bits, cases[i].taken);
        finish();
    }
    graph = graph_of_input("int32");
    refused(c2s_derive(graph, &derivation, &error), CNN2SNN_E_VALUE, "Q-005", "d");
    c2s_graph_release(graph);
}
END_TEST

START_TEST(a_graph_is_known_by_any_of_its_layers)
{
    static const struct {
        const char *text;
        bool expected;
    } cases[] = {
        {"{'input': [2], 'layers': [['QuantizedReLU', {'name': 'r', 'bitwidth': 4}]]}", false},
        {"{'input': [2], 'layers': [['Dense', {'name': 'r', 'units': 4}], ['Custom>Dequantizer', {'name': 'd'}]]}",
         true},
        {"{'input': [2], 'layers': [['Custom>Activation', {'name': 'r', 'activation': 'gelu'}]]}", true},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        graph = graph_of(cases[i].text);
        ck_assert(c2s_graph_is_quantizeml(graph) == cases[i].expected);
        c2s_graph_release(graph);
    }
}
END_TEST

START_TEST(floats_are_fine_in_front_and_behind)
{
    derive("{'input': [2], 'layers': [['Dense', {'name': 'f', 'units': 2}], " QUANTIZER
           ", ['Dropout', {'name': 'x', 'rate': 0.5}], ['Custom>Dequantizer', {'name': 'd'}], "
           "['Softmax', {'name': 's'}], ['Dense', {'name': 'g', 'units': 2}]]}");
    ck_assert_int_eq(derived("f")->output.value_bits, 0);
    ck_assert_int_eq(derived("x")->output.value_bits, 7);
    ck_assert_int_eq(derived("g")->output.value_bits, 0);
    finish();
    derive("{'input': [2], 'layers': [" QUANTIZER
           ", ['Custom>Dequantizer', {'name': 'd'}], ['TFOpLambda', {'name': 'o'}]]}");
    ck_assert_int_eq(derived("o")->output.value_bits, 0);
    finish();
    derive("{'input': [2], 'layers': [" QUANTIZER ", ['Activation', {'name': 's', 'activation': 'softmax'}]]}");
    ck_assert_int_eq(derived("s")->output.value_bits, 0);
    finish();
}
END_TEST

START_TEST(what_does_not_belong_is_named)
{
    expect_refused("{'input': [2], 'layers': [" QUANTIZER ", ['Dense', {'name': 'f', 'units': 2}]]}",
                   CNN2SNN_E_UNSUPPORTED, "Q-056", "f");
    expect_refused("{'input': [2], 'layers': [['Custom>QuantizedReLU', {'name': 'r'}]]}", CNN2SNN_E_VALUE, "Q-005",
                   "r");
    expect_refused("{'input': [2], 'layers': [" QUANTIZER ", ['Custom>InputQuantizer', {'name': 'r'}]]}",
                   CNN2SNN_E_VALUE, "Q-014", "r");
    expect_refused("{'input': [2], 'layers': [['Custom>QuantizedShiftmax', {'name': 'r'}]]}", CNN2SNN_E_UNSUPPORTED,
                   "Q-020", "r");
    expect_refused("{'input': [2], 'layers': [" QUANTIZER ", ['TFOpLambda', {'name': 'o'}]]}", CNN2SNN_E_UNSUPPORTED,
                   "Q-020", "o");
}
END_TEST

/* Some of everything that allocates. */
static const char everything[] =
    "{'input': [4, 4, 2], 'functional': true, 'layers': [" QUANTIZER
    ", ['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'padding_value': 0.5, "
    "'quant_config': {'output_quantizer': {'axis': 'per-axis'}}}], "
    "['Custom>QuantizedSeparableConv2D', {'name': 's', 'filters': 2, 'kernel_size': 1}], "
    "['Custom>QuantizedReLU', {'name': 'r', 'quant_config': {'output_quantizer': {'axis': 'per-axis'}}}], "
    "['Custom>QuantizedAdd', {'name': 'a', 'quant_config': {'output_quantizer': {'bitwidth': 8}}}, ['c', 'r']], "
    "['Custom>QuantizedActivation', {'name': 't', 'activation': 'swish', "
    "'quant_config': {'output_quantizer': {'axis': 'per-axis'}}}], "
    "['Custom>QuantizedConv2DTranspose', {'name': 'u', 'filters': 2, 'kernel_size': 3, 'strides': 2, "
    "'padding': 'same', 'quant_config': {'output_quantizer': {'axis': 'per-axis'}}}], "
    "['Custom>QuantizedConcatenate', {'name': 'j'}, ['u', 'u']], "
    "['Custom>QuantizedGlobalAveragePooling2D', {'name': 'g', 'quant_config': {'output_quantizer': "
    "{'axis': 'per-axis'}}}], ['Custom>QuantizedFlatten', {'name': 'f'}], "
    "['Custom>QuantizedReshape', {'name': 'h', 'target_shape': [2, 2]}], "
    "['Custom>QuantizedStatefulProjection', {'name': 'p', 'units': 2, 'use_bias': false}], "
    "['Custom>QuantizedStatefulRecurrent', {'name': 'v', 'quant_config': {'output_quantizer': {'bitwidth': 16}}}], "
    "['Custom>QuantizedExtractToken', {'name': 'k', 'token': 0, 'axis': -1}], "
    "['Custom>QuantizedDense', {'name': 'd', 'units': 2}], "
    "['Custom>QuantizedPicoPostProcessing', {'name': 'o', 'threshold': 2}, ['d', 'k']], "
    "['Custom>QuantizedRescaling', {'name': 'w', 'scale': 2}], ['Custom>Dequantizer', {'name': 'z'}]]}";

START_TEST(every_allocation_may_fail)
{
    context_with_failing_allocator();
    graph = graph_of(everything);
    cnn2snn_status status = CNN2SNN_E_NO_MEMORY;
    int count = 0;
    for (; status; count++) {
        ck_assert_int_eq(status, CNN2SNN_E_NO_MEMORY);
        c2s_error_clear(&error);
        allocations_left = count;
        status = c2s_derive(graph, &derivation, &error);
        allocations_left = -1;
        if (status && status != CNN2SNN_E_NO_MEMORY)
            ck_abort_msg("%s", error->text);
    }
    ck_assert_int_gt(count, 100);
    finish();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("derive_graph");
    TCase *cases = tcase_create("core");
    tcase_add_checked_fixture(cases, context_setup, context_teardown);
    tcase_add_test(cases, integers_come_as_their_type_has_them);
    tcase_add_test(cases, a_graph_is_known_by_any_of_its_layers);
    tcase_add_test(cases, floats_are_fine_in_front_and_behind);
    tcase_add_test(cases, what_does_not_belong_is_named);
    tcase_add_test(cases, every_allocation_may_fail);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
