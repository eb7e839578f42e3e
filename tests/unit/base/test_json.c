/* SPDX-License-Identifier: Apache-2.0 */
/* JSON as Python writes it: NaN and infinities, depth, order, and what is no JSON. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "base/json.h"
#include <check.h>

static cnn2snn_context *context;

static void setup(void)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.max_depth = 10;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
}

static void teardown(void)
{
    ck_assert_uint_eq(context->references, 1);
    c2s_context_release(context);
}

static json_t *parse(const char *data)
{
    json_t *value = NULL;
    cnn2snn_error *error = NULL;
    if (c2s_json_parse(context, data, strlen(data), "test", &value, &error))
        ck_abort_msg("%s: %s", data, error->message);
    return value;
}

static void expect_round_trip(const char *data, const char *expected, bool indent)
{
    json_t *value = parse(data);
    struct c2s_text text;
    c2s_text_init(&text, context);
    c2s_json_dump(&text, value, indent);
    ck_assert_str_eq(text.data, expected);
    c2s_text_free(&text);
    json_decref(value);
}

static void expect_refused(const char *data, size_t size, cnn2snn_status code, const char *part)
{
    json_t *value = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_json_parse(context, data, size, "model_config", &value, &error);
    ck_assert_msg(status == code, "%s gave %d", data, (int)status);
    ck_assert_ptr_null(value);
    ck_assert_msg(strstr(error->message, part) != NULL, "message: %s", error->message);
    ck_assert_ptr_nonnull(strstr(error->message, "model_config"));
    c2s_error_clear(&error);
}

START_TEST(documents_are_written_as_python_writes_them)
{
    expect_round_trip("{\"b\":1,\"a\":[true,false,null],\"c\":{},\"d\":[]}",
                      "{\"b\": 1, \"a\": [true, false, null], \"c\": {}, \"d\": []}", false);
    expect_round_trip("[1.0, 0.1, 1e22, 1e-7, -5, 2.5e300]", "[1.0, 0.1, 1e+22, 1e-07, -5, 2.5e+300]", false);
    expect_round_trip("\"\\u00e9\\n\"", "\"\xc3\xa9\\u000a\"", false);
    expect_round_trip(" 7 ", "7", false);
}
END_TEST

START_TEST(indented_documents_keep_short_lists_on_a_line)
{
    expect_round_trip("{\"a\": [1, 2], \"b\": [{\"c\": 1}], \"d\": {}}",
                      "{\n  \"a\": [1, 2],\n  \"b\": [\n    {\n      \"c\": 1\n    }\n  ],\n  \"d\": {}\n}", true);
}
END_TEST

START_TEST(nan_and_infinities_are_taken_and_written_again)
{
    expect_round_trip("{\"x\": NaN, \"y\": [Infinity, -Infinity], \"z\": \"NaN\"}",
                      "{\"x\": NaN, \"y\": [Infinity, -Infinity], \"z\": \"NaN\"}", false);
    json_t *value = parse("[NaN, -Infinity, 3, 2.5, \"Infinity\", null, true]");
    ck_assert(isnan(c2s_json_number_value(json_array_get(value, 0))));
    ck_assert(c2s_json_number_value(json_array_get(value, 1)) == -(double)INFINITY);
    ck_assert(c2s_json_number_value(json_array_get(value, 2)) == 3);
    ck_assert(c2s_json_number_value(json_array_get(value, 3)) == 2.5);
    for (size_t i = 0; i < 7; i++)
        ck_assert_int_eq(c2s_json_is_number(json_array_get(value, i)), i < 4);
    ck_assert(!c2s_json_is_number(NULL));
    json_decref(value);
    const double numbers[] = {(double)INFINITY, -(double)INFINITY, 0.25};
    for (int i = 0; i < 3; i++) {
        value = c2s_json_number(numbers[i]);
        ck_assert(c2s_json_is_number(value) && c2s_json_number_value(value) == numbers[i]);
        json_decref(value);
    }
}
END_TEST

START_TEST(words_inside_of_strings_stay)
{
    expect_round_trip("[\"NaN\", \"a\\\"NaN\", \"\\\\\", NaN, \"-Infinity\"]",
                      "[\"NaN\", \"a\\\"NaN\", \"\\\\\", NaN, \"-Infinity\"]", false);
}
END_TEST

START_TEST(what_is_no_json_is_told_with_its_place)
{
    expect_refused("", 0, CNN2SNN_E_MALFORMED, "line 1");
    expect_refused("{\"a\": 1,\n  \"b\": x}", 17, CNN2SNN_E_MALFORMED, "line 2");
    expect_refused("[1] 2", 5, CNN2SNN_E_MALFORMED, "line 1");
    expect_refused("[Nan]", 5, CNN2SNN_E_MALFORMED, "line 1");
    expect_refused("[Infinit", 8, CNN2SNN_E_MALFORMED, "line 1");
    expect_refused("[-Inf]", 6, CNN2SNN_E_MALFORMED, "line 1");
    expect_refused("[NaNN]", 6, CNN2SNN_E_MALFORMED, "line 1");
    expect_refused("\"abc", 4, CNN2SNN_E_MALFORMED, "line 1");
    expect_refused("\"abc\\", 5, CNN2SNN_E_MALFORMED, "line 1");
    expect_refused("\"\xff\"", 3, CNN2SNN_E_MALFORMED, "decode byte");
    expect_refused("\"a\0b\"", 5, CNN2SNN_E_MALFORMED, "line 1");
    expect_refused("[1e999]", 7, CNN2SNN_E_MALFORMED, "overflow");
    expect_refused("[99999999999999999999]", 22, CNN2SNN_E_MALFORMED, "too big");
    expect_refused("{\"a\" 1}", 7, CNN2SNN_E_MALFORMED, "line 1");
    expect_refused("]]]]", 4, CNN2SNN_E_MALFORMED, "line 1");
}
END_TEST

START_TEST(nesting_is_limited_by_the_context)
{
    json_t *value = parse("[[[[[[[[{\"a]]][[[\": []}]]]]]]]]");
    json_decref(value);
    expect_refused("[[[[[[[[[[[]]]]]]]]]]]", 22, CNN2SNN_E_LIMIT, "deeper than 10");
    expect_refused("{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":[{\"a\":0", 38, CNN2SNN_E_LIMIT, "deeper than 10");
}
END_TEST

START_TEST(members_are_found_or_not)
{
    json_t *value = parse("{\"a\": 1, \"n\": null, \"s\": \"text\", \"e\": \"\"}");
    ck_assert_int_eq(json_integer_value(c2s_json_get(value, "a")), 1);
    ck_assert_ptr_null(c2s_json_get(value, "n"));
    ck_assert_ptr_null(c2s_json_get(value, "x"));
    ck_assert_ptr_null(c2s_json_get(NULL, "x"));
    ck_assert_ptr_null(c2s_json_get(json_object_get(value, "a"), "x"));
    ck_assert_str_eq(c2s_json_get_string(value, "s", "?"), "text");
    ck_assert_str_eq(c2s_json_get_string(value, "e", "?"), "");
    ck_assert_str_eq(c2s_json_get_string(value, "a", "?"), "?");
    ck_assert_str_eq(c2s_json_get_string(NULL, "a", "?"), "?");
    ck_assert_ptr_null(c2s_json_get_string(value, "n", NULL));
    json_decref(value);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("json");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, documents_are_written_as_python_writes_them);
    tcase_add_test(tests, indented_documents_keep_short_lists_on_a_line);
    tcase_add_test(tests, nan_and_infinities_are_taken_and_written_again);
    tcase_add_test(tests, words_inside_of_strings_stay);
    tcase_add_test(tests, what_is_no_json_is_told_with_its_place);
    tcase_add_test(tests, nesting_is_limited_by_the_context);
    tcase_add_test(tests, members_are_found_or_not);
    Suite *suite = suite_create("json");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
