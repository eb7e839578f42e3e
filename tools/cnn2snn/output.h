/* SPDX-License-Identifier: Apache-2.0 */
/* Texts for machines and for terminals. */
#ifndef OUTPUT_H
#define OUTPUT_H

#include <stdio.h>

#include <cnn2snn/base.h>

/* A string as JSON, quotes included. */
void print_json_string(FILE *file, const char *text);
/* Entries of the report as a JSON list: the faults, or all others. report may be NULL. */
void print_json_faults(FILE *file, const cnn2snn_report *report, int faults);

#endif
