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
    }
    free(trace->layers);
    *trace = (struct trace){0};
}

/* ------------------------------------------------------------------------------------------------ running */

struct collector {
    cnn2snn_context *context;
    struct trace *trace;
};

/* The tensor of a callback is the library's: the values are copied. */
static cnn2snn_status copy_values(cnn2snn_context *context, const cnn2snn_tensor *tensor, cnn2snn_tensor **out,
                                  cnn2snn_error **error)
{
    if (cnn2snn_tensor_get_dtype(tensor) != CNN2SNN_DTYPE_FLOAT32)
        return cnn2snn_tensor_convert(tensor, CNN2SNN_DTYPE_FLOAT32, out, error);
    cnn2snn_status status = cnn2snn_tensor_create(context, CNN2SNN_DTYPE_FLOAT32, cnn2snn_tensor_get_rank(tensor),
                                                  cnn2snn_tensor_get_shape(tensor), out, error);
    if (!status)
        memcpy(cnn2snn_tensor_get_writable_data(*out), cnn2snn_tensor_get_data(tensor),
               cnn2snn_tensor_get_size(tensor));
    return status;
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
        cnn2snn_tensor_destroy(last->values);
        last->values = cnn2snn_tensor_retain(outputs.items[0]);
    }
    arrays_free(&outputs);
    return result;
}

int trace_run(struct session *session, const struct runner *runner, const struct arrays *inputs, struct trace *out)
{
    struct collector collector = {.context = session->context, .trace = out};
    struct arrays outputs = {0};
    *out = (struct trace){0};
    int result = runner_run(session, runner, inputs, 0, collect, &collector, &outputs);
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

int64_t trace_counterpart(const cnn2snn_model *model, const struct trace *keras, const struct trace *akida,
                          size_t index)
{
    const struct traced *layer = &akida->layers[index];
    int64_t found = -1, flattened = -1, first = trace_find(keras, layer->name);
    for (size_t i = first < 0 ? keras->count : (size_t)first; i < keras->count; i++) {
        const struct traced *candidate = &keras->layers[i];
        if ((int64_t)i > first && trace_find(akida, candidate->name) >= 0)
            break;
        if (cnn2snn_tensor_get_count(candidate->values) != cnn2snn_tensor_get_count(layer->values) ||
            is_softmax(model, candidate->name))
            continue;
        if (last_extent(candidate->values) == last_extent(layer->values))
            found = (int64_t)i;
        else
            flattened = (int64_t)i;
    }
    return found >= 0 ? found : flattened;
}
