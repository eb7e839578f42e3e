/* SPDX-License-Identifier: Apache-2.0 */
/* Samples read a few at a time are those of the whole arrays, whatever file they come from. */
#include <check.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../support/counted_memory.h"
#include "base/error_object.h"
#include "base/file.h"
#include "tensor/npy.h"
#include "tensor/samples.h"
#include "tensor/zip_stream.h"

static struct counted_memory memory;
static cnn2snn_context *context;
static cnn2snn_error *error;
static char path[64];

static void setup(void)
{
    context = counted_context(&memory);
    snprintf(path, sizeof path, "/tmp/cnn2snn-samples-%ld", (long)getpid());
}

static void teardown(void)
{
    unlink(path);
    c2s_error_clear(&error);
    ck_assert_uint_eq(context->references, 1);
    c2s_context_release(context);
}

#define MUST(call) ck_assert_int_eq(call, CNN2SNN_OK)
#define REFUSED(call, code)                                                                                          \
    do {                                                                                                             \
        ck_assert_int_eq(call, code);                                                                                \
        ck_assert_ptr_nonnull(error);                                                                                \
        c2s_error_clear(&error);                                                                                     \
    } while (0)

/* Counts upwards from `first`. */
static cnn2snn_tensor *counting(cnn2snn_dtype dtype, int64_t samples, int64_t size, int first)
{
    cnn2snn_tensor *floats = NULL, *tensor = NULL;
    MUST(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 2, (int64_t[]){samples, size}, &floats, &error));
    for (uint64_t i = 0; i < floats->count; i++)
        c2s_f32_writable(floats)[i] = (float)(first + (int)i);
    MUST(c2s_tensor_convert(floats, dtype, &tensor, &error));
    c2s_tensor_release(floats);
    return tensor;
}

static void check_counting(cnn2snn_samples *samples, int64_t first, int64_t count)
{
    cnn2snn_tensor *some = NULL;
    MUST(c2s_samples_read(samples, first, count, &some, &error));
    ck_assert_int_eq(some->shape[0], count);
    for (uint64_t i = 0; i < some->count; i++)
        ck_assert_float_eq(c2s_f32(some)[i], (float)((uint64_t)first * 3 + i));
    c2s_tensor_release(some);
}

static void check_all_ways(cnn2snn_samples *samples, int64_t count)
{
    ck_assert_int_eq(c2s_samples_count(samples), count);
    ck_assert_uint_eq(c2s_samples_rank(samples), 1);
    ck_assert_int_eq(c2s_samples_shape(samples)[0], 3);
    for (int64_t size = 1; size <= count; size++)
        for (int64_t first = 0; first + size <= count; first += size)
            check_counting(samples, first, size);
    check_counting(samples, count - 1, 1); /* and back */
    check_counting(samples, 0, 2);
    check_counting(samples, count, 0);
    cnn2snn_tensor *none = NULL;
    REFUSED(c2s_samples_read(samples, -1, 1, &none, &error), CNN2SNN_E_INDEX);
    REFUSED(c2s_samples_read(samples, count, 1, &none, &error), CNN2SNN_E_INDEX);
    REFUSED(c2s_samples_read(samples, 0, INT64_MAX, &none, &error), CNN2SNN_E_INDEX);
}

static void save_archive(size_t count, cnn2snn_tensor *const *tensors)
{
    cnn2snn_archive *archive = NULL;
    MUST(c2s_archive_create(context, &archive, &error));
    for (size_t i = 0; i < count; i++)
        MUST(c2s_archive_add(archive, (char[]){(char)('z' - (int)i), 0}, tensors[i], &error));
    MUST(c2s_archive_save(archive, path, &error));
    c2s_archive_destroy(archive);
}

static cnn2snn_samples *opened(void)
{
    cnn2snn_samples *samples = NULL;
    MUST(c2s_samples_open(context, path, &samples, &error));
    return samples;
}

START_TEST(samples_of_a_tensor)
{
    cnn2snn_tensor *tensor = counting(CNN2SNN_DTYPE_UINT8, 5, 3, 0);
    cnn2snn_samples *samples = NULL;
    MUST(c2s_samples_create(tensor, &samples, &error));
    c2s_tensor_release(tensor);
    check_all_ways(samples, 5);
    c2s_samples_release(samples);
}
END_TEST

