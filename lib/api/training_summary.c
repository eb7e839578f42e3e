/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a model's summary says of its training: optimizer, its rate and steps, losses and metrics. */
#include "api/training_summary.h"

#include "base/error.h"
#include "base/json.h"

/* The training state; NULL with CNN2SNN_OK where there is none that can be read. */
static cnn2snn_status find_training(const cnn2snn_model *model, cnn2snn_training **out_training,
                                    cnn2snn_error **error)
{
    *out_training = NULL;
    if (!cnn2snn_model_is_compiled(model))
        return CNN2SNN_OK;
    cnn2snn_status status = cnn2snn_model_get_training(model, out_training, error);
    if (status != CNN2SNN_E_MALFORMED && status != CNN2SNN_E_LIMIT)
        return status;
    if (error) {
        cnn2snn_error_destroy(*error);
        *error = NULL;
    }
    return CNN2SNN_OK;
}

static void add_losses(struct c2s_text *text, const cnn2snn_training *training, size_t output_count)
{
    const char *before = ", loss ";
    for (size_t i = 0; i < output_count; i++) {
        const char *name = cnn2snn_training_get_loss_name(training, i);
        c2s_text_format(text, "%s%s", before, name ? name : "none");
        before = " + ";
    }
}

static void add_metrics(struct c2s_text *text, const cnn2snn_training *training, size_t output_count)
{
    const char *before = ", metrics ";
    for (size_t i = 0; i < output_count; i++)
        for (int32_t weighted = 0; weighted < 2; weighted++)
            for (size_t k = 0; k < cnn2snn_training_get_metric_count(training, i, weighted); k++) {
                const char *name = cnn2snn_training_get_metric_name(training, i, weighted, k);
                if (!name)
                    continue;
                c2s_text_format(text, "%s%s", before, name);
                before = " ";
            }
}

cnn2snn_status c2s_training_add_text(struct c2s_text *text, const cnn2snn_model *model, cnn2snn_error **error)
{
    cnn2snn_training *training;
    double rate;
    C2S_TRY(find_training(model, &training, error));
    if (!training) {
        if (cnn2snn_model_is_compiled(model))
            c2s_text_add(text, "training: a configuration that can't be read\n");
        return CNN2SNN_OK;
    }
    const char *optimizer = cnn2snn_training_get_optimizer_name(training);
    int64_t iterations = cnn2snn_training_get_iterations(training);
    size_t output_count = cnn2snn_model_get_output_count(model);
    c2s_text_format(text, "training: %s", optimizer ? optimizer : "no optimizer");
    if (!cnn2snn_training_get_hyperparameter(training, "learning_rate", &rate, NULL))
        c2s_text_format(text, ", learning rate %.6g", rate);
    if (iterations >= 0)
        c2s_text_format(text, ", %lld step%s", (long long)iterations, iterations == 1 ? "" : "s");
    add_losses(text, training, output_count);
    add_metrics(text, training, output_count);
    c2s_text_add(text, "\n");
    cnn2snn_training_destroy(training);
    return CNN2SNN_OK;
}

static void add_json_name(struct c2s_text *text, const char *name)
{
    if (name)
        c2s_text_add_json_string(text, name);
    else
        c2s_text_add(text, "null");
}

/* Losses and metrics of one output. */
static void add_json_output(struct c2s_text *text, const cnn2snn_training *training, size_t output)
{
    static const char *const lists[] = {"metrics", "weighted_metrics"};
    c2s_text_add(text, "{\"loss\": ");
    add_json_name(text, cnn2snn_training_get_loss_name(training, output));
    c2s_text_add(text, ", \"loss_weight\": ");
    json_t *weight = c2s_json_number(cnn2snn_training_get_loss_weight(training, output));
    if (weight)
        c2s_json_dump(text, weight, false);
    text->failed = text->failed || !weight;
    json_decref(weight);
    for (int32_t weighted = 0; weighted < 2; weighted++) {
        c2s_text_format(text, ", \"%s\": [", lists[weighted]);
        for (size_t i = 0; i < cnn2snn_training_get_metric_count(training, output, weighted); i++) {
            c2s_text_add(text, i ? ", " : "");
            add_json_name(text, cnn2snn_training_get_metric_name(training, output, weighted, i));
        }
        c2s_text_add(text, "]");
    }
    c2s_text_add(text, "}");
}

cnn2snn_status c2s_training_add_json(struct c2s_text *text, const cnn2snn_model *model, cnn2snn_error **error)
{
    cnn2snn_training *training;
    C2S_TRY(find_training(model, &training, error));
    c2s_text_add(text, "  \"training\": ");
    if (!training) {
        c2s_text_add(text, "null,\n");
        return CNN2SNN_OK;
    }
    cnn2snn_buffer *config = NULL;
    cnn2snn_status status = cnn2snn_training_get_optimizer_config(training, &config, error);
    if (!status) {
        c2s_text_add(text, "{\"optimizer\": ");
        add_json_name(text, cnn2snn_training_get_optimizer_name(training));
        c2s_text_format(text, ", \"optimizer_config\": %s",
                        cnn2snn_buffer_get_size(config) ? (const char *)cnn2snn_buffer_get_data(config) : "null");
        c2s_text_format(text, ", \"iterations\": %lld, \"optimizer_weights\": %zu, \"outputs\": [",
                        (long long)cnn2snn_training_get_iterations(training),
                        cnn2snn_training_get_optimizer_weight_count(training));
        for (size_t i = 0; i < cnn2snn_model_get_output_count(model); i++) {
            c2s_text_add(text, i ? ", " : "");
            add_json_output(text, training, i);
        }
        c2s_text_add(text, "]},\n");
    }
    cnn2snn_buffer_destroy(config);
    cnn2snn_training_destroy(training);
    return status;
}
