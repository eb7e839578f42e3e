/* SPDX-License-Identifier: Apache-2.0 */
/* Every variant of the byte kernels' depthwise convolution against its definition. */
#include "byte_testing.h"

struct depthwise_case {
    struct random_numbers random;
    bool is_signed;
    struct c2s_byte_window window;
    int8_t *true_weights; /* [row][column][channel] */
    struct numbers *numbers;
    struct c2s_byte_digits digits;
    struct block in, weights, epilogue, out, low;
};

/* Most windows are 3x3 and move by one column: these have loops of their own. */
static void draw_shape(struct depthwise_case *c)
{
    struct random_numbers *random = &c->random;
    bool usual = random_bits(random) & 1;
    size_t channels = PICK(random, 1, 2, 3, 5, 15, 16, 17, 31, 32, 33, 47, 48, 63, 64, 65, 96, 127, 128, 130);
    size_t step = channels + (size_t)random_between(random, 0, 1) * 5, stride = PICK(random, 1, 1, 2, 3);
    size_t columns = usual ? 3 : PICK(random, 1, 2, 3, 4, 5, 7), pixels = PICK(random, 1, 2, 3, 4, 5, 6, 7, 9, 12);
    c->is_signed = random_bits(random) & 1;
    c->window = (struct c2s_byte_window){
        .pixels = pixels,
        .pixel_step = stride * step,
        .rows = usual ? 3 : PICK(random, 1, 2, 3, 4, 5, 7, 8, 9),
        .row_step = ((pixels - 1) * stride + columns + (size_t)random_between(random, 0, 2)) * step,
        .columns = columns,
        .column_step = step,
        .channels = channels,
        .out = {.step = channels + (size_t)random_between(random, 0, 2) * 9,
                .wide = random_bits(random) & 1,
                .flip = random_bits(random) & 1 ? 128 : 0},
    };
}

/* Results of bytes may be split, or they are so much smaller. */
static void draw_digits(struct depthwise_case *c)
{
    int32_t bits = (int32_t)random_between(&c->random, 0, 7);
    if (c->window.out.wide || random_bits(&c->random) & 1)
        return;
    for (int i = 0; i < C2S_BYTE_MOST_LANES; i++) {
        c->digits.bits[i] = bits;
        c->digits.weight[i] = -(1 << bits);
    }
    c->window.out.digits = &c->digits;
}

static void draw_weights(struct depthwise_case *c, const struct c2s_byte_kernels *kernels, size_t padded,
                         enum drawing drawing)
{
    struct c2s_byte_window *w = &c->window;
    size_t groups = (w->rows + 3) / 4, block = kernels->channel_block;
    c->true_weights = malloc(w->rows * w->columns * w->channels);
    c->weights = make_block(&c->random, w->columns * groups * 4 * padded, 1);
    memset(c->weights.data, 0, c->weights.size);
    for (size_t row = 0; row < w->rows; row++)
        for (size_t column = 0; column < w->columns; column++)
            for (size_t channel = 0; channel < w->channels; channel++) {
                int8_t weight = (int8_t)draw(&c->random, drawing, -128, 127);
                size_t place = (channel / block * w->columns + column) * groups + row / 4;
                c->true_weights[(row * w->columns + column) * w->channels + channel] = weight;
                c->weights.data[(place * block + c2s_byte_slot(kernels, channel) % block) * 4 + row % 4] =
                    (uint8_t)weight;
            }
}

static void draw_epilogue(struct depthwise_case *c, const struct c2s_byte_kernels *kernels, size_t padded)
{
    struct c2s_byte_window *w = &c->window;
    size_t taps = w->rows * w->columns;
    int32_t offset = (c->is_signed ? 128 : 0) - kernels->input_offset;
    c->numbers = malloc(w->channels * sizeof *c->numbers);
    bool has_steps = !w->out.wide && random_bits(&c->random) & 1;
    w->epilogue = make_epilogue(&c->random, padded, has_steps, &c->epilogue);
    for (size_t channel = 0; channel < w->channels; channel++) {
        uint32_t correction = 0;
        for (size_t i = 0; i < taps; i++)
            correction += (uint32_t)(offset * c->true_weights[i * w->channels + channel]);
        c->numbers[channel] = draw_numbers(&c->random, w->out.wide, has_steps, (int64_t)taps * 255 * 128);
        if (w->out.digits && c->numbers[channel].shift >= c->digits.bits[0])
            c->numbers[channel].shift -= c->digits.bits[0];
        set_numbers(&w->epilogue, c2s_byte_slot(kernels, channel), &c->numbers[channel], correction);
    }
}

