/* SPDX-License-Identifier: Apache-2.0 */
/* Derivations of small graphs (support/graphs.h), and what tests say about them. */
#ifndef DERIVE_TESTING_H
#define DERIVE_TESTING_H

#include "../support/graphs.h"

#include <math.h>

#include "derive/derive.h"

static struct c2s_graph *graph;
static struct c2s_derivation *derivation;

/* Derives a graph of support/graphs.h. */
static inline void derive(const char *text)
{
    graph = graph_of(text);
    must(c2s_derive(graph, &derivation, &error));
}

/* In place of derive: a refusal that names the layer. */
static inline void expect_refused(const char *text, cnn2snn_status status, const char *rule, const char *layer)
{
    graph = graph_of(text);
    derivation = (struct c2s_derivation *)&graph;
    refused(c2s_derive(graph, &derivation, &error), status, rule, layer);
    ck_assert_ptr_null(derivation);
    c2s_graph_release(graph);
}

static inline void finish(void)
{
    c2s_derivation_destroy(derivation);
    c2s_graph_release(graph);
}

static inline const struct c2s_derived *derived(const char *name)
{
    return &derivation->nodes[node_named(graph, name)];
}

static inline void tensor_is(const cnn2snn_tensor *tensor, const char *what, size_t count, const double *expected)
{
    ck_assert_msg(tensor != NULL, "no %s", what);
    ck_assert_msg(tensor->count == count, "%s: %zu entries, expected %zu", what, (size_t)tensor->count, count);
    for (size_t i = 0; i < count; i++) {
        double found = c2s_tensor_get_double(tensor, i);
        if (found != expected[i])
            ck_abort_msg("%s: %.9g at %zu, expected %.9g", what, found, i, expected[i]);
    }
}

#define EXPECT(tensor, ...)                                                                                          \
    tensor_is(tensor, #tensor, sizeof((double[]){__VA_ARGS__}) / sizeof(double), (const double[]){__VA_ARGS__})
#define INTEGERS(name, which, ...) EXPECT(derived(name)->integers[which], __VA_ARGS__)
#define ABSENT(name, which) ck_assert_ptr_null(derived(name)->integers[which])

/* A step of float32. */
static inline double f32(double value)
{
    return (double)(float)value;
}

#endif
