/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/calibrate.h. */
#include "calibrate/calibrate.h"

#include <string.h>

#include "api/edge.h"
#include "base/allocator.h"
#include "calibrate/metrics.h"
#include "ir/model.h"
#include "layers/layer_kind.h"
#include "transform/transform.h"

/* ------------------------------------------------------------------------------------------------ sampler */

cnn2snn_status cnn2snn_sampler_options_init(cnn2snn_sampler_options *options, size_t struct_size)
{
    cnn2snn_sampler_options defaults = CNN2SNN_SAMPLER_OPTIONS_INIT;
    return c2s_options_write(options, struct_size, &defaults, sizeof defaults);
}

static cnn2snn_status create_sampler(const cnn2snn_model *model, cnn2snn_samples *samples,
                                     const struct c2s_batching *batching, cnn2snn_sampler **out_sampler,
                                     cnn2snn_error **error)
{
    cnn2snn_sampler *sampler = NULL;
    C2S_TRY(c2s_sampler_create(model->graph, samples, batching, &sampler, error));
    cnn2snn_status status =
        c2s_model_from_graph_take(model, c2s_graph_retain(model->graph), false, &sampler->like, error);
    if (status)
        c2s_sampler_destroy(sampler);
    else
        *out_sampler = sampler;
    return status;
}

cnn2snn_status cnn2snn_sampler_create(const cnn2snn_model *model, cnn2snn_samples *samples,
                                      const cnn2snn_sampler_options *options, cnn2snn_sampler **out_sampler,
                                      cnn2snn_error **error)
{
    C2S_OUT(error, out_sampler);
    C2S_NEED(error, model);
    C2S_NEED(error, samples);
    cnn2snn_sampler_options ours = CNN2SNN_SAMPLER_OPTIONS_INIT;
    C2S_TRY(c2s_options_read(model->context, &ours, sizeof ours, options, "cnn2snn_sampler_options", error));
    C2S_TRY(c2s_edge_reserved(model->context, ours.reserved, "cnn2snn_sampler_options", error));
    const struct c2s_batching batching = {.batch_size = ours.batch_size,
                                          .keep_partial = ours.keep_partial_batch != 0};
    C2S_RETURN(model->context, create_sampler(model, samples, &batching, out_sampler, error), out_sampler, error);
}

void cnn2snn_sampler_destroy(cnn2snn_sampler *sampler)
{
    c2s_sampler_destroy(sampler);
}

int64_t cnn2snn_sampler_get_batch_count(const cnn2snn_sampler *sampler)
{
    return sampler ? sampler->batch_count : 0;
}

cnn2snn_status cnn2snn_sampler_select_layer(cnn2snn_sampler *sampler, const char *layer_name,
                                            int32_t include_activation, cnn2snn_error **error)
{
    size_t layer = 0;
    c2s_edge_start(error);
    C2S_NEED(error, sampler);
    C2S_NEED(error, layer_name);
    cnn2snn_status status = c2s_sampler_find(sampler, layer_name, &layer, error);
    if (!status)
        status = c2s_sampler_select(sampler, layer, include_activation != 0, error);
    return c2s_edge_end(sampler->context, status, error);
}

cnn2snn_status cnn2snn_sampler_quantized_outputs(cnn2snn_sampler *sampler, int64_t batch_index,
                                                 cnn2snn_tensor **out_outputs, cnn2snn_error **error)
{
    C2S_OUT(error, out_outputs);
    C2S_NEED(error, sampler);
    C2S_RETURN(sampler->context, c2s_sampler_batch_outputs(sampler, batch_index, true, out_outputs, error),
               out_outputs, error);
}

cnn2snn_status cnn2snn_sampler_float_outputs(cnn2snn_sampler *sampler, int64_t batch_index,
                                             cnn2snn_tensor **out_outputs, cnn2snn_error **error)
{
    C2S_OUT(error, out_outputs);
    C2S_NEED(error, sampler);
    C2S_RETURN(sampler->context, c2s_sampler_batch_outputs(sampler, batch_index, false, out_outputs, error),
               out_outputs, error);
}

