/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of Akida 2.0, at the edges of their arithmetic. */
#include "simulate_test.h"

#include <math.h>

/* Dense1D of one unit on `count` signed inputs of 8 bits; all further variables have their initial values. */
static cnn2snn_akida_model *dense(int count, const double *kernel)
{
    cnn2snn_akida_model *model = events(1, 1, 1, count);
    add_layer(model, C2S_AKIDA_DENSE1D, "d", "units", 1, "activation", 0, "output_bits", 32, "buffer_bits", 32,
              "post_op_buffer_bits", 32, "weights_bits", 8, NULL);
    weights(model, "weights", 2, EXTENTS(count, 1), kernel);
    return model;
}

static void bytes(cnn2snn_akida_model *model, const char *name, bool is_signed, double value)
{
    vector(model, name, is_signed ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_UINT8, 1, &value);
}

/* A square layer with kernels along both axes. */
static cnn2snn_akida_model *conv2d(int kind, int x, int y, int channels, int kernel, int stride, int padding)
{
    cnn2snn_akida_model *model = kind == C2S_AKIDA_INPUT_CONV2D ? new_model() : events(1, x, y, channels);
    add_layer(model, kind, "c", "filters", 1, "kernel_size", kernel, "kernel_stride", stride, "padding", padding,
              "activation", 0, "output_bits", 32, "buffer_bits", 32, "pool_type", 0, "weights_bits", 8, NULL);
    if (kind == C2S_AKIDA_INPUT_CONV2D) {
        parameter(model, "input_x", x);
        parameter(model, "input_y", y);
        parameter(model, "input_channels", channels);
    }
    return model;
}

static const struct {
    double input;
    int shift, bits;
    cnn2snn_dtype dtype;
    double output;
} outputs[] = {
    /* right shifts round halves up, also below 0 */
    {5, -1, 8, CNN2SNN_DTYPE_INT8, 3},
    {6, -2, 8, CNN2SNN_DTYPE_INT8, 2},
    {-5, -1, 8, CNN2SNN_DTYPE_INT8, -2},
    {-6, -2, 8, CNN2SNN_DTYPE_INT8, -1},
    {-7, -2, 8, CNN2SNN_DTYPE_INT8, -2},
    {1, -31, 8, CNN2SNN_DTYPE_INT8, 0},
    {-128, -31, 8, CNN2SNN_DTYPE_INT8, 0},
    /* outputs are limited to their bits, unsigned up to 4 */
    {127, 1, 8, CNN2SNN_DTYPE_INT8, 127},
    {-65, 1, 8, CNN2SNN_DTYPE_INT8, -128},
    {-64, 1, 8, CNN2SNN_DTYPE_INT8, -128},
    {-1, 0, 4, CNN2SNN_DTYPE_UINT8, 0},
    {16, 0, 4, CNN2SNN_DTYPE_UINT8, 15},
    {15, 0, 4, CNN2SNN_DTYPE_UINT8, 15},
    {2, 0, 1, CNN2SNN_DTYPE_UINT8, 1},
    {16, 0, 5, CNN2SNN_DTYPE_INT8, 15},
    {-17, 0, 5, CNN2SNN_DTYPE_INT8, -16},
    {127, 9, 16, CNN2SNN_DTYPE_INT16, 32767},
    {63, 9, 16, CNN2SNN_DTYPE_INT16, 32256},
    {127, 9, 17, CNN2SNN_DTYPE_INT32, 65024},
    {127, 9, 9, CNN2SNN_DTYPE_INT32, 255},
    {1, 31, 32, CNN2SNN_DTYPE_INT32, 2147483647},
    {-1, 31, 32, CNN2SNN_DTYPE_INT32, -2147483648.0},
};

START_TEST(outputs_are_shifted_rounded_and_limited)
{
    cnn2snn_akida_model *model = dense(1, VALUES(1));
    parameter(model, "output_bits", outputs[_i].bits);
    bytes(model, "output_shift", true, outputs[_i].shift);
    EXPECT(model, &outputs[_i].input, outputs[_i].dtype, outputs[_i].output);
}
END_TEST

START_TEST(sums_are_limited_to_the_buffer)
{
    for (int bits = 14; bits <= 15; bits++) {
        cnn2snn_akida_model *model = dense(1, VALUES(-128));
        parameter(model, "buffer_bits", bits);
        EXPECT(model, VALUES(-128), CNN2SNN_DTYPE_INT32, bits == 14 ? 8191 : 16383);
        model = dense(1, VALUES(127));
        parameter(model, "buffer_bits", bits);
        EXPECT(model, VALUES(-128), CNN2SNN_DTYPE_INT32, bits == 14 ? -8192 : -16256);
    }
}
END_TEST

