/* SPDX-License-Identifier: Apache-2.0 */
/* Weights in the layout of .weights.h5: groups named after classes and counted, variables by number. */
#include "formats_testing.h"

#include "formats/keras_image.h"
#include "formats/keras_variables.h"

static struct c2s_text structure;
static size_t value_count; /* each array is one number, at 16 floats from the last: 0, 1, 2, ... */

static void begin(const char *container)
{
    c2s_text_init(&structure, context);
    value_count = 0;
    c2s_image_add_group(&structure, "");
    c2s_image_add_group(&structure, container);
}

/* A group with `count` variables of one number each, of this rank. */
static void add_layer(const char *name, size_t count, size_t rank)
{
    static const uint64_t ones[] = {1, 1, 1, 1};
    c2s_image_add_group(&structure, name);
    c2s_image_add_group(&structure, "vars");
    for (size_t i = 0; i < count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%zu", i);
        c2s_image_add_dataset(&structure, number, (struct c2s_image_type){'f', 4, false}, rank && !i ? rank : 1, ones,
                              64 * value_count++, 4);
    }
    c2s_image_end_group(&structure);
    c2s_image_end_group(&structure);
}

static struct c2s_image *finish(void)
{
    struct c2s_image *image;
    c2s_image_end_group(&structure);
    c2s_image_end_group(&structure);
    size_t front = c2s_image_front_size(structure.size);
    ck_assert_int_eq(c2s_image_create(context, front + 64 * value_count, &image, NULL), CNN2SNN_OK);
    c2s_image_write_front(image->data, &structure, 64 * value_count);
    memset(image->data + front, 0, 64 * value_count);
    for (size_t i = 0; i < value_count; i++)
        ((float *)(image->data + front))[16 * i] = (float)i;
    c2s_text_free(&structure);
    return image;
}

#define INPUT "{'class_name': 'InputLayer', 'config': {'batch_input_shape': [null, 2, 2, 1], 'name': 'in'}}"
#define DENSE(name) "{'class_name': 'Dense', 'config': {'name': '" name "', 'units': 1}}"
#define NORM(name, more) "{'class_name': 'BatchNormalization', 'config': {'name': '" name "'" more "}}"
#define MODEL(name, ...)                                                                                             \
    "{'class_name': 'Sequential', 'config': {'name': '" name "', 'layers': [" INPUT ", " __VA_ARGS__ "]}}"

static cnn2snn_status try_into(const char *config, bool unknown, cnn2snn_model **filled)
{
    struct c2s_keras_read_settings settings = {.allow_unknown_layers = unknown};
    struct c2s_graph *graph = NULL;
    cnn2snn_model *model;
    struct c2s_image *image = finish();
    ck_assert_int_eq(read_with(&settings, config, &graph), CNN2SNN_OK);
    ck_assert_int_eq(c2s_model_create(context, graph, &model, NULL), CNN2SNN_OK);
    c2s_graph_release(graph);
    cnn2snn_status status = c2s_keras_image_read_weights(image, model, filled, &error);
    c2s_image_release(image);
    c2s_model_destroy(model);
    return status;
}

static cnn2snn_model *into(const char *config)
{
    cnn2snn_model *filled;
    cnn2snn_status status = try_into(config, true, &filled);
    ck_assert_msg(!status, "%s", text_of(error));
    return filled;
}

static int first_of(const struct c2s_graph *graph, const char *layer, size_t number)
{
    int64_t index = c2s_graph_find_layer(graph, layer);
    ck_assert_int_ge(index, 0);
    ck_assert_uint_gt(graph->layers[index]->weight_count, number);
    return (int)c2s_f32(graph->layers[index]->weights[number].tensor)[0];
}

START_TEST(classes_in_snake_case)
{
    static const char *const names[][2] = {{"Conv2D", "conv2d"},
                                           {"SeparableConv2D", "separable_conv2d"},
                                           {"ReLU", "re_lu"},
                                           {"LeakyReLU", "leaky_re_lu"},
                                           {"PReLU", "p_re_lu"},
                                           {"ELU", "elu"},
                                           {"BatchNormalization", "batch_normalization"},
                                           {"GlobalAveragePooling2D", "global_average_pooling2d"},
                                           {"Conv2DTranspose", "conv2d_transpose"},
                                           {"Custom>MyLayer", "my_layer"},
                                           {"MyHTTPLayer", "my_http_layer"},
                                           {"TFOpLambda", "tf_op_lambda"},
                                           {"Dense", "dense"}};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        struct c2s_text text;
        c2s_text_init(&text, context);
        c2s_keras_snake_case(names[i][0], &text);
        ck_assert_str_eq(text.data, names[i][1]);
        c2s_text_free(&text);
    }
}