/* The selected layer with another weight; the caller's tensor is copied, so that later changes of it aren't seen. */
static cnn2snn_status set_weight(cnn2snn_sampler *sampler, size_t index, const cnn2snn_tensor *value,
                                 cnn2snn_error **error)
{
    if (sampler->selected == sampler->layer_count)
        return c2s_error(sampler->context, error, CNN2SNN_E_STATE, "L-084", "no layer is selected");
    const cnn2snn_layer *layer = sampler->layers[sampler->selected];
    if (index >= layer->weight_count)
        return c2s_layer_error(sampler->context, error, CNN2SNN_E_INDEX, "L-084", layer->name,
                               "weight %zu, the layer has %zu", index, layer->weight_count);
    cnn2snn_tensor *weights[C2S_MAX_LAYER_WEIGHTS] = {NULL}, *floats = NULL, *copy = NULL;
    cnn2snn_layer *changed = NULL;
    cnn2snn_status status = CNN2SNN_OK;
    char found[256], expected[256];
    for (size_t i = 0; i < layer->weight_count; i++)
        weights[i] = layer->weights[i].tensor;
    if (!c2s_tensor_same_shape(value, weights[index]))
        return c2s_layer_error(
            sampler->context, error, CNN2SNN_E_VALUE, "L-084", layer->name, "weight %s of shape %s, expected %s",
            layer->weights[index].name, c2s_shape_print(value->rank, value->shape, found, sizeof found),
            c2s_shape_print(weights[index]->rank, weights[index]->shape, expected, sizeof expected));
    C2S_GOTO(c2s_tensor_convert(value, CNN2SNN_DTYPE_FLOAT32, &floats, error));
    C2S_GOTO(c2s_tensor_copy(floats, &copy, error));
    weights[index] = copy;
    C2S_GOTO(c2s_layer_with_weights(layer, layer->weight_count, weights, &changed, error));
    C2S_GOTO(c2s_sampler_replace(sampler, changed, error));
done:
    c2s_layer_release(changed);
    c2s_tensor_release(copy);
    c2s_tensor_release(floats);
    return status;
}

cnn2snn_status cnn2snn_sampler_set_weight(cnn2snn_sampler *sampler, size_t index, const cnn2snn_tensor *value,
                                          cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, sampler);
    C2S_NEED(error, value);
    return c2s_edge_end(sampler->context, set_weight(sampler, index, value, error), error);
}

cnn2snn_status cnn2snn_sampler_get_model(const cnn2snn_sampler *sampler, cnn2snn_model **out_model,
                                         cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, sampler);
    C2S_RETURN(sampler->context,
               c2s_model_from_graph_take(sampler->like, c2s_graph_retain(sampler->graph), false, out_model, error),
               out_model, error);
}

cnn2snn_status cnn2snn_sampler_quantization_error(cnn2snn_sampler *sampler, cnn2snn_metric_kind metric,
                                                  double *out_result, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, sampler);
    C2S_NEED(error, out_result);
    return c2s_edge_end(sampler->context, c2s_sampler_error(sampler, metric, out_result, error), error);
}

static cnn2snn_status error_by(cnn2snn_sampler *sampler, const cnn2snn_metric *metric, double *out_result,
                               cnn2snn_error **error)
{
    C2S_NEED(error, sampler);
    C2S_NEED(error, out_result);
    C2S_NEED(error, metric->update);
    C2S_NEED(error, metric->result);
    return c2s_edge_end(sampler->context, c2s_sampler_error_by(sampler, metric, out_result, error), error);
}

cnn2snn_status cnn2snn_sampler_quantization_error_by(cnn2snn_sampler *sampler, const cnn2snn_metric *metric,
                                                     double *out_result, cnn2snn_error **error)
{
    cnn2snn_metric ours = CNN2SNN_METRIC_INIT;
    c2s_edge_start(error);
    C2S_NEED(error, metric);
    cnn2snn_status status = c2s_options_read(NULL, &ours, sizeof ours, metric, "cnn2snn_metric", error);
    if (!status)
        status = error_by(sampler, &ours, out_result, error);
    if (ours.destroy_user_data)
        ours.destroy_user_data(ours.user_data);
    return status;
}

static cnn2snn_status next_activation(const cnn2snn_model *model, const char *layer_name,
                                      const cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_layer **layers = NULL;
    C2S_TRY(c2s_graph_linear_layers(model->graph, &layers, error));
    size_t count = model->graph->node_count - 1, index = 0;
    while (index < count && strcmp(layers[index]->name, layer_name) != 0)
        index++;
    size_t next = c2s_next_activation(layers, count, index);
    *out_layer = next < count ? layers[next] : NULL;
    c2s_free(model->context, layers);
    if (index == count)
        return c2s_error(model->context, error, CNN2SNN_E_VALUE, "L-143", "the model has no layer '%s'", layer_name);
    return CNN2SNN_OK;
}

cnn2snn_status cnn2snn_model_next_activation(const cnn2snn_model *model, const char *layer_name,
                                             const cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    C2S_OUT(error, out_layer);
    C2S_NEED(error, model);
    C2S_NEED(error, layer_name);
    C2S_RETURN(model->context, next_activation(model, layer_name, out_layer, error), out_layer, error);
}

/* ------------------------------------------------------------------------------------------------ methods */

cnn2snn_status cnn2snn_bias_correction_options_init(cnn2snn_bias_correction_options *options, size_t struct_size)
{
    cnn2snn_bias_correction_options defaults = CNN2SNN_BIAS_CORRECTION_OPTIONS_INIT;
    return c2s_options_write(options, struct_size, &defaults, sizeof defaults);
}

