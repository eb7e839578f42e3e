/* SPDX-License-Identifier: Apache-2.0 */
/* What blocks of QuantizeML layers are as Akida layers: orientation, types, shifts, thresholds. */
#include "../plan/qml_models.h"

#include <math.h>

#include "akida/release.h"
#include "convert/convert.h"

#define V1 CNN2SNN_AKIDA_V1
#define V2 CNN2SNN_AKIDA_V2

static struct c2s_graph *graph;
static struct c2s_qml_plan *plan;
static cnn2snn_akida_model *model;
static cnn2snn_report *report;

static void make_plan(struct c2s_graph *made, struct c2s_plan_settings settings)
{
    graph = made;
    model = NULL;
    must(c2s_report_create(context, &report, &error));
    must(c2s_qml_plan_create(graph, &settings, report, &plan, &error));
    if (!plan)
        print_report(report);
    ck_assert_ptr_nonnull(plan);
}

static void emit(void)
{
    must(c2s_convert_qml(plan, report, &model, &error));
    if (!model)
        print_report(report);
    ck_assert_ptr_nonnull(model);
}

static void convert(cnn2snn_akida_version version, const char *input, const char *layers)
{
    make_plan(sequential(input, layers), (struct c2s_plan_settings){.akida_version = version});
    emit();
}

static void finish(void)
{
    c2s_akida_model_release(model);
    c2s_qml_plan_destroy(plan);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}

static const struct c2s_akida_layer *layer(const char *name)
{
    for (size_t i = 0; i < model->layer_count; i++)
        if (!strcmp(model->layers[i].name, name))
            return &model->layers[i];
    ck_abort_msg("no layer %s", name);
    return NULL;
}

static int32_t parameter(const char *name, const char *key)
{
    ck_assert_msg(c2s_akida_layer_has_parameter(layer(name), key), "%s has no %s", name, key);
    return c2s_akida_layer_get_parameter(layer(name), key, 0);
}

static void variable_is(const char *name, const char *variable, cnn2snn_dtype dtype, size_t count,
                        const double *expected)
{
    const struct c2s_akida_variable *found = c2s_akida_layer_find_variable(layer(name), variable);
    ck_assert_msg(found != NULL, "%s has no %s", name, variable);
    ck_assert_int_eq(found->tensor->dtype, dtype);
    ck_assert_uint_eq(found->tensor->count, count);
    for (size_t i = 0; i < count; i++)
        if (c2s_tensor_get_double(found->tensor, i) != expected[i])
            ck_abort_msg("%s of %s: %.9g at %zu, expected %.9g", variable, name,
                         c2s_tensor_get_double(found->tensor, i), i, expected[i]);
}

#define VARIABLE(name, variable, dtype, ...)                                                                         \
    variable_is(name, variable, CNN2SNN_DTYPE_##dtype, sizeof((double[]){__VA_ARGS__}) / sizeof(double),             \
                (const double[]){__VA_ARGS__})

/* The integers of a layer before they are emitted, all set to one value. */
static void set_integers(const char *name, enum c2s_integers which, int32_t value)
{
    cnn2snn_tensor *tensor = plan->derivation->nodes[node_named(graph, name)].integers[which];
    ck_assert_ptr_nonnull(tensor);
    for (uint64_t i = 0; i < tensor->count; i++)
        ((int32_t *)tensor->data)[i] = value;
}

#define KERNEL9 "[1, 2, 3, 4, 5, 6, 7, 8, 9]"
#define CONV1(name, more)                                                                                            \
    "['Custom>QuantizedConv2D', {'name': '" name "', 'filters': 1, 'kernel_size': 3" more "}, null, [" KERNEL9       \
    ", [0]]]"

