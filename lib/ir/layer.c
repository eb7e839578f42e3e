/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what the copies of a layer share: config, extras, attributes, nested graph and tensors, never the list. */
#include "ir/layer.h"

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "ir/graph.h"

static void release_attributes(cnn2snn_context *context, struct c2s_attribute_block *block)
{
    if (!block || atomic_fetch_sub_explicit(&block->references, 1, memory_order_acq_rel) != 1)
        return;
    if (block->destroy)
        block->destroy(context, block->attributes);
    c2s_free(context, block->attributes);
    c2s_free(context, block);
}

static void forget_weights(cnn2snn_layer *layer)
{
    for (size_t i = 0; i < layer->weight_count; i++) {
        if (layer->owns_weight_names)
            c2s_free(layer->context, (char *)layer->weights[i].name);
        c2s_tensor_release(layer->weights[i].tensor);
    }
    c2s_free(layer->context, layer->weights);
    layer->weights = NULL;
    layer->weight_count = 0;
    layer->owns_weight_names = false;
}

static void destroy(cnn2snn_layer *layer)
{
    cnn2snn_context *context = layer->context;
    forget_weights(layer);
    release_attributes(context, layer->attribute_block);
    c2s_graph_release(layer->graph);
    json_decref(layer->config);
    json_decref(layer->extras);
    c2s_free(context, layer->class_name);
    c2s_free(context, layer->name);
    c2s_free(context, layer);
    c2s_context_release(context);
}

/* The layer without class, name and config. */
static cnn2snn_layer *create_empty(cnn2snn_context *context)
{
    cnn2snn_layer *layer = c2s_calloc(context, 1, sizeof *layer);
    if (!layer)
        return NULL;
    layer->context = c2s_context_retain(context);
    atomic_init(&layer->references, 1);
    layer->trainable = true;
    layer->keras_generation = 2;
    return layer;
}

static cnn2snn_status copy_weights(cnn2snn_layer *copy, const cnn2snn_layer *layer, cnn2snn_error **error)
{
    C2S_TRY(c2s_layer_reset_weights(copy, layer->weight_count, error));
    copy->owns_weight_names = layer->owns_weight_names;
    for (size_t i = 0; i < layer->weight_count; i++) {
        const struct c2s_weight *weight = &layer->weights[i];
        copy->weights[i].name = layer->owns_weight_names ? c2s_strdup(layer->context, weight->name) : weight->name;
        if (!copy->weights[i].name)
            return c2s_error_no_memory(error);
        copy->weights[i].tensor = weight->tensor ? c2s_tensor_retain(weight->tensor) : NULL;
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_allocate(cnn2snn_context *context, const struct c2s_layer_kind *kind, const char *class_name,
                                  const char *name, cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    *out_layer = NULL;
    cnn2snn_layer *layer = create_empty(context);
    if (!layer)
        return c2s_error_no_memory(error);
    layer->kind = kind;
    layer->class_name = c2s_strdup(context, class_name);
    layer->name = c2s_strdup(context, name);
    layer->config = json_object();
    if (!layer->class_name || !layer->name || !layer->config) {
        destroy(layer);
        return c2s_error_no_memory(error);
    }
    *out_layer = layer;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_allocate_attributes(cnn2snn_layer *layer, size_t size,
                                             void (*destroy_attributes)(cnn2snn_context *context, void *attributes),
                                             cnn2snn_error **error)
{
    struct c2s_attribute_block *block = c2s_calloc(layer->context, 1, sizeof *block);
    void *attributes = c2s_calloc(layer->context, 1, size);
    if (!block || !attributes) {
        c2s_free(layer->context, block);
        c2s_free(layer->context, attributes);
        return c2s_error_no_memory(error);
    }
    atomic_init(&block->references, 1);
    block->destroy = destroy_attributes;
    block->attributes = attributes;
    release_attributes(layer->context, layer->attribute_block);
    layer->attribute_block = block;
    layer->attributes = attributes;
    return CNN2SNN_OK;
}

cnn2snn_layer *c2s_layer_retain(const cnn2snn_layer *layer)
{
    cnn2snn_layer *mutable_layer = (cnn2snn_layer *)layer;
    atomic_fetch_add_explicit(&mutable_layer->references, 1, memory_order_relaxed);
    return mutable_layer;
}

void c2s_layer_release(cnn2snn_layer *layer)
{
    if (layer && atomic_fetch_sub_explicit(&layer->references, 1, memory_order_acq_rel) == 1)
        destroy(layer);
}

cnn2snn_status c2s_layer_reset_weights(cnn2snn_layer *layer, size_t count, cnn2snn_error **error)
{
    forget_weights(layer);
    if (!count)
        return CNN2SNN_OK;
    layer->weights = c2s_calloc(layer->context, count, sizeof *layer->weights);
    if (!layer->weights)
        return c2s_error_no_memory(error);
    layer->weight_count = count;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_copy(const cnn2snn_layer *layer, cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    *out_layer = NULL;
    cnn2snn_layer *copy = create_empty(layer->context);
    if (!copy)
        return c2s_error_no_memory(error);
    copy->kind = layer->kind;
    copy->class_name = c2s_strdup(layer->context, layer->class_name);
    copy->name = c2s_strdup(layer->context, layer->name);
    copy->config = json_incref(layer->config);
    copy->extras = json_incref(layer->extras);
    copy->trainable = layer->trainable;
    copy->keras_generation = layer->keras_generation;
    copy->built = layer->built;
    if (layer->attribute_block) {
        atomic_fetch_add_explicit(&layer->attribute_block->references, 1, memory_order_relaxed);
        copy->attribute_block = layer->attribute_block;
        copy->attributes = layer->attributes;
    }
    copy->graph = layer->graph ? c2s_graph_retain(layer->graph) : NULL;
    cnn2snn_status status =
        copy->class_name && copy->name ? copy_weights(copy, layer, error) : c2s_error_no_memory(error);
    if (status)
        destroy(copy);
    else
        *out_layer = copy;
    return status;
}

cnn2snn_status c2s_layer_with_weights(const cnn2snn_layer *layer, size_t count, cnn2snn_tensor *const *weights,
                                      cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    *out_layer = NULL;
    if (count != layer->weight_count)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-weights", layer->name,
                               "%zu weights, expected %zu", count, layer->weight_count);
    cnn2snn_layer *copy;
    C2S_TRY(c2s_layer_copy(layer, &copy, error));
    for (size_t i = 0; i < count; i++) {
        c2s_tensor_release(copy->weights[i].tensor);
        copy->weights[i].tensor = c2s_tensor_retain(weights[i]);
    }
    *out_layer = copy;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_set_named_weights(cnn2snn_layer *layer, size_t count, const char *const *names,
                                           cnn2snn_tensor *const *weights, cnn2snn_error **error)
{
    C2S_TRY(c2s_layer_reset_weights(layer, count, error));
    layer->owns_weight_names = true;
    for (size_t i = 0; i < count; i++) {
        layer->weights[i].name = c2s_strdup(layer->context, names[i]);
        if (!layer->weights[i].name) {
            forget_weights(layer);
            return c2s_error_no_memory(error);
        }
        layer->weights[i].tensor = c2s_tensor_retain(weights[i]);
    }
    layer->built = true;
    return CNN2SNN_OK;
}
