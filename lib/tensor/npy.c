/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides which .npy files are understood. The header is a Python dictionary of three known entries; no other Python
 * is taken. Sizes are compared with the file's before memory is allocated.
 */
#include "tensor/npy.h"

#include <stdio.h>
#include <string.h>

#include "base/byte_reader.h"
#include "base/checked.h"
#include "base/context.h"
#include "base/error.h"
#include "base/file.h"
#include "tensor/dtype.h"

enum { MAX_HEADER = 65536, ALIGNMENT = 64, MAGIC_SIZE = 6 };
static const char magic[] = "\x93NUMPY";

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
static const char native_order = '<';
#else
static const char native_order = '>';
#endif

struct header {
    cnn2snn_dtype dtype;
    bool swapped;
    bool fortran_order;
    size_t rank;
    int64_t shape[CNN2SNN_MAX_RANK];
    bool has_descr, has_order, has_shape;
};

/* ------------------------------------------------------------------------------------------------ Python literals */

struct scanner {
    cnn2snn_context *context;
    cnn2snn_error **error;
    const char *at, *end;
};

static cnn2snn_status malformed(struct scanner *scanner, const char *what)
{
    return c2s_error(scanner->context, scanner->error, CNN2SNN_E_MALFORMED, "F-npy", "header of .npy: %s", what);
}

static void skip_space(struct scanner *scanner)
{
    while (scanner->at < scanner->end && strchr(" \t\r\n", *scanner->at) && *scanner->at)
        scanner->at++;
}

/* The next character if it is `c`; moves on. */
static bool take(struct scanner *scanner, char c)
{
    skip_space(scanner);
    if (scanner->at == scanner->end || *scanner->at != c)
        return false;
    scanner->at++;
    return true;
}

static bool take_word(struct scanner *scanner, const char *word)
{
    size_t size = strlen(word);
    skip_space(scanner);
    if ((size_t)(scanner->end - scanner->at) < size || memcmp(scanner->at, word, size) != 0)
        return false;
    scanner->at += size;
    return true;
}

/* A string without escapes; *out points into the header. */
static bool take_string(struct scanner *scanner, const char **out, size_t *out_size)
{
    skip_space(scanner);
    if (scanner->at == scanner->end || (*scanner->at != '\'' && *scanner->at != '"'))
        return false;
    char quote = *scanner->at;
    const char *start = scanner->at + 1, *stop = start;
    while (stop < scanner->end && *stop != quote && *stop != '\\')
        stop++;
    if (stop == scanner->end || *stop != quote)
        return false;
    *out = start;
    *out_size = (size_t)(stop - start);
    scanner->at = stop + 1;
    return true;
}

static bool take_integer(struct scanner *scanner, int64_t *out)
{
    int64_t value = 0;
    skip_space(scanner);
    const char *start = scanner->at;
    for (; scanner->at < scanner->end && *scanner->at >= '0' && *scanner->at <= '9'; scanner->at++)
        if (!c2s_mul_i64(value, 10, &value) || !c2s_add_i64(value, *scanner->at - '0', &value))
            return false;
    if (scanner->at == start)
        return false;
    if (scanner->at < scanner->end && *scanner->at == 'L') /* of Python 2 */
        scanner->at++;
    *out = value;
    return true;
}

/* ------------------------------------------------------------------------------------------------ the header */

static const struct {
    const char *code;
    cnn2snn_dtype dtype;
} codes[] = {
    {"f4", CNN2SNN_DTYPE_FLOAT32}, {"f8", CNN2SNN_DTYPE_FLOAT64}, {"f2", CNN2SNN_DTYPE_FLOAT16},
    {"b1", CNN2SNN_DTYPE_BOOL},    {"i1", CNN2SNN_DTYPE_INT8},    {"i2", CNN2SNN_DTYPE_INT16},
    {"i4", CNN2SNN_DTYPE_INT32},   {"i8", CNN2SNN_DTYPE_INT64},   {"u1", CNN2SNN_DTYPE_UINT8},
    {"u2", CNN2SNN_DTYPE_UINT16},  {"u4", CNN2SNN_DTYPE_UINT32},  {"u8", CNN2SNN_DTYPE_UINT64},
};

enum { CODES = sizeof codes / sizeof *codes };

