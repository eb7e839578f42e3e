/* SPDX-License-Identifier: Apache-2.0 */
/* How right a classifier is. */
#ifndef SCORE_H
#define SCORE_H

#include <stdint.h>
#include <stdio.h>

enum { SCORE_MAX_MATRIX = 2048 }; /* classes for which there is a confusion matrix */

struct score {
    uint64_t classes, count, top1, top5;
    uint64_t *matrix; /* classes * classes: [label][output]; NULL: not wanted, or too many classes */
};

/* Gives 0 without memory. */
int score_init(struct score *score, uint64_t classes);
void score_free(struct score *score);
/* Adds a sample: `classes` values, and its label, which is below `classes`. A sample whose output for its label is
 * not a number is wrong; one without any number is in no column of the matrix. */
void score_add(struct score *score, const float *values, uint64_t label);
void score_print_matrix(const struct score *score, FILE *file);
void score_print_json_matrix(const struct score *score, FILE *file);

#endif
