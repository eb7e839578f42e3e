/* SPDX-License-Identifier: Apache-2.0 */
/* The public transforms: what goes in, what comes out, and what stays as it was. */
#include "../support/graphs.h"

#include "cnn2snn/cnn2snn.h"
#include "ir/model.h"

#define SEPARABLE                                                                                                    \
    "['SeparableConv2D', {'name': 's', 'filters': 2, 'kernel_size': 1}, [], [[2, -8], [0.5, 1, 2, -4], [1, -1]]],"   \
    "['ReLU', {'name': 'r'}], ['Conv2D', {'name': 'c', 'filters': 1, 'kernel_size': 1}, [], [[3, -6], [0.5]]]"

static cnn2snn_model *model_of(const char *input, const char *layers)
{
    struct c2s_graph *graph = sequential(input, layers);
    cnn2snn_model *model = NULL;
    must(c2s_model_create(context, graph, &model, &error));
    c2s_graph_release(graph);
    return model;
}

static float weight_of(const cnn2snn_model *model, const char *layer, size_t index, size_t at)
{
    const cnn2snn_tensor *tensor = cnn2snn_layer_get_weight(cnn2snn_model_find_layer(model, layer), index);
    return ((const float *)cnn2snn_tensor_get_data(tensor))[at];
}

START_TEST(each_gives_a_new_model)
{
    cnn2snn_status (*const transforms[])(const cnn2snn_model *, cnn2snn_model **, cnn2snn_error **) = {
        cnn2snn_model_sequentialize,      cnn2snn_model_syncretize,          cnn2snn_model_prepare_to_convert,
        cnn2snn_model_fold_batchnorm,     cnn2snn_model_cross_layer_scaling, cnn2snn_model_invert_batchnorm_pooling,
        cnn2snn_model_normalize_separable};
    cnn2snn_model *model = model_of("[1, 1, 2]", SEPARABLE), *result = NULL;
    for (size_t i = 0; i < sizeof transforms / sizeof *transforms; i++) {
        must(transforms[i](model, &result, &error));
        ck_assert_ptr_null(error);
        ck_assert_uint_eq(cnn2snn_model_get_layer_count(result), 3);
        ck_assert_float_eq(weight_of(model, "s", 0, 1), -8);
        cnn2snn_model_destroy(result);
        refused(transforms[i](NULL, &result, &error), CNN2SNN_E_INVALID_ARGUMENT, "A-null", NULL);
        ck_assert_ptr_null(result);
        refused(transforms[i](model, NULL, &error), CNN2SNN_E_INVALID_ARGUMENT, "A-null", NULL);
    }
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(a_failure_gives_no_model)
{
    cnn2snn_model *model = model_of("[4, 4, 2]", "['Flatten', {'name': 'f'}], ['Dense', {'name': 'd', 'units': 2}]");
    cnn2snn_model *result = model;
    refused(cnn2snn_model_reshape(model, 8, 8, &result, &error), CNN2SNN_E_VALUE, "K-weights", "d");
    ck_assert_ptr_null(result);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l080_one_layer_is_normalized_in_place)
{
    cnn2snn_model *model = model_of("[1, 1, 2]", SEPARABLE), *other = NULL;
    must(cnn2snn_model_clone(model, &other, &error));
    must(cnn2snn_model_normalize_separable_layer(model, "s", &error));
    ck_assert_float_eq(weight_of(model, "s", 0, 1), -1);
    ck_assert_float_eq(weight_of(model, "s", 1, 3), -32);
    ck_assert_float_eq(weight_of(other, "s", 0, 1), -8);
    refused(cnn2snn_model_normalize_separable_layer(model, "c", &error), CNN2SNN_E_VALUE, "L-080", "c");
    refused(cnn2snn_model_normalize_separable_layer(model, "nobody", &error), CNN2SNN_E_VALUE, "L-080", NULL);
    refused(cnn2snn_model_normalize_separable_layer(model, NULL, &error), CNN2SNN_E_INVALID_ARGUMENT, "A-null", NULL);
    cnn2snn_model_destroy(model);
    cnn2snn_model_destroy(other);
}
END_TEST

START_TEST(l079_homogeneity_by_layer)
{
    const char *names[2] = {NULL, "untouched"};
    float rates[2] = {0, 7};
    size_t count = 0;
    cnn2snn_model *model = model_of("[1, 1, 2]", SEPARABLE);
    must(cnn2snn_model_weights_homogeneity(model, 0, NULL, NULL, &count, &error));
    ck_assert_uint_eq(count, 2);
    must(cnn2snn_model_weights_homogeneity(model, 1, names, rates, &count, &error));
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(names[0], "s");
    ck_assert_float_eq(rates[0], 0.75f);
    ck_assert_str_eq(names[1], "untouched");
    ck_assert_float_eq(rates[1], 7);
    must(cnn2snn_model_weights_homogeneity(model, 2, names, rates, &count, &error));
    ck_assert_str_eq(names[1], "c");
    ck_assert_float_eq(rates[1], 1);
    refused(cnn2snn_model_weights_homogeneity(model, 1, NULL, rates, &count, &error), CNN2SNN_E_INVALID_ARGUMENT,
            "A-null", NULL);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l143_activations_are_rescaled_by_samples)
{
    const int64_t shape[] = {2, 2};
    const float values[] = {1, 0, 0, 2};
    cnn2snn_tensor *samples = NULL;
    cnn2snn_model *result = NULL;
    cnn2snn_model *model =
        model_of("[2]", "['QuantizedDense', {'name': 'd', 'units': 1, 'use_bias': false, 'quantizer': {'class_name': "
                        "'MaxQuantizer', 'config': {'bitwidth': 4}}}, [], [[1, 1]]],"
                        "['QuantizedReLU', {'name': 'r', 'bitwidth': 4}]");
    must(cnn2snn_tensor_wrap(context, CNN2SNN_DTYPE_FLOAT32, 2, shape, NULL, values, NULL, NULL, &samples, &error));
    must(cnn2snn_model_activations_rescaling(model, samples, 0, &result, &error));
    ck_assert_float_eq(cnn2snn_layer_get_max_value(cnn2snn_model_find_layer(result, "r")), 2);
    ck_assert_float_eq(cnn2snn_layer_get_max_value(cnn2snn_model_find_layer(model, "r")), 15);
    cnn2snn_model_destroy(result);
    refused(cnn2snn_model_activations_rescaling(model, NULL, 0, &result, &error), CNN2SNN_E_INVALID_ARGUMENT,
            "A-null", NULL);
    cnn2snn_tensor_destroy(samples);
    cnn2snn_model_destroy(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("api transforms");
    TCase *cases = tcase_create("core");
    tcase_add_checked_fixture(cases, context_setup, context_teardown);
    tcase_add_test(cases, each_gives_a_new_model);
    tcase_add_test(cases, a_failure_gives_no_model);
    tcase_add_test(cases, l080_one_layer_is_normalized_in_place);
    tcase_add_test(cases, l079_homogeneity_by_layer);
    tcase_add_test(cases, l143_activations_are_rescaled_by_samples);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
