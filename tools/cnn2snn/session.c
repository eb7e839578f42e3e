/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how the commands speak to the user, and with what settings they use the library. */
#define _GNU_SOURCE /* sched_getaffinity */
#include "session.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "output_file.h"
#include "paths.h"

static void print_log(void *user_data, cnn2snn_log_level level, const char *text, size_t text_size)
{
    struct session *session = user_data;
    (void)text_size;
    if (session->arguments.quiet)
        return;
    progress_hide(&session->progress);
    fprintf(stderr, "cnn2snn: %s: %s\n", level == CNN2SNN_LOG_ERROR ? "error" : "warning", text);
}

/* Processors that this process may use. */
static int32_t count_processors(void)
{
    cpu_set_t processors;
    if (sched_getaffinity(0, sizeof processors, &processors))
        return 1;
    int count = CPU_COUNT(&processors);
    return count < 1 ? 1 : count > 64 ? 64 : count;
}

int session_open(struct session *session)
{
    cnn2snn_context_options options = CNN2SNN_CONTEXT_OPTIONS_INIT;
    cnn2snn_error *error = NULL;
    progress_start(&session->progress, !session->arguments.quiet);
    options.log = print_log;
    options.log_user_data = session;
    options.progress = progress_show;
    options.progress_user_data = &session->progress;
    options.hdf5_isolation = CNN2SNN_ISOLATION_PROCESS;
    options.threads = session->arguments.threads.given ? session->arguments.threads.value : count_processors();
    if (cnn2snn_context_create(CNN2SNN_ABI_VERSION, &options, &session->context, &error))
        return session_fail(session, error);
    return STATUS_DONE;
}

void session_close(struct session *session)
{
    progress_hide(&session->progress);
    cnn2snn_context_destroy(session->context);
    session->context = NULL;
    free_arguments(&session->arguments);
}

/* ------------------------------------------------------------------------------------------------ errors */

static void print_fault(const cnn2snn_report *report, size_t index)
{
    const char *layer = cnn2snn_report_get_layer(report, index), *rule = cnn2snn_report_get_rule(report, index);
    const char *remedy = cnn2snn_report_get_remedy(report, index);
    int fault = cnn2snn_report_get_severity(report, index) == CNN2SNN_SEVERITY_ERROR;
    fprintf(stderr, "cnn2snn: %s: %s%s%s", fault ? "error" : "warning", layer, *layer ? ": " : "",
            cnn2snn_report_get_message(report, index));
    if (*rule)
        fprintf(stderr, " [%s]", rule);
    fprintf(stderr, "\n");
    if (*remedy)
        fprintf(stderr, "    remedy: %s\n", remedy);
}

static void print_json_error(cnn2snn_status code, const char *file, const char *layer, const char *rule,
                             const char *message, const cnn2snn_report *report)
{
    const char *const members[][2] = {{"status", cnn2snn_status_name(code)},
                                      {"file", file},
                                      {"layer", layer},
                                      {"rule", rule},
                                      {"message", message}};
    printf("{\n");
    for (size_t i = 0; i < sizeof members / sizeof *members; i++) {
        printf("  \"%s\": ", members[i][0]);
        print_json_string(stdout, members[i][1]);
        printf(",\n");
    }
    printf("  \"faults\": ");
    if (report) {
        print_json_faults(stdout, report, 1);
    } else {
        for (size_t i = 2; i < sizeof members / sizeof *members; i++) {
            printf("%s\"%s\": ", i > 2 ? ", " : "[{", members[i][0]);
            print_json_string(stdout, members[i][1]);
        }
        printf(", \"remedy\": \"\"}]");
    }
    printf(",\n  \"warnings\": ");
    print_json_faults(stdout, report, 0);
    printf("\n}\n");
}

int session_fail(struct session *session, cnn2snn_error *error)
{
    const cnn2snn_report *report = cnn2snn_error_get_report(error);
    size_t count = cnn2snn_report_get_count(report);
    progress_hide(&session->progress);
    for (size_t i = 0; i < count; i++)
        print_fault(report, i);
    if (!count)
        fprintf(stderr, "cnn2snn: error: %s\n", cnn2snn_error_get_text(error));
    if (session->arguments.json)
        print_json_error(cnn2snn_error_get_code(error), cnn2snn_error_get_file(error), cnn2snn_error_get_layer(error),
                         cnn2snn_error_get_rule(error), cnn2snn_error_get_message(error), report);
    cnn2snn_error_destroy(error);
    return STATUS_CANNOT;
}

int session_fail_text(struct session *session, const char *file, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    progress_hide(&session->progress);
    fprintf(stderr, "cnn2snn: error: %s%s%s\n", file ? file : "", file ? ": " : "", message);
    if (session->arguments.json)
        print_json_error(CNN2SNN_E_VALUE, file ? file : "", "", "", message, NULL);
    return STATUS_CANNOT;
}

void session_say(struct session *session, const char *format, ...)
{
    if (session->arguments.quiet || session->arguments.json)
        return;
    va_list arguments;
    va_start(arguments, format);
    progress_hide(&session->progress);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
}

/* ------------------------------------------------------------------------------------------------ models */

cnn2snn_model *session_load_model(struct session *session, int allow_unknown_layers)
{
    cnn2snn_load_options options = CNN2SNN_LOAD_OPTIONS_INIT;
    cnn2snn_model *model = NULL;
    cnn2snn_error *error = NULL;
    options.allow_unknown_layers = allow_unknown_layers;
    if (cnn2snn_model_load(session->context, session->arguments.model, &options, &model, &error))
        session_fail(session, error);
    return model;
}

int session_save_model(struct session *session, cnn2snn_model *model, const char *path, const char *what)
{
    cnn2snn_error *error = NULL;
    int result = session->arguments.output ? STATUS_DONE : check_output_path(session, path);
    if (!result && cnn2snn_model_save(model, path, &error))
        result = session_fail(session, error);
    cnn2snn_model_destroy(model);
    if (result)
        return result;
    session_say(session, "%s saved in %s", what, path);
    session_print_done(session, path, NULL);
    return STATUS_DONE;
}

void session_print_done(struct session *session, const char *path, const cnn2snn_report *report)
{
    if (!session->arguments.json)
        return;
    printf("{\n  \"output\": ");
    print_json_string(stdout, path);
    printf(",\n  \"warnings\": ");
    print_json_faults(stdout, report, 0);
    printf("\n}\n");
}

int is_akida_file(const char *path)
{
    static const char hdf5_signature[8] = {'\x89', 'H', 'D', 'F', '\r', '\n', '\x1a', '\n'};
    char start[8] = {0};
    if (has_suffix(path, ".fbz"))
        return 1;
    if (has_suffix(path, ".h5") || has_suffix(path, ".hdf5") || has_suffix(path, ".keras"))
        return 0;
    FILE *file = fopen(path, "rb");
    if (!file)
        return 0;
    size_t count = fread(start, 1, sizeof start, file);
    fclose(file);
    return count && memcmp(start, hdf5_signature, sizeof start) != 0;
}