START_TEST(arrays_of_a_file_follow_in_file_order_whatever_their_types)
{
    cnn2snn_tensor *tensors[] = {counting(CNN2SNN_DTYPE_FLOAT32, 2, 3, 0), counting(CNN2SNN_DTYPE_UINT8, 4, 3, 6),
                                 counting(CNN2SNN_DTYPE_FLOAT64, 1, 3, 18)};
    save_archive(3, tensors);
    for (int i = 0; i < 3; i++)
        c2s_tensor_release(tensors[i]);
    cnn2snn_samples *samples = opened();
    check_all_ways(samples, 7);
    c2s_samples_release(samples);
}
END_TEST

START_TEST(a_npy_file_is_samples_too)
{
    cnn2snn_tensor *tensor = counting(CNN2SNN_DTYPE_INT16, 4, 3, 0);
    MUST(c2s_npy_save(tensor, path, &error));
    c2s_tensor_release(tensor);
    cnn2snn_samples *samples = opened();
    check_all_ways(samples, 4);
    c2s_samples_release(samples);
}
END_TEST

START_TEST(other_orders_of_bytes_and_axes)
{
    cnn2snn_tensor *whole = NULL, *part = NULL;
    cnn2snn_samples *samples = NULL;
    MUST(c2s_npy_load(context, TEST_DATA "/tensor/numpy_fortran_big_endian.npy", &whole, &error));
    MUST(c2s_samples_open(context, TEST_DATA "/tensor/numpy_fortran_big_endian.npy", &samples, &error));
    ck_assert_int_eq(c2s_samples_count(samples), whole->shape[0]);
    size_t size = whole->count / (size_t)whole->shape[0];
    for (int64_t i = 0; i < whole->shape[0]; i++) {
        MUST(c2s_samples_read(samples, i, 1, &part, &error));
        for (size_t k = 0; k < size; k++)
            ck_assert_float_eq(c2s_f32(part)[k], (float)c2s_tensor_get_double(whole, (uint64_t)i * size + k));
        c2s_tensor_release(part);
    }
    c2s_samples_release(samples);
    c2s_tensor_release(whole);
}
END_TEST

