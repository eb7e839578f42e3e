/* SPDX-License-Identifier: Apache-2.0 */
/* What is in the way of converting QuantizeML models: each rule by a model that breaks just it, and several at once.
 */
#include "qml_models.h"

#define V1 CNN2SNN_AKIDA_V1
#define V2 CNN2SNN_AKIDA_V2
#define IMAGE "[8, 8, 3]"
#define HEAD UNSIGNED_INPUT ", " CONV("c0", ", 'padding': 'same'") ", " RELU("r0", ", " OUT8) ", "
#define HEAD4 UNSIGNED_INPUT ", " CONV("c0", ", 'padding': 'same'") ", " RELU("r0", ", " OUT4) ", "

struct broken {
    cnn2snn_akida_version version;
    const char *input, *layers, *faults;
};

static const struct broken cases[] = {
    /* fine ones */
    {V2, IMAGE, HEAD CONV("c", "") ", " DEQUANTIZER, ""},
    {V1, IMAGE, HEAD4 CONV("c", ", " W4) ", " DEQUANTIZER, ""},
    {V2, "[8, 8, 4]", SIGNED_INPUT ", " CONV("c", "") ", " DEQUANTIZER, ""},
    /* the graph */
    {V2, IMAGE, DEQUANTIZER, "Q-045"},
    {V2, "[null, 8, 3]", UNSIGNED_INPUT ", " CONV("c", ", 'padding': 'same'") ", " RELU("r", ""), "Q-046"},
    {V2, "[2, 4]", SIGNED_INPUT ", " DENSE("d", "") ", " DEQUANTIZER, "Q-048, Q-072 d"},
    {V2, IMAGE, HEAD CONV("c", ", 'dilation_rate': 2") ", " DEQUANTIZER, "Q-050 c"},
    /* blocks */
    {V2, IMAGE, HEAD CONV("c", "") ", " GAP("g", "") ", " RELU("r", ", " OUT8) ", " DEQUANTIZER, "Q-056 c"},
    {V1, IMAGE, HEAD4 CONV("c", ", " W4) ", " RELU("r", ", " OUT4) ", " GAP("g", ", " OUT4) ", " DENSE("d", ", " W4),
     "Q-054 g, Q-056 g"},
    {V2, IMAGE, HEAD SEPARABLE("s", "") ", " RELU("r", ", " OUT8), "Q-056 s"},
    {V2, IMAGE, HEAD CONV("c", "") ", " CONV("e", ""), "Q-056 c"},
    {V2, IMAGE, HEAD "['Custom>QuantizedPermute', {'name': 'p', 'dims': [2, 1, 3]}], " CONV("c", ""), "Q-056 c"},
    {V2, IMAGE, HEAD "['Conv2D', {'name': 'f', 'filters': 2, 'kernel_size': 1}]", "Q-020 f"},
    {V1, IMAGE,
     HEAD4 CONV("c", ", 'quant_config': {'weight_quantizer': {'bitwidth': 4}, 'output_quantizer': "
                     "{'bitwidth': 4}}") ", " CONV("e", ", " W4),
     "Q-054 c"},
    {V1, IMAGE, SIGNED_INPUT ", " DEQUANTIZER, "Q-086 dq"},
    /* inputs */
    {V2, IMAGE, UNSIGNED_INPUT ", " CONV("c", ""), "Q-060 c"},
    {V2, "[8, 8, 4]", UNSIGNED_INPUT ", " CONV("c", "") ", " RELU("r", ", " OUT8), "Q-060 c"},
    {V1, IMAGE, SIGNED_INPUT ", " CONV("c", ", " W4) ", " RELU("r", ", " OUT4), "Q-060 c"},
    {V2, "[8, 8, 4]", "['Custom>InputQuantizer', {'name': 'q', 'bitwidth': 16}, null, [[-1], [1]]], " CONV("c", ""),
     "Q-061 q"},
    /* weights */
    {V2, IMAGE, HEAD CONV("c", ", 'quant_config': {'weight_quantizer': {'bitwidth': 2}}"), "Q-070 c"},
    {V1, IMAGE, HEAD4 CONV("c", ""), "Q-081 c"},
    {V1, IMAGE, HEAD4 SEPARABLE("s", ""), "Q-082 s"},
    {V1, IMAGE,
     HEAD4 SEPARABLE("s", ", 'quant_config': {'dw_weight_quantizer': {'bitwidth': 4}, "
                          "'pw_weight_quantizer': {'bitwidth': 2}}"),
     "Q-082 s"},
    {V1, IMAGE, HEAD4 FLATTEN("f") ", " DENSE("d", ""), "Q-083 d"},
    {V1, IMAGE,
     UNSIGNED_INPUT
     ", " CONV("c", ", 'quant_config': {'weight_quantizer': {'bitwidth': 2}}") ", " RELU("r", ", " OUT4),
     "Q-080 c"},
    {V2, IMAGE, HEAD FLATTEN("f") ", " DENSE("d", ", 'quant_config': {'weight_quantizer': {'bitwidth': 16}}"),
     "Q-072 d"},
    /* geometry */
    {V2, IMAGE, HEAD "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': [3, 1]}]", "Q-070 c"},
    {V2, IMAGE, HEAD "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 2}]", "Q-070 c"},
    {V1, IMAGE, HEAD4 "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 2, " W4 "}]", "Q-080 c"},
    {V2, IMAGE, HEAD CONV("c", ", 'strides': [1, 2]"), "Q-070 c"},
    {V2, IMAGE, HEAD CONV("c", ", 'strides': 3"), "Q-070 c"},
    {V2, IMAGE, HEAD "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 5, 'strides': 2}]",
     "Q-070 c"},
    {V2, IMAGE, HEAD "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'strides': 2}]", ""},
    {V2, IMAGE, HEAD "['Custom>QuantizedDepthwiseConv2D', {'name': 'c', 'kernel_size': 1, 'strides': 2}]", "Q-070 c"},
    {V2, IMAGE, HEAD DEPTHWISE("c", ", 'strides': 2"), ""},
    {V1, IMAGE, HEAD4 CONV("c", ", 'strides': 4, " W4), "Q-081 c"},
    {V2, IMAGE,
     HEAD "['Custom>QuantizedConv2DTranspose', {'name': 't', 'filters': 2, 'kernel_size': 5, 'strides': 2, "
          "'padding': 'same'}]",
     "Q-067 t"},
    {V2, IMAGE, HEAD TRANSPOSE("t", ", 'strides': 1"), "Q-067 t"},
    {V2, IMAGE, HEAD TRANSPOSE("t", ", 'padding': 'valid'"), "Q-067 t"},
    {V2, IMAGE, HEAD CONV("c", "") ", " POOL("p", ", 'pool_size': [2, 3]") ", " RELU("r", ", " OUT8), "Q-070 p"},
    {V2, IMAGE, HEAD CONV("c", "") ", " POOL("p", ", 'strides': 3") ", " RELU("r", ", " OUT8), "Q-070 p"},
    {V2, IMAGE, HEAD CONV("c", "") ", " POOL("p", ", 'padding': 'same'") ", " RELU("r", ", " OUT8), "Q-071 p"},
    {V1, IMAGE, HEAD4 CONV("c", ", 'padding': 'same', " W4) ", " POOL("p", "") ", " RELU("r", ", " OUT4), "Q-071 p"},
    {V2, IMAGE,
     HEAD "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1}], " POOL(
         "p", ", 'padding': 'same'") ", " RELU("r", ", " OUT8),
     ""},
    /* activations */
    {V1, IMAGE, HEAD4 CONV("c", ", " W4) ", " RELU("r", ", 'max_value': null, " OUT4), "Q-079 r"},
    {V1, IMAGE, HEAD4 CONV("c", ", " W4) ", " RELU("r", ""), "Q-079 r"},
    {V1, IMAGE, HEAD4 CONV("c", ", " W4) ", " RELU("r", ", " OUT8), "Q-079 r"},
    {V1, IMAGE,
     HEAD4 CONV("c", ", " W4) ", " RELU(
         "r", ", 'quant_config': {'output_quantizer': {'bitwidth': 4, 'axis': 'per-axis'}}"),
     "Q-079 r"},
    {V1, "[20, 20, 3]", HEAD4 CONV("c", ", " W4) ", " GAP("g", ""), "Q-084 g"},
    {V1, "[18, 18, 3]", HEAD4 CONV("c", ", " W4) ", " GAP("g", ""), ""},
    {V2, IMAGE, HEAD DENSE("d", ""), "Q-072 d"},
    {V2, "[8, 8, 4]",
     SIGNED_INPUT ", ['Custom>QuantizedBufferTempConv', {'name': 'b', 'filters': 2, 'kernel_size': 11}]", "Q-075 b"},
    {V2, "[8, 8, 4]",
     SIGNED_INPUT ", ['Custom>QuantizedBufferTempConv', {'name': 'b', 'filters': 2, 'kernel_size': 10}]", ""},
    {V2, IMAGE, HEAD CONV("c", ", 'quant_config': {'output_quantizer': {'bitwidth': 10}}") ", " LUT("a", ", " OUT8),
     "Q-068 a"},
    {V2, IMAGE, HEAD CONV("c", ", 'quant_config': {'output_quantizer': {'bitwidth': 11}}") ", " LUT("a", ", " OUT8),
     ""},
    /* scales of the output */
    {V2, "[8, 8, 4]", CONV("c", ", 'quant_config': {'output_quantizer': {'bitwidth': 16, 'scale_bits': 16}}"),
     "Q-065 c"},
    {V2, "[8, 8, 4]", CONV("c", ", 'quant_config': {'output_quantizer': {'bitwidth': 16, 'scale_bits': 8}}"), ""},
    {V1, IMAGE,
     UNSIGNED_INPUT ", " CONV("c", ", " W4) ", " RELU(
         "r", ", 'quant_config': {'output_quantizer': {'bitwidth': 4, 'signed': false, 'scale_bits': 16}}"),
     ""},
};

