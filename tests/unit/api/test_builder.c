/* SPDX-License-Identifier: Apache-2.0 */
/* Models built layer by layer. */
#include <math.h>

#include "api_fixture.h"

static const int64_t SHAPE3[] = {3};

static cnn2snn_model_builder *make_builder(void)
{
    cnn2snn_model_builder *builder = NULL;
    DONE(cnn2snn_model_builder_create(context, NULL, &builder, error));
    return builder;
}

static int32_t add_input(cnn2snn_model_builder *builder, const char *name)
{
    int32_t value = -1;
    DONE(cnn2snn_model_builder_add_input(builder, name, 1, SHAPE3, CNN2SNN_DTYPE_NONE, &value, error));
    return value;
}

static int32_t call_layer(cnn2snn_model_builder *builder, cnn2snn_layer *layer, size_t count, const int32_t *inputs)
{
    int32_t value = -1;
    DONE(cnn2snn_model_builder_call(builder, layer, count, inputs, &value, error));
    return value;
}

static void set_weight(cnn2snn_layer *layer, size_t index, float value)
{
    const cnn2snn_tensor *old = cnn2snn_layer_get_weight(layer, index);
    cnn2snn_tensor *tensor = make_tensor(cnn2snn_tensor_get_rank(old), cnn2snn_tensor_get_shape(old));
    float *data = cnn2snn_tensor_get_writable_data(tensor);
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(tensor); i++)
        data[i] = value;
    DONE(cnn2snn_layer_set_weight(layer, index, tensor, error));
    cnn2snn_tensor_destroy(tensor);
}

