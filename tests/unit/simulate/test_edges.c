/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Values on both sides of each edge of what has no kind in common: Akida 1.0, additions, ends of models, states.
 * docs/simulator-rules.md names the rules.
 */
#include "edge_models.h"

#include <math.h>

/* ------------------------------------------------------------------------------------------------ Akida 1.0 */

/* A potential of 16 * 255 * 127 + 255 * 24 + `rest`, which is 524280 and the rest; negative with sign -1. */
enum { EDGE = 18, POTENTIAL = 524280 };

static void fill_edge(double rest, double sign, double inputs[EDGE], double kernel[EDGE])
{
    for (int i = 0; i < EDGE; i++) {
        inputs[i] = i < 17 ? 255 : rest;
        kernel[i] = sign * (i < 16 ? 127 : i < 17 ? 24 : 1);
    }
}

static const struct {
    double rest, sign, limited;
} potentials[] = {{7, 1, 524287},   {8, 1, 524287},   {6, 1, 524286},
                  {8, -1, -524288}, {9, -1, -524288}, {7, -1, -524287}};

START_TEST(only_dense_potentials_are_limited_to_20_bits)
{
    static const int kinds[] = {C2S_AKIDA_FULLY_CONNECTED, C2S_AKIDA_CONVOLUTIONAL, C2S_AKIDA_INPUT_CONVOLUTIONAL,
                                C2S_AKIDA_SEPARABLE_CONVOLUTIONAL};
    double inputs[EDGE], kernel[EDGE], ones[EDGE];
    fill_edge(potentials[_i].rest, potentials[_i].sign, inputs, kernel);
    for (size_t k = 0; k < COUNT(kinds); k++) {
        bool image = kinds[k] == C2S_AKIDA_INPUT_CONVOLUTIONAL,
             separable = kinds[k] == C2S_AKIDA_SEPARABLE_CONVOLUTIONAL;
        cnn2snn_akida_model *model = image ? new_model() : events(0, 1, 1, EDGE);
        add_layer(model, kinds[k], "l", "units", 1, "filters", 1, "activation", 0, "weights_bits", 8, "kernel_width",
                  1, "kernel_height", 1, "stride_x", 1, "stride_y", 1, "padding", 0, "input_width", 1, "input_height",
                  1, "input_channels", EDGE, NULL);
        for (int i = 0; i < EDGE; i++)
            ones[i] = 1;
        if (separable)
            weights(model, "weights", 4, EXTENTS(1, 1, EDGE, 1), ones);
        weights(model, separable ? "weights_pw" : "weights", 4, EXTENTS(1, 1, EDGE, 1), kernel);
        double sum = potentials[_i].sign * (POTENTIAL + potentials[_i].rest);
        EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, k ? sum : potentials[_i].limited);
    }
}
END_TEST

/* A convolution of one weight at each of x * y places, pooled. */
static cnn2snn_akida_model *pooled(int x, int y, int channels, int type)
{
    cnn2snn_akida_model *model = events(0, x, y, channels);
    add_layer(model, C2S_AKIDA_CONVOLUTIONAL, "c", "filters", 1, "kernel_width", 1, "kernel_height", 1, "stride_x", 1,
              "stride_y", 1, "padding", C2S_PADDING_VALID, "activation", 0, "weights_bits", 8, "pool_type", type,
              NULL);
    return model;
}

START_TEST(sums_of_places_are_limited_to_20_bits_row_by_row)
{
    /* 400000 at the first two places, -400000 at the last two: limited in between, unless columns went first. */
    double inputs[4 * 40], kernel[40];
    cnn2snn_akida_model *model = pooled(2, 2, 40, C2S_POOL_AVERAGE);
    for (int c = 0; c < 40; c++) {
        kernel[c] = c < 20 ? 100 : -100;
        for (int place = 0; place < 4; place++)
            inputs[40 * place + c] = (c < 20) == (place < 2) ? 200 : 0;
    }
    weights(model, "weights", 4, EXTENTS(1, 1, 40, 1), kernel);
    EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 524287 - 800000);
    for (int i = 0; i < 2; i++) { /* the edges themselves */
        double edges[2 * EDGE] = {0}, weight[EDGE];
        fill_edge(potentials[0].rest + i, 1, edges, weight);
        model = pooled(1, 2, EDGE, C2S_POOL_AVERAGE);
        weights(model, "weights", 4, EXTENTS(1, 1, EDGE, 1), weight);
        EXPECT(model, edges, CNN2SNN_DTYPE_INT32, 524287);
        fill_edge(8 + i, -1, edges, weight);
        model = pooled(1, 2, EDGE, C2S_POOL_AVERAGE);
        weights(model, "weights", 4, EXTENTS(1, 1, EDGE, 1), weight);
        EXPECT(model, edges, CNN2SNN_DTYPE_INT32, -524288);
    }
}
END_TEST