START_TEST(each_rule_is_told_where_it_is_broken)
{
    const struct broken *broken = &cases[_i];
    expect_faults(broken->version, broken->input, broken->layers, broken->faults);
}
END_TEST

START_TEST(a_layer_that_is_called_twice_is_told_once)
{
    static const char *const twice =
        "{'input': [8, 8, 4], 'functional': true, 'layers': [['Custom>QuantizedConv2D', {'name': 'c', 'filters': 4, "
        "'kernel_size': 3, " OUT8 "}], ['Custom>QuantizedConv2D', {'name': 'c'}]]}";
    expect_plan(graph_of(twice), (struct c2s_plan_settings){.akida_version = V2}, "Q-051 c", NULL);
}
END_TEST

START_TEST(akida_1_looks_at_calls_behind_the_end_too)
{
    static const char *const twice = "{'input': [8, 8, 3], 'functional': true, 'layers': [" CONV(
        "c", "") ", " DEQUANTIZER
                 ", ['Conv2D', {'name': 'f', 'filters': 2, 'kernel_size': 1}], ['Conv2D', {'name': 'f'}]]}";
    expect_plan(graph_of(twice), (struct c2s_plan_settings){.akida_version = V1}, "Q-051 f, Q-081 c", NULL);
    expect_plan(graph_of(twice), (struct c2s_plan_settings){.akida_version = V2}, "", "Q-052");
}
END_TEST

