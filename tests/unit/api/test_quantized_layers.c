/* SPDX-License-Identifier: Apache-2.0 */
/* Quantizers, quantized layers and activations as objects: properties, configs, calls, what files keep of them. */
#include "api_fixture.h"

#include <math.h>
#include <stdio.h>

#define MAX4 "{\"class_name\": \"MaxQuantizer\", \"config\": {\"bitwidth\": 4}}"
#define AXIS4 "{\"class_name\": \"MaxPerAxisQuantizer\", \"config\": {\"bitwidth\": 4}}"

static cnn2snn_tensor *values(size_t rank, const int64_t *shape, const float *data)
{
    cnn2snn_tensor *tensor = make_tensor(rank, shape);
    memcpy(cnn2snn_tensor_get_writable_data(tensor), data, cnn2snn_tensor_get_size(tensor));
    return tensor;
}
#define VALUES(data, ...) values(sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__}, data)

static void expect_values(cnn2snn_tensor *tensor, size_t count, const float *expected)
{
    ck_assert_uint_eq(cnn2snn_tensor_get_count(tensor), count);
    const float *found = cnn2snn_tensor_get_data(tensor);
    for (size_t i = 0; i < count; i++)
        ck_assert_msg(fabsf(found[i] - expected[i]) <= 2e-6f * fabsf(expected[i]), "entry %zu is %.9g", i,
                      (double)found[i]);
    cnn2snn_tensor_destroy(tensor);
}

static void expect_text(cnn2snn_buffer *buffer, const char *expected)
{
    ck_assert_str_eq((const char *)cnn2snn_buffer_get_data(buffer), expected);
    cnn2snn_buffer_destroy(buffer);
}

/* Each of these keys stands in the JSON, in this order; ends with NULL. */
static void expect_keys(cnn2snn_buffer *json, const char *const *keys)
{
    const char *place = cnn2snn_buffer_get_data(json);
    for (size_t i = 0; keys[i]; i++) {
        char key[64];
        strcat(strcat(strcpy(key, "\""), keys[i]), "\": ");
        const char *next = strstr(place, key);
        ck_assert_msg(next != NULL, "%s in %s", keys[i], place);
        place = next + 1;
    }
    cnn2snn_buffer_destroy(json);
}

static cnn2snn_quantizer *make_quantizer(cnn2snn_quantizer_kind kind, double bitwidth, double threshold)
{
    cnn2snn_quantizer *quantizer = NULL;
    DONE(cnn2snn_quantizer_create(context, kind, bitwidth, threshold, &quantizer, error));
    return quantizer;
}

/* ------------------------------------------------------------------------------------------------ quantizers */

START_TEST(l094_l095_l099_quantizers_tell_bits_threshold_and_config)
{
    cnn2snn_quantizer *std = make_quantizer(CNN2SNN_QUANTIZER_STD, 4, 2.5);
    cnn2snn_quantizer *max = make_quantizer(CNN2SNN_QUANTIZER_MAX, 8, 2.5);
    cnn2snn_buffer *json = NULL;
    ck_assert_int_eq(cnn2snn_quantizer_get_bitwidth(std), 4);
    ck_assert_double_eq(cnn2snn_quantizer_get_threshold(std), 2.5);
    DONE(cnn2snn_quantizer_get_config(std, &json, error));
    expect_text(json, "{\"name\": \"std_weight_quantizer\", \"trainable\": true, \"dtype\": \"float32\", "
                      "\"bitwidth\": 4, \"threshold\": 2.5}");
    ck_assert_int_eq(cnn2snn_quantizer_get_bitwidth(max), 8);
    ck_assert(isnan(cnn2snn_quantizer_get_threshold(max)));
    DONE(cnn2snn_quantizer_get_config(max, &json, error));
    expect_text(json, "{\"name\": \"max_quantizer\", \"trainable\": true, \"dtype\": \"float32\", \"bitwidth\": 8}");
    cnn2snn_quantizer_destroy(std);
    std = max;
    FAILS(CNN2SNN_E_VALUE, "bitwidth 1 of MaxQuantizer, expected more than 1",
          cnn2snn_quantizer_create(context, CNN2SNN_QUANTIZER_MAX, 1, 3, &max, error));
    ck_assert_ptr_null(max);
    cnn2snn_quantizer_destroy(std);
}
END_TEST

