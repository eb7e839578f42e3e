#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""How long the commands take, start to finish, and what a conversion costs beside copying the file and compressing the result.

  commands.py --cli build/tools/cnn2snn/cnn2snn [--model FLOAT.h5] [--quantized QUANTIZED.h5] [--repeat N]

All figures come from one run on one machine: wall time of whole processes, best and median; peak resident memory of the
process or its reading child, whichever is larger. `cp` is coreutils'; Snappy is the system's libsnappy on the payload
of the .fbz that was written. Needs python3-snappy.
"""
import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import snappy

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("--cli", required=True)
ap.add_argument("--model", help="a large float model that quantizes and converts")
ap.add_argument("--quantized", help="a large model that is quantized already (mobilenet_q.h5 of oracle/make_bench.py)")
ap.add_argument("--repeat", type=int, default=15)
options = ap.parse_args()
data = Path(__file__).resolve().parent.parent / "data" / "mnist"
cli = os.path.abspath(options.cli)


def clock(command, repeat=options.repeat):
    """Best and median wall time in ms, peak memory in MB."""
    times, peak = [], 0
    for _ in range(repeat):
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        message = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        times.append(1e3 * (time.perf_counter() - start))
        peak = max(peak, usage.ru_maxrss / 1024)
        if status:
            sys.exit("%s: %s" % (" ".join(map(str, command)), message.decode()[-300:]))
    return min(times), statistics.median(times), peak


def row(name, figures, more=""):
    print("%-44s %8.1f %8.1f %8.0f  %s" % (name, *figures, more), flush=True)


def main():
    print("%-44s %8s %8s %8s" % ("command", "best ms", "median", "peak MB"))
    with tempfile.TemporaryDirectory() as folder:
        t = Path(folder)
        row("/bin/true (a process that does nothing)", clock(["/bin/true"]))
        quantized, qat = t / "q.h5", data / "mnist_iq8_wq4_aq4_qat.h5"
        images, labels = data / "images_1000.npy", data / "labels_1000.npy"
        flat = data / "mnist_float.h5"
        for name, arguments in (
                ("inspect mnist_float.h5", ["inspect", "-m", flat]),
                ("quantize mnist_float.h5", ["quantize", "-m", flat, "-wq", "4", "-aq", "4", "-iq", "8", "-o", quantized]),
                ("convert mnist_iq8_wq4_aq4.h5", ["convert", "-m", quantized, "-o", t / "m.fbz"]),
                ("convert mnist_iq8_wq4_aq4_qat.h5", ["convert", "-m", qat, "-o", t / "n.fbz"]),
                ("inspect mnist.fbz", ["inspect", "-m", t / "m.fbz"]),
                ("transform syncretize", ["transform", "syncretize", "-m", flat, "-o", t / "s.h5"]),
                ("evaluate mnist_float.h5, 1,000 images", ["evaluate", "-m", flat, "-i", images, "-l", labels]),
                ("evaluate quantized, 1,000 images", ["evaluate", "-m", quantized, "-i", images, "-l", labels])):
            row(name, clock([cli, *map(str, arguments)]))
        if options.model:
            model, quantized = Path(options.model), t / "large_q.h5"
            print("\n%s, %.1f MB" % (model.name, model.stat().st_size / 1e6))
            row("quantize 8/4/4", clock([cli, "quantize", "-m", str(model), "-wq", "4", "-aq", "4", "-iq", "8",
                                         "-o", str(quantized)], 5))
            conversion(t, quantized)
        if options.quantized:
            conversion(t, Path(options.quantized))


def conversion(t, quantized):
    fbz = t / "large.fbz"
    print("\n%s, %.1f MB" % (quantized.name, quantized.stat().st_size / 1e6))
    converting = clock([cli, "convert", "-m", str(quantized), "-o", str(fbz)])
    copying = clock(["cp", str(quantized), str(t / "copy.h5")])
    payload = payload_of(fbz)
    times = []
    for _ in range(options.repeat):
        start = time.perf_counter()
        snappy.compress(payload)
        times.append(1e3 * (time.perf_counter() - start))
    packing = (min(times), statistics.median(times), 0)
    row("convert", converting)
    row("cp of the quantized model", copying)
    row("Snappy of the payload, %.1f MB" % (len(payload) / 1e6), packing)
    print("convert is %.2f times (cp + Snappy), by the medians; peak memory %.2f times the file" % (
        converting[1] / (copying[1] + packing[1]), converting[2] * 1024 * 1024 / quantized.stat().st_size))


def varint(block, at):
    value = shift = 0
    while True:
        value |= (block[at] & 127) << shift
        shift += 7
        at += 1
        if block[at - 1] < 128:
            return value, at


def payload_of(path):
    """The FlatBuffer of an .fbz file: one Snappy block, behind which there may be unused bytes."""
    block = path.read_bytes()
    size, at = varint(block, 0)
    made = 0
    while made < size:
        tag = block[at]
        at += 1
        if tag & 3:
            made += ((tag >> 2 & 7) + 4) if tag & 3 == 1 else (tag >> 2) + 1
            at += (None, 1, 2, 4)[tag & 3]
            continue
        length = tag >> 2
        if length >= 60:
            extra = length - 59
            length = int.from_bytes(block[at:at + extra], "little")
            at += extra
        made += length + 1
        at += length + 1
    return snappy.uncompress(block[:at])


if __name__ == "__main__":
    main()
