/* SPDX-License-Identifier: Apache-2.0 */
/* Layers without weights that change shapes: pooling, borders, reshaping, merging, inputs. */
#include "layer_fixture.h"

START_TEST(pooling_windows_are_as_far_apart_as_wide)
{
    expect_shape("MaxPooling2D", "{}", SHAPE(9, 8, 3), SHAPE(4, 4, 3));
    expect_shape("MaxPool2D", "{'pool_size': 3, 'strides': null, 'padding': 'same'}", SHAPE(9, 8, 3), SHAPE(3, 3, 3));
    expect_shape("AveragePooling2D", "{'pool_size': [2, 4], 'strides': [1, 2]}", SHAPE(9, 8, 3), SHAPE(8, 3, 3));
    expect_shape("MaxPooling2D", "{'data_format': 'channels_first'}", SHAPE(3, 9, 8), SHAPE(3, 4, 4));
    expect_shape("MaxPooling2D", "{}", SHAPE(9, OPEN, 3), SHAPE(4, OPEN, 3));
    expect_shape("AvgPool2D", "{}", c2s_shape_unranked(), SHAPE(OPEN, OPEN, OPEN));
    expect_no_shape("MaxPooling2D", "{'pool_size': 3}", SHAPE(9, 2, 3), CNN2SNN_E_VALUE, "leaves no output");
    expect_refused("MaxPooling2D", "{'pool_size': 0}", false, CNN2SNN_E_VALUE, "pool_size is 0");
    expect_refused("MaxPooling2D", "{'strides': [1, -1]}", false, CNN2SNN_E_VALUE, "strides is -1");
}
END_TEST

START_TEST(global_pooling_leaves_the_channels)
{
    expect_shape("GlobalAveragePooling2D", "{}", SHAPE(9, 8, 3), SHAPE(3));
    expect_shape("GlobalMaxPool2D", "{'keepdims': true}", SHAPE(9, 8, 3), SHAPE(1, 1, 3));
    expect_shape("GlobalAvgPool2D", "{'keepdims': true, 'data_format': 'channels_first'}", SHAPE(9, 8, 3),
                 SHAPE(9, 1, 1));
    expect_shape("GlobalAveragePooling2D", "{}", SHAPE(OPEN, OPEN, 3), SHAPE(3));
    expect_no_shape("GlobalAveragePooling2D", "{}", SHAPE(3), CNN2SNN_E_VALUE, "expected 3 dimensions");
}
END_TEST

