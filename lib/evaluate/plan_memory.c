/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which values may use the same memory: those that are never alive at the same time. */
#include "evaluate/plan_memory.h"

#include "base/allocator.h"
#include "base/error.h"

static void find_last_uses(struct c2s_execution_plan *plan)
{
    for (size_t s = 0; s < plan->step_count; s++) {
        const struct c2s_step *step = &plan->steps[s];
        plan->storages[plan->values[step->output].storage].last_use = s;
        for (size_t i = 0; i < step->input_count; i++)
            plan->storages[plan->values[step->inputs[i]].storage].last_use = s;
    }
    for (size_t i = 0; i < plan->output_count; i++)
        plan->storages[plan->values[plan->outputs[i]].storage].last_use = SIZE_MAX;
}

/* Slots that are free; few of them are looked at, so that a graph of many branches stays cheap. */
struct free_slots {
    size_t *slots;
    size_t count, capacity;
};

enum { SLOTS_LOOKED_AT = 64 };

static cnn2snn_status take_slot(struct c2s_execution_plan *plan, struct free_slots *free, size_t elements,
                                size_t *out_slot, cnn2snn_error **error)
{
    size_t best = SIZE_MAX;
    for (size_t i = free->count; i-- > 0 && free->count - i <= SLOTS_LOOKED_AT;) {
        size_t size = plan->slots[free->slots[i]];
        size_t best_size = best == SIZE_MAX ? 0 : plan->slots[free->slots[best]];
        /* The smallest that is large enough, or else the largest. */
        if (best == SIZE_MAX || (best_size < elements ? size > best_size : size >= elements && size < best_size))
            best = i;
    }
    if (best != SIZE_MAX) {
        *out_slot = free->slots[best];
        free->slots[best] = free->slots[--free->count];
    } else {
        if (c2s_array_reserve(plan->context, &plan->slots, &plan->slot_capacity, plan->slot_count + 1,
                              sizeof *plan->slots))
            return c2s_error_no_memory(error);
        plan->slots[plan->slot_count] = 0;
        *out_slot = plan->slot_count++;
    }
    if (plan->slots[*out_slot] < elements)
        plan->slots[*out_slot] = elements;
    return CNN2SNN_OK;
}

/* True when the step may write over its input. */
static bool takes_over(const struct c2s_execution_plan *plan, size_t step)
{
    const struct c2s_step *s = &plan->steps[step];
    if (s->memory != C2S_OP_IN_PLACE || s->input_count != 1)
        return false;
    const struct c2s_plan_storage *in = &plan->storages[plan->values[s->inputs[0]].storage];
    return in->last_use == step && in->slot != SIZE_MAX &&
           in->elements == plan->storages[plan->values[s->output].storage].elements;
}

static cnn2snn_status give_back(const struct c2s_execution_plan *plan, struct free_slots *free, size_t storage,
                                size_t step, cnn2snn_error **error)
{
    struct c2s_plan_storage *s = &plan->storages[storage];
    if (s->last_use != step || s->slot == SIZE_MAX)
        return CNN2SNN_OK;
    if (c2s_array_reserve(plan->context, &free->slots, &free->capacity, free->count + 1, sizeof *free->slots))
        return c2s_error_no_memory(error);
    free->slots[free->count++] = s->slot;
    s->last_use = SIZE_MAX; /* given back */
    return CNN2SNN_OK;
}

static cnn2snn_status assign_step(struct c2s_execution_plan *plan, struct free_slots *free, size_t step,
                                  cnn2snn_error **error)
{
    const struct c2s_step *s = &plan->steps[step];
    size_t out = plan->values[s->output].storage;
    if (takes_over(plan, step)) {
        struct c2s_plan_storage *in = &plan->storages[plan->values[s->inputs[0]].storage];
        plan->storages[out].slot = in->slot;
        in->last_use = SIZE_MAX;
    } else if (s->op && s->memory != C2S_OP_VIEW) {
        C2S_TRY(take_slot(plan, free, plan->storages[out].elements, &plan->storages[out].slot, error));
    }
    for (size_t i = 0; i < s->input_count; i++)
        C2S_TRY(give_back(plan, free, plan->values[s->inputs[i]].storage, step, error));
    return give_back(plan, free, out, step, error);
}

cnn2snn_status c2s_plan_assign_memory(struct c2s_execution_plan *plan, cnn2snn_error **error)
{
    struct free_slots free = {NULL, 0, 0};
    cnn2snn_status status = CNN2SNN_OK;
    find_last_uses(plan);
    for (size_t s = 0; !status && s < plan->step_count; s++)
        status = assign_step(plan, &free, s, error);
    c2s_free(plan->context, free.slots);
    return status;
}
