/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Each width, limit and rounding of Akida 2.0 with values on both sides of its edge, in all kinds of layers that have
 * it, on all kernels. docs/simulator-rules.md names the rules.
 */
#include "edge_models.h"

enum { KINDS = COUNT(kinds_with_sums), WINDOWS = COUNT(kinds_of_windows) };

static bool takes_pairs(int kind)
{
    return kind != C2S_AKIDA_BATCH_NORMALIZATION && kind != C2S_AKIDA_INPUT_CONV2D;
}

START_TEST(shifted_inputs_are_limited_to_the_buffer_before_they_are_multiplied)
{
    static const struct {
        double inputs[2], shift, sum;
    } cases[] = {
        {{127, -1}, 2, 508 - 4}, {{127, -1}, 3, 511 - 8}, {{-128, 1}, 2, -512 + 4}, {{-128, 1}, 3, -512 + 8},
        {{64, -1}, 3, 511 - 8},  {{63, -1}, 3, 504 - 8},  {{-64, 1}, 3, -512 + 8},  {{-65, 1}, 3, -512 + 8},
    };
    for (size_t i = 0; takes_pairs(kinds_with_sums[_i]) && i < COUNT(cases); i++)
        ck_assert_double_eq(run_pair(kinds_with_sums[_i], cases[i].inputs, VALUES(1, 1), cases[i].shift, 10),
                            cases[i].sum);
}
END_TEST

/* Seen with akida 2.19.3, though spec/simulator.md says that all wrap. */
START_TEST(sums_of_32_bits_wrap_or_saturate_as_the_kind_does)
{
    int kind = kinds_with_sums[_i];
    bool saturates =
        kind == C2S_AKIDA_DENSE1D || kind == C2S_AKIDA_DENSE2D || kind == C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV;
    if (!takes_pairs(kind))
        return;
    bool state = kind == C2S_AKIDA_STATEFUL_RECURRENT; /* of 16 bits */
    ck_assert_double_eq(run_pair(kind, VALUES(64, 63), VALUES(1, 1), 24, 32), state ? 32767 : 2130706432);
    ck_assert_double_eq(run_pair(kind, VALUES(64, 64), VALUES(1, 1), 24, 32), state       ? 32767
                                                                              : saturates ? 2147483647
                                                                                          : -2147483648.0);
    ck_assert_double_eq(run_pair(kind, VALUES(-64, -64), VALUES(1, 1), 24, 32), state ? -32768 : -2147483648.0);
    ck_assert_double_eq(run_pair(kind, VALUES(-64, -65), VALUES(1, 1), 24, 32), state       ? -32768
                                                                                : saturates ? -2147483648.0
                                                                                            : 2130706432);
}
END_TEST

START_TEST(normalized_values_wrap_at_32_bits)
{
    for (int over = 0; over < 2; over++) {
        cnn2snn_akida_model *model = neuron(C2S_AKIDA_BATCH_NORMALIZATION, over ? 2 : 1);
        one(model, "input_shift", false, 24);
        expect_neuron(model, 64, CNN2SNN_DTYPE_INT32, over ? -2147483648.0 : 1073741824);
    }
}
END_TEST

START_TEST(sums_are_limited_to_the_buffer_in_all_kinds)
{
    static const struct {
        double input, weight, sum;
    } cases[] = {{127, 1, 127},  {64, 2, 127},    {63, 2, 126},    {-128, 1, -128}, {-64, 2, -128}, {-65, 2, -128},
                 {-63, 2, -126}, {-128, -1, 127}, {-127, -1, 127}, {64, -2, -128},  {65, -2, -128}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        double input = cases[i].input;
        cnn2snn_akida_model *model = neuron_of(kinds_with_sums[_i], &input, cases[i].weight);
        parameter(model, "buffer_bits", 8);
        expect_neuron(model, input, CNN2SNN_DTYPE_INT32, cases[i].sum);
    }
}
END_TEST

