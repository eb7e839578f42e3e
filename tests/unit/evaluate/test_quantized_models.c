/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeML models as a whole: products of random layers against plain sums, batches, threads, lack of memory. */
#include "../support/random_numbers.h"
#include "quantized_testing.h"

#include "derive/derive.h"

static struct random_numbers randomness = {7};

static int pick(int least, int most)
{
    return (int)random_between(&randomness, least, most);
}

/* ------------------------------------------------------------------------------------------------ plain sums */

struct geometry {
    int rows, columns, channels, filters, kernel[2], stride, weight_bits;
    bool same, depthwise, separable;
};

static int64_t limited(int64_t value, int bits)
{
    int64_t high = ((int64_t)1 << bits) - 1;
    return value > high ? high : value < -high - 1 ? -high - 1 : value;
}

static int64_t entry(const cnn2snn_tensor *tensor, int index)
{
    return tensor ? (int64_t)c2s_tensor_get_double(tensor, tensor->count == 1 ? 0 : (uint64_t)index) : 0;
}

/* The integer of one input, aligned, or 0 outside. */
static int64_t input_at(const struct geometry *g, const struct c2s_derivation *d, const float *x, int row, int column,
                        int channel)
{
    const struct c2s_number *number = &d->nodes[1].output;
    if (row < 0 || row >= g->rows || column < 0 || column >= g->columns)
        return 0;
    float value = x[(row * g->columns + column) * g->channels + channel];
    float scaled = rintf(ldexpf(value, (int)entry(number->frac_bits, channel)));
    int64_t integer = limited((int64_t)scaled, number->value_bits);
    integer *= (int64_t)1 << entry(d->nodes[2].integers[C2S_INPUT_SHIFT], channel);
    return limited(integer, d->nodes[2].accumulator.value_bits);
}

static int before(const struct geometry *g, int axis, int in, int out)
{
    int total = (out - 1) * g->stride + g->kernel[axis] - in;
    return g->same && total > 0 ? total / 2 : 0;
}

static int64_t sum_at(const struct geometry *g, const struct c2s_derivation *d, const float *x, int row, int column,
                      int channel, int filter)
{
    const cnn2snn_tensor *weights = d->nodes[2].integers[C2S_WEIGHTS];
    int width = g->depthwise || g->separable ? 1 : g->filters;
    int64_t sum = 0;
    for (int i = 0; i < g->kernel[0]; i++)
        for (int j = 0; j < g->kernel[1]; j++) {
            int at = ((i * g->kernel[1] + j) * g->channels + channel) * width + (width == 1 ? 0 : filter);
            sum += input_at(g, d, x, row + i, column + j, channel) * entry(weights, at);
        }
    return sum;
}

static int64_t expected_at(const struct geometry *g, const struct c2s_derivation *d, const float *x, int row,
                           int column, int filter)
{
    const struct c2s_derived *layer = &d->nodes[2];
    int bits = layer->accumulator.value_bits;
    int64_t sum = 0;
    for (int c = 0; c < g->channels; c++) {
        if (g->depthwise && c != filter)
            continue;
        int64_t products = sum_at(g, d, x, row, column, c, filter);
        if (g->separable)
            products =
                limited(products, bits) * entry(layer->integers[C2S_POINTWISE_WEIGHTS], c * g->filters + filter);
        sum += products;
    }
    return limited(limited(sum, bits) + entry(layer->integers[C2S_BIAS], filter), bits);
}

static void check_layer(const struct geometry *g, const struct c2s_graph *graph, const float *x)
{
    const int64_t shape[] = {1, g->rows, g->columns, g->channels};
    struct c2s_derivation *derivation = NULL;
    must(c2s_derive(graph, &derivation, &error));
    cnn2snn_tensor *input = tensor_of(4, shape, x), *output = evaluate(graph, input, NULL);
    const struct c2s_number *number = &derivation->nodes[2].output;
    int rows = (int)output->shape[1], columns = (int)output->shape[2];
    for (int r = 0; r < rows; r++)
        for (int c = 0; c < columns; c++)
            for (int f = 0; f < g->filters; f++) {
                int64_t value = expected_at(g, derivation, x, r * g->stride - before(g, 0, g->rows, rows),
                                            c * g->stride - before(g, 1, g->columns, columns), f);
                float expected = ldexpf((float)value, -(int)entry(number->frac_bits, f)) *
                                 c2s_channel_value(number->scales, (uint64_t)f);
                float found = c2s_f32(output)[(r * columns + c) * g->filters + f];
                ck_assert_msg(found == expected, "%dx%dx%d, %d filters of %dx%d, %d bits%s: %.9g, expected %.9g",
                              g->rows, g->columns, g->channels, g->filters, g->kernel[0], g->kernel[1],
                              g->weight_bits,
                              g->depthwise   ? ", depthwise"
                              : g->separable ? ", separable"
                                             : "",
                              (double)found, (double)expected);
            }
    c2s_tensor_release(output);
    c2s_tensor_release(input);
    c2s_derivation_destroy(derivation);
}

