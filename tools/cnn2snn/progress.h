/* SPDX-License-Identifier: Apache-2.0 */
/* A progress bar on stderr, for a terminal only and for work over a second. */
#ifndef PROGRESS_H
#define PROGRESS_H

#include <stdint.h>
#include <time.h>

struct progress {
    int enabled, visible;
    struct timespec start, drawn;
};

void progress_start(struct progress *progress, int enabled);
/* A cnn2snn_progress_fn; user_data is the struct. */
int32_t progress_show(void *user_data, const char *stage, uint64_t done, uint64_t total);
/* Makes room for other text. */
void progress_hide(struct progress *progress);

#endif
