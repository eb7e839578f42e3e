/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gradients against what they mean: a small change u of an input or a kernel changes the sum of r * output by the
 * product of u with the gradient, exactly so for layers that are linear in it.
 */
#include "../support/layer_testing.h"

#include "base/allocator.h"
#include "ops/op_gradient.h"

static double product(const cnn2snn_tensor *a, const cnn2snn_tensor *b)
{
    double sum = 0;
    ck_assert_uint_eq(a->count, b->count);
    for (uint64_t i = 0; i < a->count; i++)
        sum += (double)c2s_f32(a)[i] * (double)c2s_f32(b)[i];
    return sum;
}

static cnn2snn_tensor *like(const cnn2snn_tensor *tensor, double scale)
{
    cnn2snn_tensor *made = make_tensor(tensor->rank, tensor->shape, NULL);
    for (uint64_t i = 0; i < made->count; i++)
        c2s_f32_writable(made)[i] *= (float)scale;
    return made;
}

static cnn2snn_tensor *sum_of(const cnn2snn_tensor *a, const cnn2snn_tensor *b)
{
    cnn2snn_tensor *sum = make_tensor(a->rank, a->shape, c2s_f32(a));
    for (uint64_t i = 0; i < sum->count; i++)
        c2s_f32_writable(sum)[i] += c2s_f32(b)[i];
    return sum;
}

/* The sum of r * (what a change gives - what was there). */
static double change(const cnn2snn_tensor *r, const cnn2snn_tensor *before, const cnn2snn_tensor *after)
{
    return product(r, after) - product(r, before);
}

static void check_equal(double found, double expected, double step, const cnn2snn_tensor *r, const char *what)
{
    double bound = (2e-5 + 2e-7 / step) * (1 + fabs(expected) + sqrt((double)r->count));
    ck_assert_msg(fabs(found - expected) <= bound, "%s: %.9g, expected %.9g", what, found, expected);
}

struct fixture {
    cnn2snn_layer *layer;
    cnn2snn_tensor *x, *y, *r;
    struct c2s_op *op;
    struct c2s_run run;
};

static struct fixture fixture_of(cnn2snn_layer *layer, cnn2snn_tensor *x, int32_t threads)
{
    struct fixture f = {.layer = layer, .x = x};
    build_for(layer, x);
    f.y = call_one(layer, x);
    f.r = like(f.y, 1);
    CHECK_OK(c2s_op_prepare(layer, &f.op, &error));
    CHECK_OK(c2s_run_init(&f.run, context, threads, &error));
    return f;
}

static void release(struct fixture *f)
{
    c2s_run_free(&f->run);
    c2s_op_destroy(f->op);
    c2s_tensor_release(f->r);
    c2s_tensor_release(f->y);
    c2s_tensor_release(f->x);
    c2s_layer_release(f->layer);
}

/* step: how far the input is changed; small where the layer is only piecewise linear. */
static void check_input(cnn2snn_layer *layer, cnn2snn_tensor *x, double step)
{
    struct fixture f = fixture_of(layer, x, 2);
    cnn2snn_tensor *gradient = NULL, *u = like(x, step), *moved = sum_of(x, u), *after = call_one(layer, moved);
    CHECK_OK(c2s_op_check_input_gradient(layer, &error));
    CHECK_OK(c2s_op_input_gradient(f.op, &f.run, x, f.y, f.r, &gradient, &error));
    ck_assert(c2s_tensor_same_shape(gradient, x));
    check_equal(product(gradient, u) / step, change(f.r, f.y, after) / step, step, f.r, layer->class_name);
    c2s_tensor_release(gradient);
    c2s_tensor_release(u);
    c2s_tensor_release(moved);
    c2s_tensor_release(after);
    release(&f);
}

/* Of every `step` outputs all but one get no gradient, and that one none for its first filter; -0 is none. */
static void thin_out(cnn2snn_tensor *r, size_t step)
{
    size_t filters = (size_t)r->shape[r->rank - 1];
    for (uint64_t i = 0; i < r->count; i++)
        if (i / filters % step || (step > 1 && filters > 1 && i % filters == 0))
            c2s_f32_writable(r)[i] = i % 2 ? -0.0f : 0;
}

