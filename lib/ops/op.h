/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What layers compute. A layer is prepared once (weights checked, quantized and packed) and then run on as many
 * batches as there are. Tensors have the batch in front; they are float32, but between QuantizeML's layers, which
 * compute on integers: int32, or int64 where a number has more than 31 value bits.
 */
#ifndef C2S_OP_H
#define C2S_OP_H

#include <stdbool.h>

#include "ir/layer.h"
#include "ir/shape.h"
#include "numeric/number.h"

struct c2s_derived;
struct c2s_op;
struct c2s_worker_pool;
struct c2s_kernels;

/* Threads and working memory of one run. */
struct c2s_run {
    cnn2snn_context *context;
    struct c2s_worker_pool *pool;
    const struct c2s_kernels *kernels;
    void *scratch;
    size_t scratch_size;
};

/* threads 0: the context's. */
cnn2snn_status c2s_run_init(struct c2s_run *run, cnn2snn_context *context, int32_t threads, cnn2snn_error **error);
void c2s_run_free(struct c2s_run *run);

/* How an op may use memory. */
enum c2s_op_memory {
    C2S_OP_SEPARATE, /* the output lies apart from the inputs */
    C2S_OP_IN_PLACE, /* the output may also lie where the first input does */
    C2S_OP_VIEW      /* the output is the input in another shape: nothing is to be run */
};
enum c2s_op_memory c2s_op_memory(const cnn2snn_layer *layer);

/* CNN2SNN_E_UNSUPPORTED, naming the layer and its class, for layers that can't be run. No weights are needed. */
cnn2snn_status c2s_op_check(const cnn2snn_layer *layer, cnn2snn_error **error);

/*
 * Makes a layer of any kind but nested models ready to run; it is built, and its weights are those of
 * c2s_layer_weight_specs. The layer must outlive the op.
 */
cnn2snn_status c2s_op_prepare(const cnn2snn_layer *layer, struct c2s_op **out_op, cnn2snn_error **error);
/*
 * Makes a call of one of QuantizeML's quantized layers (c2s_layer_is_qml_quantized) ready to run on inputs of these
 * shapes, without the batch. `derived` must outlive the op. A layer with a state has it in the op: it is empty at
 * first and goes on from sample to sample, so such an op serves one run.
 */
cnn2snn_status c2s_op_prepare_derived(const struct c2s_derived *derived, size_t input_count,
                                      const struct c2s_shape *inputs, const struct c2s_shape *output,
                                      struct c2s_op **out_op, cnn2snn_error **error);
enum c2s_op_memory c2s_op_derived_memory(const struct c2s_derived *derived);
void c2s_op_destroy(struct c2s_op *op);

/* What integers stand for, as floats; y has as many as the tensor. */
cnn2snn_status c2s_integers_to_floats(const struct c2s_number *number, const cnn2snn_tensor *integers,
                                      struct c2s_worker_pool *pool, float *y, cnn2snn_error **error);
/* The type of tensors of such numbers; float32 for those of floats. */
cnn2snn_dtype c2s_number_dtype(const struct c2s_number *number);

/* Computes `output`, which has the shape of c2s_layer_output_shape, of inputs of at least one sample. */
cnn2snn_status c2s_op_forward(const struct c2s_op *op, struct c2s_run *run, size_t input_count,
                              cnn2snn_tensor *const *inputs, cnn2snn_tensor *output, cnn2snn_error **error);

#endif
