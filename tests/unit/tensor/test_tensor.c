/* SPDX-License-Identifier: Apache-2.0 */
/* Tensors: what shapes are let in, who frees the data, and what views see. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "../support/counted_memory.h"
#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "tensor/tensor.h"

static cnn2snn_context *context;

static void setup(void)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.max_tensor_elements = 1000;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
}

static void teardown(void)
{
    ck_assert_uint_eq(context->references, 1);
    c2s_context_release(context);
}

static void count_release(void *user_data)
{
    ++*(int *)user_data;
}

static void expect_refused(size_t rank, const int64_t *shape, cnn2snn_status code, const char *part)
{
    cnn2snn_tensor *tensor = NULL;
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, rank, shape, &tensor, &error), code);
    ck_assert_ptr_null(tensor);
    ck_assert_ptr_nonnull(strstr(error->message, part));
    c2s_error_clear(&error);
}

START_TEST(shapes_print_as_in_python)
{
    char text[64], tight[6], none[1] = {'x'};
    ck_assert_str_eq(c2s_shape_print(0, NULL, text, sizeof text), "()");
    ck_assert_str_eq(c2s_shape_print(1, (int64_t[]){7}, text, sizeof text), "(7,)");
    ck_assert_str_eq(c2s_shape_print(3, (int64_t[]){-1, 0, INT64_MAX}, text, sizeof text),
                     "(None, 0, 9223372036854775807)");
    ck_assert_str_eq(c2s_shape_print(3, (int64_t[]){123456, 1, 1}, tight, sizeof tight), "(1234");
    c2s_shape_print(1, (int64_t[]){7}, none, 0);
    ck_assert_int_eq(none[0], 'x');
}
END_TEST

START_TEST(shapes_that_no_memory_could_hold_are_refused)
{
    expect_refused(2, (int64_t[]){3, -1}, CNN2SNN_E_VALUE, "(3, None)");
    expect_refused(2, (int64_t[]){1001, 1}, CNN2SNN_E_LIMIT, "max_tensor_elements");
    expect_refused(2, (int64_t[]){INT64_MAX, INT64_MAX}, CNN2SNN_E_LIMIT, "9223372036854775807");
    expect_refused(4, (int64_t[]){1LL << 32, 1LL << 32, 1, 1}, CNN2SNN_E_LIMIT, "max_tensor_elements");
    expect_refused(3, (int64_t[]){0, INT64_MAX, INT64_MAX}, CNN2SNN_E_LIMIT, "max_tensor_elements");
    expect_refused(9, (int64_t[]){1, 1, 1, 1, 1, 1, 1, 1, 1}, CNN2SNN_E_LIMIT, "9 dimensions");
}
END_TEST

START_TEST(the_largest_allowed_shape_is_made)
{
    cnn2snn_tensor *tensor = NULL;
    int64_t shape[] = {10, 1, 100, 1, 1, 1, 1, 1};
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_INT16, 8, shape, &tensor, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(tensor->count, 1000);
    ck_assert_uint_eq(tensor->size, 2000);
    ck_assert_uint_eq((uintptr_t)tensor->data % 64, 0);
    for (uint64_t i = 0; i < 1000; i++)
        ck_assert(c2s_tensor_get_double(tensor, i) == 0);
    c2s_tensor_release(tensor);
}
END_TEST

START_TEST(unknown_element_types_are_refused)
{
    cnn2snn_tensor *tensor = NULL;
    ck_assert_int_eq(c2s_tensor_create(context, 0, 0, NULL, &tensor, NULL), CNN2SNN_E_TYPE);
    ck_assert_int_eq(c2s_tensor_create(context, 13, 0, NULL, &tensor, NULL), CNN2SNN_E_TYPE);
    ck_assert_int_eq(c2s_tensor_create(context, -1, 0, NULL, &tensor, NULL), CNN2SNN_E_TYPE);
    ck_assert_ptr_null(tensor);
}
END_TEST

START_TEST(scalars_hold_one_element_and_empty_tensors_have_data)
{
    cnn2snn_tensor *scalar = NULL, *empty = NULL, *flat = NULL;
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT64, 0, NULL, &scalar, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(scalar->count, 1);
    ck_assert_uint_eq(scalar->size, 8);
    int64_t shape[] = {3, 0};
    ck_assert_int_eq(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 2, shape, &empty, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(empty->count, 0);
    ck_assert_ptr_nonnull(empty->data);
    ck_assert_int_eq(c2s_tensor_reshape(empty, 1, (int64_t[]){0}, &flat, NULL), CNN2SNN_OK);
    c2s_tensor_release(empty);
    c2s_tensor_release(flat);
    c2s_tensor_release(scalar);
}
END_TEST

START_TEST(memory_in_c_order_is_used_in_place_and_released_with_the_last_view)
{
    float data[6] = {0, 1, 2, 3, 4, 5};
    int released = 0;
    int64_t shape[] = {2, 3}, strides[] = {12, 4};
    cnn2snn_tensor *tensor = NULL, *view = NULL;
    ck_assert_int_eq(c2s_tensor_wrap(context, CNN2SNN_DTYPE_FLOAT32, 2, shape, strides, data, count_release,
                                     &released, &tensor, NULL),
                     CNN2SNN_OK);
    ck_assert_ptr_eq(tensor->data, data);
    ck_assert_int_eq(c2s_tensor_slice(tensor, 1, 1, &view, NULL), CNN2SNN_OK);
    c2s_tensor_release(tensor);
    ck_assert_int_eq(released, 0);
    ck_assert(c2s_f32(view)[2] == 5);
    c2s_tensor_release(view);
    ck_assert_int_eq(released, 1);
}
END_TEST

START_TEST(strided_memory_is_copied_and_released_at_once)
{
    int32_t data[12];
    for (int i = 0; i < 12; i++)
        data[i] = i;
    int released = 0;
    /* Axes swapped, the last one backwards, and one that stands still. */
    int64_t shape[] = {3, 2, 2}, strides[] = {4, 0, -24};
    cnn2snn_tensor *tensor = NULL;
    ck_assert_int_eq(c2s_tensor_wrap(context, CNN2SNN_DTYPE_INT32, 3, shape, strides, data + 6, count_release,
                                     &released, &tensor, NULL),
                     CNN2SNN_OK);
    ck_assert_int_eq(released, 1);
    const int32_t expected[] = {6, 0, 6, 0, 7, 1, 7, 1, 8, 2, 8, 2};
    ck_assert_mem_eq(tensor->data, expected, sizeof expected);
    c2s_tensor_release(tensor);
}
END_TEST