START_TEST(inputs_are_shifted_and_limited_to_the_buffer)
{
    cnn2snn_akida_model *model = dense(2, VALUES(1, 1));
    parameter(model, "buffer_bits", 10);
    vector(model, "input_shift", CNN2SNN_DTYPE_UINT8, 2, VALUES(4, 0));
    EXPECT(model, VALUES(100, -12), CNN2SNN_DTYPE_INT32, 511 - 12);
}
END_TEST

/* Seen with akida 2.19.3: convolutions wrap, dense layers, depthwise FIFOs and recurrences don't. */
START_TEST(sums_of_dense_layers_saturate_and_those_of_convolutions_wrap)
{
    /* (127 << 24) + (127 << 24) exceeds 32 bits */
    cnn2snn_akida_model *model = dense(2, VALUES(1, 1));
    vector(model, "input_shift", CNN2SNN_DTYPE_UINT8, 2, VALUES(24, 24));
    EXPECT(model, VALUES(127, 127), CNN2SNN_DTYPE_INT32, 2147483647);
    model = dense(3, VALUES(1, 1, -1)); /* limited at the end only */
    vector(model, "input_shift", CNN2SNN_DTYPE_UINT8, 3, VALUES(24, 24, 24));
    EXPECT(model, VALUES(127, 127, 127), CNN2SNN_DTYPE_INT32, 2130706432);
    model = events(1, 1, 1, 2);
    add_layer(model, C2S_AKIDA_CONV2D, "c", "filters", 1, "kernel_size", 1, "kernel_stride", 1, "padding", 0,
              "activation", 0, "output_bits", 32, "buffer_bits", 32, NULL);
    weights(model, "weights", 4, EXTENTS(1, 1, 2, 1), VALUES(1, 1));
    vector(model, "input_shift", CNN2SNN_DTYPE_UINT8, 2, VALUES(24, 24));
    EXPECT(model, VALUES(127, 127), CNN2SNN_DTYPE_INT32, 2.0 * 2130706432 - 4294967296.0);
}
END_TEST

START_TEST(depthwise_fifos_saturate_after_each_frame)
{
    cnn2snn_akida_model *model = events(1, 1, 1, 1);
    add_layer(model, C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV, "t", "fifo_size", 2, "activation", 0, "output_bits", 32,
              "buffer_bits", 12, NULL);
    weights(model, "weights", 4, EXTENTS(1, 1, 2, 1), VALUES(100, -10));
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    cnn2snn_tensor *output = forward(simulator, 2, VALUES(50, 40), false);
    expect_values(output, CNN2SNN_DTYPE_INT32, 2, VALUES(-500, 2047 - 400)); /* 5000 is limited first */
    c2s_tensor_release(output);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(the_bias_has_a_shift_and_both_have_limits)
{
    cnn2snn_akida_model *model = dense(1, VALUES(1));
    bytes(model, "bias", true, -3);
    bytes(model, "bias_shift", false, 5);
    EXPECT(model, VALUES(50), CNN2SNN_DTYPE_INT32, 50 - 96);

    model = dense(1, VALUES(100));
    parameter(model, "post_op_buffer_bits", 10);
    bytes(model, "bias", true, 100);
    bytes(model, "bias_shift", false, 5); /* 3200 is limited to 511, then the sum is */
    EXPECT(model, VALUES(-2), CNN2SNN_DTYPE_INT32, 311);
}
END_TEST

/* Seen with akida 2.19.3: that of images goes into the buffer. */
START_TEST(the_bias_of_images_is_added_before_the_buffer_is_limited)
{
    for (int bits = 8; bits <= 32; bits += 24) {
        cnn2snn_akida_model *model = conv2d(C2S_AKIDA_INPUT_CONV2D, 1, 1, 1, 1, 1, C2S_PADDING_SAME);
        parameter(model, "buffer_bits", bits);
        weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), VALUES(1));
        bytes(model, "bias", true, -100);
        EXPECT(model, VALUES(200), CNN2SNN_DTYPE_INT32, 100); /* not 127 - 100 */
        model = conv2d(C2S_AKIDA_CONV2D, 1, 1, 1, 1, 1, C2S_PADDING_SAME);
        parameter(model, "buffer_bits", bits);
        weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), VALUES(2));
        bytes(model, "bias", true, -100);
        EXPECT(model, VALUES(100), CNN2SNN_DTYPE_INT32, bits == 8 ? 27 : 100);
    }
}
END_TEST

