/* SPDX-License-Identifier: Apache-2.0 */
/* A model that runs: a Keras model in float, or an Akida model on integers. */
#ifndef RUNNER_H
#define RUNNER_H

#include <stdio.h>

#include "arrays.h"

struct runner {
    cnn2snn_model *model; /* a Keras model, or NULL */
    cnn2snn_akida_model *akida;
    cnn2snn_simulator *simulator;
    cnn2snn_layer_integers_fn
        layer_integers; /* of runs of a Keras model, with the user data of layer_output; or NULL */
};

/* Reads the model of -m and makes it ready. Gives a STATUS_, with the reason printed. */
int runner_open(struct session *session, struct runner *out);
void runner_close(struct runner *runner);

/* The first input's axes of one sample; `shape` has room for CNN2SNN_MAX_RANK. */
int runner_input_shape(struct session *session, const struct runner *runner, int64_t *shape, size_t *out_rank);
/* The type in which 8-bit images are given. */
cnn2snn_dtype runner_image_dtype(const struct runner *runner);

/*
 * As arrays_predict. Akida models take one input, arrays (..., X, Y, C) or (N, C). With `potentials` the result is
 * what cnn2snn_simulator_predict() gives, and the last layer's levels as floats where it gives none.
 */
int runner_run(struct session *session, const struct runner *runner, const struct arrays *inputs, int potentials,
               cnn2snn_layer_output_fn layer_output, void *user_data, struct arrays *outputs);

/* What a simulator holds, in bytes, as a JSON object; null without one. */
void print_json_memory(FILE *to, const cnn2snn_simulator *simulator);

#endif
