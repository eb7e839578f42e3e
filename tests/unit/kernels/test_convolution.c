/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions against direct sums in double, and against themselves with other threads and instruction sets. */
#include <check.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "../support/random_numbers.h"
#include "base/allocator.h"
#include "base/context.h"
#include "base/processor.h"
#include "kernels/convolution.h"

static cnn2snn_context *context;

static void make_context(void)
{
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
}

static void drop_context(void)
{
    c2s_context_release(context);
}

/* A convolution's numbers, all owned. */
struct example {
    struct c2s_window window;
    size_t samples, channels, groups, filters, multiplier;
    size_t in_count, out_count, weight_count;
    float *x, *weights, *bias;
};

static float *random_array(struct random_numbers *random, size_t count)
{
    float *values = malloc((count ? count : 1) * sizeof *values);
    random_fill(random, values, count);
    return values;
}

static void finish_example(struct example *e, struct random_numbers *random, bool depthwise)
{
    size_t taps = (size_t)(e->window.kernel[0] * e->window.kernel[1]);
    e->in_count = e->samples * (size_t)(e->window.in[0] * e->window.in[1]) * e->channels;
    if (depthwise)
        e->filters = e->channels * e->multiplier;
    e->out_count = e->samples * (size_t)(e->window.out[0] * e->window.out[1]) * e->filters;
    e->weight_count = depthwise ? taps * e->filters : taps * e->channels / e->groups * e->filters;
    e->x = random_array(random, e->in_count);
    e->weights = random_array(random, e->weight_count);
    e->bias = random_array(random, e->filters);
}

static struct example small_example(struct random_numbers *random, bool depthwise)
{
    struct example e = {.samples = (size_t)random_between(random, 1, 3)};
    for (int axis = 0; axis < 2; axis++) {
        e.window.in[axis] = random_between(random, 1, 9);
        e.window.out[axis] = random_between(random, 1, 9);
        e.window.kernel[axis] = random_between(random, 1, 5);
        e.window.stride[axis] = random_between(random, 1, 3);
        e.window.dilation[axis] = random_between(random, 1, 3);
        e.window.before[axis] = random_between(random, -2, 5);
        e.window.spread[axis] = depthwise ? 1 : random_between(random, 1, 3);
    }
    e.groups = depthwise ? 1 : (size_t)random_between(random, 1, 3);
    e.channels = e.groups * (size_t)random_between(random, 1, depthwise ? 40 : 5);
    e.filters = e.groups * (size_t)random_between(random, 1, 20);
    e.multiplier = (size_t)random_between(random, 1, 3);
    finish_example(&e, random, depthwise);
    return e;
}

static void free_example(struct example *e)
{
    free(e->x);
    free(e->weights);
    free(e->bias);
}

/* The value under a tap in double, 0 outside. */
static double pixel(const struct example *e, size_t sample, ptrdiff_t row, ptrdiff_t column, ptrdiff_t i, ptrdiff_t j,
                    size_t channel)
{
    const struct c2s_window *w = &e->window;
    ptrdiff_t at[2] = {row * w->stride[0] - w->before[0] + i * w->dilation[0],
                       column * w->stride[1] - w->before[1] + j * w->dilation[1]};
    for (int axis = 0; axis < 2; axis++) {
        if (at[axis] < 0 || at[axis] % w->spread[axis])
            return 0;
        at[axis] /= w->spread[axis];
        if (at[axis] >= w->in[axis])
            return 0;
    }
    return e
        ->x[((sample * (size_t)w->in[0] + (size_t)at[0]) * (size_t)w->in[1] + (size_t)at[1]) * e->channels + channel];
}

static double direct(const struct example *e, bool depthwise, size_t output)
{
    const struct c2s_window *w = &e->window;
    size_t filter = output % e->filters, place = output / e->filters;
    ptrdiff_t column = (ptrdiff_t)(place % (size_t)w->out[1]);
    ptrdiff_t row = (ptrdiff_t)(place / (size_t)w->out[1] % (size_t)w->out[0]);
    size_t sample = place / (size_t)(w->out[0] * w->out[1]), depth = depthwise ? 1 : e->channels / e->groups;
    size_t first = depthwise ? filter / e->multiplier : filter / (e->filters / e->groups) * depth;
    double sum = e->bias[filter];
    for (ptrdiff_t i = 0; i < w->kernel[0]; i++)
        for (ptrdiff_t j = 0; j < w->kernel[1]; j++)
            for (size_t c = 0; c < depth; c++)
                sum += pixel(e, sample, row, column, i, j, first + c) *
                       e->weights[((size_t)(i * w->kernel[1] + j) * depth + c) * e->filters + filter];
    return sum;
}

