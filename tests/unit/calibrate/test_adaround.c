/* SPDX-License-Identifier: Apache-2.0 */
#include "calibrate_testing.h"

#include "calibrate/adaround_layer.h"
#include "calibrate/calibrate.h"
#include "calibrate/loss.h"

struct settings {
    cnn2snn_adaround_options options;
    cnn2snn_optimizer optimizer;
    cnn2snn_loss loss;
};

static struct settings settings_of(cnn2snn_optimizer_kind kind, double rate, int64_t epochs)
{
    struct settings settings = {CNN2SNN_ADAROUND_OPTIONS_INIT, CNN2SNN_OPTIMIZER_INIT, CNN2SNN_LOSS_INIT};
    settings.optimizer.kind = kind;
    settings.optimizer.learning_rate = rate;
    settings.options.epochs = epochs;
    return settings;
}

static struct c2s_graph *rounded(const struct c2s_graph *graph, cnn2snn_samples *samples,
                                 const struct settings *settings)
{
    struct c2s_graph *result = NULL;
    must(c2s_adaround(graph, samples, &settings->options, &settings->optimizer, &settings->loss, &result, &error));
    return result;
}

static void ex38(const struct settings *settings, float a, float b, double bound)
{
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL);
    cnn2snn_samples *samples = example_samples();
    struct c2s_graph *result = rounded(graph, samples, settings);
    WEIGHT_NEAR(result, "c", 0, bound, 1, a, b, 0.9f);
    weight_equals(result, "c2", 1, 0.1f);
    c2s_graph_release(result);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}

START_TEST(ex38_l089_l090_adam)
{
    for (int gram = 0; gram < 2; gram++) {
        struct settings settings = settings_of(CNN2SNN_OPTIMIZER_ADAM, 0.01, 3);
        settings.options.no_gram = !gram;
        ex38(&settings, -0.6015164f, 0.39882323f, 5e-5);
        settings.options.epochs = 400;
        ex38(&settings, -0.6047652f, 0.3982058f, 5e-5);
    }
}
END_TEST

START_TEST(ex38_l090_sgd)
{
    for (int gram = 0; gram < 2; gram++) {
        struct settings settings = settings_of(CNN2SNN_OPTIMIZER_SGD, 0.5, 3);
        settings.options.no_gram = !gram;
        ex38(&settings, -0.6000107f, 0.3999992f, 2e-7);
    }
}
END_TEST

START_TEST(ex38_l092_batches)
{
    struct settings settings = settings_of(CNN2SNN_OPTIMIZER_ADAM, 0.01, 2);
    settings.options.batch_size = 1;
    /* Its second step is Adam's full size in the direction of a rounding error of 7e-9: float32 and float64 come to
     * -0.59916 and -0.59842. */
    ex38(&settings, -0.5989318f, 0.39968485f, 6e-4);
}
END_TEST

START_TEST(ex38_l093_include_activation)
{
    struct settings settings = settings_of(CNN2SNN_OPTIMIZER_ADAM, 0.01, 3);
    settings.options.include_activation = 1;
    ex38(&settings, -0.60154f, 0.39882323f, 5e-5);
}
END_TEST

START_TEST(l090_no_epochs_leave_the_weights)
{
    struct settings settings = settings_of(CNN2SNN_OPTIMIZER_ADAM, 0.01, 0);
    ex38(&settings, -0.6f, 0.4f, 1e-7);
}
END_TEST

START_TEST(ex36_l089_beta)
{
    const double expected[] = {20, 19.559509, 18.281153, 16.290068, 13.781153,
                               11, 8.218846,  5.709933,  3.718846,  2.4404917};
    for (int e = 0; e < 10; e++)
        near((double)c2s_soft_beta(e, 10), expected[e], 2e-6);
}
END_TEST

static struct c2s_soft_kernel soft_kernel(const float weights[4], int bits)
{
    cnn2snn_quantizer *quantizer = NULL;
    cnn2snn_tensor *tensor = NULL;
    struct c2s_soft_kernel soft;
    must(c2s_quantizer_create(context, CNN2SNN_QUANTIZER_MAX_PER_AXIS, bits, 3, &quantizer, &error));
    must(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 2, (int64_t[]){2, 2}, &tensor, &error));
    memcpy(tensor->data, weights, tensor->size);
    must(c2s_soft_kernel_init(&soft, quantizer, tensor, &error));
    c2s_tensor_release(tensor);
    c2s_quantizer_release(quantizer);
    return soft;
}

