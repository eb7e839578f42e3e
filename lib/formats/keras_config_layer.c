/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what an object of a layer in a model_config is: its class, name and config, in all generations of Keras. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "formats/keras_reader.h"

cnn2snn_status c2s_keras_malformed(const struct c2s_keras_reader *reader, const char *layer, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return c2s_layer_error(reader->context, reader->error, CNN2SNN_E_MALFORMED, "F-keras-config", layer,
                           "model_config: %s", text);
}

const char *c2s_keras_class(const json_t *object)
{
    const char *name = c2s_json_get_string(object, "class_name", "");
    const char *prefix = strrchr(name, '>');
    return prefix ? prefix + 1 : name;
}

bool c2s_keras_is_model(const json_t *object)
{
    const char *name = c2s_json_get_string(object, "class_name", "");
    return !strcmp(name, "Sequential") || !strcmp(name, "Functional") || !strcmp(name, "Model");
}

const char *c2s_keras_name(const json_t *object)
{
    const char *name = c2s_json_get_string(object, "name", NULL);
    return name ? name : c2s_json_get_string(c2s_json_get(object, "config"), "name", NULL);
}

json_t *c2s_keras_layers(const json_t *object)
{
    json_t *config = c2s_json_get(object, "config");
    json_t *layers = json_is_array(config) ? config : c2s_json_get(config, "layers");
    return json_is_array(layers) ? layers : NULL;
}

/* ------------------------------------------------------------------------------------------------ inputs */

/* A shape, maybe within an object {"class_name": "TensorShape", "items": [...]}, from its entry `first` on. */
static bool read_shape(const json_t *value, size_t first, struct c2s_shape *shape)
{
    const json_t *list = json_is_object(value) ? c2s_json_get(value, "items") : value;
    size_t size = json_array_size(list);
    if (!json_is_array(list) || size < first || size - first > CNN2SNN_MAX_RANK)
        return false;
    *shape = (struct c2s_shape){.rank = size - first};
    for (size_t i = first; i < size; i++) {
        const json_t *extent = json_array_get(list, i);
        if (!json_is_null(extent) && (!json_is_integer(extent) || json_integer_value(extent) < 0))
            return false;
        shape->extents[i - first] = json_is_null(extent) ? -1 : json_integer_value(extent);
    }
    return true;
}

/* Of variables and inputs: mixed precision keeps them in float32. */
static cnn2snn_dtype read_dtype(const json_t *config)
{
    const json_t *value = c2s_json_get(config, "dtype");
    const char *name = json_is_object(value) ? c2s_json_get_string(c2s_json_get(value, "config"), "name", "")
                                             : json_string_value(value);
    cnn2snn_dtype dtype = name ? c2s_dtype_from_name(name) : CNN2SNN_DTYPE_NONE;
    return dtype == CNN2SNN_DTYPE_NONE ? CNN2SNN_DTYPE_FLOAT32 : dtype;
}

static struct c2s_keras_input input_of_layer(const json_t *config)
{
    static const struct {
        const char *key;
        size_t first;
    } forms[] = {{"batch_input_shape", 1}, {"batch_shape", 1}, {"shape", 0}};
    struct c2s_keras_input input = {.dtype = read_dtype(config)};
    for (size_t i = 0; i < sizeof forms / sizeof *forms && !input.found; i++) {
        const json_t *value = c2s_json_get(config, forms[i].key);
        input.found = value && read_shape(value, forms[i].first, &input.shape);
    }
    return input;
}

static const json_t *first_input_layer(const json_t *object)
{
    size_t i;
    json_t *layer;
    json_array_foreach (c2s_keras_layers(object), i, layer) {
        if (!strcmp(c2s_keras_class(layer), "InputLayer"))
            return layer;
    }
    return NULL;
}

