/* SPDX-License-Identifier: Apache-2.0 */
/* Batch normalization before pooling (L-076) and folded (L-077), with worked values and everything that stops it. */
#include "../support/graphs.h"

#include "numeric/custom_objects.h"
#include "transform/transform.h"

#define BN(name) "['BatchNormalization', {'name': '" name "', 'axis': -1}]"
#define POOL(name) "['MaxPooling2D', {'name': '" name "', 'pool_size': 2}]"
#define GAP(name, keepdims) "['GlobalAveragePooling2D', {'name': '" name "', 'keepdims': " keepdims "}]"
#define CONV(name) "['Conv2D', {'name': '" name "', 'filters': 2, 'kernel_size': 1}]"

static struct c2s_graph *source, *result;

static void release(void)
{
    c2s_graph_release(source);
    c2s_graph_release(result);
    source = result = NULL;
}

static void inverted(const char *input, const char *layers)
{
    source = sequential(input, layers);
    must(c2s_invert_batchnorm_pooling(source, &result, &error));
    must(c2s_graph_verify(result, &error));
}

static void folded(const char *input, const char *layers)
{
    source = sequential(input, layers);
    must(c2s_fold_batchnorm(source, &result, &error));
    must(c2s_graph_verify(result, &error));
}

static void invert_refuses(const char *input, const char *layers, cnn2snn_status status, const char *rule,
                           const char *layer)
{
    source = sequential(input, layers);
    refused(c2s_invert_batchnorm_pooling(source, &result, &error), status, rule, layer);
    release();
}

static void fold_refuses(const char *input, const char *layers, cnn2snn_status status, const char *rule,
                         const char *layer)
{
    source = sequential(input, layers);
    refused(c2s_fold_batchnorm(source, &result, &error), status, rule, layer);
    release();
}

/* ------------------------------------------------------------------------------------------------ inverting */

START_TEST(l076_batchnorm_goes_before_max_pooling)
{
    inverted("[4, 4, 2]", CONV("c") "," POOL("p") "," BN("b") ", ['ReLU', {'name': 'r'}]");
    ck_assert_str_eq(names_of(result), "in c b p r");
    ck_assert_str_eq(result->name, "sequential");
    ck_assert_ptr_eq(layer_named(result, "b"), layer_named(source, "b"));
    ck_assert_int_eq(result->nodes[2].shapes[0].extents[0], 4);
    release();
}
END_TEST

START_TEST(l076_batchnorm_goes_before_global_average_pooling)
{
    inverted("[4, 4, 2]", CONV("c") "," GAP("g", "false") "," BN("b"));
    ck_assert_str_eq(names_of(result), "in c b g");
    config_is(result, "b", "axis", "[3]");
    ck_assert_ptr_eq(layer_named(result, "b")->weights[3].tensor, layer_named(source, "b")->weights[3].tensor);
    release();
    inverted("[4, 4, 2]", CONV("c") "," GAP("g", "true") "," BN("b"));
    ck_assert_str_eq(names_of(result), "in c b g");
    release();
}
END_TEST

START_TEST(l076_one_pass_moves_it_by_one_place)
{
    inverted("[8, 8, 2]", POOL("p") "," POOL("q") "," BN("b"));
    ck_assert_str_eq(names_of(result), "in p b q");
    release();
    inverted("[8, 8, 2]", POOL("p") "," BN("b") "," BN("e"));
    ck_assert_str_eq(names_of(result), "in b p e");
    release();
}
END_TEST

START_TEST(l076_other_poolings_stay)
{
    inverted("[4, 4, 2]",
             "['AveragePooling2D', {'name': 'p'}]," BN("b") ", ['GlobalMaxPooling2D', {'name': 'g'}]," BN("e"));
    ck_assert_str_eq(names_of(result), "in p b g e");
    release();
}
END_TEST

