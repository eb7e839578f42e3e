/* SPDX-License-Identifier: Apache-2.0 */
/* Decides where values lie while a model runs, and how samples are shared out among threads. */
#include "simulate/simulator.h"

#include <string.h>

#include "base/allocator.h"
#include "base/checked.h"
#include "base/context.h"
#include "base/error.h"
#include "simulate/sample.h"

/* ------------------------------------------------------------------------------------------------ places */

/* A region of a lane that is free again. */
struct gap {
    size_t offset, size;
};

struct layout {
    struct gap *gaps;
    size_t gap_count;
    size_t end;
};

static size_t take_region(struct layout *layout, size_t size)
{
    for (size_t i = 0; i < layout->gap_count; i++)
        if (layout->gaps[i].size >= size) {
            size_t offset = layout->gaps[i].offset;
            layout->gaps[i].offset += size;
            layout->gaps[i].size -= size;
            return offset;
        }
    size_t offset = layout->end;
    layout->end += size;
    return offset;
}

/* Neighbours are joined, so that large outputs fit again. */
static void give_region(struct layout *layout, size_t offset, size_t size)
{
    for (size_t i = 0; i < layout->gap_count; i++) {
        struct gap *gap = &layout->gaps[i];
        bool behind = gap->offset + gap->size == offset, before = offset + size == gap->offset;
        if (gap->size && !behind && !before)
            continue;
        if (gap->size) {
            offset = before ? offset : gap->offset;
            size += gap->size;
        }
        *gap = layout->gaps[--layout->gap_count];
        i = (size_t)-1; /* what grew may have another neighbour */
    }
    layout->gaps[layout->gap_count++] = (struct gap){offset, size};
}

/* Elements in whole cache lines, so that each region begins with one. */
static size_t whole_lines(size_t count)
{
    return (count + 15) / 16 * 16;
}

static size_t output_size(const struct c2s_stage *stage)
{
    size_t count = (size_t)(stage->out[0] * stage->out[1] * stage->out[2]);
    return stage->has_bytes ? c2s_byte_whole_lines(count) : whole_lines(count);
}

static void free_output(const cnn2snn_simulator *simulator, struct layout *layout, size_t index)
{
    give_region(layout, simulator->stages[index].output_offset, output_size(&simulator->stages[index]));
}

/* Gives each stage's output a place, which is given to others when the last stage that reads it is done. */
static void place_outputs(cnn2snn_simulator *simulator, struct layout *layout, const size_t *last_use)
{
    for (size_t i = 0; i < simulator->stage_count; i++) {
        struct c2s_stage *stage = &simulator->stages[i];
        stage->output_offset = take_region(layout, output_size(stage));
        for (size_t j = 0; j < stage->inbound_count; j++)
            if (last_use[stage->inbounds[j]] == i && !(j && stage->inbounds[j] == stage->inbounds[0]))
                free_output(simulator, layout, stage->inbounds[j]);
        if (last_use[i] == i)
            free_output(simulator, layout, i);
    }
}

static bool runs_on_bytes(const struct c2s_stage *stage)
{
    return stage->bytes.kernels != NULL;
}

/* Elements of inputs that the stage needs in another form than they are kept in. */
static size_t converted_size(const cnn2snn_simulator *simulator, const struct c2s_stage *stage)
{
    size_t largest = 0;
    for (size_t j = 0; j < stage->inbound_count; j++) {
        const struct c2s_stage *producer = &simulator->stages[stage->inbounds[j]];
        size_t count = (size_t)(producer->out[0] * producer->out[1] * producer->out[2]);
        size_t size = runs_on_bytes(stage) ? c2s_byte_whole_lines(count) : whole_lines(count);
        if (producer->has_bytes != runs_on_bytes(stage) && size > largest)
            largest = size;
    }
    return largest;
}

