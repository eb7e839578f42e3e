/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Runs Akida models on integers: the same numbers as the Akida runtime's, on any processor.
 *
 * Data are (N, X, Y, C): samples, then the shape that the model's first layer says. For models with a state (temporal
 * layers) samples follow each other in time, and the state goes on from call to call.
 *
 * Thread safety: a simulator belongs to one thread at a time; several may share a model.
 */
#ifndef CNN2SNN_SIMULATOR_H
#define CNN2SNN_SIMULATOR_H

#include "cnn2snn/akida.h"
#include "cnn2snn/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn2snn_simulator cnn2snn_simulator;

typedef struct cnn2snn_simulator_options {
    size_t struct_size;
    int32_t threads;  /**< 0: the context's. Not seen in the results */
    int32_t reserved; /**< 0 */
} cnn2snn_simulator_options;
#define CNN2SNN_SIMULATOR_OPTIONS_INIT                                                                               \
    {                                                                                                                \
        sizeof(cnn2snn_simulator_options), 0, 0                                                                      \
    }
CNN2SNN_API cnn2snn_status cnn2snn_simulator_options_init(cnn2snn_simulator_options *options, size_t struct_size);

/**
 * Makes a model ready to run and allocates the working memory; running needs none but for the results, and not even
 * that with cnn2snn_simulator_forward_into().
 *
 * @return CNN2SNN_E_UNSUPPORTED for layers that can't be run (their parameters or kinds are unknown),
 *         CNN2SNN_E_MALFORMED or CNN2SNN_E_VALUE for variables that no runtime takes, CNN2SNN_E_LIMIT.
 */
CNN2SNN_API cnn2snn_status cnn2snn_simulator_create(const cnn2snn_akida_model *model,
                                                    const cnn2snn_simulator_options *options,
                                                    cnn2snn_simulator **out_simulator, cnn2snn_error **error);
CNN2SNN_API void cnn2snn_simulator_destroy(cnn2snn_simulator *simulator);

/** The extents of one sample, in the order in which they are given (a Quantizer may take channels first). */
CNN2SNN_API cnn2snn_status cnn2snn_simulator_get_input_shape(const cnn2snn_simulator *simulator,
                                                             int64_t out_shape[3]);
/** Type of the inputs. */
CNN2SNN_API cnn2snn_dtype cnn2snn_simulator_get_input_dtype(const cnn2snn_simulator *simulator);
/** 1 if inputs may be float32 as well: those are quantized, integers are taken as quantized already. */
CNN2SNN_API int32_t cnn2snn_simulator_accepts_float32(const cnn2snn_simulator *simulator);
CNN2SNN_API cnn2snn_status cnn2snn_simulator_get_output_shape(const cnn2snn_simulator *simulator,
                                                              int64_t out_shape[3]);
/** Type of what cnn2snn_simulator_forward() gives. */
CNN2SNN_API cnn2snn_dtype cnn2snn_simulator_get_output_dtype(const cnn2snn_simulator *simulator);
/** Bytes that the simulator holds beside the model: weights in its own order, working memory of all threads, state.
 */
CNN2SNN_API uint64_t cnn2snn_simulator_get_memory_size(const cnn2snn_simulator *simulator);

/**
 * The last layer's output: integers, or float32 behind a Dequantizer.
 *
 * @param input (N, X, Y, C); (N, C) stands for (N, 1, 1, C).
 * @param layer_output called for each layer in order, with its output for all samples; NULL: none.
 * @return CNN2SNN_E_VALUE for another type or shape; CNN2SNN_E_CALLBACK and what the callback gives.
 */
CNN2SNN_API cnn2snn_status cnn2snn_simulator_forward(cnn2snn_simulator *simulator, const cnn2snn_tensor *input,
                                                     cnn2snn_layer_output_fn layer_output,
                                                     void *layer_output_user_data, cnn2snn_tensor **out_output,
                                                     cnn2snn_error **error);
/**
 * Potentials as float32: in Akida 1.0 those of a last layer without activation, less its threshold and in units of
 * its act_step; in Akida 2.0 the same as forward.
 *
 * @return CNN2SNN_E_INCOMPATIBLE where the last layer has an activation, or in Akida 2.0 is no Dequantizer.
 */
CNN2SNN_API cnn2snn_status cnn2snn_simulator_predict(cnn2snn_simulator *simulator, const cnn2snn_tensor *input,
                                                     cnn2snn_tensor **out_output, cnn2snn_error **error);
/** Forgets the state of temporal layers. */
CNN2SNN_API void cnn2snn_simulator_reset(cnn2snn_simulator *simulator);

/**
 * As cnn2snn_simulator_forward(), into a tensor of the caller's, which may be used again and again: nothing is
 * allocated. With `layer_output` the tensors that it is handed are kept for the next call of as many samples, and
 * only one that the callback has kept is made anew.
 *
 * @param output of the output's type and shape (N, X, Y, C), made by cnn2snn_tensor_create(), with no other reference
 *               to it. What a failed call leaves in it is undefined.
 * @return CNN2SNN_E_VALUE for other outputs, too.
 */
CNN2SNN_API cnn2snn_status cnn2snn_simulator_forward_into(cnn2snn_simulator *simulator, const cnn2snn_tensor *input,
                                                          cnn2snn_layer_output_fn layer_output,
                                                          void *layer_output_user_data, cnn2snn_tensor *output,
                                                          cnn2snn_error **error);
/** As cnn2snn_simulator_predict(), likewise; `output` is float32. */
CNN2SNN_API cnn2snn_status cnn2snn_simulator_predict_into(cnn2snn_simulator *simulator, const cnn2snn_tensor *input,
                                                          cnn2snn_tensor *output, cnn2snn_error **error);

/** What a simulator holds beside the model, in bytes. */
typedef struct cnn2snn_simulator_memory {
    size_t struct_size;
    uint64_t weights;       /**< variables in the form in which they are computed with */
    uint64_t activations;   /**< outputs of layers, whose places are used again; for each thread */
    uint64_t workspace;     /**< what a layer needs while it runs; for each thread */
    uint64_t state;         /**< of temporal layers */
    uint64_t layer_outputs; /**< kept for the next call with `layer_output` */
    uint64_t total;         /**< all of these: that of cnn2snn_simulator_get_memory_size() */
} cnn2snn_simulator_memory;

/** Fills in the struct; CNN2SNN_E_INVALID_ARGUMENT where there is none, or no simulator. */
CNN2SNN_API cnn2snn_status cnn2snn_simulator_get_memory(const cnn2snn_simulator *simulator,
                                                        cnn2snn_simulator_memory *out_memory, size_t struct_size);

#ifdef __cplusplus
}
#endif

#endif
