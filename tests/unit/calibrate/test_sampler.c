/* SPDX-License-Identifier: Apache-2.0 */
#include "calibrate_testing.h"

static double error_of(cnn2snn_sampler *sampler, cnn2snn_metric_kind kind)
{
    double result = -1;
    must(c2s_sampler_error(sampler, kind, &result, &error));
    return result;
}

static cnn2snn_tensor *outputs(cnn2snn_sampler *sampler, int64_t batch, bool quantized)
{
    cnn2snn_tensor *tensor = NULL;
    must(c2s_sampler_batch_outputs(sampler, batch, quantized, &tensor, &error));
    return tensor;
}

START_TEST(ex34_l087_errors_of_the_layers)
{
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL);
    cnn2snn_samples *samples = example_samples();
    cnn2snn_sampler *sampler = sampler_of(graph, samples, 0, false);
    select_named(sampler, "c", false);
    near(error_of(sampler, CNN2SNN_METRIC_MSE), 0.5077083, 1e-7);
    near(error_of(sampler, CNN2SNN_METRIC_MAE), 0.5874999, 1e-7);
    select_named(sampler, "c", true);
    near(error_of(sampler, CNN2SNN_METRIC_MSE), 0.22666669, 1e-7);
    select_named(sampler, "c2", false);
    near(error_of(sampler, CNN2SNN_METRIC_MSE), 0, 1e-12);
    ck_assert(isinf(error_of(sampler, CNN2SNN_METRIC_SQNR)));
    c2s_sampler_destroy(sampler);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l087_each_metric_says_what_it_is_named)
{
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL);
    cnn2snn_samples *samples = example_samples();
    cnn2snn_sampler *sampler = sampler_of(graph, samples, 0, false);
    select_named(sampler, "c", false);
    cnn2snn_tensor *f = outputs(sampler, 0, false), *q = outputs(sampler, 0, true);
    double largest = 0, noise = 0, signal = 0, cosine = 0;
    for (uint64_t i = 0; i < f->count; i += 2) {
        double product = 0, ff = 0, qq = 0;
        for (uint64_t k = i; k < i + 2; k++) {
            double a = c2s_f32(f)[k], b = c2s_f32(q)[k];
            largest = fmax(largest, fabs(a - b));
            noise += (a - b) * (a - b);
            signal += a * a;
            product += a * b;
            ff += a * a;
            qq += b * b;
        }
        cosine += product / sqrt(ff * qq) / ((double)f->count / 2);
    }
    near(error_of(sampler, CNN2SNN_METRIC_MAX), largest, 1e-12);
    near(error_of(sampler, CNN2SNN_METRIC_SQNR), 10 * log10(signal / noise), 1e-9);
    near(error_of(sampler, CNN2SNN_METRIC_COSINE), cosine, 1e-9);
    double unused;
    refused(c2s_sampler_error(sampler, 6, &unused, &error), CNN2SNN_E_VALUE, "L-087", NULL);
    c2s_tensor_release(f);
    c2s_tensor_release(q);
    c2s_sampler_destroy(sampler);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l083_the_last_partial_batch_is_left_out_unless_asked_for)
{
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL);
    cnn2snn_samples *samples = example_samples();
    cnn2snn_sampler *sampler = sampler_of(graph, samples, 2, false);
    ck_assert_int_eq(sampler->batch_count, 1);
    select_named(sampler, "c", false);
    cnn2snn_tensor *first = outputs(sampler, 0, true), *none = NULL;
    ck_assert_int_eq(first->shape[0], 2);
    refused(c2s_sampler_batch_outputs(sampler, 1, true, &none, &error), CNN2SNN_E_VALUE, "L-085", NULL);
    refused(c2s_sampler_batch_outputs(sampler, -1, true, &none, &error), CNN2SNN_E_VALUE, "L-085", NULL);
    c2s_sampler_destroy(sampler);
    sampler = sampler_of(graph, samples, 2, true);
    ck_assert_int_eq(sampler->batch_count, 2);
    select_named(sampler, "c", false);
    cnn2snn_tensor *last = outputs(sampler, 1, true);
    ck_assert_int_eq(last->shape[0], 1);
    near(error_of(sampler, CNN2SNN_METRIC_MSE), 0.5077083, 1e-7);
    c2s_tensor_release(first);
    c2s_tensor_release(last);
    c2s_sampler_destroy(sampler);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l083_samples_of_any_rank)
{
    /* The reference takes four dimensions only. */
    struct c2s_graph *graph = sequential("[3]", "['QuantizedDense', {'name': 'd', 'units': 2, " MAX_PER_AXIS(4) "}]");
    cnn2snn_samples *samples = RANDOM_SAMPLES(5, 3);
    cnn2snn_sampler *sampler = sampler_of(graph, samples, 0, false);
    select_named(sampler, "d", true); /* there is no activation: the layer alone */
    cnn2snn_tensor *q = outputs(sampler, 0, true);
    ck_assert_uint_eq(q->rank, 2);
    c2s_tensor_release(q);
    c2s_sampler_destroy(sampler);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

static void sampler_refuses(const char *input, const char *layers, size_t rank, const int64_t *shape,
                            int64_t batch_size, cnn2snn_status code, const char *layer)
{
    struct c2s_graph *graph = sequential(input, layers);
    cnn2snn_samples *samples = samples_of(rank, shape, NULL);
    const struct c2s_batching batching = {.batch_size = batch_size, .keep_partial = false};
    cnn2snn_sampler *sampler = NULL;
    refused(c2s_sampler_create(graph, samples, &batching, &sampler, &error), code, "L-083", layer);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}

START_TEST(l083_samples_that_can_not_be)
{
    sampler_refuses("[1, 2, 2]", EX_MODEL, 4, (int64_t[]){0, 1, 2, 2}, 0, CNN2SNN_E_VALUE, NULL);
    sampler_refuses("[1, 2, 2]", EX_MODEL, 4, (int64_t[]){3, 2, 1, 2}, 0, CNN2SNN_E_VALUE, "in");
    sampler_refuses("[1, 2, 2]", EX_MODEL, 3, (int64_t[]){3, 2, 2}, 0, CNN2SNN_E_VALUE, "in");
    sampler_refuses("[1, 2, 2]", EX_MODEL, 4, (int64_t[]){3, 1, 2, 2}, 4, CNN2SNN_E_VALUE, NULL);
    sampler_refuses("[1, 2, 2]", EX_MODEL, 4, (int64_t[]){3, 1, 2, 2}, -1, CNN2SNN_E_VALUE, NULL);
    const float values[] = {1, 2, NAN, 4};
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL);
    cnn2snn_samples *samples = samples_of(4, (int64_t[]){1, 1, 2, 2}, values);
    cnn2snn_sampler *sampler = sampler_of(graph, samples, 0, false);
    cnn2snn_tensor *none = NULL;
    select_named(sampler, "c", false);
    refused(c2s_sampler_batch_outputs(sampler, 0, true, &none, &error), CNN2SNN_E_VALUE, "S-finite", NULL);
    c2s_sampler_destroy(sampler);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l083_models_with_branches_are_refused)
{
    struct c2s_graph *graph =
        graph_of("{'inputs': {'x': [2]}, 'layers': [['QuantizedDense', {'name': 'a', 'units': 2, " MAX_PER_AXIS(
            4) "}, ['x']], ['Add', {'name': 'add'}, ['a', 'x']]]}");
    cnn2snn_samples *samples = RANDOM_SAMPLES(2, 2);
    const struct c2s_batching batching = {.batch_size = 0, .keep_partial = false};
    cnn2snn_sampler *sampler = NULL;
    refused(c2s_sampler_create(graph, samples, &batching, &sampler, &error), CNN2SNN_E_NOT_SEQUENTIAL, "L-083", NULL);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l084_l085_l086_the_order_of_calls)
{
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL);
    cnn2snn_samples *samples = example_samples();
    cnn2snn_sampler *sampler = sampler_of(graph, samples, 0, false);
    cnn2snn_tensor *none = NULL;
    size_t layer = 0;
    double unused;
    refused(c2s_sampler_batch_outputs(sampler, 0, true, &none, &error), CNN2SNN_E_STATE, "L-085", NULL);
    refused(c2s_sampler_batch_outputs(sampler, 0, false, &none, &error), CNN2SNN_E_STATE, "L-085", NULL);
    refused(c2s_sampler_error(sampler, CNN2SNN_METRIC_MSE, &unused, &error), CNN2SNN_E_STATE, "L-087", NULL);
    refused(c2s_sampler_find(sampler, "nobody", &layer, &error), CNN2SNN_E_VALUE, "L-084", NULL);
    must(c2s_sampler_find(sampler, "r", &layer, &error));
    refused(c2s_sampler_select(sampler, layer, false, &error), CNN2SNN_E_VALUE, "L-084", "r");
    c2s_sampler_destroy(sampler);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

