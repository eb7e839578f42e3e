/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decides how libhdf5 is kept at a distance: a child process with limits on time, memory and files reads the HDF5
 * file and sends the image through a pipe. What comes out of the pipe is trusted as little as a file.
 *
 * The stream is a sequence of frames, each with a head of kind and size: the image's size (BEGIN), its bytes in order
 * (BYTES), and at last END or an error (ERROR: status, number of the rule, message).
 */
#define _GNU_SOURCE /* F_SETPIPE_SZ */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/allocator.h"
#include "base/context.h"
#include "base/error_object.h"
#include "formats/hdf5_extract.h"
#include "formats/hdf5_library.h"

enum frame_kind { FRAME_BEGIN = 1, FRAME_BYTES, FRAME_END, FRAME_ERROR };

struct frame {
    uint64_t kind;
    uint64_t size; /* of what follows; BEGIN: of the image */
};

enum {
    PIECE = 1 << 20,
    LARGEST_MESSAGE = 4096,
    SPARE_MEMORY = 256 << 20, /* for libhdf5 itself */
    SECONDS_OF_CPU = 4,       /* and one more for each SECOND_BYTES of the file */
    SECOND_BYTES = 4 << 20,
    SECONDS_OF_SILENCE = 120 /* before a child that sends nothing is taken for dead */
};

/* Rules that come through the pipe as numbers, since an error's rule is a literal. */
static const char *const rules[] = {"F-hdf5", "F-hdf5-limit", "F-hdf5-size"};

/* --------------------------------------------------------------------------------------------- the child's side */

struct child {
    int pipe;
    unsigned char *piece;
    size_t capacity;
    cnn2snn_context *context;
};

