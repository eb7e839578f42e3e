/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of Akida 1.0, at the edges of their arithmetic. */
#include "simulate_test.h"

#include <math.h>

/* A 1x1 convolution or FullyConnected of one filter that hands its one input through: the potential is x * weight. */
static cnn2snn_akida_model *one_neuron(double weight, int activation, int bits, double threshold, double step)
{
    cnn2snn_akida_model *model = events(0, 1, 1, 1);
    add_layer(model, C2S_AKIDA_FULLY_CONNECTED, "f", "units", 1, "activation", activation, "act_bits", bits,
              "weights_bits", 8, NULL);
    weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), &weight);
    vector(model, "threshold", CNN2SNN_DTYPE_INT32, 1, &threshold);
    vector(model, "act_step", CNN2SNN_DTYPE_FLOAT32, 1, &step);
    return model;
}

static const struct {
    double input;
    int bits;
    double threshold, step, level;
} levels[] = {
    /* level = ceil(16 p / d), d = floor(16 step) 2^(4 - bits), p = potential - threshold */
    {10, 4, 10, 2, 0},      {11, 4, 10, 2, 1},      {12, 4, 10, 2, 1},        {13, 4, 10, 2, 2},
    {39, 4, 10, 2, 15},     {41, 4, 10, 2, 15},     {200, 4, 10, 2, 15},      {9, 4, 10, 2, 0},
    {11, 1, 10, 2, 1},      {200, 1, 10, 2, 1},     {10, 1, 10, 2, 0},        {18, 2, 10, 2, 1},
    {19, 2, 10, 2, 2},      {35, 2, 10, 2, 3},      {60, 2, 10, 2, 3},        {1, 4, 0, 0.0625, 15},
    {1, 4, 0, 0.1249, 15},  {2, 4, 0, 0.1874, 15},  {3, 4, 0, 1.0624, 3},     {3, 4, 0, 1.0625, 3},
    {17, 4, 0, 1.0625, 15}, {15, 4, 0, 1.0624, 15}, {15, 4, 0, 1.0625, 15},   {14, 4, 0, 1.0625, 14},
    {255, 4, 0, 1e30, 1},   {0, 4, -1, 1e30, 1},    {0, 4, 2147483647, 1, 0}, {255, 4, -2147483648.0, 1, 15},
};

START_TEST(levels_are_rounded_up_and_limited)
{
    cnn2snn_akida_model *model = one_neuron(1, 1, levels[_i].bits, levels[_i].threshold, levels[_i].step);
    EXPECT(model, &levels[_i].input, CNN2SNN_DTYPE_UINT8, levels[_i].level);
}
END_TEST

START_TEST(without_activation_the_potential_comes_out_and_predict_scales_it)
{
    cnn2snn_akida_model *model = one_neuron(-3, 0, 1, 7, 2.5);
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    cnn2snn_tensor *output = forward(simulator, 1, VALUES(100), false);
    expect_values(output, CNN2SNN_DTYPE_INT32, 1, VALUES(-300));
    c2s_tensor_release(output);
    output = forward(simulator, 1, VALUES(100), true);
    expect_values(output, CNN2SNN_DTYPE_FLOAT32, 1, VALUES((double)(-307.0f / 2.5f)));
    c2s_tensor_release(output);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(predict_needs_potentials)
{
    cnn2snn_akida_model *model = one_neuron(1, 1, 4, 0, 1);
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    cnn2snn_tensor *input = samples_of(CNN2SNN_DTYPE_UINT8, 1, EXTENTS(1, 1, 1), VALUES(1)), *output = NULL;
    ck_assert_int_eq(c2s_simulator_forward(simulator, input, true, NULL, NULL, &output, NULL),
                     CNN2SNN_E_INCOMPATIBLE);
    ck_assert_ptr_null(output);
    c2s_tensor_release(input);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(a_step_below_a_sixteenth_is_refused_where_it_counts)
{
    expect_refusal(one_neuron(1, 1, 4, 0, 0.0624), CNN2SNN_E_VALUE,
                   "act_step of filter 0 is 0.0624, expected at least 1/16");
    expect_refusal(one_neuron(1, 1, 4, 0, NAN), CNN2SNN_E_VALUE, "act_step holds a NaN");
    EXPECT(one_neuron(1, 0, 4, 0, 0.01), VALUES(5), CNN2SNN_DTYPE_INT32, 5);
}
END_TEST

START_TEST(a_dense_sum_saturates_once_at_the_end_to_20_bits)
{
    /* 255 * 127 * 20 = 647700 lies beyond, and comes back into the range before the end. */
    double values[40], inputs[40];
    cnn2snn_akida_model *model = events(0, 1, 1, 40);
    add_layer(model, C2S_AKIDA_FULLY_CONNECTED, "f", "units", 2, "activation", 0, "weights_bits", 8, NULL);
    double all[80];
    for (int i = 0; i < 40; i++) {
        inputs[i] = 255;
        values[i] = i < 20 ? 127 : -127;
        all[2 * i] = values[i];
        all[2 * i + 1] = 127;
    }
    weights(model, "weights", 4, EXTENTS(1, 1, 40, 2), all);
    EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 0, 524287);
}
END_TEST

START_TEST(a_dense_layer_reads_channels_slowest_and_x_fastest)
{
    double values[12];
    cnn2snn_akida_model *model = events(0, 2, 3, 2); /* x = 2, y = 3 */
    add_layer(model, C2S_AKIDA_FULLY_CONNECTED, "f", "units", 1, "activation", 0, "weights_bits", 8, NULL);
    for (int i = 0; i < 12; i++)
        values[i] = i;
    weights(model, "weights", 4, EXTENTS(1, 1, 12, 1), values);
    /* One event at x = 1, y = 2, channel 1: index (1 * 3 + 2) * 2 + 1 = 11; at x = 1, y = 0, channel 0: 1. */
    double inputs[12] = {0};
    inputs[(1 * 3 + 2) * 2 + 1] = 1;
    inputs[(1 * 3 + 0) * 2 + 0] = 10;
    EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 11 + 10);
}
END_TEST

