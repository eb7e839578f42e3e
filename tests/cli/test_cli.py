#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The command line as its users meet it: names of files, exit statuses, messages, nothing half-written.

  test_cli.py CLI DATA [unittest arguments]      DATA: tests/data
Needs numpy and h5py.
"""
import ctypes
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import h5py
import numpy as np

CLI, DATA = os.path.abspath(sys.argv.pop(1)), Path(sys.argv.pop(1)).resolve()
MNIST = DATA / "mnist"
sys.path.insert(0, str(DATA / "fbz"))
import edit_variables  # noqa: E402
COMMANDS = ("quantize", "convert", "reshape", "transform", "calibrate", "inspect", "check", "run", "evaluate")


def edit_config(path, change):
    """Rewrites the model_config of a file by change(config)."""
    with h5py.File(path, "r+") as f:
        config = json.loads(f.attrs["model_config"])
        change(config)
        f.attrs["model_config"] = json.dumps(config)


def layers_of(config):
    return config["config"]["layers"]


def drop_layers(path, is_dropped):
    """Takes layers out of a Sequential model's file: is_dropped(index, class name)."""
    dropped = set()

    def change(config):
        layers = layers_of(config)
        gone = [l for i, l in enumerate(layers) if is_dropped(i, l["class_name"])]
        dropped.update(l["config"]["name"] for l in gone)
        layers[:] = [l for l in layers if l not in gone]
    edit_config(path, change)
    with h5py.File(path, "r+") as f:
        g = f["model_weights"]
        g.attrs["layer_names"] = [n for n in g.attrs["layer_names"] if (n.decode() if isinstance(n, bytes) else n) not in dropped]


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp())
        os.chmod(self.dir, 0o755)
        self.addCleanup(self.remove)

    def remove(self):
        for d, _, _ in os.walk(self.dir):
            os.chmod(d, 0o755)
        shutil.rmtree(self.dir)

    def cli(self, *args, **kw):
        return subprocess.run([CLI, *map(str, args)], capture_output=True, text=True, cwd=self.dir, timeout=60, **kw)

    def done(self, *args, **kw):
        r = self.cli(*args, **kw)
        self.assertEqual(r.returncode, 0, r.stderr)
        return r

    def cannot(self, *args, **kw):
        r = self.cli(*args, **kw)
        self.assertEqual(r.returncode, 1, r.stdout + r.stderr)
        self.assertRegex(r.stderr, "error: ")
        return r

    def wrong(self, *args):
        r = self.cli(*args)
        self.assertEqual(r.returncode, 2, r.stdout + r.stderr)
        self.assertIn("usage: cnn2snn", r.stderr)
        self.assertIn("error: ", r.stderr)
        self.assertEqual(r.stdout, "")
        return r

    def float_model(self, name="net.h5"):
        (self.dir / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(MNIST / "mnist_float.h5", self.dir / name)
        return name

    def quantized_model(self, name="net_iq8_wq4_aq4.h5"):
        shutil.copy(MNIST / "mnist_iq8_wq4_aq4_qat.h5", self.dir / name)
        return name

    def files(self):
        return sorted(str(p.relative_to(self.dir)) for p in self.dir.rglob("*") if p.is_file())


class Usage(Case):
    def test_l140_no_action_prints_usage(self):
        self.wrong()

    def test_l140_unknown_command(self):
        self.assertIn("calibrat", self.wrong("calibrat").stderr)

    def test_l140_help_at_each_level(self):
        self.assertIn("usage: cnn2snn", self.done("-h").stdout)
        self.assertIn("usage: cnn2snn", self.done("--help").stdout)
        for c in COMMANDS:
            for h in ("-h", "--help"):
                out = self.done(c, h).stdout
                self.assertIn("usage: cnn2snn " + c, out)
                self.assertIn("--model", out)

    def test_version(self):
        header = (DATA.parent.parent / "include/cnn2snn/version.h").read_text()
        version = re.search(r'CNN2SNN_VERSION "(.*)"', header).group(1)
        self.assertEqual(self.done("--version").stdout, "cnn2snn %s\n" % version)

    def test_l140_model_is_required(self):
        for c in COMMANDS:
            self.wrong(c, *({"transform": ["fold_batchnorm"], "calibrate": ["bc", "-sa", "x.npz"]}.get(c, [])))

    def test_l140_model_belongs_to_the_command(self):
        self.wrong("-m", "x.h5", "quantize")

    def test_l138_l140_wrong_options(self):
        m = ("-m", self.float_model())
        for args in (("quantize", *m, "--nothing"), ("quantize", *m, "-wq", "4.5"), ("quantize", *m, "-wq", "four"),
                     ("quantize", *m, "-wq"), ("quantize", *m, "-wq", "-aq", "4"), ("quantize", *m, "-wq", "99999999999"),
                     ("quantize", *m, "extra"), ("quantize", *m, "--quantizer", "MyQuantizer"),
                     ("quantize", *m, "--layer", "dense"), ("quantize", *m, "--bitwidth", "4"),
                     ("quantize", *m, "--layer", "dense", "--bitwidth", "4", "-wq", "4"),
                     ("quantize", *m, "--no-fold-BN=yes"),
                     ("convert", *m, "-sc", "2"), ("convert", *m, "-sh", "2"), ("convert", *m, "-sc", "2.5", "-sh", "1"),
                     ("convert", *m, "--input-scaling", "1"), ("convert", *m, "--input-scaling", "1,2,3"),
                     ("convert", *m, "--input-scaling", "1;2"), ("convert", *m, "--input-scaling", "nan,0"),
                     ("convert", *m, "--input-scaling", "1,0", "-sc", "1", "-sh", "0"),
                     ("convert", *m, "--image-input", "--no-image-input"), ("convert", *m, "--target", "v3"),
                     ("convert", *m, "--i", "1,2"),
                     ("reshape", *m, "-iw", "32"), ("reshape", *m, "-ih", "32"),
                     ("transform", *m), ("transform", "nothing", *m), ("transform", "reshape", *m),
                     ("transform", "reshape", *m, "--input-size", "0,4"), ("transform", "fold_batchnorm", *m, "--input-size", "4,4"),
                     ("transform", "normalize_separable_layer", *m), ("transform", "syncretize", *m, "--layer", "0"),
                     ("transform", "activations_rescaling", *m), ("transform", "syncretize", *m, "-sa", "x.npz"),
                     ("transform", "activations_rescaling", *m, "-sa", "x.npz", "-bs", "0"),
                     ("calibrate", *m, "-sa", "x.npz"), ("calibrate", "bc", *m), ("calibrate", "cb", *m, "-sa", "x.npz"),
                     ("calibrate", "bc", *m, "-sa", "x.npz", "-bs", "0"), ("calibrate", "bc", *m, "-sa", "x.npz", "-e", "3"),
                     ("calibrate", "bc", *m, "-sa", "x.npz", "-act"),
                     ("calibrate", "adaround", *m, "-sa", "x.npz", "-lr", "fast"),
                     ("calibrate", "adaround", *m, "-sa", "x.npz", "-lr", "-1"),
                     ("calibrate", "adaround", *m, "-sa", "x.npz", "-e", "-1"),
                     ("calibrate", "adaround", *m, "-sa", "x.npz", "--optimizer", "best"),
                     ("run", *m), ("run", *m, "-i", "x.npy"), ("evaluate", *m, "-i", "x.npy"),
                     ("evaluate", *m, "-l", "x.npy")):
            with self.subTest(" ".join(args)):
                self.wrong(*args)
                self.assertEqual(self.files(), ["net.h5"])

    def test_l140_options_as_argparse_takes_them(self):
        self.float_model()
        self.done("quantize", "--mod", "net.h5", "--weight=2", "--activ", "3", "-iq=8", "--out", "a.h5")
        self.done("quantize", "-m=net.h5", "-wq", "2", "-wq", "4", "-iq", "-1", "-o", "b.h5")
        r = self.done("inspect", "-m", "b.h5", "--js")
        self.assertEqual({l.get("quantizer", {}).get("bitwidth") for l in json.loads(r.stdout)["layers"]}, {None, 4})


class Names(Case):
    def test_l127_l128_quantize(self):
        for model, bits, name in (
                ("model_keras.h5", (4, 4, 8), "model_keras_iq8_wq4_aq4.h5"),
                ("model_keras_iq8_wq4_aq4.h5", (2, 2, None), "model_keras_iq2_wq2_aq2.h5"),
                ("model_keras_iq8_wq4_aq4_extra.h5", (2, 1, None), "model_keras_iq2_wq2_aq1.h5"),
                ("my-model_iq8_wq4_aq4.h5", (2, 2, None), "my-model_iq2_wq2_aq2.h5"),
                ("./a.b/my model.v2_iq8_wq4_aq4.h5", (8, 8, None), "a.b/my model.v2_iq8_wq8_aq8.h5"),
                ("x_iq8_wq4_aq4/net.h5", (4, 4, 4), "x_iq8_wq4_aq4/net_iq4_wq4_aq4.h5"),
                ("noextension", (0, 4, 8), "noextension_iq8_wq0_aq4.h5"),
                ("two.dots.h5", (4, 0, None), "two.dots_iq4_wq4_aq0.h5")):
            with self.subTest(model):
                self.float_model(model)
                wq, aq, iq = bits
                r = self.done("quantize", "-m", model, "-wq", wq, "-aq", aq, *([] if iq is None else ["-iq", iq]))
                self.assertIn(name, self.files())
                self.assertIn(name, r.stdout)
                self.assertEqual(r.stdout.count("\n"), 1)
                self.assertEqual(r.stderr, "")

    def test_l115_l136_quantize_default_bits(self):
        self.done("quantize", "-m", self.float_model())
        self.assertEqual(self.files(), ["net.h5", "net_iq4_wq4_aq4.h5"])

    def test_output(self):
        self.float_model()
        self.done("quantize", "-m", "net.h5", "-o", "q.h5")
        self.done("convert", "-m", "q.h5", "--output", "deep/er/model")
        self.assertEqual(self.files(), ["deep/er/model.fbz", "net.h5", "q.h5"])

    def test_memory_of_akida_models(self):
        fbz = DATA / "fbz"
        memory = json.loads(self.done("inspect", "-m", fbz / "current_v2.fbz", "--json").stdout)["memory"]
        self.assertEqual(memory["total"], sum(n for use, n in memory.items() if use != "total"))
        self.assertTrue(memory["weights"] and memory["activations"])
        line = self.done("inspect", "-m", fbz / "current_v2.fbz").stdout.rstrip().rsplit("\n", 1)[1]
        self.assertRegex(line, r"^To run on one thread: [\d.]+ KiB weights, [\d.]+ KiB activations, [\d.]+ KiB workspace$")
        self.assertIsNone(json.loads(self.done("inspect", "-m", fbz / "unknown.fbz", "--json").stdout)["memory"])
        self.assertNotIn("To run", self.done("inspect", "-m", fbz / "unknown.fbz").stdout)
        np.save(self.dir / "i.npy", np.zeros((3, 4, 4, 1), "u1"))
        np.save(self.dir / "l.npy", np.zeros(3, "i8"))
        memory = json.loads(self.done("evaluate", "-m", fbz / "current_v2.fbz", "-i", "i.npy", "-l", "l.npy", "--json").stdout)["memory"]
        self.assertEqual(memory["total"], sum(n for use, n in memory.items() if use != "total"))

    def bits_of(self, path):
        """{layer: bits} of what is quantized, and the classes in order."""
        layers = json.loads(self.done("inspect", "-m", path, "--json").stdout)["layers"]
        return {l["name"]: l["bitwidth"] for l in layers if "bitwidth" in l}, [l["class_name"] for l in layers]

    def test_l115_l136_options_of_quantize(self):
        self.float_model()
        for options, first, others, activations in (
                ((), 4, 4, 4), (("-wq", 2), 2, 2, 4), (("-wq", 2, "-iq", 8), 8, 2, 4), (("-wq", 2, "-iq", -1), 2, 2, 4),
                (("-iq", 8, "-aq", 1), 8, 4, 1), (("--weight_quantization", 8, "--activ_quantization", 2,
                                                  "--input_weight_quantization", 4), 4, 8, 2)):
            with self.subTest(options):
                self.done("quantize", "-m", "net.h5", *options, "-o", "q.h5")
                bits, classes = self.bits_of("q.h5")
                self.assertEqual(bits, {"conv_0": first, "relu_0": activations, "sep_1": others, "relu_1": activations,
                                        "classifier": others})
                self.assertNotIn("BatchNormalization", classes)
        self.done("quantize", "-m", "net.h5", "--no-fold-BN", "-o", "q.h5")
        self.assertEqual(self.bits_of("q.h5")[1].count("BatchNormalization"), 2)
        with h5py.File(self.dir / "q.h5") as f:
            self.assertNotIn("optimizer_weights", f)
            self.assertNotIn("training_config", f.attrs)
        with h5py.File(self.dir / "net.h5") as f:
            self.assertIn("training_config", f.attrs)

    def test_l116_l138_reshape(self):
        self.float_model()
        for options in ((), ("-iw", 40), ("-ih", 36), ("--input_height", 36)):
            self.assertRegex(self.wrong("reshape", "-m", "net.h5", *options).stderr, "-i[hw]|--input_(height|width)")
        r = self.cannot("reshape", "-m", "net.h5", "-iw", 40, "-ih", 36)  # the Dense behind Flatten
        self.assertIn("classifier: kernel has shape (3136, 10)", r.stderr)
        self.assertEqual(self.files(), ["net.h5"])
        drop_layers(self.dir / "net.h5", lambda i, kind: kind in ("Flatten", "Dense"))
        self.done("reshape", "-m", "net.h5", "--input_height", 36, "--input_width", 40, "-o", "wide.h5")
        wide = json.loads(self.done("inspect", "-m", "wide.h5", "--json").stdout)
        net = json.loads(self.done("inspect", "-m", "net.h5", "--json").stdout)
        self.assertEqual(wide["input_shapes"], [[36, 40, 1]])
        self.assertEqual([l["name"] for l in wide["layers"]], [l["name"] for l in net["layers"]])
        with h5py.File(self.dir / "net.h5") as a, h5py.File(self.dir / "wide.h5") as b:
            kernel = "model_weights/conv_0/conv_0/kernel:0"
            np.testing.assert_array_equal(a[kernel], b[kernel])

    def test_l139_image_or_events(self):
        self.quantized_model("q.h5")
        for options, kind in (((), "InputConvolutional"), (("--image-input",), "InputConvolutional"),
                              (("--no-image-input",), "InputData")):
            self.done("convert", "-m", "q.h5", *options, "-o", "q.fbz")
            layers = json.loads(self.done("inspect", "-m", "q.fbz", "--json").stdout)["layers"]
            self.assertEqual(layers[0]["kind"], kind, options)

    def test_l113_convert_beside_the_model(self):
        self.done("convert", "-m", self.quantized_model("a.b.h5"))
        self.assertEqual(self.files(), ["a.b.fbz", "a.b.h5"])

    def test_convert_into_a_folder_is_named_by_the_model(self):
        self.quantized_model("q.h5")
        self.done("convert", "-m", "q.h5", "-o", "out/")
        with h5py.File(self.dir / "q.h5") as f:
            name = json.loads(f.attrs["model_config"])["config"]["name"]
        self.assertIn("out/%s.fbz" % name, self.files())

    def test_l129_reshape_is_width_by_height(self):
        self.float_model()
        drop_layers(self.dir / "net.h5", lambda i, kind: kind in ("Flatten", "Dense"))
        self.done("reshape", "-m", "net.h5", "-iw", "40", "-ih", "36")
        self.assertIn("net_40_36.h5", self.files())
        summary = json.loads(self.done("inspect", "-m", "net_40_36.h5", "--json").stdout)
        self.assertEqual(summary["input_shapes"], [[36, 40, 1]])

    def test_transform(self):
        self.done("transform", "fold-batchnorm", "-m", self.float_model())
        self.assertEqual(self.files(), ["net.h5", "net_fold_batchnorm.h5"])

    def config_of(self, path, layer):
        with h5py.File(self.dir / path) as f:
            return next(l["config"] for l in layers_of(json.loads(f.attrs["model_config"])) if l["config"]["name"] == layer)

    def test_normalize_separable_layer_by_name_and_index(self):
        self.float_model()
        self.done("transform", "normalize_separable_layer", "-m", "net.h5", "--layer", "sep_1", "-o", "name.h5")
        self.done("transform", "normalize_separable_layer", "-m", "net.h5", "--layer", "5", "-o", "index.h5")
        for path in ("name.h5", "index.h5"):
            with h5py.File(self.dir / path) as f:
                kernel = f["model_weights/sep_1/sep_1/depthwise_kernel:0"][()]
            np.testing.assert_array_equal(np.abs(kernel).max(axis=(0, 1, 3)), 1)
        for layer in ("conv_0", "nobody", "99"):
            self.cannot("transform", "normalize_separable_layer", "-m", "net.h5", "--layer", layer, "-o", "none.h5")
        self.assertEqual(self.files(), ["index.h5", "name.h5", "net.h5"])

    def test_weights_homogeneity(self):
        self.float_model()
        text = self.done("transform", "weights_homogeneity", "-m", "net.h5").stdout
        rates = json.loads(self.done("transform", "weights-homogeneity", "-m", "net.h5", "--json").stdout)
        self.assertEqual(list(rates), ["conv_0", "sep_1", "classifier"])
        self.assertEqual([float(l.split()[1]) for l in text.splitlines()], list(rates.values()))
        self.assertTrue(all(0 < r <= 1 for r in rates.values()))
        self.assertEqual(self.files(), ["net.h5"])

    def test_activations_rescaling(self):
        self.quantized_model("net.h5")
        images = np.load(MNIST / "images_1000.npy")[:40].reshape(40, 28, 28, 1)
        np.savez(self.dir / "s.npz", a=images[:30], b=images[30:])
        np.save(self.dir / "s.npy", images)
        self.done("transform", "activations_rescaling", "-m", "net.h5", "-sa", "s.npz")
        self.done("transform", "activations_rescaling", "-m", "net.h5", "-sa", "s.npy", "-bs", "7", "-o", "other.h5")
        for layer in ("relu_0", "relu_1"):
            value = self.config_of("net_activations_rescaling.h5", layer)["max_value"]
            self.assertTrue(0 < value <= 15)
            self.assertEqual(self.config_of("other.h5", layer)["max_value"], value)
        np.savez(self.dir / "bad.npz", a=images, b=images[0])
        self.cannot("transform", "activations_rescaling", "-m", "net.h5", "-sa", "bad.npz", "-o", "none.h5")
        self.assertNotIn("none.h5", self.files())

    def test_l117_calibrate_bc(self):
        self.quantized_model("net.h5")
        images = np.load(MNIST / "images_1000.npy")[:40].reshape(40, 28, 28, 1)
        np.savez(self.dir / "s.npz", a=images[:30], b=images[30:])
        np.savez_compressed(self.dir / "c.npz", images)
        out = self.done("calibrate", "bc", "-m", "net.h5", "-sa", "s.npz").stdout
        self.assertEqual(re.findall(r"(\w+): quantization error [0-9.]+ -> [0-9.]+", out), ["conv_0", "sep_1", "classifier"])
        self.done("calibrate", "bc", "-m", "net.h5", "-sa", "c.npz", "-bs", "20", "-o", "other.h5", "-q")
        self.done("calibrate", "bc", "-m", "net.h5", "-sa", "c.npz", "--no-prepare", "-o", "plain.h5", "--json")
        name = "net_bc_calibrated.h5"
        self.assertEqual(self.files(), sorted(["net.h5", "s.npz", "c.npz", name, "other.h5", "plain.h5"]))
        self.assertEqual((self.dir / name).read_bytes(), (self.dir / "other.h5").read_bytes())
        self.assertTrue(self.config_of(name, "relu_0")["max_value"] < self.config_of("plain.h5", "relu_0")["max_value"])

    def test_l118_l137_calibrate_adaround(self):
        self.quantized_model("net.h5")
        images = np.load(MNIST / "images_1000.npy")[:20].reshape(20, 28, 28, 1)
        np.savez(self.dir / "s.npz", images)
        out = self.done("calibrate", "adaround", "-m", "net.h5", "-sa", "s.npz").stdout
        self.assertEqual(re.findall(r"(\w+): quantization error .*, \d+ of \d+ quantized weights changed", out),
                         ["conv_0", "sep_1", "classifier"])
        self.done("calibrate", "adaround", "-m", "net.h5", "-sa", "s.npz", "-e", "10", "-lr", "0.01", "--optimizer", "adam",
                  "-o", "same.h5")
        name = "net_adaround_calibrated.h5"
        self.assertEqual((self.dir / name).read_bytes(), (self.dir / "same.h5").read_bytes())
        for i, more in enumerate((["-e", "3"], ["-lr", "0.1"], ["--optimizer", "sgd"], ["--optimizer", "rmsprop"], ["-bs", "5"],
                                  ["--include_activation"], ["--no-prepare"])):
            self.done("calibrate", "adaround", "-m", "net.h5", "-sa", "s.npz", "-q", "-o", "%d.h5" % i, *more)
            self.assertNotEqual((self.dir / name).read_bytes(), (self.dir / ("%d.h5" % i)).read_bytes(), more)

    def test_the_number_of_threads_does_not_show(self):
        self.quantized_model("net.h5")
        images = np.load(MNIST / "images_1000.npy")[:64].reshape(64, 28, 28, 1)
        np.save(self.dir / "x.npy", images)
        for n in ("1", "2", "5"):
            self.done("run", "-m", "net.h5", "-i", "x.npy", "-o", n + ".npy", "--threads", n, "-q")
            self.done("calibrate", "adaround", "-m", "net.h5", "-sa", "x.npy", "-o", n + ".h5", "--threads", n, "-q")
        for end in (".npy", ".h5"):
            self.assertEqual(len({(self.dir / (n + end)).read_bytes() for n in ("1", "2", "5")}), 1)
        for n in ("0", "-1", "1025", "two"):
            self.wrong("run", "-m", "net.h5", "-i", "x.npy", "--threads", n)

    def test_calibrate_says_what_is_wrong(self):
        self.quantized_model("net.h5")
        images = np.load(MNIST / "images_1000.npy")[:4].reshape(4, 28, 28, 1).astype("f4")
        nan = images.copy()
        nan[2, 3, 3, 0] = np.nan
        (self.dir / "out.h5").write_bytes(b"an older file")
        for name, arrays, text in (("none", [images[:0]], "no samples"), ("shape", [images[:, 1:]], "27, 28, 1)"),
                                   ("rank", [images[0]], "samples of"), ("nan", [nan], "sample 2 holds a value that is NaN"),
                                   ("mixed", [images, images[0]], "expected (28, 28, 1) as in the first array"),
                                   ("few", [images], "batch size 5, there are 4"), ("text", [np.array(["a", "b"])], "arr_0")):
            np.savez(self.dir / "s.npz", *arrays)
            for command in (["calibrate", "bc"], ["calibrate", "bc", "--no-prepare"], ["calibrate", "adaround", "-e", "1"],
                            ["calibrate", "adaround", "-act", "--no-prepare"], ["transform", "activations_rescaling"]):
                if name == "few" and command[0] == "transform":
                    continue  # its batches only say what is looked at together
                with self.subTest(name=name, command=command):
                    more = ["-bs", "5"] if name == "few" else []
                    r = self.cannot(*command, "-m", "net.h5", "-sa", "s.npz", "-o", "out.h5", *more)
                    self.assertIn(text, r.stderr)
        (self.dir / "broken.npz").write_bytes((self.dir / "s.npz").read_bytes()[:-30])
        for name in ("absent.npz", "broken.npz", "net.h5"):
            for command in (["calibrate", "bc"], ["calibrate", "adaround"], ["transform", "activations_rescaling"]):
                self.assertIn(name, self.cannot(*command, "-m", "net.h5", "-sa", name, "-o", "out.h5").stderr)
        self.assertEqual((self.dir / "out.h5").read_bytes(), b"an older file")
        self.assertEqual(self.files(), ["broken.npz", "net.h5", "out.h5", "s.npz"])

    def test_a_float_model_is_not_calibrated(self):
        self.float_model()
        np.savez(self.dir / "s.npz", np.zeros((2, 28, 28, 1), "u1"))
        for method in ("bc", "adaround"):
            r = self.cannot("calibrate", method, "-m", "net.h5", "-sa", "s.npz", "-o", "out.h5")
            self.assertIn("no quantized layers", r.stderr)
        self.assertEqual(self.files(), ["net.h5", "s.npz"])

    def test_quantize_layer(self):
        self.float_model()
        layers = json.loads(self.done("inspect", "-m", "net.h5", "--json").stdout)["layers"]
        conv = next(l["name"] for l in layers if l["class_name"] == "Conv2D")
        self.done("quantize", "-m", "net.h5", "--layer", conv, "--bitwidth", 3)
        self.done("quantize", "-m", "net.h5", "--layer", "-1", "--bitwidth", 3, "-o", "last.h5")
        self.assertEqual(self.files(), ["last.h5", "net.h5", "net_%s_3bit.h5" % conv])
        self.cannot("quantize", "-m", "net.h5", "--layer", "99", "--bitwidth", 3)
        self.cannot("quantize", "-m", "net.h5", "--layer", "nobody", "--bitwidth", 3)


class Faults(Case):
    """What can't be done ends with 1, says why, and leaves no file."""

    def test_l069_l140_missing_file(self):
        for c in ("quantize", "convert", "inspect"):
            r = self.cannot(c, "-m", "absent.h5")
            self.assertIn("absent.h5", r.stderr)
        self.cannot("inspect", "-m", "absent.fbz")
        self.assertEqual(self.files(), [])

    def test_files_that_are_no_models(self):
        (self.dir / "empty.h5").write_bytes(b"")
        (self.dir / "text.h5").write_text("hello")
        (self.dir / "text.fbz").write_text("hello")
        (self.dir / "empty.fbz").write_bytes(b"")
        with h5py.File(self.dir / "bare.h5", "w"):
            pass
        whole = (MNIST / "mnist_float.h5").read_bytes()
        (self.dir / "short.h5").write_bytes(whole[:len(whole) // 2])
        before = self.files()
        for name in before:
            with self.subTest(name):
                r = self.cannot("inspect", "-m", name)
                self.assertIn(name, r.stderr)
                self.assertEqual(r.stderr.count("\n"), 1, r.stderr)
        self.cannot("convert", "-m", "short.h5")
        self.assertEqual(self.files(), before)

    def three_bit_model(self):
        """One that breaks a rule in every layer with bits."""
        self.float_model()
        self.done("quantize", "-m", "net.h5", "-wq", "3", "-aq", "3", "-iq", "8", "-o", "q.h5", "-q")
        os.remove(self.dir / "net.h5")
        layers = json.loads(self.done("inspect", "-m", "q.h5", "--json").stdout)["layers"]
        return [l["name"] for l in layers if l.get("bitwidth") == 3]

    def test_every_fault_of_a_model_is_told(self):
        faulty = self.three_bit_model()
        self.assertGreater(len(faulty), 2)
        r = self.cannot("convert", "-m", "q.h5")
        told = [n for n in faulty if re.search(r"error: %s: .*3.* \[.+\]$" % re.escape(n), r.stderr, re.M)]
        self.assertEqual(told, faulty)
        self.assertEqual(r.stderr.count("remedy: "), len(faulty))
        self.assertEqual(self.files(), ["q.h5"])

    def test_faults_as_json(self):
        faulty = self.three_bit_model()
        answer = json.loads(self.cannot("convert", "-m", "q.h5", "--json").stdout)
        self.assertEqual(answer["status"], "E_VALUE")
        self.assertEqual([f["layer"] for f in answer["faults"]], faulty)
        for fault in answer["faults"]:
            self.assertEqual(set(fault), {"rule", "layer", "message", "remedy"})
            self.assertTrue(fault["rule"] and fault["message"])
        answer = json.loads(self.cannot("inspect", "-m", "absent.h5", "--json").stdout)
        self.assertEqual((answer["status"], answer["file"], len(answer["faults"])), ("E_IO", "absent.h5", 1))

    def test_float_models_are_not_converted(self):
        self.float_model()
        self.assertIn("quantize", self.cannot("convert", "-m", "net.h5").stderr)
        self.assertEqual(self.files(), ["net.h5"])

    def test_an_older_output_stays_when_the_model_cannot(self):
        self.float_model()
        (self.dir / "net.fbz").write_text("older")
        self.cannot("convert", "-m", "net.h5")
        self.assertEqual((self.dir / "net.fbz").read_text(), "older")

    def test_bits_out_of_range(self):
        self.float_model()
        for args in (("-wq", "1"), ("-wq", "-2"), ("-aq", "-1")):
            self.cannot("quantize", "-m", "net.h5", *args)
        self.assertEqual(self.files(), ["net.h5"])

    def test_unknown_layers_are_shown_but_not_used(self):
        self.float_model()

        def rename(config):
            next(l for l in layers_of(config) if l["class_name"] == "ReLU")["class_name"] = "Mystery"
        edit_config(self.dir / "net.h5", rename)
        self.assertIn("Mystery", self.done("inspect", "-m", "net.h5").stdout)
        self.assertIn("Mystery", self.cannot("quantize", "-m", "net.h5").stderr)

    def check_says_no(self, *args):
        r = self.cli("check", *args)
        self.assertEqual((r.returncode, r.stderr), (1, ""))
        return r.stdout

    def test_check(self):
        self.float_model()
        self.assertIn("net.h5: compatible", self.done("check", "-m", "net.h5").stdout)
        self.done("check", "-m", self.quantized_model("q.h5"), "--legacy")
        answer = json.loads(self.done("check", "-m", "net.h5", "--json").stdout)
        self.assertEqual(answer, {"compatible": True, "faults": [], "warnings": []})
        self.wrong("check", "-m", "net.h5", "--image-input", "--no-image-input")
        self.assertEqual(self.files(), ["net.h5", "q.h5"])

    def test_l050_l126_the_legacy_check_says_yes_or_no_and_why(self):
        self.float_model()
        answer = json.loads(self.done("check", "-m", "net.h5", "--legacy", "--json").stdout)
        self.assertEqual(answer, {"compatible": True, "faults": [], "warnings": []})
        self.assertIn("net.h5: compatible", self.done("check", "-m", "net.h5", "--legacy").stdout)

        def dilate(config):
            layer = next(l["config"] for l in layers_of(config) if l["class_name"] == "Conv2D")
            layer["dilation_rate"] = [2, 2]
            self.name = layer["name"]
        edit_config(self.dir / "net.h5", dilate)
        fault, = json.loads(self.check_says_no("-m", "net.h5", "--legacy", "--json"))["faults"]
        self.assertEqual((fault["rule"], fault["layer"]), ("L-H2", self.name))
        self.assertRegex(self.check_says_no("-m", "net.h5", "--legacy"), r"not compatible[^\n]*\n  fault: %s: .*\(2, 2\)" % self.name)

    def test_check_tells_what_convert_tells(self):
        faulty = self.three_bit_model()
        told = self.check_says_no("-m", "q.h5")
        self.assertIn("q.h5: not compatible", told)
        self.assertEqual([n for n in faulty if re.search(r"^  fault: %s: .*3.* \[.+\]$" % re.escape(n), told, re.M)], faulty)
        answer = json.loads(self.check_says_no("-m", "q.h5", "--json"))
        converted = json.loads(self.cannot("convert", "-m", "q.h5", "--json").stdout)
        self.assertFalse(answer["compatible"])
        self.assertEqual(answer["faults"], converted["faults"])

    def test_check_names_unknown_layers(self):
        self.float_model()

        def rename(config):
            next(l for l in layers_of(config) if l["class_name"] == "ReLU")["class_name"] = "Mystery"
        edit_config(self.dir / "net.h5", rename)
        faults = json.loads(self.check_says_no("-m", "net.h5", "--json"))["faults"]
        self.assertEqual([f["rule"] for f in faults], ["L-H21"])
        self.assertIn("Mystery", faults[0]["message"])

    def test_l112_check_by_quantizeml(self):
        self.float_model()

        def bound(config):
            for l in layers_of(config):
                if l["class_name"] == "ReLU":
                    l["config"]["max_value"] = 6.0

        def plant(config):
            conv, relu = (next(l["config"] for l in layers_of(config) if l["class_name"] == c) for c in ("SeparableConv2D", "ReLU"))
            conv.update(dilation_rate=[2, 2])
            relu.update(max_value=None)
            planted.extend([("Q-050", conv["name"]), ("Q-079", relu["name"])])

        planted = []
        self.done("check", "-m", "net.h5", "--target", "v1", "--legacy")
        edit_config(self.dir / "net.h5", bound)
        self.assertIn("net.h5: compatible with Akida 1.0", self.done("check", "-m", "net.h5", "--target", "v1").stdout)
        told = self.check_says_no("-m", "net.h5", "--target", "v2")
        self.assertRegex(told, r"(?m)^  fault of conversion: sep_1: .* \[Q-056\]$")
        edit_config(self.dir / "net.h5", plant)
        told = self.check_says_no("-m", "net.h5", "--target", "v1")
        self.assertIn("not compatible with Akida 1.0", told)
        faults = json.loads(self.check_says_no("-m", "net.h5", "--target", "v1", "--json"))["faults"]
        for rule, layer in planted:
            self.assertIn((rule, layer, "conversion"), [(f["rule"], f["layer"], f["step"]) for f in faults])
            self.assertRegex(told, r"(?m)^  fault of conversion: %s: .* \[%s\]$" % (layer, rule))
        self.assertIn(("Q-060", "conversion"), [(f["rule"], f["step"]) for f in json.loads(self.check_says_no(
            "-m", "net.h5", "--target", "v1", "--input-dtype", "int8", "--json"))["faults"]])
        self.wrong("check", "-m", "net.h5", "--input-dtype", "float32")
        self.wrong("check", "-m", "net.h5", "--input-dtype", "int8", "--legacy")

    def test_l122_target_v2_is_refused_for_legacy_models(self):
        self.cannot("convert", "-m", self.quantized_model(), "--target", "v2")
        self.assertEqual(self.files(), ["net_iq8_wq4_aq4.h5"])

    def test_akida_models_run(self):
        self.done("convert", "-m", self.quantized_model("q.h5"))
        x = np.random.default_rng(3).integers(0, 256, (2, 3, 28, 28, 1)).astype("uint8")
        np.save(self.dir / "x.npy", x)
        np.save(self.dir / "flat.npy", x.reshape(6, 28, 28, 1))
        self.done("run", "-m", "q.fbz", "-i", "x.npy", "-o", "y.npy", "--layers", "l.npz")
        self.done("run", "-m", "q.fbz", "-i", "flat.npy", "-o", "flat_y.npy")
        self.done("run", "-m", "q.fbz", "-i", "flat.npy", "-o", "potentials.npy", "--predict")
        y, layers = np.load(self.dir / "y.npy"), np.load(self.dir / "l.npz")
        self.assertEqual((y.shape, y.dtype), ((2, 3, 1, 1, 10), np.int32))
        np.testing.assert_array_equal(np.load(self.dir / "flat_y.npy"), y.reshape(6, 1, 1, 10))
        np.testing.assert_array_equal(layers[layers.files[-1]], y.reshape(6, 1, 1, 10))
        self.assertEqual(np.load(self.dir / "potentials.npy").dtype, np.float32)

    def test_akida_models_take_their_own_input_only(self):
        self.done("convert", "-m", self.quantized_model("q.h5"))
        for name, x in (("f", np.zeros((1, 28, 28, 1), "float32")), ("s", np.zeros((1, 28, 27, 1), "uint8"))):
            np.save(self.dir / (name + ".npy"), x)
            r = self.cannot("run", "-m", "q.fbz", "-i", name + ".npy", "-o", "y.npy")
            self.assertIn("expected", r.stderr)
        self.assertNotIn("y.npy", self.files())
        self.wrong("run", "-m", "q.fbz", "-i", "f.npy", "-o", "y.npy", "--predict", "--layers", "l.npz")


def write_quantizeml(path, conv_bits=4, dense_bits=4):
    """A model of QuantizeML: a convolution on 4 channels, Flatten, a dense layer, a Dequantizer."""
    conv, dense = ({"weight_quantizer": {"bitwidth": bits}} for bits in (conv_bits, dense_bits))
    layers = [("InputLayer", dict(name="in", batch_input_shape=[None, 4, 4, 4], dtype="int8")),
              ("Custom>QuantizedConv2D", dict(name="c", filters=2, kernel_size=[3, 3],
                                              quant_config=dict(conv, output_quantizer={"bitwidth": 8}))),
              ("Custom>QuantizedFlatten", dict(name="f")),
              ("Custom>QuantizedDense", dict(name="d", units=3, quant_config=dense)),
              ("Custom>Dequantizer", dict(name="dq"))]
    weights = {"c": {"kernel:0": np.ones((3, 3, 4, 2)), "bias:0": np.zeros(2), "output_quantizer/range_max:0": np.float32(4),
                     "output_quantizer/rescaling_rate:0": np.float32(1)},
               "d": {"kernel:0": np.ones((8, 3)), "bias:0": np.zeros(3)}}
    config = {"class_name": "Sequential", "config": {"name": "net", "layers": [
        {"class_name": c, "config": k} for c, k in layers]}}
    with h5py.File(path, "w") as f:
        f.attrs["model_config"], f.attrs["keras_version"], f.attrs["backend"] = json.dumps(config), "2.19.0", "tensorflow"
        g = f.create_group("model_weights")
        g.attrs["layer_names"] = [k["name"].encode() for _, k in layers]
        for _, k in layers:
            own = weights.get(k["name"], {})
            layer = g.create_group(k["name"])
            layer.attrs["weight_names"] = [("%s/%s" % (k["name"], n)).encode() for n in own]
            for n, value in own.items():
                layer["%s/%s" % (k["name"], n)] = np.asarray(value, "f4")


class QuantizeML(Case):
    def setUp(self):
        super().setUp()
        self.model = self.dir / "q.h5"
        write_quantizeml(self.model)

    def test_l111_l121_l122_the_target_is_akida_2_unless_told_otherwise(self):
        self.done("convert", "-m", self.model, "-o", self.dir / "q.fbz")
        self.assertIn("Dense1D", self.done("inspect", "-m", self.dir / "q.fbz").stdout)
        refused = self.cannot("convert", "-m", self.model, "-o", self.dir / "one.fbz", "--target", "v1")
        self.assertIn("Q-054", refused.stderr)
        self.assertFalse((self.dir / "one.fbz").exists())
        refused = self.cannot("convert", "-m", self.model, "-o", self.dir / "one.fbz",
                              env=dict(os.environ, CNN2SNN_TARGET_AKIDA_VERSION="v1"))
        self.assertIn("Q-054", refused.stderr)
        self.done("convert", "-m", self.model, "-o", self.dir / "two.fbz", "--target", "v2",
                  env=dict(os.environ, CNN2SNN_TARGET_AKIDA_VERSION="v1"))

    def test_older_runtimes(self):
        self.done("convert", "-m", self.model, "-o", self.dir / "q.fbz", "--akida-release", "2.7.2")
        self.assertIn("Dense2D", self.done("inspect", "-m", self.dir / "q.fbz").stdout)
        refused = self.cannot("convert", "-m", self.model, "-o", self.dir / "old.fbz", "--akida-release", "2.4.0")
        self.assertEqual(refused.stderr.count("[A-RELEASE]"), 3)

    def test_all_faults_are_told(self):
        write_quantizeml(self.model, 3, 9)
        for arguments in (("check", "-m", self.model), ("convert", "-m", self.model, "-o", "x.fbz")):
            told = json.loads(self.cli(*arguments, "--json", "--target", "v2").stdout)
            self.assertEqual([(f["rule"], f["layer"]) for f in told["faults"]], [("Q-070", "c"), ("Q-072", "d")])

    def test_supported_ops(self):
        text = self.done("supported-ops", "--target", "v2").stdout
        self.assertIn("QuantizedConv2D > QuantizedReLU > QuantizedGlobalAveragePooling2D", text)
        blocks = json.loads(self.done("supported-ops", "--json").stdout)["blocks"]
        self.assertEqual({b["akida_version"] for b in blocks}, {"v1", "v2"})


class Mending(Case):
    """check --fix writes a model that computes the same, or none."""

    def change_layer(self, path, name, **changes):
        def change(config):
            next(l["config"] for l in layers_of(config) if l["config"]["name"] == name).update(changes)
        edit_config(self.dir / path, change)

    def setUp(self):
        super().setUp()
        self.float_model("net.h5")
        with h5py.File(self.dir / "net.h5") as f:
            pools = [l["config"] for l in layers_of(json.loads(f.attrs["model_config"])) if l["class_name"] == "MaxPooling2D"]
        self.pool = pools[0]["name"]
        self.other = {"same": "valid", "valid": "same"}[pools[0]["padding"]]

    def test_a_mended_model_converts(self):
        self.change_layer("net.h5", self.pool, padding=self.other)
        report = json.loads(self.cli("check", "-m", "net.h5", "--json").stdout)
        self.assertFalse(report["compatible"])
        self.assertEqual([(m["rule"], m["layer"]) for m in report["mendable"]], [("L-H16", self.pool)])
        self.assertIn("--fix FILE mends 1 place", self.cli("check", "-m", "net.h5").stdout)
        r = self.done("check", "-m", "net.h5", "--fix", "mended.h5")
        self.assertIn("mended: %s: " % self.pool, r.stdout)
        self.done("check", "-m", "mended.h5")
        self.done("quantize", "-m", "mended.h5", "-wq", "4", "-aq", "4", "-iq", "8", "-o", "q.h5")
        self.done("convert", "-m", "q.h5")
        np.save(self.dir / "x.npy", np.load(MNIST / "images_1000.npy")[:20].reshape(-1, 28, 28, 1))
        for m in ("net", "mended"):
            self.done("run", "-m", m + ".h5", "-i", "x.npy", "-o", m + ".npy")
        np.testing.assert_allclose(np.load(self.dir / "mended.npy"), np.load(self.dir / "net.npy"), rtol=1e-4, atol=1e-4)

    def test_as_json(self):
        self.change_layer("net.h5", self.pool, padding=self.other)
        report = json.loads(self.done("check", "-m", "net.h5", "--fix", "mended.h5", "--json").stdout)
        self.assertEqual((report["compatible"], report["output"], report["faults"]), (True, "mended.h5", []))
        self.assertEqual([m["layer"] for m in report["mended"]], [self.pool])

    def test_what_can_not_be_mended_is_not_written(self):
        self.change_layer("net.h5", self.pool, padding=self.other)
        edit_config(self.dir / "net.h5", lambda c: [l.update(class_name="LeakyReLU", config={"name": l["config"]["name"], "alpha": .1})
                                                    for l in layers_of(c) if l["class_name"] == "ReLU"])
        r = self.cli("check", "-m", "net.h5", "--fix", "mended.h5", "--json")
        self.assertEqual(r.returncode, 1)
        report = json.loads(r.stdout)
        self.assertEqual((report["compatible"], report["output"]), (False, None))
        self.assertTrue(report["mended"] and report["faults"])
        self.assertIn("not written", self.cli("check", "-m", "net.h5", "--fix", "mended.h5").stdout)
        self.assertEqual(self.files(), ["net.h5"])

    def test_models_that_need_no_mending_are_written_as_they_are(self):
        self.done("check", "-m", "net.h5", "--fix", "mended.h5")
        self.assertIn("mended.h5", self.files())
        self.assertNotIn("mendable", json.loads(self.done("check", "-m", "mended.h5", "--json").stdout))


class Comparing(Case):
    def setUp(self):
        super().setUp()
        self.done("convert", "-m", self.quantized_model("q.h5"), "-o", "a.fbz")

    def altered(self):
        """Another model: the classifier's kernel is negated."""
        self.quantized_model("other.h5")
        with h5py.File(self.dir / "other.h5", "r+") as f:
            kernel = f["model_weights/classifier/classifier"]["kernel:0"]
            kernel[...] = -kernel[()]
        self.done("convert", "-m", "other.h5", "-o", "b.fbz")

    def test_equal_models(self):
        shutil.copy(self.dir / "a.fbz", self.dir / "b.fbz")
        self.assertEqual(self.done("diff", "a.fbz", "b.fbz").stdout, "no difference\n")
        self.assertEqual(self.done("diff", "a.fbz", "b.fbz", "-q").stdout, "")
        self.assertEqual(json.loads(self.done("diff", "a.fbz", "b.fbz", "--json").stdout), {"differences": [], "equal": True})

    def test_different_models(self):
        self.altered()
        r = self.cli("diff", "a.fbz", "b.fbz")
        self.assertEqual((r.returncode, r.stderr), (1, ""))
        self.assertTrue(r.stdout)
        self.assertTrue(all(l.startswith("classifier: values") for l in r.stdout.splitlines()), r.stdout)
        r = self.cli("diff", "a.fbz", "b.fbz", "--json")
        self.assertEqual(r.returncode, 1)
        report = json.loads(r.stdout)
        self.assertFalse(report["equal"])
        self.assertIn("weights", [d["name"] for d in report["differences"]])
        self.assertEqual({d["layer"] for d in report["differences"]}, {"classifier"})

    def test_models_that_can_not_be_compared_do_not_differ(self):
        self.wrong("diff")
        self.wrong("diff", "a.fbz")
        self.wrong("diff", "a.fbz", "a.fbz", "a.fbz")
        for other in ("q.h5", "nothing.fbz"):
            for pair in (("a.fbz", other), (other, "a.fbz")):
                r = self.cli("diff", *pair)
                self.assertEqual(r.returncode, 2)
                self.assertIn(other, r.stderr)


class Verifying(Case):
    def setUp(self):
        super().setUp()
        self.quantized_model("q.h5")
        np.save(self.dir / "x.npy", np.load(MNIST / "images_1000.npy")[:100].reshape(-1, 28, 28, 1))

    def akida_model(self, name, change=None):
        """Of the quantized model, weights changed by change(group of layers)."""
        shutil.copy(self.dir / "q.h5", self.dir / "changed.h5")
        if change:
            with h5py.File(self.dir / "changed.h5", "r+") as f:
                change(f["model_weights"])
        self.done("convert", "-m", "changed.h5", "-o", name)

    def verify(self, *args, status=0):
        r = self.cli("verify", *args, "-i", "x.npy", "--json")
        self.assertEqual(r.returncode, status, r.stderr)
        report = json.loads(r.stdout)
        self.assertEqual(self.cli("verify", *args, "-i", "x.npy").returncode, status)
        return report, {l["layer"]: l for l in report["layers"]}

    def test_a_model_and_its_conversion_agree(self):
        self.akida_model("a.fbz")
        report, layers = self.verify("q.h5", "a.fbz")
        self.assertIsNone(report["first_divergent"])
        self.assertEqual(list(layers), ["conv_0", "sep_1", "classifier"])
        self.assertEqual([l["keras_layer"] for l in layers.values()], ["relu_0", "relu_1", "classifier"])
        self.assertEqual([l["scale"] for l in layers.values()], ["step", "step", "float"])
        self.assertTrue(all(l["integer"]["sqnr"] is None or l["integer"]["sqnr"] > 25 for l in layers.values()))
        text = self.done("verify", "q.h5", "a.fbz", "-i", "x.npy").stdout
        self.assertTrue(text.endswith("no layer diverges\n"), text)

    def test_measures_are_what_numpy_says(self):
        self.akida_model("a.fbz")
        _, layers = self.verify("q.h5", "a.fbz")
        self.done("run", "-m", "q.h5", "-i", "x.npy", "-o", "k.npy", "--layers", "k.npz")
        self.done("run", "-m", "a.fbz", "-i", "x.npy", "-o", "a.npy", "--predict")
        k, a = np.load(self.dir / "k.npy").astype(float), np.load(self.dir / "a.npy").astype(float).reshape(100, 10)
        measures = layers["classifier"]["integer"]
        self.assertAlmostEqual(measures["max"], np.abs(k - a).max(), 4)
        self.assertAlmostEqual(measures["mse"], ((k - a) ** 2).mean(), 6)
        self.assertAlmostEqual(measures["sqnr"], 10 * np.log10((k ** 2).sum() / ((k - a) ** 2).sum()), 2)
        by_channel = 10 * np.log10((k ** 2).sum(0) / ((k - a) ** 2).sum(0))
        self.assertEqual(layers["classifier"]["worst_channel"]["channel"], by_channel.argmin())
        self.assertAlmostEqual(layers["classifier"]["worst_channel"]["sqnr"], by_channel.min(), 2)

    def test_the_altered_layer_is_named(self):
        def negate(layer, weight):
            def change(g):
                g[layer][layer][weight][...] *= -1
            return change

        def one_channel(g):
            g["sep_1/sep_1/bias:0"][9] += 3
        for change, name in ((negate("conv_0", "kernel:0"), "conv_0"), (negate("sep_1", "pointwise_kernel:0"), "sep_1"),
                             (negate("classifier", "kernel:0"), "classifier"), (one_channel, "sep_1")):
            with self.subTest(name):
                self.akida_model("b.fbz", change)
                report, layers = self.verify("q.h5", "b.fbz", status=1)
                self.assertEqual(report["first_divergent"], name)
                for layer in layers:
                    if layer == name:
                        break
                    self.assertFalse(layers[layer]["diverges"])
                self.assertIn("layer %s diverges" % name, self.cli("verify", "q.h5", "b.fbz", "-i", "x.npy").stdout)
        self.assertEqual(layers["sep_1"]["worst_channel"]["channel"], 9)

    def altered(self, name, layer, variable, index=None):
        """b.fbz: the model with another value of a variable."""
        file = edit_variables.File((self.dir / name).read_bytes())
        values = file.get(layer, variable)
        i = len(values) // 2 if index is None else index
        values[i] = values[i] * 1.25 + 1 if isinstance(values[i], float) else values[i] - 1 if values[i] > 0 else values[i] + 1
        file.set(layer, variable, values)
        (self.dir / "b.fbz").write_bytes(file.bytes())

    def check_alterations(self, keras, akida):
        """A change of any variable of any layer is found where it was made."""
        for layer, variable in edit_variables.File((self.dir / akida).read_bytes()).places:
            with self.subTest(model=keras, layer=layer, variable=variable):
                self.altered(akida, layer, variable)
                r = self.cli("verify", keras, "b.fbz", "-i", "x.npy", "--json")
                self.assertEqual(r.returncode, 1, r.stdout + r.stderr)
                self.assertEqual(json.loads(r.stdout)["first_divergent"], layer)

    def test_integers_of_quantizeml_models_are_those_of_the_keras_model(self):
        for path in sorted((DATA / "quantizeml").glob("*.h5")):
            with self.subTest(path.stem):
                target = path.stem[:2]
                self.quantizeml_input(path)
                self.done("convert", "-m", path, "--target", target, "-o", "a.fbz")
                report, layers = self.verify(path, "a.fbz")
                self.assertIsNone(report["first_divergent"])
                self.assertEqual({l["scale"] for l in layers.values() if l["keras_layer"]} - {"float"}, {"derived"})
                if target == "v2":
                    for layer in layers.values():
                        self.assertEqual((layer["integer"]["max"], layer.get("unequal_integers", 0)), (0, 0), layer)

    def quantizeml_input(self, path):
        with h5py.File(path) as f:
            config = json.loads(f.attrs["model_config"])["config"]
        shape = next(l["config"].get("batch_input_shape") or l["config"]["batch_shape"] for l in config["layers"])[1:]
        np.save(self.dir / "x.npy", np.random.default_rng(3).integers(0, 256, (6, *shape)).astype("f4"))

    def test_any_altered_variable_of_a_quantizeml_model_is_found_in_its_layer(self):
        for path in sorted((DATA / "quantizeml").glob("*.h5")):
            self.quantizeml_input(path)
            self.done("convert", "-m", path, "--target", path.stem[:2], "-o", "a.fbz")
            self.check_alterations(path, "a.fbz")

    def test_any_altered_variable_of_a_legacy_model_is_found_in_its_layer(self):
        self.akida_model("a.fbz")
        self.check_alterations("q.h5", "a.fbz")

    def test_an_alteration_that_no_sample_shows_is_told_as_such(self):
        self.akida_model("a.fbz")
        np.save(self.dir / "x.npy", np.zeros((1, 28, 28, 1), np.uint8))
        self.altered("a.fbz", "conv_0", "weights")
        report, layers = self.verify("q.h5", "b.fbz", status=1)
        self.assertEqual((report["first_divergent"], layers["conv_0"]["altered_variable"]), ("conv_0", "weights"))
        self.assertIn("no value of these samples shows it", self.cli("verify", "q.h5", "b.fbz", "-i", "x.npy").stdout)

    def test_beside_the_float_model(self):
        self.akida_model("a.fbz")
        self.float_model("f.h5")
        _, layers = self.verify("q.h5", "a.fbz", "--float", "f.h5")
        for layer in layers.values():
            for key in ("quantized_to_float", "integer_to_float"):
                self.assertTrue(5 < layer[key]["sqnr"] < 25, layer)
        report, layers = self.verify("f.h5", "a.fbz")
        self.assertEqual(report["min_sqnr"], 5)
        self.assertEqual(layers["conv_0"]["scale"], "fitted")

    def test_the_threshold(self):
        self.akida_model("a.fbz")
        report, layers = self.verify("q.h5", "a.fbz", "--min-sqnr", "200", status=1)
        self.assertIn(report["first_divergent"], layers)

    def test_the_scaling_of_the_input(self):
        self.akida_model("a.fbz")
        self.verify("q.h5", "a.fbz", "--input-scaling", "1,0")
        report, _ = self.verify("q.h5", "a.fbz", "--input-scaling", "2,50", status=1)
        self.assertEqual(report["first_divergent"], "conv_0")

    def test_what_can_not_be_compared(self):
        self.akida_model("a.fbz")
        for pair, words in ((("a.fbz", "q.h5"), "a.fbz: an Akida model"), (("q.h5", "q.h5"), "q.h5: a Keras model"),
                            (("q.h5", "nothing.fbz"), "nothing.fbz"), (("nothing.h5", "a.fbz"), "nothing.h5")):
            self.assertIn(words, self.cannot("verify", *pair, "-i", "x.npy").stderr)
        np.save(self.dir / "x.npy", np.zeros((0, 28, 28, 1), "uint8"))
        self.assertIn("no samples", self.cannot("verify", "q.h5", "a.fbz", "-i", "x.npy").stderr)
        self.wrong("verify", "q.h5", "-i", "x.npy")
        self.wrong("verify", "q.h5", "a.fbz")
        self.wrong("verify", "q.h5", "a.fbz", "-i", "x.npy", "--input-scaling", "0,0")


class Writing(Case):
    """Nobody ever finds half a file."""

    def without_override(self):
        """Root minds the permissions of files as well."""
        if os.geteuid() == 0:
            libc = ctypes.CDLL(None)
            for capability in (1, 2):  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
                libc.prctl(24, capability, 0, 0, 0)  # PR_CAPBSET_DROP

    def test_read_only_folder(self):
        self.float_model()
        os.chmod(self.dir, 0o555)
        r = self.cannot("quantize", "-m", "net.h5", preexec_fn=self.without_override)
        self.assertIn("net_iq4_wq4_aq4.h5", r.stderr)
        self.assertEqual(self.files(), ["net.h5"])

    def test_folder_that_is_not_there(self):
        self.float_model()
        self.cannot("quantize", "-m", "net.h5", "-o", "no/where.h5")
        (self.dir / "file").write_text("")
        self.quantized_model("q.h5")
        self.cannot("convert", "-m", "q.h5", "-o", "file/model.fbz")
        self.assertEqual(self.files(), ["file", "net.h5", "q.h5"])

    def test_output_is_a_folder(self):
        self.float_model()
        (self.dir / "d.h5").mkdir()
        self.cannot("quantize", "-m", "net.h5", "-o", "d.h5")
        self.assertEqual(self.files(), ["net.h5"])

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_full_device(self):
        self.float_model()
        self.cannot("quantize", "-m", "net.h5", "-o", "/dev/full")
        with open("/dev/full", "w") as full:
            r = subprocess.run([CLI, "inspect", "-m", "net.h5"], stdout=full, stderr=subprocess.PIPE, cwd=self.dir)
        self.assertEqual(r.returncode, 1)

    def test_disk_full(self):
        """A limit of the file size cuts every write short, as a full disk does."""
        self.float_model()
        (self.dir / "old.h5").write_text("older")

        def limit():
            resource.setrlimit(resource.RLIMIT_FSIZE, (10000, 10000))
        self.cannot("quantize", "-m", "net.h5", preexec_fn=limit)
        self.cannot("quantize", "-m", "net.h5", "-o", "old.h5", preexec_fn=limit)
        self.quantized_model("q.h5")
        self.cannot("convert", "-m", "q.h5", preexec_fn=limit)
        self.assertEqual(self.files(), ["net.h5", "old.h5", "q.h5"])
        self.assertEqual((self.dir / "old.h5").read_text(), "older")

    def test_same_input_gives_same_bytes(self):
        self.quantized_model("q.h5")
        self.done("convert", "-m", "q.h5", "-o", "a.fbz")
        self.done("convert", "-m", "q.h5", "-o", "b.fbz", env={**os.environ, "LC_ALL": "C.UTF-8", "TZ": "Asia/Tokyo"})
        self.assertEqual((self.dir / "a.fbz").read_bytes(), (self.dir / "b.fbz").read_bytes())
        self.float_model()
        self.done("quantize", "-m", "net.h5", "-o", "a.h5")
        self.done("quantize", "-m", "net.h5", "-o", "b.h5")
        self.assertEqual((self.dir / "a.h5").read_bytes(), (self.dir / "b.h5").read_bytes())


class Inputs(Case):
    """No command writes over what it reads."""

    def refuses(self, option, *args):
        before = {f: (self.dir / f).read_bytes() for f in self.files()}
        r = self.cli(*args)
        self.assertEqual(r.returncode, 2, r.stdout + r.stderr)
        self.assertEqual(r.stdout, "")
        self.assertRegex(r.stderr, r"error: .*: the output would replace .*: name another file by %s$" % option)
        self.assertEqual({f: (self.dir / f).read_bytes() for f in self.files()}, before)

    def test_convert_keeps_the_model(self):
        self.quantized_model("q.h5")
        (self.dir / "sub").mkdir()
        os.symlink("q.h5", self.dir / "link.h5")
        os.symlink("../q.h5", self.dir / "sub/link.h5")
        os.link(self.dir / "q.h5", self.dir / "hard.h5")
        for output in ("q.h5", "./q.h5", "sub/../q.h5", self.dir / "q.h5", "link.h5", "sub/link.h5", "hard.h5"):
            with self.subTest(output):
                self.refuses("-o", "convert", "-m", "q.h5", "-o", output)
                self.refuses("-o", "convert", "-m", output, "-o", "q.h5")

    def test_convert_keeps_a_model_that_is_named_as_its_output(self):
        self.quantized_model("q.fbz")
        with h5py.File(self.dir / "q.fbz") as f:
            content = f.attrs["model_config"]
        os.rename(self.dir / "q.fbz", self.dir / "q")
        self.done("convert", "-m", "q", "-o", "q")
        self.assertEqual(self.files(), ["q", "q.fbz"])
        os.rename(self.dir / "q", self.dir / "model.fbz")
        os.link(self.dir / "model.fbz", self.dir / ("%s.fbz" % json.loads(content)["config"]["name"]))
        self.refuses("-o", "convert", "-m", "model.fbz", "-o", "./")
        r = self.cli("inspect", "-m", "model.fbz")
        self.assertEqual(r.returncode, 1)  # it goes by its name

    def test_samples_stay(self):
        self.quantized_model("q.h5")
        np.savez(self.dir / "s.npz", np.zeros((2, 28, 28, 1), "u1"))
        os.link(self.dir / "s.npz", self.dir / "t.h5")
        for output in ("s.npz", "./s.npz", "t.h5"):
            for command in (("calibrate", "bc"), ("calibrate", "adaround"), ("transform", "activations_rescaling")):
                self.refuses("-o", *command, "-m", "q.h5", "-sa", "s.npz", "-o", output)

    def test_what_is_run_stays(self):
        self.float_model()
        x = np.zeros((2, 28, 28, 1), "float32")
        np.save(self.dir / "x.npy", x)
        np.savez(self.dir / "z.npz", x)
        os.symlink("x.npy", self.dir / "y.npy")
        run = ("run", "-m", "net.h5", "-i")
        self.refuses("-o", *run, "x.npy", "-o", "x.npy")
        self.refuses("-o", *run, "x.npy", "-o", "y.npy")
        self.refuses("-o", *run, "x.npy", "-o", "net.h5")
        self.refuses("--layers", *run, "x.npy", "-o", "out.npy", "--layers", "net.h5")
        self.refuses("--layers", *run, "z.npz", "--layers", "./z.npz")
        self.refuses("-o", *run, "x.npy", "-i", "z.npz", "-o", "z.npz")
        r = self.cli(*run, "x.npy", "-o", "out.npz", "--layers", "./out.npz")
        self.assertEqual(r.returncode, 2)
        self.assertIn("name two", r.stderr)
        self.done(*run, "x.npy", "-o", "/dev/null", "--layers", "/dev/null")
        self.assertEqual(self.files(), ["net.h5", "x.npy", "y.npy", "z.npz"])

    def test_a_keras_model_is_rewritten_where_it_lies_when_told_so(self):
        for command in (("quantize",), ("transform", "fold_batchnorm"), ("check", "--fix")):
            self.float_model()
            output = ("net.h5",) if command[-1] == "--fix" else ("-o", "net.h5")
            before = (self.dir / "net.h5").read_bytes()
            self.done(*command[:1], "-m", "net.h5", *command[1:], *output)
            self.assertNotEqual((self.dir / "net.h5").read_bytes(), before)
            self.done("inspect", "-m", "net.h5")
        self.assertEqual(self.files(), ["net.h5"])

    def test_but_not_by_the_name_that_the_command_gives(self):
        self.quantized_model("net_iq8_wq4_aq4.h5")
        self.refuses("-o", "quantize", "-m", "net_iq8_wq4_aq4.h5", "-iq", "8")
        np.savez(self.dir / "s.npz", np.zeros((2, 28, 28, 1), "u1"))
        os.symlink("net_iq8_wq4_aq4.h5", self.dir / "net_iq8_wq4_aq4_bc_calibrated.h5")
        self.refuses("-o", "calibrate", "bc", "-q", "-m", "net_iq8_wq4_aq4.h5", "-sa", "s.npz")

    def test_as_json(self):
        self.quantized_model("q.h5")
        r = self.cli("convert", "-m", "q.h5", "-o", "q.h5", "--json")
        self.assertEqual(r.returncode, 2)
        answer = json.loads(r.stdout)
        self.assertEqual((answer["status"], answer["file"]), ("E_VALUE", "q.h5"))


class Targets(Case):
    """Where convert writes: as the reference's convert(model, file_path), devices and folders aside."""

    def setUp(self):
        super().setUp()
        self.quantized_model("q.h5")

    def convert(self, path):
        return self.done("convert", "-m", "q.h5", "-o", path)

    def test_extensions(self):
        for path, name in (("a.fbz", "a.fbz"), ("a.other", "a.other"), ("b", "b.fbz"), ("c.", "c."), (".d", ".d.fbz"), ("..e.f", "..e.f")):
            self.assertIn("saved in %s\n" % name, self.convert(path).stdout)
            self.assertIn(name, self.files())

    def test_missing_folders_are_made(self):
        self.convert("new/er/a.fbz")
        self.convert(self.dir / "all/new/b")
        self.assertEqual(self.files(), ["all/new/b.fbz", "new/er/a.fbz", "q.h5"])

    def test_a_folder_is_told_apart_from_a_file(self):
        (self.dir / "old").mkdir()
        (self.dir / "old.fbz").mkdir()
        for path in ("old", "old.fbz", "."):
            self.assertIn("%s: a folder: write %s/ for" % (path, path), self.cannot("convert", "-m", "q.h5", "-o", path).stderr)
        self.assertEqual(self.files(), ["q.h5"])
        (self.dir / "file").write_text("")
        r = self.cannot("convert", "-m", "q.h5", "-o", "file/a.fbz")
        self.assertRegex(r.stderr, "file.*: .*[Nn]ot a directory")
        self.assertRegex(self.cannot("convert", "-m", "q.h5", "-o", "").stderr, "empty")
        self.convert("old/")
        self.assertEqual(len(self.files()), 3)

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_devices_are_written_as_they_are_named(self):
        self.assertIn("/dev/full: can't be written", self.cannot("convert", "-m", "q.h5", "-o", "/dev/full").stderr)
        self.convert("/dev/null")
        self.convert("a.fbz")
        with open(self.dir / "b.fbz", "wb") as f:
            self.assertEqual(subprocess.run([CLI, "convert", "-m", "q.h5", "-o", "/dev/stdout"], stdout=f, cwd=self.dir).returncode, 0)
        self.assertEqual((self.dir / "a.fbz").read_bytes(), (self.dir / "b.fbz").read_bytes())
        self.assertEqual(self.files(), ["a.fbz", "b.fbz", "q.h5"])


class Speaking(Case):
    def test_quiet(self):
        self.float_model()
        r = self.done("quantize", "-m", "net.h5", "-q")
        self.assertEqual((r.stdout, r.stderr), ("", ""))

    def test_json_of_what_was_done(self):
        self.quantized_model("q.h5")
        answer = json.loads(self.done("convert", "-m", "q.h5", "--json").stdout)
        self.assertEqual(answer["output"], "q.fbz")
        self.assertIsInstance(answer["warnings"], list)

    def test_l114_scale_and_shift_are_deprecated(self):
        self.quantized_model("q.h5")
        drop_layers(self.dir / "q.h5", lambda i, kind: kind == "Rescaling")
        r = self.done("convert", "-m", "q.h5", "-sc", "2", "-sh", "0", "-o", "a.fbz")
        self.assertEqual(len(re.findall("deprecated", r.stderr)), 1)
        r = self.done("convert", "-m", "q.h5", "--input-scaling", "2,0", "-o", "b.fbz")
        self.assertNotIn("deprecated", r.stderr)
        self.assertEqual((self.dir / "a.fbz").read_bytes(), (self.dir / "b.fbz").read_bytes())

    def test_a_scale_that_is_not_positive_is_the_models_fault(self):
        self.quantized_model("q.h5")
        self.cannot("convert", "-m", "q.h5", "--input-scaling", "2,0")  # besides its Rescaling layer
        drop_layers(self.dir / "q.h5", lambda i, kind: kind == "Rescaling")
        self.cannot("convert", "-m", "q.h5", "--input-scaling", "-1,0")
        self.cannot("convert", "-m", "q.h5", "-sc", "0", "-sh", "0")

    def test_inspect_tables(self):
        self.quantized_model("q.h5")
        self.done("convert", "-m", "q.h5")
        table = self.done("inspect", "-m", "q.h5").stdout
        for word in ("layer", "kind", "parameters", "bits", "QuantizedConv2D", "(28, 28, 1)"):
            self.assertIn(word, table)
        table = self.done("inspect", "-m", "q.fbz").stdout
        for word in ("layer", "kind", "InputConvolutional", "(28, 28, 1)", "Akida 1"):
            self.assertIn(word, table)
        akida = json.loads(self.done("inspect", "-m", "q.fbz", "--json").stdout)
        self.assertEqual((akida["format"], akida["akida_version"]), ("akida", "v1"))
        self.assertEqual(akida["layers"][0]["kind"], "InputConvolutional")
        self.assertIn("weights", [v["name"] for v in akida["layers"][0]["variables"]])

    def test_content_decides_what_inspect_reads(self):
        self.quantized_model("q.h5")
        self.done("convert", "-m", "q.h5")
        shutil.move(self.dir / "q.fbz", self.dir / "akida-model")
        shutil.move(self.dir / "q.h5", self.dir / "keras-model")
        self.assertEqual(json.loads(self.done("inspect", "-m", "akida-model", "--json").stdout)["format"], "akida")
        self.assertEqual(json.loads(self.done("inspect", "-m", "keras-model", "--json").stdout)["format"], "keras")

    def test_l121_l122_environment_chooses_the_target(self):
        self.quantized_model("q.h5")
        r = self.cannot("convert", "-m", "q.h5", env={**os.environ, "CNN2SNN_TARGET_AKIDA_VERSION": "v9"})
        self.assertIn("CNN2SNN_TARGET_AKIDA_VERSION", r.stderr)
        for version in ("v1", "v2"):
            self.done("convert", "-m", "q.h5", env={**os.environ, "CNN2SNN_TARGET_AKIDA_VERSION": version})


class Running(Case):
    def setUp(self):
        super().setUp()
        self.float_model()
        self.images = np.load(MNIST / "images_1000.npy")
        np.save(self.dir / "x.npy", self.images[:6])

    def load(self, name):
        return np.load(self.dir / name)

    def test_one_output(self):
        self.done("run", "-m", "net.h5", "-i", "x.npy", "-o", "y.npy")
        y = self.load("y.npy")
        self.assertEqual((y.shape, y.dtype), ((6, 10), np.float32))

    def test_all_outputs_and_layers(self):
        self.done("run", "-m", "net.h5", "-i", "x.npy", "-o", "y.npz", "--layers", "l.npz")
        y, layers = self.load("y.npz"), self.load("l.npz")
        self.assertEqual(y.files, ["out_0"])
        names = [l["name"] for l in json.loads(self.done("inspect", "-m", "net.h5", "--json").stdout)["layers"]]
        self.assertEqual(set(names) - set(layers.files), set())
        np.testing.assert_array_equal(layers[names[-1]], y["out_0"])
        self.assertTrue(all(layers[n].shape[0] == 6 for n in names))

    def test_axes_in_front_are_the_batch(self):
        self.done("run", "-m", "net.h5", "-i", "x.npy", "-o", "y.npy")
        np.save(self.dir / "x32.npy", self.images[:6].reshape(3, 2, 28, 28, 1).astype("float32"))
        self.done("run", "-m", "net.h5", "-i", "x32.npy", "-o", "y32.npy")
        np.testing.assert_array_equal(self.load("y32.npy"), self.load("y.npy").reshape(3, 2, 10))
        np.save(self.dir / "x1.npy", self.images[0])
        self.done("run", "-m", "net.h5", "-i", "x1.npy", "-o", "y1.npy")
        np.testing.assert_allclose(self.load("y1.npy"), self.load("y.npy")[0], rtol=1e-6)

    def test_inputs_of_an_npz(self):
        np.savez(self.dir / "x.npz", anything=self.images[:6])
        self.done("run", "-m", "net.h5", "-i", "x.npy", "-o", "a.npy")
        self.done("run", "-m", "net.h5", "-i", "x.npz", "-o", "b.npy")
        np.testing.assert_array_equal(self.load("a.npy"), self.load("b.npy"))

    def test_wrong_inputs(self):
        np.save(self.dir / "flat.npy", np.zeros((6, 784), "float32"))
        np.save(self.dir / "vector.npy", np.zeros(5, "float32"))
        np.save(self.dir / "other.npy", np.zeros((6, 28, 27, 1), "float32"))
        for args in (("-i", "flat.npy"), ("-i", "vector.npy"), ("-i", "other.npy"), ("-i", "absent.npy"),
                     ("-i", "x.npy", "-i", "x.npy"), ("-i", "net.h5")):
            with self.subTest(args):
                self.cannot("run", "-m", "net.h5", *args, "-o", "y.npy", "--layers", "l.npz")
                self.assertFalse({"y.npy", "l.npz"} & set(self.files()))

    def test_no_samples(self):
        np.save(self.dir / "none.npy", self.images[:0])
        self.done("run", "-m", "net.h5", "-i", "none.npy", "-o", "y.npy")
        self.assertEqual(self.load("y.npy").shape, (0, 10))

    def test_no_progress_bar_in_a_pipe(self):
        r = self.done("evaluate", "-m", "net.h5", "-i", MNIST / "images_1000.npy", "-l", MNIST / "labels_1000.npy")
        self.assertEqual(r.stderr, "")

    def test_accuracy(self):
        want = json.loads((MNIST / "accuracy.json").read_text())
        for name, key in (("mnist_float.h5", "float"), ("mnist_iq8_wq4_aq4_qat.h5", "legacy_8_4_4_qat")):
            r = self.done("evaluate", "-m", MNIST / name, "-i", MNIST / "images_1000.npy", "-l", MNIST / "labels_1000.npy",
                          "--json")
            got = json.loads(r.stdout)
            self.assertEqual(got["count"], 1000)
            self.assertAlmostEqual(got["top1"], want[key], delta=0.002)
            self.assertGreaterEqual(got["top5"], got["top1"])
        self.assertRegex(self.done("evaluate", "-m", MNIST / name, "-i", MNIST / "images_1000.npy", "-l",
                                   MNIST / "labels_1000.npy").stdout, r"1000 samples, top-1 \d\d\.\d\d %, top-5 \d")

    def test_wrong_labels(self):
        good = np.load(MNIST / "labels_1000.npy")[:6]
        for name, labels in (("short", good[:5]), ("large", good + 10), ("negative", good.astype("int64") - 20),
                             ("floats", good.astype("float32"))):
            np.save(self.dir / (name + ".npy"), labels)
            with self.subTest(name):
                r = self.cannot("evaluate", "-m", "net.h5", "-i", "x.npy", "-l", name + ".npy")
                self.assertIn(name + ".npy", r.stderr)


if __name__ == "__main__":
    unittest.main()
