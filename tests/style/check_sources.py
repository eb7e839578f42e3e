#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules that every source file keeps: who includes whom (lib/rooms.txt), licence lines, names, lengths.

check_sources.py SOURCE_ROOT
"""
import os
import pathlib
import re
import sys

MAX_LINES = 800
SUFFIXES = {".c", ".h", ".py", ".sh", ".rs", ".map"}
WITHOUT_LICENCE = {".map"}
STANDARD = set("""assert complex ctype errno fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg
stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar wchar wctype
dirent dlfcn fcntl getopt libgen poll pthread sched spawn strings sys/auxv sys/mman sys/prctl sys/resource sys/select sys/socket sys/stat sys/syscall
sys/time sys/types sys/uio sys/wait termios unistd arm_neon immintrin cpuid""".split())
THIRD_PARTY = [("jansson", r"jansson\.h"), ("zlib", r"zlib\.h"), ("hdf5", r"(hdf5|H5\w*)\.h"), ("snappy", r"snappy-c\.h"),
               ("zip", r"zip\.h"), ("protobuf-c", r"protobuf-c/.*"), ("dnnl", r"(oneapi/dnnl/)?dnnl\w*\.h")]

root = pathlib.Path(sys.argv[1]).resolve()
faults = []


def fault(path, line, text):
    faults.append("%s:%d: %s" % (path.relative_to(root), line, text))


def files():
    """All source files; folders that Meson or git made, and hidden ones but .ci, are left out."""
    for folder, folders, names in os.walk(root):
        if "meson-private" in folders:
            folders.clear()
            continue
        folders[:] = sorted(f for f in folders if (not f.startswith(".") or f == ".ci") and f not in ("target", "subprojects"))
        for name in sorted(names):
            path = pathlib.Path(folder) / name
            if path.suffix in SUFFIXES or (path.parent.name == ".ci" and os.access(path, os.X_OK)):
                yield path


def read_rooms():
    rooms = {}
    for line in (root / "lib" / "rooms.txt").read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            room, *rest = re.split(r"\s{2,}", line.strip())
            may, third = (set(column.replace("-", " ").split()) if column == "-" else set(column.split()) for column in rest)
            rooms[room] = may, third
    return rooms


def third_party(header):
    return next((name for name, pattern in THIRD_PARTY if re.fullmatch(pattern, header)), None)


def check_include(rooms, room, path, number, quote, header):
    may, third = rooms[room]
    if quote == "<":
        library = third_party(header)
        if library and library not in third:
            fault(path, number, "room %s may not include <%s> of %s" % (room, header, library))
        elif not library and header.removesuffix(".h") not in STANDARD:
            fault(path, number, "<%s> is neither standard nor a known third party's" % header)
    elif "/" not in header:
        fault(path, number, 'own headers are included as "room/name.h", not "%s"' % header)
    else:
        other = header.split("/")[0]
        if other not in {room, "base", "cnn2snn"} | may and not ("*" in may and other in rooms):
            fault(path, number, "room %s may not include %s" % (room, header))
        if not (root / ("include" if other == "cnn2snn" else "lib") / header).exists():
            fault(path, number, "there is no %s" % header)


DEFINITION = re.compile(r"^(?!(?:TARGET )?static\b|typedef\b|extern\b|struct \w+ \{|#|enum\b[^(]*\{)(?:[\w*]+[\s*]+)+?\**(\w+)\(", re.M)


def check_definitions(room, path, text):
    """A function that is seen outside of its file: cnn2snn_ in api and base, c2s_ everywhere."""
    for match in DEFINITION.finditer(text):
        end = text.find("\n{", match.start()), text.find(";", match.start())
        if end[0] < 0 or 0 <= end[1] < end[0]:
            continue  # a declaration
        name, number = match.group(1), text.count("\n", 0, match.start()) + 1
        if name.startswith("cnn2snn_") and room not in ("api", "base"):
            fault(path, number, "%s: only api and base define cnn2snn_ functions" % name)
        elif not name.startswith(("cnn2snn_", "c2s_")):
            fault(path, number, "%s: shared functions are named c2s_, others are static" % name)


def check_public_only(path, text):
    """Programs outside of the library use its public headers."""
    for number, line in enumerate(text.splitlines(), 1):
        match = re.match(r'#\s*include\s*[<"]([^">]+)', line)
        if match and re.match(r"(%s)/" % "|".join(ROOMS), match.group(1)):
            fault(path, number, "only public headers here, not %s" % match.group(1))


ROOMS = read_rooms()
names = {}
count = 0
for path in files():
    count += 1
    text = path.read_text(errors="replace")
    lines = text.splitlines()
    place = path.relative_to(root).parts
    if path.suffix not in WITHOUT_LICENCE and not any("SPDX-License-Identifier: Apache-2.0" in line for line in lines[:2]):
        fault(path, 1, "no SPDX line")
    if path.suffix in (".c", ".h") and len(lines) > MAX_LINES:
        fault(path, len(lines), "%d lines, at most %d" % (len(lines), MAX_LINES))
    for number, line in enumerate(lines, 1):
        if line.rstrip("\n") != line.rstrip() or "\t" in line and path.suffix != ".map":
            fault(path, number, "a tab, or white space at the end of the line")
            break
    if place[0] == "lib" and path.suffix in (".c", ".h"):
        room = place[1]
        if room != "api":  # whose files are named after the public headers
            if path.name in names:
                fault(path, 1, "%s has the same name" % names[path.name].relative_to(root))
            names[path.name] = path
        if room not in ROOMS:
            fault(path, 1, "room %s is not in lib/rooms.txt" % room)
            continue
        for number, line in enumerate(lines, 1):
            match = re.match(r'#\s*include\s*([<"])([^">]+)', line)
            if match:
                check_include(ROOMS, room, path, number, *match.groups())
        if path.suffix == ".c":
            check_definitions(room, path, text)
    elif path.suffix in (".c", ".h") and (place[0] in ("tools", "examples", "bindings") or place[:2] in
                                          (("tests", "ffi"), ("tests", "install"))):
        check_public_only(path, text)
for line in faults:
    print(line)
print("%d files, %d faults" % (count, len(faults)))
sys.exit(1 if faults else 0)
