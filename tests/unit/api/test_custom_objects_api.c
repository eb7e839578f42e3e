/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of the user's from one end to the other: quantized, saved, loaded by name, run, quantized again, converted.
 */
#include "api_fixture.h"

#include <math.h>
#include <stdio.h>

static cnn2snn_custom_objects *custom;

/* ------------------------------------------------------------------------------------------------ the classes */

/* One scale factor: that of the largest weight, halved by the "half" of the config. */
static cnn2snn_status give_scale(void *user_data, cnn2snn_context *its_context, const char *config, int32_t bitwidth,
                                 const cnn2snn_tensor *weights, cnn2snn_tensor **out_scale, cnn2snn_error **error)
{
    (void)user_data;
    const float *w = cnn2snn_tensor_get_data(weights);
    float largest = 1e-6f;
    for (uint64_t i = 0; i < cnn2snn_tensor_get_count(weights); i++)
        largest = fmaxf(largest, fabsf(w[i]));
    cnn2snn_status status = cnn2snn_tensor_create(its_context, CNN2SNN_DTYPE_FLOAT32, 0, NULL, out_scale, error);
    if (!status)
        *(float *)cnn2snn_tensor_get_writable_data(*out_scale) =
            (float)((1 << (bitwidth - 1)) - 1) / largest * (strstr(config, "\"half\": true") ? 0.5f : 1);
    return status;
}

static cnn2snn_status give_step(void *user_data, cnn2snn_context *its_context, const char *config, int32_t bitwidth,
                                float *out_step, cnn2snn_error **error)
{
    (void)user_data, (void)its_context, (void)error;
    ck_assert_ptr_nonnull(strstr(config, "\"reach\": 30"));
    *out_step = 30.0f / (float)((1 << bitwidth) - 1);
    return CNN2SNN_OK;
}

/* x * scale + offset */
static cnn2snn_status give_line(void *user_data, cnn2snn_context *its_context, const char *config,
                                size_t weight_count, const cnn2snn_tensor *const *weights, size_t input_count,
                                const cnn2snn_tensor *const *inputs, cnn2snn_tensor **out_output,
                                cnn2snn_error **error)
{
    (void)user_data;
    ck_assert_ptr_nonnull(strstr(config, "\"note\": \"mine\""));
    ck_assert_uint_eq(weight_count, 2);
    ck_assert_uint_eq(input_count, 1);
    const float *scale = cnn2snn_tensor_get_data(weights[0]), *offset = cnn2snn_tensor_get_data(weights[1]);
    const float *x = cnn2snn_tensor_get_data(inputs[0]);
    cnn2snn_status status =
        cnn2snn_tensor_create(its_context, CNN2SNN_DTYPE_FLOAT32, cnn2snn_tensor_get_rank(inputs[0]),
                              cnn2snn_tensor_get_shape(inputs[0]), out_output, error);
    float *y = status ? NULL : cnn2snn_tensor_get_writable_data(*out_output);
    for (uint64_t i = 0; !status && i < cnn2snn_tensor_get_count(inputs[0]); i++)
        y[i] = x[i] * scale[i % 2] + offset[i % 2];
    return status;
}

/* Registered under these names; NULL: not at all. */
static void register_as(const char *quantizer, const char *activation, const char *layer)
{
    cnn2snn_custom_objects_destroy(custom);
    custom = NULL;
    DONE(cnn2snn_custom_objects_create(context, &custom, error));
    cnn2snn_quantizer_class q = CNN2SNN_QUANTIZER_CLASS_INIT;
    q.scale_factor = give_scale;
    cnn2snn_activation_class a = CNN2SNN_ACTIVATION_CLASS_INIT;
    a.step = give_step;
    cnn2snn_layer_class l = CNN2SNN_LAYER_CLASS_INIT;
    l.call = give_line;
    if (quantizer)
        DONE(cnn2snn_custom_objects_add_quantizer(custom, quantizer, &q, error));
    if (activation)
        DONE(cnn2snn_custom_objects_add_activation(custom, activation, &a, error));
    if (layer)
        DONE(cnn2snn_custom_objects_add_layer(custom, layer, &l, error));
}

