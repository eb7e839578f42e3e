/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which variant of the inner loops runs. */
#include "simulate/vector_kernels.h"

#include "simulate/vector_variants.h"

const struct c2s_vector_kernels *c2s_vector_kernels_variant(size_t number)
{
    const struct c2s_vector_kernels *usable[3] = {NULL};
#ifdef C2S_VECTORS_X86
    size_t count = 0;
    if (__builtin_cpu_supports("avx2"))
        usable[count++] = &c2s_vector_kernels_avx2;
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
        __builtin_cpu_supports("avx512vnni"))
        usable[count++] = &c2s_vector_kernels_avx512;
#endif
    return number < sizeof usable / sizeof *usable ? usable[number] : NULL;
}

const struct c2s_vector_kernels *c2s_vector_kernels_get(void)
{
    const struct c2s_vector_kernels *best = NULL;
    for (size_t i = 0; c2s_vector_kernels_variant(i); i++)
        best = c2s_vector_kernels_variant(i);
    return best;
}
