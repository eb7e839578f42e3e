/* SPDX-License-Identifier: Apache-2.0 */
/* Activation functions against their definitions in double, at the edges of float too. */
#include <check.h>
#include <math.h>
#include <stdlib.h>

#include "../support/random_numbers.h"
#include "kernels/functions.h"

typedef double (*definition)(double x, double alpha);

static double clip(double x, double low, double high)
{
    return x < low ? low : x > high ? high : x;
}

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double softplus(double x)
{
    return x > 30 ? x : log1p(exp(x));
}

#define DEFINE(name, formula)                                                                                        \
    static double name##_definition(double x, double alpha)                                                          \
    {                                                                                                                \
        (void)alpha;                                                                                                 \
        return formula;                                                                                              \
    }
DEFINE(leaky_relu, x >= 0 ? x : alpha * x)
DEFINE(sigmoid, sigmoid(x))
DEFINE(tanh, tanh(x))
DEFINE(hard_sigmoid_keras2, clip(0.2 * x + 0.5, 0, 1))
DEFINE(hard_sigmoid_keras3, clip(x + 3, 0, 6) / 6)
DEFINE(softplus, softplus(x))
DEFINE(softsign, x / (1 + fabs(x)))
DEFINE(elu, x > 0 ? x : alpha * (exp(x) - 1))
DEFINE(celu, x > 0 ? x : alpha * (exp(x / alpha) - 1))
DEFINE(selu, 1.05070098735548049342 * (x > 0 ? x : 1.67326324235437728481 * (exp(x) - 1)))
DEFINE(swish, x *sigmoid(x))
DEFINE(gelu, x / 2 * (1 + erf(x / sqrt(2))))
DEFINE(exponential, exp(x))
DEFINE(mish, x *tanh(softplus(x)))
DEFINE(hard_silu, x *clip(x + 3, 0, 6) / 6)
DEFINE(hard_tanh, clip(x, -1, 1))
DEFINE(tanh_shrink, x - tanh(x))
DEFINE(hard_shrink, fabs(x) > 0.5 ? x : 0)
DEFINE(soft_shrink, x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0)
DEFINE(log_sigmoid, -softplus(-x))
DEFINE(squareplus, (x + sqrt(x * x + 4)) / 2)
DEFINE(sparse_plus, x <= -1 ? 0 : x < 1 ? (x + 1) * (x + 1) / 4 : x)
DEFINE(sparse_sigmoid, x <= -1 ? 0 : x >= 1 ? 1 : (x + 1) / 2)
#undef DEFINE

#define ROW(name)                                                                                                    \
    {                                                                                                                \
#name, c2s_##name, name##_definition                                                                         \
    }
static const struct {
    const char *name;
    c2s_elements_fn function;
    definition definition;
} rows[] = {ROW(leaky_relu),
            ROW(sigmoid),
            ROW(tanh),
            ROW(hard_sigmoid_keras2),
            ROW(hard_sigmoid_keras3),
            ROW(softplus),
            ROW(softsign),
            ROW(elu),
            ROW(celu),
            ROW(selu),
            ROW(swish),
            ROW(gelu),
            ROW(exponential),
            ROW(mish),
            ROW(hard_silu),
            ROW(hard_tanh),
            ROW(tanh_shrink),
            ROW(hard_shrink),
            ROW(soft_shrink),
            ROW(log_sigmoid),
            ROW(squareplus),
            ROW(sparse_plus),
            ROW(sparse_sigmoid)};

START_TEST(functions_follow_their_definitions)
{
    const float alpha = 0.3f;
    for (float x = -30; x <= 30; x += 0.0625f / 3)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            float y = x;
            rows[i].function(&y, &y, 1, alpha);
            double expected = rows[i].definition(x, alpha);
            ck_assert_msg(fabs(y - expected) <= 1e-6 * fabs(expected) + 3e-7 * fmin(1, fabs(x)) + 1e-12,
                          "%s(%.9g) is %.9g, expected %.9g", rows[i].name, x, y, expected);
        }
}
END_TEST

