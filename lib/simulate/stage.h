/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer made ready to run: parameters checked, variables in the form in which they are used. Values between stages
 * are bytes (simulate/byte_plan.h) or int32 (a Dequantizer's are float32 in the same places).
 */
#ifndef C2S_STAGE_H
#define C2S_STAGE_H

#include "akida/akida_model.h"
#include "base/worker_pool.h"
#include "simulate/byte_plan.h"
#include "simulate/integer_kernels.h"

enum { C2S_STAGE_VECTORS = 48 };

struct c2s_stage {
    const struct c2s_akida_layer *layer;
    /* One sample. */
    void (*run)(const struct c2s_stage *stage, const int32_t *const *inputs, int32_t *output, int32_t *scratch,
                int32_t *state);
    size_t inbounds[2], inbound_count;
    int64_t in[3], out[3];
    int64_t other_channels; /* of the second input of a Concatenate */
    struct c2s_integer_window window, pool;
    int32_t pool_type;
    bool wide_sums, wide_outputs; /* sums may leave the range that the quick loops are exact in */
    bool must_pad;                /* the window reaches beyond the input, or the input is shifted */
    int32_t activation, act_bits, buffer_bits, post_bits, output_bits;
    int32_t fifo, hidden, subsample, hidden_bits;
    bool is_unsigned;    /* output is clipped to 0 .. 2^output_bits - 1 */
    cnn2snn_dtype dtype; /* of the output */
    int64_t magnitude;   /* no output value is further from 0 */

    /* What the stage allocated. */
    struct {
        void *memory;
        size_t size;
    } owned[C2S_STAGE_VECTORS];
    size_t owned_count, memory_size; /* bytes of them all */
    const int8_t *weights, *pointwise;
    const int32_t *padding, *input_shift, *other_shift; /* for each input channel; NULL: zeros */
    const int32_t *bias;                                /* with its shift and saturation */
    bool bias_in_buffer;           /* added before the sums are limited to the buffer, not behind it */
    const int32_t *scales, *shift; /* output; scales NULL: none */
    const int32_t *limit;          /* of a ReLU */
    const int32_t *lut, *lut_scales, *lut_shift;
    const int32_t *threshold;
    const int64_t *step; /* act_step in steps of 1/16, times 2^(4 - act_bits) */
    const float *act_step, *float_scales;
    const int32_t *state_real, *state_imaginary, *state_shift, *state_scales, *new_state_shift;

    struct c2s_byte_plan bytes, second; /* the pointwise half of a SeparableConvolutional is a plan of its own */
    bool has_bytes;                     /* the output is kept as bytes */

    size_t output_offset;            /* in a lane, in elements */
    size_t scratch_size;             /* elements */
    size_t conv_offset;              /* in the scratch: the sums in front of pooling */
    size_t state_offset, state_size; /* elements in the simulator's state */
};

/*
 * Makes layer `index` ready; `stages` holds those before it; bytes NULL: only plain loops.
 * CNN2SNN_E_UNSUPPORTED for kinds that can't run, CNN2SNN_E_MALFORMED or _E_VALUE for parameters and variables that
 * don't make sense. Freed with c2s_stage_clear, also after a failure.
 */
cnn2snn_status c2s_stage_prepare(const cnn2snn_akida_model *model, size_t index,
                                 const struct c2s_akida_shapes *shapes, const struct c2s_stage *stages,
                                 const struct c2s_byte_kernels *bytes, struct c2s_stage *stage,
                                 cnn2snn_error **error);
void c2s_stage_clear(cnn2snn_context *context, struct c2s_stage *stage);

#endif
