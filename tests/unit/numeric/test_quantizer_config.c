/* SPDX-License-Identifier: Apache-2.0 */
/* Quantizers from and to JSON: what is taken, what is refused, what is written. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "../support/counted_memory.h"
#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "base/json.h"
#include "numeric/weight_quantizer.h"

static cnn2snn_context *context;
static cnn2snn_custom_objects *custom;

static cnn2snn_status half_scale(void *user_data, cnn2snn_context *own, const char *config, int32_t bitwidth,
                                 const cnn2snn_tensor *weights, cnn2snn_tensor **out_scale, cnn2snn_error **error)
{
    C2S_TRY(c2s_tensor_create(own, CNN2SNN_DTYPE_FLOAT32, 0, NULL, out_scale, error));
    c2s_f32_writable(*out_scale)[0] = 0.5f;
    return CNN2SNN_OK;
}

static void setup(void)
{
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
    cnn2snn_quantizer_class callbacks = CNN2SNN_QUANTIZER_CLASS_INIT;
    callbacks.scale_factor = half_scale;
    ck_assert_int_eq(c2s_custom_objects_create(context, &custom, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_custom_objects_add(custom, "Half", C2S_CUSTOM_QUANTIZER, &callbacks, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_custom_objects_add(custom, "MaxQuantizer", C2S_CUSTOM_QUANTIZER, &callbacks, NULL),
                     CNN2SNN_OK);
}

static void teardown(void)
{
    c2s_custom_objects_destroy(custom);
    ck_assert_uint_eq(context->references, 1);
    c2s_context_release(context);
}

static cnn2snn_status read(const char *text, cnn2snn_quantizer **out, cnn2snn_error **error)
{
    json_t *json = NULL;
    ck_assert_int_eq(c2s_json_parse(context, text, strlen(text), "test", &json, NULL), CNN2SNN_OK);
    cnn2snn_status status = c2s_quantizer_from_json(context, json, custom, out, error);
    json_decref(json);
    return status;
}

static void expect_refused(const char *text, cnn2snn_status code, const char *part)
{
    cnn2snn_quantizer *quantizer = NULL;
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(read(text, &quantizer, &error), code);
    ck_assert_ptr_null(quantizer);
    ck_assert_msg(strstr(error->message, part) != NULL, "message: %s", error->message);
    c2s_error_clear(&error);
}

static void expect_written(const cnn2snn_quantizer *quantizer, const char *expected)
{
    json_t *json = NULL;
    struct c2s_text text;
    ck_assert_int_eq(c2s_quantizer_to_json(quantizer, &json, NULL), CNN2SNN_OK);
    c2s_text_init(&text, context);
    c2s_json_dump(&text, json, false);
    ck_assert_str_eq(text.data, expected);
    c2s_text_free(&text);
    json_decref(json);
}

START_TEST(l095_builtin_classes_are_known_by_their_kinds)
{
    const char *names[] = {NULL, "MaxQuantizer", "MaxPerAxisQuantizer", "StdWeightQuantizer", "StdPerAxisQuantizer"};
    for (cnn2snn_quantizer_kind kind = 1; kind <= 4; kind++) {
        cnn2snn_quantizer *made = NULL, *again = NULL;
        char text[100];
        ck_assert_int_eq(c2s_quantizer_create(context, kind, 4, 1.5, &made, NULL), CNN2SNN_OK);
        ck_assert_str_eq(made->class_name, names[kind]);
        snprintf(text, sizeof text, "{\"class_name\": \"%s\", \"config\": {\"bitwidth\": 3}}", names[kind]);
        ck_assert_int_eq(read(text, &again, NULL), CNN2SNN_OK);
        ck_assert_int_eq(again->kind, kind);
        ck_assert_int_eq(again->bitwidth, 3);
        ck_assert(again->kmax == 3);
        if (kind >= CNN2SNN_QUANTIZER_STD)
            ck_assert(again->threshold == 3 && made->threshold == 1.5);
        else
            ck_assert(isnan(again->threshold) && isnan(made->threshold));
        c2s_quantizer_release(made);
        c2s_quantizer_release(again);
    }
}
END_TEST

START_TEST(l095_l100_what_is_missing_in_a_config_is_filled_in)
{
    cnn2snn_quantizer *quantizer = NULL;
    ck_assert_int_eq(read("{\"class_name\": \"StdPerAxisQuantizer\", \"config\": {}}", &quantizer, NULL), CNN2SNN_OK);
    expect_written(quantizer,
                   "{\"module\": \"cnn2snn.quantization_ops\", \"class_name\": \"StdPerAxisQuantizer\", "
                   "\"config\": {\"name\": \"std_per_axis_quantizer\", \"trainable\": true, \"dtype\": \"float32\", "
                   "\"bitwidth\": 4, \"threshold\": 3.0}, \"registered_name\": \"StdPerAxisQuantizer\"}");
    c2s_quantizer_release(quantizer);
}
END_TEST

START_TEST(l095_entries_that_nobody_knows_survive)
{
    cnn2snn_quantizer *quantizer = NULL;
    ck_assert_int_eq(read("{\"class_name\": \"MaxQuantizer\", \"config\": {\"threshold\": 9, \"bitwidth\": 5, "
                          "\"extra\": [1], \"dtype\": {\"class_name\": \"DTypePolicy\"}, \"name\": \"m_7\"}}",
                          &quantizer, NULL),
                     CNN2SNN_OK);
    expect_written(quantizer, "{\"module\": \"cnn2snn.quantization_ops\", \"class_name\": \"MaxQuantizer\", "
                              "\"config\": {\"name\": \"m_7\", \"trainable\": true, "
                              "\"dtype\": {\"class_name\": \"DTypePolicy\"}, \"bitwidth\": 5, \"threshold\": 9, "
                              "\"extra\": [1]}, \"registered_name\": \"MaxQuantizer\"}");
    c2s_quantizer_release(quantizer);
}
END_TEST

START_TEST(l094_bitwidths_that_leave_no_levels_are_refused)
{
    cnn2snn_quantizer *quantizer = NULL;
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(c2s_quantizer_create(context, CNN2SNN_QUANTIZER_MAX, 1, 0, &quantizer, &error), CNN2SNN_E_VALUE);
    ck_assert_str_eq(error->message, "bitwidth 1 of MaxQuantizer, expected more than 1");
    c2s_error_clear(&error);
    ck_assert_int_eq(c2s_quantizer_create(context, CNN2SNN_QUANTIZER_MAX, -3, 0, &quantizer, NULL), CNN2SNN_E_VALUE);
    ck_assert_int_eq(c2s_quantizer_create(context, CNN2SNN_QUANTIZER_MAX, (double)NAN, 0, &quantizer, NULL),
                     CNN2SNN_E_VALUE);
    ck_assert_int_eq(c2s_quantizer_create(context, CNN2SNN_QUANTIZER_MAX, 1e9, 0, &quantizer, NULL), CNN2SNN_E_VALUE);
    ck_assert_int_eq(c2s_quantizer_create(context, CNN2SNN_QUANTIZER_MAX, 1.0001, 0, &quantizer, NULL), CNN2SNN_OK);
    c2s_quantizer_release(quantizer);
}
END_TEST

START_TEST(kinds_that_are_not_built_in_are_refused)
{
    cnn2snn_quantizer *quantizer = NULL;
    ck_assert_int_eq(c2s_quantizer_create(context, 0, 4, 3, &quantizer, NULL), CNN2SNN_E_VALUE);
    ck_assert_int_eq(c2s_quantizer_create(context, 5, 4, 3, &quantizer, NULL), CNN2SNN_E_VALUE);
    ck_assert_int_eq(c2s_quantizer_create(context, -1, 4, 3, &quantizer, NULL), CNN2SNN_E_VALUE);
}
END_TEST

START_TEST(l095_json_that_describes_no_quantizer_is_refused)
{
    expect_refused("[]", CNN2SNN_E_VALUE, "class_name and config");
    expect_refused("\"MaxQuantizer\"", CNN2SNN_E_VALUE, "class_name and config");
    expect_refused("null", CNN2SNN_E_VALUE, "class_name and config");
    expect_refused("{\"class_name\": 3, \"config\": {}}", CNN2SNN_E_VALUE, "class_name and config");
    expect_refused("{\"class_name\": \"MaxQuantizer\"}", CNN2SNN_E_VALUE, "class_name and config");
    expect_refused("{\"class_name\": \"MaxQuantizer\", \"config\": []}", CNN2SNN_E_VALUE, "class_name and config");
    expect_refused("{\"class_name\": \"Nobody\", \"config\": {}}", CNN2SNN_E_TYPE, "Nobody is unknown");
    expect_refused("{\"class_name\": \"MaxQuantizer\", \"config\": {\"bitwidth\": \"4\"}}", CNN2SNN_E_TYPE,
                   "bitwidth");
    expect_refused("{\"class_name\": \"MaxQuantizer\", \"config\": {\"bitwidth\": null}}", CNN2SNN_E_TYPE,
                   "bitwidth");
    expect_refused("{\"class_name\": \"MaxQuantizer\", \"config\": {\"bitwidth\": true}}", CNN2SNN_E_VALUE,
                   "more than 1");
    expect_refused("{\"class_name\": \"MaxQuantizer\", \"config\": {\"bitwidth\": NaN}}", CNN2SNN_E_VALUE,
                   "more than 1");
    expect_refused("{\"class_name\": \"MaxQuantizer\", \"config\": {\"bitwidth\": 1e300}}", CNN2SNN_E_VALUE,
                   "at most");
    expect_refused("{\"class_name\": \"StdWeightQuantizer\", \"config\": {\"threshold\": null}}", CNN2SNN_E_TYPE,
                   "threshold");
    expect_refused("{\"class_name\": \"StdWeightQuantizer\", \"config\": {\"threshold\": Infinity}}", CNN2SNN_E_VALUE,
                   "finite");
}
END_TEST

START_TEST(l094_l099_another_bitwidth_keeps_class_and_parameters)
{
    cnn2snn_quantizer *quantizer = NULL, *other = NULL;
    ck_assert_int_eq(c2s_quantizer_create(context, CNN2SNN_QUANTIZER_STD, 8, 2, &quantizer, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_quantizer_with_bitwidth(quantizer, 3, &other, NULL), CNN2SNN_OK);
    ck_assert(other->kind == CNN2SNN_QUANTIZER_STD && other->threshold == 2 && other->kmax == 3);
    expect_written(other, "{\"module\": \"cnn2snn.quantization_ops\", \"class_name\": \"StdWeightQuantizer\", "
                          "\"config\": {\"name\": \"std_weight_quantizer\", \"trainable\": true, "
                          "\"dtype\": \"float32\", \"bitwidth\": 3, \"threshold\": 2.0}, "
                          "\"registered_name\": \"StdWeightQuantizer\"}");
    c2s_quantizer_release(other);
    other = NULL;
    ck_assert_int_eq(c2s_quantizer_with_bitwidth(quantizer, 1, &other, NULL), CNN2SNN_E_VALUE);
    ck_assert_ptr_null(other);
    ck_assert_int_eq(json_integer_value(json_object_get(quantizer->config, "bitwidth")), 8);
    c2s_quantizer_release(quantizer);
}
END_TEST

START_TEST(l095_l103_custom_classes_keep_their_config_and_module_as_read)
{
    cnn2snn_quantizer *quantizer = NULL, *other = NULL;
    ck_assert_int_eq(read("{\"module\": \"mine\", \"class_name\": \"pkg>Half\", \"config\": {\"alpha\": 1, "
                          "\"bitwidth\": 6}, \"registered_name\": \"pkg>Half\"}",
                          &quantizer, NULL),
                     CNN2SNN_OK);
    ck_assert_int_eq(quantizer->kind, CNN2SNN_QUANTIZER_CUSTOM);
    ck_assert_int_eq(quantizer->bitwidth, 6);
    ck_assert(isnan(quantizer->threshold));
    expect_written(quantizer, "{\"module\": \"mine\", \"class_name\": \"pkg>Half\", \"config\": {\"alpha\": 1, "
                              "\"bitwidth\": 6}, \"registered_name\": \"pkg>Half\"}");
    ck_assert_int_eq(c2s_quantizer_with_bitwidth(quantizer, 2, &other, NULL), CNN2SNN_OK);
    c2s_quantizer_release(quantizer);
    expect_written(other, "{\"module\": \"mine\", \"class_name\": \"pkg>Half\", \"config\": {\"alpha\": 1, "
                          "\"bitwidth\": 2}, \"registered_name\": \"pkg>Half\"}");
    c2s_quantizer_release(other);
    ck_assert_int_eq(read("{\"class_name\": \"Half\", \"config\": {}}", &quantizer, NULL), CNN2SNN_OK);
    expect_written(quantizer,
                   "{\"module\": null, \"class_name\": \"Half\", \"config\": {}, \"registered_name\": \"Half\"}");
    c2s_quantizer_release(quantizer);
    expect_refused("{\"class_name\": \"Half\", \"config\": {\"bitwidth\": 1}}", CNN2SNN_E_VALUE, "more than 1");
}
END_TEST

START_TEST(l072_builtin_classes_win_over_custom_ones_of_their_name)
{
    cnn2snn_quantizer *quantizer = NULL;
    ck_assert_int_eq(read("{\"class_name\": \"MaxQuantizer\", \"config\": {\"bitwidth\": 4}}", &quantizer, NULL),
                     CNN2SNN_OK);
    ck_assert_int_eq(quantizer->kind, CNN2SNN_QUANTIZER_MAX);
    ck_assert_ptr_null(quantizer->custom);
    c2s_quantizer_release(quantizer);
}
END_TEST

/* All that a quantizer can be asked for. */
static cnn2snn_status use(cnn2snn_context *counted, const json_t *json, const cnn2snn_custom_objects *classes,
                          cnn2snn_error **error)
{
    static const float data[4] = {1, -2, 3, 4};
    cnn2snn_quantizer *quantizer = NULL, *other = NULL;
    cnn2snn_tensor *weights = NULL, *scale = NULL, *quantized = NULL, *integers = NULL, *range = NULL;
    cnn2snn_status status = c2s_quantizer_from_json(counted, json, classes, &quantizer, error);
    if (!status)
        status = c2s_quantizer_with_bitwidth(quantizer, 5, &other, error);
    if (!status)
        status = c2s_tensor_wrap(counted, CNN2SNN_DTYPE_FLOAT32, 2, (int64_t[]){2, 2}, NULL, data, NULL, NULL,
                                 &weights, error);
    if (!status)
        status = c2s_quantizer_scale_factor(other, weights, &scale, error);
    if (!status)
        status = c2s_quantizer_quantize(other, weights, &quantized, error);
    if (!status)
        status = c2s_quantizer_integers(other, weights, &integers, NULL, error);
    if (!status && other->kind != CNN2SNN_QUANTIZER_CUSTOM)
        status = c2s_quantizer_range(other, weights, &range, error);
    c2s_tensor_release(range);
    c2s_tensor_release(integers);
    c2s_tensor_release(quantized);
    c2s_tensor_release(scale);
    c2s_tensor_release(weights);
    c2s_quantizer_release(other);
    c2s_quantizer_release(quantizer);
    return status;
}