#define CONV4(name, more) "['Custom>QuantizedConv2D', {'name': '" name "', 'filters': 4, 'kernel_size': 1" more "}"
/* Functional models of the table's end. */
static const struct {
    const char *layers, *faults;
} branches[] = {
    /* the output isn't quantized where two take it */
    {CONV4("a", "") "], " CONV4("b", ", " OUT8) ", ['a']], " CONV4(
         "c", ", " OUT8) ", ['a']], "
                         "['Custom>QuantizedAdd', {'name': 'd', " OUT8 "}, ['b', 'c']]",
     "Q-053 a"},
    /* images go to one convolution only */
    {CONV4("a", "") "], ['Custom>QuantizedReLU', {'name': 'r', " OUT8 "}, ['a']], " CONV4(
         "b", ", " OUT8) ", ['in']], "
                         "['Custom>QuantizedAdd', {'name': 'd', " OUT8 "}, ['r', 'b']]",
     "Q-063 b"},
    {CONV4("a", ", " OUT8) "], " CONV4(
         "b", ", " OUT8) ", ['a']], "
                         "['Custom>QuantizedAdd', {'name': 'd', 'activation': true, " OUT8 "}, ['a', 'b']]",
     "Q-073 d"},
};

START_TEST(branches_are_told_where_they_dont_fit)
{
    char text[2048];
    snprintf(text, sizeof text, "{'input': [4, 4, %d], 'functional': true, 'layers': [%s]}", _i == 1 ? 3 : 4,
             branches[_i].layers);
    expect_plan(graph_of(text), (struct c2s_plan_settings){.akida_version = V2}, branches[_i].faults, NULL);
}
END_TEST

