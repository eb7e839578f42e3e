/* SPDX-License-Identifier: Apache-2.0 */
/* Contexts: options of older and newer programs, ranges, the environment, log, progress and lifetimes. */
#include <stdio.h>
#include <string.h>

#include "../support/counted_memory.h"
#include "base/error_object.h"
#include "base/processor.h"

static cnn2snn_context *context;
static cnn2snn_error *error;

static void setup(void)
{
    unsetenv("CNN2SNN_TARGET_AKIDA_VERSION");
    unsetenv("CNN2SNN_KERNELS");
    context = NULL;
    error = NULL;
}

static void teardown(void)
{
    c2s_error_clear(&error);
    c2s_context_release(context);
}

static cnn2snn_status make(const void *options)
{
    return c2s_context_create(CNN2SNN_ABI_VERSION, options, &context, &error);
}

static void expect_refused(const void *options, cnn2snn_status code, const char *part)
{
    ck_assert_int_eq(make(options), code);
    ck_assert_ptr_null(context);
    ck_assert_msg(strstr(error->message, part) != NULL, "message: %s", error->message);
    c2s_error_clear(&error);
}

START_TEST(l121_no_options_give_the_documented_defaults)
{
    ck_assert_int_eq(make(NULL), CNN2SNN_OK);
    ck_assert_int_eq(context->akida_version, CNN2SNN_AKIDA_V2);
    ck_assert_int_eq(context->hdf5_isolation, CNN2SNN_ISOLATION_NONE);
    ck_assert_int_eq(context->log_level, CNN2SNN_LOG_WARNING);
    ck_assert_int_eq(context->threads, 1);
    ck_assert(context->max_file_bytes == 4294967296u && context->max_total_bytes == 8589934592u);
    ck_assert(context->max_tensor_elements == INT32_MAX);
    ck_assert(context->max_nodes == 100000 && context->max_depth == 200);
}
END_TEST

START_TEST(zero_in_a_field_means_its_default_and_other_values_count)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.threads = 1024;
    options.max_depth = 1000;
    options.max_nodes = 7;
    ck_assert_int_eq(make(&options), CNN2SNN_OK);
    ck_assert_int_eq(context->threads, 1024);
    ck_assert(context->max_depth == 1000 && context->max_nodes == 7 && context->max_tensor_elements == INT32_MAX);
}
END_TEST

START_TEST(an_older_program_sets_what_it_knows)
{
    /* As if the struct ended behind `threads`; what stands in memory behind it is not looked at. */
    struct {
        unsigned char known[offsetof(cnn2snn_context_options, max_file_bytes)];
        uint64_t garbage[8];
    } older;
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.threads = 3;
    options.struct_size = sizeof older.known;
    memset(&older, 0xff, sizeof older);
    memcpy(older.known, &options, sizeof older.known);
    ck_assert_int_eq(make(&older), CNN2SNN_OK);
    ck_assert_int_eq(context->threads, 3);
    ck_assert(context->max_file_bytes == 4294967296u);
}
END_TEST

START_TEST(a_newer_program_may_leave_its_new_fields_zero_but_not_set_them)
{
    struct {
        cnn2snn_context_options known;
        unsigned char more[24];
    } newer = {.known = CNN2SNN_CONTEXT_OPTIONS_INIT};
    newer.known.struct_size = sizeof newer;
    newer.more[23] = 1;
    expect_refused(&newer, CNN2SNN_E_UNSUPPORTED, "cnn2snn_context_options sets fields that library");
    newer.more[23] = 0;
    newer.known.threads = 2;
    ck_assert_int_eq(make(&newer), CNN2SNN_OK);
    ck_assert_int_eq(context->threads, 2);
}
END_TEST

START_TEST(sizes_that_no_initializer_sets_are_refused)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    const size_t sizes[] = {0, 1, 7, 65537, SIZE_MAX};
    for (int i = 0; i < 5; i++) {
        options.struct_size = sizes[i];
        expect_refused(&options, CNN2SNN_E_INVALID_ARGUMENT, "struct_size");
    }
    options.struct_size = 8;
    ck_assert_int_eq(make(&options), CNN2SNN_OK);
}
END_TEST