static cnn2snn_status plan_lane(cnn2snn_simulator *simulator, cnn2snn_error **error)
{
    size_t count = simulator->stage_count, scratch = 0;
    struct layout layout = {c2s_calloc(simulator->context, 2 * count + 2, sizeof(struct gap)), 0,
                            simulator->input_size};
    size_t *last_use = c2s_calloc(simulator->context, count, sizeof *last_use);
    cnn2snn_status status = layout.gaps && last_use ? CNN2SNN_OK : c2s_error_no_memory(error);
    for (size_t i = 0; i < count && !status; i++) {
        const struct c2s_stage *stage = &simulator->stages[i];
        last_use[i] = i + 1 < count ? i : count; /* outputs that nobody reads are free at once, but for the last */
        for (size_t j = 0; j < stage->inbound_count; j++)
            last_use[stage->inbounds[j]] = i;
        scratch = stage->scratch_size > scratch ? stage->scratch_size : scratch;
        size_t converted = converted_size(simulator, stage), own = stage->bytes.own_size;
        own = stage->second.own_size > own ? stage->second.own_size : own;
        simulator->converted_size = converted > simulator->converted_size ? converted : simulator->converted_size;
        simulator->own_size = own > simulator->own_size ? own : simulator->own_size;
    }
    if (!status) {
        place_outputs(simulator, &layout, last_use);
        simulator->scratch_offset = layout.end;
        simulator->converted_offset = layout.end + whole_lines(scratch);
        simulator->lane_size = simulator->converted_offset + 2 * simulator->converted_size;
    }
    c2s_free(simulator->context, layout.gaps);
    c2s_free(simulator->context, last_use);
    return status;
}

/* ------------------------------------------------------------------------------------------------ creating */

static cnn2snn_status prepare_stages(cnn2snn_simulator *simulator, cnn2snn_error **error)
{
    const cnn2snn_akida_model *model = simulator->model;
    cnn2snn_context *context = simulator->context;
    struct c2s_akida_shapes *shapes = c2s_calloc(context, model->layer_count, sizeof *shapes);
    simulator->stages = c2s_calloc(context, model->layer_count, sizeof *simulator->stages);
    cnn2snn_status status = shapes && simulator->stages ? CNN2SNN_OK : c2s_error_no_memory(error);
    if (!status)
        status = c2s_akida_model_shapes(model, model->layer_count, shapes, error);
    for (size_t i = 0; i < model->layer_count && !status; i++) {
        struct c2s_stage *stage = &simulator->stages[simulator->stage_count++];
        status = c2s_stage_prepare(model, i, &shapes[i], simulator->stages, simulator->bytes, stage, error);
        if (status)
            c2s_error_set_layer(error, model->layers[i].name);
        stage->state_offset = simulator->state_size;
        if (!status && !c2s_add_size(simulator->state_size, stage->state_size, &simulator->state_size))
            status = c2s_error_no_memory(error);
    }
    c2s_free(context, shapes);
    return status;
}

static void clear_slack(int32_t *region, size_t bytes)
{
    memset((uint8_t *)region + bytes, 0, c2s_byte_whole_lines(bytes) * sizeof *region - bytes);
}

/* What kernels read behind bytes of inputs is multiplied by zeros; but nothing is read that was never written. */
static void clear_slacks(const cnn2snn_simulator *simulator, int32_t *lane)
{
    for (size_t i = 0; i < simulator->stage_count; i++) {
        const struct c2s_stage *stage = &simulator->stages[i];
        const struct c2s_byte_plan *second = &stage->second;
        if (stage->has_bytes)
            clear_slack(lane + stage->output_offset, (size_t)(stage->out[0] * stage->out[1] * stage->out[2]));
        if (second->kernels)
            clear_slack(lane + simulator->scratch_offset,
                        (size_t)(second->window.x.out * second->window.y.out * second->channels));
        for (size_t j = 0; j < stage->inbound_count && runs_on_bytes(stage); j++) {
            const struct c2s_stage *producer = &simulator->stages[stage->inbounds[j]];
            if (!producer->has_bytes)
                clear_slack(lane + simulator->converted_offset + j * simulator->converted_size,
                            (size_t)(producer->out[0] * producer->out[1] * producer->out[2]));
        }
    }
}

