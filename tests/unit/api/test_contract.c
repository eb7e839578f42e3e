/* SPDX-License-Identifier: Apache-2.0 */
/* What base.h promises of every function: NULL arguments, options of older and newer callers, outputs, errors. */
#include <math.h>

#include "api_fixture.h"

#define NULL_ARGUMENT(name, call) FAILS(CNN2SNN_E_INVALID_ARGUMENT, "argument " name " is NULL", call)

/* A pointer that outputs hold before a call; a failure must make it NULL. */
static void *const JUNK = (void *)0x1;

START_TEST(null_arguments_are_named)
{
    cnn2snn_tensor *tensor = NULL;
    cnn2snn_model *model = NULL;
    cnn2snn_layer *layer = NULL;
    cnn2snn_buffer *buffer = NULL;
    cnn2snn_akida_model *akida = NULL;
    cnn2snn_quantizer *quantizer = NULL;
    cnn2snn_archive *archive = NULL;
    cnn2snn_model_builder *builder = NULL;
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_training *training = NULL;
    double value;
    int64_t shape[3] = {1, 2, 3};
    size_t rank;
    NULL_ARGUMENT("out_context", cnn2snn_context_create(CNN2SNN_ABI_VERSION, NULL, NULL, error));
    NULL_ARGUMENT("context", cnn2snn_tensor_create(NULL, CNN2SNN_DTYPE_INT8, 1, shape, &tensor, error));
    NULL_ARGUMENT("shape", cnn2snn_tensor_create(context, CNN2SNN_DTYPE_INT8, 1, NULL, &tensor, error));
    NULL_ARGUMENT("out_tensor", cnn2snn_tensor_create(context, CNN2SNN_DTYPE_INT8, 1, shape, NULL, error));
    NULL_ARGUMENT("data", cnn2snn_tensor_wrap(context, 1, 1, shape, NULL, NULL, NULL, NULL, &tensor, error));
    NULL_ARGUMENT("tensor", cnn2snn_tensor_convert(NULL, CNN2SNN_DTYPE_INT8, &tensor, error));
    NULL_ARGUMENT("tensor", cnn2snn_tensor_reshape(NULL, 1, shape, &tensor, error));
    NULL_ARGUMENT("path", cnn2snn_tensor_load(context, NULL, &tensor, error));
    NULL_ARGUMENT("tensor", cnn2snn_tensor_save(NULL, "x.npy", error));
    NULL_ARGUMENT("context", cnn2snn_archive_create(NULL, &archive, error));
    NULL_ARGUMENT("path", cnn2snn_archive_load(context, NULL, &archive, error));
    NULL_ARGUMENT("archive", cnn2snn_archive_save(NULL, "x.npz", error));
    NULL_ARGUMENT("path", cnn2snn_model_load(context, NULL, NULL, &model, error));
    NULL_ARGUMENT("data", cnn2snn_model_load_memory(context, NULL, 4, NULL, &model, error));
    NULL_ARGUMENT("json", cnn2snn_model_create_from_json(context, NULL, 0, NULL, &model, error));
    NULL_ARGUMENT("model", cnn2snn_model_load_weights(NULL, "x", &model, error));
    NULL_ARGUMENT("model", cnn2snn_model_save(NULL, "x", error));
    NULL_ARGUMENT("model", cnn2snn_model_save_memory(NULL, &buffer, error));
    NULL_ARGUMENT("model", cnn2snn_model_clone(NULL, &model, error));
    NULL_ARGUMENT("model", cnn2snn_model_get_config(NULL, &buffer, error));
    NULL_ARGUMENT("model", cnn2snn_model_summary(NULL, 0, &buffer, error));
    NULL_ARGUMENT("model", cnn2snn_model_get_input_shape(NULL, 0, 3, shape, &rank, error));
    NULL_ARGUMENT("model", cnn2snn_model_set_weight(NULL, "x", 0, NULL, error));
    NULL_ARGUMENT("outputs", cnn2snn_model_predict(NULL, 0, NULL, NULL, 1, NULL, error));
    NULL_ARGUMENT("model", cnn2snn_model_predict(NULL, 0, NULL, NULL, 1, &tensor, error));
    NULL_ARGUMENT("model", cnn2snn_model_get_training(NULL, &training, error));
    NULL_ARGUMENT("out_training", cnn2snn_model_get_training(NULL, NULL, error));
    NULL_ARGUMENT("training", cnn2snn_training_get_loss_config(NULL, 0, &buffer, error));
    NULL_ARGUMENT("training", cnn2snn_training_get_metric_config(NULL, 0, 0, 0, &buffer, error));
    NULL_ARGUMENT("training", cnn2snn_training_get_optimizer_config(NULL, &buffer, error));
    NULL_ARGUMENT("training", cnn2snn_training_get_hyperparameter(NULL, "lr", &value, error));
    NULL_ARGUMENT("class_name", cnn2snn_layer_create(context, NULL, "{}", NULL, &layer, error));
    NULL_ARGUMENT("layer", cnn2snn_layer_get_config(NULL, &buffer, error));
    NULL_ARGUMENT("layer", cnn2snn_layer_build(NULL, 1, shape, error));
    NULL_ARGUMENT("layer", cnn2snn_layer_set_weight(NULL, 0, NULL, error));
    NULL_ARGUMENT("layer", cnn2snn_layer_call(NULL, 0, NULL, &tensor, error));
    NULL_ARGUMENT("layer", cnn2snn_layer_quantized_activation(NULL, NULL, &tensor, error));
    NULL_ARGUMENT("context", cnn2snn_model_builder_create(NULL, NULL, &builder, error));
    NULL_ARGUMENT("builder", cnn2snn_model_builder_finish(NULL, 0, NULL, &model, error));
    NULL_ARGUMENT("layers", cnn2snn_model_create_sequential(context, NULL, 1, shape, 2, NULL, &model, error));
    NULL_ARGUMENT("context", cnn2snn_quantizer_create(NULL, CNN2SNN_QUANTIZER_MAX, 4, 3, &quantizer, error));
    NULL_ARGUMENT("json", cnn2snn_quantizer_create_from_config(context, NULL, NULL, &quantizer, error));
    NULL_ARGUMENT("quantizer", cnn2snn_quantizer_quantize(NULL, NULL, &tensor, error));
    NULL_ARGUMENT("quantizer", cnn2snn_quantizer_get_config(NULL, &buffer, error));
    NULL_ARGUMENT("context", cnn2snn_custom_objects_create(NULL, &custom, error));
    NULL_ARGUMENT("model", cnn2snn_model_quantize(NULL, NULL, &model, error));
    NULL_ARGUMENT("model", cnn2snn_model_quantize_layer(NULL, 0, 4, NULL, NULL, &model, error));
    NULL_ARGUMENT("model", cnn2snn_model_sequentialize(NULL, &model, error));
    NULL_ARGUMENT("model", cnn2snn_model_reshape(NULL, 1, 1, &model, error));
    NULL_ARGUMENT("model", cnn2snn_convert(NULL, NULL, &akida, NULL, error));
    NULL_ARGUMENT("model", cnn2snn_convert_to_file(NULL, NULL, "x", NULL, NULL, error));
    NULL_ARGUMENT("model", cnn2snn_convert_file_path(NULL, "x", &buffer, error));
    NULL_ARGUMENT("path", cnn2snn_akida_model_load(context, NULL, &akida, error));
    NULL_ARGUMENT("data", cnn2snn_akida_model_load_memory(context, NULL, 4, &akida, error));
    NULL_ARGUMENT("model", cnn2snn_akida_model_save(NULL, "x", NULL, error));
    NULL_ARGUMENT("model", cnn2snn_akida_model_summary(NULL, 0, &buffer, error));
    NULL_ARGUMENT("model", cnn2snn_akida_model_get_input_shape(NULL, 0, shape, error));
    NULL_ARGUMENT("report", cnn2snn_report_print(NULL, 0, &buffer, error));
}
END_TEST

