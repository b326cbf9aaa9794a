# SPDX-License-Identifier: Apache-2.0
"""Files in memory whose power fails: what Downloads asks of the hal (firmware/download.py)."""

from firmware.errors import FormatError
from firmware.hal.blob import Blob


class PowerCut(Exception):
    """The power is gone; what was being written is left in one of WAYS."""


# share of the bytes that reached the disk, in quarters, and whether rubbish stands behind them
WAYS = ((0, False), (2, False), (4, False), (1, True))


class Held(Blob):
    """A file in memory as a blob."""

    def __init__(self, data):
        self.data = data
        self.size = len(data)

    def read(self, at, count):
        return self.data[at : at + count]

    def close(self):
        self.data = b""


class Files:
    """`there`: {path: bytes}; cut_at: number of the write that the power fails in."""

    def __init__(self, there=None, cut_at=None, way=(0, False), room=None):
        self.there = there or {}
        self.cut_at = cut_at
        self.way = way
        self.room = room  # bytes on the disk, None: any number
        self.writes = 0

    def open_blob(self, path):
        return Held(self._read(path))

    def read_text(self, path):
        try:
            return self._read(path).decode()
        except UnicodeError:
            pass
        raise FormatError(path + ": no UTF-8")

    def write_at(self, path, at, data):
        before = self._read(path)[:at] if at else b""
        if self.room is not None and data and self._used() + len(data) > self.room:
            raise OSError(28)
        if self._dies():
            quarters, rubbish = self.way
            torn = data[: len(data) * quarters // 4]
            self.there[path] = before + torn + (b"\xff" * 40 if rubbish and data else b"")
            raise PowerCut
        self.there[path] = before + data

    def rename(self, old, new):
        dies = self._dies()
        if not dies or self.way[0] == 4:
            self.there[new] = self.there.pop(old)
        if dies:
            raise PowerCut

    def _dies(self):
        self.writes += 1
        return self.writes == self.cut_at

    def _used(self):
        return sum([len(one) for one in self.there.values()])

    def _read(self, path):
        if path not in self.there:
            raise OSError(2)
        return self.there[path]
