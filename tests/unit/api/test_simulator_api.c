/* SPDX-License-Identifier: Apache-2.0 */
/* The simulator through its public functions. */
#include "api_fixture.h"

static cnn2snn_akida_model *load(void)
{
    cnn2snn_akida_model *model = NULL;
    DONE(cnn2snn_akida_model_load(context, TEST_DATA "/fbz/current_v1.fbz", &model, error));
    return model;
}

static cnn2snn_tensor *image(cnn2snn_dtype dtype)
{
    static const int64_t shape[4] = {2, 6, 4, 1};
    cnn2snn_tensor *tensor = NULL;
    DONE(cnn2snn_tensor_create(context, dtype, 4, shape, &tensor, error));
    return tensor;
}

START_TEST(a_simulator_says_what_it_takes_and_gives)
{
    cnn2snn_akida_model *model = load();
    cnn2snn_simulator *simulator = NULL;
    int64_t shape[3];
    DONE(cnn2snn_simulator_create(model, NULL, &simulator, error));
    cnn2snn_akida_model_destroy(model); /* the simulator keeps it */
    ck_assert_int_eq(cnn2snn_simulator_get_input_shape(simulator, shape), CNN2SNN_OK);
    ck_assert_int_eq(shape[0], 6);
    ck_assert_int_eq(shape[1], 4);
    ck_assert_int_eq(shape[2], 1);
    ck_assert_int_eq(cnn2snn_simulator_get_input_dtype(simulator), CNN2SNN_DTYPE_UINT8);
    ck_assert_int_eq(cnn2snn_simulator_accepts_float32(simulator), 0);
    ck_assert_int_eq(cnn2snn_simulator_get_output_shape(simulator, shape), CNN2SNN_OK);
    ck_assert_int_eq(shape[2], 2);
    ck_assert_int_eq(cnn2snn_simulator_get_output_dtype(simulator), CNN2SNN_DTYPE_INT32);
    ck_assert_uint_gt(cnn2snn_simulator_get_memory_size(simulator), 100);
    cnn2snn_simulator_destroy(simulator);
}
END_TEST

START_TEST(forward_and_predict_give_new_tensors)
{
    cnn2snn_akida_model *model = load();
    cnn2snn_simulator *simulator = NULL;
    cnn2snn_simulator_options options;
    ck_assert_int_eq(cnn2snn_simulator_options_init(&options, sizeof options), CNN2SNN_OK);
    options.threads = 2;
    DONE(cnn2snn_simulator_create(model, &options, &simulator, error));
    cnn2snn_tensor *input = image(CNN2SNN_DTYPE_UINT8), *output = NULL, *potentials = NULL;
    DONE(cnn2snn_simulator_forward(simulator, input, NULL, NULL, &output, error));
    DONE(cnn2snn_simulator_predict(simulator, input, &potentials, error));
    ck_assert_int_eq(cnn2snn_tensor_get_dtype(output), CNN2SNN_DTYPE_INT32);
    ck_assert_int_eq(cnn2snn_tensor_get_dtype(potentials), CNN2SNN_DTYPE_FLOAT32);
    ck_assert_uint_eq(cnn2snn_tensor_get_count(output), 4);
    cnn2snn_simulator_reset(simulator);
    cnn2snn_tensor_destroy(output);
    cnn2snn_tensor_destroy(potentials);
    cnn2snn_tensor_destroy(input);
    cnn2snn_simulator_destroy(simulator);
    cnn2snn_akida_model_destroy(model);
}
END_TEST

