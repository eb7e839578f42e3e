/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs written as tf_keras writes them, whichever Keras they came from. */
#include "formats_testing.h"

static json_t *written(const struct c2s_graph *graph)
{
    json_t *document = NULL;
    ck_assert_int_eq(c2s_keras_config_write(graph, &document, &error), CNN2SNN_OK);
    return document;
}

/* The config that reading and writing makes of a document. */
static json_t *through(const char *text)
{
    struct c2s_graph *graph = graph_of(text);
    json_t *document = written(graph);
    c2s_graph_release(graph);
    return document;
}

static json_t *layer_at(const json_t *document, size_t index)
{
    return json_array_get(json_object_get(json_object_get(document, "config"), "layers"), index);
}

static json_t *config_at(const json_t *document, size_t index)
{
    return json_object_get(layer_at(document, index), "config");
}

static void expect_json(const json_t *value, const char *expected)
{
    struct c2s_text text, wanted;
    json_t *parsed = json(expected);
    c2s_text_init(&text, context);
    c2s_text_init(&wanted, context);
    c2s_json_dump(&text, value ? value : json_null(), false);
    c2s_json_dump(&wanted, parsed, false);
    ck_assert_str_eq(text.data, wanted.data);
    json_decref(parsed);
    c2s_text_free(&text);
    c2s_text_free(&wanted);
}

#define INPUT "{'class_name': 'InputLayer', 'config': {'batch_input_shape': [null, 4, 4, 2], 'name': 'in'}}"
#define SEQUENTIAL(...)                                                                                              \
    "{'class_name': 'Sequential', 'config': {'name': 's', 'layers': [" INPUT ", " __VA_ARGS__ "]}}"
#define NODE(class, name, more, nodes)                                                                               \
    "{'class_name': '" class "', 'name': '" name "', 'config': {'name': '" name "'" more                             \
                             "}, 'inbound_nodes': " nodes "}"
#define IN_NODE NODE("InputLayer", "in", ", 'batch_input_shape': [null, 4, 4, 2]", "[]")
#define FUNCTIONAL(layers, outputs)                                                                                  \
    "{'class_name': 'Functional', 'config': {'name': 'f', 'trainable': true, 'layers': [" layers                     \
    "], 'input_layers': [['in', 0, 0]], 'output_layers': " outputs "}}"

START_TEST(what_tf_keras_wrote_comes_back_as_it_was)
{
    static const char *const documents[] = {
        SEQUENTIAL(
            "{'class_name': 'ReLU', 'config': {'name': 'r', 'trainable': true, 'dtype': 'float32', 'max_value': 6.5, "
            "'own': [1, null]}, 'shared_object_id': 3}, {'class_name': 'Sequential', 'config': {'name': 't', "
            "'layers': [" INPUT ", {'class_name': 'Flatten', 'config': {'name': 'x'}}]}}"),
        FUNCTIONAL(IN_NODE
                   ", " NODE("ReLU", "r", "", "[[['in', 0, 0, {'training': false}]], [['r', 0, 0, {}]]]") ", " NODE(
                       "Add", "add", "", "[[['r', 0, 0, {}], ['r', 1, 0, {}]]]"),
                   "[['add', 0, 0], ['in', 0, 0]]"),
        /* the second tensor goes by a name */
        FUNCTIONAL(IN_NODE
                   ", " NODE("Custom>QuantizedPicoPostProcessing", "p", ", 'threshold': 2, 'quant_config': {}",
                             "[[['in', 0, 0, {'y_true': ['in', 0, 0]}]]]"),
                   "[['p', 0, 0]]")};
    for (size_t i = 0; i < sizeof documents / sizeof *documents; i++) {
        json_t *document = through(documents[i]), *read = json(documents[i]);
        ck_assert(json_equal(document, read));
        json_decref(document);
        json_decref(read);
    }
}

START_TEST(implied_inputs_are_written)
{
    json_t *document =
        through("{'class_name': 'Sequential', 'config': [{'class_name': 'Dense', 'config': {'name': 'a', 'units': 2, "
                "'batch_input_shape': [null, 3], 'dtype': 'float32'}}]}");
    ck_assert_str_eq(json_string_value(json_object_get(layer_at(document, 0), "class_name")), "InputLayer");
    expect_json(json_object_get(config_at(document, 0), "batch_input_shape"), "[null, 3]");
    expect_json(json_object_get(config_at(document, 1), "batch_input_shape"), "null");
    json_decref(document);
}

