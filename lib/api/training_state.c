/* SPDX-License-Identifier: Apache-2.0 */
/* The public functions of cnn2snn/model.h that read how a model was trained, and where its optimizer stood. */
#include <math.h>
#include <string.h>

#include "api/edge.h"
#include "base/allocator.h"
#include "base/json.h"
#include "base/text.h"
#include "cnn2snn/model.h"
#include "formats/training_config.h"
#include "ir/model.h"

struct cnn2snn_training {
    cnn2snn_context *context;
    struct c2s_graph *graph; /* its outputs have the losses */
    json_t *config;
    bool metrics_by_output[2];
    struct c2s_named_tensor *weights;
    size_t weight_count;
};

int32_t cnn2snn_model_is_compiled(const cnn2snn_model *model)
{
    return model && model->training_config;
}

static cnn2snn_status copy_weights(const cnn2snn_model *model, cnn2snn_training *training, cnn2snn_error **error)
{
    training->weights = c2s_calloc(model->context, model->optimizer_weight_count, sizeof *training->weights);
    if (!training->weights)
        return c2s_error_no_memory(error);
    for (size_t i = 0; i < model->optimizer_weight_count; i++) {
        const struct c2s_named_tensor *from = &model->optimizer_weights[i];
        struct c2s_named_tensor *to = &training->weights[i];
        training->weight_count = i + 1;
        to->tensor = c2s_tensor_retain(from->tensor);
        to->name = c2s_strdup(model->context, from->name);
        if (!to->name)
            return c2s_error_no_memory(error);
    }
    return CNN2SNN_OK;
}

/* A list for all outputs counts for each of them: the product is bounded as the number of layers is. */
static cnn2snn_status check_metric_count(const cnn2snn_training *training, cnn2snn_error **error)
{
    size_t count = 0;
    for (size_t i = 0; i < training->graph->output_count; i++)
        for (int32_t weighted = 0; weighted < 2; weighted++) {
            count += cnn2snn_training_get_metric_count(training, i, weighted);
            if (count > training->context->max_nodes)
                return c2s_error(training->context, error, CNN2SNN_E_LIMIT, "F-training-config",
                                 "training_config: more than %u metrics", (unsigned)training->context->max_nodes);
        }
    return CNN2SNN_OK;
}

static cnn2snn_status make_training(const cnn2snn_model *model, cnn2snn_training **out_training,
                                    cnn2snn_error **error)
{
    cnn2snn_context *context = model->context;
    if (!model->training_config)
        return c2s_error(context, error, CNN2SNN_E_STATE, "A-not-compiled", "the model isn't compiled: it has no %s",
                         "training configuration");
    cnn2snn_training *training = *out_training = c2s_calloc(context, 1, sizeof *training);
    if (!training)
        return c2s_error_no_memory(error);
    training->context = c2s_context_retain(context);
    training->graph = c2s_graph_retain(model->graph);
    C2S_TRY(c2s_json_parse(context, model->training_config, strlen(model->training_config), "training_config",
                           &training->config, error));
    C2S_TRY(c2s_training_config_check(context, training->config, error));
    for (int weighted = 0; weighted < 2; weighted++)
        training->metrics_by_output[weighted] = c2s_training_has_metrics_by_output(
            training->config, weighted, training->graph->output_count, c2s_model_is_of_keras3(model));
    C2S_TRY(check_metric_count(training, error));
    return copy_weights(model, training, error);
}

cnn2snn_status cnn2snn_model_get_training(const cnn2snn_model *model, cnn2snn_training **out_training,
                                          cnn2snn_error **error)
{
    C2S_OUT(error, out_training);
    C2S_NEED(error, model);
    cnn2snn_status status = make_training(model, out_training, error);
    if (status)
        cnn2snn_training_destroy(*out_training);
    C2S_RETURN(model->context, status, out_training, error);
}

void cnn2snn_training_destroy(cnn2snn_training *training)
{
    if (!training)
        return;
    cnn2snn_context *context = training->context;
    for (size_t i = 0; i < training->weight_count; i++) {
        c2s_free(context, training->weights[i].name);
        c2s_tensor_release(training->weights[i].tensor);
    }
    c2s_free(context, training->weights);
    json_decref(training->config);
    c2s_graph_release(training->graph);
    c2s_free(context, training);
    c2s_context_release(context);
}

/* ------------------------------------------------------------------------------------------------ losses, metrics */

/* False if there is no such output. */
static bool find_output(const cnn2snn_training *training, size_t index, struct c2s_training_output *output)
{
    if (!training || index >= training->graph->output_count)
        return false;
    const struct c2s_graph *graph = training->graph;
    const struct c2s_node *node = &graph->nodes[graph->outputs[index].node];
    *output = (struct c2s_training_output){
        graph->layers[node->layer]->name, index, {training->metrics_by_output[0], training->metrics_by_output[1]}};
    return true;
}

/* The JSON of an object, an empty buffer for one that is only a name or isn't there. */
static cnn2snn_status give_json(const cnn2snn_training *training, const json_t *object, cnn2snn_buffer **out_json,
                                cnn2snn_error **error)
{
    struct c2s_text text;
    c2s_text_init(&text, training->context);
    if (json_is_object(object))
        c2s_json_dump(&text, object, false);
    return c2s_text_to_buffer(&text, out_json, error);
}

static cnn2snn_status no_output(const cnn2snn_training *training, size_t index, cnn2snn_error **error)
{
    return c2s_error(training->context, error, CNN2SNN_E_INDEX, "A-index", "output %zu, the model has %zu", index,
                     training->graph->output_count);
}

const char *cnn2snn_training_get_loss_name(const cnn2snn_training *training, size_t output_index)
{
    struct c2s_training_output output;
    if (!find_output(training, output_index, &output))
        return NULL;
    return c2s_training_object_name(c2s_training_loss(training->config, &output), false);
}