/* Stages count their data, but all together must stay within the limits as well. */
static cnn2snn_status allocate(cnn2snn_simulator *simulator, cnn2snn_error **error)
{
    cnn2snn_context *context = simulator->context;
    size_t elements, bytes, threads = c2s_worker_pool_threads(simulator->pool), own;
    simulator->lane_count = simulator->state_size ? 1 : threads;
    if (!c2s_mul_size(simulator->lane_size, simulator->lane_count, &elements) ||
        !c2s_add_size(elements, simulator->state_size, &elements) ||
        !c2s_mul_size(elements, sizeof(int32_t), &bytes) || !c2s_mul_size(simulator->own_size, threads, &own) ||
        !c2s_add_size(bytes, own, &own) || own > context->max_total_bytes)
        return c2s_error(context, error, CNN2SNN_E_LIMIT, "S-SIZE",
                         "the model needs more memory than the context's max_total_bytes allow");
    simulator->lanes = c2s_alloc(context, bytes);
    simulator->own = c2s_calloc(context, own - bytes, 1);
    if (!simulator->lanes || !simulator->own)
        return c2s_error_no_memory(error);
    simulator->state = simulator->lanes + simulator->lane_size * simulator->lane_count;
    for (size_t i = 0; i < simulator->lane_count; i++)
        clear_slacks(simulator, simulator->lanes + i * simulator->lane_size);
    c2s_simulator_reset(simulator);
    return CNN2SNN_OK;
}

static cnn2snn_status refuse_unknown(const cnn2snn_simulator *simulator, const struct c2s_akida_layer *layer,
                                     const char *what, const char *name, cnn2snn_error **error)
{
    return c2s_layer_error(simulator->context, error, CNN2SNN_E_UNSUPPORTED, "S-UNKNOWN", layer->name,
                           "%s %s of %s isn't known: what it changes can't be computed", what, name,
                           layer->kind_text);
}

static cnn2snn_status check_names(const cnn2snn_simulator *simulator, const struct c2s_akida_layer *layer,
                                  cnn2snn_error **error)
{
    for (size_t i = 0; i < layer->parameter_count; i++)
        if (!c2s_akida_layer_knows_parameter(layer, layer->parameters[i].name))
            return refuse_unknown(simulator, layer, "parameter", layer->parameters[i].name, error);
    for (size_t i = 0; i < layer->variable_count; i++)
        if (!c2s_akida_layer_knows_variable(layer, layer->variables[i].name))
            return refuse_unknown(simulator, layer, "variable", layer->variables[i].name, error);
    if (layer->unknown_fields)
        return c2s_layer_error(simulator->context, error, CNN2SNN_E_UNSUPPORTED, "S-UNKNOWN", layer->name,
                               "the layer holds fields that aren't known (%llu): what they change can't be computed",
                               (unsigned long long)layer->unknown_fields);
    return CNN2SNN_OK;
}

/* What nobody knows may change what a layer computes. */
static cnn2snn_status check_known(const cnn2snn_simulator *simulator, cnn2snn_error **error)
{
    const cnn2snn_akida_model *model = simulator->model;
    for (size_t i = 0; i < model->layer_count; i++)
        if (!c2s_akida_kind_name(model->layers[i].kind))
            return c2s_layer_error(model->context, error, CNN2SNN_E_UNSUPPORTED, "S-KIND", model->layers[i].name,
                                   "layers of kind %s can't be run", model->layers[i].kind_text);
    for (size_t i = 0; i < model->layer_count; i++)
        C2S_TRY(check_names(simulator, &model->layers[i], error));
    if (model->unknown_fields)
        return c2s_error(model->context, error, CNN2SNN_E_UNSUPPORTED, "S-UNKNOWN",
                         "the model holds fields that aren't known (%llu): what they change can't be computed",
                         (unsigned long long)model->unknown_fields);
    return CNN2SNN_OK;
}

