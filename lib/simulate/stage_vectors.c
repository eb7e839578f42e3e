/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which variables of a file may be computed with. */
#include "simulate/stage_vectors.h"

#include <math.h>
#include <string.h>

#include "akida/variables.h"
#include "base/allocator.h"
#include "base/checked.h"
#include "base/error.h"

/* A file without a variable means its initial value; but a file that leaves out a lot can't make a lot of memory. */
enum { MOST_INITIAL_VALUES = 1 << 16 };

cnn2snn_status c2s_prepare_parameter(const struct c2s_preparation *at, const char *key, int32_t otherwise,
                                     int32_t low, int32_t high, int32_t *out)
{
    *out = c2s_akida_layer_get_parameter(at->layer, key, otherwise);
    if (*out < low || *out > high)
        return c2s_layer_error(at->model->context, at->error, CNN2SNN_E_VALUE, "S-RANGE", at->layer->name,
                               "%s is %d, expected %d to %d", key, *out, low, high);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_prepare_memory(const struct c2s_preparation *at, uint64_t count, size_t size, void **out)
{
    size_t total;
    if (count > SIZE_MAX || !c2s_mul_size((size_t)count, size, &total))
        return c2s_error_no_memory(at->error);
    void *memory = c2s_calloc(at->model->context, total ? total : 1, 1);
    if (!memory)
        return c2s_error_no_memory(at->error);
    at->stage->owned[at->stage->owned_count].memory = memory;
    at->stage->owned[at->stage->owned_count++].size = total;
    at->stage->memory_size += total;
    *out = memory;
    return CNN2SNN_OK;
}

void c2s_prepare_release(const struct c2s_preparation *at, const void *memory)
{
    struct c2s_stage *stage = at->stage;
    for (size_t i = 0; memory && i < stage->owned_count; i++)
        if (stage->owned[i].memory == memory) {
            stage->memory_size -= stage->owned[i].size;
            c2s_free(at->model->context, stage->owned[i].memory);
            stage->owned[i] = stage->owned[--stage->owned_count];
            return;
        }
}

/* The variable's row and tensor; *out_tensor is NULL where the file has none. *out_count: elements that there must
 * be. */
static cnn2snn_status find_variable(const struct c2s_preparation *at, const char *name,
                                    const struct c2s_akida_variable_row **out_row, const cnn2snn_tensor **out_tensor,
                                    uint64_t *out_count)
{
    const struct c2s_akida_variable *variable = c2s_akida_layer_find_variable(at->layer, name);
    char found[160], expected[160];
    int64_t extents[CNN2SNN_MAX_RANK];
    *out_row = c2s_akida_variable_find(at->layer, name);
    if (!*out_row)
        return c2s_layer_error(at->model->context, at->error, CNN2SNN_E_UNSUPPORTED, "S-VARIABLE", at->layer->name,
                               "variable %s isn't known", name);
    size_t rank = c2s_akida_variable_shape(at->layer, at->shapes, *out_row, extents);
    C2S_TRY(c2s_shape_count(at->model->context, rank, extents, out_count, at->error));
    *out_tensor = variable ? variable->tensor : NULL;
    if (variable && !c2s_akida_variable_fits(at->layer, at->shapes, *out_row, variable->tensor))
        return c2s_layer_error(at->model->context, at->error, CNN2SNN_E_MALFORMED, "S-VARIABLE", at->layer->name,
                               "variable %s is %s %s, expected %s %s", name, c2s_dtype_name(variable->tensor->dtype),
                               c2s_shape_print(variable->tensor->rank, variable->tensor->shape, found, sizeof found),
                               c2s_dtype_name((*out_row)->dtype),
                               c2s_shape_print(rank, extents, expected, sizeof expected));
    if (!variable && *out_count > MOST_INITIAL_VALUES)
        return c2s_layer_error(at->model->context, at->error, CNN2SNN_E_MALFORMED, "S-VARIABLE", at->layer->name,
                               "variable %s is missing", name);
    return CNN2SNN_OK;
}

static int32_t initial_integer(const struct c2s_akida_variable_row *row, uint64_t index)
{
    return strcmp(row->name, "lut_values") ? (int32_t)row->initial : (int32_t)index - 1024;
}

static int32_t integer_at(const cnn2snn_tensor *tensor, uint64_t index)
{
    switch (tensor->dtype) {
    case CNN2SNN_DTYPE_UINT8:
        return ((const uint8_t *)tensor->data)[index];
    case CNN2SNN_DTYPE_INT8:
        return ((const int8_t *)tensor->data)[index];
    case CNN2SNN_DTYPE_UINT16:
        return ((const uint16_t *)tensor->data)[index];
    case CNN2SNN_DTYPE_INT16:
        return ((const int16_t *)tensor->data)[index];
    default:
        return ((const int32_t *)tensor->data)[index];
    }
}

cnn2snn_status c2s_prepare_integers(const struct c2s_preparation *at, const char *name, const int32_t **out)
{
    const struct c2s_akida_variable_row *row;
    const cnn2snn_tensor *tensor;
    uint64_t count;
    void *memory;
    C2S_TRY(find_variable(at, name, &row, &tensor, &count));
    C2S_TRY(c2s_prepare_memory(at, count, sizeof(int32_t), &memory));
    int32_t *values = memory;
    for (uint64_t i = 0; i < count; i++)
        values[i] = tensor ? integer_at(tensor, i) : initial_integer(row, i);
    *out = values;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_prepare_floats(const struct c2s_preparation *at, const char *name, const float **out)
{
    const struct c2s_akida_variable_row *row;
    const cnn2snn_tensor *tensor;
    uint64_t count;
    void *memory;
    C2S_TRY(find_variable(at, name, &row, &tensor, &count));
    C2S_TRY(c2s_prepare_memory(at, count, sizeof(float), &memory));
    float *values = memory;
    for (uint64_t i = 0; i < count; i++) {
        values[i] = tensor ? c2s_f32(tensor)[i] : (float)row->initial;
        if (!isfinite(values[i]))
            return c2s_layer_error(at->model->context, at->error, CNN2SNN_E_VALUE, "S-VALUE", at->layer->name,
                                   "%s holds a NaN or an infinity", name);
    }
    *out = values;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_prepare_shifts(const struct c2s_preparation *at, const char *name, const int32_t **out)
{
    /* Predictions are shifted within a buffer of 44 bits. */
    int32_t least = at->layer->kind == C2S_AKIDA_PICO_POST_PROCESSING ? -62 : -31;
    const struct c2s_akida_variable_row *row;
    const cnn2snn_tensor *tensor;
    uint64_t count;
    C2S_TRY(find_variable(at, name, &row, &tensor, &count));
    C2S_TRY(c2s_prepare_integers(at, name, out));
    for (uint64_t i = 0; i < count; i++)
        if ((*out)[i] < least || (*out)[i] > 31)
            return c2s_layer_error(at->model->context, at->error, CNN2SNN_E_VALUE, "S-SHIFT", at->layer->name,
                                   "%s holds %d, expected %d to 31", name, (*out)[i], least);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_prepare_weights(const struct c2s_preparation *at, const char *name, bool flip, const int8_t **out)
{
    const struct c2s_akida_variable_row *row;
    const cnn2snn_tensor *tensor;
    uint64_t count;
    void *memory;
    C2S_TRY(find_variable(at, name, &row, &tensor, &count));
    C2S_TRY(c2s_prepare_memory(at, count, 1, &memory));
    *out = memory;
    if (!tensor)
        return CNN2SNN_OK;
    if (!flip) {
        memcpy(memory, tensor->data, count);
        return CNN2SNN_OK;
    }
    uint64_t taps = (uint64_t)tensor->shape[0] * (uint64_t)tensor->shape[1], size = taps ? count / taps : 0;
    for (uint64_t tap = 0; tap < taps; tap++)
        memcpy((char *)memory + tap * size, (const char *)tensor->data + (taps - 1 - tap) * size, size);
    return CNN2SNN_OK;
}
