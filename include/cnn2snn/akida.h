/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Akida models: what a conversion gives, and what `.fbz` files hold.
 *
 * Shapes of data are (X, Y, C) where X is the Keras row (height) axis; files call X "width".
 *
 * Thread safety: an Akida model never changes and may be shared by threads.
 */
#ifndef CNN2SNN_AKIDA_H
#define CNN2SNN_AKIDA_H

#include "cnn2snn/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct cnn2snn_akida_model cnn2snn_akida_model;

/** Settings of a written file. */
typedef struct cnn2snn_akida_save_options {
    size_t struct_size;
    /** Version string of the file, such as "2.19.3"; NULL: none, which every Akida runtime since 2.4 accepts. */
    const char *version;
    /**
     * Release of the Akida runtime that is to read the file, such as "2.16.1" (2.4.0 or newer); NULL: today's. What
     * it doesn't know is left out or written in its own form; what it can't express is an error
     * (CNN2SNN_E_INCOMPATIBLE) with a report that names each layer and the reason.
     */
    const char *akida_release;
} cnn2snn_akida_save_options;

#define CNN2SNN_AKIDA_SAVE_OPTIONS_INIT                                                                              \
    {                                                                                                                \
        sizeof(cnn2snn_akida_save_options), NULL, NULL                                                               \
    }
CNN2SNN_API cnn2snn_status cnn2snn_akida_save_options_init(cnn2snn_akida_save_options *options, size_t struct_size);

/** Reads an `.fbz` file. */
CNN2SNN_API cnn2snn_status cnn2snn_akida_model_load(cnn2snn_context *context, const char *path,
                                                    cnn2snn_akida_model **out_model, cnn2snn_error **error);
CNN2SNN_API cnn2snn_status cnn2snn_akida_model_load_memory(cnn2snn_context *context, const void *data, size_t size,
                                                           cnn2snn_akida_model **out_model, cnn2snn_error **error);
/** Writes an `.fbz` file. The same model and library versions give the same bytes. */
CNN2SNN_API cnn2snn_status cnn2snn_akida_model_save(const cnn2snn_akida_model *model, const char *path,
                                                    const cnn2snn_akida_save_options *options, cnn2snn_error **error);
CNN2SNN_API cnn2snn_status cnn2snn_akida_model_save_memory(const cnn2snn_akida_model *model,
                                                           const cnn2snn_akida_save_options *options,
                                                           cnn2snn_buffer **out_buffer, cnn2snn_error **error);
CNN2SNN_API void cnn2snn_akida_model_destroy(cnn2snn_akida_model *model);

/** CNN2SNN_AKIDA_V1 or _V2 by the kinds of its layers; CNN2SNN_AKIDA_DEFAULT for kinds that this library doesn't
 * know. */
CNN2SNN_API cnn2snn_akida_version cnn2snn_akida_model_get_akida_version(const cnn2snn_akida_model *model);
/** Version string of the file, or "". */
CNN2SNN_API const char *cnn2snn_akida_model_get_version(const cnn2snn_akida_model *model);
CNN2SNN_API size_t cnn2snn_akida_model_get_layer_count(const cnn2snn_akida_model *model);
/** Index of the layer of that name, or -1. */
CNN2SNN_API int64_t cnn2snn_akida_model_find_layer(const cnn2snn_akida_model *model, const char *name);
/** Name, or NULL if `layer` is out of range. */
CNN2SNN_API const char *cnn2snn_akida_model_get_layer_name(const cnn2snn_akida_model *model, size_t layer);
/** Kind such as "InputConvolutional"; "unknown (N)" for codes that this library doesn't know; NULL out of range. */
CNN2SNN_API const char *cnn2snn_akida_model_get_layer_kind(const cnn2snn_akida_model *model, size_t layer);
CNN2SNN_API size_t cnn2snn_akida_model_get_inbound_count(const cnn2snn_akida_model *model, size_t layer);
/** Index of an inbound layer, or -1 if out of range. */
CNN2SNN_API int64_t cnn2snn_akida_model_get_inbound(const cnn2snn_akida_model *model, size_t layer, size_t index);
/** Extents (X, Y, C) of one sample; CNN2SNN_E_UNSUPPORTED where the kind is unknown. */
CNN2SNN_API cnn2snn_status cnn2snn_akida_model_get_input_shape(const cnn2snn_akida_model *model, size_t layer,
                                                               int64_t out_shape[3], cnn2snn_error **error);
CNN2SNN_API cnn2snn_status cnn2snn_akida_model_get_output_shape(const cnn2snn_akida_model *model, size_t layer,
                                                                int64_t out_shape[3], cnn2snn_error **error);
CNN2SNN_API size_t cnn2snn_akida_model_get_parameter_count(const cnn2snn_akida_model *model, size_t layer);
/** Key of a parameter in byte order, such as "kernel_width", or NULL if out of range. */
CNN2SNN_API const char *cnn2snn_akida_model_get_parameter_name(const cnn2snn_akida_model *model, size_t layer,
                                                               size_t index);
/** Value by key; `otherwise` where there is no such parameter. */
CNN2SNN_API int32_t cnn2snn_akida_model_get_parameter(const cnn2snn_akida_model *model, size_t layer,
                                                      const char *name, int32_t otherwise);
CNN2SNN_API size_t cnn2snn_akida_model_get_variable_count(const cnn2snn_akida_model *model, size_t layer);
/** Name of a variable in byte order, such as "weights", or NULL if out of range. */
CNN2SNN_API const char *cnn2snn_akida_model_get_variable_name(const cnn2snn_akida_model *model, size_t layer,
                                                              size_t index);
/** The variable in the API's shape; NULL where there is none of that name. Borrowed. */
CNN2SNN_API const cnn2snn_tensor *cnn2snn_akida_model_get_variable(const cnn2snn_akida_model *model, size_t layer,
                                                                   const char *name);
/** A table of the layers as text, or with `json` other than 0 as JSON. */
CNN2SNN_API cnn2snn_status cnn2snn_akida_model_summary(const cnn2snn_akida_model *model, int32_t json,
                                                       cnn2snn_buffer **out_buffer, cnn2snn_error **error);
/**
 * How two models differ: layers (matched by name), kinds, inbounds, parameters, variables. How their files store them
 * (version string, memory order) is no difference.
 *
 * @param out_equal 1 or 0.
 * @param out_buffer one line a difference, "" where there is none; with `json` other than 0
 *                   {"differences": [{"layer", "what", "name", "first", "second"}], "equal": true or false}.
 */
CNN2SNN_API cnn2snn_status cnn2snn_akida_model_diff(const cnn2snn_akida_model *first,
                                                    const cnn2snn_akida_model *second, int32_t json,
                                                    int32_t *out_equal, cnn2snn_buffer **out_buffer,
                                                    cnn2snn_error **error);

/**
 * A copy whose activation variables fit the hardware: act_step and threshold are limited, the next layer's weights
 * scaled down accordingly. cnn2snn_convert() does this already (legacy models, Akida 1.0).
 */
CNN2SNN_API cnn2snn_status cnn2snn_akida_model_fix_v1_activation_variables(const cnn2snn_akida_model *model,
                                                                           cnn2snn_akida_model **out_model,
                                                                           cnn2snn_error **error);

#ifdef __cplusplus
}
#endif

#endif
