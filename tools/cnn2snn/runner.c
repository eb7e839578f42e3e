/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how arrays become samples of a model. */
#include "runner.h"

#include <stdlib.h>
#include <string.h>

/* Samples (N, X, Y, C). Batches of other than one axis are made one; the simulator judges everything else. */
static cnn2snn_status flatten(const cnn2snn_tensor *input, cnn2snn_tensor **out, cnn2snn_error **error)
{
    size_t rank = cnn2snn_tensor_get_rank(input);
    const int64_t *extents = cnn2snn_tensor_get_shape(input);
    int64_t shape[4] = {1, 0, 0, 0};
    if (rank == 4 || rank < 3)
        return cnn2snn_tensor_reshape(input, rank, extents, out, error);
    for (size_t i = 0; i < rank - 3; i++)
        shape[0] *= extents[i]; /* an existing array has as many elements */
    memcpy(shape + 1, extents + rank - 3, 3 * sizeof *shape);
    return cnn2snn_tensor_reshape(input, 4, shape, out, error);
}

/* The output (N, ...) with the input's batch axes in front. */
static cnn2snn_status unflatten(const cnn2snn_tensor *input, cnn2snn_tensor *output, cnn2snn_tensor **out,
                                cnn2snn_error **error)
{
    size_t rank = cnn2snn_tensor_get_rank(input);
    int64_t shape[CNN2SNN_MAX_RANK];
    if (rank == 4 || rank < 3) {
        *out = cnn2snn_tensor_retain(output);
        return CNN2SNN_OK;
    }
    memcpy(shape, cnn2snn_tensor_get_shape(input), (rank - 3) * sizeof *shape);
    memcpy(shape + rank - 3, cnn2snn_tensor_get_shape(output) + 1, 3 * sizeof *shape);
    return cnn2snn_tensor_reshape(output, rank, shape, out, error);
}

static cnn2snn_status compute(cnn2snn_simulator *simulator, const cnn2snn_tensor *samples, int potentials,
                              cnn2snn_layer_output_fn layer_output, void *user_data, cnn2snn_tensor **out,
                              cnn2snn_error **error)
{
    cnn2snn_tensor *levels = NULL;
    if (!potentials)
        return cnn2snn_simulator_forward(simulator, samples, layer_output, user_data, out, error);
    cnn2snn_status status = cnn2snn_simulator_predict(simulator, samples, out, error);
    if (status != CNN2SNN_E_INCOMPATIBLE)
        return status;
    if (error)
        cnn2snn_error_destroy(*error);
    status = cnn2snn_simulator_forward(simulator, samples, NULL, NULL, &levels, error);
    if (!status)
        status = cnn2snn_tensor_convert(levels, CNN2SNN_DTYPE_FLOAT32, out, error);
    cnn2snn_tensor_destroy(levels);
    return status;
}

static cnn2snn_status run_on(cnn2snn_simulator *simulator, const cnn2snn_tensor *input, int potentials,
                             cnn2snn_layer_output_fn layer_output, void *user_data, cnn2snn_tensor **out,
                             cnn2snn_error **error)
{
    cnn2snn_tensor *samples = NULL, *output = NULL;
    cnn2snn_status status = flatten(input, &samples, error);
    if (!status)
        status = compute(simulator, samples, potentials, layer_output, user_data, &output, error);
    if (!status)
        status = unflatten(input, output, out, error);
    cnn2snn_tensor_destroy(samples);
    cnn2snn_tensor_destroy(output);
    return status;
}

static int run_akida(struct session *session, cnn2snn_simulator *simulator, const struct arrays *inputs,
                     int potentials, cnn2snn_layer_output_fn layer_output, void *user_data, struct arrays *outputs)
{
    cnn2snn_error *error = NULL;
    *outputs = (struct arrays){0};
    if (inputs->count != 1)
        return session_fail_text(session, session->arguments.model, "%zu input arrays given, the model takes 1",
                                 inputs->count);
    outputs->items = calloc(1, sizeof *outputs->items);
    if (!outputs->items)
        return session_fail_text(session, NULL, "out of memory");
    outputs->count = 1;
    if (!run_on(simulator, inputs->items[0], potentials, layer_output, user_data, &outputs->items[0], &error))
        return STATUS_DONE;
    arrays_free(outputs);
    return session_fail(session, error);
}

/* ------------------------------------------------------------------------------------------------ both kinds */

int runner_open(struct session *session, struct runner *out)
{
    const char *path = session->arguments.model;
    cnn2snn_error *error = NULL;
    *out = (struct runner){0};
    if (!is_akida_file(path)) {
        out->model = session_load_model(session, 0);
        return out->model ? STATUS_DONE : STATUS_CANNOT;
    }
    if (!cnn2snn_akida_model_load(session->context, path, &out->akida, &error) &&
        !cnn2snn_simulator_create(out->akida, NULL, &out->simulator, &error))
        return STATUS_DONE;
    runner_close(out);
    return session_fail(session, error);
}

void runner_close(struct runner *runner)
{
    cnn2snn_simulator_destroy(runner->simulator);
    cnn2snn_akida_model_destroy(runner->akida);
    cnn2snn_model_destroy(runner->model);
    *runner = (struct runner){0};
}

int runner_input_shape(struct session *session, const struct runner *runner, int64_t *shape, size_t *out_rank)
{
    cnn2snn_error *error = NULL;
    *out_rank = 3;
    if (!runner->model) {
        cnn2snn_simulator_get_input_shape(runner->simulator, shape);
        return STATUS_DONE;
    }
    if (!cnn2snn_model_get_input_count(runner->model))
        return session_fail_text(session, session->arguments.model, "the model has no input");
    if (cnn2snn_model_get_input_shape(runner->model, 0, CNN2SNN_MAX_RANK, shape, out_rank, &error))
        return session_fail(session, error);
    return STATUS_DONE;
}

cnn2snn_dtype runner_image_dtype(const struct runner *runner)
{
    if (runner->model || cnn2snn_simulator_get_input_dtype(runner->simulator) == CNN2SNN_DTYPE_UINT8 ||
        !cnn2snn_simulator_accepts_float32(runner->simulator))
        return CNN2SNN_DTYPE_UINT8;
    return CNN2SNN_DTYPE_FLOAT32;
}

int runner_run(struct session *session, const struct runner *runner, const struct arrays *inputs, int potentials,
               cnn2snn_layer_output_fn layer_output, void *user_data, struct arrays *outputs)
{
    cnn2snn_predict_options settings = CNN2SNN_PREDICT_OPTIONS_INIT;
    if (!runner->model)
        return run_akida(session, runner->simulator, inputs, potentials, layer_output, user_data, outputs);
    settings.layer_output = layer_output;
    settings.layer_output_user_data = user_data;
    settings.layer_integers = runner->layer_integers;
    settings.layer_integers_user_data = user_data;
    return arrays_predict(session, runner->model, inputs, &settings, outputs);
}

void print_json_memory(FILE *to, const cnn2snn_simulator *simulator)
{
    cnn2snn_simulator_memory m;
    if (cnn2snn_simulator_get_memory(simulator, &m, sizeof m)) {
        fprintf(to, "null");
        return;
    }
    fprintf(to,
            "{\"weights\": %llu, \"activations\": %llu, \"workspace\": %llu, \"state\": %llu, "
            "\"layer_outputs\": %llu, \"total\": %llu}",
            (unsigned long long)m.weights, (unsigned long long)m.activations, (unsigned long long)m.workspace,
            (unsigned long long)m.state, (unsigned long long)m.layer_outputs, (unsigned long long)m.total);
}
