#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What the headers declare, what the symbol map lists and what the shared library exports is the same set.

check_symbols.py SOURCE_ROOT LIBRARY
"""
import pathlib
import re
import subprocess
import sys

root, library = pathlib.Path(sys.argv[1]), sys.argv[2]
faults = []


def without_comments(text):
    return re.sub(r"/\*.*?\*/", "", text, flags=re.S)


headers = "".join(without_comments(p.read_text()) for p in sorted((root / "include" / "cnn2snn").glob("*.h")))
declared = re.findall(r"^CNN2SNN_API\s+[^;(]*?\b(\w+)\s*\(", headers, re.M)
marked = len(re.findall(r"^CNN2SNN_API\b", headers, re.M))
if len(declared) != marked:
    faults.append("%d functions declared, but %d lines begin with CNN2SNN_API" % (len(declared), marked))
unmarked = re.findall(r"^(?!CNN2SNN_API|typedef|#)[\w ]+[ *](cnn2snn_\w+)\(", headers, re.M)
faults += ["%s is declared without CNN2SNN_API" % name for name in unmarked]

text = (root / "lib" / "libcnn2snn.map").read_text()
nodes = re.findall(r"(\w+(?:\.\w+)*)\s*\{(.*?)\}", text, re.S)
listed = [name for _, body in nodes for name in re.findall(r"(\w+);", body)]
if listed != sorted(listed) and len(nodes) == 1:
    faults.append("libcnn2snn.map is not sorted")
if "*" not in "".join(body for _, body in nodes):
    faults.append("libcnn2snn.map keeps nothing local")

output = subprocess.run(["nm", "-D", "--defined-only", library], capture_output=True, text=True, check=True).stdout
exported = {}
for line in output.splitlines():
    kind, name = line.split()[-2:]
    if kind != "A":  # the versions themselves
        exported[name.split("@")[0]] = kind
faults += ["%s is exported as data" % name for name, kind in exported.items() if kind not in "T"]

sets = {"headers": set(declared), "libcnn2snn.map": set(listed), "the library": set(exported)}
for name in sorted(set.union(*sets.values())):
    absent = [where for where, names in sets.items() if name not in names]
    if absent:
        faults.append("%s is missing in %s" % (name, " and ".join(absent)))
for kind, names in (("headers", declared), ("map", listed)):
    faults += ["%s is twice in the %s" % (name, kind) for name in sorted(set(names)) if names.count(name) > 1]

define = lambda name: int(re.search(r"#define CNN2SNN_ABI_%s (\d+)" % name, headers).group(1))
major, minor, patch = define("MAJOR"), define("MINOR"), define("PATCH")
packed = int(re.search(r"#define CNN2SNN_ABI_VERSION (0x[0-9a-fA-F]+)", headers).group(1), 16)
if packed != major << 16 | minor << 8 | patch:
    faults.append("CNN2SNN_ABI_VERSION is %#x, its parts are %d.%d.%d" % (packed, major, minor, patch))
soname = "libcnn2snn.so.%d" % major if major else "libcnn2snn.so.0.%d" % minor
dynamic = subprocess.run(["readelf", "-d", library], capture_output=True, text=True, check=True).stdout
if "[%s]" % soname not in dynamic:
    faults.append("the library's soname is not %s" % soname)
for fault in faults:
    print(fault)
print("%d functions, %d faults" % (len(exported), len(faults)))
sys.exit(1 if faults or not exported else 0)
