/* SPDX-License-Identifier: Apache-2.0 */
/* A rewrite changes a model, not what it computes: outputs before and after. And what samples make of activations. */
#include "../support/graphs.h"

#include <math.h>

#include "evaluate/evaluate.h"
#include "transform/transform.h"

static struct c2s_graph *source, *result;

static void release(void)
{
    c2s_graph_release(source);
    c2s_graph_release(result);
    source = result = NULL;
}

/* Numbers between -1 and 1 that look like nothing. */
static float noise(void)
{
    static uint32_t state = 1;
    state = state * 1664525u + 1013904223u;
    return (float)(state >> 8) / (float)(1 << 23) - 1;
}

static cnn2snn_tensor *noise_for(const struct c2s_graph *graph, int64_t samples)
{
    const struct c2s_shape *shape = &graph->nodes[graph->inputs[0]].shapes[0];
    int64_t extents[CNN2SNN_MAX_RANK + 1] = {samples};
    cnn2snn_tensor *tensor = NULL;
    memcpy(extents + 1, shape->extents, shape->rank * sizeof *extents);
    must(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, shape->rank + 1, extents, &tensor, &error));
    for (uint64_t i = 0; i < tensor->count; i++)
        c2s_f32_writable(tensor)[i] = noise();
    return tensor;
}

/* Weights of noise; variances and gammas above 0. The graph is not shared yet. */
static void make_noisy(struct c2s_graph *graph)
{
    for (size_t i = 0; i < graph->layer_count; i++)
        for (size_t k = 0; k < graph->layers[i]->weight_count; k++) {
            const struct c2s_weight *weight = &graph->layers[i]->weights[k];
            bool positive = !strcmp(weight->name, "gamma") || !strcmp(weight->name, "moving_variance");
            for (uint64_t n = 0; n < weight->tensor->count; n++)
                c2s_f32_writable(weight->tensor)[n] = positive ? 0.75f + noise() / 2 : noise();
        }
}

static void same_outputs(void)
{
    cnn2snn_tensor *before = NULL, *after = NULL, *input = noise_for(source, 5);
    const cnn2snn_tensor *inputs[1] = {input};
    must(c2s_graph_evaluate(source, 1, inputs, NULL, &before, &error));
    must(c2s_graph_evaluate(result, 1, inputs, NULL, &after, &error));
    ck_assert_uint_eq(before->count, after->count);
    float largest = 0;
    for (uint64_t i = 0; i < before->count; i++)
        largest = fmaxf(largest, fabsf(c2s_f32(before)[i]));
    ck_assert_float_gt(largest, 0);
    for (uint64_t i = 0; i < before->count; i++)
        ck_assert_float_eq_tol(c2s_f32(before)[i], c2s_f32(after)[i], 1e-5f * largest);
    c2s_tensor_release(before);
    c2s_tensor_release(after);
    c2s_tensor_release(input);
}

static void keeps(rewrite_fn rewrite, const char *text, const char *names)
{
    source = graph_of(text);
    make_noisy(source);
    must(rewrite(source, &result, &error));
    if (names)
        ck_assert_str_eq(names_of(result), names);
    same_outputs();
    release();
}

#define CONV(name, more) "['Conv2D', {'name': '" name "', 'filters': 4, 'kernel_size': 3" more "}]"
#define BN(name) "['BatchNormalization', {'name': '" name "', 'epsilon': 0.01}]"
#define LINE                                                                                                         \
    CONV("c", ", 'strides': 2, 'padding': 'same', 'use_bias': false")                                                \
    ", ['MaxPooling2D', {'name': 'p', 'pool_size': 2, 'padding': 'same'}]," BN(                                      \
        "b") ", ['ReLU', {'name': 'r'}],"                                                                            \
             "['SeparableConv2D', {'name': 's', 'filters': 6, 'kernel_size': 3, 'padding': 'same'}], ['ReLU', "      \
             "{'name': 'r2',"                                                                                        \
             "'max_value': 1}], ['MaxPooling2D', {'name': 'p2', 'pool_size': 2}], ['SeparableConv2D', {'name': "     \
             "'s2',"                                                                                                 \
             "'filters': 3, 'kernel_size': 1}], ['GlobalAveragePooling2D', {'name': 'g'}]," BN(                      \
                 "b2") ", ['Dropout', {'name':"                                                                      \
                       "'o', 'rate': 0.5}], ['Dense', {'name': 'd', 'units': 5}]," BN("b3")

