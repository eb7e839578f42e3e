/* SPDX-License-Identifier: Apache-2.0 */
/* The legacy check_model_compatibility, row by row: what it takes, and what breaks one of its rules alone. */
#include <stdlib.h>

#include "plan/rule.h"
#include "small_models.h"

static cnn2snn_context *context;
static struct small_weight weight; /* what the next model has, or none */
static struct c2s_plan_settings settings;

static void setup(void)
{
    context = small_context();
    weight = (struct small_weight){0};
    settings = (struct c2s_plan_settings){0};
}

static void teardown(void)
{
    c2s_context_release(context);
}

static cnn2snn_report *check(struct c2s_shape input, unsigned sets, size_t count, const struct small_layer *layers)
{
    struct c2s_graph *graph = small_model(context, input, count, layers);
    cnn2snn_report *report = NULL;
    cnn2snn_error *error = NULL;
    if (weight.layer)
        small_set_weight(graph, weight);
    small_ok(c2s_report_create(context, &report, &error), error);
    small_ok(c2s_plan_check(graph, &settings, sets, report, &error), error);
    c2s_graph_release(graph);
    return report;
}

static void is_fine(int line, struct c2s_shape input, size_t count, const struct small_layer *layers)
{
    cnn2snn_report *report = check(input, C2S_RULES_COMPATIBLE, count, layers);
    if (report->count)
        ck_abort_msg("line %d: %s %s: %s", line, report->faults[0].rule, report->faults[0].layer,
                     report->faults[0].message);
    c2s_report_destroy(report);
}

/* One fault: rule, layer, a word of its message, and what the reference raises. */
static void breaks(int line, const char *rule, const char *layer, const char *word, struct c2s_shape input,
                   size_t count, const struct small_layer *layers)
{
    cnn2snn_report *report = check(input, C2S_RULES_COMPATIBLE, count, layers);
    bool value = !strcmp(rule, "L-H2") || !strcmp(rule, "L-H9");
    if (report->count != 1 || strcmp(report->faults[0].rule, rule) || strcmp(report->faults[0].layer, layer) ||
        !strstr(report->faults[0].message, word) ||
        report->faults[0].code != (value ? CNN2SNN_E_VALUE : CNN2SNN_E_INCOMPATIBLE))
        ck_abort_msg("line %d: %zu faults, the first is %s %s: %s", line, report->count,
                     report->count ? report->faults[0].rule : "", report->count ? report->faults[0].layer : "",
                     report->count ? report->faults[0].message : "");
    c2s_report_destroy(report);
}

#define LAYERS(...) COUNT(((const struct small_layer[]){__VA_ARGS__})), ((const struct small_layer[]){__VA_ARGS__})
#define FINE(input, ...) is_fine(__LINE__, input, LAYERS(__VA_ARGS__))
#define BREAKS(rule, layer, word, input, ...) breaks(__LINE__, rule, layer, word, input, LAYERS(__VA_ARGS__))

/* clang-format off */
#define SHAPE(...) ((struct c2s_shape){COUNT(((int64_t[]){__VA_ARGS__})), {__VA_ARGS__}})
#define IMAGE SHAPE(8, 8, 3)
#define EVENTS SHAPE(8, 8, 4)
#define SAME ", 'padding': 'same'"
#define CONV(name, more) NAMED("Conv2D", name, ", 'filters': 2, 'kernel_size': 3" more)
#define SEPARABLE(name, more) NAMED("SeparableConv2D", name, ", 'filters': 2, 'kernel_size': 3" more)
#define DENSE(name) NAMED("Dense", name, ", 'units': 2")
#define RELU(name) NAMED("ReLU", name, "")
#define POOL(name, more) NAMED("MaxPooling2D", name, ", 'pool_size': 2" more)
#define GAP(name) NAMED("GlobalAveragePooling2D", name, "")
#define BN(name, more) NAMED("BatchNormalization", name, more)
#define FLATTEN NAMED("Flatten", "f", "")
#define DROPOUT NAMED("Dropout", "o", ", 'rate': 0.5")
#define RESHAPE(shape) NAMED("Reshape", "s", ", 'target_shape': " shape)
#define RESCALING(name) NAMED("Rescaling", name, ", 'scale': 0.5, 'offset': -1")
#define ACTIVATION(name, function) NAMED("Activation", name, ", 'activation': '" function "'")
#define SOFTMAX NAMED("Softmax", "soft", "")
/* clang-format on */

