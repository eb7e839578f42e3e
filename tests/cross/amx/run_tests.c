/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Products on tiles (AMX-INT8) beside those in plain C, on a processor without an operating system; results go to the
 * serial port. Weights are 0 to 127: Bochs 3.0 takes all bytes of TDPBUSD for unsigned ones, which negative weights
 * aren't (test_byte_tiles.c has them, with the instruction in C).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "kernels/byte_kernels_variants.h"

enum {
    PORT = 0x3f8,
    CANARY = 0xa5,
    MOST_INPUTS = 1 << 18,
    MOST_WEIGHTS = 1 << 18,
    MOST_FILTERS = 160,
    MOST_OUT = 1 << 16
};

static uint8_t inputs[MOST_INPUTS], outputs[2][MOST_OUT];
static int8_t weights[MOST_INPUTS];
static int32_t numbers[6][MOST_FILTERS];
static unsigned products, wrong;

/* ------------------------------------------------------------------------------------------------ no C library */

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((char *)to)[i] = ((const char *)from)[i];
    return to;
}

void *memset(void *to, int value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        ((char *)to)[i] = (char)value;
    return to;
}

static void put_byte(uint16_t port, uint8_t value)
{
    __asm__ volatile("outb %0, %1" : : "a"(value), "Nd"(port));
}

static void say(const char *text)
{
    for (; *text; text++) {
        uint8_t status = 0;
        while (!(status & 0x20)) /* until there is room for a byte */
            __asm__ volatile("inb %1, %0" : "=a"(status) : "Nd"((uint16_t)(PORT + 5)));
        put_byte(PORT, (uint8_t)*text);
    }
}

static void say_number(unsigned number)
{
    char digits[11];
    size_t first = sizeof digits - 1;
    digits[first] = 0;
    do
        digits[--first] = (char)('0' + number % 10);
    while (number /= 10);
    say(digits + first);
}

static uint32_t random_bits(void)
{
    static uint64_t state = 0x9e3779b97f4a7c15;
    state = state * 6364136223846793005 + 1442695040888963407;
    return (uint32_t)(state >> 32);
}

static uint32_t random_between(uint32_t least, uint32_t most)
{
    return least + random_bits() % (most - least + 1);
}

/* ------------------------------------------------------------------------------------------------ products */

/* Of each array the first half holds any values, the second those at both ends of their range. */
static void draw_bytes(void)
{
    for (size_t i = 0; i < MOST_INPUTS; i++) {
        uint32_t bits = random_bits();
        bool extreme = i >= MOST_INPUTS / 2;
        inputs[i] = extreme ? (bits & 1 ? 255 : 0) : (uint8_t)bits;
        weights[i] = (int8_t)(extreme ? (bits & 2 ? 127 : 0) : bits >> 8 & 127);
    }
}

static size_t random_place(void)
{
    return (random_bits() & 1) * (MOST_INPUTS / 2) + random_between(0, 255) * 64;
}

static void draw_epilogue(const struct c2s_byte_product *p)
{
    for (size_t f = 0; f < MOST_FILTERS; f++) {
        bool wide = p->out.wide;
        numbers[0][f] = (int32_t)random_bits();
        numbers[1][f] = wide ? INT32_MIN : -(int32_t)random_between(0, 50000);
        numbers[2][f] = wide ? INT32_MAX : numbers[1][f] + (int32_t)random_between(0, 60000);
        numbers[3][f] = wide ? 1 : (int32_t)random_between(0, 1000);
        numbers[4][f] = wide ? 0 : -numbers[1][f] * numbers[3][f] - (128 << 18);
        numbers[5][f] = wide ? 0 : 18;
    }
}

static void compare(struct c2s_byte_product p)
{
    const struct c2s_byte_kernels *variants[2] = {&c2s_byte_kernels_plain, &c2s_byte_kernels_amx};
    bool same = true;
    draw_epilogue(&p);
    p.in = inputs + random_place();
    p.weights = weights + random_place();
    p.epilogue = (struct c2s_byte_epilogue){numbers[0], numbers[1], numbers[2], numbers[3],
                                            numbers[4], numbers[5], NULL,       NULL};
    p.out.step = p.filters + 3;
    for (int i = 0; i < 2; i++) {
        memset(outputs[i], CANARY, MOST_OUT);
        p.out.data = outputs[i];
        variants[i]->multiply(&p);
    }
    for (size_t i = 0; i < MOST_OUT; i++)
        same = same && outputs[0][i] == outputs[1][i];
    products++;
    wrong += !same;
}

static void try_sizes_around_tiles(void)
{
    static const uint8_t pixels[] = {8, 15, 16, 17, 33, 47}, groups[] = {8, 15, 16, 17, 33};
    static const uint8_t filters[] = {1, 15, 16, 17, 33, 48, 49, 64, 65, 129};
    for (size_t i = 0; i < sizeof pixels * sizeof groups * sizeof filters; i++) {
        size_t p = pixels[i % sizeof pixels], g = groups[i / sizeof pixels % sizeof groups];
        compare((struct c2s_byte_product){.pixels = p,
                                          .row_pixels = p,
                                          .pixel_step = 4 * g,
                                          .segments = 1,
                                          .groups = g,
                                          .filters = filters[i / sizeof pixels / sizeof groups],
                                          .out.wide = random_bits() & 1});
    }
}

static void try_windows_of_images(void)
{
    for (int i = 0; i < 300; i++) {
        size_t channels = random_between(1, 90), wide = random_between(1, 3), stride = random_between(1, 2);
        size_t row_pixels = random_between(1, 28), width = (row_pixels - 1) * stride + wide;
        compare((struct c2s_byte_product){.pixels = random_between(8, 70),
                                          .row_pixels = row_pixels,
                                          .row_step = stride * width * channels,
                                          .pixel_step = stride * channels,
                                          .segments = random_between(1, 3),
                                          .segment_step = width * channels,
                                          .groups = (wide * channels + 3) / 4,
                                          .filters = random_between(1, 140),
                                          .out.wide = random_bits() & 1});
    }
}

void run_tests(void);
void run_tests(void)
{
    put_byte(PORT + 3, 3); /* 8 bits a byte */
    draw_bytes();
    try_sizes_around_tiles();
    try_windows_of_images();
    say_number(products - wrong);
    say(" passed, ");
    say_number(wrong);
    say(" failed, 0 skipped\n");
}
