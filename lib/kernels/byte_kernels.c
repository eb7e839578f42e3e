/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which variant of the byte kernels runs. */
#include "kernels/byte_kernels.h"

#include "kernels/byte_kernels_variants.h"

#ifdef C2S_BYTE_KERNELS_X86
#include <cpuid.h>

/* Compilers' __builtin_cpu_supports doesn't know it everywhere. */
static bool has_avx_vnni(void)
{
    unsigned eax = 0, ebx, ecx, edx;
    return __builtin_cpu_supports("avx2") && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx) && (eax & 1u << 4);
}
#endif

const struct c2s_byte_kernels *c2s_byte_kernels_variant(size_t number)
{
    const struct c2s_byte_kernels *usable[6] = {&c2s_byte_kernels_plain};
#ifdef C2S_BYTE_KERNELS_X86
    size_t count = 1;
    bool avx512 =
        __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") && __builtin_cpu_supports("avx512bw");
    if (__builtin_cpu_supports("avx2"))
        usable[count++] = &c2s_byte_kernels_avx2;
    if (avx512)
        usable[count++] = &c2s_byte_kernels_avx512;
    if (has_avx_vnni())
        usable[count++] = &c2s_byte_kernels_avxvnni;
    if (avx512 && __builtin_cpu_supports("avx512vnni"))
        usable[count++] = &c2s_byte_kernels_avx512vnni;
#endif
    return number < sizeof usable / sizeof *usable ? usable[number] : NULL;
}

const struct c2s_byte_kernels *c2s_byte_kernels_get(void)
{
    const struct c2s_byte_kernels *best = c2s_byte_kernels_variant(0);
    for (size_t i = 1; c2s_byte_kernels_variant(i); i++)
        best = c2s_byte_kernels_variant(i);
    return best;
}
