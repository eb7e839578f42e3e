/* SPDX-License-Identifier: Apache-2.0 */
/* quantize and quantize_layer, rule by rule; the names begin with the L-row of the specification. */
#include "quantize_testing.h"

/* ------------------------------------------------------------------------------------------------ whole models */

START_TEST(ex21_weights_and_activations)
{
    bits(4, 2, -1);
    quantized("[2, 2, 1]", BASE);
    ck_assert_str_eq(names_of(result), "in c r s r2 f d");
    ck_assert_str_eq(result->name, "sequential");
    is_now("c", "QuantizedConv2D MaxPerAxisQuantizer 4");
    is_now("r", "QuantizedReLU 2 6");
    is_now("s", "QuantizedSeparableConv2D MaxPerAxisQuantizer 4 MaxQuantizer 4");
    is_now("r2", "QuantizedReLU 2 3");
    is_now("f", "Flatten");
    is_now("d", "QuantizedDense MaxPerAxisQuantizer 4");
    release();
}
END_TEST

START_TEST(l001_the_given_model_and_its_weights_stay)
{
    bits(4, 4, 8);
    quantized("[2, 2, 1]", BASE);
    ck_assert_str_eq(kind_of(source, "c"), "Conv2D");
    ck_assert_str_eq(kind_of(source, "r"), "ReLU");
    for (size_t i = 0; i < 3; i++)
        ck_assert_ptr_eq(layer_named(result, "s")->weights[i].tensor, layer_named(source, "s")->weights[i].tensor);
    release();
}
END_TEST

START_TEST(l001_a_functional_line_is_accepted)
{
    bits(4, 4, -1);
    source = graph_of("{'inputs': {'x': [2, 2, 1]}, 'layers': [" BASE "]}");
    must(c2s_graph_quantize(source, &settings, &result, &error));
    ck_assert(result->sequential);
    is_now("d", "QuantizedDense MaxPerAxisQuantizer 4");
    release();
}
END_TEST

START_TEST(l002_l004_zero_bits_leave_it_float)
{
    bits(0, 0, -1);
    quantized("[2, 2, 1]", BASE);
    for (size_t i = 0; i < source->layer_count; i++)
        ck_assert_ptr_eq(result->layers[i], source->layers[i]);
    release();
}
END_TEST

START_TEST(l003_l005_bits_of_weights_and_of_activations)
{
    char expected[64];
    bits(_i, _i - 1, -1);
    quantized("[2, 2, 1]", BASE);
    snprintf(expected, sizeof expected, "QuantizedDense MaxPerAxisQuantizer %d", _i);
    is_now("d", expected);
    snprintf(expected, sizeof expected, "QuantizedReLU %d %d", _i - 1, (1 << (_i - 1)) - 1);
    is_now("r2", expected);
    release();
}
END_TEST

START_TEST(l003_l005_bits_have_no_upper_bound_that_anybody_needs)
{
    bits(9, 9, 16);
    quantized("[2, 2, 1]", BASE);
    is_now("c", "QuantizedConv2D MaxPerAxisQuantizer 16");
    is_now("d", "QuantizedDense MaxPerAxisQuantizer 9");
    is_now("r2", "QuantizedReLU 9 511");
    release();
    bits(4, 1, -1);
    quantized("[2, 2, 1]", BASE);
    is_now("r2", "QuantizedReLU 1 1");
    release();
    bits(4, 128, -1);
    quantize_refuses("[2, 2, 1]", BASE, CNN2SNN_E_VALUE, "L-005", "r");
}
END_TEST

START_TEST(l006_the_first_layer_has_the_bits_of_the_others_by_default)
{
    bits(3, 4, -1);
    quantized("[2, 2, 1]", BASE);
    is_now("c", "QuantizedConv2D MaxPerAxisQuantizer 3");
    is_now("s", "QuantizedSeparableConv2D MaxPerAxisQuantizer 3 MaxQuantizer 3");
    is_now("d", "QuantizedDense MaxPerAxisQuantizer 3");
    release();
    bits(0, 4, -1);
    quantized("[2, 2, 1]", BASE);
    is_now("c", "Conv2D");
    release();
}
END_TEST