/* ------------------------------------------------------------------------------------------------ any layer */

START_TEST(l051_channels_come_last)
{
    FINE(IMAGE, CONV("c", ", 'data_format': 'channels_last'"));
    BREAKS("L-H1", "c", "channels_first", IMAGE, CONV("c", ", 'data_format': 'channels_first'"));
    BREAKS("L-H1", "p", "channels_first", EVENTS, CONV("c", ""), POOL("p", ", 'data_format': 'channels_first'"));
    BREAKS("L-H1", "g", "channels_first", EVENTS, CONV("c", ""),
           NAMED("GlobalAveragePooling2D", "g", ", 'data_format': 'channels_first'"));
}
END_TEST

START_TEST(l067_kernels_are_not_dilated)
{
    FINE(IMAGE, CONV("c", ", 'dilation_rate': [1, 1]"));
    BREAKS("L-H2", "c", "(2, 2)", IMAGE, CONV("c", ", 'dilation_rate': 2"));
    BREAKS("L-H2", "s", "(1, 2)", EVENTS, SEPARABLE("s", ", 'dilation_rate': [1, 2]"));
}
END_TEST

/* The document asks for valid bitwidths; only convert looks at them (C-05). */
START_TEST(l052_bits_are_left_to_convert)
{
    const struct small_layer layers[] = {QCONV("c", 2, 3, 8, ""), QRELU("r", 3, 6), QCONV("c2", 2, 3, 5, "")};
    is_fine(__LINE__, IMAGE, 3, layers);
    cnn2snn_report *report = check(IMAGE, C2S_RULES_COMPATIBLE | C2S_RULES_CONVERT, 3, layers);
    ck_assert_uint_eq(report->count, 2);
    ck_assert_str_eq(report->faults[0].rule, "L-G3-ACTIVATION-BITS");
    ck_assert_str_eq(report->faults[0].layer, "r");
    ck_assert_str_eq(report->faults[1].rule, "L-G3-WEIGHT-BITS");
    ck_assert_str_eq(report->faults[1].layer, "c2");
    c2s_report_destroy(report);
}
END_TEST

/* Neither the scaling of an image nor the shift of events is looked at (C-05). */
START_TEST(l065_the_input_scaling_is_left_to_convert)
{
    settings = (struct c2s_plan_settings){.has_input_scaling = true, .input_scale = 2, .input_shift = 3.5};
    FINE(EVENTS, CONV("c", ""));
    settings.input_shift = 300;
    FINE(IMAGE, CONV("c", ""));
    settings.input_scale = -1;
    FINE(IMAGE, CONV("c", ""));
}
END_TEST

START_TEST(l067_l131_layers_that_are_known)
{
    FINE(IMAGE, NAMED("Rescaling", "x", ", 'scale': 0.5"), CONV("c", SAME), BN("b", ""), POOL("p", SAME), RELU("r"),
         DROPOUT, SEPARABLE("s", ""), GAP("g"), NAMED("ReLU", "r2", ", 'max_value': 6"), RESHAPE("[1, 1, 2]"),
         FLATTEN, DENSE("d"), BN("b2", ""), SOFTMAX);
    FINE(IMAGE, QCONV("c", 2, 3, 8, ""), NAMED("ActivationDiscreteRelu", "a", ", 'bitwidth': 2"),
         NAMED("QuantizedSeparableConv2D", "s", ", 'filters': 2, 'kernel_size': 3, 'quantizer': " QUANTIZER(4)),
         QRELU("r", 4, 6), NAMED("SpatialDropout2D", "o", ", 'rate': 0.5"), FLATTEN, QDENSE("d", 2, 4, ""),
         ACTIVATION("sigmoid", "sigmoid"));
}
END_TEST

START_TEST(l067_l131_layers_that_are_not)
{
    static const struct small_layer unsupported[] = {
        BN("u", ""),
        NAMED("AveragePooling2D", "u", ", 'pool_size': 2"),
        NAMED("GlobalMaxPooling2D", "u", ""),
        NAMED("DepthwiseConv2D", "u", ", 'kernel_size': 3"),
        NAMED("QuantizedDepthwiseConv2D", "u", ", 'kernel_size': 3, 'quantizer': " MAX_QUANTIZER(4)),
        NAMED("Conv2DTranspose", "u", ", 'filters': 2, 'kernel_size': 3"),
        NAMED("ZeroPadding2D", "u", ", 'padding': 1"),
        NAMED("UpSampling2D", "u", ""),
        NAMED("LeakyReLU", "u", ""),
        NAMED("PReLU", "u", ""),
        NAMED("GaussianDropout", "u", ", 'rate': 0.5"),
        NAMED("GaussianNoise", "u", ", 'stddev': 0.5"),
        NAMED("NobodyKnows", "u", ""),
    };
    const struct small_layer row[] = {CONV("c", ""), RELU("r"), unsupported[_i]};
    ck_assert_int_lt(_i, COUNT(unsupported));
    breaks(__LINE__, "L-H21", "u", unsupported[_i].class_name, IMAGE, 3, row);
}
END_TEST

