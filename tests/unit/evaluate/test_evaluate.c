/* SPDX-License-Identifier: Apache-2.0 */
/* Running graphs: the same results however samples and threads are cut, and what goes in and out. */
#include "../support/graph_testing.h"

#include "numeric/custom_objects.h"

static cnn2snn_tensor *run_one(const struct c2s_graph *graph, const cnn2snn_tensor *input, int64_t batch,
                               int32_t threads)
{
    const struct c2s_evaluate_options options = {.batch_size = batch, .threads = threads};
    cnn2snn_tensor *output = NULL;
    CHECK_OK(c2s_graph_evaluate(graph, 1, &input, &options, &output, &error));
    return output;
}

/* Layers of many kinds, a branch, and a layer that is called twice. */
static struct c2s_graph *small_network(void)
{
    struct c2s_graph *graph = begin_graph("small");
    struct c2s_value x = INPUT(graph, "in", 9, 8, 3);
    x = then(graph, x, "Conv2D", "{'name': 'c', 'filters': 20, 'kernel_size': 3, 'padding': 'same'}");
    x = then(graph, x, "BatchNormalization", "{'name': 'b'}");
    x = then(graph, x, "ReLU", "{'name': 'r', 'max_value': 6}");
    size_t shared = add_layer(graph, make_layer("Conv2D", "{'name': 's', 'filters': 20, 'kernel_size': 1}"));
    struct c2s_value once = call_on(graph, shared, x), twice = call_on(graph, shared, once);
    const struct c2s_value branches[] = {x, twice, once};
    x = call_with(graph, add_layer(graph, make_layer("Add", "{'name': 'a'}")), 3, branches);
    x = then(graph, x, "MaxPooling2D", "{'name': 'p'}");
    x = then(graph, x, "SeparableConv2D", "{'name': 'sep', 'filters': 17, 'kernel_size': 3, 'activation': 'swish'}");
    x = then(graph, x, "DepthwiseConv2D", "{'name': 'dw', 'kernel_size': 2, 'padding': 'same'}");
    x = then(graph, x, "QuantizedReLU", "{'name': 'q', 'bitwidth': 4, 'max_value': 3}");
    x = then(graph, x, "Flatten", "{'name': 'f'}");
    x = then(graph, x, "Dense", "{'name': 'd', 'units': 10, 'activation': 'softmax'}");
    add_output(graph, x);
    finish_graph(graph);
    return graph;
}

/* ------------------------------------------------------------------------------------------------ results */

START_TEST(results_are_the_same_for_all_batches_and_threads)
{
    struct c2s_graph *graph = small_network();
    cnn2snn_tensor *x = TENSOR(NULL, 13, 9, 8, 3), *first = run_one(graph, x, 0, 1);
    CHECK_SHAPE(first, 13, 10);
    const int64_t batches[] = {1, 2, 5, 13, 1000};
    for (size_t b = 0; b < 5; b++)
        for (int32_t threads = 1; threads <= 5; threads += 2) {
            cnn2snn_tensor *y = run_one(graph, x, batches[b], threads);
            ck_assert_mem_eq(y->data, first->data, first->size);
            c2s_tensor_release(y);
        }
    c2s_tensor_release(x);
    c2s_tensor_release(first);
    c2s_graph_release(graph);
}
END_TEST

