/* SPDX-License-Identifier: Apache-2.0 */
/* Layers and models as objects: what copies share, and who frees it. Shapes: open extents and unknown ranks. */
#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "ir/graph.h"
#include "ir/model.h"

static cnn2snn_context *context;
static int destroyed;

static void set_up(void)
{
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
    destroyed = 0;
}

static void tear_down(void)
{
    c2s_context_release(context);
}

struct attributes {
    char *text;
};

static void destroy_attributes(cnn2snn_context *its_context, void *attributes)
{
    c2s_free(its_context, ((struct attributes *)attributes)->text);
    destroyed++;
}

static cnn2snn_tensor *tensor_of(int64_t count)
{
    cnn2snn_tensor *tensor;
    ck_assert_int_eq(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT32, 1, &count, &tensor, NULL), CNN2SNN_OK);
    return tensor;
}

static cnn2snn_layer *layer_with_everything(void)
{
    cnn2snn_layer *layer;
    ck_assert_int_eq(c2s_layer_allocate(context, NULL, "Any", "any", &layer, NULL), CNN2SNN_OK);
    ck_assert_int_eq(c2s_layer_allocate_attributes(layer, sizeof(struct attributes), destroy_attributes, NULL), 0);
    ((struct attributes *)layer->attributes)->text = c2s_strdup(context, "text");
    ck_assert_int_eq(c2s_layer_reset_weights(layer, 2, NULL), CNN2SNN_OK);
    for (int i = 0; i < 2; i++) {
        layer->weights[i].name = i ? "bias" : "kernel";
        layer->weights[i].tensor = tensor_of(3);
    }
    layer->extras = json_object();
    layer->built = true;
    return layer;
}

START_TEST(copies_share_attributes_until_the_last_is_gone)
{
    cnn2snn_layer *layer = layer_with_everything(), *copy;
    ck_assert_int_eq(c2s_layer_copy(layer, &copy, NULL), CNN2SNN_OK);
    ck_assert_ptr_eq(copy->attributes, layer->attributes);
    ck_assert_ptr_eq(copy->config, layer->config);
    ck_assert_ptr_eq(copy->extras, layer->extras);
    ck_assert_ptr_ne(copy->weights, layer->weights);
    ck_assert_ptr_eq(copy->weights[1].tensor, layer->weights[1].tensor);
    ck_assert(copy->built && copy->trainable && copy->keras_generation == 2);
    c2s_layer_release(layer);
    ck_assert_int_eq(destroyed, 0);
    ck_assert_str_eq(((struct attributes *)copy->attributes)->text, "text");
    c2s_layer_release(copy);
    ck_assert_int_eq(destroyed, 1);
}
END_TEST

START_TEST(other_weights_leave_the_layer_as_it_was)
{
    cnn2snn_layer *layer = layer_with_everything(), *other = (cnn2snn_layer *)&context;
    cnn2snn_tensor *weights[] = {tensor_of(3), tensor_of(3)};
    ck_assert_int_eq(c2s_layer_with_weights(layer, 1, weights, &other, NULL), CNN2SNN_E_VALUE);
    ck_assert_ptr_null(other);
    ck_assert_int_eq(c2s_layer_with_weights(layer, 2, weights, &other, NULL), CNN2SNN_OK);
    ck_assert_ptr_ne(layer->weights[0].tensor, weights[0]);
    ck_assert_ptr_eq(other->weights[1].tensor, weights[1]);
    ck_assert_str_eq(other->weights[1].name, "bias");
    for (int i = 0; i < 2; i++)
        c2s_tensor_release(weights[i]);
    c2s_layer_release(layer);
    c2s_layer_release(other);
}
END_TEST

