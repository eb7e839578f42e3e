/* SPDX-License-Identifier: Apache-2.0 */
/* Activations: names, layer classes as arguments, layers, quantized ones. */
#include "layer_fixture.h"

/* What a Dense layer reads from this activation argument. */
static struct c2s_activation_attributes read_activation(const char *value, int generation)
{
    char config[512];
    snprintf(config, sizeof config, "{'units': 1, 'activation': %s}", value);
    cnn2snn_layer *layer = make_from("Dense", config, &(struct c2s_layer_source){.keras_generation = generation});
    struct c2s_activation_attributes activation = c2s_layer_dense(layer)->activation;
    c2s_layer_release(layer);
    return activation;
}

START_TEST(each_name_means_its_function)
{
    static const struct {
        const char *value;
        enum c2s_function function;
    } names[] = {
        {"null", C2S_LINEAR},
        {"'linear'", C2S_LINEAR},
        {"'relu'", C2S_RELU},
        {"'relu6'", C2S_RELU6},
        {"'leaky_relu'", C2S_LEAKY_RELU},
        {"'sigmoid'", C2S_SIGMOID},
        {"'tanh'", C2S_TANH},
        {"'softmax'", C2S_SOFTMAX},
        {"'log_softmax'", C2S_LOG_SOFTMAX},
        {"'softplus'", C2S_SOFTPLUS},
        {"'softsign'", C2S_SOFTSIGN},
        {"'elu'", C2S_ELU},
        {"'celu'", C2S_CELU},
        {"'selu'", C2S_SELU},
        {"'swish'", C2S_SWISH},
        {"'silu'", C2S_SWISH},
        {"'gelu'", C2S_GELU},
        {"'exponential'", C2S_EXPONENTIAL},
        {"'mish'", C2S_MISH},
        {"'hard_silu'", C2S_HARD_SILU},
        {"'hard_swish'", C2S_HARD_SILU},
        {"'hard_tanh'", C2S_HARD_TANH},
        {"'tanh_shrink'", C2S_TANH_SHRINK},
        {"'hard_shrink'", C2S_HARD_SHRINK},
        {"'soft_shrink'", C2S_SOFT_SHRINK},
        {"'log_sigmoid'", C2S_LOG_SIGMOID},
        {"'squareplus'", C2S_SQUAREPLUS},
        {"'sparse_plus'", C2S_SPARSE_PLUS},
        {"'sparse_sigmoid'", C2S_SPARSE_SIGMOID},
        {"'sparsemax'", C2S_SPARSEMAX},
        {"{'module': 'builtins', 'class_name': 'function', 'config': 'swish'}", C2S_SWISH},
        {"{'class_name': 'Softmax', 'config': {'axis': -1}}", C2S_SOFTMAX},
        {"{'class_name': 'ELU', 'config': {}}", C2S_ELU},
        {"'LeakyReLU'", C2S_LEAKY_RELU},
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        ck_assert_int_eq(read_activation(names[i].value, 0).function, names[i].function);
}
END_TEST

START_TEST(hard_sigmoid_depends_on_the_generation)
{
    ck_assert_int_eq(read_activation("'hard_sigmoid'", 0).function, C2S_HARD_SIGMOID_KERAS2);
    ck_assert_int_eq(read_activation("'hard_sigmoid'", 2).function, C2S_HARD_SIGMOID_KERAS2);
    ck_assert_int_eq(read_activation("'hard_sigmoid'", 3).function, C2S_HARD_SIGMOID_KERAS3);
}
END_TEST

START_TEST(leaky_slopes_differ_by_name_and_class)
{
    ck_assert(read_activation("'leaky_relu'", 0).alpha == 0.2f);
    ck_assert(read_activation("'LeakyReLU'", 0).alpha == 0.3f);
    ck_assert(read_activation("{'class_name': 'LeakyReLU', 'config': {'alpha': 0.5}}", 0).alpha == 0.5f);
    ck_assert(read_activation("{'class_name': 'LeakyReLU', 'config': {'negative_slope': 0.25}}", 0).alpha == 0.25f);
    ck_assert(read_activation("'elu'", 0).alpha == 1);
}
END_TEST

START_TEST(a_relu_layer_as_argument_keeps_its_limits)
{
    struct c2s_activation_attributes relu = read_activation(
        "{'class_name': 'ReLU', 'config': {'max_value': 6, 'negative_slope': 0.1, 'threshold': 1}}", 0);
    ck_assert_int_eq(relu.function, C2S_CLIPPED_RELU);
    ck_assert(relu.max_value == 6 && relu.alpha == 0.1f && relu.threshold == 1);
    ck_assert(isinf(read_activation("{'class_name': 'ReLU', 'config': {}}", 0).max_value));
}
END_TEST

START_TEST(unknown_activations_are_named)
{
    static const char *const unknown[] = {"'Relu'",
                                          "'threshold'",
                                          "{'class_name': 'Lambda'}",
                                          "'PReLU'",
                                          "''",
                                          "{'class_name': 'function', 'config': 'nothing'}",
                                          "{'class_name': 'Softmax', 'config': {'axis': 1}}"};
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        char config[256];
        snprintf(config, sizeof config, "{'units': 1, 'activation': %s, 'name': 'd'}", unknown[i]);
        expect_refused("Dense", config, false, CNN2SNN_E_VALUE, "d: a");
    }
    expect_refused("Dense", "{'units': 1, 'activation': 3}", false, CNN2SNN_E_MALFORMED, "activation is 3");
    expect_refused("Dense", "{'units': 1, 'activation': {}}", true, CNN2SNN_E_TYPE, "activation is {}");
    expect_refused("Dense", "{'units': 1, 'activation': {'class_name': 'ReLU', 'config': {'max_value': -1}}}", false,
                   CNN2SNN_E_VALUE, "max_value is -1");
}
END_TEST