START_TEST(strides_of_axes_with_one_entry_do_not_matter)
{
    int8_t data[3] = {1, 2, 3};
    int64_t shape[] = {1, 3, 1}, strides[] = {77, 1, -5};
    cnn2snn_tensor *tensor = NULL;
    ck_assert_int_eq(c2s_tensor_wrap(context, CNN2SNN_DTYPE_INT8, 3, shape, strides, data, NULL, NULL, &tensor, NULL),
                     CNN2SNN_OK);
    ck_assert_ptr_eq(tensor->data, data);
    c2s_tensor_release(tensor);
}
END_TEST

START_TEST(memory_that_is_not_aligned_is_copied)
{
    _Alignas(8) char bytes[12];
    float value = 2.5f;
    memcpy(bytes + 1, &value, 4);
    int released = 0;
    cnn2snn_tensor *tensor = NULL;
    ck_assert_int_eq(c2s_tensor_wrap(context, CNN2SNN_DTYPE_FLOAT32, 1, (int64_t[]){1}, NULL, bytes + 1,
                                     count_release, &released, &tensor, NULL),
                     CNN2SNN_OK);
    ck_assert_int_eq(released, 1);
    ck_assert(c2s_f32(tensor)[0] == 2.5f);
    c2s_tensor_release(tensor);
}
END_TEST

