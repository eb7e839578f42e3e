#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""make_small_corpus.py: seeds of fbz, fbz_run and image that no real file gives: each error of the reader, each kind of layer,
each form of PNG and JPEG. Needs Python; of Pillow the JPEG forms, without which those that are there stay."""
import io
import pathlib
import struct
import sys
import zlib

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "data/fbz"))
import bad_models  # noqa: E402


def put(target, name, data):
    folder = HERE / "corpus" / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(data)


def models():
    for name, (data, _) in bad_models.CONTAINERS.items():
        put("fbz", "bad_" + name + ".fbz", bad_models.payload_of(data))
    for name, (data, _) in bad_models.PAYLOADS.items():
        put("fbz", "bad_" + name + ".payload", bad_models.payload_of(data))
    for name, (data, _) in bad_models.MODELS.items():
        put("fbz", "bad_" + name + ".payload", bad_models.payload_of(data))
        put("fbz_run", "bad_" + name + ".payload", bad_models.payload_of(data))
    for name, make in bad_models.GOOD.items():
        put("fbz", "kind_" + name + ".payload", make())
        put("fbz_run", "kind_" + name + ".payload", make())


# ------------------------------------------------------------------------------------------------ images

def chunk(kind, data, right=True):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) ^ (not right))


def png(rows, columns, depth, colour, extra=b"", interlace=0, data=None, end=b"", size=None):
    channels = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}[colour]
    line = (columns * depth * channels + 7) // 8
    if data is None:
        passes = [(rows, line)] if not interlace else [
            ((rows - y + dy - 1) // dy, ((columns - x + dx - 1) // dx * depth * channels + 7) // 8)
            for x, y, dx, dy in ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))
            if rows > y and columns > x]
        data = b"".join(bytes([i % 5]) + bytes((7 * i + 11 * k) % 256 if colour != 3 else 0x21 for k in range(n))
                        for count, n in passes for i in range(count))
    width, height = size or (columns, rows)
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlace)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + extra + chunk(b"IDAT", zlib.compress(data, 9)) + (end or chunk(b"IEND", b""))


PALETTE = chunk(b"PLTE", bytes(range(48)))
PNGS = {
    "gray_1": png(6, 9, 1, 0), "gray_2": png(6, 9, 2, 0), "gray_4": png(6, 9, 4, 0), "gray_8": png(6, 9, 8, 0), "gray_16": png(6, 9, 16, 0),
    "gray_transparent": png(6, 9, 8, 0, chunk(b"tRNS", b"\0\7")), "rgb": png(6, 9, 8, 2), "rgb_16": png(6, 9, 16, 2),
    "rgb_transparent": png(6, 9, 8, 2, chunk(b"tRNS", b"\0\7\0\7\0\7")), "palette": png(6, 9, 4, 3, PALETTE),
    "palette_alpha": png(6, 9, 4, 3, PALETTE + chunk(b"tRNS", b"\0\x80\xff")), "palette_1": png(6, 9, 1, 3, chunk(b"PLTE", bytes(6))),
    "palette_absent": png(6, 9, 4, 3), "gray_alpha": png(6, 9, 8, 4), "gray_alpha_16": png(6, 9, 16, 4), "rgba": png(6, 9, 8, 6),
    "rgba_16": png(6, 9, 16, 6), "interlaced": png(6, 9, 8, 2, interlace=1), "interlaced_1": png(13, 9, 1, 0, interlace=1),
    "interlaced_16": png(6, 9, 16, 6, interlace=1), "gamma": png(6, 9, 8, 2, chunk(b"gAMA", struct.pack(">I", 45455))),
    "bomb": png(1, 1, 8, 2, size=(65535, 65535)), "bomb_of_bits": png(1, 1, 1, 0, size=(1 << 20, 1 << 20)),
    "bomb_of_zeros": png(1, 1, 8, 0, size=(512, 512), data=bytes(513 * 512)),
    "endless": png(1, 1, 8, 2, size=(0x7fffffff, 0x7fffffff)), "empty": png(1, 1, 8, 2, size=(0, 5)),
    "too_little": png(6, 9, 8, 2, data=b"\0" * 40), "too_much": png(6, 9, 8, 0, data=b"\0" * 400),
    "filter_9": png(6, 9, 8, 0, data=b"\x09" * 60), "depth_3": png(6, 9, 3, 0, data=b"\0" * 60),
    "no_end": png(6, 9, 8, 0, end=b"\0"), "wrong_sum": png(6, 9, 8, 0, chunk(b"tEXt", b"a\0b", False)),
    "text_bomb": png(6, 9, 8, 0, chunk(b"zTXt", b"a\0\0" + zlib.compress(bytes(1 << 16), 9))),
    "profile": png(6, 9, 8, 2, chunk(b"iCCP", b"p\0\0" + zlib.compress(b"\0" * 200))), "cut": png(6, 9, 8, 2)[:60], "head": png(6, 9, 8, 2)[:8],
    "unknown_critical": png(6, 9, 8, 0, chunk(b"ABCD", b"1234")),
}


def jpegs():
    from PIL import Image
    image = Image.new("RGB", (21, 18))
    image.putdata([(12 * x % 256, 14 * y % 256, 7 * x * y % 256) for y in range(18) for x in range(21)])

    def saved(kind="RGB", **options):
        out = io.BytesIO()
        image.convert(kind).save(out, "JPEG", **options)
        return out.getvalue()
    plain = saved(quality=60)
    made = {"plain": plain, "gray": saved("L"), "cmyk": saved("CMYK"), "progressive": saved(progressive=True), "subsampled": saved(subsampling=2),
            "full": saved(subsampling=0), "progressive_gray": saved("L", progressive=True), "restarts": saved(restart_marker_blocks=1),
            "optimized": saved(optimize=True), "cut": plain[:-40], "cut_head": plain[:30], "cut_tables": plain[:200], "comment": saved(comment=b"c" * 40)}
    at = plain.index(b"\xff\xc0")
    made["bomb"] = plain[:at + 5] + b"\xff\xdc\xff\xdc" + plain[at + 9:]  # 65500 by 65500, the most that libjpeg takes
    made["bomb_over"] = plain[:at + 5] + b"\xff\xff\xff\xff" + plain[at + 9:]
    made["empty"] = plain[:at + 5] + b"\0\0\0\0" + plain[at + 9:]
    made["twelve_bits"] = plain[:at + 4] + b"\x0c" + plain[at + 5:]
    made["arithmetic"] = plain[:at + 1] + b"\xc9" + plain[at + 2:]
    made["lossless"] = plain[:at + 1] + b"\xc3" + plain[at + 2:]
    made["no_tables"] = plain[:plain.index(b"\xff\xc4")] + plain[plain.index(b"\xff\xda"):]
    progressive = made["progressive"]
    scan = progressive.rindex(b"\xff\xda")
    made["many_scans"] = progressive[:-2] + progressive[scan:-2] * 250 + progressive[-2:]
    return made


def images():
    made = {"png_" + name: (data, 6, 9) for name, data in PNGS.items()}
    try:
        made.update({"jpeg_" + name: (data, 18, 21) for name, data in jpegs().items()})
    except ImportError:
        print("Pillow is missing: no JPEG seeds")
    for number, (name, (data, rows, columns)) in enumerate(made.items()):
        # as large as it is, in the model's colours; and resized
        put("image", name, bytes([number % 2, rows - 1, columns - 1]) + data)
        put("image", name + "_resized", bytes([2 + (number + 1) % 2, 4 + number % 30, 3 + number % 7]) + data)


models()
images()
