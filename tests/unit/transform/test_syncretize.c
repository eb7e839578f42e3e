/* SPDX-License-Identifier: Apache-2.0 */
/* The order that conversion reads (L-075), other input sizes (L-082), and what of a file outlives a rewrite. */
#include "../support/graphs.h"

#include "base/allocator.h"
#include "ir/model.h"
#include "transform/transform.h"

#define BN(name) "['BatchNormalization', {'name': '" name "'}]"
#define POOL(name) "['MaxPooling2D', {'name': '" name "', 'pool_size': 1}]"
#define RELU(name) "['ReLU', {'name': '" name "'}]"
#define CONV(name) "['Conv2D', {'name': '" name "', 'filters': 2, 'kernel_size': 1}]"

static struct c2s_graph *source, *result;

static void release(void)
{
    c2s_graph_release(source);
    c2s_graph_release(result);
    source = result = NULL;
}

static void syncretized(const char *layers)
{
    source = sequential("[4, 4, 2]", layers);
    must(c2s_syncretize(source, &result, &error));
    must(c2s_graph_verify(result, &error));
}

START_TEST(l075_l132_dropout_goes_and_noise_stays)
{
    syncretized("['Dropout', {'name': 'a', 'rate': 0.5}]," CONV(
        "c") ", ['SpatialDropout2D', {'name': 'b', 'rate':"
             "0.5}], ['GaussianDropout', {'name': 'g', 'rate': 0.5}]");
    ck_assert_str_eq(names_of(result), "in c g");
    release();
    syncretized("['Dropout', {'name': 'a', 'rate': 0.5}]");
    ck_assert_str_eq(names_of(result), "in");
    release();
}
END_TEST

START_TEST(l075_max_pooling_goes_before_its_activation)
{
    syncretized(CONV("c") "," RELU("r") "," POOL("p"));
    ck_assert_str_eq(names_of(result), "in c p r");
    release();
    syncretized(CONV("c") ", ['QuantizedReLU', {'name': 'r', 'bitwidth': 4}]," POOL("p"));
    ck_assert_str_eq(names_of(result), "in c p r");
    release();
    syncretized(CONV("c") "," RELU("r") ", ['GlobalAveragePooling2D', {'name': 'g'}]");
    ck_assert_str_eq(names_of(result), "in c r g");
    release();
}
END_TEST

START_TEST(l075_a_swapped_pair_is_left_behind)
{
    syncretized(RELU("r") "," POOL("p") "," POOL("q"));
    ck_assert_str_eq(names_of(result), "in p r q");
    release();
    syncretized(RELU("r") "," RELU("s") "," POOL("p"));
    ck_assert_str_eq(names_of(result), "in r p s");
    release();
}
END_TEST

START_TEST(l075_then_batchnorm_is_inverted_and_folded)
{
    syncretized(CONV("c") "," POOL("p") "," BN("b") "," RELU(
        "r") ", ['Dropout', {'name': 'd', 'rate': 0.1}],"
             "['Flatten', {'name': 'f'}], ['Dense', {'name': 'e', 'units': 2}]");
    ck_assert_str_eq(names_of(result), "in c p r f e");
    ck_assert_ptr_ne(layer_named(result, "c"), layer_named(source, "c"));
    ck_assert_ptr_eq(layer_named(result, "e"), layer_named(source, "e"));
    release();
}
END_TEST

START_TEST(l075_each_branch_is_syncretized)
{
    struct c2s_graph *branches = graph_of("{'inputs': {'x': [4, 4, 2]}, 'name': 'm', 'layers': [" CONV("c") "," RELU(
        "r") "," POOL("p") ","
                           "['Conv2D', {'name': 'a', 'filters': 2, 'kernel_size': 1}, ['p']]," BN(
                               "b") ","
                                    "['Conv2D', {'name': 'd', 'filters': 2, 'kernel_size': 1}, ['p']], "
                                    "['Concatenate', {'name': 'cat'}, ['b', "
                                    "'d']]]}");
    must(c2s_sequentialize(branches, &source, &error));
    c2s_graph_release(branches);
    must(c2s_syncretize(source, &result, &error));
    ck_assert_str_eq(names_of(result), "x sequential sequential_1 sequential_2 cat");
    ck_assert_str_eq(result->name, "m");
    const struct c2s_graph *first = layer_named(result, "sequential")->graph;
    ck_assert_str_eq(names_of(first), "c_input c p r");
    ck_assert_str_eq(first->name, "sequential");
    ck_assert_str_eq(names_of(layer_named(result, "sequential_1")->graph), "a_input a");
    ck_assert_str_eq(names_of(layer_named(source, "sequential_1")->graph), "a_input a b");
    release();
}
END_TEST

