/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how a class name and a config become a layer, and how a layer becomes another one. */
#include <ctype.h>
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "layers/config_reader.h"
#include "layers/attributes.h"
#include "ir/graph.h"

static const struct c2s_layer_source no_source;

char *c2s_layer_name_of_class(cnn2snn_context *context, const char *class_name)
{
    const char *bare = strrchr(class_name, '>');
    bare = bare ? bare + 1 : class_name;
    struct c2s_text name;
    c2s_text_init(&name, context);
    for (size_t i = 0; bare[i]; i++) {
        unsigned char c = (unsigned char)bare[i], next = (unsigned char)bare[i + 1];
        bool starts_word = i && isupper(c) && (islower(next) || isdigit(next) || islower((unsigned char)bare[i - 1]));
        if (starts_word && bare[i - 1] != '_')
            c2s_text_add(&name, "_");
        char lower = (char)tolower(c);
        c2s_text_add_bytes(&name, &lower, 1);
    }
    char *copy = name.failed ? NULL : c2s_strdup(context, name.data && *name.data ? name.data : "layer");
    c2s_text_free(&name);
    return copy;
}

/* *out: a block of the allocator. */
static cnn2snn_status read_name(cnn2snn_context *context, const char *class_name, const json_t *config, char **out,
                                cnn2snn_error **error)
{
    const json_t *name = c2s_json_get(config, "name");
    if (name && (!json_is_string(name) || !*json_string_value(name)))
        return c2s_error(context, error, CNN2SNN_E_MALFORMED, "K-config", "name of a layer of class %.80s is no text",
                         class_name);
    *out = name ? c2s_strdup(context, json_string_value(name)) : c2s_layer_name_of_class(context, class_name);
    return *out ? CNN2SNN_OK : c2s_error_no_memory(error);
}

const char c2s_layer_class_remedy[] = ", expected one that is built in or registered by "
                                      "cnn2snn_custom_objects_add_layer() or _add_activation()";

/* The config with the name in it, in front where it had none. */
static json_t *config_with_name(const json_t *config, const char *name)
{
    json_t *copy = json_object_get(config, "name") ? json_copy((json_t *)config) : json_object();
    if (!copy || json_object_set_new(copy, "name", json_string(name)) ||
        (config && json_object_update_missing(copy, (json_t *)config))) {
        json_decref(copy);
        return NULL;
    }
    return copy;
}

static cnn2snn_status find_kind(cnn2snn_context *context, const char *class_name, const char *name,
                                const struct c2s_layer_source *source, const struct c2s_layer_kind **out,
                                cnn2snn_error **error)
{
    *out = c2s_layer_kind_find(class_name);
    if (*out)
        return CNN2SNN_OK;
    enum c2s_kind_id id = C2S_KIND_OPAQUE;
    if (c2s_custom_objects_find(source->custom, class_name, C2S_CUSTOM_LAYER))
        id = C2S_KIND_CUSTOM;
    else if (c2s_custom_objects_find(source->custom, class_name, C2S_CUSTOM_ACTIVATION))
        id = C2S_KIND_CUSTOM_ACTIVATION;
    else if (!source->allow_unknown)
        return c2s_layer_error(context, error, CNN2SNN_E_VALUE, "K-class", name, "unknown layer class %.80s%s",
                               class_name, c2s_layer_class_remedy);
    *out = c2s_layer_kind_get(id);
    return CNN2SNN_OK;
}

static void check_keras1(struct c2s_config *config)
{
    static const char *const keys[] = {"nb_filter", "nb_row",     "nb_col",        "border_mode",
                                       "subsample", "output_dim", "W_regularizer", "dim_ordering"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys && !config->status; i++)
        if (json_object_get(config->object, keys[i]))
            config->status =
                c2s_layer_error(config->layer->context, config->error, CNN2SNN_E_UNSUPPORTED, "K-keras1",
                                config->layer->name, "%s is an argument of Keras 1, expected Keras 2 or 3", keys[i]);
}

/* Names are taken as they are (the weights are float32 in any case); policies that change weights are not. */
static void check_dtype(struct c2s_config *config)
{
    const json_t *value = c2s_config_value(config, "dtype");
    const char *policy = c2s_json_get_string(value, "class_name", "");
    if (value && !json_is_string(value) && !json_is_object(value))
        c2s_config_wrong_type(config, "dtype", value, "a name or a policy");
    else if (!config->status && (strstr(policy, "Quantized") || !strcmp(policy, "DTypePolicyMap")))
        config->status = c2s_layer_error(config->layer->context, config->error, CNN2SNN_E_UNSUPPORTED, "K-config",
                                         config->layer->name, "dtype is a %.40s, expected a number type", policy);
}