static cnn2snn_status check_graph(const cnn2snn_simulator *simulator, cnn2snn_error **error)
{
    const cnn2snn_akida_model *model = simulator->model;
    if (!model->layer_count)
        return c2s_error(model->context, error, CNN2SNN_E_UNSUPPORTED, "S-GRAPH", "the model has no layers");
    for (size_t i = 1; i < model->layer_count; i++)
        if (!model->layers[i].inbound_count)
            return c2s_layer_error(model->context, error, CNN2SNN_E_UNSUPPORTED, "S-GRAPH", model->layers[i].name,
                                   "no layer in front of it, and not the first");
    return CNN2SNN_OK;
}

static cnn2snn_status start(cnn2snn_simulator *simulator, int32_t threads, cnn2snn_error **error)
{
    C2S_TRY(check_graph(simulator, error));
    C2S_TRY(check_known(simulator, error));
    C2S_TRY(prepare_stages(simulator, error));
    const int64_t *in = simulator->stages[0].in;
    bool bytes = runs_on_bytes(&simulator->stages[0]) || simulator->stages[0].has_bytes;
    simulator->input_size = bytes ? 0 : whole_lines((size_t)(in[0] * in[1] * in[2]));
    C2S_TRY(plan_lane(simulator, error));
    C2S_TRY(c2s_worker_pool_create(simulator->context, threads ? threads : simulator->context->threads,
                                   &simulator->pool, error));
    return allocate(simulator, error);
}

cnn2snn_status c2s_simulator_create_with(const cnn2snn_akida_model *model, int32_t threads,
                                         const struct c2s_byte_kernels *bytes, cnn2snn_simulator **out_simulator,
                                         cnn2snn_error **error)
{
    cnn2snn_simulator *simulator = c2s_calloc(model->context, 1, sizeof *simulator);
    if (!simulator)
        return c2s_error_no_memory(error);
    simulator->context = c2s_context_retain(model->context);
    simulator->model = (cnn2snn_akida_model *)model; /* only its count of references changes */
    atomic_fetch_add(&simulator->model->references, 1);
    simulator->bytes = bytes;
    cnn2snn_status status = start(simulator, threads, error);
    if (status)
        c2s_simulator_destroy(simulator);
    else
        *out_simulator = simulator;
    return status;
}

cnn2snn_status c2s_simulator_create(const cnn2snn_akida_model *model, int32_t threads,
                                    cnn2snn_simulator **out_simulator, cnn2snn_error **error)
{
    return c2s_simulator_create_with(model, threads, c2s_byte_kernels_get(model->context->instructions),
                                     out_simulator, error);
}

static void free_layers(const cnn2snn_simulator *simulator, cnn2snn_tensor **layers)
{
    for (size_t i = 0; layers && i < simulator->stage_count; i++)
        if (layers[i])
            c2s_tensor_release(layers[i]);
    c2s_free(simulator->context, layers);
}

/* Frees the outputs of layers that were kept for the next call. */
static void forget_layers(cnn2snn_simulator *simulator)
{
    free_layers(simulator, simulator->layer_outputs);
    simulator->layer_outputs = NULL;
}

void c2s_simulator_destroy(cnn2snn_simulator *simulator)
{
    if (!simulator)
        return;
    cnn2snn_context *context = simulator->context;
    forget_layers(simulator);
    for (size_t i = 0; i < simulator->stage_count; i++)
        c2s_stage_clear(context, &simulator->stages[i]);
    c2s_worker_pool_destroy(simulator->pool);
    c2s_free(context, simulator->stages);
    c2s_free(context, simulator->lanes);
    c2s_free(context, simulator->own);
    c2s_akida_model_release(simulator->model);
    c2s_free(context, simulator);
    c2s_context_release(context);
}

