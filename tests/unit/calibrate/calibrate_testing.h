/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of calibration share: the models and samples of the worked examples. */
#ifndef TEST_CALIBRATE_TESTING_H
#define TEST_CALIBRATE_TESTING_H

#include <math.h>

#include "base/allocator.h"

#include "calibrate/metrics.h"
#include "../support/graphs.h"
#include "../support/random_numbers.h"

#define MAX_PER_AXIS(bits) "'quantizer': {'class_name': 'MaxPerAxisQuantizer', 'config': {'bitwidth': " #bits "}}"
#define MAX(bits) "{'class_name': 'MaxQuantizer', 'config': {'bitwidth': " #bits "}}"

/* spec/legacy.md f.5 */
#define EX_MODEL                                                                                                     \
    "['QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'use_bias': false, " MAX_PER_AXIS(            \
        2) "}, [], [[1, -0.6, 0.4, 0.9]]], ['QuantizedReLU', {'name': 'r', 'bitwidth': 4, 'max_value': 6}], "        \
           "['QuantizedConv2D', {'name': 'c2', 'filters': 1, 'kernel_size': 1, " MAX_PER_AXIS(                       \
               4) "}, [], [[0.33, -0.77], [0.1]]]"
/* EX-19 */
#define EX19_MODEL                                                                                                   \
    "['QuantizedSeparableConv2D', {'name': 's', 'filters': 2, 'kernel_size': 1, 'use_bias': false, 'quantizer_dw': " \
    "" MAX(4) ", " MAX_PER_AXIS(4) "}, [], [[0.7, -0.3], [1, -0.5, 0.3, 0.25]]]"

static const float ex_samples[] = {1, 2, 3, -1, 0.5f, 1.5f, -2, 4, 2, 2, 1, 0};

static inline cnn2snn_samples *samples_of(size_t rank, const int64_t *shape, const float *values)
{
    cnn2snn_tensor *tensor = NULL;
    cnn2snn_samples *samples = NULL;
    must(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, rank, shape, &tensor, &error));
    if (values)
        memcpy(tensor->data, values, tensor->size);
    must(c2s_samples_create(tensor, &samples, &error));
    c2s_tensor_release(tensor);
    return samples;
}

static inline cnn2snn_samples *example_samples(void)
{
    return samples_of(4, (int64_t[]){3, 1, 2, 2}, ex_samples);
}

static inline cnn2snn_samples *random_samples(size_t rank, const int64_t *shape)
{
    struct random_numbers randomness = {7};
    uint64_t count = 1;
    for (size_t i = 0; i < rank; i++)
        count *= (uint64_t)shape[i];
    float *values = malloc(count * sizeof *values);
    random_fill(&randomness, values, count);
    cnn2snn_samples *samples = samples_of(rank, shape, values);
    free(values);
    return samples;
}
#define RANDOM_SAMPLES(...)                                                                                          \
    random_samples(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__})

/* Gives all weights of the graph's layers random values. */
static inline void randomize(struct c2s_graph *graph)
{
    struct random_numbers randomness = {3};
    for (size_t l = 0; l < graph->layer_count; l++)
        for (size_t i = 0; i < graph->layers[l]->weight_count; i++)
            random_fill(&randomness, c2s_f32_writable(graph->layers[l]->weights[i].tensor),
                        graph->layers[l]->weights[i].tensor->count);
}

static inline cnn2snn_sampler *sampler_of(const struct c2s_graph *graph, cnn2snn_samples *samples, int64_t batch_size,
                                          bool keep_partial)
{
    const struct c2s_batching batching = {.batch_size = batch_size, .keep_partial = keep_partial};
    cnn2snn_sampler *sampler = NULL;
    must(c2s_sampler_create(graph, samples, &batching, &sampler, &error));
    return sampler;
}

static inline void select_named(cnn2snn_sampler *sampler, const char *name, bool include_activation)
{
    size_t layer = 0;
    must(c2s_sampler_find(sampler, name, &layer, &error));
    must(c2s_sampler_select(sampler, layer, include_activation, &error));
}

static inline void near(double found, double expected, double bound)
{
    ck_assert_msg(fabs(found - expected) <= bound, "%.9g, expected %.9g", found, expected);
}

static inline void weight_near(const struct c2s_graph *graph, const char *name, size_t index, size_t count,
                               const float *expected, double bound)
{
    const cnn2snn_layer *layer = layer_named(graph, name);
    ck_assert_uint_gt(layer->weight_count, index);
    ck_assert_uint_eq(layer->weights[index].tensor->count, count);
    for (size_t i = 0; i < count; i++)
        near(c2s_f32(layer->weights[index].tensor)[i], expected[i], bound);
}
#define WEIGHT_NEAR(graph, name, index, bound, ...)                                                                  \
    weight_near(graph, name, index, sizeof((float[]){__VA_ARGS__}) / sizeof(float), (float[]){__VA_ARGS__}, bound)

static inline float rms_between(const struct c2s_graph *a, const struct c2s_graph *b, const char *name, size_t index)
{
    const cnn2snn_tensor *x = layer_named(a, name)->weights[index].tensor;
    const cnn2snn_tensor *y = layer_named(b, name)->weights[index].tensor;
    double sum = 0;
    for (uint64_t i = 0; i < x->count; i++) {
        double difference = (double)c2s_f32(x)[i] - (double)c2s_f32(y)[i];
        sum += difference * difference / (double)x->count;
    }
    return (float)sqrt(sum);
}

static inline int run_tests(Suite *suite, TCase *tests)
{
    tcase_add_checked_fixture(tests, context_setup, context_teardown);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}

#endif
