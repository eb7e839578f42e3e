/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/quantizer.h. */
#include "cnn2snn/quantizer.h"

#include <math.h>
#include <string.h>

#include "api/edge.h"
#include "base/json.h"
#include "base/report.h"
#include "ir/model.h"
#include "numeric/custom_objects.h"
#include "numeric/weight_quantizer.h"
#include "quantize/quantize.h"
#include "transform/transform.h"

/* -------------------------------------------------------------------------------------------- weight quantizers */

cnn2snn_status cnn2snn_quantizer_create(cnn2snn_context *context, cnn2snn_quantizer_kind kind, double bitwidth,
                                        double threshold, cnn2snn_quantizer **out_quantizer, cnn2snn_error **error)
{
    C2S_OUT(error, out_quantizer);
    C2S_NEED(error, context);
    if (kind < CNN2SNN_QUANTIZER_MAX || kind > CNN2SNN_QUANTIZER_STD_PER_AXIS)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-kind", "quantizer kind %d is none of the built-in ones",
                         (int)kind);
    C2S_RETURN(context, c2s_quantizer_create(context, kind, bitwidth, threshold, out_quantizer, error), out_quantizer,
               error);
}

cnn2snn_status cnn2snn_quantizer_create_from_config(cnn2snn_context *context, const char *json,
                                                    const cnn2snn_custom_objects *custom,
                                                    cnn2snn_quantizer **out_quantizer, cnn2snn_error **error)
{
    C2S_OUT(error, out_quantizer);
    C2S_NEED(error, context);
    C2S_NEED(error, json);
    json_t *identifier = NULL;
    cnn2snn_status status = c2s_json_parse(context, json, strlen(json), "quantizer", &identifier, error);
    if (status == CNN2SNN_E_MALFORMED && error && *error) {
        /* A text that is no JSON is a bad value: there is no file whose format it could break. */
        char message[512];
        snprintf(message, sizeof message, "%s", cnn2snn_error_get_message(*error));
        c2s_error_clear(error);
        status = c2s_error(context, error, CNN2SNN_E_VALUE, "F-json", "%s", message);
    } else if (status == CNN2SNN_E_MALFORMED) {
        status = CNN2SNN_E_VALUE;
    }
    if (!status)
        status = c2s_quantizer_from_json(context, identifier, custom, out_quantizer, error);
    json_decref(identifier);
    C2S_RETURN(context, status, out_quantizer, error);
}

cnn2snn_quantizer *cnn2snn_quantizer_retain(cnn2snn_quantizer *quantizer)
{
    return quantizer ? c2s_quantizer_retain(quantizer) : NULL;
}

void cnn2snn_quantizer_destroy(cnn2snn_quantizer *quantizer)
{
    c2s_quantizer_release(quantizer);
}

cnn2snn_quantizer_kind cnn2snn_quantizer_get_kind(const cnn2snn_quantizer *quantizer)
{
    return quantizer ? quantizer->kind : CNN2SNN_QUANTIZER_CUSTOM;
}

const char *cnn2snn_quantizer_get_class_name(const cnn2snn_quantizer *quantizer)
{
    return quantizer ? quantizer->class_name : NULL;
}

int32_t cnn2snn_quantizer_get_bitwidth(const cnn2snn_quantizer *quantizer)
{
    return quantizer ? quantizer->bitwidth : 0;
}

double cnn2snn_quantizer_get_threshold(const cnn2snn_quantizer *quantizer)
{
    return quantizer ? quantizer->threshold : (double)NAN;
}

cnn2snn_status cnn2snn_quantizer_get_config(const cnn2snn_quantizer *quantizer, cnn2snn_buffer **out_json,
                                            cnn2snn_error **error)
{
    C2S_OUT(error, out_json);
    C2S_NEED(error, quantizer);
    struct c2s_text text;
    c2s_text_init(&text, quantizer->context);
    c2s_json_dump(&text, quantizer->config, false);
    C2S_RETURN(quantizer->context, c2s_text_to_buffer(&text, out_json, error), out_json, error);
}

typedef cnn2snn_status (*quantizer_tensor_fn)(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                              cnn2snn_tensor **out, cnn2snn_error **error);

/* Runs a function of the quantizer on weights of any number type. */
static cnn2snn_status on_weights(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                 quantizer_tensor_fn function, cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    C2S_OUT(error, out_tensor);
    C2S_NEED(error, quantizer);
    C2S_NEED(error, weights);
    cnn2snn_tensor *floats = NULL;
    cnn2snn_status status = c2s_tensor_convert(weights, CNN2SNN_DTYPE_FLOAT32, &floats, error);
    if (!status)
        status = function(quantizer, floats, out_tensor, error);
    c2s_tensor_release(floats);
    C2S_RETURN(quantizer->context, status, out_tensor, error);
}

