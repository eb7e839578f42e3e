/* SPDX-License-Identifier: Apache-2.0 */
/* .npy files: every order, type and version that is taken, and headers that lie. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "tensor/npy.h"

static cnn2snn_context *context;

static void setup(void)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.max_tensor_elements = 100000;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
}

static void teardown(void)
{
    ck_assert_uint_eq(context->references, 1);
    c2s_context_release(context);
}

/* A file of a version with a header and data, in memory of exactly its size, so that reading beyond it is seen. */
static char *compose(int version, const char *header, const void *data, size_t data_size, size_t *out_size)
{
    size_t text = strlen(header), fixed = version == 1 ? 10 : 12;
    char *file = malloc(fixed + text + data_size);
    memcpy(file, "\x93NUMPY", 6);
    file[6] = (char)version;
    file[7] = 0;
    for (size_t i = 0; i < fixed - 8; i++)
        file[8 + i] = (char)(text >> 8 * i);
    memcpy(file + fixed, header, text);
    if (data_size)
        memcpy(file + fixed + text, data, data_size);
    *out_size = fixed + text + data_size;
    return file;
}

static cnn2snn_tensor *read_good(int version, const char *header, const void *data, size_t data_size)
{
    cnn2snn_tensor *tensor = NULL;
    cnn2snn_error *error = NULL;
    size_t size;
    char *file = compose(version, header, data, data_size, &size);
    if (c2s_npy_read(context, file, size, &tensor, &error))
        ck_abort_msg("%s: %s", header, error->message);
    free(file);
    return tensor;
}

static void expect_refused(int version, const char *header, size_t data_size, cnn2snn_status code, const char *part)
{
    cnn2snn_tensor *tensor = NULL;
    cnn2snn_error *error = NULL;
    char data[64] = {0};
    size_t size;
    char *file = compose(version, header, data, data_size, &size);
    cnn2snn_status status = c2s_npy_read(context, file, size, &tensor, &error);
    ck_assert_msg(status == code, "%s gave %d", header, (int)status);
    ck_assert_ptr_null(tensor);
    ck_assert_msg(strstr(error->message, part) != NULL, "%s gave: %s", header, error->message);
    c2s_error_clear(&error);
    free(file);
}

START_TEST(all_three_versions_are_read)
{
    float data[] = {1, 2, 3};
    for (int version = 1; version <= 3; version++) {
        cnn2snn_tensor *tensor =
            read_good(version, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }   \n", data, sizeof data);
        ck_assert_int_eq(tensor->dtype, CNN2SNN_DTYPE_FLOAT32);
        ck_assert_uint_eq(tensor->rank, 1);
        ck_assert_mem_eq(tensor->data, data, sizeof data);
        ck_assert(tensor->owned);
        c2s_tensor_release(tensor);
    }
    expect_refused(4, "{'descr': '<f4', 'fortran_order': False, 'shape': (3,), }", 12, CNN2SNN_E_UNSUPPORTED, "4.0");
}
END_TEST

