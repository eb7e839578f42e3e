/* SPDX-License-Identifier: Apache-2.0 */
/* Sanitizing: one Reshape or Flatten in a row, no ZeroPadding2D in front of a convolution, two inputs at a time. */
#include "transform/sanitize_step.h"

#include "base/error.h"
#include "base/text.h"

/* ------------------------------------------------------------------------------------------------ reshaping */

static bool is_reshape(const struct c2s_sanitizer *s, size_t at)
{
    return c2s_sanitize_kind(s, at) == C2S_KIND_RESHAPE || c2s_sanitize_kind(s, at) == C2S_KIND_FLATTEN;
}

cnn2snn_status c2s_remove_reshapes(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    (void)error;
    for (size_t i = 0; i < s->graph->layer_count; i++) {
        ptrdiff_t user = c2s_sanitize_only_user(s, i);
        if (is_reshape(s, i) && user >= 0 && is_reshape(s, (size_t)user))
            c2s_sanitize_remove(s, i);
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ padding */

/* The reference looks at sizes only: where the padded convolution gives as many rows and columns as "same" would, it
 * is taken for that, though "same" may pad other sides (spec/quantizeml-ptq.md 3, S12). */
static bool pads_as_same(const struct c2s_sanitizer *s, size_t padding, size_t conv)
{
    const struct c2s_conv_attributes *attributes = c2s_sanitize_conv(c2s_sanitize_layer(s, conv));
    const struct c2s_shape *in = c2s_sanitize_input_shape(s, padding), *out = c2s_sanitize_output_shape(s, conv);
    if (!attributes || attributes->padding != C2S_VALID || !in || in->rank != 3 || out->rank != 3)
        return false;
    for (size_t i = 0; i < 2; i++)
        if (in->extents[i] % attributes->strides[i] || in->extents[i] / attributes->strides[i] != out->extents[i])
            return false;
    return true;
}

cnn2snn_status c2s_remove_zero_padding(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++) {
        ptrdiff_t conv = c2s_sanitize_only_user(s, i);
        cnn2snn_layer *made = NULL;
        if (c2s_sanitize_kind(s, i) != C2S_KIND_ZERO_PADDING2D || conv < 0 || !pads_as_same(s, i, (size_t)conv))
            continue;
        C2S_TRY(c2s_sanitize_with_member(c2s_sanitize_layer(s, (size_t)conv), "padding", json_string("same"), &made,
                                         error));
        c2s_sanitize_replace_take(s, (size_t)conv, made);
        c2s_sanitize_remove(s, i);
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ merging */

static cnn2snn_status make_concatenate(const cnn2snn_layer *layer, const char *input, cnn2snn_layer **out_layer,
                                       cnn2snn_error **error)
{
    struct c2s_text name;
    c2s_text_init(&name, layer->context);
    c2s_text_format(&name, "%s_%s", layer->name, input);
    json_t *config = name.failed ? NULL : json_copy(layer->config);
    if (!config || json_object_set_new(config, "name", json_string(name.data))) {
        json_decref(config);
        c2s_text_free(&name);
        return c2s_error_no_memory(error);
    }
    c2s_text_free(&name);
    cnn2snn_status status = c2s_layer_create(layer->context, layer->class_name, config, NULL, out_layer, error);
    json_decref(config);
    return status;
}

/* One after another: the first two, the result with the third, and so on; the last keeps the name. */
static cnn2snn_status split_concatenate(struct c2s_sanitizer *s, size_t at, cnn2snn_error **error)
{
    struct c2s_value pair[2] = {s->items.items[at].inputs[0], {0, 0}};
    size_t count = s->items.items[at].input_count;
    for (size_t i = 1; i < count; i++) {
        pair[1] = s->items.items[at].inputs[i];
        if (i + 1 == count)
            break;
        cnn2snn_layer *made = NULL;
        C2S_TRY(make_concatenate(c2s_sanitize_layer(s, at), s->items.items[pair[1].node].layer->name, &made, error));
        cnn2snn_status status = c2s_item_list_add(&s->items, made, 2, pair, error);
        c2s_layer_release(made);
        C2S_TRY(status);
        pair[0] = (struct c2s_value){s->items.count - 1, 0};
    }
    s->items.items[at].inputs[0] = pair[0];
    s->items.items[at].inputs[1] = pair[1];
    s->items.items[at].input_count = 2;
    s->changed = true;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_split_concatenates(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++)
        if (c2s_sanitize_kind(s, i) == C2S_KIND_CONCATENATE && s->graph->nodes[i].input_count > 2)
            C2S_TRY(split_concatenate(s, i, error));
    return CNN2SNN_OK;
}
