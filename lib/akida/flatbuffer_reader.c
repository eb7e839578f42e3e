/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which bytes of a FlatBuffer may be believed (spec/fbz.md 7). */
#include "akida/flatbuffer_reader.h"

#include <string.h>

#include "base/error.h"

static cnn2snn_status malformed(const struct c2s_flat_buffer *buffer, uint64_t position, const char *what,
                                cnn2snn_error **error)
{
    c2s_error(buffer->context, error, CNN2SNN_E_MALFORMED, "F-flatbuffer", "%s", what);
    c2s_error_set_offset(error, (int64_t)position);
    return CNN2SNN_E_MALFORMED;
}

/* Follows the offset at `slot`; there are at least 4 bytes where it leads. */
static cnn2snn_status follow(const struct c2s_flat_buffer *buffer, uint64_t slot, uint32_t *out,
                             cnn2snn_error **error)
{
    uint32_t offset;
    if (!c2s_read_u32_at(&buffer->bytes, slot, &offset))
        return malformed(buffer, slot, "an offset lies beyond the end", error);
    uint64_t target = slot + offset;
    if (!offset || offset > INT32_MAX || !c2s_bytes_at(&buffer->bytes, target, 4))
        return malformed(buffer, slot, "an offset leads out of the file", error);
    *out = (uint32_t)target;
    return CNN2SNN_OK;
}

static cnn2snn_status open_table(struct c2s_flat_buffer *buffer, uint64_t slot, struct c2s_flat_table *out,
                                 cnn2snn_error **error)
{
    uint32_t position, back;
    uint16_t vtable_size, table_size;
    C2S_TRY(follow(buffer, slot, &position, error));
    if (position % 4 || !c2s_read_u32_at(&buffer->bytes, position, &back))
        return malformed(buffer, position, "a table isn't aligned", error);
    int64_t vtable = (int64_t)position - (int32_t)back;
    if (vtable < 0 || vtable % 2 || !c2s_read_u16_at(&buffer->bytes, (uint64_t)vtable, &vtable_size) ||
        !c2s_read_u16_at(&buffer->bytes, (uint64_t)vtable + 2, &table_size) || vtable_size < 4 || vtable_size % 2 ||
        !c2s_bytes_at(&buffer->bytes, (uint64_t)vtable, vtable_size))
        return malformed(buffer, position, "a table has a bad vtable", error);
    if (table_size < 4 || !c2s_bytes_at(&buffer->bytes, position, table_size))
        return malformed(buffer, position, "a table is longer than the file", error);
    *out = (struct c2s_flat_table){buffer, position, table_size, (uint32_t)vtable, (vtable_size - 4u) / 2};
    return CNN2SNN_OK;
}

/* Where the field is in the file; 0 when absent. */
static cnn2snn_status field_at(const struct c2s_flat_table *table, uint32_t field, uint32_t size, uint64_t *out,
                               cnn2snn_error **error)
{
    uint16_t offset = 0;
    if (field < table->field_count &&
        !c2s_read_u16_at(&table->buffer->bytes, table->vtable + 4u + 2u * (uint64_t)field, &offset))
        return malformed(table->buffer, table->vtable, "a table has a bad vtable", error);
    if (offset && (offset < 4 || offset + size > table->size))
        return malformed(table->buffer, table->position, "a field lies outside of its table", error);
    *out = offset ? (uint64_t)table->position + offset : 0;
    return CNN2SNN_OK;
}

static cnn2snn_status open_vector(const struct c2s_flat_buffer *buffer, uint64_t slot, uint32_t element_size,
                                  struct c2s_flat_vector *out, cnn2snn_error **error)
{
    uint32_t position, count = 0;
    C2S_TRY(follow(buffer, slot, &position, error));
    if (!c2s_read_u32_at(&buffer->bytes, position, &count) ||
        !c2s_bytes_at(&buffer->bytes, position + UINT64_C(4), (uint64_t)count * element_size))
        return malformed(buffer, position, "a vector is longer than the file", error);
    *out = (struct c2s_flat_vector){position + 4, count};
    return CNN2SNN_OK;
}

/* Length of the UTF-8 sequence at `text`, or 0 when it is none (or a '\0'). */
static size_t sequence_size(const unsigned char *text, size_t left)
{
    static const uint32_t smallest[5] = {0, 1, 0x80, 0x800, 0x10000};
    size_t size = text[0] < 0x80 ? 1 : text[0] >> 5 == 6 ? 2 : text[0] >> 4 == 14 ? 3 : text[0] >> 3 == 30 ? 4 : 0;
    if (!size || size > left)
        return 0;
    uint32_t code = size == 1 ? text[0] : text[0] & (0x7fu >> size);
    for (size_t i = 1; i < size; i++) {
        if (text[i] >> 6 != 2)
            return 0;
        code = code << 6 | (text[i] & 63);
    }
    return code < smallest[size] || code > 0x10ffff || code >> 11 == 27 ? 0 : size;
}