static void run(const struct example *e, bool depthwise, const struct c2s_kernels *kernels, int32_t threads, float *y)
{
    struct c2s_worker_pool *pool = NULL;
    struct c2s_packed_matrix packed[8];
    ck_assert_int_eq(c2s_worker_pool_create(context, threads, &pool, NULL), CNN2SNN_OK);
    if (depthwise) {
        struct c2s_depthwise d = {e->window, e->channels, e->multiplier, e->weights, e->bias, {0}};
        void *scratch = malloc(c2s_depthwise_scratch(&d, (size_t)threads));
        c2s_convolve_depthwise(&d, kernels, pool, scratch, e->samples, e->x, y);
        free(scratch);
        c2s_worker_pool_destroy(pool);
        return;
    }
    size_t depth = e->weight_count / e->filters, part = e->filters / e->groups;
    for (size_t g = 0; g < e->groups; g++)
        ck_assert_int_eq(
            c2s_packed_matrix_create(context, e->weights + g * part, depth, part, e->filters, &packed[g], NULL),
            CNN2SNN_OK);
    struct c2s_convolution c = {e->window, e->channels, e->groups, packed, e->bias, {0}};
    void *scratch = malloc(c2s_convolution_scratch((size_t)threads));
    c2s_convolve(&c, kernels, pool, scratch, e->samples, e->x, y);
    free(scratch);
    for (size_t g = 0; g < e->groups; g++)
        c2s_free(context, packed[g].data);
    c2s_worker_pool_destroy(pool);
}

/* Every output against the direct sum; then all variants and numbers of threads against the first result. */
static void check_example(const struct example *e, bool depthwise)
{
    float *y = malloc(e->out_count * sizeof *y), *other = malloc(e->out_count * sizeof *y);
    const struct c2s_kernels *kernels;
    double bound = 1e-6 * (double)(e->weight_count / e->filters + 1);
    for (size_t v = 0; (kernels = c2s_kernels_variant(v)); v++)
        for (int32_t threads = 1; threads <= 3; threads += 2) {
            memset(other, 0xff, e->out_count * sizeof *y);
            run(e, depthwise, kernels, threads, v || threads > 1 ? other : y);
            if (v || threads > 1)
                ck_assert_msg(!memcmp(y, other, e->out_count * sizeof *y), "%s with %d threads differs",
                              kernels->name, threads);
        }
    for (size_t i = 0; i < e->out_count; i++)
        ck_assert_msg(fabs(y[i] - direct(e, depthwise, i)) < bound, "output %zu is %g, expected %g", i, y[i],
                      direct(e, depthwise, i));
    free(y);
    free(other);
}

START_TEST(convolutions_of_all_shapes_are_direct_sums)
{
    struct random_numbers random = {11};
    for (int round = 0; round < 300; round++) {
        struct example e = small_example(&random, false);
        check_example(&e, false);
        free_example(&e);
    }
}
END_TEST

START_TEST(depthwise_convolutions_are_direct_sums)
{
    struct random_numbers random = {12};
    for (int round = 0; round < 300; round++) {
        struct example e = small_example(&random, true);
        check_example(&e, true);
        free_example(&e);
    }
}
END_TEST

START_TEST(blocks_of_rows_depth_and_columns_fit_together)
{
    struct random_numbers random = {13};
    struct example e = {.samples = 2, .channels = 37, .groups = 1, .filters = 83};
    e.window = (struct c2s_window){{12, 13}, {12, 13}, {3, 3}, {1, 1}, {1, 1}, {1, 1}, {1, 1}};
    finish_example(&e, &random, false);
    check_example(&e, false);
    free_example(&e);
}
END_TEST

START_TEST(products_are_convolutions_of_one_pixel)
{
    struct random_numbers random = {14};
    const size_t depths[] = {1, 5, 255, 256, 257, 512, 1024}; /* the last ones don't suit the cache as they lie */
    for (size_t i = 0; i < sizeof depths / sizeof *depths; i++) {
        struct example e = {.samples = 1 + 40 * i, .channels = depths[i], .groups = 1, .filters = 1 + 33 * i};
        e.window = (struct c2s_window){{1, 1}, {1, 1}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {1, 1}};
        finish_example(&e, &random, false);
        check_example(&e, false);
        free_example(&e);
    }
}
END_TEST

START_TEST(the_epilogue_clips)
{
    struct c2s_packed_matrix packed;
    struct c2s_worker_pool *pool = NULL;
    const float x[3] = {-1, 0.5f, 9}, one = 1, bias = 1;
    float y[3];
    ck_assert_int_eq(c2s_worker_pool_create(context, 1, &pool, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_packed_matrix_create(context, &one, 1, 1, 1, &packed, NULL), CNN2SNN_OK);
    struct c2s_convolution c = {.channels = 1, .groups = 1, .weights = &packed, .bias = &bias};
    c.window = (struct c2s_window){{1, 3}, {1, 3}, {1, 1}, {1, 1}, {1, 1}, {0, 0}, {1, 1}};
    c.epilogue = (struct c2s_epilogue){true, 0, 0.5f, 6};
    void *scratch = malloc(c2s_convolution_scratch(1));
    c2s_convolve(&c, c2s_kernels_get(c2s_processor_instructions()), pool, scratch, 1, x, y);
    ck_assert(y[0] == 0 && y[1] == 1.5f && y[2] == 6);
    free(scratch);
    c2s_free(context, packed.data);
    c2s_worker_pool_destroy(pool);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("convolution");
    TCase *tests = tcase_create("convolution");
    tcase_add_checked_fixture(tests, make_context, drop_context);
    tcase_add_test(tests, convolutions_of_all_shapes_are_direct_sums);
    tcase_add_test(tests, depthwise_convolutions_are_direct_sums);
    tcase_add_test(tests, blocks_of_rows_depth_and_columns_fit_together);
    tcase_add_test(tests, products_are_convolutions_of_one_pixel);
    tcase_add_test(tests, the_epilogue_clips);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
