/* SPDX-License-Identifier: Apache-2.0 */
/* What simulators hold, and that running allocates nothing. */
#include "edge_models.h"

static cnn2snn_akida_model *temporal(void)
{
    cnn2snn_akida_model *model = layer_of(C2S_AKIDA_BUFFER_TEMP_CONV, 3, 3, 2, 1);
    weights(model, "weights", 4, EXTENTS(1, 1, 4, 1), VALUES(1, 10, 100, -5));
    return model;
}

/* Images, branches, old layers, a state. */
static cnn2snn_akida_model *model_number(int number)
{
    static const char *const fixtures[] = {"current_v1.fbz", "current_v2.fbz", "old_v2.fbz"};
    return number < (int)COUNT(fixtures) ? load_fixture(fixtures[number]) : temporal();
}

enum { MODELS = 4, SAMPLES = 5 };

static cnn2snn_tensor *some_samples(const cnn2snn_simulator *simulator, int64_t count)
{
    const struct c2s_stage *first = &simulator->stages[0];
    double values[SAMPLES * 100];
    for (int i = 0; i < SAMPLES * 100; i++)
        values[i] = i * 37 % 256;
    return samples_of(c2s_sample_dtype(first), count, first->in, values);
}

static cnn2snn_tensor *new_output(const cnn2snn_simulator *simulator, cnn2snn_dtype dtype, int64_t count)
{
    const struct c2s_stage *last = &simulator->stages[simulator->stage_count - 1];
    const int64_t shape[4] = {count, last->out[0], last->out[1], last->out[2]};
    cnn2snn_tensor *tensor;
    ck_assert_int_eq(c2s_tensor_create_zeros(context, dtype ? dtype : last->dtype, 4, shape, &tensor, NULL),
                     CNN2SNN_OK);
    return tensor;
}

struct seen {
    cnn2snn_tensor *kept; /* of the first layer */
    int calls;
    bool keep;
};

static cnn2snn_status see(void *user_data, const char *name, const cnn2snn_tensor *output, cnn2snn_error **error)
{
    struct seen *seen = user_data;
    if (seen->keep && !seen->calls)
        seen->kept = c2s_tensor_retain(output);
    seen->calls++;
    return CNN2SNN_OK;
}

static void run_into(cnn2snn_simulator *simulator, const cnn2snn_tensor *input, bool layers, cnn2snn_tensor *output)
{
    struct seen seen = {0};
    ck_assert_int_eq(c2s_simulator_forward_into(simulator, input, false, layers ? see : NULL, &seen, output, NULL),
                     CNN2SNN_OK);
    ck_assert_uint_eq((size_t)seen.calls, layers ? simulator->stage_count : 0);
}

START_TEST(running_into_an_output_allocates_nothing)
{
    for (int threads = 1; threads <= 4; threads += 3) { /* with four a sample at a time, and parts of one */
        cnn2snn_akida_model *model = model_number(_i);
        cnn2snn_simulator *simulator = simulator_of(model, threads);
        cnn2snn_tensor *input = some_samples(simulator, SAMPLES), *output = new_output(simulator, 0, SAMPLES);
        cnn2snn_tensor *one_input = some_samples(simulator, 1), *one_output = new_output(simulator, 0, 1);
        bool potentials = !c2s_sample_check_predict(model, &simulator->stages[simulator->stage_count - 1], NULL);
        cnn2snn_tensor *predicted = new_output(simulator, CNN2SNN_DTYPE_FLOAT32, SAMPLES);
        for (int layers = 0; layers < 2; layers++) {
            run_into(simulator, input, layers, output);
            test_heap.allocations = 0;
            for (int i = 0; i < 3; i++)
                run_into(simulator, input, layers, output);
            run_into(simulator, one_input, false, one_output);
            if (potentials)
                ck_assert_int_eq(c2s_simulator_forward_into(simulator, input, true, NULL, NULL, predicted, NULL),
                                 CNN2SNN_OK);
            ck_assert_int_eq(test_heap.allocations, 0);
        }
        c2s_simulator_reset(simulator);
        run_into(simulator, input, false, output);
        c2s_simulator_reset(simulator);
        cnn2snn_tensor *fresh = NULL;
        ck_assert_int_eq(c2s_simulator_forward(simulator, input, false, NULL, NULL, &fresh, NULL), CNN2SNN_OK);
        ck_assert_mem_eq(fresh->data, output->data, fresh->size);
        cnn2snn_tensor *all[] = {input, output, one_input, one_output, predicted, fresh};
        for (size_t i = 0; i < COUNT(all); i++)
            c2s_tensor_release(all[i]);
        c2s_simulator_destroy(simulator);
        c2s_akida_model_release(model);
    }
}
END_TEST

