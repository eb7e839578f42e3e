#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Hostile and mistaken .fbz files, through the API (ctypes) and through the command line: each gives an error that says what is
wrong and where, writes no output, and never ends the process.

  test_bad_models.py LIBRARY CLI SOURCE_ROOT [unittest arguments]
Needs numpy.
"""
import ctypes as C
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

os.environ["LIBCNN2SNN"], CLI, ROOT = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1)), Path(sys.argv.pop(1))
sys.path[:0] = [str(ROOT / "bindings/python"), str(ROOT / "tests/data/fbz")]
import numpy as np  # noqa: E402

import bad_models  # noqa: E402
import edit_variables  # noqa: E402
import libcnn2snn as c2s  # noqa: E402

c2s.lib.cnn2snn_akida_model_load_memory.argtypes = [C.c_void_p, C.c_char_p, C.c_size_t, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]
c2s.lib.cnn2snn_simulator_create.argtypes = [C.c_void_p, C.c_void_p, C.POINTER(C.c_void_p), C.POINTER(C.c_void_p)]
c2s.lib.cnn2snn_simulator_destroy.argtypes = [C.c_void_p]
E_IO, E_MALFORMED, E_UNSUPPORTED, E_LIMIT = -3, -4, -5, -7


class BadModels(unittest.TestCase):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)
        self.context = c2s.Context()
        np.save(self.dir / "x.npy", np.zeros((1, 4, 4, 2), np.int8))

    def cli(self, *args):
        return subprocess.run([CLI, *args], capture_output=True, text=True, cwd=self.dir, timeout=60)

    def load(self, data, path):
        if path:
            return self.context.load_akida(str(path))
        return c2s.AkidaModel(self.context, c2s.made("akida_model_load_memory", self.context.handle, data, len(data)))

    def refusal(self, function, *arguments):
        with self.assertRaises(c2s.Error) as caught:
            function(*arguments)
        return caught.exception

    def test_files_that_can_not_be_read_are_refused_from_path_and_from_memory(self):
        for name, (data, words, loads) in bad_models.files().items():
            if loads:
                continue
            with self.subTest(name):
                path = self.dir / "m.fbz"
                path.write_bytes(data)
                for error in (self.refusal(self.load, data, path), self.refusal(self.load, data, None)):
                    self.assertRegex(str(error), words)
                    self.assertTrue(error.rule, error)
                    self.assertLess(error.code, 0)
                    self.assertNotIn("\n", str(error))

    def test_models_that_can_not_run_load_and_say_which_layer_is_in_the_way(self):
        for name, (data, words, loads) in bad_models.files().items():
            if not loads:
                continue
            with self.subTest(name):
                model = self.load(data, None)
                error = self.refusal(c2s.made, "simulator_create", model.handle, None)
                self.assertRegex(str(error), words)
                self.assertTrue(error.rule, error)
                layer = re.match(r"([a-z0-9\[\]\-+]+): ", words)
                if layer:
                    self.assertRegex(error.layer, "^%s$" % layer[1])

    def test_the_command_line_says_the_same_and_writes_nothing(self):
        for name, (data, words, loads) in bad_models.files().items():
            with self.subTest(name):
                (self.dir / "m.fbz").write_bytes(data)
                r = self.cli("run", "-m", "m.fbz", "-i", "x.npy", "-o", "y.npy", "--layers", "l.npz")
                self.assertEqual(r.returncode, 1, r.stderr)
                self.assertRegex(r.stderr, words)
                self.assertEqual(sorted(os.listdir(self.dir)), ["m.fbz", "x.npy"])
                self.assertEqual(self.cli("evaluate", "-m", "m.fbz", "-i", "x.npy", "-l", "x.npy").returncode, 1)
                self.assertEqual(self.cli("inspect", "-m", "m.fbz").returncode, 0 if loads else 1)
                self.assertEqual(self.cli("diff", "m.fbz", "m.fbz").returncode, 0 if loads else 2)

    def test_inspect_reports_what_nobody_knows(self):
        for name, words in (("kind_unknown", "kind 99 of odd isn't known"), ("parameter_unknown", "parameter zebra of conv"),
                            ("variable_unknown", "variable stripes of conv"), ("field_unknown", "conv holds fields .*1"),
                            ("root_field_unknown", "the model holds fields .*1"), ("kernel_too_large", "conv: the kernel doesn't fit")):
            with self.subTest(name):
                (self.dir / "m.fbz").write_bytes(bad_models.files()[name][0])
                self.assertRegex(self.cli("inspect", "-m", "m.fbz").stdout, words)
        layers = {}
        for name in ("parameter_unknown", "variable_unknown", "field_unknown"):
            (self.dir / "m.fbz").write_bytes(bad_models.files()[name][0])
            layers[name] = json.loads(self.cli("inspect", "-m", "m.fbz", "--json").stdout)["layers"][1]
        self.assertEqual(layers["parameter_unknown"]["unknown"], ["zebra"])
        self.assertEqual(layers["variable_unknown"]["unknown"], ["stripes"])
        self.assertEqual(layers["field_unknown"]["unknown_fields"], 1)

    def test_the_kinds_that_no_fixture_has_load_run_and_are_written_as_they_were_read(self):
        for name, make in bad_models.GOOD.items():
            with self.subTest(name):
                data = bad_models.snappy(make())
                model = self.load(data, None)
                c2s.lib.cnn2snn_simulator_destroy(c2s.made("simulator_create", model.handle, None))
                model.save(self.dir / "a.fbz")
                again = self.context.load_akida(str(self.dir / "a.fbz"))
                self.assertEqual(model.diff(again), [])
                again.save(self.dir / "b.fbz")
                self.assertEqual((self.dir / "a.fbz").read_bytes(), (self.dir / "b.fbz").read_bytes())

    def test_inputs_of_another_shape_or_type_are_refused(self):
        (self.dir / "m.fbz").write_bytes(bad_models.snappy(bad_models.one(bad_models.conv())))
        good = np.zeros((2, 4, 4, 2), np.int8)
        for name, x, words in (("channels", good[..., :1], r"\(2, 4, 4, 1\), expected \(None, 4, 4, 2\)"), ("rows", good[:, :3], r"\(2, 3, 4, 2\)"),
                               ("rank 1", good[0, 0, 0], "shape"), ("rank 2", good[0, 0], "shape"), ("rank 0", good[0, 0, 0, 0], "shape|dimension"),
                               ("unsigned", good.astype("u1"), "uint8, expected int8"), ("wide", good.astype("i4"), "int32, expected int8"),
                               ("floats", good.astype("f4"), "float32, expected int8"), ("doubles", good.astype("f8"), "float64, expected int8"),
                               ("NaN", good.astype("f4") * np.nan, "float32, expected int8"), ("bools", good.astype("?"), "bool|\\?"),
                               ("none", good[:0], "no samples|0 samples|empty")):
            with self.subTest(name):
                np.save(self.dir / "x.npy", x)
                r = self.cli("run", "-m", "m.fbz", "-i", "x.npy", "-o", "y.npy")
                if name == "none" and not r.returncode:
                    self.assertEqual(np.load(self.dir / "y.npy").shape[0], 0)
                    continue
                self.assertEqual(r.returncode, 1, r.stdout + r.stderr)
                self.assertRegex(r.stderr, words)
                self.assertFalse((self.dir / "y.npy").exists())


class OldReleases(unittest.TestCase):
    def verify(self, folder, version, also=None):
        """A model whose biases have a bit less than convert gives them, as of that release; `also`: a variable that differs, too."""
        context, keras = c2s.Context(), ROOT / "tests/data/quantizeml/v2_add_per_tensor.h5"
        model = context.load(keras)
        model.convert().save(folder / "a.fbz")
        file = edit_variables.File((folder / "a.fbz").read_bytes())
        for layer, variable in file.places:
            if variable == "bias":
                file.set(layer, "bias_shift", [n + 1 for n in file.get(layer, "bias_shift")])
                file.set(layer, "bias", [n + 1 >> 1 for n in file.get(layer, "bias")])
                if also:
                    values = file.get(layer, also)
                    file.set(layer, also, [values[0] - 1 if values[0] > 0 else values[0] + 1] + values[1:])
        return self.judge(folder, context, keras, model, file, version)

    def verify_v1(self, folder, version, too_far=False):
        """A model of Akida 1.0 whose biases, here thresholds, have 8 bits of the layer's largest, as of that release."""
        context, keras = c2s.Context(), ROOT / "tests/data/quantizeml/v1_mobile.h5"
        model = context.load(keras)
        model.convert(akida_version=1).save(folder / "a.fbz")
        file = edit_variables.File((folder / "a.fbz").read_bytes())
        for layer in ("conv2d", "separable_conv2d"):
            thresholds, steps = file.get(layer, "threshold"), file.get(layer, "act_step")
            biases = [t / s for t, s in zip(thresholds, steps)]
            unit = 2.0 ** (math.ceil(math.log2(max(map(abs, biases)))) - 7)
            rounded = [round(round(b / unit) * unit * s) for b, s in zip(biases, steps)]
            self.assertNotEqual(rounded, thresholds)
            if too_far:
                rounded[0] = thresholds[0] + math.ceil(2 * unit * steps[0]) + 2
            file.set(layer, "threshold", rounded)
        return self.judge(folder, context, keras, model, file, version)

    def judge(self, folder, context, keras, model, file, version):
        (folder / "b.fbz").write_bytes(file.bytes())
        context.load_akida(folder / "b.fbz").save(folder / "c.fbz", version)
        np.save(folder / "x.npy", np.random.default_rng(3).integers(0, 256, (4, *model.input_shape())).astype("f4"))
        r = subprocess.run([CLI, "verify", keras, folder / "c.fbz", "-i", folder / "x.npy", "--json"], capture_output=True, text=True)
        self.assertEqual(r.returncode, 1, r.stderr)
        return json.loads(r.stdout)

    def test_verify_tells_old_conversions_from_wrong_files(self):
        with tempfile.TemporaryDirectory() as t:
            answer = self.verify(Path(t), "2.7.2")
            self.assertTrue(answer["first_divergent"])
            self.assertIn("before 2.11", answer["explained_by_release"])
            self.assertIn("before 2.11", self.verify_v1(Path(t), "2.7.2")["explained_by_release"])
            self.assertIsNone(self.verify_v1(Path(t), "2.11.2")["explained_by_release"])
            self.assertIsNone(self.verify_v1(Path(t), "2.7.2", True)["explained_by_release"])
            for version, also in (("2.11.2", None), (None, None), ("2.7.2", "weights"), ("2.7.2", "output_shift")):
                self.assertIsNone(self.verify(Path(t), version, also)["explained_by_release"], (version, also))


if __name__ == "__main__":
    unittest.main()