START_TEST(convolutions_are_turned_around_but_those_of_images)
{
    convert(V2, "[8, 8, 1]", CONV1("i", "") ", " RELU("r", ", " OUT8) ", " CONV1("c", ""));
    VARIABLE("i", "weights", INT8, 14, 28, 42, 56, 71, 85, 99, 113, 127);
    VARIABLE("c", "weights", INT8, 127, 113, 99, 85, 71, 56, 42, 28, 14);
    ck_assert_str_eq(layer("i")->kind_text, "InputConv2D");
    ck_assert_int_eq(parameter("i", "input_x"), 8);
    VARIABLE("i", "padding_value", UINT8, 0);
    finish();
}
END_TEST

START_TEST(kernels_of_1_pad_as_much_as_any)
{
    convert(V2, "[8, 8, 4]",
            CONV("c", ", " OUT8) ", ['Custom>QuantizedConv2D', {'name': 'd', 'filters': 1, "
                                 "'kernel_size': 1}]");
    ck_assert_int_eq(parameter("c", "padding"), C2S_PADDING_VALID);
    ck_assert_int_eq(parameter("d", "padding"), C2S_PADDING_SAME);
    finish();
}
END_TEST

START_TEST(a_layer_without_output_quantizer_gives_its_buffer)
{
    convert(V2, "[8, 8, 4]", CONV("c", ", 'use_bias': false"));
    ck_assert_int_eq(parameter("c", "buffer_bits"), 28);
    ck_assert_int_eq(parameter("c", "output_bits"), 28);
    ck_assert_int_eq(parameter("c", "post_op_buffer_bits"), 32);
    VARIABLE("c", "bias", INT8, 0, 0);
    VARIABLE("c", "output_scales", UINT8, 1, 1);
    VARIABLE("c", "output_shift", INT8, 0, 0);
    finish();
}
END_TEST

START_TEST(right_shifts_stay_within_the_buffer)
{
    make_plan(sequential("[8, 8, 4]", CONV("c", ", " OUT8)), (struct c2s_plan_settings){.akida_version = V2});
    set_integers("c", C2S_OUTPUT_SHIFT, -40);
    emit();
    VARIABLE("c", "output_shift", INT8, -27, -27);
    finish();
}
END_TEST

START_TEST(what_shifts_lack_is_taken_off_the_scales_where_asked_for)
{
    make_plan(sequential("[8, 8, 4]", CONV("c", ", " OUT8)),
              (struct c2s_plan_settings){.akida_version = V2, .exact_scales = true});
    set_integers("c", C2S_OUTPUT_SHIFT, -30);
    set_integers("c", C2S_OUTPUT_SCALES, 251);
    emit();
    VARIABLE("c", "output_shift", INT8, -24, -24); /* 2^31 there is the output's 2^7 */
    VARIABLE("c", "output_scales", UINT8, 4, 4);   /* 251 / 64 */
    finish();
}
END_TEST

START_TEST(a_shift_that_8_bits_dont_hold_is_a_fault)
{
    make_plan(sequential("[8, 8, 4]", CONV("c", "")), (struct c2s_plan_settings){.akida_version = V2});
    set_integers("c", C2S_BIAS_SHIFT, 256);
    must(c2s_convert_qml(plan, report, &model, &error));
    ck_assert_ptr_null(model);
    ck_assert_str_eq(report->faults[report->count - 1].rule, "Q-065");
    ck_assert_str_eq(report->faults[report->count - 1].layer, "c");
    finish();
}
END_TEST

START_TEST(relu_without_maximum_keeps_the_runtimes_limits)
{
    convert(V2, "[8, 8, 4]", CONV("c", "") ", " RELU("r", ", 'max_value': null, " OUT8));
    VARIABLE("c", "max_value", UINT8, 127, 127);
    VARIABLE("c", "max_value_shift", UINT8, 31, 31);
    ck_assert_int_eq(parameter("c", "activation"), 1);
    finish();
}
END_TEST