START_TEST(scales_multiply_within_the_buffer_of_the_end)
{
    cnn2snn_akida_model *model = dense(1, VALUES(100));
    bytes(model, "output_scales", false, 255);
    EXPECT(model, VALUES(100), CNN2SNN_DTYPE_INT32, 2550000);
    model = dense(1, VALUES(100));
    bytes(model, "output_scales", false, 255);
    parameter(model, "post_op_buffer_bits", 20);
    EXPECT(model, VALUES(100), CNN2SNN_DTYPE_INT32, 524287);
}
END_TEST

START_TEST(relu_is_limited_from_above)
{
    for (int i = 0; i < 3; i++) {
        cnn2snn_akida_model *model = dense(1, VALUES(1));
        parameter(model, "activation", 1);
        bytes(model, "max_value", false, 9);
        bytes(model, "max_value_shift", false, 2);
        EXPECT(model, VALUES(i == 0 ? -5 : i == 1 ? 36 : 37), CNN2SNN_DTYPE_INT32, i == 0 ? 0 : 36);
    }
    cnn2snn_akida_model *model = dense(1, VALUES(127)); /* initially: 127 << 31, no limit */
    parameter(model, "activation", 1);
    vector(model, "input_shift", CNN2SNN_DTYPE_UINT8, 1, VALUES(16));
    EXPECT(model, VALUES(127), CNN2SNN_DTYPE_INT32, 127.0 * 127 * 65536);
}
END_TEST

START_TEST(tables_are_read_at_11_bits)
{
    double table[2048];
    for (int i = 0; i < 2048; i++)
        table[i] = i * i;
    static const double inputs[] = {3, -127, 127}, entries[] = {1024 + 3, 0, 2047};
    for (int i = 0; i < 3; i++) {
        cnn2snn_akida_model *model = dense(1, VALUES(20));
        parameter(model, "activation", 2);
        bytes(model, "activation_scales", false, 3);
        bytes(model, "activation_shift", true, i ? -2 : -6); /* 3 * 20 * 3 / 64 = 2.8 -> 3; 7620 / 4 is beyond */
        vector(model, "lut_values", CNN2SNN_DTYPE_INT32, 2048, table);
        EXPECT(model, &inputs[i], CNN2SNN_DTYPE_INT32, entries[i] * entries[i]);
    }
}
END_TEST

START_TEST(kernels_are_flipped_but_not_those_of_images)
{
    static const double kernel[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, inputs[9] = {0, 0, 0, 0, 1, 0, 0, 0, 0};
    cnn2snn_akida_model *model = conv2d(C2S_AKIDA_CONV2D, 3, 3, 1, 3, 1, C2S_PADDING_SAME);
    weights(model, "weights", 4, EXTENTS(3, 3, 1, 1), kernel);
    EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    model = conv2d(C2S_AKIDA_DEPTHWISE_CONV2D, 3, 3, 1, 3, 1, C2S_PADDING_SAME);
    weights(model, "weights", 4, EXTENTS(3, 3, 1, 1), kernel);
    EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 1, 2, 3, 4, 5, 6, 7, 8, 9);
    model = conv2d(C2S_AKIDA_INPUT_CONV2D, 3, 3, 1, 3, 1, C2S_PADDING_SAME);
    weights(model, "weights", 4, EXTENTS(3, 3, 1, 1), kernel);
    EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 9, 8, 7, 6, 5, 4, 3, 2, 1);
}
END_TEST

START_TEST(same_upper_pads_half_the_kernel_in_front)
{
    /* Kernel 3 at 4 places with stride 2: Same pads nothing in front, SameUpper one. */
    static const double kernel[9] = {0, 0, 0, 100, 10, 1, 0, 0, 0};
    double inputs[4] = {1, 2, 3, 4};
    cnn2snn_akida_model *model = conv2d(C2S_AKIDA_INPUT_CONV2D, 1, 4, 1, 3, 2, C2S_PADDING_SAME);
    weights(model, "weights", 4, EXTENTS(3, 3, 1, 1), kernel);
    EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 123, 340);
    model = conv2d(C2S_AKIDA_INPUT_CONV2D, 1, 4, 1, 3, 2, C2S_PADDING_SAME_UPPER);
    weights(model, "weights", 4, EXTENTS(3, 3, 1, 1), kernel);
    EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 12, 234);
}
END_TEST

