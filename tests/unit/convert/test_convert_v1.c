/* SPDX-License-Identifier: Apache-2.0 */
/* Converted integers against worked examples of the reference (spec/legacy.md EX-41 to EX-46). */
#include "convert_testing.h"

START_TEST(ex41_l030_l043_l044_an_image_model_has_the_reference_s_integers)
{
    struct c2s_graph *graph = example_41();
    cnn2snn_akida_model *model = convert_without_remark(graph, scaling(255, 0));
    ck_assert_uint_eq(model->layer_count, 3);
    ASSERT_VALUES(model, "c", "act_step", 714, 357);
    ASSERT_VALUES(model, "c", "threshold", -536, 401);
    ASSERT_VALUES(model, "c", "weights", 7, -7, 4, 1, 1, 1, -2, 4, 5, -5, 0, 0, 0, 0, 0, 0, 0, 0);
    ASSERT_VALUES(model, "s", "act_step", 393.75, 787.5);
    ASSERT_VALUES(model, "s", "threshold", 629, 2205);
    ASSERT_VALUES(model, "s", "weights", 0, 0, 3, 0, 0, 0, 0, 0, 4, -7, -2, 5, 0, 0, 1, 6, 7, -3);
    ASSERT_VALUES(model, "s", "weights_pw", 7, -7, 2, 4);
    ASSERT_VALUES(model, "d", "act_step", 11.666666, 7.777778);
    ASSERT_VALUES(model, "d", "threshold", -1, 1);
    ASSERT_VALUES(model, "d", "weights", 4, -7, 7, 4);
    assert_shape(model, "c", "weights", 3, 3, 1, 2);
    assert_shape(model, "s", "weights", 3, 3, 2, 1);
    assert_shape(model, "s", "weights_pw", 1, 1, 2, 2);
    assert_shape(model, "d", "weights", 1, 1, 2, 2);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(ex41_l041_l042_layers_have_the_parameters_of_their_kind)
{
    struct c2s_graph *graph = example_41();
    cnn2snn_akida_model *model = convert_without_remark(graph, scaling(255, 0));
    ck_assert_int_eq(find_layer(model, "c")->kind, C2S_AKIDA_INPUT_CONVOLUTIONAL);
    ck_assert_int_eq(find_layer(model, "s")->kind, C2S_AKIDA_SEPARABLE_CONVOLUTIONAL);
    ck_assert_int_eq(find_layer(model, "d")->kind, C2S_AKIDA_FULLY_CONNECTED);
    ck_assert_uint_eq(find_layer(model, "c")->parameter_count, 18); /* without layer_type */
    ck_assert_uint_eq(find_layer(model, "s")->parameter_count, 14);
    ck_assert_uint_eq(find_layer(model, "d")->parameter_count, 4);
    const struct {
        const char *layer, *name;
        int32_t value;
    } expected[] = {{"c", "input_width", 5},   {"c", "input_channels", 1},  {"c", "filters", 2},
                    {"c", "kernel_height", 3}, {"c", "weights_bits", 4},    {"c", "act_bits", 4},
                    {"c", "activation", 1},    {"c", "padding", 1},         {"c", "padding_value", 0},
                    {"c", "pool_type", 1},     {"c", "pooling_width", 2},   {"c", "pooling_stride_y", 2},
                    {"s", "pool_type", 2},     {"s", "pooling_height", -1}, {"s", "pooling_stride_x", -1},
                    {"s", "act_bits", 2},      {"s", "stride_x", 1},        {"d", "activation", 0},
                    {"d", "act_bits", 1},      {"d", "units", 2},           {"d", "weights_bits", 4}};
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_parameter(model, expected[i].layer, expected[i].name, expected[i].value);
    const struct c2s_akida_layer *separable = find_layer(model, "s");
    ck_assert_int_eq(c2s_akida_layer_find_variable(separable, "weights")->element_type, 7);
    ck_assert_int_eq(c2s_akida_layer_find_variable(separable, "weights")->layout, 0);
    ck_assert_int_eq(c2s_akida_layer_find_variable(separable, "threshold")->layout, 1);
    ck_assert_uint_eq(separable->inbound_count, 1);
    ck_assert_uint_eq(separable->inbounds[0], 0);
    ck_assert_uint_eq(model->layers[0].inbound_count, 0);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

/* EX-42: events; 2-bit weights; Flatten turns (x, y, c) into (c, y, x). */
START_TEST(ex42_l035_l041_l043_an_event_model_starts_with_input_data)
{
    const struct small_layer layers[] = {QCONV("c", 2, 1, 2, ""), NAMED("QuantizedReLU", "r", ", 'bitwidth': 2"),
                                         NAMED("Flatten", "f", ""), QDENSE("d", 1, 8, ", 'use_bias': false")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {2, 3, 4}}, COUNT(layers), layers);
    SET(graph, "c", "kernel", -3.5F, -2.5F, -1.5F, -.5F, .5F, 1.5F, 2.5F, 3.5F);
    SET(graph, "c", "bias", 0, 1);
    SET(graph, "d", "kernel", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12);
    cnn2snn_akida_model *model = convert_without_remark(graph, scaling(2.5, 0));
    ck_assert_uint_eq(model->layer_count, 3);
    const char *input = model->layers[0].name;
    ck_assert_int_eq(model->layers[0].kind, C2S_AKIDA_INPUT_DATA);
    ck_assert_ptr_nonnull(strstr(input, "_input"));
    assert_parameter(model, input, "input_width", 2);
    assert_parameter(model, input, "input_height", 3);
    assert_parameter(model, input, "input_channels", 4);
    assert_parameter(model, input, "input_bits", 4);
    assert_parameter(model, input, "input_signed", 0);
    ck_assert_int_eq(find_layer(model, "c")->kind, C2S_AKIDA_CONVOLUTIONAL);
    ASSERT_VALUES(model, "c", "act_step", 0.17857143, 0.17857143);
    ASSERT_VALUES(model, "c", "threshold", 0, -1);
    ASSERT_VALUES(model, "c", "weights", -1, -1, 0, 0, 0, 0, 1, 1);
    ASSERT_VALUES(model, "d", "weights", 11, 74, 32, 95, 53, 116, 21, 85, 42, 106, 64, 127);
    ASSERT_VALUES(model, "d", "act_step", 10.583333);
    ASSERT_VALUES(model, "d", "threshold", 0);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

/* EX-43 with quantizers that have one scale for all: the mean and the deviation are the reference's too. */
START_TEST(ex43_l044_a_dense_model_with_one_scale_a_layer)
{
    const struct small_layer layers[] = {
        NAMED(
            "QuantizedDense", "d",
            ", 'units': 2, 'quantizer': {'class_name': 'StdWeightQuantizer', 'config': {'bitwidth': 4, 'threshold': "
            "3.0}}"),
        NAMED("QuantizedReLU", "r", ", 'bitwidth': 1"), NAMED("Reshape", "s", ", 'target_shape': [1, 1, 2]"),
        NAMED("QuantizedDense", "d2", ", 'units': 1, 'quantizer': " MAX_QUANTIZER(2)),
        NAMED("Activation", "a", ", 'activation': 'sigmoid'")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){1, {4}}, COUNT(layers), layers);
    SET(graph, "d", "kernel", 1, 2, -3, 4, .5F, -.6F, 0, 0);
    SET(graph, "d", "bias", .3F, .4F);
    SET(graph, "d2", "kernel", 1, -1);
    SET(graph, "d2", "bias", .5F);
    cnn2snn_akida_model *model = convert_without_remark(graph, default_settings);
    const struct c2s_akida_variable *step = c2s_akida_layer_find_variable(find_layer(model, "d"), "act_step");
    ck_assert_double_lt(fabs(c2s_tensor_get_double(step->tensor, 1) / 0.15396595 - 1), 1e-6);
    ASSERT_VALUES(model, "d", "threshold", 0, 0);
    ASSERT_VALUES(model, "d", "weights", 1, 2, -4, 5, 1, -1, 0, 0);
    ASSERT_VALUES(model, "d2", "act_step", 1);
    ASSERT_VALUES(model, "d2", "threshold", -1);
    ASSERT_VALUES(model, "d2", "weights", 1, -1);
    assert_parameter(model, model->layers[0].name, "input_channels", 4);
    assert_parameter(model, model->layers[0].name, "input_width", 1);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(ex44_l044_a_model_may_be_one_layer)
{
    const struct small_layer layers[] = {QCONV("c", 1, 1, 2, ", 'use_bias': false"),
                                         NAMED("QuantizedReLU", "r", ", 'bitwidth': 1")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {2, 2, 1}}, 2, layers);
    cnn2snn_akida_model *model = convert_without_remark(graph, default_settings);
    ck_assert_uint_eq(model->layer_count, 1);
    ASSERT_VALUES(model, "c", "act_step", 0.125);
    ASSERT_VALUES(model, "c", "threshold", 0);
    ASSERT_VALUES(model, "c", "weights", 1);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(ex45_l044_scale_factors_end_at_1000)
{
    struct c2s_graph *graph = example_45();
    cnn2snn_akida_model *model = convert_without_remark(graph, scaling(1, 0));
    ASSERT_VALUES(model, "c", "act_step", 400, 50.79999923706055);
    ASSERT_VALUES(model, "c", "threshold", 5200, -102);
    ASSERT_VALUES(model, "c2", "weights", -127, 64);
    ASSERT_VALUES(model, "c2", "act_step", 317.5);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(ex45_l049_activation_variables_are_limited_for_the_hardware)
{
    struct c2s_graph *graph = example_45();
    cnn2snn_report *report = NULL;
    cnn2snn_akida_model *model = convert(graph, scaling(400, 0), &report);
    ASSERT_VALUES(model, "c", "act_step", 65535, 20320);
    ASSERT_VALUES(model, "c", "threshold", 524287, -40640);
    ASSERT_VALUES(model, "c2", "weights", -53, 64);
    ck_assert_uint_eq(report->count, 2); /* the step and the threshold are told */
    ck_assert_int_eq(report->faults[0].severity, CNN2SNN_SEVERITY_WARNING);
    ck_assert_str_eq(report->faults[0].layer, "c");
    c2s_report_destroy(report);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

/* EX-46 */
START_TEST(ex46_l033_l134_the_input_scale_reaches_the_first_layer_only)
{
    const struct small_layer layers[] = {QDENSE("d", 2, 4, ""), QRELU("r", 4, 6), QDENSE("d2", 2, 4, "")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){1, {4}}, 3, layers);
    SET(graph, "d", "kernel", 1, 2, -3, 4, .5F, -.6F, 0, 0);
    SET(graph, "d", "bias", .3F, .4F);
    SET(graph, "d2", "kernel", 1, -.3F, .25F, .6F);
    SET(graph, "d2", "bias", .1F, -.2F);
    cnn2snn_akida_model *model = convert_without_remark(graph, scaling(2, 0));
    ASSERT_VALUES(model, "d", "act_step", 1.8666667, 1.4);
    ASSERT_VALUES(model, "d", "threshold", -1, -1);
    ASSERT_VALUES(model, "d", "weights", 2, 4, -7, 7, 1, -1, 0, 0);
    ASSERT_VALUES(model, "d2", "act_step", 17.5, 29.166664);
    ASSERT_VALUES(model, "d2", "threshold", -2, 5);
    ASSERT_VALUES(model, "d2", "weights", 7, -4, 2, 7);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l043_a_hidden_kernel_is_turned_around)
{
    const struct small_layer layers[] = {NAMED(
        "QuantizedConv2D", "c",
        ", 'filters': 1, 'kernel_size': [3, 5], 'padding': 'same', 'use_bias': false, 'quantizer': " QUANTIZER(8))};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {6, 7, 2}}, 1, layers);
    cnn2snn_tensor *kernel = small_weight(graph, "c", "kernel");
    for (size_t i = 0; i < 30; i++) /* scale factor 1: the integers are the weights */
        c2s_f32_writable(kernel)[i] = i == 0 ? 127 : (float)i;
    cnn2snn_akida_model *model = convert_without_remark(graph, default_settings);
    const cnn2snn_tensor *weights = c2s_akida_layer_find_variable(find_layer(model, "c"), "weights")->tensor;
    for (int x = 0; x < 3; x++)
        for (int y = 0; y < 5; y++)
            for (int c = 0; c < 2; c++) {
                int keras = ((2 - x) * 5 + (4 - y)) * 2 + c;
                ck_assert_int_eq(((const int8_t *)weights->data)[(x * 5 + y) * 2 + c], keras ? keras : 127);
            }
    assert_parameter(model, "c", "kernel_width", 3);
    assert_parameter(model, "c", "kernel_height", 5);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l046_integers_of_odd_bitwidths_are_kept_in_the_first_layer)
{
    const struct small_layer layers[] = {QCONV("c", 1, 1, 3, "")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {2, 2, 3}}, 1, layers);
    SET(graph, "c", "kernel", 1, -1, .4F);
    cnn2snn_akida_model *model = convert_without_remark(graph, default_settings);
    ASSERT_VALUES(model, "c", "weights", 3, -3, 1);
    assert_parameter(model, "c", "weights_bits", 3);
    ck_assert_int_eq(c2s_akida_layer_find_variable(find_layer(model, "c"), "weights")->element_type, 3);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l043_integers_beyond_8_bits_wrap_with_a_warning)
{
    const struct small_layer layers[] = {QCONV("c", 1, 1, 9, "")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {2, 2, 3}}, 1, layers);
    SET(graph, "c", "kernel", 255, -128, -200);
    cnn2snn_report *report = NULL;
    cnn2snn_akida_model *model = convert(graph, default_settings, &report);
    ASSERT_VALUES(model, "c", "weights", -1, -128, 56);
    ck_assert_uint_eq(report->count, 1);
    ck_assert_str_eq(report->faults[0].rule, "L-G4-WRAP");
    c2s_report_destroy(report);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l044_what_int32_cannot_hold_becomes_its_least_number)
{
    const struct small_layer layers[] = {QCONV("c", 2, 1, 8, "")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {2, 2, 1}}, 1, layers);
    SET(graph, "c", "kernel", 1, 1);
    SET(graph, "c", "bias", -1e9F, 1e9F);
    cnn2snn_akida_model *model = convert_without_remark(graph, default_settings);
    ASSERT_VALUES(model, "c", "threshold", -2147483648.0, -2147483648.0);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(l044_an_act_step_below_a_sixteenth_is_a_fault)
{
    const struct small_layer layers[] = {QCONV("c", 1, 1, 2, "")};
    const float kernels[] = {16, 16.5F};
    for (size_t i = 0; i < 2; i++) { /* act_step = 1 / 16 passes */
        struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {2, 2, 1}}, 1, layers);
        small_set_weight(graph, (struct small_weight){"c", "kernel", 1, &kernels[i]});
        cnn2snn_report *report = NULL;
        cnn2snn_akida_model *model = convert(graph, default_settings, &report);
        ck_assert_uint_eq(report->count, i);
        ck_assert((model == NULL) == (i == 1));
        if (i) {
            ck_assert_int_eq(report->faults[0].code, CNN2SNN_E_VALUE);
            ck_assert_str_eq(report->faults[0].layer, "c");
        }
        c2s_report_destroy(report);
        c2s_akida_model_release(model);
        c2s_graph_release(graph);
    }
}
END_TEST

