/* SPDX-License-Identifier: Apache-2.0 */
/* A context whose allocator counts the blocks that are alive and fails where a test wants it to. */
#ifndef TEST_COUNTED_MEMORY_H
#define TEST_COUNTED_MEMORY_H

#include <check.h>
#include <stdlib.h>

#include "base/context.h"
#include "base/error.h"

struct counted_memory {
    long made;    /* since fail_at was set */
    long fail_at; /* the number of the allocation that fails; -1: none */
    long alive;
};

static inline void *counted_allocate(void *user_data, size_t size, size_t alignment)
{
    struct counted_memory *memory = user_data;
    if (memory->made++ == memory->fail_at)
        return NULL;
    memory->alive++;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static inline void counted_deallocate(void *user_data, void *pointer, size_t size, size_t alignment)
{
    ((struct counted_memory *)user_data)->alive--;
    free(pointer);
}

static inline cnn2snn_context *counted_context(struct counted_memory *memory)
{
    cnn2snn_allocator allocator = {sizeof allocator, memory, counted_allocate, counted_deallocate};
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    cnn2snn_context *context = NULL;
    options.allocator = &allocator;
    *memory = (struct counted_memory){.fail_at = -1};
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
    return context;
}

/*
 * Runs `call` (an expression of type cnn2snn_status that uses `context` and `&error`) with its first allocation
 * failing, then its second, and so on until none does. Each failure is a clean one that leaves as much memory as
 * before; then the call works. What the call made stays.
 */
#define fail_each_allocation_of(memory, error, call)                                                                 \
    do {                                                                                                             \
        long before_ = (memory).alive;                                                                               \
        for (long at_ = 0;; at_++) {                                                                                 \
            (memory).made = 0;                                                                                       \
            (memory).fail_at = at_;                                                                                  \
            cnn2snn_status status_ = (call);                                                                         \
            (memory).fail_at = -1;                                                                                   \
            if (!status_) {                                                                                          \
                ck_assert_msg(at_ > 0 && (memory).made <= at_, "an allocation failed without an error");             \
                break;                                                                                               \
            }                                                                                                        \
            ck_assert_int_eq(status_, CNN2SNN_E_NO_MEMORY);                                                          \
            ck_assert_ptr_nonnull(error);                                                                            \
            c2s_error_clear(&(error));                                                                               \
            ck_assert_int_eq((memory).alive, before_);                                                               \
        }                                                                                                            \
    } while (0)

#endif