START_TEST(every_number_type_is_read_in_both_byte_orders)
{
    static const struct {
        const char *code;
        cnn2snn_dtype dtype;
        size_t size;
        unsigned char big[8]; /* 3 */
    } types[] = {
        {"f2", CNN2SNN_DTYPE_FLOAT16, 2, {0x42, 0}},
        {"f4", CNN2SNN_DTYPE_FLOAT32, 4, {0x40, 0x40}},
        {"f8", CNN2SNN_DTYPE_FLOAT64, 8, {0x40, 8}},
        {"i1", CNN2SNN_DTYPE_INT8, 1, {3}},
        {"i2", CNN2SNN_DTYPE_INT16, 2, {0, 3}},
        {"i4", CNN2SNN_DTYPE_INT32, 4, {0, 0, 0, 3}},
        {"i8", CNN2SNN_DTYPE_INT64, 8, {0, 0, 0, 0, 0, 0, 0, 3}},
        {"u1", CNN2SNN_DTYPE_UINT8, 1, {3}},
        {"u2", CNN2SNN_DTYPE_UINT16, 2, {0, 3}},
        {"u4", CNN2SNN_DTYPE_UINT32, 4, {0, 0, 0, 3}},
        {"u8", CNN2SNN_DTYPE_UINT64, 8, {0, 0, 0, 0, 0, 0, 0, 3}},
    };
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        for (const char *order = "<>|="; *order; order++) {
            unsigned char data[8];
            char header[100];
            for (size_t b = 0; b < types[i].size; b++)
                data[b] = types[i].big[*order == '>' ? b : types[i].size - 1 - b];
            snprintf(header, sizeof header, "{'shape': (), 'descr': '%c%s', 'fortran_order': False}", *order,
                     types[i].code);
            cnn2snn_tensor *tensor = read_good(1, header, data, types[i].size);
            ck_assert_int_eq(tensor->dtype, types[i].dtype);
            ck_assert_msg(c2s_tensor_get_double(tensor, 0) == 3, "%s", header);
            c2s_tensor_release(tensor);
        }
}
END_TEST

START_TEST(bools_become_0_and_1)
{
    unsigned char data[] = {0, 1, 255};
    cnn2snn_tensor *tensor = read_good(1, "{'descr':'|b1','fortran_order':False,'shape':(3,)}", data, 3);
    ck_assert_int_eq(tensor->dtype, CNN2SNN_DTYPE_BOOL);
    ck_assert_mem_eq(tensor->data, "\0\1\1", 3);
    c2s_tensor_release(tensor);
}
END_TEST

START_TEST(fortran_order_becomes_c_order)
{
    int16_t data[] = {0, 3, 1, 4, 2, 5};
    cnn2snn_tensor *tensor = read_good(1, "{'descr': '<i2', 'fortran_order': True, 'shape': (2, 3)}", data, 12);
    for (uint64_t i = 0; i < 6; i++)
        ck_assert(c2s_tensor_get_double(tensor, i) == (double)i);
    c2s_tensor_release(tensor);
}
END_TEST

START_TEST(a_file_of_numpy_is_read)
{
    cnn2snn_tensor *tensor = NULL;
    ck_assert_int_eq(c2s_npy_load(context, TEST_DATA "/tensor/numpy_fortran_big_endian.npy", &tensor, NULL),
                     CNN2SNN_OK);
    ck_assert_int_eq(tensor->dtype, CNN2SNN_DTYPE_FLOAT64);
    ck_assert(tensor->rank == 3 && tensor->shape[0] == 2 && tensor->shape[1] == 3 && tensor->shape[2] == 4);
    for (uint64_t i = 0; i < 24; i++)
        ck_assert(c2s_tensor_get_double(tensor, i) == (double)i / 4);
    c2s_tensor_release(tensor);
}
END_TEST

START_TEST(old_and_odd_spellings_of_the_header_are_taken)
{
    char data[6] = {1, 2, 3, 4, 5, 6};
    const char *headers[] = {"{'descr': '|i1', 'fortran_order': False, 'shape': (2L, 3L), }",
                             " {\"shape\":(2,3,),\t\"fortran_order\" : False , \"descr\":\"i1\"}\n\n"};
    for (int i = 0; i < 2; i++) {
        cnn2snn_tensor *tensor = read_good(1, headers[i], data, 6);
        ck_assert(tensor->rank == 2 && tensor->shape[1] == 3);
        c2s_tensor_release(tensor);
    }
}
END_TEST

START_TEST(objects_structures_and_other_types_are_refused)
{
    const char *types[] = {"'|O'", "'<c8'", "'<f16'", "'<U3'", "'|S4'", "'<M8[s]'", "''", "'<'", "'<f3'", "'<f44'"};
    char header[100];
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        snprintf(header, sizeof header, "{'descr': %s, 'fortran_order': False, 'shape': ()}", types[i]);
        expect_refused(1, header, 8, CNN2SNN_E_UNSUPPORTED, "elements of type");
    }
    expect_refused(1, "{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': ()}", 8, CNN2SNN_E_UNSUPPORTED,
                   "structured");
}
END_TEST