static cnn2snn_akida_model *convolution(int kind, int x, int y, int channels, int filters, int kernel_x, int kernel_y,
                                        int padding)
{
    cnn2snn_akida_model *model = kind == C2S_AKIDA_INPUT_CONVOLUTIONAL ? new_model() : events(0, x, y, channels);
    add_layer(model, kind, "c", "filters", filters, "kernel_width", kernel_x, "kernel_height", kernel_y, "stride_x",
              1, "stride_y", 1, "padding", padding, "activation", 0, "weights_bits", 8, "pool_type", 0, NULL);
    if (kind == C2S_AKIDA_INPUT_CONVOLUTIONAL) {
        parameter(model, "input_width", x);
        parameter(model, "input_height", y);
        parameter(model, "input_channels", channels);
    }
    return model;
}

START_TEST(hidden_kernels_are_flipped_and_those_of_images_are_not)
{
    static const double kernel[3] = {1, 2, 3}, inputs[3] = {0, 1, 0};
    cnn2snn_akida_model *model = convolution(C2S_AKIDA_CONVOLUTIONAL, 3, 1, 1, 1, 3, 1, C2S_PADDING_SAME);
    weights(model, "weights", 4, EXTENTS(3, 1, 1, 1), kernel);
    EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 1, 2, 3);
    model = convolution(C2S_AKIDA_INPUT_CONVOLUTIONAL, 3, 1, 1, 1, 3, 1, C2S_PADDING_SAME);
    weights(model, "weights", 4, EXTENTS(3, 1, 1, 1), kernel);
    EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 3, 2, 1);
    model = convolution(C2S_AKIDA_CONVOLUTIONAL, 1, 3, 1, 1, 1, 3, C2S_PADDING_SAME); /* the other axis */
    weights(model, "weights", 4, EXTENTS(1, 3, 1, 1), kernel);
    EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 1, 2, 3);
}
END_TEST

START_TEST(images_are_padded_with_their_value)
{
    cnn2snn_akida_model *model = convolution(C2S_AKIDA_INPUT_CONVOLUTIONAL, 2, 2, 1, 1, 3, 3, C2S_PADDING_SAME);
    parameter(model, "padding_value", 200);
    weights(model, "weights", 4, EXTENTS(3, 3, 1, 1), VALUES(1, 1, 1, 1, 1, 1, 1, 1, -1));
    EXPECT(model, VALUES(1, 2, 3, 255), CNN2SNN_DTYPE_INT32, 1000 + 6 - 255, 800 + 261 - 200, 800 + 261 - 200,
           800 + 261 - 200);
}
END_TEST

START_TEST(even_strides_pad_less_in_front)
{
    cnn2snn_akida_model *model = convolution(C2S_AKIDA_CONVOLUTIONAL, 4, 1, 1, 1, 3, 1, C2S_PADDING_SAME);
    parameter(model, "stride_x", 2);                                       /* total padding 1: none in front */
    weights(model, "weights", 4, EXTENTS(3, 1, 1, 1), VALUES(100, 10, 1)); /* flipped: 1, 10, 100 */
    EXPECT(model, VALUES(1, 2, 3, 4), CNN2SNN_DTYPE_INT32, 321, 43);
}
END_TEST