START_TEST(what_a_call_can_not_do_is_an_error)
{
    cnn2snn_akida_model *model = load();
    cnn2snn_simulator *simulator = NULL;
    cnn2snn_tensor *output = NULL;
    cnn2snn_simulator_options options = CNN2SNN_SIMULATOR_OPTIONS_INIT;
    options.threads = -1;
    FAILS(CNN2SNN_E_VALUE, "threads", cnn2snn_simulator_create(model, &options, &simulator, error));
    options.threads = 0;
    options.reserved = 1;
    FAILS(CNN2SNN_E_UNSUPPORTED, "", cnn2snn_simulator_create(model, &options, &simulator, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "model", cnn2snn_simulator_create(NULL, NULL, &simulator, error));
    DONE(cnn2snn_simulator_create(model, NULL, &simulator, error));
    cnn2snn_tensor *input = image(CNN2SNN_DTYPE_FLOAT32);
    FAILS(CNN2SNN_E_VALUE, "float32", cnn2snn_simulator_forward(simulator, input, NULL, NULL, &output, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "input", cnn2snn_simulator_predict(simulator, NULL, &output, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "simulator", cnn2snn_simulator_predict(NULL, input, &output, error));
    ck_assert_int_eq(cnn2snn_simulator_get_input_shape(NULL, NULL), CNN2SNN_E_INVALID_ARGUMENT);
    ck_assert_int_eq(cnn2snn_simulator_get_output_dtype(NULL), CNN2SNN_DTYPE_NONE);
    ck_assert_uint_eq(cnn2snn_simulator_get_memory_size(NULL), 0);
    cnn2snn_simulator_reset(NULL);
    cnn2snn_simulator_destroy(NULL);
    cnn2snn_tensor_destroy(input);
    cnn2snn_simulator_destroy(simulator);
    cnn2snn_akida_model_destroy(model);
}
END_TEST

START_TEST(outputs_may_be_the_callers)
{
    cnn2snn_akida_model *model = load();
    cnn2snn_simulator *simulator = NULL;
    DONE(cnn2snn_simulator_create(model, NULL, &simulator, error));
    cnn2snn_tensor *input = image(CNN2SNN_DTYPE_UINT8), *expected = NULL, *output = NULL;
    DONE(cnn2snn_simulator_forward(simulator, input, NULL, NULL, &expected, error));
    DONE(cnn2snn_tensor_create(context, CNN2SNN_DTYPE_INT32, 4, cnn2snn_tensor_get_shape(expected), &output, error));
    DONE(cnn2snn_simulator_forward_into(simulator, input, NULL, NULL, output, error));
    ck_assert_mem_eq(cnn2snn_tensor_get_data(output), cnn2snn_tensor_get_data(expected),
                     cnn2snn_tensor_get_size(expected));
    FAILS(CNN2SNN_E_VALUE, "float32", cnn2snn_simulator_predict_into(simulator, input, output, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "output", cnn2snn_simulator_predict_into(simulator, input, NULL, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "output",
          cnn2snn_simulator_forward_into(simulator, input, NULL, NULL, NULL, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "input",
          cnn2snn_simulator_forward_into(simulator, NULL, NULL, NULL, output, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "simulator",
          cnn2snn_simulator_forward_into(NULL, input, NULL, NULL, output, error));
    cnn2snn_tensor_destroy(output);
    DONE(
        cnn2snn_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 4, cnn2snn_tensor_get_shape(expected), &output, error));
    DONE(cnn2snn_simulator_predict_into(simulator, input, output, error));
    cnn2snn_tensor_destroy(output);
    cnn2snn_tensor_destroy(expected);
    cnn2snn_tensor_destroy(input);
    cnn2snn_simulator_destroy(simulator);
    cnn2snn_akida_model_destroy(model);
}
END_TEST

START_TEST(memory_is_told_by_its_use)
{
    cnn2snn_akida_model *model = load();
    cnn2snn_simulator *simulator = NULL;
    cnn2snn_simulator_memory memory = {0};
    DONE(cnn2snn_simulator_create(model, NULL, &simulator, error));
    ck_assert_int_eq(cnn2snn_simulator_get_memory(simulator, &memory, sizeof memory), CNN2SNN_OK);
    ck_assert_uint_eq(memory.struct_size, sizeof memory);
    ck_assert_uint_gt(memory.weights, 0);
    ck_assert_uint_gt(memory.activations, 0);
    ck_assert_uint_eq(memory.state, 0);
    ck_assert_uint_eq(memory.total, memory.weights + memory.activations + memory.workspace);
    ck_assert_uint_eq(memory.total, cnn2snn_simulator_get_memory_size(simulator));
    memory.total = 7; /* a program that knows the first field only */
    ck_assert_int_eq(cnn2snn_simulator_get_memory(simulator, &memory, 16), CNN2SNN_OK);
    ck_assert_uint_eq(memory.total, 7);
    ck_assert_int_eq(cnn2snn_simulator_get_memory(NULL, &memory, sizeof memory), CNN2SNN_E_INVALID_ARGUMENT);
    ck_assert_int_eq(cnn2snn_simulator_get_memory(simulator, NULL, sizeof memory), CNN2SNN_E_INVALID_ARGUMENT);
    cnn2snn_simulator_destroy(simulator);
    cnn2snn_akida_model_destroy(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("simulator_api");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, create_context, destroy_context);
    tcase_add_test(tests, a_simulator_says_what_it_takes_and_gives);
    tcase_add_test(tests, forward_and_predict_give_new_tensors);
    tcase_add_test(tests, what_a_call_can_not_do_is_an_error);
    tcase_add_test(tests, outputs_may_be_the_callers);
    tcase_add_test(tests, memory_is_told_by_its_use);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_ENV);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