START_TEST(potentials_are_pooled_before_they_become_levels)
{
    static const double inputs[6] = {1, 5, 2, 3, 4, 6};
    for (int type = C2S_POOL_MAX; type <= C2S_POOL_AVERAGE; type++) {
        cnn2snn_akida_model *model = pooled(2, 3, 1, type);
        parameter(model, "pooling_width", 2); /* x, the first axis */
        parameter(model, "pooling_height", 1);
        parameter(model, "pooling_stride_x", 1);
        parameter(model, "pooling_stride_y", 2);
        parameter(model, "activation", 1);
        parameter(model, "act_bits", 4);
        weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), VALUES(1));
        vector(model, "threshold", CNN2SNN_DTYPE_INT32, 1, VALUES(2));
        vector(model, "act_step", CNN2SNN_DTYPE_FLOAT32, 1, VALUES(2));
        if (type == C2S_POOL_MAX)
            EXPECT(model, inputs, CNN2SNN_DTYPE_UINT8, 1, 2); /* 3 - 2, 6 - 2 in steps of 2 */
        else
            EXPECT(model, inputs, CNN2SNN_DTYPE_UINT8, 10); /* 21 - 2 */
    }
}
END_TEST

START_TEST(strides_and_kernels_have_an_axis_each)
{
    static const double inputs[12] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}; /* x = 3, y = 4 */
    for (int image = 0; image < 2; image++) {
        cnn2snn_akida_model *model = image ? new_model() : events(0, 3, 4, 1);
        add_layer(model, image ? C2S_AKIDA_INPUT_CONVOLUTIONAL : C2S_AKIDA_CONVOLUTIONAL, "c", "filters", 1,
                  "kernel_width", 1, "kernel_height", 2, "stride_x", 1, "stride_y", 2, "padding", C2S_PADDING_VALID,
                  "activation", 0, "weights_bits", 8, "pool_type", 0, "input_width", 3, "input_height", 4,
                  "input_channels", 1, NULL);
        weights(model, "weights", 4, EXTENTS(1, 2, 1, 1), image ? VALUES(1, 100) : VALUES(100, 1));
        EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 201, 403, 605, 807, 1009, 1211);
    }
}
END_TEST

START_TEST(predicted_potentials_are_rounded_before_they_are_divided)
{
    cnn2snn_akida_model *model = events(0, 1, 1, 1);
    add_layer(model, C2S_AKIDA_FULLY_CONNECTED, "f", "units", 1, "activation", 0, "weights_bits", 8, NULL);
    weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), VALUES(1));
    vector(model, "threshold", CNN2SNN_DTYPE_INT32, 1, VALUES(-16777217));
    vector(model, "act_step", CNN2SNN_DTYPE_FLOAT32, 1, VALUES(5));
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    cnn2snn_tensor *output = forward(simulator, 1, VALUES(0), true);
    expect_values(output, CNN2SNN_DTYPE_FLOAT32, 1, VALUES(3355443.25));
    c2s_tensor_release(output);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ additions */

static const struct {
    double input;
    int a_shift, b_shift, buffer_bits, shift, output_bits, output;
} additions[] = {
    /* operands, of which the second is the negative first */
    {100, 8, 0, 12, 0, 32, 2047 - 100},
    {-100, 8, 0, 12, 0, 32, -2048 + 100},
    {127, 4, 0, 12, 0, 32, 2032 - 127},
    {64, 5, 0, 12, 0, 32, 2047 - 64},
    {63, 5, 0, 12, 0, 32, 2016 - 63},
    {-64, 5, 0, 12, 0, 32, -2048 + 64},
    {100, 0, 8, 12, 0, 32, 100 - 2048},
    {-100, 0, 8, 12, 0, 32, -100 + 2047},
    {-65, 5, 0, 12, 0, 32, -2048 + 65},
    /* rounding of the sum, which is 3 times the first: and its limits */
    {1, 2, 0, 32, -1, 32, 2},
    {-1, 2, 0, 32, -1, 32, -1},
    {-3, 2, 0, 32, -1, 32, -4},
    {42, 2, 0, 32, 0, 8, 126},
    {43, 2, 0, 32, 0, 8, 127},
    {-42, 2, 0, 32, 0, 8, -126},
    {-43, 2, 0, 32, 0, 8, -128},
    {2, 2, 0, 32, 0, 4, 6},
    {3, 2, 0, 32, 0, 4, 7},
    {-2, 2, 0, 32, 0, 4, -6},
    {-3, 2, 0, 32, 0, 4, -8},
    {1, 3, 0, 32, 0, 4, 7},
    {-1, 0, 3, 32, 0, 4, 7},
    {1, 0, 3, 32, 0, 4, -7},
    {127, 24, 1, 32, 0, 32, 2130706432 - 254},
    {127, 25, 1, 32, 0, 32, 2147483647 - 254},
};