START_TEST(outputs_are_null_after_failures)
{
    cnn2snn_model *model = JUNK;
    cnn2snn_tensor *tensors[2] = {JUNK, JUNK};
    cnn2snn_akida_model *akida = JUNK;
    cnn2snn_report *report = JUNK;
    ck_assert_int_eq(cnn2snn_model_load(context, "absent.h5", NULL, &model, NULL), CNN2SNN_E_IO);
    ck_assert_ptr_null(model);
    model = JUNK;
    ck_assert_int_eq(cnn2snn_model_load(NULL, "absent.h5", NULL, &model, NULL), CNN2SNN_E_INVALID_ARGUMENT);
    ck_assert_ptr_null(model);
    ck_assert_int_eq(cnn2snn_model_predict(NULL, 0, NULL, NULL, 2, tensors, NULL), CNN2SNN_E_INVALID_ARGUMENT);
    ck_assert(!tensors[0] && !tensors[1]);
    ck_assert_int_eq(cnn2snn_convert(NULL, NULL, &akida, &report, NULL), CNN2SNN_E_INVALID_ARGUMENT);
    ck_assert(!akida && !report);
}
END_TEST

START_TEST(l069_errors_of_files_name_them)
{
    cnn2snn_error *error = NULL;
    cnn2snn_model *model = NULL;
    ck_assert_int_eq(cnn2snn_model_load(context, "absent.h5", NULL, &model, &error), CNN2SNN_E_IO);
    ck_assert_str_eq(cnn2snn_error_get_file(error), "absent.h5");
    ck_assert_ptr_nonnull(strstr(cnn2snn_error_get_text(error), "absent.h5: "));
    ck_assert_int_eq(cnn2snn_error_get_offset(error), -1);
    cnn2snn_error_destroy(error);
}
END_TEST

