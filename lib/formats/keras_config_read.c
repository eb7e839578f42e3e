/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how Sequential models are read, and which generation of Keras wrote a config. */
#include "formats/keras_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "formats/keras_reader.h"

/* ------------------------------------------------------------------------------------------------ Sequential */

struct sequential {
    const struct c2s_keras_reader *reader;
    const json_t *list;
    cnn2snn_layer *input_layer;
    cnn2snn_layer **layers;
    size_t count;
    struct c2s_keras_input now; /* what the next layer is called on, where somebody needs to know */
    bool implicit;
};

static void free_sequential(struct sequential *model)
{
    for (size_t i = 0; i < model->count; i++)
        c2s_layer_release(model->layers[i]);
    c2s_free(model->reader->context, model->layers);
    c2s_layer_release(model->input_layer);
}

static bool is_taken(const struct sequential *model, const char *name)
{
    size_t i;
    json_t *object;
    json_array_foreach ((json_t *)model->list, i, object) {
        const char *other = c2s_keras_name(object);
        if (other && !strcmp(other, name))
            return true;
    }
    for (i = 0; i < model->count; i++)
        if (!strcmp(model->layers[i]->name, name))
            return true;
    return false;
}

/* A name that no layer of the list has: `stem`, or with a number from `number` on behind it. */
static cnn2snn_status make_name(const struct sequential *model, const char *stem, size_t number,
                                struct c2s_text *name)
{
    c2s_text_init(name, model->reader->context);
    c2s_text_add(name, stem);
    while (!name->failed && is_taken(model, name->data)) {
        c2s_text_free(name);
        c2s_text_format(name, "%s_%zu", stem, number++);
    }
    return name->failed ? c2s_error_no_memory(model->reader->error) : CNN2SNN_OK;
}

static cnn2snn_status follow_shape(struct sequential *model, const cnn2snn_layer *layer)
{
    if (!model->now.found)
        return CNN2SNN_OK;
    if (layer->graph && layer->graph->output_count != 1)
        return c2s_keras_malformed(model->reader, layer->name, "a model of %zu outputs in a Sequential",
                                   layer->graph->output_count);
    struct c2s_shape shape;
    C2S_TRY(c2s_layer_output_shape(layer, 1, &model->now.shape, &shape, model->reader->error));
    model->now.shape = shape;
    model->now.found = !c2s_shape_is_unranked(&shape);
    return CNN2SNN_OK;
}

static cnn2snn_status read_one(struct sequential *model, const json_t *object)
{
    cnn2snn_layer **out = &model->layers[model->count];
    if (!json_is_object(object))
        return c2s_keras_malformed(model->reader, NULL, "a layer that is no object");
    if (!strcmp(c2s_keras_class(object), "InputLayer"))
        return c2s_keras_malformed(model->reader, c2s_keras_name(object), "an InputLayer behind other layers");
    const char *name = c2s_keras_name(object);
    if (!c2s_keras_is_model(object)) {
        C2S_TRY(c2s_keras_read_layer(model->reader, object, NULL, out));
    } else if (name) {
        C2S_TRY(c2s_keras_read_nested(model->reader, object, name, &model->now, out));
    } else { /* as Keras before 2.2.3 stored them */
        struct c2s_text made_up;
        cnn2snn_status status = make_name(model, "sequential", model->count, &made_up);
        if (!status)
            status = c2s_keras_read_nested(model->reader, object, made_up.data, &model->now, out);
        c2s_text_free(&made_up);
        C2S_TRY(status);
    }
    model->count++;
    return follow_shape(model, *out);
}

/* Shapes are followed only where a nested Sequential has no input of its own. */
static bool somebody_needs_shapes(const json_t *list)
{
    size_t i;
    json_t *object;
    json_array_foreach ((json_t *)list, i, object) {
        if (c2s_keras_is_model(object) && !c2s_keras_own_input(object).found)
            return true;
    }
    return false;
}

static cnn2snn_status imply_input_layer(struct sequential *model, const char *first,
                                        const struct c2s_keras_input *input)
{
    const struct c2s_keras_reader *reader = model->reader;
    if (!input->found)
        return c2s_layer_error(reader->context, reader->error, CNN2SNN_E_VALUE, "F-keras-input", first,
                               "the model doesn't say the shape of its input: no InputLayer, batch_input_shape or "
                               "build_input_shape");
    struct c2s_text stem, name;
    c2s_text_init(&stem, reader->context);
    c2s_text_init(&name, reader->context);
    c2s_text_format(&stem, "%s_input", first ? first : "sequential");
    cnn2snn_status status = stem.failed ? c2s_error_no_memory(reader->error) : make_name(model, stem.data, 1, &name);
    if (!status)
        status = c2s_input_layer_create(reader->context, name.data, &input->shape, input->dtype, &model->input_layer,
                                        reader->error);
    model->implicit = true;
    c2s_text_free(&stem);
    c2s_text_free(&name);
    return status;
}

