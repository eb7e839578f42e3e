/* SPDX-License-Identifier: Apache-2.0 */
/* Sanitizing: batch normalization goes in front of pooling and into the layer before it, everywhere or nowhere. */
#include <inttypes.h>

#include "base/error.h"
#include "transform/batchnorm.h"
#include "transform/rewrite.h"
#include "transform/sanitize_step.h"

/* A layer of these that alone gives the input and whose output nobody else takes, or C2S_NOWHERE. */
static ptrdiff_t pair_before(const struct c2s_sanitizer *s, size_t batchnorm, bool (*counts)(enum c2s_kind_id kind))
{
    ptrdiff_t before = c2s_sanitize_only_input(s, batchnorm);
    if (c2s_sanitize_kind(s, batchnorm) != C2S_KIND_BATCH_NORMALIZATION || before < 0 ||
        !counts(c2s_sanitize_kind(s, (size_t)before)) || c2s_sanitize_only_user(s, (size_t)before) < 0)
        return C2S_NOWHERE;
    return before;
}

static cnn2snn_status require_weights(const cnn2snn_layer *layer, cnn2snn_error **error)
{
    if (layer->built && layer->weight_count)
        return CNN2SNN_OK;
    return c2s_layer_error(layer->context, error, CNN2SNN_E_VALUE, "P-014", layer->name, "no weights");
}

/* ------------------------------------------------------------------------------------------------ poolings */

static bool is_pooling(enum c2s_kind_id kind)
{
    return kind == C2S_KIND_MAX_POOLING2D || kind == C2S_KIND_GLOBAL_AVERAGE_POOLING2D;
}

/* The first weight is gamma; beta where there is none, as the reference has it. */
static cnn2snn_status check_signs(const cnn2snn_layer *batchnorm, cnn2snn_error **error)
{
    const cnn2snn_tensor *gamma = batchnorm->weights[0].tensor;
    uint64_t wrong = 0;
    for (uint64_t i = 0; i < gamma->count; i++)
        wrong += c2s_f32(gamma)[i] <= 0;
    if (!wrong)
        return CNN2SNN_OK;
    return c2s_layer_error(batchnorm->context, error, CNN2SNN_E_INCOMPATIBLE, "P-013", batchnorm->name,
                           "%" PRIu64 " of %" PRIu64 " gammas are not positive", wrong, gamma->count);
}

static cnn2snn_status invert(struct c2s_sanitizer *s, size_t pooling, size_t batchnorm, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, batchnorm);
    C2S_TRY(require_weights(layer, error));
    if (c2s_sanitize_kind(s, pooling) == C2S_KIND_MAX_POOLING2D) {
        C2S_TRY(check_signs(layer, error));
    } else {
        cnn2snn_layer *made = NULL;
        C2S_TRY(c2s_sanitize_with_member(layer, "axis", json_pack("[i]", -1), &made, error));
        c2s_sanitize_replace_take(s, batchnorm, made);
    }
    c2s_sanitize_swap(s, pooling, batchnorm);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_invert_pooling_batchnorm(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++) {
        ptrdiff_t pooling = pair_before(s, i, is_pooling);
        if (pooling >= 0)
            C2S_TRY(invert(s, (size_t)pooling, i, error));
    }
    return CNN2SNN_OK;
}

/* ------------------------------------------------------------------------------------------------ folding */

static bool takes_batchnorm(enum c2s_kind_id kind)
{
    switch (kind) {
    case C2S_KIND_CONV2D:
    case C2S_KIND_PADDED_CONV2D:
    case C2S_KIND_CONV2D_TRANSPOSE:
    case C2S_KIND_SEPARABLE_CONV2D:
    case C2S_KIND_DEPTHWISE_CONV2D:
    case C2S_KIND_DEPTHWISE_CONV2D_TRANSPOSE:
    case C2S_KIND_DENSE:
        return true;
    default:
        return false;
    }
}

static cnn2snn_status check_foldable(const struct c2s_sanitizer *s, size_t batchnorm, cnn2snn_error **error)
{
    const cnn2snn_layer *layer = c2s_sanitize_layer(s, batchnorm);
    size_t rank = c2s_sanitize_input_shape(s, batchnorm)->rank + 1;
    char text[256];
    C2S_TRY(require_weights(layer, error));
    const cnn2snn_tensor *gamma = layer->weights[0].tensor;
    uint64_t zeros = 0;
    for (uint64_t i = 0; i < gamma->count; i++)
        zeros += c2s_f32(gamma)[i] == 0;
    if (zeros)
        return c2s_layer_error(s->context, error, CNN2SNN_E_INCOMPATIBLE, "P-014", layer->name,
                               "%" PRIu64 " of %" PRIu64 " gammas are null", zeros, gamma->count);
    if (c2s_batchnorm_is_on_axis(layer, rank, (int64_t)rank - 1))
        return CNN2SNN_OK;
    return c2s_layer_error(s->context, error, CNN2SNN_E_INCOMPATIBLE, "P-014", layer->name,
                           "axis %s, expected the last one of %zu", c2s_batchnorm_axes_text(layer, text, sizeof text),
                           rank);
}

static cnn2snn_status fold(struct c2s_sanitizer *s, size_t at, size_t batchnorm, cnn2snn_error **error)
{
    cnn2snn_layer *folded = NULL;
    C2S_TRY(check_foldable(s, batchnorm, error));
    C2S_TRY(c2s_layer_fold_batchnorm(c2s_sanitize_layer(s, at), c2s_sanitize_layer(s, batchnorm),
                                     c2s_sanitize_input_shape(s, at), &folded, error));
    c2s_sanitize_replace_take(s, at, folded);
    c2s_sanitize_remove(s, batchnorm);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_fold_batchnorms(struct c2s_sanitizer *s, cnn2snn_error **error)
{
    for (size_t i = 0; i < s->graph->layer_count; i++) {
        ptrdiff_t before = pair_before(s, i, takes_batchnorm);
        if (before >= 0)
            C2S_TRY(fold(s, (size_t)before, i, error));
    }
    return CNN2SNN_OK;
}
