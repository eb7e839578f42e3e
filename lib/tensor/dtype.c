/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides how element types are named and how values change from one to another. A conversion goes block by block
 * through the widest type of its source's class (double, int64_t, uint64_t), which loses nothing.
 */
#include "tensor/dtype.h"

#include <math.h>
#include <string.h>

static const struct {
    const char *name;
    size_t size;
} dtypes[] = {
    [CNN2SNN_DTYPE_NONE] = {"unknown", 0},    [CNN2SNN_DTYPE_FLOAT32] = {"float32", 4},
    [CNN2SNN_DTYPE_FLOAT64] = {"float64", 8}, [CNN2SNN_DTYPE_FLOAT16] = {"float16", 2},
    [CNN2SNN_DTYPE_BOOL] = {"bool", 1},       [CNN2SNN_DTYPE_INT8] = {"int8", 1},
    [CNN2SNN_DTYPE_INT16] = {"int16", 2},     [CNN2SNN_DTYPE_INT32] = {"int32", 4},
    [CNN2SNN_DTYPE_INT64] = {"int64", 8},     [CNN2SNN_DTYPE_UINT8] = {"uint8", 1},
    [CNN2SNN_DTYPE_UINT16] = {"uint16", 2},   [CNN2SNN_DTYPE_UINT32] = {"uint32", 4},
    [CNN2SNN_DTYPE_UINT64] = {"uint64", 8},
};

enum { DTYPES = sizeof dtypes / sizeof *dtypes, BLOCK = 512 };

const char *c2s_dtype_name(cnn2snn_dtype dtype)
{
    return dtypes[dtype > 0 && dtype < DTYPES ? dtype : CNN2SNN_DTYPE_NONE].name;
}

size_t c2s_dtype_size(cnn2snn_dtype dtype)
{
    return dtypes[dtype > 0 && dtype < DTYPES ? dtype : CNN2SNN_DTYPE_NONE].size;
}

bool c2s_dtype_is_float(cnn2snn_dtype dtype)
{
    return dtype == CNN2SNN_DTYPE_FLOAT16 || dtype == CNN2SNN_DTYPE_FLOAT32 || dtype == CNN2SNN_DTYPE_FLOAT64;
}

bool c2s_dtype_is_integer(cnn2snn_dtype dtype)
{
    return dtype >= CNN2SNN_DTYPE_INT8 && dtype <= CNN2SNN_DTYPE_UINT64;
}

bool c2s_dtype_is_unsigned(cnn2snn_dtype dtype)
{
    return dtype >= CNN2SNN_DTYPE_UINT8 && dtype <= CNN2SNN_DTYPE_UINT64;
}

cnn2snn_dtype c2s_dtype_from_name(const char *name)
{
    for (cnn2snn_dtype dtype = 1; name && dtype < DTYPES; dtype++)
        if (!strcmp(name, dtypes[dtype].name))
            return dtype;
    return CNN2SNN_DTYPE_NONE;
}

double c2s_half_to_double(uint16_t half)
{
    int exponent = half >> 10 & 31;
    double fraction = half & 1023, value;
    if (exponent == 31)
        value = fraction > 0 ? (double)NAN : (double)INFINITY;
    else if (exponent == 0)
        value = ldexp(fraction, -24);
    else
        value = ldexp(fraction + 1024, exponent - 25);
    return half & 0x8000 ? -value : value;
}

uint16_t c2s_double_to_half(double value)
{
    uint16_t sign = signbit(value) ? 0x8000 : 0;
    double size = fabs(value);
    if (isnan(value))
        return sign | 0x7e00;
    if (size >= 65520) /* halfway from the largest, 65504, to 65536 */
        return sign | 0x7c00;
    int exponent = -14;
    if (size >= 0x1p-14)
        exponent = ilogb(size);
    /* Scaling by a power of two is exact, so this rounds once. A fraction of 2048 carries into the exponent. */
    unsigned fraction = (unsigned)rint(ldexp(size, 10 - exponent));
    return sign | (uint16_t)(fraction + (unsigned)(exponent + 14) * 1024);
}

/* ------------------------------------------------------------------------------------------------ conversion */

enum wide_class { WIDE_DOUBLE, WIDE_SIGNED, WIDE_UNSIGNED };

union wide {
    double real[BLOCK];
    int64_t whole[BLOCK];
    uint64_t natural[BLOCK];
};

#define LOAD(type, member)                                                                                           \
    for (size_t i = 0; i < count; i++)                                                                               \
    wide->member[i] = ((const type *)source)[i]

static enum wide_class load_block(cnn2snn_dtype dtype, const void *source, size_t count, union wide *wide)
{
    switch (dtype) {
    case CNN2SNN_DTYPE_FLOAT32:
        LOAD(float, real);
        return WIDE_DOUBLE;
    case CNN2SNN_DTYPE_FLOAT64:
        LOAD(double, real);
        return WIDE_DOUBLE;
    case CNN2SNN_DTYPE_FLOAT16:
        for (size_t i = 0; i < count; i++)
            wide->real[i] = c2s_half_to_double(((const uint16_t *)source)[i]);
        return WIDE_DOUBLE;
    case CNN2SNN_DTYPE_BOOL: /* any other byte than 0 is true */
        for (size_t i = 0; i < count; i++)
            wide->natural[i] = ((const uint8_t *)source)[i] != 0;
        return WIDE_UNSIGNED;
    case CNN2SNN_DTYPE_INT8:
        LOAD(int8_t, whole);
        return WIDE_SIGNED;
    case CNN2SNN_DTYPE_INT16:
        LOAD(int16_t, whole);
        return WIDE_SIGNED;
    case CNN2SNN_DTYPE_INT32:
        LOAD(int32_t, whole);
        return WIDE_SIGNED;
    case CNN2SNN_DTYPE_INT64:
        LOAD(int64_t, whole);
        return WIDE_SIGNED;
    case CNN2SNN_DTYPE_UINT8:
        LOAD(uint8_t, natural);
        return WIDE_UNSIGNED;
    case CNN2SNN_DTYPE_UINT16:
        LOAD(uint16_t, natural);
        return WIDE_UNSIGNED;
    case CNN2SNN_DTYPE_UINT32:
        LOAD(uint32_t, natural);
        return WIDE_UNSIGNED;
    default:
        LOAD(uint64_t, natural);
        return WIDE_UNSIGNED;
    }
}