START_TEST(getters_of_nothing_give_nothing)
{
    ck_assert_str_eq(cnn2snn_error_get_message(NULL), "");
    ck_assert_str_eq(cnn2snn_error_get_text(NULL), "");
    ck_assert_str_eq(cnn2snn_error_get_rule(NULL), "");
    ck_assert_str_eq(cnn2snn_error_get_layer(NULL), "");
    ck_assert_str_eq(cnn2snn_error_get_file(NULL), "");
    ck_assert_ptr_null(cnn2snn_error_get_report(NULL));
    ck_assert_uint_eq(cnn2snn_report_get_count(NULL), 0);
    ck_assert_str_eq(cnn2snn_report_get_message(NULL, 0), "");
    ck_assert_int_eq(cnn2snn_report_get_severity(NULL, 0), 0);
    ck_assert_ptr_null(cnn2snn_model_get_name(NULL));
    ck_assert_ptr_null(cnn2snn_model_get_layer(NULL, 0));
    ck_assert_uint_eq(cnn2snn_model_get_layer_count(NULL), 0);
    ck_assert_uint_eq(cnn2snn_model_get_inbound_count(NULL, "dense"), 0);
    ck_assert_ptr_null(cnn2snn_model_get_inbound(NULL, "dense", 0));
    ck_assert_ptr_null(cnn2snn_layer_get_name(NULL));
    ck_assert_int_eq(cnn2snn_layer_get_bitwidth(NULL), 0);
    ck_assert(isnan(cnn2snn_layer_get_step(NULL)) && isnan(cnn2snn_layer_get_max_value(NULL)));
    ck_assert(isnan(cnn2snn_quantizer_get_threshold(NULL)));
    ck_assert_ptr_null(cnn2snn_tensor_get_data(NULL));
    ck_assert_ptr_null(cnn2snn_buffer_get_data(NULL));
    ck_assert_ptr_null(cnn2snn_akida_model_get_layer_name(NULL, 0));
    ck_assert_int_eq(cnn2snn_akida_model_get_parameter(NULL, 0, "filters", 7), 7);
    ck_assert_str_eq(cnn2snn_akida_model_get_version(NULL), "");
    cnn2snn_error_destroy(NULL);
    cnn2snn_report_destroy(NULL);
    cnn2snn_buffer_destroy(NULL);
    cnn2snn_tensor_destroy(NULL);
    cnn2snn_archive_destroy(NULL);
    cnn2snn_model_destroy(NULL);
    cnn2snn_layer_destroy(NULL);
    cnn2snn_model_builder_destroy(NULL);
    cnn2snn_quantizer_destroy(NULL);
    cnn2snn_custom_objects_destroy(NULL);
    cnn2snn_akida_model_destroy(NULL);
    cnn2snn_context_destroy(NULL);
}
END_TEST

