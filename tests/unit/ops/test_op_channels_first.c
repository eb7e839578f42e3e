/* SPDX-License-Identifier: Apache-2.0 */
/* With channels_first a layer computes what it does with channels_last, with the axes of images in the other order.
 */
#include "../support/layer_testing.h"

/* (N, H, W, C) as (N, C, H, W); other ranks as they are. */
static cnn2snn_tensor *channels_to_front(const cnn2snn_tensor *x)
{
    if (x->rank != 4)
        return c2s_tensor_retain(x);
    cnn2snn_tensor *y = TENSOR(NULL, x->shape[0], x->shape[3], x->shape[1], x->shape[2]);
    for (int64_t n = 0; n < (int64_t)y->count; n++) {
        int64_t column = n % x->shape[2], row = n / x->shape[2] % x->shape[1];
        int64_t channel = n / x->shape[2] / x->shape[1] % x->shape[3];
        c2s_f32_writable(y)[n] = (float)at4(x, n / x->shape[2] / x->shape[1] / x->shape[3], row, column, channel);
    }
    return y;
}

static const struct {
    const char *class_name, *config;
} cases[] = {
    {"Conv2D", "'filters': 6, 'kernel_size': [3, 2], 'padding': 'same', 'groups': 2, 'activation': 'tanh'"},
    {"DepthwiseConv2D", "'kernel_size': 3, 'depth_multiplier': 2"},
    {"SeparableConv2D", "'filters': 5, 'kernel_size': 3, 'strides': 2"},
    {"Conv2DTranspose", "'filters': 5, 'kernel_size': 3, 'strides': 2, 'padding': 'same'"},
    {"MaxPooling2D", "'pool_size': [2, 3]"},
    {"AveragePooling2D", "'pool_size': 3, 'padding': 'same'"},
    {"GlobalAveragePooling2D", "'keepdims': false"},
    {"GlobalMaxPooling2D", "'keepdims': true"},
    {"ZeroPadding2D", "'padding': [[1, 2], [3, 0]]"},
    {"Cropping2D", "'cropping': [[1, 0], [2, 1]]"},
    {"UpSampling2D", "'size': [2, 3], 'interpolation': 'bilinear'"},
};

START_TEST(channels_first_is_channels_last_with_axes_exchanged)
{
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char config[256], first_config[320];
        snprintf(config, sizeof config, "{%s}", cases[i].config);
        snprintf(first_config, sizeof first_config, "{%s, 'data_format': 'channels_first'}", cases[i].config);
        cnn2snn_layer *last = make_layer(cases[i].class_name, "%s", config);
        cnn2snn_layer *first = make_layer(cases[i].class_name, "%s", first_config);
        cnn2snn_tensor *x = TENSOR(NULL, 2, 7, 9, 4), *turned = channels_to_front(x);
        build_for(last, x);
        build_for(first, turned);
        for (size_t w = 0; w < last->weight_count; w++)
            memcpy(first->weights[w].tensor->data, last->weights[w].tensor->data, last->weights[w].tensor->size);
        cnn2snn_tensor *y = call_one(last, x), *expected = channels_to_front(y), *found = call_one(first, turned);
        check_shape(found, expected->rank, expected->shape);
        check_values(found, expected->count, c2s_f32(expected), 0);
        cnn2snn_tensor *all[] = {x, turned, y, expected, found};
        for (int t = 0; t < 5; t++)
            c2s_tensor_release(all[t]);
        c2s_layer_release(last);
        c2s_layer_release(first);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("op_channels_first");
    TCase *tests = tcase_create("op_channels_first");
    tcase_add_test(tests, channels_first_is_channels_last_with_axes_exchanged);
    return run_suite(suite, tests);
}
