/* SPDX-License-Identifier: Apache-2.0 */
/* Functional models as Sequentials, and what can't be one (L-074, L-130, rules H-1 to H-6). */
#include "../support/graphs.h"

#include "transform/transform.h"

#define CONV(name) "['Conv2D', {'name': '" name "', 'filters': 2, 'kernel_size': 1}]"
#define CONV_OF(name, from) "['Conv2D', {'name': '" name "', 'filters': 2, 'kernel_size': 1}, ['" from "']]"

static struct c2s_graph *source, *result;

static void release(void)
{
    c2s_graph_release(source);
    c2s_graph_release(result);
    source = result = NULL;
}

static void sequentialized(const char *text)
{
    source = graph_of(text);
    must(c2s_sequentialize(source, &result, &error));
    must(c2s_graph_verify(result, &error));
}

static void sequentialize_refuses(const char *text, cnn2snn_status status, const char *rule, const char *layer)
{
    source = graph_of(text);
    refused(c2s_sequentialize(source, &result, &error), status, rule, layer);
    ck_assert_ptr_null(result);
    release();
}

START_TEST(l074_a_sequential_is_given_back_as_it_is)
{
    sequentialized("{'input': [4, 4, 2], 'name': 'mine', 'layers': [" CONV("c") "]}");
    ck_assert_str_eq(result->name, "mine");
    ck_assert_str_eq(names_of(result), "in c");
    ck_assert_ptr_eq(result->layers[1], source->layers[1]);
    release();
}
END_TEST

START_TEST(l074_a_functional_line_becomes_a_sequential)
{
    sequentialized("{'input': [4, 4, 2], 'functional': true, 'layers': [" CONV(
        "c") ", ['ReLU', {'name': 'r'}],"
             "['Flatten', {'name': 'f'}], ['Dense', {'name': 'd', 'units': 3}]]}");
    ck_assert(result->sequential);
    ck_assert_str_eq(result->name, "sequential");
    ck_assert_str_eq(names_of(result), "in c r f d");
    ck_assert_ptr_eq(layer_named(result, "d"), layer_named(source, "d"));
    ck_assert_int_eq(result->nodes[4].shapes[0].extents[0], 3);
    release();
}
END_TEST

START_TEST(l074_a_functional_line_in_another_file_order_is_put_in_order)
{
    /* The layers stand in the order of their first call; the walk follows the calls. */
    sequentialized("{'inputs': {'x': [4]}, 'layers': [['Dense', {'name': 'a', 'units': 2}],"
                   "['Dense', {'name': 'b', 'units': 3}, ['a']]], 'outputs': ['b']}");
    ck_assert_str_eq(names_of(result), "x a b");
    release();
}
END_TEST

/* The branches of the reference's own example: c1 was made after c2, and the longer way to the output comes first. */
static const char branches[] =
    "{'inputs': {'x': [12, 12, 3]}, 'name': 'm', 'layers': [" CONV("c0") "," CONV_OF("c2", "c0") "," CONV_OF(
        "c1",
        "c0") ",['MaxPooling2D', {'name': 'p2', 'pool_size': 1}, ['c2']], ['ReLU', {'name': 'r1'}, ['c1']],"
              "['ReLU', {'name': 'r2'}, ['p2']], ['Concatenate', {'name': 'cat', 'axis': -1}, ['r1', 'r2']]," CONV(
                  "c3") "]}";

