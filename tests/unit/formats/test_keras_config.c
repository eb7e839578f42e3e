/* SPDX-License-Identifier: Apache-2.0 */
/* model_config of all generations of Keras, and configs that are none. */
#include "formats_testing.h"

/* Pieces of configs. */
#define SEQUENTIAL(...) "{'class_name': 'Sequential', 'config': {'name': 's', 'layers': [" __VA_ARGS__ "]}}"
#define INPUT "{'class_name': 'InputLayer', 'config': {'batch_input_shape': [null, 4, 4, 3], 'name': 'in'}}"
#define DENSE(name, units) "{'class_name': 'Dense', 'config': {'name': '" name "', 'units': " #units "}}"
#define FUNCTIONAL(layers, inputs, outputs)                                                                          \
    "{'class_name': 'Functional', 'config': {'name': 'f', 'layers': [" layers "], 'input_layers': " inputs           \
    ", 'output_layers': " outputs "}}"
#define INPUT_NODE(name)                                                                                             \
    "{'class_name': 'InputLayer', 'name': '" name                                                                    \
    "', 'config': {'batch_input_shape': [null, 4, 4, 3], 'name': '" name "'}, 'inbound_nodes': []}"
#define RELU_NODE(name, nodes)                                                                                       \
    "{'class_name': 'ReLU', 'name': '" name "', 'config': {'name': '" name "'}, 'inbound_nodes': " nodes "}"
#define TENSOR(name, call)                                                                                           \
    "{'class_name': '__keras_tensor__', 'config': {'shape': [null, 4], 'dtype': 'float32', 'keras_history': ['" name \
    "', " #call ", 0]}}"

START_TEST(sequential_has_its_input_in_front)
{
    struct c2s_graph *graph = graph_of(SEQUENTIAL(INPUT ", " DENSE("a", 5) ", " DENSE("b", 2)));
    ck_assert(graph->sequential);
    ck_assert(!graph->input_is_implicit);
    ck_assert_uint_eq(graph->layer_count, 3);
    ck_assert_str_eq(graph->layers[0]->name, "in");
    ck_assert_str_eq(graph->layers[2]->name, "b");
    expect_output(graph, "(4, 4, 2)");
    c2s_graph_release(graph);
}

START_TEST(sequential_without_input_layer_takes_batch_input_shape)
{
    struct c2s_graph *graph = graph_of(
        SEQUENTIAL("{'class_name': 'Dense', 'config': {'name': 'a', 'units': 3, 'batch_input_shape': [null, 7], "
                   "'dtype': 'float32'}}"));
    ck_assert(graph->input_is_implicit);
    ck_assert_str_eq(graph->layers[0]->name, "a_input");
    expect_output(graph, "(3,)");
    c2s_graph_release(graph);
}

START_TEST(implied_input_avoids_names_of_layers)
{
    struct c2s_graph *graph =
        graph_of(SEQUENTIAL("{'class_name': 'Dense', 'config': {'name': 'a', 'units': 3, 'batch_input_shape': "
                            "[null, 7]}}, " DENSE("a_input", 2)));
    ck_assert_str_eq(graph->layers[0]->name, "a_input_1");
    c2s_graph_release(graph);
}

START_TEST(sequential_as_a_plain_list)
{
    struct c2s_graph *graph = graph_of(
        "{'class_name': 'Sequential', 'config': [{'class_name': 'Sequential', 'config': [{'class_name': "
        "'Dense', 'config': {'name': 'a', 'units': 3, 'batch_input_shape': [null, 7]}}]}, " DENSE("b", 2) "]}");
    ck_assert_uint_eq(graph->layer_count, 3);
    ck_assert_ptr_nonnull(graph->layers[1]->graph);
    ck_assert_str_eq(graph->layers[1]->name, "sequential");
    expect_output(graph, "(2,)");
    c2s_graph_release(graph);
}

START_TEST(sequential_with_build_input_shape)
{
    struct c2s_graph *list = graph_of("{'class_name': 'Sequential', 'config': {'name': 's', 'layers': [" DENSE(
        "a", 3) "], 'build_input_shape': [null, 7]}}");
    struct c2s_graph *object = graph_of("{'class_name': 'Sequential', 'config': {'name': 's', 'layers': [" DENSE(
        "a", 3) "], 'build_input_shape': {'class_name': 'TensorShape', 'items': [16, 7]}}}");
    expect_output(list, "(3,)");
    expect_output(object, "(3,)");
    ck_assert_ptr_nonnull(json_object_get(list->config_extras, "build_input_shape"));
    c2s_graph_release(list);
    c2s_graph_release(object);
}

