# SPDX-License-Identifier: Apache-2.0
"""Models that can't be loaded or run, each with a word of the error that must say why, and small models of the kinds that the
fixtures lack. Used by the tests of the command line and by the fuzz corpora."""
import struct

from make_fixtures import (BITS, CONV2, FLOAT32, GEOMETRY, INT1, INT16, INT32, INT8, UINT16, UINT8, Builder, L, keyed, layer, model,
                           pattern, relu2, snappy, tail1, tail2, variable, current_v1, current_v2, typed, typed_events)

EVENTS = dict(layer_type=1, input_width=4, input_height=4, input_channels=2, input_bits=8, input_signed=1)
NAN, INF = float("nan"), float("inf")


def events(**changes):
    return L("in", dict(EVENTS, **changes))


def conv(name="conv", inbounds=("in",), drop=(), more=(), variables=None, **changes):
    """A 3x3 Conv2D of 2 channels to 2 filters. `more`: variables beside or instead of the usual."""
    usual = tail2(2) + [("input_shift", UINT8, [2], [0, 1], 1), ("weights", INT8, [3, 3, 2, 2], pattern(36, -90, 90), 1)]
    if changes.get("activation") == 1:
        usual += relu2(2)
    names = [v[0] for v in more]
    held = sorted([v for v in usual if v[0] not in names and v[0] not in drop] + list(more))
    keys = {k: v for k, v in {**CONV2, "layer_type": 14, "filters": 2, "activation": 0, **changes}.items() if k not in drop}
    return L(name, keys, held if variables is None else variables, inbounds)


def one(*layers, **more):
    return model([events(), *layers], **more)


def add(name="add", inbounds=("in", "in"), **changes):
    return L(name, dict(layer_type=6, buffer_bits=32, output_bits=8, post_op_buffer_bits=32, **changes),
             [("a_shift", UINT8, [2], [1, 0], 1), ("b_shift", UINT8, [2], [0, 2], 1), ("output_shift", INT8, [2], [-1, 0], 1)], inbounds)


def quantizer(scale, **changes):
    return L("q", dict(dict(layer_type=27, input_width=4, input_height=4, input_channels=2, output_bits=8, output_signed=1,
                            channels_first=0), **changes), [("scales", FLOAT32, [2], [0.5, scale], 1), ("zero_points", UINT8, [2], [0, 3], 1)])


def dequantizer(*scales, inbounds=("in",)):
    return L("dq", dict(layer_type=19), [("scales", FLOAT32, [len(scales)], scales, 1)], inbounds)


def dense1(step=1.5, **changes):
    keys = dict(layer_type=3, units=2, weights_bits=1, activation=1, act_bits=4)
    keys.update(changes)
    return model([events(input_bits=4, input_signed=0), L("fc", keys, [
        ("act_step", FLOAT32, [2], [1.0, step], 1), ("threshold", INT32, [2], [0, 5], 1), ("weights", INT1, [1, 1, 32, 2], pattern(64, 0, 1), 0)], ["in"])])


def image1(**changes):
    keys = dict(GEOMETRY, layer_type=2, input_width=6, input_height=4, input_channels=1, filters=2, weights_bits=8, padding_value=0,
                activation=1, act_bits=4)
    keys.update(changes)
    return model([L("image", keys, tail1(2) + [("weights", INT8, [3, 1, 1, 2], pattern(6, -90, 90), 0)])])


def recurrent(**changes):
    keys = dict(layer_type=26, activation=0, buffer_bits=28, internal_state_bits=16, output_bits=20, output_channels=2, post_op_buffer_bits=32,
                stateful_channels=3, subsample=2)
    keys.update(changes)
    variables = tail2(2) + [("input_shift", UINT8, [2], [0, 1], 1), ("A_imag", INT16, [3], [900, -8000, 3], 1), ("A_real", INT16, [3], [30000, 20000, -9], 1),
                            ("in_proj", INT8, [2, 3], pattern(6, -90, 90), 1), ("out_proj", INT8, [3, 2], pattern(6, -90, 90), 1),
                            ("internal_state_outputs_shift", INT8, [3], [-15, -14, -15], 1), ("new_state_scale", UINT8, [3], [7, 200, 1], 1),
                            ("new_state_shift", INT8, [3], [-2, -9, 1], 1)]
    return L("state", keys, sorted(variables), ["in"])


