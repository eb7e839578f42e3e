/* SPDX-License-Identifier: Apache-2.0 */
/* Which array of a file becomes which weight. Arrays count up in the order of the file: 0, 1, 2, ... over all of
 * them. */
#include "formats_testing.h"

#include "formats/hdf5_image.h"
#include "formats/keras_image.h"
#include "layers/quantizeml_attributes.h"

/* ------------------------------------------------------------------------------------------------ files */

static struct {
    struct c2s_text structure;
    char *names[16];
    size_t name_count;
    size_t values; /* in all arrays, those of padding included */
    size_t numbers[64], starts[64], sizes[64], array_count;
    size_t next; /* number of the next value */
} file;

static void add_string_attribute(const char *name, const char *value)
{
    c2s_image_add_attribute(&file.structure, name, false, 1);
    c2s_image_add_string(&file.structure, value, strlen(value));
}

/* A whole-model file is begun. version NULL: without one. */
static void begin(const char *config, const char *version, const char *backend)
{
    char *quoted = strdup(config);
    memset(&file, 0, sizeof file);
    c2s_text_init(&file.structure, context);
    for (char *c = quoted; *c; c++)
        *c = *c == '\'' ? '"' : *c;
    c2s_image_add_group(&file.structure, "");
    add_string_attribute("model_config", quoted);
    add_string_attribute("keras_version", "2.4.0");
    free(quoted);
    c2s_image_add_group(&file.structure, "model_weights");
    if (version)
        add_string_attribute("keras_version", version);
    add_string_attribute("backend", backend);
}

struct array {
    const char *name;
    size_t rank;
    uint64_t extents[4];
};

static void add_layer(const char *name, size_t count, const struct array *arrays)
{
    file.names[file.name_count++] = strdup(name);
    c2s_image_add_group(&file.structure, name);
    c2s_image_add_attribute(&file.structure, "weight_names", true, (uint32_t)count);
    for (size_t i = 0; i < count; i++)
        c2s_image_add_string(&file.structure, arrays[i].name, strlen(arrays[i].name));
    for (size_t i = 0; i < count; i++) {
        size_t size = 1;
        for (size_t k = 0; k < arrays[i].rank; k++)
            size *= (size_t)arrays[i].extents[k];
        c2s_image_add_dataset(&file.structure, arrays[i].name, (struct c2s_image_type){'f', 4, false}, arrays[i].rank,
                              arrays[i].extents, file.values * 4, size * 4);
        file.starts[file.array_count] = file.values;
        file.numbers[file.array_count] = file.next;
        file.sizes[file.array_count++] = size;
        file.next += size;
        file.values += (size + 15) / 16 * 16;
    }
    c2s_image_end_group(&file.structure);
}
#define ADD_LAYER(name, ...)                                                                                         \
    add_layer(name, sizeof((struct array[]){__VA_ARGS__}) / sizeof(struct array), (const struct array[]){__VA_ARGS__})

static struct c2s_image *finish(void)
{
    struct c2s_image *image;
    c2s_image_add_attribute(&file.structure, "layer_names", true, (uint32_t)file.name_count);
    for (size_t i = 0; i < file.name_count; i++) {
        c2s_image_add_string(&file.structure, file.names[i], strlen(file.names[i]));
        free(file.names[i]);
    }
    c2s_image_end_group(&file.structure);
    c2s_image_end_group(&file.structure);
    size_t front = c2s_image_front_size(file.structure.size);
    ck_assert_int_eq(c2s_image_create(context, front + 4 * file.values, &image, NULL), CNN2SNN_OK);
    c2s_image_write_front(image->data, &file.structure, 4 * file.values);
    float *data = (float *)(image->data + front);
    for (size_t i = 0; i < file.array_count; i++)
        for (size_t k = 0; k < file.sizes[i]; k++)
            data[file.starts[i] + k] = (float)(file.numbers[i] + k);
    c2s_text_free(&file.structure);
    return image;
}

static cnn2snn_model *read_with_unknown(bool allow)
{
    struct c2s_keras_read_settings settings = {.allow_unknown_layers = allow};
    struct c2s_image *image = finish();
    cnn2snn_model *model;
    cnn2snn_status status = c2s_keras_image_read(image, &settings, &model, &error);
    ck_assert_msg(!status, "%s", text_of(error));
    c2s_image_release(image);
    return model;
}

