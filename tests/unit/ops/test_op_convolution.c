/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions and Dense against direct sums in double over random shapes, and the spec's quantized examples. */
#include "../support/layer_testing.h"

/* Config of a random convolution; 'strides' are equal where the layer needs it. */
struct choice {
    int64_t in[2], channels, filters, kernel[2], stride[2], dilation[2], groups, multiplier, samples;
    bool same, bias;
};

static struct choice choose(void)
{
    struct choice c = {.samples = random_between(&randomness, 1, 3), .groups = random_between(&randomness, 1, 2)};
    for (int axis = 0; axis < 2; axis++) {
        c.kernel[axis] = random_between(&randomness, 1, 4);
        c.stride[axis] = random_between(&randomness, 1, 3);
        c.dilation[axis] = 1;
        c.in[axis] = random_between(&randomness, 4, 11);
    }
    if (random_between(&randomness, 0, 3) == 0) { /* Keras allows only one of strides and dilation */
        c.stride[0] = c.stride[1] = 1;
        c.dilation[0] = c.dilation[1] = 2;
        c.in[0] += 4;
        c.in[1] += 4;
    }
    c.channels = c.groups * random_between(&randomness, 1, 5);
    c.filters = c.groups * random_between(&randomness, 1, 20);
    c.multiplier = random_between(&randomness, 1, 3);
    c.same = random_between(&randomness, 0, 1);
    c.bias = random_between(&randomness, 0, 1);
    return c;
}

#define COMMON                                                                                                       \
    "'kernel_size': [%lld, %lld], 'strides': [%lld, %lld], 'dilation_rate': [%lld, %lld], 'padding': '%s', "         \
    "'use_bias': %s"
#define COMMON_VALUES(c)                                                                                             \
    (long long)(c).kernel[0], (long long)(c).kernel[1], (long long)(c).stride[0], (long long)(c).stride[1],          \
        (long long)(c).dilation[0], (long long)(c).dilation[1], (c).same ? "same" : "valid",                         \
        (c).bias ? "true" : "false"

/* Rows or columns of padding in front, and the number of outputs. */
static int64_t positions(const struct choice *c, int axis, int64_t *before)
{
    int64_t reach = (c->kernel[axis] - 1) * c->dilation[axis] + 1, out = (c->in[axis] - reach) / c->stride[axis] + 1;
    *before = 0;
    if (c->same) {
        out = (c->in[axis] + c->stride[axis] - 1) / c->stride[axis];
        int64_t missing = (out - 1) * c->stride[axis] + reach - c->in[axis];
        *before = missing > 0 ? missing / 2 : 0;
    }
    return out;
}

static double pixel(const struct choice *c, const cnn2snn_tensor *x, const int64_t before[2], int64_t s,
                    const int64_t out[2], int64_t i, int64_t j, int64_t channel)
{
    int64_t row = out[0] * c->stride[0] - before[0] + i * c->dilation[0];
    int64_t column = out[1] * c->stride[1] - before[1] + j * c->dilation[1];
    return row < 0 || column < 0 || row >= c->in[0] || column >= c->in[1] ? 0 : at4(x, s, row, column, channel);
}

/* Sum for one filter of kernel[i][j][first..first+depth][column] where `column` counts among `columns`. */
static double sum_window(const struct choice *c, const cnn2snn_tensor *x, const cnn2snn_layer *layer,
                         const int64_t before[2], int64_t s, const int64_t out[2], int64_t first, int64_t depth,
                         int64_t column, int64_t columns)
{
    double sum = 0;
    for (int64_t i = 0; i < c->kernel[0]; i++)
        for (int64_t j = 0; j < c->kernel[1]; j++)
            for (int64_t k = 0; k < depth; k++)
                sum += pixel(c, x, before, s, out, i, j, first + k) *
                       weight_value(layer, 0, (size_t)(((i * c->kernel[1] + j) * depth + k) * columns + column));
    return sum;
}

