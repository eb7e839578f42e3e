/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The layout of every public struct as it was released, on machines with 64-bit pointers: a field that is added goes
 * to the end and gets its line here; a line that must change is a broken ABI. And options of older and newer
 * programs.
 */
#include <check.h>
#include <stddef.h>
#include <string.h>

#include "cnn2snn/cnn2snn.h"

#if UINTPTR_MAX == UINT64_MAX
#define LAYOUT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field)
#define SIZE(type, size) _Static_assert(sizeof(type) == (size), #type)

LAYOUT(cnn2snn_allocator, struct_size, 0);
LAYOUT(cnn2snn_allocator, user_data, 8);
LAYOUT(cnn2snn_allocator, allocate, 16);
LAYOUT(cnn2snn_allocator, deallocate, 24);
SIZE(cnn2snn_allocator, 32);

LAYOUT(cnn2snn_context_options, struct_size, 0);
LAYOUT(cnn2snn_context_options, allocator, 8);
LAYOUT(cnn2snn_context_options, log, 16);
LAYOUT(cnn2snn_context_options, log_user_data, 24);
LAYOUT(cnn2snn_context_options, destroy_log_user_data, 32);
LAYOUT(cnn2snn_context_options, progress, 40);
LAYOUT(cnn2snn_context_options, progress_user_data, 48);
LAYOUT(cnn2snn_context_options, destroy_progress_user_data, 56);
LAYOUT(cnn2snn_context_options, log_level, 64);
LAYOUT(cnn2snn_context_options, akida_version, 68);
LAYOUT(cnn2snn_context_options, hdf5_isolation, 72);
LAYOUT(cnn2snn_context_options, threads, 76);
LAYOUT(cnn2snn_context_options, max_file_bytes, 80);
LAYOUT(cnn2snn_context_options, max_tensor_elements, 88);
LAYOUT(cnn2snn_context_options, max_total_bytes, 96);
LAYOUT(cnn2snn_context_options, max_nodes, 104);
LAYOUT(cnn2snn_context_options, max_depth, 108);
LAYOUT(cnn2snn_context_options, kernels, 112);
SIZE(cnn2snn_context_options, 120);

LAYOUT(cnn2snn_load_options, struct_size, 0);
LAYOUT(cnn2snn_load_options, custom_objects, 8);
LAYOUT(cnn2snn_load_options, allow_unknown_layers, 16);
LAYOUT(cnn2snn_load_options, reserved, 20);
LAYOUT(cnn2snn_load_options, without_training, 24);
LAYOUT(cnn2snn_load_options, reserved2, 28);
SIZE(cnn2snn_load_options, 32);

LAYOUT(cnn2snn_predict_options, struct_size, 0);
LAYOUT(cnn2snn_predict_options, batch_size, 8);
LAYOUT(cnn2snn_predict_options, threads, 16);
LAYOUT(cnn2snn_predict_options, reserved, 20);
LAYOUT(cnn2snn_predict_options, layer_output, 24);
LAYOUT(cnn2snn_predict_options, layer_output_user_data, 32);
LAYOUT(cnn2snn_predict_options, layer_integers, 40);
LAYOUT(cnn2snn_predict_options, layer_integers_user_data, 48);
SIZE(cnn2snn_predict_options, 56);

LAYOUT(cnn2snn_sampler_options, struct_size, 0);
LAYOUT(cnn2snn_sampler_options, batch_size, 8);
LAYOUT(cnn2snn_sampler_options, keep_partial_batch, 16);
LAYOUT(cnn2snn_sampler_options, reserved, 20);
SIZE(cnn2snn_sampler_options, 24);

LAYOUT(cnn2snn_metric, struct_size, 0);
LAYOUT(cnn2snn_metric, user_data, 8);
LAYOUT(cnn2snn_metric, destroy_user_data, 16);
LAYOUT(cnn2snn_metric, reset, 24);
LAYOUT(cnn2snn_metric, update, 32);
LAYOUT(cnn2snn_metric, result, 40);
SIZE(cnn2snn_metric, 48);