START_TEST(memory_is_released_also_when_wrapping_fails)
{
    int released = 0;
    float data[1] = {0};
    cnn2snn_tensor *tensor = NULL;
    ck_assert_int_eq(c2s_tensor_wrap(context, CNN2SNN_DTYPE_FLOAT32, 1, (int64_t[]){-2}, NULL, data, count_release,
                                     &released, &tensor, NULL),
                     CNN2SNN_E_VALUE);
    ck_assert_int_eq(released, 1);
    ck_assert_int_eq(c2s_tensor_wrap(context, CNN2SNN_DTYPE_FLOAT32, 1, (int64_t[]){2}, NULL, NULL, count_release,
                                     &released, &tensor, NULL),
                     CNN2SNN_E_INVALID_ARGUMENT);
    ck_assert_int_eq(released, 2);
}
END_TEST

START_TEST(empty_memory_may_be_null)
{
    cnn2snn_tensor *tensor = NULL;
    int64_t strides[] = {4, 4};
    ck_assert_int_eq(c2s_tensor_wrap(context, CNN2SNN_DTYPE_FLOAT32, 2, (int64_t[]){0, 5}, strides, NULL, NULL, NULL,
                                     &tensor, NULL),
                     CNN2SNN_OK);
    ck_assert_ptr_nonnull(tensor->data);
    c2s_tensor_release(tensor);
}
END_TEST

START_TEST(a_copy_has_data_of_its_own)
{
    float data[2] = {1, 2};
    cnn2snn_tensor *tensor = NULL, *copy = NULL;
    ck_assert_int_eq(
        c2s_tensor_wrap(context, CNN2SNN_DTYPE_FLOAT32, 1, (int64_t[]){2}, NULL, data, NULL, NULL, &tensor, NULL),
        CNN2SNN_OK);
    ck_assert_int_eq(c2s_tensor_copy(tensor, &copy, NULL), CNN2SNN_OK);
    data[0] = 9;
    ck_assert(c2s_f32(copy)[0] == 1 && c2s_f32(copy)[1] == 2);
    ck_assert(c2s_tensor_same_shape(tensor, copy));
    c2s_tensor_release(tensor);
    c2s_tensor_release(copy);
}
END_TEST

START_TEST(reshaping_shares_data_and_keeps_the_count)
{
    cnn2snn_tensor *tensor = NULL, *flat = NULL, *again = NULL, *wrong = NULL;
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT32, 2, (int64_t[]){2, 3}, &tensor, NULL), 0);
    ck_assert_int_eq(c2s_tensor_reshape(tensor, 1, (int64_t[]){6}, &flat, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_tensor_reshape(flat, 2, (int64_t[]){3, 2}, &again, NULL), CNN2SNN_OK);
    ck_assert_ptr_eq(again->data, tensor->data);
    ck_assert_ptr_eq(again->base, tensor);
    ck_assert(!c2s_tensor_same_shape(again, tensor));
    ck_assert(!c2s_tensor_same_shape(flat, tensor));
    ck_assert_int_eq(c2s_tensor_reshape(tensor, 1, (int64_t[]){5}, &wrong, &error), CNN2SNN_E_VALUE);
    ck_assert_str_eq(error->message, "shape (2, 3) can't become (5,)");
    c2s_error_clear(&error);
    c2s_tensor_release(tensor);
    c2s_tensor_release(flat);
    c2s_f32_writable(again)[5] = 1;
    c2s_tensor_release(again);
}
END_TEST

