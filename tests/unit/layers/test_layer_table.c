/* SPDX-License-Identifier: Apache-2.0 */
/* The layer table: every id has its row, names find it, and what get_config() says is whole. */
#include "layer_fixture.h"

START_TEST(every_id_has_a_row_with_a_shape_rule)
{
    for (int id = C2S_KIND_OPAQUE; id < C2S_KIND_COUNT; id++) {
        const struct c2s_layer_kind *kind = c2s_layer_kind_get((enum c2s_kind_id)id);
        ck_assert_int_eq(kind->id, id);
        ck_assert(kind->rules->output_shape || id == C2S_KIND_MODEL);
        ck_assert(!kind->rules->parse == !kind->rules->attributes_size);
        if (kind->class_name)
            ck_assert_ptr_eq(c2s_layer_kind_find(kind->class_name), kind);
        for (const char *const *alias = kind->aliases; alias && *alias; alias++)
            ck_assert_ptr_eq(c2s_layer_kind_find(*alias), kind);
    }
}
END_TEST

START_TEST(defaults_are_json)
{
    for (int id = C2S_KIND_OPAQUE; id < C2S_KIND_COUNT; id++) {
        const struct c2s_config_key *key = c2s_layer_kind_get((enum c2s_kind_id)id)->keys;
        for (; key && key->key; key++) {
            if (!key->otherwise || !*key->otherwise)
                continue;
            json_t *value = json_loads(key->otherwise, JSON_DECODE_ANY, NULL);
            ck_assert_msg(value != NULL, "%s", key->key);
            json_decref(value);
        }
    }
}
END_TEST

START_TEST(packages_are_ignored_and_kept)
{
    ck_assert_int_eq(c2s_layer_kind_find("Package>Conv2D")->id, C2S_KIND_CONV2D);
    ck_assert_ptr_null(c2s_layer_kind_find("conv2d"));
    ck_assert_ptr_null(c2s_layer_kind_find(""));
    ck_assert_ptr_null(c2s_layer_kind_find(">"));
    cnn2snn_layer *layer = make("Custom>ReLU", "{}");
    ck_assert_str_eq(layer->class_name, "Custom>ReLU");
    ck_assert_str_eq(layer->name, "re_lu");
    c2s_layer_release(layer);
}
END_TEST