START_TEST(l007_the_first_layer_may_stay_float)
{
    bits(4, 0, 0);
    quantized("[2, 2, 1]", BASE);
    is_now("c", "Conv2D");
    is_now("s", "QuantizedSeparableConv2D MaxPerAxisQuantizer 4 MaxQuantizer 4");
    release();
}
END_TEST

START_TEST(l008_only_the_first_layer_with_weights_has_bits_of_its_own)
{
    bits(0, 4, 8);
    quantized("[2, 2, 1]", "['Rescaling', {'name': 'x', 'scale': 2}]," BASE);
    is_now("c", "QuantizedConv2D MaxPerAxisQuantizer 8");
    is_now("s", "SeparableConv2D");
    is_now("d", "Dense");
    is_now("r2", "QuantizedReLU 4 15");
    release();
}
END_TEST

START_TEST(l008_layers_that_are_not_quantized_do_not_count)
{
    bits(4, 0, 8);
    quantized("[2, 2, 1]", "['DepthwiseConv2D', {'name': 'dw', 'kernel_size': 1}], ['Conv2DTranspose', {'name': 't',"
                           "'filters': 1, 'kernel_size': 1}]," CONV("c"));
    is_now("dw", "DepthwiseConv2D");
    is_now("t", "Conv2DTranspose");
    is_now("c", "QuantizedConv2D MaxPerAxisQuantizer 8");
    release();
}
END_TEST

START_TEST(l009_batchnorm_is_inverted_and_folded)
{
    bits(4, 4, -1);
    quantized("[2, 2, 1]", CONV("c") ", ['MaxPooling2D', {'name': 'p', 'pool_size': 2}], ['BatchNormalization',"
                                     "{'name': 'b'}]," RELU("r") ", ['Dropout', {'name': 'o', 'rate': 0.5}]");
    ck_assert_str_eq(names_of(result), "in c p r o");
    ck_assert_str_eq(result->name, "sequential");
    release();
}
END_TEST

START_TEST(l009_relu_before_pooling_stays)
{
    bits(4, 4, -1);
    quantized("[2, 2, 1]", CONV("c") "," RELU("r") ", ['MaxPooling2D', {'name': 'p', 'pool_size': 2}]");
    ck_assert_str_eq(names_of(result), "in c r p");
    release();
}
END_TEST

START_TEST(l009_branches_can_not_be_folded)
{
    bits(4, 4, -1);
    source = graph_of(branches);
    refused(c2s_graph_quantize(source, &settings, &result, &error), CNN2SNN_E_NOT_SEQUENTIAL, "L-009", NULL);
    release();
}
END_TEST

START_TEST(l010_without_folding_the_graph_stays)
{
    bits(4, 4, 8);
    settings.fold_batchnorm = false;
    source = graph_of(branches);
    must(c2s_graph_quantize(source, &settings, &result, &error));
    ck_assert(!result->sequential);
    ck_assert_str_eq(result->name, "two");
    ck_assert_str_eq(names_of(result), "x a b cat r");
    is_now("a", "QuantizedDense MaxPerAxisQuantizer 8");
    is_now("b", "QuantizedDense MaxPerAxisQuantizer 4");
    is_now("r", "QuantizedReLU 4 15");
    ck_assert_ptr_eq(layer_named(result, "cat"), layer_named(source, "cat"));
    release();
    quantized("[2, 2, 1]", CONV("c") ", ['BatchNormalization', {'name': 'b'}]");
    ck_assert_str_eq(names_of(result), "in c b");
    ck_assert_str_eq(result->name, "net");
    release();
}
END_TEST

START_TEST(l010_a_shared_layer_stays_shared)
{
    bits(4, 0, -1);
    settings.fold_batchnorm = false;
    source = graph_of("{'inputs': {'x': [2]}, 'layers': [" DENSE("d") "," RELU("r") ", ['Dense', {'name': 'd'}]]}");
    must(c2s_graph_quantize(source, &settings, &result, &error));
    ck_assert_str_eq(names_of(result), "x d r");
    ck_assert_uint_eq(result->node_count, 4);
    ck_assert_uint_eq(result->nodes[3].layer, result->nodes[1].layer);
    release();
}
END_TEST