START_TEST(calls_of_nested_models_are_counted_from_1)
{
    json_t *document = through(FUNCTIONAL(
        IN_NODE
        ", {'class_name': 'Sequential', 'name': 't', 'config': {'name': 't', 'layers': [{'class_name': 'ReLU', "
        "'config': {'name': 'x'}}]}, 'inbound_nodes': [[['in', 0, 0, {}]], [['t', 0, 0, {}]]]}, " NODE(
            "Flatten", "end", "", "[[['t', 1, 0, {}]]]"),
        "[['end', 0, 0], ['t', 0, 0]]"));
    expect_json(json_object_get(layer_at(document, 1), "inbound_nodes"), "[[['in', 0, 0, {}]], [['t', 1, 0, {}]]]");
    expect_json(json_object_get(layer_at(document, 2), "inbound_nodes"), "[[['t', 2, 0, {}]]]");
    expect_json(json_object_get(json_object_get(document, "config"), "output_layers"),
                "[['end', 0, 0], ['t', 1, 0]]");
    json_decref(document);
}

START_TEST(layers_are_listed_by_distance_from_the_outputs)
{
    /* tf_keras puts a model together in this order and then counts weights by it */
    json_t *document = through(FUNCTIONAL(
        NODE("Add", "sum", "", "[[['deep', 0, 0, {}], ['side', 0, 0, {}]]]") ", " NODE(
            "ReLU", "side", "",
            "[[['in', 0, 0, {}]]]") ", " NODE("ReLU", "deep", "",
                                              "[[['start', 0, 0, {}]]]") ", " NODE("ReLU", "start", "",
                                                                                   "[[['in', 0, 0, {}]]]") ","
                                                                                                           " " IN_NODE,
        "[['sum', 0, 0]]"));
    static const char *const expected[] = {"in", "start", "deep", "side", "sum"};
    for (size_t i = 0; i < 5; i++)
        ck_assert_str_eq(json_string_value(json_object_get(layer_at(document, i), "name")), expected[i]);
    json_decref(document);
}

START_TEST(calls_that_no_output_needs_are_dropped)
{
    json_t *document = through(FUNCTIONAL(
        IN_NODE ", " NODE("ReLU", "r", "", "[[['in', 0, 0, {}]], [['r', 0, 0, {}]], [['in', 0, 0, {}]]]") ", " NODE(
            "ReLU", "unused", "", "[[['r', 1, 0, {}]]]"),
        "[['r', 2, 0]]"));
    ck_assert_uint_eq(json_array_size(json_object_get(json_object_get(document, "config"), "layers")), 2);
    expect_json(json_object_get(layer_at(document, 1), "inbound_nodes"), "[[['in', 0, 0, {}]]]");
    expect_json(json_object_get(json_object_get(document, "config"), "output_layers"), "[['r', 0, 0]]");
    json_decref(document);
}

#define POLICY(name)                                                                                                 \
    "{'module': 'keras', 'class_name': 'DTypePolicy', 'config': {'name': '" name "'}, 'registered_name': null}"

