/* SPDX-License-Identifier: Apache-2.0 */
/* Variables of a layer as vectors that a stage owns. */
#ifndef C2S_STAGE_VECTORS_H
#define C2S_STAGE_VECTORS_H

#include "simulate/stage.h"

struct c2s_preparation {
    const cnn2snn_akida_model *model;
    const struct c2s_akida_layer *layer;
    const struct c2s_akida_shapes *shapes;
    struct c2s_stage *stage;
    cnn2snn_error **error;
};

/* A parameter that must be in a range; `otherwise` where it is missing. */
cnn2snn_status c2s_prepare_parameter(const struct c2s_preparation *at, const char *key, int32_t otherwise,
                                     int32_t low, int32_t high, int32_t *out);

/* Memory of the stage: zeros. */
cnn2snn_status c2s_prepare_memory(const struct c2s_preparation *at, uint64_t count, size_t size, void **out);

/* The largest sum that weights [rows][filters] can give with inputs of this magnitude. */
int64_t c2s_largest_sum(const int8_t *weights, uint64_t rows, int64_t filters, int64_t magnitude);

/* Frees memory of the stage that isn't needed any more; NULL is fine. */
void c2s_prepare_release(const struct c2s_preparation *at, const void *memory);

/* The variable as int32, or float32; its initial value where the file has none. Checked against the table of
 * variables. */
cnn2snn_status c2s_prepare_integers(const struct c2s_preparation *at, const char *name, const int32_t **out);
cnn2snn_status c2s_prepare_floats(const struct c2s_preparation *at, const char *name, const float **out);
/* The same with values from -31 to 31, or from -62 where the buffer has 44 bits. */
cnn2snn_status c2s_prepare_shifts(const struct c2s_preparation *at, const char *name, const int32_t **out);
/* Weights; `flip` turns both spatial axes round. */
cnn2snn_status c2s_prepare_weights(const struct c2s_preparation *at, const char *name, bool flip, const int8_t **out);

#endif