/* A constructor takes no argument that its class doesn't know. */
static void check_arguments(struct c2s_config *config)
{
    static const char *const common[] = {"name",       "trainable", "dtype",    "batch_input_shape",
                                         "batch_size", "weights",   "autocast", "input_shape",
                                         "input_dim",  "dynamic",   NULL};
    const char *key;
    json_t *value;
    json_object_foreach ((json_t *)config->object, key, value) {
        bool known = false;
        for (size_t i = 0; common[i] && !known; i++)
            known = !strcmp(common[i], key);
        const struct c2s_config_key *keys = config->layer->kind->keys;
        for (; keys && keys->key && !known; keys++)
            known = !strcmp(keys->key, key);
        if (!known && !config->status)
            config->status = c2s_layer_error(config->layer->context, config->error, CNN2SNN_E_TYPE, "K-config",
                                             config->layer->name, "unknown argument %.80s of class %.80s", key,
                                             config->layer->class_name);
    }
}

static bool is_built_in(const cnn2snn_layer *layer)
{
    enum c2s_kind_id id = c2s_layer_id(layer);
    return id != C2S_KIND_OPAQUE && id != C2S_KIND_CUSTOM && id != C2S_KIND_CUSTOM_ACTIVATION && id != C2S_KIND_MODEL;
}

static cnn2snn_status parse(cnn2snn_layer *layer, const struct c2s_layer_source *source, cnn2snn_error **error)
{
    struct c2s_config config = c2s_config_open(layer, source, error);
    layer->trainable = c2s_config_bool(&config, "trainable", true);
    if (is_built_in(layer)) {
        if (!c2s_layer_is(layer, C2S_FAMILY_QUANTIZEML))
            check_keras1(&config);
        check_dtype(&config);
        if (source->constructed)
            check_arguments(&config);
    }
    C2S_TRY(config.status);
    const struct c2s_layer_kind *kind = layer->kind;
    if (kind->rules->attributes_size)
        C2S_TRY(c2s_layer_allocate_attributes(layer, kind->rules->attributes_size, kind->rules->destroy, error));
    if (kind->rules->parse)
        C2S_TRY(kind->rules->parse(layer, source, error));
    layer->built = !kind->rules->weights && kind->id != C2S_KIND_MODEL;
    return CNN2SNN_OK;
}

/* A constructor takes quantizers in any form; the config has the one that files have. */
static cnn2snn_status write_quantizer(cnn2snn_layer *layer, const char *key, const cnn2snn_quantizer *quantizer,
                                      cnn2snn_error **error)
{
    if (!quantizer)
        return CNN2SNN_OK;
    json_t *value;
    C2S_TRY(c2s_quantizer_to_json(quantizer, &value, error));
    return json_object_set_new(layer->config, key, value) ? c2s_error_no_memory(error) : CNN2SNN_OK;
}

static cnn2snn_status fill(cnn2snn_layer *layer, const json_t *config, const struct c2s_layer_source *source,
                           cnn2snn_error **error)
{
    json_t *copy = config_with_name(config, layer->name);
    if (!copy)
        return c2s_error_no_memory(error);
    json_decref(layer->config);
    layer->config = copy;
    layer->keras_generation = source->keras_generation >= 3 ? 3 : 2;
    C2S_TRY(parse(layer, source, error));
    if (!source->constructed)
        return CNN2SNN_OK;
    C2S_TRY(write_quantizer(layer, "quantizer", c2s_layer_quantizer(layer), error));
    C2S_TRY(write_quantizer(layer, "quantizer_dw", c2s_layer_depthwise_quantizer(layer), error));
    C2S_TRY(c2s_layer_get_config(layer, &copy, error));
    json_decref(layer->config);
    layer->config = copy;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_create(cnn2snn_context *context, const char *class_name, const json_t *config,
                                const struct c2s_layer_source *source, cnn2snn_layer **out_layer,
                                cnn2snn_error **error)
{
    const struct c2s_layer_kind *kind = NULL;
    cnn2snn_layer *layer = NULL;
    char *name = NULL;
    *out_layer = NULL;
    source = source ? source : &no_source;
    if (config && !json_is_object(config))
        return c2s_error(context, error, CNN2SNN_E_MALFORMED, "K-config",
                         "config of a layer of class %.80s is no object", class_name);
    C2S_TRY(read_name(context, class_name, config, &name, error));
    cnn2snn_status status = find_kind(context, class_name, name, source, &kind, error);
    if (!status)
        status = c2s_layer_allocate(context, kind, class_name, name, &layer, error);
    if (!status)
        status = fill(layer, config, source, error);
    c2s_free(context, name);
    if (status)
        c2s_layer_release(layer);
    else
        *out_layer = layer;
    return status;
}

cnn2snn_status c2s_model_layer_create(cnn2snn_context *context, const char *class_name, const char *name,
                                      struct c2s_graph *graph, const json_t *config, bool trainable,
                                      cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    cnn2snn_layer *layer;
    *out_layer = NULL;
    C2S_TRY(c2s_layer_allocate(context, c2s_layer_kind_get(C2S_KIND_MODEL), class_name, name, &layer, error));
    json_t *copy = config_with_name(config, name);
    if (!copy || json_object_set_new(copy, "name", json_string(name))) {
        json_decref(copy);
        c2s_layer_release(layer);
        return c2s_error_no_memory(error);
    }
    json_decref(layer->config);
    layer->config = copy;
    layer->trainable = trainable;
    layer->graph = c2s_graph_retain(graph);
    layer->built = true;
    for (size_t i = 0; i < graph->layer_count; i++)
        layer->built = layer->built && graph->layers[i]->built;
    *out_layer = layer;
    return CNN2SNN_OK;
}

/* Do the weights of `layer` fit the new one? */
static cnn2snn_status weights_fit(const cnn2snn_layer *layer, const cnn2snn_layer *made, bool *fit,
                                  struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], cnn2snn_error **error)
{
    size_t count;
    C2S_TRY(c2s_layer_weight_specs(made, 0, NULL, specs, &count, error));
    *fit = layer->built && count == layer->weight_count;
    for (size_t i = 0; i < count && *fit; i++)
        *fit = c2s_weight_fits(&specs[i], layer->weights[i].tensor);
    return CNN2SNN_OK;
}

