/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of JSON with single quotes, with random weights, called on random tensors. */
#ifndef TEST_LAYER_TESTING_H
#define TEST_LAYER_TESTING_H

#include <check.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "base/json.h"
#include "evaluate/evaluate.h"
#include "layers/layer_kind.h"
#include "random_numbers.h"

static cnn2snn_context *context;
static struct random_numbers randomness;

static inline void make_context(void)
{
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
    randomness.state = 42;
}

static inline void drop_context(void)
{
    c2s_context_release(context);
}

#define CHECK_OK(call)                                                                                               \
    do {                                                                                                             \
        cnn2snn_error *error = NULL;                                                                                 \
        cnn2snn_status check_status = (call);                                                                        \
        ck_assert_msg(check_status == CNN2SNN_OK, "%s: %d %s", #call, (int)check_status,                             \
                      error && error->text ? error->text : "");                                                      \
    } while (0)

/* The call fails with `code` and a message or layer that has `part` in it. */
#define CHECK_FAILS(call, code_expected, part)                                                                       \
    do {                                                                                                             \
        cnn2snn_error *error = NULL;                                                                                 \
        ck_assert_int_eq((call), (code_expected));                                                                   \
        ck_assert(error && error->text);                                                                             \
        ck_assert_msg(strstr(error->text, (part)), "'%s' is not in '%s'", (part), error->text);                      \
        c2s_error_destroy(error);                                                                                    \
    } while (0)

static inline json_t *parse_config(const char *format, va_list arguments)
{
    char text[2048];
    cnn2snn_error *error = NULL;
    json_t *config = NULL;
    int size = vsnprintf(text, sizeof text, format, arguments);
    ck_assert(size > 0 && (size_t)size < sizeof text);
    for (int i = 0; i < size; i++)
        text[i] = text[i] == '\'' ? '"' : text[i];
    ck_assert_int_eq(c2s_json_parse(context, text, (size_t)size, "config", &config, &error), CNN2SNN_OK);
    return config;
}

__attribute__((format(printf, 2, 3))) static inline cnn2snn_layer *make_layer(const char *class_name,
                                                                              const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    json_t *config = parse_config(format, arguments);
    va_end(arguments);
    const struct c2s_layer_source source = {.keras_generation = 3};
    cnn2snn_layer *layer = NULL;
    CHECK_OK(c2s_layer_create(context, class_name, config, &source, &layer, &error));
    json_decref(config);
    return layer;
}

static inline cnn2snn_tensor *make_tensor(size_t rank, const int64_t *shape, const float *values)
{
    cnn2snn_tensor *tensor = NULL;
    CHECK_OK(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, rank, shape, &tensor, &error));
    if (values)
        memcpy(tensor->data, values, tensor->size);
    else
        random_fill(&randomness, c2s_f32_writable(tensor), tensor->count);
    return tensor;
}

#define TENSOR(values, ...)                                                                                          \
    make_tensor(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__}, values)

static inline struct c2s_shape shape_of_sample(const cnn2snn_tensor *tensor)
{
    struct c2s_shape shape = {.rank = tensor->rank - 1};
    memcpy(shape.extents, tensor->shape + 1, shape.rank * sizeof *shape.extents);
    return shape;
}

/* Builds for the input and gives all weights random values; variances are positive. */
static inline void build_for(cnn2snn_layer *layer, const cnn2snn_tensor *input)
{
    struct c2s_shape shape = shape_of_sample(input);
    CHECK_OK(c2s_layer_build(layer, 1, &shape, &error));
    for (size_t i = 0; i < layer->weight_count; i++) {
        float *values = c2s_f32_writable(layer->weights[i].tensor);
        random_fill(&randomness, values, layer->weights[i].tensor->count);
        for (uint64_t k = 0; strstr(layer->weights[i].name, "variance") && k < layer->weights[i].tensor->count; k++)
            values[k] = fabsf(values[k]) + 0.05f;
    }
}

static inline cnn2snn_tensor *call_layer(const cnn2snn_layer *layer, size_t count,
                                         const cnn2snn_tensor *const *inputs)
{
    cnn2snn_tensor *output = NULL;
    CHECK_OK(c2s_layer_call(layer, count, inputs, &output, &error));
    return output;
}

static inline cnn2snn_tensor *call_one(const cnn2snn_layer *layer, const cnn2snn_tensor *input)
{
    return call_layer(layer, 1, &input);
}

static inline float weight_value(const cnn2snn_layer *layer, size_t weight, size_t index)
{
    return c2s_f32(layer->weights[weight].tensor)[index];
}

static inline void check_shape(const cnn2snn_tensor *tensor, size_t rank, const int64_t *shape)
{
    char found[128], expected[128];
    c2s_shape_print(tensor->rank, tensor->shape, found, sizeof found);
    ck_assert_str_eq(found, c2s_shape_print(rank, shape, expected, sizeof expected));
}

#define CHECK_SHAPE(tensor, ...)                                                                                     \
    check_shape(tensor, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__})

/* Both values NaN, or apart by at most `bound`. */
static inline void check_near(double found, double expected, double bound, const char *what, size_t index)
{
    bool near = fabs(found - expected) <= bound || found == expected || (found != found && expected != expected);
    ck_assert_msg(near, "%s: value %zu is %.9g, expected %.9g", what, index, found, expected);
}

static inline void check_values(const cnn2snn_tensor *tensor, size_t count, const float *values, double bound)
{
    ck_assert_uint_eq(tensor->count, count);
    for (size_t i = 0; i < count; i++)
        check_near(c2s_f32(tensor)[i], values[i], bound, "output", i);
}

/* Element of a rank 4 tensor. */
static inline double at4(const cnn2snn_tensor *t, int64_t a, int64_t b, int64_t c, int64_t d)
{
    return c2s_f32(t)[((a * t->shape[1] + b) * t->shape[2] + c) * t->shape[3] + d];
}

static inline int run_suite(Suite *suite, TCase *tests)
{
    tcase_add_checked_fixture(tests, make_context, drop_context);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

#endif
