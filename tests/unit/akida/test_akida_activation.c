/* SPDX-License-Identifier: Apache-2.0 */
/* Activation variables that the Akida 1.0 hardware can't hold. */
#include "akida_test.h"

#include <math.h>

/* Two layers: `filters` steps and thresholds in the first, weights (1, 1, channels, 2) in the second. */
struct pair {
    int32_t kind, activation, bits;
    int64_t filters, channels;
    double steps[3], thresholds[3], weights[6];
};

static cnn2snn_akida_model *make(const struct pair *pair)
{
    const int64_t filters[1] = {pair->filters}, shape[4] = {1, 1, pair->channels, 2};
    cnn2snn_akida_model *model = new_model();
    struct c2s_akida_layer *layer =
        add_layer(model, pair->kind, "a", "activation", pair->activation, "act_bits", pair->bits, NULL);
    set_variable(model, layer, "act_step", CNN2SNN_DTYPE_FLOAT32, 1, filters, pair->steps);
    set_variable(model, layer, "threshold", CNN2SNN_DTYPE_INT32, 1, filters, pair->thresholds);
    layer = add_layer(model, C2S_AKIDA_CONVOLUTIONAL, "b", "activation", 1, "act_bits", 4, "weights_bits", 8, NULL);
    set_variable(model, layer, "weights", CNN2SNN_DTYPE_INT8, 4, shape, pair->weights);
    set_variable(model, layer, "act_step", CNN2SNN_DTYPE_FLOAT32, 1, filters, (double[]){1e6, 1e6, 1e6});
    set_variable(model, layer, "threshold", CNN2SNN_DTYPE_INT32, 1, filters, (double[]){9e6, 9e6, 9e6});
    return model;
}

static cnn2snn_akida_model *fix(const struct pair *pair, cnn2snn_report *report, cnn2snn_status expected)
{
    cnn2snn_akida_model *model = make(pair), *fixed = NULL;
    ck_assert_int_eq(c2s_akida_fix_v1_activation_variables(model, report, &fixed, NULL), expected);
    c2s_akida_model_release(model);
    return fixed;
}

#define FLOAT(model, layer, name, i) ((const float *)variable_of(model, layer, name)->data)[i]
#define INT(model, layer, name, i) ((const int32_t *)variable_of(model, layer, name)->data)[i]
#define BYTE(model, layer, name, i) ((const int8_t *)variable_of(model, layer, name)->data)[i]

START_TEST(l049_a_step_above_16_bits_is_limited_and_the_next_weights_divided)
{
    struct pair pair = {C2S_AKIDA_CONVOLUTIONAL, 1, 4, 2, 2, {160000, 65535}, {2080000, 7}, {-127, 100, -5, 5}};
    cnn2snn_report *report;
    ck_assert_int_eq(c2s_report_create(context, &report, NULL), CNN2SNN_OK);
    cnn2snn_akida_model *fixed = fix(&pair, report, CNN2SNN_OK);
    ck_assert_float_eq(FLOAT(fixed, "a", "act_step", 0), 65535);
    ck_assert_float_eq(FLOAT(fixed, "a", "act_step", 1), 65535);
    ck_assert_int_eq(INT(fixed, "a", "threshold", 0), 524287); /* 2032768 before */
    ck_assert_int_eq(INT(fixed, "a", "threshold", 1), 7);
    ck_assert_int_eq(BYTE(fixed, "b", "weights", 0), -53);
    ck_assert_int_eq(BYTE(fixed, "b", "weights", 1), 40);
    ck_assert_int_eq(BYTE(fixed, "b", "weights", 2), -5);
    ck_assert_int_eq(BYTE(fixed, "b", "weights", 3), 5);
    ck_assert_uint_eq(report->count, 2);
    ck_assert_str_eq(report->faults[0].message,
                     "1 steps are above 65535, the most that the hardware holds: weights of "
                     "b behind them are divided by up to 2.44 and rounded down");
    ck_assert_str_eq(report->faults[0].layer, "a");
    ck_assert_str_eq(report->faults[1].layer, "a");
    ck_assert_int_eq(report->faults[0].severity, CNN2SNN_SEVERITY_WARNING);
    c2s_akida_model_release(fixed);
    c2s_report_destroy(report);
}
END_TEST

