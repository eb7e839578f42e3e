/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs as structures: building, verifying, deriving one from another. The layers have no kind: nobody asks. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "ir/graph.h"

static cnn2snn_context *context;

static void set_up(void)
{
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
}

static void tear_down(void)
{
    c2s_context_release(context);
}

static cnn2snn_layer *layer_named(const char *name)
{
    cnn2snn_layer *layer;
    ck_assert_int_eq(c2s_layer_allocate(context, NULL, "Any", name, &layer, NULL), CNN2SNN_OK);
    return layer;
}

static size_t add(struct c2s_graph *graph, const char *name)
{
    size_t index;
    cnn2snn_layer *layer = layer_named(name);
    ck_assert_int_eq(c2s_graph_add_layer(graph, layer, &index, NULL), CNN2SNN_OK);
    c2s_layer_release(layer);
    return index;
}

static size_t call(struct c2s_graph *graph, size_t layer, size_t count, const size_t *nodes)
{
    struct c2s_value values[4] = {{0, 0}};
    size_t node;
    for (size_t i = 0; i < count; i++)
        values[i].node = nodes[i];
    ck_assert_int_eq(c2s_graph_add_node(graph, layer, count, values, NULL, &node, NULL), CNN2SNN_OK);
    return node;
}

/* in -> a -> (b, a again) -> sum */
static struct c2s_graph *diamond(void)
{
    struct c2s_graph *graph;
    ck_assert_int_eq(c2s_graph_create(context, "diamond", false, &graph, NULL), CNN2SNN_OK);
    size_t in = call(graph, add(graph, "in"), 0, NULL), a_layer = add(graph, "a");
    size_t a = call(graph, a_layer, 1, &in);
    size_t both[] = {call(graph, add(graph, "b"), 1, &a), call(graph, a_layer, 1, &a)};
    size_t sum = call(graph, add(graph, "sum"), 2, both);
    ck_assert_int_eq(c2s_graph_add_input(graph, in, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_graph_add_output(graph, (struct c2s_value){sum, 0}, NULL), CNN2SNN_OK);
    return graph;
}

static struct c2s_graph *chain(void)
{
    struct c2s_graph *graph;
    cnn2snn_layer *in = layer_named("in"), *layers[] = {layer_named("a"), layer_named("b")};
    ck_assert_int_eq(c2s_graph_create_sequential(context, NULL, in, 2, layers, &graph, NULL), CNN2SNN_OK);
    c2s_layer_release(in);
    for (int i = 0; i < 2; i++)
        c2s_layer_release(layers[i]);
    return graph;
}

static void expect_broken(struct c2s_graph *graph, const char *part)
{
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(c2s_graph_verify(graph, &error), CNN2SNN_E_MALFORMED);
    if (!strstr(error->text, part))
        ck_abort_msg("\"%s\" is not in \"%s\"", part, error->text);
    c2s_error_destroy(error);
    c2s_graph_release(graph);
}

START_TEST(calls_are_counted_by_layer)
{
    struct c2s_graph *graph = diamond();
    ck_assert_int_eq(c2s_graph_verify(graph, NULL), CNN2SNN_OK);
    ck_assert_uint_eq(graph->nodes[1].call_index, 0);
    ck_assert_uint_eq(graph->nodes[2].call_index, 0);
    ck_assert_uint_eq(graph->nodes[3].call_index, 1);
    ck_assert_uint_eq(graph->nodes[3].layer, 1);
    ck_assert_int_eq(c2s_graph_find_layer(graph, "sum"), 3);
    ck_assert_int_eq(c2s_graph_find_layer(graph, "nobody"), -1);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(what_is_not_there_cannot_be_used)
{
    struct c2s_graph *graph = diamond();
    struct c2s_value later = {.node = graph->node_count, .output = 0};
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(c2s_graph_add_node(graph, 4, 0, NULL, NULL, NULL, &error), CNN2SNN_E_MALFORMED);
    ck_assert_ptr_nonnull(strstr(error->text, "diamond: call of layer 4, but there are 4"));
    c2s_error_destroy(error);
    ck_assert_int_eq(c2s_graph_add_node(graph, 0, 1, &later, NULL, NULL, NULL), CNN2SNN_E_MALFORMED);
    ck_assert_int_eq(c2s_graph_add_input(graph, later.node, NULL), CNN2SNN_E_MALFORMED);
    ck_assert_int_eq(c2s_graph_add_output(graph, later, NULL), CNN2SNN_E_MALFORMED);
    ck_assert_uint_eq(graph->node_count, 5);
    ck_assert_int_eq(c2s_graph_verify(graph, NULL), CNN2SNN_OK);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(a_sequential_is_one_chain)
{
    struct c2s_graph *graph = chain();
    ck_assert(graph->sequential);
    ck_assert_str_eq(graph->name, "sequential");
    ck_assert_uint_eq(graph->layer_count, 3);
    ck_assert_uint_eq(graph->outputs[0].node, 2);
    ck_assert_int_eq(c2s_graph_verify(graph, NULL), CNN2SNN_OK);
    c2s_graph_release(graph);
    graph = diamond();
    graph->sequential = true;
    expect_broken(graph, "a Sequential is one chain");
    graph = chain();
    graph->nodes[2].inputs[0].node = 0;
    expect_broken(graph, "b: model sequential: not called once on the layer before it");
}
END_TEST

START_TEST(broken_structures_are_found)
{
    struct c2s_graph *graph = diamond();
    graph->nodes[2].inputs[0].node = 2;
    expect_broken(graph, "b: model diamond: called on a value that isn't there yet");
    graph = diamond();
    graph->nodes[4].inputs[1].output = 1;
    expect_broken(graph, "sum: model diamond: called on a value");
    graph = diamond();
    graph->nodes[3].call_index = 0;
    expect_broken(graph, "a: model diamond: calls are not counted");
    graph = diamond();
    graph->nodes[2].layer = 9;
    expect_broken(graph, "a call of a layer that isn't there");
    graph = diamond();
    graph->nodes[1].output_count = 2;
    expect_broken(graph, "number of outputs");
    graph = diamond();
    add(graph, "alone");
    expect_broken(graph, "alone: model diamond: never called");
    graph = diamond();
    call(graph, add(graph, "a"), 1, &(size_t){0});
    expect_broken(graph, "a: model diamond: two layers of this name");
    graph = diamond();
    graph->outputs[0].output = 1;
    expect_broken(graph, "an output that isn't there");
    graph = diamond();
    graph->inputs[0] = 1;
    expect_broken(graph, "an input that is no InputLayer");
    graph = diamond();
    graph->output_count = 0;
    expect_broken(graph, "no inputs or no outputs");
}
END_TEST

START_TEST(outputs_come_from_inputs)
{
    struct c2s_graph *graph = diamond();
    size_t other = call(graph, add(graph, "other"), 0, NULL);
    ck_assert_int_eq(c2s_graph_verify(graph, NULL), CNN2SNN_OK); /* nobody needs it */
    ck_assert_int_eq(c2s_graph_add_output(graph, (struct c2s_value){other, 0}, NULL), CNN2SNN_OK);
    expect_broken(graph, "other: model diamond: needed by an output");
}
END_TEST

START_TEST(replaced_layers_leave_the_graph_as_it_was)
{
    struct c2s_graph *graph = diamond(), *other;
    cnn2snn_layer *b = layer_named("new b"), *layers[4] = {NULL, NULL, b, NULL};
    graph->config_extras = json_pack("{s:i}", "trainable", 1);
    ck_assert_int_eq(c2s_graph_replace_layers(graph, layers, &other, NULL), CNN2SNN_OK);
    c2s_layer_release(b);
    ck_assert_str_eq(graph->layers[2]->name, "b");
    ck_assert_str_eq(other->layers[2]->name, "new b");
    ck_assert_ptr_eq(other->layers[1], graph->layers[1]);
    ck_assert_ptr_eq(other->config_extras, graph->config_extras);
    ck_assert_uint_eq(other->nodes[3].call_index, 1);
    ck_assert_ptr_ne(other->nodes[4].inputs, graph->nodes[4].inputs);
    c2s_graph_release(graph);
    ck_assert_int_eq(c2s_graph_verify(other, NULL), CNN2SNN_OK);
    c2s_graph_release(other);
}
END_TEST

START_TEST(arguments_of_calls_are_kept)
{
    struct c2s_graph *graph = chain(), *other;
    json_t *arguments = json_pack("{s:b}", "training", 0);
    ck_assert_int_eq(c2s_graph_add_node(graph, 1, 1, &(struct c2s_value){0, 0}, arguments, NULL, NULL), CNN2SNN_OK);
    json_decref(arguments);
    ck_assert_int_eq(c2s_graph_replace_layers(graph, NULL, &other, NULL), CNN2SNN_OK);
    c2s_graph_release(graph);
    ck_assert(json_is_false(json_object_get(other->nodes[3].arguments, "training")));
    c2s_graph_release(other);
}
END_TEST

START_TEST(layers_and_calls_are_limited)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.max_nodes = 5;
    c2s_context_release(context);
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
    struct c2s_graph *graph = diamond();
    ck_assert_int_eq(c2s_graph_add_node(graph, 0, 0, NULL, NULL, NULL, NULL), CNN2SNN_E_LIMIT);
    add(graph, "fifth");
    cnn2snn_layer *sixth = layer_named("sixth");
    ck_assert_int_eq(c2s_graph_add_layer(graph, sixth, NULL, NULL), CNN2SNN_E_LIMIT);
    c2s_layer_release(sixth);
    c2s_graph_release(graph);
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("graph");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, calls_are_counted_by_layer);
    tcase_add_test(tests, what_is_not_there_cannot_be_used);
    tcase_add_test(tests, a_sequential_is_one_chain);
    tcase_add_test(tests, broken_structures_are_found);
    tcase_add_test(tests, outputs_come_from_inputs);
    tcase_add_test(tests, replaced_layers_leave_the_graph_as_it_was);
    tcase_add_test(tests, arguments_of_calls_are_kept);
    tcase_add_test(tests, layers_and_calls_are_limited);
    Suite *suite = suite_create("graph");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
