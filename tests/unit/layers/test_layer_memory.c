/* SPDX-License-Identifier: Apache-2.0 */
/* Every allocation of making, building and remaking layers fails once: a clean error, and nothing is left behind. */
#include "layer_fixture.h"

#include "ir/graph.h"

static size_t left_to_give, blocks;

static void *give(void *user_data, size_t size, size_t alignment)
{
    (void)user_data;
    if (!left_to_give)
        return NULL;
    left_to_give--;
    void *block = aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
    ck_assert_ptr_nonnull(block);
    blocks++;
    return block;
}

static void take(void *user_data, void *pointer, size_t size, size_t alignment)
{
    (void)user_data, (void)size, (void)alignment;
    blocks--;
    free(pointer);
}

typedef cnn2snn_status scenario_fn(cnn2snn_error **error);

/* Runs it with 0, 1, 2, ... allocations granted, until it succeeds. */
static void fail_each_allocation(scenario_fn *scenario)
{
    cnn2snn_allocator allocator = {sizeof allocator, NULL, give, take};
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.allocator = &allocator;
    c2s_context_release(context);
    left_to_give = SIZE_MAX;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
    size_t before = blocks;
    cnn2snn_status status = CNN2SNN_E_NO_MEMORY;
    for (size_t granted = 0; status; granted++) {
        cnn2snn_error *error = NULL;
        left_to_give = granted;
        status = scenario(&error);
        left_to_give = SIZE_MAX;
        if (status && status != CNN2SNN_E_NO_MEMORY)
            ck_abort_msg("%zu allocations granted: %s", granted, error ? error->text : "no error object");
        ck_assert(!status == !error);
        c2s_error_destroy(error);
        ck_assert_uint_eq(blocks, before);
        ck_assert_uint_lt(granted, 10000);
    }
}

static cnn2snn_status make_and_build(const char *class_name, const char *text, struct c2s_shape input,
                                     cnn2snn_error **error)
{
    size_t granted = left_to_give;
    cnn2snn_layer *layer = NULL, *other = NULL, *copy = NULL;
    json_t *said = NULL;
    left_to_give = SIZE_MAX;
    json_t *config = json(text);
    left_to_give = granted;
    cnn2snn_status status =
        c2s_layer_create(context, class_name, config, &(struct c2s_layer_source){.constructed = true}, &layer, error);
    json_decref(config);
    if (!status)
        status = c2s_layer_build(layer, 1, &input, error);
    if (!status)
        status = c2s_layer_get_config(layer, &said, error);
    if (!status)
        status = c2s_layer_with_config(layer, NULL, said, NULL, &other, error);
    if (!status)
        status = c2s_layer_copy(other, &copy, error);
    json_decref(said);
    c2s_layer_release(layer);
    c2s_layer_release(other);
    c2s_layer_release(copy);
    return status;
}

static cnn2snn_status separable(cnn2snn_error **error)
{
    return make_and_build(
        "QuantizedSeparableConv2D",
        "{'filters': 2, 'kernel_size': 3, 'quantizer': {'class_name': 'MaxQuantizer', 'config': {'bitwidth': 4}}}",
        SHAPE(8, 8, 3), error);
}

static cnn2snn_status batchnorm(cnn2snn_error **error)
{
    return make_and_build("BatchNormalization", "{}", SHAPE(8, 3), error);
}

static cnn2snn_status rescaling(cnn2snn_error **error)
{
    return make_and_build("Rescaling", "{'scale': [1, 2], 'offset': 3}", SHAPE(8, 2), error);
}

static cnn2snn_status relu(cnn2snn_error **error)
{
    return make_and_build("QuantizedReLU", "{'bitwidth': 4}", SHAPE(8), error);
}

/* An input, a Dense layer, and these layers in a graph that is built. */
static cnn2snn_status build_around(cnn2snn_layer *nested, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct c2s_shape shape = SHAPE(3);
    cnn2snn_layer *input = NULL, *layers[2] = {NULL, nested};
    size_t granted = left_to_give;
    left_to_give = SIZE_MAX;
    json_t *config = json("{'units': 3, 'name': 'dense'}");
    left_to_give = granted;
    cnn2snn_status status = c2s_input_layer_create(context, "in", &shape, CNN2SNN_DTYPE_NONE, &input, error);
    if (!status)
        status = c2s_layer_create(context, "Dense", config, NULL, &layers[0], error);
    if (!status)
        status = c2s_graph_create_sequential(context, NULL, input, nested ? 2 : 1, layers, out_graph, error);
    json_decref(config);
    c2s_layer_release(input);
    c2s_layer_release(layers[0]);
    return status;
}

static cnn2snn_status graphs(cnn2snn_error **error)
{
    struct c2s_graph *inner = NULL, *outer = NULL, *other = NULL;
    cnn2snn_layer *layer = NULL;
    cnn2snn_status status = build_around(NULL, &inner, error);
    if (!status)
        status = c2s_model_layer_create(context, "Sequential", "inner", inner, NULL, true, &layer, error);
    if (!status)
        status = build_around(layer, &outer, error);
    if (!status)
        status = c2s_graph_verify(outer, error);
    if (!status)
        status = c2s_graph_build(outer, error);
    if (!status)
        status = c2s_graph_replace_layers(outer, NULL, &other, error);
    if (!status)
        status = c2s_graph_infer_shapes(other, error);
    c2s_layer_release(layer);
    c2s_graph_release(inner);
    c2s_graph_release(outer);
    c2s_graph_release(other);
    return status;
}

static cnn2snn_status refused(cnn2snn_error **error)
{
    cnn2snn_status status = make_and_build("Dense", "{'units': 'many, many, many'}", SHAPE(3), error);
    if (status != CNN2SNN_E_TYPE)
        return status;
    if (!error || !*error)
        return CNN2SNN_E_TYPE;
    c2s_error_destroy(*error);
    *error = NULL;
    return CNN2SNN_OK;
}

START_TEST(layers_fail_cleanly)
{
    fail_each_allocation(separable);
    fail_each_allocation(batchnorm);
    fail_each_allocation(rescaling);
    fail_each_allocation(relu);
}
END_TEST

START_TEST(graphs_fail_cleanly)
{
    fail_each_allocation(graphs);
}
END_TEST

START_TEST(errors_fail_cleanly)
{
    fail_each_allocation(refused);
}
END_TEST

int main(void)
{
    return RUN("layer_memory", layers_fail_cleanly, graphs_fail_cleanly, errors_fail_cleanly);
}
