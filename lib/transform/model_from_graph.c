/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what of a file's facts outlives a rewrite: its versions do; how it was trained only where the weights do.
 */
#include "transform/transform.h"

#include "base/allocator.h"
#include "base/error.h"
#include "ir/model.h"

/* A copy of a text that may be NULL. */
static cnn2snn_status copy_text(cnn2snn_context *context, const char *text, char **out, cnn2snn_error **error)
{
    *out = c2s_strdup(context, text);
    return text && !*out ? c2s_error_no_memory(error) : CNN2SNN_OK;
}

static cnn2snn_status copy_optimizer(const cnn2snn_model *like, cnn2snn_model *model, cnn2snn_error **error)
{
    if (!like->optimizer_weight_count)
        return CNN2SNN_OK;
    model->optimizer_weights =
        c2s_calloc(like->context, like->optimizer_weight_count, sizeof(*model->optimizer_weights));
    if (!model->optimizer_weights)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < like->optimizer_weight_count; i++) {
        struct c2s_named_tensor *weight = &model->optimizer_weights[i];
        C2S_TRY(copy_text(like->context, like->optimizer_weights[i].name, &weight->name, error));
        weight->tensor = c2s_tensor_retain(like->optimizer_weights[i].tensor);
        model->optimizer_weight_count = i + 1;
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_model_from_graph_take(const cnn2snn_model *like, struct c2s_graph *graph, bool keep_training,
                                         cnn2snn_model **out_model, cnn2snn_error **error)
{
    cnn2snn_model *model = NULL;
    cnn2snn_status status = CNN2SNN_OK;
    C2S_GOTO(c2s_model_create(like->context, graph, &model, error));
    C2S_GOTO(copy_text(like->context, like->keras_version, &model->keras_version, error));
    C2S_GOTO(copy_text(like->context, like->backend, &model->backend, error));
    if (keep_training) {
        C2S_GOTO(copy_text(like->context, like->training_config, &model->training_config, error));
        C2S_GOTO(copy_optimizer(like, model, error));
    }
    *out_model = model;
    model = NULL;
done:
    c2s_model_destroy(model);
    c2s_graph_release(graph);
    return status;
}
