/* SPDX-License-Identifier: Apache-2.0 */
/* Decides how the table of rules is run over a model, and how a broken one becomes an entry of the report. */
#include "plan/rule.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void c2s_found_set(struct c2s_found *found, size_t index, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(found->values[index], sizeof found->values[index], format, arguments);
    va_end(arguments);
}

void c2s_found_shape(struct c2s_found *found, size_t index, const struct c2s_shape *shape)
{
    c2s_shape_text(shape, found->values[index], sizeof found->values[index]);
}

const struct c2s_rule *c2s_rule_find(const char *id)
{
    for (size_t i = 0; i < c2s_rule_count; i++)
        if (!strcmp(c2s_rules[i].id, id))
            return &c2s_rules[i];
    return NULL;
}

void c2s_found_fill(const char *message, const struct c2s_found *found, char *text, size_t size)
{
    size_t used = 0;
    for (const char *p = message; *p && used + 1 < size; p++) {
        if (p[0] == '{' && p[1] >= '1' && p[1] <= '3' && p[2] == '}') {
            int written = snprintf(text + used, size - used, "%s", found->values[p[1] - '1']);
            used += (size_t)written < size - used ? (size_t)written : size - used - 1;
            p += 2;
        } else {
            text[used++] = *p;
        }
    }
    text[used] = '\0';
}

static const char *layer_name(const struct c2s_rule *rule, const struct c2s_view *view, size_t index)
{
    switch (rule->scope) {
    case C2S_SCOPE_LAYER:
        return view->graph->layers[index]->name;
    case C2S_SCOPE_INVERT:
    case C2S_SCOPE_FOLD:
    case C2S_SCOPE_ORDER:
    case C2S_SCOPE_BLOCK:
        return view->chain->links[index].layer->name;
    default:
        return NULL;
    }
}

static bool is_known(const struct c2s_view *view, const struct c2s_rule *rule, const char *layer)
{
    return view->known_rule && !strcmp(view->known_rule, rule->id) && !strcmp(view->known_layer, layer ? layer : "");
}

static cnn2snn_status ask(const struct c2s_rule *rule, bool ahead, const struct c2s_view *view, size_t index,
                          cnn2snn_report *report, cnn2snn_error **error)
{
    struct c2s_found found = {.layer = layer_name(rule, view, index)};
    if (!rule->broken(view, index, &found) || is_known(view, rule, found.layer))
        return CNN2SNN_OK;
    char text[1024];
    c2s_found_fill(rule->message, &found, text, sizeof text);
    cnn2snn_severity severity = ahead ? CNN2SNN_SEVERITY_WARNING : rule->severity;
    return c2s_report_add(report, severity, ahead ? CNN2SNN_OK : rule->code, rule->id, found.layer, rule->remedy,
                          error, "%s", text);
}

static size_t subjects(enum c2s_rule_scope scope, const struct c2s_view *view)
{
    switch (scope) {
    case C2S_SCOPE_SETTINGS:
    case C2S_SCOPE_GRAPH:
    case C2S_SCOPE_CHAIN:
        return 1;
    case C2S_SCOPE_LAYER:
        return view->graph->layer_count;
    default:
        return view->chain->count;
    }
}

cnn2snn_status c2s_rules_run(enum c2s_rule_scope scope, unsigned sets, const struct c2s_view *view,
                             cnn2snn_report *report, cnn2snn_error **error)
{
    size_t first = 0, count = subjects(scope, view);
    while (first < c2s_rule_count && c2s_rules[first].scope != scope)
        first++;
    bool row = scope <= C2S_SCOPE_LAYER || view->chain->linear;
    for (size_t i = 0; i < count; i++)
        for (const struct c2s_rule *rule = &c2s_rules[first]; rule < c2s_rules + c2s_rule_count; rule++) {
            if (rule->scope != scope)
                break;
            if (rule->sets & sets && (row || rule->alone)) {
                bool ahead = !(rule->sets & sets & ~(unsigned)C2S_RULES_AHEAD);
                cnn2snn_status status = ask(rule, ahead, view, i, report, error);
                if (status)
                    return status;
            }
        }
    return CNN2SNN_OK;
}