START_TEST(l012_the_config_of_a_convolution)
{
    bits(4, 0, -1);
    settings.fold_batchnorm = false;
    quantized(
        "[5, 5, 1]",
        "['Conv2D', {'name': 'c', 'trainable': false, 'dtype': 'float32', 'filters': 2, 'kernel_size': [3, 3],"
        "'strides': [2, 2], 'padding': 'same', 'data_format': 'channels_last', 'dilation_rate': [1, 1], 'groups':"
        "1, 'activation': 'linear', 'use_bias': false, 'kernel_regularizer': {'class_name': 'L2', 'config': "
        "{'l2': 0.5}}, 'mine': 7}]");
    json_t *expected =
        json("{'name': 'c', 'trainable': false, 'dtype': 'float32', 'filters': 2, 'kernel_size': [3, 3], 'strides':"
             "[2, 2], 'padding': 'same', 'dilation_rate': [1, 1], 'use_bias': false, 'kernel_regularizer': "
             "{'class_name': 'L2', 'config': {'l2': 0.5}}, 'mine': 7, 'quantizer': {'module': "
             "'cnn2snn.quantization_ops', 'class_name': 'MaxPerAxisQuantizer', 'config': {'name': "
             "'max_per_axis_quantizer', 'trainable': true, 'dtype': 'float32', 'bitwidth': 4}, 'registered_name': "
             "'MaxPerAxisQuantizer'}}");
    char *found = json_dumps(layer_named(result, "c")->config, 0), *wanted = json_dumps(expected, 0);
    ck_assert_str_eq(found, wanted);
    ck_assert(!layer_named(result, "c")->trainable);
    free(found);
    free(wanted);
    json_decref(expected);
    release();
}
END_TEST

START_TEST(l013_the_config_of_a_separable_convolution)
{
    bits(4, 0, -1);
    quantized("[5, 5, 1]", "['SeparableConv2D', {'name': 's', 'filters': 2, 'kernel_size': 3, 'groups': 1,"
                           "'depth_multiplier': 1, 'activation': null, 'depthwise_constraint': null}]");
    const json_t *config = layer_named(result, "s")->config;
    ck_assert_ptr_null(json_object_get(config, "depth_multiplier"));
    ck_assert_ptr_null(json_object_get(config, "activation"));
    config_is(result, "s", "groups", "1");
    ck_assert_ptr_nonnull(json_object_get(config, "depthwise_constraint"));
    char *text = json_dumps(config, 0);
    ck_assert(strstr(text, "\"quantizer_dw\"") < strstr(text, "\"quantizer\""));
    free(text);
    release();
}
END_TEST

/* From 2.3 on depthwise kernels keep their scale. */
START_TEST(ex23_l013_one_scale_for_the_depthwise_kernel_and_one_for_each_filter)
{
    bits(4, 4, -1);
    quantized("[1, 1, 2]", "['SeparableConv2D', {'name': 's', 'filters': 2, 'kernel_size': 1}, [],"
                           "[[2, -8], [0.5, 1, 2, -4], [1, -1]]]");
    is_now("s", "QuantizedSeparableConv2D MaxPerAxisQuantizer 4 MaxQuantizer 4");
    weight_equals(result, "s", 0, 2, -8);
    weight_equals(result, "s", 1, 0.5f, 1, 2, -4);
    weight_equals(result, "s", 2, 1, -1);
    release();
}
END_TEST

START_TEST(l014_the_config_of_a_dense_layer)
{
    bits(5, 0, -1);
    quantized("[3]",
              "['Dense', {'name': 'd', 'trainable': false, 'dtype': 'float32', 'units': 2, 'activation': 'linear',"
              "'use_bias': false, 'bias_constraint': null, 'kernel_regularizer': {'class_name': 'L2', 'config': "
              "{'l2': 0.5}}}, [], [[1, 2, 3, 4, 5, 6]]]");
    json_t *expected = json(
        "{'name': 'd', 'trainable': false, 'dtype': 'float32', 'units': 2, 'use_bias': false, 'bias_constraint': "
        "null, 'kernel_regularizer': {'class_name': 'L2', 'config': {'l2': 0.5}}, 'quantizer': {'module': "
        "'cnn2snn.quantization_ops', 'class_name': 'MaxPerAxisQuantizer', 'config': {'name': "
        "'max_per_axis_quantizer', 'trainable': true, 'dtype': 'float32', 'bitwidth': 5}, 'registered_name': "
        "'MaxPerAxisQuantizer'}}");
    char *found = json_dumps(layer_named(result, "d")->config, 0), *wanted = json_dumps(expected, 0);
    ck_assert_str_eq(layer_named(result, "d")->class_name, "QuantizedDense");
    ck_assert_str_eq(found, wanted);
    weight_equals(result, "d", 0, 1, 2, 3, 4, 5, 6);
    free(found);
    free(wanted);
    json_decref(expected);
    release();
}
END_TEST