START_TEST(keras3_becomes_keras2)
{
    json_t *document = through("{'class_name': 'Sequential', 'config': {'name': 's', 'dtype': " POLICY(
        "float32") ", 'layers': [{'class_name': 'InputLayer', "
                   "'config': {'batch_shape': [null, 4], 'dtype': 'float32', 'optional': false, 'name': 'in'}}, "
                   "{'class_name': 'Dense', "
                   "'module': 'keras.layers', 'registered_name': null, 'build_config': {'input_shape': [null, 4]}, "
                   "'config': {'name': 'd', "
                   "'units': 2, 'dtype': " POLICY(
                       "float32") ", 'activation': 'linear', 'quantization_config': null, 'kernel_initializer': "
                                  "{'module': 'keras.initializers', 'class_name': 'GlorotUniform', 'config': "
                                  "{'seed': null, 'input_axes': null, "
                                  "'output_axes': null}, 'registered_name': null}}}, {'class_name': 'LeakyReLU', "
                                  "'config': {'name': 'l', 'negative_slope': "
                                  "0.25, 'dtype': " POLICY(
                                      "mixed_float16") "}}, {'class_name': 'BatchNormalization', 'config': {'name': "
                                                       "'b', 'renorm': false, "
                                                       "'renorm_clipping': null, 'renorm_momentum': 0.99}}]}}");
    expect_json(json_object_get(json_object_get(document, "config"), "dtype"), "'float32'");
    expect_json(config_at(document, 0), "{'dtype': 'float32', 'name': 'in', 'batch_input_shape': [null, 4]}");
    expect_json(
        config_at(document, 1),
        "{'name': 'd', 'units': 2, 'dtype': 'float32', 'activation': 'linear', 'kernel_initializer': {'module': "
        "'keras.initializers', 'class_name': 'GlorotUniform', 'config': {'seed': null}, 'registered_name': null}}");
    ck_assert_ptr_null(json_object_get(layer_at(document, 1), "module"));
    expect_json(config_at(document, 2),
                "{'name': 'l', 'dtype': {'class_name': 'Policy', 'config': {'name': 'mixed_float16'}}, "
                "'alpha': 0.25}");
    expect_json(config_at(document, 3), "{'name': 'b'}");
    json_decref(document);
}

static enum c2s_function function_of(const char *text, int generation)
{
    struct c2s_keras_read_settings settings = {.keras_generation = generation};
    struct c2s_graph *graph = NULL;
    ck_assert_int_eq(read_with(&settings, text, &graph), CNN2SNN_OK);
    json_t *document = written(graph);
    c2s_graph_release(graph);
    settings.keras_generation = 2;
    ck_assert_int_eq(c2s_keras_config_read(context, document, &settings, &graph, &error), CNN2SNN_OK);
    enum c2s_function function = ((const struct c2s_activation_attributes *)graph->layers[1]->attributes)->function;
    json_decref(document);
    c2s_graph_release(graph);
    return function;
}

START_TEST(hard_sigmoid_keeps_its_meaning)
{
    static const char text[] =
        SEQUENTIAL("{'class_name': 'Activation', 'config': {'name': 'a', 'activation': 'hard_sigmoid'}}");
    ck_assert_int_eq(function_of(text, 2), C2S_HARD_SIGMOID_KERAS2);
    ck_assert_int_eq(function_of(text, 3), C2S_HARD_SIGMOID_KERAS3);
}

START_TEST(opaque_layers_are_written_as_they_came)
{
    struct c2s_keras_read_settings settings = {.allow_unknown_layers = true};
    struct c2s_graph *graph = NULL;
    ck_assert_int_eq(
        read_with(
            &settings,
            SEQUENTIAL("{'class_name': 'Custom>Mine', 'module': 'my.layers', 'registered_name': "
                       "'Custom>Mine', 'config': {'name': 'm', 'batch_input_shape': [null, 3], 'x': {'y': 1}}}, "
                       "{'class_name': 'Other', 'module': 'their.layers', 'config': {'name': 'o'}}"),
            &graph),
        CNN2SNN_OK);
    json_t *document = written(graph);
    expect_json(layer_at(document, 1),
                "{'class_name': 'Custom>Mine', 'config': {'name': 'm', 'batch_input_shape': [null, 3], 'x': "
                "{'y': 1}}, 'module': 'my.layers', 'registered_name': 'Custom>Mine'}");
    expect_json(layer_at(document, 2), "{'class_name': 'Other', 'config': {'name': 'o'}, 'module': 'their.layers'}");
    json_decref(document);
    c2s_graph_release(graph);
}

int main(void)
{
    return RUN("keras_write", what_tf_keras_wrote_comes_back_as_it_was, implied_inputs_are_written,
               calls_of_nested_models_are_counted_from_1, layers_are_listed_by_distance_from_the_outputs,
               calls_that_no_output_needs_are_dropped, keras3_becomes_keras2, hard_sigmoid_keeps_its_meaning,
               opaque_layers_are_written_as_they_came);
}
