/* SPDX-License-Identifier: Apache-2.0 */
/* Akida models run on arrays. */
#ifndef AKIDA_RUN_H
#define AKIDA_RUN_H

#include "arrays.h"

/*
 * Runs the Akida model of -m on one array. The axes in front of the sample's are the batch, in the output as well;
 * (N, C) stands for (N, 1, 1, C). With `potentials` the output is float32: potentials, or levels of a model that
 * gives none. Gives a STATUS_, with the reason printed.
 */
int akida_run(struct session *session, const struct arrays *inputs, int potentials,
              cnn2snn_layer_output_fn layer_output, void *user_data, struct arrays *outputs);

#endif