static cnn2snn_status read_descr(struct scanner *scanner, struct header *header)
{
    const char *text;
    size_t size;
    skip_space(scanner);
    if (scanner->at < scanner->end && *scanner->at == '[')
        return c2s_error(scanner->context, scanner->error, CNN2SNN_E_UNSUPPORTED, "F-npy",
                         "structured elements, expected numbers");
    if (!take_string(scanner, &text, &size))
        return malformed(scanner, "descr is not a string");
    bool has_order = size && memchr("<>=|", *text, 4);
    char order = has_order ? *text : '=';
    const char *code = text + has_order;
    size_t code_size = size - has_order;
    for (int i = 0; i < CODES; i++)
        if (code_size == 2 && !memcmp(code, codes[i].code, 2)) {
            header->dtype = codes[i].dtype;
            header->swapped = (order == '<' || order == '>') && order != native_order;
            return CNN2SNN_OK;
        }
    return c2s_error(scanner->context, scanner->error, CNN2SNN_E_UNSUPPORTED, "F-npy",
                     "elements of type '%.*s', expected numbers of at most 64 bits", (int)(size < 40 ? size : 40),
                     text);
}

static cnn2snn_status read_shape(struct scanner *scanner, struct header *header)
{
    if (!take(scanner, '('))
        return malformed(scanner, "shape is not a tuple");
    for (header->rank = 0; !take(scanner, ')');) {
        int64_t extent;
        if (!take_integer(scanner, &extent))
            return malformed(scanner, "shape holds something else than natural numbers below 2^63");
        if (header->rank == CNN2SNN_MAX_RANK)
            return c2s_error(scanner->context, scanner->error, CNN2SNN_E_LIMIT, "T-rank", "more than %d dimensions",
                             CNN2SNN_MAX_RANK);
        header->shape[header->rank++] = extent;
        skip_space(scanner);
        if (!take(scanner, ',') && (scanner->at == scanner->end || *scanner->at != ')' || header->rank == 1))
            return malformed(scanner, "shape is not a tuple"); /* (3) is none in Python */
    }
    return CNN2SNN_OK;
}

static cnn2snn_status read_entry(struct scanner *scanner, struct header *header)
{
    const char *key;
    size_t size;
    if (!take_string(scanner, &key, &size) || !take(scanner, ':'))
        return malformed(scanner, "not a dictionary");
    bool *seen = NULL;
    cnn2snn_status status = CNN2SNN_OK;
    if (size == 5 && !memcmp(key, "descr", 5)) {
        seen = &header->has_descr;
        status = read_descr(scanner, header);
    } else if (size == 5 && !memcmp(key, "shape", 5)) {
        seen = &header->has_shape;
        status = read_shape(scanner, header);
    } else if (size == 13 && !memcmp(key, "fortran_order", 13)) {
        seen = &header->has_order;
        header->fortran_order = take_word(scanner, "True");
        if (!header->fortran_order && !take_word(scanner, "False"))
            return malformed(scanner, "fortran_order is neither True nor False");
    }
    if (status)
        return status;
    if (!seen || *seen)
        return malformed(scanner, seen ? "an entry twice" : "an unknown entry");
    *seen = true;
    return CNN2SNN_OK;
}

static cnn2snn_status read_header(struct scanner *scanner, struct header *header)
{
    if (!take(scanner, '{'))
        return malformed(scanner, "not a dictionary");
    while (!take(scanner, '}')) {
        C2S_TRY(read_entry(scanner, header));
        skip_space(scanner);
        if (!take(scanner, ',') && (scanner->at == scanner->end || *scanner->at != '}'))
            return malformed(scanner, "not a dictionary");
    }
    skip_space(scanner);
    if (scanner->at != scanner->end)
        return malformed(scanner, "something behind the dictionary");
    if (!header->has_descr || !header->has_order || !header->has_shape)
        return malformed(scanner, "descr, fortran_order or shape is missing");
    return CNN2SNN_OK;
}