START_TEST(ex37_l089_alphas_of_weights)
{
    const float weights[] = {0.33f, -0.7f, 0.5f, 0.25f}, floors[] = {4, -7, 7, 2};
    const float alphas[] = {0.4054664f, -2.3978953f, -2.3978953f, 0}, ups[] = {0.6200004f, 0, 0, 0.5f};
    struct c2s_soft_kernel soft = soft_kernel(weights, 4);
    for (int i = 0; i < 4; i++) {
        near(soft.floors[i], floors[i], 0);
        near(soft.alphas[i], alphas[i], 1e-6);
        near(soft.ups[i], ups[i], 1e-6);
        near(c2s_f32(soft.kernel)[i], weights[i], 1e-7);
    }
    near(c2s_soft_kernel_gradient(&soft, 20, (float[4]){0}), 2, 1e-6);
    near(c2s_soft_kernel_gradient(&soft, 2, (float[4]){0}), 1.9423996, 1e-6);
    c2s_soft_kernel_free(&soft);
}
END_TEST

START_TEST(ex38_l089_gradient_of_the_regularization)
{
    const float weights[] = {1, -0.6f, 0.4f, 0.9f};
    const double expected[] = {0.03666666, 9.528e-11, 6.1e-15, 0.03666666};
    float gradient[4] = {0};
    struct c2s_soft_kernel soft = soft_kernel(weights, 2);
    c2s_soft_kernel_gradient(&soft, 20, gradient);
    for (int i = 0; i < 4; i++)
        near(fabs((double)gradient[i]), expected[i], expected[i] * 5e-3);
    c2s_soft_kernel_free(&soft);
}
END_TEST

/* Outside of [0, 1] the stretched sigmoid is cut: nothing pulls a weight that is rounded. */
START_TEST(l089_rounded_weights_have_no_gradient)
{
    const float weights[] = {0.33f, -0.7f, 0.5f, 0.25f};
    float gradient[4] = {1, 1, 1, 1};
    struct c2s_soft_kernel soft = soft_kernel(weights, 4);
    soft.alphas[0] = 5; /* h = 1 */
    soft.alphas[1] = 1; /* h = 0.777 */
    soft.alphas[2] = 1; /* the same, above the largest level */
    soft.alphas[3] = -5;
    c2s_soft_kernel_update(&soft);
    near(c2s_soft_kernel_gradient(&soft, 2, gradient), 2 * (1 - 0.5545406 * 0.5545406), 1e-6);
    const double slope = 1.2 * 0.7310586 * 0.2689414, pull = 0.01 * -2 * 2 * 0.5545406;
    near(gradient[0], 0, 0);
    near(gradient[1], (1 / 10. + pull) * slope, 1e-6);
    near(gradient[2], pull * slope, 1e-6);
    near(gradient[3], 0, 0);
    near(c2s_f32(soft.kernel)[2], 0.5, 1e-7);
    c2s_soft_kernel_free(&soft);
}
END_TEST

static void settings_refused(const struct settings *settings, const char *rule)
{
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL), *result = NULL;
    cnn2snn_samples *samples = example_samples();
    refused(c2s_adaround(graph, samples, &settings->options, &settings->optimizer, &settings->loss, &result, &error),
            CNN2SNN_E_VALUE, rule, NULL);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}

START_TEST(l090_l091_settings_that_can_not_be)
{
    const struct settings good = settings_of(CNN2SNN_OPTIMIZER_ADAM, 0.01, 3);
#define BAD(field, value, rule)                                                                                      \
    do {                                                                                                             \
        struct settings bad = good;                                                                                  \
        bad.field = value;                                                                                           \
        settings_refused(&bad, rule);                                                                                \
    } while (0)
    BAD(options.epochs, -1, "L-090");
    BAD(optimizer.kind, 5, "L-090");
    BAD(optimizer.kind, CNN2SNN_OPTIMIZER_CUSTOM, "L-090");
    BAD(optimizer.learning_rate, (double)NAN, "L-090");
    BAD(optimizer.beta_2, 1, "L-090");
    BAD(optimizer.epsilon, -1, "L-090");
    BAD(loss.kind, 0, "L-091");
    BAD(loss.kind, CNN2SNN_LOSS_CUSTOM, "L-091");
    BAD(loss.delta, 0, "L-091");
    BAD(options.batch_size, 4, "L-083");
}
END_TEST