STEPS = L("in", dict(EVENTS, input_width=1, input_height=8))


def temporal(depthwise, **changes):
    keys = dict(BITS, layer_type=22 if depthwise else 21, activation=1, fifo_size=3, filters=2)
    if depthwise:
        del keys["filters"]
    keys.update(changes)
    variables = tail2(2) + relu2(2) + [("input_shift", UINT8, [2], [0, 1], 1),
                                       ("weights", INT8, [1, 1, 3, 2] if depthwise else [1, 1, 6, 2], pattern(6 if depthwise else 12, -90, 90), 1)]
    return L("fifo", keys, sorted(variables), ["in"])


def transpose(depthwise, **changes):
    keys = dict(BITS, layer_type=20 if depthwise else 17, activation=1, kernel_size=3, filters=2)
    if depthwise:
        del keys["filters"]
    keys.update(changes)
    variables = tail2(2) + relu2(2) + [("input_shift", UINT8, [2], [0, 1], 1), ("weights", INT8, [3, 3, 2, 1 if depthwise else 2],
                                                                              pattern(18 if depthwise else 36, -90, 90), 1)]
    return L("up", keys, sorted(variables), ["in"])


def pico(**changes):
    return model([STEPS, recurrent(subsample=1, output_bits=20), L("target", dict(layer_type=12), [], ["in", "in"]),
                  L("pico", dict(layer_type=28, buffer_bits=44, **changes),
                    [("input_scales", UINT16, [2], [300, 2], 1), ("input_shift", INT8, [2], [-9, 2], 1), ("threshold", UINT16, [2], [0, 9000], 1)], ["state", "state"])])


def table(**changes):
    """A layer with a table of its activation."""
    return one(conv(activation=2, more=[("activation_scales", UINT8, [2], [3, 9], 1), ("activation_shift", INT8, [2], [-9, -2], 1),
                                        ("lut_values", INT32, [2048], [3 * (i - 1024) for i in range(2048)], 1)], **changes))


# Models of the kinds that the fixtures lack: they run.
GOOD = {
    "recurrent": lambda: model([STEPS, recurrent()]),
    "temporal": lambda: one(temporal(False)),
    "temporal_depthwise": lambda: one(temporal(True)),
    "transpose": lambda: one(transpose(False)),
    "transpose_depthwise": lambda: one(transpose(True)),
    "table": table,
    "pico": pico,
    "channels_first": lambda: model([L("q", dict(layer_type=27, input_width=2, input_height=4, input_channels=4, output_bits=8, output_signed=1,
                                               channels_first=1), [("scales", FLOAT32, [2], [0.5, 9], 1), ("zero_points", UINT8, [2], [0, 0], 1)])]),
    "same_upper": lambda: one(conv(padding=2, kernel_stride=2)),
    "max_pool": lambda: one(conv(pool_type=1, pool_size=3, pool_stride=2)),
    "average_pool": lambda: one(conv(pool_type=2)),
    "max_pool_default": lambda: one(conv(pool_type=1, pool_size=2, pool_stride=-1)),
    "sixteen_bits": lambda: model([L("in", dict(EVENTS, input_bits=16)), conv(output_bits=16, buffer_bits=32)]),
    "parameters_twice_and_reversed": lambda: entries(*reversed(sorted(EVENTS.items())), *EVENTS.items()),
    "codes_4_and_5": lambda: one(conv(more=[("bias_shift", 4, [2], [1, 2], 1), ("output_scales", 5, [2], [9, 8], 1)])),
}
for code in (4, 5):
    from make_fixtures import SIZES
    SIZES[code] = "B"


def altered(payload, old, new, count=1):
    assert payload.count(old) >= 1, old
    return payload.replace(old, new, count)


def root(fields):
    b = Builder()
    return b.finish(b.table(fields(b)))


