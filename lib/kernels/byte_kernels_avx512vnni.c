/* SPDX-License-Identifier: Apache-2.0 */
/* The byte kernels for x86 processors with AVX-512 and its VNNI instructions. */
#include "kernels/byte_kernels_variants.h"

#ifdef C2S_BYTE_KERNELS_X86
#define VARIANT avx512vnni
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw,avx512vnni")))
#include "kernels/byte_kernels_512.h"

typedef vector factors;
#define SPLIT_INPUT(v) (v)
#define SPLIT_WEIGHTS(v) (v)
#define DOT(sum, input, weights) _mm512_dpbusd_epi32(sum, input, weights)
#include "kernels/byte_kernels_template.h"
#endif
