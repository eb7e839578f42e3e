/* SPDX-License-Identifier: Apache-2.0 */
/* .npz files: what numpy writes is read, what is written stays the same, and ZIP archives that lie are refused. */
#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include "../support/counted_memory.h"
#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "base/file.h"
#include "tensor/npy.h"
#include "tensor/zip_writer.h"

static cnn2snn_context *context;

static void setup(void)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.max_tensor_elements = 100000;
    options.max_total_bytes = 10000000;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
}

static void teardown(void)
{
    ck_assert_uint_eq(context->references, 1);
    c2s_context_release(context);
}

/* ------------------------------------------------------------------------------------------------ a ZIP builder */

/* A member as it stands in the file, true or not. */
struct lie {
    const char *name, *local_name;
    int method, flags;
    uint32_t size_off, compressed_off, crc_off, offset_off; /* added to the true values of the directory */
    bool zip64;                                             /* the directory's numbers stand in an extra field */
    const void *data;                                       /* NULL: a float32 array of (2,) */
    size_t size;
};

struct zip {
    unsigned char bytes[20000];
    size_t size, start, directory_size;
    unsigned char directory[2000];
    unsigned count;
};

static void put(unsigned char *to, size_t *at, uint64_t value, int bytes)
{
    for (int i = 0; i < bytes; i++)
        to[(*at)++] = (unsigned char)(i < 8 ? value >> 8 * i : 0);
}

static void put_bytes(unsigned char *to, size_t *at, const void *bytes, size_t size)
{
    memcpy(to + *at, bytes, size);
    *at += size;
}

