/* SPDX-License-Identifier: Apache-2.0 */
/* check_model_compatibility through the public API (spec/legacy.md h.1). */
#include <stdlib.h>

#include "../plan/small_models.h"
#include "cnn2snn/cnn2snn.h"
#include "ir/model.h"

static cnn2snn_context *context;

static void setup(void)
{
    context = small_context();
}

static void teardown(void)
{
    c2s_context_release(context);
}

static cnn2snn_model *make(struct c2s_shape shape, size_t count, const struct small_layer *layers)
{
    struct c2s_graph *graph = small_model(context, shape, count, layers);
    cnn2snn_model *model = NULL;
    cnn2snn_error *error = NULL;
    small_ok(c2s_model_create(context, graph, &model, &error), error);
    c2s_graph_release(graph);
    return model;
}

static int32_t check(const cnn2snn_model *model, cnn2snn_input_mode mode, cnn2snn_report **report)
{
    cnn2snn_check_options options = CNN2SNN_CHECK_OPTIONS_INIT;
    cnn2snn_error *error = NULL;
    int32_t compatible = -1;
    options.input_mode = mode;
    small_ok(cnn2snn_check_model_compatibility(model, &options, &compatible, report, &error), error);
    ck_assert_ptr_nonnull(*report);
    return compatible;
}

#define IMAGE                                                                                                        \
    (struct c2s_shape)                                                                                               \
    {                                                                                                                \
        3,                                                                                                           \
        {                                                                                                            \
            8, 8, 3                                                                                                  \
        }                                                                                                            \
    }
#define CONV(name, more) NAMED("Conv2D", name, ", 'filters': 2, 'kernel_size': 3, 'padding': 'same'" more)