START_TEST(glu_halves_the_last_axis)
{
    expect_shape("Activation", "{'activation': 'glu'}", SHAPE(3, 8), SHAPE(3, 4));
    expect_shape("Conv2D", "{'filters': 6, 'kernel_size': 1, 'activation': 'glu'}", SHAPE(3, 3, 2), SHAPE(3, 3, 3));
    expect_shape("Activation", "{'activation': 'glu'}", SHAPE(3, OPEN), SHAPE(3, OPEN));
    expect_no_shape("Activation", "{'activation': 'glu'}", SHAPE(3, 7), CNN2SNN_E_VALUE, "glu on 7 channels");
    expect_no_shape("Activation", "{'activation': 'softmax'}", SCALAR, CNN2SNN_E_VALUE, "last axis");
    expect_refused("Activation", "{}", false, CNN2SNN_E_MALFORMED, "activation is missing");
}
END_TEST

START_TEST(relu_reads_old_and_new_forms)
{
    cnn2snn_layer *layer = make("ReLU", "{}");
    const struct c2s_relu_attributes *relu = layer->attributes;
    ck_assert(isinf(relu->max_value) && relu->negative_slope == 0 && relu->threshold == 0);
    c2s_layer_release(layer);
    layer = make("ReLU", "{'max_value': {'type': 'ndarray', 'value': 6.0}, 'negative_slope': {'class_name': "
                         "'ndarray', 'value': 0.20000000298023224}, 'threshold': 1}");
    relu = layer->attributes;
    ck_assert(relu->max_value == 6 && relu->negative_slope == 0.2f && relu->threshold == 1);
    c2s_layer_release(layer);
    expect_refused("ReLU", "{'negative_slope': -0.1}", false, CNN2SNN_E_VALUE, "negative_slope is -0.1");
    expect_refused("ReLU", "{'threshold': -2}", false, CNN2SNN_E_VALUE, "threshold is -2");
    expect_refused("ReLU", "{'max_value': 1e39}", false, CNN2SNN_E_VALUE, "range of float32");
    expect_refused("ReLU", "{'max_value': [6]}", false, CNN2SNN_E_MALFORMED, "max_value is [6]");
}
END_TEST