static bool write_all(int file, const void *data, size_t size)
{
    const char *bytes = data;
    while (size) {
        ssize_t count = write(file, bytes, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

static bool send_frame(int pipe, enum frame_kind kind, uint64_t size, const void *bytes)
{
    struct frame frame = {kind, size};
    return write_all(pipe, &frame, sizeof frame) && (!bytes || write_all(pipe, bytes, (size_t)size));
}

static cnn2snn_status child_begin(struct c2s_image_sink *sink, size_t size, cnn2snn_error **error)
{
    const struct child *child = sink->user_data;
    return send_frame(child->pipe, FRAME_BEGIN, size, NULL) ? CNN2SNN_OK : CNN2SNN_E_IO;
}

static void *child_room(struct c2s_image_sink *sink, size_t size)
{
    struct child *child = sink->user_data;
    if (size > child->capacity) {
        free(child->piece);
        child->piece = malloc(size);
        child->capacity = child->piece ? size : 0;
    }
    return child->piece;
}

static cnn2snn_status child_write(struct c2s_image_sink *sink, size_t size, cnn2snn_error **error)
{
    const struct child *child = sink->user_data;
    return send_frame(child->pipe, FRAME_BYTES, size, child->piece) ? CNN2SNN_OK : CNN2SNN_E_IO;
}

static void limit(int resource, rlim_t value)
{
    struct rlimit now;
    if (getrlimit(resource, &now) || (now.rlim_cur != RLIM_INFINITY && now.rlim_cur <= value))
        return;
    now.rlim_cur = now.rlim_max = value;
    setrlimit(resource, &now);
}

/* The file is open: no other one will be. */
static void child_opened(struct c2s_image_sink *sink)
{
    limit(RLIMIT_NOFILE, 0);
}

/* Sanitizers take terabytes of address space for themselves. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
static const bool space_can_be_limited = false;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
static const bool space_can_be_limited = false;
#else
static const bool space_can_be_limited = true;
#endif
#else
static const bool space_can_be_limited = true;
#endif

/* Bytes of address space that the process has now; 0 when nobody says. */
static uint64_t address_space(void)
{
    char text[64] = "";
    int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return 0;
    ssize_t count = read(file, text, sizeof text - 1);
    close(file);
    return count > 0 ? strtoull(text, NULL, 10) * (uint64_t)sysconf(_SC_PAGESIZE) : 0;
}

static void set_limits(const struct c2s_hdf5_source *source)
{
    static const int fatal[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGXCPU, SIGTERM, SIGSYS, SIGPIPE, SIGALRM};
    for (size_t i = 0; i < sizeof fatal / sizeof *fatal; i++)
        signal(fatal[i], SIG_DFL); /* the host's handlers have no business here */
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_FSIZE, 0);
    limit(RLIMIT_CPU, SECONDS_OF_CPU + source->size / SECOND_BYTES);
    uint64_t space = space_can_be_limited ? address_space() : 0;
    if (space)
        limit(RLIMIT_AS, space + SPARE_MEMORY + 4 * (uint64_t)source->size);
    int null = open("/dev/null", O_RDWR);
    if (null >= 0) {
        dup2(null, STDIN_FILENO); /* what a dying C library has to say is not for the host's terminal */
        dup2(null, STDOUT_FILENO);
        dup2(null, STDERR_FILENO);
    }
}

static void send_error(int pipe, cnn2snn_status status, const cnn2snn_error *error)
{
    const char *message = error ? error->message : "";
    size_t size = strlen(message), rule = 0;
    if (size > LARGEST_MESSAGE - 16)
        size = LARGEST_MESSAGE - 16;
    for (size_t i = 0; error && i < sizeof rules / sizeof *rules; i++)
        if (!strcmp(error->rule, rules[i]))
            rule = i;
    char bytes[LARGEST_MESSAGE];
    int64_t head[2] = {status, (int64_t)rule};
    memcpy(bytes, head, sizeof head);
    memcpy(bytes + sizeof head, message, size);
    send_frame(pipe, FRAME_ERROR, sizeof head + size, bytes);
}

static _Noreturn void run_child(cnn2snn_context *context, const struct c2s_hdf5_source *source, int pipe)
{
    if (pipe <= STDERR_FILENO)
        pipe = fcntl(pipe, F_DUPFD_CLOEXEC, STDERR_FILENO + 1); /* the host had closed its standard streams */
    struct child child = {.pipe = pipe, .context = context};
    struct c2s_image_sink sink = {.user_data = &child,
                                  .largest_piece = PIECE,
                                  .begin = child_begin,
                                  .room = child_room,
                                  .write = child_write,
                                  .opened = child_opened};
    set_limits(source);
    /* the lock is this thread's since before the fork */
    c2s_hdf5_unlock();
    struct c2s_hdf5_session session;
    cnn2snn_error *error = NULL;
    cnn2snn_status status = c2s_hdf5_enter(context, &session, &error);
    if (!status)
        status = c2s_hdf5_extract(context, source, &sink, &error);
    if (status)
        send_error(pipe, status, error);
    else
        send_frame(pipe, FRAME_END, 0, NULL);
    _exit(0);
}

/* -------------------------------------------------------------------------------------------- the parent's side */

struct parent {
    cnn2snn_context *context;
    const struct c2s_hdf5_source *source;
    int pipe;
    pid_t child;
    struct c2s_image *image;
    size_t filled;
    bool ended;
};

/* False when the child has died, or is silent for too long. */
static bool read_all(const struct parent *parent, void *out, size_t size)
{
    char *bytes = out;
    while (size) {
        struct pollfd waiting = {.fd = parent->pipe, .events = POLLIN};
        int ready = poll(&waiting, 1, SECONDS_OF_SILENCE * 1000);
        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return false;
        ssize_t count = read(parent->pipe, bytes, size);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0)
            return false;
        bytes += count;
        size -= (size_t)count;
    }
    return true;
}

static cnn2snn_status broken(const struct parent *parent, const char *what, cnn2snn_error **error)
{
    return c2s_error(parent->context, error, CNN2SNN_E_MALFORMED, "F-hdf5-crash", "reading the HDF5 file: %s", what);
}

/* Deflate can't pack better than 1032 times; names and attributes are in the file as they are. */
static bool size_is_justified(const struct parent *parent, uint64_t size)
{
    uint64_t file_size = parent->source->size;
    return size >= C2S_IMAGE_HEAD && size <= SIZE_MAX / 2 && size / 1100 <= file_size + 1024 &&
           size <= parent->context->max_total_bytes + 16 * file_size + (1 << 20);
}

static cnn2snn_status receive_error(const struct parent *parent, uint64_t size, cnn2snn_error **error)
{
    int64_t head[2];
    char message[LARGEST_MESSAGE];
    if (size < sizeof head || size > LARGEST_MESSAGE - 1 || !read_all(parent, head, sizeof head) ||
        !read_all(parent, message, (size_t)size - sizeof head))
        return broken(parent, "the child process sent nonsense", error);
    message[size - sizeof head] = '\0';
    bool known = head[0] < 0 && head[0] >= CNN2SNN_E_CALLBACK;
    cnn2snn_status status = known ? (cnn2snn_status)head[0] : CNN2SNN_E_MALFORMED;
    if (status == CNN2SNN_E_NO_MEMORY)
        return c2s_error_no_memory(error);
    size_t rule = head[1] >= 0 && (size_t)head[1] < sizeof rules / sizeof *rules ? (size_t)head[1] : 0;
    return c2s_error(parent->context, error, status, rules[rule], "%s", message);
}

static cnn2snn_status receive_frame(struct parent *parent, struct frame frame, cnn2snn_error **error)
{
    switch (frame.kind) {
    case FRAME_BEGIN:
        if (parent->image || !size_is_justified(parent, frame.size))
            return broken(parent, "it asks for more memory than its size justifies", error);
        return c2s_image_create(parent->context, (size_t)frame.size, &parent->image, error);
    case FRAME_BYTES:
        if (!parent->image || frame.size > parent->image->size - parent->filled)
            return broken(parent, "the child process sent nonsense", error);
        if (!read_all(parent, parent->image->data + parent->filled, (size_t)frame.size))
            return broken(parent, "libhdf5 failed in the child process (crash, time or memory)", error);
        parent->filled += (size_t)frame.size;
        return CNN2SNN_OK;
    case FRAME_END:
        if (!parent->image || parent->filled != parent->image->size)
            return broken(parent, "the child process sent nonsense", error);
        parent->ended = true;
        return CNN2SNN_OK;
    case FRAME_ERROR:
        return receive_error(parent, frame.size, error);
    default:
        return broken(parent, "the child process sent nonsense", error);
    }
}

static cnn2snn_status receive(struct parent *parent, cnn2snn_error **error)
{
    while (!parent->ended) {
        struct frame frame;
        if (!read_all(parent, &frame, sizeof frame))
            return broken(parent, "libhdf5 failed in the child process (crash, time or memory)", error);
        C2S_TRY(receive_frame(parent, frame, error));
    }
    return CNN2SNN_OK;
}

/* A pipe whose ends are not for programs that the host starts, and large where that can be had. */
static bool make_pipe(int ends[2])
{
    if (pipe(ends))
        return false;
    fcntl(ends[0], F_SETFD, FD_CLOEXEC);
    fcntl(ends[1], F_SETFD, FD_CLOEXEC);
#ifdef F_SETPIPE_SZ
    fcntl(ends[1], F_SETPIPE_SZ, PIECE);
#endif
    return true;
}

static void wait_for(pid_t child)
{
    kill(child, SIGKILL);
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
    }
}

cnn2snn_status c2s_hdf5_read_isolated(cnn2snn_context *context, const struct c2s_hdf5_source *source,
                                      struct c2s_image **out_image, cnn2snn_error **error)
{
    struct parent parent = {.context = context, .source = source};
    int ends[2];
    if (!make_pipe(ends))
        return c2s_error(context, error, CNN2SNN_E_IO, "F-io", "no pipe for the child process: error %d", errno);
    c2s_hdf5_lock();
    parent.child = fork();
    if (parent.child == 0) {
        close(ends[0]);
        run_child(context, source, ends[1]);
    }
    int number = errno;
    c2s_hdf5_unlock();
    close(ends[1]);
    parent.pipe = ends[0];
    cnn2snn_status status;
    if (parent.child < 0) {
        status = c2s_error(context, error, CNN2SNN_E_IO, "F-io", "no child process: error %d", number);
    } else {
        status = receive(&parent, error);
        wait_for(parent.child); /* all it had to say is said */
    }
    close(ends[0]);
    if (status)
        c2s_image_release(parent.image);
    else
        *out_image = parent.image;
    return status;
}
