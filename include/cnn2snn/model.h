/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Keras models: reading, writing, building, looking into, and running them in float.
 *
 * Shapes are Keras's: channels last, the batch not included unless said; -1 stands for an extent that the model
 * leaves open.
 *
 * Thread safety: a model may be used by several threads at once as long as none changes it
 * (cnn2snn_model_set_weight(), cnn2snn_model_normalize_separable_layer()); builders belong to one thread.
 */
#ifndef CNN2SNN_MODEL_H
#define CNN2SNN_MODEL_H

#include "cnn2snn/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn2snn_model cnn2snn_model;
typedef struct cnn2snn_model_builder cnn2snn_model_builder;
typedef struct cnn2snn_layer cnn2snn_layer;
typedef struct cnn2snn_quantizer cnn2snn_quantizer;
typedef struct cnn2snn_custom_objects cnn2snn_custom_objects;

/* ------------------------------------------------------------------------------------------------ files */

typedef struct cnn2snn_load_options {
    size_t struct_size;
    const cnn2snn_custom_objects *custom_objects; /**< kept as long as the model needs it; NULL: none */
    /** Unknown layer classes are an error unless this is not 0: then they load, can be looked at, and can't run. */
    int32_t allow_unknown_layers;
    int32_t reserved; /**< 0 */
    /** Not 0: loss, metrics and optimizer are left in the file (the reference's compile_model=False); default 0. */
    int32_t without_training;
    int32_t reserved2; /**< 0 */
} cnn2snn_load_options;
#define CNN2SNN_LOAD_OPTIONS_INIT                                                                                     \
    {                                                                                                                 \
        sizeof(cnn2snn_load_options), NULL, 0, 0, 0, 0                                                                \
    }
CNN2SNN_API cnn2snn_status cnn2snn_load_options_init(cnn2snn_load_options *options, size_t struct_size);

/** Reads a whole-model Keras HDF5 file of Keras 2 or 3, float or quantized by CNN2SNN. The content decides, not the
 * name. */
CNN2SNN_API cnn2snn_status cnn2snn_model_load(cnn2snn_context *context, const char *path,
                                              const cnn2snn_load_options *options, cnn2snn_model **out_model,
                                              cnn2snn_error **error);
CNN2SNN_API cnn2snn_status cnn2snn_model_load_memory(cnn2snn_context *context, const void *data, size_t size,
                                                     const cnn2snn_load_options *options, cnn2snn_model **out_model,
                                                     cnn2snn_error **error);
/** An architecture (JSON as Keras's to_json() gives it) without weights: kernels are zeros. */
CNN2SNN_API cnn2snn_status cnn2snn_model_create_from_json(cnn2snn_context *context, const char *json,
                                                          size_t json_size, const cnn2snn_load_options *options,
                                                          cnn2snn_model **out_model, cnn2snn_error **error);
/** A copy of the model with the weights of an HDF5 file of weights (or of a whole model of the same architecture). */
CNN2SNN_API cnn2snn_status cnn2snn_model_load_weights(const cnn2snn_model *model, const char *path,
                                                      cnn2snn_model **out_model, cnn2snn_error **error);
/** Writes a Keras HDF5 file as tf_keras does, which the reference's load_quantized_model reads. */
CNN2SNN_API cnn2snn_status cnn2snn_model_save(const cnn2snn_model *model, const char *path, cnn2snn_error **error);
CNN2SNN_API cnn2snn_status cnn2snn_model_save_memory(const cnn2snn_model *model, cnn2snn_buffer **out_buffer,
                                                     cnn2snn_error **error);
/** A copy; weights are shared until one of them is changed. */
CNN2SNN_API cnn2snn_status cnn2snn_model_clone(const cnn2snn_model *model, cnn2snn_model **out_model,
                                               cnn2snn_error **error);
CNN2SNN_API void cnn2snn_model_destroy(cnn2snn_model *model);

/* ------------------------------------------------------------------------------------------ looking into models */

