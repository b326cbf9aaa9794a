# SPDX-License-Identifier: Apache-2.0
"""Slots that are files: PATH.a and PATH.b, each a signed release file as it came.

A new one is fetched, or laid by hand, as PATH.next and takes the place of the idle slot when it is
staged. Before that the record forgets what the slot held. On CPython the file is what Python
imports from: a zip is found from its end.
"""

from firmware.boot import slots
from firmware.boot.record import HELD, A, B
from firmware.boot.whole import is_whole
from firmware.formats import release

NEXT = ".next"
NAMES = {A: ".a", B: ".b"}
MOST = 16 * 1024 * 1024
IO_FAULT = 5  # errno


class FileSlots:
    """store: the hal; record: BootRecord; path: PATH."""

    bodies = (release.ZIP,)

    def __init__(self, store, record, path):
        self.store = store
        self.record = record
        self.path = path

    def capacity(self, slot):
        """Bytes that a slot may have."""
        return MOST

    def path_of(self, slot):
        """Path of a slot's file."""
        return self.path + NAMES[slot]

    def blob(self, slot):
        """The file that a slot holds. OSError where there is none."""
        return self.store.open_blob(self.path_of(slot))

    def is_whole(self, slot, size, digest):
        """As slots.begin() asks; OSError never."""
        return is_whole(lambda: self.blob(slot), size, digest)

    def coming(self):
        """[(slot, path, blob)] of files that may be whole and that the record does not know."""
        free = slots.free(self.record.values)
        if not free:
            return []
        found = [(free[0], self.path + NEXT)]
        for slot in free:
            if not self.record.values[HELD[slot][0]]:
                found.append((slot, self.path_of(slot)))
        opened = []
        for slot, path in found:
            try:
                opened.append((slot, path, self.store.open_blob(path)))
            except OSError:
                continue
        return opened

    def settle(self, slot, path):
        """Let the file of `path` lie where it will be started. OSError."""
        if path == self.path_of(slot):
            return
        if not self.record.save(slots.forget(self.record.values, slot)):
            raise OSError(IO_FAULT)
        self.store.rename(path, self.path_of(slot))