START_TEST(the_bias_and_the_sum_with_it_are_limited_in_all_kinds)
{
    static const struct {
        double input, weight, bias, shift, sum;
    } cases[] = {
        {100, 1, 27, 0, 127},    {100, 1, 28, 0, 127},
        {100, 1, 26, 0, 126},    {-100, 1, -28, 0, -128},
        {-100, 1, -29, 0, -128}, {-100, 1, -27, 0, -127},
        {-100, 1, 63, 1, 26},    {-100, 1, 64, 1, 27}, /* 128 is limited */
        {-100, 1, 127, 24, 27},  {100, 1, -64, 1, -28},
        {100, 1, -65, 1, -28},   {100, 1, -1, 31, -28},
        {100, 9, -100, 0, 127},  {-100, 9, 100, 0, -128}, /* the sum itself isn't limited before */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        double input = cases[i].input;
        cnn2snn_akida_model *model = neuron_of(kinds_with_sums[_i], &input, cases[i].weight);
        parameter(model, "post_op_buffer_bits", 8);
        set_bias(model, cases[i].bias, cases[i].shift);
        expect_neuron(model, input, CNN2SNN_DTYPE_INT32, cases[i].sum);
    }
}
END_TEST

START_TEST(a_bias_may_leave_the_buffer_but_not_that_of_images)
{
    for (int i = 0; i < 2; i++) {
        cnn2snn_akida_model *model = neuron(kinds_with_sums[_i], 1);
        parameter(model, "buffer_bits", 8);
        set_bias(model, 27 + i, 0);
        expect_neuron(model, 100, CNN2SNN_DTYPE_INT32, kinds_with_sums[_i] == C2S_AKIDA_INPUT_CONV2D ? 127 : 127 + i);
    }
}
END_TEST

START_TEST(scaled_values_are_limited_before_they_are_shifted)
{
    static const struct {
        double input, scale, shift, output;
    } cases[] = {{63, 2, 0, 126}, {64, 2, 0, 127},  {-64, 2, 0, -128}, {-65, 2, 0, -128},
                 {63, 2, -1, 63}, {64, 2, -1, 64},  {100, 2, -1, 64},  {-100, 2, -1, -64},
                 {100, 0, 0, 0},  {1, 127, 0, 127}, {1, 255, -3, 16}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        double input = cases[i].input;
        cnn2snn_akida_model *model = neuron_of(kinds_with_sums[_i], &input, 1);
        parameter(model, "post_op_buffer_bits", 8);
        one(model, "output_scales", false, cases[i].scale);
        one(model, "output_shift", true, cases[i].shift);
        expect_neuron(model, input, CNN2SNN_DTYPE_INT32, cases[i].output);
    }
}
END_TEST

