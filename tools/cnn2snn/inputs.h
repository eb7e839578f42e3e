/* SPDX-License-Identifier: Apache-2.0 */
/* The samples that run, evaluate and verify are given: arrays of files, or a folder of images read as they are
 * needed. */
#ifndef INPUTS_H
#define INPUTS_H

#include "image_folder.h"
#include "runner.h"

struct inputs {
    struct arrays arrays;
    struct image_folder folder; /* count 0: arrays */
    struct image_form form;
    int channels_first;
    cnn2snn_dtype dtype; /* of images */
    uint64_t samples;    /* in all */
    int divisible;       /* parts of the samples can be taken */
};

/* Opens what -i names for a model. Gives a STATUS_, with the reason printed. */
int inputs_open(struct session *session, const struct runner *runner, struct inputs *out);
void inputs_close(struct inputs *inputs);
/* `count` samples from `first` on; all of them where the inputs aren't divisible. The arrays go before the inputs. */
int inputs_take(struct session *session, const struct inputs *inputs, uint64_t first, uint64_t count,
                struct arrays *out);
/* Opens the model of -m and what -i names, has them used, and closes both. */
int inputs_use(struct session *session,
               int (*use)(struct session *session, const struct runner *runner, const struct inputs *inputs));

#endif
