/* SPDX-License-Identifier: Apache-2.0 */
/* Errors and reports: what they hold, who owns what, and memory that ends while one is made. */
#include <string.h>

#include "../support/counted_memory.h"
#include "base/error_object.h"
#include "base/report.h"

static struct counted_memory memory;
static cnn2snn_context *context;
static cnn2snn_error *error;

static void setup(void)
{
    context = counted_context(&memory);
    error = NULL;
}

static void teardown(void)
{
    c2s_error_clear(&error);
    c2s_context_release(context);
    ck_assert_int_eq(memory.alive, 0);
}

START_TEST(an_error_holds_code_rule_layer_and_message)
{
    cnn2snn_status status = c2s_layer_error(context, &error, CNN2SNN_E_VALUE, "L-H1", "conv", "bitwidth %d", 3);
    ck_assert_int_eq(status, CNN2SNN_E_VALUE);
    ck_assert_int_eq(error->code, CNN2SNN_E_VALUE);
    ck_assert_str_eq(error->rule, "L-H1");
    ck_assert_str_eq(error->layer, "conv");
    ck_assert_str_eq(error->message, "bitwidth 3");
    ck_assert_int_eq(error->offset, -1);
    ck_assert_str_eq(error->text, "conv: bitwidth 3 [L-H1]");
}
END_TEST

START_TEST(what_is_known_later_is_added_once)
{
    c2s_error(context, &error, CNN2SNN_E_MALFORMED, "", "odd");
    ck_assert_str_eq(error->text, "odd");
    c2s_error_set_offset(&error, 12);
    c2s_error_set_offset(&error, 13);
    c2s_error_set_layer(&error, "inner");
    c2s_error_set_layer(&error, "outer");
    c2s_error_set_file(&error, "a.h5");
    c2s_error_set_file(&error, "b.h5");
    c2s_error_prefix(&error, "config");
    ck_assert_str_eq(error->message, "config: odd");
    ck_assert_str_eq(error->text, "a.h5: inner: config: odd (at byte 12)");
}
END_TEST

START_TEST(the_first_error_stays)
{
    c2s_error(context, &error, CNN2SNN_E_VALUE, "", "cause");
    ck_assert_int_eq(c2s_error(context, &error, CNN2SNN_E_IO, "", "consequence"), CNN2SNN_E_IO);
    ck_assert_str_eq(error->message, "cause");
    ck_assert_int_eq(error->code, CNN2SNN_E_VALUE);
}
END_TEST

START_TEST(nobody_has_to_listen)
{
    ck_assert_int_eq(c2s_error(context, NULL, CNN2SNN_E_VALUE, "", "unheard"), CNN2SNN_E_VALUE);
    c2s_error_set_layer(NULL, "x");
    c2s_error_set_file(&error, "x");
    c2s_error_prefix(&error, "x");
    c2s_error_clear(NULL);
    c2s_error_clear(&error);
    ck_assert_int_eq(c2s_error_no_memory(NULL), CNN2SNN_E_NO_MEMORY);
    ck_assert_ptr_null(error);
}
END_TEST

START_TEST(an_error_without_context_and_one_that_outlives_it_are_whole)
{
    ck_assert_int_eq(c2s_error(NULL, &error, CNN2SNN_E_UNSUPPORTED, "A-abi", "too new"), CNN2SNN_E_UNSUPPORTED);
    ck_assert_str_eq(error->text, "too new [A-abi]");
    c2s_error_clear(&error);
    cnn2snn_context *own = NULL;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &own, NULL), CNN2SNN_OK);
    c2s_error(own, &error, CNN2SNN_E_VALUE, "", "alive");
    c2s_context_release(own);
    ck_assert_str_eq(error->message, "alive");
}
END_TEST

START_TEST(hostile_names_do_not_reach_a_terminal_raw)
{
    c2s_layer_error(context, &error, CNN2SNN_E_VALUE, "", "con\x1b[2Jv", "name\n<%s", "\x7f\t");
    ck_assert_str_eq(error->layer, "con?[2Jv");
    ck_assert_str_eq(error->message, "name?<??");
    ck_assert_str_eq(error->text, "con?[2Jv: name?<??");
}
END_TEST

