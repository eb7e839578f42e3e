/* SPDX-License-Identifier: Apache-2.0 */
/* Activations and normalizations as layers: which function a class or name is, and along which axes. */
#include "../support/layer_testing.h"

/* The layer's outputs for a row of values. */
static void check_layer(cnn2snn_layer *layer, size_t count, const float *in, const float *expected, double bound)
{
    cnn2snn_tensor *x = TENSOR(in, 1, (int64_t)count);
    cnn2snn_tensor *y = call_one(layer, x);
    check_values(y, count, expected, bound);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}

static const float in[] = {-INFINITY, -2, -0.25f, 0, 0.25f, 1, 3, 7, INFINITY, NAN};
enum { COUNT = sizeof in / sizeof *in };

START_TEST(relu_keeps_its_three_arguments)
{
    const float plain[] = {0, 0, 0, 0, 0.25f, 1, 3, 7, INFINITY, NAN};
    const float full[] = {-INFINITY, -1.5f, -0.625f, -0.5f, -0.375f, 0, 3, 6, 6, NAN};
    check_layer(make_layer("ReLU", "{'name': 'r'}"), COUNT, in, plain, 0);
    check_layer(make_layer("ReLU", "{'max_value': 6, 'negative_slope': 0.5, 'threshold': 1}"), COUNT, in, full, 0);
    check_layer(make_layer("Activation", "{'activation': {'class_name': 'ReLU', 'config': {'max_value': 6, "
                                         "'negative_slope': 0.5, 'threshold': 1}}}"),
                COUNT, in, full, 0);
}
END_TEST

START_TEST(leaky_relu_the_layer_and_the_function_have_slopes_of_their_own)
{
    const float layer[] = {-INFINITY, -0.6f, -0.075f, 0, 0.25f, 1, 3, 7, INFINITY, NAN};
    const float function[] = {-INFINITY, -0.4f, -0.05f, 0, 0.25f, 1, 3, 7, INFINITY, NAN};
    check_layer(make_layer("LeakyReLU", "{'name': 'l'}"), COUNT, in, layer, 1e-7);
    check_layer(make_layer("Activation", "{'activation': 'leaky_relu'}"), COUNT, in, function, 1e-7);
}
END_TEST

START_TEST(elu_and_thresholded_relu_follow_their_arguments)
{
    const float elu[] = {-2, -2 + 2 * 0.13533528f, -2 + 2 * 0.77880078f, 0, 0.25f, 1, 3, 7, INFINITY, NAN};
    const float above_one[] = {0, 0, 0, 0, 0, 0, 3, 7, INFINITY, NAN};
    check_layer(make_layer("ELU", "{'alpha': 2}"), COUNT, in, elu, 2e-7);
    check_layer(make_layer("ThresholdedReLU", "{'theta': 1}"), COUNT, in, above_one, 0);
}
END_TEST

START_TEST(hard_sigmoid_is_that_of_the_writers_keras)
{
    const float keras2[] = {0, 0.1f, 0.45f, 0.5f, 0.55f, 0.7f, 1, 1, 1, NAN};
    const float keras3[] = {0, 1.0f / 6, 2.75f / 6, 0.5f, 3.25f / 6, 4.0f / 6, 1, 1, 1, NAN};
    const struct c2s_layer_source source = {.keras_generation = 2};
    json_t *config = json_pack("{s:s}", "activation", "hard_sigmoid");
    cnn2snn_layer *layer = NULL;
    CHECK_OK(c2s_layer_create(context, "Activation", config, &source, &layer, &error));
    json_decref(config);
    check_layer(layer, COUNT, in, keras2, 1e-7);
    check_layer(make_layer("Activation", "{'activation': 'hard_sigmoid'}"), COUNT, in, keras3, 1e-7);
}
END_TEST

START_TEST(every_name_runs_and_keeps_nan)
{
    const char *names[] = {"linear",       "relu",           "relu6",       "leaky_relu",  "sigmoid",
                           "tanh",         "softplus",       "softsign",    "elu",         "celu",
                           "selu",         "swish",          "silu",        "gelu",        "exponential",
                           "mish",         "hard_silu",      "hard_swish",  "hard_tanh",   "tanh_shrink",
                           "hard_shrink",  "soft_shrink",    "log_sigmoid", "squareplus",  "sparse_plus",
                           "hard_sigmoid", "sparse_sigmoid", "softmax",     "log_softmax", "sparsemax"};
    const float values[] = {0.5f, -0.5f, NAN, 1};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cnn2snn_layer *layer = make_layer("Activation", "{'activation': '%s'}", names[i]);
        cnn2snn_tensor *x = TENSOR(values, 2, 2), *y = call_one(layer, x);
        ck_assert_msg(isnan(c2s_f32(y)[2]) && !isnan(c2s_f32(y)[0]), "%s of NaN is %g", names[i], c2s_f32(y)[2]);
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
}
END_TEST

