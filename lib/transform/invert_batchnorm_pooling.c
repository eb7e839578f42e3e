/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Puts BatchNormalization in front of the pooling before it (spec/legacy.md e.4). With a positive gamma a batch
 * normalization keeps the order of values, so that it and a maximum can change places; an average can with any.
 */
#include "transform/transform.h"

#include <inttypes.h>

#include "base/error.h"
#include "base/report.h"
#include "layers/attributes.h"
#include "layers/layer_kind.h"
#include "transform/batchnorm.h"
#include "transform/rewrite.h"

static cnn2snn_status check_gammas(const cnn2snn_layer *batchnorm, cnn2snn_error **error)
{
    const cnn2snn_tensor *gamma = c2s_layer_find_weight(batchnorm, "gamma");
    if (!gamma)
        return CNN2SNN_OK; /* all ones */
    uint64_t bad = 0;
    for (uint64_t i = 0; i < gamma->count; i++)
        bad += c2s_f32(gamma)[i] <= 0;
    if (!bad)
        return CNN2SNN_OK;
    return c2s_advise(error,
                      c2s_layer_error(batchnorm->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H7", batchnorm->name,
                                      "%" PRIu64 " of %" PRIu64
                                      " gammas are not above 0, as a BatchNormalization behind max "
                                      "pooling needs them",
                                      bad, gamma->count),
                      "put the BatchNormalization in front of the pooling");
}

static cnn2snn_status check_axis(const cnn2snn_layer *batchnorm, size_t rank, int64_t axis, cnn2snn_error **error)
{
    char text[256];
    if (c2s_batchnorm_is_on_axis(batchnorm, rank, axis))
        return CNN2SNN_OK;
    return c2s_advise(error,
                      c2s_layer_error(batchnorm->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H8", batchnorm->name,
                                      "axis %s, expected the channels (%" PRId64
                                      ") for a BatchNormalization behind pooling",
                                      c2s_batchnorm_axes_text(batchnorm, text, sizeof(text)), axis),
                      "normalize the channels");
}

/* The same layer along `axis` of the pooling's input. */
static cnn2snn_status with_axis(const cnn2snn_layer *batchnorm, int64_t axis, cnn2snn_layer **out_layer,
                                cnn2snn_error **error)
{
    json_t *config = json_copy(batchnorm->config);
    if (!config || json_object_set_new(config, "axis", json_pack("[I]", (json_int_t)axis))) {
        json_decref(config);
        return c2s_error_no_memory(error);
    }
    cnn2snn_status status = c2s_layer_remake(batchnorm, NULL, config, 0, NULL, out_layer, error);
    json_decref(config);
    return status;
}

static cnn2snn_status add_inverted(struct c2s_layer_list *list, const struct c2s_graph *graph, size_t pool,
                                   cnn2snn_error **error)
{
    const cnn2snn_layer *pooling = graph->layers[pool], *batchnorm = graph->layers[pool + 1];
    const struct c2s_pool_attributes *attributes = pooling->attributes;
    size_t rank = c2s_sequential_input_shape(graph, pool + 1)->rank + 1;
    int64_t axis = attributes->channels_first ? 1 : 3;
    bool is_max = c2s_layer_id(pooling) == C2S_KIND_MAX_POOLING2D;
    C2S_TRY(check_axis(batchnorm, rank, rank == 2 ? 1 : axis, error));
    C2S_TRY(c2s_layer_check_finite(batchnorm, error));
    if (is_max) {
        C2S_TRY(check_gammas(batchnorm, error));
        C2S_TRY(c2s_layer_list_add(list, batchnorm, error));
    } else {
        cnn2snn_layer *moved = NULL;
        C2S_TRY(with_axis(batchnorm, axis, &moved, error));
        C2S_TRY(c2s_layer_list_add_take(list, moved, error));
    }
    return c2s_layer_list_add(list, pooling, error);
}

static bool is_pooling_before_batchnorm(const struct c2s_graph *graph, size_t i)
{
    return c2s_layer_is(graph->layers[i], C2S_FAMILY_POOLING) &&
           c2s_layer_id(graph->layers[i + 1]) == C2S_KIND_BATCH_NORMALIZATION;
}

cnn2snn_status c2s_invert_batchnorm_pooling(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                            cnn2snn_error **error)
{
    return c2s_rewrite_pairs(graph, "invert_batchnorm_pooling", is_pooling_before_batchnorm, add_inverted, out_graph,
                             error);
}
