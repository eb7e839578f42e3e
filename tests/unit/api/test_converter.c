/* SPDX-License-Identifier: Apache-2.0 */
/* Converting through the public functions: where files go, what faults and warnings look like, what models tell. */
#include <stdio.h>
#include <unistd.h>

#include "api_fixture.h"

static const int64_t IMAGE[] = {6, 6, 1};
#define WEIGHTS(bits) "\"quantizer\": {\"class_name\": \"MaxPerAxisQuantizer\", \"config\": {\"bitwidth\": " bits "}}"

static const char *const GOOD[][2] = {
    {"QuantizedConv2D", "{\"filters\": 2, \"kernel_size\": 3, \"name\": \"conv\", " WEIGHTS("8") "}"},
    {"QuantizedReLU", "{\"bitwidth\": 4, \"name\": \"relu\"}"},
    {"Flatten", "{}"},
    {"QuantizedDense", "{\"units\": 3, \"name\": \"dense\", " WEIGHTS("4") "}"},
};
static const char *const BAD[][2] = {
    {"QuantizedConv2D", "{\"filters\": 2, \"kernel_size\": 3, \"name\": \"conv\", " WEIGHTS("8") "}"},
    {"QuantizedReLU", "{\"bitwidth\": 3, \"name\": \"relu\"}"},
    {"Flatten", "{}"},
    {"QuantizedDense", "{\"units\": 3, \"name\": \"dense\", " WEIGHTS("5") "}"},
};

static void fill_kernel(cnn2snn_model *model, const char *layer)
{
    const cnn2snn_tensor *old = cnn2snn_layer_get_weight(cnn2snn_model_find_layer(model, layer), 0);
    cnn2snn_tensor *kernel = make_tensor(cnn2snn_tensor_get_rank(old), cnn2snn_tensor_get_shape(old));
    float *data = cnn2snn_tensor_get_writable_data(kernel);
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(kernel); i++)
        data[i] = 0.1f * (float)(i % 7 + 1);
    DONE(cnn2snn_model_set_weight(model, layer, 0, kernel, error));
    cnn2snn_tensor_destroy(kernel);
}

static cnn2snn_model *make_model(const char *const layers[][2])
{
    cnn2snn_model *model = make_sequential(3, IMAGE, 4, layers);
    fill_kernel(model, "conv");
    fill_kernel(model, "dense");
    return model;
}

START_TEST(l031_paths_are_completed_as_the_reference_does)
{
    static const char *const paths[][2] = {
        {"a.fbz", "a.fbz"},
        {"a", "a.fbz"},
        {"c.x", "c.x"},
        {"dir.d/a", "dir.d/a.fbz"},
        {"out/", "out/small.fbz"},
        {".hidden", ".hidden.fbz"},
        {"../a", "../a.fbz"},
        {"a.", "a."},
    };
    cnn2snn_model *model = make_model(GOOD);
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        cnn2snn_buffer *path = NULL;
        DONE(cnn2snn_convert_file_path(model, paths[i][0], &path, error));
        ck_assert_str_eq((const char *)cnn2snn_buffer_get_data(path), paths[i][1]);
        cnn2snn_buffer_destroy(path);
    }
    cnn2snn_buffer *none = NULL;
    FAILS(CNN2SNN_E_VALUE, "empty", cnn2snn_convert_file_path(model, "", &none, error));
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l031_a_hostile_model_name_names_no_file)
{
    cnn2snn_layer *relu = make_layer("ReLU", NULL);
    cnn2snn_model *model = NULL;
    cnn2snn_buffer *path = NULL;
    DONE(cnn2snn_model_create_sequential(context, "../../etc/x", 3, IMAGE, 1, &relu, &model, error));
    FAILS(CNN2SNN_E_VALUE, "../../etc/x", cnn2snn_convert_file_path(model, "out/", &path, error));
    cnn2snn_model_destroy(model);
    cnn2snn_layer_destroy(relu);
}
END_TEST

