/* SPDX-License-Identifier: Apache-2.0 */
/* Element types: names and sizes are declared in tensor/tensor.h, here is what changes values from one to another. */
#ifndef C2S_DTYPE_H
#define C2S_DTYPE_H

#include "tensor/tensor.h"

/* IEEE binary16, rounded half to even in one step. */
double c2s_half_to_double(uint16_t half);
uint16_t c2s_double_to_half(double value);

/*
 * `count` elements of a known type to another one, as cnn2snn_tensor_convert says; not overlapping. NaN becomes the
 * integer 0, integers keep their low bits, whatever isn't 0 is true.
 */
void c2s_dtype_convert(cnn2snn_dtype from, const void *source, cnn2snn_dtype to, void *target, uint64_t count);

double c2s_dtype_get_double(cnn2snn_dtype dtype, const void *element);

#endif