START_TEST(all_faults_are_told_at_once)
{
    expect_faults(
        V2, IMAGE,
        HEAD CONV(
            "a",
            ", 'strides': 3, 'padding': 'same', 'quant_config': {'weight_quantizer': "
            "{'bitwidth': 3}}") ", " POOL("p",
                                          "") ", " RELU("r",
                                                        ", " OUT8) ", " SEPARABLE("s",
                                                                                  ", 'padding': "
                                                                                  "'same', "
                                                                                  "'dilation_rate': "
                                                                                  "2") ", " RELU("t",
                                                                                                 ","
                                                                                                 " " OUT8) ", " CONV("b",
                                                                                                                     ", 'padding': 'same'") ", " GAP("g",
                                                                                                                                                     "") ", " RELU("u",
                                                                                                                                                                   ", " OUT8) ", "
                                                                                                                                                                              "['Custom>QuantizedDense', {'name': 'd', 'units': 2, 'quant_config': {'weight_quantizer': "
                                                                                                                                                                              "{'bitwidth': 9}}}]",
        "Q-050 s, Q-056 s, Q-056 b, Q-070 a, Q-070 a, Q-071 p, Q-072 d");
}
END_TEST

#define SAME ", 'padding': 'same'"
#define BITS(n) ", 'quant_config': {'weight_quantizer': {'bitwidth': " #n "}}"
#define FACTORS(depthwise, pointwise)                                                                                \
    ", 'quant_config': {'dw_weight_quantizer': {'bitwidth': " #depthwise                                             \
    "}, 'pw_weight_quantizer': {'bitwidth': " #pointwise "}}"

