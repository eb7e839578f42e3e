/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of all variants, for byte_kernels.c to choose from. */
#ifndef C2S_BYTE_KERNELS_VARIANTS_H
#define C2S_BYTE_KERNELS_VARIANTS_H

#include "kernels/byte_kernels.h"

#if defined(__x86_64__)
#define C2S_BYTE_KERNELS_X86 1
extern const struct c2s_byte_kernels c2s_byte_kernels_avx2;
extern const struct c2s_byte_kernels c2s_byte_kernels_avx512;
extern const struct c2s_byte_kernels c2s_byte_kernels_avxvnni;
extern const struct c2s_byte_kernels c2s_byte_kernels_avx512vnni;
#ifdef C2S_HAVE_AMX /* the compiler has it */
#define C2S_BYTE_KERNELS_AMX 1
extern const struct c2s_byte_kernels c2s_byte_kernels_amx;
#endif
#elif defined(__aarch64__) && !defined(__AARCH64EB__)
#define C2S_BYTE_KERNELS_NEON 1
extern const struct c2s_byte_kernels c2s_byte_kernels_neon;
#if !defined(__clang__) || __clang_major__ >= 16 /* before, its intrinsics are those of the command line's target */
#define C2S_BYTE_KERNELS_NEON_DOT 1
extern const struct c2s_byte_kernels c2s_byte_kernels_neondot;
extern const struct c2s_byte_kernels c2s_byte_kernels_neoni8mm;
#endif
#endif
extern const struct c2s_byte_kernels c2s_byte_kernels_plain;

#endif
