/* SPDX-License-Identifier: Apache-2.0 */
/* Whole graphs: shapes, building, shared layers, nested models, opaque layers, limits. */
#include "layer_fixture.h"

#include "ir/graph.h"

static cnn2snn_layer *input_layer(const char *name, struct c2s_shape shape)
{
    cnn2snn_layer *layer;
    ck_assert_int_eq(c2s_input_layer_create(context, name, &shape, CNN2SNN_DTYPE_NONE, &layer, NULL), CNN2SNN_OK);
    return layer;
}

/* A Sequential of an input and these layers, which it takes. */
static struct c2s_graph *sequential(struct c2s_shape input, size_t count, cnn2snn_layer **layers)
{
    struct c2s_graph *graph;
    cnn2snn_layer *first = input_layer("input", input);
    ck_assert_int_eq(c2s_graph_create_sequential(context, NULL, first, count, layers, &graph, NULL), CNN2SNN_OK);
    c2s_layer_release(first);
    for (size_t i = 0; i < count; i++)
        c2s_layer_release(layers[i]);
    return graph;
}
#define SEQUENTIAL(input, ...)                                                                                       \
    sequential(input, sizeof((cnn2snn_layer *[]){__VA_ARGS__}) / sizeof(cnn2snn_layer *),                            \
               (cnn2snn_layer *[]){__VA_ARGS__})

static cnn2snn_layer *nested(const char *name, struct c2s_graph *graph)
{
    cnn2snn_layer *layer;
    ck_assert_int_eq(c2s_model_layer_create(context, "Sequential", name, graph, NULL, true, &layer, NULL),
                     CNN2SNN_OK);
    c2s_graph_release(graph);
    return layer;
}