START_TEST(l075_a_functional_model_is_sequentialized_first)
{
    source = graph_of("{'inputs': {'x': [4, 4, 2]}, 'layers': [" CONV("c") "," RELU("r") "," POOL("p") "]}");
    must(c2s_syncretize(source, &result, &error));
    ck_assert(result->sequential);
    ck_assert_str_eq(names_of(result), "x c p r");
    release();
    source = graph_of("{'inputs': {'x': [4, 4, 2]}, 'layers': [" CONV("c") ", ['Add', {'name': 'a'}, ['c', 'x']]]}");
    refused(c2s_syncretize(source, &result, &error), CNN2SNN_E_INCOMPATIBLE, "L-H4", "a");
    release();
}
END_TEST

START_TEST(a_functional_line_is_prepared_to_convert)
{
    source = graph_of("{'inputs': {'x': [4, 4, 2]}, 'layers': [" CONV("c") "," RELU("r") "," POOL("p") "]}");
    must(c2s_prepare_to_convert(source, &result, &error));
    ck_assert(result->sequential);
    ck_assert_str_eq(names_of(result), "x c p r");
    release();
}
END_TEST

START_TEST(every_allocation_may_fail)
{
    context_with_failing_allocator();
    source = graph_of("{'inputs': {'x': [4, 4, 2]}, 'layers': [" CONV("c") "," RELU("r") "," POOL(
        "p") ","
             "['Conv2D', {'name': 'a', 'filters': 2, 'kernel_size': 1}, ['p']]," BN(
                 "b") ","
                      "['Conv2D', {'name': 'd', 'filters': 2, 'kernel_size': 1}, ['p']], ['Concatenate', {'name': "
                      "'cat'}, ['b', "
                      "'d']]]}");
    fail_each_allocation(c2s_syncretize, source);
    release();
}
END_TEST

/* ------------------------------------------------------------------------------------------------ other sizes */

static void reshape_refuses(const char *input, const char *layers, int64_t rows, int64_t columns, const char *rule,
                            const char *layer)
{
    source = sequential(input, layers);
    refused(c2s_reshape_input(source, rows, columns, &result, &error), CNN2SNN_E_VALUE, rule, layer);
    release();
}

START_TEST(ex32_l082_another_input_size)
{
    source = sequential("[8, 10, 3]", "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 3}]");
    must(c2s_reshape_input(source, 12, 16, &result, &error));
    char text[C2S_SHAPE_TEXT];
    ck_assert_str_eq(result->name, "net");
    ck_assert_str_eq(names_of(result), "in c");
    ck_assert_str_eq(c2s_shape_text(&result->nodes[0].shapes[0], text, sizeof text), "(12, 16, 3)");
    ck_assert_str_eq(c2s_shape_text(&result->nodes[1].shapes[0], text, sizeof text), "(10, 14, 2)");
    ck_assert_ptr_eq(result->layers[1], source->layers[1]);
    ck_assert_str_eq(c2s_shape_text(&source->nodes[0].shapes[0], text, sizeof text), "(8, 10, 3)");
    release();
}
END_TEST

START_TEST(l082_weights_that_no_longer_fit_are_refused)
{
    reshape_refuses("[4, 4, 2]", "['Flatten', {'name': 'f'}], ['Dense', {'name': 'd', 'units': 2}]", 4, 5,
                    "K-weights", "d");
}
END_TEST

START_TEST(l130_a_functional_model_is_sequentialized_and_then_reshaped)
{
    source =
        graph_of("{'inputs': {'x': [8, 8, 1]}, 'layers': [['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 3}],"
                 "['ReLU', {'name': 'r'}]]}");
    struct c2s_graph *line = NULL;
    refused(c2s_reshape_input(source, 12, 16, &result, &error), CNN2SNN_E_NOT_SEQUENTIAL, "L-E", NULL);
    must(c2s_sequentialize(source, &line, &error));
    must(c2s_reshape_input(line, 12, 16, &result, &error));
    ck_assert_str_eq(names_of(result), "x c r");
    ck_assert_int_eq(result->nodes[1].shapes[0].extents[0], 10);
    ck_assert_int_eq(result->nodes[1].shapes[0].extents[1], 14);
    c2s_graph_release(line);
    release();
}
END_TEST

START_TEST(l082_windows_must_fit)
{
    reshape_refuses("[4, 4, 2]", "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 3}]", 2, 4, "K-shape", "c");
}
END_TEST

