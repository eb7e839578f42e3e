/* SPDX-License-Identifier: Apache-2.0 */
/* Differences between Akida models: each kind of them, and what is none. */
#include "api_fixture.h"

#include <stdio.h>

#include "akida/akida_model.h"

static cnn2snn_akida_model *first, *second;

static void load_two(void)
{
    create_context();
    DONE(cnn2snn_akida_model_load(context, TEST_DATA "/fbz/current_v1.fbz", &first, error));
    DONE(c2s_akida_model_clone(first, &second, error));
}

static void free_two(void)
{
    cnn2snn_akida_model_destroy(first);
    cnn2snn_akida_model_destroy(second);
    destroy_context();
}

/* Both forms say `equal`, and the text is `expected`. */
static void compare(const char *expected)
{
    cnn2snn_buffer *text = NULL, *json = NULL;
    int32_t equal = -1, json_equal = -1;
    DONE(cnn2snn_akida_model_diff(first, second, 0, &equal, &text, error));
    DONE(cnn2snn_akida_model_diff(first, second, 1, &json_equal, &json, error));
    ck_assert_str_eq(cnn2snn_buffer_get_data(text), expected);
    ck_assert_int_eq(equal, !*expected);
    ck_assert_int_eq(json_equal, equal);
    ck_assert_ptr_nonnull(strstr(cnn2snn_buffer_get_data(json), equal ? "\"equal\": true" : "\"equal\": false"));
    cnn2snn_buffer_destroy(text);
    cnn2snn_buffer_destroy(json);
}

static void replace_text(char **text, const char *other)
{
    ck_assert_uint_le(strlen(other), strlen(*text));
    strcpy(*text, other);
}

START_TEST(a_copy_does_not_differ)
{
    compare("");
}
END_TEST

START_TEST(the_version_of_the_file_is_no_difference)
{
    cnn2snn_buffer *file = NULL;
    cnn2snn_akida_save_options options = CNN2SNN_AKIDA_SAVE_OPTIONS_INIT;
    options.version = "2.4.0";
    DONE(cnn2snn_akida_model_save_memory(first, &options, &file, error));
    cnn2snn_akida_model_destroy(second);
    DONE(cnn2snn_akida_model_load_memory(context, cnn2snn_buffer_get_data(file), cnn2snn_buffer_get_size(file),
                                         &second, error));
    cnn2snn_buffer_destroy(file);
    ck_assert_str_eq(cnn2snn_akida_model_get_version(second), "2.4.0");
    compare("");
}
END_TEST

START_TEST(parameters_differ_in_value_and_presence)
{
    struct c2s_akida_layer *layer = &second->layers[0];
    const char *name = layer->parameters[0].name;
    int32_t old = layer->parameters[0].value;
    char expected[200];
    layer->parameters[0].value = old + 1;
    DONE(c2s_akida_layer_set_parameter(second, layer, "zzz", -5, error));
    snprintf(expected, sizeof expected, "%s: parameter %s %d | %d\n%s: parameter zzz none | -5\n", layer->name, name,
             (int)old, (int)old + 1, layer->name);
    compare(expected);
}
END_TEST

/* A variable of the second model's first layer as int32 of one row. */
static void set_variable(const char *name, int64_t count, int32_t last)
{
    cnn2snn_tensor *tensor = NULL;
    DONE(cnn2snn_tensor_create(context, CNN2SNN_DTYPE_INT32, 1, &count, &tensor, error));
    ((int32_t *)cnn2snn_tensor_get_writable_data(tensor))[count - 1] = last;
    cnn2snn_akida_model *model = second;
    DONE(c2s_akida_layer_set_variable(model, &model->layers[0], name, -1, -1, tensor, error));
    cnn2snn_tensor_destroy(tensor);
}

static void set_both(const char *name, int64_t first_count, int32_t first_last, int64_t count, int32_t last)
{
    cnn2snn_akida_model *keep = second;
    second = first;
    set_variable(name, first_count, first_last);
    second = keep;
    set_variable(name, count, last);
}

START_TEST(variables_differ_in_values_shape_and_presence)
{
    char expected[400];
    const char *layer = first->layers[0].name;
    set_both("zz", 3, 7, 3, -2);
    snprintf(expected, sizeof expected, "%s: values (1 of 3 differ, by 9 at most, first (2,)) of zz 7 | -2\n", layer);
    compare(expected);
    set_both("zz", 3, 7, 4, 7);
    snprintf(expected, sizeof expected, "%s: variable zz int32 (3,) | int32 (4,)\n", layer);
    compare(expected);
    set_both("zz", 3, 7, 3, 7);
    set_variable("zzz", 2, 0);
    snprintf(expected, sizeof expected, "%s: variable zzz none | int32 (2,)\n", layer);
    compare(expected);
}
END_TEST

START_TEST(layers_are_matched_by_name)
{
    struct c2s_akida_layer *last = &second->layers[second->layer_count - 1];
    char expected[400], old[64];
    snprintf(old, sizeof old, "%s", last->name);
    replace_text(&last->name, "\x01");
    snprintf(expected, sizeof expected, "%s: layer %s | none\n?: layer none | %s\n", old, last->kind_text,
             last->kind_text);
    compare(expected);
}
END_TEST

START_TEST(kinds_and_inbounds_differ)
{
    struct c2s_akida_layer *layer = &second->layers[second->layer_count - 1];
    char expected[400];
    ck_assert_uint_gt(layer->inbound_count, 0);
    snprintf(expected, sizeof expected, "%s: kind %s | Add\n%s: inbounds %s | none\n", layer->name, layer->kind_text,
             layer->name, second->layers[layer->inbounds[0]].name);
    layer->kind = C2S_AKIDA_ADD;
    strcpy(layer->kind_text, "Add");
    layer->inbound_count = 0;
    compare(expected);
}
END_TEST

START_TEST(missing_arguments_are_told)
{
    cnn2snn_buffer *text = NULL;
    int32_t equal = 7;
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "first", cnn2snn_akida_model_diff(NULL, second, 0, &equal, &text, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "second", cnn2snn_akida_model_diff(first, NULL, 0, &equal, &text, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "out_equal", cnn2snn_akida_model_diff(first, second, 0, NULL, &text, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "out_buffer", cnn2snn_akida_model_diff(first, second, 0, &equal, NULL, error));
    ck_assert_int_eq(equal, 7);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("akida_diff");
    tcase_add_test(tests, a_copy_does_not_differ);
    tcase_add_test(tests, the_version_of_the_file_is_no_difference);
    tcase_add_test(tests, parameters_differ_in_value_and_presence);
    tcase_add_test(tests, variables_differ_in_values_shape_and_presence);
    tcase_add_test(tests, layers_are_matched_by_name);
    tcase_add_test(tests, kinds_and_inbounds_differ);
    tcase_add_test(tests, missing_arguments_are_told);
    Suite *suite = suite_create("akida_diff");
    tcase_add_checked_fixture(tests, load_two, free_two);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
