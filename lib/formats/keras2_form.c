/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides how what only Keras 3 writes is said to Keras 2: shapes of inputs, dtype policies, arguments under other
 * names, initializers with new arguments. What Keras 2 has no word for keeps a name that it refuses and that we read.
 */
#include "formats/keras2_form.h"

#include <string.h>

#include "base/error.h"
#include "formats/keras_reader.h"

/* Each gives false without memory. */

static bool move_key(json_t *object, const char *from, const char *to)
{
    json_t *value = json_object_get(object, from);
    if (!value)
        return true;
    bool good = json_object_get(object, to) || !json_object_set(object, to, value);
    json_object_del(object, from);
    return good;
}

/* Removes a member that says nothing: null, false, or with `always` any. */
static void drop(json_t *object, const char *key, bool always)
{
    const json_t *value = json_object_get(object, key);
    if (value && (always || json_is_null(value) || json_is_false(value)))
        json_object_del(object, key);
}

/* {"class_name": "DTypePolicy", "config": {"name": N}}: N, or Keras 2's policy where N is a mixed one. */
static bool rewrite_dtype(json_t *config)
{
    json_t *value = json_object_get(config, "dtype");
    if (strcmp(c2s_json_get_string(value, "class_name", ""), "DTypePolicy"))
        return true;
    const char *name = c2s_json_get_string(c2s_json_get(value, "config"), "name", "float32");
    json_t *told = strncmp(name, "mixed_", 6)
                       ? json_string(name)
                       : json_pack("{s:s, s:{s:s}}", "class_name", "Policy", "config", "name", name);
    return !json_object_set_new(config, "dtype", told);
}

static bool ends_with(const char *text, const char *end)
{
    size_t size = strlen(text), end_size = strlen(end);
    return size >= end_size && !strcmp(text + size - end_size, end);
}

/* Copies an initializer without the arguments that Keras 3 added. */
static bool rewrite_initializer(json_t *config, const char *key, const json_t *value)
{
    static const char *const added[] = {"input_axes", "output_axes"};
    const json_t *arguments = c2s_json_get(value, "config");
    bool needed = json_is_object(c2s_json_get(arguments, "seed"));
    for (size_t i = 0; i < sizeof added / sizeof *added; i++)
        needed = needed || json_object_get(arguments, added[i]);
    if (!needed)
        return true;
    json_t *copy = json_copy((json_t *)value), *kept = json_copy((json_t *)arguments);
    for (size_t i = 0; kept && i < sizeof added / sizeof *added; i++)
        json_object_del(kept, added[i]);
    bool good = copy && kept;
    if (good && json_is_object(json_object_get(kept, "seed")))
        good = !json_object_set_new(kept, "seed", json_null());
    good = good && !json_object_set(copy, "config", kept) && !json_object_set(config, key, copy);
    json_decref(copy);
    json_decref(kept);
    return good;
}

static bool rewrite_initializers(json_t *config)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(config, next, key, value)
    {
        if (json_is_object(value) && ends_with(key, "_initializer") && !rewrite_initializer(config, key, value))
            return false;
    }
    return true;
}

static const char *function_name(const json_t *activation)
{
    const char *name = json_string_value(activation);
    return name ? name : c2s_json_get_string(activation, "config", "");
}

static bool is_class(const cnn2snn_layer *layer, enum c2s_kind_id kind)
{
    return c2s_layer_id(layer) == kind;
}

static bool rewrite_batch_shape(json_t *config)
{
    json_t *shape = json_object_get(config, "shape");
    if (!shape || json_object_get(config, "batch_shape") || json_object_get(config, "batch_input_shape"))
        return move_key(config, "batch_shape", "batch_input_shape");
    json_t *with_batch = json_array();
    bool good = with_batch && !json_array_append_new(with_batch, json_null()) &&
                !json_array_extend(with_batch, shape) && !json_object_set(config, "batch_input_shape", with_batch);
    json_decref(with_batch);
    json_object_del(config, "shape");
    return good;
}

