#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Seconds of bias_correction and adaround on the MNIST model and 256 samples, here and in the Python toolkit (imports not counted).

  bench_calibrate.py GOLDEN/mnist [--reference]     here by LIBCNN2SNN; --reference: in a Python that has cnn2snn
"""
import os
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "bindings" / "python"))
import numpy as np  # noqa: E402

folder = Path(sys.argv[1])
model_path, samples = folder / "mnist_iq8_wq4_aq4_ptq.h5", np.load(folder / "calibration_256.npy").astype("float32")
CASES = [("bias_correction", {}), ("bias_correction, batches of 32", {"batch_size": 32}),
         ("adaround, 10 epochs", {"epochs": 10}), ("adaround, 50 epochs", {"epochs": 50}),
         ("adaround, 10 epochs, batches of 32", {"epochs": 10, "batch_size": 32}),
         ("adaround, 10 epochs, with activation", {"epochs": 10, "include_activation": True})]


def measure(name, function):
    start = time.perf_counter()
    function()
    print("%-40s %8.3f s" % (name, time.perf_counter() - start), flush=True)


if "--reference" in sys.argv:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import cnn2snn
    from cnn2snn.calibration import adaround, bias_correction
    import tf_keras
    model = cnn2snn.load_quantized_model(str(model_path))
    for case, arguments in CASES:
        if case.startswith("bias"):
            measure(case, lambda a=arguments: bias_correction(model, samples, **a))
        else:
            measure(case, lambda a=arguments: adaround(model, samples, optimizer=tf_keras.optimizers.Adam(0.01), **a))
else:
    import libcnn2snn as c2s
    for threads in (1, 2):
        model = c2s.Context(threads=threads).load(model_path)
        for case, arguments in CASES:
            method = model.bias_correction if case.startswith("bias") else model.adaround
            measure("%s, %d threads" % (case, threads), lambda m=method, a=arguments: m(samples, **a))