START_TEST(slices_stay_inside_the_first_axis)
{
    int16_t data[6] = {0, 1, 2, 3, 4, 5};
    cnn2snn_tensor *tensor = NULL, *slice = NULL, *scalar = NULL;
    ck_assert_int_eq(
        c2s_tensor_wrap(context, CNN2SNN_DTYPE_INT16, 2, (int64_t[]){3, 2}, NULL, data, NULL, NULL, &tensor, NULL),
        CNN2SNN_OK);
    ck_assert_int_eq(c2s_tensor_slice(tensor, 1, 2, &slice, NULL), CNN2SNN_OK);
    ck_assert_int_eq(slice->shape[0], 2);
    ck_assert(c2s_tensor_get_double(slice, 3) == 5);
    c2s_tensor_release(slice);
    ck_assert_int_eq(c2s_tensor_slice(tensor, 3, 0, &slice, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(slice->count, 0);
    c2s_tensor_release(slice);
    ck_assert_int_eq(c2s_tensor_slice(tensor, 2, 2, &slice, NULL), CNN2SNN_E_INDEX);
    ck_assert_int_eq(c2s_tensor_slice(tensor, -1, 1, &slice, NULL), CNN2SNN_E_INDEX);
    ck_assert_int_eq(c2s_tensor_slice(tensor, 1, INT64_MAX, &slice, NULL), CNN2SNN_E_INDEX);
    ck_assert_int_eq(c2s_tensor_create(context, CNN2SNN_DTYPE_INT8, 0, NULL, &scalar, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_tensor_slice(scalar, 0, 0, &slice, NULL), CNN2SNN_E_INDEX);
    c2s_tensor_release(scalar);
    c2s_tensor_release(tensor);
}
END_TEST

static cnn2snn_status make_them_all(cnn2snn_context *counted, cnn2snn_error **error)
{
    static const float data[6] = {0, 1, 2, 3, 4, 5};
    const int64_t shape[] = {2, 3}, flat[] = {6}, backwards[] = {4, 8};
    cnn2snn_tensor *made[6] = {NULL};
    cnn2snn_status status = c2s_tensor_create_zeros(counted, CNN2SNN_DTYPE_FLOAT32, 2, shape, &made[0], error);
    if (!status)
        status =
            c2s_tensor_wrap(counted, CNN2SNN_DTYPE_FLOAT32, 2, shape, backwards, data, NULL, NULL, &made[1], error);
    if (!status)
        status = c2s_tensor_wrap(counted, CNN2SNN_DTYPE_FLOAT32, 2, shape, NULL, data, NULL, NULL, &made[2], error);
    if (!status)
        status = c2s_tensor_copy(made[2], &made[3], error);
    if (!status)
        status = c2s_tensor_convert(made[2], CNN2SNN_DTYPE_INT8, &made[4], error);
    if (!status)
        status = c2s_tensor_reshape(made[3], 1, flat, &made[5], error);
    for (int i = 0; i < 6; i++)
        c2s_tensor_release(made[i]);
    return status;
}

START_TEST(memory_that_ends_is_a_clean_error)
{
    struct counted_memory memory;
    cnn2snn_context *counted = counted_context(&memory);
    cnn2snn_error *error = NULL;
    fail_each_allocation_of(memory, error, make_them_all(counted, &error));
    c2s_context_release(counted);
    ck_assert_int_eq(memory.alive, 0);
}
END_TEST

START_TEST(releasing_null_is_fine)
{
    c2s_tensor_release(NULL);
    ck_assert_ptr_null(c2s_tensor_retain(NULL));
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("tensor");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, shapes_print_as_in_python);
    tcase_add_test(tests, shapes_that_no_memory_could_hold_are_refused);
    tcase_add_test(tests, the_largest_allowed_shape_is_made);
    tcase_add_test(tests, unknown_element_types_are_refused);
    tcase_add_test(tests, scalars_hold_one_element_and_empty_tensors_have_data);
    tcase_add_test(tests, memory_in_c_order_is_used_in_place_and_released_with_the_last_view);
    tcase_add_test(tests, strided_memory_is_copied_and_released_at_once);
    tcase_add_test(tests, strides_of_axes_with_one_entry_do_not_matter);
    tcase_add_test(tests, memory_that_is_not_aligned_is_copied);
    tcase_add_test(tests, memory_is_released_also_when_wrapping_fails);
    tcase_add_test(tests, empty_memory_may_be_null);
    tcase_add_test(tests, a_copy_has_data_of_its_own);
    tcase_add_test(tests, reshaping_shares_data_and_keeps_the_count);
    tcase_add_test(tests, slices_stay_inside_the_first_axis);
    tcase_add_test(tests, memory_that_ends_is_a_clean_error);
    tcase_add_test(tests, releasing_null_is_fine);
    Suite *suite = suite_create("tensor");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