START_TEST(sequential_without_any_shape_is_refused)
{
    expect_refused(SEQUENTIAL(DENSE("a", 3)), CNN2SNN_E_VALUE, "shape of its input");
    expect_refused(SEQUENTIAL(""), CNN2SNN_E_VALUE, "shape of its input");
}

START_TEST(nested_sequential_takes_the_shape_that_it_is_called_on)
{
    struct c2s_graph *graph = graph_of(SEQUENTIAL(INPUT ", " DENSE("a", 5) ", " SEQUENTIAL(DENSE("b", 2))));
    expect_output(graph, "(4, 4, 2)");
    const struct c2s_graph *nested = graph->layers[2]->graph;
    const struct c2s_input_attributes *input = nested->layers[0]->attributes;
    ck_assert_int_eq(input->shape.extents[2], 5);
    c2s_graph_release(graph);
}

START_TEST(first_nested_model_has_the_input)
{
    struct c2s_graph *graph = graph_of(SEQUENTIAL(SEQUENTIAL(INPUT ", " DENSE("a", 5)) ", " DENSE("b", 2)));
    ck_assert(graph->input_is_implicit);
    expect_output(graph, "(4, 4, 2)");
    c2s_graph_release(graph);
}

START_TEST(layers_keep_entries_that_nobody_interprets)
{
    struct c2s_graph *graph =
        graph_of("{'class_name': 'Sequential', 'config': {'name': 's', 'mine': 1, 'layers': [" INPUT
                 ", {'class_name': 'ReLU', 'shared_object_id': 7, 'config': {'name': 'r', 'yours': 2}}]}}");
    ck_assert_int_eq(json_integer_value(json_object_get(graph->config_extras, "mine")), 1);
    ck_assert_int_eq(json_integer_value(json_object_get(graph->layers[1]->config, "yours")), 2);
    ck_assert_int_eq(json_integer_value(json_object_get(graph->layers[1]->extras, "shared_object_id")), 7);
    c2s_graph_release(graph);
}

/* ------------------------------------------------------------------------------------------------ functional */

START_TEST(functional_of_keras2_shares_layers)
{
    struct c2s_graph *graph = graph_of(FUNCTIONAL(
        INPUT_NODE("in") ", " RELU_NODE(
            "r", "[[['in', 0, 0, {}]], [['r', 0, 0, {}]]]") ", {'class_name': 'Add', 'name': "
                                                            "'add', 'config': {'name': 'add'}, 'inbound_nodes': "
                                                            "[[['r', 0, 0], ['r', 1, 0, {}]]]}",
        "[['in', 0, 0]]", "[['add', 0, 0]]"));
    ck_assert(!graph->sequential);
    ck_assert_uint_eq(graph->layer_count, 3);
    ck_assert_uint_eq(graph->node_count, 4);
    const struct c2s_node *add = &graph->nodes[graph->outputs[0].node];
    ck_assert_uint_eq(add->input_count, 2);
    ck_assert_uint_eq(graph->nodes[add->inputs[0].node].call_index, 0);
    ck_assert_uint_eq(graph->nodes[add->inputs[1].node].call_index, 1);
    c2s_graph_release(graph);
}

START_TEST(calls_may_be_bare_nested_or_named)
{
    static const char *const forms[] = {"[['in', 0, 0, {}]]", "['in', 0, 0, {}]", "[[[['in', 0, 0]]]]",
                                        "[{'x': ['in', 0, 0, {}]}]"};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 FUNCTIONAL(INPUT_NODE("in") ", " RELU_NODE("r", "[%s]"), "[['in', 0, 0]]", "[['r', 0, 0]]"),
                 forms[i]);
        struct c2s_graph *graph = graph_of(text);
        expect_output(graph, "(4, 4, 3)");
        c2s_graph_release(graph);
    }
}