START_TEST(l076_h7_max_pooling_needs_positive_gammas)
{
    invert_refuses("[4, 4, 2]", POOL("p") ", ['BatchNormalization', {'name': 'b'}, [], [[1, 0]]]",
                   CNN2SNN_E_INCOMPATIBLE, "L-H7", "b");
    invert_refuses("[4, 4, 2]", POOL("p") ", ['BatchNormalization', {'name': 'b'}, [], [[1, -0.5]]]",
                   CNN2SNN_E_INCOMPATIBLE, "L-H7", "b");
    inverted("[4, 4, 2]", GAP("p", "false") ", ['BatchNormalization', {'name': 'b'}, [], [[0, -0.5]]]");
    ck_assert_str_eq(names_of(result), "in b p");
    release();
}
END_TEST

START_TEST(l076_without_scale_the_gammas_are_ones)
{
    /* The reference takes the betas for gammas here. */
    inverted("[4, 4, 2]", POOL("p") ", ['BatchNormalization', {'name': 'b', 'scale': false}, [], [[0, -1]]]");
    ck_assert_str_eq(names_of(result), "in b p");
    release();
}
END_TEST

START_TEST(l076_inverting_needs_the_channels)
{
    invert_refuses("[4, 4, 2]", POOL("p") ", ['BatchNormalization', {'name': 'b', 'axis': [1]}]",
                   CNN2SNN_E_INCOMPATIBLE, "L-H8", "b");
    invert_refuses("[4, 4, 2]", GAP("p", "true") ", ['BatchNormalization', {'name': 'b', 'axis': [1]}]",
                   CNN2SNN_E_INCOMPATIBLE, "L-H8", "b");
    inverted("[4, 4, 2]", POOL("p") ", ['BatchNormalization', {'name': 'b', 'axis': [3]}]");
    ck_assert_str_eq(names_of(result), "in b p");
    release();
}
END_TEST

START_TEST(nan_is_named)
{
    invert_refuses("[4, 4, 2]", POOL("p") ", ['BatchNormalization', {'name': 'b'}, [], [[1, null]]]", CNN2SNN_E_VALUE,
                   "L-finite", "b");
    fold_refuses("[4, 4, 2]", CONV("c") ", ['BatchNormalization', {'name': 'b'}, [], [[1, null]]]", CNN2SNN_E_VALUE,
                 "L-finite", "b");
    fold_refuses("[2]", "['Dense', {'name': 'd', 'units': 1}, [], [[1, null]]]," BN("b"), CNN2SNN_E_VALUE, "L-finite",
                 "d");
}
END_TEST

START_TEST(l076_l077_only_sequentials_are_rewritten)
{
    source = graph_of("{'inputs': {'x': [4, 4, 2]}, 'layers': [" POOL("p") "," BN("b") "]}");
    refused(c2s_invert_batchnorm_pooling(source, &result, &error), CNN2SNN_E_NOT_SEQUENTIAL, "L-E", NULL);
    refused(c2s_fold_batchnorm(source, &result, &error), CNN2SNN_E_NOT_SEQUENTIAL, "L-E", NULL);
    release();
}
END_TEST

/* ------------------------------------------------------------------------------------------------ folding */

#define EX24_BN                                                                                                      \
    "['BatchNormalization', {'name': 'b', 'epsilon': 0.001}, [], [[2, -1], [0.1, 0.2], [0.3, -0.6], [3.999, "        \
    "0.249]]]"

START_TEST(l077_ex24_dense_with_and_without_bias)
{
    folded("[2]", "['Dense', {'name': 'd', 'units': 2}, [], [[1, 2, 3, -4], [0.5, -0.25]]]," EX24_BN);
    ck_assert_str_eq(names_of(result), "in d");
    weight_equals(result, "d", 0, 1, -4, 3, 8);
    weight_equals(result, "d", 1, 0.29999998f, -0.50000006f);
    weight_equals(source, "d", 0, 1, 2, 3, -4);
    release();
    folded("[2]", "['Dense', {'name': 'd', 'units': 2, 'use_bias': false}, [], [[1, 2, 3, -4]]]," EX24_BN);
    weight_equals(result, "d", 1, -0.20000002f, -1.0f);
    config_is(result, "d", "use_bias", "true");
    ck_assert(c2s_layer_use_bias(layer_named(result, "d")));
    config_is(source, "d", "use_bias", "false");
    release();
}
END_TEST

