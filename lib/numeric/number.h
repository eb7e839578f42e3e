/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How integers stand for real numbers in a QuantizeML model: real = integer / 2^frac_bits * scale, frac_bits and
 * scale one for all or one for each entry of the last axis. Known from the model alone, without any data.
 */
#ifndef C2S_NUMBER_H
#define C2S_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tensor/tensor.h"

struct c2s_number {
    int32_t value_bits;        /* integers lie in [-2^value_bits, 2^value_bits - 1]; the sign is not counted */
    cnn2snn_tensor *frac_bits; /* float32 whole numbers, rank 0 or 1; counted */
    cnn2snn_tensor *scales;    /* float32, rank 0 or 1; NULL: plain fixed point; counted */
};

/* No tensors yet. */
static inline struct c2s_number c2s_number_none(void)
{
    return (struct c2s_number){0, NULL, NULL};
}

void c2s_number_free(struct c2s_number *number);
/* More references to the same tensors. */
struct c2s_number c2s_number_retain(const struct c2s_number *number);

/* Fractional bits all equal and scales, if any, one: what some layers need. */
bool c2s_number_is_per_tensor(const struct c2s_number *number);

/* Entry `channel` of one-for-all or one-for-each values. */
static inline float c2s_channel_value(const cnn2snn_tensor *values, uint64_t channel)
{
    return c2s_f32(values)[values->count == 1 ? 0 : channel];
}

/* A rank-0 float32 tensor. */
cnn2snn_status c2s_scalar_create(cnn2snn_context *context, float value, cnn2snn_tensor **out, cnn2snn_error **error);

#endif