struct c2s_keras_input c2s_keras_own_input(const json_t *object)
{
    /* down to the first layer that is no Sequential */
    const json_t *build_shape = NULL;
    while (c2s_keras_is_model(object) && !strcmp(c2s_keras_class(object), "Sequential")) {
        const json_t *first = json_array_get(c2s_keras_layers(object), 0);
        const json_t *shape = c2s_json_get(c2s_json_get(object, "config"), "build_input_shape");
        build_shape = build_shape ? build_shape : shape;
        object = first;
    }
    const json_t *layer = c2s_keras_is_model(object) ? first_input_layer(object) : object;
    const json_t *config = c2s_json_get(layer, "config");
    struct c2s_keras_input input = {.dtype = read_dtype(config)};
    bool is_input = !strcmp(c2s_keras_class(layer), "InputLayer");
    if (is_input || c2s_json_get(config, "batch_input_shape"))
        input = input_of_layer(config);
    if (!input.found && build_shape)
        input.found = read_shape(build_shape, 1, &input.shape);
    return input;
}

/* The first layer of a Sequential that is no InputLayer, as Keras's Sequential.layers has it. */
static const json_t *first_layer(const json_t *object)
{
    const json_t *list = c2s_keras_layers(object), *first = json_array_get(list, 0);
    return strcmp(c2s_keras_class(first), "InputLayer") ? first : json_array_get(list, 1);
}

bool c2s_keras_begins_with_input(const json_t *object)
{
    const json_t *first = json_array_get(c2s_keras_layers(object), 0);
    if (strcmp(c2s_keras_class(object), "Sequential") || !strcmp(c2s_keras_class(first), "InputLayer"))
        return true;
    /* Keras looks for a shape in the first layer within, but not in an InputLayer of a Sequential there */
    while (c2s_keras_is_model(first) && !strcmp(c2s_keras_class(first), "Sequential"))
        first = first_layer(first);
    return c2s_keras_is_model(first) || c2s_json_get(c2s_json_get(first, "config"), "batch_input_shape");
}

/* ------------------------------------------------------------------------------------------------ layers */

static bool starts_with(const char *text, const char *start)
{
    return !strncmp(text, start, strlen(start));
}

/* Modules whose class names mean what the layer table says. */
static bool is_known_module(const char *module)
{
    static const char *const roots[] = {"keras", "tf_keras", "tensorflow", "cnn2snn", "quantizeml", "builtins"};
    if (starts_with(module, "keras.src.ops") || starts_with(module, "keras.ops"))
        return false;
    for (size_t i = 0; i < sizeof roots / sizeof *roots; i++)
        if (starts_with(module, roots[i]) && (!module[strlen(roots[i])] || module[strlen(roots[i])] == '.'))
            return true;
    return false;
}

static bool is_custom(const struct c2s_keras_reader *reader, const char *class_name)
{
    return c2s_custom_objects_find(reader->custom, class_name, C2S_CUSTOM_LAYER) ||
           c2s_custom_objects_find(reader->custom, class_name, C2S_CUSTOM_ACTIVATION);
}

/*
 * The class to look up: registered classes by their registered name, and those of a stranger's module (also Keras's
 * operations, "Add" of keras.src.ops.numpy, say) with the module in front, so that nobody takes them for a layer.
 */
static cnn2snn_status class_to_look_up(const struct c2s_keras_reader *reader, const json_t *object,
                                       struct c2s_text *out)
{
    const char *class_name = c2s_json_get_string(object, "class_name", NULL);
    const char *module = c2s_json_get_string(object, "module", NULL);
    const char *registered = c2s_json_get_string(object, "registered_name", NULL);
    if (!class_name || !*class_name)
        return c2s_keras_malformed(reader, c2s_keras_name(object), "a layer without class_name");
    if (registered && strchr(registered, '>') && strlen(registered) < 512)
        c2s_text_add(out, registered);
    else if (module && !is_custom(reader, class_name) && !is_known_module(module))
        c2s_text_format(out, "%s.%s", module, class_name);
    else
        c2s_text_add(out, class_name);
    return out->failed ? c2s_error_no_memory(reader->error) : CNN2SNN_OK;
}

