/* SPDX-License-Identifier: Apache-2.0 */
/* What a conversion can be asked for besides the model: versions, older runtimes, a hardware maker's word. */
#include <check.h>
#include <cnn2snn/cnn2snn.h>
#include <stdlib.h>
#include <string.h>

static cnn2snn_context *context;
static cnn2snn_error *error;
static cnn2snn_model *model;

/* Input, Conv2D, ReLU, Dense: each quantized by QuantizeML. */
static const char architecture[] =
    "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"net\", \"layers\": ["
    "{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"in\", \"batch_input_shape\": [null, 4, 4, 4], "
    "\"dtype\": "
    "\"int8\"}},"
    "{\"class_name\": \"Custom>QuantizedConv2D\", \"config\": {\"name\": \"c\", \"filters\": 2, \"kernel_size\": 3, "
    "\"quant_config\": {\"weight_quantizer\": {\"bitwidth\": 4}, \"output_quantizer\": {\"bitwidth\": 8}}}},"
    "{\"class_name\": \"Custom>QuantizedFlatten\", \"config\": {\"name\": \"f\"}},"
    "{\"class_name\": \"Custom>QuantizedDense\", \"config\": {\"name\": \"d\", \"units\": 3, \"quant_config\": "
    "{\"weight_quantizer\": {\"bitwidth\": 4}}}},"
    "{\"class_name\": \"Custom>Dequantizer\", \"config\": {\"name\": \"dq\"}}]}}";