/* ------------------------------------------------------------------------------------------- losses, optimizers */

START_TEST(l091_losses_and_their_gradients)
{
    const float f[] = {0, 1, 2, 3}, q[] = {0.5f, 1, -1, 5};
    const double expected[3] = {(0.25 + 9 + 4) / 4, (0.5 + 3 + 2) / 4, (0.125 + 2.5 + 1.5) / 4};
    const float gradients[3][4] = {{0.25f, 0, -1.5f, 1}, {0.25f, 0, -0.25f, 0.25f}, {0.125f, 0, -0.25f, 0.25f}};
    cnn2snn_tensor *tensors[2] = {NULL};
    for (int i = 0; i < 2; i++) {
        must(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 2, (int64_t[]){2, 2}, &tensors[i], &error));
        memcpy(tensors[i]->data, i ? q : f, sizeof f);
    }
    for (cnn2snn_loss_kind kind = CNN2SNN_LOSS_MSE; kind <= CNN2SNN_LOSS_HUBER; kind++) {
        cnn2snn_loss loss = CNN2SNN_LOSS_INIT;
        cnn2snn_tensor *gradient = NULL;
        double total = 0;
        loss.kind = kind;
        must(c2s_loss_add(&loss, tensors[0], tensors[1], 4, &total, &gradient, &error));
        near(total, expected[kind - 1], 1e-7);
        for (int i = 0; i < 4; i++)
            near(c2s_f32(gradient)[i], gradients[kind - 1][i], 1e-7);
        c2s_tensor_release(gradient);
    }
    c2s_tensor_release(tensors[0]);
    c2s_tensor_release(tensors[1]);
}
END_TEST

/* tf_keras 2.19: three steps on [1, -2] with gradients [0.1, -0.2], [0.3, 0], [-0.1, 0.5]. */
static void check_optimizer(const cnn2snn_optimizer *optimizer, const float expected[2])
{
    const float gradients[3][2] = {{0.1f, -0.2f}, {0.3f, 0}, {-0.1f, 0.5f}};
    float values[2] = {1, -2};
    struct c2s_optimizer_state state;
    must(c2s_optimizer_state_init(context, 0, 2, &state, &error));
    for (uint64_t step = 1; step <= 3; step++)
        must(c2s_optimizer_apply(context, optimizer, step, &state, gradients[step - 1], values, &error));
    near(values[0], expected[0], 3e-7);
    near(values[1], expected[1], 3e-7);
    c2s_optimizer_state_free(context, &state);
}

START_TEST(l090_optimizers_step_as_keras_does)
{
    cnn2snn_optimizer sgd = CNN2SNN_OPTIMIZER_INIT, adam = sgd, rmsprop = sgd;
    sgd.kind = CNN2SNN_OPTIMIZER_SGD;
    sgd.learning_rate = adam.learning_rate = rmsprop.learning_rate = 0.1;
    check_optimizer(&sgd, (float[]){0.970000029f, -2.02999997f});
    sgd.momentum = 0.9;
    check_optimizer(&sgd, (float[]){0.925900042f, -1.99580002f});
    sgd.nesterov = 1;
    check_optimizer(&sgd, (float[]){0.903310001f, -2.02622008f});
    check_optimizer(&adam, (float[]){0.759858966f, -1.87309849f});
    rmsprop.kind = CNN2SNN_OPTIMIZER_RMSPROP;
    check_optimizer(&rmsprop, (float[]){0.482730806f, -1.98131037f});
    rmsprop.momentum = 0.5;
    rmsprop.centered = 1;
    check_optimizer(&rmsprop, (float[]){0.0289032459f, -1.72041619f});
}
END_TEST

/* The library's losses and optimizers said again as the user's. */
struct counts {
    uint64_t losses, steps, last_step;
    size_t variables;
    cnn2snn_status fails;
};

