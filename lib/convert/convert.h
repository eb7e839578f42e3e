/* SPDX-License-Identifier: Apache-2.0 */
/* From a plan to an Akida model. */
#ifndef C2S_CONVERT_H
#define C2S_CONVERT_H

#include "akida/akida_model.h"
#include "plan/plan.h"
#include "plan/qml_plan.h"

/*
 * Emits the Akida 1.0 layers of a plan without faults (spec/legacy.md g.3, g.4, e.11). What shows only in the numbers
 * goes to the report: what the runtime would refuse (then *out_model is NULL and the status CNN2SNN_OK), and what was
 * limited for the hardware.
 */
cnn2snn_status c2s_convert_v1(const struct c2s_plan *plan, cnn2snn_report *report, cnn2snn_akida_model **out_model,
                              cnn2snn_error **error);

/* The same for the plan of a QuantizeML model, to the Akida version of the plan. */
cnn2snn_status c2s_convert_qml(const struct c2s_qml_plan *plan, cnn2snn_report *report,
                               cnn2snn_akida_model **out_model, cnn2snn_error **error);

/* A value that doesn't fit is a fault of the model like those that the rules find; other errors are passed on. Takes
 * `cause`; `rule` is for causes without one. */
cnn2snn_status c2s_fault_from_error(cnn2snn_status status, cnn2snn_error *cause, const char *rule,
                                    cnn2snn_report *report, cnn2snn_error **error);

#endif