START_TEST(operands_and_sums_of_additions_are_limited)
{
    cnn2snn_akida_model *model = events(1, 1, 1, 1);
    add_layer(model, C2S_AKIDA_DENSE1D, "negative", "units", 1, "activation", 0, "output_bits", 8, "buffer_bits", 32,
              NULL);
    weights(model, "weights", 2, EXTENTS(1, 1), VALUES(-1));
    add_layer(model, C2S_AKIDA_ADD, "a", "buffer_bits", additions[_i].buffer_bits, "output_bits",
              additions[_i].output_bits, NULL);
    struct c2s_akida_layer *add = &model->layers[2];
    add->inbounds[0] = 0;
    ck_assert_int_eq(c2s_akida_layer_add_inbound(model, add, 1, NULL), CNN2SNN_OK);
    one(model, "a_shift", false, additions[_i].a_shift);
    one(model, "b_shift", false, additions[_i].b_shift);
    one(model, "output_shift", true, additions[_i].shift);
    EXPECT(model, &additions[_i].input, additions[_i].output_bits <= 8 ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_INT32,
           additions[_i].output);
}
END_TEST

START_TEST(sums_of_additions_are_limited_to_the_buffer)
{
    static const double cases[][2] = {{63, 126}, {64, 127}, {-64, -128}, {-65, -128}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        cnn2snn_akida_model *model = events(1, 1, 1, 1);
        add_layer(model, C2S_AKIDA_ADD, "a", "buffer_bits", 8, "output_bits", 32, NULL);
        ck_assert_int_eq(c2s_akida_layer_add_inbound(model, &model->layers[1], 0, NULL), CNN2SNN_OK);
        EXPECT(model, &cases[i][0], CNN2SNN_DTYPE_INT32, cases[i][1]);
    }
}
END_TEST

START_TEST(old_additions_have_a_limit_and_a_scale)
{
    static const double cases[][2] = {{-1, 0}, {4, 24}, {5, 27}, {100, 27}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        cnn2snn_akida_model *model = events(1, 1, 1, 1);
        add_layer(model, C2S_AKIDA_ADD, "a", "buffer_bits", 32, "output_bits", 8, "activation", 1, NULL);
        ck_assert_int_eq(c2s_akida_layer_add_inbound(model, &model->layers[1], 0, NULL), CNN2SNN_OK);
        one(model, "max_value", false, 9);
        one(model, "max_value_shift", false, 0);
        one(model, "output_scales", false, 3);
        EXPECT(model, &cases[i][0], CNN2SNN_DTYPE_INT8, cases[i][1]);
    }
}
END_TEST

