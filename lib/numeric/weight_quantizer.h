/* SPDX-License-Identifier: Apache-2.0 */
/* Weight quantizers (spec/legacy.md a): scale factors and symmetric rounding. Immutable, counted references. */
#ifndef C2S_WEIGHT_QUANTIZER_H
#define C2S_WEIGHT_QUANTIZER_H

#include <jansson.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "cnn2snn/quantizer.h"
#include "numeric/custom_objects.h"
#include "tensor/tensor.h"

struct cnn2snn_quantizer {
    cnn2snn_context *context;
    atomic_size_t references;
    cnn2snn_quantizer_kind kind;
    char *class_name;
    int32_t bitwidth;
    float kmax;         /* 2^(bitwidth-1) - 1 of the bitwidth as given, which may be fractional */
    double threshold;   /* Std kinds; NaN otherwise */
    json_t *config;     /* get_config(): all entries, also those that nobody interprets */
    json_t *identifier; /* of kind CUSTOM: the object that it was read from, for its module; otherwise NULL */
    struct c2s_custom_class *custom; /* of kind CUSTOM */
};

cnn2snn_status c2s_quantizer_create(cnn2snn_context *context, cnn2snn_quantizer_kind kind, double bitwidth,
                                    double threshold, cnn2snn_quantizer **out_quantizer, cnn2snn_error **error);

/* {"class_name", "config", ...} as files have it. Anything but an object: CNN2SNN_E_VALUE; unknown class: _E_TYPE. */
cnn2snn_status c2s_quantizer_from_json(cnn2snn_context *context, const json_t *identifier,
                                       const cnn2snn_custom_objects *custom, cnn2snn_quantizer **out_quantizer,
                                       cnn2snn_error **error);
/* The form that files have: module, class_name, config, registered_name. *out: a new reference. */
cnn2snn_status c2s_quantizer_to_json(const cnn2snn_quantizer *quantizer, json_t **out, cnn2snn_error **error);

/* The same class and parameters with another bitwidth. */
cnn2snn_status c2s_quantizer_with_bitwidth(const cnn2snn_quantizer *quantizer, int32_t bitwidth,
                                           cnn2snn_quantizer **out_quantizer, cnn2snn_error **error);
cnn2snn_quantizer *c2s_quantizer_retain(const cnn2snn_quantizer *quantizer);
void c2s_quantizer_release(cnn2snn_quantizer *quantizer);

/* Rank 0, or rank 1 with one entry for each of the last axis. For custom ones the callback decides; checked. */
cnn2snn_status c2s_quantizer_scale_factor(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                          cnn2snn_tensor **out_scale, cnn2snn_error **error);
cnn2snn_status c2s_quantizer_quantize(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                      cnn2snn_tensor **out_weights, cnn2snn_error **error);
/* float32 tensor of the integers rne(f32(quantize(w) * sf)), and the scale factor (may be NULL). CNN2SNN_E_VALUE
 * where NaN or infinite weights leave no integer; the functions above give NaN then. */
cnn2snn_status c2s_quantizer_integers(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                      cnn2snn_tensor **out_integers, cnn2snn_tensor **out_scale,
                                      cnn2snn_error **error);
/* Max kinds: max |w| (MaxPerAxis clamped to [1e-10, FLT_MAX]); Std kinds: standard deviation, without the threshold.
 */
cnn2snn_status c2s_quantizer_range(const cnn2snn_quantizer *quantizer, const cnn2snn_tensor *weights,
                                   cnn2snn_tensor **out_range, cnn2snn_error **error);

#endif
