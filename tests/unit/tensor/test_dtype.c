/* SPDX-License-Identifier: Apache-2.0 */
/* Element types: names, and what becomes of values at the edges of their ranges. */
#include <check.h>
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "tensor/dtype.h"

START_TEST(names_and_sizes_are_numpys)
{
    for (cnn2snn_dtype dtype = 1; dtype <= CNN2SNN_DTYPE_UINT64; dtype++)
        ck_assert_int_eq(c2s_dtype_from_name(c2s_dtype_name(dtype)), dtype);
    ck_assert_str_eq(c2s_dtype_name(CNN2SNN_DTYPE_FLOAT16), "float16");
    ck_assert_uint_eq(c2s_dtype_size(CNN2SNN_DTYPE_BOOL), 1);
    ck_assert_uint_eq(c2s_dtype_size(CNN2SNN_DTYPE_UINT64), 8);
    ck_assert_str_eq(c2s_dtype_name(13), "unknown");
    ck_assert_str_eq(c2s_dtype_name(-1), "unknown");
    ck_assert_uint_eq(c2s_dtype_size(0), 0);
    ck_assert_int_eq(c2s_dtype_from_name("unknown"), CNN2SNN_DTYPE_NONE);
    ck_assert_int_eq(c2s_dtype_from_name("complex64"), CNN2SNN_DTYPE_NONE);
    ck_assert_int_eq(c2s_dtype_from_name(NULL), CNN2SNN_DTYPE_NONE);
}
END_TEST

START_TEST(every_half_survives_the_way_to_double_and_back)
{
    for (unsigned half = 0; half < 65536; half++) {
        double value = c2s_half_to_double((uint16_t)half);
        if (isnan(value))
            ck_assert_uint_eq(half & 0x7c00, 0x7c00);
        else
            ck_assert_uint_eq(c2s_double_to_half(value), half);
    }
    ck_assert(isnan(c2s_half_to_double(c2s_double_to_half((double)NAN))));
}
END_TEST

START_TEST(halves_round_once_and_to_even)
{
    ck_assert(c2s_half_to_double(0x3c00) == 1);
    ck_assert(c2s_half_to_double(0x7bff) == 65504);
    ck_assert(c2s_half_to_double(0x0001) == 0x1p-24);
    ck_assert_uint_eq(c2s_double_to_half(1 + 0x1p-11), 0x3c00);
    ck_assert_uint_eq(c2s_double_to_half(1 + 3 * 0x1p-11), 0x3c02);
    /* By way of float32 this would become the tie above and round down. */
    ck_assert_uint_eq(c2s_double_to_half(1 + 0x1p-11 + 0x1p-40), 0x3c01);
    ck_assert_uint_eq(c2s_double_to_half(65519.99), 0x7bff);
    ck_assert_uint_eq(c2s_double_to_half(65520), 0x7c00);
    ck_assert_uint_eq(c2s_double_to_half(-1e300), 0xfc00);
    ck_assert_uint_eq(c2s_double_to_half(2047.9999), 0x6800);
    ck_assert_uint_eq(c2s_double_to_half(0x1p-25), 0);
    ck_assert_uint_eq(c2s_double_to_half(0x1.8p-25), 1);
    ck_assert_uint_eq(c2s_double_to_half(0x1p-14 - 0x1p-26), 0x0400);
    ck_assert_uint_eq(c2s_double_to_half(-0.0), 0x8000);
}
END_TEST

