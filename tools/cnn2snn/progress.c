/* SPDX-License-Identifier: Apache-2.0 */
/* Decides when a progress bar is shown and how it looks. */
#include "progress.h"

#include <stdio.h>
#include <unistd.h>

enum { WIDTH = 30 };

double seconds_since(const struct timespec *then)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) * 1e-9;
}

void progress_start(struct progress *progress, int enabled)
{
    *progress = (struct progress){.enabled = enabled && isatty(STDERR_FILENO)};
    clock_gettime(CLOCK_MONOTONIC, &progress->start);
}

int32_t progress_show(void *user_data, const char *stage, uint64_t done, uint64_t total)
{
    struct progress *progress = user_data;
    if (!progress->enabled || !total || seconds_since(&progress->start) < 1 ||
        (progress->visible && done < total && seconds_since(&progress->drawn) < 0.1))
        return 0;
    double part = done < total ? (double)done / (double)total : 1;
    if (progress->total)
        part = ((double)progress->first + part * (double)progress->count) / (double)progress->total;
    char bar[WIDTH + 1];
    for (int i = 0; i < WIDTH; i++)
        bar[i] = i < (int)(part * WIDTH) ? '#' : '.';
    bar[WIDTH] = '\0';
    fprintf(stderr, "\r\033[K[%s] %3d %% %s", bar, (int)(part * 100), stage);
    fflush(stderr);
    progress->visible = 1;
    clock_gettime(CLOCK_MONOTONIC, &progress->drawn);
    return 0;
}

void progress_part(struct progress *progress, uint64_t first, uint64_t count, uint64_t total)
{
    progress->first = first;
    progress->count = count;
    progress->total = total;
}

void progress_hide(struct progress *progress)
{
    if (progress->visible)
        fputs("\r\033[K", stderr);
    progress->visible = 0;
}
