/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which instructions kernels may use: those that the processor has, or fewer where a context option or the
 * environment variable CNN2SNN_KERNELS says so. Results are the same with all.
 */
#ifndef C2S_PROCESSOR_H
#define C2S_PROCESSOR_H

#include <stddef.h>
#include <stdint.h>

#include "cnn2snn/base.h"

/* Sets of these are what kernels need, what a processor has, and what a context allows. */
enum {
    C2S_HAS_AVX2 = 1 << 0,
    C2S_HAS_AVX_VNNI = 1 << 1,
    C2S_HAS_AVX512 = 1 << 2, /* F, BW, DQ and VL */
    C2S_HAS_AVX512_VNNI = 1 << 3,
    C2S_HAS_NEON = 1 << 4,
    C2S_HAS_NEON_DOT = 1 << 5,  /* products of four bytes of one sign (FEAT_DotProd) */
    C2S_HAS_NEON_I8MM = 1 << 6, /* products of unsigned and signed bytes (FEAT_I8MM) */
    C2S_HAS_AMX = 1 << 7,       /* tiles of bytes, which the operating system lets this process use */
};

/* What this processor, with its operating system, has, less what is only used when its name asks for it. */
uint32_t c2s_processor_instructions(void);
/* That, too, which is tiles: the operating system is asked to let this process use them. */
uint32_t c2s_processor_all_instructions(void);

/* Kernels that may be named, by number, and what they may use; NULL behind the last. */
const char *c2s_processor_choice(size_t number, uint32_t *out_instructions);

/* Those of a name, for NULL of the environment's, for none at all what the processor has. CNN2SNN_E_VALUE for a name
 * that is unknown or can't run. */
cnn2snn_status c2s_processor_choose(const char *name, uint32_t *out_instructions, cnn2snn_error **error);

#endif
