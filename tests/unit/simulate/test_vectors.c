/* SPDX-License-Identifier: Apache-2.0 */
/* Each variant of the vector loops against the plain ones: random layers, sizes, bit widths and extreme values. */
#include "simulate_test.h"

#include "base/processor.h"

enum { MOST_CHANNELS = 140, FEW_SAMPLES = 2, MANY_SAMPLES = 9 /* more than frames are kept */ };

static uint32_t state;

static int number(int low, int high)
{
    state = state * 1664525 + 1013904223;
    return low + (int)((state >> 8) % (uint32_t)(high - low + 1));
}

/* Values in a range, its ends more often than the rest. */
static double extreme(int low, int high)
{
    int kind = number(0, 5);
    return kind == 0 ? low : kind == 1 ? high : number(low, high);
}

static void fill(cnn2snn_akida_model *model, const char *name, cnn2snn_dtype dtype, size_t rank, const int64_t *shape,
                 int low, int high)
{
    uint64_t count = 1;
    for (size_t i = 0; i < rank; i++)
        count *= (uint64_t)shape[i];
    double *values = malloc(count * sizeof *values);
    for (uint64_t i = 0; i < count; i++)
        values[i] = extreme(low, high);
    set_variable(model, &model->layers[model->layer_count - 1], name, dtype, rank, shape, values);
    free(values);
}

static void fill_vector(cnn2snn_akida_model *model, const char *name, cnn2snn_dtype dtype, int64_t count, int low,
                        int high)
{
    fill(model, name, dtype, 1, &count, low, high);
}

/* Bits, bias, activation, scale of a layer of Akida 2.0. */
static void add_tail(cnn2snn_akida_model *model, int inputs, int filters)
{
    int relu = number(0, 3), lut = !number(0, 4), shift = number(0, 2) ? -number(8, 20) : -number(0, 31);
    parameter(model, "buffer_bits", number(0, 2) ? number(24, 32) : number(8, 32));
    parameter(model, "post_op_buffer_bits", number(0, 2) ? 32 : number(8, 32));
    parameter(model, "output_bits", number(0, 2) ? 8 : number(1, 32));
    parameter(model, "activation", lut ? 2 : relu > 0);
    fill_vector(model, "bias", CNN2SNN_DTYPE_INT8, filters, -128, 127);
    fill_vector(model, "bias_shift", CNN2SNN_DTYPE_UINT8, filters, 0, number(0, 3) ? 8 : 31);
    fill_vector(model, "output_scales", CNN2SNN_DTYPE_UINT8, filters, 0, 255);
    fill_vector(model, "output_shift", CNN2SNN_DTYPE_INT8, filters, shift, number(0, 4) ? shift : 3);
    if (inputs)
        fill_vector(model, "input_shift", CNN2SNN_DTYPE_UINT8, inputs, 0, number(0, 2) ? 0 : number(1, 12));
    if (lut) {
        fill_vector(model, "activation_scales", CNN2SNN_DTYPE_UINT8, filters, 0, 255);
        fill_vector(model, "activation_shift", CNN2SNN_DTYPE_INT8, filters, -20, number(0, 2) ? -10 : 2);
        fill_vector(model, "lut_values", CNN2SNN_DTYPE_INT32, 2048, -100000, 100000);
    } else if (relu) {
        fill_vector(model, "max_value", CNN2SNN_DTYPE_UINT8, filters, 0, 255);
        fill_vector(model, "max_value_shift", CNN2SNN_DTYPE_UINT8, filters, 0, number(0, 2) ? 14 : 31);
    }
}

static void add_pool(cnn2snn_akida_model *model)
{
    int pool = number(0, 3);
    parameter(model, "padding", number(1, 2));
    parameter(model, "pool_type", pool > 2 ? 0 : pool);
    parameter(model, "pool_size", number(1, 3));
    parameter(model, "pool_stride", number(1, 2));
}