START_TEST(l049_the_threshold_moves_with_the_step_by_the_bits_of_the_activation)
{
    static const int32_t expected[5] = {0, 8 * -50000, 4 * -50000, 0, -50000};
    for (int bits = 1; bits <= 4; bits *= 2) {
        struct pair pair = {C2S_AKIDA_CONVOLUTIONAL, 1, bits, 1, 1, {165535}, {100}, {0, 0}};
        cnn2snn_akida_model *fixed = fix(&pair, NULL, CNN2SNN_OK);
        ck_assert_int_eq(INT(fixed, "a", "threshold", 0), 100 + expected[bits]);
        c2s_akida_model_release(fixed);
    }
    struct pair off = {C2S_AKIDA_CONVOLUTIONAL, 0, 1, 1, 1, {165535}, {100}, {0, 0}};
    cnn2snn_akida_model *fixed = fix(&off, NULL, CNN2SNN_OK);
    ck_assert_int_eq(INT(fixed, "a", "threshold", 0), 100);
    c2s_akida_model_release(fixed);
}
END_TEST

START_TEST(l049_the_image_layer_has_wider_registers)
{
    struct pair pair = {
        C2S_AKIDA_INPUT_CONVOLUTIONAL, 0, 1, 2, 2, {1048575, 2097150}, {8388607, 8388608}, {8, 8, 8, -1}};
    cnn2snn_akida_model *fixed = fix(&pair, NULL, CNN2SNN_OK);
    ck_assert_float_eq(FLOAT(fixed, "a", "act_step", 0), 1048575);
    ck_assert_float_eq(FLOAT(fixed, "a", "act_step", 1), 1048575);
    ck_assert_int_eq(INT(fixed, "a", "threshold", 0), 8388607);
    ck_assert_int_eq(INT(fixed, "a", "threshold", 1), 8388607);
    ck_assert_int_eq(BYTE(fixed, "b", "weights", 0), 8);
    ck_assert_int_eq(BYTE(fixed, "b", "weights", 2), 4);
    ck_assert_int_eq(BYTE(fixed, "b", "weights", 3), -1); /* floored */
    c2s_akida_model_release(fixed);
}
END_TEST

START_TEST(l049_one_filter_serves_all_channels_of_the_next_layer)
{
    struct pair pair = {C2S_AKIDA_CONVOLUTIONAL, 0, 1, 1, 3, {131070}, {0}, {2, 3, 4, 5, -6, -7}};
    static const int8_t expected[] = {1, 1, 2, 2, -3, -4};
    cnn2snn_akida_model *fixed = fix(&pair, NULL, CNN2SNN_OK);
    ck_assert_mem_eq(variable_of(fixed, "b", "weights")->data, expected, 6);
    c2s_akida_model_release(fixed);
}
END_TEST

START_TEST(l049_other_channel_counts_are_an_error)
{
    struct pair pair = {C2S_AKIDA_CONVOLUTIONAL, 0, 1, 2, 3, {131070, 1}, {0}, {0}};
    ck_assert_ptr_null(fix(&pair, NULL, CNN2SNN_E_VALUE));
}
END_TEST

START_TEST(l049_a_sum_that_overflows_wraps_and_is_then_clipped)
{
    struct pair pair = {C2S_AKIDA_CONVOLUTIONAL, 1, 4, 1, 1, {160000}, {-2147483648.0}, {0}};
    cnn2snn_akida_model *fixed = fix(&pair, NULL, CNN2SNN_OK);
    ck_assert_int_eq(INT(fixed, "a", "threshold", 0), 524287);
    c2s_akida_model_release(fixed);
}
END_TEST

START_TEST(l049_infinite_and_nan_steps_follow_the_arithmetic)
{
    struct pair pair = {C2S_AKIDA_CONVOLUTIONAL, 0, 1, 2, 2, {INFINITY, NAN}, {0, -2467232}, {5, -5, 5, -5}};
    static const int8_t expected[] = {0, -1, 5, -5};
    cnn2snn_akida_model *fixed = fix(&pair, NULL, CNN2SNN_OK);
    ck_assert_float_eq(FLOAT(fixed, "a", "act_step", 0), 65535);
    ck_assert(isnan(FLOAT(fixed, "a", "act_step", 1)));
    ck_assert_mem_eq(variable_of(fixed, "b", "weights")->data, expected, 4);
    ck_assert_int_eq(INT(fixed, "a", "threshold", 1), -2467232); /* no lower limit */
    c2s_akida_model_release(fixed);
}
END_TEST