static size_t add_layer(struct c2s_graph *graph, cnn2snn_layer *layer)
{
    size_t index;
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

static size_t add_input(struct c2s_graph *graph, const char *name, struct c2s_shape shape)
{
    size_t node = call(graph, add_layer(graph, input_layer(name, shape)), 0, NULL);
    ck_assert_int_eq(c2s_graph_add_input(graph, node, NULL), CNN2SNN_OK);
    return node;
}

static void add_output(struct c2s_graph *graph, size_t node, size_t output)
{
    ck_assert_int_eq(c2s_graph_add_output(graph, (struct c2s_value){node, output}, NULL), CNN2SNN_OK);
}

static struct c2s_graph *functional(void)
{
    struct c2s_graph *graph;
    ck_assert_int_eq(c2s_graph_create(context, "f", false, &graph, NULL), CNN2SNN_OK);
    return graph;
}

static void build(struct c2s_graph *graph)
{
    cnn2snn_error *error = NULL;
    if (c2s_graph_build(graph, &error))
        ck_abort_msg("%s", error->text);
}

static void expect_output(const struct c2s_graph *graph, size_t index, struct c2s_shape expected)
{
    struct c2s_value value = graph->outputs[index];
    expect_same_shape(&graph->nodes[value.node].shapes[value.output], &expected, "output");
}

START_TEST(a_chain_is_built_from_its_input_on)
{
    struct c2s_graph *graph =
        SEQUENTIAL(SHAPE(8, 8, 1), make("Conv2D", "{'filters': 4, 'kernel_size': 3}"),
                   make("BatchNormalization", "{}"), make("Flatten", "{}"), make("Dense", "{'units': 5}"));
    ck_assert_int_eq(c2s_graph_infer_shapes(graph, NULL), CNN2SNN_OK);
    expect_output(graph, 0, SHAPE(5));
    ck_assert(!graph->layers[1]->built);
    build(graph);
    expect_output(graph, 0, SHAPE(5));
    ck_assert_int_eq(graph->layers[4]->weights[0].tensor->shape[0], 144);
    ck_assert(c2s_f32(graph->layers[2]->weights[0].tensor)[3] == 1);
    ck_assert_int_eq(c2s_graph_verify(graph, NULL), CNN2SNN_OK);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(layers_of_other_holders_are_copied_before_they_are_built)
{
    cnn2snn_layer *dense = make("Dense", "{'units': 5}");
    struct c2s_graph *graph = SEQUENTIAL(SHAPE(3), c2s_layer_retain(dense));
    build(graph);
    ck_assert(!dense->built && graph->layers[1]->built);
    ck_assert_ptr_ne(graph->layers[1], dense);
    ck_assert_ptr_eq(graph->layers[1]->attributes, dense->attributes);
    c2s_layer_release(dense);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(a_shared_layer_is_built_once_and_must_fit_each_call)
{
    for (int fits = 0; fits < 2; fits++) {
        struct c2s_graph *graph = functional();
        size_t a = add_input(graph, "a", SHAPE(3)), b = add_input(graph, "b", SHAPE(fits ? 3 : 4));
        size_t dense = add_layer(graph, make("Dense", "{'units': 5}"));
        size_t calls[] = {call(graph, dense, 1, &a), call(graph, dense, 1, &b)};
        add_output(graph, call(graph, add_layer(graph, make("Add", "{}")), 2, calls), 0);
        cnn2snn_error *error = NULL;
        cnn2snn_status status = c2s_graph_build(graph, &error);
        if (fits) {
            ck_assert_int_eq(status, CNN2SNN_OK);
            ck_assert_uint_eq(graph->nodes[calls[1]].call_index, 1);
            expect_output(graph, 0, SHAPE(5));
        } else {
            expect_failure(status, error, CNN2SNN_E_VALUE, "dense: kernel has shape (3, 5), expected (4, 5)");
        }
        c2s_graph_release(graph);
    }
}
END_TEST

START_TEST(weights_of_a_wrong_shape_are_found)
{
    struct c2s_graph *graph = SEQUENTIAL(SHAPE(3), make("Dense", "{'units': 5}"));
    build(graph);
    struct c2s_graph *other = SEQUENTIAL(SHAPE(4), c2s_layer_retain(graph->layers[1]));
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_graph_infer_shapes(other, &error);
    expect_failure(status, error, CNN2SNN_E_VALUE, "dense: kernel has shape (3, 5), expected (4, 5)");
    c2s_graph_release(other);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(nested_models_have_the_outputs_of_their_graph)
{
    struct c2s_graph *inner = functional();
    size_t in = add_input(inner, "in", SHAPE(OPEN, 3));
    add_output(inner, call(inner, add_layer(inner, make("Dense", "{'units': 2}")), 1, &in), 0);
    add_output(inner, call(inner, add_layer(inner, make("Flatten", "{}")), 1, &in), 0);
    struct c2s_graph *outer = functional();
    size_t input = add_input(outer, "input", SHAPE(7, 3));
    size_t model = call(outer, add_layer(outer, nested("inner", inner)), 1, &input);
    ck_assert_uint_eq(outer->nodes[model].output_count, 2);
    add_output(outer, model, 0);
    add_output(outer, model, 1);
    build(outer);
    expect_output(outer, 0, SHAPE(7, 2));
    expect_output(outer, 1, SHAPE(21));
    const cnn2snn_layer *layer = outer->layers[outer->nodes[model].layer];
    ck_assert(layer->built);
    expect_output(layer->graph, 0, SHAPE(OPEN, 2));
    ck_assert_int_eq(c2s_graph_verify(outer, NULL), CNN2SNN_OK);
    c2s_graph_release(outer);
}
END_TEST

START_TEST(a_nested_sequential_without_input_takes_that_of_its_call)
{
    struct c2s_graph *inner = SEQUENTIAL(c2s_shape_unranked(), make("Dense", "{'units': 2}"));
    cnn2snn_layer *model = nested("inner", inner);
    struct c2s_graph *outer = SEQUENTIAL(SHAPE(7, 3), model);
    build(outer);
    expect_output(outer, 0, SHAPE(7, 2));
    expect_output(outer->layers[1]->graph, 0, SHAPE(7, 2));
    ck_assert(outer->layers[1]->built);
    c2s_graph_release(outer);
}
END_TEST

START_TEST(what_a_call_leaves_open_is_what_the_nested_model_declares)
{
    struct c2s_graph *inner = SEQUENTIAL(SHAPE(7, 3), make("Flatten", "{}"));
    struct c2s_graph *outer = SEQUENTIAL(SHAPE(OPEN, 2), nested("inner", inner));
    build(outer);
    expect_output(outer, 0, SHAPE(14));
    c2s_graph_release(outer);
}
END_TEST

START_TEST(a_nested_graph_of_other_holders_stays_as_it_is)
{
    struct c2s_graph *inner = SEQUENTIAL(SHAPE(3), make("Dense", "{'units': 2}"));
    struct c2s_graph *outer = SEQUENTIAL(SHAPE(3), nested("inner", c2s_graph_retain(inner)));
    build(outer);
    ck_assert(!inner->layers[1]->built);
    ck_assert(outer->layers[1]->built && outer->layers[1]->graph->layers[1]->built);
    c2s_graph_release(inner);
    c2s_graph_release(outer);
}
END_TEST

START_TEST(errors_inside_nested_models_name_the_inner_layer)
{
    struct c2s_graph *inner = SEQUENTIAL(SHAPE(5, 5, 1), make("Conv2D", "{'filters': 2, 'kernel_size': 5}"));
    struct c2s_graph *outer = SEQUENTIAL(SHAPE(4, 4, 1), nested("inner", inner));
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_graph_build(outer, &error);
    expect_failure(status, error, CNN2SNN_E_VALUE, "conv2d: a window of 5 on an input of 4");
    c2s_graph_release(outer);
}
END_TEST

static cnn2snn_layer *opaque(void)
{
    return make_from("Mystery", "{}", &(struct c2s_layer_source){.allow_unknown = true});
}

START_TEST(behind_an_opaque_layer_shapes_are_open_and_nothing_is_built)
{
    struct c2s_graph *graph =
        SEQUENTIAL(SHAPE(8, 8, 1), make("Conv2D", "{'filters': 4, 'kernel_size': 3, 'name': 'front'}"), opaque(),
                   make("Conv2D", "{'filters': 4, 'kernel_size': 3, 'name': 'behind'}"),
                   make("BatchNormalization", "{}"), make("Flatten", "{}"), make("Dense", "{'units': 5}"));
    build(graph);
    ck_assert(c2s_shape_is_unranked(&graph->nodes[2].shapes[0]));
    ck_assert(graph->layers[1]->built && !graph->layers[3]->built);
    ck_assert(graph->layers[4]->built); /* its input has four channels in any case */
    ck_assert(!graph->layers[6]->built);
    expect_output(graph, 0, SHAPE(5));
    c2s_graph_release(graph);
}
END_TEST

START_TEST(every_kind_takes_an_input_without_rank)
{
    static const char *const layers[][2] = {
        {"Rescaling", "{'scale': 1}"},
        {"Conv2D", "{'filters': 4, 'kernel_size': 3}"},
        {"SeparableConv2D", "{'filters': 4, 'kernel_size': 3}"},
        {"DepthwiseConv2D", "{'kernel_size': 3}"},
        {"Conv2DTranspose", "{'filters': 4, 'kernel_size': 3}"},
        {"Dense", "{'units': 4}"},
        {"BatchNormalization", "{}"},
        {"BatchNormalization", "{'axis': [1, 2]}"},
        {"ReLU", "{}"},
        {"QuantizedReLU", "{}"},
        {"Activation", "{'activation': 'glu'}"},
        {"Softmax", "{}"},
        {"PReLU", "{}"},
        {"MaxPooling2D", "{}"},
        {"GlobalAveragePooling2D", "{}"},
        {"ZeroPadding2D", "{}"},
        {"Cropping2D", "{}"},
        {"UpSampling2D", "{}"},
        {"Flatten", "{}"},
        {"Reshape", "{'target_shape': [-1, 3]}"},
        {"Permute", "{'dims': [2, 1]}"},
        {"RepeatVector", "{'n': 3}"},
        {"Dropout", "{}"},
        {"Add", "{}"},
        {"Concatenate", "{}"},
    };
    for (size_t i = 0; i < sizeof layers / sizeof *layers; i++) {
        struct c2s_graph *graph = SEQUENTIAL(SHAPE(8, 8, 1), opaque(), make(layers[i][0], layers[i][1]));
        build(graph);
        c2s_graph_release(graph);
    }
}
END_TEST

START_TEST(open_channels_without_an_opaque_layer_are_an_error)
{
    struct c2s_graph *graph = SEQUENTIAL(SHAPE(OPEN, OPEN, OPEN), make("Conv2D", "{'filters': 4, 'kernel_size': 3}"));
    cnn2snn_error *error = NULL;
    ck_assert_int_eq(c2s_graph_infer_shapes(graph, NULL), CNN2SNN_OK);
    cnn2snn_status status = c2s_graph_build(graph, &error);
    expect_failure(status, error, CNN2SNN_E_VALUE, "kernel has shape (3, 3, None, 4)");
    c2s_graph_release(graph);
}
END_TEST

/* A context with other limits. */
static void limit(uint32_t max_nodes, uint32_t max_depth, uint64_t max_total_bytes)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.max_nodes = max_nodes;
    options.max_depth = max_depth;
    options.max_total_bytes = max_total_bytes;
    c2s_context_release(context);
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
}

/* Each model calls the one below twice: 2^depth calls of the innermost layer. */
static struct c2s_graph *doubling(int depth)
{
    struct c2s_graph *graph = SEQUENTIAL(SHAPE(3), make("ReLU", "{}"));
    for (int i = 0; i < depth; i++) {
        struct c2s_graph *outer = functional();
        size_t node = add_input(outer, "in", SHAPE(3)), model = add_layer(outer, nested("inner", graph));
        node = call(outer, model, 1, &node);
        add_output(outer, call(outer, model, 1, &node), 0);
        graph = outer;
    }
    return graph;
}

START_TEST(models_that_multiply_their_calls_are_stopped)
{
    struct c2s_graph *graph = doubling(10);
    ck_assert_int_eq(c2s_graph_infer_shapes(graph, NULL), CNN2SNN_OK);
    c2s_graph_release(graph);
    graph = doubling(150);
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_graph_infer_shapes(graph, &error);
    expect_failure(status, error, CNN2SNN_E_LIMIT, "max_nodes");
    error = NULL;
    status = c2s_graph_build(graph, &error);
    expect_failure(status, error, CNN2SNN_E_LIMIT, "max_nodes");
    c2s_graph_release(graph);
}
END_TEST

START_TEST(nesting_is_bounded)
{
    limit(0, 5, 0);
    struct c2s_graph *graph = doubling(5);
    ck_assert_int_eq(c2s_graph_build(graph, NULL), CNN2SNN_OK);
    c2s_graph_release(graph);
    graph = doubling(6);
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_graph_build(graph, &error);
    expect_failure(status, error, CNN2SNN_E_LIMIT, "max_depth");
    c2s_graph_release(graph);
}
END_TEST

START_TEST(weights_together_are_bounded)
{
    limit(0, 0, 4 * (3 * 5 + 5 + 5 * 6 + 6));
    for (int more = 0; more < 2; more++) {
        struct c2s_graph *graph =
            SEQUENTIAL(SHAPE(3), make("Dense", "{'units': 5, 'name': 'a'}"),
                       make("Dense", more ? "{'units': 7, 'name': 'b'}" : "{'units': 6, 'name': 'b'}"));
        cnn2snn_error *error = NULL;
        cnn2snn_status status = c2s_graph_build(graph, &error);
        if (more)
            expect_failure(status, error, CNN2SNN_E_LIMIT, "b: weights of the model take more than 224 bytes");
        else
            ck_assert_int_eq(status, CNN2SNN_OK);
        c2s_graph_release(graph);
    }
}
END_TEST

int main(void)
{
    return RUN(
        "graph_build", a_chain_is_built_from_its_input_on, layers_of_other_holders_are_copied_before_they_are_built,
        a_shared_layer_is_built_once_and_must_fit_each_call, weights_of_a_wrong_shape_are_found,
        nested_models_have_the_outputs_of_their_graph, what_a_call_leaves_open_is_what_the_nested_model_declares,
        a_nested_sequential_without_input_takes_that_of_its_call, a_nested_graph_of_other_holders_stays_as_it_is,
        errors_inside_nested_models_name_the_inner_layer, behind_an_opaque_layer_shapes_are_open_and_nothing_is_built,
        every_kind_takes_an_input_without_rank, open_channels_without_an_opaque_layer_are_an_error,
        models_that_multiply_their_calls_are_stopped, nesting_is_bounded, weights_together_are_bounded);
}
