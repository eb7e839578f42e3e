/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of reading and writing HDF5 files fails once: a clean error, and nothing is left behind. */
#include <check.h>
#include <stdio.h>

#include "base/error_object.h"
#include "base/text.h"
#include "formats/keras_hdf5.h"
#include "ir/model.h"

#include "../support/counted_memory.h"

static struct counted_memory memory;
static cnn2snn_context *context;
static cnn2snn_error *error;
static const struct c2s_keras_read_settings settings = {.allow_unknown_layers = true};

static void set_up(void)
{
    context = counted_context(&memory);
    error = NULL;
}

static void tear_down(void)
{
    c2s_context_release(context);
    ck_assert_int_eq(memory.alive, 0);
}

static const char *fixture(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/hdf5/%s.h5", TEST_DATA, name);
    return path;
}

START_TEST(files_fail_cleanly)
{
    cnn2snn_model *model = NULL, *copy = NULL;
    cnn2snn_buffer *buffer = NULL;
    fail_each_allocation_of(memory, error,
                            c2s_keras_hdf5_load(context, fixture("trained"), &settings, &model, &error));
    fail_each_allocation_of(memory, error,
                            c2s_keras_hdf5_load_weights(model, fixture("number_types"), &copy, &error));
    fail_each_allocation_of(memory, error, c2s_keras_hdf5_write(model, &buffer, &error));
    c2s_buffer_destroy(buffer);
    c2s_model_destroy(model);
    c2s_model_destroy(copy);
}

START_TEST(names_in_parts_fail_cleanly)
{
    cnn2snn_model *model = NULL;
    fail_each_allocation_of(memory, error,
                            c2s_keras_hdf5_load(context, fixture("chunked_names"), &settings, &model, &error));
    c2s_model_destroy(model);
}
int main(void)
{
    TCase *test_case = tcase_create("hdf5_memory");
    Suite *suite = suite_create("hdf5_memory");
    tcase_add_checked_fixture(test_case, set_up, tear_down);
    tcase_set_timeout(test_case, 60);
    tcase_add_test(test_case, files_fail_cleanly);
    tcase_add_test(test_case, names_in_parts_fail_cleanly);
    suite_add_tcase(suite, test_case);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
