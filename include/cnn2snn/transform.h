/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Rewrites of models. Each gives a new model and leaves the old one as it is, unless it says so.
 *
 * Thread safety: as for models.
 */
#ifndef CNN2SNN_TRANSFORM_H
#define CNN2SNN_TRANSFORM_H

#include "cnn2snn/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * A functional model as a Sequential, or as Sequential sub-models joined by Concatenate layers where it branches.
 * @return CNN2SNN_E_INCOMPATIBLE (channels_first, several inputs or outputs, shared layers, other merges ...),
 *         CNN2SNN_E_VALUE (dilation).
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_sequentialize(const cnn2snn_model *model, cnn2snn_model **out_model,
                                                       cnn2snn_error **error);
/** Dropout removed, max pooling before its activation, batch normalization before its pooling, then folded. */
CNN2SNN_API cnn2snn_status cnn2snn_model_syncretize(const cnn2snn_model *model, cnn2snn_model **out_model,
                                                    cnn2snn_error **error);
/** sequentialize, then syncretize; CNN2SNN_E_INCOMPATIBLE where several branches remain. What conversion starts with.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_prepare_to_convert(const cnn2snn_model *model, cnn2snn_model **out_model,
                                                            cnn2snn_error **error);
/** Puts BatchNormalization in front of the max or global average pooling before it. Sequential models only. */
CNN2SNN_API cnn2snn_status cnn2snn_model_invert_batchnorm_pooling(const cnn2snn_model *model,
                                                                  cnn2snn_model **out_model, cnn2snn_error **error);
/** Folds BatchNormalization into the layer right before it. Sequential models only. */
CNN2SNN_API cnn2snn_status cnn2snn_model_fold_batchnorm(const cnn2snn_model *model, cnn2snn_model **out_model,
                                                        cnn2snn_error **error);
/** Another input size: rows and columns; the channels stay. Sequential models only; CNN2SNN_E_VALUE if weights don't
 * fit. */
CNN2SNN_API cnn2snn_status cnn2snn_model_reshape(const cnn2snn_model *model, int64_t input_rows,
                                                 int64_t input_columns, cnn2snn_model **out_model,
                                                 cnn2snn_error **error);

/**
 * Evens out the sizes of filters and of the weights that read them, layer by layer in one pass, so that quantizers of
 * one scale lose less. Filters that several layers or the user read stay as they are.
 * @return CNN2SNN_E_INDEX for a layer without bias, CNN2SNN_E_VALUE where filters and channels don't match.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_cross_layer_scaling(const cnn2snn_model *model, cnn2snn_model **out_model,
                                                             cnn2snn_error **error);
/**
 * How alike the filters of each Conv2D, SeparableConv2D and Dense layer are: mean over the filters of their largest
 * |weight| to the largest of the layer; 1 where all are alike, NaN where all are zeros.
 *
 * @param capacity entries that the two arrays have room for; *out_count says how many there are, also when they don't
 * fit.
 * @param out_names names of the layers, borrowed from the model; may be NULL if capacity is 0.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_weights_homogeneity(const cnn2snn_model *model, size_t capacity,
                                                             const char **out_names, float *out_rates,
                                                             size_t *out_count, cnn2snn_error **error);
/**
 * Brings the depthwise kernel of a SeparableConv2D into [-1, 1] and gives its size to the pointwise kernel. Changes
 * the model, which nobody else may use meanwhile.
 * @return CNN2SNN_E_VALUE for other layers, and if there is none of that name.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_normalize_separable_layer(cnn2snn_model *model, const char *layer_name,
                                                                   cnn2snn_error **error);
/** The same for all separable layers, as a new model (normalize_separable_model). */
CNN2SNN_API cnn2snn_status cnn2snn_model_normalize_separable(const cnn2snn_model *model, cnn2snn_model **out_model,
                                                             cnn2snn_error **error);
/**
 * Lowers the max_value of each QuantizedReLU to the largest output that the samples give when the layer before it has
 * float weights.
 *
 * @param samples the number of samples in front. All of them count.
 * @param batch_size samples looked at together; 0: chosen. Not seen in the result.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_activations_rescaling(const cnn2snn_model *model,
                                                               const cnn2snn_tensor *samples, int64_t batch_size,
                                                               cnn2snn_model **out_model, cnn2snn_error **error);
/** The same with samples that are read a few at a time. */
CNN2SNN_API cnn2snn_status cnn2snn_model_activations_rescaling_samples(const cnn2snn_model *model,
                                                                       cnn2snn_samples *samples, int64_t batch_size,
                                                                       cnn2snn_model **out_model,
                                                                       cnn2snn_error **error);

/**
 * Writes otherwise what keeps a model from Akida 1.0 and has a form that suits it: paddings of poolings, the order of
 * activations, Flatten and Reshape, activations inside of layers, dilation, depthwise convolutions, batch
 * normalization and rescaling in other places, missing or null gammas, shared layers. The outputs stay the same for
 * inputs that are not negative, as Akida's are, up to rounding. What can't be mended stays:
 * cnn2snn_check_model_compatibility() tells.
 *
 * @param out_model a Sequential.
 * @param out_report what was done: an entry of severity INFO for each, with rule and layer; may be NULL.
 * @return CNN2SNN_E_INCOMPATIBLE for models that are no row of layers.
 */
CNN2SNN_API cnn2snn_status cnn2snn_model_mend(const cnn2snn_model *model, cnn2snn_model **out_model,
                                              cnn2snn_report **out_report, cnn2snn_error **error);

#ifdef __cplusplus
}
#endif

#endif