static bool rewrite_by_kind(const cnn2snn_layer *layer, json_t *config)
{
    switch (c2s_layer_id(layer)) {
    case C2S_KIND_OPAQUE:
    case C2S_KIND_CUSTOM:
        return true;
    case C2S_KIND_INPUT:
        drop(config, "optional", true);
        return rewrite_batch_shape(config);
    case C2S_KIND_LEAKY_RELU:
        return move_key(config, "negative_slope", "alpha");
    case C2S_KIND_BATCH_NORMALIZATION:
        drop(config, "renorm", false);
        if (!json_object_get(config, "renorm")) {
            drop(config, "renorm_clipping", true);
            drop(config, "renorm_momentum", true);
        }
        break;
    default:
        break;
    }
    /* the InputLayer, which every model has, says it */
    drop(config, "batch_input_shape", true);
    drop(config, "quantization_config", false);
    drop(config, "lora_rank", false);
    drop(config, "lora_alpha", false);
    bool keras3_only =
        layer->keras_generation == 3 && !strcmp(function_name(json_object_get(config, "activation")), "hard_sigmoid");
    return !keras3_only || !json_object_set_new(config, "activation", json_string(C2S_KERAS3_HARD_SIGMOID));
}

/* An activation that is a layer of its own has a config, too. */
static bool rewrite_activation(json_t *config)
{
    json_t *activation = json_object_get(config, "activation");
    const json_t *inner = c2s_json_get(activation, "config");
    if (!json_is_object(activation) || !json_is_object(inner))
        return true;
    json_t *copy = json_copy(activation), *inner_copy = json_copy((json_t *)inner);
    bool good = copy && inner_copy && rewrite_dtype(inner_copy);
    if (good && !strcmp(c2s_keras_class(activation), "LeakyReLU"))
        good = move_key(inner_copy, "negative_slope", "alpha");
    good = good && !json_object_set(copy, "config", inner_copy) && !json_object_set(config, "activation", copy);
    json_decref(copy);
    json_decref(inner_copy);
    return good;
}

cnn2snn_status c2s_keras2_layer_config(const cnn2snn_layer *layer, json_t **out, cnn2snn_error **error)
{
    json_t *config = json_copy(layer->config);
    bool good = config && !json_object_set_new(config, "name", json_string(layer->name)) && rewrite_dtype(config) &&
                rewrite_initializers(config) && rewrite_activation(config) && rewrite_by_kind(layer, config);
    if (!good) {
        json_decref(config);
        return c2s_error_no_memory(error);
    }
    *out = config;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_keras2_model_extras(const struct c2s_graph *graph, json_t **out, cnn2snn_error **error)
{
    json_t *extras = graph->config_extras ? json_copy(graph->config_extras) : json_object();
    if (!extras || !rewrite_dtype(extras)) {
        json_decref(extras);
        return c2s_error_no_memory(error);
    }
    *out = extras;
    return CNN2SNN_OK;
}

/* Modules are those of another class by now, or of another generation; a plain class name always works. */
cnn2snn_status c2s_keras2_layer_extras(const cnn2snn_layer *layer, json_t **out, cnn2snn_error **error)
{
    static const char *const about_module[] = {"module", "registered_name", "build_config", "compile_config"};
    json_t *extras = layer->extras ? json_copy(layer->extras) : json_object();
    if (!extras)
        return c2s_error_no_memory(error);
    bool foreign = is_class(layer, C2S_KIND_OPAQUE) || is_class(layer, C2S_KIND_CUSTOM);
    for (size_t i = 0; !foreign && i < sizeof about_module / sizeof *about_module; i++)
        json_object_del(extras, about_module[i]);
    *out = extras;
    return CNN2SNN_OK;
}

const char *c2s_keras2_class_name(const cnn2snn_layer *layer)
{
    const char *module = c2s_json_get_string(layer->extras, "module", NULL);
    size_t size = module ? strlen(module) : 0;
    bool prefixed = module && !strncmp(layer->class_name, module, size) && layer->class_name[size] == '.';
    return prefixed ? layer->class_name + size + 1 : layer->class_name;
}