static cnn2snn_status check_string(struct c2s_flat_buffer *buffer, const struct c2s_flat_vector *string,
                                   cnn2snn_error **error)
{
    C2S_TRY(c2s_flat_charge(buffer, string->count + UINT64_C(1), error));
    const unsigned char *text = c2s_flat_bytes(buffer, string);
    for (size_t i = 0, size; i < string->count; i += size) {
        size = sequence_size(text + i, string->count - i);
        if (!size)
            return malformed(buffer, string->position + i, "a string isn't UTF-8, or holds a NUL", error);
    }
    return CNN2SNN_OK;
}

cnn2snn_status c2s_flat_root(struct c2s_flat_buffer *buffer, struct c2s_flat_table *out, cnn2snn_error **error)
{
    return open_table(buffer, 0, out, error);
}

cnn2snn_status c2s_flat_charge(struct c2s_flat_buffer *buffer, uint64_t amount, cnn2snn_error **error)
{
    if (amount > buffer->budget)
        return c2s_error(buffer->context, error, CNN2SNN_E_MALFORMED, "F-flatbuffer",
                         "parts of the file are used so often that the model would be much larger than the file");
    buffer->budget -= amount;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_flat_get_u8(const struct c2s_flat_table *table, uint32_t field, int32_t *out,
                               cnn2snn_error **error)
{
    uint64_t position;
    uint8_t value;
    C2S_TRY(field_at(table, field, 1, &position, error));
    if (position && c2s_read_u8_at(&table->buffer->bytes, position, &value))
        *out = value;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_flat_get_i8(const struct c2s_flat_table *table, uint32_t field, int32_t *out,
                               cnn2snn_error **error)
{
    int32_t value = (uint8_t)*out;
    C2S_TRY(c2s_flat_get_u8(table, field, &value, error));
    *out = (int8_t)value;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_flat_get_i32(const struct c2s_flat_table *table, uint32_t field, int32_t *out,
                                cnn2snn_error **error)
{
    uint64_t position;
    uint32_t value;
    C2S_TRY(field_at(table, field, 4, &position, error));
    if (position && c2s_read_u32_at(&table->buffer->bytes, position, &value))
        *out = (int32_t)value;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_flat_get_f64(const struct c2s_flat_table *table, uint32_t field, double *out,
                                cnn2snn_error **error)
{
    uint64_t position, bits;
    C2S_TRY(field_at(table, field, 8, &position, error));
    if (position && c2s_read_u64_at(&table->buffer->bytes, position, &bits))
        memcpy(out, &bits, sizeof *out);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_flat_get_table(const struct c2s_flat_table *table, uint32_t field, struct c2s_flat_table *out,
                                  bool *out_there, cnn2snn_error **error)
{
    uint64_t position;
    C2S_TRY(field_at(table, field, 4, &position, error));
    *out_there = position != 0;
    return position ? open_table(table->buffer, position, out, error) : CNN2SNN_OK;
}

cnn2snn_status c2s_flat_get_vector(const struct c2s_flat_table *table, uint32_t field, uint32_t element_size,
                                   struct c2s_flat_vector *out, cnn2snn_error **error)
{
    uint64_t position;
    *out = (struct c2s_flat_vector){0, 0};
    C2S_TRY(field_at(table, field, 4, &position, error));
    return position ? open_vector(table->buffer, position, element_size, out, error) : CNN2SNN_OK;
}

cnn2snn_status c2s_flat_get_string(const struct c2s_flat_table *table, uint32_t field, struct c2s_flat_vector *out,
                                   cnn2snn_error **error)
{
    C2S_TRY(c2s_flat_get_vector(table, field, 1, out, error));
    return out->position ? check_string(table->buffer, out, error) : CNN2SNN_OK;
}

cnn2snn_status c2s_flat_table_at(struct c2s_flat_buffer *buffer, const struct c2s_flat_vector *vector, uint32_t index,
                                 struct c2s_flat_table *out, cnn2snn_error **error)
{
    return open_table(buffer, vector->position + UINT64_C(4) * index, out, error);
}

cnn2snn_status c2s_flat_string_at(struct c2s_flat_buffer *buffer, const struct c2s_flat_vector *vector,
                                  uint32_t index, struct c2s_flat_vector *out, cnn2snn_error **error)
{
    C2S_TRY(open_vector(buffer, vector->position + UINT64_C(4) * index, 1, out, error));
    return check_string(buffer, out, error);
}

const unsigned char *c2s_flat_bytes(const struct c2s_flat_buffer *buffer, const struct c2s_flat_vector *vector)
{
    return buffer->bytes.data + vector->position;
}

uint32_t c2s_flat_count_unknown(const struct c2s_flat_table *table, uint32_t known)
{
    uint32_t count = 0;
    for (uint32_t field = 0; field < table->field_count; field++) {
        uint16_t offset = 0;
        if (!(field < 32 && known >> field & 1) &&
            c2s_read_u16_at(&table->buffer->bytes, table->vtable + 4u + 2u * (uint64_t)field, &offset) && offset)
            count++;
    }
    return count;
}
