/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides what is run to find ranges: the float layers that are quantized, with Keras's layers in place of
 * QuantizeML's own, which compute the same.
 */
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "quantize/qml_stages.h"
#include "transform/depth_order.h"
#include "transform/rewrite.h"
#include "transform/sanitize.h"

/* A transposed depthwise kernel of more channels would be too large as one of all channels to all. */
enum { MAX_DIAGONAL = 512 };

struct float_graph {
    const struct c2s_qml_work *work;
    struct c2s_item_list items; /* the first are the layers of the graph */
};

/* config is taken; NULL is a lack of memory. */
static cnn2snn_status create_take(const cnn2snn_layer *layer, const char *class_name, json_t *config,
                                  cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    if (!config)
        return c2s_error_no_memory(error);
    cnn2snn_status status = json_object_set_new(config, "name", json_string(layer->name))
                                ? c2s_error_no_memory(error)
                                : c2s_layer_create(layer->context, class_name, config, NULL, out_layer, error);
    json_decref(config);
    return status;
}

static cnn2snn_status keras_activation(const cnn2snn_layer *layer, cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    const struct c2s_qml_activation_attributes *attributes = layer->attributes;
    if (attributes->function == C2S_LEAKY_RELU)
        return create_take(layer, "LeakyReLU", json_pack("{s:f}", "alpha", (double)attributes->alpha), out_layer,
                           error);
    json_t *function = json_object_get(layer->config, "activation");
    return create_take(layer, "Activation", json_pack("{s:O}", "activation", function), out_layer, error);
}

/* ------------------------------------------------------------------------------------------------ padding */

/* Conv2D with zeros around its input less the padding value: what that takes off goes into the bias. */
static cnn2snn_status keras_conv(const cnn2snn_layer *layer, size_t count, const double *values,
                                 cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    json_t *config = json_copy(layer->config);
    cnn2snn_layer *plain = NULL;
    json_object_del(config, "padding_value");
    if (config && json_object_set_new(config, "padding", json_string("same"))) {
        json_decref(config);
        config = NULL;
    }
    if (!config)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_layer_remake(layer, "Conv2D", config, 0, NULL, &plain, error);
    json_decref(config);
    if (!status)
        status = c2s_layer_fold_offset(plain, count, values, out_layer, error);
    c2s_layer_release(plain);
    return status;
}

static cnn2snn_status shift_input(struct float_graph *f, size_t at, size_t count, const double *values,
                                  cnn2snn_error **error)
{
    const cnn2snn_layer *layer = f->work->graph->layers[at];
    struct c2s_item *item = &f->items.items[at];
    cnn2snn_layer *shift = NULL;
    json_t *offsets = json_array();
    bool failed = !offsets;
    for (size_t i = 0; i < count; i++)
        failed = json_array_append_new(offsets, json_real(-values[i])) || failed;
    char name[64]; /* no layer that anybody observes */
    snprintf(name, sizeof name, "shift/%zu", at);
    json_t *config = failed ? NULL : json_pack("{s:s, s:f, s:O}", "name", name, "scale", 1.0, "offset", offsets);
    json_decref(offsets);
    if (!config)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_layer_create(layer->context, "Rescaling", config, NULL, &shift, error);
    json_decref(config);
    struct c2s_value input = item->inputs[0];
    if (!status)
        status = c2s_item_list_add(&f->items, shift, 1, &input, error);
    c2s_layer_release(shift);
    if (!status)
        f->items.items[at].inputs[0] = (struct c2s_value){f->items.count - 1, 0};
    return status;
}

static cnn2snn_status padded_conv(struct float_graph *f, size_t at, cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = f->work->graph->layers[at];
    const struct c2s_qml_conv_attributes *attributes = c2s_layer_qml_conv(layer);
    size_t count = attributes->padding_value_count;
    if (!count) {
        json_t *config = json_copy(layer->config);
        cnn2snn_status status = config ? c2s_layer_remake(layer, "Conv2D", config, 0, NULL, out_layer, error)
                                       : c2s_error_no_memory(error);
        json_decref(config);
        return status;
    }
    double *values = c2s_calloc(layer->context, count, sizeof *values);
    if (!values)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < count; i++)
        values[i] = (double)attributes->padding_values[i];
    cnn2snn_status status = shift_input(f, at, count, values, error);
    if (!status)
        status = keras_conv(layer, count, values, out_layer, error);
    c2s_free(layer->context, values);
    return status;
}

/* ------------------------------------------------------------------------------------------------ depthwise */

/* (h, w, channels, 1) as (h, w, filters, channels) with zeros between different ones. */
static cnn2snn_status diagonal_kernel(const cnn2snn_tensor *kernel, cnn2snn_tensor **out_kernel,
                                      cnn2snn_error **error)
{
    int64_t channels = kernel->shape[2];
    const int64_t shape[4] = {kernel->shape[0], kernel->shape[1], channels, channels};
    C2S_TRY(c2s_tensor_create(kernel->context, CNN2SNN_DTYPE_FLOAT32, 4, shape, out_kernel, error));
    float *values = c2s_f32_writable(*out_kernel);
    memset(values, 0, (*out_kernel)->count * sizeof *values);
    for (uint64_t i = 0; i < kernel->count; i++)
        values[i * (uint64_t)channels + i % (uint64_t)channels] = c2s_f32(kernel)[i];
    return CNN2SNN_OK;
}

