/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of the user's own: registering, finding, life of their data, and what their callbacks may give. */
#include <check.h>
#include <math.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "base/json.h"
#include "numeric/weight_quantizer.h"

static cnn2snn_context *context;

static void setup(void)
{
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
}

static void teardown(void)
{
    ck_assert_uint_eq(context->references, 1);
    c2s_context_release(context);
}

/* What the callbacks are told to give. */
struct script {
    int destroyed;
    cnn2snn_status status;
    const char *message;
    cnn2snn_dtype dtype;
    size_t rank;
    int64_t shape[2];
    double value;
    bool give_nothing;
    char config[100];
    int32_t bitwidth;
};

static void destroy(void *user_data)
{
    ((struct script *)user_data)->destroyed++;
}

static cnn2snn_status give(void *user_data, cnn2snn_context *own, const char *config, int32_t bitwidth,
                           const cnn2snn_tensor *weights, cnn2snn_tensor **out, cnn2snn_error **error)
{
    struct script *script = user_data;
    snprintf(script->config, sizeof script->config, "%s", config);
    script->bitwidth = bitwidth;
    if (script->message)
        return c2s_error(own, error, script->status, "", "%s", script->message);
    if (script->give_nothing)
        return script->status;
    C2S_TRY(c2s_tensor_create_zeros(own, script->dtype, script->rank, script->shape, out, error));
    if (script->dtype == CNN2SNN_DTYPE_FLOAT32)
        for (uint64_t i = 0; i < (*out)->count; i++)
            c2s_f32_writable(*out)[i] = (float)script->value;
    return script->status;
}

static cnn2snn_status double_weights(void *user_data, cnn2snn_context *own, const char *config, int32_t bitwidth,
                                     const cnn2snn_tensor *weights, cnn2snn_tensor **out, cnn2snn_error **error)
{
    C2S_TRY(c2s_tensor_copy(weights, out, error));
    for (uint64_t i = 0; i < (*out)->count; i++)
        c2s_f32_writable(*out)[i] *= 2;
    return CNN2SNN_OK;
}

