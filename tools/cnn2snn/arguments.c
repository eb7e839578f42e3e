/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how options are written: as argparse takes them (the Python toolkit's parser), long ones may be shortened.
 */
#include "arguments.h"

#include <ctype.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct option common_options[] = {
    OPTION(NULL, "--json", OPTION_FLAG, 0, json, NULL, "say everything as JSON on standard output"),
    OPTION("-q", "--quiet", OPTION_FLAG, 0, quiet, NULL, "say nothing but errors and what was asked for"),
};

enum { COMMON_COUNT = sizeof common_options / sizeof *common_options };

static size_t option_count(const struct command *command)
{
    return command->option_count + COMMON_COUNT;
}

static const struct option *option_at(const struct command *command, size_t index)
{
    return index < command->option_count ? &command->options[index] : &common_options[index - command->option_count];
}

/* ------------------------------------------------------------------------------------------------ help */

static void print_usage(const struct command *command, FILE *file)
{
    int column = fprintf(file, "usage: cnn2snn %s", command->name);
    if (command->positional)
        column += fprintf(file, " %s", command->positional);
    if (command->second_positional)
        column += fprintf(file, " %s", command->second_positional);
    column += fprintf(file, " [-h]");
    for (size_t i = 0; i < option_count(command); i++) {
        const struct option *option = option_at(command, i);
        const char *name = option->short_form ? option->short_form : option->long_form;
        char text[80];
        snprintf(text, sizeof text, "%s%s%s%s%s", option->required ? "" : "[", name, option->value ? " " : "",
                 option->value ? option->value : "", option->required ? "" : "]");
        if (column + (int)strlen(text) + 1 > 100)
            column = fprintf(file, "\n              ") - 1;
        column += fprintf(file, " %s", text);
    }
    fprintf(file, "\n");
}

static void print_help_line(const char *short_form, const char *long_form, const char *value, const char *help)
{
    char text[80];
    snprintf(text, sizeof text, "%s%s%s%s%s", short_form ? short_form : "", short_form && long_form ? ", " : "",
             long_form ? long_form : "", value ? " " : "", value ? value : "");
    if (strlen(text) > 34)
        printf("  %s\n  %-36s%s\n", text, "", help);
    else
        printf("  %-36s%s\n", text, help);
}

static void print_help(const struct command *command)
{
    print_usage(command, stdout);
    printf("\n%s\n", command->summary);
    if (command->details)
        printf("\n%s\n", command->details);
    printf("\noptions:\n");
    print_help_line("-h", "--help", NULL, "print this and end");
    for (size_t i = 0; i < option_count(command); i++) {
        const struct option *option = option_at(command, i);
        print_help_line(option->short_form, option->long_form, option->value, option->help);
    }
}