static cnn2snn_status transposed_conv(const struct float_graph *f, size_t at, cnn2snn_layer **out_layer,
                                      cnn2snn_error **error)
{
    const cnn2snn_layer *layer = f->work->graph->layers[at];
    const struct c2s_value input = f->work->graph->nodes[at].inputs[0];
    const struct c2s_shape *shape = &f->work->graph->nodes[input.node].shapes[input.output];
    if (!layer->built || layer->weights[0].tensor->rank != 4 || layer->weights[0].tensor->shape[3] != 1 ||
        layer->weights[0].tensor->shape[2] > MAX_DIAGONAL)
        return c2s_layer_error(layer->context, error, CNN2SNN_E_UNSUPPORTED, "R-class", layer->name,
                               "class %s of so many channels can't be run", layer->class_name);
    cnn2snn_tensor *weights[2] = {NULL, layer->weight_count > 1 ? layer->weights[1].tensor : NULL};
    json_t *config = json_copy(layer->config);
    if (json_object_set_new(config, "filters", json_integer(layer->weights[0].tensor->shape[2]))) {
        json_decref(config);
        config = NULL;
    }
    C2S_TRY(create_take(layer, "Conv2DTranspose", config, out_layer, error));
    C2S_TRY(diagonal_kernel(layer->weights[0].tensor, &weights[0], error));
    cnn2snn_status status = c2s_layer_replace_weights(*out_layer, shape, layer->weight_count, weights, error);
    c2s_tensor_release(weights[0]);
    return status;
}

/* ------------------------------------------------------------------------------------------------ the graph */

/* *out_layer: NULL where the layer stays. */
static cnn2snn_status stand_in(struct float_graph *f, size_t at, cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = f->work->graph->layers[at];
    switch (c2s_layer_id(layer)) {
    case C2S_KIND_QML_FLOAT_ACTIVATION:
        return keras_activation(layer, out_layer, error);
    case C2S_KIND_QML_FLOAT_ADD:
        return create_take(layer,
                           ((const struct c2s_qml_merge_attributes *)layer->attributes)->average ? "Average" : "Add",
                           json_object(), out_layer, error);
    case C2S_KIND_PADDED_CONV2D:
        return padded_conv(f, at, out_layer, error);
    case C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE:
        return transposed_conv(f, at, out_layer, error);
    default:
        return CNN2SNN_OK;
    }
}

static cnn2snn_status replace(struct float_graph *f, cnn2snn_error **error)
{
    for (size_t i = 0; i < f->work->graph->layer_count; i++) {
        cnn2snn_layer *layer = NULL;
        cnn2snn_status status = f->work->reached[i] ? stand_in(f, i, &layer, error) : CNN2SNN_OK;
        if (status) {
            c2s_layer_release(layer);
            return status;
        }
        if (!layer)
            continue;
        c2s_layer_release(f->items.items[i].layer);
        f->items.items[i].layer = layer;
    }
    return CNN2SNN_OK;
}

/* Outputs that no quantized layer takes. */
static size_t find_outputs(const struct c2s_qml_work *work, struct c2s_value *outputs)
{
    size_t count = 0;
    for (size_t i = 0; i < work->graph->layer_count; i++) {
        bool taken = false;
        for (size_t k = work->calls.first_user[i]; k < work->calls.first_user[i + 1]; k++)
            taken = taken || work->reached[work->calls.users[k]];
        if (work->reached[i] && !taken)
            outputs[count++] = (struct c2s_value){i, 0};
    }
    return count;
}

cnn2snn_status c2s_qml_make_float_graph(const struct c2s_qml_work *work, struct c2s_graph **out_graph,
                                        cnn2snn_error **error)
{
    const struct c2s_graph *graph = work->graph;
    struct float_graph f = {.work = work};
    cnn2snn_status status = CNN2SNN_OK;
    struct c2s_value *outputs = c2s_calloc(work->context, graph->layer_count, sizeof *outputs);
    if (!outputs)
        return c2s_error_no_memory(error);
    c2s_item_list_init(&f.items, work->context);
    for (size_t i = 0; i < graph->layer_count && !status; i++)
        status =
            c2s_item_list_add(&f.items, graph->layers[i], graph->nodes[i].input_count, graph->nodes[i].inputs, error);
    if (!status)
        status = replace(&f, error);
    if (!status)
        status = c2s_item_list_to_graph(&f.items, find_outputs(work, outputs), outputs, graph, out_graph, error);
    c2s_item_list_free(&f.items);
    c2s_free(work->context, outputs);
    return status;
}
