#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The table of docs/api-map.md and the tests agree: each row of the checklist stands there once, each test that it names
exists, is run and carries the row's number, and no test carries the number of a row that isn't.

check_rows.py SOURCE_ROOT
"""
import collections
import pathlib
import re
import sys

ROWS = ["L-%03d" % number for number in range(1, 144)]
REASONS = {"Python itself", "later: SavedModel", "later: training", "open"}
root = pathlib.Path(sys.argv[1])
faults = []


def tests_of(path):
    """Names of the tests that a file runs: those of Check are added to a case, those of Python are methods."""
    text = path.read_text()
    if path.suffix == ".py":
        return set(re.findall(r"^    def (test_\w+)\(self", text, re.M))
    run = set(re.findall(r"\btcase_add\w*_test\(\w+, (\w+)", text))
    for listed in re.findall(r"\bRUN\(([^;]*)\);", text):  # that of layer_fixture.h
        run |= set(re.findall(r"\w+", listed))
    return set(re.findall(r"^START_TEST\((\w+)\)", text, re.M)) & run


def rows_of(test):
    return ["L-" + number for number in re.findall(r"(?<![a-z0-9])l(\d{3})(?=_|$)", test)]


tests = {path.relative_to(root).as_posix(): tests_of(path)
         for pattern in ("test_*.c", "test_*.py") for path in (root / "tests").rglob(pattern)}
for path, names in tests.items():
    faults += ["%s: %s: no row %s" % (path, name, row) for name in names for row in rows_of(name) if row not in ROWS]

table = re.findall(r"^\| (L-\S+) \| (.+) \| (.+) \|$", (root / "docs" / "api-map.md").read_text(), re.M)
counts = collections.Counter(row for row, _, _ in table)
faults += ["%s stands in the table %d times" % (row, counts[row]) for row in ROWS if counts[row] != 1]
faults += ["the table has a row %s" % row for row in counts if row not in ROWS]
for row, _, where in table:
    named = re.findall(r"`([\w./]+)::(\w+)`", where)
    if where not in REASONS and not (named and re.sub(r"`[\w./]+::\w+`", "", where).strip(", ") == ""):
        faults.append("%s: neither tests nor a reason: %s" % (row, where))
    for path, test in named:
        if test not in tests.get("tests/" + path, ()):
            faults.append("%s: no test %s in tests/%s" % (row, test, path))
        elif row not in rows_of(test):
            faults.append("%s: %s doesn't carry its number" % (row, test))

for fault in sorted(faults):
    print(fault)
still_open = sum(where == "open" for _, _, where in table)
print("%d rows, %d open, %d faults" % (len(table), still_open, len(faults)))
sys.exit(1 if faults else 0)