/* The same by going on from layer to layer, by starting again, and with pieces of one sample. */
START_TEST(l084_inputs_are_the_same_whichever_way_they_came)
{
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL);
    cnn2snn_samples *samples = example_samples();
    cnn2snn_sampler *a = sampler_of(graph, samples, 0, false), *b = sampler_of(graph, samples, 1, false);
    select_named(a, "c", false);
    cnn2snn_tensor *x = outputs(a, 0, true);
    c2s_tensor_release(x);
    select_named(a, "c2", false);
    select_named(b, "c2", false);
    cnn2snn_tensor *all = outputs(a, 0, true);
    for (int64_t i = 0; i < 3; i++) {
        cnn2snn_tensor *one = outputs(b, i, true);
        ck_assert_mem_eq(one->data, (char *)all->data + (size_t)i * one->size, one->size);
        c2s_tensor_release(one);
    }
    select_named(a, "c", false);
    near(error_of(a, CNN2SNN_METRIC_MSE), 0.5077083, 1e-7);
    c2s_tensor_release(all);
    c2s_sampler_destroy(a);
    c2s_sampler_destroy(b);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l084_layers_behind_see_a_changed_weight)
{
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL);
    cnn2snn_samples *samples = example_samples();
    cnn2snn_sampler *sampler = sampler_of(graph, samples, 0, false);
    select_named(sampler, "c2", false);
    cnn2snn_tensor *before = outputs(sampler, 0, true);
    select_named(sampler, "c", false);
    cnn2snn_tensor *x = outputs(sampler, 0, true), *kernel = NULL;
    c2s_tensor_release(x);
    must(c2s_tensor_copy(layer_named(graph, "c")->weights[0].tensor, &kernel, &error));
    c2s_f32_writable(kernel)[0] = 2;
    cnn2snn_layer *changed = NULL;
    must(c2s_layer_with_weights(layer_named(graph, "c"), 1, &kernel, &changed, &error));
    must(c2s_sampler_replace(sampler, changed, &error));
    select_named(sampler, "c2", false);
    cnn2snn_tensor *after = outputs(sampler, 0, true);
    ck_assert(memcmp(before->data, after->data, after->size) != 0);
    c2s_layer_release(changed);
    c2s_tensor_release(kernel);
    c2s_tensor_release(before);
    c2s_tensor_release(after);
    c2s_sampler_destroy(sampler);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

