/* SPDX-License-Identifier: Apache-2.0 */
/* Weight quantizers: scale factors and grids, worked out by hand or by numpy in float32. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "base/json.h"
#include "numeric/weight_quantizer.h"

static cnn2snn_context *context;

static void setup(void)
{
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
}

static void teardown(void)
{
    ck_assert_uint_eq(context->references, 1);
    c2s_context_release(context);
}

static cnn2snn_quantizer *make(cnn2snn_quantizer_kind kind, double bitwidth, double threshold)
{
    cnn2snn_quantizer *quantizer = NULL;
    ck_assert_int_eq(c2s_quantizer_create(context, kind, bitwidth, threshold, &quantizer, NULL), CNN2SNN_OK);
    return quantizer;
}

static cnn2snn_tensor *wrap(size_t rank, const int64_t *shape, const float *data)
{
    cnn2snn_tensor *tensor = NULL;
    ck_assert_int_eq(
        c2s_tensor_wrap(context, CNN2SNN_DTYPE_FLOAT32, rank, shape, NULL, data, NULL, NULL, &tensor, NULL),
        CNN2SNN_OK);
    return tensor;
}

static void expect_values(const cnn2snn_tensor *tensor, size_t count, const float *expected, float tolerance)
{
    ck_assert_uint_eq(tensor->count, count);
    for (size_t i = 0; i < count; i++)
        if (!(fabsf(c2s_f32(tensor)[i] - expected[i]) <= tolerance * fabsf(expected[i])))
            ck_abort_msg("entry %zu is %.9g, expected %.9g", i, (double)c2s_f32(tensor)[i], (double)expected[i]);
}

/* Scale factor, quantized weights and integers of one quantizer on one array, which it then forgets. */
static void expect(cnn2snn_quantizer *quantizer, size_t rank, const int64_t *shape, const float *data,
                   size_t scale_count, const float *scale, const float *quantized, float tolerance)
{
    cnn2snn_tensor *weights = wrap(rank, shape, data), *s = NULL, *q = NULL, *n = NULL, *s2 = NULL;
    ck_assert_int_eq(c2s_quantizer_scale_factor(quantizer, weights, &s, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_quantizer_quantize(quantizer, weights, &q, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_quantizer_integers(quantizer, weights, &n, &s2, NULL), CNN2SNN_OK);
    expect_values(s, scale_count, scale, tolerance);
    ck_assert_mem_eq(s->data, s2->data, s->size);
    if (quantized)
        expect_values(q, (size_t)weights->count, quantized, tolerance);
    ck_assert(c2s_tensor_same_shape(q, weights) && c2s_tensor_same_shape(n, weights));
    for (uint64_t i = 0; i < n->count; i++) {
        float level = c2s_f32(n)[i], f = c2s_f32(s)[s->rank ? i % s->count : 0];
        ck_assert(level == rintf(level) && fabsf(level) <= ceilf(quantizer->kmax));
        ck_assert(level == rintf(c2s_f32(q)[i] * f));
    }
    c2s_tensor_release(weights);
    c2s_tensor_release(s);
    c2s_tensor_release(s2);
    c2s_tensor_release(q);
    c2s_tensor_release(n);
    c2s_quantizer_release(quantizer);
}

static const float sample[] = {0.5f, -1, 0.25f, 0.3f, -0.1f, 0.7f};
static const int64_t sample_shape[] = {3, 2};

START_TEST(ex01_l101_max_quantizer_maps_the_largest_weight_to_the_largest_level)
{
    float q[] = {0.5714286f, -1, 0.2857143f, 0.2857143f, -0.14285715f, 0.71428573f};
    expect(make(CNN2SNN_QUANTIZER_MAX, 4, 0), 2, sample_shape, sample, 1, (float[]){7}, q, 0);
}
END_TEST

START_TEST(ex02_ex03_l102_max_per_axis_quantizer_has_a_factor_for_each_filter)
{
    float q[] = {0.5f, -1, 0.2857143f, 0.2857143f, -0.071428575f, 0.71428573f};
    expect(make(CNN2SNN_QUANTIZER_MAX_PER_AXIS, 4, 0), 2, sample_shape, sample, 2, (float[]){14, 7}, q, 0);
    float q8[] = {0.5f, -1, 0.2519685f, 0.2992126f, -0.098425195f, 0.7007874f};
    expect(make(CNN2SNN_QUANTIZER_MAX_PER_AXIS, 8, 0), 2, sample_shape, sample, 2, (float[]){254, 127}, q8, 0);
}
END_TEST

START_TEST(ex04_ex05_l099_l100_std_quantizers_take_the_threshold_times_the_deviation)
{
    float q[] = {0.473642f, -0.947284f, 0.236821f, 0.236821f, 0, 0.710463f};
    expect(make(CNN2SNN_QUANTIZER_STD, 4, 3), 2, sample_shape, sample, 1, (float[]){4.2225986f}, q, 2e-6f);
    float per_axis[] = {0.49216077f, -1.0367402f, 0.2812347f, 0.20734803f, -0.07030868f, 0.6220441f};
    expect(make(CNN2SNN_QUANTIZER_STD_PER_AXIS, 4, 2), 2, sample_shape, sample, 2, (float[]){14.222995f, 4.822809f},
           per_axis, 2e-6f);
}
END_TEST

START_TEST(ex10_l097_l099_weights_beyond_the_threshold_saturate)
{
    float w[] = {3, -0.1f, 0.1f, -0.2f, 0.2f}, q[] = {1.2083046f, 0, 0, 0, 0};
    expect(make(CNN2SNN_QUANTIZER_STD, 2, 1), 1, (int64_t[]){5}, w, 1, (float[]){0.82760584f}, q, 2e-6f);
}
END_TEST

START_TEST(ex07_ex08_l097_halves_round_to_even)
{
    float w[] = {7, 0.5f, 1.5f, 2.5f, -0.5f, -1.5f}, q[] = {7, 0, 2, 2, 0, -2};
    expect(make(CNN2SNN_QUANTIZER_MAX, 4, 0), 1, (int64_t[]){6}, w, 1, (float[]){1}, q, 0);
    float two_bits[] = {0, -1, 0, 0, 0, 1};
    expect(make(CNN2SNN_QUANTIZER_MAX, 2, 0), 2, sample_shape, sample, 1, (float[]){1}, two_bits, 0);
}
END_TEST

START_TEST(l097_levels_are_divided_by_the_factor)
{
    /* A product with 1/7 gives 0.42857146 and 0.8571429. */
    float w[] = {1, 0.43f, -0.86f}, q[] = {1, 0.42857143f, -0.85714287f};
    expect(make(CNN2SNN_QUANTIZER_MAX, 4, 0), 1, (int64_t[]){3}, w, 1, (float[]){7}, q, 0);
}
END_TEST

START_TEST(ex06_l099_l100_l101_l102_factors_stop_at_1000)
{
    float w[] = {0.001f, -0.0005f, 0.002f, 0.0025f}, q[] = {0.001f, 0, 0.002f, 0.002f};
    expect(make(CNN2SNN_QUANTIZER_MAX, 4, 0), 1, (int64_t[]){4}, w, 1, (float[]){1000}, q, 0);
    float zeros[4] = {0};
    expect(make(CNN2SNN_QUANTIZER_MAX, 4, 0), 2, (int64_t[]){2, 2}, zeros, 1, (float[]){1000}, zeros, 0);
    expect(make(CNN2SNN_QUANTIZER_STD, 4, 3), 2, (int64_t[]){2, 2}, zeros, 1, (float[]){1000}, zeros, 0);
    expect(make(CNN2SNN_QUANTIZER_STD_PER_AXIS, 4, 3), 2, (int64_t[]){2, 2}, zeros, 2, (float[]){1000, 1000}, zeros,
           0);
    expect(make(CNN2SNN_QUANTIZER_MAX_PER_AXIS, 4, 0), 2, (int64_t[]){2, 2}, zeros, 2, (float[]){1000, 1000}, zeros,
           0);
}
END_TEST

START_TEST(ex20_l102_a_kernel_with_one_output_channel_gives_a_vector_of_one)
{
    float w[] = {2, -8};
    expect(make(CNN2SNN_QUANTIZER_MAX_PER_AXIS, 4, 0), 4, (int64_t[]){1, 1, 2, 1}, w, 1, (float[]){0.875f}, NULL, 0);
}
END_TEST

START_TEST(l094_a_fractional_bitwidth_is_cut_but_its_largest_level_is_not)
{
    cnn2snn_quantizer *quantizer = make(CNN2SNN_QUANTIZER_MAX, 2.5, 0);
    ck_assert_int_eq(quantizer->bitwidth, 2);
    ck_assert(quantizer->kmax == 1.8284271f);
    float w[] = {1, -1, 0.2f};
    expect(quantizer, 1, (int64_t[]){3}, w, 1, (float[]){1.8284271f}, NULL, 0);
}
END_TEST

START_TEST(l094_l097_many_bits_are_exact)
{
    float w[] = {16777215, -16777215, 12345678, -1, 0.5f}, q[] = {16777215, -16777215, 12345678, -1, 0};
    expect(make(CNN2SNN_QUANTIZER_MAX, 25, 0), 1, (int64_t[]){5}, w, 1, (float[]){1}, q, 0);
}
END_TEST

START_TEST(l100_l102_range_is_the_deviation_without_threshold_or_the_limited_maximum)
{
    cnn2snn_tensor *weights = wrap(2, sample_shape, sample), *range = NULL;
    cnn2snn_quantizer *quantizer = make(CNN2SNN_QUANTIZER_STD_PER_AXIS, 4, 2);
    ck_assert_int_eq(c2s_quantizer_range(quantizer, weights, &range, NULL), CNN2SNN_OK);
    expect_values(range, 2, (float[]){0.24608043f, 0.72571803f}, 2e-6f);
    c2s_tensor_release(range);
    c2s_quantizer_release(quantizer);
    c2s_tensor_release(weights);
    float data[] = {0, -INFINITY, 0, 3};
    weights = wrap(2, (int64_t[]){2, 2}, data);
    quantizer = make(CNN2SNN_QUANTIZER_MAX_PER_AXIS, 4, 0);
    ck_assert_int_eq(c2s_quantizer_range(quantizer, weights, &range, NULL), CNN2SNN_OK);
    expect_values(range, 2, (float[]){1e-10f, FLT_MAX}, 0);
    c2s_tensor_release(range);
    c2s_quantizer_release(quantizer);
    c2s_tensor_release(weights);
}
END_TEST

START_TEST(nan_weights_give_nan_but_no_integers)
{
    float data[] = {1, NAN, 2};
    cnn2snn_tensor *weights = wrap(1, (int64_t[]){3}, data), *out = NULL, *integers = NULL;
    for (cnn2snn_quantizer_kind kind = 1; kind <= 4; kind++) {
        cnn2snn_quantizer *quantizer = make(kind, 4, 3);
        cnn2snn_error *error = NULL;
        ck_assert_int_eq(c2s_quantizer_scale_factor(quantizer, weights, &out, NULL), CNN2SNN_OK);
        ck_assert(isnan(c2s_f32(out)[out->rank ? 1 : 0]));
        c2s_tensor_release(out);
        ck_assert_int_eq(c2s_quantizer_integers(quantizer, weights, &integers, NULL, &error), CNN2SNN_E_VALUE);
        ck_assert_ptr_null(integers);
        ck_assert_ptr_nonnull(strstr(error->message, "not finite"));
        c2s_error_clear(&error);
        c2s_quantizer_release(quantizer);
    }
    c2s_tensor_release(weights);
}
END_TEST

START_TEST(other_element_types_are_taken_as_floats)
{
    int8_t data[] = {7, -3};
    cnn2snn_tensor *weights = NULL, *q = NULL;
    ck_assert_int_eq(
        c2s_tensor_wrap(context, CNN2SNN_DTYPE_INT8, 1, (int64_t[]){2}, NULL, data, NULL, NULL, &weights, NULL),
        CNN2SNN_OK);
    cnn2snn_quantizer *quantizer = make(CNN2SNN_QUANTIZER_MAX, 4, 0);
    ck_assert_int_eq(c2s_quantizer_quantize(quantizer, weights, &q, NULL), CNN2SNN_OK);
    expect_values(q, 2, (float[]){7, -3}, 0);
    c2s_tensor_release(q);
    c2s_quantizer_release(quantizer);
    c2s_tensor_release(weights);
}
END_TEST

START_TEST(scalars_have_no_axis_and_empty_weights_are_harmless)
{
    float one = 2;
    cnn2snn_tensor *scalar = wrap(0, NULL, &one), *empty = NULL, *out = NULL;
    ck_assert_int_eq(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 2, (int64_t[]){3, 0}, &empty, NULL), 0);
    for (cnn2snn_quantizer_kind kind = 1; kind <= 4; kind++) {
        cnn2snn_quantizer *quantizer = make(kind, 4, 3);
        bool per_axis = kind % 2 == 0;
        ck_assert_int_eq(c2s_quantizer_scale_factor(quantizer, scalar, &out, NULL),
                         per_axis ? CNN2SNN_E_VALUE : CNN2SNN_OK);
        if (!per_axis)
            c2s_tensor_release(out);
        ck_assert_int_eq(c2s_quantizer_integers(quantizer, empty, &out, NULL, NULL), CNN2SNN_OK);
        ck_assert_uint_eq(out->count, 0);
        c2s_tensor_release(out);
        c2s_quantizer_release(quantizer);
    }
    c2s_tensor_release(scalar);
    c2s_tensor_release(empty);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("weight_quantizer");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, ex01_l101_max_quantizer_maps_the_largest_weight_to_the_largest_level);
    tcase_add_test(tests, ex02_ex03_l102_max_per_axis_quantizer_has_a_factor_for_each_filter);
    tcase_add_test(tests, ex04_ex05_l099_l100_std_quantizers_take_the_threshold_times_the_deviation);
    tcase_add_test(tests, ex10_l097_l099_weights_beyond_the_threshold_saturate);
    tcase_add_test(tests, ex07_ex08_l097_halves_round_to_even);
    tcase_add_test(tests, l097_levels_are_divided_by_the_factor);
    tcase_add_test(tests, ex06_l099_l100_l101_l102_factors_stop_at_1000);
    tcase_add_test(tests, ex20_l102_a_kernel_with_one_output_channel_gives_a_vector_of_one);
    tcase_add_test(tests, l094_a_fractional_bitwidth_is_cut_but_its_largest_level_is_not);
    tcase_add_test(tests, l094_l097_many_bits_are_exact);
    tcase_add_test(tests, l100_l102_range_is_the_deviation_without_threshold_or_the_limited_maximum);
    tcase_add_test(tests, nan_weights_give_nan_but_no_integers);
    tcase_add_test(tests, other_element_types_are_taken_as_floats);
    tcase_add_test(tests, scalars_have_no_axis_and_empty_weights_are_harmless);
    Suite *suite = suite_create("weight_quantizer");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