START_TEST(syncretizing)
{
    keeps(c2s_syncretize, "{'input': [13, 11, 3], 'layers': [" LINE "]}", "in c p r s p2 r2 s2 g d");
}
END_TEST

START_TEST(preparing_to_convert)
{
    keeps(c2s_prepare_to_convert, "{'input': [13, 11, 3], 'functional': true, 'layers': [" LINE "]}",
          "in c p r s p2 r2 s2 g d");
}
END_TEST

START_TEST(sequentializing_branches)
{
    keeps(c2s_sequentialize,
          "{'inputs': {'x': [8, 8, 2]}, 'layers': [" CONV("c", "") "," CONV("a", ", 'padding': 'same'") "," BN(
              "b") ","
                   "['Conv2D', {'name': 'd', 'filters': 3, 'kernel_size': 1}, ['c']], ['Concatenate', {'name': "
                   "'cat'}, ['b', "
                   "'d']], ['GlobalMaxPooling2D', {'name': 'g'}]]}",
          NULL);
}
END_TEST

START_TEST(folding_into_each_kind_of_layer)
{
    keeps(c2s_fold_batchnorm, "{'input': [7, 7, 2], 'layers': [" CONV("c", ", 'groups': 2") "," BN("b") "]}", "in c");
    keeps(c2s_fold_batchnorm,
          "{'input': [5, 5, 2], 'layers': [['SeparableConv2D', {'name': 's', 'filters': 3, 'kernel_size': 3,"
          "'depth_multiplier': 2}]," BN("b") "]}",
          "in s");
    keeps(c2s_fold_batchnorm, "{'input': [5, 3], 'layers': [['Dense', {'name': 'd', 'units': 3}]," BN("b") "]}",
          "in d");
    keeps(c2s_fold_batchnorm,
          "{'input': [4, 4, 3], 'layers': [['Conv2DTranspose', {'name': 't', 'filters': 2, 'kernel_size': 3,"
          "'strides': 2}]," BN("b") "]}",
          "in t");
    keeps(c2s_fold_batchnorm,
          "{'input': [4, 4, 3], 'layers': [['QuantizedConv2D', {'name': 'q', 'filters': 2, 'kernel_size': 3,"
          "'quantizer': {'class_name': 'MaxPerAxisQuantizer', 'config': {'bitwidth': 4}}}]," BN("b") "]}",
          "in q");
}
END_TEST

START_TEST(inverting_behind_each_pooling)
{
    keeps(c2s_invert_batchnorm_pooling,
          "{'input': [7, 7, 2], 'layers': [['MaxPooling2D', {'name': 'p', 'padding': 'same'}]," BN("b") "]}",
          "in b p");
    keeps(c2s_invert_batchnorm_pooling,
          "{'input': [7, 7, 2], 'layers': [['GlobalAveragePooling2D', {'name': 'p', 'keepdims': true}]," BN("b") "]}",
          "in b p");
}
END_TEST

START_TEST(scaling_across_layers)
{
    keeps(c2s_cross_layer_scaling,
          "{'input': [9, 9, 2], 'layers': [" CONV(
              "c",
              "") ", ['MaxPooling2D', {'name': 'p'}], ['ReLU', {'name': "
                  "'r'}], ['SeparableConv2D', {'name': 's', 'filters': 6, 'kernel_size': 3, 'depth_multiplier': 2}],"
                  "['ReLU', {'name': 'r2', 'negative_slope': 0.25}], ['Conv2DTranspose', {'name': 't', 'filters': 4, "
                  "'kernel_size': 2, 'activation': 'relu'}], ['GlobalAveragePooling2D', {'name': 'g'}], ['Dense', "
                  "{'name': "
                  "'d', 'units': 3}]]}",
          NULL);
    keeps(c2s_cross_layer_scaling,
          "{'inputs': {'x': [4]}, 'layers': [['Dense', {'name': 'a', 'units': 3}], ['Dense', {'name': 'b', 'units': "
          "3}], ['Dense', {'name': 'd', 'units': 3}, ['a']], ['Add', {'name': 'e'}, ['b', 'd']], ['Dense', {'name': "
          "'f', 'units': 2}]]}",
          NULL);
}
END_TEST

