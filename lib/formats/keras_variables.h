/* SPDX-License-Identifier: Apache-2.0 */
/* Weights in the layout of .weights.h5, which Keras archives have as well (spec/keras-files.md 3.2). */
#ifndef C2S_KERAS_VARIABLES_H
#define C2S_KERAS_VARIABLES_H

#include "formats/hdf5_image.h"
#include "ir/graph.h"

/* The name of a class as groups have it: "global_average_pooling2d", "re_lu". Adds to `out`. */
void c2s_keras_snake_case(const char *class_name, struct c2s_text *out);

/* The container of a model's layers below a group, or NULL when the file has another layout. */
const struct c2s_image_object *c2s_keras_variables_find(const struct c2s_image_index *index, size_t group);

/* Gives the layers of a graph, which nobody else holds, the variables below a group. Shapes are inferred. */
cnn2snn_status c2s_keras_variables_assign(struct c2s_graph *graph, const struct c2s_image_index *index, size_t group,
                                          cnn2snn_error **error);

#endif
