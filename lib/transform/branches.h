/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of layers between the branchings of a graph, as Sequential sub-models. */
#ifndef C2S_BRANCHES_H
#define C2S_BRANCHES_H

#include "transform/calls.h"

/* A Sequential when there is one run, otherwise a functional graph of the input, Sequentials and Concatenates. Each
 * layer is called once and, but for Concatenates, has one input: the caller has checked. */
cnn2snn_status c2s_branches_join(const struct c2s_graph *graph, const struct c2s_calls *calls,
                                 struct c2s_graph **out_graph, cnn2snn_error **error);

#endif
