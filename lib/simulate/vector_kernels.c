/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which variant of the inner loops runs. */
#include "simulate/vector_kernels.h"

#include "base/processor.h"
#include "simulate/vector_variants.h"

static const struct variant {
    const struct c2s_vector_kernels *kernels; /* NULL behind the last */
    uint32_t needed;
} variants[] = {
#ifdef C2S_VECTORS_X86
    {&c2s_vector_kernels_avx2, C2S_HAS_AVX2},
    {&c2s_vector_kernels_avx512, C2S_HAS_AVX512 | C2S_HAS_AVX512_VNNI},
#endif
#ifdef C2S_VECTORS_NEON
    {&c2s_vector_kernels_neon, C2S_HAS_NEON},
#endif
    {NULL, 0},
};

const struct c2s_vector_kernels *c2s_vector_kernels_variant(size_t number)
{
    uint32_t found = c2s_processor_instructions();
    for (const struct variant *v = variants; v->kernels; v++)
        if (!(v->needed & ~found) && number-- == 0)
            return v->kernels;
    return NULL;
}

const struct c2s_vector_kernels *c2s_vector_kernels_get(uint32_t instructions)
{
    const struct c2s_vector_kernels *best = NULL;
    for (const struct variant *v = variants; v->kernels; v++)
        best = v->needed & ~instructions ? best : v->kernels;
    return best;
}
