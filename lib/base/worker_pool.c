/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how parts of a job find their threads: whoever is free takes the next one. */
#include "base/worker_pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "base/allocator.h"
#include "base/error.h"

struct worker {
    struct c2s_worker_pool *pool;
    size_t number;
    pthread_t thread;
};

struct c2s_worker_pool {
    cnn2snn_context *context;
    pthread_mutex_t mutex;
    pthread_cond_t work, idle;
    struct worker *workers; /* beside the caller */
    size_t worker_count;
    atomic_size_t busy; /* workers that have not finished the job of this turn */
    atomic_size_t turn; /* counts the jobs; both change under the mutex only */
    bool stopping;
    c2s_part_fn part;
    void *data;
    size_t count;
    atomic_size_t next;
};

/* Rounds of looking whether something has changed before a thread goes to sleep: jobs of a few microseconds, one
 * after the other, would otherwise take less time than waking up for them. */
enum { LOOKS = 2000 };

static void pause_a_little(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

/* Returns when the value differs from `value`, or after a while. */
static void look_for_change(atomic_size_t *variable, size_t value)
{
    for (int i = 0; i < LOOKS && atomic_load_explicit(variable, memory_order_relaxed) == value; i++)
        pause_a_little();
}

/* Returns when nobody is busy, or after a while. */
static void look_for_idle(atomic_size_t *busy)
{
    for (int i = 0; i < LOOKS && atomic_load_explicit(busy, memory_order_relaxed); i++)
        pause_a_little();
}

static void take_parts(struct c2s_worker_pool *pool, size_t number)
{
    for (;;) {
        size_t part = atomic_fetch_add_explicit(&pool->next, 1, memory_order_relaxed);
        if (part >= pool->count)
            return;
        pool->part(pool->data, part, number);
    }
}

static void *work(void *argument)
{
    struct worker *worker = argument;
    struct c2s_worker_pool *pool = worker->pool;
    size_t seen = 0;
    pthread_mutex_lock(&pool->mutex);
    for (;;) {
        while (!pool->stopping && pool->turn == seen)
            pthread_cond_wait(&pool->work, &pool->mutex);
        if (pool->stopping)
            break;
        seen = pool->turn;
        pthread_mutex_unlock(&pool->mutex);
        take_parts(pool, worker->number);
        pthread_mutex_lock(&pool->mutex);
        if (--pool->busy == 0)
            pthread_cond_signal(&pool->idle);
        pthread_mutex_unlock(&pool->mutex);
        look_for_change(&pool->turn, seen);
        pthread_mutex_lock(&pool->mutex);
    }
    pthread_mutex_unlock(&pool->mutex);
    return NULL;
}

static void start_workers(struct c2s_worker_pool *pool, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct worker *worker = &pool->workers[i];
        *worker = (struct worker){.pool = pool, .number = i + 1};
        if (pthread_create(&worker->thread, NULL, work, worker))
            return;
        pool->worker_count++;
    }
}

cnn2snn_status c2s_worker_pool_create(cnn2snn_context *context, int32_t threads, struct c2s_worker_pool **out_pool,
                                      cnn2snn_error **error)
{
    size_t others = threads > 1 ? (size_t)threads - 1 : 0;
    struct c2s_worker_pool *pool = c2s_calloc(context, 1, sizeof *pool);
    struct worker *workers = c2s_calloc(context, others, sizeof *workers);
    if (!pool || !workers) {
        c2s_free(context, pool);
        c2s_free(context, workers);
        return c2s_error_no_memory(error);
    }
    pool->context = context;
    pool->workers = workers;
    atomic_init(&pool->next, 0);
    atomic_init(&pool->busy, 0);
    atomic_init(&pool->turn, 0);
    pthread_mutex_init(&pool->mutex, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->idle, NULL);
    start_workers(pool, others);
    *out_pool = pool;
    return CNN2SNN_OK;
}

void c2s_worker_pool_destroy(struct c2s_worker_pool *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->mutex);
    pool->stopping = true;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    for (size_t i = 0; i < pool->worker_count; i++)
        pthread_join(pool->workers[i].thread, NULL);
    pthread_cond_destroy(&pool->work);
    pthread_cond_destroy(&pool->idle);
    pthread_mutex_destroy(&pool->mutex);
    c2s_free(pool->context, pool->workers);
    c2s_free(pool->context, pool);
}

size_t c2s_worker_pool_threads(const struct c2s_worker_pool *pool)
{
    return pool->worker_count + 1;
}

void c2s_worker_pool_run(struct c2s_worker_pool *pool, size_t count, c2s_part_fn part, void *data)
{
    if (count <= 1 || pool->worker_count == 0) {
        for (size_t i = 0; i < count; i++)
            part(data, i, 0);
        return;
    }
    pthread_mutex_lock(&pool->mutex);
    pool->part = part;
    pool->data = data;
    pool->count = count;
    atomic_store_explicit(&pool->next, 0, memory_order_relaxed);
    pool->busy = pool->worker_count;
    pool->turn++;
    pthread_cond_broadcast(&pool->work);
    pthread_mutex_unlock(&pool->mutex);
    take_parts(pool, 0);
    look_for_idle(&pool->busy);
    pthread_mutex_lock(&pool->mutex);
    while (pool->busy)
        pthread_cond_wait(&pool->idle, &pool->mutex);
    pthread_mutex_unlock(&pool->mutex);
}