START_TEST(l082_sizes_are_at_least_one)
{
    reshape_refuses("[4, 4, 2]", CONV("c"), 0, 4, "L-E9", "in");
    reshape_refuses("[4, 4, 2]", CONV("c"), 4, -1, "L-E9", "in");
}
END_TEST

START_TEST(l082_functional_models_are_refused)
{
    source = graph_of("{'inputs': {'x': [4, 4, 2]}, 'layers': [" CONV("c") "]}");
    refused(c2s_reshape_input(source, 8, 8, &result, &error), CNN2SNN_E_NOT_SEQUENTIAL, "L-E", NULL);
    release();
}
END_TEST

START_TEST(l082_the_shape_in_the_first_layer_of_old_files_goes)
{
    source = sequential("[4, 4, 2]", "['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1,"
                                     "'batch_input_shape': [null, 4, 4, 2]}]");
    must(c2s_reshape_input(source, 8, 8, &result, &error));
    ck_assert_ptr_null(json_object_get(layer_named(result, "c")->config, "batch_input_shape"));
    ck_assert_ptr_eq(layer_named(result, "c")->weights[0].tensor, layer_named(source, "c")->weights[0].tensor);
    release();
}
END_TEST

/* ------------------------------------------------------------------------------------------------ models */

static cnn2snn_model *trained_model(struct c2s_graph *graph)
{
    cnn2snn_model *model = NULL;
    must(c2s_model_create(context, graph, &model, &error));
    model->keras_version = c2s_strdup(context, "2.15.0");
    model->backend = c2s_strdup(context, "tensorflow");
    model->training_config = c2s_strdup(context, "{}");
    model->optimizer_weights = c2s_calloc(context, 1, sizeof(*model->optimizer_weights));
    model->optimizer_weights[0].name = c2s_strdup(context, "Adam/iteration:0");
    must(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_INT64, 0, NULL, &model->optimizer_weights[0].tensor, &error));
    model->optimizer_weight_count = 1;
    return model;
}

START_TEST(the_state_of_training_is_kept_where_asked_for)
{
    source = sequential("[4, 4, 2]", CONV("c"));
    cnn2snn_model *like = trained_model(source), *kept = NULL, *forgotten = NULL;
    must(c2s_model_from_graph_take(like, c2s_graph_retain(source), true, &kept, &error));
    must(c2s_model_from_graph_take(like, c2s_graph_retain(source), false, &forgotten, &error));
    ck_assert_str_eq(kept->keras_version, "2.15.0");
    ck_assert_str_eq(kept->backend, "tensorflow");
    ck_assert_str_eq(kept->training_config, "{}");
    ck_assert_uint_eq(kept->optimizer_weight_count, 1);
    ck_assert_str_eq(kept->optimizer_weights[0].name, "Adam/iteration:0");
    ck_assert_ptr_eq(kept->optimizer_weights[0].tensor, like->optimizer_weights[0].tensor);
    ck_assert_str_eq(forgotten->keras_version, "2.15.0");
    ck_assert_ptr_null(forgotten->training_config);
    ck_assert_uint_eq(forgotten->optimizer_weight_count, 0);
    c2s_model_destroy(like);
    c2s_model_destroy(kept);
    c2s_model_destroy(forgotten);
    release();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("syncretize");
    TCase *cases = tcase_create("core");
    tcase_add_checked_fixture(cases, context_setup, context_teardown);
    tcase_add_test(cases, l075_l132_dropout_goes_and_noise_stays);
    tcase_add_test(cases, l075_max_pooling_goes_before_its_activation);
    tcase_add_test(cases, l075_a_swapped_pair_is_left_behind);
    tcase_add_test(cases, l075_then_batchnorm_is_inverted_and_folded);
    tcase_add_test(cases, l075_each_branch_is_syncretized);
    tcase_add_test(cases, l075_a_functional_model_is_sequentialized_first);
    tcase_add_test(cases, a_functional_line_is_prepared_to_convert);
    tcase_add_test(cases, every_allocation_may_fail);
    tcase_add_test(cases, ex32_l082_another_input_size);
    tcase_add_test(cases, l082_weights_that_no_longer_fit_are_refused);
    tcase_add_test(cases, l130_a_functional_model_is_sequentialized_and_then_reshaped);
    tcase_add_test(cases, l082_windows_must_fit);
    tcase_add_test(cases, l082_sizes_are_at_least_one);
    tcase_add_test(cases, l082_functional_models_are_refused);
    tcase_add_test(cases, l082_the_shape_in_the_first_layer_of_old_files_goes);
    tcase_add_test(cases, the_state_of_training_is_kept_where_asked_for);
    suite_add_tcase(suite, cases);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