START_TEST(long_messages_are_cut)
{
    c2s_error(context, &error, CNN2SNN_E_VALUE, "R", "%5000d", 1);
    ck_assert_uint_eq(strlen(error->message), 2047);
    ck_assert_uint_eq(strlen(error->text), 2047 + 4);
}
END_TEST

START_TEST(memory_that_ends_while_an_error_is_made_gives_the_static_one)
{
    for (int at = 0; at < 4; at++) {
        memory.made = 0;
        memory.fail_at = at;
        ck_assert_int_eq(c2s_layer_error(context, &error, CNN2SNN_E_VALUE, "R", "l", "m"), CNN2SNN_E_VALUE);
        memory.fail_at = -1;
        if (at < 3) { /* the object, the message, the layer's name */
            ck_assert_int_eq(error->code, CNN2SNN_E_NO_MEMORY);
            ck_assert_str_eq(error->text, "out of memory [A-memory]");
            c2s_error_set_file(&error, "stays static");
            ck_assert_ptr_null(error->file);
        } else { /* the text: the rest is told */
            ck_assert_str_eq(error->message, "m");
        }
        c2s_error_clear(&error);
        ck_assert_int_eq(memory.alive, 1);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------------ reports */

static cnn2snn_report *report_of(int errors, int warnings)
{
    cnn2snn_report *report = NULL;
    ck_assert_int_eq(c2s_report_create(context, &report, NULL), CNN2SNN_OK);
    for (int i = 0; i < warnings; i++)
        ck_assert_int_eq(c2s_report_add(report, CNN2SNN_SEVERITY_WARNING, CNN2SNN_OK, "W", NULL, NULL, NULL, "hm"),
                         0);
    for (int i = 0; i < errors; i++)
        ck_assert_int_eq(c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_INCOMPATIBLE - i, "L-H1", "conv",
                                        i ? NULL : "do this", NULL, "fault %d", i),
                         CNN2SNN_OK);
    return report;
}

START_TEST(a_report_keeps_what_was_added_in_order)
{
    cnn2snn_report *report = report_of(2, 1);
    ck_assert_uint_eq(report->count, 3);
    ck_assert_uint_eq(c2s_report_count_errors(report), 2);
    ck_assert_str_eq(report->faults[0].layer, "");
    ck_assert_str_eq(report->faults[0].remedy, "");
    ck_assert_str_eq(report->faults[1].message, "fault 0");
    ck_assert_str_eq(report->faults[2].message, "fault 1");
    c2s_report_destroy(report);
    c2s_report_destroy(NULL);
}
END_TEST

START_TEST(a_report_is_raised_as_its_first_error_and_goes_with_it)
{
    ck_assert_int_eq(c2s_report_raise_and_take(report_of(3, 2), &error), CNN2SNN_E_INCOMPATIBLE);
    ck_assert_str_eq(error->text, "conv: fault 0; do this (and 2 more) [L-H1]");
    ck_assert_uint_eq(error->report->count, 5);
    c2s_error_clear(&error);
    ck_assert_int_eq(c2s_report_raise_and_take(report_of(1, 0), &error), CNN2SNN_E_INCOMPATIBLE);
    ck_assert_str_eq(error->message, "fault 0; do this");
    c2s_error_clear(&error);
    ck_assert_int_eq(c2s_report_raise_and_take(report_of(0, 4), &error), CNN2SNN_OK);
    ck_assert_ptr_null(error);
    ck_assert_int_eq(c2s_report_raise_and_take(report_of(2, 0), NULL), CNN2SNN_E_INCOMPATIBLE);
}
END_TEST

START_TEST(a_report_without_memory_stays_as_it_was)
{
    cnn2snn_report *report = NULL;
    fail_each_allocation_of(memory, error, c2s_report_create(context, &report, &error));
    ck_assert_int_eq(memory.alive, 2);
    c2s_report_destroy(report);
    report = report_of(1, 0); /* there is room in the list: only the four texts are allocated */
    for (int at = 0; at < 4; at++) {
        memory.made = 0;
        memory.fail_at = at;
        ck_assert_int_eq(c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, -8, "R", "l", "do", &error, "m"),
                         CNN2SNN_E_NO_MEMORY);
        c2s_error_clear(&error);
        ck_assert_uint_eq(report->count, 1);
    }
    memory.fail_at = -1;
    ck_assert_int_eq(c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, -8, "R", "l", "do", &error, "m"), CNN2SNN_OK);
    c2s_report_destroy(report);
}
END_TEST

