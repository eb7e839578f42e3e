/* SPDX-License-Identifier: Apache-2.0 */
/* Every variant of the kernels against plain loops: to the bit, since the order of operations is part of the deal. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../support/random_numbers.h"
#include "base/processor.h"
#include "kernels/kernels.h"
#include "numeric/quantized_activation.h"

enum { MOST = 200 };

/* Runs the block once for each variant, with `k` the table. */
#define FOR_VARIANTS(k)                                                                                              \
    const struct c2s_kernels *k;                                                                                     \
    for (size_t variant_number = 0; (k = c2s_kernels_variant(variant_number)); variant_number++)

static bool same(float a, float b)
{
    return a == b || (a != a && b != b);
}

START_TEST(products_are_sums_in_order_of_depth)
{
    static float a[32 * 60], b[5 * 60 * 16], c[32 * 90], expected[32 * 90];
    struct random_numbers random = {1};
    FOR_VARIANTS(k)
    {
        for (int round = 0; round < 100; round++) {
            size_t rows = (size_t)random_between(&random, 0, 30), depth = (size_t)random_between(&random, 0, 50);
            size_t columns = (size_t)random_between(&random, 1, 70), stride = columns + 7, a_stride = depth + 3;
            bool accumulate = round % 2;
            random_fill(&random, a, sizeof a / sizeof *a);
            random_fill(&random, b, sizeof b / sizeof *b);
            random_fill(&random, c, sizeof c / sizeof *c);
            memcpy(expected, c, sizeof c);
            for (size_t r = 0; r < rows; r++)
                for (size_t j = 0; j < columns; j++) {
                    float sum = accumulate ? c[r * stride + j] : 0;
                    for (size_t d = 0; d < depth; d++)
                        sum += a[r * a_stride + d] * b[j / 16 * (depth * 16) + d * 16 + j % 16];
                    expected[r * stride + j] = sum;
                }
            k->multiply(a, a_stride, rows, b, depth * 16, depth, c, stride, columns, accumulate);
            for (size_t i = 0; i < sizeof c / sizeof *c; i++)
                ck_assert_msg(same(c[i], expected[i]), "%s round %d at %zu: %g, expected %g", k->name, round, i, c[i],
                              expected[i]);
        }
    }
}
END_TEST

START_TEST(products_with_a_transposed_matrix_are_sums_in_order_of_depth)
{
    static float a[50 * 33], b[50 * 77], c[32 * 90], expected[32 * 90];
    struct random_numbers random = {11};
    FOR_VARIANTS(k)
    {
        for (int round = 0; round < 100; round++) {
            size_t rows = (size_t)random_between(&random, 0, 30), depth = (size_t)random_between(&random, 0, 50);
            size_t columns = (size_t)random_between(&random, 1, 70), stride = columns + 7;
            size_t a_stride = rows + 3, b_stride = columns + (size_t)round % 8;
            random_fill(&random, a, sizeof a / sizeof *a);
            random_fill(&random, b, sizeof b / sizeof *b);
            random_fill(&random, c, sizeof c / sizeof *c);
            memcpy(expected, c, sizeof c);
            for (size_t r = 0; r < rows; r++)
                for (size_t j = 0; j < columns; j++)
                    for (size_t d = 0; d < depth; d++)
                        expected[r * stride + j] += a[d * a_stride + r] * b[d * b_stride + j];
            k->multiply_turned(a, a_stride, rows, b, b_stride, depth, c, stride, columns);
            for (size_t i = 0; i < sizeof c / sizeof *c; i++)
                ck_assert_msg(same(c[i], expected[i]), "%s round %d at %zu: %g, expected %g", k->name, round, i, c[i],
                              expected[i]);
        }
    }
}
END_TEST

START_TEST(taps_are_summed_in_order)
{
    static float x[7][MOST];
    const float *xs[7];
    struct random_numbers random = {2};
    for (int t = 0; t < 7; t++) {
        random_fill(&random, x[t], MOST);
        xs[t] = x[t];
    }
    FOR_VARIANTS(k)
    {
        for (size_t count = 0; count < MOST; count++) {
            size_t taps = count % 8;
            float sums[MOST + 1] = {0}, best[MOST + 1] = {0};
            sums[count] = best[count] = 77;
            k->sum(xs, taps, sums, count);
            k->largest(xs, taps, best, count);
            for (size_t i = 0; i < count; i++) {
                float sum = 0, top = -INFINITY;
                for (size_t t = 0; t < taps; t++) {
                    sum += x[t][i];
                    top = x[t][i] > top ? x[t][i] : top;
                }
                ck_assert_msg(sums[i] == sum && best[i] == top, "%s at %zu of %zu", k->name, i, count);
            }
            ck_assert(sums[count] == 77 && best[count] == 77);
        }
    }
}
END_TEST

