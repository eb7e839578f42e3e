/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model_config: any JSON gives a graph or an error; what was read can be written, and read again with as many inputs
 * and outputs. The first byte chooses settings, so that each is met: bit 0 unknown layers, bits 1-2 the generation.
 */
#include "fuzz_check.h"

#include "base/error.h"
#include "base/json.h"
#include "base/text.h"
#include "formats/keras_config.h"

static void write_and_read(cnn2snn_context *context, const struct c2s_graph *graph)
{
    struct c2s_keras_read_settings settings = {.allow_unknown_layers = true, .keras_generation = 2};
    json_t *written = NULL;
    struct c2s_graph *again = NULL;
    fuzz_require(!c2s_keras_config_write(graph, &written, NULL));
    struct c2s_text text;
    c2s_text_init(&text, context);
    c2s_json_dump(&text, written, false);
    fuzz_require(!text.failed);
    c2s_text_free(&text);
    if (!c2s_keras_config_read(context, written, &settings, &again, NULL)) {
        fuzz_require(again->input_count == graph->input_count && again->output_count == graph->output_count);
        c2s_graph_release(again);
    }
    json_decref(written);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    cnn2snn_context *context = fuzz_context(CNN2SNN_ISOLATION_NONE);
    cnn2snn_error *error = NULL;
    json_t *document = NULL;
    struct c2s_graph *graph = NULL;
    struct c2s_keras_read_settings settings = {.allow_unknown_layers = data[0] & 1,
                                               .keras_generation = data[0] & 4 ? 2 + (data[0] >> 1 & 1) : 0};
    cnn2snn_status status =
        c2s_json_parse(context, (const char *)data + 1, size - 1, "model_config", &document, &error);
    if (!status)
        status = c2s_keras_config_read(context, document, &settings, &graph, &error);
    fuzz_require((status == 0) == (error == NULL));
    if (!status)
        write_and_read(context, graph);
    if (!status)
        fuzz_check_compatibility(graph, data[0] >> 3);
    c2s_error_clear(&error);
    c2s_graph_release(graph);
    json_decref(document);
    c2s_context_release(context);
    return 0;
}