START_TEST(l015_the_largest_value_of_a_relu)
{
    bits(0, 4, -1);
    quantized("[2]",
              "['ReLU', {'name': 'a', 'max_value': 6.3, 'trainable': false, 'negative_slope': 0.5}]," RELU("b"));
    is_now("a", "QuantizedReLU 4 6.3");
    is_now("b", "QuantizedReLU 4 15");
    config_is(result, "a", "max_value", "6.300000190734863");
    config_is(result, "b", "max_value", "15.0");
    ck_assert(layer_named(result, "a")->trainable);
    release();
}
END_TEST

#define REQUANTIZED                                                                                                  \
    "['QuantizedConv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'quantizer': {'class_name': 'MaxQuantizer',"  \
    "'config': {'bitwidth': 4}}}], ['ActivationDiscreteRelu', {'name': 'a', 'bitwidth': 4, 'trainable': false}]"

START_TEST(ex22_l016_quantizing_again)
{
    bits(2, 2, -1);
    quantized("[2, 2, 1]", REQUANTIZED);
    is_now("c", "QuantizedConv2D MaxQuantizer 2");
    is_now("a", "QuantizedReLU 2 6");
    ck_assert(layer_named(result, "a")->trainable);
    release();
}
END_TEST

START_TEST(l016_classes_thresholds_and_largest_values_are_kept)
{
    bits(8, 2, -1);
    quantized("[2, 2, 1]",
              "['QuantizedSeparableConv2D', {'name': 's', 'filters': 2, 'kernel_size': 1, 'quantizer': {'class_name':"
              "'StdPerAxisQuantizer', 'config': {'bitwidth': 4, 'threshold': 2.5, 'name': 'q'}}}],"
              "['QuantizedReLU', {'name': 'r', 'bitwidth': 4, 'trainable': false}]");
    is_now("s", "QuantizedSeparableConv2D StdPerAxisQuantizer 8 StdPerAxisQuantizer 8");
    ck_assert_double_eq(c2s_layer_quantizer(layer_named(result, "s"))->threshold, 2.5);
    is_now("r", "QuantizedReLU 2 15");
    config_is(result, "r", "trainable", "false");
    release();
}
END_TEST

START_TEST(l017_zero_bits_for_what_is_quantized)
{
    bits(0, 4, -1);
    quantize_refuses("[2, 2, 1]", REQUANTIZED, CNN2SNN_E_VALUE, "L-017", "c");
    bits(4, 0, -1);
    quantize_refuses("[2, 2, 1]", REQUANTIZED, CNN2SNN_E_VALUE, "L-017", "a");
}
END_TEST

START_TEST(l003_l005_bits_that_can_not_be)
{
    bits(1, 4, 8);
    quantize_refuses("[2, 2, 1]", BASE, CNN2SNN_E_VALUE, "L-a1", "s");
    bits(-2, 4, 8);
    quantize_refuses("[2, 2, 1]", BASE, CNN2SNN_E_VALUE, "L-a1", "s");
    bits(4, 4, 1);
    quantize_refuses("[2, 2, 1]", BASE, CNN2SNN_E_VALUE, "L-a1", "c");
    bits(4, -1, -1);
    quantize_refuses("[2, 2, 1]", BASE, CNN2SNN_E_VALUE, "L-017", "r");
}
END_TEST

