/* SPDX-License-Identifier: Apache-2.0 */
/* Memory of plans: as little as a graph needs, and never one place for two values that are alive. */
#include "../support/graph_testing.h"

#include "evaluate/execution_plan.h"

static struct c2s_execution_plan *plan_of(struct c2s_graph *graph, const struct c2s_shape *shape)
{
    struct c2s_execution_plan *plan = NULL;
    CHECK_OK(c2s_execution_plan_create(graph, shape, NULL, true, false, &plan, &error));
    return plan;
}

START_TEST(a_chain_needs_two_places)
{
    const struct c2s_shape shape = {3, {8, 8, 4}};
    struct c2s_graph *graph = begin_graph("chain");
    struct c2s_value x = INPUT(graph, "in", 8, 8, 4);
    for (int i = 0; i < 10; i++) {
        char name[64];
        snprintf(name, sizeof name, "{'name': 'c%d', 'filters': 4, 'kernel_size': 1}", i);
        x = then(graph, x, "Conv2D", name);
        snprintf(name, sizeof name, "{'name': 'r%d'}", i);
        x = then(graph, x, "ReLU", name);
        snprintf(name, sizeof name, "{'name': 'd%d', 'rate': 0.5}", i);
        x = then(graph, x, "Dropout", name);
    }
    add_output(graph, x);
    finish_graph(graph);
    struct c2s_execution_plan *plan = plan_of(graph, &shape);
    ck_assert_uint_eq(plan->slot_count, 2);
    ck_assert_uint_eq(plan->slots[0], 256);
    ck_assert_uint_eq(plan->slots[1], 256);
    c2s_execution_plan_destroy(plan);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(calls_that_no_output_needs_are_left_out)
{
    const struct c2s_shape shape = {1, {4}};
    struct c2s_graph *graph = begin_graph("dead");
    struct c2s_value x = INPUT(graph, "in", 4);
    struct c2s_value y = then(graph, x, "ReLU", "{'name': 'r'}");
    then(graph, y, "Dense", "{'name': 'd', 'units': 100}");
    add_output(graph, y);
    finish_graph(graph);
    struct c2s_execution_plan *plan = plan_of(graph, &shape);
    ck_assert_uint_eq(plan->step_count, 1);
    ck_assert_uint_eq(plan->op_count, 1);
    c2s_execution_plan_destroy(plan);
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ random graphs */

enum { VALUES = 40 };

/* A layer of one or two inputs, all of whose values have 24 elements in one of two shapes. */
static struct c2s_value add_random(struct c2s_graph *graph, int number, const struct c2s_value *values, int count,
                                   bool *flat)
{
    int a = (int)random_between(&randomness, count > 6 ? count - 6 : 0, count - 1), b = a;
    for (int tries = 0; tries < 10 && (b == a || flat[b] != flat[a]); tries++)
        b = (int)random_between(&randomness, 0, count - 1);
    if (flat[b] != flat[a])
        b = a;
    char name[96];
    const struct c2s_value both[] = {values[a], values[b], values[a]};
    flat[count] = flat[a];
    switch (random_between(&randomness, 0, 6)) {
    case 0:
    case 1:
        snprintf(name, sizeof name, "{'name': 'r%d', 'negative_slope': 0.5}", number);
        return then(graph, values[a], "ReLU", name);
    case 2:
        snprintf(name, sizeof name, "{'name': 's%d', 'scale': -0.75, 'offset': 0.25}", number);
        return then(graph, values[a], "Rescaling", name);
    case 3:
        flat[count] = !flat[a];
        snprintf(name, sizeof name, "{'name': 'v%d', 'target_shape': %s}", number, flat[a] ? "[4, 6]" : "[24]");
        return then(graph, values[a], "Reshape", name);
    case 4:
        snprintf(name, sizeof name, "{'name': 'd%d', 'rate': 0.5}", number);
        return then(graph, values[a], "Dropout", name);
    case 5:
        snprintf(name, sizeof name, "{'name': 'x%d'}", number);
        return call_with(graph, add_layer(graph, make_layer("Maximum", "%s", name)), 2, both);
    default:
        snprintf(name, sizeof name, "{'name': 'm%d'}", number);
        return call_with(graph, add_layer(graph, make_layer("Average", "%s", name)), 3, both);
    }
}

/* Every value of the graph by calling its layers one by one. */
static void call_by_hand(const struct c2s_graph *graph, cnn2snn_tensor **values)
{
    for (size_t n = 1; n < graph->node_count; n++) {
        const cnn2snn_tensor *inputs[3];
        for (size_t i = 0; i < graph->nodes[n].input_count; i++)
            inputs[i] = values[graph->nodes[n].inputs[i].node];
        values[n] = call_layer(graph->layers[graph->nodes[n].layer], graph->nodes[n].input_count, inputs);
    }
}

START_TEST(random_graphs_equal_their_layers_called_by_hand)
{
    for (int round = 0; round < 150; round++) {
        struct c2s_graph *graph = begin_graph("random");
        struct c2s_value values[VALUES + 1] = {INPUT(graph, "in", 24)};
        bool flat[VALUES + 1] = {true};
        cnn2snn_tensor *by_hand[VALUES + 1] = {TENSOR(NULL, 3, 24)}, *outputs[4];
        int count = 1, used = (int)random_between(&randomness, 2, VALUES);
        for (; count < used; count++)
            values[count] = add_random(graph, count, values, count, flat);
        for (int i = 0; i < 4; i++)
            add_output(graph, i ? values[random_between(&randomness, 0, count - 1)] : values[count - 1]);
        finish_graph(graph);
        call_by_hand(graph, by_hand);
        const struct c2s_evaluate_options options = {.batch_size = 1 + round % 3};
        CHECK_OK(c2s_graph_evaluate(graph, 1, (const cnn2snn_tensor *const *)by_hand, &options, outputs, &error));
        for (int i = 0; i < 4; i++) {
            const cnn2snn_tensor *expected = by_hand[graph->outputs[i].node];
            ck_assert(c2s_tensor_same_shape(outputs[i], expected));
            for (size_t n = 0; n < expected->count; n++)
                check_near(c2s_f32(outputs[i])[n], c2s_f32(expected)[n], 0, "output", n);
            c2s_tensor_release(outputs[i]);
        }
        for (int i = 0; i < count; i++)
            c2s_tensor_release(by_hand[i]);
        c2s_graph_release(graph);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("execution_plan");
    TCase *tests = tcase_create("execution_plan");
    tcase_add_test(tests, a_chain_needs_two_places);
    tcase_add_test(tests, calls_that_no_output_needs_are_left_out);
    tcase_add_test(tests, random_graphs_equal_their_layers_called_by_hand);
    return run_suite(suite, tests);
}