static void forget_classes(void)
{
    cnn2snn_custom_objects_destroy(custom);
    custom = NULL;
}

/* ------------------------------------------------------------------------------------------------ the model */

static cnn2snn_status give_mine(void *user_data, const cnn2snn_layer *layer, cnn2snn_quantizer *by_default,
                                cnn2snn_quantizer **out_quantizer, cnn2snn_error **error)
{
    char json[200];
    (void)layer;
    snprintf(json, sizeof json, "{\"class_name\": \"%s\", \"config\": {\"bitwidth\": %d, \"half\": true}}",
             (const char *)user_data, (int)cnn2snn_quantizer_get_bitwidth(by_default));
    return cnn2snn_quantizer_create_from_config(context, json, custom, out_quantizer, error);
}

/* An image of 4 x 4 x 1 through a convolution, an activation of the user's, and a Dense of 3, with weights. */
static cnn2snn_model *float_model(const char *activation_name)
{
    cnn2snn_layer *layers[4] = {
        make_layer("Conv2D", "{\"name\": \"c\", \"filters\": 2, \"kernel_size\": 3, \"padding\": \"same\"}"), NULL,
        make_layer("Flatten", "{\"name\": \"f\"}"), make_layer("Dense", "{\"name\": \"d\", \"units\": 3}")};
    DONE(cnn2snn_layer_create(context, activation_name, "{\"name\": \"a\", \"bitwidth\": 4, \"reach\": 30}", custom,
                              &layers[1], error));
    cnn2snn_model *model = NULL;
    int64_t shape[] = {4, 4, 1};
    DONE(cnn2snn_model_create_sequential(context, "net", 3, shape, 4, layers, &model, error));
    for (size_t i = 0; i < 4; i++)
        cnn2snn_layer_destroy(layers[i]);
    static const int64_t kernels[2][4] = {{3, 3, 1, 2}, {32, 3}};
    for (size_t i = 0; i < 2; i++) {
        cnn2snn_tensor *kernel = make_tensor(i ? 2 : 4, kernels[i]);
        float *data = cnn2snn_tensor_get_writable_data(kernel);
        for (uint64_t k = 0; k < cnn2snn_tensor_get_count(kernel); k++)
            data[k] = (float)((int)(k * 7 % 19) - 9) / 8;
        DONE(cnn2snn_model_set_weight(model, i ? "d" : "c", 0, kernel, error));
        cnn2snn_tensor_destroy(kernel);
    }
    return model;
}

static cnn2snn_model *quantize(const cnn2snn_model *model, int32_t bits, int32_t activation_bits,
                               cnn2snn_quantizer_fn function, const char *class_name)
{
    cnn2snn_model *quantized = NULL;
    cnn2snn_quantize_options options = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    options.weight_quantization = bits;
    options.activ_quantization = activation_bits;
    options.quantizer_function = function;
    options.quantizer_function_user_data = (void *)(uintptr_t)class_name;
    DONE(cnn2snn_model_quantize(model, &options, &quantized, error));
    return quantized;
}

static cnn2snn_buffer *save(const cnn2snn_model *model)
{
    cnn2snn_buffer *file = NULL;
    DONE(cnn2snn_model_save_memory(model, &file, error));
    return file;
}

static cnn2snn_status load(const cnn2snn_buffer *file, cnn2snn_model **out_model, cnn2snn_error **error)
{
    cnn2snn_load_options options = CNN2SNN_LOAD_OPTIONS_INIT;
    options.custom_objects = custom;
    return cnn2snn_model_load_memory(context, cnn2snn_buffer_get_data(file), cnn2snn_buffer_get_size(file), &options,
                                     out_model, error);
}

static cnn2snn_tensor *predict(const cnn2snn_model *model, const cnn2snn_tensor *input)
{
    cnn2snn_tensor *output = NULL;
    DONE(cnn2snn_model_predict(model, 1, &input, NULL, 1, &output, error));
    return output;
}

