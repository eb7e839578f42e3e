/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Weight quantizers, quantized activations, classes of the user's own, and the quantization of models.
 *
 * Thread safety: quantizers and custom objects never change once made and may be shared by threads, as far as the
 * callbacks of custom ones allow it.
 */
#ifndef CNN2SNN_QUANTIZER_H
#define CNN2SNN_QUANTIZER_H

#include "cnn2snn/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ------------------------------------------------------------------------------------------------ weight quantizers */

typedef int32_t cnn2snn_quantizer_kind;
enum {
    CNN2SNN_QUANTIZER_CUSTOM = 0,
    CNN2SNN_QUANTIZER_MAX = 1,          /**< "MaxQuantizer": one scale factor, from max |w| */
    CNN2SNN_QUANTIZER_MAX_PER_AXIS = 2, /**< "MaxPerAxisQuantizer": one per output filter (last axis) */
    CNN2SNN_QUANTIZER_STD = 3,          /**< "StdWeightQuantizer": one, from threshold times the standard deviation */
    CNN2SNN_QUANTIZER_STD_PER_AXIS = 4  /**< "StdPerAxisQuantizer": one per output filter */
};

/**
 * Makes a built-in quantizer.
 *
 * @param bitwidth more than 1, else CNN2SNN_E_VALUE. Cut to an integer, but the largest level is
 *                 2^(bitwidth - 1) - 1 of the number as given.
 * @param threshold of the standard deviation, for the Std kinds only (the reference's default is 3).
 */
CNN2SNN_API cnn2snn_status cnn2snn_quantizer_create(cnn2snn_context *context, cnn2snn_quantizer_kind kind,
                                                    double bitwidth, double threshold,
                                                    cnn2snn_quantizer **out_quantizer, cnn2snn_error **error);

/**
 * Makes a quantizer of the reference's JSON form {"class_name": ..., "config": {...}}.
 *
 * @param custom classes beside the built-in ones, or NULL.
 * @return CNN2SNN_E_VALUE for JSON that is no such object, CNN2SNN_E_TYPE for a class that nobody knows.
 */
CNN2SNN_API cnn2snn_status cnn2snn_quantizer_create_from_config(cnn2snn_context *context, const char *json,
                                                                const cnn2snn_custom_objects *custom,
                                                                cnn2snn_quantizer **out_quantizer,
                                                                cnn2snn_error **error);
CNN2SNN_API cnn2snn_quantizer *cnn2snn_quantizer_retain(cnn2snn_quantizer *quantizer);
CNN2SNN_API void cnn2snn_quantizer_destroy(cnn2snn_quantizer *quantizer);

CNN2SNN_API cnn2snn_quantizer_kind cnn2snn_quantizer_get_kind(const cnn2snn_quantizer *quantizer);
/** Class name, such as "MaxPerAxisQuantizer", or that of the custom class. */
CNN2SNN_API const char *cnn2snn_quantizer_get_class_name(const cnn2snn_quantizer *quantizer);
CNN2SNN_API int32_t cnn2snn_quantizer_get_bitwidth(const cnn2snn_quantizer *quantizer);
/** Of the Std kinds; NaN for others. */
CNN2SNN_API double cnn2snn_quantizer_get_threshold(const cnn2snn_quantizer *quantizer);
/** The reference's get_config() as JSON: name, trainable, dtype, bitwidth, and threshold for the Std kinds. */
CNN2SNN_API cnn2snn_status cnn2snn_quantizer_get_config(const cnn2snn_quantizer *quantizer, cnn2snn_buffer **out_json,
                                                        cnn2snn_error **error);

/**
 * Scale factor(s) of float32 weights: a scalar (rank 0) or one for each entry of the last axis (rank 1).
 * weights * scale_factor, rounded and limited, are the integers.
 */
CNN2SNN_API cnn2snn_status cnn2snn_quantizer_scale_factor(const cnn2snn_quantizer *quantizer,
                                                          const cnn2snn_tensor *weights, cnn2snn_tensor **out_scale,
                                                          cnn2snn_error **error);
/** Quantized weights as floats: round_half_even(w * sf), limited to +-(2^(bitwidth-1) - 1), divided by sf. */
CNN2SNN_API cnn2snn_status cnn2snn_quantizer_quantize(const cnn2snn_quantizer *quantizer,
                                                      const cnn2snn_tensor *weights, cnn2snn_tensor **out_weights,
                                                      cnn2snn_error **error);