START_TEST(conv2d_is_a_sum_over_windows)
{
    for (int round = 0; round < 150; round++) {
        struct choice c = choose();
        int64_t before[2], rows, columns;
        cnn2snn_layer *layer =
            make_layer("Conv2D", "{'filters': %lld, 'groups': %lld, " COMMON ", 'activation': 'leaky_relu'}",
                       (long long)c.filters, (long long)c.groups, COMMON_VALUES(c));
        cnn2snn_tensor *x = TENSOR(NULL, c.samples, c.in[0], c.in[1], c.channels);
        build_for(layer, x);
        cnn2snn_tensor *y = call_one(layer, x);
        rows = positions(&c, 0, &before[0]);
        columns = positions(&c, 1, &before[1]);
        CHECK_SHAPE(y, c.samples, rows, columns, c.filters);
        for (size_t n = 0; n < y->count; n++) {
            int64_t f = (int64_t)n % c.filters, place = (int64_t)n / c.filters, depth = c.channels / c.groups;
            const int64_t out[2] = {place / columns % rows, place % columns};
            double sum = sum_window(&c, x, layer, before, place / columns / rows, out,
                                    f / (c.filters / c.groups) * depth, depth, f, c.filters);
            sum += c.bias ? weight_value(layer, 1, (size_t)f) : 0;
            check_near(c2s_f32(y)[n], sum >= 0 ? sum : 0.2 * sum, 5e-6, "Conv2D", n);
        }
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
}
END_TEST

START_TEST(depthwise_filter_is_channel_times_multiplier_plus_index)
{
    for (int round = 0; round < 150; round++) {
        struct choice c = choose();
        int64_t before[2], rows, columns, filters = c.channels * c.multiplier;
        c.stride[1] = c.stride[0];
        cnn2snn_layer *layer =
            make_layer("DepthwiseConv2D", "{'depth_multiplier': %lld, " COMMON ", 'activation': 'tanh'}",
                       (long long)c.multiplier, COMMON_VALUES(c));
        cnn2snn_tensor *x = TENSOR(NULL, c.samples, c.in[0], c.in[1], c.channels);
        build_for(layer, x);
        cnn2snn_tensor *y = call_one(layer, x);
        rows = positions(&c, 0, &before[0]);
        columns = positions(&c, 1, &before[1]);
        CHECK_SHAPE(y, c.samples, rows, columns, filters);
        for (size_t n = 0; n < y->count; n++) {
            int64_t f = (int64_t)n % filters, place = (int64_t)n / filters;
            const int64_t out[2] = {place / columns % rows, place % columns};
            double sum =
                sum_window(&c, x, layer, before, place / columns / rows, out, f / c.multiplier, 1, f, filters);
            sum += c.bias ? weight_value(layer, 1, (size_t)f) : 0;
            check_near(c2s_f32(y)[n], tanh(sum), 2e-6, "DepthwiseConv2D", n);
        }
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
}
END_TEST

START_TEST(separable_is_depthwise_then_pointwise_then_bias_and_activation)
{
    for (int round = 0; round < 100; round++) {
        struct choice c = choose();
        int64_t before[2], rows, columns, middle = c.channels * c.multiplier;
        c.stride[1] = c.stride[0];
        cnn2snn_layer *layer = make_layer(
            "SeparableConv2D", "{'filters': %lld, 'depth_multiplier': %lld, " COMMON ", 'activation': 'relu6'}",
            (long long)c.filters, (long long)c.multiplier, COMMON_VALUES(c));
        cnn2snn_tensor *x = TENSOR(NULL, c.samples, c.in[0], c.in[1], c.channels);
        build_for(layer, x);
        cnn2snn_tensor *y = call_one(layer, x);
        rows = positions(&c, 0, &before[0]);
        columns = positions(&c, 1, &before[1]);
        CHECK_SHAPE(y, c.samples, rows, columns, c.filters);
        for (size_t n = 0; n < y->count; n++) {
            int64_t f = (int64_t)n % c.filters, place = (int64_t)n / c.filters;
            const int64_t out[2] = {place / columns % rows, place % columns};
            double sum = c.bias ? weight_value(layer, 2, (size_t)f) : 0;
            for (int64_t m = 0; m < middle; m++)
                sum += weight_value(layer, 1, (size_t)(m * c.filters + f)) *
                       sum_window(&c, x, layer, before, place / columns / rows, out, m / c.multiplier, 1, m, middle);
            check_near(c2s_f32(y)[n], fmin(fmax(sum, 0), 6), 4e-6, "SeparableConv2D", n);
        }
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
}
END_TEST

/* Scattered: every input adds to the outputs under its window, which are then cut as `same` or `valid` say. */
START_TEST(conv2d_transpose_scatters_its_input)
{
    for (int round = 0; round < 150; round++) {
        struct choice c = choose();
        int64_t out[2], cut[2];
        c.dilation[0] = c.dilation[1] = 1;
        c.in[0] = random_between(&randomness, 1, 6);
        c.in[1] = random_between(&randomness, 1, 6);
        cnn2snn_layer *layer =
            make_layer("Conv2DTranspose", "{'filters': %lld, " COMMON "}", (long long)c.filters, COMMON_VALUES(c));
        cnn2snn_tensor *x = TENSOR(NULL, c.samples, c.in[0], c.in[1], c.channels);
        build_for(layer, x);
        cnn2snn_tensor *y = call_one(layer, x);
        for (int axis = 0; axis < 2; axis++) {
            int64_t more = c.kernel[axis] - c.stride[axis];
            out[axis] = c.in[axis] * c.stride[axis] + (c.same || more < 0 ? 0 : more);
            cut[axis] = c.same && more > 0 ? more / 2 : 0;
        }
        CHECK_SHAPE(y, c.samples, out[0], out[1], c.filters);
        double *expected = calloc(y->count, sizeof *expected);
        for (size_t n = 0; n < y->count; n++)
            expected[n] = c.bias ? weight_value(layer, 1, n % (size_t)c.filters) : 0;
        for (size_t n = 0; n < x->count; n++) {
            int64_t channel = (int64_t)n % c.channels, place = (int64_t)n / c.channels;
            int64_t s = place / c.in[0] / c.in[1];
            for (int64_t t = 0; t < c.kernel[0] * c.kernel[1]; t++) {
                int64_t row = place / c.in[1] % c.in[0] * c.stride[0] + t / c.kernel[1] - cut[0];
                int64_t column = place % c.in[1] * c.stride[1] + t % c.kernel[1] - cut[1];
                if (row < 0 || column < 0 || row >= out[0] || column >= out[1])
                    continue;
                for (int64_t f = 0; f < c.filters; f++)
                    expected[((s * out[0] + row) * out[1] + column) * c.filters + f] +=
                        c2s_f32(x)[n] *
                        (double)weight_value(layer, 0, (size_t)((t * c.filters + f) * c.channels + channel));
            }
        }
        for (size_t n = 0; n < y->count; n++)
            check_near(c2s_f32(y)[n], expected[n], 1e-5, "Conv2DTranspose", n);
        free(expected);
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
}
END_TEST

START_TEST(dense_acts_on_the_last_axis_of_any_rank)
{
    for (size_t rank = 2; rank <= 5; rank++) {
        int64_t shape[5] = {2, 3, 2, 3, 2};
        shape[rank - 1] = 70;
        cnn2snn_layer *layer = make_layer("Dense", "{'units': 37}");
        cnn2snn_tensor *x = make_tensor(rank, shape, NULL);
        build_for(layer, x);
        cnn2snn_tensor *y = call_one(layer, x);
        shape[rank - 1] = 37;
        check_shape(y, rank, shape);
        for (size_t n = 0; n < y->count; n++) {
            double sum = weight_value(layer, 1, n % 37);
            for (size_t k = 0; k < 70; k++)
                sum += c2s_f32(x)[n / 37 * 70 + k] * (double)weight_value(layer, 0, k * 37 + n % 37);
            check_near(c2s_f32(y)[n], sum, 5e-6, "Dense", n);
        }
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
}
END_TEST

/* Functions that go along the channels, or halve them, come after all sums. */
START_TEST(activations_along_the_channels_follow_the_bias)
{
    cnn2snn_layer *soft = make_layer("Conv2D", "{'filters': 6, 'kernel_size': 1, 'activation': 'softmax'}");
    cnn2snn_layer *gated = make_layer("Conv2D", "{'filters': 6, 'kernel_size': 1, 'activation': 'glu'}");
    cnn2snn_layer *plain = make_layer("Conv2D", "{'filters': 6, 'kernel_size': 1}");
    cnn2snn_tensor *x = TENSOR(NULL, 2, 3, 3, 4);
    build_for(plain, x);
    build_for(soft, x);
    build_for(gated, x);
    for (size_t i = 0; i < 2; i++) {
        memcpy(soft->weights[i].tensor->data, plain->weights[i].tensor->data, plain->weights[i].tensor->size);
        memcpy(gated->weights[i].tensor->data, plain->weights[i].tensor->data, plain->weights[i].tensor->size);
    }
    cnn2snn_tensor *sums = call_one(plain, x), *a = call_one(soft, x), *b = call_one(gated, x);
    CHECK_SHAPE(a, 2, 3, 3, 6);
    CHECK_SHAPE(b, 2, 3, 3, 3);
    for (size_t row = 0; row < 18; row++) {
        const float *v = c2s_f32(sums) + row * 6;
        double total = 0;
        for (int i = 0; i < 6; i++)
            total += exp(v[i]);
        for (size_t i = 0; i < 6; i++)
            check_near(c2s_f32(a)[row * 6 + i], exp(v[i]) / total, 1e-6, "softmax", i);
        for (size_t i = 0; i < 3; i++)
            check_near(c2s_f32(b)[row * 3 + i], v[i] / (1 + exp(-v[i + 3])), 1e-6, "glu", i);
    }
    cnn2snn_tensor *tensors[] = {x, sums, a, b};
    for (int i = 0; i < 4; i++)
        c2s_tensor_release(tensors[i]);
    c2s_layer_release(soft);
    c2s_layer_release(gated);
    c2s_layer_release(plain);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ quantized */

#define QUANTIZER(name, bits) "{'class_name': '" name "', 'config': {'bitwidth': " #bits "}}"

static void set_weight(cnn2snn_layer *layer, size_t index, const float *values)
{
    memcpy(layer->weights[index].tensor->data, values, layer->weights[index].tensor->size);
}

START_TEST(ex17_l105_quantized_dense)
{
    cnn2snn_layer *layer =
        make_layer("QuantizedDense", "{'units': 2, 'quantizer': " QUANTIZER("MaxPerAxisQuantizer", 4) "}");
    const float kernel[] = {1, -2, 0.3f, 0.9f}, bias[] = {0.5f, -0.5f}, input[] = {1, 2};
    const float expected[] = {2.0714285f, -0.7857143f};
    cnn2snn_tensor *x = TENSOR(input, 1, 2);
    build_for(layer, x);
    set_weight(layer, 0, kernel);
    set_weight(layer, 1, bias);
    cnn2snn_tensor *y = call_one(layer, x);
    check_values(y, 2, expected, 2e-7);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(ex18_l104_quantized_conv2d)
{
    cnn2snn_layer *layer = make_layer(
        "QuantizedConv2D",
        "{'filters': 2, 'kernel_size': 1, 'use_bias': false, 'quantizer': " QUANTIZER("MaxPerAxisQuantizer", 2) "}");
    const float kernel[] = {1, -0.6f, 0.4f, 0.9f}, input[] = {1, 2, 3, -1}, expected[] = {1, 0.9f, 3, -3.6f};
    cnn2snn_tensor *x = TENSOR(input, 1, 1, 2, 2);
    build_for(layer, x);
    set_weight(layer, 0, kernel);
    cnn2snn_tensor *y = call_one(layer, x);
    check_values(y, 4, expected, 5e-7);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(ex19_l106_quantized_separable)
{
    cnn2snn_layer *layer =
        make_layer("QuantizedSeparableConv2D",
                   "{'filters': 2, 'kernel_size': 1, 'use_bias': false, 'quantizer': " QUANTIZER(
                       "MaxPerAxisQuantizer", 4) ", 'quantizer_dw': " QUANTIZER("MaxQuantizer", 4) "}");
    const float depthwise[] = {0.7f, -0.3f}, pointwise[] = {1, -0.5f, 0.3f, 0.25f}, input[] = {1, 2, 3, -1};
    const float expected[] = {0.5285714f, -0.5214286f, 2.1857142f, -0.9642857f};
    cnn2snn_tensor *x = TENSOR(input, 1, 1, 2, 2);
    build_for(layer, x);
    set_weight(layer, 0, depthwise);
    set_weight(layer, 1, pointwise);
    cnn2snn_tensor *y = call_one(layer, x);
    check_values(y, 4, expected, 5e-7);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(ex16_l142_quantized_depthwise_never_adds_its_bias)
{
    cnn2snn_layer *layer =
        make_layer("QuantizedDepthwiseConv2D", "{'kernel_size': 1, 'quantizer': " QUANTIZER("MaxQuantizer", 4) "}");
    const float one = 1;
    cnn2snn_tensor *x = TENSOR(&one, 1, 1, 1, 1);
    build_for(layer, x);
    ck_assert_uint_eq(layer->weight_count, 2);
    set_weight(layer, 0, &one);
    set_weight(layer, 1, &one);
    cnn2snn_tensor *y = call_one(layer, x);
    check_values(y, 1, &one, 0);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ edges */

START_TEST(a_nan_reaches_the_windows_it_lies_in_and_no_others)
{
    cnn2snn_layer *layer = make_layer("Conv2D", "{'filters': 3, 'kernel_size': 3, 'padding': 'same'}");
    cnn2snn_tensor *x = TENSOR(NULL, 2, 6, 6, 2);
    c2s_f32_writable(x)[(2 * 6 + 3) * 2] = NAN; /* row 2, column 3 of sample 0 */
    build_for(layer, x);
    cnn2snn_tensor *y = call_one(layer, x);
    for (int64_t n = 0; n < (int64_t)y->count; n++) {
        int64_t place = n / 3, row = place / 6 % 6, column = place % 6;
        bool near = place < 36 && llabs(row - 2) <= 1 && llabs(column - 3) <= 1;
        ck_assert_int_eq(c2s_f32(y)[n] != c2s_f32(y)[n], near);
    }
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(channels_first_with_softmax_along_the_columns_is_refused)
{
    cnn2snn_layer *layer =
        make_layer("Conv2D", "{'name': 'c', 'filters': 3, 'kernel_size': 3, 'activation': 'softmax', "
                             "'data_format': 'channels_first'}");
    cnn2snn_tensor *x = TENSOR(NULL, 1, 2, 6, 6), *y = NULL;
    CHECK_FAILS(c2s_layer_call(layer, 1, (const cnn2snn_tensor *const *)&x, &y, &error), CNN2SNN_E_UNSUPPORTED,
                "c: Conv2D with data_format channels_first");
    ck_assert_ptr_null(y);
    c2s_tensor_release(x);
    c2s_layer_release(layer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("op_convolution");
    TCase *tests = tcase_create("op_convolution");
    tcase_add_test(tests, conv2d_is_a_sum_over_windows);
    tcase_add_test(tests, depthwise_filter_is_channel_times_multiplier_plus_index);
    tcase_add_test(tests, separable_is_depthwise_then_pointwise_then_bias_and_activation);
    tcase_add_test(tests, conv2d_transpose_scatters_its_input);
    tcase_add_test(tests, dense_acts_on_the_last_axis_of_any_rank);
    tcase_add_test(tests, activations_along_the_channels_follow_the_bias);
    tcase_add_test(tests, ex17_l105_quantized_dense);
    tcase_add_test(tests, ex18_l104_quantized_conv2d);
    tcase_add_test(tests, ex19_l106_quantized_separable);
    tcase_add_test(tests, ex16_l142_quantized_depthwise_never_adds_its_bias);
    tcase_add_test(tests, a_nan_reaches_the_windows_it_lies_in_and_no_others);
    tcase_add_test(tests, channels_first_with_softmax_along_the_columns_is_refused);
    return run_suite(suite, tests);
}