START_TEST(l074_branches_become_sequentials_joined_by_concatenate)
{
    sequentialized(branches);
    ck_assert(!result->sequential);
    ck_assert_str_eq(result->name, "m");
    ck_assert_str_eq(names_of(result), "x sequential sequential_2 sequential_1 cat sequential_3");
    ck_assert_str_eq(names_of(layer_named(result, "sequential")->graph), "c0_input c0");
    ck_assert_str_eq(names_of(layer_named(result, "sequential_1")->graph), "c2_input c2 p2 r2");
    ck_assert_str_eq(names_of(layer_named(result, "sequential_2")->graph), "c1_input c1 r1");
    ck_assert_str_eq(names_of(layer_named(result, "sequential_3")->graph), "c3_input c3");
    const struct c2s_graph *last = layer_named(result, "sequential_3")->graph;
    ck_assert_int_eq(last->nodes[0].shapes[0].extents[2], 4);
    ck_assert_int_eq(result->nodes[result->outputs[0].node].shapes[0].extents[2], 2);
    ck_assert_ptr_eq(layer_named(last, "c3"), layer_named(source, "c3"));
    release();
}
END_TEST

START_TEST(l074_doing_it_again_changes_nothing)
{
    sequentialized(branches);
    struct c2s_graph *again = NULL;
    must(c2s_sequentialize(result, &again, &error));
    ck_assert_str_eq(names_of(again), "x sequential sequential_2 sequential_1 cat sequential_3");
    ck_assert_ptr_eq(again->layers[2], result->layers[2]);
    c2s_graph_release(again);
    release();
}
END_TEST

START_TEST(l074_names_that_layers_have_are_left_out)
{
    sequentialized("{'inputs': {'sequential': [4]}, 'layers': [['Dense', {'name': 'a', 'units': 2}, ['sequential']],"
                   "['Dense', {'name': 'b', 'units': 2}, ['sequential']],"
                   "['Concatenate', {'name': 'sequential_1'}, ['a', 'b']]]}");
    ck_assert_str_eq(names_of(result), "sequential sequential_2 sequential_3 sequential_1");
    release();
}
END_TEST

START_TEST(l074_calls_that_no_output_needs_are_left_out)
{
    sequentialized("{'inputs': {'x': [4]}, 'layers': [['Dense', {'name': 'a', 'units': 2}],"
                   "['Dense', {'name': 'b', 'units': 3}, ['a']], ['Dense', {'name': 'unused', 'units': 3}, ['a']],"
                   "['Dense', {'name': 'unused too', 'units': 3}, ['unused']]],"
                   "'outputs': ['b']}");
    ck_assert_str_eq(names_of(result), "x a b");
    release();
}
END_TEST

START_TEST(l074_a_model_of_its_input_alone_stays_functional)
{
    sequentialized("{'inputs': {'x': [4]}, 'layers': []}");
    ck_assert(!result->sequential);
    ck_assert_str_eq(names_of(result), "x");
    release();
}
END_TEST

START_TEST(l074_a_nested_model_is_a_layer_of_its_run)
{
    sequentialized(branches);
    struct c2s_graph *outer = NULL, *line = NULL;
    must(c2s_graph_create(context, "outer", false, &outer, &error));
    must(c2s_graph_add_layer(outer, result->layers[0], NULL, &error));
    must(c2s_graph_add_layer(outer, result->layers[1], NULL, &error));
    must(c2s_graph_add_node(outer, 0, 0, NULL, NULL, NULL, &error));
    must(c2s_graph_add_node(outer, 1, 1, (struct c2s_value[]){{0, 0}}, NULL, NULL, &error));
    must(c2s_graph_add_input(outer, 0, &error));
    must(c2s_graph_add_output(outer, (struct c2s_value){1, 0}, &error));
    must(c2s_graph_infer_shapes(outer, &error));
    must(c2s_sequentialize(outer, &line, &error));
    ck_assert(line->sequential);
    ck_assert_str_eq(names_of(line), "x sequential");
    c2s_graph_release(line);
    c2s_graph_release(outer);
    release();
}
END_TEST

