/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which errors of emitting layers are faults of the model. */
#include "base/error.h"
#include "base/error_object.h"
#include "base/report.h"
#include "convert/convert.h"

cnn2snn_status c2s_fault_from_error(cnn2snn_status status, cnn2snn_error *cause, const char *rule,
                                    cnn2snn_report *report, cnn2snn_error **error)
{
    if (status == CNN2SNN_E_VALUE && cause) {
        status =
            c2s_report_add(report, CNN2SNN_SEVERITY_ERROR, status, cause->rule && *cause->rule ? cause->rule : rule,
                           cause->layer, NULL, error, "%s", cause->message);
        c2s_error_clear(&cause);
    } else if (error && !*error) {
        *error = cause;
    } else {
        c2s_error_clear(&cause);
    }
    return status;
}
