/* SPDX-License-Identifier: Apache-2.0 */
/* Memory is bounded by the model and by what is kept of it, not by the number of samples. */
#include "calibrate_testing.h"

#include "calibrate/adaround_layer.h"
#include "transform/transform.h"

#define MODEL                                                                                                        \
    "['QuantizedConv2D', {'name': 'a', 'filters': 5, 'kernel_size': 3, 'padding': 'same', " MAX_PER_AXIS(            \
        4) "}], ['QuantizedReLU', {'name': 'ra', 'bitwidth': 4, 'max_value': 2}], "                                  \
           "['QuantizedSeparableConv2D', {'name': 's', 'filters': 6, 'kernel_size': 3, 'strides': 2, "               \
           "'quantizer_dw': " MAX(4) ", " MAX_PER_AXIS(                                                              \
               4) "}], ['QuantizedReLU', {'name': 'rs', 'bitwidth': 4, 'max_value': 2}], ['Flatten', {'name': 'f'}]" \
                  ", ['QuantizedDense', {'name': 'd', 'units': 3, " MAX_PER_AXIS(4) "}]"

/* ------------------------------------------------------------------------------------------------ counting */

static size_t now, peak;

static void *count_allocate(void *user_data, size_t size, size_t alignment)
{
    now += size;
    peak = now > peak ? now : peak;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static void count_deallocate(void *user_data, void *pointer, size_t size, size_t alignment)
{
    now -= size;
    free(pointer);
}

static void counted_setup(void)
{
    cnn2snn_allocator allocator = {sizeof allocator, NULL, count_allocate, count_deallocate};
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.allocator = &allocator;
    error = NULL;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
}

/* --------------------------------------------------------------------------------------------- what is measured */

struct work {
    struct c2s_graph *graph;
    cnn2snn_samples *samples;
};

static cnn2snn_sampler *sampler_that_keeps(const struct work *work, size_t bytes)
{
    const struct c2s_batching batching = {.batch_size = 0, .kept_bytes = bytes};
    cnn2snn_sampler *sampler = NULL;
    must(c2s_sampler_create(work->graph, work->samples, &batching, &sampler, &error));
    return sampler;
}

enum { KEPT = 200000 }; /* one or two pieces */

static void correct_and_measure(const struct work *work)
{
    cnn2snn_sampler *sampler = sampler_that_keeps(work, KEPT);
    const char *const names[] = {"a", "s", "d"};
    for (size_t i = 0; i < 3; i++) {
        double unused;
        select_named(sampler, names[i], true);
        must(c2s_sampler_error(sampler, CNN2SNN_METRIC_SQNR, &unused, &error));
        ck_assert_uint_le(sampler->kept_bytes, KEPT);
        ck_assert_uint_gt(sampler->kept_bytes, 0);
    }
    c2s_sampler_destroy(sampler);
}

static void round_layers(const struct work *work, bool gram)
{
    cnn2snn_sampler *sampler = sampler_that_keeps(work, KEPT);
    const cnn2snn_loss loss = CNN2SNN_LOSS_INIT;
    const char *const names[] = {"a", "s", "d"};
    for (size_t i = 0; i < 3; i++) {
        struct c2s_adaround_layer layer;
        cnn2snn_calibrated_layer done = {.struct_size = sizeof done};
        double unused;
        select_named(sampler, names[i], !gram);
        must(c2s_adaround_layer_init(&layer, sampler, &loss, gram, 0, &error));
        for (int step = 0; step < 2; step++)
            must(c2s_adaround_layer_batch(&layer, 0, &unused, &error));
        must(c2s_adaround_layer_finish(&layer, &done, &error));
        c2s_adaround_layer_free(&layer);
    }
    c2s_sampler_destroy(sampler);
}

static void round_by_samples(const struct work *work)
{
    round_layers(work, false);
}

static void round_by_gram(const struct work *work)
{
    round_layers(work, true);
}

static void rescale(const struct work *work)
{
    struct c2s_graph *result = NULL;
    must(c2s_activations_rescaling(work->graph, work->samples, 64, &result, &error));
    c2s_graph_release(result);
}

/* The most memory beside the model and the samples. */
static size_t most_for(int64_t samples, void (*function)(const struct work *work))
{
    struct work work = {sequential("[12, 12, 2]", MODEL), RANDOM_SAMPLES(samples, 12, 12, 2)};
    randomize(work.graph);
    size_t before = peak = now;
    function(&work);
    size_t most = peak - before;
    ck_assert_uint_eq(now, before);
    c2s_samples_release(work.samples);
    c2s_graph_release(work.graph);
    return most;
}

/* Eight times the samples: pointers to pieces are all that is more. */
static void check_constant(void (*function)(const struct work *work))
{
    size_t few = most_for(512, function), many = most_for(8 * 512, function);
    ck_assert_msg(few > KEPT / 2 && many <= few + 4096, "%zu bytes for 512 samples, %zu for 4096", few, many);
}

START_TEST(l083_memory_of_a_sampler_does_not_grow_with_samples)
{
    check_constant(correct_and_measure);
}
END_TEST

START_TEST(l089_memory_of_adaround_does_not_grow_with_samples)
{
    check_constant(round_by_samples);
    check_constant(round_by_gram);
}
END_TEST

START_TEST(l143_memory_of_activations_rescaling_does_not_grow_with_samples)
{
    check_constant(rescale);
}
END_TEST

/* What is kept and what is computed again are the same. */
START_TEST(l084_inputs_that_are_not_kept_are_computed_again)
{
    struct work work = {sequential("[12, 12, 2]", MODEL), RANDOM_SAMPLES(150, 12, 12, 2)};
    randomize(work.graph);
    cnn2snn_sampler *keeps = sampler_that_keeps(&work, 0), *forgets = sampler_that_keeps(&work, 1);
    for (int turn = 0; turn < 2; turn++) { /* forwards, and back to the start */
        const char *const names[] = {"a", "s", "d"};
        for (size_t i = 0; i < 3; i++) {
            cnn2snn_tensor *a = NULL, *b = NULL;
            select_named(keeps, names[i], false);
            select_named(forgets, names[i], false);
            must(c2s_sampler_batch_outputs(keeps, 0, true, &a, &error));
            must(c2s_sampler_batch_outputs(forgets, 0, true, &b, &error));
            ck_assert_uint_gt(keeps->kept_bytes, 0);
            ck_assert_uint_eq(forgets->kept_bytes, 0);
            ck_assert_mem_eq(a->data, b->data, a->size);
            c2s_tensor_release(a);
            c2s_tensor_release(b);
        }
    }
    c2s_sampler_destroy(keeps);
    c2s_sampler_destroy(forgets);
    c2s_samples_release(work.samples);
    c2s_graph_release(work.graph);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory");
    TCase *tests = tcase_create("core");
    tcase_add_checked_fixture(tests, counted_setup, context_teardown);
    tcase_add_test(tests, l083_memory_of_a_sampler_does_not_grow_with_samples);
    tcase_add_test(tests, l089_memory_of_adaround_does_not_grow_with_samples);
    tcase_add_test(tests, l143_memory_of_activations_rescaling_does_not_grow_with_samples);
    tcase_add_test(tests, l084_inputs_that_are_not_kept_are_computed_again);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
