/* SPDX-License-Identifier: Apache-2.0 */
/* Layers that move values: each element is looked up where it must have come from. */
#include "../support/layer_testing.h"

START_TEST(zero_padding_and_cropping_are_inverse)
{
    cnn2snn_layer *pad = make_layer("ZeroPadding2D", "{'padding': [[1, 2], [0, 3]]}");
    cnn2snn_layer *crop = make_layer("Cropping2D", "{'cropping': [[1, 2], [0, 3]]}");
    cnn2snn_tensor *x = TENSOR(NULL, 2, 3, 4, 5), *y = call_one(pad, x), *back = call_one(crop, y);
    CHECK_SHAPE(y, 2, 6, 7, 5);
    for (int64_t s = 0; s < 2; s++)
        for (int64_t r = 0; r < 6; r++)
            for (int64_t k = 0; k < 7; k++)
                for (int64_t c = 0; c < 5; c++)
                    ck_assert(at4(y, s, r, k, c) == (r >= 1 && r < 4 && k < 4 ? at4(x, s, r - 1, k, c) : 0));
    CHECK_SHAPE(back, 2, 3, 4, 5);
    ck_assert_mem_eq(back->data, x->data, x->size);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_tensor_release(back);
    c2s_layer_release(pad);
    c2s_layer_release(crop);
}
END_TEST

/* Source position by pixel centres, between the two nearest pixels that exist. */
static double sample(const cnn2snn_tensor *x, int64_t s, double row, double column, int64_t c)
{
    double r = fmin(fmax(row, 0), (double)x->shape[1] - 1), k = fmin(fmax(column, 0), (double)x->shape[2] - 1);
    int64_t r0 = (int64_t)floor(r), k0 = (int64_t)floor(k), r1 = (int64_t)ceil(r), k1 = (int64_t)ceil(k);
    double top = at4(x, s, r0, k0, c) * (1 - (k - floor(k))) + at4(x, s, r0, k1, c) * (k - floor(k));
    double bottom = at4(x, s, r1, k0, c) * (1 - (k - floor(k))) + at4(x, s, r1, k1, c) * (k - floor(k));
    return top * (1 - (r - floor(r))) + bottom * (r - floor(r));
}