START_TEST(a_layer_output_that_the_callback_keeps_stays_as_it_is)
{
    cnn2snn_akida_model *model = neuron(C2S_AKIDA_DENSE1D, 1);
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    cnn2snn_tensor *output = new_output(simulator, 0, 1);
    struct seen seen[3] = {{.keep = true}, {.keep = true}, {0}};
    for (int i = 0; i < 3; i++) {
        cnn2snn_tensor *input = samples_of(CNN2SNN_DTYPE_INT8, 1, EXTENTS(1, 1, 1), VALUES(7 + i));
        ck_assert_int_eq(c2s_simulator_forward_into(simulator, input, false, see, &seen[i], output, NULL),
                         CNN2SNN_OK);
        c2s_tensor_release(input);
    }
    c2s_simulator_destroy(simulator);
    for (int i = 0; i < 2; i++) {
        ck_assert_double_eq(c2s_tensor_get_double(seen[i].kept, 0), 7 + i);
        c2s_tensor_release(seen[i].kept);
    }
    c2s_tensor_release(output);
    c2s_akida_model_release(model);
}
END_TEST

static cnn2snn_status run_again(void *user_data, const char *name, const cnn2snn_tensor *output,
                                cnn2snn_error **error)
{
    cnn2snn_simulator *simulator = user_data;
    cnn2snn_tensor *input = samples_of(CNN2SNN_DTYPE_INT8, 3, EXTENTS(1, 1, 1), VALUES(4, 5, 6));
    cnn2snn_tensor *other = new_output(simulator, 0, 3);
    ck_assert_double_eq(c2s_tensor_get_double(output, 1), 8);
    run_into(simulator, input, true, other);
    ck_assert_double_eq(c2s_tensor_get_double(other, 2), 6);
    ck_assert_double_eq(c2s_tensor_get_double(output, 1), 8);
    c2s_tensor_release(input);
    c2s_tensor_release(other);
    return CNN2SNN_OK;
}

