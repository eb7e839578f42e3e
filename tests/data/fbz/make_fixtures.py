#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Makes the .fbz files beside it: small models in every form of the format, built back to front by a builder of their own
(the library writes front to back), in Snappy blocks of literals. Needs nothing but Python."""
import os
import struct

INT32, FLOAT32, UINT8, INT8, INT1, INT4, INT2, INT16, UINT16 = 0, 1, 2, 3, 6, 7, 8, 9, 10
SIZES = {INT32: "i", FLOAT32: "f", UINT8: "B", INT8: "b", INT1: "b", INT4: "b", INT2: "b", INT16: "h", UINT16: "H"}


class Builder:
    """Objects are put in front of those that are there already; positions count from the end."""

    def __init__(self):
        self.data = b""

    def put(self, raw, align):
        self.data = raw + b"\0" * (-(len(self.data) + len(raw)) % align) + self.data
        return len(self.data)

    def vector(self, raw, count, align=4):
        return self.put(struct.pack("<I", count) + raw, max(align, 4))

    def string(self, text):
        raw = text.encode() if isinstance(text, str) else text
        return self.vector(raw + b"\0", len(raw))

    def offsets(self, targets):
        size = 4 * len(targets)
        end = len(self.data) + (-len(self.data) % 4) + size
        return self.vector(b"".join(struct.pack("<I", end - 4 * i - t) for i, t in enumerate(targets)), len(targets))

    def table(self, fields):
        """fields: {id: (format, value)}; format "o" is an offset to a position."""
        body, places, align = b"\0\0\0\0", {}, 4
        for field, (form, value) in sorted(fields.items()):
            size = 4 if form == "o" else struct.calcsize(form)
            body += b"\0" * (-len(body) % size)
            align = max(align, size)
            places[field] = (len(body), form, value)
            body += b"\0" * size
        body += b"\0" * (-len(body) % align)
        start = len(self.data) + (-len(self.data) % align) + len(body)
        body = bytearray(body)
        for at, form, value in places.values():
            raw = struct.pack("<I", start - at - value) if form == "o" else struct.pack("<" + form, value)
            body[at:at + len(raw)] = raw
        count = max(fields, default=-1) + 1
        vtable = struct.pack("<HH", 4 + 2 * count, len(body)) + b"".join(
            struct.pack("<H", places[i][0] if i in places else 0) for i in range(count))
        vtable += b"\0" * (-len(vtable) % align)
        struct.pack_into("<i", body, 0, len(vtable))
        return self.put(vtable + bytes(body), align) - len(vtable)

    def finish(self, root):
        size = len(self.data) + (-len(self.data) % 8) + 8
        self.data = b"\0" * (size - len(self.data)) + self.data
        return struct.pack("<I", size - root) + self.data[4:]


def snappy(payload):
    """One block of literals."""
    out, n = b"", len(payload)
    while n >= 128:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    out += bytes([n])
    for i in range(0, len(payload), 65536):
        part = payload[i:i + 65536]
        out += bytes([61 << 2]) + struct.pack("<H", len(part) - 1) + part
    return out


def keyed(b, values, form):
    entries = []
    for key in values:
        fields = {0: ("o", b.string(key))}
        if values[key]:
            fields[1] = (form, values[key])
        entries.append(b.table(fields))
    return b.table({0: ("o", b.offsets(entries))})


def variable(b, name, code, shape, values, layout):
    raw = struct.pack("<%d%s" % (len(values), SIZES[code]), *values)
    stored = shape if layout else shape[::-1]
    fields = {0: ("o", b.string(name)), 1: ("o", b.vector(struct.pack("<%dI" % len(stored), *stored), len(stored))),
              2: ("o", b.vector(raw, len(raw))), 3: ("B", code)}
    if layout:
        fields[4] = ("B", layout)
    return b.table(fields)


def layer(b, name, parameters, variables=(), inbounds=(), extra=None, old=None):
    made = [variable(b, *v) for v in variables]
    fields = {1: ("o", b.string(name)), 2: ("o", b.offsets(made)), 4: ("o", b.offsets([b.string(i) for i in inbounds]))}
    if old:
        kind, position = old(b)
        fields[3] = ("o", b.table({0: ("B", kind - 1), 1: ("B", kind), 2: ("o", position)}))
    else:
        fields[3] = ("o", b.table({3: ("o", keyed(b, dict(sorted(parameters.items())), "i"))}))
    fields.update(extra or {})
    return b.table(fields)


def model(layers, version=None, learning=None, extra=None):
    b = Builder()
    made = [layer(b, *a, **k) for a, k in layers]
    fields = {0: ("o", b.offsets(made))}
    if learning:
        fields[1] = ("o", keyed(b, learning, "d"))
    if version:
        fields[2] = ("o", b.string(version))
    fields.update(extra or {})
    return b.finish(b.table(fields))


def L(*a, **k):
    return a, k


def pattern(n, low, high):
    return [low + (7 * i + 3) % (high - low + 1) for i in range(n)]


def tail1(f, bits=4):
    return [("act_step", FLOAT32, [f], [1.5 + i for i in range(f)], 1), ("threshold", INT32, [f], pattern(f, -9, 90), 1)]


GEOMETRY = dict(kernel_width=3, kernel_height=1, stride_x=1, stride_y=1, padding=1, pool_type=0, pooling_width=-1,
                pooling_height=-1, pooling_stride_x=-1, pooling_stride_y=-1)
POOLED = dict(GEOMETRY, pool_type=1, pooling_width=2, pooling_height=2, pooling_stride_x=2, pooling_stride_y=2)


def current_v1():
    image = dict(POOLED, layer_type=2, input_width=6, input_height=4, input_channels=1, filters=2, weights_bits=8,
                 padding_value=0, activation=1, act_bits=4)
    return model([
        L("image", image, tail1(2) + [("weights", INT8, [3, 1, 1, 2], pattern(6, -90, 90), 0)]),
        L("conv", dict(GEOMETRY, layer_type=4, filters=3, weights_bits=2, activation=1, act_bits=2),
          tail1(3) + [("weights", INT2, [3, 1, 2, 3], pattern(18, -1, 1), 0)], ["image"]),
        L("separable", dict(GEOMETRY, layer_type=5, filters=2, weights_bits=4, activation=1, act_bits=1),
          tail1(2) + [("weights", INT4, [3, 1, 3, 1], pattern(9, -7, 7), 0),
                      ("weights_pw", INT4, [1, 1, 3, 2], pattern(6, -7, 7), 0)], ["conv"]),
        L("dense", dict(layer_type=3, units=2, weights_bits=1, activation=0, act_bits=1),
          tail1(2) + [("weights", INT1, [1, 1, 12, 2], pattern(24, 0, 1), 0)], ["separable"]),
    ])


def tail2(f):
    return [("bias", INT8, [f], pattern(f, -9, 9), 1), ("bias_shift", UINT8, [f], [1] * f, 1),
            ("output_scales", UINT8, [f], pattern(f, 1, 99), 1), ("output_shift", INT8, [f], [-4] * f, 1)]


def relu2(f):
    return [("max_value", UINT8, [f], [100] * f, 1), ("max_value_shift", UINT8, [f], [3] * f, 1)]


BITS = dict(buffer_bits=28, output_bits=8, post_op_buffer_bits=32, weights_bits=8)
CONV2 = dict(BITS, kernel_size=3, kernel_stride=1, padding=1, pool_type=0, pool_size=-1, pool_stride=-1)


def current_v2():
    def by_name(variables):
        return sorted(variables)

    return model([
        L("q", dict(layer_type=27, input_width=4, input_height=4, input_channels=1, output_bits=8, output_signed=0,
                    channels_first=0), [("scales", FLOAT32, [1], [0.5], 1), ("zero_points", UINT8, [1], [3], 1)]),
        L("image", dict(CONV2, layer_type=15, input_x=4, input_y=4, input_channels=1, filters=2, activation=1),
          by_name(tail2(2) + relu2(2) + [("padding_value", UINT8, [1], [7], 1), ("weights", INT8, [3, 3, 1, 2], pattern(18, -90, 90), 1)]), ["q"]),
        L("a", dict(CONV2, layer_type=14, filters=2, activation=0, weights_bits=4),
          by_name(tail2(2) + [("input_shift", UINT8, [2], [0, 1], 1), ("weights", INT4, [3, 3, 2, 2], pattern(36, -8, 7), 1)]), ["image"]),
        L("b", dict(CONV2, layer_type=16, activation=1),
          by_name(tail2(2) + relu2(2) + [("input_shift", UINT8, [2], [0, 1], 1), ("weights", INT8, [3, 3, 2, 1], pattern(18, -90, 90), 1)]), ["image"]),
        L("sum", dict(layer_type=6, buffer_bits=32, output_bits=8, post_op_buffer_bits=32),
          [("a_shift", UINT8, [2], [1, 0], 1), ("b_shift", UINT8, [2], [0, 2], 1), ("output_shift", INT8, [2], [-1, 0], 1)], ["a", "b"]),
        L("cat", dict(layer_type=12), [], ["sum", "a"]),
        L("dense", dict(BITS, layer_type=25, units=3, activation=0, output_bits=28),
          by_name(tail2(3) + [("input_shift", UINT8, [64], [0] * 64, 1), ("weights", INT8, [64, 3], pattern(192, -90, 90), 1)]), ["cat"]),
        L("dq", dict(layer_type=19), [("scales", FLOAT32, [3], [0.25, 0.5, 2.0], 1)], ["dense"]),
    ], version="2.19.3")


def typed():
    def size(b, w, h):
        return b.table({0: ("i", w), 1: ("i", h)})

    def kernel(b):
        return b.table({0: ("B", 3), 1: ("B", 1), 2: ("B", 1)})

    def stride(b):
        return b.table({0: ("B", 2), 1: ("B", 1)})

    def pool(b):
        return b.table({0: ("b", -1), 1: ("b", -1), 3: ("b", -1), 4: ("b", -1)})

    def activation(b):
        return b.table({0: ("B", 1), 1: ("f", 0), 2: ("f", 1.0), 3: ("B", 4)})

    def neurons(b, count, bits, learning=None):
        fields = {0: ("i", count), 1: ("B", bits), 3: ("o", activation(b))}
        if learning:
            fields[2] = ("o", b.table(learning))
        return b.table(fields)

    def convolutional(b, count):
        return b.table({0: ("o", neurons(b, count, 4)), 1: ("o", kernel(b)), 2: ("o", pool(b)), 3: ("o", stride(b))})

    def image(b):
        return 2, b.table({0: ("o", size(b, 8, 4)), 1: ("o", kernel(b)), 2: ("o", stride(b)), 3: ("i", 2), 4: ("B", 8),
                           5: ("o", pool(b)), 6: ("B", 3), 7: ("B", 127), 8: ("o", activation(b))})

    def conv(b):
        return 4, convolutional(b, 3)

    def separable(b):
        return 5, b.table({0: ("o", convolutional(b, 77)), 1: ("i", 5)})

    def dense(b):
        learning = {0: ("B", 1), 1: ("i", 40), 2: ("i", 3), 3: ("d", 0.75), 4: ("d", 0.1), 5: ("d", 0.5), 6: ("d", 0.25)}
        return 3, b.table({0: ("o", neurons(b, 6, 1, learning))})

    return model([
        L("image", {}, tail1(2) + [("weights", INT8, [3, 1, 3, 2], pattern(18, -90, 90), 0),
                                   ("wta_groups", INT32, [2], [0, 1], 0)], old=image),
        L("conv", {}, tail1(3) + [("weights", INT4, [3, 1, 2, 3], pattern(18, -7, 7), 0)], ["image"], old=conv),
        L("separable", {}, tail1(5) + [("weights", INT4, [3, 1, 3, 1], pattern(9, -7, 7), 0),
                                       ("weights_pw", INT4, [1, 1, 3, 5], pattern(15, -7, 7), 0)], ["conv"], old=separable),
        L("dense", {}, tail1(6) + [("weights", INT1, [1, 1, 20, 6], pattern(120, 0, 1), 0)], ["separable"], old=dense),
    ])


def typed_events():
    def data(b):
        return 1, b.table({0: ("o", b.table({0: ("i", 1), 1: ("i", 1)})), 1: ("i", 5), 2: ("i", 9), 3: ("B", 4)})

    return model([L("events", {}, old=data)])


def unknown():
    """A kind, parameters, fields and inbounds that nobody knows; entries not in order."""
    b = Builder()
    entries = [b.table({0: ("o", b.string(k)), 1: ("i", v), 5: ("i", 3)}) for k, v in
               (("zebra", -3), ("layer_type", 99), ("ape", 0))]
    parameters = b.table({3: ("o", b.table({0: ("o", b.offsets(entries))})), 9: ("i", 1)})
    odd = b.table({0: ("H", 7), 1: ("o", b.string("odd")), 3: ("o", parameters), 6: ("q", 12)})
    made = [layer(b, "in", dict(layer_type=1, input_width=1, input_height=2, input_channels=3, input_bits=4, input_signed=0,
                                novel=5)), odd]
    return b.finish(b.table({0: ("o", b.offsets(made)), 2: ("o", b.string("9.0")), 7: ("i", 1)}))


def old_v2():
    """Akida 2.0 as runtimes before 2.7 wrote it."""
    bits = dict(buffer_bits=32, output_bits=8)
    image = dict(CONV2, layer_type=15, input_x=4, input_y=4, input_channels=1, filters=2, activation=0, padding_value=9)
    for key in ("post_op_buffer_bits", "weights_bits"):
        del image[key]
    return model([
        L("image", image, sorted(tail2(2) + [("weights", INT8, [3, 3, 1, 2], pattern(18, -90, 90), 1)])),
        L("norm", dict(bits, layer_type=13, activation=0),
          [("a", INT8, [2], [3, -4], 1), ("b", INT8, [2], [1, 2], 1), ("b_shift", UINT8, [2], [1, 1], 1),
           ("input_shift", UINT8, [2], [0, 0], 1), ("output_scales", UINT8, [2], [2, 3], 1), ("output_shift", INT8, [2], [-1, -2], 1)], ["image"]),
        L("sum", dict(bits, layer_type=6, activation=1, post_op_buffer_bits=32),
          [("a_shift", UINT8, [2], [1, 0], 1), ("b_shift", UINT8, [2], [0, 2], 1)] + relu2(2) + [("output_shift", INT8, [2], [-1, 0], 1)], ["norm", "image"]),
        L("dense", dict(bits, layer_type=7, units=3, activation=0, collapse_dims=1),
          sorted(tail2(3) + [("input_shift", UINT8, [32], [0] * 32, 1), ("weights", INT8, [32, 3], pattern(96, -90, 90), 1)]), ["sum"]),
    ], version="2.4.0")


def learning():
    return model([
        L("in", dict(layer_type=1, input_width=1, input_height=1, input_channels=3, input_bits=1, input_signed=0)),
        L("fc", dict(layer_type=3, units=2, weights_bits=1, activation=0, act_bits=1),
          tail1(2) + [("threshold_learning", INT32, [2], [1, 2], 1), ("thswap", INT32, [2], [0, -1], 1),
                      ("weights", INT1, [1, 1, 3, 2], pattern(6, 0, 1), 0)], ["in"]),
    ], version="2.19.3", learning={"initial_plasticity": 0.75, "learning_competition": 0.10000000149011612, "learning_type": 0.0,
                                   "min_plasticity": 0.0625, "num_classes": 3.0, "num_weights": 5.0, "plasticity_decay": 0.375})


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    for make in (current_v1, current_v2, typed, typed_events, unknown, old_v2, learning):
        with open(os.path.join(here, make.__name__ + ".fbz"), "wb") as f:
            f.write(snappy(make()) + b"behind the block")


if __name__ == "__main__":
    main()
