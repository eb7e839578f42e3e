/* SPDX-License-Identifier: Apache-2.0 */
/* What the tests of the simulator share: models of an input and one layer, run on numbers given in the test. */
#ifndef C2S_SIMULATE_TEST_H
#define C2S_SIMULATE_TEST_H

#include "../akida/akida_test.h"

#include "base/allocator.h"
#include "simulate/simulator.h"

/* What simulators of the tests run on; NULL: plain loops on 32 bits. */
static const struct c2s_byte_kernels *used_kernels;

/* Events of 8 bits, signed or not. */
static inline cnn2snn_akida_model *events(int is_signed, int x, int y, int c)
{
    cnn2snn_akida_model *model = new_model();
    add_layer(model, C2S_AKIDA_INPUT_DATA, "in", "input_width", x, "input_height", y, "input_channels", c,
              "input_bits", 8, "input_signed", is_signed, NULL);
    return model;
}

#define VALUES(...) ((double[]){__VA_ARGS__})
#define EXTENTS(...) ((int64_t[]){__VA_ARGS__})
#define COUNT(array) (sizeof(array) / sizeof *(array))

static inline void vector(cnn2snn_akida_model *model, const char *name, cnn2snn_dtype dtype, int64_t count,
                          const double *values)
{
    set_variable(model, &model->layers[model->layer_count - 1], name, dtype, 1, &count, values);
}

static inline void weights(cnn2snn_akida_model *model, const char *name, size_t rank, const int64_t *shape,
                           const double *values)
{
    set_variable(model, &model->layers[model->layer_count - 1], name, CNN2SNN_DTYPE_INT8, rank, shape, values);
}

static inline void parameter(cnn2snn_akida_model *model, const char *key, int32_t value)
{
    ck_assert_int_eq(c2s_akida_layer_set_parameter(model, &model->layers[model->layer_count - 1], key, value, NULL),
                     CNN2SNN_OK);
}

/* Tests make several kinds of one list of parameters; what a kind doesn't have would be refused. */
static inline void drop_strangers(cnn2snn_akida_model *model)
{
    for (size_t i = 0; i < model->layer_count; i++) {
        struct c2s_akida_layer *layer = &model->layers[i];
        size_t kept = 0;
        for (size_t k = 0; k < layer->parameter_count; k++) {
            if (c2s_akida_layer_knows_parameter(layer, layer->parameters[k].name))
                layer->parameters[kept++] = layer->parameters[k];
            else
                c2s_free(context, layer->parameters[k].name);
        }
        layer->parameter_count = kept;
    }
}

static inline cnn2snn_simulator *simulator_of(const cnn2snn_akida_model *model, int threads)
{
    cnn2snn_simulator *simulator = NULL;
    cnn2snn_error *error = NULL;
    drop_strangers((cnn2snn_akida_model *)model);
    cnn2snn_status status = c2s_simulator_create_with(model, threads, used_kernels, &simulator, &error);
    ck_assert_msg(!status, "%s", error ? error->message : "");
    return simulator;
}

/* As if other samples and layers had used the memory before. */
static inline void fill_memory(cnn2snn_simulator *simulator, int byte)
{
    memset(simulator->lanes, byte, simulator->lane_count * simulator->lane_size * sizeof *simulator->lanes);
    memset(simulator->own, byte, simulator->own_size * c2s_worker_pool_threads(simulator->pool));
}

/* Samples of the type that the model takes. */
static inline cnn2snn_tensor *samples_of(cnn2snn_dtype dtype, int64_t n, const int64_t in[3], const double *values)
{
    const int64_t shape[4] = {n, in[0], in[1], in[2]};
    cnn2snn_tensor *tensor;
    ck_assert_int_eq(c2s_tensor_create_zeros(context, dtype, 4, shape, &tensor, NULL), CNN2SNN_OK);
    for (uint64_t i = 0; i < tensor->count; i++) {
        if (dtype == CNN2SNN_DTYPE_FLOAT32)
            ((float *)tensor->data)[i] = (float)values[i];
        else if (c2s_dtype_size(dtype) == 2)
            ((int16_t *)tensor->data)[i] = (int16_t)(int)values[i];
        else
            ((int8_t *)tensor->data)[i] = (int8_t)(int)values[i];
    }
    return tensor;
}

static inline cnn2snn_tensor *forward(cnn2snn_simulator *simulator, int64_t n, const double *values, bool predict)
{
    const struct c2s_stage *first = &simulator->stages[0];
    cnn2snn_tensor *input = samples_of(c2s_sample_dtype(first), n, first->in, values), *output = NULL;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_simulator_forward(simulator, input, predict, NULL, NULL, &output, &error);
    ck_assert_msg(!status, "%s", error ? error->message : "");
    c2s_tensor_release(input);
    return output;
}

static inline void expect_values(const cnn2snn_tensor *output, cnn2snn_dtype dtype, size_t count,
                                 const double *expected)
{
    ck_assert_int_eq(output->dtype, dtype);
    ck_assert_uint_eq(output->count, count);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(c2s_tensor_get_double(output, i) == expected[i], "value %zu is %.9g, expected %.9g", i,
                      c2s_tensor_get_double(output, i), expected[i]);
}

/* Runs one sample and frees the model. */
static inline void expect_outputs(cnn2snn_akida_model *model, const double *inputs, cnn2snn_dtype dtype, size_t count,
                                  const double *expected)
{
    cnn2snn_simulator *simulator = simulator_of(model, 1);
    cnn2snn_tensor *output = forward(simulator, 1, inputs, false);
    expect_values(output, dtype, count, expected);
    c2s_tensor_release(output);
    c2s_simulator_destroy(simulator);
    c2s_akida_model_release(model);
}

#define EXPECT(model, inputs, dtype, ...)                                                                            \
    expect_outputs(model, inputs, dtype, COUNT(VALUES(__VA_ARGS__)), VALUES(__VA_ARGS__))

/* Making the simulator fails; frees the model. */
static inline void expect_refusal(cnn2snn_akida_model *model, cnn2snn_status expected, const char *message)
{
    cnn2snn_simulator *simulator = NULL;
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(c2s_simulator_create(model, 1, &simulator, &error), expected);
    ck_assert_msg(strstr(error->message, message) != NULL, "%s", error->message);
    ck_assert_ptr_null(simulator);
    c2s_error_clear(&error);
    c2s_akida_model_release(model);
}

/* All tests on 32 bits, then on each variant of the byte kernels that this processor runs. */
static inline int run_on_all_kernels(Suite *(*make)(void))
{
    int failed = run_suite(make());
    for (size_t i = 0; (used_kernels = c2s_byte_kernels_variant(i)); i++) {
        printf("on bytes: %s\n", used_kernels->name);
        failed |= run_suite(make());
    }
    return failed;
}

#endif