START_TEST(outputs_are_rounded_and_limited_in_all_kinds)
{
    static const struct {
        double input;
        int shift, bits;
        cnn2snn_dtype dtype;
        double output;
    } cases[] = {
        {1, -1, 8, CNN2SNN_DTYPE_INT8, 1},
        {-1, -1, 8, CNN2SNN_DTYPE_INT8, 0},
        {5, -1, 8, CNN2SNN_DTYPE_INT8, 3},
        {-5, -1, 8, CNN2SNN_DTYPE_INT8, -2},
        {-7, -2, 8, CNN2SNN_DTYPE_INT8, -2},
        {-6, -2, 8, CNN2SNN_DTYPE_INT8, -1},
        {5, -2, 8, CNN2SNN_DTYPE_INT8, 1},
        {6, -2, 8, CNN2SNN_DTYPE_INT8, 2},
        {127, 0, 8, CNN2SNN_DTYPE_INT8, 127},
        {64, 1, 8, CNN2SNN_DTYPE_INT8, 127},
        {63, 1, 8, CNN2SNN_DTYPE_INT8, 126},
        {-64, 1, 8, CNN2SNN_DTYPE_INT8, -128},
        {-65, 1, 8, CNN2SNN_DTYPE_INT8, -128},
        {15, 0, 4, CNN2SNN_DTYPE_UINT8, 15},
        {16, 0, 4, CNN2SNN_DTYPE_UINT8, 15},
        {-1, 0, 4, CNN2SNN_DTYPE_UINT8, 0},
        {1, 0, 1, CNN2SNN_DTYPE_UINT8, 1},
        {2, 0, 1, CNN2SNN_DTYPE_UINT8, 1},
        {15, 0, 5, CNN2SNN_DTYPE_INT8, 15},
        {16, 0, 5, CNN2SNN_DTYPE_INT8, 15},
        {-16, 0, 5, CNN2SNN_DTYPE_INT8, -16},
        {-17, 0, 5, CNN2SNN_DTYPE_INT8, -16},
        {1, 15, 16, CNN2SNN_DTYPE_INT16, 32767},
        {-1, 15, 16, CNN2SNN_DTYPE_INT16, -32768},
        {-1, 14, 15, CNN2SNN_DTYPE_INT32, -16384},
        {1, 14, 15, CNN2SNN_DTYPE_INT32, 16383},
        {1, 16, 17, CNN2SNN_DTYPE_INT32, 65535},
        {1, 31, 32, CNN2SNN_DTYPE_INT32, 2147483647},
        {1, 30, 32, CNN2SNN_DTYPE_INT32, 1073741824},
        {-1, 31, 32, CNN2SNN_DTYPE_INT32, -2147483648.0},
        {100, 31, 32, CNN2SNN_DTYPE_INT32, 2147483647},
        {127, -31, 8, CNN2SNN_DTYPE_INT8, 0},
        {-127, -31, 8, CNN2SNN_DTYPE_INT8, 0},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        double input = cases[i].input;
        cnn2snn_akida_model *model = neuron_of(kinds_with_sums[_i], &input, 1);
        parameter(model, "output_bits", cases[i].bits);
        one(model, "output_shift", true, cases[i].shift);
        expect_neuron(model, input, cases[i].dtype, cases[i].output);
    }
}
END_TEST

START_TEST(relu_is_limited_before_the_scale_in_all_kinds)
{
    static const struct {
        double input, max, shift, output;
    } cases[] = {{-1, 9, 2, 0},  {0, 9, 2, 0},   {1, 9, 2, 2},        {36, 9, 2, 72},     {37, 9, 2, 72},
                 {35, 9, 2, 70}, {100, 0, 9, 0}, {100, 127, 31, 200}, {100, 255, 31, 200}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        double input = cases[i].input;
        cnn2snn_akida_model *model = neuron_of(kinds_with_sums[_i], &input, 1);
        parameter(model, "activation", 1);
        one(model, "max_value", false, cases[i].max);
        one(model, "max_value_shift", false, cases[i].shift);
        one(model, "output_scales", false, 2);
        expect_neuron(model, input, CNN2SNN_DTYPE_INT32, cases[i].output);
    }
}
END_TEST

static void add_table(cnn2snn_akida_model *model, double slope)
{
    double table[2048];
    for (int i = 0; i < 2048; i++)
        table[i] = slope * (i - 1024);
    parameter(model, "activation", 2);
    vector(model, "lut_values", CNN2SNN_DTYPE_INT32, 2048, table);
}

/* A table that hands its place through: the value on its way to the table is scaled, limited, rounded, limited to 11
 * bits. */
