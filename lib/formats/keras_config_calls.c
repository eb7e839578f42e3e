/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which tensors and arguments a call in a model_config has. Keras 2 writes tensors as lists [layer, call,
 * output, arguments], in any nesting; Keras 3 as objects within "args" and "kwargs".
 */
#include <string.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "formats/keras_reader.h"

struct collector {
    const struct c2s_keras_reader *reader;
    const char *layer;
    struct c2s_keras_call *call;
};

static cnn2snn_status add_reference(const struct collector *collector, const json_t *list, bool keras3)
{
    struct c2s_keras_call *call = collector->call;
    const json_t *number = json_array_get(list, 1), *output = json_array_get(list, 2);
    const char *layer = json_string_value(json_array_get(list, 0));
    if (layer && !strcmp(layer, "_CONSTANT_VALUE"))
        return c2s_layer_error(collector->reader->context, collector->reader->error, CNN2SNN_E_UNSUPPORTED,
                               "F-keras-constant", collector->layer,
                               "called on a constant, expected outputs of layers only");
    if (!layer || !json_is_integer(number) || !json_is_integer(output))
        return c2s_keras_malformed(collector->reader, collector->layer,
                                   "a call on something else than [layer, call, output]");
    if (c2s_array_reserve(collector->reader->context, &call->references, &call->capacity, call->count + 1,
                          sizeof *call->references))
        return c2s_error_no_memory(collector->reader->error);
    call->references[call->count++] =
        (struct c2s_keras_reference){layer, json_integer_value(number), json_integer_value(output), keras3};
    return CNN2SNN_OK;
}

static cnn2snn_status set_arguments(const struct collector *collector, const json_t *arguments)
{
    if (!json_is_object(arguments) || !json_object_size(arguments) || collector->call->arguments)
        return CNN2SNN_OK;
    collector->call->arguments = json_copy((json_t *)arguments);
    return collector->call->arguments ? CNN2SNN_OK : c2s_error_no_memory(collector->reader->error);
}

/* ------------------------------------------------------------------------------------------------ Keras 2 */

/* Keyword arguments count for the first tensor only. Depth is that of the JSON, which is bounded. */
static cnn2snn_status collect_lists(const struct collector *collector, const json_t *value)
{
    const char *key;
    size_t i;
    json_t *member;
    if (json_is_array(value) && json_is_string(json_array_get(value, 0))) {
        bool first = !collector->call->count;
        C2S_TRY(add_reference(collector, value, false));
        return first ? set_arguments(collector, json_array_get(value, 3)) : CNN2SNN_OK;
    }
    if (json_is_array(value)) {
        json_array_foreach ((json_t *)value, i, member)
            C2S_TRY(collect_lists(collector, member));
        return CNN2SNN_OK;
    }
    if (json_is_object(value)) {
        json_object_foreach ((json_t *)value, key, member)
            C2S_TRY(collect_lists(collector, member));
        return CNN2SNN_OK;
    }
    return c2s_keras_malformed(collector->reader, collector->layer, "a call on something that is no tensor");
}

/* ------------------------------------------------------------------------------------------------ Keras 3 */

static const json_t *history_of(const json_t *value)
{
    return strcmp(c2s_json_get_string(value, "class_name", ""), "__keras_tensor__")
               ? NULL
               : c2s_json_get(c2s_json_get(value, "config"), "keras_history");
}

static cnn2snn_status collect_tensors(const struct collector *collector, const json_t *value)
{
    const char *key;
    size_t i;
    json_t *member;
    const json_t *history = history_of(value);
    if (history)
        return add_reference(collector, history, true);
    if (!json_is_array(value) && !json_is_object(value) && !json_is_null(value))
        collector->call->constants = true;
    json_array_foreach ((json_t *)value, i, member)
        C2S_TRY(collect_tensors(collector, member));
    json_object_foreach ((json_t *)value, key, member)
        C2S_TRY(collect_tensors(collector, member));
    return CNN2SNN_OK;
}

