/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What rewrites share. A layer that belongs to a graph never changes: who wants another config makes the layer again,
 * with the custom classes that the old one was made of, since those are known to the layer only.
 */
#include "transform/rewrite.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/report.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"

/* The name that Keras gives to the first Sequential of a process; the reference's depends on what was made before. */
#define REBUILT_NAME "sequential"

void c2s_layer_list_init(struct c2s_layer_list *list, cnn2snn_context *context)
{
    *list = (struct c2s_layer_list){.context = context};
}

void c2s_layer_list_free(struct c2s_layer_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        c2s_layer_release(list->layers[i]);
    c2s_free(list->context, list->layers);
    c2s_layer_list_init(list, list->context);
}

cnn2snn_status c2s_layer_list_add_take(struct c2s_layer_list *list, cnn2snn_layer *layer, cnn2snn_error **error)
{
    if (c2s_array_reserve(list->context, &list->layers, &list->capacity, list->count + 1, sizeof(*list->layers))) {
        c2s_layer_release(layer);
        return c2s_error_no_memory(error);
    }
    list->layers[list->count++] = layer;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_list_add(struct c2s_layer_list *list, const cnn2snn_layer *layer, cnn2snn_error **error)
{
    return c2s_layer_list_add_take(list, c2s_layer_retain(layer), error);
}

cnn2snn_status c2s_require_sequential(const struct c2s_graph *graph, const char *what, cnn2snn_error **error)
{
    if (graph->sequential)
        return CNN2SNN_OK;
    return c2s_advise(error,
                      c2s_error(graph->context, error, CNN2SNN_E_NOT_SEQUENTIAL, "L-E",
                                "%s: model %s is functional, expected a Sequential", what, graph->name),
                      "sequentialize it first (transform sequentialize)");
}

const struct c2s_shape *c2s_sequential_input_shape(const struct c2s_graph *graph, size_t index)
{
    return &graph->nodes[index - 1].shapes[0];
}

/* Hands a new graph on when its shapes fit. */
static cnn2snn_status infer_and_give(struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    cnn2snn_status status = c2s_graph_infer_shapes(graph, error);
    if (status)
        c2s_graph_release(graph);
    else
        *out_graph = graph;
    return status;
}

cnn2snn_status c2s_rewrite_pairs(const struct c2s_graph *graph, const char *what, c2s_pair_test_fn is_pair,
                                 c2s_pair_fn replace, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct c2s_layer_list list;
    cnn2snn_status status = CNN2SNN_OK;
    C2S_TRY(c2s_require_sequential(graph, what, error));
    c2s_layer_list_init(&list, graph->context);
    for (size_t i = 1; i < graph->layer_count; i++) {
        if (i + 1 < graph->layer_count && is_pair(graph, i)) {
            C2S_GOTO(replace(&list, graph, i, error));
            i++;
        } else {
            C2S_GOTO(c2s_layer_list_add(&list, graph->layers[i], error));
        }
    }
    status = c2s_sequential_rebuild(graph, &list, out_graph, error);
done:
    c2s_layer_list_free(&list);
    return status;
}

cnn2snn_status c2s_graph_with_layers(const struct c2s_graph *graph, cnn2snn_layer *const *layers,
                                     struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct c2s_graph *result = NULL;
    C2S_TRY(c2s_graph_replace_layers(graph, layers, &result, error));
    return infer_and_give(result, out_graph, error);
}

cnn2snn_status c2s_graph_fill_layers(const struct c2s_graph *graph, c2s_fill_layers_fn fill, void *user_data,
                                     struct c2s_graph **out_graph, cnn2snn_error **error)
{
    cnn2snn_layer **layers = c2s_calloc(graph->context, graph->layer_count, sizeof(*layers));
    if (!layers)
        return c2s_error_no_memory(error);
    cnn2snn_status status = fill(user_data, graph, layers, error);
    if (!status)
        status = c2s_graph_with_layers(graph, layers, out_graph, error);
    for (size_t i = 0; i < graph->layer_count; i++)
        c2s_layer_release(layers[i]);
    c2s_free(graph->context, layers);
    return status;
}

cnn2snn_status c2s_sequential_create(cnn2snn_context *context, const char *name, cnn2snn_layer *input_layer,
                                     const struct c2s_layer_list *list, struct c2s_graph **out_graph,
                                     cnn2snn_error **error)
{
    struct c2s_graph *graph = NULL;
    C2S_TRY(c2s_graph_create_sequential(context, name, input_layer, list->count, list->layers, &graph, error));
    return infer_and_give(graph, out_graph, error);
}

cnn2snn_status c2s_sequential_rebuild(const struct c2s_graph *source, const struct c2s_layer_list *list,
                                      struct c2s_graph **out_graph, cnn2snn_error **error)
{
    return c2s_sequential_create(source->context, REBUILT_NAME, source->layers[0], list, out_graph, error);
}

static cnn2snn_status add_quantizer_class(cnn2snn_custom_objects *custom, const cnn2snn_quantizer *quantizer,
                                          cnn2snn_error **error)
{
    if (!quantizer || !quantizer->custom)
        return CNN2SNN_OK;
    return c2s_custom_objects_add_class(custom, quantizer->custom, error);
}

/* Classes handed over come first: where two of one name meet, the new quantizer's counts. */
static cnn2snn_status add_classes(cnn2snn_custom_objects *custom, const cnn2snn_layer *layer, size_t quantizer_count,
                                  const cnn2snn_quantizer *const *quantizers, cnn2snn_error **error)
{
    for (size_t i = 0; i < quantizer_count; i++)
        C2S_TRY(add_quantizer_class(custom, quantizers[i], error));
    C2S_TRY(add_quantizer_class(custom, c2s_layer_quantizer(layer), error));
    C2S_TRY(add_quantizer_class(custom, c2s_layer_depthwise_quantizer(layer), error));
    const struct c2s_quantized_activation_attributes *activation = c2s_layer_quantized_activation(layer);
    return activation && activation->custom ? c2s_custom_objects_add_class(custom, activation->custom, error)
                                            : CNN2SNN_OK;
}

cnn2snn_status c2s_layer_remake(const cnn2snn_layer *layer, const char *class_name, const json_t *config,
                                size_t quantizer_count, const cnn2snn_quantizer *const *quantizers,
                                cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_custom_objects *custom = NULL;
    cnn2snn_status status = CNN2SNN_OK;
    C2S_GOTO(c2s_custom_objects_create(layer->context, &custom, error));
    C2S_GOTO(add_classes(custom, layer, quantizer_count, quantizers, error));
    C2S_GOTO(
        c2s_layer_with_config(layer, class_name ? class_name : layer->class_name, config, custom, out_layer, error));
done:
    c2s_custom_objects_destroy(custom);
    c2s_error_set_layer(error, layer->name);
    return status;
}

bool c2s_layer_is_quantized_neural(const cnn2snn_layer *layer)
{
    return c2s_layer_is(layer, C2S_FAMILY_QUANTIZED) && layer->kind->float_kind != C2S_KIND_DEPTHWISE_CONV2D;
}

cnn2snn_status c2s_layer_make_float(const cnn2snn_layer *layer, cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    json_t *config = json_copy(layer->config);
    if (!config)
        return c2s_error_no_memory(error);
    json_object_del(config, "quantizer");
    json_object_del(config, "quantizer_dw");
    const char *class_name = c2s_layer_kind_get(layer->kind->float_kind)->class_name;
    cnn2snn_status status = c2s_layer_remake(layer, class_name, config, 0, NULL, out_layer, error);
    json_decref(config);
    return status;
}

cnn2snn_status c2s_layer_replace_weights(cnn2snn_layer *layer, const struct c2s_shape *input, size_t count,
                                         cnn2snn_tensor *const *weights, cnn2snn_error **error)
{
    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS];
    size_t expected = 0;
    C2S_TRY(c2s_layer_weight_specs(layer, 1, input, specs, &expected, error));
    if (count != expected)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "L-E", layer->name,
                               "%zu weights, expected %zu", count, expected);
    return c2s_layer_set_weights(layer, count, specs, weights, error);
}