START_TEST(a_second_tensor_may_go_by_a_name)
{
#define PICO(true_one)                                                                                               \
    FUNCTIONAL(                                                                                                      \
        INPUT_NODE("in") ", {'class_name': 'Custom>QuantizedPicoPostProcessing', 'name': 'r', 'config': "            \
                         "{'name': 'r', 'threshold': 2}, 'inbound_nodes': [[['in', 0, 0, {'y_true': " true_one       \
                         "}]]]}",                                                                                    \
        "[['in', 0, 0]]", "[['r', 0, 0]]")
    struct c2s_graph *graph = graph_of(PICO("['in', 0, 0]"));
    ck_assert_uint_eq(graph->nodes[1].input_count, 2);
    c2s_graph_release(graph);
    expect_refused(PICO("['gone', 0, 0]"), CNN2SNN_E_MALFORMED, "gone");
    expect_refused(PICO("[3]"), CNN2SNN_E_MALFORMED, "something else");
    expect_refused(PICO("3"), CNN2SNN_E_UNSUPPORTED, "'y_true'");
}

START_TEST(ends_may_be_bare_or_named)
{
    struct c2s_graph *bare =
        graph_of(FUNCTIONAL(INPUT_NODE("in") ", " RELU_NODE("r", "[[['in', 0, 0]]]"), "['in', 0, 0]", "['r', 0, 0]"));
    struct c2s_graph *named = graph_of(FUNCTIONAL(INPUT_NODE("in") ", " RELU_NODE("r", "[[['in', 0, 0]]]"),
                                                  "{'x': ['in', 0, 0]}", "{'b': ['r', 0, 0], 'a': ['in', 0, 0]}"));
    ck_assert_uint_eq(bare->output_count, 1);
    ck_assert_uint_eq(named->output_count, 2);
    ck_assert_str_eq(named->layers[named->nodes[named->outputs[0].node].layer]->name, "r");
    c2s_graph_release(bare);
    c2s_graph_release(named);
}

START_TEST(calls_may_come_before_what_they_need)
{
    struct c2s_graph *graph = graph_of(FUNCTIONAL(RELU_NODE("late", "[[['early', 0, 0, {}]]]") ", " RELU_NODE(
                                                      "early", "[[['in', 0, 0, {}]]]") ", " INPUT_NODE("in"),
                                                  "[['in', 0, 0]]", "[['late', 0, 0]]"));
    ck_assert_str_eq(graph->layers[0]->name, "late");
    ck_assert_uint_eq(graph->nodes[2].layer, 0);
    c2s_graph_release(graph);
}

START_TEST(functional_of_keras3)
{
    struct c2s_graph *graph = graph_of(FUNCTIONAL(
        "{'class_name': 'InputLayer', 'name': 'in', 'config': {'batch_shape': [null, 4], 'name': 'in'}, "
        "'inbound_nodes': "
        "[]}, " RELU_NODE(
            "r",
            "[{'args': [" TENSOR(
                "in",
                0) "], 'kwargs': {'mask': null, 'training': false}}]") ", "
                                                                       "{'class_name': 'Add', 'name': 'add', "
                                                                       "'config': {'name': 'add'}, 'inbound_nodes': "
                                                                       "[{'args': [[" TENSOR("r", 0) ", " TENSOR(
                                                                           "in", 0) "]], 'kwargs': {}}]}",
        "['in', 0, 0]", "['add', 0, 0]"));
    expect_output(graph, "(4,)");
    ck_assert_int_eq(graph->layers[1]->keras_generation, 3);
    c2s_graph_release(graph);
}