START_TEST(status_names_are_known)
{
    ck_assert_str_eq(cnn2snn_status_name(CNN2SNN_OK), "OK");
    ck_assert_str_eq(cnn2snn_status_name(CNN2SNN_E_VALUE), "E_VALUE");
    ck_assert_str_eq(cnn2snn_status_name(CNN2SNN_E_NOT_SEQUENTIAL), "E_NOT_SEQUENTIAL");
    ck_assert_str_eq(cnn2snn_status_name(CNN2SNN_E_CALLBACK), "E_CALLBACK");
    ck_assert_str_eq(cnn2snn_status_name(-15), "unknown");
    ck_assert_str_eq(cnn2snn_status_name(1), "unknown");
    ck_assert_str_eq(cnn2snn_status_name(INT32_MIN), "unknown");
}
END_TEST

/* ------------------------------------------------------------------------------------------------ options */

struct newer_options {
    cnn2snn_load_options known;
    int64_t wish;
};

static cnn2snn_status load_with(const void *options, cnn2snn_error **error)
{
    cnn2snn_model *model = NULL;
    return cnn2snn_model_load(context, "absent.h5", options, &model, error);
}

START_TEST(older_and_newer_options_are_understood_or_refused)
{
    cnn2snn_load_options old = CNN2SNN_LOAD_OPTIONS_INIT;
    old.struct_size = offsetof(cnn2snn_load_options, allow_unknown_layers);
    old.reserved = 1; /* not there in the old struct */
    FAILS(CNN2SNN_E_IO, "absent.h5", load_with(&old, error));
    struct newer_options newer = {.known = CNN2SNN_LOAD_OPTIONS_INIT};
    newer.known.struct_size = sizeof newer;
    FAILS(CNN2SNN_E_IO, "absent.h5", load_with(&newer, error));
    newer.wish = 1;
    FAILS(CNN2SNN_E_UNSUPPORTED, "cnn2snn_load_options", load_with(&newer, error));
    cnn2snn_load_options zero = {0};
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "struct_size", load_with(&zero, error));
    cnn2snn_load_options reserved = CNN2SNN_LOAD_OPTIONS_INIT;
    reserved.reserved = 1;
    FAILS(CNN2SNN_E_UNSUPPORTED, "cnn2snn_load_options", load_with(&reserved, error));
    reserved.reserved = 0;
    reserved.reserved2 = 1;
    FAILS(CNN2SNN_E_UNSUPPORTED, "cnn2snn_load_options", load_with(&reserved, error));
}
END_TEST

START_TEST(options_init_writes_no_more_than_its_size)
{
    struct {
        cnn2snn_quantize_options options;
        unsigned char behind[8];
    } place;
    memset(&place, 0x5a, sizeof place);
    ck_assert_int_eq(cnn2snn_quantize_options_init(&place.options, sizeof place.options), CNN2SNN_OK);
    ck_assert_uint_eq(place.options.struct_size, sizeof place.options);
    ck_assert_int_eq(place.options.input_weight_quantization, -1);
    ck_assert_uint_eq(place.behind[0], 0x5a);
    memset(&place, 0x5a, sizeof place);
    size_t small = offsetof(cnn2snn_quantize_options, input_weight_quantization);
    ck_assert_int_eq(cnn2snn_quantize_options_init(&place.options, small), CNN2SNN_OK);
    ck_assert_uint_eq(place.options.struct_size, small);
    ck_assert_int_eq(place.options.input_weight_quantization, 0x5a5a5a5a);
    ck_assert_int_eq(cnn2snn_quantize_options_init(NULL, 8), CNN2SNN_E_INVALID_ARGUMENT);
    ck_assert_int_eq(cnn2snn_quantize_options_init(&place.options, 0), CNN2SNN_E_INVALID_ARGUMENT);
}
END_TEST

