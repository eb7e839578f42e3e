/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Quantizes a float model as QuantizeML does (spec/quantizeml-ptq.md 2, 5, 6): sanitized, layers replaced by
 * quantized ones as far as they can be, quantizers at the input and where outputs are aligned, ranges of random
 * samples.
 */
#ifndef C2S_QML_QUANTIZE_H
#define C2S_QML_QUANTIZE_H

#include "base/report.h"
#include "ir/graph.h"

/* QuantizeML's QuantizationParams. */
struct c2s_qml_parameters {
    int32_t activation_bits, weight_bits, input_weight_bits, output_bits, buffer_bits;
    bool per_tensor_activations;
    cnn2snn_dtype input_dtype; /* of integers */
};

/* What check_model_compatibility quantizes with. */
struct c2s_qml_parameters c2s_qml_parameters_of(cnn2snn_akida_version version, cnn2snn_dtype input_dtype);

/*
 * Faults go to the report, warnings too; the status is CNN2SNN_OK also when there are some. *out_graph is the model
 * as far as it can be quantized in spite of them, so that more faults can be found in it, or NULL.
 */
cnn2snn_status c2s_qml_quantize(const struct c2s_graph *graph, const struct c2s_qml_parameters *parameters,
                                cnn2snn_report *report, struct c2s_graph **out_graph, cnn2snn_error **error);

#endif
