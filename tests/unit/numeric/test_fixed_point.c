/* SPDX-License-Identifier: Apache-2.0 */
/* Worked examples of the specification (quantizeml.md 4), and edges. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "numeric/fixed_point.h"

static cnn2snn_context *context;

static void setup(void)
{
    ck_assert_int_eq(cnn2snn_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
}

static void teardown(void)
{
    cnn2snn_context_destroy(context);
}

static cnn2snn_tensor *floats(size_t rank, const int64_t *shape, const float *values)
{
    cnn2snn_tensor *tensor = NULL;
    ck_assert_int_eq(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, rank, shape, &tensor, NULL), CNN2SNN_OK);
    memcpy(tensor->data, values, tensor->size);
    return tensor;
}

static cnn2snn_tensor *vector(int64_t count, const float *values)
{
    return floats(1, &count, values);
}

static cnn2snn_tensor *scalar(float value)
{
    return floats(0, NULL, &value);
}

static void check_ints(const cnn2snn_tensor *tensor, size_t count, const int *expected)
{
    ck_assert_uint_eq(tensor->count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_int_eq((int)c2s_tensor_get_double(tensor, i), expected[i]);
}

START_TEST(values_are_rescaled_with_ties_towards_infinity)
{
    const double values[] = {5, -5, 6, -6, 7, 127}, expected[] = {1, -1, 2, -1, 2, 32};
    for (size_t i = 0; i < 6; i++)
        ck_assert_double_eq(c2s_fixed_rescale(values[i], -2, 7), expected[i]);
    ck_assert_double_eq(c2s_fixed_rescale(3, 6, 7), 127);
    ck_assert_double_eq(c2s_fixed_rescale(-3, 6, 7), -128);
}
END_TEST

START_TEST(fractional_bits_fit_the_range)
{
    const float ranges[] = {0.3f, 0.5f, 1.0f, 1.0001f, 6.0f, 8.0f, 100.0f, 300.0f};
    const float expected[] = {7, 7, 7, 6, 4, 4, 0, -2};
    for (size_t i = 0; i < 8; i++)
        ck_assert_float_eq(c2s_fixed_max_frac(7, ranges[i], true), expected[i]);
    ck_assert_float_eq(c2s_fixed_max_frac(7, 0, true), 7);
    ck_assert_float_eq(c2s_fixed_max_frac(8, 0.004f, false), 15);
}
END_TEST

START_TEST(logarithms_are_those_of_float32)
{
    for (int k = -12; k <= 12; k++)
        ck_assert_float_eq(c2s_fixed_ceil_log2(ldexpf(1, k)), (float)k);
    /* Where the product with the float32 reciprocal of ln 2 ends just above the whole number. */
    ck_assert_float_eq(c2s_fixed_ceil_log2(ldexpf(1, -13)), -12);
    ck_assert_float_eq(c2s_fixed_ceil_log2(ldexpf(1, -15)), -14);
    ck_assert(c2s_fixed_ceil_log2(0) == -INFINITY);
    ck_assert_float_eq(c2s_fixed_ceil_log2(5), 3);
}
END_TEST

START_TEST(weights_have_a_scale_for_each_filter)
{
    const float w[] = {0.5f, -0.02f, -0.25f, 0.01f, 0.1f, 0.013f};
    const struct {
        struct c2s_fixed_weights how;
        int integers[6];
        float parameters[2];
    } cases[] = {
        {{8, 1, false}, {127, -127, -64, 63, 25, 83}, {0.00393700786f, 0.000157480317f}},
        {{4, 1, false}, {7, -7, -3, 4, 1, 5}, {0.0714285746f, 0.00285714283f}},
        {{4, -1, false}, {7, 0, -3, 0, 1, 0}, {0.0714285746f, 0.0714285746f}},
    };
    cnn2snn_tensor *weights = floats(2, (const int64_t[]){3, 2}, w);
    for (size_t i = 0; i < 3; i++) {
        cnn2snn_tensor *integers, *scales;
        ck_assert_int_eq(c2s_fixed_quantize_weights(&cases[i].how, weights, &integers, &scales, NULL), CNN2SNN_OK);
        ck_assert_int_eq(integers->dtype, CNN2SNN_DTYPE_INT8);
        check_ints(integers, 6, cases[i].integers);
        ck_assert_uint_eq(scales->rank, cases[i].how.axis < 0 ? 0 : 1);
        for (uint64_t c = 0; c < 2; c++)
            ck_assert_float_eq(c2s_channel_value(scales, c), cases[i].parameters[c]);
        c2s_tensor_release(integers);
        c2s_tensor_release(scales);
    }
    c2s_tensor_release(weights);
}
END_TEST