START_TEST(normalizing_separable_layers)
{
    keeps(c2s_normalize_separable_model,
          "{'input': [9, 9, 2], 'layers': [['SeparableConv2D', {'name': 's', 'filters': 6, 'kernel_size': 3,"
          "'depth_multiplier': 2}], ['SeparableConv2D', {'name': 't', 'filters': 3, 'kernel_size': 2}]]}",
          "in s t");
}
END_TEST

/* ------------------------------------------------------------------------------------------------ rescaling */

#define MAX_PER_AXIS(bits) "'quantizer': {'class_name': 'MaxPerAxisQuantizer', 'config': {'bitwidth': " bits "}}"
#define EX39                                                                                                         \
    "['QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'use_bias': false, " MAX_PER_AXIS(            \
        "2") "}, [],"                                                                                                \
             "[[1, -0.6, 0.4, 0.9]]], ['QuantizedReLU', {'name': 'r', 'bitwidth': 4, 'max_value': 6}],"              \
             "['QuantizedConv2D', {'name': 'c2', 'filters': 1, 'kernel_size': 1, " MAX_PER_AXIS(                     \
                 "4") "}, [],"                                                                                       \
                      "[[0.33, -0.77], [0.1]]]"

static cnn2snn_samples *samples_of(size_t rank, const int64_t *shape, const float *values)
{
    cnn2snn_tensor *tensor = NULL;
    cnn2snn_samples *samples = NULL;
    must(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, rank, shape, &tensor, &error));
    memcpy(tensor->data, values, tensor->size);
    must(c2s_samples_create(tensor, &samples, &error));
    c2s_tensor_release(tensor);
    return samples;
}

static const float ex39_samples[] = {1, 2, 3, -1, 0.5f, 1.5f, -2, 4, 2, 2, 1, 0};

static void rescaled(int64_t batch_size)
{
    cnn2snn_samples *samples = samples_of(4, (int64_t[]){3, 1, 2, 2}, ex39_samples);
    must(c2s_activations_rescaling(source, samples, batch_size, &result, &error));
    c2s_samples_release(samples);
}

START_TEST(ex39_l143_the_largest_output_of_float_weights)
{
    for (int64_t batch_size = 0; batch_size < 5; batch_size++) {
        source = sequential("[1, 2, 2]", EX39);
        rescaled(batch_size);
        config_is(result, "r", "max_value", "4.800000190734863");
        ck_assert_ptr_eq(layer_named(result, "c"), layer_named(source, "c"));
        ck_assert_str_eq(names_of(result), "in c r c2");
        release();
    }
}
END_TEST

START_TEST(l143_what_is_lower_already_stays)
{
    source =
        sequential("[1, 2, 2]", "['QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, " MAX_PER_AXIS(
                                    "4") "}], ['QuantizedReLU', {'name': 'r', 'bitwidth': 4, 'max_value': 0.5}]");
    rescaled(0);
    ck_assert_ptr_eq(layer_named(result, "r"), layer_named(source, "r"));
    release();
}
END_TEST

START_TEST(l143_an_activation_that_no_sample_reaches_stays)
{
    /* The reference gives it a step of 0, and the model gives NaN. */
    source =
        sequential("[1, 2, 2]", "['QuantizedConv2D', {'name': 'c', 'filters': 1, 'kernel_size': 1, " MAX_PER_AXIS(
                                    "4") "}, [], [[0, 0], [-1]]], ['QuantizedReLU', {'name': 'r', 'bitwidth': 4}]");
    rescaled(0);
    ck_assert_ptr_eq(layer_named(result, "r"), layer_named(source, "r"));
    release();
}
END_TEST

START_TEST(l143_float_models_stay)
{
    source = sequential("[1, 2, 2]", "['Conv2D', {'name': 'c', 'filters': 1, 'kernel_size': 1}], ['ReLU', {'name': "
                                     "'r'}]");
    rescaled(0);
    ck_assert_ptr_eq(layer_named(result, "r"), layer_named(source, "r"));
    release();
}
END_TEST

