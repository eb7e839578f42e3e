/* SPDX-License-Identifier: Apache-2.0 */
/* How the layers of QuantizeML models fall into blocks, by the table of patterns and nothing else. */
#include "qml_models.h"

#define V1 CNN2SNN_AKIDA_V1
#define V2 CNN2SNN_AKIDA_V2

/* "Quantizer(q) > InputConv2D(c)": the Akida layers of a plan, each behind the blocks that feed it. */
static void expect_blocks(struct c2s_graph *graph, cnn2snn_akida_version version, const char *expected)
{
    struct c2s_plan_settings settings = {.akida_version = version};
    cnn2snn_report *report = NULL;
    struct c2s_qml_plan *plan = NULL;
    char text[2048];
    size_t used = 0;
    must(c2s_report_create(context, &report, &error));
    must(c2s_qml_plan_create(graph, &settings, report, &plan, &error));
    if (!plan)
        print_report(report);
    ck_assert_ptr_nonnull(plan);
    for (size_t i = 0; i < plan->block_count; i++) {
        const struct c2s_qml_block *block = &plan->blocks[i];
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s%s %s(", i ? ", " : "",
                                 block->input_data ? "InputData " : "", block->pattern->akida_layer,
                                 c2s_qml_block_main(plan, block)->name);
        for (size_t j = 0; j < block->inbound_count; j++)
            used += (size_t)snprintf(
                text + used, sizeof text - used, "%s%s", j ? " " : "",
                block->inbounds[j] < 0 ? "in" : c2s_qml_block_main(plan, &plan->blocks[block->inbounds[j]])->name);
        used += (size_t)snprintf(text + used, sizeof text - used, ")");
    }
    ck_assert_str_eq(text, expected);
    c2s_qml_plan_destroy(plan);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}

START_TEST(images_go_to_the_convolution_that_takes_them)
{
    expect_blocks(
        sequential("[8, 8, 3]", UNSIGNED_INPUT ", " CONV("c", "") ", " RELU("r", ", " OUT8) ", " DEQUANTIZER), V2,
        "Quantizer q(in), InputConv2D c(q), Dequantizer dq(c)");
    expect_blocks(sequential("[8, 8, 3]", CONV("c", "") ", " RELU("r", ", " OUT8)), V2, "InputConv2D c(in)");
    expect_blocks(sequential("[8, 8, 1]", CONV("c", ", " W4) ", " RELU("r", ", " OUT4)), V1,
                  "InputConvolutional c(in)");
}
END_TEST

START_TEST(other_inputs_go_through_an_input_data)
{
    expect_blocks(sequential("[8, 8, 3]", SIGNED_INPUT ", " CONV("c", "") ", " RELU("r", ", " OUT8)), V2,
                  "Quantizer q(in), InputData Conv2D c(q)");
    expect_blocks(sequential("[8, 8, 4]", CONV("c", "") ", " RELU("r", ", " OUT8)), V2, "InputData Conv2D c(in)");
    expect_blocks(sequential("[8, 8, 3]", CONV("c", "")), V2, "InputData Conv2D c(in)");
}
END_TEST

START_TEST(outputs_of_at_most_8_bits_end_a_block)
{
    expect_blocks(sequential("[8, 8, 4]", CONV("c", ", " OUT8) ", " CONV("d", "") ", " RELU("r", "")), V2,
                  "InputData Conv2D c(in), Conv2D d(c)");
    /* more bits go on inside of it */
    expect_blocks(
        sequential("[8, 8, 4]", CONV("c", ", 'quant_config': {'output_quantizer': {'bitwidth': 11}}") ", " LUT(
                                    "a", ", " OUT8) ", " CONV("d", "")),
        V2, "InputData Conv2D c(in), Conv2D d(c)");
}
END_TEST

START_TEST(branches_meet_in_add_and_concatenate)
{
    expect_blocks(graph_of("{'input': [8, 8, 4], 'functional': true, 'layers': [" CONV(
                      "a", ", " OUT8) ", "
                                      "['Custom>QuantizedConv2D', {'name': 'b', 'filters': 2, 'kernel_size': 1, " OUT8
                                      "}], "
                                      "['Custom>QuantizedAdd', {'name': 'add', " OUT8 "}, ['a', 'b']], "
                                      "['Custom>QuantizedConcatenate', {'name': 'cat'}, ['add', 'a']], "
                                      "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1}]]}"),
                  V2, "InputData Conv2D a(in), Conv2D b(a), Add add(a b), Concatenate cat(add a), Conv2D c(cat)");
}
END_TEST