/* NaN gives 0. */
static int64_t limit_signed(double value, int bits)
{
    double bound = ldexp(1, bits - 1);
    if (value >= bound)
        return (int64_t)(UINT64_MAX >> (65 - bits));
    if (value <= -bound)
        return -(int64_t)(UINT64_MAX >> (65 - bits)) - 1;
    return isnan(value) ? 0 : (int64_t)value;
}

static uint64_t limit_unsigned(double value, int bits)
{
    if (value >= ldexp(1, bits))
        return UINT64_MAX >> (64 - bits);
    return value > 0 ? (uint64_t)value : 0;
}

#define STORE(type, expression)                                                                                      \
    for (size_t i = 0; i < count; i++)                                                                               \
    ((type *)target)[i] = (type)(expression)

static void store_doubles(cnn2snn_dtype dtype, const double *values, size_t count, void *target)
{
    switch (dtype) {
    case CNN2SNN_DTYPE_FLOAT32:
        STORE(float, values[i]);
        break;
    case CNN2SNN_DTYPE_FLOAT64:
        STORE(double, values[i]);
        break;
    case CNN2SNN_DTYPE_FLOAT16:
        STORE(uint16_t, c2s_double_to_half(values[i]));
        break;
    case CNN2SNN_DTYPE_BOOL:
        STORE(uint8_t, values[i] != 0);
        break;
    case CNN2SNN_DTYPE_INT8:
        STORE(int8_t, limit_signed(values[i], 8));
        break;
    case CNN2SNN_DTYPE_INT16:
        STORE(int16_t, limit_signed(values[i], 16));
        break;
    case CNN2SNN_DTYPE_INT32:
        STORE(int32_t, limit_signed(values[i], 32));
        break;
    case CNN2SNN_DTYPE_INT64:
        STORE(int64_t, limit_signed(values[i], 64));
        break;
    case CNN2SNN_DTYPE_UINT8:
        STORE(uint8_t, limit_unsigned(values[i], 8));
        break;
    case CNN2SNN_DTYPE_UINT16:
        STORE(uint16_t, limit_unsigned(values[i], 16));
        break;
    case CNN2SNN_DTYPE_UINT32:
        STORE(uint32_t, limit_unsigned(values[i], 32));
        break;
    default:
        STORE(uint64_t, limit_unsigned(values[i], 64));
        break;
    }
}

/* Integers become floats in one rounding, from the signed or the unsigned form; all else keeps the low bits. */
#define STORE_FLOAT(type)                                                                                            \
    if (is_signed)                                                                                                   \
        STORE(type, wide->whole[i]);                                                                                 \
    else                                                                                                             \
        STORE(type, wide->natural[i])

static void store_integers(cnn2snn_dtype dtype, const union wide *wide, bool is_signed, size_t count, void *target)
{
    switch (dtype) {
    case CNN2SNN_DTYPE_FLOAT32:
        STORE_FLOAT(float);
        break;
    case CNN2SNN_DTYPE_FLOAT64:
        STORE_FLOAT(double);
        break;
    case CNN2SNN_DTYPE_FLOAT16: /* what a double can't hold is infinite */
        STORE(uint16_t, c2s_double_to_half(is_signed ? (double)wide->whole[i] : (double)wide->natural[i]));
        break;
    case CNN2SNN_DTYPE_BOOL:
        STORE(uint8_t, wide->natural[i] != 0);
        break;
    case CNN2SNN_DTYPE_INT8:
    case CNN2SNN_DTYPE_UINT8:
        STORE(uint8_t, wide->natural[i]);
        break;
    case CNN2SNN_DTYPE_INT16:
    case CNN2SNN_DTYPE_UINT16:
        STORE(uint16_t, wide->natural[i]);
        break;
    case CNN2SNN_DTYPE_INT32:
    case CNN2SNN_DTYPE_UINT32:
        STORE(uint32_t, wide->natural[i]);
        break;
    default:
        STORE(uint64_t, wide->natural[i]);
        break;
    }
}

void c2s_dtype_convert(cnn2snn_dtype from, const void *source, cnn2snn_dtype to, void *target, uint64_t count)
{
    union wide wide;
    size_t from_size = c2s_dtype_size(from), to_size = c2s_dtype_size(to);
    const char *read = source;
    for (char *write = target; count;) {
        size_t block = count < BLOCK ? (size_t)count : BLOCK;
        enum wide_class class = load_block(from, read, block, &wide);
        if (class == WIDE_DOUBLE)
            store_doubles(to, wide.real, block, write);
        else
            store_integers(to, &wide, class == WIDE_SIGNED, block, write);
        read += block * from_size;
        write += block * to_size;
        count -= block;
    }
}

double c2s_dtype_get_double(cnn2snn_dtype dtype, const void *element)
{
    double value;
    c2s_dtype_convert(dtype, element, CNN2SNN_DTYPE_FLOAT64, &value, 1);
    return value;
}