START_TEST(values_out_of_range_are_refused)
{
    const struct {
        size_t offset;
        int32_t value;
        const char *name;
    } cases[] = {
        {offsetof(cnn2snn_context_options, threads), 1025, "threads 1025"},
        {offsetof(cnn2snn_context_options, threads), -1, "threads -1"},
        {offsetof(cnn2snn_context_options, akida_version), 3, "akida_version 3"},
        {offsetof(cnn2snn_context_options, akida_version), -1, "akida_version -1"},
        {offsetof(cnn2snn_context_options, hdf5_isolation), 3, "hdf5_isolation 3"},
        {offsetof(cnn2snn_context_options, log_level), 5, "log_level 5"},
        {offsetof(cnn2snn_context_options, max_depth), 1001, "max_depth 1001"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
        memcpy((char *)&options + cases[i].offset, &cases[i].value, 4);
        expect_refused(&options, CNN2SNN_E_VALUE, cases[i].name);
    }
}
END_TEST

START_TEST(l119_l121_the_environment_names_the_version_unless_an_option_does)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    setenv("CNN2SNN_TARGET_AKIDA_VERSION", "v1", 1);
    ck_assert_int_eq(make(NULL), CNN2SNN_OK);
    ck_assert_int_eq(context->akida_version, CNN2SNN_AKIDA_V1);
    c2s_context_release(context);
    options.akida_version = CNN2SNN_AKIDA_V2;
    ck_assert_int_eq(make(&options), CNN2SNN_OK);
    ck_assert_int_eq(context->akida_version, CNN2SNN_AKIDA_V2);
    c2s_context_release(context);
    context = NULL;
    setenv("CNN2SNN_TARGET_AKIDA_VERSION", "V1", 1);
    expect_refused(NULL, CNN2SNN_E_VALUE, "'V1', expected v1 or v2");
    setenv("CNN2SNN_TARGET_AKIDA_VERSION", "", 1);
    expect_refused(NULL, CNN2SNN_E_VALUE, "'', expected v1 or v2");
    ck_assert_int_eq(make(&options), CNN2SNN_OK);
}
END_TEST

START_TEST(the_environment_names_the_kernels_unless_an_option_does)
{
    uint32_t found = c2s_processor_instructions(), wanted;
    const char *name;
    ck_assert_int_eq(make(NULL), CNN2SNN_OK);
    ck_assert_uint_eq(context->instructions, found);
    c2s_context_release(context);
    context = NULL;
    for (size_t i = 0; (name = c2s_processor_choice(i, &wanted)); i++) {
        setenv("CNN2SNN_KERNELS", name, 1);
        if (wanted & ~c2s_processor_all_instructions()) {
            expect_refused(NULL, CNN2SNN_E_VALUE, name);
            continue;
        }
        ck_assert_int_eq(make(NULL), CNN2SNN_OK);
        ck_assert_uint_eq(context->instructions, wanted);
        c2s_context_release(context);
        context = NULL;
    }
    setenv("CNN2SNN_KERNELS", "", 1);
    expect_refused(NULL, CNN2SNN_E_VALUE, "CNN2SNN_KERNELS is '', expected one of plain");
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.kernels = "Plain";
    expect_refused(&options, CNN2SNN_E_VALUE, "kernels is 'Plain', expected one of plain");
    options.kernels = "plain";
    ck_assert_int_eq(make(&options), CNN2SNN_OK);
    ck_assert_uint_eq(context->instructions, 0);
}
END_TEST

START_TEST(half_an_allocator_is_refused)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    cnn2snn_allocator allocator = {sizeof allocator, NULL, counted_allocate, NULL};
    options.allocator = &allocator;
    expect_refused(&options, CNN2SNN_E_INVALID_ARGUMENT, "allocate and deallocate");
    allocator.struct_size = 0;
    expect_refused(&options, CNN2SNN_E_INVALID_ARGUMENT, "cnn2snn_allocator");
}
END_TEST

START_TEST(an_allocator_without_memory_gives_a_clean_error)
{
    struct counted_memory memory = {.fail_at = 0};
    cnn2snn_allocator allocator = {sizeof allocator, &memory, counted_allocate, counted_deallocate};
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.allocator = &allocator;
    expect_refused(&options, CNN2SNN_E_NO_MEMORY, "out of memory");
    ck_assert_int_eq(memory.alive, 0);
}
END_TEST

static void count(void *user_data)
{
    ++*(int *)user_data;
}

START_TEST(user_data_is_destroyed_with_the_last_reference)
{
    int logs = 0, progresses = 0;
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.log_user_data = &logs;
    options.destroy_log_user_data = count;
    options.progress_user_data = &progresses;
    options.destroy_progress_user_data = count;
    ck_assert_int_eq(make(&options), CNN2SNN_OK);
    ck_assert_ptr_eq(c2s_context_retain(context), context);
    c2s_context_release(context);
    ck_assert(logs == 0 && progresses == 0);
    c2s_context_release(context);
    context = NULL;
    ck_assert(logs == 1 && progresses == 1);
    ck_assert_ptr_null(c2s_context_retain(NULL));
}
END_TEST

