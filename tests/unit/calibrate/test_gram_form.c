/* SPDX-License-Identifier: Apache-2.0 */
/* The Gram form of the loss is the loss over all samples, and its gradients are theirs. */
#include "calibrate_testing.h"

#include "calibrate/adaround_layer.h"
#include "calibrate/calibrate.h"

#define GRAM_MODEL                                                                                                   \
    "['QuantizedConv2D', {'name': 'a', 'filters': 5, 'kernel_size': 3, 'padding': 'same', " MAX_PER_AXIS(            \
        4) "}], ['QuantizedReLU', {'name': 'ra', 'bitwidth': 4, 'max_value': 2}], "                                  \
           "['QuantizedSeparableConv2D', {'name': 's', 'filters': 6, 'kernel_size': 3, 'strides': 2, "               \
           "'quantizer_dw': " MAX(4) ", " MAX_PER_AXIS(                                                              \
               4) "}], ['QuantizedReLU', {'name': 'rs', 'bitwidth': 4, 'max_value': 2}], ['Flatten', {'name': 'f'}]" \
                  ", ['QuantizedDense', {'name': 'd', 'units': 3, " MAX_PER_AXIS(4) "}]"

/* The same layer, some steps on, by both ways. */
static void compare_gradients(cnn2snn_sampler *sampler, const char *name, int64_t batch)
{
    const cnn2snn_loss loss = CNN2SNN_LOSS_INIT;
    struct c2s_adaround_layer work[2];
    double losses[2];
    select_named(sampler, name, false);
    for (int gram = 0; gram < 2; gram++) {
        struct c2s_adaround_layer *w = &work[gram];
        must(c2s_adaround_layer_init(w, sampler, &loss, gram, 0, &error));
        struct random_numbers randomness = {5};
        for (size_t k = 0; k < w->kernel_count; k++) {
            for (size_t i = 0; i < w->soft[k].count; i++)
                w->soft[k].alphas[i] += random_float(&randomness);
            c2s_soft_kernel_update(&w->soft[k]);
        }
        must(c2s_adaround_layer_batch(w, batch, &losses[gram], &error));
    }
    near(losses[1], losses[0], 2e-5 * losses[0]);
    near(work[1].error_before, work[0].error_before, 2e-5 * work[0].error_before);
    for (size_t k = 0; k < work[0].kernel_count; k++) {
        double largest = 0;
        for (size_t i = 0; i < work[0].soft[k].count; i++)
            largest = fmax(largest, fabs((double)c2s_f32(work[0].gradients[k])[i]));
        ck_assert(largest > 0);
        for (size_t i = 0; i < work[0].soft[k].count; i++)
            near(c2s_f32(work[1].gradients[k])[i], c2s_f32(work[0].gradients[k])[i], 2e-5 * largest);
    }
    for (int gram = 0; gram < 2; gram++)
        c2s_adaround_layer_free(&work[gram]);
}