START_TEST(l077_ex25_convolution_without_bias)
{
    folded("[1, 1, 2]", "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'use_bias': false}, [],"
                        "[[0.1, 0.2, 0.3, 0.4]]], ['BatchNormalization', {'name': 'b'}, [],"
                        "[[0.9, 1.1], [0.01, -0.02], [0.3, 0.7], [0.5, 1.7]]]");
    weight_equals(result, "c", 0, 0.12715213f, 0.1686827f, 0.3814564f, 0.3373654f);
    weight_equals(result, "c", 1, -0.3714564f, -0.6103894f);
    release();
}
END_TEST

/* gamma / sqrt(variance + epsilon) is 2 and -4; with means and betas of 0 the scale alone is seen. */
#define SCALES_2_M4                                                                                                  \
    "['BatchNormalization', {'name': 'b', 'epsilon': 0.25}, [], [[2, -4], [0, 0], [0, 0], [0.75, 0.75]]]"

START_TEST(l077_a_separable_layer_takes_it_in_its_pointwise_kernel)
{
    folded("[1, 1, 2]", "['SeparableConv2D', {'name': 's', 'filters': 2, 'kernel_size': 1}, [],"
                        "[[3, 5], [1, 2, 3, 4], [10, 20]]]," SCALES_2_M4);
    weight_equals(result, "s", 0, 3, 5);
    weight_equals(result, "s", 1, 2, -8, 6, -16);
    weight_equals(result, "s", 2, 20, -80);
    release();
}
END_TEST

START_TEST(l077_a_transposed_convolution_takes_it_along_its_filters)
{
    /* Kernel (h, w, filters, channels): the reference multiplies the channels. */
    folded("[1, 1, 3]", "['Conv2DTranspose', {'name': 't', 'filters': 2, 'kernel_size': 1}, [],"
                        "[[1, 2, 3, 4, 5, 6], [1, 1]]]," SCALES_2_M4);
    weight_equals(result, "t", 0, 2, 4, 6, -16, -20, -24);
    weight_equals(result, "t", 1, 2, -4);
    release();
}
END_TEST

START_TEST(l077_a_quantized_layer_keeps_its_quantizer)
{
    folded("[1, 1, 2]", "['QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'quantizer':"
                        "{'class_name': 'StdPerAxisQuantizer', 'config': {'bitwidth': 3, 'threshold': 2}}}, [],"
                        "[[1, 2, 3, 4], [1, 1]]]," SCALES_2_M4);
    weight_equals(result, "c", 0, 2, -8, 6, -16);
    const cnn2snn_quantizer *quantizer = c2s_layer_quantizer(layer_named(result, "c"));
    ck_assert_int_eq(quantizer->kind, CNN2SNN_QUANTIZER_STD_PER_AXIS);
    ck_assert_int_eq(quantizer->bitwidth, 3);
    ck_assert_double_eq(quantizer->threshold, 2);
    release();
}
END_TEST

START_TEST(l077_only_the_first_of_two_is_folded)
{
    folded("[2]", "['Dense', {'name': 'd', 'units': 2}]," BN("b1") "," BN("b2"));
    ck_assert_str_eq(names_of(result), "in d b2");
    release();
}
END_TEST

START_TEST(l077_what_stands_between_keeps_it)
{
    folded("[2]", BN("b0") ",['Dense', {'name': 'd', 'units': 2}], ['ReLU', {'name': 'r'}]," BN("b1"));
    ck_assert_str_eq(names_of(result), "in b0 d r b1");
    release();
}
END_TEST

START_TEST(l077_an_activation_inside_of_the_layer_keeps_it)
{
    /* The reference folds it, and computes something else. */
    folded("[2]", "['Dense', {'name': 'd', 'units': 2, 'activation': 'relu'}]," BN("b"));
    ck_assert_str_eq(names_of(result), "in d b");
    release();
}
END_TEST

