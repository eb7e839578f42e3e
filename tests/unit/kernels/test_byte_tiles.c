/* SPDX-License-Identifier: Apache-2.0 */
/* The product on tiles, with the tiles' instructions in C: as the plain variant, which has a test of its own. */
#include "tiles_in_c.h"

#include <stdio.h>
#include <stdlib.h>

#include "../support/random_numbers.h"
#include "kernels/byte_kernels_template.h"
#include "kernels/byte_kernels_variants.h"

enum { CANARY = 0xa5 };

struct shape {
    size_t pixels, row_pixels, row_step, pixel_step, segments, segment_step, groups, filters;
    bool wide, steps;
};

struct product_case {
    struct c2s_byte_product product;
    uint8_t *in, *out;
    int8_t *weights;
    int32_t *numbers;
    size_t out_size;
};

static size_t input_size(const struct shape *s)
{
    size_t last = 0;
    for (size_t pixel = 0; pixel < s->pixels; pixel++) {
        size_t place = pixel / s->row_pixels * s->row_step + pixel % s->row_pixels * s->pixel_step;
        last = place > last ? place : last;
    }
    return last + (s->segments - 1) * s->segment_step + 4 * s->groups;
}

/* Bytes at both ends of their range, at one, or anywhere. */
static void fill(struct random_numbers *random, void *to, size_t count, uint32_t kind, uint8_t low, uint8_t high)
{
    for (size_t i = 0; i < count; i++) {
        uint32_t bits = random_bits(random);
        ((uint8_t *)to)[i] = kind == 0 ? high : kind == 1 ? low : kind == 2 ? (bits & 1 ? low : high) : (uint8_t)bits;
    }
}

static struct c2s_byte_epilogue draw_epilogue(struct random_numbers *random, const struct shape *s, int32_t *numbers,
                                              size_t padded)
{
    struct c2s_byte_epilogue e = {numbers,
                                  numbers + padded,
                                  numbers + 2 * padded,
                                  numbers + 3 * padded,
                                  numbers + 4 * padded,
                                  numbers + 5 * padded,
                                  NULL,
                                  NULL};
    for (size_t f = 0; f < padded; f++) {
        e.start[f] = (int32_t)random_bits(random);
        e.low[f] = s->wide ? INT32_MIN : (int32_t)random_between(random, -50000, 0);
        e.high[f] = s->wide ? INT32_MAX : e.low[f] + (int32_t)random_between(random, 0, 60000);
        e.factor[f] = s->wide ? 1 : (int32_t)random_between(random, 0, 1000);
        e.addend[f] = s->wide ? 0 : -e.low[f] * e.factor[f] - (128 << 18);
        e.shift[f] = s->wide ? 0 : 18;
    }
    if (s->steps) {
        e.step = numbers + 6 * padded;
        e.edge = numbers + 7 * padded;
        for (size_t f = 0; f < padded; f++) {
            e.step[f] = (int32_t)random_between(random, 0, 1 << 12);
            e.edge[f] = (int32_t)random_between(random, -800000, 800000);
        }
    }
    return e;
}

static struct product_case make_case(struct random_numbers *random, const struct shape *s)
{
    size_t padded = (s->filters + C2S_BYTE_PANEL - 1) / C2S_BYTE_PANEL * C2S_BYTE_PANEL;
    size_t in = input_size(s), weights = padded * s->segments * s->groups * 4, gap = random_bits(random) % 2 * 9;
    size_t out_step = s->filters + gap;
    struct product_case c = {.in = malloc(in), .weights = malloc(weights)};
    c.numbers = malloc(8 * padded * sizeof *c.numbers);
    c.out_size = ((s->pixels - 1) * out_step + s->filters) * (s->wide ? sizeof(int32_t) : 1);
    c.out = malloc(c.out_size);
    fill(random, c.in, in, random_bits(random) % 6, 0, 255);
    fill(random, c.weights, weights, random_bits(random) % 6, 128, 127);
    c.product = (struct c2s_byte_product){.in = c.in,
                                          .pixels = s->pixels,
                                          .row_pixels = s->row_pixels,
                                          .row_step = s->row_step,
                                          .pixel_step = s->pixel_step,
                                          .segments = s->segments,
                                          .segment_step = s->segment_step,
                                          .groups = s->groups,
                                          .weights = c.weights,
                                          .filters = s->filters,
                                          .epilogue = draw_epilogue(random, s, c.numbers, padded),
                                          .out = {.data = c.out,
                                                  .step = out_step,
                                                  .wide = s->wide,
                                                  .flip = s->wide ? 0 : (uint8_t)(random_bits(random) & 128)}};
    return c;
}