static cnn2snn_model *read_model(void)
{
    return read_with_unknown(false);
}

static void expect_unreadable(cnn2snn_status code, const char *words)
{
    struct c2s_keras_read_settings settings = {0};
    struct c2s_image *image = finish();
    cnn2snn_model *model;
    ck_assert_int_eq(c2s_keras_image_read(image, &settings, &model, &error), code);
    ck_assert_ptr_null(model);
    expect_error(code, words);
    c2s_image_release(image);
}

static const cnn2snn_layer *layer_of(const struct c2s_graph *graph, const char *name)
{
    int64_t index = c2s_graph_find_layer(graph, name);
    ck_assert_int_ge(index, 0);
    return graph->layers[index];
}

/* The first value of a weight. */
static int first_of(const cnn2snn_layer *layer, const char *weight)
{
    for (size_t i = 0; i < layer->weight_count; i++)
        if (!strcmp(layer->weights[i].name, weight))
            return (int)c2s_f32(layer->weights[i].tensor)[0];
    ck_abort_msg("%s has no weight %s", layer->name, weight);
    return -1;
}

/* ------------------------------------------------------------------------------------------------ order */

#define INPUT "{'class_name': 'InputLayer', 'config': {'batch_input_shape': [null, 2, 2, 1], 'name': 'in'}}"
#define DENSE(name, more) "{'class_name': 'Dense', 'config': {'name': '" name "', 'units': 1" more "}}"
#define NORM(name, more) "{'class_name': 'BatchNormalization', 'config': {'name': '" name "'" more "}}"
#define MODEL(name, more, ...)                                                                                       \
    "{'class_name': 'Sequential', 'config': {'name': '" name "'" more ", 'layers': [" __VA_ARGS__ "]}}"

