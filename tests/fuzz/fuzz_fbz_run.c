/* SPDX-License-Identifier: Apache-2.0 */
/* Any bytes as an .fbz file: what loads is made ready to run, and what isn't too much work is run. */
#include "fuzz.h"

#include <string.h>

#include "akida/fbz.h"
#include "base/error.h"
#include "simulate/simulator.h"

/* More products than this for a sample take too long for a fuzzer. */
enum { MOST_WORK = 2000000 };

static double work(const cnn2snn_simulator *simulator)
{
    double sum = 0;
    for (size_t i = 0; i < simulator->stage_count; i++) {
        const struct c2s_stage *stage = &simulator->stages[i];
        double places = (double)stage->out[0] * (double)stage->out[1], pooled = 1;
        if (stage->pool_type) {
            places = (double)stage->window.x.out * (double)stage->window.y.out;
            pooled = (double)stage->pool.x.kernel * (double)stage->pool.y.kernel;
        }
        sum += places * ((double)stage->memory_size + pooled * (double)stage->out[2]);
    }
    return sum + (double)simulator->lane_size + (double)simulator->state_size;
}

static void run(cnn2snn_simulator *simulator)
{
    const struct c2s_stage *first = &simulator->stages[0];
    bool real = first->layer->kind == C2S_AKIDA_QUANTIZER;
    const int64_t shape[4] = {2, first->in[0], first->in[1], first->in[2]};
    for (int call = 0; call < 2; call++) {
        cnn2snn_tensor *input, *output = NULL;
        cnn2snn_error *error = NULL;
        cnn2snn_dtype dtype = real && call ? CNN2SNN_DTYPE_FLOAT32 : c2s_sample_dtype(first);
        cnn2snn_status made = c2s_tensor_create(simulator->context, dtype, 4, shape, &input, NULL);
        fuzz_require(!made || made == CNN2SNN_E_LIMIT);
        if (made)
            return; /* one sample is within the limits of the context, two aren't */
        unsigned char *bytes = input->data;
        for (size_t i = 0; i < input->size; i++)
            bytes[i] = (unsigned char)(i * 73 + 128);
        cnn2snn_status status = c2s_simulator_forward(simulator, input, call, NULL, NULL, &output, &error);
        fuzz_require(status == CNN2SNN_OK || status == CNN2SNN_E_LIMIT || (call && status == CNN2SNN_E_INCOMPATIBLE));
        c2s_error_clear(&error);
        if (output)
            c2s_tensor_release(output);
        c2s_tensor_release(input);
        c2s_simulator_reset(simulator);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    cnn2snn_context *context = fuzz_context(CNN2SNN_ISOLATION_NONE);
    for (int raw = 0; raw < 2; raw++) {
        cnn2snn_akida_model *model = NULL;
        cnn2snn_simulator *simulator = NULL;
        cnn2snn_error *error = NULL;
        cnn2snn_status status = raw ? c2s_fbz_read_payload(context, data, size, &model, &error)
                                    : c2s_fbz_read(context, data, size, &model, &error);
        if (!status)
            status = c2s_simulator_create(model, 1, &simulator, &error);
        fuzz_require((status != 0) == (error != NULL) && (status == 0) == (simulator != NULL));
        if (!status && work(simulator) < MOST_WORK)
            run(simulator);
        c2s_error_clear(&error);
        c2s_simulator_destroy(simulator);
        c2s_akida_model_release(model);
    }
    fuzz_require(context->references == 1);
    c2s_context_release(context);
    return 0;
}
