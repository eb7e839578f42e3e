/* SPDX-License-Identifier: Apache-2.0 */
/* Quantized activations: steps, and the level of values on and beside the edges. */
#include <check.h>
#include <math.h>

#include "numeric/quantized_activation.h"

enum { SAMPLES = 14 };
static const float samples[SAMPLES] = {-1, 0, 0.19f, 0.2f, 0.21f, 0.6f, 0.61f, 1, 3.3f, 5.7f, 5.9f, 6.2f, 7, 100};

static void expect(float step, int32_t bitwidth, const float *expected)
{
    float y[SAMPLES];
    c2s_quantized_activation_apply(samples, y, SAMPLES, step, bitwidth);
    for (int i = 0; i < SAMPLES; i++)
        if (!(fabsf(y[i] - expected[i]) <= 1e-7f * fabsf(expected[i])))
            ck_abort_msg("of %g came %.9g, expected %.9g", (double)samples[i], (double)y[i], (double)expected[i]);
}

START_TEST(l109_discrete_relu_reaches_6_at_most)
{
    ck_assert(c2s_discrete_relu_step(1) == 1);
    ck_assert(c2s_discrete_relu_step(2) == 1);
    ck_assert(c2s_discrete_relu_step(3) == 6.0f / 7);
    ck_assert(c2s_discrete_relu_step(4) == 0.4f);
    ck_assert(c2s_discrete_relu_step(8) == 6.0f / 255);
}
END_TEST

START_TEST(l110_quantized_relu_divides_its_range_into_levels)
{
    ck_assert(c2s_quantized_relu_step(4, 15) == 1);
    ck_assert(c2s_quantized_relu_step(2, 6.3f) == 2.1000001f);
    ck_assert(c2s_activation_levels(1) == 1);
    ck_assert(c2s_activation_levels(24) == 16777215);
    ck_assert(c2s_activation_levels(25) == 33554432);
}
END_TEST

START_TEST(ex11_ex12_ex13_ex14_l108_values_fall_on_levels_from_half_a_step_below)
{
    expect(c2s_discrete_relu_step(4), 4, (float[]){0, 0, 0, 0, 0.4f, 0.8f, 0.8f, 0.8f, 3.2f, 5.6f, 6, 6, 6, 6});
    expect(c2s_discrete_relu_step(2), 2, (float[]){0, 0, 0, 0, 0, 1, 1, 1, 3, 3, 3, 3, 3, 3});
    expect(c2s_quantized_relu_step(4, 15), 4, (float[]){0, 0, 0, 0, 0, 1, 1, 1, 3, 6, 6, 6, 7, 15});
    float y[] = {0, 0, 0, 0, 0, 0, 0, 0, 4.2000003f, 6.3f, 6.3f, 6.3f, 6.3f, 6.3f};
    expect(c2s_quantized_relu_step(2, 6.3f), 2, y);
}
END_TEST

START_TEST(l108_the_upper_edge_belongs_to_the_level_below)
{
    float x[] = {0.5f, nextafterf(0.5f, 1), 1.5f, nextafterf(1.5f, 2), -0.0f}, y[5];
    c2s_quantized_activation_apply(x, y, 5, 1, 8);
    ck_assert(y[0] == 0 && y[1] == 1 && y[2] == 1 && y[3] == 2 && y[4] == 0);
}
END_TEST

START_TEST(extremes_saturate_and_nan_stays_nan)
{
    float x[] = {INFINITY, -INFINITY, 3e38f, -3e38f, NAN, 4194304.25f}, y[6];
    c2s_quantized_activation_apply(x, y, 6, 1, 24);
    ck_assert(y[0] == 16777215 && y[1] == 0 && y[2] == 16777215 && y[3] == 0);
    ck_assert(isnan(y[4]));
    ck_assert(y[5] == 4194304);
}
END_TEST

START_TEST(input_and_output_may_be_the_same)
{
    float x[] = {-3, 1.2f, 9};
    c2s_quantized_activation_apply(x, x, 3, 1, 2);
    ck_assert(x[0] == 0 && x[1] == 1 && x[2] == 3);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("quantized_activation");
    tcase_add_test(tests, l109_discrete_relu_reaches_6_at_most);
    tcase_add_test(tests, l110_quantized_relu_divides_its_range_into_levels);
    tcase_add_test(tests, ex11_ex12_ex13_ex14_l108_values_fall_on_levels_from_half_a_step_below);
    tcase_add_test(tests, l108_the_upper_edge_belongs_to_the_level_below);
    tcase_add_test(tests, extremes_saturate_and_nan_stays_nan);
    tcase_add_test(tests, input_and_output_may_be_the_same);
    Suite *suite = suite_create("quantized_activation");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