START_TEST(families_are_those_of_the_reference)
{
    static const struct {
        enum c2s_kind_id id;
        unsigned families;
        enum c2s_kind_id float_kind;
    } rows[] = {
        {C2S_KIND_CONV2D, C2S_FAMILY_NEURAL, C2S_KIND_CONV2D},
        {C2S_KIND_CONV2D_TRANSPOSE, C2S_FAMILY_NEURAL, C2S_KIND_CONV2D_TRANSPOSE},
        {C2S_KIND_DEPTHWISE_CONV2D, 0, C2S_KIND_DEPTHWISE_CONV2D},
        {C2S_KIND_QUANTIZED_CONV2D, C2S_FAMILY_NEURAL | C2S_FAMILY_QUANTIZED, C2S_KIND_CONV2D},
        {C2S_KIND_QUANTIZED_DENSE, C2S_FAMILY_NEURAL | C2S_FAMILY_QUANTIZED, C2S_KIND_DENSE},
        {C2S_KIND_QUANTIZED_DEPTHWISE_CONV2D, C2S_FAMILY_QUANTIZED, C2S_KIND_DEPTHWISE_CONV2D},
        {C2S_KIND_RELU, C2S_FAMILY_ACTIVATION, C2S_KIND_RELU},
        {C2S_KIND_ACTIVATION, 0, C2S_KIND_ACTIVATION},
        {C2S_KIND_QUANTIZED_RELU, C2S_FAMILY_ACTIVATION | C2S_FAMILY_QUANTIZED_ACTIVATION, C2S_KIND_RELU},
        {C2S_KIND_MAX_POOLING2D, C2S_FAMILY_POOLING, C2S_KIND_MAX_POOLING2D},
        {C2S_KIND_AVERAGE_POOLING2D, 0, C2S_KIND_AVERAGE_POOLING2D},
        {C2S_KIND_GLOBAL_AVERAGE_POOLING2D, C2S_FAMILY_POOLING, C2S_KIND_GLOBAL_AVERAGE_POOLING2D},
        {C2S_KIND_DROPOUT, C2S_FAMILY_IDENTITY, C2S_KIND_DROPOUT},
        {C2S_KIND_CONCATENATE, C2S_FAMILY_MERGE, C2S_KIND_CONCATENATE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_uint_eq(c2s_layer_kind_get(rows[i].id)->families, rows[i].families);
        ck_assert_int_eq(c2s_layer_kind_get(rows[i].id)->float_kind, rows[i].float_kind);
    }
}
END_TEST

START_TEST(names_are_made_of_classes_as_keras_does)
{
    static const char *const names[][2] = {{"Conv2DTranspose", "conv2d_transpose"},
                                           {"SeparableConv2D", "separable_conv2d"},
                                           {"QuantizedReLU", "quantized_re_lu"},
                                           {"PReLU", "p_re_lu"},
                                           {"ELU", "elu"},
                                           {"MyHTTPLayer", "my_http_layer"},
                                           {"Custom>MyLayer", "my_layer"},
                                           {"TFOpLambda", "tf_op_lambda"},
                                           {"GlobalAveragePooling2D", "global_average_pooling2d"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        cnn2snn_layer *layer;
        struct c2s_layer_source source = {.allow_unknown = true};
        json_t *config = i < 3 ? json("{'filters': 1, 'kernel_size': 1}") : json_object();
        ck_assert_int_eq(c2s_layer_create(context, names[i][0], config, &source, &layer, NULL), CNN2SNN_OK);
        ck_assert_str_eq(layer->name, names[i][1]);
        ck_assert_str_eq(c2s_json_get_string(layer->config, "name", ""), names[i][1]);
        json_decref(config);
        c2s_layer_release(layer);
    }
}
END_TEST

START_TEST(unknown_classes_are_refused_or_opaque)
{
    expect_refused("Nothing", "{'name': 'n'}", false, CNN2SNN_E_VALUE, "n: unknown layer class Nothing");
    cnn2snn_layer *layer = make_from("Custom>Nothing", "{'name': 'n', 'filters': 'many', 'trainable': false}",
                                     &(struct c2s_layer_source){.allow_unknown = true});
    ck_assert_int_eq(c2s_layer_id(layer), C2S_KIND_OPAQUE);
    ck_assert(layer->built && !layer->trainable && !layer->attributes);
    expect_config(layer, "{'name': 'n', 'trainable': false, 'dtype': 'float32', 'filters': 'many'}");
    struct c2s_shape input = SHAPE(3), output;
    ck_assert_int_eq(c2s_layer_output_shape(layer, 1, &input, &output, NULL), CNN2SNN_OK);
    ck_assert(c2s_shape_is_unranked(&output));
    c2s_layer_release(layer);
}
END_TEST

START_TEST(facts_of_every_config_are_checked)
{
    expect_refused("Dense", "[]", false, CNN2SNN_E_MALFORMED, "no object");
    expect_refused("Dense", "{'name': 3, 'units': 1}", false, CNN2SNN_E_MALFORMED, "name of a layer of class Dense");
    expect_refused("Dense", "{'name': '', 'units': 1}", false, CNN2SNN_E_MALFORMED, "name of a layer");
    expect_refused("Dense", "{'trainable': 'yes', 'units': 1}", false, CNN2SNN_E_MALFORMED, "trainable is \"yes\"");
    expect_refused("Dense", "{'dtype': 3, 'units': 1}", false, CNN2SNN_E_MALFORMED, "dtype is 3");
    expect_refused("Dense", "{'dtype': {'class_name': 'QuantizedDTypePolicy'}, 'units': 1}", false,
                   CNN2SNN_E_UNSUPPORTED, "QuantizedDTypePolicy");
    expect_refused("Convolution2D", "{'nb_filter': 1, 'nb_row': 3}", false, CNN2SNN_E_UNSUPPORTED, "Keras 1");
    c2s_layer_release(make("Dense",
                           "{'dtype': {'class_name': 'Policy', 'config': {'name': 'mixed_float16'}}, 'units': "
                           "1, 'nobody_knows': [1, {}]}"));
}
END_TEST

START_TEST(constructors_know_their_arguments)
{
    expect_refused("Dense", "{'units': 1, 'unit': 2}", true, CNN2SNN_E_TYPE, "unknown argument unit of class Dense");
    c2s_layer_release(construct("Dropout", "{'rate': 0.5}"));
    c2s_layer_release(construct("Dense", "{'units': 1, 'dtype': 'float32', 'kernel_initializer': 'zeros'}"));
}
END_TEST

START_TEST(l105_l110_a_constructed_layer_says_all_of_its_config)
{
    cnn2snn_layer *layer = construct("QuantizedReLU", "{'max_value': 6.3, 'bitwidth': 2}");
    expect_config(layer, "{'name': 'quantized_re_lu', 'trainable': true, 'dtype': 'float32', 'bitwidth': 2, "
                         "'max_value': 6.300000190734863}");
    c2s_layer_release(layer);
    layer = construct("QuantizedReLU", "{'bitwidth': 4, 'name': 'q'}");
    ck_assert(json_real_value(json_object_get(layer->config, "max_value")) == 15);
    c2s_layer_release(layer);
    layer = construct("MaxPooling2D", "{'pool_size': 3}");
    expect_config(layer, "{'name': 'max_pooling2d', 'trainable': true, 'dtype': 'float32', 'pool_size': [3, 3], "
                         "'padding': 'valid', 'strides': [3, 3], 'data_format': 'channels_last'}");
    c2s_layer_release(layer);
    layer = construct(
        "QuantizedDense",
        "{'quantizer': {'class_name': 'MaxQuantizer', 'config': {'bitwidth': 4, 'name': 'm'}}, 'units': 3}");
    const json_t *quantizer = json_object_get(layer->config, "quantizer");
    ck_assert_str_eq(c2s_json_get_string(quantizer, "registered_name", ""), "MaxQuantizer");
    c2s_layer_release(layer);
}
END_TEST

START_TEST(l106_keys_of_the_separable_layer_stand_as_the_reference_writes_them)
{
    static const char *const expected[] = {"name",
                                           "trainable",
                                           "dtype",
                                           "filters",
                                           "kernel_size",
                                           "strides",
                                           "padding",
                                           "dilation_rate",
                                           "groups",
                                           "use_bias",
                                           "kernel_initializer",
                                           "bias_initializer",
                                           "kernel_regularizer",
                                           "bias_regularizer",
                                           "activity_regularizer",
                                           "kernel_constraint",
                                           "bias_constraint",
                                           "depthwise_initializer",
                                           "pointwise_initializer",
                                           "depthwise_regularizer",
                                           "pointwise_regularizer",
                                           "depthwise_constraint",
                                           "pointwise_constraint",
                                           "quantizer_dw",
                                           "quantizer"};
    cnn2snn_layer *layer = construct("QuantizedSeparableConv2D",
                                     "{'quantizer': {'class_name': 'MaxQuantizer', 'config': {'bitwidth': 4}}, "
                                     "'filters': 3, 'kernel_size': 3}");
    size_t i = 0;
    const char *key;
    json_t *value;
    json_object_foreach (layer->config, key, value)
        ck_assert_str_eq(key, expected[i++]);
    ck_assert_uint_eq(i, sizeof expected / sizeof *expected);
    ck_assert_int_eq(c2s_layer_depthwise_quantizer(layer)->bitwidth, 4);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(what_nobody_interprets_stays_in_the_config)
{
    cnn2snn_layer *layer = make("ReLU", "{'max_value': 6, 'name': 'r', 'shared_object_id': 4, 'batch_input_shape': "
                                        "[null, 3]}");
    expect_config(layer, "{'name': 'r', 'trainable': true, 'dtype': 'float32', 'batch_input_shape': [null, 3], "
                         "'max_value': 6.0, 'negative_slope': 0.0, 'threshold': 0.0, 'shared_object_id': 4}");
    ck_assert_int_eq(json_integer_value(json_object_get(layer->config, "shared_object_id")), 4);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(values_are_said_in_the_forms_of_keras)
{
    static const struct {
        const char *class_name, *config, *expected;
    } forms[] = {
        {"Cropping2D", "{'cropping': 1}", "'cropping': [[1, 1], [1, 1]], 'data_format': 'channels_last'}"},
        {"ZeroPadding2D", "{'padding': [1, 2]}", "'padding': [[1, 1], [2, 2]], 'data_format': 'channels_last'}"},
        {"ZeroPadding2D", "{'padding': [[1, 2], [3, 4]]}",
         "'padding': [[1, 2], [3, 4]], 'data_format': 'channels_last'}"},
        {"UpSampling2D", "{'size': 3}",
         "'size': [3, 3], 'data_format': 'channels_last', 'interpolation': 'nearest'}"},
        {"MaxPooling2D", "{'padding': 'SAME'}",
         "'pool_size': [2, 2], 'padding': 'same', 'strides': [2, 2], 'data_format': 'channels_last'}"},
        {"ReLU", "{'negative_slope': 0.1}",
         "'max_value': null, 'negative_slope': 0.10000000149011612, 'threshold': 0.0}"},
        {"LeakyReLU", "{}", "'alpha': 0.30000001192092896}"},
        {"ELU", "{'alpha': 2}", "'alpha': 2.0}"},
        {"ActivityRegularization", "{'l1': 0.5}", "'l1': 0.5, 'l2': 0.0}"},
        {"SpatialDropout2D", "{'rate': 0.5}", "'rate': 0.5, 'noise_shape': null, 'seed': null}"},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char config[256], expected[256];
        snprintf(config, sizeof config, "{'name': 'x'%s%s", forms[i].config[1] == '}' ? "" : ", ",
                 forms[i].config + 1);
        snprintf(expected, sizeof expected, "{'name': 'x', 'trainable': true, 'dtype': 'float32', %s",
                 forms[i].expected);
        cnn2snn_layer *layer = make(forms[i].class_name, config);
        expect_config(layer, expected);
        c2s_layer_release(layer);
    }
}
END_TEST

START_TEST(an_input_layer_is_made_of_its_shape)
{
    cnn2snn_layer *layer;
    struct c2s_shape shape = SHAPE(4, OPEN);
    ck_assert_int_eq(c2s_input_layer_create(context, NULL, &shape, CNN2SNN_DTYPE_UINT8, &layer, NULL), CNN2SNN_OK);
    expect_config(layer, "{'batch_input_shape': [null, 4, null], 'dtype': 'uint8', 'sparse': false, 'ragged': false, "
                         "'name': 'input_1'}");
    ck_assert(c2s_shape_equal(&((struct c2s_input_attributes *)layer->attributes)->shape, &shape));
    c2s_layer_release(layer);
    shape = c2s_shape_unranked();
    ck_assert_int_eq(c2s_input_layer_create(context, "i", &shape, CNN2SNN_DTYPE_NONE, &layer, NULL), CNN2SNN_OK);
    ck_assert(c2s_shape_is_unranked(&((struct c2s_input_attributes *)layer->attributes)->shape));
    ck_assert_int_eq(((struct c2s_input_attributes *)layer->attributes)->dtype, CNN2SNN_DTYPE_FLOAT32);
    c2s_layer_release(layer);
}
END_TEST

static cnn2snn_layer *with_config(const cnn2snn_layer *layer, const char *class_name, const char *config)
{
    json_t *object = json(config);
    cnn2snn_layer *made = NULL;
    ck_assert_int_eq(c2s_layer_with_config(layer, class_name, object, NULL, &made, NULL), CNN2SNN_OK);
    json_decref(object);
    return made;
}

START_TEST(weights_come_along_to_a_layer_that_has_as_many)
{
    cnn2snn_layer *dense =
        make_from("Dense", "{'units': 2, 'name': 'd'}", &(struct c2s_layer_source){.keras_generation = 3});
    struct c2s_shape input = SHAPE(3);
    ck_assert_int_eq(c2s_layer_build(dense, 1, &input, NULL), CNN2SNN_OK);
    dense->extras = json("{'build_config': 1}");
    cnn2snn_layer *quantized = with_config(
        dense, "QuantizedDense",
        "{'name': 'other', 'units': 2, 'quantizer': {'class_name': 'MaxQuantizer', 'config': {'bitwidth': 4}}}");
    ck_assert_str_eq(quantized->name, "d");
    ck_assert_str_eq(c2s_json_get_string(quantized->config, "name", ""), "d");
    ck_assert(quantized->built && quantized->weight_count == 2 && quantized->keras_generation == 3);
    ck_assert_ptr_eq(quantized->weights[0].tensor, dense->weights[0].tensor);
    ck_assert_ptr_eq(quantized->extras, dense->extras);
    c2s_layer_release(quantized);
    cnn2snn_layer *without = with_config(dense, NULL, "{'units': 2, 'use_bias': false}");
    ck_assert(!without->built && !without->weight_count);
    c2s_layer_release(without);
    cnn2snn_layer *wider = with_config(dense, NULL, "{'units': 3}");
    ck_assert(!wider->built && !wider->weight_count);
    c2s_layer_release(wider);
    c2s_layer_release(dense);
}
END_TEST

START_TEST(weights_are_set_only_in_the_right_number_and_shape)
{
    cnn2snn_layer *dense = make("Dense", "{'units': 2, 'name': 'd'}");
    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS];
    struct c2s_shape input = SHAPE(3);
    size_t count;
    cnn2snn_tensor *weights[2];
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(c2s_layer_weight_specs(dense, 1, &input, specs, &count, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT64, 2, (int64_t[]){3, 2}, &weights[0], NULL),
                     0);
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT32, 1, (int64_t[]){3}, &weights[1], NULL),
                     0);
    cnn2snn_status status = c2s_layer_set_weights(dense, 2, specs, weights, &error);
    expect_failure(status, error, CNN2SNN_E_VALUE, "d: bias has shape (3,), expected (2,)");
    error = NULL;
    status = c2s_layer_set_weights(dense, 1, specs, weights, &error);
    expect_failure(status, error, CNN2SNN_E_VALUE, "d: 1 weights, expected 2");
    ck_assert(!dense->built);
    c2s_tensor_release(weights[1]);
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT32, 1, (int64_t[]){2}, &weights[1], NULL),
                     0);
    ck_assert_int_eq(c2s_layer_set_weights(dense, 2, specs, weights, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_layer_set_weights(dense, 2, specs, weights, NULL), CNN2SNN_OK);
    ck_assert_int_eq(dense->weights[0].tensor->dtype, CNN2SNN_DTYPE_FLOAT32);
    ck_assert_ptr_eq(dense->weights[1].tensor, weights[1]);
    ck_assert(dense->built);
    for (int i = 0; i < 2; i++)
        c2s_tensor_release(weights[i]);
    c2s_layer_release(dense);
}
END_TEST

int main(void)
{
    return RUN("layer_table", every_id_has_a_row_with_a_shape_rule, defaults_are_json, packages_are_ignored_and_kept,
               families_are_those_of_the_reference, names_are_made_of_classes_as_keras_does,
               unknown_classes_are_refused_or_opaque, facts_of_every_config_are_checked,
               constructors_know_their_arguments, l105_l110_a_constructed_layer_says_all_of_its_config,
               l106_keys_of_the_separable_layer_stand_as_the_reference_writes_them,
               what_nobody_interprets_stays_in_the_config, values_are_said_in_the_forms_of_keras,
               an_input_layer_is_made_of_its_shape, weights_come_along_to_a_layer_that_has_as_many,
               weights_are_set_only_in_the_right_number_and_shape);
}
