/* SPDX-License-Identifier: Apache-2.0 */
/* Every variant of the byte kernels' product, and of the largest of bytes, against their definitions. */
#include "byte_testing.h"

enum { MOST_RUNS = 8 };

/* Sums are always described by runs: segments are runs at equal distances without shifts. */
struct shape {
    size_t pixels, row_pixels, row_step, pixel_step;
    bool has_segments;
    size_t segment_step, length; /* bytes of a segment that count; a group of 4 may reach beyond */
    struct c2s_byte_run runs[MOST_RUNS];
    size_t run_count;
    size_t filters;
    bool is_signed;
};

struct product_case {
    struct random_numbers random;
    struct shape shape;
    struct c2s_byte_product product;
    int8_t *true_weights; /* [run][byte][filter] */
    struct numbers *numbers;
    struct block in, weights, epilogue, out;
};

/* Anywhere, one over another, with shifts behind some that cut off bits of the sums. */
static void draw_runs(struct random_numbers *random, struct shape *s)
{
    s->run_count = (size_t)random_between(random, 1, MOST_RUNS);
    for (size_t i = 0; i < s->run_count; i++)
        s->runs[i] = (struct c2s_byte_run){(size_t)random_between(random, 0, 200), PICK(random, 1, 1, 2, 3, 16, 17),
                                           (int32_t)PICK(random, 0, 0, 0, 1, 2, 8, 20, 31)};
}

/* Windows of rows of an image, as layers have them: with strides, and rows that overlap. */
static struct shape draw_shape(struct random_numbers *random)
{
    size_t channels = PICK(random, 1, 2, 3, 4, 5, 7, 16, 31, 32, 33, 63, 64, 65);
    size_t kernel_x = PICK(random, 1, 1, 1, 2, 3, 5), kernel_y = PICK(random, 1, 1, 2, 3);
    size_t stride_x = PICK(random, 1, 1, 2, 3), stride_y = PICK(random, 1, 1, 2, 3),
           columns = PICK(random, 1, 2, 5, 6, 7, 13);
    size_t width = (columns - 1) * stride_y + kernel_y + (size_t)random_between(random, 0, 2);
    struct shape s = {
        .pixels = (size_t)random_between(random, 1, 30),
        .row_pixels = columns,
        .row_step = stride_x * width * channels,
        .pixel_step = stride_y * channels,
        .has_segments = random_bits(random) % 3,
        .segment_step = width * channels,
        .length = kernel_y * channels,
        .filters =
            PICK(random, 1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 47, 48, 49, 63, 64, 65, 80, 96, 112, 127, 130),
        .is_signed = random_bits(random) & 1,
        .run_count = kernel_x,
    };
    for (size_t i = 0; i < kernel_x; i++)
        s.runs[i] = (struct c2s_byte_run){i * s.segment_step, (s.length + 3) / 4, 0};
    if (!s.has_segments)
        draw_runs(random, &s);
    return s;
}

static size_t length_of(const struct shape *s, size_t run)
{
    return s->has_segments ? s->length : 4 * s->runs[run].groups;
}

static size_t count_groups(const struct shape *s)
{
    size_t groups = 0;
    for (size_t i = 0; i < s->run_count; i++)
        groups += s->runs[i].groups;
    return groups;
}

static size_t padded(size_t filters)
{
    return (filters + C2S_BYTE_PANEL - 1) / C2S_BYTE_PANEL * C2S_BYTE_PANEL;
}

static size_t place_of(const struct shape *s, size_t pixel)
{
    return pixel / s->row_pixels * s->row_step + pixel % s->row_pixels * s->pixel_step;
}

/* Bytes of input that the sums are of. */
static size_t input_size(const struct shape *s)
{
    size_t last = 0, end = 0;
    for (size_t pixel = 0; pixel < s->pixels; pixel++)
        last = place_of(s, pixel) > last ? place_of(s, pixel) : last;
    for (size_t i = 0; i < s->run_count; i++)
        end = s->runs[i].offset + length_of(s, i) > end ? s->runs[i].offset + length_of(s, i) : end;
    return last + end;
}

static void draw_weights(struct product_case *c, enum drawing drawing)
{
    const struct shape *s = &c->shape;
    size_t groups = count_groups(s), before = 0;
    c->true_weights = malloc(4 * groups * s->filters);
    c->weights = make_block(&c->random, groups * 4 * padded(s->filters), 1);
    memset(c->weights.data, 0, c->weights.size);
    int8_t *true_weight = c->true_weights;
    for (size_t i = 0; i < s->run_count; before += s->runs[i++].groups)
        for (size_t k = 0; k < length_of(s, i); k++)
            for (size_t f = 0; f < s->filters; f++) {
                int8_t weight = (int8_t)draw(&c->random, drawing, -128, 127);
                size_t group = f / C2S_BYTE_PANEL * groups + before + k / 4;
                *true_weight++ = weight;
                c->weights.data[(group * C2S_BYTE_PANEL + f % C2S_BYTE_PANEL) * 4 + k % 4] = (uint8_t)weight;
            }
}

