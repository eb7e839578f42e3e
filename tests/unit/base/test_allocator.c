/* SPDX-License-Identifier: Apache-2.0 */
/* The allocator: alignment, sizes given back, growing arrays, and memory that is not there. */
#include <stdint.h>
#include <string.h>

#include "../support/counted_memory.h"
#include "base/allocator.h"

static struct counted_memory memory;
static cnn2snn_context *context;

static void setup(void)
{
    context = counted_context(&memory);
}

static void teardown(void)
{
    c2s_context_release(context);
    ck_assert_int_eq(memory.alive, 0);
}

START_TEST(blocks_are_aligned_to_64_bytes_whatever_their_size)
{
    for (size_t size = 0; size < 200; size += 7) {
        char *block = c2s_alloc(context, size);
        ck_assert_uint_eq((uintptr_t)block % 64, 0);
        memset(block, 1, size ? size : 1);
        c2s_free(context, block);
    }
    c2s_free(context, NULL);
}
END_TEST

struct sizes {
    size_t size, alignment, given_back;
};

static void *remember_size(void *user_data, size_t size, size_t alignment)
{
    ((struct sizes *)user_data)->size = size;
    ((struct sizes *)user_data)->alignment = alignment;
    return aligned_alloc(64, (size + 63) / 64 * 64);
}

static void compare_size(void *user_data, void *pointer, size_t size, size_t alignment)
{
    struct sizes *sizes = user_data;
    sizes->given_back = size;
    ck_assert_uint_eq(alignment, sizes->alignment);
    free(pointer);
}

START_TEST(deallocate_gets_the_size_that_allocate_was_asked_for)
{
    struct sizes sizes = {0};
    cnn2snn_allocator allocator = {sizeof allocator, &sizes, remember_size, compare_size};
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    cnn2snn_context *own = NULL;
    options.allocator = &allocator;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &own, NULL), CNN2SNN_OK);
    size_t context_size = sizes.size;
    void *block = c2s_alloc(own, 1000);
    ck_assert_uint_ge(sizes.size, 1000);
    c2s_free(own, block);
    ck_assert_uint_eq(sizes.given_back, sizes.size);
    c2s_context_release(own);
    ck_assert_uint_eq(sizes.given_back, context_size);
}
END_TEST

START_TEST(zeroed_memory_is_zero_and_its_product_is_checked)
{
    unsigned char *block = c2s_calloc(context, 10, 30);
    for (int i = 0; i < 300; i++)
        ck_assert_int_eq(block[i], 0);
    c2s_free(context, block);
    ck_assert_ptr_null(c2s_calloc(context, SIZE_MAX / 2, 3));
    ck_assert_ptr_null(c2s_alloc(context, SIZE_MAX));
    ck_assert_ptr_null(c2s_alloc(context, SIZE_MAX - 64));
    ck_assert_ptr_null(c2s_alloc(context, (size_t)PTRDIFF_MAX));
    block = c2s_calloc(context, 0, 8);
    ck_assert_ptr_nonnull(block);
    c2s_free(context, block);
}
END_TEST

START_TEST(growing_and_shrinking_keeps_what_fits)
{
    char *block = c2s_realloc(context, NULL, 4);
    memcpy(block, "abc", 4);
    block = c2s_realloc(context, block, 1000);
    ck_assert_str_eq(block, "abc");
    memset(block, 'x', 1000);
    block = c2s_realloc(context, block, 2);
    ck_assert_mem_eq(block, "xx", 2);
    memory.made = memory.fail_at = 0;
    ck_assert_ptr_null(c2s_realloc(context, block, 10));
    ck_assert_mem_eq(block, "xx", 2);
    c2s_free(context, block);
}
END_TEST

START_TEST(strings_are_copied_with_their_end)
{
    char *copy = c2s_strdup(context, "hello");
    ck_assert_str_eq(copy, "hello");
    c2s_free(context, copy);
    copy = c2s_strndup(context, "hello", 2);
    ck_assert_str_eq(copy, "he");
    c2s_free(context, copy);
    ck_assert_ptr_null(c2s_strdup(context, NULL));
    ck_assert_ptr_null(c2s_strndup(context, NULL, 3));
}
END_TEST

START_TEST(arrays_grow_in_doubling_steps)
{
    int *array = NULL;
    size_t capacity = 0;
    int grown = 0;
    for (size_t count = 0; count < 1000; count++) {
        size_t before = capacity;
        ck_assert_int_eq(c2s_array_reserve(context, &array, &capacity, count + 1, sizeof *array), CNN2SNN_OK);
        grown += capacity != before;
        array[count] = (int)count;
    }
    ck_assert_int_le(grown, 10);
    for (int i = 0; i < 1000; i++)
        ck_assert_int_eq(array[i], i);
    c2s_free(context, array);
}
END_TEST

START_TEST(arrays_that_can_not_grow_stay_as_they_are)
{
    int *array = NULL;
    size_t capacity = 0;
    ck_assert_int_eq(c2s_array_reserve(context, &array, &capacity, 3, sizeof *array), CNN2SNN_OK);
    int *before = array;
    size_t capacity_before = capacity;
    ck_assert_int_eq(c2s_array_reserve(context, &array, &capacity, SIZE_MAX, sizeof *array), CNN2SNN_E_NO_MEMORY);
    ck_assert_int_eq(c2s_array_reserve(context, &array, &capacity, SIZE_MAX / 2 + 2, 1), CNN2SNN_E_NO_MEMORY);
    ck_assert_int_eq(c2s_array_reserve(context, &array, &capacity, SIZE_MAX / 4, 16), CNN2SNN_E_NO_MEMORY);
    memory.made = memory.fail_at = 0;
    ck_assert_int_eq(c2s_array_reserve(context, &array, &capacity, 100, sizeof *array), CNN2SNN_E_NO_MEMORY);
    ck_assert_ptr_eq(array, before);
    ck_assert_uint_eq(capacity, capacity_before);
    c2s_free(context, array);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("allocator");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, blocks_are_aligned_to_64_bytes_whatever_their_size);
    tcase_add_test(tests, deallocate_gets_the_size_that_allocate_was_asked_for);
    tcase_add_test(tests, zeroed_memory_is_zero_and_its_product_is_checked);
    tcase_add_test(tests, growing_and_shrinking_keeps_what_fits);
    tcase_add_test(tests, strings_are_copied_with_their_end);
    tcase_add_test(tests, arrays_grow_in_doubling_steps);
    tcase_add_test(tests, arrays_that_can_not_grow_stay_as_they_are);
    Suite *suite = suite_create("allocator");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
