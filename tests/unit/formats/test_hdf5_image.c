/* SPDX-License-Identifier: Apache-2.0 */
/* Images of HDF5 files: what was put in is found again, and bytes that are no image are refused. */
#include "formats_testing.h"

#include <math.h>

#include "formats/hdf5_image.h"

static struct c2s_text structure;

static void begin(void)
{
    c2s_text_init(&structure, context);
    c2s_image_add_group(&structure, "");
}

/* An image of the structure so far and these data. */
static struct c2s_image *finish(const void *data, size_t size)
{
    struct c2s_image *image;
    size_t front = c2s_image_front_size(structure.size);
    ck_assert(!structure.failed);
    ck_assert_int_eq(c2s_image_create(context, front + size, &image, NULL), CNN2SNN_OK);
    c2s_image_write_front(image->data, &structure, size);
    if (size)
        memcpy(image->data + front, data, size);
    c2s_text_free(&structure);
    return image;
}

static struct c2s_image_index *opened(struct c2s_image *image)
{
    struct c2s_image_index *index;
    cnn2snn_status status = c2s_image_open(image, &index, &error);
    ck_assert_msg(!status, "%s", text_of(error));
    c2s_image_release(image);
    return index;
}

static void expect_malformed(struct c2s_image *image, cnn2snn_status code, const char *words)
{
    struct c2s_image_index *index;
    ck_assert_int_eq(c2s_image_open(image, &index, &error), code);
    ck_assert_ptr_null(index);
    expect_error(code, words);
    c2s_image_release(image);
}

static struct c2s_image_text text(const char *string)
{
    return (struct c2s_image_text){string, strlen(string)};
}

static const struct c2s_image_type float32 = {'f', 4, false};

START_TEST(objects_are_found_by_path)
{
    const uint64_t extents[] = {2};
    const float data[] = {1, 2};
    begin();
    c2s_image_add_group(&structure, "a");
    c2s_image_add_attribute(&structure, "names", true, 2);
    c2s_image_add_string(&structure, "x", 1);
    c2s_image_add_string(&structure, "", 0);
    c2s_image_add_group(&structure, "b");
    c2s_image_add_dataset(&structure, "d", float32, 1, extents, 0, 8);
    c2s_image_end_group(&structure);
    c2s_image_add_attribute(&structure, "late", false, 1);
    c2s_image_add_string(&structure, "\xc3\xa9", 2);
    c2s_image_add_refused(&structure, "l", "a soft link");
    c2s_image_end_group(&structure);
    c2s_image_end_group(&structure);
    struct c2s_image_index *index = opened(finish(data, sizeof data));

    const struct c2s_image_object *found = c2s_image_find(index, 0, text("a/b/d"));
    ck_assert_ptr_nonnull(found);
    ck_assert_int_eq(found->kind, C2S_IMAGE_DATASET);
    ck_assert_ptr_eq(c2s_image_find(index, 0, text("/a//./b/d")), found);
    size_t a = c2s_image_number(index, c2s_image_find(index, 0, text("a")));
    ck_assert_ptr_eq(c2s_image_find(index, a, text("b/d")), found);
    ck_assert_ptr_null(c2s_image_find(index, 0, text("b/d")));
    ck_assert_ptr_null(c2s_image_find(index, 0, text("a/b/d/e")));
    ck_assert_int_eq(c2s_image_find(index, 0, text("a/l/any"))->kind, C2S_IMAGE_REFUSED);

    const struct c2s_image_attribute *names = c2s_image_find_attribute(index, a, "names");
    ck_assert_uint_eq(names->count, 2);
    ck_assert(names->list);
    size_t position = names->position;
    ck_assert_uint_eq(c2s_image_next_string(index, &position).size, 1);
    ck_assert_uint_eq(c2s_image_next_string(index, &position).size, 0);
    ck_assert(!c2s_image_find_attribute(index, a, "late")->list);
    ck_assert_ptr_null(c2s_image_find_attribute(index, 0, "names"));
    c2s_image_close(index);
}

/* An image of one array of three numbers. */
static struct c2s_image_index *three(struct c2s_image_type type, const void *data)
{
    const uint64_t extents[] = {3};
    begin();
    c2s_image_add_dataset(&structure, "d", type, 1, extents, 0, 3u * type.size);
    c2s_image_end_group(&structure);
    return opened(finish(data, 3u * type.size));
}

static void expect_floats(struct c2s_image_type type, const void *data, const float *expected)
{
    struct c2s_image_index *index = three(type, data);
    cnn2snn_tensor *tensor;
    ck_assert_int_eq(c2s_image_tensor(index, c2s_image_find(index, 0, text("d")), true, &tensor, NULL), CNN2SNN_OK);
    c2s_image_close(index);
    ck_assert_int_eq(tensor->dtype, CNN2SNN_DTYPE_FLOAT32);
    for (size_t i = 0; i < 3; i++)
        ck_assert_msg(c2s_f32(tensor)[i] == expected[i], "value %zu is %a, expected %a", i, c2s_f32(tensor)[i],
                      expected[i]);
    c2s_tensor_release(tensor);
}

