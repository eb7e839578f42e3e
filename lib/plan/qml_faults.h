/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of layers that fall into no block of an Akida layer, and what to do about it. */
#ifndef C2S_QML_FAULTS_H
#define C2S_QML_FAULTS_H

#include "plan/qml_plan.h"

/* A layer of Akida 1.0 whose output is quantized, though it is no ReLU; `behind` takes it. */
cnn2snn_status c2s_qml_report_cut(cnn2snn_report *report, const cnn2snn_layer *layer, const cnn2snn_layer *behind,
                                  cnn2snn_error **error);
/* A layer that belongs to two blocks. */
cnn2snn_status c2s_qml_report_shared(cnn2snn_report *report, const cnn2snn_layer *layer, cnn2snn_error **error);
/* A layer that leads nowhere. */
cnn2snn_status c2s_qml_report_loose(cnn2snn_report *report, const cnn2snn_layer *layer, cnn2snn_error **error);
/* Layers that form no known block. */
cnn2snn_status c2s_qml_report_pattern(cnn2snn_report *report, const struct c2s_block_patterns *patterns,
                                      const struct c2s_qml_plan *plan, size_t count, const size_t *nodes,
                                      cnn2snn_error **error);
/* A layer with another number of inputs than its Akida layer takes. */
cnn2snn_status c2s_qml_report_inbounds(cnn2snn_report *report, const cnn2snn_layer *layer, size_t found,
                                       size_t expected, cnn2snn_error **error);
/* A layer that takes the model's input beside the one that images go to. */
cnn2snn_status c2s_qml_report_input_use(cnn2snn_report *report, const cnn2snn_layer *layer, cnn2snn_error **error);

#endif
