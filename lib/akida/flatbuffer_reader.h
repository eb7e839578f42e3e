/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads FlatBuffers that nobody trusts: every offset, vtable, field and length is checked when it is followed.
 * Objects may be shared by any number of references; so that a small file can't describe a huge model, the caller
 * charges what it makes of the file to a budget.
 */
#ifndef C2S_FLATBUFFER_READER_H
#define C2S_FLATBUFFER_READER_H

#include <stdbool.h>

#include "base/byte_reader.h"
#include "cnn2snn/base.h"

struct c2s_flat_buffer {
    cnn2snn_context *context;
    struct c2s_byte_reader bytes;
    uint64_t budget;
};

struct c2s_flat_table {
    struct c2s_flat_buffer *buffer;
    uint32_t position, size;
    uint32_t vtable;
    uint32_t field_count;
};

struct c2s_flat_vector { /* also of strings */
    uint32_t position;   /* of the first element; 0: the field is absent */
    uint32_t count;
};

cnn2snn_status c2s_flat_root(struct c2s_flat_buffer *buffer, struct c2s_flat_table *out, cnn2snn_error **error);

/* Takes `amount` from the budget; CNN2SNN_E_MALFORMED when there isn't as much left. */
cnn2snn_status c2s_flat_charge(struct c2s_flat_buffer *buffer, uint64_t amount, cnn2snn_error **error);

/* Scalars; *out keeps its value where the field is absent. */
cnn2snn_status c2s_flat_get_u8(const struct c2s_flat_table *table, uint32_t field, int32_t *out,
                               cnn2snn_error **error);
cnn2snn_status c2s_flat_get_i8(const struct c2s_flat_table *table, uint32_t field, int32_t *out,
                               cnn2snn_error **error);
cnn2snn_status c2s_flat_get_i32(const struct c2s_flat_table *table, uint32_t field, int32_t *out,
                                cnn2snn_error **error);
cnn2snn_status c2s_flat_get_f64(const struct c2s_flat_table *table, uint32_t field, double *out,
                                cnn2snn_error **error);

/* *out_there is false where the field is absent. */
cnn2snn_status c2s_flat_get_table(const struct c2s_flat_table *table, uint32_t field, struct c2s_flat_table *out,
                                  bool *out_there, cnn2snn_error **error);
cnn2snn_status c2s_flat_get_vector(const struct c2s_flat_table *table, uint32_t field, uint32_t element_size,
                                   struct c2s_flat_vector *out, cnn2snn_error **error);
/* The string is UTF-8 without '\0', and charged to the budget. */
cnn2snn_status c2s_flat_get_string(const struct c2s_flat_table *table, uint32_t field, struct c2s_flat_vector *out,
                                   cnn2snn_error **error);

/* Elements of a vector of offsets; index < count. */
cnn2snn_status c2s_flat_table_at(struct c2s_flat_buffer *buffer, const struct c2s_flat_vector *vector, uint32_t index,
                                 struct c2s_flat_table *out, cnn2snn_error **error);
cnn2snn_status c2s_flat_string_at(struct c2s_flat_buffer *buffer, const struct c2s_flat_vector *vector,
                                  uint32_t index, struct c2s_flat_vector *out, cnn2snn_error **error);

/* The bytes of a vector or string. */
const unsigned char *c2s_flat_bytes(const struct c2s_flat_buffer *buffer, const struct c2s_flat_vector *vector);

/* Number of fields that are present although their bit in `known` isn't set. */
uint32_t c2s_flat_count_unknown(const struct c2s_flat_table *table, uint32_t known);

#endif