START_TEST(products_of_taps_are_summed_in_order_for_some_pixels)
{
    static float x[5][MOST * 12], w[5][MOST], bias[MOST], y[MOST * 12 + 1];
    const float *xs[5], *ws[5];
    struct random_numbers random = {3};
    for (int t = 0; t < 5; t++) {
        random_fill(&random, x[t], MOST * 12);
        random_fill(&random, w[t], MOST);
        xs[t] = x[t];
        ws[t] = w[t];
    }
    random_fill(&random, bias, MOST);
    FOR_VARIANTS(k)
    {
        for (size_t count = 0; count < 80; count++) {
            size_t taps = count % 6, pixels = count % 11, x_step = count + count % 3, y_step = count + count % 2;
            const float *added = count % 4 ? bias : NULL;
            for (size_t i = 0; i < sizeof y / sizeof *y; i++)
                y[i] = 77;
            k->sum_products(xs, x_step, ws, taps, added, y, y_step, pixels, count);
            for (size_t p = 0; p < pixels; p++)
                for (size_t i = 0; i < count; i++) {
                    float sum = 0;
                    for (size_t t = 0; t < taps; t++)
                        sum += x[t][p * x_step + i] * w[t][i];
                    sum = added ? sum + added[i] : sum;
                    ck_assert_msg(y[p * y_step + i] == sum, "%s, %zu channels: pixel %zu, channel %zu", k->name,
                                  count, p, i);
                }
            for (size_t p = 0; p < pixels; p++)
                ck_assert(y_step == count || y[p * y_step + count] == 77);
            ck_assert(y[pixels * y_step] == 77);
        }
    }
}
END_TEST

START_TEST(rows_are_copied_and_nothing_else)
{
    static float from[9 * 70], to[9 * 70];
    struct random_numbers random = {8};
    random_fill(&random, from, 630);
    FOR_VARIANTS(k)
    {
        for (size_t count = 0; count < 60; count++) {
            size_t from_stride = count % 7 ? 65 : 3; /* rows may overlap where they come from */
            memset(to, 0xff, sizeof to);
            k->copy_rows(to, 70, from, from_stride, 9, count);
            for (size_t i = 0; i < 630; i++)
                ck_assert(i % 70 < count ? to[i] == from[i / 70 * from_stride + i % 70] : to[i] != to[i]);
        }
    }
}
END_TEST

START_TEST(rows_are_finished_with_bias_and_clipping)
{
    static float c[7 * 50], was[7 * 50], bias[40];
    struct random_numbers random = {6};
    FOR_VARIANTS(k)
    {
        for (size_t columns = 0; columns < 40; columns++)
            for (int form = 0; form < 4; form++) {
                const struct c2s_epilogue epilogue = {form & 1, 0.5f, 0.25f, 0.75f};
                random_fill(&random, c, 350);
                random_fill(&random, bias, 40);
                memcpy(was, c, sizeof c);
                k->finish(c, 50, 7, columns, form & 2 ? bias : NULL, &epilogue);
                for (size_t i = 0; i < 350; i++) {
                    float v = was[i] + (form & 2 && i % 50 < columns ? bias[i % 50] : 0);
                    if (form & 1 && i % 50 < columns)
                        v = v >= 0.75f ? 0.75f : v > 0.25f ? v : 0.5f * (v - 0.25f);
                    ck_assert_msg(c[i] == v, "%s form %d, %zu columns at %zu", k->name, form, columns, i);
                }
            }
    }
}
END_TEST

static float plain(int operation, float a, float b)
{
    switch (operation) {
    case 0:
        return a + b;
    case 1:
        return a - b;
    case 2:
        return a * b;
    case 3:
        return a / b;
    case 4:
        return a != a || b != b ? NAN : a > b ? a : b;
    default:
        return a != a || b != b ? NAN : a < b ? a : b;
    }
}

START_TEST(elements_are_combined_with_and_without_repeating)
{
    static float a[MOST], b[MOST];
    struct random_numbers random = {3};
    random_fill(&random, a, MOST);
    random_fill(&random, b, MOST);
    a[5] = NAN;
    b[6] = NAN;
    a[7] = INFINITY;
    a[8] = b[8] = -INFINITY;
    FOR_VARIANTS(k)
    {
        void (*operations[])(const float *, size_t, const float *, size_t, float *,
                             size_t) = {k->add, k->subtract, k->multiply_elements, k->divide, k->maximum, k->minimum};
        for (int operation = 0; operation < 6; operation++)
            for (size_t count = 0; count < 70; count++)
                for (size_t steps = 0; steps < 4; steps++) {
                    float y[MOST];
                    y[count] = 77;
                    operations[operation](a, steps & 1, b, steps >> 1, y, count);
                    for (size_t i = 0; i < count; i++)
                        ck_assert_msg(same(y[i], plain(operation, a[steps & 1 ? i : 0], b[steps >> 1 ? i : 0])),
                                      "%s operation %d at %zu", k->name, operation, i);
                    ck_assert(y[count] == 77);
                }
    }
}
END_TEST