START_TEST(l049_the_last_layer_and_the_original_stay_as_they_are)
{
    struct pair pair = {C2S_AKIDA_CONVOLUTIONAL, 1, 4, 1, 1, {160000}, {900000}, {100, 100}};
    cnn2snn_akida_model *model = make(&pair), *fixed;
    ck_assert_int_eq(c2s_akida_fix_v1_activation_variables(model, NULL, &fixed, NULL), CNN2SNN_OK);
    ck_assert_float_eq(FLOAT(model, "a", "act_step", 0), 160000);
    ck_assert_int_eq(INT(model, "a", "threshold", 0), 900000);
    ck_assert_int_eq(BYTE(model, "b", "weights", 0), 100);
    ck_assert_float_eq(FLOAT(fixed, "b", "act_step", 0), 1e6f);
    ck_assert_int_eq(INT(fixed, "b", "threshold", 0), 9000000);
    c2s_akida_model_release(model);
    c2s_akida_model_release(fixed);
}
END_TEST

START_TEST(l049_other_versions_are_only_copied)
{
    struct pair pair = {C2S_AKIDA_CONVOLUTIONAL, 1, 4, 1, 1, {160000}, {900000}, {100, 100}};
    cnn2snn_akida_model *model = make(&pair), *fixed;
    add_layer(model, C2S_AKIDA_DEQUANTIZER, "c", NULL);
    ck_assert_int_eq(c2s_akida_fix_v1_activation_variables(model, NULL, &fixed, NULL), CNN2SNN_OK);
    ck_assert_ptr_eq(variable_of(fixed, "a", "act_step"), variable_of(model, "a", "act_step"));
    c2s_akida_model_release(model);
    c2s_akida_model_release(fixed);
}
END_TEST

START_TEST(each_allocation_may_fail)
{
    struct pair pair = {C2S_AKIDA_CONVOLUTIONAL, 1, 4, 2, 2, {160000, 65535}, {2080000, 7}, {-127, 100, -5, 5}};
    cnn2snn_akida_model *model = make(&pair), *fixed = NULL;
    cnn2snn_status status = CNN2SNN_E_NO_MEMORY;
    cnn2snn_report *report;
    ck_assert_int_eq(c2s_report_create(context, &report, NULL), CNN2SNN_OK);
    for (long n = 1; status; n++) {
        cnn2snn_error *error = NULL;
        test_heap.allocations = 0;
        test_heap.fail_at = n;
        status = c2s_akida_fix_v1_activation_variables(model, report, &fixed, &error);
        ck_assert(!status || status == CNN2SNN_E_NO_MEMORY);
        ck_assert((status != 0) == (error != NULL));
        ck_assert_int_lt(n, 1000);
    }
    test_heap.fail_at = 0;
    c2s_report_destroy(report);
    c2s_akida_model_release(model);
    c2s_akida_model_release(fixed);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("akida_activation");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, l049_a_step_above_16_bits_is_limited_and_the_next_weights_divided);
    tcase_add_test(tests, l049_the_threshold_moves_with_the_step_by_the_bits_of_the_activation);
    tcase_add_test(tests, l049_the_image_layer_has_wider_registers);
    tcase_add_test(tests, l049_one_filter_serves_all_channels_of_the_next_layer);
    tcase_add_test(tests, l049_other_channel_counts_are_an_error);
    tcase_add_test(tests, l049_a_sum_that_overflows_wraps_and_is_then_clipped);
    tcase_add_test(tests, l049_infinite_and_nan_steps_follow_the_arithmetic);
    tcase_add_test(tests, l049_the_last_layer_and_the_original_stay_as_they_are);
    tcase_add_test(tests, l049_other_versions_are_only_copied);
    tcase_add_test(tests, each_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
