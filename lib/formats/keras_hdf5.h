/* SPDX-License-Identifier: Apache-2.0 */
/* Keras whole-model HDF5 files (spec/keras-files.md 1). */
#ifndef C2S_KERAS_HDF5_H
#define C2S_KERAS_HDF5_H

#include "cnn2snn/model.h"
#include "formats/keras_config.h"

cnn2snn_status c2s_keras_hdf5_load(cnn2snn_context *context, const char *path,
                                   const struct c2s_keras_read_settings *settings, cnn2snn_model **out_model,
                                   cnn2snn_error **error);
cnn2snn_status c2s_keras_hdf5_read(cnn2snn_context *context, const void *data, size_t size,
                                   const struct c2s_keras_read_settings *settings, cnn2snn_model **out_model,
                                   cnn2snn_error **error);
/* A copy of the model with the weights of a file of weights, or of a whole model. */
cnn2snn_status c2s_keras_hdf5_load_weights(const cnn2snn_model *model, const char *path, cnn2snn_model **out_model,
                                           cnn2snn_error **error);
cnn2snn_status c2s_keras_hdf5_write(const cnn2snn_model *model, cnn2snn_buffer **out_buffer, cnn2snn_error **error);
cnn2snn_status c2s_keras_hdf5_save(const cnn2snn_model *model, const char *path, cnn2snn_error **error);

#endif
