/* SPDX-License-Identifier: Apache-2.0 */
/* Quantizing as QuantizeML does it (spec/quantizeml-ptq.md 2, 5, 6): which layers, bits and quantizers come out. */
#include "../support/graphs.h"

#include <math.h>

#include "base/report.h"
#include "layers/quantizeml_attributes.h"
#include "quantize/qml_quantize.h"

static cnn2snn_report *report;

static void setup(void)
{
    context_setup();
    must(c2s_report_create(context, &report, &error));
}

static void teardown(void)
{
    c2s_report_destroy(report);
    context_teardown();
}

/* Quantizes a graph, which is released; NULL where nothing comes out. */
static struct c2s_graph *quantized_for(struct c2s_graph *graph, cnn2snn_akida_version version, cnn2snn_dtype dtype)
{
    const struct c2s_qml_parameters parameters = c2s_qml_parameters_of(version, dtype);
    struct c2s_graph *out = NULL;
    must(c2s_qml_quantize(graph, &parameters, report, &out, &error));
    c2s_graph_release(graph);
    return out;
}

static struct c2s_graph *quantized(struct c2s_graph *graph)
{
    struct c2s_graph *out = quantized_for(graph, CNN2SNN_AKIDA_V2, CNN2SNN_DTYPE_UINT8);
    ck_assert_ptr_nonnull(out);
    return out;
}

/* "8s/axis", "4u", or "" without an output quantizer. */
static const char *output_of(const struct c2s_graph *graph, const char *name)
{
    static char text[32];
    const struct c2s_output_quantizer *output = c2s_layer_output_quantizer(layer_named(graph, name));
    snprintf(text, sizeof text, "%d%s%s", output ? (int)output->bitwidth : 0, output && output->is_signed ? "s" : "u",
             output && output->per_axis ? "/axis" : "");
    return output ? text : "";
}

static void told(const char *rule, const char *layer, cnn2snn_severity severity)
{
    for (size_t i = 0; i < report->count; i++)
        if (!strcmp(report->faults[i].rule, rule) && !strcmp(report->faults[i].layer, layer)) {
            ck_assert_int_eq(report->faults[i].severity, severity);
            return;
        }
    ck_abort_msg("no %s about %s", rule, layer);
}

#define CONV(name, more) "['Conv2D', {'name': '" name "', 'filters': 2, 'kernel_size': 3, 'padding': 'same'" more "}]"
#define RELU(name) "['ReLU', {'name': '" name "', 'max_value': 6}]"
#define GAP(name) "['GlobalAveragePooling2D', {'name': '" name "'}]"
#define DENSE(name) "['Dense', {'name': '" name "', 'units': 2}]"
#define FLATTEN(name) "['Flatten', {'name': '" name "'}]"

/* ------------------------------------------------------------------------------------------------ outputs */

START_TEST(outputs_are_quantized_where_the_next_layer_needs_it)
{
    struct c2s_graph *graph = quantized(
        sequential("[8, 8, 3]", CONV("c", "") ", " RELU("r") ", " CONV("e", "") ", " FLATTEN("f") ", " DENSE("d")));
    ck_assert_str_eq(names_of(graph), "in input_quantizer c r e f d dequantizer");
    ck_assert_str_eq(output_of(graph, "c"), "");
    ck_assert_str_eq(output_of(graph, "r"), "8s/axis");
    ck_assert_str_eq(output_of(graph, "e"), "8s/axis");
    ck_assert_str_eq(output_of(graph, "d"), "");
    c2s_graph_release(graph);
}
END_TEST

START_TEST(the_average_takes_the_quantizer_of_its_activation)
{
    struct c2s_graph *graph =
        quantized(sequential("[8, 8, 3]", CONV("c", "") ", " RELU("r") ", " GAP("g") ", " DENSE("d")));
    ck_assert_str_eq(output_of(graph, "r"), "");
    ck_assert_str_eq(output_of(graph, "g"), "8s");
    c2s_graph_release(graph);
}
END_TEST

START_TEST(a_table_has_11_bits_in_front)
{
    struct c2s_graph *graph =
        quantized(sequential("[8, 8, 3]", CONV("c", ", 'activation': 'swish'") ", " CONV("e", "")));
    ck_assert_str_eq(output_of(graph, "c"), "11s");
    ck_assert_str_eq(output_of(graph, "c_activ"), "8s/axis");
    c2s_graph_release(graph);
}
END_TEST