static int wrong(const struct command *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int wrong(const struct command *command, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    fprintf(stderr, "cnn2snn %s: error: ", command->name);
    vfprintf(stderr, format, arguments);
    fprintf(stderr, "\n");
    va_end(arguments);
    print_usage(command, stderr);
    return ARGUMENTS_WRONG;
}

/* ------------------------------------------------------------------------------------------------ finding options */

static int is_name(const char *name, const char *text, size_t size)
{
    return name && strlen(name) == size && !strncmp(name, text, size);
}

/* The option that `size` bytes of text name, whole or (long ones) by an unambiguous beginning. *matches counts. */
static const struct option *find_option(const struct command *command, const char *text, size_t size, int *matches)
{
    const struct option *found = NULL;
    *matches = 0;
    for (size_t i = 0; i < option_count(command); i++) {
        const struct option *option = option_at(command, i);
        if (is_name(option->short_form, text, size) || is_name(option->long_form, text, size)) {
            *matches = 1;
            return option;
        }
        if (size > 2 && !strncmp(text, "--", 2) && option->long_form && !strncmp(option->long_form, text, size)) {
            found = option;
            ++*matches;
        }
    }
    return *matches == 1 ? found : NULL;
}

static int is_help(const char *text)
{
    return !strcmp(text, "-h") || (strlen(text) > 2 && !strncmp("--help", text, strlen(text)));
}

/* "-1" and "-.5" are values, "-x" is an option, "-" is a value. */
static int looks_like_option(const char *text)
{
    return text[0] == '-' && text[1] && !isdigit((unsigned char)text[1]) && text[1] != '.';
}

/* ------------------------------------------------------------------------------------------------ values */

static int read_integer(const char *text, int32_t *out)
{
    char *end;
    errno = 0;
    long value = strtol(text, &end, 10);
    if (end == text || *end || errno || value < INT32_MIN || value > INT32_MAX)
        return 0;
    *out = (int32_t)value;
    return 1;
}

static int read_real(const char *text, double *out)
{
    char *end;
    *out = strtod(text, &end);
    return end != text && !*end && isfinite(*out);
}

static int read_pair(const char *text, double out[2])
{
    for (int i = 0; i < 2; i++) {
        char *end;
        double value = strtod(text, &end);
        if (end == text || *end != (i ? '\0' : ',') || !isfinite(value))
            return 0;
        out[i] = value;
        text = end + 1;
    }
    return 1;
}

static int add_to_list(struct list_argument *list, const char *text)
{
    const char **items = realloc(list->items, (list->count + 1) * sizeof *items);
    if (!items)
        return 0;
    items[list->count++] = text;
    list->items = items;
    return 1;
}

static int set_value(const struct command *command, const struct option *option, const char *text,
                     struct arguments *out)
{
    char *place = (char *)out + option->offset;
    const char *name = option->long_form ? option->long_form : option->short_form;
    if (option->type == OPTION_TEXT) {
        *(const char **)place = text;
    } else if (option->type == OPTION_INTEGER) {
        struct integer_argument *integer = (struct integer_argument *)place;
        if (!read_integer(text, &integer->value))
            return wrong(command, "%s: '%s' is no integer", name, text);
        integer->given = 1;
    } else if (option->type == OPTION_REAL) {
        struct real_argument *real = (struct real_argument *)place;
        if (!read_real(text, &real->value))
            return wrong(command, "%s: '%s' is no number", name, text);
        real->given = 1;
    } else if (option->type == OPTION_PAIR) {
        struct pair_argument *pair = (struct pair_argument *)place;
        if (!read_pair(text, pair->values))
            return wrong(command, "%s: '%s' is not %s, two numbers with a comma between", name, text, option->value);
        pair->given = 1;
    } else if (!add_to_list((struct list_argument *)place, text)) {
        return wrong(command, "out of memory");
    }
    return ARGUMENTS_READY;
}

/* Reads the option argv[*index] and its value, which may be the next of argv. */
static int parse_option(const struct command *command, int argc, char **argv, int *index, struct arguments *out)
{
    const char *text = argv[*index], *equals = strchr(text, '=');
    size_t size = equals ? (size_t)(equals - text) : strlen(text);
    int matches;
    const struct option *option = find_option(command, text, size, &matches);
    if (!option)
        return wrong(command, matches ? "option %.*s can be several options" : "unknown option %.*s", (int)size,
                     text);
    if (option->type == OPTION_FLAG) {
        if (equals)
            return wrong(command, "option %.*s takes no value", (int)size, text);
        *(int *)((char *)out + option->offset) = 1;
        return ARGUMENTS_READY;
    }
    if (equals)
        return set_value(command, option, equals + 1, out);
    if (*index + 1 >= argc || looks_like_option(argv[*index + 1]))
        return wrong(command, "option %s needs a value: %s", text, option->value);
    return set_value(command, option, argv[++*index], out);
}

/* ------------------------------------------------------------------------------------------------ the whole line */

static int is_given(const struct option *option, const struct arguments *arguments)
{
    const char *place = (const char *)arguments + option->offset;
    switch (option->type) {
    case OPTION_FLAG:
        return *(const int *)place;
    case OPTION_TEXT:
        return *(const char *const *)place != NULL;
    case OPTION_INTEGER:
        return ((const struct integer_argument *)place)->given;
    case OPTION_REAL:
        return ((const struct real_argument *)place)->given;
    case OPTION_PAIR:
        return ((const struct pair_argument *)place)->given;
    default:
        return ((const struct list_argument *)place)->count > 0;
    }
}

static int check_whole(const struct command *command, const struct arguments *arguments)
{
    if (command->positional && !arguments->positional)
        return wrong(command, "%s is missing", command->positional);
    if (command->second_positional && !arguments->second_positional)
        return wrong(command, "%s is missing", command->second_positional);
    for (size_t i = 0; i < option_count(command); i++) {
        const struct option *option = option_at(command, i);
        if (option->required && !is_given(option, arguments))
            return wrong(command, "option %s%s%s is missing", option->short_form ? option->short_form : "",
                         option->short_form && option->long_form ? "/" : "",
                         option->long_form ? option->long_form : "");
    }
    if (arguments->threads.given && (arguments->threads.value < 1 || arguments->threads.value > 1024))
        return wrong(command, "--threads: expected an integer from 1 to 1024");
    const char *fault = command->check ? command->check(arguments) : NULL;
    return fault ? wrong(command, "%s", fault) : ARGUMENTS_READY;
}

int parse_arguments(const struct command *command, int argc, char **argv, struct arguments *out)
{
    int options_end = 0;
    *out = (struct arguments){0};
    for (int i = 0; i < argc; i++) {
        int result = ARGUMENTS_READY;
        if (!options_end && !strcmp(argv[i], "--")) {
            options_end = 1;
        } else if (!options_end && is_help(argv[i])) {
            print_help(command);
            return ARGUMENTS_HELP;
        } else if (!options_end && argv[i][0] == '-' && argv[i][1]) {
            result = parse_option(command, argc, argv, &i, out);
        } else if (command->positional && !out->positional) {
            out->positional = argv[i];
        } else if (command->second_positional && !out->second_positional) {
            out->second_positional = argv[i];
        } else {
            result = wrong(command, "'%s' is one argument too many", argv[i]);
        }
        if (result)
            return result;
    }
    return check_whole(command, out);
}

void free_arguments(struct arguments *arguments)
{
    free(arguments->inputs.items);
    arguments->inputs = (struct list_argument){0};
}