void c2s_simulator_memory(const cnn2snn_simulator *simulator, cnn2snn_simulator_memory *out)
{
    size_t lanes = simulator->lane_count * sizeof(int32_t), threads = c2s_worker_pool_threads(simulator->pool);
    *out = (cnn2snn_simulator_memory){.struct_size = sizeof *out};
    for (size_t i = 0; i < simulator->stage_count; i++) {
        out->weights += simulator->stages[i].memory_size;
        if (simulator->layer_outputs && simulator->layer_outputs[i])
            out->layer_outputs += simulator->layer_outputs[i]->size;
    }
    out->activations = simulator->scratch_offset * lanes;
    out->workspace = (simulator->lane_size - simulator->scratch_offset) * lanes + simulator->own_size * threads;
    out->state = simulator->state_size * sizeof(int32_t);
    out->total = out->weights + out->activations + out->workspace + out->state + out->layer_outputs;
}

void c2s_simulator_reset(cnn2snn_simulator *simulator)
{
    if (simulator->state_size)
        memset(simulator->state, 0, simulator->state_size * sizeof *simulator->state);
    for (size_t i = 0; i < simulator->stage_count; i++)
        if (simulator->stages[i].bytes.tap_step)
            c2s_byte_plan_reset(&simulator->stages[i], simulator->state + simulator->stages[i].state_offset);
}

/* ------------------------------------------------------------------------------------------------ running */

static const struct c2s_stage *last_stage(const cnn2snn_simulator *simulator)
{
    return &simulator->stages[simulator->stage_count - 1];
}

struct job {
    cnn2snn_simulator *simulator;
    const cnn2snn_tensor *input;
    cnn2snn_tensor *output;
    cnn2snn_tensor **layers;      /* outputs of all stages, or NULL */
    struct c2s_worker_pool *pool; /* helps within a sample; NULL: it shares out samples */
    bool predict;
};

/* A stage's input in the form that it needs. */
static const void *input_of(const cnn2snn_simulator *simulator, const struct c2s_stage *stage, size_t j,
                            int32_t *lane)
{
    const struct c2s_stage *producer = &simulator->stages[stage->inbounds[j]];
    const int32_t *values = lane + producer->output_offset;
    int32_t *converted = lane + simulator->converted_offset + j * simulator->converted_size;
    size_t count = (size_t)(producer->out[0] * producer->out[1] * producer->out[2]);
    bool is_signed = producer->dtype == CNN2SNN_DTYPE_INT8;
    if (producer->has_bytes == runs_on_bytes(stage))
        return values;
    if (producer->has_bytes)
        c2s_integers_from_bytes((const uint8_t *)values, count, is_signed, converted);
    else
        c2s_bytes_from_integers(values, count, is_signed, (uint8_t *)converted);
    return converted;
}

static void run_stage(const struct job *job, const struct c2s_stage *stage, size_t sample, int32_t *lane,
                      size_t thread)
{
    cnn2snn_simulator *simulator = job->simulator;
    int32_t *output = lane + stage->output_offset, *scratch = lane + simulator->scratch_offset;
    const struct c2s_crew crew = {job->pool, thread, simulator->own, simulator->own_size};
    int32_t *state = simulator->state + stage->state_offset;
    const void *inputs[2] = {lane, lane};
    if (!stage->inbound_count && runs_on_bytes(stage))
        inputs[0] = c2s_sample_bytes(stage, job->input, sample);
    for (size_t j = 0; j < stage->inbound_count; j++)
        inputs[j] = input_of(simulator, stage, j, lane);
    if (runs_on_bytes(stage))
        c2s_byte_plan_run(stage, (const uint8_t *const[2]){inputs[0], inputs[1]}, output, scratch, state, &crew);
    else if (stage->has_bytes)
        c2s_sample_load_bytes(stage, job->input, sample, (uint8_t *)output);
    else
        stage->run(stage, (const int32_t *const[2]){inputs[0], inputs[1]}, output, scratch, state);
}

