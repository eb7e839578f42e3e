/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of ops: what QuantizeML's layers compute, on integers as they were derived. */
#ifndef C2S_INTEGER_OP_H
#define C2S_INTEGER_OP_H

#include "derive/derive.h"
#include "kernels/integer.h"
#include "layers/quantizeml_attributes.h"
#include "ops/op_kind.h"

/* A product of inputs with weights, and what happens to the sums. */
struct c2s_integer_stage {
    bool depthwise;
    int64_t kernel[2];
    size_t channels, filters;
    int32_t *shift;     /* of the input, to the left, for each channel; or NULL */
    int32_t *border;    /* value around the input, for each channel; or NULL: zeros */
    int32_t input_bits; /* value bits of the shifted input */
    int32_t *weights;
    /* Sums below 2^24 are exact in float32 in any order. Where inputs are too large for that they are taken apart
     * into digits; places 0: the sums are taken on integers. */
    struct c2s_integer_digits digits;
    struct c2s_packed_matrix packed;
    float *factors; /* depthwise weights as floats */
    struct c2s_integer_output output;
};

enum { C2S_INTEGER_STAGES = 2 };

struct c2s_integer_op {
    struct c2s_shape input, output; /* of the first input, and of the output, without the batch */
    struct c2s_integer_stage stages[C2S_INTEGER_STAGES];
    struct c2s_integer_output finish; /* of layers without products */
    int32_t *shifts[2];               /* of the inputs, for each channel */
    float *scales;                    /* of an InputQuantizer, for each channel */
    int32_t *zero_points;
    int64_t *state; /* what layers with a state keep from sample to sample */
    size_t state_size;
    void **arrays; /* owned: all of the above */
    size_t array_count, array_capacity;
};

/* Zeros. Owned by the op. */
cnn2snn_status c2s_integer_array(struct c2s_op *op, size_t count, size_t size, void **out, cnn2snn_error **error);
/* Derived integers as one for each channel; *out NULL where there are none. */
cnn2snn_status c2s_integer_entries(struct c2s_op *op, enum c2s_integers which, size_t channels, int32_t **out,
                                   cnn2snn_error **error);
/* Of the layer's output quantizer, if it has one, with the limits of the accumulator. */
cnn2snn_status c2s_integer_prepare_output(struct c2s_op *op, size_t channels, struct c2s_integer_output *output,
                                          cnn2snn_error **error);

/* Last extent of a shape; 1 without rank. */
static inline size_t c2s_channels_of(const struct c2s_shape *shape)
{
    return shape->rank ? (size_t)shape->extents[shape->rank - 1] : 1;
}

/*
 * Makes a stage of derived weights, int8 or int16 as (rows, columns, channels, filters), depthwise (rows, columns,
 * channels); `turned`: for a transposed convolution.
 */
cnn2snn_status c2s_integer_prepare_stage(struct c2s_op *op, const cnn2snn_tensor *weights, bool turned,
                                         int32_t value_bits, struct c2s_integer_stage *stage, cnn2snn_error **error);

/* Images that a stage reads, and where its output goes. */
struct c2s_integer_job {
    const struct c2s_integer_stage *stage;
    struct c2s_window window;
    size_t samples;
    cnn2snn_dtype from_dtype, to_dtype;
    const void *from;
    void *to;
};
/* Bytes of working memory; SIZE_MAX where they can't be counted. */
size_t c2s_integer_stage_scratch(const struct c2s_integer_job *job, const struct c2s_run *run);
void c2s_integer_stage_run(const struct c2s_integer_job *job, const struct c2s_run *run, void *scratch);

/* Windows of convolutions (op_convolution.c) and of poolings (op_pooling.c). */
cnn2snn_status c2s_convolution_window(const struct c2s_op_call *call, const int64_t kernel[2],
                                      struct c2s_window *window, cnn2snn_error **error);
cnn2snn_status c2s_pool_window(const struct c2s_op_call *call, struct c2s_window *window, cnn2snn_error **error);

cnn2snn_status c2s_op_prepare_integer_neural(struct c2s_op *op, cnn2snn_error **error);
cnn2snn_status c2s_op_prepare_integer_temporal(struct c2s_op *op, cnn2snn_error **error);
cnn2snn_status c2s_op_prepare_integer_recurrent(struct c2s_op *op, cnn2snn_error **error);
cnn2snn_status c2s_op_prepare_integer_elements(struct c2s_op *op, cnn2snn_error **error);
cnn2snn_status c2s_op_prepare_input_quantizer(struct c2s_op *op, cnn2snn_error **error);

cnn2snn_status c2s_op_integer_convolution(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_separable(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_dense(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_temporal(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_recurrent(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_pico(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_input_quantizer(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_dequantizer(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_relu(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_look_up(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_add(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_global_average(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_max_pooling(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_copy(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_concatenate(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_integer_permute(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_extract_token(const struct c2s_op_call *call, cnn2snn_error **error);

#endif