#define EXPECT(from_dtype, from_type, to_dtype, to_type, value, result)                                              \
    do {                                                                                                             \
        from_type before = (from_type)(value);                                                                       \
        to_type after;                                                                                               \
        c2s_dtype_convert(CNN2SNN_DTYPE_##from_dtype, &before, CNN2SNN_DTYPE_##to_dtype, &after, 1);                 \
        ck_assert(after == (to_type)(result));                                                                       \
    } while (0)

START_TEST(floats_are_cut_towards_zero_and_limited)
{
    EXPECT(FLOAT32, float, INT8, int8_t, 127.9, 127);
    EXPECT(FLOAT32, float, INT8, int8_t, 300, 127);
    EXPECT(FLOAT32, float, INT8, int8_t, -128.9, -128);
    EXPECT(FLOAT32, float, INT8, int8_t, -300, -128);
    EXPECT(FLOAT64, double, INT16, int16_t, -1.9, -1);
    EXPECT(FLOAT64, double, INT16, int16_t, 40000, INT16_MAX);
    EXPECT(FLOAT64, double, INT32, int32_t, 1e10, INT32_MAX);
    EXPECT(FLOAT64, double, INT32, int32_t, -2147483648.5, INT32_MIN);
    EXPECT(FLOAT64, double, INT64, int64_t, 9223372036854775808.0, INT64_MAX);
    EXPECT(FLOAT64, double, INT64, int64_t, -INFINITY, INT64_MIN);
    EXPECT(FLOAT64, double, UINT8, uint8_t, 255.99, 255);
    EXPECT(FLOAT64, double, UINT8, uint8_t, 256, 255);
    EXPECT(FLOAT64, double, UINT16, uint16_t, -0.5, 0);
    EXPECT(FLOAT64, double, UINT16, uint16_t, 65535.5, 65535);
    EXPECT(FLOAT64, double, UINT32, uint32_t, 4294967296.0, UINT32_MAX);
    EXPECT(FLOAT64, double, UINT64, uint64_t, INFINITY, UINT64_MAX);
    EXPECT(FLOAT64, double, UINT64, uint64_t, 18446744073709549568.0, 18446744073709549568ull);
    EXPECT(FLOAT32, float, INT32, int32_t, NAN, 0);
    EXPECT(FLOAT32, float, UINT8, uint8_t, NAN, 0);
    EXPECT(FLOAT32, float, BOOL, uint8_t, 0.001, 1);
    EXPECT(FLOAT32, float, BOOL, uint8_t, -0.0, 0);
    EXPECT(FLOAT64, double, FLOAT32, float, 1e300, INFINITY);
    EXPECT(FLOAT64, double, FLOAT32, float, 0.1, 0.1f);
    EXPECT(FLOAT64, double, FLOAT16, uint16_t, 0.5, 0x3800);
    EXPECT(FLOAT32, float, FLOAT64, double, 0.1f, 0.1f);
    EXPECT(FLOAT16, uint16_t, FLOAT32, float, 0x3800, 0.5);
}
END_TEST

START_TEST(integers_keep_their_low_bits_and_become_floats_in_one_rounding)
{
    EXPECT(INT32, int32_t, INT8, int8_t, 0x1ff, -1);
    EXPECT(INT8, int8_t, UINT8, uint8_t, -1, 255);
    EXPECT(INT8, int8_t, UINT64, uint64_t, -1, UINT64_MAX);
    EXPECT(UINT8, uint8_t, INT16, int16_t, 200, 200);
    EXPECT(INT16, int16_t, INT32, int32_t, -5, -5);
    EXPECT(UINT16, uint16_t, UINT32, uint32_t, 65535, 65535);
    EXPECT(UINT32, uint32_t, INT64, int64_t, UINT32_MAX, UINT32_MAX);
    EXPECT(UINT64, uint64_t, FLOAT64, double, UINT64_MAX, 18446744073709551616.0);
    EXPECT(INT64, int64_t, FLOAT64, double, INT64_MIN, -9223372036854775808.0);
    /* 2^54 + 2^30 + 1 by way of a double would be a tie and round down. */
    EXPECT(INT64, int64_t, FLOAT32, float, (1LL << 54) + (1LL << 30) + 1, 0x1.000002p54f);
    EXPECT(UINT64, uint64_t, FLOAT32, float, (1ull << 63) + (1ull << 39) + 1, 0x1.000002p63f);
    EXPECT(INT32, int32_t, FLOAT16, uint16_t, -2, 0xc000);
    EXPECT(UINT64, uint64_t, FLOAT16, uint16_t, UINT64_MAX, 0x7c00);
    EXPECT(INT32, int32_t, BOOL, uint8_t, 256, 1);
    EXPECT(BOOL, uint8_t, INT32, int32_t, 7, 1);
    EXPECT(BOOL, uint8_t, FLOAT32, float, 0, 0);
}
END_TEST

START_TEST(long_arrays_are_converted_to_their_last_element)
{
    static int16_t before[1500];
    static float after[1501];
    for (int i = 0; i < 1500; i++)
        before[i] = (int16_t)(i - 700);
    after[1500] = 99;
    c2s_dtype_convert(CNN2SNN_DTYPE_INT16, before, CNN2SNN_DTYPE_FLOAT32, after, 1500);
    for (int i = 0; i < 1500; i++)
        ck_assert(after[i] == (float)(i - 700));
    ck_assert(after[1500] == 99);
}
END_TEST

START_TEST(converting_to_the_own_type_gives_the_same_tensor)
{
    cnn2snn_context *context = NULL;
    cnn2snn_tensor *tensor = NULL, *same = NULL, *other = NULL;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_UINT8, 1, (int64_t[]){4}, &tensor, NULL), 0);
    ((uint8_t *)tensor->data)[3] = 200;
    ck_assert_int_eq(c2s_tensor_convert(tensor, CNN2SNN_DTYPE_UINT8, &same, NULL), CNN2SNN_OK);
    ck_assert_ptr_eq(same, tensor);
    ck_assert_int_eq(c2s_tensor_convert(tensor, CNN2SNN_DTYPE_FLOAT32, &other, NULL), CNN2SNN_OK);
    ck_assert(c2s_tensor_get_double(other, 3) == 200);
    ck_assert_int_eq(c2s_tensor_convert(tensor, 99, &other, NULL), CNN2SNN_E_TYPE);
    c2s_tensor_release(other);
    c2s_tensor_release(same);
    c2s_tensor_release(tensor);
    c2s_context_release(context);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("dtype");
    tcase_add_test(tests, names_and_sizes_are_numpys);
    tcase_add_test(tests, every_half_survives_the_way_to_double_and_back);
    tcase_add_test(tests, halves_round_once_and_to_even);
    tcase_add_test(tests, floats_are_cut_towards_zero_and_limited);
    tcase_add_test(tests, integers_keep_their_low_bits_and_become_floats_in_one_rounding);
    tcase_add_test(tests, long_arrays_are_converted_to_their_last_element);
    tcase_add_test(tests, converting_to_the_own_type_gives_the_same_tensor);
    Suite *suite = suite_create("dtype");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
