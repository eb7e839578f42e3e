/* SPDX-License-Identifier: Apache-2.0 */
/* A table of texts, printed with aligned columns. Running out of memory is remembered and told by the text. */
#ifndef C2S_TABLE_H
#define C2S_TABLE_H

#include "base/text.h"

enum { C2S_TABLE_MAX_COLUMNS = 8 };

struct c2s_table {
    cnn2snn_context *context;
    size_t column_count; /* at most C2S_TABLE_MAX_COLUMNS */
    char **cells;        /* row by row */
    size_t cell_count, cell_capacity;
    bool failed;
};

/* `heads`: texts of the first row, ended by NULL. */
void c2s_table_init(struct c2s_table *table, cnn2snn_context *context, const char *const *heads);
void c2s_table_free(struct c2s_table *table);
/* The next cell; the text is empty afterwards. */
void c2s_table_add_take(struct c2s_table *table, struct c2s_text *cell);
void c2s_table_add(struct c2s_table *table, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Adds the rows, a line under the first, to a text. Control characters of names do not reach a terminal. */
void c2s_table_print(const struct c2s_table *table, struct c2s_text *text);

#endif
