#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Milliseconds an image of the simulator beside ONNX Runtime and TensorFlow Lite, in turns on the same threads.

    peers.py BENCH_SIMULATE DIRECTORY [ROUNDS]

DIRECTORY holds mobilenet.fbz and the same network as mobilenet_int8.onnx, mobilenet_int8.tflite and mobilenet_f32.tflite;
peers that aren't installed are left out. With one thread times are the process's own, so that others who use the
machine count less; with two they are wall-clock time. The best of all rounds is given.
"""
import re
import subprocess
import sys
import time
from pathlib import Path


def simulator(bench, directory, threads):
    text = subprocess.run([bench, directory / "mobilenet.fbz", "1", str(threads), "best"], check=True, text=True,
                          capture_output=True).stdout
    return min(float(ms) for ms in re.findall(r"([\d.]+) ms an image", text))


def onnx_runtime(model, threads):
    import numpy as np
    import onnxruntime
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
    x = np.random.default_rng(0).uniform(0, 1, (1, 3, 224, 224)).astype("float32")
    return lambda: session.run(None, {"x": x})


def tensorflow_lite(model, threads):
    import numpy as np
    try:
        from tflite_runtime.interpreter import Interpreter
    except ImportError:
        import tensorflow
        Interpreter = tensorflow.lite.Interpreter
    interpreter = Interpreter(str(model), num_threads=threads)
    interpreter.allocate_tensors()
    details = interpreter.get_input_details()[0]
    x = np.random.default_rng(0).uniform(0, 255, details["shape"]).astype(details["dtype"])
    interpreter.set_tensor(details["index"], x)
    return interpreter.invoke


def best(run, clock):
    run()
    times = []
    begin = time.monotonic()
    while time.monotonic() - begin < 1:
        start = clock()
        run()
        times.append(1e3 * (clock() - start))
    return min(times)


def main():
    bench, directory = sys.argv[1], Path(sys.argv[2])
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 3
    for threads in 1, 2:
        clock = time.process_time if threads == 1 else time.perf_counter
        runs, results = {}, {}
        for name, make in (("mobilenet_int8.onnx", onnx_runtime), ("mobilenet_int8.tflite", tensorflow_lite),
                           ("mobilenet_f32.tflite", tensorflow_lite)):
            try:
                runs[name] = make(directory / name, threads)
            except ImportError:
                print(name, "left out: not installed")
        for _ in range(rounds):
            taken = {"simulator": simulator(bench, directory, threads)}
            taken.update((name, best(run, clock)) for name, run in runs.items())
            results = {name: min(ms, results.get(name, ms)) for name, ms in taken.items()}
        for name, ms in results.items():
            print("%d thread%s  %-22s %7.2f ms  %5.2f times the simulator's" %
                  (threads, " s"[threads > 1], name, ms, ms / results["simulator"]), flush=True)


if __name__ == "__main__":
    main()