START_TEST(a_long_line_needs_no_stack)
{
    enum { LAYERS = 20000 };
    cnn2snn_layer *made = NULL;
    char name[32];
    must(c2s_graph_create(context, "long", false, &source, &error));
    json_t *one = json("[1]");
    add_input_layer(source, "x", one);
    json_decref(one);
    for (size_t i = 0; i < LAYERS; i++) {
        snprintf(name, sizeof name, "a%zu", i);
        json_t *config = json_pack("{s:s, s:s}", "name", name, "activation", "linear");
        made = layer_of("Activation", config, NULL);
        json_decref(config);
        must(c2s_graph_add_layer(source, made, NULL, &error));
        must(c2s_graph_add_node(source, i + 1, 1, (struct c2s_value[]){{i, 0}}, NULL, NULL, &error));
        c2s_layer_release(made);
    }
    must(c2s_graph_add_output(source, (struct c2s_value){LAYERS, 0}, &error));
    must(c2s_graph_infer_shapes(source, &error));
    must(c2s_sequentialize(source, &result, &error));
    ck_assert_uint_eq(result->layer_count, LAYERS + 1);
    release();
}
END_TEST

START_TEST(l074_h1_channels_first_is_refused)
{
    sequentialize_refuses("{'input': [2, 4, 4], 'layers': [['MaxPooling2D', {'name': 'p', 'pool_size': 1,"
                          "'data_format': 'channels_first'}]]}",
                          CNN2SNN_E_INCOMPATIBLE, "L-H1", "p");
}
END_TEST

START_TEST(l074_h2_dilation_is_a_bad_value)
{
    sequentialize_refuses("{'input': [9, 9, 2], 'layers': [['DepthwiseConv2D', {'name': 'dw', 'kernel_size': 3,"
                          "'dilation_rate': [1, 2]}]]}",
                          CNN2SNN_E_VALUE, "L-H2", "dw");
}
END_TEST

START_TEST(l074_h1_comes_before_h2)
{
    sequentialize_refuses("{'input': [9, 9, 9], 'layers': [['Conv2D', {'name': 'c', 'kernel_size': 3, 'filters': 1,"
                          "'dilation_rate': [2, 2]}], ['GlobalAveragePooling2D', {'name': 'g',"
                          "'data_format': 'channels_first'}]]}",
                          CNN2SNN_E_INCOMPATIBLE, "L-H1", "g");
}
END_TEST

START_TEST(l074_h3_one_input_one_output_of_one_or_three_dimensions)
{
    sequentialize_refuses("{'inputs': {'x': [4], 'y': [4]}, 'layers': [['Add', {'name': 'a'}, ['x', 'y']]]}",
                          CNN2SNN_E_INCOMPATIBLE, "L-H3", NULL);
    sequentialize_refuses("{'inputs': {'x': [4]}, 'layers': [['ReLU', {'name': 'a'}]], 'outputs': ['a', 'x']}",
                          CNN2SNN_E_INCOMPATIBLE, "L-H3", NULL);
    sequentialize_refuses("{'input': [4, 4], 'layers': [['ReLU', {'name': 'a'}]]}", CNN2SNN_E_INCOMPATIBLE, "L-H3",
                          "in");
    sequentialize_refuses("{'input': [4, 4, 4, 1], 'layers': [['ReLU', {'name': 'a'}]]}", CNN2SNN_E_INCOMPATIBLE,
                          "L-H3", "in");
}
END_TEST

START_TEST(l074_h4_shared_layers_are_refused)
{
    sequentialize_refuses("{'inputs': {'x': [4]}, 'layers': [['Dense', {'name': 'd', 'units': 4}],"
                          "['ReLU', {'name': 'r'}], ['Dense', {'name': 'd'}]]}",
                          CNN2SNN_E_INCOMPATIBLE, "L-H4", "d");
}
END_TEST

START_TEST(l074_h4_other_merges_are_refused)
{
    sequentialize_refuses("{'inputs': {'x': [4]}, 'layers': [['Dense', {'name': 'd', 'units': 4}],"
                          "['Add', {'name': 'a'}, ['d', 'x']]]}",
                          CNN2SNN_E_INCOMPATIBLE, "L-H4", "a");
}
END_TEST

