/* SPDX-License-Identifier: Apache-2.0 */
/* Where a Snappy block ends, and which blocks are none. */
#include "akida_test.h"

#include <snappy-c.h>

#include "akida/snappy_block.h"
#include "base/allocator.h"

static cnn2snn_status measure(const char *bytes, size_t size, size_t *out_size, size_t *out_used)
{
    unsigned char *exact = malloc(size ? size : 1);
    memcpy(exact, bytes, size);
    cnn2snn_status status = c2s_snappy_measure(context, exact, size, out_size, out_used, NULL);
    free(exact);
    return status;
}

static const struct {
    const char *bytes;
    size_t size, produced, used; /* produced 0: an error */
} blocks[] = {
    {"\x03\x08"
     "abc",
     5, 3, 5},
    {"\x03\x08"
     "abcrest",
     9, 3, 5},
    {"\x03\xf0\x02"
     "abc",
     6, 3, 6}, /* length in one byte behind the tag */
    {"\x03\xf4\x02\x00"
     "abc",
     7, 3, 7}, /* in two, three, four */
    {"\x03\xf8\x02\x00\x00"
     "abc",
     8, 3, 8},
    {"\x03\xfc\x02\x00\x00\x00"
     "abc",
     9, 3, 9},
    {"\x05\x00"
     "a\x01\x01",
     5, 5, 5}, /* copy of 4 from 1 back */
    {"\x05\x00"
     "a\x0e\x01\x00",
     6, 5, 6}, /* offset in two bytes */
    {"\x05\x00"
     "a\x0f\x01\x00\x00\x00",
     8, 5, 8}, /* in four */
    {"\x05\x00"
     "a\x01\x02",
     5, 0, 0}, /* from before the start */
    {"\x05\x00"
     "a\x01\x00",
     5, 0, 0}, /* from nowhere */
    {"\x04\x00"
     "a\x01\x01",
     5, 0, 0}, /* longer than it says */
    {"\x06\x00"
     "a\x01\x01",
     5, 0, 0}, /* shorter */
    {"\x03\x08"
     "ab",
     4, 0, 0},
    {"\x03\xf0", 2, 0, 0},
    {"\x05\x00"
     "a\x01",
     4, 0, 0},
    {"\x05\x00"
     "a\x0e\x01",
     5, 0, 0},
    {"\x80", 1, 0, 0},
    {"\x80\x80\x80\x80\x80\x00"
     "abc",
     9, 0, 0}, /* six bytes of length */
    {"\xff\xff\xff\xff\x1f"
     "abc",
     8, 0, 0}, /* beyond 32 bits */
    {"\xff\xff\xff\xff\x0f"
     "abc",
     8, 0, 0}, /* beyond 31 */
    {"\x7f\x00"
     "a",
     3, 0, 0}, /* 127 bytes out of 3 */
    {"", 0, 0, 0},
};

START_TEST(blocks_are_measured)
{
    size_t size = 0, used = 0;
    cnn2snn_status status = measure(blocks[_i].bytes, blocks[_i].size, &size, &used);
    ck_assert_int_eq(status, blocks[_i].produced ? CNN2SNN_OK : CNN2SNN_E_MALFORMED);
    ck_assert_uint_eq(size, blocks[_i].produced);
    ck_assert_uint_eq(used, blocks[_i].used);
}
END_TEST

START_TEST(an_empty_block_is_empty)
{
    size_t size = 9, used = 9;
    ck_assert_int_eq(measure("\0rest", 5, &size, &used), CNN2SNN_OK);
    ck_assert_uint_eq(size, 0);
    ck_assert_uint_eq(used, 1);
}
END_TEST

START_TEST(what_libsnappy_makes_is_understood)
{
    enum { SIZE = 200000 };
    char *data = malloc(SIZE), *block = malloc(snappy_max_compressed_length(SIZE) + 20);
    unsigned state = 1;
    for (int i = 0; i < SIZE; i++) {
        state = state * 1103515245 + 12345;
        data[i] = (char)(i % 1000 < 500 ? state >> 16 : (unsigned)i / 50);
    }
    size_t size = snappy_max_compressed_length(SIZE), measured, used;
    ck_assert_int_eq(snappy_compress(data, SIZE, block, &size), SNAPPY_OK);
    memset(block + size, 0xee, 20);
    ck_assert_int_eq(measure(block, size + 20, &measured, &used), CNN2SNN_OK);
    ck_assert_uint_eq(measured, SIZE);
    ck_assert_uint_eq(used, size);
    unsigned char *out;
    ck_assert_int_eq(c2s_snappy_decompress(context, block, size + 20, SIZE, &out, &measured, NULL), CNN2SNN_OK);
    ck_assert_mem_eq(out, data, SIZE);
    c2s_free(context, out);
    ck_assert_int_eq(c2s_snappy_decompress(context, block, size + 20, SIZE - 1, &out, &measured, NULL),
                     CNN2SNN_E_LIMIT);
    free(data);
    free(block);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("snappy_block");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, blocks_are_measured, 0, sizeof blocks / sizeof *blocks);
    tcase_add_test(tests, an_empty_block_is_empty);
    tcase_add_test(tests, what_libsnappy_makes_is_understood);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