START_TEST(states_have_16_bits)
{
    struct c2s_graph *graph =
        quantized(sequential("[8, 3]", "['Dense', {'name': 'a', 'units': 2}], ['Custom>StatefulRecurrent', {'name': "
                                       "'s'}, null, [[0.5, 0.5], [0.25, 0.25]]], " DENSE("d")));
    ck_assert_str_eq(output_of(graph, "a"), ""); /* a state takes what it gets */
    ck_assert_str_eq(output_of(graph, "s"), "16s");
    c2s_graph_release(graph);
}
END_TEST

START_TEST(akida_1_has_4_bits_per_tensor)
{
    struct c2s_graph *graph =
        quantized_for(sequential("[8, 8, 3]", CONV("c", "") ", " RELU("r") ", ['SeparableConv2D', {'name': 's', "
                                                                           "'filters': 2, 'kernel_size': 3}]"),
                      CNN2SNN_AKIDA_V1, CNN2SNN_DTYPE_UINT8);
    ck_assert_str_eq(output_of(graph, "r"), "4u");
    ck_assert_int_eq(c2s_layer_quant_config(layer_named(graph, "c"))->weight_bitwidth, 4);
    ck_assert_int_eq(c2s_layer_quant_config(layer_named(graph, "s"))->pointwise_bitwidth, 4);
    const struct c2s_qml_input_quantizer_attributes *input = layer_named(graph, "input_quantizer")->attributes;
    ck_assert(!input->per_axis && !input->is_signed && input->bitwidth == 8);
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ the input */

START_TEST(the_layer_behind_unsigned_inputs_gets_a_bias_and_padding_by_value)
{
    struct c2s_graph *graph = quantized(sequential("[8, 8, 3]", CONV("c", ", 'use_bias': false") ", " RELU("r")));
    config_is(graph, "c", "padding_value", "[0.0]");
    config_is(graph, "c", "use_bias", "true");
    ck_assert_str_eq(layer_named(graph, "c")->weights[1].name, "bias");
    weight_equals(graph, "c", 1, 0, 0);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(signed_inputs_leave_the_first_layer_as_it_is)
{
    struct c2s_graph *graph = quantized_for(sequential("[8, 8, 4]", CONV("c", ", 'use_bias': false") ", " RELU("r")),
                                            CNN2SNN_AKIDA_V2, CNN2SNN_DTYPE_INT16);
    const struct c2s_qml_input_quantizer_attributes *input = layer_named(graph, "input_quantizer")->attributes;
    ck_assert(input->is_signed && input->bitwidth == 16 && input->per_axis);
    ck_assert_ptr_null(json_object_get(layer_named(graph, "c")->config, "padding_value"));
    ck_assert_uint_eq(layer_named(graph, "c")->weight_count, 1);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(unsigned_inputs_need_a_convolution_or_dense)
{
    c2s_graph_release(quantized(sequential("[8, 8, 3]", "['MaxPooling2D', {'name': 'p'}], " CONV("c", ""))));
    told("P-035", "p", CNN2SNN_SEVERITY_ERROR);
}
END_TEST

START_TEST(an_average_of_the_input_has_nothing_to_be_quantized_by)
{
    c2s_graph_release(
        quantized_for(sequential("[8, 8, 3]", GAP("g") ", " DENSE("d")), CNN2SNN_AKIDA_V2, CNN2SNN_DTYPE_INT8));
    told("P-032", "g", CNN2SNN_SEVERITY_ERROR);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ stops */

START_TEST(quantization_stops_at_what_can_not_be_quantized)
{
    struct c2s_graph *graph = quantized(
        sequential("[8, 8, 3]", CONV("c", "") ", ['UpSampling2D', {'name': 'u'}], " CONV("e", "") ", " RELU("r")));
    ck_assert_str_eq(names_of(graph), "in input_quantizer c c/dequantizer u e r");
    ck_assert_str_eq(layer_named(graph, "e")->class_name, "Conv2D");
    told("P-038", "u", CNN2SNN_SEVERITY_WARNING);
    ck_assert_uint_eq(c2s_report_count_errors(report), 0);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(arguments_that_quantized_classes_lack_stop_it_too)
{
    static const char *const layers[] = {
        "['Conv2D', {'name': 'x', 'filters': 4, 'kernel_size': 1, 'groups': 2}]",
        "['ReLU', {'name': 'x', 'negative_slope': 0.5}]",
        "['ReLU', {'name': 'x', 'threshold': 0.5}]",
        "['SeparableConv2D', {'name': 'x', 'filters': 2, 'kernel_size': 1, 'depth_multiplier': 2}]",
        "['SpatialDropout2D', {'name': 'x', 'rate': 0.5}]",
        "['Softmax', {'name': 'x'}]",
        "['Activation', {'name': 'x', 'activation': 'relu6'}]",
        "['Rescaling', {'name': 'x', 'scale': [0.5]}]"};
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        char text[1024];
        snprintf(text, sizeof text, "%s, %s, %s", CONV("c", ""), layers[i], CONV("e", ""));
        struct c2s_graph *graph = quantized(sequential("[8, 8, 3]", text));
        ck_assert_msg(!c2s_layer_is_qml_quantized(layer_named(graph, "x")), "%s", layers[i]);
        ck_assert(!c2s_layer_is_qml_quantized(layer_named(graph, "e")));
        ck_assert(c2s_layer_is_qml_quantized(layer_named(graph, "c/dequantizer")));
        c2s_graph_release(graph);
    }
}
END_TEST

START_TEST(all_layers_that_can_not_be_quantized_are_told)
{
    static const char *const names[] = {"u", "s", "o", "m"};
    c2s_graph_release(quantized(graph_of("{'input': [8, 8, 3], 'functional': true, 'layers': [" CONV(
        "c", "") ", "
                 "['UpSampling2D', {'name': 'u'}], " CONV("e",
                                                          "") ", ['Softmax', {'name': 's'}, ['c']], "
                                                              "['TFOpLambda', {'name': 'o', 'function': 'math.exp'}, "
                                                              "['e']], ['Multiply', {'name': 'm'}, ['o', 's']]]}")));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        told("P-038", names[i], CNN2SNN_SEVERITY_WARNING);
    ck_assert_uint_eq(report->count, 4); /* what could be quantized isn't among them */
}
END_TEST

START_TEST(nothing_to_quantize_is_a_fault)
{
    ck_assert_ptr_null(quantized_for(sequential("[8, 8, 3]", "['UpSampling2D', {'name': 'u'}], " CONV("c", "")),
                                     CNN2SNN_AKIDA_V2, CNN2SNN_DTYPE_UINT8));
    told("P-038", "u", CNN2SNN_SEVERITY_ERROR);
    ck_assert_uint_eq(report->count, 1);
}
END_TEST

START_TEST(open_shapes_several_inputs_and_shared_layers_are_faults)
{
    ck_assert_ptr_null(
        quantized_for(sequential("[null, 8, 3]", CONV("c", "")), CNN2SNN_AKIDA_V2, CNN2SNN_DTYPE_UINT8));
    told("P-003", "in", CNN2SNN_SEVERITY_ERROR);
    c2s_graph_release(
        quantized(graph_of("{'inputs': {'a': [4], 'b': [4]}, 'layers': [['Dense', {'name': 'd', 'units': 2}, "
                           "['a']], ['Dense', {'name': 'd', 'units': 2}, ['b']], ['Add', {'name': 's'}, "
                           "['d', 'd']]]}")));
    told("P-004", "", CNN2SNN_SEVERITY_ERROR);
    told("Q-051", "d", CNN2SNN_SEVERITY_ERROR);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ calibration */

/* Sample values are 0 to 255, the kernel is 1: ranges just below 256 become the ideal one, and Dense makes up for it.
 */
START_TEST(ranges_use_all_bits_and_the_next_weights_make_up_for_it)
{
    struct c2s_graph *graph = quantized_for(
        sequential("[16, 16, 1]",
                   "['Conv2D', {'name': 'c', 'filters': 1, 'kernel_size': 1}, null, [[1], [0]]], "
                   "['ReLU', {'name': 'r'}], ['Conv2D', {'name': 'e', 'filters': 1, 'kernel_size': 1}, null, "
                   "[[1], [0]]]"),
        CNN2SNN_AKIDA_V2, CNN2SNN_DTYPE_UINT8);
    ck_assert_str_eq(layer_named(graph, "c")->class_name, "Custom>QuantizedDepthwiseConv2D");
    c2s_graph_release(graph);
    told("P-035", "c", CNN2SNN_SEVERITY_ERROR); /* one channel, one filter: depthwise */
    graph = quantized(
        sequential("[16, 16, 1]",
                   "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1}, null, [[1, 0.5], [0, 0]]], "
                   "['ReLU', {'name': 'r'}], ['Conv2D', {'name': 'e', 'filters': 1, 'kernel_size': 1}, null, [[1, "
                   "1], [0]]]"));
    const float *range = c2s_f32(layer_named(graph, "r")->weights[0].tensor);
    const float *rate = c2s_f32(layer_named(graph, "r")->weights[1].tensor);
    const float *kernel = c2s_f32(layer_named(graph, "e")->weights[0].tensor);
    ck_assert_float_eq(range[0], 127.5f);
    for (size_t i = 0; i < 2; i++) {
        ck_assert_float_eq(kernel[i], 1 / rate[i]);
        ck_assert_float_gt(range[i] / rate[i], range[i]); /* what was seen exceeds the ideal below a power of two */
    }
    ck_assert_float_eq(range[1], range[0] / 2);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(the_layer_behind_an_add_stays_as_it_is)
{
    struct c2s_graph *graph = quantized(
        graph_of("{'input': [8, 8, 2], 'functional': true, 'layers': [['Conv2D', {'name': 'c', 'filters': 2, "
                 "'kernel_size': 1},"
                 "null, [[1, 0, 0, 0.7], [0, 0]]], ['Conv2D', {'name': 'e', 'filters': 2, 'kernel_size': 1}, null,"
                 "[[1, 0.5, 0.5, 1], [0, 0]]], ['Add', {'name': 'a'}, ['c', 'e']],"
                 "['Conv2D', {'name': 'f', 'filters': 2, 'kernel_size': 1}, null, [[1, 2, 3, 4], [0, 0]]]]}"));
    ck_assert_str_eq(output_of(graph, "a"), "8s/axis");
    const float *kernel = c2s_f32(layer_named(graph, "f")->weights[0].tensor);
    for (size_t i = 0; i < 4; i++)
        ck_assert_float_eq(kernel[i], (float)(i + 1));
    c2s_graph_release(graph);
}
END_TEST

/* Kernels of transposed convolutions have their channels last. */
START_TEST(a_transposed_convolution_makes_up_for_ranges_by_channel)
{
    struct c2s_graph *graph = quantized(sequential(
        "[16, 16, 1]", "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1}, null, [[1, 0.3], [0, 0]]],"
                       "['ReLU', {'name': 'r'}], ['Conv2DTranspose', {'name': 't', 'filters': 3, "
                       "'kernel_size': 1}, null, [[1, 1, 1, 1, 1, 1], [0, 0, 0]]]"));
    const float *rate = c2s_f32(layer_named(graph, "r")->weights[1].tensor);
    const float *kernel = c2s_f32(layer_named(graph, "t")->weights[0].tensor);
    ck_assert_float_ne(rate[0], rate[1]);
    for (size_t i = 0; i < 6; i++)
        ck_assert_float_eq(kernel[i], 1 / rate[i % 2]);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(ranges_of_the_input_are_those_of_its_integers)
{
    struct c2s_graph *graph = quantized(sequential("[32, 32, 1]", CONV("c", "") ", " RELU("r")));
    const cnn2snn_layer *input = layer_named(graph, "input_quantizer");
    ck_assert_float_eq(c2s_f32(input->weights[0].tensor)[0], 0);
    ck_assert_float_gt(c2s_f32(input->weights[1].tensor)[0], 200);
    ck_assert_float_le(c2s_f32(input->weights[1].tensor)[0], 255);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(ranges_are_found_through_layers_of_quantizeml)
{
    struct c2s_graph *graph = quantized(sequential(
        "[8, 8, 3]", "['Rescaling', {'name': 's', 'scale': 0.5, 'offset': -1}], " CONV(
                         "c", ", 'activation': 'swish'") ", "
                                                         "['Custom>DepthwiseConv2DTranspose', {'name': 't', "
                                                         "'kernel_size': 3, 'strides': 2, 'padding': 'same'}], "
                                                         "['LeakyReLU', {'name': 'l'}], " CONV("e", "")));
    static const char *const names[] = {"c", "c_activ", "t", "l"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const cnn2snn_tensor *range = c2s_layer_weight(layer_named(graph, names[i]), "output_quantizer/range_max");
        ck_assert_msg(range && c2s_f32(range)[0] > 1, "%s", names[i]);
    }
    c2s_graph_release(graph);
}
END_TEST

START_TEST(ranges_without_end_are_left_as_they_are)
{
    struct c2s_graph *graph = quantized(sequential(
        "[2, 2, 1]", "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1}, null, [[3e38, 1], [0, 0]]], "
                     "['ReLU', {'name': 'r'}], ['Conv2D', {'name': 'e', 'filters': 1, 'kernel_size': 1}, "
                     "null, [[1, 1], [0]]]"));
    ck_assert(isinf(c2s_f32(layer_named(graph, "r")->weights[0].tensor)[0]));
    weight_equals(graph, "r", 1, 1, 1);
    weight_equals(graph, "e", 0, 1, 1);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(models_too_large_to_run_are_quantized_without_ranges)
{
    struct c2s_graph *graph =
        quantized(sequential("[65536, 65536, 1]", CONV("c", "") ", " RELU("r") ", " CONV("e", "")));
    ck_assert_float_eq(c2s_f32(layer_named(graph, "r")->weights[0].tensor)[0], 1);
    c2s_graph_release(graph);
}
END_TEST

static cnn2snn_status quantize(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **out_error)
{
    const struct c2s_qml_parameters parameters = c2s_qml_parameters_of(CNN2SNN_AKIDA_V2, CNN2SNN_DTYPE_UINT8);
    cnn2snn_report *entries = NULL;
    cnn2snn_status status = c2s_report_create(context, &entries, out_error);
    if (!status)
        status = c2s_qml_quantize(graph, &parameters, entries, out_graph, out_error);
    c2s_report_destroy(entries);
    return status;
}

START_TEST(memory_may_fail_anywhere)
{
    context_with_failing_allocator();
    struct c2s_graph *graph = graph_of(
        "{'input': [4, 4, 3], 'functional': true, 'layers': ["
        "['Rescaling', {'name': 's', 'scale': 0.5, 'offset': -1}],"
        "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 3, 'padding': 'same', 'activation': 'swish'}],"
        "['Conv2D', {'name': 'e', 'filters': 2, 'kernel_size': 1}], ['Add', {'name': 'a'}, ['e', 'c']],"
        "['GlobalAveragePooling2D', {'name': 'g'}], ['Dense', {'name': 'd', 'units': 2}], ['Softmax', {'name': "
        "'m'}]]}");
    fail_each_allocation(quantize, graph);
    c2s_graph_release(graph);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("qml_quantize");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_set_timeout(tests, 240);
    tcase_add_test(tests, outputs_are_quantized_where_the_next_layer_needs_it);
    tcase_add_test(tests, the_average_takes_the_quantizer_of_its_activation);
    tcase_add_test(tests, a_table_has_11_bits_in_front);
    tcase_add_test(tests, states_have_16_bits);
    tcase_add_test(tests, akida_1_has_4_bits_per_tensor);
    tcase_add_test(tests, the_layer_behind_unsigned_inputs_gets_a_bias_and_padding_by_value);
    tcase_add_test(tests, signed_inputs_leave_the_first_layer_as_it_is);
    tcase_add_test(tests, unsigned_inputs_need_a_convolution_or_dense);
    tcase_add_test(tests, an_average_of_the_input_has_nothing_to_be_quantized_by);
    tcase_add_test(tests, quantization_stops_at_what_can_not_be_quantized);
    tcase_add_test(tests, arguments_that_quantized_classes_lack_stop_it_too);
    tcase_add_test(tests, all_layers_that_can_not_be_quantized_are_told);
    tcase_add_test(tests, nothing_to_quantize_is_a_fault);
    tcase_add_test(tests, open_shapes_several_inputs_and_shared_layers_are_faults);
    tcase_add_test(tests, ranges_use_all_bits_and_the_next_weights_make_up_for_it);
    tcase_add_test(tests, a_transposed_convolution_makes_up_for_ranges_by_channel);
    tcase_add_test(tests, the_layer_behind_an_add_stays_as_it_is);
    tcase_add_test(tests, ranges_of_the_input_are_those_of_its_integers);
    tcase_add_test(tests, ranges_are_found_through_layers_of_quantizeml);
    tcase_add_test(tests, ranges_without_end_are_left_as_they_are);
    tcase_add_test(tests, models_too_large_to_run_are_quantized_without_ranges);
    tcase_add_test(tests, memory_may_fail_anywhere);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
