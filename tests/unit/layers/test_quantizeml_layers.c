/* SPDX-License-Identifier: Apache-2.0 */
/* QuantizeML's layers: configs of all releases, weights and shapes. */
#include "layer_fixture.h"

#include "layers/quantizeml_attributes.h"

#define CONV(more) "{'filters': 4, 'kernel_size': 3" more "}"
#define OUTPUT(members) ", 'quant_config': {'output_quantizer': {" members "}}"

/* ------------------------------------------------------------------------------------------------ classes */

START_TEST(classes_are_told_from_those_of_cnn2snn_by_their_package)
{
    ck_assert_int_eq(c2s_layer_kind_find("Custom>QuantizedConv2D")->id, C2S_KIND_QML_CONV2D);
    ck_assert_int_eq(c2s_layer_kind_find("QuantizedConv2D")->id, C2S_KIND_QUANTIZED_CONV2D);
    ck_assert_int_eq(c2s_layer_kind_find("Custom>Activation")->id, C2S_KIND_QML_FLOAT_ACTIVATION);
    ck_assert_int_eq(c2s_layer_kind_find("Activation")->id, C2S_KIND_ACTIVATION);
    ck_assert_ptr_null(c2s_layer_kind_find("InputQuantizer"));
    ck_assert_ptr_null(c2s_layer_kind_find("Custom>QuantizedShiftmax"));
    cnn2snn_layer *layer = make("Custom>QuantizedReLU", "{}"), *other = make("Custom>PaddedConv2D", CONV(""));
    ck_assert(c2s_layer_is(layer, C2S_FAMILY_QUANTIZEML));
    ck_assert(c2s_layer_is_qml_quantized(layer));
    ck_assert(c2s_layer_is(other, C2S_FAMILY_QUANTIZEML));
    ck_assert(!c2s_layer_is_qml_quantized(other));
    ck_assert_ptr_null(c2s_layer_quant_config(other));
    c2s_layer_release(layer);
    c2s_layer_release(other);
}
END_TEST

