/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how the parts of a whole-model file become a model: architecture, weights, and what is carried along. */
#include "formats/keras_image.h"

#include <stdlib.h>
#include <stdio.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "formats/keras_variables.h"
#include "formats/keras_weights.h"
#include "ir/model.h"

/* The one string of an attribute; false when there is none. */
static bool string_attribute(const struct c2s_image_index *index, size_t group, const char *name,
                             struct c2s_image_text *out)
{
    const struct c2s_image_attribute *attribute = c2s_image_find_attribute(index, group, name);
    if (!attribute || attribute->count != 1)
        return false;
    size_t position = attribute->position;
    *out = c2s_image_next_string(index, &position);
    return true;
}

static cnn2snn_status copy_attribute(const struct c2s_image_index *index, size_t group, const char *name, char **out,
                                     cnn2snn_error **error)
{
    struct c2s_image_text text;
    if (*out || !string_attribute(index, group, name, &text))
        return CNN2SNN_OK;
    *out = c2s_strndup(index->context, text.bytes, text.size);
    return *out ? CNN2SNN_OK : c2s_error_no_memory(error);
}

static const struct c2s_image_object *member(const struct c2s_image_index *index, const char *name)
{
    return c2s_image_find(index, 0, (struct c2s_image_text){name, strlen(name)});
}

static bool has_list(const struct c2s_image_index *index, size_t group, const char *name)
{
    char part[64];
    snprintf(part, sizeof part, "%s0", name);
    return c2s_image_find_attribute(index, group, name) || c2s_image_find_attribute(index, group, part);
}

/* The group with layer_names: model_weights of a whole model, the root of a file of weights. */
static cnn2snn_status find_weights(const struct c2s_image_index *index, size_t *out_group, cnn2snn_error **error)
{
    const struct c2s_image_object *weights = member(index, "model_weights");
    if (has_list(index, 0, "layer_names")) {
        *out_group = 0;
        return CNN2SNN_OK;
    }
    if (weights && weights->kind == C2S_IMAGE_REFUSED)
        return c2s_error(index->context, error, CNN2SNN_E_UNSUPPORTED, "F-hdf5-refused",
                         "group 'model_weights' can't be read: %.*s", (int)weights->reason.size,
                         weights->reason.bytes);
    if (!weights || weights->kind != C2S_IMAGE_GROUP)
        return c2s_error(index->context, error, CNN2SNN_E_MALFORMED, "F-weights",
                         "no Keras file: it has no group 'model_weights'");
    *out_group = c2s_image_number(index, weights);
    if (!has_list(index, *out_group, "layer_names"))
        return c2s_error(index->context, error, CNN2SNN_E_MALFORMED, "F-weights",
                         "model_weights has no attribute layer_names");
    return CNN2SNN_OK;
}

static cnn2snn_status read_document(const struct c2s_image_index *index, json_t **out, cnn2snn_error **error)
{
    struct c2s_image_text text;
    if (string_attribute(index, 0, "model_config", &text))
        return c2s_json_parse(index->context, text.bytes, text.size, "model_config", out, error);
    bool weights = has_list(index, 0, "layer_names") || c2s_keras_variables_find(index, 0);
    return weights ? c2s_error(index->context, error, CNN2SNN_E_VALUE, "F-weights-only",
                               "the file has weights only, expected a whole model")
                   : c2s_error(index->context, error, CNN2SNN_E_MALFORMED, "F-keras-config",
                               "no Keras file: it has no attribute model_config");
}

static cnn2snn_status read_graph(const struct c2s_image_index *index, const struct c2s_keras_read_settings *settings,
                                 const char *keras_version, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct c2s_keras_read_settings told = *settings;
    long major = keras_version ? strtol(keras_version, NULL, 10) : 0;
    if (keras_version && !strncmp(keras_version, "1.", 2))
        return c2s_error(index->context, error, CNN2SNN_E_UNSUPPORTED, "F-keras1",
                         "written by Keras %.20s, expected Keras 2 or 3", keras_version);
    if (!told.keras_generation && major)
        told.keras_generation = major >= 3 ? 3 : 2;
    json_t *document = NULL;
    C2S_TRY(read_document(index, &document, error));
    cnn2snn_status status = c2s_keras_config_read(index->context, document, &told, out_graph, error);
    json_decref(document);
    return status;
}

static cnn2snn_status read_optimizer(const struct c2s_image_index *index, cnn2snn_model *model, cnn2snn_error **error)
{
    cnn2snn_context *context = index->context;
    const struct c2s_image_object *group = member(index, "optimizer_weights");
    if (!group || group->kind != C2S_IMAGE_GROUP)
        return CNN2SNN_OK;
    size_t number = c2s_image_number(index, group), count;
    struct c2s_image_text *names;
    C2S_TRY(c2s_keras_read_names(index, number, "weight_names", &names, &count, error));
    model->optimizer_weights = c2s_calloc(context, count, sizeof *model->optimizer_weights);
    cnn2snn_status status = model->optimizer_weights ? CNN2SNN_OK : c2s_error_no_memory(error);
    for (size_t i = 0; i < count && !status; i++) {
        struct c2s_named_tensor *weight = &model->optimizer_weights[i];
        weight->name = c2s_strndup(context, names[i].bytes, names[i].size);
        model->optimizer_weight_count = i + 1;
        status = weight->name ? c2s_keras_read_array(index, number, names[i], NULL, false, &weight->tensor, error)
                              : c2s_error_no_memory(error);
    }
    c2s_free(context, names);
    return status;
}

