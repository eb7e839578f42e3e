/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of all variants, for vector_kernels.c to choose from. */
#ifndef C2S_VECTOR_VARIANTS_H
#define C2S_VECTOR_VARIANTS_H

#include "simulate/vector_kernels.h"

#if defined(__x86_64__)
#define C2S_VECTORS_X86 1
extern const struct c2s_vector_kernels c2s_vector_kernels_avx2;
extern const struct c2s_vector_kernels c2s_vector_kernels_avx512;
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#define C2S_VECTORS_NEON 1
extern const struct c2s_vector_kernels c2s_vector_kernels_neon;
#endif

#endif
