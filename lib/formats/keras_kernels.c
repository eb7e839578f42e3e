/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how kernels of old writers are turned. Only the plain convolutions were ever stored otherwise. */
#include "formats/keras_kernels.h"

#include <string.h>

#include "base/error.h"
#include "layers/attributes.h"

static bool attribute_is(const struct c2s_image_index *index, size_t group, const char *attribute, const char *text,
                         bool otherwise)
{
    const struct c2s_image_attribute *found = c2s_image_find_attribute(index, group, attribute);
    if (!found || !found->count)
        return otherwise;
    size_t position = found->position;
    struct c2s_image_text value = c2s_image_next_string(index, &position);
    return value.size == strlen(text) && !memcmp(value.bytes, text, value.size);
}

struct c2s_kernel_history c2s_kernel_history_of(const struct c2s_image_index *index, size_t group)
{
    return (struct c2s_kernel_history){attribute_is(index, group, "keras_version", "1", true),
                                       attribute_is(index, group, "backend", "theano", false)};
}

/* out[i0, i1, i2, i3] = in at the same place of its axes, of which axes[k] comes k-th; flip: axes 0 and 1 of the
 * result run backwards. */
static void permute(const cnn2snn_tensor *in, const size_t axes[4], bool flip, cnn2snn_tensor *out)
{
    int64_t strides[4] = {in->shape[1] * in->shape[2] * in->shape[3], in->shape[2] * in->shape[3], in->shape[3], 1};
    const float *from = c2s_f32(in);
    float *to = c2s_f32_writable(out);
    const int64_t *shape = out->shape;
    for (int64_t i = 0; i < shape[0]; i++)
        for (int64_t j = 0; j < shape[1]; j++) {
            int64_t row = flip ? shape[0] - 1 - i : i, column = flip ? shape[1] - 1 - j : j;
            const float *base = from + row * strides[axes[0]] + column * strides[axes[1]];
            for (int64_t k = 0; k < shape[2]; k++)
                for (int64_t l = 0; l < shape[3]; l++)
                    *to++ = base[k * strides[axes[2]] + l * strides[axes[3]]];
        }
}

static cnn2snn_status permuted(const cnn2snn_tensor *in, const size_t axes[4], bool flip, cnn2snn_tensor **out,
                               cnn2snn_error **error)
{
    int64_t shape[4];
    for (size_t i = 0; i < 4; i++)
        shape[i] = in->shape[axes[i]];
    C2S_TRY(c2s_tensor_create(in->context, CNN2SNN_DTYPE_FLOAT32, 4, shape, out, error));
    permute(in, axes, flip, *out);
    return CNN2SNN_OK;
}

static bool fits_permuted(const struct c2s_weight_spec *spec, const cnn2snn_tensor *tensor, const size_t axes[4])
{
    bool fits = spec->shape.rank == 4;
    for (size_t i = 0; i < 4 && fits; i++)
        fits = spec->shape.extents[i] < 0 || spec->shape.extents[i] == tensor->shape[axes[i]];
    return fits;
}

cnn2snn_status c2s_kernel_convert(const cnn2snn_layer *layer, size_t number, const struct c2s_weight_spec *spec,
                                  const struct c2s_kernel_history *history, const cnn2snn_tensor *tensor,
                                  cnn2snn_tensor **out_tensor, cnn2snn_error **error)
{
    static const size_t same[4] = {0, 1, 2, 3}, swapped[4] = {0, 1, 3, 2}, conv_first[4] = {2, 3, 1, 0},
                        transpose_first[4] = {2, 3, 0, 1}, remnant[4] = {3, 2, 0, 1};
    bool transpose = c2s_layer_id(layer) == C2S_KIND_CONV2D_TRANSPOSE;
    const size_t *axes = same;
    *out_tensor = NULL;
    if (number || tensor->rank != 4 || (c2s_layer_id(layer) != C2S_KIND_CONV2D && !transpose)) {
        *out_tensor = c2s_tensor_retain(tensor);
        return CNN2SNN_OK;
    }
    if (history->keras1 && c2s_layer_is_channels_first(layer))
        axes = transpose ? transpose_first : conv_first;
    else if (history->keras1 && transpose)
        axes = swapped;
    /* what Keras does with a kernel that doesn't fit, whatever the version */
    if (axes == same && !c2s_weight_fits(spec, tensor) && fits_permuted(spec, tensor, remnant))
        axes = remnant;
    if (axes == same && !history->theano) {
        *out_tensor = c2s_tensor_retain(tensor);
        return CNN2SNN_OK;
    }
    return permuted(tensor, axes, history->theano, out_tensor, error);
}
