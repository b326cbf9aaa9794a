# SPDX-License-Identifier: Apache-2.0
"""Blob: a file that is read in places and never held whole: fare tables, deny lists.

    size                   bytes in it
    read(at, count)        bytes, fewer at its end
    close()

The same on all interpreters: open, seek and read are the part of files that all have.
"""

import os

SIZE = 6  # place in what os.stat answers


class Blob:
    """An open file."""

    def __init__(self, path):
        self.size = os.stat(path)[SIZE]
        self._file = open(path, "rb")  # noqa: SIM115 - stays open

    def read(self, at, count):
        """Up to `count` bytes from place `at`."""
        self._file.seek(at)
        return self._file.read(count)

    def close(self):
        """Give the file back."""
        self._file.close()


def open_blob(path):
    """Blob of file `path`; OSError when it cannot be opened."""
    return Blob(path)