static void expect_plain(struct random_numbers *random, const struct shape *s)
{
    struct product_case c = make_case(random, s);
    uint8_t *plain = malloc(c.out_size);
    memset(c.out, CANARY, c.out_size);
    multiply_by_tiles(&c.product);
    memcpy(plain, c.out, c.out_size);
    ck_assert_msg(!tiles.set, "tiles are still in use behind a product");
    memset(c.out, CANARY, c.out_size);
    c2s_byte_kernels_plain.multiply(&c.product);
    ck_assert_msg(!memcmp(plain, c.out, c.out_size),
                  "%zu pixels in rows of %zu, %zu segments of %zu groups, %zu filters", s->pixels, s->row_pixels,
                  s->segments, s->groups, s->filters);
    free(plain);
    free(c.in);
    free(c.out);
    free(c.weights);
    free(c.numbers);
}

START_TEST(sizes_around_those_of_tiles_are_multiplied)
{
    static const size_t pixels[] = {1, 15, 16, 17, 33}, groups[] = {1, 15, 16, 17, 33};
    static const size_t filters[] = {1, 16, 17, 33, 48, 63, 64, 65, 80, 129};
    struct random_numbers random = {3};
    size_t p = pixels[_i];
    for (size_t g = 0; g < sizeof groups / sizeof *groups; g++)
        for (size_t f = 0; f < sizeof filters / sizeof *filters; f++)
            for (int kind = 0; kind < 3; kind++)
                expect_plain(&random, &(struct shape){p, p, 0, 4 * groups[g], 1, 0, groups[g], filters[f], kind == 0,
                                                      kind == 2});
}
END_TEST

START_TEST(windows_of_images_are_multiplied)
{
    static const size_t columns[] = {1, 2, 5, 7, 14, 16, 17, 28};
    struct random_numbers random = {4};
    for (int i = 0; i < 150; i++) {
        size_t channels = (size_t)random_between(&random, 1, 70), rows = (size_t)random_between(&random, 1, 3);
        size_t wide = (size_t)random_between(&random, 1, 3), stride = (size_t)random_between(&random, 1, 2);
        size_t row_pixels = columns[random_bits(&random) % 8], width = (row_pixels - 1) * stride + wide;
        expect_plain(&random, &(struct shape){.pixels = (size_t)random_between(&random, 1, 60),
                                              .row_pixels = row_pixels,
                                              .row_step = stride * width * channels,
                                              .pixel_step = stride * channels,
                                              .segments = rows,
                                              .segment_step = width * channels,
                                              .groups = (wide * channels + 3) / 4,
                                              .filters = (size_t)random_between(&random, 1, 140),
                                              .wide = random_bits(&random) & 1});
    }
}
END_TEST

/* 17 * 4 * 10,000 products of 255 and -128 exceed 31 bits. */
START_TEST(sums_wrap_around_as_in_plain_c)
{
    struct random_numbers random = {5};
    for (int i = 0; i < 4; i++)
        expect_plain(&random, &(struct shape){3, 3, 0, 4, 10000, 0, 17, 16, true, false});
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("byte tiles");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, sizes_around_those_of_tiles_are_multiplied, 0, 5);
    tcase_add_test(tests, windows_of_images_are_multiplied);
    tcase_add_test(tests, sums_wrap_around_as_in_plain_c);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