START_TEST(all_number_types_become_float32)
{
    const float plain[] = {1, -2, 3};
    expect_floats(float32, plain, plain);
    expect_floats((struct c2s_image_type){'f', 4, true}, "\x3f\x80\0\0\xc0\0\0\0\x40\x40\0\0", plain);
    expect_floats((struct c2s_image_type){'f', 2, false}, "\0\x3c\0\xc0\0\x42", plain);
    expect_floats((struct c2s_image_type){'f', 2, true}, "\x3c\0\xc0\0\x42\0", plain);
    expect_floats((struct c2s_image_type){'f', 8, false}, (const double[]){1, -2, 3}, plain);
    expect_floats((struct c2s_image_type){'i', 1, false}, "\x01\xfe\x03", plain);
    expect_floats((struct c2s_image_type){'i', 2, true}, "\0\x01\xff\xfe\0\x03", plain);
    expect_floats((struct c2s_image_type){'i', 8, false}, (const int64_t[]){1, -2, 3}, plain);
    expect_floats((struct c2s_image_type){'u', 1, false}, "\x01\xfe\x03", (const float[]){1, 254, 3});
    expect_floats((struct c2s_image_type){'u', 4, true}, "\0\0\0\x01\xff\xff\xff\xff\0\0\0\x03",
                  (const float[]){1, 4294967296.0f, 3});
    expect_floats((struct c2s_image_type){'b', 1, false}, "\x01\0\x01", (const float[]){1, 0, 1});
}

START_TEST(values_are_rounded_to_nearest_even)
{
    /* halves between floats, the smallest half-precision number, and what is too large */
    const double wide[] = {1 + 0x1p-24, 1 + 3 * 0x1p-24, 1e300};
    const int64_t integers[] = {(1 << 24) + 1, (1 << 24) + 3, INT64_MAX};
    expect_floats((struct c2s_image_type){'f', 8, false}, wide, (const float[]){1, 1 + 0x1p-22f, INFINITY});
    expect_floats((struct c2s_image_type){'i', 8, false}, integers,
                  (const float[]){16777216.0f, 16777220.0f, 9223372036854775808.0f});
    expect_floats((struct c2s_image_type){'f', 2, false}, "\x01\0\xff\x03\0\x7c",
                  (const float[]){0x1p-24f, 0x3ffp-24f, INFINITY});
}

START_TEST(tensors_keep_the_image_alive_or_their_own_type)
{
    const float plain[] = {1, -2, 3};
    struct c2s_image_index *index = three(float32, plain);
    cnn2snn_tensor *tensor;
    ck_assert_int_eq(c2s_image_tensor(index, c2s_image_find(index, 0, text("d")), true, &tensor, NULL), CNN2SNN_OK);
    ck_assert_ptr_eq(tensor->data, c2s_image_find(index, 0, text("d"))->data); /* not copied */
    c2s_image_close(index);
    ck_assert(c2s_f32(tensor)[2] == 3);
    c2s_tensor_release(tensor);

    index = three((struct c2s_image_type){'i', 2, true}, "\0\x01\xff\xfe\0\x03");
    ck_assert_int_eq(c2s_image_tensor(index, c2s_image_find(index, 0, text("d")), false, &tensor, NULL), CNN2SNN_OK);
    ck_assert_int_eq(tensor->dtype, CNN2SNN_DTYPE_INT16);
    ck_assert(c2s_tensor_get_double(tensor, 1) == -2);
    c2s_tensor_release(tensor);
    c2s_image_close(index);
}

START_TEST(images_without_a_whole_are_refused)
{
    begin();
    c2s_image_end_group(&structure);
    struct c2s_image *image = finish(NULL, 0);
    size_t size = image->size;
    for (size_t cut = 0; cut < size; cut++) {
        struct c2s_image *part;
        ck_assert_int_eq(c2s_image_create(context, cut, &part, NULL), CNN2SNN_OK);
        memcpy(part->data, image->data, cut);
        expect_malformed(part, CNN2SNN_E_MALFORMED, "");
    }
    image->data[8] = 0xff; /* structure beyond the end */
    image->data[15] = 0xff;
    expect_malformed(image, CNN2SNN_E_MALFORMED, "no header");
    begin();
    expect_malformed(finish(NULL, 0), CNN2SNN_E_MALFORMED, "without an end");
    c2s_text_init(&structure, context);
    expect_malformed(finish(NULL, 0), CNN2SNN_E_MALFORMED, "without an end");
}

