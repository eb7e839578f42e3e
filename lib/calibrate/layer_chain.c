/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how a part of a model runs on its own. Values lie in tensors of their own, so that they can be kept. */
#include "calibrate/layer_chain.h"

#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "base/report.h"
#include "evaluate/evaluate.h"
#include "evaluate/execution_plan.h"

/* ------------------------------------------------------------------------------------------------ making */

static cnn2snn_status prepare(struct c2s_layer_chain *chain, size_t index, cnn2snn_layer *layer,
                              cnn2snn_error **error)
{
    if (layer->graph && layer->graph->output_count != 1)
        return c2s_layer_error(chain->context, error, CNN2SNN_E_NOT_SEQUENTIAL, "L-083", layer->name,
                               "%zu outputs, expected 1", layer->graph->output_count);
    C2S_TRY(c2s_op_check(layer, error));
    C2S_TRY(c2s_find_output_shape(layer, 1, &chain->shapes[index], &chain->shapes[index + 1], error));
    if (layer->graph)
        return CNN2SNN_OK;
    C2S_TRY(c2s_check_weights(layer, 1, &chain->shapes[index], error));
    return c2s_op_prepare(layer, &chain->ops[index], error);
}

static cnn2snn_status fill(struct c2s_layer_chain *chain, const struct c2s_shape *input, size_t count,
                           cnn2snn_layer *const *layers, cnn2snn_error **error)
{
    chain->layers = c2s_calloc(chain->context, count, sizeof *chain->layers);
    chain->ops = c2s_calloc(chain->context, count, sizeof *chain->ops);
    chain->shapes = c2s_calloc(chain->context, count + 1, sizeof *chain->shapes);
    if (!chain->layers || !chain->ops || !chain->shapes)
        return c2s_error_no_memory(error);
    chain->shapes[0] = *input;
    for (size_t i = 0; i < count; i++) {
        chain->layers[chain->count++] = c2s_layer_retain(layers[i]);
        C2S_TRY(prepare(chain, i, layers[i], error));
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_chain_create(cnn2snn_context *context, const struct c2s_shape *input, size_t count,
                                      cnn2snn_layer *const *layers, struct c2s_layer_chain **out_chain,
                                      cnn2snn_error **error)
{
    struct c2s_layer_chain *chain = c2s_calloc(context, 1, sizeof *chain);
    if (!chain)
        return c2s_error_no_memory(error);
    chain->context = context;
    cnn2snn_status status = fill(chain, input, count, layers, error);
    if (status)
        c2s_layer_chain_destroy(chain);
    else
        *out_chain = chain;
    return status;
}

void c2s_layer_chain_destroy(struct c2s_layer_chain *chain)
{
    if (!chain)
        return;
    for (size_t i = 0; i < chain->count; i++) {
        c2s_op_destroy(chain->ops[i]);
        c2s_layer_release(chain->layers[i]);
    }
    c2s_free(chain->context, chain->layers);
    c2s_free(chain->context, chain->ops);
    c2s_free(chain->context, chain->shapes);
    c2s_free(chain->context, chain);
}

/* ------------------------------------------------------------------------------------------------ running */

static cnn2snn_status run_layer(const struct c2s_layer_chain *chain, struct c2s_run *run, size_t index,
                                cnn2snn_tensor *input, cnn2snn_tensor **out_output, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = chain->layers[index];
    const struct c2s_shape *shape = &chain->shapes[index + 1];
    int64_t extents[CNN2SNN_MAX_RANK + 1] = {input->shape[0]};
    cnn2snn_tensor *output = NULL;
    if (layer->graph)
        return c2s_layer_call(layer, 1, (const cnn2snn_tensor *const[]){input}, out_output, error);
    memcpy(extents + 1, shape->extents, shape->rank * sizeof *extents);
    if (c2s_op_memory(layer) == C2S_OP_VIEW)
        return c2s_tensor_reshape(input, shape->rank + 1, extents, out_output, error);
    C2S_TRY(c2s_tensor_create(chain->context, CNN2SNN_DTYPE_FLOAT32, shape->rank + 1, extents, &output, error));
    cnn2snn_status status =
        output->count ? c2s_op_forward(chain->ops[index], run, 1, &input, output, error) : CNN2SNN_OK;
    if (status)
        c2s_tensor_release(output);
    else
        *out_output = output;
    return status;
}

cnn2snn_status c2s_layer_chain_run(const struct c2s_layer_chain *chain, struct c2s_run *run,
                                   const cnn2snn_tensor *input, cnn2snn_tensor **out_output, cnn2snn_error **error)
{
    cnn2snn_tensor *value = c2s_tensor_retain(input);
    for (size_t i = 0; i < chain->count; i++) {
        cnn2snn_tensor *next = NULL;
        cnn2snn_status status = run_layer(chain, run, i, value, &next, error);
        c2s_tensor_release(value);
        C2S_TRY(status);
        value = next;
    }
    *out_output = value;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_chain_run_all(const struct c2s_layer_chain *chain, struct c2s_run *run,
                                       const cnn2snn_tensor *input, cnn2snn_tensor **outputs, cnn2snn_error **error)
{
    cnn2snn_tensor *value = (cnn2snn_tensor *)input;
    for (size_t i = 0; i < chain->count; i++) {
        cnn2snn_status status = run_layer(chain, run, i, value, &outputs[i], error);
        if (status) {
            while (i-- > 0) {
                c2s_tensor_release(outputs[i]);
                outputs[i] = NULL;
            }
            return status;
        }
        value = outputs[i];
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ graphs */

static bool is_linear(const struct c2s_graph *graph)
{
    if (graph->input_count != 1 || graph->output_count != 1 || graph->inputs[0] ||
        graph->node_count != graph->layer_count || graph->outputs[0].node != graph->node_count - 1 ||
        graph->outputs[0].output)
        return false;
    for (size_t i = 1; i < graph->node_count; i++) {
        const struct c2s_node *node = &graph->nodes[i];
        if (node->input_count != 1 || node->inputs[0].node != i - 1 || node->inputs[0].output || node->call_index)
            return false;
    }
    return true;
}

cnn2snn_status c2s_graph_linear_layers(const struct c2s_graph *graph, cnn2snn_layer ***out_layers,
                                       cnn2snn_error **error)
{
    if (!is_linear(graph))
        return c2s_advise(error,
                          c2s_error(graph->context, error, CNN2SNN_E_NOT_SEQUENTIAL, "L-083",
                                    "model %s has branches or shared layers, expected one layer behind the other",
                                    graph->name),
                          "calibrate a Sequential model");
    cnn2snn_layer **layers = c2s_calloc(graph->context, graph->node_count, sizeof *layers);
    if (!layers)
        return c2s_error_no_memory(error);
    for (size_t i = 1; i < graph->node_count; i++)
        layers[i - 1] = graph->layers[graph->nodes[i].layer];
    *out_layers = layers;
    return CNN2SNN_OK;
}
