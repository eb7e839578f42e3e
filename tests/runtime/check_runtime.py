#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""-Druntime_only=true gives a library of the same name and symbols, without HDF5 and jansson, which runs .fbz files as the whole
one does and says of all else that it is built without it.

check_runtime.py SOURCE_ROOT LIBRARY CLI
"""
import ctypes
import json
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

root, library, cli = pathlib.Path(sys.argv[1]), sys.argv[2], sys.argv[3]
mnist = root / "tests/data/mnist"
HANDLE = ctypes.c_void_p


# meson names the whole library's folder there: the small one's programs must find their own.
surroundings = {name: value for name, value in os.environ.items() if name != "LD_LIBRARY_PATH"}


def run(*command, status=0, **more):
    more.setdefault("env", surroundings)
    result = subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    if result.returncode != status:
        sys.exit("status %d of: %s\n%s" % (result.returncode, " ".join(map(str, command)), result.stdout[-3000:]))
    return result.stdout


def symbols(path):
    lines = run("nm", "-D", "--defined-only", path).splitlines()
    return sorted(name for kind, name in (line.split()[-2:] for line in lines) if kind != "A")


def dynamic(path, tag):
    return re.findall(r"\(%s\).*\[(.*)\]" % tag, run("readelf", "-d", path))


def check_library(small):
    """Name and symbols are those of the whole library; what it needs is less."""
    assert symbols(small) == symbols(library), set(symbols(small)) ^ set(symbols(library))
    assert dynamic(small, "SONAME") == dynamic(library, "SONAME")
    needed = " ".join(dynamic(small, "NEEDED"))
    assert not re.search("hdf5|jansson", needed), needed
    print("same name, same %d symbols, needs %s" % (len(symbols(small)), needed))


def check_absent(small):
    """From outside: an answer with an error object, nothing made."""
    lib = ctypes.CDLL(str(small))
    lib.cnn2snn_error_get_text.restype = ctypes.c_char_p
    version = int(re.search(r"CNN2SNN_ABI_VERSION (0x\w+)", (root / "include/cnn2snn/version.h").read_text()).group(1), 16)
    context, error = HANDLE(), HANDLE()
    assert lib.cnn2snn_context_create(version, None, ctypes.byref(context), ctypes.byref(error)) == 0
    for name, arguments, part in (("model_load", (context, b"x.h5", None), "Keras models"),
                                  ("model_quantize", (None, None), "quantization"),
                                  ("convert", (None, None), "conversion"),
                                  ("model_syncretize", (None,), "transforms")):
        out = [HANDLE(1) for _ in range(2 if name == "convert" else 1)]
        f = getattr(lib, "cnn2snn_" + name)
        assert f(*arguments, *map(ctypes.byref, out), ctypes.byref(error)) == -5, name
        text = lib.cnn2snn_error_get_text(error).decode()
        assert "built without " + part in text, text
        assert not any(o.value for o in out), name
        lib.cnn2snn_error_destroy(error)
    assert lib.cnn2snn_model_get_layer_count(None) == 0
    lib.cnn2snn_model_destroy(None)
    lib.cnn2snn_context_destroy(context)


def check_running(build, work):
    """The same integers of both programs, and of the whole program on the small library."""
    run(cli, "convert", "-m", mnist / "mnist_iq8_wq4_aq4_qat.h5", "-o", work / "m.fbz")
    ours = build / "tools/cnn2snn/cnn2snn"
    other = {**os.environ, "LD_LIBRARY_PATH": str(build / "lib")}
    images = ("-i", mnist / "images_1000.npy", "-o")
    run(cli, "run", "-m", work / "m.fbz", *images, work / "whole.npy")
    run(ours, "run", "-m", work / "m.fbz", *images, work / "small.npy")
    run(ours, "run", "-m", work / "m.fbz", *images, work / "other.npy", env=other)
    whole = (work / "whole.npy").read_bytes()
    assert len(whole) > 40000 and whole == (work / "small.npy").read_bytes() == (work / "other.npy").read_bytes()
    accuracy = json.loads(run(ours, "evaluate", "-m", work / "m.fbz", "-i", mnist / "images_1000.npy", "-l",
                              mnist / "labels_1000.npy", "--json"))
    assert accuracy["top1"] > .9, accuracy
    run(ours, "diff", work / "m.fbz", work / "m.fbz")
    model = shutil.copy(mnist / "mnist_float.h5", work)
    for command in (("quantize",), ("convert",), ("check",), ("inspect",), ("run", *images, work / "none.npy")):
        said = run(ours, command[0], "-m", model, *command[1:], status=1)
        assert "built without Keras models" in said, said
    assert not (work / "none.npy").exists()


with tempfile.TemporaryDirectory() as folder:
    work = pathlib.Path(folder)
    build = work / "build"
    run("meson", "setup", build, root, "-Druntime_only=true", "-Dtests=false", "-Ddocs=disabled")
    run("ninja", "-C", build)
    small = build / "lib/libcnn2snn.so"
    check_library(small)
    check_absent(small)
    check_running(build, work)
print("runs .fbz files as the whole library does")