/* A layer with frames, or that doubles both axes. */
static void add_layer_of_other_shape(cnn2snn_akida_model *model, int kind, int c)
{
    bool depthwise = kind == C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV || kind == C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE;
    bool frames = kind == C2S_AKIDA_BUFFER_TEMP_CONV || kind == C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV;
    int filters = depthwise ? c : number(1, 70), taps = number(1, 5);
    add_layer(model, kind, "l", "filters", filters, "kernel_size", taps, "fifo_size", taps, NULL);
    const int64_t shape[4] = {frames ? 1 : taps, frames ? 1 : taps,
                              frames && depthwise ? taps
                              : frames            ? taps * c
                                                  : c,
                              frames && depthwise ? c
                              : depthwise         ? 1
                                                  : filters};
    fill(model, "weights", CNN2SNN_DTYPE_INT8, 4, shape, -128, 127);
    add_tail(model, c, filters);
}

/* The same channels again: outputs of a layer of its own, which the next one takes together with the input. */
static void add_branch(cnn2snn_akida_model *model, int c)
{
    int bits = number(0, 1) ? 8 : number(1, 16);
    add_layer(model, C2S_AKIDA_DEPTHWISE_CONV2D, "b", "kernel_size", 3, "kernel_stride", 1, "padding", 1, NULL);
    fill(model, "weights", CNN2SNN_DTYPE_INT8, 4, EXTENTS(3, 3, c, 1), -128, 127);
    add_tail(model, c, c);
    parameter(model, "output_bits", bits);
}

static void add_join(cnn2snn_akida_model *model, int kind, int c)
{
    add_branch(model, c);
    add_layer(model, kind, "l", NULL);
    struct c2s_akida_layer *layer = &model->layers[model->layer_count - 1];
    ck_assert_int_eq(c2s_akida_layer_add_inbound(model, layer, 0, NULL), CNN2SNN_OK);
    if (number(0, 1)) {
        layer->inbounds[1] = layer->inbounds[0];
        layer->inbounds[0] = 0;
    }
    if (!number(0, 5))
        layer->inbounds[1] = layer->inbounds[0];
    if (kind == C2S_AKIDA_CONCATENATE)
        return;
    int most = number(0, 1) ? 3 : 12;
    parameter(model, "buffer_bits", number(0, 2) ? number(20, 32) : number(8, 32));
    parameter(model, "output_bits", number(0, 2) ? 8 : number(1, 32));
    parameter(model, "activation", number(0, 1));
    fill_vector(model, "a_shift", CNN2SNN_DTYPE_UINT8, c, 0, most);
    fill_vector(model, "b_shift", CNN2SNN_DTYPE_UINT8, c, 0, most);
    fill_vector(model, "output_shift", CNN2SNN_DTYPE_INT8, c, -8, 2);
    if (c2s_akida_layer_get_parameter(layer, "activation", 0)) {
        fill_vector(model, "max_value", CNN2SNN_DTYPE_UINT8, c, 0, 255);
        fill_vector(model, "max_value_shift", CNN2SNN_DTYPE_UINT8, c, 0, 12);
    }
}

/* A layer of Akida 2.0 on x * y * c. */
static void add_layer_v2(cnn2snn_akida_model *model, int kind, int c, int count)
{
    int filters = kind == C2S_AKIDA_DEPTHWISE_CONV2D ? c : number(1, number(0, 3) ? 70 : 300);
    int kernel = number(0, 3) ? number(1, 3) : number(4, 7);
    if (kind == C2S_AKIDA_DENSE1D) {
        add_layer(model, kind, "l", "units", filters, "weights_bits", 8, NULL);
        fill(model, "weights", CNN2SNN_DTYPE_INT8, 2, EXTENTS(count, filters), -128, 127);
        add_tail(model, count, filters);
        return;
    }
    add_layer(model, kind, "l", "filters", filters, "kernel_size", kernel, "kernel_stride", number(1, 2), NULL);
    add_pool(model);
    fill(model, "weights", CNN2SNN_DTYPE_INT8, 4,
         EXTENTS(kernel, kernel, c, kind == C2S_AKIDA_DEPTHWISE_CONV2D ? 1 : filters), -128, 127);
    add_tail(model, kind == C2S_AKIDA_INPUT_CONV2D ? 0 : c, filters);
}

