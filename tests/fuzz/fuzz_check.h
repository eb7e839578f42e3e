/* SPDX-License-Identifier: Apache-2.0 */
/* Asks whether a model suits Akida by QuantizeML's rules: an answer with the report that it follows from, or an
 * error. Models that take long to run are left out, and so is what only they have. */
#ifndef C2S_FUZZ_CHECK_H
#define C2S_FUZZ_CHECK_H

#include "base/report.h"
#include "cnn2snn/converter.h"
#include "fuzz.h"
#include "ir/model.h"

/* Running a model for its ranges takes time that says nothing; one of open extents isn't run. */
static inline bool fuzz_is_small(const struct c2s_graph *graph)
{
    enum { MOST = 1 << 13 };
    int64_t values = 0, weights = 0;
    for (size_t i = 0; i < graph->layer_count; i++)
        for (size_t k = 0; k < graph->layers[i]->weight_count; k++)
            weights += (int64_t)graph->layers[i]->weights[k].tensor->count;
    for (size_t i = 0; i < graph->node_count; i++) {
        const struct c2s_shape *shape = graph->nodes[i].shapes;
        if (!shape || !c2s_shape_is_known(&shape[0]))
            continue;
        int64_t count = c2s_shape_elements(&shape[0]);
        if (count < 0 || count > MOST)
            return false;
        values += count;
    }
    return values <= MOST && weights <= MOST && graph->node_count <= 200;
}

static inline void fuzz_check_compatibility(struct c2s_graph *graph, uint8_t choice)
{
    cnn2snn_check_options options = CNN2SNN_CHECK_OPTIONS_INIT;
    cnn2snn_model *model = NULL;
    cnn2snn_report *report = NULL;
    cnn2snn_error *error = NULL;
    int32_t compatible = -1;
    if (!fuzz_is_small(graph))
        return;
    options.flow = CNN2SNN_CHECK_QUANTIZEML;
    options.akida_version = choice & 1 ? CNN2SNN_AKIDA_V1 : CNN2SNN_AKIDA_V2;
    options.input_dtype = choice & 2 ? CNN2SNN_DTYPE_INT8 : CNN2SNN_DTYPE_UINT8;
    fuzz_require(!c2s_model_create(graph->context, graph, &model, NULL));
    cnn2snn_status status = cnn2snn_check_model_compatibility(model, &options, &compatible, &report, &error);
    fuzz_require((status == 0) == (error == NULL) && (status == 0) == (report != NULL));
    fuzz_require(status || compatible == !c2s_report_count_errors(report));
    cnn2snn_error_destroy(error);
    cnn2snn_report_destroy(report);
    c2s_model_destroy(model);
}

#endif
