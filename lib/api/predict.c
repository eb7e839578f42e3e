/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/model.h that run models. */
#include "api/edge.h"
#include "cnn2snn/model.h"
#include "evaluate/evaluate.h"
#include "ir/model.h"

cnn2snn_status cnn2snn_predict_options_init(cnn2snn_predict_options *options, size_t struct_size)
{
    cnn2snn_predict_options defaults = CNN2SNN_PREDICT_OPTIONS_INIT;
    return c2s_options_write(options, struct_size, &defaults, sizeof defaults);
}

static cnn2snn_status read_options(cnn2snn_context *context, const cnn2snn_predict_options *options,
                                   struct c2s_evaluate_options *out, cnn2snn_error **error)
{
    cnn2snn_predict_options ours = CNN2SNN_PREDICT_OPTIONS_INIT;
    C2S_TRY(c2s_options_read(context, &ours, sizeof ours, options, "cnn2snn_predict_options", error));
    C2S_TRY(c2s_edge_reserved(context, ours.reserved, "cnn2snn_predict_options", error));
    if (ours.batch_size < 0)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-range", "batch_size %lld, expected 0 or more",
                         (long long)ours.batch_size);
    if (ours.threads < 0 || ours.threads > 1024)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-range", "threads %d, expected 0 to 1024",
                         (int)ours.threads);
    *out = (struct c2s_evaluate_options){.batch_size = ours.batch_size,
                                         .threads = ours.threads,
                                         .layer_output = ours.layer_output,
                                         .layer_output_user_data = ours.layer_output_user_data,
                                         .layer_integers = ours.layer_integers,
                                         .layer_integers_user_data = ours.layer_integers_user_data};
    return CNN2SNN_OK;
}

static cnn2snn_status check_counts(const cnn2snn_model *model, size_t input_count, size_t output_capacity,
                                   cnn2snn_error **error)
{
    const struct c2s_graph *graph = model->graph;
    if (input_count != graph->input_count)
        return c2s_error(model->context, error, CNN2SNN_E_VALUE, "A-inputs", "%zu inputs, the model has %zu",
                         input_count, graph->input_count);
    if (output_capacity < graph->output_count)
        return c2s_error(model->context, error, CNN2SNN_E_VALUE, "A-capacity",
                         "room for %zu outputs, the model has %zu", output_capacity, graph->output_count);
    return CNN2SNN_OK;
}

cnn2snn_status cnn2snn_model_predict(const cnn2snn_model *model, size_t input_count,
                                     const cnn2snn_tensor *const *inputs, const cnn2snn_predict_options *options,
                                     size_t output_capacity, cnn2snn_tensor **outputs, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, outputs);
    for (size_t i = 0; i < output_capacity; i++)
        outputs[i] = NULL;
    C2S_NEED(error, model);
    if (input_count)
        C2S_NEED(error, inputs);
    for (size_t i = 0; i < input_count; i++)
        C2S_NEED(error, inputs[i]);
    struct c2s_evaluate_options settings;
    C2S_TRY(read_options(model->context, options, &settings, error));
    C2S_TRY(check_counts(model, input_count, output_capacity, error));
    cnn2snn_status status = c2s_graph_evaluate(model->graph, input_count, inputs, &settings, outputs, error);
    for (size_t i = 0; status && i < output_capacity; i++)
        outputs[i] = NULL;
    return c2s_edge_end(model->context, status, error);
}