/* What the check takes although conversion, or quantization, doesn't. */
START_TEST(l067_what_is_taken_though_surprising)
{
    FINE(IMAGE, CONV("c", ", 'activation': 'relu'"));
    FINE(SHAPE(8, 8, 4), CONV("c", ", 'groups': 2"));
    FINE(IMAGE, CONV("c", ""), NAMED("ReLU", "r", ", 'negative_slope': 0.1"));
    FINE(IMAGE, SEPARABLE("s", ", 'depth_multiplier': 2"));
    FINE(SHAPE(3), DENSE("d"));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ input */

START_TEST(l064_an_image_needs_a_convolution_of_1_or_3_channels)
{
    settings.input_mode = CNN2SNN_INPUT_IMAGE;
    FINE(IMAGE, CONV("c", ""));
    FINE(SHAPE(8, 8, 1), QCONV("c", 2, 3, 8, ""));
    FINE(IMAGE, RESCALING("x"), CONV("c", ""));
    BREAKS("L-H10", "c", "4", EVENTS, CONV("c", ""));
    BREAKS("L-H10", "c", "2", SHAPE(8, 8, 2), RESCALING("x"), CONV("c", ""));
    BREAKS("L-H10", "s", "SeparableConv2D", IMAGE, SEPARABLE("s", ""));
    BREAKS("L-H10", "d", "Dense", SHAPE(3), DENSE("d"));
    settings.input_mode = CNN2SNN_INPUT_EVENTS;
    FINE(EVENTS, CONV("c", ""));
    FINE(IMAGE, SEPARABLE("s", ""));
    settings.input_mode = CNN2SNN_INPUT_AUTO; /* from 2.4 on the channels decide, and nothing is checked */
    FINE(EVENTS, CONV("c", ""));
    FINE(IMAGE, SEPARABLE("s", ""));
}
END_TEST

START_TEST(l067_an_input_has_one_or_three_axes)
{
    BREAKS("L-H3", "in", "(8, 4)", SHAPE(8, 4), FLATTEN);
    BREAKS("L-H3", "in", "(2, 8, 4, 4)", SHAPE(2, 8, 4, 4), FLATTEN);
}
END_TEST

START_TEST(l066_rescaling_comes_first)
{
    FINE(IMAGE, RESCALING("x"), CONV("c", ""));
    FINE(IMAGE, DROPOUT, RESCALING("x"), CONV("c", "")); /* Dropout is gone by then */
    BREAKS("L-H19", "x", "first", IMAGE, CONV("c", ""), RESCALING("x"));
    BREAKS("L-H19", "x", "first", IMAGE, CONV("c", ""), RELU("r"), RESCALING("x"), CONV("c2", ""));
    BREAKS("L-H19", "x2", "first", IMAGE, RESCALING("x"), RESCALING("x2"), CONV("c", ""));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ shapes */

START_TEST(l053_a_dense_takes_a_row)
{
    FINE(SHAPE(5), DENSE("d"));
    FINE(SHAPE(1, 1, 5), DENSE("d"));
    FINE(SHAPE(1, 1, 5), QDENSE("d", 2, 4, ""));
    BREAKS("L-H11", "d", "(6, 6, 4)", SHAPE(6, 6, 4), DENSE("d"));
    BREAKS("L-H11", "d", "(1, 2, 5)", SHAPE(1, 2, 5), QDENSE("d", 2, 4, ""));
    BREAKS("L-H11", "d", "(6, 6, 2)", IMAGE, CONV("c", ""), RELU("r"), DENSE("d"));
}
END_TEST

START_TEST(l056_reshape_turns_a_row_into_a_pixel_and_back)
{
    FINE(SHAPE(1, 1, 5), RESHAPE("[5]"), DENSE("d"));
    FINE(SHAPE(5), RESHAPE("[1, 1, 5]"), DENSE("d"));
    FINE(SHAPE(6, 6, 4), RESHAPE("[6, 6, 4]"), CONV("c", ""));
    FINE(SHAPE(5), RESHAPE("[-1]"), DENSE("d"));
    BREAKS("L-H18", "s", "(6, 6, 4) to (6, 24)", SHAPE(6, 6, 4), RESHAPE("[6, 24]"));
    BREAKS("L-H18", "s", "(144,)", SHAPE(6, 6, 4), RESHAPE("[144]"), DENSE("d"));
    BREAKS("L-H18", "s", "(1, 5, 1)", SHAPE(5), RESHAPE("[1, 5, 1]"));
    BREAKS("L-H18", "s", "(5, 1, 1)", SHAPE(1, 1, 5), RESHAPE("[5, 1, 1]"));
}
END_TEST

START_TEST(l062_flatten_comes_before_dense)
{
    FINE(IMAGE, CONV("c", ""), RELU("r"), FLATTEN, DENSE("d"));
    FINE(IMAGE, CONV("c", ""), RELU("r"), FLATTEN, QDENSE("d", 2, 4, ""));
    FINE(IMAGE, CONV("c", ""), RELU("r"), FLATTEN, DROPOUT, DENSE("d"));
    FINE(IMAGE, CONV("c", ""), RELU("r"), FLATTEN); /* at the very end */
    BREAKS("L-H17", "f", "ReLU", IMAGE, CONV("c", ""), FLATTEN, RELU("r"), DENSE("d"));
    BREAKS("L-H17", "f", "Softmax", IMAGE, CONV("c", ""), FLATTEN, SOFTMAX);
    BREAKS("L-H17", "f", "Reshape", SHAPE(1, 1, 5), DENSE("d"), RELU("r"), FLATTEN, RESHAPE("[1, 1, 2]"), DENSE("e"));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ batch
 * normalization
 */

START_TEST(l054_batch_normalization_is_along_the_channels)
{
    FINE(IMAGE, CONV("c", ""), BN("b", ", 'axis': -1"));
    FINE(IMAGE, CONV("c", ""), BN("b", ", 'axis': [3]"));
    FINE(SHAPE(5), DENSE("d"), BN("b", ", 'axis': [1]"));
    FINE(IMAGE, CONV("c", ""), GAP("g"), BN("b", ", 'axis': [1]"));
    BREAKS("L-H8", "b", "axis [1]", IMAGE, CONV("c", ""), BN("b", ", 'axis': 1"));
    BREAKS("L-H8", "b", "axis [1", IMAGE, CONV("c", ""), BN("b", ", 'axis': [1, 3]"));
    BREAKS("L-H8", "b", "axis [2]", IMAGE, CONV("c", ""), POOL("p", ""), BN("b", ", 'axis': 2"));
}
END_TEST

START_TEST(l055_gammas)
{
    static const float negative[] = {1, -1}, null[] = {1, 0};
    weight = (struct small_weight){"b", "gamma", 2, negative};
    FINE(IMAGE, CONV("c", ""), BN("b", ""));
    FINE(IMAGE, SEPARABLE("s", ""), GAP("g"), BN("b", ""));
    BREAKS("L-H7", "b", "gammas", IMAGE, CONV("c", ""), POOL("p", ""), BN("b", ""));
    weight.values = null;
    BREAKS("L-H8", "b", "1 gammas", IMAGE, CONV("c", ""), BN("b", ""));
    BREAKS("L-H8", "b", "1 gammas", IMAGE, CONV("c", ""), GAP("g"), BN("b", ""));
    /* behind max pooling a null is not positive, and null */
    cnn2snn_report *report = check(IMAGE, C2S_RULES_COMPATIBLE, LAYERS(CONV("c", ""), POOL("p", ""), BN("b", "")));
    ck_assert_str_eq(report->faults[0].rule, "L-H7");
    ck_assert_str_eq(report->faults[1].rule, "L-H8");
    c2s_report_destroy(report);
}
END_TEST

START_TEST(l055_gammas_and_betas_are_needed)
{
    BREAKS("L-H9", "b", "scale", IMAGE, CONV("c", ""), BN("b", ", 'scale': false"));
    BREAKS("L-H9", "b", "center", IMAGE, CONV("c", ""), BN("b", ", 'center': false"));
}
END_TEST

START_TEST(l055_batch_normalization_goes_into_quantizers_by_axis_only)
{
    FINE(IMAGE, QCONV("c", 2, 3, 8, ""), BN("b", ""));
    BREAKS("L-H8", "c", "MaxQuantizer", IMAGE,
           NAMED("QuantizedConv2D", "c", ", 'filters': 2, 'kernel_size': 3, 'quantizer': " MAX_QUANTIZER(4)),
           BN("b", ""));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ pooling */

START_TEST(l057_a_block_has_one_pooling)
{
    FINE(IMAGE, CONV("c", ""), POOL("p", ""), RELU("r"));
    FINE(IMAGE, SEPARABLE("s", ""), GAP("g"), RELU("r"));
    BREAKS("L-H15", "p2", "p of class MaxPooling2D", IMAGE, CONV("c", ""), POOL("p", ""), POOL("p2", ""), RELU("r"));
    BREAKS("L-H15", "g", "p of class MaxPooling2D", IMAGE, CONV("c", ""), POOL("p", ""), GAP("g"), RELU("r"));
    BREAKS("L-H15", "p2", "MaxPooling2D", IMAGE, CONV("c", ""), POOL("p", ""), BN("b", ""), POOL("p2", ""));
    BREAKS("L-H15", "p", "d of class Dense", SHAPE(1, 1, 5), DENSE("d"),
           NAMED("MaxPooling2D", "p", ", 'pool_size': 1"));
    BREAKS("L-H15", "p", "x of class Rescaling", IMAGE, RESCALING("x"), POOL("p", ""), CONV("c", ""));
}
END_TEST

START_TEST(l058_a_pooling_pads_as_its_convolution)
{
    FINE(IMAGE, CONV("c", SAME), POOL("p", SAME));
    FINE(IMAGE, CONV("c", ""), POOL("p", ", 'padding': 'valid'"));
    FINE(IMAGE, CONV("c", SAME), GAP("g"));
    BREAKS("L-H16", "p", "padding valid, expected same as c", IMAGE, CONV("c", SAME), POOL("p", ""));
    BREAKS("L-H16", "p", "padding same, expected valid as s", EVENTS, SEPARABLE("s", ""), POOL("p", SAME), RELU("r"));
    BREAKS("L-H16", "p", "as c", IMAGE, CONV("c", SAME), RELU("r"), POOL("p", "")); /* swapped before */
}
END_TEST

START_TEST(l068_pooling_behind_the_activation_is_swapped)
{
    FINE(IMAGE, CONV("c", ""), RELU("r"), POOL("p", ""));
    FINE(IMAGE, QCONV("c", 2, 3, 8, ""), QRELU("r", 4, 6), POOL("p", ""), CONV("c2", ""));
    FINE(IMAGE, CONV("c", ""), RELU("r"), DROPOUT, POOL("p", ""));
    /* one pass, by one place; other poolings stay */
    BREAKS("L-H15", "p2", "r of class ReLU", IMAGE, CONV("c", ""), RELU("r"), POOL("p", ""), POOL("p2", ""));
    BREAKS("L-H15", "g", "r of class ReLU", IMAGE, CONV("c", ""), RELU("r"), GAP("g"));
}
END_TEST

/* ------------------------------------------------------------------------------------------------ order */

START_TEST(l059_a_block_starts_with_a_layer_of_weights)
{
    BREAKS("L-H13", "r", "start of the model", IMAGE, RELU("r"), CONV("c", ""));
    BREAKS("L-H13", "r", "start of the model", IMAGE, RESCALING("x"), QRELU("r", 4, 6), CONV("c", ""));
    BREAKS("L-H14", "p", "first", IMAGE, POOL("p", ""), CONV("c", ""));
    BREAKS("L-H14", "g", "first", IMAGE, GAP("g"), DENSE("d"));
    BREAKS("L-H21", "b", "BatchNormalization", IMAGE, BN("b", ""), CONV("c", ""));
}
END_TEST

START_TEST(l060_one_activation_between_two_layers_of_weights)
{
    FINE(IMAGE, CONV("c", ""), RELU("r"), CONV("c2", "")); /* the last one may go without */
    FINE(IMAGE, CONV("c", ""), RELU("r"), CONV("c2", ""), RELU("r2"));
    BREAKS("L-H12", "c2", "c", IMAGE, CONV("c", ""), CONV("c2", ""), RELU("r"));
    BREAKS("L-H12", "d", "s", IMAGE, SEPARABLE("s", ""), GAP("g"), DENSE("d"), RELU("r"));
    BREAKS("L-H12", "d", "c", IMAGE, QCONV("c", 2, 3, 8, ""), BN("b", ""), FLATTEN, QDENSE("d", 2, 4, ""));
    BREAKS("L-H13", "r2", "r", IMAGE, CONV("c", ""), RELU("r"), RELU("r2"), CONV("c2", ""));
    BREAKS("L-H13", "r2", "r", IMAGE, CONV("c", ""), RELU("r"), QRELU("r2", 4, 6));
    BREAKS("L-H13", "r2", "r", IMAGE, CONV("c", ""), RELU("r"), POOL("p", ""), RELU("r2"));
}
END_TEST

START_TEST(l061_batch_normalization_and_mean_come_before_the_activation)
{
    FINE(IMAGE, CONV("c", ""), BN("b", ""), RELU("r"));
    FINE(IMAGE, CONV("c", ""), POOL("p", ""), BN("b", ""), RELU("r"));
    FINE(IMAGE, CONV("c", ""), GAP("g"), BN("b", ""), RELU("r"));
    BREAKS("L-H21", "b", "BatchNormalization", IMAGE, CONV("c", ""), RELU("r"), BN("b", ""), CONV("c2", ""));
    BREAKS("L-H21", "b2", "BatchNormalization", IMAGE, CONV("c", ""), BN("b", ""), BN("b2", ""), RELU("r"));
    BREAKS("L-H15", "g", "r of class ReLU", IMAGE, CONV("c", ""), RELU("r"), GAP("g"), DENSE("d"));
}
END_TEST

START_TEST(l063_other_activations_come_last)
{
    FINE(IMAGE, CONV("c", ""), ACTIVATION("a", "sigmoid"));
    FINE(IMAGE, CONV("c", ""), RELU("r"), ACTIVATION("a", "tanh"), SOFTMAX); /* several, behind a ReLU too (C-11) */
    BREAKS("L-H20", "a", "Activation in front of c2", IMAGE, CONV("c", ""), ACTIVATION("a", "sigmoid"),
           CONV("c2", ""));
    BREAKS("L-H20", "a", "Activation in front of c2", IMAGE, CONV("c", ""), ACTIVATION("a", "relu"), CONV("c2", ""));
    BREAKS("L-H20", "soft", "Softmax in front of d", SHAPE(5), DENSE("e"), RELU("r"), SOFTMAX, DENSE("d"));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("check_rows");
    TCase *tests = tcase_create("check_rows");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, l051_channels_come_last);
    tcase_add_test(tests, l067_kernels_are_not_dilated);
    tcase_add_test(tests, l052_bits_are_left_to_convert);
    tcase_add_test(tests, l065_the_input_scaling_is_left_to_convert);
    tcase_add_test(tests, l067_l131_layers_that_are_known);
    tcase_add_loop_test(tests, l067_l131_layers_that_are_not, 0, 13);
    tcase_add_test(tests, l067_what_is_taken_though_surprising);
    tcase_add_test(tests, l064_an_image_needs_a_convolution_of_1_or_3_channels);
    tcase_add_test(tests, l067_an_input_has_one_or_three_axes);
    tcase_add_test(tests, l066_rescaling_comes_first);
    tcase_add_test(tests, l053_a_dense_takes_a_row);
    tcase_add_test(tests, l056_reshape_turns_a_row_into_a_pixel_and_back);
    tcase_add_test(tests, l062_flatten_comes_before_dense);
    tcase_add_test(tests, l054_batch_normalization_is_along_the_channels);
    tcase_add_test(tests, l055_gammas);
    tcase_add_test(tests, l055_gammas_and_betas_are_needed);
    tcase_add_test(tests, l055_batch_normalization_goes_into_quantizers_by_axis_only);
    tcase_add_test(tests, l057_a_block_has_one_pooling);
    tcase_add_test(tests, l058_a_pooling_pads_as_its_convolution);
    tcase_add_test(tests, l068_pooling_behind_the_activation_is_swapped);
    tcase_add_test(tests, l059_a_block_starts_with_a_layer_of_weights);
    tcase_add_test(tests, l060_one_activation_between_two_layers_of_weights);
    tcase_add_test(tests, l061_batch_normalization_and_mean_come_before_the_activation);
    tcase_add_test(tests, l063_other_activations_come_last);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
