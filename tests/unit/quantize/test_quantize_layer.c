/* SPDX-License-Identifier: Apache-2.0 */
/* quantize_layer: one layer is quantized by the rules of quantize, and nothing else changes. */
#include "quantize_testing.h"

static void layer_quantized(size_t layer, int32_t bitwidth)
{
    source = sequential("[2, 2, 1]", BASE);
    must(c2s_graph_quantize_layer(source, layer, bitwidth, NULL, NULL, &result, &error));
}

/* The document's example: a Dense, by its index 0, to 4 bits; then to 2. */
START_TEST(l021_l022_the_example_of_a_dense)
{
    source = sequential("[3]", "['Dense', {'name': 'd', 'units': 2}, [], [[1, 2, 3, 4, 5, 6], [7, 8]]]," RELU("r"));
    must(c2s_graph_quantize_layer(source, 0, 4, NULL, NULL, &result, &error));
    is_now("d", "QuantizedDense MaxPerAxisQuantizer 4");
    is_now("r", "ReLU");
    weight_equals(result, "d", 0, 1, 2, 3, 4, 5, 6);
    weight_equals(result, "d", 1, 7, 8);
    c2s_graph_release(source);
    source = result;
    must(c2s_graph_quantize_layer(source, 0, 2, NULL, NULL, &result, &error));
    is_now("d", "QuantizedDense MaxPerAxisQuantizer 2");
    weight_equals(result, "d", 0, 1, 2, 3, 4, 5, 6);
    release();
}
END_TEST

START_TEST(l021_l026_one_layer_is_quantized_and_the_others_stay)
{
    layer_quantized(5, 4);
    is_now("d", "QuantizedDense MaxPerAxisQuantizer 4");
    ck_assert_str_eq(result->name, "net");
    ck_assert_str_eq(names_of(result), "in c r s r2 f d");
    for (size_t i = 0; i < 6; i++)
        ck_assert_ptr_eq(result->layers[i], source->layers[i]);
    release();
}
END_TEST

START_TEST(l022_a_quantized_layer_gets_other_bits)
{
    layer_quantized(2, 4);
    c2s_graph_release(source);
    source = result;
    must(c2s_graph_quantize_layer(source, 2, 2, NULL, NULL, &result, &error));
    is_now("s", "QuantizedSeparableConv2D MaxPerAxisQuantizer 2 MaxQuantizer 2");
    release();
}
END_TEST

START_TEST(l024_the_input_of_a_functional_model_counts)
{
    source = graph_of(branches);
    must(c2s_graph_quantize_layer(source, 1, 4, NULL, NULL, &result, &error));
    is_now("a", "QuantizedDense MaxPerAxisQuantizer 4");
    is_now("b", "Dense");
    c2s_graph_release(result);
    result = NULL;
    refused(c2s_graph_quantize_layer(source, 5, 4, NULL, NULL, &result, &error), CNN2SNN_E_INDEX, "L-024", NULL);
    release();
}
END_TEST

START_TEST(l024_an_index_behind_the_last_layer)
{
    source = sequential("[2]", DENSE("d"));
    refused(c2s_graph_quantize_layer(source, 1, 4, NULL, NULL, &result, &error), CNN2SNN_E_INDEX, "L-024", NULL);
    release();
}
END_TEST

START_TEST(l027_one_layer_by_the_function)
{
    double threshold = 1;
    called[0] = 0;
    source = sequential("[2, 2, 1]", BASE);
    must(c2s_graph_quantize_layer(source, 0, 4, write_call, &threshold, &result, &error));
    ck_assert_str_eq(called, "(c, MaxPerAxisQuantizer 4)");
    is_now("c", "QuantizedConv2D StdWeightQuantizer 4");
    release();
}
END_TEST

START_TEST(l028_a_layer_that_can_not_be_quantized_is_no_error)
{
    layer_quantized(4, 4);
    for (size_t i = 0; i < source->layer_count; i++)
        ck_assert_ptr_eq(result->layers[i], source->layers[i]);
    release();
}
END_TEST

START_TEST(l029_bits_are_checked_before_the_layer)
{
    source = sequential("[2]", DENSE("d"));
    refused(c2s_graph_quantize_layer(source, 99, 0, NULL, NULL, &result, &error), CNN2SNN_E_VALUE, "L-029", NULL);
    refused(c2s_graph_quantize_layer(source, 0, -1, NULL, NULL, &result, &error), CNN2SNN_E_VALUE, "L-029", NULL);
    refused(c2s_graph_quantize_layer(source, 0, 1, NULL, NULL, &result, &error), CNN2SNN_E_VALUE, "L-a1", "d");
    release();
    layer_quantized(1, 1);
    is_now("r", "QuantizedReLU 1 6");
    release();
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("core");
    tcase_add_test(cases, l021_l022_the_example_of_a_dense);
    tcase_add_test(cases, l021_l026_one_layer_is_quantized_and_the_others_stay);
    tcase_add_test(cases, l022_a_quantized_layer_gets_other_bits);
    tcase_add_test(cases, l024_the_input_of_a_functional_model_counts);
    tcase_add_test(cases, l024_an_index_behind_the_last_layer);
    tcase_add_test(cases, l027_one_layer_by_the_function);
    tcase_add_test(cases, l028_a_layer_that_can_not_be_quantized_is_no_error);
    tcase_add_test(cases, l029_bits_are_checked_before_the_layer);
    return run("quantize_layer", cases);
}
