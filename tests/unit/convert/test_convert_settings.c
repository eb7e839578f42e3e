/* SPDX-License-Identifier: Apache-2.0 */
/* What the settings of a conversion and the model's input make of the Akida model (spec/legacy.md g.1, g.2). */
#include "convert_testing.h"

#define IMAGE                                                                                                        \
    (struct c2s_shape)                                                                                               \
    {                                                                                                                \
        3,                                                                                                           \
        {                                                                                                            \
            5, 5, 1                                                                                                  \
        }                                                                                                            \
    }
#define EVENTS                                                                                                       \
    (struct c2s_shape)                                                                                               \
    {                                                                                                                \
        3,                                                                                                           \
        {                                                                                                            \
            5, 5, 4                                                                                                  \
        }                                                                                                            \
    }

/* The conversion has one fault, this one; takes the graph. */
static void refuses(struct c2s_graph *graph, struct c2s_plan_settings settings, cnn2snn_status code, const char *rule,
                    const char *layer)
{
    cnn2snn_report *report = NULL;
    cnn2snn_error *error = NULL;
    struct c2s_plan *plan = NULL;
    small_ok(c2s_report_create(context, &report, &error), error);
    small_ok(c2s_plan_create(graph, &settings, report, &plan, &error), error);
    ck_assert_ptr_null(plan);
    ck_assert_uint_eq(report->count, 1);
    ck_assert_str_eq(report->faults[0].rule, rule);
    ck_assert_str_eq(report->faults[0].layer, layer);
    ck_assert_int_eq(report->faults[0].code, code);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
}

/* Converts without a remark; takes the graph. */
static cnn2snn_akida_model *converted(struct c2s_graph *graph, struct c2s_plan_settings settings)
{
    cnn2snn_akida_model *model = convert_without_remark(graph, settings);
    c2s_graph_release(graph);
    return model;
}

static struct c2s_graph *conv_model(struct c2s_shape input)
{
    const struct small_layer layers[] = {QCONV("c", 2, 3, 4, ""), QRELU("r", 4, 6)};
    return small_model(context, input, 2, layers);
}

static struct c2s_graph *dense_model(int64_t inputs)
{
    const struct small_layer layers[] = {QDENSE("d", 2, 4, "")};
    return small_model(context, (struct c2s_shape){1, {inputs}}, 1, layers);
}

/* ------------------------------------------------------------------------------------------------ scaling */

START_TEST(l032_the_input_is_neither_scaled_nor_shifted_by_default)
{
    cnn2snn_akida_model *model = converted(example_45(), default_settings);
    ASSERT_VALUES(model, "c", "act_step", 400, 50.79999923706055); /* as with (1, 0) */
    ASSERT_VALUES(model, "c", "threshold", 5200, -102);
    c2s_akida_model_release(model);
    model = converted(conv_model(IMAGE), default_settings);
    assert_parameter(model, "c", "padding_value", 0);
    c2s_akida_model_release(model);
}
END_TEST