START_TEST(structures_that_do_not_hold_together_are_refused)
{
    begin();
    c2s_image_end_group(&structure);
    c2s_image_end_group(&structure);
    expect_malformed(finish(NULL, 0), CNN2SNN_E_MALFORMED, "did not begin");
    begin();
    c2s_image_end_group(&structure);
    c2s_image_add_group(&structure, "second");
    c2s_image_end_group(&structure);
    expect_malformed(finish(NULL, 0), CNN2SNN_E_MALFORMED, "more than one root");
    begin();
    c2s_image_add_refused(&structure, "x", "r");
    c2s_image_add_refused(&structure, "x", "r");
    c2s_image_end_group(&structure);
    expect_malformed(finish(NULL, 0), CNN2SNN_E_MALFORMED, "of one name");
    begin();
    c2s_text_add(&structure, "?");
    expect_malformed(finish(NULL, 0), CNN2SNN_E_MALFORMED, "unknown kind");
    begin();
    c2s_image_add_attribute(&structure, "names", true, 4000000000u);
    c2s_image_add_string(&structure, "x", 1);
    expect_malformed(finish(NULL, 0), CNN2SNN_E_MALFORMED, "beyond its end");
    c2s_text_init(&structure, context);
    c2s_image_add_attribute(&structure, "names", false, 0);
    expect_malformed(finish(NULL, 0), CNN2SNN_E_MALFORMED, "outside of all groups");
}

START_TEST(strings_must_be_text)
{
    static const char *const bad[] = {
        "\x80",        "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80", "\xf0\x80\x80\x80", "\xf5\x80\x80\x80",
        "\xe2\x28\xa1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        begin();
        c2s_image_add_group(&structure, bad[i]);
        expect_malformed(finish(NULL, 0), CNN2SNN_E_MALFORMED, "not UTF-8");
    }
    begin();
    c2s_image_add_attribute(&structure, "a", false, 1);
    c2s_image_add_string(&structure, "x\0y", 3);
    expect_malformed(finish(NULL, 0), CNN2SNN_E_MALFORMED, "not UTF-8");
}

static void expect_bad_array(struct c2s_image_type type, size_t rank, const uint64_t *extents, uint64_t offset,
                             uint64_t size, cnn2snn_status code, const char *words)
{
    const char data[128] = "";
    begin();
    c2s_image_add_dataset(&structure, "d", type, rank, extents, offset, size);
    c2s_image_end_group(&structure);
    expect_malformed(finish(data, sizeof data), code, words);
}

START_TEST(arrays_must_lie_within_the_data)
{
    const uint64_t one[] = {8}, many[] = {1u << 31, 1u << 31, 4}, most[] = {UINT64_MAX},
                   nine[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    expect_bad_array(float32, 1, one, 0, 31, CNN2SNN_E_MALFORMED, "outside");
    expect_bad_array(float32, 1, one, 128, 32, CNN2SNN_E_MALFORMED, "outside");
    expect_bad_array(float32, 1, one, 4, 32, CNN2SNN_E_MALFORMED, "outside");
    expect_bad_array(float32, 1, one, UINT64_MAX - 63, 32, CNN2SNN_E_MALFORMED, "outside");
    expect_bad_array(float32, 3, many, 0, 0, CNN2SNN_E_MALFORMED, "overflows");
    expect_bad_array(float32, 2, many, 0, 0, CNN2SNN_E_LIMIT, "max_tensor_elements");
    expect_bad_array(float32, 1, most, 0, 0, CNN2SNN_E_MALFORMED, "overflows");
    expect_bad_array(float32, 9, nine, 0, 4, CNN2SNN_E_MALFORMED, "rank");
    expect_bad_array((struct c2s_image_type){'f', 3, false}, 1, one, 0, 24, CNN2SNN_E_MALFORMED, "type");
    expect_bad_array((struct c2s_image_type){'c', 4, false}, 1, one, 0, 32, CNN2SNN_E_MALFORMED, "type");
    expect_bad_array((struct c2s_image_type){'b', 2, false}, 1, one, 0, 16, CNN2SNN_E_MALFORMED, "type");
}

START_TEST(depth_is_limited)
{
    begin();
    for (int i = 0; i < 1000; i++)
        c2s_image_add_group(&structure, "g");
    expect_malformed(finish(NULL, 0), CNN2SNN_E_LIMIT, "max_depth");
}

int main(void)
{
    return RUN("hdf5_image", objects_are_found_by_path, all_number_types_become_float32,
               values_are_rounded_to_nearest_even, tensors_keep_the_image_alive_or_their_own_type,
               images_without_a_whole_are_refused, structures_that_do_not_hold_together_are_refused,
               strings_must_be_text, arrays_must_lie_within_the_data, depth_is_limited);
}
