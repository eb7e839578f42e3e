/* SPDX-License-Identifier: Apache-2.0 */
/* Decides which files of a folder are its images, and in what order. */
#include "image_folder.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "paths.h"

int is_folder(const char *path)
{
    struct stat about;
    return !stat(path, &about) && S_ISDIR(about.st_mode);
}

int is_image_name(const char *name)
{
    static const char *const endings[] = {".png", ".jpg", ".jpeg"};
    const char *dot = strrchr(name, '.');
    for (size_t i = 0; dot && dot > name && i < sizeof endings / sizeof *endings; i++)
        if (!strcasecmp(dot, endings[i]))
            return 1;
    return 0;
}

#ifdef HAVE_IMAGES
static int compare_paths(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_path(struct image_folder *folder, const char *path, const char *name)
{
    if (!(folder->count & (folder->count - 1))) {
        char **paths = realloc(folder->paths, (folder->count ? 2 * folder->count : 1) * sizeof *paths);
        if (!paths)
            return 0;
        folder->paths = paths;
    }
    folder->paths[folder->count++] = format_text("%s/%s", path, name);
    return 1;
}

int image_folder_open(struct session *session, const char *path, struct image_folder *out)
{
    int room = 1;
    *out = (struct image_folder){0};
    DIR *directory = opendir(path);
    if (!directory)
        return session_fail_text(session, path, "the folder can't be read");
    for (struct dirent *entry = readdir(directory); room && entry; entry = readdir(directory))
        if (is_image_name(entry->d_name))
            room = add_path(out, path, entry->d_name);
    closedir(directory);
    if (room && out->count) {
        qsort(out->paths, out->count, sizeof *out->paths, compare_paths);
        return STATUS_DONE;
    }
    image_folder_close(out);
    return room ? session_fail_text(session, path, "no .png, .jpg or .jpeg file in the folder")
                : session_fail_text(session, NULL, "out of memory");
}

/* Decides by the first bytes: names may lie. */
static int decode(FILE *file, const struct image_form *form, struct image *out, char *message)
{
    unsigned char start[2] = {0};
    size_t count = fread(start, 1, sizeof start, file);
    rewind(file);
    if (count == 2 && start[0] == 0x89 && start[1] == 'P')
        return image_read_png(file, form, out, message);
    if (count == 2 && start[0] == 0xff && start[1] == 0xd8)
        return image_read_jpeg(file, form, out, message);
    snprintf(message, IMAGE_MESSAGE_SIZE, "neither PNG nor JPEG");
    return 0;
}

int image_folder_read(struct session *session, const struct image_folder *folder, size_t index,
                      const struct image_form *form, unsigned char *out)
{
    const char *path = folder->paths[index];
    char message[IMAGE_MESSAGE_SIZE];
    struct image image = {0};
    struct stat about;
    if (stat(path, &about) || !S_ISREG(about.st_mode)) /* a pipe would never end */
        return session_fail_text(session, path, "no regular file");
    FILE *file = fopen(path, "rb");
    if (!file)
        return session_fail_text(session, path, "the file can't be read");
    int done = decode(file, form, &image, message);
    fclose(file);
    if (!done)
        return session_fail_text(session, path, "%s", message);
    done = image_convert(&image, form, out);
    free(image.pixels);
    return done ? STATUS_DONE : session_fail_text(session, NULL, "out of memory");
}
#else
int image_folder_open(struct session *session, const char *path, struct image_folder *out)
{
    *out = (struct image_folder){0};
    return session_fail_text(session, path,
                             "a folder of images, and the program is built without libpng and libjpeg");
}

int image_folder_read(struct session *session, const struct image_folder *folder, size_t index,
                      const struct image_form *form, unsigned char *out)
{
    (void)form;
    (void)out;
    return session_fail_text(session, folder->paths[index], "the program is built without libpng and libjpeg");
}
#endif

void image_folder_close(struct image_folder *folder)
{
    for (size_t i = 0; i < folder->count; i++)
        free(folder->paths[i]);
    free(folder->paths);
    *folder = (struct image_folder){0};
}
