/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what counts as right: of equal values the first class wins. */
#include "score.h"

#include <stdlib.h>

int score_init(struct score *score, uint64_t classes)
{
    *score = (struct score){.classes = classes};
    if (classes > SCORE_MAX_MATRIX)
        return 1;
    score->matrix = calloc((size_t)(classes * classes), sizeof *score->matrix);
    return score->matrix != NULL;
}

void score_free(struct score *score)
{
    free(score->matrix);
    *score = (struct score){0};
}

/* How many classes go before the label's: those with larger values, and equal ones in front of it. */
static uint64_t rank_of(const float *values, uint64_t classes, uint64_t label)
{
    uint64_t rank = 0;
    for (uint64_t i = 0; i < classes; i++)
        rank += i < label ? values[i] >= values[label] : values[i] > values[label];
    return rank;
}

/* The first of the largest values; `classes` where none is a number. */
static uint64_t largest_of(const float *values, uint64_t classes)
{
    uint64_t best = classes;
    for (uint64_t i = 0; i < classes; i++)
        if (values[i] == values[i] && (best == classes || values[i] > values[best]))
            best = i;
    return best;
}

void score_add(struct score *score, const float *values, uint64_t label)
{
    int known = values[label] == values[label];
    uint64_t rank = known ? rank_of(values, score->classes, label) : score->classes;
    uint64_t best = largest_of(values, score->classes);
    score->count++;
    score->top1 += rank < 1;
    score->top5 += rank < 5;
    if (score->matrix && best < score->classes)
        score->matrix[label * score->classes + best]++;
}

void score_print_matrix(const struct score *score, FILE *file)
{
    int width = snprintf(NULL, 0, "%llu",
                         (unsigned long long)(score->count > score->classes ? score->count : score->classes));
    fprintf(file, "label \\ output\n%*s", width, "");
    for (uint64_t i = 0; i < score->classes; i++)
        fprintf(file, " %*llu", width, (unsigned long long)i);
    for (uint64_t i = 0; i < score->classes; i++) {
        fprintf(file, "\n%*llu", width, (unsigned long long)i);
        for (uint64_t k = 0; k < score->classes; k++)
            fprintf(file, " %*llu", width, (unsigned long long)score->matrix[i * score->classes + k]);
    }
    fprintf(file, "\n");
}

void score_print_json_matrix(const struct score *score, FILE *file)
{
    fputs(score->matrix ? "[" : "null", file);
    for (uint64_t i = 0; score->matrix && i < score->classes; i++) {
        fputs(i ? ",\n    [" : "\n    [", file);
        for (uint64_t k = 0; k < score->classes; k++)
            fprintf(file, "%s%llu", k ? ", " : "", (unsigned long long)score->matrix[i * score->classes + k]);
        fputs("]", file);
    }
    fputs(score->matrix ? "\n  ]" : "", file);
}