static void expect_same_tensors(const cnn2snn_tensor *one, const cnn2snn_tensor *other)
{
    ck_assert_uint_eq(cnn2snn_tensor_get_size(one), cnn2snn_tensor_get_size(other));
    ck_assert_mem_eq(cnn2snn_tensor_get_data(one), cnn2snn_tensor_get_data(other), cnn2snn_tensor_get_size(one));
}

static void expect_same_outputs(const cnn2snn_model *one, const cnn2snn_model *other)
{
    int64_t shape[] = {2, 4, 4, 1};
    cnn2snn_tensor *input = make_tensor(4, shape);
    cnn2snn_tensor *first = predict(one, input), *second = predict(other, input);
    expect_same_tensors(first, second);
    const float *values = cnn2snn_tensor_get_data(first);
    ck_assert(values[3] != values[4]); /* they say something */
    cnn2snn_tensor_destroy(first);
    cnn2snn_tensor_destroy(second);
    cnn2snn_tensor_destroy(input);
}

static cnn2snn_buffer *convert(const cnn2snn_model *model)
{
    cnn2snn_akida_model *akida = NULL;
    cnn2snn_buffer *fbz = NULL;
    cnn2snn_convert_options options = CNN2SNN_CONVERT_OPTIONS_INIT;
    options.akida_version = CNN2SNN_AKIDA_V1;
    DONE(cnn2snn_convert(model, &options, &akida, NULL, error));
    DONE(cnn2snn_akida_model_save_memory(akida, NULL, &fbz, error));
    cnn2snn_akida_model_destroy(akida);
    return fbz;
}

static void expect_same_akida_models(const cnn2snn_model *one, const cnn2snn_model *other)
{
    cnn2snn_buffer *first = convert(one), *second = convert(other);
    ck_assert_uint_eq(cnn2snn_buffer_get_size(first), cnn2snn_buffer_get_size(second));
    ck_assert_mem_eq(cnn2snn_buffer_get_data(first), cnn2snn_buffer_get_data(second), cnn2snn_buffer_get_size(first));
    cnn2snn_buffer_destroy(first);
    cnn2snn_buffer_destroy(second);
}

static void expect_class(const cnn2snn_model *model, const char *quantizer_class, int32_t bits,
                         int32_t activation_bits)
{
    const cnn2snn_layer *c = cnn2snn_model_find_layer(model, "c"), *a = cnn2snn_model_find_layer(model, "a");
    ck_assert_str_eq(cnn2snn_layer_get_class_name(c), "QuantizedConv2D");
    ck_assert_int_eq(cnn2snn_quantizer_get_kind(cnn2snn_layer_get_quantizer(c)), CNN2SNN_QUANTIZER_CUSTOM);
    ck_assert_str_eq(cnn2snn_quantizer_get_class_name(cnn2snn_layer_get_quantizer(c)), quantizer_class);
    ck_assert_int_eq(cnn2snn_layer_get_bitwidth(c), bits);
    ck_assert_int_eq(cnn2snn_layer_get_bitwidth(a), activation_bits);
    ck_assert_float_eq(cnn2snn_layer_get_step(a), 30.0f / (float)((1 << activation_bits) - 1));
}

/* ------------------------------------------------------------------------------------------------ tests */

