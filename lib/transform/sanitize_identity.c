/* SPDX-License-Identifier: Apache-2.0 */
/* Sanitizing: convolutions that change nothing, where an Akida layer must stand between others. */
#include <inttypes.h>
#include <string.h>

#include "base/context.h"
#include "base/error.h"
#include "base/text.h"
#include "transform/rewrite.h"
#include "transform/sanitize_step.h"

/* A layer without weights may bring a matrix of channels into the model: all of them together have a limit, 1 GiB. */
enum { MAX_CHANNELS = 2048, IMAGE_RANK = 3, MAX_WEIGHTS = 1 << 28 };

cnn2snn_status c2s_identity_conv_create(cnn2snn_context *context, const char *name, int64_t channels,
                                        cnn2snn_layer **out_layer, cnn2snn_error **error)
{
    const struct c2s_shape input = {3, {-1, -1, channels}};
    cnn2snn_tensor *kernel = NULL;
    json_t *config = json_pack(
        "{s:s, s:b, s:s, s:I, s:[i, i], s:[i, i], s:s, s:s, s:[i, i], s:i, s:s, s:b}", "name", name, "trainable", 1,
        "dtype", "float32", "filters", (json_int_t)channels, "kernel_size", 1, 1, "strides", 1, 1, "padding", "valid",
        "data_format", "channels_last", "dilation_rate", 1, 1, "groups", 1, "activation", "linear", "use_bias", 0);
    cnn2snn_status status = c2s_identity_kernel_create(context, channels, &kernel, error);
    if (!status)
        return c2s_layer_create_with_kernel(context, "Conv2D", config, &input, kernel, out_layer, error);
    json_decref(config);
    return status;
}

/* Channels of an output of images; C2S_NOWHERE where there are none, or too many. */
static int64_t channels_of(const struct c2s_sanitizer *s, size_t at)
{
    const struct c2s_shape *shape = c2s_sanitize_output_shape(s, at);
    int64_t channels = shape->rank == IMAGE_RANK ? shape->extents[IMAGE_RANK - 1] : C2S_NOWHERE;
    return channels >= 1 && channels <= MAX_CHANNELS ? channels : C2S_NOWHERE;
}

static cnn2snn_status count_weights(struct c2s_sanitizer *s, size_t at, cnn2snn_error **error)
{
    uint64_t limit = s->context->max_total_bytes / sizeof(float);
    limit = limit < MAX_WEIGHTS ? limit : MAX_WEIGHTS;
    s->identity_weights += (uint64_t)(channels_of(s, at) * channels_of(s, at));
    if (s->identity_weights <= limit)
        return CNN2SNN_OK;
    return c2s_layer_error(s->context, error, CNN2SNN_E_LIMIT, "P-021", c2s_sanitize_layer(s, at)->name,
                           "convolutions that change nothing would have %" PRIu64 " weights, expected %" PRIu64
                           " at most",
                           s->identity_weights, limit);
}

/* "<layer>_identity_conv", or with the number behind it. */
static cnn2snn_status make_identity(struct c2s_sanitizer *s, size_t at, size_t number, cnn2snn_layer **out_layer,
                                    cnn2snn_error **error)
{
    struct c2s_text name;
    C2S_TRY(count_weights(s, at, error));
    c2s_text_init(&name, s->context);
    c2s_text_format(&name, "%s_identity_conv", c2s_sanitize_layer(s, at)->name);
    if (number)
        c2s_text_format(&name, "_%zu", number);
    cnn2snn_status status =
        name.failed ? c2s_error_no_memory(error)
                    : c2s_identity_conv_create(s->context, name.data, channels_of(s, at), out_layer, error);
    c2s_text_free(&name);
    return status;
}

static cnn2snn_status insert(struct c2s_sanitizer *s, size_t at, cnn2snn_error **error)
{
    cnn2snn_layer *identity = NULL;
    C2S_TRY(make_identity(s, at, 0, &identity, error));
    return c2s_sanitize_insert_take(s, at, identity, error);
}

static bool is_add(const struct c2s_sanitizer *s, size_t at)
{
    return c2s_sanitize_kind(s, at) == C2S_KIND_ADD || c2s_sanitize_kind(s, at) == C2S_KIND_QML_FLOAT_ADD;
}

/* ------------------------------------------------------------------------------------------------ the places */

