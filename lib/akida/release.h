/* SPDX-License-Identifier: Apache-2.0 */
/* Akida models for older runtimes (spec/fbz.md 2.1 and 6). */
#ifndef C2S_AKIDA_RELEASE_H
#define C2S_AKIDA_RELEASE_H

#include "akida/akida_model.h"

/*
 * A copy in the form that the runtime of `release` ("2.16.1") reads. What that can't express goes to the report, with
 * layer and reason; then *out_model is NULL and the status CNN2SNN_OK. CNN2SNN_E_VALUE for what is no release.
 */
cnn2snn_status c2s_akida_model_for_release(const cnn2snn_akida_model *model, const char *release,
                                           cnn2snn_report *report, cnn2snn_akida_model **out_model,
                                           cnn2snn_error **error);

#endif
