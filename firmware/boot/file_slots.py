# SPDX-License-Identifier: Apache-2.0
"""Slots that are files: FOLDER/NUMBER/release, a signed release file as it came.

A new one is fetched, or laid by hand, as FOLDER/coming.next and goes to its place when it is
staged; before that the record forgets what its slot held. Python imports straight from such a
file: a zip is found from its end.
"""

from firmware.boot import slots
from firmware.boot.record import HELD
from firmware.boot.whole import is_whole
from firmware.formats import release

NEXT = ".next"
MOST = 16 * 1024 * 1024
IO_FAULT = 5  # errno


class FileSlots:
    """store: the hal; record: BootRecord; folder: FOLDER."""

    bodies = (release.ZIP,)

    def __init__(self, store, record, folder):
        self.store = store
        self.record = record
        self.folder = folder
        self.path = folder + "/coming"  # PATH of Downloads

    def capacity(self, slot):
        """Bytes that a slot may have."""
        return MOST

    def path_of(self, number):
        """Path of a release."""
        return "%s/%d/release" % (self.folder, number)

    def is_whole(self, slot, size, digest):
        """As slots.begin() asks; OSError never."""
        path = self.path_of(self.record.values[HELD[slot][0]])
        return is_whole(lambda: self.store.open_blob(path), size, digest)

    def coming(self):
        """[(slot, blob)] of files that may be whole and that the record does not know."""
        slot = slots.idle(self.record.values)
        try:
            return [(slot, self.store.open_blob(self.path + NEXT))] if slot else []
        except OSError:
            return []

    def settle(self, slot, number):
        """Let the file lie where it will be started. OSError."""
        if not self.record.save(slots.forget(self.record.values, slot)):
            raise OSError(IO_FAULT)
        self.store.make_folder("%s/%d" % (self.folder, number))
        self.store.rename(self.path + NEXT, self.path_of(number))