/** StdWeightQuantizer.sigma_, StdPerAxisQuantizer.sigma_: standard deviation; Max kinds: max_range_. Shape as scale_factor. */
CNN2SNN_API cnn2snn_status cnn2snn_quantizer_get_range(const cnn2snn_quantizer *quantizer,
                                                       const cnn2snn_tensor *weights, cnn2snn_tensor **out_range,
                                                       cnn2snn_error **error);

/* ------------------------------------------------------------------------------------------------ custom classes */

/**
 * A weight quantizer class of the user's. The class is known by name in files; one callback set serves all instances,
 * which differ by their config.
 */
typedef struct cnn2snn_quantizer_class {
    size_t struct_size;
    void *user_data;
    cnn2snn_destroy_fn destroy_user_data;
    /**
     * Gives a float32 tensor of rank 0 or 1 (as many as the weights' last axis). `config` is the JSON text of the
     * instance's config. Required.
     */
    cnn2snn_status (*scale_factor)(void *user_data, cnn2snn_context *context, const char *config, int32_t bitwidth,
                                   const cnn2snn_tensor *weights, cnn2snn_tensor **out_scale, cnn2snn_error **error);
    /** Gives weights such that weights * scale_factor is integer valued. NULL: the linear quantization of the others. */
    cnn2snn_status (*quantize)(void *user_data, cnn2snn_context *context, const char *config, int32_t bitwidth,
                               const cnn2snn_tensor *weights, cnn2snn_tensor **out_weights, cnn2snn_error **error);
} cnn2snn_quantizer_class;
#define CNN2SNN_QUANTIZER_CLASS_INIT                                                                                  \
    {                                                                                                                 \
        sizeof(cnn2snn_quantizer_class), NULL, NULL, NULL, NULL                                                       \
    }

/** A quantized activation class of the user's: levels 0 to 2^bitwidth - 1 of `step`. */
typedef struct cnn2snn_activation_class {
    size_t struct_size;
    void *user_data;
    cnn2snn_destroy_fn destroy_user_data;
    /** Gives the step, a finite number above 0. Required. */
    cnn2snn_status (*step)(void *user_data, cnn2snn_context *context, const char *config, int32_t bitwidth,
                           float *out_step, cnn2snn_error **error);
} cnn2snn_activation_class;
#define CNN2SNN_ACTIVATION_CLASS_INIT                                                                                 \
    {                                                                                                                 \
        sizeof(cnn2snn_activation_class), NULL, NULL, NULL                                                            \
    }

/** A layer class of the user's, for evaluation; it can't be converted. */
typedef struct cnn2snn_layer_class {
    size_t struct_size;
    void *user_data;
    cnn2snn_destroy_fn destroy_user_data;
    /**
     * Shape rule: output shape for input shapes, all without the batch; out_shape has room for CNN2SNN_MAX_RANK
     * extents. NULL: the shape of the first input.
     */
    cnn2snn_status (*output_shape)(void *user_data, cnn2snn_context *context, const char *config, size_t input_count,
                                   const size_t *input_ranks, const int64_t *const *input_shapes, size_t *out_rank,
                                   int64_t *out_shape, cnn2snn_error **error);
    /** Computes a float32 output (batch in front) of float32 inputs and the weights in file order. Required. */
    cnn2snn_status (*call)(void *user_data, cnn2snn_context *context, const char *config, size_t weight_count,
                           const cnn2snn_tensor *const *weights, size_t input_count,
                           const cnn2snn_tensor *const *inputs, cnn2snn_tensor **out_output, cnn2snn_error **error);
} cnn2snn_layer_class;
#define CNN2SNN_LAYER_CLASS_INIT                                                                                      \
    {                                                                                                                 \
        sizeof(cnn2snn_layer_class), NULL, NULL, NULL, NULL                                                           \
    }

/** Classes by name, for loading and for building. The toolkit's own names can't be overridden, they win silently. */
CNN2SNN_API cnn2snn_status cnn2snn_custom_objects_create(cnn2snn_context *context, cnn2snn_custom_objects **out_custom,
                                                         cnn2snn_error **error);