LAYOUT(cnn2snn_calibrated_layer, struct_size, 0);
LAYOUT(cnn2snn_calibrated_layer, layer_name, 8);
LAYOUT(cnn2snn_calibrated_layer, error_before, 16);
LAYOUT(cnn2snn_calibrated_layer, error_after, 24);
LAYOUT(cnn2snn_calibrated_layer, changed_weights, 32);
LAYOUT(cnn2snn_calibrated_layer, weight_count, 40);
LAYOUT(cnn2snn_calibrated_layer, epochs, 48);
SIZE(cnn2snn_calibrated_layer, 56);

LAYOUT(cnn2snn_bias_correction_options, struct_size, 0);
LAYOUT(cnn2snn_bias_correction_options, batch_size, 8);
LAYOUT(cnn2snn_bias_correction_options, keep_partial_batch, 16);
LAYOUT(cnn2snn_bias_correction_options, reserved, 20);
LAYOUT(cnn2snn_bias_correction_options, layer_done, 24);
LAYOUT(cnn2snn_bias_correction_options, user_data, 32);
LAYOUT(cnn2snn_bias_correction_options, destroy_user_data, 40);
SIZE(cnn2snn_bias_correction_options, 48);

LAYOUT(cnn2snn_optimizer, struct_size, 0);
LAYOUT(cnn2snn_optimizer, kind, 8);
LAYOUT(cnn2snn_optimizer, nesterov, 12);
LAYOUT(cnn2snn_optimizer, learning_rate, 16);
LAYOUT(cnn2snn_optimizer, momentum, 24);
LAYOUT(cnn2snn_optimizer, beta_1, 32);
LAYOUT(cnn2snn_optimizer, beta_2, 40);
LAYOUT(cnn2snn_optimizer, rho, 48);
LAYOUT(cnn2snn_optimizer, epsilon, 56);
LAYOUT(cnn2snn_optimizer, centered, 64);
LAYOUT(cnn2snn_optimizer, reserved, 68);
LAYOUT(cnn2snn_optimizer, apply, 72);
LAYOUT(cnn2snn_optimizer, user_data, 80);
LAYOUT(cnn2snn_optimizer, destroy_user_data, 88);
SIZE(cnn2snn_optimizer, 96);

LAYOUT(cnn2snn_loss, struct_size, 0);
LAYOUT(cnn2snn_loss, kind, 8);
LAYOUT(cnn2snn_loss, reserved, 12);
LAYOUT(cnn2snn_loss, delta, 16);
LAYOUT(cnn2snn_loss, evaluate, 24);
LAYOUT(cnn2snn_loss, user_data, 32);
LAYOUT(cnn2snn_loss, destroy_user_data, 40);
SIZE(cnn2snn_loss, 48);

LAYOUT(cnn2snn_adaround_options, struct_size, 0);
LAYOUT(cnn2snn_adaround_options, optimizer, 8);
LAYOUT(cnn2snn_adaround_options, loss, 16);
LAYOUT(cnn2snn_adaround_options, epochs, 24);
LAYOUT(cnn2snn_adaround_options, batch_size, 32);
LAYOUT(cnn2snn_adaround_options, keep_partial_batch, 40);
LAYOUT(cnn2snn_adaround_options, include_activation, 44);
LAYOUT(cnn2snn_adaround_options, no_gram, 48);
LAYOUT(cnn2snn_adaround_options, reserved, 52);
LAYOUT(cnn2snn_adaround_options, layer_done, 56);
LAYOUT(cnn2snn_adaround_options, user_data, 64);
LAYOUT(cnn2snn_adaround_options, destroy_user_data, 72);
SIZE(cnn2snn_adaround_options, 80);

LAYOUT(cnn2snn_quantizer_class, struct_size, 0);
LAYOUT(cnn2snn_quantizer_class, user_data, 8);
LAYOUT(cnn2snn_quantizer_class, destroy_user_data, 16);
LAYOUT(cnn2snn_quantizer_class, scale_factor, 24);
LAYOUT(cnn2snn_quantizer_class, quantize, 32);
SIZE(cnn2snn_quantizer_class, 40);