static cnn2snn_status own_loss(void *user_data, const cnn2snn_tensor *f, const cnn2snn_tensor *q, double *out_loss,
                               float *gradient, cnn2snn_error **own)
{
    (void)own;
    struct counts *counts = user_data;
    counts->losses++;
    *out_loss = 0;
    for (uint64_t i = 0; i < f->count; i++) {
        float difference = c2s_f32(q)[i] - c2s_f32(f)[i];
        *out_loss += (double)difference * (double)difference / (double)f->count;
        gradient[i] = 2 * difference / (float)f->count;
    }
    return counts->fails;
}

static cnn2snn_status own_step(void *user_data, uint64_t step, size_t variable, size_t count, const float *gradient,
                               float *values, cnn2snn_error **own)
{
    (void)own;
    struct counts *counts = user_data;
    counts->steps++;
    counts->last_step = step;
    counts->variables = variable + 1 > counts->variables ? variable + 1 : counts->variables;
    for (size_t i = 0; i < count; i++)
        values[i] -= 0.5f * gradient[i];
    return CNN2SNN_OK;
}

START_TEST(l090_l091_of_the_users_own)
{
    struct counts counts = {0};
    struct settings settings = settings_of(CNN2SNN_OPTIMIZER_CUSTOM, 0, 3);
    settings.optimizer.apply = own_step;
    settings.optimizer.user_data = settings.loss.user_data = &counts;
    settings.loss.kind = CNN2SNN_LOSS_CUSTOM;
    settings.loss.evaluate = own_loss;
    ex38(&settings, -0.6000107f, 0.3999992f, 2e-7);
    ck_assert_uint_eq(counts.losses, 5); /* three, and two for the second layer, whose weights are almost rounded */
    ck_assert_uint_eq(counts.steps, 5);
    ck_assert_uint_eq(counts.last_step, 5);
    ck_assert_uint_eq(counts.variables, 2);
    counts.fails = CNN2SNN_E_CALLBACK;
    struct c2s_graph *graph = sequential("[1, 2, 2]", EX_MODEL), *result = NULL;
    cnn2snn_samples *samples = example_samples();
    refused(c2s_adaround(graph, samples, &settings.options, &settings.optimizer, &settings.loss, &result, &error),
            CNN2SNN_E_CALLBACK, "A-callback", NULL);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

/* --------------------------------------------------------------------------------------------- threads, batches */

#define DEEP_MODEL                                                                                                   \
    "['QuantizedConv2D', {'name': 'a', 'filters': 5, 'kernel_size': 3, 'padding': 'same', " MAX_PER_AXIS(            \
        4) "}], ['MaxPooling2D', {'name': 'p', 'padding': 'same'}], ['QuantizedReLU', {'name': 'ra', 'bitwidth': "   \
           "4, "                                                                                                     \
           "'max_value': 2}], ['QuantizedSeparableConv2D', {'name': 's', 'filters': 6, 'kernel_size': 3, "           \
           "'quantizer_dw': " MAX(4) ", " MAX_PER_AXIS(                                                              \
               4) "}], ['QuantizedReLU', {'name': 'rs', 'bitwidth': 4, 'max_value': 2}], ['Flatten', {'name': 'f'}]" \
                  ", ['QuantizedDense', {'name': 'd', 'units': 3, " MAX_PER_AXIS(4) "}]"

static void with_threads(int threads)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.threads = threads;
    c2s_context_release(context);
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
}

/* The kernels that come out, one behind the other. */
static size_t kernels_of(const struct settings *settings, float *out)
{
    size_t count = 0;
    struct c2s_graph *graph = sequential("[24, 22, 3]", DEEP_MODEL);
    cnn2snn_samples *samples = RANDOM_SAMPLES(45, 24, 22, 3);
    randomize(graph);
    struct c2s_graph *result = rounded(graph, samples, settings);
    for (size_t l = 0; l < result->layer_count; l++)
        for (size_t i = 0; i < result->layers[l]->weight_count; i++) {
            const cnn2snn_tensor *weights = result->layers[l]->weights[i].tensor;
            memcpy(out + count, weights->data, weights->size);
            count += (size_t)weights->count;
        }
    c2s_graph_release(result);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
    return count;
}

