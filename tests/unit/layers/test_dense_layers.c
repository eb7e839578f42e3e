/* SPDX-License-Identifier: Apache-2.0 */
/* Dense and QuantizedDense. */
#include "layer_fixture.h"

#define QUANTIZER "{'class_name': 'MaxPerAxisQuantizer', 'config': {'bitwidth': 4}}"

START_TEST(dense_acts_on_the_last_axis_of_any_rank)
{
    expect_shape("Dense", "{'units': 5}", SHAPE(3), SHAPE(5));
    expect_shape("Dense", "{'units': 5}", SHAPE(2, 4, 3), SHAPE(2, 4, 5));
    expect_shape("Dense", "{'units': 5}", SHAPE(OPEN, 3), SHAPE(OPEN, 5));
    expect_shape("Dense", "{'units': 5}", c2s_shape_unranked(), c2s_shape_unranked());
    expect_no_shape("Dense", "{'units': 5}", SCALAR, CNN2SNN_E_VALUE, "at least one dimension");
}
END_TEST

START_TEST(kernel_then_bias)
{
    const struct expected_weight expected[] = {{"kernel", SHAPE(3, 5), 0, true}, {"bias", SHAPE(5), 0, true}};
    expect_weights("Dense", "{'units': 5}", SHAPE(2, 3), 2, expected);
    expect_weights("Dense", "{'units': 5, 'use_bias': false}", SHAPE(3), 1, expected);
    expect_weights("QuantizedDense", "{'units': 5, 'quantizer': " QUANTIZER "}", SHAPE(3), 2, expected);
    const struct expected_weight open[] = {{"kernel", SHAPE(OPEN, 5), 0, true}, {"bias", SHAPE(5), 0, true}};
    expect_weights("Dense", "{'units': 5}", c2s_shape_unranked(), 2, open);
}
END_TEST

START_TEST(units_are_needed_and_bounded)
{
    expect_refused("Dense", "{}", false, CNN2SNN_E_MALFORMED, "dense: units is missing");
    expect_refused("Dense", "{'units': 0}", false, CNN2SNN_E_VALUE, "units is 0");
    expect_refused("Dense", "{'units': 9223372036854775807}", false, CNN2SNN_E_VALUE, "units is 92233");
    expect_refused("Dense", "{'units': {'a': 1}}", false, CNN2SNN_E_MALFORMED, "units is {\"a\": 1}");
    expect_refused("Dense", "{'units': 3, 'quantization_config': {}}", false, CNN2SNN_E_UNSUPPORTED,
                   "quantization_config");
}
END_TEST

START_TEST(weights_beyond_the_limit_are_not_made)
{
    cnn2snn_layer *layer = make("Dense", "{'units': 2147483647}");
    struct c2s_shape input = SHAPE(2147483647);
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_layer_build(layer, 1, &input, &error);
    expect_failure(status, error, CNN2SNN_E_LIMIT, "dense");
    ck_assert(!layer->built && !layer->weight_count);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(l105_quantized_dense_has_no_activation)
{
    const char *linear = "{'units': 5, 'activation': 'linear', 'quantizer': " QUANTIZER "}";
    expect_refused("QuantizedDense", linear, true, CNN2SNN_E_TYPE, "argument activation");
    c2s_layer_release(make("QuantizedDense", linear));
    expect_refused("QuantizedDense", "{'units': 5, 'activation': 'relu', 'quantizer': " QUANTIZER "}", false,
                   CNN2SNN_E_TYPE, "argument activation");
    expect_refused("QuantizedDense", "{'units': 5, 'quantizer': 4}", false, CNN2SNN_E_VALUE, "quantizer");
    cnn2snn_layer *layer = make("QuantizedDense", "{'units': 5, 'quantizer': " QUANTIZER "}");
    ck_assert_int_eq(c2s_layer_quantizer(layer)->bitwidth, 4);
    ck_assert_ptr_nonnull(c2s_layer_dense(layer));
    ck_assert_ptr_null(c2s_layer_conv(layer));
    c2s_layer_release(layer);
}
END_TEST

int main(void)
{
    return RUN("dense_layers", dense_acts_on_the_last_axis_of_any_rank, kernel_then_bias,
               units_are_needed_and_bounded, weights_beyond_the_limit_are_not_made,
               l105_quantized_dense_has_no_activation);
}
