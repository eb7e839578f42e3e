/* SPDX-License-Identifier: Apache-2.0 */
/* Weights in the order in which the byte kernels read them. */
#ifndef C2S_BYTE_PACK_H
#define C2S_BYTE_PACK_H

#include "simulate/stage_vectors.h"

/* What is packed. */
struct c2s_byte_source {
    const int8_t *weights; /* [tap x][tap y][channel][filter], depthwise [tap x][tap y][channel] */
    int64_t rows, columns; /* taps */
    /* Rows of a FullyConnected's weights are [channel][y][x], its input is [x][y][channel]: extents, or zeros. */
    int64_t turned[3];
    const int32_t *shift; /* to the left, of input channels, or NULL */
    /* Bytes that stand for 0; the second for channels from `second` on, or for the second row of taps if `adds`. */
    uint8_t zero[2];
    int64_t second;
    int64_t magnitude; /* of inputs, not shifted */
};

/* What the epilogue needs to know of the sums, for each filter. */
struct c2s_byte_sums {
    int64_t *bounds; /* of their magnitude, before the shift to the left */
    int32_t *left;
};

/* Packs the weights of all phases. */
cnn2snn_status c2s_byte_pack(const struct c2s_preparation *at, struct c2s_byte_plan *plan,
                             const struct c2s_byte_source *source, const struct c2s_byte_sums *sums);

/* The numbers of the epilogue; *out_exact is false where no such numbers give what the layer gives. */
cnn2snn_status c2s_byte_epilogue_find(const struct c2s_preparation *at, struct c2s_byte_plan *plan,
                                      const struct c2s_byte_sums *sums, enum c2s_byte_after after, bool *out_exact);

#endif