START_TEST(l018_arguments_that_quantized_layers_do_not_have)
{
    bits(4, 4, -1);
    settings.fold_batchnorm = false;
    quantize_refuses("[2, 2, 2]", "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'activation': 'relu'}]",
                     CNN2SNN_E_INCOMPATIBLE, "L-018", "c");
    quantize_refuses("[2, 2, 2]", "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'groups': 2}]",
                     CNN2SNN_E_INCOMPATIBLE, "L-018", "c");
    quantize_refuses("[2, 2, 2]",
                     "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1, 'data_format':"
                     "'channels_first'}]",
                     CNN2SNN_E_INCOMPATIBLE, "L-018", "c");
    quantize_refuses("[2, 2, 2]",
                     "['SeparableConv2D', {'name': 's', 'filters': 2, 'kernel_size': 1,"
                     "'depth_multiplier': 2}]",
                     CNN2SNN_E_INCOMPATIBLE, "L-018", "s");
    quantize_refuses("[2]", "['Dense', {'name': 'd', 'units': 2, 'activation': 'softmax'}]", CNN2SNN_E_INCOMPATIBLE,
                     "L-018", "d");
}
END_TEST

START_TEST(l018_the_argument_and_its_value_are_named)
{
    bits(4, 4, -1);
    source = sequential("[2]", "['Dense', {'name': 'd', 'units': 2, 'activation': 'softmax'}]");
    ck_assert_int_eq(c2s_graph_quantize(source, &settings, &result, &error), CNN2SNN_E_INCOMPATIBLE);
    ck_assert_ptr_nonnull(strstr(error->message, "activation \"softmax\", expected \"linear\""));
    release();
}
END_TEST

START_TEST(l018_does_not_count_where_it_stays_float)
{
    bits(0, 4, -1);
    quantized("[2]", "['Dense', {'name': 'd', 'units': 2, 'activation': 'softmax'}]");
    is_now("d", "Dense");
    release();
}
END_TEST

START_TEST(l018_dilation_is_taken_without_folding)
{
    bits(4, 0, -1);
    settings.fold_batchnorm = false;
    quantized("[5, 5, 1]", "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 3, 'dilation_rate': 2}]");
    is_now("c", "QuantizedConv2D MaxPerAxisQuantizer 4");
    release();
}
END_TEST

static void count_line(void *user_data, cnn2snn_log_level level, const char *text, size_t size)
{
    *(int *)user_data += level == CNN2SNN_LOG_WARNING && strstr(text, "r1") && strlen(text) == size;
}

START_TEST(l019_a_relu_with_threshold_is_left_out_and_told)
{
    int lines = 0;
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.log = count_line;
    options.log_user_data = &lines;
    c2s_context_release(context);
    must(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, &error));
    bits(4, 4, -1);
    quantized("[2]", "['ReLU', {'name': 'r1', 'threshold': 0.5}]," RELU("r2"));
    is_now("r1", "ReLU");
    is_now("r2", "QuantizedReLU 4 15");
    ck_assert_int_eq(lines, 1);
    release();
}
END_TEST

START_TEST(l020_other_layers_stay)
{
    bits(4, 4, -1);
    quantized("[4, 4, 2]", "['Activation', {'name': 'a', 'activation': 'relu'}], ['LeakyReLU', {'name': 'l'}],"
                           "['PReLU', {'name': 'p'}], ['MaxPooling2D', {'name': 'm'}], ['Softmax', {'name': 'x'}],"
                           "['BatchNormalization', {'name': 'b'}]");
    for (size_t i = 0; i < source->layer_count; i++)
        ck_assert_ptr_eq(result->layers[i], source->layers[i]);
    release();
}
END_TEST

START_TEST(weights_that_are_no_numbers_are_refused)
{
    bits(4, 4, -1);
    quantize_refuses("[2]", "['Dense', {'name': 'd', 'units': 1}, [], [[1, null]]]", CNN2SNN_E_VALUE, "L-finite",
                     "d");
    bits(0, 4, -1);
    quantized("[2]", "['Dense', {'name': 'd', 'units': 1}, [], [[1, null]]]");
    release();
}
END_TEST

/* ------------------------------------------------------------------------------------------------ the function */