cnn2snn_status c2s_keras_config_extras(const struct c2s_keras_reader *reader, const json_t *config, json_t **out)
{
    static const char *const held[] = {"name", "layers", "input_layers", "output_layers"};
    *out = NULL;
    if (!json_is_object(config))
        return CNN2SNN_OK;
    json_t *extras = json_copy((json_t *)config);
    for (size_t i = 0; extras && i < sizeof held / sizeof *held; i++)
        json_object_del(extras, held[i]);
    if (!extras)
        return c2s_error_no_memory(reader->error);
    if (json_object_size(extras))
        *out = extras;
    else
        json_decref(extras);
    return CNN2SNN_OK;
}

static cnn2snn_status set_extras(const struct c2s_keras_reader *reader, const json_t *object, cnn2snn_layer *layer)
{
    static const char *const held[] = {"class_name", "config", "name", "inbound_nodes"};
    json_t *extras = json_copy((json_t *)object);
    if (!extras)
        return c2s_error_no_memory(reader->error);
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        json_object_del(extras, held[i]);
    if (json_object_size(extras)) {
        json_decref(layer->extras);
        layer->extras = extras;
    } else {
        json_decref(extras);
    }
    return CNN2SNN_OK;
}

/*
 * A registered class, "Custom>Wobble": never one of Keras's or CNN2SNN's, whatever the name behind the package says;
 * of QuantizeML's there are rows in the layer table. Keras itself once had a package for its experimental layers.
 */
static bool is_registered(const char *class_name)
{
    const struct c2s_layer_kind *kind = strchr(class_name, '>') ? c2s_layer_kind_find(class_name) : NULL;
    bool quantizeml = kind && (kind->families & C2S_FAMILY_QUANTIZEML);
    return strchr(class_name, '>') && !quantizeml && !starts_with(class_name, "Experimental>");
}

/* Where a registered class comes from, for a message. */
static const char *origin_of(const char *class_name, const json_t *config)
{
    static const char *const past[] = {
        "Custom>QuantizedLayerNormalization", "Custom>QuantizedShiftmax",        "Custom>QuantizedAttention",
        "Custom>QuantizedClassToken",         "Custom>QuantizedAddPositionEmbs", "Custom>QuantizedUnfoldPatches",
        "Custom>QuantizedFoldPatches",        "Custom>QuantizedTruncate16"};
    for (size_t i = 0; i < sizeof past / sizeof *past; i++)
        if (!strcmp(class_name, past[i]))
            return ", of QuantizeML up to 0.18; quantize the float model with a later release";
    return json_object_get(config, "quant_config") ? ", of QuantizeML" : c2s_layer_class_remedy;
}

static cnn2snn_status create_opaque(const struct c2s_keras_reader *reader, const char *class_name, const char *name,
                                    const json_t *config, cnn2snn_layer **out_layer)
{
    C2S_TRY(c2s_layer_allocate(reader->context, c2s_layer_kind_get(C2S_KIND_OPAQUE), class_name,
                               name ? name : strrchr(class_name, '>') + 1, out_layer, reader->error));
    cnn2snn_layer *layer = *out_layer;
    json_decref(layer->config);
    layer->config = json_copy((json_t *)config);
    if (!layer->config || json_object_set_new(layer->config, "name", json_string(layer->name))) {
        c2s_layer_release(layer);
        *out_layer = NULL;
        return c2s_error_no_memory(reader->error);
    }
    layer->trainable = !json_is_false(json_object_get(config, "trainable"));
    layer->keras_generation = reader->generation;
    layer->built = true;
    return CNN2SNN_OK;
}

static cnn2snn_status create_registered(const struct c2s_keras_reader *reader, const char *class_name,
                                        const char *name, const json_t *config, cnn2snn_layer **out_layer)
{
    if (!reader->allow_unknown)
        return c2s_layer_error(reader->context, reader->error, CNN2SNN_E_VALUE, "K-class", name,
                               "unknown layer class %.200s%s", class_name, origin_of(class_name, config));
    return create_opaque(reader, class_name, name, config, out_layer);
}

