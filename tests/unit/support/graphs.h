/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small graphs for tests, written as JSON with single quotes:
 *
 *     graph_of("{'input': [4, 4, 2], 'layers': [['Conv2D', {'name': 'c', 'filters': 2, 'kernel_size': 1}]]}")
 *
 * A layer is [class, config], then optionally the names of the layers that it takes (otherwise the one before it),
 * then a list of its weights as flat lists. Weights that aren't given count upwards in eighths. 'name' and 'outputs'
 * of the graph are optional; 'functional' true or names of inputs make it a functional graph.
 */
#ifndef TEST_GRAPHS_H
#define TEST_GRAPHS_H

#include <check.h>
#include <stdlib.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/error_object.h"
#include "ir/graph.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"

static cnn2snn_context *context;
static cnn2snn_error *error;

static void context_setup(void)
{
    error = NULL;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
}

/* An allocator that fails once, at the call that `left` counts down to; below 0: never. */
static int allocations_left = -1;

static inline void *failing_allocate(void *user_data, size_t size, size_t alignment)
{
    if (allocations_left >= 0 && allocations_left-- == 0)
        return NULL;
    return aligned_alloc(alignment, (size + alignment - 1) / alignment * alignment);
}

static inline void failing_deallocate(void *user_data, void *pointer, size_t size, size_t alignment)
{
    free(pointer);
}

/* In place of the context that the fixture made. */
static inline void context_with_failing_allocator(void)
{
    cnn2snn_allocator allocator = {sizeof allocator, NULL, failing_allocate, failing_deallocate};
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    options.allocator = &allocator;
    allocations_left = -1;
    c2s_context_release(context);
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, &options, &context, NULL), CNN2SNN_OK);
}

/* Makes a rewrite with each of its allocations failing once: a clean error, then it works. */
typedef cnn2snn_status (*rewrite_fn)(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                     cnn2snn_error **error);

static inline void fail_each_allocation(rewrite_fn rewrite, const struct c2s_graph *graph)
{
    struct c2s_graph *rewritten = NULL;
    cnn2snn_status status = CNN2SNN_E_NO_MEMORY;
    int count = 0;
    for (; status; count++) {
        ck_assert_int_eq(status, CNN2SNN_E_NO_MEMORY);
        ck_assert_ptr_null(rewritten);
        c2s_error_clear(&error);
        allocations_left = count;
        status = rewrite(graph, &rewritten, &error);
        allocations_left = -1;
    }
    ck_assert_int_gt(count, 20);
    c2s_graph_release(rewritten);
}

/* Everything that a test made must be gone. */
static void context_teardown(void)
{
    if (error)
        c2s_error_destroy(error);
    ck_assert_uint_eq(atomic_load(&context->references), 1);
    c2s_context_release(context);
}

/* Fails with the error's text where a call that must work doesn't. */
#define must(call) must_at(call, #call, __LINE__)
static void must_at(cnn2snn_status status, const char *call, int line)
{
    if (status)
        ck_abort_msg("line %d: %s: status %d: %s", line, call, (int)status,
                     error && error->text ? error->text : "no error");
}

/* Expects a refusal with this status, rule and layer (NULL: none). */
#define refused(call, status, rule, layer) refused_at(call, #call, status, rule, layer, __LINE__)
static inline void refused_at(cnn2snn_status status, const char *call, cnn2snn_status expected, const char *rule,
                       const char *layer, int line)
{
    if (status != expected || !error)
        ck_abort_msg("line %d: %s: status %d, expected %d (%s)", line, call, (int)status, (int)expected,
                     error && error->text ? error->text : "no error");
    ck_assert_int_eq(error->code, expected);
    ck_assert_str_eq(error->rule, rule);
    ck_assert_str_eq(error->layer ? error->layer : "", layer ? layer : "");
    c2s_error_clear(&error);
}

static json_t *json(const char *text)
{
    char *copy = strdup(text);
    json_error_t fault;
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    json_t *value = json_loads(copy, JSON_DECODE_ANY, &fault);
    if (!value)
        ck_abort_msg("%s at %d in %s", fault.text, fault.position, copy);
    free(copy);
    return value;
}

