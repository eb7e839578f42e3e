/* SPDX-License-Identifier: Apache-2.0 */
/* One call of a layer on its way to integers: what the rules of the kinds see, and what they have in common. */
#ifndef C2S_DERIVE_STEP_H
#define C2S_DERIVE_STEP_H

#include "derive/derive.h"
#include "layers/layer_kind.h"
#include "layers/quantizeml_attributes.h"

/* Integers of a layer's weights, made at its first call. */
struct c2s_derived_weights {
    cnn2snn_tensor *integers, *scales;
    cnn2snn_tensor *more_integers, *more_scales; /* pointwise kernels, imaginary parts */
};

struct c2s_derive_step {
    cnn2snn_context *context;
    const cnn2snn_layer *layer;
    const struct c2s_quant_config *quant; /* or NULL */
    struct c2s_derived_weights *weights;
    struct c2s_derived *derived;
    size_t input_count;
    struct c2s_number inputs[2]; /* of the first two, as they enter; borrowed */
    struct c2s_shape input_shapes[2], output_shape;
    bool one_range; /* the largest bias counts for all */
    cnn2snn_error **error;
};

/* Sets derived->accumulator and, where there is an output quantizer, nothing else: c2s_derive quantizes the output.
 */
typedef cnn2snn_status c2s_derive_rule(struct c2s_derive_step *step);

/* neural_layers.c */
c2s_derive_rule c2s_derive_conv, c2s_derive_conv_transpose, c2s_derive_depthwise, c2s_derive_depthwise_transpose,
    c2s_derive_separable, c2s_derive_dense, c2s_derive_batchnorm, c2s_derive_buffer_temp_conv;
/* value_layers.c */
c2s_derive_rule c2s_derive_input, c2s_derive_input_quantizer, c2s_derive_dequantizer, c2s_derive_relu,
    c2s_derive_activation, c2s_derive_global_pool, c2s_derive_add, c2s_derive_rescaling, c2s_derive_unchanged;
/* moving_layers.c */
c2s_derive_rule c2s_derive_concatenate, c2s_derive_flatten, c2s_derive_reshape, c2s_derive_permute, c2s_derive_token;
/* state_layers.c */
c2s_derive_rule c2s_derive_recurrent, c2s_derive_pico;

/* "conv: message", by rule; gives the status. */
#define c2s_derive_error(step, code, rule, ...)                                                                      \
    c2s_layer_error((step)->context, (step)->error, code, rule, (step)->layer->name, __VA_ARGS__)

/* Input `index` as it enters an operation in `value_bits`: with one number of fractional bits for all, the left
 * shifts for that in C2S_INPUT_SHIFT of the first input. *out is the caller's. */
cnn2snn_status c2s_derive_expand(struct c2s_derive_step *step, int32_t value_bits, struct c2s_number *out);
/* The same value with more bits. */
cnn2snn_status c2s_derive_promote(struct c2s_derive_step *step, const struct c2s_number *number, int32_t value_bits,
                                  struct c2s_number *out);

/* CNN2SNN_E_VALUE for floats. */
cnn2snn_status c2s_derive_require_integers(struct c2s_derive_step *step, const struct c2s_number *number);
/* CNN2SNN_E_VALUE unless it is of integers without scales. */
cnn2snn_status c2s_derive_require_fixed_point(struct c2s_derive_step *step, const struct c2s_number *number);
/* CNN2SNN_E_VALUE unless all channels have the same fractional bits and scale. */
cnn2snn_status c2s_derive_require_per_tensor(struct c2s_derive_step *step, const struct c2s_number *number);
/* Scales are finite and above 0, value and fractional bits in reason. */
cnn2snn_status c2s_derive_check_number(struct c2s_derive_step *step, const struct c2s_number *number);

/* Weight of the layer, all finite. */
cnn2snn_status c2s_derive_weight(struct c2s_derive_step *step, const char *name, const cnn2snn_tensor **out);

/* Entries of tensors of which each has one or as many as the others; NULL ones don't count. */
cnn2snn_status c2s_derive_entries(struct c2s_derive_step *step, const cnn2snn_tensor *a, const cnn2snn_tensor *b,
                                  uint64_t *out);
/* A tensor of one (rank 0) or `count` entries. */
cnn2snn_status c2s_derive_create(struct c2s_derive_step *step, cnn2snn_dtype dtype, uint64_t count, bool scalar,
                                 cnn2snn_tensor **out);
/* a * b, each product rounded to float32; b NULL: a. */
cnn2snn_status c2s_derive_multiply(struct c2s_derive_step *step, const cnn2snn_tensor *a, const cnn2snn_tensor *b,
                                   cnn2snn_tensor **out);

static inline int32_t *c2s_i32_writable(cnn2snn_tensor *tensor)
{
    return (int32_t *)tensor->data;
}

#endif
