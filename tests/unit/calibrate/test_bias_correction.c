/* SPDX-License-Identifier: Apache-2.0 */
#include "calibrate_testing.h"

#include "calibrate/calibrate.h"

struct told {
    int count;
    char names[64];
    double before[4], after[4];
};

static void remember(void *user_data, const cnn2snn_calibrated_layer *layer)
{
    struct told *told = user_data;
    told->before[told->count] = layer->error_before;
    told->after[told->count++] = layer->error_after;
    strcat(told->names, layer->layer_name);
    strcat(told->names, " ");
}

static struct told told;

static struct c2s_graph *corrected(const struct c2s_graph *graph, cnn2snn_samples *samples, int64_t batch_size,
                                   int32_t keep_partial)
{
    cnn2snn_bias_correction_options options = CNN2SNN_BIAS_CORRECTION_OPTIONS_INIT;
    struct c2s_graph *result = NULL;
    told = (struct told){0};
    options.batch_size = batch_size;
    options.keep_partial_batch = keep_partial;
    options.layer_done = remember;
    options.user_data = &told;
    must(c2s_bias_correction(graph, samples, &options, &result, &error));
    return result;
}

START_TEST(ex35_l088_bias_correction)
{
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL);
    cnn2snn_samples *samples = example_samples();
    struct c2s_graph *result = corrected(graph, samples, 0, 0);
    WEIGHT_NEAR(result, "c", 1, 2e-7, 0.5666667f, 0.27500004f);
    WEIGHT_NEAR(result, "c2", 1, 1e-7, 0.1f);
    weight_equals(result, "c", 0, 1, -0.6f, 0.4f, 0.9f);
    config_is(result, "c", "use_bias", "true");
    config_is(graph, "c", "use_bias", "false");
    ck_assert_str_eq(told.names, "c c2 ");
    near(told.before[0], 0.5077, 5e-5);
    near(told.after[0], 0.3093, 5e-5);
    c2s_graph_release(result);
    result = corrected(graph, samples, 2, 0);
    WEIGHT_NEAR(result, "c", 1, 2e-7, 0.65f, 0.18750009f);
    c2s_graph_release(result);
    result = corrected(graph, samples, 2, 1); /* each sample counts the same */
    WEIGHT_NEAR(result, "c", 1, 2e-7, 0.5666667f, 0.27500004f);
    c2s_graph_release(result);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(ex40_l088_a_separable_layer)
{
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX19_MODEL);
    cnn2snn_samples *samples = example_samples();
    struct c2s_graph *result = corrected(graph, samples, 0, 0);
    WEIGHT_NEAR(result, "s", 2, 2e-7, -0.006071473f, 0.015178571f);
    c2s_graph_release(result);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l088_the_error_behind_is_the_error_that_a_sampler_finds)
{
    struct c2s_graph *graph = sequential(
        "[6, 6, 2]", "['QuantizedConv2D', {'name': 'a', 'filters': 3, 'kernel_size': 3, 'padding': 'same', "
                     "" MAX_PER_AXIS(2) "}], ['QuantizedReLU', {'name': 'r', 'bitwidth': 2, 'max_value': 2}], "
                                        "['QuantizedSeparableConv2D', {'name': 's', 'filters': 4, 'kernel_size': 3, "
                                        "'quantizer_dw': " MAX(2) ", " MAX_PER_AXIS(2) "}]");
    randomize(graph);
    cnn2snn_samples *samples = RANDOM_SAMPLES(7, 6, 6, 2);
    struct c2s_graph *result = corrected(graph, samples, 0, 0);
    for (int i = 0; i < 2; i++) {
        /* Of the corrected layer with its old bias as the float one. */
        cnn2snn_sampler *sampler = sampler_of(result, samples, 0, false);
        const char *name = i ? "s" : "a";
        select_named(sampler, name, false);
        size_t last = layer_named(result, name)->weight_count - 1;
        double squares = 0;
        cnn2snn_tensor *f = NULL, *q = NULL;
        must(c2s_sampler_batch_outputs(sampler, 0, false, &f, &error));
        must(c2s_sampler_batch_outputs(sampler, 0, true, &q, &error));
        size_t filters = (size_t)f->shape[3];
        for (uint64_t k = 0; k < f->count; k++) {
            double added = (double)c2s_f32(layer_named(result, name)->weights[last].tensor)[k % filters] -
                           (double)c2s_f32(layer_named(graph, name)->weights[last].tensor)[k % filters];
            double difference = (double)c2s_f32(f)[k] - added - (double)c2s_f32(q)[k];
            squares += difference * difference / (double)f->count;
        }
        near(told.after[i], squares, 1e-6);
        ck_assert(told.after[i] < told.before[i]);
        c2s_tensor_release(f);
        c2s_tensor_release(q);
        c2s_sampler_destroy(sampler);
    }
    c2s_graph_release(result);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

static struct c2s_graph *corrected_by(int threads)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.threads = threads;
    c2s_context_release(context);
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
    struct c2s_graph *graph = sequential(
        "[40, 30, 3]", "['QuantizedConv2D', {'name': 'a', 'filters': 9, 'kernel_size': 3, " MAX_PER_AXIS(2) "}]");
    cnn2snn_samples *samples = RANDOM_SAMPLES(37, 40, 30, 3);
    randomize(graph);
    struct c2s_graph *result = corrected(graph, samples, 0, 0);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
    return result;
}

