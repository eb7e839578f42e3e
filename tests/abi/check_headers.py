#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every public header compiles alone, and twice, as C99 and as C++11, without a warning and without implicit padding.

check_headers.py SOURCE_ROOT CC CXX
"""
import pathlib
import re
import shlex
import subprocess
import sys

root, cc, cxx = pathlib.Path(sys.argv[1]), shlex.split(sys.argv[2]), shlex.split(sys.argv[3])
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-pedantic-errors", "-Wpadded", "-Wundef", "-Wshadow", "-Werror"]
MODES = {
    "C99": cc + ["-x", "c", "-std=c99", "-Wstrict-prototypes", "-Wc++-compat"] + WARNINGS,
    "C11": cc + ["-x", "c", "-std=c11"] + WARNINGS,
    "C++11": cxx + ["-x", "c++", "-std=c++11", "-Wold-style-cast"] + WARNINGS,
}
ALLOWED = {"stddef.h", "stdint.h"}
FOREIGN = r"\b(long|ssize_t|off_t|bool|_Bool|FILE|va_list|time_t|wchar_t)\b"
headers = sorted((root / "include" / "cnn2snn").glob("*.h"))
faults = []


def without_comments(text):
    return re.sub(r"/\*.*?\*/", lambda m: re.sub(r"[^\n]", " ", m.group()), text, flags=re.S)


for header in headers:
    text = without_comments(header.read_text())
    for included in re.findall(r"#\s*include\s*<([^>]+)>", text):
        if included not in ALLOWED:
            faults.append("%s includes <%s>" % (header.name, included))
    for number, line in enumerate(text.splitlines(), 1):
        for word in re.findall(FOREIGN, line):
            faults.append("%s:%d: type %s is awkward for bindings" % (header.name, number, word))
    if not re.search(r'extern "C"', text) and "(" in re.sub(r"^\s*#.*(\\\n.*)*", "", text, flags=re.M):
        faults.append("%s: no extern \"C\"" % header.name)
    source = '#include <cnn2snn/%s>\n#include <cnn2snn/%s>\nint main(void) { return 0; }\n' % (header.name, header.name)
    for mode, command in MODES.items():
        result = subprocess.run(command + ["-fsyntax-only", "-I", str(root / "include"), "-"], input=source,
                                capture_output=True, text=True)
        if result.returncode or result.stderr:
            faults.append("%s as %s:\n%s" % (header.name, mode, result.stderr))
for fault in faults:
    print(fault)
print("%d headers, %d faults" % (len(headers), len(faults)))
sys.exit(1 if faults or not headers else 0)