START_TEST(images_are_padded_channel_by_channel)
{
    for (int old = 0; old < 2; old++) { /* runtimes before 2.7 had one number for all channels */
        cnn2snn_akida_model *model = conv2d(C2S_AKIDA_INPUT_CONV2D, 1, 1, 2, 3, 1, C2S_PADDING_SAME);
        double kernel[18] = {0};
        kernel[0] = 1;
        kernel[1] = 10;
        weights(model, "weights", 4, EXTENTS(3, 3, 2, 1), kernel);
        if (old)
            parameter(model, "padding_value", 200);
        else
            vector(model, "padding_value", CNN2SNN_DTYPE_UINT8, 2, VALUES(3, 200));
        EXPECT(model, VALUES(7, 7), CNN2SNN_DTYPE_INT32, old ? 2200 : 2003);
    }
}
END_TEST

START_TEST(max_pooling_comes_before_the_activation_and_average_pooling_behind_it)
{
    cnn2snn_akida_model *model = conv2d(C2S_AKIDA_CONV2D, 4, 1, 1, 1, 1, C2S_PADDING_SAME);
    weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), VALUES(1));
    parameter(model, "pool_type", C2S_POOL_AVERAGE);
    parameter(model, "activation", 1);
    bytes(model, "max_value", false, 10);
    bytes(model, "max_value_shift", false, 0);
    EXPECT(model, VALUES(-50, 50, 3, -2), CNN2SNN_DTYPE_INT32, 13);

    model = conv2d(C2S_AKIDA_CONV2D, 4, 1, 1, 1, 1, C2S_PADDING_SAME);
    weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), VALUES(1));
    parameter(model, "pool_type", C2S_POOL_MAX);
    parameter(model, "pool_size", 3);
    parameter(model, "pool_stride", 2); /* one place of padding behind: it never wins */
    EXPECT(model, VALUES(-50, -60, -3, -2), CNN2SNN_DTYPE_INT32, -3, -2);
}
END_TEST

START_TEST(average_pooling_is_limited_after_each_addition)
{
    cnn2snn_akida_model *model = conv2d(C2S_AKIDA_CONV2D, 3, 1, 1, 1, 1, C2S_PADDING_SAME);
    weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), VALUES(1));
    parameter(model, "pool_type", C2S_POOL_AVERAGE);
    parameter(model, "post_op_buffer_bits", 8);
    EXPECT(model, VALUES(100, 100, -100), CNN2SNN_DTYPE_INT32, 27);
    model = conv2d(C2S_AKIDA_CONV2D, 2, 1, 1, 1, 1, C2S_PADDING_SAME);
    weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), VALUES(1));
    parameter(model, "pool_type", C2S_POOL_AVERAGE);
    parameter(model, "post_op_buffer_bits", 8);
    EXPECT(model, VALUES(100, 100), CNN2SNN_DTYPE_INT32, 127);
}
END_TEST