/* The graph's result is that of its layers called by hand. */
START_TEST(values_are_kept_as_long_as_somebody_needs_them)
{
    struct c2s_graph *graph = begin_graph("branches");
    struct c2s_value x = INPUT(graph, "in", 4, 4, 3);
    struct c2s_value a = then(graph, x, "Conv2D", "{'name': 'c', 'filters': 3, 'kernel_size': 1}");
    struct c2s_value b = then(graph, a, "ReLU", "{'name': 'r'}");
    struct c2s_value c = then(graph, b, "Activation", "{'name': 't', 'activation': 'tanh'}");
    struct c2s_value d = then(graph, c, "Reshape", "{'name': 'rs', 'target_shape': [16, 3]}");
    struct c2s_value e = then(graph, d, "Softmax", "{'name': 'so'}");
    struct c2s_value f = then(graph, e, "Reshape", "{'name': 'rb', 'target_shape': [4, 4, 3]}");
    const struct c2s_value sum[] = {x, a, b, c, f};
    add_output(graph, call_with(graph, add_layer(graph, make_layer("Add", "{'name': 'a'}")), 5, sum));
    add_output(graph, d);
    add_output(graph, x);
    add_output(graph, d);
    finish_graph(graph);
    cnn2snn_tensor *in = TENSOR(NULL, 3, 4, 4, 3), *out[4], *values[6] = {c2s_tensor_retain(in)};
    const cnn2snn_tensor *inputs[] = {in};
    CHECK_OK(c2s_graph_evaluate(graph, 1, inputs, NULL, out, &error));
    for (size_t i = 1; i < 6; i++)
        values[i] = call_one(graph->layers[i], values[i - 1]);
    for (size_t n = 0; n < 144; n++) {
        float expected = c2s_f32(values[0])[n] + c2s_f32(values[1])[n];
        expected += c2s_f32(values[2])[n];
        expected += c2s_f32(values[3])[n];
        expected += c2s_f32(values[5])[n];
        check_near(c2s_f32(out[0])[n], expected, 0, "sum", n);
        check_near(c2s_f32(out[1])[n], c2s_f32(values[4])[n], 0, "view", n);
        check_near(c2s_f32(out[2])[n], c2s_f32(in)[n], 0, "input", n);
        check_near(c2s_f32(out[3])[n], c2s_f32(values[4])[n], 0, "view again", n);
    }
    CHECK_SHAPE(out[1], 3, 16, 3);
    for (size_t i = 0; i < 6; i++)
        c2s_tensor_release(values[i]);
    for (size_t i = 0; i < 4; i++)
        c2s_tensor_release(out[i]);
    c2s_tensor_release(in);
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ nested models */

/* (a, b) -> (a + b, a - b) with names of its own. */
static cnn2snn_layer *sum_and_difference(const char *name)
{
    struct c2s_graph *graph = begin_graph(name);
    cnn2snn_layer *layer = NULL;
    const struct c2s_value in[] = {INPUT(graph, "a", -1, 2), INPUT(graph, "b", -1, 2)};
    add_output(graph, call_with(graph, add_layer(graph, make_layer("Add", "{'name': 'sum'}")), 2, in));
    add_output(graph, call_with(graph, add_layer(graph, make_layer("Subtract", "{'name': 'difference'}")), 2, in));
    finish_graph(graph);
    json_t *config = json_pack("{s:s}", "name", name);
    CHECK_OK(c2s_model_layer_create(context, "Functional", name, graph, config, true, &layer, &error));
    json_decref(config);
    c2s_graph_release(graph);
    return layer;
}

static char told[4096];

static cnn2snn_status tell(void *user_data, const char *name, const cnn2snn_tensor *output, cnn2snn_error **error)
{
    size_t used = strlen(told);
    snprintf(told + used, sizeof told - used, "%s %g;", name, c2s_f32(output)[0]);
    if (user_data && !strcmp(name, user_data))
        return c2s_error(context, error, CNN2SNN_E_INDEX, "X-1", "stop at %s", name);
    return CNN2SNN_OK;
}

START_TEST(nested_models_may_be_called_twice_and_have_several_outputs)
{
    struct c2s_graph *graph = begin_graph("outer");
    const struct c2s_value in[] = {INPUT(graph, "x", 1, 2), INPUT(graph, "y", 1, 2)};
    size_t inner = add_layer(graph, sum_and_difference("inner"));
    struct c2s_value first = call_with(graph, inner, 2, in);
    const struct c2s_value outputs[] = {{first.node, 1}, {first.node, 0}}; /* difference, sum */
    struct c2s_value second = call_with(graph, inner, 2, outputs);
    add_output(graph, (struct c2s_value){second.node, 0});
    add_output(graph, (struct c2s_value){second.node, 1});
    finish_graph(graph);
    const float x[] = {5, 7, 1, 2}, y[] = {1, 2, 10, 20}, twice_x[] = {10, 14, 2, 4},
                minus_twice_y[] = {-2, -4, -20, -40};
    cnn2snn_tensor *a = TENSOR(x, 2, 1, 2), *b = TENSOR(y, 2, 1, 2), *out[2];
    const cnn2snn_tensor *inputs[] = {a, b};
    told[0] = 0;
    const struct c2s_evaluate_options options = {.layer_output = tell, .batch_size = 2};
    CHECK_OK(c2s_graph_evaluate(graph, 2, inputs, &options, out, &error));
    check_values(out[0], 4, twice_x, 0);
    check_values(out[1], 4, minus_twice_y, 0);
    ck_assert_str_eq(told, "inner/sum 6;inner/difference 4;inner 6;inner/sum 10;inner/difference -2;inner 10;");
    c2s_tensor_release(a);
    c2s_tensor_release(b);
    c2s_tensor_release(out[0]);
    c2s_tensor_release(out[1]);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(nesting_and_calls_are_limited)
{
    cnn2snn_layer *inner = NULL;
    for (int depth = 0; depth < 40; depth++) { /* each calls the one inside twice: 2^40 calls in all */
        char name[16];
        snprintf(name, sizeof name, "m%d", depth);
        struct c2s_graph *graph = begin_graph(name);
        struct c2s_value x = INPUT(graph, "x", 1);
        size_t layer = add_layer(graph, inner ? inner : make_layer("ReLU", "{'name': 'r'}"));
        x = call_on(graph, layer, call_on(graph, layer, x));
        add_output(graph, x);
        json_t *config = json_object();
        CHECK_OK(c2s_model_layer_create(context, "Functional", name, graph, config, true, &inner, &error));
        json_decref(config);
        c2s_graph_release(graph);
    }
    cnn2snn_tensor *x = TENSOR(NULL, 1, 1), *y = NULL;
    const cnn2snn_tensor *inputs[] = {x};
    CHECK_FAILS(c2s_layer_call(inner, 1, inputs, &y, &error), CNN2SNN_E_LIMIT, "max_nodes");
    c2s_layer_release(inner);
    c2s_tensor_release(x);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ inputs */

/* Takes images of any size with two channels, gives their mean. */
static struct c2s_graph *open_network(void)
{
    struct c2s_graph *graph = begin_graph("open");
    struct c2s_value x = INPUT(graph, "image", -1, -1, 2);
    x = then(graph, x, "Conv2D", "{'name': 'c', 'filters': 3, 'kernel_size': 3}");
    x = then(graph, x, "GlobalAveragePooling2D", "{'name': 'g'}");
    add_output(graph, x);
    finish_graph(graph);
    return graph;
}

START_TEST(open_extents_take_what_comes)
{
    struct c2s_graph *graph = open_network();
    for (int64_t size = 3; size < 9; size++) {
        cnn2snn_tensor *x = TENSOR(NULL, 2, size, size + 1, 2), *y = run_one(graph, x, 0, 1);
        CHECK_SHAPE(y, 2, 3);
        c2s_tensor_release(x);
        c2s_tensor_release(y);
    }
    cnn2snn_tensor *small = TENSOR(NULL, 2, 2, 9, 2), *y = NULL;
    const cnn2snn_tensor *inputs[] = {small};
    CHECK_FAILS(c2s_graph_evaluate(graph, 1, inputs, NULL, &y, &error), CNN2SNN_E_VALUE, "c: ");
    c2s_tensor_release(small);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(a_single_sample_needs_no_batch_axis)
{
    struct c2s_graph *graph = open_network();
    cnn2snn_tensor *x = TENSOR(NULL, 1, 5, 6, 2), *bare = NULL;
    const int64_t shape[] = {5, 6, 2};
    CHECK_OK(c2s_tensor_reshape(x, 3, shape, &bare, &error));
    cnn2snn_tensor *a = run_one(graph, x, 0, 1), *b = run_one(graph, bare, 0, 1);
    CHECK_SHAPE(b, 1, 3);
    ck_assert_mem_eq(a->data, b->data, a->size);
    cnn2snn_tensor *all[] = {x, bare, a, b};
    for (int i = 0; i < 4; i++)
        c2s_tensor_release(all[i]);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(no_samples_give_empty_outputs)
{
    struct c2s_graph *graph = small_network();
    cnn2snn_tensor *x = TENSOR(NULL, 0, 9, 8, 3), *y = run_one(graph, x, 0, 3);
    CHECK_SHAPE(y, 0, 10);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(inputs_of_other_number_types_are_converted)
{
    struct c2s_graph *graph = open_network();
    cnn2snn_tensor *bytes = NULL, *x = NULL;
    const int64_t shape[] = {3, 4, 4, 2};
    CHECK_OK(c2s_tensor_create(context, CNN2SNN_DTYPE_UINT8, 4, shape, &bytes, &error));
    for (size_t i = 0; i < bytes->size; i++)
        ((unsigned char *)bytes->data)[i] = (unsigned char)random_between(&randomness, 0, 255);
    CHECK_OK(c2s_tensor_convert(bytes, CNN2SNN_DTYPE_FLOAT32, &x, &error));
    cnn2snn_tensor *a = run_one(graph, bytes, 2, 1), *b = run_one(graph, x, 2, 1);
    ck_assert_mem_eq(a->data, b->data, a->size);
    cnn2snn_tensor *all[] = {bytes, x, a, b};
    for (int i = 0; i < 4; i++)
        c2s_tensor_release(all[i]);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(inputs_that_do_not_fit_are_refused)
{
    struct c2s_graph *graph = begin_graph("two");
    const struct c2s_value in[] = {INPUT(graph, "first", 3), INPUT(graph, "second", 3)};
    add_output(graph, call_with(graph, add_layer(graph, make_layer("Add", "{'name': 'a'}")), 2, in));
    finish_graph(graph);
    cnn2snn_tensor *good = TENSOR(NULL, 2, 3), *wide = TENSOR(NULL, 2, 4), *more = TENSOR(NULL, 5, 3);
    cnn2snn_tensor *bare = TENSOR(NULL, 3), *deep = TENSOR(NULL, 2, 3, 1), *scalar = make_tensor(0, NULL, NULL), *y;
    const struct {
        const cnn2snn_tensor *inputs[2];
        size_t count;
        const char *part;
    } cases[] = {{{good, good}, 1, "1 inputs, expected 2"},
                 {{wide, good}, 2, "first: input of shape (2, 4), expected (None, 3)"},
                 {{good, deep}, 2, "second: input of shape (2, 3, 1), expected (None, 3)"},
                 {{good, more}, 2, "second: 5 samples, but 2"},
                 {{bare, good}, 2, "first: input of shape (3,)"},
                 {{scalar, good}, 2, "first: input of shape ()"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        y = good;
        CHECK_FAILS(c2s_graph_evaluate(graph, cases[i].count, cases[i].inputs, NULL, &y, &error), CNN2SNN_E_VALUE,
                    cases[i].part);
        ck_assert_ptr_null(y);
    }
    const cnn2snn_tensor *both_bare[] = {bare, bare}, *both[] = {good, good};
    CHECK_OK(c2s_graph_evaluate(graph, 2, both_bare, NULL, &y, &error));
    c2s_tensor_release(y);
    const struct c2s_evaluate_options negative = {.batch_size = -1}, many = {.threads = 5000};
    CHECK_FAILS(c2s_graph_evaluate(graph, 2, both, &negative, &y, &error), CNN2SNN_E_VALUE, "batch_size -1");
    CHECK_FAILS(c2s_graph_evaluate(graph, 2, both, &many, &y, &error), CNN2SNN_E_VALUE, "threads 5000");
    cnn2snn_tensor *all[] = {good, wide, more, bare, deep, scalar};
    for (int i = 0; i < 6; i++)
        c2s_tensor_release(all[i]);
    c2s_graph_release(graph);
}
END_TEST

/* -------------------------------------------------------------------------------------------- layers that can't */

static cnn2snn_layer *make_opaque(void)
{
    const struct c2s_layer_source source = {.allow_unknown = true};
    cnn2snn_layer *layer = NULL;
    json_t *config = json_pack("{s:s}", "name", "riddle");
    CHECK_OK(c2s_layer_create(context, "Sphinx", config, &source, &layer, &error));
    json_decref(config);
    return layer;
}

START_TEST(unknown_classes_are_named_where_they_would_have_to_run)
{
    struct c2s_graph *graph = begin_graph("opaque");
    struct c2s_value x = INPUT(graph, "in", 3);
    struct c2s_value y = call_on(graph, add_layer(graph, make_opaque()), x);
    struct c2s_value z = then(graph, x, "ReLU", "{'name': 'r'}");
    add_output(graph, z);
    cnn2snn_tensor *in = TENSOR(NULL, 2, 3), *out[2] = {NULL, NULL};
    const cnn2snn_tensor *inputs[] = {in};
    CHECK_OK(c2s_graph_evaluate(graph, 1, inputs, NULL, out, &error)); /* nobody needs the riddle solved */
    c2s_tensor_release(out[0]);
    add_output(graph, y);
    CHECK_FAILS(c2s_graph_evaluate(graph, 1, inputs, NULL, out, &error), CNN2SNN_E_UNSUPPORTED,
                "riddle: class Sphinx");
    c2s_tensor_release(in);
    c2s_graph_release(graph);
}
END_TEST

START_TEST(weights_that_do_not_fit_the_input_are_named)
{
    struct c2s_graph *graph = begin_graph("open");
    struct c2s_value x = INPUT(graph, "in", -1);
    cnn2snn_layer *dense = make_layer("Dense", "{'name': 'd', 'units': 2}");
    cnn2snn_tensor *four = TENSOR(NULL, 1, 4), *five = TENSOR(NULL, 1, 5), *y = NULL;
    build_for(dense, four);
    add_output(graph, call_on(graph, add_layer(graph, dense), x));
    y = run_one(graph, four, 0, 1);
    c2s_tensor_release(y);
    const cnn2snn_tensor *inputs[] = {five};
    CHECK_FAILS(c2s_graph_evaluate(graph, 1, inputs, NULL, &y, &error), CNN2SNN_E_VALUE,
                "weight kernel is float32 of shape (4, 2), expected float32 of shape (5, 2)");
    c2s_tensor_release(four);
    c2s_tensor_release(five);
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ callbacks */

START_TEST(the_output_callback_sees_each_layer_of_each_batch_and_may_stop)
{
    struct c2s_graph *graph = begin_graph("callbacks");
    struct c2s_value x = INPUT(graph, "in", 1);
    x = then(graph, x, "Rescaling", "{'name': 'double', 'scale': 2}");
    x = then(graph, x, "ReLU", "{'name': 'relu'}");
    add_output(graph, then(graph, x, "Reshape", "{'name': 'shape', 'target_shape': [1, 1]}"));
    const float values[] = {1, -2, 3};
    cnn2snn_tensor *in = TENSOR(values, 3, 1), *y = NULL;
    const cnn2snn_tensor *inputs[] = {in};
    struct c2s_evaluate_options options = {.batch_size = 2, .layer_output = tell};
    told[0] = 0;
    CHECK_OK(c2s_graph_evaluate(graph, 1, inputs, &options, &y, &error));
    ck_assert_str_eq(told, "double 2;relu 2;shape 2;double 6;relu 6;shape 6;");
    c2s_tensor_release(y);
    options.layer_output_user_data = "relu";
    CHECK_FAILS(c2s_graph_evaluate(graph, 1, inputs, &options, &y, &error), CNN2SNN_E_INDEX, "stop at relu");
    ck_assert_ptr_null(y);
    c2s_tensor_release(in);
    c2s_graph_release(graph);
}
END_TEST

static uint64_t last_done;

static int32_t stop_at_four(void *user_data, const char *stage, uint64_t done, uint64_t total)
{
    (void)user_data;
    ck_assert_str_eq(stage, "evaluate");
    ck_assert_uint_eq(total, 7);
    last_done = done;
    return done == 4;
}

START_TEST(progress_counts_samples_and_may_cancel)
{
    struct c2s_graph *graph = begin_graph("progress");
    add_output(graph, then(graph, INPUT(graph, "in", 1), "ReLU", "{'name': 'r'}"));
    cnn2snn_tensor *in = TENSOR(NULL, 7, 1), *y = NULL;
    const cnn2snn_tensor *inputs[] = {in};
    struct c2s_evaluate_options options = {.batch_size = 3};
    context->progress = stop_at_four;
    CHECK_OK(c2s_graph_evaluate(graph, 1, inputs, &options, &y, &error));
    ck_assert_uint_eq(last_done, 7);
    c2s_tensor_release(y);
    options.batch_size = 2;
    CHECK_FAILS(c2s_graph_evaluate(graph, 1, inputs, &options, &y, &error), CNN2SNN_E_CANCELLED, "evaluate");
    ck_assert_uint_eq(last_done, 4);
    context->progress = NULL;
    c2s_tensor_release(in);
    c2s_graph_release(graph);
}
END_TEST

static int quantizer_calls;

static cnn2snn_status count_scale(void *user_data, cnn2snn_context *c, const char *config, int32_t bitwidth,
                                  const cnn2snn_tensor *weights, cnn2snn_tensor **out_scale, cnn2snn_error **error)
{
    (void)user_data;
    (void)config;
    (void)bitwidth;
    (void)weights;
    quantizer_calls++;
    C2S_TRY(c2s_tensor_create(c, CNN2SNN_DTYPE_FLOAT32, 0, NULL, out_scale, error));
    c2s_f32_writable(*out_scale)[0] = 4;
    return CNN2SNN_OK;
}

START_TEST(weights_are_quantized_once_a_call)
{
    const cnn2snn_quantizer_class callbacks = {sizeof callbacks, NULL, NULL, count_scale, NULL};
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_layer *layer = NULL;
    CHECK_OK(c2s_custom_objects_create(context, &custom, &error));
    CHECK_OK(c2s_custom_objects_add(custom, "Counting", C2S_CUSTOM_QUANTIZER, &callbacks, &error));
    const struct c2s_layer_source source = {.custom = custom};
    json_t *config = json_pack("{s:s, s:i, s:b, s:{s:s, s:{s:i}}}", "name", "d", "units", 3, "use_bias", 0,
                               "quantizer", "class_name", "Counting", "config", "bitwidth", 4);
    CHECK_OK(c2s_layer_create(context, "QuantizedDense", config, &source, &layer, &error));
    json_decref(config);
    c2s_custom_objects_destroy(custom);
    struct c2s_graph *graph = begin_graph("quantized");
    struct c2s_value x = INPUT(graph, "in", 3);
    size_t index = add_layer(graph, layer);
    add_output(graph, call_on(graph, index, call_on(graph, index, x)));
    finish_graph(graph);
    cnn2snn_tensor *in = TENSOR(NULL, 5, 3);
    quantizer_calls = 0;
    cnn2snn_tensor *y = run_one(graph, in, 1, 1);
    ck_assert_int_eq(quantizer_calls, 1);
    c2s_tensor_release(y);
    c2s_tensor_release(in);
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ memory */

START_TEST(memory_is_limited)
{
    struct c2s_graph *graph = begin_graph("large");
    struct c2s_value x = INPUT(graph, "in", 1, 1, 1);
    x = then(graph, x, "UpSampling2D", "{'name': 'u', 'size': [20000, 20000]}");
    add_output(graph, then(graph, x, "GlobalAveragePooling2D", "{'name': 'g'}"));
    cnn2snn_tensor *in = TENSOR(NULL, 1, 1, 1, 1), *y = NULL;
    const cnn2snn_tensor *inputs[] = {in};
    context->max_total_bytes = 1000 << 20;
    CHECK_FAILS(c2s_graph_evaluate(graph, 1, inputs, NULL, &y, &error), CNN2SNN_E_LIMIT, "max_total_bytes");
    context->max_tensor_elements = 1 << 20;
    CHECK_FAILS(c2s_graph_evaluate(graph, 1, inputs, NULL, &y, &error), CNN2SNN_E_LIMIT, "u: ");
    c2s_tensor_release(in);
    c2s_graph_release(graph);
}
END_TEST

static size_t allowed;

static void *allocate_some(void *user_data, size_t size, size_t alignment)
{
    (void)user_data;
    void *pointer = NULL;
    if (!allowed)
        return NULL;
    allowed--;
    return posix_memalign(&pointer, alignment, size) ? NULL : pointer;
}

static void deallocate(void *user_data, void *pointer, size_t size, size_t alignment)
{
    (void)user_data;
    (void)size;
    (void)alignment;
    free(pointer);
}

START_TEST(memory_may_end_at_any_moment)
{
    const cnn2snn_allocator allocator = {sizeof allocator, NULL, allocate_some, deallocate};
    cnn2snn_context_options options;
    c2s_context_options_defaults(&options);
    options.allocator = &allocator;
    allowed = SIZE_MAX;
    drop_context();
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
    struct c2s_graph *graph = small_network();
    cnn2snn_tensor *x = TENSOR(NULL, 3, 9, 8, 3), *y = NULL;
    const cnn2snn_tensor *inputs[] = {x};
    const struct c2s_evaluate_options settings = {.layer_output = tell, .threads = 2};
    cnn2snn_status status = CNN2SNN_E_NO_MEMORY;
    size_t allocations = 0;
    for (; status; allocations++) {
        cnn2snn_error *error = NULL;
        allowed = allocations;
        told[0] = 0;
        status = c2s_graph_evaluate(graph, 1, inputs, &settings, &y, &error);
        allowed = SIZE_MAX;
        ck_assert(status == CNN2SNN_OK || status == CNN2SNN_E_NO_MEMORY);
        ck_assert(!status == !error && !status == (y != NULL));
        c2s_error_destroy(error);
    }
    ck_assert_uint_gt(allocations, 50);
    c2s_tensor_release(x);
    c2s_tensor_release(y);
    c2s_graph_release(graph);
}
END_TEST

/* ------------------------------------------------------------------------------------------------ single layers */

START_TEST(a_layer_that_is_not_built_has_initial_weights)
{
    cnn2snn_layer *dense = make_layer("Dense", "{'units': 2}");
    cnn2snn_layer *norm = make_layer("BatchNormalization", "{'epsilon': 0}");
    const float values[] = {1, 2, 3}, zeros[] = {0, 0};
    cnn2snn_tensor *x = TENSOR(values, 1, 3), *a = call_one(dense, x), *b = call_one(norm, x);
    check_values(a, 2, zeros, 0);
    check_values(b, 3, values, 1e-6);
    ck_assert(!dense->built && dense->weight_count == 0);
    c2s_tensor_release(x);
    c2s_tensor_release(a);
    c2s_tensor_release(b);
    c2s_layer_release(dense);
    c2s_layer_release(norm);
}
END_TEST

START_TEST(single_layers_check_their_inputs)
{
    cnn2snn_layer *layer = make_layer("Add", "{'name': 'a'}");
    cnn2snn_layer *riddle = make_opaque();
    cnn2snn_tensor *two = TENSOR(NULL, 2, 3), *three = TENSOR(NULL, 3, 3), *scalar = make_tensor(0, NULL, NULL), *y;
    const cnn2snn_tensor *batches[] = {two, three}, *scalars[] = {scalar, scalar};
    CHECK_FAILS(c2s_layer_call(layer, 0, NULL, &y, &error), CNN2SNN_E_VALUE, "a: no inputs");
    CHECK_FAILS(c2s_layer_call(layer, 2, batches, &y, &error), CNN2SNN_E_VALUE, "batch axis");
    CHECK_FAILS(c2s_layer_call(layer, 2, scalars, &y, &error), CNN2SNN_E_VALUE, "batch axis");
    CHECK_FAILS(c2s_layer_call(riddle, 1, batches, &y, &error), CNN2SNN_E_UNSUPPORTED, "Sphinx");
    c2s_tensor_release(two);
    c2s_tensor_release(three);
    c2s_tensor_release(scalar);
    c2s_layer_release(layer);
    c2s_layer_release(riddle);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("evaluate");
    TCase *tests = tcase_create("evaluate");
    tcase_add_test(tests, results_are_the_same_for_all_batches_and_threads);
    tcase_add_test(tests, values_are_kept_as_long_as_somebody_needs_them);
    tcase_add_test(tests, nested_models_may_be_called_twice_and_have_several_outputs);
    tcase_add_test(tests, nesting_and_calls_are_limited);
    tcase_add_test(tests, open_extents_take_what_comes);
    tcase_add_test(tests, a_single_sample_needs_no_batch_axis);
    tcase_add_test(tests, no_samples_give_empty_outputs);
    tcase_add_test(tests, inputs_of_other_number_types_are_converted);
    tcase_add_test(tests, inputs_that_do_not_fit_are_refused);
    tcase_add_test(tests, unknown_classes_are_named_where_they_would_have_to_run);
    tcase_add_test(tests, weights_that_do_not_fit_the_input_are_named);
    tcase_add_test(tests, the_output_callback_sees_each_layer_of_each_batch_and_may_stop);
    tcase_add_test(tests, progress_counts_samples_and_may_cancel);
    tcase_add_test(tests, weights_are_quantized_once_a_call);
    tcase_add_test(tests, memory_is_limited);
    tcase_add_test(tests, memory_may_end_at_any_moment);
    tcase_add_test(tests, a_layer_that_is_not_built_has_initial_weights);
    tcase_add_test(tests, single_layers_check_their_inputs);
    return run_suite(suite, tests);
}