START_TEST(places_in_tables_are_rounded_and_limited_in_all_kinds)
{
    static const struct {
        double input, weight, scale, shift;
        int post_bits;
        double place;
    } cases[] = {
        {93, 11, 1, 0, 32, 1023},   {64, 16, 1, 0, 32, 1023}, {-64, 16, 1, 0, 32, -1024}, {-41, 25, 1, 0, 32, -1024},
        {-93, 11, 1, 0, 32, -1023}, {5, 1, 1, -1, 32, 3},     {-5, 1, 1, -1, 32, -2},     {100, 1, 3, -2, 32, 75},
        {100, 1, 3, -1, 8, 64},     {-100, 1, 3, -1, 8, -64}, {42, 1, 3, 0, 8, 126},      {43, 1, 3, 0, 8, 127},
        {31, 1, 1, 5, 32, 992},     {32, 1, 1, 5, 32, 1023},  {-32, 1, 1, 5, 32, -1024},  {-33, 1, 1, 5, 32, -1024}};
    if (kinds_with_sums[_i] == C2S_AKIDA_BATCH_NORMALIZATION)
        return; /* it has no table */
    for (size_t i = 0; i < COUNT(cases); i++)
        for (int bits = 8; bits <= 32; bits += 24) { /* bytes may be read from tables of their own */
            double input = cases[i].input, low = bits == 8 ? -128 : -2147483648.0, high = -1 - low;
            cnn2snn_akida_model *model = neuron_of(kinds_with_sums[_i], &input, cases[i].weight);
            double place = bits == 8 ? (double)(((int)cases[i].place + 4) >> 3) : cases[i].place;
            add_table(model, 1);
            parameter(model, "post_op_buffer_bits", cases[i].post_bits);
            parameter(model, "output_bits", bits);
            one(model, "output_shift", true, bits == 8 ? -3 : 0);
            one(model, "activation_scales", false, cases[i].scale);
            one(model, "activation_shift", true, cases[i].shift);
            if (cases[i].post_bits == 8) /* which limits the output as well */
                place = cases[i].place > 127 ? 127 : place;
            place = place < low ? low : place > high ? high : place;
            expect_neuron(model, input, bits == 8 ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_INT32, place);
        }
}
END_TEST

/* ------------------------------------------------------------------------------------------------ pooling */

/* A window of one place over `count` places of one channel, pooled. */
static cnn2snn_akida_model *pooled(int kind, int count, int type, double weight)
{
    cnn2snn_akida_model *model = layer_of(kind, 1, count, 1, 1);
    weights(model, "weights", 4, EXTENTS(1, 1, 1, 1), &weight);
    parameter(model, "pool_type", type);
    return model;
}

START_TEST(sums_of_places_are_limited_after_each_addition)
{
    static const struct {
        double weight, values[3], sum;
    } cases[] = {
        {1, {100, 27, -100}, 27},   {1, {100, 28, -100}, 27},   {1, {100, 26, -100}, 26},
        {1, {-100, -28, 100}, -28}, {1, {-100, -29, 100}, -28}, {1, {-100, -27, 100}, -27},
        {2, {-100, 156, 0}, 27},    {2, {-100, 128, 0}, 27},    {2, {-100, 126, 0}, 26}}; /* values are, too */
    for (size_t i = 0; i < COUNT(cases); i++) {
        bool image = kinds_of_windows[_i] == C2S_AKIDA_INPUT_CONV2D;
        double inputs[3];
        cnn2snn_akida_model *model = pooled(kinds_of_windows[_i], 3, C2S_POOL_AVERAGE, cases[i].weight);
        for (int k = 0; k < 3; k++)
            inputs[k] = (cases[i].values[k] + (image ? 128 : 0)) / cases[i].weight;
        one(model, "bias", true, image ? -128 : 0);
        parameter(model, "post_op_buffer_bits", 8);
        EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, cases[i].sum);
    }
}
END_TEST

START_TEST(places_are_summed_behind_the_activation_and_rounded_once)
{
    for (int bits = 8; bits <= 32; bits += 24) {
        cnn2snn_akida_model *model = pooled(kinds_of_windows[_i], 3, C2S_POOL_AVERAGE, 1);
        parameter(model, "activation", 1);
        parameter(model, "output_bits", bits);
        one(model, "bias", true, -5);
        one(model, "max_value", false, 9);
        one(model, "max_value_shift", false, 0);
        one(model, "output_shift", true, -1);
        /* -4 -> 0, 1, 20 -> 9: (10 + 1) / 2; each rounded: 0 + 1 + 5 */
        EXPECT(model, VALUES(1, 6, 25), bits == 8 ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_INT32, 5);
    }
}
END_TEST