static struct c2s_shape shape_of(const json_t *extents)
{
    struct c2s_shape shape = {.rank = json_array_size(extents)};
    for (size_t i = 0; i < shape.rank; i++)
        shape.extents[i] =
            json_is_null(json_array_get(extents, i)) ? -1 : json_integer_value(json_array_get(extents, i));
    return shape;
}

static cnn2snn_layer *layer_of(const char *class_name, const json_t *config, const cnn2snn_custom_objects *custom)
{
    cnn2snn_layer *layer = NULL;
    struct c2s_layer_source source = {.custom = custom, .allow_unknown = true};
    must(c2s_layer_create(context, class_name, config, &source, &layer, &error));
    return layer;
}

static void add_input_layer(struct c2s_graph *graph, const char *name, const json_t *extents)
{
    cnn2snn_layer *input = NULL;
    struct c2s_shape shape = shape_of(extents);
    size_t layer, node;
    must(c2s_input_layer_create(context, name, &shape, CNN2SNN_DTYPE_FLOAT32, &input, &error));
    must(c2s_graph_add_layer(graph, input, &layer, &error));
    must(c2s_graph_add_node(graph, layer, 0, NULL, NULL, &node, &error));
    must(c2s_graph_add_input(graph, node, &error));
    c2s_layer_release(input);
}

/* The last call of a layer. */
static size_t node_named(const struct c2s_graph *graph, const char *name)
{
    int64_t layer = c2s_graph_find_layer(graph, name);
    for (size_t i = graph->node_count; i-- > 0;)
        if ((int64_t)graph->nodes[i].layer == layer)
            return i;
    ck_abort_msg("no layer %s", name);
}

static void add_described(struct c2s_graph *graph, const json_t *entry, const cnn2snn_custom_objects *custom)
{
    const json_t *names = json_array_get(entry, 2);
    const char *class_name = json_string_value(json_array_get(entry, 0));
    const char *name = json_string_value(json_object_get(json_array_get(entry, 1), "name"));
    struct c2s_value inputs[8] = {{.node = graph->node_count - 1}};
    size_t count = 1;
    int64_t layer = name ? c2s_graph_find_layer(graph, name) : -1;
    if (json_array_size(names)) {
        count = json_array_size(names);
        for (size_t i = 0; i < count; i++)
            inputs[i] = (struct c2s_value){node_named(graph, json_string_value(json_array_get(names, i))), 0};
    }
    if (layer < 0) {
        cnn2snn_layer *made = layer_of(class_name, json_array_get(entry, 1), custom);
        size_t index;
        must(c2s_graph_add_layer(graph, made, &index, &error));
        layer = (int64_t)index;
        c2s_layer_release(made);
    }
    must(c2s_graph_add_node(graph, (size_t)layer, count, inputs, NULL, NULL, &error));
}

/* The graph is not shared yet, so its tensors may be written to. */
static void fill_weights(cnn2snn_layer *layer, const json_t *weights)
{
    for (size_t i = 0; i < layer->weight_count; i++) {
        const json_t *given = json_array_get(weights, i);
        cnn2snn_tensor *tensor = layer->weights[i].tensor;
        if (given)
            ck_assert_uint_eq(json_array_size(given), tensor->count);
        for (uint64_t k = 0; k < tensor->count; k++) {
            const json_t *value = json_array_get(given, k);
            c2s_f32_writable(tensor)[k] =
                given ? (json_is_null(value) ? NAN : (float)json_number_value(value)) : (float)(k % 16 + 1) / 8;
        }
    }
}