START_TEST(headers_that_are_no_such_dictionary_are_refused)
{
    const char *headers[] = {
        "",
        "{",
        "{}",
        "{,}",
        "[]",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'shape': ()}",
        "{'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': ()} 1",
        "{'descr': '<f4', 'fortran_order': False, 'shape': ()",
        "{'descr': '<f4' 'fortran_order': False, 'shape': ()}",
        "{'descr' '<f4', 'fortran_order': False, 'shape': ()}",
        "{'descr': <f4, 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4",
        "{'descr': '\\x3cf4', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': 0, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': Falsey, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 3}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (3)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1 1)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1.0,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (1,",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999999999,)}",
        "__import__('os').system('true')",
    };
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        expect_refused(1, headers[i], 4, CNN2SNN_E_MALFORMED, "header of .npy");
}
END_TEST

START_TEST(shapes_that_lie_about_the_data_are_refused)
{
    expect_refused(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}", 15, CNN2SNN_E_MALFORMED,
                   "15 bytes of data, expected (4,) of float32");
    expect_refused(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (4,)}", 17, CNN2SNN_E_MALFORMED, "17 bytes");
    expect_refused(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0,)}", 4, CNN2SNN_E_MALFORMED, "4 bytes");
    expect_refused(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (99999,)}", 4, CNN2SNN_E_MALFORMED, "99999");
    expect_refused(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (100001,)}", 4, CNN2SNN_E_LIMIT,
                   "max_tensor_elements");
    expect_refused(1, "{'descr': '<f8', 'fortran_order': True, 'shape': (4611686018427387904, 4)}", 0,
                   CNN2SNN_E_LIMIT, "max_tensor_elements");
    expect_refused(1, "{'descr': '<f8', 'fortran_order': True, 'shape': (0, 4611686018427387904, 4)}", 0,
                   CNN2SNN_E_LIMIT, "max_tensor_elements");
    expect_refused(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (1, 1, 1, 1, 1, 1, 1, 1, 1)}", 4,
                   CNN2SNN_E_LIMIT, "8 dimensions");
}
END_TEST