static cnn2snn_status read_model(const struct c2s_image_index *index, const struct c2s_keras_read_settings *settings,
                                 cnn2snn_model **out_model, cnn2snn_error **error)
{
    struct c2s_graph *graph = NULL;
    char *version = NULL;
    size_t group;
    cnn2snn_status status;
    const struct c2s_image_object *weights = member(index, "model_weights");
    C2S_GOTO(copy_attribute(index, 0, "keras_version", &version, error));
    if (weights && weights->kind == C2S_IMAGE_GROUP)
        C2S_GOTO(copy_attribute(index, c2s_image_number(index, weights), "keras_version", &version, error));
    C2S_GOTO(read_graph(index, settings, version, &graph, error));
    C2S_GOTO(find_weights(index, &group, error));
    C2S_GOTO(c2s_keras_weights_assign(graph, index, group, error));
    C2S_GOTO(c2s_model_create(index->context, graph, out_model, error));
    cnn2snn_model *model = *out_model;
    model->keras_version = version;
    version = NULL;
    C2S_GOTO(copy_attribute(index, 0, "backend", &model->backend, error));
    if (!settings->without_training) {
        C2S_GOTO(copy_attribute(index, 0, "training_config", &model->training_config, error));
        C2S_GOTO(read_optimizer(index, model, error));
        if (!model->training_config)
            c2s_log(index->context, CNN2SNN_LOG_INFO, "the file has no training configuration");
    }
done:
    c2s_free(index->context, version);
    c2s_graph_release(graph);
    return status;
}

cnn2snn_status c2s_keras_image_read(struct c2s_image *image, const struct c2s_keras_read_settings *settings,
                                    cnn2snn_model **out_model, cnn2snn_error **error)
{
    struct c2s_image_index *index;
    *out_model = NULL;
    C2S_TRY(c2s_image_open(image, &index, error));
    cnn2snn_status status = read_model(index, settings, out_model, error);
    c2s_image_close(index);
    if (status) {
        c2s_model_destroy(*out_model);
        *out_model = NULL;
    }
    return status;
}

/* ------------------------------------------------------------------------------------------------ weights alone */

static cnn2snn_status copy_graph(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error);

/* A layer that nobody else holds, with all that is nested in it, without weights. */
static cnn2snn_status copy_layer(const cnn2snn_layer *layer, cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_layer *copy;
    C2S_TRY(c2s_layer_copy(layer, &copy, error));
    cnn2snn_status status = c2s_layer_reset_weights(copy, 0, error);
    if (!status && layer->graph) {
        struct c2s_graph *graph;
        status = copy_graph(layer->graph, &graph, error);
        if (!status) {
            c2s_graph_release(copy->graph);
            copy->graph = graph;
        }
    }
    copy->built = copy->built && !copy->kind->rules->weights;
    if (status)
        c2s_layer_release(copy);
    else
        *out_layer = copy;
    return status;
}

/* Depth is that of nested models, which is bounded where models are made. */
static cnn2snn_status copy_graph(const struct c2s_graph *graph, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    cnn2snn_layer **layers = c2s_calloc(graph->context, graph->layer_count, sizeof *layers);
    if (!layers)
        return c2s_error_no_memory(error);
    cnn2snn_status status = CNN2SNN_OK;
    for (size_t i = 0; i < graph->layer_count && !status; i++)
        status = copy_layer(graph->layers[i], &layers[i], error);
    if (!status)
        status = c2s_graph_replace_layers(graph, layers, out_graph, error);
    for (size_t i = 0; i < graph->layer_count; i++)
        c2s_layer_release(layers[i]);
    c2s_free(graph->context, layers);
    return status;
}

/* Of a whole model, of save_weights("name.h5"), or of Keras 3's .weights.h5. */
static cnn2snn_status assign_weights(struct c2s_graph *graph, const struct c2s_image_index *index,
                                     cnn2snn_error **error)
{
    size_t group;
    if (!has_list(index, 0, "layer_names") && c2s_keras_variables_find(index, 0))
        return c2s_keras_variables_assign(graph, index, 0, error);
    C2S_TRY(find_weights(index, &group, error));
    return c2s_keras_weights_assign(graph, index, group, error);
}

/* Where the model came from and how it is trained; the optimizer's state belongs to the old weights. */
static cnn2snn_status copy_origin(const cnn2snn_model *model, cnn2snn_model *copy, cnn2snn_error **error)
{
    copy->keras_version = c2s_strdup(model->context, model->keras_version);
    copy->backend = c2s_strdup(model->context, model->backend);
    copy->training_config = c2s_strdup(model->context, model->training_config);
    bool failed = (model->keras_version && !copy->keras_version) || (model->backend && !copy->backend) ||
                  (model->training_config && !copy->training_config);
    return failed ? c2s_error_no_memory(error) : CNN2SNN_OK;
}

static cnn2snn_status read_weights(const struct c2s_image_index *index, const cnn2snn_model *model,
                                   cnn2snn_model **out_model, cnn2snn_error **error)
{
    struct c2s_graph *graph = NULL;
    C2S_TRY(copy_graph(model->graph, &graph, error));
    cnn2snn_status status = c2s_graph_infer_shapes(graph, error);
    if (!status)
        status = assign_weights(graph, index, error);
    if (!status)
        status = c2s_model_create(model->context, graph, out_model, error);
    if (!status)
        status = copy_origin(model, *out_model, error);
    c2s_graph_release(graph);
    return status;
}

cnn2snn_status c2s_keras_image_read_weights(struct c2s_image *image, const cnn2snn_model *model,
                                            cnn2snn_model **out_model, cnn2snn_error **error)
{
    struct c2s_image_index *index;
    *out_model = NULL;
    C2S_TRY(c2s_image_open(image, &index, error));
    cnn2snn_status status = read_weights(index, model, out_model, error);
    c2s_image_close(index);
    if (status) {
        c2s_model_destroy(*out_model);
        *out_model = NULL;
    }
    return status;
}