static cnn2snn_quantizer *make(struct script *script, bool with_quantize)
{
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_quantizer_class callbacks = CNN2SNN_QUANTIZER_CLASS_INIT;
    callbacks.user_data = script;
    callbacks.destroy_user_data = destroy;
    callbacks.scale_factor = give;
    callbacks.quantize = with_quantize ? double_weights : NULL;
    ck_assert_int_eq(c2s_custom_objects_create(context, &custom, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_custom_objects_add(custom, "Mine", C2S_CUSTOM_QUANTIZER, &callbacks, NULL), CNN2SNN_OK);
    json_t *json = json_pack("{s:s, s:{s:i, s:s}}", "class_name", "Mine", "config", "bitwidth", 3, "mode", "x");
    cnn2snn_quantizer *quantizer = NULL;
    ck_assert_int_eq(c2s_quantizer_from_json(context, json, custom, &quantizer, NULL), CNN2SNN_OK);
    json_decref(json);
    c2s_custom_objects_destroy(custom);
    ck_assert_int_eq(script->destroyed, 0);
    return quantizer;
}

static const float sample[] = {0.6f, -2, 0.75f, 9};

static cnn2snn_tensor *make_weights(void)
{
    cnn2snn_tensor *weights = NULL;
    ck_assert_int_eq(c2s_tensor_wrap(context, CNN2SNN_DTYPE_FLOAT32, 2, (int64_t[]){2, 2}, NULL, sample, NULL, NULL,
                                     &weights, NULL),
                     CNN2SNN_OK);
    return weights;
}

START_TEST(l096_l103_a_scale_factor_alone_inherits_the_linear_quantization)
{
    struct script script = {.dtype = CNN2SNN_DTYPE_FLOAT32, .rank = 1, .shape = {2}, .value = 2};
    cnn2snn_quantizer *quantizer = make(&script, false);
    cnn2snn_tensor *weights = make_weights(), *q = NULL, *integers = NULL;
    ck_assert_int_eq(c2s_quantizer_quantize(quantizer, weights, &q, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_quantizer_integers(quantizer, weights, &integers, NULL, NULL), CNN2SNN_OK);
    const float expected[] = {0.5f, -1.5f, 1, 1.5f};
    ck_assert_mem_eq(q->data, expected, sizeof expected);
    ck_assert(c2s_f32(integers)[0] == 1 && c2s_f32(integers)[1] == -3 && c2s_f32(integers)[3] == 3);
    ck_assert_str_eq(script.config, "{\"bitwidth\": 3, \"mode\": \"x\"}");
    ck_assert_int_eq(script.bitwidth, 3);
    c2s_tensor_release(integers);
    c2s_tensor_release(q);
    c2s_tensor_release(weights);
    c2s_quantizer_release(quantizer);
    ck_assert_int_eq(script.destroyed, 1);
}
END_TEST

START_TEST(l096_a_quantize_callback_decides_alone)
{
    struct script script = {.dtype = CNN2SNN_DTYPE_FLOAT32, .value = 10};
    cnn2snn_quantizer *quantizer = make(&script, true);
    cnn2snn_tensor *weights = make_weights(), *q = NULL, *integers = NULL, *scale = NULL;
    ck_assert_int_eq(c2s_quantizer_quantize(quantizer, weights, &q, NULL), CNN2SNN_OK);
    ck_assert(c2s_f32(q)[3] == 18);
    ck_assert_int_eq(c2s_quantizer_integers(quantizer, weights, &integers, &scale, NULL), CNN2SNN_OK);
    const float expected[] = {12, -40, 15, 180};
    ck_assert_mem_eq(integers->data, expected, sizeof expected);
    ck_assert(scale->rank == 0 && c2s_f32(scale)[0] == 10);
    c2s_tensor_release(scale);
    c2s_tensor_release(integers);
    c2s_tensor_release(q);
    c2s_tensor_release(weights);
    c2s_quantizer_release(quantizer);
}
END_TEST

static void expect_failure(struct script script, cnn2snn_status code, const char *part)
{
    cnn2snn_quantizer *quantizer = make(&script, false);
    cnn2snn_tensor *weights = make_weights(), *scale = NULL;
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(c2s_quantizer_scale_factor(quantizer, weights, &scale, &error), code);
    ck_assert_ptr_null(scale);
    ck_assert_int_eq(error->code, code);
    ck_assert_msg(strstr(error->message, part) != NULL, "message: %s", error->message);
    c2s_error_clear(&error);
    ck_assert_int_eq(c2s_quantizer_integers(quantizer, weights, &scale, NULL, NULL), code);
    c2s_tensor_release(weights);
    c2s_quantizer_release(quantizer);
}

START_TEST(l096_l103_what_callbacks_give_is_checked)
{
    expect_failure((struct script){.give_nothing = true}, CNN2SNN_E_TYPE, "NULL, expected float32");
    expect_failure((struct script){.dtype = CNN2SNN_DTYPE_FLOAT64}, CNN2SNN_E_TYPE, "float64, expected float32");
    expect_failure((struct script){.dtype = CNN2SNN_DTYPE_FLOAT32, .rank = 1, .shape = {3}, .value = 1},
                   CNN2SNN_E_VALUE, "shape (3,), expected () or (2,)");
    expect_failure((struct script){.dtype = CNN2SNN_DTYPE_FLOAT32, .rank = 2, .shape = {1, 2}, .value = 1},
                   CNN2SNN_E_VALUE, "shape (1, 2)");
    expect_failure((struct script){.dtype = CNN2SNN_DTYPE_FLOAT32, .value = 0}, CNN2SNN_E_VALUE, "above 0");
    expect_failure((struct script){.dtype = CNN2SNN_DTYPE_FLOAT32, .value = (double)INFINITY}, CNN2SNN_E_VALUE,
                   "finite");
    expect_failure((struct script){.dtype = CNN2SNN_DTYPE_FLOAT32, .value = (double)NAN}, CNN2SNN_E_VALUE, "finite");
}
END_TEST

START_TEST(a_failing_callback_is_passed_on_with_its_own_words)
{
    expect_failure((struct script){.status = CNN2SNN_E_STATE, .message = "not today"}, CNN2SNN_E_STATE, "not today");
    expect_failure((struct script){.status = 77, .give_nothing = true}, CNN2SNN_E_CALLBACK, "status 77");
    expect_failure((struct script){.status = -5, .dtype = CNN2SNN_DTYPE_FLOAT32}, CNN2SNN_E_CALLBACK, "class Mine");
}
END_TEST

START_TEST(an_error_of_a_callback_that_succeeds_is_forgotten)
{
    struct c2s_custom_class custom_class = {.context = context, .name = (char *)"Mine"};
    cnn2snn_error *own = NULL, *error = NULL;
    c2s_error(context, &own, CNN2SNN_E_VALUE, "", "never mind");
    ck_assert_int_eq(c2s_custom_class_take_result(&custom_class, CNN2SNN_OK, own, &error), CNN2SNN_OK);
    ck_assert_ptr_null(error);
}
END_TEST

START_TEST(custom_classes_have_no_range)
{
    struct script script = {.dtype = CNN2SNN_DTYPE_FLOAT32, .value = 1};
    cnn2snn_quantizer *quantizer = make(&script, false);
    cnn2snn_tensor *weights = make_weights(), *range = NULL;
    ck_assert_int_eq(c2s_quantizer_range(quantizer, weights, &range, NULL), CNN2SNN_E_TYPE);
    c2s_tensor_release(weights);
    c2s_quantizer_release(quantizer);
}
END_TEST

START_TEST(l072_names_are_unique_by_type_whatever_their_package)
{
    struct script script = {0};
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_quantizer_class quantizer = CNN2SNN_QUANTIZER_CLASS_INIT;
    quantizer.user_data = &script;
    quantizer.destroy_user_data = destroy;
    quantizer.scale_factor = give;
    ck_assert_int_eq(c2s_custom_objects_create(context, &custom, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_custom_objects_add(custom, "pkg>A", C2S_CUSTOM_QUANTIZER, &quantizer, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_custom_objects_add(custom, "A", C2S_CUSTOM_QUANTIZER, &quantizer, NULL), CNN2SNN_E_VALUE);
    ck_assert_int_eq(script.destroyed, 1);
    ck_assert_int_eq(c2s_custom_objects_add(custom, "pkg>", C2S_CUSTOM_QUANTIZER, &quantizer, NULL), CNN2SNN_E_VALUE);
    ck_assert_int_eq(script.destroyed, 2);
    struct c2s_custom_class *found = c2s_custom_objects_find(custom, "other>A", C2S_CUSTOM_QUANTIZER);
    ck_assert_ptr_nonnull(found);
    ck_assert_ptr_eq(c2s_custom_objects_find(custom, "A", C2S_CUSTOM_QUANTIZER), found);
    ck_assert_ptr_null(c2s_custom_objects_find(custom, "A", C2S_CUSTOM_LAYER));
    ck_assert_ptr_null(c2s_custom_objects_find(NULL, "A", C2S_CUSTOM_QUANTIZER));
    ck_assert_int_eq(c2s_custom_objects_add_class(custom, found, NULL), CNN2SNN_OK);
    c2s_custom_class_retain(found);
    c2s_custom_objects_destroy(custom);
    ck_assert_int_eq(script.destroyed, 2);
    ck_assert_int_eq(c2s_custom_objects_create(context, &custom, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_custom_objects_add_class(custom, found, NULL), CNN2SNN_OK);
    c2s_custom_class_release(found);
    ck_assert_ptr_eq(c2s_custom_objects_find(custom, "A", C2S_CUSTOM_QUANTIZER), found);
    c2s_custom_objects_destroy(custom);
    ck_assert_int_eq(script.destroyed, 3);
}
END_TEST

START_TEST(l096_a_class_without_its_required_callback_is_refused)
{
    struct script script = {0};
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_quantizer_class quantizer = CNN2SNN_QUANTIZER_CLASS_INIT;
    cnn2snn_activation_class activation = CNN2SNN_ACTIVATION_CLASS_INIT;
    cnn2snn_layer_class layer = CNN2SNN_LAYER_CLASS_INIT;
    quantizer.user_data = activation.user_data = layer.user_data = &script;
    quantizer.destroy_user_data = activation.destroy_user_data = layer.destroy_user_data = destroy;
    ck_assert_int_eq(c2s_custom_objects_create(context, &custom, NULL), CNN2SNN_OK);
    cnn2snn_status expected = CNN2SNN_E_INVALID_ARGUMENT;
    ck_assert_int_eq(c2s_custom_objects_add(custom, "Q", C2S_CUSTOM_QUANTIZER, &quantizer, NULL), expected);
    ck_assert_int_eq(c2s_custom_objects_add(custom, "A", C2S_CUSTOM_ACTIVATION, &activation, NULL), expected);
    ck_assert_int_eq(c2s_custom_objects_add(custom, "L", C2S_CUSTOM_LAYER, &layer, NULL), expected);
    ck_assert_int_eq(script.destroyed, 3);
    c2s_custom_objects_destroy(custom);
    c2s_custom_objects_destroy(NULL);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("custom_objects");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, l096_l103_a_scale_factor_alone_inherits_the_linear_quantization);
    tcase_add_test(tests, l096_a_quantize_callback_decides_alone);
    tcase_add_test(tests, l096_l103_what_callbacks_give_is_checked);
    tcase_add_test(tests, a_failing_callback_is_passed_on_with_its_own_words);
    tcase_add_test(tests, an_error_of_a_callback_that_succeeds_is_forgotten);
    tcase_add_test(tests, custom_classes_have_no_range);
    tcase_add_test(tests, l072_names_are_unique_by_type_whatever_their_package);
    tcase_add_test(tests, l096_a_class_without_its_required_callback_is_refused);
    Suite *suite = suite_create("custom_objects");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