/* One kernel changed at a time. */
static void check_some(cnn2snn_layer *layer, cnn2snn_tensor *x, size_t kernels, size_t step)
{
    struct fixture f = fixture_of(layer, x, 3);
    cnn2snn_tensor *gradients[2] = {NULL};
    thin_out(f.r, step);
    for (size_t k = 0; k < kernels; k++) {
        const cnn2snn_tensor *kernel = layer->weights[k].tensor;
        CHECK_OK(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT32, kernel->rank, kernel->shape, &gradients[k],
                                         &error));
    }
    CHECK_OK(c2s_op_kernel_gradients(f.op, &f.run, x, f.r, gradients, &error));
    for (size_t k = 0; k < kernels; k++) {
        cnn2snn_tensor *weights[4] = {NULL}, *u = like(layer->weights[k].tensor, 1);
        cnn2snn_layer *changed = NULL;
        for (size_t i = 0; i < layer->weight_count; i++)
            weights[i] = layer->weights[i].tensor;
        weights[k] = sum_of(layer->weights[k].tensor, u);
        CHECK_OK(c2s_layer_with_weights(layer, layer->weight_count, weights, &changed, &error));
        cnn2snn_tensor *after = call_one(changed, x);
        check_equal(product(gradients[k], u), change(f.r, f.y, after), 1, f.r, layer->weights[k].name);
        c2s_tensor_release(after);
        c2s_tensor_release(weights[k]);
        c2s_tensor_release(u);
        c2s_layer_release(changed);
    }
    c2s_tensor_release(gradients[0]);
    c2s_tensor_release(gradients[1]);
    release(&f);
}

static void check_kernels(cnn2snn_layer *layer, cnn2snn_tensor *x, size_t kernels)
{
    check_some(layer, x, kernels, 1);
}

START_TEST(l093_outputs_without_a_gradient_add_nothing)
{
    for (size_t step = 2; step < 1000; step = step * 3 - 1) { /* at last there is only the first output */
        check_some(make_layer("Conv2D", "{'filters': 5, 'kernel_size': 3, 'padding': 'same', 'strides': 2}"),
                   TENSOR(NULL, 3, 17, 16, 4), 1, step);
        check_some(make_layer("Conv2D", "{'filters': 6, 'kernel_size': 3, 'groups': 2}"), TENSOR(NULL, 2, 6, 5, 4), 1,
                   step);
        check_some(make_layer("Dense", "{'units': 7}"), TENSOR(NULL, 130, 300), 1, step);
        check_some(make_layer("SeparableConv2D", "{'filters': 5, 'kernel_size': 3, 'padding': 'same'}"),
                   TENSOR(NULL, 3, 12, 11, 20), 2, step);
        check_some(make_layer("SeparableConv2D", "{'filters': 3, 'kernel_size': 2, 'depth_multiplier': 3}"),
                   TENSOR(NULL, 2, 15, 14, 2), 2, step);
    }
}
END_TEST

START_TEST(l093_no_gradient_at_all_adds_nothing)
{
    cnn2snn_tensor *x = TENSOR(NULL, 3, 7, 6, 4);
    struct fixture f =
        fixture_of(make_layer("SeparableConv2D", "{'filters': 5, 'kernel_size': 3, 'padding': 'same'}"), x, 1);
    cnn2snn_tensor *gradients[2] = {like(f.layer->weights[0].tensor, 1), like(f.layer->weights[1].tensor, 1)};
    cnn2snn_tensor *before[2];
    for (size_t k = 0; k < 2; k++)
        before[k] = make_tensor(gradients[k]->rank, gradients[k]->shape, c2s_f32(gradients[k]));
    memset(f.r->data, 0, f.r->size);
    CHECK_OK(c2s_op_kernel_gradients(f.op, &f.run, x, f.r, gradients, &error));
    for (size_t k = 0; k < 2; k++) {
        ck_assert_mem_eq(gradients[k]->data, before[k]->data, before[k]->size);
        c2s_tensor_release(gradients[k]);
        c2s_tensor_release(before[k]);
    }
    release(&f);
}
END_TEST

