# SPDX-License-Identifier: Apache-2.0
"""Slots that are regions of flash: a signed release file lies in each from its first byte on.

RawSlots is the `store` of a Downloads (download.py) whose PATH it knows, and hands everything else
on to the hal:

    PATH.part     the idle slot, as far as it was written; `PATH.at` says how far, on the disk
    PATH.want     a file, as ever
    PATH.next     the idle slot, once the file in it is whole; a file of that name says which

A block is erased when its first byte is written, between customers. The note of how far it came
is renewed every NOTE bytes; behind a restart the block in which it ends is written anew. Before
the first erase the record forgets what the slot held: nobody starts a half written one.
"""

from firmware.boot import slots
from firmware.boot.record import FACTORY, HELD, A, B
from firmware.boot.whole import is_whole
from firmware.errors import FormatError
from firmware.formats import release
from firmware.formats.signed import HEAD, MAGIC

PART, NEXT, AT = ".part", ".next", ".at"
NAMES = {A: "a", B: "b"}
NOTE = 16384
NO_FILE, IO_FAULT, NO_SPACE, WRONG_PLACE = 2, 5, 28, 22  # errno


class RawBlob:
    """`size` bytes from the start of a block device, as a blob."""

    def __init__(self, device, size):
        self.device = device
        self.size = size
        self.block_bytes = device.ioctl(5, 0)

    def read(self, at, count):
        """Up to `count` bytes from place `at`."""
        data = bytearray(max(0, min(count, self.size - at)))
        view = memoryview(data)
        done = 0
        while done < len(data):
            block, offset = divmod(at + done, self.block_bytes)
            some = min(self.block_bytes - offset, len(data) - done)
            self.device.readblocks(block, view[done : done + some], offset)
            done += some
        return bytes(data)

    def close(self):
        """Nothing is held."""


class RawSlots:
    """store: the hal; record: BootRecord; devices: {A: block device, B: ..}; path: PATH.

    note: bytes between two notes of how far it came, whole blocks.
    """

    bodies = (release.ROMFS,)

    def __init__(self, store, record, devices, path, note=NOTE):
        self.below = store
        self.record = record
        self.devices = devices
        self.path = path
        self.store = self
        self.note = note
        self.at = None  # bytes that have come, in this run

    def capacity(self, slot):
        """Bytes that a slot holds."""
        return self.devices[slot].ioctl(4, 0) * self.devices[slot].ioctl(5, 0)

    def blob(self, slot):
        """The file that a slot holds, as long as its head says. OSError where there is none."""
        most = self.capacity(slot)
        head = RawBlob(self.devices[slot], most).read(0, HEAD)
        size = HEAD + int.from_bytes(head[19:23], "big") + (head[55] << 8 | head[56])
        if head[:4] != MAGIC or size > most:
            raise OSError(NO_FILE)
        return RawBlob(self.devices[slot], size)

    def is_whole(self, slot, size, digest):
        """As slots.begin() asks; OSError never."""
        return is_whole(lambda: self.blob(slot), size, digest)

    def coming(self):
        """[(slot, blob)] of files that may be whole and that the record does not know."""
        found = []
        for slot in slots.free(self.record.values):
            laid = self._is_laid(slot)
            begun = not laid and self._word(AT)[:1] == [NAMES[slot]]
            if begun or self.record.values[HELD[slot][0]]:
                continue
            try:
                found.append((slot, self.blob(slot)))
            except OSError:
                if laid:  # to be refused by name
                    found.append((slot, RawBlob(self.devices[slot], HEAD)))
        return found

    def settle(self, slot, number):
        """The file lies where it will be started."""

    # --- what Downloads asks of the hal

    def open_blob(self, path):
        """Likewise."""
        slot = slots.idle(self.record.values)
        if path == self.path + PART:
            come = self._come(slot)
            if come is None:
                raise OSError(NO_FILE)
            return RawBlob(self.devices[slot], come)
        if path == self.path + NEXT:
            if not self._is_laid(slot):
                raise OSError(NO_FILE)
            return self.blob(slot)
        return self.below.open_blob(path)

    def read_text(self, path):
        """Likewise."""
        return self.below.read_text(path)

    def write_at(self, path, at, data):
        """Likewise; at 0 the slot is begun anew."""
        if path != self.path + PART:
            self.below.write_at(path, at, data)
            return
        slot = slots.idle(self.record.values)
        if slot == FACTORY:
            raise OSError(IO_FAULT)
        if at == 0:
            self._begin(slot)
        if at != self._come(slot):
            raise OSError(WRONG_PLACE)
        if at + len(data) > self.capacity(slot):
            raise OSError(NO_SPACE)
        self._program(self.devices[slot], at, data)
        before, self.at = at, at + len(data)
        if before // self.note != self.at // self.note:
            self._note(slot, self.at // self.note * self.note)

    def rename(self, old, new):
        """Likewise; PATH.part becomes PATH.next by a word in a file."""
        if old != self.path + PART:
            self.below.rename(old, new)
            return
        slot = slots.idle(self.record.values)
        self.below.write_at(new, 0, NAMES[slot].encode())

    # --- one slot

    def _begin(self, slot):
        if not self.record.save(slots.forget(self.record.values, slot)):
            raise OSError(IO_FAULT)
        self._note(slot, 0)
        if self._word(NEXT):
            self.below.write_at(self.path + NEXT, 0, b"")
        self.at = 0

    def _program(self, device, at, data):
        """Erase each block whose first byte is among these, then write. OSError."""
        block_bytes = device.ioctl(5, 0)
        view = memoryview(data)
        done = 0
        try:
            while done < len(data):
                block, offset = divmod(at + done, block_bytes)
                if offset == 0:
                    device.ioctl(6, block)
                some = min(block_bytes - offset, len(data) - done)
                device.writeblocks(block, view[done : done + some], offset)
                done += some
            device.ioctl(3, 0)
            return
        except ValueError:
            self.at = None  # a page that was not erased: from the last note on, anew
        raise OSError(IO_FAULT)

    def _come(self, slot):
        """Bytes of PATH.part, None where it is not there."""
        if slot == FACTORY or self._is_laid(slot):
            return None
        if self.at is not None:
            return self.at
        words = self._word(AT)
        if len(words) != 2 or words[0] != NAMES[slot] or len(words[1]) > 8:
            return None
        if [sign for sign in words[1] if not "0" <= sign <= "9"]:
            return None
        self.at = min(int(words[1]), self.capacity(slot)) // self.note * self.note
        return self.at

    def _note(self, slot, at):
        self.below.write_at(self.path + AT, 0, ("%s %d" % (NAMES[slot], at)).encode())

    def _is_laid(self, slot):
        return slot != FACTORY and self._word(NEXT) == [NAMES[slot]]

    def _word(self, ending):
        """Words of one of the small files."""
        try:
            return self.below.read_text(self.path + ending).split()
        except (OSError, FormatError):
            return []
