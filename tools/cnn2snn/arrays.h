/* SPDX-License-Identifier: Apache-2.0 */
/* Arrays in and out of files, and models run on them. */
#ifndef ARRAYS_H
#define ARRAYS_H

#include "session.h"

struct arrays {
    cnn2snn_tensor **items;
    size_t count;
};

/* Reads .npy files, and .npz files with all that they hold, in order. Gives a STATUS_, with the reason printed. */
int arrays_load(struct session *session, const struct list_argument *paths, struct arrays *out);
void arrays_free(struct arrays *arrays);

/*
 * Runs a model on arrays whose last axes hold the model's inputs; the axes in front, as many as there are, are the
 * batch, in the outputs as well. A layer_output callback gets all samples at once. Gives a STATUS_, with the reason
 * printed.
 */
int arrays_predict(struct session *session, const cnn2snn_model *model, const struct arrays *inputs,
                   const cnn2snn_predict_options *options, struct arrays *outputs);

#endif
