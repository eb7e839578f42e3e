/* SPDX-License-Identifier: Apache-2.0 */
/* Models with states, whole models, threads, inputs that don't fit, memory that ends. */
#include "simulate_test.h"

#include "base/text.h"

/* Two frames in a FIFO of three, one channel; 32 bits throughout. */
static cnn2snn_akida_model *temporal(int kind)
{
    cnn2snn_akida_model *model = events(1, 1, 1, 1);
    add_layer(model, kind, "t", "fifo_size", 3, "filters", 1, "activation", 0, "output_bits", 32, "buffer_bits", 32,
              NULL);
    weights(model, "weights", 4, EXTENTS(1, 1, 3, 1), VALUES(1, 10, 100));
    vector(model, "input_shift", CNN2SNN_DTYPE_UINT8, 1, VALUES(1));
    return model;
}

START_TEST(a_fifo_goes_on_from_sample_to_sample_and_call_to_call)
{
    for (int depthwise = 0; depthwise < 2; depthwise++) {
        cnn2snn_akida_model *model =
            temporal(depthwise ? C2S_AKIDA_DEPTHWISE_BUFFER_TEMP_CONV : C2S_AKIDA_BUFFER_TEMP_CONV);
        cnn2snn_simulator *simulator = simulator_of(model, 4);
        cnn2snn_tensor *output = forward(simulator, 2, VALUES(1, 2), false);
        expect_values(output, CNN2SNN_DTYPE_INT32, 2, VALUES(200, 420));
        c2s_tensor_release(output);
        output = forward(simulator, 2, VALUES(3, 4), false);
        expect_values(output, CNN2SNN_DTYPE_INT32, 2, VALUES(642, 864));
        c2s_tensor_release(output);
        c2s_simulator_reset(simulator);
        output = forward(simulator, 1, VALUES(1), false);
        expect_values(output, CNN2SNN_DTYPE_INT32, 1, VALUES(200));
        c2s_tensor_release(output);
        c2s_simulator_destroy(simulator);
        c2s_akida_model_release(model);
    }
}
END_TEST

