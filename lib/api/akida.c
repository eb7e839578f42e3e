/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/akida.h. */
#include "cnn2snn/akida.h"

#include <string.h>

#include "akida/akida_model.h"
#include "akida/fbz.h"
#include "akida/release.h"
#include "api/edge.h"
#include "base/file.h"
#include "base/report.h"
#include "base/text.h"

/* ------------------------------------------------------------------------------------------------ files */

cnn2snn_status cnn2snn_akida_save_options_init(cnn2snn_akida_save_options *options, size_t struct_size)
{
    cnn2snn_akida_save_options defaults = CNN2SNN_AKIDA_SAVE_OPTIONS_INIT;
    return c2s_options_write(options, struct_size, &defaults, sizeof defaults);
}

cnn2snn_status cnn2snn_akida_model_load(cnn2snn_context *context, const char *path, cnn2snn_akida_model **out_model,
                                        cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, context);
    C2S_NEED(error, path);
    cnn2snn_status status = c2s_fbz_load(context, path, out_model, error);
    if (status)
        c2s_error_set_file(error, path);
    C2S_RETURN(context, status, out_model, error);
}

cnn2snn_status cnn2snn_akida_model_load_memory(cnn2snn_context *context, const void *data, size_t size,
                                               cnn2snn_akida_model **out_model, cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, context);
    if (size)
        C2S_NEED(error, data);
    C2S_RETURN(context, c2s_fbz_read(context, data, size, out_model, error), out_model, error);
}

/* The model in the form of the release that is to read it: a new reference. */
static cnn2snn_status model_for(const cnn2snn_akida_model *model, const char *release,
                                cnn2snn_akida_model **out_model, cnn2snn_error **error)
{
    cnn2snn_report *report = NULL;
    C2S_TRY(c2s_report_create(model->context, &report, error));
    cnn2snn_status status = c2s_akida_model_for_release(model, release, report, out_model, error);
    if (!status && c2s_report_count_errors(report)) {
        c2s_akida_model_release(*out_model);
        *out_model = NULL;
        return c2s_report_raise_and_take(report, error);
    }
    c2s_report_destroy(report);
    return status;
}

static cnn2snn_status write_model(const cnn2snn_akida_model *model, const cnn2snn_akida_save_options *options,
                                  cnn2snn_buffer **out_buffer, cnn2snn_error **error)
{
    cnn2snn_akida_save_options ours = CNN2SNN_AKIDA_SAVE_OPTIONS_INIT;
    C2S_TRY(c2s_options_read(model->context, &ours, sizeof ours, options, "cnn2snn_akida_save_options", error));
    if (!ours.akida_release)
        return c2s_fbz_write(model, ours.version, out_buffer, error);
    cnn2snn_akida_model *older = NULL;
    C2S_TRY(model_for(model, ours.akida_release, &older, error));
    cnn2snn_status status = c2s_fbz_write(older, ours.version, out_buffer, error);
    c2s_akida_model_release(older);
    return status;
}

cnn2snn_status cnn2snn_akida_model_save(const cnn2snn_akida_model *model, const char *path,
                                        const cnn2snn_akida_save_options *options, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, model);
    C2S_NEED(error, path);
    cnn2snn_buffer *buffer = NULL;
    cnn2snn_status status = write_model(model, options, &buffer, error);
    if (!status)
        status = c2s_file_write(model->context, path, buffer->data, buffer->size, error);
    c2s_buffer_destroy(buffer);
    if (status)
        c2s_error_set_file(error, path);
    return c2s_edge_end(model->context, status, error);
}

cnn2snn_status cnn2snn_akida_model_save_memory(const cnn2snn_akida_model *model,
                                               const cnn2snn_akida_save_options *options, cnn2snn_buffer **out_buffer,
                                               cnn2snn_error **error)
{
    C2S_OUT(error, out_buffer);
    C2S_NEED(error, model);
    C2S_RETURN(model->context, write_model(model, options, out_buffer, error), out_buffer, error);
}

void cnn2snn_akida_model_destroy(cnn2snn_akida_model *model)
{
    c2s_akida_model_release(model);
}

/* ------------------------------------------------------------------------------------------------ getters */

static const struct c2s_akida_layer *layer_at(const cnn2snn_akida_model *model, size_t layer)
{
    return model && layer < model->layer_count ? &model->layers[layer] : NULL;
}

cnn2snn_akida_version cnn2snn_akida_model_get_akida_version(const cnn2snn_akida_model *model)
{
    return model ? c2s_akida_model_version(model) : CNN2SNN_AKIDA_DEFAULT;
}

const char *cnn2snn_akida_model_get_version(const cnn2snn_akida_model *model)
{
    return model && model->version ? model->version : "";
}

size_t cnn2snn_akida_model_get_layer_count(const cnn2snn_akida_model *model)
{
    return model ? model->layer_count : 0;
}