START_TEST(l077_a_depthwise_layer_keeps_it)
{
    folded("[4, 4, 2]", "['DepthwiseConv2D', {'name': 'd', 'kernel_size': 3}]," BN("b"));
    ck_assert_str_eq(names_of(result), "in d b");
    release();
}
END_TEST

START_TEST(l077_h8_the_axis_is_the_last)
{
    fold_refuses("[4, 4, 2]", CONV("c") ", ['BatchNormalization', {'name': 'b', 'axis': [1]}]",
                 CNN2SNN_E_INCOMPATIBLE, "L-H8", "b");
    fold_refuses("[4, 4, 2]", CONV("c") ", ['BatchNormalization', {'name': 'b', 'axis': [2, 3]}]",
                 CNN2SNN_E_INCOMPATIBLE, "L-H8", "b");
    fold_refuses("[2, 4, 4]",
                 "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'data_format':"
                 "'channels_first'}]," BN("b"),
                 CNN2SNN_E_INCOMPATIBLE, "L-H8", "b");
    folded("[4, 4, 2]", CONV("c") ", ['BatchNormalization', {'name': 'b', 'axis': [3]}]");
    ck_assert_str_eq(names_of(result), "in c");
    release();
}
END_TEST

START_TEST(l077_h8_null_gammas_are_refused_and_negative_ones_are_fine)
{
    fold_refuses("[2]", "['Dense', {'name': 'd', 'units': 2}], ['BatchNormalization', {'name': 'b'}, [], [[1, 0]]]",
                 CNN2SNN_E_INCOMPATIBLE, "L-H8", "b");
    folded("[2]", "['Dense', {'name': 'd', 'units': 2}], ['BatchNormalization', {'name': 'b'}, [], [[-1, -2]]]");
    ck_assert_str_eq(names_of(result), "in d");
    release();
}
END_TEST

START_TEST(l077_h8_a_quantizer_of_one_scale_is_refused)
{
    fold_refuses("[2]",
                 "['QuantizedDense', {'name': 'd', 'units': 2, 'quantizer': {'class_name': 'MaxQuantizer',"
                 "'config': {'bitwidth': 4}}}]," BN("b"),
                 CNN2SNN_E_INCOMPATIBLE, "L-H8", "d");
}
END_TEST

START_TEST(l077_h9_scale_and_center_are_needed)
{
    fold_refuses("[2]", "['Dense', {'name': 'd', 'units': 2}], ['BatchNormalization', {'name': 'b', 'scale': false}]",
                 CNN2SNN_E_VALUE, "L-H9", "b");
    fold_refuses("[2]",
                 "['Dense', {'name': 'd', 'units': 2}], ['BatchNormalization', {'name': 'b', 'center': false}]",
                 CNN2SNN_E_VALUE, "L-H9", "b");
}
END_TEST

START_TEST(l077_a_variance_without_root_is_a_bad_value)
{
    fold_refuses("[2]",
                 "['Dense', {'name': 'd', 'units': 1}], ['BatchNormalization', {'name': 'b'}, [],"
                 "[[1], [0], [0], [-1]]]",
                 CNN2SNN_E_VALUE, "L-finite", "b");
    fold_refuses("[2]",
                 "['Dense', {'name': 'd', 'units': 1}], ['BatchNormalization', {'name': 'b', 'epsilon': 0},"
                 "[], [[1], [0], [0], [0]]]",
                 CNN2SNN_E_VALUE, "L-finite", "b");
}
END_TEST

/* A class of the user's: as many scale factors as `user_data` says. */
static cnn2snn_status custom_scale(void *user_data, cnn2snn_context *own, const char *config, int32_t bitwidth,
                                   const cnn2snn_tensor *weights, cnn2snn_tensor **out, cnn2snn_error **own_error)
{
    size_t rank = *(size_t *)user_data;
    C2S_TRY(c2s_tensor_create_zeros(own, CNN2SNN_DTYPE_FLOAT32, rank, &weights->shape[weights->rank - 1], out,
                                    own_error));
    for (uint64_t i = 0; i < (*out)->count; i++)
        c2s_f32_writable(*out)[i] = 2;
    return CNN2SNN_OK;
}

