/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The byte kernels for x86 processors with AVX2. Its instruction for products of bytes saturates sums of two at 16
 * bits, so that bytes at even and at odd places are widened and multiplied each for themselves.
 */
#include "kernels/byte_kernels_variants.h"

#ifdef C2S_BYTE_KERNELS_X86
#define VARIANT avx2
#define TARGET __attribute__((target("avx2")))
#define TILE_ROWS 4
#define WINDOW_PIXELS 1
#include "kernels/byte_kernels_256.h"

typedef struct {
    vector even, odd;
} factors;
#define SPLIT_INPUT(v) ((factors){_mm256_and_si256(v, _mm256_set1_epi16(255)), _mm256_srli_epi16(v, 8)})
#define SPLIT_WEIGHTS(v) split_weights(v)
#define DOT(sum, input, weights) dot(sum, input, weights)

TARGET static inline factors split_weights(vector v)
{
    return (factors){_mm256_srai_epi16(_mm256_slli_epi16(v, 8), 8), _mm256_srai_epi16(v, 8)};
}

TARGET static inline vector dot(vector sum, factors input, factors weights)
{
    vector products = PLUS(_mm256_madd_epi16(input.even, weights.even), _mm256_madd_epi16(input.odd, weights.odd));
    return PLUS(sum, products);
}
#include "kernels/byte_kernels_template.h"
#endif
