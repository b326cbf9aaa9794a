# SPDX-License-Identifier: Apache-2.0
"""Releases side by side: SHELF/NUMBER/release, files as firmware.formats.signed describes them.

The payload, at the end of the file, ends in a zip of the package `firmware`, so Python imports
straight from the file whose bytes were checked. Number 0 is no release.

A release that came with the package bears no signature: dpkg and root vouch for it. One that came
over the air was verified before its digest was written into the boot record. Either way a start
compares the digest of all of it with that record.
"""

import os
import shutil

from faretap_pi import BOARD
from firmware.boot.file_slots import MOST, FileSlots
from firmware.boot.whole import is_whole
from firmware.errors import FormatError
from firmware.formats import release, signed
from firmware.hal.blob import open_blob

NAME = "release"
PIECE = 1 << 16


class Shelf:
    """folder: of all releases; made when the first one is laid there."""

    def __init__(self, folder):
        self.folder = folder

    def path(self, number):
        """Of a release's file, whether it is there or not."""
        return os.path.join(self.folder, str(number), NAME)

    def numbers(self):
        """What is there, oldest first."""
        try:
            names = os.listdir(self.folder)
        except FileNotFoundError:
            return []
        return sorted(int(name) for name in names if name.isdecimal())

    def measure(self, number):
        """(size, SHA-256 of the payload) of a release. FormatError, OSError."""
        return measured(self.path(number))[1:]

    def is_whole(self, number, size, digest):
        """Whether its bytes are those that were verified."""
        return is_whole(lambda: open_blob(self.path(number)), size, digest)

    def lay(self, source):
        """Copy a release's file onto the shelf, durable and whole or not at all.

        (number, size, digest). FormatError when it is none, or another release has its number.
        """
        number, size, digest = measured(source)
        if self.is_whole(number, size, digest):
            return number, size, digest
        if number in self.numbers() and self._has_other(number):
            raise FormatError("release %d is there with other bytes" % number)
        new = os.path.join(self.folder, "%d.new" % number)
        shutil.rmtree(new, ignore_errors=True)
        os.makedirs(new)
        copy = os.path.join(new, NAME)
        with open(source, "rb") as old, open(copy, "wb") as file:
            shutil.copyfileobj(old, file, PIECE)
            file.flush()
            os.fsync(file.fileno())
        if measured(copy) != (number, size, digest):
            raise FormatError("release %d changed while it was copied" % number)
        shutil.rmtree(os.path.dirname(self.path(number)), ignore_errors=True)  # it was damaged
        sync_folder(new)
        os.rename(new, os.path.dirname(self.path(number)))
        sync_folder(self.folder)
        return number, size, digest

    def drop(self, keep):
        """Remove all but the numbers in `keep`, and what a cut has left; those removed."""
        gone = [number for number in self.numbers() if number not in keep]
        for number in gone:
            shutil.rmtree(os.path.dirname(self.path(number)), ignore_errors=True)
        for name in os.listdir(self.folder) if os.path.isdir(self.folder) else ():
            if name.endswith(".new"):
                shutil.rmtree(os.path.join(self.folder, name), ignore_errors=True)
        return gone

    def _has_other(self, number):
        """Whether a whole release of that number, and not a damaged one, is there."""
        try:
            self.measure(number)
        except (FormatError, OSError):
            return False
        return True


def measured(path):
    """(number, size, SHA-256 of the payload) of a release's file, hashed anew. FormatError."""
    blob = open_blob(path)
    try:
        head = signed.read_head(blob, (signed.FIRMWARE,))
        payload = signed.hashed(blob, head).finish()
        manifest = release.read(head, payload)
        release.check(manifest, BOARD, FileSlots.bodies, MOST, blob.size)
        return head.number, blob.size, bytes(head.digest)
    finally:
        blob.close()


def number_of(path):
    """Number of a release's file, from its head alone; 0 where there is none."""
    try:
        blob = open_blob(path)
        try:
            return signed.read_head(blob, (signed.FIRMWARE,)).number
        finally:
            blob.close()
    except (FormatError, OSError):
        return 0


def sync_folder(path):
    """Names in a folder are on the disk when this returns (MP-3)."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
