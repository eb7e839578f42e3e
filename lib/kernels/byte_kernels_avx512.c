/* SPDX-License-Identifier: Apache-2.0 */
/* The byte kernels for x86 processors with AVX-512 but without VNNI; see byte_kernels_avx2.c. */
#include "kernels/byte_kernels_variants.h"

#ifdef C2S_BYTE_KERNELS_X86
#define VARIANT avx512
#define TARGET __attribute__((target("avx512f,avx512vl,avx512bw")))
#include "kernels/byte_kernels_512.h"
#undef TILE_ROWS
#define TILE_ROWS 4

typedef struct {
    vector even, odd;
} factors;
#define SPLIT_INPUT(v) ((factors){_mm512_and_si512(v, _mm512_set1_epi16(255)), _mm512_srli_epi16(v, 8)})
#define SPLIT_WEIGHTS(v) split_weights(v)
#define DOT(sum, input, weights) dot(sum, input, weights)

TARGET static inline factors split_weights(vector v)
{
    return (factors){_mm512_srai_epi16(_mm512_slli_epi16(v, 8), 8), _mm512_srai_epi16(v, 8)};
}

TARGET static inline vector dot(vector sum, factors input, factors weights)
{
    vector products = PLUS(_mm512_madd_epi16(input.even, weights.even), _mm512_madd_epi16(input.odd, weights.odd));
    return PLUS(sum, products);
}
#include "kernels/byte_kernels_template.h"
#endif
