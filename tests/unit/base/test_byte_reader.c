/* SPDX-License-Identifier: Apache-2.0 */
/* Reading of bytes: what is there is read, what isn't changes nothing. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/byte_reader.h"
#include "base/checked.h"

static const unsigned char bytes[] = {1, 2, 3, 4, 5, 6, 7, 0x88, 9};

START_TEST(numbers_are_little_endian)
{
    struct c2s_byte_reader reader = {bytes, sizeof bytes, 0};
    uint8_t a;
    uint16_t b;
    uint32_t c;
    uint64_t d;
    ck_assert(c2s_read_u8(&reader, &a) && a == 1);
    ck_assert(c2s_read_u16(&reader, &b) && b == 0x0302);
    ck_assert(c2s_read_u32(&reader, &c) && c == 0x07060504);
    ck_assert_uint_eq(c2s_bytes_left(&reader), 2);
    ck_assert(c2s_read_u64_at(&reader, 0, &d) && d == 0x8807060504030201);
    ck_assert(c2s_read_u64_at(&reader, 1, &d) && d == 0x0988070605040302);
    ck_assert(c2s_read_u32_at(&reader, 5, &c) && c == 0x09880706);
    ck_assert(c2s_read_u8_at(&reader, 8, &a) && a == 9);
}
END_TEST

START_TEST(what_reaches_beyond_the_end_is_not_read_and_changes_nothing)
{
    struct c2s_byte_reader reader = {bytes, 3, 1};
    uint32_t c = 77;
    uint64_t d = 77;
    uint16_t b = 77;
    ck_assert(!c2s_read_u32(&reader, &c) && c == 77);
    ck_assert(!c2s_read_u64(&reader, &d) && d == 77);
    ck_assert_uint_eq(reader.position, 1);
    ck_assert(c2s_read_u16(&reader, &b));
    ck_assert(!c2s_read_u16(&reader, &b) && b == 0x0302);
    ck_assert(!c2s_read_u16_at(&reader, 2, &b));
    ck_assert(!c2s_read_u16_at(&reader, UINT64_MAX, &b));
    ck_assert(!c2s_read_u16_at(&reader, UINT64_MAX - 1, &b));
}
END_TEST

START_TEST(ranges_are_checked_without_overflow)
{
    struct c2s_byte_reader reader = {bytes, 4, 0};
    ck_assert_ptr_eq(c2s_bytes_at(&reader, 4, 0), bytes + 4);
    ck_assert_ptr_eq(c2s_bytes_at(&reader, 0, 4), bytes);
    ck_assert_ptr_null(c2s_bytes_at(&reader, 5, 0));
    ck_assert_ptr_null(c2s_bytes_at(&reader, 1, 4));
    ck_assert_ptr_null(c2s_bytes_at(&reader, 1, UINT64_MAX));
    ck_assert_ptr_null(c2s_bytes_at(&reader, UINT64_MAX, 1));
    ck_assert_ptr_eq(c2s_bytes_take(&reader, 3), bytes);
    ck_assert_ptr_null(c2s_bytes_take(&reader, 2));
    ck_assert_uint_eq(reader.position, 3);
    ck_assert_ptr_eq(c2s_bytes_take(&reader, 1), bytes + 3);
    ck_assert_ptr_eq(c2s_bytes_take(&reader, 0), bytes + 4);
}
END_TEST

static bool read_varint(const char *data, size_t size, uint64_t *out, size_t *used)
{
    unsigned char *exact = malloc(size ? size : 1);
    memcpy(exact, data, size);
    struct c2s_byte_reader reader = {exact, size, 0};
    bool there = c2s_read_varint(&reader, out);
    *used = reader.position;
    free(exact);
    return there;
}

START_TEST(varints_are_read_up_to_64_bits)
{
    uint64_t value = 5;
    size_t used;
    ck_assert(read_varint("\x00", 1, &value, &used) && value == 0 && used == 1);
    ck_assert(read_varint("\x7f\xff", 2, &value, &used) && value == 127 && used == 1);
    ck_assert(read_varint("\x80\x01", 2, &value, &used) && value == 128 && used == 2);
    ck_assert(read_varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, &value, &used) && value == UINT64_MAX);
    ck_assert_uint_eq(used, 10);
    value = 5;
    ck_assert(!read_varint("", 0, &value, &used) && used == 0);
    ck_assert(!read_varint("\x80", 1, &value, &used) && used == 0);
    ck_assert(!read_varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, &value, &used));
    ck_assert(!read_varint("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11, &value, &used));
    ck_assert(value == 5 && used == 0);
}
END_TEST

START_TEST(arithmetic_tells_when_it_does_not_fit)
{
    size_t size;
    int64_t number;
    ck_assert(c2s_add_size(SIZE_MAX - 1, 1, &size) && size == SIZE_MAX);
    ck_assert(!c2s_add_size(SIZE_MAX, 1, &size));
    ck_assert(c2s_mul_size(SIZE_MAX, 1, &size) && !c2s_mul_size(SIZE_MAX / 2 + 1, 2, &size));
    ck_assert(c2s_add_i64(INT64_MAX, -1, &number) && !c2s_add_i64(INT64_MIN, -1, &number));
    ck_assert(c2s_mul_i64(INT64_MIN, 1, &number) && !c2s_mul_i64(INT64_MIN, -1, &number));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("byte_reader");
    tcase_add_test(tests, numbers_are_little_endian);
    tcase_add_test(tests, what_reaches_beyond_the_end_is_not_read_and_changes_nothing);
    tcase_add_test(tests, ranges_are_checked_without_overflow);
    tcase_add_test(tests, varints_are_read_up_to_64_bits);
    tcase_add_test(tests, arithmetic_tells_when_it_does_not_fit);
    Suite *suite = suite_create("byte_reader");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
