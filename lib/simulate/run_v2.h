/* SPDX-License-Identifier: Apache-2.0 */
/* Steps that layers of Akida 2.0 have in common; values are [places][channels of the output]. */
#ifndef C2S_RUN_V2_H
#define C2S_RUN_V2_H

#include "simulate/stage.h"

/* Values shifted channel by channel and saturated to the buffer. */
void c2s_shift_input(const struct c2s_stage *stage, const int32_t *values, int64_t count, int32_t *out);
/* Saturates the sums to the buffer and adds the bias. */
void c2s_add_bias(const struct c2s_stage *stage, int32_t *sums, int64_t places);
void c2s_apply_activation(const struct c2s_stage *stage, int32_t *values, int64_t places);
/* Output scale and shift, and the output's bits. */
void c2s_rescale_output(const struct c2s_stage *stage, int32_t *values, int64_t places);
/* Place of a value with bias in the table of filter f, -1024 to 1023. */
int32_t c2s_lookup_place(const struct c2s_stage *stage, int32_t value, int64_t f);
/* Running sums of all places, limited to `bits` bits after each addition; quick: 32 bits hold them before that. */
void c2s_sum_places(const int32_t *values, int64_t places, int64_t filters, int32_t bits, bool quick,
                    int32_t *output);
/* Averages values with bias and activation, and scales them. */
void c2s_average_pool(const struct c2s_stage *stage, const int32_t *values, bool quick, int32_t *output);
/* All that is done with the sums of an Add. */
void c2s_finish_addition(const struct c2s_stage *stage, int32_t *sums, int64_t places);
/* All that is done with sums where there is pooling. */
void c2s_pool_sums(const struct c2s_stage *stage, int32_t *sums, int32_t *output);
/* All of it without pooling, in place. */
void c2s_finish_sums(const struct c2s_stage *stage, int32_t *sums, int64_t places);

#endif
