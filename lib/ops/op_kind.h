/* SPDX-License-Identifier: Apache-2.0 */
/* Inside of ops: what an op holds, and the functions behind the table of kinds. */
#ifndef C2S_OP_KIND_H
#define C2S_OP_KIND_H

#include "base/worker_pool.h"
#include "kernels/convolution.h"
#include "kernels/kernels.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "ops/op.h"

/* One call of an op. */
struct c2s_op_call {
    const struct c2s_op *op;
    struct c2s_run *run;
    size_t input_count;
    cnn2snn_tensor *const *inputs;
    cnn2snn_tensor *output;
};

typedef cnn2snn_status (*c2s_op_prepare_fn)(struct c2s_op *op, cnn2snn_error **error);
typedef cnn2snn_status (*c2s_op_forward_fn)(const struct c2s_op_call *call, cnn2snn_error **error);

struct c2s_op {
    cnn2snn_context *context;
    const cnn2snn_layer *layer;
    c2s_op_forward_fn forward;
    bool channels_first;
    cnn2snn_tensor *kernels[2]; /* weights as they are used: quantized where the layer says so */
    const float *bias;          /* or NULL */
    struct c2s_packed_matrix *packed;
    size_t packed_count;
    float *vectors;                    /* of a kind's own making */
    const struct c2s_derived *derived; /* of QuantizeML's layers that compute on integers */
    struct c2s_integer_op *integer;
};

/* prepare may be NULL. */
struct c2s_op_kind {
    enum c2s_kind_id id;
    bool image; /* has a data_format, and means pixels by it */
    enum c2s_op_memory memory;
    c2s_op_prepare_fn prepare;
    c2s_op_forward_fn forward;
};

/* CNN2SNN_E_LIMIT for more bytes than the context's max_total_bytes: a dilation, say, makes any number of them. */
cnn2snn_status c2s_run_check_size(const struct c2s_run *run, size_t size, cnn2snn_error **error);
/* Memory for `size` bytes, valid until the next call. */
cnn2snn_status c2s_run_reserve(struct c2s_run *run, size_t size, void **out_scratch, cnn2snn_error **error);

/* Extent of an axis counted from the end, 0 being the last. */
static inline int64_t c2s_extent_from_end(const cnn2snn_tensor *tensor, size_t index)
{
    return tensor->shape[tensor->rank - 1 - index];
}

/* Piecewise linear functions become part of the kernels: true, and *epilogue is set. */
bool c2s_activation_epilogue(const struct c2s_activation_attributes *activation, struct c2s_epilogue *epilogue);
/* Any function, on `rows` rows of x; rows of y are half as long for GLU. x and y may be the same otherwise. */
cnn2snn_status c2s_activation_apply(const struct c2s_activation_attributes *activation, struct c2s_run *run,
                                    size_t rows, size_t row, const float *x, float *y, cnn2snn_error **error);

/* Runs the op's forward function on images whose channels are not last. */
cnn2snn_status c2s_op_channels_first(const struct c2s_op_call *call, cnn2snn_error **error);

cnn2snn_status c2s_op_prepare_convolution(struct c2s_op *op, cnn2snn_error **error);
cnn2snn_status c2s_op_prepare_separable(struct c2s_op *op, cnn2snn_error **error);
cnn2snn_status c2s_op_prepare_depthwise(struct c2s_op *op, cnn2snn_error **error);
cnn2snn_status c2s_op_prepare_transpose(struct c2s_op *op, cnn2snn_error **error);
cnn2snn_status c2s_op_prepare_dense(struct c2s_op *op, cnn2snn_error **error);
cnn2snn_status c2s_op_prepare_batch_normalization(struct c2s_op *op, cnn2snn_error **error);
cnn2snn_status c2s_op_prepare_rescaling(struct c2s_op *op, cnn2snn_error **error);

cnn2snn_status c2s_op_convolution(const struct c2s_op_call *call, cnn2snn_error **error);
/* The same on images that are not the call's, by a window of theirs. */
cnn2snn_status c2s_op_convolve_window(const struct c2s_op_call *call, const struct c2s_window *window,
                                      const float *images, cnn2snn_error **error);
cnn2snn_status c2s_op_convolve_depthwise_window(const struct c2s_op_call *call, const struct c2s_window *window,
                                                const float *images, cnn2snn_error **error);
cnn2snn_status c2s_op_separable(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_depthwise(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_dense(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_batch_normalization(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_rescaling(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_relu(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_quantized_activation(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_activation(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_softmax(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_prelu(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_max_pooling(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_average_pooling(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_global_max(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_global_average(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_zero_padding(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_cropping(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_up_sampling(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_copy(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_flatten(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_permute(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_repeat_vector(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_merge(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_concatenate(const struct c2s_op_call *call, cnn2snn_error **error);
/* op_qml_float.c */
cnn2snn_status c2s_op_prepare_depthwise_transpose(struct c2s_op *op, cnn2snn_error **error);
cnn2snn_status c2s_op_prepare_qml_recurrent(struct c2s_op *op, cnn2snn_error **error);
cnn2snn_status c2s_op_qml_activation(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_qml_add(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_qml_pico(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_padded_convolution(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_depthwise_transpose(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_qml_projection(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_qml_recurrent(const struct c2s_op_call *call, cnn2snn_error **error);
cnn2snn_status c2s_op_qml_temporal(const struct c2s_op_call *call, cnn2snn_error **error);

cnn2snn_status c2s_op_custom(const struct c2s_op_call *call, cnn2snn_error **error);

#endif
