/* SPDX-License-Identifier: Apache-2.0 */
/* How far an Akida model's layers are from those of its Keras model: what `verify` finds out. */
#ifndef VERIFICATION_H
#define VERIFICATION_H

#include "inputs.h"
#include "measure.h"
#include "runner.h"

/* Where a layer's scale, which makes floats of its integers, comes from. */
enum scale_source { SCALE_ONE, SCALE_STEP, SCALE_DERIVED, SCALE_FITTED };

struct row { /* an Akida layer */
    char *name, *keras_name;
    int compared; /* has a counterpart in the Keras model */
    enum scale_source source;
    double *scales; /* of each channel */
    uint64_t channels;
    struct measure *of_channels;
    struct measure integer, quantized_to_float, integer_to_float;
    uint64_t values, unequal; /* of those whose integers are known of the Keras model as well: how many differ */
    int judged;               /* our own conversion has the layer */
    uint64_t unlike;          /* values that differ from those of our own conversion */
    char *altered;            /* a variable that differs from it, or NULL */
};

struct verification {
    struct runner keras, akida, reference; /* reference: the float model, if any */
    struct runner
        own; /* the library's conversion of the Keras model, where there is one and it isn't the Akida model */
    int own_is_equal; /* it is the Akida model */
    struct row *rows;
    size_t count;
};

/* Converts the Keras model, so that layers can be judged by their integers. Gives a STATUS_, with the reason printed;
 * a model that doesn't convert is no fault. */
int verification_convert(struct session *session, struct verification *v);
/* Runs the models on all samples. Gives a STATUS_, with the reason printed. */
int verification_run(struct session *session, struct verification *v, const struct inputs *inputs);
void verification_free(struct verification *v);

#endif
