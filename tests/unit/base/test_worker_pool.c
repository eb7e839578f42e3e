/* SPDX-License-Identifier: Apache-2.0 */
/* Every part is done once, by one thread at a time under each number. */
#include <check.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "base/context.h"
#include "base/worker_pool.h"

enum { PARTS = 1000, THREADS = 8 };

struct job {
    atomic_int done[PARTS];
    atomic_int busy[THREADS];
    atomic_int clashes;
};

static void do_part(void *data, size_t part, size_t thread)
{
    struct job *job = data;
    if (thread >= THREADS || atomic_fetch_add(&job->busy[thread], 1))
        atomic_fetch_add(&job->clashes, 1);
    atomic_fetch_add(&job->done[part], 1);
    if (part % 50 == 0)
        sched_yield();
    if (thread < THREADS)
        atomic_fetch_sub(&job->busy[thread], 1);
}

START_TEST(each_part_is_done_once)
{
    cnn2snn_context *context = NULL;
    ck_assert_int_eq(c2s_context_create(CNN2SNN_ABI_VERSION, NULL, &context, NULL), CNN2SNN_OK);
    for (int32_t threads = -1; threads <= THREADS; threads++) {
        struct c2s_worker_pool *pool = NULL;
        ck_assert_int_eq(c2s_worker_pool_create(context, threads, &pool, NULL), CNN2SNN_OK);
        ck_assert_uint_ge(c2s_worker_pool_threads(pool), 1);
        ck_assert_uint_le(c2s_worker_pool_threads(pool), threads > 1 ? (size_t)threads : 1);
        for (size_t count = 0; count <= PARTS; count = count * 3 + 1) {
            struct job *job = calloc(1, sizeof *job);
            c2s_worker_pool_run(pool, count, do_part, job);
            for (size_t i = 0; i < PARTS; i++)
                ck_assert_int_eq(job->done[i], i < count);
            ck_assert_int_eq(job->clashes, 0);
            free(job);
        }
        c2s_worker_pool_destroy(pool);
    }
    c2s_context_release(context);
}
END_TEST

START_TEST(destroying_nothing_is_fine)
{
    c2s_worker_pool_destroy(NULL);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("worker_pool");
    TCase *tests = tcase_create("worker_pool");
    tcase_add_test(tests, each_part_is_done_once);
    tcase_add_test(tests, destroying_nothing_is_fine);
    tcase_set_timeout(tests, 60);
    suite_add_tcase(suite, tests);
    SRunner *runner = srunner_create(suite);
    srunner_run_all(runner, CK_NORMAL);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    return failed ? 1 : 0;
}