cnn2snn_status cnn2snn_quantizer_scale_factor(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                              cnn2snn_tensor **out_scale, cnn2snn_error **error)
{
    return on_weights(quantizer, weights, c2s_quantizer_scale_factor, out_scale, error);
}

cnn2snn_status cnn2snn_quantizer_quantize(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                          cnn2snn_tensor **out_weights, cnn2snn_error **error)
{
    return on_weights(quantizer, weights, c2s_quantizer_quantize, out_weights, error);
}

cnn2snn_status cnn2snn_quantizer_get_range(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                           cnn2snn_tensor **out_range, cnn2snn_error **error)
{
    return on_weights(quantizer, weights, c2s_quantizer_range, out_range, error);
}

/* ------------------------------------------------------------------------------------------------ custom classes */

cnn2snn_status cnn2snn_custom_objects_create(cnn2snn_context *context, cnn2snn_custom_objects **out_custom,
                                             cnn2snn_error **error)
{
    C2S_OUT(error, out_custom);
    C2S_NEED(error, context);
    C2S_RETURN(context, c2s_custom_objects_create(context, out_custom, error), out_custom, error);
}

/* What the three structs of callbacks begin with. */
struct class_head {
    size_t struct_size;
    void *user_data;
    cnn2snn_destroy_fn destroy_user_data;
};

static void destroy_user_data(const struct class_head *head)
{
    if (head->destroy_user_data)
        head->destroy_user_data(head->user_data);
}

/*
 * Reads the caller's struct into `ours` (of `size` bytes, zeroed). A failure destroys the caller's user_data, as far
 * as the struct says where it is.
 */
static cnn2snn_status read_class(const void *custom, const char *class_name, void *ours, size_t size,
                                 const void *theirs, const char *what, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, theirs);
    size_t their_size;
    memcpy(&their_size, theirs, sizeof their_size);
    cnn2snn_status status = c2s_options_read(NULL, ours, size, theirs, what, error);
    if (!status && !custom)
        status = c2s_edge_null(error, "custom");
    if (!status && !class_name)
        status = c2s_edge_null(error, "class_name");
    if (status && their_size >= sizeof(struct class_head) && their_size <= 65536) {
        struct class_head head;
        memcpy(&head, theirs, sizeof head);
        destroy_user_data(&head);
    }
    return status;
}

cnn2snn_status cnn2snn_custom_objects_add_quantizer(cnn2snn_custom_objects *custom, const char *class_name,
                                                    const cnn2snn_quantizer_class *quantizer_class,
                                                    cnn2snn_error **error)
{
    cnn2snn_quantizer_class ours = CNN2SNN_QUANTIZER_CLASS_INIT;
    C2S_TRY(read_class(custom, class_name, &ours, sizeof ours, quantizer_class, "cnn2snn_quantizer_class", error));
    return c2s_edge_end(NULL, c2s_custom_objects_add(custom, class_name, C2S_CUSTOM_QUANTIZER, &ours, error), error);
}

cnn2snn_status cnn2snn_custom_objects_add_activation(cnn2snn_custom_objects *custom, const char *class_name,
                                                     const cnn2snn_activation_class *activation_class,
                                                     cnn2snn_error **error)
{
    cnn2snn_activation_class ours = CNN2SNN_ACTIVATION_CLASS_INIT;
    C2S_TRY(read_class(custom, class_name, &ours, sizeof ours, activation_class, "cnn2snn_activation_class", error));
    return c2s_edge_end(NULL, c2s_custom_objects_add(custom, class_name, C2S_CUSTOM_ACTIVATION, &ours, error), error);
}

cnn2snn_status cnn2snn_custom_objects_add_layer(cnn2snn_custom_objects *custom, const char *class_name,
                                                const cnn2snn_layer_class *layer_class, cnn2snn_error **error)
{
    cnn2snn_layer_class ours = CNN2SNN_LAYER_CLASS_INIT;
    C2S_TRY(read_class(custom, class_name, &ours, sizeof ours, layer_class, "cnn2snn_layer_class", error));
    return c2s_edge_end(NULL, c2s_custom_objects_add(custom, class_name, C2S_CUSTOM_LAYER, &ours, error), error);
}

void cnn2snn_custom_objects_destroy(cnn2snn_custom_objects *custom)
{
    c2s_custom_objects_destroy(custom);
}

/* ------------------------------------------------------------------------------------------------ quantizing */

