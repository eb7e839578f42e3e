/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which layers of a Keras model an Akida layer stands for. */
#include "trace.h"

#include <stdlib.h>
#include <string.h>

#include "paths.h"

void trace_free(struct trace *trace)
{
    for (size_t i = 0; i < trace->count; i++) {
        free(trace->layers[i].name);
        cnn2snn_tensor_destroy(trace->layers[i].values);
        cnn2snn_tensor_destroy(trace->layers[i].integers);
        cnn2snn_tensor_destroy(trace->layers[i].scales);
    }
    free(trace->layers);
    *trace = (struct trace){0};
}

/* ------------------------------------------------------------------------------------------------ running */

struct collector {
    cnn2snn_context *context;
    struct trace *trace;
    cnn2snn_tensor *integers, *scales; /* of the layer that tells its output next */
};

/* The tensor of a callback is the library's: the values are copied. */
static cnn2snn_status copy_values(cnn2snn_context *context, const cnn2snn_tensor *tensor, cnn2snn_tensor **out,
                                  cnn2snn_error **error)
{
    if (cnn2snn_tensor_get_dtype(tensor) != CNN2SNN_DTYPE_FLOAT64)
        return cnn2snn_tensor_convert(tensor, CNN2SNN_DTYPE_FLOAT64, out, error);
    cnn2snn_status status = cnn2snn_tensor_create(context, CNN2SNN_DTYPE_FLOAT64, cnn2snn_tensor_get_rank(tensor),
                                                  cnn2snn_tensor_get_shape(tensor), out, error);
    if (!status)
        memcpy(cnn2snn_tensor_get_writable_data(*out), cnn2snn_tensor_get_data(tensor),
               cnn2snn_tensor_get_size(tensor));
    return status;
}

static void forget_integers(struct collector *collector)
{
    cnn2snn_tensor_destroy(collector->integers);
    cnn2snn_tensor_destroy(collector->scales);
    collector->integers = collector->scales = NULL;
}

/* A cnn2snn_layer_integers_fn: kept for the layer's output, which comes right behind. */
static cnn2snn_status collect_integers(void *user_data, const char *layer_name, const cnn2snn_tensor *integers,
                                       const cnn2snn_tensor *scales, cnn2snn_error **error)
{
    struct collector *collector = user_data;
    (void)layer_name;
    forget_integers(collector);
    cnn2snn_status status = copy_values(collector->context, integers, &collector->integers, error);
    return status ? status : copy_values(collector->context, scales, &collector->scales, error);
}

static cnn2snn_status collect(void *user_data, const char *layer_name, const cnn2snn_tensor *output,
                              cnn2snn_error **error)
{
    struct collector *collector = user_data;
    struct trace *trace = collector->trace;
    struct traced *layers = realloc(trace->layers, (trace->count + 1) * sizeof *layers);
    if (!layers)
        return CNN2SNN_E_NO_MEMORY;
    trace->layers = layers;
    struct traced traced = {.name = format_text("%s", layer_name)};
    cnn2snn_status status = copy_values(collector->context, output, &traced.values, error);
    traced.integers = collector->integers;
    traced.scales = collector->scales;
    collector->integers = collector->scales = NULL;
    layers[trace->count++] = traced;
    return status;
}

/* Replaces the last layer's integers by its potentials, where it has them. */
static int take_potentials(struct session *session, const struct runner *runner, const struct arrays *inputs,
                           struct trace *trace)
{
    struct arrays outputs = {0};
    if (runner->model || !trace->count || cnn2snn_akida_model_get_akida_version(runner->akida) != CNN2SNN_AKIDA_V1)
        return STATUS_DONE;
    int result = runner_run(session, runner, inputs, 1, NULL, NULL, &outputs);
    if (!result) {
        struct traced *last = &trace->layers[trace->count - 1];
        cnn2snn_error *error = NULL;
        cnn2snn_tensor_destroy(last->values);
        last->values = NULL;
        if (copy_values(session->context, outputs.items[0], &last->values, &error))
            result = session_fail(session, error);
    }
    arrays_free(&outputs);
    return result;
}

