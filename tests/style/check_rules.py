#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The tables of docs/simulator-rules.md and the tests agree: each rule names tests that are there and are run.

check_rules.py SOURCE_ROOT
"""
import pathlib
import re
import sys

root = pathlib.Path(sys.argv[1])
faults, rules = [], 0


def tests_of(path):
    if not path.is_file():
        return set()
    text = path.read_text()
    run = set(re.findall(r"\btcase_add\w*_test\(\w+, (\w+)", text))
    return set(re.findall(r"^START_TEST\((\w+)\)", text, re.M)) & run


for line in (root / "docs" / "simulator-rules.md").read_text().splitlines():
    if not line.startswith("| ") or line.startswith("| rule |"):
        continue
    rules += 1
    cells = [cell.strip() for cell in line.strip("|").split("|")]
    named = re.findall(r"`([\w./]+)::(\w+)`", cells[-1])
    if len(cells) != 3 or not re.match(r"[SF] \d", cells[1]):
        faults.append("expected rule, section and tests: " + line)
    elif not named or re.sub(r"`[\w./]+::\w+`", "", cells[2]).strip(", "):
        faults.append("no tests, or more than tests: " + line)
    faults += ["no test %s in tests/%s" % (test, path) for path, test in named if test not in tests_of(root / "tests" / path)]

for fault in faults:
    print(fault)
print("%d rules, %d faults" % (rules, len(faults)))
sys.exit(1 if faults or not rules else 0)