cnn2snn_status cnn2snn_quantize_options_init(cnn2snn_quantize_options *options, size_t struct_size)
{
    cnn2snn_quantize_options defaults = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    return c2s_options_write(options, struct_size, &defaults, sizeof defaults);
}

/* A quantized model with this graph, or nothing; the optimizer's state belongs to the weights as they were. */
static cnn2snn_status finish(const cnn2snn_model *model, cnn2snn_status status, struct c2s_graph *graph,
                             cnn2snn_model **out_model, cnn2snn_error **error)
{
    if (!status)
        status = c2s_model_from_graph_take(model, graph, false, out_model, error);
    C2S_RETURN(model->context, status, out_model, error);
}

static cnn2snn_status quantize(const cnn2snn_model *model, const cnn2snn_quantize_options *options,
                               cnn2snn_model **out_model, cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    const struct c2s_quantize_settings settings = {
        .weight_bits = options->weight_quantization,
        .activation_bits = options->activ_quantization,
        .input_weight_bits = options->input_weight_quantization,
        .fold_batchnorm = !options->skip_fold_batchnorm,
        .quantizer_function = options->quantizer_function,
        .user_data = options->quantizer_function_user_data,
    };
    struct c2s_graph *graph = NULL;
    cnn2snn_status status = c2s_graph_quantize(model->graph, &settings, &graph, error);
    return finish(model, status, graph, out_model, error);
}

cnn2snn_status cnn2snn_model_quantize(const cnn2snn_model *model, const cnn2snn_quantize_options *options,
                                      cnn2snn_model **out_model, cnn2snn_error **error)
{
    cnn2snn_quantize_options ours = CNN2SNN_QUANTIZE_OPTIONS_INIT;
    c2s_edge_start(error);
    cnn2snn_status status = c2s_options_read(NULL, &ours, sizeof ours, options, "cnn2snn_quantize_options", error);
    if (!status)
        status = quantize(model, &ours, out_model, error);
    else if (out_model)
        *out_model = NULL;
    if (ours.destroy_quantizer_function_user_data)
        ours.destroy_quantizer_function_user_data(ours.quantizer_function_user_data);
    return status;
}

static size_t keras_layer_count(const struct c2s_graph *graph)
{
    return graph->layer_count - (graph->sequential ? 1 : 0);
}

static cnn2snn_status check_bitwidth(const cnn2snn_model *model, int32_t bitwidth, cnn2snn_error **error)
{
    if (bitwidth > 0)
        return CNN2SNN_OK;
    return c2s_error(model->context, error, CNN2SNN_E_VALUE, "L-029", "bitwidth %d, expected more than 0",
                     (int)bitwidth);
}

cnn2snn_status cnn2snn_model_quantize_layer(const cnn2snn_model *model, int64_t layer_index, int32_t bitwidth,
                                            cnn2snn_quantizer_fn quantizer_function, void *user_data,
                                            cnn2snn_model **out_model, cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    C2S_TRY(check_bitwidth(model, bitwidth, error));
    int64_t count = (int64_t)keras_layer_count(model->graph);
    int64_t index = layer_index < 0 ? layer_index + count : layer_index;
    if (index < 0 || index >= count)
        return c2s_error(model->context, error, CNN2SNN_E_INDEX, "L-024",
                         "layer index %lld, the model has %lld layers", (long long)layer_index, (long long)count);
    struct c2s_graph *graph = NULL;
    cnn2snn_status status =
        c2s_graph_quantize_layer(model->graph, (size_t)index, bitwidth, quantizer_function, user_data, &graph, error);
    return finish(model, status, graph, out_model, error);
}

cnn2snn_status cnn2snn_model_quantize_named_layer(const cnn2snn_model *model, const char *layer_name,
                                                  int32_t bitwidth, cnn2snn_quantizer_fn quantizer_function,
                                                  void *user_data, cnn2snn_model **out_model, cnn2snn_error **error)
{
    C2S_OUT(error, out_model);
    C2S_NEED(error, model);
    C2S_NEED(error, layer_name);
    C2S_TRY(check_bitwidth(model, bitwidth, error));
    int64_t index = c2s_graph_find_layer(model->graph, layer_name);
    if (index >= 0 && model->graph->sequential)
        index--;
    if (index < 0)
        return c2s_advise(
            error,
            c2s_error(model->context, error, CNN2SNN_E_VALUE, "L-025", "the model has no layer '%s'", layer_name),
            "inspect lists the layers' names");
    return cnn2snn_model_quantize_layer(model, index, bitwidth, quantizer_function, user_data, out_model, error);
}
