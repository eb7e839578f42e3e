/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads that share out the parts of one job at a time. Which thread does which part is left to chance, so parts
 * must not depend on each other; then results are the same for any number of threads.
 */
#ifndef C2S_WORKER_POOL_H
#define C2S_WORKER_POOL_H

#include "cnn2snn/base.h"

struct c2s_worker_pool;

/* One part of a job. `thread` is below the pool's number of threads, and no two parts run at once with the same. */
typedef void (*c2s_part_fn)(void *data, size_t part, size_t thread);

/*
 * A pool of `threads` threads, the caller's own being one of them; fewer where the system has no more to give (never
 * fewer than one).
 */
cnn2snn_status c2s_worker_pool_create(cnn2snn_context *context, int32_t threads, struct c2s_worker_pool **out_pool,
                                      cnn2snn_error **error);
/* NULL is fine. */
void c2s_worker_pool_destroy(struct c2s_worker_pool *pool);

size_t c2s_worker_pool_threads(const struct c2s_worker_pool *pool);

/* Runs parts 0 to count-1 and returns when all are done. To be called by one thread at a time, not from a part. */
void c2s_worker_pool_run(struct c2s_worker_pool *pool, size_t count, c2s_part_fn part, void *data);

#endif