LAYOUT(cnn2snn_activation_class, struct_size, 0);
LAYOUT(cnn2snn_activation_class, user_data, 8);
LAYOUT(cnn2snn_activation_class, destroy_user_data, 16);
LAYOUT(cnn2snn_activation_class, step, 24);
SIZE(cnn2snn_activation_class, 32);

LAYOUT(cnn2snn_layer_class, struct_size, 0);
LAYOUT(cnn2snn_layer_class, user_data, 8);
LAYOUT(cnn2snn_layer_class, destroy_user_data, 16);
LAYOUT(cnn2snn_layer_class, output_shape, 24);
LAYOUT(cnn2snn_layer_class, call, 32);
SIZE(cnn2snn_layer_class, 40);

LAYOUT(cnn2snn_quantize_options, struct_size, 0);
LAYOUT(cnn2snn_quantize_options, weight_quantization, 8);
LAYOUT(cnn2snn_quantize_options, activ_quantization, 12);
LAYOUT(cnn2snn_quantize_options, input_weight_quantization, 16);
LAYOUT(cnn2snn_quantize_options, skip_fold_batchnorm, 20);
LAYOUT(cnn2snn_quantize_options, quantizer_function, 24);
LAYOUT(cnn2snn_quantize_options, quantizer_function_user_data, 32);
LAYOUT(cnn2snn_quantize_options, destroy_quantizer_function_user_data, 40);
SIZE(cnn2snn_quantize_options, 48);

LAYOUT(cnn2snn_convert_options, struct_size, 0);
LAYOUT(cnn2snn_convert_options, input_scale, 8);
LAYOUT(cnn2snn_convert_options, input_shift, 16);
LAYOUT(cnn2snn_convert_options, has_input_scaling, 24);
LAYOUT(cnn2snn_convert_options, input_mode, 28);
LAYOUT(cnn2snn_convert_options, akida_version, 32);
LAYOUT(cnn2snn_convert_options, reserved, 36);
LAYOUT(cnn2snn_convert_options, akida_release, 40);
LAYOUT(cnn2snn_convert_options, hardware_mapper, 48);
LAYOUT(cnn2snn_convert_options, hardware_mapper_user_data, 56);
LAYOUT(cnn2snn_convert_options, flatten_shifts, 64);
LAYOUT(cnn2snn_convert_options, exact_scales, 68);
SIZE(cnn2snn_convert_options, 72);

LAYOUT(cnn2snn_check_options, struct_size, 0);
LAYOUT(cnn2snn_check_options, input_mode, 8);
LAYOUT(cnn2snn_check_options, reserved, 12);
LAYOUT(cnn2snn_check_options, akida_version, 16);
LAYOUT(cnn2snn_check_options, reserved2, 20);
LAYOUT(cnn2snn_check_options, flow, 24);
LAYOUT(cnn2snn_check_options, input_dtype, 28);
LAYOUT(cnn2snn_check_options, hardware_mapper, 32);
LAYOUT(cnn2snn_check_options, hardware_mapper_user_data, 40);
SIZE(cnn2snn_check_options, 48);

LAYOUT(cnn2snn_akida_save_options, struct_size, 0);
LAYOUT(cnn2snn_akida_save_options, version, 8);
LAYOUT(cnn2snn_akida_save_options, akida_release, 16);
SIZE(cnn2snn_akida_save_options, 24);

LAYOUT(cnn2snn_simulator_options, struct_size, 0);
LAYOUT(cnn2snn_simulator_options, threads, 8);
LAYOUT(cnn2snn_simulator_options, reserved, 12);
SIZE(cnn2snn_simulator_options, 16);

LAYOUT(cnn2snn_simulator_memory, struct_size, 0);
LAYOUT(cnn2snn_simulator_memory, weights, 8);
LAYOUT(cnn2snn_simulator_memory, activations, 16);
LAYOUT(cnn2snn_simulator_memory, workspace, 24);
LAYOUT(cnn2snn_simulator_memory, state, 32);
LAYOUT(cnn2snn_simulator_memory, layer_outputs, 40);
LAYOUT(cnn2snn_simulator_memory, total, 48);
SIZE(cnn2snn_simulator_memory, 56);
#endif

