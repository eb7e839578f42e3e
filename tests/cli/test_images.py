#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Folders of images as inputs of run and evaluate, and what evaluate tells of classes.

  test_images.py CLI DATA [unittest arguments]      DATA: tests/data
Needs numpy and h5py.
"""
import json
import os
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest
import zlib
from pathlib import Path

import h5py
import numpy as np

CLI, DATA = os.path.abspath(sys.argv.pop(1)), Path(sys.argv.pop(1)).resolve()
JPEG = DATA / "images"
TYPES = {1: 0, 2: 4, 3: 2, 4: 6}


def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(pixels, depth=8, extra=b"", colour=None, size=None):
    """A PNG of an array (rows, columns, channels)."""
    rows, columns, channels = pixels.shape
    lines = b"".join(b"\0" + row.astype(">u2" if depth == 16 else "u1").tobytes() for row in pixels)
    width, height = size or (columns, rows)
    head = struct.pack(">IIBBBBB", width, height, depth, TYPES[channels] if colour is None else colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND", b"")


def identity_model(path, shape, data_format="channels_last"):
    layers = [{"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [None, *shape], "dtype": "float32"}},
              {"class_name": "Activation", "config": {"name": "same", "activation": "linear", "dtype": "float32"}}]
    with h5py.File(path, "w") as f:
        f.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": layers}})
        f.attrs["keras_version"], f.attrs["backend"] = "2.15.0", "tensorflow"
        g = f.create_group("model_weights")
        g.attrs["layer_names"] = [b"same"]
        g.create_group("same").attrs["weight_names"] = np.zeros((0,), "S1")


def scaled(image, rows, columns):
    """The triangle filter, written another way: one dense matrix for each axis."""
    def matrix(n, m):
        s = n / m
        r = max(s, 1)
        w = np.maximum(0, 1 - np.abs(np.arange(n)[None, :] + .5 - (np.arange(m)[:, None] + .5) * s) / r)
        return w / w.sum(1, keepdims=True)
    return np.einsum("yi,ijc,xj->yxc", matrix(image.shape[0], rows), image.astype(float), matrix(image.shape[1], columns))


class Case(unittest.TestCase):
    def setUp(self):
        self.dir = Path(tempfile.mkdtemp())
        self.addCleanup(shutil.rmtree, self.dir)
        self.folder = self.dir / "images"
        self.folder.mkdir()

    def cli(self, *args):
        return subprocess.run([CLI, *map(str, args)], capture_output=True, text=True, cwd=self.dir, timeout=60)

    def put(self, name, data):
        (self.folder / name).write_bytes(data)

    def run_model(self, *args):
        r = self.cli("run", "-m", "m.h5", "-i", "images", "-o", "y.npy", *args)
        self.assertEqual(r.returncode, 0, r.stderr)
        return np.load(self.dir / "y.npy")

    def refused(self, words, *args):
        r = self.cli("run", "-m", "m.h5", "-i", "images", "-o", "y.npy", *args)
        self.assertEqual(r.returncode, 1, r.stdout + r.stderr)
        self.assertRegex(r.stderr, words)
        self.assertFalse((self.dir / "y.npy").exists())
        return r


class Images(Case):
    def test_pixels_of_png_files_by_name(self):
        x = np.random.default_rng(1).integers(0, 256, (3, 8, 10, 3))
        for name, image in zip(("b.PNG", "a.png", "a10.png"), x):
            self.put(name, png(image))
        self.put("labels.txt", b"no image")
        self.put(".png", b"no image")
        identity_model(self.dir / "m.h5", (8, 10, 3))
        np.testing.assert_array_equal(self.run_model(), x[[1, 2, 0]])

    def test_colours_become_gray_and_gray_is_spread(self):
        rng = np.random.default_rng(2)
        rgb, gray = rng.integers(0, 256, (4, 5, 3)), rng.integers(0, 256, (4, 5, 1))
        self.put("0.png", png(rgb))
        self.put("1.png", png(gray))
        identity_model(self.dir / "m.h5", (4, 5, 1))
        luma = (rgb @ [299, 587, 114] + 500) // 1000
        np.testing.assert_array_equal(self.run_model(), np.stack([luma[..., None], gray]))
        identity_model(self.dir / "m.h5", (4, 5, 3))
        np.testing.assert_array_equal(self.run_model(), np.stack([rgb, np.repeat(gray, 3, 2)]))

    def test_alpha_palettes_and_16_bits(self):
        rng = np.random.default_rng(3)
        rgba, gray_alpha = rng.integers(0, 256, (4, 5, 4)), rng.integers(0, 256, (4, 5, 2))
        wide = rng.integers(0, 65536, (4, 5, 3))
        palette, index = rng.integers(0, 256, (7, 3)), rng.integers(0, 7, (4, 5, 1))
        self.put("0.png", png(rgba))
        self.put("1.png", png(gray_alpha))
        self.put("2.png", png(index, colour=3, extra=chunk(b"PLTE", palette.astype("u1").tobytes()) + chunk(b"tRNS", b"\0\x80")))
        self.put("3.png", png(wide, depth=16, extra=chunk(b"gAMA", struct.pack(">I", 100000))))
        identity_model(self.dir / "m.h5", (4, 5, 3))
        y = self.run_model()
        np.testing.assert_array_equal(y[0], rgba[..., :3])
        np.testing.assert_array_equal(y[1], np.repeat(gray_alpha[..., :1], 3, 2))
        np.testing.assert_array_equal(y[2], palette[index[..., 0]])
        np.testing.assert_array_equal(y[3], np.floor(wide / 257 + .5))

    def test_jpeg(self):
        for i, name in enumerate(("gray", "colour", "progressive")):
            shutil.copy(JPEG / (name + ".jpg"), self.folder / ("%d.JPEG" % i))
        x, y, k = np.meshgrid(np.arange(10), np.arange(8), np.arange(3))
        expected = 7 * x + 5 * y + 40 * k
        identity_model(self.dir / "m.h5", (8, 10, 3))
        out = self.run_model()
        np.testing.assert_array_less(np.abs(out[0] - expected[..., :1]), 4)
        np.testing.assert_array_less(np.abs(out[1] - expected), 4)
        np.testing.assert_array_less(np.abs(out[2] - expected), 4)
        identity_model(self.dir / "m.h5", (8, 10, 1))
        luma = expected @ [.299, .587, .114]
        np.testing.assert_array_less(np.abs(self.run_model()[1, ..., 0] - luma), 4)

    def test_channels_first(self):
        x = np.random.default_rng(4).integers(0, 256, (4, 5, 3))
        self.put("0.png", png(x))
        identity_model(self.dir / "m.h5", (3, 4, 5))
        np.testing.assert_array_equal(self.run_model()[0], x.transpose(2, 0, 1))

    def test_resize(self):
        rng = np.random.default_rng(5)
        identity_model(self.dir / "m.h5", (7, 6, 3))
        for shape in ((7, 6, 3), (14, 12, 3), (3, 2, 3), (1, 1, 3), (50, 5, 3), (4, 31, 3), (1, 200, 3)):
            x = rng.integers(0, 256, shape)
            self.put("0.png", png(x))
            y = self.run_model("--resize")[0]
            self.assertEqual(y.shape, (7, 6, 3))
            np.testing.assert_array_less(np.abs(y - scaled(x, 7, 6)), .501, str(shape))
        self.put("0.png", png(np.full((9, 13, 3), 255)))
        self.assertEqual(np.unique(self.run_model("--resize")), [255])

    def test_sizes_must_match(self):
        self.put("a.png", png(np.zeros((4, 5, 1))))
        identity_model(self.dir / "m.h5", (5, 4, 1))
        self.refused(r"a\.png: 4 rows and 5 columns, expected 5 and 4 .*--resize")

    def test_folders_of_several_sizes_and_kinds(self):
        rng = np.random.default_rng(12)
        images = [rng.integers(0, 256, shape) for shape in ((4, 5, 3), (4, 5, 1), (8, 10, 4), (4, 5, 3))]
        for i, image in enumerate(images):
            self.put("%d.png" % i, png(image, depth=8))
        identity_model(self.dir / "m.h5", (4, 5, 3))
        self.refused(r"images/2\.png: 8 rows and 10 columns, expected 4 and 5 .*--resize")
        y = self.run_model("--resize")
        for i in (0, 3):
            np.testing.assert_array_equal(y[i], images[i])
        np.testing.assert_array_equal(y[1], np.repeat(images[1], 3, 2))
        np.testing.assert_array_less(np.abs(y[2] - scaled(images[2][..., :3], 4, 5)), .501)
        np.save(self.dir / "l.npy", np.arange(3))
        r = self.cli("evaluate", "-m", "m.h5", "-i", "images", "-l", "l.npy", "--resize")
        self.assertEqual(r.returncode, 1)
        self.assertIn("3 labels for 4 samples", r.stderr)
        os.remove(self.dir / "y.npy")
        self.put("4.png", b"no image")
        self.refused(r"images/4\.png: neither PNG nor JPEG", "--resize")

    @unittest.skipIf(os.geteuid() == 0, "root reads all files")
    def test_files_that_may_not_be_read(self):
        self.put("a.png", png(np.zeros((4, 5, 1))))
        os.chmod(self.folder / "a.png", 0)
        identity_model(self.dir / "m.h5", (4, 5, 1))
        self.refused(r"images/a\.png: the file can't be read")

    def test_models_without_images(self):
        self.put("a.png", png(np.zeros((4, 5, 1))))
        for shape, words in (((20,), "dimensions"), ((4, 5, 2), "2 channels"), ((None, None, 3), "no fixed size")):
            identity_model(self.dir / "m.h5", shape)
            self.refused(words)

    def test_images_are_not_written_over(self):
        identity_model(self.dir / "m.h5", (4, 5, 1))
        self.put("a.png", png(np.zeros((4, 5, 1))))
        before = (self.folder / "a.png").read_bytes()
        for output in ("images/a.png", self.folder / "a.png", "images"):
            r = self.cli("run", "-m", "m.h5", "-i", "images", "-o", output)
            self.assertEqual(r.returncode, 2, r.stderr)
            self.assertIn("would replace an input", r.stderr)
        self.assertEqual((self.folder / "a.png").read_bytes(), before)
        self.assertEqual(self.cli("run", "-m", "m.h5", "-i", "images", "-o", "images/y.npy").returncode, 0)

    def test_folders_without_images(self):
        identity_model(self.dir / "m.h5", (4, 5, 1))
        self.put("labels.txt", b"")
        self.refused("no .png")
        r = self.cli("run", "-m", "m.h5", "-i", "nothing", "-o", "y.npy")
        self.assertEqual(r.returncode, 1)


class Hostile(Case):
    def setUp(self):
        super().setUp()
        identity_model(self.dir / "m.h5", (8, 10, 3))

    def test_files_that_end_early(self):
        image = png(np.random.default_rng(6).integers(0, 256, (8, 10, 3)))
        jpeg = (JPEG / "colour.jpg").read_bytes()
        for data in (image, jpeg):
            for n in [0, 1, 2, 7, 8, 20, 33, 40, 60, len(data) // 2, len(data) - 13]:
                self.put("x.png", data[:n])
                with self.subTest(size=len(data), n=n):
                    self.refused("x.png: ")

    def test_flipped_bytes_are_told_or_read(self):
        rng = np.random.default_rng(7)
        for name, data in (("x.png", png(rng.integers(0, 256, (8, 10, 3)))), ("x.jpg", (JPEG / "progressive.jpg").read_bytes())):
            for _ in range(30):
                bad = bytearray(data)
                for i in rng.integers(2, len(data), 3):
                    bad[i] ^= 1 << rng.integers(0, 8)
                self.put(name, bytes(bad))
                r = self.cli("run", "-m", "m.h5", "-i", "images", "-o", "y.npy", "--resize")
                self.assertIn(r.returncode, (0, 1), r.stderr)
            os.remove(self.folder / name)

    def test_sizes_beyond_all_bounds(self):
        tiny = np.zeros((8, 10, 3))
        for size in ((2 ** 31 - 1, 2 ** 31 - 1), (60000, 60000), (70000, 1), (0, 8)):
            self.put("x.png", png(tiny, size=size))
            self.refused("x.png: ", "--resize")
        jpeg = bytearray((JPEG / "progressive.jpg").read_bytes())
        at = jpeg.index(b"\xff\xc2")
        jpeg[at + 5:at + 9] = b"\xff\xdc\xff\xdc"
        self.put("x.png", bytes(jpeg))
        self.refused("x.png: 65500 rows", "--resize")

    def test_other_contents(self):
        for data in (b"hello", b"\x89PNG and more", b"\xff\xd8\xff\xd8", (JPEG / "cmyk.jpg").read_bytes()):
            self.put("x.jpg", data)
            self.refused("x.jpg: ")

    def test_what_is_no_file(self):
        os.mkfifo(self.folder / "x.png")
        self.refused("x.png: no regular file")
        os.remove(self.folder / "x.png")
        os.mkdir(self.folder / "x.png")
        self.refused("x.png: no regular file")
        os.rmdir(self.folder / "x.png")
        os.symlink("nowhere", self.folder / "x.png")
        self.refused("x.png: no regular file")

    def test_a_scan_bomb_ends(self):
        jpeg = (JPEG / "progressive.jpg").read_bytes()
        first = jpeg.index(b"\xff\xda")
        scan_end = jpeg.index(b"\xff\xc4", first)
        scan = jpeg[first:scan_end]
        self.put("x.jpg", jpeg[:first] + scan * 500 + jpeg[first:])
        self.refused("scans")


class Evaluate(Case):
    """A model whose outputs are its inputs: classes are chosen by the test."""

    def evaluate(self, x, labels, *args):
        identity_model(self.dir / "m.h5", x.shape[1:])
        np.save(self.dir / "x.npy", x)
        np.save(self.dir / "l.npy", np.asarray(labels))
        r = self.cli("evaluate", "-m", "m.h5", "-i", "x.npy", "-l", "l.npy", *args)
        self.assertEqual(r.returncode, 0, r.stderr)
        return r.stdout

    def test_figures_against_numpy(self):
        rng = np.random.default_rng(8)
        x, labels = rng.integers(0, 4, (1000, 12)).astype("float32"), rng.integers(0, 12, 1000)
        report = json.loads(self.evaluate(x, labels, "--json"))
        order = np.argsort(-x, axis=1, kind="stable")
        self.assertEqual(report["count"], 1000)
        self.assertAlmostEqual(report["top1"], np.mean(order[:, 0] == labels), 9)
        self.assertAlmostEqual(report["top5"], np.mean((order[:, :5] == labels[:, None]).any(1)), 9)
        matrix = np.zeros((12, 12), int)
        np.add.at(matrix, (labels, order[:, 0]), 1)
        np.testing.assert_array_equal(report["confusion"], matrix)
        self.assertGreater(report["samples_per_second"], 0)

    def test_confusion_as_text(self):
        text = self.evaluate(np.eye(3, dtype="float32")[[0, 1, 1]], [0, 1, 2], "--confusion")
        self.assertRegex(text, r"^m\.h5: 3 samples, top-1 66\.67 %, [\d.]+ samples/s\n")
        self.assertEqual(text.split("\n", 1)[1], "label \\ output\n  0 1 2\n0 1 0 0\n1 0 1 0\n2 0 1 0\n")

    def test_what_is_not_a_number_is_wrong(self):
        x = np.array([[np.nan, 0], [0, np.nan], [np.nan, np.nan]], "float32")
        report = json.loads(self.evaluate(x, [1, 1, 0], "--json"))
        self.assertAlmostEqual(report["top1"], 1 / 3)
        self.assertEqual(report["confusion"], [[0, 0], [1, 1]])

    def test_too_many_classes_for_a_matrix(self):
        x = np.zeros((2, 3000), "float32")
        self.assertIsNone(json.loads(self.evaluate(x, [0, 1], "--json"))["confusion"])
        r = self.cli("evaluate", "-m", "m.h5", "-i", "x.npy", "-l", "l.npy", "--confusion")
        self.assertEqual(r.returncode, 1)
        self.assertIn("3000 classes", r.stderr)

    def test_labels_must_go_with_the_samples(self):
        self.evaluate(np.eye(4, dtype="float32"), [0, 1, 2, 3])
        for labels, words in (([0, 1], "2 labels for 4 samples"), (range(8), "8 labels"), ([0, 1, 2, 4], "label 4"),
                              ([0, 1, 2, -1], "label -1"), ([0., 1, 2, 3], "expected integers")):
            np.save(self.dir / "l.npy", np.asarray(labels))
            r = self.cli("evaluate", "-m", "m.h5", "-i", "x.npy", "-l", "l.npy")
            self.assertEqual(r.returncode, 1)
            self.assertIn(words, r.stderr)

    def test_several_axes_in_front(self):
        x = np.eye(4, dtype="float32")
        self.evaluate(x, [0, 1, 2, 3])
        np.save(self.dir / "x.npy", x.reshape(2, 2, 4))
        r = self.cli("evaluate", "-m", "m.h5", "-i", "x.npy", "-l", "l.npy", "--json")
        self.assertEqual(json.loads(r.stdout)["top1"], 1)

    def test_an_akida_model_on_a_folder(self):
        images = np.load(DATA / "mnist/images_1000.npy")[:300].reshape(-1, 28, 28, 1)
        labels = np.load(DATA / "mnist/labels_1000.npy")[:300]
        for i, image in enumerate(images):
            self.put("%04d.png" % i, png(image))
        np.save(self.dir / "x.npy", images)
        np.save(self.dir / "l.npy", labels)
        self.assertEqual(self.cli("convert", "-m", DATA / "mnist/mnist_iq8_wq4_aq4_qat.h5", "-o", "m.fbz").returncode, 0)
        reports = [json.loads(self.cli("evaluate", "-m", "m.fbz", "-i", i, "-l", "l.npy", "--json").stdout)
                   for i in ("x.npy", "images")]
        for r in reports:
            del r["samples_per_second"]
        self.assertEqual(reports[0], reports[1])
        self.assertGreater(reports[0]["top1"], .9)

    def test_a_vector_stands_for_one_pixel(self):
        rng = np.random.default_rng(9)
        layers = [{"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [None, 20], "dtype": "float32"}},
                  {"class_name": "Dense", "config": {"name": "dense", "units": 3, "activation": "linear", "use_bias": False}}]
        with h5py.File(self.dir / "d.h5", "w") as f:
            f.attrs["model_config"] = json.dumps({"class_name": "Sequential", "config": {"name": "m", "layers": layers}})
            f.attrs["keras_version"], f.attrs["backend"] = "2.15.0", "tensorflow"
            g = f.create_group("model_weights")
            g.attrs["layer_names"] = [b"dense"]
            d = g.create_group("dense")
            d.attrs["weight_names"] = [b"dense/kernel:0"]
            d["dense/kernel:0"] = rng.normal(size=(20, 3)).astype("float32")
        self.assertEqual(self.cli("quantize", "-m", "d.h5", "-wq", 4, "-aq", 4, "-iq", 4, "-o", "q.h5").returncode, 0)
        self.assertEqual(self.cli("convert", "-m", "q.h5", "-o", "m.fbz").returncode, 0)
        x, y = rng.integers(0, 16, (5, 20)).astype("uint8"), {}
        np.save(self.dir / "flat.npy", x)
        np.save(self.dir / "pixel.npy", x.reshape(5, 1, 1, 20))
        np.save(self.dir / "l.npy", np.zeros(5, int))
        for name in ("flat", "pixel"):
            r = self.cli("run", "-m", "m.fbz", "-i", name + ".npy", "-o", "y.npy")
            self.assertEqual(r.returncode, 0, r.stderr)
            y[name] = np.load(self.dir / "y.npy")
        np.testing.assert_array_equal(y["flat"], y["pixel"])
        self.assertEqual(y["flat"].shape, (5, 1, 1, 3))
        r = self.cli("evaluate", "-m", "m.fbz", "-i", "flat.npy", "-l", "l.npy", "--json")
        self.assertEqual(json.loads(r.stdout)["top1"], np.mean(y["flat"].reshape(5, 3).argmax(1) == 0))


if __name__ == "__main__":
    unittest.main()
