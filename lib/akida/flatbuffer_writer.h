/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes a FlatBuffer front to back: each table in front of what it refers to, vtables first. With `data` NULL
 * nothing is written and only `size` grows, so that the same code first measures and then fills a block of just that
 * size.
 */
#ifndef C2S_FLATBUFFER_WRITER_H
#define C2S_FLATBUFFER_WRITER_H

#include <stddef.h>
#include <stdint.h>

struct c2s_flat_writer {
    unsigned char *data; /* of the size that was measured, or NULL */
    size_t size;         /* bytes so far */
};

/* Moves to a multiple of `alignment`, takes `size` bytes and gives their position. */
size_t c2s_flat_take(struct c2s_flat_writer *writer, size_t size, size_t alignment);

void c2s_flat_put_u8(struct c2s_flat_writer *writer, size_t position, uint8_t value);
void c2s_flat_put_u16(struct c2s_flat_writer *writer, size_t position, uint16_t value);
void c2s_flat_put_u32(struct c2s_flat_writer *writer, size_t position, uint32_t value);
void c2s_flat_put_f64(struct c2s_flat_writer *writer, size_t position, double value);
void c2s_flat_put_bytes(struct c2s_flat_writer *writer, size_t position, const void *bytes, size_t size);

/* A vtable: its own size, the table's size, and the offset of each field in the table (0: absent). Gives its
 * position. */
size_t c2s_flat_add_vtable(struct c2s_flat_writer *writer, const uint16_t *entries, size_t count);

/* The rest each add an object and make the offset at `slot` point to it; they give its position. */
size_t c2s_flat_add_table(struct c2s_flat_writer *writer, size_t slot, size_t vtable, size_t size, size_t alignment);
/* Position of the length; the caller writes all elements, which start 4 bytes behind it. */
size_t c2s_flat_add_vector(struct c2s_flat_writer *writer, size_t slot, size_t count, size_t element_size);
size_t c2s_flat_add_string(struct c2s_flat_writer *writer, size_t slot, const char *text);

#endif