START_TEST(ex21_l011_the_function_is_asked_pointwise_first)
{
    double threshold = 2;
    called[0] = 0;
    bits(4, 4, 8);
    settings.quantizer_function = write_call;
    settings.user_data = &threshold;
    quantized("[2, 2, 1]", BASE);
    ck_assert_str_eq(called, "(c, MaxPerAxisQuantizer 8) (s, MaxPerAxisQuantizer 4) (s, MaxQuantizer 4) "
                             "(d, MaxPerAxisQuantizer 4)");
    is_now("s", "QuantizedSeparableConv2D StdWeightQuantizer 4 StdWeightQuantizer 4");
    ck_assert_double_eq(c2s_layer_depthwise_quantizer(layer_named(result, "s"))->threshold, 2);
    release();
    called[0] = 0; /* layers that stay float are not asked for */
    bits(0, 4, 8);
    quantized("[2, 2, 1]", BASE);
    ck_assert_str_eq(called, "(c, MaxPerAxisQuantizer 8)");
    release();
}
END_TEST

START_TEST(l016_the_function_is_not_asked_for_quantized_layers)
{
    double threshold = 2;
    called[0] = 0;
    bits(2, 2, -1);
    settings.quantizer_function = write_call;
    settings.user_data = &threshold;
    quantized("[2, 2, 1]", REQUANTIZED);
    ck_assert_str_eq(called, "");
    release();
}
END_TEST

static cnn2snn_status keep_default(void *user_data, const cnn2snn_layer *layer, cnn2snn_quantizer *by_default,
                                   cnn2snn_quantizer **out, cnn2snn_error **own)
{
    *out = c2s_quantizer_retain(by_default);
    return CNN2SNN_OK;
}

static const char *name_of(const cnn2snn_quantizer *quantizer)
{
    return json_string_value(json_object_get(quantizer->config, "name"));
}

START_TEST(l011_the_default_may_be_given_back_and_is_numbered_as_keras_does)
{
    bits(4, 4, -1);
    settings.quantizer_function = keep_default;
    quantized("[2, 2, 1]", BASE);
    is_now("s", "QuantizedSeparableConv2D MaxPerAxisQuantizer 4 MaxQuantizer 4");
    ck_assert_str_eq(name_of(c2s_layer_quantizer(layer_named(result, "c"))), "max_per_axis_quantizer");
    ck_assert_str_eq(name_of(c2s_layer_quantizer(layer_named(result, "s"))), "max_per_axis_quantizer_1");
    ck_assert_str_eq(name_of(c2s_layer_depthwise_quantizer(layer_named(result, "s"))), "max_quantizer");
    ck_assert_str_eq(name_of(c2s_layer_quantizer(layer_named(result, "d"))), "max_per_axis_quantizer_2");
    release();
}
END_TEST

static cnn2snn_status give_nothing(void *user_data, const cnn2snn_layer *layer, cnn2snn_quantizer *by_default,
                                   cnn2snn_quantizer **out, cnn2snn_error **own)
{
    return *(cnn2snn_status *)user_data;
}

static cnn2snn_status say_why(void *user_data, const cnn2snn_layer *layer, cnn2snn_quantizer *by_default,
                              cnn2snn_quantizer **out, cnn2snn_error **own)
{
    return c2s_error(layer->context, own, CNN2SNN_E_INDEX, "", "none left");
}

/* The float layer as it is quantized: batch normalization is folded into it already. */
static cnn2snn_status look_at_kernel(void *user_data, const cnn2snn_layer *layer, cnn2snn_quantizer *by_default,
                                     cnn2snn_quantizer **out, cnn2snn_error **own)
{
    *(float *)user_data = c2s_f32(layer->weights[0].tensor)[0];
    ck_assert_str_eq(layer->class_name, "Dense");
    return keep_default(user_data, layer, by_default, out, own);
}

START_TEST(l011_the_function_sees_folded_weights)
{
    float kernel = 0;
    bits(4, 4, -1);
    settings.quantizer_function = look_at_kernel;
    settings.user_data = &kernel;
    quantized("[1]", "['Dense', {'name': 'd', 'units': 1}, [], [[3], [0]]], ['BatchNormalization', {'name': 'b',"
                     "'epsilon': 0.25}, [], [[2], [0], [0], [0.75]]]");
    ck_assert_float_eq(kernel, 6);
    release();
}
END_TEST

