/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which allocation fails. A head in front of each block tells what came back. */
#include "failing_allocator.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 64 };

struct head {
    size_t size, alignment;
    unsigned long mark;
};

static const unsigned long ALIVE = 0x5afe5afe, DEAD = 0xdeadd0d0;

static void *allocate(void *user_data, size_t size, size_t alignment)
{
    struct failing_allocator *allocator = user_data;
    long call = allocator->calls++;
    if (allocator->fail_at >= 0 && (call == allocator->fail_at || (allocator->forever && call > allocator->fail_at)))
        return NULL;
    void *block = NULL;
    if (posix_memalign(&block, HEAD, HEAD + size))
        return NULL;
    struct head head = {size, alignment, ALIVE};
    memcpy(block, &head, sizeof head);
    memset((char *)block + HEAD, 0xa5, size); /* nobody may count on zeros */
    allocator->live++;
    return (char *)block + HEAD;
}

static void deallocate(void *user_data, void *pointer, size_t size, size_t alignment)
{
    struct failing_allocator *allocator = user_data;
    char *block = (char *)pointer - HEAD;
    struct head head;
    memcpy(&head, block, sizeof head);
    if (head.mark != ALIVE || head.size != size || head.alignment != alignment)
        allocator->wrong++;
    head.mark = DEAD;
    memcpy(block, &head, sizeof head);
    allocator->live--;
    free(block);
}

cnn2snn_allocator failing_allocator_callbacks(struct failing_allocator *allocator)
{
    return (cnn2snn_allocator){sizeof(cnn2snn_allocator), allocator, allocate, deallocate};
}