/* A nested model and how its first call is numbered: in the calls of others, and as an output. */
#define WITH_NESTED(nested, call, end)                                                                               \
    FUNCTIONAL(INPUT_NODE("in") ", {'name': 'inner', " nested                                                        \
                                ", 'inbound_nodes': [[['in', 0, 0, {}]]]}, " RELU_NODE("r", "[[['inner', " #call     \
                                                                                            ", 0, {}]]]"),           \
               "[['in', 0, 0]]", "[['r', 0, 0], ['inner', " #end ", 0]]")
#define INNER_SEQUENTIAL(first) "'class_name': 'Sequential', 'config': {'name': 'inner', 'layers': [" first "]}"
#define INNER_FUNCTIONAL                                                                                             \
    "'class_name': 'Model', 'config': {'name': 'inner', 'layers': [" INPUT_NODE("i") ", " RELU_NODE(                 \
        "j", "[[['i', 0, 0, {}]]]") "], 'input_layers': [['i', 0, 0]], 'output_layers': [['j', 0, 0]]}"

START_TEST(keras2_counts_calls_of_models_with_input_from_1)
{
    struct c2s_graph *graph = graph_of(WITH_NESTED(INNER_SEQUENTIAL(INPUT ", " DENSE("d", 3)), 1, 1));
    c2s_graph_release(graph);
    graph = graph_of(WITH_NESTED(INNER_FUNCTIONAL, 1, 1));
    c2s_graph_release(graph);
    expect_refused(WITH_NESTED(INNER_FUNCTIONAL, 0, 1), CNN2SNN_E_MALFORMED, "refers to call 0");
    expect_refused(WITH_NESTED(INNER_FUNCTIONAL, 2, 1), CNN2SNN_E_MALFORMED, "refers to call 2");
}

START_TEST(keras2_counts_calls_of_models_without_input_from_0)
{
    struct c2s_graph *graph = graph_of(WITH_NESTED(INNER_SEQUENTIAL(DENSE("d", 3)), 0, 0));
    expect_output(graph, "(4, 4, 3)");
    c2s_graph_release(graph);
    expect_refused(WITH_NESTED(INNER_SEQUENTIAL(DENSE("d", 3)), 1, 0), CNN2SNN_E_MALFORMED, "refers to call 1");
    /* an InputLayer of a Sequential within is not looked at, a shape in its first layer is */
    c2s_graph_release(graph_of(WITH_NESTED(INNER_SEQUENTIAL(SEQUENTIAL(INPUT ", " DENSE("d", 3))), 0, 0)));
    c2s_graph_release(
        graph_of(WITH_NESTED(INNER_SEQUENTIAL(SEQUENTIAL(
                                 "{'class_name': 'Dense', 'config': {'name': 'd', 'units': 3, 'batch_input_shape': "
                                 "[null, 4, 4, 3]}}")),
                             1, 1)));
}

START_TEST(keras3_counts_outputs_of_functional_models_from_1)
{
    static const char config[] = FUNCTIONAL(
        "{'class_name': 'InputLayer', 'name': 'in', 'config': {'batch_shape': [null, 4, 4, 3], 'name': 'in'}, "
        "'inbound_nodes': []}, {'name': 'inner', " INNER_FUNCTIONAL ", 'inbound_nodes': [{'args': [" TENSOR(
            "in", 0) "], 'kwargs': {}}]}, " RELU_NODE("r", "[{'args': [" TENSOR("inner", 0) "], 'kwargs': {}}]"),
        "['in', 0, 0]", "[['r', 0, 0], ['inner', %d, 0]]");
    char text[2048];
    snprintf(text, sizeof text, config, 1);
    c2s_graph_release(graph_of(text));
    snprintf(text, sizeof text, config, 0);
    expect_refused(text, CNN2SNN_E_MALFORMED, "refers to call 0");
}

/* ------------------------------------------------------------------------------------------------ refused */

START_TEST(arguments_that_change_results_are_refused)
{
#define CALLED_WITH(class, arguments)                                                                                \
    FUNCTIONAL(INPUT_NODE("in") ", {'class_name': '" class "', 'name': 'x', 'config': {'name': 'x', 'rate': 0.5}, "  \
                                                           "'inbound_nodes': [[['in', 0, 0, " arguments "]]]}",      \
               "[['in', 0, 0]]", "[['x', 0, 0]]")
    expect_refused(CALLED_WITH("BatchNormalization", "{'training': true}"), CNN2SNN_E_UNSUPPORTED, "'training'");
    expect_refused(CALLED_WITH("Dropout", "{'training': 1}"), CNN2SNN_E_UNSUPPORTED, "'training'");
    expect_refused(CALLED_WITH("ReLU", "{'mask': ['in', 0, 0]}"), CNN2SNN_E_UNSUPPORTED, "'mask'");
    static const char *const harmless[] = {CALLED_WITH("BatchNormalization", "{'training': false}"),
                                           CALLED_WITH("Dropout", "{'training': null}"),
                                           CALLED_WITH("ReLU", "{'training': true, 'mask': null}")};
    for (size_t i = 0; i < sizeof harmless / sizeof *harmless; i++)
        c2s_graph_release(graph_of(harmless[i]));
}

START_TEST(constants_and_operations_are_refused_by_name)
{
    expect_refused(FUNCTIONAL(INPUT_NODE("in") ", " RELU_NODE("r", "[[['_CONSTANT_VALUE', -1, 0.5, {}]]]"),
                              "[['in', 0, 0]]", "[['r', 0, 0]]"),
                   CNN2SNN_E_UNSUPPORTED, "constant");
    expect_refused(
        FUNCTIONAL(INPUT_NODE("in") ", {'module': 'keras.src.ops.numpy', 'class_name': 'Add', 'name': 'add', "
                                    "'config': {'name': 'add'}, 'inbound_nodes': [{'args': [" TENSOR(
                                        "in", 0) ", 0.5], 'kwargs': "
                                                 "{}}]}",
                   "['in', 0, 0]", "['add', 0, 0]"),
        CNN2SNN_E_VALUE, "keras.src.ops.numpy.Add");
    expect_refused(
        FUNCTIONAL(INPUT_NODE("in") ", {'class_name': 'TFOpLambda', 'name': 'tf.add', 'config': {'name': 'tf.add', "
                                    "'function': 'math.add'}, 'inbound_nodes': [['in', 0, 0, {'y': 0.5}]]}",
                   "[['in', 0, 0]]", "[['tf.add', 0, 0]]"),
        CNN2SNN_E_VALUE, "TFOpLambda");
}

START_TEST(unknown_classes_are_opaque_where_that_is_allowed)
{
    static const char config[] =
        SEQUENTIAL(INPUT ", {'class_name': 'Custom>QuantizedShiftmax', 'config': {'name': 'q', "
                         "'quant_config': {'bitwidth': 4}}}, {'class_name': 'Wobble', 'config': "
                         "{'name': 'w'}}, " DENSE("d", 2));
    struct c2s_keras_read_settings settings = {.allow_unknown_layers = true};
    struct c2s_graph *graph = NULL;
    expect_refused(config, CNN2SNN_E_VALUE, "Custom>QuantizedShiftmax, of QuantizeML up to 0.18");
    ck_assert_int_eq(read_with(&settings, config, &graph), CNN2SNN_OK);
    ck_assert_int_eq(c2s_layer_id(graph->layers[1]), C2S_KIND_OPAQUE);
    ck_assert_str_eq(graph->layers[1]->class_name, "Custom>QuantizedShiftmax");
    ck_assert_int_eq(c2s_layer_id(graph->layers[2]), C2S_KIND_OPAQUE);
    ck_assert_int_eq(c2s_layer_id(graph->layers[3]), C2S_KIND_DENSE);
    c2s_graph_release(graph);
}

START_TEST(an_operation_may_have_a_second_tensor_or_a_number)
{
#define OPERATION(second)                                                                                            \
    FUNCTIONAL(INPUT_NODE("in") ", {'class_name': 'TFOpLambda', 'name': 'o', 'config': {'name': 'o', 'function': "   \
                                "'math.add'}, 'inbound_nodes': [['in', 0, 0, {'y': " second "}]]}",                  \
               "[['in', 0, 0]]", "[['o', 0, 0]]")
    static const struct {
        const char *config;
        size_t inputs;
    } cases[] = {{OPERATION("['in', 0, 0]"), 2}, {OPERATION("2.5"), 1}, {OPERATION("[1, 2]"), 1}};
    struct c2s_keras_read_settings settings = {.allow_unknown_layers = true};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct c2s_graph *graph = NULL;
        ck_assert_int_eq(read_with(&settings, cases[i].config, &graph), CNN2SNN_OK);
        ck_assert_uint_eq(graph->nodes[1].input_count, cases[i].inputs);
        c2s_graph_release(graph);
    }
}

