/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how results are written as JSON. */
#include "output.h"

void print_json_string(FILE *file, const char *text)
{
    fputc('"', file);
    for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
        if (*c == '"' || *c == '\\')
            fprintf(file, "\\%c", *c);
        else if (*c < 32)
            fprintf(file, "\\u%04x", *c);
        else
            fputc(*c, file);
    }
    fputc('"', file);
}

static void print_entry(FILE *file, const cnn2snn_report *report, size_t index)
{
    const char *const members[][2] = {
        {"rule", cnn2snn_report_get_rule(report, index)},
        {"layer", cnn2snn_report_get_layer(report, index)},
        {"message", cnn2snn_report_get_message(report, index)},
        {"remedy", cnn2snn_report_get_remedy(report, index)},
        {"step", cnn2snn_report_get_step(report, index)}, /* only where there are steps */
    };
    size_t count = sizeof members / sizeof *members - !*members[4][1];
    for (size_t i = 0; i < count; i++) {
        fprintf(file, "%s\"%s\": ", i ? ", " : "{", members[i][0]);
        print_json_string(file, members[i][1]);
    }
    fputc('}', file);
}

void print_json_faults(FILE *file, const cnn2snn_report *report, int faults)
{
    int printed = 0;
    fputc('[', file);
    for (size_t i = 0; i < cnn2snn_report_get_count(report); i++) {
        if ((cnn2snn_report_get_severity(report, i) == CNN2SNN_SEVERITY_ERROR) != faults)
            continue;
        fputs(printed++ ? ",\n    " : "\n    ", file);
        print_entry(file, report, i);
    }
    fputs(printed ? "\n  ]" : "]", file);
}