/* Three to five faults each, of rules that have nothing to do with each other. */
static const struct broken planted[] = {
    /* a stride, weights, padding of a transposed convolution, a Dense on an image */
    {V2, IMAGE,
     HEAD CONV("a", ", 'strides': 3" SAME) ", " RELU("s", ", " OUT8) ", " DEPTHWISE("b", SAME BITS(3)) ", " RELU(
         "t", ", " OUT8) ", " TRANSPOSE("c", ", 'padding': 'valid'") ", " RELU("u", ", " OUT8) ", " DENSE("d", ""),
     "Q-070 a, Q-070 b, Q-067 c, Q-072 d"},
    /* an unsigned input, a pool, a buffer, a table behind other than 11 bits, weights of a Dense */
    {V2, "[8, 8, 4]",
     UNSIGNED_INPUT ", " CONV("a", SAME) ", " POOL("p", ", 'pool_size': [2, 3]" SAME) ", " RELU(
         "s", ", " OUT8) ", "
                         "['Custom>QuantizedBufferTempConv', {'name': 'b', 'filters': 2, 'kernel_size': 12, " OUT8
                         "}], " CONV("c", ", 'quant_config': {'output_quantizer': {'bitwidth': 12}}" SAME) ", " LUT(
                             "l", ", " OUT8) ", " FLATTEN("f") ", " DENSE("d", BITS(10)),
     "Q-060 a, Q-070 p, Q-075 b, Q-072 d, Q-068 l"},
    /* dilation, layers that form no block, paddings that differ */
    {V2, IMAGE,
     HEAD CONV("a", ", 'dilation_rate': 2" SAME) ", " RELU("s", ", " OUT8) ", " SEPARABLE("b", SAME) ", " RELU(
         "t", ", " OUT8) ", " CONV("c", SAME) ", " POOL("p", "") ", " RELU("u", ", " OUT8),
     "Q-050 a, Q-056 b, Q-071 p"},
    /* a recurrent block with a bias and steps left out in front, and weights of 16 bits behind */
    {V2, "[4, 4]",
     SIGNED_INPUT
     ", ['Custom>QuantizedStatefulProjection', {'name': 'a', 'units': 2, 'subsample': 2}], "
     "['Custom>QuantizedStatefulRecurrent', {'name': 'b', 'quant_config': {'output_quantizer': {'bitwidth': 16}}}], "
     "['Custom>QuantizedExtractToken', {'name': 't', 'token': 0, 'axis': -1}], "
     "['Custom>QuantizedStatefulProjection', {'name': 'c', 'units': 4, 'quant_config': {'weight_quantizer': "
     "{'bitwidth': 16}}}]",
     "Q-072 c, Q-076 a, Q-076 a"},
    /* weights of each kind, a ReLU without maximum, one of too many bits */
    {V1, IMAGE,
     HEAD4 CONV("a", SAME) ", " RELU("s", ", 'max_value': null, " OUT4) ", " SEPARABLE(
         "b", SAME FACTORS(4, 2)) ", " RELU("t", ", " OUT8) ", " FLATTEN("f") ", " DENSE("d", BITS(8)),
     "Q-081 a, Q-079 s, Q-082 b, Q-079 t, Q-083 d"},
    /* what Akida 1.0 lacks, a stride, a global average over too many positions */
    {V1, "[40, 40, 3]",
     HEAD4 CONV("a", ", 'strides': 4" SAME BITS(4)) ", " RELU("s", ", " OUT4) ", " DEPTHWISE(
         "b",
         SAME BITS(
             4)) ", " RELU("t",
                           ", " OUT4) ", " TRANSPOSE("e",
                                                     BITS(
                                                         4)) ", " RELU("v",
                                                                       ", " OUT4) ", " CONV("c",
                                                                                            SAME BITS(
                                                                                                4)) ", " GAP("g",
                                                                                                             "") ","
                                                                                                                 " " RELU(
                                                                                                                     "u",
                                                                                                                     ", " OUT4),
     "Q-056 b, Q-056 e, Q-081 a, Q-084 g"},
};

START_TEST(planted_faults_are_all_found)
{
    expect_faults(planted[_i].version, planted[_i].input, planted[_i].layers, planted[_i].faults);
}
END_TEST

