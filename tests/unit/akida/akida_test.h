/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the Akida model share: a context that counts and fails allocations, and short ways to build
 * models. */
#ifndef C2S_AKIDA_TEST_H
#define C2S_AKIDA_TEST_H

#include <check.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "akida/akida_model.h"
#include "akida/fbz.h"
#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "base/report.h"
#include "base/text.h"

static cnn2snn_context *context;

struct test_heap {
    long allocations, live, fail_at; /* fail_at: which allocation fails; 0: none */
    size_t largest, bytes; /* bytes: alive */
    int fill; /* every byte of what is allocated */
};
static struct test_heap test_heap;

static void *test_allocate(void *user_data, size_t size, size_t alignment)
{
    struct test_heap *heap = user_data;
    if (++heap->allocations == heap->fail_at)
        return NULL;
    void *pointer = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    heap->live += pointer != NULL;
    if (pointer && heap->fill)
        memset(pointer, heap->fill, size);
    heap->bytes += pointer ? size : 0;
    if (size > heap->largest)
        heap->largest = size;
    return pointer;
}

static void test_deallocate(void *user_data, void *pointer, size_t size, size_t alignment)
{
    ((struct test_heap *)user_data)->live -= pointer != NULL;
    ((struct test_heap *)user_data)->bytes -= size;
    free(pointer);
}

static inline void setup(void)
{
    cnn2snn_allocator allocator = {sizeof allocator, &test_heap, test_allocate, test_deallocate};
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    memset(&test_heap, 0, sizeof test_heap);
    options.allocator = &allocator;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
}

static inline void teardown(void)
{
    ck_assert_uint_eq(context->references, 1);
    c2s_context_release(context);
    ck_assert_int_eq(test_heap.live, 0);
}

static inline cnn2snn_akida_model *new_model(void)
{
    cnn2snn_akida_model *model;
    ck_assert_int_eq(c2s_akida_model_create(context, &model, NULL), CNN2SNN_OK);
    return model;
}

/* Adds a layer behind the last one, with parameters "key", value, ..., NULL. */
static inline struct c2s_akida_layer *add_layer(cnn2snn_akida_model *model, int32_t kind, const char *name, ...)
{
    struct c2s_akida_layer *layer;
    va_list arguments;
    ck_assert_int_eq(c2s_akida_model_add_layer(model, kind, name, (int64_t)model->layer_count - 1, &layer, NULL),
                     CNN2SNN_OK);
    va_start(arguments, name);
    for (const char *key = va_arg(arguments, const char *); key; key = va_arg(arguments, const char *))
        ck_assert_int_eq(c2s_akida_layer_set_parameter(model, layer, key, va_arg(arguments, int), NULL), CNN2SNN_OK);
    va_end(arguments);
    return layer;
}

/* A variable of the canonical type; values as doubles. */
static inline void set_variable(cnn2snn_akida_model *model, struct c2s_akida_layer *layer, const char *name,
                                cnn2snn_dtype dtype, size_t rank, const int64_t *shape, const double *values)
{
    cnn2snn_tensor *tensor;
    ck_assert_int_eq(c2s_tensor_create_zeros(context, dtype, rank, shape, &tensor, NULL), CNN2SNN_OK);
    for (uint64_t i = 0; values && i < tensor->count; i++) {
        if (dtype == CNN2SNN_DTYPE_FLOAT32)
            ((float *)tensor->data)[i] = (float)values[i];
        else if (dtype == CNN2SNN_DTYPE_INT32)
            ((int32_t *)tensor->data)[i] = (int32_t)values[i];
        else if (c2s_dtype_size(dtype) == 2)
            ((int16_t *)tensor->data)[i] = (int16_t)(int)values[i];
        else
            ((int8_t *)tensor->data)[i] = (int8_t)(int)values[i];
    }
    ck_assert_int_eq(c2s_akida_layer_set_variable(model, layer, name, -1, -1, tensor, NULL), CNN2SNN_OK);
    c2s_tensor_release(tensor);
}

static inline const struct c2s_akida_layer *layer_named(const cnn2snn_akida_model *model, const char *name)
{
    for (size_t i = 0; i < model->layer_count; i++)
        if (!strcmp(model->layers[i].name, name))
            return &model->layers[i];
    ck_abort_msg("no layer %s", name);
    return NULL;
}

static inline const cnn2snn_tensor *variable_of(const cnn2snn_akida_model *model, const char *layer, const char *name)
{
    const struct c2s_akida_variable *variable = c2s_akida_layer_find_variable(layer_named(model, layer), name);
    ck_assert_ptr_nonnull(variable);
    return variable->tensor;
}

/* Bytes of a file of tests/data/fbz; to be freed. */
static inline unsigned char *read_fixture(const char *name, size_t *out_size)
{
    char path[1024];
    snprintf(path, sizeof path, "%s/fbz/%s", TEST_DATA, name);
    FILE *file = fopen(path, "rb");
    ck_assert_msg(file != NULL, "%s", path);
    fseek(file, 0, SEEK_END);
    *out_size = (size_t)ftell(file);
    rewind(file);
    unsigned char *data = malloc(*out_size);
    ck_assert_uint_eq(fread(data, 1, *out_size, file), *out_size);
    fclose(file);
    return data;
}

static inline cnn2snn_akida_model *load_fixture(const char *name)
{
    size_t size;
    unsigned char *data = read_fixture(name, &size);
    cnn2snn_akida_model *model = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_fbz_read(context, data, size, &model, &error);
    ck_assert_msg(!status, "%s: %s", name, error ? error->message : "");
    free(data);
    return model;
}

static inline int run_suite(Suite *suite)
{
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