/* Names in the file, and those that they are registered by when it is loaded. */
static void expect_survival(const char *quantizer, const char *activation, const char *registered_quantizer,
                            const char *registered_activation)
{
    register_as(quantizer, activation, NULL);
    cnn2snn_model *model = float_model(activation), *loaded = NULL;
    cnn2snn_model *quantized = quantize(model, 4, 4, give_mine, quantizer);
    cnn2snn_buffer *file = save(quantized);
    register_as(registered_quantizer, registered_activation, NULL);
    DONE(load(file, &loaded, error));
    forget_classes(); /* the models keep their classes */
    expect_class(loaded, quantizer, 4, 4);
    expect_same_outputs(quantized, loaded);
    expect_same_akida_models(quantized, loaded);
    cnn2snn_buffer *again = save(loaded);
    ck_assert_uint_eq(cnn2snn_buffer_get_size(again), cnn2snn_buffer_get_size(file));
    ck_assert_mem_eq(cnn2snn_buffer_get_data(again), cnn2snn_buffer_get_data(file), cnn2snn_buffer_get_size(file));
    cnn2snn_model *other = quantize(quantized, 8, 2, NULL, NULL), *loaded_other = quantize(loaded, 8, 2, NULL, NULL);
    expect_class(loaded_other, quantizer, 8, 2);
    expect_same_outputs(other, loaded_other);
    expect_same_akida_models(other, loaded_other);
    cnn2snn_model *all[] = {model, quantized, loaded, other, loaded_other};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        cnn2snn_model_destroy(all[i]);
    cnn2snn_buffer_destroy(file);
    cnn2snn_buffer_destroy(again);
}

START_TEST(l072_l103_quantizers_and_activations_survive_save_and_load)
{
    expect_survival("Mine", "MyActivation", "Mine", "MyActivation");
}
END_TEST

START_TEST(l072_l103_names_match_with_and_without_their_package)
{
    expect_survival("pkg>Mine", "pkg>MyActivation", "pkg>Mine", "pkg>MyActivation");
    expect_survival("pkg>Mine", "Custom>MyActivation", "Mine", "MyActivation");
    expect_survival("Mine", "MyActivation", "Custom>Mine", "pkg>MyActivation");
}
END_TEST

START_TEST(l072_classes_that_nobody_registered_are_named_with_layer_and_remedy)
{
    register_as("Mine", "MyActivation", NULL);
    cnn2snn_model *model = float_model("MyActivation"), *loaded = NULL;
    cnn2snn_model *quantized = quantize(model, 4, 4, give_mine, "Mine");
    cnn2snn_buffer *file = save(quantized);
    register_as(NULL, "MyActivation", NULL);
    FAILS(CNN2SNN_E_TYPE,
          "c: quantizer: quantizer class Mine is unknown, expected one that is built in or registered by",
          load(file, &loaded, error));
    register_as("Mine", NULL, NULL);
    FAILS(CNN2SNN_E_VALUE, "a: unknown layer class MyActivation, expected one that is built in or registered by",
          load(file, &loaded, error));
    register_as("MyActivation", "Mine", NULL); /* names count within their type only */
    FAILS(CNN2SNN_E_TYPE, "c: quantizer: quantizer class Mine is unknown", load(file, &loaded, error));
    forget_classes();
    FAILS(CNN2SNN_E_TYPE, "cnn2snn_custom_objects_add_quantizer()", load(file, &loaded, error));
    cnn2snn_buffer_destroy(file);
    cnn2snn_model_destroy(model);
    cnn2snn_model_destroy(quantized);
}
END_TEST

START_TEST(l072_the_toolkits_own_names_win)
{
    register_as("MaxPerAxisQuantizer", "QuantizedReLU", "Dense");
    static const char *const layers[][2] = {{"Dense", "{\"name\": \"d\", \"units\": 2}"},
                                            {"ReLU", "{\"name\": \"r\", \"max_value\": 6.0}"}};
    int64_t shape[] = {2};
    cnn2snn_model *model = make_sequential(1, shape, 2, layers), *loaded = NULL;
    cnn2snn_model *quantized = quantize(model, 4, 4, NULL, NULL);
    cnn2snn_buffer *file = save(quantized);
    DONE(load(file, &loaded, error));
    const cnn2snn_quantizer *quantizer = cnn2snn_layer_get_quantizer(cnn2snn_model_get_layer(loaded, 0));
    ck_assert_int_eq(cnn2snn_quantizer_get_kind(quantizer), CNN2SNN_QUANTIZER_MAX_PER_AXIS);
    ck_assert_float_eq(cnn2snn_layer_get_step(cnn2snn_model_get_layer(loaded, 1)), 0.4f);
    cnn2snn_buffer_destroy(file);
    cnn2snn_model_destroy(model);
    cnn2snn_model_destroy(quantized);
    cnn2snn_model_destroy(loaded);
    forget_classes();
}
END_TEST