START_TEST(l074_h4_skip_connections_are_refused)
{
    sequentialize_refuses("{'inputs': {'x': [4]}, 'layers': [['Dense', {'name': 'd', 'units': 4}],"
                          "['Concatenate', {'name': 'cat'}, ['x', 'd']]]}",
                          CNN2SNN_E_INCOMPATIBLE, "L-H4", "cat");
    sequentialize_refuses("{'inputs': {'x': [4]}, 'layers': [['Dense', {'name': 'd', 'units': 4}],"
                          "['Concatenate', {'name': 'cat'}, ['d', 'd']]]}",
                          CNN2SNN_E_INCOMPATIBLE, "L-H4", "cat");
}
END_TEST

START_TEST(l074_h5_concatenate_takes_two_along_the_channels)
{
    sequentialize_refuses("{'inputs': {'x': [4, 4, 1]}, 'layers': [" CONV_OF("a", "x") "," CONV_OF(
                              "b", "x") ","
                                        "['Concatenate', {'name': 'cat', 'axis': 1}, ['a', 'b']]]}",
                          CNN2SNN_E_INCOMPATIBLE, "L-H5", "cat");
    sequentialize_refuses("{'inputs': {'x': [4, 4, 1]}, 'layers': [" CONV_OF("a", "x") "," CONV_OF(
                              "b", "x") "," CONV_OF("c", "x") ", ['Concatenate', {'name': 'cat'}, ['a', 'b', 'c']]]}",
                          CNN2SNN_E_INCOMPATIBLE, "L-H5", "cat");
}
END_TEST

START_TEST(l074_the_channels_may_be_counted_from_the_front)
{
    sequentialized("{'inputs': {'x': [4, 4, 1]}, 'layers': [" CONV_OF("a", "x") "," CONV_OF(
        "b", "x") ","
                  "['Concatenate', {'name': 'cat', 'axis': 3}, ['a', 'b']]]}");
    ck_assert_str_eq(names_of(result), "x sequential sequential_1 cat");
    release();
}
END_TEST

START_TEST(h6_branches_are_not_prepared_to_convert)
{
    source = graph_of(branches);
    refused(c2s_prepare_to_convert(source, &result, &error), CNN2SNN_E_INCOMPATIBLE, "L-H6", NULL);
    release();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sequentialize");
    TCase *cases = tcase_create("core");
    tcase_add_checked_fixture(cases, context_setup, context_teardown);
    tcase_add_test(cases, l074_a_sequential_is_given_back_as_it_is);
    tcase_add_test(cases, l074_a_functional_line_becomes_a_sequential);
    tcase_add_test(cases, l074_a_functional_line_in_another_file_order_is_put_in_order);
    tcase_add_test(cases, l074_branches_become_sequentials_joined_by_concatenate);
    tcase_add_test(cases, l074_doing_it_again_changes_nothing);
    tcase_add_test(cases, l074_names_that_layers_have_are_left_out);
    tcase_add_test(cases, l074_calls_that_no_output_needs_are_left_out);
    tcase_add_test(cases, l074_a_model_of_its_input_alone_stays_functional);
    tcase_add_test(cases, l074_a_nested_model_is_a_layer_of_its_run);
    tcase_add_test(cases, a_long_line_needs_no_stack);
    tcase_add_test(cases, l074_h1_channels_first_is_refused);
    tcase_add_test(cases, l074_h2_dilation_is_a_bad_value);
    tcase_add_test(cases, l074_h1_comes_before_h2);
    tcase_add_test(cases, l074_h3_one_input_one_output_of_one_or_three_dimensions);
    tcase_add_test(cases, l074_h4_shared_layers_are_refused);
    tcase_add_test(cases, l074_h4_other_merges_are_refused);
    tcase_add_test(cases, l074_h4_skip_connections_are_refused);
    tcase_add_test(cases, l074_h5_concatenate_takes_two_along_the_channels);
    tcase_add_test(cases, l074_the_channels_may_be_counted_from_the_front);
    tcase_add_test(cases, h6_branches_are_not_prepared_to_convert);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
