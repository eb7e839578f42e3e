#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The installed tree, found by pkg-config alone, is enough to compile and run somebody else's program: as C99, as C++11,
against the shared and the static library. The program of README.md compiles as well.

check_install.py SOURCE_ROOT BUILD_ROOT CC CXX [--flags "-fsanitize=..."]
"""
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

root, build = pathlib.Path(sys.argv[1]), sys.argv[2]
cc, cxx = shlex.split(sys.argv[3]), shlex.split(sys.argv[4])
flags = shlex.split(sys.argv[6]) if len(sys.argv) > 6 else []
WARNINGS = ["-Wall", "-Wextra", "-pedantic", "-Werror"]
here = pathlib.Path(__file__).resolve().parent


def run(command, **more):
    result = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if result.returncode:
        sys.exit("failed: %s\n%s" % (shlex.join(map(str, command)), result.stdout))
    return result.stdout


def readme_program():
    blocks = re.findall(r"```c\n(.*?)```", (root / "README.md").read_text(), re.S)
    return next(block for block in blocks if "int main" in block)


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    stage = work / "stage"
    run(["meson", "install", "-C", build, "--no-rebuild", "--destdir", str(stage)])
    pc = next(stage.rglob("cnn2snn.pc"))
    libdir = next(p for p in stage.rglob("libcnn2snn.so")).parent
    environment = {**os.environ, "PKG_CONFIG_PATH": str(pc.parent), "PKG_CONFIG_SYSROOT_DIR": "",
                   "LD_LIBRARY_PATH": str(libdir)}
    # The tree was staged in another place than its prefix: pkg-config is told so by the variable that it has for it.
    prefix = re.search(r"^prefix=(.*)$", pc.read_text(), re.M).group(1)
    ask = ["pkg-config", "--define-variable=prefix=%s%s" % (stage, prefix)]
    query = lambda *what: shlex.split(run(ask + [*what, "cnn2snn"], env=environment))
    version = run(ask + ["--modversion", "cnn2snn"], env=environment).strip()
    header = (root / "include/cnn2snn/version.h").read_text()
    if '"%s"' % version not in header:
        sys.exit("pkg-config says version %s" % version)
    cflags, libs = query("--cflags"), query("--libs")
    static = query("--static", "--libs")
    languages = {"C99": cc + ["-x", "c", "-std=c99"], "C++11": cxx + ["-x", "c++", "-std=c++11"]}
    for name, compiler in languages.items():
        program = work / name
        run(compiler + WARNINGS + flags + cflags + [str(here / "consumer.c"), "-x", "none", "-o", str(program)] + libs)
        if run([str(program)], env=environment) != "1 -1\n":
            sys.exit("%s: wrong result" % name)
        print(name, "against the shared library")
    archive = libdir / "libcnn2snn.a"
    program = work / "static"
    run(languages["C99"] + flags + cflags + [str(here / "consumer.c"), "-x", "none", "-o", str(program)] +
        [str(archive) if lib == "-lcnn2snn" else lib for lib in static])
    shutil.move(archive, work)
    if run([str(program)], env={**os.environ, "LD_LIBRARY_PATH": ""}) != "1 -1\n":
        sys.exit("static: wrong result")
    print("C99 against the static library")
    for name, compiler in languages.items():
        run(compiler + WARNINGS + flags + cflags + ["-", "-x", "none", "-o", str(work / "readme")] + libs,
            input=readme_program())
        print("the program of README.md as", name)
    tool = next(iter(stage.rglob("bin/cnn2snn")), None)
    if tool:
        print(run([str(tool), "--version"], env=environment).strip())