static struct c2s_graph *described_graph(const char *text, const cnn2snn_custom_objects *custom)
{
    json_t *description = json(text), *inputs = json_object_get(description, "inputs"), *entry;
    const json_t *layers = json_object_get(description, "layers"), *outputs = json_object_get(description, "outputs");
    bool sequential = !inputs && !json_is_true(json_object_get(description, "functional"));
    const char *name = json_string_value(json_object_get(description, "name")), *key;
    struct c2s_graph *graph = NULL;
    size_t i;
    must(c2s_graph_create(context, name ? name : "net", sequential, &graph, &error));
    if (!inputs)
        add_input_layer(graph, "in", json_object_get(description, "input"));
    json_object_foreach (inputs, key, entry)
        add_input_layer(graph, key, entry);
    json_array_foreach (layers, i, entry)
        add_described(graph, entry, custom);
    if (!outputs)
        must(c2s_graph_add_output(graph, (struct c2s_value){graph->node_count - 1, 0}, &error));
    json_array_foreach (outputs, i, entry)
        must(c2s_graph_add_output(graph, (struct c2s_value){node_named(graph, json_string_value(entry)), 0}, &error));
    must(c2s_graph_verify(graph, &error));
    must(c2s_graph_build(graph, &error));
    json_array_foreach (layers, i, entry) {
        const char *layer_name = json_string_value(json_object_get(json_array_get(entry, 1), "name"));
        int64_t layer = layer_name ? c2s_graph_find_layer(graph, layer_name) : -1;
        if (layer >= 0)
            fill_weights(graph->layers[layer], json_array_get(entry, 3));
    }
    json_decref(description);
    return graph;
}

static inline struct c2s_graph *graph_of(const char *text)
{
    return described_graph(text, NULL);
}

/* A Sequential of these layers. */
static inline struct c2s_graph *sequential(const char *input, const char *layers)
{
    char text[8192];
    ck_assert_int_lt(snprintf(text, sizeof text, "{'input': %s, 'layers': [%s]}", input, layers), sizeof text);
    return graph_of(text);
}

/* InputLayers of the test's graphs take floats: another one for that name, of int16. */
static inline struct c2s_graph *with_integers(struct c2s_graph *graph, const char *name)
{
    cnn2snn_layer *layers[8] = {NULL};
    struct c2s_graph *out = NULL;
    int64_t at = c2s_graph_find_layer(graph, name);
    const struct c2s_input_attributes *attributes = graph->layers[at]->attributes;
    must(c2s_input_layer_create(context, name, &attributes->shape, CNN2SNN_DTYPE_INT16, &layers[at], &error));
    must(c2s_graph_replace_layers(graph, layers, &out, &error));
    c2s_layer_release(layers[at]);
    c2s_graph_release(graph);
    must(c2s_graph_infer_shapes(out, &error));
    return out;
}

static inline const cnn2snn_layer *layer_named(const struct c2s_graph *graph, const char *name)
{
    int64_t layer = c2s_graph_find_layer(graph, name);
    if (layer < 0)
        ck_abort_msg("no layer %s", name);
    return graph->layers[layer];
}

/* The names of the layers, "in c r". */
static inline const char *names_of(const struct c2s_graph *graph)
{
    static char text[4096];
    size_t used = 0;
    for (size_t i = 0; i < graph->layer_count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s%s", i ? " " : "", graph->layers[i]->name);
    return text;
}

static inline void weight_is(const struct c2s_graph *graph, const char *name, size_t index, size_t count,
                             const float *expected)
{
    const cnn2snn_layer *layer = layer_named(graph, name);
    ck_assert_uint_gt(layer->weight_count, index);
    ck_assert_uint_eq(layer->weights[index].tensor->count, count);
    for (size_t i = 0; i < count; i++)
        if (c2s_f32(layer->weights[index].tensor)[i] != expected[i])
            ck_abort_msg("weight %zu of %s: %.9g at %zu, expected %.9g", index, name,
                         (double)c2s_f32(layer->weights[index].tensor)[i], i, (double)expected[i]);
}
#define weight_equals(graph, name, index, ...)                                                                       \
    weight_is(graph, name, index, sizeof((float[]){__VA_ARGS__}) / sizeof(float), (float[]){__VA_ARGS__})

/* A value of the layer's config, as JSON. */
static inline void config_is(const struct c2s_graph *graph, const char *name, const char *key, const char *expected)
{
    json_t *want = json(expected);
    const json_t *found = json_object_get(layer_named(graph, name)->config, key);
    char *text = found ? json_dumps(found, JSON_ENCODE_ANY) : NULL;
    if (!found || !json_equal(found, want))
        ck_abort_msg("%s of %s is %s, expected %s", key, name, text ? text : "absent", expected);
    free(text);
    json_decref(want);
}

#endif
