/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which variant of the kernels runs. */
#include "kernels/kernels.h"

#include "base/processor.h"
#include "kernels/kernels_variants.h"

static const struct variant {
    const struct c2s_kernels *kernels;
    uint32_t needed;
} variants[] = {
    {&c2s_kernels_plain, 0},
#ifdef C2S_KERNELS_X86
    {&c2s_kernels_avx2, C2S_HAS_AVX2},
    {&c2s_kernels_avx512, C2S_HAS_AVX512},
#endif
};

enum { VARIANTS = sizeof variants / sizeof *variants };

const struct c2s_kernels *c2s_kernels_variant(size_t number)
{
    uint32_t found = c2s_processor_instructions();
    for (size_t i = 0; i < VARIANTS; i++)
        if (!(variants[i].needed & ~found) && number-- == 0)
            return variants[i].kernels;
    return NULL;
}

const struct c2s_kernels *c2s_kernels_get(uint32_t instructions)
{
    size_t best = 0;
    for (size_t i = 0; i < VARIANTS; i++)
        best = variants[i].needed & ~instructions ? best : i;
    return variants[best].kernels;
}
