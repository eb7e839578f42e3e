/* SPDX-License-Identifier: Apache-2.0 */
/* quantize and quantize_layer through the public functions: defaults, and how one layer is named. */
#include "api_fixture.h"

static const int64_t SHAPE[] = {4, 4, 1};
static const char *const LAYERS[][2] = {
    {"Conv2D", "{\"name\": \"conv\", \"filters\": 2, \"kernel_size\": 3}"},
    {"ReLU", "{\"name\": \"relu\"}"},
    {"Flatten", "{\"name\": \"flat\"}"},
    {"Dense", "{\"name\": \"dense\", \"units\": 3}"},
};

static cnn2snn_model *float_model(void)
{
    return make_sequential(3, SHAPE, 4, LAYERS);
}

/* Bits of the layer's weights; 0 where they are float. */
static int weight_bits(const cnn2snn_model *model, const char *name)
{
    const cnn2snn_layer *layer = cnn2snn_model_find_layer(model, name);
    ck_assert_ptr_nonnull(layer);
    const cnn2snn_quantizer *quantizer = cnn2snn_layer_get_quantizer(layer);
    return quantizer ? (int)cnn2snn_quantizer_get_bitwidth(quantizer) : 0;
}

START_TEST(l002_l004_l006_what_is_not_asked_for_stays_float)
{
    cnn2snn_quantize_options options = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    cnn2snn_model *model = float_model(), *quantized = NULL;
    DONE(cnn2snn_model_quantize(model, NULL, &quantized, error));
    ck_assert_int_eq(weight_bits(quantized, "conv"), 0);
    ck_assert_str_eq(cnn2snn_layer_get_class_name(cnn2snn_model_find_layer(quantized, "relu")), "ReLU");
    cnn2snn_model_destroy(quantized);
    options.weight_quantization = 3;
    DONE(cnn2snn_model_quantize(model, &options, &quantized, error));
    ck_assert_int_eq(weight_bits(quantized, "conv"), 3); /* the input's weights as the others */
    ck_assert_int_eq(weight_bits(quantized, "dense"), 3);
    ck_assert_str_eq(cnn2snn_layer_get_class_name(cnn2snn_model_find_layer(quantized, "relu")), "ReLU");
    cnn2snn_model_destroy(quantized);
    cnn2snn_model_destroy(model);
}
END_TEST

static void only_dense_is_quantized(cnn2snn_model *quantized)
{
    ck_assert_int_eq(weight_bits(quantized, "conv"), 0);
    ck_assert_int_eq(weight_bits(quantized, "dense"), 4);
    cnn2snn_model_destroy(quantized);
}

START_TEST(l023_the_target_is_a_layer)
{
    cnn2snn_model *model = float_model(), *quantized = NULL;
    const char *name = cnn2snn_layer_get_name(cnn2snn_model_get_layer(model, 3));
    DONE(cnn2snn_model_quantize_named_layer(model, name, 4, NULL, NULL, &quantized, error));
    only_dense_is_quantized(quantized);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l024_the_target_is_an_index)
{
    static const int64_t indices[] = {3, -1};
    cnn2snn_model *model = float_model(), *quantized = NULL;
    for (size_t i = 0; i < 2; i++) {
        DONE(cnn2snn_model_quantize_layer(model, indices[i], 4, NULL, NULL, &quantized, error));
        only_dense_is_quantized(quantized);
    }
    DONE(cnn2snn_model_quantize_layer(model, -4, 4, NULL, NULL, &quantized, error)); /* the first */
    ck_assert_int_eq(weight_bits(quantized, "conv"), 4);
    ck_assert_int_eq(weight_bits(quantized, "dense"), 0);
    cnn2snn_model_destroy(quantized);
    FAILS(CNN2SNN_E_INDEX, "4", cnn2snn_model_quantize_layer(model, 4, 4, NULL, NULL, &quantized, error));
    FAILS(CNN2SNN_E_INDEX, "-5", cnn2snn_model_quantize_layer(model, -5, 4, NULL, NULL, &quantized, error));
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l025_the_target_is_a_name)
{
    cnn2snn_model *model = float_model(), *quantized = NULL;
    DONE(cnn2snn_model_quantize_named_layer(model, "dense", 4, NULL, NULL, &quantized, error));
    only_dense_is_quantized(quantized);
    cnn2snn_model_destroy(model);
}
END_TEST

START_TEST(l025_l028_a_name_that_no_layer_has)
{
    cnn2snn_model *model = float_model(), *quantized = NULL;
    FAILS(CNN2SNN_E_VALUE, "'nobody'",
          cnn2snn_model_quantize_named_layer(model, "nobody", 4, NULL, NULL, &quantized, error));
    FAILS(CNN2SNN_E_VALUE, "''", cnn2snn_model_quantize_named_layer(model, "", 4, NULL, NULL, &quantized, error));
    FAILS(CNN2SNN_E_INVALID_ARGUMENT, "layer_name",
          cnn2snn_model_quantize_named_layer(model, NULL, 4, NULL, NULL, &quantized, error));
    ck_assert_ptr_null(quantized);
    cnn2snn_model_destroy(model);
}
END_TEST

/* The bits are looked at before the target. */
START_TEST(l029_bits_below_one)
{
    cnn2snn_model *model = float_model(), *quantized = NULL;
    FAILS(CNN2SNN_E_VALUE, "L-029",
          cnn2snn_model_quantize_named_layer(model, "nobody", 0, NULL, NULL, &quantized, error));
    FAILS(CNN2SNN_E_VALUE, "L-029", cnn2snn_model_quantize_layer(model, 99, -1, NULL, NULL, &quantized, error));
    FAILS(CNN2SNN_E_VALUE, "dense", cnn2snn_model_quantize_layer(model, 3, 1, NULL, NULL, &quantized, error));
    DONE(cnn2snn_model_quantize_layer(model, 1, 1, NULL, NULL, &quantized, error)); /* activations may have one */
    ck_assert_int_eq(cnn2snn_layer_get_bitwidth(cnn2snn_model_find_layer(quantized, "relu")), 1);
    cnn2snn_model_destroy(quantized);
    cnn2snn_model_destroy(model);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("quantize_api");
    tcase_add_test(tests, l002_l004_l006_what_is_not_asked_for_stays_float);
    tcase_add_test(tests, l023_the_target_is_a_layer);
    tcase_add_test(tests, l024_the_target_is_an_index);
    tcase_add_test(tests, l025_the_target_is_a_name);
    tcase_add_test(tests, l025_l028_a_name_that_no_layer_has);
    tcase_add_test(tests, l029_bits_below_one);
    return run_suite("quantize_api", tests);
}