def raw_layer(fields):
    """A file with one layer of the fields that the function gives."""
    b = Builder()
    position = b.table(fields(b))
    return b.finish(b.table({0: ("o", b.offsets([position]))}))


def entries(*pairs):
    """A layer whose list of parameters holds just these (name or None, value)."""
    def fields(b):
        made = [b.table({**({0: ("o", b.string(k))} if k is not None else {}), 1: ("i", v)}) for k, v in pairs]
        return {1: ("o", b.string("in")), 2: ("o", b.offsets([])), 3: ("o", b.table({3: ("o", b.table({0: ("o", b.offsets(made))}))}))}
    return raw_layer(fields)


def with_variable(**fields):
    """InputData with one variable of these fields: name, shape, data, type, layout."""
    def make(b):
        known = {"name": lambda v: ("o", b.string(v)), "shape": lambda v: ("o", b.vector(struct.pack("<%dI" % len(v), *v), len(v))),
                 "data": lambda v: ("o", b.vector(v, len(v))), "type": lambda v: ("B", v), "layout": lambda v: ("B", v)}
        usual = {"name": "v", "shape": [2], "data": b"\1\2", "type": 3, **fields}
        made = {i: known[k](usual[k]) for i, k in enumerate(("name", "shape", "data", "type", "layout")) if usual.get(k) is not None}
        return {1: ("o", b.string("in")), 2: ("o", b.offsets([b.table(made)])), 3: ("o", b.table({3: ("o", keyed(b, dict(sorted(EVENTS.items())), "i"))}))}
    return raw_layer(make)


def shared_data():
    """Many variables that are the same bytes."""
    b = Builder()
    shape, data = b.vector(struct.pack("<I", 3000), 1), b.vector(bytes(3000), 3000)
    made = [b.table({0: ("o", b.string("v%d" % i)), 1: ("o", shape), 2: ("o", data), 3: ("B", 3)}) for i in range(40)]
    one_layer = b.table({1: ("o", b.string("in")), 2: ("o", b.offsets(made)), 3: ("o", b.table({3: ("o", keyed(b, dict(sorted(EVENTS.items())), "i"))}))})
    return b.finish(b.table({0: ("o", b.offsets([one_layer]))}))


def shared_layers():
    """A list of very many offsets to the same entry."""
    b = Builder()
    entry = b.table({0: ("o", b.string("layer_type")), 1: ("i", 1)})
    parameters = b.table({3: ("o", b.table({0: ("o", b.offsets([entry] * 900))}))})
    one_layer = b.table({1: ("o", b.string("in")), 2: ("o", b.offsets([])), 3: ("o", parameters)})
    return b.finish(b.table({0: ("o", b.offsets([one_layer] * 900))}))


def old_form(kind, fields):
    return raw_layer(lambda b: {1: ("o", b.string("in")), 2: ("o", b.offsets([])),
                                3: ("o", b.table({1: ("B", kind), **({2: ("o", b.table(fields(b)))} if fields else {})}))})


def literal(size):
    return bytes([63 << 2]) + struct.pack("<I", size - 1)


def varint(n):
    out = b""
    while n >= 128:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