START_TEST(fixed_point_weights_have_fractional_bits)
{
    cnn2snn_tensor *weights = vector(2, (const float[]){0.9f, -0.3f}), *integers, *bits;
    ck_assert_int_eq(
        c2s_fixed_quantize_weights(&(struct c2s_fixed_weights){16, -1, true}, weights, &integers, &bits, NULL),
        CNN2SNN_OK);
    ck_assert_int_eq(integers->dtype, CNN2SNN_DTYPE_INT16);
    check_ints(integers, 2, (const int[]){29491, -9830});
    ck_assert_float_eq(*c2s_f32(bits), 15);
    c2s_tensor_release(weights);
    c2s_tensor_release(integers);
    c2s_tensor_release(bits);
}
END_TEST

START_TEST(weights_of_zeros_have_the_least_scale)
{
    cnn2snn_tensor *weights = vector(2, (const float[]){0, 0}), *integers, *scales;
    ck_assert_int_eq(
        c2s_fixed_quantize_weights(&(struct c2s_fixed_weights){8, -1, false}, weights, &integers, &scales, NULL),
        CNN2SNN_OK);
    check_ints(integers, 2, (const int[]){0, 0});
    ck_assert_float_eq(*c2s_f32(scales), 1e-6f);
    c2s_tensor_release(weights);
    c2s_tensor_release(integers);
    c2s_tensor_release(scales);
}
END_TEST

START_TEST(weights_that_are_no_numbers_are_refused)
{
    cnn2snn_tensor *weights = vector(2, (const float[]){1, NAN}), *integers, *scales;
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(
        c2s_fixed_quantize_weights(&(struct c2s_fixed_weights){8, -1, false}, weights, &integers, &scales, &error),
        CNN2SNN_E_VALUE);
    cnn2snn_error_destroy(error);
    ck_assert_int_eq(
        c2s_fixed_quantize_weights(&(struct c2s_fixed_weights){1, -1, false}, weights, &integers, &scales, NULL),
        CNN2SNN_E_VALUE);
    c2s_tensor_release(weights);
}
END_TEST

/* Checks stored integers and shifts of aligned values. */
static void check_alignment(const float *values, int64_t count, const struct c2s_fixed_alignment *how,
                            const int *shifts, const int *aligned, const int *stored)
{
    struct c2s_number number = {27, scalar(6), vector(2, (const float[]){0.004f, 0.0002f})};
    cnn2snn_tensor *tensor = count == 1 ? scalar(*values) : vector(count, values), *out, *shift;
    ck_assert_int_eq(c2s_fixed_align(tensor, &number, how, &out, &shift, NULL), CNN2SNN_OK);
    check_ints(out, 2, aligned);
    check_ints(shift, 2, shifts);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(((const int32_t *)out->data)[i] >> ((const int32_t *)shift->data)[i], stored[i]);
    c2s_tensor_release(tensor);
    c2s_tensor_release(out);
    c2s_tensor_release(shift);
    c2s_number_free(&number);
}

static void check_aligned(const float *values, int64_t count, bool is_signed, const int *shifts, const int *aligned,
                          const int *stored)
{
    check_alignment(values, count, &(struct c2s_fixed_alignment){.bitwidth = 8, .is_signed = is_signed}, shifts,
                    aligned, stored);
}

START_TEST(the_largest_bias_counts_for_all_where_they_have_one_range)
{
    const struct c2s_fixed_alignment how = {.bitwidth = 8, .is_signed = true, .one_range = true};
    check_alignment((const float[]){0.3f, -1.5f}, 2, &how, (const int[]){8, 12}, (const int[]){4864, -479232},
                    (const int[]){19, -117});
}
END_TEST

START_TEST(biases_are_aligned_each_by_itself)
{
    check_aligned((const float[]){0.3f, -1.5f}, 2, true, (const int[]){6, 12}, (const int[]){4800, -479232},
                  (const int[]){75, -117});
}
END_TEST

START_TEST(the_limit_of_a_relu_is_aligned_without_sign)
{
    check_aligned((const float[]){6.0f}, 1, false, (const int[]){9, 13}, (const int[]){95744, 1916928},
                  (const int[]){187, 234});
}
END_TEST