START_TEST(l041_a_hidden_convolution_has_its_own_kernel_strides_and_padding)
{
    const struct small_layer layers[] = {
        QCONV("c", 3, 3, 8, ", 'padding': 'same', 'strides': [2, 1]"),
        QRELU("r", 2, 3),
        NAMED("QuantizedConv2D", "c2",
              ", 'filters': 5, 'kernel_size': [3, 5], 'strides': [1, 2], 'quantizer': " QUANTIZER(4)),
        NAMED("MaxPooling2D", "p", ", 'pool_size': [2, 3], 'strides': [1, 2]"),
        QRELU("r2", 1, 1),
        NAMED("Flatten", "f", ""),
        QDENSE("d", 2, 2, "")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {9, 12, 3}}, COUNT(layers), layers);
    cnn2snn_akida_model *model = convert_without_remark(graph, default_settings);
    const struct {
        const char *layer, *name;
        int32_t value;
    } expected[] = {{"c", "input_width", 9},       {"c", "input_height", 12},
                    {"c", "input_channels", 3},    {"c", "stride_x", 2},
                    {"c", "stride_y", 1},          {"c", "padding", 1},
                    {"c", "act_bits", 2},          {"c", "weights_bits", 8},
                    {"c", "pool_type", 0},         {"c", "pooling_width", -1},
                    {"c", "pooling_stride_y", -1}, {"c2", "filters", 5},
                    {"c2", "kernel_width", 3},     {"c2", "kernel_height", 5},
                    {"c2", "stride_x", 1},         {"c2", "stride_y", 2},
                    {"c2", "padding", 0},          {"c2", "pool_type", 1},
                    {"c2", "pooling_width", 2},    {"c2", "pooling_height", 3},
                    {"c2", "pooling_stride_x", 1}, {"c2", "act_bits", 1},
                    {"c2", "pooling_stride_y", 2}, {"c2", "activation", 1},
                    {"d", "weights_bits", 2},      {"d", "units", 2},
                    {"d", "activation", 0}};
    for (size_t i = 0; i < COUNT(expected); i++)
        assert_parameter(model, expected[i].layer, expected[i].name, expected[i].value);
    ck_assert_int_eq(find_layer(model, "c2")->kind, C2S_AKIDA_CONVOLUTIONAL);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