START_TEST(l050_l126_a_compatible_model_gives_an_empty_report)
{
    const struct small_layer layers[] = {CONV("c", ""), NAMED("ReLU", "r", "")};
    cnn2snn_model *model = make(IMAGE, 2, layers);
    cnn2snn_report *report = NULL;
    ck_assert_int_eq(check(model, CNN2SNN_INPUT_AUTO, &report), 1);
    ck_assert_uint_eq(cnn2snn_report_get_count(report), 0);
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l050_l126_an_incompatible_model_is_no_failure_of_the_call)
{
    const struct small_layer layers[] = {CONV("c", ""), NAMED("LeakyReLU", "l", ""), NAMED("Nobody", "n", "")};
    cnn2snn_model *model = make(IMAGE, 3, layers);
    cnn2snn_report *report = NULL;
    ck_assert_int_eq(check(model, CNN2SNN_INPUT_AUTO, &report), 0);
    ck_assert_uint_eq(cnn2snn_report_get_count(report), 2);
    ck_assert_str_eq(cnn2snn_report_get_rule(report, 1), "L-H21");
    ck_assert_str_eq(cnn2snn_report_get_layer(report, 1), "n");
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l064_input_is_image_asks_for_a_conv_first)
{
    const struct small_layer layers[] = {NAMED("Dense", "d", ", 'units': 2")};
    cnn2snn_model *model = make((struct c2s_shape){1, {4}}, 1, layers);
    cnn2snn_report *report = NULL;
    ck_assert_int_eq(check(model, CNN2SNN_INPUT_EVENTS, &report), 1);
    cnn2snn_report_destroy(report);
    ck_assert_int_eq(check(model, CNN2SNN_INPUT_IMAGE, &report), 0);
    ck_assert_str_eq(cnn2snn_report_get_rule(report, 0), "L-H10");
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(a_float_model_is_only_warned_of_what_comes_later)
{
    const struct small_layer layers[] = {CONV("c", ", 'activation': 'relu'")};
    cnn2snn_model *model = make(IMAGE, 1, layers);
    cnn2snn_report *report = NULL;
    ck_assert_int_eq(check(model, CNN2SNN_INPUT_AUTO, &report), 1);
    ck_assert_uint_eq(cnn2snn_report_get_count(report), 1);
    ck_assert_int_eq(cnn2snn_report_get_severity(report, 0), CNN2SNN_SEVERITY_WARNING);
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l052_a_quantized_model_must_meet_the_rules_of_conversion)
{
    const struct small_layer layers[] = {QCONV("c", 2, 3, 8, ""), QRELU("r", 8, 6)};
    cnn2snn_model *model = make(IMAGE, 2, layers);
    cnn2snn_report *report = NULL;
    ck_assert_int_eq(check(model, CNN2SNN_INPUT_AUTO, &report), 0);
    ck_assert_str_eq(cnn2snn_report_get_rule(report, 0), "L-G3-ACTIVATION-BITS");
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(model);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ by QuantizeML */

static int32_t check_by_quantizeml(const cnn2snn_model *model, cnn2snn_akida_version version,
                                   cnn2snn_dtype input_dtype, cnn2snn_report **report)
{
    cnn2snn_check_options options = CNN2SNN_CHECK_OPTIONS_INIT;
    cnn2snn_error *error = NULL;
    int32_t compatible = -1;
    options.flow = CNN2SNN_CHECK_QUANTIZEML;
    options.akida_version = version;
    options.input_dtype = input_dtype;
    small_ok(cnn2snn_check_model_compatibility(model, &options, &compatible, report, &error), error);
    ck_assert_ptr_nonnull(*report);
    return compatible;
}

/* Expects an entry about that rule, layer and step. */
static void expect(const cnn2snn_report *report, const char *rule, const char *layer, const char *step)
{
    for (size_t i = 0; i < cnn2snn_report_get_count(report); i++)
        if (!strcmp(cnn2snn_report_get_rule(report, i), rule) &&
            !strcmp(cnn2snn_report_get_layer(report, i), layer) && !strcmp(cnn2snn_report_get_step(report, i), step))
            return;
    for (size_t i = 0; i < cnn2snn_report_get_count(report); i++)
        fprintf(stderr, "%s %s: %s\n", cnn2snn_report_get_rule(report, i), cnn2snn_report_get_layer(report, i),
                cnn2snn_report_get_message(report, i));
    ck_abort_msg("no %s about %s in %s", rule, layer, step);
}

#define RELU(name, limit) NAMED("ReLU", name, ", 'max_value': " limit)
#define HEAD CONV("c0", ""), RELU("r0", "6")

START_TEST(l112_a_float_model_is_quantized_and_converted_for_either_version)
{
    const struct small_layer layers[] = {HEAD, CONV("c", ""), RELU("r", "6"), NAMED("Flatten", "f", ""),
                                         NAMED("Dense", "d", ", 'units': 2, 'activation': 'softmax'")};
    cnn2snn_model *model = make(IMAGE, 6, layers);
    for (cnn2snn_akida_version version = CNN2SNN_AKIDA_V1; version <= CNN2SNN_AKIDA_V2; version++) {
        cnn2snn_report *report = NULL;
        ck_assert_int_eq(check_by_quantizeml(model, version, CNN2SNN_DTYPE_NONE, &report), 1);
        expect(report, "P-038", "d_activ", "quantization"); /* softmax is left to the caller */
        cnn2snn_report_destroy(report);
    }
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l112_the_signs_of_inputs_count)
{
    const struct small_layer layers[] = {HEAD, CONV("c", "")};
    cnn2snn_model *model = make(IMAGE, 3, layers);
    cnn2snn_report *report = NULL;
    ck_assert_int_eq(check_by_quantizeml(model, CNN2SNN_AKIDA_V1, CNN2SNN_DTYPE_UINT8, &report), 1);
    cnn2snn_report_destroy(report);
    ck_assert_int_eq(check_by_quantizeml(model, CNN2SNN_AKIDA_V1, CNN2SNN_DTYPE_INT8, &report), 0);
    expect(report, "Q-060", "c0", "conversion");
    cnn2snn_report_destroy(report);
    ck_assert_int_eq(check_by_quantizeml(model, CNN2SNN_AKIDA_V2, CNN2SNN_DTYPE_INT8, &report), 1);
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(model);
}
END_TEST

/* Faults of models for Akida 1.0 and 2.0, three to five in each, of quantization and of conversion. */
START_TEST(l112_all_planted_faults_are_listed)
{
    static const struct small_layer first[] = {HEAD,
                                               CONV("dilated", ", 'dilation_rate': 2"),
                                               RELU("r1", "6"),
                                               NAMED("DepthwiseConv2D", "large", ", 'kernel_size': 9, 'strides': 2"),
                                               CONV("wide", ", 'strides': 3"),
                                               NAMED("MaxPooling2D", "pool", ", 'padding': 'valid'"),
                                               NAMED("Permute", "turned", ", 'dims': [2, 1, 3]"),
                                               CONV("last", "")};
    static const struct small_layer second[] = {
        HEAD,
        NAMED("DepthwiseConv2D", "dw", ", 'kernel_size': 3, 'padding': 'same'"),
        RELU("r1", "6"),
        CONV("even", ", 'strides': 2"),
        RELU("open", "null"),
        NAMED("Conv2DTranspose", "up", ", 'filters': 2, 'kernel_size': 3, 'strides': 2, 'padding': 'same'"),
        RELU("r2", "6"),
        CONV("c3", ""),
        RELU("r3", "6"),
        NAMED("GlobalAveragePooling2D", "average", ""),
        NAMED("Dense", "d", ", 'units': 2")};
    static const struct small_layer third[] = {NAMED("MaxPooling2D", "early", ""),
                                               CONV("c", ""),
                                               RELU("r", "6"),
                                               NAMED("SeparableConv2D", "sep", ", 'filters': 2, 'kernel_size': 3"),
                                               RELU("r1", "6"),
                                               CONV("steep", ", 'strides': 3"),
                                               RELU("r2", "6"),
                                               CONV("dilated", ", 'dilation_rate': 2")};
    const struct c2s_shape large = {3, {64, 64, 3}};
    cnn2snn_report *report = NULL;
    cnn2snn_model *model = make(large, 9, first);
    ck_assert_int_eq(check_by_quantizeml(model, CNN2SNN_AKIDA_V2, CNN2SNN_DTYPE_UINT8, &report), 0);
    expect(report, "Q-050", "dilated", "conversion");
    expect(report, "Q-070", "large", "conversion");
    expect(report, "Q-070", "wide", "conversion");
    expect(report, "Q-056", "last", "conversion"); /* pooling and Permute in front of it */
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(model);

    model = make(large, 12, second);
    ck_assert_int_eq(check_by_quantizeml(model, CNN2SNN_AKIDA_V1, CNN2SNN_DTYPE_UINT8, &report), 0);
    expect(report, "Q-056", "dw", "conversion");
    expect(report, "Q-079", "open", "conversion");
    expect(report, "Q-056", "up", "conversion");
    expect(report, "Q-056", "c3", "conversion");
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(model);

    model = make(large, 8, third);
    ck_assert_int_eq(check_by_quantizeml(model, CNN2SNN_AKIDA_V2, CNN2SNN_DTYPE_UINT8, &report), 0);
    expect(report, "P-035", "early", "quantization");
    expect(report, "Q-056", "sep", "conversion");
    expect(report, "Q-070", "steep", "conversion");
    expect(report, "Q-050", "dilated", "conversion");
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(model);
}
END_TEST

static cnn2snn_status find_no_room(void *user_data, cnn2snn_context *its_context,
                                   const cnn2snn_akida_model *akida_model, cnn2snn_report *report,
                                   cnn2snn_error **error)
{
    (void)its_context;
    ck_assert_ptr_nonnull(akida_model);
    ++*(int *)user_data;
    return cnn2snn_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_INCOMPATIBLE, "HW-1", "c", "no room", "",
                              error);
}

START_TEST(l112_a_hardware_mapper_has_the_last_word)
{
    const struct small_layer fine[] = {HEAD, CONV("c", "")}, faulty[] = {HEAD, CONV("c", ", 'dilation_rate': 2")};
    const struct small_layer legacy[] = {QCONV("c", 2, 3, 4, ""), QRELU("r", 4, 6)};
    const struct {
        const struct small_layer *layers;
        size_t count;
        int called;
    } cases[] = {{fine, 3, 1}, {faulty, 3, 0}, {legacy, 2, 1}};
    for (size_t i = 0; i < 3; i++) {
        cnn2snn_check_options options = CNN2SNN_CHECK_OPTIONS_INIT;
        cnn2snn_model *model = make(IMAGE, cases[i].count, cases[i].layers);
        cnn2snn_error *error = NULL;
        cnn2snn_report *report = NULL;
        int32_t compatible = -1;
        int calls = 0;
        options.flow = CNN2SNN_CHECK_QUANTIZEML;
        options.hardware_mapper = find_no_room;
        options.hardware_mapper_user_data = &calls;
        small_ok(cnn2snn_check_model_compatibility(model, &options, &compatible, &report, &error), error);
        ck_assert_int_eq(compatible, 0);
        ck_assert_int_eq(calls, cases[i].called);
        if (calls)
            expect(report, "HW-1", "c", "mapping");
        cnn2snn_report_destroy(report);
        cnn2snn_model_destroy(model);
    }
}
END_TEST

START_TEST(l112_the_step_is_in_the_printed_report)
{
    const struct small_layer layers[] = {HEAD, CONV("c", ", 'dilation_rate': 2")};
    cnn2snn_model *model = make(IMAGE, 3, layers);
    cnn2snn_report *report = NULL;
    cnn2snn_buffer *text = NULL;
    ck_assert_int_eq(check_by_quantizeml(model, CNN2SNN_AKIDA_V2, CNN2SNN_DTYPE_NONE, &report), 0);
    ck_assert_int_eq(cnn2snn_report_print(report, 0, &text, NULL), CNN2SNN_OK);
    ck_assert_ptr_nonnull(strstr(cnn2snn_buffer_get_data(text), "error of conversion: c: "));
    cnn2snn_buffer_destroy(text);
    ck_assert_int_eq(cnn2snn_report_print(report, 1, &text, NULL), CNN2SNN_OK);
    ck_assert_ptr_nonnull(strstr(cnn2snn_buffer_get_data(text), "\"step\": \"conversion\""));
    cnn2snn_buffer_destroy(text);
    cnn2snn_report_destroy(report);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(arguments_are_checked)
{
    const struct small_layer layers[] = {CONV("c", "")};
    cnn2snn_model *model = make(IMAGE, 1, layers);
    cnn2snn_check_options options = CNN2SNN_CHECK_OPTIONS_INIT;
    cnn2snn_error *error = NULL;
    int32_t compatible = -1;
    ck_assert_int_eq(cnn2snn_check_model_compatibility(NULL, NULL, &compatible, NULL, NULL),
                     CNN2SNN_E_INVALID_ARGUMENT);
    ck_assert_int_eq(cnn2snn_check_model_compatibility(model, NULL, NULL, NULL, &error), CNN2SNN_E_INVALID_ARGUMENT);
    cnn2snn_error_destroy(error);
    options.input_mode = 3;
    ck_assert_int_eq(cnn2snn_check_model_compatibility(model, &options, &compatible, NULL, NULL), CNN2SNN_E_VALUE);
    options.input_mode = 0;
    options.flow = 2;
    ck_assert_int_eq(cnn2snn_check_model_compatibility(model, &options, &compatible, NULL, NULL), CNN2SNN_E_VALUE);
    options.flow = CNN2SNN_CHECK_QUANTIZEML;
    options.input_dtype = CNN2SNN_DTYPE_FLOAT32;
    ck_assert_int_eq(cnn2snn_check_model_compatibility(model, &options, &compatible, NULL, NULL), CNN2SNN_E_VALUE);
    options.flow = options.input_dtype = 0;
    options.reserved = 1;
    ck_assert_int_eq(cnn2snn_check_model_compatibility(model, &options, &compatible, NULL, NULL),
                     CNN2SNN_E_UNSUPPORTED);
    ck_assert_int_eq(compatible, -1);
    ck_assert_int_eq(cnn2snn_check_model_compatibility(model, NULL, &compatible, NULL, NULL), CNN2SNN_OK);
    ck_assert_int_eq(compatible, 1);
    memset(&options, 1, sizeof options);
    ck_assert_int_eq(cnn2snn_check_options_init(&options, sizeof options), CNN2SNN_OK);
    ck_assert_uint_eq(options.struct_size, sizeof options);
    ck_assert_int_eq(options.input_mode, CNN2SNN_INPUT_AUTO);
    cnn2snn_model_destroy(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("compatibility");
    TCase *tests = tcase_create("compatibility");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, l050_l126_a_compatible_model_gives_an_empty_report);
    tcase_add_test(tests, l050_l126_an_incompatible_model_is_no_failure_of_the_call);
    tcase_add_test(tests, l064_input_is_image_asks_for_a_conv_first);
    tcase_add_test(tests, a_float_model_is_only_warned_of_what_comes_later);
    tcase_add_test(tests, l052_a_quantized_model_must_meet_the_rules_of_conversion);
    tcase_add_test(tests, l112_a_float_model_is_quantized_and_converted_for_either_version);
    tcase_add_test(tests, l112_the_signs_of_inputs_count);
    tcase_add_test(tests, l112_all_planted_faults_are_listed);
    tcase_add_test(tests, l112_a_hardware_mapper_has_the_last_word);
    tcase_add_test(tests, l112_the_step_is_in_the_printed_report);
    tcase_add_test(tests, arguments_are_checked);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