START_TEST(borders_come_in_three_forms)
{
    expect_shape("ZeroPadding2D", "{}", SHAPE(9, 8, 3), SHAPE(11, 10, 3));
    expect_shape("ZeroPadding2D", "{'padding': 2}", SHAPE(9, 8, 3), SHAPE(13, 12, 3));
    expect_shape("ZeroPadding2D", "{'padding': [1, 2]}", SHAPE(9, 8, 3), SHAPE(11, 12, 3));
    expect_shape("ZeroPadding2D", "{'padding': [[1, 2], [3, 4]]}", SHAPE(9, OPEN, 3), SHAPE(12, OPEN, 3));
    expect_shape("Cropping2D", "{}", SHAPE(9, 8, 3), SHAPE(9, 8, 3));
    expect_shape("Cropping2D", "{'cropping': [[1, 2], [3, 4]]}", SHAPE(9, 8, 3), SHAPE(6, 1, 3));
    expect_no_shape("Cropping2D", "{'cropping': 4}", SHAPE(9, 8, 3), CNN2SNN_E_VALUE, "cropping 8 off an input of 8");
    expect_no_shape("ZeroPadding2D", "{}", SHAPE(INT64_MAX, 8, 3), CNN2SNN_E_LIMIT, "64 bits");
    expect_refused("ZeroPadding2D", "{'padding': [1, 2, 3]}", false, CNN2SNN_E_VALUE, "padding is [1, 2, 3]");
    expect_refused("ZeroPadding2D", "{'padding': [[1], 2]}", false, CNN2SNN_E_VALUE, "padding is [1]");
    expect_refused("Cropping2D", "{'cropping': -1}", false, CNN2SNN_E_VALUE, "cropping is -1");
    expect_refused("Cropping2D", "{'cropping': [[1, null], 2]}", false, CNN2SNN_E_MALFORMED, "cropping is null");
    cnn2snn_layer *layer = make("ZeroPadding2D", "{'padding': [[1, 2], [3, 4]]}");
    const struct c2s_border_attributes *border = layer->attributes;
    ck_assert(border->top == 1 && border->bottom == 2 && border->left == 3 && border->right == 4);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(upsampling_multiplies)
{
    expect_shape("UpSampling2D", "{}", SHAPE(4, 5, 3), SHAPE(8, 10, 3));
    expect_shape("UpSampling2D", "{'size': [1, 3], 'interpolation': 'bilinear'}", SHAPE(4, 5, 3), SHAPE(4, 15, 3));
    expect_refused("UpSampling2D", "{'interpolation': 'bicubic'}", false, CNN2SNN_E_UNSUPPORTED, "bicubic");
    expect_refused("UpSampling2D", "{'size': 0}", false, CNN2SNN_E_VALUE, "size is 0");
    expect_no_shape("UpSampling2D", "{'size': 2147483647}", SHAPE((int64_t)1 << 40, 5, 3), CNN2SNN_E_LIMIT,
                    "64 bits");
}
END_TEST

START_TEST(flatten_multiplies_all_extents)
{
    expect_shape("Flatten", "{}", SHAPE(4, 5, 3), SHAPE(60));
    expect_shape("Flatten", "{}", SCALAR, SHAPE(1));
    expect_shape("Flatten", "{}", SHAPE(4, OPEN, 3), SHAPE(OPEN));
    expect_shape("Flatten", "{}", c2s_shape_unranked(), SHAPE(OPEN));
    expect_no_shape("Flatten", "{}", SHAPE(INT64_MAX, 2), CNN2SNN_E_LIMIT, "64 bits");
}
END_TEST

START_TEST(reshape_keeps_the_number_of_values)
{
    expect_shape("Reshape", "{'target_shape': [3, 20]}", SHAPE(4, 5, 3), SHAPE(3, 20));
    expect_shape("Reshape", "{'target_shape': [-1, 20]}", SHAPE(4, 5, 3), SHAPE(3, 20));
    expect_shape("Reshape", "{'target_shape': [-1, 20]}", SHAPE(OPEN, 5, 3), SHAPE(OPEN, 20));
    expect_shape("Reshape", "{'target_shape': [3, 20]}", c2s_shape_unranked(), SHAPE(3, 20));
    expect_shape("Reshape", "{'target_shape': []}", SHAPE(1, 1), SCALAR);
    expect_no_shape("Reshape", "{'target_shape': [3, 21]}", SHAPE(4, 5, 3), CNN2SNN_E_VALUE,
                    "values of shape (4, 5, 3) can't take shape (3, 21)");
    expect_no_shape("Reshape", "{'target_shape': [-1, 7]}", SHAPE(4, 5, 3), CNN2SNN_E_VALUE, "can't take shape");
    expect_no_shape("Reshape", "{'target_shape': [2147483647, 2147483647, 2147483647]}", SHAPE(4, 5, 3),
                    CNN2SNN_E_LIMIT, "64 bits");
    expect_refused("Reshape", "{'target_shape': [-1, -1]}", false, CNN2SNN_E_VALUE, "at most one -1");
    expect_refused("Reshape", "{'target_shape': [0, 3]}", false, CNN2SNN_E_VALUE, "from 1 on");
    expect_refused("Reshape", "{'target_shape': [-2]}", false, CNN2SNN_E_VALUE, "target_shape is -2");
    expect_refused("Reshape", "{'target_shape': 60}", false, CNN2SNN_E_MALFORMED, "target_shape is 60");
    expect_refused("Reshape", "{'target_shape': [1,1,1,1,1,1,1,1]}", false, CNN2SNN_E_VALUE, "seven");
    expect_refused("Reshape", "{}", false, CNN2SNN_E_MALFORMED, "target_shape is missing");
}
END_TEST

START_TEST(permute_counts_axes_from_1)
{
    expect_shape("Permute", "{'dims': [3, 1, 2]}", SHAPE(4, 5, 6), SHAPE(6, 4, 5));
    expect_shape("Permute", "{'dims': [2, 1]}", c2s_shape_unranked(), SHAPE(OPEN, OPEN));
    expect_no_shape("Permute", "{'dims': [2, 1]}", SHAPE(4, 5, 6), CNN2SNN_E_VALUE, "expected 2 dimensions");
    expect_refused("Permute", "{'dims': [1, 1]}", false, CNN2SNN_E_VALUE, "each axis");
    expect_refused("Permute", "{'dims': [0, 1]}", false, CNN2SNN_E_VALUE, "dims is 0");
    expect_refused("Permute", "{'dims': [1, 3]}", false, CNN2SNN_E_VALUE, "each axis");
    expect_refused("Permute", "{'dims': [2147483647, 1]}", false, CNN2SNN_E_VALUE, "each axis");
    expect_refused("Permute", "{'dims': []}", false, CNN2SNN_E_VALUE, "at least one axis");
}
END_TEST

START_TEST(repeat_vector_adds_an_axis)
{
    expect_shape("RepeatVector", "{'n': 3}", SHAPE(5), SHAPE(3, 5));
    expect_no_shape("RepeatVector", "{'n': 3}", SHAPE(5, 1), CNN2SNN_E_VALUE, "expected 1 dimensions");
    expect_refused("RepeatVector", "{'n': 0}", false, CNN2SNN_E_VALUE, "n is 0");
}
END_TEST

START_TEST(training_layers_do_nothing)
{
    expect_shape("Dropout", "{'rate': 0.5, 'seed': null}", SHAPE(5), SHAPE(5));
    expect_shape("SpatialDropout2D", "{'rate': 0.5}", SHAPE(4, 4, 5), SHAPE(4, 4, 5));
    expect_shape("GaussianNoise", "{'stddev': 0.5}", c2s_shape_unranked(), c2s_shape_unranked());
    cnn2snn_layer *layer = make("AlphaDropout", "{}");
    ck_assert(c2s_layer_is(layer, C2S_FAMILY_IDENTITY) && layer->built);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(merges_broadcast_from_the_last_axis)
{
    struct c2s_shape same[] = {SHAPE(4, 5, 3), SHAPE(4, 5, 3), SHAPE(4, 5, 3)};
    expect_shape_of("Add", "{}", 3, same, SHAPE(4, 5, 3));
    expect_shape_of("Average", "{}", 1, same, SHAPE(4, 5, 3));
    struct c2s_shape wide[] = {SHAPE(3), SHAPE(4, 1, 3), SHAPE(1, 5, 1)};
    expect_shape_of("Multiply", "{}", 3, wide, SHAPE(4, 5, 3));
    struct c2s_shape open[] = {SHAPE(OPEN, 1, OPEN), SHAPE(4, OPEN, 1)};
    expect_shape_of("Maximum", "{}", 2, open, SHAPE(4, OPEN, OPEN));
    struct c2s_shape unranked[] = {SHAPE(4), c2s_shape_unranked()};
    expect_shape_of("Minimum", "{}", 2, unranked, c2s_shape_unranked());
    struct c2s_shape apart[] = {SHAPE(4, 5, 3), SHAPE(4, 5, 2)};
    expect_no_shape_of("Add", "{}", 2, apart, CNN2SNN_E_VALUE, "(4, 5, 3) and (4, 5, 2)");
    expect_no_shape_of("Add", "{}", 0, NULL, CNN2SNN_E_VALUE, "0 inputs, expected 1 or more");
    expect_no_shape_of("Subtract", "{}", 3, same, CNN2SNN_E_VALUE, "3 inputs, expected 2");
    expect_no_shape_of("Dense", "{'units': 3}", 2, same, CNN2SNN_E_VALUE, "2 inputs, expected 1");
}
END_TEST

START_TEST(concatenation_adds_along_its_axis)
{
    struct c2s_shape inputs[] = {SHAPE(4, 5, 3), SHAPE(4, 5, 2), SHAPE(4, 5, 1)};
    expect_shape_of("Concatenate", "{}", 3, inputs, SHAPE(4, 5, 6));
    expect_shape_of("Concatenate", "{'axis': 3}", 3, inputs, SHAPE(4, 5, 6));
    expect_no_shape_of("Concatenate", "{'axis': 1}", 2, inputs, CNN2SNN_E_VALUE, "don't go together");
    expect_no_shape_of("Concatenate", "{'axis': 0}", 2, inputs, CNN2SNN_E_VALUE, "axis 0");
    expect_no_shape_of("Concatenate", "{'axis': 4}", 2, inputs, CNN2SNN_E_VALUE, "axis 4");
    struct c2s_shape open[] = {SHAPE(OPEN, 5, 3), SHAPE(4, OPEN, OPEN)};
    expect_shape_of("Concatenate", "{}", 2, open, SHAPE(4, 5, OPEN));
    struct c2s_shape ranks[] = {SHAPE(4, 5), SHAPE(5)};
    expect_no_shape_of("Concatenate", "{}", 2, ranks, CNN2SNN_E_VALUE, "(4, 5) and (5,)");
    struct c2s_shape unranked[] = {c2s_shape_unranked(), SHAPE(4, 5)};
    expect_shape_of("Concatenate", "{}", 2, unranked, SHAPE(4, OPEN));
    expect_shape_of("Concatenate", "{}", 1, unranked, c2s_shape_unranked());
    struct c2s_shape huge[] = {SHAPE(INT64_MAX), SHAPE(1)};
    expect_no_shape_of("Concatenate", "{}", 2, huge, CNN2SNN_E_LIMIT, "64 bits");
    expect_refused("Concatenate", "{'axis': [1, 2]}", false, CNN2SNN_E_VALUE, "one axis");
}
END_TEST

START_TEST(inputs_are_read_from_each_generations_key)
{
    expect_shape_of("InputLayer", "{'batch_input_shape': [null, 4, null, 3]}", 0, NULL, SHAPE(4, OPEN, 3));
    expect_shape_of("InputLayer", "{'batch_shape': [8, 4]}", 0, NULL, SHAPE(4));
    expect_shape_of("InputLayer", "{'shape': [4, -1]}", 0, NULL, SHAPE(4, OPEN));
    expect_shape_of("InputLayer", "{'batch_shape': {'class_name': 'TensorShape', 'items': [null, 4]}}", 0, NULL,
                    SHAPE(4));
    expect_shape_of("InputLayer", "{'batch_input_shape': [null]}", 0, NULL, SCALAR);
    cnn2snn_layer *layer = make("InputLayer", "{'batch_shape': [8, 4], 'dtype': 'uint8'}");
    const struct c2s_input_attributes *input = layer->attributes;
    ck_assert_int_eq(input->batch, 8);
    ck_assert_int_eq(input->dtype, CNN2SNN_DTYPE_UINT8);
    c2s_layer_release(layer);
    layer = make("InputLayer", "{'batch_shape': [null, 4], 'dtype': {'class_name': 'DTypePolicy', 'config': {'name': "
                               "'float16'}}}");
    input = layer->attributes;
    ck_assert_int_eq(input->batch, -1);
    ck_assert_int_eq(input->dtype, CNN2SNN_DTYPE_FLOAT16);
    c2s_layer_release(layer);
}
END_TEST

START_TEST(wrong_inputs_are_named)
{
    expect_refused("InputLayer", "{}", false, CNN2SNN_E_MALFORMED, "batch_input_shape is missing");
    expect_refused("InputLayer", "{'batch_input_shape': []}", false, CNN2SNN_E_VALUE, "the batch and at most seven");
    expect_refused("InputLayer", "{'batch_input_shape': 3}", false, CNN2SNN_E_MALFORMED, "batch_input_shape is 3");
    expect_refused("InputLayer", "{'batch_input_shape': [null, 0]}", false, CNN2SNN_E_VALUE, "is 0, expected 1");
    expect_refused("InputLayer", "{'batch_input_shape': [null, [3]]}", false, CNN2SNN_E_MALFORMED, "is [3]");
    expect_refused("InputLayer", "{'shape': [1,2,3,4,5,6,7,8]}", false, CNN2SNN_E_VALUE, "at most seven");
    expect_refused("InputLayer", "{'shape': [1], 'dtype': 'complex64'}", false, CNN2SNN_E_VALUE, "complex64");
    expect_refused("InputLayer", "{'shape': [1], 'sparse': true}", false, CNN2SNN_E_UNSUPPORTED, "sparse");
}
END_TEST

int main(void)
{
    return RUN("shape_layers", pooling_windows_are_as_far_apart_as_wide, global_pooling_leaves_the_channels,
               borders_come_in_three_forms, upsampling_multiplies, flatten_multiplies_all_extents,
               reshape_keeps_the_number_of_values, permute_counts_axes_from_1, repeat_vector_adds_an_axis,
               training_layers_do_nothing, merges_broadcast_from_the_last_axis, concatenation_adds_along_its_axis,
               inputs_are_read_from_each_generations_key, wrong_inputs_are_named);
}
