/* SPDX-License-Identifier: Apache-2.0 */
/* The one allocator: all memory of the library's own objects, through the context's callbacks. */
#ifndef C2S_ALLOCATOR_H
#define C2S_ALLOCATOR_H

#include <stddef.h>

#include "cnn2snn/base.h"

/* Uninitialised memory, aligned to 64 bytes; NULL when there is none. size 0 is taken as 1. */
void *c2s_alloc(cnn2snn_context *context, size_t size);

/* count x size bytes of zeros; NULL when there is none or the product overflows. */
void *c2s_calloc(cnn2snn_context *context, size_t count, size_t size);

/* Grows or shrinks; NULL leaves the old block as it was. old NULL: c2s_alloc. */
void *c2s_realloc(cnn2snn_context *context, void *old, size_t size);

/* NULL is fine. */
void c2s_free(cnn2snn_context *context, void *pointer);

/* A copy of a string; NULL for NULL or when there is no memory. */
char *c2s_strdup(cnn2snn_context *context, const char *text);
char *c2s_strndup(cnn2snn_context *context, const char *text, size_t size);

/*
 * Makes room for `need` elements in the growing array *array of *capacity elements of `size` bytes each.
 * 0, or CNN2SNN_E_NO_MEMORY with everything as before.
 */
cnn2snn_status c2s_array_reserve(cnn2snn_context *context, void *array, size_t *capacity, size_t need, size_t size);

#endif
