/* SPDX-License-Identifier: Apache-2.0 */
/* The Akida model in memory: order of parameters and variables, element types, copies, versions. */
#include "akida_test.h"

static const int64_t two[1] = {2};

START_TEST(parameters_are_kept_in_byte_order_and_replaced)
{
    cnn2snn_akida_model *model = new_model();
    struct c2s_akida_layer *layer =
        add_layer(model, C2S_AKIDA_INPUT_DATA, "in", "b", 1, "a_b", 2, "aB", 3, "", 4, "b", 5, NULL);
    static const char *const names[] = {"", "aB", "a_b", "b"};
    static const int32_t values[] = {4, 3, 2, 5};
    ck_assert_uint_eq(layer->parameter_count, 4);
    for (int i = 0; i < 4; i++) {
        ck_assert_str_eq(layer->parameters[i].name, names[i]);
        ck_assert_int_eq(layer->parameters[i].value, values[i]);
    }
    ck_assert_int_eq(c2s_akida_layer_get_parameter(layer, "a_b", -7), 2);
    ck_assert_int_eq(c2s_akida_layer_get_parameter(layer, "a", -7), -7);
    ck_assert(c2s_akida_layer_has_parameter(layer, ""));
    ck_assert(!c2s_akida_layer_has_parameter(layer, "c"));
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(a_variable_that_is_set_again_replaces_the_first)
{
    cnn2snn_akida_model *model = new_model();
    struct c2s_akida_layer *layer = add_layer(model, C2S_AKIDA_CONVOLUTIONAL, "c", NULL);
    set_variable(model, layer, "threshold", CNN2SNN_DTYPE_INT32, 1, two, (double[]){1, 2});
    set_variable(model, layer, "act_step", CNN2SNN_DTYPE_FLOAT32, 1, two, (double[]){1, 2});
    set_variable(model, layer, "threshold", CNN2SNN_DTYPE_INT32, 1, two, (double[]){3, 4});
    ck_assert_uint_eq(layer->variable_count, 2);
    ck_assert_str_eq(layer->variables[0].name, "act_step");
    ck_assert_int_eq(((int32_t *)layer->variables[1].tensor->data)[1], 4);
    ck_assert_ptr_null(c2s_akida_layer_find_variable(layer, "weights"));
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(an_inbound_layer_that_is_not_there_yet_is_refused)
{
    cnn2snn_akida_model *model = new_model();
    cnn2snn_error *error = NULL;
    struct c2s_akida_layer *layer = NULL;
    ck_assert_int_eq(c2s_akida_model_add_layer(model, 4, "c", 0, &layer, &error), CNN2SNN_E_INVALID_ARGUMENT);
    ck_assert_str_eq(error->layer, "c");
    ck_assert_uint_eq(model->layer_count, 0);
    c2s_error_clear(&error);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(a_dtype_that_no_file_can_hold_is_refused)
{
    cnn2snn_akida_model *model = new_model();
    struct c2s_akida_layer *layer = add_layer(model, C2S_AKIDA_CONVOLUTIONAL, "c", NULL);
    cnn2snn_tensor *tensor;
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_INT64, 1, two, &tensor, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_akida_layer_set_variable(model, layer, "x", -1, -1, tensor, NULL), CNN2SNN_E_TYPE);
    c2s_tensor_release(tensor);
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_INT8, 1, two, &tensor, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_akida_layer_set_variable(model, layer, "x", 0, -1, tensor, NULL), CNN2SNN_E_TYPE);
    ck_assert_int_eq(c2s_akida_layer_set_variable(model, layer, "x", 11, -1, tensor, NULL), CNN2SNN_E_TYPE);
    ck_assert_int_eq(c2s_akida_layer_set_variable(model, layer, "x", 7, -1, tensor, NULL), CNN2SNN_OK);
    c2s_tensor_release(tensor);
    c2s_akida_model_release(model);
}
END_TEST

static const struct {
    int32_t kind, bits, type, layout;
} canonical[] = {
    {C2S_AKIDA_CONVOLUTIONAL, 1, 6, 0},
    {C2S_AKIDA_CONVOLUTIONAL, 2, 8, 0},
    {C2S_AKIDA_FULLY_CONNECTED, 4, 7, 0},
    {C2S_AKIDA_FULLY_CONNECTED, 8, 3, 0},
    {C2S_AKIDA_INPUT_CONVOLUTIONAL, 5, 3, 0},
    {C2S_AKIDA_INPUT_CONVOLUTIONAL, 4, 7, 0},
    {C2S_AKIDA_CONV2D, 4, 7, 1},
    {C2S_AKIDA_CONV2D, 8, 3, 1},
    {C2S_AKIDA_DENSE1D, 4, 7, 1},
    {C2S_AKIDA_DEPTHWISE_CONV2D, 4, 7, 1},
    {C2S_AKIDA_INPUT_CONV2D, 4, 3, 1},
    {C2S_AKIDA_CONV2D_TRANSPOSE, 4, 3, 1},
    {C2S_AKIDA_BUFFER_TEMP_CONV, 4, 3, 1},
};

START_TEST(weights_get_the_element_type_of_their_bits)
{
    cnn2snn_akida_model *model = new_model();
    struct c2s_akida_layer *layer =
        add_layer(model, canonical[_i].kind, "c", "weights_bits", canonical[_i].bits, NULL);
    set_variable(model, layer, "bias", CNN2SNN_DTYPE_INT8, 1, two, NULL);
    set_variable(model, layer, "weights", CNN2SNN_DTYPE_INT8, 1, two, NULL);
    ck_assert_int_eq(c2s_akida_variable_element_type(layer, &layer->variables[0]), 3);
    ck_assert_int_eq(c2s_akida_variable_element_type(layer, &layer->variables[1]), canonical[_i].type);
    ck_assert_int_eq(layer->variables[0].layout, 1);
    ck_assert_int_eq(layer->variables[1].layout, canonical[_i].layout);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(each_dtype_has_its_element_type)
{
    static const cnn2snn_dtype dtypes[] = {CNN2SNN_DTYPE_INT32, CNN2SNN_DTYPE_FLOAT32, CNN2SNN_DTYPE_UINT8,
                                           CNN2SNN_DTYPE_INT8,  CNN2SNN_DTYPE_INT16,   CNN2SNN_DTYPE_UINT16};
    static const int32_t types[] = {0, 1, 2, 3, 9, 10};
    cnn2snn_akida_model *model = new_model();
    struct c2s_akida_layer *layer = add_layer(model, 99, "c", NULL);
    for (int i = 0; i < 6; i++) {
        cnn2snn_tensor *tensor;
        ck_assert_int_eq(c2s_tensor_create_zeros(context, dtypes[i], 1, two, &tensor, NULL), CNN2SNN_OK);
        ck_assert_int_eq(c2s_akida_layer_set_variable(model, layer, "x", -1, -1, tensor, NULL), CNN2SNN_OK);
        ck_assert_int_eq(c2s_akida_variable_element_type(layer, &layer->variables[0]), types[i]);
        ck_assert_int_eq(c2s_akida_element_dtype(types[i]), dtypes[i]);
        c2s_tensor_release(tensor);
    }
    ck_assert_int_eq(c2s_akida_element_dtype(11), CNN2SNN_DTYPE_NONE);
    ck_assert_int_eq(c2s_akida_element_dtype(-1), CNN2SNN_DTYPE_NONE);
    c2s_akida_model_release(model);
}
END_TEST

START_TEST(a_copy_has_everything_and_shares_the_tensors)
{
    cnn2snn_akida_model *model = load_fixture("learning.fbz"), *copy;
    ck_assert_int_eq(c2s_akida_model_clone(model, &copy, NULL), CNN2SNN_OK);
    ck_assert_ptr_eq(variable_of(model, "fc", "weights"), variable_of(copy, "fc", "weights"));
    cnn2snn_buffer *first, *second;
    ck_assert_int_eq(c2s_fbz_write(model, "1", &first, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_fbz_write(copy, "1", &second, NULL), CNN2SNN_OK);
    ck_assert_str_eq(copy->version, "2.19.3");
    c2s_akida_model_release(model);
    c2s_akida_model_release(copy);
    ck_assert_uint_eq(first->size, second->size);
    ck_assert_mem_eq(first->data, second->data, first->size);
    c2s_buffer_destroy(first);
    c2s_buffer_destroy(second);
}
END_TEST

START_TEST(kinds_tell_the_version)
{
    cnn2snn_akida_model *model = new_model();
    add_layer(model, C2S_AKIDA_QUANTIZER, "a", NULL);
    ck_assert_int_eq(c2s_akida_model_version(model), CNN2SNN_AKIDA_V1);
    add_layer(model, C2S_AKIDA_INPUT_CONVOLUTIONAL, "b", NULL);
    ck_assert_int_eq(c2s_akida_model_version(model), CNN2SNN_AKIDA_V1);
    add_layer(model, C2S_AKIDA_DEQUANTIZER, "c", NULL);
    ck_assert_int_eq(c2s_akida_model_version(model), CNN2SNN_AKIDA_V2);
    struct c2s_akida_layer *odd = add_layer(model, -5, "d", NULL);
    ck_assert_int_eq(c2s_akida_model_version(model), CNN2SNN_AKIDA_DEFAULT);
    ck_assert_str_eq(odd->kind_text, "unknown (-5)");
    ck_assert_str_eq(model->layers[2].kind_text, "Dequantizer");
    ck_assert_ptr_null(c2s_akida_kind_name(8));
    ck_assert_str_eq(c2s_akida_kind_name(20), "DepthwiseConv2DTranspose");
    c2s_akida_model_release(model);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("akida_model");
    TCase *tests = tcase_create("all");
    tcase_add_checked_fixture(tests, setup, teardown);
    tcase_add_test(tests, parameters_are_kept_in_byte_order_and_replaced);
    tcase_add_test(tests, a_variable_that_is_set_again_replaces_the_first);
    tcase_add_test(tests, an_inbound_layer_that_is_not_there_yet_is_refused);
    tcase_add_test(tests, a_dtype_that_no_file_can_hold_is_refused);
    tcase_add_loop_test(tests, weights_get_the_element_type_of_their_bits, 0, sizeof canonical / sizeof *canonical);
    tcase_add_test(tests, each_dtype_has_its_element_type);
    tcase_add_test(tests, a_copy_has_everything_and_shares_the_tensors);
    tcase_add_test(tests, kinds_tell_the_version);
    suite_add_tcase(suite, tests);
    return run_suite(suite);
}
