/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how files are named. */
#include "paths.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *format_text(const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int size = vsnprintf(NULL, 0, format, arguments);
    char *text = size < 0 ? NULL : malloc((size_t)size + 1);
    if (!text) {
        fputs("cnn2snn: error: out of memory\n", stderr);
        exit(1);
    }
    vsnprintf(text, (size_t)size + 1, format, again);
    va_end(again);
    va_end(arguments);
    return text;
}

int has_suffix(const char *path, const char *suffix)
{
    size_t size = strlen(path), suffix_size = strlen(suffix);
    return size >= suffix_size && !strcmp(path + size - suffix_size, suffix);
}

static char *file_name(char *path)
{
    char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *path_base(const char *path)
{
    char *base = format_text("%s", path);
    char *name = file_name(base);
    char *dot = strrchr(name, '.');
    if (dot && dot >= name + strspn(name, ".")) /* dots in front are no extension */
        *dot = '\0';
    return base;
}

/* Goes over "_xq" and digits; NULL if they are not there. */
static const char *skip_part(const char *text, const char *prefix)
{
    size_t size = strlen(prefix);
    if (!text || strncmp(text, prefix, size) || !isdigit((unsigned char)text[size]))
        return NULL;
    for (text += size; isdigit((unsigned char)*text); text++)
        ;
    return text;
}

char *path_unquantized_base(const char *path)
{
    char *base = path_base(path);
    char *name = file_name(base), *last = NULL;
    for (char *c = name; *c; c++)
        if (c > name && skip_part(skip_part(skip_part(c, "_iq"), "_wq"), "_aq"))
            last = c;
    if (last)
        *last = '\0';
    return base;
}
