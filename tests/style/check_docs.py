#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every cnn2snn_ function that a page names exists in the headers, docs/api-map.md has each public function, and every
link between pages leads somewhere.

check_docs.py SOURCE_ROOT
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
headers = "".join(p.read_text() for p in (root / "include" / "cnn2snn").glob("*.h"))
python_names = {"cnn2snn_objects"}
names = python_names | set(re.findall(r"\bcnn2snn_\w+", headers))
faults = []
for page in [*root.glob("*.md"), *root.glob("docs/**/*.md"), *root.glob("examples/*.md"), root / "lib" / "README.md"]:
    text = page.read_text()
    where = page.relative_to(root)
    for name in set(re.findall(r"\bcnn2snn_\w+", text)):
        if name not in names and not any(n.startswith(name) for n in names):
            faults.append(f"{where}: {name} is in no header")
    for link in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text):
        if not (page.parent / link).exists():
            faults.append(f"{where}: no {link}")
declared = re.findall(r"CNN2SNN_API[^;]*?\b(cnn2snn_\w+)\(", re.sub(r"/\*.*?\*/", "", headers, flags=re.S))
mapped = set(re.findall(r"\bcnn2snn_\w+", (root / "docs" / "api-map.md").read_text()))
faults += [f"docs/api-map.md: {name} isn't there" for name in set(declared) - mapped]
if len(declared) < 200:
    faults.append(f"only {len(declared)} functions found in the headers")
for fault in sorted(faults):
    print(fault)
print(f"{len(names)} names, {len(faults)} faults")
sys.exit(1 if faults else 0)