START_TEST(the_largest_sum_is_taken_before_the_table)
{
    for (int bits = 8; bits <= 32; bits += 24) {
        cnn2snn_akida_model *model = pooled(kinds_of_windows[_i], 3, C2S_POOL_MAX, 1);
        parameter(model, "pool_size", 2);
        parameter(model, "pool_stride", -1); /* that of the size */
        parameter(model, "output_bits", bits);
        add_table(model, -1);
        EXPECT(model, VALUES(3, 7, 5), bits == 8 ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_INT32, -7, -5);
    }
}
END_TEST

static const struct {
    int padding, count, size, stride, places;
    double largest[6];
} pools[] = {
    {C2S_PADDING_VALID, 5, 2, 2, 2, {2, 4}},         {C2S_PADDING_VALID, 5, 3, 1, 3, {3, 4, 5}},
    {C2S_PADDING_SAME, 5, 2, 2, 3, {2, 4, 5}},       {C2S_PADDING_SAME, 5, 3, 2, 3, {2, 4, 5}}, /* one in front */
    {C2S_PADDING_SAME, 4, 3, 2, 2, {3, 4}},                                                     /* none in front */
    {C2S_PADDING_SAME, 5, 2, 1, 5, {2, 3, 4, 5, 5}}, {C2S_PADDING_SAME, 5, 2, 3, 2, {2, 5}},
    {C2S_PADDING_SAME_UPPER, 4, 3, 2, 2, {2, 4}}, /* one in front */
    {C2S_PADDING_SAME_UPPER, 5, 2, 2, 3, {2, 4, 5}},
};

/* The same along both axes. */
START_TEST(max_pooling_pads_as_the_convolution_does)
{
    int count = pools[_i].count, places = pools[_i].places;
    for (int bits = 8; bits <= 32; bits += 24)
        for (int axis = 0; axis < 2; axis++) {
            double inputs[25], expected[25];
            cnn2snn_akida_model *model = pooled(C2S_AKIDA_INPUT_CONV2D, count, C2S_POOL_MAX, 1);
            parameter(model, "input_x", count);
            parameter(model, "padding", pools[_i].padding);
            parameter(model, "pool_size", pools[_i].size);
            parameter(model, "pool_stride", pools[_i].stride);
            parameter(model, "output_bits", bits);
            one(model, "bias", true, -100); /* below 0: padding never wins */
            for (int i = 0; i < count * count; i++)
                inputs[i] = 1 + (axis ? i % count : i / count);
            for (int i = 0; i < places * places; i++)
                expected[i] = pools[_i].largest[axis ? i % places : i / places] - 100;
            expect_outputs(model, inputs, bits == 8 ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_INT32,
                           (size_t)(places * places), expected);
        }
}
END_TEST

/* ------------------------------------------------------------------------------------------------ windows */

static const struct {
    int padding, count, kernel, stride, before, places;
} windows[] = {
    {C2S_PADDING_VALID, 5, 3, 1, 0, 3},      {C2S_PADDING_VALID, 5, 3, 2, 0, 2},
    {C2S_PADDING_VALID, 6, 3, 2, 0, 2},      {C2S_PADDING_VALID, 5, 2, 3, 0, 2},
    {C2S_PADDING_VALID, 3, 3, 1, 0, 1},      {C2S_PADDING_SAME, 5, 3, 1, 1, 5},
    {C2S_PADDING_SAME, 4, 3, 2, 0, 2},       {C2S_PADDING_SAME, 5, 3, 2, 1, 3},
    {C2S_PADDING_SAME, 5, 2, 1, 0, 5},       {C2S_PADDING_SAME, 5, 4, 1, 1, 5},
    {C2S_PADDING_SAME, 7, 2, 3, 0, 3},       {C2S_PADDING_SAME, 6, 1, 3, 0, 2},
    {C2S_PADDING_SAME, 7, 5, 4, 1, 2},       {C2S_PADDING_SAME_UPPER, 4, 3, 2, 1, 2},
    {C2S_PADDING_SAME_UPPER, 5, 3, 2, 1, 3}, {C2S_PADDING_SAME_UPPER, 5, 2, 2, 0, 3},
    {C2S_PADDING_SAME_UPPER, 6, 5, 2, 2, 3},
};