START_TEST(l011_a_function_that_fails)
{
    cnn2snn_status status = CNN2SNN_OK;
    bits(4, 4, -1);
    settings.quantizer_function = give_nothing;
    settings.user_data = &status;
    quantize_refuses("[2, 2, 1]", BASE, CNN2SNN_E_TYPE, "L-011", "c");
    status = CNN2SNN_E_VALUE;
    quantize_refuses("[2, 2, 1]", BASE, CNN2SNN_E_CALLBACK, "A-callback", "c");
    settings.quantizer_function = say_why;
    quantize_refuses("[2, 2, 1]", BASE, CNN2SNN_E_INDEX, "", "c");
    source = sequential("[2, 2, 1]", BASE);
    ck_assert_int_eq(c2s_graph_quantize(source, &settings, &result, NULL), CNN2SNN_E_INDEX);
    release();
}
END_TEST

/* ------------------------------------------------------------------------------------------------ custom classes */

static cnn2snn_status ones(void *user_data, cnn2snn_context *own, const char *config, int32_t bitwidth,
                           const cnn2snn_tensor *weights, cnn2snn_tensor **out, cnn2snn_error **own_error)
{
    C2S_TRY(c2s_tensor_create_zeros(own, CNN2SNN_DTYPE_FLOAT32, 0, NULL, out, own_error));
    c2s_f32_writable(*out)[0] = 1;
    return CNN2SNN_OK;
}

static cnn2snn_status half(void *user_data, cnn2snn_context *own, const char *config, int32_t bitwidth,
                           float *out_step, cnn2snn_error **own_error)
{
    *out_step = 0.5f;
    return CNN2SNN_OK;
}

static void count_destroyed(void *user_data)
{
    ++*(int *)user_data;
}

static cnn2snn_custom_objects *my_classes(int *destroyed)
{
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_quantizer_class quantizer = CNN2SNN_QUANTIZER_CLASS_INIT;
    cnn2snn_activation_class activation = CNN2SNN_ACTIVATION_CLASS_INIT;
    quantizer.user_data = activation.user_data = destroyed;
    quantizer.destroy_user_data = activation.destroy_user_data = count_destroyed;
    quantizer.scale_factor = ones;
    activation.step = half;
    must(c2s_custom_objects_create(context, &custom, &error));
    must(c2s_custom_objects_add(custom, "Mine", C2S_CUSTOM_QUANTIZER, &quantizer, &error));
    must(c2s_custom_objects_add(custom, "MyStep", C2S_CUSTOM_ACTIVATION, &activation, &error));
    return custom;
}

static cnn2snn_status give_mine(void *user_data, const cnn2snn_layer *layer, cnn2snn_quantizer *by_default,
                                cnn2snn_quantizer **out, cnn2snn_error **own)
{
    json_t *identifier = json("{'class_name': 'Mine', 'config': {'bitwidth': 3, 'note': 'kept'}}");
    cnn2snn_status status = c2s_quantizer_from_json(layer->context, identifier, user_data, out, own);
    json_decref(identifier);
    return status;
}

START_TEST(l103_quantizers_of_the_users_own)
{
    int destroyed = 0;
    cnn2snn_custom_objects *custom = my_classes(&destroyed);
    bits(4, 4, -1);
    settings.quantizer_function = give_mine;
    settings.user_data = custom;
    quantized("[2, 2, 1]", BASE);
    c2s_custom_objects_destroy(custom);
    is_now("s", "QuantizedSeparableConv2D Mine 3 Mine 3");
    c2s_graph_release(source);
    source = result;
    settings.quantizer_function = NULL;
    bits(5, 4, -1);
    must(c2s_graph_quantize(source, &settings, &result, &error));
    is_now("s", "QuantizedSeparableConv2D Mine 5 Mine 5");
    const json_t *quantizer = json_object_get(layer_named(result, "s")->config, "quantizer");
    ck_assert_str_eq(json_string_value(json_object_get(json_object_get(quantizer, "config"), "note")), "kept");
    ck_assert_int_eq(destroyed, 1);
    release();
    ck_assert_int_eq(destroyed, 2);
}
END_TEST

START_TEST(l016_activations_of_the_users_own_keep_their_class)
{
    int destroyed = 0;
    cnn2snn_custom_objects *custom = my_classes(&destroyed);
    bits(4, 2, -1);
    source = described_graph("{'input': [2], 'layers': [['MyStep', {'name': 'a', 'bitwidth': 4, 'note': 'kept'}]]}",
                             custom);
    c2s_custom_objects_destroy(custom);
    must(c2s_graph_quantize(source, &settings, &result, &error));
    is_now("a", "MyStep 2 1.5");
    config_is(result, "a", "note", "'kept'");
    release();
}
END_TEST

