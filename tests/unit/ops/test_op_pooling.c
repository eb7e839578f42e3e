/* SPDX-License-Identifier: Apache-2.0 */
/* Pooling over random windows; the mean is over pixels that exist. */
#include "../support/layer_testing.h"

static void check_pooling(bool mean)
{
    for (int round = 0; round < 200; round++) {
        int64_t in[2], size[2], stride[2], out[2], before[2], channels = random_between(&randomness, 1, 20);
        bool same = random_between(&randomness, 0, 1);
        for (int axis = 0; axis < 2; axis++) {
            size[axis] = random_between(&randomness, 1, 4);
            stride[axis] = random_between(&randomness, 1, 5);
            in[axis] = random_between(&randomness, 4, 9);
            out[axis] =
                same ? (in[axis] + stride[axis] - 1) / stride[axis] : (in[axis] - size[axis]) / stride[axis] + 1;
            int64_t missing = (out[axis] - 1) * stride[axis] + size[axis] - in[axis];
            before[axis] = same && missing > 0 ? missing / 2 : 0;
        }
        cnn2snn_layer *layer =
            make_layer(mean ? "AveragePooling2D" : "MaxPooling2D",
                       "{'pool_size': [%d, %d], 'strides': [%d, %d], 'padding': '%s'}", (int)size[0], (int)size[1],
                       (int)stride[0], (int)stride[1], same ? "same" : "valid");
        cnn2snn_tensor *x = TENSOR(NULL, 2, in[0], in[1], channels), *y = call_one(layer, x);
        CHECK_SHAPE(y, 2, out[0], out[1], channels);
        for (int64_t n = 0; n < (int64_t)y->count; n++) {
            int64_t c = n % channels, column = n / channels % out[1], row = n / channels / out[1] % out[0];
            double sum = 0, top = -2, count = 0;
            for (int64_t i = 0; i < size[0]; i++)
                for (int64_t j = 0; j < size[1]; j++) {
                    int64_t r = row * stride[0] - before[0] + i, k = column * stride[1] - before[1] + j;
                    if (r < 0 || k < 0 || r >= in[0] || k >= in[1])
                        continue;
                    double value = at4(x, n / channels / out[1] / out[0], r, k, c);
                    sum += value;
                    top = fmax(top, value);
                    count++;
                }
            check_near(c2s_f32(y)[n], mean ? sum / count : top, mean ? 2e-7 : 0, layer->class_name, (size_t)n);
        }
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
}

START_TEST(max_pooling_takes_the_largest_pixel)
{
    check_pooling(false);
}
END_TEST

START_TEST(average_pooling_divides_by_the_pixels_that_exist)
{
    check_pooling(true);
}
END_TEST

START_TEST(a_window_may_be_larger_than_the_image)
{
    cnn2snn_layer *layer = make_layer(
        "AveragePooling2D", "{'pool_size': [1000000007, 3], 'strides': [1000000007, 3], 'padding': 'same'}");
    const float values[] = {1, 2, 3, 4, 5, 6}, expected = 3.5f;
    cnn2snn_tensor *x = TENSOR(values, 1, 2, 3, 1), *y = call_one(layer, x);
    CHECK_SHAPE(y, 1, 1, 1, 1);
    check_values(y, 1, &expected, 1e-6);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(a_nan_spreads_to_its_windows)
{
    const float values[] = {NAN, 1, 2, 3, 4, 5, 6, 7}, largest[] = {NAN, 7};
    cnn2snn_layer *layer = make_layer("MaxPooling2D", "{'name': 'm'}");
    cnn2snn_tensor *x = TENSOR(values, 1, 2, 4, 1), *y = call_one(layer, x);
    check_values(y, 2, largest, 0);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(global_pooling_keeps_dims_where_asked)
{
    cnn2snn_layer *average = make_layer("GlobalAveragePooling2D", "{'keepdims': true}");
    cnn2snn_layer *largest = make_layer("GlobalMaxPooling2D", "{'name': 'm'}");
    cnn2snn_tensor *x = TENSOR(NULL, 3, 4, 5, 70), *a = call_one(average, x), *m = call_one(largest, x);
    CHECK_SHAPE(a, 3, 1, 1, 70);
    CHECK_SHAPE(m, 3, 70);
    for (int64_t n = 0; n < 210; n++) {
        double sum = 0, top = -2;
        for (int64_t p = 0; p < 20; p++) {
            double value = at4(x, n / 70, p / 5, p % 5, n % 70);
            sum += value;
            top = fmax(top, value);
        }
        check_near(c2s_f32(a)[n], sum / 20, 1e-7, "average", (size_t)n);
        check_near(c2s_f32(m)[n], top, 0, "largest", (size_t)n);
    }
    c2s_tensor_release(x);
    c2s_tensor_release(a);
    c2s_tensor_release(m);
    c2s_layer_release(average);
    c2s_layer_release(largest);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("op_pooling");
    TCase *tests = tcase_create("op_pooling");
    tcase_add_test(tests, max_pooling_takes_the_largest_pixel);
    tcase_add_test(tests, average_pooling_divides_by_the_pixels_that_exist);
    tcase_add_test(tests, a_window_may_be_larger_than_the_image);
    tcase_add_test(tests, a_nan_spreads_to_its_windows);
    tcase_add_test(tests, global_pooling_keeps_dims_where_asked);
    return run_suite(suite, tests);
}
