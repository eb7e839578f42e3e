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
    tcase_add_test(tests, arguments_are_checked);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
