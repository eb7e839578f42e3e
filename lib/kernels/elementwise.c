/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how loops over elements are cut into parts. */
#include "kernels/elementwise.h"

enum { PIECE = 16384 };

struct pieces {
    size_t total;
    c2s_piece_fn work;
    void *data;
};

static void do_piece(void *data, size_t part, size_t thread)
{
    (void)thread;
    const struct pieces *pieces = data;
    size_t first = part * PIECE, left = pieces->total - first;
    pieces->work(pieces->data, first, left < PIECE ? left : PIECE);
}

void c2s_for_pieces(struct c2s_worker_pool *pool, size_t total, c2s_piece_fn work, void *data)
{
    struct pieces pieces = {total, work, data};
    c2s_worker_pool_run(pool, total / PIECE + (total % PIECE != 0), do_piece, &pieces);
}

/* Joined with the axis before where both arrays go on without a gap, so that runs get long. */
void c2s_walk_add(struct c2s_walk *walk, size_t extent, size_t a_stride, size_t b_stride)
{
    if (extent == 1 && walk->rank)
        return;
    size_t last = walk->rank - 1;
    if (walk->rank && walk->extents[last] == 1)
        walk->rank--;
    else if (walk->rank && walk->a_strides[last] == a_stride * extent && walk->b_strides[last] == b_stride * extent) {
        extent *= walk->extents[last];
        walk->rank--;
    }
    walk->extents[walk->rank] = extent;
    walk->a_strides[walk->rank] = a_stride;
    walk->b_strides[walk->rank] = b_stride;
    walk->rank++;
}

struct walk_job {
    const struct c2s_walk *walk;
    c2s_run_fn work;
    void *data;
    size_t run;         /* elements of the last axis */
    size_t cuts;        /* parts of a run */
    size_t runs;        /* all runs */
    size_t runs_a_part; /* where runs are not cut */
};

static void do_run(const struct walk_job *job, size_t run, size_t first, size_t count)
{
    const struct c2s_walk *walk = job->walk;
    size_t last = walk->rank - 1, a = 0, b = 0, rest = run;
    for (size_t i = last; i-- > 0;) {
        size_t index = rest % walk->extents[i];
        rest /= walk->extents[i];
        a += index * walk->a_strides[i];
        b += index * walk->b_strides[i];
    }
    size_t a_step = walk->a_strides[last], b_step = walk->b_strides[last];
    job->work(job->data, a + first * a_step, a_step, b + first * b_step, b_step, run * job->run + first, count);
}

static void do_walk_part(void *data, size_t part, size_t thread)
{
    (void)thread;
    const struct walk_job *job = data;
    if (job->cuts > 1) {
        size_t first = part % job->cuts * PIECE, left = job->run - first;
        do_run(job, part / job->cuts, first, left < PIECE ? left : PIECE);
        return;
    }
    size_t begin = part * job->runs_a_part, left = job->runs - begin;
    size_t end = begin + (left < job->runs_a_part ? left : job->runs_a_part);
    for (size_t run = begin; run < end; run++)
        do_run(job, run, 0, job->run);
}

void c2s_walk_run(const struct c2s_walk *walk, struct c2s_worker_pool *pool, c2s_run_fn work, void *data)
{
    struct walk_job job = {.walk = walk, .work = work, .data = data, .runs = 1, .run = walk->extents[walk->rank - 1]};
    for (size_t i = 0; i + 1 < walk->rank; i++)
        job.runs *= walk->extents[i];
    if (!job.run || !job.runs)
        return;
    job.cuts = (job.run - 1) / PIECE + 1;
    job.runs_a_part = job.cuts > 1 ? 1 : PIECE / job.run;
    size_t parts = job.cuts > 1 ? job.runs * job.cuts : (job.runs - 1) / job.runs_a_part + 1;
    c2s_worker_pool_run(pool, parts, do_walk_part, &job);
}