CNN2SNN_API const char *cnn2snn_model_get_name(const cnn2snn_model *model);
/** 1 for a Sequential, 0 for a functional model. */
CNN2SNN_API int32_t cnn2snn_model_is_sequential(const cnn2snn_model *model);
/** 1 if some layer is quantized by CNN2SNN. */
CNN2SNN_API int32_t cnn2snn_model_is_quantized(const cnn2snn_model *model);
/** Number of layers as Keras's model.layers has them: InputLayers count in functional models only. */
CNN2SNN_API size_t cnn2snn_model_get_layer_count(const cnn2snn_model *model);
/** Layer by index (negative: from the end); NULL if out of range. Borrowed. */
CNN2SNN_API const cnn2snn_layer *cnn2snn_model_get_layer(const cnn2snn_model *model, int64_t index);
/** Layer by name; NULL if there is none. Borrowed. */
CNN2SNN_API const cnn2snn_layer *cnn2snn_model_find_layer(const cnn2snn_model *model, const char *name);
/** How many outputs of other layers the layer of that name takes, in all of its calls; 0 where there is none. */
CNN2SNN_API size_t cnn2snn_model_get_inbound_count(const cnn2snn_model *model, const char *layer_name);
/** The layer whose output that is (of a Sequential's first layer the InputLayer); NULL if out of range. Borrowed. */
CNN2SNN_API const cnn2snn_layer *cnn2snn_model_get_inbound(const cnn2snn_model *model, const char *layer_name,
                                                           size_t index);
CNN2SNN_API size_t cnn2snn_model_get_input_count(const cnn2snn_model *model);
CNN2SNN_API size_t cnn2snn_model_get_output_count(const cnn2snn_model *model);
/**
 * Shape of an input without the batch.
 * @param capacity extents that `out_shape` has room for; *out_rank says how many there are, also when they don't fit.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_get_input_shape(const cnn2snn_model *model, size_t index, size_t capacity,
                                                         int64_t *out_shape, size_t *out_rank, cnn2snn_error **error);
CNN2SNN_API cnn2snn_status cnn2snn_model_get_output_shape(const cnn2snn_model *model, size_t index, size_t capacity,
                                                          int64_t *out_shape, size_t *out_rank,
                                                          cnn2snn_error **error);
/** The architecture as JSON, in the form of Keras's to_json() (class_name, config, keras_version, backend). */
CNN2SNN_API cnn2snn_status cnn2snn_model_get_config(const cnn2snn_model *model, cnn2snn_buffer **out_json,
                                                    cnn2snn_error **error);
/** The training_config of the file as JSON text, or NULL if there is none. Borrowed. */
CNN2SNN_API const char *cnn2snn_model_get_training_config(const cnn2snn_model *model);
/** A table of the layers (kind, shapes, parameters, bits) as text, or with `json` other than 0 as JSON. */
CNN2SNN_API cnn2snn_status cnn2snn_model_summary(const cnn2snn_model *model, int32_t json,
                                                 cnn2snn_buffer **out_buffer, cnn2snn_error **error);
/** Replaces a weight of a layer of this model (name or, for nested models, "outer/inner"); the shape must be the
 * same. */
CNN2SNN_API cnn2snn_status cnn2snn_model_set_weight(cnn2snn_model *model, const char *layer_name, size_t weight_index,
                                                    const cnn2snn_tensor *value, cnn2snn_error **error);

/* ------------------------------------------------------------------------------------------------ training state */

/**
 * How a model was trained and where its optimizer stood, as its file says it. Of no influence on anything that the
 * library computes: classes and functions of the user's are names here, nothing looks them up. It survives
 * cnn2snn_model_save() where the weights do (docs/differences.md: files of Keras 3).
 *
 * Belongs to one thread; stays valid when the model is destroyed.
 */
typedef struct cnn2snn_training cnn2snn_training;

/** 1 if the file had a training configuration, and cnn2snn_load_options.without_training did not leave it out. */
CNN2SNN_API int32_t cnn2snn_model_is_compiled(const cnn2snn_model *model);
/** @return CNN2SNN_E_STATE for a model that isn't compiled, CNN2SNN_E_MALFORMED for a configuration that can't be. */
CNN2SNN_API cnn2snn_status cnn2snn_model_get_training(const cnn2snn_model *model, cnn2snn_training **out_training,
                                                      cnn2snn_error **error);