static const char *class_of(const struct geometry *g)
{
    return g->depthwise ? "QuantizedDepthwiseConv2D" : g->separable ? "QuantizedSeparableConv2D" : "QuantizedConv2D";
}

static struct c2s_graph *layer_graph(const struct geometry *g)
{
    char text[1024];
    const char *quantizer = g->separable ? "dw_weight_quantizer" : "weight_quantizer";
    snprintf(text, sizeof text,
             "{'input': [%d, %d, %d], 'layers': [['Custom>InputQuantizer', {'name': 'q', 'bitwidth': %d, 'axis': "
             "'%s'}], ['Custom>%s', {'name': 'c', 'filters': %d, 'kernel_size': [%d, %d], 'strides': %d, 'padding': "
             "'%s', 'quant_config': {'%s': {'bitwidth': %d}}}]]}",
             g->rows, g->columns, g->channels, pick(0, 3) ? 8 : 16, g->separable ? "per-tensor" : "per-axis",
             class_of(g), g->filters, g->kernel[0], g->kernel[1], g->stride, g->same ? "same" : "valid", quantizer,
             g->weight_bits);
    return graph_of(text);
}

/* Ranges far apart for large shifts of channels; weights and biases at random. */
static void fill_at_random(const struct c2s_graph *graph)
{
    for (size_t l = 1; l < graph->layer_count; l++)
        for (size_t w = 0; w < graph->layers[l]->weight_count; w++) {
            cnn2snn_tensor *tensor = graph->layers[l]->weights[w].tensor;
            float *values = c2s_f32_writable(tensor);
            random_fill(&randomness, values, tensor->count);
            for (uint64_t i = 0; l == 1 && i < tensor->count; i++)
                values[i] = w ? ldexpf(1, (int)(i % 3) * 5 - 6) : 0;
        }
}