START_TEST(l089_the_gram_form_is_the_gradient_over_all_samples)
{
    struct c2s_graph *graph = sequential("[9, 8, 3]", GRAM_MODEL);
    randomize(graph);
    cnn2snn_samples *samples = RANDOM_SAMPLES(70, 9, 8, 3); /* two pieces */
    cnn2snn_sampler *sampler = sampler_of(graph, samples, 0, false);
    ck_assert_uint_eq(sampler->piece_count, 2);
    compare_gradients(sampler, "a", 0);
    compare_gradients(sampler, "s", 0);
    compare_gradients(sampler, "d", 0);
    c2s_sampler_destroy(sampler);
    sampler = sampler_of(graph, samples, 32, true);
    for (int64_t batch = 0; batch < 3; batch++) {
        compare_gradients(sampler, "a", batch);
        compare_gradients(sampler, "s", batch);
    }
    c2s_sampler_destroy(sampler);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

/* A layer with random attributes; every fifth is strided, every fourth a Dense of some rank. */
static cnn2snn_samples *random_layer(struct random_numbers *randomness, int round, char *text, size_t size,
                                     char *input, size_t input_size)
{
    long long rows = random_between(randomness, 3, 9), columns = random_between(randomness, 3, 9);
    long long channels = random_between(randomness, 1, 7), filters = random_between(randomness, 1, 20);
    const char *padding = random_between(randomness, 0, 1) ? "same" : "valid";
    long long kernel = random_between(randomness, 1, 3), stride = round % 5 ? 1 : 2, samples = 40 + round;
    const char *bias = round % 2 ? "true" : "false";
    if (round % 4 == 3) {
        snprintf(input, input_size, "[%lld]", 10 * channels);
        snprintf(text, size, "['QuantizedDense', {'name': 'l', 'units': %lld, 'use_bias': %s, " MAX_PER_AXIS(4) "}]",
                 filters, bias);
        return RANDOM_SAMPLES(samples, 10 * channels);
    }
    snprintf(input, input_size, "[%lld, %lld, %lld]", rows, columns, channels);
    if (round % 4 == 2)
        snprintf(text, size,
                 "['QuantizedSeparableConv2D', {'name': 'l', 'filters': %lld, 'kernel_size': %lld, 'strides': %lld, "
                 "'padding': '%s', 'use_bias': %s, 'quantizer_dw': " MAX(4) ", " MAX_PER_AXIS(4) "}]",
                 filters, kernel, stride, padding, bias);
    else
        snprintf(text, size,
                 "['QuantizedConv2D', {'name': 'l', 'filters': %lld, 'kernel_size': [%lld, %lld], 'strides': %lld, "
                 "'padding': '%s', 'use_bias': %s, " MAX_PER_AXIS(4) "}]",
                 filters, kernel, 4 - kernel, stride, padding, bias);
    return RANDOM_SAMPLES(samples, rows, columns, channels);
}

START_TEST(l089_random_layers_have_the_same_gradients_in_both_forms)
{
    struct random_numbers randomness = {21};
    for (int round = 0; round < 40; round++) {
        char text[512], input[64];
        cnn2snn_samples *samples = random_layer(&randomness, round, text, sizeof text, input, sizeof input);
        struct c2s_graph *graph = sequential(input, text);
        randomize(graph);
        cnn2snn_sampler *sampler = sampler_of(graph, samples, round % 3 ? 0 : 17, true);
        for (int64_t batch = 0; batch < sampler->batch_count; batch++)
            compare_gradients(sampler, "l", batch);
        c2s_sampler_destroy(sampler);
        c2s_samples_release(samples);
        c2s_graph_release(graph);
    }
}
END_TEST

/* The largest depth has as many products as the limit; with two batches it is too many. */
START_TEST(l089_l092_the_gram_form_has_a_limit)
{
    const struct {
        int64_t depth, batch;
        bool serves;
    } cases[] = {{2048, 0, true}, {2049, 0, false}, {2048, 3, false}, {1448, 3, true}, {1449, 3, false}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char input[32];
        snprintf(input, sizeof input, "[%lld]", (long long)cases[i].depth);
        struct c2s_graph *graph =
            sequential(input, "['QuantizedDense', {'name': 'd', 'units': 2, " MAX_PER_AXIS(4) "}]");
        cnn2snn_samples *samples = RANDOM_SAMPLES(6, cases[i].depth);
        cnn2snn_sampler *sampler = sampler_of(graph, samples, cases[i].batch, false);
        select_named(sampler, "d", false);
        /* Never worth it for six outputs of so many inputs, so that the limit alone is asked for. */
        ck_assert(!c2s_gram_form_serves(sampler, 1000000));
        ck_assert_int_eq(c2s_gram_form_fits(sampler), cases[i].serves);
        c2s_sampler_destroy(sampler);
        c2s_samples_release(samples);
        c2s_graph_release(graph);
    }
}
END_TEST

static struct c2s_graph *rounded(const struct c2s_graph *graph, cnn2snn_samples *samples, bool no_gram)
{
    cnn2snn_adaround_options options = CNN2SNN_ADAROUND_OPTIONS_INIT;
    cnn2snn_optimizer optimizer = CNN2SNN_OPTIMIZER_INIT;
    const cnn2snn_loss loss = CNN2SNN_LOSS_INIT;
    struct c2s_graph *result = NULL;
    optimizer.kind = CNN2SNN_OPTIMIZER_SGD;
    optimizer.learning_rate = 20;
    options.epochs = 30;
    options.no_gram = no_gram;
    must(c2s_adaround(graph, samples, &options, &optimizer, &loss, &result, &error));
    return result;
}

START_TEST(l089_both_ways_come_to_the_same_weights)
{
    struct c2s_graph *graph = sequential("[9, 8, 3]", GRAM_MODEL);
    randomize(graph);
    cnn2snn_samples *samples = RANDOM_SAMPLES(70, 9, 8, 3);
    struct c2s_graph *gram = rounded(graph, samples, false), *direct = rounded(graph, samples, true);
    for (size_t i = 0; i < 2; i++) {
        ck_assert(rms_between(graph, direct, "s", i) > 1e-4f);
        ck_assert(rms_between(gram, direct, "s", i) < 1e-2f * rms_between(graph, direct, "s", i));
    }
    ck_assert(rms_between(gram, direct, "a", 0) < 1e-2f * rms_between(graph, direct, "a", 0));
    c2s_graph_release(gram);
    c2s_graph_release(direct);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l089_the_gram_form_is_for_small_depths_and_many_outputs)
{
    struct c2s_graph *graph = sequential("[9, 8, 3]", GRAM_MODEL);
    cnn2snn_samples *samples = RANDOM_SAMPLES(4, 9, 8, 3);
    cnn2snn_sampler *sampler = sampler_of(graph, samples, 0, false);
    select_named(sampler, "a", false);
    ck_assert(c2s_gram_form_serves(sampler, 10));
    select_named(sampler, "a", true);
    ck_assert(!c2s_gram_form_serves(sampler, 10));
    select_named(sampler, "d", false);
    ck_assert(!c2s_gram_form_serves(sampler, 2)); /* 4 outputs of depth 72 */
    c2s_sampler_destroy(sampler);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("core");
    tcase_add_test(tests, l089_the_gram_form_is_the_gradient_over_all_samples);
    tcase_add_test(tests, l089_random_layers_have_the_same_gradients_in_both_forms);
    tcase_add_test(tests, l089_l092_the_gram_form_has_a_limit);
    tcase_add_test(tests, l089_both_ways_come_to_the_same_weights);
    tcase_add_test(tests, l089_the_gram_form_is_for_small_depths_and_many_outputs);
    return run_tests(suite_create("gram_form"), tests);
}