START_TEST(remedies_fit_the_version)
{
    static const struct {
        cnn2snn_akida_version version;
        const char *layers, *remedy;
    } rows[] = {
        {V2, HEAD CONV("c", "") ", " GAP("g", "") ", " RELU("r", ", " OUT8),
         "move GlobalAveragePooling2D after the activation"},
        {V1, HEAD4 CONV("c", ", " W4) ", " RELU("r", "") ", " GAP("g", ""),
         "move GlobalAveragePooling2D in front of the activation"},
        {V2, HEAD CONV("c", "") ", " RELU("r", "") ", " POOL("p", ""),
         "move MaxPooling2D in front of the activation"},
        {V2, HEAD CONV("c", ", " OUT8) ", ['Custom>QuantizedBatchNormalization', {'name': 'n'}]",
         "fold BatchNormalization into the layer in front before quantizing: later runtimes have no layer for it"},
        {V2, HEAD CONV("c", "") ", " CONV("e", ""),
         "quantize the output of each of these layers, with at most 8 bits"},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct c2s_graph *graph = sequential(IMAGE, rows[i].layers);
        struct c2s_plan_settings settings = {.akida_version = rows[i].version};
        cnn2snn_report *report = NULL;
        struct c2s_qml_plan *plan = NULL;
        bool told = false;
        must(c2s_report_create(context, &report, &error));
        must(c2s_qml_plan_create(graph, &settings, report, &plan, &error));
        for (size_t j = 0; j < report->count; j++)
            told = told || !strcmp(report->faults[j].remedy, rows[i].remedy);
        ck_assert_msg(told, "row %zu", i);
        c2s_report_destroy(report);
        c2s_graph_release(graph);
    }
}
END_TEST

START_TEST(what_is_lost_is_a_warning)
{
    static const char *const flattened =
        HEAD CONV("c", "") ", ['Custom>QuantizedReLU', {'name': 'r', " OUT8_AXIS
                           "}, null, [[1, 4], [1, 1]]], " FLATTEN("f") ", " DENSE(
                               "d", "") ", " DEQUANTIZER ", ['Softmax', {'name': 's'}]";
    struct c2s_plan_settings settings = {.akida_version = V2, .has_input_scaling = true};
    expect_plan(sequential(IMAGE, flattened), settings, "", "Q-042, Q-052, Q-T14 q, Q-T13 d");
    settings.flatten_shifts = true;
    settings.has_input_scaling = false;
    expect_plan(sequential(IMAGE, flattened), settings, "", "Q-052, Q-T14 q");
}
END_TEST

/* A filter of zeros, whose scale is the least, with a bias; outputs up to 100. */
#define DEAD_FILTER                                                                                                  \
    "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 1, 'kernel_size': 1, " OUT8 "}, null, [[0, 0, 0, 0], [1], " \
    "[100], [1]]]"

#define FACTOR(weights)                                                                                              \
    "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 1, 'kernel_size': 1, " W4 "}, null, [[" weights "], [0]]]"
#define LARGE_RELU(range)                                                                                            \
    "['Custom>QuantizedReLU', {'name': 'r', 'max_value': 30000, " OUT4 "}, null, [[" range "], [1]]]"

static const struct {
    cnn2snn_akida_version version;
    const char *input, *layers, *warnings;
} traps[] = {
    /* 5: steps of 8 */
    {V2, "[8, 8, 4]", "['Custom>InputQuantizer', {'name': 'q'}, null, [[-1000], [1000]]], " CONV("c", ""), "Q-T05 q"},
    {V2, "[8, 8, 4]", "['Custom>InputQuantizer', {'name': 'q'}, null, [[-100], [100]]], " CONV("c", ""), ""},
    /* 8 */
    {V2, "[8, 8, 4]", SIGNED_INPUT ", " CONV("c", ", 'quant_config': {'output_quantizer': {'bitwidth': 4}}"),
     "Q-T08 c"},
    {V2, "[8, 8, 4]", SIGNED_INPUT ", " CONV("c", ", 'quant_config': {'output_quantizer': {'bitwidth': 5}}"), ""},
    {V2, "[8, 8, 4]", SIGNED_INPUT ", " CONV("c", "") ", " RELU("r", ", " OUT4), ""},
    /* 20, and products of more than 32 bits */
    {V2, "[8, 8, 4]", SIGNED_INPUT ", " DEAD_FILTER, "Q-T20 c, Q-T21 c"},
    {V2, "[8, 8, 4]", SIGNED_INPUT ", " CONV("c", ", " OUT8), ""},
    /* 11: steps of 0.909 and of 1, of which sixteenths count */
    {V1, IMAGE, HEAD4 FACTOR("7.7, 1") ", " LARGE_RELU("1"), "Q-T14 q, Q-T11 c"},
    {V1, IMAGE, HEAD4 FACTOR("7, 1") ", " LARGE_RELU("1"), "Q-T14 q"},
    /* 12: 64 positions, outputs up to 30000 and up to 1 */
    {V1, IMAGE, HEAD4 FACTOR("7, 1") ", " GAP("g", "") ", " LARGE_RELU("30000"), "Q-T14 q, Q-T12 c"},
    {V1, IMAGE, HEAD4 FACTOR("7, 1") ", " GAP("g", "") ", " LARGE_RELU("1"), "Q-T14 q"},
};

