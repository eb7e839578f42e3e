#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The library from Python, by bindings/python: what is declared there is what the headers say, and the main job works.

  test_ctypes.py LIBRARY SOURCE_ROOT LAYOUT [unittest arguments]      LAYOUT: the program of layout.c
Needs numpy.
"""
import ctypes as C
import gc
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

os.environ["LIBCNN2SNN"], ROOT, LAYOUT = os.path.abspath(sys.argv.pop(1)), Path(sys.argv.pop(1)), sys.argv.pop(1)
sys.path.insert(0, str(ROOT / "bindings" / "python"))
import numpy as np  # noqa: E402

import libcnn2snn as c2s  # noqa: E402

MNIST = ROOT / "tests" / "data" / "mnist"


def prototypes():
    """{function: [argument types], with the result first} of the public headers."""
    out = {}
    for header in (ROOT / "include" / "cnn2snn").glob("*.h"):
        text = re.sub(r"/\*.*?\*/", "", header.read_text(), flags=re.S)
        for result, name, arguments in re.findall(r"CNN2SNN_API\s+([\w\s\*]+?)\s*\b(cnn2snn_\w+)\(([^;]*)\);", text):
            arguments = [] if arguments.strip() == "void" else arguments.split(",")
            out[name] = [result] + [re.sub(r"\b\w+(\[\d*\])?\s*$", r"\1", a).strip() for a in arguments]
    return out


SIZES = {"int32_t": 4, "uint32_t": 4, "int64_t": 8, "uint64_t": 8, "size_t": C.sizeof(C.c_size_t), "double": 8, "float": 4}
FUNCTIONS = ("cnn2snn_destroy_fn", "cnn2snn_quantizer_fn", "cnn2snn_log_fn", "cnn2snn_layer_output_fn", "cnn2snn_layer_integers_fn")
NUMBERS = ("cnn2snn_status", "cnn2snn_dtype", "cnn2snn_quantizer_kind", "cnn2snn_akida_version", "cnn2snn_severity",
           "cnn2snn_metric_kind")


def kind(declared):
    """Bytes that the type takes, and whether it is floating."""
    declared = declared.replace("const", "").strip()
    if "*" in declared or "[" in declared or declared in FUNCTIONS:
        return C.sizeof(C.c_void_p), False
    if declared == "void":
        return 0, False
    return (4 if declared in NUMBERS else SIZES[declared]), declared in ("double", "float")


def ctypes_kind(t):
    return (0 if t is None else C.sizeof(t)), t in (C.c_double, C.c_float)


class Abi(unittest.TestCase):
    def test_signatures_are_those_of_the_headers(self):
        known, checked = prototypes(), 0
        for name, f in vars(c2s.lib).items():
            if name.startswith("cnn2snn_"):
                declared = known[name]
                got = [f.restype, *f.argtypes]
                self.assertEqual([ctypes_kind(t) for t in got], [kind(t) for t in declared], name)
                checked += 1
        self.assertGreater(checked, 50)

    def test_structs_are_laid_out_as_in_c(self):
        layout = json.loads(subprocess.run([LAYOUT], capture_output=True, text=True, check=True).stdout)
        for struct, fields in layout.items():
            t = getattr(c2s, struct)
            got = [[getattr(t, n).offset, getattr(t, n).size] for n, _ in t._fields_]
            self.assertEqual(got, fields["fields"], struct)
            self.assertEqual(C.sizeof(t), fields["size"], struct)


class Running(unittest.TestCase):
    def setUp(self):
        self.context = c2s.Context()
        self.model = self.context.load_akida(ROOT / "tests/data/fbz/current_v2.fbz")

    def test_a_simulator_is_run_again_and_again(self):
        simulator, layers = self.model.simulator(), {}
        self.assertEqual((simulator.input_shape, simulator.input_dtype, simulator.accepts_float32), ((4, 4, 1), "uint8", True))
        self.assertEqual((simulator.output_shape, simulator.output_dtype), ((1, 1, 3), "float32"))
        x = np.random.default_rng(1).integers(0, 256, (5, 4, 4, 1)).astype("u1")
        first = simulator.forward(x)
        simulator.forward(x[::-1])
        np.testing.assert_array_equal(simulator.forward(x, layers), first)
        np.testing.assert_array_equal(layers["q"], x)  # integers count as quantized
        np.testing.assert_array_equal(layers["dq"], first)
        np.testing.assert_array_equal(simulator.predict(x), first)
        np.testing.assert_array_equal(np.concatenate([simulator.forward(x[i:i + 1]) for i in range(5)]), first)
        memory = simulator.memory()
        self.assertEqual(memory.pop("total"), sum(memory.values()))
        for wrong in (x.astype("i1"), x.astype("f8"), x[..., 0], x[:, :3]):
            self.assertRaises(ValueError, simulator.forward, wrong)
        np.testing.assert_array_equal(simulator.forward(x), first)

    def test_simulators_of_one_model_run_side_by_side(self):
        x = np.random.default_rng(2).integers(0, 256, (40, 4, 4, 1)).astype("u1")
        first, results = self.model.simulator(1).forward(x), {}

        def run(number):
            simulator = self.model.simulator(number % 3 + 1)
            results[number] = [simulator.forward(x) for _ in range(20)]
        threads = [threading.Thread(target=run, args=(n,)) for n in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(results), 6)
        for outputs in results.values():
            for output in outputs:
                np.testing.assert_array_equal(output, first)


class Integers(unittest.TestCase):
    def test_a_callback_gets_integers_and_what_they_stand_for(self):
        context = c2s.Context()
        model = context.load(ROOT / "tests/data/quantizeml/v2_lut_depthwise.h5")
        told = {}

        def array(handle):
            retain = c2s.lib.cnn2snn_tensor_retain
            retain.restype, retain.argtypes = C.c_void_p, [C.c_void_p]  # a pointer, not an int
            return c2s.Tensor(context, C.c_void_p(retain(handle))).array().copy()

        @c2s.LAYER_OUTPUT
        def outputs(_, name, tensor, error):
            told.setdefault(name.decode(), {})["real"] = array(tensor)
            return 0

        @c2s.LAYER_INTEGERS
        def integers(_, name, values, scales, error):
            self.assertNotIn(name.decode(), told)  # before its output
            told[name.decode()] = {"integers": array(values), "scales": array(scales)}
            return 0
        x = c2s.Tensor.of(context, np.random.default_rng(1).integers(0, 256, (2, *model.input_shape())).astype("f4"))
        options = c2s.PredictOptions(layer_output=outputs, layer_integers=integers, batch_size=2)
        out = (C.c_void_p * 1)()
        c2s.call("model_predict", model.handle, 1, (C.c_void_p * 1)(x.handle), C.byref(options), 1, out)
        c2s.lib.cnn2snn_tensor_destroy(out[0])
        counted = [layer for layer in told.values() if "integers" in layer]
        self.assertGreater(len(counted), 3)
        for layer in counted:
            self.assertIn(layer["integers"].dtype, (np.int32, np.int64))
            np.testing.assert_array_equal((layer["integers"] * layer["scales"]).astype("f4"), layer["real"])

    def test_what_a_callback_gives_ends_the_run(self):
        context = c2s.Context()
        model = context.load(ROOT / "tests/data/quantizeml/v2_lut_depthwise.h5")
        x = c2s.Tensor.of(context, np.zeros((1, *model.input_shape()), "f4"))
        options = c2s.PredictOptions(layer_integers=c2s.LAYER_INTEGERS(lambda *_: -8))
        with self.assertRaises(c2s.Error) as caught:
            c2s.call("model_predict", model.handle, 1, (C.c_void_p * 1)(x.handle), C.byref(options), 1, (C.c_void_p * 1)())
        self.assertEqual(caught.exception.code, -8)


class MainJob(unittest.TestCase):
    def setUp(self):
        self.context = c2s.Context()
        self.model = self.context.load(MNIST / "mnist_float.h5")
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.dir = Path(folder.name)

    def test_load_quantize_convert_save(self):
        quantized = self.model.quantize(4, 4, 8)
        quantized.save(self.dir / "q.h5")
        akida = self.context.load(self.dir / "q.h5").convert(self.dir / "q.fbz")
        again = self.context.load_akida(self.dir / "q.fbz")
        self.assertEqual(again.summary(), akida.summary())
        again.save(self.dir / "r.fbz")
        self.assertEqual((self.dir / "q.fbz").read_bytes(), (self.dir / "r.fbz").read_bytes())

    def test_calibration_with_callbacks(self):
        quantized = self.model.quantize(2, 2, 2)
        images = np.load(MNIST / "images_1000.npy")[:12].reshape(12, 28, 28, 1)
        np.savez(self.dir / "s.npz", images[:5], images[5:])

        class Largest:
            def reset(self):
                self.value = 0

            def update(self, f, q):
                self.value = max(self.value, np.abs(f - q).max())

            def result(self):
                return self.value
        sampler = c2s.QuantizationSampler(quantized, self.dir / "s.npz", 5)
        self.assertEqual(sampler.n_batches, 2)
        with self.assertRaises(c2s.Error):
            sampler.quantization_error()
        sampler.select_layer("conv_0", True)
        self.assertAlmostEqual(sampler.quantization_error(Largest()), sampler.quantization_error("max"), 6)
        self.assertEqual(quantized.next_activation("conv_0").name, "relu_0")
        self.assertIsNone(quantized.next_activation("classifier"))
        sampler.select_layer("conv_0")
        sampler.set_weight(1, sampler.model().layers[1].weights()[1] + 1)
        self.assertTrue((sampler.model().layers[1].weights()[1] > quantized.layers[1].weights()[1]).all())
        seen = []
        quantized.bias_correction(images, layer_done=lambda done: seen.append(done.layer_name.decode()))
        self.assertEqual(seen, ["conv_0", "sep_1", "classifier"])

        def mean_square(f, q):
            return ((q - f) ** 2).mean(), 2 * (q - f) / q.size

        def descend(step, variable, gradient, values):
            values -= np.float32(0.1) * gradient
        ours = quantized.adaround(images, c2s.Optimizer("sgd", 0.1), epochs=2, batch_size=6)
        own = quantized.adaround(images, c2s.Optimizer(descend), loss=c2s.Loss(mean_square), epochs=2, batch_size=6)
        for a, b in zip(ours.layers, own.layers):
            for x, y in zip(a.weights(), b.weights()):
                np.testing.assert_allclose(x, y, atol=1e-6)

        def broken(*_):
            raise ValueError("no")
        with self.assertRaises(c2s.Error):
            quantized.adaround(images, c2s.Optimizer(broken), epochs=1)
        with self.assertRaises(c2s.Error):
            quantized.adaround(images, loss=c2s.Loss(broken), epochs=1)

    def test_a_quantizer_callback_is_asked_for_each_layer(self):
        asked = []

        def choose(layer, default):
            asked.append((layer.class_name, layer.name, default.class_name, default.bitwidth))
            self.assertGreater(len(layer.weights()), 0)
            return self.context.quantizer("MaxQuantizer", default.bitwidth) if len(asked) == 1 else default
        quantized = self.model.quantize(4, 4, 8, quantizer_function=choose)
        neural = [l for l in self.model.layers if l.class_name in ("Conv2D", "Dense", "SeparableConv2D")]
        self.assertEqual([a[1] for a in asked if a[2] != "MaxQuantizer"], [l.name for l in neural])
        self.assertEqual(asked[0][3], 8)
        first = next(l for l in quantized.layers if l.class_name == "QuantizedConv2D")
        self.assertEqual(first.config()["quantizer"]["class_name"], "MaxQuantizer")

    def test_what_a_callback_raises_comes_back(self):
        def choose(layer, default):
            raise KeyError("no quantizer for " + layer.name)
        with self.assertRaises(TypeError) as caught:
            self.model.quantize(4, 4, 8, quantizer_function=choose)
        self.assertIn("no quantizer for", str(caught.exception))

    def test_a_callback_that_gives_nothing_is_an_error(self):
        thunk = c2s.QUANTIZER_FN(lambda user, layer, default, out, error: 0)
        options = c2s.QuantizeOptions(weight_quantization=4, input_weight_quantization=-1, quantizer_function=thunk)
        with self.assertRaises(c2s.Error):
            c2s.made("model_quantize", self.model.handle, C.byref(options))
        thunk = c2s.QUANTIZER_FN(lambda user, layer, default, out, error: -14)
        options.quantizer_function = thunk
        with self.assertRaises(c2s.Error) as caught:
            c2s.made("model_quantize", self.model.handle, C.byref(options))
        self.assertEqual(caught.exception.code, -14)
        self.assertTrue(str(caught.exception))

    def test_the_error_object_says_everything(self):
        with self.assertRaises(ValueError) as caught:
            self.model.quantize(3, 3, 8).convert()
        e = caught.exception
        self.assertEqual(e.code, -8)
        self.assertTrue(e.rule and e.layer)
        self.assertIn(e.layer, str(e))
        with self.assertRaises(OSError) as caught:
            self.context.load(self.dir / "absent.h5")
        self.assertIn("absent.h5", str(caught.exception))
        with self.assertRaises(IndexError):
            self.model.quantize_layer(99, 4)
        with self.assertRaises(ValueError):
            self.model.quantize_layer("nobody", 4)

    def test_l023_l028_one_layer_by_itself_its_index_and_its_name(self):
        layers = self.model.layers
        index = next(i for i, l in enumerate(layers) if l.class_name == "Dense")
        for target in (layers[index], index, index - len(layers), layers[index].name):
            quantized = self.model.quantize_layer(target, 4).layers
            self.assertEqual([i for i, l in enumerate(quantized) if l.class_name.startswith("Quantized")], [index])
        stranger = self.model.quantize_layer(0, 4).layers[index]
        for target in (stranger, self.context.layer("Dense", units=1), 1.5, None, [0]):
            with self.assertRaises(ValueError) as caught:
                self.model.quantize_layer(target, 4)
            self.assertEqual(caught.exception.rule, "L-028")

    def test_l069_l071_the_state_of_training_is_what_keras_had(self):
        folder = ROOT / "tests" / "data" / "trained"
        for name, expected in json.loads((folder / "expected.json").read_text()).items():
            training = self.context.load(folder / (name + ".h5")).training()
            self.assertEqual(training.optimizer, expected["optimizer"], name)
            self.assertEqual(training.iterations, expected["iterations"], name)
            weights = [w for _, w in training.optimizer_weights()]
            self.assertEqual([list(w.shape) for w in weights], [shape for shape, _ in expected["weights"]], name)
            for w, (_, total) in zip(weights, expected["weights"]):
                self.assertAlmostEqual(w.sum(dtype="float64"), total, 12, name)
        training = self.context.load(folder / "k2_rmsprop.h5").training()
        self.assertEqual(training.loss(0), "mse")
        self.assertEqual(training.loss(1)["class_name"], "MeanAbsoluteError")
        self.assertEqual([training.loss_weight(i) for i in range(2)], [0.25, 2])
        self.assertEqual([training.metrics(i) for i in range(2)], [["a_mae", "a_mse"], ["b_mae"]])
        self.assertEqual(training.metric_config(0, output=1)["config"]["fn"], "mean_absolute_error")
        self.assertEqual(training.optimizer_config()["rho"], training.hyperparameter("rho"))
        with self.assertRaises(TypeError):
            training.hyperparameter("learning_rate")

    def test_l073_compiled_or_not(self):
        path = ROOT / "tests" / "data" / "trained" / "k2_adam.h5"
        self.assertTrue(self.context.load(path).compiled)
        model = self.context.load(path, compile_model=False)
        self.assertFalse(model.compiled)
        with self.assertRaises(c2s.Error) as caught:
            model.training()
        self.assertEqual(caught.exception.rule, "A-not-compiled")

    def test_the_report_of_an_error(self):
        out, error = C.c_void_p(), C.c_void_p()
        model = self.model.quantize(3, 3, 8)
        status = c2s.lib.cnn2snn_convert(model.handle, None, C.byref(out), None, C.byref(error))
        self.assertEqual(status, -8)
        self.assertIsNone(out.value)
        report = c2s.lib.cnn2snn_error_get_report(error)
        faults = json.loads(c2s.buffer_bytes(c2s.made("report_print", report, 1)))["faults"]
        self.assertGreater(len(faults), 1)
        self.assertTrue(all(f["rule"] and f["message"] for f in faults))
        c2s.lib.cnn2snn_error_destroy(error)

    def test_l112_compatibility_by_quantizeml(self):
        compatible, report = self.model.check(akida_version=2)
        self.assertFalse(compatible)
        self.assertIn(("sep_1", "conversion"), [(f["layer"], f["step"]) for f in report["faults"]])
        self.assertTrue(self.model.check(legacy=True)[0])

    def test_predictions(self):
        images = np.load(MNIST / "images_1000.npy")[:50]
        labels = np.load(MNIST / "labels_1000.npy")[:50]
        y = self.model.predict(images)
        self.assertEqual(y.shape, (50, 10))
        self.assertGreater((y.argmax(1) == labels).mean(), 0.9)
        np.testing.assert_array_equal(self.model.predict(images, batch_size=7, threads=2), y)

    def test_custom_quantizers_live_as_long_as_the_model(self):
        custom = c2s.CustomObjects(self.context)
        custom.add_quantizer("Halves", lambda config, bitwidth, weights: np.float32(2.0))
        q = self.context.quantizer_from_config({"class_name": "Halves", "config": {"bitwidth": 4}}, custom)
        quantized = self.model.quantize(4, 4, 8, quantizer_function=lambda layer, default: q)
        del q
        gc.collect()
        self.assertEqual(quantized.predict(np.zeros((1, 28, 28, 1), "uint8")).shape, (1, 10))

    def test_models_made_here(self):
        dense = self.context.layer("Dense", units=3)
        model = self.context.sequential((4,), [dense, self.context.layer("ReLU"), self.context.layer("Dense", units=2)])
        self.assertEqual([l.name for l in model.layers], ["dense", "re_lu", "dense_1"])
        self.assertEqual(model.predict(np.ones((2, 4), "float32")).tolist(), [[0, 0], [0, 0]])

    def test_weights_are_set(self):
        dense = self.context.layer("Dense", units=1)
        dense.build(2)
        dense.set_weights([np.array([[1], [2]], "f4"), np.array([3], "f4")])
        model = self.context.sequential((2,), [dense])
        self.assertEqual(model.predict(np.array([[10, 100]], "f4")).tolist(), [[213]])
        model.set_weight("dense", 1, np.array([4]))
        self.assertEqual(model.predict(np.array([[10, 100]], "f4")).tolist(), [[214]])
        self.assertEqual(dense.weights()[1].tolist(), [3])

    def test_warnings_go_to_the_log(self):
        lines = []
        context = c2s.Context(log=lambda level, text: lines.append(text))
        model = context.sequential((2, 2, 1), [context.layer("ReLU", threshold=1.0), context.layer("Flatten"),
                                               context.layer("Dense", units=1)])
        model.quantize(4, 4)
        self.assertTrue(any("re_lu" in line for line in lines), lines)


if __name__ == "__main__":
    unittest.main()