START_TEST(a_callback_may_run_the_simulator_again)
{
    cnn2snn_akida_model *model = neuron(C2S_AKIDA_DENSE1D, 1);
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    cnn2snn_tensor *input = samples_of(CNN2SNN_DTYPE_INT8, 2, EXTENTS(1, 1, 1), VALUES(7, 8));
    cnn2snn_tensor *output = new_output(simulator, 0, 2);
    for (int i = 0; i < 2; i++)
        ck_assert_int_eq(c2s_simulator_forward_into(simulator, input, false, run_again, simulator, output, NULL),
                         CNN2SNN_OK);
    ck_assert_double_eq(c2s_tensor_get_double(output, 1), 8);
    c2s_tensor_release(input);
    c2s_tensor_release(output);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

static void expect_other_output(cnn2snn_simulator *simulator, const cnn2snn_tensor *input, cnn2snn_tensor *output,
                                const char *message)
{
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(c2s_simulator_forward_into(simulator, input, false, NULL, NULL, output, &error),
                     CNN2SNN_E_VALUE);
    ck_assert_msg(strstr(error->message, message) != NULL, "%s", error->message);
    c2s_error_clear(&error);
    c2s_tensor_release(output);
}

START_TEST(an_output_of_another_type_or_shape_or_in_use_is_refused)
{
    cnn2snn_akida_model *model = events(1, 1, 1, 3); /* hands its input through */
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    cnn2snn_tensor *input = samples_of(CNN2SNN_DTYPE_INT8, 2, EXTENTS(1, 1, 3), VALUES(1, 2, 3, 4, 5, 6));
    expect_other_output(simulator, input, new_output(simulator, CNN2SNN_DTYPE_UINT8, 2),
                        "the output is uint8, expected int8");
    expect_other_output(simulator, input, new_output(simulator, 0, 3),
                        "the output's shape is (3, 1, 1, 3), expected (2, 1, 1, 3)");
    expect_other_output(simulator, input, c2s_tensor_retain(input), "in use");
    cnn2snn_tensor *output = new_output(simulator, 0, 2), *view, *wrapped;
    ck_assert_int_eq(c2s_tensor_reshape(output, 4, EXTENTS(2, 1, 1, 3), &view, NULL), CNN2SNN_OK);
    expect_other_output(simulator, input, view, "in use");
    expect_other_output(simulator, input, c2s_tensor_retain(output), "in use");
    ck_assert_int_eq(c2s_tensor_wrap(context, CNN2SNN_DTYPE_INT8, 4, EXTENTS(2, 1, 1, 3), NULL, "abcdef", NULL, NULL,
                                     &wrapped, NULL),
                     CNN2SNN_OK);
    expect_other_output(simulator, input, wrapped, "the caller's own");
    expect_other_output(simulator, input, input, "in use");
    c2s_tensor_release(output);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

enum { HEAD = 64 }; /* of each block: its size */

/* What the context's allocator gave, but for the heads of blocks. */
static size_t bytes_alive(void)
{
    return test_heap.bytes - HEAD * (size_t)test_heap.live;
}

/* That isn't told: the simulator's own lists and its threads. */
static size_t size_of_lists(const cnn2snn_akida_model *model, int threads)
{
    struct c2s_worker_pool *pool;
    size_t before = bytes_alive();
    ck_assert_int_eq(c2s_worker_pool_create(context, threads, &pool, NULL), CNN2SNN_OK);
    size_t size = bytes_alive() - before;
    c2s_worker_pool_destroy(pool);
    return size + sizeof(struct cnn2snn_simulator) + model->layer_count * sizeof(struct c2s_stage);
}

START_TEST(memory_is_told_to_the_byte)
{
    for (int threads = 1; threads <= 3; threads++) {
        cnn2snn_akida_model *model = model_number(_i);
        drop_strangers(model);
        size_t lists = size_of_lists(model, threads), before = bytes_alive();
        cnn2snn_simulator *simulator = simulator_of(model, threads);
        cnn2snn_simulator_memory memory;
        c2s_simulator_memory(simulator, &memory);
        size_t empty = 0; /* blocks of no bytes have one */
        for (size_t i = 0; i < simulator->stage_count; i++)
            for (size_t k = 0; k < simulator->stages[i].owned_count; k++)
                empty += !simulator->stages[i].owned[k].size;
        empty += !simulator->own_size;
        ck_assert_uint_eq(memory.total + lists + empty, bytes_alive() - before);
        ck_assert_uint_eq(memory.total, memory.weights + memory.activations + memory.workspace + memory.state +
                                            memory.layer_outputs);
        ck_assert_int_eq(memory.state > 0, _i == 3);
        cnn2snn_tensor *input = some_samples(simulator, 2), *output = new_output(simulator, 0, 2);
        run_into(simulator, input, true, output);
        uint64_t outputs = 0, told = memory.total;
        for (size_t i = 0; i < simulator->stage_count; i++)
            outputs += simulator->layer_outputs[i]->size;
        c2s_simulator_memory(simulator, &memory);
        ck_assert_uint_eq(memory.layer_outputs, outputs);
        ck_assert_uint_eq(memory.total, told + outputs);
        c2s_tensor_release(input);
        c2s_tensor_release(output);
        c2s_simulator_destroy(simulator);
        c2s_akida_model_release(model);
    }
}
END_TEST

/* Outputs of a row of layers take the places of those before the last. */
START_TEST(a_row_of_layers_needs_two_activations)
{
    enum { LAYERS = 6, PLACES = 32, CHANNELS = 16 };
    double ones[CHANNELS] = {0};
    cnn2snn_akida_model *model = events(1, PLACES, PLACES, CHANNELS);
    for (int i = 0; i < LAYERS; i++) {
        char name[16];
        snprintf(name, sizeof name, "l%d", i);
        add_layer(model, C2S_AKIDA_DEPTHWISE_CONV2D, name, "kernel_size", 1, "kernel_stride", 1, "padding",
                  C2S_PADDING_SAME, "pool_type", 0, "activation", 0, "output_bits", 8, "buffer_bits", 32, NULL);
        weights(model, "weights", 4, EXTENTS(1, 1, CHANNELS, 1), ones);
    }
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    cnn2snn_simulator_memory memory;
    c2s_simulator_memory(simulator, &memory);
    /* of 32 bits the samples, too, which come in bytes */
    size_t most = used_kernels ? 2 * PLACES * PLACES * CHANNELS : 3 * PLACES * PLACES * CHANNELS * sizeof(int32_t);
    ck_assert_uint_le(memory.activations, most + 1024);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}
END_TEST

static Suite *make_suite(void)
{
    Suite *suite = suite_create("simulator_memory");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_loop_test(tests, running_into_an_output_allocates_nothing, 0, MODELS);
    tcase_add_test(tests, a_layer_output_that_the_callback_keeps_stays_as_it_is);
    tcase_add_test(tests, a_callback_may_run_the_simulator_again);
    tcase_add_test(tests, an_output_of_another_type_or_shape_or_in_use_is_refused);
    tcase_add_loop_test(tests, memory_is_told_to_the_byte, 0, MODELS);
    tcase_add_test(tests, a_row_of_layers_needs_two_activations);
    suite_add_tcase(suite, tests);
    return suite;
}

int main(void)
{
    return run_on_all_kernels(make_suite);
}
