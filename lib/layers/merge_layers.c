/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what layers of several inputs are. */
#include "base/error.h"
#include "layers/config_reader.h"
#include "layers/layer_families.h"
#include "layers/shape_rules.h"

static cnn2snn_status disagree(const cnn2snn_layer *layer, const struct c2s_shape *a, const struct c2s_shape *b,
                               cnn2snn_error **error)
{
    char first[C2S_SHAPE_TEXT], second[C2S_SHAPE_TEXT];
    return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "K-shape", layer->name,
                           "inputs of shapes %s and %s don't go together", c2s_shape_text(a, first, sizeof first),
                           c2s_shape_text(b, second, sizeof second));
}

/* Broadcasts `other` onto *shape, aligned at the last axis; an open extent stays open unless the other one decides.
 */
static cnn2snn_status broadcast(const cnn2snn_layer *layer, struct c2s_shape *shape, const struct c2s_shape *other,
                                cnn2snn_error **error)
{
    struct c2s_shape wide = shape->rank >= other->rank ? *shape : *other;
    const struct c2s_shape *narrow = shape->rank >= other->rank ? other : shape;
    size_t more = wide.rank - narrow->rank;
    for (size_t i = 0; i < narrow->rank; i++) {
        int64_t a = wide.extents[more + i], b = narrow->extents[i];
        if (a > 1 && b > 1 && a != b)
            return disagree(layer, shape, other, error);
        wide.extents[more + i] = a > 1 || b > 1 ? (a > b ? a : b) : a < 0 || b < 0 ? -1 : 1;
    }
    *shape = wide;
    return CNN2SNN_OK;
}

static cnn2snn_status merge_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                  struct c2s_shape *out_shape, cnn2snn_error **error)
{
    struct c2s_shape shape = inputs[0];
    bool ranked = !c2s_shape_is_unranked(&inputs[0]);
    for (size_t i = 1; i < count; i++) {
        ranked = ranked && !c2s_shape_is_unranked(&inputs[i]);
        if (ranked)
            C2S_TRY(broadcast(layer, &shape, &inputs[i], error));
    }
    *out_shape = ranked ? shape : c2s_shape_unranked();
    return CNN2SNN_OK;
}

static cnn2snn_status concatenate_parse(cnn2snn_layer *layer, const struct c2s_layer_source *source,
                                        cnn2snn_error **error)
{
    struct c2s_concatenate_attributes *attributes = layer->attributes;
    struct c2s_config config = c2s_config_open(layer, source, error);
    int64_t axes[CNN2SNN_MAX_RANK];
    size_t count;
    c2s_config_axes(&config, "axis", -1, axes, &count);
    if (count != 1)
        c2s_config_wrong_value(&config, "axis", c2s_config_value(&config, "axis"), "one axis");
    attributes->axis = axes[0];
    return config.status;
}

/* Puts `other` behind *shape along an axis; an extent that one leaves open is the other's. */
static cnn2snn_status append(const cnn2snn_layer *layer, struct c2s_shape *shape, const struct c2s_shape *other,
                             size_t axis, cnn2snn_error **error)
{
    if (shape->rank != other->rank)
        return disagree(layer, shape, other, error);
    for (size_t i = 0; i < shape->rank; i++) {
        int64_t *a = &shape->extents[i], b = other->extents[i];
        if (i == axis)
            C2S_TRY(c2s_extent_plus(layer, *a, b, a, error));
        else if (*a >= 0 && b >= 0 && *a != b)
            return disagree(layer, shape, other, error);
        else if (*a < 0)
            *a = b;
    }
    return CNN2SNN_OK;
}

/* Inputs without a rank take that of the first one that has it, with open extents. */
static cnn2snn_status ranked_input(const cnn2snn_layer *layer, const struct c2s_shape *input, size_t rank,
                                   struct c2s_shape *out, cnn2snn_error **error)
{
    if (c2s_shape_is_unranked(input))
        return c2s_shape_with_rank(layer, input, rank, out, error);
    *out = *input;
    return CNN2SNN_OK;
}

static cnn2snn_status concatenate_shape(const cnn2snn_layer *layer, size_t count, const struct c2s_shape *inputs,
                                        struct c2s_shape *out_shape, cnn2snn_error **error)
{
    const struct c2s_concatenate_attributes *attributes = layer->attributes;
    size_t model = 0, axis;
    while (model < count && c2s_shape_is_unranked(&inputs[model]))
        model++;
    *out_shape = c2s_shape_unranked();
    if (model == count)
        return CNN2SNN_OK;
    C2S_TRY(c2s_shape_axis(layer, &inputs[model], attributes->axis, &axis, error));
    struct c2s_shape shape, next;
    C2S_TRY(ranked_input(layer, &inputs[0], inputs[model].rank, &shape, error));
    for (size_t i = 1; i < count; i++) {
        C2S_TRY(ranked_input(layer, &inputs[i], inputs[model].rank, &next, error));
        C2S_TRY(append(layer, &shape, &next, axis, error));
    }
    *out_shape = shape;
    return CNN2SNN_OK;
}

const struct c2s_layer_rules c2s_merge_rules = {.output_shape = merge_shape};

const struct c2s_layer_rules c2s_concatenate_rules = {.attributes_size = sizeof(struct c2s_concatenate_attributes),
                                                      .parse = concatenate_parse,
                                                      .output_shape = concatenate_shape};