/* p = 128 * (7, 3.5), thresholds p * (0.2 - bias) + 128 * (15, -6); then the reference's integers of EX-41. */
START_TEST(ex41_l034_an_image_scaled_and_shifted_by_128)
{
    cnn2snn_akida_model *model = converted(example_41(), scaling(128, 128));
    ASSERT_VALUES(model, "c", "act_step", 358.4, 179.2);
    ASSERT_VALUES(model, "c", "threshold", 1651, -567);
    assert_parameter(model, "c", "padding_value", 128);
    ASSERT_VALUES(model, "s", "threshold", 629, 2205);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(ex41_l033_l045_a_shift_moves_thresholds_and_pads)
{
    struct c2s_graph *graph = example_41();
    cnn2snn_akida_model *model = convert_without_remark(graph, scaling(127.5, 128));
    ASSERT_VALUES(model, "c", "act_step", 357, 178.5);
    ASSERT_VALUES(model, "c", "threshold", 1652, -568);
    assert_parameter(model, "c", "padding_value", 128);
    ASSERT_VALUES(model, "s", "threshold", 629, 2205);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(ex41_l045_a_fractional_shift_counts_whole_in_thresholds_and_cut_in_padding)
{
    struct c2s_graph *graph = example_41();
    cnn2snn_report *report = NULL;
    cnn2snn_akida_model *model = convert(graph, scaling(10, 3.7), &report);
    ASSERT_VALUES(model, "c", "act_step", 28, 14);
    ASSERT_VALUES(model, "c", "threshold", 34, -7);
    assert_parameter(model, "c", "padding_value", 3);
    ck_assert_uint_eq(report->count, 1);
    ck_assert_str_eq(report->faults[0].rule, "C-05");
    c2s_report_destroy(report);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l045_a_padding_value_has_8_bits)
{
    refuses(conv_model(IMAGE), scaling(10, -3), CNN2SNN_E_VALUE, "L-G3-PADDING", "");
    refuses(conv_model(IMAGE), scaling(10, 256), CNN2SNN_E_VALUE, "L-G3-PADDING", "");
    cnn2snn_akida_model *model = converted(conv_model(IMAGE), scaling(10, 255));
    assert_parameter(model, "c", "padding_value", 255);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(ex42_l065_the_shift_of_events_is_not_looked_at)
{
    cnn2snn_report *report = NULL;
    struct c2s_graph *graph = conv_model(EVENTS);
    cnn2snn_akida_model *model = convert(graph, scaling(2.5, 4), &report), *plain = converted(graph, scaling(2.5, 0));
    const char *const names[] = {"weights", "threshold", "act_step"};
    for (size_t i = 0; i < 3; i++) {
        const cnn2snn_tensor *with = c2s_akida_layer_find_variable(find_layer(model, "c"), names[i])->tensor;
        const cnn2snn_tensor *without = c2s_akida_layer_find_variable(find_layer(plain, "c"), names[i])->tensor;
        ck_assert_mem_eq(with->data, without->data, with->count * c2s_dtype_size(with->dtype));
    }
    ck_assert_uint_eq(report->count, 1); /* and told */
    ck_assert_str_eq(report->faults[0].rule, "C-05");
    ck_assert_int_eq(report->faults[0].severity, CNN2SNN_SEVERITY_WARNING);
    c2s_report_destroy(report);
    c2s_akida_model_release(model);
    c2s_akida_model_release(plain);
}
END_TEST

START_TEST(l038_a_scale_is_positive)
{
    const double scales[] = {0, -1, -0.5, NAN, INFINITY};
    refuses(conv_model(IMAGE), scaling(scales[_i], 0), CNN2SNN_E_VALUE, "L-G1-SCALE", "");
    refuses(conv_model(EVENTS), scaling(scales[_i], 0), CNN2SNN_E_VALUE, "L-G1-SCALE", "");
}
END_TEST

/* ------------------------------------------------------------------------------------------------ Rescaling */

#define RESCALING(scale, offset) NAMED("Rescaling", "scale", ", 'scale': " #scale ", 'offset': " #offset)

START_TEST(l037_a_rescaling_layer_gives_the_input_scaling)
{
    const struct small_layer layers[] = {NAMED("Rescaling", "scale", ", 'scale': 0.0078125, 'offset': -1"),
                                         QCONV("c", 1, 1, 8, "")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {2, 2, 3}}, 2, layers);
    SET(graph, "c", "kernel", 1, -.5F, 0);
    SET(graph, "c", "bias", .25F);
    cnn2snn_akida_model *model = convert_without_remark(graph, default_settings);
    assert_parameter(model, "c", "padding_value", 128);
    /* integers 127, -64 (63.5 to even), 0; p = 128 * 127; T = -p / 4 + 128 * 63 */
    ASSERT_VALUES(model, "c", "weights", 127, -64, 0);
    ASSERT_VALUES(model, "c", "act_step", 128 * 127);
    ASSERT_VALUES(model, "c", "threshold", -128 * 127 / 4 + 128 * 63);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

/* Dropout goes before anything else is looked at. */
START_TEST(l037_a_rescaling_layer_may_be_the_second)
{
    const struct small_layer layers[] = {NAMED("Dropout", "o", ", 'rate': 0.5"), RESCALING(0.5, 0),
                                         QCONV("c", 1, 1, 4, "")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {2, 2, 1}}, 3, layers);
    SET(graph, "c", "kernel", 7);
    cnn2snn_akida_model *model = converted(graph, default_settings);
    ASSERT_VALUES(model, "c", "act_step", 2);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(l037_in_front_of_events_a_rescaling_layer_has_no_offset)
{
    for (int offset = 0; offset < 2; offset++) {
        const struct small_layer with[] = {RESCALING(0.5, 1), QCONV("c", 1, 1, 4, "")};
        const struct small_layer without[] = {RESCALING(0.5, 0), QCONV("c", 1, 1, 4, "")};
        struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {2, 2, 2}}, 2, offset ? with : without);
        if (offset) {
            refuses(graph, default_settings, CNN2SNN_E_INCOMPATIBLE, "L-G2-RESCALING", "scale");
            continue;
        }
        SET(graph, "c", "kernel", 7, -7);
        cnn2snn_akida_model *model = converted(graph, default_settings);
        ck_assert_int_eq(model->layers[0].kind, C2S_AKIDA_INPUT_DATA);
        ASSERT_VALUES(model, "c", "act_step", 2);
        c2s_akida_model_release(model);
    }
}
END_TEST

START_TEST(l039_a_rescaling_layer_goes_with_no_other_scaling)
{
    const struct small_layer layers[] = {RESCALING(0.5, 0), QCONV("c", 1, 1, 4, "")};
    refuses(small_model(context, IMAGE, 2, layers), scaling(255, 0), CNN2SNN_E_VALUE, "L-G1-RESCALING", "scale");
    refuses(small_model(context, IMAGE, 2, layers), scaling(1, 0), CNN2SNN_E_VALUE, "L-G1-RESCALING", "scale");
}
END_TEST

START_TEST(l038_a_rescaling_layer_has_a_positive_scale)
{
    const struct small_layer layers[] = {RESCALING(-0.5, 0), QCONV("c", 1, 1, 4, "")};
    refuses(small_model(context, IMAGE, 2, layers), default_settings, CNN2SNN_E_VALUE, "L-G1-SCALE", "scale");
}
END_TEST

/* -------------------------------------------------------------------------------------------- images and events */

static struct c2s_plan_settings taken_as(cnn2snn_input_mode mode)
{
    return (struct c2s_plan_settings){.input_mode = mode};
}

static void first_is(struct c2s_graph *graph, cnn2snn_input_mode mode, int32_t first, int32_t second)
{
    cnn2snn_akida_model *model = converted(graph, taken_as(mode));
    ck_assert_int_eq(model->layers[0].kind, first);
    if (second)
        ck_assert_int_eq(model->layers[1].kind, second);
    else
        ck_assert_uint_eq(model->layer_count, 1);
    c2s_akida_model_release(model);
}

START_TEST(l036_l133_one_or_three_channels_are_an_image)
{
    for (int64_t channels = 1; channels <= 5; channels++) {
        bool image = channels == 1 || channels == 3;
        first_is(conv_model((struct c2s_shape){3, {5, 5, channels}}), CNN2SNN_INPUT_AUTO,
                 image ? C2S_AKIDA_INPUT_CONVOLUTIONAL : C2S_AKIDA_INPUT_DATA, image ? 0 : C2S_AKIDA_CONVOLUTIONAL);
    }
    first_is(dense_model(4), CNN2SNN_INPUT_AUTO, C2S_AKIDA_INPUT_DATA, C2S_AKIDA_FULLY_CONNECTED);
    refuses(dense_model(3), default_settings, CNN2SNN_E_TYPE, "L-G2-FIRST", "d");
    refuses(dense_model(1), default_settings, CNN2SNN_E_TYPE, "L-G2-FIRST", "d");
}
END_TEST

START_TEST(l036_l064_what_is_an_image_may_be_told)
{
    first_is(conv_model(IMAGE), CNN2SNN_INPUT_IMAGE, C2S_AKIDA_INPUT_CONVOLUTIONAL, 0);
    first_is(conv_model(IMAGE), CNN2SNN_INPUT_EVENTS, C2S_AKIDA_INPUT_DATA, C2S_AKIDA_CONVOLUTIONAL);
    first_is(dense_model(3), CNN2SNN_INPUT_EVENTS, C2S_AKIDA_INPUT_DATA, C2S_AKIDA_FULLY_CONNECTED);
    refuses(conv_model(EVENTS), taken_as(CNN2SNN_INPUT_IMAGE), CNN2SNN_E_INCOMPATIBLE, "L-H10", "c");
    refuses(dense_model(4), taken_as(CNN2SNN_INPUT_IMAGE), CNN2SNN_E_INCOMPATIBLE, "L-H10", "d");
}
END_TEST

START_TEST(l133_separable_convolutions_take_events_only)
{
    const struct small_layer layers[] = {
        NAMED("QuantizedSeparableConv2D", "s",
              ", 'filters': 2, 'kernel_size': 3, 'quantizer': " QUANTIZER(4) ", 'quantizer_dw': " MAX_QUANTIZER(4))};
    first_is(small_model(context, EVENTS, 1, layers), CNN2SNN_INPUT_AUTO, C2S_AKIDA_INPUT_DATA,
             C2S_AKIDA_SEPARABLE_CONVOLUTIONAL);
    refuses(small_model(context, IMAGE, 1, layers), default_settings, CNN2SNN_E_TYPE, "L-G2-FIRST", "s");
}
END_TEST

START_TEST(l133_events_have_4_bits_without_sign)
{
    cnn2snn_akida_model *model = converted(conv_model(EVENTS), default_settings);
    const char *name = model->layers[0].name;
    ck_assert_str_eq(name, "sequential_input");
    assert_parameter(model, name, "input_bits", 4);
    assert_parameter(model, name, "input_signed", 0);
    assert_parameter(model, name, "input_width", 5);
    assert_parameter(model, name, "input_channels", 4);
    c2s_akida_model_release(model);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ bits */

START_TEST(l046_weights_of_2_4_or_8_bits)
{
    const struct small_layer layers[][1] = {
        {QCONV("c", 2, 3, 2, "")}, {QCONV("c", 2, 3, 3, "")}, {QCONV("c", 2, 3, 4, "")}, {QCONV("c", 2, 3, 5, "")},
        {QCONV("c", 2, 3, 6, "")}, {QCONV("c", 2, 3, 7, "")}, {QCONV("c", 2, 3, 8, "")}, {QCONV("c", 2, 3, 9, "")}};
    int bits = _i + 2;
    struct c2s_graph *graph = small_model(context, EVENTS, 1, layers[_i]);
    if (bits != 2 && bits != 4 && bits != 8)
        refuses(graph, default_settings, CNN2SNN_E_VALUE, "L-G3-WEIGHT-BITS", "c");
    else
        c2s_akida_model_release(converted(graph, default_settings));
    if (bits > 8)
        return;
    cnn2snn_akida_model *model = converted(small_model(context, IMAGE, 1, layers[_i]), default_settings);
    assert_parameter(model, "c", "weights_bits", bits); /* an image's weights may have any */
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(l046_activations_of_1_2_or_4_bits)
{
    const struct small_layer relus[] = {QRELU("r", 1, 6), QRELU("r", 2, 6), QRELU("r", 3, 6),
                                        QRELU("r", 4, 6), QRELU("r", 5, 6), QRELU("r", 8, 6)};
    const struct small_layer layers[] = {QCONV("c", 2, 3, 8, ""), relus[_i]};
    struct c2s_graph *graph = small_model(context, IMAGE, 2, layers);
    if (_i == 2 || _i > 3)
        refuses(graph, default_settings, CNN2SNN_E_VALUE, "L-G3-ACTIVATION-BITS", "r");
    else
        c2s_akida_model_release(converted(graph, default_settings));
}
END_TEST

START_TEST(l047_both_kernels_of_a_separable_convolution_have_the_same_bits)
{
    const struct small_layer same[] = {
        NAMED("QuantizedSeparableConv2D", "s",
              ", 'filters': 2, 'kernel_size': 3, 'quantizer': " QUANTIZER(2) ", 'quantizer_dw': " MAX_QUANTIZER(2))};
    const struct small_layer other[] = {
        NAMED("QuantizedSeparableConv2D", "s",
              ", 'filters': 2, 'kernel_size': 3, 'quantizer': " QUANTIZER(2) ", 'quantizer_dw': " MAX_QUANTIZER(4))};
    cnn2snn_akida_model *model = converted(small_model(context, EVENTS, 1, same), default_settings);
    assert_parameter(model, "s", "weights_bits", 2);
    c2s_akida_model_release(model);
    refuses(small_model(context, EVENTS, 1, other), default_settings, CNN2SNN_E_VALUE, "L-G3-SEPARABLE", "s");
}
END_TEST

/* ------------------------------------------------------------------------------------------------ what goes */

/* Folded by hand: kernel * 2, bias * 2 + 1. */
START_TEST(l132_what_only_training_needs_goes)
{
    const struct small_layer trained[] = {NAMED("Dropout", "o", ", 'rate': 0.5"), QCONV("c", 1, 1, 4, ""),
                                          NAMED("BatchNormalization", "b", ", 'epsilon': 0.25"), QRELU("r", 4, 6),
                                          NAMED("Dropout", "o2", ", 'rate': 0.5")};
    const struct small_layer plain[] = {QCONV("c", 1, 1, 4, ""), QRELU("r", 4, 6)};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {2, 2, 1}}, 5, trained);
    struct c2s_graph *by_hand = small_model(context, (struct c2s_shape){3, {2, 2, 1}}, 2, plain);
    SET(graph, "c", "kernel", .7F);
    SET(graph, "c", "bias", .25F);
    SET(graph, "b", "gamma", 2);
    SET(graph, "b", "beta", 1);
    SET(graph, "b", "moving_variance", .75F);
    SET(by_hand, "c", "kernel", 1.4F);
    SET(by_hand, "c", "bias", 1.5F);
    cnn2snn_akida_model *model = converted(graph, default_settings), *expected = converted(by_hand, default_settings);
    ck_assert_uint_eq(model->layer_count, 1);
    const char *const names[] = {"weights", "threshold", "act_step"};
    for (size_t i = 0; i < 3; i++)
        ck_assert_double_eq(
            c2s_tensor_get_double(c2s_akida_layer_find_variable(&model->layers[0], names[i])->tensor, 0),
            c2s_tensor_get_double(c2s_akida_layer_find_variable(&expected->layers[0], names[i])->tensor, 0));
    c2s_akida_model_release(model);
    c2s_akida_model_release(expected);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("convert_settings");
    tcase_add_test(tests, l032_the_input_is_neither_scaled_nor_shifted_by_default);
    tcase_add_test(tests, ex41_l034_an_image_scaled_and_shifted_by_128);
    tcase_add_test(tests, ex41_l033_l045_a_shift_moves_thresholds_and_pads);
    tcase_add_test(tests, ex41_l045_a_fractional_shift_counts_whole_in_thresholds_and_cut_in_padding);
    tcase_add_test(tests, l045_a_padding_value_has_8_bits);
    tcase_add_test(tests, ex42_l065_the_shift_of_events_is_not_looked_at);
    tcase_add_loop_test(tests, l038_a_scale_is_positive, 0, 5);
    tcase_add_test(tests, l037_a_rescaling_layer_gives_the_input_scaling);
    tcase_add_test(tests, l037_a_rescaling_layer_may_be_the_second);
    tcase_add_test(tests, l037_in_front_of_events_a_rescaling_layer_has_no_offset);
    tcase_add_test(tests, l039_a_rescaling_layer_goes_with_no_other_scaling);
    tcase_add_test(tests, l038_a_rescaling_layer_has_a_positive_scale);
    tcase_add_test(tests, l036_l133_one_or_three_channels_are_an_image);
    tcase_add_test(tests, l036_l064_what_is_an_image_may_be_told);
    tcase_add_test(tests, l133_separable_convolutions_take_events_only);
    tcase_add_test(tests, l133_events_have_4_bits_without_sign);
    tcase_add_loop_test(tests, l046_weights_of_2_4_or_8_bits, 0, 8);
    tcase_add_loop_test(tests, l046_activations_of_1_2_or_4_bits, 0, 6);
    tcase_add_test(tests, l047_both_kernels_of_a_separable_convolution_have_the_same_bits);
    tcase_add_test(tests, l132_what_only_training_needs_goes);
    return run_tests("convert_settings", tests);
}