/* The potentials are sums over all places: thresholds and steps grow with their number. */
START_TEST(l042_l044_the_mean_of_a_map_is_a_sum_with_larger_thresholds)
{
    const struct small_layer layers[] = {QCONV("c", 1, 1, 4, ""), NAMED("GlobalAveragePooling2D", "g", ""),
                                         QRELU("r", 4, 15)};
    for (int mean = 0; mean < 2; mean++) {
        const struct small_layer used[] = {layers[0], layers[mean ? 1 : 2], layers[2]};
        struct c2s_graph *graph = small_model(context, (struct c2s_shape){3, {2, 3, 1}}, mean ? 3 : 2, used);
        SET(graph, "c", "kernel", 7);
        SET(graph, "c", "bias", -2);
        cnn2snn_akida_model *model = convert_without_remark(graph, default_settings);
        int32_t places = mean ? 6 : 1; /* p = 1; T = 1 / 2 + 2, floored last */
        ASSERT_VALUES(model, "c", "threshold", mean ? 15 : 2);
        ASSERT_VALUES(model, "c", "act_step", places);
        assert_parameter(model, "c", "pool_type", mean ? 2 : 0);
        c2s_akida_model_release(model);
        c2s_graph_release(graph);
    }
}
END_TEST

/* What only shapes the output goes, in whatever number; a last layer without activation has threshold -bias. */
START_TEST(l048_what_shapes_the_output_is_dropped)
{
    const struct small_layer layers[] = {
        QDENSE("d", 2, 4, ""),     QRELU("r", 4, 15),
        QDENSE("d2", 2, 4, ""),    NAMED("Activation", "a", ", 'activation': 'sigmoid'"),
        NAMED("Softmax", "s", ""), NAMED("Flatten", "f", "")};
    for (size_t count = 3; count <= COUNT(layers); count++) {
        struct c2s_graph *graph = small_model(context, (struct c2s_shape){1, {4}}, count, layers);
        SET(graph, "d2", "kernel", 7, 7, 7, 7);
        SET(graph, "d2", "bias", -3.5F, 2);
        cnn2snn_akida_model *model = convert_without_remark(graph, default_settings);
        ck_assert_uint_eq(model->layer_count, 3);
        assert_parameter(model, "d2", "activation", 0);
        assert_parameter(model, "d2", "act_bits", 1);
        ASSERT_VALUES(model, "d2", "threshold", 3, -2);
        ASSERT_VALUES(model, "d2", "act_step", 1, 1);
        c2s_akida_model_release(model);
        c2s_graph_release(graph);
    }
}
END_TEST