/* Add, ReLU, GlobalAveragePooling2D in a row. */
cnn2snn_status c2s_identity_before_pooled_sum(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++) {
        ptrdiff_t relu = is_add(s, i) ? c2s_sanitize_only_user(s, i) : C2S_NOWHERE;
        ptrdiff_t pooling = relu >= 0 ? c2s_sanitize_only_user(s, (size_t)relu) : C2S_NOWHERE;
        if (pooling >= 0 && c2s_sanitize_kind(s, (size_t)relu) == C2S_KIND_RELU &&
            c2s_sanitize_kind(s, (size_t)pooling) == C2S_KIND_GLOBAL_AVERAGE_POOLING2D && channels_of(s, i) > 0)
            C2S_TRY(insert(s, i, error));
    }
    return CNN2SNN_OK;
}

static bool feeds_convolution(const struct c2s_sanitizer *s, size_t at)
{
    for (size_t i = s->calls.first_user[at]; i < s->calls.first_user[at + 1]; i++) {
        enum c2s_kind_id kind = c2s_sanitize_kind(s, s->calls.users[i]);
        if (c2s_sanitize_is_conv2d(kind) || kind == C2S_KIND_DEPTHWISE_CONV2D ||
            kind == C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE)
            return true;
    }
    return false;
}

cnn2snn_status c2s_identity_behind_merges(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++)
        if ((is_add(s, i) || c2s_sanitize_kind(s, i) == C2S_KIND_CONCATENATE) && !feeds_convolution(s, i) &&
            channels_of(s, i) > 0)
            C2S_TRY(insert(s, i, error));
    return CNN2SNN_OK;
}

/* The first convolution of images with its activation and pooling becomes one Akida layer, whose output may not be
 * split. */
cnn2snn_status c2s_identity_behind_input_conv(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    if (s->graph->input_count != 1)
        return CNN2SNN_OK;
    size_t at = s->graph->inputs[0];
    for (ptrdiff_t next;
         (c2s_sanitize_kind(s, at) == C2S_KIND_INPUT || c2s_sanitize_kind(s, at) == C2S_KIND_RESCALING) &&
         (next = c2s_sanitize_only_user(s, at)) >= 0;)
        at = (size_t)next;
    const struct c2s_shape *input = c2s_sanitize_input_shape(s, at);
    int64_t channels = input && input->rank ? input->extents[input->rank - 1] : -1;
    if (!c2s_sanitize_is_conv2d(c2s_sanitize_kind(s, at)) || (channels != 1 && channels != 3))
        return CNN2SNN_OK;
    for (ptrdiff_t next; (next = c2s_sanitize_only_user(s, at)) >= 0; at = (size_t)next) {
        enum c2s_kind_id kind = c2s_sanitize_kind(s, (size_t)next);
        if (kind != C2S_KIND_RELU && kind != C2S_KIND_MAX_POOLING2D && kind != C2S_KIND_QML_FLOAT_ACTIVATION)
            break;
    }
    return c2s_sanitize_user_count(s, at) > 1 && c2s_sanitize_output_shape(s, at)->rank == IMAGE_RANK &&
                   channels_of(s, at) > 0
               ? insert(s, at, error)
               : CNN2SNN_OK;
}

/* The last two of those that take the output take it of an identity instead, as long as more than two do. */
static cnn2snn_status share(struct c2s_sanitizer *s, size_t at, cnn2snn_error **error)
{
    size_t first = s->calls.first_user[at], count = c2s_sanitize_user_count(s, at);
    struct c2s_value input = {at, 0};
    size_t last = s->calls.users[first + count - 1]; /* of the users, an identity in the end */
    for (; count > 2; count--) {
        const size_t moved[2] = {last, s->calls.users[first + count - 2]};
        cnn2snn_layer *identity = NULL;
        C2S_TRY(make_identity(s, at, count, &identity, error));
        cnn2snn_status status = c2s_item_list_add(&s->items, identity, 1, &input, error);
        c2s_layer_release(identity);
        C2S_TRY(status);
        for (size_t i = 0; i < 2; i++)
            for (size_t k = 0; k < s->items.items[moved[i]].input_count; k++)
                if (s->items.items[moved[i]].inputs[k].node == at)
                    s->items.items[moved[i]].inputs[k] = (struct c2s_value){s->items.count - 1, 0};
        last = s->items.count - 1;
    }
    s->changed = true;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_identity_for_many_users(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++)
        if (c2s_sanitize_kind(s, i) != C2S_KIND_INPUT && c2s_sanitize_user_count(s, i) > 2 && channels_of(s, i) > 0)
            C2S_TRY(share(s, i, error));
    return CNN2SNN_OK;
}
