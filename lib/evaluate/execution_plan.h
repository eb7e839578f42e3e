/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A graph made ready to run on inputs of certain shapes: nested models laid out flat, calls that no output needs left
 * out, shapes filled in, and memory assigned such that values which are alive at the same time lie apart.
 */
#ifndef C2S_EXECUTION_PLAN_H
#define C2S_EXECUTION_PLAN_H

#include "derive/derive.h"
#include "ir/graph.h"
#include "ops/op.h"

struct c2s_step {
    const cnn2snn_layer *layer;
    const struct c2s_op *op; /* NULL: nothing runs, the step only tells the output of a nested model */
    enum c2s_op_memory memory;
    bool takes_integers; /* the op's inputs are integers, otherwise floats, whatever the values are */
    size_t *inputs;      /* values */
    size_t input_count;
    size_t output; /* value */
    char *path;    /* "outer/inner" for layers of nested models */
};

struct c2s_plan_value {
    struct c2s_shape shape; /* of one sample */
    size_t storage;
    cnn2snn_dtype dtype;
    const struct c2s_number *number; /* what integers stand for; NULL: floats */
};

struct c2s_plan_storage {
    size_t elements; /* of one sample, of 4 bytes each */
    size_t last_use; /* step; SIZE_MAX for outputs */
    size_t slot;     /* SIZE_MAX for inputs, which lie where the caller has them */
};

struct c2s_execution_plan {
    cnn2snn_context *context;
    struct c2s_step *steps;
    size_t step_count, step_capacity;
    struct c2s_plan_value *values;
    size_t value_count, value_capacity;
    struct c2s_plan_storage *storages;
    size_t storage_count, storage_capacity;
    size_t *slots; /* elements of one sample, of 4 bytes each */
    size_t slot_count, slot_capacity;
    size_t *outputs; /* values; the inputs are values 0, 1, 2, ... */
    size_t output_count;
    struct c2s_op **ops; /* owned; steps of one layer share theirs */
    size_t op_count, op_capacity;
};

/*
 * `shapes` are those of the graph's inputs, without batch and without open extents. With `runs` false nothing is
 * prepared: the plan only tells shapes. With `tells` there are steps for nested models too. `derivation` is that of a
 * QuantizeML graph and must outlive the plan; otherwise NULL.
 */
cnn2snn_status c2s_execution_plan_create(const struct c2s_graph *graph, const struct c2s_shape *shapes,
                                         const struct c2s_derivation *derivation, bool runs, bool tells,
                                         struct c2s_execution_plan **out_plan, cnn2snn_error **error);
void c2s_execution_plan_destroy(struct c2s_execution_plan *plan);

/* CNN2SNN_E_VALUE, naming the layer, when its weights are not those that it needs for inputs of these shapes. */
cnn2snn_status c2s_check_weights(const cnn2snn_layer *layer, size_t input_count, const struct c2s_shape *inputs,
                                 cnn2snn_error **error);
/* Output shape without open extents, within the context's limits. */
cnn2snn_status c2s_find_output_shape(const cnn2snn_layer *layer, size_t input_count, const struct c2s_shape *inputs,
                                     struct c2s_shape *out_shape, cnn2snn_error **error);
/* True when `shape` is one of those that the model's input takes. */
bool c2s_input_takes(const cnn2snn_layer *input_layer, const struct c2s_shape *shape);

#endif
