#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seconds of bias_correction and adaround on the MNIST model and 256 samples, here and in the Python toolkit (imports and
loading not counted), and how many times faster it is here.

  bench_calibrate.py GOLDEN/mnist [--reference PYTHON] [--rounds N]

Here by LIBCNN2SNN; --reference: a Python that has cnn2snn, which is run in turns with the library, case by case, so that
what else the machine does slows both. The best of the rounds counts; the toolkit makes a first, uncounted one of each.
First come seconds by the clock, then seconds of processors, which a busy machine changes less.
"""
import argparse
import json
import subprocess
import sys
import time
from pathlib import Path

ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
ap.add_argument("folder")
ap.add_argument("--reference")
ap.add_argument("--rounds", type=int, default=3)
ap.add_argument("--serve", action="store_true", help=argparse.SUPPRESS)
options = ap.parse_args()

import numpy as np  # noqa: E402

MODEL = Path(options.folder, "mnist_iq8_wq4_aq4_ptq.h5")
SAMPLES = np.load(Path(options.folder, "calibration_256.npy")).astype("float32")
CASES = [("bias_correction", {}), ("bias_correction, batches of 32", {"batch_size": 32}),
         ("adaround, 10 epochs", {"epochs": 10}), ("adaround, 50 epochs", {"epochs": 50}),
         ("adaround, 10 epochs, batches of 32", {"epochs": 10, "batch_size": 32}),
         ("adaround, 10 epochs, with activation", {"epochs": 10, "include_activation": True}),
         ("adaround, 10 epochs, batches of 32, with activation", {"epochs": 10, "batch_size": 32, "include_activation": True}),
         ("adaround, 10 epochs, SGD", {"epochs": 10, "optimizer": "sgd"}),
         ("adaround, 10 epochs, mean absolute error", {"epochs": 10, "loss": "mae"})]


def seconds(function):
    """By the clock, and of all processors."""
    start = time.perf_counter(), time.process_time()
    function()
    return time.perf_counter() - start[0], time.process_time() - start[1]


def serve():
    """Answers each number of a case on standard input by the seconds that the toolkit takes."""
    import contextlib
    import io
    import os
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import cnn2snn
    from cnn2snn.calibration import adaround, bias_correction
    import tf_keras
    model = cnn2snn.load_quantized_model(str(MODEL))

    def run(number):
        name, arguments = CASES[number][0], dict(CASES[number][1])
        if name.startswith("bias"):
            return bias_correction(model, SAMPLES, **arguments)
        sgd = arguments.pop("optimizer", None) == "sgd"
        loss = tf_keras.losses.MeanAbsoluteError() if arguments.pop("loss", None) else tf_keras.losses.MeanSquaredError()
        return adaround(model, SAMPLES, optimizer=tf_keras.optimizers.SGD(0.01) if sgd else tf_keras.optimizers.Adam(0.01),
                        loss=loss, **arguments)
    print("ready", flush=True)
    for line in sys.stdin:
        with contextlib.redirect_stdout(io.StringIO()):
            took = seconds(lambda: run(int(line)))
        print(json.dumps(took), flush=True)


class Reference:
    def __init__(self, python):
        self.process = subprocess.Popen([python, __file__, options.folder, "--serve"], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        while self.process.stdout.readline().strip() not in ("ready", ""):
            pass

    def seconds(self, number):
        print(number, file=self.process.stdin, flush=True)
        return json.loads(self.process.stdout.readline())


def here(c2s, model, number):
    name, arguments = CASES[number][0], dict(CASES[number][1])
    if name.startswith("bias"):
        return lambda: model.bias_correction(SAMPLES, **arguments)
    if "optimizer" in arguments:
        arguments["optimizer"] = c2s.Optimizer(arguments["optimizer"], 0.01)
    if "loss" in arguments:
        arguments["loss"] = c2s.Loss(arguments["loss"])
    return lambda: model.adaround(SAMPLES, **arguments)


def main():
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "bindings" / "python"))
    import libcnn2snn as c2s
    models = [c2s.Context(threads=threads).load(MODEL) for threads in (1, 2)]
    reference = Reference(options.reference) if options.reference else None
    print("%-52s %23s %23s %23s   %s" % ("", "1 thread", "2 threads", "toolkit", "times faster: 1 thread, 2; processors"))
    for number, (name, _) in enumerate(CASES):
        rounds = [[], [], []]
        if reference:
            reference.seconds(number)
        for _ in range(options.rounds):
            for i, model in enumerate(models):
                rounds[i].append(seconds(here(c2s, model, number)))
            if reference:
                rounds[2].append(reference.seconds(number))
        best = [tuple(min(times) for times in zip(*r)) for r in rounds if r]
        line = "%-52s" % name + "".join("   %8.3f s (%6.3f s)" % times for times in best)
        if reference:
            line += "   %5.1f %5.1f %5.1f" % (best[2][0] / best[0][0], best[2][0] / best[1][0], best[2][1] / best[0][1])
        print(line, flush=True)


serve() if options.serve else main()