/** The struct is copied; its user_data is destroyed with the last user of the class, and also when this call fails. */
CNN2SNN_API cnn2snn_status cnn2snn_custom_objects_add_quantizer(cnn2snn_custom_objects *custom, const char *class_name,
                                                                const cnn2snn_quantizer_class *quantizer_class,
                                                                cnn2snn_error **error);
CNN2SNN_API cnn2snn_status cnn2snn_custom_objects_add_activation(cnn2snn_custom_objects *custom,
                                                                 const char *class_name,
                                                                 const cnn2snn_activation_class *activation_class,
                                                                 cnn2snn_error **error);
CNN2SNN_API cnn2snn_status cnn2snn_custom_objects_add_layer(cnn2snn_custom_objects *custom, const char *class_name,
                                                            const cnn2snn_layer_class *layer_class,
                                                            cnn2snn_error **error);
CNN2SNN_API void cnn2snn_custom_objects_destroy(cnn2snn_custom_objects *custom);

/* ------------------------------------------------------------------------------------------------ quantizing */

/**
 * Chooses the quantizer of a layer's kernel. Called once for each layer, for a SeparableConv2D twice: first for the
 * pointwise, then for the depthwise kernel.
 *
 * @param layer the float layer, with its weights. Borrowed.
 * @param default_quantizer what is used otherwise. Borrowed.
 * @param out_quantizer owned by the library afterwards; cnn2snn_quantizer_retain(default_quantizer) is fine.
 */
typedef cnn2snn_status (*cnn2snn_quantizer_fn)(void *user_data, const cnn2snn_layer *layer,
                                               cnn2snn_quantizer *default_quantizer,
                                               cnn2snn_quantizer **out_quantizer, cnn2snn_error **error);

/** Settings of cnn2snn_model_quantize(). */
typedef struct cnn2snn_quantize_options {
    size_t struct_size;
    int32_t weight_quantization;       /**< bits of weights; 0: they stay float; default 0 */
    int32_t activ_quantization;        /**< bits of activations; 0: they stay float; default 0 */
    int32_t input_weight_quantization; /**< bits of the first layer's weights; -1 (default): as weight_quantization */
    int32_t skip_fold_batchnorm;       /**< not 0: BatchNormalization layers stay (fold_BN=False); default 0 */
    cnn2snn_quantizer_fn quantizer_function; /**< NULL: the defaults */
    void *quantizer_function_user_data;
    cnn2snn_destroy_fn destroy_quantizer_function_user_data; /**< called before the function returns */
} cnn2snn_quantize_options;
#define CNN2SNN_QUANTIZE_OPTIONS_INIT                                                                                 \
    {                                                                                                                 \
        sizeof(cnn2snn_quantize_options), 0, 0, -1, 0, NULL, NULL, NULL                                               \
    }
CNN2SNN_API cnn2snn_status cnn2snn_quantize_options_init(cnn2snn_quantize_options *options, size_t struct_size);

/**
 * A quantized model: Conv2D, SeparableConv2D and Dense with weights on a symmetric grid, ReLU as QuantizedReLU.
 * The given model stays as it is.
 *
 * @return CNN2SNN_E_NOT_SEQUENTIAL for branched models unless skip_fold_batchnorm; CNN2SNN_E_VALUE for bitwidths that
 *         the layers can't take; CNN2SNN_E_INCOMPATIBLE for layer arguments that quantized layers don't have.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_quantize(const cnn2snn_model *model, const cnn2snn_quantize_options *options,
                                                  cnn2snn_model **out_model, cnn2snn_error **error);

/**
 * Quantizes one layer, found by index (negative: from the end; an InputLayer of a functional model counts).
 * @return CNN2SNN_E_INDEX, or CNN2SNN_E_VALUE for a bitwidth of 0 or less.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_quantize_layer(const cnn2snn_model *model, int64_t layer_index,
                                                        int32_t bitwidth, cnn2snn_quantizer_fn quantizer_function,
                                                        void *user_data, cnn2snn_model **out_model,
                                                        cnn2snn_error **error);
/** The same, found by name (CNN2SNN_E_VALUE if there is none). */
CNN2SNN_API cnn2snn_status cnn2snn_model_quantize_named_layer(const cnn2snn_model *model, const char *layer_name,
                                                              int32_t bitwidth,
                                                              cnn2snn_quantizer_fn quantizer_function, void *user_data,
                                                              cnn2snn_model **out_model, cnn2snn_error **error);

#ifdef __cplusplus
}
#endif

#endif