START_TEST(l088_biases_are_the_same_for_any_number_of_threads)
{
    float biases[9];
    const int threads[] = {1, 2, 5};
    for (int i = 0; i < 3; i++) {
        struct c2s_graph *result = corrected_by(threads[i]);
        const cnn2snn_tensor *bias = layer_named(result, "a")->weights[1].tensor;
        ck_assert_uint_eq(bias->size, sizeof biases);
        if (i)
            ck_assert_mem_eq(bias->data, biases, sizeof biases);
        memcpy(biases, bias->data, sizeof biases);
        c2s_graph_release(result);
    }
}
END_TEST

static void refuses(const char *layers, cnn2snn_status code, const char *rule)
{
    struct c2s_graph *graph = graph_of(layers), *result = NULL;
    cnn2snn_samples *samples = RANDOM_SAMPLES(2, 2);
    const cnn2snn_bias_correction_options options = CNN2SNN_BIAS_CORRECTION_OPTIONS_INIT;
    refused(c2s_bias_correction(graph, samples, &options, &result, &error), code, rule, NULL);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}

START_TEST(l088_models_that_can_not_be_corrected)
{
    refuses("{'input': [2], 'layers': [['Dense', {'name': 'd', 'units': 1}]]}", CNN2SNN_E_VALUE, "L-088");
    refuses("{'inputs': {'x': [2]}, 'layers': [['QuantizedDense', {'name': 'd', 'units': 1, " MAX_PER_AXIS(
                4) "}, ['x']]]}",
            CNN2SNN_E_NOT_SEQUENTIAL, "L-E");
}
END_TEST

static cnn2snn_status correct_once(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **own)
{
    int left = allocations_left;
    allocations_left = -1;
    cnn2snn_samples *samples = example_samples();
    allocations_left = left;
    const cnn2snn_bias_correction_options options = CNN2SNN_BIAS_CORRECTION_OPTIONS_INIT;
    cnn2snn_status status = c2s_bias_correction(graph, samples, &options, out_graph, own);
    c2s_samples_release(samples);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    context_with_failing_allocator();
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL);
    fail_each_allocation(correct_once, graph);
    c2s_graph_release(graph);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("core");
    tcase_add_test(tests, ex35_l088_bias_correction);
    tcase_add_test(tests, ex40_l088_a_separable_layer);
    tcase_add_test(tests, l088_the_error_behind_is_the_error_that_a_sampler_finds);
    tcase_add_test(tests, l088_biases_are_the_same_for_any_number_of_threads);
    tcase_add_test(tests, l088_models_that_can_not_be_corrected);
    tcase_add_test(tests, every_allocation_may_fail);
    return run_tests(suite_create("bias_correction"), tests);
}
