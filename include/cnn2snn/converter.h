/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Conversion of quantized models to Akida models.
 *
 * Thread safety: calls with different models are independent; the same model may be converted by several threads.
 */
#ifndef CNN2SNN_CONVERTER_H
#define CNN2SNN_CONVERTER_H

#include "cnn2snn/akida.h"
#include "cnn2snn/model.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef int32_t cnn2snn_input_mode;
enum {
    CNN2SNN_INPUT_AUTO = 0,  /**< images where the input has 1 or 3 channels */
    CNN2SNN_INPUT_IMAGE = 1, /**< the first layer becomes an InputConvolutional, which takes 8-bit images */
    CNN2SNN_INPUT_EVENTS = 2 /**< an InputData layer is put in front, which takes 4-bit events */
};

/**
 * A vendor's SDK: called with a converted model, it says whether its hardware can run it. What is in the way it adds
 * to the report with cnn2snn_report_add(); faults fail the conversion like those that the library finds.
 *
 * @return CNN2SNN_OK, also when the report got faults; anything else ends the conversion with that status and error.
 */
typedef cnn2snn_status (*cnn2snn_hardware_mapper_fn)(void *user_data, cnn2snn_context *context,
                                                     const cnn2snn_akida_model *akida_model, cnn2snn_report *report,
                                                     cnn2snn_error **error);

/** Settings of cnn2snn_convert(). */
typedef struct cnn2snn_convert_options {
    size_t struct_size;
    /**
     * akida_input = scale * keras_input + shift. Not given (has_input_scaling 0): taken from a Rescaling layer among
     * the first two, otherwise (1, 0). scale > 0; a shift becomes the padding value of images (0..255).
     * Models quantized by QuantizeML hold their own: it is ignored there, with a warning.
     */
    double input_scale;
    double input_shift;
    int32_t has_input_scaling;
    cnn2snn_input_mode input_mode;
    /** Default: for legacy-quantized models v1 (v2 is refused for them), for others the context's. */
    cnn2snn_akida_version akida_version;
    int32_t reserved; /**< 0 */
    /** Release of the Akida runtime that is to read the model, such as "2.16.1"; NULL: today's. See
     * cnn2snn_akida_save_options. */
    const char *akida_release;
    cnn2snn_hardware_mapper_fn hardware_mapper; /**< called with the model at the end; NULL: none */
    void *hardware_mapper_user_data;
    /**
     * QuantizeML models for Akida 2.0 where Flatten meets outputs quantized by channel: other than 0 exports the
     * shifts that bring the channels together, so that the Akida model computes what the Keras model does. The
     * reference loses them; 0 gives its file, with a warning.
     */
    int32_t flatten_shifts;
    /**
     * QuantizeML models for Akida 2.0 whose outputs need right shifts beyond what the hardware does, or products with
     * scales of more than its 32 bits: other than 0 takes the rest off the 8-bit scales, so that the Akida model's
     * outputs are what weights and ranges say, but for the rounding of the scales (the Keras model itself cuts
     * products at 33 bits). 0 gives the reference's file, whose outputs are too large or cut there, with a warning.
     */
    int32_t exact_scales;
} cnn2snn_convert_options;
#define CNN2SNN_CONVERT_OPTIONS_INIT                                                                                 \
    {                                                                                                                \
        sizeof(cnn2snn_convert_options), 1.0, 0.0, 0, 0, 0, 0, NULL, NULL, NULL, 0, 0                                \
    }
CNN2SNN_API cnn2snn_status cnn2snn_convert_options_init(cnn2snn_convert_options *options, size_t struct_size);

/**
 * Converts a quantized model: one of CNN2SNN to Akida 1.0, one of QuantizeML to 2.0 or 1.0.
 *
 * Every fault of the model is collected: the error is made of the first and has the report of all. Warnings go to the
 * log, and to `out_report` where it is not NULL (on success; NULL when there are none).
 *
 * @return CNN2SNN_E_INCOMPATIBLE, CNN2SNN_E_VALUE or CNN2SNN_E_TYPE as the first fault has it.
 */
CNN2SNN_API cnn2snn_status cnn2snn_convert(const cnn2snn_model *model, const cnn2snn_convert_options *options,
                                           cnn2snn_akida_model **out_akida_model, cnn2snn_report **out_report,
                                           cnn2snn_error **error);

/**
 * Where the reference's convert(model, file_path) writes: folders are left as they are, a path that ends with '/'
 * gets "<model name>.fbz", a path without extension gets ".fbz", others stay. Missing folders are made when saving
 * with cnn2snn_convert_to_file().
 */