/* A kernel of one tap per run: results are the places that it sees, counted from 1, or the padding. */
START_TEST(windows_begin_where_the_padding_says)
{
    int count = windows[_i].count, kernel = windows[_i].kernel, places = windows[_i].places;
    for (int axis = 0; axis < 2; axis++)
        for (int tap = 0; tap < kernel; tap++) {
            double inputs[49], taps[25] = {0}, expected[49];
            cnn2snn_akida_model *model = layer_of(C2S_AKIDA_INPUT_CONV2D, count, count, 1, kernel);
            parameter(model, "padding", windows[_i].padding);
            parameter(model, "kernel_stride", windows[_i].stride);
            one(model, "padding_value", false, 99);
            for (int i = 0; i < count * count; i++)
                inputs[i] = 1 + (axis ? i % count : i / count);
            /* the other axis: a tap that is inside in the first window */
            int other = windows[_i].before;
            taps[axis ? other * kernel + tap : tap * kernel + other] = 1;
            weights(model, "weights", 4, EXTENTS(kernel, kernel, 1, 1), taps);
            for (int i = 0; i < places * places; i++) {
                int place = (axis ? i % places : i / places) * windows[_i].stride - windows[_i].before + tap;
                expected[i] = place >= 0 && place < count ? place + 1 : 99;
            }
            expect_outputs(model, inputs, CNN2SNN_DTYPE_INT32, (size_t)(places * places), expected);
        }
}
END_TEST

START_TEST(hidden_layers_are_padded_with_zeros)
{
    for (int depthwise = 0; depthwise < 2; depthwise++) {
        cnn2snn_akida_model *model = layer_of(depthwise ? C2S_AKIDA_DEPTHWISE_CONV2D : C2S_AKIDA_CONV2D, 1, 3, 1, 3);
        weights(model, "weights", 4, EXTENTS(3, 3, 1, 1), VALUES(7, 7, 7, 100, 10, 1, 7, 7, 7));
        EXPECT(model, VALUES(-1, 2, 3), CNN2SNN_DTYPE_INT32, -10 + 200, -1 + 20 + 300, 2 + 30);
    }
}
END_TEST

static const struct {
    int kernel, lead;
} spreads[] = {{1, 0}, {2, 0}, {3, 0}, {4, 1}, {5, 1}, {6, 2}};

START_TEST(transposed_kernels_begin_half_of_what_exceeds_two_in_front)
{
    int kernel = spreads[_i].kernel, side = 4;
    for (int depthwise = 0; depthwise < 2; depthwise++) {
        double taps[36], expected[16] = {0};
        cnn2snn_akida_model *model =
            layer_of(depthwise ? C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE : C2S_AKIDA_CONV2D_TRANSPOSE, 2, 2, 1, kernel);
        for (int i = 0; i < kernel * kernel; i++)
            taps[i] = i + 1;
        weights(model, "weights", 4, EXTENTS(kernel, kernel, 1, 1), taps);
        static const double inputs[4] = {1, 5, -3, 2};
        for (int i = 0; i < 4; i++)
            for (int t = 0; t < kernel * kernel; t++) {
                int x = 2 * (i / 2) + t / kernel - spreads[_i].lead, y = 2 * (i % 2) + t % kernel - spreads[_i].lead;
                if (x >= 0 && x < side && y >= 0 && y < side)
                    expected[x * side + y] += inputs[i] * taps[t];
            }
        expect_outputs(model, inputs, CNN2SNN_DTYPE_INT32, 16, expected);
    }
}
END_TEST

/* -------------------------------------------------------------------------------------------- orders of weights */

