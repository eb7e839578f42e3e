/* SPDX-License-Identifier: Apache-2.0 */
/* Decides where integers begin and end: InputQuantizer and Dequantizers (spec/quantizeml-ptq.md 2, K8 to K12, 5.4).
 */
#include "base/allocator.h"
#include "base/error.h"
#include "base/text.h"
#include "quantize/qml_stages.h"
#include "transform/depth_order.h"

struct assembly {
    const struct c2s_qml_work *work;
    struct c2s_item_list items; /* the first are the layers of the graph */
    struct c2s_value *outputs;
    size_t *dequantizers; /* by layer: its item, 0 where there is none */
    bool stops;           /* some layer stays float behind a quantized one */
};

static cnn2snn_status add_layers(struct assembly *a, cnn2snn_error **error)
{
    const struct c2s_graph *graph = a->work->graph;
    for (size_t i = 0; i < graph->layer_count; i++)
        C2S_TRY(c2s_item_list_add(&a->items, a->work->layers[i] ? a->work->layers[i] : graph->layers[i],
                                  graph->nodes[i].input_count, graph->nodes[i].inputs, error));
    for (size_t i = 0; i < graph->output_count; i++)
        a->outputs[i] = graph->outputs[i];
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ the input */

static cnn2snn_status make_input_quantizer(const struct c2s_qml_work *work, bool is_signed, cnn2snn_layer **out_layer,
                                           cnn2snn_error **error)
{
    const struct c2s_shape *shape = &work->graph->nodes[work->graph->inputs[0]].shapes[0];
    bool per_axis = !work->parameters->per_tensor_activations && shape->rank > 1;
    int bits = (int)(8 * c2s_dtype_size(work->parameters->input_dtype));
    json_t *config =
        json_pack("{s:s, s:b, s:s, s:i, s:b, s:s}", "name", "input_quantizer", "trainable", 1, "dtype", "float32",
                  "bitwidth", bits, "signed", (int)is_signed, "axis", per_axis ? "per-axis" : "per-tensor");
    if (!config)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_layer_create(work->context, "Custom>InputQuantizer", config, NULL, out_layer, error);
    json_decref(config);
    if (status)
        return status;
    status = c2s_layer_build(*out_layer, 1, shape, error);
    if (!status)
        return CNN2SNN_OK;
    c2s_layer_release(*out_layer);
    *out_layer = NULL;
    return status;
}

/* Whoever takes the first input takes its integers. */
static cnn2snn_status quantize_input(struct assembly *a, bool is_signed, cnn2snn_error **error)
{
    const struct c2s_qml_work *work = a->work;
    const struct c2s_value input = {work->graph->inputs[0], 0};
    cnn2snn_layer *quantizer = NULL;
    C2S_TRY(make_input_quantizer(work, is_signed, &quantizer, error));
    cnn2snn_status status = c2s_item_list_add(&a->items, quantizer, 1, &input, error);
    c2s_layer_release(quantizer);
    C2S_TRY(status);
    for (size_t i = 0; i < work->graph->layer_count; i++)
        for (size_t k = 0; k < a->items.items[i].input_count; k++)
            if (a->items.items[i].inputs[k].node == input.node)
                a->items.items[i].inputs[k] = (struct c2s_value){a->items.count - 1, 0};
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ the ends */

static cnn2snn_status add_dequantizer(struct assembly *a, const char *name, const struct c2s_value *input,
                                      cnn2snn_error **error)
{
    cnn2snn_layer *layer = NULL;
    json_t *config = json_pack("{s:s, s:b, s:s}", "name", name, "trainable", 1, "dtype", "float32");
    if (!config)
        return c2s_error_no_memory(error);
    cnn2snn_status status = c2s_layer_create(a->work->context, "Custom>Dequantizer", config, NULL, &layer, error);
    json_decref(config);
    if (!status)
        status = c2s_item_list_add(&a->items, layer, 1, input, error);
    c2s_layer_release(layer);
    return status;
}

/* One for each layer whose integers reach float layers. */
static cnn2snn_status dequantize(struct assembly *a, size_t at, size_t input, cnn2snn_error **error)
{
    struct c2s_value *value = &a->items.items[at].inputs[input];
    size_t from = value->node;
    a->stops = true;
    if (!a->dequantizers[from]) {
        struct c2s_text name;
        c2s_text_init(&name, a->work->context);
        c2s_text_format(&name, "%s/dequantizer", a->work->layers[from]->name);
        cnn2snn_status status =
            name.failed ? c2s_error_no_memory(error) : add_dequantizer(a, name.data, value, error);
        c2s_text_free(&name);
        C2S_TRY(status);
        a->dequantizers[from] = a->items.count - 1;
    }
    a->items.items[at].inputs[input] = (struct c2s_value){a->dequantizers[from], 0}; /* items may have moved */
    return CNN2SNN_OK;
}

static cnn2snn_status dequantize_all(struct assembly *a, cnn2snn_error **error)
{
    const struct c2s_graph *graph = a->work->graph;
    for (size_t i = 0; i < graph->layer_count; i++)
        for (size_t k = 0; !a->work->layers[i] && k < graph->nodes[i].input_count; k++)
            if (a->work->layers[graph->nodes[i].inputs[k].node])
                C2S_TRY(dequantize(a, i, k, error));
    if (a->stops)
        return CNN2SNN_OK;
    for (size_t i = 0; i < graph->output_count; i++) {
        char name[64];
        snprintf(name, sizeof name, i ? "dequantizer_%zu" : "dequantizer", i);
        C2S_TRY(add_dequantizer(a, name, &a->outputs[i], error));
        a->outputs[i] = (struct c2s_value){a->items.count - 1, 0};
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_qml_assemble(const struct c2s_qml_work *work, bool quantizes_input, bool is_signed,
                                struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct assembly a = {.work = work};
    cnn2snn_status status = CNN2SNN_OK;
    c2s_item_list_init(&a.items, work->context);
    a.outputs =
        c2s_calloc(work->context, work->graph->output_count ? work->graph->output_count : 1, sizeof *a.outputs);
    a.dequantizers = c2s_calloc(work->context, work->graph->layer_count, sizeof *a.dequantizers);
    if (!a.outputs || !a.dequantizers)
        status = c2s_error_no_memory(error);
    if (!status)
        status = add_layers(&a, error);
    if (!status && quantizes_input)
        status = quantize_input(&a, is_signed, error);
    if (!status)
        status = dequantize_all(&a, error);
    if (!status)
        status =
            c2s_item_list_to_graph(&a.items, work->graph->output_count, a.outputs, work->graph, out_graph, error);
    c2s_item_list_free(&a.items);
    c2s_free(work->context, a.outputs);
    c2s_free(work->context, a.dequantizers);
    return status;
}
