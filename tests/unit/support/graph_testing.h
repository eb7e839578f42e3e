/* SPDX-License-Identifier: Apache-2.0 */
/* Graphs put together call by call. */
#ifndef TEST_GRAPH_TESTING_H
#define TEST_GRAPH_TESTING_H

#include "layer_testing.h"

/* A graph in the making; layers are given up to it. */
static inline struct c2s_graph *begin_graph(const char *name)
{
    struct c2s_graph *graph = NULL;
    CHECK_OK(c2s_graph_create(context, name, false, &graph, &error));
    return graph;
}

static inline size_t add_layer(struct c2s_graph *graph, cnn2snn_layer *layer)
{
    size_t index;
    CHECK_OK(c2s_graph_add_layer(graph, layer, &index, &error));
    c2s_layer_release(layer);
    return index;
}

static inline struct c2s_value call_with(struct c2s_graph *graph, size_t layer, size_t count,
                                         const struct c2s_value *inputs)
{
    struct c2s_value out = {0, 0};
    CHECK_OK(c2s_graph_add_node(graph, layer, count, inputs, NULL, &out.node, &error));
    return out;
}

static inline struct c2s_value call_on(struct c2s_graph *graph, size_t layer, struct c2s_value input)
{
    return call_with(graph, layer, 1, &input);
}

/* A new layer called on a value. */
static inline struct c2s_value then(struct c2s_graph *graph, struct c2s_value input, const char *class_name,
                                    const char *config)
{
    return call_on(graph, add_layer(graph, make_layer(class_name, "%s", config)), input);
}

static inline struct c2s_value add_input(struct c2s_graph *graph, const char *name, size_t rank,
                                         const int64_t *extents)
{
    struct c2s_shape shape = {.rank = rank};
    cnn2snn_layer *layer = NULL;
    memcpy(shape.extents, extents, rank * sizeof *extents);
    CHECK_OK(c2s_input_layer_create(context, name, &shape, CNN2SNN_DTYPE_FLOAT32, &layer, &error));
    struct c2s_value value = call_with(graph, add_layer(graph, layer), 0, NULL);
    CHECK_OK(c2s_graph_add_input(graph, value.node, &error));
    return value;
}

#define INPUT(graph, name, ...)                                                                                      \
    add_input(graph, name, sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (const int64_t[]){__VA_ARGS__})

static inline void add_output(struct c2s_graph *graph, struct c2s_value value)
{
    CHECK_OK(c2s_graph_add_output(graph, value, &error));
}

/* Builds, then gives all weights of the graph's own layers values; variances are positive. */
static inline void finish_graph(struct c2s_graph *graph)
{
    CHECK_OK(c2s_graph_build(graph, &error));
    for (size_t l = 0; l < graph->layer_count; l++)
        for (size_t i = 0; i < graph->layers[l]->weight_count; i++) {
            const struct c2s_weight *weight = &graph->layers[l]->weights[i];
            float *values = c2s_f32_writable(weight->tensor);
            random_fill(&randomness, values, weight->tensor->count);
            for (uint64_t k = 0; strstr(weight->name, "variance") && k < weight->tensor->count; k++)
                values[k] = fabsf(values[k]) + 0.1f;
        }
}

#endif
