/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how each optimizer steps. Order and types of operations are Keras's, in float32. */
#include "calibrate/optimizer.h"

#include <math.h>

#include "base/allocator.h"
#include "base/error.h"
#include "calibrate/metrics.h"

static cnn2snn_status wrong(cnn2snn_context *context, const char *what, double value, const char *expected,
                            cnn2snn_error **error)
{
    return c2s_error(context, error, CNN2SNN_E_VALUE, "L-090", "%s %g, expected %s", what, value, expected);
}

cnn2snn_status c2s_optimizer_check(cnn2snn_context *context, const cnn2snn_optimizer *optimizer,
                                   cnn2snn_error **error)
{
    const cnn2snn_optimizer *o = optimizer;
    if (o->kind < CNN2SNN_OPTIMIZER_SGD || o->kind > CNN2SNN_OPTIMIZER_CUSTOM)
        return wrong(context, "optimizer kind", o->kind, "1 to 4", error);
    if (o->kind == CNN2SNN_OPTIMIZER_CUSTOM && !o->apply)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "L-090", "the user's optimizer has no function apply");
    if (!isfinite(o->learning_rate) || o->learning_rate < 0)
        return wrong(context, "learning rate", o->learning_rate, "a number of 0 or more", error);
    if (!(o->momentum >= 0 && o->momentum <= 1))
        return wrong(context, "momentum", o->momentum, "0 to 1", error);
    if (!(o->beta_1 >= 0 && o->beta_1 < 1) || !(o->beta_2 >= 0 && o->beta_2 < 1))
        return wrong(context, "beta", o->beta_1 >= 0 && o->beta_1 < 1 ? o->beta_2 : o->beta_1, "0 to below 1", error);
    if (!(o->rho >= 0 && o->rho < 1))
        return wrong(context, "rho", o->rho, "0 to below 1", error);
    if (!isfinite(o->epsilon) || o->epsilon < 0)
        return wrong(context, "epsilon", o->epsilon, "a number of 0 or more", error);
    return CNN2SNN_OK;
}

/* Few variables, and three arrays are cheaper than the question which of them are needed. */
cnn2snn_status c2s_optimizer_state_init(cnn2snn_context *context, size_t variable, size_t count,
                                        struct c2s_optimizer_state *out_state, cnn2snn_error **error)
{
    *out_state = (struct c2s_optimizer_state){variable, count, NULL, NULL, NULL};
    out_state->first = c2s_calloc(context, count, sizeof(float));
    out_state->second = c2s_calloc(context, count, sizeof(float));
    out_state->third = c2s_calloc(context, count, sizeof(float));
    return out_state->first && out_state->second && out_state->third ? CNN2SNN_OK : c2s_error_no_memory(error);
}

void c2s_optimizer_state_free(cnn2snn_context *context, struct c2s_optimizer_state *state)
{
    c2s_free(context, state->first);
    c2s_free(context, state->second);
    c2s_free(context, state->third);
    state->first = state->second = state->third = NULL;
}

static void sgd(const cnn2snn_optimizer *o, struct c2s_optimizer_state *state, const float *gradient, float *values)
{
    const float rate = (float)o->learning_rate, momentum = (float)o->momentum;
    for (size_t i = 0; i < state->count; i++) {
        float step = -gradient[i] * rate;
        if (o->momentum > 0) {
            float *velocity = &state->first[i];
            *velocity = *velocity * momentum + step;
            step = o->nesterov ? step + *velocity * momentum : *velocity;
        }
        values[i] += step;
    }
}

static void adam(const cnn2snn_optimizer *o, uint64_t step, struct c2s_optimizer_state *state, const float *gradient,
                 float *values)
{
    const float beta_1 = (float)o->beta_1, beta_2 = (float)o->beta_2, count = (float)step;
    const float rate = (float)o->learning_rate * sqrtf(1 - powf(beta_2, count)) / (1 - powf(beta_1, count));
    const float new_1 = (float)(1 - o->beta_1), new_2 = (float)(1 - o->beta_2), epsilon = (float)o->epsilon;
    for (size_t i = 0; i < state->count; i++) {
        float *m = &state->first[i], *v = &state->second[i];
        *m += (gradient[i] - *m) * new_1;
        *v += (gradient[i] * gradient[i] - *v) * new_2;
        values[i] -= *m * rate / (sqrtf(*v) + epsilon);
    }
}

static void rmsprop(const cnn2snn_optimizer *o, struct c2s_optimizer_state *state, const float *gradient,
                    float *values)
{
    const float rho = (float)o->rho, fresh = (float)(1 - o->rho), rate = (float)o->learning_rate;
    const float momentum = (float)o->momentum, epsilon = (float)o->epsilon;
    for (size_t i = 0; i < state->count; i++) {
        float g = gradient[i], *square = &state->first[i], *mean = &state->second[i], *velocity = &state->third[i];
        *square = rho * *square + fresh * (g * g);
        float denominator = *square + epsilon;
        if (o->centered) {
            *mean = rho * *mean + fresh * g;
            denominator = *square - *mean * *mean + epsilon;
        }
        float step = rate * g / sqrtf(denominator);
        if (o->momentum > 0)
            step = *velocity = momentum * *velocity + step;
        values[i] -= step;
    }
}

cnn2snn_status c2s_optimizer_apply(cnn2snn_context *context, const cnn2snn_optimizer *optimizer, uint64_t step,
                                   struct c2s_optimizer_state *state, const float *gradient, float *values,
                                   cnn2snn_error **error)
{
    cnn2snn_error *own = NULL;
    switch (optimizer->kind) {
    case CNN2SNN_OPTIMIZER_SGD:
        sgd(optimizer, state, gradient, values);
        return CNN2SNN_OK;
    case CNN2SNN_OPTIMIZER_ADAM:
        adam(optimizer, step, state, gradient, values);
        return CNN2SNN_OK;
    case CNN2SNN_OPTIMIZER_RMSPROP:
        rmsprop(optimizer, state, gradient, values);
        return CNN2SNN_OK;
    default:
        return c2s_callback_result(
            context,
            optimizer->apply(optimizer->user_data, step, state->variable, state->count, gradient, values, &own), own,
            "optimizer", error);
    }
}
