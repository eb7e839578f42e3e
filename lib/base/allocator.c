/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how blocks are laid out: the size stands in front, so that freeing needs the pointer only. */
#include "base/allocator.h"

#include <string.h>

#include "base/checked.h"
#include "base/context.h"

enum { ALIGNMENT = 64 };

void *c2s_alloc(cnn2snn_context *context, size_t size)
{
    size_t total;
    if (!c2s_add_size(size ? size : 1, ALIGNMENT, &total) || total > PTRDIFF_MAX)
        return NULL;
    char *block = context->allocator.allocate(context->allocator.user_data, total, ALIGNMENT);
    if (!block)
        return NULL;
    memcpy(block, &total, sizeof total);
    return block + ALIGNMENT;
}

void *c2s_calloc(cnn2snn_context *context, size_t count, size_t size)
{
    size_t total;
    if (!c2s_mul_size(count, size, &total))
        return NULL;
    void *pointer = c2s_alloc(context, total);
    if (pointer)
        memset(pointer, 0, total);
    return pointer;
}

void c2s_free(cnn2snn_context *context, void *pointer)
{
    if (!pointer)
        return;
    char *block = (char *)pointer - ALIGNMENT;
    size_t total;
    memcpy(&total, block, sizeof total);
    context->allocator.deallocate(context->allocator.user_data, block, total, ALIGNMENT);
}

void *c2s_realloc(cnn2snn_context *context, void *old, size_t size)
{
    void *fresh = c2s_alloc(context, size);
    if (!fresh || !old)
        return fresh;
    size_t total;
    memcpy(&total, (char *)old - ALIGNMENT, sizeof total);
    total -= ALIGNMENT;
    memcpy(fresh, old, total < size ? total : size);
    c2s_free(context, old);
    return fresh;
}

char *c2s_strndup(cnn2snn_context *context, const char *text, size_t size)
{
    char *copy = text ? c2s_alloc(context, size + 1) : NULL;
    if (copy) {
        memcpy(copy, text, size);
        copy[size] = '\0';
    }
    return copy;
}

char *c2s_strdup(cnn2snn_context *context, const char *text)
{
    return text ? c2s_strndup(context, text, strlen(text)) : NULL;
}

cnn2snn_status c2s_array_reserve(cnn2snn_context *context, void *array, size_t *capacity, size_t need, size_t size)
{
    if (need <= *capacity)
        return CNN2SNN_OK;
    size_t wanted = *capacity > 4 ? *capacity : 4, bytes;
    while (wanted < need && wanted <= SIZE_MAX / 2)
        wanted *= 2;
    if (wanted < need || !c2s_mul_size(wanted, size, &bytes))
        return CNN2SNN_E_NO_MEMORY;
    void *old;
    memcpy(&old, array, sizeof old);
    void *fresh = c2s_realloc(context, old, bytes);
    if (!fresh)
        return CNN2SNN_E_NO_MEMORY;
    memcpy(array, &fresh, sizeof fresh);
    *capacity = wanted;
    return CNN2SNN_OK;
}