START_TEST(a_layer_called_twice_shares_its_weights)
{
    cnn2snn_model_builder *builder = make_builder();
    int32_t inputs[] = {add_input(builder, NULL), add_input(builder, NULL)};
    cnn2snn_layer *dense = make_layer("Dense", "{\"units\": 2, \"use_bias\": false}");
    cnn2snn_layer *add = make_layer("Subtract", NULL);
    DONE(cnn2snn_layer_build(dense, 1, SHAPE3, error));
    set_weight(dense, 0, 0.5f);
    int32_t values[] = {call_layer(builder, dense, 1, &inputs[0]), call_layer(builder, dense, 1, &inputs[1])};
    int32_t result = call_layer(builder, add, 2, values);
    set_weight(dense, 0, 100); /* too late for the model */
    cnn2snn_layer_destroy(dense);
    cnn2snn_layer_destroy(add);
    cnn2snn_model *model = NULL;
    DONE(cnn2snn_model_builder_finish(builder, 1, &result, &model, error));
    cnn2snn_model_builder_destroy(builder);
    ck_assert_int_eq(cnn2snn_model_is_sequential(model), 0);
    ck_assert_uint_eq(cnn2snn_model_get_layer_count(model), 4);
    ck_assert_str_eq(cnn2snn_layer_get_name(cnn2snn_model_get_layer(model, 0)), "input_1");
    ck_assert_str_eq(cnn2snn_layer_get_name(cnn2snn_model_get_layer(model, 1)), "input_2");
    const char *called = cnn2snn_layer_get_name(cnn2snn_model_get_layer(model, 2)),
               *last = cnn2snn_layer_get_name(cnn2snn_model_get_layer(model, 3));
    ck_assert_uint_eq(cnn2snn_model_get_inbound_count(model, called), 2); /* one for each call */
    ck_assert_ptr_eq(cnn2snn_model_get_inbound(model, called, 0), cnn2snn_model_get_layer(model, 0));
    ck_assert_ptr_eq(cnn2snn_model_get_inbound(model, called, 1), cnn2snn_model_get_layer(model, 1));
    ck_assert_ptr_null(cnn2snn_model_get_inbound(model, called, 2));
    ck_assert_uint_eq(cnn2snn_model_get_inbound_count(model, last), 2);
    ck_assert_ptr_eq(cnn2snn_model_get_inbound(model, last, 1), cnn2snn_model_get_layer(model, 2));
    ck_assert_uint_eq(cnn2snn_model_get_inbound_count(model, "input_1"), 0);
    ck_assert_uint_eq(cnn2snn_model_get_inbound_count(model, "absent"), 0);

    static const int64_t one[] = {1, 3};
    cnn2snn_tensor *big = make_tensor(2, one), *zero = NULL, *output = NULL; /* 0 1 2 and 0 0 0 */
    DONE(cnn2snn_tensor_create(context, CNN2SNN_DTYPE_INT8, 2, one, &zero, error));
    const cnn2snn_tensor *given[] = {big, zero};
    DONE(cnn2snn_model_predict(model, 2, given, NULL, 1, &output, error));
    const float *data = cnn2snn_tensor_get_data(output);
    ck_assert_float_eq(data[0], 1.5f);
    ck_assert_float_eq(data[1], 1.5f);
    cnn2snn_tensor_destroy(output);
    cnn2snn_tensor_destroy(zero);
    cnn2snn_tensor_destroy(big);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(layers_without_names_are_numbered)
{
    cnn2snn_layer *dense = make_layer("Dense", "{\"units\": 3}"), *other = make_layer("Dense", "{\"units\": 3}");
    cnn2snn_layer *layers[] = {dense, other, dense, make_layer("MaxPooling2D", NULL)};
    cnn2snn_model *model = NULL;
    DONE(cnn2snn_model_create_sequential(context, NULL, 1, SHAPE3, 3, layers, &model, error));
    const char *const names[] = {"dense", "dense_1", "dense_2"};
    for (int64_t i = 0; i < 3; i++) {
        const cnn2snn_layer *layer = cnn2snn_model_get_layer(model, i);
        cnn2snn_buffer *config = NULL;
        ck_assert_str_eq(cnn2snn_layer_get_name(layer), names[i]);
        DONE(cnn2snn_layer_get_config(layer, &config, error));
        ck_assert_ptr_nonnull(strstr(cnn2snn_buffer_get_data(config), names[i]));
        cnn2snn_buffer_destroy(config);
    }
    ck_assert_str_eq(cnn2snn_model_get_name(model), "sequential");
    ck_assert_str_eq(cnn2snn_layer_get_name(layers[3]), "max_pooling2d");
    ck_assert_ptr_null(cnn2snn_model_find_layer(model, "input_1")); /* not a layer of a Sequential */
    cnn2snn_model_destroy(model);
    cnn2snn_layer_destroy(layers[3]);
    cnn2snn_layer_destroy(other);
    cnn2snn_layer_destroy(dense);
}
END_TEST

START_TEST(names_given_twice_are_refused)
{
    cnn2snn_layer *layers[] = {make_layer("ReLU", "{\"name\": \"same\"}"),
                               make_layer("ReLU", "{\"name\": \"same\"}")};
    cnn2snn_model *model = NULL;
    FAILS(CNN2SNN_E_VALUE, "same",
          cnn2snn_model_create_sequential(context, NULL, 1, SHAPE3, 2, layers, &model, error));
    ck_assert_ptr_null(model);
    cnn2snn_model_builder *builder = make_builder();
    int32_t value = add_input(builder, "same"), out = -1;
    FAILS(CNN2SNN_E_VALUE, "same", cnn2snn_model_builder_call(builder, layers[0], 1, &value, &out, error));
    FAILS(CNN2SNN_E_VALUE, "same",
          cnn2snn_model_builder_add_input(builder, "same", 1, SHAPE3, CNN2SNN_DTYPE_NONE, &out, error));
    ck_assert_int_eq(out, -1);
    cnn2snn_model_builder_destroy(builder);
    cnn2snn_layer_destroy(layers[0]);
    cnn2snn_layer_destroy(layers[1]);
}
END_TEST

START_TEST(what_does_not_fit_is_refused_where_it_is_called)
{
    static const int64_t image[] = {4, 4, 2};
    cnn2snn_model_builder *builder = make_builder();
    int32_t value = add_input(builder, NULL), wide = -1, out = -1, bad[] = {value, 9};
    cnn2snn_layer *conv = make_layer("Conv2D", "{\"filters\": 1, \"kernel_size\": 3, \"name\": \"c\"}");
    cnn2snn_layer *add = make_layer("Add", NULL), *dense = make_layer("Dense", "{\"units\": 4}");
    cnn2snn_layer *input = make_layer("InputLayer", "{\"batch_input_shape\": [null, 3]}");
    DONE(cnn2snn_model_builder_add_input(builder, NULL, 3, image, CNN2SNN_DTYPE_NONE, &wide, error));
    FAILS(CNN2SNN_E_VALUE, "c: ", cnn2snn_model_builder_call(builder, conv, 1, &value, &out, error));
    FAILS(CNN2SNN_E_INDEX, "9", cnn2snn_model_builder_call(builder, add, 2, bad, &out, error));
    FAILS(CNN2SNN_E_VALUE, "no value", cnn2snn_model_builder_call(builder, add, 0, NULL, &out, error));
    FAILS(CNN2SNN_E_VALUE, "InputLayer", cnn2snn_model_builder_call(builder, input, 1, &value, &out, error));
    DONE(cnn2snn_model_builder_call(builder, dense, 1, &value, &out, error));
    FAILS(CNN2SNN_E_VALUE, "dense", cnn2snn_model_builder_call(builder, dense, 1, &wide, &out, error));
    cnn2snn_layer_destroy(input);
    cnn2snn_layer_destroy(dense);
    cnn2snn_layer_destroy(add);
    cnn2snn_layer_destroy(conv);
    cnn2snn_model_builder_destroy(builder);
}
END_TEST

START_TEST(a_finished_builder_is_empty)
{
    cnn2snn_model_builder *builder = make_builder();
    int32_t value = add_input(builder, NULL), out = -1, bad = -1;
    cnn2snn_layer *relu = make_layer("ReLU", NULL);
    cnn2snn_model *model = NULL;
    FAILS(CNN2SNN_E_VALUE, "output", cnn2snn_model_builder_finish(builder, 0, NULL, &model, error));
    value = call_layer(builder, relu, 1, &value);
    DONE(cnn2snn_model_builder_finish(builder, 1, &value, &model, error));
    cnn2snn_model_destroy(model);
    FAILS(CNN2SNN_E_STATE, "finished", cnn2snn_model_builder_finish(builder, 1, &value, &model, error));
    ck_assert_ptr_null(model);
    FAILS(CNN2SNN_E_STATE, "finished", cnn2snn_model_builder_call(builder, relu, 1, &value, &out, error));
    cnn2snn_model_builder_destroy(builder);
    builder = make_builder();
    FAILS(CNN2SNN_E_INDEX, "-1", cnn2snn_model_builder_finish(builder, 1, &bad, &model, error));
    cnn2snn_model_builder_destroy(builder);
    cnn2snn_layer_destroy(relu);
}
END_TEST

START_TEST(weights_are_set_in_one_model_only)
{
    static const char *const layers[][2] = {{"Dense", "{\"units\": 2}"}};
    cnn2snn_model *model = make_sequential(1, SHAPE3, 1, layers), *clone = NULL;
    static const int64_t good[] = {3, 2}, bad[] = {2, 3};
    cnn2snn_tensor *kernel = make_tensor(2, good), *other = make_tensor(2, bad);
    DONE(cnn2snn_model_clone(model, &clone, error));
    DONE(cnn2snn_model_set_weight(model, "dense", 0, kernel, error));
    FAILS(CNN2SNN_E_VALUE, "(2, 3), expected (3, 2)", cnn2snn_model_set_weight(model, "dense", 0, other, error));
    FAILS(CNN2SNN_E_INDEX, "7", cnn2snn_model_set_weight(model, "dense", 7, kernel, error));
    FAILS(CNN2SNN_E_VALUE, "nobody", cnn2snn_model_set_weight(model, "nobody", 0, kernel, error));
    const float *ours =
        cnn2snn_tensor_get_data(cnn2snn_layer_get_weight(cnn2snn_model_find_layer(model, "dense"), 0));
    const float *theirs =
        cnn2snn_tensor_get_data(cnn2snn_layer_get_weight(cnn2snn_model_find_layer(clone, "dense"), 0));
    ck_assert_float_eq(ours[5], 5);
    ck_assert_float_eq(theirs[5], 0);
    cnn2snn_tensor_destroy(kernel);
    cnn2snn_tensor_destroy(other);
    cnn2snn_model_destroy(clone);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l094_l108_layers_tell_their_numbers)
{
    cnn2snn_layer *relu = make_layer("QuantizedReLU", "{\"bitwidth\": 2, \"max_value\": 6.3}");
    cnn2snn_layer *conv =
        make_layer("QuantizedConv2D", "{\"filters\": 1, \"kernel_size\": 1, \"quantizer\": {\"class_name\": "
                                      "\"MaxQuantizer\", \"config\": {\"bitwidth\": 5}}}");
    cnn2snn_layer *open = make_layer("ReLU", NULL), *dense = make_layer("Dense", "{\"units\": 1}");
    ck_assert_int_eq(cnn2snn_layer_get_bitwidth(relu), 2);
    ck_assert_float_eq(cnn2snn_layer_get_step(relu), 6.3f / 3);
    ck_assert_float_eq(cnn2snn_layer_get_threshold(relu), 6.3f / 3 * 0.5f);
    ck_assert_float_eq(cnn2snn_layer_get_max_value(relu), 6.3f);
    ck_assert_int_eq(cnn2snn_layer_get_bitwidth(conv), 5);
    ck_assert_int_eq(cnn2snn_quantizer_get_kind(cnn2snn_layer_get_quantizer(conv)), CNN2SNN_QUANTIZER_MAX);
    ck_assert_ptr_null(cnn2snn_layer_get_depthwise_quantizer(conv));
    ck_assert(isnan(cnn2snn_layer_get_step(conv)));
    ck_assert(isinf(cnn2snn_layer_get_max_value(open)));
    ck_assert_int_eq(cnn2snn_layer_get_bitwidth(open), 0);
    ck_assert_ptr_null(cnn2snn_layer_get_quantizer(dense));
    ck_assert_uint_eq(cnn2snn_layer_get_weight_count(dense), 0);
    DONE(cnn2snn_layer_build(dense, 1, SHAPE3, error));
    ck_assert_uint_eq(cnn2snn_layer_get_weight_count(dense), 2);
    ck_assert_str_eq(cnn2snn_layer_get_weight_name(dense, 1), "bias");
    ck_assert_ptr_null(cnn2snn_layer_get_weight_name(dense, 2));
    cnn2snn_layer_destroy(relu);
    cnn2snn_layer_destroy(conv);
    cnn2snn_layer_destroy(open);
    cnn2snn_layer_destroy(dense);
}
END_TEST

START_TEST(l108_quantized_activations_work_on_any_shape)
{
    static const int64_t shape[] = {2, 2, 2};
    cnn2snn_layer *relu = make_layer("QuantizedReLU", "{\"bitwidth\": 2}"), *dense = make_layer("ReLU", NULL);
    cnn2snn_tensor *values = make_tensor(3, shape), *result = NULL;
    DONE(cnn2snn_layer_quantized_activation(relu, values, &result, error));
    const float *data = cnn2snn_tensor_get_data(result);
    for (int i = 0; i < 8; i++)
        ck_assert_float_eq(data[i], i < 3 ? (float)i : 3);
    cnn2snn_tensor_destroy(result);
    FAILS(CNN2SNN_E_TYPE, "ReLU", cnn2snn_layer_quantized_activation(dense, values, &result, error));
    cnn2snn_tensor_destroy(values);
    cnn2snn_layer_destroy(dense);
    cnn2snn_layer_destroy(relu);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("builder");
    tcase_add_test(tests, a_layer_called_twice_shares_its_weights);
    tcase_add_test(tests, layers_without_names_are_numbered);
    tcase_add_test(tests, names_given_twice_are_refused);
    tcase_add_test(tests, what_does_not_fit_is_refused_where_it_is_called);
    tcase_add_test(tests, a_finished_builder_is_empty);
    tcase_add_test(tests, weights_are_set_in_one_model_only);
    tcase_add_test(tests, l094_l108_layers_tell_their_numbers);
    tcase_add_test(tests, l108_quantized_activations_work_on_any_shape);
    return run_suite("builder", tests);
}