START_TEST(kernels_of_convolutions)
{
    check_kernels(make_layer("Conv2D", "{'filters': 5, 'kernel_size': 3, 'padding': 'same'}"),
                  TENSOR(NULL, 3, 7, 6, 4), 1);
    check_kernels(make_layer("Conv2D", "{'filters': 20, 'kernel_size': [2, 3], 'strides': [2, 1]}"),
                  TENSOR(NULL, 2, 9, 7, 3), 1);
    check_kernels(make_layer("Conv2D", "{'filters': 3, 'kernel_size': 3, 'dilation_rate': 2}"),
                  TENSOR(NULL, 2, 9, 8, 2), 1);
    check_kernels(make_layer("Conv2D", "{'filters': 6, 'kernel_size': 3, 'groups': 2}"), TENSOR(NULL, 2, 6, 5, 4), 1);
    /* More outputs than a block has rows, more depth than a block has columns. */
    check_kernels(make_layer("Conv2D", "{'filters': 17, 'kernel_size': 3, 'padding': 'same'}"),
                  TENSOR(NULL, 2, 12, 13, 31), 1);
    check_kernels(make_layer("Conv2D", "{'filters': 4, 'kernel_size': 1, 'use_bias': false}"),
                  TENSOR(NULL, 1, 1, 1, 1), 1);
}
END_TEST

START_TEST(kernels_of_dense_layers)
{
    check_kernels(make_layer("Dense", "{'units': 7}"), TENSOR(NULL, 130, 300), 1);
    check_kernels(make_layer("Dense", "{'units': 2, 'use_bias': false}"), TENSOR(NULL, 1, 3), 1);
    check_kernels(make_layer("Dense", "{'units': 3}"), TENSOR(NULL, 2, 4, 5), 1);
}
END_TEST

START_TEST(kernels_of_separable_convolutions)
{
    check_kernels(make_layer("SeparableConv2D", "{'filters': 5, 'kernel_size': 3, 'padding': 'same'}"),
                  TENSOR(NULL, 3, 7, 6, 4), 2);
    check_kernels(make_layer("SeparableConv2D", "{'filters': 18, 'kernel_size': [3, 2], 'strides': 2, 'use_bias': "
                                                "false}"),
                  TENSOR(NULL, 2, 9, 8, 17), 2);
    check_kernels(make_layer("SeparableConv2D", "{'filters': 3, 'kernel_size': 2, 'depth_multiplier': 3}"),
                  TENSOR(NULL, 2, 5, 4, 2), 2);
}
END_TEST

START_TEST(inputs_of_linear_layers)
{
    check_input(make_layer("Conv2D", "{'filters': 5, 'kernel_size': 3, 'padding': 'same'}"), TENSOR(NULL, 3, 7, 6, 4),
                1);
    check_input(make_layer("Conv2D", "{'filters': 4, 'kernel_size': [2, 3], 'strides': [2, 3]}"),
                TENSOR(NULL, 2, 9, 8, 3), 1);
    check_input(make_layer("Conv2D", "{'filters': 3, 'kernel_size': 2, 'dilation_rate': 3}"),
                TENSOR(NULL, 2, 9, 8, 2), 1);
    check_input(make_layer("Conv2D", "{'filters': 6, 'kernel_size': 3, 'groups': 2}"), TENSOR(NULL, 2, 6, 5, 4), 1);
    check_input(make_layer("Dense", "{'units': 7}"), TENSOR(NULL, 5, 30), 1);
    check_input(make_layer("DepthwiseConv2D", "{'kernel_size': 3, 'padding': 'same', 'strides': 2}"),
                TENSOR(NULL, 2, 6, 7, 3), 1);
    check_input(make_layer("DepthwiseConv2D", "{'kernel_size': 2, 'depth_multiplier': 2}"), TENSOR(NULL, 2, 4, 5, 3),
                1);
    check_input(make_layer("SeparableConv2D", "{'filters': 5, 'kernel_size': 3, 'strides': 2}"),
                TENSOR(NULL, 2, 8, 7, 4), 1);
    check_input(make_layer("BatchNormalization", "{}"), TENSOR(NULL, 2, 3, 4, 5), 1);
    check_input(make_layer("Rescaling", "{'scale': [2, 3], 'offset': 1}"), TENSOR(NULL, 2, 3, 2), 1);
    check_input(make_layer("AveragePooling2D", "{'pool_size': 3, 'strides': 2, 'padding': 'same'}"),
                TENSOR(NULL, 2, 7, 6, 3), 1);
    check_input(make_layer("GlobalAveragePooling2D", "{}"), TENSOR(NULL, 2, 3, 5, 4), 1);
    check_input(make_layer("Flatten", "{}"), TENSOR(NULL, 2, 3, 5, 4), 1);
    check_input(make_layer("Dropout", "{'rate': 0.5}"), TENSOR(NULL, 2, 3), 1);
}
END_TEST

