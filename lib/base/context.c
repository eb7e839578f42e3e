/* SPDX-License-Identifier: Apache-2.0 */
/* Decides what a context holds and how options of older and newer callers are understood. */
#include "base/context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/allocator.h"
#include "base/error.h"
#include "base/processor.h"

enum { HUGE_PAGE = 2 << 20 };

/* Large blocks ask for large pages, where the system has them on request: most of the time of a first touch is page
 * faults. */
static void *default_allocate(void *user_data, size_t size, size_t alignment)
{
    (void)user_data;
    void *pointer = NULL;
    bool large = size >= HUGE_PAGE;
    if (posix_memalign(&pointer, large ? HUGE_PAGE : alignment, size))
        return NULL;
#ifdef MADV_HUGEPAGE
    if (large)
        (void)madvise(pointer, size / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return pointer;
}

static void default_deallocate(void *user_data, void *pointer, size_t size, size_t alignment)
{
    (void)user_data;
    (void)size;
    (void)alignment;
    free(pointer);
}

static const cnn2snn_allocator default_allocator = {sizeof(cnn2snn_allocator), NULL, default_allocate,
                                                    default_deallocate};

void c2s_context_options_defaults(cnn2snn_context_options *options)
{
    *options = (cnn2snn_context_options)CNN2SNN_CONTEXT_OPTIONS_INIT;
}

cnn2snn_status c2s_options_read(cnn2snn_context *context, void *ours, size_t our_size, const void *theirs,
                                const char *what, cnn2snn_error **error)
{
    if (!theirs)
        return CNN2SNN_OK;
    size_t size;
    memcpy(&size, theirs, sizeof size);
    if (size < sizeof size || size > 65536)
        return c2s_error(context, error, CNN2SNN_E_INVALID_ARGUMENT, "A-size",
                         "struct_size %zu of %s is not set by its initializer", size, what);
    for (size_t i = our_size; i < size; i++)
        if (((const unsigned char *)theirs)[i])
            return c2s_error(context, error, CNN2SNN_E_UNSUPPORTED, "A-newer",
                             "%s sets fields that library %s does not know", what, CNN2SNN_VERSION);
    size_t common = size < our_size ? size : our_size;
    memcpy(ours, theirs, common);
    memcpy(ours, &our_size, sizeof our_size);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_options_write(void *theirs, size_t struct_size, void *ours, size_t our_size)
{
    if (!theirs || struct_size < sizeof(size_t))
        return CNN2SNN_E_INVALID_ARGUMENT;
    memset(theirs, 0, struct_size);
    memcpy(theirs, ours, struct_size < our_size ? struct_size : our_size);
    memcpy(theirs, &struct_size, sizeof struct_size);
    return CNN2SNN_OK;
}

static cnn2snn_status read_environment(cnn2snn_akida_version *version, cnn2snn_error **error)
{
    const char *text = getenv("CNN2SNN_TARGET_AKIDA_VERSION");
    if (!text || !strcmp(text, "v2"))
        *version = CNN2SNN_AKIDA_V2;
    else if (!strcmp(text, "v1"))
        *version = CNN2SNN_AKIDA_V1;
    else
        return c2s_error(NULL, error, CNN2SNN_E_VALUE, "L-K",
                         "environment variable CNN2SNN_TARGET_AKIDA_VERSION is '%.40s', expected v1 or v2", text);
    return CNN2SNN_OK;
}

static cnn2snn_status check_ranges(const cnn2snn_context_options *o, cnn2snn_error **error)
{
    if (o->akida_version < 0 || o->akida_version > CNN2SNN_AKIDA_V2)
        return c2s_error(NULL, error, CNN2SNN_E_VALUE, "A-range", "akida_version %d is not v1 or v2",
                         (int)o->akida_version);
    if (o->hdf5_isolation < 0 || o->hdf5_isolation > CNN2SNN_ISOLATION_PROCESS)
        return c2s_error(NULL, error, CNN2SNN_E_VALUE, "A-range", "hdf5_isolation %d is unknown",
                         (int)o->hdf5_isolation);
    if (o->log_level < 0 || o->log_level > CNN2SNN_LOG_DEBUG)
        return c2s_error(NULL, error, CNN2SNN_E_VALUE, "A-range", "log_level %d is unknown", (int)o->log_level);
    if (o->threads < 0 || o->threads > 1024)
        return c2s_error(NULL, error, CNN2SNN_E_VALUE, "A-range", "threads %d, expected 1 to 1024", (int)o->threads);
    if (o->max_depth > 1000)
        return c2s_error(NULL, error, CNN2SNN_E_VALUE, "A-range", "max_depth %u, expected at most 1000",
                         (unsigned)o->max_depth);
    return CNN2SNN_OK;
}

cnn2snn_status c2s_context_create(uint32_t abi_version, const cnn2snn_context_options *options,
                                  cnn2snn_context **out_context, cnn2snn_error **error)
{
    if (abi_version >> 8 > CNN2SNN_ABI_VERSION >> 8 || (abi_version >> 16) != (uint32_t)CNN2SNN_ABI_MAJOR)
        return c2s_error(NULL, error, CNN2SNN_E_UNSUPPORTED, "A-abi",
                         "the program was built for ABI %u.%u, the library loaded has %d.%d", abi_version >> 16,
                         abi_version >> 8 & 255, CNN2SNN_ABI_MAJOR, CNN2SNN_ABI_MINOR);
    cnn2snn_context_options o;
    c2s_context_options_defaults(&o);
    cnn2snn_status status = c2s_options_read(NULL, &o, sizeof o, options, "cnn2snn_context_options", error);
    if (!status)
        status = check_ranges(&o, error);
    cnn2snn_allocator allocator = default_allocator;
    if (!status)
        status = c2s_options_read(NULL, &allocator, sizeof allocator, o.allocator, "cnn2snn_allocator", error);
    if (!status && (!allocator.allocate || !allocator.deallocate))
        status = c2s_error(NULL, error, CNN2SNN_E_INVALID_ARGUMENT, "A-null",
                           "an allocator needs both allocate and deallocate");
    if (!status && o.akida_version == CNN2SNN_AKIDA_DEFAULT)
        status = read_environment(&o.akida_version, error);
    uint32_t instructions = 0;
    if (!status)
        status = c2s_processor_choose(o.kernels, &instructions, error);
    if (status)
        return status;
    cnn2snn_context *context = allocator.allocate(allocator.user_data, sizeof *context, 64);
    if (!context)
        return c2s_error_no_memory(error);
    *context = (cnn2snn_context){
        .allocator = allocator,
        .log = o.log,
        .log_user_data = o.log_user_data,
        .destroy_log_user_data = o.destroy_log_user_data,
        .progress = o.progress,
        .progress_user_data = o.progress_user_data,
        .destroy_progress_user_data = o.destroy_progress_user_data,
        .log_level = o.log_level ? o.log_level : CNN2SNN_LOG_WARNING,
        .akida_version = o.akida_version,
        .hdf5_isolation = o.hdf5_isolation ? o.hdf5_isolation : CNN2SNN_ISOLATION_NONE,
        .threads = o.threads ? o.threads : 1,
        .instructions = instructions,
        .max_file_bytes = o.max_file_bytes ? o.max_file_bytes : (uint64_t)4 << 30,
        .max_tensor_elements = o.max_tensor_elements ? o.max_tensor_elements : INT32_MAX,
        .max_total_bytes = o.max_total_bytes ? o.max_total_bytes : (uint64_t)8 << 30,
        .max_nodes = o.max_nodes ? o.max_nodes : 100000,
        .max_depth = o.max_depth ? o.max_depth : 200,
    };
    atomic_init(&context->references, 1);
    *out_context = context;
    return CNN2SNN_OK;
}

cnn2snn_context *c2s_context_retain(cnn2snn_context *context)
{
    if (context)
        atomic_fetch_add_explicit(&context->references, 1, memory_order_relaxed);
    return context;
}

void c2s_context_release(cnn2snn_context *context)
{
    if (!context || atomic_fetch_sub_explicit(&context->references, 1, memory_order_acq_rel) != 1)
        return;
    if (context->destroy_log_user_data)
        context->destroy_log_user_data(context->log_user_data);
    if (context->destroy_progress_user_data)
        context->destroy_progress_user_data(context->progress_user_data);
    cnn2snn_allocator allocator = context->allocator;
    allocator.deallocate(allocator.user_data, context, sizeof *context, 64);
}

void c2s_log(cnn2snn_context *context, cnn2snn_log_level level, const char *format, ...)
{
    if (!context || !context->log || level > context->log_level)
        return;
    char text[1024];
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (size < 0)
        return;
    if ((size_t)size >= sizeof text)
        size = sizeof text - 1;
    context->log(context->log_user_data, level, text, (size_t)size);
}

cnn2snn_status c2s_progress(cnn2snn_context *context, const char *stage, uint64_t done, uint64_t total,
                            cnn2snn_error **error)
{
    if (context->progress && context->progress(context->progress_user_data, stage, done, total))
        return c2s_error(context, error, CNN2SNN_E_CANCELLED, "A-cancel", "cancelled while at '%s'", stage);
    return CNN2SNN_OK;
}