START_TEST(l099_l100_l101_l102_ranges_have_neither_threshold_nor_limit)
{
    static const float sample[] = {0.5f, -1, 0.25f, 0.3f, -0.1f, 0.7f};
    static const struct {
        cnn2snn_quantizer_kind kind;
        size_t count;
        float range[2];
    } cases[] = {{CNN2SNN_QUANTIZER_STD, 1, {0.55258146f}},
                 {CNN2SNN_QUANTIZER_STD_PER_AXIS, 2, {0.24608043f, 0.72571803f}},
                 {CNN2SNN_QUANTIZER_MAX, 1, {1}},
                 {CNN2SNN_QUANTIZER_MAX_PER_AXIS, 2, {0.5f, 1}}};
    cnn2snn_tensor *weights = VALUES(sample, 3, 2), *range = NULL;
    for (size_t i = 0; i < 4; i++) {
        cnn2snn_quantizer *quantizer = make_quantizer(cases[i].kind, 4, 0.001);
        DONE(cnn2snn_quantizer_get_range(quantizer, weights, &range, error));
        ck_assert_uint_eq(cnn2snn_tensor_get_rank(range), cases[i].count - 1);
        expect_values(range, cases[i].count, cases[i].range);
        cnn2snn_quantizer_destroy(quantizer);
    }
    cnn2snn_tensor_destroy(weights);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ layers */

/* The layer on the input, with these weights. */
static cnn2snn_tensor *call(cnn2snn_layer *layer, size_t weight_count, cnn2snn_tensor *const *weights,
                            cnn2snn_tensor *input)
{
    cnn2snn_tensor *output = NULL;
    const cnn2snn_tensor *one = input;
    DONE(cnn2snn_layer_build(layer, cnn2snn_tensor_get_rank(input) - 1, cnn2snn_tensor_get_shape(input) + 1, error));
    ck_assert_uint_eq(cnn2snn_layer_get_weight_count(layer), weight_count);
    for (size_t i = 0; i < weight_count; i++) {
        DONE(cnn2snn_layer_set_weight(layer, i, weights[i], error));
        cnn2snn_tensor_destroy(weights[i]);
    }
    DONE(cnn2snn_layer_call(layer, 1, &one, &output, error));
    cnn2snn_tensor_destroy(input);
    cnn2snn_layer_destroy(layer);
    return output;
}

static void expect_config_keys(const char *class_name, const char *config, const char *const *keys)
{
    cnn2snn_layer *layer = make_layer(class_name, config);
    cnn2snn_buffer *json = NULL;
    DONE(cnn2snn_layer_get_config(layer, &json, error));
    expect_keys(json, keys);
    cnn2snn_layer_destroy(layer);
}

START_TEST(l104_a_convolution_is_made_and_says_its_config)
{
    static const char *const keys[] = {"name",
                                       "trainable",
                                       "dtype",
                                       "filters",
                                       "kernel_size",
                                       "strides",
                                       "padding",
                                       "dilation_rate",
                                       "use_bias",
                                       "kernel_initializer",
                                       "bias_initializer",
                                       "kernel_regularizer",
                                       "bias_regularizer",
                                       "activity_regularizer",
                                       "kernel_constraint",
                                       "bias_constraint",
                                       "quantizer",
                                       NULL};
    expect_config_keys("QuantizedConv2D",
                       "{\"quantizer\": " MAX4 ", \"kernel_size\": 3, \"filters\": 2, \"strides\": 2}", keys);
    cnn2snn_layer *layer =
        make_layer("QuantizedConv2D", "{\"filters\": 1, \"kernel_size\": [1, 2], \"strides\": [1, 2], \"padding\": "
                                      "\"same\", \"use_bias\": true, \"quantizer\": " MAX4 "}");
    cnn2snn_tensor *weights[] = {VALUES(((float[]){1, -0.5f}), 1, 2, 1, 1), VALUES(((float[]){10}), 1)};
    /* -0.5 * 7 = -3.5 is rounded to -4: the kernel is (1, -4/7); the bias is not quantized. */
    expect_values(call(layer, 2, weights, VALUES(((float[]){1, 2, 3}), 1, 1, 3, 1)), 2,
                  (float[]){10 + 1 - 8 / 7.0f, 13});
}
END_TEST

START_TEST(l105_a_dense_layer_acts_on_the_last_axis)
{
    static const char *const keys[] = {"name",
                                       "trainable",
                                       "dtype",
                                       "units",
                                       "use_bias",
                                       "kernel_initializer",
                                       "bias_initializer",
                                       "kernel_regularizer",
                                       "bias_regularizer",
                                       "activity_regularizer",
                                       "kernel_constraint",
                                       "bias_constraint",
                                       "quantizer",
                                       NULL};
    expect_config_keys("QuantizedDense", "{\"units\": 2, \"quantizer\": " AXIS4 "}", keys);
    cnn2snn_layer *layer = make_layer("QuantizedDense", "{\"units\": 2, \"quantizer\": " AXIS4 "}");
    cnn2snn_tensor *weights[] = {VALUES(((float[]){1, -2, 0.3f, 0.9f}), 2, 2), VALUES(((float[]){0.5f, -0.5f}), 2)};
    /* EX-17 in each row */
    expect_values(call(layer, 2, weights, VALUES(((float[]){1, 2, 0, 0, 1, 2}), 1, 3, 2)), 6,
                  (float[]){2.0714285f, -0.7857143f, 0.5f, -0.5f, 2.0714285f, -0.7857143f});
    FAILS(CNN2SNN_E_TYPE, "argument activation",
          cnn2snn_layer_create(context, "QuantizedDense",
                               "{\"units\": 2, \"activation\": null, \"quantizer\": " AXIS4 "}", NULL, &layer,
                               error));
}
END_TEST

START_TEST(l106_the_depthwise_quantizer_is_like_the_other_by_default)
{
    cnn2snn_layer *layer = make_layer(
        "QuantizedSeparableConv2D",
        "{\"filters\": 2, \"kernel_size\": 1, \"quantizer\": {\"class_name\": \"StdPerAxisQuantizer\", \"config\": "
        "{\"bitwidth\": 3, \"threshold\": 2}}, \"use_bias\": false}");
    const cnn2snn_quantizer *depthwise = cnn2snn_layer_get_depthwise_quantizer(layer);
    ck_assert_int_eq(cnn2snn_quantizer_get_kind(depthwise), CNN2SNN_QUANTIZER_STD_PER_AXIS);
    ck_assert_int_eq(cnn2snn_quantizer_get_bitwidth(depthwise), 3);
    ck_assert_double_eq(cnn2snn_quantizer_get_threshold(depthwise), 2);
    cnn2snn_layer_destroy(layer);
    layer = make_layer("QuantizedSeparableConv2D",
                       "{\"filters\": 2, \"kernel_size\": 1, \"strides\": 2, \"quantizer\": " AXIS4
                       ", \"quantizer_dw\": " MAX4 "}");
    cnn2snn_tensor *weights[] = {VALUES(((float[]){0.7f, -0.3f}), 1, 1, 2, 1),
                                 VALUES(((float[]){1, -0.5f, 0.3f, 0.25f}), 1, 1, 2, 2),
                                 VALUES(((float[]){1, -1}), 2)};
    /* EX-19's first pixel, and its bias; the second pixel is stepped over. */
    expect_values(call(layer, 3, weights, VALUES(((float[]){1, 2, 3, -1}), 1, 1, 2, 2)), 2,
                  (float[]){1.5285714f, -1.5214286f});
}
END_TEST

static cnn2snn_model *load_json(const char *json)
{
    cnn2snn_model *model = NULL;
    DONE(cnn2snn_model_create_from_json(context, json, strlen(json), NULL, &model, error));
    return model;
}

/* The model again, through a file. */
static cnn2snn_model *save_and_load(cnn2snn_model *model)
{
    cnn2snn_buffer *file = NULL;
    cnn2snn_model *again = NULL;
    DONE(cnn2snn_model_save_memory(model, &file, error));
    DONE(cnn2snn_model_load_memory(context, cnn2snn_buffer_get_data(file), cnn2snn_buffer_get_size(file), NULL,
                                   &again, error));
    cnn2snn_buffer_destroy(file);
    cnn2snn_model_destroy(model);
    return again;
}

static cnn2snn_model *quantize(const cnn2snn_model *model, int32_t weights, int32_t activations)
{
    cnn2snn_quantize_options options = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    cnn2snn_model *quantized = NULL;
    options.weight_quantization = weights;
    options.activ_quantization = activations;
    DONE(cnn2snn_model_quantize(model, &options, &quantized, error));
    return quantized;
}

static void expect_config_has(const cnn2snn_model *model, const char *layer, const char *const *parts)
{
    cnn2snn_buffer *json = NULL;
    DONE(cnn2snn_layer_get_config(cnn2snn_model_find_layer(model, layer), &json, error));
    for (size_t i = 0; parts[i]; i++)
        ck_assert_msg(strstr(cnn2snn_buffer_get_data(json), parts[i]) != NULL, "%s has no %s", layer, parts[i]);
    cnn2snn_buffer_destroy(json);
}

#define L2 "{\"class_name\": \"L2\", \"config\": {\"l2\": 0.25}}"
#define HE "{\"class_name\": \"HeUniform\", \"config\": {\"seed\": 3}}"
#define LEAST "{\"class_name\": \"MinValueConstraint\", \"config\": {\"min_value\": 0.02}}"

START_TEST(l107_l141_regularizers_constraints_and_initializers_are_kept)
{
    static const char *const of_conv[] = {"\"kernel_initializer\": " HE, "\"kernel_regularizer\": " L2,
                                          "\"kernel_constraint\": " LEAST, "\"activity_regularizer\": " L2, NULL};
    static const char *const of_separable[] = {"\"depthwise_initializer\": " HE, "\"depthwise_regularizer\": " L2,
                                               "\"pointwise_constraint\": " LEAST, "\"bias_regularizer\": " L2, NULL};
    static const char *const of_dense[] = {"\"bias_initializer\": " HE, "\"bias_constraint\": " LEAST, NULL};
    cnn2snn_model *model = load_json(
        "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"net\", \"layers\": ["
        "{\"class_name\": \"Conv2D\", \"config\": {\"name\": \"c\", \"batch_input_shape\": [null, 4, 4, 1], "
        "\"filters\": 2, \"kernel_size\": [1, 1], \"kernel_initializer\": " HE ", \"kernel_regularizer\": " L2
        ", \"kernel_constraint\": " LEAST ", \"activity_regularizer\": " L2 "}},"
        "{\"class_name\": \"SeparableConv2D\", \"config\": {\"name\": \"s\", \"filters\": 2, \"kernel_size\": [1, 1],"
        "\"depthwise_initializer\": " HE ", \"depthwise_regularizer\": " L2 ", \"pointwise_constraint\": " LEAST
        ", \"bias_regularizer\": " L2 "}}, {\"class_name\": \"Flatten\", \"config\": {\"name\": \"f\"}},"
        "{\"class_name\": \"Dense\", \"config\": {\"name\": \"d\", \"units\": 1, \"bias_initializer\": " HE
        ", \"bias_constraint\": " LEAST "}}]}}");
    for (int step = 0; step < 4; step++) { /* read; saved and read again; quantized; saved and read again */
        expect_config_has(model, "c", of_conv);
        expect_config_has(model, "s", of_separable);
        expect_config_has(model, "d", of_dense);
        ck_assert_int_eq(cnn2snn_model_is_quantized(model), step >= 2);
        if (step == 1) {
            cnn2snn_model *quantized = quantize(model, 4, 4);
            cnn2snn_model_destroy(model);
            model = quantized;
        } else {
            model = save_and_load(model);
        }
    }
    cnn2snn_model_destroy(model);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ activations */

START_TEST(l108_l109_l110_activations_tell_step_threshold_and_config)
{
    cnn2snn_layer *discrete = make_layer("ActivationDiscreteRelu", "{\"name\": \"a\", \"bitwidth\": 4}");
    cnn2snn_layer *relu = make_layer("QuantizedReLU", "{\"name\": \"r\", \"bitwidth\": 2, \"max_value\": 6.3}");
    cnn2snn_layer *plain = make_layer("QuantizedReLU", "{\"name\": \"p\", \"bitwidth\": 4}");
    cnn2snn_buffer *json = NULL;
    ck_assert_float_eq(cnn2snn_layer_get_step(discrete), 0.4f);
    ck_assert_float_eq(cnn2snn_layer_get_threshold(discrete), 0.2f);
    ck_assert_int_eq(cnn2snn_layer_get_bitwidth(discrete), 4);
    DONE(cnn2snn_layer_get_config(discrete, &json, error));
    expect_text(json, "{\"name\": \"a\", \"trainable\": true, \"dtype\": \"float32\", \"bitwidth\": 4}");
    ck_assert_float_eq(cnn2snn_layer_get_step(relu), 2.1000001f);
    ck_assert_float_eq(cnn2snn_layer_get_max_value(relu), 6.3f);
    DONE(cnn2snn_layer_get_config(relu, &json, error));
    expect_text(json, "{\"name\": \"r\", \"trainable\": true, \"dtype\": \"float32\", \"bitwidth\": 2, "
                      "\"max_value\": 6.300000190734863}");
    ck_assert_float_eq(cnn2snn_layer_get_step(plain), 1); /* 15 / 15, and no data */
    ck_assert_float_eq(cnn2snn_layer_get_max_value(plain), 15);
    ck_assert_uint_eq(cnn2snn_layer_get_weight_count(plain), 0);
    cnn2snn_layer *none = relu;
    FAILS(CNN2SNN_E_VALUE, "bitwidth is 0",
          cnn2snn_layer_create(context, "QuantizedReLU", "{\"bitwidth\": 0}", NULL, &none, error));
    ck_assert_ptr_null(none);
    cnn2snn_layer_destroy(relu);
    cnn2snn_layer_destroy(discrete);
    cnn2snn_layer_destroy(plain);
}
END_TEST

START_TEST(l109_bits_and_steps_of_the_discrete_relu)
{
    static const float steps[] = {1, 1, 6.0f / 7, 0.4f, 6.0f / 31, 6.0f / 63, 6.0f / 127, 6.0f / 255};
    for (int bits = 1; bits <= 8; bits++) {
        char config[32];
        strcpy(config, "{\"bitwidth\": 0}");
        *strchr(config, '0') = (char)('0' + bits);
        cnn2snn_layer *layer = make_layer("ActivationDiscreteRelu", config);
        ck_assert_float_eq(cnn2snn_layer_get_step(layer), steps[bits - 1]);
        cnn2snn_layer_destroy(layer);
    }
}
END_TEST

/* ------------------------------------------------------------------------------------------------ models */

static const int64_t IMAGE[] = {4, 4, 1};
static const char *const LINE[][2] = {{"Conv2D", "{\"name\": \"c\", \"filters\": 2, \"kernel_size\": 3}"},
                                      {"ReLU", "{\"name\": \"r\", \"max_value\": 6.0}"},
                                      {"Flatten", "{\"name\": \"f\"}"},
                                      {"Dense", "{\"name\": \"d\", \"units\": 3}"}};

START_TEST(l123_activations_first_weights_later)
{
    cnn2snn_model *model = make_sequential(3, IMAGE, 4, LINE);
    cnn2snn_model *first = quantize(model, 0, 4), *then = quantize(first, 4, 4), *at_once = quantize(model, 4, 4);
    ck_assert_str_eq(cnn2snn_layer_get_class_name(cnn2snn_model_find_layer(first, "c")), "Conv2D");
    ck_assert_str_eq(cnn2snn_layer_get_class_name(cnn2snn_model_find_layer(first, "r")), "QuantizedReLU");
    cnn2snn_model *both[] = {then, at_once};
    for (size_t i = 0; i < 2; i++) {
        ck_assert_int_eq(cnn2snn_layer_get_bitwidth(cnn2snn_model_find_layer(both[i], "c")), 4);
        ck_assert_int_eq(cnn2snn_layer_get_bitwidth(cnn2snn_model_find_layer(both[i], "d")), 4);
        ck_assert_float_eq(cnn2snn_layer_get_max_value(cnn2snn_model_find_layer(both[i], "r")), 6);
    }
    cnn2snn_quantize_options options = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    cnn2snn_model *none = NULL;
    options.weight_quantization = 4; /* what is quantized can't be asked to be float again */
    FAILS(CNN2SNN_E_VALUE, "r: ", cnn2snn_model_quantize(first, &options, &none, error));
    cnn2snn_model_destroy(model);
    cnn2snn_model_destroy(first);
    cnn2snn_model_destroy(then);
    cnn2snn_model_destroy(at_once);
}
END_TEST

START_TEST(l142_a_depthwise_convolution_is_made_loaded_and_not_converted)
{
    static const char *const layers[][2] = {
        {"QuantizedConv2D", "{\"name\": \"c\", \"filters\": 2, \"kernel_size\": 3, \"quantizer\": " AXIS4 "}"},
        {"QuantizedDepthwiseConv2D", "{\"name\": \"dw\", \"kernel_size\": 1, \"quantizer\": " MAX4 "}"},
        {"QuantizedReLU", "{\"name\": \"r\", \"bitwidth\": 4}"}};
    cnn2snn_model *model = save_and_load(make_sequential(3, IMAGE, 3, layers)), *again = quantize(model, 2, 2);
    const cnn2snn_layer *layer = cnn2snn_model_find_layer(again, "dw");
    ck_assert_uint_eq(cnn2snn_layer_get_weight_count(layer), 2);
    ck_assert_str_eq(cnn2snn_layer_get_weight_name(layer, 0), "depthwise_kernel");
    ck_assert_int_eq(cnn2snn_layer_get_bitwidth(layer), 4); /* quantize() doesn't see it */
    cnn2snn_akida_model *akida = NULL;
    cnn2snn_convert_options options = CNN2SNN_CONVERT_OPTIONS_INIT;
    options.akida_version = CNN2SNN_AKIDA_V1;
    FAILS(CNN2SNN_E_INCOMPATIBLE, "dw: ", cnn2snn_convert(model, &options, &akida, NULL, error));
    cnn2snn_model_destroy(model);
    cnn2snn_model_destroy(again);
}
END_TEST

/* A context and the version of what it converts a model quantized by CNN2SNN to. */
START_TEST(l119_l120_l122_models_of_cnn2snn_become_1_0_in_any_context)
{
    static const cnn2snn_akida_version versions[] = {CNN2SNN_AKIDA_DEFAULT, CNN2SNN_AKIDA_V1, CNN2SNN_AKIDA_V2};
    cnn2snn_context *outer = context;
    for (size_t i = 0; i < 3; i++) {
        cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
        options.akida_version = versions[i];
        DONE(cnn2snn_context_create(CNN2SNN_ABI_VERSION, &options, &context, error));
        ck_assert_int_eq(cnn2snn_context_get_akida_version(context),
                         versions[i] == CNN2SNN_AKIDA_V1 ? CNN2SNN_AKIDA_V1 : CNN2SNN_AKIDA_V2);
        cnn2snn_model *model = make_sequential(3, IMAGE, 4, LINE), *quantized = quantize(model, 4, 4);
        cnn2snn_akida_model *akida = NULL;
        DONE(cnn2snn_convert(quantized, NULL, &akida, NULL, error));
        ck_assert_int_eq(cnn2snn_akida_model_get_akida_version(akida), CNN2SNN_AKIDA_V1);
        cnn2snn_akida_model_destroy(akida);
        cnn2snn_model_destroy(quantized);
        cnn2snn_model_destroy(model);
        cnn2snn_context_destroy(context);
    }
    context = outer;
}
END_TEST

/* ------------------------------------------------------------------------------------------------ memory */

/* A dilation needs no weights and no outputs, but a border of any width. */
START_TEST(a_wide_border_is_beyond_the_limit)
{
    static const char *const classes[] = {"Custom>PaddedConv2D", "Custom>QuantizedConv2D"};
    for (size_t i = 0; i < sizeof classes / sizeof *classes; i++) {
        char json[1024];
        const int64_t shape[] = {1, 4, 4, 1};
        cnn2snn_tensor *input = NULL, *output = NULL;
        snprintf(json, sizeof json,
                 "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"net\", \"layers\": ["
                 "{\"class_name\": \"InputLayer\", \"config\": {\"name\": \"in\", \"dtype\": \"%s\", "
                 "\"batch_input_shape\": [null, 4, 4, 1]}}, {\"class_name\": \"%s\", \"config\": {\"name\": \"c\", "
                 "\"filters\": 1, \"kernel_size\": [3, 3], \"padding\": \"same\", \"padding_value\": [1.0], "
                 "\"dilation_rate\": [100000, 100000]}}]}}",
                 i ? "uint8" : "float32", classes[i]);
        cnn2snn_model *model = load_json(json);
        DONE(cnn2snn_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, 4, shape, &input, error));
        FAILS(CNN2SNN_E_LIMIT, "expected at most the context's max_total_bytes",
              cnn2snn_model_predict(model, 1, (const cnn2snn_tensor *const[]){input}, NULL, 1, &output, error));
        cnn2snn_tensor_destroy(input);
        cnn2snn_model_destroy(model);
    }
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("quantized_layers");
    tcase_add_test(tests, l094_l095_l099_quantizers_tell_bits_threshold_and_config);
    tcase_add_test(tests, l099_l100_l101_l102_ranges_have_neither_threshold_nor_limit);
    tcase_add_test(tests, l104_a_convolution_is_made_and_says_its_config);
    tcase_add_test(tests, l105_a_dense_layer_acts_on_the_last_axis);
    tcase_add_test(tests, l106_the_depthwise_quantizer_is_like_the_other_by_default);
    tcase_add_test(tests, l107_l141_regularizers_constraints_and_initializers_are_kept);
    tcase_add_test(tests, l108_l109_l110_activations_tell_step_threshold_and_config);
    tcase_add_test(tests, l109_bits_and_steps_of_the_discrete_relu);
    tcase_add_test(tests, l123_activations_first_weights_later);
    tcase_add_test(tests, l142_a_depthwise_convolution_is_made_loaded_and_not_converted);
    tcase_add_test(tests, l119_l120_l122_models_of_cnn2snn_become_1_0_in_any_context);
    tcase_add_test(tests, a_wide_border_is_beyond_the_limit);
    return run_suite("quantized_layers", tests);
}
