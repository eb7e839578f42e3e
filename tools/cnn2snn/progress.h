/* SPDX-License-Identifier: Apache-2.0 */
/* A progress bar on stderr, for a terminal only and for work over a second. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>
#include <time.h>

struct progress {
    int enabled, visible;
    struct timespec start, drawn;
    uint64_t first, count, total; /* what is shown is a part of something larger, unless total is 0 */
};

double seconds_since(const struct timespec *then);

void progress_start(struct progress *progress, int enabled);
/* A cnn2snn_progress_fn; user_data is the struct. */
int32_t progress_show(void *user_data, const char *stage, uint64_t done, uint64_t total);
/* From here on, progress_show() tells of `count` out of `total` behind the first `first`; total 0: of the whole. */
void progress_part(struct progress *progress, uint64_t first, uint64_t count, uint64_t total);
/* Makes room for other text. */
void progress_hide(struct progress *progress);

#endif
