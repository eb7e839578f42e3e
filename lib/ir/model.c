/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a model owns. */
#include "ir/model.h"

#include <stdlib.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"

cnn2snn_status c2s_model_create(cnn2snn_context *context, struct c2s_graph *graph, cnn2snn_model **out_model,
                                cnn2snn_error **error)
{
    *out_model = NULL;
    cnn2snn_model *model = c2s_calloc(context, 1, sizeof *model);
    if (!model)
        return c2s_error_no_memory(error);
    model->context = c2s_context_retain(context);
    model->graph = c2s_graph_retain(graph);
    *out_model = model;
    return CNN2SNN_OK;
}

bool c2s_model_is_of_keras3(const cnn2snn_model *model)
{
    return model->keras_version && strtol(model->keras_version, NULL, 10) >= 3;
}

void c2s_model_destroy(cnn2snn_model *model)
{
    if (!model)
        return;
    cnn2snn_context *context = model->context;
    for (size_t i = 0; i < model->optimizer_weight_count; i++) {
        c2s_free(context, model->optimizer_weights[i].name);
        c2s_tensor_release(model->optimizer_weights[i].tensor);
    }
    c2s_free(context, model->optimizer_weights);
    c2s_free(context, model->training_config);
    c2s_free(context, model->backend);
    c2s_free(context, model->keras_version);
    c2s_graph_release(model->graph);
    c2s_free(context, model);
    c2s_context_release(context);
}