START_TEST(l041_an_input_name_that_is_taken_is_avoided)
{
    const struct small_layer layers[] = {QDENSE("sequential_input", 1, 4, ""), QRELU("r", 4, 6),
                                         QDENSE("sequential_input__", 1, 4, ""), QRELU("r2", 4, 6),
                                         QDENSE("sequential_input_x", 1, 4, "")};
    struct c2s_graph *graph = small_model(context, (struct c2s_shape){1, {4}}, COUNT(layers), layers);
    cnn2snn_akida_model *model = convert_without_remark(graph, default_settings);
    ck_assert_str_eq(model->layers[0].name, "sequential_input___");
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
}
END_TEST

/* A quantizer of the user's: one scale factor of 2, and integers as its config's `factor` makes them. */
static cnn2snn_status scale_of_two(void *user_data, cnn2snn_context *callback_context, const char *config,
                                   int32_t bitwidth, const cnn2snn_tensor *weights, cnn2snn_tensor **out_scale,
                                   cnn2snn_error **error)
{
    C2S_TRY(c2s_tensor_create(callback_context, CNN2SNN_DTYPE_FLOAT32, 0, NULL, out_scale, error));
    c2s_f32_writable(*out_scale)[0] = 2;
    return CNN2SNN_OK;
}

static cnn2snn_status weights_as_they_are(void *user_data, cnn2snn_context *callback_context, const char *config,
                                          int32_t bitwidth, const cnn2snn_tensor *weights,
                                          cnn2snn_tensor **out_weights, cnn2snn_error **error)
{
    return c2s_tensor_copy(weights, out_weights, error);
}