START_TEST(a_table_has_the_scales_in_front_of_it)
{
    convert(V2, "[8, 8, 4]",
            CONV("c", ", 'quant_config': {'output_quantizer': {'bitwidth': 11}}") ", " LUT("a", ", " OUT8));
    ck_assert_int_eq(parameter("c", "activation"), 2);
    ck_assert_int_eq(parameter("c", "output_bits"), 8);
    const struct c2s_akida_variable *table = c2s_akida_layer_find_variable(layer("c"), "lut_values");
    ck_assert_uint_eq(table->tensor->count, 2048);
    ck_assert_int_eq(((const int32_t *)table->tensor->data)[1024], 0);
    ck_assert_ptr_nonnull(c2s_akida_layer_find_variable(layer("c"), "activation_shift"));
    finish();
}
END_TEST

START_TEST(an_input_data_behind_a_quantizer_is_named_by_its_place)
{
    convert(V2, "[8, 8, 4]", SIGNED_INPUT ", " CONV("c", ""));
    ck_assert_int_eq(parameter("InputData_2", "input_bits"), 8);
    ck_assert_int_eq(parameter("InputData_2", "input_signed"), 1);
    ck_assert_uint_eq(layer("InputData_2")->inbounds[0], 0);
    VARIABLE("q", "scales", FLOAT32, 128, 128, 128, 128);
    VARIABLE("q", "zero_points", UINT8, 0, 0, 0, 0);
    finish();
}
END_TEST

/* Channels of 5 and 7 fractional bits meet in Flatten. */
static const char *const flattened =
    "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'use_bias': false}], "
    "['Custom>QuantizedReLU', {'name': 'r', " OUT8_AXIS
    "}, null, [[4, 1], [1, 1]]], " FLATTEN("f") ", " DENSE("d", "");

START_TEST(shifts_of_flatten_are_exported_where_asked_for)
{
    convert(V2, "[1, 2, 4]", flattened);
    VARIABLE("d", "input_shift", UINT8, 0, 0, 0, 0);
    finish();
    make_plan(sequential("[1, 2, 4]", flattened),
              (struct c2s_plan_settings){.akida_version = V2, .flatten_shifts = true});
    emit();
    VARIABLE("d", "input_shift", UINT8, 2, 0, 2, 0);
    finish();
}
END_TEST

/* spec/quantizeml.md 4, example 32 */
START_TEST(thresholds_and_steps_come_from_bias_and_output)
{
    static const struct {
        const char *relu;
        double threshold, step;
    } rows[] = {
        {RELU("r", ", " OUT4), 2464 + 4033, 8065.96924},
        {RELU("r", ", 'quant_config': {'output_quantizer': {'bitwidth': 2, 'signed': false}}"), 2464 + 4033,
         2016.49231},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char layers[1024];
        snprintf(layers, sizeof layers, "%s, %s", CONV("i", ", " W4), rows[i].relu);
        make_plan(sequential("[8, 8, 1]", layers), (struct c2s_plan_settings){.akida_version = V1});
        set_integers("i", C2S_BIAS, -2464);
        set_integers("r", C2S_OUTPUT_SCALES, 130);
        set_integers("r", C2S_OUTPUT_SHIFT, -20);
        emit();
        VARIABLE("i", "threshold", INT32, rows[i].threshold, rows[i].threshold);
        VARIABLE("i", "act_step", FLOAT32, (double)(float)rows[i].step, (double)(float)rows[i].step);
        finish();
    }
}
END_TEST

START_TEST(pooled_positions_count_in_the_threshold)
{
    make_plan(
        sequential("[5, 4, 1]",
                   CONV("i", ", " W4) ", " RELU(
                       "r", ", " OUT4) ", "
                                       "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 1, 'kernel_size': 1, " W4
                                       "}], " GAP("g", "")),
        (struct c2s_plan_settings){.akida_version = V1});
    set_integers("c", C2S_BIAS, 10);
    emit();
    VARIABLE("c", "threshold", INT32, -60);
    VARIABLE("c", "act_step", FLOAT32, 1);
    ck_assert_int_eq(parameter("c", "pool_type"), C2S_POOL_AVERAGE);
    finish();
}
END_TEST

