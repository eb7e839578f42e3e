/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that layers of Akida 1.0 have in common. */
#ifndef C2S_RUN_V1_H
#define C2S_RUN_V1_H

#include "simulate/stage.h"

enum { C2S_POTENTIAL_BITS = 20 };

/* Levels in place of potentials, in layers with an activation. */
void c2s_apply_levels(const struct c2s_stage *stage, int32_t *values, int64_t places);
/* The same for sums that aren't pooled; those of a FullyConnected are limited. */
void c2s_finish_potentials(const struct c2s_stage *stage, int32_t *sums, int64_t places);
/* Pooling of the sums (quick as of c2s_sum_places), and the activation. */
void c2s_pool_potentials(const struct c2s_stage *stage, const int32_t *sums, bool quick, int32_t *output);

#endif