int64_t cnn2snn_akida_model_find_layer(const cnn2snn_akida_model *model, const char *name)
{
    for (size_t i = 0; model && name && i < model->layer_count; i++)
        if (!strcmp(model->layers[i].name, name))
            return (int64_t)i;
    return -1;
}

const char *cnn2snn_akida_model_get_layer_name(const cnn2snn_akida_model *model, size_t layer)
{
    const struct c2s_akida_layer *l = layer_at(model, layer);
    return l ? l->name : NULL;
}

const char *cnn2snn_akida_model_get_layer_kind(const cnn2snn_akida_model *model, size_t layer)
{
    const struct c2s_akida_layer *l = layer_at(model, layer);
    return l ? l->kind_text : NULL;
}

size_t cnn2snn_akida_model_get_inbound_count(const cnn2snn_akida_model *model, size_t layer)
{
    const struct c2s_akida_layer *l = layer_at(model, layer);
    return l ? l->inbound_count : 0;
}

int64_t cnn2snn_akida_model_get_inbound(const cnn2snn_akida_model *model, size_t layer, size_t index)
{
    const struct c2s_akida_layer *l = layer_at(model, layer);
    return l && index < l->inbound_count ? (int64_t)l->inbounds[index] : -1;
}

typedef cnn2snn_status (*shape_fn)(const cnn2snn_akida_model *model, size_t layer, int64_t shape[3],
                                   cnn2snn_error **error);

/* The caller's array changes on success only. */
static cnn2snn_status get_shape(const cnn2snn_akida_model *model, size_t layer, shape_fn function,
                                int64_t out_shape[3], cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, model);
    C2S_NEED(error, out_shape);
    if (layer >= model->layer_count)
        return c2s_error(model->context, error, CNN2SNN_E_INDEX, "A-index",
                         "layer index %zu, the model has %zu layers", layer, model->layer_count);
    int64_t shape[3] = {0, 0, 0};
    cnn2snn_status status = function(model, layer, shape, error);
    if (!status)
        memcpy(out_shape, shape, sizeof shape);
    return c2s_edge_end(model->context, status, error);
}

cnn2snn_status cnn2snn_akida_model_get_input_shape(const cnn2snn_akida_model *model, size_t layer,
                                                   int64_t out_shape[3], cnn2snn_error **error)
{
    return get_shape(model, layer, c2s_akida_layer_input_shape, out_shape, error);
}

cnn2snn_status cnn2snn_akida_model_get_output_shape(const cnn2snn_akida_model *model, size_t layer,
                                                    int64_t out_shape[3], cnn2snn_error **error)
{
    return get_shape(model, layer, c2s_akida_layer_output_shape, out_shape, error);
}

size_t cnn2snn_akida_model_get_parameter_count(const cnn2snn_akida_model *model, size_t layer)
{
    const struct c2s_akida_layer *l = layer_at(model, layer);
    return l ? l->parameter_count : 0;
}

const char *cnn2snn_akida_model_get_parameter_name(const cnn2snn_akida_model *model, size_t layer, size_t index)
{
    const struct c2s_akida_layer *l = layer_at(model, layer);
    return l && index < l->parameter_count ? l->parameters[index].name : NULL;
}

int32_t cnn2snn_akida_model_get_parameter(const cnn2snn_akida_model *model, size_t layer, const char *name,
                                          int32_t otherwise)
{
    const struct c2s_akida_layer *l = layer_at(model, layer);
    return l && name ? c2s_akida_layer_get_parameter(l, name, otherwise) : otherwise;
}

size_t cnn2snn_akida_model_get_variable_count(const cnn2snn_akida_model *model, size_t layer)
{
    const struct c2s_akida_layer *l = layer_at(model, layer);
    return l ? l->variable_count : 0;
}

const char *cnn2snn_akida_model_get_variable_name(const cnn2snn_akida_model *model, size_t layer, size_t index)
{
    const struct c2s_akida_layer *l = layer_at(model, layer);
    return l && index < l->variable_count ? l->variables[index].name : NULL;
}

const cnn2snn_tensor *cnn2snn_akida_model_get_variable(const cnn2snn_akida_model *model, size_t layer,
                                                       const char *name)
{
    const struct c2s_akida_layer *l = layer_at(model, layer);
    const struct c2s_akida_variable *variable = l && name ? c2s_akida_layer_find_variable(l, name) : NULL;
    return variable ? variable->tensor : NULL;
}

/* -------------------------------------------------------------------------------------------- activation limits */

cnn2snn_status cnn2snn_akida_model_fix_v1_activation_variables(const cnn2snn_akida_model *model,
                                                               cnn2snn_akida_model **out_model, cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    C2S_RETURN(model->context, c2s_akida_fix_v1_activation_variables(model, NULL, out_model, error), out_model,
               error);
}
