/* SPDX-License-Identifier: Apache-2.0 */
/* What only the quantized layers' configs have: quantizers, and arguments that their constructors refuse. */
#ifndef C2S_QUANTIZER_ARGUMENTS_H
#define C2S_QUANTIZER_ARGUMENTS_H

#include "layers/config_reader.h"

/* The quantizer under `key`, a new reference; NULL with the fault recorded, or when it is absent and not required. */
void c2s_config_quantizer(struct c2s_config *config, const struct c2s_layer_source *source, const char *key,
                          bool required, cnn2snn_quantizer **out);

/* An argument that the reference's constructor takes in no way (CNN2SNN_E_TYPE); in a file it may say the default. */
void c2s_config_refuse_argument(struct c2s_config *config, const char *key, bool is_default);

#endif