int trace_run(struct session *session, struct runner *runner, const struct arrays *inputs, struct trace *out)
{
    struct collector collector = {.context = session->context, .trace = out};
    struct arrays outputs = {0};
    *out = (struct trace){0};
    runner->layer_integers = collect_integers;
    int result = runner_run(session, runner, inputs, 0, collect, &collector, &outputs);
    forget_integers(&collector);
    arrays_free(&outputs);
    if (!result)
        result = take_potentials(session, runner, inputs, out);
    if (result)
        trace_free(out);
    return result;
}

/* ------------------------------------------------------------------------------------------------ matching */

int64_t trace_find(const struct trace *trace, const char *name)
{
    for (size_t i = 0; i < trace->count; i++)
        if (!strcmp(trace->layers[i].name, name))
            return (int64_t)i;
    return -1;
}

static int is_softmax(const cnn2snn_model *model, const char *name)
{
    const cnn2snn_layer *layer = cnn2snn_model_find_layer(model, name);
    cnn2snn_buffer *config = NULL;
    if (!layer)
        return 0;
    if (!strcmp(cnn2snn_layer_get_class_name(layer), "Softmax"))
        return 1;
    if (strcmp(cnn2snn_layer_get_class_name(layer), "Activation") != 0 ||
        cnn2snn_layer_get_config(layer, &config, NULL))
        return 0;
    int found = strstr(cnn2snn_buffer_get_data(config), "\"softmax\"") != NULL;
    cnn2snn_buffer_destroy(config);
    return found;
}

static int64_t last_extent(const cnn2snn_tensor *tensor)
{
    size_t rank = cnn2snn_tensor_get_rank(tensor);
    return rank ? cnn2snn_tensor_get_shape(tensor)[rank - 1] : 1;
}

/* The only layer that takes the outputs of the layer of that name, and nothing else; or NULL. */
static const cnn2snn_layer *only_follower(const cnn2snn_model *model, const char *name)
{
    const cnn2snn_layer *found = NULL, *wanted = cnn2snn_model_find_layer(model, name);
    for (size_t i = 0; i < cnn2snn_model_get_layer_count(model); i++) {
        const cnn2snn_layer *layer = cnn2snn_model_get_layer(model, (int64_t)i);
        const char *own = cnn2snn_layer_get_name(layer);
        size_t count = cnn2snn_model_get_inbound_count(model, own);
        for (size_t k = 0; k < count; k++) {
            if (cnn2snn_model_get_inbound(model, own, k) != wanted)
                continue;
            if (found || count != 1)
                return NULL;
            found = layer;
        }
    }
    return found;
}

/* The next output on the way from `at`, or -1. */
static int64_t next_on_way(const cnn2snn_model *model, const struct trace *keras, const struct trace *akida,
                           int64_t at)
{
    const char *name = keras->layers[at].name;
    int64_t next = -1;
    if (cnn2snn_model_find_layer(model, name)) {
        const cnn2snn_layer *follower = only_follower(model, name);
        next = follower ? trace_find(keras, cnn2snn_layer_get_name(follower)) : -1;
    } else if ((size_t)at + 1 < keras->count) { /* within a nested model: in the order of the calls */
        next = at + 1;
    }
    return next > at && trace_find(akida, keras->layers[next].name) < 0 ? next : -1;
}

int64_t trace_counterpart(const cnn2snn_model *model, const struct trace *keras, const struct trace *akida,
                          size_t index)
{
    const struct traced *layer = &akida->layers[index];
    int64_t found = -1, flattened = -1;
    for (int64_t i = trace_find(keras, layer->name); i >= 0; i = next_on_way(model, keras, akida, i)) {
        const struct traced *candidate = &keras->layers[i];
        if (cnn2snn_tensor_get_count(candidate->values) != cnn2snn_tensor_get_count(layer->values) ||
            is_softmax(model, candidate->name))
            continue;
        if (last_extent(candidate->values) == last_extent(layer->values))
            found = i;
        else
            flattened = i;
    }
    return found >= 0 ? found : flattened;
}