def zeros(size):
    """A block of `size` zeros: one literal byte and copies of 64."""
    return varint(size) + b"\0\0" + b"\xfe\1\0" * ((size - 1) // 64) + (bytes([((size - 1) % 64 - 1) << 2 | 2]) + b"\1\0" if (size - 1) % 64 else b"")


def good():
    return snappy(current_v2())


# Files that can't be read: name -> (bytes of the file, word of the error).
CONTAINERS = {
    "empty": (b"", "empty|no bytes"),
    "text": (b"this is no model at all, but a text", "Snappy|length|offset|cut"),
    "cut_half": (lambda: good()[:len(good()) // 2], "cut short"),
    "cut_last_byte": (lambda: good()[:-1], "cut short"),
    "length_endless": (b"\xff" * 12, "bad length"),
    "length_33_bits": (varint(1 << 32) + b"\0\0", "bad length"),
    "length_31_bits": (varint((1 << 31) - 1) + b"\0\0", "few bytes"),
    "length_too_small": (lambda: varint(8) + good()[2:], "longer than"),
    "copy_before_start": (varint(64) + b"\xfe\1\0" * 40, "before the start"),
    "copy_of_itself": (varint(64) + b"\0\0" + b"\xfe\0\0" + b"\0" * 20, "before the start"),
    "copy_long_offset": (varint(64) + b"\0\0" + b"\xff\1\2\3\4" + b"\0" * 20, "before the start"),
    "copy_short": (varint(8) + b"\0\0\5\1\1\1", "cut short|longer|offset"),
    "literal_beyond": (varint(60) + literal(1 << 20) + b"\0" * 60, "cut short"),
    "bomb_of_zeros": (lambda: zeros(3_000_000), "offset"),
    "keras_file": (b"\x89HDF\r\n\x1a\n" + bytes(64), "Snappy"),
}

# Payloads that can't be read.
PAYLOADS = {
    "tiny": (b"\4\0\0", "beyond the end"),
    "root_outside": (struct.pack("<I", 1 << 20) + bytes(60), "out of the file"),
    "root_itself": (bytes(64), "out of the file"),
    "root_odd": (struct.pack("<I", 6) + bytes(60), "aligned"),
    "vtable_outside": (struct.pack("<Ii", 4, -1000) + bytes(60), "vtable"),
    "no_layers": (lambda: root(lambda b: {2: ("o", b.string("2.19.3"))}), "no list of layers"),
    "layers_too_long": (lambda: root(lambda b: {0: ("o", b.vector(bytes(8), 1 << 28))}), "longer than the file"),
    "layer_without_name": (lambda: raw_layer(lambda b: {2: ("o", b.offsets([]))}), "no name"),
    "name_not_utf8": (lambda: raw_layer(lambda b: {1: ("o", b.string(b"\xff\xfe"))}), "UTF-8"),
    "name_with_nul": (lambda: raw_layer(lambda b: {1: ("o", b.string(b"a\0b"))}), "NUL"),
    "two_of_one_name": (lambda: model([events(), conv("in")]), "same name"),
    "layer_without_parameters": (lambda: raw_layer(lambda b: {1: ("o", b.string("in"))}), "no parameters"),
    "no_layer_type": (lambda: entries(("input_bits", 8)), "layer_type"),
    "layer_type_twice": (lambda: entries(("layer_type", 1), ("layer_type", 3)), "twice"),
    "parameter_twice": (lambda: entries(("layer_type", 1), ("a", 1), ("a", 2)), "twice"),
    "parameter_without_name": (lambda: entries(("layer_type", 1), (None, 1)), "no name"),
    "too_many_parameters": (lambda: entries(("layer_type", 1), *[("p%d" % i, i) for i in range(1001)]), "at most 1000"),
    "variable_without_name": (lambda: with_variable(name=None), "no name"),
    "variable_without_type": (lambda: with_variable(type=None), "element type"),
    "variable_without_shape": (lambda: with_variable(shape=None), "no shape"),
    "variable_without_data": (lambda: with_variable(data=None), "size"),
    "variable_of_unknown_type": (lambda: with_variable(type=11), "type 11"),
    "variable_of_unknown_layout": (lambda: with_variable(layout=2), "layout"),
    "variable_too_short": (lambda: with_variable(shape=[3]), "size"),
    "variable_of_nine_axes": (lambda: with_variable(shape=[1] * 9), "8 dimensions"),
    "variable_shape_overflows": (lambda: with_variable(shape=[0xffffffff] * 3), "too large|size"),
    "variable_shape_wraps": (lambda: with_variable(shape=[1 << 16] * 4 + [2]), "too large|size"),
    "shared_data": (shared_data, "share their data"),
    "shared_layers": (shared_layers, "so often|same name"),
    "inbound_unknown": (lambda: model([events(), conv(inbounds=("gone",))]), "inbound"),
    "inbound_itself": (lambda: model([events(), conv(inbounds=("conv",))]), "inbound"),
    "inbound_later": (lambda: model([events(), conv(inbounds=("b",)), conv("b")]), "inbound"),
    "old_kind_unknown": (lambda: old_form(6, lambda b: {}), "kind 6"),
    "old_form_absent": (lambda: old_form(2, None), "missing"),
    "old_part_absent": (lambda: old_form(1, lambda b: {1: ("i", 5)}), "missing"),
    "field_outside_table": (lambda: altered(typed_events(), struct.pack("<HH", 4 + 2 * 1, 8), struct.pack("<HH", 6, 4)), "outside|vtable|file|offset|offset"),
}

# Models that load but can't be run: name -> (payload, words of the error).
MODELS = {
    "no_layers_at_all": (lambda: model([]), "no layers"),
    "kind_unknown": (lambda: one(L("odd", dict(layer_type=99), [], ["in"])), "odd: .*unknown \\(99\\)"),
    "kind_of_old_runtimes": (lambda: one(L("odd", dict(layer_type=18), [], ["in"])), "odd: .*ExtractToken"),
    "parameter_unknown": (lambda: one(conv(zebra=5)), "conv: parameter zebra"),
    "variable_unknown": (lambda: one(conv(more=[("stripes", INT8, [2], [1, 2], 1)])), "conv: variable stripes"),
    "field_unknown": (lambda: model([events(), (conv()[0], dict(extra={7: ("i", 3)}))]), "conv: the layer holds fields .*1"),
    "root_field_unknown": (lambda: one(conv(), extra={9: ("i", 3)}), "the model holds fields .*1"),
    "behind_a_dequantizer": (lambda: one(dequantizer(1.0, 2.0), conv(inbounds=("dq",))), "conv: .*Dequantizer"),
    "scale_nan": (lambda: one(dequantizer(1.0, NAN)), "dq: scales holds a NaN"),
    "scale_infinite": (lambda: one(dequantizer(INF, 1.0)), "dq: scales holds a NaN or an infinity"),
    "quantizer_scale_nan": (lambda: model([quantizer(NAN)]), "q: scales holds a NaN"),
    "step_nan": (lambda: dense1(NAN), "fc: act_step holds a NaN"),
    "step_too_small": (lambda: dense1(0.0624), "fc: act_step of filter 1 is 0.0624, expected at least 1/16"),
    "step_negative": (lambda: dense1(-1.0), "fc: act_step"),
    "step_zero": (lambda: dense1(0.0), "fc: act_step"),
    "input_shift_32": (lambda: one(conv(more=[("input_shift", UINT8, [2], [0, 32], 1)])), "conv: input_shift holds 32, expected -31 to 31"),
    "bias_shift_255": (lambda: one(conv(more=[("bias_shift", UINT8, [2], [0, 255], 1)])), "conv: bias_shift holds 255"),
    "output_shift_minus_32": (lambda: one(conv(more=[("output_shift", INT8, [2], [0, -32], 1)])), "conv: output_shift holds -32"),
    "output_shift_32": (lambda: one(conv(more=[("output_shift", INT8, [2], [0, 32], 1)])), "conv: output_shift holds 32"),
    "max_value_shift_40": (lambda: one(conv(activation=1, more=[("max_value_shift", UINT8, [2], [0, 40], 1)])), "conv: max_value_shift holds 40"),
    "add_shift_64": (lambda: one(add(), L("b", dict(layer_type=6, buffer_bits=32, output_bits=8, post_op_buffer_bits=32),
                                         [("a_shift", UINT8, [2], [64, 0], 1)], ["in", "add"])), "b: a_shift holds 64"),
    "weights_of_other_shape": (lambda: one(conv(more=[("weights", INT8, [3, 3, 2, 1], pattern(18, -9, 9), 1)])), "conv: .*weights.*\\(3, 3, 2, 2\\)"),
    "weights_of_other_type": (lambda: one(conv(more=[("weights", INT32, [3, 3, 2, 2], pattern(36, -9, 9), 1)])), "conv: .*weights.*int"),
    "activation_3": (lambda: one(conv(activation=3)), "conv: activation is 3"),
    "padding_3": (lambda: one(conv(padding=3)), "conv: padding is 3"),
    "pool_type_3": (lambda: one(conv(pool_type=3)), "conv: pool_type is 3"),
    "pool_stride_0": (lambda: one(conv(pool_type=1, pool_size=2, pool_stride=0)), "conv: pool_stride is 0"),
    "pool_size_0": (lambda: one(conv(pool_type=1, pool_size=0)), "conv: pool_size"),
    "pool_too_large": (lambda: one(conv(pool_type=1, pool_size=9, padding=0)), "conv: .*fit"),
    "kernel_too_large": (lambda: one(conv(kernel_size=9, padding=0)), "conv: .*fit"),
    "kernel_negative": (lambda: one(conv(kernel_size=-1)), "conv: kernel_size"),
    "stride_0": (lambda: one(conv(kernel_stride=0)), "conv: kernel_stride"),
    "filters_0": (lambda: one(conv(filters=0)), "conv: filters"),
    "filters_endless": (lambda: one(conv(filters=0x7fffffff)), "conv: "),
    "output_bits_0": (lambda: one(conv(output_bits=0)), "conv: output_bits is 0"),
    "output_bits_33": (lambda: one(conv(output_bits=33)), "conv: output_bits is 33"),
    "buffer_bits_33": (lambda: one(conv(buffer_bits=33)), "conv: buffer_bits is 33"),
    "post_bits_0": (lambda: one(conv(post_op_buffer_bits=0)), "conv: post_op_buffer_bits is 0"),
    "input_endless": (lambda: model([events(input_width=0x7fffffff, input_height=0x7fffffff, input_channels=0x7fffffff)]), "in: "),
    "input_large": (lambda: model([events(input_width=1 << 20, input_height=1 << 20)]), "in: "),
    "input_empty": (lambda: model([events(input_width=0)]), "in: input_width"),
    "input_bits_0": (lambda: model([events(input_bits=0)]), "in: input_bits is 0"),
    "concatenate_other_size": (lambda: one(conv("a", kernel_stride=2), L("cat", dict(layer_type=12), [], ["in", "a"])), "cat: "),
    "concatenate_of_one": (lambda: one(L("cat", dict(layer_type=12), [], ["in"])), "cat: .*2 inbound"),
    "concatenate_of_three": (lambda: one(L("cat", dict(layer_type=12), [], ["in", "in", "in"])), "cat: .*2 inbound"),
    "add_other_size": (lambda: one(conv("a", kernel_stride=2), add(inbounds=("in", "a"))), "add: "),
    "recurrent_steps": (lambda: model([L("in", dict(EVENTS, input_width=1, input_height=7)), recurrent()]), "state: time steps 7"),
    "recurrent_rows": (lambda: one(recurrent()), "state: "),
    "fifo_0": (lambda: one(temporal(False, fifo_size=0)), "fifo: fifo_size is 0"),
    "doubling_for_ever": (lambda: one(*[L("t%d" % i, dict(BITS, layer_type=20, activation=0, kernel_size=3), [], ["t%d" % (i - 1) if i else "in"])
                                        for i in range(40)]), "t[0-9]+: "),
    "act_bits_5": (lambda: dense1(act_bits=5), "fc: act_bits is 5"),
    "image_padding_value_256": (lambda: image1(padding_value=256), "image: padding_value is 256"),
    "image_kernel_0": (lambda: image1(kernel_width=0), "image: kernel_width"),
    "image_does_not_fit": (lambda: model([quantizer(1.0), L("image", dict(CONV2, layer_type=15, input_x=5, input_y=4, input_channels=2, filters=2, activation=0),
                                                          [], ["q"])]), "image: "),
}


def payload_of(entry):
    return entry() if callable(entry) else entry


def files():
    """name -> (bytes of the .fbz file, words of the error, whether it loads)."""
    result = {}
    for name, (data, words) in CONTAINERS.items():
        result[name] = (payload_of(data), words, False)
    for name, (data, words) in PAYLOADS.items():
        result[name] = (snappy(payload_of(data)), words, False)
    for name, (data, words) in MODELS.items():
        result[name] = (snappy(payload_of(data)), words, True)
    return result