START_TEST(a_dequantizer_of_several_values_is_named)
{
    expect_refused(
        FUNCTIONAL(INPUT_NODE("in") ", {'class_name': 'Custom>Dequantizer', 'name': 'd', 'config': {'name': "
                                    "'d'}, 'inbound_nodes': [[['in', 0, 0, {}], ['in', 0, 0, {}]]]}",
                   "[['in', 0, 0]]", "[['d', 0, 0], ['d', 0, 1]]"),
        CNN2SNN_E_UNSUPPORTED, "d: has 2 outputs, expected one");
}

START_TEST(graphs_that_do_not_hold_together_are_refused)
{
#define CHAIN(nodes, inputs, outputs) FUNCTIONAL(INPUT_NODE("in") ", " RELU_NODE("r", nodes), inputs, outputs)
    expect_refused(CHAIN("[[['r', 0, 0]]]", "[['in', 0, 0]]", "[['r', 0, 0]]"), CNN2SNN_E_MALFORMED, "loop");
    expect_refused(
        FUNCTIONAL(INPUT_NODE("in") ", " RELU_NODE("a", "[[['b', 0, 0]]]") ", " RELU_NODE("b", "[[['a', 0, 0]]]"),
                   "[['in', 0, 0]]", "[['a', 0, 0]]"),
        CNN2SNN_E_MALFORMED, "loop");
    expect_refused(CHAIN("[[['gone', 0, 0]]]", "[['in', 0, 0]]", "[['r', 0, 0]]"), CNN2SNN_E_MALFORMED, "'gone'");
    expect_refused(CHAIN("[[['in', 1, 0]]]", "[['in', 0, 0]]", "[['r', 0, 0]]"), CNN2SNN_E_MALFORMED, "call 1");
    expect_refused(CHAIN("[[['in', -1, 0]]]", "[['in', 0, 0]]", "[['r', 0, 0]]"), CNN2SNN_E_MALFORMED, "call -1");
    expect_refused(CHAIN("[[['in', 0, 1]]]", "[['in', 0, 0]]", "[['r', 0, 0]]"), CNN2SNN_E_MALFORMED, "output 1");
    expect_refused(CHAIN("[[['in', 0, 0]]]", "[['in', 0, 0]]", "[['r', 0, 7]]"), CNN2SNN_E_MALFORMED, "output 7");
    expect_refused(CHAIN("[[['in', 0, 0]]]", "[['in', 0, 0]]", "[['r', 1, 0]]"), CNN2SNN_E_MALFORMED, "call 1");
    expect_refused(CHAIN("[[['in', 0, 0]]]", "[['r', 0, 0]]", "[['r', 0, 0]]"), CNN2SNN_E_MALFORMED, "no InputLayer");
    expect_refused(CHAIN("[[['in', 0, 0]]]", "[['in', 0, 0], ['in', 0, 0]]", "[['r', 0, 0]]"), CNN2SNN_E_MALFORMED,
                   "twice");
    expect_refused(CHAIN("[[['in', 0, 0]]]", "[]", "[['r', 0, 0]]"), CNN2SNN_E_MALFORMED, "input_layers");
    expect_refused(CHAIN("[[['in', 0, 0]]]", "[['in', 0, 0]]", "null"), CNN2SNN_E_MALFORMED, "output_layers");
    expect_refused(CHAIN("[]", "[['in', 0, 0]]", "[['in', 0, 0]]"), CNN2SNN_E_MALFORMED, "never called");
    expect_refused(CHAIN("[[]]", "[['in', 0, 0]]", "[['in', 0, 0]]"), CNN2SNN_E_MALFORMED, "nothing");
    expect_refused(CHAIN("[[3]]", "[['in', 0, 0]]", "[['r', 0, 0]]"), CNN2SNN_E_MALFORMED, "no tensor");
    expect_refused(CHAIN("[[['in', 'x', 0]]]", "[['in', 0, 0]]", "[['r', 0, 0]]"), CNN2SNN_E_MALFORMED,
                   "something else");
    expect_refused(FUNCTIONAL(INPUT_NODE("in") ", " INPUT_NODE("other") ", " RELU_NODE("r", "[[['other', 0, 0]]]"),
                              "[['in', 0, 0]]", "[['r', 0, 0]]"),
                   CNN2SNN_E_MALFORMED, "other");
    expect_refused(
        FUNCTIONAL(INPUT_NODE("in") ", " RELU_NODE("in", "[[['in', 0, 0]]]"), "[['in', 0, 0]]", "[['in', 0, 0]]"),
        CNN2SNN_E_MALFORMED, "two layers");
    expect_refused(SEQUENTIAL(INPUT ", " DENSE("a", 2) ", " DENSE("a", 2)), CNN2SNN_E_MALFORMED, "two layers");
    expect_refused(SEQUENTIAL(INPUT ", " INPUT), CNN2SNN_E_MALFORMED, "InputLayer behind");
}

