/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/transform.h. */
#include "transform/transform.h"

#include "api/edge.h"
#include "base/allocator.h"
#include "base/report.h"
#include "cnn2snn/transform.h"
#include "ir/model.h"
#include "transform/mend.h"
#include "transform/rewrite.h"

typedef cnn2snn_status (*transform_fn)(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                       cnn2snn_error **error);

/* Training state belongs to the weights as they were: a transformed model has none. */
static cnn2snn_status transform(const cnn2snn_model *model, transform_fn function, cnn2snn_model **out_model,
                                cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    struct c2s_graph *graph = NULL;
    cnn2snn_status status = function(model->graph, &graph, error);
    if (!status)
        status = c2s_model_from_graph_take(model, graph, false, out_model, error);
    C2S_RETURN(model->context, status, out_model, error);
}

cnn2snn_status cnn2snn_model_sequentialize(const cnn2snn_model *model, cnn2snn_model **out_model,
                                           cnn2snn_error **error)
{
    return transform(model, c2s_sequentialize, out_model, error);
}

cnn2snn_status cnn2snn_model_syncretize(const cnn2snn_model *model, cnn2snn_model **out_model, cnn2snn_error **error)
{
    return transform(model, c2s_syncretize, out_model, error);
}

cnn2snn_status cnn2snn_model_prepare_to_convert(const cnn2snn_model *model, cnn2snn_model **out_model,
                                                cnn2snn_error **error)
{
    return transform(model, c2s_prepare_to_convert, out_model, error);
}

cnn2snn_status cnn2snn_model_invert_batchnorm_pooling(const cnn2snn_model *model, cnn2snn_model **out_model,
                                                      cnn2snn_error **error)
{
    return transform(model, c2s_invert_batchnorm_pooling, out_model, error);
}

cnn2snn_status cnn2snn_model_fold_batchnorm(const cnn2snn_model *model, cnn2snn_model **out_model,
                                            cnn2snn_error **error)
{
    return transform(model, c2s_fold_batchnorm, out_model, error);
}

cnn2snn_status cnn2snn_model_reshape(const cnn2snn_model *model, int64_t input_rows, int64_t input_columns,
                                     cnn2snn_model **out_model, cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    struct c2s_graph *graph = NULL;
    cnn2snn_status status = c2s_reshape_input(model->graph, input_rows, input_columns, &graph, error);
    if (!status)
        status = c2s_model_from_graph_take(model, graph, false, out_model, error);
    C2S_RETURN(model->context, status, out_model, error);
}

cnn2snn_status cnn2snn_model_cross_layer_scaling(const cnn2snn_model *model, cnn2snn_model **out_model,
                                                 cnn2snn_error **error)
{
    return transform(model, c2s_cross_layer_scaling, out_model, error);
}

cnn2snn_status cnn2snn_model_normalize_separable(const cnn2snn_model *model, cnn2snn_model **out_model,
                                                 cnn2snn_error **error)
{
    return transform(model, c2s_normalize_separable_model, out_model, error);
}

cnn2snn_status cnn2snn_model_weights_homogeneity(const cnn2snn_model *model, size_t capacity, const char **out_names,
                                                 float *out_rates, size_t *out_count, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, model);
    C2S_NEED(error, out_count);
    if (capacity) {
        C2S_NEED(error, out_names);
        C2S_NEED(error, out_rates);
    }
    size_t count = 0;
    for (size_t i = 0; i < model->graph->layer_count; i++) {
        const cnn2snn_layer *layer = model->graph->layers[i];
        float rate = 0;
        if (!c2s_has_weights_homogeneity(layer))
            continue;
        cnn2snn_status status = c2s_weights_homogeneity(layer, &rate, error);
        if (status)
            return c2s_edge_end(model->context, status, error);
        if (count < capacity) {
            out_names[count] = layer->name;
            out_rates[count] = rate;
        }
        count++;
    }
    *out_count = count;
    return CNN2SNN_OK;
}

/* The graph with that layer normalized. */
static cnn2snn_status normalize_layer(const struct c2s_graph *graph, const char *layer_name,
                                      struct c2s_graph **out_graph, cnn2snn_error **error)
{
    int64_t index = c2s_graph_find_layer(graph, layer_name);
    if (index < 0)
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "L-080", "the model has no layer '%s'", layer_name);
    cnn2snn_layer *normalized = NULL;
    C2S_TRY(c2s_normalize_separable_layer(graph->layers[index], &normalized, error));
    cnn2snn_layer **layers = c2s_calloc(graph->context, graph->layer_count, sizeof *layers);
    cnn2snn_status status = layers ? CNN2SNN_OK : c2s_error_no_memory(error);
    if (!status) {
        layers[index] = normalized;
        status = c2s_graph_with_layers(graph, layers, out_graph, error);
    }
    c2s_free(graph->context, layers);
    c2s_layer_release(normalized);
    return status;
}

cnn2snn_status cnn2snn_model_normalize_separable_layer(cnn2snn_model *model, const char *layer_name,
                                                       cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, model);
    C2S_NEED(error, layer_name);
    struct c2s_graph *graph = NULL;
    cnn2snn_status status = normalize_layer(model->graph, layer_name, &graph, error);
    if (!status) {
        c2s_graph_release(model->graph);
        model->graph = graph;
    }
    return c2s_edge_end(model->context, status, error);
}

static cnn2snn_status rescale(const cnn2snn_model *model, cnn2snn_samples *samples, int64_t batch_size,
                              cnn2snn_model **out_model, cnn2snn_error **error)
{
    struct c2s_graph *graph = NULL;
    C2S_TRY(c2s_activations_rescaling(model->graph, samples, batch_size, &graph, error));
    return c2s_model_from_graph_take(model, graph, false, out_model, error);
}

cnn2snn_status cnn2snn_model_activations_rescaling(const cnn2snn_model *model, const cnn2snn_tensor *samples,
                                                   int64_t batch_size, cnn2snn_model **out_model,
                                                   cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    C2S_NEED(error, samples);
    cnn2snn_samples *stream = NULL;
    cnn2snn_status status = c2s_samples_create(samples, &stream, error);
    if (!status)
        status = rescale(model, stream, batch_size, out_model, error);
    c2s_samples_release(stream);
    C2S_RETURN(model->context, status, out_model, error);
}

cnn2snn_status cnn2snn_model_activations_rescaling_samples(const cnn2snn_model *model, cnn2snn_samples *samples,
                                                           int64_t batch_size, cnn2snn_model **out_model,
                                                           cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    C2S_NEED(error, samples);
    C2S_RETURN(model->context, rescale(model, samples, batch_size, out_model, error), out_model, error);
}

cnn2snn_status cnn2snn_model_mend(const cnn2snn_model *model, cnn2snn_model **out_model, cnn2snn_report **out_report,
                                  cnn2snn_error **error)
{
    if (out_report)
        *out_report = NULL;
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    cnn2snn_report *report = NULL;
    struct c2s_graph *graph = NULL;
    cnn2snn_status status = c2s_report_create(model->context, &report, error);
    if (!status)
        status = c2s_mend_model(model->graph, report, &graph, error);
    if (!status)
        status = c2s_model_from_graph_take(model, graph, false, out_model, error);
    if (!status && out_report)
        *out_report = report;
    else
        c2s_report_destroy(report);
    C2S_RETURN(model->context, status, out_model, error);
}