START_TEST(ex14_l108_l110_quantized_relu)
{
    const float x[] = {-1, 0, 0.19f, 0.2f, 0.21f, 0.6f, 0.61f, 1, 3.3f, 5.7f, 5.9f, 6.2f, 7, 100};
    const float y[] = {0, 0, 0, 0, 0, 0, 0, 0, 4.2000003f, 6.3f, 6.3f, 6.3f, 6.3f, 6.3f};
    check_layer(make_layer("QuantizedReLU", "{'bitwidth': 2, 'max_value': 6.3}"), 14, x, y, 1e-6);
}
END_TEST

START_TEST(ex11_l108_l109_activation_discrete_relu)
{
    const float x[] = {-1, 0, 0.19f, 0.2f, 0.21f, 0.6f, 0.61f, 1, 3.3f, 5.7f, 5.9f, 6.2f, 7, 100};
    const float y[] = {0, 0, 0, 0, 0.4f, 0.8f, 0.8f, 0.8f, 3.2f, 5.6f, 6, 6, 6, 6};
    check_layer(make_layer("ActivationDiscreteRelu", "{'bitwidth': 4}"), 14, x, y, 1e-6);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ softmax */

START_TEST(softmax_goes_along_one_axis_or_several)
{
    const struct {
        const char *axes;
        bool along[4];
    } cases[] = {{"-1", {0, 0, 0, 1}},
                 {"1", {0, 1, 0, 0}},
                 {"[2]", {0, 0, 1, 0}},
                 {"[1, -1]", {0, 1, 0, 1}},
                 {"[3, 1, 2]", {0, 1, 1, 1}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cnn2snn_layer *layer = make_layer("Softmax", "{'axis': %s}", cases[i].axes);
        cnn2snn_tensor *x = TENSOR(NULL, 2, 3, 4, 5), *y = call_one(layer, x);
        for (size_t n = 0; n < x->count; n++) {
            const int64_t at[] = {(int64_t)n / 60, (int64_t)n / 20 % 3, (int64_t)n / 5 % 4, (int64_t)n % 5};
            double total = 0;
            for (size_t m = 0; m < x->count; m++) {
                const int64_t other[] = {(int64_t)m / 60, (int64_t)m / 20 % 3, (int64_t)m / 5 % 4, (int64_t)m % 5};
                bool together = true;
                for (int axis = 0; axis < 4; axis++)
                    together = together && (cases[i].along[axis] || at[axis] == other[axis]);
                total += together ? exp(c2s_f32(x)[m]) : 0;
            }
            check_near(c2s_f32(y)[n], exp(c2s_f32(x)[n]) / total, 2e-7, cases[i].axes, n);
        }
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------------ normalizations */

START_TEST(batch_normalization_works_along_any_axis)
{
    const int64_t extents[] = {2, 3, 4, 5};
    const char *switches[] = {"'epsilon': 0.01", "'scale': false", "'center': false",
                              "'center': false, 'scale': false"};
    for (int axis = -3; axis <= 3; axis++)
        for (int s = 0; axis && s < 4; s++) {
            cnn2snn_layer *layer = make_layer("BatchNormalization", "{'axis': %d, %s}", axis, switches[s]);
            cnn2snn_tensor *x = make_tensor(4, extents, NULL);
            build_for(layer, x);
            cnn2snn_tensor *y = call_one(layer, x);
            size_t scale = s == 0 || s == 2, center = s < 2, along = (size_t)(axis < 0 ? axis + 4 : axis), stride = 1;
            for (size_t i = along + 1; i < 4; i++)
                stride *= (size_t)extents[i];
            ck_assert_uint_eq(layer->weight_count, 2 + scale + center);
            for (size_t n = 0; n < x->count; n++) {
                size_t c = n / stride % (size_t)extents[along];
                double gamma = scale ? weight_value(layer, 0, c) : 1,
                       beta = center ? weight_value(layer, scale, c) : 0;
                double mean = weight_value(layer, scale + center, c);
                double variance = weight_value(layer, scale + center + 1, c), epsilon = s ? 0.001 : 0.01;
                check_near(c2s_f32(y)[n], (c2s_f32(x)[n] - mean) / sqrt(variance + epsilon) * gamma + beta, 2e-6,
                           "BatchNormalization", n);
            }
            c2s_tensor_release(x);
            c2s_tensor_release(y);
            c2s_layer_release(layer);
        }
}
END_TEST

START_TEST(batch_normalization_of_a_shifted_input_stays_exact)
{
    cnn2snn_layer *layer = make_layer("BatchNormalization", "{'scale': false, 'center': false, 'epsilon': 0.0001}");
    const float values[] = {4096.25f, 4096.5f}, means[] = {4096, 4096.5f}, variances[] = {0.0001f, 1};
    cnn2snn_tensor *x = TENSOR(values, 1, 2);
    build_for(layer, x);
    memcpy(layer->weights[0].tensor->data, means, sizeof means);
    memcpy(layer->weights[1].tensor->data, variances, sizeof variances);
    cnn2snn_tensor *y = call_one(layer, x);
    check_near(c2s_f32(y)[0], 0.25 / sqrt(0.0002), 1e-5, "shifted", 0);
    check_near(c2s_f32(y)[1], 0, 0, "shifted", 1);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(prelu_shares_axes)
{
    const struct {
        const char *shared;
        bool along[3];
    } cases[] = {
        {"null", {1, 1, 1}}, {"[1, 2]", {0, 0, 1}}, {"[3]", {1, 1, 0}}, {"[2]", {1, 0, 1}}, {"[1, 2, 3]", {0, 0, 0}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cnn2snn_layer *layer = make_layer("PReLU", "{'shared_axes': %s}", cases[i].shared);
        cnn2snn_tensor *x = TENSOR(NULL, 2, 3, 4, 5);
        build_for(layer, x);
        cnn2snn_tensor *y = call_one(layer, x);
        for (size_t n = 0; n < x->count; n++) {
            const size_t at[] = {n / 20 % 3, n / 5 % 4, n % 5}, extents[] = {3, 4, 5};
            size_t index = 0;
            for (int axis = 0; axis < 3; axis++)
                if (cases[i].along[axis])
                    index = index * extents[axis] + at[axis];
            float v = c2s_f32(x)[n];
            check_near(c2s_f32(y)[n], v > 0 ? v : v * weight_value(layer, 0, index), 0, cases[i].shared, n);
        }
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
}
END_TEST

START_TEST(rescaling_takes_one_number_or_one_for_each_channel)
{
    const float values[] = {0, 255, 128, 4, 5, 6},
                one[] = {-1, 1, 128 / 127.5f - 1, 4 / 127.5f - 1, 5 / 127.5f - 1, 6 / 127.5f - 1};
    const float each[] = {1, 512, 387, 5, 12, 21};
    cnn2snn_layer *scalar = make_layer("Rescaling", "{'scale': 0.00784313725490196, 'offset': -1}");
    cnn2snn_layer *vector = make_layer("Rescaling", "{'scale': [1, 2, 3], 'offset': [1, 2, 3]}");
    cnn2snn_tensor *x = TENSOR(values, 2, 3), *a = call_one(scalar, x), *b = call_one(vector, x);
    check_values(a, 6, one, 1e-6);
    check_values(b, 6, each, 0);
    c2s_tensor_release(x);
    c2s_tensor_release(a);
    c2s_tensor_release(b);
    c2s_layer_release(scalar);
    c2s_layer_release(vector);
}
END_TEST

START_TEST(layers_of_training_change_nothing)
{
    const char *names[] = {"Dropout", "SpatialDropout2D", "GaussianDropout", "AlphaDropout"};
    for (int i = 0; i < 4; i++) {
        cnn2snn_layer *layer = make_layer(names[i], "{'rate': 0.5}");
        cnn2snn_tensor *x = TENSOR(NULL, 2, 3, 4, 5), *y = call_one(layer, x);
        ck_assert_mem_eq(x->data, y->data, x->size);
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("op_activation");
    TCase *tests = tcase_create("op_activation");
    tcase_add_test(tests, relu_keeps_its_three_arguments);
    tcase_add_test(tests, leaky_relu_the_layer_and_the_function_have_slopes_of_their_own);
    tcase_add_test(tests, elu_and_thresholded_relu_follow_their_arguments);
    tcase_add_test(tests, hard_sigmoid_is_that_of_the_writers_keras);
    tcase_add_test(tests, every_name_runs_and_keeps_nan);
    tcase_add_test(tests, ex14_l108_l110_quantized_relu);
    tcase_add_test(tests, ex11_l108_l109_activation_discrete_relu);
    tcase_add_test(tests, softmax_goes_along_one_axis_or_several);
    tcase_add_test(tests, batch_normalization_works_along_any_axis);
    tcase_add_test(tests, batch_normalization_of_a_shifted_input_stays_exact);
    tcase_add_test(tests, prelu_shares_axes);
    tcase_add_test(tests, rescaling_takes_one_number_or_one_for_each_channel);
    tcase_add_test(tests, layers_of_training_change_nothing);
    return run_suite(suite, tests);
}