cnn2snn_status c2s_layer_create_with_kernel(cnn2snn_context *context, const char *class_name, json_t *config,
                                            const struct c2s_shape *input, cnn2snn_tensor *kernel,
                                            cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_layer *layer = NULL;
    cnn2snn_status status = config && kernel ? c2s_layer_create(context, class_name, config, NULL, &layer, error)
                                             : c2s_error_no_memory(error);
    if (!status)
        status = c2s_layer_replace_weights(layer, input, 1, &kernel, error);
    json_decref(config);
    c2s_tensor_release(kernel);
    if (status)
        c2s_layer_release(layer);
    else
        *out_layer = layer;
    return status;
}

cnn2snn_status c2s_identity_kernel_create(cnn2snn_context *context, int64_t channels, cnn2snn_tensor **out_kernel,
                                          cnn2snn_error **error)
{
    const int64_t shape[4] = {1, 1, channels, channels};
    C2S_TRY(c2s_tensor_create_zeros(context, CNN2SNN_DTYPE_FLOAT32, 4, shape, out_kernel, error));
    for (int64_t i = 0; i < channels; i++)
        c2s_f32_writable(*out_kernel)[i * channels + i] = 1;
    return CNN2SNN_OK;
}

const cnn2snn_tensor *c2s_layer_find_weight(const cnn2snn_layer *layer, const char *name)
{
    for (size_t i = 0; i < layer->weight_count; i++)
        if (!strcmp(layer->weights[i].name, name))
            return layer->weights[i].tensor;
    return NULL;
}

cnn2snn_status c2s_layer_check_finite(const cnn2snn_layer *layer, cnn2snn_error **error)
{
    for (size_t i = 0; i < layer->weight_count; i++) {
        const cnn2snn_tensor *tensor = layer->weights[i].tensor;
        if (tensor->dtype != CNN2SNN_DTYPE_FLOAT32)
            continue;
        const float *values = c2s_f32(tensor);
        for (uint64_t k = 0; k < tensor->count; k++)
            if (!isfinite(values[k]))
                return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "L-finite", layer->name,
                                       "weight %s is %s at index %" PRIu64 ", expected finite numbers",
                                       layer->weights[i].name, isnan(values[k]) ? "NaN" : "infinite", k);
    }
    return CNN2SNN_OK;
}