START_TEST(l143_branches_are_looked_at_each)
{
    source =
        graph_of("{'inputs': {'x': [1, 2, 2]}, 'layers': [['QuantizedConv2D', {'name': 'a', 'filters': 1, "
                 "'kernel_size': 1, 'use_bias': false, " MAX_PER_AXIS(
                     "2") "}, ['x'], [[1, 0]]], ['QuantizedReLU', {'name': 'ra', 'bitwidth': 4}, ['a']], "
                          "['QuantizedConv2D', {'name': 'b', 'filters': 1, 'kernel_size': 1, 'use_bias': false, "
                          "" MAX_PER_AXIS("2") "}, ['x'], [[0, 1]]], ['QuantizedReLU', {'name': 'rb', 'bitwidth':"
                                               "4}, ['b']], ['Concatenate', {'name': 'cat'}, ['ra', 'rb']]]}");
    rescaled(0);
    config_is(result, "ra", "max_value", "3.0");
    config_is(result, "rb", "max_value", "4.0");
    release();
}
END_TEST

static void rescaling_refuses(size_t rank, const int64_t *shape, const float *values, int64_t batch_size,
                              const char *rule, const char *layer)
{
    cnn2snn_samples *samples = samples_of(rank, shape, values);
    refused(c2s_activations_rescaling(source, samples, batch_size, &result, &error), CNN2SNN_E_VALUE, rule, layer);
    c2s_samples_release(samples);
}

START_TEST(l143_samples_that_can_not_be)
{
    const float nan_samples[] = {1, 2, NAN, 4};
    source = sequential("[1, 2, 2]", EX39);
    rescaling_refuses(3, (int64_t[]){1, 2, 2}, ex39_samples, 0, "L-143", NULL);
    rescaling_refuses(4, (int64_t[]){0, 1, 2, 2}, ex39_samples, 0, "L-143", NULL);
    rescaling_refuses(4, (int64_t[]){3, 1, 2, 2}, ex39_samples, -1, "L-143", NULL);
    rescaling_refuses(4, (int64_t[]){3, 2, 1, 2}, ex39_samples, 0, "R-input", "in");
    rescaling_refuses(4, (int64_t[]){1, 1, 2, 2}, nan_samples, 0, "S-finite", NULL);
    release();
    source = sequential("[1, 2, 2]", "['QuantizedReLU', {'name': 'r', 'bitwidth': 4}]");
    rescaling_refuses(4, (int64_t[]){3, 1, 2, 2}, ex39_samples, 0, "L-143", "r");
    release();
}
END_TEST

static cnn2snn_status rescale_once(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **own)
{
    int left = allocations_left;
    allocations_left = -1;
    cnn2snn_samples *samples = samples_of(4, (int64_t[]){3, 1, 2, 2}, ex39_samples);
    allocations_left = left;
    cnn2snn_status status = c2s_activations_rescaling(graph, samples, 2, out_graph, own);
    c2s_samples_release(samples);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    context_with_failing_allocator();
    source = sequential("[1, 2, 2]", EX39);
    fail_each_allocation(rescale_once, source);
    release();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("same_function");
    TCase *cases = tcase_create("core");
    tcase_add_checked_fixture(cases, context_setup, context_teardown);
    tcase_add_test(cases, syncretizing);
    tcase_add_test(cases, preparing_to_convert);
    tcase_add_test(cases, sequentializing_branches);
    tcase_add_test(cases, folding_into_each_kind_of_layer);
    tcase_add_test(cases, inverting_behind_each_pooling);
    tcase_add_test(cases, scaling_across_layers);
    tcase_add_test(cases, normalizing_separable_layers);
    tcase_add_test(cases, ex39_l143_the_largest_output_of_float_weights);
    tcase_add_test(cases, l143_what_is_lower_already_stays);
    tcase_add_test(cases, l143_an_activation_that_no_sample_reaches_stays);
    tcase_add_test(cases, l143_float_models_stay);
    tcase_add_test(cases, l143_branches_are_looked_at_each);
    tcase_add_test(cases, l143_samples_that_can_not_be);
    tcase_add_test(cases, every_allocation_may_fail);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
