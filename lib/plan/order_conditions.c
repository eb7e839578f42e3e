/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when a row of layers can't become blocks of an Akida 1.0 model (spec/legacy.md h.1, H-10 to H-21). */
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "plan/rule.h"

static const struct c2s_link *link_at(const struct c2s_view *view, size_t index)
{
    return &view->chain->links[index];
}

static enum c2s_kind_id id_at(const struct c2s_view *view, size_t index)
{
    return c2s_layer_id(view->chain->links[index].layer);
}

/* Neural in the sense of the reference's rules: exactly these classes. */
static bool is_neural(enum c2s_kind_id id)
{
    return id == C2S_KIND_CONV2D || id == C2S_KIND_SEPARABLE_CONV2D || id == C2S_KIND_DENSE ||
           id == C2S_KIND_QUANTIZED_CONV2D || id == C2S_KIND_QUANTIZED_SEPARABLE_CONV2D ||
           id == C2S_KIND_QUANTIZED_DENSE;
}

static bool is_dense(enum c2s_kind_id id)
{
    return id == C2S_KIND_DENSE || id == C2S_KIND_QUANTIZED_DENSE;
}

static const char *class_name(const struct c2s_link *link)
{
    return link->layer->class_name;
}

bool c2s_image_input_is_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    size_t first = view->chain->count > 1 && id_at(view, 0) == C2S_KIND_RESCALING ? 1 : 0;
    if (view->settings->input_mode != CNN2SNN_INPUT_IMAGE || index != first || !view->chain->input_known ||
        !view->chain->input.rank)
        return false;
    int64_t channels = view->chain->input.extents[view->chain->input.rank - 1];
    enum c2s_kind_id id = id_at(view, index);
    c2s_found_set(found, 0, "%s", class_name(link_at(view, index)));
    c2s_found_set(found, 1, "%lld", (long long)channels);
    return (id != C2S_KIND_CONV2D && id != C2S_KIND_QUANTIZED_CONV2D) || (channels != 1 && channels != 3);
}

bool c2s_dense_input_is_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_link *link = link_at(view, index);
    if (!is_dense(id_at(view, index)) || !link->shapes_known)
        return false;
    const struct c2s_shape *in = &link->in;
    c2s_found_shape(found, 0, in);
    return in->rank != 1 && !(in->rank == 3 && in->extents[0] == 1 && in->extents[1] == 1);
}

/* Where layers form no row, those that joining and folding would deal with get the benefit of the doubt. */
static bool may_vanish(enum c2s_kind_id id, const cnn2snn_layer *layer)
{
    return id == C2S_KIND_BATCH_NORMALIZATION || id == C2S_KIND_DROPOUT || c2s_layer_is(layer, C2S_FAMILY_MERGE);
}

bool c2s_is_unsupported(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_link *link = link_at(view, index);
    enum c2s_kind_id id = id_at(view, index);
    c2s_found_set(found, 0, "%s", class_name(link));
    if (is_neural(id) || c2s_layer_is(link->layer, C2S_FAMILY_ACTIVATION | C2S_FAMILY_POOLING))
        return false;
    if (!view->chain->linear && may_vanish(id, link->layer))
        return false;
    return id != C2S_KIND_FLATTEN && id != C2S_KIND_RESHAPE && id != C2S_KIND_RESCALING &&
           id != C2S_KIND_ACTIVATION && id != C2S_KIND_SOFTMAX;
}

/* A fault of its own stands between the two links, which may be all that is wrong with what is around it. */
static bool has_fault_between(const struct c2s_view *view, ptrdiff_t first, size_t last)
{
    struct c2s_found other;
    for (size_t i = first == C2S_NO_LINK ? 0 : (size_t)first + 1; i < last; i++)
        if (id_at(view, i) == C2S_KIND_ACTIVATION || id_at(view, i) == C2S_KIND_SOFTMAX ||
            c2s_is_unsupported(view, i, &other))
            return true;
    return false;
}

bool c2s_activation_is_missing(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    ptrdiff_t before = link_at(view, index)->before;
    if (!is_neural(id_at(view, index)) || before == C2S_NO_LINK)
        return false;
    const cnn2snn_layer *layer = link_at(view, (size_t)before)->layer;
    c2s_found_set(found, 0, "%s", layer->name);
    return c2s_layer_is(layer, C2S_FAMILY_NEURAL) && !has_fault_between(view, before, index);
}