/* ------------------------------------------------------------------------------------------------ initializers */

static const cnn2snn_context_options context_options = CNN2SNN_CONTEXT_OPTIONS_INIT;
static const cnn2snn_load_options load_options = CNN2SNN_LOAD_OPTIONS_INIT;
static const cnn2snn_predict_options predict_options = CNN2SNN_PREDICT_OPTIONS_INIT;
static const cnn2snn_quantize_options quantize_options = CNN2SNN_QUANTIZE_OPTIONS_INIT;
static const cnn2snn_convert_options convert_options = CNN2SNN_CONVERT_OPTIONS_INIT;
static const cnn2snn_check_options check_options = CNN2SNN_CHECK_OPTIONS_INIT;
static const cnn2snn_akida_save_options akida_save_options = CNN2SNN_AKIDA_SAVE_OPTIONS_INIT;
static const cnn2snn_simulator_options simulator_options = CNN2SNN_SIMULATOR_OPTIONS_INIT;
static const cnn2snn_quantizer_class quantizer_class = CNN2SNN_QUANTIZER_CLASS_INIT;
static const cnn2snn_activation_class activation_class = CNN2SNN_ACTIVATION_CLASS_INIT;
static const cnn2snn_layer_class layer_class = CNN2SNN_LAYER_CLASS_INIT;

typedef cnn2snn_status (*init_function)(void *options, size_t struct_size);

/* A call through the true type of each function. */
#define INIT_WRAPPER(name)                                                                                           \
    static cnn2snn_status init_##name(void *options, size_t struct_size)                                             \
    {                                                                                                                \
        return cnn2snn_##name##_init(options, struct_size);                                                          \
    }
INIT_WRAPPER(context_options)
INIT_WRAPPER(load_options)
INIT_WRAPPER(predict_options)
INIT_WRAPPER(quantize_options)
INIT_WRAPPER(convert_options)
INIT_WRAPPER(check_options)
INIT_WRAPPER(akida_save_options)
INIT_WRAPPER(simulator_options)

static const struct {
    const char *name;
    const void *initialized;
    size_t size;
    init_function init;
} structs[] = {
    {"context", &context_options, sizeof context_options, init_context_options},
    {"load", &load_options, sizeof load_options, init_load_options},
    {"predict", &predict_options, sizeof predict_options, init_predict_options},
    {"quantize", &quantize_options, sizeof quantize_options, init_quantize_options},
    {"convert", &convert_options, sizeof convert_options, init_convert_options},
    {"check", &check_options, sizeof check_options, init_check_options},
    {"akida_save", &akida_save_options, sizeof akida_save_options, init_akida_save_options},
    {"simulator", &simulator_options, sizeof simulator_options, init_simulator_options},
    {"quantizer_class", &quantizer_class, sizeof quantizer_class, NULL},
    {"activation_class", &activation_class, sizeof activation_class, NULL},
    {"layer_class", &layer_class, sizeof layer_class, NULL},
};

enum { STRUCTS = sizeof structs / sizeof *structs, ROOM = 256 };

START_TEST(initializers_set_the_size_and_functions_do_the_same)
{
    for (int i = 0; i < STRUCTS; i++) {
        size_t told;
        memcpy(&told, structs[i].initialized, sizeof told);
        ck_assert_msg(told == structs[i].size, "%s", structs[i].name);
        if (!structs[i].init)
            continue;
        unsigned char bytes[ROOM];
        memset(bytes, 0xaa, sizeof bytes);
        ck_assert_int_eq(structs[i].init(bytes, structs[i].size), CNN2SNN_OK);
        ck_assert_msg(!memcmp(bytes, structs[i].initialized, structs[i].size), "%s", structs[i].name);
        ck_assert_int_eq(bytes[structs[i].size], 0xaa);
    }
}
END_TEST

