/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which variant of the byte kernels runs. */
#include "kernels/byte_kernels.h"

#include "base/processor.h"
#include "kernels/byte_kernels_variants.h"

static const struct variant {
    const struct c2s_byte_kernels *kernels;
    uint32_t needed;
} variants[] = {
    {&c2s_byte_kernels_plain, 0},
#ifdef C2S_BYTE_KERNELS_X86
    {&c2s_byte_kernels_avx2, C2S_HAS_AVX2},
    {&c2s_byte_kernels_avx512, C2S_HAS_AVX512},
    {&c2s_byte_kernels_avxvnni, C2S_HAS_AVX_VNNI},
    {&c2s_byte_kernels_avx512vnni, C2S_HAS_AVX512_VNNI},
#endif
#ifdef C2S_BYTE_KERNELS_AMX
    {&c2s_byte_kernels_amx, C2S_HAS_AVX512_VNNI | C2S_HAS_AMX},
#endif
#ifdef C2S_BYTE_KERNELS_NEON
    {&c2s_byte_kernels_neon, C2S_HAS_NEON},
#endif
#ifdef C2S_BYTE_KERNELS_NEON_DOT
    {&c2s_byte_kernels_neondot, C2S_HAS_NEON_DOT},
    {&c2s_byte_kernels_neoni8mm, C2S_HAS_NEON_I8MM},
#endif
};

const struct c2s_byte_kernels *c2s_byte_kernels_built(size_t number, uint32_t *out_needed)
{
    if (number >= sizeof variants / sizeof *variants)
        return NULL;
    *out_needed = variants[number].needed;
    return variants[number].kernels;
}

const struct c2s_byte_kernels *c2s_byte_kernels_variant(size_t number)
{
    uint32_t found = c2s_processor_all_instructions(), needed;
    const struct c2s_byte_kernels *kernels;
    for (size_t i = 0; (kernels = c2s_byte_kernels_built(i, &needed)); i++)
        if (!(needed & ~found) && number-- == 0)
            return kernels;
    return NULL;
}

const struct c2s_byte_kernels *c2s_byte_kernels_get(uint32_t instructions)
{
    const struct c2s_byte_kernels *kernels, *best = NULL;
    uint32_t needed;
    for (size_t i = 0; (kernels = c2s_byte_kernels_built(i, &needed)); i++)
        best = needed & ~instructions ? best : kernels;
    return best;
}
