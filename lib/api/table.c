/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how tables are laid out: columns as wide as their widest cell, two blanks between them. */
#include "api/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/allocator.h"

void c2s_table_init(struct c2s_table *table, cnn2snn_context *context, const char *const *heads)
{
    *table = (struct c2s_table){.context = context};
    for (size_t i = 0; heads[i]; i++)
        c2s_table_add(table, "%s", heads[i]);
    while (heads[table->column_count])
        table->column_count++;
}

void c2s_table_free(struct c2s_table *table)
{
    for (size_t i = 0; i < table->cell_count; i++)
        c2s_free(table->context, table->cells[i]);
    c2s_free(table->context, table->cells);
    *table = (struct c2s_table){.context = table->context};
}

void c2s_table_add_take(struct c2s_table *table, struct c2s_text *cell)
{
    c2s_text_add(cell, "");
    if (table->failed || cell->failed ||
        c2s_array_reserve(table->context, &table->cells, &table->cell_capacity, table->cell_count + 1,
                          sizeof *table->cells)) {
        table->failed = true;
        c2s_text_free(cell);
        return;
    }
    table->cells[table->cell_count++] = cell->data;
    c2s_text_init(cell, table->context);
}

void c2s_table_add(struct c2s_table *table, const char *format, ...)
{
    char cell[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(cell, sizeof cell, format, arguments);
    va_end(arguments);
    struct c2s_text text;
    c2s_text_init(&text, table->context);
    c2s_text_add(&text, cell);
    c2s_table_add_take(table, &text);
}

/* Characters of UTF-8 text. */
static size_t width(const char *text)
{
    size_t count = 0;
    for (; *text; text++)
        count += ((unsigned char)*text & 0xc0) != 0x80;
    return count;
}

static void print_cell(struct c2s_text *text, const char *cell)
{
    for (; *cell; cell++) {
        bool control = (unsigned char)*cell < 32 || *cell == 127;
        c2s_text_add_bytes(text, control ? "?" : cell, 1);
    }
}

static void print_row(const struct c2s_table *table, size_t row, const size_t *widths, struct c2s_text *text)
{
    char *const *cells = table->cells + row * table->column_count;
    size_t last = table->column_count;
    while (last && !*cells[last - 1])
        last--;
    for (size_t i = 0; i < last; i++) {
        print_cell(text, cells[i]);
        for (size_t blanks = width(cells[i]); i + 1 < last && blanks < widths[i] + 2; blanks++)
            c2s_text_add(text, " ");
    }
    c2s_text_add(text, "\n");
}

static void print_line(const struct c2s_table *table, const size_t *widths, struct c2s_text *text)
{
    size_t total = 0;
    for (size_t i = 0; i < table->column_count; i++)
        total += widths[i] + (i ? 2 : 0);
    while (total--)
        c2s_text_add(text, "-");
    c2s_text_add(text, "\n");
}

void c2s_table_print(const struct c2s_table *table, struct c2s_text *text)
{
    if (table->failed) {
        text->failed = true;
        return;
    }
    size_t widths[C2S_TABLE_MAX_COLUMNS] = {0};
    for (size_t i = 0; i < table->cell_count; i++) {
        size_t w = width(table->cells[i]), column = i % table->column_count;
        if (w > widths[column])
            widths[column] = w;
    }
    for (size_t row = 0; row < table->cell_count / table->column_count; row++) {
        print_row(table, row, widths, text);
        if (!row)
            print_line(table, widths, text);
    }
}
