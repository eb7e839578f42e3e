/* SPDX-License-Identifier: Apache-2.0 */
/* The outputs of all layers of a model for some samples, and which of them belong together. */
#ifndef TRACE_H
#define TRACE_H

#include "runner.h"

struct traced {
    char *name;
    cnn2snn_tensor *values;   /* float64: what the layer gives, integers of Akida's layers as they are */
    cnn2snn_tensor *integers; /* float64: of a layer of a QuantizeML model that gives integers, or NULL */
    cnn2snn_tensor *scales;   /* float64: what one of them stands for, one for all or one for each channel; or NULL */
};

struct trace {
    struct traced *layers; /* in the order of the calls */
    size_t count;
};

/* Runs the model; a Keras runner's layer_integers is set. A last layer of an Akida 1.0 model without activation has
 * potentials in the units of the Keras model. Gives a STATUS_, with the reason printed. */
int trace_run(struct session *session, struct runner *runner, const struct arrays *inputs, struct trace *out);
void trace_free(struct trace *trace);

/*
 * The index in `keras` of what layer `index` of `akida` gives: the last output of as many values on the way from the
 * layer of the same name through layers that alone take what is in front of them and have no namesake; rather with
 * the same channels than flattened. Softmax is none of Akida's. -1: there is none.
 */
int64_t trace_counterpart(const cnn2snn_model *model, const struct trace *keras, const struct trace *akida,
                          size_t index);
/* The first output of that name, or -1. */
int64_t trace_find(const struct trace *trace, const char *name);

#endif
