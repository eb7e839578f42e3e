/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/model.h that make models of files and files of models. */
#include <string.h>

#include "api/edge.h"
#include "base/allocator.h"
#include "base/json.h"
#include "cnn2snn/model.h"
#include "formats/keras_config.h"
#include "formats/keras_hdf5.h"
#include "ir/model.h"
#include "layers/layer_kind.h"
#include "transform/transform.h"

cnn2snn_status cnn2snn_load_options_init(cnn2snn_load_options *options, size_t struct_size)
{
    cnn2snn_load_options defaults = CNN2SNN_LOAD_OPTIONS_INIT;
    return c2s_options_write(options, struct_size, &defaults, sizeof defaults);
}

static cnn2snn_status read_settings(cnn2snn_context *context, const cnn2snn_load_options *options,
                                    struct c2s_keras_read_settings *settings, cnn2snn_error **error)
{
    cnn2snn_load_options ours = CNN2SNN_LOAD_OPTIONS_INIT;
    C2S_TRY(c2s_options_read(context, &ours, sizeof ours, options, "cnn2snn_load_options", error));
    C2S_TRY(c2s_edge_reserved(context, ours.reserved, "cnn2snn_load_options", error));
    C2S_TRY(c2s_edge_reserved(context, ours.reserved2, "cnn2snn_load_options", error));
    *settings = (struct c2s_keras_read_settings){.custom_objects = ours.custom_objects,
                                                 .allow_unknown_layers = ours.allow_unknown_layers != 0,
                                                 .without_training = ours.without_training != 0};
    return CNN2SNN_OK;
}

cnn2snn_status cnn2snn_model_load(cnn2snn_context *context, const char *path, const cnn2snn_load_options *options,
                                  cnn2snn_model **out_model, cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, context);
    C2S_NEED(error, path);
    struct c2s_keras_read_settings settings;
    C2S_TRY(read_settings(context, options, &settings, error));
    cnn2snn_status status = c2s_keras_hdf5_load(context, path, &settings, out_model, error);
    if (status)
        c2s_error_set_file(error, path);
    C2S_RETURN(context, status, out_model, error);
}

cnn2snn_status cnn2snn_model_load_memory(cnn2snn_context *context, const void *data, size_t size,
                                         const cnn2snn_load_options *options, cnn2snn_model **out_model,
                                         cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, context);
    if (size)
        C2S_NEED(error, data);
    struct c2s_keras_read_settings settings;
    C2S_TRY(read_settings(context, options, &settings, error));
    C2S_RETURN(context, c2s_keras_hdf5_read(context, data, size, &settings, out_model, error), out_model, error);
}

/* Who wrote the document, as a model of a file says it. */
static cnn2snn_status keep_writer(cnn2snn_model *model, const json_t *document, cnn2snn_error **error)
{
    const char *version = c2s_json_get_string(document, "keras_version", NULL);
    const char *backend = c2s_json_get_string(document, "backend", NULL);
    model->keras_version = c2s_strdup(model->context, version);
    model->backend = c2s_strdup(model->context, backend);
    if ((version && !model->keras_version) || (backend && !model->backend))
        return c2s_error_no_memory(error);
    return CNN2SNN_OK;
}

static cnn2snn_status model_of_document(cnn2snn_context *context, const json_t *document,
                                        const struct c2s_keras_read_settings *settings, cnn2snn_model **out_model,
                                        cnn2snn_error **error)
{
    struct c2s_graph *graph = NULL;
    cnn2snn_model *model = NULL;
    cnn2snn_status status = c2s_keras_config_read(context, document, settings, &graph, error);
    if (!status)
        status = c2s_graph_build(graph, error);
    if (!status)
        status = c2s_model_create(context, graph, &model, error);
    c2s_graph_release(graph);
    if (!status)
        status = keep_writer(model, document, error);
    if (status)
        c2s_model_destroy(model);
    else
        *out_model = model;
    return status;
}

cnn2snn_status cnn2snn_model_create_from_json(cnn2snn_context *context, const char *json, size_t json_size,
                                              const cnn2snn_load_options *options, cnn2snn_model **out_model,
                                              cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, context);
    C2S_NEED(error, json);
    struct c2s_keras_read_settings settings;
    C2S_TRY(read_settings(context, options, &settings, error));
    json_t *document = NULL;
    cnn2snn_status status = c2s_json_parse(context, json, json_size, "model_config", &document, error);
    if (!status)
        status = model_of_document(context, document, &settings, out_model, error);
    json_decref(document);
    C2S_RETURN(context, status, out_model, error);
}

cnn2snn_status cnn2snn_model_load_weights(const cnn2snn_model *model, const char *path, cnn2snn_model **out_model,
                                          cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    C2S_NEED(error, path);
    cnn2snn_status status = c2s_keras_hdf5_load_weights(model, path, out_model, error);
    if (status)
        c2s_error_set_file(error, path);
    C2S_RETURN(model->context, status, out_model, error);
}

cnn2snn_status cnn2snn_model_save(const cnn2snn_model *model, const char *path, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, model);
    C2S_NEED(error, path);
    cnn2snn_status status = c2s_keras_hdf5_save(model, path, error);
    if (status)
        c2s_error_set_file(error, path);
    return c2s_edge_end(model->context, status, error);
}

cnn2snn_status cnn2snn_model_save_memory(const cnn2snn_model *model, cnn2snn_buffer **out_buffer,
                                         cnn2snn_error **error)
{
    C2S_OUT(error, out_buffer);
    C2S_NEED(error, model);
    C2S_RETURN(model->context, c2s_keras_hdf5_write(model, out_buffer, error), out_buffer, error);
}

cnn2snn_status cnn2snn_model_clone(const cnn2snn_model *model, cnn2snn_model **out_model, cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    struct c2s_graph *graph = c2s_graph_retain(model->graph);
    C2S_RETURN(model->context, c2s_model_from_graph_take(model, graph, true, out_model, error), out_model, error);
}

void cnn2snn_model_destroy(cnn2snn_model *model)
{
    c2s_model_destroy(model);
}