START_TEST(what_is_skipped_leaves_no_trace)
{
    expect_blocks(sequential("[8, 8, 4]",
                             "['Custom>QuantizedRescaling', {'name': 's', 'scale': 0.5}], " CONV("c", "") ", " RELU(
                                 "r", "") ", "
                                          "['Custom>QuantizedDropout', {'name': 'o', 'rate': 0.5}], " GAP(
                                              "g", ", " OUT8) ", ['Custom>QuantizedReshape', {'name': 'h', "
                                                              "'target_shape': [1, 1, 2]}], " DENSE("d", "")),
                  V2, "InputData Conv2D c(in), Dense1D d(c)");
}
END_TEST

/* ------------------------------------------------------------------------------------------------ the table */

START_TEST(each_row_is_found_by_its_own_layers)
{
    for (size_t i = 0; i < c2s_block_patterns.count; i++) {
        const struct c2s_block_pattern *row = &c2s_block_patterns.rows[i];
        ck_assert_ptr_eq(c2s_block_pattern_find(&c2s_block_patterns, row->version, row->input_only,
                                                c2s_block_pattern_length(row), row->layers),
                         row);
    }
}
END_TEST

/* A layer of a kind; `more` of its quant_config. */
static size_t add_layer(char *text, size_t size, enum c2s_kind_id kind, const char *name, const char *more)
{
    static const struct {
        enum c2s_kind_id kind;
        const char *config; /* beside name and quant_config */
    } kinds[] = {
        {C2S_KIND_QML_CONV2D, ", 'filters': 3, 'kernel_size': 3, 'padding': 'same'"},
        {C2S_KIND_QML_DEPTHWISE_CONV2D, ", 'kernel_size': 3, 'padding': 'same'"},
        {C2S_KIND_QML_SEPARABLE_CONV2D, ", 'filters': 2, 'kernel_size': 3, 'padding': 'same'"},
        {C2S_KIND_QML_CONV2D_TRANSPOSE, ", 'filters': 2, 'kernel_size': 3, 'strides': 2, 'padding': 'same'"},
        {C2S_KIND_QML_DEPTHWISE_CONV2D_TRANSPOSE, ", 'kernel_size': 3, 'strides': 2, 'padding': 'same'"},
        {C2S_KIND_QML_DENSE, ", 'units': 2"},
        {C2S_KIND_QML_RESHAPE, ", 'target_shape': [1, 1, -1]"},
        {C2S_KIND_QML_ACTIVATION, ", 'activation': 'swish'"},
        {C2S_KIND_QML_MAX_POOLING2D, ", 'padding': 'same'"},
        {C2S_KIND_QML_BUFFER_TEMP_CONV, ", 'filters': 2, 'kernel_size': 2"},
        {C2S_KIND_QML_DEPTHWISE_BUFFER_TEMP_CONV, ", 'kernel_size': 2"},
        {C2S_KIND_QML_STATEFUL_PROJECTION, ", 'units': 2, 'use_bias': false"},
        {C2S_KIND_QML_EXTRACT_TOKEN, ", 'token': 0, 'axis': -1"},
    };
    const char *config = "";
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (kinds[i].kind == kind)
            config = kinds[i].config;
    return (size_t)snprintf(text, size, ", ['%s', {'name': '%s'%s, 'quant_config': {%s}}]",
                            c2s_layer_kind_get(kind)->class_name, name, config, more);
}

/* The row's layers, so quantized that they are one block: tables take 11 bits, states are of 16. */
static void layers_of_row(const struct c2s_block_pattern *row, char *text, size_t size)
{
    bool v1 = row->version == V1;
    size_t used = 0, length = c2s_block_pattern_length(row);
    text[0] = '\0';
    for (size_t i = 0; i < length; i++) {
        enum c2s_kind_id kind = row->layers[i], next = i + 1 < length ? row->layers[i + 1] : C2S_KIND_OPAQUE;
        bool table = next == C2S_KIND_QML_ACTIVATION ||
                     (next == C2S_KIND_QML_MAX_POOLING2D && row->layers[i + 2] == C2S_KIND_QML_ACTIVATION);
        char name[] = {'x', (char)('0' + i), '\0'}, more[256];
        snprintf(more, sizeof more, "%s%s",
                 v1 ? "'weight_quantizer': {'bitwidth': 4}, 'dw_weight_quantizer': "
                      "{'bitwidth': 4}, 'pw_weight_quantizer': {'bitwidth': 4}"
                    : "'x': 0",
                 kind == C2S_KIND_QML_STATEFUL_RECURRENT ? ", 'output_quantizer': {'bitwidth': 16}"
                 : table                                 ? ", 'output_quantizer': {'bitwidth': 11}"
                 : v1 && kind == C2S_KIND_QML_RELU       ? ", 'output_quantizer': {'bitwidth': 4, 'signed': false}"
                                                         : "");
        used += add_layer(text + used, size - used, kind, name, more);
    }
}