cnn2snn_status cnn2snn_training_get_loss_config(const cnn2snn_training *training, size_t output_index,
                                                cnn2snn_buffer **out_json, cnn2snn_error **error)
{
    struct c2s_training_output output;
    C2S_OUT(error, out_json);
    C2S_NEED(error, training);
    cnn2snn_status status = find_output(training, output_index, &output)
                                ? give_json(training, c2s_training_loss(training->config, &output), out_json, error)
                                : no_output(training, output_index, error);
    C2S_RETURN(training->context, status, out_json, error);
}

double cnn2snn_training_get_loss_weight(const cnn2snn_training *training, size_t output_index)
{
    struct c2s_training_output output;
    return find_output(training, output_index, &output) ? c2s_training_loss_weight(training->config, &output)
                                                        : (double)NAN;
}

size_t cnn2snn_training_get_metric_count(const cnn2snn_training *training, size_t output_index, int32_t weighted)
{
    struct c2s_training_output output;
    return find_output(training, output_index, &output)
               ? c2s_training_metric_count(training->config, weighted != 0, &output)
               : 0;
}

const char *cnn2snn_training_get_metric_name(const cnn2snn_training *training, size_t output_index, int32_t weighted,
                                             size_t index)
{
    struct c2s_training_output output;
    if (!find_output(training, output_index, &output))
        return NULL;
    return c2s_training_object_name(c2s_training_metric(training->config, weighted != 0, &output, index), true);
}

cnn2snn_status cnn2snn_training_get_metric_config(const cnn2snn_training *training, size_t output_index,
                                                  int32_t weighted, size_t index, cnn2snn_buffer **out_json,
                                                  cnn2snn_error **error)
{
    struct c2s_training_output output;
    C2S_OUT(error, out_json);
    C2S_NEED(error, training);
    cnn2snn_status status = CNN2SNN_OK;
    size_t count = cnn2snn_training_get_metric_count(training, output_index, weighted);
    if (!find_output(training, output_index, &output))
        status = no_output(training, output_index, error);
    else if (index >= count)
        status = c2s_error(training->context, error, CNN2SNN_E_INDEX, "A-index", "metric %zu, the output has %zu",
                           index, count);
    else
        status = give_json(training, c2s_training_metric(training->config, weighted != 0, &output, index), out_json,
                           error);
    C2S_RETURN(training->context, status, out_json, error);
}

/* ------------------------------------------------------------------------------------------------ optimizer */

const char *cnn2snn_training_get_optimizer_name(const cnn2snn_training *training)
{
    return training ? c2s_training_optimizer_name(training->config) : NULL;
}

cnn2snn_status cnn2snn_training_get_optimizer_config(const cnn2snn_training *training, cnn2snn_buffer **out_json,
                                                     cnn2snn_error **error)
{
    C2S_OUT(error, out_json);
    C2S_NEED(error, training);
    C2S_RETURN(training->context,
               give_json(training, c2s_training_optimizer_config(training->config), out_json, error), out_json,
               error);
}

cnn2snn_status cnn2snn_training_get_hyperparameter(const cnn2snn_training *training, const char *name,
                                                   double *out_value, cnn2snn_error **error)
{
    c2s_edge_start(error);
    C2S_NEED(error, training);
    C2S_NEED(error, name);
    C2S_NEED(error, out_value);
    const json_t *config = c2s_training_optimizer_config(training->config);
    const json_t *value = c2s_json_get(config, name);
    if (!value && !strcmp(name, "learning_rate")) /* until Keras 2.2 */
        value = c2s_json_get(config, "lr");
    if (json_is_boolean(value))
        *out_value = json_is_true(value);
    else if (c2s_json_is_number(value))
        *out_value = c2s_json_number_value(value);
    else if (value)
        return c2s_error(training->context, error, CNN2SNN_E_TYPE, "A-hyperparameter",
                         "%s of the optimizer is %s, expected a number", name,
                         c2s_json_get_string(value, "class_name", "no number"));
    else
        return c2s_error(training->context, error, CNN2SNN_E_VALUE, "A-hyperparameter", "the optimizer has no %s",
                         name);
    return CNN2SNN_OK;
}

/* "iteration:0", "Adam/iter:0", "adam/iteration", "Adam/iterations:0" */
static bool counts_iterations(const struct c2s_named_tensor *weight)
{
    const char *slash = strrchr(weight->name, '/');
    return weight->tensor->rank == 0 && !strncmp(slash ? slash + 1 : weight->name, "iter", 4);
}

int64_t cnn2snn_training_get_iterations(const cnn2snn_training *training)
{
    for (size_t i = 0; training && i < training->weight_count; i++) {
        const struct c2s_named_tensor *weight = &training->weights[i];
        if (!counts_iterations(weight))
            continue;
        if (weight->tensor->dtype == CNN2SNN_DTYPE_INT64)
            return *(const int64_t *)weight->tensor->data;
        if (weight->tensor->dtype == CNN2SNN_DTYPE_INT32)
            return *(const int32_t *)weight->tensor->data;
    }
    return -1;
}

size_t cnn2snn_training_get_optimizer_weight_count(const cnn2snn_training *training)
{
    return training ? training->weight_count : 0;
}

const char *cnn2snn_training_get_optimizer_weight_name(const cnn2snn_training *training, size_t index)
{
    return training && index < training->weight_count ? training->weights[index].name : NULL;
}

const cnn2snn_tensor *cnn2snn_training_get_optimizer_weight(const cnn2snn_training *training, size_t index)
{
    return training && index < training->weight_count ? training->weights[index].tensor : NULL;
}