static void add_layer_v1(cnn2snn_akida_model *model, int kind, int c, int count)
{
    int filters = number(1, 40), kernel_x = number(1, 3), kernel_y = number(1, 3);
    bool fine = number(0, 1); /* a potential may be several steps */
    int low = fine ? -1 : -128, high = fine ? 1 : 127;
    add_layer(model, kind, "l", "filters", filters, "units", filters, "activation", number(0, 1), "act_bits",
              1 << number(0, 2), "weights_bits", 8, "kernel_width", kernel_x, "kernel_height", kernel_y, "stride_x",
              number(1, 2), "stride_y", number(1, 2), NULL);
    add_pool(model);
    parameter(model, "padding", 1);
    parameter(model, "pooling_width", number(1, 2));
    parameter(model, "pooling_height", number(1, 2));
    parameter(model, "padding_value", number(0, 255));
    if (kind == C2S_AKIDA_FULLY_CONNECTED)
        fill(model, "weights", CNN2SNN_DTYPE_INT8, 4, EXTENTS(1, 1, count, filters), low, high);
    else if (kind == C2S_AKIDA_SEPARABLE_CONVOLUTIONAL)
        fill(model, "weights", CNN2SNN_DTYPE_INT8, 4, EXTENTS(kernel_x, kernel_y, c, 1), -8, 7);
    else
        fill(model, "weights", CNN2SNN_DTYPE_INT8, 4, EXTENTS(kernel_x, kernel_y, c, filters), low, high);
    if (kind == C2S_AKIDA_SEPARABLE_CONVOLUTIONAL)
        fill(model, "weights_pw", CNN2SNN_DTYPE_INT8, 4, EXTENTS(1, 1, c, filters), low, high);
    fill_vector(model, "threshold", CNN2SNN_DTYPE_INT32, filters, fine ? -300 : -100000, fine ? 300 : 100000);
    fill_vector(model, "act_step", CNN2SNN_DTYPE_FLOAT32, filters, 1, fine ? 100 : 5000);
    const struct c2s_akida_layer *layer = &model->layers[model->layer_count - 1];
    float *steps = c2s_akida_layer_find_variable(layer, "act_step")->tensor->data;
    for (int f = 0; fine && f < filters; f++)
        steps[f] /= 16;
}

static const int kinds[] = {C2S_AKIDA_CONV2D,
                            C2S_AKIDA_DEPTHWISE_CONV2D,
                            C2S_AKIDA_INPUT_CONV2D,
                            C2S_AKIDA_DENSE1D,
                            C2S_AKIDA_CONVOLUTIONAL,
                            C2S_AKIDA_INPUT_CONVOLUTIONAL,
                            C2S_AKIDA_FULLY_CONNECTED,
                            C2S_AKIDA_SEPARABLE_CONVOLUTIONAL,
                            C2S_AKIDA_CONV2D_TRANSPOSE,
                            C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE,
                            C2S_AKIDA_BUFFER_TEMP_CONV,
                            C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV,
                            C2S_AKIDA_ADD,
                            C2S_AKIDA_CONCATENATE};

static cnn2snn_akida_model *random_model(int kind)
{
    int x = number(1, 9), y = number(1, 9), c = number(0, 1) ? number(1, 5) : number(1, MOST_CHANNELS);
    bool image = kind == C2S_AKIDA_INPUT_CONV2D || kind == C2S_AKIDA_INPUT_CONVOLUTIONAL;
    bool first = c2s_akida_kind_version(kind) == 1;
    cnn2snn_akida_model *model = image ? new_model() : events(first ? 0 : number(0, 1), x, y, c);
    if (first)
        add_layer_v1(model, kind, c, x * y * c);
    else if (kind == C2S_AKIDA_ADD || kind == C2S_AKIDA_CONCATENATE)
        add_join(model, kind, c);
    else if (kind == C2S_AKIDA_CONV2D_TRANSPOSE || kind == C2S_AKIDA_DEPTHWISE_CONV2D_TRANSPOSE ||
             kind == C2S_AKIDA_BUFFER_TEMP_CONV || kind == C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV)
        add_layer_of_other_shape(model, kind, c);
    else
        add_layer_v2(model, kind, c, x * y * c);
    if (image) {
        parameter(model, "input_x", x);
        parameter(model, "input_y", y);
        parameter(model, "input_width", x);
        parameter(model, "input_height", y);
        parameter(model, "input_channels", c);
    }
    if (kind == C2S_AKIDA_INPUT_CONV2D)
        fill_vector(model, "padding_value", CNN2SNN_DTYPE_UINT8, c, 0, 255);
    drop_strangers(model);
    return model;
}