START_TEST(inputs_of_piecewise_linear_layers)
{
    check_input(make_layer("MaxPooling2D", "{'pool_size': 2}"), TENSOR(NULL, 2, 6, 4, 3), 1e-4);
    check_input(make_layer("MaxPooling2D", "{'pool_size': 9}"), TENSOR(NULL, 2, 10, 11, 3), 1e-4);
    check_input(make_layer("MaxPooling2D", "{'pool_size': 3, 'strides': 2, 'padding': 'same'}"),
                TENSOR(NULL, 2, 7, 6, 3), 1e-4);
    check_input(make_layer("ReLU", "{'max_value': 0.5}"), TENSOR(NULL, 4, 9), 1e-4);
    check_input(make_layer("Activation", "{'activation': 'relu6'}"), TENSOR(NULL, 4, 9), 1e-4);
    check_input(make_layer("Activation", "{'activation': 'linear'}"), TENSOR(NULL, 4, 9), 1);
}
END_TEST

/* spec/legacy.md b.4: EX-11, EX-14. */
static void check_straight_through(cnn2snn_layer *layer, const float expected[14])
{
    const float x[] = {-1, 0, 0.19f, 0.2f, 0.21f, 0.6f, 0.61f, 1, 3.3f, 5.7f, 5.9f, 6.2f, 7, 100};
    struct fixture f = fixture_of(layer, TENSOR(x, 1, 14), 1);
    cnn2snn_tensor *gradient = NULL;
    for (int i = 0; i < 14; i++)
        c2s_f32_writable(f.r)[i] = 1;
    CHECK_OK(c2s_op_input_gradient(f.op, &f.run, f.x, f.y, f.r, &gradient, &error));
    check_values(gradient, 14, expected, 0);
    c2s_tensor_release(gradient);
    release(&f);
}

START_TEST(ex11_ex14_quantized_activations_let_gradients_through)
{
    check_straight_through(make_layer("ActivationDiscreteRelu", "{'bitwidth': 4}"),
                           (float[]){0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0, 0});
    check_straight_through(make_layer("QuantizedReLU", "{'bitwidth': 2, 'max_value': 6.3}"),
                           (float[]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0});
}
END_TEST

START_TEST(the_first_of_equal_inputs_has_the_gradient_of_a_maximum)
{
    struct fixture f =
        fixture_of(make_layer("MaxPooling2D", "{'pool_size': 2}"), TENSOR(((float[]){1, 3, 3, 2}), 1, 2, 2, 1), 1);
    cnn2snn_tensor *gradient = NULL;
    CHECK_OK(c2s_op_input_gradient(f.op, &f.run, f.x, f.y, f.r, &gradient, &error));
    check_values(gradient, 4, (float[]){0, c2s_f32(f.r)[0], 0, 0}, 0);
    c2s_tensor_release(gradient);
    release(&f);
}
END_TEST