CNN2SNN_API void cnn2snn_training_destroy(cnn2snn_training *training);
/**
 * Loss of an output: a name such as "mse" as compile() was given it, or the class of an object, such as "Huber" or
 * "package>Class". NULL if the output has none. Borrowed.
 */
CNN2SNN_API const char *cnn2snn_training_get_loss_name(const cnn2snn_training *training, size_t output_index);
/** JSON {"class_name", "config"} of the loss; empty for one that is a name only, or for none. */
CNN2SNN_API cnn2snn_status cnn2snn_training_get_loss_config(const cnn2snn_training *training, size_t output_index,
                                                            cnn2snn_buffer **out_json, cnn2snn_error **error);
/** What the loss of the output counts in the sum; 1 unless compile() was told; NaN if there is no such output. */
CNN2SNN_API double cnn2snn_training_get_loss_weight(const cnn2snn_training *training, size_t output_index);
/** Number of metrics of an output; with `weighted` other than 0 of those that samples' weights count in. */
CNN2SNN_API size_t cnn2snn_training_get_metric_count(const cnn2snn_training *training, size_t output_index,
                                                     int32_t weighted);
/** Name of a metric ("accuracy"); Keras 2 puts that of the output in front ("a_mae"). NULL if out of range. Borrowed.
 */
CNN2SNN_API const char *cnn2snn_training_get_metric_name(const cnn2snn_training *training, size_t output_index,
                                                         int32_t weighted, size_t index);
/** JSON {"class_name", "config"} of a metric; empty for one that is a name only. */
CNN2SNN_API cnn2snn_status cnn2snn_training_get_metric_config(const cnn2snn_training *training, size_t output_index,
                                                              int32_t weighted, size_t index,
                                                              cnn2snn_buffer **out_json, cnn2snn_error **error);
/** Class of the optimizer, such as "Adam", without the "Custom>" of Keras 2; NULL if there is none. Borrowed. */
CNN2SNN_API const char *cnn2snn_training_get_optimizer_name(const cnn2snn_training *training);
/** The optimizer's get_config() as JSON; empty if there is none. */
CNN2SNN_API cnn2snn_status cnn2snn_training_get_optimizer_config(const cnn2snn_training *training,
                                                                 cnn2snn_buffer **out_json, cnn2snn_error **error);
/**
 * A number of the optimizer's config by name: "learning_rate" (also where the file calls it "lr"), "momentum", ...;
 * 1 and 0 for true and false.
 * @return CNN2SNN_E_VALUE if it has none of that name, CNN2SNN_E_TYPE if it is no number (a schedule).
 */
CNN2SNN_API cnn2snn_status cnn2snn_training_get_hyperparameter(const cnn2snn_training *training, const char *name,
                                                               double *out_value, cnn2snn_error **error);
/** Steps that the optimizer has made; -1 if the file doesn't say. */
CNN2SNN_API int64_t cnn2snn_training_get_iterations(const cnn2snn_training *training);
/** Number of the optimizer's variables, in the order of its get_weights(). */
CNN2SNN_API size_t cnn2snn_training_get_optimizer_weight_count(const cnn2snn_training *training);
/** Name as the file has it, such as "Adam/m/dense/kernel:0"; NULL if out of range. Borrowed. */
CNN2SNN_API const char *cnn2snn_training_get_optimizer_weight_name(const cnn2snn_training *training, size_t index);
/** In the type of the file; NULL if out of range. Borrowed. */
CNN2SNN_API const cnn2snn_tensor *cnn2snn_training_get_optimizer_weight(const cnn2snn_training *training,
                                                                        size_t index);

/* ------------------------------------------------------------------------------------------------ layers */

/**
 * A layer of its own, as the reference's constructors make it.
 *
 * @param class_name such as "Conv2D" or "QuantizedDense".
 * @param config JSON object with the constructor's arguments by name; `name` may be missing. Quantizers are objects
 *               {"class_name", "config"}.
 * @param custom classes of the user's, or NULL.
 * @return CNN2SNN_E_TYPE for arguments that the class refuses, CNN2SNN_E_VALUE for bad values.
 */
