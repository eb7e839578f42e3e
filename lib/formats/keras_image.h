/* SPDX-License-Identifier: Apache-2.0 */
/* From the image of a Keras HDF5 file to a model. */
#ifndef C2S_KERAS_IMAGE_H
#define C2S_KERAS_IMAGE_H

#include "formats/hdf5_image.h"
#include "formats/keras_config.h"

cnn2snn_status c2s_keras_image_read(struct c2s_image *image, const struct c2s_keras_read_settings *settings,
                                    cnn2snn_model **out_model, cnn2snn_error **error);

/* A copy of the model with the weights of a whole model or a file of weights. */
cnn2snn_status c2s_keras_image_read_weights(struct c2s_image *image, const cnn2snn_model *model,
                                            cnn2snn_model **out_model, cnn2snn_error **error);

#endif