struct lines {
    int count;
    cnn2snn_log_level level;
    char text[2000];
    size_t size;
};

static void log_line(void *user_data, cnn2snn_log_level level, const char *text, size_t size)
{
    struct lines *lines = user_data;
    lines->count++;
    lines->level = level;
    lines->size = size;
    ck_assert_uint_eq(strlen(text), size);
    snprintf(lines->text, sizeof lines->text, "%s", text);
}

START_TEST(the_log_gets_finished_lines_up_to_its_level)
{
    struct lines lines = {0};
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.log = log_line;
    options.log_user_data = &lines;
    ck_assert_int_eq(make(&options), CNN2SNN_OK);
    c2s_log(context, CNN2SNN_LOG_INFO, "not heard");
    ck_assert_int_eq(lines.count, 0);
    c2s_log(context, CNN2SNN_LOG_WARNING, "layer %s, %d bits", "conv", 4);
    ck_assert_str_eq(lines.text, "layer conv, 4 bits");
    ck_assert_int_eq(lines.level, CNN2SNN_LOG_WARNING);
    c2s_log(context, CNN2SNN_LOG_ERROR, "%5000d", 1);
    ck_assert_int_eq(lines.count, 2);
    ck_assert_uint_eq(lines.size, 1023);
    c2s_log(NULL, CNN2SNN_LOG_ERROR, "nobody");
}
END_TEST

static int32_t stop_at_3(void *user_data, const char *stage, uint64_t done, uint64_t total)
{
    return done >= 3;
}

START_TEST(progress_can_cancel)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.progress = stop_at_3;
    ck_assert_int_eq(make(&options), CNN2SNN_OK);
    ck_assert_int_eq(c2s_progress(context, "running", 2, 10, &error), CNN2SNN_OK);
    ck_assert_int_eq(c2s_progress(context, "running", 3, 10, &error), CNN2SNN_E_CANCELLED);
    ck_assert_str_eq(error->message, "cancelled while at 'running'");
}
END_TEST

START_TEST(initialisation_writes_no_more_than_the_program_has_room_for)
{
    cnn2snn_context_options ours, theirs[2];
    c2s_context_options_defaults(&ours);
    memset(theirs, 0xaa, sizeof theirs);
    ck_assert_int_eq(c2s_options_write(theirs, 72, &ours, sizeof ours), CNN2SNN_OK);
    ck_assert_uint_eq(theirs[0].struct_size, 72);
    ck_assert_int_eq(((unsigned char *)theirs)[71], 0);
    ck_assert_int_eq(((unsigned char *)theirs)[72], 0xaa);
    ck_assert_int_eq(c2s_options_write(theirs, sizeof ours + 8, &ours, sizeof ours), CNN2SNN_OK);
    ck_assert_uint_eq(theirs[1].struct_size, 0);
    ck_assert_int_eq(((unsigned char *)theirs)[sizeof ours + 8], 0xaa);
    ck_assert_int_eq(c2s_options_write(NULL, 72, &ours, sizeof ours), CNN2SNN_E_INVALID_ARGUMENT);
    ck_assert_int_eq(c2s_options_write(theirs, 7, &ours, sizeof ours), CNN2SNN_E_INVALID_ARGUMENT);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("context");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, l121_no_options_give_the_documented_defaults);
    tcase_add_test(tests, zero_in_a_field_means_its_default_and_other_values_count);
    tcase_add_test(tests, an_older_program_sets_what_it_knows);
    tcase_add_test(tests, a_newer_program_may_leave_its_new_fields_zero_but_not_set_them);
    tcase_add_test(tests, sizes_that_no_initializer_sets_are_refused);
    tcase_add_test(tests, values_out_of_range_are_refused);
    tcase_add_test(tests, l119_l121_the_environment_names_the_version_unless_an_option_does);
    tcase_add_test(tests, the_environment_names_the_kernels_unless_an_option_does);
    tcase_add_test(tests, half_an_allocator_is_refused);
    tcase_add_test(tests, an_allocator_without_memory_gives_a_clean_error);
    tcase_add_test(tests, user_data_is_destroyed_with_the_last_reference);
    tcase_add_test(tests, the_log_gets_finished_lines_up_to_its_level);
    tcase_add_test(tests, progress_can_cancel);
    tcase_add_test(tests, initialisation_writes_no_more_than_the_program_has_room_for);
    Suite *suite = suite_create("context");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