START_TEST(up_sampling_repeats_or_interpolates)
{
    for (int bilinear = 0; bilinear < 2; bilinear++) {
        cnn2snn_layer *layer =
            make_layer("UpSampling2D", "{'size': [2, 3], 'interpolation': '%s'}", bilinear ? "bilinear" : "nearest");
        cnn2snn_tensor *x = TENSOR(NULL, 2, 3, 4, 5), *y = call_one(layer, x);
        CHECK_SHAPE(y, 2, 6, 12, 5);
        for (int64_t n = 0; n < (int64_t)y->count; n++) {
            int64_t c = n % 5, k = n / 5 % 12, r = n / 60 % 6, s = n / 360;
            double expected = bilinear ? sample(x, s, ((double)r + 0.5) / 2 - 0.5, ((double)k + 0.5) / 3 - 0.5, c)
                                       : at4(x, s, r / 2, k / 3, c);
            check_near(c2s_f32(y)[n], expected, 1e-6, "UpSampling2D", (size_t)n);
        }
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
}
END_TEST

START_TEST(flatten_and_reshape_keep_the_order)
{
    cnn2snn_layer *flatten = make_layer("Flatten", "{'name': 'f'}");
    cnn2snn_layer *reshape = make_layer("Reshape", "{'target_shape': [4, -1]}");
    cnn2snn_tensor *x = TENSOR(NULL, 2, 3, 4, 5), *flat = call_one(flatten, x), *shaped = call_one(reshape, x);
    CHECK_SHAPE(flat, 2, 60);
    CHECK_SHAPE(shaped, 2, 4, 15);
    ck_assert_mem_eq(flat->data, x->data, x->size);
    ck_assert_mem_eq(shaped->data, x->data, x->size);
    c2s_tensor_release(x);
    c2s_tensor_release(flat);
    c2s_tensor_release(shaped);
    c2s_layer_release(flatten);
    c2s_layer_release(reshape);
}
END_TEST

START_TEST(flatten_of_channels_first_moves_the_channels_last)
{
    cnn2snn_layer *layer = make_layer("Flatten", "{'data_format': 'channels_first'}");
    cnn2snn_tensor *x = TENSOR(NULL, 2, 3, 4, 5), *y = call_one(layer, x);
    CHECK_SHAPE(y, 2, 60);
    for (int64_t n = 0; n < 120; n++)
        ck_assert(c2s_f32(y)[n] == at4(x, n / 60, n % 3, n / 15 % 4, n / 3 % 5));
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(permute_counts_axes_from_one)
{
    cnn2snn_layer *layer = make_layer("Permute", "{'dims': [3, 1, 2]}");
    cnn2snn_tensor *x = TENSOR(NULL, 2, 3, 4, 5), *y = call_one(layer, x);
    CHECK_SHAPE(y, 2, 5, 3, 4);
    for (int64_t n = 0; n < 120; n++)
        ck_assert(c2s_f32(y)[n] == at4(x, n / 60, n / 4 % 3, n % 4, n / 12 % 5));
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(repeat_vector_repeats_each_sample)
{
    cnn2snn_layer *layer = make_layer("RepeatVector", "{'n': 3}");
    const float values[] = {1, 2, 3, 4}, expected[] = {1, 2, 1, 2, 1, 2, 3, 4, 3, 4, 3, 4};
    cnn2snn_tensor *x = TENSOR(values, 2, 2), *y = call_one(layer, x);
    CHECK_SHAPE(y, 2, 3, 2);
    check_values(y, 12, expected, 0);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_layer_release(layer);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ merges */

static double merge(const char *name, double a, double b)
{
    if (!strcmp(name, "Add"))
        return a + b;
    if (!strcmp(name, "Subtract"))
        return a - b;
    if (!strcmp(name, "Multiply"))
        return a * b;
    if (!strcmp(name, "Average"))
        return (a + b) / 2;
    return !strcmp(name, "Maximum") ? fmax(a, b) : fmin(a, b);
}

START_TEST(merges_repeat_missing_axes_and_those_of_one)
{
    const char *names[] = {"Add", "Subtract", "Multiply", "Average", "Maximum", "Minimum"};
    for (int i = 0; i < 6; i++) {
        cnn2snn_layer *layer = make_layer(names[i], "{'name': 'm'}");
        cnn2snn_tensor *a = TENSOR(NULL, 2, 3, 4, 5);
        cnn2snn_tensor *others[] = {TENSOR(NULL, 2, 3, 4, 5), TENSOR(NULL, 2, 1, 4, 1), TENSOR(NULL, 2, 5),
                                    TENSOR(NULL, 2, 4, 1)};
        for (int k = 0; k < 4; k++)
            for (int swap = 0; swap < 2; swap++) {
                const cnn2snn_tensor *b = others[k], *inputs[] = {swap ? b : a, swap ? a : b};
                cnn2snn_tensor *y = call_layer(layer, 2, inputs);
                CHECK_SHAPE(y, 2, 3, 4, 5);
                for (int64_t n = 0; n < 120; n++) {
                    int64_t s = n / 60, r = n / 20 % 3, c = n / 5 % 4, f = n % 5;
                    const int64_t places[] = {n, s * 4 + c, s * 5 + f, s * 4 + c};
                    double p = c2s_f32(a)[n], q = c2s_f32(b)[places[k]];
                    (void)r;
                    check_near(c2s_f32(y)[n], swap ? merge(names[i], q, p) : merge(names[i], p, q), 1e-7, names[i],
                               (size_t)n);
                }
                c2s_tensor_release(y);
            }
        for (int k = 0; k < 4; k++)
            c2s_tensor_release(others[k]);
        c2s_tensor_release(a);
        c2s_layer_release(layer);
    }
}
END_TEST

START_TEST(merges_take_more_than_two_and_one_twice)
{
    const float a[] = {1, 2}, b[] = {10, 20}, sum[] = {12, 24}, mean[] = {4, 8}, product[] = {10, 80};
    const struct {
        const char *name;
        const float *expected;
    } cases[] = {{"Add", sum}, {"Average", mean}, {"Multiply", product}};
    for (int i = 0; i < 3; i++) {
        cnn2snn_layer *layer = make_layer(cases[i].name, "{'name': 'm'}");
        cnn2snn_tensor *x = TENSOR(a, 1, 2), *z = TENSOR(b, 1, 2);
        const cnn2snn_tensor *inputs[] = {x, z, x};
        cnn2snn_tensor *y = call_layer(layer, 3, inputs);
        check_values(y, 2, cases[i].expected, 1e-6);
        c2s_tensor_release(x);
        c2s_tensor_release(y);
        c2s_tensor_release(z);
        c2s_layer_release(layer);
    }
}
END_TEST

START_TEST(concatenate_joins_along_an_axis_that_counts_the_batch)
{
    for (int axis = 1; axis <= 3; axis++) {
        cnn2snn_layer *layer = make_layer("Concatenate", "{'axis': %d}", axis);
        int64_t shape[] = {2, 3, 4, 5}, other[] = {2, 3, 4, 5}, total[] = {2, 3, 4, 5};
        other[axis] = 2;
        total[axis] = 2 * shape[axis] + 2;
        cnn2snn_tensor *a = make_tensor(4, shape, NULL), *b = make_tensor(4, other, NULL);
        const cnn2snn_tensor *inputs[] = {a, b, a};
        cnn2snn_tensor *y = call_layer(layer, 3, inputs);
        check_shape(y, 4, total);
        for (int64_t n = 0; n < (int64_t)y->count; n++) {
            int64_t at[4], rest = n;
            for (int i = 3; i >= 0; i--) {
                at[i] = rest % total[i];
                rest /= total[i];
            }
            const cnn2snn_tensor *from = at[axis] >= shape[axis] && at[axis] < shape[axis] + 2 ? b : a;
            at[axis] -= at[axis] < shape[axis] ? 0 : at[axis] < shape[axis] + 2 ? shape[axis] : shape[axis] + 2;
            ck_assert(c2s_f32(y)[n] == at4(from, at[0], at[1], at[2], at[3]));
        }
        c2s_tensor_release(a);
        c2s_tensor_release(b);
        c2s_tensor_release(y);
        c2s_layer_release(layer);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("op_reshape");
    TCase *tests = tcase_create("op_reshape");
    tcase_add_test(tests, zero_padding_and_cropping_are_inverse);
    tcase_add_test(tests, up_sampling_repeats_or_interpolates);
    tcase_add_test(tests, flatten_and_reshape_keep_the_order);
    tcase_add_test(tests, flatten_of_channels_first_moves_the_channels_last);
    tcase_add_test(tests, permute_counts_axes_from_one);
    tcase_add_test(tests, repeat_vector_repeats_each_sample);
    tcase_add_test(tests, merges_repeat_missing_axes_and_those_of_one);
    tcase_add_test(tests, merges_take_more_than_two_and_one_twice);
    tcase_add_test(tests, concatenate_joins_along_an_axis_that_counts_the_batch);
    return run_suite(suite, tests);
}