static cnn2snn_status correct_biases(const cnn2snn_model *model, cnn2snn_samples *samples,
                                     const cnn2snn_bias_correction_options *options, cnn2snn_model **out_model,
                                     cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    C2S_NEED(error, samples);
    struct c2s_graph *graph = NULL;
    C2S_TRY(c2s_edge_reserved(model->context, options->reserved, "cnn2snn_bias_correction_options", error));
    cnn2snn_status status = c2s_bias_correction(model->graph, samples, options, &graph, error);
    if (!status)
        status = c2s_model_from_graph_take(model, graph, false, out_model, error);
    C2S_RETURN(model->context, status, out_model, error);
}

cnn2snn_status cnn2snn_model_bias_correction(const cnn2snn_model *model, cnn2snn_samples *samples,
                                             const cnn2snn_bias_correction_options *options,
                                             cnn2snn_model **out_model, cnn2snn_error **error)
{
    cnn2snn_bias_correction_options ours = CNN2SNN_BIAS_CORRECTION_OPTIONS_INIT;
    c2s_edge_start(error);
    cnn2snn_status status =
        c2s_options_read(NULL, &ours, sizeof ours, options, "cnn2snn_bias_correction_options", error);
    if (!status)
        status = correct_biases(model, samples, &ours, out_model, error);
    else if (out_model)
        *out_model = NULL;
    if (ours.destroy_user_data)
        ours.destroy_user_data(ours.user_data);
    return status;
}

cnn2snn_status cnn2snn_optimizer_init(cnn2snn_optimizer *optimizer, size_t struct_size)
{
    cnn2snn_optimizer defaults = CNN2SNN_OPTIMIZER_INIT;
    return c2s_options_write(optimizer, struct_size, &defaults, sizeof defaults);
}

cnn2snn_status cnn2snn_loss_init(cnn2snn_loss *loss, size_t struct_size)
{
    cnn2snn_loss defaults = CNN2SNN_LOSS_INIT;
    return c2s_options_write(loss, struct_size, &defaults, sizeof defaults);
}

cnn2snn_status cnn2snn_adaround_options_init(cnn2snn_adaround_options *options, size_t struct_size)
{
    cnn2snn_adaround_options defaults = CNN2SNN_ADAROUND_OPTIONS_INIT;
    return c2s_options_write(options, struct_size, &defaults, sizeof defaults);
}

/* What the options and the structs that they point to say. */
struct adaround_settings {
    cnn2snn_adaround_options options;
    cnn2snn_optimizer optimizer;
    cnn2snn_loss loss;
};

/* Whatever could be read is there to be destroyed, also on failure. */
static cnn2snn_status read_settings(const cnn2snn_adaround_options *options, struct adaround_settings *out,
                                    cnn2snn_error **error)
{
    C2S_TRY(c2s_options_read(NULL, &out->options, sizeof out->options, options, "cnn2snn_adaround_options", error));
    out->optimizer.learning_rate = out->options.optimizer ? out->optimizer.learning_rate : 0.01;
    C2S_TRY(c2s_options_read(NULL, &out->optimizer, sizeof out->optimizer, out->options.optimizer,
                             "cnn2snn_optimizer", error));
    C2S_TRY(c2s_options_read(NULL, &out->loss, sizeof out->loss, out->options.loss, "cnn2snn_loss", error));
    C2S_TRY(c2s_edge_reserved(NULL, out->options.reserved, "cnn2snn_adaround_options", error));
    C2S_TRY(c2s_edge_reserved(NULL, out->optimizer.reserved, "cnn2snn_optimizer", error));
    return c2s_edge_reserved(NULL, out->loss.reserved, "cnn2snn_loss", error);
}

static cnn2snn_status round_weights(const cnn2snn_model *model, cnn2snn_samples *samples,
                                    const struct adaround_settings *settings, cnn2snn_model **out_model,
                                    cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    C2S_NEED(error, samples);
    struct c2s_graph *graph = NULL;
    cnn2snn_status status =
        c2s_adaround(model->graph, samples, &settings->options, &settings->optimizer, &settings->loss, &graph, error);
    if (!status)
        status = c2s_model_from_graph_take(model, graph, false, out_model, error);
    C2S_RETURN(model->context, status, out_model, error);
}

cnn2snn_status cnn2snn_model_adaround(const cnn2snn_model *model, cnn2snn_samples *samples,
                                      const cnn2snn_adaround_options *options, cnn2snn_model **out_model,
                                      cnn2snn_error **error)
{
    struct adaround_settings settings = {CNN2SNN_ADAROUND_OPTIONS_INIT, CNN2SNN_OPTIMIZER_INIT, CNN2SNN_LOSS_INIT};
    c2s_edge_start(error);
    cnn2snn_status status = read_settings(options, &settings, error);
    if (!status)
        status = round_weights(model, samples, &settings, out_model, error);
    else if (out_model)
        *out_model = NULL;
    if (settings.optimizer.destroy_user_data)
        settings.optimizer.destroy_user_data(settings.optimizer.user_data);
    if (settings.loss.destroy_user_data)
        settings.loss.destroy_user_data(settings.loss.user_data);
    if (settings.options.destroy_user_data)
        settings.options.destroy_user_data(settings.options.user_data);
    return status;
}