struct counted_metric {
    int resets, updates;
    double sum;
    cnn2snn_status fails;
};

static cnn2snn_status reset(void *user_data, cnn2snn_error **own)
{
    (void)own;
    ((struct counted_metric *)user_data)->resets++;
    return CNN2SNN_OK;
}

static cnn2snn_status update(void *user_data, const cnn2snn_tensor *f, const cnn2snn_tensor *q, cnn2snn_error **own)
{
    (void)own;
    struct counted_metric *metric = user_data;
    metric->updates++;
    for (uint64_t i = 0; i < f->count; i++)
        metric->sum += fabs((double)c2s_f32(f)[i] - (double)c2s_f32(q)[i]) / (double)f->count;
    return metric->fails;
}

static cnn2snn_status result(void *user_data, double *out, cnn2snn_error **own)
{
    (void)own;
    struct counted_metric *metric = user_data;
    *out = metric->sum / metric->updates;
    return CNN2SNN_OK;
}

START_TEST(l087_metrics_of_the_users)
{
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL);
    cnn2snn_samples *samples = example_samples();
    cnn2snn_sampler *sampler = sampler_of(graph, samples, 1, false);
    struct counted_metric counted = {0};
    const cnn2snn_metric metric = {
        .struct_size = sizeof metric, .user_data = &counted, .reset = reset, .update = update, .result = result};
    double found = 0;
    select_named(sampler, "c", false);
    must(c2s_sampler_error_by(sampler, &metric, &found, &error));
    near(found, 0.5874999, 1e-6);
    ck_assert_int_eq(counted.resets, 1);
    ck_assert_int_eq(counted.updates, 3);
    counted.fails = CNN2SNN_E_CALLBACK;
    refused(c2s_sampler_error_by(sampler, &metric, &found, &error), CNN2SNN_E_CALLBACK, "A-callback", NULL);
    c2s_sampler_destroy(sampler);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l143_next_activation_goes_past_other_layers)
{
    struct c2s_graph *graph =
        sequential("[2, 2, 1]",
                   "['QuantizedConv2D', {'name': 'a', 'filters': 1, 'kernel_size': 1, " MAX_PER_AXIS(
                       4) "}], ['ActivationDiscreteRelu', {'name': 'd', 'bitwidth': 2}], ['Flatten', {'name': 'f'}], "
                          "['QuantizedDense', {'name': 'b', 'units': 1, " MAX_PER_AXIS(
                              4) "}], ['QuantizedReLU', {'name': 'r', 'bitwidth': 4}]");
    cnn2snn_layer **layers = NULL;
    must(c2s_graph_linear_layers(graph, &layers, &error));
    ck_assert_uint_eq(c2s_next_activation(layers, 5, 0), 4);
    ck_assert_uint_eq(c2s_next_activation(layers, 5, 3), 4);
    ck_assert_uint_eq(c2s_next_activation(layers, 5, 4), 5);
    c2s_free(context, layers);
    c2s_graph_release(graph);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("core");
    tcase_add_test(tests, ex34_l087_errors_of_the_layers);
    tcase_add_test(tests, l087_each_metric_says_what_it_is_named);
    tcase_add_test(tests, l083_the_last_partial_batch_is_left_out_unless_asked_for);
    tcase_add_test(tests, l083_samples_of_any_rank);
    tcase_add_test(tests, l083_samples_that_can_not_be);
    tcase_add_test(tests, l083_models_with_branches_are_refused);
    tcase_add_test(tests, l084_l085_l086_the_order_of_calls);
    tcase_add_test(tests, l084_inputs_are_the_same_whichever_way_they_came);
    tcase_add_test(tests, l084_layers_behind_see_a_changed_weight);
    tcase_add_test(tests, l087_metrics_of_the_users);
    tcase_add_test(tests, l143_next_activation_goes_past_other_layers);
    return run_tests(suite_create("sampler"), tests);
}
