/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a layer runs on bytes: values of 8 bits and fewer are kept as unsigned bytes, signed ones with 128 added. Used
 * where the byte kernels give the very integers of the plain loops, which is found out when a stage is prepared.
 */
#ifndef C2S_BYTE_PLAN_H
#define C2S_BYTE_PLAN_H

#include "base/worker_pool.h"
#include "kernels/byte_kernels.h"
#include "simulate/integer_kernels.h"

enum c2s_byte_after {
    C2S_AFTER_NOTHING, /* the kernel's results are the layer's output, but for max pooling */
    C2S_AFTER_AVERAGE, /* they have bias and ReLU: averaging and scale are left */
    C2S_AFTER_LOOKUP,  /* they are places in a table, -1024 to 1023 */
    C2S_AFTER_SUMS,    /* they are sums: everything is left */
};

/* Rows or columns of the weights that results need, in the order of the input, and how many of the input's come
 * before them. */
struct c2s_byte_taps {
    int64_t first, step, count, skip;
};

/* Results of the same taps: all, but for transposed convolutions, whose rows and columns alternate between two. */
struct c2s_byte_phase {
    struct c2s_byte_taps x, y;
    int64_t row, column; /* of the first result */
    const int8_t *weights;
    int32_t *start;
    size_t groups; /* of a segment; with runs: of all */
    const struct c2s_byte_run *runs;
    size_t run_count;
};

enum { C2S_BYTE_PHASES = 4 };

struct c2s_byte_plan {
    const struct c2s_byte_kernels *kernels; /* NULL: the layer doesn't run on bytes */
    enum c2s_byte_after after;
    bool depthwise, copies; /* windows are read from a padded copy */
    bool adds, joins;       /* two inputs: their sum, and one behind the other */
    bool wide;              /* results are int32 */
    uint8_t flip;           /* of results */
    bool quick_average;     /* 32 bits hold all sums of results */
    int64_t channels, filters;
    /* What is read for a row of results, all phases together. */
    struct c2s_integer_window window;
    size_t tap_step; /* bytes between rows of taps; 0: a row of the (padded) input */
    int64_t spread;  /* from one result of a phase to the next, on both axes */
    struct c2s_byte_phase phases[C2S_BYTE_PHASES];
    size_t phase_count;
    struct c2s_byte_epilogue epilogue; /* but for the start values */
    const uint8_t *fill;               /* a pixel of padding */
    size_t replicas;
    const struct c2s_byte_digits *digits; /* results are split; or NULL */
    const uint8_t *const *tables;         /* of filters, 2048 bytes each: what is looked up */
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
 * same. `stages` holds those that make its input.
 */
cnn2snn_status c2s_byte_plan_prepare(const struct c2s_preparation *at, const struct c2s_byte_kernels *kernels,
                                     const struct c2s_stage *stages);

/* Runs a planned stage: inputs and output as the plan says, at least C2S_BYTE_SLACK bytes behind an input are
 * readable. */
void c2s_byte_plan_run(const struct c2s_stage *stage, const uint8_t *const *inputs, void *output, void *scratch,
                       int32_t *state, const struct c2s_crew *crew);

/* The state of a stage that keeps frames, before the first. */
void c2s_byte_plan_reset(const struct c2s_stage *stage, int32_t *state);

/* Elements of int32 for so many bytes and what may be read behind them, in whole cache lines. */
static inline size_t c2s_byte_whole_lines(size_t bytes)
{
    return (bytes + C2S_BYTE_SLACK + 63) / 64 * 16;
}

/* Elements of the state of a stage that keeps frames. */
size_t c2s_byte_state_size(const struct c2s_stage *stage);

/* Place of a filter's numbers in the epilogue. */
static inline size_t c2s_byte_plan_slot(const struct c2s_byte_plan *plan, int64_t filter)
{
    return plan->depthwise ? c2s_byte_slot(plan->kernels, (size_t)filter) : (size_t)filter;
}

/* Values of a signed type have 128 added. */
void c2s_bytes_from_integers(const int32_t *values, size_t count, bool is_signed, uint8_t *out);
void c2s_integers_from_bytes(const uint8_t *values, size_t count, bool is_signed, int32_t *out);

#endif