CNN2SNN_API cnn2snn_status cnn2snn_convert_file_path(const cnn2snn_model *model, const char *file_path,
                                                     cnn2snn_buffer **out_path, cnn2snn_error **error);

/** Converts and writes the file, by the rules of cnn2snn_convert_file_path(). `out_akida_model` may be NULL. */
CNN2SNN_API cnn2snn_status cnn2snn_convert_to_file(const cnn2snn_model *model, const cnn2snn_convert_options *options,
                                                   const char *file_path, cnn2snn_akida_model **out_akida_model,
                                                   cnn2snn_report **out_report, cnn2snn_error **error);

/** Who quantizes float models that cnn2snn_check_model_compatibility() looks at. */
typedef int32_t cnn2snn_check_flow;
enum {
    CNN2SNN_CHECK_CNN2SNN = 0,   /**< CNN2SNN, for Akida 1.0 */
    CNN2SNN_CHECK_QUANTIZEML = 1 /**< QuantizeML, for the Akida version asked for */
};

/** Settings of cnn2snn_check_model_compatibility(). */
typedef struct cnn2snn_check_options {
    size_t struct_size;
    /** CNN2SNN_INPUT_IMAGE is the toolkit's input_is_image=True: the first layer must be a Conv2D on 1 or 3 channels.
     */
    cnn2snn_input_mode input_mode;
    int32_t reserved; /**< 0 */
    /** Of models quantized by QuantizeML, or to be so; default: the context's. */
    cnn2snn_akida_version akida_version;
    int32_t reserved2; /**< 0 */
    /** By whose rules a float model is looked at. Quantized ones have those of whoever quantized them. */
    cnn2snn_check_flow flow;
    /** Integers that QuantizeML quantizes the inputs to: CNN2SNN_DTYPE_UINT8 (or 0), CNN2SNN_DTYPE_INT8, ... */
    cnn2snn_dtype input_dtype;
    /** Called with the Akida model of models that can be converted; its faults join the report. NULL: none. Float
     * models are converted with flow CNN2SNN_CHECK_QUANTIZEML only. */
    cnn2snn_hardware_mapper_fn hardware_mapper;
    void *hardware_mapper_user_data;
} cnn2snn_check_options;
#define CNN2SNN_CHECK_OPTIONS_INIT                                                                                   \
    {                                                                                                                \
        sizeof(cnn2snn_check_options), 0, 0, 0, 0, 0, 0, NULL, NULL                                                  \
    }
CNN2SNN_API cnn2snn_status cnn2snn_check_options_init(cnn2snn_check_options *options, size_t struct_size);

/**
 * The toolkit's check_model_compatibility(), the legacy one by default: whether a model suits Akida.
 *
 * Float models, with flow CNN2SNN_CHECK_CNN2SNN: whether the order and the parameters of the layers suit Akida 1.0.
 * They are asked what their quantized form must meet; what quantizing or converting them will not take besides comes
 * as warnings. With CNN2SNN_CHECK_QUANTIZEML they are quantized as QuantizeML does it (weights and activations of 4
 * bits for Akida 1.0, of 8 for 2.0, ranges of one random sample) and converted; cnn2snn_report_get_step() says which of
 * the two a fault is about, and the later step is taken as far as the faults of the first allow. Where quantization
 * stops at a layer, what follows isn't looked at: a warning says so.
 *
 * Models that are quantized already must meet the rules of conversion. A model that is not compatible is no failure of
 * the call.
 *
 * @param out_compatible 1 or 0.
 * @param out_report every fault and warning; never NULL on success, unless the argument is. The caller destroys it.
 */
CNN2SNN_API cnn2snn_status cnn2snn_check_model_compatibility(const cnn2snn_model *model,
                                                             const cnn2snn_check_options *options,
                                                             int32_t *out_compatible, cnn2snn_report **out_report,
                                                             cnn2snn_error **error);

/**
 * The rows of layers that become one Akida layer when a QuantizeML model is converted, as text or, with `json` other
 * than 0, as JSON: {"blocks": [{"akida_version", "akida_layer", "input_only", "layers": [...]}]}. It is the table
 * that conversion matches with.
 *
 * @param akida_version CNN2SNN_AKIDA_DEFAULT: both versions.
 */
CNN2SNN_API cnn2snn_status cnn2snn_supported_ops(cnn2snn_context *context, cnn2snn_akida_version akida_version,
                                                 int32_t json, cnn2snn_buffer **out_buffer, cnn2snn_error **error);

#ifdef __cplusplus
}
#endif

#endif