START_TEST(results_may_lie_where_the_input_is)
{
    FOR_VARIANTS(k)
    {
        float x[21], y[21], one = 1;
        for (int i = 0; i < 21; i++)
            x[i] = y[i] = (float)(i - 10);
        k->relu(y, y, 21, 0.5f, 0, 6);
        k->add(y, 1, &one, 0, y, 21);
        for (int i = 0; i < 21; i++)
            ck_assert(y[i] == (x[i] >= 6 ? 6 : x[i] > 0 ? x[i] : 0.5f * x[i]) + 1);
    }
}
END_TEST

START_TEST(relu_has_slope_threshold_and_limit)
{
    const float x[] = {-INFINITY, -3, -0.0f, 0, 0.5f, 1, 1.5f, 2, 5, INFINITY, NAN};
    FOR_VARIANTS(k)
    {
        float y[11];
        k->relu(x, y, 11, 0, 0, INFINITY);
        const float plain_relu[] = {0, 0, 0, 0, 0.5f, 1, 1.5f, 2, 5, INFINITY, NAN};
        for (int i = 0; i < 11; i++)
            ck_assert_msg(same(y[i], plain_relu[i]), "%s relu of %g is %g", k->name, x[i], y[i]);
        k->relu(x, y, 11, 0.25f, 1, 2);
        const float full[] = {-INFINITY, -1, -0.25f, -0.25f, -0.125f, 0, 1.5f, 2, 2, 2, NAN};
        for (int i = 0; i < 11; i++)
            ck_assert_msg(same(y[i], full[i]), "%s relu of %g is %g", k->name, x[i], y[i]);
    }
}
END_TEST

START_TEST(slope_and_normalize_take_one_or_many_parameters)
{
    static float x[MOST], a[MOST], b[MOST], c[MOST], y[MOST];
    struct random_numbers random = {4};
    random_fill(&random, x, MOST);
    random_fill(&random, a, MOST);
    random_fill(&random, b, MOST);
    random_fill(&random, c, MOST);
    x[9] = NAN;
    FOR_VARIANTS(k)
    {
        for (size_t step = 0; step < 2; step++) {
            k->slope(x, a, step, y, MOST);
            for (size_t i = 0; i < MOST; i++)
                ck_assert(same(y[i], x[i] > 0 ? x[i] : a[i * step] * x[i]));
            k->normalize(x, a, b, c, step, y, MOST);
            for (size_t i = 0; i < MOST; i++)
                ck_assert(same(y[i], (x[i] - a[i * step]) * b[i * step] + c[i * step]));
        }
    }
}
END_TEST

START_TEST(quantized_activations_are_those_of_numeric)
{
    static float x[3000], y[3000], expected[3000];
    struct random_numbers random = {5};
    for (int i = 0; i < 3000; i++)
        x[i] = random_float(&random) * (i % 3 ? 10 : 300);
    x[0] = INFINITY;
    x[1] = -INFINITY;
    x[2] = NAN;
    x[3] = 3e38f;
    FOR_VARIANTS(k)
    {
        for (int32_t bits = 1; bits <= 24; bits++) {
            float step = bits % 2 ? c2s_discrete_relu_step(bits) : c2s_quantized_relu_step(bits, 6.3f);
            for (int i = 10; i < 200; i++) /* edges, where rounding decides */
                x[i] = step * ((float)(i - 20) + 0.5f);
            k->quantize(x, y, 3000, step, c2s_activation_levels(bits));
            c2s_quantized_activation_apply(x, expected, 3000, step, bits);
            for (int i = 0; i < 3000; i++)
                ck_assert_msg(same(y[i], expected[i]), "%s, %d bits, %g: %g, expected %g", k->name, bits, x[i], y[i],
                              expected[i]);
        }
    }
}
END_TEST

START_TEST(the_fastest_variant_is_one_of_them)
{
    bool found = false;
    FOR_VARIANTS(k)
    {
        found = found || k == c2s_kernels_get(c2s_processor_instructions());
    }
    ck_assert(found);
    ck_assert_str_eq(c2s_kernels_variant(0)->name, "plain");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("kernels");
    TCase *tests = tcase_create("kernels");
    tcase_add_test(tests, products_are_sums_in_order_of_depth);
    tcase_add_test(tests, products_with_a_transposed_matrix_are_sums_in_order_of_depth);
    tcase_add_test(tests, taps_are_summed_in_order);
    tcase_add_test(tests, products_of_taps_are_summed_in_order_for_some_pixels);
    tcase_add_test(tests, rows_are_copied_and_nothing_else);
    tcase_add_test(tests, rows_are_finished_with_bias_and_clipping);
    tcase_add_test(tests, elements_are_combined_with_and_without_repeating);
    tcase_add_test(tests, results_may_lie_where_the_input_is);
    tcase_add_test(tests, relu_has_slope_threshold_and_limit);
    tcase_add_test(tests, slope_and_normalize_take_one_or_many_parameters);
    tcase_add_test(tests, quantized_activations_are_those_of_numeric);
    tcase_add_test(tests, the_fastest_variant_is_one_of_them);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
