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

/* Models that need a row, by the Akida layer and the number of its layers. */
static const struct {
    cnn2snn_akida_version version;
    const char *akida_layer;
    size_t length;
    const char *layers, *fault;
} uses[] = {
    {V2, "Conv2D", 1, CONV("c", ""), "Q-056 c"},
    {V2, "Conv2D", 2, CONV("c", "") ", " RELU("r", ""), "Q-056 c"},
    {V2, "Conv2D", 3, CONV("c", "") ", " POOL("p", "") ", " RELU("r", ""), "Q-056 c"},
    {V2, "DepthwiseConv2D", 1, DEPTHWISE("c", ""), "Q-056 c"},
    {V2, "Conv2DTranspose", 1, TRANSPOSE("c", ""), "Q-056 c"},
    {V2, "DepthwiseConv2DTranspose", 2, DEPTHWISE_TRANSPOSE("c", "") ", " RELU("r", ""), "Q-056 c"},
    {V2, "Dense1D", 2, FLATTEN("f") ", " DENSE("d", ""), "Q-056 d"},
    {V1, "SeparableConvolutional", 1, SEPARABLE("s", ", " SEP4), "Q-056 s"},
    {V1, "FullyConnected", 2, FLATTEN("f") ", " DENSE("d", ", " W4), "Q-056 d"},
};

START_TEST(a_row_that_is_taken_away_is_missed)
{
    char layers[2048];
    struct c2s_block_pattern rows[128];
    struct c2s_block_patterns fewer = {rows, 0};
    bool v1 = uses[_i].version == V1;
    snprintf(layers, sizeof layers, "%s%s, %s", v1 ? CONV("i", ", " W4) ", " : CONV("i", "") ", ",
             v1 ? RELU("j", ", " OUT4) : RELU("j", ", " OUT8), uses[_i].layers);
    for (size_t i = 0; i < c2s_block_patterns.count; i++) {
        const struct c2s_block_pattern *row = &c2s_block_patterns.rows[i];
        if (row->version != uses[_i].version || strcmp(row->akida_layer, uses[_i].akida_layer) ||
            c2s_block_pattern_length(row) != uses[_i].length)
            rows[fewer.count++] = *row;
    }
    ck_assert_uint_lt(fewer.count, c2s_block_patterns.count);
    struct c2s_plan_settings settings = {.akida_version = uses[_i].version};
    expect_plan(sequential("[8, 8, 3]", layers), settings, "", NULL);
    settings.patterns = &fewer;
    expect_plan(sequential("[8, 8, 3]", layers), settings, uses[_i].fault, NULL);
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
    tcase_add_loop_test(tests, a_row_that_is_taken_away_is_missed, 0, (int)(sizeof uses / sizeof *uses));
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
