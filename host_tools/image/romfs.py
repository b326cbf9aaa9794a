# SPDX-License-Identifier: Apache-2.0
"""A ROMFS image, which MicroPython's vfs.VfsRom mounts and executes where it lies.

Records: kind, bytes of the payload, payload; numbers big-endian, 7 bits a byte, the top bit set in
all but the last. The image is one record (FILE_SYSTEM) of folders and files, of even length:

| kind | payload |
|---|---|
| PADDING | anything |
| DATA | bytes of a file |
| FOLDER, FILE | bytes of the name, the name, records |
"""

from collections.abc import Mapping

FILE_SYSTEM = 0x14A6B1
PADDING, DATA, FOLDER, FILE = 1, 2, 4, 5


def pack(files: Mapping[str, bytes]) -> bytes:
    """The image of files by path ("firmware/main.mpy"), sorted: the same files, the same bytes."""
    body = _folder(sorted(files.items()))
    image = _record(FILE_SYSTEM, body)
    if len(image) % 2:
        image = _record(FILE_SYSTEM, body + _record(PADDING, b"\0"))
    if len(image) % 2:  # the longer payload has taken a byte more to say how long it is
        image = _record(FILE_SYSTEM, body + _record(PADDING, b"\0\0"))
    return image


def _folder(files) -> bytes:
    """Records of ((path, data), ..), which are sorted."""
    out, at = b"", 0
    while at < len(files):
        path, data = files[at]
        name, slash, _ = path.partition("/")
        if not slash:
            out += _record(FILE, _named(name) + _record(DATA, data))
            at += 1
            continue
        inside = []
        while at < len(files) and files[at][0].startswith(name + "/"):
            inside.append((files[at][0][len(name) + 1 :], files[at][1]))
            at += 1
        out += _record(FOLDER, _named(name) + _folder(inside))
    return out


def _named(name: str) -> bytes:
    encoded = name.encode()
    return _number(len(encoded)) + encoded


def _record(kind: int, payload: bytes) -> bytes:
    return _number(kind) + _number(len(payload)) + payload


def _number(value: int) -> bytes:
    out = bytes([value & 0x7F])
    while value := value >> 7:
        out = bytes([0x80 | value & 0x7F]) + out
    return out