START_TEST(l089_l093_results_are_the_same_for_any_number_of_threads)
{
    static float weights[4][8000];
    for (int round = 0; round < 4; round++) {
        struct settings settings = settings_of(CNN2SNN_OPTIMIZER_ADAM, 0.02, 2);
        settings.options.include_activation = round % 2;
        settings.options.no_gram = 1;
        settings.options.batch_size = round / 2 ? 20 : 0;
        settings.options.keep_partial_batch = 1;
        settings.loss.kind = round == 3 ? CNN2SNN_LOSS_HUBER : CNN2SNN_LOSS_MSE;
        const int threads[4] = {1, 2, 3, 60};
        for (int i = 0; i < 4; i++) {
            with_threads(threads[i]);
            size_t count = kernels_of(&settings, weights[i]);
            ck_assert(count > 200 && count < 8000);
            ck_assert_mem_eq(weights[i], weights[0], count * sizeof(float));
        }
    }
}
END_TEST

static uint64_t steps_of_batches(int64_t batch_size, int keep_partial)
{
    struct counts counts = {0};
    struct settings settings = settings_of(CNN2SNN_OPTIMIZER_CUSTOM, 0, 4);
    settings.optimizer.apply = own_step;
    settings.optimizer.user_data = &counts;
    settings.options.batch_size = batch_size;
    settings.options.keep_partial_batch = keep_partial;
    struct c2s_graph *graph =
        sequential("[1, 2, 2]", "['QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'use_bias': "
                                "false, " MAX_PER_AXIS(2) "}, [], [[1, -0.6, 0.4, 0.9]]]");
    cnn2snn_samples *samples = example_samples();
    c2s_graph_release(rounded(graph, samples, &settings));
    c2s_samples_release(samples);
    c2s_graph_release(graph);
    return counts.last_step;
}

START_TEST(l092_each_batch_is_a_step)
{
    ck_assert_uint_eq(steps_of_batches(0, 0), 4);
    ck_assert_uint_eq(steps_of_batches(3, 0), 4);
    ck_assert_uint_eq(steps_of_batches(1, 0), 12);
    ck_assert_uint_eq(steps_of_batches(2, 0), 4); /* the third sample is left out */
    ck_assert_uint_eq(steps_of_batches(2, 1), 8);
}
END_TEST

static int64_t epochs_told;

static void remember_epochs(void *user_data, const cnn2snn_calibrated_layer *layer)
{
    epochs_told = layer->epochs;
}