/* Of bytes (NULL: zeros) with an offset added to each. */
static uint32_t sum_up(const struct product_case *c, const uint8_t *x, int32_t offset, size_t filter)
{
    const struct shape *s = &c->shape;
    const int8_t *weight = c->true_weights + filter;
    uint32_t sum = 0;
    for (size_t i = 0; i < s->run_count; i++) {
        for (size_t k = 0; k < length_of(s, i); k++, weight += s->filters)
            sum += (uint32_t)(((x ? x[s->runs[i].offset + k] : 0) + offset) * *weight);
        sum <<= s->runs[i].shift;
    }
    return sum;
}

static void draw_epilogue(struct product_case *c, const struct c2s_byte_kernels *kernels, bool wide)
{
    const struct shape *s = &c->shape;
    int32_t offset = (s->is_signed ? 128 : 0) - kernels->input_offset;
    c->numbers = malloc(s->filters * sizeof *c->numbers);
    bool has_steps = !wide && random_bits(&c->random) & 1;
    c->product.epilogue = make_epilogue(&c->random, padded(s->filters), has_steps, &c->epilogue);
    for (size_t f = 0; f < s->filters; f++) {
        c->numbers[f] = draw_numbers(&c->random, wide, has_steps, (int64_t)count_groups(s) * 4 * 255 * 128);
        set_numbers(&c->product.epilogue, f, &c->numbers[f], sum_up(c, NULL, offset, f));
    }
}

static void make_case(struct product_case *c, const struct c2s_byte_kernels *kernels, uint64_t seed)
{
    c->random.state = seed;
    struct random_numbers *random = &c->random;
    c->shape = draw_shape(random);
    const struct shape *s = &c->shape;
    enum drawing inputs = (enum drawing)(seed % DRAWINGS), weights = (enum drawing)(seed / DRAWINGS % DRAWINGS);
    c->in = make_input(random, input_size(s), inputs);
    draw_weights(c, weights);
    bool wide = random_bits(random) & 1;
    draw_epilogue(c, kernels, wide);
    c->product = (struct c2s_byte_product){
        .in = c->in.data,
        .pixels = s->pixels,
        .row_pixels = s->row_pixels,
        .row_step = s->row_step,
        .pixel_step = s->pixel_step,
        .segments = s->run_count,
        .segment_step = s->segment_step,
        .groups = s->has_segments ? s->runs[0].groups : count_groups(s),
        .runs = s->has_segments ? NULL : c->shape.runs,
        .run_count = s->run_count,
        .weights = (const int8_t *)c->weights.data,
        .filters = s->filters,
        .epilogue = c->product.epilogue,
        .out = {.step = s->filters + (size_t)random_between(random, 0, 2) * 9,
                .wide = wide,
                .flip = random_bits(random) & 1 ? 128 : 0},
    };
    c->out = make_output(random, &c->product.out, s->pixels, s->filters);
    c->product.out.data = c->out.data;
}

static void drop_case(struct product_case *c)
{
    free(c->in.memory);
    free(c->weights.memory);
    free(c->epilogue.memory);
    free(c->out.memory);
    free(c->true_weights);
    free(c->numbers);
}

static int32_t expected(const struct product_case *c, size_t pixel, size_t filter)
{
    uint32_t sum = sum_up(c, c->in.data + place_of(&c->shape, pixel), c->shape.is_signed ? -128 : 0, filter);
    return result_of(&c->numbers[filter], sum);
}

static void expect_case(const struct product_case *c, const char *name, uint64_t seed)
{
    char what[100];
    for (size_t p = 0; p < c->shape.pixels; p++)
        for (size_t f = 0; f < c->shape.filters; f++) {
            int32_t is = read_output(&c->product.out, p * c->product.out.step + f), should = expected(c, p, f);
            ck_assert_msg(is == should,
                          "%s, case %llu (%zu %s, %zu groups, %zu pixels, %zu filters): pixel %zu, filter %zu: %d, "
                          "expected %d",
                          name, (unsigned long long)seed, c->shape.run_count,
                          c->shape.has_segments ? "segments" : "runs", count_groups(&c->shape), c->shape.pixels,
                          c->shape.filters, p, f, (int)is, (int)should);
        }
    snprintf(what, sizeof what, "%s, case %llu", name, (unsigned long long)seed);
    expect_gaps(&c->product.out, c->shape.pixels, c->shape.filters, what);
}

