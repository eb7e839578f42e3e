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
    CNN2SNN_INPUT_AUTO = 0,   /**< images where the input has 1 or 3 channels */
    CNN2SNN_INPUT_IMAGE = 1,  /**< the first layer becomes an InputConvolutional, which takes 8-bit images */
    CNN2SNN_INPUT_EVENTS = 2  /**< an InputData layer is put in front, which takes 4-bit events */
};

/** Settings of cnn2snn_convert(). */
typedef struct cnn2snn_convert_options {
    size_t struct_size;
    /**
     * akida_input = scale * keras_input + shift. Not given (has_input_scaling 0): taken from a Rescaling layer among
     * the first two, otherwise (1, 0). scale > 0; a shift becomes the padding value of images (0..255).
     */
    double input_scale;
    double input_shift;
    int32_t has_input_scaling;
    cnn2snn_input_mode input_mode;
    cnn2snn_akida_version akida_version; /**< default: for legacy-quantized models v1; v2 is refused for them */
    int32_t reserved;                    /**< 0 */
} cnn2snn_convert_options;
#define CNN2SNN_CONVERT_OPTIONS_INIT                                                                                  \
    {                                                                                                                 \
        sizeof(cnn2snn_convert_options), 1.0, 0.0, 0, 0, 0, 0                                                         \
    }
CNN2SNN_API cnn2snn_status cnn2snn_convert_options_init(cnn2snn_convert_options *options, size_t struct_size);

/**
 * Converts a quantized model.
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
 * gets "<model name>.fbz", a path without extension gets ".fbz", others stay. Missing folders are made when saving with
 * cnn2snn_convert_to_file().
 */
CNN2SNN_API cnn2snn_status cnn2snn_convert_file_path(const cnn2snn_model *model, const char *file_path,
                                                     cnn2snn_buffer **out_path, cnn2snn_error **error);

/** Converts and writes the file, by the rules of cnn2snn_convert_file_path(). `out_akida_model` may be NULL. */
CNN2SNN_API cnn2snn_status cnn2snn_convert_to_file(const cnn2snn_model *model, const cnn2snn_convert_options *options,
                                                   const char *file_path, cnn2snn_akida_model **out_akida_model,
                                                   cnn2snn_report **out_report, cnn2snn_error **error);

/** Settings of cnn2snn_check_model_compatibility(). */
typedef struct cnn2snn_check_options {
    size_t struct_size;
    /** CNN2SNN_INPUT_IMAGE is the toolkit's input_is_image=True: the first layer must be a Conv2D on 1 or 3 channels. */
    cnn2snn_input_mode input_mode;
    int32_t reserved; /**< 0 */
} cnn2snn_check_options;
#define CNN2SNN_CHECK_OPTIONS_INIT                                                                                    \
    {                                                                                                                 \
        sizeof(cnn2snn_check_options), 0, 0                                                                           \
    }
CNN2SNN_API cnn2snn_status cnn2snn_check_options_init(cnn2snn_check_options *options, size_t struct_size);

/**
 * The toolkit's check_model_compatibility() for models that CNN2SNN quantizes: whether the order and the parameters of
 * the layers suit Akida 1.0.
 *
 * Float models are asked what their quantized form must meet; what quantizing or converting them will not take besides
 * comes as warnings. Models that are quantized already must meet the rules of conversion, too. A model that is not
 * compatible is no failure of the call.
 *
 * @param out_compatible 1 or 0.
 * @param out_report every fault and warning; never NULL on success, unless the argument is. The caller destroys it.
 */
CNN2SNN_API cnn2snn_status cnn2snn_check_model_compatibility(const cnn2snn_model *model,
                                                             const cnn2snn_check_options *options,
                                                             int32_t *out_compatible, cnn2snn_report **out_report,
                                                             cnn2snn_error **error);

#ifdef __cplusplus
}
#endif

#endif
