/* SPDX-License-Identifier: Apache-2.0 */
/* Typed parameters of files older than akida 2.2.3 (spec/fbz.md 6). */
#ifndef C2S_FBZ_OLD_H
#define C2S_FBZ_OLD_H

#include "akida/akida_model.h"
#include "akida/flatbuffer_reader.h"

/* The kind of the layer whose parameters these are; CNN2SNN_E_UNSUPPORTED for unknown ones. */
cnn2snn_status c2s_fbz_old_kind(const struct c2s_flat_table *parameters, int32_t *out_kind, cnn2snn_error **error);

/* Sets today's parameters of the layer, and the model's learning parameters if there are any. */
cnn2snn_status c2s_fbz_old_parameters(const struct c2s_flat_table *parameters, cnn2snn_akida_model *model,
                                      struct c2s_akida_layer *layer, cnn2snn_error **error);

#endif