static struct c2s_graph *custom_graph(size_t *rank)
{
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_quantizer_class quantizer = CNN2SNN_QUANTIZER_CLASS_INIT;
    quantizer.user_data = rank;
    quantizer.scale_factor = custom_scale;
    must(c2s_custom_objects_create(context, &custom, &error));
    must(c2s_custom_objects_add(custom, "Mine", C2S_CUSTOM_QUANTIZER, &quantizer, &error));
    struct c2s_graph *made =
        described_graph("{'input': [2], 'layers': [['QuantizedDense', {'name': 'd', 'units': 2, 'use_bias': false,"
                        "'quantizer': {'class_name': 'Mine', 'config': {'bitwidth': 4, 'note': 'kept'}}}, [],"
                        "[[1, 2, 3, 4]]], " SCALES_2_M4 "]}",
                        custom);
    c2s_custom_objects_destroy(custom);
    return made;
}

START_TEST(l077_a_quantizer_of_the_users_counts_by_its_scale_factors)
{
    size_t rank = 1;
    source = custom_graph(&rank);
    must(c2s_fold_batchnorm(source, &result, &error));
    weight_equals(result, "d", 0, 2, -8, 6, -16);
    ck_assert_str_eq(c2s_layer_quantizer(layer_named(result, "d"))->class_name, "Mine");
    ck_assert_ptr_eq(c2s_layer_quantizer(layer_named(result, "d"))->custom,
                     c2s_layer_quantizer(layer_named(source, "d"))->custom);
    release();
    rank = 0;
    source = custom_graph(&rank);
    refused(c2s_fold_batchnorm(source, &result, &error), CNN2SNN_E_INCOMPATIBLE, "L-H8", "d");
    release();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batchnorm");
    TCase *cases = tcase_create("core");
    tcase_add_checked_fixture(cases, context_setup, context_teardown);
    tcase_add_test(cases, l076_batchnorm_goes_before_max_pooling);
    tcase_add_test(cases, l076_batchnorm_goes_before_global_average_pooling);
    tcase_add_test(cases, l076_one_pass_moves_it_by_one_place);
    tcase_add_test(cases, l076_other_poolings_stay);
    tcase_add_test(cases, l076_h7_max_pooling_needs_positive_gammas);
    tcase_add_test(cases, l076_without_scale_the_gammas_are_ones);
    tcase_add_test(cases, l076_inverting_needs_the_channels);
    tcase_add_test(cases, nan_is_named);
    tcase_add_test(cases, l076_l077_only_sequentials_are_rewritten);
    tcase_add_test(cases, l077_ex24_dense_with_and_without_bias);
    tcase_add_test(cases, l077_ex25_convolution_without_bias);
    tcase_add_test(cases, l077_a_separable_layer_takes_it_in_its_pointwise_kernel);
    tcase_add_test(cases, l077_a_transposed_convolution_takes_it_along_its_filters);
    tcase_add_test(cases, l077_a_quantized_layer_keeps_its_quantizer);
    tcase_add_test(cases, l077_only_the_first_of_two_is_folded);
    tcase_add_test(cases, l077_what_stands_between_keeps_it);
    tcase_add_test(cases, l077_an_activation_inside_of_the_layer_keeps_it);
    tcase_add_test(cases, l077_a_depthwise_layer_keeps_it);
    tcase_add_test(cases, l077_h8_the_axis_is_the_last);
    tcase_add_test(cases, l077_h8_null_gammas_are_refused_and_negative_ones_are_fine);
    tcase_add_test(cases, l077_h8_a_quantizer_of_one_scale_is_refused);
    tcase_add_test(cases, l077_h9_scale_and_center_are_needed);
    tcase_add_test(cases, l077_a_variance_without_root_is_a_bad_value);
    tcase_add_test(cases, l077_a_quantizer_of_the_users_counts_by_its_scale_factors);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