START_TEST(a_model_keeps_its_graph)
{
    struct c2s_graph *graph;
    cnn2snn_model *model;
    cnn2snn_layer *layer = layer_with_everything();
    ck_assert_int_eq(c2s_graph_create_sequential(context, "s", layer, 0, NULL, &graph, NULL), CNN2SNN_OK);
    c2s_layer_release(layer);
    ck_assert_int_eq(c2s_model_create(context, graph, &model, NULL), CNN2SNN_OK);
    c2s_graph_release(graph);
    model->keras_version = c2s_strdup(context, "2.15.0");
    model->optimizer_weights = c2s_calloc(context, 1, sizeof *model->optimizer_weights);
    model->optimizer_weights[0].name = c2s_strdup(context, "iterations");
    model->optimizer_weights[0].tensor = tensor_of(1);
    model->optimizer_weight_count = 1;
    ck_assert_str_eq(model->graph->name, "s");
    c2s_model_destroy(model);
    c2s_model_destroy(NULL);
    ck_assert_int_eq(destroyed, 1);
}
END_TEST

START_TEST(a_scalar_is_not_a_shape_without_rank)
{
    struct c2s_shape scalar = {.rank = 0}, unranked = c2s_shape_unranked();
    char text[C2S_SHAPE_TEXT];
    ck_assert(c2s_shape_is_unranked(&unranked) && !c2s_shape_is_unranked(&scalar));
    ck_assert(!c2s_shape_equal(&scalar, &unranked) && c2s_shape_equal(&unranked, &unranked));
    ck_assert(c2s_shape_is_known(&scalar) && !c2s_shape_is_known(&unranked));
    ck_assert_int_eq(c2s_shape_elements(&scalar), 1);
    ck_assert_int_eq(c2s_shape_elements(&unranked), -1);
    ck_assert_str_eq(c2s_shape_text(&scalar, text, sizeof text), "()");
    ck_assert_str_eq(c2s_shape_text(&unranked, text, sizeof text), "(?)");
}
END_TEST

START_TEST(open_extents_make_a_shape_unknown)
{
    struct c2s_shape shape = {3, {28, -1, 3}}, same = shape, closed = {3, {28, 28, 3}};
    char text[C2S_SHAPE_TEXT];
    struct c2s_shape longer = {4, {28, -1, 3, 1}};
    ck_assert(!c2s_shape_equal(&shape, &longer) && !c2s_shape_equal(&longer, &shape));
    ck_assert(c2s_shape_equal(&shape, &same) && !c2s_shape_equal(&shape, &closed));
    ck_assert(!c2s_shape_is_known(&shape) && c2s_shape_is_known(&closed));
    ck_assert_int_eq(c2s_shape_elements(&shape), -1);
    ck_assert_int_eq(c2s_shape_elements(&closed), 2352);
    ck_assert_str_eq(c2s_shape_text(&shape, text, sizeof text), "(28, None, 3)");
}
END_TEST

START_TEST(too_many_elements_are_unknown)
{
    struct c2s_shape huge = {2, {INT64_MAX, 2}}, most = {2, {INT64_MAX, 1}};
    struct c2s_shape longest = {
        8, {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX}};
    char text[C2S_SHAPE_TEXT];
    ck_assert_int_eq(c2s_shape_elements(&huge), -1);
    ck_assert_int_eq(c2s_shape_elements(&most), INT64_MAX);
    c2s_shape_text(&longest, text, sizeof text);
    ck_assert_int_eq(text[strlen(text) - 1], ')');
}
END_TEST

int main(void)
{
    TCase *tests = tcase_create("layer");
    tcase_add_checked_fixture(tests, set_up, tear_down);
    tcase_add_test(tests, copies_share_attributes_until_the_last_is_gone);
    tcase_add_test(tests, other_weights_leave_the_layer_as_it_was);
    tcase_add_test(tests, a_model_keeps_its_graph);
    tcase_add_test(tests, a_scalar_is_not_a_shape_without_rank);
    tcase_add_test(tests, open_extents_make_a_shape_unknown);
    tcase_add_test(tests, too_many_elements_are_unknown);
    Suite *suite = suite_create("layer");
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed != 0;
}