START_TEST(files_that_end_early_are_refused)
{
    cnn2snn_tensor *tensor = NULL;
    float data[] = {1, 2};
    size_t size;
    char *file = compose(2, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", data, sizeof data, &size);
    for (size_t part = 0; part < size; part++) {
        char *start = malloc(part ? part : 1);
        memcpy(start, file, part);
        ck_assert_int_eq(c2s_npy_read(context, start, part, &tensor, NULL), CNN2SNN_E_MALFORMED);
        free(start);
    }
    memset(file + 8, 0xff, 4); /* a header of 4 GiB */
    ck_assert_int_eq(c2s_npy_read(context, file, size, &tensor, NULL), CNN2SNN_E_MALFORMED);
    free(file);
}
END_TEST

START_TEST(headers_without_end_are_refused)
{
    enum { SIZE = 70000 };
    char *header = malloc(SIZE + 1);
    memset(header, ' ', SIZE);
    header[SIZE] = '\0';
    memcpy(header, "{'descr': '<f4', 'fortran_order': False, 'shape': ()}", 53);
    expect_refused(2, header, 4, CNN2SNN_E_LIMIT, "70000 bytes");
    free(header);
}
END_TEST

static void expect_written(cnn2snn_dtype dtype, size_t rank, const int64_t *shape, const char *dictionary)
{
    cnn2snn_tensor *tensor = NULL, *again = NULL;
    struct c2s_text out;
    ck_assert_int_eq(c2s_tensor_create_zeros(context, dtype, rank, shape, &tensor, NULL), CNN2SNN_OK);
    if (tensor->size)
        ((unsigned char *)tensor->data)[tensor->size - 1] = 1;
    c2s_text_init(&out, context);
    c2s_npy_write(tensor, &out);
    ck_assert_uint_eq((out.size - tensor->size) % 64, 0);
    ck_assert_mem_eq(out.data + 10, dictionary, strlen(dictionary));
    ck_assert_int_eq(out.data[out.size - tensor->size - 1], '\n');
    ck_assert_int_eq(c2s_npy_read(context, out.data, out.size, &again, NULL), CNN2SNN_OK);
    ck_assert(again->dtype == dtype && c2s_tensor_same_shape(again, tensor));
    ck_assert_mem_eq(again->data, tensor->data, tensor->size);
    c2s_text_free(&out);
    c2s_tensor_release(again);
    c2s_tensor_release(tensor);
}

START_TEST(what_is_written_is_read_again)
{
    expect_written(CNN2SNN_DTYPE_FLOAT32, 2, (int64_t[]){2, 3},
                   "{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), } ");
    expect_written(CNN2SNN_DTYPE_BOOL, 1, (int64_t[]){5},
                   "{'descr': '|b1', 'fortran_order': False, 'shape': (5,), } ");
    expect_written(CNN2SNN_DTYPE_UINT64, 0, NULL, "{'descr': '<u8', 'fortran_order': False, 'shape': (), } ");
    expect_written(CNN2SNN_DTYPE_FLOAT16, 8, (int64_t[]){1, 1, 1, 1, 0, 1, 1, 100},
                   "{'descr': '<f2', 'fortran_order': False, 'shape': (1, 1, 1, 1, 0, 1, 1, 100), } ");
}
END_TEST

START_TEST(files_are_saved_and_errors_name_them)
{
    char folder[] = "/tmp/test_npy_XXXXXX", path[100];
    cnn2snn_tensor *tensor = NULL, *again = NULL;
    cnn2snn_error *error = NULL;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.npy", folder);
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_INT32, 1, (int64_t[]){4}, &tensor, NULL), 0);
    ck_assert_int_eq(c2s_npy_load(context, path, &again, &error), CNN2SNN_E_IO);
    ck_assert_str_eq(error->file, path);
    c2s_error_clear(&error);
    ck_assert_int_eq(c2s_npy_save(tensor, path, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_npy_load(context, path, &again, NULL), CNN2SNN_OK);
    ck_assert_mem_eq(again->data, tensor->data, 16);
    ck_assert_int_eq(truncate(path, 100), 0);
    c2s_tensor_release(again);
    ck_assert_int_eq(c2s_npy_load(context, path, &again, &error), CNN2SNN_E_MALFORMED);
    ck_assert_str_eq(error->file, path);
    c2s_error_clear(&error);
    c2s_tensor_release(tensor);
    unlink(path);
    rmdir(folder);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("npy");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, all_three_versions_are_read);
    tcase_add_test(tests, every_number_type_is_read_in_both_byte_orders);
    tcase_add_test(tests, bools_become_0_and_1);
    tcase_add_test(tests, fortran_order_becomes_c_order);
    tcase_add_test(tests, a_file_of_numpy_is_read);
    tcase_add_test(tests, old_and_odd_spellings_of_the_header_are_taken);
    tcase_add_test(tests, objects_structures_and_other_types_are_refused);
    tcase_add_test(tests, headers_that_are_no_such_dictionary_are_refused);
    tcase_add_test(tests, shapes_that_lie_about_the_data_are_refused);
    tcase_add_test(tests, files_that_end_early_are_refused);
    tcase_add_test(tests, headers_without_end_are_refused);
    tcase_add_test(tests, what_is_written_is_read_again);
    tcase_add_test(tests, files_are_saved_and_errors_name_them);
    Suite *suite = suite_create("npy");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