START_TEST(products_are_the_sums_of_their_definition)
{
    const struct c2s_byte_kernels *kernels = variant_of((size_t)_i);
    for (uint64_t seed = 0; kernels && seed < 450; seed++) {
        struct product_case c;
        make_case(&c, kernels, seed);
        kernels->multiply(&c.product);
        expect_case(&c, kernels->name, seed);
        drop_case(&c);
    }
}
END_TEST

/* Four products of 255 and -128, or of 255 and 127, exceed 16 bits; 140,000 groups of them exceed 32. */
START_TEST(nothing_saturates_on_the_way)
{
    const struct c2s_byte_kernels *kernels = variant_of((size_t)_i);
    static const int8_t ends[] = {-128, 127};
    static const size_t lengths[] = {1, 2, 7, 140000};
    for (size_t i = 0; kernels && i < 8; i++) {
        struct product_case c = {.random = {i}};
        size_t groups = lengths[i / 2];
        c.in = make_input(&c.random, 4 * groups, ALL_HIGH);
        c.weights = make_block(&c.random, groups * 4 * C2S_BYTE_PANEL, 1);
        memset(c.weights.data, ends[i % 2], c.weights.size);
        c.product.epilogue = make_epilogue(&c.random, C2S_BYTE_PANEL, false, &c.epilogue);
        for (size_t f = 0; f < C2S_BYTE_PANEL; f++)
            set_numbers(&c.product.epilogue, f, &(struct numbers){.low = INT32_MIN, .high = INT32_MAX, .factor = 1},
                        (uint32_t)(-(int64_t)groups * 4 * kernels->input_offset * ends[i % 2]));
        c.out = make_block(&c.random, C2S_BYTE_PANEL * sizeof(int32_t), sizeof(int32_t));
        struct c2s_byte_product product = {.in = c.in.data,
                                           .pixels = 1,
                                           .row_pixels = 1,
                                           .segments = 1,
                                           .groups = groups,
                                           .weights = (const int8_t *)c.weights.data,
                                           .filters = C2S_BYTE_PANEL,
                                           .epilogue = c.product.epilogue,
                                           .out = {.data = c.out.data, .step = C2S_BYTE_PANEL, .wide = true}};
        kernels->multiply(&product);
        int32_t should = (int32_t)(uint32_t)((int64_t)groups * 4 * 255 * ends[i % 2]);
        for (size_t f = 0; f < C2S_BYTE_PANEL; f++)
            ck_assert_msg(read_output(&product.out, f) == should, "%s: %zu groups, weights %d: %d, expected %d",
                          kernels->name, groups, ends[i % 2], (int)read_output(&product.out, f), (int)should);
        drop_case(&c);
    }
}
END_TEST

START_TEST(the_larger_of_two_bytes_is_kept)
{
    const struct c2s_byte_kernels *kernels = variant_of((size_t)_i);
    struct random_numbers random = {7};
    for (size_t count = 0; kernels && count < 300; count++) {
        struct block x = make_block(&random, count + 1, 1), y = make_block(&random, count + 1, 1);
        uint8_t should[301];
        for (size_t i = 0; i < count; i++) {
            x.data[i] = (uint8_t)draw(&random, (enum drawing)(count % DRAWINGS), 0, 255);
            y.data[i] = (uint8_t)draw(&random, ANYTHING, 0, 255);
            should[i] = x.data[i] > y.data[i] ? x.data[i] : y.data[i];
        }
        should[count] = CANARY;
        x.data[count] = 255;
        kernels->largest(x.data, y.data, count);
        ck_assert_msg(!memcmp(y.data, should, count + 1), "%s: %zu bytes", kernels->name, count);
        free(x.memory);
        free(y.memory);
    }
}
END_TEST

START_TEST(variants_are_chosen_by_what_they_need)
{
    uint32_t found = c2s_processor_all_instructions(), needed;
    const struct c2s_byte_kernels *kernels, *last = NULL;
    size_t usable = 0;
    ck_assert_str_eq(c2s_byte_kernels_get(0)->name, "plain");
    for (size_t i = 0; (kernels = c2s_byte_kernels_built(i, &needed)); i++) {
        if (needed & ~found)
            continue;
        ck_assert_ptr_eq(c2s_byte_kernels_variant(usable++), kernels);
        ck_assert_ptr_eq(c2s_byte_kernels_get(needed), kernels);
        last = kernels;
    }
    ck_assert_ptr_null(c2s_byte_kernels_variant(usable));
    ck_assert_ptr_eq(c2s_byte_kernels_get(found), last);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("byte product");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, products_are_the_sums_of_their_definition, 0, count_variants());
    tcase_add_loop_test(tests, nothing_saturates_on_the_way, 0, count_variants());
    tcase_add_loop_test(tests, the_larger_of_two_bytes_is_kept, 0, count_variants());
    tcase_add_test(tests, variants_are_chosen_by_what_they_need);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