static cnn2snn_status make_input_layer(struct sequential *model, const json_t *object,
                                       const struct c2s_keras_input *given)
{
    const struct c2s_keras_reader *reader = model->reader;
    const json_t *first = json_array_get(model->list, 0);
    struct c2s_keras_input input = c2s_keras_own_input(object);
    if (!input.found && given && given->found)
        input = *given;
    if (first && !strcmp(c2s_keras_class(first), "InputLayer"))
        C2S_TRY(c2s_keras_read_layer(reader, first, NULL, &model->input_layer));
    else
        C2S_TRY(imply_input_layer(model, first ? c2s_keras_name(first) : NULL, &input));
    if (somebody_needs_shapes(model->list))
        model->now = input;
    return CNN2SNN_OK;
}

static cnn2snn_status read_all(struct sequential *model, const json_t *object, const struct c2s_keras_input *given)
{
    C2S_TRY(make_input_layer(model, object, given));
    size_t size = json_array_size(model->list);
    model->layers = c2s_calloc(model->reader->context, size, sizeof *model->layers);
    if (!model->layers)
        return c2s_error_no_memory(model->reader->error);
    for (size_t i = model->implicit ? 0 : 1; i < size; i++)
        C2S_TRY(read_one(model, json_array_get(model->list, i)));
    return CNN2SNN_OK;
}

static cnn2snn_status read_sequential(const struct c2s_keras_reader *reader, const json_t *object,
                                      const struct c2s_keras_input *given, struct c2s_graph **out_graph)
{
    const json_t *config = c2s_json_get(object, "config");
    struct sequential model = {.reader = reader, .list = c2s_keras_layers(object)};
    if (!model.list)
        return c2s_keras_malformed(reader, c2s_keras_name(object), "a Sequential without list of layers");
    cnn2snn_status status = read_all(&model, object, given);
    if (!status)
        status = c2s_graph_create_sequential(reader->context, c2s_keras_name(object), model.input_layer, model.count,
                                             model.layers, out_graph, reader->error);
    if (!status) {
        (*out_graph)->input_is_implicit = model.implicit;
        status = c2s_keras_config_extras(reader, config, &(*out_graph)->config_extras);
    }
    free_sequential(&model);
    return status;
}

/* ------------------------------------------------------------------------------------------------ models */

cnn2snn_status c2s_keras_read_model(const struct c2s_keras_reader *reader, const json_t *object,
                                    const struct c2s_keras_input *input, struct c2s_graph **out_graph)
{
    *out_graph = NULL;
    const char *class_name = c2s_json_get_string(object, "class_name", NULL);
    if (!class_name)
        return c2s_keras_malformed(reader, NULL, "no class_name");
    if (!c2s_keras_is_model(object) || !c2s_keras_layers(object))
        return c2s_error(reader->context, reader->error, CNN2SNN_E_UNSUPPORTED, "F-keras-class",
                         "a model of class %s%s, expected a Sequential or functional model", class_name,
                         c2s_keras_is_model(object) ? " without layers" : "");
    cnn2snn_status status = !strcmp(class_name, "Sequential") ? read_sequential(reader, object, input, out_graph)
                                                              : c2s_keras_read_functional(reader, object, out_graph);
    if (!status)
        status = c2s_graph_verify(*out_graph, reader->error);
    if (status) {
        c2s_graph_release(*out_graph);
        *out_graph = NULL;
    }
    return status;
}

/* Signs of Keras 3 anywhere in a config. Depth is that of the JSON, which is bounded. */
static bool has_signs_of_keras3(const json_t *value, uint32_t depth)
{
    const char *key;
    size_t i;
    json_t *member;
    if (!depth)
        return false;
    json_array_foreach ((json_t *)value, i, member) {
        if (has_signs_of_keras3(member, depth - 1))
            return true;
    }
    json_object_foreach ((json_t *)value, key, member) {
        const char *text = json_string_value(member);
        if (!strcmp(key, "batch_shape") || !strcmp(key, "keras_history"))
            return true;
        if (text && (!strcmp(text, "DTypePolicy") || !strncmp(text, "keras.src.models", 16)))
            return true;
        if (has_signs_of_keras3(member, depth - 1))
            return true;
    }
    return false;
}

static int generation_of(const cnn2snn_context *context, const json_t *document)
{
    const char *version = c2s_json_get_string(document, "keras_version", NULL);
    if (version)
        return strtol(version, NULL, 10) >= 3 ? 3 : 2;
    return has_signs_of_keras3(document, context->max_depth) ? 3 : 2;
}

cnn2snn_status c2s_keras_config_read(cnn2snn_context *context, const json_t *document,
                                     const struct c2s_keras_read_settings *settings, struct c2s_graph **out_graph,
                                     cnn2snn_error **error)
{
    struct c2s_keras_reader reader = {.context = context,
                                      .custom = settings->custom_objects,
                                      .allow_unknown = settings->allow_unknown_layers,
                                      .generation = settings->keras_generation,
                                      .error = error};
    if (!reader.generation)
        reader.generation = generation_of(context, document);
    C2S_TRY(c2s_keras_read_model(&reader, document, NULL, out_graph));
    cnn2snn_status status = c2s_graph_infer_shapes(*out_graph, error);
    if (status) {
        c2s_graph_release(*out_graph);
        *out_graph = NULL;
    }
    return status;
}