START_TEST(function_layers_have_their_defaults)
{
    cnn2snn_layer *layer = make("ThresholdedReLU", "{}");
    const struct c2s_activation_attributes *function = layer->attributes;
    ck_assert_int_eq(function->function, C2S_CLIPPED_RELU);
    ck_assert(function->threshold == 1 && function->alpha == 0 && isinf(function->max_value));
    c2s_layer_release(layer);
    layer = make("LeakyReLU", "{}");
    function = layer->attributes;
    ck_assert(function->alpha == 0.3f);
    c2s_layer_release(layer);
    layer = make("ELU", "{'alpha': 0.5}");
    function = layer->attributes;
    ck_assert_int_eq(function->function, C2S_ELU);
    ck_assert(function->alpha == 0.5f);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(softmax_axes_must_exist)
{
    expect_shape("Softmax", "{}", SHAPE(3, 8), SHAPE(3, 8));
    expect_shape("Softmax", "{'axis': [1, 2]}", SHAPE(3, 8), SHAPE(3, 8));
    expect_shape("Softmax", "{'axis': 5}", c2s_shape_unranked(), c2s_shape_unranked());
    expect_no_shape("Softmax", "{'axis': 3}", SHAPE(3, 8), CNN2SNN_E_VALUE, "axis 3");
}
END_TEST

START_TEST(prelu_has_a_slope_for_each_value_that_is_not_shared)
{
    const struct expected_weight own[] = {{"alpha", SHAPE(4, 5, 3), 0, true}};
    expect_weights("PReLU", "{'shared_axes': null}", SHAPE(4, 5, 3), 1, own);
    expect_weights("PReLU", "{'shared_axes': []}", SHAPE(4, 5, 3), 1, own);
    const struct expected_weight shared[] = {{"alpha", SHAPE(1, 1, 3), 0, true}};
    expect_weights("PReLU", "{'shared_axes': [1, 2]}", SHAPE(4, 5, 3), 1, shared);
    const struct expected_weight unknown[] = {{"alpha", c2s_shape_unranked(), 0, true}};
    expect_weights("PReLU", "{'shared_axes': [1, 2]}", c2s_shape_unranked(), 1, unknown);
    expect_no_shape("PReLU", "{'shared_axes': [4]}", SHAPE(4, 5, 3), CNN2SNN_E_VALUE, "shared axis 4");
    expect_refused("PReLU", "{'shared_axes': [0]}", false, CNN2SNN_E_VALUE, "shared_axes");
    expect_refused("PReLU", "{'shared_axes': [2147483647]}", false, CNN2SNN_E_VALUE, "shared_axes is 2147483647");
    expect_refused("PReLU", "{'shared_axes': 9}", false, CNN2SNN_E_VALUE, "shared_axes is 9");
    expect_no_shape("PReLU", "{'shared_axes': [8]}", SHAPE(4, 5, 3), CNN2SNN_E_VALUE, "shared axis 8");
    expect_refused("PReLU", "{'shared_axes': [-1]}", false, CNN2SNN_E_VALUE, "shared_axes");
}
END_TEST

START_TEST(l108_l109_l110_quantized_activations_know_their_step)
{
    cnn2snn_layer *layer = make("QuantizedReLU", "{'bitwidth': 2, 'max_value': 6.3}");
    const struct c2s_quantized_activation_attributes *activation = c2s_layer_quantized_activation(layer);
    ck_assert_int_eq(activation->bitwidth, 2);
    ck_assert(activation->max_value == 6.3f && activation->step == 2.1000001f);
    c2s_layer_release(layer);
    layer = make("QuantizedReLU", "{'bitwidth': 4.0, 'max_value': null}");
    activation = c2s_layer_quantized_activation(layer);
    ck_assert(activation->max_value == 15 && activation->step == 1);
    c2s_layer_release(layer);
    layer = make("QuantizedReLU", "{}");
    activation = c2s_layer_quantized_activation(layer);
    ck_assert(activation->bitwidth == 1 && activation->max_value == 1);
    c2s_layer_release(layer);
    layer = make("ActivationDiscreteRelu", "{'bitwidth': 4}");
    activation = c2s_layer_quantized_activation(layer);
    ck_assert(activation->step == 0.4f && activation->max_value == 6.0f);
    ck_assert(layer->built && !layer->weight_count);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(l108_bitwidths_of_activations_are_more_than_0)
{
    static const char *const classes[] = {"QuantizedReLU", "ActivationDiscreteRelu"};
    for (int i = 0; i < 2; i++) {
        expect_refused(classes[i], "{'bitwidth': 0}", true, CNN2SNN_E_VALUE, "bitwidth is 0");
        expect_refused(classes[i], "{'bitwidth': -3}", false, CNN2SNN_E_VALUE, "bitwidth is -3");
        expect_refused(classes[i], "{'bitwidth': 128}", false, CNN2SNN_E_VALUE, "bitwidth is 128");
        expect_refused(classes[i], "{'bitwidth': '4'}", false, CNN2SNN_E_MALFORMED, "bitwidth is \"4\"");
    }
    c2s_layer_release(construct("QuantizedReLU", "{'bitwidth': 127, 'max_value': 0}"));
    c2s_layer_release(construct("QuantizedReLU", "{'bitwidth': 1, 'max_value': -1}"));
}
END_TEST

int main(void)
{
    return RUN("activation_layers", each_name_means_its_function, hard_sigmoid_depends_on_the_generation,
               leaky_slopes_differ_by_name_and_class, a_relu_layer_as_argument_keeps_its_limits,
               unknown_activations_are_named, glu_halves_the_last_axis, relu_reads_old_and_new_forms,
               function_layers_have_their_defaults, softmax_axes_must_exist,
               prelu_has_a_slope_for_each_value_that_is_not_shared, l108_l109_l110_quantized_activations_know_their_step,
               l108_bitwidths_of_activations_are_more_than_0);
}