START_TEST(products_are_exact_whatever_their_size)
{
    static const int weight_bits[] = {2, 4, 8, 8, 16, 16, 16};
    float x[8 * 8 * 6];
    for (int i = 0; i < 300; i++) {
        struct geometry g = {.rows = pick(5, 8),
                             .columns = pick(5, 8),
                             .channels = pick(1, 6),
                             .filters = pick(1, 20),
                             .kernel = {pick(1, 5), pick(1, 5)},
                             .stride = pick(1, 2),
                             .weight_bits = weight_bits[pick(0, 6)],
                             .same = pick(0, 1) == 1,
                             .depthwise = i % 3 == 1,
                             .separable = i % 3 == 2};
        if (g.depthwise) {
            g.filters = g.channels;
            g.kernel[1] = g.kernel[0];
        }
        struct c2s_graph *graph = layer_graph(&g);
        fill_at_random(graph);
        random_fill(&randomness, x, sizeof x / sizeof *x);
        for (size_t k = 0; k < sizeof x / sizeof *x; k++)
            x[k] *= ldexpf(1, pick(-6, 5));
        check_layer(&g, graph, x);
        c2s_graph_release(graph);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------------ batches */

#define OUT "'output_quantizer': {'bitwidth': 8, 'axis': 'per-axis'}"

static const char *const temporal_model =
    "{'input': [3, 3, 2], 'layers': [['Custom>QuantizedConv2D', {'name': 'c', 'filters': 4, 'kernel_size': 2}], "
    "['Custom>QuantizedReLU', {'name': 'r', 'quant_config': {" OUT "}}, null, [[9, 1, 3, 5], [1, 1, 1, 1]]], "
    "['Custom>QuantizedBufferTempConv', {'name': 'b', 'filters': 3, 'kernel_size': 3, 'use_bias': true, "
    "'quant_config': {" OUT "}}], ['Custom>QuantizedDepthwiseBufferTempConv', {'name': 'd', 'kernel_size': 2, "
    "'quant_config': {'output_quantizer': {'bitwidth': 8}}}], ['Custom>QuantizedReshape', {'name': 's', "
    "'target_shape': [4, 3]}], "
    "['Custom>QuantizedStatefulProjection', {'name': 'i', 'units': 4, 'use_bias': false}], "
    "['Custom>QuantizedStatefulRecurrent', {'name': 'h', 'quant_config': {'output_quantizer': {'bitwidth': 16}}}, "
    "null, [[0.5, 0.75, -0.5, 0.9], [0.25, 0.5, 0.1, 0.2], [8]]], ['Custom>QuantizedExtractToken', {'name': 't', "
    "'token': 0, 'axis': -1}], ['Custom>QuantizedStatefulProjection', {'name': 'o', 'units': 2, 'subsample': 2}], "
    "['Custom>Dequantizer', {'name': 'x'}]]}";

static cnn2snn_tensor *image_batch(size_t rank, const int64_t *shape)
{
    cnn2snn_tensor *tensor = NULL;
    must(c2s_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, rank, shape, &tensor, &error));
    for (uint64_t i = 0; i < tensor->count; i++)
        c2s_f32_writable(tensor)[i] = (float)pick(0, 255);
    return tensor;
}

START_TEST(state_goes_on_over_batches_and_threads_do_not_show)
{
    struct c2s_graph *graph = graph_of(temporal_model);
    const int64_t shape[] = {11, 3, 3, 2};
    cnn2snn_tensor *input = image_batch(4, shape), *first = NULL;
    for (int i = 0; i < 12; i++) {
        struct c2s_evaluate_options options = {.batch_size = i, .threads = 1 + i % 4};
        cnn2snn_tensor *output = evaluate(graph, input, &options);
        ck_assert_uint_eq(output->count, 11 * 2 * 2);
        if (first)
            ck_assert_mem_eq(output->data, first->data, first->size);
        if (!first)
            first = c2s_tensor_retain(output);
        c2s_tensor_release(output);
    }
    ck_assert(memcmp(c2s_f32(first), c2s_f32(first) + 4, 4 * sizeof(float)) != 0);
    c2s_tensor_release(first);
    c2s_tensor_release(input);
    c2s_graph_release(graph);
}
END_TEST

/* The state of one run is none of the next one's. */
START_TEST(each_run_begins_with_an_empty_state)
{
    struct c2s_graph *graph = graph_of(temporal_model);
    const int64_t shape[] = {2, 3, 3, 2};
    cnn2snn_tensor *input = image_batch(4, shape);
    cnn2snn_tensor *one = evaluate(graph, input, NULL), *two = evaluate(graph, input, NULL);
    ck_assert_mem_eq(one->data, two->data, one->size);
    c2s_tensor_release(one);
    c2s_tensor_release(two);
    c2s_tensor_release(input);
    c2s_graph_release(graph);
}
END_TEST

static cnn2snn_status count_outputs(void *user_data, const char *layer, const cnn2snn_tensor *output,
                                    cnn2snn_error **error_out)
{
    ck_assert_int_eq(output->dtype, CNN2SNN_DTYPE_FLOAT32);
    /* 8 bits of up to 3 fractional bits */
    for (uint64_t i = 0; !strcmp(layer, "r") && i < output->count; i++)
        ck_assert(c2s_f32(output)[i] >= 0 && c2s_f32(output)[i] <= 15.875f);
    ++*(int *)user_data;
    return CNN2SNN_OK;
}

START_TEST(layers_tell_what_their_integers_stand_for)
{
    struct c2s_graph *graph = graph_of(temporal_model);
    const int64_t shape[] = {3, 3, 3, 2};
    cnn2snn_tensor *input = image_batch(4, shape);
    int count = 0;
    struct c2s_evaluate_options options = {
        .batch_size = 3, .layer_output = count_outputs, .layer_output_user_data = &count};
    cnn2snn_tensor *output = evaluate(graph, input, &options);
    ck_assert_int_eq(count, 10);
    c2s_tensor_release(output);
    c2s_tensor_release(input);
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ the rest */

START_TEST(open_extents_are_known_from_the_input)
{
    struct c2s_graph *graph = graph_of("{'input': [null, null, 1], 'layers': [" QUANTIZER(
        "q", "128") ", "
                    "['Custom>QuantizedGlobalAveragePooling2D', {'name': 'p'}]]}");
    const int64_t shape[] = {1, 2, 3, 1};
    cnn2snn_tensor *input = tensor_of(4, shape, (const float[]){1, 2, 3, 4, 5, 6});
    cnn2snn_tensor *output = evaluate(graph, input, NULL);
    ck_assert(c2s_f32(output)[0] == 21 * (1.0f / 6));
    c2s_tensor_release(output);
    c2s_tensor_release(input);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(no_samples_give_no_samples)
{
    struct c2s_graph *graph = graph_of(temporal_model);
    const int64_t shape[] = {0, 3, 3, 2};
    cnn2snn_tensor *input = image_batch(4, shape), *output = evaluate(graph, input, NULL);
    ck_assert_int_eq(output->shape[0], 0);
    ck_assert_int_eq(output->shape[1], 2);
    c2s_tensor_release(output);
    c2s_tensor_release(input);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(a_float_layer_in_between_is_named)
{
    struct c2s_graph *graph =
        graph_of("{'input': [1], 'layers': [" QUANTIZER("q", "4") ", ['ReLU', {'name': 'r'}]]}");
    const int64_t shape[] = {1, 1};
    cnn2snn_tensor *input = tensor_of(2, shape, (const float[]){1}), *output = NULL;
    refused(c2s_graph_evaluate(graph, 1, (const cnn2snn_tensor *[]){input}, NULL, &output, &error),
            CNN2SNN_E_UNSUPPORTED, "Q-056", "r");
    c2s_tensor_release(input);
    c2s_graph_release(graph);
}
END_TEST

static const char *const branches =
    "{'input': [4, 4, 2], 'functional': true, 'layers': [['Custom>InputQuantizer', {'name': 'q', 'axis': "
    "'per-axis'}, "
    "null, [[-4, -1], [4, 1]]], ['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 3, 'padding': "
    "'same', 'quant_config': {" OUT "}}, ['q']], ['Custom>QuantizedAdd', {'name': 's', 'quant_config': "
    "{'output_quantizer': {'bitwidth': 8}}}, ['q', 'c']], ['Custom>QuantizedConcatenate', {'name': 'j'}, "
    "['s', 'c']], ['Custom>QuantizedSeparableConv2D', {'name': 'e', 'filters': 3, 'kernel_size': 2}, ['s']], "
    "['Custom>QuantizedMaxPool2D', {'name': 'm', 'pool_size': 2}], ['Custom>QuantizedFlatten', {'name': 'f'}, "
    "['j']], ['Custom>QuantizedDense', {'name': 'd', 'units': 3}], ['Softmax', {'name': 'y'}]], "
    "'outputs': ['y', 'm']}";

START_TEST(lack_of_memory_is_a_clean_error)
{
    context_with_failing_allocator();
    struct c2s_graph *graph = graph_of(branches);
    const int64_t shape[] = {2, 4, 4, 2};
    cnn2snn_tensor *input = image_batch(4, shape), *outputs[2] = {NULL, NULL};
    cnn2snn_status status = CNN2SNN_E_NO_MEMORY;
    int count = 0;
    struct c2s_evaluate_options options = {.threads = 1};
    for (; status; count++) {
        ck_assert_int_eq(status, CNN2SNN_E_NO_MEMORY);
        ck_assert_ptr_null(outputs[0]);
        c2s_error_clear(&error);
        allocations_left = count;
        status = c2s_graph_evaluate(graph, 1, (const cnn2snn_tensor *[]){input}, &options, outputs, &error);
        allocations_left = -1;
        ck_assert_int_lt(count, 5000);
    }
    ck_assert_int_gt(count, 100);
    c2s_tensor_release(outputs[0]);
    c2s_tensor_release(outputs[1]);
    c2s_tensor_release(input);
    c2s_graph_release(graph);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quantized_models");
    TCase *cases = tcase_create("all");
    suite_add_tcase(suite, cases);
    tcase_add_checked_fixture(cases, context_setup, context_teardown);
    tcase_add_test(cases, products_are_exact_whatever_their_size);
    tcase_add_test(cases, state_goes_on_over_batches_and_threads_do_not_show);
    tcase_add_test(cases, each_run_begins_with_an_empty_state);
    tcase_add_test(cases, layers_tell_what_their_integers_stand_for);
    tcase_add_test(cases, open_extents_are_known_from_the_input);
    tcase_add_test(cases, no_samples_give_no_samples);
    tcase_add_test(cases, a_float_layer_in_between_is_named);
    tcase_add_test(cases, lack_of_memory_is_a_clean_error);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