START_TEST(objects_of_the_wrong_form_are_refused)
{
    expect_refused("[]", CNN2SNN_E_MALFORMED, "class_name");
    expect_refused("{'class_name': 'Sequential'}", CNN2SNN_E_UNSUPPORTED, "without layers");
    expect_refused("{'class_name': 'Sequential', 'config': {'layers': 3}}", CNN2SNN_E_UNSUPPORTED, "without layers");
    expect_refused("{'class_name': 'MyModel', 'config': {'name': 'm'}}", CNN2SNN_E_UNSUPPORTED, "MyModel");
    expect_refused(SEQUENTIAL("3"), CNN2SNN_E_VALUE, "");
    expect_refused(SEQUENTIAL(INPUT ", 3"), CNN2SNN_E_MALFORMED, "no object");
    expect_refused(SEQUENTIAL(INPUT ", {'class_name': 'ReLU'}"), CNN2SNN_E_MALFORMED, "without config");
    expect_refused(SEQUENTIAL(INPUT ", {'config': {'name': 'x'}}"), CNN2SNN_E_MALFORMED, "without class_name");
    expect_refused(FUNCTIONAL("{'class_name': 'ReLU', 'config': {}}", "[]", "[]"), CNN2SNN_E_MALFORMED, "no name");
    expect_refused(FUNCTIONAL("7", "[]", "[]"), CNN2SNN_E_MALFORMED, "no name");
}