static cnn2snn_status collect_keywords(const struct collector *collector, const json_t *keywords)
{
    const char *key;
    json_t *value;
    C2S_TRY(set_arguments(collector, keywords));
    bool constants = collector->call->constants;
    json_object_foreach ((json_t *)keywords, key, value) {
        size_t before = collector->call->count;
        C2S_TRY(collect_tensors(collector, value));
        if (collector->call->count > before)
            json_object_del(collector->call->arguments, key); /* tensors are values of the graph from now on */
    }
    collector->call->constants = constants; /* the others are judged by their names */
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ both */

/* Operations of TensorFlow on outputs of layers; some take numbers in their place. */
static bool is_operation(const char *class_name)
{
    return !strcmp(class_name, "TFOpLambda");
}

const char *c2s_keras_second_argument(const char *class_name)
{
    if (is_operation(class_name))
        return "y";
    const struct c2s_layer_kind *kind = c2s_layer_kind_find(class_name);
    bool judges =
        kind && (kind->id == C2S_KIND_QML_PICO_POST_PROCESSING || kind->id == C2S_KIND_PICO_POST_PROCESSING);
    return judges ? "y_true" : NULL;
}

/* Keras 2 has the tensor of a keyword argument as [layer, call, output] among the arguments. */
static cnn2snn_status take_second_tensor(const struct collector *collector, const char *key, bool may_be_number)
{
    const json_t *value = json_object_get(collector->call->arguments, key);
    if (!json_is_array(value) || (may_be_number && !json_is_string(json_array_get(value, 0))))
        return CNN2SNN_OK;
    C2S_TRY(add_reference(collector, value, false));
    return json_object_del(collector->call->arguments, key) ? c2s_error_no_memory(collector->reader->error)
                                                            : CNN2SNN_OK;
}

cnn2snn_status c2s_keras_read_call(const struct c2s_keras_reader *reader, const char *layer, const char *class_name,
                                   const json_t *node, struct c2s_keras_call *call)
{
    const char *second = c2s_keras_second_argument(class_name);
    struct collector collector = {reader, layer, call};
    if (json_is_object(node) && json_object_get(node, "args")) {
        C2S_TRY(collect_tensors(&collector, json_object_get(node, "args")));
        C2S_TRY(collect_keywords(&collector, json_object_get(node, "kwargs")));
    } else {
        C2S_TRY(collect_lists(&collector, node));
        if (second)
            C2S_TRY(take_second_tensor(&collector, second, is_operation(class_name)));
    }
    if (!call->count)
        return c2s_keras_malformed(reader, layer, "a call on nothing");
    return CNN2SNN_OK;
}

cnn2snn_status c2s_keras_read_ends(const struct c2s_keras_reader *reader, const char *what, const json_t *list,
                                   struct c2s_keras_call *call)
{
    struct collector collector = {reader, NULL, call};
    if (!json_is_array(list) && !json_is_object(list))
        return c2s_keras_malformed(reader, NULL, "%s is missing", what);
    C2S_TRY(collect_lists(&collector, list));
    return call->count ? CNN2SNN_OK : c2s_keras_malformed(reader, NULL, "%s is empty", what);
}

void c2s_keras_call_free(cnn2snn_context *context, struct c2s_keras_call *call)
{
    c2s_free(context, call->references);
    json_decref(call->arguments);
}

static bool is_false(const json_t *value)
{
    return json_is_null(value) || json_is_false(value) || (json_is_integer(value) && !json_integer_value(value));
}

cnn2snn_status c2s_keras_check_arguments(const struct c2s_keras_reader *reader, const cnn2snn_layer *layer,
                                         const struct c2s_keras_call *call)
{
    enum c2s_kind_id kind = c2s_layer_id(layer);
    if (kind == C2S_KIND_OPAQUE || kind == C2S_KIND_CUSTOM)
        return CNN2SNN_OK; /* whatever they mean, nobody here computes it */
    if (call->constants)
        return c2s_layer_error(reader->context, reader->error, CNN2SNN_E_UNSUPPORTED, "F-keras-constant", layer->name,
                               "called on a constant, expected outputs of layers only");
    const char *key;
    json_t *value;
    json_object_foreach (call->arguments, key, value) {
        bool has_effect =
            !strcmp(key, "training")
                ? !is_false(value) && (kind == C2S_KIND_BATCH_NORMALIZATION || kind == C2S_KIND_DROPOUT ||
                                       kind == C2S_KIND_TRAINING_NOISE || kind == C2S_KIND_MODEL)
                : !json_is_null(value);
        if (has_effect)
            return c2s_layer_error(reader->context, reader->error, CNN2SNN_E_UNSUPPORTED, "F-keras-argument",
                                   layer->name, "called with argument '%.100s', which changes what it computes", key);
    }
    return CNN2SNN_OK;
}
