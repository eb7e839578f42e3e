/* SPDX-License-Identifier: Apache-2.0 */
/* Growing texts, numbers without locale, and memory that ends on the way. */
#include <float.h>
#include <locale.h>
#include <math.h>
#include <string.h>

#include "../support/counted_memory.h"
#include "base/text.h"

static struct counted_memory memory;
static cnn2snn_context *context;
static struct c2s_text text;

static void setup(void)
{
    context = counted_context(&memory);
    c2s_text_init(&text, context);
}

static void teardown(void)
{
    c2s_text_free(&text);
    c2s_context_release(context);
    ck_assert_int_eq(memory.alive, 0);
}

START_TEST(pieces_are_put_together)
{
    c2s_text_add(&text, "");
    c2s_text_add(&text, "one");
    c2s_text_format(&text, ", %s %d", "two", 3);
    c2s_text_add_bytes(&text, "\0x", 2);
    ck_assert_uint_eq(text.size, 12);
    ck_assert_mem_eq(text.data, "one, two 3\0x", 13);
    c2s_text_add_bytes(&text, NULL, 0);
    ck_assert_uint_eq(text.size, 12);
}
END_TEST

START_TEST(formats_of_any_length_are_whole)
{
    for (int width = 250; width < 260; width++) {
        c2s_text_free(&text);
        c2s_text_format(&text, "%*d", width, 7);
        ck_assert_uint_eq(text.size, (size_t)width);
        ck_assert_int_eq(text.data[width - 1], '7');
    }
    c2s_text_format(&text, "%100000d", 1);
    ck_assert_uint_eq(text.size, 100259);
}
END_TEST

START_TEST(strings_are_quoted_as_json)
{
    c2s_text_add_json_string(&text, "a\"b\\c\n\x01 \xc3\xa9");
    ck_assert_str_eq(text.data, "\"a\\\"b\\\\c\\u000a\\u0001 \xc3\xa9\"");
}
END_TEST

static void expect_double(double value, const char *expected)
{
    c2s_text_free(&text);
    c2s_text_add_double(&text, value);
    ck_assert_str_eq(text.data, expected);
    ck_assert(strtod(text.data, NULL) == value || isnan(value));
}

START_TEST(doubles_are_as_short_as_they_read_back)
{
    expect_double(0, "0");
    expect_double(-0.5, "-0.5");
    expect_double(0.1, "0.1");
    expect_double((double)0.1f, "0.10000000149011612");
    expect_double(1.0 / 3, "0.3333333333333333");
    expect_double(123456789012345680.0, "1.2345678901234568e+17");
    expect_double(DBL_MIN / 2, "1.1125369292536007e-308");
    expect_double(DBL_MAX, "1.7976931348623157e+308");
    expect_double(5e-324, "5e-324");
    expect_double((double)INFINITY, "inf");
    expect_double((double)NAN, "nan");
}
END_TEST

START_TEST(numbers_do_not_follow_the_locale)
{
    const char *locales[] = {"de_DE.UTF-8", "fr_FR.UTF-8", "ps_AF.UTF-8", "fa_IR.UTF-8"};
    for (int i = 0; i < 4; i++) {
        setlocale(LC_ALL, locales[i]); /* where the system has it */
        c2s_text_free(&text);
        c2s_text_add_double(&text, -1234.5e-20);
        ck_assert_str_eq(text.data, "-1.2345e-17");
    }
    setlocale(LC_ALL, "C");
}
END_TEST

START_TEST(a_buffer_takes_the_bytes_over)
{
    cnn2snn_buffer *buffer = NULL;
    c2s_text_add(&text, "hello");
    ck_assert_int_eq(c2s_text_to_buffer(&text, &buffer, NULL), CNN2SNN_OK);
    ck_assert_ptr_null(text.data);
    ck_assert_uint_eq(buffer->size, 5);
    ck_assert_str_eq(buffer->data, "hello");
    c2s_buffer_destroy(buffer);
    ck_assert_int_eq(c2s_text_to_buffer(&text, &buffer, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(buffer->size, 0);
    ck_assert_str_eq(buffer->data, "");
    c2s_buffer_destroy(buffer);
    c2s_buffer_destroy(NULL);
}
END_TEST

static cnn2snn_status compose(cnn2snn_buffer **out_buffer, cnn2snn_error **error)
{
    c2s_text_add(&text, "short");
    c2s_text_format(&text, "%300d", 1);
    c2s_text_add_json_string(&text, "quoted");
    c2s_text_add_double(&text, 0.5);
    return c2s_text_to_buffer(&text, out_buffer, error);
}

START_TEST(memory_that_ends_is_told_at_the_end)
{
    cnn2snn_buffer *buffer = NULL;
    cnn2snn_error *error = NULL;
    fail_each_allocation_of(memory, error, compose(&buffer, &error));
    ck_assert_uint_eq(buffer->size, 316);
    c2s_buffer_destroy(buffer);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("text");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, pieces_are_put_together);
    tcase_add_test(tests, formats_of_any_length_are_whole);
    tcase_add_test(tests, strings_are_quoted_as_json);
    tcase_add_test(tests, doubles_are_as_short_as_they_read_back);
    tcase_add_test(tests, numbers_do_not_follow_the_locale);
    tcase_add_test(tests, a_buffer_takes_the_bytes_over);
    tcase_add_test(tests, memory_that_ends_is_told_at_the_end);
    Suite *suite = suite_create("text");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