START_TEST(shapes_that_overflow_or_are_empty_are_refused)
{
    expect_refused(
        SEQUENTIAL("{'class_name': 'InputLayer', 'config': {'name': 'i', 'batch_input_shape': [null, 0, 4]}}, " DENSE(
            "a", 2)),
        CNN2SNN_E_VALUE, "batch_input_shape is 0");
    expect_refused(
        SEQUENTIAL(
            "{'class_name': 'InputLayer', 'config': {'name': 'i', 'batch_input_shape': [null, 4611686018427387904, "
            "4611686018427387904]}}, {'class_name': 'Flatten', 'config': {'name': 'f'}}"),
        CNN2SNN_E_VALUE, "");
    expect_refused(
        SEQUENTIAL("{'class_name': 'Dense', 'config': {'name': 'a', 'units': 2, 'batch_input_shape': [null, -3]}}"),
        CNN2SNN_E_VALUE, "shape of its input");
}

START_TEST(nesting_is_limited)
{
    struct c2s_text text;
    c2s_text_init(&text, context);
    for (int i = 0; i < 1000; i++)
        c2s_text_add(&text, "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"s\", \"layers\": [");
    json_t *document = NULL;
    ck_assert_int_eq(c2s_json_parse(context, text.data, text.size, "model_config", &document, &error),
                     CNN2SNN_E_LIMIT);
    expect_error(CNN2SNN_E_LIMIT, "max_depth");
    c2s_text_free(&text);
}

START_TEST(number_of_calls_is_limited)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.max_nodes = 3;
    c2s_context_release(context);
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
    expect_refused(FUNCTIONAL(INPUT_NODE("in") ", " RELU_NODE("r", "[[['in', 0, 0]], [['r', 0, 0]], [['r', 1, 0]]]"),
                              "[['in', 0, 0]]", "[['r', 2, 0]]"),
                   CNN2SNN_E_LIMIT, "max_nodes");
}

int main(void)
{
    return RUN("keras_config", sequential_has_its_input_in_front,
               sequential_without_input_layer_takes_batch_input_shape, implied_input_avoids_names_of_layers,
               sequential_as_a_plain_list, sequential_with_build_input_shape, sequential_without_any_shape_is_refused,
               nested_sequential_takes_the_shape_that_it_is_called_on, first_nested_model_has_the_input,
               layers_keep_entries_that_nobody_interprets, functional_of_keras2_shares_layers,
               calls_may_be_bare_nested_or_named, a_second_tensor_may_go_by_a_name, ends_may_be_bare_or_named,
               calls_may_come_before_what_they_need, functional_of_keras3,
               keras2_counts_calls_of_models_with_input_from_1, keras2_counts_calls_of_models_without_input_from_0,
               keras3_counts_outputs_of_functional_models_from_1, arguments_that_change_results_are_refused,
               constants_and_operations_are_refused_by_name, unknown_classes_are_opaque_where_that_is_allowed,
               graphs_that_do_not_hold_together_are_refused, an_operation_may_have_a_second_tensor_or_a_number,
               a_dequantizer_of_several_values_is_named, objects_of_the_wrong_form_are_refused,
               shapes_that_overflow_or_are_empty_are_refused, nesting_is_limited, number_of_calls_is_limited);
}
