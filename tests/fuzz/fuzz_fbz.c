/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an .fbz file, and as the FlatBuffer inside. What is read is written, read and written again: same
 * bytes. */
#include "fuzz.h"

#include <string.h>

#include "akida/fbz.h"
#include "base/error.h"
#include "base/report.h"
#include "base/text.h"

static void write_and_read(const cnn2snn_akida_model *model)
{
    cnn2snn_buffer *first, *second;
    cnn2snn_akida_model *again;
    cnn2snn_error *error = NULL;
    fuzz_require(!c2s_fbz_write(model, model->version, &first, NULL));
    cnn2snn_status status = c2s_fbz_read(model->context, first->data, first->size, &again, &error);
    fuzz_require(!status || status == CNN2SNN_E_LIMIT);
    c2s_error_clear(&error);
    if (!status) {
        fuzz_require(!c2s_fbz_write(again, again->version, &second, NULL));
        fuzz_require(first->size == second->size && !memcmp(first->data, second->data, first->size));
        c2s_buffer_destroy(second);
        c2s_akida_model_release(again);
    }
    c2s_buffer_destroy(first);
}

/* Everything else that is done with a model must end in a result or an error. */
static void look_into(const cnn2snn_akida_model *model)
{
    cnn2snn_report *report;
    cnn2snn_akida_model *fixed;
    cnn2snn_error *error = NULL;
    int64_t shape[3];
    fuzz_require(!c2s_report_create(model->context, &report, NULL));
    fuzz_require(!c2s_akida_model_verify(model, report, NULL));
    if (model->layer_count && c2s_akida_layer_output_shape(model, model->layer_count - 1, shape, &error))
        c2s_error_clear(&error);
    if (c2s_akida_fix_v1_activation_variables(model, report, &fixed, &error))
        c2s_error_clear(&error);
    else
        c2s_akida_model_release(fixed);
    c2s_report_destroy(report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cnn2snn_context *context = fuzz_context(CNN2SNN_ISOLATION_NONE);
    for (int raw = 0; raw < 2; raw++) {
        cnn2snn_akida_model *model = NULL;
        cnn2snn_error *error = NULL;
        cnn2snn_status status = raw ? c2s_fbz_read_payload(context, data, size, &model, &error)
                                    : c2s_fbz_read(context, data, size, &model, &error);
        fuzz_require((status != 0) == (error != NULL) && (status == 0) == (model != NULL));
        c2s_error_clear(&error);
        if (model) {
            write_and_read(model);
            look_into(model);
        }
        c2s_akida_model_release(model);
    }
    fuzz_require(context->references == 1);
    c2s_context_release(context);
    return 0;
}