/* An archive of one deflated member, as numpy.savez_compressed writes it but for the clock. */
static void save_deflated(const cnn2snn_tensor *tensor, uint32_t crc_off)
{
    struct c2s_text npy, zip;
    c2s_text_init(&npy, context);
    c2s_text_init(&zip, context);
    c2s_npy_write(tensor, &npy);
    uLong bound = compressBound(npy.size) + 64;
    unsigned char *packed = malloc(bound);
    z_stream stream = {0};
    ck_assert_int_eq(deflateInit2(&stream, 6, Z_DEFLATED, -MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    stream.next_in = (unsigned char *)npy.data;
    stream.avail_in = (unsigned)npy.size;
    stream.next_out = packed;
    stream.avail_out = (unsigned)bound;
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    uint32_t size = (uint32_t)stream.total_out, whole = (uint32_t)npy.size;
    uint32_t crc = (uint32_t)crc32_z(0, (unsigned char *)npy.data, npy.size) + crc_off;
    deflateEnd(&stream);
#define U16(v) (unsigned char)((v)&255), (unsigned char)((v) >> 8)
#define U32(v) U16((v)&65535), U16((v) >> 16)
    const unsigned char local[] = {'P',       'K',        3,      4,      U16(20), U16(0), U16(8), U32(0), U32(crc),
                                   U32(size), U32(whole), U16(5), U16(0), 'a',     '.',    'n',    'p',    'y'};
    c2s_text_add_bytes(&zip, local, sizeof local);
    c2s_text_add_bytes(&zip, packed, size);
    uint32_t directory = (uint32_t)zip.size;
    const unsigned char entry[] = {'P',    'K',      1,         2,          U16(20), U16(20), U16(0), U16(8),
                                   U32(0), U32(crc), U32(size), U32(whole), U16(5),  U16(0),  U16(0), U16(0),
                                   U16(0), U32(0),   U32(0),    'a',        '.',     'n',     'p',    'y'};
    c2s_text_add_bytes(&zip, entry, sizeof entry);
    uint32_t entries = (uint32_t)sizeof entry;
    const unsigned char end[] = {'P',   'K', 5, 6, U16(0), U16(0), U16(1), U16(1), U32(entries), U32(directory),
                                 U16(0)};
    c2s_text_add_bytes(&zip, end, sizeof end);
    MUST(c2s_file_write(context, path, zip.data, zip.size, &error));
    c2s_text_free(&npy);
    c2s_text_free(&zip);
    free(packed);
}

START_TEST(deflated_arrays_are_read_forwards_and_again)
{
    cnn2snn_tensor *tensor = counting(CNN2SNN_DTYPE_INT32, 60, 3, 0);
    save_deflated(tensor, 0);
    c2s_tensor_release(tensor);
    cnn2snn_samples *samples = opened();
    check_all_ways(samples, 60);
    c2s_samples_release(samples);
}
END_TEST

START_TEST(files_that_lie)
{
    cnn2snn_samples *samples = NULL;
    cnn2snn_tensor *tensor = counting(CNN2SNN_DTYPE_INT32, 9, 3, 0), *other = counting(CNN2SNN_DTYPE_INT32, 9, 2, 0);
    save_deflated(tensor, 1);
    REFUSED(c2s_samples_open(context, path, &samples, &error), CNN2SNN_E_MALFORMED);
    save_archive(2, (cnn2snn_tensor *[]){tensor, other});
    REFUSED(c2s_samples_open(context, path, &samples, &error), CNN2SNN_E_VALUE);
    save_archive(0, NULL);
    REFUSED(c2s_samples_open(context, path, &samples, &error), CNN2SNN_E_VALUE);
    MUST(c2s_file_write(context, path, "", 0, &error));
    REFUSED(c2s_samples_open(context, path, &samples, &error), CNN2SNN_E_MALFORMED);
    REFUSED(c2s_samples_open(context, "/nowhere/at/all.npz", &samples, &error), CNN2SNN_E_IO);
    cnn2snn_tensor *scalar = NULL;
    MUST(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT32, 0, NULL, &scalar, &error));
    REFUSED(c2s_samples_create(scalar, &samples, &error), CNN2SNN_E_VALUE);
    c2s_tensor_release(scalar);
    c2s_tensor_release(tensor);
    c2s_tensor_release(other);
}
END_TEST

START_TEST(a_file_that_is_cut_short_meanwhile_is_an_error)
{
    cnn2snn_tensor *tensor = counting(CNN2SNN_DTYPE_FLOAT32, 9000, 3, 0), *none = NULL;
    MUST(c2s_npy_save(tensor, path, &error));
    cnn2snn_samples *samples = opened();
    ck_assert_int_eq(truncate(path, 100), 0);
    REFUSED(c2s_samples_read(samples, 0, 9000, &none, &error), CNN2SNN_E_IO);
    c2s_samples_release(samples);
    c2s_tensor_release(tensor);
}
END_TEST

START_TEST(nan_and_infinity_are_named)
{
    cnn2snn_tensor *tensor = counting(CNN2SNN_DTYPE_FLOAT32, 4, 3, 0), *none = NULL;
    cnn2snn_samples *samples = NULL;
    c2s_f32_writable(tensor)[7] = NAN;
    MUST(c2s_samples_create(tensor, &samples, &error));
    check_counting(samples, 0, 2);
    ck_assert_int_eq(c2s_samples_read(samples, 1, 3, &none, &error), CNN2SNN_E_VALUE);
    ck_assert_ptr_nonnull(strstr(error->text, "sample 2 holds a value that is NaN"));
    c2s_samples_release(samples);
    c2s_tensor_release(tensor);
}
END_TEST

/* Opens, reads, and is gone. */
static cnn2snn_status open_and_read(void)
{
    cnn2snn_samples *samples = NULL;
    cnn2snn_tensor *tensor = NULL;
    cnn2snn_status status = c2s_samples_open(context, path, &samples, &error);
    if (!status)
        status = c2s_samples_read(samples, 3, 5, &tensor, &error);
    c2s_tensor_release(tensor);
    c2s_samples_release(samples);
    return status;
}

START_TEST(each_allocation_may_fail)
{
    cnn2snn_tensor *tensor = counting(CNN2SNN_DTYPE_INT32, 60, 3, 0);
    save_deflated(tensor, 0);
    fail_each_allocation_of(memory, error, open_and_read());
    save_archive(1, &tensor);
    fail_each_allocation_of(memory, error, open_and_read());
    c2s_tensor_release(tensor);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("samples");
    TCase *tests = tcase_create("core");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, samples_of_a_tensor);
    tcase_add_test(tests, arrays_of_a_file_follow_in_file_order_whatever_their_types);
    tcase_add_test(tests, a_npy_file_is_samples_too);
    tcase_add_test(tests, other_orders_of_bytes_and_axes);
    tcase_add_test(tests, deflated_arrays_are_read_forwards_and_again);
    tcase_add_test(tests, files_that_lie);
    tcase_add_test(tests, a_file_that_is_cut_short_meanwhile_is_an_error);
    tcase_add_test(tests, nan_and_infinity_are_named);
    tcase_add_test(tests, each_allocation_may_fail);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
