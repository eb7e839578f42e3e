/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a layer runs on bytes: values of 8 bits and fewer are kept as unsigned bytes, signed ones with 128 added. Used
 * where the byte kernels give the very integers of the plain loops, which is found out when a stage is prepared.
 */
#ifndef C2S_BYTE_PLAN_H
#define C2S_BYTE_PLAN_H

#include "base/worker_pool.h"
#include "kernels/byte_kernels.h"

enum c2s_byte_after {
    C2S_AFTER_NOTHING, /* the kernel's results are the layer's output, but for max pooling */
    C2S_AFTER_AVERAGE, /* they have bias and ReLU: averaging and scale are left */
    C2S_AFTER_SUMS,    /* they are sums: everything is left */
};

struct c2s_byte_plan {
    const struct c2s_byte_kernels *kernels; /* NULL: the layer doesn't run on bytes */
    enum c2s_byte_after after;
    bool depthwise, copies; /* windows are read from a padded copy */
    bool wide;              /* results are int32 */
    uint8_t flip;           /* of results */
    struct c2s_byte_epilogue epilogue;
    const int8_t *weights;
    const uint8_t *fill; /* a pixel of padding */
    size_t segments, groups, replicas;
    int64_t pixels_x, pixels_y; /* results in front of pooling */
    /* A part of the work is some rows of some filters. */
    int64_t block_rows, row_blocks, block_filters, filter_blocks;
    size_t own_size; /* bytes that each thread needs for itself */
};

/* Threads that may help with a sample, and memory of their own for each. */
struct c2s_crew {
    struct c2s_worker_pool *pool; /* NULL: `thread` is alone */
    size_t thread;
    uint8_t *own;
    size_t own_size;
};

struct c2s_stage;
struct c2s_preparation;

/*
 * Plans a stage that is otherwise ready (kernels NULL: doesn't), in place of its plain form where that gives the
 * same. `producer` makes its input; NULL: images from outside.
 */
cnn2snn_status c2s_byte_plan_prepare(const struct c2s_preparation *at, const struct c2s_byte_kernels *kernels,
                                     const struct c2s_stage *producer);
/* The numbers of the epilogue; *out_exact is false where no such numbers give what the layer gives. */
cnn2snn_status c2s_byte_plan_find_epilogue(const struct c2s_preparation *at, const int64_t *bounds,
                                           enum c2s_byte_after after, struct c2s_byte_epilogue *out, bool *out_exact);

/* Runs a planned stage: input and output as the plan says, at least C2S_BYTE_SLACK bytes behind the input are
 * readable unless it is copied. */
void c2s_byte_plan_run(const struct c2s_stage *stage, const uint8_t *input, void *output, void *scratch,
                       const struct c2s_crew *crew);

/* Values of a signed type have 128 added. */
void c2s_bytes_from_integers(const int32_t *values, size_t count, bool is_signed, uint8_t *out);
void c2s_integers_from_bytes(const uint8_t *values, size_t count, bool is_signed, int32_t *out);

#endif
