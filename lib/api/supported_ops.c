/* SPDX-License-Identifier: Apache-2.0 */
/* How the table of block patterns is printed. */
#include "api/edge.h"
#include "base/text.h"
#include "cnn2snn/converter.h"
#include "plan/block_patterns.h"

static const char *version_name(const struct c2s_block_pattern *pattern)
{
    return pattern->version == CNN2SNN_AKIDA_V1 ? "v1" : "v2";
}

static void add_layers(struct c2s_text *text, const struct c2s_block_pattern *pattern, const char *between,
                       const char *quote)
{
    for (size_t i = 0; i < c2s_block_pattern_length(pattern); i++)
        c2s_text_format(text, "%s%s%s%s", i ? between : "", quote,
                        c2s_plain_class_name(c2s_layer_kind_get(pattern->layers[i])), quote);
}

static void add_line(struct c2s_text *text, const struct c2s_block_pattern *pattern)
{
    c2s_text_format(text, "%s  %-25s", version_name(pattern), pattern->akida_layer);
    add_layers(text, pattern, " > ", "");
    c2s_text_add(text, pattern->input_only ? " (input)\n" : "\n");
}

static void add_object(struct c2s_text *text, const struct c2s_block_pattern *pattern, bool first)
{
    c2s_text_format(
        text, "%s\n    {\"akida_version\": \"%s\", \"akida_layer\": \"%s\", \"input_only\": %s, \"layers\": [",
        first ? "" : ",", version_name(pattern), pattern->akida_layer, pattern->input_only ? "true" : "false");
    add_layers(text, pattern, ", ", "\"");
    c2s_text_add(text, "]}");
}

cnn2snn_status cnn2snn_supported_ops(cnn2snn_context *context, cnn2snn_akida_version akida_version, int32_t json,
                                     cnn2snn_buffer **out_buffer, cnn2snn_error **error)
{
    C2S_OUT(error, out_buffer);
    C2S_NEED(error, context);
    if (akida_version < CNN2SNN_AKIDA_DEFAULT || akida_version > CNN2SNN_AKIDA_V2)
        return c2s_error(context, error, CNN2SNN_E_VALUE, "A-range", "akida_version %d is not v1 or v2",
                         (int)akida_version);
    struct c2s_text text;
    bool first = true;
    c2s_text_init(&text, context);
    if (json)
        c2s_text_add(&text, "{\n  \"blocks\": [");
    for (size_t i = 0; i < c2s_block_patterns.count; i++) {
        const struct c2s_block_pattern *pattern = &c2s_block_patterns.rows[i];
        if (akida_version && akida_version != pattern->version)
            continue;
        if (json)
            add_object(&text, pattern, first);
        else
            add_line(&text, pattern);
        first = false;
    }
    if (json)
        c2s_text_add(&text, "\n  ]\n}\n");
    C2S_RETURN(context, c2s_text_to_buffer(&text, out_buffer, error), out_buffer, error);
}