CNN2SNN_API cnn2snn_status cnn2snn_layer_create(cnn2snn_context *context, const char *class_name, const char *config,
                                                const cnn2snn_custom_objects *custom, cnn2snn_layer **out_layer,
                                                cnn2snn_error **error);
CNN2SNN_API void cnn2snn_layer_destroy(cnn2snn_layer *layer);

CNN2SNN_API const char *cnn2snn_layer_get_name(const cnn2snn_layer *layer);
/** Class as the file has it, such as "QuantizedConv2D". */
CNN2SNN_API const char *cnn2snn_layer_get_class_name(const cnn2snn_layer *layer);
/** The layer's get_config() as JSON. */
CNN2SNN_API cnn2snn_status cnn2snn_layer_get_config(const cnn2snn_layer *layer, cnn2snn_buffer **out_json,
                                                    cnn2snn_error **error);
/** Number of weights, in Keras's get_weights() order; 0 for a layer that has not seen its input shape yet. */
CNN2SNN_API size_t cnn2snn_layer_get_weight_count(const cnn2snn_layer *layer);
/** Name such as "kernel"; NULL if out of range. */
CNN2SNN_API const char *cnn2snn_layer_get_weight_name(const cnn2snn_layer *layer, size_t index);
/** Borrowed; NULL if out of range. */
CNN2SNN_API const cnn2snn_tensor *cnn2snn_layer_get_weight(const cnn2snn_layer *layer, size_t index);
/** Makes the weights (zeros; ones for scales and variances) for an input shape without batch. For single-input
 * layers. */
CNN2SNN_API cnn2snn_status cnn2snn_layer_build(cnn2snn_layer *layer, size_t rank, const int64_t *input_shape,
                                               cnn2snn_error **error);
/** Sets a weight of a layer made by cnn2snn_layer_create() and built. A reference to the tensor is kept. */
CNN2SNN_API cnn2snn_status cnn2snn_layer_set_weight(cnn2snn_layer *layer, size_t index, const cnn2snn_tensor *value,
                                                    cnn2snn_error **error);
/** The weight quantizer of a quantized layer (pointwise kernel of a separable one); NULL if it has none. Borrowed. */
CNN2SNN_API const cnn2snn_quantizer *cnn2snn_layer_get_quantizer(const cnn2snn_layer *layer);
/** The depthwise quantizer of a QuantizedSeparableConv2D; NULL otherwise. Borrowed. */
CNN2SNN_API const cnn2snn_quantizer *cnn2snn_layer_get_depthwise_quantizer(const cnn2snn_layer *layer);
/** Bits of a quantized activation, or of a quantized layer's weights; 0 for others. */
CNN2SNN_API int32_t cnn2snn_layer_get_bitwidth(const cnn2snn_layer *layer);
/** Step of a quantized activation; NaN for others. */
CNN2SNN_API float cnn2snn_layer_get_step(const cnn2snn_layer *layer);
/** Threshold (half the step) of a quantized activation; NaN for others. */
CNN2SNN_API float cnn2snn_layer_get_threshold(const cnn2snn_layer *layer);
/** Largest output of a QuantizedReLU or ReLU; infinity where there is no limit, NaN for others. */
CNN2SNN_API float cnn2snn_layer_get_max_value(const cnn2snn_layer *layer);

/** Calls the layer on float32 inputs with the batch in front. A layer not built yet takes zeros for weights. */
CNN2SNN_API cnn2snn_status cnn2snn_layer_call(const cnn2snn_layer *layer, size_t input_count,
                                              const cnn2snn_tensor *const *inputs, cnn2snn_tensor **out_output,
                                              cnn2snn_error **error);
/** A quantized activation's function on values of any shape: what the layer computes, without a batch axis. */
CNN2SNN_API cnn2snn_status cnn2snn_layer_quantized_activation(const cnn2snn_layer *layer,
                                                              const cnn2snn_tensor *values,
                                                              cnn2snn_tensor **out_values, cnn2snn_error **error);

/* ------------------------------------------------------------------------------------------------ building models */

/** Starts a functional model. `name` may be NULL. */
CNN2SNN_API cnn2snn_status cnn2snn_model_builder_create(cnn2snn_context *context, const char *name,
                                                        cnn2snn_model_builder **out_builder, cnn2snn_error **error);