START_TEST(a_recurrence_turns_its_state_and_is_subsampled)
{
    cnn2snn_akida_model *model = events(1, 1, 4, 1);
    add_layer(model, C2S_AKIDA_STATEFUL_RECURRENT, "r", "stateful_channels", 1, "output_channels", 1, "subsample", 2,
              "internal_state_bits", 16, "activation", 0, "output_bits", 32, "buffer_bits", 32, NULL);
    weights(model, "in_proj", 2, EXTENTS(1, 1), VALUES(16));
    weights(model, "out_proj", 2, EXTENTS(1, 1), VALUES(3));
    /* A = 0.5 + 0.25 i in units of 1/64; states in units of the shift's 1/64. */
    set_variable(model, &model->layers[1], "A_real", CNN2SNN_DTYPE_INT16, 1, EXTENTS(1), VALUES(32));
    set_variable(model, &model->layers[1], "A_imag", CNN2SNN_DTYPE_INT16, 1, EXTENTS(1), VALUES(16));
    vector(model, "new_state_scale", CNN2SNN_DTYPE_UINT8, 1, VALUES(4));
    vector(model, "new_state_shift", CNN2SNN_DTYPE_INT8, 1, VALUES(0));
    vector(model, "internal_state_outputs_shift", CNN2SNN_DTYPE_INT8, 1, VALUES(-6));
    double re = 0, im = 0, expected[4];
    static const double inputs[4] = {8, 0, 4, -2};
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    for (int call = 0; call < 2; call++) {
        for (int t = 0; t < 4; t++) {
            double r = re * 32 - im * 16 + inputs[t] * 64, i = re * 16 + im * 32;
            re = (double)(((int)r + 32) >> 6);
            im = (double)(((int)i + 32) >> 6);
            expected[t] = 3 * re;
        }
        cnn2snn_tensor *output = forward(simulator, 1, inputs, false);
        expect_values(output, CNN2SNN_DTYPE_INT32, 2, VALUES(expected[1], expected[3]));
        c2s_tensor_release(output);
    }
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(post_processing_compares_the_mean_distance_with_a_threshold)
{
    for (int threshold = 6; threshold <= 7; threshold++) {
        cnn2snn_akida_model *model = events(1, 1, 2, 1);
        add_layer(model, C2S_AKIDA_PICO_POST_PROCESSING, "p", "buffer_bits", 44, NULL);
        ck_assert_int_eq(c2s_akida_layer_add_inbound(model, &model->layers[1], 0, NULL), CNN2SNN_OK);
        set_variable(model, &model->layers[1], "input_scales", CNN2SNN_DTYPE_UINT16, 1, EXTENTS(1), VALUES(4));
        vector(model, "input_shift", CNN2SNN_DTYPE_INT8, 1, VALUES(-1));
        set_variable(model, &model->layers[1], "threshold", CNN2SNN_DTYPE_UINT16, 1, EXTENTS(1), VALUES(threshold));
        /* |2 x - x|: 3 and 10, mean 6.5, rounded down */
        EXPECT(model, VALUES(3, -10), CNN2SNN_DTYPE_INT8, threshold == 6);
    }
}
END_TEST

/* Sums of 28 bits and more are brought to 16 bits by shifts that other layers don't know. */
START_TEST(predictions_are_shifted_by_more_than_31)
{
    for (int threshold = 6; threshold <= 7; threshold++) {
        cnn2snn_akida_model *model = events(1, 1, 2, 1);
        add_layer(model, C2S_AKIDA_PICO_POST_PROCESSING, "p", "buffer_bits", 44, NULL);
        ck_assert_int_eq(c2s_akida_layer_add_inbound(model, &model->layers[1], 0, NULL), CNN2SNN_OK);
        set_variable(model, &model->layers[1], "input_scales", CNN2SNN_DTYPE_UINT16, 1, EXTENTS(1), VALUES(65535));
        vector(model, "input_shift", CNN2SNN_DTYPE_INT8, 1, VALUES(-36));
        set_variable(model, &model->layers[1], "threshold", CNN2SNN_DTYPE_UINT16, 1, EXTENTS(1), VALUES(threshold));
        /* |0 - x|: 3 and 10 */
        EXPECT(model, VALUES(3, -10), CNN2SNN_DTYPE_INT8, threshold == 6);
    }
}
END_TEST

/* Kernels read bytes behind their inputs, which must not count. */
START_TEST(what_memory_held_before_changes_nothing)
{
    cnn2snn_akida_model *model = load_fixture("current_v2.fbz");
    cnn2snn_tensor *first = NULL;
    static const int fills[] = {0x01, 0x7f, 0x80, 0xff};
    double values[16];
    for (int i = 0; i < 16; i++)
        values[i] = i * 37 % 256;
    for (size_t i = 0; i < sizeof fills / sizeof *fills; i++) {
        test_heap.fill = fills[i];
        cnn2snn_simulator *simulator = simulator_of(model, 1);
        fill_memory(simulator, fills[i]);
        cnn2snn_tensor *output = forward(simulator, 1, values, false);
        if (!first)
            first = c2s_tensor_retain(output);
        ck_assert_mem_eq(output->data, first->data, first->size);
        c2s_tensor_release(output);
        c2s_simulator_destroy(simulator);
    }
    c2s_tensor_release(first);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(all_thread_counts_give_the_same)
{
    cnn2snn_akida_model *model = load_fixture("current_v2.fbz");
    enum { SAMPLES = 23 };
    double values[SAMPLES * 16];
    for (int i = 0; i < SAMPLES * 16; i++)
        values[i] = i * 37 % 256;
    cnn2snn_tensor *first = NULL;
    for (int threads = 1; threads <= SAMPLES + 2; threads += 4) { /* the last share out parts of each layer */
        cnn2snn_simulator *simulator = simulator_of(model, threads);
        cnn2snn_tensor *output = forward(simulator, SAMPLES, values, false);
        if (!first)
            first = c2s_tensor_retain(output);
        ck_assert_int_eq(output->dtype, CNN2SNN_DTYPE_FLOAT32);
        ck_assert_mem_eq(output->data, first->data, first->size);
        c2s_tensor_release(output);
        c2s_simulator_destroy(simulator);
    }
    c2s_tensor_release(first);
    c2s_akida_model_release(model);
}
END_TEST

struct seen {
    char names[200];
    uint64_t counts[16];
    int calls, fail_at;
};

static cnn2snn_status see(void *user_data, const char *name, const cnn2snn_tensor *output, cnn2snn_error **error)
{
    struct seen *seen = user_data;
    snprintf(seen->names + strlen(seen->names), sizeof seen->names - strlen(seen->names), "%s ", name);
    seen->counts[seen->calls++] = output->count;
    return seen->calls == seen->fail_at ? CNN2SNN_E_CALLBACK : CNN2SNN_OK;
}

START_TEST(each_layers_output_is_told_in_order)
{
    cnn2snn_akida_model *model = load_fixture("current_v2.fbz");
    cnn2snn_simulator *simulator = simulator_of(model, 2);
    cnn2snn_tensor *input, *output = NULL;
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_UINT8, 4, EXTENTS(3, 4, 4, 1), &input, NULL),
                     CNN2SNN_OK);
    struct seen seen = {.fail_at = -1};
    ck_assert_int_eq(c2s_simulator_forward(simulator, input, false, see, &seen, &output, NULL), CNN2SNN_OK);
    ck_assert_str_eq(seen.names, "q image a b sum cat dense dq ");
    ck_assert_uint_eq(seen.counts[0], 3 * 16);
    ck_assert_uint_eq(seen.counts[5], 3 * 64);
    c2s_tensor_release(output);
    struct seen failing = {.fail_at = 3};
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(c2s_simulator_forward(simulator, input, false, see, &failing, &output, &error),
                     CNN2SNN_E_CALLBACK);
    ck_assert_str_eq(error->layer, "a");
    c2s_error_clear(&error);
    c2s_tensor_release(input);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(inputs_of_another_type_or_shape_are_refused)
{
    static const struct {
        cnn2snn_dtype dtype;
        size_t rank;
        int64_t shape[4];
        cnn2snn_status status;
    } inputs[] = {
        {CNN2SNN_DTYPE_UINT8, 4, {1, 1, 1, 5}, CNN2SNN_OK},
        {CNN2SNN_DTYPE_UINT8, 2, {3, 5}, CNN2SNN_OK},
        {CNN2SNN_DTYPE_UINT8, 4, {0, 1, 1, 5}, CNN2SNN_OK},
        {CNN2SNN_DTYPE_INT8, 4, {1, 1, 1, 5}, CNN2SNN_E_VALUE},
        {CNN2SNN_DTYPE_FLOAT32, 4, {1, 1, 1, 5}, CNN2SNN_E_VALUE},
        {CNN2SNN_DTYPE_UINT8, 4, {1, 1, 5, 1}, CNN2SNN_E_VALUE},
        {CNN2SNN_DTYPE_UINT8, 2, {5, 3}, CNN2SNN_E_VALUE},
        {CNN2SNN_DTYPE_UINT8, 3, {1, 1, 5}, CNN2SNN_E_VALUE},
        {CNN2SNN_DTYPE_UINT8, 1, {5}, CNN2SNN_E_VALUE},
        {CNN2SNN_DTYPE_UINT8, 0, {0}, CNN2SNN_E_VALUE},
    };
    cnn2snn_akida_model *model = load_fixture("typed_events.fbz");
    ck_assert_int_eq(c2s_akida_layer_set_parameter(model, &model->layers[0], "input_bits", 4, NULL), CNN2SNN_OK);
    cnn2snn_simulator *simulator = simulator_of(model, 2);
    for (size_t i = 0; i < COUNT(inputs); i++) {
        cnn2snn_tensor *input, *output = NULL;
        ck_assert_int_eq(
            c2s_tensor_create_zeros(context, inputs[i].dtype, inputs[i].rank, inputs[i].shape, &input, NULL), 0);
        ck_assert_int_eq(c2s_simulator_forward(simulator, input, false, NULL, NULL, &output, NULL), inputs[i].status);
        if (output)
            c2s_tensor_release(output);
        c2s_tensor_release(input);
    }
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(models_that_can_not_run_say_why)
{
    expect_refusal(new_model(), CNN2SNN_E_UNSUPPORTED, "the model has no layers");
    expect_refusal(load_fixture("unknown.fbz"), CNN2SNN_E_UNSUPPORTED, "layers of kind unknown (99) can't be run");
    cnn2snn_akida_model *model = events(1, 1, 1, 1);
    add_layer(model, C2S_AKIDA_DEQUANTIZER, "dq", NULL);
    add_layer(model, C2S_AKIDA_DEQUANTIZER, "again", NULL);
    expect_refusal(model, CNN2SNN_E_UNSUPPORTED, "nothing can be behind a Dequantizer");
    model = events(1, 1, 1, 2);
    add_layer(model, C2S_AKIDA_DENSE1D, "d", "units", 3, "weights_bits", 8, NULL);
    weights(model, "weights", 2, EXTENTS(3, 2), NULL);
    expect_refusal(model, CNN2SNN_E_MALFORMED, "variable weights is int8 (3, 2), expected int8 (2, 3)");
    model = events(1, 1000, 1000, 1);
    add_layer(model, C2S_AKIDA_DENSE1D, "d", "units", 3, NULL);
    expect_refusal(model, CNN2SNN_E_MALFORMED, "variable weights is missing");
    context->max_total_bytes = 1000000;
    expect_refusal(events(1, 1000, 1000, 1), CNN2SNN_E_LIMIT, "max_total_bytes");
}
END_TEST

START_TEST(what_nobody_knows_is_not_run)
{
    cnn2snn_akida_model *model = events(1, 1, 1, 2);
    add_layer(model, C2S_AKIDA_DEQUANTIZER, "dq", "novel", 5, NULL);
    expect_refusal(model, CNN2SNN_E_UNSUPPORTED, "parameter novel of Dequantizer isn't known");
    model = events(1, 1, 1, 2);
    vector(model, "novel", CNN2SNN_DTYPE_INT8, 1, VALUES(1));
    expect_refusal(model, CNN2SNN_E_UNSUPPORTED, "variable novel of InputData isn't known");
    model = events(1, 1, 1, 2);
    model->layers[0].unknown_fields = 2;
    expect_refusal(model, CNN2SNN_E_UNSUPPORTED, "fields that aren't known (2)");
    model = events(1, 1, 1, 2);
    model->unknown_fields = 3;
    expect_refusal(model, CNN2SNN_E_UNSUPPORTED, "fields that aren't known (3)");
}
END_TEST

START_TEST(layers_of_old_runtimes_run)
{
    cnn2snn_akida_model *model = load_fixture("old_v2.fbz");
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    double values[16];
    for (int i = 0; i < 16; i++)
        values[i] = i * 31 % 256;
    cnn2snn_tensor *output = forward(simulator, 1, values, false);
    ck_assert_uint_eq(output->count, 3);
    ck_assert_int_eq(output->dtype, CNN2SNN_DTYPE_INT8);
    c2s_tensor_release(output);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(each_allocation_may_fail)
{
    static const char *const fixtures[] = {"current_v1.fbz", "current_v2.fbz", "old_v2.fbz"};
    cnn2snn_akida_model *model = load_fixture(fixtures[_i]);
    int64_t shape[4] = {2, 0, 0, 0};
    ck_assert_int_eq(c2s_akida_layer_input_shape(model, 0, shape + 1, NULL), CNN2SNN_OK);
    cnn2snn_tensor *input;
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_UINT8, 4, shape, &input, NULL), CNN2SNN_OK);
    cnn2snn_status status = CNN2SNN_E_NO_MEMORY;
    for (long n = 1; status; n++) {
        cnn2snn_simulator *simulator = NULL;
        cnn2snn_tensor *output = NULL;
        cnn2snn_error *error = NULL;
        struct seen seen = {.fail_at = -1};
        long live = test_heap.live;
        test_heap.allocations = 0;
        test_heap.fail_at = n;
        status = c2s_simulator_create_with(model, 2, used_kernels, &simulator, &error);
        if (!status)
            status = c2s_simulator_forward(simulator, input, false, see, &seen, &output, &error);
        ck_assert(!status || status == CNN2SNN_E_NO_MEMORY);
        ck_assert((status != 0) == (error != NULL));
        if (output)
            c2s_tensor_release(output);
        c2s_simulator_destroy(simulator);
        ck_assert_int_eq(test_heap.live, live);
        ck_assert_int_lt(n, 2000);
    }
    test_heap.fail_at = 0;
    c2s_tensor_release(input);
    c2s_akida_model_release(model);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("simulator");
    TCase *tests = tcase_create("all");
    tcase_set_timeout(tests, 60);
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, a_fifo_goes_on_from_sample_to_sample_and_call_to_call);
    tcase_add_test(tests, a_recurrence_turns_its_state_and_is_subsampled);
    tcase_add_test(tests, post_processing_compares_the_mean_distance_with_a_threshold);
    tcase_add_test(tests, predictions_are_shifted_by_more_than_31);
    tcase_add_test(tests, what_memory_held_before_changes_nothing);
    tcase_add_test(tests, all_thread_counts_give_the_same);
    tcase_add_test(tests, each_layers_output_is_told_in_order);
    tcase_add_test(tests, inputs_of_another_type_or_shape_are_refused);
    tcase_add_test(tests, models_that_can_not_run_say_why);
    tcase_add_test(tests, what_nobody_knows_is_not_run);
    tcase_add_test(tests, layers_of_old_runtimes_run);
    tcase_add_loop_test(tests, each_allocation_may_fail, 0, 3);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_on_all_kernels(make_suite);
}
