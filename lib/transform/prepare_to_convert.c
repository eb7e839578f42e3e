/* SPDX-License-Identifier: Apache-2.0 */
/* What conversion starts with (spec/legacy.md e.3): one Sequential in the order that Akida's blocks have. */
#include "transform/transform.h"

#include "base/error.h"
#include "base/report.h"

cnn2snn_status c2s_prepare_to_convert(const struct c2s_graph *graph, struct c2s_graph **out_graph,
                                      cnn2snn_error **error)
{
    struct c2s_graph *sequential = NULL;
    C2S_TRY(c2s_sequentialize(graph, &sequential, error));
    cnn2snn_status status =
        sequential->sequential
            ? c2s_syncretize(sequential, out_graph, error)
            : c2s_advise(
                  error,
                  c2s_error(
                      graph->context, error, CNN2SNN_E_INCOMPATIBLE, "L-H6",
                      "model %s has several branches, expected one line of layers: Akida 1.0 models have no others",
                      graph->name),
                  "use a model without branches");
    c2s_graph_release(sequential);
    return status;
}