static void run_sample(void *data, size_t sample, size_t thread)
{
    struct job *job = data;
    cnn2snn_simulator *simulator = job->simulator;
    const struct c2s_stage *first = &simulator->stages[0];
    int32_t *lane = simulator->lanes + thread * simulator->lane_size;
    if (!runs_on_bytes(first) && !first->has_bytes)
        c2s_sample_load(first, job->input, sample, lane);
    for (size_t i = 0; i < simulator->stage_count; i++) {
        const struct c2s_stage *stage = &simulator->stages[i];
        run_stage(job, stage, sample, lane, thread);
        if (job->layers)
            c2s_sample_store(stage, lane + stage->output_offset, job->layers[i], sample);
    }
    const struct c2s_stage *last = last_stage(simulator);
    if (job->predict)
        c2s_sample_predict(last, lane + last->output_offset, job->output, sample);
    else
        c2s_sample_store(last, lane + last->output_offset, job->output, sample);
}

/* Threads take samples where there are enough of them and no state, otherwise parts of each layer. */
static void run_samples(struct job *job, size_t count)
{
    struct c2s_worker_pool *pool = job->simulator->pool;
    if (!job->simulator->state_size && count >= c2s_worker_pool_threads(pool)) {
        c2s_worker_pool_run(pool, count, run_sample, job);
        return;
    }
    job->pool = pool;
    for (size_t i = 0; i < count; i++)
        run_sample(job, i, 0);
}

static cnn2snn_status create_output(const cnn2snn_simulator *simulator, const struct c2s_stage *stage,
                                    int64_t samples, cnn2snn_dtype dtype, cnn2snn_tensor **out, cnn2snn_error **error)
{
    const int64_t shape[4] = {samples, stage->out[0], stage->out[1], stage->out[2]};
    return c2s_tensor_create(simulator->context, dtype, 4, shape, out, error);
}

/* Of the layers' outputs, those that a callback kept are left to it. */
static cnn2snn_status create_layers(cnn2snn_simulator *simulator, int64_t samples, cnn2snn_error **error)
{
    if (simulator->layer_samples != samples)
        forget_layers(simulator);
    if (!simulator->layer_outputs)
        simulator->layer_outputs =
            c2s_calloc(simulator->context, simulator->stage_count, sizeof *simulator->layer_outputs);
    if (!simulator->layer_outputs)
        return c2s_error_no_memory(error);
    simulator->layer_samples = samples;
    for (size_t i = 0; i < simulator->stage_count; i++) {
        cnn2snn_tensor **output = &simulator->layer_outputs[i];
        if (*output && atomic_load_explicit(&(*output)->references, memory_order_acquire) > 1) {
            c2s_tensor_release(*output);
            *output = NULL;
        }
        if (!*output)
            C2S_TRY(
                create_output(simulator, &simulator->stages[i], samples, simulator->stages[i].dtype, output, error));
    }
    return CNN2SNN_OK;
}

static cnn2snn_status tell_layers(const struct job *job, cnn2snn_layer_output_fn layer_output, void *user_data,
                                  cnn2snn_error **error)
{
    const cnn2snn_simulator *simulator = job->simulator;
    for (size_t i = 0; i < simulator->stage_count; i++) {
        cnn2snn_status status = layer_output(user_data, simulator->stages[i].layer->name, job->layers[i], error);
        if (status && error && !*error)
            return c2s_layer_error(simulator->context, error, status, "S-CALLBACK", simulator->stages[i].layer->name,
                                   "the callback for outputs of layers failed");
        if (status)
            return status;
    }
    return CNN2SNN_OK;
}

static cnn2snn_status check(const cnn2snn_simulator *simulator, const cnn2snn_tensor *input, bool predict,
                            cnn2snn_error **error)
{
    C2S_TRY(c2s_sample_check(&simulator->stages[0], input, error));
    return predict ? c2s_sample_check_predict(simulator->model, last_stage(simulator), error) : CNN2SNN_OK;
}

