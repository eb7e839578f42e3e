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
/** sequentialize, then syncretize; CNN2SNN_E_INCOMPATIBLE where several branches remain. What conversion starts with. */
CNN2SNN_API cnn2snn_status cnn2snn_model_prepare_to_convert(const cnn2snn_model *model, cnn2snn_model **out_model,
                                                            cnn2snn_error **error);
/** Puts BatchNormalization in front of the max or global average pooling before it. Sequential models only. */
CNN2SNN_API cnn2snn_status cnn2snn_model_invert_batchnorm_pooling(const cnn2snn_model *model,
                                                                  cnn2snn_model **out_model, cnn2snn_error **error);
/** Folds BatchNormalization into the layer right before it. Sequential models only. */
CNN2SNN_API cnn2snn_status cnn2snn_model_fold_batchnorm(const cnn2snn_model *model, cnn2snn_model **out_model,
                                                        cnn2snn_error **error);
/** Another input size: rows and columns; the channels stay. Sequential models only; CNN2SNN_E_VALUE if weights don't fit. */
CNN2SNN_API cnn2snn_status cnn2snn_model_reshape(const cnn2snn_model *model, int64_t input_rows, int64_t input_columns,
                                                 cnn2snn_model **out_model, cnn2snn_error **error);

#ifdef __cplusplus
}
#endif

#endif
