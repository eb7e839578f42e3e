/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what the numbers of channels become where values move: joined, flattened, reordered, picked. */
#include "base/error.h"
#include "derive/derive_step.h"

static int64_t last_extent(const struct c2s_shape *shape)
{
    return shape->rank ? shape->extents[shape->rank - 1] : -1;
}

/* ------------------------------------------------------------------------------------------------ Concatenate */

static cnn2snn_status check_join(struct c2s_derive_step *step)
{
    const struct c2s_qml_merge_attributes *attributes = step->layer->attributes;
    int64_t rank = (int64_t)step->output_shape.rank, axis = attributes->concatenate.axis;
    for (size_t i = 0; i < 2; i++) {
        int64_t channels = last_extent(&step->input_shapes[i]);
        if (channels <= 0)
            return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-031", "the channels of input %zu are open", i + 1);
        uint64_t count = step->inputs[i].frac_bits->count;
        if (count != 1 && count != (uint64_t)channels)
            return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-031", "input %zu has numbers of %llu of %lld channels",
                                    i + 1, (unsigned long long)count, (long long)channels);
    }
    return axis == -1 || axis == rank ? CNN2SNN_OK
                                      : c2s_derive_error(step, CNN2SNN_E_UNSUPPORTED, "Q-031",
                                                         "axis %lld, expected the last", (long long)axis);
}

cnn2snn_status c2s_derive_concatenate(struct c2s_derive_step *step)
{
    struct c2s_number *number = &step->derived->accumulator;
    C2S_TRY(check_join(step));
    uint64_t first = (uint64_t)last_extent(&step->input_shapes[0]);
    uint64_t count = (uint64_t)last_extent(&step->output_shape);
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, count, false, &number->frac_bits));
    for (uint64_t i = 0; i < count; i++)
        c2s_f32_writable(number->frac_bits)[i] = i < first ? c2s_channel_value(step->inputs[0].frac_bits, i)
                                                           : c2s_channel_value(step->inputs[1].frac_bits, i - first);
    int32_t a = step->inputs[0].value_bits, b = step->inputs[1].value_bits;
    number->value_bits = a > b ? a : b;
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ reordering */

/* Channels stay the last axis and as many, or all have one number. */
static cnn2snn_status keep_channels(struct c2s_derive_step *step, bool kept)
{
    if (!kept)
        C2S_TRY(c2s_derive_require_per_tensor(step, &step->inputs[0]));
    return c2s_derive_unchanged(step);
}

/* All channels take the fractional bits of the finest, in the width that they have. */
cnn2snn_status c2s_derive_flatten(struct c2s_derive_step *step)
{
    struct c2s_derived *derived = step->derived;
    const struct c2s_number *input = &step->inputs[0];
    C2S_TRY(c2s_derive_expand(step, input->value_bits, &derived->accumulator));
    derived->integers[C2S_FLATTEN_SHIFT] = derived->integers[C2S_INPUT_SHIFT];
    derived->integers[C2S_INPUT_SHIFT] = NULL;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_derive_reshape(struct c2s_derive_step *step)
{
    return keep_channels(step, last_extent(&step->input_shapes[0]) == last_extent(&step->output_shape));
}

cnn2snn_status c2s_derive_permute(struct c2s_derive_step *step)
{
    const struct c2s_reshape_attributes *attributes = step->layer->attributes;
    size_t rank = attributes->target.rank;
    return keep_channels(step, attributes->target.extents[rank - 1] == (int64_t)rank);
}

/* Entries of a tensor of channels at these places; one entry stays. */
static cnn2snn_status gather(struct c2s_derive_step *step, cnn2snn_tensor **tensor)
{
    const struct c2s_qml_token_attributes *attributes = step->layer->attributes;
    cnn2snn_tensor *picked;
    if (!*tensor || (*tensor)->count == 1)
        return CNN2SNN_OK;
    C2S_TRY(c2s_derive_create(step, CNN2SNN_DTYPE_FLOAT32, attributes->count, !attributes->keeps_axis, &picked));
    for (size_t i = 0; i < attributes->count; i++) {
        if (attributes->tokens[i] >= (int64_t)(*tensor)->count) {
            c2s_tensor_release(picked);
            return c2s_derive_error(step, CNN2SNN_E_VALUE, "Q-034", "token %lld of %llu channels",
                                    (long long)attributes->tokens[i], (unsigned long long)(*tensor)->count);
        }
        c2s_f32_writable(picked)[i] = c2s_f32(*tensor)[attributes->tokens[i]];
    }
    c2s_tensor_release(*tensor);
    *tensor = picked;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_derive_token(struct c2s_derive_step *step)
{
    const struct c2s_qml_token_attributes *attributes = step->layer->attributes;
    struct c2s_number *number = &step->derived->accumulator;
    int64_t rank = (int64_t)step->input_shapes[0].rank;
    C2S_TRY(c2s_derive_unchanged(step));
    if (attributes->axis != -1 && attributes->axis != rank)
        return CNN2SNN_OK;
    return gather(step, &number->frac_bits);
}