static cnn2snn_status quantize_by_settings(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                           cnn2snn_error **own)
{
    return c2s_graph_quantize(graph, &settings, out_graph, own);
}

START_TEST(every_allocation_may_fail)
{
    int destroyed = 0;
    context_with_failing_allocator();
    cnn2snn_custom_objects *custom = my_classes(&destroyed);
    bits(4, 4, -1);
    settings.quantizer_function = give_mine;
    settings.user_data = custom;
    source = graph_of("{'inputs': {'x': [2, 2, 1]}, 'layers': [" BASE ", ['BatchNormalization', {'name': 'b'}],"
                      "['ActivationDiscreteRelu', {'name': 'a', 'bitwidth': 4}]]}");
    fail_each_allocation(quantize_by_settings, source);
    c2s_custom_objects_destroy(custom);
    release();
}
END_TEST

int main(void)
{
    TCase *cases = tcase_create("core");
    tcase_add_test(cases, ex21_weights_and_activations);
    tcase_add_test(cases, l001_the_given_model_and_its_weights_stay);
    tcase_add_test(cases, l001_a_functional_line_is_accepted);
    tcase_add_test(cases, l002_l004_zero_bits_leave_it_float);
    tcase_add_loop_test(cases, l003_l005_bits_of_weights_and_of_activations, 2, 10);
    tcase_add_test(cases, l003_l005_bits_have_no_upper_bound_that_anybody_needs);
    tcase_add_test(cases, l006_the_first_layer_has_the_bits_of_the_others_by_default);
    tcase_add_test(cases, l007_the_first_layer_may_stay_float);
    tcase_add_test(cases, l008_only_the_first_layer_with_weights_has_bits_of_its_own);
    tcase_add_test(cases, l008_layers_that_are_not_quantized_do_not_count);
    tcase_add_test(cases, l009_batchnorm_is_inverted_and_folded);
    tcase_add_test(cases, l009_relu_before_pooling_stays);
    tcase_add_test(cases, l009_branches_can_not_be_folded);
    tcase_add_test(cases, l010_without_folding_the_graph_stays);
    tcase_add_test(cases, l010_a_shared_layer_stays_shared);
    tcase_add_test(cases, l012_the_config_of_a_convolution);
    tcase_add_test(cases, l013_the_config_of_a_separable_convolution);
    tcase_add_test(cases, ex23_l013_one_scale_for_the_depthwise_kernel_and_one_for_each_filter);
    tcase_add_test(cases, l014_the_config_of_a_dense_layer);
    tcase_add_test(cases, l015_the_largest_value_of_a_relu);
    tcase_add_test(cases, ex22_l016_quantizing_again);
    tcase_add_test(cases, l016_classes_thresholds_and_largest_values_are_kept);
    tcase_add_test(cases, l017_zero_bits_for_what_is_quantized);
    tcase_add_test(cases, l003_l005_bits_that_can_not_be);
    tcase_add_test(cases, l018_arguments_that_quantized_layers_do_not_have);
    tcase_add_test(cases, l018_the_argument_and_its_value_are_named);
    tcase_add_test(cases, l018_does_not_count_where_it_stays_float);
    tcase_add_test(cases, l018_dilation_is_taken_without_folding);
    tcase_add_test(cases, l019_a_relu_with_threshold_is_left_out_and_told);
    tcase_add_test(cases, l020_other_layers_stay);
    tcase_add_test(cases, weights_that_are_no_numbers_are_refused);
    tcase_add_test(cases, ex21_l011_the_function_is_asked_pointwise_first);
    tcase_add_test(cases, l016_the_function_is_not_asked_for_quantized_layers);
    tcase_add_test(cases, l011_the_default_may_be_given_back_and_is_numbered_as_keras_does);
    tcase_add_test(cases, l011_the_function_sees_folded_weights);
    tcase_add_test(cases, l011_a_function_that_fails);
    tcase_add_test(cases, l103_quantizers_of_the_users_own);
    tcase_add_test(cases, l016_activations_of_the_users_own_keep_their_class);
    tcase_add_test(cases, every_allocation_may_fail);
    return run("quantize", cases);
}