/* A sequential model with the row in it, behind what feeds it. */
static struct c2s_graph *model_with_row(const struct c2s_block_pattern *row)
{
    char layers[2048], text[4096];
    bool v1 = row->version == V1, flat = row->layers[0] == C2S_KIND_QML_DENSE;
    const char *input = row->kind == C2S_BLOCK_RECURRENT ? "[1, 4]" : flat ? "[1, 1, 3]" : "[8, 8, 3]";
    const char *head =
        v1 ? UNSIGNED_INPUT ", " CONV("i", ", 'padding': 'same', " W4) ", " RELU("j", ", " OUT4) : SIGNED_INPUT;
    layers_of_row(row, layers, sizeof layers);
    if (row->kind == C2S_BLOCK_INPUT_CONV)
        head = UNSIGNED_INPUT;
    if (row->kind == C2S_BLOCK_QUANTIZER) {
        head = v1 ? UNSIGNED_INPUT : SIGNED_INPUT;
        snprintf(layers, sizeof layers, ", %s",
                 v1 ? CONV("c", ", " W4) ", " RELU("r", ", " OUT4) : CONV("c", "") ", " RELU("r", ""));
    }
    if (row->kind == C2S_BLOCK_DEQUANTIZER)
        snprintf(layers, sizeof layers, ", %s, " DEQUANTIZER, v1 ? CONV("c", ", " W4) : CONV("c", ""));
    snprintf(text, sizeof text, "%s%s", head, layers);
    return sequential(input, text);
}

/* The same for rows that take two values. */
static struct c2s_graph *model_of_two(const struct c2s_block_pattern *row)
{
    if (row->kind == C2S_BLOCK_PICO)
        return with_integers(
            graph_of("{'input': [1, 4], 'functional': true, 'layers': [['Custom>QuantizedStatefulProjection', "
                     "{'name': 'a', 'units': 2, 'use_bias': false}], ['Custom>QuantizedStatefulRecurrent', "
                     "{'name': 'b', 'quant_config': {'output_quantizer': {'bitwidth': 16}}}], "
                     "['Custom>QuantizedExtractToken', {'name': 't', 'token': 0, 'axis': -1}], "
                     "['Custom>QuantizedStatefulProjection', {'name': 'd', 'units': 4, 'use_bias': false}], "
                     "['Custom>QuantizedPicoPostProcessing', {'name': 'p', 'threshold': 3}, ['d', 'in']]]}"),
            "in");
    char text[1024];
    snprintf(text, sizeof text,
             "{'input': [4, 4, 4], 'functional': true, 'layers': [" SIGNED_INPUT ", ['Custom>QuantizedConv2D', "
             "{'name': 'a', 'filters': 4, 'kernel_size': 1, " OUT8 "}], ['Custom>QuantizedConv2D', {'name': 'b', "
             "'filters': 4, 'kernel_size': 1, " OUT8 "}, ['q']], ['%s', {'name': 'm', " OUT8 "}, ['a', 'b']]]}",
             c2s_layer_kind_get(row->layers[0])->class_name);
    return graph_of(text);
}

START_TEST(a_row_that_is_taken_away_is_missed)
{
    const struct c2s_block_pattern *row = &c2s_block_patterns.rows[_i];
    struct c2s_block_pattern rows[128];
    struct c2s_block_patterns fewer = {rows, 0};
    bool two = row->kind == C2S_BLOCK_ADD || row->kind == C2S_BLOCK_CONCATENATE || row->kind == C2S_BLOCK_PICO;
    for (size_t i = 0; i < c2s_block_patterns.count; i++)
        if (i != (size_t)_i)
            rows[fewer.count++] = c2s_block_patterns.rows[i];
    struct c2s_plan_settings settings = {.akida_version = row->version};
    expect_plan(two ? model_of_two(row) : model_with_row(row), settings, "", NULL);
    settings.patterns = &fewer;
    cnn2snn_report *report = NULL;
    struct c2s_qml_plan *plan = NULL;
    struct c2s_graph *graph = two ? model_of_two(row) : model_with_row(row);
    must(c2s_report_create(context, &report, &error));
    must(c2s_qml_plan_create(graph, &settings, report, &plan, &error));
    ck_assert_ptr_null(plan);
    char found[512];
    list_entries(report, CNN2SNN_SEVERITY_ERROR, found, sizeof found);
    ck_assert_msg(!strncmp(found, "Q-056", 5) || !strncmp(found, "Q-060", 5), "row %d: %s", _i, found);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("qml_blocks");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, context_setup, context_teardown);
    tcase_add_test(tests, images_go_to_the_convolution_that_takes_them);
    tcase_add_test(tests, other_inputs_go_through_an_input_data);
    tcase_add_test(tests, outputs_of_at_most_8_bits_end_a_block);
    tcase_add_test(tests, branches_meet_in_add_and_concatenate);
    tcase_add_test(tests, what_is_skipped_leaves_no_trace);
    tcase_add_test(tests, each_row_is_found_by_its_own_layers);
    tcase_add_loop_test(tests, a_row_that_is_taken_away_is_missed, 0, (int)c2s_block_patterns.count);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
