/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which variant of the kernels runs. */
#include "kernels/kernels.h"

#include "kernels/kernels_variants.h"

#ifdef C2S_KERNELS_X86
static bool has_avx512(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
           __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
}
#endif

const struct c2s_kernels *c2s_kernels_variant(size_t number)
{
    const struct c2s_kernels *usable[4] = {&c2s_kernels_plain};
#ifdef C2S_KERNELS_X86
    size_t count = 1;
    if (__builtin_cpu_supports("avx2"))
        usable[count++] = &c2s_kernels_avx2;
    if (has_avx512())
        usable[count++] = &c2s_kernels_avx512;
#endif
    return number < sizeof usable / sizeof *usable ? usable[number] : NULL;
}

const struct c2s_kernels *c2s_kernels_get(void)
{
    const struct c2s_kernels *best = c2s_kernels_variant(0);
    for (size_t i = 1; c2s_kernels_variant(i); i++)
        best = c2s_kernels_variant(i);
    return best;
}
