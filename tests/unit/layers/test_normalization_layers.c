/* SPDX-License-Identifier: Apache-2.0 */
/* BatchNormalization and Rescaling. */
#include "layer_fixture.h"

START_TEST(gamma_beta_mean_variance_in_this_order)
{
    const struct expected_weight all[] = {{"gamma", SHAPE(3), 1, true},
                                          {"beta", SHAPE(3), 0, true},
                                          {"moving_mean", SHAPE(3), 0, false},
                                          {"moving_variance", SHAPE(3), 1, false}};
    expect_weights("BatchNormalization", "{}", SHAPE(5, 6, 3), 4, all);
    expect_weights("BatchNormalizationV1", "{'axis': [3]}", SHAPE(5, 6, 3), 4, all);
    expect_weights("BatchNormalization", "{'axis': 1.0}", SHAPE(3, 6, 5), 4, all);
    expect_weights("BatchNormalization", "{'scale': false}", SHAPE(3), 3, all + 1);
    expect_weights("BatchNormalization", "{'scale': false, 'center': false}", SHAPE(3), 2, all + 2);
    const struct expected_weight open[] = {{"gamma", SHAPE(OPEN), 1, true},
                                           {"beta", SHAPE(OPEN), 0, true},
                                           {"moving_mean", SHAPE(OPEN), 0, false},
                                           {"moving_variance", SHAPE(OPEN), 1, false}};
    expect_weights("BatchNormalization", "{}", c2s_shape_unranked(), 4, open);
}
END_TEST

START_TEST(several_axes_keep_the_rank_of_the_input)
{
    const struct expected_weight all[] = {{"gamma", SHAPE(1, 5, 1, 3), 1, true},
                                          {"beta", SHAPE(1, 5, 1, 3), 0, true},
                                          {"moving_mean", SHAPE(1, 5, 1, 3), 0, false},
                                          {"moving_variance", SHAPE(1, 5, 1, 3), 1, false}};
    expect_weights("BatchNormalization", "{'axis': [1, -1]}", SHAPE(5, 6, 3), 4, all);
}
END_TEST

START_TEST(axes_are_checked)
{
    expect_no_shape("BatchNormalization", "{'axis': 0}", SHAPE(3), CNN2SNN_E_VALUE, "axis 0");
    expect_no_shape("BatchNormalization", "{'axis': 2}", SHAPE(3), CNN2SNN_E_VALUE, "axis 2 of values of shape (3,)");
    expect_no_shape("BatchNormalization", "{'axis': -2}", SHAPE(3), CNN2SNN_E_VALUE, "axis -2");
    expect_no_shape("BatchNormalization", "{'axis': [1, -1]}", SHAPE(3), CNN2SNN_E_VALUE, "axis -1 is given twice");
    expect_refused("BatchNormalization", "{'axis': [1, 1]}", false, CNN2SNN_E_VALUE, "different axes");
    expect_refused("BatchNormalization", "{'axis': []}", false, CNN2SNN_E_VALUE, "axis is []");
    expect_refused("BatchNormalization", "{'axis': [1,2,3,4,5,6,7,8,9]}", false, CNN2SNN_E_VALUE, "eight axes");
    expect_refused("BatchNormalization", "{'axis': 'last'}", false, CNN2SNN_E_MALFORMED, "axis is \"last\"");
    expect_refused("BatchNormalization", "{'axis': -9}", false, CNN2SNN_E_VALUE, "axis is -9");
}
END_TEST

START_TEST(epsilon_and_renorm)
{
    cnn2snn_layer *layer = make("BatchNormalization", "{'renorm': false, 'fused': true, 'momentum': null}");
    const struct c2s_batchnorm_attributes *batchnorm = layer->attributes;
    ck_assert(batchnorm->epsilon == 1e-3 && batchnorm->center && batchnorm->scale);
    c2s_layer_release(layer);
    expect_refused("BatchNormalization", "{'renorm': true}", false, CNN2SNN_E_UNSUPPORTED, "renorm is true");
    expect_refused("BatchNormalization", "{'epsilon': Infinity}", false, CNN2SNN_E_VALUE, "epsilon is Infinity");
    expect_refused("BatchNormalization", "{'epsilon': -1}", false, CNN2SNN_E_VALUE, "epsilon is -1");
    expect_refused("BatchNormalization", "{'epsilon': '1'}", false, CNN2SNN_E_MALFORMED, "epsilon is \"1\"");
}
END_TEST

START_TEST(rescaling_takes_numbers_and_lists)
{
    cnn2snn_layer *layer = make("Experimental>Rescaling", "{'scale': 0.5}");
    const struct c2s_rescaling_attributes *rescaling = layer->attributes;
    ck_assert_uint_eq(rescaling->scale_count, 1);
    ck_assert_uint_eq(rescaling->offset_count, 1);
    ck_assert(rescaling->scale[0] == 0.5 && rescaling->offset[0] == 0);
    c2s_layer_release(layer);
    layer = make("Rescaling", "{'scale': [1, 2.5, 3], 'offset': {'class_name': '__tuple__', 'items': [4, 5, 6]}}");
    rescaling = layer->attributes;
    ck_assert_uint_eq(rescaling->scale_count, 3);
    ck_assert(rescaling->scale[1] == 2.5 && rescaling->offset[2] == 6);
    c2s_layer_release(layer);
    expect_shape("Rescaling", "{'scale': [1, 2, 3]}", SHAPE(4, 4, 3), SHAPE(4, 4, 3));
    expect_shape("Rescaling", "{'scale': [1, 2, 3]}", SHAPE(4, 4, OPEN), SHAPE(4, 4, OPEN));
    expect_shape("Rescaling", "{'scale': [1, 2, 3]}", c2s_shape_unranked(), c2s_shape_unranked());
    expect_no_shape("Rescaling", "{'scale': [1, 2, 3]}", SHAPE(4, 4, 1), CNN2SNN_E_VALUE, "3 values of scale for 1");
    expect_no_shape("Rescaling", "{'scale': 1, 'offset': [1, 2]}", SHAPE(4, 4, 3), CNN2SNN_E_VALUE, "offset");
}
END_TEST

START_TEST(wrong_scales_are_named)
{
    expect_refused("Rescaling", "{}", false, CNN2SNN_E_MALFORMED, "scale is missing");
    expect_refused("Rescaling", "{}", true, CNN2SNN_E_TYPE, "scale is missing");
    expect_refused("Rescaling", "{'scale': []}", false, CNN2SNN_E_VALUE, "scale is []");
    expect_refused("Rescaling", "{'scale': [1, 'a']}", false, CNN2SNN_E_MALFORMED, "scale is \"a\"");
    expect_refused("Rescaling", "{'scale': [1, null]}", false, CNN2SNN_E_MALFORMED, "scale is null");
    expect_refused("Rescaling", "{'scale': NaN}", false, CNN2SNN_E_VALUE, "scale is NaN");
    expect_refused("Rescaling", "{'scale': 1, 'offset': [[1]]}", false, CNN2SNN_E_MALFORMED, "offset is [1]");
}
END_TEST

int main(void)
{
    return RUN("normalization_layers", gamma_beta_mean_variance_in_this_order,
               several_axes_keep_the_rank_of_the_input, axes_are_checked, epsilon_and_renorm,
               rescaling_takes_numbers_and_lists, wrong_scales_are_named);
}