static int has_file(const char *path)
{
    return access(path, R_OK) == 0;
}

START_TEST(l030_l031_the_model_is_written_and_given_back)
{
    char folder[] = "/tmp/cnn2snn_converter_XXXXXX", path[128];
    cnn2snn_model *model = make_model(GOOD);
    cnn2snn_akida_model *given = NULL, *read = NULL;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/new/er/", folder); /* a folder that is made; the file has the model's name */
    DONE(cnn2snn_convert_to_file(model, NULL, path, &given, NULL, error));
    snprintf(path, sizeof path, "%s/new/er/small.fbz", folder);
    DONE(cnn2snn_akida_model_load(context, path, &read, error));
    ck_assert_int_eq(cnn2snn_akida_model_get_akida_version(given), CNN2SNN_AKIDA_V1);
    ck_assert_int_eq(cnn2snn_akida_model_get_akida_version(read), CNN2SNN_AKIDA_V1);
    ck_assert_uint_eq(cnn2snn_akida_model_get_layer_count(read), cnn2snn_akida_model_get_layer_count(given));
    ck_assert_int_eq(unlink(path), 0);
    snprintf(path, sizeof path, "%s/plain", folder); /* nobody need take the model */
    DONE(cnn2snn_convert_to_file(model, NULL, path, NULL, NULL, error));
    snprintf(path, sizeof path, "%s/plain.fbz", folder);
    ck_assert(has_file(path));
    ck_assert_int_eq(unlink(path), 0);
    cnn2snn_akida_model_destroy(read);
    cnn2snn_akida_model_destroy(given);
    cnn2snn_model_destroy(model);
    model = make_model(BAD); /* what doesn't convert leaves no folder */
    snprintf(path, sizeof path, "%s/bad/a.fbz", folder);
    FAILS(CNN2SNN_E_VALUE, "relu", cnn2snn_convert_to_file(model, NULL, path, &given, NULL, error));
    ck_assert_ptr_null(given);
    snprintf(path, sizeof path, "%s/bad", folder);
    ck_assert(!has_file(path));
    cnn2snn_model_destroy(model);
    snprintf(path, sizeof path, "%s/new/er", folder);
    ck_assert_int_eq(rmdir(path), 0);
    snprintf(path, sizeof path, "%s/new", folder);
    ck_assert_int_eq(rmdir(path), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
END_TEST

START_TEST(all_faults_come_with_the_first)
{
    cnn2snn_model *model = make_model(BAD);
    cnn2snn_akida_model *akida = NULL;
    cnn2snn_error *fault = NULL;
    ck_assert_int_eq(cnn2snn_convert(model, NULL, &akida, NULL, &fault), CNN2SNN_E_VALUE);
    const cnn2snn_report *report = cnn2snn_error_get_report(fault);
    ck_assert_uint_eq(cnn2snn_report_get_count(report), 2);
    ck_assert_str_eq(cnn2snn_report_get_layer(report, 0), "relu");
    ck_assert_str_eq(cnn2snn_report_get_layer(report, 1), "dense");
    ck_assert_str_eq(cnn2snn_error_get_layer(fault), "relu");
    ck_assert_str_eq(cnn2snn_error_get_rule(fault), cnn2snn_report_get_rule(report, 0));
    ck_assert_str_eq(cnn2snn_report_get_rule(report, 2), "");
    ck_assert_str_ne(cnn2snn_report_get_remedy(report, 0), "");
    cnn2snn_buffer *text = NULL;
    DONE(cnn2snn_report_print(report, 0, &text, error));
    const char *line = strchr(cnn2snn_buffer_get_data(text), '\n');
    ck_assert_ptr_nonnull(line);
    ck_assert_int_eq(strncmp(line, "\nerror: dense: ", 15), 0);
    cnn2snn_buffer_destroy(text);
    DONE(cnn2snn_report_print(report, 1, &text, error));
    ck_assert_ptr_nonnull(strstr(cnn2snn_buffer_get_data(text), "\"layer\": \"dense\""));
    ck_assert_ptr_nonnull(strstr(cnn2snn_buffer_get_data(text), "\"warnings\": []"));
    cnn2snn_buffer_destroy(text);
    cnn2snn_error_destroy(fault);
    cnn2snn_model_destroy(model);
}
END_TEST

static int warnings;

static void count_warnings(void *user_data, cnn2snn_log_level level, const char *text, size_t size)
{
    (void)user_data;
    ck_assert_uint_eq(strlen(text), size);
    warnings += level == CNN2SNN_LOG_WARNING;
}

START_TEST(warnings_are_logged_and_handed_over)
{
    cnn2snn_context_options settings = CNN2SNN_CONTEXT_OPTIONS_INIT;
    settings.log = count_warnings;
    destroy_context();
    DONE(cnn2snn_context_create(CNN2SNN_ABI_VERSION, &settings, &context, error));
    cnn2snn_model *model = make_model(GOOD);
    cnn2snn_convert_options options = CNN2SNN_CONVERT_OPTIONS_INIT;
    cnn2snn_akida_model *akida = NULL;
    cnn2snn_report *report = NULL;
    options.has_input_scaling = 1;
    options.input_scale = 10;
    DONE(cnn2snn_convert(model, &options, &akida, &report, error));
    ck_assert_ptr_null(report);
    ck_assert_int_eq(warnings, 0);
    cnn2snn_akida_model_destroy(akida);
    options.input_shift = 3.7; /* no integer: the padding value is cut */
    DONE(cnn2snn_convert(model, &options, &akida, &report, error));
    ck_assert_ptr_nonnull(report);
    ck_assert_int_eq(cnn2snn_report_get_severity(report, 0), CNN2SNN_SEVERITY_WARNING);
    ck_assert_int_eq(cnn2snn_report_get_code(report, 0), CNN2SNN_OK);
    ck_assert_int_eq(warnings, (int)cnn2snn_report_get_count(report));
    cnn2snn_report_destroy(report);
    cnn2snn_akida_model_destroy(akida);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(settings_out_of_range_are_refused)
{
    cnn2snn_model *model = make_model(GOOD);
    cnn2snn_akida_model *akida = NULL;
    cnn2snn_convert_options options = CNN2SNN_CONVERT_OPTIONS_INIT;
    options.input_mode = 3;
    FAILS(CNN2SNN_E_VALUE, "input_mode", cnn2snn_convert(model, &options, &akida, NULL, error));
    options.input_mode = CNN2SNN_INPUT_AUTO;
    options.akida_version = 3;
    FAILS(CNN2SNN_E_VALUE, "akida_version", cnn2snn_convert(model, &options, &akida, NULL, error));
    options.akida_version = CNN2SNN_AKIDA_DEFAULT;
    options.reserved = 1;
    FAILS(CNN2SNN_E_UNSUPPORTED, "cnn2snn_convert_options", cnn2snn_convert(model, &options, &akida, NULL, error));
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(akida_models_tell_what_they_hold)
{
    cnn2snn_model *model = make_model(GOOD);
    cnn2snn_akida_model *akida = NULL, *again = NULL;
    cnn2snn_buffer *file = NULL, *text = NULL;
    int64_t shape[3] = {-7, -7, -7};
    DONE(cnn2snn_convert(model, NULL, &akida, NULL, error));
    ck_assert_int_eq(cnn2snn_akida_model_get_akida_version(akida), CNN2SNN_AKIDA_V1);
    ck_assert_uint_eq(cnn2snn_akida_model_get_layer_count(akida), 2);
    ck_assert_str_eq(cnn2snn_akida_model_get_layer_kind(akida, 0), "InputConvolutional");
    ck_assert_int_eq(cnn2snn_akida_model_find_layer(akida, "dense"), 1);
    ck_assert_int_eq(cnn2snn_akida_model_find_layer(akida, "nobody"), -1);
    ck_assert_int_eq(cnn2snn_akida_model_get_inbound(akida, 1, 0), 0);
    ck_assert_int_eq(cnn2snn_akida_model_get_inbound(akida, 1, 1), -1);
    ck_assert_int_eq(cnn2snn_akida_model_get_parameter(akida, 0, "filters", -1), 2);
    ck_assert_int_eq(cnn2snn_akida_model_get_parameter(akida, 0, "nothing", -1), -1);
    DONE(cnn2snn_akida_model_get_output_shape(akida, 0, shape, error));
    ck_assert(shape[0] == 4 && shape[1] == 4 && shape[2] == 2);
    FAILS(CNN2SNN_E_INDEX, "2", cnn2snn_akida_model_get_output_shape(akida, 2, shape, error));
    ck_assert(shape[0] == 4);
    ck_assert_ptr_nonnull(cnn2snn_akida_model_get_variable(akida, 1, "weights"));
    ck_assert_ptr_null(cnn2snn_akida_model_get_variable(akida, 1, "nothing"));
    ck_assert_ptr_null(cnn2snn_akida_model_get_layer_name(akida, 2));
    DONE(cnn2snn_akida_model_summary(akida, 0, &text, error));
    ck_assert_ptr_nonnull(strstr(cnn2snn_buffer_get_data(text), "InputConvolutional"));
    cnn2snn_buffer_destroy(text);
    cnn2snn_akida_save_options options = CNN2SNN_AKIDA_SAVE_OPTIONS_INIT;
    options.version = "2.19.3";
    DONE(cnn2snn_akida_model_save_memory(akida, &options, &file, error));
    DONE(cnn2snn_akida_model_load_memory(context, cnn2snn_buffer_get_data(file), cnn2snn_buffer_get_size(file),
                                         &again, error));
    ck_assert_str_eq(cnn2snn_akida_model_get_version(again), "2.19.3");
    ck_assert_str_eq(cnn2snn_akida_model_get_version(akida), "");
    cnn2snn_buffer_destroy(file);
    cnn2snn_akida_model_destroy(again);
    cnn2snn_akida_model_destroy(akida);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(summaries_show_each_layer)
{
    cnn2snn_model *model = make_model(GOOD);
    cnn2snn_buffer *text = NULL;
    DONE(cnn2snn_model_summary(model, 0, &text, error));
    const char *table = cnn2snn_buffer_get_data(text);
    ck_assert_ptr_nonnull(strstr(table, "QuantizedConv2D  (6, 6, 1)  (4, 4, 2)  20          8\n"));
    ck_assert_ptr_nonnull(strstr(table, "Sequential model, 119 parameters, quantized\n"));
    cnn2snn_buffer_destroy(text);
    DONE(cnn2snn_model_summary(model, 1, &text, error));
    ck_assert_ptr_nonnull(
        strstr(cnn2snn_buffer_get_data(text), "\"name\": \"relu\", \"class_name\": \"QuantizedReLU\""));
    cnn2snn_buffer_destroy(text);
    cnn2snn_model_destroy(model);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("converter");
    tcase_add_test(tests, l031_paths_are_completed_as_the_reference_does);
    tcase_add_test(tests, l031_a_hostile_model_name_names_no_file);
    tcase_add_test(tests, l030_l031_the_model_is_written_and_given_back);
    tcase_add_test(tests, all_faults_come_with_the_first);
    tcase_add_test(tests, warnings_are_logged_and_handed_over);
    tcase_add_test(tests, settings_out_of_range_are_refused);
    tcase_add_test(tests, akida_models_tell_what_they_hold);
    tcase_add_test(tests, summaries_show_each_layer);
    return run_suite("converter", tests);
}
