/* SPDX-License-Identifier: Apache-2.0 */
/* What the runtime refuses: a good model has no fault, and each change gives the one that it should. */
#include "akida_test.h"

#include <math.h>

/* The rules of all faults, each with a space behind it. */
static void verify(const cnn2snn_akida_model *model, char *rules, size_t size)
{
    cnn2snn_report *report;
    ck_assert_int_eq(c2s_report_create(context, &report, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_akida_model_verify(model, report, NULL), CNN2SNN_OK);
    *rules = '\0';
    for (size_t i = 0; i < report->count; i++) {
        ck_assert_int_eq(report->faults[i].severity, CNN2SNN_SEVERITY_ERROR);
        ck_assert_int_eq(report->faults[i].code, CNN2SNN_E_VALUE);
        snprintf(rules + strlen(rules), size - strlen(rules), "%s ", report->faults[i].rule);
    }
    c2s_report_destroy(report);
}

static void expect(const cnn2snn_akida_model *model, const char *expected)
{
    char rules[400];
    verify(model, rules, sizeof rules);
    ck_assert_str_eq(rules, expected);
}

static const struct {
    const char *fixture, *layer, *key;
    int value;
    const char *rules;
} changes[] = {
    {"current_v1.fbz", "conv", "stride_y", 1, ""},
    {"current_v1.fbz", "conv", "act_bits", 3, "L-G3-ACTIVATION-BITS "},
    {"current_v1.fbz", "dense", "weights_bits", 3, "L-G3-WEIGHT-BITS "},
    {"current_v1.fbz", "image", "weights_bits", 9, ""},
    {"current_v1.fbz", "image", "padding_value", 255, ""},
    {"current_v1.fbz", "image", "padding_value", 256, "A-RANGE "},
    {"current_v1.fbz", "image", "padding_value", -1, "A-RANGE "},
    {"current_v1.fbz", "image", "kernel_height", 2, "L-G3-KERNEL A-VARIABLE "},
    {"current_v1.fbz", "image", "stride_y", 2, "A-VARIABLE "}, /* fits, but for the last layer's weights */
    {"current_v1.fbz", "conv", "stride_y", 2, "L-G3-STRIDE A-VARIABLE "},
    {"current_v1.fbz", "image", "pooling_stride_x", 3, "L-G3-POOL-STRIDE A-VARIABLE "},
    {"current_v1.fbz", "conv", "filters", 0, "A-SHAPE A-RANGE "},
    {"current_v1.fbz", "conv", "padding", 2, "A-RANGE "},
    {"current_v1.fbz", "conv", "novel", 0, "A-KEYS "},
    {"current_v2.fbz", "a", "weights_bits", 8, ""},
    {"current_v2.fbz", "a", "output_bits", 33, "A-RANGE "},
    {"current_v2.fbz", "a", "buffer_bits", 0, "A-RANGE "},
    {"current_v2.fbz", "a", "activation", 3, "A-RANGE "},
    {"current_v2.fbz", "b", "activation", 0, "A-VARIABLE A-VARIABLE "}, /* max_value, max_value_shift */
    {"current_v2.fbz", "a", "kernel_stride", 3, "A-SHAPE A-STRIDE "},
    {"current_v2.fbz", "image", "kernel_size", 2, "A-VARIABLE "},
    {"current_v2.fbz", "sum", "activation", 0, ""},
    {"current_v2.fbz", "sum", "activation", 1, "A-KEYS "},
    {"current_v2.fbz", "q", "input_height", 5, "A-SHAPE "},
};

START_TEST(a_parameter_is_changed)
{
    cnn2snn_akida_model *model = load_fixture(changes[_i].fixture);
    expect(model, "");
    struct c2s_akida_layer *layer = (struct c2s_akida_layer *)layer_named(model, changes[_i].layer);
    ck_assert_int_eq(c2s_akida_layer_set_parameter(model, layer, changes[_i].key, changes[_i].value, NULL),
                     CNN2SNN_OK);
    expect(model, changes[_i].rules);
    c2s_akida_model_release(model);
}
END_TEST

static const struct {
    const char *fixture, *layer, *name;
    int index;
    double value;
    const char *rules;
} values[] = {
    {"current_v1.fbz", "image", "act_step", 1, 0.0625, ""},
    {"current_v1.fbz", "image", "act_step", 1, 0.06249, "L-G3-ACT-STEP "},
    {"current_v1.fbz", "dense", "act_step", 0, 0, "L-G3-ACT-STEP "},
    {"current_v1.fbz", "dense", "act_step", 0, NAN, ""},
    {"current_v1.fbz", "dense", "act_step", 0, INFINITY, ""},
    {"current_v1.fbz", "dense", "weights", 5, 2, "A-WEIGHTS "},
    {"current_v1.fbz", "dense", "weights", 5, -1, "A-WEIGHTS "},
    {"current_v1.fbz", "conv", "weights", 5, -2, "A-WEIGHTS "},
    {"current_v1.fbz", "separable", "weights_pw", 5, -7, ""},
    {"current_v1.fbz", "separable", "weights_pw", 5, -8, "A-WEIGHTS "},
    {"current_v1.fbz", "image", "weights", 5, -128, ""},
    {"current_v2.fbz", "a", "weights", 0, -8, ""},
    {"current_v2.fbz", "a", "weights", 0, 8, "A-WEIGHTS "},
    {"current_v2.fbz", "b", "output_shift", 0, -31, ""},
    {"current_v2.fbz", "b", "output_shift", 0, -32, "A-SHIFT "},
    {"current_v2.fbz", "b", "bias_shift", 0, 32, "A-SHIFT "},
};

START_TEST(a_value_of_a_variable_is_changed)
{
    cnn2snn_akida_model *model = load_fixture(values[_i].fixture);
    cnn2snn_tensor *tensor = (cnn2snn_tensor *)variable_of(model, values[_i].layer, values[_i].name);
    if (tensor->dtype == CNN2SNN_DTYPE_FLOAT32)
        ((float *)tensor->data)[values[_i].index] = (float)values[_i].value;
    else
        ((int8_t *)tensor->data)[values[_i].index] = (int8_t)values[_i].value;
    expect(model, values[_i].rules);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(missing_parameters_are_told_but_the_late_ones)
{
    cnn2snn_akida_model *model = new_model();
    add_layer(model, C2S_AKIDA_INPUT_DATA, "in", "input_width", 2, "input_height", 2, "input_channels", 2,
              "input_bits", 4, NULL);
    add_layer(model, C2S_AKIDA_DENSE1D, "d", "units", 3, "activation", 0, "buffer_bits", 28, "output_bits", 8, NULL);
    expect(model, "A-KEYS ");
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(the_graph_is_looked_at)
{
    cnn2snn_akida_model *model = new_model();
    add_layer(model, C2S_AKIDA_CONCATENATE, "a", NULL);
    add_layer(model, C2S_AKIDA_CONCATENATE, "b", NULL);
    add_layer(model, C2S_AKIDA_CONCATENATE, "b", NULL);
    expect(model, "A-NAME A-SHAPE A-GRAPH A-GRAPH A-GRAPH ");
    c2s_akida_model_release(model);

    model = load_fixture("current_v2.fbz");
    struct c2s_akida_layer *layer = (struct c2s_akida_layer *)layer_named(model, "image");
    layer->inbound_count = 0;
    expect(model, "A-GRAPH ");
    c2s_akida_model_release(model);
}
END_TEST

static struct c2s_akida_layer *add_dense(cnn2snn_akida_model *model, const char *name, int output_bits)
{
    struct c2s_akida_layer *layer =
        add_layer(model, C2S_AKIDA_DENSE1D, name, "units", 3, "activation", 0, "buffer_bits", 28, "output_bits",
                  output_bits, "post_op_buffer_bits", 32, "weights_bits", 8, NULL);
    layer->inbounds[0] = 0;
    return layer;
}

static void expect_merged(int32_t kind, int bits, int other_bits, const char *faults)
{
    cnn2snn_akida_model *model = new_model();
    add_layer(model, C2S_AKIDA_INPUT_DATA, "in", "input_bits", 8, "input_signed", 1, "input_channels", 2,
              "input_height", 1, "input_width", 1, NULL);
    add_dense(model, "a", bits);
    add_dense(model, "b", other_bits);
    struct c2s_akida_layer *merged =
        kind == C2S_AKIDA_CONCATENATE
            ? add_layer(model, kind, "merged", NULL)
            : add_layer(model, kind, "merged", "buffer_bits", 32, "output_bits", 8, "post_op_buffer_bits", 32, NULL);
    ck_assert_int_eq(c2s_akida_layer_add_inbound(model, merged, 1, NULL), CNN2SNN_OK);
    expect(model, faults);
    c2s_akida_model_release(model);
}

START_TEST(joined_outputs_have_as_many_bits_and_a_sign_all_or_none)
{
    expect_merged(C2S_AKIDA_CONCATENATE, 8, 8, "");
    expect_merged(C2S_AKIDA_CONCATENATE, 16, 16, "");
    expect_merged(C2S_AKIDA_CONCATENATE, 4, 4, "");
    expect_merged(C2S_AKIDA_CONCATENATE, 8, 4, "A-SIGN ");
    expect_merged(C2S_AKIDA_CONCATENATE, 8, 5, "A-BITS ");
    expect_merged(C2S_AKIDA_CONCATENATE, 3, 4, "A-BITS ");
}
END_TEST

START_TEST(added_outputs_have_8_bits_at_most)
{
    expect_merged(C2S_AKIDA_ADD, 8, 3, "");
    expect_merged(C2S_AKIDA_ADD, 8, 9, "A-BITS ");
    expect_merged(C2S_AKIDA_ADD, 28, 8, "A-BITS ");
}
END_TEST

START_TEST(kinds_of_old_runtimes_and_unknown_ones_are_told)
{
    cnn2snn_akida_model *model = load_fixture("old_v2.fbz");
    expect(model, "A-KEYS A-KIND A-KEYS A-KIND ");
    c2s_akida_model_release(model);
    model = load_fixture("unknown.fbz");
    expect(model, "A-KEYS A-KIND ");
    c2s_akida_model_release(model);
    model = load_fixture("typed.fbz");
    expect(model, "");
    c2s_akida_model_release(model);
    model = load_fixture("learning.fbz");
    expect(model, "");
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(an_unknown_variable_is_told)
{
    cnn2snn_akida_model *model = load_fixture("current_v2.fbz");
    set_variable(model, (struct c2s_akida_layer *)layer_named(model, "dq"), "zero_points", CNN2SNN_DTYPE_UINT8, 1,
                 (int64_t[]){3}, NULL);
    expect(model, "A-VARIABLE ");
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(each_allocation_may_fail)
{
    cnn2snn_akida_model *model = load_fixture("old_v2.fbz");
    cnn2snn_status status = CNN2SNN_E_NO_MEMORY;
    for (long n = 1; status; n++) {
        cnn2snn_error *error = NULL;
        cnn2snn_report *report;
        ck_assert_int_eq(c2s_report_create(context, &report, NULL), CNN2SNN_OK);
        test_heap.allocations = 0;
        test_heap.fail_at = n;
        status = c2s_akida_model_verify(model, report, &error);
        ck_assert((status != 0) == (error != NULL));
        ck_assert(!status || status == CNN2SNN_E_NO_MEMORY);
        test_heap.fail_at = 0;
        c2s_report_destroy(report);
        ck_assert_int_lt(n, 1000);
    }
    c2s_akida_model_release(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("akida_verify");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, a_parameter_is_changed, 0, sizeof changes / sizeof *changes);
    tcase_add_loop_test(tests, a_value_of_a_variable_is_changed, 0, sizeof values / sizeof *values);
    tcase_add_test(tests, missing_parameters_are_told_but_the_late_ones);
    tcase_add_test(tests, the_graph_is_looked_at);
    tcase_add_test(tests, joined_outputs_have_as_many_bits_and_a_sign_all_or_none);
    tcase_add_test(tests, added_outputs_have_8_bits_at_most);
    tcase_add_test(tests, kinds_of_old_runtimes_and_unknown_ones_are_told);
    tcase_add_test(tests, an_unknown_variable_is_told);
    tcase_add_test(tests, each_allocation_may_fail);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