START_TEST(every_options_init_equals_its_macro)
{
    cnn2snn_convert_options c, c_macro = CNN2SNN_CONVERT_OPTIONS_INIT;
    cnn2snn_predict_options p, p_macro = CNN2SNN_PREDICT_OPTIONS_INIT;
    cnn2snn_load_options l, l_macro = CNN2SNN_LOAD_OPTIONS_INIT;
    cnn2snn_akida_save_options a, a_macro = CNN2SNN_AKIDA_SAVE_OPTIONS_INIT;
    cnn2snn_context_options x, x_macro = CNN2SNN_CONTEXT_OPTIONS_INIT;
    ck_assert_int_eq(cnn2snn_convert_options_init(&c, sizeof c), CNN2SNN_OK);
    ck_assert_int_eq(cnn2snn_predict_options_init(&p, sizeof p), CNN2SNN_OK);
    ck_assert_int_eq(cnn2snn_load_options_init(&l, sizeof l), CNN2SNN_OK);
    ck_assert_int_eq(cnn2snn_akida_save_options_init(&a, sizeof a), CNN2SNN_OK);
    ck_assert_int_eq(cnn2snn_context_options_init(&x, sizeof x), CNN2SNN_OK);
    ck_assert_mem_eq(&c, &c_macro, sizeof c);
    ck_assert_mem_eq(&p, &p_macro, sizeof p);
    ck_assert_mem_eq(&l, &l_macro, sizeof l);
    ck_assert_mem_eq(&a, &a_macro, sizeof a);
    ck_assert_mem_eq(&x, &x_macro, sizeof x);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ user data */

static int destroyed;

static void count_destroy(void *user_data)
{
    (void)user_data;
    destroyed++;
}

static cnn2snn_status no_scale(void *user_data, cnn2snn_context *c, const char *config, int32_t bitwidth,
                               const cnn2snn_tensor *weights, cnn2snn_tensor **out_scale, cnn2snn_error **error)
{
    (void)user_data, (void)config, (void)bitwidth, (void)weights, (void)out_scale;
    return cnn2snn_error_create(c, CNN2SNN_E_VALUE, "no scale", error);
}

START_TEST(user_data_of_classes_is_destroyed_once_whatever_happens)
{
    cnn2snn_quantizer_class mine = CNN2SNN_QUANTIZER_CLASS_INIT;
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_quantizer *quantizer = NULL;
    mine.destroy_user_data = count_destroy;
    mine.scale_factor = no_scale;
    destroyed = 0;
    DONE(cnn2snn_custom_objects_create(context, &custom, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "custom", cnn2snn_custom_objects_add_quantizer(NULL, "A", &mine, error));
    ck_assert_int_eq(destroyed, 1);
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "class_name", cnn2snn_custom_objects_add_quantizer(custom, NULL, &mine, error));
    ck_assert_int_eq(destroyed, 2);
    DONE(cnn2snn_custom_objects_add_quantizer(custom, "A", &mine, error));
    FAILS(CNN2SNN_E_VALUE, "A", cnn2snn_custom_objects_add_quantizer(custom, "A", &mine, error));
    ck_assert_int_eq(destroyed, 3);
    mine.scale_factor = NULL;
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "B", cnn2snn_custom_objects_add_quantizer(custom, "B", &mine, error));
    ck_assert_int_eq(destroyed, 4);
    DONE(cnn2snn_quantizer_create_from_config(context, "{\"class_name\": \"A\", \"config\": {\"bitwidth\": 4}}",
                                              custom, &quantizer, error));
    cnn2snn_custom_objects_destroy(custom);
    ck_assert_int_eq(destroyed, 4);
    cnn2snn_quantizer_destroy(quantizer);
    ck_assert_int_eq(destroyed, 5);
}
END_TEST

START_TEST(foreign_memory_is_released_once_whatever_happens)
{
    static const float data[4] = {0};
    static const int64_t shape[] = {4}, negative[] = {-4};
    cnn2snn_tensor *tensor = NULL;
    destroyed = 0;
    FAILS(
        CNN2SNN_E_INVALID_ARGUMENT, "context",
        cnn2snn_tensor_wrap(NULL, CNN2SNN_DTYPE_FLOAT32, 1, shape, NULL, data, count_destroy, NULL, &tensor, error));
    ck_assert_int_eq(destroyed, 1);
    FAILS(CNN2SNN_E_VALUE, "type",
          cnn2snn_tensor_wrap(context, 99, 1, shape, NULL, data, count_destroy, NULL, &tensor, error));
    ck_assert_int_eq(destroyed, 2);
    FAILS(CNN2SNN_E_VALUE, "-4",
          cnn2snn_tensor_wrap(context, CNN2SNN_DTYPE_FLOAT32, 1, negative, NULL, data, count_destroy, NULL, &tensor,
                              error));
    ck_assert_int_eq(destroyed, 3);
    DONE(cnn2snn_tensor_wrap(context, CNN2SNN_DTYPE_FLOAT32, 1, shape, NULL, data, count_destroy, NULL, &tensor,
                             error));
    ck_assert_ptr_eq(cnn2snn_tensor_get_data(tensor), data);
    ck_assert_ptr_null(cnn2snn_tensor_get_writable_data(tensor));
    ck_assert_int_eq(destroyed, 3);
    cnn2snn_tensor_destroy(tensor);
    ck_assert_int_eq(destroyed, 4);
}
END_TEST

