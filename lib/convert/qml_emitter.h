/* SPDX-License-Identifier: Apache-2.0 */
/* What the emitters of QuantizeML blocks share: the model in the making, and setting a layer's numbers. */
#ifndef C2S_QML_EMITTER_H
#define C2S_QML_EMITTER_H

#include "akida/akida_model.h"
#include "plan/qml_plan.h"

struct c2s_qml_emitter {
    const struct c2s_qml_plan *plan;
    const struct c2s_qml_block *block;
    cnn2snn_akida_model *model;
    struct c2s_akida_layer *layer; /* of the block */
    size_t *akida_of;              /* layer of each block so far */
    int64_t input_data;            /* the InputData of the model's input, or -1 */
    cnn2snn_error **error;
};

/* An emitter sets parameters and variables of at->layer, which is in the model, from at->block. */
typedef cnn2snn_status c2s_qml_emit(struct c2s_qml_emitter *at);

c2s_qml_emit c2s_qml_emit_convolution, c2s_qml_emit_dense, c2s_qml_emit_add, c2s_qml_emit_temporal;
c2s_qml_emit c2s_qml_emit_recurrent, c2s_qml_emit_pico, c2s_qml_emit_dequantizer;
c2s_qml_emit c2s_qml_emit_convolution_v1, c2s_qml_emit_dense_v1;
/* Puts the Dequantizer's scales into the last layer's steps. */
cnn2snn_status c2s_qml_fold_dequantizer(struct c2s_qml_emitter *at);

/* ------------------------------------------------------------------------------------------------ numbers */

struct c2s_qml_parameter {
    const char *name;
    int64_t value;
};

/* CNN2SNN_E_VALUE for what 32 bits don't hold. */
cnn2snn_status c2s_qml_set_parameters(struct c2s_qml_emitter *at, const struct c2s_qml_parameter *parameters,
                                      size_t count);
#define C2S_QML_SET(at, parameters) c2s_qml_set_parameters(at, parameters, sizeof(parameters) / sizeof(parameters)[0])

/* `count` numbers of a dtype of 8, 16 or 32 bits from int32 `values`, which are one for all or one each; `otherwise`
 * where there are none. CNN2SNN_E_VALUE for what the dtype doesn't hold. */
cnn2snn_status c2s_qml_set_integers(struct c2s_qml_emitter *at, const char *name, cnn2snn_dtype dtype, int64_t count,
                                    const cnn2snn_tensor *values, int32_t otherwise);
/* The same from values >> shifts. */
cnn2snn_status c2s_qml_set_shifted(struct c2s_qml_emitter *at, const char *name, cnn2snn_dtype dtype, int64_t count,
                                   const cnn2snn_tensor *values, const cnn2snn_tensor *shifts);
/* Mantissas of 8 bits (1 where scales is NULL) for shifts of which none is below `least`: with the plan's exact_scales
 * what a shift lacks is taken off its mantissa. */
cnn2snn_status c2s_qml_set_scales(struct c2s_qml_emitter *at, const char *name, int64_t count,
                                  const cnn2snn_tensor *scales, const cnn2snn_tensor *shifts, int32_t least);
/* The same, none below `least`. */
cnn2snn_status c2s_qml_set_at_least(struct c2s_qml_emitter *at, const char *name, int64_t count,
                                    const cnn2snn_tensor *values, int32_t least);
cnn2snn_status c2s_qml_set_floats(struct c2s_qml_emitter *at, const char *name, int64_t count,
                                  const cnn2snn_tensor *values);
/* Integers of the same count in another shape; with `flip` turned around along the first two axes. */
cnn2snn_status c2s_qml_set_weights(struct c2s_qml_emitter *at, const char *name, const cnn2snn_tensor *weights,
                                   size_t rank, const int64_t *shape, bool flip);

/* What was derived for the layer at a position of the block. */
const struct c2s_derived *c2s_qml_derived(const struct c2s_qml_emitter *at, size_t position);
/* Extent of the last axis of what goes into, or comes out of, the layer at a position. */
int64_t c2s_qml_channels_in(const struct c2s_qml_emitter *at, size_t position);
int64_t c2s_qml_channels_out(const struct c2s_qml_emitter *at, size_t position);

#endif