static cnn2snn_dtype dtype_of_output(const cnn2snn_simulator *simulator, bool predict)
{
    return predict ? CNN2SNN_DTYPE_FLOAT32 : last_stage(simulator)->dtype;
}

static cnn2snn_status run_into(cnn2snn_simulator *simulator, const cnn2snn_tensor *input, bool predict,
                               cnn2snn_layer_output_fn layer_output, void *user_data, cnn2snn_tensor *output,
                               cnn2snn_error **error)
{
    struct job job = {.simulator = simulator, .input = input, .output = output, .predict = predict};
    if (!layer_output) {
        run_samples(&job, (size_t)input->shape[0]);
        return CNN2SNN_OK;
    }
    C2S_TRY(create_layers(simulator, input->shape[0], error));
    job.layers = simulator->layer_outputs;
    simulator->layer_outputs = NULL; /* the callback may run the simulator again */
    run_samples(&job, (size_t)input->shape[0]);
    cnn2snn_status status = tell_layers(&job, layer_output, user_data, error);
    forget_layers(simulator);
    simulator->layer_outputs = job.layers;
    simulator->layer_samples = input->shape[0];
    return status;
}

cnn2snn_status c2s_simulator_forward(cnn2snn_simulator *simulator, const cnn2snn_tensor *input, bool predict,
                                     cnn2snn_layer_output_fn layer_output, void *user_data,
                                     cnn2snn_tensor **out_output, cnn2snn_error **error)
{
    cnn2snn_tensor *output;
    C2S_TRY(check(simulator, input, predict, error));
    C2S_TRY(create_output(simulator, last_stage(simulator), input->shape[0], dtype_of_output(simulator, predict),
                          &output, error));
    cnn2snn_status status = run_into(simulator, input, predict, layer_output, user_data, output, error);
    if (status)
        c2s_tensor_release(output);
    else
        *out_output = output;
    return status;
}

/* Nobody else sees the memory: not even the caller, as the input. */
static cnn2snn_status check_output(const cnn2snn_simulator *simulator, const cnn2snn_tensor *input, bool predict,
                                   const cnn2snn_tensor *output, cnn2snn_error **error)
{
    const struct c2s_stage *last = last_stage(simulator);
    const int64_t shape[4] = {input->shape[0], last->out[0], last->out[1], last->out[2]};
    cnn2snn_dtype dtype = dtype_of_output(simulator, predict);
    char found[160], expected[160];
    if (output->dtype != dtype)
        return c2s_error(simulator->context, error, CNN2SNN_E_VALUE, "S-OUTPUT", "the output is %s, expected %s",
                         c2s_dtype_name(output->dtype), c2s_dtype_name(dtype));
    if (output->rank != 4 || memcmp(output->shape, shape, sizeof shape))
        return c2s_error(simulator->context, error, CNN2SNN_E_VALUE, "S-OUTPUT",
                         "the output's shape is %s, expected %s",
                         c2s_shape_print(output->rank, output->shape, found, sizeof found),
                         c2s_shape_print(4, shape, expected, sizeof expected));
    if (output == input || !output->owned || output->base ||
        atomic_load_explicit(&output->references, memory_order_acquire) != 1)
        return c2s_error(
            simulator->context, error, CNN2SNN_E_VALUE, "S-OUTPUT",
            "the output's memory is the caller's own or in use by somebody else, expected a tensor of its own");
    return CNN2SNN_OK;
}

cnn2snn_status c2s_simulator_forward_into(cnn2snn_simulator *simulator, const cnn2snn_tensor *input, bool predict,
                                          cnn2snn_layer_output_fn layer_output, void *user_data,
                                          cnn2snn_tensor *output, cnn2snn_error **error)
{
    C2S_TRY(check(simulator, input, predict, error));
    C2S_TRY(check_output(simulator, input, predict, output, error));
    return run_into(simulator, input, predict, layer_output, user_data, output, error);
}
