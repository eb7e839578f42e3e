/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how integers of a QuantizeML layer become variables: types, broadcasting, orientation
 * (spec/quantizeml-conversion.md 6). */
#include <string.h>

#include "base/error.h"
#include "convert/qml_emitter.h"

const struct c2s_derived *c2s_qml_derived(const struct c2s_qml_emitter *at, size_t position)
{
    return c2s_qml_block_derived(at->plan, at->block, position);
}

static int64_t last_extent(const struct c2s_shape *shape)
{
    return shape->rank ? shape->extents[shape->rank - 1] : 1;
}

int64_t c2s_qml_channels_in(const struct c2s_qml_emitter *at, size_t position)
{
    return last_extent(c2s_qml_block_input_shape(at->plan, at->block, position));
}

int64_t c2s_qml_channels_out(const struct c2s_qml_emitter *at, size_t position)
{
    return last_extent(c2s_qml_block_output_shape(at->plan, at->block, position));
}

static cnn2snn_status refuse(const struct c2s_qml_emitter *at, const char *name, const char *what, int64_t value)
{
    return c2s_layer_error(at->plan->context, at->error, CNN2SNN_E_VALUE, "Q-065", at->layer->name, "%s: %s %lld",
                           name, what, (long long)value);
}

cnn2snn_status c2s_qml_set_parameters(struct c2s_qml_emitter *at, const struct c2s_qml_parameter *parameters,
                                      size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (parameters[i].value < INT32_MIN || parameters[i].value > INT32_MAX)
            return refuse(at, parameters[i].name, "32 bits don't hold", parameters[i].value);
        C2S_TRY(c2s_akida_layer_set_parameter(at->model, at->layer, parameters[i].name, (int32_t)parameters[i].value,
                                              at->error));
    }
    return CNN2SNN_OK;
}

/* Puts the tensor, which is given up, in the layer; a failure to make it is passed on. */
static cnn2snn_status put(struct c2s_qml_emitter *at, const char *name, cnn2snn_tensor *tensor, cnn2snn_status status)
{
    if (!status)
        status = c2s_akida_layer_set_variable(at->model, at->layer, name, -1, -1, tensor, at->error);
    c2s_tensor_release(tensor);
    return status;
}

/* ------------------------------------------------------------------------------------------------ integers */

static bool store(cnn2snn_tensor *tensor, uint64_t index, int64_t value)
{
    switch (tensor->dtype) {
    case CNN2SNN_DTYPE_INT8:
        ((int8_t *)tensor->data)[index] = (int8_t)value;
        return value >= INT8_MIN && value <= INT8_MAX;
    case CNN2SNN_DTYPE_UINT8:
        ((uint8_t *)tensor->data)[index] = (uint8_t)value;
        return value >= 0 && value <= UINT8_MAX;
    case CNN2SNN_DTYPE_INT16:
        ((int16_t *)tensor->data)[index] = (int16_t)value;
        return value >= INT16_MIN && value <= INT16_MAX;
    case CNN2SNN_DTYPE_UINT16:
        ((uint16_t *)tensor->data)[index] = (uint16_t)value;
        return value >= 0 && value <= UINT16_MAX;
    default:
        ((int32_t *)tensor->data)[index] = (int32_t)value;
        return true;
    }
}

static int32_t value_of(const cnn2snn_tensor *tensor, uint64_t index)
{
    return ((const int32_t *)tensor->data)[tensor->count == 1 ? 0 : index];
}

static cnn2snn_status check_count(const struct c2s_qml_emitter *at, const char *name, const cnn2snn_tensor *values,
                                  int64_t count)
{
    if (values && values->count != 1 && values->count != (uint64_t)count)
        return refuse(at, name, "one number for all or one for each channel is expected, there are",
                      (int64_t)values->count);
    return CNN2SNN_OK;
}

struct source {
    const cnn2snn_tensor *values; /* or NULL */
    const cnn2snn_tensor *shifts; /* or NULL */
    int32_t otherwise, least;
};

static cnn2snn_status set(struct c2s_qml_emitter *at, const char *name, cnn2snn_dtype dtype, int64_t count,
                          const struct source *from)
{
    cnn2snn_tensor *tensor = NULL;
    C2S_TRY(check_count(at, name, from->values, count));
    C2S_TRY(check_count(at, name, from->shifts, count));
    cnn2snn_status status = c2s_tensor_create(at->plan->context, dtype, 1, &count, &tensor, at->error);
    for (int64_t i = 0; !status && i < count; i++) {
        int32_t value = from->values ? value_of(from->values, (uint64_t)i) : from->otherwise;
        int32_t shift = from->shifts ? value_of(from->shifts, (uint64_t)i) : 0;
        value >>= shift < 0 ? 0 : shift > 31 ? 31 : shift;
        value = value < from->least ? from->least : value;
        if (!store(tensor, (uint64_t)i, value))
            status = refuse(at, name, "the variable doesn't hold", value);
    }
    return put(at, name, tensor, status);
}