START_TEST(a_remedy_goes_with_the_error_as_a_report_of_one_fault)
{
    cnn2snn_status status = c2s_advise(
        &error, c2s_layer_error(context, &error, CNN2SNN_E_VALUE, "L-H1", "conv", "bitwidth %d", 3), "use 4");
    ck_assert_int_eq(status, CNN2SNN_E_VALUE);
    ck_assert_str_eq(error->text, "conv: bitwidth 3 [L-H1]");
    ck_assert_uint_eq(error->report->count, 1);
    const struct c2s_fault *fault = error->report->faults;
    ck_assert_int_eq(fault->code, CNN2SNN_E_VALUE);
    ck_assert_str_eq(fault->rule, "L-H1");
    ck_assert_str_eq(fault->layer, "conv");
    ck_assert_str_eq(fault->message, "bitwidth 3");
    ck_assert_str_eq(fault->remedy, "use 4");
    c2s_error_set_remedy(&error, "another");
    ck_assert_str_eq(error->report->faults[0].remedy, "use 4");
    c2s_error_set_remedy(NULL, "nobody listens");
}
END_TEST

START_TEST(a_cause_with_a_remedy_keeps_it_in_a_report)
{
    cnn2snn_report *report = NULL;
    cnn2snn_error *cause = NULL;
    c2s_advise(&cause, c2s_error(context, &cause, CNN2SNN_E_VALUE, "R", "m"), "do");
    ck_assert_int_eq(c2s_report_create(context, &report, &error), CNN2SNN_OK);
    ck_assert_int_eq(c2s_report_add_cause(report, CNN2SNN_E_VALUE, cause, "other", &error), CNN2SNN_OK);
    ck_assert_str_eq(report->faults[0].remedy, "do");
    c2s_report_destroy(report);
}
END_TEST

START_TEST(a_remedy_without_memory_makes_the_error_the_static_one)
{
    for (int fail_at = 0; fail_at < 20; fail_at++) {
        c2s_error(context, &error, CNN2SNN_E_VALUE, "R", "m");
        memory.made = 0;
        memory.fail_at = fail_at;
        c2s_error_set_remedy(&error, "do");
        memory.fail_at = -1;
        int32_t code = error->code;
        ck_assert(code == CNN2SNN_E_NO_MEMORY || (code == CNN2SNN_E_VALUE && error->report->count == 1));
        ck_assert(fail_at || code == CNN2SNN_E_NO_MEMORY);
        c2s_error_clear(&error);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("error");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, an_error_holds_code_rule_layer_and_message);
    tcase_add_test(tests, what_is_known_later_is_added_once);
    tcase_add_test(tests, the_first_error_stays);
    tcase_add_test(tests, nobody_has_to_listen);
    tcase_add_test(tests, an_error_without_context_and_one_that_outlives_it_are_whole);
    tcase_add_test(tests, hostile_names_do_not_reach_a_terminal_raw);
    tcase_add_test(tests, long_messages_are_cut);
    tcase_add_test(tests, memory_that_ends_while_an_error_is_made_gives_the_static_one);
    tcase_add_test(tests, a_report_keeps_what_was_added_in_order);
    tcase_add_test(tests, a_report_is_raised_as_its_first_error_and_goes_with_it);
    tcase_add_test(tests, a_report_without_memory_stays_as_it_was);
    tcase_add_test(tests, a_remedy_goes_with_the_error_as_a_report_of_one_fault);
    tcase_add_test(tests, a_cause_with_a_remedy_keeps_it_in_a_report);
    tcase_add_test(tests, a_remedy_without_memory_makes_the_error_the_static_one);
    Suite *suite = suite_create("error");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