START_TEST(joined_outputs_of_two_types_are_of_32_bits)
{
    cnn2snn_akida_model *model = events(1, 1, 1, 1);
    add_layer(model, C2S_AKIDA_DENSE1D, "d", "units", 1, "activation", 0, "output_bits", 4, "buffer_bits", 32, NULL);
    weights(model, "weights", 2, EXTENTS(1, 1), VALUES(-1));
    add_layer(model, C2S_AKIDA_CONCATENATE, "c", NULL);
    ck_assert_int_eq(c2s_akida_layer_add_inbound(model, &model->layers[2], 0, NULL), CNN2SNN_OK);
    EXPECT(model, VALUES(-128), CNN2SNN_DTYPE_INT32, 15, -128);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ ends */

static const struct {
    int bits, is_signed;
    cnn2snn_dtype dtype;
    double values[2];
} inputs[] = {
    {4, 0, CNN2SNN_DTYPE_UINT8, {0, 15}},          {8, 0, CNN2SNN_DTYPE_UINT8, {0, 255}},
    {8, 1, CNN2SNN_DTYPE_INT8, {-128, 127}},       {9, 1, CNN2SNN_DTYPE_INT16, {-256, 255}},
    {16, 1, CNN2SNN_DTYPE_INT16, {-32768, 32767}}, {16, 0, CNN2SNN_DTYPE_UINT16, {0, 65535}},
};

START_TEST(inputs_have_the_type_of_their_bits)
{
    cnn2snn_akida_model *model = new_model();
    add_layer(model, C2S_AKIDA_INPUT_DATA, "in", "input_width", 1, "input_height", 1, "input_channels", 2,
              "input_bits", inputs[_i].bits, "input_signed", inputs[_i].is_signed, NULL);
    add_layer(model, C2S_AKIDA_DENSE1D, "d", "units", 1, "activation", 0, "output_bits", 32, "buffer_bits", 32, NULL);
    weights(model, "weights", 2, EXTENTS(2, 1), VALUES(-128, 127));
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    ck_assert_int_eq(c2s_sample_dtype(&simulator->stages[0]), inputs[_i].dtype);
    cnn2snn_tensor *output = forward(simulator, 1, inputs[_i].values, false);
    expect_values(output, CNN2SNN_DTYPE_INT32, 1, VALUES(-128 * inputs[_i].values[0] + 127 * inputs[_i].values[1]));
    c2s_tensor_release(output);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(images_are_unsigned_bytes)
{
    for (int bits = 8; bits <= 32; bits += 24) {
        cnn2snn_akida_model *model = neuron(C2S_AKIDA_INPUT_CONV2D, 1);
        parameter(model, "output_bits", bits);
        one(model, "output_shift", true, bits == 8 ? -1 : 0);
        EXPECT(model, VALUES(255), bits == 8 ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_INT32, bits == 8 ? 127 : 255);
    }
}
END_TEST

static const struct {
    double input;
    int bits, is_signed;
    double scale, zero_point, output;
} quantized[] = {
    {0.5, 8, 1, 1, 0, 1},
    {-0.5, 8, 1, 1, 0, -1},
    {1.5, 8, 1, 1, 0, 2},
    {-1.5, 8, 1, 1, 0, -2},
    {2.5, 8, 0, 1, 0, 3},
    {2.4999998, 8, 0, 1, 0, 2},
    {-0.49999997, 8, 1, 1, 0, 0},
    {126.5, 8, 1, 1, 0, 127},
    {127.5, 8, 1, 1, 0, 127},
    {126.4, 8, 1, 1, 0, 126},
    {-127.5, 8, 1, 1, 0, -128},
    {-128.5, 8, 1, 1, 0, -128},
    {-127.4, 8, 1, 1, 0, -127},
    {254.5, 8, 0, 1, 0, 255},
    {255.5, 8, 0, 1, 0, 255},
    {254.4, 8, 0, 1, 0, 254},
    {-0.5, 8, 0, 1, 0, 0},
    {-0.5, 8, 0, 1, 5, 4},
    {0.5, 8, 0, 1, 5, 6},
    {-5.4, 8, 0, 1, 5, 0},
    {-4.4, 8, 0, 1, 5, 1},
    {249.4, 8, 0, 1, 5, 254},
    {249.5, 8, 0, 1, 5, 255},
    {250.5, 8, 0, 1, 5, 255},
    {14.5, 4, 0, 1, 0, 15},
    {15.5, 4, 0, 1, 0, 15},
    {7.5, 4, 1, 1, 0, 7},
    {-8.5, 4, 1, 1, 0, -8},
    {16777216, 8, 1, 0.0000076293945, 0, 127},
    {1.940512776374817, 8, 1, 1.2883192300796509, 0, 3},
};

START_TEST(real_inputs_are_multiplied_rounded_moved_and_limited)
{
    for (int first = 0; first < 2; first++) { /* channels first or last; each channel has its scale */
        cnn2snn_akida_model *model = new_model();
        add_layer(model, C2S_AKIDA_QUANTIZER, "q", "input_width", first ? 2 : 1, "input_height", 1, "input_channels",
                  first ? 1 : 2, "output_bits", quantized[_i].bits, "output_signed", quantized[_i].is_signed,
                  "channels_first", first, NULL);
        vector(model, "scales", CNN2SNN_DTYPE_FLOAT32, 2, VALUES(quantized[_i].scale, 0));
        vector(model, "zero_points", CNN2SNN_DTYPE_UINT8, 2, VALUES(quantized[_i].zero_point, 3));
        cnn2snn_simulator *simulator = simulator_of(model, 1);
        cnn2snn_tensor *input = samples_of(CNN2SNN_DTYPE_FLOAT32, 1, simulator->stages[0].in,
                                           VALUES(quantized[_i].input, quantized[_i].input)),
                       *output;
        ck_assert_int_eq(c2s_simulator_forward(simulator, input, false, NULL, NULL, &output, NULL), CNN2SNN_OK);
        expect_values(output, quantized[_i].is_signed ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_UINT8, 2,
                      VALUES(quantized[_i].output, 3));
        c2s_tensor_release(input);
        c2s_tensor_release(output);
        c2s_simulator_destroy(simulator);
        c2s_akida_model_release(model);
    }
}
END_TEST

START_TEST(a_dequantizer_rounds_the_integer_and_the_product)
{
    /* 2^24 + 1 isn't a float32: three times 2^24 comes out, not the float32 next to three times the number */
    for (int over = 0; over < 2; over++) {
        cnn2snn_akida_model *model = neuron(C2S_AKIDA_DENSE1D, 1);
        one(model, "input_shift", false, 18);
        set_bias(model, over, 0);
        add_layer(model, C2S_AKIDA_DEQUANTIZER, "dq", NULL);
        vector(model, "scales", CNN2SNN_DTYPE_FLOAT32, 1, VALUES(3));
        EXPECT(model, VALUES(64), CNN2SNN_DTYPE_FLOAT32, 50331648);
    }
}
END_TEST

START_TEST(predictions_of_akida_2_need_a_dequantizer)
{
    for (int dequantizer = 0; dequantizer < 2; dequantizer++) {
        cnn2snn_akida_model *model = neuron(C2S_AKIDA_DENSE1D, 1);
        if (dequantizer)
            add_layer(model, C2S_AKIDA_DEQUANTIZER, "dq", NULL);
        cnn2snn_simulator *simulator = simulator_of(model, 1);
        cnn2snn_tensor *input = samples_of(CNN2SNN_DTYPE_INT8, 1, EXTENTS(1, 1, 1), VALUES(-5)), *output = NULL;
        ck_assert_int_eq(c2s_simulator_forward(simulator, input, true, NULL, NULL, &output, NULL),
                         dequantizer ? CNN2SNN_OK : CNN2SNN_E_INCOMPATIBLE);
        if (output) {
            expect_values(output, CNN2SNN_DTYPE_FLOAT32, 1, VALUES(-5));
            c2s_tensor_release(output);
        }
        c2s_tensor_release(input);
        c2s_simulator_destroy(simulator);
        c2s_akida_model_release(model);
    }
}
END_TEST

START_TEST(variables_that_a_file_leaves_out_have_their_initial_values)
{
    for (int activation = 0; activation <= 2; activation++) { /* scale 1, shifts 0, no limit, a table of its places */
        cnn2snn_akida_model *model = neuron(C2S_AKIDA_DENSE1D, 100);
        parameter(model, "activation", activation);
        EXPECT(model, VALUES(100), CNN2SNN_DTYPE_INT32, activation == 2 ? 1023 : 10000);
        model = neuron(C2S_AKIDA_DENSE1D, 1);
        parameter(model, "activation", activation);
        EXPECT(model, VALUES(-100), CNN2SNN_DTYPE_INT32, activation == 1 ? 0 : -100);
    }
    cnn2snn_akida_model *model = neuron(C2S_AKIDA_DENSE1D, 7);
    add_layer(model, C2S_AKIDA_DEQUANTIZER, "dq", NULL);
    EXPECT(model, VALUES(3), CNN2SNN_DTYPE_FLOAT32, 21);
    model = layer_of(C2S_AKIDA_DENSE1D, 1, 1, 1, 1); /* weights 0 */
    EXPECT(model, VALUES(3), CNN2SNN_DTYPE_INT32, 0);
    model = layer_of(C2S_AKIDA_INPUT_CONV2D, 1, 1, 1, 3); /* padding 0 */
    weights(model, "weights", 4, EXTENTS(3, 3, 1, 1), VALUES(1, 1, 1, 1, 1, 1, 1, 1, 1));
    EXPECT(model, VALUES(3), CNN2SNN_DTYPE_INT32, 3);
}
END_TEST

START_TEST(widths_of_1_to_32_bits_are_taken)
{
    static const char *const keys[] = {"output_bits", "buffer_bits", "post_op_buffer_bits"};
    for (size_t i = 0; i < COUNT(keys); i++)
        for (int bits = 0; bits <= 33; bits++) {
            cnn2snn_akida_model *model = neuron(C2S_AKIDA_DENSE1D, 1);
            parameter(model, keys[i], bits);
            if (bits == 0 || bits == 33) {
                expect_refusal(model, CNN2SNN_E_VALUE, keys[i]);
                continue;
            }
            c2s_simulator_destroy(simulator_of(model, 1));
            c2s_akida_model_release(model);
        }
}
END_TEST

START_TEST(shifts_beyond_31_are_refused_in_all_kinds)
{
    for (int shift = 30; shift <= 32; shift++)
        for (int sign = -1; sign <= 1; sign += 2)
            for (int which = 0; which < 3; which++) {
                static const char *const names[] = {"output_shift", "input_shift", "bias_shift"};
                cnn2snn_akida_model *model = neuron(kinds_with_sums[_i], 1);
                bool absent = !c2s_akida_layer_knows_variable(&model->layers[model->layer_count - 1], names[which]);
                if (absent || (which && sign < 0)) {
                    c2s_akida_model_release(model);
                    continue;
                }
                one(model, names[which], !which, sign * shift);
                if (shift > 31) {
                    expect_refusal(model, CNN2SNN_E_VALUE, names[which]);
                    continue;
                }
                c2s_simulator_destroy(simulator_of(model, 1));
                c2s_akida_model_release(model);
            }
}
END_TEST

/* ------------------------------------------------------------------------------------------------ states */

static cnn2snn_akida_model *recurrence(int steps, double real, double imaginary, double shift, int post_bits)
{
    cnn2snn_akida_model *model = events(1, 1, steps, 1);
    add_layer(model, C2S_AKIDA_STATEFUL_RECURRENT, "r", "stateful_channels", 1, "output_channels", 1, "subsample", 1,
              "internal_state_bits", 16, "activation", 0, "output_bits", 32, "buffer_bits", 32, "post_op_buffer_bits",
              post_bits, NULL);
    weights(model, "in_proj", 2, EXTENTS(1, 1), VALUES(1));
    weights(model, "out_proj", 2, EXTENTS(1, 1), VALUES(1));
    set_variable(model, &model->layers[1], "A_real", CNN2SNN_DTYPE_INT16, 1, EXTENTS(1), &real);
    set_variable(model, &model->layers[1], "A_imag", CNN2SNN_DTYPE_INT16, 1, EXTENTS(1), &imaginary);
    one(model, "internal_state_outputs_shift", true, shift);
    return model;
}

static const struct {
    double input, shift, state;
} states[] = {{127, 8, 32512},   {64, 9, 32767}, {63, 9, 32256}, {-64, 9, -32768}, {-65, 9, -32768},
              {-128, 8, -32768}, {5, -1, 3},     {-5, -1, -2},   {6, -2, 2},       {-6, -2, -1},
              {-7, -2, -2},      {-1, -1, 0},    {1, -1, 1}};

START_TEST(states_are_rounded_and_limited_to_16_bits)
{
    EXPECT(recurrence(1, 0, 0, states[_i].shift, 32), &states[_i].input, CNN2SNN_DTYPE_INT32, states[_i].state);
}
END_TEST

static const struct {
    double input, scale, shift;
    int post_bits;
    double drive;
} drives[] = {{63, 2, 0, 8, 126},  {64, 2, 0, 8, 127}, {-64, 2, 0, 8, -128}, {-65, 2, 0, 8, -128},
              {100, 2, -1, 8, 64}, {5, 1, -1, 32, 3},  {-5, 1, -1, 32, -2},  {127, 1, 8, 32, 32512},
              {63, 1, 1, 8, 126},  {64, 1, 1, 8, 127}, {-65, 1, 1, 8, -128}};

START_TEST(projected_inputs_are_scaled_and_limited)
{
    cnn2snn_akida_model *model = recurrence(1, 0, 0, 0, drives[_i].post_bits);
    one(model, "new_state_scale", false, drives[_i].scale);
    one(model, "new_state_shift", true, drives[_i].shift);
    EXPECT(model, &drives[_i].input, CNN2SNN_DTYPE_INT32, drives[_i].drive);
}
END_TEST

/* re, im after one step are (x, 0); after two (x a + d, x b); after three the products of both count. Post width 12:
 * -2048..2047; the state is what remains, without a shift. */
static const struct {
    double inputs[3], a, b, outputs[3];
} turns[] = {
    /* products are limited one by one, before the difference and the drive */
    {{100, 0, 0}, 20, 0, {100, 2000, 2047}},
    {{100, -100, 0}, 21, 0, {100, 2047 - 100, 2047}},
    {{-100, 100, 0}, 21, 0, {-100, -2048 + 100, -2048}},
    {{100, 47, 0}, 20, 0, {100, 2047, 2047}},
    {{100, 48, 0}, 20, 0, {100, 2047, 2047}},
    {{100, 46, 0}, 20, 0, {100, 2046, 2047}},
    /* im = 10 * 50 = 500, re = 0: then re = 0 - sat(500 * 50), im = 0 */
    {{10, 0, 0}, 0, 50, {10, 0, -2047}},
    {{10, 0, 1}, 0, 50, {10, 0, -2046}},
    /* re = 3 * 10, im = 3 * 20; re = sat(30 * 10) - sat(60 * 20) */
    {{3, 0, 0}, 10, 20, {3, 30, 300 - 1200}},
    /* re = 100 * 20 = 2000, im = 2000: sat(40000) - sat(40000) = 0 */
    {{100, 0, 5}, 20, 20, {100, 2000, 5}},
};

START_TEST(products_of_states_are_limited_one_by_one)
{
    cnn2snn_akida_model *model = recurrence(3, turns[_i].a, turns[_i].b, 0, 12);
    expect_outputs(model, turns[_i].inputs, CNN2SNN_DTYPE_INT32, 3, turns[_i].outputs);
}
END_TEST

START_TEST(imaginary_parts_are_limited_like_real_ones)
{
    /* im after two steps: x b, after three re b + im a, seen in re after four as - im b. Post width 12. */
    EXPECT(recurrence(4, 0, 1, 0, 12), VALUES(7, 0, 0, 0), CNN2SNN_DTYPE_INT32, 7, 0, -7, 0);
    EXPECT(recurrence(4, 1, 1, 0, 12), VALUES(127, 127, 127, 0), CNN2SNN_DTYPE_INT32, 127, 254, 254, -254 + 127);
    EXPECT(recurrence(3, 100, 30, -5, 12), VALUES(100, 0, 0), CNN2SNN_DTYPE_INT32, 3, 9, 25);
}
END_TEST

START_TEST(projected_inputs_are_limited_before_and_behind_their_scale)
{
    cnn2snn_akida_model *model = recurrence(2, 1, 0, 0, 8);
    one(model, "new_state_shift", true, 1);
    EXPECT(model, VALUES(-50, 64), CNN2SNN_DTYPE_INT32, -100, 127 - 100); /* 128 is limited */
    for (int i = 0; i < 2; i++) {
        model = recurrence(1, 0, 0, 0, 32);
        parameter(model, "buffer_bits", 8);
        weights(model, "in_proj", 2, EXTENTS(1, 1), VALUES(2));
        one(model, "new_state_shift", true, -1);
        EXPECT(model, VALUES(i ? 100 : 62), CNN2SNN_DTYPE_INT32, i ? 64 : 62); /* 200 is limited */
    }
}
END_TEST

/* Four steps of numbers with rounding, each of which shows that one limit of 12 bits is where it is. */
static const struct {
    double inputs[4], a, b, shift, scale, outputs[4];
} walks[] = {
    {{-71, 96, 0, -79}, 27, 7, -3, 16, {-142, -64, -107, -190}},
    {{-36, -100, -18, 28}, -4, 38, -2, 16, {-144, -256, 440, -328}}, /* the products of the imaginary part */
    {{-84, 28, -75, -21}, 14, -34, -3, 5, {-52, -73, 81, 243}},      /* those of the real part */
    {{81, 91, -90, 19}, 22, -8, -1, 2, {81, 982, -90, -1005}},       /* their difference */
    {{-4, 34, 81, 84}, -5, -39, -2, 5, {-5, 49, 512, -407}},         /* the sum with the input */
    {{74, -70, 71, 21}, -21, 7, -3, 16, {148, -256, 256, 10}},       /* the sum of the imaginary part */
};

START_TEST(states_walk_within_their_limits)
{
    cnn2snn_akida_model *model = recurrence(4, walks[_i].a, walks[_i].b, walks[_i].shift, 12);
    one(model, "new_state_scale", false, walks[_i].scale);
    expect_outputs(model, walks[_i].inputs, CNN2SNN_DTYPE_INT32, 4, walks[_i].outputs);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ post-processing */

/* One place: prediction and reference are the input, so that the distance is |rescaled - input|. */
static const struct {
    double input, scale, shift;
    int buffer_bits;
    double distance;
} distances[] = {
    {5, 3, -1, 44, 8 - 5},           {-5, 3, -1, 44, 7 - 5},          {5, 1, -1, 44, 5 - 3},
    {-5, 1, -1, 44, 5 - 2},          {127, 258, 0, 44, 32766 - 127},  {127, 259, 0, 44, 32767 - 127},
    {-128, 256, 0, 44, 32768 - 128}, {-128, 257, 0, 44, 32768 - 128}, {-128, 255, 0, 44, 32640 - 128},
    {100, 10, 0, 10, 511 - 100},     {51, 10, 0, 10, 510 - 51},       {52, 10, 0, 10, 511 - 52},
    {-100, 10, 0, 10, 512 - 100},    {1, 1, 14, 44, 16384 - 1},       {1, 1, 15, 44, 32767 - 1},
};

START_TEST(predictions_are_rounded_and_limited_before_they_are_compared)
{
    for (int above = 0; above < 2; above++) {
        cnn2snn_akida_model *model = events(1, 1, 1, 1);
        add_layer(model, C2S_AKIDA_PICO_POST_PROCESSING, "p", "buffer_bits", distances[_i].buffer_bits, NULL);
        ck_assert_int_eq(c2s_akida_layer_add_inbound(model, &model->layers[1], 0, NULL), CNN2SNN_OK);
        set_variable(model, &model->layers[1], "input_scales", CNN2SNN_DTYPE_UINT16, 1, EXTENTS(1),
                     &distances[_i].scale);
        one(model, "input_shift", true, distances[_i].shift);
        double threshold = distances[_i].distance + above;
        set_variable(model, &model->layers[1], "threshold", CNN2SNN_DTYPE_UINT16, 1, EXTENTS(1), &threshold);
        EXPECT(model, &distances[_i].input, CNN2SNN_DTYPE_INT8, !above);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("edges");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, only_dense_potentials_are_limited_to_20_bits, 0, COUNT(potentials));
    tcase_add_test(tests, sums_of_places_are_limited_to_20_bits_row_by_row);
    tcase_add_test(tests, potentials_are_pooled_before_they_become_levels);
    tcase_add_test(tests, strides_and_kernels_have_an_axis_each);
    tcase_add_test(tests, predicted_potentials_are_rounded_before_they_are_divided);
    tcase_add_loop_test(tests, operands_and_sums_of_additions_are_limited, 0, COUNT(additions));
    tcase_add_test(tests, sums_of_additions_are_limited_to_the_buffer);
    tcase_add_test(tests, old_additions_have_a_limit_and_a_scale);
    tcase_add_test(tests, joined_outputs_of_two_types_are_of_32_bits);
    tcase_add_loop_test(tests, inputs_have_the_type_of_their_bits, 0, COUNT(inputs));
    tcase_add_test(tests, images_are_unsigned_bytes);
    tcase_add_loop_test(tests, real_inputs_are_multiplied_rounded_moved_and_limited, 0, COUNT(quantized));
    tcase_add_test(tests, a_dequantizer_rounds_the_integer_and_the_product);
    tcase_add_test(tests, predictions_of_akida_2_need_a_dequantizer);
    tcase_add_test(tests, variables_that_a_file_leaves_out_have_their_initial_values);
    tcase_add_test(tests, widths_of_1_to_32_bits_are_taken);
    tcase_add_loop_test(tests, shifts_beyond_31_are_refused_in_all_kinds, 0, COUNT(kinds_with_sums));
    tcase_add_loop_test(tests, states_are_rounded_and_limited_to_16_bits, 0, COUNT(states));
    tcase_add_loop_test(tests, projected_inputs_are_scaled_and_limited, 0, COUNT(drives));
    tcase_add_loop_test(tests, products_of_states_are_limited_one_by_one, 0, COUNT(turns));
    tcase_add_test(tests, imaginary_parts_are_limited_like_real_ones);
    tcase_add_test(tests, projected_inputs_are_limited_before_and_behind_their_scale);
    tcase_add_loop_test(tests, states_walk_within_their_limits, 0, COUNT(walks));
    tcase_add_loop_test(tests, predictions_are_rounded_and_limited_before_they_are_compared, 0, COUNT(distances));
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_on_all_kernels(make_suite);
}