/* X'X times a kernel is the gradient of that kernel's own outputs. */
static void check_gram(cnn2snn_layer *layer, cnn2snn_tensor *x)
{
    struct fixture f = fixture_of(layer, x, 2);
    size_t depth = c2s_op_gram_depth(layer), filters = (size_t)layer->weights[0].tensor->count / depth;
    float *gram = c2s_calloc(context, depth * depth, sizeof *gram);
    const int64_t shape[2] = {(int64_t)depth, (int64_t)filters};
    cnn2snn_tensor *by_gram = make_tensor(2, shape, NULL), *direct = NULL;
    CHECK_OK(c2s_op_add_gram(f.op, &f.run, x, f.y, gram, &error));
    CHECK_OK(c2s_matrix_product(&f.run, depth, depth, filters, gram, c2s_f32(layer->weights[0].tensor),
                                c2s_f32_writable(by_gram), &error));
    CHECK_OK(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT32, layer->weights[0].tensor->rank,
                                     layer->weights[0].tensor->shape, &direct, &error));
    CHECK_OK(c2s_op_kernel_gradients(f.op, &f.run, x, f.y, &direct, &error));
    for (uint64_t i = 0; i < direct->count; i++)
        check_near(c2s_f32(by_gram)[i], c2s_f32(direct)[i], 1e-3 + 2e-5 * fabs((double)c2s_f32(direct)[i]), "gram",
                   i);
    c2s_tensor_release(direct);
    c2s_tensor_release(by_gram);
    c2s_free(context, gram);
    release(&f);
}

START_TEST(gram_matrices)
{
    check_gram(make_layer("Conv2D", "{'filters': 5, 'kernel_size': 3, 'padding': 'same', 'use_bias': false}"),
               TENSOR(NULL, 3, 7, 6, 4));
    check_gram(make_layer("Conv2D", "{'filters': 3, 'kernel_size': 3, 'strides': 2, 'use_bias': false}"),
               TENSOR(NULL, 2, 13, 12, 31));
    check_gram(make_layer("Dense", "{'units': 4, 'use_bias': false}"), TENSOR(NULL, 40, 270));
    cnn2snn_layer *grouped = make_layer("Conv2D", "{'filters': 6, 'kernel_size': 3, 'groups': 2}");
    cnn2snn_tensor *x = TENSOR(NULL, 2, 6, 5, 4);
    build_for(grouped, x);
    ck_assert_uint_eq(c2s_op_gram_depth(grouped), 0);
    c2s_tensor_release(x);
    c2s_layer_release(grouped);
}
END_TEST

START_TEST(what_has_no_gradient_is_named)
{
    cnn2snn_layer *softmax = make_layer("Softmax", "{'name': 's'}");
    cnn2snn_layer *tanh_layer = make_layer("Activation", "{'name': 't', 'activation': 'tanh'}");
    cnn2snn_layer *conv = make_layer("Conv2D", "{'name': 'c', 'filters': 2, 'kernel_size': 1, 'activation': 'relu'}");
    CHECK_FAILS(c2s_op_check_input_gradient(softmax, &error), CNN2SNN_E_UNSUPPORTED,
                "s: no gradient through class Softmax");
    CHECK_FAILS(c2s_op_check_input_gradient(tanh_layer, &error), CNN2SNN_E_UNSUPPORTED, "t: ");
    CHECK_FAILS(c2s_op_check_input_gradient(conv, &error), CNN2SNN_E_UNSUPPORTED, "c: ");
    CHECK_FAILS(c2s_op_check_kernel_gradient(conv, &error), CNN2SNN_E_UNSUPPORTED, "c: ");
    c2s_layer_release(softmax);
    c2s_layer_release(tanh_layer);
    c2s_layer_release(conv);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("core");
    tcase_add_test(tests, l093_outputs_without_a_gradient_add_nothing);
    tcase_add_test(tests, l093_no_gradient_at_all_adds_nothing);
    tcase_add_test(tests, kernels_of_convolutions);
    tcase_add_test(tests, kernels_of_dense_layers);
    tcase_add_test(tests, kernels_of_separable_convolutions);
    tcase_add_test(tests, inputs_of_linear_layers);
    tcase_add_test(tests, inputs_of_piecewise_linear_layers);
    tcase_add_test(tests, ex11_ex14_quantized_activations_let_gradients_through);
    tcase_add_test(tests, the_first_of_equal_inputs_has_the_gradient_of_a_maximum);
    tcase_add_test(tests, gram_matrices);
    tcase_add_test(tests, what_has_no_gradient_is_named);
    return run_suite(suite_create("op_gradient"), tests);
}