static void setup(void)
{
    error = NULL;
    model = NULL;
    ck_assert_int_eq(cnn2snn_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
    cnn2snn_status status =
        cnn2snn_model_create_from_json(context, architecture, strlen(architecture), NULL, &model, &error);
    ck_assert_msg(!status, "%s", cnn2snn_error_get_text(error));
}

static void teardown(void)
{
    cnn2snn_error_destroy(error);
    cnn2snn_model_destroy(model);
    cnn2snn_context_destroy(context);
}

static cnn2snn_akida_model *convert(const cnn2snn_convert_options *options)
{
    cnn2snn_akida_model *akida_model = NULL;
    cnn2snn_status status = cnn2snn_convert(model, options, &akida_model, NULL, &error);
    ck_assert_msg(!status, "%s", cnn2snn_error_get_text(error));
    return akida_model;
}

START_TEST(l111_l120_the_default_is_akida_2)
{
    cnn2snn_akida_model *akida_model = convert(NULL);
    ck_assert_int_eq(cnn2snn_akida_model_get_akida_version(akida_model), CNN2SNN_AKIDA_V2);
    ck_assert_str_eq(cnn2snn_akida_model_get_layer_kind(akida_model, 2), "Dense1D");
    ck_assert_int_eq(cnn2snn_akida_model_get_parameter(akida_model, 2, "weights_bits", 0), 4);
    cnn2snn_akida_model_destroy(akida_model);
}
END_TEST

START_TEST(l119_l120_l122_a_model_of_quantizeml_follows_its_context)
{
    cnn2snn_context_options of_context = CNN2SNN_CONTEXT_OPTIONS_INIT;
    cnn2snn_convert_options options = CNN2SNN_CONVERT_OPTIONS_INIT;
    cnn2snn_akida_model *akida_model = NULL;
    teardown();
    of_context.akida_version = CNN2SNN_AKIDA_V1;
    ck_assert_int_eq(cnn2snn_context_create(CNN2SNN_ABI_VERSION, &of_context, &context, NULL), CNN2SNN_OK);
    ck_assert_int_eq(
        cnn2snn_model_create_from_json(context, architecture, strlen(architecture), NULL, &model, &error),
        CNN2SNN_OK);
    ck_assert_int_eq(cnn2snn_convert(model, NULL, &akida_model, NULL, &error), CNN2SNN_E_INCOMPATIBLE);
    ck_assert_str_eq(cnn2snn_error_get_rule(error), "Q-054"); /* its pattern is one of Akida 2.0 */
    cnn2snn_error_destroy(error);
    error = NULL;
    options.akida_version = CNN2SNN_AKIDA_V2;
    akida_model = convert(&options);
    ck_assert_int_eq(cnn2snn_akida_model_get_akida_version(akida_model), CNN2SNN_AKIDA_V2);
    cnn2snn_akida_model_destroy(akida_model);
}
END_TEST

START_TEST(an_older_runtime_gets_its_own_form)
{
    cnn2snn_convert_options options = CNN2SNN_CONVERT_OPTIONS_INIT;
    options.akida_release = "2.7.2";
    cnn2snn_akida_model *akida_model = convert(&options);
    ck_assert_str_eq(cnn2snn_akida_model_get_layer_kind(akida_model, 2), "Dense2D");
    ck_assert_int_eq(cnn2snn_akida_model_get_parameter(akida_model, 2, "collapse_dims", 0), 1);
    ck_assert_int_eq(cnn2snn_akida_model_get_parameter(akida_model, 2, "weights_bits", 0), 0);
    cnn2snn_akida_model_destroy(akida_model);
}
END_TEST

START_TEST(what_an_older_runtime_lacks_is_refused_by_layer)
{
    cnn2snn_akida_save_options options = CNN2SNN_AKIDA_SAVE_OPTIONS_INIT;
    cnn2snn_buffer *buffer = NULL;
    cnn2snn_akida_model *akida_model = convert(NULL);
    options.akida_release = "2.4.0";
    ck_assert_int_eq(cnn2snn_akida_model_save_memory(akida_model, &options, &buffer, &error), CNN2SNN_E_INCOMPATIBLE);
    ck_assert_ptr_null(buffer);
    ck_assert_str_eq(cnn2snn_error_get_rule(error), "A-RELEASE");
    ck_assert_str_eq(cnn2snn_error_get_layer(error), "c");
    ck_assert_uint_eq(cnn2snn_report_get_count(cnn2snn_error_get_report(error)), 3); /* c, d, dq */
    cnn2snn_error_destroy(error);
    options.akida_release = "2.16.1";
    ck_assert_int_eq(cnn2snn_akida_model_save_memory(akida_model, &options, &buffer, &error), CNN2SNN_OK);
    cnn2snn_buffer_destroy(buffer);
    options.akida_release = "new";
    ck_assert_int_eq(cnn2snn_akida_model_save_memory(akida_model, &options, &buffer, &error), CNN2SNN_E_VALUE);
    cnn2snn_akida_model_destroy(akida_model);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ mapping */

static cnn2snn_status find_no_room(void *user_data, cnn2snn_context *its_context,
                                   const cnn2snn_akida_model *akida_model, cnn2snn_report *report,
                                   cnn2snn_error **its_error)
{
    size_t *calls = user_data;
    ++*calls;
    ck_assert_ptr_eq(its_context, context);
    return cnn2snn_report_add(report, CNN2SNN_SEVERITY_ERROR, CNN2SNN_E_INCOMPATIBLE, "HW-1",
                              cnn2snn_akida_model_get_layer_name(akida_model, 1), "no room for it",
                              "use fewer filters", its_error);
}

static cnn2snn_status break_down(void *user_data, cnn2snn_context *its_context,
                                 const cnn2snn_akida_model *akida_model, cnn2snn_report *report,
                                 cnn2snn_error **its_error)
{
    (void)user_data, (void)akida_model, (void)report;
    return cnn2snn_error_create(its_context, CNN2SNN_E_IO, "no device", its_error);
}

static cnn2snn_status remark(void *user_data, cnn2snn_context *its_context, const cnn2snn_akida_model *akida_model,
                             cnn2snn_report *report, cnn2snn_error **its_error)
{
    (void)user_data, (void)its_context, (void)akida_model;
    return cnn2snn_report_add(report, CNN2SNN_SEVERITY_WARNING, CNN2SNN_OK, NULL, NULL, "slow", NULL, its_error);
}

START_TEST(faults_of_the_hardware_join_the_report)
{
    size_t calls = 0;
    cnn2snn_convert_options options = CNN2SNN_CONVERT_OPTIONS_INIT;
    cnn2snn_akida_model *akida_model = NULL;
    options.hardware_mapper = find_no_room;
    options.hardware_mapper_user_data = &calls;
    ck_assert_int_eq(cnn2snn_convert(model, &options, &akida_model, NULL, &error), CNN2SNN_E_INCOMPATIBLE);
    ck_assert_ptr_null(akida_model);
    ck_assert_uint_eq(calls, 1);
    ck_assert_str_eq(cnn2snn_error_get_rule(error), "HW-1");
    ck_assert_str_eq(cnn2snn_error_get_layer(error), "c");
}
END_TEST

START_TEST(a_mapper_that_fails_ends_the_conversion)
{
    cnn2snn_convert_options options = CNN2SNN_CONVERT_OPTIONS_INIT;
    cnn2snn_akida_model *akida_model = NULL;
    options.hardware_mapper = break_down;
    ck_assert_int_eq(cnn2snn_convert(model, &options, &akida_model, NULL, &error), CNN2SNN_E_IO);
    ck_assert_ptr_null(akida_model);
    ck_assert_str_eq(cnn2snn_error_get_message(error), "no device");
}
END_TEST

START_TEST(warnings_of_the_hardware_let_the_model_pass)
{
    cnn2snn_convert_options options = CNN2SNN_CONVERT_OPTIONS_INIT;
    cnn2snn_akida_model *akida_model = NULL;
    cnn2snn_report *report = NULL;
    options.hardware_mapper = remark;
    ck_assert_int_eq(cnn2snn_convert(model, &options, &akida_model, &report, &error), CNN2SNN_OK);
    ck_assert_uint_eq(cnn2snn_report_get_count(report), 1);
    ck_assert_str_eq(cnn2snn_report_get_message(report, 0), "slow");
    cnn2snn_report_destroy(report);
    cnn2snn_akida_model_destroy(akida_model);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ others */

START_TEST(supported_rows_are_printed_for_a_version)
{
    cnn2snn_buffer *buffer = NULL;
    ck_assert_int_eq(cnn2snn_supported_ops(context, CNN2SNN_AKIDA_V1, 0, &buffer, &error), CNN2SNN_OK);
    const char *text = cnn2snn_buffer_get_data(buffer);
    ck_assert_ptr_nonnull(strstr(text, "QuantizedSeparableConv2D > QuantizedReLU\n"));
    ck_assert_ptr_null(strstr(text, "v2 "));
    cnn2snn_buffer_destroy(buffer);
    ck_assert_int_eq(cnn2snn_supported_ops(context, CNN2SNN_AKIDA_DEFAULT, 1, &buffer, &error), CNN2SNN_OK);
    ck_assert_ptr_nonnull(strstr(cnn2snn_buffer_get_data(buffer), "\"akida_version\": \"v2\""));
    cnn2snn_buffer_destroy(buffer);
    ck_assert_int_eq(cnn2snn_supported_ops(context, 3, 0, &buffer, &error), CNN2SNN_E_VALUE);
}
END_TEST

START_TEST(a_model_is_checked_for_either_version)
{
    cnn2snn_check_options options = CNN2SNN_CHECK_OPTIONS_INIT;
    cnn2snn_report *report = NULL;
    int32_t compatible = 0;
    ck_assert_int_eq(cnn2snn_check_model_compatibility(model, &options, &compatible, NULL, &error), CNN2SNN_OK);
    ck_assert_int_eq(compatible, 1);
    options.akida_version = CNN2SNN_AKIDA_V1;
    ck_assert_int_eq(cnn2snn_check_model_compatibility(model, &options, &compatible, &report, &error), CNN2SNN_OK);
    ck_assert_int_eq(compatible, 0);
    ck_assert_str_eq(cnn2snn_report_get_rule(report, 0), "Q-054");
    cnn2snn_report_destroy(report);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("convert_options");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, l111_l120_the_default_is_akida_2);
    tcase_add_test(tests, l119_l120_l122_a_model_of_quantizeml_follows_its_context);
    tcase_add_test(tests, an_older_runtime_gets_its_own_form);
    tcase_add_test(tests, what_an_older_runtime_lacks_is_refused_by_layer);
    tcase_add_test(tests, faults_of_the_hardware_join_the_report);
    tcase_add_test(tests, a_mapper_that_fails_ends_the_conversion);
    tcase_add_test(tests, warnings_of_the_hardware_let_the_model_pass);
    tcase_add_test(tests, supported_rows_are_printed_for_a_version);
    tcase_add_test(tests, a_model_is_checked_for_either_version);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