START_TEST(what_akida_computes_otherwise_is_a_warning)
{
    struct c2s_plan_settings settings = {.akida_version = traps[_i].version};
    expect_plan(sequential(traps[_i].input, traps[_i].layers), settings, "", traps[_i].warnings);
    if (!strstr(traps[_i].warnings, "Q-T20"))
        return;
    settings.exact_scales = true;
    expect_plan(sequential(traps[_i].input, traps[_i].layers), settings, "", "");
}
END_TEST

/* 64 filters of the second channel and one of the first, whose `range` shifts it by 10 or 9 bits. The last filter's
 * products are 1.5 * 2^31 or half of that. */
static void expect_product(const char *range, const char *warnings)
{
    char text[2048], zeros[256] = "", weights[512] = "";
    for (size_t i = 0; i < 64; i++) {
        strcat(zeros, "0, ");
        strcat(weights, "1.5, ");
    }
    snprintf(text, sizeof text,
             SIGNED_INPUT ", ['Custom>QuantizedConv2D', {'name': 'b', 'filters': 2, 'kernel_size': 1, " OUT8_AXIS
                          "}, null, [[1, 0, 0, 1], [0, 0], [%s, 1], [1, 1]]],"
                          "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 65, 'kernel_size': 1, " OUT8
                          "}, null, [[%s 1.5, %s 0], [%s 0], [2048], [1]]]",
             range, zeros, weights, zeros);
    expect_plan(sequential("[8, 8, 2]", text), (struct c2s_plan_settings){.akida_version = V2}, "", warnings);
}

START_TEST(products_of_32_bits_are_a_warning)
{
    expect_product("1024", "Q-T21 c");
    expect_product("512", "");
}
END_TEST

START_TEST(the_version_of_the_options_goes_before_the_contexts)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    static const char *const layers = HEAD4 DEPTHWISE("d", "");
    expect_plan(sequential(IMAGE, layers), (struct c2s_plan_settings){0}, "", NULL);
    c2s_context_release(context);
    options.akida_version = V1;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
    expect_plan(sequential(IMAGE, layers), (struct c2s_plan_settings){0}, "Q-056 d", NULL);
    expect_plan(sequential(IMAGE, layers), (struct c2s_plan_settings){.akida_version = V2}, "", NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("qml_rules");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, context_setup, context_teardown);
    tcase_add_loop_test(tests, each_rule_is_told_where_it_is_broken, 0, (int)(sizeof cases / sizeof *cases));
    tcase_add_test(tests, a_layer_that_is_called_twice_is_told_once);
    tcase_add_test(tests, akida_1_looks_at_calls_behind_the_end_too);
    tcase_add_loop_test(tests, branches_are_told_where_they_dont_fit, 0, (int)(sizeof branches / sizeof *branches));
    tcase_add_test(tests, all_faults_are_told_at_once);
    tcase_add_loop_test(tests, planted_faults_are_all_found, 0, (int)(sizeof planted / sizeof *planted));
    tcase_add_test(tests, remedies_fit_the_version);
    tcase_add_test(tests, what_is_lost_is_a_warning);
    tcase_add_loop_test(tests, what_akida_computes_otherwise_is_a_warning, 0, (int)(sizeof traps / sizeof *traps));
    tcase_add_test(tests, products_of_32_bits_are_a_warning);
    tcase_add_test(tests, the_version_of_the_options_goes_before_the_contexts);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
