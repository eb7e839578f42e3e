# SPDX-License-Identifier: Apache-2.0
"""Changes values of variables in .fbz files of today's form, in their place: for tests of what notices it."""
import struct

from make_fixtures import snappy

FORMATS = {0: "i", 1: "f", 2: "B", 3: "b", 4: "B", 5: "B", 6: "b", 7: "b", 8: "b", 9: "h", 10: "H"}


def payload_of(data):
    """Decompresses a Snappy block."""
    size = shift = at = 0
    while True:
        size |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            break
    out = bytearray()
    while len(out) < size:
        tag = data[at]
        at += 1
        if tag & 3 == 0:
            n = tag >> 2
            if n >= 60:
                more = n - 59
                n, at = int.from_bytes(data[at:at + more], "little"), at + more
            out += data[at:at + n + 1]
            at += n + 1
            continue
        if tag & 3 == 1:
            n, offset, at = (tag >> 2 & 7) + 4, (tag >> 5) << 8 | data[at], at + 1
        else:
            width = 2 if tag & 3 == 2 else 4
            n, offset, at = (tag >> 2) + 1, int.from_bytes(data[at:at + width], "little"), at + width
        for _ in range(n):
            out.append(out[-offset])
    return out


def field(data, table, number):
    """Where a table's field is; 0: absent."""
    vtable = table - struct.unpack_from("<i", data, table)[0]
    if 4 + 2 * number >= struct.unpack_from("<H", data, vtable)[0]:
        return 0
    offset = struct.unpack_from("<H", data, vtable + 4 + 2 * number)[0]
    return table + offset if offset else 0


def follow(data, at):
    return at + struct.unpack_from("<I", data, at)[0] if at else 0


def items(data, vector):
    return [follow(data, vector + 4 + 4 * i) for i in range(struct.unpack_from("<I", data, vector)[0])] if vector else []


def text(data, at):
    return bytes(data[at + 4:at + 4 + struct.unpack_from("<I", data, at)[0]]).decode()


class File:
    def __init__(self, data):
        self.data = payload_of(data)
        self.places = {}  # (layer, variable): (position, struct format)
        self.layers = []
        root = struct.unpack_from("<I", self.data, 0)[0]
        for layer in items(self.data, follow(self.data, field(self.data, root, 0))):
            name = text(self.data, follow(self.data, field(self.data, layer, 1)))
            self.layers.append(name)
            for variable in items(self.data, follow(self.data, field(self.data, layer, 2))):
                raw, code = follow(self.data, field(self.data, variable, 2)), self.data[field(self.data, variable, 3)]
                form = FORMATS[code]
                count = struct.unpack_from("<I", self.data, raw)[0] // struct.calcsize(form)
                self.places[name, text(self.data, follow(self.data, field(self.data, variable, 0)))] = raw + 4, "<%d%s" % (count, form)

    def get(self, layer, variable):
        at, form = self.places[layer, variable]
        return list(struct.unpack_from(form, self.data, at))

    def set(self, layer, variable, values):
        at, form = self.places[layer, variable]
        struct.pack_into(form, self.data, at, *values)

    def bytes(self):
        return snappy(bytes(self.data))