START_TEST(rows_of_a_fully_connected_layer_follow_the_channels)
{
    convert(V1, "[3, 4, 1]",
            CONV("i", ", " W4) ", " RELU("r", ", " OUT4) ", " FLATTEN(
                "f") ", "
                     "['Custom>QuantizedDense', {'name': 'd', 'units': 1, 'use_bias': false, " W4
                     "}, null, [[1, 2, 3, 4]]]");
    /* (x 0, y 0, c 0), (c 1), (y 1, c 0), (c 1) */
    VARIABLE("d", "weights", INT8, 2, 5, 3, 7);
    finish();
}
END_TEST

START_TEST(the_last_step_takes_the_scales_of_the_dequantizer)
{
    convert(V1, "[3, 3, 1]",
            CONV("i", ", " W4) ", " RELU(
                "r", ", " OUT4) ", "
                                "['Custom>QuantizedConv2D', {'name': 'c', 'filters': 1, 'kernel_size': 1, " W4
                                "}], " DEQUANTIZER);
    const cnn2snn_tensor *scales = plan->derivation->nodes[node_named(graph, "dq")].float_scales;
    ck_assert_uint_eq(model->layer_count, 2);
    VARIABLE("c", "act_step", FLOAT32, (double)(1.0f / c2s_f32(scales)[0]));
    finish();
}
END_TEST

static cnn2snn_status convert_once(cnn2snn_akida_model **out_model)
{
    struct c2s_plan_settings settings = {.akida_version = V2, .flatten_shifts = true};
    cnn2snn_akida_model *converted = NULL;
    report = NULL;
    plan = NULL;
    cnn2snn_status status = c2s_report_create(context, &report, &error);
    if (!status)
        status = c2s_qml_plan_create(graph, &settings, report, &plan, &error);
    if (!status)
        status = c2s_convert_qml(plan, report, &converted, &error);
    if (!status)
        status = c2s_akida_model_for_release(converted, "2.7.0", report, out_model, &error);
    c2s_akida_model_release(converted);
    c2s_qml_plan_destroy(plan);
    c2s_report_destroy(report);
    return status;
}

START_TEST(running_out_of_memory_leaves_nothing_behind)
{
    context_with_failing_allocator();
    graph = sequential("[1, 2, 4]", flattened);
    cnn2snn_status status = CNN2SNN_E_NO_MEMORY;
    int count = 0;
    for (model = NULL; status; count++) {
        ck_assert_int_eq(status, CNN2SNN_E_NO_MEMORY);
        ck_assert_ptr_null(model);
        c2s_error_clear(&error);
        allocations_left = count;
        status = convert_once(&model);
        allocations_left = -1;
    }
    ck_assert_int_gt(count, 100);
    ck_assert_ptr_nonnull(model);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("convert_qml");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, context_setup, context_teardown);
    tcase_add_test(tests, convolutions_are_turned_around_but_those_of_images);
    tcase_add_test(tests, kernels_of_1_pad_as_much_as_any);
    tcase_add_test(tests, a_layer_without_output_quantizer_gives_its_buffer);
    tcase_add_test(tests, right_shifts_stay_within_the_buffer);
    tcase_add_test(tests, what_shifts_lack_is_taken_off_the_scales_where_asked_for);
    tcase_add_test(tests, a_shift_that_8_bits_dont_hold_is_a_fault);
    tcase_add_test(tests, relu_without_maximum_keeps_the_runtimes_limits);
    tcase_add_test(tests, a_table_has_the_scales_in_front_of_it);
    tcase_add_test(tests, an_input_data_behind_a_quantizer_is_named_by_its_place);
    tcase_add_test(tests, shifts_of_flatten_are_exported_where_asked_for);
    tcase_add_test(tests, thresholds_and_steps_come_from_bias_and_output);
    tcase_add_test(tests, pooled_positions_count_in_the_threshold);
    tcase_add_test(tests, rows_of_a_fully_connected_layer_follow_the_channels);
    tcase_add_test(tests, the_last_step_takes_the_scales_of_the_dequantizer);
    tcase_add_test(tests, running_out_of_memory_leaves_nothing_behind);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