bool c2s_activation_is_alone(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    if (!c2s_layer_is(link_at(view, index)->layer, C2S_FAMILY_ACTIVATION))
        return false;
    ptrdiff_t before = link_at(view, index)->before;
    c2s_found_set(found, 0, "the start of the model");
    if (has_fault_between(view, before, index))
        return false;
    if (before == C2S_NO_LINK)
        return true;
    const cnn2snn_layer *layer = link_at(view, (size_t)before)->layer;
    c2s_found_set(found, 0, "activation %s", layer->name);
    return c2s_layer_is(layer, C2S_FAMILY_ACTIVATION);
}

bool c2s_pooling_is_first(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)found;
    return index == 0 && c2s_layer_is(link_at(view, 0)->layer, C2S_FAMILY_POOLING);
}

static bool takes_pooling(enum c2s_kind_id id)
{
    return is_neural(id) && !is_dense(id);
}

bool c2s_pooling_is_misplaced(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    if (index == 0 || !c2s_layer_is(link_at(view, index)->layer, C2S_FAMILY_POOLING))
        return false;
    const struct c2s_link *previous = link_at(view, index - 1);
    c2s_found_set(found, 0, "%s of class %s", previous->layer->name, class_name(previous));
    return !takes_pooling(id_at(view, index - 1));
}

static const char *padding_name(enum c2s_padding padding)
{
    return padding == C2S_SAME ? "same" : "valid";
}

bool c2s_pool_padding_differs(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    if (index == 0 || id_at(view, index) != C2S_KIND_MAX_POOLING2D || !takes_pooling(id_at(view, index - 1)))
        return false;
    const struct c2s_pool_attributes *pool = link_at(view, index)->layer->attributes;
    const struct c2s_conv_attributes *conv = c2s_layer_conv(link_at(view, index - 1)->layer);
    c2s_found_set(found, 0, "%s", padding_name(pool->padding));
    c2s_found_set(found, 1, "%s", conv ? padding_name(conv->padding) : "none");
    c2s_found_set(found, 2, "%s", link_at(view, index - 1)->layer->name);
    return conv && pool->padding != conv->padding;
}

bool c2s_flatten_is_misplaced(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    if (id_at(view, index) != C2S_KIND_FLATTEN || index + 1 == view->chain->count)
        return false;
    const struct c2s_link *next = link_at(view, index + 1);
    c2s_found_set(found, 0, "%s of class %s", next->layer->name, class_name(next));
    return !is_dense(id_at(view, index + 1));
}

/* (1, 1, N) -> (N,), (N,) -> (1, 1, N), or no change. */
static bool is_plain_reshape(const struct c2s_shape *in, const struct c2s_shape *out)
{
    const struct c2s_shape *wide = in->rank == 3 ? in : out, *flat = in->rank == 3 ? out : in;
    if (c2s_shape_equal(in, out))
        return true;
    return wide->rank == 3 && flat->rank == 1 && wide->extents[0] == 1 && wide->extents[1] == 1 &&
           wide->extents[2] == flat->extents[0];
}

bool c2s_reshape_is_wrong(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    const struct c2s_link *link = link_at(view, index);
    if (id_at(view, index) != C2S_KIND_RESHAPE || !link->shapes_known)
        return false;
    c2s_found_shape(found, 0, &link->in);
    c2s_found_shape(found, 1, &link->out);
    return !is_plain_reshape(&link->in, &link->out);
}

bool c2s_rescaling_is_misplaced(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    (void)found;
    return index > 0 && id_at(view, index) == C2S_KIND_RESCALING;
}

bool c2s_softmax_is_misplaced(const struct c2s_view *view, size_t index, struct c2s_found *found)
{
    enum c2s_kind_id id = id_at(view, index);
    if ((id != C2S_KIND_ACTIVATION && id != C2S_KIND_SOFTMAX) || view->chain->last_neural <= (ptrdiff_t)index)
        return false;
    c2s_found_set(found, 0, "%s", class_name(link_at(view, index)));
    c2s_found_set(found, 1, "%s", link_at(view, (size_t)view->chain->last_neural)->layer->name);
    return true;
}