START_TEST(l090_it_stops_when_all_weights_are_rounded)
{
    struct c2s_graph *graph = sequential(
        "[2]",
        "['QuantizedDense', {'name': 'd', 'units': 1, 'use_bias': false, " MAX_PER_AXIS(2) "}, [], [[1, 0.04]]]");
    cnn2snn_samples *samples = RANDOM_SAMPLES(8, 2);
    struct settings settings = settings_of(CNN2SNN_OPTIMIZER_ADAM, 0.5, 200);
    settings.options.layer_done = remember_epochs;
    struct c2s_graph *result = rounded(graph, samples, &settings);
    ck_assert(epochs_told > 1 && epochs_told < 200);
    weight_equals(result, "d", 0, 1, 0);
    c2s_graph_release(result);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l093_gradients_go_through_what_lies_before_the_activation)
{
    struct c2s_graph *graph = sequential(
        "[6, 6, 2]",
        "['QuantizedConv2D', {'name': 'a', 'filters': 4, 'kernel_size': 3, " MAX_PER_AXIS(
            4) "}], ['BatchNormalization', {'name': 'b'}], ['MaxPooling2D', {'name': 'p'}], ['QuantizedReLU', "
               "{'name': 'r', 'bitwidth': 4, 'max_value': 3}], ['Flatten', {'name': 'f'}], ['QuantizedDense',"
               " {'name': 'd', 'units': 2, " MAX_PER_AXIS(4) "}]");
    cnn2snn_samples *samples = RANDOM_SAMPLES(20, 6, 6, 2);
    struct settings settings = settings_of(CNN2SNN_OPTIMIZER_ADAM, 0.05, 5);
    settings.options.include_activation = 1;
    struct c2s_graph *result = rounded(graph, samples, &settings);
    ck_assert(rms_between(graph, result, "a", 0) > 1e-4f);
    c2s_graph_release(result);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l093_a_layer_without_gradient_is_named)
{
    struct c2s_graph *graph =
        sequential("[4]", "['QuantizedDense', {'name': 'a', 'units': 2, " MAX_PER_AXIS(
                              4) "}], ['Softmax', {'name': 's'}], ['QuantizedReLU', {'name': 'r', 'bitwidth': 4}]");
    struct c2s_graph *result = NULL;
    cnn2snn_samples *samples = RANDOM_SAMPLES(4, 4);
    struct settings settings = settings_of(CNN2SNN_OPTIMIZER_ADAM, 0.05, 5);
    settings.options.include_activation = 1;
    refused(c2s_adaround(graph, samples, &settings.options, &settings.optimizer, &settings.loss, &result, &error),
            CNN2SNN_E_UNSUPPORTED, "R-gradient", "s");
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l089_a_model_without_quantized_layers)
{
    struct c2s_graph *graph = sequential("[4]", "['Dense', {'name': 'a', 'units': 2}]"), *result = NULL;
    cnn2snn_samples *samples = RANDOM_SAMPLES(4, 4);
    const struct settings settings = settings_of(CNN2SNN_OPTIMIZER_ADAM, 0.05, 5);
    refused(c2s_adaround(graph, samples, &settings.options, &settings.optimizer, &settings.loss, &result, &error),
            CNN2SNN_E_VALUE, "L-089", NULL);
    c2s_samples_release(samples);
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ memory */

static int with_gram, with_activation;

static cnn2snn_status round_once(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **own)
{
    int left = allocations_left;
    allocations_left = -1;
    cnn2snn_samples *samples = RANDOM_SAMPLES(3, 5, 5, 2);
    struct settings settings = settings_of(CNN2SNN_OPTIMIZER_ADAM, 0.01, 1);
    settings.options.no_gram = !with_gram;
    settings.options.include_activation = with_activation;
    allocations_left = left;
    cnn2snn_status status =
        c2s_adaround(graph, samples, &settings.options, &settings.optimizer, &settings.loss, out_graph, own);
    c2s_samples_release(samples);
    return status;
}

START_TEST(every_allocation_may_fail)
{
    context_with_failing_allocator();
    struct c2s_graph *graph =
        sequential("[5, 5, 2]",
                   "['QuantizedSeparableConv2D', {'name': 's', 'filters': 2, 'kernel_size': 2, 'quantizer_dw': " MAX(
                       4) ", " MAX_PER_AXIS(4) "}], ['MaxPooling2D', {'name': 'p'}], ['QuantizedReLU', {'name': 'r', "
                                               "'bitwidth': 4}], ['Flatten', {'name': 'f'}], ['QuantizedDense', "
                                               "{'name': 'd', 'units': 1, " MAX_PER_AXIS(4) "}]");
    for (with_activation = 0; with_activation < 2; with_activation++)
        for (with_gram = 0; with_gram < 2; with_gram++)
            fail_each_allocation(round_once, graph);
    c2s_graph_release(graph);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("core");
    tcase_add_test(tests, ex36_l089_beta);
    tcase_add_test(tests, ex37_l089_alphas_of_weights);
    tcase_add_test(tests, ex38_l089_gradient_of_the_regularization);
    tcase_add_test(tests, l089_rounded_weights_have_no_gradient);
    tcase_add_test(tests, ex38_l089_l090_adam);
    tcase_add_test(tests, ex38_l090_sgd);
    tcase_add_test(tests, ex38_l092_batches);
    tcase_add_test(tests, ex38_l093_include_activation);
    tcase_add_test(tests, l090_no_epochs_leave_the_weights);
    tcase_add_test(tests, l090_l091_settings_that_can_not_be);
    tcase_add_test(tests, l091_losses_and_their_gradients);
    tcase_add_test(tests, l090_optimizers_step_as_keras_does);
    tcase_add_test(tests, l090_l091_of_the_users_own);
    tcase_add_test(tests, l090_it_stops_when_all_weights_are_rounded);
    tcase_add_test(tests, l093_gradients_go_through_what_lies_before_the_activation);
    tcase_add_test(tests, l093_a_layer_without_gradient_is_named);
    tcase_add_test(tests, l089_a_model_without_quantized_layers);
    tcase_add_test(tests, l089_l093_results_are_the_same_for_any_number_of_threads);
    tcase_add_test(tests, l092_each_batch_is_a_step);
    tcase_add_test(tests, every_allocation_may_fail);
    return run_tests(suite_create("adaround"), tests);
}