static void make_case(struct depthwise_case *c, const struct c2s_byte_kernels *kernels, uint64_t seed)
{
    c->random.state = seed;
    draw_shape(c);
    draw_digits(c);
    struct c2s_byte_window *w = &c->window;
    size_t padded = (w->channels + kernels->channel_block - 1) / kernels->channel_block * kernels->channel_block;
    size_t last = (w->pixels - 1) * w->pixel_step + (w->rows - 1) * w->row_step + (w->columns - 1) * w->column_step;
    c->in = make_input(&c->random, last + w->channels, (enum drawing)(seed % DRAWINGS));
    draw_weights(c, kernels, padded, (enum drawing)(seed / DRAWINGS % DRAWINGS));
    draw_epilogue(c, kernels, padded);
    c->out = make_output(&c->random, &w->out, w->pixels, w->channels);
    w->in = c->in.data;
    w->weights = (const int8_t *)c->weights.data;
    w->out.data = c->out.data;
    if (w->out.digits) {
        c->low = make_output(&c->random, &w->out, w->pixels, w->channels);
        w->out.low = c->low.data;
    }
}

static void drop_case(struct depthwise_case *c)
{
    free(c->in.memory);
    free(c->weights.memory);
    free(c->epilogue.memory);
    free(c->out.memory);
    free(c->low.memory);
    free(c->true_weights);
    free(c->numbers);
}

static int32_t expected(const struct depthwise_case *c, size_t pixel, size_t channel)
{
    const struct c2s_byte_window *w = &c->window;
    int64_t sum = 0;
    for (size_t row = 0; row < w->rows; row++)
        for (size_t column = 0; column < w->columns; column++) {
            int32_t x = c->in.data[pixel * w->pixel_step + row * w->row_step + column * w->column_step + channel];
            sum +=
                (x - (c->is_signed ? 128 : 0)) * c->true_weights[(row * w->columns + column) * w->channels + channel];
        }
    return result_of(&c->numbers[channel], sum);
}

static int32_t read_result(const struct depthwise_case *c, size_t place)
{
    const struct c2s_byte_output *out = &c->window.out;
    int32_t high = read_output(out, place);
    return out->low ? high * (1 << c->digits.bits[0]) + out->low[place] : high;
}

static void expect_case(const struct depthwise_case *c, const char *name, uint64_t seed)
{
    const struct c2s_byte_window *w = &c->window;
    char what[100];
    for (size_t p = 0; p < w->pixels; p++)
        for (size_t channel = 0; channel < w->channels; channel++) {
            int32_t is = read_result(c, p * w->out.step + channel), should = expected(c, p, channel);
            ck_assert_msg(
                is == should,
                "%s, case %llu (%zux%zu, %zu channels, %zu pixels): pixel %zu, channel %zu: %d, expected %d", name,
                (unsigned long long)seed, w->rows, w->columns, w->channels, w->pixels, p, channel, (int)is,
                (int)should);
        }
    snprintf(what, sizeof what, "%s, case %llu", name, (unsigned long long)seed);
    expect_gaps(&w->out, w->pixels, w->channels, what);
    if (w->out.low)
        expect_gaps(&(struct c2s_byte_output){.data = w->out.low, .step = w->out.step}, w->pixels, w->channels, what);
}

START_TEST(channels_are_the_sums_of_their_windows)
{
    const struct c2s_byte_kernels *kernels = variant_of((size_t)_i);
    for (uint64_t seed = 0; kernels && seed < 700; seed++) {
        struct depthwise_case c = {0};
        make_case(&c, kernels, seed);
        kernels->depthwise(&c.window);
        expect_case(&c, kernels->name, seed);
        drop_case(&c);
    }
}
END_TEST

START_TEST(each_channel_has_a_slot_of_its_own_in_its_block)
{
    uint32_t needed;
    const struct c2s_byte_kernels *kernels = c2s_byte_kernels_built((size_t)_i, &needed);
    size_t block = kernels->channel_block;
    bool taken[3 * C2S_BYTE_MOST_BLOCK] = {false};
    ck_assert(block % 16 == 0 && block <= C2S_BYTE_MOST_BLOCK);
    for (size_t channel = 0; channel < 3 * block; channel++) {
        size_t slot = c2s_byte_slot(kernels, channel);
        ck_assert_uint_eq(slot / block, channel / block);
        ck_assert_msg(!taken[slot], "%s: channel %zu", kernels->name, channel);
        taken[slot] = true;
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("byte depthwise");
    TCase *tests = tcase_create("all");
    tcase_add_loop_test(tests, channels_are_the_sums_of_their_windows, 0, count_variants());
    tcase_add_loop_test(tests, each_channel_has_a_slot_of_its_own_in_its_block, 0, count_variants());
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
