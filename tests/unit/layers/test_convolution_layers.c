/* SPDX-License-Identifier: Apache-2.0 */
/* Convolutions: arguments in all their forms, weights and their order, shapes. */
#include "layer_fixture.h"

#define QUANTIZER "{'class_name': 'MaxPerAxisQuantizer', 'config': {'bitwidth': 4}}"

START_TEST(absent_arguments_have_keras_defaults)
{
    cnn2snn_layer *layer = make("Conv2D", "{'filters': 8, 'kernel_size': [3, 5]}");
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    ck_assert_int_eq(conv->filters, 8);
    ck_assert_int_eq(conv->kernel_size[0], 3);
    ck_assert_int_eq(conv->kernel_size[1], 5);
    ck_assert_int_eq(conv->strides[0] * conv->strides[1], 1);
    ck_assert_int_eq(conv->dilation_rate[0] * conv->dilation_rate[1], 1);
    ck_assert_int_eq(conv->groups, 1);
    ck_assert(conv->padding == C2S_VALID && !conv->channels_first && conv->use_bias);
    ck_assert_int_eq(conv->activation.function, C2S_LINEAR);
    ck_assert_ptr_null(conv->quantizer);
    ck_assert(!layer->built);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(numbers_tuples_floats_and_nulls_are_taken)
{
    cnn2snn_layer *layer =
        make("Conv2D", "{'filters': 8.0, 'kernel_size': 3, 'strides': {'class_name': '__tuple__', 'items': [2, 1]},"
                       "'padding': 'SAME', 'dilation_rate': null, 'use_bias': 0, 'activation': null,"
                       "'data_format': null, 'groups': 4}");
    const struct c2s_conv_attributes *conv = c2s_layer_conv(layer);
    ck_assert_int_eq(conv->filters, 8);
    ck_assert(conv->kernel_size[0] == 3 && conv->kernel_size[1] == 3);
    ck_assert(conv->strides[0] == 2 && conv->strides[1] == 1);
    ck_assert(conv->padding == C2S_SAME && !conv->use_bias);
    ck_assert_int_eq(conv->groups, 4);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(channels_first_loads_and_is_told)
{
    cnn2snn_layer *layer =
        make("SeparableConv2D", "{'filters': 8, 'kernel_size': 3, 'data_format': 'channels_first'}");
    ck_assert(c2s_layer_conv(layer)->channels_first);
    ck_assert(c2s_layer_is_channels_first(layer));
    c2s_layer_release(layer);
    expect_shape("Conv2D", "{'filters': 8, 'kernel_size': 3, 'data_format': 'channels_first'}", SHAPE(3, 10, 12),
                 SHAPE(8, 8, 10));
}
END_TEST

START_TEST(wrong_arguments_are_named)
{
    static const struct {
        const char *config;
        cnn2snn_status of_file, of_constructor;
        const char *part;
    } wrong[] = {
        {"{'kernel_size': 3, 'name': 'c'}", CNN2SNN_E_MALFORMED, CNN2SNN_E_TYPE, "c: filters is missing"},
        {"{'filters': 2}", CNN2SNN_E_MALFORMED, CNN2SNN_E_TYPE, "kernel_size is missing"},
        {"{'filters': '2', 'kernel_size': 3}", CNN2SNN_E_MALFORMED, CNN2SNN_E_TYPE, "filters is \"2\""},
        {"{'filters': 2.5, 'kernel_size': 3}", CNN2SNN_E_MALFORMED, CNN2SNN_E_TYPE, "filters is 2.5"},
        {"{'filters': true, 'kernel_size': 3}", CNN2SNN_E_MALFORMED, CNN2SNN_E_TYPE, "filters is true"},
        {"{'filters': NaN, 'kernel_size': 3}", CNN2SNN_E_MALFORMED, CNN2SNN_E_TYPE, "filters is NaN"},
        {"{'filters': 0, 'kernel_size': 3}", CNN2SNN_E_VALUE, CNN2SNN_E_VALUE, "filters is 0, expected 1 to"},
        {"{'filters': 2147483648, 'kernel_size': 3}", CNN2SNN_E_VALUE, CNN2SNN_E_VALUE, "filters is 2147483648"},
        {"{'filters': 1e300, 'kernel_size': 3}", CNN2SNN_E_MALFORMED, CNN2SNN_E_TYPE, "filters is 1e+300"},
        {"{'filters': 2, 'kernel_size': []}", CNN2SNN_E_VALUE, CNN2SNN_E_VALUE, "kernel_size is []"},
        {"{'filters': 2, 'kernel_size': [1, 2, 3]}", CNN2SNN_E_VALUE, CNN2SNN_E_VALUE, "a number or two"},
        {"{'filters': 2, 'kernel_size': [1, 0]}", CNN2SNN_E_VALUE, CNN2SNN_E_VALUE, "kernel_size is 0"},
        {"{'filters': 2, 'kernel_size': [1, [3]]}", CNN2SNN_E_MALFORMED, CNN2SNN_E_TYPE, "kernel_size is [3]"},
        {"{'filters': 2, 'kernel_size': 3, 'strides': 0}", CNN2SNN_E_VALUE, CNN2SNN_E_VALUE, "strides is 0"},
        {"{'filters': 2, 'kernel_size': 3, 'strides': -1}", CNN2SNN_E_VALUE, CNN2SNN_E_VALUE, "strides is -1"},
        {"{'filters': 2, 'kernel_size': 3, 'padding': 'causal'}", CNN2SNN_E_VALUE, CNN2SNN_E_VALUE, "padding"},
        {"{'filters': 2, 'kernel_size': 3, 'padding': 1}", CNN2SNN_E_MALFORMED, CNN2SNN_E_TYPE, "padding is 1"},
        {"{'filters': 2, 'kernel_size': 3, 'use_bias': 'no'}", CNN2SNN_E_MALFORMED, CNN2SNN_E_TYPE, "use_bias"},
        {"{'filters': 2, 'kernel_size': 3, 'data_format': 'x'}", CNN2SNN_E_VALUE, CNN2SNN_E_VALUE, "data_format"},
        {"{'filters': 2, 'kernel_size': 3, 'strides': 2, 'dilation_rate': 2}", CNN2SNN_E_VALUE, CNN2SNN_E_VALUE,
         "dilation_rate is 2"},
        {"{'filters': 3, 'kernel_size': 3, 'groups': 2}", CNN2SNN_E_VALUE, CNN2SNN_E_VALUE, "groups is 2"},
        {"{'filters': 3, 'kernel_size': 3, 'lora_rank': 2}", CNN2SNN_E_UNSUPPORTED, CNN2SNN_E_UNSUPPORTED,
         "lora_rank"},
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        expect_refused("Conv2D", wrong[i].config, false, wrong[i].of_file, wrong[i].part);
        expect_refused("Conv2D", wrong[i].config, true, wrong[i].of_constructor, wrong[i].part);
    }
}
END_TEST

START_TEST(windows_count_as_in_keras)
{
    expect_shape("Conv2D", "{'filters': 8, 'kernel_size': 3}", SHAPE(10, 12, 3), SHAPE(8, 10, 8));
    expect_shape("Conv2D", "{'filters': 8, 'kernel_size': 3, 'padding': 'same'}", SHAPE(10, 12, 3), SHAPE(10, 12, 8));
    expect_shape("Conv2D", "{'filters': 8, 'kernel_size': 3, 'strides': 2}", SHAPE(10, 11, 3), SHAPE(4, 5, 8));
    expect_shape("Conv2D", "{'filters': 8, 'kernel_size': 2, 'strides': 2, 'padding': 'same'}", SHAPE(10, 11, 3),
                 SHAPE(5, 6, 8));
    expect_shape("Conv2D", "{'filters': 8, 'kernel_size': 3, 'dilation_rate': [2, 3]}", SHAPE(10, 12, 3),
                 SHAPE(6, 6, 8));
    expect_shape("Conv2D", "{'filters': 8, 'kernel_size': [10, 12]}", SHAPE(10, 12, 3), SHAPE(1, 1, 8));
    expect_shape("SeparableConv2D", "{'filters': 8, 'kernel_size': 3}", SHAPE(10, 12, 3), SHAPE(8, 10, 8));
    expect_shape("DepthwiseConv2D", "{'kernel_size': 3, 'depth_multiplier': 2}", SHAPE(10, 12, 3), SHAPE(8, 10, 6));
}
END_TEST

START_TEST(open_extents_stay_open)
{
    expect_shape("Conv2D", "{'filters': 8, 'kernel_size': 3}", SHAPE(OPEN, 12, OPEN), SHAPE(OPEN, 10, 8));
    expect_shape("Conv2D", "{'filters': 8, 'kernel_size': 3}", c2s_shape_unranked(), SHAPE(OPEN, OPEN, 8));
    expect_shape("DepthwiseConv2D", "{'kernel_size': 3}", SHAPE(5, 5, OPEN), SHAPE(3, 3, OPEN));
    expect_shape("Conv2DTranspose", "{'filters': 8, 'kernel_size': 3}", SHAPE(OPEN, 4, 2), SHAPE(OPEN, 6, 8));
}
END_TEST

START_TEST(windows_that_fit_nowhere_are_errors)
{
    expect_no_shape("Conv2D", "{'filters': 8, 'kernel_size': 3}", SHAPE(2, 12, 3), CNN2SNN_E_VALUE,
                    "a window of 3 on an input of 2");
    expect_no_shape("Conv2D", "{'filters': 8, 'kernel_size': 3, 'dilation_rate': 2}", SHAPE(4, 12, 3),
                    CNN2SNN_E_VALUE, "a window of 5 on an input of 4");
    expect_no_shape("Conv2D", "{'filters': 8, 'kernel_size': 3}", SHAPE(12, 3), CNN2SNN_E_VALUE,
                    "(12, 3) without the batch, expected 3 dimensions");
    expect_no_shape("Conv2D", "{'filters': 4, 'kernel_size': 3, 'groups': 2}", SHAPE(9, 9, 3), CNN2SNN_E_VALUE,
                    "3 input channels, expected a multiple of groups 2");
    expect_no_shape("Conv2D", "{'filters': 4, 'kernel_size': 3}", SHAPE(9, 0, 3), CNN2SNN_E_VALUE, "(9, 0, 3)");
    expect_no_shape("Conv2D", "{'filters': 4, 'kernel_size': 2147483647, 'dilation_rate': 2147483647}",
                    SHAPE(9, 9, 3), CNN2SNN_E_VALUE, "a window of 46116860");
}
END_TEST

START_TEST(transposed_convolutions_grow)
{
    const char *plain = "{'filters': 8, 'kernel_size': 3, 'strides': 2}";
    expect_shape("Conv2DTranspose", plain, SHAPE(4, 5, 2), SHAPE(9, 11, 8));
    expect_shape("Conv2DTranspose", "{'filters': 8, 'kernel_size': 3, 'strides': 2, 'padding': 'same'}",
                 SHAPE(4, 5, 2), SHAPE(8, 10, 8));
    expect_shape("Conv2DTranspose", "{'filters': 8, 'kernel_size': 1, 'strides': 2}", SHAPE(4, 5, 2),
                 SHAPE(8, 10, 8));
    expect_shape("Conv2DTranspose",
                 "{'filters': 8, 'kernel_size': 3, 'strides': 2, 'padding': 'same', 'output_padding': 1}",
                 SHAPE(4, 5, 2), SHAPE(8, 10, 8));
    expect_shape("Conv2DTranspose",
                 "{'filters': 8, 'kernel_size': 3, 'strides': 2, 'padding': 'same', 'output_padding': 0}",
                 SHAPE(4, 5, 2), SHAPE(7, 9, 8));
    expect_shape("Conv2DTranspose", "{'filters': 8, 'kernel_size': 3, 'strides': 3, 'output_padding': [1, 2]}",
                 SHAPE(4, 5, 2), SHAPE(13, 17, 8));
    expect_shape("Conv2DTranspose", "{'filters': 8, 'kernel_size': 3, 'dilation_rate': 2}", SHAPE(4, 5, 2),
                 SHAPE(8, 9, 8));
    expect_refused("Conv2DTranspose", "{'filters': 8, 'kernel_size': 3, 'strides': 2, 'output_padding': 2}", false,
                   CNN2SNN_E_VALUE, "output_padding is 2, expected less than strides");
    expect_refused("Conv2DTranspose", "{'filters': 8, 'kernel_size': 3, 'groups': 2}", false, CNN2SNN_E_VALUE,
                   "groups is 2");
    expect_no_shape("Conv2DTranspose", "{'filters': 8, 'kernel_size': 5, 'strides': 2}", SHAPE(INT64_MAX / 2, 5, 2),
                    CNN2SNN_E_LIMIT, "64 bits");
    expect_no_shape("Conv2DTranspose", plain, SHAPE(INT64_MAX / 3 * 2, 5, 2), CNN2SNN_E_LIMIT, "64 bits");
}
END_TEST

START_TEST(kernels_come_before_biases)
{
    const struct expected_weight conv[] = {{"kernel", SHAPE(3, 5, 2, 8), 0, true}, {"bias", SHAPE(8), 0, true}};
    expect_weights("Conv2D", "{'filters': 8, 'kernel_size': [3, 5]}", SHAPE(9, 9, 2), 2, conv);
    expect_weights("Conv2D", "{'filters': 8, 'kernel_size': [3, 5], 'use_bias': false}", SHAPE(9, 9, 2), 1, conv);
    expect_weights("Conv2D", "{'filters': 8, 'kernel_size': [3, 5], 'groups': 2}", SHAPE(9, 9, 4), 2, conv);
    const struct expected_weight transposed[] = {{"kernel", SHAPE(3, 5, 8, 2), 0, true}, {"bias", SHAPE(8), 0, true}};
    expect_weights("Conv2DTranspose", "{'filters': 8, 'kernel_size': [3, 5]}", SHAPE(9, 9, 2), 2, transposed);
    const struct expected_weight depthwise[] = {{"depthwise_kernel", SHAPE(3, 3, 2, 3), 0, true},
                                                {"bias", SHAPE(6), 0, true}};
    expect_weights("DepthwiseConv2D", "{'kernel_size': 3, 'depth_multiplier': 3, 'filters': 77, 'groups': 9}",
                   SHAPE(9, 9, 2), 2, depthwise);
    const struct expected_weight separable[] = {{"depthwise_kernel", SHAPE(3, 3, 2, 3), 0, true},
                                                {"pointwise_kernel", SHAPE(1, 1, 6, 8), 0, true},
                                                {"bias", SHAPE(8), 0, true}};
    expect_weights("SeparableConv2D", "{'filters': 8, 'kernel_size': 3, 'depth_multiplier': 3}", SHAPE(9, 9, 2), 3,
                   separable);
    const struct expected_weight unknown[] = {{"depthwise_kernel", SHAPE(3, 3, OPEN, 3), 0, true},
                                              {"pointwise_kernel", SHAPE(1, 1, OPEN, 8), 0, true},
                                              {"bias", SHAPE(8), 0, true}};
    expect_weights("SeparableConv2D", "{'filters': 8, 'kernel_size': 3, 'depth_multiplier': 3}", c2s_shape_unranked(),
                   3, unknown);
}
END_TEST

START_TEST(open_channels_cannot_be_built)
{
    cnn2snn_layer *layer = make("Conv2D", "{'filters': 8, 'kernel_size': 3}");
    cnn2snn_error *error = NULL;
    struct c2s_shape input = SHAPE(5, 5, OPEN);
    cnn2snn_status status = c2s_layer_build(layer, 1, &input, &error);
    expect_failure(status, error, CNN2SNN_E_VALUE, "kernel has shape (3, 3, None, 8)");
    ck_assert(!layer->built && !layer->weight_count);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(l104_l106_l142_quantized_layers_have_quantizers)
{
    cnn2snn_layer *layer =
        make("QuantizedSeparableConv2D", "{'filters': 8, 'kernel_size': 3, 'quantizer_dw': {'class_name': "
                                         "'MaxQuantizer', 'config': {'bitwidth': 2}}, 'quantizer': " QUANTIZER "}");
    ck_assert_int_eq(c2s_layer_quantizer(layer)->kind, CNN2SNN_QUANTIZER_MAX_PER_AXIS);
    ck_assert_int_eq(c2s_layer_depthwise_quantizer(layer)->bitwidth, 2);
    ck_assert(c2s_layer_use_bias(layer));
    c2s_layer_release(layer);
    layer = make("QuantizedSeparableConv2D",
                 "{'filters': 8, 'kernel_size': 3, 'quantizer_dw': null, 'quantizer': " QUANTIZER "}");
    ck_assert_int_eq(c2s_layer_depthwise_quantizer(layer)->kind, CNN2SNN_QUANTIZER_MAX_PER_AXIS);
    ck_assert_int_eq(c2s_layer_depthwise_quantizer(layer)->bitwidth, 4);
    c2s_layer_release(layer);
    layer = make("QuantizedDepthwiseConv2D", "{'kernel_size': 3, 'quantizer': " QUANTIZER "}");
    ck_assert_ptr_nonnull(c2s_layer_quantizer(layer));
    ck_assert_ptr_null(c2s_layer_depthwise_quantizer(layer));
    c2s_layer_release(layer);
    const struct expected_weight conv[] = {{"kernel", SHAPE(3, 3, 2, 8), 0, true}, {"bias", SHAPE(8), 0, true}};
    expect_weights("QuantizedConv2D", "{'filters': 8, 'kernel_size': 3, 'quantizer': " QUANTIZER "}", SHAPE(9, 9, 2),
                   2, conv);
}
END_TEST

START_TEST(l104_quantized_layers_need_a_quantizer)
{
    const char *absent = "{'filters': 8, 'kernel_size': 3}",
               *null = "{'filters': 8, 'kernel_size': 3, 'quantizer': null}";
    const char *unknown = "{'filters': 8, 'kernel_size': 3, 'quantizer': {'class_name': 'Nothing', 'config': {}}}";
    expect_refused("QuantizedConv2D", absent, true, CNN2SNN_E_TYPE, "quantizer is missing");
    expect_refused("QuantizedConv2D", null, true, CNN2SNN_E_VALUE, "quantizer");
    expect_refused("QuantizedConv2D", unknown, true, CNN2SNN_E_TYPE, "Nothing");
    expect_refused("QuantizedConv2D", absent, false, CNN2SNN_E_MALFORMED, "quantizer is missing");
    expect_refused("QuantizedConv2D",
                   "{'filters': 8, 'kernel_size': 3, 'quantizer': {'class_name': 'MaxQuantizer', 'config': "
                   "{'bitwidth': 1}}}",
                   true, CNN2SNN_E_VALUE, "bitwidth");
}
END_TEST

START_TEST(l104_l106_l142_constructors_refuse_arguments_that_quantized_layers_do_not_have)
{
    static const struct {
        const char *class_name, *argument, *other;
    } refused[] = {
        {"QuantizedConv2D", "'data_format': 'channels_last'", "'data_format': 'channels_first'"},
        {"QuantizedConv2D", "'activation': null", "'activation': 'relu'"},
        {"QuantizedConv2D", "'groups': 1", "'groups': 2"},
        {"QuantizedSeparableConv2D", "'data_format': 'channels_last'", "'data_format': 'channels_first'"},
        {"QuantizedSeparableConv2D", "'activation': 'linear'", "'activation': 'relu'"},
        {"QuantizedSeparableConv2D", "'depth_multiplier': 1", "'depth_multiplier': 2"},
        {"QuantizedDepthwiseConv2D", "'depth_multiplier': 1", "'depth_multiplier': 2"},
        {"QuantizedDepthwiseConv2D", "'activation': 'linear'", "'activation': 'relu'"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        char config[256];
        snprintf(config, sizeof config, "{'filters': 8, 'kernel_size': 3, 'quantizer': " QUANTIZER ", %s}",
                 refused[i].argument);
        expect_refused(refused[i].class_name, config, true, CNN2SNN_E_TYPE, "which quantized layers don't have");
        c2s_layer_release(make(refused[i].class_name, config)); /* a file may say the default */
        snprintf(config, sizeof config, "{'filters': 8, 'kernel_size': 3, 'quantizer': " QUANTIZER ", %s}",
                 refused[i].other);
        expect_refused(refused[i].class_name, config, false, CNN2SNN_E_TYPE, "which quantized layers don't have");
    }
    c2s_layer_release(construct("QuantizedConv2D",
                                "{'filters': 8, 'kernel_size': 3, 'dilation_rate': 2, 'quantizer': " QUANTIZER "}"));
}
END_TEST

int main(void)
{
    return RUN("convolution_layers", absent_arguments_have_keras_defaults, numbers_tuples_floats_and_nulls_are_taken,
               channels_first_loads_and_is_told, wrong_arguments_are_named, windows_count_as_in_keras,
               open_extents_stay_open, windows_that_fit_nowhere_are_errors, transposed_convolutions_grow,
               kernels_come_before_biases, open_channels_cannot_be_built, l104_l106_l142_quantized_layers_have_quantizers,
               l104_quantized_layers_need_a_quantizer, l104_l106_l142_constructors_refuse_arguments_that_quantized_layers_do_not_have);
}