START_TEST(groups_go_to_layers_by_class_and_number)
{
    begin("layers");
    add_layer("dense_1", 2, 2);
    add_layer("batch_normalization", 4, 0);
    add_layer("dense", 2, 2);
    add_layer("re_lu", 0, 0);
    cnn2snn_model *model = into(
        MODEL("m", DENSE("z") ", {'class_name': 'ReLU', 'config': {'name': 'r'}}, " NORM("n", "") ", " DENSE("a")));
    ck_assert_int_eq(first_of(model->graph, "z", 0), 6);
    ck_assert_int_eq(first_of(model->graph, "a", 0), 0);
    ck_assert_int_eq(first_of(model->graph, "n", 3), 5);
    c2s_model_destroy(model);
}

START_TEST(doubled_numbers_are_skipped)
{
    begin("_layer_checkpoint_dependencies");
    add_layer("dense", 2, 2);
    add_layer("dense_2", 2, 2);
    add_layer("dense_4", 2, 2);
    cnn2snn_model *model = into(MODEL("m", DENSE("a") ", " DENSE("b") ", " DENSE("c")));
    ck_assert_int_eq(first_of(model->graph, "c", 1), 5);
    c2s_model_destroy(model);
}

START_TEST(nested_models_have_containers_and_trainable_does_not_count)
{
    begin("layers");
    c2s_image_add_group(&structure, "sequential"); /* of a model without weights */
    c2s_image_add_group(&structure, "layers");
    add_layer("re_lu", 0, 0);
    c2s_image_end_group(&structure);
    c2s_image_end_group(&structure);
    c2s_image_add_group(&structure, "sequential_1");
    c2s_image_add_group(&structure, "layers");
    add_layer("dense", 2, 2);
    add_layer("batch_normalization", 4, 0);
    c2s_image_end_group(&structure);
    c2s_image_end_group(&structure);
    cnn2snn_model *model =
        into(MODEL("m", MODEL("bare", "{'class_name': 'ReLU', 'config': {'name': 'r'}}") ", " MODEL(
                            "inner", NORM("n", ", 'trainable': false") ", " DENSE("d"))));
    const struct c2s_graph *inner = model->graph->layers[2]->graph;
    ck_assert_int_eq(first_of(inner, "d", 0), 0);
    ck_assert_int_eq(first_of(inner, "n", 0), 2);
    ck_assert_int_eq(first_of(inner, "n", 2), 4);
    ck_assert(model->graph->layers[2]->built);
    c2s_model_destroy(model);
}

START_TEST(opaque_layers_take_variables_by_number)
{
    begin("layers");
    add_layer("mine", 12, 0);
    cnn2snn_model *model = into(MODEL("m", "{'class_name': 'Custom>Mine', 'config': {'name': 'x'}}"));
    ck_assert_uint_eq(model->graph->layers[1]->weight_count, 12);
    ck_assert_str_eq(model->graph->layers[1]->weights[10].name, "10");
    ck_assert_int_eq(first_of(model->graph, "x", 10), 10);
    c2s_model_destroy(model);
}

START_TEST(mismatches_name_the_layer)
{
    cnn2snn_model *model;
    begin("layers");
    add_layer("dense", 2, 2);
    ck_assert_int_eq(try_into(MODEL("m", DENSE("a") ", " DENSE("b")), false, &model), CNN2SNN_E_VALUE);
    expect_error(CNN2SNN_E_VALUE, "b: the file has no weights for it, expected 2");
    begin("layers");
    add_layer("dense", 1, 2);
    ck_assert_int_eq(try_into(MODEL("m", DENSE("a")), false, &model), CNN2SNN_E_VALUE);
    expect_error(CNN2SNN_E_VALUE, "a: the file has 1 weights, expected 2");
    begin("layers");
    add_layer("dense", 2, 3);
    ck_assert_int_eq(try_into(MODEL("m", DENSE("a")), false, &model), CNN2SNN_E_VALUE);
    expect_error(CNN2SNN_E_VALUE, "a: kernel has shape (1, 1, 1), expected (1, 1)");
    begin("other");
    ck_assert_int_eq(try_into(MODEL("m", DENSE("a")), false, &model), CNN2SNN_E_MALFORMED);
    ck_assert_ptr_null(model);
    expect_error(CNN2SNN_E_MALFORMED, "no Keras file");
}

int main(void)
{
    return RUN("keras_variables", classes_in_snake_case, groups_go_to_layers_by_class_and_number,
               doubled_numbers_are_skipped, nested_models_have_containers_and_trainable_does_not_count,
               opaque_layers_take_variables_by_number, mismatches_name_the_layer);
}
