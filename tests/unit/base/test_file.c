/* SPDX-License-Identifier: Apache-2.0 */
/* Files: whole ones in, whole ones out, and nothing left when something goes wrong. */
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../support/counted_memory.h"
#include "base/error_object.h"
#include "base/file.h"
#include "base/text.h"

static struct counted_memory memory;
static cnn2snn_context *context;
static cnn2snn_error *error;
static char folder[64];
static char path[128];

static void setup(void)
{
    context = counted_context(&memory);
    error = NULL;
    strcpy(folder, "/tmp/test_file_XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.bin", folder);
}

static int count_entries(void)
{
    DIR *directory = opendir(folder);
    int count = -2; /* . and .. */
    while (readdir(directory))
        count++;
    closedir(directory);
    return count;
}

static void teardown(void)
{
    char command[100];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
    c2s_error_clear(&error);
    c2s_context_release(context);
    ck_assert_int_eq(memory.alive, 0);
}

static void expect_content(const char *name, const char *expected)
{
    cnn2snn_buffer *buffer = NULL;
    ck_assert_int_eq(c2s_file_read(context, name, &buffer, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(buffer->size, strlen(expected));
    ck_assert_str_eq(buffer->data, expected);
    c2s_buffer_destroy(buffer);
}

static void expect_unreadable(const char *name, cnn2snn_status code, const char *part)
{
    cnn2snn_buffer *buffer = NULL;
    ck_assert_int_eq(c2s_file_read(context, name, &buffer, &error), code);
    ck_assert_ptr_null(buffer);
    ck_assert_str_eq(error->file, name);
    ck_assert_msg(strstr(error->message, part) != NULL, "message: %s", error->message);
    c2s_error_clear(&error);
}

static void expect_unwritable(const char *name, const char *part)
{
    ck_assert_int_eq(c2s_file_write(context, name, "new", 3, &error), CNN2SNN_E_IO);
    ck_assert_str_eq(error->file, name);
    ck_assert_msg(strstr(error->message, part) != NULL, "message: %s", error->message);
    c2s_error_clear(&error);
}

START_TEST(what_is_written_is_read_again_and_nothing_else_is_left)
{
    ck_assert_int_eq(c2s_file_write(context, path, "first", 5, NULL), CNN2SNN_OK);
    expect_content(path, "first");
    ck_assert_int_eq(c2s_file_write(context, path, "2", 1, NULL), CNN2SNN_OK);
    expect_content(path, "2");
    ck_assert_int_eq(c2s_file_write(context, path, NULL, 0, NULL), CNN2SNN_OK);
    expect_content(path, "");
    ck_assert_int_eq(count_entries(), 1);
}
END_TEST

START_TEST(paths_without_folder_and_with_long_names_work)
{
    char name[260], long_path[400];
    ck_assert_int_eq(chdir(folder), 0);
    ck_assert_int_eq(c2s_file_write(context, "plain", "x", 1, NULL), CNN2SNN_OK);
    expect_content("plain", "x");
    memset(name, 'n', 255);
    name[255] = '\0';
    snprintf(long_path, sizeof long_path, "%s/%s", folder, name);
    ck_assert_int_eq(c2s_file_write(context, long_path, "y", 1, NULL), CNN2SNN_OK);
    expect_content(long_path, "y");
}
END_TEST

START_TEST(a_replaced_file_keeps_its_mode_and_a_link_stays_a_link)
{
    struct stat info;
    char link[140];
    ck_assert_int_eq(c2s_file_write(context, path, "old", 3, NULL), CNN2SNN_OK);
    ck_assert_int_eq(chmod(path, 0640), 0);
    snprintf(link, sizeof link, "%s/link", folder);
    ck_assert_int_eq(symlink("a.bin", link), 0);
    ck_assert_int_eq(c2s_file_write(context, link, "new", 3, NULL), CNN2SNN_OK);
    expect_content(path, "new");
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_eq(info.st_mode & 07777, 0640);
    ck_assert_int_eq(lstat(link, &info), 0);
    ck_assert(S_ISLNK(info.st_mode));
}
END_TEST

START_TEST(a_new_file_has_the_mode_of_the_umask)
{
    struct stat info;
    umask(027);
    ck_assert_int_eq(c2s_file_write(context, path, "x", 1, NULL), CNN2SNN_OK);
    ck_assert_int_eq(stat(path, &info), 0);
    ck_assert_int_eq(info.st_mode & 07777, 0640);
}
END_TEST

START_TEST(what_is_no_file_is_told_so)
{
    char fifo[140];
    expect_unreadable(path, CNN2SNN_E_IO, "No such file");
    expect_unreadable(folder, CNN2SNN_E_IO, "directory");
    snprintf(fifo, sizeof fifo, "%s/fifo", folder);
    ck_assert_int_eq(mkfifo(fifo, 0600), 0);
    expect_unreadable(fifo, CNN2SNN_E_IO, "can't be read");
    expect_unwritable(folder, "directory");
}
END_TEST

START_TEST(a_missing_folder_is_told_so_and_can_be_made)
{
    char deep[200];
    snprintf(deep, sizeof deep, "%s/x//y/z.bin", folder);
    expect_unwritable(deep, "No such file");
    ck_assert_int_eq(c2s_file_make_parents(context, deep, &error), CNN2SNN_OK);
    ck_assert_int_eq(c2s_file_make_parents(context, deep, &error), CNN2SNN_OK);
    ck_assert_int_eq(c2s_file_write(context, deep, "x", 1, &error), CNN2SNN_OK);
    expect_content(deep, "x");
    ck_assert_int_eq(c2s_file_make_parents(context, "plain", &error), CNN2SNN_OK);
    snprintf(deep, sizeof deep, "%s/x/y/z.bin/more/file", folder); /* a file where a folder should be */
    ck_assert_int_eq(c2s_file_make_parents(context, deep, &error), CNN2SNN_E_IO);
    c2s_error_clear(&error);
    expect_unwritable(deep, "Not a directory");
}
END_TEST

START_TEST(files_larger_than_the_limit_are_not_read)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    cnn2snn_context *small = NULL;
    cnn2snn_buffer *buffer = NULL;
    options.max_file_bytes = 4;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &small, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_file_write(context, path, "12345", 5, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_file_read(small, path, &buffer, &error), CNN2SNN_E_LIMIT);
    ck_assert_ptr_nonnull(strstr(error->text, "max_file_bytes"));
    c2s_error_clear(&error);
    ck_assert_int_eq(truncate(path, 4), 0);
    ck_assert_int_eq(c2s_file_read(small, path, &buffer, NULL), CNN2SNN_OK);
    c2s_buffer_destroy(buffer);
    c2s_context_release(small);
}
END_TEST

START_TEST(a_full_disk_leaves_the_old_file)
{
    expect_unwritable("/dev/full", "No space left");
    ck_assert_int_eq(c2s_file_write(context, path, "old", 3, NULL), CNN2SNN_OK);
    struct rlimit before, limit;
    static char large[5000];
    signal(SIGXFSZ, SIG_IGN);
    ck_assert_int_eq(getrlimit(RLIMIT_FSIZE, &before), 0);
    limit = (struct rlimit){1000, before.rlim_max};
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
    cnn2snn_status status = c2s_file_write(context, path, large, sizeof large, &error);
    ck_assert_int_eq(setrlimit(RLIMIT_FSIZE, &before), 0); /* Check writes files as well */
    ck_assert_int_eq(status, CNN2SNN_E_IO);
    ck_assert_str_eq(error->file, path);
    expect_content(path, "old");
    ck_assert_int_eq(count_entries(), 1);
}
END_TEST

START_TEST(devices_are_written_to_in_place)
{
    struct stat info;
    ck_assert_int_eq(c2s_file_write(context, "/dev/null", "x", 1, &error), CNN2SNN_OK);
    ck_assert_int_eq(stat("/dev/null", &info), 0);
    ck_assert(S_ISCHR(info.st_mode));
}
END_TEST

START_TEST(without_permission_nothing_changes)
{
    ck_assert_int_eq(c2s_file_write(context, path, "old", 3, NULL), CNN2SNN_OK);
    ck_assert_int_eq(chmod(folder, 0777), 0);
    ck_assert_int_eq(chmod(path, 0444), 0);
    if (geteuid() == 0) /* root may do everything */
        ck_assert_int_eq(seteuid(65534), 0);
    expect_unwritable(path, "Permission denied");
    ck_assert_int_eq(seteuid(getuid()), 0);
    ck_assert_int_eq(chmod(folder, 0555), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0);
    char other[140], below[140];
    snprintf(other, sizeof other, "%s/b.bin", folder);
    snprintf(below, sizeof below, "%s/c/d.bin", folder);
    expect_unwritable(other, "Permission denied");
    ck_assert_int_eq(c2s_file_make_parents(context, below, &error), CNN2SNN_E_IO);
    c2s_error_clear(&error);
    ck_assert_int_eq(seteuid(getuid()), 0);
    ck_assert_int_eq(chmod(folder, 0777), 0);
    ck_assert_int_eq(chmod(path, 0), 0);
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0);
    expect_unreadable(path, CNN2SNN_E_IO, "Permission denied");
    ck_assert_int_eq(seteuid(getuid()), 0);
    ck_assert_int_eq(chmod(path, 0600), 0);
    expect_content(path, "old");
    ck_assert_int_eq(count_entries(), 1);
}
END_TEST

