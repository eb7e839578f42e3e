/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how files are read and replaced. */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error.h"
#include "base/text.h"

static cnn2snn_status io_error(cnn2snn_context *context, cnn2snn_error **error, const char *path, const char *what,
                               int number)
{
    char reason[128] = "";
    if (strerror_r(number, reason, sizeof reason))
        snprintf(reason, sizeof reason, "error %d", number);
    c2s_error(context, error, CNN2SNN_E_IO, "F-io", "%s: %s", what, reason);
    c2s_error_set_file(error, path);
    return CNN2SNN_E_IO;
}

/* The size of a regular file within the limits. */
static cnn2snn_status find_size(cnn2snn_context *context, const char *path, int file, size_t *out_size,
                                cnn2snn_error **error)
{
    struct stat info;
    if (fstat(file, &info))
        return io_error(context, error, path, "can't be read", errno);
    if (!S_ISREG(info.st_mode))
        return io_error(context, error, path, "can't be read", S_ISDIR(info.st_mode) ? EISDIR : EINVAL);
    if ((uint64_t)info.st_size > context->max_file_bytes) {
        c2s_error(context, error, CNN2SNN_E_LIMIT, "F-size", "%lld bytes, more than the context's max_file_bytes",
                  (long long)info.st_size);
        c2s_error_set_file(error, path);
        return CNN2SNN_E_LIMIT;
    }
    *out_size = (size_t)info.st_size;
    return CNN2SNN_OK;
}

static cnn2snn_status read_all(cnn2snn_context *context, const char *path, int file, cnn2snn_buffer **out_buffer,
                               cnn2snn_error **error)
{
    size_t size = 0, done = 0;
    C2S_TRY(find_size(context, path, file, &size, error));
    char *data = c2s_alloc(context, size + 1);
    cnn2snn_buffer *buffer = c2s_alloc(context, sizeof *buffer);
    if (!data || !buffer) {
        c2s_free(context, data);
        c2s_free(context, buffer);
        return c2s_error_no_memory(error);
    }
    *buffer = (cnn2snn_buffer){c2s_context_retain(context), data, size};
    while (done < size) {
        ssize_t count = read(file, data + done, size - done);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            int number = count ? errno : EIO; /* the file became shorter */
            c2s_buffer_destroy(buffer);
            return io_error(context, error, path, "can't be read", number);
        }
        done += (size_t)count;
    }
    data[size] = '\0';
    *out_buffer = buffer;
    return CNN2SNN_OK;
}

cnn2snn_status c2s_file_read(cnn2snn_context *context, const char *path, cnn2snn_buffer **out_buffer,
                             cnn2snn_error **error)
{
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return io_error(context, error, path, "can't be opened", errno);
    cnn2snn_status status = read_all(context, path, file, out_buffer, error);
    close(file);
    return status;
}

cnn2snn_status c2s_file_map(cnn2snn_context *context, const char *path, struct c2s_mapped_file *out_map,
                            cnn2snn_error **error)
{
    *out_map = (struct c2s_mapped_file){0};
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return io_error(context, error, path, "can't be opened", errno);
    size_t size = 0;
    cnn2snn_status status = find_size(context, path, file, &size, error);
    void *data = !status && size ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, file, 0) : NULL;
    if (data == MAP_FAILED)
        status = io_error(context, error, path, "can't be mapped", errno);
    if (status)
        close(file);
    else
        *out_map = (struct c2s_mapped_file){data ? data : "", size, file};
    return status;
}

cnn2snn_status c2s_file_map_check(cnn2snn_context *context, const struct c2s_mapped_file *map, cnn2snn_error **error)
{
    struct stat info;
    if (!fstat(map->file, &info) && (uint64_t)info.st_size == map->size)
        return CNN2SNN_OK;
    return c2s_error(context, error, CNN2SNN_E_IO, "F-io", "the file was changed while it was read");
}

void c2s_file_unmap(struct c2s_mapped_file *map)
{
    if (!map->data)
        return;
    if (map->size)
        munmap((void *)map->data, map->size);
    close(map->file);
    *map = (struct c2s_mapped_file){0};
}

static int write_all(int file, const char *data, size_t size)
{
    while (size) {
        ssize_t count = write(file, data, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return count ? errno : EIO;
        data += count;
        size -= (size_t)count;
    }
    return 0;
}

static int replace(const char *temporary, const char *path, const void *data, size_t size)
{
    struct stat info;
    if (!stat(path, &info) && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS)) /* renaming would not ask */
        return errno;
    int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (file < 0)
        return errno;
    int number = write_all(file, data, size);
    if (!number && !stat(path, &info) && fchmod(file, info.st_mode & 07777)) /* a replaced file keeps its mode */
        number = errno;
    if (close(file) && !number)
        number = errno;
    if (!number && rename(temporary, path))
        number = errno;
    if (number)
        unlink(temporary);
    return number;
}

/* Where a symbolic link leads to, so that the link stays; otherwise the path itself. */
static const char *follow_link(const char *path, char resolved[PATH_MAX])
{
    struct stat info;
    return !lstat(path, &info) && S_ISLNK(info.st_mode) && realpath(path, resolved) ? resolved : path;
}

cnn2snn_status c2s_file_write(cnn2snn_context *context, const char *path, const void *data, size_t size,
                              cnn2snn_error **error)
{
    struct stat info;
    char resolved[PATH_MAX];
    if (!stat(path, &info) && !S_ISREG(info.st_mode)) {
        /* A device or a pipe, such as /dev/stdout, is written to; a folder is refused by open(). */
        int file = open(path, O_WRONLY | O_CLOEXEC), number = file < 0 ? errno : write_all(file, data, size);
        if (file >= 0 && close(file) && !number)
            number = errno;
        return number ? io_error(context, error, path, "can't be written", number) : CNN2SNN_OK;
    }
    struct c2s_text temporary;
    const char *target = follow_link(path, resolved), *slash = strrchr(target, '/');
    int number = EEXIST, folder_size = slash ? (int)(slash + 1 - target) : 0;
    for (unsigned attempt = 0; number == EEXIST && attempt < 100; attempt++) {
        c2s_text_init(&temporary, context);
        c2s_text_format(&temporary, "%.*s.cnn2snn-%ld-%u.tmp", folder_size, target, (long)getpid(), attempt);
        if (temporary.failed) {
            c2s_text_free(&temporary);
            return c2s_error_no_memory(error);
        }
        number = replace(temporary.data, target, data, size);
        c2s_text_free(&temporary);
    }
    return number ? io_error(context, error, path, "can't be written", number) : CNN2SNN_OK;
}

cnn2snn_status c2s_file_make_parents(cnn2snn_context *context, const char *path, cnn2snn_error **error)
{
    char *folder = c2s_strdup(context, path);
    if (!folder)
        return c2s_error_no_memory(error);
    cnn2snn_status status = CNN2SNN_OK;
    for (char *slash = strchr(folder + 1, '/'); slash && !status; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(folder, 0777) && errno != EEXIST)
            status = io_error(context, error, folder, "folder can't be made", errno);
        *slash = '/';
    }
    c2s_free(context, folder);
    return status;
}
