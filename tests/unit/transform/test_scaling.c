/* SPDX-License-Identifier: Apache-2.0 */
/* Sizes of filters evened out between layers (L-078), inside of separable ones (L-080, L-081), and told (L-079). */
#include "../support/graphs.h"

#include <math.h>

#include "transform/transform.h"

static struct c2s_graph *source, *result;

static void release(void)
{
    c2s_graph_release(source);
    c2s_graph_release(result);
    source = result = NULL;
}

static void weight_near(const char *name, size_t index, size_t count, const float *expected)
{
    const cnn2snn_tensor *tensor = layer_named(result, name)->weights[index].tensor;
    ck_assert_uint_eq(tensor->count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert(fabsf(c2s_f32(tensor)[i] - expected[i]) <= 1e-6f * fabsf(expected[i]));
}
#define is_near(name, index, ...)                                                                                    \
    weight_near(name, index, sizeof((float[]){__VA_ARGS__}) / sizeof(float), (float[]){__VA_ARGS__})

#define EX26                                                                                                         \
    "['Dense', {'name': 'd1', 'units': 2}, [], [[4, 1, -2, 0.5], [1, 2]]], ['ReLU', {'name': 'r'}],"                 \
    "['Dense', {'name': 'd2', 'units': 2}, [], [[1, -0.5, 0.25, 4], [0, 1]]]"
#define EX27                                                                                                         \
    "['SeparableConv2D', {'name': 's', 'filters': 2, 'kernel_size': 1}, [], [[2, -8], [0.5, 1, 2, -4], [1, -1]]],"   \
    "['ReLU', {'name': 'r'}], ['Conv2D', {'name': 'c', 'filters': 1, 'kernel_size': 1}, [], [[3, -6], [0.5]]]"

static void scaled(const char *input, const char *layers)
{
    source = sequential(input, layers);
    must(c2s_cross_layer_scaling(source, &result, &error));
    must(c2s_graph_verify(result, &error));
    ck_assert_str_eq(result->name, source->name);
}

START_TEST(ex26_l078_between_dense_layers)
{
    scaled("[2]", EX26);
    is_near("d1", 0, 2, 2, -1, 1);
    is_near("d1", 1, 0.5f, 4);
    is_near("d2", 0, 2, -1, 0.125f, 2);
    is_near("d2", 1, 0, 1);
    weight_equals(source, "d1", 0, 4, 1, -2, 0.5f);
    release();
}
END_TEST

START_TEST(ex27_l078_inside_of_a_separable_layer_and_behind_it)
{
    scaled("[1, 1, 2]", EX27);
    is_near("s", 0, 1.4142135f, -5.656854f);
    is_near("s", 1, 0.7282376f, 1.4564753f, 2.9129505f, -5.825901f);
    is_near("s", 2, 1.0298835f, -1.0298835f);
    is_near("c", 0, 2.9129508f, -5.8259015f);
    is_near("c", 1, 0.5f);
    release();
}
END_TEST

START_TEST(ex28_filters_that_two_layers_read_stay)
{
    /* The reference scales them for one of the two, and the model computes something else. */
    source = graph_of("{'inputs': {'x': [2]}, 'layers': [['Dense', {'name': 's', 'units': 2}, [], [[4, 1, 2, 2], [0, "
                      "0]]], ['Dense', {'name': 'a', 'units': 1, 'use_bias': false}, ['s']],"
                      "['Dense', {'name': 'b', 'units': 1, 'use_bias': false}, ['s']],"
                      "['Concatenate', {'name': 'cat'}, ['a', 'b']]]}");
    must(c2s_cross_layer_scaling(source, &result, &error));
    for (size_t i = 0; i < source->layer_count; i++)
        ck_assert_ptr_eq(result->layers[i], source->layers[i]);
    release();
}
END_TEST

START_TEST(l078_an_output_of_the_model_stays)
{
    source = graph_of("{'inputs': {'x': [2]}, 'layers': [" EX26 "], 'outputs': ['r', 'd2']}");
    must(c2s_cross_layer_scaling(source, &result, &error));
    ck_assert_ptr_eq(layer_named(result, "d1"), layer_named(source, "d1"));
    release();
}
END_TEST

START_TEST(l078_shared_layers_stay)
{
    source = graph_of("{'inputs': {'x': [2]}, 'layers': [['Dense', {'name': 'd', 'units': 2}], ['ReLU', {'name': "
                      "'r'}], ['Dense', {'name': 'd'}, ['r']]]}");
    must(c2s_cross_layer_scaling(source, &result, &error));
    ck_assert_ptr_eq(layer_named(result, "d"), layer_named(source, "d"));
    release();
}
END_TEST

START_TEST(l078_pooling_lets_it_through_and_bounds_do_not)
{
    const char *between[] = {"['MaxPooling2D', {'name': 'b', 'pool_size': 1}]",
                             "['ReLU', {'name': 'b'}]",
                             "['ReLU', {'name': 'b', 'max_value': 6}]",
                             "['ReLU', {'name': 'b', 'threshold': 1}]",
                             "['BatchNormalization', {'name': 'b'}]",
                             "['QuantizedReLU', {'name': 'b', 'bitwidth': 4}]",
                             "['Activation', {'name': 'b', 'activation': 'relu'}]"};
    for (size_t i = 0; i < sizeof between / sizeof *between; i++) {
        char layers[1000];
        snprintf(layers, sizeof layers,
                 "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1}, [], [[4, 1], [1, 1]]], %s,"
                 "['Conv2D', {'name': 'd', 'filters': 1, 'kernel_size': 1}]",
                 between[i]);
        scaled("[2, 2, 1]", layers);
        ck_assert_msg((layer_named(result, "c") == layer_named(source, "c")) == (i >= 2), "%s", between[i]);
        release();
    }
}
END_TEST

START_TEST(l078_an_activation_inside_of_the_layer_stops_it)
{
    scaled("[2]", "['Dense', {'name': 'd', 'units': 2, 'activation': 'tanh'}], ['Dense', {'name': 'e', 'units': 2}]");
    ck_assert_ptr_eq(layer_named(result, "d"), layer_named(source, "d"));
    release();
    scaled("[2]", "['Dense', {'name': 'd', 'units': 2, 'activation': 'relu'}], ['Dense', {'name': 'e', 'units': 2}]");
    ck_assert_ptr_ne(layer_named(result, "d"), layer_named(source, "d"));
    release();
}
END_TEST

START_TEST(l078_zeros_are_not_scaled)
{
    scaled("[2]", "['Dense', {'name': 'd', 'units': 2}, [], [[4, 0, -2, 0], [1, 2]]],"
                  "['Dense', {'name': 'e', 'units': 1}, [], [[1, 3], [0]]]");
    is_near("d", 0, 2, 0, -1, 0);
    is_near("d", 1, 0.5f, 2);
    is_near("e", 0, 2, 3);
    release();
}
END_TEST

START_TEST(l078_a_layer_without_bias_is_an_index_error)
{
    source = sequential("[2]", "['Dense', {'name': 'd', 'units': 2, 'use_bias': false}],"
                               "['Dense', {'name': 'e', 'units': 1}]");
    refused(c2s_cross_layer_scaling(source, &result, &error), CNN2SNN_E_INDEX, "L-078", "d");
    release();
}
END_TEST

START_TEST(l078_channels_must_be_the_filters)
{
    source = sequential("[2, 2, 1]", "['Conv2D', {'name': 'c', 'filters': 4, 'kernel_size': 1}],"
                                     "['Conv2D', {'name': 'g', 'filters': 2, 'kernel_size': 1, 'groups': 2}]");
    refused(c2s_cross_layer_scaling(source, &result, &error), CNN2SNN_E_VALUE, "L-078", "c");
    release();
}
END_TEST

START_TEST(l078_a_transposed_convolution_has_its_filters_elsewhere)
{
    scaled("[1, 1, 1]", "['Conv2DTranspose', {'name': 't', 'filters': 2, 'kernel_size': 1}, [], [[4, 1], [1, 1]]],"
                        "['Conv2DTranspose', {'name': 'u', 'filters': 1, 'kernel_size': 1}, [], [[1, 4], [0]]]");
    is_near("t", 0, 2, 2);
    is_near("u", 0, 2, 2);
    release();
}
END_TEST

START_TEST(ex31_l079_homogeneity)
{
    float rate = 0;
    source = sequential("[2]", EX26);
    must(c2s_weights_homogeneity(layer_named(source, "d1"), &rate, &error));
    ck_assert_float_eq(rate, 0.625f);
    must(c2s_weights_homogeneity(layer_named(source, "d2"), &rate, &error));
    ck_assert_float_eq(rate, 0.625f);
    ck_assert(!c2s_has_weights_homogeneity(layer_named(source, "r")));
    must(c2s_cross_layer_scaling(source, &result, &error));
    must(c2s_weights_homogeneity(layer_named(result, "d1"), &rate, &error));
    ck_assert_float_eq_tol(rate, 1, 1e-6f);
    release();
    source = sequential("[1, 1, 2]", EX27);
    must(c2s_weights_homogeneity(layer_named(source, "s"), &rate, &error));
    ck_assert_float_eq(rate, 0.75f);
    must(c2s_weights_homogeneity(layer_named(source, "c"), &rate, &error));
    ck_assert_float_eq(rate, 1);
    release();
}
END_TEST

START_TEST(l079_a_layer_of_zeros_has_none)
{
    float rate = 0;
    source = sequential("[1]", "['Dense', {'name': 'd', 'units': 2}, [], [[0, 0]]]");
    must(c2s_weights_homogeneity(layer_named(source, "d"), &rate, &error));
    ck_assert(isnan(rate));
    release();
}
END_TEST

START_TEST(ex29_l080_l081_separable_layers_are_normalized)
{
    source = sequential("[1, 1, 2]", EX27);
    must(c2s_normalize_separable_model(source, &result, &error));
    is_near("s", 0, 1, -1);
    is_near("s", 1, 1, 2, 16, -32);
    is_near("s", 2, 1, -1);
    ck_assert_ptr_eq(layer_named(result, "c"), layer_named(source, "c"));
    ck_assert_str_eq(result->name, "net");
    release();
}
END_TEST

START_TEST(ex30_l080_a_channel_of_zeros_stays)
{
    /* NaN in the reference. */
    source = sequential("[1, 1, 2]", "['SeparableConv2D', {'name': 's', 'filters': 2, 'kernel_size': 1}, [],"
                                     "[[2, 0], [0.5, 1, 2, -4], [1, -1]]]");
    must(c2s_normalize_separable_model(source, &result, &error));
    is_near("s", 0, 1, 0);
    is_near("s", 1, 1, 2, 2, -4);
    release();
}
END_TEST

START_TEST(l080_multiples_of_a_channel_are_normalized_each)
{
    source = sequential("[1, 1, 1]", "['SeparableConv2D', {'name': 's', 'filters': 1, 'kernel_size': 1,"
                                     "'depth_multiplier': 2, 'use_bias': false}, [], [[2, -4], [1, 3]]]");
    must(c2s_normalize_separable_model(source, &result, &error));
    is_near("s", 0, 1, -1);
    is_near("s", 1, 2, 12);
    release();
}
END_TEST

START_TEST(l080_other_layers_are_a_bad_value)
{
    cnn2snn_layer *layer = NULL;
    source = sequential("[1, 1, 2]", EX27);
    refused(c2s_normalize_separable_layer(layer_named(source, "c"), &layer, &error), CNN2SNN_E_VALUE, "L-080", "c");
    release();
}
END_TEST

START_TEST(nan_is_named)
{
    float rate;
    source = sequential("[1, 1, 1]", "['SeparableConv2D', {'name': 's', 'filters': 1, 'kernel_size': 1}, [],"
                                     "[[null], [1], [1]]]");
    refused(c2s_normalize_separable_model(source, &result, &error), CNN2SNN_E_VALUE, "L-finite", "s");
    refused(c2s_cross_layer_scaling(source, &result, &error), CNN2SNN_E_VALUE, "L-finite", "s");
    refused(c2s_weights_homogeneity(layer_named(source, "s"), &rate, &error), CNN2SNN_E_VALUE, "L-finite", "s");
    release();
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    context_with_failing_allocator();
    source = sequential("[1, 1, 2]", EX27);
    fail_each_allocation(c2s_cross_layer_scaling, source);
    fail_each_allocation(c2s_normalize_separable_model, source);
    release();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("scaling");
    TCase *cases = tcase_create("core");
    tcase_add_checked_fixture(cases, context_setup, context_teardown);
    tcase_add_test(cases, ex26_l078_between_dense_layers);
    tcase_add_test(cases, ex27_l078_inside_of_a_separable_layer_and_behind_it);
    tcase_add_test(cases, ex28_filters_that_two_layers_read_stay);
    tcase_add_test(cases, l078_an_output_of_the_model_stays);
    tcase_add_test(cases, l078_shared_layers_stay);
    tcase_add_test(cases, l078_pooling_lets_it_through_and_bounds_do_not);
    tcase_add_test(cases, l078_an_activation_inside_of_the_layer_stops_it);
    tcase_add_test(cases, l078_zeros_are_not_scaled);
    tcase_add_test(cases, l078_a_layer_without_bias_is_an_index_error);
    tcase_add_test(cases, l078_channels_must_be_the_filters);
    tcase_add_test(cases, l078_a_transposed_convolution_has_its_filters_elsewhere);
    tcase_add_test(cases, ex31_l079_homogeneity);
    tcase_add_test(cases, l079_a_layer_of_zeros_has_none);
    tcase_add_test(cases, ex29_l080_l081_separable_layers_are_normalized);
    tcase_add_test(cases, ex30_l080_a_channel_of_zeros_stays);
    tcase_add_test(cases, l080_multiples_of_a_channel_are_normalized_each);
    tcase_add_test(cases, l080_other_layers_are_a_bad_value);
    tcase_add_test(cases, nan_is_named);
    tcase_add_test(cases, every_allocation_may_fail);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