START_TEST(transposed_kernels_spread_each_input)
{
    static const double kernel[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
    for (int depthwise = 0; depthwise < 2; depthwise++) {
        int kind = depthwise ? C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE : C2S_AKIDA_CONV2D_TRANSPOSE;
        cnn2snn_akida_model *model = conv2d(kind, 1, 2, 1, 3, 1, 0);
        weights(model, "weights", 4, EXTENTS(3, 3, 1, 1), kernel);
        /* lead 0: input y reaches outputs 2y, 2y + 1, 2y + 2; the third row falls off */
        EXPECT(model, VALUES(1, 10), CNN2SNN_DTYPE_INT32, 1, 2, 3 + 10, 20, 4, 5, 6 + 40, 50);
        model = conv2d(kind, 1, 1, 1, 4, 1, 0);
        weights(model, "weights", 4, EXTENTS(4, 4, 1, 1), kernel);
        EXPECT(model, VALUES(1), CNN2SNN_DTYPE_INT32, 6, 7, 10, 11); /* lead 1 */
    }
}
END_TEST

static const struct {
    double input, a_shift, b_shift, output_shift;
    int buffer_bits, output_bits;
    double output;
} additions[] = {
    {75, 0, 0, 0, 32, 8, 127},     {75, 0, 0, -1, 32, 8, 75},      {75, 0, 0, -8, 32, 4, 1},
    {75, 0, 0, 0, 32, 4, 7},       {-75, 0, 0, 0, 32, 4, -8},      {100, 8, 0, 0, 32, 32, 25700},
    {100, 8, 0, 0, 12, 32, 2047},  {-100, 8, 0, 0, 12, 32, -2048}, {100, 8, 0, -8, 32, 8, 100},
    {100, 8, 0, 0, 32, 16, 25700},
};

START_TEST(additions_are_shifted_limited_and_signed)
{
    cnn2snn_akida_model *model = events(1, 1, 1, 1);
    add_layer(model, C2S_AKIDA_ADD, "a", "buffer_bits", additions[_i].buffer_bits, "output_bits",
              additions[_i].output_bits, NULL);
    ck_assert_int_eq(c2s_akida_layer_add_inbound(model, &model->layers[1], 0, NULL), CNN2SNN_OK);
    bytes(model, "a_shift", false, additions[_i].a_shift);
    bytes(model, "b_shift", false, additions[_i].b_shift);
    bytes(model, "output_shift", true, additions[_i].output_shift);
    EXPECT(model, &additions[_i].input, additions[_i].output_bits <= 8 ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_INT32,
           additions[_i].output);
}
END_TEST

/* A Quantizer alone. */
static cnn2snn_akida_model *quantizer(int bits, int is_signed, double scale, double zero_point)
{
    cnn2snn_akida_model *model = new_model();
    add_layer(model, C2S_AKIDA_QUANTIZER, "q", "input_width", 1, "input_height", 1, "input_channels", 1,
              "output_bits", bits, "output_signed", is_signed, "channels_first", 0, NULL);
    vector(model, "scales", CNN2SNN_DTYPE_FLOAT32, 1, &scale);
    vector(model, "zero_points", CNN2SNN_DTYPE_UINT8, 1, &zero_point);
    return model;
}

static const struct {
    double input;
    int bits, is_signed;
    double scale, zero_point, output;
} quantized[] = {
    {2.5, 8, 1, 1, 0, 3},        {-2.5, 8, 1, 1, 0, -3},     {0.49999997, 8, 1, 1, 0, 0}, {1.5, 8, 1, 3, 0, 5},
    {1000, 8, 1, 1, 0, 127},     {-1000, 8, 1, 1, 0, -128},  {1000, 8, 0, 1, 0, 255},     {-1000, 8, 0, 1, 5, 0},
    {-3, 8, 0, 1, 5, 2},         {100, 4, 0, 1, 0, 15},      {100, 4, 1, 1, 0, 7},        {-9, 4, 1, 1, 0, -8},
    {INFINITY, 8, 1, 1, 0, 127}, {-INFINITY, 8, 0, 1, 0, 0}, {NAN, 8, 1, 1, 0, -128},     {3e38, 8, 1, 3e38, 0, 127},
};

START_TEST(real_inputs_are_rounded_away_from_zero_and_limited)
{
    cnn2snn_akida_model *model =
        quantizer(quantized[_i].bits, quantized[_i].is_signed, quantized[_i].scale, quantized[_i].zero_point);
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    cnn2snn_tensor *input = samples_of(CNN2SNN_DTYPE_FLOAT32, 1, EXTENTS(1, 1, 1), &quantized[_i].input), *output;
    ck_assert_int_eq(c2s_simulator_forward(simulator, input, false, NULL, NULL, &output, NULL), CNN2SNN_OK);
    expect_values(output, quantized[_i].is_signed ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_UINT8, 1,
                  &quantized[_i].output);
    c2s_tensor_release(input);
    c2s_tensor_release(output);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(integers_pass_a_quantizer_as_they_are)
{
    EXPECT(quantizer(8, 0, 100, 7), VALUES(200), CNN2SNN_DTYPE_UINT8, 200);
    cnn2snn_akida_model *model = new_model();
    add_layer(model, C2S_AKIDA_QUANTIZER, "q", "input_width", 2, "input_height", 1, "input_channels", 3,
              "output_bits", 8, "output_signed", 1, "channels_first", 1, NULL);
    EXPECT(model, VALUES(1, 2, 3, -4, -5, -6), CNN2SNN_DTYPE_INT8, 1, -4, 2, -5, 3, -6);
}
END_TEST

START_TEST(a_dequantizer_rounds_to_float32)
{
    cnn2snn_akida_model *model = dense(1, VALUES(127));
    vector(model, "input_shift", CNN2SNN_DTYPE_UINT8, 1, VALUES(16));
    add_layer(model, C2S_AKIDA_DEQUANTIZER, "dq", NULL);
    vector(model, "scales", CNN2SNN_DTYPE_FLOAT32, 1, VALUES(0.1));
    float expected = (float)(127 * 127 * 65536) * 0.1f;
    EXPECT(model, VALUES(127), CNN2SNN_DTYPE_FLOAT32, (double)expected);
}
END_TEST

START_TEST(channels_are_put_behind_each_other)
{
    cnn2snn_akida_model *model = events(1, 2, 1, 2);
    add_layer(model, C2S_AKIDA_CONCATENATE, "c", NULL);
    ck_assert_int_eq(c2s_akida_layer_add_inbound(model, &model->layers[1], 0, NULL), CNN2SNN_OK);
    EXPECT(model, VALUES(1, -2, 3, 4), CNN2SNN_DTYPE_INT8, 1, -2, 1, -2, 3, 4, 3, 4);
}
END_TEST

static const struct {
    const char *key, *variable;
    int value;
    cnn2snn_status status;
    const char *message;
} refusals[] = {
    {"output_bits", NULL, 33, CNN2SNN_E_VALUE, "output_bits is 33, expected 1 to 32"},
    {"buffer_bits", NULL, 0, CNN2SNN_E_VALUE, "buffer_bits is 0"},
    {"post_op_buffer_bits", NULL, 33, CNN2SNN_E_VALUE, "post_op_buffer_bits is 33"},
    {"activation", NULL, 3, CNN2SNN_E_VALUE, "activation is 3"},
    {NULL, "output_shift", -32, CNN2SNN_E_VALUE, "output_shift holds -32, expected -31 to 31"},
    {NULL, "input_shift", 32, CNN2SNN_E_VALUE, "input_shift holds 32"},
    {NULL, "bias_shift", 200, CNN2SNN_E_VALUE, "bias_shift holds"},
};

START_TEST(what_no_runtime_takes_is_refused)
{
    cnn2snn_akida_model *model = dense(1, VALUES(1));
    if (refusals[_i].key)
        parameter(model, refusals[_i].key, refusals[_i].value);
    else
        bytes(model, refusals[_i].variable, !strcmp(refusals[_i].variable, "output_shift"), refusals[_i].value);
    expect_refusal(model, refusals[_i].status, refusals[_i].message);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("simulate_v2");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, outputs_are_shifted_rounded_and_limited, 0, COUNT(outputs));
    tcase_add_test(tests, sums_are_limited_to_the_buffer);
    tcase_add_test(tests, inputs_are_shifted_and_limited_to_the_buffer);
    tcase_add_test(tests, sums_of_dense_layers_saturate_and_those_of_convolutions_wrap);
    tcase_add_test(tests, depthwise_fifos_saturate_after_each_frame);
    tcase_add_test(tests, the_bias_has_a_shift_and_both_have_limits);
    tcase_add_test(tests, the_bias_of_images_is_added_before_the_buffer_is_limited);
    tcase_add_test(tests, scales_multiply_within_the_buffer_of_the_end);
    tcase_add_test(tests, relu_is_limited_from_above);
    tcase_add_test(tests, tables_are_read_at_11_bits);
    tcase_add_test(tests, kernels_are_flipped_but_not_those_of_images);
    tcase_add_test(tests, same_upper_pads_half_the_kernel_in_front);
    tcase_add_test(tests, images_are_padded_channel_by_channel);
    tcase_add_test(tests, max_pooling_comes_before_the_activation_and_average_pooling_behind_it);
    tcase_add_test(tests, average_pooling_is_limited_after_each_addition);
    tcase_add_test(tests, transposed_kernels_spread_each_input);
    tcase_add_loop_test(tests, additions_are_shifted_limited_and_signed, 0, COUNT(additions));
    tcase_add_loop_test(tests, real_inputs_are_rounded_away_from_zero_and_limited, 0, COUNT(quantized));
    tcase_add_test(tests, integers_pass_a_quantizer_as_they_are);
    tcase_add_test(tests, a_dequantizer_rounds_to_float32);
    tcase_add_test(tests, channels_are_put_behind_each_other);
    tcase_add_loop_test(tests, what_no_runtime_takes_is_refused, 0, COUNT(refusals));
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_on_all_kernels(make_suite);
}