START_TEST(leftovers_of_somebody_else_are_not_in_the_way)
{
    char leftover[140];
    snprintf(leftover, sizeof leftover, "%s/.cnn2snn-%ld-0.tmp", folder, (long)getpid());
    int file = open(leftover, O_CREAT | O_WRONLY, 0600);
    close(file);
    ck_assert_int_eq(c2s_file_write(context, path, "x", 1, &error), CNN2SNN_OK);
    expect_content(path, "x");
    ck_assert_int_eq(count_entries(), 2);
}
END_TEST

START_TEST(memory_that_ends_is_a_clean_error)
{
    cnn2snn_buffer *buffer = NULL;
    fail_each_allocation_of(memory, error, c2s_file_write(context, path, "data", 4, &error));
    fail_each_allocation_of(memory, error, c2s_file_read(context, path, &buffer, &error));
    c2s_buffer_destroy(buffer);
    fail_each_allocation_of(memory, error, c2s_file_make_parents(context, path, &error));
    ck_assert_int_eq(count_entries(), 1);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("file");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_is_written_is_read_again_and_nothing_else_is_left);
    tcase_add_test(tests, paths_without_folder_and_with_long_names_work);
    tcase_add_test(tests, a_replaced_file_keeps_its_mode_and_a_link_stays_a_link);
    tcase_add_test(tests, a_new_file_has_the_mode_of_the_umask);
    tcase_add_test(tests, what_is_no_file_is_told_so);
    tcase_add_test(tests, a_missing_folder_is_told_so_and_can_be_made);
    tcase_add_test(tests, files_larger_than_the_limit_are_not_read);
    tcase_add_test(tests, a_full_disk_leaves_the_old_file);
    tcase_add_test(tests, devices_are_written_to_in_place);
    tcase_add_test(tests, without_permission_nothing_changes);
    tcase_add_test(tests, leftovers_of_somebody_else_are_not_in_the_way);
    tcase_add_test(tests, memory_that_ends_is_a_clean_error);
    Suite *suite = suite_create("file");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