/** Adds an input; *out_value names its output in later calls. `name` may be NULL; dtype NONE is float32. */
CNN2SNN_API cnn2snn_status cnn2snn_model_builder_add_input(cnn2snn_model_builder *builder, const char *name,
                                                           size_t rank, const int64_t *shape, cnn2snn_dtype dtype,
                                                           int32_t *out_value, cnn2snn_error **error);
/**
 * Calls a layer on values. The layer is built if it is not; calling the same layer again shares its weights.
 * The builder keeps what it needs: the caller still destroys its handle, and later changes of it have no effect.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_builder_call(cnn2snn_model_builder *builder, cnn2snn_layer *layer,
                                                      size_t input_count, const int32_t *inputs, int32_t *out_value,
                                                      cnn2snn_error **error);
/** Ends the building with these outputs. The builder is empty afterwards and only good to be destroyed. */
CNN2SNN_API cnn2snn_status cnn2snn_model_builder_finish(cnn2snn_model_builder *builder, size_t output_count,
                                                        const int32_t *outputs, cnn2snn_model **out_model,
                                                        cnn2snn_error **error);
CNN2SNN_API void cnn2snn_model_builder_destroy(cnn2snn_model_builder *builder);

/** A Sequential of these layers, in order; those that are not built are built. `name` may be NULL. */
CNN2SNN_API cnn2snn_status cnn2snn_model_create_sequential(cnn2snn_context *context, const char *name, size_t rank,
                                                           const int64_t *input_shape, size_t layer_count,
                                                           cnn2snn_layer *const *layers, cnn2snn_model **out_model,
                                                           cnn2snn_error **error);

/* ------------------------------------------------------------------------------------------------ running */

/** Called after each layer with its name and output (borrowed during the call), on the calling thread. */
typedef cnn2snn_status (*cnn2snn_layer_output_fn)(void *user_data, const char *layer_name,
                                                  const cnn2snn_tensor *output, cnn2snn_error **error);

/**
 * Called after each layer of a QuantizeML model that gives integers, with the same name as cnn2snn_layer_output_fn:
 * these integers (int32 or int64) and what one of them stands for, float64, one for all (rank 0) or one for each
 * channel (the last axis). Both are borrowed during the call.
 */
typedef cnn2snn_status (*cnn2snn_layer_integers_fn)(void *user_data, const char *layer_name,
                                                    const cnn2snn_tensor *integers, const cnn2snn_tensor *scales,
                                                    cnn2snn_error **error);

typedef struct cnn2snn_predict_options {
    size_t struct_size;
    int64_t batch_size; /**< samples computed at once; 0: a size that keeps memory small. Not seen in the results */
    int32_t threads;    /**< 0: the context's */
    int32_t reserved;   /**< 0 */
    cnn2snn_layer_output_fn layer_output; /**< called for each layer of each batch; NULL: none */
    void *layer_output_user_data;
    cnn2snn_layer_integers_fn
        layer_integers; /**< called before layer_output where a layer gives integers; NULL: none */
    void *layer_integers_user_data;
} cnn2snn_predict_options;
#define CNN2SNN_PREDICT_OPTIONS_INIT                                                                                 \
    {                                                                                                                \
        sizeof(cnn2snn_predict_options), 0, 0, 0, NULL, NULL, NULL, NULL                                             \
    }
CNN2SNN_API cnn2snn_status cnn2snn_predict_options_init(cnn2snn_predict_options *options, size_t struct_size);

/**
 * Runs the model in inference mode.
 *
 * @param inputs as many as the model's inputs, any number type (converted to float32), batch in front.
 * @param outputs room for `output_capacity` tensors, float32, batch in front; the caller destroys them.
 * @return CNN2SNN_E_VALUE for a wrong number or shape of inputs, or too little room.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_predict(const cnn2snn_model *model, size_t input_count,
                                                 const cnn2snn_tensor *const *inputs,
                                                 const cnn2snn_predict_options *options, size_t output_capacity,
                                                 cnn2snn_tensor **outputs, cnn2snn_error **error);

#ifdef __cplusplus
}
#endif

#endif