static cnn2snn_status take_weights(const cnn2snn_layer *layer, cnn2snn_layer *made, cnn2snn_error **error)
{
    struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS];
    bool fit;
    if (!made->kind->rules->weights) {
        if (is_built_in(made) || made->kind != layer->kind || !layer->weight_count)
            return CNN2SNN_OK;
        C2S_TRY(c2s_layer_reset_weights(made, layer->weight_count, error));
        made->owns_weight_names = true;
    } else {
        C2S_TRY(weights_fit(layer, made, &fit, specs, error));
        if (!fit)
            return CNN2SNN_OK;
        C2S_TRY(c2s_layer_reset_weights(made, layer->weight_count, error));
    }
    for (size_t i = 0; i < layer->weight_count; i++) {
        made->weights[i].tensor = c2s_tensor_retain(layer->weights[i].tensor);
        made->weights[i].name =
            made->owns_weight_names ? c2s_strdup(layer->context, layer->weights[i].name) : specs[i].name;
        if (!made->weights[i].name)
            return c2s_error_no_memory(error);
    }
    made->built = true;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_layer_with_config(const cnn2snn_layer *layer, const char *class_name, const json_t *config,
                                     const cnn2snn_custom_objects *custom, cnn2snn_layer **out_layer,
                                     cnn2snn_error **error)
{
    const struct c2s_layer_source source = {
        .custom = custom, .allow_unknown = true, .keras_generation = layer->keras_generation};
    *out_layer = NULL;
    json_t *named = config_with_name(config ? config : layer->config, layer->name);
    if (!named)
        return c2s_error_no_memory(error);
    cnn2snn_layer *made;
    cnn2snn_status status =
        c2s_layer_create(layer->context, class_name ? class_name : layer->class_name, named, &source, &made, error);
    json_decref(named);
    C2S_TRY(status);
    made->extras = json_incref(layer->extras);
    if (c2s_layer_id(made) == C2S_KIND_MODEL && layer->graph) {
        made->graph = c2s_graph_retain(layer->graph);
        made->built = layer->built;
    }
    status = take_weights(layer, made, error);
    if (status)
        c2s_layer_release(made);
    else
        *out_layer = made;
    return status;
}

cnn2snn_status c2s_input_layer_create(cnn2snn_context *context, const char *name, const struct c2s_shape *shape,
                                      cnn2snn_dtype dtype, cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    *out_layer = NULL;
    json_t *extents = json_array();
    int failed = json_array_append_new(extents, json_null());
    for (size_t i = 0; i < shape->rank; i++)
        failed |=
            json_array_append_new(extents, shape->extents[i] < 0 ? json_null() : json_integer(shape->extents[i]));
    const char *type = dtype == CNN2SNN_DTYPE_NONE ? "float32" : c2s_dtype_name(dtype);
    json_t *config = json_pack("{s:o, s:s, s:b, s:b, s:s}", "batch_input_shape", extents, "dtype", type, "sparse", 0,
                               "ragged", 0, "name", name ? name : "input_1");
    if (!config || failed) {
        json_decref(config);
        return c2s_error_no_memory(error);
    }
    cnn2snn_status status = c2s_layer_create(context, "InputLayer", config, NULL, out_layer, error);
    json_decref(config);
    if (!status && c2s_shape_is_unranked(shape))
        ((struct c2s_input_attributes *)(*out_layer)->attributes)->shape = *shape;
    return status;
}
