/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of all variants, for kernels.c to choose from. */
#ifndef C2S_KERNELS_VARIANTS_H
#define C2S_KERNELS_VARIANTS_H

#include "kernels/kernels.h"

#if defined(__x86_64__)
#define C2S_KERNELS_X86 1
extern const struct c2s_kernels c2s_kernels_avx2;
extern const struct c2s_kernels c2s_kernels_avx512;
#endif
extern const struct c2s_kernels c2s_kernels_plain;

#endif
