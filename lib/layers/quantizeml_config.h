/* SPDX-License-Identifier: Apache-2.0 */
/* The member quant_config of QuantizeML's layers, its defaults, and the forms that its releases gave it. */
#ifndef C2S_QUANTIZEML_CONFIG_H
#define C2S_QUANTIZEML_CONFIG_H

#include "layers/config_reader.h"
#include "layers/quantizeml_attributes.h"

/* What parses quant_config: absent and null are an empty object. `config` must outlive it; close it to pass faults
 * on.
 */
struct c2s_config c2s_quant_config_open(struct c2s_config *config);
void c2s_quant_config_close(struct c2s_config *config, struct c2s_config *quant);

/* The bitwidth of a member such as "bias_quantizer", from `least` to `most`. */
int32_t c2s_quant_config_bits(struct c2s_config *quant, const char *member, int32_t otherwise, int32_t least,
                              int32_t most);

/* The axis of "weight_quantizer" for weights of this rank, from 0, or C2S_NO_AXIS; otherwise: where it isn't given.
 */
int c2s_quant_config_axis(struct c2s_config *quant, int rank, int otherwise);

/* buffer_bitwidth. */
int32_t c2s_quant_config_buffer(struct c2s_config *quant);

/* "output_quantizer"; absent, null and {} mean none. */
struct c2s_output_quantizer c2s_quant_config_output(struct c2s_config *quant);

/* Adds the ranges of an output quantizer over values of `channels` (-1: open) to a layer's weights. */
void c2s_quant_config_add_ranges(const struct c2s_output_quantizer *output, int64_t channels,
                                 struct c2s_weight_spec specs[C2S_MAX_LAYER_WEIGHTS], size_t *count);

#endif
