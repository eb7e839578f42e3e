#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Odd arrays for run, evaluate, verify and calibrate: the right result, or what is wrong and where, and no file.

  test_odd_inputs.py CLI DATA [unittest arguments]      DATA: tests/data
Needs numpy.
"""
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import numpy as np

CLI, DATA = os.path.abspath(sys.argv.pop(1)), Path(sys.argv.pop(1)).resolve()
MNIST = DATA / "mnist"
X = np.load(MNIST / "images_1000.npy")[:6].reshape(6, 28, 28, 1)
LABELS = np.load(MNIST / "labels_1000.npy")[:6]
RIGHT = None


def with_value(value):
    x = X.astype("f4")
    x[2, 3, 3, 0] = value
    return x


# name: (array, what run of a Keras model says, of an Akida model, what calibrate says); RIGHT: as for the plain array
INPUTS = {
    "plain": (X, RIGHT, RIGHT, RIGHT),
    "Fortran order": (np.asfortranarray(X), RIGHT, RIGHT, RIGHT),
    "big-endian floats": (X.astype(">f4"), RIGHT, "float32, expected uint8", RIGHT),
    "big-endian integers": (X.astype(">i2"), RIGHT, "int16, expected uint8", RIGHT),
    "float16": (X.astype("f2"), RIGHT, "float16, expected uint8", RIGHT),
    "float64": (X.astype("f8"), RIGHT, "float64, expected uint8", RIGHT),
    "int64": (X.astype("i8"), RIGHT, "int64, expected uint8", RIGHT),
    "bool": (X > 3, "differs", "bool, expected uint8", "differs"),
    "NaN": (with_value(np.nan), "differs", "float32, expected uint8", "sample 2 holds a value that is NaN"),
    "infinity": (with_value(np.inf), "differs", "float32, expected uint8", "sample 2 holds a value that is infinite"),
    "no samples": (X[:0], "none", "none", "no samples"),
    "a vector": (X[0, :, 0, 0], "1 dimensions, the model takes 3", r"\(28,\), expected \(None, 28, 28, 1\)", "1 dimensions, expected 4"),
    "flat": (X.reshape(6, 784), "2 dimensions, the model takes 3", r"\(6, 784\), expected", "2 dimensions, expected 4"),
    "without channels": (X[..., 0], r"\(1, 6, 28, 28\), expected", r"\(1, 6, 28, 28\), expected", "3 dimensions, expected 4"),
    "another size": (X[:, :27], r"\(6, 27, 28, 1\), expected", r"\(6, 27, 28, 1\), expected", r"\(6, 27, 28, 1\), expected"),
    "an axis of zero": (X[:, :, :0], r"\(6, 28, 0, 1\), expected", r"\(6, 28, 0, 1\), expected", r"\(6, 28, 0, 1\), expected"),
    "a number": (np.float32(1), "0 dimensions", "expected", "number of samples in front"),
    "texts": (np.array(["a"] * 6), "'<U1', expected numbers", "'<U1', expected numbers", "'<U1', expected numbers"),
    "complex numbers": (X.astype("c8"), "'<c8', expected numbers", "'<c8', expected numbers", "'<c8', expected numbers"),
    "objects": (np.array([1, None], dtype=object), r"'\|O', expected numbers", r"'\|O', expected numbers", r"'\|O', expected numbers"),
}

# name: (labels, what evaluate says)
LABELINGS = {
    **{t: (LABELS.astype(t), RIGHT) for t in ("u1", "i1", "<i2", ">i4", "i8", "u8")},
    "a column": (LABELS.reshape(6, 1), RIGHT),
    "Fortran order": (np.asfortranarray(LABELS.reshape(2, 3)), RIGHT),
    "floats": (LABELS.astype("f4"), "float32, expected integers"),
    "bool": (LABELS > 4, "bool, expected integers"),
    "one-hot floats": (np.eye(10)[LABELS], "float64, expected integers"),
    "one-hot": (np.eye(10, dtype="i4")[LABELS], r"60 labels for 6 samples, .*\(labels of shape \(6, 10\), samples of shape \(6, 28, 28, 1\)\)"),
    "too few": (LABELS[:3], "3 labels for 6 samples"),
    "too many": (np.concatenate([LABELS, LABELS]), "12 labels for 6 samples"),
    "none": (LABELS[:0], r"0 labels for 6 samples, .*\(labels of shape \(0,\)"),
    "a number": (np.array(3), r"1 labels for 6 samples, .*\(labels of shape \(\)"),
    "negative": (LABELS.astype("i4") - 20, r"label -\d+ of sample 0, the model has 10 classes: expected 0 to 9"),
    "too large": (np.array([0, 1, 10, 3, 4, 5]), "label 10 of sample 2, "),
    "beyond int64": (np.full(6, 2 ** 63 + 1, "u8"), "label 9223372036854775809 of sample 0, "),
    "texts": (np.array(list("abcdef")), "expected numbers"),
    "objects": (np.array([1, None, 2, 3, 4, 5], dtype=object), "expected numbers"),
}


class Case(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = Path(tempfile.mkdtemp())
        cls.addClassCleanup(shutil.rmtree, cls.dir)
        shutil.copy(MNIST / "mnist_iq8_wq4_aq4_qat.h5", cls.dir / "m.h5")
        subprocess.run([CLI, "convert", "-m", "m.h5", "-q"], cwd=cls.dir, check=True)
        np.save(cls.dir / "x.npy", X)
        np.save(cls.dir / "l.npy", LABELS)

    def cli(self, *args):
        return subprocess.run([CLI, *map(str, args)], capture_output=True, text=True, cwd=self.dir, timeout=60)

    def result(self, name, *args):
        """The bytes that were written; None where that was refused with `expected`."""
        path = self.dir / name
        r = self.cli(*args)
        if r.returncode:
            self.assertEqual(r.returncode, 1, r.stdout + r.stderr)
            self.assertRegex(r.stderr, "^cnn2snn: error: [^\n]+\n(    remedy: [^\n]+\n)?$")
            self.assertFalse(path.exists())
            return r.stderr
        self.assertEqual(r.stderr, "")
        data = path.read_bytes()
        path.unlink()
        self.assertEqual([p.name for p in self.dir.glob(".*")], [])
        return data

    def judge(self, got, want, plain):
        if want is RIGHT:
            self.assertEqual(got, plain)
        elif want == "differs":
            self.assertIsInstance(got, bytes)
            self.assertNotEqual(got, plain)
        elif want == "none":
            (self.dir / "none.npy").write_bytes(got)
            self.assertEqual(len(np.load(self.dir / "none.npy")), 0)
        else:
            self.assertIsInstance(got, str)
            self.assertRegex(got, want)


class Arrays(Case):
    def test_run(self):
        for column, model in ((1, "m.h5"), (2, "m.fbz")):
            plain = self.result("y.npy", "run", "-q", "-m", model, "-i", "x.npy", "-o", "y.npy")
            for name, row in INPUTS.items():
                with self.subTest(model=model, input=name):
                    np.save(self.dir / "in.npy", row[0], allow_pickle=True)
                    self.judge(self.result("y.npy", "run", "-q", "-m", model, "-i", "in.npy", "-o", "y.npy"), row[column], plain)

    def test_calibrate(self):
        plain = self.result("c.h5", "calibrate", "bc", "-q", "-m", "m.h5", "-sa", "x.npy", "-o", "c.h5")
        for name, row in INPUTS.items():
            with self.subTest(input=name):
                np.savez(self.dir / "in.npz", row[0])
                self.judge(self.result("c.h5", "calibrate", "bc", "-q", "-m", "m.h5", "-sa", "in.npz", "-o", "c.h5"), row[3], plain)

    def test_verify(self):
        for name, row in INPUTS.items():
            with self.subTest(input=name):
                np.save(self.dir / "in.npy", row[0], allow_pickle=True)
                r = self.cli("verify", "m.h5", "m.fbz", "-i", "in.npy")
                if row[2] is RIGHT:
                    self.assertEqual((r.returncode, r.stderr), (0, ""))
                else:
                    self.assertEqual(r.returncode, 1)
                    self.assertRegex(r.stderr, "no samples" if row[2] == "none" else row[2])

    def test_archives(self):
        np.savez(self.dir / "two.npz", a=X[:2], b=X[2:])
        np.savez_compressed(self.dir / "packed.npz", X)
        np.savez(self.dir / "empty.npz")
        for model in ("m.h5", "m.fbz"):
            plain = self.result("y.npy", "run", "-q", "-m", model, "-i", "x.npy", "-o", "y.npy")
            for name, want in (("packed.npz", RIGHT), ("two.npz", "2 input arrays given, the model takes 1"), ("empty.npz", "no arrays in the file")):
                with self.subTest(model=model, input=name):
                    self.judge(self.result("y.npy", "run", "-q", "-m", model, "-i", name, "-o", "y.npy"), want, plain)
        plain = self.result("c.h5", "calibrate", "bc", "-q", "-m", "m.h5", "-sa", "x.npy", "-o", "c.h5")
        for name, want in (("packed.npz", RIGHT), ("two.npz", RIGHT), ("empty.npz", "no arrays in the file")):
            self.judge(self.result("c.h5", "calibrate", "bc", "-q", "-m", "m.h5", "-sa", name, "-o", "c.h5"), want, plain)


class Labels(Case):
    def test_evaluate(self):
        for name, (labels, want) in LABELINGS.items():
            np.save(self.dir / "in.npy", labels, allow_pickle=True)
            for model in ("m.h5", "m.fbz"):
                with self.subTest(model=model, labels=name):
                    r = self.cli("evaluate", "-m", model, "-i", "x.npy", "-l", "in.npy")
                    if want is RIGHT:
                        self.assertEqual((r.returncode, r.stderr), (0, ""))
                        self.assertIn("6 samples, top-1 100.00 %", r.stdout)
                    else:
                        self.assertEqual((r.returncode, r.stdout), (1, ""))
                        self.assertRegex(r.stderr, r"^cnn2snn: error: in\.npy: [^\n]*%s[^\n]*\n$" % want)

    def test_samples_that_are_not_the_models_show_their_shape(self):
        np.save(self.dir / "in.npy", X[..., 0])
        r = self.cli("evaluate", "-m", "m.h5", "-i", "in.npy", "-l", "l.npy")
        self.assertEqual(r.returncode, 1)
        self.assertRegex(r.stderr, r"6 labels for 1 samples, .*samples of shape \(6, 28, 28\)")


class Places(Case):
    def test_outputs_that_can_not_be_written_are_told_before_any_is(self):
        for outputs, words in ((("-o", "no/y.npy"), "no/y.npy: there is no folder no/: make it first"),
                               (("-o", "y.npy", "--layers", "no/l.npz"), "no/l.npz: there is no folder no/"),
                               (("-o", "y.npy", "--layers", "/tmp"), "/tmp: a folder, expected the name of a file")):
            self.assertIn(words, self.result("y.npy", "run", "-m", "m.h5", "-i", "x.npy", *outputs))
        for command in (("calibrate", "bc", "-sa", "x.npy", "-o"), ("quantize", "-wq", "2", "-o"), ("transform", "syncretize", "-o"),
                        ("check", "--fix")):
            self.assertIn("there is no folder no/", self.result("no/m.h5", *command, "no/m.h5", "-m", "m.h5"))

    def test_files_that_can_not_be_read(self):
        (self.dir / "text.npy").write_text("1 2 3")
        (self.dir / "cut.npy").write_bytes((self.dir / "x.npy").read_bytes()[:-1])
        (self.dir / "folder").mkdir()
        for name in ("absent.npy", "text.npy", "cut.npy", "folder", "m.fbz"):
            for option in ("-i", "-l", "-sa"):
                args = {"-i": ("run", "-i", name, "-o", "y.npy"), "-l": ("evaluate", "-i", "x.npy", "-l", name),
                        "-sa": ("calibrate", "bc", "-sa", name, "-o", "y.npy")}[option]
                self.assertIn("error: %s: " % name, self.result("y.npy", *args, "-m", "m.h5"))


if __name__ == "__main__":
    unittest.main()