static size_t deflate_bytes(const void *data, size_t size, unsigned char *out, size_t room)
{
    z_stream stream = {
        .next_in = (unsigned char *)data, .avail_in = (unsigned)size, .next_out = out, .avail_out = (unsigned)room};
    ck_assert_int_eq(deflateInit2(&stream, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    ck_assert_int_eq(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t used = room - stream.avail_out;
    deflateEnd(&stream);
    return used;
}

static size_t small_npy(unsigned char *out)
{
    const char text[] = "\x93NUMPY\1\0\x36\0{'descr':'<f4', 'fortran_order': False, 'shape': (2,)}";
    const float values[] = {1.5f, -2};
    memcpy(out, text, 64);
    memcpy(out + 64, values, 8);
    return 72;
}

static void add(struct zip *zip, struct lie lie)
{
    unsigned char npy[100], packed[10000];
    const char *local = lie.local_name ? lie.local_name : lie.name;
    size_t size = lie.data ? lie.size : small_npy(npy), compressed = size, offset = zip->size;
    const void *data = lie.data ? lie.data : npy, *stored = data;
    if (lie.method == 8) {
        compressed = deflate_bytes(data, size, packed, sizeof packed);
        stored = packed;
    }
    put(zip->bytes, &zip->size, 0x04034b50, 4);
    put(zip->bytes, &zip->size, 0, 22); /* the directory has it all */
    put(zip->bytes, &zip->size, strlen(local), 2);
    put(zip->bytes, &zip->size, 3, 2);
    put_bytes(zip->bytes, &zip->size, local, strlen(local));
    put_bytes(zip->bytes, &zip->size, "xyz", 3);
    put_bytes(zip->bytes, &zip->size, stored, compressed);

    uint32_t none = UINT32_MAX, crc = (uint32_t)crc32(0, data, (unsigned)size) + lie.crc_off;
    uint32_t told_size = (uint32_t)size + lie.size_off, told_compressed = (uint32_t)compressed + lie.compressed_off;
    uint32_t told_offset = (uint32_t)offset + lie.offset_off;
    unsigned char *d = zip->directory;
    size_t *at = &zip->directory_size;
    put(d, at, 0x02014b50, 4);
    put(d, at, 0, 4);
    put(d, at, (unsigned)lie.flags, 2);
    put(d, at, (unsigned)lie.method, 2);
    put(d, at, 0, 4);
    put(d, at, crc, 4);
    put(d, at, lie.zip64 ? none : told_compressed, 4);
    put(d, at, lie.zip64 ? none : told_size, 4);
    put(d, at, strlen(lie.name), 2);
    put(d, at, lie.zip64 ? 5 + 28 : 0, 2);
    put(d, at, 0, 10);
    put(d, at, lie.zip64 ? none : told_offset, 4);
    put_bytes(d, at, lie.name, strlen(lie.name));
    if (lie.zip64) {
        put(d, at, 77, 2); /* a field that nobody knows stands in front */
        put(d, at, 1, 2);
        put(d, at, 0, 1);
        put(d, at, 1, 2);
        put(d, at, 24, 2);
        put(d, at, told_size, 8);
        put(d, at, told_compressed, 8);
        put(d, at, told_offset, 8);
    }
    zip->count++;
}

static void finish(struct zip *zip, const char *comment)
{
    size_t offset = zip->size;
    put_bytes(zip->bytes, &zip->size, zip->directory, zip->directory_size);
    put(zip->bytes, &zip->size, 0x06054b50, 4);
    put(zip->bytes, &zip->size, 0, 4);
    put(zip->bytes, &zip->size, zip->count, 2);
    put(zip->bytes, &zip->size, zip->count, 2);
    put(zip->bytes, &zip->size, zip->directory_size, 4);
    put(zip->bytes, &zip->size, offset, 4);
    put(zip->bytes, &zip->size, strlen(comment), 2);
    put_bytes(zip->bytes, &zip->size, comment, strlen(comment));
}

/* Reads from memory of exactly the size, so that reading beyond it is seen. */
static cnn2snn_status read_exact(const unsigned char *bytes, size_t size, cnn2snn_archive **out,
                                 cnn2snn_error **error)
{
    unsigned char *copy = malloc(size ? size : 1);
    memcpy(copy, bytes, size);
    cnn2snn_status status = c2s_archive_read(context, copy, size, out, error);
    free(copy);
    return status;
}

static void expect_status(const unsigned char *bytes, size_t size, cnn2snn_status code, const char *part)
{
    cnn2snn_archive *archive = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = read_exact(bytes, size, &archive, &error);
    ck_assert_msg(status == code, "%s gave %d: %s", part, (int)status, error ? error->message : "");
    ck_assert_ptr_null(archive);
    ck_assert_msg(strstr(error->message, part) != NULL, "message: %s", error->message);
    c2s_error_clear(&error);
}

static void expect_refused(struct lie lie, cnn2snn_status code, const char *part)
{
    static struct zip zip;
    zip = (struct zip){.size = 0};
    add(&zip, lie);
    finish(&zip, "");
    expect_status(zip.bytes, zip.size, code, part);
}

/* ------------------------------------------------------------------------------------------------ reading */

START_TEST(what_numpy_compresses_is_read)
{
    cnn2snn_archive *archive = NULL;
    ck_assert_int_eq(c2s_archive_load(context, TEST_DATA "/tensor/numpy_deflated.npz", &archive, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(c2s_archive_get_count(archive), 3);
    ck_assert_str_eq(c2s_archive_get_name(archive, 0), "a/ramp");
    ck_assert_str_eq(c2s_archive_get_name(archive, 1), "\xc3\xa9");
    ck_assert_str_eq(c2s_archive_get_name(archive, 2), "scalar");
    ck_assert_ptr_null(c2s_archive_get_name(archive, 3));
    ck_assert_ptr_null(c2s_archive_get_tensor(archive, 3));
    for (uint64_t i = 0; i < 24; i++)
        ck_assert(c2s_tensor_get_double(c2s_archive_get_tensor(archive, 0), i) == (double)i / 4);
    ck_assert(c2s_tensor_get_double(c2s_archive_get_tensor(archive, 1), 1) == -2);
    ck_assert(c2s_tensor_get_double(c2s_archive_get_tensor(archive, 2), 0) == 0.5);
    c2s_archive_destroy(archive);
}
END_TEST

START_TEST(sizes_in_data_descriptors_are_no_obstacle)
{
    cnn2snn_archive *archive = NULL;
    ck_assert_int_eq(c2s_archive_load(context, TEST_DATA "/tensor/streamed.npz", &archive, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(c2s_archive_get_count(archive), 2);
    ck_assert_uint_eq(c2s_archive_get_tensor(archive, 1)->count, 5000);
    c2s_archive_destroy(archive);
}
END_TEST

START_TEST(stored_deflated_and_zip64_members_are_read)
{
    static struct zip zip;
    cnn2snn_archive *archive = NULL;
    cnn2snn_error *error = NULL;
    zip = (struct zip){.size = 0};
    add(&zip, (struct lie){.name = "stored.npy"});
    add(&zip, (struct lie){.name = "deflated.npy", .method = 8, .flags = 8});
    add(&zip, (struct lie){.name = "folder/", .data = "", .size = 0});
    add(&zip, (struct lie){.name = "long.npy", .zip64 = true});
    finish(&zip, "a comment with an end record's signature: PK\5\6 ");
    if (read_exact(zip.bytes, zip.size, &archive, &error))
        ck_abort_msg("%s", error->message);
    ck_assert_uint_eq(c2s_archive_get_count(archive), 3);
    for (size_t i = 0; i < 3; i++)
        ck_assert(c2s_f32(c2s_archive_get_tensor(archive, i))[1] == -2);
    ck_assert_str_eq(c2s_archive_get_name(archive, 2), "long");
    c2s_archive_destroy(archive);
}
END_TEST

START_TEST(members_that_lie_are_refused)
{
    cnn2snn_status bad = CNN2SNN_E_MALFORMED;
    expect_refused((struct lie){.name = "a.npy", .crc_off = 1}, bad, "CRC");
    expect_refused((struct lie){.name = "a.npy", .method = 8, .crc_off = 1}, bad, "CRC");
    expect_refused((struct lie){.name = "a.npy", .size_off = 1}, bad, "two sizes");
    expect_refused((struct lie){.name = "a.npy", .method = 8, .size_off = 1}, bad, "damaged");
    expect_refused((struct lie){.name = "a.npy", .method = 8, .size_off = -1u}, bad, "damaged");
    expect_refused((struct lie){.name = "a.npy", .method = 8, .compressed_off = -1u}, bad, "damaged");
    expect_refused((struct lie){.name = "a.npy", .method = 8, .size_off = 9000000}, bad, "two sizes");
    expect_refused((struct lie){.name = "a.npy", .size_off = 20, .compressed_off = 20}, bad, "overlap");
    expect_refused((struct lie){.name = "a.npy", .size_off = 100, .compressed_off = 100}, bad, "into the directory");
    expect_refused((struct lie){.name = "a.npy", .offset_off = 1}, bad, "not where");
    expect_refused((struct lie){.name = "a.npy", .offset_off = 100000}, bad, "directory");
    expect_refused((struct lie){.name = "a.npy", .zip64 = true, .offset_off = UINT32_MAX}, bad, "directory");
    expect_refused((struct lie){.name = "a.npy", .local_name = "b.npy"}, bad, "another name");
    expect_refused((struct lie){.name = "a.npy", .local_name = "aa.npy"}, bad, "another name");
    expect_refused((struct lie){.name = ".npy"}, bad, "is empty");
    expect_refused((struct lie){.name = "../a.npy"}, bad, "holds ..");
    expect_refused((struct lie){.name = "a.npy", .data = "no array", .size = 8}, bad, "a.npy: not a .npy file");
}
END_TEST

START_TEST(what_is_valid_but_foreign_is_told_so)
{
    cnn2snn_status unsupported = CNN2SNN_E_UNSUPPORTED;
    expect_refused((struct lie){.name = "a.txt"}, unsupported, "a.txt: member is not a .npy file");
    expect_refused((struct lie){.name = "npy"}, unsupported, "not a .npy file");
    expect_refused((struct lie){.name = "a.npy", .flags = 1}, unsupported, "encrypted");
    expect_refused((struct lie){.name = "a.npy", .method = 12}, unsupported, "deflate");
    expect_refused((struct lie){.name = "\xe9.npy"}, unsupported, "UTF-8");
}
END_TEST

START_TEST(two_members_of_a_name_are_refused)
{
    static struct zip zip;
    zip = (struct zip){.size = 0};
    add(&zip, (struct lie){.name = "a.npy"});
    add(&zip, (struct lie){.name = "b.npy"});
    add(&zip, (struct lie){.name = "a.npy"});
    finish(&zip, "");
    expect_status(zip.bytes, zip.size, CNN2SNN_E_MALFORMED, "two members a.npy");
}
END_TEST

START_TEST(a_bomb_is_refused_before_it_is_unpacked)
{
    enum { SIZE = 9000000 };
    char *zeros = calloc(SIZE, 1);
    static struct zip zip;
    zip = (struct zip){.size = 0};
    add(&zip, (struct lie){.name = "a.npy", .method = 8, .data = zeros, .size = SIZE});
    finish(&zip, "");
    expect_status(zip.bytes, zip.size, CNN2SNN_E_LIMIT, "max_tensor_elements");
    zip = (struct zip){.size = 0};
    add(&zip, (struct lie){.name = "a.npy", .method = 8, .data = zeros, .size = SIZE});
    add(&zip, (struct lie){.name = "b.npy", .method = 8, .data = zeros, .size = 1000001});
    finish(&zip, "");
    expect_status(zip.bytes, zip.size, CNN2SNN_E_LIMIT, "10000001 bytes unpacked");
    free(zeros);
}
END_TEST

START_TEST(archives_cut_anywhere_are_refused)
{
    static struct zip zip;
    cnn2snn_archive *archive = NULL;
    zip = (struct zip){.size = 0};
    add(&zip, (struct lie){.name = "a.npy", .method = 8});
    add(&zip, (struct lie){.name = "b.npy", .zip64 = true});
    finish(&zip, "comment");
    for (size_t size = 0; size < zip.size; size++)
        ck_assert_int_eq(read_exact(zip.bytes, size, &archive, NULL), CNN2SNN_E_MALFORMED);
    for (size_t at = 0; at < zip.size; at++) { /* a changed byte is either noticed or makes no difference */
        unsigned char old = zip.bytes[at];
        zip.bytes[at] ^= 0x55;
        if (!read_exact(zip.bytes, zip.size, &archive, NULL)) {
            for (size_t i = 0; i < c2s_archive_get_count(archive); i++)
                ck_assert(c2s_f32(c2s_archive_get_tensor(archive, i))[0] == 1.5f);
            c2s_archive_destroy(archive);
            archive = NULL;
        }
        zip.bytes[at] = old;
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------------ writing */

static cnn2snn_tensor *ramp(cnn2snn_dtype dtype, int64_t count)
{
    cnn2snn_tensor *floats = NULL, *tensor = NULL;
    ck_assert_int_eq(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 1, &count, &floats, NULL), CNN2SNN_OK);
    for (int64_t i = 0; i < count; i++)
        c2s_f32_writable(floats)[i] = (float)i;
    ck_assert_int_eq(c2s_tensor_convert(floats, dtype, &tensor, NULL), CNN2SNN_OK);
    c2s_tensor_release(floats);
    return tensor;
}

START_TEST(names_are_checked_when_added)
{
    cnn2snn_archive *archive = NULL;
    cnn2snn_tensor *tensor = ramp(CNN2SNN_DTYPE_INT8, 3);
    static char name[70000];
    ck_assert_int_eq(c2s_archive_create(context, &archive, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_archive_add(archive, "a", tensor, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_archive_add(archive, "a", tensor, NULL), CNN2SNN_E_VALUE);
    ck_assert_int_eq(c2s_archive_add(archive, "", tensor, NULL), CNN2SNN_E_VALUE);
    ck_assert_int_eq(c2s_archive_add(archive, "x/../y", tensor, NULL), CNN2SNN_E_VALUE);
    memset(name, 'n', sizeof name - 1);
    ck_assert_int_eq(c2s_archive_add(archive, name, tensor, NULL), CNN2SNN_E_VALUE);
    name[65531] = '\0';
    ck_assert_int_eq(c2s_archive_add(archive, name, tensor, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(c2s_archive_get_count(archive), 2);
    c2s_tensor_release(tensor);
    c2s_archive_destroy(archive);
    c2s_archive_destroy(NULL);
}
END_TEST

static cnn2snn_buffer *save(const char *path)
{
    cnn2snn_archive *archive = NULL;
    cnn2snn_buffer *buffer = NULL;
    cnn2snn_tensor *a = ramp(CNN2SNN_DTYPE_FLOAT32, 100), *b = ramp(CNN2SNN_DTYPE_BOOL, 2);
    ck_assert_int_eq(c2s_archive_create(context, &archive, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_archive_add(archive, "dir/a", a, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_archive_add(archive, "\xc3\xa9", b, NULL), CNN2SNN_OK);
    c2s_tensor_release(a);
    c2s_tensor_release(b);
    ck_assert_int_eq(c2s_archive_save(archive, path, NULL), CNN2SNN_OK);
    c2s_archive_destroy(archive);
    ck_assert_int_eq(c2s_file_read(context, path, &buffer, NULL), CNN2SNN_OK);
    return buffer;
}

START_TEST(what_is_written_is_read_again_and_the_same_each_time)
{
    char folder[] = "/tmp/test_archive_XXXXXX", path[100];
    cnn2snn_archive *archive = NULL;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.npz", folder);
    cnn2snn_buffer *first = save(path), *second = save(path);
    ck_assert_uint_eq(first->size, second->size);
    ck_assert_mem_eq(first->data, second->data, first->size);
    ck_assert_int_eq(c2s_archive_load(context, path, &archive, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(c2s_archive_get_count(archive), 2);
    ck_assert_str_eq(c2s_archive_get_name(archive, 0), "dir/a");
    ck_assert_str_eq(c2s_archive_get_name(archive, 1), "\xc3\xa9");
    ck_assert(c2s_f32(c2s_archive_get_tensor(archive, 0))[99] == 99);
    ck_assert_int_eq(c2s_archive_get_tensor(archive, 1)->dtype, CNN2SNN_DTYPE_BOOL);
    c2s_archive_destroy(archive);
    c2s_buffer_destroy(first);
    c2s_buffer_destroy(second);
    unlink(path);
    rmdir(folder);
}
END_TEST

START_TEST(an_empty_archive_is_a_file_too)
{
    char folder[] = "/tmp/test_archive_XXXXXX", path[100];
    cnn2snn_archive *archive = NULL;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/a.npz", folder);
    ck_assert_int_eq(c2s_archive_create(context, &archive, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_archive_save(archive, path, NULL), CNN2SNN_OK);
    c2s_archive_destroy(archive);
    ck_assert_int_eq(c2s_archive_load(context, path, &archive, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(c2s_archive_get_count(archive), 0);
    c2s_archive_destroy(archive);
    unlink(path);
    rmdir(folder);
}
END_TEST

START_TEST(more_members_than_16_bits_count_need_zip64)
{
    enum { COUNT = 65600 };
    char name[20];
    cnn2snn_archive *archive = NULL;
    cnn2snn_context *roomy = NULL;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &roomy, NULL), CNN2SNN_OK);
    struct c2s_text out;
    struct c2s_zip_writer writer;
    unsigned char npy[100];
    size_t size = small_npy(npy);
    char(*names)[20] = malloc(COUNT * sizeof *names);
    c2s_text_init(&out, roomy);
    c2s_zip_writer_init(&writer, &out);
    for (int i = 0; i < COUNT; i++) {
        snprintf(names[i], sizeof *names, "%d.npy", i);
        c2s_zip_writer_begin(&writer, names[i]);
        c2s_text_add_bytes(&out, npy, size);
        c2s_zip_writer_end(&writer);
    }
    c2s_zip_writer_finish(&writer);
    free(names);
    ck_assert(!out.failed);
    ck_assert_int_eq(c2s_archive_read(roomy, out.data, out.size, &archive, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(c2s_archive_get_count(archive), COUNT);
    snprintf(name, sizeof name, "%d", COUNT - 1);
    ck_assert_str_eq(c2s_archive_get_name(archive, COUNT - 1), name);
    c2s_archive_destroy(archive);
    out.data[out.size - 22 - 20 + 8]++; /* the locator points elsewhere */
    ck_assert_int_eq(c2s_archive_read(roomy, out.data, out.size, &archive, NULL), CNN2SNN_E_MALFORMED);
    c2s_text_free(&out);
    c2s_context_release(roomy);
}
END_TEST

START_TEST(memory_that_ends_is_a_clean_error)
{
    struct counted_memory memory;
    cnn2snn_context *counted = counted_context(&memory);
    cnn2snn_archive *archive = NULL;
    cnn2snn_tensor *tensor = NULL;
    cnn2snn_error *error = NULL;
    char path[] = "/tmp/test_archive_XXXXXX";
    close(mkstemp(path));
    fail_each_allocation_of(memory, error,
                            c2s_archive_load(counted, TEST_DATA "/tensor/numpy_deflated.npz", &archive, &error));
    fail_each_allocation_of(memory, error, c2s_archive_save(archive, path, &error));
    c2s_archive_destroy(archive);
    fail_each_allocation_of(memory, error, c2s_archive_create(counted, &archive, &error));
    ck_assert_int_eq(c2s_tensor_create(counted, CNN2SNN_DTYPE_INT8, 0, NULL, &tensor, NULL), CNN2SNN_OK);
    fail_each_allocation_of(memory, error, c2s_npy_save(tensor, path, &error));
    memory.made = memory.fail_at = 0;
    ck_assert_int_eq(c2s_archive_add(archive, "a", tensor, NULL), CNN2SNN_E_NO_MEMORY);
    memory.fail_at = -1;
    ck_assert_int_eq(c2s_archive_add(archive, "a", tensor, NULL), CNN2SNN_OK);
    c2s_tensor_release(tensor);
    c2s_archive_destroy(archive);
    fail_each_allocation_of(memory, error,
                            c2s_npy_load(counted, TEST_DATA "/tensor/numpy_fortran_big_endian.npy", &tensor, &error));
    c2s_tensor_release(tensor);
    c2s_context_release(counted);
    ck_assert_int_eq(memory.alive, 0);
    unlink(path);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("archive");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, what_numpy_compresses_is_read);
    tcase_add_test(tests, sizes_in_data_descriptors_are_no_obstacle);
    tcase_add_test(tests, stored_deflated_and_zip64_members_are_read);
    tcase_add_test(tests, members_that_lie_are_refused);
    tcase_add_test(tests, what_is_valid_but_foreign_is_told_so);
    tcase_add_test(tests, two_members_of_a_name_are_refused);
    tcase_add_test(tests, a_bomb_is_refused_before_it_is_unpacked);
    tcase_add_test(tests, archives_cut_anywhere_are_refused);
    tcase_add_test(tests, names_are_checked_when_added);
    tcase_add_test(tests, what_is_written_is_read_again_and_the_same_each_time);
    tcase_add_test(tests, an_empty_archive_is_a_file_too);
    tcase_add_test(tests, more_members_than_16_bits_count_need_zip64);
    tcase_add_test(tests, memory_that_ends_is_a_clean_error);
    Suite *suite = suite_create("archive");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