static cnn2snn_status step_of_a_half(void *user_data, cnn2snn_context *callback_context, const char *config,
                                     int32_t bitwidth, float *out_step, cnn2snn_error **error)
{
    *out_step = .5F;
    return CNN2SNN_OK;
}

static cnn2snn_custom_objects *custom_objects(void)
{
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_quantizer_class quantizer = CNN2SNN_QUANTIZER_CLASS_INIT;
    cnn2snn_activation_class activation = CNN2SNN_ACTIVATION_CLASS_INIT;
    quantizer.scale_factor = scale_of_two;
    activation.step = step_of_a_half;
    small_ok(c2s_custom_objects_create(context, &custom, &error), error);
    small_ok(c2s_custom_objects_add(custom, "Halves", C2S_CUSTOM_QUANTIZER, &quantizer, &error), error);
    quantizer.quantize = weights_as_they_are;
    small_ok(c2s_custom_objects_add(custom, "AsTheyAre", C2S_CUSTOM_QUANTIZER, &quantizer, &error), error);
    small_ok(c2s_custom_objects_add(custom, "HalfSteps", C2S_CUSTOM_ACTIVATION, &activation, &error), error);
    return custom;
}

#define CUSTOM_CONV(class_name, bits)                                                                                \
    NAMED("QuantizedConv2D", "c",                                                                                    \
          ", 'filters': 2, 'kernel_size': 1, 'quantizer': {'class_name': '" class_name                               \
          "', 'config': {'bitwidth': " bits "}}")