START_TEST(layers_are_matched_by_order_not_by_name)
{
    begin(MODEL("m", "",
                INPUT ", " DENSE("a", "") ", {'class_name': 'ReLU', 'config': {'name': 'r'}}, " DENSE("b", "")),
          "2.4.0", "tensorflow");
    ADD_LAYER("b", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    add_layer("other", 0, NULL);
    ADD_LAYER("x", {"foo", 2, {1, 1}}, {"bar", 1, {1}});
    cnn2snn_model *model = read_model();
    ck_assert_int_eq(first_of(layer_of(model->graph, "a"), "kernel"), 0);
    ck_assert_int_eq(first_of(layer_of(model->graph, "b"), "kernel"), 2);
    ck_assert(layer_of(model->graph, "b")->built);
    c2s_model_destroy(model);
}

/* A model with a normalization and a dense layer in it; its file has 2 + 2 + 2 arrays of one number each. */
static cnn2snn_model *nested(const char *norm_more, const char *inner_more)
{
    char config[1024];
    snprintf(config, sizeof config,
             MODEL("m", "", INPUT ", " MODEL("inner", "%s", INPUT ", " NORM("n", "%s") ", " DENSE("d", ""))),
             inner_more, norm_more);
    begin(config, "2.4.0", "tensorflow");
    ADD_LAYER("inner", {"0", 1, {1}}, {"1", 1, {1}}, {"2", 2, {1, 1}}, {"3", 1, {1}}, {"4", 1, {1}}, {"5", 1, {1}});
    return read_model();
}

START_TEST(nested_weights_come_trainable_first)
{
    cnn2snn_model *model = nested("", "");
    const struct c2s_graph *inner = layer_of(model->graph, "inner")->graph;
    ck_assert_int_eq(first_of(layer_of(inner, "n"), "gamma"), 0);
    ck_assert_int_eq(first_of(layer_of(inner, "n"), "beta"), 1);
    ck_assert_int_eq(first_of(layer_of(inner, "d"), "kernel"), 2);
    ck_assert_int_eq(first_of(layer_of(inner, "n"), "moving_mean"), 4);
    ck_assert_int_eq(first_of(layer_of(inner, "n"), "moving_variance"), 5);
    ck_assert(layer_of(model->graph, "inner")->built);
    c2s_model_destroy(model);
}

START_TEST(frozen_layers_go_behind_the_trainable_ones_whole)
{
    char config[] = MODEL(
        "m", "", INPUT ", " MODEL("inner", "", INPUT ", " NORM("n", ", 'trainable': false") ", " DENSE("d", "")));
    begin(config, "2.4.0", "tensorflow");
    ADD_LAYER("inner", {"0", 2, {1, 1}}, {"1", 1, {1}}, {"2", 1, {1}}, {"3", 1, {1}}, {"4", 1, {1}}, {"5", 1, {1}});
    cnn2snn_model *model = read_model();
    const struct c2s_graph *inner = layer_of(model->graph, "inner")->graph;
    ck_assert_int_eq(first_of(layer_of(inner, "d"), "kernel"), 0);
    ck_assert_int_eq(first_of(layer_of(inner, "n"), "gamma"), 2);
    ck_assert_int_eq(first_of(layer_of(inner, "n"), "moving_variance"), 5);
    c2s_model_destroy(model);
}

START_TEST(frozen_models_keep_the_order_of_their_parts)
{
    cnn2snn_model *model = nested("", ", 'trainable': false");
    const struct c2s_graph *inner = layer_of(model->graph, "inner")->graph;
    ck_assert_int_eq(first_of(layer_of(inner, "n"), "gamma"), 0);
    ck_assert_int_eq(first_of(layer_of(inner, "d"), "kernel"), 2);
    ck_assert_int_eq(first_of(layer_of(inner, "n"), "moving_mean"), 4);
    c2s_model_destroy(model);
}

START_TEST(frozen_models_within_models_go_behind)
{
    begin(MODEL("m", "",
                INPUT ", " MODEL(
                    "outer", "",
                    INPUT ", " MODEL("inner", ", 'trainable': false", INPUT ", " NORM("n", "")) ", " DENSE("d", ""))),
          "2.4.0", "tensorflow");
    ADD_LAYER("outer", {"0", 2, {1, 1}}, {"1", 1, {1}}, {"2", 1, {1}}, {"3", 1, {1}}, {"4", 1, {1}}, {"5", 1, {1}});
    cnn2snn_model *model = read_model();
    const struct c2s_graph *outer = layer_of(model->graph, "outer")->graph;
    const struct c2s_graph *inner = layer_of(outer, "inner")->graph;
    ck_assert_int_eq(first_of(layer_of(outer, "d"), "kernel"), 0);
    ck_assert_int_eq(first_of(layer_of(inner, "n"), "gamma"), 2);
    ck_assert_int_eq(first_of(layer_of(inner, "n"), "moving_variance"), 5);
    c2s_model_destroy(model);
}

/* ------------------------------------------------------------------------------------------------ opaque layers */

START_TEST(opaque_layers_take_what_the_file_has)
{
    begin(MODEL("m", "", INPUT ", {'class_name': 'Mine', 'config': {'name': 'mine'}}, " DENSE("d", "")), "2.4.0",
          "tensorflow");
    ADD_LAYER("mine", {"query", 1, {3}}, {"key", 1, {2}});
    ADD_LAYER("d", {"kernel:0", 2, {4, 1}}, {"bias:0", 1, {1}});
    cnn2snn_model *model = read_with_unknown(true);
    ck_assert_uint_eq(layer_of(model->graph, "mine")->weight_count, 2);
    ck_assert_int_eq(first_of(layer_of(model->graph, "mine"), "key"), 3);
    ck_assert_int_eq(first_of(layer_of(model->graph, "d"), "kernel"), 5);
    c2s_model_destroy(model);
}

START_TEST(opaque_layers_without_weights_are_skipped)
{
    begin(MODEL("m", "", INPUT ", {'class_name': 'Mine', 'config': {'name': 'mine'}}, " DENSE("d", "")), "2.4.0",
          "tensorflow");
    ADD_LAYER("d", {"kernel:0", 2, {4, 1}}, {"bias:0", 1, {1}});
    cnn2snn_model *model = read_with_unknown(true);
    ck_assert_uint_eq(layer_of(model->graph, "mine")->weight_count, 0);
    c2s_model_destroy(model);
}

/* ------------------------------------------------------------------------------------------------ old kernels */

#define CONV(class, more)                                                                                            \
    MODEL("m", "",                                                                                                   \
          INPUT ", {'class_name': '" class "', 'config': {'name': 'c', 'filters': 3, 'kernel_size': [2, 1], "        \
                                           "'padding': 'same', 'use_bias': false" more "}}")

static const float *kernel_of(const cnn2snn_model *model)
{
    return c2s_f32(layer_of(model->graph, "c")->weights[0].tensor);
}

START_TEST(kernels_of_theano_run_backwards)
{
    begin(CONV("Conv2D", ""), "2.1.0", "theano");
    ADD_LAYER("c", {"kernel", 4, {2, 1, 1, 3}});
    cnn2snn_model *model = read_model();
    const float expected[] = {3, 4, 5, 0, 1, 2};
    ck_assert_mem_eq(kernel_of(model), expected, sizeof expected);
    c2s_model_destroy(model);
}

START_TEST(transposed_kernels_without_version_swap_their_channels)
{
    begin(CONV("Conv2DTranspose", ""), NULL, "tensorflow");
    ADD_LAYER("c", {"kernel", 4, {2, 1, 1, 3}});
    cnn2snn_model *model = read_model();
    ck_assert_int_eq(layer_of(model->graph, "c")->weights[0].tensor->shape[2], 3);
    c2s_model_destroy(model);
    begin(CONV("Conv2DTranspose", ""), "2.0.0", "tensorflow");
    ADD_LAYER("c", {"kernel", 4, {2, 1, 1, 3}});
    expect_unreadable(CNN2SNN_E_VALUE, "kernel has shape (2, 1, 1, 3), expected (2, 1, 3, 1)");
}

START_TEST(kernels_that_only_fit_turned_are_turned)
{
    begin(CONV("Conv2D", ""), "2.0.0", "tensorflow");
    ADD_LAYER("c", {"kernel", 4, {1, 3, 1, 2}}); /* in, out, width, height */
    cnn2snn_model *model = read_model();
    const float expected[] = {0, 2, 4, 1, 3, 5};
    ck_assert_mem_eq(kernel_of(model), expected, sizeof expected);
    c2s_model_destroy(model);
}

START_TEST(plain_kernels_stay)
{
    begin(CONV("Conv2D", ""), NULL, "tensorflow");
    ADD_LAYER("c", {"kernel", 4, {2, 1, 1, 3}});
    cnn2snn_model *model = read_model();
    const float expected[] = {0, 1, 2, 3, 4, 5};
    ck_assert_mem_eq(kernel_of(model), expected, sizeof expected);
    c2s_model_destroy(model);
}

/* ------------------------------------------------------------------------------------------------ QuantizeML */

#define QUANTIZED "'quant_config': {'output_quantizer': {'axis': 'per-axis'}}"
#define QUANTIZED_DENSE                                                                                              \
    "{'class_name': 'Custom>QuantizedDense', 'config': {'name': 'd', 'units': 2, 'use_bias': false, " QUANTIZED "}}"
#define QUANTIZED_RELU                                                                                               \
    "{'class_name': 'Custom>QuantizedReLU', 'config': {'name': 'r', 'max_value': null, " QUANTIZED "}}"

static float value_of(const cnn2snn_model *model, const char *layer, const char *weight, size_t index)
{
    const cnn2snn_tensor *tensor = c2s_layer_weight(layer_of(model->graph, layer), weight);
    ck_assert_ptr_nonnull(tensor);
    ck_assert_uint_gt(tensor->count, index);
    return c2s_f32(tensor)[index];
}

START_TEST(ranges_are_read_with_their_rates)
{
    begin(MODEL("m", "", INPUT ", " QUANTIZED_DENSE ", " QUANTIZED_RELU), "2.12.0", "tensorflow");
    ADD_LAYER("d", {"kernel:0", 2, {1, 2}}, {"range_max:0", 1, {2}}, {"rescaling_rate:0", 1, {2}});
    ADD_LAYER("r", {"range_max:0", 1, {2}}, {"rescaling_rate:0", 1, {2}});
    cnn2snn_model *model = read_model();
    ck_assert(value_of(model, "d", "output_quantizer/range_max", 1) == 3);
    ck_assert(value_of(model, "d", "output_quantizer/rescaling_rate", 0) == 4);
    ck_assert(value_of(model, "r", "output_quantizer/rescaling_rate", 1) == 9);
    ck_assert(!c2s_graph_is_of_first_release(model->graph));
    c2s_model_destroy(model);
}

START_TEST(ranges_of_the_first_release_have_another_name_and_no_rate)
{
    begin(MODEL("m", "", INPUT ", " QUANTIZED_DENSE ", " QUANTIZED_RELU), "2.10.0", "tensorflow");
    ADD_LAYER("d", {"kernel:0", 2, {1, 2}}, {"max_value:0", 1, {2}});
    ADD_LAYER("r", {"max_value:0", 1, {2}});
    cnn2snn_model *model = read_model();
    ck_assert(value_of(model, "d", "output_quantizer/range_max", 0) == 2);
    ck_assert(value_of(model, "d", "output_quantizer/rescaling_rate", 1) == 1);
    ck_assert(value_of(model, "r", "output_quantizer/range_max", 1) == 5);
    ck_assert(value_of(model, "r", "output_quantizer/rescaling_rate", 1) == 1);
    ck_assert(c2s_graph_is_of_first_release(model->graph));
    c2s_model_destroy(model);
}

START_TEST(a_nested_model_may_lack_some_of_the_rates)
{
    begin(MODEL("m", "", INPUT ", " MODEL("inner", "", INPUT ", " QUANTIZED_DENSE ", " QUANTIZED_RELU)), "2.10.0",
          "tensorflow");
    ADD_LAYER("inner", {"kernel:0", 2, {1, 2}}, {"max_value:0", 1, {2}}, {"range_max:0", 1, {2}},
              {"rescaling_rate:0", 1, {2}});
    cnn2snn_model *model = read_model();
    const struct c2s_graph *inner = layer_of(model->graph, "inner")->graph;
    ck_assert(c2s_f32(c2s_layer_weight(layer_of(inner, "d"), "output_quantizer/rescaling_rate"))[0] == 1);
    ck_assert(c2s_f32(c2s_layer_weight(layer_of(inner, "r"), "output_quantizer/rescaling_rate"))[0] == 6);
    c2s_model_destroy(model);
}

START_TEST(only_rates_may_be_absent)
{
    begin(MODEL("m", "", INPUT ", " QUANTIZED_DENSE), "2.10.0", "tensorflow");
    ADD_LAYER("d", {"kernel:0", 2, {1, 2}});
    expect_unreadable(CNN2SNN_E_VALUE, "d: the file has 1 weights ('d'), expected 3");
    begin(MODEL("m", "", INPUT ", " QUANTIZED_DENSE), "2.10.0", "tensorflow");
    ADD_LAYER("d", {"kernel:0", 2, {1, 2}}, {"max_value:0", 1, {1}});
    expect_unreadable(CNN2SNN_E_VALUE, "output_quantizer/range_max has shape (1,), expected (2,)");
    begin(MODEL("m", "", INPUT ", " MODEL("inner", "", INPUT ", " QUANTIZED_DENSE ", " QUANTIZED_RELU)), "2.10.0",
          "tensorflow");
    ADD_LAYER("inner", {"kernel:0", 2, {1, 2}}, {"range_max:0", 1, {2}}, {"rescaling_rate:0", 1, {2}},
              {"max_value:0", 1, {2}});
    cnn2snn_model *model = read_model();
    c2s_model_destroy(model);
    begin(MODEL("m", "", INPUT ", " MODEL("inner", "", INPUT ", " QUANTIZED_DENSE ", " QUANTIZED_RELU)), "2.10.0",
          "tensorflow");
    ADD_LAYER("inner", {"kernel:0", 2, {1, 2}}, {"range_max:0", 1, {2}}, {"rescaling_rate:0", 1, {2}});
    expect_unreadable(CNN2SNN_E_VALUE, "r: the file has no output_quantizer/range_max");
}

/* ------------------------------------------------------------------------------------------------ mismatches */

START_TEST(mismatches_name_the_layer_and_both_sides)
{
#define TWO MODEL("m", "", INPUT ", " DENSE("a", "") ", " DENSE("b", ""))
    begin(TWO, "2.4.0", "tensorflow");
    ADD_LAYER("a", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    expect_unreadable(CNN2SNN_E_VALUE, "the file has 1 layers with weights, but the model 2");
    begin(TWO, "2.4.0", "tensorflow");
    ADD_LAYER("a", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    ADD_LAYER("b", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    ADD_LAYER("c", {"kernel:0", 2, {1, 1}});
    expect_unreadable(CNN2SNN_E_VALUE, "the file has 3 layers with weights, but the model 2");
    begin(TWO, "2.4.0", "tensorflow");
    ADD_LAYER("a", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    ADD_LAYER("b", {"kernel:0", 2, {1, 1}});
    expect_unreadable(CNN2SNN_E_VALUE, "b: the file has 1 weights ('b'), expected 2");
    begin(TWO, "2.4.0", "tensorflow");
    ADD_LAYER("a", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    ADD_LAYER("b", {"kernel:0", 2, {1, 2}}, {"bias:0", 1, {1}});
    expect_unreadable(CNN2SNN_E_VALUE, "b: kernel has shape (1, 2), expected (1, 1)");
    begin(TWO, "2.4.0", "tensorflow");
    ADD_LAYER("a", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    ADD_LAYER("b", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {0}});
    expect_unreadable(CNN2SNN_E_VALUE, "b: bias has shape (0,), expected (1,)");
    begin(TWO, "2.4.0", "tensorflow");
    ADD_LAYER("a", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    file.names[file.name_count++] = strdup("b");
    expect_unreadable(CNN2SNN_E_MALFORMED, "layer_names has 'b'");
}

START_TEST(weights_of_the_model_itself_are_refused)
{
    begin(MODEL("m", "", INPUT ", " DENSE("a", "")), "2.4.0", "tensorflow");
    ADD_LAYER("top_level_model_weights", {"w:0", 1, {1}});
    free(file.names[--file.name_count]);
    ADD_LAYER("a", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    expect_unreadable(CNN2SNN_E_UNSUPPORTED, "1 weights of its own");
}

START_TEST(weights_alone_are_put_into_a_copy)
{
    begin(TWO, "2.4.0", "tensorflow");
    ADD_LAYER("a", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    ADD_LAYER("b", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    cnn2snn_model *model = read_model(), *copy;
    begin(TWO, "2.4.0", "tensorflow");
    file.next = 100;
    ADD_LAYER("x", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    ADD_LAYER("y", {"kernel:0", 2, {1, 1}}, {"bias:0", 1, {1}});
    struct c2s_image *image = finish();
    ck_assert_int_eq(c2s_keras_image_read_weights(image, model, &copy, &error), CNN2SNN_OK);
    c2s_image_release(image);
    ck_assert_int_eq(first_of(layer_of(copy->graph, "b"), "kernel"), 102);
    ck_assert_int_eq(first_of(layer_of(model->graph, "b"), "kernel"), 2);
    c2s_model_destroy(model);
    c2s_model_destroy(copy);
}

int main(void)
{
    return RUN("keras_image", layers_are_matched_by_order_not_by_name, nested_weights_come_trainable_first,
               frozen_layers_go_behind_the_trainable_ones_whole, frozen_models_keep_the_order_of_their_parts,
               frozen_models_within_models_go_behind, opaque_layers_take_what_the_file_has,
               opaque_layers_without_weights_are_skipped, kernels_of_theano_run_backwards,
               transposed_kernels_without_version_swap_their_channels, kernels_that_only_fit_turned_are_turned,
               plain_kernels_stay, ranges_are_read_with_their_rates,
               ranges_of_the_first_release_have_another_name_and_no_rate, a_nested_model_may_lack_some_of_the_rates,
               only_rates_may_be_absent, mismatches_name_the_layer_and_both_sides,
               weights_of_the_model_itself_are_refused, weights_alone_are_put_into_a_copy);
}
