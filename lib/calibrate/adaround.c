/* SPDX-License-Identifier: Apache-2.0 */
/*
 * AdaRound (spec/legacy.md f.3): layer by layer, each on the outputs of those before it as they are by then. One
 * optimizer serves all layers; nothing is random.
 */
#include "calibrate/adaround_layer.h"
#include "calibrate/calibrate.h"

#include <math.h>

#include "base/context.h"
#include "base/error.h"
#include "base/report.h"
#include "calibrate/loss.h"
#include "transform/rewrite.h"

struct adaround {
    const cnn2snn_adaround_options *options;
    const cnn2snn_optimizer *optimizer;
    const cnn2snn_loss *loss;
    cnn2snn_sampler *sampler;
    uint64_t step;
    size_t variable; /* the next one's number */
};

/* ------------------------------------------------------------------------------------------------ steps */

/* One step of the optimizer; *out_rounding: what the weights were away from being rounded before it. */
static cnn2snn_status step_on(struct adaround *adaround, struct c2s_adaround_layer *work, int64_t batch, float beta,
                              double *out_rounding, cnn2snn_error **error)
{
    double loss = 0;
    C2S_TRY(c2s_adaround_layer_batch(work, batch, &loss, error));
    adaround->step++;
    *out_rounding = 0;
    for (size_t i = 0; i < work->kernel_count; i++) {
        float *gradient = c2s_f32_writable(work->gradients[i]);
        *out_rounding += c2s_soft_kernel_gradient(&work->soft[i], beta, gradient);
        C2S_TRY(c2s_optimizer_apply(adaround->sampler->context, adaround->optimizer, adaround->step, &work->states[i],
                                    gradient, work->soft[i].alphas, error));
    }
    for (size_t i = 0; i < work->kernel_count; i++)
        c2s_soft_kernel_update(&work->soft[i]);
    return CNN2SNN_OK;
}

static cnn2snn_status check_alphas(const struct c2s_adaround_layer *work, cnn2snn_error **error)
{
    for (size_t k = 0; k < work->kernel_count; k++)
        for (size_t i = 0; i < work->soft[k].count; i++)
            if (isnan(work->soft[k].alphas[i]))
                return c2s_layer_error(work->layer->context, error, CNN2SNN_E_VALUE, "L-090", work->layer->name,
                                       "the optimization came to NaN");
    return CNN2SNN_OK;
}

static cnn2snn_status optimize(struct adaround *adaround, struct c2s_adaround_layer *work, int64_t *out_epochs,
                               cnn2snn_error **error)
{
    const int64_t epochs = adaround->options->epochs;
    double rounding = 1;
    for (*out_epochs = 0; *out_epochs < epochs && rounding > 0; ++*out_epochs) {
        float beta = c2s_soft_beta(*out_epochs, epochs);
        C2S_TRY(c2s_progress(adaround->sampler->context, work->layer->name, (uint64_t)*out_epochs, (uint64_t)epochs,
                             error));
        for (int64_t batch = 0; batch < adaround->sampler->batch_count; batch++)
            C2S_TRY(step_on(adaround, work, batch, beta, &rounding, error));
        C2S_TRY(check_alphas(work, error));
    }
    return c2s_progress(adaround->sampler->context, work->layer->name, (uint64_t)epochs, (uint64_t)epochs, error);
}

/* ------------------------------------------------------------------------------------------------ layers */

static void tell(const struct adaround *adaround, const cnn2snn_calibrated_layer *done)
{
    c2s_log(adaround->sampler->context, CNN2SNN_LOG_INFO,
            "%s: quantization error %.4f -> %.4f, %llu of %llu quantized weights changed in %lld epochs",
            done->layer_name, done->error_before, done->error_after, (unsigned long long)done->changed_weights,
            (unsigned long long)done->weight_count, (long long)done->epochs);
    if (adaround->options->layer_done)
        adaround->options->layer_done(adaround->options->user_data, done);
}

static cnn2snn_status round_layer(struct adaround *adaround, size_t index, cnn2snn_error **error)
{
    const cnn2snn_adaround_options *options = adaround->options;
    cnn2snn_sampler *sampler = adaround->sampler;
    struct c2s_adaround_layer work;
    C2S_TRY(c2s_sampler_select(sampler, index, options->include_activation != 0, error));
    bool gram = !options->no_gram && adaround->loss->kind == CNN2SNN_LOSS_MSE &&
                c2s_gram_form_serves(sampler, options->epochs);
    cnn2snn_calibrated_layer done = {.struct_size = sizeof done};
    cnn2snn_status status = c2s_adaround_layer_init(&work, sampler, adaround->loss, gram, adaround->variable, error);
    if (!status)
        status = optimize(adaround, &work, &done.epochs, error);
    if (!status)
        status = c2s_adaround_layer_finish(&work, &done, error);
    if (!status)
        tell(adaround, &done);
    adaround->variable += work.kernel_count;
    c2s_adaround_layer_free(&work);
    return status;
}

static cnn2snn_status round_all(struct adaround *adaround, cnn2snn_error **error)
{
    size_t quantized = 0;
    for (size_t i = 0; i < adaround->sampler->layer_count; i++)
        if (c2s_layer_is_quantized_neural(adaround->sampler->layers[i])) {
            quantized++;
            C2S_TRY(round_layer(adaround, i, error));
        }
    if (quantized)
        return CNN2SNN_OK;
    return c2s_advise(error,
                      c2s_error(adaround->sampler->context, error, CNN2SNN_E_VALUE, "L-089",
                                "model %s has no quantized layers", adaround->sampler->graph->name),
                      "quantize the model first");
}

cnn2snn_status c2s_adaround(const struct c2s_graph *graph, cnn2snn_samples *samples,
                            const cnn2snn_adaround_options *options, const cnn2snn_optimizer *optimizer,
                            const cnn2snn_loss *loss, struct c2s_graph **out_graph, cnn2snn_error **error)
{
    struct adaround adaround = {.options = options, .optimizer = optimizer, .loss = loss};
    const struct c2s_batching batching = {.batch_size = options->batch_size,
                                          .keep_partial = options->keep_partial_batch != 0,
                                          .whole = loss->kind == CNN2SNN_LOSS_CUSTOM};
    C2S_TRY(c2s_optimizer_check(graph->context, optimizer, error));
    C2S_TRY(c2s_loss_check(graph->context, loss, error));
    if (options->epochs < 0)
        return c2s_error(graph->context, error, CNN2SNN_E_VALUE, "L-090", "%lld epochs, expected 0 or more",
                         (long long)options->epochs);
    C2S_TRY(c2s_sampler_create(graph, samples, &batching, &adaround.sampler, error));
    cnn2snn_status status = round_all(&adaround, error);
    if (!status)
        *out_graph = c2s_graph_retain(adaround.sampler->graph);
    c2s_sampler_destroy(adaround.sampler);
    return status;
}