START_TEST(custom_quantizers_and_activations_convert)
{
    cnn2snn_custom_objects *custom = custom_objects();
    const struct small_layer layers[] = {CUSTOM_CONV("Halves", "4"), NAMED("HalfSteps", "a", ", 'bitwidth': 2"),
                                         QDENSE("d", 1, 2, "")};
    struct c2s_graph *graph = small_custom_model(context, (struct c2s_shape){3, {1, 1, 1}}, 3, layers, custom);
    SET(graph, "c", "kernel", 1.2F, -9);
    SET(graph, "c", "bias", .5F, -.5F);
    cnn2snn_akida_model *model = convert_without_remark(graph, scaling(10, 0));
    /* p = 20; T = 20 * (1 / 4 -+ 1 / 2); act_step = 20 * 1 / 2 * 4 / 16 */
    ASSERT_VALUES(model, "c", "weights", 2, -7);
    ASSERT_VALUES(model, "c", "threshold", -5, 15);
    ASSERT_VALUES(model, "c", "act_step", 2.5, 2.5);
    assert_parameter(model, "c", "act_bits", 2);
    c2s_akida_model_release(model);
    c2s_graph_release(graph);
    c2s_custom_objects_destroy(custom);
}
END_TEST

START_TEST(integers_beyond_a_custom_quantizer_s_bits_are_a_fault)
{
    const struct {
        struct small_layer layer;
        float lowest, highest; /* weights; the integers are twice as much */
    } cases[] = {{CUSTOM_CONV("AsTheyAre", "2"), -.5F, .5F},
                 {CUSTOM_CONV("AsTheyAre", "4"), -3.5F, 3.5F},
                 {CUSTOM_CONV("AsTheyAre", "8"), -64, 63.5F}};
    cnn2snn_custom_objects *custom = custom_objects();
    struct c2s_graph *graph =
        small_custom_model(context, (struct c2s_shape){3, {1, 1, 2}}, 1, &cases[_i / 3].layer, custom);
    float low = cases[_i / 3].lowest, high = cases[_i / 3].highest;
    SET(graph, "c", "kernel", _i % 3 == 1 ? low - .5F : low, high, 0, _i % 3 == 2 ? high + .5F : high);
    cnn2snn_report *report = NULL;
    cnn2snn_akida_model *model = convert(graph, default_settings, &report);
    ck_assert((model == NULL) == (_i % 3 != 0));
    ck_assert_uint_eq(report->count, _i % 3 != 0);
    if (report->count) {
        ck_assert_str_eq(report->faults[0].rule, "L-G4-RANGE");
        ck_assert_int_eq(report->faults[0].code, CNN2SNN_E_VALUE);
    }
    c2s_akida_model_release(model);
    c2s_report_destroy(report);
    c2s_graph_release(graph);
    c2s_custom_objects_destroy(custom);
}
END_TEST