cnn2snn_status c2s_qml_set_integers(struct c2s_qml_emitter *at, const char *name, cnn2snn_dtype dtype, int64_t count,
                                    const cnn2snn_tensor *values, int32_t otherwise)
{
    return set(at, name, dtype, count, &(struct source){values, NULL, otherwise, INT32_MIN});
}

cnn2snn_status c2s_qml_set_shifted(struct c2s_qml_emitter *at, const char *name, cnn2snn_dtype dtype, int64_t count,
                                   const cnn2snn_tensor *values, const cnn2snn_tensor *shifts)
{
    return set(at, name, dtype, count, &(struct source){values, shifts, 0, INT32_MIN});
}

cnn2snn_status c2s_qml_set_at_least(struct c2s_qml_emitter *at, const char *name, int64_t count,
                                    const cnn2snn_tensor *values, int32_t least)
{
    return set(at, name, CNN2SNN_DTYPE_INT8, count, &(struct source){values, NULL, 0, least});
}

cnn2snn_status c2s_qml_set_scales(struct c2s_qml_emitter *at, const char *name, int64_t count,
                                  const cnn2snn_tensor *scales, const cnn2snn_tensor *shifts, int32_t least)
{
    cnn2snn_tensor *tensor = NULL;
    if (!at->plan->exact_scales || !scales || !shifts)
        return c2s_qml_set_integers(at, name, CNN2SNN_DTYPE_UINT8, count, scales, 1);
    C2S_TRY(check_count(at, name, scales, count));
    C2S_TRY(check_count(at, name, shifts, count));
    cnn2snn_status status = c2s_tensor_create(at->plan->context, CNN2SNN_DTYPE_UINT8, 1, &count, &tensor, at->error);
    for (int64_t i = 0; !status && i < count; i++) {
        int64_t missing = (int64_t)least - value_of(shifts, (uint64_t)i);
        int32_t scale = value_of(scales, (uint64_t)i);
        if (missing > 0)
            scale = missing > 8 ? 0 : (scale + (1 << (missing - 1))) >> missing;
        if (!store(tensor, (uint64_t)i, scale))
            status = refuse(at, name, "the variable doesn't hold", scale);
    }
    return put(at, name, tensor, status);
}

/* ------------------------------------------------------------------------------------------------ others */

cnn2snn_status c2s_qml_set_floats(struct c2s_qml_emitter *at, const char *name, int64_t count,
                                  const cnn2snn_tensor *values)
{
    cnn2snn_tensor *tensor = NULL;
    C2S_TRY(check_count(at, name, values, count));
    cnn2snn_status status =
        c2s_tensor_create(at->plan->context, CNN2SNN_DTYPE_FLOAT32, 1, &count, &tensor, at->error);
    for (int64_t i = 0; !status && i < count; i++)
        c2s_f32_writable(tensor)[i] = values ? c2s_channel_value(values, (uint64_t)i) : 1.0F;
    return put(at, name, tensor, status);
}

/* Places along the first two axes in reverse, each with what it holds. */
static void turn_around(const cnn2snn_tensor *from, cnn2snn_tensor *to)
{
    size_t places = (size_t)(from->shape[0] * from->shape[1]), size = places ? from->size / places : 0;
    for (size_t i = 0; i < places; i++)
        memcpy((char *)to->data + i * size, (const char *)from->data + (places - 1 - i) * size, size);
}

cnn2snn_status c2s_qml_set_weights(struct c2s_qml_emitter *at, const char *name, const cnn2snn_tensor *weights,
                                   size_t rank, const int64_t *shape, bool flip)
{
    cnn2snn_tensor *view = NULL, *turned = NULL;
    uint64_t count = 0;
    if (!weights)
        return refuse(at, name, "weights expected, there are", 0);
    C2S_TRY(c2s_shape_count(at->plan->context, rank, shape, &count, at->error));
    if (count != weights->count)
        return refuse(at, name, "the shapes of the model don't fit weights, of which there are",
                      (int64_t)weights->count);
    cnn2snn_status status;
    C2S_GOTO(c2s_tensor_reshape(weights, rank, shape, &view, at->error));
    if (flip) {
        C2S_GOTO(c2s_tensor_create(at->plan->context, weights->dtype, rank, shape, &turned, at->error));
        turn_around(view, turned);
    }
    status = c2s_akida_layer_set_variable(at->model, at->layer, name, -1, -1, flip ? turned : view, at->error);
done:
    c2s_tensor_release(view);
    c2s_tensor_release(turned);
    return status;
}
