/* SPDX-License-Identifier: Apache-2.0 */
/* Each check of the FlatBuffer reader, on buffers of a few bytes that are right until one number changes. */
#include "akida_test.h"

#include "akida/flatbuffer_reader.h"

/*
 *  0 root offset -> 12       12 table: back 8, [4] byte, [8] offset -> 32      32 vector: length 3, "abc"
 *  4 vtable: 8 12 4 8        24 end of the table (12 bytes)
 */
static const unsigned char good[] = {
    12, 0, 0, 0, 8, 0, 12, 0, 4, 0, 8, 0, 8, 0, 0, 0, 7,   0,   0,   0,
    12, 0, 0, 0, 0, 0, 0,  0, 0, 0, 0, 0, 3, 0, 0, 0, 'a', 'b', 'c', 0,
};

struct result {
    cnn2snn_status root, number, text;
    int32_t value;
    struct c2s_flat_vector string;
};

static struct result read_all(const unsigned char *bytes, size_t size, uint64_t budget)
{
    unsigned char *exact = malloc(size ? size : 1);
    if (size)
        memcpy(exact, bytes, size);
    struct c2s_flat_buffer buffer = {context, {exact, size, 0}, budget};
    struct c2s_flat_table table;
    struct result result = {.value = -1};
    result.root = c2s_flat_root(&buffer, &table, NULL);
    if (!result.root) {
        result.number = c2s_flat_get_u8(&table, 0, &result.value, NULL);
        result.text = c2s_flat_get_string(&table, 1, &result.string, NULL);
    }
    free(exact);
    return result;
}

START_TEST(a_good_buffer_is_read)
{
    struct result result = read_all(good, sizeof good, 4);
    ck_assert_int_eq(result.root, CNN2SNN_OK);
    ck_assert_int_eq(result.number, CNN2SNN_OK);
    ck_assert_int_eq(result.text, CNN2SNN_OK);
    ck_assert_int_eq(result.value, 7);
    ck_assert_uint_eq(result.string.count, 3);
    ck_assert_uint_eq(result.string.position, 36);
}
END_TEST

static const struct {
    int at, value, root, number, text; /* 1: refused */
} changes[] = {
    {0, 0, 1, 0, 0},                       /* root offset 0 */
    {0, 10, 1, 0, 0},                      /* a table that isn't aligned */
    {0, 40, 1, 0, 0},                      /* at the end */
    {3, 0x80, 1, 0, 0},                    /* beyond 2^31 */
    {12, 14, 1, 0, 0},                     /* vtable before the start */
    {12, 7, 1, 0, 0},                      /* at an odd place */
    {15, 0x80, 1, 0, 0}, {4, 2, 1, 0, 0},  /* shorter than its own head */
    {4, 7, 1, 0, 0},                       /* odd */
    {4, 38, 1, 0, 0},                      /* longer than the file */
    {6, 2, 1, 0, 0},                       /* a table shorter than its own head */
    {6, 29, 1, 0, 0},                      /* longer than the file */
    {6, 28, 0, 0, 0},                      /* just as long as the file */
    {8, 3, 0, 1, 0},                       /* a field in the head */
    {8, 12, 0, 1, 0},                      /* behind the table */
    {8, 11, 0, 0, 0},                      /* its last byte */
    {10, 9, 0, 0, 1},                      /* an offset of which 3 bytes are in the table */
    {20, 0, 0, 0, 1},                      /* offset 0 */
    {20, 17, 0, 0, 1},                     /* 3 bytes for the length */
    {23, 0x7f, 0, 0, 1}, {32, 5, 0, 0, 1}, /* longer than the file */
    {35, 0xff, 0, 0, 1}, {37, 0, 0, 0, 1}, /* a NUL in the text */
    {37, 0x80, 0, 0, 1},                   /* no UTF-8 */
};

START_TEST(each_number_is_checked)
{
    unsigned char bytes[sizeof good];
    memcpy(bytes, good, sizeof good);
    bytes[changes[_i].at] = (unsigned char)changes[_i].value;
    struct result result = read_all(bytes, sizeof bytes, 100);
    ck_assert_int_eq(result.root, changes[_i].root ? CNN2SNN_E_MALFORMED : CNN2SNN_OK);
    ck_assert_int_eq(result.number, changes[_i].number ? CNN2SNN_E_MALFORMED : CNN2SNN_OK);
    ck_assert_int_eq(result.text, changes[_i].text ? CNN2SNN_E_MALFORMED : CNN2SNN_OK);
}
END_TEST

START_TEST(a_field_that_is_absent_keeps_its_default)
{
    unsigned char bytes[sizeof good];
    memcpy(bytes, good, sizeof good);
    bytes[8] = 0;
    bytes[4] = 6; /* the second field isn't in the vtable any more */
    struct result result = read_all(bytes, sizeof bytes, 100);
    ck_assert_int_eq(result.value, -1);
    ck_assert_int_eq(result.text, CNN2SNN_OK);
    ck_assert_uint_eq(result.string.position, 0);
}
END_TEST

START_TEST(strings_are_paid_for)
{
    ck_assert_int_eq(read_all(good, sizeof good, 3).text, CNN2SNN_E_MALFORMED);
}
END_TEST

START_TEST(a_buffer_cut_anywhere_is_refused)
{
    for (size_t size = 0; size < sizeof good - 1; size++) {
        struct result result = read_all(good, size, 100);
        ck_assert(result.root || result.number || result.text);
    }
}
END_TEST

static const struct {
    const char *text;
    int bad;
} texts[] = {
    {"\xc3\xa9", 0},         {"\xe2\x82\xac", 0}, {"\xf0\x9f\x98\x80", 0}, {"\xf4\x8f\xbf\xbf", 0},
    {"\xc0\xaf", 1},         {"\xc3", 1},         {"\xe0\x80\xaf", 1},     {"\xed\xa0\x80", 1},
    {"\xf4\x90\x80\x80", 1}, {"\xff", 1},         {"\xe2\x82", 1},         {"\xc3\x29", 1},
};

START_TEST(strings_are_utf_8)
{
    unsigned char bytes[sizeof good + 4] = {0};
    memcpy(bytes, good, sizeof good);
    bytes[32] = (unsigned char)strlen(texts[_i].text);
    memcpy(bytes + 36, texts[_i].text, strlen(texts[_i].text));
    ck_assert_int_eq(read_all(bytes, sizeof bytes, 100).text, texts[_i].bad ? CNN2SNN_E_MALFORMED : CNN2SNN_OK);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("flatbuffer_reader");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_good_buffer_is_read);
    tcase_add_loop_test(tests, each_number_is_checked, 0, sizeof changes / sizeof *changes);
    tcase_add_test(tests, a_field_that_is_absent_keeps_its_default);
    tcase_add_test(tests, strings_are_paid_for);
    tcase_add_test(tests, a_buffer_cut_anywhere_is_refused);
    tcase_add_loop_test(tests, strings_are_utf_8, 0, sizeof texts / sizeof *texts);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
