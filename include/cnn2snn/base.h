/* SPDX-License-Identifier: Apache-2.0 */
/**
 * @file
 * Status codes, errors, reports, buffers, and the context that all other objects are made with.
 *
 * Conventions of every header:
 *  - `_create`, `_load`, `_clone` and all other functions with an `out_x` handle: the caller owns the result and
 *    calls the type's `_destroy`, which accepts NULL and never fails.
 *  - `_get_` functions that give a pointer: borrowed, valid as long as its parent is neither changed nor destroyed.
 *  - On failure handle outputs are set to NULL and other outputs are left alone.
 *  - The last argument `error` may be NULL; otherwise `*error` is set to NULL on success and to an object on failure,
 *    which the caller destroys. It must not hold an older error when the call is made.
 *  - Strings are UTF-8 and NUL-terminated.
 *  - A NULL for a required handle or a `struct_size` of zero is CNN2SNN_E_INVALID_ARGUMENT.
 *
 * Thread safety: a context may be used from any thread at once; errors, reports and buffers belong to one thread.
 */
#ifndef CNN2SNN_BASE_H
#define CNN2SNN_BASE_H

#include <stddef.h>
#include <stdint.h>

#include "cnn2snn/version.h"

#ifdef __cplusplus
extern "C" {
#endif

#if defined(CNN2SNN_BUILDING) && defined(__GNUC__)
#define CNN2SNN_API __attribute__((visibility("default")))
#else
#define CNN2SNN_API
#endif

/* ------------------------------------------------------------------------------------------------ status codes */

/** Result of a call: 0 or a negative code. Callers must expect codes that they do not know. */
typedef int32_t cnn2snn_status;

enum {
    CNN2SNN_OK = 0,
    CNN2SNN_E_NO_MEMORY = -1,
    CNN2SNN_E_INVALID_ARGUMENT = -2, /**< the call breaks the contract of the API (NULL handle, bad struct_size) */
    CNN2SNN_E_IO = -3,               /**< a file can't be read or written (Python's OSError) */
    CNN2SNN_E_MALFORMED = -4,        /**< the file breaks its own format */
    CNN2SNN_E_UNSUPPORTED = -5,      /**< valid, but this build or version can't do it */
    CNN2SNN_E_INCOMPATIBLE = -6,     /**< the model can't be quantized or converted (Python's RuntimeError) */
    CNN2SNN_E_CANCELLED = -7,        /**< a progress callback asked to stop */
    CNN2SNN_E_VALUE = -8,            /**< a value out of its range (Python's ValueError) */
    CNN2SNN_E_TYPE = -9,             /**< an object or argument of the wrong kind (Python's TypeError) */
    CNN2SNN_E_INDEX = -10,           /**< an index out of range (Python's IndexError) */
    CNN2SNN_E_STATE = -11,           /**< not in this state (Python's SystemError) */
    CNN2SNN_E_NOT_SEQUENTIAL = -12,  /**< only Sequential models are accepted (Python's AssertionError) */
    CNN2SNN_E_LIMIT = -13,           /**< a limit of the context is exceeded */
    CNN2SNN_E_CALLBACK = -14         /**< a callback failed without saying how */
};

/** The constant's name without prefix, such as "E_VALUE"; "unknown" for other numbers. Never NULL. */
CNN2SNN_API const char *cnn2snn_status_name(cnn2snn_status status);

/** The release of the library that is loaded, such as "0.1.0". */
CNN2SNN_API const char *cnn2snn_version_string(void);

/** The ABI version of the library that is loaded, as CNN2SNN_ABI_VERSION. */
CNN2SNN_API uint32_t cnn2snn_abi_version(void);

/* ------------------------------------------------------------------------------------------------ opaque handles */

typedef struct cnn2snn_context cnn2snn_context;
typedef struct cnn2snn_error cnn2snn_error;
typedef struct cnn2snn_report cnn2snn_report;
typedef struct cnn2snn_buffer cnn2snn_buffer;

/* ------------------------------------------------------------------------------------------------ enumerations */

/** Target generation of the Akida processor. */
typedef int32_t cnn2snn_akida_version;
enum {
    CNN2SNN_AKIDA_DEFAULT = 0, /**< the context's, which is the environment's, which is v2 */
    CNN2SNN_AKIDA_V1 = 1,
    CNN2SNN_AKIDA_V2 = 2
};

typedef int32_t cnn2snn_log_level;
enum {
    CNN2SNN_LOG_DEFAULT = 0, /**< CNN2SNN_LOG_WARNING */
    CNN2SNN_LOG_ERROR = 1,
    CNN2SNN_LOG_WARNING = 2,
    CNN2SNN_LOG_INFO = 3,
    CNN2SNN_LOG_DEBUG = 4
};

typedef int32_t cnn2snn_severity;
enum { CNN2SNN_SEVERITY_ERROR = 1, CNN2SNN_SEVERITY_WARNING = 2, CNN2SNN_SEVERITY_INFO = 3 };

/** How HDF5 files are read (docs/threading.md and docs/errors.md). */
typedef int32_t cnn2snn_isolation;
enum {
    CNN2SNN_ISOLATION_DEFAULT = 0, /**< CNN2SNN_ISOLATION_NONE */
    CNN2SNN_ISOLATION_NONE = 1,    /**< libhdf5 runs in this process */
    CNN2SNN_ISOLATION_PROCESS = 2  /**< libhdf5 runs in a child process with resource limits; its death is an error */
};

/* ------------------------------------------------------------------------------------------------ callbacks */

/**
 * Memory for the library's own objects. Called from any thread that uses the context.
 * `allocate` gives `size` bytes (> 0) aligned to `alignment` (a power of two up to 64), or NULL;
 * `deallocate` gets the same size and alignment back. Memory of libhdf5 and jansson is not covered.
 */
typedef struct cnn2snn_allocator {
    size_t struct_size;
    void *user_data;
    void *(*allocate)(void *user_data, size_t size, size_t alignment);
    void (*deallocate)(void *user_data, void *pointer, size_t size, size_t alignment);
} cnn2snn_allocator;

/** One finished line of text without newline; `text` is NUL-terminated and valid during the call only. */
typedef void (*cnn2snn_log_fn)(void *user_data, cnn2snn_log_level level, const char *text, size_t text_size);

/** Progress of a long call on the calling thread; a result other than 0 cancels it (CNN2SNN_E_CANCELLED). */
typedef int32_t (*cnn2snn_progress_fn)(void *user_data, const char *stage, uint64_t done, uint64_t total);

/** Called once when the library needs a callback's `user_data` no longer. May be NULL. */
typedef void (*cnn2snn_destroy_fn)(void *user_data);

/* ------------------------------------------------------------------------------------------------ context */

/** Settings of a context. Zero in a field means its default. NULL instead of the struct means all defaults. */
typedef struct cnn2snn_context_options {
    size_t struct_size;
    const cnn2snn_allocator *allocator; /**< copied; NULL: malloc and free */
    cnn2snn_log_fn log;                 /**< NULL: nothing is logged */
    void *log_user_data;
    cnn2snn_destroy_fn destroy_log_user_data;
    cnn2snn_progress_fn progress; /**< NULL: none */
    void *progress_user_data;
    cnn2snn_destroy_fn destroy_progress_user_data;
    cnn2snn_log_level log_level;
    cnn2snn_akida_version
        akida_version; /**< default: environment CNN2SNN_TARGET_AKIDA_VERSION ("v1", "v2"), else v2 */
    cnn2snn_isolation hdf5_isolation;
    int32_t threads;              /**< for calls that compute; default 1, at most 1024 */
    uint64_t max_file_bytes;      /**< of any file read; default 4 GiB */
    uint64_t max_tensor_elements; /**< of one tensor; default 2^31 - 1 */
    uint64_t max_total_bytes;     /**< of all tensors of one model; default 8 GiB */
    uint32_t max_nodes;           /**< layers and calls in one model; default 100,000 */
    uint32_t max_depth;           /**< of nested JSON and nested models; default 200, at most 1000 */
    const char *kernels;          /**< instructions that loops may use, "plain", "avx2" and others
                                       (docs/processors.md); default: environment CNN2SNN_KERNELS, else all */
} cnn2snn_context_options;

/** Initializer: `cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;` */
#define CNN2SNN_CONTEXT_OPTIONS_INIT                                                                                 \
    {                                                                                                                \
        sizeof(cnn2snn_context_options), NULL, NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0, 0, NULL   \
    }

/** Fills `options` with the defaults of this library, writing at most `struct_size` bytes. */
CNN2SNN_API cnn2snn_status cnn2snn_context_options_init(cnn2snn_context_options *options, size_t struct_size);

/**
 * Makes a context. The environment is read here and nowhere else.
 *
 * @param abi_version CNN2SNN_ABI_VERSION of the header that the program was compiled with.
 * @param options NULL for all defaults.
 * @return CNN2SNN_E_UNSUPPORTED when the program needs a newer library, or sets fields that this one does not know;
 *         CNN2SNN_E_VALUE for values out of range, including those of the environment.
 */
CNN2SNN_API cnn2snn_status cnn2snn_context_create(uint32_t abi_version, const cnn2snn_context_options *options,
                                                  cnn2snn_context **out_context, cnn2snn_error **error);

/** One more reference. Everything made with a context keeps it alive as well. */
CNN2SNN_API cnn2snn_context *cnn2snn_context_retain(cnn2snn_context *context);

/** Gives a reference back; the last one frees the context. */
CNN2SNN_API void cnn2snn_context_destroy(cnn2snn_context *context);

/** The version that conversions target when their options do not say (never CNN2SNN_AKIDA_DEFAULT). */
CNN2SNN_API cnn2snn_akida_version cnn2snn_context_get_akida_version(const cnn2snn_context *context);

/* ------------------------------------------------------------------------------------------------ errors */

CNN2SNN_API cnn2snn_status cnn2snn_error_get_code(const cnn2snn_error *error);
/** One line, without the layer's and the file's name. Never NULL. */
CNN2SNN_API const char *cnn2snn_error_get_message(const cnn2snn_error *error);
/** Everything that is known, one line: "file: layer: message [rule]". Never NULL. */
CNN2SNN_API const char *cnn2snn_error_get_text(const cnn2snn_error *error);
/** Stable identifier of the rule that was broken, such as "L-H16", or "". */
CNN2SNN_API const char *cnn2snn_error_get_rule(const cnn2snn_error *error);
/** Name of the layer, or "". */
CNN2SNN_API const char *cnn2snn_error_get_layer(const cnn2snn_error *error);
/** Path of the file, or "". */
CNN2SNN_API const char *cnn2snn_error_get_file(const cnn2snn_error *error);
/** Byte offset in the file, or -1. */
CNN2SNN_API int64_t cnn2snn_error_get_offset(const cnn2snn_error *error);
/**
 * All faults, where the call collects them (convert); otherwise the one with its remedy, where something can be done
 * about it; otherwise NULL. Borrowed.
 */
CNN2SNN_API const cnn2snn_report *cnn2snn_error_get_report(const cnn2snn_error *error);
CNN2SNN_API void cnn2snn_error_destroy(cnn2snn_error *error);

/**
 * For callbacks: makes an error that the library passes on to its caller.
 * @return `code`, so that a callback can write `return cnn2snn_error_create(...)`.
 */
CNN2SNN_API cnn2snn_status cnn2snn_error_create(cnn2snn_context *context, cnn2snn_status code, const char *message,
                                                cnn2snn_error **error);

/* ------------------------------------------------------------------------------------------------ reports */

/** Number of faults and warnings, in the order in which they are found: settings, structure, layers. */
CNN2SNN_API size_t cnn2snn_report_get_count(const cnn2snn_report *report);
/** One of CNN2SNN_SEVERITY_; 0 if `index` is out of range. */
CNN2SNN_API cnn2snn_severity cnn2snn_report_get_severity(const cnn2snn_report *report, size_t index);
/** The status code that the fault alone would give; CNN2SNN_OK for a warning. */
CNN2SNN_API cnn2snn_status cnn2snn_report_get_code(const cnn2snn_report *report, size_t index);
CNN2SNN_API const char *cnn2snn_report_get_rule(const cnn2snn_report *report, size_t index);
CNN2SNN_API const char *cnn2snn_report_get_layer(const cnn2snn_report *report, size_t index);
CNN2SNN_API const char *cnn2snn_report_get_message(const cnn2snn_report *report, size_t index);
/** What to do about it, or "". */
CNN2SNN_API const char *cnn2snn_report_get_remedy(const cnn2snn_report *report, size_t index);
/** Which step of cnn2snn_check_model_compatibility() found it, where several were taken: "quantization", "conversion"
 * or "mapping"; otherwise "". */
CNN2SNN_API const char *cnn2snn_report_get_step(const cnn2snn_report *report, size_t index);
/** The report as text (one line an entry) or, with `json` other than 0, as JSON: {"faults": [...], "warnings":
 * [...]}. */
CNN2SNN_API cnn2snn_status cnn2snn_report_print(const cnn2snn_report *report, int32_t json,
                                                cnn2snn_buffer **out_buffer, cnn2snn_error **error);
/**
 * For callbacks that are handed a report: adds an entry at the end.
 *
 * @param code for CNN2SNN_SEVERITY_ERROR a status other than CNN2SNN_OK; otherwise CNN2SNN_OK.
 * @param rule a stable identifier of the caller's; NULL: none. All texts are copied.
 * @param layer name of the layer, or NULL.
 * @param remedy what to do about it, or NULL.
 */
CNN2SNN_API cnn2snn_status cnn2snn_report_add(cnn2snn_report *report, cnn2snn_severity severity, cnn2snn_status code,
                                              const char *rule, const char *layer, const char *message,
                                              const char *remedy, cnn2snn_error **error);
CNN2SNN_API void cnn2snn_report_destroy(cnn2snn_report *report);

/* ------------------------------------------------------------------------------------------------ buffers */

/** Bytes owned by the library: a file in memory, a text, a JSON document. A NUL stands behind the last byte. */
CNN2SNN_API const void *cnn2snn_buffer_get_data(const cnn2snn_buffer *buffer);
CNN2SNN_API size_t cnn2snn_buffer_get_size(const cnn2snn_buffer *buffer);
CNN2SNN_API void cnn2snn_buffer_destroy(cnn2snn_buffer *buffer);

#ifdef __cplusplus
}
#endif

#endif