/* Finds the header's text; the reader stands at the data afterwards. */
static cnn2snn_status find_header(cnn2snn_context *context, struct c2s_byte_reader *reader, struct scanner *scanner,
                                  cnn2snn_error **error)
{
    const unsigned char *start = c2s_bytes_take(reader, MAGIC_SIZE);
    uint8_t major = 0, minor = 0;
    uint16_t short_size;
    uint32_t size;
    if (!start || memcmp(start, magic, MAGIC_SIZE) || !c2s_read_u8(reader, &major) || !c2s_read_u8(reader, &minor))
        return c2s_error(context, error, CNN2SNN_E_MALFORMED, "F-npy", "not a .npy file");
    if (major < 1 || major > 3 || minor)
        return c2s_error(context, error, CNN2SNN_E_UNSUPPORTED, "F-npy",
                         ".npy version %d.%d, expected 1.0, 2.0 or 3.0", major, minor);
    bool there = major == 1 ? c2s_read_u16(reader, &short_size) : c2s_read_u32(reader, &size);
    if (there && major == 1)
        size = short_size;
    const unsigned char *text = there ? c2s_bytes_take(reader, size) : NULL;
    if (!text)
        return c2s_error(context, error, CNN2SNN_E_MALFORMED, "F-npy", "header of .npy: the file ends before it");
    if (size > MAX_HEADER)
        return c2s_error(context, error, CNN2SNN_E_LIMIT, "F-npy", "header of .npy: %u bytes, expected at most %d",
                         (unsigned)size, MAX_HEADER);
    *scanner = (struct scanner){context, error, (const char *)text, (const char *)text + size};
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ the data */

static void swap_bytes(unsigned char *data, uint64_t count, size_t size)
{
    for (; count; count--, data += size)
        for (size_t i = 0; i < size / 2; i++) {
            unsigned char byte = data[i];
            data[i] = data[size - 1 - i];
            data[size - 1 - i] = byte;
        }
}

/* A tensor of its own, in C order and the machine's byte order. */
static cnn2snn_status copy_data(cnn2snn_context *context, const struct header *header, const unsigned char *data,
                                cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    size_t element = c2s_dtype_size(header->dtype);
    int64_t strides[CNN2SNN_MAX_RANK] = {0}, step = (int64_t)element;
    for (size_t i = 0; i < header->rank; i++) {
        size_t axis = header->fortran_order ? i : header->rank - 1 - i;
        strides[axis] = step;
        if (!c2s_mul_i64(step, header->shape[axis] ? header->shape[axis] : 1, &step))
            return c2s_error(context, error, CNN2SNN_E_LIMIT, "T-elements", "too many elements");
    }
    cnn2snn_tensor *seen = NULL, *tensor = NULL;
    C2S_TRY(c2s_tensor_wrap(context, header->dtype, header->rank, header->shape, strides, data, NULL, NULL, &seen,
                            error));
    cnn2snn_status status = CNN2SNN_OK;
    if (seen->owned)
        tensor = c2s_tensor_retain(seen);
    else
        status = c2s_tensor_copy(seen, &tensor, error);
    c2s_tensor_release(seen);
    if (status)
        return status;
    if (header->swapped)
        swap_bytes(tensor->data, tensor->count, element);
    if (header->dtype == CNN2SNN_DTYPE_BOOL)
        for (unsigned char *byte = tensor->data, *end = byte + tensor->size; byte < end; byte++)
            *byte = *byte != 0;
    *out_tensor = tensor;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_npy_read_layout(cnn2snn_context *context, const void *head, size_t head_size, uint64_t file_size,
                                   struct c2s_npy_layout *out_layout, cnn2snn_error **error)
{
    struct c2s_byte_reader reader = {head, head_size, 0};
    struct scanner scanner = {0};
    struct header header = {0};
    uint64_t count = 0, bytes = 0;
    C2S_TRY(find_header(context, &reader, &scanner, error));
    C2S_TRY(read_header(&scanner, &header));
    C2S_TRY(c2s_shape_count(context, header.rank, header.shape, &count, error));
    bool fits = !__builtin_mul_overflow(count, (uint64_t)c2s_dtype_size(header.dtype), &bytes);
    if (!fits || file_size < reader.position || bytes != file_size - reader.position) {
        char text[256];
        return c2s_error(context, error, CNN2SNN_E_MALFORMED, "F-npy", "%llu bytes of data, expected %s of %s",
                         (unsigned long long)(file_size - reader.position),
                         c2s_shape_print(header.rank, header.shape, text, sizeof text), c2s_dtype_name(header.dtype));
    }
    *out_layout = (struct c2s_npy_layout){.dtype = header.dtype,
                                          .swapped = header.swapped,
                                          .fortran_order = header.fortran_order,
                                          .rank = header.rank,
                                          .data_offset = reader.position};
    memcpy(out_layout->shape, header.shape, sizeof header.shape);
    return CNN2SNN_OK;
}

void c2s_npy_settle(const struct c2s_npy_layout *layout, void *elements, uint64_t count)
{
    if (layout->swapped)
        swap_bytes(elements, count, c2s_dtype_size(layout->dtype));
    if (layout->dtype == CNN2SNN_DTYPE_BOOL)
        for (unsigned char *byte = elements, *end = byte + count; byte < end; byte++)
            *byte = *byte != 0;
}

cnn2snn_status c2s_npy_read(cnn2snn_context *context, const void *data, size_t size, cnn2snn_tensor **out_tensor,
                            cnn2snn_error **error)
{
    struct c2s_byte_reader reader = {data, size, 0};
    struct scanner scanner = {0};
    struct header header = {0};
    uint64_t count = 0, bytes = 0;
    C2S_TRY(find_header(context, &reader, &scanner, error));
    C2S_TRY(read_header(&scanner, &header));
    C2S_TRY(c2s_shape_count(context, header.rank, header.shape, &count, error));
    bool fits = !__builtin_mul_overflow(count, (uint64_t)c2s_dtype_size(header.dtype), &bytes);
    if (!fits || bytes != c2s_bytes_left(&reader)) {
        char text[256];
        return c2s_error(context, error, CNN2SNN_E_MALFORMED, "F-npy", "%zu bytes of data, expected %s of %s",
                         c2s_bytes_left(&reader), c2s_shape_print(header.rank, header.shape, text, sizeof text),
                         c2s_dtype_name(header.dtype));
    }
    return copy_data(context, &header, reader.data + reader.position, out_tensor, error);
}

cnn2snn_status c2s_npy_load(cnn2snn_context *context, const char *path, cnn2snn_tensor **out_tensor,
                            cnn2snn_error **error)
{
    cnn2snn_buffer *buffer = NULL;
    C2S_TRY(c2s_file_read(context, path, &buffer, error));
    cnn2snn_status status = c2s_npy_read(context, buffer->data, buffer->size, out_tensor, error);
    if (status)
        c2s_error_set_file(error, path);
    c2s_buffer_destroy(buffer);
    return status;
}

/* ------------------------------------------------------------------------------------------------ writing */

static const char *code_of(cnn2snn_dtype dtype)
{
    int i = 0;
    while (codes[i].dtype != dtype)
        i++;
    return codes[i].code;
}

void c2s_npy_write(const cnn2snn_tensor *tensor, struct c2s_text *out)
{
    char shape[256], dictionary[400], header[512];
    int size = snprintf(dictionary, sizeof dictionary, "{'descr': '%c%s', 'fortran_order': False, 'shape': %s, }",
                        c2s_dtype_size(tensor->dtype) == 1 ? '|' : native_order, code_of(tensor->dtype),
                        c2s_shape_print(tensor->rank, tensor->shape, shape, sizeof shape));
    /* Spaces and a newline bring the data to a multiple of the alignment. */
    size_t total = (MAGIC_SIZE + 4 + (size_t)size + 1 + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    size_t text_size = total - MAGIC_SIZE - 4;
    memcpy(header, magic, MAGIC_SIZE);
    header[6] = 1;
    header[7] = 0;
    header[8] = (char)(text_size & 255);
    header[9] = (char)(text_size >> 8);
    snprintf(header + 10, sizeof header - 10, "%-*s\n", (int)text_size - 1, dictionary);
    c2s_text_add_bytes(out, header, total);
    c2s_text_add_bytes(out, tensor->data, tensor->size);
}

cnn2snn_status c2s_npy_save(const cnn2snn_tensor *tensor, const char *path, cnn2snn_error **error)
{
    struct c2s_text text;
    c2s_text_init(&text, tensor->context);
    c2s_npy_write(tensor, &text);
    cnn2snn_status status =
        text.failed ? c2s_error_no_memory(error) : c2s_file_write(tensor->context, path, text.data, text.size, error);
    c2s_text_free(&text);
    return status;
}
