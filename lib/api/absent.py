#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the functions that a smaller library lacks: every function that the headers declare and none of the sources
defines answers CNN2SNN_E_UNSUPPORTED, so that programs link against either library.

absent.py OUT.c --headers HEADER... --sources SOURCE...
"""
import pathlib
import re
import sys

PARTS = {"model.h": "Keras models", "quantizer.h": "quantization", "converter.h": "conversion", "transform.h": "transforms",
         "calibrate.h": "calibration"}
OTHERWISE = {"void": "", "float": "return NAN;", "double": "return NAN;"}

FRAME = """/* SPDX-License-Identifier: Apache-2.0 */
/* Made by lib/api/absent.py: what this library is built without. Handles of these types never exist. */
#include <math.h>

#include "base/error.h"
#include "cnn2snn/cnn2snn.h"

static cnn2snn_status absent(cnn2snn_error **error, const char *part)
{
    if (error)
        *error = NULL;
    return c2s_error(NULL, error, CNN2SNN_E_UNSUPPORTED, "A-absent", "built without %s", part);
}
"""


def body(result, parameters, part):
    """The statements of a function that can't do its work."""
    if result == "cnn2snn_status" and re.search(r"cnn2snn_error \*\*error$", parameters):
        outputs = re.findall(r"(?<!const )\bcnn2snn_\w+ \*\*(out_\w+)", parameters)
        clear = "".join("    if (%s)\n        *%s = NULL;\n" % (name, name) for name in outputs)
        return clear + '    return absent(error, "%s");\n' % part
    if result == "cnn2snn_status":
        return "    return CNN2SNN_E_UNSUPPORTED;\n"
    value = OTHERWISE.get(result, "return NULL;" if result.endswith("*") else "return 0;")
    return "    %s\n" % value if value else ""


def main(out, headers, sources):
    defined = set()
    for source in sources:
        defined |= set(re.findall(r"^[\w ]+[ *](cnn2snn_\w+)\(", source.read_text(), re.M))
    text = [FRAME]
    for header in headers:
        plain = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for match in re.finditer(r"^CNN2SNN_API\s+([^;(]*?)(cnn2snn_\w+)\(([^;]*)\);", plain, re.M):
            result, name, parameters = (" ".join(part.split()) for part in match.groups())
            if name not in defined:
                part = PARTS.get(header.name, "this part")
                text.append("%s %s(%s)\n{\n%s}\n" % (result, name, parameters, body(result, parameters, part)))
    out.write_text("\n".join(text))


if __name__ == "__main__":
    split = sys.argv.index("--sources")
    main(pathlib.Path(sys.argv[1]), list(map(pathlib.Path, sys.argv[3:split])), list(map(pathlib.Path, sys.argv[split + 1:])))
