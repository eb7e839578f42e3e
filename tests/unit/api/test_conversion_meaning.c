/* SPDX-License-Identifier: Apache-2.0 */
/* What the numbers of an Akida model mean: the same as those of the Keras model that it was made of. */
#include "api_fixture.h"

#define WEIGHTS(bits) "\"quantizer\": {\"class_name\": \"MaxPerAxisQuantizer\", \"config\": {\"bitwidth\": " bits "}}"

static void set_weight(cnn2snn_model *model, const char *layer, size_t index, const float *values)
{
    const cnn2snn_tensor *old = cnn2snn_layer_get_weight(cnn2snn_model_find_layer(model, layer), index);
    cnn2snn_tensor *tensor = make_tensor(cnn2snn_tensor_get_rank(old), cnn2snn_tensor_get_shape(old));
    memcpy(cnn2snn_tensor_get_writable_data(tensor), values, cnn2snn_tensor_get_count(tensor) * sizeof *values);
    DONE(cnn2snn_model_set_weight(model, layer, index, tensor, error));
    cnn2snn_tensor_destroy(tensor);
}

static cnn2snn_simulator *simulator_of(const cnn2snn_model *model, double scale, double shift)
{
    cnn2snn_convert_options options = CNN2SNN_CONVERT_OPTIONS_INIT;
    cnn2snn_akida_model *akida = NULL;
    cnn2snn_simulator *simulator = NULL;
    options.has_input_scaling = 1;
    options.input_scale = scale;
    options.input_shift = shift;
    DONE(cnn2snn_convert(model, &options, &akida, NULL, error));
    DONE(cnn2snn_simulator_create(akida, NULL, &simulator, error));
    cnn2snn_akida_model_destroy(akida);
    return simulator;
}

/* All 256 values of a pixel, as 4 images of 8 x 8. */
static cnn2snn_tensor *all_pixels(void)
{
    static const int64_t shape[4] = {4, 8, 8, 1};
    cnn2snn_tensor *tensor = NULL;
    DONE(cnn2snn_tensor_create(context, CNN2SNN_DTYPE_UINT8, 4, shape, &tensor, error));
    for (int i = 0; i < 256; i++)
        ((uint8_t *)cnn2snn_tensor_get_writable_data(tensor))[i] = (uint8_t)i;
    return tensor;
}

/* Levels that the Akida model gives for pixels, beside those of the Keras model for (pixel - shift) / scale. */
static void same_levels(const char *const (*layers)[2], double scale, double shift)
{
    static const int64_t shape[] = {8, 8, 1};
    static const float kernel[] = {1, -1, .5f, -.125f}, bias[] = {.25f, 1, -.5f, 0};
    cnn2snn_model *model = make_sequential(3, shape, 2, layers);
    set_weight(model, "c", 0, kernel);
    set_weight(model, "c", 1, bias);
    cnn2snn_simulator *simulator = simulator_of(model, scale, shift);
    cnn2snn_tensor *pixels = all_pixels(), *levels = NULL, *outputs = NULL;
    cnn2snn_tensor *inputs = make_tensor(4, cnn2snn_tensor_get_shape(pixels));
    for (int i = 0; i < 256; i++)
        ((float *)cnn2snn_tensor_get_writable_data(inputs))[i] = (float)((i - shift) / scale);
    const cnn2snn_tensor *taken = inputs;
    DONE(cnn2snn_simulator_forward(simulator, pixels, NULL, NULL, &levels, error));
    DONE(cnn2snn_model_predict(model, 1, &taken, NULL, 1, &outputs, error));
    float step = cnn2snn_layer_get_step(cnn2snn_model_find_layer(model, "r"));
    ck_assert_uint_eq(cnn2snn_tensor_get_count(levels), 4 * 256);
    const uint8_t *found = cnn2snn_tensor_get_data(levels);
    const float *expected = cnn2snn_tensor_get_data(outputs);
    size_t active = 0;
    ck_assert_int_eq(cnn2snn_tensor_get_dtype(levels), CNN2SNN_DTYPE_UINT8);
    for (size_t i = 0; i < 4 * 256; i++) {
        ck_assert_msg((float)found[i] == expected[i] / step, "pixel %zu: level %d, expected %g", i / 4, found[i],
                      (double)(expected[i] / step));
        active += found[i] > 0 && found[i] < 15;
    }
    ck_assert_uint_gt(active, 60);
    cnn2snn_tensor_destroy(pixels);
    cnn2snn_tensor_destroy(inputs);
    cnn2snn_tensor_destroy(levels);
    cnn2snn_tensor_destroy(outputs);
    cnn2snn_simulator_destroy(simulator);
    cnn2snn_model_destroy(model);
}

