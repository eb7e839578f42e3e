/* SPDX-License-Identifier: Apache-2.0 */
/* Runs Akida models on integers (docs: spec/simulator.md). One thread at a time; the model is shared. */
#ifndef C2S_SIMULATOR_H
#define C2S_SIMULATOR_H

#include "base/worker_pool.h"
#include "cnn2snn/simulator.h"
#include "simulate/sample.h"

struct cnn2snn_simulator {
    cnn2snn_context *context;
    cnn2snn_akida_model *model; /* counted */
    struct c2s_stage *stages;
    size_t stage_count;
    const struct c2s_byte_kernels *bytes;
    struct c2s_worker_pool *pool;
    size_t lane_count; /* working memories, one for each thread */
    size_t input_size; /* elements of one sample */
    size_t lane_size;  /* elements: the sample, then the outputs of stages, then the scratch */
    size_t scratch_offset;
    size_t converted_offset, converted_size; /* two inputs in another form than they are kept in, elements each */
    size_t own_size;                         /* bytes of each thread, for layers on bytes */
    uint8_t *own;
    int32_t *lanes;
    size_t state_size; /* elements; 0: samples don't depend on each other */
    int32_t *state;
    cnn2snn_tensor **layer_outputs; /* of all stages for the callback, kept for the next call; or NULL */
    int64_t layer_samples;          /* in each of them */
};

/* threads 0: the context's. */
cnn2snn_status c2s_simulator_create(const cnn2snn_akida_model *model, int32_t threads,
                                    cnn2snn_simulator **out_simulator, cnn2snn_error **error);
/* The same with these loops; NULL: plain ones. */
cnn2snn_status c2s_simulator_create_with(const cnn2snn_akida_model *model, int32_t threads,
                                         const struct c2s_byte_kernels *bytes, cnn2snn_simulator **out_simulator,
                                         cnn2snn_error **error);
void c2s_simulator_destroy(cnn2snn_simulator *simulator);
void c2s_simulator_reset(cnn2snn_simulator *simulator);

/*
 * The last layer's output for samples (N, X, Y, C); (N, C) stands for (N, 1, 1, C). CNN2SNN_E_VALUE for other shapes
 * and types. With `predict`: potentials as floats (spec/simulator.md 1), CNN2SNN_E_INCOMPATIBLE where the model has
 * none. layer_output (may be NULL) gets each layer's output of all samples, in the
 * layers' order.
 */
cnn2snn_status c2s_simulator_forward(cnn2snn_simulator *simulator, const cnn2snn_tensor *input, bool predict,
                                     cnn2snn_layer_output_fn layer_output, void *user_data,
                                     cnn2snn_tensor **out_output, cnn2snn_error **error);
/*
 * The same into a tensor that has the output's type and shape and that nobody else holds. Allocates nothing, but for
 * layer_output the first time and when the number of samples changes.
 */
cnn2snn_status c2s_simulator_forward_into(cnn2snn_simulator *simulator, const cnn2snn_tensor *input, bool predict,
                                          cnn2snn_layer_output_fn layer_output, void *user_data,
                                          cnn2snn_tensor *output, cnn2snn_error **error);
/* Bytes that the simulator holds beside the model. */
void c2s_simulator_memory(const cnn2snn_simulator *simulator, cnn2snn_simulator_memory *out);

#endif
