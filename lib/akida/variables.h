/* SPDX-License-Identifier: Apache-2.0 */
/* The variables that each kind of Akida layer holds: one row each, with type, shape and initial value. */
#ifndef C2S_AKIDA_VARIABLES_H
#define C2S_AKIDA_VARIABLES_H

#include "akida/akida_model.h"

enum c2s_akida_condition {
    C2S_ALWAYS,
    C2S_WHEN_RELU,     /* activation is 1 */
    C2S_WHEN_LUT,      /* activation is 2 */
    C2S_WHEN_LEARNING, /* may be there; not needed for running */
    C2S_WHEN_OLD       /* in files of old runtimes */
};

struct c2s_akida_variable_row {
    uint32_t kinds; /* bit 1 << kind for each that has it */
    const char *name;
    cnn2snn_dtype dtype;
    const char *shape; /* a letter for each dimension, see c2s_akida_variable_shape */
    enum c2s_akida_condition condition;
    double initial; /* what a file without the variable means */
};

/* The row of that name for the layer, or NULL. */
const struct c2s_akida_variable_row *c2s_akida_variable_find(const struct c2s_akida_layer *layer, const char *name);

/* Extents of the row's variable in a layer whose shapes are known; gives the rank. Products are limited to INT64_MAX.
 */
size_t c2s_akida_variable_shape(const struct c2s_akida_layer *layer, const struct c2s_akida_shapes *shapes,
                                const struct c2s_akida_variable_row *row, int64_t extents[CNN2SNN_MAX_RANK]);

/* True if the variable has the dtype and shape of its row. */
bool c2s_akida_variable_fits(const struct c2s_akida_layer *layer, const struct c2s_akida_shapes *shapes,
                             const struct c2s_akida_variable_row *row, const cnn2snn_tensor *tensor);

#endif