START_TEST(scales_become_mantissas_and_powers_of_two_are_cut)
{
    const float scales[] = {0.004f, 0.5f, 1.0f, 0.0123f, 3.7f, 0.99f};
    const int mantissas[] = {131, 255, 255, 202, 237, 253}, bits[] = {15, 9, 8, 14, 6, 8};
    cnn2snn_tensor *tensor = vector(6, scales), *m, *b;
    ck_assert_int_eq(c2s_fixed_quantize_scales(tensor, 8, &m, &b, NULL), CNN2SNN_OK);
    check_ints(m, 6, mantissas);
    check_ints(b, 6, bits);
    c2s_tensor_release(tensor);
    c2s_tensor_release(m);
    c2s_tensor_release(b);
}
END_TEST

START_TEST(outputs_are_brought_to_their_range)
{
    struct c2s_number number = {27, scalar(6), vector(2, (const float[]){0.004f, 0.02f})}, out;
    cnn2snn_tensor *range = scalar(5), *mantissas, *shift;
    struct c2s_fixed_output how = {.value_bits = 7, .scale_bits = 8, .range_max = range};
    ck_assert_int_eq(c2s_fixed_quantize_output(&how, &number, &mantissas, &shift, &out, NULL), CNN2SNN_OK);
    check_ints(mantissas, 2, (const int[]){131, 164});
    check_ints(shift, 2, (const int[]){-17, -15});
    ck_assert_int_eq(out.value_bits, 7);
    ck_assert_float_eq(*c2s_f32(out.frac_bits), 4);
    ck_assert_ptr_null(out.scales);
    ck_assert_double_eq(c2s_fixed_rescale(12345.0 * 131, -17, 7), 12);
    ck_assert_double_eq(c2s_fixed_rescale(-777.0 * 164, -15, 7), -4);
    c2s_tensor_release(mantissas);
    c2s_tensor_release(shift);
    c2s_number_free(&out);
    number.value_bits = 7;
    ck_assert_int_eq(c2s_fixed_quantize_output(&how, &number, &mantissas, &shift, &out, NULL), CNN2SNN_E_VALUE);
    c2s_number_free(&number);
    c2s_tensor_release(range);
}
END_TEST

START_TEST(plain_fixed_point_has_no_mantissas)
{
    struct c2s_number number = {27, vector(2, (const float[]){9, 12}), NULL}, out;
    cnn2snn_tensor *range = vector(2, (const float[]){1, 0}), *mantissas, *shift;
    struct c2s_fixed_output how = {.value_bits = 7, .scale_bits = 8, .range_max = range};
    ck_assert(!c2s_number_is_per_tensor(&number));
    ck_assert_int_eq(c2s_fixed_quantize_output(&how, &number, &mantissas, &shift, &out, NULL), CNN2SNN_OK);
    ck_assert_ptr_null(mantissas);
    check_ints(shift, 2, (const int[]){-2, -5});
    check_ints(out.frac_bits, 2, (const int[]){7, 7});
    c2s_tensor_release(shift);
    c2s_number_free(&out);
    c2s_number_free(&number);
    c2s_tensor_release(range);
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("fixed point");
    tcase_add_checked_fixture(cases, setup, teardown);
    tcase_add_test(cases, values_are_rescaled_with_ties_towards_infinity);
    tcase_add_test(cases, fractional_bits_fit_the_range);
    tcase_add_test(cases, logarithms_are_those_of_float32);
    tcase_add_test(cases, weights_have_a_scale_for_each_filter);
    tcase_add_test(cases, fixed_point_weights_have_fractional_bits);
    tcase_add_test(cases, weights_of_zeros_have_the_least_scale);
    tcase_add_test(cases, weights_that_are_no_numbers_are_refused);
    tcase_add_test(cases, biases_are_aligned_each_by_itself);
    tcase_add_test(cases, the_largest_bias_counts_for_all_where_they_have_one_range);
    tcase_add_test(cases, the_limit_of_a_relu_is_aligned_without_sign);
    tcase_add_test(cases, scales_become_mantissas_and_powers_of_two_are_cut);
    tcase_add_test(cases, outputs_are_brought_to_their_range);
    tcase_add_test(cases, plain_fixed_point_has_no_mantissas);
    Suite *suite = suite_create("fixed_point");
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
