/* SPDX-License-Identifier: Apache-2.0 */
/* Small models for tests, from class names and configs (JSON with single quotes). */
#ifndef SMALL_MODELS_H
#define SMALL_MODELS_H

#include <check.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/json.h"
#include "ir/graph.h"
#include "layers/layer_kind.h"
#include "plan/plan.h"

struct small_layer {
    const char *class_name, *config;
};

/* Weight values of a layer of a small model. */
struct small_weight {
    const char *layer, *weight;
    size_t count;
    const float *values;
};

#define QUANTIZER(bits) "{'class_name': 'MaxPerAxisQuantizer', 'config': {'bitwidth': " #bits "}}"
#define MAX_QUANTIZER(bits) "{'class_name': 'MaxQuantizer', 'config': {'bitwidth': " #bits "}}"
/* Quantized layers; `more` is "" or ", 'key': value". */
#define QCONV(name, filters, kernel, bits, more)                                                                     \
    {                                                                                                                \
        "QuantizedConv2D", "{'name': '" name "', 'filters': " #filters ", 'kernel_size': " #kernel                   \
                           ", 'quantizer': " QUANTIZER(bits) more "}"                                                \
    }
#define QDENSE(name, units, bits, more)                                                                              \
    {                                                                                                                \
        "QuantizedDense", "{'name': '" name "', 'units': " #units ", 'quantizer': " QUANTIZER(bits) more "}"         \
    }
#define QRELU(name, bits, max)                                                                                       \
    {                                                                                                                \
        "QuantizedReLU", "{'name': '" name "', 'bitwidth': " #bits ", 'max_value': " #max "}"                        \
    }
#define NAMED(class_name, name, more)                                                                                \
    {                                                                                                                \
        class_name, "{'name': '" name "'" more "}"                                                                   \
    }

static inline cnn2snn_context *small_context(void)
{
    cnn2snn_context *context = NULL;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
    return context;
}

/* A call that must succeed; `error` is looked at afterwards. */
#define small_ok(call, error)                                                                                        \
    do {                                                                                                             \
        cnn2snn_status small_status = (call);                                                                        \
        ck_assert_msg(small_status == CNN2SNN_OK, "%s", cnn2snn_error_get_text(error));                              \
    } while (0)

static inline json_t *small_json(cnn2snn_context *context, const char *text)
{
    char copy[2048];
    size_t size = strlen(text);
    ck_assert_uint_lt(size, sizeof copy);
    for (size_t i = 0; i <= size; i++)
        copy[i] = text[i];
    for (size_t i = 0; i < size; i++)
        if (copy[i] == '\'')
            copy[i] = '"';
    json_t *json = NULL;
    cnn2snn_error *error = NULL;
    small_ok(c2s_json_parse(context, copy, size, "config", &json, &error), error);
    return json;
}

static inline cnn2snn_layer *small_layer_create(cnn2snn_context *context, struct small_layer row,
                                                const cnn2snn_custom_objects *custom)
{
    struct c2s_layer_source source = {.custom = custom, .allow_unknown = true, .keras_generation = 2};
    json_t *config = small_json(context, row.config);
    cnn2snn_layer *layer = NULL;
    cnn2snn_error *error = NULL;
    small_ok(c2s_layer_create(context, row.class_name, config, &source, &layer, &error), error);
    json_decref(config);
    return layer;
}

static inline cnn2snn_layer *small_input(cnn2snn_context *context, const char *name, struct c2s_shape shape)
{
    cnn2snn_layer *layer = NULL;
    small_ok(c2s_input_layer_create(context, name, &shape, CNN2SNN_DTYPE_FLOAT32, &layer, NULL), NULL);
    return layer;
}

/* A Sequential without weights yet. */
static inline struct c2s_graph *small_shaped_model(cnn2snn_context *context, struct c2s_shape shape, size_t count,
                                                   const struct small_layer *rows,
                                                   const cnn2snn_custom_objects *custom)
{
    cnn2snn_layer *input = small_input(context, "in", shape), *layers[16];
    ck_assert_uint_le(count, 16);
    for (size_t i = 0; i < count; i++)
        layers[i] = small_layer_create(context, rows[i], custom);
    struct c2s_graph *graph = NULL;
    cnn2snn_error *error = NULL;
    small_ok(c2s_graph_create_sequential(context, "small", input, count, layers, &graph, &error), error);
    c2s_layer_release(input);
    for (size_t i = 0; i < count; i++)
        c2s_layer_release(layers[i]);
    small_ok(c2s_graph_infer_shapes(graph, &error), error);
    return graph;
}

/* The tensor of a weight, which nobody else holds in these tests: it may be written. */
static inline cnn2snn_tensor *small_weight(const struct c2s_graph *graph, const char *layer, const char *weight)
{
    int64_t index = c2s_graph_find_layer(graph, layer);
    ck_assert_int_ge(index, 0);
    const cnn2snn_layer *found = graph->layers[index];
    for (size_t i = 0; i < found->weight_count; i++)
        if (!strcmp(found->weights[i].name, weight))
            return found->weights[i].tensor;
    ck_abort_msg("%s has no %s", layer, weight);
    return NULL;
}

/* A Sequential; kernels are 1, 2, 3, 1, 2, 3, ... and other weights as they begin. */
static inline struct c2s_graph *small_custom_model(cnn2snn_context *context, struct c2s_shape shape, size_t count,
                                                   const struct small_layer *rows,
                                                   const cnn2snn_custom_objects *custom)
{
    struct c2s_graph *graph = small_shaped_model(context, shape, count, rows, custom);
    cnn2snn_error *error = NULL;
    small_ok(c2s_graph_build(graph, &error), error);
    for (size_t i = 0; i < graph->layer_count; i++)
        for (size_t j = 0; j < graph->layers[i]->weight_count; j++) {
            const struct c2s_weight *weight = &graph->layers[i]->weights[j];
            if (strstr(weight->name, "kernel"))
                for (uint64_t k = 0; k < weight->tensor->count; k++)
                    c2s_f32_writable(weight->tensor)[k] = (float)(k % 3 + 1);
        }
    return graph;
}

static inline struct c2s_graph *small_model(cnn2snn_context *context, struct c2s_shape shape, size_t count,
                                            const struct small_layer *rows)
{
    return small_custom_model(context, shape, count, rows, NULL);
}

static inline void small_set_weight(const struct c2s_graph *graph, struct small_weight row)
{
    cnn2snn_tensor *tensor = small_weight(graph, row.layer, row.weight);
    ck_assert_uint_eq(tensor->count, row.count);
    for (size_t i = 0; i < row.count; i++)
        c2s_f32_writable(tensor)[i] = row.values[i];
}

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

#endif
