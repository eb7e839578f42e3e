/* SPDX-License-Identifier: Apache-2.0 */
/* Keras's optimizers on plain arrays (spec/legacy.md f.3), or the user's. */
#ifndef C2S_OPTIMIZER_H
#define C2S_OPTIMIZER_H

#include "cnn2snn/calibrate.h"

/* What an optimizer keeps of one variable: moments, as many floats each as the variable has. */
struct c2s_optimizer_state {
    size_t variable, count;
    float *first, *second, *third; /* NULL where the optimizer has no use for it */
};

/* CNN2SNN_E_VALUE for numbers that an optimizer can't have. */
cnn2snn_status c2s_optimizer_check(cnn2snn_context *context, const cnn2snn_optimizer *optimizer,
                                   cnn2snn_error **error);

/* A variable that nothing was done to yet. Freed by _free, also on failure. */
cnn2snn_status c2s_optimizer_state_init(cnn2snn_context *context, size_t variable, size_t count,
                                        struct c2s_optimizer_state *out_state, cnn2snn_error **error);
void c2s_optimizer_state_free(cnn2snn_context *context, struct c2s_optimizer_state *state);

/* Step number `step`, from 1 on. CNN2SNN_E_CALLBACK, or the callback's own error. */
cnn2snn_status c2s_optimizer_apply(cnn2snn_context *context, const cnn2snn_optimizer *optimizer, uint64_t step,
                                   struct c2s_optimizer_state *state, const float *gradient, float *values,
                                   cnn2snn_error **error);

#endif
