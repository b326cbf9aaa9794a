# SPDX-License-Identifier: Apache-2.0
"""Places: where a unit keeps its boot record and its releases, as start.py asks for them."""

from firmware.boot.record import HELD, BootRecord
from firmware.errors import FormatError


class Places:
    """copies: of the boot record, record.InBlocks or record.InFiles. factory: number of the
    release that is frozen or installed. make_slots(record) -> RawSlots or FileSlots; enter(slots,
    slot, size): the modules of the release in it, a file of so many bytes, come first from here
    on; FormatError, OSError. Without them there is nothing but what is frozen or installed.

    `record`: the BootRecord; `slots`: what make_slots gave, or None.
    """

    def __init__(self, copies, factory=0, make_slots=None, enter=None):
        self.copies = copies
        self.factory = factory
        self.enter = enter
        self.record = BootRecord(copies)
        self.slots = make_slots(self.record) if make_slots else None

    def is_whole(self, slot, size, digest):
        """As slots.begin() asks."""
        return bool(self.slots and self.slots.is_whole(slot, size, digest))

    def mount(self, slot):
        """The modules of a slot come first. FormatError, OSError."""
        if not self.enter:
            raise FormatError("there are no slots here")
        self.enter(self.slots, slot, self.record.values[HELD[slot][1]])