START_TEST(quantize_destroys_its_user_data_before_it_returns)
{
    cnn2snn_quantize_options options = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    cnn2snn_model *model = NULL;
    options.destroy_quantizer_function_user_data = count_destroy;
    destroyed = 0;
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "model", cnn2snn_model_quantize(NULL, &options, &model, error));
    ck_assert_int_eq(destroyed, 1);
}
END_TEST

START_TEST(data_in_use_by_others_is_not_writable)
{
    static const int64_t shape[] = {2, 2}, flat[] = {4};
    cnn2snn_tensor *tensor = make_tensor(2, shape), *view = NULL;
    ck_assert_ptr_nonnull(cnn2snn_tensor_get_writable_data(tensor));
    DONE(cnn2snn_tensor_reshape(tensor, 1, flat, &view, error));
    ck_assert_ptr_null(cnn2snn_tensor_get_writable_data(tensor));
    ck_assert_ptr_null(cnn2snn_tensor_get_writable_data(view));
    cnn2snn_tensor_destroy(view);
    ck_assert_ptr_nonnull(cnn2snn_tensor_get_writable_data(tensor));
    cnn2snn_tensor_destroy(tensor);
}
END_TEST

START_TEST(a_context_lives_as_long_as_what_was_made_with_it)
{
    static const int64_t shape[] = {3};
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    cnn2snn_context *other = NULL;
    cnn2snn_tensor *tensor = NULL;
    destroyed = 0;
    options.destroy_log_user_data = count_destroy;
    options.akida_version = CNN2SNN_AKIDA_V1;
    DONE(cnn2snn_context_create(CNN2SNN_ABI_VERSION, &options, &other, error));
    ck_assert_int_eq(cnn2snn_context_get_akida_version(other), CNN2SNN_AKIDA_V1);
    DONE(cnn2snn_tensor_create(other, CNN2SNN_DTYPE_INT8, 1, shape, &tensor, error));
    cnn2snn_context_destroy(other);
    ck_assert_int_eq(destroyed, 0);
    cnn2snn_tensor_destroy(tensor);
    ck_assert_int_eq(destroyed, 1);
}
END_TEST

START_TEST(programs_for_a_newer_library_are_refused)
{
    cnn2snn_context *other = NULL;
    FAILS(CNN2SNN_E_UNSUPPORTED, "ABI", cnn2snn_context_create(CNN2SNN_ABI_VERSION + 0x100, NULL, &other, error));
    DONE(cnn2snn_context_create(CNN2SNN_ABI_VERSION + 1, NULL, &other, error));
    cnn2snn_context_destroy(other);
    ck_assert_uint_eq(cnn2snn_abi_version(), CNN2SNN_ABI_VERSION);
    ck_assert_str_eq(cnn2snn_version_string(), CNN2SNN_VERSION);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("contract");
    tcase_add_test(tests, null_arguments_are_named);
    tcase_add_test(tests, outputs_are_null_after_failures);
    tcase_add_test(tests, l069_errors_of_files_name_them);
    tcase_add_test(tests, getters_of_nothing_give_nothing);
    tcase_add_test(tests, status_names_are_known);
    tcase_add_test(tests, older_and_newer_options_are_understood_or_refused);
    tcase_add_test(tests, options_init_writes_no_more_than_its_size);
    tcase_add_test(tests, every_options_init_equals_its_macro);
    tcase_add_test(tests, user_data_of_classes_is_destroyed_once_whatever_happens);
    tcase_add_test(tests, foreign_memory_is_released_once_whatever_happens);
    tcase_add_test(tests, quantize_destroys_its_user_data_before_it_returns);
    tcase_add_test(tests, data_in_use_by_others_is_not_writable);
    tcase_add_test(tests, a_context_lives_as_long_as_what_was_made_with_it);
    tcase_add_test(tests, programs_for_a_newer_library_are_refused);
    return run_suite("contract", tests);
}
