/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantizes a float model as QuantizeML does it and prints what comes out, a line for each layer: name, class,
 * inputs, output quantizer, bits of weights, kernel sum. check_random.py compares it with the reference's.
 *
 *     dump_quantized MODEL.h5 v1|v2 uint8|int8
 */
#include <stdio.h>
#include <string.h>

#include "base/report.h"
#include "cnn2snn/cnn2snn.h"
#include "ir/model.h"
#include "layers/quantizeml_attributes.h"
#include "quantize/qml_quantize.h"

static void print_output(const cnn2snn_layer *layer)
{
    const struct c2s_output_quantizer *output = c2s_layer_output_quantizer(layer);
    if (output)
        printf("%d %s %s", (int)output->bitwidth, output->is_signed ? "signed" : "unsigned",
               output->per_axis ? "per-axis" : "per-tensor");
}

static void print_layer(const struct c2s_graph *graph, size_t node)
{
    const cnn2snn_layer *layer = graph->layers[graph->nodes[node].layer];
    const struct c2s_quant_config *quant = c2s_layer_quant_config(layer);
    const char *name = strrchr(layer->class_name, '>');
    printf("%s\t%s\t", layer->name, name ? name + 1 : layer->class_name);
    for (size_t i = 0; i < graph->nodes[node].input_count; i++)
        printf("%s%s", i ? "," : "", graph->layers[graph->nodes[graph->nodes[node].inputs[i].node].layer]->name);
    printf("\t");
    print_output(layer);
    printf("\t%d\t", quant ? (int)quant->weight_bitwidth : 0);
    for (size_t i = 0; i < layer->weight_count; i++)
        if (!strchr(layer->weights[i].name, '/') && strncmp(layer->weights[i].name, "range_", 6)) {
            printf("%s", i ? " " : "");
            for (size_t k = 0; k < layer->weights[i].tensor->rank; k++)
                printf("%s%lld", k ? "x" : "", (long long)layer->weights[i].tensor->shape[k]);
        }
    printf("\n");
}

int main(int count, char **arguments)
{
    cnn2snn_context *context = NULL;
    cnn2snn_model *model = NULL;
    cnn2snn_report *report = NULL;
    cnn2snn_error *error = NULL;
    struct c2s_graph *graph = NULL;
    if (count != 4 || cnn2snn_context_create(CNN2SNN_ABI_VERSION, NULL, &context, &error))
        return 2;
    const struct c2s_qml_parameters parameters =
        c2s_qml_parameters_of(strcmp(arguments[2], "v1") ? CNN2SNN_AKIDA_V2 : CNN2SNN_AKIDA_V1,
                              strcmp(arguments[3], "int8") ? CNN2SNN_DTYPE_UINT8 : CNN2SNN_DTYPE_INT8);
    cnn2snn_status status = cnn2snn_model_load(context, arguments[1], NULL, &model, &error);
    if (!status)
        status = c2s_report_create(context, &report, &error);
    if (!status)
        status = c2s_qml_quantize(model->graph, &parameters, report, &graph, &error);
    for (size_t i = 0; graph && i < graph->node_count; i++)
        print_layer(graph, i);
    c2s_graph_release(graph);
    c2s_report_destroy(report);
    cnn2snn_model_destroy(model);
    cnn2snn_error_destroy(error);
    cnn2snn_context_destroy(context);
    return status ? 1 : 0;
}