static cnn2snn_status add_class(cnn2snn_context *counted, cnn2snn_custom_objects **out, cnn2snn_error **error)
{
    cnn2snn_quantizer_class callbacks = CNN2SNN_QUANTIZER_CLASS_INIT;
    callbacks.scale_factor = half_scale;
    C2S_TRY(c2s_custom_objects_create(counted, out, error));
    cnn2snn_status status = c2s_custom_objects_add(*out, "Half", C2S_CUSTOM_QUANTIZER, &callbacks, error);
    if (status)
        c2s_custom_objects_destroy(*out);
    return status;
}

START_TEST(memory_that_ends_is_a_clean_error)
{
    struct counted_memory memory;
    cnn2snn_context *counted = counted_context(&memory);
    cnn2snn_custom_objects *classes = NULL;
    cnn2snn_error *error = NULL;
    fail_each_allocation_of(memory, error, add_class(counted, &classes, &error));
    const char *names[] = {"Half", "MaxQuantizer", "StdPerAxisQuantizer"};
    for (int i = 0; i < 3; i++) {
        json_t *json = json_pack("{s:s, s:{s:i}}", "class_name", names[i], "config", "bitwidth", 3);
        fail_each_allocation_of(memory, error, use(counted, json, classes, &error));
        json_decref(json);
    }
    c2s_custom_objects_destroy(classes);
    c2s_context_release(counted);
    ck_assert_int_eq(memory.alive, 0);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("quantizer_config");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, l095_builtin_classes_are_known_by_their_kinds);
    tcase_add_test(tests, l095_l100_what_is_missing_in_a_config_is_filled_in);
    tcase_add_test(tests, l095_entries_that_nobody_knows_survive);
    tcase_add_test(tests, l094_bitwidths_that_leave_no_levels_are_refused);
    tcase_add_test(tests, kinds_that_are_not_built_in_are_refused);
    tcase_add_test(tests, l095_json_that_describes_no_quantizer_is_refused);
    tcase_add_test(tests, l094_l099_another_bitwidth_keeps_class_and_parameters);
    tcase_add_test(tests, l095_l103_custom_classes_keep_their_config_and_module_as_read);
    tcase_add_test(tests, l072_builtin_classes_win_over_custom_ones_of_their_name);
    tcase_add_test(tests, memory_that_ends_is_a_clean_error);
    Suite *suite = suite_create("quantizer_config");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
