/* SPDX-License-Identifier: Apache-2.0 */
/* An allocator that fails on demand and knows how many blocks are out. */
#ifndef FAILING_ALLOCATOR_H
#define FAILING_ALLOCATOR_H

#include <cnn2snn/base.h>

struct failing_allocator {
    long calls;   /* since it was last set to 0 */
    long fail_at; /* the call that fails, counted from 0; -1: none */
    int forever;  /* all later calls fail as well */
    long live;    /* blocks that are out */
    int wrong;    /* blocks that came back with another size or alignment, or twice */
};

/* The allocator's callbacks with this as user_data. */
cnn2snn_allocator failing_allocator_callbacks(struct failing_allocator *allocator);

#endif
