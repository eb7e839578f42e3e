/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/transform.h. */
#include "transform/transform.h"

#include "api/edge.h"
#include "cnn2snn/transform.h"
#include "ir/model.h"

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