/* The config as the layer table wants it: with a name, activations by the names that Keras gives them. */
static json_t *prepare_config(const json_t *config, const char *name, int *generation)
{
    json_t *copy = json_copy((json_t *)config);
    if (copy && name && !c2s_json_get_string(copy, "name", NULL) &&
        json_object_set_new(copy, "name", json_string(name))) {
        json_decref(copy);
        return NULL;
    }
    const char *activation = c2s_json_get_string(copy, "activation", "");
    if (copy && !strcmp(activation, C2S_KERAS3_HARD_SIGMOID)) {
        *generation = 3;
        if (json_object_set_new(copy, "activation", json_string("hard_sigmoid"))) {
            json_decref(copy);
            return NULL;
        }
    }
    return copy;
}

cnn2snn_status c2s_keras_read_layer(const struct c2s_keras_reader *reader, const json_t *object, const char *name,
                                    cnn2snn_layer **out_layer)
{
    *out_layer = NULL;
    name = name ? name : c2s_keras_name(object);
    const json_t *config = c2s_json_get(object, "config");
    if (!json_is_object(config))
        return c2s_keras_malformed(reader, name, "a layer without config");
    struct c2s_layer_source source = {
        .custom = reader->custom, .allow_unknown = reader->allow_unknown, .keras_generation = reader->generation};
    struct c2s_text class_name;
    c2s_text_init(&class_name, reader->context);
    json_t *prepared = NULL;
    cnn2snn_status status;
    C2S_GOTO(class_to_look_up(reader, object, &class_name));
    prepared = prepare_config(config, name, &source.keras_generation);
    if (!prepared)
        C2S_GOTO(c2s_error_no_memory(reader->error));
    if (is_registered(class_name.data) && !is_custom(reader, class_name.data))
        C2S_GOTO(create_registered(reader, class_name.data, name, prepared, out_layer));
    else
        C2S_GOTO(c2s_layer_create(reader->context, class_name.data, prepared, &source, out_layer, reader->error));
    status = set_extras(reader, object, *out_layer);
    if (status) {
        c2s_layer_release(*out_layer);
        *out_layer = NULL;
    }
done:
    if (status)
        c2s_error_set_layer(reader->error, name);
    json_decref(prepared);
    c2s_text_free(&class_name);
    return status;
}

/* What is left of a nested model's config when the graph has taken its part. */
static cnn2snn_status nested_config(const struct c2s_keras_reader *reader, const json_t *config, const char *name,
                                    json_t **out)
{
    C2S_TRY(c2s_keras_config_extras(reader, config, out));
    if (!*out)
        *out = json_object();
    if (!*out || json_object_set_new(*out, "name", json_string(name))) {
        json_decref(*out);
        *out = NULL;
        return c2s_error_no_memory(reader->error);
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_keras_read_nested(const struct c2s_keras_reader *reader, const json_t *object, const char *name,
                                     const struct c2s_keras_input *input, cnn2snn_layer **out_layer)
{
    *out_layer = NULL;
    if (reader->depth >= reader->context->max_depth)
        return c2s_layer_error(reader->context, reader->error, CNN2SNN_E_LIMIT, "F-keras-depth", name,
                               "models nested deeper than %u, the context's max_depth",
                               (unsigned)reader->context->max_depth);
    struct c2s_keras_reader inner = *reader;
    inner.depth++;
    const json_t *config = c2s_json_get(object, "config");
    bool trainable = !json_is_false(c2s_json_get(config, "trainable"));
    struct c2s_graph *graph = NULL;
    json_t *rest = NULL;
    cnn2snn_status status;
    C2S_GOTO(c2s_keras_read_model(&inner, object, input, &graph));
    C2S_GOTO(nested_config(reader, config, name, &rest));
    C2S_GOTO(c2s_model_layer_create(reader->context, c2s_keras_class(object), name, graph, rest, trainable, out_layer,
                                    reader->error));
    (*out_layer)->keras_generation = reader->generation;
    status = set_extras(reader, object, *out_layer);
    if (status) {
        c2s_layer_release(*out_layer);
        *out_layer = NULL;
    }
done:
    json_decref(rest);
    c2s_graph_release(graph);
    return status;
}