/* Memory that ends after a number of allocations. */
struct budget {
    long left;
};

static void *allocate_within(void *user_data, size_t size, size_t alignment)
{
    struct budget *budget = user_data;
    return budget->left-- > 0 ? aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment) : NULL;
}

static void release(void *user_data, void *pointer, size_t size, size_t alignment)
{
    free(pointer);
}

START_TEST(each_allocation_may_fail)
{
    struct budget budget = {1000000};
    cnn2snn_allocator allocator = {sizeof allocator, &budget, allocate_within, release};
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.allocator = &allocator;
    c2s_context_release(context);
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
    struct c2s_graph *graph = example_41();
    struct c2s_plan_settings settings = scaling(10, 3.7);
    cnn2snn_status status = CNN2SNN_E_NO_MEMORY;
    for (long count = 0; status; count++) {
        ck_assert_int_lt(count, 5000);
        cnn2snn_report *report = NULL;
        cnn2snn_error *error = NULL;
        struct c2s_plan *plan = NULL;
        cnn2snn_akida_model *model = NULL;
        budget.left = count;
        status = c2s_report_create(context, &report, &error);
        if (!status)
            status = c2s_plan_create(graph, &settings, report, &plan, &error);
        if (!status)
            status = c2s_convert_v1(plan, report, &model, &error);
        ck_assert(status == CNN2SNN_OK || status == CNN2SNN_E_NO_MEMORY);
        ck_assert((model != NULL) == (status == CNN2SNN_OK));
        budget.left = 1000000;
        c2s_akida_model_release(model);
        c2s_plan_destroy(plan);
        c2s_report_destroy(report);
        c2s_error_clear(&error);
    }
    c2s_graph_release(graph);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("convert_v1");
    tcase_add_test(tests, ex41_l030_l043_l044_an_image_model_has_the_reference_s_integers);
    tcase_add_test(tests, ex41_l041_l042_layers_have_the_parameters_of_their_kind);
    tcase_add_test(tests, ex42_l035_l041_l043_an_event_model_starts_with_input_data);
    tcase_add_test(tests, ex43_l044_a_dense_model_with_one_scale_a_layer);
    tcase_add_test(tests, ex44_l044_a_model_may_be_one_layer);
    tcase_add_test(tests, ex45_l044_scale_factors_end_at_1000);
    tcase_add_test(tests, ex45_l049_activation_variables_are_limited_for_the_hardware);
    tcase_add_test(tests, ex46_l033_l134_the_input_scale_reaches_the_first_layer_only);
    tcase_add_test(tests, l043_a_hidden_kernel_is_turned_around);
    tcase_add_test(tests, l046_integers_of_odd_bitwidths_are_kept_in_the_first_layer);
    tcase_add_test(tests, l043_integers_beyond_8_bits_wrap_with_a_warning);
    tcase_add_test(tests, l044_what_int32_cannot_hold_becomes_its_least_number);
    tcase_add_test(tests, l044_an_act_step_below_a_sixteenth_is_a_fault);
    tcase_add_test(tests, l041_a_hidden_convolution_has_its_own_kernel_strides_and_padding);
    tcase_add_test(tests, l042_l044_the_mean_of_a_map_is_a_sum_with_larger_thresholds);
    tcase_add_test(tests, l048_what_shapes_the_output_is_dropped);
    tcase_add_test(tests, l041_an_input_name_that_is_taken_is_avoided);
    tcase_add_test(tests, custom_quantizers_and_activations_convert);
    tcase_add_loop_test(tests, integers_beyond_a_custom_quantizer_s_bits_are_a_fault, 0, 9);
    tcase_add_test(tests, each_allocation_may_fail);
    return run_tests("convert_v1", tests);
}