/* akida_input = scale * keras_input + shift: both models see the same. Powers of two keep the floats exact. */
START_TEST(l033_l034_l133_l134_the_scaling_is_of_the_models_input)
{
    static const char *const layers[][2] = {
        {"QuantizedConv2D", "{\"name\": \"c\", \"filters\": 4, \"kernel_size\": 1, " WEIGHTS("4") "}"},
        {"QuantizedReLU", "{\"name\": \"r\", \"bitwidth\": 4, \"max_value\": 1.875}"}};
    same_levels(layers, 128, 128); /* the document's example: pixels become -1 to 1 */
    same_levels(layers, 128, 0);
    same_levels(layers, 64, 37);
    same_levels(layers, 256, 255);
}
END_TEST

/* EX-46: what predict gives is the Keras model's output on the events' values divided by the scale. */
START_TEST(ex46_l135_the_last_layer_gives_potentials)
{
    static const int64_t four[] = {4}, shape[] = {1, 1, 1, 4};
    static const char *const layers[][2] = {{"QuantizedDense", "{\"name\": \"d\", \"units\": 2, " WEIGHTS("4") "}"},
                                            {"QuantizedReLU", "{\"name\": \"r\", \"bitwidth\": 4, \"max_value\": 6}"},
                                            {"QuantizedDense", "{\"name\": \"d2\", \"units\": 2, " WEIGHTS("4") "}"},
                                            {"Softmax", "{\"name\": \"s\"}"}};
    static const float first[] = {1, 2, -3, 4, .5f, -.6f, 0, 0}, first_bias[] = {.3f, .4f};
    static const float last[] = {1, -.3f, .25f, .6f}, last_bias[] = {.1f, -.2f};
    cnn2snn_model *model = make_sequential(1, four, 4, layers);
    set_weight(model, "d", 0, first);
    set_weight(model, "d", 1, first_bias);
    set_weight(model, "d2", 0, last);
    set_weight(model, "d2", 1, last_bias);
    cnn2snn_simulator *simulator = simulator_of(model, 2, 0);
    cnn2snn_tensor *input = NULL, *potentials = NULL, *outputs = NULL;
    DONE(cnn2snn_tensor_create(context, CNN2SNN_DTYPE_UINT8, 4, shape, &input, error));
    memcpy(cnn2snn_tensor_get_writable_data(input), (uint8_t[]){3, 0, 1, 2}, 4);
    DONE(cnn2snn_simulator_forward(simulator, input, NULL, NULL, &potentials, error));
    ck_assert_int_eq(cnn2snn_tensor_get_dtype(potentials), CNN2SNN_DTYPE_INT32);
    ck_assert_int_eq(((const int32_t *)cnn2snn_tensor_get_data(potentials))[0], 53);
    ck_assert_int_eq(((const int32_t *)cnn2snn_tensor_get_data(potentials))[1], 43);
    DONE(cnn2snn_simulator_predict(simulator, input, &outputs, error));
    ck_assert_float_eq(((const float *)cnn2snn_tensor_get_data(outputs))[0], 3.142857f);
    ck_assert_float_eq(((const float *)cnn2snn_tensor_get_data(outputs))[1], 1.3028573f);
    cnn2snn_tensor_destroy(input);
    cnn2snn_tensor_destroy(potentials);
    cnn2snn_tensor_destroy(outputs);
    cnn2snn_simulator_destroy(simulator);
    cnn2snn_model_destroy(model);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("conversion_meaning");
    tcase_add_test(tests, l033_l034_l133_l134_the_scaling_is_of_the_models_input);
    tcase_add_test(tests, ex46_l135_the_last_layer_gives_potentials);
    return run_suite("conversion_meaning", tests);
}
