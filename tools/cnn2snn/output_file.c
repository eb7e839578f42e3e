/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides whether an output is one of the inputs, whatever the paths look like: links and relative paths are seen
 * through, since writing would lose what the user has no other copy of.
 */
#include "output_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image_folder.h"
#include "paths.h"

static int same_inode(const char *a, const char *b)
{
    struct stat first, second;
    return !stat(a, &first) && !stat(b, &second) && first.st_dev == second.st_dev && first.st_ino == second.st_ino;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? format_text("%.*s", (int)(slash + 1 - path), path) : format_text(".");
}

static const char *name_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static int is_inside(const char *path, const char *folder)
{
    char *own = folder_of(path);
    int inside = same_inode(own, folder);
    free(own);
    return inside;
}

/* Also of two files that aren't there yet. */
static int same_file(const char *a, const char *b)
{
    if (!strcmp(a, b) || same_inode(a, b))
        return 1;
    char *folder = folder_of(a);
    int same = !strcmp(name_of(a), name_of(b)) && is_inside(b, folder);
    free(folder);
    return same;
}

/* A stream may be redirected to a regular file, which its name doesn't show. */
static int is_stream(const char *path)
{
    return !strcmp(path, "/dev/stdout") || !strcmp(path, "/dev/stderr") || !strncmp(path, "/dev/fd/", 8);
}

int is_special_file(const char *path)
{
    struct stat info;
    return !stat(path, &info) && !S_ISDIR(info.st_mode) && (!S_ISREG(info.st_mode) || is_stream(path));
}

/* Devices can be read and written at once. */
static int is_input(const char *output, const char *input)
{
    struct stat info;
    if (!input || is_special_file(output))
        return 0;
    return same_file(output, input) ||
           (is_folder(input) && is_image_name(output) && !stat(output, &info) && is_inside(output, input));
}

/* The input that the output would replace, and what it is; NULL: none. */
static const char *find_replaced(const struct arguments *a, const char *output, int leaves_model,
                                 const char **out_what)
{
    const struct {
        const char *path, *what;
    } inputs[] = {
        {leaves_model ? NULL : a->model, "the model"}, {a->samples, "the samples"}, {a->labels, "the labels"}};
    for (size_t i = 0; i < sizeof inputs / sizeof *inputs; i++)
        if (is_input(output, inputs[i].path)) {
            *out_what = inputs[i].what;
            return inputs[i].path;
        }
    *out_what = "an input";
    for (size_t i = 0; i < a->inputs.count; i++)
        if (is_input(output, a->inputs.items[i]))
            return a->inputs.items[i];
    return NULL;
}

static int check_output(struct session *session, const char *option, const char *output, int leaves_model)
{
    const char *what, *input = output ? find_replaced(&session->arguments, output, leaves_model, &what) : NULL;
    if (!input)
        return STATUS_DONE;
    session_fail_text(session, output, "the output would replace %s%s%s: name another file by %s", what,
                      strcmp(input, output) ? " " : "", strcmp(input, output) ? input : "", option);
    return STATUS_USAGE;
}

/* What is wrong with the place is told before hours of work, and before another output is there. */
static int check_place(struct session *session, const char *output)
{
    char *folder = folder_of(output);
    int result = STATUS_DONE;
    if (is_folder(output))
        result = session_fail_text(session, output, "a folder, expected the name of a file");
    else if (!is_folder(folder))
        result = session_fail_text(session, output, "there is no folder %s: make it first", folder);
    free(folder);
    return result;
}

int check_outputs(struct session *session, const struct command *command)
{
    const struct arguments *a = &session->arguments;
    const char *const outputs[][2] = {{"-o", a->output}, {"--layers", a->layers}, {"--fix", a->fix}};
    int result = STATUS_DONE;
    for (size_t i = 0; !result && i < sizeof outputs / sizeof *outputs; i++) {
        result = check_output(session, outputs[i][0], outputs[i][1], command->leaves_model);
        if (!result && outputs[i][1] && !command->completes_output)
            result = check_place(session, outputs[i][1]);
    }
    if (result || !a->output || !a->layers || is_special_file(a->output) || !same_file(a->output, a->layers))
        return result;
    session_fail_text(session, a->output, "-o and --layers name one file: name two");
    return STATUS_USAGE;
}

int check_output_path(struct session *session, const char *path)
{
    return check_output(session, "-o", path, 0);
}