START_TEST(functions_write_no_more_than_an_older_program_has_room_for)
{
    for (int i = 0; i < STRUCTS; i++) {
        for (size_t size = sizeof(size_t); structs[i].init && size < structs[i].size; size += 4) {
            unsigned char bytes[ROOM];
            size_t told;
            memset(bytes, 0xaa, sizeof bytes);
            ck_assert_int_eq(structs[i].init(bytes, size), CNN2SNN_OK);
            memcpy(&told, bytes, sizeof told);
            ck_assert_uint_eq(told, size);
            ck_assert(
                !memcmp(bytes + sizeof told, (const char *)structs[i].initialized + sizeof told, size - sizeof told));
            ck_assert_int_eq(bytes[size], 0xaa);
        }
    }
}
END_TEST

START_TEST(functions_fill_the_fields_of_a_newer_program_with_zeros)
{
    for (int i = 0; i < STRUCTS; i++) {
        if (!structs[i].init)
            continue;
        unsigned char bytes[ROOM];
        memset(bytes, 0xaa, sizeof bytes);
        ck_assert_int_eq(structs[i].init(bytes, structs[i].size + 16), CNN2SNN_OK);
        for (size_t at = structs[i].size; at < structs[i].size + 16; at++)
            ck_assert_int_eq(bytes[at], 0);
        ck_assert_int_eq(bytes[structs[i].size + 16], 0xaa);
    }
}
END_TEST

START_TEST(functions_refuse_what_is_no_struct)
{
    for (int i = 0; i < STRUCTS; i++) {
        unsigned char bytes[ROOM];
        if (!structs[i].init)
            continue;
        ck_assert_int_eq(structs[i].init(NULL, structs[i].size), CNN2SNN_E_INVALID_ARGUMENT);
        ck_assert_int_eq(structs[i].init(bytes, 0), CNN2SNN_E_INVALID_ARGUMENT);
    }
}
END_TEST

START_TEST(programs_built_for_another_abi_are_told_so)
{
    cnn2snn_context *context = NULL;
    cnn2snn_error *error = NULL;
    ck_assert_uint_eq(cnn2snn_abi_version(), CNN2SNN_ABI_VERSION);
    ck_assert_str_eq(cnn2snn_version_string(), CNN2SNN_VERSION);
    ck_assert_int_eq(cnn2snn_context_create(CNN2SNN_ABI_VERSION, NULL, &context, &error), CNN2SNN_OK);
    cnn2snn_context_destroy(context);
    ck_assert_int_eq(cnn2snn_context_create(CNN2SNN_ABI_VERSION + 1, NULL, &context, &error), CNN2SNN_OK);
    cnn2snn_context_destroy(context);
    const uint32_t others[] = {CNN2SNN_ABI_VERSION + 0x100, CNN2SNN_ABI_VERSION + 0x10000};
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(cnn2snn_context_create(others[i], NULL, &context, &error), CNN2SNN_E_UNSUPPORTED);
        ck_assert_ptr_null(context);
        ck_assert_ptr_nonnull(strstr(cnn2snn_error_get_message(error), "ABI"));
        cnn2snn_error_destroy(error);
        error = NULL;
    }
}
END_TEST

START_TEST(every_status_has_a_name)
{
    for (cnn2snn_status status = CNN2SNN_OK; status >= CNN2SNN_E_CALLBACK; status--)
        ck_assert_str_ne(cnn2snn_status_name(status), "unknown");
    ck_assert_str_eq(cnn2snn_status_name(CNN2SNN_E_NOT_SEQUENTIAL), "E_NOT_SEQUENTIAL");
    ck_assert_str_eq(cnn2snn_status_name(1), "unknown");
    ck_assert_str_eq(cnn2snn_status_name(-1000), "unknown");
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("struct_layout");
    tcase_add_test(tests, initializers_set_the_size_and_functions_do_the_same);
    tcase_add_test(tests, functions_write_no_more_than_an_older_program_has_room_for);
    tcase_add_test(tests, functions_fill_the_fields_of_a_newer_program_with_zeros);
    tcase_add_test(tests, functions_refuse_what_is_no_struct);
    tcase_add_test(tests, programs_built_for_another_abi_are_told_so);
    tcase_add_test(tests, every_status_has_a_name);
    Suite *suite = suite_create("struct_layout");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