/* No rule of the legacy toolkit applies to them. */
START_TEST(other_accessors_find_nothing_in_them)
{
    cnn2snn_layer *layer = make("Custom>QuantizedConv2D", CONV(""));
    ck_assert_ptr_null(c2s_layer_conv(layer));
    ck_assert_ptr_null(c2s_layer_quantizer(layer));
    ck_assert_ptr_nonnull(c2s_layer_qml_conv(layer));
    ck_assert_ptr_null(c2s_layer_qml_dense(layer));
    ck_assert_ptr_null(c2s_layer_weight(layer, "kernel"));
    c2s_layer_release(layer);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ configs */

START_TEST(absent_members_have_the_defaults_of_the_newest_release)
{
    cnn2snn_layer *layer = make("Custom>QuantizedConv2D", CONV(OUTPUT("'bitwidth': 8")));
    const struct c2s_quant_config *quant = c2s_layer_quant_config(layer);
    ck_assert_int_eq(quant->weight_bitwidth, 8);
    ck_assert_int_eq(quant->weight_axis, 3);
    ck_assert_int_eq(quant->bias_bitwidth, 8);
    ck_assert_int_eq(quant->buffer_bitwidth, 28);
    const struct c2s_output_quantizer *output = c2s_layer_output_quantizer(layer);
    ck_assert(output->present && output->is_signed && !output->per_axis);
    ck_assert_int_eq(output->bitwidth, 8);
    ck_assert_int_eq(output->scale_bits, 8);
    ck_assert_int_eq(output->buffer_bitwidth, 32);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(no_output_quantizer_comes_in_four_forms)
{
    static const char *const configs[] = {"{}", "{'quant_config': null}",
                                          "{'quant_config': {'output_quantizer': {}}}",
                                          "{'quant_config': {'output_quantizer': null}}"};
    for (size_t i = 0; i < 4; i++) {
        cnn2snn_layer *layer = make("Custom>QuantizedAdd", configs[i]);
        ck_assert_ptr_null(c2s_layer_output_quantizer(layer));
        ck_assert_int_eq(c2s_layer_quant_config(layer)->buffer_bitwidth, 32);
        c2s_layer_release(layer);
    }
}
END_TEST

static void expect_axis(const char *class_name, const char *config, int expected)
{
    cnn2snn_layer *layer = make(class_name, config);
    ck_assert_msg(c2s_layer_quant_config(layer)->weight_axis == expected, "%s %s: axis %d, expected %d", class_name,
                  config, c2s_layer_quant_config(layer)->weight_axis, expected);
    c2s_layer_release(layer);
}

#define WEIGHT_AXIS(axis) CONV(", 'quant_config': {'weight_quantizer': {'axis': " axis "}}")

START_TEST(axes_of_weights_come_in_all_forms)
{
    expect_axis("Custom>QuantizedConv2D", WEIGHT_AXIS("-1"), 3);
    expect_axis("Custom>QuantizedConv2D", WEIGHT_AXIS("2"), 2);
    expect_axis("Custom>QuantizedConv2D", WEIGHT_AXIS("null"), C2S_NO_AXIS);
    expect_axis("Custom>QuantizedConv2D", WEIGHT_AXIS("'per-tensor'"), C2S_NO_AXIS);
    expect_axis("Custom>QuantizedConv2D", WEIGHT_AXIS("'per-axis'"), 3);
    /* these have no choice */
    expect_axis("Custom>QuantizedDepthwiseConv2D", "{'kernel_size': 3}", 2);
    expect_axis("Custom>QuantizedDepthwiseConv2DTranspose", "{'kernel_size': 3}", C2S_NO_AXIS);
    expect_axis("Custom>QuantizedSeparableConv2D", CONV(""), C2S_NO_AXIS);
    expect_axis("Custom>QuantizedDense", "{'units': 2}", 1);
    expect_axis("Custom>QuantizedBufferTempConv", "{'filters': 2, 'kernel_size': 3}", 3);
    expect_axis("Custom>QuantizedDepthwiseBufferTempConv", "{'kernel_size': 3}", 1);
    expect_refused("Custom>QuantizedConv2D", WEIGHT_AXIS("4"), false, CNN2SNN_E_VALUE,
                   "quant_config: weight_quantizer: axis is 4");
    expect_refused("Custom>QuantizedConv2D", WEIGHT_AXIS("'rows'"), false, CNN2SNN_E_MALFORMED, "axis is \"rows\"");
}
END_TEST

START_TEST(buffers_are_limited_where_the_reference_limits_them)
{
    static const struct {
        const char *class_name, *config;
        int expected;
    } cases[] = {
        {"Custom>QuantizedConv2D", CONV(", 'quant_config': {'buffer_bitwidth': 32}"), 28},
        {"Custom>QuantizedConv2D", CONV(", 'quant_config': {'buffer_bitwidth': 24}"), 24},
        {"Custom>QuantizedConv2DTranspose", CONV(""), 28},
        {"Custom>QuantizedDepthwiseConv2D", "{'kernel_size': 3}", 28},
        {"Custom>QuantizedDense", "{'units': 2}", 28},
        {"Custom>QuantizedStatefulProjection", "{'units': 2}", 28},
        {"Custom>QuantizedSeparableConv2D", CONV(""), 32},
        {"Custom>QuantizedReLU", "{}", 32},
        {"Custom>QuantizedBufferTempConv", "{'filters': 2, 'kernel_size': 3}", 32},
        {"Custom>QuantizedPicoPostProcessing", "{'threshold': 1}", 44},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cnn2snn_layer *layer = make(cases[i].class_name, cases[i].config);
        ck_assert_int_eq(c2s_layer_quant_config(layer)->buffer_bitwidth, cases[i].expected);
        c2s_layer_release(layer);
    }
}
END_TEST

static float limit_of(const char *config)
{
    cnn2snn_layer *layer = make("Custom>QuantizedReLU", config);
    float limit = ((const struct c2s_qml_relu_attributes *)layer->attributes)->max_value;
    c2s_layer_release(layer);
    return limit;
}

START_TEST(a_relu_without_limit_says_so)
{
    ck_assert(limit_of("{}") == 6);
    ck_assert(limit_of("{'max_value': 3.75}") == 3.75f);
    ck_assert(isinf(limit_of("{'max_value': null}")));
    expect_refused("Custom>QuantizedReLU", "{'max_value': -1}", false, CNN2SNN_E_VALUE, "max_value is -1");
    expect_refused("Custom>QuantizedReLU", "{'negative_slope': 0.5}", false, CNN2SNN_E_VALUE,
                   "negative_slope is 0.5");
}
END_TEST

START_TEST(borders_are_filled_as_wide_as_same_has_it)
{
    cnn2snn_layer *layer = make("Custom>QuantizedConv2D", CONV(", 'padding_value': [1.0, 2.0], 'padding': 'valid'"));
    const struct c2s_qml_conv_attributes *attributes = c2s_layer_qml_conv(layer);
    ck_assert_uint_eq(attributes->padding_value_count, 2);
    ck_assert(attributes->padding_values[1] == 2);
    ck_assert_int_eq(attributes->conv.padding, C2S_SAME);
    c2s_layer_release(layer);
    expect_shape("Custom>QuantizedConv2D", CONV(", 'padding_value': 1, 'strides': 2"), SHAPE(7, 6, 2),
                 SHAPE(4, 3, 4));
    expect_shape("Custom>QuantizedConv2D", CONV(", 'padding_value': null"), SHAPE(7, 6, 2), SHAPE(5, 4, 4));
    expect_no_shape("Custom>QuantizedConv2D", CONV(", 'padding_value': [1, 2]"), SHAPE(7, 6, 3), CNN2SNN_E_VALUE,
                    "2 values of padding_value for 3 channels");
    expect_refused("Custom>QuantizedConv2D", CONV(", 'padding_value': []"), false, CNN2SNN_E_VALUE,
                   "padding_value is []");
    expect_refused("Custom>QuantizedConv2D", CONV(", 'padding_value': [null]"), false, CNN2SNN_E_MALFORMED,
                   "padding_value is null");
}
END_TEST

START_TEST(what_the_layers_do_not_do_is_refused)
{
    expect_refused("Custom>QuantizedConv2D", CONV(", 'activation': 'relu'"), false, CNN2SNN_E_VALUE,
                   "activation is \"relu\"");
    expect_refused("Custom>QuantizedConv2D", CONV(", 'groups': 2"), false, CNN2SNN_E_VALUE, "groups is 2");
    expect_refused("Custom>QuantizedDepthwiseConv2D", "{'kernel_size': 3, 'depth_multiplier': 2}", false,
                   CNN2SNN_E_VALUE, "depth_multiplier is 2");
    expect_refused("Custom>QuantizedDense", "{'units': 2, 'activation': 'relu'}", false, CNN2SNN_E_VALUE,
                   "activation");
    expect_refused("Custom>QuantizedActivation", "{'activation': 'relu'}", false, CNN2SNN_E_VALUE,
                   "activation is \"relu\"");
    expect_refused("Custom>QuantizedActivation", "{}", false, CNN2SNN_E_MALFORMED, "activation is missing");
    expect_refused("Custom>QuantizedRescaling", "{'scale': 1, 'offset': 1}", false, CNN2SNN_E_VALUE, "offset is 1");
    expect_refused("Custom>QuantizedRescaling", "{'scale': [1, 2]}", false, CNN2SNN_E_VALUE, "scale is [1, 2]");
    expect_refused("Custom>QuantizedStatefulRecurrent", "{}", false, CNN2SNN_E_MALFORMED,
                   "output_quantizer is missing");
    expect_refused("Custom>QuantizedPicoPostProcessing", "{}", false, CNN2SNN_E_MALFORMED, "threshold is missing");
}
END_TEST

START_TEST(widths_out_of_range_are_refused)
{
    static const struct {
        const char *class_name, *config, *part;
    } cases[] = {
        {"Custom>QuantizedConv2D", CONV(", 'quant_config': 3"), "quant_config is 3"},
        {"Custom>QuantizedConv2D", CONV(", 'quant_config': {'weight_quantizer': []}"), "weight_quantizer is []"},
        {"Custom>QuantizedConv2D", CONV(", 'quant_config': {'weight_quantizer': {'bitwidth': 1}}"), "bitwidth is 1"},
        {"Custom>QuantizedConv2D", CONV(", 'quant_config': {'weight_quantizer': {'bitwidth': 17}}"),
         "quant_config: weight_quantizer: bitwidth is 17, expected 2 to 16"},
        {"Custom>QuantizedConv2D", CONV(", 'quant_config': {'bias_quantizer': {'bitwidth': 40}}"), "bitwidth is 40"},
        {"Custom>QuantizedConv2D", CONV(", 'quant_config': {'buffer_bitwidth': 99}"), "buffer_bitwidth is 99"},
        {"Custom>QuantizedConv2D", CONV(OUTPUT("'bitwidth': 1")), "bitwidth is 1, expected 2 to 31"},
        {"Custom>QuantizedConv2D", CONV(OUTPUT("'axis': -1")), "axis is -1"},
        {"Custom>QuantizedConv2D", CONV(OUTPUT("'axis': 'x'")), "axis is \"x\""},
        {"Custom>QuantizedConv2D", CONV(OUTPUT("'scale_bits': 30")), "scale_bits is 30"},
        {"Custom>InputQuantizer", "{'bitwidth': 1}", "bitwidth is 1"},
        {"Custom>InputQuantizer", "{'bitwidth': 17}", "bitwidth is 17"},
        {"Custom>InputQuantizer", "{'axis': 'rows'}", "axis is \"rows\""},
        {"Custom>QuantizedActivation", "{'activation': 'gelu', 'quant_config': {'lut_bitwidth': 32}}",
         "lut_bitwidth is 32"},
        {"Custom>QuantizedBufferTempConv", "{'filters': 2, 'kernel_size': 0}", "kernel_size is 0"},
        {"Custom>QuantizedStatefulProjection", "{'units': 2, 'subsample': 0}", "subsample is 0"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        cnn2snn_layer *layer = NULL;
        cnn2snn_error *error = NULL;
        cnn2snn_status status = create(cases[i].class_name, cases[i].config, NULL, &layer, &error);
        if (!status)
            ck_abort_msg("%s is taken", cases[i].config);
        ck_assert(status == CNN2SNN_E_VALUE || status == CNN2SNN_E_MALFORMED);
        expect_failure(status, error, status, cases[i].part);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------------ weights */

#define RANGES(...)                                                                                                  \
    {"output_quantizer/range_max", __VA_ARGS__, 1, false},                                                           \
    {                                                                                                                \
        "output_quantizer/rescaling_rate", __VA_ARGS__, 1, false                                                     \
    }

START_TEST(ranges_come_behind_the_layers_own_weights)
{
    expect_weights("Custom>QuantizedConv2D", CONV(OUTPUT("'axis': 'per-axis'")), SHAPE(7, 6, 2), 4,
                   (struct expected_weight[]){
                       {"kernel", SHAPE(3, 3, 2, 4), 0, true}, {"bias", SHAPE(4), 0, true}, RANGES(SHAPE(4))});
    expect_weights("Custom>QuantizedConv2DTranspose", CONV(", 'use_bias': false" OUTPUT("'bitwidth': 4")),
                   SHAPE(7, 6, 2), 3,
                   (struct expected_weight[]){{"kernel", SHAPE(3, 3, 4, 2), 0, true}, RANGES(SCALAR)});
    expect_weights("Custom>QuantizedSeparableConv2D", CONV(", 'use_bias': false" OUTPUT("'axis': 'per-axis'")),
                   SHAPE(7, 6, 2), 4,
                   (struct expected_weight[]){{"depthwise_kernel", SHAPE(3, 3, 2, 1), 0, true},
                                              {"pointwise_kernel", SHAPE(1, 1, 2, 4), 0, true},
                                              RANGES(SHAPE(4))});
    expect_weights("Custom>QuantizedDepthwiseConv2D",
                   "{'kernel_size': 3, 'use_bias': false" OUTPUT("'axis': 'per-axis'") "}", SHAPE(7, 6, 2), 3,
                   (struct expected_weight[]){{"depthwise_kernel", SHAPE(3, 3, 2, 1), 0, true}, RANGES(SHAPE(2))});
    expect_weights("Custom>QuantizedDense", "{'units': 5}", SHAPE(7), 2,
                   (struct expected_weight[]){{"kernel", SHAPE(7, 5), 0, true}, {"bias", SHAPE(5), 0, true}});
    expect_weights("Custom>QuantizedReLU", "{'max_value': 6" OUTPUT("'axis': 'per-axis'") "}", SHAPE(7, 6, 2), 2,
                   (struct expected_weight[]){RANGES(SHAPE(2))});
    expect_weights("Custom>QuantizedGlobalAveragePooling2D", "{'keepdims': true" OUTPUT("'axis': 'per-axis'") "}",
                   SHAPE(7, 6, 2), 2, (struct expected_weight[]){RANGES(SHAPE(2))});
    expect_weights("Custom>QuantizedReLU", "{'max_value': 6}", SHAPE(7, 6, 2), 0, NULL);
}
END_TEST

START_TEST(temporal_weights_know_their_buffer)
{
    expect_weights("Custom>QuantizedBufferTempConv", "{'filters': 3, 'kernel_size': 5, 'use_bias': true}",
                   SHAPE(4, 4, 2), 2,
                   (struct expected_weight[]){{"kernel", SHAPE(1, 1, 10, 3), 0, true}, {"bias", SHAPE(3), 0, true}});
    expect_weights("Custom>QuantizedDepthwiseBufferTempConv", "{'kernel_size': 5" OUTPUT("'axis': 'per-axis'") "}",
                   SHAPE(4, 4, 2), 3, (struct expected_weight[]){{"kernel", SHAPE(5, 2), 0, true}, RANGES(SHAPE(2))});
    expect_weights("Custom>QuantizedStatefulRecurrent", "{'name': 's'" OUTPUT("'bitwidth': 16") "}", SHAPE(4, 3), 4,
                   (struct expected_weight[]){{"A_real", SHAPE(3), 0, true},
                                              {"A_imag", SHAPE(3), 0, true},
                                              {"range_max", SCALAR, 1, false},
                                              {"rescaling_rate", SCALAR, 1, false}});
}
END_TEST

START_TEST(input_quantizers_have_a_range)
{
    expect_weights("Custom>InputQuantizer", "{}", SHAPE(4, 4, 2), 2,
                   (struct expected_weight[]){{"range_min", SCALAR, -1, false}, {"range_max", SCALAR, 1, false}});
    expect_weights("Custom>InputQuantizer", "{'axis': 'per-axis'}", SHAPE(4, 4, 2), 2,
                   (struct expected_weight[]){{"range_min", SHAPE(2), -1, false}, {"range_max", SHAPE(2), 1, false}});
}
END_TEST

START_TEST(sums_have_ranges_too)
{
    cnn2snn_layer *layer = make("Custom>QuantizedAdd", "{'average': false" OUTPUT("'axis': 'per-axis'") "}");
    const struct c2s_shape inputs[] = {SHAPE(4, 4, 2), SHAPE(4, 4, 2)};
    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS];
    size_t count;
    ck_assert_int_eq(c2s_layer_weight_specs(layer, 2, inputs, specs, &count, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(count, 2);
    ck_assert_int_eq(specs[0].shape.extents[0], 2);
    ck_assert(!specs[0].optional && specs[1].optional);
    ck_assert_int_eq(c2s_layer_build(layer, 2, inputs, NULL), CNN2SNN_OK);
    ck_assert(c2s_f32(c2s_layer_weight(layer, "output_quantizer/rescaling_rate"))[1] == 1);
    c2s_layer_release(layer);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ shapes */

START_TEST(shapes_are_those_of_the_float_layers)
{
    expect_shape("Custom>QuantizedConv2D", CONV(", 'padding': 'same', 'strides': 2"), SHAPE(7, 6, 2), SHAPE(4, 3, 4));
    expect_shape("Custom>QuantizedConv2DTranspose", CONV(", 'padding': 'same', 'strides': 2"), SHAPE(7, 6, 2),
                 SHAPE(14, 12, 4));
    expect_shape("Custom>QuantizedDepthwiseConv2DTranspose", "{'kernel_size': 3, 'strides': 2, 'padding': 'same'}",
                 SHAPE(7, 6, 2), SHAPE(14, 12, 2));
    expect_shape("Custom>DepthwiseConv2DTranspose", "{'kernel_size': 3, 'strides': 2, 'padding': 'same'}",
                 SHAPE(7, OPEN, 2), SHAPE(14, OPEN, 2));
    expect_shape("Custom>QuantizedDepthwiseConv2D", "{'kernel_size': 3}", SHAPE(7, 6, 2), SHAPE(5, 4, 2));
    expect_shape("Custom>QuantizedSeparableConv2D", CONV(""), SHAPE(7, 6, 2), SHAPE(5, 4, 4));
    expect_shape("Custom>QuantizedMaxPool2D", "{'pool_size': 2, 'strides': 2, 'padding': 'same'}", SHAPE(7, 6, 2),
                 SHAPE(4, 3, 2));
    expect_shape("Custom>QuantizedGlobalAveragePooling2D", "{}", SHAPE(7, 6, 2), SHAPE(2));
    expect_shape("Custom>QuantizedFlatten", "{}", SHAPE(7, 6, 2), SHAPE(84));
    expect_shape("Custom>QuantizedReshape", "{'target_shape': [1, 84]}", SHAPE(7, 6, 2), SHAPE(1, 84));
    expect_shape("Custom>QuantizedPermute", "{'dims': [2, 1]}", SHAPE(7, 6), SHAPE(6, 7));
    expect_shape("Custom>Dequantizer", "{}", SHAPE(7, 6), SHAPE(7, 6));
}
END_TEST

START_TEST(joins_take_two_inputs)
{
    const struct c2s_shape two[] = {SHAPE(4, 4, 2), SHAPE(4, 4, 3)}, three[] = {SHAPE(4), SHAPE(4), SHAPE(4)};
    expect_shape_of("Custom>QuantizedConcatenate", "{'axis': -1}", 2, two, SHAPE(4, 4, 5));
    expect_shape_of("Custom>QuantizedAdd", "{}", 2, three, SHAPE(4));
    expect_no_shape_of("Custom>QuantizedConcatenate", "{}", 3, three, CNN2SNN_E_VALUE, "3 inputs, expected 2");
    expect_no_shape_of("Custom>QuantizedAdd", "{}", 1, three, CNN2SNN_E_VALUE, "1 inputs, expected 2");
    expect_no_shape_of("Custom>QuantizedAdd", "{}", 2, two, CNN2SNN_E_VALUE, "don't go together");
    expect_shape_of("Custom>QuantizedPicoPostProcessing", "{'threshold': 1}", 2, two, SHAPE(4, 2));
    expect_no_shape("Custom>QuantizedPicoPostProcessing", "{'threshold': 1}", SHAPE(4, 2), CNN2SNN_E_VALUE,
                    "1 inputs, expected 2");
}
END_TEST

START_TEST(tokens_are_picked_from_an_axis)
{
    expect_shape("Custom>QuantizedExtractToken", "{'token': 1}", SHAPE(4, 3, 2), SHAPE(3, 2));
    expect_shape("Custom>QuantizedExtractToken", "{'token': 1, 'axis': -1}", SHAPE(4, 3, 2), SHAPE(4, 3));
    expect_shape("Custom>ExtractToken", "{'token': [1, 1], 'axis': 2}", SHAPE(4, 3, 5), SHAPE(4, 2, 5));
    expect_shape("Custom>QuantizedExtractToken", "{'token': 9}", SHAPE(OPEN, 3), SHAPE(3));
    expect_no_shape("Custom>QuantizedExtractToken", "{'token': 4}", SHAPE(4, 3), CNN2SNN_E_VALUE,
                    "token 4 of an axis of 4");
    expect_no_shape("Custom>QuantizedExtractToken", "{'token': 0, 'axis': 3}", SHAPE(4, 3), CNN2SNN_E_VALUE,
                    "axis 3");
    expect_refused("Custom>QuantizedExtractToken", "{'token': 0, 'axis': 0}", false, CNN2SNN_E_VALUE, "axis is 0");
    expect_refused("Custom>QuantizedExtractToken", "{'token': -1}", false, CNN2SNN_E_VALUE, "token is -1");
    expect_refused("Custom>QuantizedExtractToken", "{'token': []}", false, CNN2SNN_E_VALUE, "token is []");
    expect_refused("Custom>QuantizedExtractToken", "{}", false, CNN2SNN_E_MALFORMED, "token is missing");
}
END_TEST

START_TEST(time_steps_are_left_out)
{
    expect_shape("Custom>QuantizedStatefulProjection", "{'units': 5, 'subsample': 2}", SHAPE(8, 3), SHAPE(4, 5));
    expect_shape("Custom>QuantizedStatefulProjection", "{'units': 5}", SHAPE(8, 3), SHAPE(8, 5));
    expect_shape("Custom>QuantizedStatefulProjection", "{'units': 5, 'subsample': 2}", SHAPE(OPEN, 3),
                 SHAPE(OPEN, 5));
    expect_no_shape("Custom>QuantizedStatefulProjection", "{'units': 5, 'subsample': 3}", SHAPE(8, 3),
                    CNN2SNN_E_VALUE, "multiple of subsample 3");
    expect_no_shape("Custom>QuantizedStatefulProjection", "{'units': 5, 'subsample': 3}", SHAPE(3), CNN2SNN_E_VALUE,
                    "multiple of subsample 3");
    expect_shape("Custom>QuantizedStatefulRecurrent", "{'name': 's'" OUTPUT("'bitwidth': 16") "}", SHAPE(8, 3),
                 SHAPE(8, 3, 2));
    expect_shape("Custom>QuantizedBufferTempConv", "{'filters': 3, 'kernel_size': 5}", SHAPE(4, 4, 2),
                 SHAPE(4, 4, 3));
    expect_shape("Custom>DepthwiseBufferTempConv", "{'kernel_size': 5}", SHAPE(4, 4, 2), SHAPE(4, 4, 2));
}
END_TEST

START_TEST(float_layers_have_no_ranges)
{
    expect_weights("Custom>StatefulRecurrent", "{}", SHAPE(4, 3), 2,
                   (struct expected_weight[]){{"A_real", SHAPE(3), 0, true}, {"A_imag", SHAPE(3), 0, true}});
    expect_weights("Custom>StatefulProjection", "{'units': 5, 'subsample': 2, 'activation': 'relu'}", SHAPE(4, 3), 2,
                   (struct expected_weight[]){{"kernel", SHAPE(3, 5), 0, true}, {"bias", SHAPE(5), 0, true}});
    expect_shape("Custom>StatefulProjection", "{'units': 5, 'subsample': 2}", SHAPE(8, 3), SHAPE(4, 5));
    expect_shape("Custom>StatefulRecurrent", "{}", SHAPE(8, 3), SHAPE(8, 3, 2));
    const struct c2s_shape inputs[] = {SHAPE(4, 2), SHAPE(4, 2)};
    expect_shape_of("Custom>PicoPostProcessing", "{'threshold': 1}", 2, inputs, SHAPE(2));
    expect_weights("Custom>BufferTempConv", "{'filters': 3, 'kernel_size': 5}", SHAPE(4, 4, 2), 1,
                   (struct expected_weight[]){{"kernel", SHAPE(1, 1, 10, 3), 0, true}});
    expect_shape("Custom>PaddedConv2D", CONV(", 'padding_value': 1"), SHAPE(7, 6, 2), SHAPE(7, 6, 4));
    expect_shape("Custom>Activation", "{'activation': 'gelu'}", SHAPE(7), SHAPE(7));
    expect_shape_of("Custom>Add", "{'average': true}", 2, inputs, SHAPE(4, 2));
}
END_TEST

START_TEST(configs_are_kept_whole)
{
    cnn2snn_layer *layer =
        make("Custom>QuantizedAdd", "{'name': 'a', 'activation': true, 'quant_config': {'x': 1}, 'average': true}");
    const struct c2s_qml_merge_attributes *attributes = layer->attributes;
    ck_assert(attributes->average && attributes->fused_relu);
    expect_config(layer, "{'name': 'a', 'trainable': true, 'dtype': 'float32', 'activation': true, "
                         "'quant_config': {'x': 1}, 'average': true}");
    c2s_layer_release(layer);
}
END_TEST

int main(void)
{
    return RUN("quantizeml_layers", classes_are_told_from_those_of_cnn2snn_by_their_package,
               other_accessors_find_nothing_in_them, absent_members_have_the_defaults_of_the_newest_release,
               no_output_quantizer_comes_in_four_forms, axes_of_weights_come_in_all_forms,
               buffers_are_limited_where_the_reference_limits_them, a_relu_without_limit_says_so,
               borders_are_filled_as_wide_as_same_has_it, what_the_layers_do_not_do_is_refused,
               widths_out_of_range_are_refused, ranges_come_behind_the_layers_own_weights,
               temporal_weights_know_their_buffer, input_quantizers_have_a_range, sums_have_ranges_too,
               shapes_are_those_of_the_float_layers, joins_take_two_inputs, tokens_are_picked_from_an_axis,
               time_steps_are_left_out, float_layers_have_no_ranges, configs_are_kept_whole);
}