/* With more threads than samples these share out parts of layers. Each byte of memory was `fill` before. */
static cnn2snn_tensor *run_with(const cnn2snn_akida_model *model, const struct c2s_byte_kernels *bytes, int threads,
                                int samples, const double *inputs, int fill)
{
    cnn2snn_simulator *simulator = NULL;
    cnn2snn_error *error = NULL;
    test_heap.fill = fill;
    cnn2snn_status status = c2s_simulator_create_with(model, threads, bytes, &simulator, &error);
    ck_assert_msg(!status, "%s", error ? error->message : "");
    fill_memory(simulator, fill);
    cnn2snn_tensor *output = forward(simulator, samples, inputs, false);
    c2s_simulator_destroy(simulator);
    return output;
}

static void expect_same(const cnn2snn_tensor *plain, cnn2snn_tensor *output, int kind, int round, const char *name)
{
    ck_assert_uint_eq(plain->size, output->size);
    ck_assert_msg(!memcmp(plain->data, output->data, plain->size), "%s, round %d of %s", c2s_akida_kind_name(kind),
                  round, name);
    c2s_tensor_release(output);
}

START_TEST(all_variants_give_the_plain_numbers)
{
    static double inputs[MANY_SAMPLES * 9 * 9 * MOST_CHANNELS];
    state = (uint32_t)_i * 7919 + 1;
    for (int round = 0; round < 150; round++) {
        cnn2snn_akida_model *model = random_model(kinds[_i]);
        for (size_t i = 0; i < COUNT(inputs); i++)
            inputs[i] = extreme(-128, 255);
        int samples = round % 4 ? FEW_SAMPLES : MANY_SAMPLES;
        cnn2snn_tensor *plain = run_with(model, NULL, 1, samples, inputs, 0);
        for (size_t n = 0; c2s_byte_kernels_variant(n); n++) {
            cnn2snn_tensor *output = run_with(model, c2s_byte_kernels_variant(n), round % 3 + 1, samples, inputs,
                                              round / 3 % 2 ? 0x80 : 0xff);
            expect_same(plain, output, kinds[_i], round, c2s_byte_kernels_variant(n)->name);
        }
        c2s_tensor_release(plain);
        c2s_akida_model_release(model);
    }
}
END_TEST

/* 400 products of 127 << 8 and 127 exceed 2^30; with a bias of nearly -2^30 what lies beyond counts. */
START_TEST(sums_beyond_30_bits_are_not_cut)
{
    double inputs[2 * 400], kernel[400], shifts[400];
    cnn2snn_akida_model *model = events(1, 1, 1, 400);
    add_layer(model, C2S_AKIDA_CONV2D, "l", "filters", 1, "kernel_size", 1, "kernel_stride", 1, "padding", 0,
              "activation", 1, "output_bits", 32, "buffer_bits", 32, NULL);
    for (int i = 0; i < 400; i++) {
        inputs[i] = inputs[400 + i] = kernel[i] = 127;
        shifts[i] = 8;
    }
    weights(model, "weights", 4, EXTENTS(1, 1, 400, 1), kernel);
    vector(model, "input_shift", CNN2SNN_DTYPE_UINT8, 400, shifts);
    vector(model, "bias", CNN2SNN_DTYPE_INT8, 1, VALUES(-127));
    vector(model, "bias_shift", CNN2SNN_DTYPE_UINT8, 1, VALUES(23));
    vector(model, "max_value", CNN2SNN_DTYPE_UINT8, 1, VALUES(255));
    vector(model, "max_value_shift", CNN2SNN_DTYPE_UINT8, 1, VALUES(21));
    cnn2snn_tensor *output = run_with(model, c2s_byte_kernels_get(c2s_processor_instructions()), 1, 2, inputs, 0);
    expect_values(output, CNN2SNN_DTYPE_INT32, 2, VALUES(534773760, 534773760));
    c2s_tensor_release(output);
    c2s_akida_model_release(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("vectors");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 100);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, all_variants_give_the_plain_numbers, 0, COUNT(kinds));
    tcase_add_test(tests, sums_beyond_30_bits_are_not_cut);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