START_TEST(a_separable_layer_is_depthwise_then_pointwise)
{
    cnn2snn_akida_model *model = convolution(C2S_AKIDA_SEPARABLE_CONVOLUTIONAL, 2, 1, 2, 1, 3, 1, C2S_PADDING_SAME);
    weights(model, "weights", 4, EXTENTS(3, 1, 2, 1), VALUES(1, 0, 2, 1, 3, 0));
    weights(model, "weights_pw", 4, EXTENTS(1, 1, 2, 1), VALUES(1, -100));
    /* channel 0: (5, 7): 2*5 + 1*7, 3*5 + 2*7; channel 1: hands through (6, 8) */
    EXPECT(model, VALUES(5, 6, 7, 8), CNN2SNN_DTYPE_INT32, 17 - 600, 29 - 800);
}
END_TEST

START_TEST(max_pooling_goes_before_the_threshold_and_padding_never_wins)
{
    cnn2snn_akida_model *model = convolution(C2S_AKIDA_CONVOLUTIONAL, 3, 1, 1, 1, 1, 1, C2S_PADDING_SAME);
    parameter(model, "pool_type", C2S_POOL_MAX);
    parameter(model, "pooling_width", 2);
    parameter(model, "pooling_height", 1);
    parameter(model, "pooling_stride_x", 2);
    parameter(model, "pooling_stride_y", 1);
    weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), VALUES(-1));
    EXPECT(model, VALUES(3, 2, 9), CNN2SNN_DTYPE_INT32, -2, -9);
}
END_TEST

START_TEST(average_pooling_saturates_after_each_addition)
{
    /* Potentials along y: 400000, 400000, -400000: the sum stops at 524287 in between. */
    double kernel[40], inputs[3 * 40];
    cnn2snn_akida_model *model = convolution(C2S_AKIDA_CONVOLUTIONAL, 1, 3, 40, 1, 1, 1, C2S_PADDING_VALID);
    parameter(model, "pool_type", C2S_POOL_AVERAGE);
    for (int c = 0; c < 40; c++) {
        kernel[c] = c < 20 ? 100 : -100;
        inputs[c] = c < 20 ? 200 : 0;
        inputs[40 + c] = c < 20 ? 200 : 0;
        inputs[80 + c] = c < 20 ? 0 : 200;
    }
    weights(model, "weights", 4, EXTENTS(1, 1, 40, 1), kernel);
    EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 524287 - 400000);
}
END_TEST

START_TEST(potentials_beyond_32_bits_are_refused)
{
    enum { CHANNELS = 66312 }; /* 255 * 127 * this exceeds 2^31 - 1 */
    for (int less = 0; less < 2; less++) {
        cnn2snn_akida_model *model = convolution(C2S_AKIDA_CONVOLUTIONAL, 1, 1, CHANNELS - less, 1, 1, 1, 0);
        double *kernel = malloc(CHANNELS * sizeof *kernel);
        for (int c = 0; c < CHANNELS; c++)
            kernel[c] = 127;
        weights(model, "weights", 4, EXTENTS(1, 1, CHANNELS - less, 1), kernel);
        free(kernel);
        if (less) {
            c2s_simulator_destroy(simulator_of(model, 1));
            c2s_akida_model_release(model);
        } else {
            expect_refusal(model, CNN2SNN_E_UNSUPPORTED, "potentials may exceed 32 bits");
        }
    }
}
END_TEST

START_TEST(missing_variables_have_their_initial_values)
{
    cnn2snn_akida_model *model = events(0, 1, 1, 1);
    add_layer(model, C2S_AKIDA_FULLY_CONNECTED, "f", "units", 1, "activation", 1, "act_bits", 4, "weights_bits", 8,
              NULL);
    weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), VALUES(1)); /* threshold 0, act_step 1 */
    EXPECT(model, VALUES(9), CNN2SNN_DTYPE_UINT8, 9);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("simulate_v1");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, levels_are_rounded_up_and_limited, 0, COUNT(levels));
    tcase_add_test(tests, without_activation_the_potential_comes_out_and_predict_scales_it);
    tcase_add_test(tests, predict_needs_potentials);
    tcase_add_test(tests, a_step_below_a_sixteenth_is_refused_where_it_counts);
    tcase_add_test(tests, a_dense_sum_saturates_once_at_the_end_to_20_bits);
    tcase_add_test(tests, a_dense_layer_reads_channels_slowest_and_x_fastest);
    tcase_add_test(tests, hidden_kernels_are_flipped_and_those_of_images_are_not);
    tcase_add_test(tests, images_are_padded_with_their_value);
    tcase_add_test(tests, even_strides_pad_less_in_front);
    tcase_add_test(tests, a_separable_layer_is_depthwise_then_pointwise);
    tcase_add_test(tests, max_pooling_goes_before_the_threshold_and_padding_never_wins);
    tcase_add_test(tests, average_pooling_saturates_after_each_addition);
    tcase_add_test(tests, potentials_beyond_32_bits_are_refused);
    tcase_add_test(tests, missing_variables_have_their_initial_values);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_on_all_kernels(make_suite);
}