START_TEST(functions_are_finite_at_the_ends_of_float)
{
    const float ends[] = {-3e38f, -1e4f, -104, -88, -0.0f, 0, 1e-40f, 88};
    for (size_t e = 0; e < sizeof ends / sizeof *ends; e++)
        for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
            float y = ends[e];
            rows[i].function(&y, &y, 1, 1);
            ck_assert_msg(isfinite(y), "%s(%g) is %g", rows[i].name, ends[e], y);
        }
}
END_TEST

START_TEST(nan_stays_nan)
{
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        float y = NAN;
        rows[i].function(&y, &y, 1, 0.5f);
        ck_assert_msg(y != y, "%s(NaN) is %g", rows[i].name, y);
    }
}
END_TEST

START_TEST(softmax_sums_up_to_one_however_large_the_numbers)
{
    const size_t offsets[] = {0, 2, 4};
    float x[] = {1000, -7, 1001, -7, 900, -7};
    c2s_softmax(x, x, offsets, 3, false);
    ck_assert(fabs(x[0] - 1 / (1 + exp(1))) < 1e-7 && fabs(x[2] - 1 / (1 + exp(-1))) < 1e-7 && x[4] < 1e-40);
    ck_assert(x[1] == -7 && x[3] == -7 && x[5] == -7);
    float y[] = {1000, 0, 1001, 0, 900, 0};
    c2s_softmax(y, y, offsets, 3, true);
    ck_assert(fabs(y[0] + log(1 + exp(1))) < 1e-4 && fabs(y[4] + 101 + log(1 + exp(-1))) < 1e-4);
}
END_TEST

START_TEST(softmax_of_a_nan_is_nan)
{
    const size_t offsets[] = {0, 1};
    float x[] = {NAN, 1};
    c2s_softmax(x, x, offsets, 2, false);
    ck_assert(x[0] != x[0] && x[1] != x[1]);
}
END_TEST

/* The projection on the simplex: at most one tau makes the sum 1, and it is found by bisection here. */
START_TEST(sparsemax_is_the_projection_on_the_simplex)
{
    struct random_numbers random = {7};
    for (int round = 0; round < 100; round++) {
        float x[9], y[9], sorted[9];
        double low = -10, high = 10;
        size_t count = (size_t)random_between(&random, 1, 9);
        for (size_t i = 0; i < count; i++)
            x[i] = 3 * random_float(&random);
        for (int step = 0; step < 100; step++) {
            double middle = (low + high) / 2, sum = 0;
            for (size_t i = 0; i < count; i++)
                sum += fmax(x[i] - middle, 0);
            *(sum > 1 ? &low : &high) = middle;
        }
        c2s_sparsemax(x, y, count, sorted);
        for (size_t i = 0; i < count; i++)
            ck_assert_double_eq_tol(y[i], fmax(x[i] - low, 0), 1e-6);
    }
}
END_TEST

START_TEST(glu_gates_one_half_by_the_other)
{
    const float x[] = {1, -2, 0, 3};
    float y[2];
    c2s_glu(x, y, 2);
    ck_assert_double_eq_tol(y[0], 0.5, 1e-7);
    ck_assert_double_eq_tol(y[1], -2 / (1 + exp(-3)), 1e-6);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("functions");
    TCase *tests = tcase_create("functions");
    tcase_add_test(tests, functions_follow_their_definitions);
    tcase_add_test(tests, functions_are_finite_at_the_ends_of_float);
    tcase_add_test(tests, nan_stays_nan);
    tcase_add_test(tests, softmax_sums_up_to_one_however_large_the_numbers);
    tcase_add_test(tests, softmax_of_a_nan_is_nan);
    tcase_add_test(tests, sparsemax_is_the_projection_on_the_simplex);
    tcase_add_test(tests, glu_gates_one_half_by_the_other);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