START_TEST(dense_weights_are_in_order_of_x_y_and_channels)
{
    double kernel[12], inputs[12] = {0}, shifts[12] = {0};
    for (int i = 0; i < 12; i++)
        kernel[i] = i;
    for (int at = 0; at < 12; at++) {
        cnn2snn_akida_model *model = layer_of(C2S_AKIDA_DENSE1D, 2, 3, 2, 1);
        weights(model, "weights", 2, EXTENTS(12, 1), kernel);
        memset(inputs, 0, sizeof inputs);
        inputs[at] = 3;
        shifts[5] = 1; /* each input has its own */
        vector(model, "input_shift", CNN2SNN_DTYPE_UINT8, 12, shifts);
        EXPECT(model, inputs, CNN2SNN_DTYPE_INT32, 3 * at * (at == 5 ? 2 : 1));
    }
}
END_TEST

START_TEST(weights_of_frames_are_in_order_of_time_and_channels)
{
    for (int depthwise = 0; depthwise < 2; depthwise++) {
        cnn2snn_akida_model *model =
            layer_of(depthwise ? C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV : C2S_AKIDA_BUFFER_TEMP_CONV, 1, 1, 2, 1);
        int64_t shape[4] = {1, 1, depthwise ? 2 : 4, depthwise ? 2 : 1};
        weights(model, "weights", 4, shape, VALUES(1, 10, 100, -5));
        cnn2snn_simulator *simulator = simulator_of(model, 1);
        cnn2snn_tensor *output = forward(simulator, 2, VALUES(1, 2, 3, 4), false);
        if (depthwise)
            expect_values(output, CNN2SNN_DTYPE_INT32, 4, VALUES(100, -10, 301, 0));
        else
            expect_values(output, CNN2SNN_DTYPE_INT32, 2, VALUES(90, 21 + 280));
        c2s_tensor_release(output);
        c2s_simulator_destroy(simulator);
        c2s_akida_model_release(model);
    }
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("edges_v2");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, shifted_inputs_are_limited_to_the_buffer_before_they_are_multiplied, 0, KINDS);
    tcase_add_loop_test(tests, sums_of_32_bits_wrap_or_saturate_as_the_kind_does, 0, KINDS);
    tcase_add_test(tests, normalized_values_wrap_at_32_bits);
    tcase_add_loop_test(tests, sums_are_limited_to_the_buffer_in_all_kinds, 0, KINDS);
    tcase_add_loop_test(tests, the_bias_and_the_sum_with_it_are_limited_in_all_kinds, 0, KINDS);
    tcase_add_loop_test(tests, a_bias_may_leave_the_buffer_but_not_that_of_images, 0, KINDS);
    tcase_add_loop_test(tests, scaled_values_are_limited_before_they_are_shifted, 0, KINDS);
    tcase_add_loop_test(tests, outputs_are_rounded_and_limited_in_all_kinds, 0, KINDS);
    tcase_add_loop_test(tests, relu_is_limited_before_the_scale_in_all_kinds, 0, KINDS);
    tcase_add_loop_test(tests, places_in_tables_are_rounded_and_limited_in_all_kinds, 0, KINDS);
    tcase_add_loop_test(tests, sums_of_places_are_limited_after_each_addition, 0, WINDOWS);
    tcase_add_loop_test(tests, places_are_summed_behind_the_activation_and_rounded_once, 0, WINDOWS);
    tcase_add_loop_test(tests, the_largest_sum_is_taken_before_the_table, 0, WINDOWS);
    tcase_add_loop_test(tests, max_pooling_pads_as_the_convolution_does, 0, COUNT(pools));
    tcase_add_loop_test(tests, windows_begin_where_the_padding_says, 0, COUNT(windows));
    tcase_add_test(tests, hidden_layers_are_padded_with_zeros);
    tcase_add_loop_test(tests, transposed_kernels_begin_half_of_what_exceeds_two_in_front, 0, COUNT(spreads));
    tcase_add_test(tests, dense_weights_are_in_order_of_x_y_and_channels);
    tcase_add_test(tests, weights_of_frames_are_in_order_of_time_and_channels);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_on_all_kernels(make_suite);
}
