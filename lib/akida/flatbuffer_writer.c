/* SPDX-License-Identifier: Apache-2.0 */
/* Decides where the objects of a written FlatBuffer lie. */
#include "akida/flatbuffer_writer.h"

#include <string.h>

size_t c2s_flat_take(struct c2s_flat_writer *writer, size_t size, size_t alignment)
{
    size_t position = (writer->size + alignment - 1) / alignment * alignment;
    if (writer->data && position > writer->size)
        memset(writer->data + writer->size, 0, position - writer->size);
    writer->size = position + size;
    return position;
}

static void put(struct c2s_flat_writer *writer, size_t position, uint64_t value, int size)
{
    if (writer->data)
        for (int i = 0; i < size; i++)
            writer->data[position + (size_t)i] = (unsigned char)(value >> 8 * i);
}

void c2s_flat_put_u8(struct c2s_flat_writer *writer, size_t position, uint8_t value)
{
    put(writer, position, value, 1);
}

void c2s_flat_put_u16(struct c2s_flat_writer *writer, size_t position, uint16_t value)
{
    put(writer, position, value, 2);
}

void c2s_flat_put_u32(struct c2s_flat_writer *writer, size_t position, uint32_t value)
{
    put(writer, position, value, 4);
}

void c2s_flat_put_f64(struct c2s_flat_writer *writer, size_t position, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put(writer, position, bits, 8);
}

void c2s_flat_put_bytes(struct c2s_flat_writer *writer, size_t position, const void *bytes, size_t size)
{
    if (writer->data && size)
        memcpy(writer->data + position, bytes, size);
}

size_t c2s_flat_add_vtable(struct c2s_flat_writer *writer, const uint16_t *entries, size_t count)
{
    size_t position = c2s_flat_take(writer, 2 * count, 2);
    for (size_t i = 0; i < count; i++)
        c2s_flat_put_u16(writer, position + 2 * i, entries[i]);
    return position;
}

/* Offsets count from the slot. */
static void point(struct c2s_flat_writer *writer, size_t slot, size_t position)
{
    c2s_flat_put_u32(writer, slot, (uint32_t)(position - slot));
}

size_t c2s_flat_add_table(struct c2s_flat_writer *writer, size_t slot, size_t vtable, size_t size, size_t alignment)
{
    size_t position = c2s_flat_take(writer, size, alignment);
    if (writer->data)
        memset(writer->data + position, 0, size);
    c2s_flat_put_u32(writer, position, (uint32_t)(position - vtable));
    point(writer, slot, position);
    return position;
}

size_t c2s_flat_add_vector(struct c2s_flat_writer *writer, size_t slot, size_t count, size_t element_size)
{
    size_t position = c2s_flat_take(writer, 4 + count * element_size, 4);
    c2s_flat_put_u32(writer, position, (uint32_t)count);
    point(writer, slot, position);
    return position;
}

size_t c2s_flat_add_string(struct c2s_flat_writer *writer, size_t slot, const char *text)
{
    size_t size = strlen(text), position = c2s_flat_take(writer, 4 + size + 1, 4);
    c2s_flat_put_u32(writer, position, (uint32_t)size);
    c2s_flat_put_bytes(writer, position + 4, text, size + 1);
    point(writer, slot, position);
    return position;
}
