/* SPDX-License-Identifier: Apache-2.0 */
/* The integers of one Akida 1.0 layer: weights, thresholds, steps (spec/legacy.md g.4). */
#ifndef C2S_BLOCK_VARIABLES_H
#define C2S_BLOCK_VARIABLES_H

#include "plan/plan.h"

struct c2s_block_input {
    double scale, shift; /* of what comes in: akida = scale * keras + shift */
    bool image;          /* first layer of an image model */
};

struct c2s_block_variables {
    cnn2snn_tensor *weights;   /* int8, in the Akida layer's shape */
    cnn2snn_tensor *pointwise; /* int8, of separable layers; otherwise NULL */
    cnn2snn_tensor *threshold; /* int32 */
    cnn2snn_tensor *act_step;  /* float32 */
    uint64_t out_of_range;     /* integer weights beyond what the bitwidth holds */
};

cnn2snn_status c2s_block_variables_create(cnn2snn_context *context, const struct c2s_plan_block *block,
                                          const struct c2s_block_input *input, struct c2s_block_variables *variables,
                                          cnn2snn_error **error);
void c2s_block_variables_free(struct c2s_block_variables *variables);

#endif
