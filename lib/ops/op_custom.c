/* SPDX-License-Identifier: Apache-2.0 */
/* Layers of the user's: calls the callback and doesn't trust what it gives. */
#include <string.h>

#include "base/allocator.h"
#include "base/error.h"
#include "ops/op_kind.h"

static cnn2snn_status call_back(const struct c2s_op_call *call, const cnn2snn_tensor *const *weights,
                                cnn2snn_tensor **result, cnn2snn_error **error)
{
    const struct c2s_custom_attributes *a = call->op->layer->attributes;
    const cnn2snn_layer_class *callbacks = &a->custom->callbacks.layer;
    cnn2snn_error *own = NULL;
    cnn2snn_status status =
        callbacks->call(callbacks->user_data, call->run->context, a->config_text, call->op->layer->weight_count,
                        weights, call->input_count, (const cnn2snn_tensor *const *)call->inputs, result, &own);
    C2S_TRY(c2s_custom_class_take_result(a->custom, status, own, error));
    if (*result)
        return CNN2SNN_OK;
    return c2s_error(call->run->context, error, CNN2SNN_E_CALLBACK, "R-custom",
                     "the callback of class %s gave no output", call->op->layer->class_name);
}

static cnn2snn_status check_result(const struct c2s_op_call *call, const cnn2snn_tensor *result,
                                   cnn2snn_error **error)
{
    char found[128], expected[128];
    if (result->dtype == CNN2SNN_DTYPE_FLOAT32 && c2s_tensor_same_shape(result, call->output))
        return CNN2SNN_OK;
    return c2s_error(call->run->context, error, CNN2SNN_E_CALLBACK, "R-custom",
                     "the callback of class %s gave %s of shape %s, expected float32 of shape %s",
                     call->op->layer->class_name, c2s_dtype_name(result->dtype),
                     c2s_shape_print(result->rank, result->shape, found, sizeof found),
                     c2s_shape_print(call->output->rank, call->output->shape, expected, sizeof expected));
}

cnn2snn_status c2s_op_custom(const struct c2s_op_call *call, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = call->op->layer;
    const cnn2snn_tensor **weights = c2s_calloc(layer->context, layer->weight_count, sizeof *weights);
    cnn2snn_tensor *result = NULL;
    if (!weights)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < layer->weight_count; i++)
        weights[i] = layer->weights[i].tensor;
    cnn2snn_status status = call_back(call, weights, &result, error);
    c2s_free(layer->context, weights);
    if (!status)
        status = check_result(call, result, error);
    if (!status)
        memcpy(call->output->data, result->data, call->output->size);
    c2s_tensor_release(result);
    return status;
}