static cnn2snn_model *load_fixture(const char *path)
{
    cnn2snn_model *model = NULL;
    cnn2snn_load_options options = CNN2SNN_LOAD_OPTIONS_INIT;
    options.custom_objects = custom;
    DONE(cnn2snn_model_load(context, path, &options, &model, error));
    return model;
}

/* tests/data/hdf5/custom_layer.h5: Dense 2, then a layer "line" of class pkg>Line with weights zoom (2, 3) and add
 * (1, -1). */
static void expect_line(const cnn2snn_model *model)
{
    const cnn2snn_layer *line = cnn2snn_model_find_layer(model, "line");
    ck_assert_str_eq(cnn2snn_layer_get_class_name(line), "pkg>Line");
    ck_assert_uint_eq(cnn2snn_layer_get_weight_count(line), 2);
    ck_assert_str_eq(cnn2snn_layer_get_weight_name(line, 0), "zoom");
    ck_assert_str_eq(cnn2snn_layer_get_weight_name(line, 1), "add");
    ck_assert_mem_eq(cnn2snn_tensor_get_data(cnn2snn_layer_get_weight(line, 0)), ((float[]){2, 3}),
                     2 * sizeof(float));
    ck_assert_mem_eq(cnn2snn_tensor_get_data(cnn2snn_layer_get_weight(line, 1)), ((float[]){1, -1}),
                     2 * sizeof(float));
    int64_t shape[] = {1, 2};
    cnn2snn_tensor *input = make_tensor(2, shape), *output = predict(model, input); /* 0, 1 */
    ck_assert_mem_eq(cnn2snn_tensor_get_data(output), ((float[]){1, 2}), 2 * sizeof(float));
    cnn2snn_tensor_destroy(input);
    cnn2snn_tensor_destroy(output);
}

START_TEST(l072_weights_of_a_layer_class_keep_names_and_order)
{
    register_as(NULL, NULL, "Line");
    cnn2snn_model *model = load_fixture(TEST_DATA "/hdf5/custom_layer.h5"), *again = NULL;
    expect_line(model);
    cnn2snn_buffer *file = save(model);
    register_as(NULL, NULL, "pkg>Line");
    DONE(load(file, &again, error));
    expect_line(again);
    register_as("Line", NULL, NULL); /* a quantizer is no layer */
    cnn2snn_model *nothing = NULL;
    FAILS(CNN2SNN_E_VALUE, "line: unknown layer class pkg>Line, expected one that", load(file, &nothing, error));
    forget_classes();
    cnn2snn_model *copy = NULL;
    DONE(cnn2snn_model_clone(again, &copy, error));
    cnn2snn_tensor *zoom = make_tensor(1, (int64_t[]){2}); /* 0, 1 */
    DONE(cnn2snn_model_set_weight(copy, "line", 0, zoom, error));
    ck_assert_mem_eq(cnn2snn_tensor_get_data(cnn2snn_layer_get_weight(cnn2snn_model_find_layer(copy, "line"), 0)),
                     ((float[]){0, 1}), 2 * sizeof(float));
    expect_line(again); /* the copy's was changed */
    cnn2snn_tensor_destroy(zoom);
    cnn2snn_buffer_destroy(file);
    cnn2snn_model_destroy(model);
    cnn2snn_model_destroy(again);
    cnn2snn_model_destroy(copy);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("custom_objects_api");
    tcase_add_test(tests, l072_l103_quantizers_and_activations_survive_save_and_load);
    tcase_add_test(tests, l072_l103_names_match_with_and_without_their_package);
    tcase_add_test(tests, l072_classes_that_nobody_registered_are_named_with_layer_and_remedy);
    tcase_add_test(tests, l072_the_toolkits_own_names_win);
    tcase_add_test(tests, l072_weights_of_a_layer_class_keep_names_and_order);
    return run_suite("custom_objects_api", tests);
}
